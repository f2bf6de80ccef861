// Layers of tosa, and products of narrow elements.
func.func @conv(%x: tensor<1x7x9x5xf32>, %w: tensor<6x3x3x5xf32>, %b: tensor<6xf32>) -> tensor<1x7x9x6xf32> {
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %r = tosa.conv2d %x, %w, %b, %z, %z {acc_type = f32, dilation = array<i64: 1, 1>, pad = array<i64: 1, 1, 1, 1>, stride = array<i64: 1, 1>} : (tensor<1x7x9x5xf32>, tensor<6x3x3x5xf32>, tensor<6xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x7x9x6xf32>
  %y = tosa.clamp %r {min_val = 0.0 : f32, max_val = 6.0 : f32} : (tensor<1x7x9x6xf32>) -> tensor<1x7x9x6xf32>
  return %y : tensor<1x7x9x6xf32>
}
func.func @rows(%x: tensor<5x7xf32>) -> tensor<5x1xf32> {
  %r = tosa.reduce_sum %x {axis = 1 : i32} : (tensor<5x7xf32>) -> tensor<5x1xf32>
  %y = tosa.sigmoid %r : (tensor<5x1xf32>) -> tensor<5x1xf32>
  return %y : tensor<5x1xf32>
}
func.func @narrow(%x: tensor<17x40xf16>, %w: tensor<40x23xf16>) -> tensor<17x23xf32> {
  %z = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<17x23xf32>
  %i = linalg.fill ins(%z : f32) outs(%e : tensor<17x23xf32>) -> tensor<17x23xf32>
  %r = linalg.matmul ins(%x, %w : tensor<17x40xf16>, tensor<40x23xf16>) outs(%i : tensor<17x23xf32>) -> tensor<17x23xf32>
  return %r : tensor<17x23xf32>
}
func.func @whole_numbers(%x: tensor<17x40xi8>, %w: tensor<40x23xi8>) -> tensor<17x23xi32> {
  %z = arith.constant 0 : i32
  %e = tensor.empty() : tensor<17x23xi32>
  %i = linalg.fill ins(%z : i32) outs(%e : tensor<17x23xi32>) -> tensor<17x23xi32>
  %r = linalg.matmul ins(%x, %w : tensor<17x40xi8>, tensor<40x23xi8>) outs(%i : tensor<17x23xi32>) -> tensor<17x23xi32>
  return %r : tensor<17x23xi32>
}
func.func @bf16(%x: tensor<17x40xbf16>, %w: tensor<40x23xbf16>) -> tensor<17x23xbf16> {
  %z = arith.constant 0.0 : bf16
  %e = tensor.empty() : tensor<17x23xbf16>
  %i = linalg.fill ins(%z : bf16) outs(%e : tensor<17x23xbf16>) -> tensor<17x23xbf16>
  %r = linalg.matmul ins(%x, %w : tensor<17x40xbf16>, tensor<40x23xbf16>) outs(%i : tensor<17x23xbf16>) -> tensor<17x23xbf16>
  return %r : tensor<17x23xbf16>
}
