/* Other shapes and orders for the same elements: addresses are composed, nothing is moved unless no loops with strides could. */
#include "network/net_private.h"

/* The row-major number of an element, and its indices over that number. */
static axis_space flat_space(const axis_space *s) { return (axis_space){1, {net_elems(s)}}; }

static axis_expr over_number(arena *m, const axis_space *s, axis_expr at) {
  axis_space flat = flat_space(s);
  axis_expr by[AXIS_MAX] = {{0}};
  int64_t stride = 1;
  for (int d = s->n - 1; d >= 0; d--) {
    by[d] = axis_mod(m, &flat, axis_floordiv(m, &flat, axis_var(m, 0), stride), s->extent[d]);
    stride *= s->extent[d];
  }
  return axis_subst(m, &flat, at, by);
}

bool net_is_copyable(arena *m, const axis_space *s, axis_expr at, axis_plan *out, bool *flat) {
  axis_space number = flat_space(s);
  axis_expr e = over_number(m, s, at);
  *flat = false;
  if (axis_pick_copy(m, s, &at, (int64_t[]){1}, 1, out) < 0)
    return true;
  *flat = true;
  return axis_pick_copy(m, &number, &e, (int64_t[]){1}, 1, out) < 0;
}

net_value net_indexed(net_reader *r, net_value v, const axis_space *shape, const axis_expr *by) {
  net_value out = v;
  axis_plan plan;
  bool flat;
  out.shape = *shape;
  if (v.kind != NET_MEMORY)
    return out;
  out.at = axis_subst(r->mem, shape, v.at, by);
  if (net_is_whole(r, &v) || net_is_copyable(r->mem, shape, out.at, &plan, &flat))
    return out;
  v = net_copied(r, LOOM_NOSPAN, v);
  out.tensor = v.tensor;
  out.at = axis_subst(r->mem, shape, v.at, by);
  return out;
}

net_value net_reshape(net_reader *r, net_value v, const axis_space *shape) {
  arena *m = r->mem;
  axis_expr number = net_row_major(m, shape), by[AXIS_MAX] = {{0}};
  int64_t stride = 1;
  for (int d = v.shape.n - 1; d >= 0; d--) {
    by[d] = axis_mod(m, shape, axis_floordiv(m, shape, number, stride), v.shape.extent[d]);
    stride *= v.shape.extent[d];
  }
  return net_indexed(r, v, shape, by);
}
