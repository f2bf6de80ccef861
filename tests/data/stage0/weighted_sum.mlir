// out[i] = sum over j of x[i, j] * s[i]; the weights are loaded inside the loop although they do not move with it.
#id = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d0)>
func.func @weighted_sum(%x_arg: memref<128x96xf16>, %s_arg: memref<128xf16>, %out_arg: memref<128xf16>) {
  %zero = arith.constant 0.0 : f16
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c96 = arith.constant 96 : index
  %m = "loom.sym"() {symbol_ref = @tile_m, upper_bound = 128 : index} : () -> index
  %k = "loom.sym"() {symbol_ref = @tile_k, upper_bound = 96 : index} : () -> index
  %gk = arith.ceildivui %c96, %k : index
  affine.parallel (%i) = (0) to (128 ceildiv symbol(%m)) {
    %om = arith.muli %i, %m : index
    %e = tensor.empty(%m) : tensor<?xf16>
    %start = linalg.fill ins(%zero : f16) outs(%e : tensor<?xf16>) -> tensor<?xf16>
    %sum = scf.for %l = %c0 to %gk step %c1 iter_args(%acc = %start) -> (tensor<?xf16>) {
      %ok = arith.muli %l, %k : index
      %sx = memref.subview %x_arg[%om, %ok] [%m, %k] [1, 1] : memref<128x96xf16> to memref<?x?xf16, strided<[96, 1], offset: ?>>
      %x = bufferization.to_tensor %sx : memref<?x?xf16, strided<[96, 1], offset: ?>> to tensor<?x?xf16>
      %ss = memref.subview %s_arg[%om] [%m] [1] : memref<128xf16> to memref<?xf16, strided<[1], offset: ?>>
      %s = bufferization.to_tensor %ss : memref<?xf16, strided<[1], offset: ?>> to tensor<?xf16>
      %r = linalg.generic {indexing_maps = [#id, #row, #row], iterator_types = ["parallel", "reduction"]} ins(%x, %s : tensor<?x?xf16>, tensor<?xf16>) outs(%acc : tensor<?xf16>) {
      ^bb0(%a: f16, %b: f16, %o: f16):
        %p = arith.mulf %a, %b : f16
        %t = arith.addf %o, %p : f16
        linalg.yield %t : f16
      } -> tensor<?xf16>
      scf.yield %r : tensor<?xf16>
    }
    %so = memref.subview %out_arg[%om] [%m] [1] : memref<128xf16> to memref<?xf16, strided<[1], offset: ?>>
    %buffer = bufferization.to_buffer %sum : tensor<?xf16> to memref<?xf16, strided<[1], offset: ?>>
    memref.copy %buffer, %so : memref<?xf16, strided<[1], offset: ?>> to memref<?xf16, strided<[1], offset: ?>>
  }
  return
}
