// out[i, :] = x[i, :] / sum(x[i, :]), the sums of the column tiles gathered across the programs of a row.
func.func @share(%x_arg: memref<12x20xf16>, %out__arg: memref<12x20xf16>) {
  %zero = arith.constant 0.0 : f16
  %c12 = arith.constant 12 : index
  %c20 = arith.constant 20 : index
  %m = "loom.sym"() {symbol_ref = @tile_m, upper_bound = 12 : index, is_reduction = false} : () -> index
  %n = "loom.sym"() {symbol_ref = @tile_n, upper_bound = 20 : index, is_reduction = false} : () -> index
  %rows = arith.ceildivui %c12, %m : index
  %columns = arith.ceildivui %c20, %n : index
  affine.parallel (%i, %j) = (0, 0) to (symbol(%rows), symbol(%columns)) {
    %row = arith.muli %i, %m : index
    %column = arith.muli %j, %n : index
    %from = memref.subview %x_arg[%row, %column] [%m, %n] [1, 1] : memref<12x20xf16> to memref<?x?xf16, strided<[20, 1], offset: ?>>
    %x = bufferization.to_tensor %from : memref<?x?xf16, strided<[20, 1], offset: ?>> to tensor<?x?xf16>
    %e0 = tensor.empty(%m) : tensor<?x1xf16>
    %z0 = linalg.fill ins(%zero : f16) outs(%e0 : tensor<?x1xf16>) -> tensor<?x1xf16>
    %part = linalg.generic {indexing_maps = [affine_map<(a, b) -> (a, b)>, affine_map<(a, b) -> (a, 0)>], iterator_types = ["parallel", "reduction"]}
        ins(%x : tensor<?x?xf16>) outs(%z0 : tensor<?x1xf16>) {
    ^bb0(%a: f16, %b: f16):
      %s = arith.addf %a, %b : f16
      linalg.yield %s : f16
    } -> tensor<?x1xf16>
    %own = bufferization.to_buffer %part : tensor<?x1xf16> to memref<?x1xf16>
    %all = "loom.placeholder"(%columns, %m) {static_sizes = array<i64: -9223372036854775808, -9223372036854775808, 1>} : (index, index) -> memref<?x?x1xf16>
    "loom.gather"(%own, %all, %j) {operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0, 0>, static_area = array<i64: 1, 1>} : (memref<?x1xf16>, memref<?x?x1xf16>, index) -> ()
    %parts = bufferization.to_tensor %all : memref<?x?x1xf16> to tensor<?x?x1xf16>
    %sum = linalg.generic {indexing_maps = [affine_map<(g, a, b) -> (g, a, b)>, affine_map<(g, a, b) -> (a, b)>], iterator_types = ["reduction", "parallel", "parallel"]}
        ins(%parts : tensor<?x?x1xf16>) outs(%z0 : tensor<?x1xf16>) {
    ^bb0(%a: f16, %b: f16):
      %s = arith.addf %a, %b : f16
      linalg.yield %s : f16
    } -> tensor<?x1xf16>
    %e1 = tensor.empty(%m, %n) : tensor<?x?xf16>
    %wide = "loom.broadcast"(%sum, %e1) {dim = 1 : i64} : (tensor<?x1xf16>, tensor<?x?xf16>) -> tensor<?x?xf16>
    %share = linalg.generic {indexing_maps = [affine_map<(a, b) -> (a, b)>, affine_map<(a, b) -> (a, b)>, affine_map<(a, b) -> (a, b)>], iterator_types = ["parallel", "parallel"]}
        ins(%x, %wide : tensor<?x?xf16>, tensor<?x?xf16>) outs(%e1 : tensor<?x?xf16>) {
    ^bb0(%a: f16, %b: f16, %c: f16):
      %q = arith.divf %a, %b : f16
      linalg.yield %q : f16
    } -> tensor<?x?xf16>
    %to = memref.subview %out__arg[%row, %column] [%m, %n] [1, 1] : memref<12x20xf16> to memref<?x?xf16, strided<[20, 1], offset: ?>>
    %result = bufferization.to_buffer %share : tensor<?x?xf16> to memref<?x?xf16, strided<[20, 1], offset: ?>>
    memref.copy %result, %to : memref<?x?xf16, strided<[20, 1], offset: ?>> to memref<?x?xf16, strided<[20, 1], offset: ?>>
  }
  return
}
