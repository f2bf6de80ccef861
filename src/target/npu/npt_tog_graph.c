/* The tile graph of a program that was cut into nodes.
 *
 * Tags.  Loads and waits of one tag memref belong together.  Its values: those of the accumulation and inner loops around all of them (a tag that is made in a loop is another
 * one each time), then the slot as an exact sum, without the -1 by which PyTorchSim marks accumulation loops; where a tensor has several tags their number, times TAG_APART, goes
 * in.  Loads nobody waits for by their tag have a tag of their own each time they run.  Waits for stores are left out: stores are waited for by who needs what they wrote. */
#include "target/npu/npt_cycles.h"
#include "target/npu/npt_tog_private.h"
#include <stdlib.h>

#define TAG_APART (INT64_C(1) << 24)

/* The transfers and waits of one tag memref, or one load that nobody waits for. */
typedef struct tag_group { MlirValue tag; int tensor, n_loads, n_waits, loops[TILE_GRAPH_DEPTH_MAX], n_loops; bool is_apart; VEC_OF(int) buffers; } tag_group;

typedef struct maker {
  npt_tog *t;
  ir_ctx *ir;
  tile_graph *g;
  npt_tog_options o;
  VEC_OF(tag_group) groups;
  int *group_of, *place;                /* by node: its group, its number in the graph */
} maker;

#define FAIL(x, op, ...) return diag_error((x)->ir->ctx, ir_span((x)->ir, (op)), __VA_ARGS__)

/* ---- tags ---- */

static int tensor_of(maker *x, int argument) {
  const char *name = arena_printf(&x->ir->ctx->mem, "arg%d", argument);
  for (size_t i = 0; i < x->g->tensors.n; i++)
    if (text_eq(x->g->tensors.at[i].name, name))
      return (int)i;
  vec_push(&x->ir->ctx->mem, &x->g->tensors, (tile_tensor){.name = name});
  return (int)x->g->tensors.n - 1;
}

static bool same_tag(MlirValue a, MlirValue b) {
  a = npt_root(a), b = npt_root(b);
  if (mlirValueEqual(a, b))
    return true;
  MlirOperation x = ir_def(a), y = ir_def(b);
  return ir_op_is(x, "memref.get_global") && ir_op_is(y, "memref.get_global") && mlirAttributeEqual(ir_attr_of(x, "name"), ir_attr_of(y, "name"));
}

/* Loops around a node that make tags anew, outermost first. */
static int tag_loops(const maker *x, int node, int loops[TILE_GRAPH_DEPTH_MAX]) {
  int n = 0;
  for (int p = x->t->nodes.at[node].parent; p >= 0; p = x->t->nodes.at[p].parent)
    if (x->t->nodes.at[p].kind == NPT_LOOP && x->t->nodes.at[p].loop_type != TILE_LOOP_OUTER) {
      for (int i = n++; i > 0; i--)
        loops[i] = loops[i - 1];
      loops[0] = p;
    }
  return n;
}

static void join_group(maker *x, int group, int node) {
  tag_group *g = &x->groups.at[group];
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

static loom_status need_tensor(maker *x, const npt_node *n) {
  if (n->transfer.argument >= 0)
    return LOOM_OK;
  diag_error((x)->ir->ctx, ir_span((x)->ir, n->op), LOOM_EINPUT, "the DRAM of this transfer is no argument of the function");
  diag_help(x->ir->ctx, "transfers move arguments, views of them, or what dram_arg or a memref.global named dram_<n> says");
  return LOOM_EINPUT;
}

static int group_with(maker *x, MlirValue tag) {
  for (size_t i = 0; i < x->groups.n; i++)
    if (same_tag(x->groups.at[i].tag, tag))
      return (int)i;
  vec_push(&x->ir->ctx->mem, &x->groups, ((tag_group){.tag = tag, .tensor = -1}));
  return (int)x->groups.n - 1;
}

static loom_status add_load(maker *x, int node) {
  const npt_node *n = &x->t->nodes.at[node];
  int at = group_with(x, n->transfer.tag), tensor = tensor_of(x, n->transfer.argument), buffer = npt_tog_buffer(x->g, n->transfer.global);
  join_group(x, at, node);
  tag_group *g = &x->groups.at[at];
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
static void split_unwaited(maker *x) {
  for (size_t i = 0; i < x->t->nodes.n; i++) {
    int at = x->group_of[i];
    if (at < 0 || x->groups.at[at].n_waits || x->t->nodes.at[i].kind != NPT_DMA)
      continue;
    tag_group own = {.tag = x->groups.at[at].tag, .tensor = tensor_of(x, x->t->nodes.at[i].transfer.argument)};
    vec_push(&x->ir->ctx->mem, &x->groups, own);
    join_group(x, (int)x->groups.n - 1, (int)i);
    x->groups.at[x->groups.n - 1].n_loads = 1;
    x->groups.at[at].n_loads--;
  }
}

static loom_status find_groups(maker *x) {
  for (size_t i = 0; i < x->t->nodes.n; i++) {
    const npt_node *n = &x->t->nodes.at[i];
    x->group_of[i] = -1;
    if (n->kind != NPT_DMA)
      continue;
    LOOM_TRY(need_tensor(x, n));
    if (!n->transfer.is_store)
      LOOM_TRY(add_load(x, (int)i));
    else
      tensor_of(x, n->transfer.argument);
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
static bool has_rival(const maker *x, int group) {
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

static loom_status set_tag(maker *x, int node, MlirOperation op, const MlirValue *slot, int n_slot, tile_node *out) {
  arena *mem = &x->ir->ctx->mem;
  const tag_group *g = &x->groups.at[x->group_of[node]];
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

/* ---- transfers ---- */

/* lo and hi are clamped to the tile anyway: an affine.min with its extent, or an affine.max with 0, says no more than its other results, each of which is a mask. */
static bool is_idle(MlirAffineExpr e, bool is_high, int64_t extent) {
  return mlirAffineExprIsAConstant(e) && (is_high ? mlirAffineConstantExprGetValue(e) >= extent : mlirAffineConstantExprGetValue(e) <= 0);
}

static loom_status add_mask(maker *x, const npt_node *n, const npt_mask *m, bool is_high, MlirOperation def, intptr_t result, tile_node *out) {
  const int64_t extent = out->extent[m->axis];
  tile_mask mask = {.dim = m->axis};
  const char *bad = mlirOperationIsNull(def) ? npt_sum_add(x->t, is_high ? m->hi : m->lo, 1, is_high ? &mask.high : &mask.low)
                                             : npt_sum_add_expr(x->t, def, result, is_high ? &mask.high : &mask.low);
  if (bad)
    FAIL(x, n->op, LOOM_EUNSUP, "the mask of a transfer cannot be said: %s", bad);
  if (!is_high)
    vec_push(&x->ir->ctx->mem, &mask.high, ((tile_term){.loop = -1, .value = extent, .divider = 1, .stride = 1}));
  vec_push(&x->ir->ctx->mem, &out->masks, mask);
  return LOOM_OK;
}

static loom_status add_bound(maker *x, const npt_node *n, const npt_mask *m, bool is_high, tile_node *out) {
  MlirValue v = is_high ? m->hi : m->lo;
  MlirOperation def = ir_def(v);
  int64_t fixed;
  if (ir_const_int(v, &fixed) && (is_high ? fixed >= out->extent[m->axis] : fixed <= 0))
    return LOOM_OK;
  if (!ir_op_is(def, is_high ? "affine.min" : "affine.max"))
    return add_mask(x, n, m, is_high, (MlirOperation){NULL}, 0, out);
  MlirAffineMap map = mlirAffineMapAttrGetValue(ir_attr_of(def, "map"));
  for (intptr_t i = 0; i < mlirAffineMapGetNumResults(map); i++)
    if (!is_idle(mlirAffineMapGetResult(map, i), is_high, out->extent[m->axis]))
      LOOM_TRY(add_mask(x, n, m, is_high, def, i, out));
  return LOOM_OK;
}

static loom_status set_masks(maker *x, const npt_node *n, tile_node *out) {
  for (int i = 0; i < n->transfer.n_masks; i++) {
    LOOM_TRY(add_bound(x, n, &n->transfer.masks[i], false, out));
    LOOM_TRY(add_bound(x, n, &n->transfer.masks[i], true, out));
  }
  return LOOM_OK;
}

static void use(maker *x, tile_node *out, const char *global, tile_access access) {
  int buffer = npt_tog_buffer(x->g, global);
  if (buffer >= 0)
    vec_push(&x->ir->ctx->mem, &out->uses, ((tile_use){buffer, access}));
}

/* Constants, loops from outside in, sizes: PyTorchSim sorts by name, and readers of its containers count on that. */
static int by_loop(const void *a, const void *b) {
  const tile_term *x = a, *y = b;
  int p = x->loop < -1 ? INT32_MAX : x->loop, q = y->loop < -1 ? INT32_MAX : y->loop;
  if (p != q)
    return (p > q) - (p < q);
  return x->loop != y->loop ? (x->loop < y->loop) - (x->loop > y->loop) : (x->divider > y->divider) - (x->divider < y->divider);
}

static loom_status make_transfer(maker *x, int node, tile_node *out) {
  const npt_node *n = &x->t->nodes.at[node];
  const npt_transfer *d = &n->transfer;
  if (d->rank > TILE_GRAPH_RANK_MAX) {
    diag_error((x)->ir->ctx, ir_span((x)->ir, n->op), LOOM_EUNSUP, "a transfer of %d dims; at most %d can be run", d->rank, TILE_GRAPH_RANK_MAX);
    diag_help(x->ir->ctx, "run loom-peel-transfer or loom-decompose-transfer before");
    return LOOM_EUNSUP;
  }
  out->kind = d->is_store ? TILE_STORE : TILE_LOAD;
  out->tensor = tensor_of(x, d->argument);
  out->rank = d->rank;
  out->elem_bytes = d->elem_bytes;
  out->is_async = d->is_async;
  out->is_indirect = n->is_indirect;
  for (int i = 0; i < d->rank; i++) {
    out->extent[i] = d->subtile[i];
    out->step[i] = d->dram_stride[i];
  }
  const char *bad = npt_sum_add(x->t, d->dram_index, d->elem_bytes, &out->offset);
  if (bad)
    FAIL(x, n->op, LOOM_EUNSUP, "where a transfer begins in DRAM cannot be said: %s", bad);
  if (out->offset.n)
    qsort(out->offset.at, out->offset.n, sizeof *out->offset.at, by_loop);
  LOOM_TRY(set_masks(x, n, out));
  use(x, out, d->offsets_global, TILE_READ);
  use(x, out, d->global, d->is_store ? TILE_READ : togsim_flag(n->op, "accumulate") ? TILE_UPDATE : TILE_WRITE);
  return d->is_store ? LOOM_OK : set_tag(x, node, n->op, d->tag_index, d->n_tag_index, out);
}

static loom_status make_wait(maker *x, int node, tile_node *out) {
  const npt_node *n = &x->t->nodes.at[node];
  const tag_group *g = &x->groups.at[x->group_of[node]];
  out->kind = TILE_WAIT;
  out->tensor = g->tensor;
  for (size_t i = 0; i < g->buffers.n; i++)
    vec_push(&x->ir->ctx->mem, &out->uses, ((tile_use){g->buffers.at[i], TILE_READ}));
  return set_tag(x, node, n->op, n->wait.tag_index, n->wait.n_tag_index, out);
}

/* A wait for stores only; for nothing at all: an error. */
static loom_status waits_for_store(maker *x, int node, bool *out) {
  const npt_node *n = &x->t->nodes.at[node];
  *out = false;
  if (n->kind != NPT_WAIT || x->groups.at[x->group_of[node]].n_loads)
    return LOOM_OK;
  for (size_t i = 0; i < x->t->nodes.n && !*out; i++)
    *out = x->t->nodes.at[i].kind == NPT_DMA && same_tag(x->t->nodes.at[i].transfer.tag, n->wait.tag);
  if (!*out)
    FAIL(x, n->op, LOOM_EINPUT, "waits for a tag that no transfer has");
  return LOOM_OK;
}

/* ---- loops and order ---- */

static loom_status make_loop(maker *x, const npt_node *n, tile_node *out) {
  out->kind = TILE_LOOP;
  out->variable = n->variable;
  out->loop_type = n->loop_type;
  out->start = n->start;
  out->end = n->end;
  out->stride = n->step;
  if (mlirValueIsNull(n->end_value))
    return LOOM_OK;
  const char *bad = npt_sum_add(x->t, n->end_value, 1, &out->end_sum);
  if (bad)
    FAIL(x, n->op, LOOM_EUNSUP, "the end of a loop cannot be said: %s", bad);
  return LOOM_OK;
}

/* PyTorchSim's edges (npu.md 1.10): loads next to each other wait for the same nodes, waits too; a computation behind one of them waits for all loads and waits of the
 * segment; anything else for the node before it. */
static void add_edges(maker *x, const int *segment, size_t n) {
  tile_graph *g = x->g;
  arena *mem = &x->ir->ctx->mem;
  int before = -1;                      /* what the load or wait before waits for, last of all */
  for (size_t i = 0; i < n; i++) {
    const tile_node *b = &g->nodes.at[segment[i]], *a = i ? &g->nodes.at[segment[i - 1]] : NULL;
    bool is_after = a && (a->kind == TILE_LOAD || a->kind == TILE_WAIT);
    if (!a)
      before = -1;
    else if (is_after && a->kind == b->kind) {
      if (before >= 0)
        vec_push(mem, &g->nodes.at[before].successors, segment[i]);
    } else if (is_after && b->kind == TILE_COMPUTE) {
      for (size_t k = 0; k < i; k++)
        if (g->nodes.at[segment[k]].kind == TILE_LOAD || g->nodes.at[segment[k]].kind == TILE_WAIT)
          vec_push(mem, &g->nodes.at[segment[k]].successors, segment[i]);
      before = segment[i - 1];
    } else {
      before = segment[i - 1];
      vec_push(mem, &g->nodes.at[before].successors, segment[i]);
    }
  }
}

static loom_status make_node(maker *x, int node, tile_node *out) {
  const npt_node *n = &x->t->nodes.at[node];
  arena *mem = &x->ir->ctx->mem;
  if (n->kind == NPT_LOOP)
    return make_loop(x, n, out);
  if (n->kind == NPT_WAIT)
    return make_wait(x, node, out);
  out->function = npt_node_function(mem, x->t, node);
  if (n->kind == NPT_DMA)
    return make_transfer(x, node, out);
  out->kind = TILE_COMPUTE;
  out->unit = n->unit;
  npt_tog_uses(x->t, n, x->g, out);
  return npt_cycles(x->t, n, x->o.pipeline, &out->cycles, &out->overlap);
}

static const char *const kind_ops[] = {
#define X(n, op) op,
    TILE_KIND_LIST(X)
#undef X
};

static loom_status make_body(maker *x, int parent, const int *children, size_t n) {   /* as deep as loops nest: TILE_GRAPH_DEPTH_MAX */
  arena *mem = &x->ir->ctx->mem;
  VEC_OF(int) segment = {0};
  int loops = 0;
  for (size_t i = 0; i < n; i++) {
    tile_node out = {.parent = parent, .tensor = -1, .segment = loops};
    bool is_left_out;
    LOOM_TRY(waits_for_store(x, children[i], &is_left_out));
    if (is_left_out)
      continue;
    LOOM_TRY(make_node(x, children[i], &out));
    int at = (int)x->g->nodes.n;
    out.name = arena_printf(mem, "%s%d", kind_ops[out.kind], children[i]);
    x->place[children[i]] = at;
    vec_push(mem, &x->g->nodes, out);
    if (parent >= 0)
      vec_push(mem, &x->g->nodes.at[parent].body, at);
    else
      vec_push(mem, &x->g->roots, at);
    if (out.kind != TILE_LOOP) {
      vec_push(mem, &segment, at);
      continue;
    }
    add_edges(x, segment.at, segment.n);
    segment.n = 0;
    loops++;
    LOOM_TRY(make_body(x, at, x->t->nodes.at[children[i]].children.at, x->t->nodes.at[children[i]].children.n));
  }
  add_edges(x, segment.at, segment.n);
  *(parent >= 0 ? &x->g->nodes.at[parent].n_loops : &x->g->n_loops) += loops;
  return LOOM_OK;
}

/* Sums name loops by the program's numbers until all nodes are placed. */
static void place_loops(maker *x) {
  for (size_t i = 0; i < x->g->nodes.n; i++) {
    tile_node *n = &x->g->nodes.at[i];
    tile_terms *sums[] = {&n->end_sum, &n->accumulation, &n->tag, &n->offset};
    for (size_t k = 0; k < sizeof sums / sizeof *sums; k++)
      for (size_t j = 0; j < sums[k]->n; j++)
        if (sums[k]->at[j].loop >= 0)
          sums[k]->at[j].loop = x->place[sums[k]->at[j].loop];
    for (size_t k = 0; k < n->masks.n; k++)
      for (int side = 0; side < 2; side++) {
        tile_terms *sum = side ? &n->masks.at[k].high : &n->masks.at[k].low;
        for (size_t j = 0; j < sum->n; j++)
          if (sum->at[j].loop >= 0)
            sum->at[j].loop = x->place[sum->at[j].loop];
      }
  }
}

loom_status npt_tog_graph(npt_tog *t, const npt_tog_options *o, tile_graph **out) {
  arena *mem = &t->ir->ctx->mem;
  maker x = {.t = t, .ir = t->ir, .g = ARENA_NEW(mem, tile_graph), .o = o ? *o : (npt_tog_options){0}};
  x.o.lanes = x.o.lanes ? x.o.lanes : 128;
  x.g->systolic_size = x.o.systolic_size ? x.o.systolic_size : 128;
  x.o.pipeline = x.o.pipeline ? x.o.pipeline : &npt_pipeline;
  x.g->name = t->name;
  x.g->path = arena_printf(mem, "%s.tile_graph.json", t->name);
  for (size_t i = 0; i < t->symbols.n; i++)
    vec_push(mem, &x.g->symbols, t->symbols.at[i].name);
  x.group_of = ARENA_NEW_N(mem, int, t->nodes.n);
  x.place = ARENA_NEW_N(mem, int, t->nodes.n);
  LOOM_TRY(npt_tog_buffers(t, x.o.lanes, x.g));
  LOOM_TRY(find_groups(&x));
  for (size_t i = 0; i < t->roots.n; i++) {
    const npt_node *root = &t->nodes.at[t->roots.at[i]];
    LOOM_TRY(make_body(&x, -1, root->children.at, root->children.n));
  }
  place_loops(&x);
  *out = x.g;
  return LOOM_OK;
}

loom_status npt_build_tog(ir_ctx *ir, MlirModule m, const char *func, const npt_tog_options *o, tile_graph **out) {
  npt_tog *t;
  LOOM_TRY(npt_tog_read(ir, m, func, &t));
  return npt_tog_graph(t, o, out);
}
