#include "base/text.h"
#include "model/model_private.h"
#include "nest/nest_leaf.h"

/* Rates that are no whole number count in 1/1024. */
const sym_expr *model_rate_cycles(arena *m, const sym_expr *bytes, const machine_number *rate) {
  if (!(rate->value > 0) || rate->value > 1e9)
    return sym_const(m, 0);
  int64_t whole = (int64_t)rate->value;
  if ((double)whole == rate->value)
    return sym_ceildiv(m, bytes, sym_const(m, whole));
  int64_t parts = (int64_t)(rate->value * 1024);
  return sym_ceildiv(m, sym_mul(m, bytes, sym_const(m, 1024)), sym_const(m, parts > 0 ? parts : 1));
}

static const sym_expr *value_bytes(const modeler *b, int value) {
  arena *m = &b->ctx->mem;
  const nest_value *v = &b->n->values.at[value];
  nest_buffer as_buffer = {.type = v->type, .is_accumulator = v->is_carried};
  int64_t bytes = (int64_t)dtype_bytes(model_buffer_type(&as_buffer, b->accumulate_f32));
  return sym_mul(m, nest_value_elems(m, b->n, value), sym_const(m, bytes));
}

/* The matrix unit works in whole hardware tiles: a smaller tile costs as much as a whole one. */
static const sym_expr *whole_tiles(const modeler *b, const sym_expr *e) {
  arena *m = &b->ctx->mem;
  const sym_expr *align = sym_const(m, b->machine->tile_align > 0 ? b->machine->tile_align : 1);
  return sym_mul(m, sym_ceildiv(m, e, align), align);
}

static loom_status leaf_cycles(const modeler *b, nest_leaf *l, bool is_product, const sym_expr **out) {
  machine_arg args[NEST_LEAF_ARGS_MAX];
  for (int i = 0; i < l->n_args; i++) {
    const sym_expr *v = model_bound_iterators(b, l->arg[i].value);
    bool is_tiled = is_product && b->kind == MODEL_LOOM && !text_eq(l->arg[i].symbol, "B");
    args[i] = (machine_arg){l->arg[i].symbol, is_tiled ? whole_tiles(b, v) : v};
  }
  const char *name = machine_find_func(b->machine, l->func) ? l->func : l->fallback;
  return machine_cost(b->ctx, b->machine, name, args, (size_t)l->n_args, out);
}

/* What no perf function covers: fills and casts.  Upstream counts them as free. */
static const sym_expr *uncovered_cycles(const modeler *b, const nest_node *x) {
  arena *m = &b->ctx->mem;
  if (b->kind != MODEL_LOOM)
    return sym_const(m, 0);
  const machine_number *rate = text_eq(x->op, "fill") ? &b->machine->fill_bytes_per_cycle : &b->machine->copy_bytes_per_cycle;
  return model_bound_iterators(b, model_rate_cycles(m, value_bytes(b, x->value), rate));
}

/* A store copies its tile to the output buffer first when it is an accumulator: part of the compute thread's work, priced with the store. */
static const sym_expr *handoff_cycles(const modeler *b, const nest_node *store) {
  arena *m = &b->ctx->mem;
  if (b->kind != MODEL_LOOM || !b->n->values.at[store->value].is_carried)
    return sym_const(m, 0);
  const sym_expr *bytes = sym_mul(m, nest_value_elems(m, b->n, store->value), sym_const(m, (int64_t)dtype_bytes(b->n->tensors.at[store->tensor].type)));
  return model_bound_iterators(b, model_rate_cycles(m, bytes, &b->machine->copy_bytes_per_cycle));
}

static bool same_leaf(const nest_leaf *a, const nest_leaf *b) {
  bool same = text_eq(a->func, b->func) && a->n_args == b->n_args;
  for (int i = 0; same && i < a->n_args; i++)
    same = text_eq(a->arg[i].symbol, b->arg[i].symbol) && sym_equal(a->arg[i].value, b->arg[i].value);
  return same;
}

/* A body of thousands of scalar ops has few different ones: each is priced once, times how often it comes, so that the sum stays short.  Count of the different
 * ones, which come first in `leaves`; times[i] of each. */
static size_t count_same(nest_leaf *leaves, size_t n, int64_t *times) {
  size_t kept = 0;
  for (size_t i = 0; i < n; i++) {
    size_t at = 0;
    while (at < kept && !same_leaf(&leaves[at], &leaves[i]))
      at++;
    if (at == kept)
      leaves[kept++] = leaves[i];
    times[at]++;
  }
  return kept;
}

static loom_status sum_leaves(const modeler *b, const nest_node *x, nest_leaf *leaves, size_t n, const sym_expr **out) {
  arena *m = &b->ctx->mem;
  bool is_product = x->kind == NEST_COMPUTE && !text_eq(x->op, "generic");
  int64_t *times = ARENA_NEW_N(&b->ctx->scratch, int64_t, n);
  *out = n == 0 ? uncovered_cycles(b, x) : sym_const(m, 0);
  size_t different = count_same(leaves, n, times);
  for (size_t i = 0; i < different; i++) {
    const sym_expr *e;
    LOOM_TRY(leaf_cycles(b, &leaves[i], is_product, &e));
    *out = sym_add(m, *out, sym_mul(m, sym_const(m, times[i]), e));
  }
  return LOOM_OK;
}

loom_status model_node_cycles(const modeler *b, const nest_node *x, int index, const sym_expr **out) {
  int64_t none[PLAN_MESH_MAX] = {1, 1, 1}, size[PLAN_MESH_MAX];
  const int64_t *area = index >= 0 && index < b->c->n_access ? b->c->access[index].area : none;
  if (x->kind == NEST_GATHER) {   /* the cores of the loop it goes across send */
    for (int i = 0; i < b->c->mapping.n_logical; i++)
      if (b->c->mapping.logical[i].iter == x->across)
        none[b->c->mapping.logical[i].mesh_dim] *= b->c->mapping.logical[i].size;
  }
  for (int d = 0; d < b->c->mapping.n_mesh; d++)
    size[d] = b->c->mapping.mesh_size[d];
  arena_mark mark = arena_save(&b->ctx->scratch);
  nest_leaf *leaves = ARENA_NEW_N(&b->ctx->scratch, nest_leaf, nest_leaves_most(x));
  size_t n = nest_node_leaves(&b->ctx->mem, b->n, x, area, size, b->c->mapping.n_mesh, leaves);
  loom_status st = sum_leaves(b, x, leaves, n, out);
  arena_release(&b->ctx->scratch, mark);
  LOOM_TRY(st);
  if (x->kind == NEST_STORE)
    *out = sym_add(&b->ctx->mem, *out, handoff_cycles(b, x));
  return LOOM_OK;
}
