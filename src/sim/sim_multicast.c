/* One load for the cores of a rectangle.
 *   sender    as a load; landed: wait for the receivers -> SENDING: into the tree -> SENT
 *   receiver  announce itself, WAIT_SENDER -> ARRIVING
 * A chain (sim_chain.c) begins with a multicast to the cores that the links do not lead to one by one. */
#include "sim/sim_private.h"

int *sim_waiting_at(sim *s, int load, int sender) { return &s->waiting[(size_t)load * (size_t)s->n_cores + (size_t)sender]; }

bool sim_in_rect(const tog *t, const sim_rect *r, int core) {
  int64_t at[TOG_MESH_MAX];
  sim_core_coords(t, core, at);
  for (int d = 0; d < t->n_mesh; d++)
    if (at[d] < r->ul[d] || at[d] > r->lr[d])
      return false;
  return true;
}

bool sim_waits_for(sim *s, int core, const sim_instr *in, int sender) {
  const sim_thread *r = sim_thread_at(s, core, TOG_READER);
  return r->state == SIM_WAIT_SENDER && r->sender == sender && sim_instr_of(s, r) == in;
}

void sim_report_strays(sim *s, const sim_thread *th, const sim_instr *in, bool (*is_served)(sim *, const sim_thread *, const sim_instr *, int core)) {
  for (int c = 0; c < s->n_cores; c++) {
    sim_thread *r = sim_thread_at(s, c, TOG_READER);
    if (!sim_waits_for(s, c, in, th->core) || r->is_stray || is_served(s, th, in, c))
      continue;
    r->is_stray = true;
    sim_fault_add(s, SIM_FAULT_MULTICAST, c, in->buffer, "%s waits for core %s, which does not send to it", sim_place(s, r, in),
                  sim_core_text(&s->ctx->mem, s->t, th->core));
  }
}

static bool is_in_own_rect(sim *s, const sim_thread *th, const sim_instr *in, int core) {
  (void)in;
  return sim_in_rect(s->t, &th->rect, core);
}

/* ---- sender ---- */

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
    if (c != th->core && sim_waits_for(s, c, in, th->core)) {
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

int sim_missing_receiver(sim *s, const sim_thread *th, const sim_instr *in) {
  int64_t latest = 0;
  int found;
  return in->op == SIM_OP_SEND || (in->is_chain && th->forward >= 0) ? th->receiver : missing_receiver(s, th, in, &latest, &found);
}

/* The sender has its data: sends when the last word is here, or waits. */
static void try_send(sim *s, sim_thread *th, const sim_instr *in) {
  int64_t latest = s->tick;
  int found = 0;
  th->state = SIM_WAIT_RECEIVERS;
  if (*sim_waiting_at(s, in->load, th->core) < th->n_receivers)
    return;
  int missing = missing_receiver(s, th, in, &latest, &found);
  if (!in->is_chain && *sim_waiting_at(s, in->load, th->core) > found)
    sim_report_strays(s, th, in, is_in_own_rect);
  if (missing >= 0)
    return;
  th->state = SIM_SENDING;
  sim_schedule(s, th, sim_ceil_cycle(latest));
}

void sim_group_arrive(sim *s, int core, int64_t tick, void *data) {
  const sim_thread *th = data;
  const sim_instr *in = sim_instr_of(s, th);
  sim_thread *r = sim_thread_at(s, core, TOG_READER);
  if (r->ring_slot != th->ring_slot)
    sim_fault_add(s, SIM_FAULT_MULTICAST, core, in->buffer, "%s: core %s sends to its slot %d, but this core reserved slot %d", sim_place(s, r, in),
                  sim_core_text(&s->ctx->mem, s->t, th->core), th->ring_slot, r->ring_slot);
  if (r->place != th->place)
    sim_fault_add(s, SIM_FAULT_MULTICAST, core, in->buffer, "%s: core %s sends to element %" PRId64 " of its slot, but this core to %" PRId64, sim_place(s, r, in),
                  sim_core_text(&s->ctx->mem, s->t, th->core), th->place, r->place);
  r->region = th->region;
  r->place = th->place;
  r->state = SIM_ARRIVING;
  sim_schedule(s, r, sim_ceil_cycle(tick));
  if (s->o->record) {
    sim_record_state(s, r);
    sim_record_flow(s, th, core, tick);
  }
}

int64_t sim_next_packet(sim *s, sim_thread *th, int64_t *start, bool *is_last) {
  int64_t rest = th->region.bytes - th->sent, bytes = rest < s->noc.packet_bytes ? rest : s->noc.packet_bytes;
  *start = s->tick + (th->sent == 0 && rest > 0 ? s->setup_ticks : 0);
  *is_last = bytes == rest;
  th->sent += bytes;
  return bytes;
}

void sim_packet_left(sim *s, sim_thread *th, int64_t left, bool is_last) {
  if (is_last) {
    th->sent = 0;
    th->state = SIM_SENT;
  }
  sim_schedule(s, th, is_last ? sim_ceil_cycle(left) : left);
}

static void send(sim *s, sim_thread *th, const sim_instr *in) {
  if (th->sent == 0)
    *sim_waiting_at(s, in->load, th->core) -= th->n_receivers;
  bool is_last;
  int64_t start, bytes = sim_next_packet(s, th, &start, &is_last);
  int64_t left = sim_noc_multicast(s, in->load, th->core, &th->rect, bytes, start, is_last ? sim_group_arrive : NULL, th);
  sim_packet_left(s, th, left, is_last);
}

/* ---- receiver ---- */

static void announce(sim *s, sim_thread *th, const sim_instr *in, int sender) {
  th->state = SIM_WAIT_SENDER;
  th->sender = sender;
  th->is_stray = false;
  th->announced_tick = s->tick + sim_noc_hops(&s->noc, th->core, sender) * s->noc.hop_ticks;
  ++*sim_waiting_at(s, in->load, sender);
  sim_thread *x = sim_thread_at(s, sender, TOG_READER);
  if (x->state != SIM_WAIT_RECEIVERS || sim_instr_of(s, x) != in)
    return;
  if (in->is_chain && x->forward >= 0)
    sim_chain_try(s, x, in);
  else
    try_send(s, x, in);
}

/* ---- both ---- */

static bool group_values(sim *s, const sim_thread *th, const sim_instr *in, const sim_value *v, int64_t *out) {
  for (int d = 0; d < s->t->n_mesh; d++)
    if (!sim_value_get(&v[d], th->core, th->vars, &out[d])) {
      sim_fault_add(s, SIM_FAULT_BAD_EXPR, th->core, in->buffer, "a multicast coordinate of %s overflows or divides by zero", sim_place(s, th, in));
      return false;
    }
  return true;
}

/* The load's rectangle, cut to the mesh (with a fault) where it reaches over it.  *n: its cores. */
static bool read_rect(sim *s, const sim_thread *th, const sim_instr *in, sim_rect *r, int64_t *n) {
  bool is_cut = false;
  *n = 1;
  *r = (sim_rect){{0}, {0}};
  if (!group_values(s, th, in, in->ul, r->ul) || !group_values(s, th, in, in->lr, r->lr))
    return false;
  for (int d = 0; d < s->t->n_mesh; d++) {
    is_cut = is_cut || r->ul[d] < 0 || r->lr[d] >= s->t->mesh_size[d] || r->ul[d] > r->lr[d];
    r->ul[d] = max64(r->ul[d], 0);
    r->lr[d] = r->lr[d] < s->t->mesh_size[d] ? r->lr[d] : s->t->mesh_size[d] - 1;
    *n *= r->ul[d] > r->lr[d] ? 0 : r->lr[d] - r->ul[d] + 1;
  }
  if (is_cut)
    sim_fault_add(s, SIM_FAULT_MULTICAST, th->core, in->buffer, "the rectangle of %s is empty or reaches over the mesh", sim_place(s, th, in));
  return true;
}

bool sim_group_start(sim *s, sim_thread *th, const sim_instr *in) {
  int64_t at[TOG_MESH_MAX], cores;
  if (!group_values(s, th, in, in->sender, at))
    return sim_halt(th);
  int sender = sim_core_at(s->t, at);
  if (sender < 0) {
    sim_fault_add(s, SIM_FAULT_MULTICAST, th->core, in->buffer, "the sender of %s is off the mesh", sim_place(s, th, in));
    return sim_halt(th);
  }
  th->forward = -1;
  if (in->is_chain) {
    if (!read_rect(s, th, in, &th->group, &cores))
      return sim_halt(th);
    sender = sim_chain_sender(s, th, in, sender);
    if (sender < 0)
      return sim_halt(th);
  }
  if (sender != th->core) {
    announce(s, th, in, sender);
    return false;
  }
  if (!in->is_chain) {
    if (!read_rect(s, th, in, &th->rect, &cores))
      return sim_halt(th);
    th->n_receivers = cores == 0 ? 0 : (int)(cores - sim_in_rect(s->t, &th->rect, th->core));
  }
  return true;
}

bool sim_group_landed(sim *s, sim_thread *th, const sim_instr *in) {
  if (th->n_receivers > 0) {
    try_send(s, th, in);
    return false;
  }
  if (in->is_chain)
    return sim_chain_forward(s, th, in);
  if (*sim_waiting_at(s, in->load, th->core) > 0)
    sim_report_strays(s, th, in, is_in_own_rect);
  return true;
}

bool sim_group_event(sim *s, sim_thread *th, const sim_instr *in) {
  if (th->state == SIM_SENT)
    return !in->is_chain || sim_chain_forward(s, th, in);
  if (in->is_chain && th->forward >= 0)
    sim_chain_send(s, th, in);
  else
    send(s, th, in);
  return false;
}
