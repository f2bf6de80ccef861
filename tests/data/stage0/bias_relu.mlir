// out = max(x @ y + bias, 0): f32 accumulator, f16 epilogue, stored with materialize_in_destination.
#id = affine_map<(d0, d1) -> (d0, d1)>
#col = affine_map<(d0, d1) -> (d1)>
#trip = affine_map<()[s0] -> (96 ceildiv s0)>
func.func @bias_relu(%x_arg: memref<128x96xf16> {loom.name = "x"}, %y_arg: memref<96x64xf16> {loom.name = "w"}, %b_arg: memref<64xf16> {loom.name = "bias"}, %o_arg: memref<128x64xf16> {loom.name = "out"}) {
  %zero = arith.constant 0.0 : f32
  %m = "loom.sym"() {symbol_ref = @tile_m, upper_bound = 128 : index, asure_divisible = true} : () -> index
  %n = "loom.sym"() {symbol_ref = @tile_n, upper_bound = 64 : index} : () -> index
  %k = "loom.sym"() {symbol_ref = @tile_k, upper_bound = 96 : index} : () -> index
  affine.parallel (%i, %j) = (0, 0) to (128 ceildiv symbol(%m), 64 ceildiv symbol(%n)) {
    %om = affine.apply affine_map<(d0)[s0] -> (d0 * s0)>(%i)[%m]
    %on = arith.muli %j, %n : index
    %empty = tensor.empty(%m, %n) : tensor<?x?xf32>
    %start = linalg.fill ins(%zero : f32) outs(%empty : tensor<?x?xf32>) -> tensor<?x?xf32>
    %sum = affine.for %l = 0 to #trip()[%k] iter_args(%acc = %start) -> (tensor<?x?xf32>) {
      %ok = arith.muli %l, %k : index
      %sx = memref.subview %x_arg[%om, %ok] [%m, %k] [1, 1] : memref<128x96xf16> to memref<?x?xf16, strided<[96, 1], offset: ?>>
      %x = bufferization.to_tensor %sx restrict : memref<?x?xf16, strided<[96, 1], offset: ?>> to tensor<?x?xf16>
      %sy = memref.subview %y_arg[%ok, %on] [%k, %n] [1, 1] : memref<96x64xf16> to memref<?x?xf16, strided<[64, 1], offset: ?>>
      %y = bufferization.to_tensor %sy restrict : memref<?x?xf16, strided<[64, 1], offset: ?>> to tensor<?x?xf16>
      %p = linalg.matmul ins(%x, %y : tensor<?x?xf16>, tensor<?x?xf16>) outs(%acc : tensor<?x?xf32>) -> tensor<?x?xf32>
      affine.yield %p : tensor<?x?xf32>
    }
    %sb = memref.subview %b_arg[%on] [%n] [1] : memref<64xf16> to memref<?xf16, strided<[1], offset: ?>>
    %bias = bufferization.to_tensor %sb restrict : memref<?xf16, strided<[1], offset: ?>> to tensor<?xf16>
    %e = tensor.empty(%m, %n) : tensor<?x?xf16>
    %r = linalg.generic {indexing_maps = [#id, #col, #id], iterator_types = ["parallel", "parallel"]} ins(%sum, %bias : tensor<?x?xf32>, tensor<?xf16>) outs(%e : tensor<?x?xf16>) {
    ^bb0(%a: f32, %b: f16, %o: f16):
      %w = arith.extf %b : f16 to f32
      %s = arith.addf %a, %w : f32
      %z = arith.maximumf %s, %zero : f32
      %t = arith.truncf %z : f32 to f16
      linalg.yield %t : f16
    } -> tensor<?x?xf16>
    %so = memref.subview %o_arg[%om, %on] [%m, %n] [1, 1] : memref<128x64xf16> to memref<?x?xf16, strided<[64, 1], offset: ?>>
    bufferization.materialize_in_destination %r in restrict writable %so : (tensor<?x?xf16>, memref<?x?xf16, strided<[64, 1], offset: ?>>) -> ()
  }
  return
}
