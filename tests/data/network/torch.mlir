// The same kinds of layers as torch-mlir exports them.
func.func @attention(%q: !torch.vtensor<[1,4,13,8],f32>, %k: !torch.vtensor<[1,4,17,8],f32>, %v: !torch.vtensor<[1,4,17,8],f32>) -> !torch.vtensor<[1,4,13,8],f32> {
  %none = torch.constant.none
  %f = torch.constant.float 0.0
  %false = torch.constant.bool false
  %r = torch.aten.scaled_dot_product_attention %q, %k, %v, %none, %f, %false, %none, %false : !torch.vtensor<[1,4,13,8],f32>, !torch.vtensor<[1,4,17,8],f32>, !torch.vtensor<[1,4,17,8],f32>, !torch.none, !torch.float, !torch.bool, !torch.none, !torch.bool -> !torch.vtensor<[1,4,13,8],f32>
  return %r : !torch.vtensor<[1,4,13,8],f32>
}
func.func @causal_gqa(%q: !torch.vtensor<[2,6,11,16],f32>, %k: !torch.vtensor<[2,2,11,16],f32>, %v: !torch.vtensor<[2,2,11,16],f32>) -> !torch.vtensor<[2,6,11,16],f32> {
  %none = torch.constant.none
  %f = torch.constant.float 0.0
  %true = torch.constant.bool true
  %r = torch.aten.scaled_dot_product_attention %q, %k, %v, %none, %f, %true, %none, %true : !torch.vtensor<[2,6,11,16],f32>, !torch.vtensor<[2,2,11,16],f32>, !torch.vtensor<[2,2,11,16],f32>, !torch.none, !torch.float, !torch.bool, !torch.none, !torch.bool -> !torch.vtensor<[2,6,11,16],f32>
  return %r : !torch.vtensor<[2,6,11,16],f32>
}
func.func @linear(%x: !torch.vtensor<[2,7,24],f32>, %w: !torch.vtensor<[19,24],f32>, %b: !torch.vtensor<[19],f32>) -> !torch.vtensor<[2,7,19],f32> {
  %r = torch.aten.linear %x, %w, %b : !torch.vtensor<[2,7,24],f32>, !torch.vtensor<[19,24],f32>, !torch.vtensor<[19],f32> -> !torch.vtensor<[2,7,19],f32>
  %g = torch.constant.str "none"
  %y = torch.aten.gelu %r, %g : !torch.vtensor<[2,7,19],f32>, !torch.str -> !torch.vtensor<[2,7,19],f32>
  return %y : !torch.vtensor<[2,7,19],f32>
}
func.func @conv(%x: !torch.vtensor<[2,6,9,11],f32>, %w: !torch.vtensor<[10,3,3,3],f32>, %b: !torch.vtensor<[10],f32>) -> !torch.vtensor<[2,10,5,6],f32> {
  %1 = torch.constant.int 1
  %2 = torch.constant.int 2
  %0 = torch.constant.int 0
  %false = torch.constant.bool false
  %s = torch.prim.ListConstruct %2, %2 : (!torch.int, !torch.int) -> !torch.list<int>
  %p = torch.prim.ListConstruct %1, %1 : (!torch.int, !torch.int) -> !torch.list<int>
  %d = torch.prim.ListConstruct %1, %1 : (!torch.int, !torch.int) -> !torch.list<int>
  %o = torch.prim.ListConstruct  : () -> !torch.list<int>
  %r = torch.aten.convolution %x, %w, %b, %s, %p, %d, %false, %o, %2 : !torch.vtensor<[2,6,9,11],f32>, !torch.vtensor<[10,3,3,3],f32>, !torch.vtensor<[10],f32>, !torch.list<int>, !torch.list<int>, !torch.list<int>, !torch.bool, !torch.list<int>, !torch.int -> !torch.vtensor<[2,10,5,6],f32>
  %y = torch.aten.relu %r : !torch.vtensor<[2,10,5,6],f32> -> !torch.vtensor<[2,10,5,6],f32>
  return %y : !torch.vtensor<[2,10,5,6],f32>
}
func.func @depthwise(%x: !torch.vtensor<[1,6,9,11],f32>, %w: !torch.vtensor<[6,1,3,3],f32>) -> !torch.vtensor<[1,6,9,11],f32> {
  %1 = torch.constant.int 1
  %6 = torch.constant.int 6
  %none = torch.constant.none
  %false = torch.constant.bool false
  %p = torch.prim.ListConstruct %1, %1 : (!torch.int, !torch.int) -> !torch.list<int>
  %o = torch.prim.ListConstruct  : () -> !torch.list<int>
  %r = torch.aten.convolution %x, %w, %none, %p, %p, %p, %false, %o, %6 : !torch.vtensor<[1,6,9,11],f32>, !torch.vtensor<[6,1,3,3],f32>, !torch.none, !torch.list<int>, !torch.list<int>, !torch.list<int>, !torch.bool, !torch.list<int>, !torch.int -> !torch.vtensor<[1,6,9,11],f32>
  return %r : !torch.vtensor<[1,6,9,11],f32>
}
func.func @max_pool(%x: !torch.vtensor<[1,6,9,11],f32>) -> !torch.vtensor<[1,6,5,6],f32> {
  %1 = torch.constant.int 1
  %2 = torch.constant.int 2
  %3 = torch.constant.int 3
  %false = torch.constant.bool false
  %k = torch.prim.ListConstruct %3, %3 : (!torch.int, !torch.int) -> !torch.list<int>
  %s = torch.prim.ListConstruct %2, %2 : (!torch.int, !torch.int) -> !torch.list<int>
  %p = torch.prim.ListConstruct %1, %1 : (!torch.int, !torch.int) -> !torch.list<int>
  %r = torch.aten.max_pool2d %x, %k, %s, %p, %p, %false : !torch.vtensor<[1,6,9,11],f32>, !torch.list<int>, !torch.list<int>, !torch.list<int>, !torch.list<int>, !torch.bool -> !torch.vtensor<[1,6,5,6],f32>
  return %r : !torch.vtensor<[1,6,5,6],f32>
}
func.func @avg_pool(%x: !torch.vtensor<[1,6,9,11],f32>) -> !torch.vtensor<[1,6,4,5],f32> {
  %0 = torch.constant.int 0
  %2 = torch.constant.int 2
  %none = torch.constant.none
  %true = torch.constant.bool true
  %false = torch.constant.bool false
  %k = torch.prim.ListConstruct %2, %2 : (!torch.int, !torch.int) -> !torch.list<int>
  %p = torch.prim.ListConstruct %0, %0 : (!torch.int, !torch.int) -> !torch.list<int>
  %r = torch.aten.avg_pool2d %x, %k, %k, %p, %false, %true, %none : !torch.vtensor<[1,6,9,11],f32>, !torch.list<int>, !torch.list<int>, !torch.list<int>, !torch.bool, !torch.bool, !torch.none -> !torch.vtensor<[1,6,4,5],f32>
  return %r : !torch.vtensor<[1,6,4,5],f32>
}
func.func @layer_norm(%x: !torch.vtensor<[3,7,29],f32>, %w: !torch.vtensor<[29],f32>, %b: !torch.vtensor<[29],f32>) -> !torch.vtensor<[3,7,29],f32> {
  %29 = torch.constant.int 29
  %eps = torch.constant.float 1.0e-5
  %false = torch.constant.bool false
  %n = torch.prim.ListConstruct %29 : (!torch.int) -> !torch.list<int>
  %r = torch.aten.layer_norm %x, %n, %w, %b, %eps, %false : !torch.vtensor<[3,7,29],f32>, !torch.list<int>, !torch.vtensor<[29],f32>, !torch.vtensor<[29],f32>, !torch.float, !torch.bool -> !torch.vtensor<[3,7,29],f32>
  return %r : !torch.vtensor<[3,7,29],f32>
}
func.func @batch_norm(%x: !torch.vtensor<[2,5,7,3],f32>, %w: !torch.vtensor<[5],f32>, %b: !torch.vtensor<[5],f32>, %m: !torch.vtensor<[5],f32>) -> !torch.vtensor<[2,5,7,3],f32> {
  %eps = torch.constant.float 1.0e-5
  %mom = torch.constant.float 0.1
  %false = torch.constant.bool false
  %one = torch.vtensor.literal(dense<1.5> : tensor<5xf32>) : !torch.vtensor<[5],f32>
  %r = torch.aten.batch_norm %x, %w, %b, %m, %one, %false, %mom, %eps, %false : !torch.vtensor<[2,5,7,3],f32>, !torch.vtensor<[5],f32>, !torch.vtensor<[5],f32>, !torch.vtensor<[5],f32>, !torch.vtensor<[5],f32>, !torch.bool, !torch.float, !torch.float, !torch.bool -> !torch.vtensor<[2,5,7,3],f32>
  return %r : !torch.vtensor<[2,5,7,3],f32>
}
func.func @cat(%x: !torch.vtensor<[3,7],f32>, %y: !torch.vtensor<[3,5],f32>) -> !torch.vtensor<[3,12],f32> {
  %1 = torch.constant.int 1
  %l = torch.prim.ListConstruct %x, %y : (!torch.vtensor<[3,7],f32>, !torch.vtensor<[3,5],f32>) -> !torch.list<vtensor>
  %r = torch.aten.cat %l, %1 : !torch.list<vtensor>, !torch.int -> !torch.vtensor<[3,12],f32>
  return %r : !torch.vtensor<[3,12],f32>
}
func.func @silu_softmax(%x: !torch.vtensor<[3,7,11],f32>) -> !torch.vtensor<[3,7,11],f32> {
  %1 = torch.constant.int -1
  %none = torch.constant.none
  %s = torch.aten.silu %x : !torch.vtensor<[3,7,11],f32> -> !torch.vtensor<[3,7,11],f32>
  %r = torch.aten.softmax.int %s, %1, %none : !torch.vtensor<[3,7,11],f32>, !torch.int, !torch.none -> !torch.vtensor<[3,7,11],f32>
  return %r : !torch.vtensor<[3,7,11],f32>
}
