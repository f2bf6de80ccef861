/* Packets between cores' ports and DRAM channels.  What is due when is known at once, so that a clock costs only its deliveries. */
#include "sim/npu/npu_private.h"

void npu_crossbar_init(arena *mem, npu_crossbar *x, int sources, int destinations, int64_t latency) {
  int turns = 2;   /* a packet is due at most latency after it came: packets of one source come one a clock */
  while (turns < latency + 2)
    turns *= 2;
  *x = (npu_crossbar){.n_sources = sources, .n_destinations = destinations, .words = (sources + 63) / 64, .wheel_mask = turns - 1, .latency = latency, .free = NPU_NONE, .mem = mem};
  x->fifos = ARENA_NEW_N(mem, npu_fifo, (size_t)sources * (size_t)destinations);
  for (size_t i = 0; i < (size_t)sources * (size_t)destinations; i++)
    x->fifos[i] = (npu_fifo){NPU_NONE, NPU_NONE};
  x->due = ARENA_NEW_N(mem, uint64_t, (size_t)destinations * (size_t)x->words);
  x->wheel = ARENA_NEW_N(mem, uint64_t, (size_t)turns * (size_t)destinations * (size_t)x->words);
  x->turn = ARENA_NEW_N(mem, int, destinations);
  x->n_waiting = ARENA_NEW_N(mem, int, destinations);
}

/* The first packet of a source is due at `due`, now being `clk`. */
static void set_due(npu_crossbar *x, int destination, int source, int64_t due, int64_t clk) {
  uint64_t *set = due <= clk ? &x->due[(size_t)destination * (size_t)x->words]
                             : &x->wheel[((size_t)(due & x->wheel_mask) * (size_t)x->n_destinations + (size_t)destination) * (size_t)x->words];
  set[source / 64] |= UINT64_C(1) << source % 64;
}

void npu_crossbar_push(npu_crossbar *x, int source, int destination, int64_t clk, int64_t line, uint32_t owner) {
  npu_fifo *f = &x->fifos[(size_t)destination * (size_t)x->n_sources + (size_t)source];
  int i = x->free;
  if (i == NPU_NONE) {
    i = (int)x->packets.n;
    vec_push(x->mem, &x->packets, ((npu_packet){0}));
  } else
    x->free = x->packets.at[i].next;
  npu_packet *p = &x->packets.at[i];
  *p = (npu_packet){.due = clk + x->latency, .line = line, .owner = owner, .next = NPU_NONE};
  if (f->head == NPU_NONE) {
    f->head = i;
    set_due(x, destination, source, p->due, clk);
  } else {   /* right behind the one before, however long ago that came */
    p->due = x->packets.at[f->tail].due + 1;
    x->packets.at[f->tail].next = i;
  }
  f->tail = i;
  x->n_packets++;
  x->n_waiting[destination]++;
}

/* The first source in turn of a non-empty set. */
static int pick(const uint64_t *set, int words, int from) {
  uint64_t first = set[from / 64] & ~UINT64_C(0) << from % 64;
  if (first)
    return from / 64 * 64 + __builtin_ctzll(first);
  for (int i = 1; i <= words; i++) {
    int w = (from / 64 + i) % words;
    if (set[w])
      return w * 64 + __builtin_ctzll(set[w]);
  }
  return NPU_NONE;
}

void npu_crossbar_run(npu *s, npu_crossbar *x, int64_t clk, npu_deliver_fn deliver) {
  uint64_t *arriving = &x->wheel[(size_t)(clk & x->wheel_mask) * (size_t)x->n_destinations * (size_t)x->words];
  for (int d = 0; d < x->n_destinations; d++) {
    if (!x->n_waiting[d])
      continue;
    uint64_t *due = &x->due[(size_t)d * (size_t)x->words];
    for (int w = 0; w < x->words; w++) {
      due[w] |= arriving[d * x->words + w];
      arriving[d * x->words + w] = 0;
    }
    int source = pick(due, x->words, x->turn[d]);
    if (source == NPU_NONE)
      continue;
    npu_fifo *f = &x->fifos[(size_t)d * (size_t)x->n_sources + (size_t)source];
    int i = f->head;
    npu_packet p = x->packets.at[i];
    f->head = p.next;
    x->packets.at[i].next = x->free;
    x->free = i;
    due[source / 64] &= ~(UINT64_C(1) << source % 64);
    if (f->head == NPU_NONE)
      f->tail = NPU_NONE;
    else
      set_due(x, d, source, x->packets.at[f->head].due, clk);
    x->turn[d] = source + 1 == x->n_sources ? 0 : source + 1;
    x->n_packets--;
    x->n_waiting[d]--;
    deliver(s, d, clk, &p);
  }
}
