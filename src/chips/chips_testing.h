/* Meshes of chips and the memories of their chips, for the tests of this room; included by *_test.c only. */
#ifndef LOOM_CHIPS_TESTING_H
#define LOOM_CHIPS_TESTING_H
#include "base/testing.h"
#include "chips/chips_private.h"

static const machine_chip_links chips_testing_links = {.gbit_per_s = 100, .count = 2, .hop_cycles = 700, .setup_cycles = 100, .packet_bytes = 4096};

static inline machine chips_testing_mesh(arena *m, int n, const int64_t *sizes, bool wraps) {
  static const char *const names[] = {"a", "b", "c"};
  machine out = {.name = "m", .clock_hz = {.value = 1e9}, .dram_bytes_per_cycle = {.value = 288}, .tile_align = 1, .chip_links = &chips_testing_links};
  for (int d = 0; d < n; d++)
    vec_push(m, &out.chips, ((machine_dim){names[d], sizes[d], wraps}));
  return out;
}

/* One axis of a sum, and two of tiles; `x` is the same along all, `out` of `type` is walked by the tiles alone. */
enum { TILE, OTHER, SUM, X = 0, OUT = 1 };
static inline chips_kernel chips_testing_kernel(arena *m, int64_t rows, int64_t cols, dtype type, dtype partial, bool everywhere) {
  chips_kernel k = {.n_axes = 3, .axis = {{.name = "tile", .extent = rows}, {.name = "other", .extent = cols}, {.name = "sum", .is_sum = true, .extent = 64}}};
  chips_tensor x = {.name = "x", .type = type, .partial_type = partial, .rank = 1, .shape = {rows * cols}, .axis = {-1}, .is_input = true};
  chips_tensor out = {.name = "out", .type = type, .partial_type = partial, .rank = 2, .shape = {rows, cols}, .order = {0, 1}, .axis = {TILE, OTHER}, .is_output = true, .is_everywhere = everywhere};
  vec_push(m, &k.tensors, x);
  vec_push(m, &k.tensors, out);
  return k;
}
#endif
