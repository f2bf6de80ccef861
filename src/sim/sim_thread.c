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

static bool wait_for(sim_thread *th, sim_state state, int buffer) {
  th->state = state;
  th->wait_buffer = buffer;
  return false;
}

static bool has_free_slot(sim *s, int core, int buffer) { return sim_ring_at(s, core, buffer)->count < s->t->buffers.at[buffer].depth; }

/* The oldest slot in use has been published. */
static bool has_ready_slot(sim *s, int core, int buffer) {
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
  if (!has_free_slot(s, th->core, in->buffer))
    return wait_for(th, SIM_WAIT_FREE, in->buffer);
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
  if (in->node->waits && !has_ready_slot(s, th->core, in->buffer))
    return wait_for(th, SIM_WAIT_READY, in->buffer);
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
  if (!has_free_slot(s, th->core, in->buffer))
    return wait_for(th, SIM_WAIT_FREE, in->buffer);
  if (opens == 0)
    sim_fault_add(s, SIM_FAULT_NOT_TAKEN, th->core, in->buffer, "%s goes on filling a slot of '%s', but the reader holds none open", sim_place(s, th, in),
                  buffer_name(s, in->buffer));
  else if (held >= 0)
    sim_fault_add(s, SIM_FAULT_LEAK, th->core, in->buffer, "%s reserves a slot of '%s' while the one before it is still open; the last load into a slot must close it",
                  sim_place(s, th, in), buffer_name(s, in->buffer));
  th->ring_slot = sim_slot_reserve(s, th, in->buffer);
  return sim_load_start(s, th, in);
}

/* ---- compute ---- */

/* The slot a use means; what is wrong with it becomes a fault. */
static int slot_of_use(sim *s, const sim_thread *th, const sim_instr *in, const tog_use *u) {
  const sim_ring *r = sim_ring_at(s, th->core, u->buffer);
  if (u->access == TOG_READ) {
    if (!has_ready_slot(s, th->core, u->buffer))
      sim_fault_add(s, SIM_FAULT_EARLY_READ, th->core, u->buffer, "%s reads '%s' without waiting for it; no slot is published", sim_place(s, th, in),
                    buffer_name(s, u->buffer));
    else if (!sim_slot_at(s, th->core, u->buffer, r->head)->is_written)
      sim_fault_add(s, SIM_FAULT_UNINIT, th->core, u->buffer, "%s reads a slot of '%s' that nothing was written to", sim_place(s, th, in),
                    buffer_name(s, u->buffer));
    return r->head;
  }
  int i = sim_slot_open(s, th->core, u->buffer, TOG_COMPUTE_THREAD, true);
  if (i < 0) {
    sim_fault_add(s, SIM_FAULT_NOT_TAKEN, th->core, u->buffer, "%s writes '%s' without having taken a slot", sim_place(s, th, in), buffer_name(s, u->buffer));
    return (r->head + r->count) % s->t->buffers.at[u->buffer].depth;
  }
  if (u->access == TOG_UPDATE && !sim_slot_at(s, th->core, u->buffer, i)->is_written)
    sim_fault_add(s, SIM_FAULT_UNINIT, th->core, u->buffer, "%s updates a slot of '%s' that nothing was written to", sim_place(s, th, in),
                  buffer_name(s, u->buffer));
  return i;
}

static int64_t largest_extent(const sim *s, const tog_node *n) {
  int64_t extent = 1;
  for (size_t i = 0; i < n->uses.n; i++) {
    const tog_buffer *b = &s->t->buffers.at[n->uses.at[i].buffer];
    for (int d = 0; d < b->rank; d++)
      extent = b->shape[d] > extent ? b->shape[d] : extent;
  }
  return extent;
}

/* Arguments and cycles; false: a fault, and the node is skipped.  *skip: it is not active. */
static bool read_args(sim *s, const sim_thread *th, const sim_instr *in, int64_t *args, int64_t *cycles, bool *skip) {
  int64_t active = 1;
  bool ok = !in->has_active || sim_value_get(&in->active, th->core, th->vars, &active);
  *skip = ok && active == 0;
  if (*skip)
    return true;
  for (size_t i = 0; ok && i < in->n_args; i++)
    ok = sim_value_get(&in->args[i], th->core, th->vars, &args[i]);
  for (size_t i = 0; ok && i < in->node->numbers.n; i++)
    ok = sim_value_get(&in->numbers[i], th->core, th->vars, &args[in->n_args + i]);
  ok = ok && sim_value_get(&in->cycles, th->core, th->vars, cycles);
  if (!ok || *cycles < 0 || *cycles > SIM_CYCLES_MAX) {
    sim_fault_add(s, SIM_FAULT_BAD_EXPR, th->core, -1, "an argument or the cycle count of %s overflows, divides by zero or is negative", sim_place(s, th, in));
    return false;
  }
  for (size_t i = 0; i < in->n_args; i++)
    if (args[i] < 0 || args[i] > largest_extent(s, in->node)) {
      sim_fault_add(s, SIM_FAULT_OUT_OF_BOUNDS, th->core, -1, "argument %zu of %s is %" PRId64 "; no dim of its buffers is that long", i, sim_place(s, th, in), args[i]);
      return false;
    }
  return true;
}

/* The tile function runs at the start, on the inputs as they are then; nobody may look at its results before the end. */
static void call_function(sim *s, const sim_thread *th, const sim_instr *in, const int *slots, const int64_t *args) {
  void *buf[TOG_ARGS_MAX];
  if (!s->o->exec || in->node->function < 0)
    return;
  for (size_t i = 0; i < in->node->uses.n; i++)
    if (!(buf[i] = sim_slot_bytes(s, th->core, in->node->uses.at[i].buffer, slots[i])))
      return;
  s->o->exec->functions[in->node->function](buf, args);
  if (s->o->watch)
    s->o->watch->computed(s->o->watch->data, &(sim_at){in->node, th->core, th->vars}, slots, buf);
}

static bool end_compute(sim *s, sim_thread *th, const sim_instr *in) {
  for (size_t i = 0; i < in->node->uses.n; i++) {
    const tog_use *u = &in->node->uses.at[i];
    if (u->access != TOG_READ) {
      int slot = sim_slot_open(s, th->core, u->buffer, TOG_COMPUTE_THREAD, true);
      if (slot >= 0)
        sim_slot_at(s, th->core, u->buffer, slot)->is_written = true;
    } else {
      const sim_ring *r = sim_ring_at(s, th->core, u->buffer);
      sim_slot *x = sim_slot_at(s, th->core, u->buffer, r->head);
      if (x->readers > 0)
        x->readers--;
    }
  }
  th->pc++;
  th->state = SIM_RUN;
  return true;
}

static bool run_compute(sim *s, sim_thread *th, const sim_instr *in) {
  int64_t args[TOG_ARGS_MAX] = {0}, cycles = 0;
  int slots[TOG_ARGS_MAX];
  bool skip;
  for (size_t i = 0; i < in->node->uses.n; i++) {
    const tog_use *u = &in->node->uses.at[i];
    if (u->access == TOG_READ && u->wait && !has_ready_slot(s, th->core, u->buffer))
      return wait_for(th, SIM_WAIT_READY, u->buffer);
  }
  if (!read_args(s, th, in, args, &cycles, &skip) || skip) {
    th->pc++;
    return true;
  }
  for (size_t i = 0; i < in->node->uses.n; i++)
    slots[i] = slot_of_use(s, th, in, &in->node->uses.at[i]);
  for (size_t i = 0; i < in->node->uses.n; i++)
    if (in->node->uses.at[i].access == TOG_READ)
      sim_slot_at(s, th->core, in->node->uses.at[i].buffer, slots[i])->readers++;
  call_function(s, th, in, slots, args);
  s->report->cores[th->core].busy += cycles;
  s->report->units.at[in->unit].busy += cycles;
  if (cycles == 0)
    return end_compute(s, th, in);
  th->state = SIM_BUSY;
  sim_schedule(s, th, s->tick + cycles * SIM_TICKS);
  return false;
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
  case SIM_OP_STORE: return has_ready_slot(s, th->core, in->buffer) ? sim_store_start(s, th, in) : wait_for(th, SIM_WAIT_READY, in->buffer);
  case SIM_OP_TAKE: return run_take(s, th, in);
  case SIM_OP_COMPUTE: return run_compute(s, th, in);
  case SIM_OP_PUSH: return run_push(s, th, in);
  case SIM_OP_GIVE: return run_give(s, th, in);
  case SIM_OP_SEND: return has_ready_slot(s, th->core, in->buffer) ? sim_send_start(s, th, in) : wait_for(th, SIM_WAIT_READY, in->buffer);
  case SIM_OP_COLLECT: return has_free_slot(s, th->core, in->buffer) ? sim_collect_start(s, th, in) : wait_for(th, SIM_WAIT_FREE, in->buffer);
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
  if (!was_waiting || (th->state == SIM_BUSY ? end_compute(s, th, in) : sim_transfer_event(s, th, in))) {
    if (was_waiting && s->o->record)
      sim_record_left(s, th, in);
    sim_thread_run(s, th);
  }
  if (s->o->record)
    sim_record_state(s, th);
}
