/* Lowest fit in an order; the order is what is searched: four to start from, then those that end at the top go first, then the best order with two exchanged. */
#include "network/network_buffers.h"
#include "base/rng.h"
#include "network/network_in_place.h"
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 64, EXCHANGES = 4000, PAIRS = 8000000 };      /* no more exchanges than look at so many pairs of buffers */
typedef struct placing { network_buffer *b; int n; int *order, *best, *near; int64_t *offset, *best_offset, peak, best_peak; } placing;

static bool meet(const network_buffer *a, const network_buffer *b) { return a->first <= b->last && b->first <= a->last; }

/* The lowest place that none of those placed before, and needed at the same time, takes. */
static int64_t lowest(const placing *p, int i, int n_placed) {
  int n = 0;
  for (int k = 0; k < n_placed; k++) {      /* p->near: those in the way, by offset */
    int other = p->order[k], at = n;
    if (!meet(&p->b[i], &p->b[other]))
      continue;
    for (; at && p->offset[p->near[at - 1]] > p->offset[other]; at--)
      p->near[at] = p->near[at - 1];
    p->near[at] = other;
    n++;
  }
  int64_t at = 0;
  for (int k = 0; k < n && p->offset[p->near[k]] < at + p->b[i].bytes; k++) {
    int64_t end = p->offset[p->near[k]] + p->b[p->near[k]].bytes;
    at = end > at ? end : at;
  }
  return at;
}

static void place_in_order(placing *p) {
  p->peak = 0;
  for (int k = 0; k < p->n; k++) {
    int i = p->order[k];
    p->offset[i] = lowest(p, i, k);
    p->peak = p->offset[i] + p->b[i].bytes > p->peak ? p->offset[i] + p->b[i].bytes : p->peak;
  }
  if (p->peak <= p->best_peak) {
    p->best_peak = p->peak;
    memcpy(p->best_offset, p->offset, (size_t)p->n * sizeof *p->offset);
    memcpy(p->best, p->order, (size_t)p->n * sizeof *p->order);
  }
}

/* What ends at the top goes first: it then lies at the bottom, and others around it. */
static bool lift_top(placing *p) {
  for (int k = p->n - 1; k > 0; k--) {
    int i = p->order[k];
    if (p->offset[i] + p->b[i].bytes != p->peak)
      continue;
    memmove(p->order + 1, p->order, (size_t)k * sizeof *p->order);
    p->order[0] = i;
    return true;
  }
  return false;
}

static int by_key(const void *a, const void *b) {
  const int64_t *x = a, *y = b;
  return x[0] != y[0] ? (x[0] > y[0] ? -1 : 1) : (x[1] > y[1]) - (x[1] < y[1]);
}

/* The largest key first: bytes, kernels, both, or as the kernels come. */
static void order_by(placing *p, int how, int64_t (*key)[2]) {
  for (int i = 0; i < p->n; i++) {
    const network_buffer *b = &p->b[i];
    int64_t kernels = (int64_t)b->last - b->first + 1;
    key[i][0] = how == 0 ? b->bytes : how == 1 ? kernels : how == 2 ? b->bytes * kernels : -b->first;
    key[i][1] = i;
  }
  qsort(key, (size_t)p->n, sizeof *key, by_key);
  for (int i = 0; i < p->n; i++)
    p->order[i] = (int)key[i][1];
}

static void search(arena *m, placing *p, int64_t bound) {
  int64_t (*key)[2] = arena_array(m, (size_t)p->n + 1, sizeof *key);
  for (int how = 0; how < 4; how++) {
    order_by(p, how, key);
    for (int i = 0; i < ROUNDS && p->best_peak > bound; i++) {
      place_in_order(p);
      if (!lift_top(p))
        break;
    }
  }
  rng r = rng_new(1);
  for (int64_t i = 0, most = PAIRS / ((int64_t)p->n * p->n + 1); i < EXCHANGES && i < most && p->best_peak > bound; i++) {
    memcpy(p->order, p->best, (size_t)p->n * sizeof *p->order);
    int a = (int)rng_range(&r, 0, p->n - 1), b = (int)rng_range(&r, 0, p->n - 1), was = p->order[a];
    p->order[a] = p->order[b];
    p->order[b] = was;
    place_in_order(p);
  }
}

/* The most that is alive at once: it changes only where one begins. */
static void find_bound(const network_buffer *b, int n, network_buffers *out) {
  for (int i = 0; i < n; i++) {
    int64_t sum = 0;
    for (int k = 0; k < n; k++)
      sum += b[k].first <= b[i].first && b[i].first <= b[k].last ? b[k].bytes : 0;
    if (sum > out->lower_bound) {
      out->lower_bound = sum;
      out->fullest = b[i].first;
    }
  }
}

void network_place_buffers(arena *m, network_buffer *b, int n, int64_t align, network_buffers *out) {
  *out = (network_buffers){.at = b, .n = n};
  for (int i = 0; i < n; i++) {
    b[i].bytes = (b[i].bytes + align - 1) / align * align;
    out->unshared_bytes += b[i].bytes;
  }
  find_bound(b, n, out);
  size_t room = (size_t)n + 1;
  placing p = {.b = b, .n = n, .order = ARENA_NEW_N(m, int, room), .best = ARENA_NEW_N(m, int, room), .near = ARENA_NEW_N(m, int, room), .offset = ARENA_NEW_N(m, int64_t, room),
               .best_offset = ARENA_NEW_N(m, int64_t, room), .best_peak = INT64_MAX};
  search(m, &p, out->lower_bound);
  for (int i = 0; i < n; i++)
    b[i].offset = p.best_offset[i];
  out->peak_bytes = n ? p.best_peak : 0;
}

/* ---- of a network ---- */

/* An allocation is the kernel's to fill; an argument has contents before, which for a tensor that nothing filled are zeros: from the start, then. */
static void note_uses(const network *net, network_buffer *all) {
  for (size_t k = 0; k < net->kernels.n; k++) {
    const network_kernel *kernel = &net->kernels.at[k];
    for (size_t i = 0; i < kernel->graph->tensors.n; i++) {
      if (kernel->tensor[i] < 0)
        continue;
      network_buffer *b = &all[kernel->tensor[i]];
      if (b->first < 0)
        b->first = kernel->graph->tensors.at[i].role == KERNEL_ALLOC ? (int)k : 0;
      b->last = (int)k;
    }
  }
  for (size_t i = 0; i < net->results.n; i++) {
    network_buffer *b = &all[net->results.at[i].tensor];
    b->first = b->first < 0 ? 0 : b->first;
    b->last = (int)net->kernels.n;
  }
}

static bool is_in_block(const network *net, const bool *elsewhere, const network_buffer *all, int t) {
  return net->tensors.at[t].role == NETWORK_TEMPORARY && all[t].first >= 0 && !(elsewhere && elsewhere[t]);
}

/* All places where kernel `k` has network tensor `t` may be written over by its allocation `out`. */
static bool may_replace(const network_kernel *k, int t, kernel_tensor out) {
  bool any = false;
  for (size_t i = 0; i < k->graph->tensors.n; i++) {
    if (k->tensor[i] != t)
      continue;
    any = true;
    if (!network_in_place(k->graph, (kernel_tensor)i, out))
      return false;
  }
  return any;
}

/* Each allocation of kernel k takes over the bytes of an argument that dies there, if the kernel can write in place of it; each argument is taken over once. */
static void take_over(const network *net, int k, const bool *elsewhere, network_buffer *all) {
  const network_kernel *kernel = &net->kernels.at[k];
  for (size_t o = 0; o < kernel->graph->tensors.n; o++) {
    int made = kernel->tensor[o];
    if (made < 0 || kernel->graph->tensors.at[o].role != KERNEL_ALLOC || all[made].first != k || !is_in_block(net, elsewhere, all, made))
      continue;
    for (size_t i = 0; i < kernel->graph->tensors.n && all[made].of < 0; i++) {
      int dies = kernel->tensor[i];
      bool is_free = dies >= 0 && dies != made && is_in_block(net, elsewhere, all, dies) && all[dies].last == k && all[dies].first < k && all[dies].bytes == all[made].bytes;
      for (size_t x = 0; is_free && x < kernel->graph->tensors.n; x++)
        is_free = kernel->tensor[x] < 0 || all[kernel->tensor[x]].of != dies;
      if (is_free && may_replace(kernel, dies, (kernel_tensor)o))
        all[made].of = dies;
    }
  }
}

static int owner_of(const network_buffer *all, int t) {
  while (all[t].of >= 0)
    t = all[t].of;
  return t;
}

void network_plan_buffers(arena *m, const network *net, int64_t align, bool in_place, const bool *elsewhere, network_buffers *out) {
  int n = 0, n_all = (int)net->tensors.n, n_in_place = 0;
  network_buffer *all = ARENA_NEW_N(m, network_buffer, n_all + 1), *in = ARENA_NEW_N(m, network_buffer, n_all + 1);
  int *at = ARENA_NEW_N(m, int, n_all + 1);      /* of a tensor that owns its bytes: where it is in `in` */
  for (int i = 0; i < n_all; i++)
    all[i] = (network_buffer){.bytes = net->tensors.at[i].elems * (int64_t)dtype_bytes(net->tensors.at[i].type), .offset = -1, .first = -1, .last = -1, .of = -1};
  note_uses(net, all);
  for (int k = 0; in_place && k < (int)net->kernels.n; k++)
    take_over(net, k, elsewhere, all);
  for (int i = 0; i < n_all; i++)
    if (is_in_block(net, elsewhere, all, i) && all[i].of < 0) {
      at[i] = n;
      in[n++] = all[i];
    }
  for (int i = 0; i < n_all; i++)
    if (all[i].of >= 0) {
      network_buffer *owner = &in[at[owner_of(all, i)]];
      owner->last = all[i].last > owner->last ? all[i].last : owner->last;
      n_in_place++;
    }
  network_place_buffers(m, in, n, align, out);
  for (int i = 0; i < n_all; i++)
    if (is_in_block(net, elsewhere, all, i)) {
      all[i].offset = in[at[owner_of(all, i)]].offset;
      all[i].bytes = in[at[owner_of(all, i)]].bytes;
      out->unshared_bytes += all[i].of >= 0 ? all[i].bytes : 0;
    }
  out->at = all;
  out->n = n + n_in_place;
  out->n_in_place = n_in_place;
}
