/* The tiles of a work item that may start: a binary heap by the memory they need, whose holes sink to the bottom before they are filled; tiles of equal memory come in the
 * order that this has. */
#include "sim/npu/npu_private.h"

static bool is_less(const npu_item *it, int a, int b) { return it->tiles.at[a].spad_bytes < it->tiles.at[b].spad_bytes; }

static void rise(npu_item *it, size_t hole, int tile) {
  while (hole > 0 && is_less(it, tile, it->heap.at[(hole - 1) / 2])) {
    it->heap.at[hole] = it->heap.at[(hole - 1) / 2];
    hole = (hole - 1) / 2;
  }
  it->heap.at[hole] = tile;
}

void npu_heap_push(arena *mem, npu_item *it, int tile) {
  vec_push(mem, &it->heap, tile);
  rise(it, it->heap.n - 1, tile);
}

int npu_heap_pop(npu_item *it) {
  int top = it->heap.at[0], moved = it->heap.at[--it->heap.n];
  size_t hole = 0, n = it->heap.n;
  if (!n)
    return top;
  while (2 * hole + 2 < n) {
    size_t child = 2 * hole + 2;
    if (is_less(it, it->heap.at[child - 1], it->heap.at[child]))
      child--;
    it->heap.at[hole] = it->heap.at[child];
    hole = child;
  }
  if (2 * hole + 2 == n) {
    it->heap.at[hole] = it->heap.at[n - 1];
    hole = n - 1;
  }
  rise(it, hole, moved);
  return top;
}
