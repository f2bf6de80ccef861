/* What becomes of a second opinion, whoever has it. */
#include "base/testing.h"
#include "solve/certify.h"

static solve_verdict verdict;
static loom_status core_status;

static loom_status certify(loom_ctx *ctx, const solve_problem *p, const solve_answer *a, unsigned rlimit, solve_verdict *out, const char **why) {
  (void)ctx, (void)p, (void)a, (void)rlimit;
  *out = verdict;
  *why = verdict == SOLVE_CERTIFIED ? NULL : "tile_m=32 takes 7 cycles";
  return LOOM_OK;
}

static loom_status find_core(loom_ctx *ctx, const solve_problem *p, const solve_answer *a, unsigned rlimit, solve_core *out) {
  (void)p, (void)a, (void)rlimit;
  vec_push(&ctx->mem, &out->words, "K = 64");
  return core_status == LOOM_OK ? LOOM_OK : diag_error(ctx, LOOM_NOSPAN, core_status, "no core");
}

static const solve_opinion opinion = {certify, find_core, NULL, 1};

static void test_a_refuted_answer_is_our_bug(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  solve_certificate c;
  verdict = SOLVE_REFUTED;
  assert_int_equal(solve_ask_opinion(&ctx, &opinion, "matmul", &(solve_problem){0}, &(solve_answer){0}, &c), LOOM_EBUG);
  testing_expect_error(&ctx, LOOM_EBUG, "the answer to matmul is wrong: tile_m=32 takes 7 cycles", 0, 0);
  loom_ctx_done(&ctx);
}

static void test_rows_say_what_is_certified(void **state) {
  (void)state;
  static const struct { solve_verdict verdict; solve_status status; loom_status core; const char *json; } cases[] = {
      {SOLVE_CERTIFIED, SOLVE_OPTIMAL, LOOM_OK, "{\"certified\": true}"},
      {SOLVE_NOT_CERTIFIED, SOLVE_OPTIMAL, LOOM_OK, "{\"certified\": false, \"reason\": \"tile_m=32 takes 7 cycles\"}"},
      {SOLVE_NOT_CERTIFIED, SOLVE_INFEASIBLE, LOOM_OK, "{\"certified\": false, \"reason\": \"tile_m=32 takes 7 cycles\"}"},
      {SOLVE_CERTIFIED, SOLVE_INFEASIBLE, LOOM_OK, "{\"certified\": true, \"core\": [\"K = 64\"]}"},
      {SOLVE_CERTIFIED, SOLVE_INFEASIBLE, LOOM_ELIMIT, "{\"certified\": true}"},      /* effort spent on the core alone */
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    solve_certificate c;
    data_value *row = data_object(&ctx.mem);
    verdict = cases[i].verdict;
    core_status = cases[i].core;
    assert_int_equal(solve_ask_opinion(&ctx, &opinion, "matmul", &(solve_problem){0}, &(solve_answer){.status = cases[i].status}, &c), LOOM_OK);
    assert_int_equal(ctx.diag.errors, 0);
    solve_certificate_to_data(&ctx.mem, &c, row);
    assert_string_equal(data_write_json(&ctx.mem, row, 0), cases[i].json);
    loom_ctx_done(&ctx);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_a_refuted_answer_is_our_bug), cmocka_unit_test(test_rows_say_what_is_certified)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
