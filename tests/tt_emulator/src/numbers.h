// Numbers as the chip has them: conversions between formats and floats, by bits.
#pragma once
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace tte {

inline uint32_t bits_of(float v) { uint32_t b; memcpy(&b, &v, 4); return b; }
inline float float_of(uint32_t b) { float v; memcpy(&v, &b, 4); return v; }
// To nearest, ties to even; NaN stays NaN.
inline uint16_t to_bf16(float v) {
  uint32_t b = bits_of(v);
  if ((b & 0x7fffffff) > 0x7f800000) return static_cast<uint16_t>(b >> 16 | 0x40);
  return static_cast<uint16_t>((b + 0x7fff + (b >> 16 & 1)) >> 16);
}
// As the packer does when TT_EMULATOR_TIES=away (its documented rule); to even otherwise, like the hosts that results are compared with.
inline uint16_t pack_bf16(float v) {
  static const bool away = getenv("TT_EMULATOR_TIES") && strcmp(getenv("TT_EMULATOR_TIES"), "away") == 0;
  uint32_t b = bits_of(v);
  return away && (b & 0x7f800000) != 0x7f800000 ? static_cast<uint16_t>((b + 0x8000) >> 16) : to_bf16(v);
}
inline float from_bf16(uint16_t h) { return float_of(static_cast<uint32_t>(h) << 16); }
inline float round_bf16(float v) { return from_bf16(to_bf16(v)); }
inline float from_half(uint16_t h) {
  uint32_t e = h >> 10 & 31, f = h & 1023;
  float v = e == 0 ? std::ldexp(static_cast<float>(f), -24) : e == 31 ? (f ? NAN : INFINITY) : std::ldexp(static_cast<float>(f + 1024), static_cast<int>(e) - 25);
  return h & 0x8000 ? -v : v;
}
inline uint16_t to_half(float v) {
  uint16_t sign = std::signbit(v) ? 0x8000 : 0;
  float a = std::fabs(v);
  if (std::isnan(v)) return static_cast<uint16_t>(sign | 0x7e00);
  if (a >= 65520.0f) return static_cast<uint16_t>(sign | 0x7c00);
  if (a < 6.103515625e-05f) return static_cast<uint16_t>(sign | static_cast<uint16_t>(std::nearbyint(std::ldexp(a, 24))));
  int e;
  float f = std::frexp(a, &e);   // in [0.5, 1)
  uint32_t m = static_cast<uint32_t>(std::nearbyint(std::ldexp(f, 11)));
  return static_cast<uint16_t>(sign | ((static_cast<uint32_t>(e + 14) << 10) + (m - 1024)));
}
// The matrix unit's sources keep 10 bits of a fraction (TF32); fidelity uses fewer of them.
inline float keep_fraction(float v, int bits) { return float_of(bits_of(v) & (0xffffffffu << (23 - bits))); }

}  // namespace tte
