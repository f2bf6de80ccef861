/* Boxes: their numbers, the runs of bytes they are in DRAM, and copies between DRAM and L1. */
#include "sim/sim_private.h"
#include <string.h>

static const int64_t *strides_of(const sim *s, int tensor) { return s->tensor_stride + (size_t)tensor * TOG_RANK_MAX; }

bool sim_box_region(sim *s, const sim_thread *th, const sim_instr *in, sim_region *out) {
  const sim_box *b = in->box;
  const tog_tensor *x = &s->t->tensors.at[b->tensor];
  const tog_buffer *buf = &s->t->buffers.at[in->buffer];
  int64_t elems = 1;
  bool is_inside = true;
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
    else if (out->extent[d] > b->room[d] || out->offset[d] < 0 || out->extent[d] > x->shape[d] || out->offset[d] > x->shape[d] - out->extent[d])
      is_inside = false;
    else
      elems *= out->extent[d];
  }
  if (elems == 0)
    return true;
  for (int d = 0; d < b->rank && !is_inside; d++)
    if (out->extent[d] > b->room[d] || out->offset[d] < 0 || out->extent[d] > x->shape[d] || out->offset[d] > x->shape[d] - out->extent[d]) {
      sim_fault_add(s, SIM_FAULT_OUT_OF_BOUNDS, th->core, in->buffer,
                    "%s moves elements %" PRId64 "..%" PRId64 " of dim %d of '%s', which has %" PRId64 "; buffer '%s' has room for %" PRId64, sim_place(s, th, in),
                    out->offset[d], out->offset[d] + out->extent[d] - 1, d, x->name, x->shape[d], buf->name, b->room[d]);
      return false;
    }
  if (x->type != buf->type) {
    sim_fault_add(s, SIM_FAULT_OUT_OF_BOUNDS, th->core, in->buffer, "%s moves %s of '%s' through buffer '%s' of %s", sim_place(s, th, in),
                  dtype_mlir(x->type), x->name, buf->name, dtype_mlir(buf->type));
    return false;
  }
  out->bytes = elems * (int64_t)dtype_bytes(x->type);
  return true;
}

void sim_box_runs(const sim *s, const sim_box *b, const sim_region *r, sim_run_fn run, void *data) {
  const int64_t *stride = strides_of(s, b->tensor), *shape = s->t->tensors.at[b->tensor].shape;
  int64_t first = 0, elems = 1, index[TOG_RANK_MAX] = {0};
  for (int d = 0; d < b->rank; d++)
    first += r->offset[d] * stride[d];
  int outer = b->rank;   /* dims from `outer` on are one run: all of them whole but the first */
  while (outer > 0) {
    elems *= r->extent[--outer];
    if (r->extent[outer] != shape[outer])
      break;
  }
  for (;;) {
    run(data, first, elems);
    int d = outer - 1;
    for (; d >= 0; d--) {
      first += stride[d];
      if (++index[d] < r->extent[d])
        break;
      first -= index[d] * stride[d];
      index[d] = 0;
    }
    if (d < 0)
      return;
  }
}

/* Copies element by element, or whole rows where the last dim is contiguous on both sides. */
static void copy(sim *s, const sim_instr *in, const sim_region *r, char *l1, bool to_l1) {
  const sim_box *b = in->box;
  const int64_t *stride = strides_of(s, b->tensor);
  int64_t size = (int64_t)dtype_bytes(s->t->tensors.at[b->tensor].type), index[TOG_RANK_MAX] = {0};
  char *dram = s->o->tensors[b->tensor];
  int outer = b->rank;
  size_t run = (size_t)size;
  if (outer > 0 && (b->to_stride[outer - 1] == 1 || r->extent[outer - 1] == 1))
    run *= (size_t)r->extent[--outer];
  for (int d = 0; d < b->rank; d++)
    dram += r->offset[d] * stride[d] * size;
  for (;;) {
    if (to_l1)
      memcpy(l1, dram, run);
    else
      memcpy(dram, l1, run);
    int d = outer - 1;
    for (; d >= 0; d--) {
      dram += stride[d] * size;
      l1 += b->to_stride[d] * size;
      if (++index[d] < r->extent[d])
        break;
      dram -= index[d] * stride[d] * size;
      l1 -= index[d] * b->to_stride[d] * size;
      index[d] = 0;
    }
    if (d < 0)
      return;
  }
}

void sim_box_to_l1(sim *s, const sim_instr *in, const sim_region *r, void *l1) {
  if (l1 && r->bytes > 0)
    copy(s, in, r, l1, true);
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
  mark_run_data m = {&s->cover[in->box->tensor], -1};
  if (m.cover->n_bits == 0)
    return;
  sim_box_runs(s, in->box, r, mark_run, &m);
  if (m.twice >= 0)
    sim_fault_add(s, SIM_FAULT_DOUBLE_WRITE, th->core, in->buffer, "%s writes element %s of '%s' a second time", sim_place(s, th, in),
                  sim_element_text(&s->ctx->mem, x, m.twice), x->name);
}
