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

enum { FLATTEN_DEPTH = 16 };

static bool add_leaf(npt_terms *out, MlirValue v, int64_t factor) {
  int i = 0;
  while (i < out->n && !mlirValueEqual(out->leaf[i], v))
    i++;
  if (i == NPT_LINEAR_MAX)
    return false;
  if (i == out->n) {
    out->leaf[out->n++] = v;
    out->factor[i] = 0;
  }
  return !__builtin_add_overflow(out->factor[i], factor, &out->factor[i]);
}

static bool flatten(npt_terms *out, MlirValue v, int64_t factor, int depth) {
  int64_t c;
  npt_linear sum;
  if (ir_const_int(v, &c))
    return !__builtin_mul_overflow(c, factor, &c) && !__builtin_add_overflow(out->constant, c, &out->constant);
  MlirOperation def = ir_def(v);
  if (!ir_op_is(def, "affine.apply"))
    return add_leaf(out, v, factor);
  if (depth == FLATTEN_DEPTH || !npt_linear_read(def, &sum) || __builtin_mul_overflow(sum.constant, factor, &c) || __builtin_add_overflow(out->constant, c, &out->constant))
    return false;
  for (int i = 0; i < sum.n; i++)
    if (__builtin_mul_overflow(sum.factor[i], factor, &c) || !flatten(out, ir_operand(def, i), c, depth + 1))
      return false;
  return true;
}

bool npt_flatten(MlirValue index, npt_terms *out) {
  memset(out, 0, sizeof *out);
  return flatten(out, index, 1, 0);
}

MlirOperation npt_loop_of(MlirValue v) {
  if (mlirValueIsNull(v) || !mlirValueIsABlockArgument(v))
    return (MlirOperation){NULL};
  MlirOperation owner = mlirBlockGetParentOperation(mlirBlockArgumentGetOwner(v));
  return ir_op_is(owner, "affine.for") && mlirBlockArgumentGetArgNumber(v) == 0 ? owner : (MlirOperation){NULL};
}

static bool constant_bound(MlirOperation op, const char *name, int64_t *out) {
  MlirAttribute a = ir_attr_of(op, name);
  if (mlirAttributeIsNull(a) || !mlirAttributeIsAAffineMap(a) || !mlirAffineMapIsSingleConstant(mlirAffineMapAttrGetValue(a)))
    return false;
  *out = mlirAffineMapGetSingleConstantResult(mlirAffineMapAttrGetValue(a));
  return true;
}

bool npt_read_range(MlirOperation op, npt_range *out) {
  *out = (npt_range){.op = op};
  return ir_op_is(op, "affine.for") && constant_bound(op, "lowerBoundMap", &out->lower) && constant_bound(op, "upperBoundMap", &out->upper) &&
         ir_attr_int(ir_attr_of(op, "step"), &out->step) && out->step > 0;
}
