/* The cost of one function call as an integer expression. */
#include "base/text.h"
#include "machine/machine_private.h"

typedef struct arguments { const machine_arg *map; size_t n; } arguments;

static const sym_expr *argument(void *data, const char *name) {
  const arguments *a = data;
  for (size_t i = 0; i < a->n; i++)
    if (text_eq(a->map[i].symbol, name))
      return a->map[i].value;
  return NULL;
}

/* cond ? then : else, without the choice when the condition is known. */
static const sym_expr *choose(arena *m, const sym_expr *cond, const sym_expr *then, const sym_expr *otherwise) {
  if (cond->op == SYM_TRUE)
    return then;
  return cond->op == SYM_FALSE ? otherwise : sym_make(m, SYM_IF, cond, then, otherwise);
}

/* volume / rate, rounded up; a rate below 1 counts as 1. */
static const sym_expr *at_rate(arena *m, const sym_expr *volume, const sym_expr *rate) {
  int64_t constant;
  bool is_positive = sym_is_const(rate, &constant) && constant > 0;
  return sym_ceildiv(m, volume, is_positive ? rate : sym_max(m, rate, sym_const(m, 1)));
}

const sym_expr *machine_rate_quotient(const sym_expr *throughput) {
  if (throughput->op == SYM_FLOORDIV)
    return throughput;
  const int factors = throughput->op == SYM_MUL ? 2 : 0;
  for (int i = 0; i < factors; i++)
    if (throughput->arg[i]->op == SYM_FLOORDIV)
      return throughput->arg[i];
  return NULL;
}

static const sym_expr *scenario_cycles(arena *m, const machine_scenario *s, arguments *args) {
  const sym_expr *volume = sym_subst(m, s->volume, argument, args), *cycles;
  const sym_expr *quotient = machine_rate_quotient(s->throughput), *factor = sym_const(m, 1);
  if (quotient && quotient != s->throughput)
    factor = sym_subst(m, s->throughput->arg[s->throughput->arg[0] == quotient], argument, args);
  if (quotient) {
    /* a / b rounds down to 0 when a < b: there it is taken exactly, volume * b / (a * factor). */
    const sym_expr *a = sym_subst(m, quotient->arg[0], argument, args), *b = sym_subst(m, quotient->arg[1], argument, args);
    const sym_expr *rate = sym_mul(m, sym_floordiv(m, a, b), factor), *is_rate = sym_make(m, SYM_GE, rate, sym_const(m, 1), NULL);
    cycles = choose(m, is_rate, at_rate(m, volume, rate), at_rate(m, sym_mul(m, volume, b), sym_mul(m, a, factor)));
  } else
    cycles = at_rate(m, volume, sym_subst(m, s->throughput, argument, args));
  return sym_add(m, sym_subst(m, s->fixed, argument, args), cycles);
}

static loom_status fail_unknown(loom_ctx *ctx, const machine *m, const char *name) {
  if (!m->perf.n)
    LOOM_FAIL(ctx, diag_file_span(ctx, m->path), LOOM_EUNSUP, "machine '%s' has no perf functions; '%s' is needed", m->name, name);
  const machine_perf *p = &m->perf.at[m->calibration];
  VEC_OF(const char *) names = {0};
  for (size_t i = 0; i < p->funcs.n; i++)
    vec_push(&ctx->mem, &names, p->funcs.at[i].name);
  for (size_t i = 0; i < p->aliases.n; i++)
    vec_push(&ctx->mem, &names, p->aliases.at[i].name);
  diag_error(ctx, diag_file_span(ctx, m->path), LOOM_EUNSUP, "perf set '%s' of machine '%s' has no function '%s'", p->name, m->name, name);
  const char *near = diag_nearest(name, names.at, names.n);
  if (near)
    diag_help(ctx, "the nearest one is '%s'", near);
  else
    diag_help(ctx, "add it to the perf set, or choose another set with --calibration");
  return LOOM_EUNSUP;
}

loom_status machine_cost(loom_ctx *ctx, const machine *m, const char *name, const machine_arg *map, size_t n, const sym_expr **out) {
  const machine_func *f = machine_find_func(m, name);
  return f ? machine_func_cost(ctx, f, map, n, out) : fail_unknown(ctx, m, name);
}

loom_status machine_func_cost(loom_ctx *ctx, const machine_func *f, const machine_arg *map, size_t n, const sym_expr **out) {
  arguments a = {map, n};
  for (size_t i = 0; i < f->symbols.n; i++)
    if (!argument(&a, f->symbols.at[i]))
      LOOM_FAIL(ctx, f->span, LOOM_EUNSUP, "function '%s' needs a value for '%s', which this use of it does not have", f->name, f->symbols.at[i]);
  arena *mem = &ctx->mem;
  const sym_expr *uncovered = sym_const(mem, MACHINE_UNCOVERED_CYCLES), *cost = uncovered;
  for (size_t i = f->scenarios.n; i-- > 0;) {
    const machine_scenario *s = &f->scenarios.at[i];
    cost = choose(mem, sym_subst(mem, s->when, argument, &a), scenario_cycles(mem, s, &a), cost);
  }
  *out = choose(mem, sym_subst(mem, f->when, argument, &a), cost, uncovered);
  return LOOM_OK;
}
