/* The rings of slots of every core, and the bytes behind them. */
#include "sim/sim_private.h"
#include <string.h>

/* Bytes a slot may be used for: its own, or its tile's where that is larger (the verifier refuses that; without it, the tile runs over). */
static int64_t slot_reach(const tog_buffer *b) { return max64(b->bytes, tog_buffer_elems(b) * (int64_t)dtype_bytes(b->type)); }

enum { OVERRUN_BYTES_MAX = 16 << 20 };

/* How far a tile function may reach from a slot's start when each of its offsets and extents, at most the largest of any buffer's dims each
 * (sim_thread.c refuses others), is used for the wrong dim. */
static int64_t overrun_bytes(const tog *t) {
  int64_t extent = 1, reach = 0;
  for (size_t i = 0; i < t->buffers.n; i++)
    for (int d = 0; d < t->buffers.at[i].rank; d++)
      extent = max64(extent, t->buffers.at[i].shape[d]);
  for (size_t i = 0; i < t->buffers.n; i++) {
    const tog_buffer *b = &t->buffers.at[i];
    int64_t stride = (int64_t)dtype_bytes(b->type), sum = 0;
    for (int d = b->rank - 1; d >= 0; d--) {
      if (extent > OVERRUN_BYTES_MAX || stride > OVERRUN_BYTES_MAX || (sum += 2 * extent * stride) > OVERRUN_BYTES_MAX)
        return OVERRUN_BYTES_MAX;
      stride *= b->shape[d];
    }
    reach = max64(reach, sum);
  }
  return reach;
}

/* All cores' memories in one piece, and some room behind it: a tile function called with wrong extents then runs into other slots, as it would
 * on the chip, and not into the simulator. */
static void build_memory(sim *s) {
  const tog *t = s->t;
  int64_t used = 0;
  for (size_t b = 0; b < t->buffers.n; b++)
    for (int i = 0; i < t->buffers.at[b].depth; i++)
      if (s->is_backed[s->slot_base[b] + i])
        used = max64(used, t->buffers.at[b].offset + i * t->buffers.at[b].stride + slot_reach(&t->buffers.at[b]));
  used = (used + 63) & ~(int64_t)63;
  size_t bytes = (size_t)s->n_cores * (size_t)used;
  unsigned char *all = arena_alloc(&s->ctx->scratch, bytes + (size_t)overrun_bytes(t));
  memset(all, 0xFF, bytes);
  s->l1 = ARENA_NEW_N(&s->ctx->scratch, unsigned char *, s->n_cores);
  for (int c = 0; c < s->n_cores; c++)
    s->l1[c] = all + (size_t)c * (size_t)used;
}

loom_status sim_slots_build(sim *s) {
  const tog *t = s->t;
  s->slot_base = ARENA_NEW_N(&s->ctx->scratch, int, t->buffers.n);
  for (size_t b = 0; b < t->buffers.n; b++) {
    s->slot_base[b] = s->n_slots;
    s->n_slots += t->buffers.at[b].depth;
  }
  s->is_backed = ARENA_NEW_N(&s->ctx->scratch, bool, s->n_slots);
  for (size_t b = 0; b < t->buffers.n; b++)
    for (int i = 0; i < t->buffers.at[b].depth; i++) {
      const tog_buffer *x = &t->buffers.at[b];
      s->is_backed[s->slot_base[b] + i] = x->offset + i * x->stride + slot_reach(x) <= s->m->l1_bytes;
    }
  s->told_range = ARENA_NEW_N(&s->ctx->scratch, bool, t->buffers.n);
  s->slots = ARENA_NEW_N(&s->ctx->scratch, sim_slot, (size_t)s->n_cores * (size_t)s->n_slots);
  s->rings = ARENA_NEW_N(&s->ctx->scratch, sim_ring, (size_t)s->n_cores * t->buffers.n);
  if (s->o->exec)
    build_memory(s);
  return LOOM_OK;
}

void *sim_slot_bytes(sim *s, int core, int buffer, int i) {
  const tog_buffer *b = &s->t->buffers.at[buffer];
  return s->l1 && s->is_backed[s->slot_base[buffer] + i] ? s->l1[core] + b->offset + i * b->stride : NULL;
}

static void tell_range(sim *s, const sim_thread *th, int buffer, int i) {
  const tog_buffer *b = &s->t->buffers.at[buffer];
  if (s->told_range[buffer])
    return;
  s->told_range[buffer] = true;
  sim_fault_add(s, SIM_FAULT_L1_RANGE, th->core, buffer, "slot %d of '%s' is bytes %" PRId64 "..%" PRId64 " of the L1, which has %" PRId64, i, b->name,
                b->offset + i * b->stride, b->offset + i * b->stride + slot_reach(b) - 1, s->m->l1_bytes);
}

int sim_slot_open(const sim *s, int core, int buffer, tog_thread owner, bool newest) {
  const sim_ring *r = &s->rings[(size_t)core * s->t->buffers.n + (size_t)buffer];
  int depth = s->t->buffers.at[buffer].depth, found = -1;
  for (int i = 0; i < r->count; i++) {
    int at = (r->head + i) % depth;
    const sim_slot *x = &s->slots[(size_t)core * (size_t)s->n_slots + (size_t)(s->slot_base[buffer] + at)];
    if (x->state != SIM_OPEN || x->owner != owner)
      continue;
    found = at;
    if (!newest)
      break;
  }
  return found;
}

int sim_slot_reserve(sim *s, const sim_thread *th, int buffer) {
  const tog_buffer *b = &s->t->buffers.at[buffer];
  sim_ring *r = sim_ring_at(s, th->core, buffer);
  int i = (r->head + r->count++) % b->depth;
  *sim_slot_at(s, th->core, buffer, i) = (sim_slot){.state = SIM_OPEN, .owner = (uint8_t)th->which};
  if (s->o->record)
    sim_record_slot(s, th->core, buffer, i, SIM_OPEN);
  if (!s->is_backed[s->slot_base[buffer] + i])
    tell_range(s, th, buffer, i);
  void *bytes = sim_slot_bytes(s, th->core, buffer, i);
  if (bytes)
    memset(bytes, 0xFF, (size_t)b->bytes);
  if (bytes && s->o->watch)
    s->o->watch->reserved(s->o->watch->data, &(sim_slot_name){th->core, buffer, i, bytes});
  return i;
}

void sim_slot_publish(sim *s, int core, int buffer, int i) {
  sim_slot_at(s, core, buffer, i)->state = SIM_READY;
  if (s->o->record)
    sim_record_slot(s, core, buffer, i, SIM_READY);
  sim_wake(s, core, buffer, SIM_WAIT_READY);
}
