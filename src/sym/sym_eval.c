#include "base/text.h"
#include "sym/sym_private.h"

typedef struct evaluation { loom_ctx *ctx; const sym_binding *bindings; size_t n; } evaluation;

static loom_status fail_fault(loom_ctx *ctx, const sym_expr *e, sym_fault fault, int64_t a, int64_t b) {
  if (fault == SYM_OVERFLOW)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_ELIMIT, "%" PRId64 " %s %" PRId64 " does not fit 64 bits, in %s", a, sym_op_spelling(e->op), b, sym_str(&ctx->mem, e));
  LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EINPUT, "the divisor %s is %" PRId64 "; must be positive, in %s", sym_str(&ctx->mem, e->arg[1]), b, sym_str(&ctx->mem, e));
}

static loom_status look_up(evaluation *ev, const char *name, int64_t *out) {
  for (size_t i = 0; i < ev->n; i++)
    if (text_eq(ev->bindings[i].name, name)) {
      *out = ev->bindings[i].value;
      return LOOM_OK;
    }
  LOOM_FAIL(ev->ctx, LOOM_NOSPAN, LOOM_EINPUT, "the symbol '%s' has no value", name);
}

static loom_status eval(evaluation *ev, const sym_expr *e, int64_t *out) {
  int64_t a = 0, b = 0;
  if (sym_is_const(e, out))
    return LOOM_OK;
  if (e->op == SYM_SYM)
    return look_up(ev, e->name, out);
  LOOM_TRY(eval(ev, e->arg[0], &a));
  if (e->op == SYM_IF)
    return eval(ev, e->arg[a ? 1 : 2], out);
  if (e->op == SYM_NOT || (e->op == SYM_AND && !a) || (e->op == SYM_OR && a)) {
    *out = e->op == SYM_NOT ? !a : a != 0;
    return LOOM_OK;
  }
  LOOM_TRY(eval(ev, e->arg[1], &b));
  sym_fault fault = sym_apply(e->op, a, b, out);
  return fault == SYM_FINE ? LOOM_OK : fail_fault(ev->ctx, e, fault, a, b);
}

loom_status sym_eval(loom_ctx *ctx, const sym_expr *e, const sym_binding *b, size_t n, int64_t *out) {
  evaluation ev = {ctx, b, n};
  return eval(&ev, e, out);
}
