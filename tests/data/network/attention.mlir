// Attention in the forms that exporters write; each is one kernel where its softmax is in f32.

// A mask that is an argument, -inf where it hides a key.
func.func @masked(%q: tensor<3x21x12xf32>, %k: tensor<3x70x12xf32>, %v: tensor<3x70x9xf32>, %mask: tensor<21x70xi1>) -> tensor<3x21x9xf32> {
  %zero = arith.constant 0.0 : f32
  %low = arith.constant 0xFF800000 : f32
  %e0 = tensor.empty() : tensor<3x12x70xf32>
  %kt = linalg.transpose ins(%k : tensor<3x70x12xf32>) outs(%e0 : tensor<3x12x70xf32>) permutation = [0, 2, 1]
  %e1 = tensor.empty() : tensor<3x21x70xf32>
  %f1 = linalg.fill ins(%zero : f32) outs(%e1 : tensor<3x21x70xf32>) -> tensor<3x21x70xf32>
  %s = linalg.batch_matmul ins(%q, %kt : tensor<3x21x12xf32>, tensor<3x12x70xf32>) outs(%f1 : tensor<3x21x70xf32>) -> tensor<3x21x70xf32>
  %masked = linalg.generic {indexing_maps = [affine_map<(b, m, n) -> (b, m, n)>, affine_map<(b, m, n) -> (m, n)>, affine_map<(b, m, n) -> (b, m, n)>], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%s, %mask : tensor<3x21x70xf32>, tensor<21x70xi1>) outs(%e1 : tensor<3x21x70xf32>) {
  ^bb0(%x: f32, %keep: i1, %o: f32):
    %scale = arith.constant 0.288675 : f32
    %y = arith.mulf %x, %scale : f32
    %z = arith.select %keep, %y, %low : f32
    linalg.yield %z : f32
  } -> tensor<3x21x70xf32>
  %p = linalg.softmax dimension(2) ins(%masked : tensor<3x21x70xf32>) outs(%e1 : tensor<3x21x70xf32>) -> tensor<3x21x70xf32>
  %e2 = tensor.empty() : tensor<3x21x9xf32>
  %f2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<3x21x9xf32>) -> tensor<3x21x9xf32>
  %o = linalg.batch_matmul ins(%p, %v : tensor<3x21x70xf32>, tensor<3x70x9xf32>) outs(%f2 : tensor<3x21x9xf32>) -> tensor<3x21x9xf32>
  return %o : tensor<3x21x9xf32>
}

// One head, a residual behind it.
func.func @residual(%q: tensor<40x16xf32>, %k: tensor<33x16xf32>, %v: tensor<33x16xf32>) -> tensor<40x16xf32> {
  %zero = arith.constant 0.0 : f32
  %e0 = tensor.empty() : tensor<16x33xf32>
  %kt = linalg.transpose ins(%k : tensor<33x16xf32>) outs(%e0 : tensor<16x33xf32>) permutation = [1, 0]
  %e1 = tensor.empty() : tensor<40x33xf32>
  %f1 = linalg.fill ins(%zero : f32) outs(%e1 : tensor<40x33xf32>) -> tensor<40x33xf32>
  %s = linalg.matmul ins(%q, %kt : tensor<40x16xf32>, tensor<16x33xf32>) outs(%f1 : tensor<40x33xf32>) -> tensor<40x33xf32>
  %p = linalg.softmax dimension(1) ins(%s : tensor<40x33xf32>) outs(%e1 : tensor<40x33xf32>) -> tensor<40x33xf32>
  %e2 = tensor.empty() : tensor<40x16xf32>
  %f2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<40x16xf32>) -> tensor<40x16xf32>
  %o = linalg.matmul ins(%p, %v : tensor<40x33xf32>, tensor<33x16xf32>) outs(%f2 : tensor<40x16xf32>) -> tensor<40x16xf32>
  %r = linalg.add ins(%o, %q : tensor<40x16xf32>, tensor<40x16xf32>) outs(%e2 : tensor<40x16xf32>) -> tensor<40x16xf32>
  return %r : tensor<40x16xf32>
}

// The weights are a result, too: three kernels.
func.func @weights(%q: tensor<20x16xf32>, %kt: tensor<16x33xf32>, %v: tensor<33x16xf32>) -> (tensor<20x16xf32>, tensor<20x33xf32>) {
  %zero = arith.constant 0.0 : f32
  %e1 = tensor.empty() : tensor<20x33xf32>
  %f1 = linalg.fill ins(%zero : f32) outs(%e1 : tensor<20x33xf32>) -> tensor<20x33xf32>
  %s = linalg.matmul ins(%q, %kt : tensor<20x16xf32>, tensor<16x33xf32>) outs(%f1 : tensor<20x33xf32>) -> tensor<20x33xf32>
  %p = linalg.softmax dimension(1) ins(%s : tensor<20x33xf32>) outs(%e1 : tensor<20x33xf32>) -> tensor<20x33xf32>
  %e2 = tensor.empty() : tensor<20x16xf32>
  %f2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<20x16xf32>) -> tensor<20x16xf32>
  %o = linalg.matmul ins(%p, %v : tensor<20x33xf32>, tensor<33x16xf32>) outs(%f2 : tensor<20x16xf32>) -> tensor<20x16xf32>
  return %o, %p : tensor<20x16xf32>, tensor<20x33xf32>
}

// The softmax is along the queries: three kernels.
func.func @columns(%q: tensor<20x16xf32>, %kt: tensor<16x33xf32>, %v: tensor<33x16xf32>) -> tensor<20x16xf32> {
  %zero = arith.constant 0.0 : f32
  %e1 = tensor.empty() : tensor<20x33xf32>
  %f1 = linalg.fill ins(%zero : f32) outs(%e1 : tensor<20x33xf32>) -> tensor<20x33xf32>
  %s = linalg.matmul ins(%q, %kt : tensor<20x16xf32>, tensor<16x33xf32>) outs(%f1 : tensor<20x33xf32>) -> tensor<20x33xf32>
  %p = linalg.softmax dimension(0) ins(%s : tensor<20x33xf32>) outs(%e1 : tensor<20x33xf32>) -> tensor<20x33xf32>
  %e2 = tensor.empty() : tensor<20x16xf32>
  %f2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<20x16xf32>) -> tensor<20x16xf32>
  %o = linalg.matmul ins(%p, %v : tensor<20x33xf32>, tensor<33x16xf32>) outs(%f2 : tensor<20x16xf32>) -> tensor<20x16xf32>
  return %o : tensor<20x16xf32>
}

// Padding on the left: no key of the first tiles of a row counts.
func.func @left_padded(%q: tensor<2x10x8xf32>, %k: tensor<2x200x8xf32>, %v: tensor<2x200x8xf32>) -> tensor<2x10x8xf32> {
  %zero = arith.constant 0.0 : f32
  %low = arith.constant 0xFF800000 : f32
  %first = arith.constant 150 : index
  %e0 = tensor.empty() : tensor<2x8x200xf32>
  %kt = linalg.transpose ins(%k : tensor<2x200x8xf32>) outs(%e0 : tensor<2x8x200xf32>) permutation = [0, 2, 1]
  %e1 = tensor.empty() : tensor<2x10x200xf32>
  %f1 = linalg.fill ins(%zero : f32) outs(%e1 : tensor<2x10x200xf32>) -> tensor<2x10x200xf32>
  %s = linalg.batch_matmul ins(%q, %kt : tensor<2x10x8xf32>, tensor<2x8x200xf32>) outs(%f1 : tensor<2x10x200xf32>) -> tensor<2x10x200xf32>
  %masked = linalg.generic {indexing_maps = [affine_map<(b, m, n) -> (b, m, n)>, affine_map<(b, m, n) -> (b, m, n)>], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%s : tensor<2x10x200xf32>) outs(%e1 : tensor<2x10x200xf32>) {
  ^bb0(%x: f32, %o: f32):
    %key = linalg.index 2 : index
    %hides = arith.cmpi slt, %key, %first : index
    %z = arith.select %hides, %low, %x : f32
    linalg.yield %z : f32
  } -> tensor<2x10x200xf32>
  %p = linalg.softmax dimension(2) ins(%masked : tensor<2x10x200xf32>) outs(%e1 : tensor<2x10x200xf32>) -> tensor<2x10x200xf32>
  %e2 = tensor.empty() : tensor<2x10x8xf32>
  %f2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<2x10x8xf32>) -> tensor<2x10x8xf32>
  %o = linalg.batch_matmul ins(%p, %v : tensor<2x10x200xf32>, tensor<2x200x8xf32>) outs(%f2 : tensor<2x10x8xf32>) -> tensor<2x10x8xf32>
  return %o : tensor<2x10x8xf32>
}
