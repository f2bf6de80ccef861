/* Shared by the files of pass/ only: the passes behind the table, the pipeline tree, and small questions about linalg. */
#ifndef LOOM_PASS_PRIVATE_H
#define LOOM_PASS_PRIVATE_H
#include "base/vec.h"
#include "pass/pass.h"

#define X(name, anchor, fn, needs, leaves, summary, options) loom_status fn(ir_ctx *ir, MlirOperation op, const pass_options *o);
#include "pass/passes.def"
#undef X

/* ---- pipeline text as a tree ---- */
typedef struct pipeline_item pipeline_item;
typedef VEC_OF(pipeline_item *) pipeline_list;
struct pipeline_item {
  const char *name;          /* of a pass, or of the op it nests under */
  loom_span span;            /* of the name */
  bool is_nest;
  pipeline_list inner;       /* nest */
  const char *options;       /* pass: text between the braces, NULL when there are none */
  loom_span options_span;
};
/* "builtin.module(a,func.func(b{x=1}),c)".  Errors are LOOM_EUSAGE at their column. */
LOOM_MUST_USE loom_status pipeline_parse(loom_ctx *ctx, const char *pipeline, pipeline_item **out);

/* ---- the table ---- */
const pass_row *pass_find(const char *name);
/* Where upstream pass `name` must be: "" anywhere, "function", or an op name; NULL: not an upstream pass. */
const char *pass_upstream_anchor(const char *name);
/* "did you mean" over Loom's and upstream's passes; NULL when nothing is near. */
const char *pass_nearest(const char *name);

/* What MLIR 22 has instead of a pass of older versions; NULL: nothing that is known. */
const char *pass_vanished(const char *name);
/* Warns where upstream's pass `pass`, about to run on `op`, would leave what it is for as it is. */
bool pass_may_idle(const char *pass);
void pass_warn_if_idle(ir_ctx *ir, const char *pass, MlirOperation op);

/* ---- linalg on tensors ---- */
enum { PASS_OPERANDS_MAX = 16 };
bool linalg_is_op(MlirOperation op);                        /* any linalg op that makes a tensor */
intptr_t linalg_num_inputs(MlirOperation op);
MlirValue linalg_input(MlirOperation op, intptr_t i);
intptr_t linalg_num_inits(MlirOperation op);
MlirValue linalg_init(MlirOperation op, intptr_t i);
bool linalg_has_reduction(MlirOperation op);                /* an iterator of kind reduction; matmuls have one */
bool linalg_leading_reduction(MlirOperation op);            /* a generic whose first iterator is a reduction */
/* The bufferization.to_buffer whose tensor `op`, a memref.copy, stores; null: it is none.  Such a copy as bufferization.materialize_in_destination. */
MlirOperation pass_stored_buffer(MlirOperation op);
LOOM_MUST_USE loom_status pass_store_tensor(ir_ctx *ir, MlirOperation copy);
bool linalg_is_matmul(MlirOperation op);                    /* linalg.matmul or linalg.batch_matmul with the default maps */
/* linalg.generic that applies `scalar` (NULL: nothing) to each element of `in`, which has the shape of `out` or, with `fixed` >= 0, is repeated along that dim; `drops`: it has no such
 * dim.  Null: it does not verify. */
MlirValue pass_unary_generic(ir_builder *at, MlirValue in, MlirValue out, const char *scalar, int64_t fixed, bool drops);
/* The only op in the body before the yield when it yields its result; null otherwise. */
MlirOperation linalg_single_body_op(MlirOperation op);
bool value_has_one_use(MlirValue v);
#endif
