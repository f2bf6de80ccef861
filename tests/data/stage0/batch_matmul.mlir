// out[b] = x[b] @ y[b] with asserts, a product into zeros, a separate sum and an unused symbol.
#map = affine_map<()[s0] -> (512 ceildiv s0)>
#id = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
func.func @batch_matmul(%x_arg: memref<8x128x512xf16>, %y_arg: memref<8x512x64xf16>, %out_arg: memref<8x128x64xf16>) {
  %zero = arith.constant 0.0 : f16
  %b = "loom.sym"() {is_reduction = false, symbol_ref = @tile_b, upper_bound = 8 : index} : () -> index
  %m = "loom.sym"() {is_reduction = false, symbol_ref = @tile_m, upper_bound = 128 : index} : () -> index
  %n = "loom.sym"() {is_reduction = false, symbol_ref = @tile_n, upper_bound = 64 : index} : () -> index
  %k = "loom.sym"() {is_reduction = false, symbol_ref = @tile_k, upper_bound = 512 : index} : () -> index
  %dead = "loom.sym"() {is_reduction = false, symbol_ref = @tile_z, upper_bound = 512 : index} : () -> index
  affine.parallel (%i0, %i1, %i2) = (0, 0, 0) to (8 ceildiv symbol(%b), 128 ceildiv symbol(%m), 64 ceildiv symbol(%n)) {
    %e = tensor.empty(%b, %m, %n) : tensor<?x?x?xf16>
    %fill = linalg.fill ins(%zero : f16) outs(%e : tensor<?x?x?xf16>) -> tensor<?x?x?xf16>
    %r = affine.for %i3 = 0 to #map()[%k] iter_args(%acc = %fill) -> (tensor<?x?x?xf16>) {
      %o0 = arith.muli %i0, %b : index
      %o1 = arith.muli %i1, %m : index
      %o3 = arith.muli %i3, %k : index
      %sx = memref.subview %x_arg[%o0, %o1, %o3] [%b, %m, %k] [1, 1, 1] : memref<8x128x512xf16> to memref<?x?x?xf16, strided<[65536, 512, 1], offset: ?>>
      %tx = bufferization.to_tensor %sx : memref<?x?x?xf16, strided<[65536, 512, 1], offset: ?>> to tensor<?x?x?xf16>
      %o2 = arith.muli %i2, %n : index
      %sy = memref.subview %y_arg[%o0, %o3, %o2] [%b, %k, %n] [1, 1, 1] : memref<8x512x64xf16> to memref<?x?x?xf16, strided<[32768, 64, 1], offset: ?>>
      %ty = bufferization.to_tensor %sy : memref<?x?x?xf16, strided<[32768, 64, 1], offset: ?>> to tensor<?x?x?xf16>
      %bi = arith.index_cast %b : index to i64
      %same = arith.cmpi eq, %bi, %bi : i64
      cf.assert %same, "mismatching contracting dimension"
      %p = linalg.batch_matmul ins(%tx, %ty : tensor<?x?x?xf16>, tensor<?x?x?xf16>) outs(%fill : tensor<?x?x?xf16>) -> tensor<?x?x?xf16>
      %s = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel", "parallel"]} ins(%p, %acc : tensor<?x?x?xf16>, tensor<?x?x?xf16>) outs(%e : tensor<?x?x?xf16>) {
      ^bb0(%in: f16, %in2: f16, %o: f16):
        %t = arith.addf %in, %in2 : f16
        linalg.yield %t : f16
      } -> tensor<?x?x?xf16>
      affine.yield %s : tensor<?x?x?xf16>
    }
    %o0 = arith.muli %i0, %b : index
    %o1 = arith.muli %i1, %m : index
    %o2 = arith.muli %i2, %n : index
    %so = memref.subview %out_arg[%o0, %o1, %o2] [%b, %m, %n] [1, 1, 1] : memref<8x128x64xf16> to memref<?x?x?xf16, strided<[8192, 64, 1], offset: ?>>
    %buf = bufferization.to_buffer %r : tensor<?x?x?xf16> to memref<?x?x?xf16, strided<[8192, 64, 1], offset: ?>>
    memref.copy %buf, %so : memref<?x?x?xf16, strided<[8192, 64, 1], offset: ?>> to memref<?x?x?xf16, strided<[8192, 64, 1], offset: ?>>
  }
  return
}
