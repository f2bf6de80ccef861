// As exporters write a batch of any size and a sequence in blocks of 4.
func.func @rows(%ids: !torch.vtensor<[?,?],f32>, %blocks: !torch.vtensor<[?],f32>, %w: !torch.vtensor<[?],f32>) -> !torch.vtensor<[?,?],f32> {
  %s0 = torch.symbolic_int "s0" {min_val = 2, max_val = 8} : !torch.int
  %s1 = torch.symbolic_int "s1" {min_val = 2, max_val = 9223372036854775806} : !torch.int
  torch.bind_symbolic_shape %ids, [%s0, %s1], affine_map<()[s0, s1] -> (s0, s1 * 4)> : !torch.vtensor<[?,?],f32>
  torch.bind_symbolic_shape %blocks, [%s1], affine_map<()[s0] -> (s0)> : !torch.vtensor<[?],f32>
  torch.bind_symbolic_shape %w, [%s1], affine_map<()[s0] -> (s0 * 4)> : !torch.vtensor<[?],f32>
  %0 = torch.aten.mul.Tensor %ids, %w : !torch.vtensor<[?,?],f32>, !torch.vtensor<[?],f32> -> !torch.vtensor<[?,?],f32>
  torch.bind_symbolic_shape %0, [%s0, %s1], affine_map<()[s0, s1] -> (s0, s1 * 4)> : !torch.vtensor<[?,?],f32>
  %1 = torch.constant.int -1
  %none = torch.constant.none
  %2 = torch.aten.softmax.int %0, %1, %none : !torch.vtensor<[?,?],f32>, !torch.int, !torch.none -> !torch.vtensor<[?,?],f32>
  %c0 = torch.constant.int 0
  %n = torch.aten.size.int %blocks, %c0 : !torch.vtensor<[?],f32>, !torch.int -> !torch.int
  %b = torch.aten.size.int %ids, %c0 : !torch.vtensor<[?,?],f32>, !torch.int -> !torch.int
  %c4 = torch.constant.int 4
  %shape = torch.prim.ListConstruct %b, %n, %c4 : (!torch.int, !torch.int, !torch.int) -> !torch.list<int>
  %3 = torch.aten.view %2, %shape : !torch.vtensor<[?,?],f32>, !torch.list<int> -> !torch.vtensor<[?,?,4],f32>
  %false = torch.constant.bool false
  %dims = torch.prim.ListConstruct %1 : (!torch.int) -> !torch.list<int>
  %4 = torch.aten.sum.dim_IntList %3, %dims, %false, %none : !torch.vtensor<[?,?,4],f32>, !torch.list<int>, !torch.bool, !torch.none -> !torch.vtensor<[?,?],f32>
  %5 = torch.aten.add.Tensor %4, %blocks, %c4 : !torch.vtensor<[?,?],f32>, !torch.vtensor<[?],f32>, !torch.int -> !torch.vtensor<[?,?],f32>
  return %5 : !torch.vtensor<[?,?],f32>
}
// A view that takes elements from dim to dim.
func.func @regrouped(%x: !torch.vtensor<[?,?],f32>) -> !torch.vtensor<[?,?],f32> {
  %c0 = torch.constant.int 0
  %c1 = torch.constant.int 1
  %m = torch.aten.size.int %x, %c0 : !torch.vtensor<[?,?],f32>, !torch.int -> !torch.int
  %n = torch.aten.size.int %x, %c1 : !torch.vtensor<[?,?],f32>, !torch.int -> !torch.int
  %shape = torch.prim.ListConstruct %n, %m : (!torch.int, !torch.int) -> !torch.list<int>
  %r = torch.aten.view %x, %shape : !torch.vtensor<[?,?],f32>, !torch.list<int> -> !torch.vtensor<[?,?],f32>
  return %r : !torch.vtensor<[?,?],f32>
}
