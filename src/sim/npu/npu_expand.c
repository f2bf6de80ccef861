/* A work item: the loops of a graph unrolled into tiles of instructions.  Work items keep their storage and are filled again. */
#include "sim/npu/npu_private.h"

/* ---- nests ---- */

bool npu_loop_end(const tile_node *loop, const int64_t *values, const int64_t *symbols, int64_t *out) {
  *out = loop->end_sum.n ? 0 : loop->end;
  if (!npu_sum(values, symbols, &loop->end_sum, out))
    return false;
  *out = loop->end_most && *out > loop->end_most ? loop->end_most : *out;
  return true;
}

/* Loops whose end is that of other loops have no number of points of their own. */
static bool is_outer(const tile_node *n) {
  bool is_fixed = true;
  for (size_t i = 0; i < n->end_sum.n; i++)
    is_fixed = is_fixed && n->end_sum.at[i].loop < 0;
  return n->kind == TILE_LOOP && n->loop_type == TILE_LOOP_OUTER && is_fixed;
}

/* Down from an outer loop as long as its body is one outer loop. */
static loom_status add_nest(loom_ctx *ctx, const tile_graph *g, const int64_t *symbols, int root, npu_nests *out, int64_t *items) {
  npu_nest n = {.first = *items, .points = 1};
  for (int at = root;;) {
    const tile_node *loop = &g->nodes.at[at];
    int64_t end;
    bool is_beyond = !npu_loop_end(loop, NULL, symbols, &end) || end > TILE_GRAPH_VALUE_MAX;
    n.trips[n.n_loops] = is_beyond || end <= loop->start ? 0 : (end - loop->start + loop->stride - 1) / loop->stride;
    n.loops[n.n_loops] = at;
    if (is_beyond || __builtin_mul_overflow(n.points, n.trips[n.n_loops], &n.points) || n.points > TILE_GRAPH_VALUE_MAX)
      LOOM_FAIL(ctx, diag_file_span(ctx, g->path), LOOM_ELIMIT, "the outer loops have more than 2^40 points");
    n.n_loops++;
    n.body = loop->body.at;
    n.n_body = loop->body.n;
    if (loop->body.n != 1 || !is_outer(&g->nodes.at[loop->body.at[0]]))
      break;
    at = loop->body.at[0];
  }
  *items += n.points;
  vec_push(&ctx->mem, out, n);
  return LOOM_OK;
}

/* Roots from `at` on that are no outer loops, as one work item. */
static size_t add_straight(loom_ctx *ctx, const tile_graph *g, size_t at, npu_nests *out, int64_t *items) {
  npu_nest n = {.first = *items, .points = 1, .body = &g->roots.at[at]};
  while (at + n.n_body < g->roots.n && !is_outer(&g->nodes.at[g->roots.at[at + n.n_body]]))
    n.n_body++;
  vec_push(&ctx->mem, out, n);
  ++*items;
  return n.n_body;
}

loom_status npu_find_nests(loom_ctx *ctx, const tile_graph *g, bool is_program, const int64_t *symbols, npu_nests *out, int64_t *out_items) {
  size_t outer = 0;
  *out_items = 0;
  for (size_t i = 0; i < g->roots.n; i++)
    outer += is_outer(&g->nodes.at[g->roots.at[i]]);
  for (size_t i = 0; i < g->roots.n;) {
    const tile_node *n = &g->nodes.at[g->roots.at[i]];
    if (is_outer(n)) {
      LOOM_TRY(add_nest(ctx, g, symbols, g->roots.at[i++], out, out_items));
      continue;
    }
    if (outer && !is_program) {
      diag_error(ctx, diag_file_span(ctx, g->path), LOOM_EUNSUP, "node '%s' stands beside the outer loops, so that it belongs to no work item", n->name);
      diag_help(ctx, "put it into an outer loop, or make its loop an outer_loop");
      return LOOM_EUNSUP;
    }
    i += add_straight(ctx, g, i, out, out_items);
  }
  return LOOM_OK;
}

bool npu_nest_has(const npu_nest *n, int root) {
  bool has = n->n_loops && n->loops[0] == root;
  for (size_t i = 0; i < n->n_body && !n->n_loops; i++)
    has = has || n->body[i] == root;
  return has;
}

const npu_nest *npu_nest_point(const tile_graph *g, const npu_nests *nests, int64_t number, int64_t *values) {
  size_t k = 0;
  while (k + 1 < nests->n && number >= nests->at[k].first + nests->at[k].points)
    k++;
  const npu_nest *nest = &nests->at[k];
  int64_t point = number - nest->first;
  for (int l = nest->n_loops - 1; l >= 0; l--) {
    const tile_node *loop = &g->nodes.at[nest->loops[l]];
    values[nest->loops[l]] = loop->start + point % nest->trips[l] * loop->stride;
    point /= nest->trips[l];
  }
  return nest;
}

/* ---- building ---- */

/* beyond: a transfer whose bytes are not in 0 .. ADDRESS_MAX, or a loop that ends beyond TILE_GRAPH_VALUE_MAX. */
#define ADDRESS_MAX (INT64_C(1) << 50)
typedef struct expansion { npu *s; npu_item *it; arena *mem; int64_t steps; int beyond; } expansion;

static void add_edge(expansion *e, int *first, int *last, int to) {
  npu_edge edge = {to, NPU_NONE};
  if (*first == NPU_NONE)
    *first = (int)e->it->edges.n;
  else
    e->it->edges.at[*last].next = (int)e->it->edges.n;
  *last = (int)e->it->edges.n;
  vec_push(e->mem, &e->it->edges, edge);
}

static void order_insts(expansion *e, int before, int after) {
  npu_inst *in = &e->it->insts.at[before];
  if (in->last_edge != NPU_NONE && e->it->edges.at[in->last_edge].to == after)
    return;
  add_edge(e, &in->first_edge, &in->last_edge, after);
  e->it->insts.at[after].waits_for++;
}

static void order_tiles(expansion *e, int before, int after) {
  npu_tile *t = &e->it->tiles.at[before];
  add_edge(e, &t->first_edge, &t->last_edge, after);
  e->it->tiles.at[after].waits_for++;
}

static int new_tile(expansion *e) {
  npu_tile t = {.first_edge = NPU_NONE, .last_edge = NPU_NONE, .first_inst = NPU_NONE, .ready_head = NPU_NONE, .ready_tail = NPU_NONE};
  vec_push(e->mem, &e->it->tiles, t);
  return (int)e->it->tiles.n - 1;
}

/* ---- instructions ---- */

/* Address of a transfer's first element; false: some element is outside of 0 .. ADDRESS_MAX. */
static bool address_of(const npu *s, const tile_node *n, int64_t *out) {
  *out = s->g->tensors.at[n->tensor].base;
  if (!npu_sum(s->loop_value, s->o->symbols, &n->offset, out))
    return false;
  int64_t low = *out, high = *out;
  for (int d = 0; d < n->rank; d++) {
    int64_t reach, *side = n->step[d] < 0 ? &low : &high;
    if (__builtin_mul_overflow((n->extent[d] - 1) * n->elem_bytes, n->step[d], &reach) || __builtin_add_overflow(*side, reach, side))
      return false;
  }
  return low >= 0 && high < ADDRESS_MAX;
}

static bool is_sparse(const npu *s, int64_t load) {
  size_t lo = 0, hi = s->g->sparse.n;
  while (lo < hi) {
    size_t mid = (lo + hi) / 2;
    if (s->g->sparse.at[mid] < load)
      lo = mid + 1;
    else
      hi = mid;
  }
  return lo < s->g->sparse.n && s->g->sparse.at[lo] == load;
}

/* NPU_NONE: a load that the item has already. */
static int new_inst(expansion *e, int node, int tile) {
  const tile_node *n = &e->s->g->nodes.at[node];
  npu_inst in = {.node = node, .tile = tile, .tag = NPU_NONE, .first_edge = NPU_NONE, .last_edge = NPU_NONE, .next_ready = NPU_NONE, .cycles = n->cycles, .index_file = NPU_NONE};
  e->steps++;
  bool is_beyond = false;
  if (n->kind == TILE_LOAD || n->kind == TILE_WAIT)
    in.tag = npu_tag_of(e->mem, e->it, n, e->s->loop_value, e->s->o->symbols, &is_beyond);
  if (n->kind == TILE_LOAD) {
    if (e->it->tags.at[in.tag].has_load)
      return NPU_NONE;
    e->it->tags.at[in.tag].has_load = true;
  }
  if (n->kind == TILE_LOAD || n->kind == TILE_STORE) {
    is_beyond = !address_of(e->s, n, &in.address) || is_beyond;
    if (n->is_indirect)
      in.index_file = e->s->n_indirect++;
    else if (n->kind == TILE_LOAD)
      in.is_sparse = is_sparse(e->s, e->s->n_loads++);
  }
  if (is_beyond)
    e->beyond = node;
  npu_tile *t = &e->it->tiles.at[tile];
  if (t->first_inst == NPU_NONE)
    t->first_inst = (int)e->it->insts.n;
  t->n_insts++;
  vec_push(e->mem, &e->it->insts, in);
  return (int)e->it->insts.n - 1;
}

/* Nodes `from` .. `to` - 1 of a body, no loop among them: those that wait for each other, and the memory that the tile's own loads take. */
static void end_segment(expansion *e, const int *body, size_t from, size_t to, int tile, bool is_flat) {
  const npu *s = e->s;
  for (size_t i = from; i < to; i++) {
    const tile_node *n = &s->g->nodes.at[body[i]];
    int before = s->inst_of[body[i]];
    if (before == NPU_NONE)
      continue;
    for (size_t k = 0; k < n->successors.n; k++)
      if (s->inst_of[n->successors.at[k]] != NPU_NONE)
        order_insts(e, before, s->inst_of[n->successors.at[k]]);
    if (n->kind == TILE_LOAD && !is_flat) {
      int64_t bytes = n->elem_bytes;
      for (int d = 0; d < n->rank; d++)
        if (__builtin_mul_overflow(bytes, n->extent[d], &bytes))
          bytes = INT32_MAX;
      e->it->tiles.at[tile].spad_bytes += bytes < INT32_MAX ? bytes : INT32_MAX;
    }
  }
}

/* One round of a body.  Flat: into `tile`, as inner loops are; else into tiles of its own, of which *tile comes back as the last and the first is returned. */
static int add_body(expansion *e, const int *body, size_t n, int *tile, bool is_flat) {
  npu *s = e->s;
  int first = is_flat ? *tile : new_tile(e), at = first, newest = NPU_NONE;
  size_t segment = 0;
  for (size_t i = 0; i < n && e->it->insts.n <= NPU_ITEM_INSTRUCTIONS_MAX && e->steps <= 4 * (int64_t)NPU_ITEM_INSTRUCTIONS_MAX; i++) {
    const tile_node *node = &s->g->nodes.at[body[i]];
    if (node->kind != TILE_LOOP) {
      int in = s->inst_of[body[i]] = new_inst(e, body[i], at);
      newest = in == NPU_NONE ? newest : in;
      continue;
    }
    end_segment(e, body, segment, i, at, is_flat);
    segment = i + 1;
    bool is_unrolled = is_flat || node->loop_type == TILE_LOOP_INNER;
    int next = is_flat ? at : new_tile(e);
    int64_t end;
    if (!npu_loop_end(node, s->loop_value, s->o->symbols, &end) || end > TILE_GRAPH_VALUE_MAX) {
      e->beyond = body[i];
      return first;
    }
    for (int64_t v = node->start; v < end && e->it->insts.n <= NPU_ITEM_INSTRUCTIONS_MAX && e->steps++ <= 4 * (int64_t)NPU_ITEM_INSTRUCTIONS_MAX; v += node->stride) {
      s->loop_value[body[i]] = v;
      if (is_unrolled) {
        size_t from = e->it->insts.n;
        add_body(e, node->body.at, node->body.n, &at, true);
        if (node->loop_type == TILE_LOOP_INNER && newest != NPU_NONE)
          for (size_t k = from; k < e->it->insts.n; k++)
            order_insts(e, newest, (int)k);
      } else {
        int last = NPU_NONE, front = add_body(e, node->body.at, node->body.n, &last, false);
        order_tiles(e, at, front);
        order_tiles(e, last, next);
      }
    }
    if (!is_flat) {
      order_tiles(e, at, next);
      at = next;
    }
    newest = NPU_NONE;
  }
  end_segment(e, body, segment, n, at, is_flat);
  *tile = at;
  return first;
}

loom_status npu_expand(npu *s, npu_item *it, int64_t number) {
  arena *mem = &s->ctx->mem;
  int tile = NPU_NONE;
  const npu_nest *nest = npu_nest_point(s->g, &s->nests, number, s->loop_value);
  expansion e = {.s = s, .it = it, .mem = mem, .beyond = NPU_NONE};
  it->number = number;
  it->insts.n = it->tiles.n = it->edges.n = it->heap.n = 0;
  it->n_blocked = it->n_held = 0;
  npu_tags_clear(it);
  add_body(&e, nest->body, nest->n_body, &tile, false);
  if (e.beyond != NPU_NONE && s->g->nodes.at[e.beyond].kind == TILE_LOOP)
    LOOM_FAIL(s->ctx, diag_file_span(s->ctx, s->g->path), LOOM_ELIMIT, "loop '%s' ends beyond 2^40", s->g->nodes.at[e.beyond].variable);
  if (it->insts.n > NPU_ITEM_INSTRUCTIONS_MAX || e.steps > 4 * (int64_t)NPU_ITEM_INSTRUCTIONS_MAX)
    LOOM_FAIL(s->ctx, diag_file_span(s->ctx, s->g->path), LOOM_ELIMIT, "work item %" PRId64 " unrolls to more than %d instructions", number, NPU_ITEM_INSTRUCTIONS_MAX);
  if (e.beyond != NPU_NONE) {
    const tile_node *n = &s->g->nodes.at[e.beyond];
    diag_error(s->ctx, diag_file_span(s->ctx, s->g->path), LOOM_EINPUT, "node '%s': in work item %" PRId64 " it goes to addresses outside of 0..2^50", n->name, number);
    diag_help(s->ctx, "look at 'torchsim_loop_stride_list' (bytes), 'torchsim_tile_stride' (elements) and the address of '%s'", s->g->tensors.at[n->tensor].name);
    return LOOM_EINPUT;
  }
  for (size_t t = 0; t < it->tiles.n; t++)
    if (it->tiles.at[t].waits_for)
      it->n_blocked++;
    else
      npu_heap_push(mem, it, (int)t);
  s->report->items++;
  s->report->tiles += (int64_t)it->tiles.n;
  return LOOM_OK;
}

void npu_inst_ready(npu_item *it, int inst) {
  npu_tile *t = &it->tiles.at[it->insts.at[inst].tile];
  it->insts.at[inst].next_ready = NPU_NONE;
  if (t->ready_head == NPU_NONE)
    t->ready_head = inst;
  else
    it->insts.at[t->ready_tail].next_ready = inst;
  t->ready_tail = inst;
}

void npu_inst_done(npu_item *it, int inst) {
  it->tiles.at[it->insts.at[inst].tile].n_done++;
  for (int e = it->insts.at[inst].first_edge; e != NPU_NONE; e = it->edges.at[e].next)
    if (--it->insts.at[it->edges.at[e].to].waits_for == 0)
      npu_inst_ready(it, it->edges.at[e].to);
}
