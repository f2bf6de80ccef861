// Elementwise chains, rows and parts of tensors.
#id = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d0)>
#col = affine_map<(d0, d1) -> (d1)>
func.func @softmax(%x: tensor<37x53xf32>) -> tensor<37x53xf32> {
  %e = tensor.empty() : tensor<37x53xf32>
  %r = linalg.softmax dimension(1) ins(%x : tensor<37x53xf32>) outs(%e : tensor<37x53xf32>) -> tensor<37x53xf32>
  return %r : tensor<37x53xf32>
}
func.func @layernorm(%x: tensor<13x4x31xf32>, %g: tensor<31xf32>, %b: tensor<31xf32>) -> tensor<13x4x31xf32> {
  %z = arith.constant 0.0 : f32
  %n = arith.constant 31.0 : f32
  %eps = arith.constant 1.0e-5 : f32
  %e2 = tensor.empty() : tensor<13x4xf32>
  %e3 = tensor.empty() : tensor<13x4x31xf32>
  %i = linalg.fill ins(%z : f32) outs(%e2 : tensor<13x4xf32>) -> tensor<13x4xf32>
  %sum = linalg.reduce ins(%x : tensor<13x4x31xf32>) outs(%i : tensor<13x4xf32>) dimensions = [2]
    (%a: f32, %c: f32) { %s = arith.addf %a, %c : f32  linalg.yield %s : f32 }
  %c0 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d1, d2)>, affine_map<(d0, d1, d2) -> (d0, d1)>, affine_map<(d0, d1, d2) -> (d0, d1, d2)>], iterator_types = ["parallel", "parallel", "parallel"]}
    ins(%x, %sum : tensor<13x4x31xf32>, tensor<13x4xf32>) outs(%e3 : tensor<13x4x31xf32>) {
  ^bb0(%a: f32, %s: f32, %o: f32):
    %m = arith.divf %s, %n : f32
    %d = arith.subf %a, %m : f32
    linalg.yield %d : f32
  } -> tensor<13x4x31xf32>
  %sq = arith.mulf %c0, %c0 : tensor<13x4x31xf32>
  %var = linalg.reduce ins(%sq : tensor<13x4x31xf32>) outs(%i : tensor<13x4xf32>) dimensions = [2]
    (%a: f32, %c: f32) { %s = arith.addf %a, %c : f32  linalg.yield %s : f32 }
  %y = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d1, d2)>, affine_map<(d0, d1, d2) -> (d0, d1)>, affine_map<(d0, d1, d2) -> (d2)>, affine_map<(d0, d1, d2) -> (d2)>, affine_map<(d0, d1, d2) -> (d0, d1, d2)>], iterator_types = ["parallel", "parallel", "parallel"]}
    ins(%c0, %var, %g, %b : tensor<13x4x31xf32>, tensor<13x4xf32>, tensor<31xf32>, tensor<31xf32>) outs(%e3 : tensor<13x4x31xf32>) {
  ^bb0(%a: f32, %s: f32, %w: f32, %c: f32, %o: f32):
    %m = arith.divf %s, %n : f32
    %d = arith.addf %m, %eps : f32
    %q = math.rsqrt %d : f32
    %t = arith.mulf %a, %q : f32
    %u = arith.mulf %t, %w : f32
    %v = arith.addf %u, %c : f32
    linalg.yield %v : f32
  } -> tensor<13x4x31xf32>
  return %y : tensor<13x4x31xf32>
}
func.func @batchnorm(%x: tensor<2x5x7x3xf32>, %g: tensor<5xf32>, %b: tensor<5xf32>, %m: tensor<5xf32>, %v: tensor<5xf32>) -> tensor<2x5x7x3xf32> {
  %eps = arith.constant 1.0e-5 : f32
  %e = tensor.empty() : tensor<2x5x7x3xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(n, c, h, w) -> (n, c, h, w)>, affine_map<(n, c, h, w) -> (c)>, affine_map<(n, c, h, w) -> (c)>, affine_map<(n, c, h, w) -> (c)>, affine_map<(n, c, h, w) -> (c)>, affine_map<(n, c, h, w) -> (n, c, h, w)>],
    iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%x, %g, %b, %m, %v : tensor<2x5x7x3xf32>, tensor<5xf32>, tensor<5xf32>, tensor<5xf32>, tensor<5xf32>) outs(%e : tensor<2x5x7x3xf32>) {
  ^bb0(%a: f32, %w: f32, %s: f32, %mean: f32, %var: f32, %o: f32):
    %sq = arith.mulf %var, %var : f32
    %d = arith.addf %sq, %eps : f32
    %q = math.rsqrt %d : f32
    %c = arith.subf %a, %mean : f32
    %t = arith.mulf %c, %q : f32
    %u = arith.mulf %t, %w : f32
    %z = arith.addf %u, %s : f32
    linalg.yield %z : f32
  } -> tensor<2x5x7x3xf32>
  return %y : tensor<2x5x7x3xf32>
}
func.func @gelu(%x: tensor<7x5x11xf32>, %y: tensor<7x5x11xf32>) -> (tensor<7x5x11xf32>, tensor<7x5x11xf32>) {
  %h = arith.constant dense<0.5> : tensor<7x5x11xf32>
  %s = arith.constant dense<0.70710677> : tensor<7x5x11xf32>
  %one = arith.constant dense<1.0> : tensor<7x5x11xf32>
  %a = arith.addf %x, %y : tensor<7x5x11xf32>
  %b = arith.mulf %a, %s : tensor<7x5x11xf32>
  %c = math.erf %b : tensor<7x5x11xf32>
  %d = arith.addf %c, %one : tensor<7x5x11xf32>
  %f = arith.mulf %a, %h : tensor<7x5x11xf32>
  %g = arith.mulf %f, %d : tensor<7x5x11xf32>
  %n = arith.negf %a : tensor<7x5x11xf32>
  %q = math.exp %n : tensor<7x5x11xf32>
  %r = arith.addf %q, %one : tensor<7x5x11xf32>
  %silu = arith.divf %a, %r : tensor<7x5x11xf32>
  return %g, %silu : tensor<7x5x11xf32>, tensor<7x5x11xf32>
}
func.func @concat(%x: tensor<5x7xf32>, %y: tensor<5x11xf32>) -> tensor<5x18xf32> {
  %r = tensor.concat dim(1) %x, %y : (tensor<5x7xf32>, tensor<5x11xf32>) -> tensor<5x18xf32>
  return %r : tensor<5x18xf32>
}
func.func @permute(%x: tensor<3x5x7x11xf32>) -> tensor<7x3x11x5xf32> {
  %e = tensor.empty() : tensor<7x3x11x5xf32>
  %r = linalg.transpose ins(%x : tensor<3x5x7x11xf32>) outs(%e : tensor<7x3x11x5xf32>) permutation = [2, 0, 3, 1]
  return %r : tensor<7x3x11x5xf32>
}
func.func @pixel_shuffle(%x: tensor<1x8x4x5xf32>) -> tensor<1x2x8x10xf32> {
  %a = tensor.expand_shape %x [[0], [1, 2, 3], [4], [5]] output_shape [1, 2, 2, 2, 4, 5] : tensor<1x8x4x5xf32> into tensor<1x2x2x2x4x5xf32>
  %e = tensor.empty() : tensor<1x2x4x2x5x2xf32>
  %t = linalg.transpose ins(%a : tensor<1x2x2x2x4x5xf32>) outs(%e : tensor<1x2x4x2x5x2xf32>) permutation = [0, 1, 4, 2, 5, 3]
  %r = tensor.collapse_shape %t [[0], [1], [2, 3], [4, 5]] : tensor<1x2x4x2x5x2xf32> into tensor<1x2x8x10xf32>
  return %r : tensor<1x2x8x10xf32>
}
func.func @whole_sum(%x: tensor<13x17xf32>) -> tensor<f32> {
  %z = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<f32>
  %i = linalg.fill ins(%z : f32) outs(%e : tensor<f32>) -> tensor<f32>
  %r = linalg.reduce ins(%x : tensor<13x17xf32>) outs(%i : tensor<f32>) dimensions = [0, 1]
    (%a: f32, %c: f32) { %s = arith.addf %a, %c : f32  linalg.yield %s : f32 }
  return %r : tensor<f32>
}
func.func @long_rows(%x: tensor<3x1500xf32>) -> tensor<3xf32> {
  %z = arith.constant 0xFF800000 : f32
  %e = tensor.empty() : tensor<3xf32>
  %i = linalg.fill ins(%z : f32) outs(%e : tensor<3xf32>) -> tensor<3xf32>
  %r = linalg.reduce ins(%x : tensor<3x1500xf32>) outs(%i : tensor<3xf32>) dimensions = [1]
    (%a: f32, %c: f32) { %s = arith.maximumf %a, %c : f32  linalg.yield %s : f32 }
  return %r : tensor<3xf32>
}
func.func @causal(%x: tensor<17x17xf32>) -> tensor<17x17xf32> {
  %e = tensor.empty() : tensor<17x17xf32>
  %inf = arith.constant 0xFF800000 : f32
  %m = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<17x17xf32>) outs(%e : tensor<17x17xf32>) {
  ^bb0(%a: f32, %o: f32):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %c = arith.cmpi sle, %j, %i : index
    %s = arith.select %c, %a, %inf : f32
    linalg.yield %s : f32
  } -> tensor<17x17xf32>
  %r = linalg.softmax dimension(1) ins(%m : tensor<17x17xf32>) outs(%e : tensor<17x17xf32>) -> tensor<17x17xf32>
  return %r : tensor<17x17xf32>
}
func.func @dot(%x: tensor<6xf32>, %y: tensor<6xf32>) -> tensor<f32> {
  %z = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<f32>
  %i = linalg.fill ins(%z : f32) outs(%e : tensor<f32>) -> tensor<f32>
  %r = linalg.dot ins(%x, %y : tensor<6xf32>, tensor<6xf32>) outs(%i : tensor<f32>) -> tensor<f32>
  %t = math.exp %r : tensor<f32>
  return %t : tensor<f32>
}
func.func @one(%x: tensor<1x1xf32>) -> tensor<1x1xf32> {
  %t = math.tanh %x : tensor<1x1xf32>
  return %t : tensor<1x1xf32>
}
func.func @matvec(%x: tensor<37x53xf32>, %y: tensor<53xf32>) -> tensor<37xf32> {
  %z = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<37xf32>
  %i = linalg.fill ins(%z : f32) outs(%e : tensor<37xf32>) -> tensor<37xf32>
  %r = linalg.matvec ins(%x, %y : tensor<37x53xf32>, tensor<53xf32>) outs(%i : tensor<37xf32>) -> tensor<37xf32>
  return %r : tensor<37xf32>
}
