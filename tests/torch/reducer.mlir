// A reducer that takes one of its arguments twice is no sum, although it is one operation on its arguments.
// RUN: exits 7 loom run %s 2>&1 | FileCheck %s
func.func @f(%x: tensor<2x3xf32>, %z: tensor<f32>) -> tensor<2xf32> {
  // CHECK: reducer.mlir:[[@LINE+1]]:8: error: not supported: stablehlo.reduce: the reducer is more than one operation on its two arguments
  %r = "stablehlo.reduce"(%x, %z) <{dimensions = array<i64: 1>}> ({
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    %m = "stablehlo.add"(%a, %a) : (tensor<f32>, tensor<f32>) -> tensor<f32>
    "stablehlo.return"(%m) : (tensor<f32>) -> ()
  }) : (tensor<2x3xf32>, tensor<f32>) -> tensor<2xf32>
  return %r : tensor<2xf32>
}
