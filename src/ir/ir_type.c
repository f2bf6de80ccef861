/* Types and attributes. */
#include "ir/ir_private.h"

MlirType ir_type(ir_ctx *ir, const char *src) {
  MlirType t = mlirTypeParseGet(ir->mlir, ir_ref(src));
  if (mlirTypeIsNull(t))
    ir_bug(ir, "the type '%s' is malformed", src);
  ir_settle(ir);
  return t;
}

MlirType ir_index_type(ir_ctx *ir) { return mlirIndexTypeGet(ir->mlir); }

MlirType ir_dtype(ir_ctx *ir, dtype t) {
  static const char *const names[] = {
#define X(n, bytes, mlir, ...) [DTYPE_##n] = mlir,
    DTYPE_LIST(X)
#undef X
  };
  if ((unsigned)t >= DTYPE_COUNT) {
    ir_bug(ir, "dtype %d does not exist", (int)t);
    return (MlirType){NULL};
  }
  return ir_type(ir, names[t]);
}

static bool integer_dtype(MlirType t, dtype *out) {
  unsigned width = mlirIntegerTypeGetWidth(t);
  if (mlirIntegerTypeIsUnsigned(t)) {
    *out = DTYPE_U8;
    return width == 8;
  }
  switch (width) {
  case 1: *out = DTYPE_BOOL; return true;
  case 8: *out = DTYPE_I8; return true;
  case 16: *out = DTYPE_I16; return true;
  case 32: *out = DTYPE_I32; return true;
  case 64: *out = DTYPE_I64; return true;
  default: return false;
  }
}

bool ir_type_dtype(MlirType t, dtype *out) {
  if (!mlirTypeIsNull(t) && mlirTypeIsAShaped(t))
    t = mlirShapedTypeGetElementType(t);
  if (mlirTypeIsNull(t))
    return false;
  if (mlirTypeIsAInteger(t))
    return integer_dtype(t, out);
  if (mlirTypeIsAF16(t))
    *out = DTYPE_F16;
  else if (mlirTypeIsABF16(t))
    *out = DTYPE_BF16;
  else if (mlirTypeIsAF32(t))
    *out = DTYPE_F32;
  else if (mlirTypeIsAF64(t))
    *out = DTYPE_F64;
  else
    return false;
  return true;
}

MlirAttribute ir_attr(ir_ctx *ir, const char *src) {
  MlirAttribute a = mlirAttributeParseGet(ir->mlir, ir_ref(src));
  if (mlirAttributeIsNull(a))
    ir_bug(ir, "the attribute '%s' is malformed", src);
  ir_settle(ir);
  return a;
}

MlirAttribute ir_int_attr(ir_ctx *ir, int64_t v) { return mlirIntegerAttrGet(mlirIntegerTypeGet(ir->mlir, 64), v); }
MlirAttribute ir_index_attr(ir_ctx *ir, int64_t v) { return mlirIntegerAttrGet(mlirIndexTypeGet(ir->mlir), v); }
MlirAttribute ir_str_attr(ir_ctx *ir, const char *s) { return mlirStringAttrGet(ir->mlir, ir_ref(s)); }
MlirAttribute ir_bool_attr(ir_ctx *ir, bool b) { return mlirBoolAttrGet(ir->mlir, b); }
MlirAttribute ir_symbol_attr(ir_ctx *ir, const char *name) { return mlirFlatSymbolRefAttrGet(ir->mlir, ir_ref(name)); }
MlirAttribute ir_unit_attr(ir_ctx *ir) { return mlirUnitAttrGet(ir->mlir); }
MlirAttribute ir_type_attr(MlirType t) { return mlirTypeIsNull(t) ? (MlirAttribute){NULL} : mlirTypeAttrGet(t); }

MlirAttribute ir_attr_of(MlirOperation op, const char *name) {
  if (ir_is_null_op(op))
    return (MlirAttribute){NULL};
  return mlirOperationGetAttributeByName(op, ir_ref(name));
}

void ir_set_attr(MlirOperation op, const char *name, MlirAttribute a) {
  if (ir_is_null_op(op))
    return;
  if (mlirAttributeIsNull(a))
    mlirOperationRemoveAttributeByName(op, ir_ref(name));
  else
    mlirOperationSetAttributeByName(op, ir_ref(name), a);
}

bool ir_attr_int(MlirAttribute a, int64_t *out) {
  if (mlirAttributeIsNull(a) || !mlirAttributeIsAInteger(a))
    return false;
  MlirType t = mlirAttributeGetType(a);
  if (mlirTypeIsAInteger(t) && mlirIntegerTypeGetWidth(t) > 64)
    return false;
  if (mlirTypeIsAInteger(t) && mlirIntegerTypeIsUnsigned(t))
    *out = (int64_t)mlirIntegerAttrGetValueUInt(a);
  else if (mlirTypeIsAInteger(t) && mlirIntegerTypeIsSigned(t))
    *out = mlirIntegerAttrGetValueSInt(a);
  else
    *out = mlirIntegerAttrGetValueInt(a);
  return true;
}

const char *ir_attr_string(arena *mem, MlirAttribute a) {
  if (mlirAttributeIsNull(a))
    return NULL;
  MlirStringRef s;
  if (mlirAttributeIsAString(a))
    s = mlirStringAttrGetValue(a);
  else if (mlirAttributeIsAFlatSymbolRef(a))
    s = mlirFlatSymbolRefAttrGetValue(a);
  else
    return NULL;
  return arena_strndup(mem, s.data, s.length);
}
