/* Shared by the files of dialect. */
#ifndef LOOM_DIALECT_PRIVATE_H
#define LOOM_DIALECT_PRIVATE_H
#include "dialect/dialect.h"

/* Operands of a linalg op or a loom.copy on parts of buffers must show as much as each other along every dimension they share.  The number of violations
 * reported. */
int dialect_check_extents(ir_ctx *ir, MlirOperation op);
/* The rules of togsim.transfer and togsim.wait; the number of violations reported. */
int dialect_check_togsim(ir_ctx *ir, MlirOperation op);
#endif
