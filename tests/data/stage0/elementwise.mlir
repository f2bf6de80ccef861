// out = x * y + y over tiles; no sequential loop.
#id = affine_map<(d0, d1) -> (d0, d1)>
func.func @elementwise(%x_arg: memref<256x128xf16>, %y_arg: memref<256x128xf16>, %out_arg: memref<256x128xf16>) {
  %m = "loom.sym"() {symbol_ref = @tile_m, upper_bound = 256 : index} : () -> index
  %n = "loom.sym"() {symbol_ref = @tile_n, upper_bound = 128 : index} : () -> index
  affine.parallel (%i, %j) = (0, 0) to (256 ceildiv symbol(%m), 128 ceildiv symbol(%n)) {
    %om = arith.muli %i, %m : index
    %on = arith.muli %j, %n : index
    %sx = memref.subview %x_arg[%om, %on] [%m, %n] [1, 1] : memref<256x128xf16> to memref<?x?xf16, strided<[128, 1], offset: ?>>
    %x = bufferization.to_tensor %sx : memref<?x?xf16, strided<[128, 1], offset: ?>> to tensor<?x?xf16>
    %sy = memref.subview %y_arg[%om, %on] [%m, %n] [1, 1] : memref<256x128xf16> to memref<?x?xf16, strided<[128, 1], offset: ?>>
    %y = bufferization.to_tensor %sy : memref<?x?xf16, strided<[128, 1], offset: ?>> to tensor<?x?xf16>
    %e = tensor.empty(%m, %n) : tensor<?x?xf16>
    %p = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]} ins(%x, %y : tensor<?x?xf16>, tensor<?x?xf16>) outs(%e : tensor<?x?xf16>) {
    ^bb0(%a: f16, %b: f16, %o: f16):
      %t = arith.mulf %a, %b : f16
      linalg.yield %t : f16
    } -> tensor<?x?xf16>
    %r = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]} ins(%p, %y : tensor<?x?xf16>, tensor<?x?xf16>) outs(%e : tensor<?x?xf16>) {
    ^bb0(%a: f16, %b: f16, %o: f16):
      %t = arith.addf %a, %b : f16
      linalg.yield %t : f16
    } -> tensor<?x?xf16>
    %so = memref.subview %out_arg[%om, %on] [%m, %n] [1, 1] : memref<256x128xf16> to memref<?x?xf16, strided<[128, 1], offset: ?>>
    %buffer = bufferization.to_buffer %r : tensor<?x?xf16> to memref<?x?xf16, strided<[128, 1], offset: ?>>
    memref.copy %buffer, %so : memref<?x?xf16, strided<[128, 1], offset: ?>> to memref<?x?xf16, strided<[128, 1], offset: ?>>
  }
  return
}
