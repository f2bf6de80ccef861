/* Z3 without an answer, with errors, with wrong models: what is so is never refuted, what is not is never certified.  The linker puts the functions below in front of Z3's (--wrap).
 * An "unsatisfiable" that is none cannot be told from one that is: that lie is not among them.  LOOM_RANDOM_PROBLEMS=1000 asks for more than the 10 of the test suite. */
#include "solve/certify.h"
#include "solve/solve_testing.h"
#include "solve/z3/z3_private.h"
#include <stdlib.h>

/* X(name): what happens at one call. */
#define FAULT_LIST(X) X(NONE) X(UNKNOWN) X(SATISFIABLE) X(ERROR) X(NO_MODEL) X(OTHER_MODEL) X(NO_VALUES)
typedef enum fault_kind {
#define X(n) FAULT_##n,
  FAULT_LIST(X)
#undef X
  FAULTS
} fault_kind;

static struct { fault_kind kind; int at, checks; } fault;      /* from the at-th check on, which is counted */

Z3_lbool __real_Z3_solver_check_assumptions(Z3_context c, Z3_solver s, unsigned n, Z3_ast const assumptions[]);
Z3_lbool __wrap_Z3_solver_check_assumptions(Z3_context c, Z3_solver s, unsigned n, Z3_ast const assumptions[]);
Z3_model __real_Z3_solver_get_model(Z3_context c, Z3_solver s);
Z3_model __wrap_Z3_solver_get_model(Z3_context c, Z3_solver s);
bool __real_Z3_model_eval(Z3_context c, Z3_model m, Z3_ast t, bool complete, Z3_ast *out);
bool __wrap_Z3_model_eval(Z3_context c, Z3_model m, Z3_ast t, bool complete, Z3_ast *out);

Z3_lbool __wrap_Z3_solver_check_assumptions(Z3_context c, Z3_solver s, unsigned n, Z3_ast const assumptions[]) {
  if (fault.checks++ != fault.at)
    return __real_Z3_solver_check_assumptions(c, s, n, assumptions);
  switch (fault.kind) {
  case FAULT_UNKNOWN: return Z3_L_UNDEF;
  case FAULT_SATISFIABLE: (void)__real_Z3_solver_check_assumptions(c, s, n, assumptions); return Z3_L_TRUE;
  case FAULT_ERROR: Z3_set_error(c, Z3_EXCEPTION); return Z3_L_TRUE;
  default: return __real_Z3_solver_check_assumptions(c, s, n, assumptions);
  }
}

Z3_model __wrap_Z3_solver_get_model(Z3_context c, Z3_solver s) { return fault.kind == FAULT_NO_MODEL && fault.checks > fault.at ? NULL : __real_Z3_solver_get_model(c, s); }

bool __wrap_Z3_model_eval(Z3_context c, Z3_model m, Z3_ast t, bool complete, Z3_ast *out) {
  if (fault.kind == FAULT_NO_VALUES && fault.checks > fault.at)
    return false;
  bool ok = __real_Z3_model_eval(c, m, t, complete, out);
  if (ok && fault.kind == FAULT_OTHER_MODEL && fault.checks > fault.at)
    *out = Z3_get_bool_value(c, *out) == Z3_L_TRUE ? Z3_mk_false(c) : Z3_mk_true(c);
  return ok;
}

typedef struct tally { int problems, asked; int verdicts[SOLVE_REFUTED + 1]; } tally;

static void ask(loom_ctx *ctx, const solve_problem *p, const solve_answer *a, bool is_right, unsigned rlimit, uint64_t seed, tally *t) {
  solve_verdict v;
  const char *why;
  fault.checks = 0;
  assert_int_equal(solve_certify(ctx, p, a, rlimit, &v, &why), LOOM_OK);
  if (is_right ? v == SOLVE_REFUTED : v == SOLVE_CERTIFIED)
    fail_msg("problem %" PRIu64 ", fault %d at check %d, rlimit %u: %s", seed, fault.kind, fault.at, rlimit, is_right ? why : "a wrong answer is certified");
  t->verdicts[v]++;
  t->asked++;
}

/* The right answer; the same point said to take more, another cost than it has, and the problem said to be infeasible. */
static void ask_all(loom_ctx *ctx, const solve_problem *p, const solve_answer *right, unsigned rlimit, uint64_t seed, tally *t) {
  solve_answer wrong = *right;
  ask(ctx, p, right, true, rlimit, seed, t);
  if (!solve_has_answer(right->status))
    return;
  wrong.cycles = right->cycles + 1;
  ask(ctx, p, &wrong, false, rlimit, seed, t);
  wrong.cycles = right->cycles - 1;
  ask(ctx, p, &wrong, false, rlimit, seed, t);
  wrong.status = SOLVE_INFEASIBLE;
  ask(ctx, p, &wrong, false, rlimit, seed, t);
}

static void check_problem(uint64_t seed, tally *t) {
  enum { CHECKS = 4, RLIMIT = 20000000 };
  static const unsigned limits[] = {1, 2, 3, 10, 30, 100, 300, 1000, 3000, 10000, 30000, 100000};
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  rng r = rng_new(seed);
  const solve_problem *p = made_up_problem(&ctx.mem, &r);
  const truth known = find_truth(&ctx, p);
  solve_answer a;
  if (!known.found || known.cycles != INT64_MAX) {      /* such an answer is an error of its own */
    assert_int_equal(solve_problems(&ctx, &p, 1, false, NULL, &a), LOOM_OK);
    assert_int_equal(solve_has_answer(a.status), known.found);
    if (known.found)
      assert_int_equal(a.cycles, known.cycles);
    fault.kind = FAULT_NONE;
    for (size_t i = 0; i < COUNT_OF(limits); i++)
      ask_all(&ctx, p, &a, limits[i], seed, t);
    for (fault.kind = FAULT_UNKNOWN; fault.kind < FAULTS; fault.kind++)
      for (fault.at = 0; fault.at < CHECKS; fault.at++)
        ask_all(&ctx, p, &a, RLIMIT, seed, t);
    t->problems++;
  }
  loom_ctx_done(&ctx);
}

static void test_no_fault_makes_a_wrong_verdict(void **state) {
  (void)state;
  const int n = (int)testing_number("LOOM_RANDOM_PROBLEMS", 10);
  tally t = {0};
  for (uint64_t seed = 500000; t.problems < n; seed++)
    check_problem(seed, &t);
  print_message("%d problems, asked %d times: %d certified, %d not, %d refuted; 0 unchecked\n", t.problems, t.asked, t.verdicts[SOLVE_CERTIFIED], t.verdicts[SOLVE_NOT_CERTIFIED],
                t.verdicts[SOLVE_REFUTED]);
  assert_true(t.verdicts[SOLVE_CERTIFIED] > 0 && t.verdicts[SOLVE_REFUTED] > 0 && t.verdicts[SOLVE_NOT_CERTIFIED] > t.asked / 10);      /* the faults arrive */
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_no_fault_makes_a_wrong_verdict)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
