// What every kernel begins with: the emulator's table, arguments, constants the build passes, and the hooks of its own loads and stores.
#pragma once
#include <cstring>
#include <type_traits>
#include "tt_emulator/abi.h"
#include "tt_emulator/common.h"

#ifndef FORCE_INLINE
#define FORCE_INLINE inline __attribute__((always_inline))
#endif
#define ALWI inline __attribute__((always_inline))
#define tt_l1_ptr
#define tt_reg_ptr
#define TTE_EXPORT extern "C" __attribute__((visibility("default"), used, no_sanitize("kernel-address")))
#ifndef NAMESPACE
#define NAMESPACE tte_kernel   // of kernels in the older form: namespace NAMESPACE { void MAIN {} }
#endif
#ifndef MAIN
#define MAIN tte_main()
#endif

using tt::DataFormat;
inline const tte_table *tte = nullptr;

#ifndef KERNEL_COMPILE_TIME_ARGS
#define KERNEL_COMPILE_TIME_ARGS
#endif
template <size_t n> struct tte_words {
  uint32_t word[n ? n : 1];
  constexpr size_t size() const { return n; }
  constexpr uint32_t operator[](size_t i) const { return word[i]; }
};
template <class... Ts> constexpr tte_words<sizeof...(Ts)> tte_make_words(Ts... values) { return {{static_cast<uint32_t>(values)...}}; }
constexpr auto kernel_compile_time_args = tte_make_words(KERNEL_COMPILE_TIME_ARGS);
template <uint32_t Idx> constexpr uint32_t get_ct_arg() {
  static_assert(Idx < kernel_compile_time_args.size(), "Index out of range");
  if constexpr (Idx < kernel_compile_time_args.size()) return kernel_compile_time_args[Idx];
  else return 0;
}
#define get_compile_time_arg_val(arg_idx) get_ct_arg<arg_idx>()
#ifdef KERNEL_COMPILE_TIME_ARG_MAP
struct tte_named_arg { const char *name; uint32_t value; };
constexpr tte_named_arg tte_named_args[] = {KERNEL_COMPILE_TIME_ARG_MAP};
constexpr bool tte_same(const char *a, const char *b) { return *a == *b && (!*a || tte_same(a + 1, b + 1)); }
constexpr uint32_t get_named_compile_time_arg_val(const char *name) {
  for (const auto &a : tte_named_args) if (tte_same(a.name, name)) return a.value;
  __builtin_unreachable();   // no such name: not a constant, so the kernel does not compile
}
#endif

FORCE_INLINE uintptr_t get_arg_addr(int i) { return tte->arg_addr(0, i); }
FORCE_INLINE uintptr_t get_common_arg_addr(int i) { return tte->arg_addr(1, i); }
template <typename T> FORCE_INLINE T get_arg_val(int i) {
  static_assert(sizeof(T) == 4, "arguments are 32-bit words");
  uint32_t word = tte->arg(0, i); T value; __builtin_memcpy(&value, &word, 4); return value;
}
template <typename T> FORCE_INLINE T get_common_arg_val(int i) {
  static_assert(sizeof(T) == 4, "arguments are 32-bit words");
  uint32_t word = tte->arg(1, i); T value; __builtin_memcpy(&value, &word, 4); return value;
}

// Formats and page sizes of this program's circular buffers, by index; the build passes them.
#ifndef TTE_CB_FORMATS
#define TTE_CB_FORMATS
#endif
constexpr uint8_t tte_cb_formats[33] = {TTE_CB_FORMATS};
constexpr DataFormat get_dataformat(int32_t cb) { return static_cast<DataFormat>(tte_cb_formats[cb]); }
constexpr int32_t get_tile_size(int32_t cb) { return static_cast<int32_t>(tt::tile_size(get_dataformat(cb))); }
constexpr uint32_t get_tile_hw(int32_t) { return 1024; }
constexpr uint32_t get_tile_num_faces(int32_t) { return 4; }

inline uint8_t get_absolute_logical_x() { return static_cast<uint8_t>(tte->coord(TTE_LOGICAL_X, 0)); }
inline uint8_t get_absolute_logical_y() { return static_cast<uint8_t>(tte->coord(TTE_LOGICAL_Y, 0)); }
inline uint8_t get_relative_logical_x() { return static_cast<uint8_t>(tte->coord(TTE_RELATIVE_X, 0)); }
inline uint8_t get_relative_logical_y() { return static_cast<uint8_t>(tte->coord(TTE_RELATIVE_Y, 0)); }
struct tte_own_coordinate {
  int what;
  uint8_t operator[](int noc) const { return static_cast<uint8_t>(tte->coord(what, noc)); }
};
constexpr tte_own_coordinate my_x{TTE_X}, my_y{TTE_Y};

FORCE_INLINE void cb_reserve_back(int32_t cb, int32_t n) { tte->cb_reserve(static_cast<uint32_t>(cb), n); }
FORCE_INLINE void cb_push_back(int32_t cb, int32_t n) { tte->cb_push(static_cast<uint32_t>(cb), n); }
FORCE_INLINE void cb_wait_front(int32_t cb, int32_t n) { tte->cb_wait(static_cast<uint32_t>(cb), n); }
FORCE_INLINE void cb_pop_front(int32_t cb, int32_t n) { tte->cb_pop(static_cast<uint32_t>(cb), n); }

#define WAYPOINT(x) ((void)0)
#define ASSERT(...) ((void)0)
#define DeviceZoneScopedN(name) ((void)0)
#define DeviceZoneScopedMainN(name) ((void)0)
#define DeviceZoneScopedMainChildN(name) ((void)0)

// The build turns every load and store of a kernel into a call of these (-fsanitize=kernel-address with calls); L1 lies below 4 GiB.
#define TTE_QUIET __attribute__((visibility("hidden"), used, no_sanitize("kernel-address"), noinline))
#define TTE_HOOK(size)                                                                                               \
  extern "C" TTE_QUIET void __asan_load##size##_noabort(uintptr_t p) {                                        \
    if (p < 0x10000000u) tte->access(p, size, 0, __builtin_return_address(0));                                       \
  }                                                                                                                  \
  extern "C" TTE_QUIET void __asan_store##size##_noabort(uintptr_t p) {                                       \
    if (p < 0x10000000u) tte->access(p, size, 1, __builtin_return_address(0));                                       \
  }
TTE_HOOK(1) TTE_HOOK(2) TTE_HOOK(4) TTE_HOOK(8) TTE_HOOK(16)
extern "C" TTE_QUIET void __asan_loadN_noabort(uintptr_t p, size_t n) {
  if (p < 0x10000000u) tte->access(p, n, 0, __builtin_return_address(0));
}
extern "C" TTE_QUIET void __asan_storeN_noabort(uintptr_t p, size_t n) {
  if (p < 0x10000000u) tte->access(p, n, 1, __builtin_return_address(0));
}
extern "C" TTE_QUIET void __asan_handle_no_return() {}
extern "C" TTE_QUIET void *__asan_memcpy(void *d, const void *s, size_t n) { tte->move(d, s, n); return d; }
extern "C" TTE_QUIET void *__asan_memmove(void *d, const void *s, size_t n) { tte->move(d, s, n); return d; }
extern "C" TTE_QUIET void *__asan_memset(void *d, int v, size_t n) { tte->fill(d, v, n); return d; }

__attribute__((visibility("default"))) void kernel_main();
namespace NAMESPACE { __attribute__((visibility("default"))) void tte_main(); }
TTE_EXPORT void tte_attach(const tte_table *table) { tte = table; }
