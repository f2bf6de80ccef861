/* bins: how much of something falls into each of equal spans of time, for many series at once, in bounded memory: when time runs over the last
 * bin, all widths double. */
#ifndef LOOM_BASE_BINS_H
#define LOOM_BASE_BINS_H
#include "base/arena.h"

typedef struct bins { int n_series, n_bins; int64_t width; /* of a bin, in the caller's unit of time */ int64_t *at; /* series * n_bins + bin */ } bins;

/* At most 256 bins (a power of two), fewer where there are very many series. */
void bins_init(arena *m, bins *b, int n_series, int64_t width);
/* Adds the time from `begin` to `end` (0 <= begin <= end) to a series. */
void bins_add(bins *b, int series, int64_t begin, int64_t end);
static inline int64_t bins_get(const bins *b, int series, int bin) { return b->at[(size_t)series * (size_t)b->n_bins + (size_t)bin]; }
#endif
