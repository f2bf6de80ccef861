/* stats: what is said of repeated measurements. */
#ifndef LOOM_BASE_STATS_H
#define LOOM_BASE_STATS_H
#include <stddef.h>

/* Median of n > 0 numbers; sorts them, ascending. */
double stats_median(double *x, size_t n);
#endif
