#include "run/run_cores.h"
#include "base/testing.h"
#include <string.h>

enum { BYTES = 100 };

/* Core (i, j) adds 1 to its place of the tensor and leaves its number all over its workspace; the last byte tells whether it kept it. */
static void mark(void *const *buf, const int64_t *arg) {
  int *counts = buf[0], *kept = buf[1];
  unsigned char *own = buf[2], me = (unsigned char)(1 + arg[0] * 3 + arg[1]);
  kept[arg[0] * 3 + arg[1]] += own[0] == 0 || (own[0] == me && own[BYTES - 1] == me);
  memset(own, me, BYTES);
  counts[arg[0] * 3 + arg[1]]++;
}

static void every_core_runs_once_a_call_on_its_own_workspace(void **state) {
  (void)state;
  const int64_t grid[2] = {2, 3};
  for (int threads = 0; threads <= 8; threads++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    int counts[6] = {0}, kept[6] = {0};
    void *tensors[2] = {counts, kept};
    run_call *call;
    assert_int_equal(run_open_call(&ctx, &(run_program){mark, 2, grid, BYTES}, tensors, 2, threads, &call), LOOM_OK);
    for (int round = 0; round < 200; round++)
      run_make_call(call);
    run_close_call(call);
    for (int i = 0; i < 6; i++) {
      assert_int_equal(counts[i], 200);
      assert_int_equal(kept[i], 200);
    }
    loom_ctx_done(&ctx);
  }
}

static void note_address(void *const *buf, const int64_t *arg) { ((uintptr_t *)buf[0])[arg[0]] = (uintptr_t)buf[1]; }

static void workspaces_start_at_cache_lines(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  uintptr_t at[4] = {0};
  void *tensors[1] = {at};
  run_call *call;
  assert_int_equal(run_open_call(&ctx, &(run_program){note_address, 1, &(int64_t){4}, 3 << 20}, tensors, 1, 2, &call), LOOM_OK);
  run_make_call(call);
  run_close_call(call);
  for (int i = 0; i < 4; i++) {
    assert_int_equal(at[i] % 64, 0);
    for (int j = 0; j < i; j++)
      assert_true(at[i] >= at[j] + (3 << 20) || at[j] >= at[i] + (3 << 20));
  }
  loom_ctx_done(&ctx);
}

static void workspaces_that_no_memory_holds_are_an_error(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  run_call *call;
  assert_int_equal(run_open_call(&ctx, &(run_program){note_address, 1, &(int64_t){2}, INT64_C(1) << 50}, NULL, 0, 2, &call), LOOM_EMEM);
  assert_null(call);
  loom_ctx_done(&ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_core_runs_once_a_call_on_its_own_workspace),
      cmocka_unit_test(workspaces_start_at_cache_lines),
      cmocka_unit_test(workspaces_that_no_memory_holds_are_an_error),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
