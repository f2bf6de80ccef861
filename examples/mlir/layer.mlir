// A dense layer on open batch sizes: relu(x * w + b).
func.func @layer(%x: tensor<?x3xf32>, %w: tensor<3x2xf32>, %b: tensor<2xf32>) -> tensor<?x2xf32> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %n = tensor.dim %x, %c0 : tensor<?x3xf32>
  %e = tensor.empty(%n) : tensor<?x2xf32>
  %bias = linalg.broadcast ins(%b : tensor<2xf32>) outs(%e : tensor<?x2xf32>) dimensions = [0]
  %p = linalg.matmul ins(%x, %w : tensor<?x3xf32>, tensor<3x2xf32>) outs(%bias : tensor<?x2xf32>) -> tensor<?x2xf32>
  %r = linalg.map ins(%p : tensor<?x2xf32>) outs(%e : tensor<?x2xf32>) (%v: f32, %o: f32) {
    %m = arith.maximumf %v, %zero : f32
    linalg.yield %m : f32
  }
  return %r : tensor<?x2xf32>
}

// What it must do, by hand: loom test examples/mlir/layer.mlir
func.func @layer_by_hand() {
  %x = util.unfoldable_constant dense<[[1.0, 2.0, 3.0]]> : tensor<1x3xf32>
  %w = util.unfoldable_constant dense<[[1.0, -1.0], [0.0, 1.0], [2.0, -4.0]]> : tensor<3x2xf32>
  %b = util.unfoldable_constant dense<[0.5, 0.25]> : tensor<2xf32>
  %open = tensor.cast %x : tensor<1x3xf32> to tensor<?x3xf32>
  %y = func.call @layer(%open, %w, %b) : (tensor<?x3xf32>, tensor<3x2xf32>, tensor<2xf32>) -> tensor<?x2xf32>
  %z = tensor.cast %y : tensor<?x2xf32> to tensor<1x2xf32>
  check.expect_almost_eq_const(%z, dense<[[7.5, 0.0]]> : tensor<1x2xf32>) : tensor<1x2xf32>
  return
}
