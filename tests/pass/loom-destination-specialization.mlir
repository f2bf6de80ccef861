// RUN: loom opt %s --pass-pipeline='builtin.module(func.func(loom-destination-specialization))' -o %t
// RUN: FileCheck %s < %t
// RUN: loom opt %t --pass-pipeline='builtin.module(func.func(loom-destination-specialization))' | diff %t -

#id = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d0)>
#id1 = affine_map<(d0) -> (d0)>

// matmul into zeros, then added to the accumulator: the matmul accumulates itself.
// CHECK-LABEL: func.func @matmul(
// CHECK: scf.for {{.*}} iter_args(%[[ACC:.*]] = %{{.*}})
// CHECK: %[[R:.*]] = linalg.matmul {{.*}} outs(%[[ACC]] : tensor<8x8xf32>)
// CHECK-NOT: linalg.generic
// CHECK: scf.yield %[[R]]
func.func @matmul(%a: tensor<8x4xf32>, %b: tensor<4x8xf32>, %zero: tensor<8x8xf32>, %n: index) -> tensor<8x8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %f0 = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<8x8xf32>
  %fill = linalg.fill ins(%f0 : f32) outs(%e : tensor<8x8xf32>) -> tensor<8x8xf32>
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%acc = %fill) -> (tensor<8x8xf32>) {
    %p = linalg.matmul ins(%a, %b : tensor<8x4xf32>, tensor<4x8xf32>) outs(%fill : tensor<8x8xf32>) -> tensor<8x8xf32>
    %s = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]} ins(%acc, %p : tensor<8x8xf32>, tensor<8x8xf32>) outs(%e : tensor<8x8xf32>) {
    ^bb0(%x: f32, %y: f32, %o: f32):
      %t = arith.addf %x, %y : f32
      linalg.yield %t : f32
    } -> tensor<8x8xf32>
    scf.yield %s : tensor<8x8xf32>
  }
  return %r : tensor<8x8xf32>
}

// A maximum over rows into -inf, in an affine.for, operands the other way round.
// CHECK-LABEL: func.func @row_max(
// CHECK: affine.for {{.*}} iter_args(%[[ACC:.*]] = %{{.*}})
// CHECK: %[[R:.*]] = linalg.generic {{.*}} outs(%[[ACC]] : tensor<8xf32>)
// CHECK-NOT: linalg.generic
// CHECK: affine.yield %[[R]]
func.func @row_max(%a: tensor<8x4xf32>, %init: tensor<8xf32>) -> tensor<8xf32> {
  %low = arith.constant 0xFF800000 : f32
  %e = tensor.empty() : tensor<8xf32>
  %fill = linalg.fill ins(%low : f32) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %r = affine.for %i = 0 to 4 iter_args(%acc = %init) -> (tensor<8xf32>) {
    %p = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]} ins(%a : tensor<8x4xf32>) outs(%fill : tensor<8xf32>) {
    ^bb0(%x: f32, %o: f32):
      %t = arith.maximumf %x, %o : f32
      linalg.yield %t : f32
    } -> tensor<8xf32>
    %s = linalg.generic {indexing_maps = [#id1, #id1, #id1], iterator_types = ["parallel"]} ins(%p, %acc : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) {
    ^bb0(%x: f32, %y: f32, %o: f32):
      %t = arith.maximumf %x, %y : f32
      linalg.yield %t : f32
    } -> tensor<8xf32>
    affine.yield %s : tensor<8xf32>
  }
  return %r : tensor<8xf32>
}

// Kept: the start is not neutral (1, not 0).
// CHECK-LABEL: func.func @not_neutral(
// CHECK: linalg.matmul {{.*}} outs(%{{[^a].*}})
// CHECK: linalg.generic
func.func @not_neutral(%a: tensor<8x4xf32>, %b: tensor<4x8xf32>, %n: index) -> tensor<8x8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %f1 = arith.constant 1.0 : f32
  %e = tensor.empty() : tensor<8x8xf32>
  %fill = linalg.fill ins(%f1 : f32) outs(%e : tensor<8x8xf32>) -> tensor<8x8xf32>
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%acc = %fill) -> (tensor<8x8xf32>) {
    %p = linalg.matmul ins(%a, %b : tensor<8x4xf32>, tensor<4x8xf32>) outs(%fill : tensor<8x8xf32>) -> tensor<8x8xf32>
    %s = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]} ins(%acc, %p : tensor<8x8xf32>, tensor<8x8xf32>) outs(%e : tensor<8x8xf32>) {
    ^bb0(%x: f32, %y: f32, %o: f32):
      %t = arith.addf %x, %y : f32
      linalg.yield %t : f32
    } -> tensor<8x8xf32>
    scf.yield %s : tensor<8x8xf32>
  }
  return %r : tensor<8x8xf32>
}

// Kept: the accumulator is rescaled before it is added to (flash attention), so the sum does not read it directly.
// CHECK-LABEL: func.func @rescaled(
// CHECK: linalg.matmul
// CHECK: linalg.generic
// CHECK: arith.mulf
// CHECK: linalg.generic
// CHECK: arith.addf
func.func @rescaled(%a: tensor<8x4xf32>, %b: tensor<4x8xf32>, %f: tensor<8x8xf32>, %n: index) -> tensor<8x8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %f0 = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<8x8xf32>
  %fill = linalg.fill ins(%f0 : f32) outs(%e : tensor<8x8xf32>) -> tensor<8x8xf32>
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%acc = %fill) -> (tensor<8x8xf32>) {
    %p = linalg.matmul ins(%a, %b : tensor<8x4xf32>, tensor<4x8xf32>) outs(%fill : tensor<8x8xf32>) -> tensor<8x8xf32>
    %q = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]} ins(%acc, %f : tensor<8x8xf32>, tensor<8x8xf32>) outs(%e : tensor<8x8xf32>) {
    ^bb0(%x: f32, %y: f32, %o: f32):
      %t = arith.mulf %x, %y : f32
      linalg.yield %t : f32
    } -> tensor<8x8xf32>
    %s = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]} ins(%p, %q : tensor<8x8xf32>, tensor<8x8xf32>) outs(%e : tensor<8x8xf32>) {
    ^bb0(%x: f32, %y: f32, %o: f32):
      %t = arith.addf %x, %y : f32
      linalg.yield %t : f32
    } -> tensor<8x8xf32>
    scf.yield %s : tensor<8x8xf32>
  }
  return %r : tensor<8x8xf32>
}

// Kept: the accumulator has another reader; another op combines; the product has another reader.
// CHECK-LABEL: func.func @shared(
// CHECK-COUNT-3: linalg.matmul {{.*}} outs(%1 : tensor<8x8xf32>)
func.func @shared(%a: tensor<8x4xf32>, %b: tensor<4x8xf32>, %n: index) -> (tensor<8x8xf32>, tensor<8x8xf32>, tensor<8x8xf32>, tensor<8x8xf32>, tensor<8x8xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %f0 = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<8x8xf32>
  %fill = linalg.fill ins(%f0 : f32) outs(%e : tensor<8x8xf32>) -> tensor<8x8xf32>
  %r:5 = scf.for %i = %c0 to %n step %c1 iter_args(%acc = %fill, %old = %fill, %acc2 = %fill, %acc3 = %fill, %p3 = %fill) -> (tensor<8x8xf32>, tensor<8x8xf32>, tensor<8x8xf32>, tensor<8x8xf32>, tensor<8x8xf32>) {
    %p = linalg.matmul ins(%a, %b : tensor<8x4xf32>, tensor<4x8xf32>) outs(%fill : tensor<8x8xf32>) -> tensor<8x8xf32>
    %s = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]} ins(%acc, %p : tensor<8x8xf32>, tensor<8x8xf32>) outs(%e : tensor<8x8xf32>) {
    ^bb0(%x: f32, %y: f32, %o: f32):
      %t = arith.addf %x, %y : f32
      linalg.yield %t : f32
    } -> tensor<8x8xf32>
    %p2 = linalg.matmul ins(%a, %b : tensor<8x4xf32>, tensor<4x8xf32>) outs(%fill : tensor<8x8xf32>) -> tensor<8x8xf32>
    %s2 = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]} ins(%acc2, %p2 : tensor<8x8xf32>, tensor<8x8xf32>) outs(%e : tensor<8x8xf32>) {
    ^bb0(%x: f32, %y: f32, %o: f32):
      %t = arith.maximumf %x, %y : f32
      linalg.yield %t : f32
    } -> tensor<8x8xf32>
    %q3 = linalg.matmul ins(%a, %b : tensor<8x4xf32>, tensor<4x8xf32>) outs(%fill : tensor<8x8xf32>) -> tensor<8x8xf32>
    %s3 = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]} ins(%acc3, %q3 : tensor<8x8xf32>, tensor<8x8xf32>) outs(%e : tensor<8x8xf32>) {
    ^bb0(%x: f32, %y: f32, %o: f32):
      %t = arith.addf %x, %y : f32
      linalg.yield %t : f32
    } -> tensor<8x8xf32>
    scf.yield %s, %acc, %s2, %s3, %q3 : tensor<8x8xf32>, tensor<8x8xf32>, tensor<8x8xf32>, tensor<8x8xf32>, tensor<8x8xf32>
  }
  return %r#0, %r#1, %r#2, %r#3, %r#4 : tensor<8x8xf32>, tensor<8x8xf32>, tensor<8x8xf32>, tensor<8x8xf32>, tensor<8x8xf32>
}
