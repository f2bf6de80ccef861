// Places that tensors say: those that are made up are within, and one that is outside is an error with its operation.  Oracle: PyTorch's rules.
// RUN: for f in embedding put gathered in_two "rows --shape w.0=3,ids.0=9"; do for s in 1 2 3 4; do loom run %s --function $f --seed $s || exit 1; done; done > /dev/null
// RUN: loom run %s --function paged --shape table.0=3,pages.0=2 --seed 5 | FileCheck-22 %s --check-prefix=PAGED
// PAGED: 2x4xf32=
// RUN: exits 1 loom run %s --function embedding --input 8x4xf32=1 --input 2x3xi64=1,2,3,9,0,5 2>&1 | FileCheck-22 %s --check-prefix=EMBEDDING
// EMBEDDING: places.mlir:[[#@LINE+24]]:8: error: the index 9 is outside of dim 0 of tensor<8x4xf32>, which has 8 elements
// RUN: exits 1 loom run %s --function embedding --input 8x4xf32=1 --input 2x3xi64=1,2,-3,7,0,5 2>&1 | FileCheck-22 %s --check-prefix=NEGATIVE
// NEGATIVE: error: the index -3 is outside of dim 0
// RUN: loom run %s --function put --input 8x4xf32=1 --input 3xi64=1,7,-3 --input 3x4xf32=2 | FileCheck-22 %s --check-prefix=PUT
// PUT: 8x4xf32=[1 1 1 1][2 2 2 2][1 1 1 1][1 1 1 1][1 1 1 1][2 2 2 2][1 1 1 1][2 2 2 2]
// RUN: exits 1 loom run %s --function put --input 8x4xf32=1 --input 3xi64=1,8,3 --input 3x4xf32=2 2>&1 | FileCheck-22 %s --check-prefix=OUTSIDE
// OUTSIDE: error: the index 8 is outside of dim 0 of tensor<8x4xf32>, which has 8 elements
// RUN: exits 1 loom run %s --function gathered --input 8x4xf32=1 --input 2x4xi64=0,1,2,7,8,1,2,3 2>&1 | FileCheck-22 %s --check-prefix=GATHERED
// GATHERED: error: the index 8 is outside of dim 0 of tensor<8x4xf32>
// RUN: exits 1 loom run %s --function in_two --input 8x4xf32=1 --input 5xi64=0,1,2,3,4 --input 5xi64=0,1,4,3,2 2>&1 | FileCheck-22 %s --check-prefix=TWO
// TWO: error: the index 4 is outside of dim 1 of tensor<8x4xf32>, which has 4 elements
// RUN: exits 1 loom run %s --function paged --input 3x2x4xf32=1 --input 2xi64=1,3 2>&1 | FileCheck-22 %s --check-prefix=OPEN
// OPEN: error: the index 7 is outside of dim 0 of tensor<?x4xf32>, which has 6 elements
// As kernels of this CPU, too.
// RUN: for f in embedding put gathered in_two "rows --shape w.0=3,ids.0=9"; do loom run %s --machine host --function $f --check || exit 1; done > /dev/null
// RUN: exits 1 loom run %s --machine host --function embedding --input 8x4xf32=1 --input 2x3xi64=1,2,3,900000000,0,5 2>&1 | FileCheck-22 %s --check-prefix=KERNEL
// KERNEL: places.mlir:[[#@LINE+8]]:8: error: the index 900000000 is outside of dim 0 of w, which has 8 elements
// RUN: exits 1 loom run %s --machine host --function put --input 8x4xf32=1 --input 3xi64=1,800000000,3 --input 3x4xf32=2 2>&1 | FileCheck-22 %s --check-prefix=STORED
// STORED: error: the index -1 is outside of dim 0 of {{.*}}, which has 8 elements
// RUN: loom run %s --function rows --input 0x4xf32 --input 0xi64 | FileCheck-22 %s --check-prefix=NONE
// NONE: 0x4xf32=
func.func @embedding(%w: !torch.vtensor<[8,4],f32>, %ids: !torch.vtensor<[2,3],si64>) -> !torch.vtensor<[2,3,4],f32> {
  %m1 = torch.constant.int -1
  %false = torch.constant.bool false
  %0 = torch.aten.embedding %w, %ids, %m1, %false, %false : !torch.vtensor<[8,4],f32>, !torch.vtensor<[2,3],si64>, !torch.int, !torch.bool, !torch.bool -> !torch.vtensor<[2,3,4],f32>
  return %0 : !torch.vtensor<[2,3,4],f32>
}
func.func @put(%w: !torch.vtensor<[8,4],f32>, %ids: !torch.vtensor<[3],si64>, %v: !torch.vtensor<[3,4],f32>) -> !torch.vtensor<[8,4],f32> {
  %false = torch.constant.bool false
  %l = torch.prim.ListConstruct %ids : (!torch.vtensor<[3],si64>) -> !torch.list<optional<vtensor>>
  %0 = torch.aten.index_put %w, %l, %v, %false : !torch.vtensor<[8,4],f32>, !torch.list<optional<vtensor>>, !torch.vtensor<[3,4],f32>, !torch.bool -> !torch.vtensor<[8,4],f32>
  return %0 : !torch.vtensor<[8,4],f32>
}
func.func @gathered(%w: !torch.vtensor<[8,4],f32>, %ids: !torch.vtensor<[2,4],si64>) -> !torch.vtensor<[2,4],f32> {
  %d = torch.constant.int 0
  %false = torch.constant.bool false
  %0 = torch.aten.gather %w, %d, %ids, %false : !torch.vtensor<[8,4],f32>, !torch.int, !torch.vtensor<[2,4],si64>, !torch.bool -> !torch.vtensor<[2,4],f32>
  return %0 : !torch.vtensor<[2,4],f32>
}
func.func @in_two(%w: !torch.vtensor<[8,4],f32>, %i: !torch.vtensor<[5],si64>, %k: !torch.vtensor<[5],si64>) -> !torch.vtensor<[5],f32> {
  %l = torch.prim.ListConstruct %i, %k : (!torch.vtensor<[5],si64>, !torch.vtensor<[5],si64>) -> !torch.list<optional<vtensor>>
  %0 = torch.aten.index.Tensor %w, %l : !torch.vtensor<[8,4],f32>, !torch.list<optional<vtensor>> -> !torch.vtensor<[5],f32>
  return %0 : !torch.vtensor<[5],f32>
}
func.func @rows(%w: !torch.vtensor<[?,4],f32>, %ids: !torch.vtensor<[?],si64>) -> !torch.vtensor<[?,4],f32> {
  %d = torch.constant.int 0
  %0 = torch.aten.index_select %w, %d, %ids : !torch.vtensor<[?,4],f32>, !torch.int, !torch.vtensor<[?],si64> -> !torch.vtensor<[?,4],f32>
  return %0 : !torch.vtensor<[?,4],f32>
}
// The second of two rows of each page: place 2 * page + 1.
func.func @paged(%table: !torch.vtensor<[?,2,4],f32>, %pages: !torch.vtensor<[?],si64>) -> !torch.vtensor<[?,4],f32> {
  %0 = torch.constant.int 0
  %1 = torch.constant.int 1
  %2 = torch.constant.int 2
  %4 = torch.constant.int 4
  %n = torch.aten.size.int %table, %0 : !torch.vtensor<[?,2,4],f32>, !torch.int -> !torch.int
  %m = torch.aten.mul.int %n, %2 : !torch.int, !torch.int -> !torch.int
  %shape = torch.prim.ListConstruct %m, %4 : (!torch.int, !torch.int) -> !torch.list<int>
  %flat = torch.aten.view %table, %shape : !torch.vtensor<[?,2,4],f32>, !torch.list<int> -> !torch.vtensor<[?,4],f32>
  %twice = torch.aten.mul.Scalar %pages, %2 : !torch.vtensor<[?],si64>, !torch.int -> !torch.vtensor<[?],si64>
  %second = torch.aten.add.Scalar %twice, %1, %1 : !torch.vtensor<[?],si64>, !torch.int, !torch.int -> !torch.vtensor<[?],si64>
  %r = torch.aten.index_select %flat, %0, %second : !torch.vtensor<[?,4],f32>, !torch.int, !torch.vtensor<[?],si64> -> !torch.vtensor<[?,4],f32>
  return %r : !torch.vtensor<[?,4],f32>
}
