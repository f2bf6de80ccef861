// RUN: loom opt %s --pass-pipeline='builtin.module(loom-order-narrow-products)' | FileCheck %s
// RUN: loom opt %s --pass-pipeline='builtin.module(loom-order-narrow-products,loom-order-narrow-products)' | FileCheck %s

// CHECK-LABEL: func.func @narrow(
// CHECK: call @loom_product_0
// CHECK-LABEL: func.func @wide(
// CHECK: linalg.matmul
// CHECK-LABEL: func.func private @loom_product_0(
// CHECK: iterator_types = ["parallel", "parallel", "reduction", "parallel"]
// CHECK: arith.extf %{{.*}} : f8E4M3FN to f16
// CHECK: arith.mulf {{.*}} : f16
// CHECK: arith.addf {{.*}} : f16
func.func @narrow(%a: tensor<?x2x3xf8E4M3FN>, %b: tensor<?x3x4xf16>, %c: tensor<?x2x4xf16>) -> tensor<?x2x4xf16> {
  %r = linalg.batch_matmul ins(%a, %b : tensor<?x2x3xf8E4M3FN>, tensor<?x3x4xf16>) outs(%c : tensor<?x2x4xf16>) -> tensor<?x2x4xf16>
  return %r : tensor<?x2x4xf16>
}
func.func @wide(%a: tensor<2x3xf16>, %b: tensor<3x4xf16>, %c: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %r = linalg.matmul ins(%a, %b : tensor<2x3xf16>, tensor<3x4xf16>) outs(%c : tensor<2x4xf32>) -> tensor<2x4xf32>
  return %r : tensor<2x4xf32>
}
