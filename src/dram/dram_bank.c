/* The banks of a channel and the controller's choice of a command; the rules are in dram.h. */
#include "dram/dram_private.h"

static int64_t later(int64_t a, int64_t b) { return a > b ? a : b; }

void dram_bank_init(dram_channel *c) {
  const machine_bank *b = &c->p->bank;
  int n = (int)(b->pseudo_channels * b->bank_groups * b->banks), room = (int)(b->read_queue + b->write_queue) + n;
  c->pool = ARENA_NEW_N(c->mem, dram_request, room);
  for (int i = 0; i < room; i++)
    c->pool[i].next = i + 1 < room ? i + 1 : DRAM_NONE;
  c->next_command = INT64_MAX;
  for (int i = 0; i < (int)b->pseudo_channels; i++)
    for (int k = 0; k < 4; k++)
      c->pseudo[i].activates[k] = INT64_MIN / 2;
  for (int i = 0; i < n; i++) {
    dram_bank *k = &c->banks[i];   /* numbered as in the address: pseudo channel lowest, then group, then bank */
    k->row = -1;
    k->opener = DRAM_NONE;
    k->pseudo = (uint8_t)(i % b->pseudo_channels);
    k->group = (uint8_t)(i % (b->pseudo_channels * b->bank_groups));
    for (int kind = 0; kind < DRAM_KINDS; kind++) {
      k->head[kind] = k->tail[kind] = k->hit[kind] = k->other[kind] = DRAM_NONE;
      k->hit_order[kind] = k->other_order[kind] = INT64_MAX;
    }
  }
}

/* ---- lists and candidates ---- */

static void set_hit(dram_channel *c, dram_bank *b, int kind, int r) {
  while (r != DRAM_NONE && c->pool[r].row != b->row)
    r = c->pool[r].next;
  b->hit[kind] = r;
  b->hit_order[kind] = r == DRAM_NONE ? INT64_MAX : c->pool[r].order;
}

static void set_other(dram_channel *c, dram_bank *b, int kind, int r) {
  while (r != DRAM_NONE && c->pool[r].row == b->row)
    r = c->pool[r].next;
  b->other[kind] = r;
  b->other_order[kind] = r == DRAM_NONE ? INT64_MAX : c->pool[r].order;
}

static void append(dram_channel *c, dram_bank *b, int kind, int r) {
  dram_request *q = &c->pool[r];
  q->prev = b->tail[kind];
  q->next = DRAM_NONE;
  if (q->prev == DRAM_NONE)
    b->head[kind] = r;
  else
    c->pool[q->prev].next = r;
  b->tail[kind] = r;
  c->waiting[kind] |= UINT64_C(1) << q->bank;
  if (q->row == b->row && b->hit[kind] == DRAM_NONE)
    set_hit(c, b, kind, r);
  else if (q->row != b->row && b->other[kind] == DRAM_NONE)
    set_other(c, b, kind, r);
}

static void detach(dram_channel *c, dram_bank *b, int kind, int r) {
  const dram_request *q = &c->pool[r];
  if (q->prev == DRAM_NONE)
    b->head[kind] = q->next;
  else
    c->pool[q->prev].next = q->next;
  if (q->next == DRAM_NONE)
    b->tail[kind] = q->prev;
  else
    c->pool[q->next].prev = q->prev;
  if (b->head[kind] == DRAM_NONE)
    c->waiting[kind] &= ~(UINT64_C(1) << q->bank);
}

static void release(dram_channel *c, int r) {
  c->pool[r].next = c->free;
  c->free = r;
}

static bool has_write(const dram_channel *c, const dram_bank *b, int64_t line) {
  for (int r = b->head[DRAM_WRITE]; r != DRAM_NONE; r = c->pool[r].next)
    if (c->pool[r].line == line)
      return true;
  return false;
}

static void start_reading(dram_channel *c, dram_entry e, int64_t done) {
  c->last_read = e.at = later(done, c->last_read + 1);   /* one a clock */
  dram_ring_push(c->mem, &c->reading, e);
}

bool dram_bank_accept(dram_channel *c, int64_t clk, const dram_entry *e) {
  const dram_params *p = c->p;
  int kind = e->is_write ? DRAM_WRITE : DRAM_READ;
  int bank_bits = p->pseudo_bits + p->group_bits + p->bank_bits;
  int64_t above = e->line >> p->column_bits;
  uint8_t bank = (uint8_t)(above & ((1 << bank_bits) - 1));
  dram_bank *b = &c->banks[bank];
  if (kind == DRAM_READ && c->n[DRAM_WRITE] && has_write(c, b, e->line)) {
    c->counts.forwarded++;
    start_reading(c, *e, clk);
    return true;
  }
  if (c->n[kind] >= (e->is_write ? p->bank.write_queue : p->bank.read_queue))
    return false;
  int r = c->free;
  c->free = c->pool[r].next;
  c->pool[r] = (dram_request){.order = c->orders++, .line = e->line, .row = above >> bank_bits, .owner = e->owner, .bank = bank, .is_write = e->is_write};
  append(c, b, kind, r);
  c->n[kind]++;
  c->next_command = clk;
  return true;
}

/* ---- timing ---- */

static int64_t column_time(const dram_channel *c, const dram_bank *b, int kind) {
  return later(c->groups[b->group].column_ready[kind], b->column_ready[kind]);
}

/* Of the command that a request for another row needs. */
static int64_t other_time(const dram_channel *c, const dram_bank *b) {
  int64_t bank = later(c->bus_ready, b->other_ready);
  return b->row >= 0 ? bank : later(bank, later(c->pseudo[b->pseudo].activate_ready, c->groups[b->group].activate_ready));
}

static void raise(int64_t *t, int64_t to) { *t = later(*t, to); }

static void time_activate(dram_channel *c, dram_bank *b, int64_t clk) {
  const machine_bank *t = &c->p->bank;
  dram_pseudo *pc = &c->pseudo[b->pseudo];
  pc->newest = (pc->newest + 1) & 3;
  pc->activates[pc->newest] = clk;
  raise(&c->bus_ready, clk + t->act);
  raise(&pc->activate_ready, clk + t->rrd_s);
  raise(&pc->activate_ready, pc->activates[(pc->newest + 1) & 3] + t->faw);   /* the oldest of the last four */
  raise(&c->groups[b->group].activate_ready, clk + t->rrd_l);
  raise(&b->activate_ready, clk + t->rc);
  raise(&b->column_ready[DRAM_READ], clk + t->rcd_rd);
  raise(&b->column_ready[DRAM_WRITE], clk + t->rcd_wr);
  b->other_ready = clk + t->ras;   /* later than what the row before has left: its column commands came before its precharge */
}

static void time_column(dram_channel *c, dram_bank *b, int kind, int64_t clk) {
  const dram_params *p = c->p;
  bool is_read = kind == DRAM_READ;
  int64_t same = clk + p->column_gap, other = clk + (is_read ? p->read_to_write : p->write_to_read_s);
  for (int i = b->pseudo; i < p->n_groups; i += p->n_pseudo) {
    raise(&c->groups[i].column_ready[kind], same);
    raise(&c->groups[i].column_ready[!kind], other);
  }
  dram_group *g = &c->groups[b->group];
  raise(&g->column_ready[kind], clk + p->bank.ccd_l);
  if (!is_read)
    raise(&g->column_ready[DRAM_READ], clk + p->write_to_read_l);
  raise(&b->other_ready, clk + (is_read ? p->bank.rtp : p->write_to_precharge));
}

/* ---- commands ---- */

static void count_start(dram_channel *c, int r, const dram_bank *b) {
  dram_request *q = &c->pool[r];
  if (q->is_started)
    return;
  q->is_started = true;
  if (b->row == q->row)
    c->counts.row_hits++;
  else if (b->row >= 0)
    c->counts.row_conflicts++;
  else
    c->counts.row_misses++;
}

static void give_column(dram_channel *c, dram_bank *b, int r, int64_t clk) {
  const dram_request *q = &c->pool[r];
  int kind = q->is_write ? DRAM_WRITE : DRAM_READ;
  dram_entry e = {clk, q->line, q->owner, q->is_write};
  count_start(c, r, b);
  time_column(c, b, kind, clk);
  if (q->is_write)
    dram_ring_push(c->mem, &c->answers, e);
  else
    start_reading(c, e, clk + c->p->read_latency);
  if (b->opener == r) {
    b->opener = DRAM_NONE;
    c->opened &= ~(UINT64_C(1) << q->bank);
  } else {
    int next = q->next;
    detach(c, b, kind, r);
    set_hit(c, b, kind, next);
    c->n[kind]--;
  }
  release(c, r);
}

static void give_activate(dram_channel *c, dram_bank *b, int r, int64_t clk) {
  const dram_request *q = &c->pool[r];
  count_start(c, r, b);
  time_activate(c, b, clk);
  detach(c, b, q->is_write, r);
  c->n[q->is_write]--;
  b->opener = r;
  c->opened |= UINT64_C(1) << q->bank;
  b->row = q->row;
  for (int kind = 0; kind < DRAM_KINDS; kind++) {
    set_hit(c, b, kind, b->head[kind]);
    set_other(c, b, kind, b->head[kind]);
  }
}

static void give_precharge(dram_channel *c, dram_bank *b, int r, int64_t clk) {
  count_start(c, r, b);
  b->row = -1;
  b->other_ready = later(b->activate_ready, clk + c->p->bank.rp);
  for (int kind = 0; kind < DRAM_KINDS; kind++) {
    b->hit[kind] = DRAM_NONE;
    b->hit_order[kind] = INT64_MAX;
    set_other(c, b, kind, b->head[kind]);
  }
}

/* Whether reads or writes are looked at.  Depends on how many wait only, so that clocks without a command need not be run. */
static void choose_kind(dram_channel *c) {
  const machine_bank *b = &c->p->bank;
  if (!c->is_writing)
    c->is_writing = c->n[DRAM_WRITE] >= b->write_start || !c->n[DRAM_READ];
  else
    c->is_writing = !(c->n[DRAM_WRITE] <= b->write_stop && c->n[DRAM_READ]);
}

/* The bank whose candidate is to be served now; *soonest: when none may, the first clock in which one may. */
typedef struct choice { int64_t order, soonest; int bank; bool is_column; } choice;

static inline void consider(choice *best, int64_t order, int64_t time, int64_t clk, int bank, bool is_column) {
  if (time > clk)
    best->soonest = time < best->soonest ? time : best->soonest;
  else if (order < best->order)
    *best = (choice){order, best->soonest, bank, is_column};
}

static inline void look_at(const dram_channel *c, choice *best, int bank, int kind, int64_t clk) {
  const dram_bank *b = &c->banks[bank];
  if (b->hit_order[kind] < best->order)
    consider(best, b->hit_order[kind], column_time(c, b, kind), clk, bank, true);
  if (b->other_order[kind] < best->order)
    consider(best, b->other_order[kind], other_time(c, b), clk, bank, false);
}

int64_t dram_bank_command(dram_channel *c, int64_t clk) {
  choice best = {.order = INT64_MAX, .soonest = INT64_MAX};
  for (uint64_t set = c->opened; set; set &= set - 1) {
    int i = __builtin_ctzll(set);
    const dram_request *q = &c->pool[c->banks[i].opener];
    consider(&best, q->order, column_time(c, &c->banks[i], q->is_write), clk, i, true);
  }
  if (best.order != INT64_MAX) {
    give_column(c, &c->banks[best.bank], c->banks[best.bank].opener, clk);
    return clk + 1;
  }
  choose_kind(c);
  int kind = c->is_writing ? DRAM_WRITE : DRAM_READ;
  if (c->waiting[kind] >> c->newest_bank & 1)
    look_at(c, &best, c->newest_bank, kind, clk);
  for (uint64_t set = c->waiting[kind] & ~(UINT64_C(1) << c->newest_bank); set; set &= set - 1)
    look_at(c, &best, __builtin_ctzll(set), kind, clk);
  if (best.order == INT64_MAX)
    return best.soonest;
  dram_bank *b = &c->banks[best.bank];
  c->newest_bank = best.bank;
  if (best.is_column)
    give_column(c, b, b->hit[kind], clk);
  else if (b->row < 0)
    give_activate(c, b, b->other[kind], clk);
  else if (b->opener == DRAM_NONE)
    give_precharge(c, b, b->other[kind], clk);   /* else nothing: rule 2 */
  return clk + 1;
}
