/* Facts that hold wherever a node runs: seen at every core and turn. */
#include "target/tt/tt_private.h"
#include "tog/tog_points.h"

typedef struct look { const sym_code *code; int64_t by; bool holds; } look;

static bool is_multiple_at(void *data, const int64_t *vars) {
  look *l = data;
  int64_t v;
  l->holds = sym_run(l->code, vars, &v) && (v <= 0 || v % l->by == 0);
  return l->holds;
}

loom_status tt_is_multiple(loom_ctx *ctx, const tog_path *p, const sym_expr *e, int64_t by, bool *out) {
  int64_t v;
  if (sym_is_const(e, &v)) {
    *out = v % by == 0;
    return LOOM_OK;
  }
  sym_code *code;
  LOOM_TRY(tog_compile(ctx, p, e, &code));
  tog_levels levels = {0};
  tog_levels_add(p, e, &levels);
  tog_levels_close(p, &levels);
  look l = {.code = code, .by = by, .holds = true};
  *out = tog_visit_points(p, &levels, is_multiple_at, &l) && l.holds;
  return LOOM_OK;
}

static loom_status mark(loom_ctx *ctx, const tog_node *n, const tog_path *p, void *data) {
  tfn_function *f = data;
  if (n->kind != TOG_COMPUTE || n->function < 0)
    return LOOM_OK;
  for (size_t i = 0; i < n->args.n; i++) {
    bool whole;
    if (f[n->function].ragged[i])
      continue;
    LOOM_TRY(tt_is_multiple(ctx, p, n->args.at[i], TT_TILE, &whole));
    f[n->function].ragged[i] = !whole;
  }
  return LOOM_OK;
}

loom_status tt_mark_ragged(loom_ctx *ctx, const tog *t, tfn_function *f) { return tog_visit_nodes(ctx, t, mark, f); }
