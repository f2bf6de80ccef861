/* What an ETG variant says about block sizes: symbols, booleans, trip counts, memory and hard constraints. */
#include "base/text.h"
#include "solve/solve_private.h"

/* Files of generation 1 name no alignment: sizes are multiples of the hardware's tile. */
enum { UNTOLD_ALIGNMENT = 32 };

static loom_status read_symbols(loom_ctx *ctx, const data_value *metadata, int generation, solve_problem *p) {
  data_value *o;
  LOOM_TRY(data_need(ctx, metadata, "symbols", DATA_OBJECT, &o));
  for (size_t i = 0; i < o->n; i++) {
    const data_value *x = o->members[i].value;
    solve_symbol s = {.name = o->members[i].key, .align = generation == 1 ? UNTOLD_ALIGNMENT : 1};
    if (data_get(x, "alignment"))
      LOOM_TRY(data_need_int(ctx, x, "alignment", 1, INT32_MAX, &s.align));
    if (data_get(x, "natural_ub"))
      LOOM_TRY(data_need_int(ctx, x, "natural_ub", 1, INT64_MAX, &s.upper));
    vec_push(&ctx->mem, &p->symbols, s);
  }
  return LOOM_OK;
}

static loom_status read_booleans(loom_ctx *ctx, const data_value *metadata, solve_problem *p) {
  const data_value *list = data_get(metadata, "booleans");
  bool has_double_buffer = false;
  for (size_t i = 0; list && i < list->n; i++) {
    if (list->items[i]->kind != DATA_STRING)
      LOOM_FAIL(ctx, list->items[i]->span, LOOM_EINPUT, "booleans must be names");
    has_double_buffer = has_double_buffer || text_eq(list->items[i]->string, MODEL_DOUBLE_BUFFER);
    vec_push(&ctx->mem, &p->booleans, ((solve_boolean){list->items[i]->string, -1}));
  }
  if (!has_double_buffer)      /* files without the choice have single buffers */
    vec_push(&ctx->mem, &p->booleans, ((solve_boolean){MODEL_DOUBLE_BUFFER, 0}));
  return LOOM_OK;
}

/* ---- trip counts ---- */

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

/* An expression, [expression, bool], or a list of these. */
static loom_status read_trips(loom_ctx *ctx, const data_value *v, solve_problem *p, int depth) {
  if (!v || v->kind == DATA_BOOL)
    return LOOM_OK;
  if (v->kind == DATA_ARRAY) {
    if (depth > 2)
      LOOM_FAIL(ctx, v->span, LOOM_EINPUT, "iter_num is nested too deeply");
    for (size_t i = 0; i < v->n; i++)
      LOOM_TRY(read_trips(ctx, v->items[i], p, depth + 1));
    return LOOM_OK;
  }
  const sym_expr *e;
  LOOM_TRY(sym_from_etg(ctx, v, &e));
  add_trip(&ctx->mem, e, p);
  return LOOM_OK;
}

/* ---- memory ---- */

static loom_status sum_of(loom_ctx *ctx, const data_value *o, const char *key, const sym_expr **out) {
  const data_value *list = data_get(o, key);
  *out = sym_const(&ctx->mem, 0);
  for (size_t i = 0; list && i < list->n; i++) {
    const sym_expr *e;
    LOOM_TRY(sym_from_etg(ctx, list->items[i], &e));
    *out = sym_add(&ctx->mem, *out, e);
  }
  return LOOM_OK;
}

/* (load + compute + store + db * load) * elem_bytes <= capacity */
static loom_status add_memory(loom_ctx *ctx, const data_value *o, const char *const keys[3], int64_t elem_bytes, const char *memory, int64_t capacity, solve_problem *p) {
  arena *m = &ctx->mem;
  const sym_expr *part[3];
  for (int i = 0; i < 3; i++)
    LOOM_TRY(sum_of(ctx, o, keys[i], &part[i]));
  const sym_expr *twice = sym_mul(m, sym_name(m, MODEL_DOUBLE_BUFFER), part[0]);
  const sym_expr *elems = sym_add(m, sym_add(m, sym_add(m, part[0], part[1]), part[2]), twice);
  vec_push(m, &p->capacities, ((solve_capacity){memory, sym_mul(m, elems, sym_const(m, elem_bytes)), capacity}));
  return LOOM_OK;
}

static loom_status read_memories(loom_ctx *ctx, const data_value *metadata, solve_problem *p) {
  static const char *const keys[3] = {"load_bytes", "compute_bytes", "store_bytes"};
  data_value *list;
  LOOM_TRY(data_need(ctx, metadata, "memory_footprints", DATA_ARRAY, &list));
  for (size_t i = 0; i < list->n; i++) {
    const char *name;
    int64_t capacity;
    LOOM_TRY(data_need_string(ctx, list->items[i], "memory", &name));
    LOOM_TRY(data_need_int(ctx, list->items[i], "capacity_bytes", 0, INT64_MAX, &capacity));
    for (size_t k = 0; k < p->capacities.n; k++)
      if (text_eq(p->capacities.at[k].memory, name))
        LOOM_FAIL(ctx, list->items[i]->span, LOOM_EINPUT, "memory '%s' has two footprints", name);
    LOOM_TRY(add_memory(ctx, list->items[i], keys, 1, name, capacity, p));
  }
  return LOOM_OK;
}

static loom_status read_footprint(loom_ctx *ctx, const data_value *metadata, solve_problem *p) {
  static const char *const keys[3] = {"load", "compute", "store"};
  const data_value *o = data_get(metadata, "L1_footprint");
  if (!o || o->kind != DATA_OBJECT)      /* generation 1 lists elements only; its capacity is a hard constraint */
    return LOOM_OK;
  data_value *type;
  int64_t capacity;
  dtype t;
  LOOM_TRY(data_need_int(ctx, o, "capacity", 0, INT64_MAX, &capacity));
  LOOM_TRY(data_need(ctx, metadata, "datatype", DATA_STRING, &type));
  if (!dtype_parse(type->string, &t))
    LOOM_FAIL(ctx, type->span, LOOM_EINPUT, "unknown datatype '%s'", type->string);
  return add_memory(ctx, o, keys, (int64_t)dtype_bytes(t), "L1", capacity, p);
}

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
  if (!trips || !sym_is_const(trips->arg[0], &extent) || extent < 1 || !one_symbol_times(trips->arg[1], &factor, &symbol) || !symbol)
    return;
  for (size_t i = 0; i < p->symbols.n; i++) {
    solve_symbol *x = &p->symbols.at[i];
    if (text_eq(x->name, symbol) && extent / factor > 0 && (!x->upper || extent / factor < x->upper))
      x->upper = extent / factor;
  }
}

/* `a <= constant` is kept as a sum that must not exceed it: it may prune. */
static loom_status read_conditions(loom_ctx *ctx, const data_value *scope, int generation, solve_problem *p) {
  const data_value *list = data_get(scope, "hard_constraints");
  for (size_t i = 0; list && i < list->n; i++) {
    const sym_expr *e;
    int64_t limit;
    LOOM_TRY(sym_from_etg(ctx, list->items[i], &e));
    if (!sym_op_is_boolean(e->op))
      LOOM_FAIL(ctx, list->items[i]->span, LOOM_EINPUT, "a hard constraint must be true or false, not a number");
    if (generation == 1)
      learn_upper_end(e, p);
    if (e->op == SYM_LE && sym_is_const(e->arg[1], &limit))
      vec_push(&ctx->mem, &p->capacities, ((solve_capacity){NULL, e->arg[0], limit}));
    else
      vec_push(&ctx->mem, &p->conditions, e);
  }
  return LOOM_OK;
}

loom_status solve_etg_limits(loom_ctx *ctx, const data_value *variant, int generation, solve_problem *out) {
  static const solve_trip_rule rules[] = {SOLVE_TRIPS_ANY, SOLVE_TRIPS_ANY, SOLVE_TRIPS_COVER, SOLVE_TRIPS_EXACT};
  data_value *scope, *metadata;
  *out = (solve_problem){.rule = rules[generation]};
  LOOM_TRY(data_need(ctx, variant, "constraint_scope", DATA_OBJECT, &scope));
  LOOM_TRY(data_need(ctx, scope, "metadata", DATA_OBJECT, &metadata));
  LOOM_TRY(read_symbols(ctx, metadata, generation, out));
  LOOM_TRY(read_booleans(ctx, metadata, out));
  const data_value *iter = data_get(metadata, "iter_num");
  LOOM_TRY(read_trips(ctx, data_get(iter, "temp_iter"), out, 0));
  LOOM_TRY(read_trips(ctx, data_get(iter, "seq_iter"), out, 0));
  LOOM_TRY(generation == 3 ? read_memories(ctx, metadata, out) : read_footprint(ctx, metadata, out));
  return read_conditions(ctx, scope, generation, out);
}
