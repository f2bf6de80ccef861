/* Faults in tile graphs of NPUs; included by compile_npu_faults.h only. */
#ifndef LOOM_COMPILE_NPU_FAULTS_GRAPH_H
#define LOOM_COMPILE_NPU_FAULTS_GRAPH_H
#include "compile_npu_fault_site.h"

static inline bool node_moves(const tile_node *n) { return n->kind == TILE_LOAD || n->kind == TILE_STORE; }
static inline bool node_loads(const tile_node *n) { return n->kind == TILE_LOAD; }
static inline bool node_computes(const tile_node *n) { return n->kind == TILE_COMPUTE; }
static inline bool node_uses(const tile_node *n) { return n->uses.n > 0 && n->kind != TILE_WAIT; }
static inline bool node_multiplies(const tile_node *n) { return n->kind == TILE_COMPUTE && n->unit != TILE_VECTOR; }
static inline bool node_turns(const tile_node *n) { return n->kind == TILE_LOOP && !n->end_sum.n && n->end > n->start + n->stride; }
static inline bool node_is_masked(const tile_node *n) { return node_moves(n) && n->masks.n; }
static inline bool node_waits(const tile_node *n) { return n->kind == TILE_WAIT; }
static inline bool node_is_async(const tile_node *n) { return n->kind == TILE_LOAD && n->is_async; }
static inline bool node_is_sync(const tile_node *n) { return n->kind == TILE_LOAD && !n->is_async; }

static inline tile_node *draw_node(fault_site *f, bool (*is)(const tile_node *)) {
  tile_graph *g = f->n->graph;
  int at[PLACES_MAX], n = 0;
  for (size_t i = 0; i < g->nodes.n && n < PLACES_MAX; i++)
    if (is(&g->nodes.at[i]))
      at[n++] = (int)i;
  return n ? &g->nodes.at[at[draw(f, 0, n - 1)]] : NULL;
}

static inline void add_constant(fault_site *f, tile_terms *t, int64_t v) { vec_push(&f->s->ctx->mem, t, ((tile_term){.loop = -1, .value = v, .divider = 1, .stride = 1})); }

static inline bool graph_offset(fault_site *f) {
  tile_node *n = draw_node(f, node_moves);
  if (!n)
    return false;
  const int64_t by = n->elem_bytes * draw(f, 1, 8);
  add_constant(f, &n->offset, by);
  TELL(f, "%s, %d bytes further", n->name, (int)by);
  return true;
}

/* The step of a dim of one element is not used. */
static inline bool graph_step(fault_site *f) {
  tile_node *n = draw_node(f, node_moves);
  int d = n ? (int)draw(f, 0, n->rank - 1) : 0;
  if (!n || n->extent[d] < 2)
    return false;
  n->step[d] += draw(f, 1, 9);
  TELL(f, "%s, dim %d", n->name, d);
  return true;
}

static inline bool graph_extent(fault_site *f) {
  tile_node *n = draw_node(f, node_moves);
  int d = n ? (int)draw(f, 0, n->rank - 1) : 0;
  if (!n || n->extent[d] < 2)
    return false;
  n->extent[d] -= draw(f, 1, n->extent[d] - 1);
  TELL(f, "%s, dim %d", n->name, d);
  return true;
}

/* A mask is there because some turn has less than the whole extent: less by that, it has nothing then. */
static inline bool graph_mask(fault_site *f) {
  tile_node *n = draw_node(f, node_is_masked);
  if (!n)
    return false;
  tile_mask *m = &n->masks.at[draw(f, 0, (int64_t)n->masks.n - 1)];
  add_constant(f, &m->high, -n->extent[m->dim]);
  TELL(f, "%s, dim %d", n->name, m->dim);
  return true;
}

static inline bool graph_unmasked(fault_site *f) {
  tile_node *n = draw_node(f, node_is_masked);
  if (!n)
    return false;
  TELL(f, "%s, dim %d", n->name, n->masks.at[n->masks.n - 1].dim);
  n->masks.n--;
  return true;
}

static inline bool graph_element(fault_site *f) {
  tile_node *n = draw_node(f, node_moves);
  if (!n)
    return false;
  n->elem_bytes = n->elem_bytes == 4 ? 2 : 4;
  TELL(f, "%s", n->name);
  return true;
}

static inline bool graph_use_lost(fault_site *f) {
  tile_node *n = draw_node(f, node_uses);
  if (!n)
    return false;
  size_t k = (size_t)draw(f, 0, (int64_t)n->uses.n - 1);
  TELL(f, "%s no longer uses %s", n->name, f->n->graph->buffers.at[n->uses.at[k].buffer].name);
  n->uses.at[k] = n->uses.at[--n->uses.n];
  return true;
}

/* What a node makes is said to be read only; the other way round, more order than needed, is no fault. */
static inline bool graph_write_is_read(fault_site *f) {
  tile_node *n = draw_node(f, node_uses);
  size_t k = n ? (size_t)draw(f, 0, (int64_t)n->uses.n - 1) : 0;
  if (!n || n->uses.at[k].access == TILE_READ)
    return false;
  n->uses.at[k].access = TILE_READ;
  TELL(f, "%s and %s", n->name, f->n->graph->buffers.at[n->uses.at[k].buffer].name);
  return true;
}

static inline bool node_writes(const tile_node *n, int buffer, tile_access access) {
  for (size_t i = 0; i < n->uses.n; i++)
    if (n->uses.at[i].buffer == buffer && n->uses.at[i].access == access)
      return true;
  return false;
}

static inline bool is_inside(const tile_graph *g, int node, int loop) {
  for (int p = g->nodes.at[node].parent; p >= 0; p = g->nodes.at[p].parent)
    if (p == loop)
      return true;
  return false;
}

/* Sums that a loop carries from turn to turn: several turns, and nothing in it writes the buffer anew.  Each turn then needs what the one before left. */
static inline bool is_carried(const tile_graph *g, int node, int buffer) {
  for (int p = g->nodes.at[node].parent; p >= 0; p = g->nodes.at[p].parent) {
    const tile_node *loop = &g->nodes.at[p];
    bool is_new = false;
    for (size_t i = 0; i < g->nodes.n; i++)
      is_new = is_new || (is_inside(g, (int)i, p) && node_writes(&g->nodes.at[i], buffer, TILE_WRITE));
    if (loop->loop_type == TILE_LOOP_ACCUMULATION && loop->end > loop->start + loop->stride && !is_new)
      return true;
  }
  return false;
}

static inline bool graph_update_is_write(fault_site *f) {
  tile_graph *g = f->n->graph;
  tile_node *n = draw_node(f, node_multiplies);
  for (size_t k = 0; n && k < n->uses.n; k++)
    if (n->uses.at[k].access == TILE_UPDATE && is_carried(g, (int)(n - g->nodes.at), n->uses.at[k].buffer)) {
      n->uses.at[k].access = TILE_WRITE;
      TELL(f, "%s and %s", n->name, g->buffers.at[n->uses.at[k].buffer].name);
      return true;
    }
  return false;
}

static inline bool graph_overlap(fault_site *f) {
  tile_graph *g = f->n->graph;
  if (g->buffers.n < 2)
    return false;
  size_t k = (size_t)draw(f, 1, (int64_t)g->buffers.n - 1);
  g->buffers.at[k].address = g->buffers.at[k - 1].address + g->buffers.at[k - 1].lane_bytes - 4 * draw(f, 1, g->buffers.at[k - 1].lane_bytes / 4);
  TELL(f, "%s over %s", g->buffers.at[k].name, g->buffers.at[k - 1].name);
  return true;
}

static inline bool graph_beyond(fault_site *f) {
  tile_graph *g = f->n->graph;
  tile_buffer *b = &g->buffers.at[draw(f, 0, (int64_t)g->buffers.n - 1)];
  b->address += machine_lane_bytes(f->s->machine) - 4 * draw(f, 0, 1);
  TELL(f, "%s", b->name);
  return true;
}

static inline bool graph_small(fault_site *f) {
  tile_graph *g = f->n->graph;
  tile_buffer *b = &g->buffers.at[draw(f, 0, (int64_t)g->buffers.n - 1)];
  b->lane_bytes = b->lane_bytes / 8 * 4;
  TELL(f, "%s", b->name);
  return b->lane_bytes > 0;
}

/* Loops have as many turns as there is something to do. */
static inline bool graph_end(fault_site *f) {
  tile_node *n = draw_node(f, node_turns);
  if (!n)
    return false;
  n->end -= n->stride;
  TELL(f, "%s", n->name);
  return true;
}

static inline bool graph_start(fault_site *f) {
  tile_node *n = draw_node(f, node_turns);
  if (!n)
    return false;
  n->start += n->stride;
  TELL(f, "%s", n->name);
  return true;
}

/* What vector code changes in place it may only clean, of what is clean. */
static inline bool writes_for(const tile_node *a, const tile_node *b) {
  for (size_t i = 0; i < b->uses.n; i++)
    if ((b->uses.at[i].access == TILE_READ || (b->uses.at[i].access == TILE_UPDATE && node_multiplies(b))) && node_writes(a, b->uses.at[i].buffer, TILE_WRITE))
      return true;
  return false;
}

/* Neighbours of which the first makes what the second takes. */
static inline bool graph_swap(fault_site *f) {
  tile_graph *g = f->n->graph;
  struct { int *first, *second; } at[PLACES_MAX];
  int n = 0;
  for (size_t i = 0; i < g->nodes.n; i++)
    for (size_t k = 0; k + 1 < g->nodes.at[i].body.n && n < PLACES_MAX; k++) {
      int *pair = &g->nodes.at[i].body.at[k];
      if (g->nodes.at[pair[0]].kind != TILE_LOOP && g->nodes.at[pair[1]].kind != TILE_LOOP && writes_for(&g->nodes.at[pair[0]], &g->nodes.at[pair[1]])) {
        at[n].first = pair;
        at[n++].second = pair + 1;
      }
    }
  if (!n)
    return false;
  int k = (int)draw(f, 0, n - 1), first = *at[k].first;
  TELL(f, "%s behind %s", g->nodes.at[first].name, g->nodes.at[*at[k].second].name);
  *at[k].first = *at[k].second;
  *at[k].second = first;
  return true;
}

static inline bool graph_lost(fault_site *f) {
  tile_graph *g = f->n->graph;
  tile_node *n = draw_node(f, draw(f, 0, 1) ? node_moves : node_computes);
  if (!n || n->parent < 0)
    return false;
  tile_node *up = &g->nodes.at[n->parent];
  size_t kept = 0;
  for (size_t i = 0; i < up->body.n; i++)
    if (up->body.at[i] != (int)(n - g->nodes.at))
      up->body.at[kept++] = up->body.at[i];
  up->body.n = kept;
  TELL(f, "%s", n->name);
  return kept > 0;
}

static inline bool graph_code_of_another(fault_site *f) {
  tile_node *a = draw_node(f, node_moves), *b = draw_node(f, node_computes);
  if (!a || !b)
    return false;
  const char *function = a->function;
  a->function = b->function;
  b->function = function;
  TELL(f, "%s and %s", a->name, b->name);
  return true;
}

static inline bool graph_tensor(fault_site *f) {
  tile_graph *g = f->n->graph;
  tile_node *n = draw_node(f, node_moves);
  if (!n || g->tensors.n < 2)
    return false;
  n->tensor = (n->tensor + (int)draw(f, 1, (int64_t)g->tensors.n - 1)) % (int)g->tensors.n;
  TELL(f, "%s now %s", n->name, g->tensors.at[n->tensor].name);
  return true;
}

static inline bool graph_unit(fault_site *f) {
  tile_node *n = draw_node(f, node_multiplies);
  if (!n)
    return false;
  n->unit = TILE_VECTOR;
  TELL(f, "%s", n->name);
  return true;
}

/* Nothing waits for it. */
static inline bool graph_async(fault_site *f) {
  tile_node *n = draw_node(f, node_is_sync);
  if (!n)
    return false;
  n->is_async = true;
  TELL(f, "%s", n->name);
  return true;
}

static inline bool graph_wait_lost(fault_site *f) {
  tile_node *n = draw_node(f, node_waits);
  if (!n)
    return false;
  TELL(f, "%s", n->name);
  *n = (tile_node){.kind = TILE_COMPUTE, .name = n->name, .parent = n->parent, .segment = n->segment, .unit = TILE_VECTOR};
  return true;
}

static inline bool graph_wait_tag(fault_site *f) {
  tile_node *n = draw_node(f, node_waits);
  if (!n)
    return false;
  add_constant(f, &n->tag, 1000 * draw(f, 1, 9));
  TELL(f, "%s", n->name);
  return true;
}

static inline bool graph_load_tag(fault_site *f) {
  tile_node *n = draw_node(f, node_is_async);
  if (!n)
    return false;
  add_constant(f, &n->tag, 1000 * draw(f, 1, 9));
  TELL(f, "%s", n->name);
  return true;
}
#endif
