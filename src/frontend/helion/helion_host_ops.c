/* Table rows of host code: queries and Python builtins. */
#include "frontend/helion/helion_device.h"
#include "frontend/helion/helion_ops.h"
#include "frontend/helion/helion_view.h"
#include <math.h>

/* ---- queries ---- */
helion_value helion_do_shape(helion_reader *r, const helion_call *c) {
  const kernel_type t = helion_self_type(r, c);
  helion_value out = helion_sequence(r, (size_t)t.rank, false);
  for (int i = 0; i < t.rank; i++)
    out.seq.at[i] = helion_size(t.dim[i]);
  return out;
}

static bool axis_of(helion_reader *r, const helion_call *c, int arg, int rank, int64_t *out) {
  if (!helion_arg_int(r, c, arg, "the dimension", out))
    return false;
  *out += *out < 0 ? rank : 0;
  if (*out >= 0 && *out < rank)
    return true;
  helion_fail(r, c->node, LOOM_EINPUT, "dimensions count from 0, or from -1 at the end", "dimension %" PRId64 " of %s, which has %d", *out < 0 ? *out - rank : *out,
              helion_describe(r, &c->arg[0]), rank);
  return false;
}

helion_value helion_do_size(helion_reader *r, const helion_call *c) {
  const kernel_type t = helion_self_type(r, c);
  int64_t axis;
  if (!c->given[1])
    return helion_do_shape(r, c);
  return axis_of(r, c, 1, t.rank, &axis) ? helion_size(t.dim[axis]) : helion_unknown();
}

helion_value helion_do_ndim(helion_reader *r, const helion_call *c) { return helion_int(r, helion_self_type(r, c).rank); }

helion_value helion_do_dtype(helion_reader *r, const helion_call *c) { return helion_dtype(helion_self_type(r, c).type); }

helion_value helion_do_itemsize(helion_reader *r, const helion_call *c) { return helion_int(r, (int64_t)dtype_bytes(c->arg[0].type)); }

helion_value helion_do_numel(helion_reader *r, const helion_call *c) {
  const kernel_type t = helion_self_type(r, c);
  const sym_expr *n = sym_const(r->mem, 1);
  for (int i = 0; i < t.rank; i++)
    n = sym_mul(r->mem, n, t.dim[i]);
  return helion_size(n);
}

helion_value helion_do_opaque(helion_reader *r, const helion_call *c) {
  (void)r;
  (void)c;
  return (helion_value){.kind = HELION_OPAQUE};
}

helion_value helion_do_self(helion_reader *r, const helion_call *c) {
  (void)r;
  return c->arg[0];
}

/* typing.cast(type, value) */
helion_value helion_do_second(helion_reader *r, const helion_call *c) {
  (void)r;
  return c->arg[1];
}

helion_value helion_do_ignore(helion_reader *r, const helion_call *c) {
  (void)r;
  (void)c;
  return helion_none();
}

/* ---- numbers ---- */
/* Each size in the argument is a number of this compile. */
helion_value helion_do_specialize(helion_reader *r, const helion_call *c) {
  int64_t n;
  const helion_value *v = &c->arg[0];
  for (size_t i = 0; i < helion_item_count(v); i++) {
    const helion_value *item = helion_item(v, i);
    bool is_number = item->kind == HELION_INT || item->kind == HELION_FLOAT || item->kind == HELION_BOOL;
    if (!is_number)
      return helion_fail(r, c->node, LOOM_EINPUT, "specialize sizes and numbers: hl.specialize(x.size(0))", "hl.specialize of %s", helion_describe(r, item));
    if (item->kind == HELION_INT && helion_peek(r, item->size, &n))
      helion_assume(r, SYM_EQ, item->size, sym_const(r->mem, n));
  }
  return *v;
}

helion_value helion_do_cdiv(helion_reader *r, const helion_call *c) {
  int64_t by;
  if (c->arg[0].kind != HELION_INT || c->arg[1].kind != HELION_INT || (helion_peek(r, c->arg[1].size, &by) && by < 1))
    return helion_fail(r, c->node, LOOM_EINPUT, "both are ints and the second is positive", "cdiv of %s and %s",
                       helion_describe(r, &c->arg[0]), helion_describe(r, &c->arg[1]));
  if (helion_peek(r, c->arg[1].size, &by))
    helion_assume(r, SYM_GE, c->arg[1].size, sym_const(r->mem, 1));
  return helion_size(sym_ceildiv(r->mem, c->arg[0].size, c->arg[1].size));
}

helion_value helion_do_next_power(helion_reader *r, const helion_call *c) {
  int64_t v, p = 1;
  bool varies = c->arg[0].kind == HELION_INT && !helion_is_fixed(r, c->arg[0].size) && helion_peek(r, c->arg[0].size, &v);
  if (!varies && !helion_arg_int(r, c, 0, "the argument", &v))
    return helion_unknown();
  while (p < v && p <= INT64_MAX / 4)
    p *= 2;
  if (varies) {   /* every size with that power */
    helion_assume(r, SYM_LE, c->arg[0].size, sym_const(r->mem, p));
    if (p > 1)
      helion_assume(r, SYM_GT, c->arg[0].size, sym_const(r->mem, p / 2));
  }
  return helion_int(r, p);
}

helion_value helion_do_bit_length(helion_reader *r, const helion_call *c) {
  int64_t v, bits = 0;
  if (!helion_arg_int(r, c, 0, "the int", &v))
    return helion_unknown();
  for (uint64_t u = v < 0 ? (uint64_t)-(v + 1) + 1 : (uint64_t)v; u; u >>= 1)
    bits++;
  return helion_int(r, bits);
}

helion_value helion_do_len(helion_reader *r, const helion_call *c) {
  kernel_type t;
  const helion_value *v = &c->arg[0];
  if (v->kind == HELION_SEQ)
    return helion_int(r, (int64_t)v->seq.n);
  if (v->kind == HELION_STR)
    return helion_int(r, (int64_t)strlen(v->string));
  if (v->kind == HELION_DICT)
    return helion_int(r, (int64_t)v->dict->n);
  if (helion_type_of(r, v, &t) && t.rank)
    return helion_size(t.dim[0]);
  return helion_fail(r, c->node, LOOM_EINPUT, "len() takes tensors, tuples, lists, dicts and strings", "%s has no len", helion_describe(r, v));
}

helion_value helion_do_int(helion_reader *r, const helion_call *c) {
  if (c->arg[0].kind == HELION_INT)
    return c->arg[0];
  if (c->arg[0].kind == HELION_FLOAT && fabs(c->arg[0].real) < 9e18)
    return helion_int(r, (int64_t)c->arg[0].real);
  if (c->arg[0].kind == HELION_BOOL)
    return helion_int(r, c->arg[0].flag);
  return helion_fail(r, c->node, LOOM_EUNSUP, "int() takes numbers that are known while compiling", "int of %s", helion_describe(r, &c->arg[0]));
}

helion_value helion_do_float(helion_reader *r, const helion_call *c) {
  static const struct {
    const char *text;
    double value;
  } words[] = {{"inf", INFINITY}, {"+inf", INFINITY}, {"-inf", -INFINITY}, {"nan", NAN}, {"infinity", INFINITY}};
  double v;
  if (helion_arg_number(r, c, 0, &v))
    return helion_float(v);
  for (size_t i = 0; c->arg[0].kind == HELION_STR && i < sizeof words / sizeof *words; i++)
    if (text_eq(words[i].text, c->arg[0].string))
      return helion_float(words[i].value);
  return helion_fail(r, c->node, LOOM_EUNSUP, "float() takes numbers that are known while compiling", "float of %s", helion_describe(r, &c->arg[0]));
}

helion_value helion_do_bool(helion_reader *r, const helion_call *c) {
  bool b;
  return helion_truth(r, &c->arg[0], &b) ? helion_bool(b)
                                         : helion_fail(r, c->node, LOOM_EUNSUP, "bool() takes values that are known while compiling", "bool of %s", helion_describe(r, &c->arg[0]));
}

/* slice(stop), slice(start, stop, step): what start:stop:step is in an index. */
helion_value helion_do_slice(helion_reader *r, const helion_call *c) {
  helion_slice *s = ARENA_NEW(r->mem, helion_slice);
  helion_value *part = ARENA_NEW_N(r->mem, helion_value, 3);
  for (int i = 0; i < 3; i++)
    part[i] = c->given[i] ? c->arg[i] : helion_none();
  *s = c->given[1] ? (helion_slice){&part[0], &part[1], &part[2]} : (helion_slice){&part[1], &part[0], &part[2]};
  return (helion_value){.kind = HELION_SLICE, .slice = s};
}

/* min and max of numbers; detail 1: max. */
helion_value helion_do_min_max(helion_reader *r, const helion_call *c) {
  const helion_seq *items = &c->arg[0].seq;
  if (items->n == 1 && items->at[0].kind == HELION_SEQ)
    items = &items->at[0].seq;
  if (!items->n)
    return helion_fail(r, c->node, LOOM_EINPUT, "give at least one value", "min or max of nothing");
  helion_value best = items->at[0];
  for (size_t i = 1; i < items->n; i++) {
    helion_value v = items->at[i];
    int64_t a, b;
    bool known = helion_fixed_int(r, &v, &a) && helion_fixed_int(r, &best, &b);
    if (helion_is_device(&v) || helion_is_device(&best)) {
      best = helion_apply2(r, c->node, c->fn->detail ? KERNEL_FN_MAX : KERNEL_FN_MIN, best, v);
    } else if (v.kind == HELION_INT && best.kind == HELION_INT && !known) {
      best = helion_size((c->fn->detail ? sym_max : sym_min)(r->mem, best.size, v.size));
    } else {
      helion_value less = helion_compare(r, c->node, c->fn->detail ? SYN_Gt : SYN_Lt, v, best);
      if (less.kind != HELION_BOOL)
        return helion_unknown();
      best = less.flag ? v : best;
    }
  }
  return best;
}

helion_value helion_do_abs(helion_reader *r, const helion_call *c) {
  int64_t i;
  if (helion_is_device(&c->arg[0]))
    return helion_apply1(r, c->node, KERNEL_FN_ABS, c->arg[0]);
  if (c->arg[0].kind == HELION_FLOAT)
    return helion_float(fabs(c->arg[0].real));
  if (!helion_arg_int(r, c, 0, "the argument", &i))
    return helion_unknown();
  return i < 0 ? helion_unary(r, c->node, SYN_USub, c->arg[0]) : helion_int(r, i);
}

helion_value helion_do_math(helion_reader *r, const helion_call *c) {
  double x, y = 0;
  if (!helion_arg_number(r, c, 0, &x) || (c->given[1] && !helion_arg_number(r, c, 1, &y)))
    return helion_fail(r, c->node, LOOM_EUNSUP, "math functions take numbers; use torch functions for tensors", "%s of %s", c->fn->path,
                       helion_describe(r, &c->arg[0]));
  switch ((helion_math)c->fn->detail) {
  case HELION_MATH_SQRT: return helion_float(sqrt(x));
  case HELION_MATH_EXP: return helion_float(exp(x));
  case HELION_MATH_LOG: return helion_float(log(x));
  case HELION_MATH_LOG2: return helion_float(log2(x));
  case HELION_MATH_CEIL: return helion_int(r, fabs(x) < 9e18 ? (int64_t)ceil(x) : 0);
  case HELION_MATH_FLOOR: return helion_int(r, fabs(x) < 9e18 ? (int64_t)floor(x) : 0);
  case HELION_MATH_POW: return helion_float(pow(x, y));
  }
  return helion_unknown();
}

/* ---- sequences ---- */
static bool items_of(helion_reader *r, const helion_call *c, const helion_value *v, helion_seq *out) {
  if (v->kind == HELION_SEQ)
    *out = v->seq;
  else
    return helion_fail(r, c->node, LOOM_EUNSUP, "use tuples and lists", "%s over %s", c->fn->path, helion_describe(r, v)), false;
  return true;
}

/* tuple and list; detail 1: list. */
helion_value helion_do_sequence(helion_reader *r, const helion_call *c) {
  helion_seq s = {NULL, 0, false};
  if (c->given[0] && !items_of(r, c, &c->arg[0], &s))
    return helion_unknown();
  s.is_list = c->fn->detail != 0;
  return (helion_value){.kind = HELION_SEQ, .seq = s};
}

helion_value helion_do_zip(helion_reader *r, const helion_call *c) {
  size_t shortest = SIZE_MAX;
  helion_seq s;
  for (size_t i = 0; i < c->arg[0].seq.n; i++) {
    if (!items_of(r, c, &c->arg[0].seq.at[i], &s))
      return helion_unknown();
    shortest = s.n < shortest ? s.n : shortest;
  }
  helion_value out = helion_sequence(r, c->arg[0].seq.n ? shortest : 0, true);
  for (size_t i = 0; i < out.seq.n; i++) {
    out.seq.at[i] = helion_sequence(r, c->arg[0].seq.n, false);
    for (size_t j = 0; j < c->arg[0].seq.n; j++)
      out.seq.at[i].seq.at[j] = c->arg[0].seq.at[j].seq.at[i];
  }
  return out;
}

helion_value helion_do_enumerate(helion_reader *r, const helion_call *c) {
  helion_seq s;
  if (!items_of(r, c, &c->arg[0], &s))
    return helion_unknown();
  helion_value out = helion_sequence(r, s.n, true);
  for (size_t i = 0; i < s.n; i++) {
    out.seq.at[i] = helion_sequence(r, 2, false);
    out.seq.at[i].seq.at[0] = helion_int(r, (int64_t)i);
    out.seq.at[i].seq.at[1] = s.at[i];
  }
  return out;
}

helion_value helion_do_isinstance(helion_reader *r, const helion_call *c) {
  static const struct { const char *path; unsigned kinds; } types[] = {
      {"builtins.int", 1u << HELION_INT | 1u << HELION_BOOL}, {"builtins.float", 1u << HELION_FLOAT},
      {"builtins.bool", 1u << HELION_BOOL},                   {"builtins.str", 1u << HELION_STR},
      {"builtins.tuple", 1u << HELION_SEQ},                   {"builtins.list", 1u << HELION_SEQ},
      {"torch.Tensor", 1u << HELION_TENSOR | 1u << HELION_DEVICE | 1u << HELION_SPEC}};
  size_t n = helion_item_count(&c->arg[1]);
  bool known = false;
  for (size_t i = 0; i < n; i++) {
    const helion_value *t = helion_item(&c->arg[1], i);
    for (size_t j = 0; t->kind == HELION_PATH && j < sizeof types / sizeof *types; j++)
      if (text_eq(types[j].path, t->string)) {
        known = true;
        if (types[j].kinds >> c->arg[0].kind & 1)
          return helion_bool(true);
      }
  }
  return known ? helion_bool(false) : helion_fail(r, c->node, LOOM_EUNSUP, "ask for int, float, bool, str, tuple, list or torch.Tensor", "isinstance with %s", helion_describe(r, &c->arg[1]));
}

/* ---- layout ---- */
helion_value helion_do_true(helion_reader *r, const helion_call *c) {
  (void)r;
  (void)c;
  return helion_bool(true);
}

helion_value helion_do_stride(helion_reader *r, const helion_call *c) {
  const kernel_type t = helion_self_type(r, c);
  int64_t axis;
  helion_value all = helion_sequence(r, (size_t)t.rank, false);
  const sym_expr *step = sym_const(r->mem, 1);
  for (int d = t.rank - 1; d >= 0; d--) {
    all.seq.at[d] = helion_size(c->arg[0].kind == HELION_TENSOR ? helion_view_of(r, c->arg[0].tensor).stride[d] : step);
    step = sym_mul(r->mem, step, t.dim[d]);
  }
  if (!c->given[1])
    return all;
  return axis_of(r, c, 1, t.rank, &axis) ? all.seq.at[axis] : helion_unknown();
}

helion_value helion_do_element_size(helion_reader *r, const helion_call *c) { return helion_int(r, (int64_t)dtype_bytes(helion_self_type(r, c).type)); }

helion_value helion_do_is_float(helion_reader *r, const helion_call *c) { return helion_bool(dtype_is_float(helion_self_type(r, c).type)); }
