#include "solve/solve_private.h"

static bool is_before(const solve_open *a, const solve_open *b) { return a->bound != b->bound ? a->bound < b->bound : a->age < b->age; }

void solve_heap_push(arena *m, solve_heap *h, solve_open x) {
  vec_push(m, h, x);
  size_t i = h->n - 1;
  for (; i && is_before(&x, &h->at[(i - 1) / 2]); i = (i - 1) / 2)
    h->at[i] = h->at[(i - 1) / 2];
  h->at[i] = x;
}

void *solve_heap_pop(solve_heap *h) {
  void *top = h->at[0].of;
  solve_open x = h->at[--h->n];
  size_t i = 0;
  for (size_t child = 1; child < h->n; child = 2 * i + 1) {
    if (child + 1 < h->n && is_before(&h->at[child + 1], &h->at[child]))
      child++;
    if (!is_before(&h->at[child], &x))
      break;
    h->at[i] = h->at[child];
    i = child;
  }
  h->at[i] = x;
  return top;
}
