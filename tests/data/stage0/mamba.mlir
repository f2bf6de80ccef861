// Chunk scan of Mamba 2.  One element of the blocks of tile_b, tile_h and tile_c is taken at a time; the loop over tile_k is causal.
#id = affine_map<(m, n) -> (m, n)>
#none = affine_map<(m, n) -> ()>
func.func @mamba_chunk_scan(%cb: memref<2x4x2x64x64xf16>, %x: memref<2x4x256x32xf16>, %dt: memref<2x4x4x64xf16>, %dA: memref<2x4x4x64xf16>, %C: memref<2x2x256x16xf16>, %D: memref<4xf16>, %states: memref<2x4x4x16x32xf16>, %out: memref<2x4x256x32xf16>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c4 = arith.constant 4 : index
  %c32 = arith.constant 32 : index
  %c64 = arith.constant 64 : index
  %zero = arith.constant 0.0 : f16
  %tm = "loom.sym"() {symbol_ref = @tile_m, upper_bound = 64 : index} : () -> index
  %tn = "loom.sym"() {symbol_ref = @tile_n, upper_bound = 32 : index} : () -> index
  %tc = "loom.sym"() {symbol_ref = @tile_c, upper_bound = 4 : index} : () -> index
  %tb = "loom.sym"() {symbol_ref = @tile_b, upper_bound = 2 : index} : () -> index
  %th = "loom.sym"() {symbol_ref = @tile_h, upper_bound = 4 : index} : () -> index
  %tk = "loom.sym"() {symbol_ref = @tile_k, upper_bound = 128 : index} : () -> index
  %nm = arith.ceildivui %c64, %tm : index
  %nn = arith.ceildivui %c32, %tn : index
  %nc = arith.ceildivui %c4, %tc : index
  affine.parallel (%im, %in, %ic) = (0, 0, 0) to (symbol(%nm), symbol(%nn), symbol(%nc)) {
    %nb = arith.ceildivui %c2, %tb : index
    scf.for %ib = %c0 to %nb step %c1 {
      %nh = arith.ceildivui %c4, %th : index
      scf.for %ih = %c0 to %nh step %c1 {
        %m = arith.muli %im, %tm : index
        %n = arith.muli %in, %tn : index
        %c = arith.muli %ic, %tc : index
        %b = arith.muli %ib, %tb : index
        %h = arith.muli %ih, %th : index
        %g = arith.divui %h, %c2 : index
        %c_row = arith.muli %c, %c64 : index
        %row = arith.addi %m, %c_row : index
        %e = tensor.empty(%tm, %tn) : tensor<?x?xf16>
        %f = linalg.fill ins(%zero : f16) outs(%e : tensor<?x?xf16>) -> tensor<?x?xf16>
        %da_m_s = memref.subview %dA[%b, %h, %c, %m] [1, 1, 1, %tm] [1, 1, 1, 1] : memref<2x4x4x64xf16> to memref<?xf16, strided<[1], offset: ?>>
        %da_m = bufferization.to_tensor %da_m_s : memref<?xf16, strided<[1], offset: ?>> to tensor<?xf16>
        %et = tensor.empty(%tn, %tm) : tensor<?x?xf16>
        %wide = "loom.broadcast"(%da_m, %et) {dim = 0 : i64} : (tensor<?xf16>, tensor<?x?xf16>) -> tensor<?x?xf16>
        %turned = linalg.transpose ins(%wide : tensor<?x?xf16>) outs(%e : tensor<?x?xf16>) permutation = [1, 0]
        %ct_s = memref.subview %C[%b, %g, %row, 0] [1, 1, %tm, 16] [1, 1, 1, 1] : memref<2x2x256x16xf16> to memref<?x16xf16, strided<[16, 1], offset: ?>>
        %ct = bufferization.to_tensor %ct_s : memref<?x16xf16, strided<[16, 1], offset: ?>> to tensor<?x16xf16>
        %st_s = memref.subview %states[%b, %c, %h, 0, %n] [1, 1, 1, 16, %tn] [1, 1, 1, 1, 1] : memref<2x4x4x16x32xf16> to memref<16x?xf16, strided<[32, 1], offset: ?>>
        %st = bufferization.to_tensor %st_s : memref<16x?xf16, strided<[32, 1], offset: ?>> to tensor<16x?xf16>
        %cs = linalg.matmul ins(%ct, %st : tensor<?x16xf16>, tensor<16x?xf16>) outs(%f : tensor<?x?xf16>) -> tensor<?x?xf16>
        %first = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]} ins(%cs, %turned : tensor<?x?xf16>, tensor<?x?xf16>) outs(%e : tensor<?x?xf16>) {
        ^bb0(%a: f16, %y: f16, %o: f16):
          %d = math.exp %y : f16
          %w = arith.mulf %a, %d : f16
          linalg.yield %w : f16
        } -> tensor<?x?xf16>
        %next = arith.addi %im, %c1 : index
        %rows = arith.muli %next, %tm : index
        %nk = arith.ceildivui %rows, %tk : index
        %r = scf.for %ik = %c0 to %nk step %c1 iter_args(%acc = %first) -> (tensor<?x?xf16>) {
          %k = arith.muli %ik, %tk : index
          %k_row = arith.addi %k, %c_row : index
          %cbt_s = memref.subview %cb[%b, %c, %g, %m, %k] [1, 1, 1, %tm, %tk] [1, 1, 1, 1, 1] : memref<2x4x2x64x64xf16> to memref<?x?xf16, strided<[64, 1], offset: ?>>
          %cbt = bufferization.to_tensor %cbt_s : memref<?x?xf16, strided<[64, 1], offset: ?>> to tensor<?x?xf16>
          %da_k_s = memref.subview %dA[%b, %h, %c, %k] [1, 1, 1, %tk] [1, 1, 1, 1] : memref<2x4x4x64xf16> to memref<?xf16, strided<[1], offset: ?>>
          %da_k = bufferization.to_tensor %da_k_s : memref<?xf16, strided<[1], offset: ?>> to tensor<?xf16>
          %ekt = tensor.empty(%tk, %tm) : tensor<?x?xf16>
          %ek = tensor.empty(%tm, %tk) : tensor<?x?xf16>
          %wide_m = "loom.broadcast"(%da_m, %ekt) {dim = 0 : i64} : (tensor<?xf16>, tensor<?x?xf16>) -> tensor<?x?xf16>
          %turned_m = linalg.transpose ins(%wide_m : tensor<?x?xf16>) outs(%ek : tensor<?x?xf16>) permutation = [1, 0]
          %wide_k = "loom.broadcast"(%da_k, %ek) {dim = 0 : i64} : (tensor<?xf16>, tensor<?x?xf16>) -> tensor<?x?xf16>
          %dtt_s = memref.subview %dt[%b, %h, %c, %k] [1, 1, 1, %tk] [1, 1, 1, 1] : memref<2x4x4x64xf16> to memref<?xf16, strided<[1], offset: ?>>
          %dtt = bufferization.to_tensor %dtt_s : memref<?xf16, strided<[1], offset: ?>> to tensor<?xf16>
          %wide_dt = "loom.broadcast"(%dtt, %ek) {dim = 0 : i64} : (tensor<?xf16>, tensor<?x?xf16>) -> tensor<?x?xf16>
          %weights = linalg.generic {indexing_maps = [#id, #id, #id, #id, #id], iterator_types = ["parallel", "parallel"]} ins(%cbt, %turned_m, %wide_k, %wide_dt : tensor<?x?xf16>, tensor<?x?xf16>, tensor<?x?xf16>, tensor<?x?xf16>) outs(%ek : tensor<?x?xf16>) {
          ^bb0(%a: f16, %y: f16, %z: f16, %u: f16, %o: f16):
            %d = arith.subf %y, %z : f16
            %p = math.exp %d : f16
            %s = arith.mulf %a, %p : f16
            %w = arith.mulf %s, %u : f16
            linalg.yield %w : f16
          } -> tensor<?x?xf16>
          %xt_s = memref.subview %x[%b, %h, %k_row, %n] [1, 1, %tk, %tn] [1, 1, 1, 1] : memref<2x4x256x32xf16> to memref<?x?xf16, strided<[32, 1], offset: ?>>
          %xt = bufferization.to_tensor %xt_s : memref<?x?xf16, strided<[32, 1], offset: ?>> to tensor<?x?xf16>
          %wx = linalg.matmul ins(%weights, %xt : tensor<?x?xf16>, tensor<?x?xf16>) outs(%f : tensor<?x?xf16>) -> tensor<?x?xf16>
          %new_acc = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]} ins(%acc, %wx : tensor<?x?xf16>, tensor<?x?xf16>) outs(%e : tensor<?x?xf16>) {
          ^bb0(%a: f16, %y: f16, %o: f16):
            %w = arith.addf %a, %y : f16
            linalg.yield %w : f16
          } -> tensor<?x?xf16>
          scf.yield %new_acc : tensor<?x?xf16>
        }
        %d0_s = memref.subview %D[%h] [1] [1] : memref<4xf16> to memref<f16, strided<[], offset: ?>>
        %d0 = bufferization.to_tensor %d0_s : memref<f16, strided<[], offset: ?>> to tensor<f16>
        %x0_s = memref.subview %x[%b, %h, %row, %n] [1, 1, %tm, %tn] [1, 1, 1, 1] : memref<2x4x256x32xf16> to memref<?x?xf16, strided<[32, 1], offset: ?>>
        %x0 = bufferization.to_tensor %x0_s : memref<?x?xf16, strided<[32, 1], offset: ?>> to tensor<?x?xf16>
        %xd = linalg.generic {indexing_maps = [#id, #none, #id], iterator_types = ["parallel", "parallel"]} ins(%x0, %d0 : tensor<?x?xf16>, tensor<f16>) outs(%e : tensor<?x?xf16>) {
        ^bb0(%a: f16, %y: f16, %o: f16):
          %w = arith.mulf %a, %y : f16
          linalg.yield %w : f16
        } -> tensor<?x?xf16>
        %result = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]} ins(%r, %xd : tensor<?x?xf16>, tensor<?x?xf16>) outs(%e : tensor<?x?xf16>) {
        ^bb0(%a: f16, %y: f16, %o: f16):
          %w = arith.addf %a, %y : f16
          linalg.yield %w : f16
        } -> tensor<?x?xf16>
        %to = memref.subview %out[%b, %h, %row, %n] [1, 1, %tm, %tn] [1, 1, 1, 1] : memref<2x4x256x32xf16> to memref<?x?xf16, strided<[32, 1], offset: ?>>
        %out_buffer = bufferization.to_buffer %result : tensor<?x?xf16> to memref<?x?xf16, strided<[32, 1], offset: ?>>
        memref.copy %out_buffer, %to : memref<?x?xf16, strided<[32, 1], offset: ?>> to memref<?x?xf16, strided<[32, 1], offset: ?>>
      }
    }
  }
  return
}
