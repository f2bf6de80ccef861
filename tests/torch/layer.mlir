// RUN: loom run %s --function main --input '2x3xf32=[[1 2 3][-1 0 1]]' --input '3x2xf32=1,-1,0,1,2,-4' --input 2xf32=0.5,0.25 | FileCheck-22 %s
// CHECK: 2x2xf32=[7.5 0][1.5 0]
func.func @main(%x: !torch.vtensor<[2,3],f32>, %w: !torch.vtensor<[3,2],f32>, %b: !torch.vtensor<[2],f32>) -> !torch.vtensor<[2,2],f32> {
  %int1 = torch.constant.int 1
  %0 = torch.aten.mm %x, %w : !torch.vtensor<[2,3],f32>, !torch.vtensor<[3,2],f32> -> !torch.vtensor<[2,2],f32>
  %1 = torch.aten.add.Tensor %0, %b, %int1 : !torch.vtensor<[2,2],f32>, !torch.vtensor<[2],f32>, !torch.int -> !torch.vtensor<[2,2],f32>
  %2 = torch.aten.relu %1 : !torch.vtensor<[2,2],f32> -> !torch.vtensor<[2,2],f32>
  return %2 : !torch.vtensor<[2,2],f32>
}
