/* loom.helion.v1 (docs/schemas/loom.helion.v1.json): the JSON that python/loom_export.py and `loom compile --emit device-ir` write. */
#include "frontend/device_ir/dir_private.h"
#include <math.h>
#include <stdlib.h>

/* ---- small things ---- */
static const char *string_of(const data_value *v) { return v && v->kind == DATA_STRING ? v->string : NULL; }

static loom_status array_of(dir_program *p, const data_value *v, const char *key, bool is_needed, size_t *n, data_value ***items) {
  data_value *list = data_get(v, key);
  *n = 0;
  *items = NULL;
  if (!list && !is_needed)
    return LOOM_OK;
  LOOM_TRY(data_need(p->ctx, v, key, DATA_ARRAY, &list));
  *n = list->n;
  *items = list->items;
  return LOOM_OK;
}

/* A size: a number, or an expression in a string. */
static loom_status read_expr(dir_program *p, const data_value *v, const syn_node **out) {
  syn_node *e;
  if (v->kind == DATA_INT) {
    *out = dir_syn_int(p->mem, v->span, v->integer);
    return LOOM_OK;
  }
  if (v->kind != DATA_STRING)
    LOOM_FAIL(p->ctx, v->span, LOOM_EINPUT, "a size is a number or an expression in a string, not %s", data_kind_name(v->kind));
  LOOM_TRY(dir_parse(p->ctx, v->span, v->string, strlen(v->string), &e));
  *out = e;
  return LOOM_OK;
}

static loom_status optional_expr(dir_program *p, const data_value *v, const char *key, const syn_node **out) {
  const data_value *m = data_get(v, key);
  *out = NULL;
  return m && m->kind != DATA_NULL ? read_expr(p, m, out) : LOOM_OK;
}

static loom_status read_dtype(dir_program *p, const data_value *v, dtype *out) {
  if (!string_of(v) || !dtype_parse(v->string, out))
    LOOM_FAIL(p->ctx, v->span, LOOM_EUNSUP, "the element type %s", string_of(v) ? v->string : "of this value");
  return LOOM_OK;
}

/* {"dtype": "f16", "shape": [..]} */
static loom_status read_tensor_type(dir_program *p, const data_value *v, dir_value *out) {
  size_t n;
  data_value **dims, *type;
  LOOM_TRY(array_of(p, v, "shape", true, &n, &dims));
  LOOM_TRY(data_need(p->ctx, v, "dtype", DATA_STRING, &type));
  LOOM_TRY(read_dtype(p, type, &out->type));
  if (n > KERNEL_RANK_MAX)
    LOOM_FAIL(p->ctx, v->span, LOOM_ELIMIT, "a tensor of more than %d dimensions", KERNEL_RANK_MAX);
  out->is_tensor = true;
  out->rank = (int)n;
  for (size_t i = 0; i < n; i++)
    LOOM_TRY(read_expr(p, dims[i], &out->dim[i]));
  return LOOM_OK;
}

static loom_status read_id(dir_program *p, const data_value *v, int *out) {
  if (v->kind != DATA_INT || v->integer < 0 || v->integer > 1 << 30)
    LOOM_FAIL(p->ctx, v->span, LOOM_EINPUT, "a number of a graph or block is 0 or more");
  *out = (int)v->integer;
  return LOOM_OK;
}

/* ---- symbols and blocks ---- */
static loom_status read_symbols(dir_program *p, const data_value *doc) {
  size_t n;
  data_value **items;
  LOOM_TRY(array_of(p, doc, "symbols", true, &n, &items));
  for (size_t i = 0; i < n; i++) {
    static const char *const keys[] = {"name", "kind", "origin", "expr", "value"};
    const char *name, *kind;
    LOOM_TRY(data_only_keys(p->ctx, items[i], keys, sizeof keys / sizeof *keys));
    LOOM_TRY(data_need_string(p->ctx, items[i], "name", &name));
    LOOM_TRY(data_need_string(p->ctx, items[i], "kind", &kind));
    dir_symbol *s = dir_add_symbol(p, name);
    const data_value *v = data_get(items[i], "value");
    LOOM_TRY(optional_expr(p, items[i], "expr", &s->expr));
    bool is_size = text_eq(kind, "size") || text_eq(kind, "scalar");
    if (v && v->kind == DATA_INT) {
      s->value = v->integer;
      s->has_value = is_size || text_eq(kind, "unbacked");
    }
  }
  return LOOM_OK;
}

static loom_status read_block(dir_program *p, const data_value *v) {
  static const char *const keys[] = {"id", "var", "size", "reduction", "source", "debug_names", "config_value"};
  dir_block b = {.span = v->span};
  int64_t id;
  size_t n;
  data_value *m, **names;
  const char *kind = NULL;
  LOOM_TRY(data_only_keys(p->ctx, v, keys, sizeof keys / sizeof *keys));
  LOOM_TRY(data_need_int(p->ctx, v, "id", 0, 1 << 30, &id));
  LOOM_TRY(data_need(p->ctx, v, "reduction", DATA_BOOL, &m));
  b.id = (int)id;
  b.is_reduction = m->boolean;
  if (dir_find_block(p, b.id))
    LOOM_FAIL(p->ctx, v->span, LOOM_EINPUT, "block %d is there twice", b.id);
  b.var = data_get_string(v, "var", NULL);
  LOOM_TRY(optional_expr(p, v, "size", &b.size));
  LOOM_TRY(data_need(p->ctx, v, "source", DATA_OBJECT, &m));
  LOOM_TRY(data_need_string(p->ctx, m, "kind", &kind));
  if (text_eq(kind, "fixed"))
    LOOM_TRY(optional_expr(p, m, "value", &b.fixed));
  LOOM_TRY(array_of(p, v, "debug_names", false, &n, &names));
  b.preferred = data_get_int(v, "config_value", 0);
  if (n == 1 && string_of(names[0]))
    b.name = text_identifier(p->mem, names[0]->string);
  vec_push(p->mem, &p->blocks, b);
  return LOOM_OK;
}

static loom_status read_blocks(dir_program *p, const data_value *doc) {
  size_t n;
  data_value **items;
  LOOM_TRY(array_of(p, doc, "block_sizes", true, &n, &items));
  for (size_t i = 0; i < n; i++)
    LOOM_TRY(read_block(p, items[i]));
  for (size_t i = 0; i < p->blocks.n; i++)   /* names that two blocks have say nothing */
    for (size_t j = i + 1; j < p->blocks.n; j++)
      if (p->blocks.at[i].name && text_eq(p->blocks.at[i].name, p->blocks.at[j].name))
        p->blocks.at[j].name = NULL;
  return LOOM_OK;
}

static loom_status read_block_ids(dir_program *p, const data_value *v, dir_graph *g) {
  size_t n;
  data_value **items;
  LOOM_TRY(array_of(p, v, "block_ids", false, &n, &items));
  if (n > KERNEL_RANK_MAX)
    LOOM_FAIL(p->ctx, v->span, LOOM_ELIMIT, "a loop over more than %d ranges", KERNEL_RANK_MAX);
  g->has_blocks = n > 0;
  g->n_blocks = (int)n;
  for (size_t i = 0; i < n; i++) {
    int id = 0;
    LOOM_TRY(read_id(p, items[i], &id));
    const dir_block *b = dir_find_block(p, id);
    if (!b)
      LOOM_FAIL(p->ctx, items[i]->span, LOOM_EINPUT, "there is no block %d", id);
    g->block[i] = (int)(b - p->blocks.at);
  }
  return LOOM_OK;
}

/* {"name": "g3", "kind": "grid", "origin": {"block_id": 3}}: the loop over block 3 is a hl.grid, and g3 its index. */
static loom_status read_indices(dir_program *p, const data_value *doc) {
  const data_value *list = data_get(doc, "symbols");
  for (size_t i = 0; i < list->n; i++) {
    const data_value *origin = data_get(list->items[i], "origin"), *id = data_get(origin, "block_id");
    if (!text_eq(data_get_string(list->items[i], "kind", NULL), "grid") || !id)
      continue;
    dir_block *b = id->kind == DATA_INT && id->integer >= 0 && id->integer <= INT32_MAX ? dir_find_block(p, (int)id->integer) : NULL;
    if (!b || !b->fixed)
      LOOM_FAIL(p->ctx, id->span, LOOM_EINPUT, "the index of a grid belongs to a block of fixed size, its step");
    b->index = data_get_string(list->items[i], "name", NULL);
  }
  return LOOM_OK;
}

/* A block that tiles several loops is registered in front of them. */
static void note_shared_blocks(dir_program *p) {
  size_t *uses = ARENA_NEW_N(p->mem, size_t, p->blocks.n);
  for (size_t i = 0; i < p->graphs.n; i++)
    for (int b = 0; b < p->graphs.at[i].n_blocks; b++)
      uses[p->graphs.at[i].block[b]]++;
  for (size_t i = 0; i < p->blocks.n; i++)
    p->blocks.at[i].is_registered = uses[i] > 1 && !p->blocks.at[i].fixed;
}

/* ---- host ---- */
static loom_status read_view(dir_program *p, const data_value *v, dir_tensor *t) {
  size_t n;
  data_value **strides;
  LOOM_TRY(data_need_string(p->ctx, v, "base", &t->base));
  LOOM_TRY(optional_expr(p, v, "offset", &t->offset));
  LOOM_TRY(array_of(p, v, "stride", true, &n, &strides));
  if ((int)n != t->val.rank)
    LOOM_FAIL(p->ctx, v->span, LOOM_EINPUT, "%s has %d dimensions and %zu strides", t->name, t->val.rank, n);
  for (size_t i = 0; i < n; i++)
    LOOM_TRY(read_expr(p, strides[i], &t->stride[i]));
  return LOOM_OK;
}

static loom_status read_fill(dir_program *p, const data_value *v, dir_tensor *t) {
  const data_value *fill = data_get(v, "fill"), *number = data_get(v, "value");
  const char *word = fill ? string_of(fill) : "empty";
  t->has_fill = fill != NULL;
  t->fill = text_eq(word, "zero") ? KERNEL_FILL_ZERO : text_eq(word, "full") ? KERNEL_FILL_VALUE : KERNEL_FILL_EMPTY;
  if (fill && t->fill == KERNEL_FILL_EMPTY && !text_eq(word, "empty"))
    LOOM_FAIL(p->ctx, fill->span, LOOM_EINPUT, "an allocation is filled with \"empty\", \"zero\" or \"full\" (with \"value\")");
  if (t->fill == KERNEL_FILL_VALUE && (!number || (number->kind != DATA_INT && number->kind != DATA_REAL)))
    LOOM_FAIL(p->ctx, v->span, LOOM_EINPUT, "\"full\" needs a \"value\"");
  t->fill_value = number ? number->real : 0;
  return LOOM_OK;
}

static loom_status add_tensor(dir_program *p, const dir_tensor *t) {
  if (dir_find_tensor(p, t->name))
    LOOM_FAIL(p->ctx, t->span, LOOM_EINPUT, "the tensor %s is there twice", t->name);
  vec_push(p->mem, &p->tensors, *t);
  return LOOM_OK;
}

static loom_status read_host(dir_program *p, const data_value *v) {
  static const char *const keys[] = {"id", "op", "fill", "value", "dtype", "shape", "stride", "base", "offset", "text"};
  dir_tensor t = {.first_use = -1, .span = v->span};
  const char *op;
  LOOM_TRY(data_only_keys(p->ctx, v, keys, sizeof keys / sizeof *keys));
  LOOM_TRY(data_need_string(p->ctx, v, "op", &op));
  if (text_eq(op, "opaque") || text_eq(op, "post")) {
    const char *code = data_get_string(v, "text", NULL);
    LOOM_FAIL(p->ctx, v->span, LOOM_EUNSUP, "host code that the export could not describe%s%s", code ? ": " : "", code ? code : "");
  }
  LOOM_TRY(data_need_string(p->ctx, v, "id", &t.name));
  LOOM_TRY(read_tensor_type(p, v, &t.val));
  if (text_eq(op, "arg"))
    t.role = DIR_ARG;
  else if (text_eq(op, "alloc"))
    t.role = DIR_ALLOC;
  else if (text_eq(op, "view"))
    t.role = DIR_VIEW;
  else
    LOOM_FAIL(p->ctx, v->span, LOOM_EINPUT, "a host tensor comes from \"arg\", \"alloc\" or \"view\", not \"%s\"", op);
  if (t.role == DIR_ALLOC)
    LOOM_TRY(read_fill(p, v, &t));
  if (t.role == DIR_VIEW)
    LOOM_TRY(read_view(p, v, &t));
  return add_tensor(p, &t);
}

/* Arguments that the host list does not have are those of the signature. */
static loom_status read_param(dir_program *p, const data_value *v) {
  dir_tensor t = {.role = DIR_ARG, .first_use = -1, .span = v->span};
  const char *kind;
  LOOM_TRY(data_need_string(p->ctx, v, "name", &t.name));
  LOOM_TRY(data_need_string(p->ctx, v, "kind", &kind));
  if (!text_eq(kind, "tensor") || dir_find_tensor(p, t.name))
    return LOOM_OK;   /* numbers are in the graphs as numbers or symbols */
  LOOM_TRY(read_tensor_type(p, v, &t.val));
  return add_tensor(p, &t);
}

static loom_status read_tensors(dir_program *p, const data_value *doc) {
  size_t n, n_params;
  data_value **items, **params;
  LOOM_TRY(array_of(p, doc, "host", false, &n, &items));
  LOOM_TRY(array_of(p, doc, "params", false, &n_params, &params));
  for (size_t i = 0; i < n_params; i++)
    LOOM_TRY(read_param(p, params[i]));
  for (size_t i = 0; i < n; i++)
    if (!(data_get_string(items[i], "id", NULL) && text_eq(data_get_string(items[i], "op", NULL), "arg") && dir_find_tensor(p, data_get_string(items[i], "id", NULL))))
      LOOM_TRY(read_host(p, items[i]));
  p->has_roles = true;
  return LOOM_OK;
}

/* ---- arguments of nodes ---- */
static loom_status read_arg(dir_program *p, const data_value *v, int depth, syn_node **out);

static loom_status read_slice(dir_program *p, const data_value *v, int depth, syn_node **out) {
  syn_node *part[3] = {NULL, NULL, NULL};
  if (v->kind != DATA_ARRAY || v->n != 3)
    LOOM_FAIL(p->ctx, v->span, LOOM_EINPUT, "a slice is {\"s\": [begin, end, step]}");
  for (int i = 0; i < 3; i++)
    if (v->items[i]->kind != DATA_NULL)
      LOOM_TRY(read_arg(p, v->items[i], depth, &part[i]));
  *out = dir_syn_slice(p->mem, v->span, part[0], part[1], part[2]);
  return LOOM_OK;
}

static loom_status no_argument(dir_program *p, const data_value *v) {
  LOOM_FAIL(p->ctx, v->span, LOOM_EINPUT, "an argument is {\"n\": node}, {\"s\": slice}, {\"d\": dtype}, {\"g\": graph}, {\"f\": \"inf\"}, a list or a plain value");
}

/* {"n": node}, {"s": slice}, {"d": dtype}, {"g": graph}, {"f": "inf"} */
static loom_status read_marked(dir_program *p, const data_value *v, int depth, syn_node **out) {
  if (v->n != 1)
    return no_argument(p, v);
  const data_value *m = v->members[0].value;
  const char *key = v->members[0].key, *s = string_of(m);
  dtype type;
  int id = 0;
  if (text_eq(key, "n") && s) {
    *out = dir_syn_name(p->mem, v->span, s);
    return LOOM_OK;
  }
  if (text_eq(key, "s"))
    return read_slice(p, m, depth + 1, out);
  if (text_eq(key, "d")) {
    LOOM_TRY(read_dtype(p, m, &type));
    *out = dir_syn_path(p->mem, v->span, arena_printf(p->mem, "torch.%s", dtype_torch(type)));
    return LOOM_OK;
  }
  if (text_eq(key, "g")) {
    LOOM_TRY(read_id(p, m, &id));
    *out = dir_syn_int(p->mem, v->span, id);
    return LOOM_OK;
  }
  if (text_eq(key, "f") && s && (text_eq(s, "inf") || text_eq(s, "-inf") || text_eq(s, "nan"))) {
    *out = dir_syn_float(p->mem, v->span, strtod(s, NULL));
    return LOOM_OK;
  }
  return no_argument(p, v);
}

static loom_status read_arg(dir_program *p, const data_value *v, int depth, syn_node **out) {
  if (depth > DIR_NESTING_MAX)
    LOOM_FAIL(p->ctx, v->span, LOOM_ELIMIT, "arguments nested more than %d deep", DIR_NESTING_MAX);
  switch (v->kind) {
  case DATA_NULL: *out = dir_syn_none(p->mem, v->span); return LOOM_OK;
  case DATA_BOOL: *out = dir_syn_bool(p->mem, v->span, v->boolean); return LOOM_OK;
  case DATA_INT: *out = dir_syn_int(p->mem, v->span, v->integer); return LOOM_OK;
  case DATA_REAL: *out = dir_syn_float(p->mem, v->span, v->real); return LOOM_OK;
  case DATA_STRING: *out = dir_syn_string(p->mem, v->span, v->string); return LOOM_OK;
  case DATA_OBJECT: return read_marked(p, v, depth, out);
  case DATA_ARRAY: break;
  }
  syn_node **items = ARENA_NEW_N(p->mem, syn_node *, v->n);
  for (size_t i = 0; i < v->n; i++)
    LOOM_TRY(read_arg(p, v->items[i], depth + 1, &items[i]));
  *out = dir_syn_list(p->mem, v->span, SYN_List, items, v->n);
  return LOOM_OK;
}

static loom_status read_arguments(dir_program *p, const data_value *v, dir_node *n) {
  data_value **args, *kwargs = data_get(v, "kwargs");
  LOOM_TRY(array_of(p, v, "args", false, &n->n_args, &args));
  n->args = ARENA_NEW_N(p->mem, syn_node *, n->n_args);
  for (size_t i = 0; i < n->n_args; i++)
    LOOM_TRY(read_arg(p, args[i], 0, &n->args[i]));
  if (!kwargs)
    return LOOM_OK;
  LOOM_TRY(data_need(p->ctx, v, "kwargs", DATA_OBJECT, &kwargs));
  n->n_keys = kwargs->n;
  n->keys = ARENA_NEW_N(p->mem, const char *, kwargs->n);
  n->values = ARENA_NEW_N(p->mem, syn_node *, kwargs->n);
  for (size_t i = 0; i < kwargs->n; i++) {
    n->keys[i] = kwargs->members[i].key;
    LOOM_TRY(read_arg(p, kwargs->members[i].value, 0, &n->values[i]));
  }
  return LOOM_OK;
}

/* ---- graphs ---- */
static loom_status read_node(dir_program *p, const data_value *v, dir_graph *g) {
  static const char *const keys[] = {"name", "op", "target", "args", "kwargs", "val", "sym", "loc"};
  dir_node n = {.span = v->span, .target = ""};
  const char *op, *target;
  LOOM_TRY(data_only_keys(p->ctx, v, keys, sizeof keys / sizeof *keys));
  LOOM_TRY(data_need_string(p->ctx, v, "op", &op));
  LOOM_TRY(data_need_string(p->ctx, v, "name", &n.name));
  if (text_eq(op, "placeholder"))
    n.op = DIR_PLACEHOLDER;
  else if (text_eq(op, "output"))
    n.op = DIR_OUTPUT;
  else if (text_eq(op, "call_function"))
    n.op = DIR_CALL;
  else
    LOOM_FAIL(p->ctx, v->span, LOOM_EINPUT, "a node is a placeholder, a call_function or an output, not \"%s\"", op);
  if (n.op == DIR_CALL) {
    LOOM_TRY(data_need_string(p->ctx, v, "target", &target));
    n.target = dir_target(p->mem, target, strlen(target));
  }
  LOOM_TRY(read_arguments(p, v, &n));
  const data_value *val = data_get(v, "val"), *sym = data_get(v, "sym");
  if (val && val->kind == DATA_OBJECT)
    LOOM_TRY(read_tensor_type(p, val, &n.val));
  if (sym && sym->kind != DATA_NULL)
    LOOM_TRY(read_expr(p, sym, &n.val.scalar));
  return dir_add_node(p, g, &n);
}

static loom_status read_branches(dir_program *p, const data_value *v, dir_graph *g) {
  size_t n;
  data_value **items;
  LOOM_TRY(array_of(p, v, "branches_outputs", true, &n, &items));
  g->has_branches = true;
  for (size_t i = 0; i < n; i++) {
    dir_branch b = {-1, -1};
    const data_value *pair = items[i];
    if (pair->kind != DATA_ARRAY || pair->n != 2)
      LOOM_FAIL(p->ctx, pair->span, LOOM_EINPUT, "a result of a branch is [output of the branch, output of else], null where the value stays");
    if (pair->items[0]->kind == DATA_INT)
      LOOM_TRY(read_id(p, pair->items[0], &b.yes));
    if (pair->items[1]->kind == DATA_INT)
      LOOM_TRY(read_id(p, pair->items[1], &b.no));
    vec_push(p->mem, &g->branches, b);
  }
  return LOOM_OK;
}

static loom_status read_graph(dir_program *p, const data_value *v) {
  static const char *const keys[] = {"id", "class", "name", "block_ids", "inputs", "outputs", "if", "nodes"};
  dir_graph g = {.span = v->span};
  int64_t id = 0;
  size_t n;
  data_value **nodes;
  const char *class_name;
  LOOM_TRY(data_only_keys(p->ctx, v, keys, sizeof keys / sizeof *keys));
  LOOM_TRY(data_need_int(p->ctx, v, "id", 0, 1 << 30, &id));
  LOOM_TRY(data_need_string(p->ctx, v, "class", &class_name));
  LOOM_TRY(array_of(p, v, "nodes", true, &n, &nodes));
  g.id = (int)id;
  g.name = class_name;
  g.kind = dir_class_of(class_name);
  if (dir_find_graph(p, g.id))
    LOOM_FAIL(p->ctx, v->span, LOOM_EINPUT, "graph %d is there twice", g.id);
  LOOM_TRY(read_block_ids(p, v, &g));
  if (data_get(v, "if") && data_get(v, "if")->kind == DATA_OBJECT)
    LOOM_TRY(read_branches(p, data_get(v, "if"), &g));
  for (size_t i = 0; i < n; i++)
    LOOM_TRY(read_node(p, nodes[i], &g));
  vec_push(p->mem, &p->graphs, g);
  return LOOM_OK;
}

static loom_status read_root(dir_program *p, const data_value *v) {
  static const char *const keys[] = {"graph", "phase", "block_ids", "extents"};
  int64_t id = 0, phase = 0;
  size_t n;
  data_value **extents;
  LOOM_TRY(data_only_keys(p->ctx, v, keys, sizeof keys / sizeof *keys));
  LOOM_TRY(data_need_int(p->ctx, v, "graph", 0, 1 << 30, &id));
  if (data_get(v, "phase"))
    LOOM_TRY(data_need_int(p->ctx, v, "phase", 0, 1 << 30, &phase));
  dir_graph *g = dir_find_graph(p, (int)id);
  if (!g)
    LOOM_FAIL(p->ctx, v->span, LOOM_EINPUT, "there is no graph %" PRId64, id);
  g->phase = (int)phase;
  LOOM_TRY(read_block_ids(p, v, g));
  LOOM_TRY(array_of(p, v, "extents", false, &n, &extents));
  if (n && (int)n != g->n_blocks)
    LOOM_FAIL(p->ctx, v->span, LOOM_EINPUT, "the grid of graph %d has %d blocks and %zu extents", g->id, g->n_blocks, n);
  for (size_t i = 0; i < n; i++) {
    dir_block *b = &p->blocks.at[g->block[i]];
    const syn_node *end;
    LOOM_TRY(optional_expr(p, extents[i], "begin", &g->begin[i]));
    LOOM_TRY(optional_expr(p, extents[i], "end", &end));
    bool from_zero = !g->begin[i] || (g->begin[i]->kind == SYN_Constant && g->begin[i]->integer == 0);
    if (from_zero)
      g->begin[i] = NULL;
    if (end)
      b->size = from_zero ? end : dir_syn_binary(p->mem, extents[i]->span, SYN_Sub, (syn_node *)(uintptr_t)end, (syn_node *)(uintptr_t)g->begin[i]);
  }
  vec_push(p->mem, &p->roots, (int)(g - p->graphs.at));
  return LOOM_OK;
}

/* ---- unresolved symbols ---- */
static loom_status check_symbols(dir_program *p, const syn_node *e) {
  if (!e)
    return LOOM_OK;
  const char *name = dir_name_of(e);
  if (name && !dir_find_symbol(p, name) && !dir_block_of_symbol(p, e))
    LOOM_FAIL(p->ctx, e->span, LOOM_EINPUT, "the symbol %s is not among the symbols of the document", name);
  static const char *const parts[] = {"left", "right", "operand"};
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
    LOOM_TRY(check_symbols(p, syn_child(e, parts[i])));
  size_t n;
  syn_node **args = syn_list(e, "args", &n);
  for (size_t i = 0; i < n; i++)
    LOOM_TRY(check_symbols(p, args[i]));
  return LOOM_OK;
}

static loom_status check_value(dir_program *p, const dir_value *v) {
  for (int d = 0; d < v->rank; d++)
    LOOM_TRY(check_symbols(p, v->dim[d]));
  return check_symbols(p, v->scalar);
}

static loom_status check_all(dir_program *p) {
  for (size_t i = 0; i < p->tensors.n; i++)
    LOOM_TRY(check_value(p, &p->tensors.at[i].val));
  for (size_t i = 0; i < p->graphs.n; i++)
    for (size_t j = 0; j < p->graphs.at[i].nodes.n; j++)
      LOOM_TRY(check_value(p, &p->graphs.at[i].nodes.at[j].val));
  return LOOM_OK;
}

/* ---- the document ---- */
static loom_status read_returns(dir_program *p, const data_value *doc) {
  const data_value *v = data_get(doc, "returns");
  if (!v || v->kind == DATA_NULL)
    return LOOM_OK;
  data_value *one = (data_value *)(uintptr_t)v;
  data_value **items = v->kind == DATA_ARRAY ? v->items : &one;
  size_t n = v->kind == DATA_ARRAY ? v->n : 1;
  p->has_returns = true;
  for (size_t i = 0; i < n; i++) {
    const char *name = string_of(items[i]);
    if (items[i]->kind != DATA_NULL && (!name || !dir_find_tensor(p, name)))
      LOOM_FAIL(p->ctx, items[i]->span, LOOM_EINPUT, "what is returned is a host tensor of the document or null");
    vec_push(p->mem, &p->returns, name);
  }
  return LOOM_OK;
}

loom_status dir_read_json(dir_program *p, const char *path, const char *dump, size_t size) {
  static const char *const keys[] = {"schema", "producer", "kernel", "settings", "params", "symbols", "block_sizes", "host", "graphs", "roots", "returns"};
  data_value *doc, *kernel, **items;
  size_t n;
  LOOM_TRY(data_read_json(p->ctx, path, dump, size, &doc));
  LOOM_TRY(data_need_schema(p->ctx, doc, "loom.helion.v1"));
  LOOM_TRY(data_only_keys(p->ctx, doc, keys, sizeof keys / sizeof *keys));
  p->source = doc->span.source;
  LOOM_TRY(data_need(p->ctx, doc, "kernel", DATA_OBJECT, &kernel));
  LOOM_TRY(data_need_string(p->ctx, kernel, "name", &p->name));
  if (!*p->name)
    LOOM_FAIL(p->ctx, kernel->span, LOOM_EINPUT, "the kernel has no name");
  const data_value *settings = data_get(doc, "settings"), *fixed = data_get(settings, "static_shapes");
  p->assume_divides = data_get_bool(settings, "assume_divisible_tiles");
  p->is_dynamic = fixed && fixed->kind == DATA_BOOL && !fixed->boolean;
  LOOM_TRY(read_symbols(p, doc));
  LOOM_TRY(read_blocks(p, doc));
  LOOM_TRY(read_indices(p, doc));
  LOOM_TRY(read_tensors(p, doc));
  LOOM_TRY(array_of(p, doc, "graphs", true, &n, &items));
  for (size_t i = 0; i < n; i++)
    LOOM_TRY(read_graph(p, items[i]));
  LOOM_TRY(array_of(p, doc, "roots", true, &n, &items));
  for (size_t i = 0; i < n; i++)
    LOOM_TRY(read_root(p, items[i]));
  note_shared_blocks(p);
  p->has_phases = true;
  LOOM_TRY(read_returns(p, doc));
  return check_all(p);
}
