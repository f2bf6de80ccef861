/* tog/build: bufferized MLIR -> TOG.  Each run of compute ops is outlined as a tile function (cpu.h says in which form). */
#ifndef LOOM_TOG_BUILD_H
#define LOOM_TOG_BUILD_H
#include "dialect/dialect.h"
#include "machine/machine.h"
#include "tog/tog.h"
/* `func` NULL: the first materialised function of `m`. */
LOOM_MUST_USE loom_status tog_build(ir_ctx *ir, MlirModule m, const char *func, const machine *mach, tog **out);
#endif
