// RUN: loom opt %s --pass-pipeline='builtin.module(loom-verify)' -o %t
// RUN: loom opt %s | diff %t -
// RUN: sed -e 's/upper_bound = 8/upper_bound = 0/' %s > %t.bad
// RUN: not loom opt %t.bad --pass-pipeline='builtin.module(loom-verify)' 2>&1 | FileCheck %s
// RUN: not loom opt %s --pass-pipeline='builtin.module(func.func(loom-verify))' 2>&1 | FileCheck %s --check-prefix=ANCHOR

// CHECK: .bad:11:8: error: upper_bound of loom.sym must be a positive integer
// ANCHOR: 1:26: error: loom-verify runs on builtin.module, not on func.func

func.func @f() -> index {
  %0 = "loom.sym"() {symbol_ref = @used, upper_bound = 8 : index} : () -> index
  return %0 : index
}
