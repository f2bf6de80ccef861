// What has no kernel form, all of it reported before anything is compiled.
func.func @refused(%x: tensor<4x6xf32>, %i: tensor<4xi32>) -> (tensor<4x6xf32>, tensor<6xf32>) {
  %e = tensor.empty() : tensor<4x6xf32>
  %a = math.atan %x : tensor<4x6xf32>
  %c0 = arith.constant 0 : index
  %s = tensor.extract %x[%c0, %c0] : tensor<4x6xf32>
  %b = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%a : tensor<4x6xf32>) outs(%e : tensor<4x6xf32>) {
  ^bb0(%p: f32, %o: f32):
    %t = arith.addf %p, %s : f32
    linalg.yield %t : f32
  } -> tensor<4x6xf32>
  %z = arith.constant dense<0.0> : tensor<6xf32>
  %r = linalg.reduce ins(%x : tensor<4x6xf32>) outs(%z : tensor<6xf32>) dimensions = [0]
    (%p: f32, %q: f32) { %d = arith.subf %q, %p : f32  linalg.yield %d : f32 }
  return %b, %r : tensor<4x6xf32>, tensor<6xf32>
}
func.func @uneven(%x: tensor<3xf32>) -> tensor<7xf32> {
  %e = tensor.empty() : tensor<7xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0 floordiv 3)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]} ins(%x : tensor<3xf32>) outs(%e : tensor<7xf32>) {
  ^bb0(%p: f32, %o: f32):
    %t = math.exp %p : f32
    linalg.yield %t : f32
  } -> tensor<7xf32>
  return %r : tensor<7xf32>
}
func.func @nothing(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<f32>) {
  %e = tensor.empty() : tensor<4xf32>
  %s = tensor.empty() : tensor<f32>
  %r = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]} ins(%e : tensor<4xf32>) outs(%e : tensor<4xf32>) {
  ^bb0(%p: f32, %o: f32):
    %t = math.exp %p : f32
    linalg.yield %t : f32
  } -> tensor<4xf32>
  %q = linalg.reduce ins(%x : tensor<4xf32>) outs(%s : tensor<f32>) dimensions = [0] (%p: f32, %o: f32) { %d = arith.addf %o, %p : f32  linalg.yield %d : f32 }
  return %r, %q : tensor<4xf32>, tensor<f32>
}
func.func @scalar(%x: tensor<4xf32>) -> (tensor<4xf32>, f32) {
  %c = arith.constant 1.0 : f32
  return %x, %c : tensor<4xf32>, f32
}
func.func @index(%x: tensor<4xf32>) -> tensor<4xindex> {
  %c = arith.constant dense<[1, 2, 3, 4]> : tensor<4xindex>
  return %c : tensor<4xindex>
}
func.func @deep(%x: tensor<2x2x3x3x3x2xf32>, %k: tensor<2x2x2xf32>) -> tensor<2x2x2x2x2x2xf32> {
  %o = arith.constant dense<0.0> : tensor<2x2x2x2x2x2xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(n, g, a, b, c, h, i, j, k) -> (n, g, a + i, b + j, c + k, h)>, affine_map<(n, g, a, b, c, h, i, j, k) -> (i, j, k)>, affine_map<(n, g, a, b, c, h, i, j, k) -> (h, n, c, g, b, a)>],
    iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]} ins(%x, %k : tensor<2x2x3x3x3x2xf32>, tensor<2x2x2xf32>) outs(%o : tensor<2x2x2x2x2x2xf32>) {
  ^bb0(%p: f32, %q: f32, %s: f32):
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  } -> tensor<2x2x2x2x2x2xf32>
  return %r : tensor<2x2x2x2x2x2xf32>
}
