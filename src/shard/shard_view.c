/* Views of arguments: what stage 0 makes of x[tile_m, tile_k], and of reshaped and transposed arguments. */
#include "shard/shard_private.h"

typedef struct viewing { ir_ctx *ir; const shard_blocks *blocks; MlirOperation what; shard_tensor *out; } viewing;

static loom_status refuse(const viewing *v, const char *why) {
  diag_error(v->ir->ctx, ir_span(v->ir, v->what), LOOM_EUNSUP, "--shard: a load or store %s", why);
  diag_help(v->ir->ctx, "kernels that are dealt out read and write tiles of their arguments: x[tile_m, tile_k], x[tile_m, :]");
  return LOOM_EUNSUP;
}

/* Entry `d` of a list of static numbers, -1 in *dynamic, or of the operands of a segment, counted by *next. */
static int64_t entry(MlirOperation op, const char *name, int d, MlirValue *dynamic, int segment, intptr_t *next) {
  const int64_t value = mlirDenseI64ArrayGetElement(ir_attr_of(op, name), d);
  intptr_t first, count;
  *dynamic = (MlirValue){NULL};
  if (!mlirShapedTypeIsDynamicSize(value) && !mlirShapedTypeIsDynamicStrideOrOffset(value))
    return value;
  if (ir_segment(op, segment, &first, &count) && *next < count)
    *dynamic = ir_operand(op, first + (*next)++);
  return 0;
}

/* An argument, row by row. */
static loom_status read_argument(const viewing *v, MlirValue memref) {
  shard_tensor *t = v->out;
  const MlirType type = mlirValueGetType(memref);
  if (!mlirValueIsABlockArgument(memref) || !mlirShapedTypeHasStaticShape(type) || mlirShapedTypeGetRank(type) > SHARD_RANK_MAX)
    return refuse(v, "is of no argument of known sizes");
  t->arg = (int)mlirBlockArgumentGetArgNumber(memref);
  t->rank = (int)mlirShapedTypeGetRank(type);
  int64_t stride = 1;
  for (int d = t->rank - 1; d >= 0; d--) {
    t->size[d] = mlirShapedTypeGetDimSize(type, d);
    t->stride[d] = stride;
    stride *= t->size[d];
  }
  return LOOM_OK;
}

/* Sizes and strides of its own over all of an argument. */
static loom_status read_cast(const viewing *v, MlirOperation op) {
  shard_tensor *t = v->out;
  MlirValue dynamic;
  intptr_t next = 0;
  LOOM_TRY(read_argument(v, ir_operand(op, 0)));
  const intptr_t rank = mlirDenseArrayGetNumElements(ir_attr_of(op, "static_sizes"));
  if (ir_num_operands(op) > 1 || rank > SHARD_RANK_MAX)
    return refuse(v, "is of a view whose sizes are not known");
  t->rank = (int)rank;
  t->offset = entry(op, "static_offsets", 0, &dynamic, 1, &next);
  for (int d = 0; d < t->rank; d++) {
    t->size[d] = entry(op, "static_sizes", d, &dynamic, 2, &next);
    t->stride[d] = entry(op, "static_strides", d, &dynamic, 3, &next);
  }
  return LOOM_OK;
}

static loom_status read_source(const viewing *v, MlirValue memref) {
  MlirOperation def = ir_def(memref);
  return !mlirOperationIsNull(def) && ir_op_is(def, "memref.reinterpret_cast") ? read_cast(v, def) : read_argument(v, memref);
}

/* Is it where tile number .. of this block begins? */
static bool is_begin(MlirValue offset, MlirValue size) {
  MlirOperation def = ir_def(offset);
  return !mlirOperationIsNull(def) && ir_op_is(def, "arith.muli") && (mlirValueEqual(ir_operand(def, 0), size) || mlirValueEqual(ir_operand(def, 1), size));
}

static loom_status read_subview(const viewing *v, MlirOperation op) {
  shard_tensor *t = v->out;
  intptr_t offsets = 0, sizes = 0, strides = 0;
  LOOM_TRY(read_source(v, ir_operand(op, 0)));
  if (mlirShapedTypeGetRank(mlirValueGetType(ir_result(op, 0))) != t->rank)
    return refuse(v, "takes a row or an element at a place of its own");
  for (int d = 0; d < t->rank; d++) {
    MlirValue offset, size, stride;
    const int64_t at = entry(op, "static_offsets", d, &offset, 1, &offsets), count = entry(op, "static_sizes", d, &size, 2, &sizes), step = entry(op, "static_strides", d, &stride, 3, &strides);
    const shard_block *b = mlirValueIsNull(size) ? NULL : shard_block_of(v->blocks, v->ir, size);
    if (step != 1 || (!mlirValueIsNull(size) && !b))
      return refuse(v, "has a size or step that is no block's");
    if (b ? b->extent != t->size[d] || (mlirValueIsNull(offset) ? at != 0 : !is_begin(offset, size)) : !mlirValueIsNull(offset))
      return refuse(v, "begins where no tile of its block does, or does not go over the whole dim");
    t->symbol[d] = b ? b->name : NULL;
    t->offset += b ? 0 : at * t->stride[d];
    t->size[d] = b ? b->extent : count;
  }
  return LOOM_OK;
}

loom_status shard_read_view(ir_ctx *ir, MlirValue memref, const shard_blocks *blocks, MlirOperation what, shard_tensor *out) {
  const viewing v = {ir, blocks, what, out};
  MlirOperation def = ir_def(memref);
  *out = (shard_tensor){.split = -1};
  while (!mlirOperationIsNull(def) && ir_op_is(def, "memref.cast")) {
    memref = ir_operand(def, 0);
    def = ir_def(memref);
  }
  return !mlirOperationIsNull(def) && ir_op_is(def, "memref.subview") ? read_subview(&v, def) : read_source(&v, memref);
}
