// The chip the environment names: TT_EMULATOR_ARCH=wormhole|blackhole, TT_EMULATOR_GRID=8x8, TT_EMULATOR_SEED, TT_EMULATOR_DELAY.
#pragma once
#include <fcntl.h>
#include <sys/mman.h>
#include "fault.h"

namespace tte {

// L1: 1464 and 1536 KiB a core.  DRAM banks and alignment of reads: 12 of 32 B, 8 of 64 B.  NCRISC runs from 16 KiB of its own on Wormhole.
inline const Arch ARCHS[] = {
  {"wormhole", "ARCH_WORMHOLE", 8, 8, 1499136, 12, 32, 16 << 10, 1ull << 30},
  {"blackhole", "ARCH_BLACKHOLE", 12, 10, 1572864, 8, 64, 0, 4ull << 30},
};

inline Machine *the_machine = nullptr;
Fiber *current = nullptr;

uint64_t draw(uint64_t below) {
  Machine &m = machine();
  m.random ^= m.random << 13, m.random ^= m.random >> 7, m.random ^= m.random << 17;
  return below ? (m.random >> 11) % below : 0;
}

inline void *reserve_memory(size_t bytes, int file) {
  void *p = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, (file < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED) | MAP_NORESERVE, file, 0);
  if (p == MAP_FAILED) fault("memory", "cannot map %zu bytes for the chip's memory", bytes);
  return p;
}

// Columns of Blackhole's virtual coordinates skip 8 and 9 (DRAM and other tiles); Wormhole's workers begin at (18,18).
inline void place_core(const Arch *a, Core &c) {
  bool wormhole = a == &ARCHS[0];
  c.vx = wormhole ? 18 + c.x : c.x < 7 ? 1 + c.x : 3 + c.x;
  c.vy = wormhole ? 18 + c.y : 2 + c.y;
}

Machine &machine() {
  if (the_machine) return *the_machine;
  the_machine = new Machine;
  Machine &m = *the_machine;
  const char *arch = getenv("TT_EMULATOR_ARCH"), *grid = getenv("TT_EMULATOR_GRID"), *seed = getenv("TT_EMULATOR_SEED"), *delay = getenv("TT_EMULATOR_DELAY");
  for (const Arch &a : ARCHS) if (!arch || strncmp(a.name, arch, strlen(a.name)) == 0) { m.arch = &a; break; }
  if (!m.arch) m.arch = &ARCHS[0], fault("setting", "TT_EMULATOR_ARCH=%s is not wormhole or blackhole", arch);
  m.grid_x = m.arch->grid_x, m.grid_y = m.arch->grid_y;
  if (grid && (sscanf(grid, "%ux%u", &m.grid_x, &m.grid_y) != 2 || !m.grid_x || !m.grid_y || m.grid_x > 14 || m.grid_y > 12))
    fault("setting", "TT_EMULATOR_GRID=%s is not COLUMNSxROWS, at most 14x12", grid);
  if (seed) m.seed = strtoull(seed, nullptr, 0);
  if (delay) m.delay = strtoull(delay, nullptr, 0);
  m.random = (m.seed + 1) * 0x9e3779b97f4a7c15ull | 1;
  for (int i = 0; i < 8; i++) draw(1);
  size_t cores = static_cast<size_t>(m.grid_x) * m.grid_y;
  m.l1_file = memfd_create("tt_emulator_l1", 0);
  if (m.l1_file < 0 || ftruncate(m.l1_file, static_cast<off_t>(cores * L1_STRIDE))) fault("memory", "cannot make a file of %zu bytes for L1", cores * L1_STRIDE);
  m.l1 = static_cast<uint8_t *>(reserve_memory(cores * L1_STRIDE, m.l1_file));
  m.fresh = static_cast<uint8_t *>(reserve_memory(cores * L1_STRIDE, -1));
  m.cores.resize(cores);
  for (size_t i = 0; i < cores; i++) {
    Core &c = m.cores[i];
    c.index = static_cast<int>(i), c.x = static_cast<int>(i % m.grid_x), c.y = static_cast<int>(i / m.grid_x);
    c.l1 = m.l1 + i * L1_STRIDE, c.fresh = m.fresh + i * L1_STRIDE;
    place_core(m.arch, c);
    m.nodes[c.vx][c.vy].core = c.index;
  }
  bool wormhole = m.arch == &ARCHS[0];
  for (uint32_t b = 0; b < m.arch->dram_banks; b++) {
    m.dram.push_back(static_cast<uint8_t *>(reserve_memory(m.arch->dram_bank_bytes, -1)));
    m.bank_x[b] = wormhole ? (b < 6 ? 0 : 5) : 17, m.bank_y[b] = wormhole ? static_cast<int>(b % 6) : 12 + static_cast<int>(b);
    m.nodes[m.bank_x[b]][m.bank_y[b]].bank = static_cast<int>(b);
  }
  return m;
}

}  // namespace tte
