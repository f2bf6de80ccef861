/* The tile graph of a program that was cut into nodes. */
#include "target/npu/npt_cycles.h"
#include "target/npu/npt_tog_private.h"
#include <stdlib.h>

#define FAIL(x, op, ...) return diag_error((x)->ir->ctx, ir_span((x)->ir, (op)), __VA_ARGS__)

/* ---- transfers ---- */

/* lo and hi are clamped to the tile anyway: an affine.min with its extent, or an affine.max with 0, says no more than its other results, each of which is a mask. */
static bool is_idle(MlirAffineExpr e, bool is_high, int64_t extent) {
  return mlirAffineExprIsAConstant(e) && (is_high ? mlirAffineConstantExprGetValue(e) >= extent : mlirAffineConstantExprGetValue(e) <= 0);
}

static loom_status add_mask(npt_maker *x, const npt_node *n, const npt_mask *m, bool is_high, MlirOperation def, intptr_t result, tile_node *out) {
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

static loom_status add_bound(npt_maker *x, const npt_node *n, const npt_mask *m, bool is_high, tile_node *out) {
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

static loom_status set_masks(npt_maker *x, const npt_node *n, tile_node *out) {
  for (int i = 0; i < n->transfer.n_masks; i++) {
    LOOM_TRY(add_bound(x, n, &n->transfer.masks[i], false, out));
    LOOM_TRY(add_bound(x, n, &n->transfer.masks[i], true, out));
  }
  return LOOM_OK;
}

static void use(npt_maker *x, tile_node *out, const char *global, tile_access access) {
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

static loom_status make_transfer(npt_maker *x, int node, tile_node *out) {
  const npt_node *n = &x->t->nodes.at[node];
  const npt_transfer *d = &n->transfer;
  if (d->rank > TILE_GRAPH_RANK_MAX) {
    diag_error((x)->ir->ctx, ir_span((x)->ir, n->op), LOOM_EUNSUP, "a transfer of %d dims; at most %d can be run", d->rank, TILE_GRAPH_RANK_MAX);
    diag_help(x->ir->ctx, "run loom-peel-transfer or loom-decompose-transfer before");
    return LOOM_EUNSUP;
  }
  out->kind = d->is_store ? TILE_STORE : TILE_LOAD;
  out->tensor = npt_tog_tensor(x, d->argument);
  out->rank = d->rank;
  out->elem_bytes = d->elem_bytes;
  out->is_async = d->is_async;
  out->is_indirect = n->is_indirect;
  out->rows = d->offset_rows;
  out->row_step = d->offset_stride;
  out->row_dim = d->offset_axis;
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
  return d->is_store ? LOOM_OK : npt_tog_set_tag(x, node, n->op, d->tag_index, d->n_tag_index, out);
}

static loom_status make_wait(npt_maker *x, int node, tile_node *out) {
  const npt_node *n = &x->t->nodes.at[node];
  const npt_tag_group *g = &x->groups.at[x->group_of[node]];
  out->kind = TILE_WAIT;
  out->tensor = g->tensor;
  for (size_t i = 0; i < g->buffers.n; i++)
    vec_push(&x->ir->ctx->mem, &out->uses, ((tile_use){g->buffers.at[i], TILE_READ}));
  return npt_tog_set_tag(x, node, n->op, n->wait.tag_index, n->wait.n_tag_index, out);
}

/* A wait for stores only; for nothing at all: an error. */
static loom_status waits_for_store(npt_maker *x, int node, bool *out) {
  const npt_node *n = &x->t->nodes.at[node];
  *out = false;
  if (n->kind != NPT_WAIT || x->groups.at[x->group_of[node]].n_loads)
    return LOOM_OK;
  for (size_t i = 0; i < x->t->nodes.n && !*out; i++)
    *out = x->t->nodes.at[i].kind == NPT_DMA && npt_same_tag(x->t->nodes.at[i].transfer.tag, n->wait.tag);
  if (!*out)
    FAIL(x, n->op, LOOM_EINPUT, "waits for a tag that no transfer has");
  return LOOM_OK;
}

/* ---- loops and order ---- */

static loom_status make_loop(npt_maker *x, const npt_node *n, tile_node *out) {
  out->kind = TILE_LOOP;
  out->variable = n->variable;
  out->loop_type = n->loop_type;
  out->start = n->start;
  out->end = n->end;
  out->stride = n->step;
  if (mlirValueIsNull(n->end_value) && !n->is_decided)
    return LOOM_OK;
  if (n->is_decided) {
    out->end = n->end == INT64_MAX ? 0 : n->end;
    out->end_most = n->end == INT64_MAX ? TILE_GRAPH_VALUE_MAX : n->end;
  }
  const char *bad = n->is_decided ? npt_sum_add_end(x->t, n->op, n->end_result, &out->end_sum) : npt_sum_add(x->t, n->end_value, 1, &out->end_sum);
  if (bad)
    FAIL(x, n->op, LOOM_EUNSUP, "the end of a loop cannot be said: %s", bad);
  return LOOM_OK;
}

/* PyTorchSim's edges (docs/npu.md): loads next to each other wait for the same nodes, waits too; a computation behind one of them waits for all loads and waits of the
 * segment; anything else for the node before it. */
static void add_edges(npt_maker *x, const int *segment, size_t n) {
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

static loom_status make_node(npt_maker *x, int node, tile_node *out) {
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

static loom_status make_body(npt_maker *x, int parent, const int *children, size_t n) {   /* as deep as loops nest: TILE_GRAPH_DEPTH_MAX */
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
static void place_loops(npt_maker *x) {
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
  npt_maker x = {.t = t, .ir = t->ir, .g = ARENA_NEW(mem, tile_graph), .o = o ? *o : (npt_tog_options){0}};
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
  LOOM_TRY(npt_tog_find_tags(&x));
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
