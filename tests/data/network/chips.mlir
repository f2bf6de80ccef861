// Two layers: what one kernel makes stays in parts on the chips that the other one needs it on, or ends on all of them.
func.func @mlp(%x: tensor<128x256xf32>, %w1: tensor<256x512xf32>, %b1: tensor<512xf32>, %w2: tensor<512x256xf32>) -> tensor<128x256xf32> {
  %zero = arith.constant 0.0 : f32
  %ep = tensor.empty() : tensor<128x512xf32>
  %fp = linalg.fill ins(%zero : f32) outs(%ep : tensor<128x512xf32>) -> tensor<128x512xf32>
  %p = linalg.matmul ins(%x, %w1 : tensor<128x256xf32>, tensor<256x512xf32>) outs(%fp : tensor<128x512xf32>) -> tensor<128x512xf32>
  %ea = tensor.empty() : tensor<128x512xf32>
  %a = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%p, %b1 : tensor<128x512xf32>, tensor<512xf32>) outs(%ea : tensor<128x512xf32>) {
  ^bb0(%v: f32, %w: f32, %o: f32):
    %s = arith.addf %v, %w : f32
    %m = arith.maximumf %s, %zero : f32
    linalg.yield %m : f32
  } -> tensor<128x512xf32>
  %eq = tensor.empty() : tensor<128x256xf32>
  %fq = linalg.fill ins(%zero : f32) outs(%eq : tensor<128x256xf32>) -> tensor<128x256xf32>
  %q = linalg.matmul ins(%a, %w2 : tensor<128x512xf32>, tensor<512x256xf32>) outs(%fq : tensor<128x256xf32>) -> tensor<128x256xf32>
  return %q : tensor<128x256xf32>
}
