// RUN: loom run %s --input 2xf32=1,2 --input 2xf32=10,20 | FileCheck-22 %s
// What is written over an argument comes back behind the results; a buffer may be several results.
// CHECK: result[0]
// CHECK-NEXT: 2xf32=11 22
// CHECK: result[1]
// CHECK-NEXT: 2xf32=11 22
// CHECK: result[2]
// CHECK-NEXT: 2xf32=11 22
func.func @main(%x: !torch.vtensor<[2],f32>, %state: !torch.tensor<[2],f32>) -> (!torch.vtensor<[2],f32>, !torch.vtensor<[2],f32>) {
  %int1 = torch.constant.int 1
  %0 = torch.copy.to_vtensor %state : !torch.vtensor<[2],f32>
  %1 = torch.aten.add.Tensor %0, %x, %int1 : !torch.vtensor<[2],f32>, !torch.vtensor<[2],f32>, !torch.int -> !torch.vtensor<[2],f32>
  torch.overwrite.tensor.contents %1 overwrites %state : !torch.vtensor<[2],f32>, !torch.tensor<[2],f32>
  return %1, %1 : !torch.vtensor<[2],f32>, !torch.vtensor<[2],f32>
}
