/* The table of operations and the way from one to its text. */
#include "lower/torch/tl_private.h"
#include <stdlib.h>

static const struct { const char *name; tl_lowering lower; const char *detail, *family; } rows[] = {
#define X(name, fn, detail, family) {name, fn, detail, family},
#include "lower/torch/torch_ops.def"
#undef X
};

static size_t find_row(const char *name) {
  size_t i = 0;
  while (i < sizeof rows / sizeof *rows && !text_eq(rows[i].name, name))
    i++;
  return i;
}

bool torch_lower_knows(const char *name) { return find_row(name) < sizeof rows / sizeof *rows; }

const torch_lower_row *torch_lower_table(size_t *out_n) {
  static const torch_lower_row table[] = {
#define X(name, fn, detail, family) {name, family},
#include "lower/torch/torch_ops.def"
#undef X
  };
  *out_n = sizeof table / sizeof *table;
  return table;
}

double tl_number(const char *s) {
  if (text_starts(s, "0x")) {   /* the bits of an f64 */
    uint64_t bits = strtoull(s, NULL, 16);
    double v;
    memcpy(&v, &bits, sizeof v);
    return v;
  }
  return strtod(s, NULL);
}

/* Products of sizes, with windows and strides besides, stay far from the end of int64. */
static bool is_reasonable(const tl_type *t) {
  int64_t n = 1;
  for (int d = 0; d < t->rank; d++)
    if (t->dim[d] > 0 && (__builtin_mul_overflow(n, t->dim[d], &n) || n > INT64_C(1) << 48))
      return false;
  return true;
}

static loom_status check_sizes(tl_emit *e) {
  const tl_op *op = e->op;
  bool is_fine = true;
  for (int i = 0; i < op->n_in; i++) {
    is_fine &= is_reasonable(&op->in[i]->type);
    for (int k = 0; k < op->in[i]->n_items; k++)
      is_fine &= is_reasonable(&op->in[i]->items[k]->type);
  }
  for (int i = 0; i < op->n_out; i++)
    is_fine &= is_reasonable(&op->out[i]);
  return is_fine ? LOOM_OK : tl_invalid(e, "a tensor has more than 2^48 elements");
}

loom_status torch_lower_op(loom_ctx *ctx, const tl_op *op, const char **out_body, const char **out_results) {
  tl_emit e = {.ctx = ctx, .mem = &ctx->mem, .op = op, .out = text_new(&ctx->mem), .results = out_results};
  size_t row = find_row(op->name);
  if (row == sizeof rows / sizeof *rows)
    LOOM_FAIL(ctx, op->span, LOOM_EUNSUP, "there is no lowering of '%s'", op->name);
  if (op->n_out == 0 && rows[row].lower != tl_lower_nothing)
    return tl_invalid(&e, "it has no result");
  for (int i = 0; i < op->n_out; i++)
    out_results[i] = NULL;
  LOOM_TRY(check_sizes(&e));
  const loom_status st = rows[row].lower(&e, rows[row].detail);
  LOOM_TRY(e.status != LOOM_OK ? e.status : st);
  for (int i = 0; i < op->n_out; i++)
    if (!out_results[i])
      LOOM_FAIL(ctx, op->span, LOOM_EUNSUP, "%s: result %d has no lowering", op->name, i);
  *out_body = text_str(&e.out);
  return LOOM_OK;
}
