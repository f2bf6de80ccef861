/* Loads and stores under way.
 *   unicast load     start: channels queue the parts -> READING: each part enters the network when its first byte is out -> LANDING
 *   store            start -> LEAVING: all parts enter the network -> WRITING: each part queues at its channel when it gets there -> LANDING
 *   multicast send   as a load; landed: wait for the receivers -> SENDING: into the tree -> SENT
 *   multicast recv   announce, WAIT_SENDER -> ARRIVING */
#include "sim/sim_private.h"

static int64_t max64(int64_t a, int64_t b) { return a > b ? a : b; }

static int *waiting_at(sim *s, int load, int sender) { return &s->waiting[(size_t)load * (size_t)s->n_cores + (size_t)sender]; }

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
  for (int i = 0; i < th->n_parts; i++) {
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
    p->first_tick = f.first;
    p->last_tick = f.last;
    first = f.first < first ? f.first : first;
  }
  th->state = SIM_WRITING;
  sim_schedule(s, th, first);
}

/* ---- multicast ---- */

static bool is_in_rect(const tog *t, const sim_rect *r, int core) {
  int64_t at[TOG_MESH_MAX];
  sim_core_coords(t, core, at);
  for (int d = 0; d < t->n_mesh; d++)
    if (at[d] < r->ul[d] || at[d] > r->lr[d])
      return false;
  return true;
}

static bool waits_for(sim *s, int core, const sim_instr *in, int sender) {
  const sim_thread *r = sim_thread_at(s, core, TOG_READER);
  return r->state == SIM_WAIT_SENDER && r->sender == sender && sim_instr_of(s, r) == in;
}

/* Receivers that wait for a sender whose rectangle does not hold them will wait for ever. */
static void report_strays(sim *s, const sim_thread *th, const sim_instr *in) {
  for (int c = 0; c < s->n_cores; c++) {
    sim_thread *r = sim_thread_at(s, c, TOG_READER);
    if (!waits_for(s, c, in, th->core) || r->is_stray || is_in_rect(s->t, &th->rect, c))
      continue;
    r->is_stray = true;
    sim_fault_add(s, SIM_FAULT_MULTICAST, c, in->buffer, "%s waits for core %s, which does not send to it", sim_place(s, r, in),
                  sim_core_text(&s->ctx->mem, s->t, th->core));
  }
}

/* The first core of the rectangle that has not announced itself, or -1; *latest: when the last word gets here; *n: receivers found. */
static int missing_receiver(sim *s, const sim_thread *th, const sim_instr *in, int64_t *latest, int *n) {
  const tog *t = s->t;
  int64_t at[TOG_MESH_MAX];
  int missing = -1;
  *n = 0;
  for (int d = 0; d < t->n_mesh; d++)
    at[d] = th->rect.ul[d];
  for (bool more = true; more;) {
    int c = sim_core_at(t, at);
    if (c != th->core && waits_for(s, c, in, th->core)) {
      *latest = max64(*latest, sim_thread_at(s, c, TOG_READER)->announced_tick);
      ++*n;
    } else if (c != th->core && missing < 0) {
      missing = c;
    }
    more = false;
    for (int d = t->n_mesh - 1; d >= 0 && !more; d--) {
      more = ++at[d] <= th->rect.lr[d];
      if (!more)
        at[d] = th->rect.ul[d];
    }
  }
  return missing;
}

/* The sender has its data: sends when the last word is here, or waits. */
static void try_send(sim *s, sim_thread *th, const sim_instr *in) {
  int64_t latest = s->tick;
  int found = 0;
  if (*waiting_at(s, in->load, th->core) < th->n_receivers) {
    th->state = SIM_WAIT_RECEIVERS;
    return;
  }
  int missing = missing_receiver(s, th, in, &latest, &found);
  if (*waiting_at(s, in->load, th->core) > found)
    report_strays(s, th, in);
  if (missing >= 0) {
    th->state = SIM_WAIT_RECEIVERS;
    return;
  }
  th->state = SIM_SENDING;
  sim_schedule(s, th, sim_ceil_cycle(latest));
}

static void arrive(sim *s, int core, int64_t tick, void *data) {
  const sim_thread *th = data;
  const sim_instr *in = sim_instr_of(s, th);
  sim_thread *r = sim_thread_at(s, core, TOG_READER);
  if (r->ring_slot != th->ring_slot)
    sim_fault_add(s, SIM_FAULT_MULTICAST, core, in->buffer, "%s: core %s sends to its slot %d, but this core reserved slot %d", sim_place(s, r, in),
                  sim_core_text(&s->ctx->mem, s->t, th->core), th->ring_slot, r->ring_slot);
  r->region = th->region;
  r->state = SIM_ARRIVING;
  sim_schedule(s, r, sim_ceil_cycle(tick));
  if (s->o->record) {
    sim_record_state(s, r);
    sim_record_flow(s, th, core, tick);
  }
}

static void send(sim *s, sim_thread *th, const sim_instr *in) {
  *waiting_at(s, in->load, th->core) -= th->n_receivers;
  int64_t start = s->tick + (th->region.bytes > 0 ? s->setup_ticks : 0);
  th->state = SIM_SENT;
  int64_t left = sim_noc_multicast(s, in->load, th->core, &th->rect, th->region.bytes, start, arrive, th);
  sim_schedule(s, th, sim_ceil_cycle(left));
}

static void announce(sim *s, sim_thread *th, const sim_instr *in, int sender) {
  th->state = SIM_WAIT_SENDER;
  th->sender = sender;
  th->is_stray = false;
  th->announced_tick = s->tick + sim_noc_hops(&s->noc, th->core, sender) * s->noc.hop_ticks;
  ++*waiting_at(s, in->load, sender);
  sim_thread *x = sim_thread_at(s, sender, TOG_READER);
  if (x->state == SIM_WAIT_RECEIVERS && sim_instr_of(s, x) == in)
    try_send(s, x, in);
}

static bool group_values(sim *s, const sim_thread *th, const sim_instr *in, const sim_value *v, int64_t *out) {
  for (int d = 0; d < s->t->n_mesh; d++)
    if (!sim_value_get(&v[d], th->core, th->vars, &out[d])) {
      sim_fault_add(s, SIM_FAULT_BAD_EXPR, th->core, in->buffer, "a multicast coordinate of %s overflows or divides by zero", sim_place(s, th, in));
      return false;
    }
  return true;
}

/* The sender's rectangle, cut to the mesh (with a fault) where it reaches over it. */
static bool read_rect(sim *s, sim_thread *th, const sim_instr *in) {
  sim_rect *r = &th->rect;
  bool is_cut = false;
  int64_t cores = 1;
  *r = (sim_rect){{0}, {0}};
  if (!group_values(s, th, in, in->ul, r->ul) || !group_values(s, th, in, in->lr, r->lr))
    return false;
  for (int d = 0; d < s->t->n_mesh; d++) {
    is_cut = is_cut || r->ul[d] < 0 || r->lr[d] >= s->t->mesh_size[d] || r->ul[d] > r->lr[d];
    r->ul[d] = max64(r->ul[d], 0);
    r->lr[d] = r->lr[d] < s->t->mesh_size[d] ? r->lr[d] : s->t->mesh_size[d] - 1;
    cores *= r->ul[d] > r->lr[d] ? 0 : r->lr[d] - r->ul[d] + 1;
  }
  if (is_cut)
    sim_fault_add(s, SIM_FAULT_MULTICAST, th->core, in->buffer, "the rectangle of %s is empty or reaches over the mesh", sim_place(s, th, in));
  th->n_receivers = cores == 0 ? 0 : (int)(cores - is_in_rect(s->t, r, th->core));
  return true;
}

/* ---- loads ---- */

static bool publish(sim *s, sim_thread *th, const sim_instr *in) {
  if (th->region.bytes > 0)
    sim_slot_at(s, th->core, in->buffer, th->ring_slot)->is_written = true;
  th->pc++;
  th->state = SIM_RUN;
  sim_slot_publish(s, th->core, in->buffer, th->ring_slot);
  return true;
}

static bool land_load(sim *s, sim_thread *th, const sim_instr *in) {
  sim_box_to_l1(s, in, &th->region, sim_slot_bytes(s, th->core, in->buffer, th->ring_slot));
  if (in->node->has_group && th->n_receivers == 0 && *waiting_at(s, in->load, th->core) > 0)
    report_strays(s, th, in);
  if (!in->node->has_group || th->n_receivers == 0)
    return publish(s, th, in);
  try_send(s, th, in);
  return false;
}

static bool halt(sim_thread *th) {
  th->state = SIM_HALTED;
  return false;
}

bool sim_load_start(sim *s, sim_thread *th, const sim_instr *in) {
  th->ring_slot = sim_slot_reserve(s, th, in->buffer);
  th->region.bytes = 0;
  if (in->node->has_group) {
    int64_t at[TOG_MESH_MAX];
    if (!group_values(s, th, in, in->sender, at))
      return halt(th);
    int sender = sim_core_at(s->t, at);
    if (sender < 0) {
      sim_fault_add(s, SIM_FAULT_MULTICAST, th->core, in->buffer, "the sender of %s is off the mesh", sim_place(s, th, in));
      return halt(th);
    }
    if (sender != th->core) {
      announce(s, th, in, sender);
      return false;
    }
    if (!read_rect(s, th, in))
      return halt(th);
  }
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
  switch (th->state) {
  case SIM_READING: step_parts(s, th, read_part); return false;
  case SIM_LEAVING: start_write(s, th); return false;
  case SIM_WRITING: step_parts(s, th, write_part); return false;
  case SIM_LANDING: return in->op == SIM_OP_LOAD ? land_load(s, th, in) : land_store(s, th, in);
  case SIM_SENDING: send(s, th, in); return false;
  case SIM_ARRIVING: sim_box_to_l1(s, in, &th->region, sim_slot_bytes(s, th->core, in->buffer, th->ring_slot)); return publish(s, th, in);
  case SIM_SENT: return publish(s, th, in);
  default: return false;
  }
}

int sim_missing_receiver(sim *s, const sim_thread *th, const sim_instr *in) {
  int64_t latest = 0;
  int found;
  return missing_receiver(s, th, in, &latest, &found);
}
