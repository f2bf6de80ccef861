/* Lowerings that are readable as text: an operation becomes the call of a private function written for it; `inline` puts it in place. */
#ifndef LOOM_PASS_TEMPLATE_H
#define LOOM_PASS_TEMPLATE_H
#include "pass/pass_private.h"

typedef VEC_OF(MlirOperation) pass_ops;
/* The operations called `name` in `root`, in program order. */
pass_ops pass_gather(arena *mem, MlirOperation root, const char *name);

typedef struct pass_template { ir_ctx *ir; MlirModule module; const char *stem; int n; } pass_template;
pass_template pass_template_new(ir_ctx *ir, MlirOperation module, const char *stem);
/* Calls a function of this text instead of `op`: "(%a: T, ..) -> R { .. }", with the op's operands and results. */
LOOM_MUST_USE loom_status pass_template_apply(pass_template *t, MlirOperation op, const char *function);
/* The same with other operands. */
LOOM_MUST_USE loom_status pass_template_apply_to(pass_template *t, MlirOperation op, intptr_t n, const MlirValue *operands, const char *function);

/* "affine_map<(d0, d1, d2) -> (d0, d2)>" without dim `but` (-1: with all). */
void pass_add_map(text *t, int rank, int but);
/* "parallel", .. with "reduction" for dim `reduced` (-1: none). */
void pass_add_iterators(text *t, int rank, int reduced);
#endif
