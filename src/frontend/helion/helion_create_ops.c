/* Table rows that make tensors: arguments in bind_args, allocations on the host, constant tiles on the device. */
#include "frontend/helion/helion_device.h"
#include "frontend/helion/helion_ops.h"
#include "frontend/helion/helion_view.h"

static helion_value make_spec(helion_reader *r, const kernel_type *t, kernel_init init, double lo, double hi) {
  helion_spec *s = ARENA_NEW(r->mem, helion_spec);
  *s = (helion_spec){.type = t->type, .rank = t->rank, .init = init, .lo = lo, .hi = hi};
  memcpy(s->dim, t->dim, sizeof s->dim);
  return (helion_value){.kind = HELION_SPEC, .spec = s};
}

static helion_value allocate(helion_reader *r, const helion_call *c, const kernel_type *t, kernel_fill fill, double value) {
  for (int i = 0; i < t->rank; i++) {
    if (helion_upper_bound(r, t->dim[i]) != t->dim[i])
      return helion_fail(r, c->node, LOOM_EUNSUP, "allocate with sizes of the arguments",
                         "a host tensor whose size %s is only known while the kernel runs", helion_show_size(r, t->dim[i]));
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
  if (!helion_in_loop(r))
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
  return helion_fail(r, c->node, LOOM_EUNSUP,
                     helion_in_loop(r) ? "hl.rand(shape, seed) draws the same numbers on every machine" : "pass it as an argument of the kernel",
                     "random numbers in a kernel");
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

static dtype type_of_number(const helion_value *v) {
  return v->kind == HELION_FLOAT || v->kind == HELION_DEVICE ? DTYPE_F32 : v->kind == HELION_BOOL ? DTYPE_BOOL : DTYPE_I64;
}

/* `value` of argument `arg` everywhere; a 0-d device value on the device. */
static helion_value create_full(helion_reader *r, const helion_call *c, const kernel_type *t, int arg) {
  double value;
  kernel_value scalar;
  if (helion_arg_number(r, c, arg, &value))
    return create(r, c, t, KERNEL_FILL_VALUE, KERNEL_INIT_FULL, value);
  if (!r->region || !helion_as_value(r, c->node, &c->arg[arg], t->type, &scalar) || helion_type(r, scalar)->rank != 0)
    return helion_fail(r, c->node, LOOM_EINPUT, "fill it with a number", "a tensor cannot be filled with %s", helion_describe(r, &c->arg[arg]));
  return helion_device(helion_broadcast(r, c->node, helion_cast(r, c->node, scalar, t->type), t));
}

helion_value helion_do_create_full(helion_reader *r, const helion_call *c) {
  kernel_type t = {.rank = 0};
  dtype missing = c->fn->detail ? DTYPE_F32 : type_of_number(&c->arg[1]);   /* hl.full: f32; torch.full: the type of the value */
  if (!helion_arg_shape(r, c, &c->arg[0], &t) || !helion_arg_dtype(r, c, 2, missing, &t.type))
    return helion_unknown();
  return create_full(r, c, &t, 1);
}

/* torch.tensor(number) and torch.scalar_tensor(number): 0-d; the latter is f32 unless told. */
helion_value helion_do_scalar_tensor(helion_reader *r, const helion_call *c) {
  kernel_type t = {.rank = 0};
  if (c->arg[0].kind == HELION_SEQ)
    return helion_fail(r, c->node, LOOM_EUNSUP, "pass it as an argument of the kernel", "a tensor of listed numbers");
  return helion_arg_dtype(r, c, 1, c->fn->detail ? DTYPE_F32 : type_of_number(&c->arg[0]), &t.type) ? create_full(r, c, &t, 0) : helion_unknown();
}

/* torch.arange: on the device as hl.arange, in host code a tensor. */
helion_value helion_do_torch_arange(helion_reader *r, const helion_call *c) {
  if (helion_in_loop(r) || r->is_binding)
    return helion_do_arange(r, c);
  kernel_region *outer = helion_enter_host(r);
  helion_value v = helion_lower_result(r, c->node, helion_do_arange(r, c));
  helion_leave_host(r, outer);
  return v;
}

/* torch.randint(high, size) or (low, high, size). */
helion_value helion_do_randint(helion_reader *r, const helion_call *c) {
  kernel_type t = {.rank = 0};
  double lo = 0, hi = 0;
  bool has_low = c->given[1] && c->arg[1].kind != HELION_SEQ;
  int size = c->given[2] ? 2 : 1;
  if (!r->is_binding)
    return helion_fail(r, c->node, LOOM_EUNSUP, "pass it as an argument of the kernel", "random numbers in a kernel");
  if (!helion_arg_number(r, c, has_low ? 1 : 0, &hi) || (has_low && !helion_arg_number(r, c, 0, &lo)))
    return helion_fail(r, c->node, LOOM_EINPUT, "the bounds have to be ints that are known while compiling", "the bounds of torch.randint are not known");
  if (!helion_arg_shape(r, c, &c->arg[size], &t) || !helion_arg_dtype(r, c, 3, DTYPE_I64, &t.type))
    return helion_unknown();
  return make_spec(r, &t, KERNEL_INIT_RANDINT, lo, hi);
}

static bool like(helion_reader *r, const helion_call *c, int dtype_arg, kernel_type *out) {
  if (!helion_type_of(r, &c->arg[0], out))
    return helion_fail(r, c->node, LOOM_EINPUT, "pass a tensor", "%s is no tensor", helion_describe(r, &c->arg[0])), false;
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
  if (!like(r, c, 3, &t) || !helion_arg_shape(r, c, &c->arg[1], &t))
    return helion_unknown();
  return create_full(r, c, &t, 2);
}

helion_value helion_do_promote(helion_reader *r, const helion_call *c) {
  dtype a, b;
  (void)r;
  if (!helion_arg_dtype(r, c, 0, DTYPE_F32, &a) || !helion_arg_dtype(r, c, 1, DTYPE_F32, &b))
    return helion_unknown();
  return helion_dtype(dtype_promote(a, b));
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

