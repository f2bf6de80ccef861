/* Regions as graphs: grids, loops, branches, and the functions of scans. */
#include "frontend/device_ir/dir_emit.h"

#define TRACING "helion.language._tracing_ops."

/* ---- graphs ---- */
static emit_graph *graph_new(emitter *e) {
  emit_graph *g = ARENA_NEW(e->mem, emit_graph);
  g->nodes = data_array(e->mem);
  g->name = ARENA_NEW_N(e->mem, const char *, e->k->values.n);
  g->outer = e->g;
  vec_push(e->mem, &g->taken, "output");
  e->g = g;
  return g;
}

/* ---- nodes that nothing needs ---- */
static void mark_used(const data_value *nodes, const data_value *v, bool *used) {
  const data_value *name = v->kind == DATA_OBJECT && v->n == 1 ? data_get(v, "n") : NULL;
  size_t at = 0;
  while (name && !text_eq(data_get(nodes->items[at], "name")->string, name->string))
    at++;
  if (name)
    used[at] = true;
  for (size_t i = 0; v->kind == DATA_ARRAY && i < v->n; i++)
    mark_used(nodes, v->items[i], used);
  for (size_t i = 0; v->kind == DATA_OBJECT && i < v->n; i++)
    mark_used(nodes, v->members[i].value, used);
}

/* Control flow, stores and atomics do something; what has a name in expressions may be meant there. */
static bool is_kept(const data_value *node) {
  static const char *const effects[] = {TRACING "_for_loop", TRACING "_while_loop", TRACING "_if", "helion.language.memory_ops.store"};
  const char *target = data_get(node, "target") ? data_get(node, "target")->string : "";
  bool is_symnode = text_eq(target, TRACING "_get_symnode");
  for (size_t i = 0; i < sizeof effects / sizeof *effects; i++)
    if (text_eq(target, effects[i]))
      return true;
  return !*target || text_starts(target, "helion.language.atomic_ops.") || text_eq(target, TRACING "_phi") || (data_get(node, "sym") && !is_symnode);
}

/* Masks and indices that the reader makes by itself leave nodes behind that nothing uses. */
static void drop_unused(emitter *e) {
  data_value *nodes = e->g->nodes, *kept = data_array(e->mem);
  bool *used = ARENA_NEW_N(e->mem, bool, nodes->n);
  for (size_t i = nodes->n; i-- > 0;) {
    used[i] = used[i] || is_kept(nodes->items[i]);
    for (size_t m = 0; used[i] && m < nodes->items[i]->n; m++)
      if (text_eq(nodes->items[i]->members[m].key, "args") || text_eq(nodes->items[i]->members[m].key, "kwargs"))
        mark_used(nodes, nodes->items[i]->members[m].value, used);
  }
  for (size_t i = 0; i < nodes->n; i++)
    if (used[i])
      data_push(e->mem, kept, nodes->items[i]);
  e->g->nodes = kept;
}

/* Ends the graph being written with its outputs (NULL: none) and returns its number. */
static int graph_done(emitter *e, const char *class_name, data_value *outputs, data_value *block_ids, data_value **out) {
  data_value *o = data_object(e->mem), *node = data_object(e->mem), *args = data_array(e->mem);
  data_push(e->mem, args, outputs ? outputs : data_null(e->mem));
  data_set_string(e->mem, node, "name", "output");
  data_set_string(e->mem, node, "op", "output");
  data_set(e->mem, node, "args", args);
  data_push(e->mem, e->g->nodes, node);
  drop_unused(e);
  data_set_int(e->mem, o, "id", e->n_graphs);
  data_set_string(e->mem, o, "class", class_name);
  if (block_ids)
    data_set(e->mem, o, "block_ids", block_ids);
  data_set(e->mem, o, "nodes", e->g->nodes);
  data_push(e->mem, e->graphs, o);
  e->g = e->g->outer;
  if (out)
    *out = o;
  return e->n_graphs++;
}

/* `v` as a placeholder. */
static void placeholder(emitter *e, kernel_value v) {
  data_value *node = data_object(e->mem), *type = emit_type(e, &e->k->values.at[v].type);
  const char *name = arena_printf(e->mem, "arg%zu_1", e->g->nodes->n);
  vec_push(e->mem, &e->g->taken, name);
  data_set_string(e->mem, node, "name", name);
  data_set_string(e->mem, node, "op", "placeholder");
  if (e->bound[v])
    data_set_string(e->mem, node, "sym", e->bound[v]);
  else if (type)
    data_set(e->mem, node, "val", type);
  data_push(e->mem, e->g->nodes, node);
  e->g->name[v] = name;
}

/* ---- values from around ---- */
static void add_captured(emitter *e, kernel_value v, const bool *inside, emit_values *out) {
  if (v < 0 || inside[v])
    return;
  const kernel_op *op = e->k->values.at[v].def;
  if (emit_is_lazy(e, v)) {
    for (int i = 0; op && i < op->n_operands; i++)
      add_captured(e, op->operands[i], inside, out);
    return;
  }
  for (size_t i = 0; i < out->n; i++)
    if (out->at[i] == v)
      return;
  vec_push(e->mem, out, v);
}

static void mark_inside(const kernel_region *r, bool *inside) {
  for (size_t i = 0; i < r->params.n; i++)
    inside[r->params.at[i]] = true;
  for (size_t i = 0; i < r->ops.n; i++) {
    for (int j = 0; j < r->ops.at[i]->n_results; j++)
      inside[r->ops.at[i]->results[j]] = true;
    for (int j = 0; j < r->ops.at[i]->n_regions; j++)
      mark_inside(&r->ops.at[i]->regions[j], inside);
  }
}

static void add_uses(emitter *e, const kernel_region *r, const bool *inside, emit_values *out) {
  for (size_t i = 0; i < r->ops.n; i++) {
    const kernel_op *op = r->ops.at[i];
    for (int j = 0; j < op->n_operands; j++)
      add_captured(e, op->operands[j], inside, out);
    for (int j = 0; j < op->n_index; j++)
      add_captured(e, op->index[j].value, inside, out);
    for (int j = 0; j < op->n_regions; j++)
      add_uses(e, &op->regions[j], inside, out);
  }
}

/* What the regions need from around them, in the order of the first use. */
static emit_values captured(emitter *e, const kernel_region *regions, int n) {
  bool *inside = ARENA_NEW_N(e->mem, bool, e->k->values.n);
  emit_values out = {0};
  for (int i = 0; i < n; i++)
    mark_inside(&regions[i], inside);
  for (int i = 0; i < n; i++)
    add_uses(e, &regions[i], inside, &out);
  return out;
}

/* ---- regions ---- */
static const kernel_op *yield_of(const kernel_region *r) { return r->ops.at[r->ops.n - 1]; }   /* of a loop, branch or scan */

static loom_status outputs(emitter *e, const kernel_region *r, data_value **out) {
  const kernel_op *y = yield_of(r);
  *out = y->n_operands ? data_array(e->mem) : NULL;
  for (int i = 0; i < y->n_operands; i++) {
    data_value *x;
    LOOM_TRY(emit_value(e, y, y->operands[i], &x));
    data_push(e->mem, *out, x);
  }
  return LOOM_OK;
}

static void set_open(emitter *e, const kernel_range *r, bool is_open) {
  int s = r->block ? emit_symbol_index(e, r->block) : -1;
  if (s >= 0)
    e->is_open[s] = is_open;
}

static int enter_range(emitter *e, const kernel_range *r, kernel_value param) {
  int block = emit_block_id(e, r, e->k->values.at[param].name);
  const char *bound = e->bound[param];
  if (!r->block)
    e->grid_of[param] = block;
  for (size_t s = 0; bound && !r->block && s < e->k->symbols.n; s++)   /* a size that is this index */
    if (text_eq(e->symbol[s], bound))
      e->symbol[s] = e->bound[param] = arena_printf(e->mem, "g%d", block);
  set_open(e, r, true);
  return block;
}

static data_value *list_of(emitter *e, data_value *item) {
  data_value *list = data_array(e->mem);
  data_push(e->mem, list, item);
  return list;
}

static data_value *graph_ref(emitter *e, int graph) {
  data_value *o = data_object(e->mem);
  data_set_int(e->mem, o, "g", graph);
  return o;
}

/* Arguments: initial values of what is carried, then what is captured. */
static loom_status arguments(emitter *e, const kernel_op *op, const emit_values *values, data_value **out) {
  *out = data_array(e->mem);
  for (int i = 0; i < op->n_operands + (int)values->n; i++) {
    data_value *x;
    kernel_value v = i < op->n_operands ? op->operands[i] : values->at[i - op->n_operands];
    LOOM_TRY(emit_value(e, op, v, &x));
    if (!data_get(x, "n")) {   /* a loop starts with a value, not with a number */
      data_value *node, *args, *type = data_object(e->mem);
      const char *name = emit_node(e, "full", "helion.language.creation_ops.full", &node, &args);
      data_set_string(e->mem, type, "d", dtype_torch(e->k->values.at[v].type.type));
      data_push(e->mem, args, data_array(e->mem));
      data_push(e->mem, args, x);
      data_push(e->mem, args, type);
      x = emit_ref(e, name);
    }
    data_push(e->mem, *out, x);
  }
  return LOOM_OK;
}

/* getitem(call, i), joined with what it replaces. */
static void results(emitter *e, const kernel_op *op, const char *call, const data_value *before) {
  data_value *node, *args;
  for (int i = 0; i < op->n_results; i++) {
    const char *name = emit_node(e, "getitem", "_operator.getitem", &node, &args);
    data_push(e->mem, args, emit_ref(e, call));
    data_push(e->mem, args, data_int(e->mem, i));
    if (before) {
      const char *item = name;
      name = emit_node(e, "_phi", TRACING "_phi", &node, &args);
      data_push(e->mem, args, before->items[i]);
      data_push(e->mem, args, emit_ref(e, item));
    }
    if (e->bound[op->results[i]])
      data_set_string(e->mem, node, "sym", e->bound[op->results[i]]);
    e->g->name[op->results[i]] = name;
  }
}

static loom_status write_loop(emitter *e, const kernel_op *op) {
  const kernel_region *r = &op->regions[0];
  const kernel_range *range = &op->ranges[0];
  emit_values around = captured(e, r, 1);
  data_value *begin, *end, *args, *out, *node, *list;
  LOOM_TRY(emit_size(e, op, range->begin, false, &begin));
  LOOM_TRY(emit_size(e, op, range->end, false, &end));
  LOOM_TRY(arguments(e, op, &around, &args));
  int block = enter_range(e, range, r->params.at[0]);
  graph_new(e);
  for (size_t i = 1; i < r->params.n; i++)
    placeholder(e, r->params.at[i]);
  for (size_t i = 0; i < around.n; i++)
    placeholder(e, around.at[i]);
  LOOM_TRY(emit_region(e, r));
  LOOM_TRY(outputs(e, r, &out));
  set_open(e, range, false);
  int graph = graph_done(e, "ForLoopGraphInfo", out, list_of(e, data_int(e->mem, block)), NULL);
  const char *name = emit_node(e, "_for_loop", TRACING "_for_loop", &node, &list);
  data_push(e->mem, list, graph_ref(e, graph));
  data_push(e->mem, list, list_of(e, begin));
  data_push(e->mem, list, list_of(e, end));
  data_push(e->mem, list, args);
  results(e, op, name, args);
  return LOOM_OK;
}

static loom_status write_while(emitter *e, const kernel_op *op) {
  static const char *const classes[] = {"WhileConditionGraphInfo", "WhileLoopGraphInfo"};
  emit_values around = captured(e, op->regions, 2);
  data_value *args, *node, *list;
  int graph[2];
  LOOM_TRY(arguments(e, op, &around, &args));
  for (int k = 0; k < 2; k++) {
    data_value *out;
    graph_new(e);
    for (size_t i = 0; i < op->regions[k].params.n; i++)
      placeholder(e, op->regions[k].params.at[i]);
    for (size_t i = 0; i < around.n; i++)
      placeholder(e, around.at[i]);
    LOOM_TRY(emit_region(e, &op->regions[k]));
    LOOM_TRY(outputs(e, &op->regions[k], &out));
    graph[k] = graph_done(e, classes[k], out, NULL, NULL);
  }
  const char *name = emit_node(e, "_while_loop", TRACING "_while_loop", &node, &list);
  data_push(e->mem, list, graph_ref(e, graph[0]));
  data_push(e->mem, list, graph_ref(e, graph[1]));
  data_push(e->mem, list, args);
  results(e, op, name, args);
  return LOOM_OK;
}

static bool is_empty(const kernel_region *r) { return r->ops.n == 1 && !yield_of(r)->n_operands; }

/* [[0, 0], [1, 1], ..]: each result is an output of both branches. */
static data_value *branch_pairs(emitter *e, int n, int else_graph) {
  data_value *o = data_object(e->mem), *pairs = data_array(e->mem);
  for (int i = 0; i < n; i++) {
    data_value *pair = list_of(e, data_int(e->mem, i));
    data_push(e->mem, pair, data_int(e->mem, i));
    data_push(e->mem, pairs, pair);
  }
  data_set(e->mem, o, "else_graph", else_graph < 0 ? data_null(e->mem) : data_int(e->mem, else_graph));
  data_set(e->mem, o, "branches_outputs", pairs);
  return o;
}

static loom_status write_branch(emitter *e, const kernel_op *op) {
  static const char *const classes[] = {"IfGraphInfo", "ElseGraphInfo"};
  data_value *test, *node, *list, *args[2], *made[2] = {NULL, NULL};
  int graph[2] = {-1, -1};
  LOOM_TRY(emit_value(e, op, op->operands[0], &test));
  for (int k = 0; k < 2; k++) {
    const kernel_region *r = &op->regions[k];
    emit_values around = captured(e, r, 1);
    data_value *out;
    args[k] = data_array(e->mem);
    if (k && is_empty(r))
      break;
    for (size_t i = 0; i < around.n; i++) {
      data_value *x;
      LOOM_TRY(emit_value(e, op, around.at[i], &x));
      data_push(e->mem, args[k], x);
    }
    graph_new(e);
    for (size_t i = 0; i < around.n; i++)
      placeholder(e, around.at[i]);
    LOOM_TRY(emit_region(e, r));
    LOOM_TRY(outputs(e, r, &out));
    graph[k] = graph_done(e, classes[k], out, NULL, &made[k]);
  }
  data_set(e->mem, made[0], "if", branch_pairs(e, op->n_results, graph[1]));
  const char *name = emit_node(e, "_if", TRACING "_if", &node, &list);
  data_push(e->mem, list, test);
  data_push(e->mem, list, graph_ref(e, graph[0]));
  data_push(e->mem, list, graph[1] < 0 ? data_null(e->mem) : graph_ref(e, graph[1]));
  data_push(e->mem, list, args[0]);
  data_push(e->mem, list, args[1]);
  results(e, op, name, NULL);
  return LOOM_OK;
}

static loom_status emit_one(emitter *e, const kernel_op *op) {
  switch (op->kind) {
  case KERNEL_YIELD: return LOOM_OK;
  case KERNEL_LOOP: return write_loop(e, op);
  case KERNEL_WHILE: return write_while(e, op);
  case KERNEL_IF: return write_branch(e, op);
  default: return emit_op(e, op);
  }
}

loom_status emit_region(emitter *e, const kernel_region *r) {
  for (size_t i = 0; i < r->ops.n; i++)
    LOOM_TRY(emit_one(e, r->ops.at[i]));
  return LOOM_OK;
}

loom_status emit_helper(emitter *e, const kernel_op *op, int *out_graph) {
  const kernel_region *r = &op->regions[0];
  data_value *out;
  if (captured(e, r, 1).n)
    return emit_unsupported(e, op, "a scan or reduction whose function uses values from around it");
  graph_new(e);
  for (size_t i = 0; i < r->params.n; i++)
    placeholder(e, r->params.at[i]);
  LOOM_TRY(emit_region(e, r));
  LOOM_TRY(outputs(e, r, &out));
  *out_graph = graph_done(e, "HelperFunctionGraphInfo", out, NULL, NULL);
  return LOOM_OK;
}

/* ---- grids and host code ---- */
loom_status emit_host(emitter *e, const kernel_region *body, size_t first, size_t end, int phase, data_value *roots) {
  data_value *root = data_object(e->mem);
  graph_new(e);
  for (size_t i = first; i < end; i++)
    LOOM_TRY(emit_one(e, body->ops.at[i]));
  data_set_int(e->mem, root, "graph", graph_done(e, "LoomHostGraphInfo", NULL, NULL, NULL));
  data_set_int(e->mem, root, "phase", phase);
  data_set(e->mem, root, "block_ids", data_array(e->mem));
  data_push(e->mem, roots, root);
  return LOOM_OK;
}

/* The running kernel decides the range. */
static bool is_runtime(const emitter *e, const kernel_range *r) {
  for (size_t i = 0; i < e->k->symbols.n; i++)
    if (e->k->symbols.at[i].kind == KERNEL_SYM_RUNTIME && (sym_depends(r->begin, e->k->symbols.at[i].name) || sym_depends(r->end, e->k->symbols.at[i].name)))
      return true;
  return false;
}

loom_status emit_root(emitter *e, const kernel_op *op, int phase, data_value *roots) {
  const kernel_region *r = &op->regions[0];
  data_value *root = data_object(e->mem), *ids = data_array(e->mem), *extents = data_array(e->mem);
  for (int i = 0; i < op->n_ranges; i++) {
    data_value *extent = data_object(e->mem), *begin = emit_expr_data(e, op->ranges[i].begin, false), *end = emit_expr_data(e, op->ranges[i].end, false);
    if (!begin || !end || is_runtime(e, &op->ranges[i]))
      return emit_unsupported(e, op, "a grid whose sizes only the running kernel knows");
    data_set(e->mem, extent, "begin", begin);
    data_set(e->mem, extent, "end", end);
    data_push(e->mem, extents, extent);
    data_push(e->mem, ids, data_int(e->mem, enter_range(e, &op->ranges[i], r->params.at[i])));
  }
  graph_new(e);
  LOOM_TRY(emit_region(e, r));
  for (int i = 0; i < op->n_ranges; i++)
    set_open(e, &op->ranges[i], false);
  data_set_int(e->mem, root, "graph", graph_done(e, "RootGraphInfo", NULL, ids, NULL));
  data_set_int(e->mem, root, "phase", phase);
  data_set(e->mem, root, "block_ids", ids);
  data_set(e->mem, root, "extents", extents);
  data_push(e->mem, roots, root);
  return LOOM_OK;
}
