/* check: the few operations that numeric test files have beside upstream dialects (check.expect_*, and constants and barriers of util and flow),
 * from their custom assembly to the generic form that MLIR parses.  Takes: text.  Leaves: the same lines with
 *
 *   check.expect_eq(%a, %b) : T                       "check.expect_eq"(%a, %b) : (T, T) -> ()
 *   check.expect_almost_eq_const(%a, dense<..> : T, atol 1.0e-2) : T
 *                                                     "check.expect_almost_eq_const"(%a) {value = dense<..> : T, atol = 1.0e-2 : f32} : (T) -> ()
 *   check.expect_true(%x) : i32                       "check.expect_true"(%x) : (i32) -> ()         also _false, _all_true
 *   util.unfoldable_constant dense<..> : T            "util.unfoldable_constant"() {value = dense<..> : T} : () -> T
 *   flow.tensor.dynamic_constant dense<..> : T -> U   "util.dynamic_constant"() {value = dense<..> : T} : () -> U
 *   util.optimization_barrier %a : T                  "util.optimization_barrier"(%a) : (T) -> (T)
 *   util.optimization_barrier %a, %b : T, U           "builtin.unrealized_conversion_cast"(%a, %b) : (T, U) -> (T, U)
 *   flow.tensor.tie_shape %a : T{%d}                  "util.optimization_barrier"(%a) : (T) -> T
 *   flow.tensor.bitcast %a : T -> U                   "util.bitcast"(%a) : (T) -> U
 *   util.func, util.return, util.call                 func.func, func.return, func.call
 *   util.global @x = dense<..> : T                    ml_program.global @x(dense<..> : T) : T        with its load and store
 *
 * These operations are defined in src/dialect/check.irdl.mlir and util.irdl.mlir and lowered in src/program. */
#ifndef LOOM_CHECK_TEXT_H
#define LOOM_CHECK_TEXT_H
#include "frontend/mlir_text/mlir_text.h"

/* *out is the source's own text when it has none of these operations; else in ctx->mem.  *out_any: it has some.
 * LOOM_EINPUT: one of them is spelled in a way that is not known, with its place. */
LOOM_MUST_USE loom_status check_text_normalise(loom_ctx *ctx, const diag_source *source, const char **out, size_t *out_size, bool *out_any);
#endif
