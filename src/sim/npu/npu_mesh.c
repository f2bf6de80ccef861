/* Packets between cores and DRAM channels over the links of the machine's mesh: dim after dim, each link to one packet at a time, first come first served.
 * A packet's head takes hop_cycles a link and waits while the link is taken; where it leaves the mesh the rest of it follows at the links' rate.
 * Times are in 1/256 clocks.  The events are arrivals of heads at routers, in order of time, of equals in the order in which they were made. */
#include "sim/npu/npu_private.h"

enum { FRACTION = 256 };

typedef struct head { int64_t time; uint64_t order; int64_t line; uint32_t owner; int router, to, channel, bytes; } head;   /* channel: where it goes; NPU_NONE: to the core of router `to` */

struct npu_mesh {
  int n_dims, n_routers;
  int64_t size[MACHINE_MESH_DIMS_MAX]; bool wraps[MACHINE_MESH_DIMS_MAX];
  int64_t *free;                        /* of links: router * 2 dims + 2 * dim + (backwards) */
  int64_t hop, rate;                    /* 1/256 clocks; bytes in 256 clocks */
  head *heap; size_t n, room;
  uint64_t made;
  int64_t byte_hops;
  arena *mem;
};

npu_mesh *npu_mesh_new(arena *mem, const machine *m) {
  npu_mesh *x = ARENA_NEW(mem, npu_mesh);
  double clocks = (double)m->noc->clock_hz / m->clock_hz.value;   /* of the network in a cycle of the cores */
  *x = (npu_mesh){.n_dims = (int)m->mesh.n, .n_routers = (int)machine_cores(m), .mem = mem, .hop = (int64_t)(m->hop_cycles.value * clocks * (double)FRACTION),
                  .rate = (int64_t)(m->link_bytes_per_cycle.value / clocks * (double)FRACTION)};
  x->rate = x->rate < 1 ? 1 : x->rate;
  for (int d = 0; d < x->n_dims; d++) {
    x->size[d] = m->mesh.at[d].size;
    x->wraps[d] = m->mesh.at[d].wraps;
  }
  x->free = ARENA_NEW_N(mem, int64_t, (size_t)x->n_routers * 2 * (size_t)x->n_dims);
  return x;
}

static bool is_before(const head *a, const head *b) { return a->time != b->time ? a->time < b->time : a->order < b->order; }

static void push(npu_mesh *x, head h) {
  if (x->n == x->room)
    x->heap = vec_grow(x->mem, x->heap, x->n, &x->room, sizeof *x->heap);
  size_t i = x->n++;
  h.order = x->made++;
  for (; i && is_before(&h, &x->heap[(i - 1) / 2]); i = (i - 1) / 2)
    x->heap[i] = x->heap[(i - 1) / 2];
  x->heap[i] = h;
}

static head pop(npu_mesh *x) {
  head top = x->heap[0], moved = x->heap[--x->n];
  size_t i = 0, child;
  while ((child = 2 * i + 1) < x->n) {
    child += child + 1 < x->n && is_before(&x->heap[child + 1], &x->heap[child]);
    if (!is_before(&x->heap[child], &moved))
      break;
    x->heap[i] = x->heap[child];
    i = child;
  }
  x->heap[i] = moved;
  return top;
}

void npu_mesh_push(npu_mesh *x, int from, int to, int channel, int64_t clk, int64_t line, uint32_t owner, int64_t bytes) {
  push(x, (head){.time = clk * FRACTION, .line = line, .owner = owner, .router = from, .to = to, .channel = channel, .bytes = (int)bytes});
}

int64_t npu_mesh_byte_hops(const npu_mesh *x) { return x->byte_hops; }

int64_t npu_mesh_next(const npu_mesh *x) { return x->n ? x->heap[0].time / FRACTION : INT64_MAX; }

/* The first dim in which it is not there yet: the router it comes to next, and the link. */
static int next_router(const npu_mesh *x, const head *h, int *link) {
  int64_t stride = x->n_routers;
  for (int d = 0; d < x->n_dims; d++) {
    stride /= x->size[d];
    int64_t at = h->router / stride % x->size[d], want = h->to / stride % x->size[d], ahead = (want - at + x->size[d]) % x->size[d];
    if (at == want)
      continue;
    bool is_back = x->wraps[d] ? 2 * ahead > x->size[d] : want < at;
    int64_t next = (at + (is_back ? x->size[d] - 1 : 1)) % x->size[d];
    *link = h->router * 2 * x->n_dims + 2 * d + is_back;
    return h->router + (int)((next - at) * stride);
  }
  return NPU_NONE;
}

void npu_mesh_run(npu *s, npu_mesh *x, int64_t clk, npu_deliver_fn to_channel, npu_deliver_fn to_core) {
  while (x->n && x->heap[0].time < (clk + 1) * FRACTION) {
    head h = pop(x);
    int link, next = h.bytes ? next_router(x, &h, &link) : NPU_NONE;
    if (next != NPU_NONE) {
      int64_t start = h.time > x->free[link] ? h.time : x->free[link];
      x->byte_hops += h.bytes;
      x->free[link] = start + (int64_t)h.bytes * FRACTION * FRACTION / x->rate;
      h.router = next;
      h.time = start + x->hop;
    } else if (h.bytes) {   /* there; the rest of it follows */
      h.time += (int64_t)h.bytes * FRACTION * FRACTION / x->rate;
      h.bytes = 0;
    } else {
      npu_packet p = {.line = h.line, .owner = h.owner};
      s->spent++;
      h.channel == NPU_NONE ? to_core(s, h.to, clk, &p) : to_channel(s, h.channel, clk, &p);
      continue;
    }
    push(x, h);
  }
}
