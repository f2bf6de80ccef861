#include "base/text.h"
#include "solve/solve_private.h"

bool solve_trip_holds(solve_trip_rule rule, int64_t numerator, int64_t denominator) {
  if (rule == SOLVE_TRIPS_ANY)
    return true;
  if (denominator <= 0)
    return false;
  return rule == SOLVE_TRIPS_COVER ? denominator <= numerator : numerator % denominator == 0;
}

int solve_last_symbol(const solve_problem *p, const sym_expr *e) {
  for (size_t i = p->symbols.n; i-- > 0;)
    if (sym_depends(e, p->symbols.at[i].name))
      return (int)i;
  return -1;
}

bool solve_trip_is_free(const solve_problem *p, const solve_trip *t) {
  for (size_t i = 0; i < p->symbols.n; i++)
    if (!p->symbols.at[i].assigned && (sym_depends(t->numerator, p->symbols.at[i].name) || sym_depends(t->denominator, p->symbols.at[i].name)))
      return true;
  return false;
}

static bool names_only(const solve_problem *p, const sym_expr *e, size_t symbol) {
  for (size_t i = 0; i < p->symbols.n; i++)
    if (i != symbol && sym_depends(e, p->symbols.at[i].name))
      return false;
  return true;
}

/* Compiled trips that name symbol `s` alone. */
typedef struct own_trips { VEC_OF(sym_code *) numerator, denominator; } own_trips;

static loom_status compile_own(loom_ctx *ctx, const solve_problem *p, size_t s, own_trips *out) {
  const char *slot = p->symbols.at[s].name;
  for (size_t i = 0; i < p->trips.n; i++) {
    const solve_trip *t = &p->trips.at[i];
    if (!solve_trip_is_free(p, t) || !names_only(p, t->numerator, s) || !names_only(p, t->denominator, s))
      continue;
    sym_code *num, *den;
    LOOM_TRY(sym_compile(ctx, t->numerator, &slot, 1, &num));
    LOOM_TRY(sym_compile(ctx, t->denominator, &slot, 1, &den));
    vec_push(&ctx->mem, &out->numerator, num);
    vec_push(&ctx->mem, &out->denominator, den);
  }
  return LOOM_OK;
}

static bool passes(const own_trips *t, solve_trip_rule rule, int64_t v) {
  for (size_t i = 0; i < t->numerator.n; i++) {
    int64_t num, den;
    if (!sym_run(t->numerator.at[i], &v, &num) || !sym_run(t->denominator.at[i], &v, &den) || !solve_trip_holds(rule, num, den))
      return false;
  }
  return true;
}

/* Multiples of the alignment from it up to the extent; with ceilings the last one may reach over the extent. */
static loom_status list_symbol(loom_ctx *ctx, const solve_problem *p, size_t s, solve_trip_rule rule, solve_values *out) {
  const solve_symbol *x = &p->symbols.at[s];
  *out = (solve_values){0};
  if (x->assigned) {
    int64_t *only = ARENA_NEW(&ctx->mem, int64_t);
    *only = x->assigned;
    *out = (solve_values){only, 1};
    return LOOM_OK;
  }
  if (x->upper <= 0 && x->ub <= 0) {
    diag_error(ctx, LOOM_NOSPAN, LOOM_EINPUT, "block symbol '%s' has no upper bound", x->name);
    diag_help(ctx, "give one with --config (ub) or a size with --block-sizes %s=...", x->name);
    return LOOM_EINPUT;
  }
  int64_t top = x->upper > 0 ? x->upper : x->ub;
  if (rule == SOLVE_TRIPS_ANY && top <= INT64_MAX - x->align)
    top = (top + x->align - 1) / x->align * x->align;
  if (x->ub > 0 && x->ub < top)
    top = x->ub;
  int64_t low = x->align;
  if ((x->lb > x->align && __builtin_mul_overflow((x->lb - 1) / x->align + 1, x->align, &low)) || low > top)
    return LOOM_OK;
  int64_t count = (top - low) / x->align + 1;
  if (count > SOLVE_DOMAIN_MAX)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_ELIMIT, "block symbol '%s' has %" PRId64 " possible sizes; at most %d are searched", x->name, count, SOLVE_DOMAIN_MAX);
  own_trips own = {0};
  LOOM_TRY(compile_own(ctx, p, s, &own));
  int64_t *at = ARENA_NEW_N(&ctx->mem, int64_t, count);
  out->at = at;
  for (int64_t i = 0; i < count; i++)
    if (passes(&own, rule, low + i * x->align))
      at[out->n++] = low + i * x->align;
  return LOOM_OK;
}

loom_status solve_list_values(loom_ctx *ctx, const solve_problem *p, solve_trip_rule rule, solve_values *out) {
  for (size_t s = 0; s < p->symbols.n; s++)
    LOOM_TRY(list_symbol(ctx, p, s, rule, &out[s]));
  return LOOM_OK;
}

/* Sums, products, minima and maxima of such terms, divided only by constants. */
bool solve_is_monotone(const sym_expr *e) {
  int64_t v;
  if (sym_is_const(e, &v))
    return v >= 0;
  switch (e->op) {
  case SYM_SYM:
    return true;
  case SYM_ADD: case SYM_MUL: case SYM_MIN: case SYM_MAX:
    return solve_is_monotone(e->arg[0]) && solve_is_monotone(e->arg[1]);
  case SYM_CEILDIV: case SYM_FLOORDIV:
    return solve_is_monotone(e->arg[0]) && sym_is_const(e->arg[1], &v) && v > 0;
  default:
    return false;
  }
}

typedef struct fixing { arena *mem; const solve_problem *p; unsigned choice; } fixing;

static const sym_expr *fixed_boolean(void *data, const char *name) {
  const fixing *f = data;
  for (size_t i = 0; i < f->p->booleans.n; i++)
    if (text_eq(f->p->booleans.at[i].name, name))
      return sym_const(f->mem, f->choice >> i & 1);
  return NULL;
}

const sym_expr *solve_fix_booleans(arena *m, const solve_problem *p, const sym_expr *e, unsigned choice) {
  fixing f = {m, p, choice};
  return sym_subst(m, e, fixed_boolean, &f);
}

loom_status solve_apply_options(loom_ctx *ctx, const solve_options *o, solve_problem *p) {
  for (size_t i = 0; i < o->n_domains; i++) {
    const solve_domain *d = &o->domains[i];
    solve_symbol *x = NULL;
    for (size_t s = 0; s < p->symbols.n; s++)
      if (text_eq(p->symbols.at[s].name, d->symbol))
        x = &p->symbols.at[s];
    if (!x) {
      const char **names = ARENA_NEW_N(&ctx->mem, const char *, p->symbols.n);
      for (size_t s = 0; s < p->symbols.n; s++)
        names[s] = p->symbols.at[s].name;
      diag_error(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "the kernel has no block symbol '%s'", d->symbol);
      const char *near = diag_nearest(d->symbol, names, p->symbols.n);
      diag_help(ctx, "%s%s", near ? "did you mean " : "its symbols start with ", near ? near : p->symbols.n ? names[0] : "none");
      return LOOM_EUSAGE;
    }
    if (d->lb < 0 || d->ub < 0 || d->assigned < 0)
      LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "block symbol '%s': sizes must be at least 1", d->symbol);
    x->lb = d->lb;
    x->ub = d->ub;
    x->assigned = d->assigned;
  }
  for (size_t i = 0; i < p->booleans.n; i++)
    if (text_eq(p->booleans.at[i].name, MODEL_DOUBLE_BUFFER))
      p->booleans.at[i].assigned = o->assigned_double_buffer;
  return LOOM_OK;
}

bool solve_is_assigned(const solve_problem *p) {
  for (size_t i = 0; i < p->symbols.n; i++)
    if (!p->symbols.at[i].assigned)
      return false;
  return true;
}
