/* Recording: operations, frames, nodes, memory. */
#include "flow/flow.h"

flow_run *flow_new(arena *mem, int64_t elems_max) {
  flow_run *r = ARENA_NEW(mem, flow_run);
  r->mem = mem;
  r->elems_max = elems_max;
  return r;
}

/* ---- operations by key: open addressing, at most half full ---- */
static size_t slot_of(const flow_run *r, const void *key) {
  size_t i = (size_t)(((uintptr_t)key >> 4) * UINT64_C(0x9E3779B97F4A7C15) >> 20) & (r->n_table - 1);
  while (r->table[i] >= 0 && r->ops.at[r->table[i]].key != key)
    i = (i + 1) & (r->n_table - 1);
  return i;
}

static void grow_table(flow_run *r) {
  r->n_table = r->n_table ? r->n_table * 2 : 64;
  r->table = ARENA_NEW_N(r->mem, int, r->n_table);
  memset(r->table, -1, r->n_table * sizeof *r->table);
  for (size_t i = 0; i < r->ops.n; i++)
    r->table[slot_of(r, r->ops.at[i].key)] = (int)i;
}

int flow_op_of(flow_run *r, const void *key, const char *name, loom_span span) {
  if (r->ops.n * 2 >= r->n_table)
    grow_table(r);
  size_t i = slot_of(r, key);
  if (r->table[i] < 0) {
    r->table[i] = (int)r->ops.n;
    vec_push(r->mem, &r->ops, ((flow_op){.key = key, .name = name, .span = span}));
  }
  return r->table[i];
}

/* ---- frames ---- */
void flow_enter(flow_run *r, int op, bool is_instance, int n, const int64_t *at) {
  flow_frame *f = ARENA_NEW(r->mem, flow_frame);
  *f = (flow_frame){.outer = r->frame, .op = op, .is_instance = is_instance, .n = n < FLOW_RANK_MAX ? n : FLOW_RANK_MAX};
  memcpy(f->at, at, (size_t)f->n * sizeof *at);
  r->elems += (int64_t)(sizeof *f / sizeof(double));
  r->frame = f;
}

void flow_leave(flow_run *r) { r->frame = r->frame->outer; }

/* ---- nodes ---- */
int flow_add(flow_run *r, int op, flow_kind kind, int n_in, const int *in, dtype type, int rank, const int64_t *shape, const double *x, const double *e) {
  flow_node n = {.op = op, .kind = kind, .type = type, .rank = rank, .elems = 1, .x = x, .e = e, .frame = r->frame};
  int *kept = ARENA_NEW_N(r->mem, int, n_in);
  for (int i = 0; i < n_in; i++)
    if (in[i] >= 0)
      kept[n.n_in++] = in[i];
  n.in = kept;
  for (int d = 0; d < rank; d++) {
    n.shape[d] = shape[d];
    n.elems *= shape[d];
  }
  r->elems += n.elems + 16;
  vec_push(r->mem, &r->nodes, n);
  return (int)r->nodes.n - 1;
}

bool flow_is_full(const flow_run *r) { return r->elems_max > 0 && r->elems > r->elems_max; }

flow_memory *flow_new_memory(flow_run *r, const char *name, dtype type, int rank, const int64_t *shape) {
  flow_memory *m = ARENA_NEW(r->mem, flow_memory);
  *m = (flow_memory){.name = name, .type = type, .rank = rank, .elems = 1};
  for (int d = 0; d < rank; d++) {
    m->shape[d] = shape[d];
    m->elems *= shape[d];
  }
  m->x = ARENA_NEW_N(r->mem, double, m->elems);
  m->writer = ARENA_NEW_N(r->mem, int, m->elems);
  memset(m->writer, -1, (size_t)m->elems * sizeof *m->writer);
  r->elems += m->elems * 2;
  return m;
}

static bool is_open(const flow_frame *now, const flow_frame *f) {
  while (now && now != f)
    now = now->outer;
  return now == f;
}

int flow_after_loops(flow_run *r, int n) {
  const flow_frame *f = n < 0 ? NULL : r->nodes.at[n].frame;
  const flow_frame *outermost = NULL;
  for (; f && !is_open(r->frame, f); f = f->outer) {
    const flow_frame *now = r->frame;
    while (now && !(now->op == f->op && now->outer == f->outer))   /* another round of the same loop: it has not ended */
      now = now->outer;
    if (f->is_instance || now)
      break;
    outermost = f;
  }
  if (!outermost)
    return n;
  flow_node from = r->nodes.at[n];
  int in[] = {n}, id = flow_add(r, outermost->op, FLOW_MOVE, 1, in, from.type, from.rank, from.shape, from.x, from.e);
  r->elems -= from.elems;   /* shared */
  r->nodes.at[id].frame = outermost->outer;
  return id;
}
