/* Set up, run events until none is left, look at what is left. */
#include "sim/sim_private.h"
#include "base/progress.h"

static loom_status check_options(loom_ctx *ctx, const tog *t, const sim_options *o) {
  if (o->exec && t->tensors.n > 0 && !o->tensors)
    return diag_error(ctx, LOOM_NOSPAN, LOOM_EBUG, "a run with values needs the tensors' contents");
  for (size_t i = 0; o->exec && i < t->tensors.n; i++)
    if (!o->tensors[i])
      return diag_error(ctx, LOOM_NOSPAN, LOOM_EBUG, "tensor '%s' has no contents", t->tensors.at[i].name);
  return LOOM_OK;
}

static loom_status build_tensors(sim *s) {
  const tog *t = s->t;
  s->cover = ARENA_NEW_N(&s->ctx->scratch, sim_cover, t->tensors.n);
  for (size_t i = 0; i < t->tensors.n; i++) {
    const tog_tensor *x = &t->tensors.at[i];
    int64_t elems = tog_tensor_elems(x);
    if (!x->is_output)
      continue;
    if (elems > SIM_OUTPUT_ELEMS_MAX)
      return diag_error(s->ctx, LOOM_NOSPAN, LOOM_ELIMIT, "output '%s' has %" PRId64 " elements; the simulator follows at most 2^32", x->name, elems);
    s->cover[i].n_bits = elems;
    s->cover[i].bits = ARENA_NEW_N(&s->ctx->scratch, uint64_t, (elems + 63) / 64);
  }
  return LOOM_OK;
}

static void build_threads(sim *s) {
  size_t n = (size_t)s->n_cores * TOG_THREADS;
  s->threads = ARENA_NEW_N(&s->ctx->scratch, sim_thread, n);
  s->queue.at = ARENA_NEW_N(&s->ctx->scratch, sim_event, n);
  for (int c = 0; c < s->n_cores; c++)
    for (int w = 0; w < TOG_THREADS; w++) {
      sim_thread *th = sim_thread_at(s, c, (tog_thread)w);
      th->core = c;
      th->which = (tog_thread)w;
      th->vars = ARENA_NEW_N(&s->ctx->scratch, int64_t, s->n_vars);
      th->trips = ARENA_NEW_N(&s->ctx->scratch, int64_t, s->n_vars);
      sim_core_coords(s->t, c, th->vars);
      if (w != TOG_COMPUTE_THREAD)
        th->parts = ARENA_NEW_N(&s->ctx->scratch, sim_part, s->has_l1 && s->noc.n_nodes > s->dram.n_channels ? s->noc.n_nodes : s->dram.n_channels);
      sim_schedule(s, th, 0);
    }
}

static loom_status build(sim *s) {
  s->n_cores = 1;
  for (int d = 0; d < s->t->n_mesh; d++)
    s->n_cores *= (int)s->t->mesh_size[d];
  s->report->n_cores = s->n_cores;
  s->report->cores = ARENA_NEW_N(&s->ctx->mem, sim_core, s->n_cores);
  s->setup_ticks = sim_ticks_of(s->m->transfer_setup_cycles.value);
  LOOM_TRY(sim_program_build(s));
  LOOM_TRY(sim_dram_build(s));
  LOOM_TRY(sim_noc_build(s));
  LOOM_TRY(sim_slots_build(s));
  sim_l1_build(s);
  LOOM_TRY(build_tensors(s));
  s->waiting = ARENA_NEW_N(&s->ctx->scratch, int, (size_t)s->n_loads * (size_t)s->n_cores);
  build_threads(s);
  return LOOM_OK;
}

static loom_status run_events(sim *s) {
  enum { TELL_EVERY = 1024 };
  for (int64_t n = 1;; n++) {
    if (n % TELL_EVERY == 0)
      progress_tell("simulated", s->tick / SIM_TICKS, s->t->predicted_cycles);
    int64_t memory = s->dram.bank ? sim_bank_next(s) : INT64_MAX;
    if (memory != INT64_MAX && (!s->queue.n || memory <= s->queue.at[0].tick)) {
      sim_bank_run(s);
    } else if (s->queue.n) {
      sim_event e = sim_queue_pop(&s->queue);
      s->tick = e.tick;
      sim_thread_event(s, &s->threads[e.who]);
    } else
      break;
    if (s->is_out_of_budget)
      return diag_error(s->ctx, LOOM_NOSPAN, LOOM_ELIMIT, "the simulation took more than %" PRId64 " events", s->o->event_budget);
    if (s->is_out_of_time)
      return diag_error(s->ctx, LOOM_NOSPAN, LOOM_ELIMIT, "the simulation ran over 2^52 cycles");
  }
  progress_over("simulated");
  return LOOM_OK;
}

/* ---- what is left ---- */

static const char *waits_for_text(sim *s, const sim_thread *th, const sim_instr *in) {
  arena *m = &s->ctx->mem;
  const tog_buffer *b = th->wait_buffer >= 0 ? &s->t->buffers.at[th->wait_buffer] : NULL;
  switch (th->state) {
  case SIM_WAIT_FREE: return arena_printf(m, "a free slot of '%s' (%d of %d in use)", b->name, sim_ring_at(s, th->core, th->wait_buffer)->count, b->depth);
  case SIM_WAIT_READY:
    return arena_printf(m, "a published slot of '%s'%s", b->name,
                        sim_slot_open(s, th->core, th->wait_buffer, TOG_READER, true) < 0 ? "" : "; the reader holds one open");
  case SIM_WAIT_ROW:
    return arena_printf(m, "core %s to collect row %" PRId64 " of '%s'", sim_core_text(m, s->t, th->receiver), th->row, s->t->buffers.at[in->to].name);
  case SIM_COLLECTING:
    return arena_printf(m, "the tiles of '%s': %" PRId64 " of %" PRId64 " are there", s->t->buffers.at[in->buffer].name, th->landed, th->senders);
  case SIM_WAIT_SENDER: return arena_printf(m, "core %s to send", sim_core_text(m, s->t, th->sender));
  case SIM_WAIT_RECEIVERS: {
    int c = sim_missing_receiver(s, th, in);
    return c < 0 ? "its receivers" : arena_printf(m, "core %s to reserve its slot", sim_core_text(m, s->t, c));
  }
  default: return "an event that never comes";
  }
}

static void find_deadlocks(sim *s) {
  for (int i = 0; i < s->n_cores * TOG_THREADS; i++) {
    const sim_thread *th = &s->threads[i];
    const sim_instr *in = sim_instr_of(s, th);
    if (th->state == SIM_DONE || th->state == SIM_HALTED)
      continue;
    int buffer = th->state == SIM_WAIT_FREE || th->state == SIM_WAIT_READY ? th->wait_buffer : in->buffer;
    sim_fault_add(s, SIM_FAULT_DEADLOCK, th->core, buffer, "the %s thread waits at %s for %s", tog_thread_name(th->which), sim_place(s, th, in),
                  s->report->n_faults < SIM_FAULTS_KEPT ? waits_for_text(s, th, in) : "");
  }
}

static void find_leaks(sim *s) {
  for (int c = 0; c < s->n_cores; c++)
    for (size_t b = 0; b < s->t->buffers.n; b++) {
      int n = sim_ring_at(s, c, (int)b)->count;
      if (n > 0)
        sim_fault_add(s, SIM_FAULT_LEAK, c, (int)b, "%d slot(s) of '%s' are not free at the end%s", n, s->t->buffers.at[b].name,
                      sim_slot_open(s, c, (int)b, TOG_READER, true) < 0 ? "" : "; no load has closed the last one");
    }
}

static void find_unwritten(sim *s) {
  for (size_t i = 0; i < s->t->tensors.n; i++) {
    int64_t missing = sim_cover_first_missing(&s->cover[i]);
    if (missing >= 0 && !s->t->tensors.at[i].is_kept)
      sim_fault_add(s, SIM_FAULT_UNWRITTEN, -1, -1, "%" PRId64 " of %" PRId64 " elements of '%s' written; the first missing one is %s", s->cover[i].n_set,
                    s->cover[i].n_bits, s->t->tensors.at[i].name, sim_element_text(&s->ctx->mem, &s->t->tensors.at[i], missing));
  }
}

static void find_leftovers(sim *s) {
  int64_t before = s->report->n_faults;
  find_deadlocks(s);
  if (s->report->n_faults == before)   /* after a deadlock nearly every slot is in use */
    find_leaks(s);
  find_unwritten(s);
}

static void write_report(sim *s) {
  sim_report *r = s->report;
  const sim_noc *n = &s->noc;
  for (int c = 0; c < s->n_cores; c++)
    r->cycles = r->cores[c].cycles > r->cycles ? r->cores[c].cycles : r->cycles;
  if (sim_ceil_cycle(s->tick) / SIM_TICKS > r->cycles)   /* after a deadlock: the last thing that happened */
    r->cycles = sim_ceil_cycle(s->tick) / SIM_TICKS;
  for (int i = 0; i < n->n_nodes * 2 * n->n_dims; i++)
    if (n->links[i].bytes > 0)
      vec_push(&s->ctx->mem, &r->links, ((sim_link){i / (2 * n->n_dims), sim_noc_link_end(n, i), n->links[i].bytes, sim_ceil_cycle(n->links[i].busy_ticks) / SIM_TICKS, i}));
  for (int c = 0; c < s->dram.n_channels; c++) {
    sim_channel x = {s->dram.channels[c].bytes, sim_ceil_cycle(s->dram.channels[c].busy_ticks) / SIM_TICKS, {0}};
    if (s->dram.bank)
      x.bank = *dram_channel_counts(s->dram.bank->channels[c]);
    vec_push(&s->ctx->mem, &r->channels, x);
  }
  r->dram = s->o->dram;
}

static loom_status run(sim *s) {
  LOOM_TRY(build(s));
  if (s->o->record)
    sim_record_begin(s);
  LOOM_TRY(run_events(s));
  find_leftovers(s);
  write_report(s);
  if (s->o->record)
    sim_record_end(s);
  return LOOM_OK;
}

loom_status sim_run(loom_ctx *ctx, const tog *t, const machine *m, const sim_options *o, sim_report *out) {
  *out = (sim_report){0};
  LOOM_TRY(o->verify ? tog_verify(ctx, t) : tog_check(ctx, t));
  LOOM_TRY(check_options(ctx, t, o));
  arena_mark mark = arena_save(&ctx->scratch);
  sim s = {.ctx = ctx, .t = t, .m = m, .o = o, .report = out};
  loom_status st = run(&s);
  arena_release(&ctx->scratch, mark);
  return st;
}
