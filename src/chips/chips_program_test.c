/* What collectives cost.  Oracle: equal pieces that are one packet each, moved step by step by hand: a step takes as long as its slowest link, and after the last one every chip has everything. */
#include "chips/chips_testing.h"

enum { CHIPS_MOST = 8 };

/* Each chip hands on, both ways, what came to it in the step before: steps until all have all. */
static int steps_of_all_gather(int n, bool ring) {
  unsigned has[CHIPS_MOST], up[CHIPS_MOST], down[CHIPS_MOST];
  const unsigned all = (1u << 2 * n) - 1;      /* two halves of each piece: on a ring one goes up, one down; on a line both go both ways */
  int steps = 0;
  for (int c = 0; c < n; c++) {
    has[c] = 3u << 2 * c;
    up[c] = ring ? 1u << 2 * c : has[c];
    down[c] = ring ? 2u << 2 * c : has[c];
  }
  for (bool done = false; !done; steps += !done) {
    unsigned from_below[CHIPS_MOST] = {0}, from_above[CHIPS_MOST] = {0};
    done = true;
    for (int c = 0; c < n; c++)
      done = done && has[c] == all;
    for (int c = 0; c < n && !done; c++) {
      if (ring || c + 1 < n)
        from_below[(c + 1) % n] = up[c];
      if (ring || c > 0)
        from_above[(c + n - 1) % n] = down[c];
    }
    for (int c = 0; c < n && !done; c++) {
      has[c] |= from_below[c] | from_above[c];
      up[c] = from_below[c];
      down[c] = from_above[c];
    }
  }
  return steps;
}

static void test_a_gather_takes_its_steps(void **state) {
  loom_ctx *ctx = *state;
  for (int n = 2; n <= CHIPS_MOST; n++)
    for (int ring = 0; ring < 2; ring++) {
      enum { PIECE = 400 };
      const machine m = chips_testing_mesh(&ctx->mem, 1, (const int64_t[]){n}, ring);
      const chips_kernel k = chips_testing_kernel(&ctx->mem, n, PIECE, DTYPE_I32, DTYPE_I32, false);
      const chips_split s = {.n_dims = 1, .axis = {TILE}};
      const bool halves = ring && n > 2;
      const double bytes_per_cycle = 2 * 100 / 8.0;      /* of the two links of 100 Gb/s at 1 GHz */
      const int64_t link = chips_testing_links.setup_cycles + (int64_t)ceil(PIECE * 4 / (halves ? 2 : 1) / bytes_per_cycle) + chips_testing_links.hop_cycles;
      chips_program p;
      chips_program_make(&ctx->mem, &k, &m, &s, &p);
      assert_int_equal(p.stages.n, 1);      /* out is scattered where it is made */
      assert_int_equal(p.stages.at[0].cycles, steps_of_all_gather(n, halves) * link);
      assert_int_equal(p.cycles_before, p.stages.at[0].cycles);
      assert_int_equal(p.cycles_behind, 0);
      int64_t begin[CHIPS_MOST] = {0}, end[CHIPS_MOST], last = 0;
      assert_int_equal(chips_run(ctx, &p, &m, false, NULL, NULL, begin, end), LOOM_OK);
      for (int c = 0; c < n; c++)
        last = end[c] > last ? end[c] : last;
      assert_int_equal(last, p.cycles_before);
    }
}

/* Whatever the way, each byte goes to n - 1 chips, or comes from as many: on every line of a mesh. */
static void test_bytes_over_links(void **state) {
  loom_ctx *ctx = *state;
  for (int64_t n = 2; n < 6; n++)
    for (int ring = 0; ring < 2; ring++) {
      const machine m = chips_testing_mesh(&ctx->mem, 2, (const int64_t[]){n, 3}, ring);
      const chips_kernel k = chips_testing_kernel(&ctx->mem, 7, 11, DTYPE_F16, DTYPE_F32, true);
      const chips_split s = {.n_dims = 2, .axis = {SUM, -1}};      /* a line of n chips works */
      chips_program p;
      chips_program_make(&ctx->mem, &k, &m, &s, &p);
      assert_int_equal(p.stages.n, 3);
      const struct { chips_collective kind; int tensor; bool behind, rounds; int64_t bytes; } want[] = {
          {CHIPS_ALL_GATHER, X, false, false, 2}, {CHIPS_REDUCE_SCATTER, OUT, true, true, 4}, {CHIPS_ALL_GATHER, OUT, true, false, 2}};
      for (size_t i = 0; i < COUNT_OF(want); i++) {
        const chips_stage *g = &p.stages.at[i];
        assert_int_equal(g->kind, want[i].kind);
        assert_int_equal(g->tensor, want[i].tensor);
        assert_int_equal(g->behind, want[i].behind);
        assert_int_equal(g->rounds, want[i].rounds);
        assert_int_equal(g->previous, i == 2 ? 1 : -1);
        assert_int_equal(g->bytes, (n - 1) * 77 * want[i].bytes);
      }
      assert_int_equal(p.cycles_behind, p.stages.at[1].cycles + p.stages.at[2].cycles);
    }
}

/* Two gathers along different dims, of one tensor, follow each other; a tensor without elements costs nothing. */
static void test_stages_follow_each_other(void **state) {
  loom_ctx *ctx = *state;
  const machine m = chips_testing_mesh(&ctx->mem, 2, (const int64_t[]){2, 3}, false);
  const chips_split s = {.n_dims = 2, .axis = {TILE, OTHER}};
  chips_program p;
  chips_kernel k = chips_testing_kernel(&ctx->mem, 60, 100, DTYPE_I32, DTYPE_I32, false);
  chips_program_make(&ctx->mem, &k, &m, &s, &p);
  assert_int_equal(p.stages.n, 2);
  assert_int_equal(p.stages.at[0].dim, 1);
  assert_int_equal(p.stages.at[1].dim, 0);
  assert_int_equal(p.cycles_before, p.stages.at[0].cycles + p.stages.at[1].cycles);
  k.tensors.at[X].shape[0] = 0;
  chips_program_make(&ctx->mem, &k, &m, &s, &p);
  assert_int_equal(p.stages.n, 2);
  assert_int_equal(p.transfers.n, 0);
  assert_int_equal(p.cycles_before, 0);
  int64_t begin[6] = {0}, end[6];
  assert_int_equal(chips_run(ctx, &p, &m, false, NULL, NULL, begin, end), LOOM_OK);
  assert_int_equal(end[5], 0);
}

static loom_status body(loom_ctx *ctx, void *data) {
  const machine m = chips_testing_mesh(&ctx->mem, 2, (const int64_t[]){2, 3}, false);
  const chips_kernel k = chips_testing_kernel(&ctx->mem, 6, 10, DTYPE_F16, DTYPE_F32, true);
  chips_program p;
  (void)data;
  chips_program_make(&ctx->mem, &k, &m, &(chips_split){.n_dims = 2, .axis = {SUM, TILE}}, &p);
  return LOOM_OK;
}

static void test_memory_failures_unwind(void **state) {
  (void)state;
  testing_sweep_memory(body, NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_a_gather_takes_its_steps, testing_open_context, testing_close_context),
      cmocka_unit_test_setup_teardown(test_bytes_over_links, testing_open_context, testing_close_context),
      cmocka_unit_test_setup_teardown(test_stages_follow_each_other, testing_open_context, testing_close_context),
      cmocka_unit_test(test_memory_failures_unwind),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
