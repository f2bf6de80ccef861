// RUN: loom opt %s --pass-pipeline='builtin.module(loom-lower-pack)' | FileCheck %s
// RUN: loom opt %s --pass-pipeline='builtin.module(loom-lower-pack,loom-lower-pack)' | FileCheck %s
// What it computes is checked in tests/cli/program-numbers.test.

// CHECK-LABEL: func.func @pack(
// CHECK-NOT: linalg.pack
// CHECK: call @loom_pack_0(%arg0, %{{.*}}, %{{.*}}, %arg1) : (tensor<5x?xf32>, tensor<?x2x3x?xf32>, f32, index) -> tensor<?x2x3x?xf32>
func.func @pack(%a: tensor<5x?xf32>, %t: index, %n: index) -> tensor<?x2x3x?xf32> {
  %pad = arith.constant 9.0 : f32
  %e = tensor.empty(%n, %t) : tensor<?x2x3x?xf32>
  %r = linalg.pack %a padding_value(%pad : f32) outer_dims_perm = [1, 0] inner_dims_pos = [0, 1] inner_tiles = [3, %t] into %e : tensor<5x?xf32> -> tensor<?x2x3x?xf32>
  return %r : tensor<?x2x3x?xf32>
}
// CHECK-LABEL: func.func @unpack(
// CHECK: call @loom_unpack_0
func.func @unpack(%a: tensor<2x3x4xf32>) -> tensor<7x3xf32> {
  %e = tensor.empty() : tensor<7x3xf32>
  %r = linalg.unpack %a inner_dims_pos = [0] inner_tiles = [4] into %e : tensor<2x3x4xf32> -> tensor<7x3xf32>
  return %r : tensor<7x3xf32>
}
// CHECK-LABEL: func.func private @loom_pack_0(
// CHECK: linalg.generic
// CHECK: arith.cmpi ult
// CHECK: scf.if
// CHECK: tensor.extract
// CHECK-LABEL: func.func private @loom_unpack_0(
// CHECK: arith.divui
// CHECK: arith.remui
// CHECK: tensor.extract
