/* Cycles of an ETG variant.  Stages of a scope run one after another, branches of a stage overlap, calls of a branch run one after another.
 *
 *   generation 1:      loop = trips * (db ? max(compute, memory) : compute + memory)
 *                      in files without the choice: trips * max(compute, memory)
 *   generations 2, 3:  loop = trips * (db ? max(L, C + S) : L + C + S) + (db ? min(L, C + S) : 0)
 */
#include "base/text.h"
#include "solve/solve_private.h"

enum { ETG_DEPTH_MAX = 24 };

typedef struct reader {
  loom_ctx *ctx;
  const machine *m;
  int generation;
  const sym_expr *overlaps;          /* is_double_buffer == 1; generation 1 without that choice: true */
  int depth;
} reader;

static loom_status block_cost(reader *r, const data_value *block, const sym_expr *trips, const sym_expr **out);

static loom_status read_expr(reader *r, const data_value *o, const char *key, const sym_expr **out) {
  const data_value *v = data_get(o, key);
  if (!v) {
    diag_error(r->ctx, o ? o->span : LOOM_NOSPAN, LOOM_EINPUT, "'%s' is missing", key);
    return LOOM_EINPUT;
  }
  return sym_from_etg(r->ctx, v, out);
}

/* ---- calls ---- */

/* [{constraints, time_cost}]: the first that holds. */
static loom_status scenario_cost(reader *r, const data_value *list, const sym_expr **out) {
  arena *m = &r->ctx->mem;
  const sym_expr *e = sym_const(m, MACHINE_UNCOVERED_CYCLES);
  for (size_t i = list->n; i-- > 0;) {
    const sym_expr *guard, *cost;
    LOOM_TRY(read_expr(r, list->items[i], "constraints", &guard));
    LOOM_TRY(read_expr(r, list->items[i], "time_cost", &cost));
    e = guard->op == SYM_TRUE ? cost : guard->op == SYM_FALSE ? e : sym_make(m, SYM_IF, guard, cost, e);
  }
  *out = e;
  return LOOM_OK;
}

static const data_value *resolved(const data_value *v) {
  const data_value *s = data_get(v, "scenarios");
  return s && s->kind == DATA_ARRAY && s->n ? s : NULL;
}

typedef VEC_OF(machine_arg) arg_list;

static bool has_arg(const arg_list *a, const char *symbol) {
  for (size_t i = 0; i < a->n; i++)
    if (text_eq(a->at[i].symbol, symbol))
      return true;
  return false;
}

/* Older files do not pass what newer perf sets ask for: nobody shares, nobody contends. */
static void add_defaults(reader *r, arg_list *args) {
  static const struct { const char *symbol; int64_t value; } defaults[] = {{"effective_bandwidth", 10}, {"bcst_x", 1}, {"bcst_y", 1}};
  for (size_t i = 0; i < sizeof defaults / sizeof *defaults; i++)
    if (!has_arg(args, defaults[i].symbol))
      vec_push(&r->ctx->mem, args, ((machine_arg){defaults[i].symbol, sym_const(&r->ctx->mem, defaults[i].value)}));
}

static loom_status call_cost(reader *r, const data_value *func, const sym_expr **out) {
  const char *name;
  data_value *map, *entries;
  arg_list args = {0};
  LOOM_TRY(data_need_string(r->ctx, func, "name", &name));
  if (!r->m) {
    diag_error(r->ctx, func->span, LOOM_EUSAGE, "the cost of '%s' is not in the file", name);
    diag_help(r->ctx, "give the chip with --machine, or a resolved ETG (p02)");
    return LOOM_EUSAGE;
  }
  LOOM_TRY(data_need(r->ctx, func, "sym_map", DATA_OBJECT, &map));
  LOOM_TRY(data_need(r->ctx, map, "entries", DATA_ARRAY, &entries));
  for (size_t i = 0; i < entries->n; i++) {
    const data_value *e = entries->items[i];
    if (e->kind != DATA_ARRAY || e->n != 2 || e->items[0]->kind != DATA_STRING)
      LOOM_FAIL(r->ctx, e->span, LOOM_EINPUT, "an entry of sym_map must be [symbol, expression]");
    machine_arg a = {.symbol = e->items[0]->string};
    LOOM_TRY(sym_from_etg(r->ctx, e->items[1], &a.value));
    vec_push(&r->ctx->mem, &args, a);
  }
  add_defaults(r, &args);
  return machine_cost(r->ctx, r->m, name, args.at, args.n, out);
}

static loom_status schedule_cost(reader *r, const data_value *v, const sym_expr **out) {
  const data_value *call = data_get(v, "Func");
  if (!call)
    call = data_get(v, "PlacedFunc");
  if (!call)
    LOOM_FAIL(r->ctx, v->span, LOOM_EINPUT, "a schedule must be a Func or a PlacedFunc");
  if (resolved(call))
    return scenario_cost(r, resolved(call), out);
  data_value *func;
  LOOM_TRY(data_need(r->ctx, call, "func", DATA_OBJECT, &func));
  return call_cost(r, func, out);
}

static loom_status branch_cost(reader *r, const data_value *v, const sym_expr **out) {
  data_value *seq, *schedules;
  LOOM_TRY(data_need(r->ctx, v, "Sequential", DATA_OBJECT, &seq));
  if (resolved(seq))
    return scenario_cost(r, resolved(seq), out);
  LOOM_TRY(data_need(r->ctx, seq, "schedules", DATA_ARRAY, &schedules));
  *out = sym_const(&r->ctx->mem, 0);
  for (size_t i = 0; i < schedules->n; i++) {
    const sym_expr *e;
    LOOM_TRY(schedule_cost(r, schedules->items[i], &e));
    *out = sym_add(&r->ctx->mem, *out, e);
  }
  return LOOM_OK;
}

/* ---- stages ---- */

static loom_status stage_cost(reader *r, const data_value *v, const sym_expr **out) {
  const data_value *loop = data_get(v, "for_loop_block"), *parallel = data_get(v, "Parallel");
  if (loop) {
    const sym_expr *trips;
    LOOM_TRY(read_expr(r, loop, "trip_count", &trips));
    return block_cost(r, loop, trips, out);
  }
  if (!parallel)
    LOOM_FAIL(r->ctx, v->span, LOOM_EINPUT, "a stage must have Parallel or for_loop_block");
  if (parallel->kind == DATA_OBJECT)      /* the oldest files: one branch without a list */
    return branch_cost(r, parallel, out);
  *out = sym_const(&r->ctx->mem, 0);
  for (size_t i = 0; i < parallel->n; i++) {
    const sym_expr *e;
    LOOM_TRY(branch_cost(r, parallel->items[i], &e));
    *out = sym_max(&r->ctx->mem, *out, e);
  }
  return LOOM_OK;
}

static loom_status scope_cost(reader *r, const data_value *block, const char *key, const sym_expr **out) {
  data_value *scope, *stages;
  LOOM_TRY(data_need(r->ctx, block, key, DATA_OBJECT, &scope));
  LOOM_TRY(data_need(r->ctx, scope, "stages", DATA_ARRAY, &stages));
  *out = sym_const(&r->ctx->mem, 0);
  for (size_t i = 0; i < stages->n; i++) {
    const sym_expr *e;
    LOOM_TRY(stage_cost(r, stages->items[i], &e));
    *out = sym_add(&r->ctx->mem, *out, e);
  }
  return LOOM_OK;
}

/* ---- blocks: `trips` iterations of one; NULL: the kernel's own block, which runs once and has no first load to wait for ---- */

static loom_status nested_cost(reader *r, const data_value *block, const sym_expr *trips, const sym_expr **out) {
  arena *m = &r->ctx->mem;
  const sym_expr *compute, *memory;
  LOOM_TRY(scope_cost(r, block, "compute_scope", &compute));
  LOOM_TRY(scope_cost(r, block, "memory_scope", &memory));
  const sym_expr *serial = sym_add(m, compute, memory);
  bool is_empty = serial == compute || serial == memory;      /* nothing to overlap with */
  *out = is_empty ? serial : sym_make(m, SYM_IF, r->overlaps, sym_max(m, compute, memory), serial);
  if (trips)
    *out = sym_mul(m, trips, *out);
  return LOOM_OK;
}

static loom_status overlapped_cost(reader *r, const data_value *block, const sym_expr *trips, const sym_expr **out) {
  arena *m = &r->ctx->mem;
  const sym_expr *load, *compute, *store;
  LOOM_TRY(scope_cost(r, block, "load_scope", &load));
  LOOM_TRY(scope_cost(r, block, "compute_scope", &compute));
  LOOM_TRY(scope_cost(r, block, "store_scope", &store));
  const sym_expr *rest = sym_add(m, compute, store), *one = sym_const(m, 1);
  const sym_expr *serial = sym_mul(m, trips ? trips : one, sym_add(m, load, rest));
  int64_t zero;
  if (sym_is_const(load, &zero) && zero == 0) {
    *out = serial;
    return LOOM_OK;
  }
  const sym_expr *overlapped = sym_mul(m, trips ? trips : one, sym_max(m, load, rest));
  if (trips)
    overlapped = sym_add(m, overlapped, sym_min(m, load, rest));
  *out = sym_make(m, SYM_IF, r->overlaps, overlapped, serial);
  return LOOM_OK;
}

static loom_status block_cost(reader *r, const data_value *block, const sym_expr *trips, const sym_expr **out) {
  if (++r->depth > ETG_DEPTH_MAX)
    LOOM_FAIL(r->ctx, block->span, LOOM_ELIMIT, "loop blocks are nested deeper than %d", ETG_DEPTH_MAX);
  LOOM_TRY(r->generation == 1 ? nested_cost(r, block, trips, out) : overlapped_cost(r, block, trips, out));
  r->depth--;
  return LOOM_OK;
}

/* The oldest files have no loop tree: one body, run for every temporal and sequential iteration. */
static loom_status flat_cost(reader *r, const data_value *variant, const sym_expr **out) {
  const data_value *scope = data_get(variant, "constraint_scope"), *iter = data_get(data_get(scope, "metadata"), "iter_num");
  const data_value *temporal = data_get(iter, "temp_iter");
  const sym_expr *trips = sym_const(&r->ctx->mem, 1), *e;
  if (data_get(iter, "seq_iter"))
    LOOM_TRY(read_expr(r, iter, "seq_iter", &trips));
  for (size_t i = 0; temporal && i < temporal->n; i++) {
    LOOM_TRY(sym_from_etg(r->ctx, temporal->items[i], &e));
    trips = sym_mul(&r->ctx->mem, trips, e);
  }
  return block_cost(r, variant, trips, out);
}

static bool has_choice(const data_value *variant) {
  const data_value *list = data_get(data_get(data_get(variant, "constraint_scope"), "metadata"), "booleans");
  for (size_t i = 0; list && i < list->n; i++)
    if (text_eq(list->items[i]->string, MODEL_DOUBLE_BUFFER))
      return true;
  return false;
}

loom_status solve_etg_cycles(loom_ctx *ctx, const data_value *variant, int generation, const machine *m, const sym_expr **out) {
  arena *mem = &ctx->mem;
  const sym_expr *db = sym_make(mem, SYM_EQ, sym_name(mem, MODEL_DOUBLE_BUFFER), sym_const(mem, 1), NULL);
  if (generation == 1 && !has_choice(variant))
    db = sym_make(mem, SYM_TRUE, NULL, NULL, NULL);
  reader r = {ctx, m, generation, db, 0};
  const data_value *kernel = data_get(variant, "kernel_block");
  return kernel ? block_cost(&r, kernel, NULL, out) : flat_cost(&r, variant, out);
}
