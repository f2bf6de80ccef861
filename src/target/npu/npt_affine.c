/* Affine maps as sums of values times constants. */
#include "target/npu/npt.h"
#include <string.h>

static bool add_expr(npt_linear *out, int n_dims, MlirAffineExpr e, int64_t factor) {
  int64_t value;
  if (mlirAffineExprIsAConstant(e))
    return !__builtin_mul_overflow(mlirAffineConstantExprGetValue(e), factor, &value) && !__builtin_add_overflow(out->constant, value, &out->constant);
  bool is_dim = mlirAffineExprIsADim(e);
  if (is_dim || mlirAffineExprIsASymbol(e)) {
    int64_t *f = &out->factor[is_dim ? mlirAffineDimExprGetPosition(e) : n_dims + mlirAffineSymbolExprGetPosition(e)];
    return !__builtin_add_overflow(*f, factor, f);
  }
  if (!mlirAffineExprIsABinary(e))
    return false;
  MlirAffineExpr l = mlirAffineBinaryOpExprGetLHS(e), r = mlirAffineBinaryOpExprGetRHS(e);
  if (mlirAffineExprIsAAdd(e))
    return add_expr(out, n_dims, l, factor) && add_expr(out, n_dims, r, factor);
  if (!mlirAffineExprIsAMul(e))
    return false;
  if (mlirAffineExprIsAConstant(l)) {
    MlirAffineExpr x = l;
    l = r;
    r = x;
  }
  return mlirAffineExprIsAConstant(r) && !__builtin_mul_overflow(mlirAffineConstantExprGetValue(r), factor, &value) && add_expr(out, n_dims, l, value);
}

bool npt_linear_read(MlirOperation apply, npt_linear *out) {
  memset(out, 0, sizeof *out);
  MlirAttribute a = ir_attr_of(apply, "map");
  if (mlirAttributeIsNull(a) || !mlirAttributeIsAAffineMap(a))
    return false;
  MlirAffineMap map = mlirAffineMapAttrGetValue(a);
  intptr_t n = mlirAffineMapGetNumInputs(map);
  if (mlirAffineMapGetNumResults(map) != 1 || n > NPT_LINEAR_MAX || n != ir_num_operands(apply))
    return false;
  out->n = (int)n;
  return add_expr(out, (int)mlirAffineMapGetNumDims(map), mlirAffineMapGetResult(map, 0), 1);
}
