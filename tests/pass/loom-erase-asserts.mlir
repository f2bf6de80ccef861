// RUN: loom opt %s --pass-pipeline='builtin.module(func.func(loom-erase-asserts))' -o %t
// RUN: FileCheck %s < %t
// RUN: loom opt %t --pass-pipeline='builtin.module(func.func(loom-erase-asserts))' | diff %t -
// RUN: not loom opt %s --pass-pipeline='builtin.module(loom-erase-asserts)' 2>&1 | FileCheck %s --check-prefix=ANCHOR

// ANCHOR: 1:16: error: loom-erase-asserts runs on func.func, not on builtin.module
// ANCHOR: write func.func(loom-erase-asserts)

// The assert goes, and with it the comparison only it used.
// CHECK-LABEL: func.func @chain(
// CHECK-NOT: cf.assert
// CHECK-NOT: arith.cmpi
// CHECK-NOT: arith.index_cast
// CHECK: return
func.func @chain(%n: index) {
  %0 = arith.index_cast %n : index to i64
  %1 = arith.cmpi eq, %0, %0 : i64
  cf.assert %1, "mismatching contracting dimension"
  return
}

// A comparison with another reader stays, and so does what it compares.
// CHECK-LABEL: func.func @shared(
// CHECK: %[[CAST:.*]] = arith.index_cast
// CHECK: %[[SAME:.*]] = arith.cmpi eq, %[[CAST]], %[[CAST]]
// CHECK-NOT: cf.assert
// CHECK: return %[[SAME]]
func.func @shared(%n: index) -> i1 {
  %0 = arith.index_cast %n : index to i64
  %1 = arith.cmpi eq, %0, %0 : i64
  cf.assert %1, "first"
  cf.assert %1, "second"
  return %1 : i1
}

// Inside loops too; a condition that is an argument is left alone.
// CHECK-LABEL: func.func @nested(
// CHECK: scf.for
// CHECK-NOT: cf.assert
// CHECK: return
func.func @nested(%n: index, %ok: i1) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %c0 to %n step %c1 {
    cf.assert %ok, "given"
  }
  return
}
