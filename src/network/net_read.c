/* Operations of a function on tensors, in order: what they read and write, as addresses over their loops. */
#include "base/shape.h"
#include "network/net_private.h"

int64_t net_elems(const axis_space *s) { return shape_elements(s->n, s->extent); }

axis_expr net_row_major(arena *m, const axis_space *shape) {
  axis_expr e = {0};
  int64_t stride = 1;
  for (int d = shape->n - 1; d >= 0; d--) {
    if (shape->extent[d] > 1)
      e = axis_add(m, shape, e, axis_scale(m, axis_var(m, d), stride));
    stride *= shape->extent[d];
  }
  return e;
}

/* ---- values ---- */

const net_value *net_value_of(net_reader *r, MlirValue v) {
  for (size_t i = r->values.n; i-- > 0;)
    if (mlirValueEqual(r->values.at[i].key, v))
      return &r->values.at[i].value;
  return NULL;
}

void net_set_value(net_reader *r, MlirValue v, net_value value) { vec_push(r->mem, &r->values, ((net_named){v, value})); }

bool net_static_type(net_reader *r, MlirType t, dtype *type, axis_space *shape) {
  (void)r;
  *shape = (axis_space){0};
  if (!mlirTypeIsARankedTensor(t) || mlirTypeIsAIndex(mlirShapedTypeGetElementType(t)) || !ir_type_dtype(t, type) || mlirShapedTypeGetRank(t) > KERNEL_RANK_MAX)
    return false;
  shape->n = (int)mlirShapedTypeGetRank(t);
  for (int d = 0; d < shape->n; d++) {
    if (mlirShapedTypeIsDynamicDim(t, d) || mlirShapedTypeGetDimSize(t, d) < 1)
      return false;
    shape->extent[d] = mlirShapedTypeGetDimSize(t, d);
  }
  return true;
}

int net_new_tensor(net_reader *r, const char *name, network_role role, dtype type, const axis_space *shape) {
  network_tensor t = {.name = name ? name : arena_printf(r->mem, "t%zu", r->net->tensors.n), .role = role, .type = type, .rank = shape->n, .elems = net_elems(shape)};
  memcpy(t.shape, shape->extent, (size_t)shape->n * sizeof *t.shape);
  for (size_t i = 0; i < r->net->tensors.n; i++)
    if (text_eq(r->net->tensors.at[i].name, t.name))
      t.name = arena_printf(r->mem, "%s_%zu", t.name, r->net->tensors.n);
  vec_push(r->mem, &r->net->tensors, t);
  return (int)r->net->tensors.n - 1;
}

net_value net_memory(net_reader *r, int tensor) {
  const network_tensor *t = &r->net->tensors.at[tensor];
  net_value v = {.kind = NET_MEMORY, .type = t->type, .tensor = tensor, .shape = {.n = t->rank}};
  memcpy(v.shape.extent, t->shape, (size_t)t->rank * sizeof *t->shape);
  v.at = net_row_major(r->mem, &v.shape);
  return v;
}

bool net_is_whole(net_reader *r, const net_value *v) {
  return v->kind == NET_MEMORY && net_elems(&v->shape) == r->net->tensors.at[v->tensor].elems && axis_equal(v->at, net_row_major(r->mem, &v->shape));
}

/* ---- what has no form ---- */

void net_refuse_results(net_reader *r, MlirOperation op) {
  for (intptr_t i = 0; i < mlirOperationGetNumResults(op); i++)
    net_set_value(r, ir_result(op, i), (net_value){.kind = NET_REFUSED});
}

void net_refuse(net_reader *r, MlirOperation op, const char *why) {
  r->failed = true;
  diag_error(r->ctx, ir_span(r->ir, op), LOOM_EUNSUP, "operation '%s' has no kernel form: %s", ir_op_name(op), why);
  r->n_refused++;
  net_refuse_results(r, op);
}

/* ---- copies ---- */

void net_add_copy(net_reader *r, loom_span span, net_value from, net_value to, bool in_place) {
  net_op op = {.span = span, .loops = to.shape, .n_in = 1, .n_out = 1, .in_place = in_place, .group = -1};
  op.in[0] = (net_access){from, from.at};
  op.out[0] = (net_access){to, to.at};
  vec_push(r->mem, &r->ops, op);
}

net_value net_copied(net_reader *r, loom_span span, net_value v) {
  net_value to = net_memory(r, net_new_tensor(r, NULL, NETWORK_TEMPORARY, v.type, &v.shape));
  net_add_copy(r, span, v, to, false);
  return to;
}

/* ---- constants ---- */

/* What `a` says, as `name` (NULL: a new one) where that is more than one number; false: its type or its contents have no form. */
static bool read_contents(net_reader *r, MlirType type, MlirAttribute a, const char *name, net_value *out) {
  net_value v = {.kind = NET_SPLAT};
  if (!net_static_type(r, type, &v.type, &v.shape) || (!mlirAttributeIsADenseElements(a) && !mlirAttributeIsADenseResourceElements(a)))
    return false;
  size_t width = dtype_bytes(v.type);
  void *contents = NULL;
  bool is_resource = mlirAttributeIsADenseResourceElements(a);
  if (is_resource && !net_read_resource(r, a, net_elems(&v.shape), width, &contents))
    return false;
  const char *raw = is_resource ? contents : mlirDenseElementsAttrGetRawData(a);
  if (!is_resource && mlirDenseElementsAttrIsSplat(a)) {
    v.splat = v.type == DTYPE_BOOL ? mlirDenseElementsAttrGetBoolSplatValue(a) : dtype_load(v.type, raw);
    *out = v;
    return true;
  }
  int t = net_new_tensor(r, name ? name : arena_printf(r->mem, "c%zu", r->net->tensors.n), NETWORK_CONSTANT, v.type, &v.shape);
  network_tensor *n = &r->net->tensors.at[t];
  n->bytes = (void *)raw;
  if (v.type == DTYPE_BOOL && !is_resource) {
    char *bytes = arena_array(r->mem, (size_t)n->elems + 1, width);
    for (int64_t i = 0; i < n->elems; i++)
      bytes[i] = mlirDenseElementsAttrGetBoolValue(a, i) ? 1 : 0;
    n->bytes = bytes;
  }
  *out = net_memory(r, t);
  return true;
}

static void read_constant(net_reader *r, MlirOperation op) {
  MlirValue result = ir_result(op, 0);
  net_value v;
  if (!mlirTypeIsAShaped(mlirValueGetType(result)))
    return;      /* scalars are looked at where they are used */
  if (read_contents(r, mlirValueGetType(result), ir_attr_of(op, "value"), NULL, &v))
    net_set_value(r, result, v);
  else
    net_refuse(r, op, "its type or its contents");
}

/* A global that nothing changes is a constant, one tensor for all who load it. */
static void read_global(net_reader *r, MlirOperation op) {
  MlirAttribute reference = ir_attr_of(op, "global");
  const char *symbol = mlirAttributeIsNull(reference) ? NULL : ir_attr_string(r->mem, reference);
  net_value v;
  for (size_t i = 0; symbol && i < r->globals.n; i++)
    if (text_eq(r->globals.at[i].symbol, symbol)) {
      net_set_value(r, ir_result(op, 0), r->globals.at[i].value);
      return;
    }
  MlirOperation global = symbol ? ir_find_symbol(r->ir, ir_body(mlirOperationGetParentOperation(r->func)), "ml_program.global", symbol) : (MlirOperation){NULL};
  if (mlirOperationIsNull(global) || !mlirAttributeIsNull(ir_attr_of(global, "is_mutable"))) {
    net_refuse(r, op, "a global that can change");
    return;
  }
  MlirAttribute value = ir_attr_of(global, "value");
  if (mlirAttributeIsNull(value) || !read_contents(r, mlirValueGetType(ir_result(op, 0)), value, symbol, &v)) {
    net_refuse(r, op, "the type or the contents of the global");
    return;
  }
  vec_push(r->mem, &r->globals, ((net_global){symbol, v}));
  net_set_value(r, ir_result(op, 0), v);
}

/* ---- linalg.generic ---- */

static axis_expr of_affine(net_reader *r, const axis_space *loops, MlirAffineExpr e) {
  arena *m = r->mem;
  if (mlirAffineExprIsADim(e))
    return axis_var(m, (int)mlirAffineDimExprGetPosition(e));
  if (mlirAffineExprIsAConstant(e))
    return axis_const(mlirAffineConstantExprGetValue(e));
  axis_expr a = of_affine(r, loops, mlirAffineBinaryOpExprGetLHS(e)), b = of_affine(r, loops, mlirAffineBinaryOpExprGetRHS(e));
  if (mlirAffineExprIsAAdd(e))
    return axis_add(m, loops, a, b);
  if (mlirAffineExprIsAMul(e))
    return a.n ? axis_scale(m, a, b.constant) : axis_scale(m, b, a.constant);
  return mlirAffineExprIsAMod(e) ? axis_mod(m, loops, a, b.constant) : axis_floordiv(m, loops, a, b.constant);
}

/* Divisors and factors are numbers, divisors positive; no symbols; and no rounding up. */
static bool is_plain_affine(MlirAffineExpr e) {
  if (mlirAffineExprIsADim(e) || mlirAffineExprIsAConstant(e))
    return true;
  if (mlirAffineExprIsASymbol(e) || mlirAffineExprIsACeilDiv(e))
    return false;
  MlirAffineExpr a = mlirAffineBinaryOpExprGetLHS(e), b = mlirAffineBinaryOpExprGetRHS(e);
  bool by_number = mlirAffineExprIsAConstant(b) && mlirAffineConstantExprGetValue(b) > 0;
  return is_plain_affine(a) && is_plain_affine(b) && (mlirAffineExprIsAAdd(e) || mlirAffineExprIsAMul(e) ? !mlirAffineExprIsAMul(e) || mlirAffineExprIsAConstant(a) || mlirAffineExprIsAConstant(b) : by_number);
}

static MlirAffineMap map_of(MlirAttribute maps, intptr_t i) { return mlirAffineMapAttrGetValue(mlirArrayAttrGetElement(maps, i)); }

/* Extents of the loops, from the operands that a loop alone indexes. */
static bool loop_extents(MlirOperation op, MlirAttribute maps, axis_space *out) {
  out->n = (int)mlirAffineMapGetNumDims(map_of(maps, 0));
  if (out->n > NET_LOOPS_MAX)
    return false;
  for (intptr_t i = 0; i < ir_num_operands(op); i++) {
    MlirAffineMap map = map_of(maps, i);
    MlirType t = mlirValueGetType(ir_operand(op, i));
    for (intptr_t k = 0; k < mlirAffineMapGetNumResults(map); k++) {
      MlirAffineExpr e = mlirAffineMapGetResult(map, k);
      if (!is_plain_affine(e) || mlirShapedTypeIsDynamicDim(t, k))
        return false;
      if (mlirAffineExprIsADim(e))
        out->extent[mlirAffineDimExprGetPosition(e)] = mlirShapedTypeGetDimSize(t, k);
    }
  }
  for (int d = 0; d < out->n; d++)
    if (!out->extent[d])
      return false;
  return true;
}

/* Indices of operand i over the loops. */
static void indices_of(net_reader *r, const axis_space *loops, MlirAffineMap map, axis_expr *out) {
  for (intptr_t k = 0; k < mlirAffineMapGetNumResults(map); k++)
    out[k] = of_affine(r, loops, mlirAffineMapGetResult(map, k));
}

static bool read_access(net_reader *r, net_op *op, MlirValue v, MlirAffineMap map, int i) {
  const net_value *known = net_value_of(r, v);
  net_access *out = i < op->n_args ? &op->in[i] : &op->init[i - op->n_args];
  axis_expr by[AXIS_MAX] = {{0}};
  *out = (net_access){.value = {.kind = NET_SPLAT}};
  if (!known && !mlirTypeIsAShaped(mlirValueGetType(v)) && i < op->n_args) {
    if (!ir_type_dtype(mlirValueGetType(v), &out->value.type))
      return false;
    if (net_constant(v, &out->value.splat))
      return true;
    out->value.kind = NET_EMPTY;      /* a number from outside */
    op->name[i] = v;
    return true;
  }
  if (!known)
    return false;
  indices_of(r, &op->loops, map, by);
  *out = net_access_at(r, op, *known, by);
  return true;
}

/* Nothing but elements handed on: the result is a view of that operand, or one number. */
static bool read_view(net_reader *r, MlirOperation op, const net_op *g, MlirAttribute maps) {
  MlirOperation yield = mlirBlockGetTerminator(ir_body(op));
  if (g->n_out != 1)
    return false;
  MlirValue from = ir_operand(yield, 0);
  MlirAffineMap to = map_of(maps, g->n_args);
  net_value v = {.kind = NET_SPLAT};
  axis_space shape;
  axis_expr loop[AXIS_MAX] = {{0}}, by[AXIS_MAX] = {{0}};
  int seen = 0;
  if (!net_static_type(r, mlirValueGetType(ir_result(op, 0)), &v.type, &shape))
    return false;
  for (intptr_t k = 0; k < mlirAffineMapGetNumResults(to); k++) {
    MlirAffineExpr e = mlirAffineMapGetResult(to, k);
    if (!mlirAffineExprIsADim(e))
      return false;
    seen |= 1 << mlirAffineDimExprGetPosition(e);
    loop[mlirAffineDimExprGetPosition(e)] = axis_var(r->mem, (int)k);
  }
  if (seen != (1 << g->loops.n) - 1)
    return false;
  if (net_constant(from, &v.splat)) {
    v.shape = shape;
    net_set_value(r, ir_result(op, 0), v);
    return true;
  }
  int i = net_input_of(g, from);
  if (i < 0 || (i < g->n_args && !mlirValueIsNull(g->name[i])))
    return false;
  v = g->in[i].value;
  if (i >= g->n_args) {      /* an element of a tensor, at an address over the loops */
    v.shape = shape;
    v.at = axis_subst(r->mem, &shape, g->in[i].at, loop);
    net_set_value(r, ir_result(op, 0), v);
    return true;
  }
  indices_of(r, &g->loops, map_of(maps, i), by);
  for (int d = 0; d < v.shape.n && mlirAffineMapGetNumResults(map_of(maps, i)); d++)
    by[d] = axis_subst(r->mem, &shape, by[d], loop);
  net_set_value(r, ir_result(op, 0), net_indexed(r, v, &shape, by));
  return true;
}

static bool needs_result(const net_op *op, MlirValue v, int i) {
  int o;
  MlirOperation def = ir_def(v);
  if (net_is_so_far(op, v, &o))
    return o == i;
  for (intptr_t k = 0; !mlirOperationIsNull(def) && mlirBlockEqual(mlirOperationGetBlock(def), op->body) && k < ir_num_operands(def); k++)
    if (needs_result(op, ir_operand(def, k), i))
      return true;
  return false;
}

/* Without the last results where nothing uses them, as the places of a pool of which only the maxima are asked for. */
static int used_results(const net_op *op) {
  int n = op->n_out;
  for (; n > 1 && mlirOpOperandIsNull(mlirValueGetFirstUse(ir_result(op->op, n - 1))); n--)
    for (int i = 0; i < n - 1; i++)
      if (needs_result(op, op->yields[i], n - 1))
        return n;
  return n;
}

static void read_generic(net_reader *r, MlirOperation op) {
  MlirAttribute maps = ir_linalg_maps(op), kinds = ir_attr_of(op, "iterator_types");
  net_op g = {.op = op, .span = ir_span(r->ir, op), .body = ir_body(op), .index_type = DTYPE_I32, .group = -1};
  intptr_t first, n;
  if (!ir_op_is(op, "linalg.generic") || mlirAttributeIsNull(maps) || !loop_extents(op, maps, &g.loops)) {
    net_refuse(r, op, ir_op_is(op, "linalg.generic") ? "its sizes are not all known, or an index is no sum of loops times numbers, floordiv and mod" : "it is not of the structured operations that have one");
    return;
  }
  g.n_in = g.n_args = ir_segment(op, 0, &first, &n) ? (int)n : 0;
  g.n_out = ir_segment(op, 1, &first, &n) ? (int)n : 0;
  if (g.n_in > NET_OPERANDS_MAX || g.n_out > NET_RESULTS_MAX || mlirOperationGetNumResults(op) != g.n_out) {
    net_refuse(r, op, "it has too many operands, or works on memory");
    return;
  }
  for (int d = 0; d < g.loops.n; d++)
    g.reduces[d] = strstr(ir_print_attr(r->mem, mlirArrayAttrGetElement(kinds, d)), "reduction") != NULL;
  for (int i = 0; i < g.n_args + g.n_out; i++)
    if (!read_access(r, &g, ir_operand(op, i), map_of(maps, i), i)) {
      net_refuse(r, op, arena_printf(r->mem, "operand %d is no tensor of this function and no constant", i));
      return;
    }
  for (int i = 0; i < g.n_out; i++)
    g.yields[i] = ir_operand(mlirBlockGetTerminator(g.body), i);
  g.n_out = used_results(&g);
  bool has_form = true;
  for (int i = 0; i < g.n_out; i++)
    has_form = net_add_inputs(r, &g, g.yields[i]) && has_form;
  if (!has_form)
    net_refuse_results(r, op);
  if (!has_form || read_view(r, op, &g, maps))
    return;
  net_find_extreme(&g, &g.extreme);
  net_check_body(r, &g);
  net_forget_unused(&g);
  for (int i = 0; i < g.n_out; i++) {
    dtype type;
    axis_space shape;
    axis_expr by[AXIS_MAX] = {{0}};
    if (!net_static_type(r, mlirValueGetType(ir_result(op, i)), &type, &shape)) {
      net_refuse(r, op, "the type of its result");
      return;
    }
    g.out[i].value = net_memory(r, net_new_tensor(r, NULL, NETWORK_TEMPORARY, type, &shape));
    indices_of(r, &g.loops, map_of(maps, g.n_args + i), by);
    g.out[i].at = axis_subst(r->mem, &g.loops, g.out[i].value.at, by);
    net_set_value(r, ir_result(op, i), g.out[i].value);
  }
  vec_push(r->mem, &r->ops, g);
}

/* ---- the function ---- */

static void read_return(net_reader *r, MlirOperation op) {
  for (intptr_t i = 0; i < ir_num_operands(op); i++) {
    const net_value *known = net_value_of(r, ir_operand(op, i));
    if (!known) {
      net_refuse(r, op, "a result that is no tensor of known size");
      continue;
    }
    net_value v = *known;
    if (!net_is_whole(r, &v) || r->net->tensors.at[v.tensor].role != NETWORK_TEMPORARY)
      v = net_copied(r, ir_span(r->ir, op), v);
    network_result out = {.tensor = v.tensor, .type = v.type, .rank = v.shape.n};
    memcpy(out.shape, v.shape.extent, sizeof out.shape);
    vec_push(r->mem, &r->net->results, out);
  }
}

/* Does it use what was refused?  Then it is not looked at: the root was told. */
static bool find_refused(MlirOperation op, void *data) {
  net_reader *r = data;
  for (intptr_t i = 0; i < ir_num_operands(op); i++) {
    const net_value *v = net_value_of(r, ir_operand(op, i));
    if (v && v->kind == NET_REFUSED)
      return false;
  }
  return true;
}

/* Does it make numbers only? */
static bool is_number(MlirOperation op) {
  bool all = mlirOperationGetNumResults(op) > 0 && (text_starts(ir_op_name(op), "arith.") || text_starts(ir_op_name(op), "math.") || ir_op_is(op, "tensor.extract"));
  for (intptr_t i = 0; i < mlirOperationGetNumResults(op); i++)
    all = all && !mlirTypeIsAShaped(mlirValueGetType(ir_result(op, i)));
  return all;
}

static void read_op(net_reader *r, MlirOperation op) {
  if (ir_op_is(op, "arith.constant"))
    read_constant(r, op);
  else if (ir_op_is(op, "ml_program.global_load") || ir_op_is(op, "ml_program.global_load_const"))
    read_global(r, op);
  else if (ir_op_is(op, "func.return"))
    read_return(r, op);
  else if (is_number(op))
    ;      /* looked at where it is used */
  else if (ir_op_is(op, "scf.for"))
    net_read_loops(r, op);
  else if (text_starts(ir_op_name(op), "linalg."))
    read_generic(r, op);
  else if (!net_read_shape_op(r, op))
    net_refuse(r, op, "it does not work on tensors of known sizes in a structured way");
}

loom_status net_read_function(net_reader *r, MlirOperation func) {
  MlirBlock body = ir_body(func);
  r->func = func;
  for (intptr_t i = 0; i < mlirBlockGetNumArguments(body); i++) {
    MlirValue v = mlirBlockGetArgument(body, i);
    dtype type;
    axis_space shape;
    if (!net_static_type(r, mlirValueGetType(v), &type, &shape)) {
      r->failed = true;
      diag_error(r->ctx, ir_span(r->ir, func), LOOM_EUNSUP, "argument %d of @%s is %s; kernels take tensors of known sizes and at most %d dims", (int)i, r->net->name,
                 ir_print_type(r->mem, mlirValueGetType(v)), KERNEL_RANK_MAX);
      net_set_value(r, v, (net_value){.kind = NET_REFUSED});
      shape = (axis_space){0};
      net_new_tensor(r, NULL, NETWORK_ARG, DTYPE_F32, &shape);
      continue;
    }
    net_set_value(r, v, net_memory(r, net_new_tensor(r, ir_argument_name(r->ir, func, i), NETWORK_ARG, type, &shape)));
  }
  r->net->n_args = (int)r->net->tensors.n;
  for (MlirOperation op = mlirBlockGetFirstOperation(body); !mlirOperationIsNull(op); op = mlirOperationGetNextInBlock(op)) {
    const int before = r->n_refused;
    if (!ir_walk(op, find_refused, r))
      net_refuse_results(r, op);
    else
      read_op(r, op);
    if (r->n_refused > before)
      net_refuse_results(r, op);
  }
  return r->failed ? LOOM_EUNSUP : LOOM_OK;
}
