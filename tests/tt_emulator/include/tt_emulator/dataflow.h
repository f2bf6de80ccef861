// The data movement API of tt-metal: api/dataflow/dataflow_api.h (older: dataflow_api.h), free functions.
#pragma once
#include "tt_emulator/kernel.h"

#ifndef NOC_INDEX
#define NOC_INDEX 0
#endif
#ifndef NOC_MODE
#define NOC_MODE 0
#endif
constexpr uint8_t noc_index = NOC_INDEX;
constexpr uint8_t noc_mode = NOC_MODE;
constexpr uint8_t DM_DEDICATED_NOC = 0, DM_DYNAMIC_NOC = 1;
constexpr uint32_t NOC_UNICAST_WRITE_VC = 1, NOC_MULTICAST_WRITE_VC = 4, NOC_ADDR_LOCAL_BITS = 36, NOC_ADDR_NODE_ID_BITS = 6;
#ifdef ARCH_BLACKHOLE
constexpr uint32_t NOC_MAX_BURST_SIZE = 16384, L1_ALIGNMENT = 16, DRAM_ALIGNMENT = 64;
#else
constexpr uint32_t NOC_MAX_BURST_SIZE = 8192, L1_ALIGNMENT = 16, DRAM_ALIGNMENT = 32;
#endif
constexpr uint32_t NOC_MAX_BURST_WORDS = 256, MEM_ZEROS_SIZE = 512;
#define NOC_XY_ADDR(x, y, addr) ((((uint64_t)(y)) << 42) | (((uint64_t)(x)) << 36) | ((uint64_t)(addr)))
#define NOC_XY_ENCODING(x, y) ((((uint32_t)(y)) << 6) | ((uint32_t)(x)))
#define NOC_MULTICAST_ADDR(xs, ys, xe, ye, addr) \
  ((((uint64_t)(xs)) << 48) | (((uint64_t)(ys)) << 54) | (((uint64_t)(xe)) << 36) | (((uint64_t)(ye)) << 42) | ((uint64_t)(addr)))
#define NOC_UNICAST_ADDR_X(addr) (((addr) >> 36) & 0x3f)
#define NOC_UNICAST_ADDR_Y(addr) (((addr) >> 42) & 0x3f)
#define NOC_LOCAL_ADDR_OFFSET(addr) ((addr) & ((1ull << 36) - 1))

enum class ProgrammableCoreType { TENSIX, ACTIVE_ETH, IDLE_ETH };
enum class InlineWriteDst { DEFAULT, L1, REG };

template <bool DRAM> uint32_t tte_num_banks() { return tte->num_banks(DRAM); }
FORCE_INLINE uint32_t align_up_tte(uint32_t n, uint32_t a) { return (n + a - 1) / a * a; }

// ---- addresses
FORCE_INLINE uint64_t get_noc_addr(uint32_t x, uint32_t y, uint32_t addr, uint8_t = noc_index) { return NOC_XY_ADDR(x, y, addr); }
FORCE_INLINE uint64_t get_noc_addr(uint32_t addr, uint8_t noc = noc_index) { return NOC_XY_ADDR(my_x[noc], my_y[noc], addr); }
FORCE_INLINE uint64_t get_noc_addr_helper(uint32_t noc_xy, uint32_t addr) { return (static_cast<uint64_t>(noc_xy) << 36) | addr; }
FORCE_INLINE uint64_t get_noc_multicast_addr(uint32_t xs, uint32_t ys, uint32_t xe, uint32_t ye, uint32_t addr, uint8_t = noc_index) {
  return NOC_MULTICAST_ADDR(xs, ys, xe, ye, addr);
}
namespace experimental {
// Swaps the corners for NOC 1, which runs the other way round.
FORCE_INLINE uint64_t get_noc_multicast_addr(uint32_t xs, uint32_t ys, uint32_t xe, uint32_t ye, uint32_t addr, uint8_t noc = noc_index) {
  return noc == 0 ? NOC_MULTICAST_ADDR(xs, ys, xe, ye, addr) : NOC_MULTICAST_ADDR(xe, ye, xs, ys, addr);
}
}  // namespace experimental
template <bool DRAM> FORCE_INLINE uint64_t get_noc_addr_from_bank_id(uint32_t bank, uint32_t address, uint8_t noc = noc_index) {
  return tte->bank_addr(DRAM, bank, address, noc);
}
FORCE_INLINE uint64_t get_dram_noc_addr(uint32_t bank, uint32_t address, uint8_t noc = noc_index) { return tte->bank_addr(1, bank, address, noc); }

template <bool DRAM> struct InterleavedAddrGen {
  uint32_t bank_base_address;
  uint32_t page_size;
  uint32_t aligned_page_size = align_up_tte(page_size, DRAM ? DRAM_ALIGNMENT : L1_ALIGNMENT);
  uint64_t get_noc_addr(uint32_t id, uint32_t offset = 0, uint8_t noc = noc_index) const {
    return tte->page_addr(DRAM, bank_base_address, aligned_page_size, id, offset, noc);
  }
};
template <bool DRAM, uint32_t tile_hw = 1024> struct InterleavedAddrGenFast {
  uint32_t bank_base_address;
  uint32_t page_size;
  DataFormat data_format;
  uint64_t get_noc_addr(uint32_t id, uint32_t offset = 0, uint8_t noc = noc_index) const {
    return tte->page_addr(DRAM, bank_base_address, tt::tile_size(data_format) * tile_hw / 1024, id, offset, noc);
  }
};
template <bool DRAM> struct InterleavedPow2AddrGen {
  uint32_t bank_base_address;
  uint32_t log_base_2_of_page_size;
  uint64_t get_noc_addr(uint32_t id, uint32_t offset = 0, uint8_t noc = noc_index) const {
    return tte->page_addr(DRAM, bank_base_address, 1u << log_base_2_of_page_size, id, offset, noc);
  }
};
template <bool DRAM> struct InterleavedPow2AddrGenFast : InterleavedPow2AddrGen<DRAM> {};

#include "tt_emulator/accessor.h"

template <class Gen> concept tte_address_generator = requires(const Gen &g) { g.get_noc_addr(0u, 0u, noc_index); };
template <tte_address_generator Gen> FORCE_INLINE uint64_t get_noc_addr(uint32_t id, const Gen &g, uint32_t offset = 0, uint8_t noc = noc_index) {
  return g.get_noc_addr(id, offset, noc);
}
template <tte_address_generator Gen> FORCE_INLINE uint32_t tte_page_size(const Gen &g) {
  if constexpr (requires { g.data_format; }) return g.page_size;
  else if constexpr (requires { g.page_size; }) return g.page_size;
  else return 1u << g.log_base_2_of_page_size;
}

// ---- circular buffers
FORCE_INLINE uint32_t get_write_ptr(uint32_t cb) { return tte->cb_ptr(cb, 1); }
FORCE_INLINE uint32_t get_read_ptr(uint32_t cb) { return tte->cb_ptr(cb, 0); }
FORCE_INLINE bool cb_pages_reservable_at_back(int32_t cb, int32_t n) { return tte->cb_can(static_cast<uint32_t>(cb), n, 1); }
FORCE_INLINE bool cb_pages_available_at_front(int32_t cb, int32_t n) { return tte->cb_can(static_cast<uint32_t>(cb), n, 0); }

// ---- reads
template <uint32_t max_page_size = NOC_MAX_BURST_SIZE + 1, bool trace = true>
FORCE_INLINE void noc_async_read(uint64_t src, uint32_t dst, uint32_t bytes, uint8_t noc = noc_index, uint32_t = 1) {
  tte->read(src, dst, bytes, noc, TTE_NO_TRID);
}
template <bool trace = true>
FORCE_INLINE void noc_async_read_one_packet(uint64_t src, uint32_t dst, uint32_t bytes, uint8_t noc = noc_index, uint32_t = 1) {
  tte->read(src, dst, bytes, noc, TTE_NO_TRID);
}
inline uint64_t tte_read_state[2], tte_write_state[2];
inline uint32_t tte_read_bytes[2], tte_write_bytes[2], tte_trid[2] = {TTE_NO_TRID, TTE_NO_TRID};
constexpr uint64_t TTE_NODE = ~((1ull << 36) - 1);
template <bool use_vc = false>
FORCE_INLINE void noc_async_read_one_packet_set_state(uint64_t src, uint32_t bytes, uint32_t = 0, uint8_t noc = noc_index) {
  tte_read_state[noc] = src & TTE_NODE, tte_read_bytes[noc] = bytes;
}
template <bool inc_num_issued = true, bool use_vc = false>
FORCE_INLINE void noc_async_read_one_packet_with_state(uint32_t src, uint32_t dst, uint32_t = 0, uint8_t noc = noc_index) {
  tte->read(tte_read_state[noc] | src, dst, tte_read_bytes[noc], noc, TTE_NO_TRID);
}
FORCE_INLINE void noc_async_read_set_state(uint64_t src, uint8_t noc = noc_index) { tte_read_state[noc] = src & TTE_NODE; }
template <bool inc_num_issued = true>
FORCE_INLINE void noc_async_read_with_state(uint32_t src, uint32_t dst, uint32_t bytes, uint8_t noc = noc_index) {
  tte->read(tte_read_state[noc] | src, dst, bytes, noc, TTE_NO_TRID);
}
FORCE_INLINE void noc_async_read_inc_num_issued(uint32_t, uint8_t = noc_index) {}
FORCE_INLINE void noc_async_read_tile_dram_sharded_set_trid(uint32_t trid = 0, uint8_t noc = noc_index) { tte_trid[noc] = trid; }
FORCE_INLINE void noc_async_read_set_trid(uint32_t trid = 0, uint8_t noc = noc_index) { tte_trid[noc] = trid; }
template <bool skip_ptr_update = false, bool skip_cmdbuf_chk = false>
FORCE_INLINE void noc_async_read_one_packet_with_state_with_trid(uint32_t base, uint32_t offset, uint32_t dst, uint32_t trid = 0, uint8_t noc = noc_index) {
  tte->read(tte_read_state[noc] | (base + offset), dst, tte_read_bytes[noc], noc, trid);
}
template <tte_address_generator Gen, bool trace = true>
FORCE_INLINE void noc_async_read_page(uint32_t id, const Gen &g, uint32_t dst, uint32_t offset = 0, uint8_t noc = noc_index) {
  tte->read(g.get_noc_addr(id, offset, noc), dst, tte_page_size(g) - offset, noc, TTE_NO_TRID);
}
template <tte_address_generator Gen>
FORCE_INLINE void noc_async_read_tile(uint32_t id, const Gen &g, uint32_t dst, uint32_t offset = 0, uint8_t noc = noc_index) {
  noc_async_read_page(id, g, dst, offset, noc);
}

// ---- writes
template <uint32_t max_page_size = NOC_MAX_BURST_SIZE + 1, bool trace = true, bool posted = false>
FORCE_INLINE void noc_async_write(uint32_t src, uint64_t dst, uint32_t bytes, uint8_t noc = noc_index, uint32_t = NOC_UNICAST_WRITE_VC) {
  tte->write(src, dst, bytes, noc, TTE_NO_TRID);
}
template <bool trace = true, bool posted = false>
FORCE_INLINE void noc_async_write_one_packet(uint32_t src, uint64_t dst, uint32_t bytes, uint8_t noc = noc_index, uint32_t = NOC_UNICAST_WRITE_VC) {
  tte->write(src, dst, bytes, noc, TTE_NO_TRID);
}
template <bool posted = false>
FORCE_INLINE void noc_async_write_one_packet_set_state(uint64_t dst, uint32_t bytes, uint8_t noc = noc_index, uint8_t = NOC_UNICAST_WRITE_VC) {
  tte_write_state[noc] = dst & TTE_NODE, tte_write_bytes[noc] = bytes;
}
template <bool posted = false>
FORCE_INLINE void noc_async_write_one_packet_with_state(uint32_t src, uint32_t dst, uint8_t noc = noc_index) {
  tte->write(src, tte_write_state[noc] | dst, tte_write_bytes[noc], noc, TTE_NO_TRID);
}
FORCE_INLINE void noc_async_write_set_trid(uint32_t trid = 0, uint8_t noc = noc_index) { tte_trid[noc] = trid; }
template <bool update_counter = true, bool posted = false>
FORCE_INLINE void noc_async_write_one_packet_with_trid(uint32_t src, uint64_t dst, uint32_t bytes, uint32_t trid, uint8_t = 0, uint8_t noc = noc_index) {
  tte->write(src, dst, bytes, noc, trid);
}
template <tte_address_generator Gen, bool trace = true, bool posted = false>
FORCE_INLINE void noc_async_write_page(uint32_t id, const Gen &g, uint32_t src, uint32_t bytes = 0, uint32_t offset = 0, uint8_t noc = noc_index) {
  tte->write(src, g.get_noc_addr(id, offset, noc), bytes ? bytes : tte_page_size(g) - offset, noc, TTE_NO_TRID);
}
template <tte_address_generator Gen>
FORCE_INLINE void noc_async_write_tile(uint32_t id, const Gen &g, uint32_t src, uint8_t noc = noc_index) {
  tte->write(src, g.get_noc_addr(id, 0, noc), tte_page_size(g), noc, TTE_NO_TRID);
}
template <class Accessor> FORCE_INLINE void noc_async_read_shard(uint32_t id, const Accessor &s, uint32_t dst, uint8_t noc = noc_index) {
  tte->read(s.get_shard_noc_addr(id, 0, noc), dst, s.page_size * s.dspec().shard_volume(), noc, TTE_NO_TRID);
}
template <class Accessor> FORCE_INLINE void noc_async_write_shard(uint32_t id, const Accessor &s, uint32_t src, uint8_t noc = noc_index) {
  tte->write(src, s.get_shard_noc_addr(id, 0, noc), s.page_size * s.dspec().shard_volume(), noc, TTE_NO_TRID);
}

// ---- multicast
template <uint32_t max_page_size = NOC_MAX_BURST_SIZE + 1>
FORCE_INLINE void noc_async_write_multicast(uint32_t src, uint64_t dst, uint32_t bytes, uint32_t dests, bool linked = false, uint8_t noc = noc_index) {
  tte->multicast(src, dst, bytes, dests, linked, 0, noc, 0);
}
template <bool trace = true>
FORCE_INLINE void noc_async_write_multicast_one_packet(uint32_t src, uint64_t dst, uint32_t bytes, uint32_t dests, bool linked = false, uint8_t noc = noc_index) {
  tte->multicast(src, dst, bytes, dests, linked, 0, noc, 0);
}
FORCE_INLINE void noc_async_write_multicast_loopback_src(uint32_t src, uint64_t dst, uint32_t bytes, uint32_t dests, bool linked = false, uint8_t noc = noc_index) {
  tte->multicast(src, dst, bytes, dests, linked, 1, noc, 0);
}

// ---- semaphores
template <ProgrammableCoreType type = ProgrammableCoreType::TENSIX> FORCE_INLINE uint32_t get_semaphore(uint32_t id) { return tte->semaphore(id); }
FORCE_INLINE uint32_t tte_l1(volatile tt_l1_ptr uint32_t *p) { return static_cast<uint32_t>(reinterpret_cast<uintptr_t>(p)); }
FORCE_INLINE void noc_semaphore_wait(volatile tt_l1_ptr uint32_t *s, uint32_t v) { tte->sem_wait(tte_l1(s), v, 0); }
FORCE_INLINE void noc_semaphore_wait_min(volatile tt_l1_ptr uint32_t *s, uint32_t v) { tte->sem_wait(tte_l1(s), v, 1); }
FORCE_INLINE void noc_semaphore_set(volatile tt_l1_ptr uint32_t *s, uint32_t v) { tte->sem_set(tte_l1(s), v); }
namespace experimental {
FORCE_INLINE void semaphore_wait(volatile tt_l1_ptr uint32_t *s, uint32_t v) { tte->sem_wait(tte_l1(s), v, 0); }
FORCE_INLINE void semaphore_wait_min(volatile tt_l1_ptr uint32_t *s, uint32_t v) { tte->sem_wait(tte_l1(s), v, 1); }
}  // namespace experimental
template <bool posted = false>
FORCE_INLINE void noc_semaphore_inc(uint64_t dst, uint32_t n, uint8_t noc = noc_index, uint8_t = NOC_UNICAST_WRITE_VC) { tte->atomic_inc(dst, n, 31, noc); }
FORCE_INLINE void noc_semaphore_set_remote(uint32_t src, uint64_t dst, uint8_t noc = noc_index) { tte->write(src, dst, 4, noc, TTE_NO_TRID); }
FORCE_INLINE void noc_semaphore_set_multicast(uint32_t src, uint64_t dst, uint32_t dests, bool linked = false, uint8_t noc = noc_index) {
  tte->multicast(src, dst, 4, dests, linked, 0, noc, 1);
}
FORCE_INLINE void noc_semaphore_set_multicast_loopback_src(uint32_t src, uint64_t dst, uint32_t dests, bool linked = false, uint8_t noc = noc_index) {
  tte->multicast(src, dst, 4, dests, linked, 1, noc, 1);
}
template <InlineWriteDst dst_type = InlineWriteDst::DEFAULT, bool posted = false, bool flush = true>
FORCE_INLINE void noc_inline_dw_write(uint64_t dst, uint32_t value, uint8_t be = 0xf, uint8_t noc = noc_index, uint8_t = NOC_UNICAST_WRITE_VC, uint32_t = 0) {
  tte->inline_write(dst, value, be, noc);
}

// ---- barriers
FORCE_INLINE void noc_async_read_barrier(uint8_t noc = noc_index) { tte->barrier(TTE_BARRIER_READ, noc, TTE_NO_TRID); }
FORCE_INLINE void noc_async_write_barrier(uint8_t noc = noc_index) { tte->barrier(TTE_BARRIER_WRITE, noc, TTE_NO_TRID); }
FORCE_INLINE void noc_async_writes_flushed(uint8_t noc = noc_index) { tte->barrier(TTE_BARRIER_FLUSH, noc, TTE_NO_TRID); }
FORCE_INLINE void noc_async_posted_writes_flushed(uint8_t noc = noc_index) { tte->barrier(TTE_BARRIER_FLUSH, noc, TTE_NO_TRID); }
FORCE_INLINE void noc_async_atomic_barrier(uint8_t noc = noc_index) { tte->barrier(TTE_BARRIER_ATOMIC, noc, TTE_NO_TRID); }
FORCE_INLINE void noc_async_full_barrier(uint8_t noc = noc_index) { tte->barrier(TTE_BARRIER_FULL, noc, TTE_NO_TRID); }
FORCE_INLINE void noc_async_read_barrier_with_trid(uint32_t trid, uint8_t noc = noc_index) { tte->barrier(TTE_BARRIER_READ, noc, trid); }
FORCE_INLINE void noc_async_write_barrier_with_trid(uint32_t trid, uint8_t noc = noc_index) { tte->barrier(TTE_BARRIER_WRITE, noc, trid); }
FORCE_INLINE void noc_async_write_flushed_with_trid(uint32_t trid, uint8_t noc = noc_index) { tte->barrier(TTE_BARRIER_FLUSH, noc, trid); }
FORCE_INLINE void invalidate_l1_cache() {}

#include "tt_emulator/objects.h"
#include "tt_emulator/dprint.h"
