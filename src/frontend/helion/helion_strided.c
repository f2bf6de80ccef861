/* x.as_strided(size, stride, offset): any view of the memory of a host tensor. */
#include "frontend/helion/helion_ops.h"
#include "frontend/helion/helion_view.h"

/* The view ends inside of the `elems` elements, in every call. */
static void assume_inside(helion_reader *r, const helion_view *v, const kernel_type *root) {
  const sym_expr *last = v->offset, *n = sym_const(r->mem, 1), *one = n;
  for (int d = 0; d < v->shape.rank; d++)
    last = sym_add(r->mem, last, sym_mul(r->mem, sym_sub(r->mem, v->shape.dim[d], one), v->stride[d]));
  for (int d = 0; d < root->rank; d++)
    n = sym_mul(r->mem, n, root->dim[d]);
  helion_assume(r, SYM_LT, last, n);
}

/* The last element of the view, when all of it is known; -1: not known, INT64_MAX: behind any. */
static int64_t last_element(helion_reader *r, const helion_view *v) {
  int64_t last, dim, step;
  if (!helion_peek(r, v->offset, &last))
    return -1;
  for (int d = 0; d < v->shape.rank; d++)
    if (!helion_peek(r, v->shape.dim[d], &dim) || !helion_peek(r, v->stride[d], &step))
      return -1;
    else if (__builtin_mul_overflow(dim - 1, step, &step) || __builtin_add_overflow(last, step, &last))
      last = INT64_MAX;
  return last;
}

static int64_t elements(helion_reader *r, const kernel_type *t) {
  int64_t n = 1, dim;
  for (int d = 0; d < t->rank; d++)
    if (!helion_peek(r, t->dim[d], &dim) || __builtin_mul_overflow(n, dim, &n))
      return INT64_MAX;
  return n;
}

helion_value helion_do_as_strided(helion_reader *r, const helion_call *c) {
  helion_view v = helion_view_of(r, c->arg[0].tensor);
  const helion_value *strides = &c->arg[2];
  int64_t known;
  if (!helion_arg_shape(r, c, &c->arg[1], &v.shape))
    return helion_unknown();
  v.shape.type = r->graph->tensors.at[v.root].shape.type;
  if (strides->kind != HELION_SEQ || strides->seq.n != (size_t)v.shape.rank)
    return helion_fail(r, c->node, LOOM_EINPUT, "give one stride for each size", "as_strided with %d sizes and %zu strides", v.shape.rank, helion_item_count(strides));
  for (int d = 0; d < v.shape.rank; d++) {
    const helion_value *s = &strides->seq.at[d];
    if (s->kind != HELION_INT || (helion_peek(r, s->size, &known) && known < 0))
      return helion_fail(r, c->node, LOOM_EINPUT, "strides are ints of 0 or more", "%s as a stride", helion_describe(r, s));
    helion_assume(r, SYM_GE, s->size, sym_const(r->mem, 0));
    v.stride[d] = s->size;
  }
  if (c->given[3] && c->arg[3].kind != HELION_NONE) {
    if (c->arg[3].kind != HELION_INT || (helion_peek(r, c->arg[3].size, &known) && known < 0))
      return helion_fail(r, c->node, LOOM_EINPUT, "the offset is an int of 0 or more", "%s as an offset", helion_describe(r, &c->arg[3]));
    helion_assume(r, SYM_GE, c->arg[3].size, sym_const(r->mem, 0));
    v.offset = c->arg[3].size;
  }
  if (last_element(r, &v) >= elements(r, &r->graph->tensors.at[v.root].shape))
    return helion_fail(r, c->node, LOOM_EINPUT, "sizes and strides stay inside of the tensor", "this view of %s ends behind its last element",
                       r->graph->tensors.at[v.root].name);
  assume_inside(r, &v, &r->graph->tensors.at[v.root].shape);
  return helion_view_make(r, c->node, &v);
}
