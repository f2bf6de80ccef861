/* COMPUTE: waits for what it reads, runs its tile function at once, and is over when its cycles are. */
#include "sim/sim_private.h"

static const char *buffer_name(const sim *s, int buffer) { return s->t->buffers.at[buffer].name; }

/* The slot a use means; what is wrong with it becomes a fault. */
static int slot_of_use(sim *s, const sim_thread *th, const sim_instr *in, const tog_use *u) {
  const sim_ring *r = sim_ring_at(s, th->core, u->buffer);
  if (u->access == TOG_READ) {
    if (!sim_has_ready_slot(s, th->core, u->buffer))
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

bool sim_compute_end(sim *s, sim_thread *th, const sim_instr *in) {
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

bool sim_compute_start(sim *s, sim_thread *th, const sim_instr *in) {
  int64_t args[TOG_ARGS_MAX] = {0}, cycles = 0;
  int slots[TOG_ARGS_MAX];
  bool skip;
  for (size_t i = 0; i < in->node->uses.n; i++) {
    const tog_use *u = &in->node->uses.at[i];
    if (u->access == TOG_READ && u->wait && !sim_has_ready_slot(s, th->core, u->buffer))
      return sim_wait_for(th, SIM_WAIT_READY, u->buffer);
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
    return sim_compute_end(s, th, in);
  th->state = SIM_BUSY;
  sim_schedule(s, th, s->tick + cycles * SIM_TICKS);
  return false;
}
