/* The evaluator: loom.md 4.4. */
#include "etg/eval.h"
#include "base/text.h"
#include "etg/etg_private.h"

typedef struct evaluator { loom_ctx *ctx; arena *mem; const machine *m; int64_t limit; const char *wrapper; /* "Concrete", newer "Expression" */
  int *calls; int64_t *total; /* so far */ } evaluator;

/* ---- expressions: JSON trees are put together as they are, so that nothing folds ---- */

static data_value *tagged(arena *m, const char *tag, data_value *a, data_value *b) {
  data_value *list = data_array(m), *o = data_object(m);
  data_push(m, list, a);
  data_push(m, list, b);
  data_set(m, o, tag, list);
  return o;
}

static bool is_true(const data_value *v) { return v->kind == DATA_STRING && text_eq(v->string, "True"); }

static data_value *both(arena *m, data_value *a, data_value *b) { return is_true(a) ? b : is_true(b) ? a : tagged(m, "And", a, b); }

/* The value that sym_map gives `symbol`, or NULL.  A bare number is spelled out: others read only that. */
static data_value *value_of(const evaluator *e, const data_value *entries, const char *symbol) {
  for (size_t i = 0; entries && i < entries->n; i++) {
    data_value *value = entries->items[i]->items[1];
    if (!text_eq(entries->items[i]->items[0]->string, symbol))
      continue;
    return value->kind == DATA_INT ? sym_to_etg(e->mem, sym_const(e->mem, value->integer), false) : value;
  }
  return NULL;
}

/* A fresh tree `v` with its symbols replaced; upstream has one division. */
static data_value *substitute(const evaluator *e, data_value *v, const data_value *entries) {
  for (size_t i = 0; i < v->n; i++) {
    if (v->kind == DATA_ARRAY)
      v->items[i] = substitute(e, v->items[i], entries);
    else if (!text_eq(v->members[i].key, "Sym"))
      v->members[i].value = substitute(e, v->members[i].value, entries);
    if (v->kind == DATA_OBJECT && text_eq(v->members[i].key, "FloorDiv"))
      v->members[i].key = "Div";
  }
  data_value *symbol = data_get(v, "Sym"), *value = symbol ? value_of(e, entries, symbol->string) : NULL;
  return value ? value : v;
}

static data_value *written(const evaluator *e, const sym_expr *x, const data_value *entries) {
  return substitute(e, sym_to_etg(e->mem, x, false), entries);
}

/* ---- scenarios ---- */

static data_value *scenario(const evaluator *e, data_value *guard, data_value *cost) {
  data_value *o = data_object(e->mem), *time = data_object(e->mem);
  data_set(e->mem, time, e->wrapper, cost);
  data_set(e->mem, o, "constraints", guard);
  data_set(e->mem, o, "time_cost", time);
  return o;
}

static data_value *guard_of(const data_value *s) { return data_get(s, "constraints"); }
static data_value *cost_of(const data_value *s) { return data_get(s, "time_cost")->members[0].value; }

static data_value *call_scenarios(const evaluator *e, const machine_func *f, const data_value *entries) {
  data_value *list = data_array(e->mem);
  for (size_t i = 0; i < f->scenarios.n; i++) {
    const machine_scenario *s = &f->scenarios.at[i];
    data_value *guard = both(e->mem, written(e, f->when, entries), written(e, s->when, entries));
    data_value *cost = written(e, s->fixed, entries);
    int64_t volume;
    if (!sym_is_const(s->volume, &volume) || volume != 0)      /* else the cost is one expression */
      cost = tagged(e->mem, "Add", cost, tagged(e->mem, "Div", written(e, s->volume, entries), written(e, s->throughput, entries)));
    data_push(e->mem, list, scenario(e, guard, cost));
  }
  return list;
}

/* Every combination of one scenario of `so_far` with one of `next`; a function and a schedule have one at least. */
static loom_status combine(const evaluator *e, const data_value *node, const data_value *so_far, const data_value *next, const char *tag, data_value **out) {
  if ((int64_t)so_far->n > e->limit / (int64_t)next->n) {
    diag_error(e->ctx, node->span, LOOM_ELIMIT, "the schedule has %zu x %zu scenarios here; at most %" PRId64 " are listed", so_far->n, next->n, e->limit);
    diag_help(e->ctx, "split the schedule, or give the functions fewer scenarios");
    return LOOM_ELIMIT;
  }
  *e->total += (int64_t)so_far->n * (int64_t)next->n;
  if (*e->total > EVAL_TOTAL_MAX)
    LOOM_FAIL(e->ctx, node->span, LOOM_ELIMIT, "the schedule has more than %d combinations of scenarios in all", EVAL_TOTAL_MAX);
  *out = data_array(e->mem);
  for (size_t i = 0; i < so_far->n; i++)
    for (size_t k = 0; k < next->n; k++) {
      const data_value *a = so_far->items[i], *b = next->items[k];
      data_push(e->mem, *out, scenario(e, both(e->mem, guard_of(a), guard_of(b)), tagged(e->mem, tag, cost_of(a), cost_of(b))));
    }
  return LOOM_OK;
}

/* ---- nodes ---- */

static loom_status check_entries(const evaluator *e, const data_value *func, const data_value **out) {
  const data_value *map = data_get(func, "sym_map"), *entries = data_get(map, "entries");
  *out = entries;
  if (map && map->kind != DATA_NULL && (!entries || entries->kind != DATA_ARRAY))
    LOOM_FAIL(e->ctx, map->span, LOOM_EINPUT, "sym_map must be {\"entries\": [[symbol, expression], ..]}");
  for (size_t i = 0; entries && i < entries->n; i++) {
    const data_value *x = entries->items[i];
    const sym_expr *value;
    if (x->kind != DATA_ARRAY || x->n != 2 || x->items[0]->kind != DATA_STRING)
      LOOM_FAIL(e->ctx, x->span, LOOM_EINPUT, "an entry of sym_map must be [symbol, expression]");
    LOOM_TRY(sym_from_etg(e->ctx, x->items[1], &value));
  }
  return LOOM_OK;
}

/* `f` is one of them. */
static size_t count_funcs(const evaluator *e, const machine_func *f) {
  const machine_perf *p = &e->m->perf.at[e->m->calibration];
  size_t n = 0;
  for (size_t i = 0; i < p->funcs.n; i++)
    n += text_eq(p->funcs.at[i].name, f->name);
  return n;
}

/* Unplaced: one unit must have it. */
static loom_status find_func(const evaluator *e, const data_value *name, const machine_func **out) {
  *out = machine_find_func(e->m, name->string);
  if (!*out)
    return etg_fail_unknown_func(e->ctx, e->m, name->span, name->string);
  size_t n = count_funcs(e, *out);
  if (n == 1)
    return LOOM_OK;
  diag_error(e->ctx, name->span, LOOM_EINPUT, "%zu units have a function '%s'", n, name->string);
  diag_help(e->ctx, "say which with PlacedFunc and \"target\": {\"array\": \"%s\"}", (*out)->unit);
  return LOOM_EINPUT;
}

/* {"array": unit, "selectors": [..]}; which of its instances does not change the cost.  A unit that the machine calls otherwise is let pass if only one can be meant. */
static loom_status find_placed_func(const evaluator *e, const data_value *body, const data_value *name, const machine_func **out) {
  VEC_OF(const char *) units = {0};
  data_value *target, *array;
  LOOM_TRY(data_need(e->ctx, body, "target", DATA_OBJECT, &target));
  LOOM_TRY(data_need(e->ctx, target, "array", DATA_STRING, &array));
  for (size_t i = 0; i < e->m->units.n; i++)
    vec_push(e->mem, &units, e->m->units.at[i].name);
  for (size_t i = 0; i < e->m->movers.n; i++)
    vec_push(e->mem, &units, e->m->movers.at[i]);
  bool is_known = false;
  for (size_t i = 0; i < units.n; i++)
    is_known = is_known || text_eq(units.at[i], array->string);
  *out = machine_find_func_on(e->m, array->string, name->string);
  if (*out)
    return LOOM_OK;
  *out = machine_find_func(e->m, name->string);
  if (!*out)
    return etg_fail_unknown_func(e->ctx, e->m, name->span, name->string);
  if (is_known)
    LOOM_FAIL(e->ctx, name->span, LOOM_EINPUT, "'%s' of machine '%s' has no function '%s'; '%s' has it", array->string, e->m->name, name->string, (*out)->unit);
  if (count_funcs(e, *out) == 1) {
    diag_warn(e->ctx, array->span, "machine '%s' has no unit or mover '%s'; its '%s' on '%s' is taken", e->m->name, array->string, name->string, (*out)->unit);
    return LOOM_OK;
  }
  diag_error(e->ctx, array->span, LOOM_EINPUT, "machine '%s' has no unit or mover '%s'", e->m->name, array->string);
  const char *near = diag_nearest(array->string, units.at, units.n);
  if (near)
    diag_help(e->ctx, "did you mean '%s'?", near);
  else
    diag_help(e->ctx, "'loom machine show %s' lists them", e->m->name);
  return LOOM_EINPUT;
}

/* The members of `v` with `schedules` (if there are new ones) and `scenarios` replaced. */
static data_value *with_scenarios(const evaluator *e, const data_value *v, data_value *schedules, data_value *scenarios) {
  data_value *o = data_object(e->mem);
  for (size_t i = 0; i < v->n; i++)
    if (!text_eq(v->members[i].key, "scenarios"))
      data_set(e->mem, o, v->members[i].key, schedules && text_eq(v->members[i].key, "schedules") ? schedules : v->members[i].value);
  data_set(e->mem, o, "scenarios", scenarios);
  return o;
}

static loom_status evaluate_call(const evaluator *e, const data_value *body, bool is_placed, data_value **out, data_value **out_scenarios) {
  data_value *func, *name;
  const data_value *entries;
  const machine_func *f;
  if (++*e->calls > EVAL_CALLS_MAX)
    LOOM_FAIL(e->ctx, body->span, LOOM_ELIMIT, "the schedule has more than %d calls", EVAL_CALLS_MAX);
  LOOM_TRY(data_need(e->ctx, body, "func", DATA_OBJECT, &func));
  LOOM_TRY(data_need(e->ctx, func, "name", DATA_STRING, &name));
  LOOM_TRY(check_entries(e, func, &entries));
  LOOM_TRY(is_placed ? find_placed_func(e, body, name, &f) : find_func(e, name, &f));
  *out_scenarios = call_scenarios(e, f, entries);
  *out = with_scenarios(e, body, NULL, *out_scenarios);
  return LOOM_OK;
}

static loom_status evaluate(const evaluator *e, const data_value *v, int depth, data_value **out, data_value **out_scenarios);

static loom_status evaluate_parts(const evaluator *e, const data_value *body, const char *tag, int depth, data_value **out, data_value **out_scenarios) {
  data_value *schedules, *done = data_array(e->mem), *all = data_array(e->mem);
  LOOM_TRY(data_need(e->ctx, body, "schedules", DATA_ARRAY, &schedules));
  data_value *zero = data_object(e->mem);
  data_set_int(e->mem, zero, "Const", 0);
  data_push(e->mem, all, scenario(e, data_string(e->mem, "True"), zero));
  for (size_t i = 0; i < schedules->n; i++) {
    data_value *part = NULL, *scenarios = NULL;
    LOOM_TRY(evaluate(e, schedules->items[i], depth + 1, &part, &scenarios));
    LOOM_TRY(combine(e, body, all, scenarios, tag, &all));
    data_push(e->mem, done, part);
  }
  *out_scenarios = all;
  *out = with_scenarios(e, body, done, all);
  return LOOM_OK;
}

static loom_status evaluate(const evaluator *e, const data_value *v, int depth, data_value **out, data_value **out_scenarios) {
  static const struct { const char *kind, *tag; } kinds[] = {{"Func", NULL}, {"PlacedFunc", NULL}, {"Sequential", "Add"}, {"Parallel", "Max"}};
  if (depth > EVAL_DEPTH_MAX)
    LOOM_FAIL(e->ctx, v->span, LOOM_ELIMIT, "schedules are nested deeper than %d", EVAL_DEPTH_MAX);
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    const data_value *body = v->n == 1 ? data_get(v, kinds[i].kind) : NULL;
    data_value *filled = NULL;
    if (!body)
      continue;
    LOOM_TRY(kinds[i].tag ? evaluate_parts(e, body, kinds[i].tag, depth, &filled, out_scenarios) : evaluate_call(e, body, i == 1, &filled, out_scenarios));
    *out = data_object(e->mem);
    data_set(e->mem, *out, kinds[i].kind, filled);
    return LOOM_OK;
  }
  diag_error(e->ctx, v->span, LOOM_EINPUT, "expected a schedule; found %s", v->kind == DATA_OBJECT && v->n ? v->members[0].key : data_kind_name(v->kind));
  diag_help(e->ctx, "a schedule is an object with one key: Func, PlacedFunc, Sequential or Parallel");
  return LOOM_EINPUT;
}

/* Only upstream's newest schedules place calls. */
static bool has_placed_call(const data_value *v) {
  for (size_t i = 0; i < v->n; i++)
    if (v->kind == DATA_OBJECT && (text_eq(v->members[i].key, "PlacedFunc") || has_placed_call(v->members[i].value)))
      return true;
    else if (v->kind == DATA_ARRAY && has_placed_call(v->items[i]))
      return true;
  return false;
}

loom_status eval_schedule(loom_ctx *ctx, const machine *m, const data_value *schedule, int64_t limit, data_value **out) {
  int calls = 0;
  int64_t total = 0;
  evaluator e = {ctx, &ctx->mem, m, limit, has_placed_call(schedule) ? "Expression" : "Concrete", &calls, &total};
  data_value *scenarios;
  return evaluate(&e, schedule, 0, out, &scenarios);
}
