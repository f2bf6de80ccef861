/* The virtual chip's run: every tile that comes into a slot or leaves one, as nodes.  Slots are followed element by element, as memory is. */
#include "bisect/bisect.h"
#include "base/text.h"

typedef struct slot_shadow { int core, buffer, slot; int *writer; /* by element of the tile, -1 */ } slot_shadow;

struct bisect_tog {
  arena *mem;
  const tog *t;
  flow_run *flow;
  sim_watch watch;
  VEC_OF(slot_shadow) shadows;
  int **dram;                            /* by tensor: writer by element */
  const tog_node **around;               /* by node id: the loop around it, NULL */
  int *ops;                              /* by node id */
  VEC_OF(const flow_frame *) frames;     /* each round once */
  int core_op;
  char core_key;
};

/* ---- where ---- */
static void find_loops(bisect_tog *b, const tog_body *body, const tog_node *loop) {
  for (size_t i = 0; i < body->n; i++) {
    const tog_node *n = body->at[i];
    b->around[n->id] = loop;
    b->ops[n->id] = flow_op_of(b->flow, n, n->label ? n->label : tog_kind_name(n->kind), LOOM_NOSPAN);
    b->flow->ops.at[b->ops[n->id]].role = n->kind == TOG_LOOP ? FLOW_LOOP : FLOW_PLAIN;
    if (n->kind == TOG_LOOP)
      find_loops(b, &n->body, n);
  }
}

/* The one frame of that round, however many threads come by. */
static const flow_frame *frame_of(bisect_tog *b, const flow_frame *outer, int op, bool is_instance, int n, const int64_t *at) {
  for (size_t i = b->frames.n; i-- > 0;) {
    const flow_frame *f = b->frames.at[i];
    if (f->op == op && f->outer == outer && memcmp(f->at, at, (size_t)n * sizeof *at) == 0)
      return f;
  }
  b->flow->frame = outer;
  flow_enter(b->flow, op, is_instance, n, at);
  vec_push(b->mem, &b->frames, b->flow->frame);
  return b->flow->frame;
}

static const flow_frame *loop_frame(bisect_tog *b, const tog_node *loop, const int64_t *vars, int depth) {
  if (!loop)
    return frame_of(b, NULL, b->core_op, true, b->t->n_mesh, vars);
  return frame_of(b, loop_frame(b, b->around[loop->id], vars, depth - 1), b->ops[loop->id], false, 1, &vars[b->t->n_mesh + depth]);
}

static void go_to(bisect_tog *b, const sim_at *at) {
  int depth = -1;
  for (const tog_node *n = b->around[at->node->id]; n; n = b->around[n->id])
    depth++;
  const flow_frame *f = loop_frame(b, b->around[at->node->id], at->vars, depth);
  b->flow->frame = f;
}

/* ---- slots ---- */
static slot_shadow *shadow_of(bisect_tog *b, int core, int buffer, int slot) {
  for (size_t i = 0; i < b->shadows.n; i++) {
    slot_shadow *s = &b->shadows.at[i];
    if (s->core == core && s->buffer == buffer && s->slot == slot)
      return s;
  }
  int64_t elems = tog_buffer_elems(&b->t->buffers.at[buffer]);
  slot_shadow s = {core, buffer, slot, ARENA_NEW_N(b->mem, int, elems)};
  memset(s.writer, -1, (size_t)elems * sizeof(int));
  vec_push(b->mem, &b->shadows, s);
  return &b->shadows.at[b->shadows.n - 1];
}

typedef struct tile { int rank; int64_t size[FLOW_RANK_MAX], stride[FLOW_RANK_MAX], first, elems; } tile;

static void set_size(tile *t, int rank, const int64_t *size) {
  t->rank = rank;
  t->elems = 1;
  for (int d = 0; d < rank; d++) {
    t->size[d] = size[d];
    t->elems *= size[d];
  }
}

static int64_t next_place(const tile *t, int64_t *index, int64_t at) {
  for (int d = t->rank - 1; d >= 0; d--) {
    at += t->stride[d];
    if (++index[d] < t->size[d])
      return at;
    at -= index[d] * t->stride[d];
    index[d] = 0;
  }
  return at;
}
#define FOR_TILE(t, i, place) for (int64_t i = 0, place = (t)->first, index_[FLOW_RANK_MAX] = {0}; i < (t)->elems; i++, place = next_place(t, index_, place))

/* The elements of the slot that are marked: the smallest tile from its first element on that holds them. */
static tile used_tile(const tog_buffer *buf, const bool *is_used) {
  int64_t size[FLOW_RANK_MAX] = {0}, index[FLOW_RANK_MAX] = {0}, elems = tog_buffer_elems(buf), step = 1;
  tile t = {0};
  for (int64_t i = 0; i < elems; i++) {
    for (int d = 0; d < buf->rank && is_used[i]; d++)
      if (index[d] + 1 > size[d])
        size[d] = index[d] + 1;
    for (int d = buf->rank - 1; d >= 0 && ++index[d] == buf->shape[d]; d--)
      index[d] = 0;
  }
  set_size(&t, buf->rank, size);
  for (int d = buf->rank - 1; d >= 0; d--) {
    t.stride[d] = step;
    step *= buf->shape[d];
  }
  return t;
}

static const double *elements(bisect_tog *b, const tile *t, dtype type, const void *bytes) {
  double *x = ARENA_NEW_N(b->mem, double, t->elems);
  size_t width = dtype_bytes(type);
  FOR_TILE (t, i, place)
    x[i] = dtype_load(type, (const char *)bytes + (size_t)place * width);
  return x;
}

typedef struct node_list { VEC_OF(int) all; bool has_input; } node_list;

static void add_writers(bisect_tog *b, const tile *t, const int *writer, node_list *out) {
  int last = -2;
  FOR_TILE (t, i, place) {
    int w = writer[place];
    out->has_input |= w < 0;
    if (w < 0 || w == last)
      continue;
    last = w;
    size_t k = 0;
    while (k < out->all.n && out->all.at[k] != w)
      k++;
    if (k == out->all.n)
      vec_push(b->mem, &out->all, w);
  }
}

/* The node that a reader of the tile sees: what wrote it, or one that reads from several. */
static int read_tile(bisect_tog *b, int op, const tile *t, const slot_shadow *s, const void *bytes) {
  const tog_buffer *buf = &b->t->buffers.at[s->buffer];
  node_list from = {0};
  add_writers(b, t, s->writer, &from);
  for (size_t i = 0; i < from.all.n; i++)
    from.all.at[i] = flow_after_loops(b->flow, from.all.at[i]);
  if (from.all.n == 1 && !from.has_input && b->flow->nodes.at[from.all.at[0]].elems == t->elems)
    return from.all.at[0];
  return flow_add(b->flow, op, FLOW_MOVE, (int)from.all.n, from.all.at, buf->type, t->rank, t->size, elements(b, t, buf->type, bytes), NULL);
}

static tile written_tile(const slot_shadow *s, const tog_buffer *buf, arena *mem) {
  int64_t elems = tog_buffer_elems(buf);
  bool *is_used = ARENA_NEW_N(mem, bool, elems);
  for (int64_t i = 0; i < elems; i++)
    is_used[i] = s->writer[i] >= 0;
  return used_tile(buf, is_used);
}

/* ---- what the chip tells ---- */
static void reserved(void *data, const sim_slot_name *name) {
  bisect_tog *b = data;
  slot_shadow *s = shadow_of(b, name->core, name->buffer, name->slot);
  memset(s->writer, -1, (size_t)tog_buffer_elems(&b->t->buffers.at[name->buffer]) * sizeof(int));
}

static tile moved_tile(const sim_moved *m, const int64_t *step, int64_t first) {
  tile t = {.first = first};
  set_size(&t, m->rank, m->extent);
  memcpy(t.stride, step, (size_t)m->rank * sizeof *step);
  return t;
}

static void loaded(void *data, const sim_at *at, const sim_moved *m) {
  bisect_tog *b = data;
  if (flow_is_full(b->flow))
    return;
  go_to(b, at);
  tile from = moved_tile(m, m->tensor_step, m->tensor_first), to = moved_tile(m, m->slot_step, m->slot_first);
  const tog_buffer *buf = &b->t->buffers.at[m->slot.buffer];
  slot_shadow *s = shadow_of(b, m->slot.core, m->slot.buffer, m->slot.slot);
  node_list writers = {0};
  add_writers(b, &from, b->dram[m->tensor], &writers);
  int node = flow_add(b->flow, b->ops[at->node->id], writers.all.n ? FLOW_MOVE : FLOW_INPUT, (int)writers.all.n, writers.all.at, buf->type, to.rank, to.size,
                      elements(b, &to, buf->type, m->slot.bytes), NULL);
  b->flow->nodes.at[node].where = b->t->tensors.at[m->tensor].name;
  FOR_TILE (&to, i, place)
    s->writer[place] = node;
}

static void stored(void *data, const sim_at *at, const sim_moved *m) {
  bisect_tog *b = data;
  if (flow_is_full(b->flow))
    return;
  go_to(b, at);
  tile from = moved_tile(m, m->slot_step, m->slot_first), to = moved_tile(m, m->tensor_step, m->tensor_first);
  const tog_buffer *buf = &b->t->buffers.at[m->slot.buffer];
  slot_shadow *s = shadow_of(b, m->slot.core, m->slot.buffer, m->slot.slot);
  int op = b->ops[at->node->id], source = read_tile(b, op, &from, s, m->slot.bytes);
  int node = flow_add(b->flow, op, FLOW_MOVE, 1, &source, buf->type, from.rank, from.size, elements(b, &from, buf->type, m->slot.bytes), NULL);
  b->flow->nodes.at[node].where = b->t->tensors.at[m->tensor].name;
  FOR_TILE (&to, i, place)
    b->dram[m->tensor][place] = node;
}

/* What a function left alone still has the bytes of an empty slot. */
static bool is_untouched(const unsigned char *p, size_t width) {
  for (size_t i = 0; i < width; i++)
    if (p[i] != 0xFF)
      return false;
  return true;
}

/* Does the tile still hold what its one writer made? */
static bool is_unchanged(bisect_tog *b, const tile *t, const slot_shadow *s, dtype type, const void *bytes) {
  node_list from = {0};
  add_writers(b, t, s->writer, &from);
  if (from.all.n != 1 || from.has_input || b->flow->nodes.at[from.all.at[0]].elems != t->elems)
    return false;
  const double *before = b->flow->nodes.at[from.all.at[0]].x, *now = elements(b, t, type, bytes);
  return memcmp(before, now, (size_t)t->elems * sizeof *now) == 0;
}

static void computed(void *data, const sim_at *at, const int *slots, void *const *bytes) {
  bisect_tog *b = data;
  const tog_node *n = at->node;
  int in[TOG_ARGS_MAX], n_in = 0, op = b->ops[n->id];
  if (flow_is_full(b->flow))
    return;
  go_to(b, at);
  for (size_t i = 0; i < n->uses.n; i++) {
    const tog_use *u = &n->uses.at[i];
    slot_shadow *s = shadow_of(b, at->core, u->buffer, slots[i]);
    if (u->access == TOG_WRITE)
      continue;
    tile t = written_tile(s, &b->t->buffers.at[u->buffer], b->mem);
    if (t.elems > 0 && u->access == TOG_READ)
      in[n_in++] = read_tile(b, op, &t, s, bytes[i]);
    else if (t.elems > 0) {   /* its bytes are new already: what wrote them last is known */
      node_list before = {0};
      add_writers(b, &t, s->writer, &before);
      for (size_t k = 0; k < before.all.n && n_in < TOG_ARGS_MAX; k++)
        in[n_in++] = flow_after_loops(b->flow, before.all.at[k]);
    }
  }
  for (size_t i = 0; i < n->uses.n; i++) {
    const tog_use *u = &n->uses.at[i];
    const tog_buffer *buf = &b->t->buffers.at[u->buffer];
    if (u->access == TOG_READ)
      continue;
    slot_shadow *s = shadow_of(b, at->core, u->buffer, slots[i]);
    int64_t elems = tog_buffer_elems(buf);
    size_t width = dtype_bytes(buf->type);
    bool *is_used = ARENA_NEW_N(b->mem, bool, elems);
    for (int64_t e = 0; e < elems; e++)
      is_used[e] = !is_untouched((const unsigned char *)bytes[i] + (size_t)e * width, width);
    tile t = used_tile(buf, is_used);
    if (t.elems == 0) {   /* NaN came out everywhere, and looks like nothing */
      memset(is_used, true, (size_t)elems * sizeof *is_used);
      t = used_tile(buf, is_used);
    }
    if (u->access == TOG_UPDATE && is_unchanged(b, &t, s, buf->type, bytes[i]))   /* it was only read */
      continue;
    int node = flow_add(b->flow, op, FLOW_COMPUTE, n_in, in, buf->type, t.rank, t.size, elements(b, &t, buf->type, bytes[i]), NULL);
    FOR_TILE (&t, k, place)
      s->writer[place] = node;
  }
}

static void sent(void *data, const sim_at *at, const sim_slot_name *from, const sim_slot_name *to, int64_t row) {
  bisect_tog *b = data;
  if (flow_is_full(b->flow))
    return;
  go_to(b, at);
  const tog_buffer *buf = &b->t->buffers.at[from->buffer];
  slot_shadow *s = shadow_of(b, from->core, from->buffer, from->slot);
  tile t = written_tile(s, buf, b->mem);
  int op = b->ops[at->node->id], source = read_tile(b, op, &t, s, from->bytes);
  int node = flow_add(b->flow, op, FLOW_MOVE, 1, &source, buf->type, t.rank, t.size, elements(b, &t, buf->type, from->bytes), NULL);
  s = shadow_of(b, to->core, to->buffer, to->slot);
  t.first = row * tog_buffer_elems(buf);
  FOR_TILE (&t, i, place)
    s->writer[place] = node;
}

/* ---- open ---- */
bisect_tog *bisect_tog_open(arena *mem, const tog *t, int64_t elems_max) {
  bisect_tog *b = ARENA_NEW(mem, bisect_tog);
  *b = (bisect_tog){.mem = mem, .t = t, .flow = flow_new(mem, elems_max)};
  b->watch = (sim_watch){b, reserved, loaded, stored, computed, sent};
  b->around = ARENA_NEW_N(mem, const tog_node *, t->n_nodes);
  b->ops = ARENA_NEW_N(mem, int, t->n_nodes);
  b->core_op = flow_op_of(b->flow, &b->core_key, "the cores", LOOM_NOSPAN);
  find_loops(b, &t->body, NULL);
  b->dram = ARENA_NEW_N(mem, int *, t->tensors.n);
  for (size_t i = 0; i < t->tensors.n; i++) {
    int64_t elems = tog_tensor_elems(&t->tensors.at[i]);
    b->dram[i] = ARENA_NEW_N(mem, int, elems);
    memset(b->dram[i], -1, (size_t)elems * sizeof(int));
  }
  return b;
}

const sim_watch *bisect_tog_watch(bisect_tog *b) { return &b->watch; }
flow_run *bisect_tog_run(bisect_tog *b) { return b->flow; }
const int *bisect_tog_writer(const bisect_tog *b, int tensor) { return b->dram[tensor]; }
