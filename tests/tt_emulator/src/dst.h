// The compute thread: DST registers and who holds them, what the last init configured, unpacking from and packing to circular buffers.
#pragma once
#include "local.h"
#include "numbers.h"

namespace tte {

constexpr uint32_t TILE = 1024;
struct Dst {
  bool fp32 = false, full_sync = false;
  int fidelity = 4;
  bool unpack_fp32[NUM_CIRCULAR_BUFFERS] = {};
  alignas(64) float bank[2][16][TILE] = {};
  bool clean[2][16] = {};          // not written since the acquire
  int math = 0, packer = 0;        // banks
  int acquired = 0, committed = 0, waited = 0;   // math holds one; committed ones not yet waited for; the packer holds one
  bool started = false;
  DataFormat format_a = DataFormat::Invalid, format_b = DataFormat::Invalid, format_pack = DataFormat::Invalid;
  int op = TTE_OP_NONE, sfpu_init = 0;
  uint32_t detail = 0, init_a = 0, init_b = 0;
  bool l1_acc = false;
  uint32_t relu = 0;
  int edge = -1;                   // reduction whose edge mask the packer keeps
  uint32_t capacity() const { return (full_sync ? 16u : 8u) / (fp32 ? 2u : 1u); }
  int banks() const { return full_sync ? 1 : 2; }
};
inline Dst &dst_state(const char *what) {
  if (!current->dst) fault("role", "%s outside a compute kernel", what);
  return *current->dst;
}
// A register that math may write now.
inline float *dst_reg(uint32_t i, const char *what, bool whole = true) {
  Dst &d = dst_state(what);
  if (!d.acquired) report("dst-order", "%s without tile_regs_acquire", what);
  if (i >= d.capacity())
    fault("dst-capacity", "%s uses DST register %u of %u (%s accumulation, %s)", what, i, d.capacity(), d.fp32 ? "fp32" : "16-bit", d.full_sync ? "full sync" : "half sync");
  if (whole) d.clean[d.math][i] = false;
  return d.bank[d.math][i];
}
// One that an operation reads: something must have been written there.
inline void read_reg(uint32_t i, const char *what) {
  const Dst &d = dst_state(what);
  if (i < d.capacity() && d.clean[d.math][i]) report("uninitialised", "%s reads DST register %u, which nothing wrote since it was acquired", what, i);
}
inline float rounded(const Dst &d, float v) { return d.fp32 ? v : round_bf16(v); }
inline float stored(const Dst &d, float v, bool rounds) { return d.fp32 ? v : rounds ? round_bf16(v) : keep_fraction(v, 7); }
inline void round_tile(const Dst &d, float *t) {
  if (!d.fp32) for (uint32_t i = 0; i < TILE; i++) t[i] = round_bf16(t[i]);
}

inline void k_dst_phase(int phase) {
  enter(__builtin_return_address(0));
  Dst &d = dst_state("tile_regs");
  switch (phase) {
    case TTE_DST_ACQUIRE:
      if (d.acquired) fault("dst-order", "tile_regs_acquire while math still holds the registers: tile_regs_commit comes first");
      if (d.committed + d.waited >= d.banks())
        fault("deadlock", "tile_regs_acquire waits for ever: %d committed sets of registers were not released (%s has %d)", d.committed + d.waited, d.full_sync ? "full sync" : "half sync",
              d.banks());
      d.acquired = 1;
      memset(d.bank[d.math], 0, sizeof d.bank[0]);
      memset(d.clean[d.math], 1, sizeof d.clean[0]);
      break;
    case TTE_DST_COMMIT:
      if (!d.acquired) fault("dst-order", "tile_regs_commit without tile_regs_acquire");
      d.acquired = 0, d.committed++;
      d.math = (d.math + 1) % d.banks();
      break;
    case TTE_DST_WAIT:
      if (d.waited) fault("dst-order", "tile_regs_wait while the packer still holds registers: tile_regs_release comes first");
      if (!d.committed) fault("dst-order", "tile_regs_wait without tile_regs_commit: the packer waits for ever");
      d.committed--, d.waited = 1;
      break;
    case TTE_DST_ACQUIRE_BOTH:
      if (d.acquired || d.committed || d.waited) fault("dst-order", "acquire_dst while registers are held");
      d.acquired = d.waited = 1, d.packer = d.math;
      memset(d.bank[d.math], 0, sizeof d.bank[0]);
      memset(d.clean[d.math], 1, sizeof d.clean[0]);
      break;
    case TTE_DST_RELEASE_BOTH:
      if (!d.acquired || !d.waited) { report("dst-order", "release_dst without acquire_dst"); break; }
      d.acquired = d.waited = 0, d.math = d.packer = (d.math + 1) % d.banks();
      break;
    default:
      if (!d.waited) fault("dst-order", "tile_regs_release without tile_regs_wait");
      d.waited = 0;
      d.packer = (d.packer + 1) % d.banks();
  }
}

inline const char *format_name(DataFormat f) {
  switch (f) {
    case DataFormat::Float32: return "Float32";
    case DataFormat::Float16: return "Float16";
    case DataFormat::Float16_b: return "Float16_b";
    case DataFormat::Int32: return "Int32";
    case DataFormat::UInt32: return "UInt32";
    case DataFormat::UInt16: return "UInt16";
    case DataFormat::Bfp8_b: return "Bfp8_b";
    case DataFormat::Invalid: return "no format";
    default: return "another format";
  }
}
inline bool is_integer(DataFormat f) { return f == DataFormat::Int32 || f == DataFormat::UInt32 || f == DataFormat::UInt16; }
inline void need_format(DataFormat set, uint32_t cb, const char *unit, const char *what) {
  const Cb &c = cb_named(cb);
  if (set != c.format)
    report("format", "%s: circular buffer %u holds %s, %s is set for %s (reconfig_data_format, pack_reconfig_data_format)", what, cb, format_name(c.format), unit, format_name(set));
}
inline void need_start(const char *what) {
  if (!dst_state(what).started) report("init", "%s before any start-up (compute_kernel_hw_startup, mm_init, binary_op_init_common, init_sfpu)", what), current->dst->started = true;
}
inline void need_op(int op, uint32_t detail, const char *what, const char *init) {
  const Dst &d = dst_state(what);
  if (d.op != op || (detail != ~0u && (d.detail & 0xff) != detail)) report("init", "%s without %s since another operation was set up", what, init);
}

inline void k_startup(uint32_t a, uint32_t b, uint32_t out) {
  enter(__builtin_return_address(0));
  Dst &d = dst_state("start-up");
  d.started = true;
  d.format_a = cb_named(a).format, d.format_b = cb_named(b).format, d.format_pack = cb_named(out).format;
}
inline void k_op_init(int op, uint32_t a, uint32_t b, uint32_t detail) {
  enter(__builtin_return_address(0));
  Dst &d = dst_state("an init");
  need_start("an operation's init");
  d.op = op, d.detail = detail, d.init_a = a, d.init_b = b;
  if (op == TTE_OP_REDUCE) d.edge = static_cast<int>(detail >> 4);
}
inline void k_reconfig(int what, uint32_t cb) {
  enter(__builtin_return_address(0));
  Dst &d = dst_state("reconfig_data_format");
  need_start("a reconfiguration of formats");
  (what == TTE_FORMAT_A ? d.format_a : what == TTE_FORMAT_B ? d.format_b : d.format_pack) = cb_named(cb).format;
}
inline void k_pack_mode(int what, uint32_t value) {
  enter(__builtin_return_address(0));
  Dst &d = dst_state("a packer mode");
  if (what == TTE_PACK_L1_ACC) d.l1_acc = value != 0;
  else if (what == TTE_PACK_RELU) d.relu = value;
  else d.edge = -1;
}

// Tile i at the front of a circular buffer, in L1.
inline const uint8_t *front_tile(uint32_t cb, uint32_t i, const char *what) {
  const Cb &c = cb_named(cb);
  Core *core = current->core;
  uint32_t bytes = tt::tile_size(c.format);
  if (c.page_bytes < bytes) report("format", "%s: pages of circular buffer %u have %u bytes, a tile of %s has %u", what, cb, c.page_bytes, format_name(c.format), bytes);
  if (i >= c.waited) report("cb-underflow", "%s reads tile %u of circular buffer %u with %u waited for: cb_wait_front comes first", what, i, cb, c.waited);
  if (current->rd[cb] % c.pages + i >= c.pages) fault("cb-wrap", "%s reads tile %u at page %u of %u of circular buffer %u: beyond the ring's end", what, i,
                                                      static_cast<uint32_t>(current->rd[cb] % c.pages), c.pages, cb);
  uint32_t at = cb_page_address(c, current->rd[cb], i);
  check_in_flight(core, at, bytes, false, what);
  check_fresh(core, at, bytes, what);
  return core->l1 + at;
}
inline float element(const uint8_t *tile, uint32_t i, DataFormat f) {
  uint16_t h;
  uint32_t w;
  if (tt::datum_size(f) == 4) return memcpy(&w, tile + 4 * i, 4), float_of(w);
  memcpy(&h, tile + 2 * i, 2);
  if (f == DataFormat::Float16) return from_half(h);
  if (f == DataFormat::UInt16) return float_of(h);   // an integer's bits
  return from_bf16(h);
}
inline void known_format(DataFormat f, uint32_t cb, bool integers, const char *what) {
  bool real = f == DataFormat::Float32 || f == DataFormat::Float16 || f == DataFormat::Float16_b;
  if (!real && !(integers && is_integer(f))) fault("format", "%s: circular buffer %u holds %s, which %s", what, cb, format_name(f), is_integer(f) ? "the matrix unit does not take" : "the emulation does not model");
}
inline void unpack(uint32_t cb, uint32_t i, float *out, bool all_bits, const char *what) {
  const uint8_t *tile = front_tile(cb, i, what);
  DataFormat f = current->core->cbs[cb].format;
  if (f == DataFormat::Float16_b) {
    const uint16_t *h = reinterpret_cast<const uint16_t *>(tile);
    for (uint32_t k = 0; k < TILE; k++) out[k] = from_bf16(h[k]);
    return;
  }
  for (uint32_t k = 0; k < TILE; k++) out[k] = element(tile, k, f);
  if (f == DataFormat::Float32 && !all_bits) for (uint32_t k = 0; k < TILE; k++) out[k] = keep_fraction(out[k], 10);
}

inline void put_element(uint8_t *tile, uint32_t i, DataFormat f, float v) {
  uint16_t h;
  uint32_t w = bits_of(v);
  switch (f) {
    case DataFormat::Float32: case DataFormat::Int32: case DataFormat::UInt32: memcpy(tile + 4 * i, &w, 4); return;
    case DataFormat::UInt16: h = static_cast<uint16_t>(w); break;
    case DataFormat::Float16: h = to_half(v); break;
    default: h = pack_bf16(v);
  }
  memcpy(tile + 2 * i, &h, 2);
}
// Element (row, column) of a tile of four faces.
inline uint32_t face_index(uint32_t r, uint32_t c) { return (r / 16 * 2 + c / 16) * 256 + r % 16 * 16 + c % 16; }
inline bool kept_by_edge(int edge, uint32_t i) {
  uint32_t face = i / 256, r = face / 2 * 16 + i % 256 / 16, c = face % 2 * 16 + i % 16;
  return edge < 0 || (edge == 0 ? c == 0 : edge == 1 ? r == 0 : r == 0 && c == 0);
}
inline const float *packed_reg(uint32_t reg, const char *what) {
  Dst &d = dst_state(what);
  if (!d.waited) report("dst-order", "%s without tile_regs_wait", what);
  if (reg >= d.capacity()) fault("dst-capacity", "%s packs DST register %u of %u", what, reg, d.capacity());
  if (d.clean[d.packer][reg]) report("uninitialised", "%s packs DST register %u, which nothing wrote since it was acquired", what, reg);
  return d.bank[d.packer][reg];
}
inline uint8_t *back_tile(uint32_t cb, uint32_t index, const char *what) {
  const Cb &c = cb_named(cb);
  uint32_t bytes = tt::tile_size(c.format);
  known_format(c.format, cb, true, what);
  if (c.page_bytes < bytes) report("format", "%s: pages of circular buffer %u have %u bytes, a tile of %s has %u", what, cb, c.page_bytes, format_name(c.format), bytes);
  if (index >= c.reserved) report("cb-overflow", "%s writes tile %u of circular buffer %u with %u pages reserved: cb_reserve_back comes first", what, index, cb, c.reserved);
  if (current->wr[cb] % c.pages + index >= c.pages)
    fault("cb-wrap", "%s writes tile %u at page %u of %u of circular buffer %u: beyond the ring's end", what, index, static_cast<uint32_t>(current->wr[cb] % c.pages), c.pages, cb);
  uint32_t at = cb_page_address(c, current->wr[cb], index);
  check_in_flight(current->core, at, bytes, true, what);
  return current->core->l1 + at;
}
inline void k_pack(uint32_t reg, uint32_t cb, uint32_t index, int out_of_order) {
  enter(__builtin_return_address(0));
  const float *from = packed_reg(reg, "pack_tile");
  Dst &d = *current->dst;
  const Cb &c = cb_named(cb);
  if (!out_of_order) index = current->packed[cb]++;
  uint8_t *to = back_tile(cb, index, "pack_tile");
  need_format(d.format_pack, cb, "the packer", "pack_tile");
  uint32_t at = static_cast<uint32_t>(to - current->core->l1), bytes = tt::tile_size(c.format);
  if (d.l1_acc) check_fresh(current->core, at, bytes, "pack_tile with L1 accumulation");
  for (uint32_t i = 0; i < TILE; i++) {
    float v = kept_by_edge(d.edge, i) ? from[i] : 0.0f;
    if (d.relu && v < 0.0f) v = 0.0f;
    if (d.l1_acc) v += element(to, i, c.format);
    put_element(to, i, c.format, v);
  }
  memset(current->core->fresh + at, 1, bytes);
}

}  // namespace tte
