// RUN: loom opt %s --pass-pipeline='builtin.module(func.func(loom-grid-to-parallel))' -o %t
// RUN: FileCheck %s < %t
// RUN: loom opt %t --pass-pipeline='builtin.module(func.func(loom-grid-to-parallel))' | diff %t -

// Ids that are read become indices of the loop, with the sizes of their dims; the ids go.
// CHECK-LABEL: func.func @two(
// CHECK-SAME: %[[A:[^:]*]]: memref<8x8xf32> {tt.divisibility = 16 : i32}, %[[NX:[^:]*]]: index, %[[NY:[^:]*]]: index, %[[NZ:[^:]*]]: index {loom.test}) {
// CHECK-NEXT: affine.parallel (%[[I:.*]], %[[J:.*]]) = (0, 0) to (%[[NX]], %[[NZ]]) {
// CHECK: affine.store %{{.*}}, %[[A]][%[[I]], %[[J]]]
// CHECK: }
// CHECK-NEXT: return
func.func @two(%a: memref<8x8xf32> {tt.divisibility = 16 : i32}, %nx: index, %ny: index, %nz: index {loom.test}, %x: index, %y: index, %z: index) {
  %zero = arith.constant 0.0 : f32
  affine.store %zero, %a[%x, %z] : memref<8x8xf32>
  return
}

// A kernel that does not ask where it is still runs once for each program of the first dim.
// CHECK-LABEL: func.func @none(
// CHECK-SAME: %[[NX:[^:]*]]: index, %{{[^:]*}}: index, %{{[^:]*}}: index) {
// CHECK-NEXT: affine.parallel (%{{[^,]*}}) = (0) to (%[[NX]]) {
func.func @none(%nx: index, %ny: index, %nz: index, %x: index, %y: index, %z: index) {
  return
}

// A declaration has no body to wrap.
// CHECK: func.func private @declared(index)
func.func private @declared(index)
