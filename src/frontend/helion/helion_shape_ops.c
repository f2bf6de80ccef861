/* Table rows that change the shape of device values: transposes, reshapes, broadcasts. */
#include "frontend/helion/helion_bits.h"
#include "frontend/helion/helion_device.h"
#include "frontend/helion/helion_ops.h"
#include "frontend/helion/helion_reduce.h"
#include "frontend/helion/helion_view.h"

/* The shape of argument 0, a host tensor or device value. */
static bool tensor_type(helion_reader *r, const helion_call *c, kernel_type *out) {
  if (c->arg[0].kind == HELION_TENSOR || c->arg[0].kind == HELION_DEVICE)
    return helion_type_of(r, &c->arg[0], out);
  if (c->arg[0].kind != HELION_UNKNOWN)
    helion_fail(r, c->node, LOOM_EINPUT, "pass a tensor or a device value", "%s has no shape to change", helion_describe(r, &c->arg[0]));
  return false;
}

/* The same elements as another shape.  may_copy: of a host tensor whose elements do not lie side by side. */
static helion_value reshaped(helion_reader *r, const helion_call *c, const kernel_type *t, bool may_copy) {
  if (c->arg[0].kind == HELION_TENSOR)
    return helion_view_reshape(r, c->node, c->arg[0].tensor, t, may_copy);
  if (helion_same_shape(r, helion_type(r, c->arg[0].device), t))
    return c->arg[0];
  return helion_device(helion_emit(r, c->node, KERNEL_RESHAPE, 1, &c->arg[0].device, t));
}

static helion_value permute(helion_reader *r, const helion_call *c, const int *perm, int n) {
  kernel_type in, t;
  if (!tensor_type(r, c, &in))
    return helion_unknown();
  t = in;
  int seen = 0;
  for (int i = 0; n == in.rank && i < n; i++)
    seen |= 1 << perm[i];   /* in 0..n-1 */
  if (n != in.rank || seen != (1 << n) - 1)
    return helion_fail(r, c->node, LOOM_EINPUT, "name every dimension once", "these dimensions are no permutation for %s",
                       helion_describe(r, &c->arg[0]));
  if (c->arg[0].kind == HELION_TENSOR)
    return helion_view_permute(r, c->node, c->arg[0].tensor, perm);
  for (int i = 0; i < n; i++)
    t.dim[i] = in.dim[perm[i]];
  kernel_value v = helion_emit(r, c->node, KERNEL_PERMUTE, 1, &c->arg[0].device, &t);
  memcpy(helion_def(r, v)->perm, perm, (size_t)n * sizeof *perm);
  return helion_device(v);
}

static int rank_of(const helion_reader *r, const helion_value *v) {
  kernel_type t;
  return helion_type_of(r, v, &t) ? t.rank : 0;
}

helion_value helion_do_transpose(helion_reader *r, const helion_call *c) {
  int perm[KERNEL_RANK_MAX], n = rank_of(r, &c->arg[0]), a, b;
  if (!helion_axis(r, c, &c->arg[1], n, &a) || !helion_axis(r, c, &c->arg[2], n, &b))
    return helion_unknown();
  for (int i = 0; i < n; i++)
    perm[i] = i == a ? b : i == b ? a : i;
  return permute(r, c, perm, n);
}

/* x.T, x.t(): two dimensions; x.mT: the last two. */
helion_value helion_do_transpose_last(helion_reader *r, const helion_call *c) {
  int perm[KERNEL_RANK_MAX], n = rank_of(r, &c->arg[0]);
  if (n < 2 || (n > 2 && !c->fn->detail))
    return helion_fail(r, c->node, LOOM_EINPUT, "use transpose(a, b)", "the transpose of %s", helion_describe(r, &c->arg[0]));
  for (int i = 0; i < n; i++)
    perm[i] = i == n - 1 ? n - 2 : i == n - 2 ? n - 1 : i;
  return permute(r, c, perm, n);
}

helion_value helion_do_permute(helion_reader *r, const helion_call *c) {
  int perm[KERNEL_RANK_MAX], rank = rank_of(r, &c->arg[0]);
  const helion_seq *dims = &c->arg[1].seq;
  if (dims->n == 1 && dims->at[0].kind == HELION_SEQ)
    dims = &dims->at[0].seq;
  if (dims->n > KERNEL_RANK_MAX)
    return helion_fail(r, c->node, LOOM_EINPUT, "name every dimension once", "permute with %zu dimensions", dims->n);
  for (size_t i = 0; i < dims->n; i++)
    if (!helion_axis(r, c, &dims->at[i], rank, &perm[i]))
      return helion_unknown();
  return permute(r, c, perm, (int)dims->n);
}

helion_value helion_do_unsqueeze(helion_reader *r, const helion_call *c) {
  int at;
  kernel_type in, t;
  if (!tensor_type(r, c, &in) || !helion_axis(r, c, &c->arg[1], in.rank + 1, &at))
    return helion_unknown();
  t = in;
  if (in.rank == KERNEL_RANK_MAX)
    return helion_fail(r, c->node, LOOM_ELIMIT, "reduce or join dimensions first", "a value of more than %d dimensions", KERNEL_RANK_MAX);
  t.rank++;
  for (int i = 0; i < t.rank; i++)
    t.dim[i] = i < at ? in.dim[i] : i == at ? sym_const(r->mem, 1) : in.dim[i - 1];
  return reshaped(r, c, &t, true);
}

static bool has_one_element(helion_reader *r, const sym_expr *e) {
  bool is_one;
  return helion_decide_number(r, SYM_EQ, e, 1, &is_one) ? is_one : helion_is_one(r, e);
}

/* squeeze(): all dims of size 1; squeeze(dim): that one, if it is. */
helion_value helion_do_squeeze(helion_reader *r, const helion_call *c) {
  kernel_type in, t;
  unsigned drop = 0;
  if (!tensor_type(r, c, &in))
    return helion_unknown();
  for (int d = 0; d < in.rank && !c->given[1]; d++)
    drop |= has_one_element(r, in.dim[d]) ? 1u << d : 0;
  for (size_t i = 0; c->given[1] && i < (c->arg[1].kind == HELION_SEQ ? c->arg[1].seq.n : 1); i++) {
    int axis;
    if (!helion_axis(r, c, c->arg[1].kind == HELION_SEQ ? &c->arg[1].seq.at[i] : &c->arg[1], in.rank, &axis))
      return helion_unknown();
    drop |= has_one_element(r, in.dim[axis]) ? 1u << axis : 0;
  }
  t = (kernel_type){.type = in.type};
  for (int d = 0; d < in.rank; d++)
    if (!(drop >> d & 1))
      t.dim[t.rank++] = in.dim[d];
  return reshaped(r, c, &t, true);
}

helion_value helion_do_flatten(helion_reader *r, const helion_call *c) {
  kernel_type in, t;
  int first = 0, last;
  if (!tensor_type(r, c, &in))
    return helion_unknown();
  last = in.rank - 1;
  if ((c->given[1] && !helion_axis(r, c, &c->arg[1], in.rank, &first)) || (c->given[2] && !helion_axis(r, c, &c->arg[2], in.rank, &last)))
    return helion_unknown();
  t = (kernel_type){.type = in.type};
  for (int d = 0; d < in.rank; d++) {
    if (d > first && d <= last)
      t.dim[t.rank - 1] = sym_mul(r->mem, t.dim[t.rank - 1], in.dim[d]);
    else
      t.dim[t.rank++] = in.dim[d];
  }
  if (!in.rank)
    t.dim[t.rank++] = sym_const(r->mem, 1);
  return reshaped(r, c, &t, true);
}

/* One size may be -1: it takes what the other sizes leave over of `in`, which are cancelled one by one. */
static bool infer_size(helion_reader *r, const kernel_type *in, kernel_type *out, int at) {
  bool used[KERNEL_RANK_MAX] = {false};
  for (int i = 0; i < out->rank; i++) {
    bool found = i == at || helion_is_one(r, out->dim[i]);
    for (int j = 0; j < in->rank && !found; j++)
      if (!used[j] && helion_surely_same(r, in->dim[j], out->dim[i]))
        found = used[j] = true;
    for (int j = 0; j < in->rank && !found; j++)
      if (!used[j] && helion_same_size(r, in->dim[j], out->dim[i]))
        found = used[j] = true;
    if (!found)
      return false;
  }
  out->dim[at] = sym_const(r->mem, 1);
  for (int j = 0; j < in->rank; j++)
    if (!used[j])
      out->dim[at] = sym_mul(r->mem, out->dim[at], in->dim[j]);
  return true;
}

/* Sizes of argument 1; *out_open is where -1 stands, or -1. */
static bool new_sizes(helion_reader *r, const helion_call *c, kernel_type *out, int *out_open) {
  const helion_seq *s = &c->arg[1].seq;
  int64_t v;
  if (s->n == 1 && s->at[0].kind == HELION_SEQ)
    s = &s->at[0].seq;
  helion_value sizes = helion_sequence(r, s->n, false);
  *out_open = -1;
  for (size_t i = 0; i < s->n; i++) {
    bool is_open = helion_fixed_int(r, &s->at[i], &v) && v == -1;
    if (is_open && *out_open >= 0)
      return helion_fail(r, c->node, LOOM_EINPUT, "write the other sizes out", "only one size can be -1"), false;
    sizes.seq.at[i] = is_open ? helion_int(r, 1) : s->at[i];
    *out_open = is_open ? (int)i : *out_open;
  }
  return helion_arg_shape(r, c, &sizes, out);
}

static bool is_empty(helion_reader *r, const kernel_type *t) {
  int64_t n;
  for (int d = 0; d < t->rank; d++)
    if (helion_fixed(r, t->dim[d], &n) && n == 0)
      return true;
  return false;
}

static bool product_is_same(helion_reader *r, const kernel_type *a, const kernel_type *b) {
  if (is_empty(r, a) && is_empty(r, b))
    return true;
  const sym_expr *x = sym_const(r->mem, 1), *y = x;
  kernel_type left = *b;
  for (int i = 0; i < a->rank; i++) {   /* equal factors cancel */
    bool found = false;
    for (int j = 0; j < left.rank && !found; j++)
      if (left.dim[j] && helion_surely_same(r, a->dim[i], left.dim[j])) {
        left.dim[j] = NULL;
        found = true;
      }
    x = found ? x : sym_mul(r->mem, x, a->dim[i]);
  }
  for (int j = 0; j < left.rank; j++)
    y = left.dim[j] ? sym_mul(r->mem, y, left.dim[j]) : y;
  return helion_same_size(r, x, y);
}

helion_value helion_do_reshape(helion_reader *r, const helion_call *c) {
  kernel_type in, t;
  int open;
  if (c->fn->detail == 1 && c->given[2] && c->arg[2].kind == HELION_DTYPE && !c->arg[1].seq.n)
    return helion_view_bits(r, c->node, &c->arg[0], c->arg[2].type);
  if (c->fn->detail == 1 && c->arg[1].seq.n == 1 && c->arg[1].seq.at[0].kind == HELION_DTYPE)
    return helion_view_bits(r, c->node, &c->arg[0], c->arg[1].seq.at[0].type);
  if (!tensor_type(r, c, &in) || !new_sizes(r, c, &t, &open))
    return helion_unknown();
  t.type = in.type;
  bool fits = open < 0 || infer_size(r, &in, &t, open);
  if (!fits || !product_is_same(r, &in, &t))
    return helion_fail_shapes(r, c->node, "reshape", &in, &t);
  return reshaped(r, c, &t, c->fn->detail == 0);
}

/* view_as, reshape_as */
helion_value helion_do_view_as(helion_reader *r, const helion_call *c) {
  kernel_type in, t;
  if (!tensor_type(r, c, &in) || !helion_type_of(r, &c->arg[1], &t))
    return helion_unknown();
  t.type = in.type;
  return product_is_same(r, &in, &t) ? reshaped(r, c, &t, c->fn->detail == 0) : helion_fail_shapes(r, c->node, "reshape", &in, &t);
}

static helion_value expanded(helion_reader *r, const helion_call *c, const kernel_type *t) {
  if (c->arg[0].kind == HELION_TENSOR)
    return helion_view_expand(r, c->node, c->arg[0].tensor, t);
  return helion_device(helion_broadcast(r, c->node, c->arg[0].device, t));
}

helion_value helion_do_expand_as(helion_reader *r, const helion_call *c) {
  kernel_type in, t, fit;
  if (!tensor_type(r, c, &in))
    return helion_unknown();
  if (!helion_type_of(r, &c->arg[1], &t))
    return helion_fail(r, c->node, LOOM_EINPUT, "give a tensor", "%s as the shape to expand to", helion_describe(r, &c->arg[1]));
  t.type = in.type;
  if (!helion_broadcast_shape(r, &in, &t, &fit) || !helion_same_shape(r, &fit, &t))
    return helion_fail_shapes(r, c->node, "expand", &in, &t);
  return expanded(r, c, &t);
}

/* expand and broadcast_to: -1 keeps a size. */
helion_value helion_do_expand(helion_reader *r, const helion_call *c) {
  kernel_type in, t, fit;
  bool open[KERNEL_RANK_MAX] = {false};
  const helion_seq *sizes = &c->arg[1].seq;
  if (sizes->n == 1 && sizes->at[0].kind == HELION_SEQ)
    sizes = &sizes->at[0].seq;
  if (!tensor_type(r, c, &in))
    return helion_unknown();
  helion_value given = helion_sequence(r, sizes->n, false);
  for (size_t i = 0; i < sizes->n; i++) {
    int64_t v;
    bool keeps = i < KERNEL_RANK_MAX && helion_fixed_int(r, &sizes->at[i], &v) && v == -1;
    given.seq.at[i] = keeps ? helion_int(r, 1) : sizes->at[i];
    if (keeps)
      open[i] = true;
  }
  if (!helion_arg_shape(r, c, &given, &t))
    return helion_unknown();
  t.type = in.type;
  for (int d = 0; d < t.rank; d++)
    if (open[d] && d >= t.rank - in.rank)
      t.dim[d] = in.dim[d - (t.rank - in.rank)];
  if (!helion_broadcast_shape(r, &in, &t, &fit) || !helion_same_shape(r, &fit, &t))
    return helion_fail_shapes(r, c->node, "expand", &in, &t);
  return expanded(r, c, &t);
}
