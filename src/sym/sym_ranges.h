/* Tables of a subexpression over one or two domains that answer "least and largest value between these indices" at once. */
#ifndef LOOM_SYM_RANGES_H
#define LOOM_SYM_RANGES_H
#include "sym/sym_interval.h"

enum { SYM_TABLE_MAX = 1 << 16, SYM_PAIR_MAX = 1024 };      /* entries of a table over one domain, over two */

typedef struct sym_line sym_line;
/* Keeps a copy of the n >= 1 entries. */
sym_line *sym_line_make(arena *m, const sym_interval *at, int32_t n);
/* 0 <= from <= to < n; steps: at most 30 and two look-ups. */
sym_interval sym_line_between(const sym_line *l, int32_t from, int32_t to);

typedef struct sym_grid sym_grid;
/* at[i * columns + k]: value i of the first domain, k of the second. */
sym_grid *sym_grid_make(arena *m, const sym_interval *at, int32_t rows, int32_t columns);
/* Quick where the second domain is whole or the first is at one value. */
sym_interval sym_grid_between(const sym_grid *g, int32_t row_from, int32_t row_to, int32_t from, int32_t to);
#endif
