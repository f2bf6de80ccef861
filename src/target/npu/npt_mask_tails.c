/* Tails as masks (docs/npu.md, "Padding layers"): where the step of a loop does not divide its bound, the transfers that it moves along keep their whole tile and
 * move only what is inside: 0 <= i < min(step, bound - iv) along the dim of the tile that the loop moves along, which is the one with the loop's DRAM stride. */
#include "target/npu/npt.h"

#define FAIL(ir, op, status, ...) LOOM_FAIL((ir)->ctx, ir_span(ir, op), status, __VA_ARGS__)

/* min(step, bound - iv) */
static MlirValue build_tail(ir_builder *b, const npt_range *loop, MlirValue iv) {
  MlirContext c = b->ir->mlir;
  MlirAffineExpr rest = mlirAffineAddExprGet(mlirAffineMulExprGet(mlirAffineDimExprGet(c, 0), mlirAffineConstantExprGet(c, -1)), mlirAffineConstantExprGet(c, loop->upper));
  MlirAffineExpr least[] = {mlirAffineConstantExprGet(c, loop->step), rest};
  return ir_build1(b, "affine.min", ir_index_type(b->ir), 1, &iv, 1, &(ir_named){"map", mlirAffineMapAttrGet(mlirAffineMapGet(c, 1, 0, 2, least))});
}

/* The dim that a loop with this DRAM stride moves along; -1: none, -2: several. */
static int moved_dim(const npt_transfer *t, const npt_range *loop, int64_t factor) {
  int found = -1;
  for (int d = 0; d < t->rank; d++)
    if (t->dram_stride[d] == factor && (t->shape[d] > 1 || loop->step == 1))
      found = found == -1 ? d : -2;
  return found;
}

static loom_status mask_axis(ir_ctx *ir, npt_transfer *t, const npt_range *loop, MlirValue iv, int64_t factor, int n_given) {
  int d = moved_dim(t, loop, factor);
  if (d < 0)
    FAIL(ir, t->op, LOOM_EUNSUP, "a loop to %" PRId64 " in steps of %" PRId64 " ends within a tile, and %s dim of the tile has its DRAM stride %" PRId64,
         loop->upper, loop->step, d == -1 ? "no" : "more than one", factor);
  if (t->shape[d] != loop->step)
    FAIL(ir, t->op, LOOM_EUNSUP, "a loop to %" PRId64 " in steps of %" PRId64 " ends within a tile, but the tile has %" PRId64 " along it",
         loop->upper, loop->step, t->shape[d]);
  for (int i = 0; i < t->n_masks; i++)
    if (t->masks[i].axis == d && i < n_given)
      return LOOM_OK;      /* whoever wrote the mask knows better */
    else if (t->masks[i].axis == d)
      FAIL(ir, t->op, LOOM_EUNSUP, "two loops that end within a tile move along dim %d of it", d);
  ir_builder b = ir_before(ir, t->op);
  npt_mask m = {.axis = d, .lo = ir_index_const(&b, 0)};
  m.hi = build_tail(&b, loop, iv);
  if (mlirValueIsNull(m.lo) || mlirValueIsNull(m.hi))
    return LOOM_EBUG;
  t->masks[t->n_masks++] = m;
  return LOOM_OK;
}

static loom_status mask_one(ir_ctx *ir, MlirOperation op) {
  npt_transfer t;
  npt_terms index;
  LOOM_TRY(npt_read_transfer(ir, op, &t));
  int n_given = t.n_masks;
  if (!npt_flatten(t.dram_index, &index))
    FAIL(ir, op, LOOM_EUNSUP, "the DRAM index must be a sum of loop variables times constants to know the tails of its tile");
  for (int i = 0; i < index.n; i++) {
    MlirOperation around = npt_loop_of(index.leaf[i]);
    npt_range loop;
    if (mlirOperationIsNull(around) || index.factor[i] == 0)
      continue;
    if (!npt_read_range(around, &loop))
      FAIL(ir, around, LOOM_EUNSUP, "the bounds of a loop must be constants to know the tail of its last tile");
    if (loop.upper > loop.lower && ((uint64_t)loop.upper - (uint64_t)loop.lower) % (uint64_t)loop.step)
      LOOM_TRY(mask_axis(ir, &t, &loop, index.leaf[i], index.factor[i], n_given));
  }
  if (t.n_masks == n_given)
    return LOOM_OK;
  ir_builder b = ir_before(ir, op);
  if (mlirOperationIsNull(npt_build_transfer(&b, &t, t.form)))
    return LOOM_EUNSUP;
  mlirOperationDestroy(op);
  return LOOM_OK;
}

loom_status npt_mask_tails(ir_ctx *ir, MlirOperation op) {
  npt_ops ops = npt_collect(ir, op, npt_is_transfer);
  for (size_t i = 0; i < ops.n; i++)
    LOOM_TRY(mask_one(ir, ops.at[i]));
  return LOOM_OK;
}
