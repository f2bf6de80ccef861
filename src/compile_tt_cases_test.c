/* The kernels of compile_plans_cases.h as programs for boards, on the emulation: within the interpreter's bound, the same under two seeds of delays.  `make test` draws a
 * few; LOOM_TT_CASES=all runs all of them on both boards, LOOM_TT_CASES=row_sum one kernel's, LOOM_TT_CASES_SEED draws others. */
#include "base/rng.h"
#include "base/testing.h"
#include "compile_exec.h"
#include "compile_plans_cases.h"
#include "compile_tt.h"
#include <stdlib.h>

enum { SHAPES = 3, DRAWN = 3, SEEDS = 2 };
typedef enum outcome { RIGHT, REFUSED, WRONG } outcome;
static run_cache cache;
static const char *const boards[] = {"wormhole", "blackhole"};

static loom_status try_case(loom_ctx *ctx, const plans_case *c, int shape, const char *machine_name, compile_state *s, compile_tt *board, compile_execution *e) {
  compile_options o;
  compile_tt_options how = {0};
  tt_emulation emulation = {.emulator = LOOM_SOURCE_DIR "/tests/tt_emulator", .seeds = SEEDS};
  run_options run = {.check = true};
  plans_case_options(&ctx->mem, c, shape, arena_printf(&ctx->mem, LOOM_SOURCE_DIR "/machines/%s.yaml", machine_name), &o);
  o.search_host = false;
  o.for_board = true;
  o.cache = &cache;                       /* of the emulation's object code alone: boards' programs are made anew */
  o.stop_after = COMPILE_TOG;
  LOOM_TRY(compile_tt_compile(ctx, &o, &how, s, board));
  return compile_tt_execute(s, board, &run, &emulation, e);
}

/* Refused: what no mesh has a program for, and types that the boards' tiles do not hold. */
static outcome look_at(const plans_case *c, int shape, const char *machine_name) {
  loom_ctx ctx;
  compile_state s = {0};
  compile_tt board = {0};
  compile_execution e = {0};
  loom_ctx_init(&ctx);
  loom_status st = try_case(&ctx, c, shape, machine_name, &s, &board, &e);
  bool is_type = st == LOOM_EUNSUP && ctx.diag.first && strstr(ctx.diag.first->text, "programs for Tenstorrent boards hold");
  outcome out = st == LOOM_OK && e.check.ok ? RIGHT : is_type || c->refused ? REFUSED : WRONG;
  if (out == WRONG)
    print_error("%s --engine tt-emu: %s\n", plans_command(&ctx.mem, c, c->shape[shape], machine_name), ctx.diag.first ? ctx.diag.first->text : "the numbers differ");
  compile_tt_close(&board);
  compile_done(&s);
  loom_ctx_done(&ctx);
  return out;
}

static void test_kernels_of_the_corpus_run_on_boards(void **state) {
  (void)state;
  const char *which = getenv("LOOM_TT_CASES"), *seed = getenv("LOOM_TT_CASES_SEED");
  rng r = rng_new(seed ? strtoull(seed, NULL, 10) : 1);
  int count[3] = {0};
  if (!which)
    for (int i = 0; i < DRAWN; i++)
      count[look_at(&plans_cases[rng_range(&r, 0, (int64_t)COUNT_OF(plans_cases) - 1)], (int)rng_range(&r, 0, SHAPES - 1), boards[rng_range(&r, 0, 1)])]++;
  for (size_t i = 0; which && i < COUNT_OF(plans_cases); i++)
    for (int k = 0; k < SHAPES * 2 && (strcmp(which, "all") == 0 || strcmp(which, plans_cases[i].function) == 0); k++)
      count[look_at(&plans_cases[i], k / 2, boards[k % 2])]++;
  if (which)
    print_message("%d right, %d refused, %d wrong\n", count[RIGHT], count[REFUSED], count[WRONG]);
  assert_true(count[RIGHT] + count[REFUSED] > 0);
  assert_int_equal(count[WRONG], 0);
}

int main(void) {
  loom_ctx names;
  loom_ctx_init(&names);
  if (!run_cache_find(&names.mem, LOOM_TESTS_DIR "/tt-cache", &cache))
    return 1;
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_kernels_of_the_corpus_run_on_boards)};
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  loom_ctx_done(&names);
  return failed;
}
