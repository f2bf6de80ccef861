/* Loads and stores under way.
 *   load     start: channels queue the parts -> READING: each part enters the network when its first byte is out -> LANDING
 *   store    start -> LEAVING: all parts enter the network -> WRITING: each part queues at its channel when it gets there -> LANDING
 * What a load for several cores does before and after that is in sim_multicast.c. */
#include "sim/sim_private.h"

static int64_t max64(int64_t a, int64_t b) { return a > b ? a : b; }

/* ---- parts ---- */

/* Handles every part that is due and schedules the next; when none is left the thread lands. */
static void step_parts(sim *s, sim_thread *th, void (*handle)(sim *, sim_thread *, sim_part *)) {
  int64_t next = INT64_MAX;
  for (int i = 0; i < th->n_parts; i++) {
    sim_part *p = &th->parts[i];
    if (p->is_done)
      continue;
    if (p->first_tick <= s->tick) {
      handle(s, th, p);
      p->is_done = true;
      th->parts_left--;
    } else if (p->first_tick < next) {
      next = p->first_tick;
    }
  }
  if (th->parts_left == 0) {
    th->state = SIM_LANDING;
    next = max64(sim_ceil_cycle(th->land_tick), s->tick);
  }
  sim_schedule(s, th, next);
}

static void read_part(sim *s, sim_thread *th, sim_part *p) {
  sim_front f = sim_noc_from_channel(s, p->channel, th->core, p->bytes, (sim_front){p->first_tick, p->last_tick});
  th->land_tick = max64(th->land_tick, f.last);
}

static void write_part(sim *s, sim_thread *th, sim_part *p) {
  sim_front f = sim_dram_serve(s, p, (sim_front){p->first_tick, p->last_tick});
  th->land_tick = max64(th->land_tick, f.last + s->dram.latency_ticks);
}

static void start_read(sim *s, sim_thread *th, const sim_instr *in) {
  sim_dram_split(s, th, in->box);
  s->report->dram_bytes_read += th->region.bytes;
  s->report->cores[th->core].dram_bytes += th->region.bytes;
  th->land_tick = 0;
  th->state = SIM_READING;
  int64_t first = INT64_MAX, start = s->tick + s->setup_ticks;
  for (int i = 0; s->dram.bank && i < th->n_parts; i++)
    th->parts[i].first_tick = first = start;
  for (int i = 0; !s->dram.bank && i < th->n_parts; i++) {
    sim_part *p = &th->parts[i];
    sim_front f = sim_dram_serve(s, p, (sim_front){start, start});
    p->first_tick = f.first + s->dram.latency_ticks;
    p->last_tick = f.last + s->dram.latency_ticks;
    first = p->first_tick < first ? p->first_tick : first;
  }
  sim_schedule(s, th, first);
}

static void start_write(sim *s, sim_thread *th) {
  int64_t first = INT64_MAX;
  for (int i = 0; i < th->n_parts; i++) {
    sim_part *p = &th->parts[i];
    sim_front f = sim_noc_to_channel(s, p->channel, th->core, p->bytes, (sim_front){s->tick, s->tick});
    p->first_tick = s->dram.bank ? f.last : f.first;
    p->last_tick = f.last;
    first = p->first_tick < first ? p->first_tick : first;
  }
  th->state = SIM_WRITING;
  sim_schedule(s, th, first);
}

void sim_part_answered(sim *s, sim_thread *th, sim_part *p) {
  if (th->state == SIM_READING)
    read_part(s, th, p);
  else
    th->land_tick = max64(th->land_tick, p->last_tick);
  if (--th->parts_left)
    return;
  th->state = SIM_LANDING;
  sim_schedule(s, th, max64(sim_ceil_cycle(th->land_tick), s->tick));
}

/* ---- loads ---- */

bool sim_halt(sim_thread *th) {
  th->state = SIM_HALTED;
  return false;
}

/* The load is over; its slot is published unless another load goes on filling it. */
static bool end_load(sim *s, sim_thread *th, const sim_instr *in) {
  int64_t closes;
  if (th->region.bytes > 0)
    sim_slot_at(s, th->core, in->buffer, th->ring_slot)->is_written = true;
  if (!sim_value_get(&in->closes, th->core, th->vars, &closes)) {
    sim_fault_add(s, SIM_FAULT_BAD_EXPR, th->core, in->buffer, "whether %s publishes its slot overflows or divides by zero", sim_place(s, th, in));
    return sim_halt(th);
  }
  th->pc++;
  th->state = SIM_RUN;
  if (closes != 0)
    sim_slot_publish(s, th->core, in->buffer, th->ring_slot);
  return true;
}

static bool land_load(sim *s, sim_thread *th, const sim_instr *in) {
  sim_box_to_l1(s, th, in, sim_slot_bytes(s, th->core, in->buffer, th->ring_slot));
  return !in->node->has_group || sim_group_landed(s, th, in) ? end_load(s, th, in) : false;
}

static bool land_copy(sim *s, sim_thread *th, const sim_instr *in) {
  sim_box_to_l1(s, th, in, sim_slot_bytes(s, th->core, in->buffer, th->ring_slot));
  return !in->is_chain || sim_chain_forward(s, th, in) ? end_load(s, th, in) : false;
}

bool sim_load_start(sim *s, sim_thread *th, const sim_instr *in) {
  th->region.bytes = 0;
  if (!sim_box_place(s, th, in))
    return sim_halt(th);
  if (in->node->has_group && !sim_group_start(s, th, in))
    return false;
  if (!sim_box_region(s, th, in, &th->region) || th->region.bytes == 0)
    return land_load(s, th, in);
  start_read(s, th, in);
  return false;
}

/* ---- stores ---- */

static bool land_store(sim *s, sim_thread *th, const sim_instr *in) {
  sim_slot_at(s, th->core, in->buffer, th->ring_slot)->readers--;
  sim_box_to_dram(s, th, in, sim_slot_bytes(s, th->core, in->buffer, th->ring_slot));
  th->pc++;
  th->state = SIM_RUN;
  return true;
}

bool sim_store_start(sim *s, sim_thread *th, const sim_instr *in) {
  th->ring_slot = sim_ring_at(s, th->core, in->buffer)->head;
  if (!sim_box_region(s, th, in, &th->region) || th->region.bytes == 0) {
    th->pc++;
    return true;
  }
  if (!sim_slot_at(s, th->core, in->buffer, th->ring_slot)->is_written)
    sim_fault_add(s, SIM_FAULT_UNINIT, th->core, in->buffer, "%s stores a slot of '%s' that nothing was written to", sim_place(s, th, in),
                  s->t->buffers.at[in->buffer].name);
  sim_slot_at(s, th->core, in->buffer, th->ring_slot)->readers++;
  sim_dram_split(s, th, in->box);
  s->report->dram_bytes_written += th->region.bytes;
  s->report->cores[th->core].dram_bytes += th->region.bytes;
  th->land_tick = 0;
  th->state = SIM_LEAVING;
  sim_schedule(s, th, s->tick + s->setup_ticks);
  return false;
}

/* ---- events ---- */

bool sim_transfer_event(sim *s, sim_thread *th, const sim_instr *in) {
  if (in->op == SIM_OP_SEND || in->op == SIM_OP_COLLECT)
    return sim_gather_event(s, th, in);
  if (s->dram.bank && (th->state == SIM_READING || th->state == SIM_WRITING)) {
    sim_bank_queue(s, th, in, th->state == SIM_WRITING);
    return false;
  }
  switch (th->state) {
  case SIM_READING: step_parts(s, th, read_part); return false;
  case SIM_LEAVING: start_write(s, th); return false;
  case SIM_WRITING: step_parts(s, th, write_part); return false;
  case SIM_LANDING: return in->op == SIM_OP_LOAD ? land_load(s, th, in) : land_store(s, th, in);
  case SIM_SENDING:
  case SIM_SENT: return sim_group_event(s, th, in) ? end_load(s, th, in) : false;
  case SIM_ARRIVING: return land_copy(s, th, in);
  default: return false;
  }
}
