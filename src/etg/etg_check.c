/* Does every expression name only symbols and booleans of its variant, and divide by no constant 0?  Told at its place, before anybody counts with it. */
#include "base/text.h"
#include "etg/etg_private.h"

typedef struct checker { loom_ctx *ctx; const etg_variant *v; } checker;

static bool is_known(const etg_variant *v, const char *name) {
  for (size_t i = 0; i < v->symbols.n; i++)
    if (text_eq(v->symbols.at[i].name, name))
      return true;
  for (size_t i = 0; i < v->booleans.n; i++)
    if (text_eq(v->booleans.at[i], name))
      return true;
  return false;
}

static loom_status fail_unknown(const checker *c, const data_value *name) {
  VEC_OF(const char *) names = {0};
  for (size_t i = 0; i < c->v->symbols.n; i++)
    vec_push(&c->ctx->mem, &names, c->v->symbols.at[i].name);
  for (size_t i = 0; i < c->v->booleans.n; i++)
    vec_push(&c->ctx->mem, &names, c->v->booleans.at[i]);
  diag_error(c->ctx, name->span, LOOM_EINPUT, "'%s' is no symbol of variant '%s'", name->string, c->v->name);
  const char *near = diag_nearest(name->string, names.at, names.n);
  if (near)
    diag_help(c->ctx, "did you mean '%s'?", near);
  else
    diag_help(c->ctx, "list it under metadata.symbols or metadata.booleans");
  return LOOM_EINPUT;
}

static bool is_zero(const data_value *v) {
  const data_value *number = v->kind == DATA_OBJECT ? data_get(v, "Const") : v;
  return number && number->kind == DATA_INT && number->integer == 0;
}

static loom_status check_divisor(const checker *c, const data_value *v) {
  static const char *const divisions[] = {"Div", "FloorDiv", "CeilDiv", "Mod"};
  for (size_t i = 0; i < sizeof divisions / sizeof *divisions; i++) {
    const data_value *operands = data_get(v, divisions[i]);
    if (operands && operands->kind == DATA_ARRAY && operands->n == 2 && is_zero(operands->items[1]))
      LOOM_FAIL(c->ctx, operands->items[1]->span, LOOM_EINPUT, "\"%s\" by zero", divisions[i]);
  }
  return LOOM_OK;
}

/* `v` has been read as an expression: its depth is bounded. */
static loom_status check_tree(const checker *c, const data_value *v) {
  const data_value *symbol = data_get(v, "Sym");
  if (symbol && symbol->kind == DATA_STRING && !is_known(c->v, symbol->string))
    return fail_unknown(c, symbol);
  LOOM_TRY(check_divisor(c, v));
  for (size_t i = 0; i < v->n; i++)
    LOOM_TRY(check_tree(c, v->kind == DATA_OBJECT ? v->members[i].value : v->items[i]));
  return LOOM_OK;
}

static loom_status check_expr(const checker *c, const etg_expr *e) { return e->text ? check_tree(c, e->text) : LOOM_OK; }

static loom_status check_exprs(const checker *c, const etg_exprs *list) {
  for (size_t i = 0; i < list->n; i++)
    LOOM_TRY(check_expr(c, &list->at[i]));
  return LOOM_OK;
}

static loom_status check_scenarios(const checker *c, const etg_scenarios *s) {
  for (size_t i = 0; i < s->n; i++) {
    LOOM_TRY(check_expr(c, &s->at[i].when));
    LOOM_TRY(check_expr(c, &s->at[i].cycles));
  }
  return LOOM_OK;
}

static loom_status check_block(const checker *c, const etg_block *b) {
  const etg_scope *const scopes[] = {&b->load, &b->compute, &b->store};
  LOOM_TRY(check_expr(c, &b->trips));
  for (size_t s = 0; s < sizeof scopes / sizeof *scopes; s++)
    for (size_t i = 0; i < scopes[s]->n; i++) {
      const etg_stage *stage = scopes[s]->at[i];
      if (stage->loop)
        LOOM_TRY(check_block(c, stage->loop));
      for (size_t k = 0; k < stage->branches.n; k++) {
        const etg_branch *branch = stage->branches.at[k];
        LOOM_TRY(check_scenarios(c, &branch->scenarios));
        for (size_t j = 0; j < branch->calls.n; j++) {
          LOOM_TRY(check_scenarios(c, &branch->calls.at[j]->scenarios));
          for (size_t a = 0; a < branch->calls.at[j]->args.n; a++)
            LOOM_TRY(check_expr(c, &branch->calls.at[j]->args.at[a].value));
        }
      }
    }
  return LOOM_OK;
}

loom_status etg_check_exprs(loom_ctx *ctx, const etg_variant *v) {
  checker c = {ctx, v};
  LOOM_TRY(check_block(&c, v->kernel));
  for (size_t i = 0; i < v->temporal.n; i++)
    LOOM_TRY(check_expr(&c, &v->temporal.at[i].trips));
  for (size_t i = 0; i < v->sequential.n; i++)
    LOOM_TRY(check_expr(&c, &v->sequential.at[i].trips));
  for (size_t i = 0; i < v->memories.n; i++) {
    LOOM_TRY(check_exprs(&c, &v->memories.at[i].load));
    LOOM_TRY(check_exprs(&c, &v->memories.at[i].compute));
    LOOM_TRY(check_exprs(&c, &v->memories.at[i].store));
  }
  return check_exprs(&c, &v->hard);
}
