/* A long search by parts: the answer is that of the search without them; counters are the same for any number of threads and of ranks, which are processes here. */
#include "base/file.h"
#include "model/model_testing.h"
#include "solve/solve_space.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* Nothing before the parts, and rounds of a few nodes. */
static const solve_rounds early = {1, 3000}, never = {INT64_MAX, 1};

typedef struct example { int nest; int64_t x, y, l1_bytes, op_budget; int top_k; double timeout_s; solve_rounds rounds; } example;

/* What of a result must not depend on who searches. */
typedef struct answer { loom_status status; int64_t evaluated, pruned, cycles[16], lower_bound[16], feasible[16]; size_t n; char name[16][256], blocks[16][128]; solve_status how[16]; } answer;

static answer search_with(const example *x, int threads, const solve_ranks *ranks) {
  loom_ctx ctx;
  answer out = {0};
  loom_ctx_init(&ctx);
  arena_alloc(&ctx.mem, 5000 * (size_t)(ranks ? ranks->number + 1 : 0));      /* no rank has anything where another has it */
  machine *m = testing_machine(&ctx, "wormhole", x->x, x->y);
  m->l1_bytes = x->l1_bytes ? x->l1_bytes : m->l1_bytes;
  nest *n = testing_nest(&ctx.mem, x->nest);
  nest_set_alignment(n, m->tile_align);
  explore_space s;
  solve_result r;
  const solve_options so = {.model = MODEL_LOOM, .accumulate_f32 = true, .assigned_double_buffer = -1, .top_k = x->top_k};
  assert_int_equal(explore_open(&ctx, n, m, &(explore_options){.accumulate_f32 = true}, &s), LOOM_OK);
  out.status = solve_space(&ctx, &s, &so, &(solve_limits){.threads = threads, .ranks = ranks, .op_budget = x->op_budget, .timeout_s = x->timeout_s, .rounds = x->rounds}, &r);
  out.evaluated = r.evaluated;
  out.pruned = r.pruned;
  for (size_t i = 0; out.status == LOOM_OK && i < r.rows.n && i < COUNT_OF(out.cycles); i++, out.n++) {
    const solve_row *row = &r.rows.at[i];
    out.cycles[i] = row->cycles;
    out.lower_bound[i] = row->lower_bound;
    out.feasible[i] = row->feasible;
    out.how[i] = row->status;
    snprintf(out.name[i], sizeof out.name[i], "%s", row->candidate->name);
    for (size_t b = 0, at = 0; b < row->blocks.n && at < sizeof out.blocks[i]; b++)
      at += (size_t)snprintf(out.blocks[i] + at, sizeof out.blocks[i] - at, " %" PRId64, row->blocks.at[b].size);
  }
  loom_ctx_done(&ctx);
  return out;
}

static void expect_same_rows(const answer *a, const answer *b) {
  assert_int_equal(a->status, b->status);
  assert_int_equal(a->n, b->n);
  for (size_t i = 0; i < a->n; i++) {
    assert_int_equal(a->cycles[i], b->cycles[i]);
    assert_int_equal(a->lower_bound[i], b->lower_bound[i]);
    assert_int_equal(a->feasible[i], b->feasible[i]);
    assert_int_equal(a->how[i], b->how[i]);
    assert_string_equal(a->name[i], b->name[i]);
    assert_string_equal(a->blocks[i], b->blocks[i]);
  }
}

static void expect_same(const answer *a, const answer *b) {
  expect_same_rows(a, b);
  assert_int_equal(a->evaluated, b->evaluated);
  assert_int_equal(a->pruned, b->pruned);
}

static const example examples[] = {
    {.nest = 0, .x = 4, .y = 4}, {.nest = 1, .x = 4, .y = 2}, {.nest = 2, .x = 3, .y = 3}, {.nest = 3, .x = 2, .y = 2}, {.nest = 4, .x = 4, .y = 2}, {.nest = 5, .x = 2, .y = 3},
    {.nest = 0, .x = 4, .y = 2, .l1_bytes = 24 << 10}, {.nest = 0, .x = 4, .y = 2, .l1_bytes = 1 << 10}, {.nest = 0, .x = 4, .y = 2, .top_k = 9}, {.nest = 1, .x = 2, .y = 2, .top_k = 16},
};

static void test_parts_find_what_the_search_finds(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT_OF(examples); i++) {
    example x = examples[i];
    x.rounds = never;
    const answer alone = search_with(&x, 1, NULL);
    for (int64_t each = 1; each < 2000000; each *= 40) {
      x.rounds = (solve_rounds){each, each};
      const answer one = search_with(&x, 1, NULL), three = search_with(&x, 3, NULL);
      expect_same_rows(&alone, &one);
      expect_same(&one, &three);
    }
  }
}

static void test_a_budget_ends_parts_alike(void **state) {
  (void)state;
  example x = {.nest = 0, .x = 4, .y = 4, .rounds = early};
  const answer whole = search_with(&x, 1, NULL);
  int stopped = 0;
  for (x.op_budget = 1; x.op_budget < 2 * whole.evaluated; x.op_budget = x.op_budget * 2 + 1) {
    const answer one = search_with(&x, 1, NULL), two = search_with(&x, 2, NULL);
    expect_same(&one, &two);
    if (one.status != LOOM_OK) {
      assert_int_equal(one.status, LOOM_ELIMIT);
      continue;
    }
    assert_true(one.cycles[0] >= whole.cycles[0] && one.lower_bound[0] <= whole.cycles[0]);
    assert_true(one.how[0] == SOLVE_OPTIMAL ? one.cycles[0] == whole.cycles[0] : one.lower_bound[0] < one.cycles[0]);
    stopped += one.how[0] == SOLVE_BEST_FOUND;
  }
  assert_true(stopped > 1);
}

/* ---- ranks: processes, and a socket between any two ---- */

enum { RANKS_MAX = 5 };
typedef struct wires { int number, end[RANKS_MAX][RANKS_MAX]; } wires;      /* [of][to] */

static loom_status wire_send(loom_ctx *ctx, void *data, int to, const void *bytes, size_t size) {
  const wires *w = data;
  const int socket = w->end[w->number][to];
  (void)ctx;
  return file_write_all(socket, &size, sizeof size) && file_write_all(socket, bytes, size) ? LOOM_OK : LOOM_EWORKER;
}

static loom_status wire_receive(loom_ctx *ctx, void *data, int from, void **bytes, size_t *size) {
  const wires *w = data;
  const int socket = w->end[w->number][from];
  if (!file_read_all(socket, size, sizeof *size))
    return LOOM_EWORKER;
  *bytes = arena_alloc(&ctx->scratch, *size);
  return file_read_all(socket, *bytes, *size) ? LOOM_OK : LOOM_EWORKER;
}

static void open_wires(wires *w, int size) {
  const int room = 8 << 20;      /* messages wait here */
  for (int a = 0; a < size; a++)
    for (int b = a + 1; b < size; b++) {
      int ends[2];
      assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
      for (int i = 0; i < 2; i++)
        (void)setsockopt(ends[i], SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
      w->end[a][b] = ends[0];
      w->end[b][a] = ends[1];
    }
}

/* The others' ends are closed: who waits for one that is gone hears of it. */
static void close_wires(const wires *w, int size, int but) {
  for (int a = 0; a < size; a++)
    for (int b = 0; b < size; b++)
      if (a != b && a != but)
        close(w->end[a][b]);
}

/* Rank r searches x[r]; NULL: it ends at once. */
static void search_together(const example *const *x, int size, int threads, answer *out) {
  wires w = {0};
  int results[RANKS_MAX][2];
  open_wires(&w, size);
  for (int r = 0; r < size; r++) {
    assert_int_equal(pipe(results[r]), 0);
    if (fork() == 0) {
      (void)signal(SIGPIPE, SIG_IGN);
      close_wires(&w, size, r);
      w.number = r;
      answer a = {.status = LOOM_EWORKER};
      if (x[r])
        a = search_with(x[r], threads, &(solve_ranks){.number = r, .size = size, .data = &w, .send = wire_send, .receive = wire_receive});
      (void)file_write_all(results[r][1], &a, sizeof a);
      _exit(0);
    }
    close(results[r][1]);
  }
  close_wires(&w, size, -1);
  for (int r = 0; r < size; r++) {
    assert_true(file_read_all(results[r][0], &out[r], sizeof out[r]));
    close(results[r][0]);
  }
  for (int r = 0; r < size; r++)
    wait(NULL);
}

static void test_ranks_get_the_same_answer(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT_OF(examples); i++)
    for (int size = 2; size <= RANKS_MAX; size++) {
      example x = examples[i];
      const example *all[] = {&x, &x, &x, &x, &x};
      answer got[RANKS_MAX];
      x.rounds = i % 2 ? early : (solve_rounds){20000, 500};
      x.op_budget = i == 1 ? 40 : 0;
      const answer one = search_with(&x, 1, NULL);
      search_together(all, size, size == 2 ? 2 : 1, got);
      for (int r = 0; r < size; r++)
        expect_same(&one, &got[r]);
    }
}

/* The clock ends it somewhere, for all ranks in the same round. */
static void test_ranks_stop_together(void **state) {
  (void)state;
  const example whole = {.nest = 0, .x = 4, .y = 4, .rounds = early};
  const answer best = search_with(&whole, 1, NULL);
  int stopped = 0;
  for (double s = 1e-9; s < 1; s *= 10) {
    example x = whole;
    const example *all[] = {&x, &x, &x};
    answer got[RANKS_MAX];
    x.timeout_s = s;
    search_together(all, 3, 1, got);
    for (int r = 1; r < 3; r++)
      expect_same(&got[0], &got[r]);
    if (got[0].status != LOOM_OK) {
      assert_int_equal(got[0].status, LOOM_ELIMIT);
      continue;
    }
    assert_true(got[0].cycles[0] >= best.cycles[0] && got[0].lower_bound[0] <= best.cycles[0]);
    stopped += got[0].how[0] == SOLVE_BEST_FOUND;
  }
  assert_true(stopped > 0);
}

static void test_ranks_that_search_something_else_are_told(void **state) {
  (void)state;
  const example x = {.nest = 0, .x = 4, .y = 4, .rounds = early}, y = {.nest = 0, .x = 4, .y = 2, .rounds = early};
  const example *other[] = {&x, &y}, *gone[] = {&x, &x, NULL};
  answer got[RANKS_MAX];
  search_together(other, 2, 1, got);
  assert_true(got[0].status == LOOM_EUSAGE || got[1].status == LOOM_EUSAGE);
  search_together(gone, 3, 1, got);
  assert_int_equal(got[0].status, LOOM_EWORKER);
  assert_int_equal(got[1].status, LOOM_EWORKER);
}

/* ---- a rank that says nonsense ---- */

/* Rank 1 of two hears its own sum as that of all, with one word changed; word -1: a byte short. */
typedef struct echo { char *bytes; size_t size; long word; uint64_t mask; int calls; } echo;

static loom_status echo_send(loom_ctx *ctx, void *data, int to, const void *bytes, size_t size) {
  echo *e = data;
  (void)ctx;
  (void)to;
  free(e->bytes);
  e->bytes = malloc(size);
  memcpy(e->bytes, bytes, size);
  e->size = size;
  return LOOM_OK;
}

static loom_status echo_receive(loom_ctx *ctx, void *data, int from, void **bytes, size_t *size) {
  echo *e = data;
  uint64_t v;
  (void)from;
  if (e->calls++ == 20)                 /* the job ends, whatever is still open elsewhere */
    return LOOM_EWORKER;
  *size = e->size - (e->word < 0);
  *bytes = arena_alloc(&ctx->scratch, e->size);
  memcpy(*bytes, e->bytes, *size);
  char *at = (char *)*bytes + (e->word < 0 ? 0 : (size_t)e->word * sizeof v % (e->size / sizeof v * sizeof v));
  memcpy(&v, at, sizeof v);
  v ^= e->word < 0 ? 0 : e->mask;
  memcpy(at, &v, sizeof v);
  return LOOM_OK;
}

/* A message of another rank may be anything: it is refused, or changes what is found, and never more. */
static void test_no_message_does_harm(void **state) {
  (void)state;
  static const uint64_t masks[] = {1, UINT64_C(1) << 63, UINT64_MAX, UINT64_C(0x80000000)};
  const example x = {.nest = 2, .x = 2, .y = 2, .rounds = {1, 300000}, .op_budget = 400};
  int refused = 0;
  for (size_t k = 0; k < COUNT_OF(masks); k++)
    for (long word = -1; word < 80; word++) {
      echo e = {.word = word, .mask = masks[k]};
      const answer got = search_with(&x, 1, &(solve_ranks){.number = 1, .size = 2, .data = &e, .send = echo_send, .receive = echo_receive});
      assert_true(got.status == LOOM_OK || got.status == LOOM_EUSAGE || got.status == LOOM_ELIMIT || got.status == LOOM_EMEM || got.status == LOOM_EINFEASIBLE || got.status == LOOM_EWORKER);
      assert_true(word >= 0 || got.status == LOOM_EUSAGE);
      refused += got.status == LOOM_EUSAGE;
      free(e.bytes);
    }
  assert_true(refused > 40);
}

/* ---- memory that runs out ---- */

typedef struct problem { nest *n; machine *m; } problem;

static loom_status search_in_parts(loom_ctx *ctx, void *data) {
  const problem *p = data;
  explore_space s;
  solve_result r;
  const solve_options so = {.model = MODEL_LOOM, .accumulate_f32 = true, .assigned_double_buffer = -1};
  LOOM_TRY(explore_open(ctx, p->n, p->m, NULL, &s));
  return solve_space(ctx, &s, &so, &(solve_limits){.rounds = {1, 20000}}, &r);
}

static void test_running_out_of_memory_is_told(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  problem p = {nest_make_matmul(&ctx.mem, 96, 64, 64, DTYPE_F16, DTYPE_F16), testing_machine(&ctx, "wormhole", 2, 2)};
  nest_set_alignment(p.n, p.m->tile_align);
  testing_sweep_memory(search_in_parts, &p);
  loom_ctx_done(&ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_parts_find_what_the_search_finds), cmocka_unit_test(test_a_budget_ends_parts_alike), cmocka_unit_test(test_ranks_get_the_same_answer), cmocka_unit_test(test_ranks_stop_together),
      cmocka_unit_test(test_ranks_that_search_something_else_are_told), cmocka_unit_test(test_no_message_does_harm), cmocka_unit_test(test_running_out_of_memory_is_told),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
