/* Guards proven, and guards that are not what they should be where the grid of machine_check sees nothing. */
#include "base/testing.h"
#include "base/text.h"
#include "solve/certify.h"
#include "sym/sym.h"

typedef struct guard_case { const char *when, *guard[3]; bool is_proven; const char *overlap, *gap; } guard_case;

static machine_func function_of(loom_ctx *ctx, const guard_case *c) {
  machine_func f = {.name = "matmul"};
  static const char *const names[] = {"M", "N", "K"};
  for (size_t i = 0; i < COUNT_OF(names); i++)
    vec_push(&ctx->mem, &f.symbols, names[i]);
  assert_int_equal(sym_parse(ctx, LOOM_NOSPAN, c->when, &f.when), LOOM_OK);
  for (size_t i = 0; i < COUNT_OF(c->guard) && c->guard[i]; i++) {
    machine_scenario s = {.fixed = sym_const(&ctx->mem, 1), .volume = sym_const(&ctx->mem, 1), .throughput = sym_const(&ctx->mem, 1)};
    assert_int_equal(sym_parse(ctx, LOOM_NOSPAN, c->guard[i], &s.when), LOOM_OK);
    vec_push(&ctx->mem, &f.scenarios, s);
  }
  return f;
}

static bool was_told(const loom_ctx *ctx, const char *part) {
  for (const diag_item *d = ctx->diag.first; d; d = d->next)
    if (d->severity == DIAG_WARNING && strstr(d->text, part))
      return true;
  return false;
}

static void test_guards_are_proven_or_have_a_witness(void **state) {
  (void)state;
  static const guard_case cases[] = {
      {"M >= 32 && N >= 32 && K >= 32", {"M * N >= 8192", "M * N < 8192"}, true, NULL, NULL},
      {"true", {"true"}, true, NULL, NULL},
      {"true", {"M == N", "M != N"}, true, NULL, NULL},
      {"true", {"M > 1 && N > 1", "M <= 1 || N <= 1"}, true, NULL, NULL},
      {"true", {"divisible(M, 48)", "!divisible(M, 48)"}, true, NULL, NULL},
      {"true", {"M ceildiv 32 <= 7", "M > 224"}, true, NULL, NULL},
      {"true", {"M * N * K < 1000000", "M * N * K >= 1000000"}, true, NULL, NULL},
      /* both ends of a range belong to two scenarios */
      {"M >= 32 && N >= 32 && K >= 32", {"M * N >= 8192", "M * N <= 8192"}, false, "scenarios 1 and 2 of 'matmul' overlap, for example at M = 32, N = 256", NULL},
      /* a single size, far from any constant of the guards */
      {"true", {"M < 70000 + 7 * 1111", "M > 77777"}, false, NULL, "no scenario of 'matmul' holds, for example at M = 77777"},
      {"true", {"M + N <= 100003", "M + N >= 100003"}, false, "overlap, for example at M = 1, N = 100002", NULL},
      {"true", {"M < N || N * 3 < M", "M >= N + 64"}, false, "overlap, for example at M = 128, N = 32", "holds, for example at M = 32, N = 32"},
      /* no value, no scenario */
      {"true", {"100 floordiv (M - 64) >= 5", "100 floordiv (M - 64) < 5"}, false, NULL, "holds, for example at M = 32"},
      {"true", {"false", "1 > 2"}, true, NULL, NULL},
      /* a condition that all share says for what the function is */
      {"true", {"M >= 77 && N < 100", "M >= 77 && N >= 100"}, true, NULL, NULL},
      {"true", {"M >= 77 && N < 100", "M >= 78 && N >= 100"}, false, NULL, "holds, for example at M = 32, N = 32"},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    machine_func f = function_of(&ctx, &cases[i]);
    bool is_proven;
    assert_int_equal(solve_prove_guards(&ctx, &f, SOLVE_RLIMIT / 10, &is_proven), LOOM_OK);
    for (const diag_item *d = ctx.diag.first; d; d = d->next)
      if (!(cases[i].overlap && strstr(d->text, cases[i].overlap)) && !(cases[i].gap && strstr(d->text, cases[i].gap)))
        fail_msg("%s | %s: %s", cases[i].guard[0], cases[i].guard[1] ? cases[i].guard[1] : "-", d->text);
    if (is_proven != cases[i].is_proven || (cases[i].overlap && !was_told(&ctx, cases[i].overlap)) || (cases[i].gap && !was_told(&ctx, cases[i].gap)))
      fail_msg("%s | %s: proven %d, %d warnings", cases[i].guard[0], cases[i].guard[1] ? cases[i].guard[1] : "-", is_proven, ctx.diag.warnings);
    loom_ctx_done(&ctx);
  }
}

static void test_spent_effort_proves_nothing_and_tells_nothing(void **state) {
  (void)state;
  static const guard_case hard = {"true", {"M * N * K < 1000003", "M * N * K >= 1000003"}, false, NULL, NULL};
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  machine_func f = function_of(&ctx, &hard);
  bool is_proven;
  assert_int_equal(solve_prove_guards(&ctx, &f, 1, &is_proven), LOOM_OK);
  assert_false(is_proven);
  assert_int_equal(ctx.diag.warnings, 0);
  loom_ctx_done(&ctx);
}

/* All functions of the chips that come with Loom, in every perf set. */
static void test_shipped_guards_are_proven(void **state) {
  (void)state;
  static const char *const dirs[] = {LOOM_SOURCE_DIR "/machines"}, *const names[] = {"wormhole", "wormhole-2025", "blackhole"};
  machine_set_path(dirs, 1);
  int several = 0;
  for (size_t i = 0; i < COUNT_OF(names); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    machine *m;
    assert_int_equal(machine_load(&ctx, names[i], NULL, &m), LOOM_OK);
    for (size_t s = 0; s < m->perf.n; s++)
      for (size_t k = 0; k < m->perf.at[s].funcs.n; k++) {
        bool is_proven;
        const machine_func *f = &m->perf.at[s].funcs.at[k];
        assert_int_equal(solve_prove_guards(&ctx, f, SOLVE_RLIMIT / 10, &is_proven), LOOM_OK);
        if (!is_proven)
          fail_msg("%s of %s, perf set %s", f->name, names[i], m->perf.at[s].name);
        several += f->scenarios.n > 1;
      }
    assert_int_equal(ctx.diag.warnings, 0);
    loom_ctx_done(&ctx);
  }
  assert_true(several > 3);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_guards_are_proven_or_have_a_witness), cmocka_unit_test(test_spent_effort_proves_nothing_and_tells_nothing),
                                     cmocka_unit_test(test_shipped_guards_are_proven)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
