/* tensor.*: views of what there is, or copies into parts of a new tensor. */
#include "network/net_private.h"

static bool ints_of(MlirAttribute a, int n, int64_t *out) {
  if (mlirAttributeIsNull(a) || mlirDenseArrayGetNumElements(a) != n)
    return false;
  for (int i = 0; i < n; i++) {
    out[i] = mlirDenseI64ArrayGetElement(a, i);
    if (out[i] == mlirShapedTypeGetDynamicSize() || out[i] == mlirShapedTypeGetDynamicStrideOrOffset())
      return false;
  }
  return true;
}

typedef struct slice { int64_t offset[AXIS_MAX], size[AXIS_MAX], stride[AXIS_MAX]; } slice;

static bool slice_of(MlirOperation op, int rank, slice *out) {
  return ints_of(ir_attr_of(op, "static_offsets"), rank, out->offset) && ints_of(ir_attr_of(op, "static_sizes"), rank, out->size) && ints_of(ir_attr_of(op, "static_strides"), rank, out->stride);
}

/* Element (d0, ..) of a slice with dims `shape` (some of size 1 dropped: which of them does not matter) in the tensor that it is of. */
static bool slice_indices(net_reader *r, const slice *s, int rank, const axis_space *shape, axis_expr *by) {
  int d = 0;
  for (int k = 0; k < rank; k++) {
    bool keeps = d < shape->n && shape->extent[d] == s->size[k];
    if (!keeps && s->size[k] != 1)
      return false;
    by[k] = axis_const(s->offset[k]);
    if (keeps)
      by[k] = axis_add(r->mem, shape, by[k], axis_scale(r->mem, axis_var(r->mem, d++), s->stride[k]));
  }
  return d == shape->n;
}

/* ---- a part of a new tensor ---- */

/* The tensor that `dest` is in, if nobody else looks at it and it is being put together from parts. */
static int tensor_in_making(net_reader *r, MlirValue dest, const net_value *v) {
  MlirOpOperand use = mlirValueGetFirstUse(dest);
  bool is_last_use = !mlirOpOperandIsNull(use) && mlirOpOperandIsNull(mlirOpOperandGetNextUse(use));
  if (!is_last_use || !net_is_whole(r, v))
    return -1;
  for (size_t i = 0; i < r->ops.n; i++)
    if (mlirOperationIsNull(r->ops.at[i].op) && r->ops.at[i].out[0].value.tensor == v->tensor)
      return v->tensor;
  return -1;
}

typedef struct uses { net_reader *r; int tensor, n; } uses;
static bool count_uses(MlirOperation op, void *data) {
  uses *u = data;
  for (intptr_t i = 0; i < ir_num_operands(op); i++) {
    const net_value *v = net_value_of(u->r, ir_operand(op, i));
    u->n += v && v->kind == NET_MEMORY && v->tensor == u->tensor;
  }
  return true;
}

/* Is it a temporary as a whole that only `at` looks at from here on, and only to begin with? */
static bool dies_at(net_reader *r, MlirOperation at, const net_value *v) {
  uses u = {r, v->tensor, 0};
  if (r->net->tensors.at[v->tensor].role != NETWORK_TEMPORARY || !net_is_whole(r, v))
    return false;
  for (MlirOperation op = at; !mlirOperationIsNull(op) && u.n <= 1; op = mlirOperationGetNextInBlock(op))
    ir_walk(op, count_uses, &u);
  return u.n == 1;
}

net_value net_begin_from(net_reader *r, loom_span span, MlirOperation at, MlirValue dest, const net_value *v) {
  int t = v->kind == NET_MEMORY && !mlirValueIsNull(dest) ? tensor_in_making(r, dest, v) : -1;
  if (t < 0 && v->kind == NET_MEMORY && !mlirOperationIsNull(at) && dies_at(r, at, v))
    t = v->tensor;
  if (t >= 0)
    return net_memory(r, t);
  if (v->kind == NET_EMPTY)
    return net_memory(r, net_new_tensor(r, NULL, NETWORK_TEMPORARY, v->type, &v->shape));
  return net_copied(r, span, *v);
}

static bool is_made(net_reader *r, int tensor) {
  for (size_t i = 0; i < r->ops.n; i++)
    for (int k = 0; k < r->ops.at[i].n_out; k++)
      if (r->ops.at[i].out[k].value.tensor == tensor)
        return true;
  return false;
}

static void put_part(net_reader *r, loom_span span, net_value from, net_value into, const slice *s) {
  axis_expr by[AXIS_MAX] = {{0}};
  net_value part = into;
  if (!slice_indices(r, s, into.shape.n, &from.shape, by))
    return;
  part.shape = from.shape;
  part.at = axis_subst(r->mem, &from.shape, into.at, by);
  net_add_copy(r, span, from, part, is_made(r, into.tensor) || net_elems(&from.shape) < net_elems(&into.shape));
}

/* A padded tensor that is padded again with the same: the first is not made at all. */
static void join_pads(net_reader *r, MlirOperation op, net_value *from, double with, slice *s) {
  MlirOpOperand use = mlirValueGetFirstUse(ir_operand(op, 0));
  if (r->ops.n < 2 || from->kind != NET_MEMORY || !net_is_whole(r, from) || mlirOpOperandIsNull(use) || !mlirOpOperandIsNull(mlirOpOperandGetNextUse(use)))
    return;
  const net_op *fill = &r->ops.at[r->ops.n - 2], *copy = fill + 1;
  bool is_pad = mlirOperationIsNull(fill->op) && mlirOperationIsNull(copy->op) && copy->in_place && fill->out[0].value.tensor == from->tensor && copy->out[0].value.tensor == from->tensor &&
                fill->in[0].value.kind == NET_SPLAT && fill->in[0].value.splat >= with && fill->in[0].value.splat <= with && copy->in[0].value.shape.n == from->shape.n;
  if (!is_pad)
    return;
  int64_t at = copy->out[0].at.constant, stride = 1;
  for (int d = from->shape.n - 1; d >= 0; stride *= from->shape.extent[d--])      /* elements that lie apart are another thing */
    if (copy->in[0].value.shape.extent[d] > 1 && axis_coef(copy->out[0].at, d) != stride)
      return;
  stride = 1;
  for (int d = from->shape.n - 1; d >= 0; d--) {
    s->offset[d] += at / stride % from->shape.extent[d];
    stride *= from->shape.extent[d];
  }
  *from = copy->in[0].value;
  r->ops.n -= 2;
  for (int d = 0; d < from->shape.n; d++)
    s->size[d] = from->shape.extent[d];
}

static bool insert_slice(net_reader *r, MlirOperation op, const net_value *const *x) {
  slice s;
  axis_expr by[AXIS_MAX];
  if (!x[0] || !x[1] || !slice_of(op, x[1]->shape.n, &s) || !slice_indices(r, &s, x[1]->shape.n, &x[0]->shape, by))
    return false;
  net_value from = *x[0];
  if (x[1]->kind == NET_SPLAT)
    join_pads(r, op, &from, x[1]->splat, &s);
  net_value into = net_begin_from(r, ir_span(r->ir, op), (MlirOperation){NULL}, ir_operand(op, 1), x[1]);
  if (from.kind != NET_EMPTY)
    put_part(r, ir_span(r->ir, op), from, into, &s);
  net_set_value(r, ir_result(op, 0), into);
  return true;
}

static slice part_at(const axis_space *shape) {
  slice s = {{0}, {0}, {0}};
  for (int d = 0; d < shape->n; d++) {
    s.size[d] = shape->extent[d];
    s.stride[d] = 1;
  }
  return s;
}

static bool pad(net_reader *r, MlirOperation op, const net_value *x, dtype type, const axis_space *shape) {
  MlirOperation yield = mlirBlockGetTerminator(ir_body(op));
  int64_t low[AXIS_MAX], high[AXIS_MAX];
  double with;
  if (!x || x->kind == NET_EMPTY || !ints_of(ir_attr_of(op, "static_low"), shape->n, low) || !ints_of(ir_attr_of(op, "static_high"), shape->n, high) || !net_constant(ir_operand(yield, 0), &with))
    return false;
  slice s = part_at(&x->shape);
  bool is_any = false;
  for (int d = 0; d < shape->n; d++) {
    s.offset[d] = low[d];
    is_any = is_any || low[d] || high[d];
    if (low[d] < 0 || high[d] < 0)
      return false;
  }
  net_value around = {.kind = NET_SPLAT, .type = type, .shape = *shape, .splat = with};
  if (!is_any || (x->kind == NET_SPLAT && !(x->splat < with || x->splat > with))) {
    net_set_value(r, ir_result(op, 0), is_any ? around : *x);
    return true;
  }
  net_value from = *x;
  join_pads(r, op, &from, with, &s);
  net_value into = net_copied(r, ir_span(r->ir, op), around);
  put_part(r, ir_span(r->ir, op), from, into, &s);
  net_set_value(r, ir_result(op, 0), into);
  return true;
}

static bool concat(net_reader *r, MlirOperation op, dtype type, const axis_space *shape) {
  int64_t dim, at = 0;
  if (!ir_attr_int(ir_attr_of(op, "dim"), &dim))
    return false;
  for (intptr_t i = 0; i < ir_num_operands(op); i++) {
    const net_value *x = net_value_of(r, ir_operand(op, i));
    if (!x)
      return false;
  }
  net_value into = net_memory(r, net_new_tensor(r, NULL, NETWORK_TEMPORARY, type, shape));
  for (intptr_t i = 0; i < ir_num_operands(op); i++) {
    net_value from = *net_value_of(r, ir_operand(op, i));
    slice s = part_at(&from.shape);
    s.offset[dim] = at;
    at += from.shape.extent[dim];
    if (from.kind != NET_EMPTY)
      put_part(r, ir_span(r->ir, op), from, into, &s);
  }
  net_set_value(r, ir_result(op, 0), into);
  return true;
}

static bool extract_slice(net_reader *r, MlirOperation op, const net_value *x, const axis_space *shape) {
  slice s;
  axis_expr by[AXIS_MAX] = {{0}};
  if (!x || !slice_of(op, x->shape.n, &s) || !slice_indices(r, &s, x->shape.n, shape, by))
    return false;
  net_set_value(r, ir_result(op, 0), net_indexed(r, *x, shape, by));
  return true;
}

static bool splat(net_reader *r, MlirOperation op, dtype type, const axis_space *shape) {
  net_value v = {.kind = NET_SPLAT, .type = type, .shape = *shape};
  if (!net_constant(ir_operand(op, 0), &v.splat))
    return false;
  net_set_value(r, ir_result(op, 0), v);
  return true;
}

/* A tensor of numbers that the operation says one by one: constants, or one that is computed. */
static bool from_elements(net_reader *r, MlirOperation op, dtype type, const axis_space *shape) {
  net_value v = {.kind = NET_SPLAT, .type = type, .shape = *shape};
  if (ir_num_operands(op) != 1)
    return false;
  if (net_constant(ir_operand(op, 0), &v.splat)) {
    net_set_value(r, ir_result(op, 0), v);
    return true;
  }
  net_op made = {.op = op, .span = ir_span(r->ir, op), .index_type = DTYPE_I32, .n_out = 1, .group = -1};
  if (!net_add_inputs(r, &made, ir_operand(op, 0))) {
    net_refuse_results(r, op);
    return true;
  }
  made.yields[0] = ir_operand(op, 0);
  made.init[0].value = (net_value){.kind = NET_EMPTY, .type = type};
  v = net_memory(r, net_new_tensor(r, NULL, NETWORK_TEMPORARY, type, shape));
  made.out[0] = (net_access){v, axis_const(0)};
  vec_push(r->mem, &r->ops, made);
  net_set_value(r, ir_result(op, 0), v);
  return true;
}

static bool reads(net_reader *r, MlirOperation op, dtype type, const axis_space *shape) {
  const net_value *x[2] = {NULL, NULL};
  for (intptr_t i = 0; i < 2 && i < ir_num_operands(op); i++)
    x[i] = net_value_of(r, ir_operand(op, i));
  if (ir_op_is(op, "tensor.empty")) {
    net_set_value(r, ir_result(op, 0), (net_value){.kind = NET_EMPTY, .type = type, .shape = *shape});
    return true;
  }
  if (ir_op_is(op, "tensor.insert_slice"))
    return insert_slice(r, op, x);
  if (ir_op_is(op, "tensor.extract_slice"))
    return extract_slice(r, op, x[0], shape);
  if (ir_op_is(op, "tensor.pad"))
    return pad(r, op, x[0], type, shape);
  if (ir_op_is(op, "tensor.concat"))
    return concat(r, op, type, shape);
  if (ir_op_is(op, "tensor.splat"))
    return splat(r, op, type, shape);
  if (ir_op_is(op, "tensor.from_elements"))
    return from_elements(r, op, type, shape);
  bool is_reshape = ir_op_is(op, "tensor.expand_shape") || ir_op_is(op, "tensor.collapse_shape") || ir_op_is(op, "tensor.reshape") || ir_op_is(op, "tensor.cast");
  if (!is_reshape || !x[0] || net_elems(&x[0]->shape) != net_elems(shape))
    return false;
  net_set_value(r, ir_result(op, 0), net_reshape(r, *x[0], shape));
  return true;
}

bool net_read_shape_op(net_reader *r, MlirOperation op) {
  dtype type;
  axis_space shape;
  return text_starts(ir_op_name(op), "tensor.") && !mlirValueIsNull(ir_result(op, 0)) && net_static_type(r, mlirValueGetType(ir_result(op, 0)), &type, &shape) && reads(r, op, type, &shape);
}
