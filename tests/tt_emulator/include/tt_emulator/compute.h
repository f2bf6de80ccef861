// The compute API of tt-metal: api/compute/*.h (older: compute_kernel_api/*.h).  Unpack, math and pack run as one thread.
#pragma once
#include "tt_emulator/kernel.h"
#include "tt_emulator/sfpu_ids.h"

#ifndef TTE_FP32_DEST
#define TTE_FP32_DEST 0
#endif
#ifndef TTE_APPROX
#define TTE_APPROX 0
#endif
#define UNPACK(x) x
#define MATH(x) x
#define PACK(x) x
#define TRISC_UNPACK 1
#define TRISC_MATH 1
#define TRISC_PACK 1
constexpr bool DST_ACCUM_MODE = TTE_FP32_DEST, APPROX = TTE_APPROX;

namespace ckernel {
using ::cb_pop_front;
using ::cb_push_back;
using ::cb_reserve_back;
using ::cb_wait_front;
enum EltwiseBinaryType { ELWMUL, ELWDIV, ELWADD, ELWSUB, ELWLESS };
enum class EltwiseBinaryReuseDestType { NONE = 0, DEST_TO_SRCA = 1, DEST_TO_SRCB = 2 };
enum BroadcastType { NONE = 0, COL = 1, ROW = 2, SCALAR = 3 };
enum PoolType { SUM, AVG, MAX, MIN };
enum ReduceDim { REDUCE_ROW, REDUCE_COL, REDUCE_SCALAR };
enum class VectorMode { None = 0, R = 1, C = 2, RC = 4, RC_custom = 6 };
enum class InputClamping : uint8_t { ClampToNegative = 1, None = 0 };
enum class SrcOrder { Normal, Reverse };

// ---- registers
ALWI void tile_regs_acquire() { tte->dst_phase(TTE_DST_ACQUIRE); }
ALWI void tile_regs_commit() { tte->dst_phase(TTE_DST_COMMIT); }
ALWI void tile_regs_wait() { tte->dst_phase(TTE_DST_WAIT); }
ALWI void tile_regs_release() { tte->dst_phase(TTE_DST_RELEASE); }
ALWI void acquire_dst() { tte->dst_phase(TTE_DST_ACQUIRE_BOTH); }   // of before: for math and packer at once
ALWI void release_dst() { tte->dst_phase(TTE_DST_RELEASE_BOTH); }

// ---- start-up and formats
template <SrcOrder order = SrcOrder::Normal> ALWI void compute_kernel_hw_startup(uint32_t a, uint32_t b, uint32_t out) {
  if constexpr (order == SrcOrder::Reverse) tte->startup(b, a, out);
  else tte->startup(a, b, out);
}
template <SrcOrder order = SrcOrder::Normal> ALWI void compute_kernel_hw_startup(uint32_t a, uint32_t out) { tte->startup(a, a, out); }
ALWI void binary_op_init_common(uint32_t a, uint32_t b, uint32_t out, uint32_t = 0) { tte->startup(a, b, out); }
ALWI void unary_op_init_common(uint32_t a, uint32_t out, uint32_t = 0) { tte->startup(a, a, out), tte->op_init(TTE_OP_COPY, a, a, 0); }
ALWI void init_sfpu(uint32_t a, uint32_t out, uint32_t = 0) { unary_op_init_common(a, out); }
template <bool to_from_int8 = false> ALWI void reconfig_data_format_srca(uint32_t a) { tte->reconfig(TTE_FORMAT_A, a); }
template <bool to_from_int8 = false> ALWI void reconfig_data_format_srca(uint32_t, uint32_t a) { tte->reconfig(TTE_FORMAT_A, a); }
template <bool to_from_int8 = false> ALWI void reconfig_data_format_srcb(uint32_t b) { tte->reconfig(TTE_FORMAT_B, b); }
template <bool to_from_int8 = false> ALWI void reconfig_data_format_srcb(uint32_t, uint32_t b) { tte->reconfig(TTE_FORMAT_B, b); }
template <bool to_from_int8 = false> ALWI void reconfig_data_format(uint32_t a, uint32_t b) { tte->reconfig(TTE_FORMAT_A, a), tte->reconfig(TTE_FORMAT_B, b); }
template <bool to_from_int8 = false> ALWI void reconfig_data_format(uint32_t, uint32_t a, uint32_t, uint32_t b) {
  tte->reconfig(TTE_FORMAT_A, a), tte->reconfig(TTE_FORMAT_B, b);
}
ALWI void pack_reconfig_data_format(uint32_t cb) { tte->reconfig(TTE_FORMAT_PACK, cb); }
ALWI void pack_reconfig_data_format(uint32_t, uint32_t cb) { tte->reconfig(TTE_FORMAT_PACK, cb); }
ALWI void pack_reconfig_l1_acc(uint32_t on) { tte->pack_mode(TTE_PACK_L1_ACC, on); }
ALWI void llk_pack_reconfig_l1_acc(uint32_t on) { tte->pack_mode(TTE_PACK_L1_ACC, on); }
ALWI void llk_pack_relu_config(uint32_t mode) { tte->pack_mode(TTE_PACK_RELU, mode); }
ALWI void pack_relu_config(uint32_t mode) { tte->pack_mode(TTE_PACK_RELU, mode); }

// ---- packing
template <bool out_of_order = false> ALWI void pack_tile(uint32_t dst, uint32_t cb, uint32_t index = 0) { tte->pack(dst, cb, index, out_of_order); }
ALWI void pack_tile_block(uint32_t dst, uint32_t cb, uint32_t n) {
  for (uint32_t i = 0; i < n; i++) tte->pack(dst + i, cb, 0, 0);
}
ALWI void matmul_pack_tile(uint32_t dst, uint32_t cb, uint32_t n) { pack_tile_block(dst, cb, n); }

// ---- copies
ALWI void copy_tile_init(uint32_t cb, uint32_t = 0) { tte->op_init(TTE_OP_COPY, cb, cb, 0); }
ALWI void copy_tile_to_dst_init_short(uint32_t cb, uint32_t transpose = 0, uint32_t = 0, uint32_t = 0) { tte->op_init(TTE_OP_COPY, cb, cb, transpose); }
ALWI void copy_tile_to_dst_init_short_with_dt(uint32_t, uint32_t cb, uint32_t transpose = 0) {
  tte->reconfig(TTE_FORMAT_A, cb), tte->op_init(TTE_OP_COPY, cb, cb, transpose);
}
ALWI void copy_tile(uint32_t cb, uint32_t i, uint32_t dst) { tte->copy_tile(cb, i, dst); }
ALWI void copy_block_matmul_partials(uint32_t cb, uint32_t i, uint32_t dst, uint32_t n) {
  for (uint32_t k = 0; k < n; k++) tte->copy_tile(cb, i + k, dst + k);
}
ALWI void transpose_wh_init(uint32_t in, uint32_t out, uint32_t = 0) { tte->startup(in, in, out), tte->op_init(TTE_OP_TRANSPOSE, in, in, 0); }
ALWI void transpose_wh_init_short(uint32_t in, uint32_t = 0) { tte->op_init(TTE_OP_TRANSPOSE, in, in, 0); }
ALWI void transpose_wh_tile(uint32_t cb, uint32_t i, uint32_t dst) { tte->transpose(cb, i, dst); }
template <bool is_32bit = false> ALWI void transpose_wh_dest_init_short() { tte->op_init(TTE_OP_TRANSPOSE_DST, 0, 0, 0); }
template <bool is_32bit = false> ALWI void transpose_wh_dest(uint32_t dst) { tte->transpose_dst(dst); }
template <BroadcastType kind> ALWI void unary_bcast_init(uint32_t in, uint32_t out, uint32_t = 0) {
  tte->startup(in, in, out), tte->op_init(TTE_OP_UNARY_BCAST, in, in, kind);
}
template <BroadcastType kind> ALWI void unary_bcast(uint32_t cb, uint32_t i, uint32_t dst) { tte->unary_bcast(kind, cb, i, dst); }
template <BroadcastType kind> ALWI void unary_bcast_uninit(uint32_t) {}

// ---- products
ALWI void matmul_block_init(uint32_t a, uint32_t b, uint32_t transpose = 0, uint32_t ct = 1, uint32_t rt = 1, uint32_t = 1, uint32_t = 0) {
  tte->op_init(TTE_OP_MATMUL, a, b, (transpose != 0) | ct << 8 | rt << 16);
}
ALWI void matmul_init(uint32_t a, uint32_t b, uint32_t transpose = 0, uint32_t = 0) { matmul_block_init(a, b, transpose); }
ALWI void mm_init(uint32_t a, uint32_t b, uint32_t out, uint32_t transpose = 0, uint32_t = 0) { tte->startup(b, a, out), matmul_init(a, b, transpose); }
ALWI void mm_init_short(uint32_t a, uint32_t b, uint32_t transpose = 0, uint32_t = 0) { matmul_init(a, b, transpose); }
ALWI void mm_init_short_with_dt(uint32_t a, uint32_t b, uint32_t, uint32_t transpose = 0) {
  tte->reconfig(TTE_FORMAT_A, b), tte->reconfig(TTE_FORMAT_B, a), matmul_init(a, b, transpose);
}
ALWI void matmul_tiles(uint32_t a, uint32_t b, uint32_t ia, uint32_t ib, uint32_t dst) { tte->matmul(a, b, ia, ib, dst, -1, 1, 1, 1); }
ALWI void matmul_tiles(uint32_t a, uint32_t b, uint32_t ia, uint32_t ib, uint32_t dst, uint32_t transpose) {   // the older form
  tte->matmul(a, b, ia, ib, dst, static_cast<int>(transpose), 1, 1, 1);
}
ALWI void mm_block_init(uint32_t a, uint32_t b, uint32_t out, uint32_t transpose = 0, uint32_t ct = 1, uint32_t rt = 1, uint32_t kt = 1, uint32_t = 0) {
  tte->startup(b, a, out), matmul_block_init(a, b, transpose, ct, rt, kt);
}
ALWI void mm_block_init_short(uint32_t a, uint32_t b, uint32_t transpose = 0, uint32_t ct = 1, uint32_t rt = 1, uint32_t kt = 1, uint32_t = 0) {
  matmul_block_init(a, b, transpose, ct, rt, kt);
}
ALWI void mm_block_init_short_with_dt(uint32_t a, uint32_t b, uint32_t, uint32_t transpose = 0, uint32_t ct = 1, uint32_t rt = 1, uint32_t kt = 1) {
  tte->reconfig(TTE_FORMAT_A, b), tte->reconfig(TTE_FORMAT_B, a), matmul_block_init(a, b, transpose, ct, rt, kt);
}
ALWI void mm_block_init_short_with_both_dt(uint32_t a, uint32_t b, uint32_t, uint32_t old_b, uint32_t transpose = 0, uint32_t ct = 1, uint32_t rt = 1, uint32_t kt = 1) {
  mm_block_init_short_with_dt(a, b, old_b, transpose, ct, rt, kt);
}
ALWI void matmul_block(uint32_t a, uint32_t b, uint32_t ia, uint32_t ib, uint32_t dst, uint32_t transpose, uint32_t ct, uint32_t rt, uint32_t kt, uint32_t = 0) {
  tte->matmul(a, b, ia, ib, dst, static_cast<int>(transpose), ct, rt, kt);
}

// ---- binary
template <bool full_init, EltwiseBinaryType op> ALWI void binary_tiles_init(uint32_t a, uint32_t b, bool = false, uint32_t = 0) { tte->op_init(TTE_OP_BINARY, a, b, op); }
#define TTE_BINARY(name, op)                                                                                                                         \
  ALWI void name##_tiles_init(uint32_t a, uint32_t b, bool accumulate = false, uint32_t = 0) { tte->op_init(TTE_OP_BINARY, a, b, op | accumulate << 8); } \
  ALWI void name##_tiles(uint32_t a, uint32_t b, uint32_t ia, uint32_t ib, uint32_t dst) { tte->binary(op, NONE, a, b, ia, ib, dst, -1); }             \
  template <BroadcastType kind> ALWI void name##_tiles_bcast(uint32_t a, uint32_t b, uint32_t ia, uint32_t ib, uint32_t dst) {                        \
    tte->binary(op, kind, a, b, ia, ib, dst, 0);                                                                                                     \
  }                                                                                                                                                  \
  TTE_BCAST(name, op, rows, ROW) TTE_BCAST(name, op, cols, COL)                                                                                      \
  ALWI void name##_tiles_bcast_scalar_init_short(uint32_t a, uint32_t b, uint32_t = 0) { tte->op_init(TTE_OP_BCAST, a, b, op | SCALAR << 4); }        \
  ALWI void name##_bcast_scalar_init_short(uint32_t a, uint32_t b, uint32_t = 0) { tte->op_init(TTE_OP_BCAST, a, b, op | SCALAR << 4); }              \
  ALWI void name##_tiles_bcast_scalar(uint32_t a, uint32_t b, uint32_t ia, uint32_t ib, uint32_t dst) { tte->binary(op, SCALAR, a, b, ia, ib, dst, 0); }
#define TTE_BCAST(name, op, what, kind)                                                                                                      \
  ALWI void name##_bcast_##what##_init_short(uint32_t a, uint32_t b, uint32_t = 0) { tte->op_init(TTE_OP_BCAST, a, b, op | kind << 4); }       \
  ALWI void name##_tiles_bcast_##what(uint32_t a, uint32_t b, uint32_t ia, uint32_t ib, uint32_t dst) { tte->binary(op, kind, a, b, ia, ib, dst, 0); }
TTE_BINARY(add, ELWADD)
TTE_BINARY(sub, ELWSUB)
TTE_BINARY(mul, ELWMUL)
#undef TTE_BINARY
#undef TTE_BCAST
template <EltwiseBinaryType op, BroadcastType kind> ALWI void init_bcast(uint32_t a, uint32_t b, uint32_t out, uint32_t = 0) {
  tte->startup(a, b, out), tte->op_init(TTE_OP_BCAST, a, b, op | kind << 4);
}
template <EltwiseBinaryType op, BroadcastType kind> ALWI void any_tiles_bcast(uint32_t a, uint32_t b, uint32_t ia, uint32_t ib, uint32_t dst) {
  tte->binary(op, kind, a, b, ia, ib, dst, 0);
}
template <EltwiseBinaryType op = ELWADD, EltwiseBinaryReuseDestType reuse = EltwiseBinaryReuseDestType::NONE>
ALWI void binary_dest_reuse_tiles_init(uint32_t cb, uint32_t = 0) { tte->op_init(TTE_OP_REUSE, cb, cb, op | static_cast<uint32_t>(reuse) << 4); }
template <EltwiseBinaryType op = ELWADD, EltwiseBinaryReuseDestType reuse = EltwiseBinaryReuseDestType::NONE>
ALWI void binary_dest_reuse_tiles(uint32_t cb, uint32_t i, uint32_t dst) { tte->binary_reuse(op, static_cast<int>(reuse), cb, i, dst); }

// ---- layouts
ALWI void tilize_init(uint32_t in, uint32_t, uint32_t out, uint32_t = 0) { tte->op_init(TTE_OP_TILIZE, in, out, 0); }
ALWI void tilize_block(uint32_t in, uint32_t tiles, uint32_t out, uint32_t = 0, uint32_t = 0) { tte->tilize(in, tiles, out); }
ALWI void tilize_uninit(uint32_t, uint32_t) {}
ALWI void untilize_init(uint32_t in, uint32_t = 0) { tte->op_init(TTE_OP_UNTILIZE, in, in, 0); }
template <uint32_t block_ct = 1> ALWI void untilize_block(uint32_t in, uint32_t tiles, uint32_t out) { tte->untilize(in, tiles, out); }
ALWI void untilize_uninit(uint32_t) {}
template <uint32_t block_ct = 8, uint32_t full_ct = block_ct> ALWI void pack_untilize_init(uint32_t in, uint32_t out, uint32_t = 0) {
  tte->startup(in, in, out), tte->op_init(TTE_OP_PACK_UNTILIZE, in, in, 0);
}
template <uint32_t block_ct = 8, uint32_t full_ct = block_ct> ALWI void pack_untilize_block(uint32_t in, uint32_t rows, uint32_t out, uint32_t block = 0) {
  for (uint32_t r = 0; r < rows; r++) {
    tile_regs_acquire();
    for (uint32_t c = 0; c < block_ct; c++) tte->copy_tile(in, r * full_ct + block * block_ct + c, c);
    tile_regs_commit(), tile_regs_wait();
    tte->pack_untilize(0, block_ct, out, block, full_ct);
    tile_regs_release();
  }
}
template <uint32_t block_ct = 8, uint32_t full_ct = block_ct> ALWI void pack_untilize_dest_init(uint32_t, uint32_t = 16, uint32_t = 4) {}
template <uint32_t block_ct = 8, uint32_t full_ct = block_ct> ALWI void pack_untilize_dest(uint32_t out, uint32_t = 1, uint32_t block = 0, uint32_t = 16, uint32_t = 4) {
  tte->pack_untilize(0, block_ct, out, block, full_ct);
}
ALWI void pack_untilize_uninit(uint32_t) {}

// ---- the vector unit: tables of ops, then those of another form
#define TTE_ALL static_cast<int>(VectorMode::RC)
#define TTE_INIT(name) template <auto... modes> ALWI void name##_tile_init() { tte->sfpu_init(TTE_INIT_##name); }
#define TTE_OP(kind, name, init, value) TTE_FORM_##kind(name)
#define TTE_FORM_U(name) template <auto... modes> ALWI void name##_tile(uint32_t dst, int mode = TTE_ALL) { tte->sfpu(TTE_SFPU_##name, dst, dst, dst, dst, 0, 0, mode); }
#define TTE_FORM_S(name) template <auto... modes> ALWI void name##_tile(uint32_t dst, uint32_t s, int mode = TTE_ALL) { tte->sfpu(TTE_SFPU_##name, dst, dst, dst, dst, s, 0, mode); }
#define TTE_FORM_T(name) template <auto... modes> ALWI void name##_tile(uint32_t dst, uint32_t s, uint32_t t, int mode = TTE_ALL) { tte->sfpu(TTE_SFPU_##name, dst, dst, dst, dst, s, t, mode); }
#define TTE_FORM_B(name) template <auto... modes> ALWI void name##_tile(uint32_t a, uint32_t b, uint32_t out, int mode = TTE_ALL) { tte->sfpu(TTE_SFPU_##name, a, b, a, out, 0, 0, mode); }
#define TTE_FORM_C(name) template <auto... modes> ALWI void name##_tile(uint32_t a, uint32_t b, uint32_t c, uint32_t out, int mode = TTE_ALL) { tte->sfpu(TTE_SFPU_##name, a, b, c, out, 0, 0, mode); }
#define TTE_FORM_IU(name) TTE_FORM_U(name)
#define TTE_FORM_IS(name) TTE_FORM_S(name)
#define TTE_FORM_IB(name) TTE_FORM_B(name)
#define TTE_FORM_X(name)
#define TTE_FORM_IX(name)
#include "tt_emulator/sfpu_ops.def"
#undef TTE_INIT
#undef TTE_OP

template <bool approx = false, bool scale_en = false, auto... modes>
ALWI void exp_tile(uint32_t dst, int mode = TTE_ALL, uint16_t scale = 0x3f80) {
  tte->sfpu(TTE_SFPU_exp, dst, dst, dst, dst, static_cast<uint32_t>(scale) << 16, scale_en ? 0x3f800000u : 0, mode);
}
ALWI void fill_tile(uint32_t dst, float v) { uint32_t bits; __builtin_memcpy(&bits, &v, 4); tte->sfpu(TTE_SFPU_fill, dst, dst, dst, dst, bits, 0, TTE_ALL); }
ALWI void fill_tile_bitcast(uint32_t dst, uint32_t bits) { tte->sfpu(TTE_SFPU_fill, dst, dst, dst, dst, bits, 0, TTE_ALL); }
template <auto... modes> ALWI void fill_tile_int(uint32_t dst, uint32_t v) { tte->sfpu(TTE_SFPU_fill_int, dst, dst, dst, dst, v, 0, TTE_ALL); }
ALWI void power_iterative_tile(uint32_t dst, uint32_t n) {
  float v = static_cast<float>(n); uint32_t bits; __builtin_memcpy(&bits, &v, 4); tte->sfpu(TTE_SFPU_power_iterative, dst, dst, dst, dst, bits, 0, TTE_ALL);
}
ALWI void copy_dest_values_init() { tte->sfpu_init(TTE_INIT_copy_dest_values); }
template <DataFormat format = DataFormat::Float16_b> ALWI void copy_dest_values(uint32_t in, uint32_t out) { tte->sfpu(TTE_SFPU_copy_dest, in, in, in, out, 0, 0, TTE_ALL); }
template <uint32_t in, uint32_t out> ALWI void typecast_tile(uint32_t dst) { tte->sfpu(TTE_SFPU_typecast, dst, dst, dst, dst, in, out, TTE_ALL); }
ALWI void mask_tile(uint32_t data, uint32_t mask, DataFormat = DataFormat::Float16_b) { tte->sfpu(TTE_SFPU_mask, data, mask, data, data, 0, 0, TTE_ALL); }
ALWI void mask_posinf_tile(uint32_t data, uint32_t mask) { tte->sfpu(TTE_SFPU_mask_posinf, data, mask, data, data, 0, 0, TTE_ALL); }
ALWI void where_fp32_tile(uint32_t a, uint32_t b, uint32_t c, uint32_t out) { where_tile(a, b, c, out); }
}  // namespace ckernel
using namespace ckernel;
