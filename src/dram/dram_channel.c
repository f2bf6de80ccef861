/* A channel: what comes in, what leaves; the banks are in dram_bank.c. */
#include "dram/dram_private.h"

void dram_ring_grow(arena *mem, dram_ring *r) {
  uint32_t room = r->room ? r->room * 2 : 64;
  dram_entry *items = ARENA_NEW_N(mem, dram_entry, room);
  for (uint32_t i = 0; i < r->n; i++)
    items[i] = r->items[(r->head + i) & (r->room - 1)];
  *r = (dram_ring){.items = items, .room = room, .n = r->n};
}

dram_channel *dram_channel_new(arena *mem, const dram_params *p) {
  dram_channel *c = ARENA_NEW(mem, dram_channel);
  c->p = p;
  c->mem = mem;
  c->wake = INT64_MAX;
  c->last_read = -1;
  if (p->model == DRAM_BANK)
    dram_bank_init(c);
  return c;
}

void dram_push(dram_channel *c, int64_t at, int64_t local_line, bool is_write, uint32_t owner) {
  dram_ring_push(c->mem, &c->inbox, (dram_entry){at, local_line, owner, is_write});
  if (at < c->wake)
    c->wake = at;
}

int64_t dram_next(const dram_channel *c) { return c->wake; }
const dram_counts *dram_channel_counts(const dram_channel *c) { return &c->counts; }

static void answer(dram_channel *c, dram_answer *out) {
  const dram_entry *e = dram_ring_front(&c->answers);
  *out = (dram_answer){e->line, e->owner};
  if (e->is_write)
    c->counts.writes++;
  else
    c->counts.reads++;
  dram_ring_pop(&c->answers);
}

/* RATE: the answer's clock is known when the request comes. */
static bool run_rate(dram_channel *c, int64_t clk, dram_answer *out) {
  while (c->inbox.n && dram_ring_front(&c->inbox)->at <= clk) {
    dram_entry e = *dram_ring_front(&c->inbox);
    dram_ring_pop(&c->inbox);
    int64_t done = (e.at + c->p->latency) * 256;
    if (done < c->free_256)
      done = c->free_256;
    c->free_256 = done + c->p->interval_256;
    e.at = (done + 255) / 256;
    dram_ring_push(c->mem, &c->answers, e);
  }
  bool leaves = c->answers.n && dram_ring_front(&c->answers)->at <= clk;
  if (leaves)
    answer(c, out);
  c->wake = c->inbox.n ? dram_ring_front(&c->inbox)->at : INT64_MAX;
  if (c->answers.n) {
    int64_t at = dram_ring_front(&c->answers)->at;
    at = at > clk ? at : clk + 1;
    c->wake = at < c->wake ? at : c->wake;
  }
  return leaves;
}

static bool run_bank(dram_channel *c, int64_t clk, dram_answer *out) {
  bool is_full = false;
  if (c->inbox.n && dram_ring_front(&c->inbox)->at <= clk) {
    if (dram_bank_accept(c, clk, dram_ring_front(&c->inbox)))
      dram_ring_pop(&c->inbox);
    else
      is_full = true;
  }
  if (c->reading.n && dram_ring_front(&c->reading)->at <= clk) {
    dram_ring_push(c->mem, &c->answers, *dram_ring_front(&c->reading));
    dram_ring_pop(&c->reading);
  }
  if (c->next_command <= clk)
    c->next_command = dram_bank_command(c, clk);
  bool leaves = c->answers.n > 0;
  if (leaves)
    answer(c, out);
  int64_t wake = c->next_command;
  if (c->reading.n && dram_ring_front(&c->reading)->at < wake)
    wake = dram_ring_front(&c->reading)->at;
  if (c->inbox.n && !is_full && dram_ring_front(&c->inbox)->at < wake)   /* a full queue has a command to come */
    wake = dram_ring_front(&c->inbox)->at;
  c->wake = c->answers.n || wake <= clk ? clk + 1 : wake;
  return leaves;
}

bool dram_run(dram_channel *c, int64_t clk, dram_answer *out) {
  return c->p->model == DRAM_BANK ? run_bank(c, clk, out) : run_rate(c, clk, out);
}
