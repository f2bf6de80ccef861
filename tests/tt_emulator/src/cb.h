// Circular buffers: pages pushed and popped, what a thread reserved and waited for, and who may touch which page.
#pragma once
#include "sched.h"

namespace tte {

inline Cb &cb_named(uint32_t cb) {
  if (cb >= NUM_CIRCULAR_BUFFERS) fault("cb-index", "circular buffer %u: there are %u", cb, NUM_CIRCULAR_BUFFERS);
  Cb &c = current->core->cbs[cb];
  if (!c.used) fault("cb-index", "circular buffer %u is not configured on core (%d,%d)", cb, current->core->x, current->core->y);
  return c;
}
inline void cb_count(const Cb &c, uint32_t cb, int32_t n, const char *what) {
  if (n < 0 || static_cast<uint32_t>(n) > c.pages) fault("cb-overflow", "%s(%u, %d): the buffer has %u pages, it can never hold them", what, cb, n, c.pages);
}
inline uint32_t cb_page_address(const Cb &c, uint64_t count, uint32_t index) { return c.address + (static_cast<uint32_t>(count % c.pages) + index) * c.page_bytes; }

inline void k_cb_reserve(uint32_t cb, int32_t n) {
  enter(__builtin_return_address(0));
  Cb &c = cb_named(cb);
  cb_count(c, cb, n, "cb_reserve_back");
  uint32_t pages = static_cast<uint32_t>(n);
  if (c.received + pages > c.acked + c.pages) block(Wait::CbSpace, cb, pages, 0);
  c.ever_reserved = true;
  if (pages > c.reserved) c.reserved = pages;
}
inline void k_cb_push(uint32_t cb, int32_t n) {
  enter(__builtin_return_address(0));
  Cb &c = cb_named(cb);
  cb_count(c, cb, n, "cb_push_back");
  uint32_t pages = static_cast<uint32_t>(n);
  if (pages > c.reserved) report("cb-overflow", "cb_push_back(%u, %d) with %u pages reserved: cb_reserve_back comes first", cb, n, c.reserved);
  uint64_t &wr = current->wr[cb];
  if (wr % c.pages + pages > c.pages)
    report("cb-wrap", "cb_push_back(%u, %d) at page %u of %u wraps around the ring's end: the pages must be a divisor's multiple of the buffer", cb, n,
           static_cast<uint32_t>(wr % c.pages), c.pages);
  if (pages) check_in_flight(current->core, cb_page_address(c, wr, 0), pages * c.page_bytes, false, "cb_push_back");
  wr += pages, c.received += pages, current->packed[cb] = 0;
  c.reserved = pages > c.reserved ? 0 : c.reserved - pages;
  wake(current->core);
}
inline void k_cb_wait(uint32_t cb, int32_t n) {
  enter(__builtin_return_address(0));
  Cb &c = cb_named(cb);
  cb_count(c, cb, n, "cb_wait_front");
  uint32_t pages = static_cast<uint32_t>(n);
  if (c.received - c.acked < pages) block(Wait::CbData, cb, pages, 0);
  c.ever_waited = true;
  if (pages > c.waited) c.waited = pages;
}
inline void k_cb_pop(uint32_t cb, int32_t n) {
  enter(__builtin_return_address(0));
  Cb &c = cb_named(cb);
  cb_count(c, cb, n, "cb_pop_front");
  uint32_t pages = static_cast<uint32_t>(n);
  if (pages > c.waited) report("cb-underflow", "cb_pop_front(%u, %d) with %u pages waited for: cb_wait_front comes first", cb, n, c.waited);
  uint64_t &rd = current->rd[cb];
  if (rd % c.pages + pages > c.pages)
    report("cb-wrap", "cb_pop_front(%u, %d) at page %u of %u wraps around the ring's end", cb, n, static_cast<uint32_t>(rd % c.pages), c.pages);
  uint32_t from = cb_page_address(c, rd, 0), to = from + pages * c.page_bytes;
  for (const InFlight &f : current->core->in_flight)
    if (!f.write && f.txn->issuer == current && f.txn->to_dram && f.from < to && from < f.to)
      report("missing-write-barrier", "cb_pop_front(%u, %d) before the write from 0x%x..0x%x, issued at %s, is known to have left (noc_async_writes_flushed or a write barrier)",
             cb, n, f.from, f.to, place(current, f.txn->pc).c_str());
  rd += pages, c.acked += pages;
  c.waited = pages > c.waited ? 0 : c.waited - pages;
  wake(current->core);
}
inline uint32_t k_cb_ptr(uint32_t cb, int write) {
  current->pc = __builtin_return_address(0);
  Cb &c = cb_named(cb);
  return cb_page_address(c, write ? current->wr[cb] : current->rd[cb], 0);
}
inline uint32_t k_cb_can(uint32_t cb, int32_t n, int write) {
  enter(__builtin_return_address(0));
  machine().progress--;   // a loop on it spins
  Cb &c = cb_named(cb);
  return write ? c.received + static_cast<uint32_t>(n) <= c.acked + c.pages : c.received - c.acked >= static_cast<uint32_t>(n);
}

// May bytes of a circular buffer be written (they lie in pages reserved, or in pages a consumer holds) or read?
inline void cb_check(const Core *core, uint32_t address, uint32_t bytes, bool write, const char *what) {
  int bad = -1;
  uint64_t bad_page = 0;
  for (int i : core->cb_list) {
    const Cb &c = core->cbs[i];
    uint32_t end = c.address + c.pages * c.page_bytes;
    if (address >= end || address + bytes <= c.address) continue;
    bool good = true;
    uint64_t page = 0;
    uint32_t first = address <= c.address ? 0 : (address - c.address) / c.page_bytes;
    uint32_t last = (std::min(address + bytes, end) - c.address - 1) / c.page_bytes;
    for (uint32_t p = first; p <= last && good; p++) {
      uint64_t from_front = (p + c.pages - c.acked % c.pages) % c.pages, from_back = (p + c.pages - c.received % c.pages) % c.pages;
      bool held = from_front < c.waited && from_front < c.received - c.acked, open = from_back < c.reserved;
      bool live = from_front < c.received - c.acked;
      if (write) good = open || held || (!live && !c.ever_reserved);
      else good = open || held || !c.ever_waited;
      page = p;
    }
    if (good) return;
    bad = i, bad_page = page;
  }
  if (bad < 0) return;
  const Cb &c = core->cbs[bad];
  if (write)
    report("cb-overflow", "%s writes 0x%x..0x%x: page %llu of circular buffer %d of core (%d,%d) is not reserved (pushed %llu, popped %llu, reserved %u of %u pages)", what,
           address, address + bytes, (unsigned long long)bad_page, bad, core->x, core->y, (unsigned long long)c.received, (unsigned long long)c.acked, c.reserved, c.pages);
  else
    report("cb-underflow", "%s reads 0x%x..0x%x: page %llu of circular buffer %d of core (%d,%d) was not waited for (pushed %llu, popped %llu, waited for %u pages)", what,
           address, address + bytes, (unsigned long long)bad_page, bad, core->x, core->y, (unsigned long long)c.received, (unsigned long long)c.acked, c.waited);
}

}  // namespace tte
