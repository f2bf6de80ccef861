// Weights as globals: those that nothing changes are constants.
ml_program.global private @w(dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>) : tensor<4xf32>
ml_program.global private @x(dense<[1.0, 2.0, 3.0, 5.0]> : tensor<4xf32>) : tensor<4xf32>
ml_program.global private @s(dense<2.0> : tensor<4xf32>) : tensor<4xf32>
ml_program.global private mutable @m(dense<2.0> : tensor<4xf32>) : tensor<4xf32>
func.func @ok(%x: tensor<4xf32>) -> tensor<4xf32> {
  %a = ml_program.global_load @w : tensor<4xf32>
  %b = ml_program.global_load @w : tensor<4xf32>
  %c = ml_program.global_load @x : tensor<4xf32>
  %d = ml_program.global_load @s : tensor<4xf32>
  %0 = arith.addf %x, %a : tensor<4xf32>
  %1 = arith.mulf %0, %b : tensor<4xf32>
  %2 = arith.mulf %1, %c : tensor<4xf32>
  %3 = arith.addf %2, %d : tensor<4xf32>
  return %3 : tensor<4xf32>
}
func.func @changes(%x: tensor<4xf32>) -> tensor<4xf32> {
  %a = ml_program.global_load @m : tensor<4xf32>
  %0 = arith.addf %x, %a : tensor<4xf32>
  return %0 : tensor<4xf32>
}
