#include "base/bins.h"
#include <string.h>

enum { BINS = 256, CELLS_MAX = 1 << 22 };

void bins_init(arena *m, bins *b, int n_series, int64_t width) {
  b->n_series = n_series;
  b->width = width;
  b->n_bins = BINS;
  while (b->n_bins > 2 && (int64_t)b->n_bins * n_series > CELLS_MAX)
    b->n_bins /= 2;
  b->at = ARENA_NEW_N(m, int64_t, (size_t)b->n_bins * (size_t)n_series);
}

static void fold(bins *b) {
  int half = b->n_bins / 2;
  for (int s = 0; s < b->n_series; s++) {
    int64_t *x = b->at + (size_t)s * (size_t)b->n_bins;
    for (int i = 0; i < half; i++)
      x[i] = x[2 * i] + x[2 * i + 1];
    memset(x + half, 0, (size_t)half * sizeof *x);
  }
  b->width *= 2;
}

void bins_add(bins *b, int series, int64_t begin, int64_t end) {
  while (end > b->width * b->n_bins)
    fold(b);
  int64_t *x = b->at + (size_t)series * (size_t)b->n_bins;
  while (begin < end) {
    int64_t bin = begin / b->width, next = (bin + 1) * b->width;
    int64_t to = next < end ? next : end;
    x[bin] += to - begin;
    begin = to;
  }
}
