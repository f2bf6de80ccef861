// bfloat16 on the host, vectors of it, tiles of four faces.
#pragma once
#include <bit>
#include <cmath>
#include <compare>
#include <cstdint>
#include <functional>
#include <ostream>
#include <random>
#include <type_traits>
#include <utility>
#include <vector>

class bfloat16 {
  uint16_t bits = 0;
  static constexpr uint16_t from_float(float v) {
    uint32_t b = std::bit_cast<uint32_t>(v);
    if ((b & 0x7fffffff) > 0x7f800000) return static_cast<uint16_t>(b >> 16 | 0x40);
    return static_cast<uint16_t>((b + 0x7fff + (b >> 16 & 1)) >> 16);
  }

 public:
  constexpr bfloat16() = default;
  template <class T> requires std::is_arithmetic_v<T> constexpr bfloat16(T v) noexcept : bits(from_float(static_cast<float>(v))) {}
  static bfloat16 truncate(float v) { bfloat16 h; h.bits = static_cast<uint16_t>(std::bit_cast<uint32_t>(v) >> 16); return h; }
  constexpr operator float() const { return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16); }
  float to_float() const { return *this; }
  uint16_t to_uint16() const { return bits; }
  constexpr bool operator==(bfloat16 o) const { return static_cast<float>(*this) == static_cast<float>(o); }
  constexpr std::partial_ordering operator<=>(bfloat16 o) const { return static_cast<float>(*this) <=> static_cast<float>(o); }
  bfloat16 operator+(bfloat16 o) const { return static_cast<float>(*this) + static_cast<float>(o); }
  bfloat16 operator-(bfloat16 o) const { return static_cast<float>(*this) - static_cast<float>(o); }
  bfloat16 operator*(bfloat16 o) const { return static_cast<float>(*this) * static_cast<float>(o); }
  bfloat16 operator/(bfloat16 o) const { return static_cast<float>(*this) / static_cast<float>(o); }
  bfloat16 &operator+=(bfloat16 o) { return *this = *this + o; }
};
inline std::ostream &operator<<(std::ostream &o, const bfloat16 &v) { return o << static_cast<float>(v); }

inline uint32_t pack_two_bfloat16_into_uint32(std::pair<bfloat16, bfloat16> p) {
  return static_cast<uint32_t>(p.second.to_uint16()) << 16 | p.first.to_uint16();
}
inline std::vector<uint32_t> pack_bfloat16_vec_into_uint32_vec(const std::vector<bfloat16> &v) {
  std::vector<uint32_t> out;
  for (size_t i = 0; i + 1 < v.size(); i += 2) out.push_back(pack_two_bfloat16_into_uint32({v[i], v[i + 1]}));
  return out;
}
inline bfloat16 bfloat16_identity_transform(const bfloat16 &v) { return v; }
inline std::vector<bfloat16> unpack_uint32_vec_into_bfloat16_vec(const std::vector<uint32_t> &v,
                                                                 const std::function<bfloat16(const bfloat16 &)> &f = bfloat16_identity_transform) {
  std::vector<bfloat16> out;
  for (uint32_t w : v) out.push_back(f(std::bit_cast<bfloat16>(static_cast<uint16_t>(w)))), out.push_back(f(std::bit_cast<bfloat16>(static_cast<uint16_t>(w >> 16))));
  return out;
}
inline std::vector<bfloat16> create_random_vector_of_bfloat16_native(size_t bytes, float max, int seed, float offset = 0.0f) {
  std::mt19937 rng(static_cast<uint32_t>(seed));
  std::uniform_real_distribution<float> d(0.0f, max);
  std::vector<bfloat16> out(bytes / 2);
  for (auto &v : out) v = bfloat16(d(rng) + offset);
  return out;
}
inline std::vector<uint32_t> create_random_vector_of_bfloat16(size_t bytes, int max, int seed, float offset = 0.0f) {
  return pack_bfloat16_vec_into_uint32_vec(create_random_vector_of_bfloat16_native(bytes, static_cast<float>(max), seed, offset));
}
inline std::vector<uint32_t> create_constant_vector_of_bfloat16(size_t bytes, float value) {
  return std::vector<uint32_t>(bytes / 4, pack_two_bfloat16_into_uint32({bfloat16(value), bfloat16(value)}));
}
inline std::vector<bfloat16> create_identity_matrix(int rows, int cols, int ones) {
  std::vector<bfloat16> out(static_cast<size_t>(rows) * static_cast<size_t>(cols), bfloat16(0.0f));
  for (int i = 0; i < ones; i++) out[static_cast<size_t>(i) * static_cast<size_t>(cols) + static_cast<size_t>(i)] = bfloat16(1.0f);
  return out;
}
inline bool is_close(float a, float b, float rtol = 0.01f, float atol = 0.001f) { return std::fabs(a - b) <= std::max(rtol * std::max(std::fabs(a), std::fabs(b)), atol); }

// Row-major m x n to tiles of 32 x 32 in row-major order, each four 16 x 16 faces; and back.
template <class T> void tte_tiles(std::vector<T> &tiled, std::vector<T> &rows, uint32_t m, uint32_t n, bool to_tiles) {
  for (uint32_t r = 0; r < m; r++)
    for (uint32_t c = 0; c < n; c++) {
      size_t at = (static_cast<size_t>(r / 32) * (n / 32) + c / 32) * 1024 + (r % 32 / 16 * 2 + c % 32 / 16) * 256 + r % 16 * 16 + c % 16, flat = static_cast<size_t>(r) * n + c;
      if (to_tiles) tiled[at] = rows[flat];
      else rows[flat] = tiled[at];
    }
}
template <class T> std::vector<T> tilize_nfaces(const std::vector<T> &in, uint32_t m, uint32_t n) {
  std::vector<T> rows = in, out(in.size());
  tte_tiles(out, rows, m, n, true);
  return out;
}
template <class T> std::vector<T> untilize_nfaces(const std::vector<T> &in, uint32_t m, uint32_t n) {
  std::vector<T> tiled = in, out(in.size());
  tte_tiles(tiled, out, m, n, false);
  return out;
}
