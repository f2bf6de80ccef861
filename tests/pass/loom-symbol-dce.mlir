// RUN: loom opt %s --pass-pipeline='builtin.module(func.func(loom-symbol-dce))' -o %t
// RUN: FileCheck %s < %t
// RUN: loom opt %t --pass-pipeline='builtin.module(func.func(loom-symbol-dce))' | diff %t -

// CHECK-LABEL: func.func @f(
// CHECK: "loom.sym"() {{.*}}symbol_ref = @used
// CHECK-NOT: symbol_ref = @unused
// CHECK: return
func.func @f() -> index {
  %0 = "loom.sym"() {symbol_ref = @used, upper_bound = 8 : index} : () -> index
  %1 = "loom.sym"() {symbol_ref = @unused, upper_bound = 8 : index} : () -> index
  return %0 : index
}
