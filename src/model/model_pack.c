/* Values with lives to offsets in one memory: two that are live together do not overlap. */
#include "model/model_number.h"
#include "model/model.h"
#include <stdlib.h>

enum { PACK_MAX = 64 };

typedef struct packer {
  pack_item *item;
  size_t n;
  int64_t bound, best, nodes;
  int64_t best_offset[PACK_MAX], offset[PACK_MAX];
  bool placed[PACK_MAX];
} packer;

static bool live_together(const pack_item *a, const pack_item *b) { return a->first <= b->last && b->first <= a->last; }

static int by_size(const void *a, const void *b) {
  const pack_item *x = *(const pack_item *const *)a, *y = *(const pack_item *const *)b;
  if (x->bytes != y->bytes)
    return x->bytes < y->bytes ? 1 : -1;
  if (x->first != y->first)
    return x->first > y->first ? 1 : -1;
  return (x > y) - (x < y);
}

/* Most bytes live at once: at some item's birth. */
static int64_t most_live(const pack_item *item, size_t n) {
  int64_t most = 0;
  for (size_t i = 0; i < n; i++) {
    int64_t live = 0;
    for (size_t k = 0; k < n; k++)
      live += item[k].first <= item[i].first && item[i].first <= item[k].last ? item[k].bytes : 0;
    most = model_max(most, live);
  }
  return most;
}

/* The lowest offset at which `x` meets no placed item that lives when it does. */
static int64_t lowest_fit(const packer *p, const pack_item *x) {
  for (int64_t at = 0;;) {
    int64_t next = at;
    for (size_t k = 0; k < p->n; k++)
      if (p->placed[k] && live_together(x, &p->item[k]) && p->offset[k] < at + x->bytes && at < p->offset[k] + p->item[k].bytes)
        next = model_max(next, p->offset[k] + p->item[k].bytes);
    if (next == at)
      return at;
    at = next;
  }
}

static void keep_best(packer *p, int64_t end) {
  p->best = end;
  memcpy(p->best_offset, p->offset, sizeof p->offset);
}

static void first_fit(packer *p) {
  const pack_item *order[PACK_MAX];
  int64_t end = 0;
  for (size_t i = 0; i < p->n; i++)
    order[i] = &p->item[i];
  qsort(order, p->n, sizeof *order, by_size);
  for (size_t i = 0; i < p->n; i++) {
    size_t k = (size_t)(order[i] - p->item);
    p->offset[k] = lowest_fit(p, order[i]);
    p->placed[k] = true;
    end = model_max(end, p->offset[k] + p->item[k].bytes);
  }
  keep_best(p, end);
}

/* Some best layout has every item pushed down onto another's end or 0, so it comes about by placing items, each at its lowest fit, in the
 * order of their offsets: offsets never fall along a branch. */
static void search(packer *p, size_t n_placed, int64_t end, int64_t lowest) {
  if (n_placed == p->n) {
    if (end < p->best)
      keep_best(p, end);
    return;
  }
  for (size_t i = 0; i < p->n && p->best > p->bound && p->nodes > 0; i++) {
    if (p->placed[i])
      continue;
    p->nodes--;
    int64_t at = lowest_fit(p, &p->item[i]), new_end = model_max(end, at + p->item[i].bytes);
    if (at < lowest || new_end >= p->best)
      continue;
    p->placed[i] = true;
    p->offset[i] = at;
    search(p, n_placed + 1, new_end, at);
    p->placed[i] = false;
  }
}

int64_t model_pack(pack_item *items, size_t n, int64_t align, int64_t node_budget, int64_t *out_bound) {
  packer p = {.item = items, .n = n < PACK_MAX ? n : PACK_MAX, .nodes = node_budget};
  int64_t side_by_side = 0;
  for (size_t i = 0; i < n; i++)
    items[i].bytes = model_ceil(items[i].bytes, align) * align;
  *out_bound = p.bound = most_live(items, n);
  if (node_budget < 0)
    return p.bound;
  first_fit(&p);
  if (p.best > p.bound) {
    memset(p.placed, 0, sizeof p.placed);
    search(&p, 0, 0, 0);
  }
  for (size_t i = 0; i < p.n; i++)
    items[i].offset = p.best_offset[i];
  for (size_t i = p.n; i < n; i++) {      /* beyond what is packed: behind the others */
    items[i].offset = p.best + side_by_side;
    side_by_side += items[i].bytes;
  }
  return p.best + side_by_side;
}
