/* DRAM bank by bank: the lines of a transfer's parts as requests of their channels (dram.h). */
#include "sim/sim_private.h"

/* Ticks a clock as a fraction of small numbers: frequencies to the kHz. */
static void set_clock(sim_bank *b, double core_hz) {
  int64_t a = (int64_t)(core_hz / 1e3 + 0.5) * SIM_TICKS, c = (b->params.clock_hz + 500) / 1000;
  b->ticks = a < 1 ? 1 : a;
  b->clocks = c < 1 ? 1 : c;
  for (int64_t x = b->ticks, y = b->clocks, r;; x = y, y = r)
    if ((r = x % y) == 0) {
      b->ticks /= y;
      b->clocks /= y;
      return;
    }
}

static int64_t tick_of(const sim_bank *b, int64_t clock) { return clock / b->clocks * b->ticks + (clock % b->clocks * b->ticks + b->clocks - 1) / b->clocks; }
static int64_t clock_from(const sim_bank *b, int64_t tick) { return tick / b->ticks * b->clocks + (tick % b->ticks * b->clocks + b->ticks - 1) / b->ticks; }

loom_status sim_bank_build(sim *s) {
  arena *mem = &s->ctx->scratch;
  sim_dram *d = &s->dram;
  sim_bank *b = d->bank = ARENA_NEW(mem, sim_bank);
  LOOM_TRY(dram_params_of(s->ctx, s->m, DRAM_BANK, &b->params));
  if (!b->params.hashes && s->m->dram_page_bytes % b->params.request_bytes)
    return diag_error(s->ctx, LOOM_NOSPAN, LOOM_EINPUT, "machine '%s' has DRAM pages of %" PRId64 " bytes and requests of %" PRId64 "; a page must be whole requests", s->m->name,
                      s->m->dram_page_bytes, b->params.request_bytes);
  set_clock(b, s->m->clock_hz.value);
  b->channels = ARENA_NEW_N(mem, dram_channel *, d->n_channels);
  b->wake = ARENA_NEW_N(mem, int64_t, d->n_channels);
  b->last_line = ARENA_NEW_N(mem, int64_t, d->n_channels);
  b->part = ARENA_NEW_N(mem, int, d->n_channels);
  b->recorded = ARENA_NEW_N(mem, int64_t, d->n_channels);
  b->first_line = ARENA_NEW_N(mem, int64_t, s->t->tensors.n);
  b->next_clock = INT64_MAX;
  for (int c = 0; c < d->n_channels; c++) {
    b->channels[c] = dram_channel_new(mem, &b->params);
    b->wake[c] = INT64_MAX;
    b->part[c] = -1;
  }
  int64_t line = 0, round = b->params.page_lines * d->n_channels;
  for (size_t i = 0; i < s->t->tensors.n; i++) {
    const tog_tensor *x = &s->t->tensors.at[i];
    b->first_line[i] = line;
    line += (tog_tensor_elems(x) * (int64_t)dtype_bytes(x->type) / b->params.request_bytes / round + 1) * round;
  }
  return LOOM_OK;
}

/* ---- the lines of a region ---- */

typedef struct walk { sim *s; sim_thread *th; int64_t first_line, elem_bytes, clock; uint32_t owner; bool is_write; } walk;

static void count_run(void *data, int64_t first, int64_t elems) {
  const walk *w = data;
  sim_bank *b = w->s->dram.bank;
  int64_t size = b->params.request_bytes, at = first * w->elem_bytes, end = at + elems * w->elem_bytes;
  while (at < end) {
    int64_t next = (at / size + 1) * size;
    next = next < end ? next : end;
    w->s->dram.sums[dram_channel_of(&b->params, w->first_line + at / size)] += next - at;
    at = next;
  }
}

/* Rows that share a line ask for it once. */
static void push_run(void *data, int64_t first, int64_t elems) {
  const walk *w = data;
  sim_bank *b = w->s->dram.bank;
  int64_t size = b->params.request_bytes, line = w->first_line + first * w->elem_bytes / size, last = w->first_line + ((first + elems) * w->elem_bytes - 1) / size;
  for (; line <= last; line++) {
    int c = dram_channel_of(&b->params, line), part = b->part[c];
    if (part < 0 || b->last_line[c] == line)
      continue;
    b->last_line[c] = line;
    w->th->parts[part].requests_left++;
    dram_push(b->channels[c], w->clock, dram_local_line(&b->params, line), w->is_write, w->owner + (uint32_t)part);
  }
}

static walk walk_of(sim *s, sim_thread *th, const sim_box *b) {
  return (walk){.s = s, .th = th, .first_line = s->dram.bank->first_line[b->tensor], .elem_bytes = (int64_t)dtype_bytes(s->t->tensors.at[b->tensor].type)};
}

void sim_bank_split(sim *s, const sim_thread *th, const sim_box *b) {
  walk w = walk_of(s, NULL, b);
  sim_box_runs(s, b, &th->region, count_run, &w);
}

void sim_bank_queue(sim *s, sim_thread *th, const sim_instr *in, bool is_write) {
  sim_bank *b = s->dram.bank;
  int64_t next = INT64_MAX;
  for (int i = 0; i < th->n_parts; i++) {
    sim_part *p = &th->parts[i];
    if (!p->is_done && p->first_tick <= s->tick) {
      p->is_done = true;
      p->requests_left = 0;
      p->first_tick = -1;
      b->part[p->channel] = i;
      b->last_line[p->channel] = -1;
    } else if (!p->is_done && p->first_tick < next)
      next = p->first_tick;
  }
  walk w = walk_of(s, th, in->box);
  w.owner = (uint32_t)((th - s->threads) * s->dram.n_channels);
  w.is_write = is_write;
  w.clock = clock_from(b, s->tick);
  sim_box_runs(s, in->box, &th->region, push_run, &w);
  for (int i = 0; i < th->n_parts; i++) {
    int c = th->parts[i].channel;
    b->part[c] = -1;
    b->wake[c] = dram_next(b->channels[c]);
    b->next_clock = b->wake[c] < b->next_clock ? b->wake[c] : b->next_clock;
  }
  if (next != INT64_MAX)
    sim_schedule(s, th, next);
}

/* ---- running ---- */

int64_t sim_bank_next(const sim *s) { return s->dram.bank->next_clock == INT64_MAX ? INT64_MAX : tick_of(s->dram.bank, s->dram.bank->next_clock); }

/* A record has one thing at a time on a channel: what overlaps an earlier part is not shown twice. */
static void record(sim *s, const sim_thread *th, const sim_part *p) {
  int64_t *until = &s->dram.bank->recorded[p->channel], begin = p->first_tick > *until ? p->first_tick : *until;
  s->o->record->who = (int)(th - s->threads);
  if (p->last_tick > begin)
    sim_record_service(s, SIM_SERVER_CHANNEL, p->channel, begin, p->last_tick - begin, p->bytes);
  *until = p->last_tick > *until ? p->last_tick : *until;
}

static void take_answer(sim *s, int channel, uint32_t owner) {
  sim_thread *th = &s->threads[owner / (uint32_t)s->dram.n_channels];
  sim_part *p = &th->parts[owner % (uint32_t)s->dram.n_channels];
  const sim_bank *b = s->dram.bank;
  s->dram.channels[channel].busy_ticks += b->params.bank.burst * b->ticks / b->clocks / b->params.bank.pseudo_channels;
  p->first_tick = p->first_tick < 0 ? s->tick : p->first_tick;
  if (--p->requests_left)
    return;
  p->last_tick = s->tick;
  s->dram.channels[channel].bytes += p->bytes;
  if (s->o->record)
    record(s, th, p);
  sim_part_answered(s, th, p);
}

void sim_bank_run(sim *s) {
  sim_bank *b = s->dram.bank;
  int64_t clock = b->next_clock, next = INT64_MAX;
  dram_answer a;
  s->tick = tick_of(b, clock);
  if (s->o->event_budget && ++s->report->events > s->o->event_budget)
    s->is_out_of_budget = true;
  for (int c = 0; c < s->dram.n_channels; c++) {
    if (b->wake[c] == clock) {
      if (dram_run(b->channels[c], clock, &a))
        take_answer(s, c, a.owner);
      b->wake[c] = dram_next(b->channels[c]);
    }
    next = b->wake[c] < next ? b->wake[c] : next;
  }
  b->next_clock = next;
}
