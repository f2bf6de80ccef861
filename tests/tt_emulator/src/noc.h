// The network: a read samples its source and delivers at drawn times; a write leaves, then arrives.  What is in order, and no more:
// writes of one core on one NoC leave in order; they arrive in order at one destination when they use the same virtual channel
// (unicast and multicast have one each).  Reads and atomics are in no order with anything.
#pragma once
#include "cb.h"

namespace tte {

constexpr uint64_t LOCAL_MASK = (1ull << 36) - 1;

inline uint64_t drawn_delay() {
  uint64_t d = machine().delay;
  if (!d) return 1;
  return 1 + draw(draw(16) == 0 ? 16 * d : d);
}
inline void add_event(uint64_t time, Txn *t, int what) { machine().events.push({time, machine().order++, t, what}); }
inline uint64_t in_order(uint64_t key, uint64_t time) {
  uint64_t &last = machine().last[key];
  return last = std::max(last + 1, time);
}
inline void release_in_flight(Core *c, const Txn *t, bool sources) {
  auto gone = [&](const InFlight &f) { return f.txn == t && f.write != sources; };
  c->in_flight.erase(std::remove_if(c->in_flight.begin(), c->in_flight.end(), gone), c->in_flight.end());
}
inline void txn_done(Txn *t) {
  if (!t->departed || !t->arrived || !t->confirmed) return;
  delete t;
}
inline void check_link(int noc, bool multicast, const char *what) {
  if (!multicast && current->linked[noc])
    report("linked", "%s on NoC %d between a linked multicast and the multicast that ends the link: the NoC hangs", what, noc);
}
// Congruence: both addresses the same modulo the alignment.
inline void check_congruent(uint64_t a, uint64_t b, uint32_t align, const char *what) {
  if (a % align != b % align)
    report("congruence", "%s: addresses 0x%llx and 0x%llx differ modulo %u; on %s they must not", what, (unsigned long long)(a & LOCAL_MASK), (unsigned long long)(b & LOCAL_MASK),
           align, machine().arch->name);
}
inline Txn *new_txn(TxnKind kind, int noc, uint32_t trid, uint32_t bytes) {
  Txn *t = new Txn;
  t->kind = kind, t->issuer = current, t->noc = noc, t->trid = trid;
  t->bytes = bytes, t->pc = current->pc;
  current->outstanding.insert(t);
  return t;
}

inline void k_read(uint64_t src, uint32_t dst, uint32_t bytes, int noc, uint32_t trid) {
  enter(__builtin_return_address(0));
  Core *own = current->core;
  check_link(noc, false, "a read");
  check_l1(own, dst, bytes, "noc_async_read: destination");
  Node n = machine().nodes[(src >> 36) & 63][(src >> 42) & 63];
  if (n.bank >= 0) {
    dram_at(static_cast<uint32_t>(n.bank), src & LOCAL_MASK, bytes, false, "noc_async_read");
    check_congruent(src, dst, machine().arch->dram_align, "noc_async_read from DRAM");
  } else {
    Core *from = core_named(src, "noc_async_read: source");
    if (!from) return;
    check_l1(from, src & LOCAL_MASK, bytes, "noc_async_read: source");
    check_congruent(src, dst, 16, "noc_async_read from L1");
  }
  if (!bytes) return;
  cb_check(own, dst, bytes, true, "noc_async_read");
  check_in_flight(own, dst, bytes, true, "noc_async_read");
  Txn *t = new_txn(TxnKind::Read, noc, trid, bytes);
  t->src = src, t->dst = dst;
  own->in_flight.push_back({dst, dst + bytes, true, t});
  uint64_t sample = machine().now + drawn_delay();
  add_event(sample, t, -1);
  add_event(sample + drawn_delay(), t, 0);
}

// What a write takes along, from the issuer's L1, when it leaves.
inline void check_source(Core *own, uint32_t src, uint32_t bytes, const char *what) {
  check_l1(own, src, bytes, what);
  cb_check(own, src, bytes, false, what);
  check_in_flight(own, src, bytes, false, what);
  check_fresh(own, src, bytes, what);
}
inline uint64_t order_key(int noc, uint32_t channel, uint32_t node) {
  return static_cast<uint64_t>(current->core->index) << 32 | static_cast<uint32_t>(noc) << 28 | channel << 20 | node;
}

inline void k_write(uint32_t src, uint64_t dst, uint32_t bytes, int noc, uint32_t trid) {
  enter(__builtin_return_address(0));
  Core *own = current->core;
  check_link(noc, false, "a write");
  check_source(own, src, bytes, "noc_async_write: source");
  uint32_t x = (dst >> 36) & 63, y = (dst >> 42) & 63;
  Node n = machine().nodes[x][y];
  Core *to = nullptr;
  if (n.bank >= 0) dram_at(static_cast<uint32_t>(n.bank), dst & LOCAL_MASK, bytes, true, "noc_async_write");
  else {
    to = core_named(dst, "noc_async_write: destination");
    if (!to) return;
    check_l1(to, dst & LOCAL_MASK, bytes, "noc_async_write: destination");
  }
  if (bytes != 4 || !to) check_congruent(src, dst, 16, "noc_async_write");
  if (!bytes) return;
  Txn *t = new_txn(TxnKind::Write, noc, trid, bytes);
  t->src = src, t->dst = dst, t->to_dram = n.bank >= 0, t->semaphore = bytes == 4;
  own->in_flight.push_back({src, src + bytes, false, t});
  if (to && bytes != 4) to->in_flight.push_back({static_cast<uint32_t>(dst & LOCAL_MASK), static_cast<uint32_t>(dst & LOCAL_MASK) + bytes, true, t});
  uint64_t leaves = in_order(order_key(noc, 15, 0), machine().now + drawn_delay());
  add_event(leaves, t, -1);
  add_event(in_order(order_key(noc, 1, x << 6 | y), leaves + drawn_delay()), t, 0);
}

inline void k_multicast(uint32_t src, uint64_t dst, uint32_t bytes, uint32_t dests, int linked, int loopback, int noc, int semaphore) {
  enter(__builtin_return_address(0));
  Machine &m = machine();
  Core *own = current->core;
  const char *what = semaphore ? "noc_semaphore_set_multicast" : "noc_async_write_multicast";
  check_source(own, src, bytes, what);
  uint32_t xs = (dst >> 48) & 63, ys = (dst >> 54) & 63, xe = (dst >> 36) & 63, ye = (dst >> 42) & 63;
  bool backwards = noc == 0 ? xs > xe || ys > ye : xs < xe || ys < ye;
  if (backwards)
    report("multicast-rectangle", "%s from (%u,%u) to (%u,%u) on NoC %d: start and end are %s", what, xs, ys, xe, ye, noc,
           noc == 0 ? "swapped (NoC 0 runs to higher coordinates)" : "not swapped (NoC 1 runs to lower coordinates)");
  uint32_t address = static_cast<uint32_t>(dst & LOCAL_MASK), others = 0;
  bool inside = false;
  Txn *t = new_txn(TxnKind::Multicast, noc, TTE_NO_TRID, bytes);
  for (uint32_t y = std::min(ys, ye); y <= std::max(ys, ye); y++)
    for (uint32_t x = std::min(xs, xe); x <= std::max(xs, xe); x++) {
      int core = m.nodes[x][y].core;
      if (core < 0) continue;
      if (core == own->index) { inside = true; if (!loopback) continue; }
      t->cores.push_back(core), others++;
    }
  if (inside && !loopback)
    report("multicast-sender", "%s: the sender (%d,%d) lies inside the rectangle (%u,%u)-(%u,%u); only the loopback variant may", what, own->vx, own->vy, xs, ys, xe, ye);
  if (others != dests)
    report("multicast-dests", "%s to (%u,%u)-(%u,%u) says %u destinations; the rectangle has %u%s", what, xs, ys, xe, ye, dests, others,
           loopback ? "" : " besides the sender");
  check_congruent(src, dst, semaphore ? 4 : 16, what);
  check_l1(own, address, bytes, what);
  if (!others || !bytes) { current->outstanding.erase(t); delete t; return; }
  current->linked[noc] = linked;
  t->src = src, t->dst = address, t->semaphore = semaphore || bytes == 4;
  own->in_flight.push_back({src, src + bytes, false, t});
  uint64_t leaves = in_order(order_key(noc, 15, 0), m.now + drawn_delay());
  add_event(leaves, t, -1);
  for (size_t i = 0; i < t->cores.size(); i++) {
    Core *c = &m.cores[static_cast<size_t>(t->cores[i])];
    if (!t->semaphore && c != own) c->in_flight.push_back({address, address + bytes, true, t});
    add_event(in_order(order_key(noc, 4, static_cast<uint32_t>(c->vx << 6 | c->vy)), leaves + drawn_delay()), t, static_cast<int>(i));
  }
}

inline void k_atomic_inc(uint64_t dst, uint32_t value, uint32_t, int noc) {
  enter(__builtin_return_address(0));
  check_link(noc, false, "an atomic");
  Core *to = core_named(dst, "noc_semaphore_inc");
  if (!to) return;
  check_l1(to, dst & LOCAL_MASK, 4, "noc_semaphore_inc");
  Txn *t = new_txn(TxnKind::Atomic, noc, TTE_NO_TRID, 4);
  t->dst = dst, t->value = value, t->departed = true;
  add_event(machine().now + drawn_delay() + drawn_delay(), t, 0);
}
inline void k_inline_write(uint64_t dst, uint32_t value, uint32_t byte_enable, int noc) {
  enter(__builtin_return_address(0));
  check_link(noc, false, "an inline write");
  Core *to = core_named(dst, "noc_inline_dw_write");
  if (!to) return;
  check_l1(to, dst & LOCAL_MASK, 4, "noc_inline_dw_write");
  Txn *t = new_txn(TxnKind::Inline, noc, TTE_NO_TRID, 4);
  t->dst = dst, t->departed = true, t->value = byte_enable, t->data.resize(4);
  memcpy(t->data.data(), &value, 4);
  add_event(in_order(order_key(noc, 1, static_cast<uint32_t>(to->vx << 6 | to->vy)), machine().now + drawn_delay() + drawn_delay()), t, 0);
}

inline void sample_source(Txn *t) {
  bool read = t->kind == TxnKind::Read;
  Node n = machine().nodes[(t->src >> 36) & 63][(t->src >> 42) & 63];
  uint64_t address = t->src & LOCAL_MASK;
  const uint8_t *from, *fresh = nullptr;
  Core *core = t->issuer->core;
  if (read && n.bank >= 0) from = machine().dram[static_cast<size_t>(n.bank)] + address;
  else {
    if (read) core = &machine().cores[static_cast<size_t>(n.core)];
    from = core->l1 + address, fresh = core->fresh + address;
  }
  t->data.assign(from, from + t->bytes);
  if (fresh) t->fresh.assign(fresh, fresh + t->bytes);
}
inline void land(Txn *t, Core *c, uint32_t address) {
  if (t->kind != TxnKind::Read && !t->semaphore) {
    Fiber *was = current;
    current = t->issuer;
    cb_check(c, address, t->bytes, true, t->kind == TxnKind::Multicast ? "noc_async_write_multicast" : "noc_async_write");
    current = was;
  }
  memcpy(c->l1 + address, t->data.data(), t->bytes);
  if (t->fresh.empty()) memset(c->fresh + address, 1, t->bytes);
  else memcpy(c->fresh + address, t->fresh.data(), t->bytes);
}
inline void forget(Txn *t) { t->issuer->outstanding.erase(t), t->confirmed = true; }

inline void event_happens(const Event &e) {
  Txn *t = e.txn;
  Core *own = t->issuer->core;
  if (e.what < 0) {
    sample_source(t);
    t->departed = true;
    if (t->kind != TxnKind::Read && !t->to_dram) release_in_flight(own, t, true);
    wake(own);
    return;
  }
  Machine &m = machine();
  uint32_t address = static_cast<uint32_t>(t->dst & LOCAL_MASK);
  Node n = m.nodes[(t->dst >> 36) & 63][(t->dst >> 42) & 63];
  Core *to = t->kind == TxnKind::Read ? own
             : t->kind == TxnKind::Multicast ? &m.cores[static_cast<size_t>(t->cores[static_cast<size_t>(e.what)])]
             : n.core >= 0 ? &m.cores[static_cast<size_t>(n.core)] : nullptr;
  if (t->kind == TxnKind::Atomic) {
    uint32_t v;
    memcpy(&v, to->l1 + address, 4), v += t->value;
    l1_store(to, address, &v, 4);
    semaphore_changes(to, address, true);
  } else if (t->kind == TxnKind::Inline) {
    for (uint32_t i = 0; i < 4; i++) if (t->value >> i & 1) l1_store(to, address + i, &t->data[i], 1);
  } else if (to) {
    if (t->kind != TxnKind::Read) release_in_flight(to, t, false);
    land(t, to, address);
    semaphore_changes(to, address, false);
  } else memcpy(m.dram[static_cast<size_t>(n.bank)] + (t->dst & LOCAL_MASK), t->data.data(), t->bytes);
  if (to) wake(to);
  if (++t->arrivals < (t->kind == TxnKind::Multicast ? t->cores.size() : 1)) return;
  t->arrived = true, t->data.clear(), t->data.shrink_to_fit();
  if (t->kind != TxnKind::Read && !t->to_dram) forget(t);
  wake(own);
  txn_done(t);
}

inline void k_barrier(int kind, int noc, uint32_t trid) {
  enter(__builtin_return_address(0));
  if (current->linked[noc] && kind != TTE_BARRIER_READ) check_link(noc, false, "a barrier");
  if (!barrier_passed(current, static_cast<uint32_t>(kind), static_cast<uint32_t>(noc), trid))
    block(Wait::Barrier, static_cast<uint32_t>(kind), static_cast<uint32_t>(noc), trid);
  std::vector<Txn *> confirmed;
  for (Txn *t : current->outstanding) {
    if (t->noc != noc || (trid != TTE_NO_TRID && t->trid != trid)) continue;
    bool read = t->kind == TxnKind::Read;
    if (kind == TTE_BARRIER_FULL || (kind == TTE_BARRIER_READ && read) || (kind == TTE_BARRIER_WRITE && !read)) confirmed.push_back(t);
    else if (kind == TTE_BARRIER_FLUSH && !read) release_in_flight(current->core, t, true);
  }
  for (Txn *t : confirmed) {
    release_in_flight(current->core, t, t->kind != TxnKind::Read);
    forget(t);
    txn_done(t);
  }
}

inline uint64_t k_page_addr(int dram, uint32_t base, uint32_t page_bytes, uint32_t id, uint32_t offset, int) {
  current->pc = __builtin_return_address(0);
  Machine &m = machine();
  uint32_t banks = dram ? m.arch->dram_banks : static_cast<uint32_t>(m.cores.size()), align = dram ? m.arch->dram_align : 16;
  uint64_t at = base + static_cast<uint64_t>(id / banks) * ((page_bytes + align - 1) / align * align) + offset;
  uint32_t bank = id % banks;
  uint64_t x = static_cast<uint64_t>(dram ? m.bank_x[bank] : m.cores[bank].vx), y = static_cast<uint64_t>(dram ? m.bank_y[bank] : m.cores[bank].vy);
  return y << 42 | x << 36 | at;
}
inline uint64_t k_bank_addr(int dram, uint32_t bank, uint32_t address, int) {
  current->pc = __builtin_return_address(0);
  Machine &m = machine();
  if (bank >= (dram ? m.arch->dram_banks : m.cores.size())) fault("dram-bounds", "bank %u: there are %zu", bank, dram ? m.arch->dram_banks : m.cores.size());
  uint64_t x = static_cast<uint64_t>(dram ? m.bank_x[bank] : m.cores[bank].vx), y = static_cast<uint64_t>(dram ? m.bank_y[bank] : m.cores[bank].vy);
  return y << 42 | x << 36 | address;
}
inline uint32_t k_num_banks(int dram) { return dram ? machine().arch->dram_banks : static_cast<uint32_t>(machine().cores.size()); }

}  // namespace tte
