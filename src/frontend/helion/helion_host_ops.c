/* Table rows of host code: shapes, allocations, loop ranges and Python builtins. */
#include "frontend/helion/helion_device.h"
#include "frontend/helion/helion_ops.h"
#include <math.h>

/* ---- queries ---- */
helion_value helion_do_shape(helion_reader *r, const helion_call *c) {
  kernel_type t;
  if (!helion_type_of(r, &c->arg[0], &t))
    return helion_unknown();
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
  helion_fail(r, c->node, LOOM_EINPUT, NULL, "dimension %" PRId64 " of %s, which has %d", *out < 0 ? *out - rank : *out, helion_describe(r, &c->arg[0]), rank);
  return false;
}

helion_value helion_do_size(helion_reader *r, const helion_call *c) {
  kernel_type t;
  int64_t axis;
  if (!c->given[1])
    return helion_do_shape(r, c);
  if (!helion_type_of(r, &c->arg[0], &t) || !axis_of(r, c, 1, t.rank, &axis))
    return helion_unknown();
  return helion_size(t.dim[axis]);
}

helion_value helion_do_ndim(helion_reader *r, const helion_call *c) {
  kernel_type t;
  return helion_type_of(r, &c->arg[0], &t) ? helion_int(r, t.rank) : helion_unknown();
}

helion_value helion_do_dtype(helion_reader *r, const helion_call *c) {
  kernel_type t;
  return helion_type_of(r, &c->arg[0], &t) ? helion_dtype(t.type) : helion_unknown();
}

helion_value helion_do_itemsize(helion_reader *r, const helion_call *c) { return helion_int(r, (int64_t)dtype_bytes(c->arg[0].type)); }

helion_value helion_do_numel(helion_reader *r, const helion_call *c) {
  kernel_type t;
  const sym_expr *n = sym_const(r->mem, 1);
  if (!helion_type_of(r, &c->arg[0], &t))
    return helion_unknown();
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

helion_value helion_do_ignore(helion_reader *r, const helion_call *c) {
  (void)r;
  (void)c;
  return helion_none();
}

/* ---- creation: arguments in bind_args, allocations on the host, tiles on the device ---- */
static helion_value make_spec(helion_reader *r, const kernel_type *t, kernel_init init, double lo, double hi) {
  helion_spec *s = ARENA_NEW(r->mem, helion_spec);
  *s = (helion_spec){.type = t->type, .rank = t->rank, .init = init, .lo = lo, .hi = hi};
  memcpy(s->dim, t->dim, sizeof s->dim);
  return (helion_value){.kind = HELION_SPEC, .spec = s};
}

static helion_value allocate(helion_reader *r, const helion_call *c, const kernel_type *t, kernel_fill fill, double value) {
  for (int i = 0; i < t->rank; i++) {
    int64_t n;
    if (!helion_known(r, t->dim[i], &n))
      return helion_fail(r, c->node, LOOM_EUNSUP, "allocate with sizes of the arguments", "a host tensor whose size %s depends on a block size", helion_show_size(r, t->dim[i]));
  }
  kernel_tensor k = kernel_add_tensor(r->mem, r->graph, "", KERNEL_ALLOC, *t);   /* the variable it is assigned to names it */
  kernel_tensor_info *info = &r->graph->tensors.at[k];
  info->fill = fill;
  info->fill_value = value;
  info->span = c->node->span;
  return helion_tensor(k);
}

/* Contents `value` everywhere, or left open when `fill` is EMPTY. */
static helion_value create(helion_reader *r, const helion_call *c, const kernel_type *t, kernel_fill fill, kernel_init init, double value) {
  if (r->is_binding)
    return make_spec(r, t, init, value, 0);
  if (!r->region)
    return allocate(r, c, t, fill, value);
  return helion_device(helion_full(r, c->node, value, t));
}

static helion_value create_kind(helion_reader *r, const helion_call *c, const kernel_type *t, helion_creation kind) {
  switch (kind) {
  case HELION_CREATE_EMPTY: return create(r, c, t, KERNEL_FILL_EMPTY, KERNEL_INIT_EMPTY, 0);
  case HELION_CREATE_ZEROS: return create(r, c, t, KERNEL_FILL_ZERO, KERNEL_INIT_ZEROS, 0);
  case HELION_CREATE_ONES: return create(r, c, t, KERNEL_FILL_VALUE, KERNEL_INIT_ONES, 1);
  default: break;
  }
  if (r->is_binding)
    return make_spec(r, t, kind == HELION_CREATE_RANDN ? KERNEL_INIT_RANDN : KERNEL_INIT_RAND, 0, 0);
  return helion_fail(r, c->node, LOOM_EUNSUP, "pass it as an argument of the kernel", "random numbers in a kernel");
}

/* torch.empty(*size | size, dtype): the first parameter collects everything. */
helion_value helion_do_create(helion_reader *r, const helion_call *c) {
  kernel_type t = {.rank = 0};
  const helion_value *size = c->given[1] ? &c->arg[1] : &c->arg[0];   /* size= as a keyword */
  if (!helion_arg_shape(r, c, size, &t) || !helion_arg_dtype(r, c, 2, DTYPE_F32, &t.type))
    return helion_unknown();
  return create_kind(r, c, &t, (helion_creation)c->fn->detail);
}

/* hl.zeros(shape, dtype) */
helion_value helion_do_device_zeros(helion_reader *r, const helion_call *c) {
  kernel_type t = {.rank = 0};
  if (!helion_arg_shape(r, c, &c->arg[0], &t) || !helion_arg_dtype(r, c, 1, DTYPE_F32, &t.type))
    return helion_unknown();
  return create_kind(r, c, &t, HELION_CREATE_ZEROS);
}

static bool number_of(helion_reader *r, const helion_call *c, int arg, double *out) {
  int64_t i;
  if (c->arg[arg].kind == HELION_FLOAT)
    *out = c->arg[arg].real;
  else if (helion_known_int(r, &c->arg[arg], &i))
    *out = (double)i;
  else
    return false;
  return true;
}

static dtype type_of_number(const helion_value *v) { return v->kind == HELION_FLOAT || v->kind == HELION_DEVICE ? DTYPE_F32 : v->kind == HELION_BOOL ? DTYPE_BOOL : DTYPE_I64; }

/* `value` of argument `arg` everywhere; a 0-d device value on the device. */
static helion_value create_full(helion_reader *r, const helion_call *c, const kernel_type *t, int arg) {
  double value;
  kernel_value scalar;
  if (number_of(r, c, arg, &value))
    return create(r, c, t, KERNEL_FILL_VALUE, KERNEL_INIT_FULL, value);
  if (!r->region || !helion_as_value(r, c->node, &c->arg[arg], t->type, &scalar))
    return helion_fail(r, c->node, LOOM_EINPUT, NULL, "a tensor cannot be filled with %s", helion_describe(r, &c->arg[arg]));
  return helion_device(helion_broadcast(r, c->node, helion_cast(r, c->node, scalar, t->type), t));
}

helion_value helion_do_create_full(helion_reader *r, const helion_call *c) {
  kernel_type t = {.rank = 0};
  dtype missing = c->fn->detail ? DTYPE_F32 : type_of_number(&c->arg[1]);   /* hl.full: f32; torch.full: the type of the value */
  if (!helion_arg_shape(r, c, &c->arg[0], &t) || !helion_arg_dtype(r, c, 2, missing, &t.type))
    return helion_unknown();
  return create_full(r, c, &t, 1);
}

/* torch.randint(high, size) or (low, high, size). */
helion_value helion_do_randint(helion_reader *r, const helion_call *c) {
  kernel_type t = {.rank = 0};
  double lo = 0, hi = 0;
  bool has_low = c->given[1] && c->arg[1].kind != HELION_SEQ;
  int size = c->given[2] ? 2 : 1;
  if (!r->is_binding)
    return helion_fail(r, c->node, LOOM_EUNSUP, "pass it as an argument of the kernel", "random numbers in a kernel");
  if (!number_of(r, c, has_low ? 1 : 0, &hi) || (has_low && !number_of(r, c, 0, &lo)))
    return helion_fail(r, c->node, LOOM_EINPUT, NULL, "the bounds of torch.randint are not known");
  if (!helion_arg_shape(r, c, &c->arg[size], &t) || !helion_arg_dtype(r, c, 3, DTYPE_I64, &t.type))
    return helion_unknown();
  return make_spec(r, &t, KERNEL_INIT_RANDINT, lo, hi);
}

static bool like(helion_reader *r, const helion_call *c, int dtype_arg, kernel_type *out) {
  if (!helion_type_of(r, &c->arg[0], out))
    return helion_fail(r, c->node, LOOM_EINPUT, NULL, "%s is no tensor", helion_describe(r, &c->arg[0])), false;
  return helion_arg_dtype(r, c, dtype_arg, out->type, &out->type);
}

helion_value helion_do_create_like(helion_reader *r, const helion_call *c) {
  kernel_type t;
  return like(r, c, 1, &t) ? create_kind(r, c, &t, (helion_creation)c->fn->detail) : helion_unknown();
}

helion_value helion_do_full_like(helion_reader *r, const helion_call *c) {
  kernel_type t;
  return like(r, c, 2, &t) ? create_full(r, c, &t, 1) : helion_unknown();
}

/* x.new_empty(*size | size, dtype) */
helion_value helion_do_new(helion_reader *r, const helion_call *c) {
  kernel_type t;
  if (!like(r, c, 2, &t) || !helion_arg_shape(r, c, &c->arg[1], &t))
    return helion_unknown();
  return create_kind(r, c, &t, (helion_creation)c->fn->detail);
}

helion_value helion_do_new_full(helion_reader *r, const helion_call *c) {
  kernel_type t;
  return like(r, c, 3, &t) && helion_arg_shape(r, c, &c->arg[1], &t) ? create_full(r, c, &t, 2) : helion_unknown();
}

helion_value helion_do_promote(helion_reader *r, const helion_call *c) {
  dtype a, b;
  (void)r;
  return helion_arg_dtype(r, c, 0, DTYPE_F32, &a) && helion_arg_dtype(r, c, 1, DTYPE_F32, &b) ? helion_dtype(dtype_promote(a, b)) : helion_unknown();
}

/* ---- tensors of bind_args ---- */
static helion_value spec_as(helion_reader *r, const helion_value *v, dtype to) {
  kernel_type t;
  helion_type_of(r, v, &t);
  t.type = to;
  return make_spec(r, &t, v->spec->init, v->spec->lo, v->spec->hi);
}

/* x.to(dtype | device) */
helion_value helion_do_spec_to(helion_reader *r, const helion_call *c) {
  for (int i = 1; i <= 2; i++)
    if (c->given[i] && c->arg[i].kind == HELION_DTYPE)
      return spec_as(r, &c->arg[0], c->arg[i].type);
  return c->arg[0];
}

helion_value helion_do_spec_cast(helion_reader *r, const helion_call *c) { return spec_as(r, &c->arg[0], (dtype)c->fn->detail); }

/* ---- loop ranges ---- */
static size_t item_count(const helion_value *v) { return v->kind == HELION_SEQ ? v->seq.n : 1; }
static const helion_value *item(const helion_value *v, size_t i) { return v->kind == HELION_SEQ ? &v->seq.at[i] : v; }

static bool bound(helion_reader *r, const helion_call *c, const helion_value *v, const sym_expr **out) {
  if (v->kind == HELION_INT) {
    *out = v->size;
    return true;
  }
  if (v->kind != HELION_UNKNOWN)
    helion_fail(r, c->node, v->kind == HELION_DEVICE ? LOOM_EUNSUP : LOOM_EINPUT, "bounds are sizes of arguments and ints", "%s as a bound of a loop", helion_describe(r, v));
  return false;
}

static bool block_size(helion_reader *r, const helion_call *c, const helion_value *v, int *out) {
  int64_t fixed;
  *out = -1;
  if (v->kind == HELION_NONE)
    return true;
  int s = v->kind == HELION_INT ? helion_symbol_of(r, v->size) : -1;
  if (s >= 0 && r->symbols.at[s].kind == KERNEL_SYM_BLOCK) {
    *out = s;
    return true;
  }
  if (helion_known_int(r, v, &fixed) && fixed >= 1) {
    *out = helion_symbol_new(r, KERNEL_SYM_BLOCK, NULL, fixed, c->node);
    return true;
  }
  if (v->kind != HELION_UNKNOWN)
    helion_fail(r, c->node, v->kind == HELION_INT && !helion_known_int(r, v, &fixed) ? LOOM_EUNSUP : LOOM_EINPUT, "a block size is a positive int or comes from hl.register_block_size",
                "%s as a block size", helion_describe(r, v));
  return false;
}

static helion_value make_loop(helion_reader *r, const helion_call *c, helion_loop_kind kind, const helion_value *begin, const helion_value *end, const helion_value *step) {
  helion_loop *l = ARENA_NEW(r->mem, helion_loop);
  size_t n = item_count(end);
  l->kind = kind;
  l->is_list = end->kind == HELION_SEQ;
  l->n = (int)n;
  if (n < 1 || n > KERNEL_RANK_MAX)
    return helion_fail(r, c->node, n ? LOOM_ELIMIT : LOOM_EINPUT, NULL, "a loop over %zu ranges; 1 to %d are allowed", n, KERNEL_RANK_MAX);
  if ((begin && begin->kind == HELION_SEQ && begin->seq.n != n) || (step && step->kind == HELION_SEQ && step->seq.n != n))
    return helion_fail(r, c->node, LOOM_EINPUT, "give the same number of begins, ends and block sizes", "the lists of this loop have different lengths");
  for (size_t i = 0; i < n; i++) {
    helion_range *range = &l->range[i];
    range->begin = sym_const(r->mem, 0);
    range->block = -1;
    if ((begin && !bound(r, c, item(begin, i), &range->begin)) || !bound(r, c, item(end, i), &range->end))
      return helion_unknown();
    if (step && kind == HELION_LOOP_TILE ? !block_size(r, c, item(step, i), &range->block) : step && step->kind != HELION_NONE && !bound(r, c, item(step, i), &range->step))
      return helion_unknown();
  }
  return (helion_value){.kind = HELION_LOOP, .loop = l};
}

/* hl.tile(end), (begin, end), (begin, end, block_size) and block_size= */
static helion_value loop_of(helion_reader *r, const helion_call *c, helion_loop_kind kind) {
  bool has_end = c->given[1] && c->arg[1].kind != HELION_NONE;
  return make_loop(r, c, kind, has_end ? &c->arg[0] : NULL, has_end ? &c->arg[1] : &c->arg[0], c->given[2] ? &c->arg[2] : NULL);
}

helion_value helion_do_tile_range(helion_reader *r, const helion_call *c) { return loop_of(r, c, HELION_LOOP_TILE); }
helion_value helion_do_grid(helion_reader *r, const helion_call *c) { return loop_of(r, c, HELION_LOOP_GRID); }
helion_value helion_do_range(helion_reader *r, const helion_call *c) { return loop_of(r, c, HELION_LOOP_RANGE); }

helion_value helion_do_register_block(helion_reader *r, const helion_call *c) {
  const helion_value *max = c->given[1] ? &c->arg[1] : &c->arg[0];
  if (max->kind != HELION_INT)
    return helion_fail(r, c->node, LOOM_EINPUT, "give the size of the range it will tile", "%s as the bound of a block size", helion_describe(r, max));
  int s = helion_symbol_new(r, KERNEL_SYM_BLOCK, "block", -1, c->node);
  r->symbols.at[s].extent = max->size;
  return helion_size(helion_symbol_expr(r, s));
}

helion_value helion_do_block_size(helion_reader *r, const helion_call *c) { return helion_size(helion_symbol_expr(r, c->arg[0].tile.block)); }

helion_value helion_do_barrier(helion_reader *r, const helion_call *c) {
  if (r->region)
    return helion_fail(r, c->node, LOOM_EINPUT, "put it between two top-level loops", "hl.barrier() inside of a tile loop");
  kernel_add_op(r->mem, r->graph, &r->graph->body, KERNEL_BARRIER, 0, NULL, 0, NULL)->span = c->node->span;
  return helion_none();
}

/* ---- numbers ---- */
helion_value helion_do_specialize(helion_reader *r, const helion_call *c) {   /* all sizes are known here anyway */
  (void)r;
  return c->arg[0];
}

helion_value helion_do_cdiv(helion_reader *r, const helion_call *c) {
  int64_t by;
  if (c->arg[0].kind != HELION_INT || c->arg[1].kind != HELION_INT || (helion_known(r, c->arg[1].size, &by) && by < 1))
    return helion_fail(r, c->node, LOOM_EINPUT, "both are ints and the second is positive", "cdiv of %s and %s", helion_describe(r, &c->arg[0]), helion_describe(r, &c->arg[1]));
  return helion_size(sym_ceildiv(r->mem, c->arg[0].size, c->arg[1].size));
}

helion_value helion_do_next_power(helion_reader *r, const helion_call *c) {
  int64_t v, p = 1;
  if (!helion_arg_int(r, c, 0, "the argument", &v))
    return helion_unknown();
  while (p < v && p <= INT64_MAX / 4)
    p *= 2;
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
  return helion_fail(r, c->node, LOOM_EINPUT, NULL, "%s has no len", helion_describe(r, v));
}

helion_value helion_do_int(helion_reader *r, const helion_call *c) {
  if (c->arg[0].kind == HELION_INT)
    return c->arg[0];
  if (c->arg[0].kind == HELION_FLOAT && fabs(c->arg[0].real) < 9e18)
    return helion_int(r, (int64_t)c->arg[0].real);
  if (c->arg[0].kind == HELION_BOOL)
    return helion_int(r, c->arg[0].flag);
  return helion_fail(r, c->node, LOOM_EUNSUP, NULL, "int of %s", helion_describe(r, &c->arg[0]));
}

helion_value helion_do_float(helion_reader *r, const helion_call *c) {
  static const struct { const char *text; double value; } words[] = {{"inf", INFINITY}, {"+inf", INFINITY}, {"-inf", -INFINITY}, {"nan", NAN}, {"infinity", INFINITY}};
  double v;
  if (number_of(r, c, 0, &v))
    return helion_float(v);
  for (size_t i = 0; c->arg[0].kind == HELION_STR && i < sizeof words / sizeof *words; i++)
    if (text_eq(words[i].text, c->arg[0].string))
      return helion_float(words[i].value);
  return helion_fail(r, c->node, LOOM_EUNSUP, NULL, "float of %s", helion_describe(r, &c->arg[0]));
}

helion_value helion_do_bool(helion_reader *r, const helion_call *c) {
  bool b;
  return helion_truth(r, &c->arg[0], &b) ? helion_bool(b) : helion_fail(r, c->node, LOOM_EUNSUP, NULL, "bool of %s", helion_describe(r, &c->arg[0]));
}

/* min and max of numbers; detail 1: max. */
helion_value helion_do_min_max(helion_reader *r, const helion_call *c) {
  const helion_seq *items = &c->arg[0].seq;
  if (items->n == 1 && items->at[0].kind == HELION_SEQ)
    items = &items->at[0].seq;
  if (!items->n)
    return helion_fail(r, c->node, LOOM_EINPUT, NULL, "min or max of nothing");
  helion_value best = items->at[0];
  for (size_t i = 1; i < items->n; i++) {
    helion_value v = items->at[i];
    int64_t a, b;
    bool known = helion_known_int(r, &v, &a) && helion_known_int(r, &best, &b);
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
  return helion_arg_int(r, c, 0, "the argument", &i) ? helion_int(r, i < 0 ? -i : i) : helion_unknown();
}

helion_value helion_do_math(helion_reader *r, const helion_call *c) {
  double x, y = 0;
  if (!number_of(r, c, 0, &x) || (c->given[1] && !number_of(r, c, 1, &y)))
    return helion_fail(r, c->node, LOOM_EUNSUP, "math functions take numbers; use torch functions for tensors", "%s of %s", c->fn->path, helion_describe(r, &c->arg[0]));
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
  size_t n = item_count(&c->arg[1]);
  bool known = false;
  for (size_t i = 0; i < n; i++) {
    const helion_value *t = item(&c->arg[1], i);
    for (size_t j = 0; t->kind == HELION_PATH && j < sizeof types / sizeof *types; j++)
      if (text_eq(types[j].path, t->string)) {
        known = true;
        if (types[j].kinds >> c->arg[0].kind & 1)
          return helion_bool(true);
      }
  }
  return known ? helion_bool(false) : helion_fail(r, c->node, LOOM_EUNSUP, NULL, "isinstance with %s", helion_describe(r, &c->arg[1]));
}
