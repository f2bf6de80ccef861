/* Upstream's conversions stop at the first operation that they refuse.  Here a module that was refused is lowered again and again, each time with
 * the operation in question replaced by some value of its type, until nothing is refused: so all of them are named at once. */
#include "program/program_private.h"

enum { REFUSALS_MAX = 64 };
typedef struct refusal { loom_span span; const char *name, *text; } refusal;
typedef struct place { ir_ctx *ir; loom_span span; MlirOperation op; } place;

static bool is_at(MlirOperation op, void *data) {
  place *p = data;
  loom_span s = ir_span(p->ir, op);
  bool is_terminator = mlirOperationIsNull(mlirOperationGetNextInBlock(op));
  if (s.source != p->span.source || s.line != p->span.line || s.col != p->span.col || is_terminator || ir_op_is(op, "func.func"))
    return true;
  p->op = op;
  return false;
}

/* An empty tensor of the type, its open sizes 1, or a zero; null: there is no such value. */
static MlirValue any_value(ir_builder *at, MlirType t) {
  ir_ctx *ir = at->ir;
  MlirValue sizes[RUN_RANK_MAX];
  intptr_t n = 0;
  if (!mlirTypeIsARankedTensor(t)) {
    ir_named zero = {"value", {NULL}};
    bool is_number = mlirTypeIsAIndex(t) || mlirTypeIsAInteger(t) || mlirTypeIsAFloat(t);
    zero.attr = is_number ? ir_attr(ir, arena_printf(&ir->ctx->mem, "%s : %s", mlirTypeIsAFloat(t) ? "0.0" : "0", ir_print_type(&ir->ctx->mem, t))) : zero.attr;
    return is_number ? ir_build1(at, "arith.constant", t, 0, NULL, 1, &zero) : (MlirValue){NULL};
  }
  for (intptr_t d = 0; d < mlirShapedTypeGetRank(t); d++)
    if (mlirShapedTypeIsDynamicDim(t, d)) {
      if (n == RUN_RANK_MAX)
        return (MlirValue){NULL};
      sizes[n++] = ir_index_const(at, 1);
    }
  return ir_build1(at, "tensor.empty", t, n, sizes, 0, NULL);
}

/* False: it cannot be replaced, so that nothing is known of what follows. */
static bool replace(ir_ctx *ir, MlirModule m, loom_span span, const char **out_name) {
  place p = {ir, span, {NULL}};
  if (!span.line)
    return false;
  ir_walk(mlirModuleGetOperation(m), is_at, &p);
  if (mlirOperationIsNull(p.op))
    return false;
  *out_name = ir_op_name(p.op);
  ir_builder at = ir_before(ir, p.op);
  for (intptr_t i = 0; i < mlirOperationGetNumResults(p.op); i++) {
    MlirValue v = any_value(&at, mlirValueGetType(ir_result(p.op, i)));
    if (mlirValueIsNull(v))
      return false;
    ir_replace_uses(ir_result(p.op, i), v);
  }
  return ir_erase(p.op);
}

/* The first error since `mark`; the diagnostics since then are dropped. */
static refusal take_first(loom_ctx *ctx, diag_mark mark) {
  refusal r = {0};
  for (const diag_item *d = *mark.last; d && !r.text; d = d->next)
    if (d->severity == DIAG_ERROR)
      r = (refusal){.span = d->span, .text = d->text};
  diag_drop(ctx, mark);
  return r;
}

loom_status program_audit(ir_ctx *ir, MlirModule m, diag_mark mark, const program_options *o, loom_status (*lower)(ir_ctx *, MlirModule, const program_options *)) {
  loom_ctx *ctx = ir->ctx;
  VEC_OF(refusal) all = {0};
  MlirModule rest = ir_clone_module(m);
  for (bool more = true; more && all.n < REFUSALS_MAX;) {
    refusal r = take_first(ctx, mark);
    if (!r.text)
      break;
    more = replace(ir, rest, r.span, &r.name);
    vec_push(&ctx->mem, &all, r);
    MlirModule copy = ir_clone_module(rest);
    more = more && lower(ir, copy, o) != LOOM_OK;
    ir_close_module(copy);
  }
  diag_drop(ctx, mark);
  ir_close_module(rest);
  for (size_t i = 0; i < all.n; i++)
    diag_error(ctx, all.at[i].span, LOOM_EUNSUP, all.at[i].name ? "operation '%s' is not supported in this form: %s" : "%s%s", all.at[i].name ? all.at[i].name : "", all.at[i].text);
  return LOOM_EUNSUP;
}
