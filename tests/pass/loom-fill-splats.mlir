// RUN: loom opt %s --pass-pipeline='builtin.module(func.func(loom-fill-splats))' | FileCheck %s
// RUN: loom opt %s --pass-pipeline='builtin.module(func.func(loom-fill-splats,loom-fill-splats))' | FileCheck %s

// CHECK-LABEL: func.func @f(
// CHECK: %[[S:.*]] = arith.constant 2.0{{.*}} : f16
// CHECK: %[[E:.*]] = tensor.empty() : tensor<16x16xf16>
// CHECK: linalg.fill ins(%[[S]] : f16) outs(%[[E]] : tensor<16x16xf16>)
// CHECK: arith.constant dense<2.0{{.*}}> : tensor<15x17xf16>
// CHECK: arith.constant dense<1> : vector<256xi32>
func.func @f() -> (tensor<16x16xf16>, tensor<15x17xf16>, vector<256xi32>) {
  %0 = arith.constant dense<2.0> : tensor<16x16xf16>
  %1 = arith.constant dense<2.0> : tensor<15x17xf16>
  %2 = arith.constant dense<1> : vector<256xi32>
  return %0, %1, %2 : tensor<16x16xf16>, tensor<15x17xf16>, vector<256xi32>
}
