/* Upstream's perf YAML becomes functions of the perf set "imported":
 *   functions: {f: {symbols, constraints, scenarios: [{constraints, time_cost: {simple: {fixed_latency, volume, throughput}}}]}}
 *   performance: {functions: as above}
 *   performance: {f: [{constraint, latency, volume, throughput}, {constraint, expression}]}
 *   f: as under `performance`
 * `time_costs` only holds what anchors name.  Each function is turned into the form of our own files and read by their reader. */
#include "base/file.h"
#include "base/text.h"
#include "machine/machine_private.h"

typedef struct importer { loom_ctx *ctx; arena *mem; machine *m; machine_perf *set; const char *unit; loom_span span; } importer;

/* ---- the set ---- */

machine_perf *machine_imported_set(arena *mem, machine *m) {
  static const char name[] = "imported";
  for (size_t i = 0; i < m->perf.n; i++)
    if (text_eq(m->perf.at[i].name, name)) {
      m->calibration = (int)i;
      return &m->perf.at[i];
    }
  vec_push(mem, &m->perf, ((machine_perf){.name = name, .source = "perf YAML"}));
  m->calibration = (int)m->perf.n - 1;
  return &m->perf.at[m->perf.n - 1];
}

void machine_add_aliases(arena *mem, machine_perf *p) {
  static const machine_alias aliases[] = {{"matmul_f16", "matmul_SS_f16"},
                                          {"batch_matmul_f16", "batch_matmul_SS_f16"},
                                          {"dram_to_l1_f16", "dram_to_l1_S_f16"},
                                          {"dram_to_l1_bcst", "dram_to_l1_S_bcst"}};
  for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
    if (!machine_perf_find(p, aliases[i].name) && machine_perf_find(p, aliases[i].target))
      vec_push(mem, &p->aliases, aliases[i]);
}

/* ---- one function ---- */

typedef struct names { arena *mem; data_value *list; } names;

static const sym_expr *add_name(void *data, const char *name) {
  names *n = data;
  for (size_t i = 0; i < n->list->n; i++)
    if (text_eq(n->list->items[i]->string, name))
      return NULL;
  data_push(n->mem, n->list, data_string(n->mem, name));
  return NULL;
}

/* The symbols that the expressions below `v` name, in order. */
static loom_status infer_symbols(const importer *im, const data_value *v, names *out) {
  if (v->kind == DATA_STRING) {
    const sym_expr *e;
    LOOM_TRY(sym_parse(im->ctx, v->span, v->string, &e));
    sym_subst(&im->ctx->scratch, e, add_name, out);
    return LOOM_OK;
  }
  for (size_t i = 0; i < v->n; i++)
    LOOM_TRY(infer_symbols(im, v->kind == DATA_OBJECT ? v->members[i].value : v->items[i], out));
  return LOOM_OK;
}

/* Keys of a cost, theirs and ours. */
typedef struct cost_keys { const char *from[3]; } cost_keys;
static const char *const our_keys[3] = {"fixed", "volume", "throughput"};

static loom_status add_cost(const importer *im, const data_value *v, const cost_keys *keys, data_value *out) {
  for (size_t i = 0; i < 3; i++) {
    data_value *x = data_get(v, keys->from[i]);
    if (!x)
      LOOM_FAIL(im->ctx, v->span, LOOM_EINPUT, "the cost needs '%s'; cycles = %s + %s / %s", keys->from[i], keys->from[0], keys->from[1], keys->from[2]);
    data_set(im->mem, out, our_keys[i], x);
  }
  return LOOM_OK;
}

/* {constraints, time_cost: {simple: {..}}} */
static loom_status read_scenario(const importer *im, const data_value *v, data_value **out) {
  static const char *const keys[] = {"constraints", "time_cost"}, *const kinds[] = {"simple"}, *const parts[] = {"fixed_latency", "volume", "throughput"};
  static const cost_keys cost = {{"fixed_latency", "volume", "throughput"}};
  data_value *time, *simple;
  *out = data_object(im->mem);
  (*out)->span = v->span;
  LOOM_TRY(data_only_keys(im->ctx, v, keys, 2));
  if (data_get(v, "constraints"))
    data_set(im->mem, *out, "when", data_get(v, "constraints"));
  time = data_get(v, "time_cost");
  if (time && time->kind == DATA_STRING) {
    diag_error(im->ctx, time->span, LOOM_EINPUT, "time_cost is the word '%s'; expected a cost", time->string);
    diag_help(im->ctx, "reuse is by anchors: name it with &%s under time_costs, use it as *%s", time->string, time->string);
    return LOOM_EINPUT;
  }
  LOOM_TRY(data_need(im->ctx, v, "time_cost", DATA_OBJECT, &time));
  LOOM_TRY(data_only_keys(im->ctx, time, kinds, 1));
  LOOM_TRY(data_need(im->ctx, time, "simple", DATA_OBJECT, &simple));
  LOOM_TRY(data_only_keys(im->ctx, simple, parts, 3));
  return add_cost(im, simple, &cost, *out);
}

/* {constraint, latency, volume, throughput} or {constraint, expression} */
static loom_status read_short_scenario(const importer *im, const data_value *v, data_value **out) {
  static const char *const keys[] = {"constraint", "latency", "volume", "throughput", "expression"};
  static const cost_keys cost = {{"latency", "volume", "throughput"}};
  data_value *whole = data_get(v, "expression");
  *out = data_object(im->mem);
  (*out)->span = v->span;
  LOOM_TRY(data_only_keys(im->ctx, v, keys, 5));
  if (data_get(v, "constraint"))
    data_set(im->mem, *out, "when", data_get(v, "constraint"));
  if (!whole)
    return add_cost(im, v, &cost, *out);
  for (size_t i = 0; i < 3; i++)
    if (data_get(v, cost.from[i]))
      LOOM_FAIL(im->ctx, data_get(v, cost.from[i])->span, LOOM_EINPUT, "the cost has both 'expression' and '%s'; write one of them", cost.from[i]);
  data_set(im->mem, *out, our_keys[0], whole);
  return LOOM_OK;
}

static loom_status add_func(importer *im, const data_member *member, const data_value *list, data_value *when, data_value *symbols, bool is_short) {
  data_value *f = data_object(im->mem), *scenarios = data_array(im->mem), *unit = data_string(im->mem, im->unit);
  f->span = member->value->span;
  unit->span = im->span;
  scenarios->span = list->span;
  for (size_t i = 0; i < list->n; i++) {
    data_value *s;
    LOOM_TRY(is_short ? read_short_scenario(im, list->items[i], &s) : read_scenario(im, list->items[i], &s));
    data_push(im->mem, scenarios, s);
  }
  if (!symbols) {
    names n = {im->mem, data_array(im->mem)};
    if (when)
      LOOM_TRY(infer_symbols(im, when, &n));
    LOOM_TRY(infer_symbols(im, scenarios, &n));
    symbols = n.list;
  }
  data_set(im->mem, f, "unit", unit);
  data_set(im->mem, f, "symbols", symbols);
  if (when)
    data_set(im->mem, f, "when", when);
  data_set(im->mem, f, "scenarios", scenarios);
  const data_member ours = {member->key, f, member->key_span};
  if (machine_perf_find_on(im->set, im->unit, member->key))
    LOOM_FAIL(im->ctx, member->key_span, LOOM_EINPUT, "'%s' has a cost on '%s' already", member->key, im->unit);
  machine_func func;
  LOOM_TRY(machine_read_func(im->ctx, &ours, im->m, &func));
  vec_push(im->mem, &im->set->funcs, func);
  return LOOM_OK;
}

static loom_status read_functions(importer *im, const data_value *functions) {
  static const char *const keys[] = {"symbols", "constraints", "scenarios"};
  for (size_t i = 0; i < functions->n; i++) {
    const data_member *f = &functions->members[i];
    data_value *list;
    LOOM_TRY(data_only_keys(im->ctx, f->value, keys, 3));
    LOOM_TRY(data_need(im->ctx, f->value, "scenarios", DATA_ARRAY, &list));
    LOOM_TRY(add_func(im, f, list, data_get(f->value, "constraints"), data_get(f->value, "symbols"), false));
  }
  return LOOM_OK;
}

static loom_status read_performance(importer *im, const data_value *performance) {
  for (size_t i = 0; i < performance->n; i++) {
    data_value *list;
    LOOM_TRY(data_need(im->ctx, performance, performance->members[i].key, DATA_ARRAY, &list));
    LOOM_TRY(add_func(im, &performance->members[i], list, NULL, NULL, true));
  }
  return LOOM_OK;
}

/* matrix_lane.perf.yaml -> matrix_lane */
static const char *unit_of(arena *mem, const char *path) {
  char *stem = file_stem(mem, path);
  return machine_plain_name(mem, text_ends(stem, ".perf") ? arena_strndup(mem, stem, strlen(stem) - 5) : stem);
}

static loom_status read_file(importer *im, const data_value *root) {
  static const char *const keys[] = {"time_costs", "functions"};
  data_value *functions;
  if (root->kind == DATA_OBJECT && root->n && !data_get(root, "functions") && root->members[0].value->kind == DATA_ARRAY)
    return read_performance(im, root);
  LOOM_TRY(data_only_keys(im->ctx, root, keys, 2));
  LOOM_TRY(data_need(im->ctx, root, "functions", DATA_OBJECT, &functions));
  return read_functions(im, functions);
}

loom_status machine_add_perf_yaml(loom_ctx *ctx, machine *m, const char *path, const char *bytes, size_t size) {
  data_value *root;
  LOOM_TRY(data_read_yaml_aliases(ctx, path, bytes, size, &root));
  return machine_add_perf_tree(ctx, m, root, unit_of(&ctx->mem, path));
}

loom_status machine_add_perf_tree(loom_ctx *ctx, machine *m, const data_value *root, const char *unit) {
  data_value *performance;
  importer im = {ctx, &ctx->mem, m, machine_imported_set(&ctx->mem, m), unit, root->span};
  im.span.end_line = im.span.line;
  im.span.end_col = im.span.col;
  if (data_get(root, "performance")) {      /* the rest of a processor's file is no cost */
    LOOM_TRY(data_need(ctx, root, "performance", DATA_OBJECT, &performance));
    LOOM_TRY(read_file(&im, performance));
  } else {
    LOOM_TRY(read_file(&im, root));
  }
  machine_add_aliases(&ctx->mem, im.set);
  return LOOM_OK;
}
