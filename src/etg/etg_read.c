/* The loop tree of a variant: blocks, scopes, stages, branches, calls. */
#include "base/text.h"
#include "etg/etg_private.h"

static const char *const scope_keys[] = {"load_scope", "compute_scope", "store_scope", "memory_scope"};

/* Files have the same key in every variant: it is told once. */
static bool is_told(const loom_ctx *ctx, const char *what) {
  for (const diag_item *d = ctx->diag.first; d; d = d->next)
    if (d->severity == DIAG_WARNING && text_eq(d->text, what))
      return true;
  return false;
}

bool etg_warn_once(loom_ctx *ctx, loom_span span, const char *what) {
  if (is_told(ctx, what))
    return false;
  diag_warn(ctx, span, "%s", what);
  return true;
}

void etg_warn_unknown(loom_ctx *ctx, const data_value *v, const char *const *keys, size_t n) {
  for (size_t i = 0; v && v->kind == DATA_OBJECT && i < v->n; i++) {
    bool known = false;
    for (size_t k = 0; k < n; k++)
      known = known || text_eq(v->members[i].key, keys[k]);
    if (known || !etg_warn_once(ctx, v->members[i].key_span, arena_printf(&ctx->mem, "unknown key '%s'; it is ignored", v->members[i].key)))
      continue;
    const char *near = diag_nearest(v->members[i].key, keys, n);
    if (near)
      diag_help(ctx, "did you mean '%s'?", near);
  }
}

/* ---- expressions ---- */

static loom_status read_expr(loom_ctx *ctx, const data_value *v, bool is_condition, etg_expr *out) {
  *out = (etg_expr){NULL, v};
  LOOM_TRY(sym_from_etg(ctx, v, &out->is));
  if (sym_op_is_boolean(out->is->op) == is_condition)
    return LOOM_OK;
  LOOM_FAIL(ctx, v->span, LOOM_EINPUT, is_condition ? "expected a constraint, which is true or false; found a number" : "expected a number; found a constraint");
}

loom_status etg_read_number(loom_ctx *ctx, const data_value *v, etg_expr *out) { return read_expr(ctx, v, false, out); }
loom_status etg_read_condition(loom_ctx *ctx, const data_value *v, etg_expr *out) { return read_expr(ctx, v, true, out); }

loom_status etg_read_numbers(loom_ctx *ctx, const data_value *v, const char *key, etg_exprs *out) {
  if (!data_get(v, key))
    return LOOM_OK;
  data_value *list;
  LOOM_TRY(data_need(ctx, v, key, DATA_ARRAY, &list));
  for (size_t i = 0; i < list->n; i++) {
    etg_expr e;
    LOOM_TRY(etg_read_number(ctx, list->items[i], &e));
    vec_push(&ctx->mem, out, e);
  }
  return LOOM_OK;
}

static loom_status need(loom_ctx *ctx, const data_value *v, const char *key, const data_value **out) {
  *out = data_get(v, key);
  if (*out)
    return LOOM_OK;
  LOOM_FAIL(ctx, v->span, LOOM_EINPUT, "'%s' is missing", key);
}

/* ---- scenarios ---- */

static loom_status read_scenarios(loom_ctx *ctx, const data_value *v, etg_scenarios *out) {
  static const char *const wrappers[] = {"Concrete", "Expression"};
  if (!data_get(v, "scenarios"))
    return LOOM_OK;
  data_value *list;
  LOOM_TRY(data_need(ctx, v, "scenarios", DATA_ARRAY, &list));
  for (size_t i = 0; i < list->n; i++) {
    const data_value *when, *time;
    etg_scenario s = {0};
    LOOM_TRY(need(ctx, list->items[i], "constraints", &when));
    LOOM_TRY(need(ctx, list->items[i], "time_cost", &time));
    ETG_KNOWN_KEYS(ctx, list->items[i], "constraints", "time_cost");
    for (size_t w = 0; w < sizeof wrappers / sizeof *wrappers && !s.wrapper; w++)
      if (data_get(time, wrappers[w])) {
        s.wrapper = wrappers[w];
        time = data_get(time, wrappers[w]);
      }
    LOOM_TRY(etg_read_condition(ctx, when, &s.when));
    LOOM_TRY(etg_read_number(ctx, time, &s.cycles));
    vec_push(&ctx->mem, out, s);
  }
  return LOOM_OK;
}

/* The first that holds; NULL for none at all. */
static const sym_expr *as_one_cost(arena *m, const etg_scenarios *s) {
  if (!s->n)
    return NULL;
  const sym_expr *e = sym_const(m, MACHINE_UNCOVERED_CYCLES);
  for (size_t i = s->n; i-- > 0;)
    e = sym_make(m, SYM_IF, s->at[i].when.is, s->at[i].cycles.is, e);
  return e;
}

/* ---- calls ---- */

static loom_status read_optional_string(loom_ctx *ctx, const data_value *v, const char *key, const char **out) {
  return data_get(v, key) ? data_need_string(ctx, v, key, out) : LOOM_OK;
}

loom_status etg_read_names(loom_ctx *ctx, const data_value *v, const char *key, etg_strings *out) {
  data_value *list;
  LOOM_TRY(data_need(ctx, v, key, DATA_ARRAY, &list));
  for (size_t i = 0; i < list->n; i++) {
    if (list->items[i]->kind != DATA_STRING)
      LOOM_FAIL(ctx, list->items[i]->span, LOOM_EINPUT, "%s must be names", key);
    vec_push(&ctx->mem, out, list->items[i]->string);
  }
  return LOOM_OK;
}

static loom_status read_map(loom_ctx *ctx, const data_value *func, etg_call *c) {
  data_value *map, *entries;
  c->has_map = data_get(func, "sym_map");
  if (!c->has_map)
    return LOOM_OK;
  LOOM_TRY(data_need(ctx, func, "sym_map", DATA_OBJECT, &map));
  LOOM_TRY(data_need(ctx, map, "entries", DATA_ARRAY, &entries));
  for (size_t i = 0; i < entries->n; i++) {
    const data_value *e = entries->items[i];
    if (e->kind != DATA_ARRAY || e->n != 2 || e->items[0]->kind != DATA_STRING)
      LOOM_FAIL(ctx, e->span, LOOM_EINPUT, "an entry of sym_map must be [symbol, expression]");
    etg_arg a = {.symbol = e->items[0]->string};
    LOOM_TRY(etg_read_number(ctx, e->items[1], &a.value));
    vec_push(&ctx->mem, &c->args, a);
  }
  return data_get(func, "symbols") ? etg_read_names(ctx, func, "symbols", &c->symbols) : LOOM_OK;
}

static loom_status read_call(loom_ctx *ctx, const data_value *v, etg_call **out) {
  const data_value *placed = data_get(v, "PlacedFunc"), *body = placed ? placed : data_get(v, "Func");
  data_value *func;
  if (!body)
    LOOM_FAIL(ctx, v->span, LOOM_EINPUT, "a schedule must be a Func or a PlacedFunc");
  etg_call *c = ARENA_NEW(&ctx->mem, etg_call);
  LOOM_TRY(data_need(ctx, body, "func", DATA_OBJECT, &func));
  LOOM_TRY(data_need_string(ctx, func, "name", &c->func));
  LOOM_TRY(read_optional_string(ctx, func, "op_label", &c->label));
  LOOM_TRY(read_optional_string(ctx, func, "read", &c->read));
  LOOM_TRY(read_optional_string(ctx, func, "write", &c->write));
  LOOM_TRY(read_map(ctx, func, c));
  LOOM_TRY(read_scenarios(ctx, body, &c->scenarios));
  ETG_KNOWN_KEYS(ctx, func, "name", "op_label", "read", "write", "symbols", "sym_map");
  ETG_KNOWN_KEYS(ctx, body, "func", "scenarios", "target", "processor");
  c->is_placed = placed;
  c->target = data_get(placed, "target");
  c->cycles = as_one_cost(&ctx->mem, &c->scenarios);
  c->span = data_get(func, "name")->span;
  *out = c;
  return LOOM_OK;
}

static loom_status read_branch(loom_ctx *ctx, const data_value *v, etg_branch **out) {
  data_value *seq, *schedules;
  etg_branch *b = ARENA_NEW(&ctx->mem, etg_branch);
  LOOM_TRY(data_need(ctx, v, "Sequential", DATA_OBJECT, &seq));
  LOOM_TRY(data_need(ctx, seq, "schedules", DATA_ARRAY, &schedules));
  ETG_KNOWN_KEYS(ctx, seq, "schedules", "scenarios");
  for (size_t i = 0; i < schedules->n; i++) {
    etg_call *c = NULL;
    LOOM_TRY(read_call(ctx, schedules->items[i], &c));
    vec_push(&ctx->mem, &b->calls, c);
  }
  LOOM_TRY(read_scenarios(ctx, seq, &b->scenarios));
  b->cycles = as_one_cost(&ctx->mem, &b->scenarios);
  *out = b;
  return LOOM_OK;
}

/* ---- stages and blocks ---- */

static loom_status read_block(loom_ctx *ctx, const data_value *v, int generation, int depth, etg_block *out);

static loom_status read_loop(loom_ctx *ctx, const data_value *v, int generation, int depth, etg_block **out) {
  static const char *const kinds[] = {"temporal", "sequential"};
  const char *kind = NULL;
  const data_value *trips;
  etg_block *b = ARENA_NEW(&ctx->mem, etg_block);
  b->symbol = "";
  LOOM_TRY(read_optional_string(ctx, v, "block_sym", &b->symbol));
  LOOM_TRY(read_optional_string(ctx, v, "iter_type", &kind));
  b->is_temporal = text_eq(kind, kinds[0]);
  if (kind && !b->is_temporal && !text_eq(kind, kinds[1])) {
    diag_error(ctx, data_get(v, "iter_type")->span, LOOM_EINPUT, "iter_type is '%s'; must be temporal or sequential", kind);
    const char *near = diag_nearest(kind, kinds, 2);
    if (near)
      diag_help(ctx, "did you mean '%s'?", near);
    return LOOM_EINPUT;
  }
  LOOM_TRY(need(ctx, v, "trip_count", &trips));
  LOOM_TRY(etg_read_number(ctx, trips, &b->trips));
  LOOM_TRY(read_block(ctx, v, generation, depth + 1, b));
  *out = b;
  return LOOM_OK;
}

static loom_status read_stage(loom_ctx *ctx, const data_value *v, int generation, int depth, int64_t id, etg_stage **out) {
  const data_value *loop = data_get(v, "for_loop_block"), *parallel = data_get(v, "Parallel");
  etg_stage *s = ARENA_NEW(&ctx->mem, etg_stage);
  *out = s;
  s->id = id;
  if (data_get(v, "stage_id"))
    LOOM_TRY(data_need_int(ctx, v, "stage_id", INT64_MIN, INT64_MAX, &s->id));
  if (!loop && !parallel && data_get(v, "queues")) {
    diag_error(ctx, data_get(v, "queues")->span, LOOM_EUNSUP, "a stage of queues: the form before generation 1, which names the sizes of operands but no functions");
    diag_help(ctx, "write the file again with a later version of upstream's tools");
    return LOOM_EUNSUP;
  }
  if (!loop && !parallel)
    LOOM_FAIL(ctx, v->span, LOOM_EINPUT, "a stage must have Parallel or for_loop_block");
  ETG_KNOWN_KEYS(ctx, v, "stage_id", "Parallel", "for_loop_block");
  if (loop)
    return read_loop(ctx, loop, generation, depth, &s->loop);
  s->is_bare = parallel->kind == DATA_OBJECT;
  if (!s->is_bare && parallel->kind != DATA_ARRAY)
    LOOM_FAIL(ctx, parallel->span, LOOM_EINPUT, "Parallel must be a list of branches; found %s", data_kind_name(parallel->kind));
  for (size_t i = 0; i < (s->is_bare ? 1 : parallel->n); i++) {
    etg_branch *b;
    LOOM_TRY(read_branch(ctx, s->is_bare ? parallel : parallel->items[i], &b));
    vec_push(&ctx->mem, &s->branches, b);
  }
  return LOOM_OK;
}

static loom_status read_scope(loom_ctx *ctx, const data_value *block, const char *key, int generation, int depth, etg_scope *out) {
  data_value *scope, *stages;
  LOOM_TRY(data_need(ctx, block, key, DATA_OBJECT, &scope));
  LOOM_TRY(data_need(ctx, scope, "stages", DATA_ARRAY, &stages));
  ETG_KNOWN_KEYS(ctx, scope, "scope_name", "stages");
  for (size_t i = 0; i < stages->n; i++) {
    etg_stage *s;
    LOOM_TRY(read_stage(ctx, stages->items[i], generation, depth, (int64_t)i + 1, &s));
    vec_push(&ctx->mem, out, s);
  }
  return LOOM_OK;
}

static loom_status read_block(loom_ctx *ctx, const data_value *v, int generation, int depth, etg_block *out) {
  if (depth > ETG_BLOCK_DEPTH_MAX)
    LOOM_FAIL(ctx, v->span, LOOM_ELIMIT, "loop blocks are nested deeper than %d", ETG_BLOCK_DEPTH_MAX);
  LOOM_TRY(read_scope(ctx, v, "compute_scope", generation, depth, &out->compute));
  if (generation == 1)
    return read_scope(ctx, v, "memory_scope", generation, depth, &out->load);
  LOOM_TRY(read_scope(ctx, v, "load_scope", generation, depth, &out->load));
  return read_scope(ctx, v, "store_scope", generation, depth, &out->store);
}

/* ---- variants ---- */

/* 1: one memory scope; 3: footprints by memory; 2: the rest. */
static int generation_of(const data_value *variant) {
  const data_value *block = data_get(variant, "kernel_block");
  if (!block || data_get(block, "memory_scope"))
    return 1;
  return data_get(data_get(data_get(variant, "constraint_scope"), "metadata"), "memory_footprints") ? 3 : 2;
}

static loom_status read_variant(loom_ctx *ctx, const data_value *v, etg_variant **out) {
  const data_value *kernel = data_get(v, "kernel_block");
  etg_variant *x = ARENA_NEW(&ctx->mem, etg_variant);
  *out = x;
  LOOM_TRY(data_need_string(ctx, v, "variant_name", &x->name));
  x->generation = generation_of(v);
  x->is_flat = !kernel;
  x->span = v->span;
  x->kernel = ARENA_NEW(&ctx->mem, etg_block);
  if (x->is_flat)
    ETG_KNOWN_KEYS(ctx, v, "variant_name", "constraint_scope", "compute_scope", "memory_scope");
  else
    ETG_KNOWN_KEYS(ctx, v, "variant_name", "constraint_scope", "kernel_block");
  if (kernel)
    etg_warn_unknown(ctx, kernel, scope_keys, sizeof scope_keys / sizeof *scope_keys);
  LOOM_TRY(read_block(ctx, kernel ? kernel : v, x->generation, 0, x->kernel));
  LOOM_TRY(etg_read_limits(ctx, v, x));
  return etg_check_exprs(ctx, x);
}

loom_status etg_read(loom_ctx *ctx, const data_value *v, etg_file *out) {
  *out = (etg_file){0};
  if (v->kind != DATA_ARRAY || !v->n) {
    diag_error(ctx, v->span, LOOM_EINPUT, "an ETG is a list of variants");
    diag_help(ctx, "loom explore K --etg FILE writes one");
    return LOOM_EINPUT;
  }
  for (size_t i = 0; i < v->n; i++) {
    etg_variant *x;
    LOOM_TRY(read_variant(ctx, v->items[i], &x));
    vec_push(&ctx->mem, &out->variants, x);
  }
  return LOOM_OK;
}
