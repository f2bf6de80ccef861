// Decoding with the keys split over cores: each core runs the online softmax over its part of the keys; the first core of a batch merges the parts
// by their log-sum-exp.  The gathers fill placeholders in memory; the largest log-sum-exp comes with an index that nothing reads.
#id = affine_map<(b, m, n) -> (b, m, n)>
#row = affine_map<(b, m, n) -> (b, m, 0)>
#all = affine_map<(s, b, m, n) -> (s, b, m, n)>
#each = affine_map<(s, b, m, n) -> (b, m, n)>
func.func @flash_decode(%k: memref<4x64x1024xf16>, %v: memref<4x1024x64xf16>, %q: memref<4x32x64xf16>, %out: memref<4x32x64xf16>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %c1024 = arith.constant 1024 : index
  %zero = arith.constant 0.0 : f16
  %one = arith.constant 1.0 : f16
  %lowest = arith.constant 0xFC00 : f16
  %scale = arith.constant 0.125 : f16
  %zero_i = arith.constant 0 : i64
  %tb = "loom.sym"() {symbol_ref = @tile_b, upper_bound = 4 : index} : () -> index
  %ts = "loom.sym"() {symbol_ref = @tile_s, upper_bound = 1024 : index} : () -> index
  %tn = "loom.sym"() {symbol_ref = @tile_n, upper_bound = 1024 : index} : () -> index
  %nb = arith.ceildivui %c4, %tb : index
  %ns = arith.ceildivui %c1024, %ts : index
  affine.parallel (%ib, %is) = (0, 0) to (symbol(%nb), symbol(%ns)) {
    %b = arith.muli %ib, %tb : index
    %s = arith.muli %is, %ts : index
    %s_end = arith.addi %s, %ts : index
    %part = arith.subi %s_end, %s : index
    %e1 = tensor.empty(%tb) : tensor<?x32x1xf16>
    %ed = tensor.empty(%tb) : tensor<?x32x64xf16>
    %f_top = linalg.fill ins(%lowest : f16) outs(%e1 : tensor<?x32x1xf16>) -> tensor<?x32x1xf16>
    %f_total = linalg.fill ins(%one : f16) outs(%e1 : tensor<?x32x1xf16>) -> tensor<?x32x1xf16>
    %f_acc = linalg.fill ins(%zero : f16) outs(%ed : tensor<?x32x64xf16>) -> tensor<?x32x64xf16>
    %qt_s = memref.subview %q[%b, 0, 0] [%tb, 32, 64] [1, 1, 1] : memref<4x32x64xf16> to memref<?x32x64xf16, strided<[2048, 64, 1], offset: ?>>
    %qt = bufferization.to_tensor %qt_s : memref<?x32x64xf16, strided<[2048, 64, 1], offset: ?>> to tensor<?x32x64xf16>
    %nn = arith.ceildivui %part, %tn : index
    %r:3 = scf.for %in = %c0 to %nn step %c1 iter_args(%top = %f_top, %total = %f_total, %acc = %f_acc) -> (tensor<?x32x1xf16>, tensor<?x32x1xf16>, tensor<?x32x64xf16>) {
      %n_in = arith.muli %in, %tn : index
      %n = arith.addi %s, %n_in : index
      %kt_s = memref.subview %k[%b, 0, %n] [%tb, 64, %tn] [1, 1, 1] : memref<4x64x1024xf16> to memref<?x64x?xf16, strided<[65536, 1024, 1], offset: ?>>
      %kt = bufferization.to_tensor %kt_s : memref<?x64x?xf16, strided<[65536, 1024, 1], offset: ?>> to tensor<?x64x?xf16>
      %es = tensor.empty(%tb, %tn) : tensor<?x32x?xf16>
      %fs = linalg.fill ins(%zero : f16) outs(%es : tensor<?x32x?xf16>) -> tensor<?x32x?xf16>
      %scores = linalg.batch_matmul ins(%qt, %kt : tensor<?x32x64xf16>, tensor<?x64x?xf16>) outs(%fs : tensor<?x32x?xf16>) -> tensor<?x32x?xf16>
      %most = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "parallel", "reduction"]} ins(%scores : tensor<?x32x?xf16>) outs(%f_top : tensor<?x32x1xf16>) {
      ^bb0(%x: f16, %o: f16):
        %w = arith.maximumf %x, %o : f16
        linalg.yield %w : f16
      } -> tensor<?x32x1xf16>
      %new_top = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel", "parallel"]} ins(%top, %most : tensor<?x32x1xf16>, tensor<?x32x1xf16>) outs(%e1 : tensor<?x32x1xf16>) {
      ^bb0(%x: f16, %y: f16, %o: f16):
        %m = arith.mulf %y, %scale : f16
        %g = arith.cmpf ogt, %x, %m : f16
        %w = arith.select %g, %x, %m : f16
        linalg.yield %w : f16
      } -> tensor<?x32x1xf16>
      %wide = "loom.broadcast"(%new_top, %es) {dim = 2 : i64} : (tensor<?x32x1xf16>, tensor<?x32x?xf16>) -> tensor<?x32x?xf16>
      %p = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel", "parallel"]} ins(%scores, %wide : tensor<?x32x?xf16>, tensor<?x32x?xf16>) outs(%es : tensor<?x32x?xf16>) {
      ^bb0(%x: f16, %y: f16, %o: f16):
        %m = arith.mulf %x, %scale : f16
        %d = arith.subf %m, %y : f16
        %w = math.exp %d : f16
        linalg.yield %w : f16
      } -> tensor<?x32x?xf16>
      %f_sum = linalg.fill ins(%zero : f16) outs(%e1 : tensor<?x32x1xf16>) -> tensor<?x32x1xf16>
      %sum = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "parallel", "reduction"]} ins(%p : tensor<?x32x?xf16>) outs(%f_sum : tensor<?x32x1xf16>) {
      ^bb0(%x: f16, %o: f16):
        %w = arith.addf %x, %o : f16
        linalg.yield %w : f16
      } -> tensor<?x32x1xf16>
      %old = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel", "parallel"]} ins(%top, %new_top : tensor<?x32x1xf16>, tensor<?x32x1xf16>) outs(%e1 : tensor<?x32x1xf16>) {
      ^bb0(%x: f16, %y: f16, %o: f16):
        %d = arith.subf %x, %y : f16
        %w = math.exp %d : f16
        linalg.yield %w : f16
      } -> tensor<?x32x1xf16>
      %new_total = linalg.generic {indexing_maps = [#id, #id, #id, #id], iterator_types = ["parallel", "parallel", "parallel"]} ins(%total, %old, %sum : tensor<?x32x1xf16>, tensor<?x32x1xf16>, tensor<?x32x1xf16>) outs(%e1 : tensor<?x32x1xf16>) {
      ^bb0(%x: f16, %y: f16, %z: f16, %o: f16):
        %d = arith.mulf %x, %y : f16
        %w = arith.addf %d, %z : f16
        linalg.yield %w : f16
      } -> tensor<?x32x1xf16>
      %wide_old = "loom.broadcast"(%old, %ed) {dim = 2 : i64} : (tensor<?x32x1xf16>, tensor<?x32x64xf16>) -> tensor<?x32x64xf16>
      %vt_s = memref.subview %v[%b, %n, 0] [%tb, %tn, 64] [1, 1, 1] : memref<4x1024x64xf16> to memref<?x?x64xf16, strided<[65536, 64, 1], offset: ?>>
      %vt = bufferization.to_tensor %vt_s : memref<?x?x64xf16, strided<[65536, 64, 1], offset: ?>> to tensor<?x?x64xf16>
      %pv = linalg.batch_matmul ins(%p, %vt : tensor<?x32x?xf16>, tensor<?x?x64xf16>) outs(%f_acc : tensor<?x32x64xf16>) -> tensor<?x32x64xf16>
      %new_acc = linalg.generic {indexing_maps = [#id, #id, #id, #id], iterator_types = ["parallel", "parallel", "parallel"]} ins(%pv, %acc, %wide_old : tensor<?x32x64xf16>, tensor<?x32x64xf16>, tensor<?x32x64xf16>) outs(%ed : tensor<?x32x64xf16>) {
      ^bb0(%x: f16, %y: f16, %z: f16, %o: f16):
        %d = arith.mulf %y, %z : f16
        %w = arith.addf %x, %d : f16
        linalg.yield %w : f16
      } -> tensor<?x32x64xf16>
      scf.yield %new_top, %new_total, %new_acc : tensor<?x32x1xf16>, tensor<?x32x1xf16>, tensor<?x32x64xf16>
    }
    %lse = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel", "parallel"]} ins(%r#1, %r#0 : tensor<?x32x1xf16>, tensor<?x32x1xf16>) outs(%e1 : tensor<?x32x1xf16>) {
    ^bb0(%x: f16, %y: f16, %o: f16):
      %d = math.log %x : f16
      %w = arith.addf %d, %y : f16
      linalg.yield %w : f16
    } -> tensor<?x32x1xf16>
    %wide_total = "loom.broadcast"(%r#1, %ed) {dim = 2 : i64} : (tensor<?x32x1xf16>, tensor<?x32x64xf16>) -> tensor<?x32x64xf16>
    %mine = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel", "parallel"]} ins(%r#2, %wide_total : tensor<?x32x64xf16>, tensor<?x32x64xf16>) outs(%ed : tensor<?x32x64xf16>) {
    ^bb0(%x: f16, %y: f16, %o: f16):
      %w = arith.divf %x, %y : f16
      linalg.yield %w : f16
    } -> tensor<?x32x64xf16>
    %my_lse = bufferization.to_buffer %lse : tensor<?x32x1xf16> to memref<?x32x1xf16>
    %all_lse_m = "loom.placeholder"(%ns, %tb) {static_sizes = array<i64: -9223372036854775808, -9223372036854775808, 32, 1>} : (index, index) -> memref<?x?x32x1xf16>
    "loom.gather"(%my_lse, %all_lse_m, %is) {operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0, 0>, static_area = array<i64: 1, 1>} : (memref<?x32x1xf16>, memref<?x?x32x1xf16>, index) -> ()
    %all_lse = bufferization.to_tensor %all_lse_m : memref<?x?x32x1xf16> to tensor<?x?x32x1xf16>
    %my_acc = bufferization.to_buffer %mine : tensor<?x32x64xf16> to memref<?x32x64xf16>
    %all_acc_m = "loom.placeholder"(%ns, %tb) {static_sizes = array<i64: -9223372036854775808, -9223372036854775808, 32, 64>} : (index, index) -> memref<?x?x32x64xf16>
    "loom.gather"(%my_acc, %all_acc_m, %is) {operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0, 0>, static_area = array<i64: 1, 1>} : (memref<?x32x64xf16>, memref<?x?x32x64xf16>, index) -> ()
    %all_acc = bufferization.to_tensor %all_acc_m : memref<?x?x32x64xf16> to tensor<?x?x32x64xf16>
    %is_first = arith.cmpi eq, %is, %c0 : index
    scf.if %is_first {
      %ei = tensor.empty(%tb) : tensor<?x32x1xi64>
      %fi = linalg.fill ins(%zero_i : i64) outs(%ei : tensor<?x32x1xi64>) -> tensor<?x32x1xi64>
      %best:2 = linalg.generic {indexing_maps = [#all, #each, #each], iterator_types = ["reduction", "parallel", "parallel", "parallel"]} ins(%all_lse : tensor<?x?x32x1xf16>) outs(%f_top, %fi : tensor<?x32x1xf16>, tensor<?x32x1xi64>) {
      ^bb0(%x: f16, %o: f16, %i: i64):
        %at = linalg.index 0 : index
        %at_i = arith.index_cast %at : index to i64
        %w = arith.maximumf %x, %o : f16
        %g = arith.cmpf ogt, %x, %o : f16
        %wi = arith.select %g, %at_i, %i : i64
        linalg.yield %w, %wi : f16, i64
      } -> (tensor<?x32x1xf16>, tensor<?x32x1xi64>)
      %ea = tensor.empty(%ns, %tb) : tensor<?x?x32x1xf16>
      %weight = linalg.generic {indexing_maps = [#all, #each, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%all_lse, %best#0 : tensor<?x?x32x1xf16>, tensor<?x32x1xf16>) outs(%ea : tensor<?x?x32x1xf16>) {
      ^bb0(%x: f16, %y: f16, %o: f16):
        %d = arith.subf %x, %y : f16
        %w = math.exp %d : f16
        linalg.yield %w : f16
      } -> tensor<?x?x32x1xf16>
      %f_all = linalg.fill ins(%zero : f16) outs(%e1 : tensor<?x32x1xf16>) -> tensor<?x32x1xf16>
      %weights = linalg.generic {indexing_maps = [#all, #each], iterator_types = ["reduction", "parallel", "parallel", "parallel"]} ins(%weight : tensor<?x?x32x1xf16>) outs(%f_all : tensor<?x32x1xf16>) {
      ^bb0(%x: f16, %o: f16):
        %w = arith.addf %x, %o : f16
        linalg.yield %w : f16
      } -> tensor<?x32x1xf16>
      %share = linalg.generic {indexing_maps = [#all, #each, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%weight, %weights : tensor<?x?x32x1xf16>, tensor<?x32x1xf16>) outs(%ea : tensor<?x?x32x1xf16>) {
      ^bb0(%x: f16, %y: f16, %o: f16):
        %w = arith.divf %x, %y : f16
        linalg.yield %w : f16
      } -> tensor<?x?x32x1xf16>
      %ead = tensor.empty(%ns, %tb) : tensor<?x?x32x64xf16>
      %wide_share = "loom.broadcast"(%share, %ead) {dim = 3 : i64} : (tensor<?x?x32x1xf16>, tensor<?x?x32x64xf16>) -> tensor<?x?x32x64xf16>
      %not_true = arith.cmpi eq, %ns, %ts : index
      cf.assert %not_true, "sizes differ"
      %weighed = linalg.generic {indexing_maps = [#all, #all, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%all_acc, %wide_share : tensor<?x?x32x64xf16>, tensor<?x?x32x64xf16>) outs(%ead : tensor<?x?x32x64xf16>) {
      ^bb0(%x: f16, %y: f16, %o: f16):
        %w = arith.mulf %x, %y : f16
        linalg.yield %w : f16
      } -> tensor<?x?x32x64xf16>
      %result = linalg.generic {indexing_maps = [#all, #each], iterator_types = ["reduction", "parallel", "parallel", "parallel"]} ins(%weighed : tensor<?x?x32x64xf16>) outs(%f_acc : tensor<?x32x64xf16>) {
      ^bb0(%x: f16, %o: f16):
        %w = arith.addf %x, %o : f16
        linalg.yield %w : f16
      } -> tensor<?x32x64xf16>
      %to = memref.subview %out[%b, 0, 0] [%tb, 32, 64] [1, 1, 1] : memref<4x32x64xf16> to memref<?x32x64xf16, strided<[2048, 64, 1], offset: ?>>
      %out_buffer = bufferization.to_buffer %result : tensor<?x32x64xf16> to memref<?x32x64xf16, strided<[2048, 64, 1], offset: ?>>
      memref.copy %out_buffer, %to : memref<?x32x64xf16, strided<[2048, 64, 1], offset: ?>> to memref<?x32x64xf16, strided<[2048, 64, 1], offset: ?>>
    }
  }
  return
}
