#include "base/text.h"
#include "solve/solve_private.h"

const char *solve_bytes_text(arena *m, int64_t bytes) {
  if (bytes < 10000)
    return arena_printf(m, "%" PRId64 " B", bytes);
  if (bytes < 1000000)
    return arena_printf(m, "%.1f kB", (double)bytes / 1e3);
  return arena_printf(m, "%.2f MB", (double)bytes / 1e6);
}

/* "4096 over 12 cores" of the trip that rules out the symbol's sizes: its numerator over the constant part of its denominator. */
static const char *trip_text(loom_ctx *ctx, const solve_problem *p, const char *symbol) {
  arena *m = &ctx->mem;
  text t = text_new(m);
  for (size_t i = 0; i < p->trips.n; i++)
    if (sym_depends(p->trips.at[i].denominator, symbol))
      text_addf(&t, "%s%s divided by %s", t.size ? ", " : "", sym_str(m, p->trips.at[i].numerator), sym_str(m, p->trips.at[i].denominator));
  return text_str(&t);
}

const char *solve_explain_empty(loom_ctx *ctx, const solve_problem *p, solve_trip_rule rule, const solve_values *values) {
  arena *m = &ctx->mem;
  for (size_t s = 0; s < p->symbols.n; s++) {
    const solve_symbol *x = &p->symbols.at[s];
    if (values[s].n)
      continue;
    int64_t lo = x->lb > 1 ? x->lb : 1, hi = x->ub > 0 && (x->upper <= 0 || x->ub < x->upper) ? x->ub : x->upper;
    if (rule == SOLVE_TRIPS_ANY || !trip_text(ctx, p, x->name)[0])
      return arena_printf(m, "%s has no value: no multiple of %" PRId64 " from %" PRId64 " to %" PRId64, x->name, x->align, lo, hi);
    return arena_printf(m, "%s has no value: no multiple of %" PRId64 " from %" PRId64 " to %" PRId64 " %s (%s)%s", x->name, x->align, lo, hi,
                        rule == SOLVE_TRIPS_EXACT ? "divides evenly" : "leaves work for every core", trip_text(ctx, p, x->name),
                        p->falls_back ? "" : "; --ragged rounds trip counts up instead");
  }
  return NULL;
}

const char *solve_point_words(arena *m, const solve_problem *p, const int64_t *value, unsigned choice) {
  text t = text_new(m);
  for (size_t s = 0; s < p->symbols.n; s++)
    text_addf(&t, "%s%s=%" PRId64, s ? ", " : "", p->symbols.at[s].name, value[s]);
  for (size_t i = 0; i < p->booleans.n; i++)
    text_addf(&t, "%s%s=%u", t.size ? ", " : "", p->booleans.at[i].name, choice >> i & 1);
  return text_str(&t);
}

/* x rounded up to a multiple of c, as slots are: the words leave the rounding out. */
static const sym_expr *without_rounding(const sym_expr *e) {
  int64_t by, times;
  bool is_rounding = e->op == SYM_MUL && e->arg[0]->op == SYM_CEILDIV && sym_is_const(e->arg[1], &times) && sym_is_const(e->arg[0]->arg[1], &by) && by == times;
  return is_rounding ? e->arg[0]->arg[0] : e;
}

static void add_product(text *t, arena *m, const sym_expr *e) {
  if (e->op == SYM_MUL) {
    add_product(t, m, e->arg[0]);
    text_add(t, "*");
    add_product(t, m, e->arg[1]);
    return;
  }
  bool is_plain = e->op == SYM_SYM || e->op == SYM_CONST;
  text_addf(t, is_plain ? "%s" : "(%s)", sym_str(m, e));
}

/* a * b * 2 + c * 2  ->  "a*b*2 B + c*2 B"; (a * b + c) * 2 the same. */
static void add_terms(text *t, arena *m, const sym_expr *e, int64_t times) {
  int64_t by;
  if (e->op == SYM_ADD) {
    add_terms(t, m, e->arg[0], times);
    add_terms(t, m, e->arg[1], times);
    return;
  }
  if (e->op == SYM_MUL && e->arg[0]->op == SYM_ADD && sym_is_const(e->arg[1], &by) && !__builtin_mul_overflow(by, times, &by)) {
    add_terms(t, m, e->arg[0], by);
    return;
  }
  if (t->size)
    text_add(t, " + ");
  add_product(t, m, without_rounding(e));
  if (times != 1)
    text_addf(t, "*%" PRId64, times);
  text_add(t, " B");
}

const char *solve_size_words(arena *m, const sym_expr *e) {
  text t = text_new(m);
  add_terms(&t, m, e, 1);
  return text_str(&t);
}

const char *solve_amount_words(arena *m, const solve_capacity *c, const sym_expr *e, int64_t amount) {
  if (!c->memory)
    return arena_printf(m, "%s = %" PRId64, sym_str(m, e), amount);
  return arena_printf(m, "%s = %s", solve_size_words(m, e), solve_bytes_text(m, amount));
}

const char *solve_room_words(arena *m, const solve_capacity *c) {
  return c->memory ? arena_printf(m, "%s %s", c->memory, solve_bytes_text(m, c->limit)) : arena_printf(m, "%" PRId64, c->limit);
}

/* The size at the smallest point; false where it has none (a divisor of 0, beyond 64 bits). */
static bool size_at(loom_ctx *ctx, const solve_problem *p, const sym_expr *e, const int64_t *slots, int64_t *out) {
  const char *names[SOLVE_SYMBOLS_MAX];
  sym_code *code;
  for (size_t s = 0; s < p->symbols.n; s++)
    names[s] = p->symbols.at[s].name;
  return sym_compile(ctx, e, names, p->symbols.n, &code) == LOOM_OK && sym_run(code, slots, out);
}

const char *solve_explain(loom_ctx *ctx, const solve_problem *p, const solve_values *values) {
  arena *m = &ctx->mem;
  int64_t at[SOLVE_SYMBOLS_MAX];
  unsigned choice = 0;
  for (size_t i = 0; i < p->booleans.n; i++)
    choice |= p->booleans.at[i].assigned == 1 ? 1u << i : 0;
  for (size_t s = 0; s < p->symbols.n; s++)
    at[s] = values[s].at[0];
  text all = text_new(m);      /* every limit that is broken there: a larger memory alone may not help */
  for (size_t i = 0; i < p->capacities.n; i++) {
    const solve_capacity *c = &p->capacities.at[i];
    const sym_expr *e = solve_fix_booleans(m, p, c->bytes, choice);
    int64_t bytes;
    if (!size_at(ctx, p, e, at, &bytes) || bytes <= c->limit)
      continue;
    text_addf(&all, "%s%s > %s", all.size ? "; " : "", solve_amount_words(m, c, e, bytes), solve_room_words(m, c));
  }
  if (all.size)
    return arena_printf(m, "even at %s: %s", solve_point_words(m, p, at, choice), text_str(&all));
  if (p->conditions.n)
    return arena_printf(m, "no block sizes satisfy %s within the memory", sym_str(m, solve_fix_booleans(m, p, p->conditions.at[0], choice)));
  return "no block sizes satisfy all trip counts within the memory";
}
