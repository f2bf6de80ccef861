// Products and convolutions of linalg on tensors; sizes with primes among them.
func.func @matmul(%x: tensor<37x53xf32>, %w: tensor<53x41xf32>, %b: tensor<41xf32>) -> tensor<37x41xf32> {
  %z = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<37x41xf32>
  %i = linalg.fill ins(%z : f32) outs(%e : tensor<37x41xf32>) -> tensor<37x41xf32>
  %r = linalg.matmul ins(%x, %w : tensor<37x53xf32>, tensor<53x41xf32>) outs(%i : tensor<37x41xf32>) -> tensor<37x41xf32>
  %s = linalg.broadcast ins(%b : tensor<41xf32>) outs(%e : tensor<37x41xf32>) dimensions = [0]
  %a = arith.addf %r, %s : tensor<37x41xf32>
  %m = arith.constant dense<0.0> : tensor<37x41xf32>
  %y = arith.maximumf %a, %m : tensor<37x41xf32>
  return %y : tensor<37x41xf32>
}
func.func @bmm(%x: tensor<3x17x32xf32>, %w: tensor<3x32x19xf32>) -> tensor<3x17x19xf32> {
  %z = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<3x17x19xf32>
  %i = linalg.fill ins(%z : f32) outs(%e : tensor<3x17x19xf32>) -> tensor<3x17x19xf32>
  %r = linalg.batch_matmul ins(%x, %w : tensor<3x17x32xf32>, tensor<3x32x19xf32>) outs(%i : tensor<3x17x19xf32>) -> tensor<3x17x19xf32>
  return %r : tensor<3x17x19xf32>
}
func.func @conv_nhwc(%x: tensor<2x9x11x5xf32>, %w: tensor<3x3x5x7xf32>) -> tensor<2x4x5x7xf32> {
  %z = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<2x4x5x7xf32>
  %i = linalg.fill ins(%z : f32) outs(%e : tensor<2x4x5x7xf32>) -> tensor<2x4x5x7xf32>
  %r = linalg.conv_2d_nhwc_hwcf {strides = dense<2> : tensor<2xi64>} ins(%x, %w : tensor<2x9x11x5xf32>, tensor<3x3x5x7xf32>) outs(%i : tensor<2x4x5x7xf32>) -> tensor<2x4x5x7xf32>
  return %r : tensor<2x4x5x7xf32>
}
func.func @conv_nchw(%x: tensor<2x5x9x11xf32>, %w: tensor<7x5x3x3xf32>) -> tensor<2x7x9x11xf32> {
  %z = arith.constant 0.0 : f32
  %p = tensor.pad %x low[0, 0, 1, 1] high[0, 0, 1, 1] {
  ^bb0(%a: index, %b: index, %c: index, %d: index):
    tensor.yield %z : f32
  } : tensor<2x5x9x11xf32> to tensor<2x5x11x13xf32>
  %e = tensor.empty() : tensor<2x7x9x11xf32>
  %i = linalg.fill ins(%z : f32) outs(%e : tensor<2x7x9x11xf32>) -> tensor<2x7x9x11xf32>
  %r = linalg.conv_2d_nchw_fchw ins(%p, %w : tensor<2x5x11x13xf32>, tensor<7x5x3x3xf32>) outs(%i : tensor<2x7x9x11xf32>) -> tensor<2x7x9x11xf32>
  return %r : tensor<2x7x9x11xf32>
}
func.func @conv_dilated(%x: tensor<1x3x11x13xf32>, %w: tensor<4x3x3x3xf32>) -> tensor<1x4x7x9xf32> {
  %z = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<1x4x7x9xf32>
  %i = linalg.fill ins(%z : f32) outs(%e : tensor<1x4x7x9xf32>) -> tensor<1x4x7x9xf32>
  %r = linalg.conv_2d_nchw_fchw {dilations = dense<2> : tensor<2xi64>} ins(%x, %w : tensor<1x3x11x13xf32>, tensor<4x3x3x3xf32>) outs(%i : tensor<1x4x7x9xf32>) -> tensor<1x4x7x9xf32>
  return %r : tensor<1x4x7x9xf32>
}
func.func @conv_groups(%x: tensor<2x2x6x7x7xf32>, %w: tensor<2x5x6x3x3xf32>) -> tensor<2x2x5x5x5xf32> {
  %z = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<2x2x5x5x5xf32>
  %i = linalg.fill ins(%z : f32) outs(%e : tensor<2x2x5x5x5xf32>) -> tensor<2x2x5x5x5xf32>
  %r = linalg.conv_2d_ngchw_gfchw ins(%x, %w : tensor<2x2x6x7x7xf32>, tensor<2x5x6x3x3xf32>) outs(%i : tensor<2x2x5x5x5xf32>) -> tensor<2x2x5x5x5xf32>
  return %r : tensor<2x2x5x5x5xf32>
}
func.func @conv_depthwise(%x: tensor<2x9x11x5xf32>, %w: tensor<3x3x5xf32>) -> tensor<2x7x9x5xf32> {
  %z = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<2x7x9x5xf32>
  %i = linalg.fill ins(%z : f32) outs(%e : tensor<2x7x9x5xf32>) -> tensor<2x7x9x5xf32>
  %r = linalg.depthwise_conv_2d_nhwc_hwc ins(%x, %w : tensor<2x9x11x5xf32>, tensor<3x3x5xf32>) outs(%i : tensor<2x7x9x5xf32>) -> tensor<2x7x9x5xf32>
  return %r : tensor<2x7x9x5xf32>
}
func.func @max_pool(%x: tensor<2x9x11x5xf32>) -> tensor<2x4x5x5xf32> {
  %z = arith.constant 0xFF800000 : f32
  %k = tensor.empty() : tensor<3x3xf32>
  %e = tensor.empty() : tensor<2x4x5x5xf32>
  %i = linalg.fill ins(%z : f32) outs(%e : tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32>
  %r = linalg.pooling_nhwc_max {strides = dense<2> : tensor<2xi64>} ins(%x, %k : tensor<2x9x11x5xf32>, tensor<3x3xf32>) outs(%i : tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32>
  return %r : tensor<2x4x5x5xf32>
}
func.func @avg_pool(%x: tensor<2x5x9x11xf32>) -> tensor<2x5x4x5xf32> {
  %z = arith.constant 0.0 : f32
  %k = tensor.empty() : tensor<2x2xf32>
  %e = tensor.empty() : tensor<2x5x4x5xf32>
  %i = linalg.fill ins(%z : f32) outs(%e : tensor<2x5x4x5xf32>) -> tensor<2x5x4x5xf32>
  %r = linalg.pooling_nchw_sum {strides = dense<2> : tensor<2xi64>} ins(%x, %k : tensor<2x5x9x11xf32>, tensor<2x2xf32>) outs(%i : tensor<2x5x4x5xf32>) -> tensor<2x5x4x5xf32>
  %q = arith.constant dense<0.25> : tensor<2x5x4x5xf32>
  %a = arith.mulf %r, %q : tensor<2x5x4x5xf32>
  return %a : tensor<2x5x4x5xf32>
}
