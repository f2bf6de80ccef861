/* Boxes: their numbers, the runs of bytes they are in DRAM, and copies between DRAM and L1. */
#include "sim/sim_private.h"
#include <string.h>

/* ---- places that a tensor of indices says ---- */

/* Where place i of the looked up dim is; where nobody carries values: rows one behind the other. */
static int64_t row_of(const sim *s, const sim_box *b, int64_t i) {
  const char *index = s->o->exec ? s->o->tensors[b->lookup_tensor] : NULL;
  dtype type = s->t->tensors.at[b->lookup_tensor].type;
  if (!index)
    return i % b->lookup_rows;
  return type == DTYPE_I64 ? ((const int64_t *)(const void *)index)[i] : ((const int32_t *)(const void *)index)[i];
}

/* One place of the region, as a region without a lookup. */
static sim_region row_region(const sim *s, const sim_box *b, const sim_region *r, int64_t i) {
  sim_region one = *r;
  one.extent[b->lookup_dim] = 1;
  one.offset[b->lookup_dim] = row_of(s, b, r->offset[b->lookup_dim] + i);
  return one;
}

static bool check_rows(sim *s, const sim_thread *th, const sim_instr *in, const sim_region *r) {
  const sim_box *b = in->box;
  const tog_tensor *x = &s->t->tensors.at[b->tensor], *index = &s->t->tensors.at[b->lookup_tensor];
  for (int64_t i = 0; b->has_lookup && i < r->extent[b->lookup_dim]; i++) {
    int64_t at = r->offset[b->lookup_dim] + i, row = row_of(s, b, at);
    if (row >= 0 && row < b->lookup_rows)
      continue;
    sim_fault_add(s, SIM_FAULT_OUT_OF_BOUNDS, th->core, in->buffer, "%s looks up place %" PRId64 " of '%s', which has %" PRId64 ": that is element %s of '%s'", sim_place(s, th, in), row,
                  x->name, b->lookup_rows, sim_element_text(&s->ctx->mem, index, at), index->name);
    return false;
  }
  return true;
}

/* Where in its slot the box's dim d begins. */
static int64_t begin_in_slot(const sim_thread *th, const sim_instr *in, int d) {
  int to = in->node->box.to_dim[d];
  return in->at && to >= 0 ? th->at[to] : 0;
}

static bool is_dim_inside(const sim_box *b, const sim_region *r, int d, int64_t begin) {
  int64_t extent = r->extent[d], offset = r->offset[d];
  return begin >= 0 && begin <= b->room[d] && extent <= b->room[d] - begin && offset >= 0 && extent <= b->shape[d] && offset <= b->shape[d] - extent;
}

/* A place outside the slot, whatever the extent. */
static bool is_place_inside(sim *s, const sim_thread *th, const sim_instr *in) {
  const tog_buffer *buf = &s->t->buffers.at[in->buffer];
  for (int d = 0; in->at && d < buf->rank; d++)
    if (th->at[d] < 0 || th->at[d] >= buf->shape[d]) {
      sim_fault_add(s, SIM_FAULT_OUT_OF_BOUNDS, th->core, in->buffer, "%s lands at %" PRId64 " of dim %d of '%s', which has %" PRId64, sim_place(s, th, in),
                    th->at[d], d, buf->name, buf->shape[d]);
      return false;
    }
  return true;
}

bool sim_box_region(sim *s, const sim_thread *th, const sim_instr *in, sim_region *out) {
  const sim_box *b = in->box;
  const tog_tensor *x = &s->t->tensors.at[b->tensor];
  const tog_buffer *buf = &s->t->buffers.at[in->buffer];
  int64_t elems = 1;
  int outside = -1;
  out->bytes = 0;
  for (int d = 0; d < b->rank; d++) {
    if (!sim_value_get(&b->offset[d], th->core, th->vars, &out->offset[d]) || !sim_value_get(&b->extent[d], th->core, th->vars, &out->extent[d])) {
      sim_fault_add(s, SIM_FAULT_BAD_EXPR, th->core, in->buffer, "an offset or extent of %s overflows or divides by zero", sim_place(s, th, in));
      return false;
    }
    if (out->extent[d] < 0) {
      sim_fault_add(s, SIM_FAULT_OUT_OF_BOUNDS, th->core, in->buffer, "%s has extent %" PRId64 " in dim %d; clamp it with max(0, ...)", sim_place(s, th, in),
                    out->extent[d], d);
      return false;
    }
    if (out->extent[d] == 0)
      elems = 0;
    else if (is_dim_inside(b, out, d, begin_in_slot(th, in, d)))
      elems *= out->extent[d];
    else if (outside < 0)
      outside = d;
  }
  if (elems == 0)
    return true;
  if (!is_place_inside(s, th, in))
    return false;
  if (outside >= 0) {
    int64_t room = b->room[outside] - begin_in_slot(th, in, outside);
    int64_t last = out->offset[outside] > INT64_MAX - out->extent[outside] ? INT64_MAX : out->offset[outside] + out->extent[outside] - 1;
    sim_fault_add(s, SIM_FAULT_OUT_OF_BOUNDS, th->core, in->buffer,
                  "%s moves elements %" PRId64 "..%" PRId64 " of dim %d of %s'%s', which has %" PRId64 "; buffer '%s' has room for %" PRId64, sim_place(s, th, in),
                  out->offset[outside], last, outside, in->node->box.has_view ? "the view of " : "", x->name,
                  b->shape[outside], buf->name, room);
    return false;
  }
  if (x->type != buf->type) {
    sim_fault_add(s, SIM_FAULT_OUT_OF_BOUNDS, th->core, in->buffer, "%s moves %s of '%s' through buffer '%s' of %s", sim_place(s, th, in),
                  dtype_mlir(x->type), x->name, buf->name, dtype_mlir(buf->type));
    return false;
  }
  if (!check_rows(s, th, in, out))
    return false;
  out->bytes = elems * (int64_t)dtype_bytes(x->type);
  return true;
}

bool sim_box_place(sim *s, sim_thread *th, const sim_instr *in) {
  const tog_buffer *buf = &s->t->buffers.at[in->buffer];
  th->place = 0;
  for (int d = 0; in->at && d < buf->rank; d++) {
    if (!sim_value_get(&in->at[d], th->core, th->vars, &th->at[d]) || __builtin_mul_overflow(th->place, buf->shape[d], &th->place) ||
        __builtin_add_overflow(th->place, th->at[d], &th->place)) {
      sim_fault_add(s, SIM_FAULT_BAD_EXPR, th->core, in->buffer, "the place of %s in its slot overflows or divides by zero", sim_place(s, th, in));
      return false;
    }
  }
  return true;
}

static void plain_runs(const sim_box *b, const sim_region *r, sim_run_fn run, void *data) {
  int64_t first = 0, elems = 1, index[TOG_RANK_MAX] = {0};
  for (int d = 0; d < b->rank; d++)
    first += r->offset[d] * b->stride[d];
  int outer = b->rank;   /* b->order from `outer` on is one run: each dim's step is as long as all behind it */
  for (; outer > 0; outer--) {
    int d = b->order[outer - 1];
    if (r->extent[d] != 1 && b->stride[d] != elems)
      break;
    elems *= r->extent[d];
  }
  for (;;) {
    run(data, first, elems);
    int i = outer - 1;
    for (; i >= 0; i--) {
      int d = b->order[i];
      first += b->stride[d];
      if (++index[i] < r->extent[d])
        break;
      first -= index[i] * b->stride[d];
      index[i] = 0;
    }
    if (i < 0)
      return;
  }
}

void sim_box_runs(const sim *s, const sim_box *b, const sim_region *r, sim_run_fn run, void *data) {
  for (int64_t i = 0; b->has_lookup && i < r->extent[b->lookup_dim]; i++) {
    const sim_region one = row_region(s, b, r, i);
    plain_runs(b, &one, run, data);
  }
  if (!b->has_lookup)
    plain_runs(b, r, run, data);
}

/* Copies element by element, or whole rows where the last dim in memory is contiguous on both sides. */
static void plain_copy(sim *s, const sim_instr *in, const sim_region *r, char *l1, bool to_l1) {
  const sim_box *b = in->box;
  int64_t size = (int64_t)dtype_bytes(s->t->tensors.at[b->tensor].type), index[TOG_RANK_MAX] = {0};
  char *dram = s->o->tensors[b->tensor];
  int outer = b->rank, last = outer > 0 ? b->order[outer - 1] : 0;
  size_t run = (size_t)size;
  if (outer > 0 && (r->extent[last] == 1 || (b->stride[last] == 1 && b->to_stride[last] == 1))) {
    run *= (size_t)r->extent[last];
    outer--;
  }
  for (int d = 0; d < b->rank; d++)
    dram += r->offset[d] * b->stride[d] * size;
  for (;;) {
    if (to_l1)
      memcpy(l1, dram, run);
    else
      memcpy(dram, l1, run);
    int i = outer - 1;
    for (; i >= 0; i--) {
      int d = b->order[i];
      dram += b->stride[d] * size;
      l1 += b->to_stride[d] * size;
      if (++index[i] < r->extent[d])
        break;
      dram -= index[i] * b->stride[d] * size;
      l1 -= index[i] * b->to_stride[d] * size;
      index[i] = 0;
    }
    if (i < 0)
      return;
  }
}

static void copy(sim *s, const sim_instr *in, const sim_region *r, char *l1, bool to_l1) {
  const sim_box *b = in->box;
  int64_t size = (int64_t)dtype_bytes(s->t->tensors.at[b->tensor].type);
  for (int64_t i = 0; b->has_lookup && i < r->extent[b->lookup_dim]; i++) {
    const sim_region one = row_region(s, b, r, i);
    plain_copy(s, in, &one, l1 + i * b->to_stride[b->lookup_dim] * size, to_l1);
  }
  if (!b->has_lookup)
    plain_copy(s, in, r, l1, to_l1);
}

typedef void (*tell_fn)(void *, const sim_at *, const sim_moved *);
static void tell_region(sim *s, const sim_thread *th, const sim_instr *in, const sim_region *r, int64_t slot_first, const void *l1, tell_fn tell) {
  const sim_box *b = in->box;
  sim_moved m = {.slot = {th->core, in->buffer, th->ring_slot, l1}, .tensor = b->tensor, .rank = b->rank, .extent = r->extent, .slot_step = b->to_stride,
                 .tensor_step = b->stride, .slot_first = slot_first};
  for (int d = 0; d < b->rank; d++)
    m.tensor_first += r->offset[d] * b->stride[d];
  tell(s->o->watch->data, &(sim_at){in->node, th->core, th->vars}, &m);
}

static void tell_moved(sim *s, const sim_thread *th, const sim_instr *in, const void *l1, tell_fn tell) {
  const sim_box *b = in->box;
  int64_t first = in->op == SIM_OP_LOAD ? th->place : 0;
  for (int64_t i = 0; b->has_lookup && i < th->region.extent[b->lookup_dim]; i++) {
    const sim_region one = row_region(s, b, &th->region, i);
    tell_region(s, th, in, &one, first + i * b->to_stride[b->lookup_dim], l1, tell);
  }
  if (!b->has_lookup)
    tell_region(s, th, in, &th->region, first, l1, tell);
}

void sim_box_to_l1(sim *s, const sim_thread *th, const sim_instr *in, void *l1) {
  if (l1 && th->region.bytes > 0)
    copy(s, in, &th->region, (char *)l1 + th->place * (int64_t)dtype_bytes(s->t->buffers.at[in->buffer].type), true);
  if (l1 && s->o->watch && th->region.bytes > 0)
    tell_moved(s, th, in, l1, s->o->watch->loaded);
}

typedef struct mark_run_data { sim_cover *cover; int64_t twice; } mark_run_data;
static void mark_run(void *data, int64_t first, int64_t elems) {
  mark_run_data *m = data;
  int64_t twice = sim_cover_mark(m->cover, first, elems);
  if (m->twice < 0)
    m->twice = twice;
}

void sim_box_to_dram(sim *s, const sim_thread *th, const sim_instr *in, const void *l1) {
  const sim_region *r = &th->region;
  const tog_tensor *x = &s->t->tensors.at[in->box->tensor];
  if (r->bytes == 0)
    return;
  if (l1)
    copy(s, in, r, (char *)(uintptr_t)l1, false);
  if (l1 && s->o->watch)
    tell_moved(s, th, in, l1, s->o->watch->stored);
  mark_run_data m = {&s->cover[in->box->tensor], -1};
  if (m.cover->n_bits == 0 || in->box->has_lookup)      /* two indices may be one place */
    return;
  sim_box_runs(s, in->box, r, mark_run, &m);
  if (m.twice >= 0)
    sim_fault_add(s, SIM_FAULT_DOUBLE_WRITE, th->core, in->buffer, "%s writes element %s of '%s' a second time", sim_place(s, th, in),
                  sim_element_text(&s->ctx->mem, x, m.twice), x->name);
}
