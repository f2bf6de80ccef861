// The vector unit on DST: every op of the table; values are computed in fp32 (host libm).  Into a 16-bit DST the unit truncates; ops whose own
// code rounds to nearest first say so below.
#pragma once
#include "fpu.h"
#include "tt_emulator/sfpu_ids.h"

namespace tte {

inline const char *const SFPU_NAMES[] = {
#define TTE_INIT(name)
#define TTE_OP(kind, name, init, value) #name "_tile",
#include "tt_emulator/sfpu_ops.def"
#undef TTE_OP
#undef TTE_INIT
  "copy_dest_values", "typecast_tile", "mask_tile", "mask_posinf_tile"
};
inline const int SFPU_INITS[] = {
#define TTE_INIT(name)
#define TTE_OP(kind, name, init, value) TTE_INIT_##init,
#include "tt_emulator/sfpu_ops.def"
#undef TTE_OP
#undef TTE_INIT
  TTE_INIT_copy_dest_values, TTE_INIT_typecast, TTE_INIT_mask, TTE_INIT_mask
};
// How many registers an op reads.
enum { TTE_READS_U = 1, TTE_READS_S = 1, TTE_READS_T = 1, TTE_READS_B = 2, TTE_READS_C = 3, TTE_READS_IU = 1, TTE_READS_IS = 1, TTE_READS_IB = 2, TTE_READS_X = 1, TTE_READS_IX = 0 };
inline const int SFPU_READS[] = {
#define TTE_INIT(name)
#define TTE_OP(kind, name, init, value) TTE_READS_##kind,
#include "tt_emulator/sfpu_ops.def"
#undef TTE_OP
#undef TTE_INIT
  1, 1, 2, 2
};
inline bool rounds_first(int op) {
  switch (op) {
    case TTE_SFPU_exp: case TTE_SFPU_exp2: case TTE_SFPU_expm1: case TTE_SFPU_log: case TTE_SFPU_log1p: case TTE_SFPU_rdiv: case TTE_SFPU_sigmoid:
    case TTE_SFPU_silu: case TTE_SFPU_tanh: case TTE_SFPU_sin: case TTE_SFPU_cos: case TTE_SFPU_tan: case TTE_SFPU_power: case TTE_SFPU_power_binary:
    case TTE_SFPU_selu: case TTE_SFPU_elu: case TTE_SFPU_recip: case TTE_SFPU_sqrt: case TTE_SFPU_rsqrt: case TTE_SFPU_mul_binary: case TTE_SFPU_div_binary: return true;
    default: return false;
  }
}
inline void k_sfpu_init(int op) {
  enter(__builtin_return_address(0));
  dst_state("an SFPU init").sfpu_init = op;
}
inline uint32_t converted(float v, DataFormat in, DataFormat out) {
  double x = is_integer(in) ? (in == DataFormat::Int32 ? static_cast<double>(static_cast<int32_t>(bits_of(v))) : static_cast<double>(bits_of(v))) : static_cast<double>(v);
  switch (out) {
    case DataFormat::Int32: return static_cast<uint32_t>(static_cast<int32_t>(std::max(-2147483648.0, std::min(2147483647.0, std::trunc(x)))));
    case DataFormat::UInt32: return static_cast<uint32_t>(std::max(0.0, std::min(4294967295.0, std::trunc(x))));
    case DataFormat::UInt16: return static_cast<uint32_t>(std::max(0.0, std::min(65535.0, std::nearbyint(x))));
    case DataFormat::Float16_b: return bits_of(round_bf16(static_cast<float>(x)));
    default: return bits_of(static_cast<float>(x));
  }
}

struct Operands { const float *a, *b, *c; float *out; float s, t; };
template <class Op> inline void over_elements(int mode, Op op) {
  for (uint32_t face = 0; face < 4; face++) {
    if ((mode == 1 && face >= 2) || (mode == 2 && face % 2)) continue;   // rows: faces 0 and 1; columns: 0 and 2
    for (uint32_t i = 256 * face; i < 256 * face + 256; i++) op(i);
  }
}
// Op names are macro arguments of the table: x, a, b, c operands, s, t scalars.
#define TTE_REAL(value) over_elements(mode, [&](uint32_t i) { o.out[i] = stored(d, [&](float x, float a, float b, float c, float s, float t) -> float { \
    (void)x, (void)a, (void)b, (void)c, (void)s, (void)t; return value; }(o.a[i], o.a[i], o.b[i], o.c[i], o.s, o.t), rounds); });
#define TTE_INTEGER(value) over_elements(mode, [&](uint32_t i) { o.out[i] = float_of(static_cast<uint32_t>([&](int32_t x, int32_t a, int32_t b, int32_t s) -> int32_t { \
    (void)x, (void)a, (void)b, (void)s; return value; }(static_cast<int32_t>(bits_of(o.a[i])), static_cast<int32_t>(bits_of(o.a[i])), \
    static_cast<int32_t>(bits_of(o.b[i])), static_cast<int32_t>(bits_of(o.s))))); });
#define TTE_DO_U(value) TTE_REAL(value)
#define TTE_DO_S(value) TTE_REAL(value)
#define TTE_DO_T(value) TTE_REAL(value)
#define TTE_DO_B(value) TTE_REAL(value)
#define TTE_DO_C(value) TTE_REAL(value)
#define TTE_DO_X(value) TTE_REAL(value)
#define TTE_DO_IU(value) TTE_INTEGER(value)
#define TTE_DO_IS(value) TTE_INTEGER(value)
#define TTE_DO_IB(value) TTE_INTEGER(value)
#define TTE_DO_IX(value) TTE_INTEGER(value)

inline void k_sfpu(int op, uint32_t a, uint32_t b, uint32_t c, uint32_t out, uint32_t p0, uint32_t p1, int mode) {
  enter(__builtin_return_address(0));
  const char *what = SFPU_NAMES[op];
  Dst &d = dst_state(what);
  if (d.sfpu_init != SFPU_INITS[op]) report("init", "%s without its init since another vector operation was set up", what);
  const uint32_t operands[] = {a, b, c};
  for (int i = 0; i < SFPU_READS[op] && op != TTE_SFPU_fill; i++) read_reg(operands[i], what);
  const bool rounds = rounds_first(op);
  Operands o = {dst_reg(a, what), dst_reg(b, what), dst_reg(c, what), dst_reg(out, what), float_of(p0), float_of(p1)};
  switch (op) {
#define TTE_INIT(name)
#define TTE_OP(kind, name, init, value) case TTE_SFPU_##name: TTE_DO_##kind(value) break;
#include "tt_emulator/sfpu_ops.def"
#undef TTE_OP
#undef TTE_INIT
    case TTE_SFPU_copy_dest: memcpy(o.out, o.a, sizeof(float) * TILE); break;
    case TTE_SFPU_typecast:
      for (uint32_t i = 0; i < TILE; i++) o.out[i] = float_of(converted(o.a[i], static_cast<DataFormat>(p0), static_cast<DataFormat>(p1)));
      break;
    case TTE_SFPU_mask: case TTE_SFPU_mask_posinf:
      if (b != a + 1) report("dst-order", "%s: the mask must be in the register after the data", what);
      for (uint32_t i = 0; i < TILE; i++) if (o.b[i] == 0.0f) o.out[i] = op == TTE_SFPU_mask ? 0.0f : INFINITY;
      break;
  }
}

}  // namespace tte
