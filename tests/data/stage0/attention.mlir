// softmax(q k / 8) v, rows of q against all keys; each round of the loop replaces the three accumulators.
#id = affine_map<(b, m, n) -> (b, m, n)>
#row = affine_map<(b, m, n) -> (b, m, 0)>
func.func @attention(%k: memref<8x64x512xf16>, %v: memref<8x512x64xf16>, %q: memref<8x256x64xf16>, %out: memref<8x256x64xf16>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %c256 = arith.constant 256 : index
  %c512 = arith.constant 512 : index
  %zero = arith.constant 0.0 : f16
  %one = arith.constant 1.0 : f16
  %lowest = arith.constant 0xFC00 : f16
  %scale = arith.constant 0.125 : f16
  %tb = "loom.sym"() {symbol_ref = @tile_b, upper_bound = 8 : index} : () -> index
  %tm = "loom.sym"() {symbol_ref = @tile_m, upper_bound = 256 : index} : () -> index
  %tn = "loom.sym"() {symbol_ref = @tile_n, upper_bound = 512 : index} : () -> index
  %nb = arith.ceildivui %c8, %tb : index
  %nm = arith.ceildivui %c256, %tm : index
  affine.parallel (%ib, %im) = (0, 0) to (symbol(%nb), symbol(%nm)) {
    %b = arith.muli %ib, %tb : index
    %m = arith.muli %im, %tm : index
    %e1 = tensor.empty(%tb, %tm) : tensor<?x?x1xf16>
    %ed = tensor.empty(%tb, %tm) : tensor<?x?x64xf16>
    %f_top = linalg.fill ins(%lowest : f16) outs(%e1 : tensor<?x?x1xf16>) -> tensor<?x?x1xf16>
    %f_total = linalg.fill ins(%one : f16) outs(%e1 : tensor<?x?x1xf16>) -> tensor<?x?x1xf16>
    %f_acc = linalg.fill ins(%zero : f16) outs(%ed : tensor<?x?x64xf16>) -> tensor<?x?x64xf16>
    %qs = memref.subview %q[%b, %m, 0] [%tb, %tm, 64] [1, 1, 1] : memref<8x256x64xf16> to memref<?x?x64xf16, strided<[16384, 64, 1], offset: ?>>
    %qt = bufferization.to_tensor %qs : memref<?x?x64xf16, strided<[16384, 64, 1], offset: ?>> to tensor<?x?x64xf16>
    %nn = arith.ceildivui %c512, %tn : index
    %r:3 = scf.for %in = %c0 to %nn step %c1 iter_args(%top = %f_top, %total = %f_total, %acc = %f_acc) -> (tensor<?x?x1xf16>, tensor<?x?x1xf16>, tensor<?x?x64xf16>) {
      %n = arith.muli %in, %tn : index
      %ks = memref.subview %k[%b, 0, %n] [%tb, 64, %tn] [1, 1, 1] : memref<8x64x512xf16> to memref<?x64x?xf16, strided<[32768, 512, 1], offset: ?>>
      %kt = bufferization.to_tensor %ks : memref<?x64x?xf16, strided<[32768, 512, 1], offset: ?>> to tensor<?x64x?xf16>
      %same = arith.cmpi eq, %tb, %tb : index
      cf.assert %same, "batches differ"
      %es = tensor.empty(%tb, %tm, %tn) : tensor<?x?x?xf16>
      %fs = linalg.fill ins(%zero : f16) outs(%es : tensor<?x?x?xf16>) -> tensor<?x?x?xf16>
      %s = linalg.batch_matmul ins(%qt, %kt : tensor<?x?x64xf16>, tensor<?x64x?xf16>) outs(%fs : tensor<?x?x?xf16>) -> tensor<?x?x?xf16>
      %most = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "parallel", "reduction"]} ins(%s : tensor<?x?x?xf16>) outs(%f_top : tensor<?x?x1xf16>) {
      ^bb0(%x: f16, %y: f16):
        %w = arith.maximumf %x, %y : f16
        linalg.yield %w : f16
      } -> tensor<?x?x1xf16>
      %most8 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel"]} ins(%most : tensor<?x?x1xf16>) outs(%e1 : tensor<?x?x1xf16>) {
      ^bb0(%x: f16, %y: f16):
        %w = arith.mulf %x, %scale : f16
        linalg.yield %w : f16
      } -> tensor<?x?x1xf16>
      %new_top = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel", "parallel"]} ins(%top, %most8 : tensor<?x?x1xf16>, tensor<?x?x1xf16>) outs(%e1 : tensor<?x?x1xf16>) {
      ^bb0(%x: f16, %y: f16, %o: f16):
        %g = arith.cmpf ogt, %x, %y : f16
        %w = arith.select %g, %x, %y : f16
        linalg.yield %w : f16
      } -> tensor<?x?x1xf16>
      %wide = "loom.broadcast"(%new_top, %es) {dim = 2 : i64} : (tensor<?x?x1xf16>, tensor<?x?x?xf16>) -> tensor<?x?x?xf16>
      %p = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel", "parallel"]} ins(%s, %wide : tensor<?x?x?xf16>, tensor<?x?x?xf16>) outs(%es : tensor<?x?x?xf16>) {
      ^bb0(%x: f16, %y: f16, %o: f16):
        %x8 = arith.mulf %x, %scale : f16
        %d = arith.subf %x8, %y : f16
        %w = math.exp %d : f16
        linalg.yield %w : f16
      } -> tensor<?x?x?xf16>
      %f_sum = linalg.fill ins(%zero : f16) outs(%e1 : tensor<?x?x1xf16>) -> tensor<?x?x1xf16>
      %sum = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "parallel", "reduction"]} ins(%p : tensor<?x?x?xf16>) outs(%f_sum : tensor<?x?x1xf16>) {
      ^bb0(%x: f16, %y: f16):
        %w = arith.addf %x, %y : f16
        linalg.yield %w : f16
      } -> tensor<?x?x1xf16>
      %old = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel", "parallel"]} ins(%top, %new_top : tensor<?x?x1xf16>, tensor<?x?x1xf16>) outs(%e1 : tensor<?x?x1xf16>) {
      ^bb0(%x: f16, %y: f16, %o: f16):
        %d = arith.subf %x, %y : f16
        %w = math.exp %d : f16
        linalg.yield %w : f16
      } -> tensor<?x?x1xf16>
      %new_total = linalg.generic {indexing_maps = [#id, #id, #id, #id], iterator_types = ["parallel", "parallel", "parallel"]} ins(%total, %old, %sum : tensor<?x?x1xf16>, tensor<?x?x1xf16>, tensor<?x?x1xf16>) outs(%e1 : tensor<?x?x1xf16>) {
      ^bb0(%x: f16, %y: f16, %z: f16, %o: f16):
        %d = arith.mulf %x, %y : f16
        %w = arith.addf %d, %z : f16
        linalg.yield %w : f16
      } -> tensor<?x?x1xf16>
      %vs = memref.subview %v[%b, %n, 0] [%tb, %tn, 64] [1, 1, 1] : memref<8x512x64xf16> to memref<?x?x64xf16, strided<[32768, 64, 1], offset: ?>>
      %vt = bufferization.to_tensor %vs : memref<?x?x64xf16, strided<[32768, 64, 1], offset: ?>> to tensor<?x?x64xf16>
      %pv = linalg.batch_matmul ins(%p, %vt : tensor<?x?x?xf16>, tensor<?x?x64xf16>) outs(%f_acc : tensor<?x?x64xf16>) -> tensor<?x?x64xf16>
      %new_acc = linalg.generic {indexing_maps = [#id, #id, #row, #id], iterator_types = ["parallel", "parallel", "parallel"]} ins(%pv, %acc, %old : tensor<?x?x64xf16>, tensor<?x?x64xf16>, tensor<?x?x1xf16>) outs(%ed : tensor<?x?x64xf16>) {
      ^bb0(%x: f16, %y: f16, %z: f16, %o: f16):
        %d = arith.mulf %y, %z : f16
        %w = arith.addf %x, %d : f16
        linalg.yield %w : f16
      } -> tensor<?x?x64xf16>
      scf.yield %new_top, %new_total, %new_acc : tensor<?x?x1xf16>, tensor<?x?x1xf16>, tensor<?x?x64xf16>
    }
    %wide_total = "loom.broadcast"(%r#1, %ed) {dim = 2 : i64} : (tensor<?x?x1xf16>, tensor<?x?x64xf16>) -> tensor<?x?x64xf16>
    %result = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel", "parallel"]} ins(%r#2, %wide_total : tensor<?x?x64xf16>, tensor<?x?x64xf16>) outs(%ed : tensor<?x?x64xf16>) {
    ^bb0(%x: f16, %y: f16, %o: f16):
      %w = arith.divf %x, %y : f16
      linalg.yield %w : f16
    } -> tensor<?x?x64xf16>
    %os = memref.subview %out[%b, %m, 0] [%tb, %tm, 64] [1, 1, 1] : memref<8x256x64xf16> to memref<?x?x64xf16, strided<[16384, 64, 1], offset: ?>>
    %ob = bufferization.to_buffer %result : tensor<?x?x64xf16> to memref<?x?x64xf16, strided<[16384, 64, 1], offset: ?>>
    memref.copy %ob, %os : memref<?x?x64xf16, strided<[16384, 64, 1], offset: ?>> to memref<?x?x64xf16, strided<[16384, 64, 1], offset: ?>>
  }
  return
}
