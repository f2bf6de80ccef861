// RUN: split-file %s %t
// RUN: loom opt %t/good.mlir --pass-pipeline='builtin.module(loom-lower-util)' | FileCheck %s
// RUN: exits 1 loom opt %t/type.mlir --pass-pipeline='builtin.module(loom-lower-util)' 2>&1 | FileCheck %s --check-prefix=TYPE
// RUN: exits 1 loom opt %t/bits.mlir --pass-pipeline='builtin.module(loom-lower-util)' 2>&1 | FileCheck %s --check-prefix=BITS
// RUN: exits 7 loom opt %t/open.mlir --pass-pipeline='builtin.module(loom-lower-util)' 2>&1 | FileCheck %s --check-prefix=OPEN
// RUN: exits 1 loom opt %t/barrier.mlir --pass-pipeline='builtin.module(loom-lower-util)' 2>&1 | FileCheck %s --check-prefix=BARRIER

// CHECK-LABEL: func.func @f(
// CHECK: %[[C:.*]] = arith.constant dense<[1, 2]> : tensor<2xi8>
// CHECK: %[[D:.*]] = arith.constant dense<2.0{{.*}}> : tensor<3xf32>
// CHECK: %[[E:.*]] = tensor.cast %[[D]] : tensor<3xf32> to tensor<?xf32>
// CHECK: %[[B:.*]] = call @loom_bitcast_0(%[[C]]) : (tensor<2xi8>) -> tensor<4xi4>
// CHECK: return %{{.*}}, %{{.*}} : tensor<4xi4>, tensor<?xf32>
// TYPE: type.mlir:2:8: error: the constant is of type tensor<2xi8>; the result is tensor<3xi8>
// BITS: bits.mlir:2:8: error: tensor<3xi8> and tensor<4xi4> do not hold the same bits
// OPEN: open.mlir:2:8: error: {{.*}}bits are read as another type between tensors of known sizes only
// BARRIER: barrier.mlir:2:8: error: a barrier gives back what it takes

//--- good.mlir
func.func @f() -> (tensor<4xi4>, tensor<?xf32>) {
  %0 = util.unfoldable_constant dense<[1, 2]> : tensor<2xi8>
  %1 = flow.tensor.dynamic_constant dense<2.0> : tensor<3xf32> -> tensor<?xf32>
  %2 = flow.tensor.tie_shape %1 : tensor<?xf32>{%n}
  %3 = flow.tensor.bitcast %0 : tensor<2xi8> -> tensor<4xi4>
  %4:2 = util.optimization_barrier %3, %2 : tensor<4xi4>, tensor<?xf32>
  return %4#0, %4#1 : tensor<4xi4>, tensor<?xf32>
}
//--- type.mlir
func.func @f() {
  %0 = "util.unfoldable_constant"() {value = dense<1> : tensor<2xi8>} : () -> tensor<3xi8>
  return
}
//--- bits.mlir
func.func @f(%a: tensor<3xi8>) {
  %0 = flow.tensor.bitcast %a : tensor<3xi8> -> tensor<4xi4>
  return
}
//--- open.mlir
func.func @f(%a: tensor<?xi8>) {
  %0 = flow.tensor.bitcast %a : tensor<?xi8> -> tensor<4xi4>
  return
}
//--- barrier.mlir
func.func @f(%a: i8) {
  %0 = "util.optimization_barrier"(%a) : (i8) -> i16
  return
}
