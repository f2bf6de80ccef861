#include "sym/sym_ranges.h"
#include <string.h>

enum { BLOCK = 16, LEVELS_MAX = 13 };      /* SYM_TABLE_MAX / BLOCK blocks at most */

/* level[k][i] joins the 2^k blocks from block i on. */
struct sym_line {
  int32_t n, n_blocks;
  sym_interval *at, whole, *level[LEVELS_MAX];
};

static sym_interval scan(const sym_interval *at, int32_t from, int32_t to) {
  sym_interval v = SYM_NO_VALUE;
  for (int32_t i = from; i <= to; i++)
    v = sym_interval_join(v, at[i]);
  return v;
}

sym_line *sym_line_make(arena *m, const sym_interval *at, int32_t n) {
  sym_line *l = ARENA_NEW(m, sym_line);
  l->n = n;
  l->n_blocks = (n + BLOCK - 1) / BLOCK;
  l->at = ARENA_NEW_N(m, sym_interval, n);
  memcpy(l->at, at, (size_t)n * sizeof *at);
  l->level[0] = ARENA_NEW_N(m, sym_interval, l->n_blocks);
  for (int32_t b = 0; b < l->n_blocks; b++)
    l->level[0][b] = scan(at, b * BLOCK, (b + 1) * BLOCK < n ? (b + 1) * BLOCK - 1 : n - 1);
  for (int k = 1; k < LEVELS_MAX && (1 << k) <= l->n_blocks; k++) {
    int32_t entries = l->n_blocks - (1 << k) + 1, half = 1 << (k - 1);
    l->level[k] = ARENA_NEW_N(m, sym_interval, entries);
    for (int32_t b = 0; b < entries; b++)
      l->level[k][b] = sym_interval_join(l->level[k - 1][b], l->level[k - 1][b + half]);
  }
  l->whole = scan(l->level[0], 0, l->n_blocks - 1);
  return l;
}

sym_interval sym_line_between(const sym_line *l, int32_t from, int32_t to) {
  if (from == to)
    return l->at[from];
  if (from == 0 && to == l->n - 1)
    return l->whole;
  int32_t first = from / BLOCK + 1, last = to / BLOCK - 1;      /* whole blocks between the two at the ends */
  if (first > last + 1)
    return scan(l->at, from, to);
  sym_interval v = sym_interval_join(scan(l->at, from, first * BLOCK - 1), scan(l->at, (last + 1) * BLOCK, to));
  if (first > last)
    return v;
  int k = 31 - __builtin_clz((unsigned)(last - first + 1));
  v = sym_interval_join(v, l->level[k][first]);
  return sym_interval_join(v, l->level[k][last - (1 << k) + 1]);
}

struct sym_grid {
  int32_t columns;
  sym_line **row, *whole_rows;
};

sym_grid *sym_grid_make(arena *m, const sym_interval *at, int32_t rows, int32_t columns) {
  sym_grid *g = ARENA_NEW(m, sym_grid);
  sym_interval *whole = ARENA_NEW_N(m, sym_interval, rows);
  g->columns = columns;
  g->row = ARENA_NEW_N(m, sym_line *, rows);
  for (int32_t i = 0; i < rows; i++) {
    g->row[i] = sym_line_make(m, at + (ptrdiff_t)i * columns, columns);
    whole[i] = g->row[i]->whole;
  }
  g->whole_rows = sym_line_make(m, whole, rows);
  return g;
}

sym_interval sym_grid_between(const sym_grid *g, int32_t row_from, int32_t row_to, int32_t from, int32_t to) {
  if (from == 0 && to == g->columns - 1)
    return sym_line_between(g->whole_rows, row_from, row_to);
  sym_interval v = SYM_NO_VALUE;
  for (int32_t i = row_from; i <= row_to; i++)
    v = sym_interval_join(v, sym_line_between(g->row[i], from, to));
  return v;
}
