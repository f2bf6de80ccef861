/* Faults in programs of NPUs as MLIR, before their passes and behind them; included by compile_npu_faults.h only. */
#ifndef LOOM_COMPILE_NPU_FAULTS_IR_H
#define LOOM_COMPILE_NPU_FAULTS_IR_H
#include "compile_npu_fault_site.h"

static inline npt_ops collect(fault_site *f, bool (*is)(MlirOperation)) { return npt_collect(&f->s->ir, mlirModuleGetOperation(f->n->program.module), is); }
static inline MlirOperation draw_op(fault_site *f, bool (*is)(MlirOperation)) {
  npt_ops all = collect(f, is);
  return all.n ? all.at[draw(f, 0, (int64_t)all.n - 1)] : (MlirOperation){NULL};
}
static inline bool op_multiplies(MlirOperation op) { return ir_op_is(op, "linalg.matmul"); }

static inline bool draw_transfer(fault_site *f, npt_transfer *t) {
  MlirOperation op = draw_op(f, npt_is_transfer);
  return !mlirOperationIsNull(op) && npt_read_transfer(&f->s->ir, op, t) == LOOM_OK;
}

static inline bool rebuild(fault_site *f, const npt_transfer *t) {
  ir_builder b = ir_before(&f->s->ir, t->op);
  bool ok = !mlirOperationIsNull(npt_build_transfer(&b, t, NPT_TOGSIM));
  mlirOperationDestroy(t->op);
  return ok;
}

/* Elements along a dim that are moved at all turns: less than the extent where a mask with a constant says so. */
static inline int64_t moved(const npt_transfer *t, int d) {
  int64_t n = t->shape[d], end;
  for (int i = 0; i < t->n_masks; i++)
    if (t->masks[i].axis == d && ir_const_int(t->masks[i].hi, &end) && end < n)
      n = end;
  return n;
}

static inline bool program_dram_stride(fault_site *f) {
  npt_transfer t;
  if (!draw_transfer(f, &t))
    return false;
  int d = (int)draw(f, 0, t.rank - 1);
  if (moved(&t, d) < 2)
    return false;
  TELL(f, "%s of %s, dim %d", t.is_store ? "store" : "load", t.global, d);
  t.dram_stride[d] += draw(f, 1, 5);
  return rebuild(f, &t);
}

static inline bool program_row_step(fault_site *f) {
  npt_transfer t;
  if (!draw_transfer(f, &t) || !t.is_indirect)
    return false;
  TELL(f, "%s of %s", t.is_store ? "store" : "load", t.global);
  t.offset_stride += draw(f, 1, 9);
  return rebuild(f, &t);
}

/* The numbers go along a dim that has one row. */
static inline bool program_row_numbers(fault_site *f) {
  npt_transfer t, numbers;
  if (!draw_transfer(f, &t) || !t.is_indirect || t.offset_axis < 0)
    return false;
  npt_ops all = collect(f, npt_is_transfer);
  int d = (int)draw(f, 0, t.rank - 1);
  if (d == t.offset_axis || moved(&t, d) < 2 || moved(&t, t.offset_axis) < 2)
    return false;
  for (size_t i = 0; i < all.n; i++) {
    if (npt_read_transfer(&f->s->ir, all.at[i], &numbers) != LOOM_OK || !text_eq(numbers.global, t.offsets_global))
      continue;
    TELL(f, "numbers of %s, dim %d for %d", t.global, d, t.offset_axis);
    numbers.dram_stride[t.offset_axis] = 0;
    numbers.dram_stride[d] = 1;
    return rebuild(f, &numbers);
  }
  return false;
}

/* As where a group of dims keeps the wrong one. */
static inline bool program_strides_swapped(fault_site *f) {
  npt_transfer t;
  if (!draw_transfer(f, &t) || t.rank < 2)
    return false;
  int d = (int)draw(f, 1, t.rank - 1);
  int64_t was = t.dram_stride[d];
  if (was == t.dram_stride[d - 1] || (moved(&t, d) < 2 && moved(&t, d - 1) < 2))
    return false;
  TELL(f, "%s of %s, dims %d and %d", t.is_store ? "store" : "load", t.global, d - 1, d);
  t.dram_stride[d] = t.dram_stride[d - 1];
  t.dram_stride[d - 1] = was;
  return rebuild(f, &t);
}

static inline bool program_spad_stride(fault_site *f) {
  npt_transfer t;
  if (!draw_transfer(f, &t))
    return false;
  int d = (int)draw(f, 0, t.rank - 1);
  if (d == t.lane_axis || moved(&t, d) < 2)
    return false;
  TELL(f, "%s of %s, dim %d", t.is_store ? "store" : "load", t.global, d);
  t.spad_stride[d] *= 2;
  return rebuild(f, &t);
}

static inline bool program_lane_axis(fault_site *f) {
  npt_transfer t;
  if (!draw_transfer(f, &t))
    return false;
  int d = (int)draw(f, 0, t.rank - 1);
  if (d == t.lane_axis || moved(&t, d) < 2 || moved(&t, t.lane_axis) < 2 || !t.dram_stride[d])
    return false;
  TELL(f, "%s of %s, %d for %d", t.is_store ? "store" : "load", t.global, d, t.lane_axis);
  t.lane_axis = d;
  return rebuild(f, &t);
}

/* Of copies in all lanes it does not matter which lane has which. */
static inline bool program_lane_stride(fault_site *f) {
  npt_transfer t;
  if (!draw_transfer(f, &t) || moved(&t, t.lane_axis) < 2 || !t.dram_stride[t.lane_axis])
    return false;
  TELL(f, "%s of %s", t.is_store ? "store" : "load", t.global);
  t.lane_stride *= 2;
  return rebuild(f, &t);
}

static inline bool program_offset(fault_site *f) {
  npt_transfer t;
  if (!draw_transfer(f, &t))
    return false;
  TELL(f, "%s of %s", t.is_store ? "store" : "load", t.global);
  ir_builder b = ir_before(&f->s->ir, t.op);
  t.dram_index = npt_build_sum(&b, 1, &t.dram_index, (int64_t[]){1}, draw(f, 1, 5));
  return rebuild(f, &t);
}

static inline bool op_stores(MlirOperation op) { return ir_op_is(op, "vector.store"); }

/* Does the transfer fill an operand of a product, and is dim d the one that is summed over?  Of A the one in the lanes, of B the other of the last two.  Not if vector code cleans it. */
static inline bool is_summed(fault_site *f, const npt_transfer *t, int d) {
  npt_ops all = collect(f, op_multiplies), stores = collect(f, op_stores);
  for (size_t i = 0; i < stores.n; i++)
    if (text_eq(npt_global(&f->s->ctx->mem, ir_operand(stores.at[i], 1)), t->global))
      return false;
  for (size_t i = 0; i < all.n; i++)
    for (int k = 0; k < 2; k++)
      if (text_eq(npt_global(&f->s->ctx->mem, ir_operand(all.at[i], k)), t->global) && d == t->lane_axis - k)
        return true;
  return false;
}

/* Zeros times whatever is there are zero, but not where that is NaN. */
static inline bool program_fill(fault_site *f) {
  npt_transfer t;
  if (!draw_transfer(f, &t) || t.is_store || !t.n_masks || !mlirTypeIsAFloat(t.element))
    return false;
  bool counts = false;
  for (int i = 0; i < t.n_masks; i++)
    counts = counts || is_summed(f, &t, t.masks[i].axis);
  if (!counts)
    return false;
  TELL(f, "load of %s", t.global);
  t.fill = mlirFloatAttrDoubleGet(f->s->ir.mlir, t.element, __builtin_nan(""));
  return rebuild(f, &t);
}

/* Masks of copies keep one of them. */
static inline bool program_unmasked(fault_site *f) {
  npt_transfer t;
  if (!draw_transfer(f, &t) || !t.n_masks)
    return false;
  npt_mask *m = &t.masks[draw(f, 0, t.n_masks - 1)];
  if (!t.dram_stride[m->axis] || (!t.is_store && !is_summed(f, &t, m->axis)))
    return false;
  TELL(f, "%s of %s, dim %d", t.is_store ? "store" : "load", t.global, m->axis);
  ir_builder b = ir_before(&f->s->ir, t.op);
  m->hi = ir_index_const(&b, t.shape[m->axis]);
  return rebuild(f, &t);
}

/* In a loop that carries sums: with several turns, and the tile is not filled in it by anything else. */
static inline bool op_adds_up(MlirOperation op) {
  npt_range loop;
  MlirOperation up = mlirOperationGetParentOperation(op);
  return op_multiplies(op) && mlirAttributeIsNull(ir_attr_of(op, "npu.overwrite")) && npt_read_range(up, &loop) && togsim_flag(up, "accumulation_loop") && loop.upper - loop.lower > loop.step &&
         ir_count(up, "vector.store") == 0 && ir_count(up, "linalg.matmul") == 1;
}

static inline bool program_overwrite(fault_site *f) {
  MlirOperation op = draw_op(f, op_adds_up);
  if (mlirOperationIsNull(op))
    return false;
  ir_set_attr(op, "npu.overwrite", ir_unit_attr(&f->s->ir));
  return true;
}

static inline bool op_subtracts(MlirOperation op) { return ir_op_is(op, "arith.subf") && mlirTypeIsAVector(mlirValueGetType(ir_result(op, 0))); }
/* What a loop that runs once scales may be what it began with, zero: a sum is the same. */
static inline bool op_scales(MlirOperation op) {
  npt_range loop;
  for (MlirOperation up = mlirOperationGetParentOperation(op); !mlirOperationIsNull(up); up = mlirOperationGetParentOperation(up))
    if (npt_read_range(up, &loop) && togsim_flag(up, "accumulation_loop") && loop.upper - loop.lower <= loop.step)
      return false;
  return ir_op_is(op, "arith.mulf") && mlirTypeIsAVector(mlirValueGetType(ir_result(op, 0)));
}

static inline bool program_difference(fault_site *f) {
  MlirOperation op = draw_op(f, op_subtracts);
  if (mlirOperationIsNull(op))
    return false;
  MlirValue a = ir_operand(op, 0);
  mlirOperationSetOperand(op, 0, ir_operand(op, 1));
  mlirOperationSetOperand(op, 1, a);
  return true;
}

static inline bool program_factor(fault_site *f) {
  MlirOperation op = draw_op(f, op_scales);
  if (mlirOperationIsNull(op))
    return false;
  ir_builder b = ir_before(&f->s->ir, op);
  MlirValue sum = ir_build1(&b, "arith.addf", mlirValueGetType(ir_result(op, 0)), 2, (MlirValue[]){ir_operand(op, 0), ir_operand(op, 1)}, 0, NULL);
  TELL(f, "%s", ir_print(&f->s->ctx->mem, op, false));
  ir_replace_uses(ir_result(op, 0), sum);
  return true;
}

/* Loops of vector code that compute: their first turn is never padding alone.  Loops that store constants, or select them, may clean what is clean, and softmax takes off the largest of a row for
 * the numbers' sake: what is near it gives the same. */
static inline bool op_runs_code(MlirOperation op) {
  npt_range loop;
  return npt_read_range(op, &loop) && loop.lower == 0 && loop.upper > loop.step && !togsim_flag(op, "outer_loop") && !togsim_flag(op, "accumulation_loop") && !togsim_flag(op, "inner_loop") &&
         ir_count(op, "affine.for") == 1 && !ir_count(op, "arith.maximumf") && !ir_count(op, "arith.select") && (ir_count(op, "vector.load") || ir_count(op, "math.exp"));
}

static inline bool program_late(fault_site *f) {
  MlirOperation op = draw_op(f, op_runs_code);
  npt_range loop;
  if (mlirOperationIsNull(op) || !npt_read_range(op, &loop))
    return false;
  ir_set_attr(op, "lowerBoundMap", mlirAffineMapAttrGet(mlirAffineMapConstantGet(f->s->ir.mlir, loop.step)));
  TELL(f, "%.300s", ir_print(&f->s->ctx->mem, op, false));
  return true;
}

/* ---- behind the passes ---- */

/* A transfer in a loop over parts of a tile: what the pass that peels dims makes, or what has more tiles than one. */
static inline bool draw_peeled(fault_site *f, npt_transfer *t, MlirOperation *loop) {
  npt_range turns;
  if (!draw_transfer(f, t))
    return false;
  *loop = mlirOperationGetParentOperation(t->op);
  return togsim_flag(*loop, "inner_loop") && npt_read_range(*loop, &turns) && turns.upper - turns.lower > turns.step;
}

static inline bool lowered_peel_dram(fault_site *f) {
  npt_transfer t;
  MlirOperation loop;
  if (!draw_peeled(f, &t, &loop))
    return false;
  TELL(f, "%s of %s", t.is_store ? "store" : "load", t.global);
  ir_builder b = ir_before(&f->s->ir, t.op);
  t.dram_index = npt_build_sum(&b, 2, (MlirValue[]){t.dram_index, mlirBlockGetArgument(ir_body(loop), 0)}, (int64_t[]){1, draw(f, 1, 5)}, 0);
  return rebuild(f, &t);
}

static inline bool lowered_peel_spad(fault_site *f) {
  npt_transfer t;
  MlirOperation loop;
  if (!draw_peeled(f, &t, &loop) || !t.n_spad_index)
    return false;
  TELL(f, "%s of %s", t.is_store ? "store" : "load", t.global);
  ir_builder b = ir_before(&f->s->ir, t.op);
  MlirValue *at = &t.spad_index[t.n_spad_index - 1];
  *at = npt_build_sum(&b, 2, (MlirValue[]){*at, mlirBlockGetArgument(ir_body(loop), 0)}, (int64_t[]){1, 8}, 0);
  return rebuild(f, &t);
}

static inline bool op_pushes(MlirOperation op) { return ir_op_is(op, "vcix.iv"); }

static inline bool lowered_push_lost(fault_site *f) {
  MlirOperation op = draw_op(f, op_pushes);
  return !mlirOperationIsNull(op) && ir_erase(op);
}

static inline bool lowered_push_elsewhere(fault_site *f) {
  MlirOperation op = draw_op(f, op_pushes);
  int64_t opcode;
  if (mlirOperationIsNull(op) || !ir_attr_int(ir_attr_of(op, "opcode"), &opcode))
    return false;
  ir_set_attr(op, "opcode", ir_int_attr(&f->s->ir, !opcode));
  return true;
}
#endif
