// DPRINT of kernels: text to the host's standard output when TT_METAL_DPRINT_CORES is set.
#pragma once
#include "tt_emulator/kernel.h"

struct tte_f32 { float v; };
struct tte_bf16 { uint16_t v; };
struct tte_u32 { uint32_t v; };
struct tte_manipulator {};
constexpr tte_f32 F32(float v) { return {v}; }
constexpr tte_bf16 BF16(uint16_t v) { return {v}; }
constexpr tte_u32 U32(uint32_t v) { return {v}; }
struct ENDL { char c = '\n'; };
struct SETW : tte_manipulator { constexpr SETW(uint32_t, bool = true) {} };
struct SETPRECISION : tte_manipulator { constexpr SETPRECISION(uint32_t) {} };
struct HEX : tte_manipulator {};
struct DEC : tte_manipulator {};
struct OCT : tte_manipulator {};
struct FIXED : tte_manipulator {};
struct DEFAULTFLOAT : tte_manipulator {};
struct SliceRange {
  uint8_t h0, h1, hs, w0, w1, ws;
  static SliceRange hw0_32_16() { return {0, 32, 16, 0, 32, 16}; }
  static SliceRange h0_w0_32() { return {0, 1, 1, 0, 32, 1}; }
};
enum dprint_tslice_ptr_t { TSLICE_RD_PTR, TSLICE_WR_PTR };
enum dprint_tslice_cb_t { TSLICE_INPUT_CB, TSLICE_OUTPUT_CB };
struct TileSlice : tte_manipulator { template <class... A> constexpr TileSlice(A &&...) {} };

struct tte_printer {
  template <class T> const tte_printer &operator<<(const T &v) const {
    char text[64];
    if constexpr (std::is_base_of_v<tte_manipulator, T>) return *this;
    else if constexpr (std::is_same_v<T, ENDL>) tte->print("\n");
    else if constexpr (std::is_convertible_v<T, const char *>) tte->print(v);
    else if constexpr (std::is_same_v<T, tte_f32>) number(text, static_cast<double>(v.v)), tte->print(text);
    else if constexpr (std::is_same_v<T, tte_bf16>) {
      uint32_t bits = static_cast<uint32_t>(v.v) << 16;
      float f;
      __builtin_memcpy(&f, &bits, 4);
      number(text, static_cast<double>(f)), tte->print(text);
    } else if constexpr (std::is_same_v<T, tte_u32>) integer(text, v.v), tte->print(text);
    else if constexpr (std::is_floating_point_v<T>) number(text, static_cast<double>(v)), tte->print(text);
    else if constexpr (std::is_same_v<T, char>) text[0] = v, text[1] = 0, tte->print(text);
    else integer(text, static_cast<long long>(v)), tte->print(text);
    return *this;
  }

 private:
  static void integer(char *to, long long v) { __builtin_snprintf(to, 64, "%lld", v); }
  static void number(char *to, double v) { __builtin_snprintf(to, 64, "%g", v); }
};
constexpr tte_printer DPRINT{};
#define DPRINT_MATH(x) x
#define DPRINT_UNPACK(x) x
#define DPRINT_PACK(x) x
#define DPRINT_DATA0(x) x
#define DPRINT_DATA1(x) x
