/* What each instruction does to its core; waiting and waking.  The three threads of a core meet only in its rings of slots. */
#include "sim/sim_private.h"

void sim_schedule(sim *s, sim_thread *th, int64_t tick) {
  if (tick > SIM_TIME_MAX) {
    s->is_out_of_time = true;
    tick = SIM_TIME_MAX;
  }
  sim_queue_push(&s->queue, (sim_event){tick, th - s->threads});
}

void sim_wake(sim *s, int core, int buffer, sim_state state) {
  for (int w = 0; w < TOG_THREADS; w++) {
    sim_thread *th = sim_thread_at(s, core, (tog_thread)w);
    if (th->state == state && th->wait_buffer == buffer) {
      th->state = SIM_RUN;
      sim_schedule(s, th, s->tick);
    }
  }
}

bool sim_wait_for(sim_thread *th, sim_state state, int buffer) {
  th->state = state;
  th->wait_buffer = buffer;
  return false;
}

bool sim_has_free_slot(sim *s, int core, int buffer) { return sim_ring_at(s, core, buffer)->count < s->t->buffers.at[buffer].depth; }

bool sim_has_ready_slot(sim *s, int core, int buffer) {
  const sim_ring *r = sim_ring_at(s, core, buffer);
  return r->count > 0 && sim_slot_at(s, core, buffer, r->head)->state == SIM_READY;
}

static const char *buffer_name(const sim *s, int buffer) { return s->t->buffers.at[buffer].name; }

/* ---- loops ---- */

static bool run_loop(sim *s, sim_thread *th, const sim_instr *in) {
  int64_t trip;
  int var = s->t->n_mesh + in->depth;
  if (!sim_value_get(&in->trip, th->core, th->vars, &trip)) {
    sim_fault_add(s, SIM_FAULT_BAD_EXPR, th->core, -1, "the trip count of %s overflows or divides by zero", sim_place(s, th, in));
    th->state = SIM_HALTED;
    return false;
  }
  th->vars[var] = 0;
  th->trips[in->depth] = trip;
  th->pc = trip > 0 ? th->pc + 1 : in->target;
  return true;
}

static bool run_next(sim *s, sim_thread *th, const sim_instr *in) {
  th->pc = ++th->vars[s->t->n_mesh + in->depth] < th->trips[in->depth] ? in->target : th->pc + 1;
  return true;
}

/* ---- slots ---- */

static bool run_take(sim *s, sim_thread *th, const sim_instr *in) {
  if (!sim_has_free_slot(s, th->core, in->buffer))
    return sim_wait_for(th, SIM_WAIT_FREE, in->buffer);
  sim_slot_reserve(s, th, in->buffer);
  th->pc++;
  return true;
}

static bool run_push(sim *s, sim_thread *th, const sim_instr *in) {
  int i = sim_slot_open(s, th->core, in->buffer, TOG_COMPUTE_THREAD, false);
  if (i < 0)
    sim_fault_add(s, SIM_FAULT_BAD_PUSH, th->core, in->buffer, "%s publishes a slot of '%s', but none is taken", sim_place(s, th, in), buffer_name(s, in->buffer));
  else
    sim_slot_publish(s, th->core, in->buffer, i);
  th->pc++;
  return true;
}

/* What is wrong with freeing the oldest slot, or NULL. */
static const char *give_problem(const sim_ring *r, const sim_slot *x, const sim_thread *th) {
  if (r->count == 0)
    return "which is already free";
  if (x->state == SIM_OPEN && x->owner == TOG_READER)
    return "which a load is still filling";
  if (x->state == SIM_OPEN && th->which != TOG_COMPUTE_THREAD)
    return "which is not published yet";
  return x->readers > 0 ? "which is still being read" : NULL;
}

static bool run_give(sim *s, sim_thread *th, const sim_instr *in) {
  if (in->node->waits && !sim_has_ready_slot(s, th->core, in->buffer))
    return sim_wait_for(th, SIM_WAIT_READY, in->buffer);
  sim_ring *r = sim_ring_at(s, th->core, in->buffer);
  sim_slot *x = sim_slot_at(s, th->core, in->buffer, r->head);
  const char *problem = give_problem(r, x, th);
  th->pc++;
  if (problem) {
    sim_fault_add(s, SIM_FAULT_BAD_GIVE, th->core, in->buffer, "%s frees a slot of '%s' %s", sim_place(s, th, in), buffer_name(s, in->buffer), problem);
    return true;
  }
  if (s->o->record)
    sim_record_slot(s, th->core, in->buffer, r->head, SIM_FREE);
  x->state = SIM_FREE;
  r->head = (r->head + 1) % s->t->buffers.at[in->buffer].depth;
  r->count--;
  sim_wake(s, th->core, in->buffer, SIM_WAIT_FREE);
  return true;
}

/* Reserves the slot of a load, or takes the one it goes on filling. */
static bool run_load(sim *s, sim_thread *th, const sim_instr *in) {
  int64_t opens;
  if (!sim_value_get(&in->opens, th->core, th->vars, &opens)) {
    sim_fault_add(s, SIM_FAULT_BAD_EXPR, th->core, in->buffer, "whether %s reserves a slot overflows or divides by zero", sim_place(s, th, in));
    return sim_halt(th);
  }
  int held = in->in_parts ? sim_slot_open(s, th->core, in->buffer, TOG_READER, true) : -1;
  if (opens == 0 && held >= 0) {
    th->ring_slot = held;
    return sim_load_start(s, th, in);
  }
  if (!sim_has_free_slot(s, th->core, in->buffer))
    return sim_wait_for(th, SIM_WAIT_FREE, in->buffer);
  if (opens == 0)
    sim_fault_add(s, SIM_FAULT_NOT_TAKEN, th->core, in->buffer, "%s goes on filling a slot of '%s', but the reader holds none open", sim_place(s, th, in),
                  buffer_name(s, in->buffer));
  else if (held >= 0)
    sim_fault_add(s, SIM_FAULT_LEAK, th->core, in->buffer, "%s reserves a slot of '%s' while the one before it is still open; the last load into a slot must close it",
                  sim_place(s, th, in), buffer_name(s, in->buffer));
  th->ring_slot = sim_slot_reserve(s, th, in->buffer);
  return sim_load_start(s, th, in);
}

/* ---- the loop ---- */

static bool run_end(sim *s, sim_thread *th) {
  sim_core *c = &s->report->cores[th->core];
  int64_t cycles = s->tick / SIM_TICKS;
  th->state = SIM_DONE;
  c->cycles = cycles > c->cycles ? cycles : c->cycles;
  return false;
}

static bool run_one(sim *s, sim_thread *th, const sim_instr *in) {
  switch (in->op) {
  case SIM_OP_LOOP: return run_loop(s, th, in);
  case SIM_OP_NEXT: return run_next(s, th, in);
  case SIM_OP_LOAD: return run_load(s, th, in);
  case SIM_OP_STORE: return sim_has_ready_slot(s, th->core, in->buffer) ? sim_store_start(s, th, in) : sim_wait_for(th, SIM_WAIT_READY, in->buffer);
  case SIM_OP_TAKE: return run_take(s, th, in);
  case SIM_OP_COMPUTE: return sim_compute_start(s, th, in);
  case SIM_OP_PUSH: return run_push(s, th, in);
  case SIM_OP_GIVE: return run_give(s, th, in);
  case SIM_OP_SEND: return sim_has_ready_slot(s, th->core, in->buffer) ? sim_send_start(s, th, in) : sim_wait_for(th, SIM_WAIT_READY, in->buffer);
  case SIM_OP_COLLECT: return sim_has_free_slot(s, th->core, in->buffer) ? sim_collect_start(s, th, in) : sim_wait_for(th, SIM_WAIT_FREE, in->buffer);
  case SIM_OP_END: return run_end(s, th);
  }
  return false;
}

static bool spend(sim *s) {
  s->report->events++;
  if (s->o->event_budget > 0 && s->report->events > s->o->event_budget)
    s->is_out_of_budget = true;
  return !s->is_out_of_budget;
}

void sim_thread_run(sim *s, sim_thread *th) {
  while (spend(s)) {
    const sim_instr *in = sim_instr_of(s, th);
    if (!run_one(s, th, in))
      return;
    if (s->o->record)
      sim_record_left(s, th, in);
  }
}

void sim_thread_event(sim *s, sim_thread *th) {
  const sim_instr *in = sim_instr_of(s, th);
  if (!spend(s))
    return;
  if (s->o->record)
    s->o->record->who = (int)(th - s->threads);
  bool was_waiting = th->state != SIM_RUN;
  if (!was_waiting || (th->state == SIM_BUSY ? sim_compute_end(s, th, in) : sim_transfer_event(s, th, in))) {
    if (was_waiting && s->o->record)
      sim_record_left(s, th, in);
    sim_thread_run(s, th);
  }
  if (s->o->record)
    sim_record_state(s, th);
}
