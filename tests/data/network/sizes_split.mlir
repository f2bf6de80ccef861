// A dim that becomes several open ones.
func.func @split(%x: tensor<?xf32>, %i: i64) -> tensor<?x?x4xf32> {
  %n = arith.index_cast %i : i64 to index
  %c0 = arith.constant 0 : index
  %c4 = arith.constant 4 : index
  %all = tensor.dim %x, %c0 : tensor<?xf32>
  %a = arith.divui %all, %n : index
  %b = arith.divui %a, %c4 : index
  %y = math.exp %x : tensor<?xf32>
  %z = tensor.expand_shape %y [[0, 1, 2]] output_shape [%n, %b, 4] : tensor<?xf32> into tensor<?x?x4xf32>
  return %z : tensor<?x?x4xf32>
}
