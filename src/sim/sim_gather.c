/* Tiles from many cores into the rows of one core's slot.
 *   SEND     start -> WAIT_ROW: until the receiver has the row to be filled -> SENDING: over the network -> SENT: the tile is there
 *   COLLECT  start: reserve -> COLLECTING: until all rows are there -> COLLECTED
 * A row is claimed by the first tile for it; a second one waits for the next COLLECT. */
#include "sim/sim_private.h"
#include <string.h>

static int64_t tile_bytes(const tog_buffer *b) { return tog_buffer_elems(b) * (int64_t)dtype_bytes(b->type); }

static bool is_open_row(const sim_thread *r, int64_t row) {
  if ((int64_t)r->rows.n >= r->senders)
    return false;
  for (size_t i = 0; i < r->rows.n; i++)
    if (r->rows.at[i] == row)
      return false;
  return true;
}

/* The receiver's reader is at a COLLECT of the buffer, and the row is still to come: claims it, and sends when the receiver's word is here. */
static bool try_send(sim *s, sim_thread *th, const sim_instr *in) {
  sim_thread *r = sim_thread_at(s, th->receiver, TOG_READER);
  if (r->state != SIM_COLLECTING || sim_instr_of(s, r)->buffer != in->to || !is_open_row(r, th->row))
    return false;
  vec_push(&s->ctx->scratch, &r->rows, th->row);
  int64_t word = r->announced_tick + sim_noc_hops(&s->noc, th->receiver, th->core) * s->noc.hop_ticks;
  th->state = SIM_SENDING;
  sim_schedule(s, th, sim_ceil_cycle(word > s->tick ? word : s->tick));
  return true;
}

/* ---- SEND ---- */

static bool skip(sim_thread *th) {
  th->pc++;
  th->state = SIM_RUN;
  return true;
}

static bool read_send(sim *s, sim_thread *th, const sim_instr *in, int64_t *active) {
  int64_t at[TOG_MESH_MAX];
  const tog_buffer *to = &s->t->buffers.at[in->to];
  bool ok = sim_value_get(&in->active, th->core, th->vars, active);
  if (ok && *active == 0)
    return true;
  ok = ok && sim_value_get(&in->row, th->core, th->vars, &th->row);
  for (int d = 0; ok && d < s->t->n_mesh; d++)
    ok = sim_value_get(&in->receiver[d], th->core, th->vars, &at[d]);
  if (!ok) {
    sim_fault_add(s, SIM_FAULT_BAD_EXPR, th->core, in->buffer, "the row, receiver or condition of %s overflows or divides by zero", sim_place(s, th, in));
    return false;
  }
  if (th->row < 0 || th->row >= to->shape[0]) {
    sim_fault_add(s, SIM_FAULT_OUT_OF_BOUNDS, th->core, in->buffer, "%s sends to row %" PRId64 " of '%s', which has %" PRId64, sim_place(s, th, in), th->row, to->name,
                  to->shape[0]);
    return false;
  }
  th->receiver = sim_core_at(s->t, at);
  if (th->receiver < 0)
    sim_fault_add(s, SIM_FAULT_MULTICAST, th->core, in->buffer, "the receiver of %s is off the mesh", sim_place(s, th, in));
  return th->receiver >= 0;
}

bool sim_send_start(sim *s, sim_thread *th, const sim_instr *in) {
  int64_t active = 1;
  if (!read_send(s, th, in, &active) || active == 0)
    return skip(th);
  th->ring_slot = sim_ring_at(s, th->core, in->buffer)->head;
  th->region.bytes = tile_bytes(&s->t->buffers.at[in->buffer]);
  sim_slot *x = sim_slot_at(s, th->core, in->buffer, th->ring_slot);
  if (!x->is_written)
    sim_fault_add(s, SIM_FAULT_UNINIT, th->core, in->buffer, "%s sends a slot of '%s' that nothing was written to", sim_place(s, th, in),
                  s->t->buffers.at[in->buffer].name);
  x->readers++;
  th->state = SIM_WAIT_ROW;
  try_send(s, th, in);
  return false;
}

static void send(sim *s, sim_thread *th) {
  bool is_last;
  int64_t left, start, bytes = sim_next_packet(s, th, &start, &is_last), there = sim_noc_to_core(s, th->core, th->receiver, bytes, start, &left);
  sim_packet_left(s, th, is_last ? there : left, is_last);
  if (is_last && s->o->record)
    sim_record_flow(s, th, th->receiver, there);
}

static bool land_send(sim *s, sim_thread *th, const sim_instr *in) {
  sim_thread *r = sim_thread_at(s, th->receiver, TOG_READER);
  const unsigned char *from = sim_slot_bytes(s, th->core, in->buffer, th->ring_slot);
  unsigned char *to = sim_slot_bytes(s, r->core, in->to, r->ring_slot);
  if (from && to)
    memmove(to + th->row * th->region.bytes, from, (size_t)th->region.bytes);   /* two buffers of one core may overlap in a wrong graph */
  if (from && to && s->o->watch)
    s->o->watch->sent(s->o->watch->data, &(sim_at){in->node, th->core, th->vars}, &(sim_slot_name){th->core, in->buffer, th->ring_slot, from},
                      &(sim_slot_name){r->core, in->to, r->ring_slot, to}, th->row);
  sim_slot_at(s, th->core, in->buffer, th->ring_slot)->readers--;
  if (++r->landed == r->senders) {
    r->state = SIM_COLLECTED;
    sim_schedule(s, r, s->tick);
    if (s->o->record)
      sim_record_state(s, r);
  }
  return skip(th);
}

/* ---- COLLECT ---- */

static bool end_collect(sim *s, sim_thread *th, const sim_instr *in) {
  sim_slot_at(s, th->core, in->buffer, th->ring_slot)->is_written = th->landed > 0;
  sim_slot_publish(s, th->core, in->buffer, th->ring_slot);
  return skip(th);
}

bool sim_collect_start(sim *s, sim_thread *th, const sim_instr *in) {
  const tog_buffer *b = &s->t->buffers.at[in->buffer];
  th->ring_slot = sim_slot_reserve(s, th, in->buffer);
  th->region.bytes = 0;
  th->rows.n = 0;
  th->landed = 0;
  th->sender = -1;
  if (!sim_value_get(&in->senders, th->core, th->vars, &th->senders)) {
    sim_fault_add(s, SIM_FAULT_BAD_EXPR, th->core, in->buffer, "the number of senders of %s overflows or divides by zero", sim_place(s, th, in));
    return sim_halt(th);
  }
  if (th->senders < 0 || th->senders > (b->rank > 0 ? b->shape[0] : 0)) {
    sim_fault_add(s, SIM_FAULT_OUT_OF_BOUNDS, th->core, in->buffer, "%s waits for %" PRId64 " tiles; '%s' has %" PRId64 " rows", sim_place(s, th, in), th->senders,
                  b->name, b->rank > 0 ? b->shape[0] : 0);
    return sim_halt(th);
  }
  if (th->senders == 0)
    return end_collect(s, th, in);
  th->state = SIM_COLLECTING;
  th->announced_tick = s->tick;
  for (int c = 0; c < s->n_cores; c++) {
    sim_thread *w = sim_thread_at(s, c, TOG_WRITER);
    if (w->state == SIM_WAIT_ROW && w->receiver == th->core && try_send(s, w, sim_instr_of(s, w)) && s->o->record)
      sim_record_state(s, w);
  }
  return false;
}

bool sim_gather_event(sim *s, sim_thread *th, const sim_instr *in) {
  if (th->state == SIM_COLLECTED)
    return end_collect(s, th, in);
  if (th->state == SIM_SENT)
    return land_send(s, th, in);
  send(s, th);
  return false;
}
