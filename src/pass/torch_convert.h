/* The values of a module with operations of torch while they are converted: what each was, and what stands for it now. */
#ifndef LOOM_PASS_TORCH_CONVERT_H
#define LOOM_PASS_TORCH_CONVERT_H
#include "lower/torch/torch_lower.h"
#include "pass/pass_private.h"
#include "pass/value_set.h"

typedef struct torch_value { MlirValue now; tl_value is; } torch_value;   /* now null: nothing stands for it yet */
typedef struct torch_conversion {
  ir_ctx *ir; arena *mem;
  value_set values;                        /* by position: known[i] belongs to values.at[i] */
  VEC_OF(torch_value *) known;
  VEC_OF(MlirOperation) ops;               /* in program order; null: it is gone */
  text snippets;                           /* a function for each operation with a lowering */
  VEC_OF(struct torch_snippet *) made;
  loom_status status;                      /* the first refusal; all are reported */
} torch_conversion;

/* An operation with a lowering: its function in the snippets, and the values that the function takes. */
typedef struct torch_snippet { MlirOperation op; const char *name; VEC_OF(MlirValue) takes; int n_out; } torch_snippet;

/* What is known of a value; described at the first look. */
const tl_value *torch_describe(torch_conversion *t, MlirValue v);
torch_value *torch_value_of(torch_conversion *t, MlirValue v);
/* The value that stands for `v` in front of `op`: a constant is made there. */
MlirValue torch_resolve(torch_conversion *t, MlirValue v, MlirOperation op);
/* The MLIR type that a type of torch becomes; the type itself when it is none; null: none does. */
MlirType torch_builtin_type(ir_ctx *ir, MlirType type);
bool torch_is_torch_type(MlirType type);
/* The last operation of a block; MLIR knows no terminators of dialects it does not know. */
MlirOperation torch_last_op(MlirBlock block);
/* Does the operation belong to torch, torch_c, tm_tensor or stablehlo? */
bool torch_is_torch_op(MlirOperation op);

/* ---- torch_snippet.c ---- */
/* The name under which lower/torch finds `op`. */
const char *torch_lowered_name(torch_conversion *t, MlirOperation op);
/* Adds the function of `op` to the snippets.  A refusal is recorded. */
void torch_add_snippet(torch_conversion *t, MlirOperation op);
/* Puts the body of a snippet, which was parsed as `func`, in the place of its operation. */
LOOM_MUST_USE loom_status torch_place_snippet(torch_conversion *t, MlirOperation func, const torch_snippet *s);

/* ---- torch_control.c ---- */
/* torch.prim.If and Loop, what yields in them, and assertions. */
bool torch_is_control(MlirOperation op);
LOOM_MUST_USE loom_status torch_place_control(torch_conversion *t, MlirOperation op);

/* ---- torch_symbols.c ---- */
/* Names and bounds of open sizes of arguments stay with each function. */
void torch_keep_symbols(torch_conversion *t);
#endif
