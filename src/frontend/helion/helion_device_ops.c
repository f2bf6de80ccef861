/* Table rows of device code. */
#include "frontend/helion/helion_device.h"
#include "frontend/helion/helion_ops.h"
#include <math.h>

/* ---- elementwise ---- */
/* torch.div(a, b, rounding_mode=None | "floor" | "trunc") */
helion_value helion_do_div(helion_reader *r, const helion_call *c) {
  kernel_fn fn = KERNEL_FN_DIV;
  if (c->given[2] && c->arg[2].kind == HELION_STR)
    fn = text_eq(c->arg[2].string, "floor") ? KERNEL_FN_FLOORDIV : text_eq(c->arg[2].string, "trunc") ? KERNEL_FN_TRUNCDIV : KERNEL_FN_NONE;
  if (fn == KERNEL_FN_NONE)
    return helion_fail(r, c->node, LOOM_EINPUT, "None, \"floor\" or \"trunc\"", "the rounding mode %s", helion_describe(r, &c->arg[2]));
  return helion_apply2(r, c->node, fn, c->arg[0], c->arg[1]);
}

static bool is_truth_value(helion_reader *r, const helion_value *v) { return v->kind == HELION_DEVICE && helion_type(r, v->device)->type == DTYPE_BOOL; }

/* logical_and, or, xor, not: of truth values. */
helion_value helion_do_logical(helion_reader *r, const helion_call *c) {
  helion_value v[2];
  int n = c->fn->detail == KERNEL_FN_NOT ? 1 : 2;
  for (int i = 0; i < n; i++) {
    v[i] = c->arg[i];
    if (helion_is_device(&v[i]) && !is_truth_value(r, &v[i]))
      v[i] = helion_apply2(r, c->node, KERNEL_FN_NE, v[i], helion_int(r, 0));
  }
  return n == 1 ? helion_apply1(r, c->node, KERNEL_FN_NOT, v[0]) : helion_apply2(r, c->node, (kernel_fn)c->fn->detail, v[0], v[1]);
}

helion_value helion_do_unary(helion_reader *r, const helion_call *c) {
  if (c->arg[0].kind == HELION_TENSOR)
    return helion_fail_host_tensor(r, c->node, &c->arg[0]);
  return helion_apply1(r, c->node, (kernel_fn)c->fn->detail, c->arg[0]);
}

helion_value helion_do_binary(helion_reader *r, const helion_call *c) {
  for (int i = 0; i < 2; i++)
    if (c->arg[i].kind == HELION_TENSOR)
      return helion_fail_host_tensor(r, c->node, &c->arg[i]);
  return helion_apply2(r, c->node, (kernel_fn)c->fn->detail, c->arg[0], c->arg[1]);
}

helion_value helion_do_where(helion_reader *r, const helion_call *c) {
  kernel_value v[3];
  kernel_type shape;
  dtype t = helion_result_type(r, &c->arg[1], &c->arg[2]);
  if (!helion_on_device(r, c->node, "torch.where") || !helion_types_meet(r, c->node, &c->arg[1], &c->arg[2]))
    return helion_unknown();
  for (int i = 0; i < 3; i++)
    if (!helion_as_value(r, c->node, &c->arg[i], i ? t : DTYPE_BOOL, &v[i]))
      return helion_unknown();
  if (helion_type(r, v[0])->type != DTYPE_BOOL)
    return helion_fail(r, c->node, LOOM_EINPUT, "compare something: torch.where(x > 0, a, b)", "the condition of torch.where is %s",
                       helion_describe(r, &c->arg[0]));
  shape = *helion_type(r, v[0]);
  for (int i = 1; i < 3; i++) {
    v[i] = helion_cast(r, c->node, v[i], t);
    if (!helion_broadcast_shape(r, &shape, helion_type(r, v[i]), &shape))
      return helion_fail_shapes(r, c->node, "torch.where", &shape, helion_type(r, v[i]));
  }
  shape.type = t;
  return helion_device(helion_emit(r, c->node, KERNEL_SELECT, 3, v, &shape));
}

/* x.masked_fill(mask, value): `value` where the mask is set, in the type of x. */
helion_value helion_do_masked_fill(helion_reader *r, const helion_call *c) {
  helion_call w = *c;
  kernel_type t;
  w.arg[0] = c->arg[1];
  w.arg[1] = c->arg[2];
  w.arg[2] = c->arg[0];
  helion_value v = helion_do_where(r, &w);
  if (v.kind != HELION_DEVICE || !helion_type_of(r, &c->arg[0], &t))
    return v;
  return helion_device(helion_cast(r, c->node, v.device, t.type));
}

/* torch.add and sub with alpha: x + alpha * y. */
helion_value helion_do_add(helion_reader *r, const helion_call *c) {
  helion_value by = c->arg[1];
  if (c->given[2])
    by = helion_apply2(r, c->node, KERNEL_FN_MUL, by, c->arg[2]);
  return by.kind == HELION_UNKNOWN ? by : helion_apply2(r, c->node, (kernel_fn)c->fn->detail, c->arg[0], by);
}

helion_value helion_do_pow(helion_reader *r, const helion_call *c) { return helion_device_binary(r, c->node, SYN_Pow, c->arg[0], c->arg[1]); }

helion_value helion_do_clamp(helion_reader *r, const helion_call *c) {
  helion_value v = c->arg[0];
  if (c->given[1] && c->arg[1].kind != HELION_NONE)
    v = helion_apply2(r, c->node, KERNEL_FN_MAX, v, c->arg[1]);
  if (c->given[2] && c->arg[2].kind != HELION_NONE)
    v = helion_apply2(r, c->node, KERNEL_FN_MIN, v, c->arg[2]);
  return v;
}

/* ---- casts ---- */
static helion_value cast_to(helion_reader *r, const helion_call *c, dtype t) {
  kernel_value v;
  if (!helion_on_device(r, c->node, "a cast") || !helion_as_value(r, c->node, &c->arg[0], t, &v))
    return helion_unknown();
  return helion_device(helion_cast(r, c->node, v, t));
}

helion_value helion_do_cast(helion_reader *r, const helion_call *c) { return cast_to(r, c, (dtype)c->fn->detail); }

/* x.to(dtype | device | other), x.type(dtype) */
helion_value helion_do_cast_to(helion_reader *r, const helion_call *c) {
  kernel_type other;
  for (int i = 1; i <= 2; i++) {
    if (c->given[i] && c->arg[i].kind == HELION_DTYPE)
      return cast_to(r, c, c->arg[i].type);
    if (c->given[i] && helion_type_of(r, &c->arg[i], &other))
      return cast_to(r, c, other.type);
    if (c->given[i] && c->arg[i].kind == HELION_PATH)
      return helion_fail(r, helion_arg_node(c, i), LOOM_EUNSUP, "cast to float16, bfloat16, float32, float64, an int type up to 64 bits, uint8 or bool",
                         "the element type %s", c->arg[i].string);
  }
  return c->arg[0];
}

/* ---- contraction ---- */
static bool operand_type(helion_reader *r, const helion_call *c, int i, dtype *out) {
  kernel_type t;
  if (c->arg[i].kind == HELION_TENSOR)
    return helion_fail_host_tensor(r, c->node, &c->arg[i]), false;
  if (!helion_type_of(r, &c->arg[i], &t))
    return helion_fail(r, c->node, LOOM_EINPUT, "load the operands first: x[tile_m, tile_k]", "%s is no matrix", helion_describe(r, &c->arg[i])), false;
  *out = t.type;
  return true;
}

/* The product of arguments `i` and `i + 1` has the promoted type of both. */
static bool product_type(helion_reader *r, const helion_call *c, int i, dtype *out) {
  dtype a, b;
  if (!operand_type(r, c, i, &a) || !operand_type(r, c, i + 1, &b))
    return false;
  *out = dtype_promote(a, b);
  return true;
}

helion_value helion_do_matmul(helion_reader *r, const helion_call *c) {
  dtype t;
  return product_type(r, c, 0, &t) ? helion_matmul(r, c->node, c->arg[0], c->arg[1], NULL, t) : helion_unknown();
}

/* torch.mm and torch.bmm with out_dtype. */
helion_value helion_do_bmm(helion_reader *r, const helion_call *c) {
  dtype t;
  if (!product_type(r, c, 0, &t) || !helion_arg_dtype(r, c, 2, t, &t))
    return helion_unknown();
  return helion_matmul(r, c->node, c->arg[0], c->arg[1], NULL, t);
}

static bool is_default_scale(helion_reader *r, const helion_call *c, int i) {
  int64_t v;
  return !c->given[i] || (helion_known_int(r, &c->arg[i], &v) && v == 1) || (c->arg[i].kind == HELION_FLOAT && fabs(c->arg[i].real - 1) <= 0);
}

/* beta * input + alpha * (a @ b), in the type of input. */
helion_value helion_do_addmm(helion_reader *r, const helion_call *c) {
  dtype acc, product;
  if (!operand_type(r, c, 0, &acc) || !product_type(r, c, 1, &product))
    return helion_unknown();
  if (is_default_scale(r, c, 3) && is_default_scale(r, c, 4))
    return helion_matmul(r, c->node, c->arg[1], c->arg[2], &c->arg[0], acc);
  helion_value p = helion_matmul(r, c->node, c->arg[1], c->arg[2], NULL, dtype_is_float(acc) ? dtype_promote(acc, DTYPE_F32) : acc),
               sum = c->arg[0];
  if (p.kind != HELION_DEVICE)
    return p;
  if (!is_default_scale(r, c, 4))
    p = helion_apply2(r, c->node, KERNEL_FN_MUL, p, c->arg[4]);
  if (!is_default_scale(r, c, 3))
    sum = helion_apply2(r, c->node, KERNEL_FN_MUL, sum, c->arg[3]);
  helion_value v = helion_apply2(r, c->node, KERNEL_FN_ADD, sum, p);
  return v.kind == HELION_DEVICE ? helion_device(helion_cast(r, c->node, v.device, acc)) : v;
}

/* hl.dot: the type of acc, else out_dtype, else f32 (i32 for ints). */
helion_value helion_do_dot(helion_reader *r, const helion_call *c) {
  dtype t;
  bool has_acc = c->given[2] && c->arg[2].kind != HELION_NONE;
  if (!product_type(r, c, 0, &t) || !helion_arg_dtype(r, c, 3, dtype_is_float(t) ? DTYPE_F32 : DTYPE_I32, &t) ||
      (has_acc && !operand_type(r, c, 2, &t)))
    return helion_unknown();
  return helion_matmul(r, c->node, c->arg[0], c->arg[1], has_acc ? &c->arg[2] : NULL, t);
}

/* ---- tiles ---- */
/* tile.begin, end and id; the row's detail is the operation. */
helion_value helion_do_tile_scalar(helion_reader *r, const helion_call *c) {
  enum { LOOK_BACK = 256 };
  if (!helion_on_device(r, c->node, "an attribute of a tile"))
    return helion_unknown();
  for (size_t i = r->region->ops.n, seen = 0; i-- > 0 && seen < LOOK_BACK; seen++) {   /* one value for one attribute: sizes made of it are equal */
    const kernel_op *op = r->region->ops.at[i];
    if (op->kind == (kernel_op_kind)c->fn->detail && op->operands[0] == c->arg[0].tile.number)
      return helion_device(op->results[0]);
  }
  return helion_device(helion_emit(r, c->node, (kernel_op_kind)c->fn->detail, 1, &c->arg[0].tile.number, &(kernel_type){.type = DTYPE_I64}));
}

/* hl.tile_begin(tile) and so on: tile.begin. */
helion_value helion_do_tile_part(helion_reader *r, const helion_call *c) {
  if (c->arg[0].kind != HELION_TILE)
    return helion_fail(r, c->node, LOOM_EINPUT, "give the variable of a hl.tile loop", "%s of %s", c->fn->path, helion_describe(r, &c->arg[0]));
  const helion_fn *row = helion_find_attribute(HELION_TILE, c->fn->path + strlen("helion.language.tile_"));
  return row->run(r, &(helion_call){.node = c->node, .fn = row, .arg = {c->arg[0]}, .given = {true}});
}

helion_value helion_do_tile_index(helion_reader *r, const helion_call *c) {
  kernel_value v;
  return helion_as_value(r, c->node, &c->arg[0], DTYPE_I32, &v) ? helion_device(v) : helion_unknown();
}
