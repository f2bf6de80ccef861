/* Shared by npt_riscv*.c. */
#ifndef LOOM_TARGET_NPU_NPT_RISCV_PRIVATE_H
#define LOOM_TARGET_NPU_NPT_RISCV_PRIVATE_H
#include "base/vec.h"
#include "target/npu/npt.h"

typedef VEC_OF(MlirOperation) npt_op_list;

/* vcix operations as calls of LLVM's intrinsics. */
LOOM_MUST_USE loom_status npt_riscv_lower_vcix(ir_ctx *ir, MlirModule m, int vlen_bits);
/* vector.reduction as shuffles of the vector with itself, and its first element. */
LOOM_MUST_USE loom_status npt_riscv_lower_reductions(ir_ctx *ir, MlirModule m);
/* Arithmetic on numbers that are taken out of vectors, where they go back into vectors or to memory. */
LOOM_MUST_USE loom_status npt_riscv_keep_lanes(ir_ctx *ir, MlirModule m);
/* Machine code that brings a lane's value to a scalar register: LOOM_EUNSUP with the function. */
LOOM_MUST_USE loom_status npt_riscv_check_code(loom_ctx *ctx, const char *object, size_t size);
#endif
