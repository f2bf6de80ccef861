/* Shared by the files of ir/ only: strings across the C API, and text sinks that survive running out of memory inside MLIR. */
#ifndef LOOM_IR_PRIVATE_H
#define LOOM_IR_PRIVATE_H
#include "ir/ir.h"

static inline MlirStringRef ir_ref(const char *s) { return mlirStringRefCreateFromCString(s); }
static inline bool ir_is_null_op(MlirOperation op) { return op.ptr == NULL; }

/* MLIR prints through a callback with its own C++ frames below, which an arena may not unwind.  A sink notes the failure instead;
 * ir_sink_text raises it when MLIR has returned. */
typedef struct ir_sink { text out; bool out_of_memory; } ir_sink;
ir_sink ir_sink_new(arena *mem);
void ir_sink_add(MlirStringRef s, void *sink);
const char *ir_sink_text(ir_sink *sink);

MlirLogicalResult ir_handle_diagnostic(MlirDiagnostic d, void *ir);
/* Raises what the handler could not: call it after every call into MLIR that may emit diagnostics. */
void ir_settle(ir_ctx *ir);
/* A file location without a file name, as MLIR's module parser makes them: it belongs to ir->source while parsing. */
bool ir_is_unnamed(MlirLocation loc);
loom_span ir_location_span(ir_ctx *ir, MlirLocation loc);
/* Records LOOM_EBUG: an invariant of our own code failed. */
loom_status ir_bug(ir_ctx *ir, const char *fmt, ...) LOOM_PRINTF(2, 3);
#endif
