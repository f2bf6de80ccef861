/* Table rows of reductions: sums, extrema, means, softmax, argmax, and hl.reduce. */
#include "frontend/helion/helion_device.h"
#include "frontend/helion/helion_ops.h"
#include "frontend/helion/helion_reduce.h"
#include <math.h>

/* ---- axes ---- */
bool helion_axis(helion_reader *r, const helion_call *c, const helion_value *v, int rank, int *out) {
  int64_t axis;
  if (!helion_known_int(r, v, &axis) || axis < -rank || axis >= rank)
    return helion_fail(r, c->node, LOOM_EINPUT, "dimensions are ints and count from 0, or from -1 at the end", "%s is no dimension of %s", helion_describe(r, v),
                       helion_describe(r, &c->arg[0])), false;
  *out = (int)(axis < 0 ? axis + rank : axis);
  return true;
}

static bool add_axis(helion_reader *r, const helion_call *c, const helion_value *v, int rank, int64_t *mask) {
  int axis;
  if (!helion_axis(r, c, v, rank, &axis))
    return false;
  *mask |= (int64_t)1 << axis;
  return true;
}

bool helion_axes(helion_reader *r, const helion_call *c, int arg, int rank, int64_t *mask) {
  *mask = 0;
  if (!c->given[arg] || c->arg[arg].kind == HELION_NONE)
    *mask = ((int64_t)1 << rank) - 1;
  else if (c->arg[arg].kind != HELION_SEQ)
    return add_axis(r, c, &c->arg[arg], rank, mask);
  for (size_t i = 0; c->arg[arg].kind == HELION_SEQ && i < c->arg[arg].seq.n; i++)
    if (!add_axis(r, c, &c->arg[arg].seq.at[i], rank, mask))
      return false;
  return true;
}

bool helion_flag(helion_reader *r, const helion_call *c, int arg, const char *what, bool *out) {
  *out = false;
  if (!c->given[arg] || helion_truth(r, &c->arg[arg], out))
    return true;
  helion_fail(r, c->node, LOOM_EINPUT, "write True or False", "%s is %s", what, helion_describe(r, &c->arg[arg]));
  return false;
}

/* ---- emitting ---- */
double helion_neutral(kernel_fn fn, dtype t) {
  static const struct { dtype type; double low, high; } limits[] = {
      {DTYPE_I8, -128, 127}, {DTYPE_U8, 0, 255}, {DTYPE_I16, -32768, 32767}, {DTYPE_I32, -2147483648.0, 2147483647.0},
      {DTYPE_I64, -9007199254740992.0, 9007199254740992.0}, {DTYPE_BOOL, 0, 1}};
  bool is_max = fn == KERNEL_FN_MAX || fn == KERNEL_FN_ARGMAX, is_min = fn == KERNEL_FN_MIN || fn == KERNEL_FN_ARGMIN;
  for (size_t i = 0; (is_max || is_min) && i < sizeof limits / sizeof *limits; i++)
    if (limits[i].type == t)
      return is_max ? limits[i].low : limits[i].high;
  return is_max ? -INFINITY : is_min ? INFINITY : fn == KERNEL_FN_MUL ? 1 : 0;
}

kernel_value helion_emit_reduce(helion_reader *r, const syn_node *n, kernel_value v, kernel_fn fn, int64_t mask, bool keep) {
  bool is_arg = fn == KERNEL_FN_ARGMAX || fn == KERNEL_FN_ARGMIN;
  if (!mask)
    return v;
  v = helion_mask_dims(r, n, v, helion_neutral(fn, helion_type(r, v)->type), mask);
  const kernel_type in = *helion_type(r, v);
  kernel_type t = {.type = is_arg ? DTYPE_I64 : in.type};
  for (int i = 0; i < in.rank; i++)
    if (!(mask >> i & 1))
      t.dim[t.rank++] = in.dim[i];
    else if (keep)
      t.dim[t.rank++] = sym_const(r->mem, 1);
  kernel_value out = helion_emit(r, n, KERNEL_REDUCE, 1, &v, &t);
  kernel_op *op = helion_def(r, out);
  op->fn = fn;
  op->ivalue = mask;
  op->flag = keep;
  return out;
}

static bool operand(helion_reader *r, const helion_call *c, kernel_value *out) {
  return helion_on_device(r, c->node, "a reduction") && helion_as_value(r, c->node, &c->arg[0], DTYPE_F32, out);
}

/* sum, prod, amax, amin: sums and products of ints are i64. */
helion_value helion_do_reduce(helion_reader *r, const helion_call *c) {
  kernel_value v;
  int64_t mask;
  bool keep;
  kernel_fn fn = (kernel_fn)c->fn->detail;
  if (!operand(r, c, &v) || !helion_axes(r, c, 1, helion_type(r, v)->rank, &mask) || !helion_flag(r, c, 2, "keepdim", &keep))
    return helion_unknown();
  bool widens = (fn == KERNEL_FN_ADD || fn == KERNEL_FN_MUL) && !dtype_is_float(helion_type(r, v)->type);
  dtype t = widens ? DTYPE_I64 : helion_type(r, v)->type;
  if (!helion_arg_dtype(r, c, 3, t, &t))
    return helion_unknown();
  return helion_device(helion_emit_reduce(r, c->node, helion_cast(r, c->node, v, t), fn, mask, keep));
}

/* any, all; the row's detail is MAX or MIN of bools. */
helion_value helion_do_any_all(helion_reader *r, const helion_call *c) {
  kernel_value v;
  int64_t mask;
  bool keep;
  if (!operand(r, c, &v) || !helion_axes(r, c, 1, helion_type(r, v)->rank, &mask) || !helion_flag(r, c, 2, "keepdim", &keep))
    return helion_unknown();
  dtype t = helion_type(r, v)->type;
  if (t != DTYPE_BOOL)
    v = helion_fn2(r, c->node, KERNEL_FN_NE, v, helion_constant(r, c->node, 0, t));
  return helion_device(helion_emit_reduce(r, c->node, v, (kernel_fn)c->fn->detail, mask, keep));
}

/* max(x): the largest; max(x, dim): values and indices; max(x, other): the larger of two. */
helion_value helion_do_max_min(helion_reader *r, const helion_call *c) {
  kernel_value v;
  int axis;
  bool keep, is_max = c->fn->detail == KERNEL_FN_MAX;
  if (c->given[1] && helion_is_device(&c->arg[1]))
    return helion_apply2(r, c->node, (kernel_fn)c->fn->detail, c->arg[0], c->arg[1]);
  if (!operand(r, c, &v) || !helion_flag(r, c, 2, "keepdim", &keep))
    return helion_unknown();
  int rank = helion_type(r, v)->rank;
  if (!c->given[1] || c->arg[1].kind == HELION_NONE)
    return helion_device(helion_emit_reduce(r, c->node, v, (kernel_fn)c->fn->detail, ((int64_t)1 << rank) - 1, false));
  if (!helion_axis(r, c, &c->arg[1], rank, &axis))
    return helion_unknown();
  helion_value both = helion_sequence(r, 2, false);
  both.seq.at[0] = helion_device(helion_emit_reduce(r, c->node, v, (kernel_fn)c->fn->detail, (int64_t)1 << axis, keep));
  both.seq.at[1] = helion_device(helion_emit_reduce(r, c->node, v, is_max ? KERNEL_FN_ARGMAX : KERNEL_FN_ARGMIN, (int64_t)1 << axis, keep));
  return both;
}

/* torch.max(x, dim).values and .indices: items 0 and 1 of the tuple. */
helion_value helion_do_extremum_part(helion_reader *r, const helion_call *c) {
  const helion_seq *s = &c->arg[0].seq;
  kernel_type t;
  if (s->n != 2 || !helion_type_of(r, &s->at[1], &t) || t.type != DTYPE_I64)
    return helion_fail(r, c->node, LOOM_EINPUT, "only the result of torch.max(x, dim) or torch.min(x, dim) has it", "\"%s\" of %s", c->fn->path,
                       helion_describe(r, &c->arg[0]));
  return s->at[c->fn->detail];
}

/* argmax, argmin along one dim, or of all elements in row-major order. */
helion_value helion_do_arg_reduce(helion_reader *r, const helion_call *c) {
  kernel_value v;
  int axis = 0;
  bool keep;
  if (!operand(r, c, &v) || !helion_flag(r, c, 2, "keepdim", &keep))
    return helion_unknown();
  const kernel_type in = *helion_type(r, v);
  if (!c->given[1] || c->arg[1].kind == HELION_NONE) {
    kernel_type flat = {.type = in.type, .rank = 1, .dim = {sym_const(r->mem, 1)}};
    for (int d = 0; d < in.rank; d++)
      flat.dim[0] = sym_mul(r->mem, flat.dim[0], in.dim[d]);
    v = helion_mask_to(r, c->node, v, helion_neutral((kernel_fn)c->fn->detail, in.type));
    v = in.rank == 1 ? v : helion_emit(r, c->node, KERNEL_RESHAPE, 1, &v, &flat);
  } else if (!helion_axis(r, c, &c->arg[1], in.rank, &axis)) {
    return helion_unknown();
  }
  return helion_device(helion_emit_reduce(r, c->node, v, (kernel_fn)c->fn->detail, (int64_t)1 << axis, keep));
}

static helion_value size_value(helion_reader *r, const syn_node *n, const sym_expr *size, dtype type) {
  int64_t known;
  if (helion_fixed(r, size, &known) && helion_same_size(r, size, sym_const(r->mem, known)))
    return helion_float((double)known);
  kernel_value v = helion_emit(r, n, KERNEL_INDEX_EXPR, 0, NULL, &(kernel_type){.type = DTYPE_I64});
  helion_def(r, v)->expr = size;
  return helion_device(helion_cast(r, n, v, type));
}

/* The number of elements along the reduced dims, less `correction`, as a number or a value: of padded and jagged tiles the lanes that are valid, a
 * number for each row where rows end early.  It broadcasts to the sum. */
static helion_value element_count(helion_reader *r, const syn_node *n, const kernel_type *t, int64_t mask, bool keep, dtype type, double correction) {
  const sym_expr *size = sym_const(r->mem, 1), *one = size;
  kernel_value lanes = helion_lanes_along(r, n, t, mask);
  for (int i = 0; i < t->rank; i++)
    if ((mask >> i & 1) && (lanes < 0 || sym_equal(helion_type(r, lanes)->dim[i], one)))
      size = sym_mul(r->mem, size, t->dim[i]);
  bool is_whole = correction >= 0 && correction <= INT32_MAX && !(correction < (double)(int64_t)correction) && !(correction > (double)(int64_t)correction);
  if (lanes < 0 && is_whole)
    return size_value(r, n, sym_sub(r->mem, size, sym_const(r->mem, (int64_t)correction)), type);
  helion_value count = size_value(r, n, size, type);
  if (lanes >= 0) {
    helion_value valid = helion_device(helion_emit_reduce(r, n, helion_cast(r, n, lanes, type), KERNEL_FN_ADD, mask, keep));
    count = sym_equal(size, one) ? valid : helion_apply2(r, n, KERNEL_FN_MUL, valid, count);
  }
  if (is_whole && (int64_t)correction == 0)
    return count;
  return helion_binary(r, n, SYN_Sub, count, helion_float(correction));
}

/* The sum in f32 over the number of elements, rounded once. */
helion_value helion_do_mean(helion_reader *r, const helion_call *c) {
  kernel_value v;
  int64_t mask;
  bool keep;
  dtype to;
  if (!operand(r, c, &v) || !helion_axes(r, c, 1, helion_type(r, v)->rank, &mask) || !helion_flag(r, c, 2, "keepdim", &keep) ||
      !helion_arg_dtype(r, c, 3, helion_type(r, v)->type, &to))
    return helion_unknown();
  const kernel_type in = *helion_type(r, v);
  dtype wide = to == DTYPE_F64 ? DTYPE_F64 : DTYPE_F32;
  helion_value count;
  if (!dtype_is_float(to))
    return helion_fail(r, c->node, LOOM_EINPUT, "cast to a float type first", "the mean of %s", helion_describe(r, &c->arg[0]));
  count = element_count(r, c->node, &in, mask, keep, wide, 0);
  helion_value sum = helion_device(helion_emit_reduce(r, c->node, helion_cast(r, c->node, v, wide), KERNEL_FN_ADD, mask, keep));
  sum = helion_apply2(r, c->node, KERNEL_FN_DIV, sum, count);
  return sum.kind == HELION_DEVICE ? helion_device(helion_cast(r, c->node, sum.device, to)) : sum;
}

/* The correction of a variance: correction=, or 1 or 0 by `unbiased`; 1 when nothing is told. */
static bool correction_of(helion_reader *r, const helion_call *c, double *out) {
  bool unbiased = true;
  *out = 1;
  if (c->given[4] && c->arg[4].kind != HELION_NONE && !helion_arg_number(r, c, 4, out))
    return helion_fail(r, c->node, LOOM_EINPUT, "give a number", "a correction of %s", helion_describe(r, &c->arg[4])), false;
  if (c->given[2]) {
    if (!helion_flag(r, c, 2, "unbiased", &unbiased))
      return false;
    *out = unbiased;
  }
  return true;
}

static helion_value rounded(helion_reader *r, const syn_node *n, helion_value v, dtype t) {
  return v.kind == HELION_DEVICE ? helion_device(helion_cast(r, n, v.device, t)) : v;
}

/* The sum over the dims of `mask` by `count`. */
static helion_value average(helion_reader *r, const syn_node *n, helion_value x, int64_t mask, bool keep, helion_value count) {
  return helion_apply2(r, n, KERNEL_FN_DIV, helion_device(helion_emit_reduce(r, n, x.device, KERNEL_FN_ADD, mask, keep)), count);
}

/* var (detail 0), std (1), var_mean (2), std_mean (3): two passes in f32. */
helion_value helion_do_var(helion_reader *r, const helion_call *c) {
  const syn_node *n = c->node;
  kernel_value v;
  int64_t mask;
  double correction;
  bool keep;
  if (!operand(r, c, &v) || !helion_axes(r, c, 1, helion_type(r, v)->rank, &mask) || !helion_flag(r, c, 3, "keepdim", &keep) ||
      !correction_of(r, c, &correction))
    return helion_unknown();
  const kernel_type in = *helion_type(r, v);
  dtype wide = in.type == DTYPE_F64 ? DTYPE_F64 : DTYPE_F32;
  helion_value count, x = helion_device(helion_cast(r, n, v, wide));
  if (!dtype_is_float(in.type))
    return helion_fail(r, n, LOOM_EINPUT, "cast to a float type first", "the variance of %s", helion_describe(r, &c->arg[0]));
  count = element_count(r, n, &in, mask, keep, wide, 0);
  helion_value each = keep ? count : element_count(r, n, &in, mask, true, wide, 0);
  helion_value d = helion_apply2(r, n, KERNEL_FN_SUB, x, average(r, n, x, mask, true, each)), square = helion_apply2(r, n, KERNEL_FN_MUL, d, d);
  helion_value out = average(r, n, square, mask, keep, element_count(r, n, &in, mask, keep, wide, correction));
  if (c->fn->detail & 1)
    out = helion_apply1(r, n, KERNEL_FN_SQRT, out);
  if (c->fn->detail < 2)
    return rounded(r, n, out, in.type);
  helion_value both = helion_sequence(r, 2, false);
  both.seq.at[0] = rounded(r, n, out, in.type);
  both.seq.at[1] = rounded(r, n, average(r, n, x, mask, keep, count), in.type);
  return both;
}

static bool wide_float(helion_reader *r, const helion_call *c, kernel_value v, dtype to, helion_value *out) {
  if (!dtype_is_float(to))
    return helion_fail(r, c->node, LOOM_EINPUT, "cast to a float type first", "%s of %s", c->fn->path, helion_describe(r, &c->arg[0])), false;
  *out = helion_device(helion_cast(r, c->node, v, to == DTYPE_F64 ? to : DTYPE_F32));
  return true;
}

/* softmax (detail 0) and log_softmax (1) along one dim, computed in f32 and rounded once. */
helion_value helion_do_softmax(helion_reader *r, const helion_call *c) {
  const syn_node *n = c->node;
  kernel_value v;
  int axis;
  dtype to;
  helion_value x, out;
  if (!operand(r, c, &v) || !helion_axis(r, c, &c->arg[1], helion_type(r, v)->rank, &axis) ||
      !helion_arg_dtype(r, c, 2, helion_type(r, v)->type, &to) || !wide_float(r, c, v, to, &x))
    return helion_unknown();
  int64_t mask = (int64_t)1 << axis;
  helion_value top = helion_device(helion_emit_reduce(r, n, x.device, KERNEL_FN_MAX, mask, true)), shifted = helion_apply2(r, n, KERNEL_FN_SUB, x, top);
  helion_value e = helion_apply1(r, n, KERNEL_FN_EXP, shifted);
  helion_value sum = helion_device(helion_emit_reduce(r, n, e.device, KERNEL_FN_ADD, mask, true));
  if (c->fn->detail == 0)
    out = helion_apply2(r, n, KERNEL_FN_DIV, e, sum);
  else
    out = helion_apply2(r, n, KERNEL_FN_SUB, shifted, helion_apply1(r, n, KERNEL_FN_LOG, sum));
  return rounded(r, n, out, to);
}

/* top + log(sum(exp(x - top))) with the largest element `top`, or 0 where that is infinite: a row of -inf gives -inf. */
helion_value helion_do_logsumexp(helion_reader *r, const helion_call *c) {
  const syn_node *n = c->node;
  kernel_value v;
  int64_t mask;
  bool keep;
  helion_value x;
  if (!operand(r, c, &v) || !helion_axes(r, c, 1, helion_type(r, v)->rank, &mask) || !helion_flag(r, c, 2, "keepdim", &keep) ||
      !wide_float(r, c, v, dtype_is_float(helion_type(r, v)->type) ? helion_type(r, v)->type : DTYPE_F32, &x))
    return helion_unknown();
  dtype to = dtype_is_float(helion_type(r, v)->type) ? helion_type(r, v)->type : DTYPE_F32;
  kernel_value top = helion_emit_reduce(r, n, x.device, KERNEL_FN_MAX, mask, true), zero = helion_constant(r, n, 0, helion_type(r, x.device)->type);
  kernel_type t = *helion_type(r, top);
  top = helion_emit(r, n, KERNEL_SELECT, 3, (kernel_value[]){helion_fn1(r, n, KERNEL_FN_ISINF, top), zero, top}, &t);
  helion_value e = helion_apply1(r, n, KERNEL_FN_EXP, helion_apply2(r, n, KERNEL_FN_SUB, x, helion_device(top)));
  kernel_value sum = helion_emit_reduce(r, n, e.device, KERNEL_FN_ADD, mask, keep);
  kernel_type reduced = *helion_type(r, sum);
  if (!helion_same_shape(r, &reduced, &t))
    top = helion_emit(r, n, KERNEL_RESHAPE, 1, &top, &reduced);
  return rounded(r, n, helion_apply2(r, n, KERNEL_FN_ADD, helion_apply1(r, n, KERNEL_FN_LOG, helion_device(sum)), helion_device(top)), to);
}
