// Our passes and MLIR's in one pipeline.
// RUN: loom opt %s --pass-pipeline='builtin.module(func.func(canonicalize{max-iterations=3},loom-erase-asserts),cse)' | FileCheck %s
// RUN: loom opt %s --pass-pipeline='builtin.module(any(cse),func.func(loom-erase-asserts),canonicalize)' | FileCheck %s
// RUN: loom opt %s --pass-pipeline='builtin.module()' | FileCheck %s --check-prefix=KEPT
// RUN: not loom opt %s --pass-pipeline='builtin.module(func.func(loom-erase-assert))' 2>&1 | FileCheck %s --check-prefix=NEAR
// RUN: not loom opt %s --pass-pipeline='builtin.module(canonicalise)' 2>&1 | FileCheck %s --check-prefix=NEAR2
// RUN: not loom opt %s --pass-pipeline='builtin.module(func.func(gpu-kernel-outlining))' 2>&1 | FileCheck %s --check-prefix=ANCHOR
// RUN: not loom opt %s --pass-pipeline='builtin.module(canonicalize{no-such=1})' 2>&1 | FileCheck %s --check-prefix=OPTION
// RUN: not loom opt %s --pass-pipeline='builtin.module(cse' 2>&1 | FileCheck %s --check-prefix=OPEN
// RUN: not loom opt %s --pass-pipeline='func.func(cse)' 2>&1 | FileCheck %s --check-prefix=TOP
// RUN: loom opt %s --pass-pipeline='builtin.module(func.func(loom-erase-asserts),cse)' --mlir-print-ir-after=loom-erase-asserts -o /dev/null 2>&1 | FileCheck %s --check-prefix=AFTER

// CHECK-NOT: cf.assert
// CHECK: return
// KEPT: cf.assert
// NEAR: 1:26: error: there is no pass 'loom-erase-assert'
// NEAR: did you mean loom-erase-asserts?
// NEAR2: 1:16: error: there is no pass 'canonicalise'
// NEAR2: did you mean canonicalize?
// ANCHOR: 1:26: error: gpu-kernel-outlining runs on builtin.module, not on func.func
// OPTION: 1:29: error: the options of canonicalize are not accepted
// OPTION: no-such
// OPEN: 1:15: error: '(' of builtin.module has no closing ')'
// TOP: 1:1: error: the pipeline must start with builtin.module(
// AFTER-COUNT-1: IR Dump After loom-erase-asserts
// AFTER-NOT: IR Dump

func.func @f(%ok: i1) {
  cf.assert %ok, "x"
  return
}
