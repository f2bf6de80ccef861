/* Are two tiles the same?  Programs keep a tile with other unit dims, transposed, or spread over dims along which it repeats. */
#include "flow/flow.h"
#include <math.h>

bool flow_same_number(double got, double got_e, double want, double want_e, bool *checked) {
  double e = got_e + want_e;
  if (isnan(e) || isinf(e))
    return true;
  *checked = true;
  if (isnan(got) || isnan(want))
    return isnan(got) && isnan(want);
  if (got == want)
    return true;
  if (isinf(got) || isinf(want))   /* where rounding may decide, the bound is infinite */
    return false;
  return fabs(got - want) <= e;
}

static double bound(const flow_node *n, int64_t i) { return n->e ? n->e[i] : 0; }

static bool same_at(const flow_node *a, int64_t i, const flow_node *b, int64_t j, bool *checked) {
  return flow_same_number(a->x[i], bound(a, i), b->x[j], bound(b, j), checked);
}

/* Without dims of size 1, with their row-major strides. */
typedef struct squeezed { int rank; int64_t size[FLOW_RANK_MAX], stride[FLOW_RANK_MAX]; } squeezed;

static squeezed squeeze(const flow_node *n) {
  squeezed s = {0};
  int64_t step = 1, stride[FLOW_RANK_MAX];
  for (int d = n->rank - 1; d >= 0; d--) {
    stride[d] = step;
    step *= n->shape[d];
  }
  for (int d = 0; d < n->rank; d++)
    if (n->shape[d] != 1) {
      s.size[s.rank] = n->shape[d];
      s.stride[s.rank++] = stride[d];
    }
  return s;
}

/* All elements of the larger one, whose dim d is dim to[d] of the smaller one (-1: the smaller one repeats). */
static bool same_under(const flow_node *large, const squeezed *l, const flow_node *small, const squeezed *s, const int *to) {
  int64_t index[FLOW_RANK_MAX] = {0};
  bool checked = false;
  for (;;) {
    int64_t i = 0, j = 0;
    for (int d = 0; d < l->rank; d++) {
      i += index[d] * l->stride[d];
      j += to[d] < 0 ? 0 : index[d] * s->stride[to[d]];
    }
    if (!same_at(large, i, small, j, &checked))
      return false;
    int d = l->rank - 1;
    while (d >= 0 && ++index[d] == l->size[d])
      index[d--] = 0;
    if (d < 0)
      return checked;
  }
}

/* Tries every way to find the dims of the smaller one among those of the larger one, in order first. */
static bool find_dims(const flow_node *large, const squeezed *l, const flow_node *small, const squeezed *s, int *to, int next) {
  if (next == s->rank)
    return same_under(large, l, small, s, to);
  for (int d = 0; d < l->rank; d++) {
    if (to[d] >= 0 || l->size[d] != s->size[next])
      continue;
    to[d] = next;
    if (find_dims(large, l, small, s, to, next + 1))
      return true;
    to[d] = -1;
  }
  return false;
}

bool flow_alike(const flow_node *got, const flow_node *want) {
  bool checked;
  if (got->elems == 0 || want->elems == 0)
    return got->elems == want->elems;
  if (!same_at(got, 0, want, 0, &checked))   /* element 0 is element 0 in every order of dims */
    return false;
  squeezed g = squeeze(got), w = squeeze(want);
  bool got_is_larger = g.rank >= w.rank;
  int to[FLOW_RANK_MAX];
  memset(to, -1, sizeof to);
  return got_is_larger ? find_dims(got, &g, want, &w, to, 0) : find_dims(want, &w, got, &g, to, 0);
}

int64_t flow_first_difference(const flow_node *got, const flow_node *want) {
  squeezed g = squeeze(got), w = squeeze(want);
  bool checked;
  if (g.rank != w.rank || memcmp(g.size, w.size, sizeof g.size) != 0)
    return -2;
  for (int64_t i = 0; i < got->elems; i++)
    if (!same_at(got, i, want, i, &checked))
      return i;
  return -1;
}
