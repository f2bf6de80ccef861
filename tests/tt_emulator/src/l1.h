// L1 and DRAM: bounds, never-written bytes, stretches in flight, and the window at a core's own low addresses that kernels load from and store to.
#pragma once
#include "fiber.h"
#include "setup.h"

namespace tte {

inline Core *core_named(uint64_t noc_address, const char *what) {
  uint32_t x = (noc_address >> 36) & 63, y = (noc_address >> 42) & 63;
  Node n = machine().nodes[x][y];
  if (n.core < 0) report("noc-node", "%s address names (%u,%u), where no worker core is", what, x, y);
  return n.core < 0 ? nullptr : &machine().cores[static_cast<size_t>(n.core)];
}
inline void check_l1(const Core *c, uint64_t address, uint64_t bytes, const char *what) {
  if (address < L1_LOW || address + bytes > machine().arch->l1_bytes)
    fault("l1-bounds", "%s of %llu bytes at 0x%llx lies outside L1 of core (%d,%d), 0x%x to 0x%x", what, (unsigned long long)bytes,
          (unsigned long long)address, c->x, c->y, L1_LOW, machine().arch->l1_bytes);
}
inline int cb_at(const Core *c, uint32_t address) {
  for (int i : c->cb_list) if (address >= c->cbs[i].address && address < c->cbs[i].address + c->cbs[i].page_bytes * c->cbs[i].pages) return i;
  return -1;
}
inline void check_fresh(const Core *c, uint32_t address, uint32_t bytes, const char *what) {
  const void *hole = memchr(c->fresh + address, 0, bytes);
  if (!hole) return;
  uint32_t at = static_cast<uint32_t>(static_cast<const uint8_t *>(hole) - c->fresh);
  int cb = cb_at(c, at);
  if (cb >= 0) report("uninitialised", "%s of %u bytes at 0x%x of core (%d,%d) reads byte 0x%x that nobody wrote (circular buffer %d, byte %u of page %u)", what, bytes,
                      address, c->x, c->y, at, cb, (at - c->cbs[cb].address) % c->cbs[cb].page_bytes, (at - c->cbs[cb].address) / c->cbs[cb].page_bytes);
  else report("uninitialised", "%s of %u bytes at 0x%x of core (%d,%d) reads byte 0x%x that nobody wrote", what, bytes, address, c->x, c->y, at);
}
// A read of L1 must not meet a transfer into it; a write must meet neither that nor the source of one that has not left.
inline void check_in_flight(const Core *c, uint32_t address, uint32_t bytes, bool store, const char *what, const Txn *self = nullptr) {
  for (const InFlight &f : c->in_flight) {
    if (f.txn == self || address >= f.to || address + bytes <= f.from || (!store && !f.write)) continue;
    const Fiber *i = f.txn->issuer;
    if (f.write && f.txn->kind == TxnKind::Read)
      report("missing-read-barrier", "%s at 0x%x of core (%d,%d) before noc_async_read_barrier: the read of 0x%x..0x%x, issued by %s at %s, is in flight", what,
             address, c->x, c->y, f.from, f.to, i->role, place(i, f.txn->pc).c_str());
    else if (f.write)
      report("write-in-flight", "%s at 0x%x of core (%d,%d) while a write of 0x%x..0x%x by core (%d,%d), %s, issued at %s, is in flight", what, address, c->x, c->y,
             f.from, f.to, i->core->x, i->core->y, i->role, place(i, f.txn->pc).c_str());
    else
      report("source-overwritten", "%s at 0x%x of core (%d,%d) before the write from 0x%x..0x%x, issued by %s at %s, has left (noc_async_writes_flushed or a write barrier)",
             what, address, c->x, c->y, f.from, f.to, i->role, place(i, f.txn->pc).c_str());
  }
}
inline void semaphore_changes(Core *c, uint32_t address, bool by_increment) {
  if (address < SEMAPHORE_BASE || address >= SEMAPHORE_BASE + 16 * MAX_SEMAPHORES) return;
  uint32_t bit = 1u << (address - SEMAPHORE_BASE) / 16;
  c->counted = by_increment ? c->counted | bit : c->counted & ~bit;
}
inline void l1_store(Core *c, uint32_t address, const void *data, uint32_t bytes) {
  memcpy(c->l1 + address, data, bytes);
  memset(c->fresh + address, 1, bytes);
}

// The window: low addresses show the L1 of the core whose kernel runs.  Remapped when a kernel of another core first touches it.
inline void show_window(const Core *c) {
  Machine &m = machine();
  if (m.window == c->index) return;
  void *p = mmap(reinterpret_cast<void *>(static_cast<uintptr_t>(L1_LOW)), L1_STRIDE - L1_LOW, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, m.l1_file,
                 static_cast<off_t>(c->index) * L1_STRIDE + L1_LOW);
  if (p == MAP_FAILED) fault("memory", "cannot map L1 at 0x%x; sysctl vm.mmap_min_addr must be 65536 or less", L1_LOW);
  m.window = c->index;
}

// Bytes at a DRAM bank: within a buffer, within one of its pages.
inline uint8_t *dram_at(uint32_t bank, uint64_t address, uint32_t bytes, bool write, const char *what) {
  Machine &m = machine();
  auto b = m.dram_buffers.upper_bound(address);
  if (b == m.dram_buffers.begin()) fault("dram-bounds", "%s of %u bytes at 0x%llx of DRAM bank %u lies in no buffer", what, bytes, (unsigned long long)address, bank);
  DramBuffer &d = (--b)->second;
  uint64_t offset = address - d.address, row = offset / d.page_bytes, page = row * d.banks + bank;
  if (page >= d.pages)
    fault("dram-bounds", "%s of %u bytes at 0x%llx of DRAM bank %u is page %llu of a buffer of %llu pages at 0x%llx", what, bytes, (unsigned long long)address, bank,
          (unsigned long long)page, (unsigned long long)d.pages, (unsigned long long)d.address);
  if (offset % d.page_bytes + bytes > d.page_bytes)
    fault("dram-bounds", "%s of %u bytes at byte %llu of page %llu runs beyond the page of %llu bytes (buffer at 0x%llx)", what, bytes,
          (unsigned long long)(offset % d.page_bytes), (unsigned long long)page, (unsigned long long)d.page_bytes, (unsigned long long)d.address);
  if (write) d.written[page] = true;
  else if (!d.written[page]) report("uninitialised", "%s of page %llu of the buffer at 0x%llx, which nobody wrote", what, (unsigned long long)page, (unsigned long long)d.address);
  return m.dram[bank] + address;
}

}  // namespace tte
