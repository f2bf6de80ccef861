/* Sizes known only when the program runs: a linalg op takes its loops from one of its operands and believes the others, a copy believes one side.
 * Sizes are compared as they are computed: the same value, or the same operations on the same values.  What is not known (a function's argument) agrees
 * with everything. */
#include "dialect/dialect_private.h"
#include <string.h>

enum { DEPTH_MAX = 16 };

static bool values_agree(MlirValue a, MlirValue b, int depth) {
  MlirOperation x = ir_def(a), y = ir_def(b);
  if (mlirValueEqual(a, b))
    return true;
  if (depth == 0 || mlirOperationIsNull(x) || mlirOperationIsNull(y) || strcmp(ir_op_name(x), ir_op_name(y)) != 0 || ir_num_operands(x) != ir_num_operands(y) ||
      mlirOpResultGetResultNumber(a) != mlirOpResultGetResultNumber(b) || mlirOperationGetNumAttributes(x) != mlirOperationGetNumAttributes(y))
    return false;
  for (intptr_t i = 0; i < mlirOperationGetNumAttributes(x); i++)
    if (!mlirAttributeEqual(mlirOperationGetAttribute(x, i).attribute, mlirOperationGetAttribute(y, i).attribute))
      return false;
  for (intptr_t i = 0; i < ir_num_operands(x); i++)
    if (!values_agree(ir_operand(x, i), ir_operand(y, i), depth - 1))
      return false;
  return true;
}

/* What dim `d` of memref `v` shows, when it is a value; null: a number, or unknown.  Dims that a subview drops have size 1, and no value: those that have one
 * are in the order of the type's. */
static MlirValue size_value(MlirValue v, int64_t d) {
  MlirType type = mlirValueGetType(v);
  MlirOperation def = ir_def(v);
  MlirValue none = {NULL};
  if (!mlirTypeIsAMemRef(type) || d >= mlirShapedTypeGetRank(type) || (!ir_op_is(def, "memref.subview") && !ir_op_is(def, "memref.reinterpret_cast")))
    return none;
  intptr_t first, count, at = 0, values = 0;
  if (!mlirShapedTypeIsDynamicDim(type, (intptr_t)d) || !ir_segment(def, 2, &first, &count))
    return none;
  for (intptr_t i = 0; i < mlirShapedTypeGetRank(type); i++) {
    at += i < d && mlirShapedTypeIsDynamicDim(type, i);
    values += mlirShapedTypeIsDynamicDim(type, i);
  }
  return values == count ? ir_operand(def, first + at) : none;
}

static int differ(ir_ctx *ir, MlirOperation op, intptr_t a, int64_t da, intptr_t b, int64_t db) {
  MlirValue x = size_value(ir_operand(op, a), da), y = size_value(ir_operand(op, b), db);
  if (mlirValueIsNull(x) || mlirValueIsNull(y) || values_agree(x, y, DEPTH_MAX))
    return 0;
  diag_error(ir->ctx, ir_span(ir, op), LOOM_EINPUT, "operands %" PRIdPTR " and %" PRIdPTR " of %s show different extents in dimensions %" PRId64 " and %" PRId64 ", which must be one", a, b,
             ir_op_name(op), da, db);
  return 1;
}

static int check_copy(ir_ctx *ir, MlirOperation op) {
  MlirType src = mlirValueGetType(ir_operand(op, 0)), dst = mlirValueGetType(ir_operand(op, 1));
  int bad = 0;
  if (!mlirTypeIsAMemRef(src) || !mlirTypeIsAMemRef(dst) || mlirShapedTypeGetRank(src) != mlirShapedTypeGetRank(dst))
    return 0;
  for (int64_t d = 0; d < mlirShapedTypeGetRank(src); d++)
    bad += differ(ir, op, 0, d, 1, d);
  return bad;
}

int dialect_check_extents(ir_ctx *ir, MlirOperation op) {
  struct { intptr_t operand; int64_t dim; } first[DIALECT_RANK_MAX * 2];
  bool is_known[DIALECT_RANK_MAX * 2] = {false};
  int bad = 0;
  if (ir_op_is(op, "loom.copy"))
    return check_copy(ir, op);
  MlirAttribute maps = ir_linalg_maps(op);
  if (mlirAttributeIsNull(maps) || !mlirAttributeIsAArray(maps) || mlirArrayAttrGetNumElements(maps) != ir_num_operands(op))
    return 0;
  for (intptr_t i = 0; i < ir_num_operands(op); i++) {
    MlirAffineMap map = mlirAffineMapAttrGetValue(mlirArrayAttrGetElement(maps, i));
    for (intptr_t d = 0; d < mlirAffineMapGetNumResults(map); d++) {
      MlirAffineExpr e = mlirAffineMapGetResult(map, d);
      intptr_t loop = mlirAffineExprIsADim(e) ? mlirAffineDimExprGetPosition(e) : -1;
      if (loop < 0 || loop >= DIALECT_RANK_MAX * 2 || mlirValueIsNull(size_value(ir_operand(op, i), d)))
        continue;
      if (is_known[loop])
        bad += differ(ir, op, first[loop].operand, first[loop].dim, i, d);
      first[loop].operand = i;
      first[loop].dim = d;
      is_known[loop] = true;
    }
  }
  return bad;
}
