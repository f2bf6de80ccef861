// What a kernel does on its own core: arguments, coordinates, semaphores, loads and stores of L1.
#pragma once
#include "noc.h"

namespace tte {

inline uint32_t k_arg(int common, int index) {
  current->pc = __builtin_return_address(0);
  const std::vector<uint32_t> &a = common ? current->common_args : current->args;
  if (index < 0 || static_cast<size_t>(index) >= a.size())
    fault("argument", "%sruntime argument %d of %zu", common ? "common " : "", index, a.size());
  return a[static_cast<size_t>(index)];
}
// Arguments as words of L1, for kernels that take their address.
inline uint32_t k_arg_addr(int common, int index) {
  current->pc = __builtin_return_address(0);
  Core *c = current->core;
  uint32_t slot = 0;
  for (size_t i = 0; i < c->fibers.size(); i++) if (c->fibers[i] == current) slot = static_cast<uint32_t>(i);
  uint32_t base = L1_LOW + 0x1000 + slot * 0x1000 + (common ? 0x800 : 0);
  const std::vector<uint32_t> &a = common ? current->common_args : current->args;
  if (!a.empty()) l1_store(c, base, a.data(), static_cast<uint32_t>(a.size() * 4));
  return base + 4 * static_cast<uint32_t>(index);
}
inline uint32_t k_coord(int what, int) {
  const Core *c = current->core;
  switch (what) {
    case TTE_X: return static_cast<uint32_t>(c->vx);
    case TTE_Y: return static_cast<uint32_t>(c->vy);
    case TTE_LOGICAL_X: return static_cast<uint32_t>(c->x);
    case TTE_LOGICAL_Y: return static_cast<uint32_t>(c->y);
    case TTE_RELATIVE_X: return current->relative_x;
    default: return current->relative_y;
  }
}
inline uint32_t k_semaphore(uint32_t id) {
  current->pc = __builtin_return_address(0);
  if (!current->core->semaphores.count(id)) report("semaphore-index", "semaphore %u was not created on core (%d,%d)", id, current->core->x, current->core->y);
  return SEMAPHORE_BASE + 16 * id;
}
inline void k_sem_wait(uint32_t address, uint32_t value, int at_least) {
  enter(__builtin_return_address(0));
  check_l1(current->core, address, 4, "noc_semaphore_wait");
  check_fresh(current->core, address, 4, "noc_semaphore_wait");
  block(Wait::Semaphore, address, value, static_cast<uint32_t>(at_least));
}
inline void k_sem_set(uint32_t address, uint32_t value) {
  enter(__builtin_return_address(0));
  check_l1(current->core, address, 4, "noc_semaphore_set");
  if (memcmp(current->core->l1 + address, &value, 4) != 0) check_in_flight(current->core, address, 4, true, "noc_semaphore_set");
  l1_store(current->core, address, &value, 4);
  semaphore_changes(current->core, address, false);
  wake(current->core);
}

inline bool on_window(const void *p) { return reinterpret_cast<uintptr_t>(p) < 0x10000000u; }
inline void touch(uint32_t address, uint32_t bytes, bool store) {
  Core *c = current->core;
  check_l1(c, address, bytes, store ? "a store" : "a load");
  show_window(c);
  bool semaphore = address >= SEMAPHORE_BASE && address < SEMAPHORE_BASE + 16 * MAX_SEMAPHORES;
  if (!semaphore) check_in_flight(c, address, bytes, store, store ? "a store" : "a load");
  if (store) {
    cb_check(c, address, bytes, true, "a store");
    memset(c->fresh + address, 1, bytes);
    semaphore_changes(c, address, false);
    current->stored = true, machine().progress++;
  } else {
    cb_check(c, address, bytes, false, "a load");
    check_fresh(c, address, bytes, "a load");
    bool same = address == current->last_load;
    current->last_load = address;
    if ((same && ++current->loads > 16) || (!same && ++current->loads > 4096)) {
      current->loads = 0, current->spinning = same;
      if (!same) machine().progress++;
      if (current->stored) current->stored = false, wake(c);
      pause(true);
      current->spinning = false;
      show_window(c);
    }
  }
}
inline void k_access(uint64_t address, size_t bytes, int store, void *pc) {
  if (!current) return;
  current->pc = pc;
  touch(static_cast<uint32_t>(address), static_cast<uint32_t>(bytes), store);
}
inline void k_move(void *dst, const void *src, size_t bytes) {
  current->pc = __builtin_return_address(0);
  if (bytes && on_window(src)) touch(static_cast<uint32_t>(reinterpret_cast<uintptr_t>(src)), static_cast<uint32_t>(bytes), false);
  if (bytes && on_window(dst)) touch(static_cast<uint32_t>(reinterpret_cast<uintptr_t>(dst)), static_cast<uint32_t>(bytes), true);
  memmove(dst, src, bytes);
}
inline void k_fill(void *dst, int value, size_t bytes) {
  current->pc = __builtin_return_address(0);
  if (bytes && on_window(dst)) touch(static_cast<uint32_t>(reinterpret_cast<uintptr_t>(dst)), static_cast<uint32_t>(bytes), true);
  memset(dst, value, bytes);
}
inline void k_print(const char *text) {
  static const bool on = getenv("TT_METAL_DPRINT_CORES") && *getenv("TT_METAL_DPRINT_CORES");
  if (on) fputs(text, stdout);
}

}  // namespace tte
