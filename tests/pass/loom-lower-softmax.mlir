// RUN: loom opt %s --pass-pipeline='builtin.module(loom-lower-softmax)' | FileCheck %s
// RUN: loom opt %s --pass-pipeline='builtin.module(loom-lower-softmax,loom-lower-softmax)' | FileCheck %s

// CHECK-LABEL: func.func @f(
// CHECK-NOT: linalg.softmax
// CHECK: call @loom_softmax_0
// CHECK-LABEL: func.func private @loom_softmax_0(
// CHECK: linalg.fill
// CHECK: iterator_types = ["parallel", "reduction"]
// CHECK: arith.extf %{{.*}} : f16 to f32
// CHECK: arith.maximumf {{.*}} : f32
// CHECK: math.exp {{.*}} : f32
// CHECK: arith.addf {{.*}} : f32
// CHECK: arith.divf {{.*}} : f32
// CHECK: arith.truncf {{.*}} : f32 to f16
func.func @f(%a: tensor<?x8xf16>, %e: tensor<?x8xf16>) -> tensor<?x8xf16> {
  %r = linalg.softmax dimension(1) ins(%a : tensor<?x8xf16>) outs(%e : tensor<?x8xf16>) -> tensor<?x8xf16>
  return %r : tensor<?x8xf16>
}
