#include "target/cpu/cpu_vector_body.h"

typedef struct value_map { VEC_OF(MlirValue) from, to; arena *mem; } value_map;

static void map_value(value_map *m, MlirValue from, MlirValue to) {
  vec_push(m->mem, &m->from, from);
  vec_push(m->mem, &m->to, to);
}

/* Values from outside of the body are themselves. */
static MlirValue mapped(const value_map *m, MlirValue v) {
  for (size_t i = m->from.n; i-- > 0;)
    if (mlirValueEqual(m->from.at[i], v))
      return m->to.at[i];
  return v;
}

static bool is_vector(MlirValue v) { return mlirTypeIsAVector(mlirValueGetType(v)); }

/* linalg.index: the counter of a row's loop, or of the lanes. */
static MlirValue index_value(ir_builder *at, const vec_op *v, const vec_step *s, MlirOperation op) {
  int64_t d = 0;
  ir_attr_int(ir_attr_of(op, "dim"), &d);
  int loop = v->dim_of_all[d];
  if (loop == VEC_ZERO)
    return ir_index_const(at, 0);
  if (loop != VEC_LANE)
    return s->row[loop];
  MlirValue steps = ir_build1(at, "vector.step", vec_type(ir_index_type(at->ir), s->lanes), 0, NULL, 0, NULL);
  return vec_binary(at, "arith.addi", vec_splat(at, s->lane, s->lanes), steps);
}

/* `op` on scalars stays one; on vectors all operands are. */
static MlirValue clone_op(ir_builder *at, const value_map *m, MlirOperation op, int lanes) {
  MlirOperation copy = mlirOperationClone(op);
  intptr_t n = ir_num_operands(op);
  bool vectors = false;
  for (intptr_t i = 0; i < n; i++)
    vectors |= is_vector(mapped(m, ir_operand(op, i)));
  for (intptr_t i = 0; i < n; i++) {
    MlirValue x = mapped(m, ir_operand(op, i));
    mlirOperationSetOperand(copy, i, vectors && !is_vector(x) ? vec_splat(at, x, lanes) : x);
  }
  MlirValue result = ir_result(copy, 0);
  if (vectors)
    mlirValueSetType(result, vec_type(mlirValueGetType(result), lanes));
  if (mlirOperationIsNull(at->before))
    mlirBlockAppendOwnedOperation(at->block, copy);
  else
    mlirBlockInsertOwnedOperationBefore(at->block, at->before, copy);
  return result;
}

static bool is_combiner(const vec_op *v, MlirOperation op, int *out) {
  for (*out = 0; *out < v->n_out; ++*out)
    if (!mlirOperationIsNull(v->combine[*out]) && mlirOperationEqual(v->combine[*out], op))
      return true;
  return false;
}

void vec_body(ir_builder *at, const vec_op *v, const vec_step *step, const MlirValue *in, MlirValue *out) {
  value_map m = {.mem = &at->ir->ctx->mem};
  MlirBlock body = ir_body(v->op);
  for (int i = 0; i < v->n_in + v->n_out; i++)
    if (!mlirValueIsNull(in[i]))
      map_value(&m, mlirBlockGetArgument(body, i), in[i]);
  for (MlirOperation op = mlirBlockGetFirstOperation(body); !ir_op_is(op, "linalg.yield"); op = mlirOperationGetNextInBlock(op)) {
    int o;
    if (is_combiner(v, op, &o) && mlirValueIsNull(in[v->n_in + o])) {
      MlirValue old = mlirBlockGetArgument(body, v->n_in + o);
      map_value(&m, ir_result(op, 0), mapped(&m, ir_operand(op, mlirValueEqual(ir_operand(op, 0), old))));
    } else {
      map_value(&m, ir_result(op, 0), ir_op_is(op, "linalg.index") ? index_value(at, v, step, op) : clone_op(at, &m, op, step->lanes));
    }
  }
  for (int o = 0; o < v->n_out; o++)
    out[o] = mapped(&m, ir_operand(mlirBlockGetTerminator(body), o));
}

MlirValue vec_combine(ir_builder *at, const vec_op *v, int o, MlirValue a, MlirValue b) {
  /* which zero is the larger one takes x86 another two instructions */
  ir_named no_zeros = {"fastmath", ir_attr(at->ir, "#arith.fastmath<nsz>")};
  const char *name = ir_op_name(v->combine[o]);
  return ir_build1(at, name, mlirValueGetType(a), 2, (MlirValue[]){a, b}, text_eq(name, "arith.maximumf") || text_eq(name, "arith.minimumf"), &no_zeros);
}

MlirValue vec_combine_lanes(ir_builder *at, const vec_op *v, int o, MlirValue x, int lanes) {
  MlirType elem = mlirShapedTypeGetElementType(mlirValueGetType(x));
  MlirOperation combiner = v->combine[o];
  MlirValue all = x;
  for (int half = lanes / 2; half > 0; half /= 2) {
    int64_t low[64], high[64];
    for (int i = 0; i < half; i++)
      low[i] = i, high[i] = half + i;
    ir_named a = {"mask", mlirDenseI64ArrayGet(at->ir->mlir, half, low)}, b = {"mask", mlirDenseI64ArrayGet(at->ir->mlir, half, high)};
    MlirType t = vec_type(elem, half);
    MlirValue l = ir_build1(at, "vector.shuffle", t, 2, (MlirValue[]){x, x}, 1, &a), h = ir_build1(at, "vector.shuffle", t, 2, (MlirValue[]){x, x}, 1, &b);
    x = vec_is_extreme(combiner) ? vec_extreme(at, combiner, l, h) : vec_combine(at, v, o, l, h);
  }
  ir_named at0 = {"static_position", mlirDenseI64ArrayGet(at->ir->mlir, 1, (const int64_t[]){0})};
  x = ir_build1(at, "vector.extract", elem, 1, &x, 1, &at0);
  return vec_is_extreme(combiner) ? vec_extreme_any_nan(at, all, x) : x;
}
