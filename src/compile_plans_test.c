/* Any plan of any kernel on any machine: plans drawn at random (compile_plans.h) run on the virtual chip and agree with the reference interpreter
 * within its bound, bit by bit where the kernel maps whole numbers to whole numbers; cycles do not depend on values.
 *
 * By hand:  LOOM_PLANS=8 build/unit/compile_plans_test      8 plans of every kernel, shape and machine (ninja random_plans)
 *           LOOM_PLANS_KERNEL=flash LOOM_PLANS_MACHINE=ring8 LOOM_PLANS_SHAPE=1     some of them
 *           LOOM_PLANS_SEED=1000                            other plans
 *           LOOM_PLANS_TABLE=FILE                           the results as rows of Markdown, and the solver's best plan of each case too
 *           LOOM_PLANS_SHOW=1                               each plan before it runs
 * Each case runs in a process of its own, so that one that dies says which plan it was at. */
#include "base/testing.h"
#include "compile_plans_cases.h"
#include "compile_plans_trial.h"

static const char *const machines[] = {"wormhole", "blackhole", "ring8", "torus4", "single"};
enum { MACHINES = COUNT_OF(machines), FEW_PLANS = 2, SEARCH_BUDGET = 200000 };

/* ---- one plan ---- */

typedef struct trial { compile_state *s; run_oracle oracle; const char *command; plans_outcome *out; } trial;

static void judge(trial *t, const compile_execution *e, const sim_report *timing) {
  arena *m = &t->s->ctx->mem;
  if (e->report.n_faults)
    plans_fail(t->out, arena_printf(m, "fault %s: %s", sim_fault_name(e->report.faults.at[0].kind), e->report.faults.at[0].text));
  else if (plans_judge(m, &e->check, t->out) && (timing->cycles != e->report.cycles || timing->n_faults))
    plans_fail(t->out, arena_printf(m, "%" PRId64 " cycles with values, %" PRId64 " without", e->report.cycles, timing->cycles));
}

static loom_status run_plan(trial *t, plan *p, const char *name, int64_t *out_cycles) {
  compile_state *s = t->s;
  run_options r = {.check = true, .oracle = &t->oracle};
  compile_execution e;
  sim_report timing;
  snprintf(t->out->now, sizeof t->out->now, "%s: %s %s --check", name, t->command, plans_describe(&s->ctx->mem, p));
  plans_show(t->out);
  t->oracle.values[0] = NULL;      /* rounding errors, and so their bounds, depend on the plan; whole numbers do not */
  LOOM_TRY(plans_make_program(s, p));
  LOOM_TRY(compile_execute(s, &r, &e));
  LOOM_TRY(sim_run(s->ctx, s->tog, s->machine, &(sim_options){0}, &timing));
  judge(t, &e, &timing);
  t->out->plans++;
  *out_cycles = e.report.cycles;
  return LOOM_OK;
}

static void run_drawn(trial *t, plans_space *x, uint64_t seed, int k) {
  loom_ctx *ctx = t->s->ctx;
  plans_outcome *o = t->out;
  plan *p;
  int64_t cycles;
  rng r = rng_new(seed + (uint64_t)k);
  diag_mark mark = diag_save(ctx);
  snprintf(o->now, sizeof o->now, "plan %d: %s, being drawn", k, t->command);
  loom_status st = plans_draw(x, &r, &p);
  if (st == LOOM_OK && !p)
    return;
  if (st == LOOM_OK)
    st = run_plan(t, p, arena_printf(&ctx->mem, "plan %d", k), &cycles);
  if (st != LOOM_OK) {
    plans_fail(t->out, plans_first_error(ctx));
    diag_drop(ctx, mark);
    return;
  }
  o->least_cycles = o->least_cycles && o->least_cycles < cycles ? o->least_cycles : cycles;
  o->most_cycles = o->most_cycles > cycles ? o->most_cycles : cycles;
}

/* The best that the solver finds with a bounded effort. */
static void run_best(trial *t, plans_space *x) {
  loom_ctx *ctx = t->s->ctx;
  plan *p;
  diag_mark mark = diag_save(ctx);
  solve_limits limits = {.op_budget = SEARCH_BUDGET};
  snprintf(t->out->now, sizeof t->out->now, "best plan: %s, being searched", t->command);
  loom_status st = solve_space(ctx, &x->space, &t->s->solve_options, &limits, &t->s->solved);
  if (st == LOOM_OK)
    st = solve_plan(ctx, t->s->nest, t->s->machine, &t->s->solve_options, &t->s->solved.rows.at[0], &p);
  if (st == LOOM_OK)
    st = run_plan(t, p, "best plan", &t->out->best_cycles);
  if (st != LOOM_OK) {
    plans_fail(t->out, plans_first_error(ctx));
    diag_drop(ctx, mark);
  }
}

/* ---- one kernel at one shape on one machine ---- */

static void expect_refusal(const plans_case *c, const loom_ctx *ctx, loom_status st, plans_outcome *o) {
  o->is_refused = true;
  if (st == LOOM_EUNSUP && c->refused && strstr(plans_first_error(ctx), c->refused))
    return;
  o->failed++;
  plans_say(o, "status %d: %s\n  %s\n", (int)st, st == LOOM_OK ? "not refused" : plans_first_error(ctx), o->now);
}

typedef struct one_case { const plans_case *c; int shape; const char *machine_name; uint64_t seed; bool best; } one_case;

static void run_case(void *data, plans_outcome *o) {
  const one_case *at = data;
  const plans_case *c = at->c;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  compile_state s;
  plans_space x;
  compile_options co;
  plans_case_options(&ctx.mem, c, at->shape, at->machine_name, &co);
  trial t = {.s = &s, .command = plans_command(&ctx.mem, c, c->shape[at->shape], at->machine_name), .out = o};
  snprintf(o->now, sizeof o->now, "%s", t.command);
  loom_status st = compile_kernel(&ctx, &co, &s);
  if (st == LOOM_OK)
    st = plans_open(&s, &x);
  if (st != LOOM_OK || c->refused) {
    expect_refusal(c, &ctx, st, o);
  } else {
    if (at->best)
      run_best(&t, &x);
    for (int k = 0; k < o->wanted; k++) {
      if (c->own_blocks)
        t.oracle.values[1] = NULL;
      run_drawn(&t, &x, at->seed, k);
    }
    if (!o->plans && !o->failed) {
      o->failed++;
      plans_say(o, "no plan fits\n  %s\n", t.command);
    }
  }
  compile_done(&s);
  loom_ctx_done(&ctx);
}

/* ---- all of them ---- */

/* A kernel at one shape: all plans of all machines, and the cycles of the solver's plan on each machine. */
typedef struct row { int plans, failed, refused; bool ran_whole; double max_error, ratio; int64_t cycles[MACHINES]; } row;

static void add_to_row(row *r, size_t chip, const plans_outcome *o) {
  r->plans += o->plans;
  r->failed += o->failed;
  r->refused += o->is_refused;
  r->ran_whole |= o->ran_whole;
  r->max_error = fmax(r->max_error, o->max_error);
  r->ratio = fmax(r->ratio, o->ratio);
  r->cycles[chip] = o->best_cycles;
}

static void write_row(FILE *table, const plans_case *c, int shape, const row *r) {
  fprintf(table, "| %s%s%s%s | %s | ", c->function, c->dtype ? ", " : "", c->dtype ? c->dtype : "", c->args && strchr(c->args, 'T') ? ", causal" : "", c->shape[shape]);
  if (r->refused)
    fprintf(table, "refused | | | | | | | |");
  else
    fprintf(table, "%d%s | %.2g | %.2f | %s |", r->plans, r->failed ? " (failed)" : "", r->max_error, r->ratio, r->ran_whole ? "same" : "-");
  for (size_t k = 0; k < MACHINES && !r->refused; k++)
    fprintf(table, " %" PRId64 " |", r->cycles[k]);
  fprintf(table, "\n");
  fflush(table);
}

/* Without LOOM_PLANS: each shape on one machine. */
static bool is_asked_for(size_t kernel, int shape, size_t chip, int64_t many) {
  int64_t only_shape = testing_number("LOOM_PLANS_SHAPE", -1);
  bool is_among_few = (kernel + (size_t)shape * 2) % MACHINES == chip;
  return (many || is_among_few) && testing_is_wanted("LOOM_PLANS_KERNEL", plans_cases[kernel].function) && testing_is_wanted("LOOM_PLANS_MACHINE", machines[chip]) &&
         (only_shape < 0 || shape == only_shape);
}

static void test_any_plan_agrees_with_the_interpreter(void **state) {
  (void)state;
  static const char *const dirs[] = {LOOM_SOURCE_DIR "/machines"};
  machine_set_path(dirs, 1);
  int64_t many = testing_number("LOOM_PLANS", 0), seed = testing_number("LOOM_PLANS_SEED", 1), cases = 0;
  const char *path = getenv("LOOM_PLANS_TABLE");
  FILE *table = path ? fopen(path, "w") : NULL;
  assert_true(!path || table);
  plans_outcome *o = plans_share_outcome();
  row all = {0};
  for (size_t i = 0; i < COUNT_OF(plans_cases); i++)
    for (int shape = 0; shape < PLANS_SHAPES; shape++) {
      row r = {0};
      int64_t before = cases;
      for (size_t k = 0; k < MACHINES; k++) {
        if (!is_asked_for(i, shape, k, many))
          continue;
        one_case c = {&plans_cases[i], shape, machines[k], (uint64_t)seed * 1000, table != NULL};
        plans_run_apart(run_case, &c, many ? (int)many : FEW_PLANS, o);
        add_to_row(&r, k, o);
        add_to_row(&all, k, o);
        cases++;
      }
      if (table && cases > before)
        write_row(table, &plans_cases[i], shape, &r);
    }
  if (table)
    fclose(table);
  munmap(o, sizeof *o);
  print_message("%d plans of %" PRId64 " cases (kernel, shape, machine), %d cases refused as they should be; %d failed\n", all.plans, cases, all.refused, all.failed);
  assert_int_equal(all.failed, 0);
  assert_true(all.plans + all.refused > 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_any_plan_agrees_with_the_interpreter),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
