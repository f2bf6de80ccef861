// out = x @ y, accumulated in f16: the shape upstream's front end writes.
module attributes {loom.tile_k = {is_reduction = false, upper_bound = 256 : index}, loom.tile_m = {is_reduction = false, upper_bound = 2048 : index}, loom.tile_n = {is_reduction = false, upper_bound = 512 : index}} {
  func.func @matmul(%x_arg: memref<2048x256xf16>, %y_arg: memref<256x512xf16>, %out__arg: memref<2048x512xf16>) {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c256 = arith.constant 256 : index
    %c512 = arith.constant 512 : index
    %c2048 = arith.constant 2048 : index
    %zero = arith.constant 0.0 : f16
    %m = "loom.sym"() {is_reduction = false, symbol_ref = @tile_m, upper_bound = 2048 : index} : () -> index
    %n = "loom.sym"() {is_reduction = false, symbol_ref = @tile_n, upper_bound = 512 : index} : () -> index
    %k = "loom.sym"() {is_reduction = false, symbol_ref = @tile_k, upper_bound = 256 : index} : () -> index
    %gm = arith.ceildivui %c2048, %m : index
    %gn = arith.ceildivui %c512, %n : index
    affine.parallel (%i, %j) = (0, 0) to (symbol(%gm), symbol(%gn)) {
      %empty = tensor.empty(%m, %n) : tensor<?x?xf16>
      %start = linalg.fill ins(%zero : f16) outs(%empty : tensor<?x?xf16>) -> tensor<?x?xf16>
      %gk = arith.ceildivui %c256, %k : index
      %sum = scf.for %l = %c0 to %gk step %c1 iter_args(%acc = %start) -> (tensor<?x?xf16>) {
        %om = arith.muli %i, %m : index
        %ok = arith.muli %l, %k : index
        %sx = memref.subview %x_arg[%om, %ok] [%m, %k] [1, 1] : memref<2048x256xf16> to memref<?x?xf16, strided<[256, 1], offset: ?>>
        %x = bufferization.to_tensor %sx : memref<?x?xf16, strided<[256, 1], offset: ?>> to tensor<?x?xf16>
        %on = arith.muli %j, %n : index
        %sy = memref.subview %y_arg[%ok, %on] [%k, %n] [1, 1] : memref<256x512xf16> to memref<?x?xf16, strided<[512, 1], offset: ?>>
        %y = bufferization.to_tensor %sy : memref<?x?xf16, strided<[512, 1], offset: ?>> to tensor<?x?xf16>
        %p = linalg.matmul ins(%x, %y : tensor<?x?xf16>, tensor<?x?xf16>) outs(%acc : tensor<?x?xf16>) -> tensor<?x?xf16>
        scf.yield %p : tensor<?x?xf16>
      }
      %om = arith.muli %i, %m : index
      %on = arith.muli %j, %n : index
      %so = memref.subview %out__arg[%om, %on] [%m, %n] [1, 1] : memref<2048x512xf16> to memref<?x?xf16, strided<[512, 1], offset: ?>>
      %buffer = bufferization.to_buffer %sum : tensor<?x?xf16> to memref<?x?xf16, strided<[512, 1], offset: ?>>
      memref.copy %buffer, %so : memref<?x?xf16, strided<[512, 1], offset: ?>> to memref<?x?xf16, strided<[512, 1], offset: ?>>
    }
    return
  }
}
