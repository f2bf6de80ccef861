// RUN: loom opt %s --convert-torch-to-linalg -o %t
// RUN: FileCheck-22 %s < %t
// RUN: loom opt %t --convert-torch-to-linalg | diff %t -

// Types in signatures, calls and returns; constants become numbers where somebody takes them; promises about shapes are gone.
// CHECK-LABEL: func.func @layer(
// CHECK-SAME: %arg0: tensor<4x8xf32>, %arg1: tensor<8x2xf32>, %arg2: tensor<2xf32>) -> tensor<4x2xf32>
// CHECK: linalg.matmul
// CHECK: linalg.generic
// CHECK: arith.addf
// CHECK: arith.maximumf
// CHECK-NOT: torch
func.func @layer(%a: !torch.vtensor<[4, 8], f32>, %b: !torch.vtensor<[8,2],f32>, %c: !torch.vtensor<[2],f32>) -> !torch.vtensor<[4,2],f32> {
  %int1 = torch.constant.int 1
  %0 = torch.aten.mm %a, %b : !torch.vtensor<[4,8],f32>, !torch.vtensor<[8,2],f32> -> !torch.vtensor<[4,2],f32>
  %1 = torch.aten.add.Tensor %0, %c, %int1 : !torch.vtensor<[4,2],f32>, !torch.vtensor<[2],f32>, !torch.int -> !torch.vtensor<[4,2],f32>
  %2 = torch.aten.relu %1 : !torch.vtensor<[4,2],f32> -> !torch.vtensor<[4,2],f32>
  return %2 : !torch.vtensor<[4,2],f32>
}

// CHECK-LABEL: func.func @caller(
// CHECK: %[[R:.*]] = call @layer(%arg0, %{{.*}}, %{{.*}}) : (tensor<4x8xf32>, tensor<8x2xf32>, tensor<2xf32>) -> tensor<4x2xf32>
// CHECK: return %[[R]], %{{.*}} : tensor<4x2xf32>, i64
func.func @caller(%a: !torch.vtensor<[4,8],f32>) -> (!torch.vtensor<[4,2],f32>, !torch.int) {
  %w = torch.vtensor.literal(dense<1.0> : tensor<8x2xf32>) : !torch.vtensor<[8,2],f32>
  %c = torch.vtensor.literal(dense<[1.0, 2.0]> : tensor<2xf32>) : !torch.vtensor<[2],f32>
  %7 = torch.constant.int 7
  %r = call @layer(%a, %w, %c) : (!torch.vtensor<[4,8],f32>, !torch.vtensor<[8,2],f32>, !torch.vtensor<[2],f32>) -> !torch.vtensor<[4,2],f32>
  return %r, %7 : !torch.vtensor<[4,2],f32>, !torch.int
}

// What is written over an argument comes back as one more result.
// CHECK-LABEL: func.func @cache(%arg0: tensor<?x4xf32>, %arg1: tensor<?x4xf32>) -> (tensor<?x4xf32>, tensor<?x4xf32>)
// CHECK: tensor.dim
// CHECK: %[[N:.*]] = linalg.generic
// CHECK: return %arg0, %[[N]]
func.func @cache(%x: !torch.vtensor<[?,4],f32>, %cache: !torch.tensor<[?,4],f32>) -> !torch.vtensor<[?,4],f32> {
  %int1 = torch.constant.int 1
  %s = torch.symbolic_int "s0" {min_val = 2, max_val = 100} : !torch.int
  %0 = torch.copy.to_vtensor %cache : !torch.vtensor<[?,4],f32>
  torch.bind_symbolic_shape %0, [%s], affine_map<()[s0] -> (s0, 4)> : !torch.vtensor<[?,4],f32>
  %1 = torch.aten.add.Tensor %0, %x, %int1 : !torch.vtensor<[?,4],f32>, !torch.vtensor<[?,4],f32>, !torch.int -> !torch.vtensor<[?,4],f32>
  torch.overwrite.tensor.contents %1 overwrites %cache : !torch.vtensor<[?,4],f32>, !torch.tensor<[?,4],f32>
  return %x : !torch.vtensor<[?,4],f32>
}

// Branches and loops of a known number of turns.
// CHECK-LABEL: func.func @control(%arg0: i1, %arg1: i64, %arg2: tensor<2xf32>) -> tensor<2xf32>
// CHECK: scf.if %arg0 -> (tensor<2xf32>)
// CHECK: scf.for {{.*}} -> (tensor<2xf32>)
// CHECK-NOT: torch
func.func @control(%c: !torch.bool, %n: !torch.int, %x: !torch.vtensor<[2],f32>) -> !torch.vtensor<[2],f32> {
  %true = torch.constant.bool true
  %0 = torch.prim.If %c -> (!torch.vtensor<[2],f32>) {
    %2 = torch.aten.neg %x : !torch.vtensor<[2],f32> -> !torch.vtensor<[2],f32>
    torch.prim.If.yield %2 : !torch.vtensor<[2],f32>
  } else {
    torch.prim.If.yield %x : !torch.vtensor<[2],f32>
  }
  %1 = torch.prim.Loop %n, %true, init(%0) {
  ^bb0(%i: !torch.int, %y: !torch.vtensor<[2],f32>):
    %3 = torch.aten.mul.Scalar %y, %i : !torch.vtensor<[2],f32>, !torch.int -> !torch.vtensor<[2],f32>
    torch.prim.Loop.condition %true, iter(%3 : !torch.vtensor<[2],f32>)
  } : (!torch.int, !torch.bool, !torch.vtensor<[2],f32>) -> !torch.vtensor<[2],f32>
  return %1 : !torch.vtensor<[2],f32>
}
