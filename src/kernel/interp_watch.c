/* Telling who looks on what the interpreter makes. */
#include "kernel/interp_private.h"

static bool is_watched(const interp *in) { return in->watch && !in->unwatched; }

/* The value as others will read it: a sum that is still open is rounded in a copy. */
static interp_seen look_at(interp *in, const kernel_op *op, const interp_value *v, kernel_value which) {
  interp_copy(in, &in->seen, v);
  interp_close_sum(in, &in->seen);
  const interp_value *s = &in->seen;
  return (interp_seen){op, which, s->type, s->rank, s->shape, s->elems, s->x, s->has_e ? s->e : NULL};
}

void interp_watch_results(interp *in, const kernel_op *op) {
  bool was_passed = op->n_regions > 0 && op->kind != KERNEL_SCAN && op->kind != KERNEL_FOLD;
  if (!is_watched(in) || was_passed)
    return;
  for (int i = 0; i < op->n_results; i++) {
    const interp_seen seen = look_at(in, op, &in->slot[op->results[i]], op->results[i]);
    in->watch->made(in->watch->data, &seen);
  }
}

void interp_watch_touch(interp *in, const kernel_op *op, kernel_tensor root, int64_t element, bool is_write) {
  if (is_watched(in))
    in->watch->touched(in->watch->data, op, root, element, is_write);
}

void interp_watch_stored(interp *in, const kernel_op *op, const interp_value *v) {
  if (!is_watched(in))
    return;
  const interp_seen seen = look_at(in, op, v, -1);
  in->watch->made(in->watch->data, &seen);
}

void interp_watch_pass(interp *in, const kernel_op *op, const interp_value *v, kernel_value from, kernel_value to) {
  if (!is_watched(in))
    return;
  const interp_seen seen = look_at(in, op, v, to);
  in->watch->passed(in->watch->data, op, &seen, from, to);
}

void interp_watch_enter(interp *in, const kernel_op *op, int n, const int64_t *numbers) {
  if (is_watched(in))
    in->watch->entered(in->watch->data, op, n, numbers);
}

void interp_watch_leave(interp *in) {
  if (is_watched(in))
    in->watch->left(in->watch->data);
}
