// Layers of equal shape: their kernels are compiled once.  (The softmax is along the columns: along the rows it would be attention, one kernel with the products.)
func.func @layers(%x: tensor<24x40xf32>, %w0: tensor<40x40xf32>, %w1: tensor<40x40xf32>, %w2: tensor<40x40xf32>, %v: tensor<40x24xf32>) -> (tensor<24x40xf32>, tensor<24x24xf32>) {
  %zero = arith.constant 0.0 : f32
  %e0 = tensor.empty() : tensor<24x40xf32>
  %f0 = linalg.fill ins(%zero : f32) outs(%e0 : tensor<24x40xf32>) -> tensor<24x40xf32>
  %p0 = linalg.matmul ins(%x, %w0 : tensor<24x40xf32>, tensor<40x40xf32>) outs(%f0 : tensor<24x40xf32>) -> tensor<24x40xf32>
  %g0 = tensor.empty() : tensor<24x40xf32>
  %s0 = linalg.softmax dimension(0) ins(%p0 : tensor<24x40xf32>) outs(%g0 : tensor<24x40xf32>) -> tensor<24x40xf32>
  %e1 = tensor.empty() : tensor<24x40xf32>
  %f1 = linalg.fill ins(%zero : f32) outs(%e1 : tensor<24x40xf32>) -> tensor<24x40xf32>
  %p1 = linalg.matmul ins(%s0, %w1 : tensor<24x40xf32>, tensor<40x40xf32>) outs(%f1 : tensor<24x40xf32>) -> tensor<24x40xf32>
  %g1 = tensor.empty() : tensor<24x40xf32>
  %s1 = linalg.softmax dimension(0) ins(%p1 : tensor<24x40xf32>) outs(%g1 : tensor<24x40xf32>) -> tensor<24x40xf32>
  %e2 = tensor.empty() : tensor<24x40xf32>
  %f2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<24x40xf32>) -> tensor<24x40xf32>
  %p2 = linalg.matmul ins(%s1, %w2 : tensor<24x40xf32>, tensor<40x40xf32>) outs(%f2 : tensor<24x40xf32>) -> tensor<24x40xf32>
  %g2 = tensor.empty() : tensor<24x40xf32>
  %s2 = linalg.softmax dimension(0) ins(%p2 : tensor<24x40xf32>) outs(%g2 : tensor<24x40xf32>) -> tensor<24x40xf32>
  %e = tensor.empty() : tensor<24x24xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<24x24xf32>) -> tensor<24x24xf32>
  %p = linalg.matmul ins(%s2, %v : tensor<24x40xf32>, tensor<40x24xf32>) outs(%f : tensor<24x24xf32>) -> tensor<24x24xf32>
  return %s2, %p : tensor<24x40xf32>, tensor<24x24xf32>
}

// The same shapes, other numbers; and the same numbers again, in a chain that turns the operands.
func.func @unlike(%x: tensor<24x24xf32>, %w: tensor<24x24xf32>) -> tensor<24x24xf32> {
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 2.0 : f32
  %e0 = tensor.empty() : tensor<24x24xf32>
  %f0 = linalg.fill ins(%zero : f32) outs(%e0 : tensor<24x24xf32>) -> tensor<24x24xf32>
  %p0 = linalg.matmul ins(%x, %w : tensor<24x24xf32>, tensor<24x24xf32>) outs(%f0 : tensor<24x24xf32>) -> tensor<24x24xf32>
  %s0 = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]} ins(%p0 : tensor<24x24xf32>) outs(%e0 : tensor<24x24xf32>) {
  ^bb0(%in: f32, %out: f32):
    %m = arith.mulf %in, %c0 : f32
    linalg.yield %m : f32
  } -> tensor<24x24xf32>
  %c1 = arith.constant 3.0 : f32
  %e1 = tensor.empty() : tensor<24x24xf32>
  %f1 = linalg.fill ins(%zero : f32) outs(%e1 : tensor<24x24xf32>) -> tensor<24x24xf32>
  %p1 = linalg.matmul ins(%s0, %w : tensor<24x24xf32>, tensor<24x24xf32>) outs(%f1 : tensor<24x24xf32>) -> tensor<24x24xf32>
  %s1 = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]} ins(%p1 : tensor<24x24xf32>) outs(%e1 : tensor<24x24xf32>) {
  ^bb0(%in: f32, %out: f32):
    %m = arith.mulf %in, %c1 : f32
    linalg.yield %m : f32
  } -> tensor<24x24xf32>
  %c2 = arith.constant 2.0 : f32
  %e2 = tensor.empty() : tensor<24x24xf32>
  %f2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<24x24xf32>) -> tensor<24x24xf32>
  %p2 = linalg.matmul ins(%w, %s1 : tensor<24x24xf32>, tensor<24x24xf32>) outs(%f2 : tensor<24x24xf32>) -> tensor<24x24xf32>
  %s2 = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]} ins(%p2 : tensor<24x24xf32>) outs(%e2 : tensor<24x24xf32>) {
  ^bb0(%in: f32, %out: f32):
    %m = arith.mulf %in, %c2 : f32
    linalg.yield %m : f32
  } -> tensor<24x24xf32>
  return %s2 : tensor<24x24xf32>
}
