/* Loads and stores under way.
 *   load     start: channels queue the parts -> READING: each packet enters the network when its first byte is out -> LANDING
 *            of a tensor in L1: a word goes to each core that holds bytes of it, which come through that core's port and links (sim_l1.c)
 *   store    start -> LEAVING -> WRITING: packets enter the network, and queue at their channels when they get there -> LANDING
 * Bank by bank (sim_bank.c) a part is one packet.  What a load for several cores does before and after that is in sim_multicast.c. */
#include "sim/sim_private.h"

/* Lines of DRAM, each asked for by itself. */
static bool is_by_line(const sim *s, const sim_instr *in) { return s->dram.bank && !sim_in_l1(s, in); }

static void split(sim *s, sim_thread *th, const sim_instr *in) {
  if (sim_in_l1(s, in))
    sim_l1_split(s, th, in->box);
  else
    sim_dram_split(s, th, in->box);
}

/* ---- parts of a load ---- */

static void land_at(sim *s, sim_thread *th) {
  th->state = SIM_LANDING;
  sim_schedule(s, th, max64(sim_ceil_cycle(th->land_tick), s->tick));
}

/* The packet whose first byte is out of its memory enters the network. */
static void read_packet(sim *s, sim_thread *th, sim_part *p) {
  const sim_instr *in = sim_instr_of(s, th);
  int64_t size = is_by_line(s, in) ? p->bytes : min64(p->bytes, s->noc.packet_bytes), last = p->last_tick;
  if (size < p->bytes)
    last = p->first_tick + (int64_t)((__int128)(p->last_tick - p->first_tick) * size / p->bytes);
  sim_front ready = {p->first_tick, last}, f = sim_in_l1(s, in) ? sim_noc_from_node(s, p->channel, th->core, size, ready) : sim_noc_from_channel(s, p->channel, th->core, size, ready);
  th->land_tick = max64(th->land_tick, f.last);
  p->bytes -= size;
  p->first_tick = last;
}

static void end_part(sim_thread *th, sim_part *p) {
  p->is_done = p->bytes == 0;
  th->parts_left -= p->is_done;
}

/* Handles every packet that is due and schedules the next; when none is left the thread lands. */
static void step_read(sim *s, sim_thread *th) {
  int64_t next = INT64_MAX;
  for (int i = 0; i < th->n_parts; i++) {
    sim_part *p = &th->parts[i];
    while (!p->is_done && p->first_tick <= s->tick) {
      read_packet(s, th, p);
      end_part(th, p);
    }
    if (!p->is_done)
      next = min64(next, p->first_tick);
  }
  if (th->parts_left == 0)
    land_at(s, th);
  else
    sim_schedule(s, th, next);
}

/* The rows of a lookup are known when its indices are here, which are read before, all of a box at once, from the channel where they begin. */
static int64_t rows_known(sim *s, sim_thread *th, const sim_box *b, int64_t start) {
  if (!b->has_lookup)
    return start;
  int64_t size = (int64_t)dtype_bytes(s->t->tensors.at[b->lookup_tensor].type), bytes = th->region.extent[b->lookup_dim] * size;
  int channel = (int)(th->region.offset[b->lookup_dim] * size / s->dram.page_bytes % s->dram.n_channels);
  s->report->dram_bytes_read += bytes;
  s->report->cores[th->core].dram_bytes += bytes;
  sim_front f = s->dram.bank ? (sim_front){start, start} : sim_dram_serve(s, channel, bytes, (sim_front){start, start});
  f.first += s->dram.latency_ticks;
  f.last += s->dram.latency_ticks;
  return sim_noc_from_channel(s, channel, th->core, bytes, f).last;
}

/* When the bytes of a part are out of another core's L1, whose port they then queue at: no sooner than the word is there, nor faster than the port goes. */
static void ask_l1(sim *s, const sim_thread *th, sim_part *p, int64_t start) {
  p->first_tick = start + sim_l1_word_ticks(s, th, p);
  p->last_tick = p->first_tick + sim_rate_ticks(s->noc.port_rate, p->bytes);
}

static void start_read_l1(sim *s, sim_thread *th, const sim_instr *in) {
  int64_t first = INT64_MAX, start = rows_known(s, th, in->box, s->tick + s->setup_ticks);
  s->report->l1_bytes_read += th->region.bytes;
  for (int i = 0; i < th->n_parts; i++) {
    ask_l1(s, th, &th->parts[i], start);
    first = min64(first, th->parts[i].first_tick);
  }
  sim_schedule(s, th, first);
}

static void start_read(sim *s, sim_thread *th, const sim_instr *in) {
  split(s, th, in);
  th->land_tick = 0;
  th->state = SIM_READING;
  if (sim_in_l1(s, in)) {
    start_read_l1(s, th, in);
    return;
  }
  s->report->dram_bytes_read += th->region.bytes;
  s->report->cores[th->core].dram_bytes += th->region.bytes;
  int64_t first = INT64_MAX, start = rows_known(s, th, in->box, s->tick + s->setup_ticks);
  for (int i = 0; s->dram.bank && i < th->n_parts; i++)
    th->parts[i].first_tick = first = start;
  for (int i = 0; !s->dram.bank && i < th->n_parts; i++) {
    sim_part *p = &th->parts[i];
    sim_front f = sim_dram_serve(s, p->channel, p->bytes, (sim_front){start, start});
    p->first_tick = f.first + s->dram.latency_ticks;
    p->last_tick = f.last + s->dram.latency_ticks;
    first = min64(first, p->first_tick);
  }
  sim_schedule(s, th, first);
}

/* ---- parts of a store ---- */

/* The packet is at its channel, or in the core's L1; word of it comes back. */
static void write_packet(sim *s, sim_thread *th, sim_part *p) {
  int64_t told = p->last_tick;
  if (sim_in_l1(s, sim_instr_of(s, th)))
    told += sim_l1_word_ticks(s, th, p);
  else
    told = sim_dram_serve(s, p->channel, p->moving, (sim_front){p->first_tick, p->last_tick}).last + s->dram.latency_ticks;
  th->land_tick = max64(th->land_tick, told);
  p->moving = 0;
  end_part(th, p);
}

/* The next part, in turn, that has bytes to send and no packet on its way; NULL: none. */
static sim_part *next_to_inject(sim_thread *th) {
  for (int i = 0; i < th->n_parts; i++) {
    sim_part *p = &th->parts[(th->next_part + i) % th->n_parts];
    if (p->bytes == 0 || p->moving > 0)
      continue;
    th->next_part = (int)(p - th->parts + 1) % th->n_parts;
    return p;
  }
  return NULL;
}

/* One packet's worth at a time leaves the core; what others send may come between. */
static void inject(sim *s, sim_thread *th) {
  const bool is_l1 = sim_in_l1(s, sim_instr_of(s, th));
  sim_part *p;
  for (int64_t burst = 0; (burst < s->noc.packet_bytes || th->inject_tick <= s->tick) && (p = next_to_inject(th)); burst += p->moving) {
    p->moving = min64(p->bytes, s->noc.packet_bytes);
    p->bytes -= p->moving;
    sim_front now = {s->tick, s->tick}, f = is_l1 ? sim_noc_to_node(s, p->channel, th->core, p->moving, now, &th->inject_tick)
                                                  : sim_noc_to_channel(s, p->channel, th->core, p->moving, now, &th->inject_tick);
    p->first_tick = f.first;
    p->last_tick = f.last;
  }
}

static void step_write(sim *s, sim_thread *th) {
  int64_t next = INT64_MAX;
  bool waits = false;
  for (int i = 0; i < th->n_parts; i++)
    if (th->parts[i].moving > 0 && th->parts[i].first_tick <= s->tick)
      write_packet(s, th, &th->parts[i]);
  if (th->inject_tick <= s->tick)
    inject(s, th);
  for (int i = 0; i < th->n_parts; i++) {
    const sim_part *p = &th->parts[i];
    if (p->moving > 0)
      next = min64(next, p->first_tick);
    waits = waits || (p->moving == 0 && p->bytes > 0);
  }
  if (th->parts_left == 0)
    land_at(s, th);
  else
    sim_schedule(s, th, max64(waits ? min64(next, th->inject_tick) : next, s->tick));
}

/* Bank by bank: a part's lines are written when all of it is there. */
static void send_parts(sim *s, sim_thread *th) {
  int64_t first = INT64_MAX, left;
  for (int i = 0; i < th->n_parts; i++) {
    sim_part *p = &th->parts[i];
    sim_front f = sim_noc_to_channel(s, p->channel, th->core, p->bytes, (sim_front){s->tick, s->tick}, &left);
    p->first_tick = p->last_tick = f.last;
    first = min64(first, p->first_tick);
  }
  sim_schedule(s, th, first);
}

static void start_write(sim *s, sim_thread *th) {
  th->state = SIM_WRITING;
  th->next_part = 0;
  th->inject_tick = s->tick;
  if (is_by_line(s, sim_instr_of(s, th)))
    send_parts(s, th);
  else
    step_write(s, th);
}

void sim_part_answered(sim *s, sim_thread *th, sim_part *p) {
  if (th->state == SIM_READING)
    read_packet(s, th, p);
  else
    th->land_tick = max64(th->land_tick, p->last_tick);
  if (--th->parts_left == 0)
    land_at(s, th);
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
  split(s, th, in);
  bool is_l1 = sim_in_l1(s, in);
  *(is_l1 ? &s->report->l1_bytes_written : &s->report->dram_bytes_written) += th->region.bytes;
  s->report->cores[th->core].dram_bytes += is_l1 ? 0 : th->region.bytes;
  th->land_tick = 0;
  th->state = SIM_LEAVING;
  sim_schedule(s, th, rows_known(s, th, in->box, s->tick + s->setup_ticks));
  return false;
}

/* ---- events ---- */

bool sim_transfer_event(sim *s, sim_thread *th, const sim_instr *in) {
  if (in->op == SIM_OP_SEND || in->op == SIM_OP_COLLECT)
    return sim_gather_event(s, th, in);
  if (is_by_line(s, in) && (th->state == SIM_READING || th->state == SIM_WRITING)) {
    sim_bank_queue(s, th, in, th->state == SIM_WRITING);
    return false;
  }
  switch (th->state) {
  case SIM_READING: step_read(s, th); return false;
  case SIM_LEAVING: start_write(s, th); return false;
  case SIM_WRITING: step_write(s, th); return false;
  case SIM_LANDING: return in->op == SIM_OP_LOAD ? land_load(s, th, in) : land_store(s, th, in);
  case SIM_SENDING:
  case SIM_SENT: return sim_group_event(s, th, in) ? end_load(s, th, in) : false;
  case SIM_ARRIVING: return land_copy(s, th, in);
  default: return false;
  }
}
