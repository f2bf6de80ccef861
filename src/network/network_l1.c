#include "network/network_l1.h"
#include "kernel/kernel_stores.h"
#include "base/ceil.h"
#include "base/text.h"
#include <stdlib.h>
#include <string.h>

enum { PART = 2 };      /* of the L1: one in so many bytes may be held between kernels */

/* ---- who may ---- */

static bool has_lookup(const kernel_op *op) {
  for (int i = 0; i < op->n_index; i++)
    if (op->index[i].kind == KERNEL_INDEX_TENSOR)
      return true;
  return false;
}

/* What a kernel does with each of its tensors. */
typedef struct uses { bool *loads, *stores, *is_looked_up; } uses;
static void find_uses(const kernel_graph *g, const kernel_region *r, uses *u) {
  for (size_t i = 0; i < r->ops.n; i++) {
    const kernel_op *op = r->ops.at[i];
    bool moves = op->kind == KERNEL_LOAD || op->kind == KERNEL_STORE || op->kind == KERNEL_ATOMIC;
    kernel_tensor t = moves ? kernel_root(g, op->tensor) : -1;
    if (t >= 0) {
      u->loads[t] = u->loads[t] || op->kind != KERNEL_STORE;
      u->stores[t] = u->stores[t] || op->kind != KERNEL_LOAD;
      u->is_looked_up[t] = u->is_looked_up[t] || has_lookup(op) || op->kind == KERNEL_ATOMIC;
    }
    for (int k = 0; k < op->n_regions; k++)
      find_uses(g, &op->regions[k], u);
  }
}

static const char *plural(int64_t n, const char *more) { return n == 1 ? "" : more; }

static void look_at(arena *m, const network *net, int k, network_l1 *out) {
  const network_kernel *kernel = &net->kernels.at[k];
  size_t n = kernel->graph->tensors.n;
  uses u = {ARENA_NEW_N(m, bool, n + 1), ARENA_NEW_N(m, bool, n + 1), ARENA_NEW_N(m, bool, n + 1)};
  find_uses(kernel->graph, &kernel->graph->body, &u);
  for (size_t i = 0; i < n; i++) {
    network_l1_tensor *t = kernel->tensor[i] >= 0 ? &out->at[kernel->tensor[i]] : NULL;
    if (!t)
      continue;
    if (t->readers + t->writers == 0 && kernel->graph->tensors.at[i].role == KERNEL_ARG)
      t->why = "it has contents before anything fills it";
    if (u.is_looked_up[i])
      t->why = arena_printf(m, "kernel %s moves elements of it that another tensor names", kernel->graph->name);
    t->readers += u.loads[i];
    t->writers += u.stores[i];
  }
}

static int64_t page_of(const network_tensor *x) {
  int64_t row = x->rank ? ceil_to(x->shape[x->rank - 1] * (int64_t)dtype_bytes(x->type), 8) : 0;
  return row < NETWORK_L1_PAGE_LEAST ? NETWORK_L1_PAGE_LEAST : row > NETWORK_L1_PAGE_MOST ? NETWORK_L1_PAGE_MOST : row;
}

static void find_candidates(arena *m, const network *net, const network_buffers *b, network_l1 *out) {
  for (int k = 0; k < (int)net->kernels.n; k++)
    look_at(m, net, k, out);
  for (size_t i = 0; i < net->results.n; i++)
    out->at[net->results.at[i].tensor].why = "it is a result";
  for (size_t i = 0; i < net->tensors.n; i++) {
    network_l1_tensor *t = &out->at[i];
    const network_tensor *x = &net->tensors.at[i];
    int64_t bytes = x->elems * (int64_t)dtype_bytes(x->type);
    if (b->at[i].offset < 0) {
      t->why = NULL;
      continue;
    }
    t->page = page_of(x);
    t->bytes = ceil_to((ceil_to(bytes, t->page) / t->page + out->chip.cores - 1) / out->chip.cores * t->page, NETWORK_L1_ALIGN);
    t->moved = bytes * (t->readers + t->writers);
    if (!t->why && t->readers == 0)
      t->why = "nothing reads it";
  }
}

/* ---- places ---- */

static int life(const network_buffer *b) { return b->last - b->first; }

/* Places from the top down: the offset of a block that grows from 0 becomes its distance from the top. */
static void place(arena *m, const network *net, const network_buffers *b, network_l1 *l) {
  int n = 0, n_all = (int)net->tensors.n;
  network_buffer *in = ARENA_NEW_N(m, network_buffer, n_all + 1);
  network_buffers placed;
  for (int i = 0; i < n_all; i++)
    if (l->at[i].is_in)
      in[n++] = (network_buffer){.bytes = l->at[i].bytes, .first = b->at[i].first, .last = b->at[i].last, .of = -1};
  network_place_buffers(m, in, n, NETWORK_L1_ALIGN, &placed);
  l->n_in = n;
  l->all_bytes = l->moved = 0;
  for (int i = 0; i < n_all; i++) {
    l->all_bytes += l->at[i].is_in ? net->tensors.at[i].elems * (int64_t)dtype_bytes(net->tensors.at[i].type) : 0;
    l->moved += l->at[i].is_in ? l->at[i].moved : 0;
  }
  l->peak = placed.peak_bytes;
  l->base = l->chip.bytes / NETWORK_L1_ALIGN * NETWORK_L1_ALIGN - l->peak;
  memset(l->reserved, 0, net->kernels.n * sizeof *l->reserved);
  for (int i = 0, at = 0; i < n_all; i++) {
    if (!l->at[i].is_in)
      continue;
    l->at[i].offset = l->base + l->peak - in[at++].offset - l->at[i].bytes;
    for (int k = b->at[i].first; k <= b->at[i].last && k < (int)net->kernels.n; k++) {
      int64_t reserved = l->chip.bytes - l->at[i].offset;
      l->reserved[k] = reserved > l->reserved[k] ? reserved : l->reserved[k];
    }
  }
}

void network_l1_drop(arena *m, const network *net, const network_buffers *b, network_l1 *l, int t, const char *why) {
  l->at[t].is_in = false;
  l->at[t].why = why;
  place(m, net, b, l);
}

/* Takes room for it at all kernels of its life, if there is; alive: by kernel, bytes taken. */
static bool take_room(const network_buffer *b, int64_t bytes, int64_t most, int kernels, int64_t *alive) {
  for (int k = b->first; k <= b->last && k < kernels; k++)
    if (alive[k] + bytes > most)
      return false;
  for (int k = b->first; k <= b->last && k < kernels; k++)
    alive[k] += bytes;
  return true;
}

/* Before which other: more bytes moved for each byte held, then the shorter life. */
static bool goes_first(const network_l1 *l, const network_buffers *b, int i, int k) {
  const network_l1_tensor *x = &l->at[i], *y = &l->at[k];
  __int128 a = (__int128)x->moved * y->bytes, c = (__int128)y->moved * x->bytes;
  return a != c ? a > c : life(&b->at[i]) != life(&b->at[k]) ? life(&b->at[i]) < life(&b->at[k]) : i < k;
}

void network_l1_choose(arena *m, const network *net, const network_buffers *b, network_l1_chip chip, network_l1 *out) {
  int n = 0, n_all = (int)net->tensors.n, *order = ARENA_NEW_N(m, int, n_all + 1);
  const int64_t most = chip.bytes / PART;
  int64_t *alive = ARENA_NEW_N(m, int64_t, net->kernels.n + 1);
  *out = (network_l1){.chip = chip, .at = ARENA_NEW_N(m, network_l1_tensor, n_all + 1), .reserved = ARENA_NEW_N(m, int64_t, net->kernels.n + 1)};
  find_candidates(m, net, b, out);
  for (int i = 0; i < n_all; i++) {
    if (b->at[i].offset < 0 || out->at[i].why || out->at[i].bytes == 0)
      continue;
    int at = n++;
    for (; at > 0 && goes_first(out, b, i, order[at - 1]); at--)
      order[at] = order[at - 1];
    order[at] = i;
  }
  for (int k = 0; k < n; k++) {
    network_l1_tensor *t = &out->at[order[k]];
    t->why = arena_printf(m, "written by %d kernel%s, read by %d", t->writers, plural(t->writers, "s"), t->readers);
    t->is_in = take_room(&b->at[order[k]], t->bytes, most, (int)net->kernels.n, alive);
    if (!t->is_in)
      t->why = arena_printf(m, "its %" PRId64 " bytes of each core are too many beside others, which have half of the L1 together", t->bytes);
  }
  place(m, net, b, out);
  for (int k = n - 1; k >= 0 && out->peak > most; k--)      /* alive together they would fit, but no places were found */
    if (out->at[order[k]].is_in)
      network_l1_drop(m, net, b, out, order[k], "no place was found for it beside others");
}
