#include "base/threads.h"
#include "base/testing.h"
#include <stdatomic.h>

typedef struct squares { int64_t at[1000]; atomic_int runs; size_t fail_from; size_t fail_step; } squares;

static loom_status put_square(loom_ctx *worker, void *data, size_t i) {
  squares *s = data;
  int64_t *scratch = ARENA_NEW_N(&worker->mem, int64_t, 100);
  scratch[99] = (int64_t)(i * i);
  s->at[i] = scratch[99];
  atomic_fetch_add(&s->runs, 1);
  diag_warn(worker, LOOM_NOSPAN, "job %zu was here", i);
  if (i >= s->fail_from && (i - s->fail_from) % s->fail_step == 0) {
    diag_error(worker, LOOM_NOSPAN, i % 2 ? LOOM_EINPUT : LOOM_ELIMIT, "job %zu is wrong", i);
    diag_help(worker, "give job %zu", i + 1);
    return i % 2 ? LOOM_EINPUT : LOOM_ELIMIT;
  }
  return LOOM_OK;
}

static void test_every_job_runs_once(void **state) {
  (void)state;
  static const int threads[] = {-1, 0, 1, 2, 7, 1000};
  static const size_t counts[] = {0, 1, 2, 3, 1000};
  for (size_t t = 0; t < COUNT_OF(threads); t++)
    for (size_t k = 0; k < COUNT_OF(counts); k++) {
      loom_ctx ctx;
      loom_ctx_init(&ctx);
      squares s = {.fail_from = SIZE_MAX, .fail_step = 1};
      assert_int_equal(threads_for(&ctx, threads[t], counts[k], put_square, &s), LOOM_OK);
      assert_int_equal(atomic_load(&s.runs), counts[k]);
      for (size_t i = 0; i < COUNT_OF(s.at); i++)
        assert_int_equal(s.at[i], i < counts[k] ? (int64_t)(i * i) : 0);
      assert_null(ctx.diag.first);      /* jobs that succeed say nothing */
      loom_ctx_done(&ctx);
    }
}

static void test_the_first_failure_is_reported_whatever_the_threads(void **state) {
  (void)state;
  for (int threads = 1; threads <= 8; threads++)
    for (size_t from = 0; from < 1000; from += 37) {
      loom_ctx ctx;
      loom_ctx_init(&ctx);
      squares s = {.fail_from = from, .fail_step = 3};
      loom_status expected = from % 2 ? LOOM_EINPUT : LOOM_ELIMIT;
      char said[40];
      snprintf(said, sizeof said, "job %zu is wrong", from);
      assert_int_equal(threads_for(&ctx, threads, 1000, put_square, &s), expected);
      assert_true(ctx.diag.warnings == 1 && ctx.diag.errors == 1);      /* of that job alone */
      const diag_item *error = ctx.diag.first->next;
      assert_int_equal(error->status, expected);
      assert_string_equal(error->text, said);
      snprintf(said, sizeof said, "give job %zu", from + 1);
      assert_string_equal(error->help, said);
      for (size_t i = 0; i <= from; i++)
        assert_int_equal(s.at[i], i * i);
      loom_ctx_done(&ctx);
    }
}

static loom_status complain_in_a_file(loom_ctx *worker, void *data, size_t i) {
  const diag_source *own = diag_add_source(worker, "own.txt", "text", 4);
  if (i == 0)
    diag_error(worker, (loom_span){.source = own, .line = 1, .col = 1}, LOOM_EINPUT, "in the worker's file");
  return i == 0 ? diag_error(worker, (loom_span){.source = data, .line = 2, .col = 3}, LOOM_EINPUT, "in the caller's file") : LOOM_OK;
}

static void test_places_in_the_callers_files_are_kept(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  const diag_source *known = diag_add_source(&ctx, "known.txt", "a\nbcd\n", 6);
  assert_int_equal(threads_for(&ctx, 2, 4, complain_in_a_file, (void *)(uintptr_t)known), LOOM_EINPUT);
  assert_int_equal(ctx.diag.errors, 2);
  assert_null(ctx.diag.first->span.source);
  assert_ptr_equal(ctx.diag.first->next->span.source, known);
  assert_int_equal(ctx.diag.first->next->span.line, 2);
  loom_ctx_done(&ctx);
}

static loom_status grow(loom_ctx *worker, void *data, size_t i) {
  atomic_int *runs = data;
  for (size_t k = 0; k <= i; k++)
    memset(arena_alloc(&worker->mem, 70000), 1, 70000);
  atomic_fetch_add(runs, 1);
  return LOOM_OK;
}

static loom_status grow_all(loom_ctx *ctx, void *data) { return threads_for(ctx, *(int *)data, 6, grow, ARENA_NEW(&ctx->mem, atomic_int)); }

static void test_memory_failures_end_in_a_status(void **state) {
  (void)state;
  for (int threads = 1; threads <= 3; threads++)
    testing_sweep_memory(grow_all, &threads);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_job_runs_once),
      cmocka_unit_test(test_the_first_failure_is_reported_whatever_the_threads),
      cmocka_unit_test(test_places_in_the_callers_files_are_kept),
      cmocka_unit_test(test_memory_failures_end_in_a_status),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
