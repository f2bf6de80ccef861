#include "run/run_jobs.h"
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

enum { JOBS = 40 };
typedef struct work { int touched; int dies, exits, is_silent; } work;

/* Job i hands back i + 1 copies of its letter: oracle by definition. */
static bool letters(void *data, int i, const char **bytes, size_t *size) {
  work *w = data;
  static char text[4 * JOBS];
  w->touched++;
  if (i == w->dies)
    raise(SIGKILL);
  if (i == w->exits)
    _exit(9);
  memset(text, 'a' + i % 26, (size_t)i + 1);
  *bytes = text;
  *size = (size_t)i + 1;
  return i != w->is_silent;
}

static void run(loom_ctx *ctx, work *w, int processes, run_job *out) {
  assert_int_equal(run_jobs(ctx, JOBS, processes, letters, w, out), LOOM_OK);
}

static void expect_letters(const run_job *j, int i) {
  assert_true(j->is_done && !j->is_lost && j->size == (size_t)i + 1 && j->bytes[j->size] == 0);
  for (size_t k = 0; k < j->size; k++)
    assert_int_equal(j->bytes[k], 'a' + i % 26);
}

static void test_same_whatever_the_number_of_processes(void **state) {
  (void)state;
  static const int counts[] = {1, 2, 3, JOBS + 5};
  for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    run_job out[JOBS];
    work w = {.dies = -1, .exits = -1, .is_silent = 7};
    run(&ctx, &w, counts[c], out);
    for (int i = 0; i < JOBS; i++)
      if (i != 7)
        expect_letters(&out[i], i);
    assert_true(!out[7].is_done && !out[7].is_lost);
    assert_int_equal(w.touched, 0);      /* that was in copies */
    loom_ctx_done(&ctx);
  }
}

/* The job that dies is lost, with the reason; those that its process had done before, and all that others take, are not. */
static void test_lost_jobs_are_told_from_the_others(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  run_job out[JOBS];
  work w = {.dies = 11, .exits = 23, .is_silent = -1};
  run(&ctx, &w, 3, out);
  for (int i = 0; i < JOBS; i++)
    if (i != 11 && i != 23)
      expect_letters(&out[i], i);
  assert_true(out[11].is_lost && !out[11].is_done && out[11].signal == SIGKILL);
  assert_true(out[23].is_lost && !out[23].is_done && out[23].signal == 0 && out[23].exit == 9);
  loom_ctx_done(&ctx);
}

/* One process that dies leaves the jobs behind it undone, and not lost. */
static void test_jobs_that_nobody_took_are_not_lost(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  run_job out[JOBS];
  work w = {.dies = 3, .exits = -1, .is_silent = -1};
  run(&ctx, &w, 1, out);
  for (int i = 0; i < 3; i++)
    expect_letters(&out[i], i);
  assert_true(out[3].is_lost);
  for (int i = 4; i < JOBS; i++)
    assert_true(!out[i].is_done && !out[i].is_lost);
  loom_ctx_done(&ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_same_whatever_the_number_of_processes),
      cmocka_unit_test(test_lost_jobs_are_told_from_the_others),
      cmocka_unit_test(test_jobs_that_nobody_took_are_not_lost),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
