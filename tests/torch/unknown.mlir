func.func @f(%x: !torch.vtensor<[2],f32>, %true: !torch.bool) -> !torch.vtensor<[2],f32> {   // RUN: exits 7 loom run %s 2>&1 | FileCheck-22 %s
  %0 = torch.aten.frobnicate %x : !torch.vtensor<[2],f32> -> !torch.vtensor<[2],f32>
  %1 = torch.aten.tanh_ %0 : !torch.vtensor<[2],f32> -> !torch.vtensor<[2],f32>
  return %1 : !torch.vtensor<[2],f32>
}
// CHECK: unknown.mlir:2:8: error: not supported: there is no lowering of 'torch.aten.frobnicate'
// CHECK: unknown.mlir:3:8: error: not supported: there is no lowering of 'torch.aten.tanh_'
