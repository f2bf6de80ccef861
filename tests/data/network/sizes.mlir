// Functions with open sizes.
#of = affine_map<()[s0] -> (s0, 12)>
func.func @layer(%x: tensor<?x?xf32>, %w: tensor<?x20xf32>, %b: tensor<20xf32>) -> tensor<?x20xf32> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %n = tensor.dim %x, %c0 : tensor<?x?xf32>
  %e = tensor.empty(%n) : tensor<?x20xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?x20xf32>) -> tensor<?x20xf32>
  %p = linalg.matmul ins(%x, %w : tensor<?x?xf32>, tensor<?x20xf32>) outs(%f : tensor<?x20xf32>) -> tensor<?x20xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]}
    ins(%p, %b : tensor<?x20xf32>, tensor<20xf32>) outs(%e : tensor<?x20xf32>) {
  ^bb0(%i: f32, %j: f32, %o: f32):
    %s = arith.addf %i, %j : f32
    %t = math.tanh %s : f32
    linalg.yield %t : f32
  } -> tensor<?x20xf32>
  return %r : tensor<?x20xf32>
}
func.func private @scale(%x: tensor<?xf32>) -> tensor<?xf32> {
  %r = arith.addf %x, %x : tensor<?xf32>
  return %r : tensor<?xf32>
}
// Rows in blocks of 4, each half the size of the whole; a call; an assertion on sizes.
func.func @blocks(%x: tensor<?x6xf32>) -> (tensor<?xf32>, tensor<?x4x6xf32>) {
  %c0 = arith.constant 0 : index
  %c4 = arith.constant 4 : index
  %c2 = arith.constant 2 : index
  %n = tensor.dim %x, %c0 : tensor<?x6xf32>
  %rest = arith.remui %n, %c4 : index
  %whole = arith.cmpi eq, %rest, %c0 : index
  cf.assert %whole, "rows come in blocks of 4"
  %m = arith.divui %n, %c4 : index
  %y = tensor.expand_shape %x [[0, 1], [2]] output_shape [%m, 4, 6] : tensor<?x6xf32> into tensor<?x4x6xf32>
  %z = math.exp %y : tensor<?x4x6xf32>
  %half = arith.divui %n, %c2 : index
  %part = tensor.extract_slice %x[0, 0] [%half, 6] [1, 1] : tensor<?x6xf32> to tensor<?x6xf32>
  %flat = tensor.collapse_shape %part [[0, 1]] : tensor<?x6xf32> into tensor<?xf32>
  %s = func.call @scale(%flat) : (tensor<?xf32>) -> tensor<?xf32>
  return %s, %z : tensor<?xf32>, tensor<?x4x6xf32>
}
func.func @named(%x: tensor<?x12xf32>, %y: tensor<?xf32>) -> tensor<?x12xf32> attributes {loom.sizes = [[0, #of, ["rows", 2, 9]], [1, affine_map<()[s0] -> (s0 * 12 + 1)>, ["rows", 2, 9]]]} {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x12xf32>
  %c12 = arith.constant 12 : index
  %m = arith.muli %n, %c12 : index
  %p = tensor.extract_slice %y[1] [%m] [1] : tensor<?xf32> to tensor<?xf32>
  %q = tensor.expand_shape %p [[0, 1]] output_shape [%n, 12] : tensor<?xf32> into tensor<?x12xf32>
  %r = arith.mulf %x, %q : tensor<?x12xf32>
  return %r : tensor<?x12xf32>
}
func.func @known_late(%x: tensor<?xf32>, %n: tensor<i64>) -> tensor<?xf32> {
  %v = tensor.extract %n[] : tensor<i64>
  %i = arith.index_cast %v : i64 to index
  %r = tensor.extract_slice %x[0] [%i] [1] : tensor<?xf32> to tensor<?xf32>
  return %r : tensor<?xf32>
}
func.func @malformed(%x: tensor<?xf32>) -> tensor<?xf32> attributes {loom.sizes = [[7, #of]]} {
  %r = math.exp %x : tensor<?xf32>
  return %r : tensor<?xf32>
}
