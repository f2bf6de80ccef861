/* Table rows that change the shape of device values: transposes, reshapes, broadcasts. */
#include "frontend/helion/helion_device.h"
#include "frontend/helion/helion_ops.h"

static helion_value permute(helion_reader *r, const helion_call *c, const int *perm, int n) {
  if (c->arg[0].kind != HELION_DEVICE)
    return helion_fail(r, c->node, LOOM_EUNSUP, "load the tiles and transpose those", "a transposed view of %s",
                       helion_describe(r, &c->arg[0]));
  const kernel_type in = *helion_type(r, c->arg[0].device);
  kernel_type t = in;
  int seen = 0;
  for (int i = 0; n == in.rank && i < n; i++)
    seen |= perm[i] >= 0 && perm[i] < n ? 1 << perm[i] : 0;
  if (n != in.rank || seen != (1 << n) - 1)
    return helion_fail(r, c->node, LOOM_EINPUT, "name every dimension once", "these dimensions are no permutation for %s",
                       helion_describe(r, &c->arg[0]));
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

static bool axis_arg(helion_reader *r, const helion_call *c, const helion_value *v, int rank, int *out) {
  int64_t axis;
  if (!helion_known_int(r, v, &axis) || axis < -rank || axis >= rank)
    return helion_fail(r, c->node, LOOM_EINPUT, NULL, "dimension %s of %s", helion_describe(r, v), helion_describe(r, &c->arg[0])), false;
  *out = (int)(axis < 0 ? axis + rank : axis);
  return true;
}

helion_value helion_do_transpose(helion_reader *r, const helion_call *c) {
  int perm[KERNEL_RANK_MAX], n = rank_of(r, &c->arg[0]), a, b;
  if (!axis_arg(r, c, &c->arg[1], n, &a) || !axis_arg(r, c, &c->arg[2], n, &b))
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
    return helion_fail(r, c->node, LOOM_EINPUT, NULL, "permute with %zu dimensions", dims->n);
  for (size_t i = 0; i < dims->n; i++)
    if (!axis_arg(r, c, &dims->at[i], rank, &perm[i]))
      return helion_unknown();
  return permute(r, c, perm, (int)dims->n);
}

helion_value helion_do_unsqueeze(helion_reader *r, const helion_call *c) {
  int at;
  if (c->arg[0].kind != HELION_DEVICE)
    return helion_fail(r, c->node, LOOM_EUNSUP, "load the tiles and reshape those", "a view of %s", helion_describe(r, &c->arg[0]));
  const kernel_type in = *helion_type(r, c->arg[0].device);
  kernel_type t = in;
  if (!axis_arg(r, c, &c->arg[1], in.rank + 1, &at))
    return helion_unknown();
  if (in.rank == KERNEL_RANK_MAX)
    return helion_fail(r, c->node, LOOM_ELIMIT, NULL, "a value of more than %d dimensions", KERNEL_RANK_MAX);
  t.rank++;
  for (int i = 0; i < t.rank; i++)
    t.dim[i] = i < at ? in.dim[i] : i == at ? sym_const(r->mem, 1) : in.dim[i - 1];
  return helion_device(helion_emit(r, c->node, KERNEL_RESHAPE, 1, &c->arg[0].device, &t));
}

/* One size may be -1: it takes what the other sizes leave over of `in`, which are cancelled one by one. */
static bool infer_size(helion_reader *r, const kernel_type *in, kernel_type *out, int at) {
  bool used[KERNEL_RANK_MAX] = {false};
  for (int i = 0; i < out->rank; i++) {
    bool found = i == at || helion_is_one(r, out->dim[i]);
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
    bool is_open = helion_known_int(r, &s->at[i], &v) && v == -1;
    if (is_open && *out_open >= 0)
      return helion_fail(r, c->node, LOOM_EINPUT, NULL, "only one size can be -1"), false;
    sizes.seq.at[i] = is_open ? helion_int(r, 1) : s->at[i];
    *out_open = is_open ? (int)i : *out_open;
  }
  return helion_arg_shape(r, c, &sizes, out);
}

static bool product_is_same(helion_reader *r, const kernel_type *a, const kernel_type *b) {
  const sym_expr *x = sym_const(r->mem, 1), *y = x;
  kernel_type left = *b;
  for (int i = 0; i < a->rank; i++) {   /* equal factors cancel */
    bool found = false;
    for (int j = 0; j < left.rank && !found; j++)
      if (left.dim[j] && helion_same_size(r, a->dim[i], left.dim[j])) {
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
  kernel_type t;
  int open;
  if (c->arg[0].kind != HELION_DEVICE)
    return helion_fail(r, c->node, LOOM_EUNSUP, "load the tiles and reshape those", "a view of %s", helion_describe(r, &c->arg[0]));
  const kernel_type in = *helion_type(r, c->arg[0].device);
  if (!new_sizes(r, c, &t, &open))
    return helion_unknown();
  t.type = in.type;
  bool fits = open < 0 || infer_size(r, &in, &t, open);
  if (!fits || !product_is_same(r, &in, &t))
    return helion_fail_shapes(r, c->node, "reshape", &in, &t);
  return helion_device(helion_emit(r, c->node, KERNEL_RESHAPE, 1, &c->arg[0].device, &t));
}

/* expand and broadcast_to: -1 keeps a size. */
helion_value helion_do_expand(helion_reader *r, const helion_call *c) {
  kernel_type t, fit;
  int open;
  kernel_value v;
  if (!helion_on_device(r, c->node, "a broadcast") || !helion_as_value(r, c->node, &c->arg[0], DTYPE_F32, &v) || !new_sizes(r, c, &t, &open))
    return helion_unknown();
  const kernel_type in = *helion_type(r, v);
  if (open >= 0 && open >= t.rank - in.rank)
    t.dim[open] = in.dim[open - (t.rank - in.rank)];
  if (!helion_broadcast_shape(r, &in, &t, &fit) || !helion_same_shape(r, &fit, &t))
    return helion_fail_shapes(r, c->node, "expand", &in, &t);
  return helion_device(helion_broadcast(r, c->node, v, &t));
}
