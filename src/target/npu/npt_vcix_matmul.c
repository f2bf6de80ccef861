/* Writing a product: weights, inputs, compute, pops (npt_vcix.h). */
#include "target/npu/npt_emit.h"

/* coefficient * index, for a null index nothing. */
typedef struct term { MlirValue index; int64_t coefficient; } term;
/* Element sum(terms) + constant of a tile as it lies in a lane's bank. */
typedef struct place { term terms[2]; int64_t constant; } place;

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

static MlirValue constant(npt_emit *e, MlirAttribute value, MlirType t) { return ir_build1(&e->at, "arith.constant", t, 0, NULL, 1, &(ir_named){"value", value}); }
static MlirValue count_of(npt_emit *e, int64_t n) { return n == e->p->vector && !mlirValueIsNull(e->count) ? e->count : constant(e, ir_int_attr(e->ir, n), mlirIntegerTypeGet(e->ir->mlir, 64)); }
static MlirAttribute zero_of(MlirType t) { return mlirTypeIsAFloat(t) ? mlirFloatAttrDoubleGet(mlirTypeGetContext(t), t, 0.0) : mlirIntegerAttrGet(t, 0); }
static MlirType vector_of(int64_t n, MlirType element) { return mlirVectorTypeGet(1, &n, element); }
static MlirValue splat(npt_emit *e, MlirType vector, MlirAttribute value) { return constant(e, mlirDenseElementsAttrSplatGet(vector, value), vector); }

typedef enum part { WHOLE, QUOTIENT, REMAINDER } part;

static MlirValue index_of(npt_emit *e, const place *at, part what, int64_t by) {
  MlirContext c = e->ir->mlir;
  MlirValue operands[2];
  int n = 0;
  MlirAffineExpr sum = mlirAffineConstantExprGet(c, at->constant);
  for (int i = 0; i < 2; i++)
    if (!mlirValueIsNull(at->terms[i].index)) {
      sum = mlirAffineAddExprGet(mlirAffineMulExprGet(mlirAffineDimExprGet(c, n), mlirAffineConstantExprGet(c, at->terms[i].coefficient)), sum);
      operands[n++] = at->terms[i].index;
    }
  MlirAffineExpr by_expr = mlirAffineConstantExprGet(c, by);
  if (what != WHOLE)
    sum = what == QUOTIENT ? mlirAffineFloorDivExprGet(sum, by_expr) : mlirAffineModExprGet(sum, by_expr);
  if (n)
    return npt_emit_apply(e, n, operands, sum);
  return ir_index_const(&e->at, what == WHOLE ? at->constant : what == QUOTIENT ? at->constant / by : at->constant % by);
}

/* A tile that is read or written vector by vector.  PyTorchSim's indices, [p div columns, p mod columns], serve where no vector crosses a row of the memref; else a flat view. */
typedef struct tile { MlirValue memory, pad; int64_t columns; bool is_flat; } tile;

static bool collapse(npt_emit *e, tile *t) {
  MlirType was = mlirValueGetType(t->memory);
  int64_t strides[2], offset, size = mlirShapedTypeGetDimSize(was, 0) * mlirShapedTypeGetDimSize(was, 1);
  if (mlirLogicalResultIsFailure(mlirMemRefTypeGetStridesAndOffset(was, strides, &offset)))
    return false;
  MlirAttribute layout = mlirStridedLayoutAttrGet(e->ir->mlir, offset, 1, (int64_t[]){1});
  MlirType flat = offset == 0 ? mlirMemRefTypeContiguousGet(mlirShapedTypeGetElementType(was), 1, &size, mlirMemRefTypeGetMemorySpace(was))
                              : mlirMemRefTypeGet(mlirShapedTypeGetElementType(was), 1, &size, layout, mlirMemRefTypeGetMemorySpace(was));
  t->memory = ir_build1(&e->at, "memref.collapse_shape", flat, 1, &t->memory, 1, &(ir_named){"reassociation", ir_attr(e->ir, "[[0, 1]]")});
  return !mlirValueIsNull(t->memory);
}

/* Vectors start at multiples of `rows`, of `step` and of their own length. */
static bool open_tile(npt_emit *e, int which, int64_t rows, int64_t step, tile *out) {
  int64_t v = e->p->vector;
  *out = (tile){.memory = e->p->memory[which], .pad = which == NPT_C ? e->c_pad : e->pad, .columns = mlirShapedTypeGetDimSize(mlirValueGetType(e->p->memory[which]), 1)};
  out->is_flat = out->columns % v != 0 || rows % v != 0 || step % v != 0;
  return !out->is_flat || collapse(e, out);
}

static int tile_indices(npt_emit *e, const tile *t, const place *at, MlirValue out[2]) {
  if (t->is_flat) {
    out[0] = index_of(e, at, WHOLE, 1);
    return 1;
  }
  out[0] = index_of(e, at, QUOTIENT, t->columns);
  out[1] = index_of(e, at, REMAINDER, t->columns);
  return 2;
}

static MlirAttribute last_dim(npt_emit *e, int n_indices) {
  MlirAffineExpr last = mlirAffineDimExprGet(e->ir->mlir, n_indices - 1);
  return mlirAffineMapAttrGet(mlirAffineMapGet(e->ir->mlir, n_indices, 0, 1, &last));
}

static MlirAttribute in_bounds(npt_emit *e) { return mlirArrayAttrGet(e->ir->mlir, 1, (MlirAttribute[]){ir_bool_attr(e->ir, true)}); }

static MlirValue read_vector(npt_emit *e, const tile *t, const MlirValue *index, int n_indices, int64_t n) {
  MlirType element = mlirShapedTypeGetElementType(mlirValueGetType(t->memory));
  MlirValue v[4] = {t->memory};
  for (int i = 0; i < n_indices; i++)
    v[1 + i] = index[i];
  v[1 + n_indices] = t->pad;
  const ir_named attrs[] = {{"permutation_map", last_dim(e, n_indices)}, {"in_bounds", in_bounds(e)},
                            {"operandSegmentSizes", mlirDenseI32ArrayGet(e->ir->mlir, 4, (int32_t[]){1, n_indices, 1, 0})}};
  return ir_build1(&e->at, "vector.transfer_read", vector_of(n, element), n_indices + 2, v, 3, attrs);
}

static bool write_vector(npt_emit *e, const tile *t, const MlirValue *index, int n_indices, MlirValue value) {
  MlirValue v[4] = {value, t->memory};
  for (int i = 0; i < n_indices; i++)
    v[2 + i] = index[i];
  const ir_named attrs[] = {{"permutation_map", last_dim(e, n_indices)}, {"in_bounds", in_bounds(e)},
                            {"operandSegmentSizes", mlirDenseI32ArrayGet(e->ir->mlir, 4, (int32_t[]){1, 1, n_indices, 0})}};
  return !mlirOperationIsNull(ir_build(&e->at, "vector.transfer_write", 0, NULL, n_indices + 2, v, 3, attrs, 0, NULL));
}

static bool push(npt_emit *e, isa_vc what, MlirValue vector) {
  const MlirValue v[] = {vector, count_of(e, mlirShapedTypeGetDimSize(mlirValueGetType(vector), 0))};
  const ir_named attrs[] = {{"opcode", ir_int_attr(e->ir, isa_vc_table[what].opcode)}, {"imm", ir_int_attr(e->ir, e->p->kind)}, {"rd", ir_int_attr(e->ir, 0)}};
  return !mlirOperationIsNull(ir_build(&e->at, "vcix.iv", 0, NULL, 2, v, 3, attrs, 0, NULL));
}

static MlirValue ask(npt_emit *e, isa_vc what, MlirType vector) {
  MlirValue n = count_of(e, mlirShapedTypeGetDimSize(vector, 0));
  const ir_named attrs[] = {{"opcode", ir_int_attr(e->ir, isa_vc_table[what].opcode)}, {"imm", ir_int_attr(e->ir, isa_vc_table[what].imm)}, {"rs2", ir_int_attr(e->ir, 0)}};
  return ir_build1(&e->at, "vcix.v.i", vector, 1, &n, 3, attrs);
}

static bool compute(npt_emit *e) {
  MlirValue n = count_of(e, e->p->vector);
  const ir_named attrs[] = {{"opcode", ir_int_attr(e->ir, isa_vc_table[ISA_VC_COMPUTE].opcode)}, {"imm", ir_int_attr(e->ir, isa_vc_table[ISA_VC_COMPUTE].imm)},
                            {"rd", ir_int_attr(e->ir, 0)}, {"rs2", ir_int_attr(e->ir, 0)}, {"sew", ir_int_attr(e->ir, e->p->bits)}, {"lmul", ir_int_attr(e->ir, 0)}};
  return !mlirOperationIsNull(ir_build(&e->at, "vcix.i", 0, NULL, 1, &n, 6, attrs, 0, NULL));
}

/* ---- the four steps ---- */

static bool push_weights(npt_emit *e) {
  const npt_product *p = e->p;
  tile b;
  if (!open_tile(e, NPT_B, p->k, p->ss, &b))
    return false;
  int64_t rows = least(p->k, p->ss);
  MlirValue zeros = rows < p->ss ? splat(e, vector_of(p->vector, p->element), zero_of(p->element)) : (MlirValue){NULL};
  for (int64_t i = 0; i < p->ss;) {
    int64_t n = least(p->vector, (i < rows ? rows : p->ss) - i);
    const place at = {{{e->n, p->k}, {e->k, p->ss}}, i};
    MlirValue index[2], v = zeros;
    if (i < rows)
      v = read_vector(e, &b, index, tile_indices(e, &b, &at, index), n);
    else if (n < p->vector)
      v = splat(e, vector_of(n, p->element), zero_of(p->element));
    if (mlirValueIsNull(v) || !push(e, ISA_VC_PUSH_WEIGHT, v))
      return false;
    i += n;
  }
  return true;
}

/* Which lanes hold a column of A, for n elements. */
static MlirValue columns_of_a(npt_emit *e, int64_t n) {
  const npt_product *p = e->p;
  MlirType lane = mlirIntegerTypeGet(e->ir->mlir, (unsigned)p->bits), lanes = vector_of(n, lane);
  const MlirValue sides[] = {ask(e, ISA_VC_LANE_INDEX, lanes), splat(e, lanes, mlirIntegerAttrGet(lane, p->k))};
  enum { UNSIGNED_LESS = 6 };
  return ir_build1(&e->at, "arith.cmpi", vector_of(n, mlirIntegerTypeGet(e->ir->mlir, 1)), 2, sides, 1, &(ir_named){"predicate", ir_int_attr(e->ir, UNSIGNED_LESS)});
}

/* Zeros in the other lanes. */
static MlirValue masked(npt_emit *e, MlirValue v) {
  MlirType t = mlirValueGetType(v);
  const MlirValue choice[] = {mlirShapedTypeGetDimSize(t, 0) == e->p->vector ? e->is_column : e->is_column_of_tail, v, splat(e, t, zero_of(e->p->element))};
  return ir_build1(&e->at, "arith.select", t, 3, choice, 0, NULL);
}

static bool push_inputs(npt_emit *e) {
  const npt_product *p = e->p;
  tile a;
  if (!open_tile(e, NPT_A, p->m, p->push, &a))
    return false;
  for (int64_t i = 0; i < p->push; i += p->vector) {
    const place at = {{{e->k, p->m}, {e->m, p->push}}, i};
    MlirValue index[2], v = read_vector(e, &a, index, tile_indices(e, &a, &at, index), least(p->vector, p->push - i));
    if (p->needs_mask && !mlirValueIsNull(v))
      v = masked(e, v);
    if (mlirValueIsNull(v) || !push(e, ISA_VC_PUSH_INPUT, v))
      return false;
  }
  return true;
}

static unsigned bits_of(MlirType t) { return mlirTypeIsAFloat(t) ? mlirFloatTypeGetWidth(t) : mlirIntegerTypeGetWidth(t); }

/* A vector as one of another element type: between C and the sums of the array. */
static MlirValue converted(npt_emit *e, MlirValue v, MlirType element) {
  MlirType was = mlirShapedTypeGetElementType(mlirValueGetType(v));
  if (mlirTypeEqual(was, element))
    return v;
  bool is_wider = bits_of(element) > bits_of(was);
  const char *name = mlirTypeIsAFloat(element) ? (is_wider ? "arith.extf" : "arith.truncf") : (is_wider ? "arith.extsi" : "arith.trunci");
  return ir_build1(&e->at, name, vector_of(mlirShapedTypeGetDimSize(mlirValueGetType(v), 0), element), 1, &v, 0, NULL);
}

static bool pop_sums(npt_emit *e) {
  const npt_product *p = e->p;
  tile c;
  if (!open_tile(e, NPT_C, p->m, p->push, &c))
    return false;
  for (int64_t i = 0; i < p->push; i += p->vector) {
    int64_t n = least(p->vector, p->push - i);
    const place at = {{{e->n, p->m}, {e->m, p->push}}, i};
    MlirValue index[2], v = ask(e, ISA_VC_POP, vector_of(n, p->sum));
    int n_indices = tile_indices(e, &c, &at, index);
    if (!e->is_storing) {
      const MlirValue sides[] = {converted(e, read_vector(e, &c, index, n_indices, n), p->sum), v};
      v = ir_build1(&e->at, mlirTypeIsAFloat(p->sum) ? "arith.addf" : "arith.addi", vector_of(n, p->sum), 2, sides, 0, NULL);
    }
    if (mlirValueIsNull(v) || !write_vector(e, &c, index, n_indices, converted(e, v, p->c_element)))
      return false;
  }
  return true;
}

/* ---- loops ---- */

/* One block of weights and all rows of A that meet it.  `e` is a copy: the place and the loops end with it. */
static bool emit_block(npt_emit e) {
  const npt_product *p = e.p;
  if (!npt_emit_wait_for_weights(&e) || !push_weights(&e))
    return false;
  if (p->is_conv) {
    mlirOperationMoveBefore(p->inner.at[NPT_O_H], e.at.before);
    e.at = ir_before(e.ir, p->op);
  }
  if (p->m > p->push)
    e.m = npt_build_loop(&e.at, p->m / p->push);
  return npt_emit_wait_for_inputs(&e) && npt_emit_wait_for_bias(&e) && push_inputs(&e) && compute(&e) && pop_sums(&e);
}

static MlirOperation terminator(MlirOperation loop) { return mlirBlockGetTerminator(ir_body(loop)); }

loom_status npt_lower_product(ir_ctx *ir, const npt_product *p) {
  npt_emit e = {.ir = ir, .p = p, .at = ir_before(ir, p->is_conv ? terminator(p->inner.at[NPT_K_W]) : p->op)};
  e.at.loc = mlirOperationGetLocation(p->op);
  e.zero = ir_index_const(&e.at, 0);
  e.count = count_of(&e, p->vector);
  e.pad = constant(&e, zero_of(p->element), p->element);
  e.c_pad = mlirTypeEqual(p->element, p->c_element) ? e.pad : constant(&e, zero_of(p->c_element), p->c_element);
  if (p->needs_mask) {   /* before the weights: it belongs to the vector code in front of the product, not between its pushes */
    e.is_column = columns_of_a(&e, p->vector);
    if (p->push % p->vector)
      e.is_column_of_tail = columns_of_a(&e, p->push % p->vector);
  }
  if (p->n > p->ss)
    e.n = npt_build_loop(&e.at, p->n / p->ss);
  bool ok = true;
  if (p->is_overwriting) {
    e.is_storing = true;
    ok = emit_block(e);
    e.is_storing = false;
  }
  if (ok && p->k > p->ss) {
    e.k = npt_build_loop(&e.at, p->k / p->ss);
    if (p->is_overwriting)
      ir_set_attr(mlirOperationGetParentOperation(e.at.before), "lowerBoundMap", mlirAffineMapAttrGet(mlirAffineMapConstantGet(ir->mlir, 1)));
  }
  if (ok && (p->k > p->ss || !p->is_overwriting))
    ok = emit_block(e);
  return ok && ir_erase(p->op) ? LOOM_OK : LOOM_EBUG;
}
