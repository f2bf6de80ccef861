// Reductions; apart from compute.h, since defaults come from what a kernel defines before it includes api/compute/reduce.h.
#pragma once
#include "tt_emulator/compute.h"
#ifdef REDUCE_OP
#define TTE_DEFAULT_OP = REDUCE_OP
#else
#define TTE_DEFAULT_OP
#endif
#ifdef REDUCE_DIM
#define TTE_DEFAULT_DIM = REDUCE_DIM
#else
#define TTE_DEFAULT_DIM
#endif
namespace ckernel {
template <PoolType pool TTE_DEFAULT_OP, ReduceDim dim TTE_DEFAULT_DIM, bool fp32 = false>
ALWI void reduce_init(uint32_t in, uint32_t scaler, uint32_t, uint32_t = 0) { tte->op_init(TTE_OP_REDUCE, in, scaler, pool | dim << 4); }
template <bool fp32 = false> ALWI void reduce_uninit(uint32_t = 0) { tte->pack_mode(TTE_PACK_REDUCE_MASK, 0); }
template <PoolType pool TTE_DEFAULT_OP, ReduceDim dim TTE_DEFAULT_DIM, bool fp32 = false>
ALWI void reduce_tile(uint32_t in, uint32_t scaler, uint32_t i, uint32_t is, uint32_t dst) { tte->reduce(pool, dim, in, scaler, i, is, dst); }
}  // namespace ckernel
