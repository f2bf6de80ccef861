// RUN: loom opt %s --allow-unregistered-dialect --pass-pipeline='builtin.module(func.func(convert-torch-to-mips))' | FileCheck %s
// RUN: loom opt %s --allow-unregistered-dialect --pass-pipeline='builtin.module(func.func(convert-torch-to-mips,convert-torch-to-mips))' | FileCheck %s
// RUN: loom opt %s --allow-unregistered-dialect --pass-pipeline='builtin.module(func.func(convert-torch-to-mips),convert-torch-to-linalg)' | FileCheck %s --check-prefix=LINALG

// CHECK-LABEL: func.func @static(
// CHECK: %[[A:.*]] = "torch_c.to_builtin_tensor"(%{{.*}}) : (!torch.vtensor<[4,8],f32>) -> tensor<4x8xf32>
// CHECK: %[[B:.*]] = "torch_c.to_builtin_tensor"(%{{.*}}) : (!torch.vtensor<[8,2],f32>) -> tensor<8x2xf32>
// CHECK: %[[E:.*]] = tensor.empty() : tensor<4x2xf32>
// CHECK: %[[Z:.*]] = linalg.fill ins({{.*}}) outs(%[[E]] : tensor<4x2xf32>)
// CHECK: %[[P:.*]] = "mips.matmul"(%[[A]], %[[B]], %[[Z]]) : (tensor<4x8xf32>, tensor<8x2xf32>, tensor<4x2xf32>) -> tensor<4x2xf32>
// CHECK: "torch_c.from_builtin_tensor"(%[[P]]) : (tensor<4x2xf32>) -> !torch.vtensor<[4,2],f32>
// CHECK-NOT: torch.aten.mm
// LINALG-LABEL: func.func @static(%{{.*}}: tensor<4x8xf32>, %{{.*}}: tensor<8x2xf32>) -> tensor<4x2xf32>
// LINALG: %[[P:.*]] = "mips.matmul"
// LINALG: return %[[P]]
func.func @static(%a: !torch.vtensor<[4,8],f32>, %b: !torch.vtensor<[8,2],f32>) -> !torch.vtensor<[4,2],f32> {
  %0 = torch.aten.mm %a, %b : !torch.vtensor<[4,8],f32>, !torch.vtensor<[8,2],f32> -> !torch.vtensor<[4,2],f32>
  return %0 : !torch.vtensor<[4,2],f32>
}

// CHECK-LABEL: func.func @open(
// CHECK: tensor.dim
// CHECK: tensor.empty(%{{.*}}) : tensor<?x2xf32>
// CHECK: "mips.matmul"{{.*}} -> tensor<?x2xf32>
func.func @open(%a: !torch.vtensor<[?,8],f32>, %b: !torch.vtensor<[8,2],f32>) -> !torch.vtensor<[?,2],f32> {
  %0 = torch.aten.mm %a, %b : !torch.vtensor<[?,8],f32>, !torch.vtensor<[8,2],f32> -> !torch.vtensor<[?,2],f32>
  return %0 : !torch.vtensor<[?,2],f32>
}

// Other element types are left to the generic lowering.
// CHECK-LABEL: func.func @whole_numbers(
// CHECK-NOT: mips.matmul
// CHECK: torch.aten.mm
// LINALG-LABEL: func.func @whole_numbers(
// LINALG: linalg.matmul
func.func @whole_numbers(%a: !torch.vtensor<[4,8],si32>, %b: !torch.vtensor<[8,2],si32>) -> !torch.vtensor<[4,2],si32> {
  %0 = torch.aten.mm %a, %b : !torch.vtensor<[4,8],si32>, !torch.vtensor<[8,2],si32> -> !torch.vtensor<[4,2],si32>
  return %0 : !torch.vtensor<[4,2],si32>
}
