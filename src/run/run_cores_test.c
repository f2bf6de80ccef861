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
    run_team *team = run_open_team(&ctx, threads);
    run_call *call;
    assert_int_equal(run_open_call(&ctx, &(run_program){mark, 2, grid, BYTES}, tensors, 2, team, &call), LOOM_OK);
    for (int round = 0; round < 200; round++)
      run_make_call(call);
    run_close_team(team);
    for (int i = 0; i < 6; i++) {
      assert_int_equal(counts[i], 200);
      assert_int_equal(kept[i], 200);
    }
    loom_ctx_done(&ctx);
  }
}

/* Calls of one team in turn: of more cores than threads, of one core, and of one that made the workspaces grow after the others were opened. */
static void calls_share_a_team(void **state) {
  (void)state;
  static const struct { int64_t grid[2], bytes; } programs[] = {{{2, 3}, BYTES}, {{1, 1}, BYTES}, {{2, 2}, 5 << 20}, {{1, 1}, 0}};
  enum { PROGRAMS = sizeof programs / sizeof *programs };
  for (int threads = 1; threads <= 5; threads++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    int counts[PROGRAMS][6] = {{0}}, kept[6] = {0};
    unsigned char own[BYTES] = {0};
    void *tensors[PROGRAMS][3];
    run_team *team = run_open_team(&ctx, threads);
    run_call *call[PROGRAMS];
    assert_int_equal(run_team_threads(team), threads);
    for (int p = 0; p < PROGRAMS; p++) {
      tensors[p][0] = counts[p];
      tensors[p][1] = kept;
      tensors[p][2] = own;       /* a program without a workspace marks this */
      assert_int_equal(run_open_call(&ctx, &(run_program){mark, 2, programs[p].grid, programs[p].bytes}, tensors[p], programs[p].bytes ? 2 : 3, team, &call[p]), LOOM_OK);
    }
    assert_true(run_team_bytes(team) >= 6 * (5 << 20));
    for (int round = 0; round < 50; round++)
      for (int p = 0; p < PROGRAMS; p++)
        run_make_call(call[p]);
    run_close_team(team);
    for (int p = 0; p < PROGRAMS; p++)
      for (int i = 0; i < 6; i++)
        assert_int_equal(counts[p][i], i / 3 < programs[p].grid[0] && i % 3 < programs[p].grid[1] ? 50 : 0);
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
  run_team *team = run_open_team(&ctx, 2);
  run_call *call;
  assert_int_equal(run_open_call(&ctx, &(run_program){note_address, 1, &(int64_t){4}, 3 << 20}, tensors, 1, team, &call), LOOM_OK);
  run_make_call(call);
  run_close_team(team);
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
  run_team *team = run_open_team(&ctx, 2);
  run_call *call;
  assert_int_equal(run_open_call(&ctx, &(run_program){note_address, 1, &(int64_t){2}, INT64_C(1) << 50}, NULL, 0, team, &call), LOOM_EMEM);
  run_close_team(team);
  loom_ctx_done(&ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_core_runs_once_a_call_on_its_own_workspace),
      cmocka_unit_test(calls_share_a_team),
      cmocka_unit_test(workspaces_start_at_cache_lines),
      cmocka_unit_test(workspaces_that_no_memory_holds_are_an_error),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
