/* Which elements of an output were written: one bit an element. */
#include "sim/sim_private.h"

int64_t sim_cover_mark(sim_cover *c, int64_t first, int64_t n) {
  int64_t twice = -1;
  for (int64_t at = first, end = first + n; at < end;) {
    int64_t bit = at & 63, count = 64 - bit < end - at ? 64 - bit : end - at;
    uint64_t mask = (count == 64 ? ~UINT64_C(0) : (UINT64_C(1) << count) - 1) << bit;
    uint64_t old = c->bits[at >> 6];
    if ((old & mask) && twice < 0)
      twice = (at & ~(int64_t)63) + __builtin_ctzll(old & mask);
    c->n_set += __builtin_popcountll(mask & ~old);
    c->bits[at >> 6] = old | mask;
    at += count;
  }
  return twice;
}

int64_t sim_cover_first_missing(const sim_cover *c) {
  if (c->n_set == c->n_bits)
    return -1;
  int64_t w = 0;
  while (c->bits[w] == ~UINT64_C(0))
    w++;
  return w * 64 + __builtin_ctzll(~c->bits[w]);
}
