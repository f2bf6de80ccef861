/* Dialect `ttkernel`: the ops of Tenstorrent device kernels by tt-mlir's names, from one table (ttkernel_ops.def): what IRDL checks, the C++ that an op becomes
 * and the header it needs. */
#ifndef LOOM_DIALECT_TTKERNEL_H
#define LOOM_DIALECT_TTKERNEL_H
#include "dialect/dialect.h"

typedef enum ttkernel_thread { TTKERNEL_NOC = 1, TTKERNEL_COMPUTE = 2, TTKERNEL_BOTH = 3 } ttkernel_thread;
typedef struct ttkernel_op {
  const char *name;                    /* without "ttkernel." */
  ttkernel_thread thread;
  bool is_pure;
  const char *operands, *result, *attribute, *header, *call, *object;   /* as in ttkernel_ops.def */
} ttkernel_op;

enum { TTKERNEL_SEMAPHORES = 16, TTKERNEL_CBS = 32, TTKERNEL_ARGS = 256 };

/* The op's row; NULL: no op of the dialect. */
const ttkernel_op *ttkernel_find(MlirOperation op);
const ttkernel_op *ttkernel_table(size_t *n);
bool ttkernel_is_type(MlirType t, const char *name);       /* "cb", "semaphore", "l1_ptr", "noc_addr", "accessor", "accessor_args" */
/* The IRDL text of the dialect. */
const char *ttkernel_irdl_text(arena *mem);
/* What IRDL cannot express: functions say their thread ("noc" or "compute") and call functions of it, ops stand in the threads that have them, indices of
 * arguments, circular buffers and semaphores are in range.  LOOM_EINPUT: every violation is in the diagnostics. */
LOOM_MUST_USE loom_status ttkernel_verify(ir_ctx *ir, MlirModule m);
/* Is `op` a transfer between DRAM and L1 whose addresses are known to differ mod the network's alignment (read_align bytes for reads, 16 for writes)?  Then what
 * they are mod *align. */
bool ttkernel_is_misaligned(MlirOperation op, int64_t read_align, int64_t *dram, int64_t *l1, int64_t *align);
#endif
