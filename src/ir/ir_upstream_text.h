/* Upstream's dumps spell ops of their own dialects in custom assembly.  This rewrites those to generic assembly, which MLIR reads. */
#ifndef LOOM_IR_UPSTREAM_TEXT_H
#define LOOM_IR_UPSTREAM_TEXT_H
#include "base/vec.h"
#include "ir/ir_private.h"

/* A place in the text that is rewritten, and what has been written. */
typedef struct upstream_reader {
  loom_ctx *ctx;
  const diag_source *source;
  const char *start, *at, *end;
  text out;
  bool has_hardware;          /* ops of adl or df, which no dialect is loaded for */
  VEC_OF(const char *) values, types;      /* results of hardware ops, by name */
} upstream_reader;

/* Rewrites `size` bytes at `src` (a NUL behind them).  *out is `src` when nothing was to do; else in ctx->mem, with the same lines.
 * LOOM_EINPUT: an op of loom that is spelt neither way. */
LOOM_MUST_USE loom_status ir_rewrite_upstream(loom_ctx *ctx, const diag_source *source, const char *src, size_t size, const char **out, size_t *out_size, bool *out_hardware);

/* The op of `loom` whose name ends at r->at; false: `name` is none that has a custom form. */
bool upstream_is_loom_op(const char *name);
/* Its custom form, in the words of ir_upstream_loom.c; NULL: none. */
const char *upstream_loom_form(const char *name);
LOOM_MUST_USE loom_status upstream_rewrite_loom(upstream_reader *r, const char *name);
/* The same for adl and df: operands by group, attributes by key, types by kind. */
LOOM_MUST_USE loom_status upstream_rewrite_hardware(upstream_reader *r, const char *name, const char *result);

/* ---- reading ---- */
/* Skips spaces; line ends are written out, so that lines stay. */
void upstream_skip(upstream_reader *r);
bool upstream_accept(upstream_reader *r, const char *literal);
const char *upstream_value(upstream_reader *r);      /* "%x#1"; NULL: no value here */
const char *upstream_symbol(upstream_reader *r);     /* "@x" */
/* Text with balanced brackets up to a space or one of `stops` outside of them; "" at once. */
const char *upstream_balanced(upstream_reader *r, const char *stops);
loom_status upstream_fail(upstream_reader *r, const char *at, const char *name);
#endif
