/* Looking at operations: every index and handle is checked, because MLIR is built without assertions. */
#include "ir/ir_private.h"
#include <string.h>

/* Operation names are interned with a NUL behind them. */
const char *ir_op_name(MlirOperation op) {
  return ir_is_null_op(op) ? "" : mlirIdentifierStr(mlirOperationGetName(op)).data;
}

bool ir_op_is(MlirOperation op, const char *name) {
  if (ir_is_null_op(op))
    return false;
  MlirStringRef s = mlirIdentifierStr(mlirOperationGetName(op));
  return s.length == strlen(name) && memcmp(s.data, name, s.length) == 0;
}

intptr_t ir_num_operands(MlirOperation op) { return ir_is_null_op(op) ? 0 : mlirOperationGetNumOperands(op); }

MlirValue ir_operand(MlirOperation op, intptr_t i) {
  return i >= 0 && i < ir_num_operands(op) ? mlirOperationGetOperand(op, i) : (MlirValue){NULL};
}

MlirValue ir_result(MlirOperation op, intptr_t i) {
  return !ir_is_null_op(op) && i >= 0 && i < mlirOperationGetNumResults(op) ? mlirOperationGetResult(op, i) : (MlirValue){NULL};
}

MlirRegion ir_region(MlirOperation op, intptr_t i) {
  return !ir_is_null_op(op) && i >= 0 && i < mlirOperationGetNumRegions(op) ? mlirOperationGetRegion(op, i) : (MlirRegion){NULL};
}

MlirBlock ir_body(MlirOperation op) {
  MlirRegion r = ir_region(op, 0);
  return mlirRegionIsNull(r) ? (MlirBlock){NULL} : mlirRegionGetFirstBlock(r);
}

MlirOperation ir_def(MlirValue v) {
  return !mlirValueIsNull(v) && mlirValueIsAOpResult(v) ? mlirOpResultGetOwner(v) : (MlirOperation){NULL};
}

bool ir_const_int(MlirValue v, int64_t *out) {
  MlirOperation def = ir_def(v);
  return ir_op_is(def, "arith.constant") && ir_attr_int(ir_attr_of(def, "value"), out);
}

loom_span ir_span(ir_ctx *ir, MlirOperation op) {
  return ir_is_null_op(op) ? LOOM_NOSPAN : ir_location_span(ir, mlirOperationGetLocation(op));
}

bool ir_segment(MlirOperation op, int segment, intptr_t *first, intptr_t *count) {
  MlirAttribute sizes = ir_attr_of(op, "operandSegmentSizes");
  if (mlirAttributeIsNull(sizes) || !mlirAttributeIsADenseI32Array(sizes) || segment < 0 || segment >= mlirDenseArrayGetNumElements(sizes))
    return false;
  intptr_t at = 0;
  for (int i = 0; i < segment; i++)
    at += mlirDenseI32ArrayGetElement(sizes, i);
  intptr_t n = mlirDenseI32ArrayGetElement(sizes, segment);
  if (n < 0 || at + n > ir_num_operands(op))
    return false;
  *first = at;
  *count = n;
  return true;
}

typedef struct func_search { const char *name; MlirOperation found; } func_search;

static bool match_func(MlirOperation op, void *data) {
  func_search *s = data;
  if (!ir_op_is(op, "func.func"))
    return true;
  MlirAttribute sym = ir_attr_of(op, "sym_name");
  if (mlirAttributeIsNull(sym) || !mlirAttributeIsAString(sym))
    return true;
  MlirStringRef have = mlirStringAttrGetValue(sym);
  if (s->name && (have.length != strlen(s->name) || memcmp(have.data, s->name, have.length) != 0))
    return true;
  s->found = op;
  return false;
}

MlirOperation ir_find_func(MlirModule m, const char *name) {
  func_search s = {.name = name};
  if (!mlirModuleIsNull(m))
    ir_walk(mlirModuleGetOperation(m), match_func, &s);
  return s.found;
}

MlirOperation ir_find_symbol(ir_ctx *ir, MlirBlock block, const char *op_name, const char *symbol) {
  MlirAttribute name = ir_str_attr(ir, symbol);
  MlirOperation op = mlirBlockGetFirstOperation(block);
  while (!mlirOperationIsNull(op) && !((!op_name || ir_op_is(op, op_name)) && mlirAttributeEqual(ir_attr_of(op, "sym_name"), name)))
    op = mlirOperationGetNextInBlock(op);
  return op;
}

const char *ir_func_name(arena *mem, MlirOperation func) { return ir_attr_string(mem, ir_attr_of(func, "sym_name")); }
