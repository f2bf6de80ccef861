#include "ir/ir_private.h"

/* MLIR 22 prints the attributes of memref.dma_start, but does not read them back. */
static bool reads_back(MlirOperation op, void *data) {
  (void)data;
  return !ir_op_is(op, "memref.dma_start") || mlirOperationGetNumAttributes(op) == 0;
}

const char *ir_print(arena *mem, MlirOperation op, bool generic) {
  if (ir_is_null_op(op))
    return "<null operation>\n";
  MlirOpPrintingFlags flags = mlirOpPrintingFlagsCreate();
  mlirOpPrintingFlagsUseLocalScope(flags);
  if (generic || !ir_walk(op, reads_back, NULL))
    mlirOpPrintingFlagsPrintGenericOpForm(flags);
  ir_sink sink = ir_sink_new(mem);
  mlirOperationPrintWithFlags(op, flags, ir_sink_add, &sink);
  mlirOpPrintingFlagsDestroy(flags);
  ir_sink_add(mlirStringRefCreate("\n", 1), &sink);
  return ir_sink_text(&sink);
}

const char *ir_print_whole(arena *mem, MlirOperation op) {
  if (ir_is_null_op(op))
    return "<null operation>\n";
  ir_sink sink = ir_sink_new(mem);
  mlirOperationPrint(op, ir_sink_add, &sink);
  return ir_sink_text(&sink);
}

const char *ir_print_type(arena *mem, MlirType t) {
  if (mlirTypeIsNull(t))
    return "<null type>";
  ir_sink sink = ir_sink_new(mem);
  mlirTypePrint(t, ir_sink_add, &sink);
  return ir_sink_text(&sink);
}

const char *ir_print_attr(arena *mem, MlirAttribute a) {
  if (mlirAttributeIsNull(a))
    return "<null attribute>";
  ir_sink sink = ir_sink_new(mem);
  mlirAttributePrint(a, ir_sink_add, &sink);
  return ir_sink_text(&sink);
}
