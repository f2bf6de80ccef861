/* Operations that put the elements of a reduction together in any order. */
#include "target/cpu/cpu_vector.h"
#include <math.h>

/* X(operation, neutral float, neutral integer where its bits are "min", "max" of the signed type or a number) */
#define COMBINERS(X)                                                                                                          \
  X("arith.addf", -0.0, 0) X("arith.mulf", 1, 0) X("arith.maximumf", -INFINITY, 0) X("arith.minimumf", INFINITY, 0)           \
  X("arith.maxnumf", -INFINITY, 0) X("arith.minnumf", INFINITY, 0) X("arith.addi", 0, 0) X("arith.muli", 0, 1)                \
  X("arith.andi", 0, -1) X("arith.ori", 0, 0) X("arith.xori", 0, 0) X("arith.maxsi", 0, INT64_MIN) X("arith.minsi", 0, INT64_MAX) \
  X("arith.maxui", 0, 0) X("arith.minui", 0, -1)

int vec_combiner(MlirOperation op) {
  static const char *const names[] = {
#define X(name, f, i) name,
      COMBINERS(X)
#undef X
  };
  for (size_t k = 0; k < sizeof names / sizeof *names; k++)
    if (ir_op_is(op, names[k]))
      return (int)k;
  return -1;
}

MlirValue vec_neutral(ir_builder *at, int k, MlirType elem) {
  static const struct { double f; int64_t i; } neutral[] = {
#define X(name, f, i) {f, i},
      COMBINERS(X)
#undef X
  };
  int64_t i = neutral[k].i;
  if (mlirTypeIsAFloat(elem)) {
    ir_named value = {"value", mlirFloatAttrDoubleGet(at->ir->mlir, elem, neutral[k].f)};
    return ir_build1(at, "arith.constant", elem, 0, NULL, 1, &value);
  }
  unsigned bits = mlirIntegerTypeGetWidth(elem);
  if (bits < 64 && (i == INT64_MIN || i == INT64_MAX))
    i = i == INT64_MIN ? -((int64_t)1 << (bits - 1)) : ((int64_t)1 << (bits - 1)) - 1;
  ir_named value = {"value", mlirIntegerAttrGet(elem, i)};
  return ir_build1(at, "arith.constant", elem, 0, NULL, 1, &value);
}
