/* Slots: the run-time values.  Each keeps its buffers, so that a loop body allocates only in its first round. */
#include "kernel/interp_private.h"

static double *room(interp *in, double *old, int64_t *have, int64_t need) {
  if (*have >= need && old)
    return old;
  *have = need;
  return ARENA_NEW_N(&in->ctx->scratch, double, need);
}

void interp_reserve(interp *in, interp_value *v, dtype type, int rank, const int64_t *shape) {
  v->type = type;
  v->rank = rank;
  v->elems = 1;
  for (int d = 0; d < rank; d++) {
    v->shape[d] = shape[d];
    v->elems *= shape[d];
  }
  v->has_e = v->open = v->whole = false;
  v->terms = 0;
  v->x = room(in, v->x, &v->room_x, v->elems);
}

void interp_need_bounds(interp *in, interp_value *v, bool zero) {
  if (!in->bounds || v->has_e)
    return;
  v->has_e = true;
  v->e = room(in, v->e, &v->room_e, v->elems);
  if (zero)
    memset(v->e, 0, (size_t)v->elems * sizeof *v->e);
}

void interp_need_mag(interp *in, interp_value *v) { v->mag = room(in, v->mag, &v->room_mag, v->elems); }

void interp_copy(interp *in, interp_value *to, const interp_value *from) {
  size_t bytes = (size_t)from->elems * sizeof(double);
  interp_reserve(in, to, from->type, from->rank, from->shape);
  memcpy(to->x, from->x, bytes);
  if (from->has_e) {
    interp_need_bounds(in, to, false);
    memcpy(to->e, from->e, bytes);
  }
  if (from->open && in->bounds) {
    interp_need_mag(in, to);
    memcpy(to->mag, from->mag, bytes);
  }
  to->open = from->open;
  to->terms = from->terms;
  to->whole = from->whole;
}

void interp_swap(interp_value *a, interp_value *b) {
  interp_value t = *a;
  *a = *b;
  *b = t;
}

void *interp_temp(interp *in, int which, size_t bytes) {
  if (in->temp[which].room < bytes || !in->temp[which].at) {
    in->temp[which].at = arena_alloc(&in->ctx->scratch, bytes);
    in->temp[which].room = bytes;
  }
  return in->temp[which].at;
}

void interp_broadcast_strides(const interp_value *v, int rank, const int64_t *shape, int64_t *out_stride) {
  int64_t step = 1;
  for (int d = rank - 1; d >= 0; d--) {
    int own = d - (rank - v->rank);
    out_stride[d] = own >= 0 && v->shape[own] == shape[d] && shape[d] != 1 ? step : 0;
    if (own >= 0)
      step *= v->shape[own];
  }
}

bool interp_next_index(int rank, const int64_t *shape, int64_t *index) {
  for (int d = rank - 1; d >= 0; d--) {
    if (++index[d] < shape[d])
      return true;
    index[d] = 0;
  }
  return false;
}
