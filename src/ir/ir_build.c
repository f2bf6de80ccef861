#include "ir/ir_private.h"
#include <string.h>

ir_builder ir_at_end(ir_ctx *ir, MlirBlock block) { return (ir_builder){.ir = ir, .block = block, .loc = ir->unknown}; }

ir_builder ir_before(ir_ctx *ir, MlirOperation op) {
  ir_builder b = {.ir = ir, .loc = ir->unknown};
  if (!ir_is_null_op(op)) {
    b.block = mlirOperationGetBlock(op);
    b.before = op;
    b.loc = mlirOperationGetLocation(op);
  }
  return b;
}

/* MLIR aborts the process when an op of an unknown dialect is created, and makes an opaque op when its dialect is not loaded yet. */
static bool op_exists(ir_ctx *ir, const char *name) {
  const char *dot = strchr(name, '.');
  if (!dot)
    return false;
  mlirContextGetOrLoadDialect(ir->mlir, mlirStringRefCreate(name, (size_t)(dot - name)));
  return mlirContextIsRegisteredOperation(ir->mlir, ir_ref(name)) || mlirContextGetAllowUnregisteredDialects(ir->mlir);
}

static const char *find_fault(ir_builder *b, const char *name, intptr_t n_results, const MlirType *results, intptr_t n_operands,
                              const MlirValue *operands, intptr_t n_attrs, const ir_named *attrs, intptr_t n_regions,
                              const MlirRegion *regions) {
  if (mlirBlockIsNull(b->block))
    return "there is no block to insert into";
  if (!op_exists(b->ir, name))
    return "the operation is unknown";
  for (intptr_t i = 0; i < n_results; i++)
    if (mlirTypeIsNull(results[i]))
      return "a result type is null";
  for (intptr_t i = 0; i < n_operands; i++)
    if (mlirValueIsNull(operands[i]))
      return "an operand is null";
  for (intptr_t i = 0; i < n_attrs; i++)
    if (mlirAttributeIsNull(attrs[i].attr))
      return "an attribute is null";
  for (intptr_t i = 0; i < n_regions; i++)
    if (mlirRegionIsNull(regions[i]))
      return "a region is null";
  return NULL;
}

/* MLIR drops an inherent attribute of the wrong kind without a word. */
static bool holds_attributes(MlirOperation op, intptr_t n_attrs, const ir_named *attrs) {
  for (intptr_t i = 0; i < n_attrs; i++)
    if (mlirAttributeIsNull(ir_attr_of(op, attrs[i].name)))
      return false;
  return true;
}

MlirOperation ir_build(ir_builder *b, const char *name, intptr_t n_results, const MlirType *results, intptr_t n_operands,
                       const MlirValue *operands, intptr_t n_attrs, const ir_named *attrs, intptr_t n_regions, MlirRegion *regions) {
  ir_ctx *ir = b->ir;
  const char *fault = find_fault(b, name, n_results, results, n_operands, operands, n_attrs, attrs, n_regions, regions);
  if (fault) {
    for (intptr_t i = 0; i < n_regions; i++)
      if (!mlirRegionIsNull(regions[i]))
        mlirRegionDestroy(regions[i]);
    ir_bug(ir, "cannot build %s: %s", name, fault);
    return (MlirOperation){NULL};
  }
  MlirOperationState state = mlirOperationStateGet(ir_ref(name), mlirLocationIsNull(b->loc) ? ir->unknown : b->loc);
  mlirOperationStateAddResults(&state, n_results, results);
  mlirOperationStateAddOperands(&state, n_operands, operands);
  for (intptr_t i = 0; i < n_attrs; i++) {
    MlirNamedAttribute named = mlirNamedAttributeGet(mlirIdentifierGet(ir->mlir, ir_ref(attrs[i].name)), attrs[i].attr);
    mlirOperationStateAddAttributes(&state, 1, &named);
  }
  mlirOperationStateAddOwnedRegions(&state, n_regions, regions);
  MlirOperation op = mlirOperationCreate(&state);
  ir_settle(ir);
  if (ir_is_null_op(op) || !holds_attributes(op, n_attrs, attrs)) {
    ir_bug(ir, "cannot build %s: MLIR refuses its attributes", name);
    if (!ir_is_null_op(op))
      mlirOperationDestroy(op);
    return (MlirOperation){NULL};
  }
  if (ir_is_null_op(b->before))
    mlirBlockAppendOwnedOperation(b->block, op);
  else
    mlirBlockInsertOwnedOperationBefore(b->block, b->before, op);
  return op;
}

MlirValue ir_build1(ir_builder *b, const char *name, MlirType result, intptr_t n_operands, const MlirValue *operands, intptr_t n_attrs,
                    const ir_named *attrs) {
  return ir_result(ir_build(b, name, 1, &result, n_operands, operands, n_attrs, attrs, 0, NULL), 0);
}

MlirValue ir_index_const(ir_builder *b, int64_t v) {
  return ir_build1(b, "arith.constant", ir_index_type(b->ir), 0, NULL, 1, &(ir_named){"value", ir_index_attr(b->ir, v)});
}

MlirRegion ir_new_region(ir_ctx *ir, intptr_t n, const MlirType *types, MlirBlock *out_block) {
  MlirRegion region = mlirRegionCreate();
  MlirBlock block = mlirBlockCreate(0, NULL, NULL);
  for (intptr_t i = 0; i < n; i++)
    mlirBlockAddArgument(block, types[i], ir->unknown);
  mlirRegionAppendOwnedBlock(region, block);
  if (out_block)
    *out_block = block;
  return region;
}

bool ir_erase(MlirOperation op) {
  if (ir_is_null_op(op))
    return false;
  for (intptr_t i = 0; i < mlirOperationGetNumResults(op); i++)
    if (!mlirOpOperandIsNull(mlirValueGetFirstUse(mlirOperationGetResult(op, i))))
      return false;
  mlirOperationDestroy(op);
  return true;
}

void ir_replace_uses(MlirValue of, MlirValue with) {
  if (!mlirValueIsNull(of) && !mlirValueIsNull(with))
    mlirValueReplaceAllUsesOfWith(of, with);
}
