/* Large meshes: what a search looks at stays few, whatever the number of mappings; counters, no times.  The oracle of what comes out is its own bound, and that more threads and
 * a second run change nothing. */
#include "model/model_testing.h"
#include "solve/solve.h"

static void solve_on(loom_ctx *ctx, int64_t x, int64_t y, bool wraps, const int64_t extent[3], int threads, int64_t op_budget, solve_result *out, int64_t *mappings) {
  machine *m = testing_machine(ctx, "wormhole", x, y);
  m->mesh.at[0].wraps = m->mesh.at[1].wraps = wraps;
  m->attach.n = 0;
  for (int64_t c = 0; c < m->dram_channels; c++)      /* a channel in every so many rows of the first column */
    vec_push(&ctx->mem, &m->attach, c * x / m->dram_channels * y);
  nest *n = nest_make_matmul(&ctx->mem, extent[0], extent[1], extent[2], DTYPE_F16, DTYPE_F16);
  nest_set_alignment(n, m->tile_align);
  explore_space s;
  assert_int_equal(explore_open(ctx, n, m, NULL, &s), LOOM_OK);
  solve_options so = {.model = MODEL_LOOM, .accumulate_f32 = true, .sharing = MODEL_PACKED, .assigned_double_buffer = -1};
  assert_int_equal(solve_space(ctx, &s, &so, &(solve_limits){.threads = threads, .op_budget = op_budget}, out), LOOM_OK);
  *mappings = s.n_mappings;
}

/* Evaluations are few beside three quarters of a million mappings; the effort that ends a search is counted, threads and the clock have no part in it. */
static void test_a_large_mesh_takes_few_evaluations(void **state) {
  (void)state;
  static const int64_t extent[] = {4096, 4096, 1024};
  solve_result out[2];
  loom_ctx ctx[2];
  for (int i = 0; i < 2; i++) {
    int64_t mappings;
    loom_ctx_init(&ctx[i]);
    solve_on(&ctx[i], 64, 64, false, extent, i + 1, 0, &out[i], &mappings);
    assert_true(mappings > 700000);
    assert_true(out[i].evaluated > 0 && out[i].evaluated < 20000);
  }
  const solve_row *a = &out[0].rows.at[out[0].best], *b = &out[1].rows.at[out[1].best];
  assert_true(a->lower_bound > 0 && a->lower_bound <= a->cycles);
  assert_int_equal(a->cycles, b->cycles);
  assert_int_equal(a->lower_bound, b->lower_bound);
  assert_int_equal(out[0].evaluated, out[1].evaluated);
  assert_int_equal(out[0].pruned, out[1].pruned);
  assert_string_equal(a->candidate->name, b->candidate->name);
  for (int i = 0; i < 2; i++)
    loom_ctx_done(&ctx[i]);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_a_large_mesh_takes_few_evaluations)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
