/* The tags of a tile graph.
 *
 * Loads and waits of one tag memref belong together.  Its values: those of the accumulation and inner loops around all of them (a tag that is made in a loop is another
 * one each time), then the slot as an exact sum, without the -1 by which PyTorchSim marks accumulation loops; where a tensor has several tags their number, times TAG_APART, goes
 * in.  Loads nobody waits for by their tag have a tag of their own each time they run.  Waits for stores are left out: stores are waited for by who needs what they wrote. */
#include "target/npu/npt_tog_private.h"

#define TAG_APART (INT64_C(1) << 24)
#define FAIL(x, op, ...) return diag_error((x)->ir->ctx, ir_span((x)->ir, (op)), __VA_ARGS__)

int npt_tog_tensor(npt_maker *x, int argument) {
  const char *name = arena_printf(&x->ir->ctx->mem, "arg%d", argument);
  for (size_t i = 0; i < x->g->tensors.n; i++)
    if (text_eq(x->g->tensors.at[i].name, name))
      return (int)i;
  vec_push(&x->ir->ctx->mem, &x->g->tensors, (tile_tensor){.name = name});
  return (int)x->g->tensors.n - 1;
}

bool npt_same_tag(MlirValue a, MlirValue b) {
  a = npt_root(a), b = npt_root(b);
  if (mlirValueEqual(a, b))
    return true;
  MlirOperation x = ir_def(a), y = ir_def(b);
  return ir_op_is(x, "memref.get_global") && ir_op_is(y, "memref.get_global") && mlirAttributeEqual(ir_attr_of(x, "name"), ir_attr_of(y, "name"));
}

/* Loops around a node that make tags anew, outermost first. */
static int tag_loops(const npt_maker *x, int node, int loops[TILE_GRAPH_DEPTH_MAX]) {
  int n = 0;
  for (int p = x->t->nodes.at[node].parent; p >= 0; p = x->t->nodes.at[p].parent)
    if (x->t->nodes.at[p].kind == NPT_LOOP && x->t->nodes.at[p].loop_type != TILE_LOOP_OUTER) {
      for (int i = n++; i > 0; i--)
        loops[i] = loops[i - 1];
      loops[0] = p;
    }
  return n;
}

static void join_group(npt_maker *x, int group, int node) {
  npt_tag_group *g = &x->groups.at[group];
  int loops[TILE_GRAPH_DEPTH_MAX], n = tag_loops(x, node, loops), same = 0;
  if (g->n_loads + g->n_waits == 0) {
    g->n_loops = n;
    memcpy(g->loops, loops, sizeof g->loops);
  }
  while (same < g->n_loops && same < n && g->loops[same] == loops[same])
    same++;
  g->n_loops = same;
  x->group_of[node] = group;
}

static loom_status need_tensor(npt_maker *x, const npt_node *n) {
  if (n->transfer.argument >= 0)
    return LOOM_OK;
  diag_error((x)->ir->ctx, ir_span((x)->ir, n->op), LOOM_EINPUT, "the DRAM of this transfer is no argument of the function");
  diag_help(x->ir->ctx, "transfers move arguments, views of them, or what dram_arg or a memref.global named dram_<n> says");
  return LOOM_EINPUT;
}

static int group_with(npt_maker *x, MlirValue tag) {
  for (size_t i = 0; i < x->groups.n; i++)
    if (npt_same_tag(x->groups.at[i].tag, tag))
      return (int)i;
  vec_push(&x->ir->ctx->mem, &x->groups, ((npt_tag_group){.tag = tag, .tensor = -1}));
  return (int)x->groups.n - 1;
}

static loom_status add_load(npt_maker *x, int node) {
  const npt_node *n = &x->t->nodes.at[node];
  int at = group_with(x, n->transfer.tag), tensor = npt_tog_tensor(x, n->transfer.argument), buffer = npt_tog_buffer(x->g, n->transfer.global);
  join_group(x, at, node);
  npt_tag_group *g = &x->groups.at[at];
  g->is_apart |= g->n_loads > 0 && g->tensor != tensor;
  g->tensor = tensor;
  g->n_loads++;
  bool is_new = buffer >= 0;
  for (size_t i = 0; i < g->buffers.n; i++)
    is_new &= g->buffers.at[i] != buffer;
  if (is_new)
    vec_push(&x->ir->ctx->mem, &g->buffers, buffer);
  return LOOM_OK;
}

/* Loads without waits get groups of their own. */
static void split_unwaited(npt_maker *x) {
  for (size_t i = 0; i < x->t->nodes.n; i++) {
    int at = x->group_of[i];
    if (at < 0 || x->groups.at[at].n_waits || x->t->nodes.at[i].kind != NPT_DMA)
      continue;
    npt_tag_group own = {.tag = x->groups.at[at].tag, .tensor = npt_tog_tensor(x, x->t->nodes.at[i].transfer.argument)};
    vec_push(&x->ir->ctx->mem, &x->groups, own);
    join_group(x, (int)x->groups.n - 1, (int)i);
    x->groups.at[x->groups.n - 1].n_loads = 1;
    x->groups.at[at].n_loads--;
  }
}

loom_status npt_tog_find_tags(npt_maker *x) {
  for (size_t i = 0; i < x->t->nodes.n; i++) {
    const npt_node *n = &x->t->nodes.at[i];
    x->group_of[i] = -1;
    if (n->kind != NPT_DMA)
      continue;
    LOOM_TRY(need_tensor(x, n));
    if (!n->transfer.is_store)
      LOOM_TRY(add_load(x, (int)i));
    else
      npt_tog_tensor(x, n->transfer.argument);
  }
  for (size_t i = 0; i < x->t->nodes.n; i++) {
    const npt_node *n = &x->t->nodes.at[i];
    if (n->kind != NPT_WAIT)
      continue;
    int at = group_with(x, n->wait.tag);
    if (x->groups.at[at].is_apart) {
      diag_error((x)->ir->ctx, ir_span((x)->ir, n->op), LOOM_EINPUT, "waits for a tag that loads of several tensors have");
      diag_help(x->ir->ctx, "give each of them a tag of its own");
      return LOOM_EINPUT;
    }
    join_group(x, at, (int)i);
    x->groups.at[at].n_waits++;
  }
  split_unwaited(x);
  return LOOM_OK;
}

/* Does any other group have loads of the tensor? */
static bool has_rival(const npt_maker *x, int group) {
  for (size_t i = 0; i < x->groups.n; i++)
    if ((int)i != group && x->groups.at[i].n_loads && x->groups.at[i].tensor == x->groups.at[group].tensor)
      return true;
  return false;
}

static void drop_marks(tile_terms *terms, const npt_tog *t) {
  size_t n = 0;
  for (size_t i = 0; i < terms->n; i++) {
    tile_term x = terms->at[i];
    bool is_mark = x.loop >= 0 && x.stride == -1 && x.divider == 1 && t->nodes.at[x.loop].loop_type == TILE_LOOP_ACCUMULATION;
    if (!is_mark)
      terms->at[n++] = x;
  }
  terms->n = n;
}

loom_status npt_tog_set_tag(npt_maker *x, int node, MlirOperation op, const MlirValue *slot, int n_slot, tile_node *out) {
  arena *mem = &x->ir->ctx->mem;
  const npt_tag_group *g = &x->groups.at[x->group_of[node]];
  for (int i = 0; i < g->n_loops; i++)
    vec_push(mem, &out->accumulation, ((tile_term){.loop = g->loops[i], .divider = 1, .stride = 1}));
  for (int i = 0; i < n_slot; i++) {
    const char *bad = npt_sum_add(x->t, slot[i], 1, &out->tag);
    if (bad)
      FAIL(x, op, LOOM_EUNSUP, "the slot of a tag cannot be said: %s", bad);
  }
  if (out->kind == TILE_WAIT)
    drop_marks(&out->tag, x->t);
  if (has_rival(x, x->group_of[node]))
    vec_push(mem, &out->tag, ((tile_term){.loop = -1, .value = x->group_of[node], .divider = 1, .stride = TAG_APART}));
  return LOOM_OK;
}

