/* DRAM: channels with one FIFO each.  Every tensor starts on channel 0; page p of its row-major bytes lies on channel p mod channels. */
#include "sim/sim_private.h"
#include <string.h>

loom_status sim_dram_build(sim *s) {
  sim_dram *d = &s->dram;
  const machine *m = s->m;
  if (m->dram_channels < 1 || m->dram_channels > 1024 || m->dram_page_bytes < 1 || m->dram_page_bytes > INT32_MAX)
    return diag_error(s->ctx, LOOM_NOSPAN, LOOM_EINPUT, "machine '%s' has %" PRId64 " DRAM channels and pages of %" PRId64 " bytes; need 1..1024 and 1..2^31-1",
                      m->name, m->dram_channels, m->dram_page_bytes);
  if ((int64_t)m->attach.n != m->dram_channels)
    return diag_error(s->ctx, LOOM_NOSPAN, LOOM_EINPUT, "machine '%s' has %" PRId64 " DRAM channels but %zu attach points", m->name, m->dram_channels, m->attach.n);
  for (size_t i = 0; i < m->attach.n; i++)
    if (m->attach.at[i] < 0 || m->attach.at[i] >= machine_cores(m))
      return diag_error(s->ctx, LOOM_NOSPAN, LOOM_EINPUT, "machine '%s' attaches DRAM channel %zu to core %" PRId64 " of %" PRId64, m->name, i, m->attach.at[i],
                        machine_cores(m));
  d->n_channels = (int)m->dram_channels;
  d->rate = sim_rate_of(m->dram_bytes_per_cycle.value / (double)m->dram_channels);
  d->latency_ticks = sim_ticks_of(m->dram_latency_cycles.value);
  d->page_bytes = m->dram_page_bytes;
  d->channels = ARENA_NEW_N(&s->ctx->scratch, sim_server, d->n_channels);
  d->sums = ARENA_NEW_N(&s->ctx->scratch, int64_t, d->n_channels);
  return s->o->dram == DRAM_BANK ? sim_bank_build(s) : LOOM_OK;
}

typedef struct split { sim_dram *d; int64_t elem_bytes; } split;

static void split_run(void *data, int64_t first, int64_t elems) {
  const split *sp = data;
  sim_dram *d = sp->d;
  int64_t at = first * sp->elem_bytes, left = elems * sp->elem_bytes, row = d->page_bytes * d->n_channels;
  if (left >= row) {   /* whole rounds over all channels */
    for (int c = 0; c < d->n_channels; c++)
      d->sums[c] += left / row * d->page_bytes;
    left %= row;
  }
  int64_t page = at / d->page_bytes, room = d->page_bytes - at % d->page_bytes;
  for (int c = (int)(page % d->n_channels); left > 0; c = c + 1 == d->n_channels ? 0 : c + 1) {
    int64_t part = left < room ? left : room;
    d->sums[c] += part;
    left -= part;
    room = d->page_bytes;
  }
}

void sim_dram_split(sim *s, sim_thread *th, const sim_box *b) {
  sim_dram *d = &s->dram;
  split sp = {d, (int64_t)dtype_bytes(s->t->tensors.at[b->tensor].type)};
  memset(d->sums, 0, (size_t)d->n_channels * sizeof *d->sums);
  if (d->bank)
    sim_bank_split(s, th, b);
  else
    sim_box_runs(s, b, &th->region, split_run, &sp);
  th->n_parts = 0;
  for (int c = 0; c < d->n_channels; c++)
    if (d->sums[c] > 0)
      th->parts[th->n_parts++] = (sim_part){.channel = c, .bytes = d->sums[c]};
  th->parts_left = th->n_parts;
}

sim_front sim_dram_serve(sim *s, int channel, int64_t bytes, sim_front f) {
  sim_server *v = &s->dram.channels[channel];
  int64_t ser = sim_rate_ticks(s->dram.rate, bytes), start = f.first > v->free_tick ? f.first : v->free_tick;
  v->free_tick = start + ser;
  v->busy_ticks += ser;
  v->bytes += bytes;
  if (s->o->record)
    sim_record_service(s, SIM_SERVER_CHANNEL, channel, start, ser, bytes);
  return (sim_front){start, f.last > start + ser ? f.last : start + ser};
}
