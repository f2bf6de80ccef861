// Sorts, the greatest of rows, their places, and what is taken by them.
func.func @sorted(%x: !torch.vtensor<[3,20],f32>) -> (!torch.vtensor<[3,20],f32>, !torch.vtensor<[3,20],si64>) {
  %d = torch.constant.int -1
  %t = torch.constant.bool true
  %v, %i = torch.aten.sort %x, %d, %t : !torch.vtensor<[3,20],f32>, !torch.int, !torch.bool -> !torch.vtensor<[3,20],f32>, !torch.vtensor<[3,20],si64>
  return %v, %i : !torch.vtensor<[3,20],f32>, !torch.vtensor<[3,20],si64>
}
// The indices come from numbers that rounding may change: what is taken by them has no bound in the whole, and each kernel is right.
func.func @routed(%x: !torch.vtensor<[6,8],f32>, %w: !torch.vtensor<[8,10],f32>, %e: !torch.vtensor<[10,5],f32>) -> (!torch.vtensor<[6,3,5],f32>, !torch.vtensor<[6],si64>) {
  %d = torch.constant.int -1
  %k = torch.constant.int 3
  %t = torch.constant.bool true
  %f = torch.constant.bool false
  %s = torch.aten.mm %x, %w : !torch.vtensor<[6,8],f32>, !torch.vtensor<[8,10],f32> -> !torch.vtensor<[6,10],f32>
  %v, %i = torch.aten.topk %s, %k, %d, %t, %t : !torch.vtensor<[6,10],f32>, !torch.int, !torch.int, !torch.bool, !torch.bool -> !torch.vtensor<[6,3],f32>, !torch.vtensor<[6,3],si64>
  %r = torch.aten.embedding %e, %i, %d, %f, %f : !torch.vtensor<[10,5],f32>, !torch.vtensor<[6,3],si64>, !torch.int, !torch.bool, !torch.bool -> !torch.vtensor<[6,3,5],f32>
  %a = torch.aten.argmax %s, %d, %f : !torch.vtensor<[6,10],f32>, !torch.int, !torch.bool -> !torch.vtensor<[6],si64>
  return %r, %a : !torch.vtensor<[6,3,5],f32>, !torch.vtensor<[6],si64>
}
func.func @running(%x: !torch.vtensor<[4,3,30],f32>) -> (!torch.vtensor<[4,3,30],f32>, !torch.vtensor<[4,3,30],f32>) {
  %a = torch.constant.int -1
  %b = torch.constant.int 0
  %n = torch.constant.none
  %r = torch.aten.cumsum %x, %a, %n : !torch.vtensor<[4,3,30],f32>, !torch.int, !torch.none -> !torch.vtensor<[4,3,30],f32>
  %s = torch.aten.cumsum %r, %b, %n : !torch.vtensor<[4,3,30],f32>, !torch.int, !torch.none -> !torch.vtensor<[4,3,30],f32>
  return %r, %s : !torch.vtensor<[4,3,30],f32>, !torch.vtensor<[4,3,30],f32>
}
func.func @added(%x: !torch.vtensor<[5,6],f32>, %i: !torch.vtensor<[4,6],si64>, %v: !torch.vtensor<[4,6],f32>, %rows: !torch.vtensor<[9],si64>, %w: !torch.vtensor<[9,6],f32>) -> (!torch.vtensor<[5,6],f32>, !torch.vtensor<[5,6],f32>) {
  %b = torch.constant.int 0
  %t = torch.constant.bool true
  %r = torch.aten.scatter_add %x, %b, %i, %v : !torch.vtensor<[5,6],f32>, !torch.int, !torch.vtensor<[4,6],si64>, !torch.vtensor<[4,6],f32> -> !torch.vtensor<[5,6],f32>
  %l = torch.prim.ListConstruct %rows : (!torch.vtensor<[9],si64>) -> !torch.list<vtensor>
  %s = torch.aten.index_put %r, %l, %w, %t : !torch.vtensor<[5,6],f32>, !torch.list<vtensor>, !torch.vtensor<[9,6],f32>, !torch.bool -> !torch.vtensor<[5,6],f32>
  return %r, %s : !torch.vtensor<[5,6],f32>, !torch.vtensor<[5,6],f32>
}
// Places that nobody asks for.
func.func @pooled(%x: !torch.vtensor<[1,3,9,9],f32>) -> !torch.vtensor<[1,3,5,5],f32> {
  %1 = torch.constant.int 1
  %2 = torch.constant.int 2
  %3 = torch.constant.int 3
  %f = torch.constant.bool false
  %k = torch.prim.ListConstruct %3, %3 : (!torch.int, !torch.int) -> !torch.list<int>
  %s = torch.prim.ListConstruct %2, %2 : (!torch.int, !torch.int) -> !torch.list<int>
  %p = torch.prim.ListConstruct %1, %1 : (!torch.int, !torch.int) -> !torch.list<int>
  %v, %i = torch.aten.max_pool2d_with_indices %x, %k, %s, %p, %p, %f : !torch.vtensor<[1,3,9,9],f32>, !torch.list<int>, !torch.list<int>, !torch.list<int>, !torch.list<int>, !torch.bool -> !torch.vtensor<[1,3,5,5],f32>, !torch.vtensor<[1,3,5,5],si64>
  return %v : !torch.vtensor<[1,3,5,5],f32>
}
