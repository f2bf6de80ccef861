// Each number by hand.
func.func @elementwise() {
  %a = util.unfoldable_constant dense<[1.0, -2.5, 4.0]> : tensor<3xf32>
  %b = util.unfoldable_constant dense<[2.0]> : tensor<1xf32>
  %sum = tosa.add %a, %b : (tensor<3xf32>, tensor<1xf32>) -> tensor<3xf32>
  check.expect_eq_const(%sum, dense<[3.0, -0.5, 6.0]> : tensor<3xf32>) : tensor<3xf32>
  %abs = tosa.abs %a : (tensor<3xf32>) -> tensor<3xf32>
  check.expect_eq_const(%abs, dense<[1.0, 2.5, 4.0]> : tensor<3xf32>) : tensor<3xf32>
  %floor = tosa.floor %a : (tensor<3xf32>) -> tensor<3xf32>
  check.expect_eq_const(%floor, dense<[1.0, -3.0, 4.0]> : tensor<3xf32>) : tensor<3xf32>
  %less = tosa.greater %b, %a : (tensor<1xf32>, tensor<3xf32>) -> tensor<3xi1>
  check.expect_eq_const(%less, dense<[true, true, false]> : tensor<3xi1>) : tensor<3xi1>
  %root = tosa.rsqrt %abs : (tensor<3xf32>) -> tensor<3xf32>
  check.expect_almost_eq_const(%root, dense<[1.0, 0.632455532, 0.5]> : tensor<3xf32>, atol 1.0e-06) : tensor<3xf32>
  %exp = tosa.exp %floor : (tensor<3xf32>) -> tensor<3xf32>
  check.expect_almost_eq_const(%exp, dense<[2.718281828, 0.0497870684, 54.59815]> : tensor<3xf32>, rtol 1.0e-06) : tensor<3xf32>
  return
}
func.func @table_of_a_constant() {
  %input = arith.constant dense<[0, 128, 64, -32768]> : tensor<4xi16>
  %init = tensor.empty() : tensor<513xi16>
  // Entry i is 3 i - 700; the input picks the entry (x >> 7) + 256 and steps (x & 127) 128ths to the next, in units of 1/128.
  %table = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>], iterator_types = ["parallel"]} outs(%init : tensor<513xi16>) {
  ^bb0(%o: i16):
    %i = linalg.index 0 : index
    %n = arith.index_cast %i : index to i16
    %three = arith.constant 3 : i16
    %base = arith.constant -700 : i16
    %m = arith.muli %n, %three : i16
    %v = arith.addi %m, %base : i16
    linalg.yield %v : i16
  } -> tensor<513xi16>
  %r = tosa.table %input, %table : (tensor<4xi16>, tensor<513xi16>) -> tensor<4xi32>
  // 256: 68 -> 8704; 257: 71 -> 9088; half way: 8896; 0: -700 -> -89600
  check.expect_eq_const(%r, dense<[8704, 9088, 8896, -89600]> : tensor<4xi32>) : tensor<4xi32>
  return
}
func.func @loop() {
  %one = util.unfoldable_constant dense<1> : tensor<i32>
  %r:2 = tosa.while_loop (%i = %one, %p = %one) : (tensor<i32>, tensor<i32>) -> (tensor<i32>, tensor<i32>) {
    %end = "tosa.const"() <{values = dense<5> : tensor<i32>}> : () -> tensor<i32>
    %go = tosa.greater_equal %end, %i : (tensor<i32>, tensor<i32>) -> tensor<i1>
    tosa.yield %go : tensor<i1>
  } do {
  ^bb0(%i: tensor<i32>, %p: tensor<i32>):
    %step = "tosa.const"() <{values = dense<1> : tensor<i32>}> : () -> tensor<i32>
    %j = tosa.add %i, %step : (tensor<i32>, tensor<i32>) -> tensor<i32>
    %zero = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>
    %q = tosa.mul %p, %i, %zero : (tensor<i32>, tensor<i32>, tensor<1xi8>) -> tensor<i32>
    tosa.yield %j, %q : tensor<i32>, tensor<i32>
  }
  check.expect_eq_const(%r#1, dense<120> : tensor<i32>) : tensor<i32>
  return
}
func.func @shapes() {
  %a = util.unfoldable_constant dense<[[1, 2, 3], [4, 5, 6]]> : tensor<2x3xi32>
  %t = tosa.transpose %a {perms = array<i32: 1, 0>} : (tensor<2x3xi32>) -> tensor<3x2xi32>
  check.expect_eq_const(%t, dense<[[1, 4], [2, 5], [3, 6]]> : tensor<3x2xi32>) : tensor<3x2xi32>
  %s = tosa.reduce_sum %a {axis = 1 : i32} : (tensor<2x3xi32>) -> tensor<2x1xi32>
  check.expect_eq_const(%s, dense<[[6], [15]]> : tensor<2x1xi32>) : tensor<2x1xi32>
  %r = tosa.reverse %a {axis = 1 : i32} : (tensor<2x3xi32>) -> tensor<2x3xi32>
  check.expect_eq_const(%r, dense<[[3, 2, 1], [6, 5, 4]]> : tensor<2x3xi32>) : tensor<2x3xi32>
  %c = tosa.concat %a, %r {axis = 0 : i32} : (tensor<2x3xi32>, tensor<2x3xi32>) -> tensor<4x3xi32>
  check.expect_eq_const(%c, dense<[[1, 2, 3], [4, 5, 6], [3, 2, 1], [6, 5, 4]]> : tensor<4x3xi32>) : tensor<4x3xi32>
  return
}
