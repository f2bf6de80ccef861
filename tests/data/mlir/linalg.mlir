func.func @product_that_accumulates() {
  %a = util.unfoldable_constant dense<[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]> : tensor<3x2xf32>
  %b = util.unfoldable_constant dense<[[1.0, 0.5], [-1.0, 2.0]]> : tensor<2x2xf32>
  %c = util.unfoldable_constant dense<10.0> : tensor<3x2xf32>
  %r = linalg.matmul ins(%a, %b : tensor<3x2xf32>, tensor<2x2xf32>) outs(%c : tensor<3x2xf32>) -> tensor<3x2xf32>
  check.expect_eq_const(%r, dense<[[9.0, 14.5], [9.0, 19.5], [9.0, 24.5]]> : tensor<3x2xf32>) : tensor<3x2xf32>
  return
}
// 2048 and 1 are both f16, 2049 is none: a declared accumulator of f16 stays at 2048.
func.func @product_in_f16() {
  %a = util.unfoldable_constant dense<[[2048.0, 1.0, 1.0, 1.0]]> : tensor<1x4xf16>
  %b = util.unfoldable_constant dense<1.0> : tensor<4x1xf16>
  %zero = arith.constant dense<0.0> : tensor<1x1xf16>
  %r = linalg.matmul ins(%a, %b : tensor<1x4xf16>, tensor<4x1xf16>) outs(%zero : tensor<1x1xf16>) -> tensor<1x1xf16>
  check.expect_eq_const(%r, dense<2048.0> : tensor<1x1xf16>) : tensor<1x1xf16>
  return
}
// One after the other 4096 times 0.001 in f16 stops at 4.
func.func @long_sum_in_f16() {
  %a = util.unfoldable_constant dense<0.001> : tensor<4096xf16>
  %zero = arith.constant dense<0.0> : tensor<f16>
  %r = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> ()>], iterator_types = ["reduction"]} ins(%a : tensor<4096xf16>) outs(%zero : tensor<f16>) {
  ^bb0(%x: f16, %o: f16):
    %s = arith.addf %x, %o : f16
    linalg.yield %s : f16
  } -> tensor<f16>
  check.expect_eq_const(%r, dense<4.09765625> : tensor<f16>) : tensor<f16>
  return
}
func.func @long_sum_in_f32() {
  %a = util.unfoldable_constant dense<0.1> : tensor<100000xf32>
  %zero = arith.constant dense<0.0> : tensor<f32>
  %r = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> ()>], iterator_types = ["reduction"]} ins(%a : tensor<100000xf32>) outs(%zero : tensor<f32>) {
  ^bb0(%x: f32, %o: f32):
    %s = arith.addf %x, %o : f32
    linalg.yield %s : f32
  } -> tensor<f32>
  check.expect_almost_eq_const(%r, dense<10000.00015> : tensor<f32>, atol 0.12) : tensor<f32>   // 3 * 64 * 2^-24 of it; in one chain: 9998.56
  return
}
func.func @softmax_of_open_rows() {
  %a = flow.tensor.dynamic_constant dense<[[0.0, 0.0, 0.0, 0.0], [1000.0, 1000.0, -1000.0, -1000.0]]> : tensor<2x4xf32> -> tensor<?x4xf32>
  %c0 = arith.constant 0 : index
  %n = tensor.dim %a, %c0 : tensor<?x4xf32>
  %e = tensor.empty(%n) : tensor<?x4xf32>
  %s = linalg.softmax dimension(1) ins(%a : tensor<?x4xf32>) outs(%e : tensor<?x4xf32>) -> tensor<?x4xf32>
  %r = tensor.cast %s : tensor<?x4xf32> to tensor<2x4xf32>
  check.expect_almost_eq_const(%r, dense<[[0.25, 0.25, 0.25, 0.25], [0.5, 0.5, 0.0, 0.0]]> : tensor<2x4xf32>, atol 1.0e-06) : tensor<2x4xf32>
  return
}
func.func @pack_with_tiles_as_values() {
  %a = util.unfoldable_constant dense<[[1, 2, 3], [4, 5, 6], [7, 8, 9]]> : tensor<3x3xi32>
  %t = util.unfoldable_constant 2 : index
  %three = arith.constant 3 : index
  %n = arith.ceildivui %three, %t : index
  %pad = arith.constant 0 : i32
  %e = tensor.empty(%n, %n, %t, %t) : tensor<?x?x?x?xi32>
  %p = linalg.pack %a padding_value(%pad : i32) inner_dims_pos = [0, 1] inner_tiles = [%t, %t] into %e : tensor<3x3xi32> -> tensor<?x?x?x?xi32>
  %r = tensor.cast %p : tensor<?x?x?x?xi32> to tensor<2x2x2x2xi32>
  check.expect_eq_const(%r, dense<[[[[1, 2], [4, 5]], [[3, 0], [6, 0]]], [[[7, 8], [0, 0]], [[9, 0], [0, 0]]]]> : tensor<2x2x2x2xi32>) : tensor<2x2x2x2xi32>
  %f = tensor.empty() : tensor<3x3xi32>
  %u = linalg.unpack %p inner_dims_pos = [0, 1] inner_tiles = [%t, %t] into %f : tensor<?x?x?x?xi32> -> tensor<3x3xi32>
  check.expect_eq(%u, %a) : tensor<3x3xi32>
  return
}
func.func @tensors_cut_and_joined() {
  %a = util.unfoldable_constant dense<[[1, 2], [3, 4]]> : tensor<2x2xi16>
  %zero = arith.constant 0 : i16
  %p = tensor.pad %a low[0, 1] high[1, 0] {
  ^bb0(%i: index, %j: index):
    tensor.yield %zero : i16
  } : tensor<2x2xi16> to tensor<3x3xi16>
  check.expect_eq_const(%p, dense<[[0, 1, 2], [0, 3, 4], [0, 0, 0]]> : tensor<3x3xi16>) : tensor<3x3xi16>
  %s = tensor.extract_slice %p[0, 0] [2, 2] [1, 2] : tensor<3x3xi16> to tensor<2x2xi16>
  %c = tensor.concat dim(1) %s, %a : (tensor<2x2xi16>, tensor<2x2xi16>) -> tensor<2x4xi16>
  check.expect_eq_const(%c, dense<[[0, 2, 1, 2], [0, 4, 3, 4]]> : tensor<2x4xi16>) : tensor<2x4xi16>
  %w = tensor.insert_slice %s into %p[1, 1] [2, 2] [1, 1] : tensor<2x2xi16> into tensor<3x3xi16>
  check.expect_eq_const(%w, dense<[[0, 1, 2], [0, 0, 2], [0, 0, 4]]> : tensor<3x3xi16>) : tensor<3x3xi16>
  check.expect_eq_const(%p, dense<[[0, 1, 2], [0, 3, 4], [0, 0, 0]]> : tensor<3x3xi16>) : tensor<3x3xi16>   // nobody wrote over it
  return
}
