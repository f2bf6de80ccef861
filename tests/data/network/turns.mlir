// Indices with floordiv and mod, and views that strides cannot say (docs/networks.md): mixed-radix loops, or copies.
#id1 = affine_map<(d0) -> (d0)>
#id2 = affine_map<(d0, d1) -> (d0, d1)>
func.func @group_norm(%x: tensor<2x6x4x4xf32>, %mean: tensor<2x3xf32>, %scale: tensor<2x3xf32>) -> tensor<2x6x4x4xf32> {
  %e = tensor.empty() : tensor<2x6x4x4xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(n, c, h, w) -> (n, c, h, w)>, affine_map<(n, c, h, w) -> (n, c floordiv 2)>, affine_map<(n, c, h, w) -> (n, c floordiv 2)>, affine_map<(n, c, h, w) -> (n, c, h, w)>],
    iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%x, %mean, %scale : tensor<2x6x4x4xf32>, tensor<2x3xf32>, tensor<2x3xf32>) outs(%e : tensor<2x6x4x4xf32>) {
  ^bb0(%a: f32, %m: f32, %s: f32, %o: f32):
    %c = arith.subf %a, %m : f32
    %d = arith.mulf %c, %s : f32
    linalg.yield %d : f32
  } -> tensor<2x6x4x4xf32>
  return %r : tensor<2x6x4x4xf32>
}
func.func @repeat(%x: tensor<4x8xf32>, %y: tensor<4x16xf32>) -> tensor<4x16xf32> {
  %e = tensor.empty() : tensor<4x16xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j mod 8)>, #id2, #id2], iterator_types = ["parallel", "parallel"]} ins(%x, %y : tensor<4x8xf32>, tensor<4x16xf32>) outs(%e : tensor<4x16xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %c = arith.addf %a, %b : f32
    linalg.yield %c : f32
  } -> tensor<4x16xf32>
  return %r : tensor<4x16xf32>
}
func.func @repeat_interleave(%x: tensor<2x4x8xf32>) -> tensor<2x8x8xf32> {
  %e = tensor.empty() : tensor<2x8x8xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(b, i, j) -> (b, i floordiv 2, j)>, affine_map<(b, i, j) -> (b, i, j)>], iterator_types = ["parallel", "parallel", "parallel"]} ins(%x : tensor<2x4x8xf32>) outs(%e : tensor<2x8x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    linalg.yield %a : f32
  } -> tensor<2x8x8xf32>
  return %r : tensor<2x8x8xf32>
}
func.func @permute_reshape(%x: tensor<2x3x4xf32>) -> tensor<2x12xf32> {
  %e = tensor.empty() : tensor<2x4x3xf32>
  %t = linalg.transpose ins(%x : tensor<2x3x4xf32>) outs(%e : tensor<2x4x3xf32>) permutation = [0, 2, 1]
  %c = tensor.collapse_shape %t [[0], [1, 2]] : tensor<2x4x3xf32> into tensor<2x12xf32>
  %r = math.absf %c : tensor<2x12xf32>
  return %r : tensor<2x12xf32>
}
func.func @three_levels(%x: tensor<2x6x4xf32>, %y: tensor<2x24xf32>) -> tensor<2x24xf32> {
  %s = tensor.expand_shape %x [[0], [1, 2], [3]] output_shape [2, 3, 2, 4] : tensor<2x6x4xf32> into tensor<2x3x2x4xf32>
  %e = tensor.empty() : tensor<2x4x3x2xf32>
  %t = linalg.transpose ins(%s : tensor<2x3x2x4xf32>) outs(%e : tensor<2x4x3x2xf32>) permutation = [0, 3, 1, 2]
  %c = tensor.collapse_shape %t [[0], [1, 2, 3]] : tensor<2x4x3x2xf32> into tensor<2x24xf32>
  %r = arith.addf %c, %y : tensor<2x24xf32>
  return %r : tensor<2x24xf32>
}
func.func @pixel_shuffle(%x: tensor<1x8x4x4xf32>, %y: tensor<1x2x8x8xf32>) -> tensor<1x2x8x8xf32> {
  %a = tensor.expand_shape %x [[0], [1, 2, 3], [4], [5]] output_shape [1, 2, 2, 2, 4, 4] : tensor<1x8x4x4xf32> into tensor<1x2x2x2x4x4xf32>
  %e = tensor.empty() : tensor<1x2x4x2x4x2xf32>
  %t = linalg.transpose ins(%a : tensor<1x2x2x2x4x4xf32>) outs(%e : tensor<1x2x4x2x4x2xf32>) permutation = [0, 1, 4, 2, 5, 3]
  %c = tensor.collapse_shape %t [[0], [1], [2, 3], [4, 5]] : tensor<1x2x4x2x4x2xf32> into tensor<1x2x8x8xf32>
  %r = arith.mulf %c, %y : tensor<1x2x8x8xf32>
  return %r : tensor<1x2x8x8xf32>
}
func.func @halves_and_thirds(%a: tensor<3xf32>, %b: tensor<3xf32>) -> tensor<6xf32> {
  %e = tensor.empty() : tensor<6xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(c) -> (c floordiv 2)>, affine_map<(c) -> (c mod 3)>, #id1], iterator_types = ["parallel"]} ins(%a, %b : tensor<3xf32>, tensor<3xf32>) outs(%e : tensor<6xf32>) {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %s = arith.addf %p, %q : f32
    linalg.yield %s : f32
  } -> tensor<6xf32>
  return %r : tensor<6xf32>
}
func.func @turned_reshaped_plus(%x: tensor<4x6xf32>, %y: tensor<8x1xf32>) -> tensor<8x3xf32> {
  %e = tensor.empty() : tensor<6x4xf32>
  %t = linalg.transpose ins(%x : tensor<4x6xf32>) outs(%e : tensor<6x4xf32>) permutation = [1, 0]
  %f = tensor.collapse_shape %t [[0, 1]] : tensor<6x4xf32> into tensor<24xf32>
  %v = tensor.expand_shape %f [[0, 1]] output_shape [8, 3] : tensor<24xf32> into tensor<8x3xf32>
  %o = tensor.empty() : tensor<8x3xf32>
  %r = linalg.generic {indexing_maps = [#id2, affine_map<(i, j) -> (i, 0)>, #id2], iterator_types = ["parallel", "parallel"]} ins(%v, %y : tensor<8x3xf32>, tensor<8x1xf32>) outs(%o : tensor<8x3xf32>) {
  ^bb0(%p: f32, %q: f32, %z: f32):
    %s = arith.addf %p, %q : f32
    linalg.yield %s : f32
  } -> tensor<8x3xf32>
  return %r : tensor<8x3xf32>
}
func.func @turned_softmax(%x: tensor<4x6xf32>) -> tensor<8x3xf32> {
  %e = tensor.empty() : tensor<6x4xf32>
  %t = linalg.transpose ins(%x : tensor<4x6xf32>) outs(%e : tensor<6x4xf32>) permutation = [1, 0]
  %f = tensor.collapse_shape %t [[0, 1]] : tensor<6x4xf32> into tensor<24xf32>
  %v = tensor.expand_shape %f [[0, 1]] output_shape [8, 3] : tensor<24xf32> into tensor<8x3xf32>
  %o = tensor.empty() : tensor<8x3xf32>
  %r = linalg.softmax dimension(1) ins(%v : tensor<8x3xf32>) outs(%o : tensor<8x3xf32>) -> tensor<8x3xf32>
  return %r : tensor<8x3xf32>
}
func.func @turned_layernorm(%x: tensor<4x6xf32>) -> tensor<8x3xf32> {
  %z = arith.constant 0.0 : f32
  %n = arith.constant 3.0 : f32
  %eps = arith.constant 1.0e-5 : f32
  %e = tensor.empty() : tensor<6x4xf32>
  %t = linalg.transpose ins(%x : tensor<4x6xf32>) outs(%e : tensor<6x4xf32>) permutation = [1, 0]
  %f = tensor.collapse_shape %t [[0, 1]] : tensor<6x4xf32> into tensor<24xf32>
  %v = tensor.expand_shape %f [[0, 1]] output_shape [8, 3] : tensor<24xf32> into tensor<8x3xf32>
  %e1 = tensor.empty() : tensor<8xf32>
  %i = linalg.fill ins(%z : f32) outs(%e1 : tensor<8xf32>) -> tensor<8xf32>
  %sum = linalg.reduce ins(%v : tensor<8x3xf32>) outs(%i : tensor<8xf32>) dimensions = [1] (%a: f32, %c: f32) { %s = arith.addf %a, %c : f32  linalg.yield %s : f32 }
  %o = tensor.empty() : tensor<8x3xf32>
  %d = linalg.generic {indexing_maps = [#id2, affine_map<(i, j) -> (i)>, #id2], iterator_types = ["parallel", "parallel"]} ins(%v, %sum : tensor<8x3xf32>, tensor<8xf32>) outs(%o : tensor<8x3xf32>) {
  ^bb0(%a: f32, %s: f32, %u: f32):
    %m = arith.divf %s, %n : f32
    %c = arith.subf %a, %m : f32
    linalg.yield %c : f32
  } -> tensor<8x3xf32>
  %sq = arith.mulf %d, %d : tensor<8x3xf32>
  %var = linalg.reduce ins(%sq : tensor<8x3xf32>) outs(%i : tensor<8xf32>) dimensions = [1] (%a: f32, %c: f32) { %s = arith.addf %a, %c : f32  linalg.yield %s : f32 }
  %r = linalg.generic {indexing_maps = [#id2, affine_map<(i, j) -> (i)>, #id2], iterator_types = ["parallel", "parallel"]} ins(%d, %var : tensor<8x3xf32>, tensor<8xf32>) outs(%o : tensor<8x3xf32>) {
  ^bb0(%a: f32, %s: f32, %u: f32):
    %m = arith.divf %s, %n : f32
    %p = arith.addf %m, %eps : f32
    %q = math.rsqrt %p : f32
    %c = arith.mulf %a, %q : f32
    linalg.yield %c : f32
  } -> tensor<8x3xf32>
  return %r : tensor<8x3xf32>
}
