/* Shared by the files that write a product: npt_vcix_matmul.c, npt_vcix_wait.c. */
#ifndef LOOM_TARGET_NPU_NPT_EMIT_H
#define LOOM_TARGET_NPU_NPT_EMIT_H
#include "target/npu/npt_product.h"

/* Where the code goes, and the loops that were made; a null index is 0. */
typedef struct npt_emit { ir_ctx *ir; const npt_product *p; ir_builder at; MlirValue n, k, m, zero, count, pad, c_pad, is_column, is_column_of_tail; bool is_storing; } npt_emit;

/* affine.apply of one expression over n dims. */
MlirValue npt_emit_apply(npt_emit *e, int n, const MlirValue *operands, MlirAffineExpr expr);
/* Waits where the operand's loads are asynchronous.  false: MLIR refused. */
bool npt_emit_wait_for_weights(npt_emit *e);
bool npt_emit_wait_for_inputs(npt_emit *e);
bool npt_emit_wait_for_bias(npt_emit *e);
#endif
