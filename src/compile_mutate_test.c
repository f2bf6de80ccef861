/* Seeded faults: a small edit of the materialized IR or of the TOG, drawn at random, is caught by a named check, or changes nothing that is stored
 * (compile_mutate_same.h says when that is sure).
 *
 * By hand:  LOOM_MUTATE=100 build/unit/compile_mutate_test     100 faults of every kernel and shape, on a new plan every 25
 *           LOOM_MUTATE_KERNEL=decode LOOM_MUTATE_OPERATOR="wrong row"     some of them
 *           LOOM_MUTATE_SEED=1000        others
 *           LOOM_MUTATE_SHOW=1           each of them
 *           LOOM_MUTATE_TABLE=FILE       operators and what caught them, as rows of Markdown */
#include "base/testing.h"
#include "compile_mutate_bench.h"
#include "compile_mutate_ir.h"
#include "compile_mutate_tog.h"
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define SIX "tests/data/kernels/six.py"
static const struct { plans_case c; unsigned traits; } kernels[] = {   /* shapes: divisible, ragged */
    {{.file = SIX, .function = "matmul", .shape = {"x=128x96,y=96x64", "x=100x70,y=70x130"}}, BENCH_LOOPS},
    {{.file = SIX, .function = "bmm", .shape = {"x=4x64x64,y=4x64x96", "x=3x50x70,y=3x70x45"}}, BENCH_LOOPS},
    {{.file = SIX, .function = "attention", .shape = {"q=4x64x32,k=4x96x32,v=4x96x32", "q=3x50x32,k=3x71x32,v=3x71x32"}}, BENCH_LOOPS | BENCH_SOFTMAX},
    {{.file = SIX, .function = "decode", .shape = {"q=4x8x32,k=4x128x32,v=4x128x32", "q=3x4x32,k=3x100x32,v=3x100x32"}}, BENCH_LOOPS | BENCH_SOFTMAX},
    {{.file = SIX, .function = "split_k", .shape = {"a=64x256,b=256x64", "a=50x200,b=200x45"}}, 0},
    {{.file = SIX, .function = "chunk_scan",
     .shape = {"cb=1x2x2x64x64,x=1x128x4x32,dt=1x4x2x64,decay=1x4x2x64,C=1x128x2x32,states=1x2x4x32x32,D=4",
               "cb=1x2x2x50x50,x=1x100x4x40,dt=1x4x2x50,decay=1x4x2x50,C=1x100x2x32,states=1x2x4x40x32,D=4"}}, BENCH_LOOPS},
};
static const char *const machines[] = {"torus4", "ring8", "wormhole"};
enum { FAULTS = 40, SHAPES = 2, OPERATORS = COUNT_OF(mutate_tog_operators) + COUNT_OF(mutate_ir_operators), CHECKS = 64, SECONDS_MAX = 120, FAULTS_A_PLAN = 25,
       TRIES_MAX = 4 * OPERATORS };

typedef struct row { int64_t faults, equivalent, survived, by[CHECKS]; } row;
typedef struct tally {
  row rows[OPERATORS];
  const char *checks[CHECKS];
  size_t n_checks, n_deck;
  arena mem;
  rng r;
  int deck[OPERATORS];                  /* operators still to be drawn, in order */
  int64_t faults, equivalent, survived;
  verdict *shared;
} tally;

static const mutate_operator *operator_at(int i) {
  return i < (int)COUNT_OF(mutate_tog_operators) ? &mutate_tog_operators[i] : &mutate_ir_operators[i - (int)COUNT_OF(mutate_tog_operators)];
}

/* Every operator once, in an order drawn anew each time. */
static int next_operator(tally *t) {
  if (!t->n_deck)
    for (int i = 0; i < OPERATORS; i++)
      if (testing_is_wanted("LOOM_MUTATE_OPERATOR", operator_at(i)->name))
        t->deck[t->n_deck++] = i;
  assert_true(t->n_deck > 0);
  size_t at = (size_t)rng_range(&t->r, 0, (int64_t)t->n_deck - 1);
  int op = t->deck[at];
  t->deck[at] = t->deck[--t->n_deck];
  return op;
}

static size_t check_index(tally *t, const char *name) {
  for (size_t i = 0; i < t->n_checks; i++)
    if (strcmp(t->checks[i], name) == 0)
      return i;
  assert_true(t->n_checks < CHECKS);
  t->checks[t->n_checks] = arena_strdup(&t->mem, name);
  return t->n_checks++;
}

/* In a process of its own: the edit is made in place, and nothing it breaks may reach the next one. */
static void try_apart(bench *b, const mutate_operator *op, uint64_t seed, verdict *v) {
  memset(v, 0, sizeof *v);
  fflush(NULL);
  pid_t child = getenv("LOOM_MUTATE_HERE") ? 0 : fork();
  assert_true(child >= 0);
  if (!child) {
    alarm(SECONDS_MAX);
    bench_try(b, op, seed, v);
    _exit(0);
  }
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  if (!v->is_done)
    snprintf(v->says, sizeof v->says, "it died of %s %d", WIFSIGNALED(status) ? "signal" : "exit code", WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

static void show(const bench *b, const mutate_operator *op, uint64_t seed, const verdict *v) {
  fprintf(stderr, "%s %s on %s %s\n  %s, %s (seed %" PRIu64 "): %s\n  %s: %s\n", b->c.function, b->c.shape[0], b->options.machine, b->plan, op->in_ir ? "IR" : "TOG", op->name, seed, v->what,
          v->is_caught ? v->by : v->is_equivalent ? "equivalent" : "SURVIVED", v->says);
}

/* One fault, or a mutant that is none; false: the operator has no place here. */
static bool draw(tally *t, bench *b) {
  int i = next_operator(t);
  const mutate_operator *op = operator_at(i);
  uint64_t seed = rng_next(&t->r) >> 16;
  verdict *v = t->shared;
  row *r = &t->rows[i];
  try_apart(b, op, seed, v);
  if (v->is_done && !v->has_place)
    return false;
  r->faults += !v->is_equivalent;
  t->faults += !v->is_equivalent;
  r->equivalent += v->is_equivalent;
  t->equivalent += v->is_equivalent;
  if (v->is_caught)
    r->by[check_index(t, v->by)]++;
  else if (!v->is_equivalent)
    r->survived++, t->survived++;
  if (getenv("LOOM_MUTATE_SHOW") || (!v->is_caught && !v->is_equivalent))
    show(b, op, seed, v);
  return true;
}

static void seed_into(tally *t, const plans_case *c, int shape, const char *machine_name, unsigned traits, uint64_t seed, int64_t faults) {
  bench b;
  plans_case one = *c;
  one.shape[0] = c->shape[shape];
  loom_status st = bench_open(&b, &one, 0, machine_name, traits, seed);
  verdict v = {0};
  if (st != LOOM_OK)
    print_error("%s %s on %s: %s\n", c->function, c->shape[shape], machine_name, bench_error(&b.ctx));
  assert_int_equal(st, LOOM_OK);
  if (bench_check_tog(&b, &v, b.right_bytes))          /* the program is right before anything is seeded */
    print_error("%s %s on %s %s: %s: %s\n", c->function, c->shape[shape], machine_name, b.plan, v.by, v.says);
  assert_false(v.is_caught);
  int64_t wanted = t->faults + faults;
  for (int tries = 0; t->faults < wanted && tries < TRIES_MAX; tries++)
    (void)draw(t, &b);
  assert_true(getenv("LOOM_MUTATE_OPERATOR") || t->faults == wanted);
  bench_close(&b);
}

static void write_table(const tally *t, const char *path) {
  FILE *f = path ? fopen(path, "w") : NULL;
  if (!path)
    return;
  assert_non_null(f);
  fprintf(f, "| in | edit | faults | caught by | equivalent |\n|---|---|---|---|---|\n");
  for (int i = 0; i < OPERATORS; i++) {
    const row *r = &t->rows[i];
    const char *comma = "";
    if (!r->faults && !r->equivalent)
      continue;
    fprintf(f, "| %s | %s | %" PRId64 " | ", operator_at(i)->in_ir ? "IR" : "TOG", operator_at(i)->name, r->faults);
    for (size_t k = 0; k < t->n_checks; k++)
      if (r->by[k]) {
        fprintf(f, "%s%s %" PRId64, comma, t->checks[k], r->by[k]);
        comma = ", ";
      }
    if (r->survived)
      fprintf(f, "%snothing %" PRId64, comma, r->survived);
    fprintf(f, " | %" PRId64 " |\n", r->equivalent);
  }
  fclose(f);
}

static void test_seeded_faults_are_caught_by_named_checks(void **state) {
  (void)state;
  static const char *const dirs[] = {LOOM_SOURCE_DIR "/machines"};
  machine_set_path(dirs, 1);
  static tally t;
  int64_t many = testing_number("LOOM_MUTATE", 0), seed = testing_number("LOOM_MUTATE_SEED", 1), n = 0, cases = COUNT_OF(kernels) * SHAPES;
  t.r = rng_new((uint64_t)seed);
  t.shared = mmap(NULL, sizeof *t.shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  assert_true(t.shared != MAP_FAILED);
  for (size_t i = 0; i < COUNT_OF(kernels); i++)
    for (int shape = 0; shape < SHAPES; shape++, n++) {
      int64_t faults = many ? many : FAULTS * (n + 1) / cases - FAULTS * n / cases;
      for (int64_t done = 0; testing_is_wanted("LOOM_MUTATE_KERNEL", kernels[i].c.function) && done < faults; done += FAULTS_A_PLAN) {
        size_t on = (size_t)(n + done / FAULTS_A_PLAN) % COUNT_OF(machines);
        seed_into(&t, &kernels[i].c, shape, machines[on], kernels[i].traits, (uint64_t)(seed * 1000 + n * 100 + done), faults - done < FAULTS_A_PLAN ? faults - done : FAULTS_A_PLAN);
      }
    }
  print_message("%" PRId64 " faults, %" PRId64 " not caught; %" PRId64 " mutants equivalent; by", t.faults, t.survived, t.equivalent);
  for (size_t k = 0; k < t.n_checks; k++) {
    int64_t by = 0;
    for (int i = 0; i < OPERATORS; i++)
      by += t.rows[i].by[k];
    print_message("%s %s %" PRId64, k ? "," : "", t.checks[k], by);
  }
  print_message("\n");
  write_table(&t, getenv("LOOM_MUTATE_TABLE"));
  munmap(t.shared, sizeof *t.shared);
  arena_done(&t.mem);
  assert_int_equal(t.survived, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_seeded_faults_are_caught_by_named_checks),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
