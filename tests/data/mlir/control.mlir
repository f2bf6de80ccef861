func.func @branches() {
  %a = util.unfoldable_constant dense<[1, 2]> : tensor<2xi32>
  %t = util.unfoldable_constant true
  %r = scf.if %t -> tensor<2xi32> {
    %s = arith.addi %a, %a : tensor<2xi32>
    scf.yield %s : tensor<2xi32>
  } else {
    scf.yield %a : tensor<2xi32>
  }
  check.expect_eq_const(%r, dense<[2, 4]> : tensor<2xi32>) : tensor<2xi32>
  return
}
// Tensors that grow from round to round are freed, and the one before is not written over.
func.func @loops() {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = util.unfoldable_constant 4 : index
  %first = util.unfoldable_constant dense<1.0> : tensor<1xf32>
  %start = tensor.cast %first : tensor<1xf32> to tensor<?xf32>
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%acc = %start) -> tensor<?xf32> {
    %next = tensor.concat dim(0) %acc, %acc : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
    scf.yield %next : tensor<?xf32>
  }
  %d = tensor.dim %r, %c0 : tensor<?xf32>
  %i = arith.index_cast %d : index to i32
  %want = arith.constant 16 : i32
  %is = arith.cmpi eq, %i, %want : i32
  check.expect_true(%is) : i1
  check.expect_eq_const(%first, dense<1.0> : tensor<1xf32>) : tensor<1xf32>
  return
}
func.func @recursion() {
  %n = util.unfoldable_constant 10 : i32
  %f = func.call @fibonacci(%n) : (i32) -> i32
  %t = tensor.from_elements %f : tensor<1xi32>
  check.expect_eq_const(%t, dense<55> : tensor<1xi32>) : tensor<1xi32>
  return
}
func.func private @fibonacci(%n: i32) -> i32 {
  %one = arith.constant 1 : i32
  %two = arith.constant 2 : i32
  %small = arith.cmpi sle, %n, %one : i32
  cf.cond_br %small, ^done(%n : i32), ^more
^more:
  %a = arith.subi %n, %one : i32
  %b = arith.subi %n, %two : i32
  %x = func.call @fibonacci(%a) : (i32) -> i32
  %y = func.call @fibonacci(%b) : (i32) -> i32
  %s = arith.addi %x, %y : i32
  cf.br ^done(%s : i32)
^done(%r: i32):
  return %r : i32
}
util.global private mutable @total = dense<0.0> : tensor<f32>
util.func private @add(%x: tensor<f32>) {
  %t = util.global.load @total : tensor<f32>
  %s = arith.addf %t, %x : tensor<f32>
  util.global.store %s, @total : tensor<f32>
  util.return
}
func.func @globals() {
  %x = util.unfoldable_constant dense<1.5> : tensor<f32>
  util.call @add(%x) : (tensor<f32>) -> ()
  util.call @add(%x) : (tensor<f32>) -> ()
  %t = util.global.load @total : tensor<f32>
  check.expect_eq_const(%t, dense<3.0> : tensor<f32>) : tensor<f32>
  return
}
