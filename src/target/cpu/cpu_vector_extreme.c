/* Largest and least numbers where a NaN wins.  x86's instruction for two vectors gives its second operand where one is a NaN, so a total that is one
 * stays one if it comes second, but new NaNs get lost: they are looked for apart, two vectors a comparison. */
#include "target/cpu/cpu_vector_body.h"
#include <math.h>

enum { GREATER = 2, LESS = 4, UNORDERED = 14 };   /* arith.cmpf */

bool vec_is_extreme(MlirOperation combiner) { return ir_op_is(combiner, "arith.maximumf") || ir_op_is(combiner, "arith.minimumf"); }

static MlirValue compare(ir_builder *at, int64_t predicate, MlirValue a, MlirValue b) {
  MlirType i1 = mlirIntegerTypeGet(at->ir->mlir, 1), t = mlirValueGetType(a);
  ir_named attr = {"predicate", ir_int_attr(at->ir, predicate)};
  return ir_build1(at, "arith.cmpf", mlirTypeIsAVector(t) ? vec_type(i1, (int)mlirShapedTypeGetDimSize(t, 0)) : i1, 2, (MlirValue[]){a, b}, 1, &attr);
}

static MlirValue choose(ir_builder *at, MlirValue condition, MlirValue a, MlirValue b) {
  return ir_build1(at, "arith.select", mlirValueGetType(a), 3, (MlirValue[]){condition, a, b}, 0, NULL);
}

MlirValue vec_extreme(ir_builder *at, MlirOperation combiner, MlirValue total, MlirValue x) {
  return choose(at, compare(at, ir_op_is(combiner, "arith.maximumf") ? GREATER : LESS, x, total), x, total);
}

static MlirValue nan_of(ir_builder *at, MlirType t) {
  MlirType elem = mlirTypeIsAVector(t) ? mlirShapedTypeGetElementType(t) : t;
  MlirAttribute nan = mlirFloatAttrDoubleGet(at->ir->mlir, elem, (double)NAN);
  ir_named value = {"value", mlirTypeIsAVector(t) ? mlirDenseElementsAttrSplatGet(t, nan) : nan};
  return ir_build1(at, "arith.constant", t, 0, NULL, 1, &value);
}

MlirValue vec_extreme_checked(ir_builder *at, MlirValue total, MlirValue x, MlirValue y) {
  return choose(at, compare(at, UNORDERED, x, y), nan_of(at, mlirValueGetType(total)), total);
}

MlirValue vec_extreme_any_nan(ir_builder *at, MlirValue x, MlirValue result) {
  MlirType i1 = mlirIntegerTypeGet(at->ir->mlir, 1);
  MlirValue lanes = compare(at, UNORDERED, x, x);
  ir_named kind = {"kind", ir_attr(at->ir, "#vector.kind<or>")};
  return choose(at, ir_build1(at, "vector.reduction", i1, 1, &lanes, 1, &kind), nan_of(at, mlirValueGetType(result)), result);
}
