/* What an ETG variant says about block sizes, as a problem: symbols, booleans, trip counts, memory and hard constraints. */
#include "base/text.h"
#include "solve/solve_private.h"

/* Files of generation 1 name no alignment: sizes are multiples of the hardware's tile. */
enum { UNTOLD_ALIGNMENT = 32 };

static void add_symbols(arena *m, const etg_variant *v, solve_problem *p) {
  for (size_t i = 0; i < v->symbols.n; i++) {
    const etg_symbol *x = &v->symbols.at[i];
    int64_t align = x->align ? x->align : v->generation == 1 ? UNTOLD_ALIGNMENT : 1;
    vec_push(m, &p->symbols, ((solve_symbol){.name = x->name, .align = align, .upper = x->upper}));
  }
}

static void add_booleans(arena *m, const etg_variant *v, solve_problem *p) {
  bool has_double_buffer = false;
  for (size_t i = 0; i < v->booleans.n; i++) {
    has_double_buffer = has_double_buffer || text_eq(v->booleans.at[i], MODEL_DOUBLE_BUFFER);
    vec_push(m, &p->booleans, ((solve_boolean){v->booleans.at[i], -1}));
  }
  if (!has_double_buffer)      /* files without the choice have single buffers */
    vec_push(m, &p->booleans, ((solve_boolean){MODEL_DOUBLE_BUFFER, 0}));
}

/* a / b / c has numerator a and denominator b * c. */
static void add_trip(arena *m, const sym_expr *e, solve_problem *p) {
  const sym_expr *den = NULL;
  while (e->op == SYM_CEILDIV || e->op == SYM_FLOORDIV) {
    den = den ? sym_mul(m, e->arg[1], den) : e->arg[1];
    e = e->arg[0];
  }
  if (den)
    vec_push(m, &p->trips, ((solve_trip){e, den}));
}

/* ---- memory ---- */

static const sym_expr *sum_of(arena *m, const etg_exprs *list) {
  const sym_expr *sum = sym_const(m, 0);
  for (size_t i = 0; i < list->n; i++)
    sum = sym_add(m, sum, list->at[i].is);
  return sum;
}

/* (load + compute + store + db * load) * unit <= capacity */
static void add_memory(arena *m, const etg_memory *x, int64_t unit_bytes, solve_problem *p) {
  const sym_expr *load = sum_of(m, &x->load), *twice = sym_mul(m, sym_name(m, MODEL_DOUBLE_BUFFER), load);
  const sym_expr *all = sym_add(m, sym_add(m, sym_add(m, load, sum_of(m, &x->compute)), sum_of(m, &x->store)), twice);
  vec_push(m, &p->capacities, ((solve_capacity){x->name, sym_mul(m, all, sym_const(m, unit_bytes)), x->capacity}));
}

static void add_memories(arena *m, const etg_variant *v, solve_problem *p) {
  for (size_t i = 0; i < v->memories.n; i++) {
    dtype t;
    if (v->generation == 3)
      add_memory(m, &v->memories.at[i], 1, p);
    else if (v->memories.at[i].name && dtype_parse(v->datatype, &t))      /* generation 1 has its capacity among the hard constraints */
      add_memory(m, &v->memories.at[i], (int64_t)dtype_bytes(t), p);
  }
}

/* ---- hard constraints ---- */

/* `e` = *factor * *symbol; false: it is no product of constants and one symbol. */
static bool one_symbol_times(const sym_expr *e, int64_t *factor, const char **symbol) {
  int64_t v;
  if (e->op == SYM_MUL)
    return one_symbol_times(e->arg[0], factor, symbol) && one_symbol_times(e->arg[1], factor, symbol);
  if (e->op == SYM_SYM && !*symbol) {
    *symbol = e->name;
    return true;
  }
  return sym_is_const(e, &v) && v > 0 && !__builtin_mul_overflow(*factor, v, factor);
}

/* "At least one trip" (N / (s * c) >= 1, which truncates) and "s * c divides N" both mean s <= N / c: the oldest files say no more about sizes. */
static void learn_upper_end(const sym_expr *e, solve_problem *p) {
  int64_t extent, least, factor = 1;
  const char *symbol = NULL;
  const sym_expr *trips = e->op == SYM_GE && sym_is_const(e->arg[1], &least) && least == 1 && e->arg[0]->op == SYM_CEILDIV ? e->arg[0] : e->op == SYM_DIVISIBLE ? e : NULL;
  if (!trips || !sym_is_const(trips->arg[0], &extent) || extent < 1 || !one_symbol_times(trips->arg[1], &factor, &symbol))
    return;
  for (size_t i = 0; i < p->symbols.n; i++) {
    solve_symbol *x = &p->symbols.at[i];
    if (text_eq(x->name, symbol) && extent / factor > 0 && (!x->upper || extent / factor < x->upper))
      x->upper = extent / factor;
  }
}

/* `a <= constant` is kept as a sum that must not exceed it: it may prune. */
static void add_conditions(arena *m, const etg_variant *v, solve_problem *p) {
  for (size_t i = 0; i < v->hard.n; i++) {
    const sym_expr *e = v->hard.at[i].is;
    int64_t limit;
    if (v->generation == 1)
      learn_upper_end(e, p);
    if (e->op == SYM_LE && sym_is_const(e->arg[1], &limit))
      vec_push(m, &p->capacities, ((solve_capacity){NULL, e->arg[0], limit}));
    else
      vec_push(m, &p->conditions, e);
  }
}

void solve_etg_limits(arena *m, const etg_variant *v, solve_problem *out) {
  static const solve_trip_rule rules[] = {SOLVE_TRIPS_ANY, SOLVE_TRIPS_ANY, SOLVE_TRIPS_COVER, SOLVE_TRIPS_EXACT};
  *out = (solve_problem){.rule = rules[v->generation]};
  add_symbols(m, v, out);
  add_booleans(m, v, out);
  for (size_t i = 0; i < v->temporal.n; i++)
    add_trip(m, v->temporal.at[i].trips.is, out);
  for (size_t i = 0; i < v->sequential.n; i++)
    add_trip(m, v->sequential.at[i].trips.is, out);
  add_memories(m, v, out);
  add_conditions(m, v, out);
}
