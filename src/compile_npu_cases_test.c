/* The kernels of compile_plans_cases.h, and what networks are made of beyond them, as programs of NPUs, their machine code executed: within the interpreter's bound, whole numbers to the bit, no fault.  `make test`
 * draws a few; LOOM_NPU_CASES=all runs all of them on all machines, LOOM_NPU_CASES=row_sum one kernel's, LOOM_NPU_CASES_SEED draws others; LOOM_NPU_SDPA=all: all of
 * the 56 cases of attention. */
#include "base/rng.h"
#include "base/testing.h"
#include "compile_npu.h"
#include "compile_plans_cases.h"
#include <stdlib.h>

#define NPU "tests/data/kernels/npu.py"
static const plans_case fronts[] = {
  {.file = NPU, .function = "conv2d", .dtype = "f32", .shape = {"x=2x8x12x12,weight=16x8x3x3", "x=1x5x11x13,weight=7x5x3x2", "x=1x1x3x3,weight=1x1x3x3"}},
  {.file = NPU, .function = "conv2d", .args = "stride=2", .shape = {"x=2x16x13x13,weight=32x16x3x3", "x=1x5x11x14,weight=7x5x3x2", "x=1x2x4x5,weight=3x2x2x2"}},
  {.file = NPU, .function = "group_conv2d", .shape = {"x=2x8x10x10,weight=16x4x3x3", "x=1x6x7x9,weight=10x3x2x3", "x=1x2x3x3,weight=2x1x3x3"}},
  {.file = NPU, .function = "max_pool", .shape = {"x=2x8x16x16", "x=1x5x7x13", "x=1x1x2x2"}},
  {.file = NPU, .function = "mean_pool", .dtype = "f32", .shape = {"x=2x8x16x16", "x=1x5x7x13", "x=1x1x3x4"}},
  {.file = NPU, .function = "batch_norm", .shape = {"x=4x64x64,mean=64,var=64,weight=64,shift=64", "x=3x20x50,mean=20,var=20,weight=20,shift=20", "x=1x2x3,mean=2,var=2,weight=2,shift=2"}},
  {.file = NPU, .function = "batch_statistics", .dtype = "f32", .shape = {"x=4x64x64", "x=3x20x50", "x=1x2x3"}},
  {.file = NPU, .function = "grouped_attention", .dtype = "f32", .shape = {"q=1x4x64x32,k=1x2x64x32,v=1x2x64x32", "q=2x6x50x24,k=2x2x71x24,v=2x2x71x24", "q=1x2x1x8,k=1x1x5x8,v=1x1x5x8"}},
  {.file = NPU, .function = "pixel_shuffle", .shape = {"x=1x8x4x4", "x=2x12x5x7", "x=1x4x1x3"}},
};

enum { SHAPES = 3, DRAWN = 12 };
typedef enum outcome { RIGHT, REFUSED, WRONG } outcome;
static const char *const machines[] = {"tpuv3", "gemmini32"};

static loom_status try_case(loom_ctx *ctx, const plans_case *c, int shape, const char *machine_name, compile_state *s, compile_npu *npu, compile_execution *e) {
  compile_options o;
  run_options run = {.check = true};
  plans_case_options(&ctx->mem, c, shape, arena_printf(&ctx->mem, LOOM_SOURCE_DIR "/machines/%s.yaml", machine_name), &o);
  o.search_host = false;
  o.stop_after = COMPILE_TOG;
  LOOM_TRY(compile_npu_compile(ctx, &o, s, npu));
  return compile_npu_execute(s, npu, &run, e);
}

/* Refused: what no mesh has a program for. */
static outcome look_at(const plans_case *c, int shape, const char *machine_name, bool says) {
  loom_ctx ctx;
  compile_state s = {0};
  compile_npu npu = {0};
  compile_execution e = {0};
  loom_ctx_init(&ctx);
  loom_status st = try_case(&ctx, c, shape, machine_name, &s, &npu, &e);
  bool is_right = st == LOOM_OK && e.check.ok && !e.report.n_faults;
  outcome out = is_right ? RIGHT : c->refused && st != LOOM_OK ? REFUSED : WRONG;
  if (out == WRONG)
    print_error("%s: %s\n", plans_command(&ctx.mem, c, c->shape[shape], machine_name),
                ctx.diag.first ? ctx.diag.first->text : e.report.n_faults ? e.report.faults.at[0].text : arena_printf(&ctx.mem, "the numbers differ: %s", e.check.where));
  else if (says)
    print_message("%s: %" PRId64 " cycles, predicted %" PRId64 ", %d moved\n", plans_command(&ctx.mem, c, c->shape[shape], machine_name), e.report.cycles, s.plan ? s.plan->predicted_cycles : 0,
                  npu.program.n_moved);
  compile_npu_close(&npu);
  compile_done(&s);
  loom_ctx_done(&ctx);
  return out;
}

static void test_kernels_of_the_corpus_run_on_npus(void **state) {
  (void)state;
  const char *which = getenv("LOOM_NPU_CASES"), *seed = getenv("LOOM_NPU_CASES_SEED");
  const int n_machines = (int)COUNT_OF(machines);
  rng r = rng_new(seed ? strtoull(seed, NULL, 10) : 1);
  int count[3] = {0};
  if (!which)
    for (int i = 0; i < DRAWN; i++)
      count[look_at(&plans_cases[rng_range(&r, 0, (int64_t)COUNT_OF(plans_cases) - 1)], (int)rng_range(&r, 0, SHAPES - 1), machines[rng_range(&r, 0, n_machines - 1)], false)]++;
  for (size_t i = 0; which && i < COUNT_OF(plans_cases); i++)
    for (int k = 0; k < SHAPES * n_machines && (strcmp(which, "all") == 0 || strcmp(which, plans_cases[i].function) == 0); k++)
      count[look_at(&plans_cases[i], k / n_machines, machines[k % n_machines], true)]++;
  for (size_t i = 0; i < COUNT_OF(fronts); i++)
    for (int k = 0; k < SHAPES * (which ? n_machines : 1) && (!which || strcmp(which, "all") == 0 || strcmp(which, fronts[i].function) == 0); k++)
      count[look_at(&fronts[i], k % SHAPES, machines[k / SHAPES], which != NULL)]++;
  if (which)
    print_message("%d right, %d refused, %d wrong\n", count[RIGHT], count[REFUSED], count[WRONG]);
  assert_true(count[RIGHT] + count[REFUSED] > 0);
  assert_int_equal(count[WRONG], 0);
}

/* ---- attention: heads, lengths, masks, types ---- */

enum { SDPA_LENGTHS = 7, SDPA_CASES = 2 * SDPA_LENGTHS * 2 * 2, SDPA_DRAWN = 6 };

static plans_case sdpa_case(arena *m, int i) {
  static const int lengths[SDPA_LENGTHS][2] = {{1, 77}, {16, 16}, {50, 71}, {100, 100}, {128, 128}, {200, 130}, {257, 257}};
  const int *length = lengths[i % SDPA_LENGTHS], heads = i / SDPA_LENGTHS % 2 ? 3 : 1, depth = i / SDPA_LENGTHS / 2 % 2 ? 64 : 40;
  const bool is_causal = i / SDPA_LENGTHS / 4 % 2;
  const char *kv = arena_printf(m, "2x%dx%dx%d", heads, length[1], depth);
  return (plans_case){.file = "kernels/attention.py", .function = "attention", .dtype = i % 3 == 0 ? "f32" : i % 3 == 1 ? "f16" : "bf16", .args = is_causal ? "causal=True" : NULL,
                      .shape = {arena_printf(m, "q=2x%dx%dx%d,k=%s,v=%s", heads, length[0], depth, kv, kv)}};
}

static void test_attention_of_any_length_and_mask(void **state) {
  (void)state;
  const char *which = getenv("LOOM_NPU_SDPA"), *seed = getenv("LOOM_NPU_CASES_SEED");
  rng r = rng_new(seed ? strtoull(seed, NULL, 10) : 1);
  loom_ctx names;
  int count[3] = {0};
  loom_ctx_init(&names);
  for (int i = 0; i < (which ? SDPA_CASES : SDPA_DRAWN); i++) {
    plans_case c = sdpa_case(&names.mem, which ? i : (int)rng_range(&r, 0, SDPA_CASES - 1));
    count[look_at(&c, 0, machines[0], which != NULL)]++;
  }
  loom_ctx_done(&names);
  if (which)
    print_message("%d right, %d wrong\n", count[RIGHT], count[WRONG]);
  assert_int_equal(count[WRONG] + count[REFUSED], 0);
}

/* ---- one program for many sizes ---- */

static void test_rows_may_be_given_when_it_runs(void **state) {
  (void)state;
  enum { ALL = 1000, SOME = 137, WIDTH = 50 };
  const plans_case c = {.file = "tests/data/kernels/corpus/products.py", .function = "product_f32", .dtype = "f32", .shape = {"x=1000x70,y=70x50"}};
  const int64_t some = SOME, one = 1;
  loom_ctx ctx;
  compile_options o;
  compile_state s = {0};
  compile_npu npu = {0};
  compile_execution all = {0}, part = {0}, least = {0};
  run_options run = {.check = true};
  solve_domain rows = {.symbol = "tm", .assigned = 128};
  loom_ctx_init(&ctx);
  plans_case_options(&ctx.mem, &c, 0, LOOM_SOURCE_DIR "/machines/tpuv3.yaml", &o);
  o.search_host = false;
  o.stop_after = COMPILE_TOG;
  o.open_rows = true;
  o.domains = &rows;
  o.n_domains = 1;
  assert_int_equal(compile_npu_compile(&ctx, &o, &s, &npu), LOOM_OK);
  assert_int_equal(compile_npu_execute(&s, &npu, &run, &all), LOOM_OK);
  assert_true(all.check.ok && !all.report.n_faults);
  npu.how.symbols = &some;
  npu.how.n_symbols = 1;
  assert_int_equal(compile_npu_execute(&s, &npu, &run, &part), LOOM_OK);
  assert_int_equal(part.check.wrong, (ALL - SOME) * WIDTH);      /* those it was not told of stay 0 */
  assert_in_range(part.report.dram_bytes_written, SOME * WIDTH * 4, SOME * WIDTH * 4 + 128);      /* whole requests */
  assert_true(part.report.cycles < all.report.cycles && !part.report.n_faults);
  npu.how.symbols = &one;
  assert_int_equal(compile_npu_time(&s, &npu, &run, &least), LOOM_OK);
  assert_true(least.report.cycles < part.report.cycles);
  compile_npu_close(&npu);
  compile_done(&s);
  loom_ctx_done(&ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows_may_be_given_when_it_runs), cmocka_unit_test(test_kernels_of_the_corpus_run_on_npus), cmocka_unit_test(test_attention_of_any_length_and_mask)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
