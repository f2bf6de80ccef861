/* What the numbers of a body are made of: its arguments, the loops' indices, elements of tensors, numbers computed before it. */
#include "network/net_private.h"

int net_input_of(const net_op *op, MlirValue v) {
  if (mlirValueIsABlockArgument(v) && !mlirBlockIsNull(op->body) && mlirBlockEqual(mlirBlockArgumentGetOwner(v), op->body) && mlirBlockArgumentGetArgNumber(v) < op->n_args)
    return (int)mlirBlockArgumentGetArgNumber(v);
  for (int i = op->n_args; i < op->n_in; i++)
    if (!mlirValueIsNull(op->name[i]) && mlirValueEqual(op->name[i], v))
      return i;
  return -1;
}

int net_loop_of(const net_op *op, MlirValue v) {
  int64_t dim;
  MlirOperation def = ir_def(v);
  if (!mlirOperationIsNull(def) && ir_op_is(def, "linalg.index") && ir_attr_int(ir_attr_of(def, "dim"), &dim))
    return (int)dim;
  for (int l = 0; l < op->loops.n; l++)
    if (!mlirValueIsNull(op->index[l]) && mlirValueEqual(op->index[l], v))
      return l;
  return -1;
}

bool net_is_so_far(const net_op *op, MlirValue v, int *result) {
  if (!mlirValueIsABlockArgument(v) || mlirBlockIsNull(op->body) || !mlirBlockEqual(mlirBlockArgumentGetOwner(v), op->body) || net_loop_of(op, v) >= 0)
    return false;
  *result = (int)mlirBlockArgumentGetArgNumber(v) - op->n_args;
  return *result >= 0 && *result < op->n_out;
}

static uint32_t loops_of_access(const net_op *op, const net_access *a) {
  uint32_t mask = 0;
  for (int l = 0; l < op->loops.n && a->value.kind == NET_MEMORY; l++)
    mask |= axis_depends(a->at, l) ? 1u << l : 0;
  return mask;
}

uint32_t net_loops_of(const net_op *op, MlirValue v) {
  double number;
  int i = net_input_of(op, v), l = net_loop_of(op, v), o;
  if (net_constant(v, &number))
    return 0;
  if (i >= 0 && !mlirValueIsNull(op->name[i]) && i < op->n_args)      /* an argument that is a number from outside */
    return net_loops_of(op, op->name[i]);
  if (i >= 0)
    return loops_of_access(op, &op->in[i]);
  if (l >= 0)
    return 1u << l;
  if (net_is_so_far(op, v, &o))
    return loops_of_access(op, &op->init[o]);
  MlirOperation def = ir_def(v);
  uint32_t mask = 0;
  for (intptr_t k = 0; !mlirOperationIsNull(def) && k < ir_num_operands(def); k++)
    mask |= net_loops_of(op, ir_operand(def, k));
  return mask;
}

/* ---- sums of loops ---- */

static bool is_never_negative(const axis_space *s, axis_expr e) {
  int64_t lo, hi;
  axis_range(s, e, &lo, &hi);
  return lo >= 0;
}

static bool affine_op(net_reader *r, const net_op *op, MlirOperation def, axis_expr *out) {
  arena *m = r->mem;
  const axis_space *s = &op->loops;
  const char *name = ir_op_name(def);
  axis_expr a, b;
  if (text_eq(name, "arith.index_cast") || text_eq(name, "arith.extsi"))
    return net_affine_of(r, op, ir_operand(def, 0), out);
  if (ir_num_operands(def) != 2 || !text_starts(name, "arith.") || !net_affine_of(r, op, ir_operand(def, 0), &a) || !net_affine_of(r, op, ir_operand(def, 1), &b))
    return false;
  if (text_eq(name, "arith.addi"))
    *out = axis_add(m, s, a, b);
  else if (text_eq(name, "arith.muli") && (!a.n || !b.n))
    *out = a.n ? axis_scale(m, a, b.constant) : axis_scale(m, b, a.constant);
  else if ((text_eq(name, "arith.divsi") || text_eq(name, "arith.divui") || text_eq(name, "arith.floordivsi")) && !b.n && b.constant > 0)
    *out = axis_floordiv(m, s, a, b.constant);
  else if ((text_eq(name, "arith.remsi") || text_eq(name, "arith.remui")) && !b.n && b.constant > 0)
    *out = axis_mod(m, s, a, b.constant);
  else
    return false;
  return is_never_negative(s, *out);
}

bool net_affine_of(net_reader *r, const net_op *op, MlirValue v, axis_expr *out) {
  double number;
  int i = net_input_of(op, v), l = net_loop_of(op, v);
  if (net_constant(v, &number)) {
    *out = axis_const((int64_t)number);
    return number >= 0;
  }
  if (i >= 0) {
    *out = axis_const((int64_t)op->in[i].value.splat);
    return op->in[i].value.kind == NET_SPLAT && op->in[i].value.splat >= 0;
  }
  if (l >= 0) {
    *out = op->loops.extent[l] > 1 ? axis_var(r->mem, l) : axis_const(0);
    return true;
  }
  MlirOperation def = ir_def(v);
  return !mlirOperationIsNull(def) && affine_op(r, op, def, out);
}

/* ---- operands ---- */

net_access net_access_at(net_reader *r, const net_op *op, net_value v, const axis_expr *by) {
  net_access out = {.value = v};
  axis_plan plan;
  bool flat;
  if (v.kind != NET_MEMORY)
    return out;
  out.at = axis_subst(r->mem, &op->loops, v.at, by);
  if (net_is_whole(r, &v) || net_is_copyable(r->mem, &op->loops, out.at, &plan, &flat))
    return out;
  out.value = net_copied(r, op->span, v);      /* a view of a view is too much at once */
  out.at = axis_subst(r->mem, &op->loops, out.value.at, by);
  return out;
}

static bool is_of_type(MlirValue v) {
  dtype t;
  return mlirTypeIsAIndex(mlirValueGetType(v)) || (!mlirTypeIsAShaped(mlirValueGetType(v)) && ir_type_dtype(mlirValueGetType(v), &t));
}

static bool add_computed(net_reader *r, net_op *op, MlirOperation def) {
  net_fn f;
  if (!net_scalar_fn(def, &f) || !is_of_type(ir_result(def, 0))) {
    net_refuse(r, def, "it is not of the functions that kernels have");
    return false;
  }
  if (!mlirTypeIsAIndex(mlirValueGetType(ir_operand(def, 0))) && ir_op_is(def, "arith.index_cast"))
    op->index_type = net_type_of(op, ir_operand(def, 0)) == DTYPE_I64 ? DTYPE_I64 : op->index_type;
  bool ok = true;
  for (intptr_t k = 0; k < ir_num_operands(def); k++)
    ok = net_add_inputs(r, op, ir_operand(def, k)) && ok;
  return ok;
}

bool net_add_inputs(net_reader *r, net_op *op, MlirValue v) {
  double number;
  int i = net_input_of(op, v), o;
  const net_value *known = net_value_of(r, v);
  if (known && known->kind == NET_REFUSED)
    return false;
  if (net_constant(v, &number) || net_is_so_far(op, v, &o))
    return true;
  if (i >= 0)
    return i >= op->n_args || mlirValueIsNull(op->name[i]) || net_add_inputs(r, op, op->name[i]);
  if (net_loop_of(op, v) >= 0) {
    op->asks_index = true;
    return true;
  }
  MlirOperation def = ir_def(v);
  if (mlirOperationIsNull(def)) {
    net_refuse(r, op->op, "it uses a number that is known only to the running program");
    return false;
  }
  return ir_op_is(def, "tensor.extract") ? net_add_extract(r, op, def) : add_computed(r, op, def);
}

static void mark_used(const net_op *op, MlirValue v, uint32_t *in, uint32_t *init) {
  double number;
  int i = net_input_of(op, v), o;
  if (net_constant(v, &number) || (net_loop_of(op, v) >= 0 && i < 0))
    return;
  if (i >= 0) {
    *in |= 1u << i;
    if (i < op->n_args && !mlirValueIsNull(op->name[i]))
      mark_used(op, op->name[i], in, init);
    return;
  }
  if (net_is_so_far(op, v, &o)) {
    *init |= 1u << o;
    return;
  }
  MlirOperation def = ir_def(v);
  for (intptr_t k = 0; !mlirOperationIsNull(def) && k < ir_num_operands(def); k++)
    mark_used(op, ir_operand(def, k), in, init);
}

void net_forget_unused(net_op *op) {
  uint32_t in = 0, init = 0;
  for (int i = 0; i < op->n_places; i++)
    if (!mlirValueIsNull(op->place[i].value))
      mark_used(op, op->place[i].value, &in, &init);
  if (!mlirValueIsNull(op->guard))
    mark_used(op, op->guard, &in, &init);
  for (int o = 0; o < op->n_out && !op->n_places; o++)
    mark_used(op, op->yields[o], &in, &init);
  for (int i = 0; i < op->n_in; i++)
    op->in[i].value.kind = in >> i & 1 ? op->in[i].value.kind : NET_EMPTY;
  for (int o = 0; o < op->n_out; o++)
    op->init[o].value.kind = init >> o & 1 ? op->init[o].value.kind : NET_EMPTY;
}
