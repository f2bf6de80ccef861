/* The banks against a memory that is run clock by clock, looks at every request it keeps each time, and takes its timing from a table of rules. */
#include "base/rng.h"
#include "base/testing.h"
#include "dram/dram.h"
#include <stdlib.h>

/* ---- the reference: obviously right, never fast ---- */

enum { ACT, PRE, RD, WR, COMMANDS };
enum { CHANNEL, PSEUDO, GROUP, BANK, LEVELS };

/* After `first` on a node of `level`, `then` on the same node waits `clocks`; with `window` n, counted from the n-th last `first`. */
typedef struct rule { int level, first, then, window; int64_t clocks; } rule;
typedef struct request { int64_t arrived, line, row; int place[LEVELS]; bool is_write; uint32_t owner; } request;
typedef struct answer { int64_t clock; uint32_t owner; } answer;
typedef struct reference {
  const machine_bank *b;
  rule rules[40]; int n_rules;
  int64_t history[LEVELS][64][COMMANDS][4];              /* clocks of the last four of each command, newest first */
  int64_t open_row[64];
  VEC_OF(request) reads, writes, active;
  VEC_OF(answer) reading, answers;
  bool is_writing;
  arena *mem;
} reference;

static void add_rule(reference *r, int level, int first, int then, int64_t clocks, int window) { r->rules[r->n_rules++] = (rule){level, first, then, window, clocks}; }

static void build_rules(reference *r) {
  const machine_bank *b = r->b;
  add_rule(r, CHANNEL, ACT, ACT, b->act, 1);
  add_rule(r, CHANNEL, ACT, PRE, b->act, 1);
  add_rule(r, PSEUDO, ACT, ACT, b->rrd_s, 1);
  add_rule(r, PSEUDO, ACT, ACT, b->faw, 4);
  add_rule(r, PSEUDO, RD, RD, b->burst, 1);
  add_rule(r, PSEUDO, WR, WR, b->burst, 1);
  add_rule(r, PSEUDO, RD, RD, b->ccd_s, 1);
  add_rule(r, PSEUDO, WR, WR, b->ccd_s, 1);
  add_rule(r, PSEUDO, RD, WR, b->cl + b->burst + 2 - b->cwl, 1);
  add_rule(r, PSEUDO, WR, RD, b->cwl + b->burst + b->wtr_s, 1);
  add_rule(r, GROUP, ACT, ACT, b->rrd_l, 1);
  add_rule(r, GROUP, RD, RD, b->ccd_l, 1);
  add_rule(r, GROUP, WR, WR, b->ccd_l, 1);
  add_rule(r, GROUP, WR, RD, b->cwl + b->burst + b->wtr_l, 1);
  add_rule(r, BANK, ACT, ACT, b->rc, 1);
  add_rule(r, BANK, ACT, RD, b->rcd_rd, 1);
  add_rule(r, BANK, ACT, WR, b->rcd_wr, 1);
  add_rule(r, BANK, ACT, PRE, b->ras, 1);
  add_rule(r, BANK, PRE, ACT, b->rp, 1);
  add_rule(r, BANK, RD, PRE, b->rtp, 1);
  add_rule(r, BANK, WR, PRE, b->cwl + b->burst + b->wr, 1);
}

static reference *reference_new(arena *mem, const machine_bank *b) {
  reference *r = ARENA_NEW(mem, reference);
  r->b = b;
  r->mem = mem;
  build_rules(r);
  for (int i = 0; i < 64; i++) {
    r->open_row[i] = -1;
    for (int l = 0; l < LEVELS; l++)
      for (int c = 0; c < COMMANDS; c++)
        for (int k = 0; k < 4; k++)
          r->history[l][i][c][k] = INT64_MIN / 2;
  }
  return r;
}

/* From the lowest bits up: column, pseudo channel, group, bank, row.  Nodes of a level are numbered over the whole channel. */
static request make_request(const reference *r, int64_t line, bool is_write, uint32_t owner, int64_t clock) {
  const machine_bank *b = r->b;
  int64_t rest = line / (b->row_bytes / b->request_bytes), pseudo = rest % b->pseudo_channels, group = rest / b->pseudo_channels % b->bank_groups;
  int64_t bank = rest / b->pseudo_channels / b->bank_groups % b->banks;
  request q = {.arrived = clock, .line = line, .row = rest / (b->pseudo_channels * b->bank_groups * b->banks), .is_write = is_write, .owner = owner};
  q.place[PSEUDO] = (int)pseudo;
  q.place[GROUP] = (int)(pseudo * b->bank_groups + group);
  q.place[BANK] = (int)((pseudo * b->bank_groups + group) * b->banks + bank);
  return q;
}

static int command_of(const reference *r, const request *q) {
  int64_t open = r->open_row[q->place[BANK]];
  return open < 0 ? ACT : open != q->row ? PRE : q->is_write ? WR : RD;
}

static bool is_allowed(const reference *r, const request *q, int64_t clock) {
  int command = command_of(r, q);
  for (int i = 0; i < r->n_rules; i++) {
    const rule *u = &r->rules[i];
    if (u->then == command && clock < r->history[u->level][q->place[u->level]][u->first][u->window - 1] + u->clocks)
      return false;
  }
  return true;
}

/* The first that came of those that may go; -1. */
static int first_allowed(const reference *r, const request *at, size_t n, int64_t clock) {
  int best = -1;
  for (size_t i = 0; i < n; i++)
    if (is_allowed(r, &at[i], clock) && (best < 0 || at[i].arrived < at[best].arrived))
      best = (int)i;
  return best;
}

static void give(reference *r, const request *q, int command, int64_t clock) {
  for (int l = 0; l < LEVELS; l++) {
    int64_t *h = r->history[l][q->place[l]][command];
    memmove(h + 1, h, 3 * sizeof *h);
    h[0] = clock;
  }
  if (command == ACT || command == PRE)
    r->open_row[q->place[BANK]] = command == ACT ? q->row : -1;
  else if (command == WR)
    vec_push(r->mem, &r->answers, ((answer){clock, q->owner}));
  else
    vec_push(r->mem, &r->reading, ((answer){clock + r->b->cl + r->b->burst, q->owner}));
}

#define TAKE_OUT(v, i)                                                            \
  do {                                                                            \
    memmove(&(v)->at[i], &(v)->at[(i) + 1], ((v)->n - (size_t)(i) - 1) * sizeof *(v)->at); \
    (v)->n--;                                                                     \
  } while (0)

static void command(reference *r, int64_t clock) {
  int i = first_allowed(r, r->active.at, r->active.n, clock);
  if (i >= 0) {
    request q = r->active.at[i];
    give(r, &q, command_of(r, &q), clock);
    TAKE_OUT(&r->active, i);
    return;
  }
  if (!r->is_writing)
    r->is_writing = (int64_t)r->writes.n >= r->b->write_start || !r->reads.n;
  else if ((int64_t)r->writes.n <= r->b->write_stop && r->reads.n)
    r->is_writing = false;
  request *at = r->is_writing ? r->writes.at : r->reads.at;
  i = first_allowed(r, at, r->is_writing ? r->writes.n : r->reads.n, clock);
  if (i < 0)
    return;
  request q = at[i];
  int c = command_of(r, &q);
  for (size_t k = 0; k < r->active.n && c == PRE; k++)
    if (r->active.at[k].place[BANK] == q.place[BANK])
      return;
  give(r, &q, c, clock);
  if (c == PRE)
    return;
  if (r->is_writing)
    TAKE_OUT(&r->writes, i);
  else
    TAKE_OUT(&r->reads, i);
  if (c == ACT)
    vec_push(r->mem, &r->active, q);
}

static bool accept(reference *r, int64_t line, bool is_write, uint32_t owner, int64_t clock) {
  for (size_t i = 0; i < r->writes.n && !is_write; i++)
    if (r->writes.at[i].line == line) {
      vec_push(r->mem, &r->reading, ((answer){clock, owner}));
      return true;
    }
  if ((int64_t)(is_write ? r->writes.n : r->reads.n) >= (is_write ? r->b->write_queue : r->b->read_queue))
    return false;
  request q = make_request(r, line, is_write, owner, clock);
  if (is_write)
    vec_push(r->mem, &r->writes, q);
  else
    vec_push(r->mem, &r->reads, q);
  return true;
}

/* ---- streams ---- */

typedef struct input { int64_t at, line; bool is_write; } input;

typedef VEC_OF(answer) answers;

static void reference_run(arena *mem, const machine_bank *b, const input *in, size_t n, answers *out) {
  reference *r = reference_new(mem, b);
  size_t next = 0;
  for (int64_t clock = 0; out->n < n && clock < 10000000; clock++) {
    if (next < n && in[next].at <= clock && accept(r, in[next].line, in[next].is_write, (uint32_t)next, clock))
      next++;
    if (r->reading.n && r->reading.at[0].clock <= clock) {
      vec_push(mem, &r->answers, r->reading.at[0]);
      TAKE_OUT(&r->reading, 0);
    }
    command(r, clock);
    if (r->answers.n) {
      vec_push(mem, out, ((answer){clock, r->answers.at[0].owner}));
      TAKE_OUT(&r->answers, 0);
    }
  }
}

static void model_run(arena *mem, const dram_params *p, const input *in, size_t n, answers *out, dram_counts *counts, int64_t *clocks_run) {
  dram_channel *c = dram_channel_new(mem, p);
  for (size_t i = 0; i < n; i++)
    dram_push(c, in[i].at, in[i].line, in[i].is_write, (uint32_t)i);
  for (int64_t clock; (clock = dram_next(c)) != INT64_MAX; ++*clocks_run) {
    dram_answer a;
    if (dram_run(c, clock, &a)) {
      assert_int_equal(a.local_line, in[a.owner].line);
      vec_push(mem, out, ((answer){clock, a.owner}));
    }
  }
  *counts = *dram_channel_counts(c);
}

static machine *bank_machine(loom_ctx *ctx) {
  machine *m;
  machine_set_path((const char *[]){LOOM_SOURCE_DIR "/machines"}, 1);
  assert_int_equal(machine_load(ctx, LOOM_SOURCE_DIR "/machines/tpuv3-togsim.yaml", NULL, &m), LOOM_OK);
  return m;
}

/* HBM2's own numbers, and others drawn around them: another standard must not need other code. */
static machine_bank draw_bank(rng *r, const machine_bank *like, bool is_own) {
  machine_bank b = *like;
  if (is_own)
    return b;
  int64_t *times[] = {&b.cl, &b.cwl, &b.rcd_rd, &b.rcd_wr, &b.rp, &b.ras, &b.rc, &b.wr, &b.rtp, &b.ccd_s, &b.ccd_l, &b.rrd_s, &b.rrd_l, &b.wtr_s, &b.wtr_l, &b.faw, &b.act, &b.burst};
  for (size_t i = 0; i < COUNT_OF(times); i++)
    *times[i] = rng_range(r, 1, 2 * *times[i] + 1);
  if (b.cwl > b.cl + b.burst + 2)
    b.cwl = b.cl;
  b.pseudo_channels = INT64_C(1) << rng_range(r, 0, 1);
  b.bank_groups = INT64_C(1) << rng_range(r, 0, 2);
  b.banks = INT64_C(1) << rng_range(r, 0, 2);
  b.row_bytes = b.request_bytes << rng_range(r, 0, 4);
  b.read_queue = rng_range(r, 2, 40);
  b.write_queue = rng_range(r, 2, 40);
  b.write_start = rng_range(r, 1, b.write_queue);
  b.write_stop = rng_range(r, 0, b.write_start - 1);
  return b;
}

static void draw_stream(rng *r, input *in, size_t n) {
  int64_t at = 0, line = 0, gap = rng_range(r, 0, 6), jump = rng_range(r, 1, 5000), writes = rng_range(r, 0, 10), stay = rng_range(r, 1, 20);
  for (size_t i = 0; i < n; i++) {
    at += rng_range(r, 0, gap);
    line = rng_range(r, 0, stay) ? line + 1 : rng_range(r, 0, jump);
    in[i] = (input){at, line, rng_range(r, 1, 10) <= writes};
  }
}

static void test_answers_come_as_from_a_memory_run_clock_by_clock(void **state) {
  loom_ctx *ctx = *state;
  const machine *m = bank_machine(ctx);
  rng r = rng_new(5);
  int64_t conflicts = 0, forwarded = 0, ran = 0, clocks = 0;
  for (int round = 0; round < 120; round++) {
    arena_mark mark = arena_save(&ctx->scratch);
    enum { N = 300 };
    machine_bank bank = draw_bank(&r, m->bank, round % 3 == 0);
    machine like = *m;
    like.bank = &bank;
    dram_params p;
    assert_int_equal(dram_params_of(ctx, &like, DRAM_BANK, &p), LOOM_OK);
    input in[N];
    draw_stream(&r, in, N);
    answers want = {0}, got = {0};
    dram_counts counts;
    reference_run(&ctx->scratch, &bank, in, N, &want);
    model_run(&ctx->scratch, &p, in, N, &got, &counts, &ran);
    assert_int_equal(want.n, N);
    assert_int_equal(got.n, N);
    for (size_t i = 0; i < N; i++)
      if (got.at[i].clock != want.at[i].clock || got.at[i].owner != want.at[i].owner)
        fail_msg("round %d, answer %zu: request %u in clock %" PRId64 "; expected request %u in clock %" PRId64, round, i, got.at[i].owner, got.at[i].clock, want.at[i].owner,
                 want.at[i].clock);
    assert_int_equal(counts.reads + counts.writes, N);
    assert_int_equal(counts.row_hits + counts.row_misses + counts.row_conflicts + counts.forwarded, N);
    conflicts += counts.row_conflicts;
    forwarded += counts.forwarded;
    clocks += want.at[N - 1].clock;
    arena_release(&ctx->scratch, mark);
  }
  assert_true(conflicts > 1000 && forwarded > 20);   /* the streams reach what they are to reach */
  assert_true(ran < clocks);                          /* idle clocks are not run */
}

/* Closed forms: one request from a closed bank, a second to the same row, one to another row of the bank. */
static void test_single_requests_take_the_standards_times(void **state) {
  loom_ctx *ctx = *state;
  const machine *m = bank_machine(ctx);
  const machine_bank *b = m->bank;
  dram_params p;
  assert_int_equal(dram_params_of(ctx, m, DRAM_BANK, &p), LOOM_OK);
  int64_t row = b->row_bytes / b->request_bytes * b->pseudo_channels * b->bank_groups * b->banks, ran = 0;
  const struct { input in[2]; int64_t last; } cases[] = {
      {{{10, 0, false}, {10, 1, false}}, 10 + b->rcd_rd + b->ccd_l + b->cl + b->burst},
      {{{10, 0, false}, {100, 1, false}}, 100 + b->cl + b->burst},
      {{{10, 0, false}, {100, row, false}}, 100 + b->rp + b->rcd_rd + b->cl + b->burst},
      {{{10, 0, true}, {100, row, true}}, 100 + b->rp + b->rcd_wr},
      {{{10, 0, false}, {11, row, false}}, 10 + b->ras + b->rp + b->rcd_rd + b->cl + b->burst},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    answers got = {0};
    dram_counts counts;
    model_run(&ctx->scratch, &p, cases[i].in, 2, &got, &counts, &ran);
    assert_int_equal(got.n, 2);
    assert_int_equal(got.at[1].clock, cases[i].last);
  }
}

static void test_by_rate_answers_follow_latency_and_rate(void **state) {
  loom_ctx *ctx = *state;
  machine m = *bank_machine(ctx);
  dram_params p;
  for (int slow = 1; slow <= 3; slow++) {
    m.dram_bytes_per_cycle.value = 512.0 / slow;
    assert_int_equal(dram_params_of(ctx, &m, DRAM_RATE, &p), LOOM_OK);
    input in[50];
    answers got = {0};
    dram_counts counts;
    int64_t ran = 0;
    for (int i = 0; i < 50; i++)
      in[i] = (input){7, i, i % 2};
    model_run(&ctx->scratch, &p, in, 50, &got, &counts, &ran);
    for (int i = 0; i < 50; i++)
      assert_int_equal(got.at[i].clock, 7 + 100 + i * slow);
    assert_int_equal(counts.writes, 25);
  }
}

/* Any power of two apart, lines spread evenly; consecutive ones go round all channels. */
static void test_the_hash_spreads_strides(void **state) {
  loom_ctx *ctx = *state;
  machine m = *bank_machine(ctx);
  const int64_t channels[] = {4, 8, 16, 32, 64};
  for (size_t i = 0; i < COUNT_OF(channels); i++) {
    dram_params p;
    m.dram_channels = channels[i];
    assert_int_equal(dram_params_of(ctx, &m, DRAM_BANK, &p), LOOM_OK);
    for (int shift = 0; shift < 6; shift++) {
      int seen[64] = {0};
      for (int64_t k = 0; k < channels[i]; k++)
        seen[dram_channel_of(&p, k << shift)]++;
      for (int64_t k = 0; k < channels[i] && channels[i] >= 16; k++)
        assert_int_equal(seen[k], 1);
    }
    for (int64_t line = 0; line < 4096; line++) {   /* channel and number within it tell lines apart */
      int64_t other = line / channels[i] * channels[i];
      for (; other < line; other++)
        assert_false(dram_channel_of(&p, line) == dram_channel_of(&p, other) && dram_local_line(&p, line) == dram_local_line(&p, other));
    }
  }
}

static void test_what_a_machine_lacks_is_told(void **state) {
  loom_ctx *ctx = *state;
  machine m = *bank_machine(ctx);
  dram_params p;
  m.dram_channels = 20;
  assert_int_equal(dram_params_of(ctx, &m, DRAM_BANK, &p), LOOM_EINPUT);
  testing_expect_error(ctx, LOOM_EINPUT, "spreads requests over 20 DRAM channels by hash; it is defined for up to 16, 32 or 64", 0, 0);
  loom_ctx other;
  loom_ctx_init(&other);
  m.bank = NULL;
  assert_int_equal(dram_params_of(&other, &m, DRAM_BANK, &p), LOOM_EINPUT);
  testing_expect_error(&other, LOOM_EINPUT, "does not describe the banks of its DRAM, which --dram bank needs", 0, 0);
  loom_ctx_done(&other);
  loom_ctx_init(&other);
  dram_model model;
  assert_int_equal(dram_model_of(&other, "bnk", &model), LOOM_EUSAGE);
  testing_expect_error(&other, LOOM_EUSAGE, "unknown DRAM model 'bnk'", 0, 0);
  assert_string_equal(other.diag.first->help, "did you mean 'bank'?");
  loom_ctx_done(&other);
}

/* What a machine's file may leave out: its banks, its clock, its rate, its alignment; pages smaller than a request. */
static void test_parameters_of_machines_that_say_little(void **state) {
  loom_ctx *ctx = *state;
  const struct { double clock_hz, rate; int64_t align, page; int64_t request_bytes, interval_256, page_lines; } cases[] = {
      {1e9, 32, 0, 64, 32, 256, 2},  {1e9, 32, 64, 64, 64, 512, 1},  {0, 32, 0, 16, 32, 256, 1},  {1e9, 0, 0, 64, 32, 256, 2},  {1e9, 1e-9, 0, 64, 32, 1000000000, 2},  {1e9, 1e6, 0, 64, 32, 256, 2}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    machine m = *bank_machine(ctx);
    dram_params p;
    m.bank = NULL;
    m.hashes_channels = false;
    m.dram_channels = 1;
    m.clock_hz.value = cases[i].clock_hz;
    m.dram_bytes_per_cycle.value = cases[i].rate;
    m.dram_align_bytes = cases[i].align;
    m.dram_page_bytes = cases[i].page;
    assert_int_equal(dram_params_of(ctx, &m, DRAM_RATE, &p), LOOM_OK);
    assert_int_equal(p.request_bytes, cases[i].request_bytes);
    assert_int_equal(p.interval_256, cases[i].interval_256);
    assert_int_equal(p.page_lines, cases[i].page_lines);
    assert_int_equal(p.latency, (int64_t)(m.dram_latency_cycles.value + 0.5));
  }
  machine banks = *bank_machine(ctx);
  dram_params p;
  banks.clock_hz.value = 0;               /* of the memory alone */
  assert_int_equal(dram_params_of(ctx, &banks, DRAM_BANK, &p), LOOM_OK);
  assert_int_equal(p.clock_hz, banks.bank->clock_hz);
}

static void test_models_by_name(void **state) {
  loom_ctx *ctx = *state;
  dram_model model;
  assert_int_equal(dram_model_of(ctx, "simple", &model), LOOM_OK);
  assert_int_equal(model, DRAM_RATE);
  assert_int_equal(dram_model_of(ctx, "bank", &model), LOOM_OK);
  assert_int_equal(model, DRAM_BANK);
  assert_int_equal(dram_model_of(ctx, "something else", &model), LOOM_EUSAGE);
  testing_expect_error(ctx, LOOM_EUSAGE, "unknown DRAM model 'something else'", 0, 0);
  assert_string_equal(ctx->diag.first->help, "simple: latency and rate; bank: rows, banks and timing of dram.bank");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_answers_come_as_from_a_memory_run_clock_by_clock, testing_open_context, testing_close_context),
      cmocka_unit_test_setup_teardown(test_single_requests_take_the_standards_times, testing_open_context, testing_close_context),
      cmocka_unit_test_setup_teardown(test_by_rate_answers_follow_latency_and_rate, testing_open_context, testing_close_context),
      cmocka_unit_test_setup_teardown(test_the_hash_spreads_strides, testing_open_context, testing_close_context),
      cmocka_unit_test_setup_teardown(test_what_a_machine_lacks_is_told, testing_open_context, testing_close_context),
      cmocka_unit_test_setup_teardown(test_parameters_of_machines_that_say_little, testing_open_context, testing_close_context),
      cmocka_unit_test_setup_teardown(test_models_by_name, testing_open_context, testing_close_context),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
