/* Mutation operators on the materialized IR: movement, memory, arithmetic; the table of all. */
#ifndef LOOM_COMPILE_MUTATE_IR_H
#define LOOM_COMPILE_MUTATE_IR_H
#include "compile_mutate_ops.h"

/* ---- movement ---- */

static bool mutate_ir_area(mutation *m) {
  MlirOperation op = mutate_op(m, ir_moves);
  MlirAttribute area = ir_attr_of(op, "static_area");
  int64_t at[DIALECT_MESH_MAX];
  if (mlirAttributeIsNull(area))
    return false;
  intptr_t n = mlirDenseArrayGetNumElements(area);
  for (intptr_t i = 0; i < n && i < DIALECT_MESH_MAX; i++)
    at[i] = mlirDenseI64ArrayGetElement(area, i);
  at[mutate_pick(m, (size_t)n)] += mutate_pick(m, 2) ? 1 : -1;
  mutate_say(m, "area %d, ..: %s", (int)at[0], ir_short(m, op));
  ir_set_attr(op, "static_area", mlirDenseI64ArrayGet(m->s->ir.mlir, n, at));
  return true;
}

static bool mutate_ir_corner(mutation *m) {
  MlirOperation op = mutate_op(m, ir_moves);
  intptr_t n = ir_num_operands(op);
  if (n < 4)
    return false;
  return ir_shift_operand(m, op, n - 1 - (intptr_t)mutate_pick(m, n < 6 ? 2 : 4), mutate_pick(m, 2) ? 1 : -1);
}

/* Both corners of the region one core further. */
static bool mutate_ir_region(mutation *m) {
  MlirOperation op = mutate_op(m, ir_is_copy);
  intptr_t n = ir_num_operands(op), mesh = (n - 2) / 2;
  if (mesh < 1)
    return false;
  intptr_t d = (intptr_t)mutate_pick(m, (size_t)mesh);
  return ir_shift_operand(m, op, 2 + d, 1) && ir_shift_operand(m, op, 2 + mesh + d, 1);
}

static bool mutate_ir_place(mutation *m) {
  MlirOperation op = mutate_op(m, ir_is_gather);
  return !mlirOperationIsNull(op) && ir_shift_operand(m, op, 2, mutate_pick(m, 2) ? 1 : -1);
}

/* Where another copy reads. */
static bool mutate_ir_source(mutation *m) {
  mutate_ops all = mutate_find_ops(m, ir_is_copy);
  for (size_t k = 0; k + 1 < all.n; k++)
    for (size_t i = k + 1; i < all.n; i++)
      if (mlirTypeEqual(mlirValueGetType(ir_operand(all.at[k], 0)), mlirValueGetType(ir_operand(all.at[i], 0))) &&
          mlirBlockEqual(mlirOperationGetBlock(all.at[k]), mlirOperationGetBlock(all.at[i])) && mutate_pick(m, 2)) {
        mutate_say(m, "the source of another copy: %s", ir_short(m, all.at[i]));
        mlirOperationSetOperand(all.at[i], 0, ir_operand(all.at[k], 0));
        return true;
      }
  return false;
}

static bool mutate_ir_dims(mutation *m) {
  MlirOperation op = mutate_op(m, ir_is_parallel);
  MlirAttribute dims = ir_attr_of(op, "loom.physical_dims"), at[8];
  if (mlirAttributeIsNull(dims) || !mlirAttributeIsAArray(dims))
    return false;
  intptr_t n = mlirArrayAttrGetNumElements(dims);
  if (n < 2 || n > 8)
    return false;
  for (intptr_t i = 0; i < n; i++)
    at[i] = mlirArrayAttrGetElement(dims, (i + 1) % n);
  ir_set_attr(op, "loom.physical_dims", mlirArrayAttrGet(m->s->ir.mlir, n, at));
  return mutate_say(m, "the grid's dims on each other's dims of the mesh");
}

/* ---- memory ---- */

static bool mutate_ir_overlap(mutation *m) {
  MlirOperation a = mutate_op(m, ir_is_alloc), b = mutate_op(m, ir_is_alloc);
  if (mlirOperationIsNull(a) || mlirOperationEqual(a, b))
    return false;
  mutate_say(m, "at the offset of another one: %s", ir_short(m, a));
  ir_set_attr(a, "offset", ir_attr_of(b, "offset"));
  return true;
}

static bool mutate_ir_l1_offset(mutation *m) {
  static const int64_t by[] = {-32, 8, 32, 1 << 24};
  MlirOperation a = mutate_op(m, ir_is_alloc);
  int64_t v;
  if (mlirOperationIsNull(a) || !ir_attr_int(ir_attr_of(a, "offset"), &v))
    return false;
  v += by[mutate_pick(m, 4)];
  mutate_say(m, "at %d: %s", (int)v, ir_short(m, a));
  ir_set_attr(a, "offset", ir_int_attr(&m->s->ir, v));
  return true;
}

static bool mutate_ir_depth(mutation *m) {
  MlirOperation a = mutate_op(m, ir_is_alloc);
  int64_t v;
  if (mlirOperationIsNull(a) || !ir_attr_int(ir_attr_of(a, "buffer_count"), &v))
    return false;
  v += mutate_pick(m, 2) ? 1 : -1;
  mutate_say(m, "%d slots: %s", (int)v, ir_short(m, a));
  ir_set_attr(a, "buffer_count", ir_int_attr(&m->s->ir, v));
  return true;
}

static bool mutate_ir_strides(mutation *m) {
  MlirOperation op = mutate_op(m, ir_has_strides);
  MlirAttribute strides = ir_attr_of(op, "static_strides");
  int64_t at[DIALECT_RANK_MAX];
  intptr_t n = mlirAttributeIsNull(strides) ? 0 : mlirDenseArrayGetNumElements(strides);
  if (n < 2 || n > DIALECT_RANK_MAX)
    return false;
  for (intptr_t i = 0; i < n; i++)
    at[i] = mlirDenseI64ArrayGetElement(strides, i);
  size_t a = mutate_pick(m, (size_t)n - 1);
  int64_t was = at[a];
  at[a] = at[a + 1];
  at[a + 1] = was;
  mutate_say(m, "strides %zu and %zu swapped: %s", a, a + 1, ir_short(m, op));
  ir_set_attr(op, "static_strides", mlirDenseI64ArrayGet(m->s->ir.mlir, n, at));
  return true;
}

/* ---- arithmetic ---- */

/* A finite constant infinite, an infinite one with the other sign. */
static bool mutate_ir_fill(mutation *m) {
  MlirOperation op = mutate_op(m, ir_is_fill), def = ir_def(ir_operand(op, 0));
  MlirAttribute value = ir_attr_of(def, "value");
  if (mlirAttributeIsNull(value) || !mlirAttributeIsAFloat(value))
    return false;
  double v = mlirFloatAttrGetValueDouble(value), other = isfinite(v) ? (double)INFINITY : -v;   /* a softmax takes back what is added, and multiplies what it starts with by 0 */
  mutate_say(m, "%g instead of %g: %s", other, v, ir_short(m, op));
  MlirOperation copy = mlirOperationClone(def);
  mlirBlockInsertOwnedOperationBefore(mlirOperationGetBlock(op), op, copy);
  ir_set_attr(copy, "value", mlirFloatAttrDoubleGet(m->s->ir.mlir, mlirValueGetType(ir_result(def, 0)), other));
  mlirOperationSetOperand(op, 0, ir_result(copy, 0));
  return true;
}

static bool mutate_ir_step(mutation *m) {
  static const char *const swaps[][2] = {{"arith.addf", "arith.subf"}, {"arith.subf", "arith.addf"}, {"arith.mulf", "arith.addf"}, {"arith.divf", "arith.mulf"},
                                         {"math.exp", "math.log"}, {"math.log", "math.exp"}, {"arith.maximumf", "arith.minimumf"}};
  MlirOperation op = mutate_op(m, ir_is_step);
  for (size_t i = 0; !mlirOperationIsNull(op) && i < sizeof swaps / sizeof *swaps; i++) {
    if (!ir_op_is(op, swaps[i][0]))
      continue;
    const MlirValue two[] = {ir_operand(op, 0), ir_operand(op, 1)};
    ir_builder b = ir_before(&m->s->ir, op);
    mutate_say(m, "%s instead of %s", swaps[i][1], ir_short(m, op));
    ir_replace_uses(ir_result(op, 0), ir_build1(&b, swaps[i][1], mlirValueGetType(ir_result(op, 0)), ir_num_operands(op), two, 0, NULL));
    return true;
  }
  return false;
}

/* What was there before is forgotten: one operand instead of the sum. */
static bool mutate_ir_forget(mutation *m) {
  MlirOperation op = mutate_op(m, ir_is_accumulation);
  if (mlirOperationIsNull(op))
    return false;
  intptr_t i = (intptr_t)mutate_pick(m, 2);
  mutate_say(m, "operand %d alone: %s", (int)i, ir_short(m, op));
  ir_replace_uses(ir_result(op, 0), ir_operand(op, i));
  return true;
}

static inline bool ir_is_sequential(MlirOperation loop) {
  MlirAttribute kind = ir_attr_of(loop, "loom.iter_type");
  MlirStringRef sequential = mlirStringRefCreateFromCString("#loom.iter_type<\"sequential\">");
  return !mlirAttributeIsNull(kind) && mlirAttributeEqual(kind, mlirAttributeParseGet(mlirOperationGetContext(loop), sequential));
}

/* Adds to what an earlier turn of a loop has left: not to zeros of a fill before it. */
static inline bool ir_adds_up(MlirOperation op) {
  int64_t from, to, step;
  MlirOperation loop = mlirOperationGetParentOperation(op);
  if (!ir_is_product(op) || !ir_is_for(loop) || !ir_is_sequential(loop))
    return false;
  if (ir_const_int(ir_operand(loop, 0), &from) && ir_const_int(ir_operand(loop, 1), &to) && ir_const_int(ir_operand(loop, 2), &step) && to - from <= step)
    return false;
  for (MlirOperation o = mlirBlockGetFirstOperation(mlirOperationGetBlock(op)); !mlirOperationEqual(o, op); o = mlirOperationGetNextInBlock(o))
    if (ir_is_fill(o) && mlirValueEqual(ir_operand(o, 1), ir_operand(op, 2)))
      return false;
  return true;
}

/* loom.matmul writes where linalg.matmul adds. */
static bool mutate_ir_overwrite(mutation *m) {
  MlirOperation op = mutate_op(m, ir_adds_up);
  if (mlirOperationIsNull(op) || !m->has_turns)
    return false;
  const MlirValue three[] = {ir_operand(op, 0), ir_operand(op, 1), ir_operand(op, 2)};
  ir_builder b = ir_before(&m->s->ir, op);
  mutate_say(m, "overwrites: %s", ir_short(m, op));
  MlirOperation made = ir_build(&b, ir_op_is(op, "linalg.matmul") ? "loom.matmul" : "loom.batch_matmul", 0, NULL, 3, three, 0, NULL, 0, NULL);
  return !mlirOperationIsNull(made) && ir_erase(op);
}

static bool mutate_ir_maps(mutation *m) {
  MlirOperation op = mutate_op(m, ir_is_generic);
  MlirAttribute maps = ir_attr_of(op, "indexing_maps"), at[8];
  intptr_t n = mlirAttributeIsNull(maps) ? 0 : mlirArrayAttrGetNumElements(maps);
  if (n < 2 || n > 8)
    return false;
  for (intptr_t i = 0; i < n; i++)
    at[i] = mlirArrayAttrGetElement(maps, i);
  size_t a = mutate_pick(m, (size_t)n - 1);
  MlirAttribute was = at[a];
  at[a] = at[a + 1];
  at[a + 1] = was;
  mutate_say(m, "maps %zu and %zu swapped: %s", a, a + 1, ir_short(m, op));
  ir_set_attr(op, "indexing_maps", mlirArrayAttrGet(m->s->ir.mlir, n, at));
  return true;
}

static const mutate_operator mutate_ir_operators[] = {
    {"semaphore_give left out", true, mutate_ir_drop_give}, {"semaphore_take left out", true, mutate_ir_drop_take}, {"copy left out", true, mutate_ir_drop_copy},
    {"gather left out", true, mutate_ir_drop_gather}, {"fill left out", true, mutate_ir_drop_fill}, {"computation left out", true, mutate_ir_drop_compute},
    {"semaphore_give twice", true, mutate_ir_double_give}, {"copy twice", true, mutate_ir_double_copy}, {"computation twice", true, mutate_ir_double_compute},
    {"semaphore_give too early", true, mutate_ir_early_give}, {"factors swapped", true, mutate_ir_swap_factors}, {"sides swapped", true, mutate_ir_swap_sides},
    {"inputs swapped", true, mutate_ir_swap_inputs}, {"offsets swapped", true, mutate_ir_swap_offsets}, {"sizes swapped", true, mutate_ir_swap_sizes},
    {"wrong offset", true, mutate_ir_offset}, {"wrong size", true, mutate_ir_size}, {"bound of a loop off by one", true, mutate_ir_trip},
    {"wrong grid", true, mutate_ir_lost_core}, {"constant off by one", true, mutate_ir_constant}, {"clamp left out", true, mutate_ir_clamp},
    {"term left out", true, mutate_ir_sum}, {"wrong area", true, mutate_ir_area}, {"wrong corner", true, mutate_ir_corner}, {"moved region", true, mutate_ir_region},
    {"wrong place of a gather", true, mutate_ir_place}, {"wrong source", true, mutate_ir_source}, {"dims of the mesh swapped", true, mutate_ir_dims},
    {"overlapping allocs", true, mutate_ir_overlap}, {"moved alloc", true, mutate_ir_l1_offset}, {"wrong buffer_count", true, mutate_ir_depth},
    {"strides swapped", true, mutate_ir_strides}, {"wrong constant of a fill", true, mutate_ir_fill}, {"wrong arithmetic", true, mutate_ir_step},
    {"accumulation forgotten", true, mutate_ir_forget}, {"overwriting product", true, mutate_ir_overwrite}, {"indexing maps swapped", true, mutate_ir_maps},
};
#endif
