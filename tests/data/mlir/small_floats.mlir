// 1.125 and 1.375 lie half way between numbers of f8E5M2; 61440 half way between its largest number and infinity.
func.func @rounds_to_even() {
  %a = util.unfoldable_constant dense<[1.125, 1.375, 1.3, 61440.0, 61439.0, -0.0]> : tensor<6xf32>
  %b = arith.truncf %a : tensor<6xf32> to tensor<6xf8E5M2>
  %i = arith.bitcast %b : tensor<6xf8E5M2> to tensor<6xi8>
  check.expect_eq_const(%i, dense<[0x3C, 0x3E, 0x3D, 0x7C, 0x7B, 0x80]> : tensor<6xi8>) : tensor<6xi8>
  return
}
func.func @adds() {
  %a = util.unfoldable_constant dense<[1.0, 448.0, 0.001953125]> : tensor<3xf8E4M3FN>
  %b = util.unfoldable_constant dense<[0.0625, 16.0, 0.001953125]> : tensor<3xf8E4M3FN>
  %e = tensor.empty() : tensor<3xf8E4M3FN>
  %r = linalg.add ins(%a, %b : tensor<3xf8E4M3FN>, tensor<3xf8E4M3FN>) outs(%e : tensor<3xf8E4M3FN>) -> tensor<3xf8E4M3FN>
  check.expect_almost_eq_const(%r, dense<[1.0, 448.0, 0.00390625]> : tensor<3xf8E4M3FN>, atol 0.0) : tensor<3xf8E4M3FN>
  return
}
func.func @four_bits_two_a_byte() {
  %bytes = util.unfoldable_constant dense<[0x71, 0xF9]> : tensor<2xi8>
  %a = flow.tensor.bitcast %bytes : tensor<2xi8> -> tensor<4xf4E2M1FN>
  %w = arith.extf %a : tensor<4xf4E2M1FN> to tensor<4xf32>
  check.expect_eq_const(%w, dense<[0.5, 6.0, -0.5, -6.0]> : tensor<4xf32>) : tensor<4xf32>
  %e = tensor.empty() : tensor<4xf4E2M1FN>
  %p = linalg.mul ins(%a, %a : tensor<4xf4E2M1FN>, tensor<4xf4E2M1FN>) outs(%e : tensor<4xf4E2M1FN>) -> tensor<4xf4E2M1FN>
  %back = flow.tensor.bitcast %p : tensor<4xf4E2M1FN> -> tensor<2xi8>
  check.expect_eq_const(%back, dense<[0x70, 0x70]> : tensor<2xi8>) : tensor<2xi8>   // 0.25 lies half way to 0.5; 36 is beyond 6
  return
}
func.func @scales() {
  %x = util.unfoldable_constant dense<[1.5, -3.0]> : tensor<2xf4E2M1FN>
  %s = util.unfoldable_constant dense<[8.0, 0.25]> : tensor<2xf8E8M0FNU>
  %e = tensor.empty() : tensor<2xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]} ins(%x, %s : tensor<2xf4E2M1FN>, tensor<2xf8E8M0FNU>)
      outs(%e : tensor<2xf32>) {
  ^bb0(%a: f4E2M1FN, %b: f8E8M0FNU, %o: f32):
    %v = arith.scaling_extf %a, %b : f4E2M1FN, f8E8M0FNU to f32
    linalg.yield %v : f32
  } -> tensor<2xf32>
  check.expect_eq_const(%r, dense<[12.0, -0.75]> : tensor<2xf32>) : tensor<2xf32>
  return
}
