/* Any plan of any kernel on this CPU: the kernels of compile_plans_cases.h through the planned path, with a mapping, a loop order, movements and block sizes drawn
 * at random.  Every element within the interpreter's bound, bit by bit where the kernel maps whole numbers to whole numbers; and where the kernel sums no
 * rows, all plans come to the same bits: products add along k in one order.  Kernels and plans without a program for a grid of cores run as plain loops with those
 * block sizes.
 *
 * By hand:  LOOM_PLANS=8 build/unit/compile_host_plans_test      8 plans of every kernel and shape
 *           LOOM_PLANS_KERNEL=flash LOOM_PLANS_SHAPE=1, LOOM_PLANS_SEED=1000, LOOM_PLANS_SHOW=1     as in compile_plans_test.c
 *           LOOM_PLANS_TABLE=FILE                                the results as rows of Markdown */
#include "compile_native.h"
#include "compile_plans_cases.h"
#include "compile_plans_trial.h"
#include "base/file.h"
#include "base/hash.h"

enum { FEW_CASES = 9, FEW_PLANS = 2, PLAIN_SIZE_MAX = 80, KINDS_MAX = 64 };

typedef struct trial {
  const plans_case *c;
  int shape;
  uint64_t seed;
  compile_state *s;
  plans_outcome *out;
  const char *command, *results;         /* a file for them */
  char kind[KINDS_MAX][65];              /* SHA-256 of the results of planned programs, each once */
} trial;

/* ---- bits ---- */

/* Sums of rows, whose parts a plan may add up in another order.  A product is one chain of additions along k, whatever its blocks. */
static bool has_order(const kernel_region *r) {
  for (size_t i = 0; i < r->ops.n; i++) {
    const kernel_op *op = r->ops.at[i];
    if (op->kind == KERNEL_REDUCE || op->kind == KERNEL_SCAN || op->kind == KERNEL_FOLD || op->kind == KERNEL_ATOMIC)
      return true;
    for (int k = 0; k < op->n_regions; k++)
      if (has_order(&op->regions[k]))
        return true;
  }
  return false;
}

static void note_bits(trial *t, loom_ctx *ctx) {
  plans_outcome *o = t->out;
  char *bytes, hash[65];
  size_t size;
  int i = 0;
  assert_int_equal(file_read(ctx, t->results, (size_t)1 << 26, &bytes, &size), LOOM_OK);
  hash_sha256_hex(bytes, size, hash);
  while (i < o->kinds && strcmp(t->kind[i], hash) != 0)
    i++;
  if (i == o->kinds && i < KINDS_MAX)
    memcpy(t->kind[o->kinds++], hash, sizeof hash);
  if (o->kinds > 1 && !t->c->own_blocks && !has_order(&t->s->kernel->body))
    plans_fail(o, "other bits than those of the plans before, of a kernel without sums of rows");
}

/* ---- one program ---- */

static loom_status execute(trial *t, compile_state *s, bool is_planned) {
  run_binding results = {.name = "", .file = t->results};
  run_options r = {.check = true, .outputs = &results, .n_outputs = 1, .seed = 1};
  compile_execution e;
  s->is_native = true;
  s->object = NULL;
  LOOM_TRY(compile_execute(s, &r, &e));
  t->out->plans++;
  if (plans_judge(&s->ctx->mem, &e.check, t->out) && is_planned)
    note_bits(t, s->ctx);
  return LOOM_OK;
}

/* The kernel's own loops, with block sizes by position. */
static loom_status run_plain(trial *t, const solve_domain *blocks, size_t n) {
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  compile_options o;
  compile_state s;
  plans_case_options(&ctx.mem, t->c, t->shape, "host", &o);
  o.search_host = false;
  o.plain_loops = true;
  o.stop_after = COMPILE_TOG;
  o.domains = blocks;
  o.n_domains = n;
  loom_status st = compile_kernel(&ctx, &o, &s);
  if (st == LOOM_OK)
    st = execute(t, &s, false);
  if (st != LOOM_OK)
    plans_fail(t->out, plans_first_error(&ctx));
  t->out->plain++;
  compile_done(&s);
  loom_ctx_done(&ctx);
  return LOOM_OK;
}

static loom_status run_plan(trial *t, plan *p) {
  compile_state *s = t->s;
  diag_mark mark = diag_save(s->ctx);
  LOOM_TRY(plans_bufferize(s, p));
  ir_close_module(s->native);
  s->native = (MlirModule){NULL};
  loom_status st = compile_native_program(s);
  if (st == LOOM_OK)
    return execute(t, s, true);
  if (st != LOOM_EUNSUP)
    return st;
  diag_drop(s->ctx, mark);
  return run_plain(t, s->o->domains, s->o->n_domains);
}

static void run_drawn(trial *t, plans_space *x, int k) {
  loom_ctx *ctx = t->s->ctx;
  plan *p;
  rng r = rng_new(t->seed + (uint64_t)k);
  diag_mark mark = diag_save(ctx);
  loom_status st = plans_draw(x, &r, &p);
  if (st == LOOM_OK && !p)
    return;
  if (st == LOOM_OK) {
    snprintf(t->out->now, sizeof t->out->now, "plan %d: %s %s --check", k, t->command, plans_describe(&ctx->mem, p));
    plans_show(t->out);
    st = run_plan(t, p);
  }
  if (st != LOOM_OK) {
    plans_fail(t->out, plans_first_error(ctx));
    diag_drop(ctx, mark);
  }
}

/* ---- one kernel at one shape ---- */

/* A kernel that has no nest. */
static void run_unplanned(trial *t, int k) {
  solve_domain size = {0};
  rng r = rng_new(t->seed + (uint64_t)k);
  size.assigned = rng_range(&r, 1, PLAIN_SIZE_MAX);
  snprintf(t->out->now, sizeof t->out->now, "sizes %d: %s --block-sizes %" PRId64 " --check", k, t->command, size.assigned);
  plans_show(t->out);
  (void)run_plain(t, &size, 1);
}

static void run_case(void *data, plans_outcome *o) {
  trial *t = data;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  compile_options options;
  compile_state s;
  plans_space x;
  plans_case_options(&ctx.mem, t->c, t->shape, "host", &options);
  t->s = &s;
  t->out = o;
  t->command = plans_command(&ctx.mem, t->c, t->c->shape[t->shape], "host");
  t->results = arena_printf(&ctx.mem, "%s/loom-plans-%d.npz", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp", (int)getpid());
  snprintf(o->now, sizeof o->now, "%s", t->command);
  loom_status st = compile_kernel(&ctx, &options, &s);
  if (st == LOOM_OK)
    st = plans_open(&s, &x);
  if (st != LOOM_OK && st != LOOM_EUNSUP)
    plans_fail(o, plans_first_error(&ctx));
  for (int k = 0; k < o->wanted; k++)
    if (st == LOOM_OK)
      run_drawn(t, &x, k);
    else
      run_unplanned(t, k);
  if (!o->plans && !o->failed)
    plans_fail(o, "no plan fits");
  unlink(t->results);
  compile_done(&s);
  loom_ctx_done(&ctx);
}

/* ---- all of them ---- */

static void write_row(FILE *table, const trial *t, const plans_outcome *o) {
  fprintf(table, "| %s%s%s%s | %s | %d%s | %d | %.2g | %.2f | %s | %d |\n", t->c->function, t->c->dtype ? ", " : "", t->c->dtype ? t->c->dtype : "",
          t->c->args && strchr(t->c->args, 'T') ? ", causal" : "", t->c->shape[t->shape], o->plans, o->failed ? " (failed)" : "", o->plain, o->max_error, o->ratio,
          o->ran_whole ? "same" : "-", o->kinds);
  fflush(table);
}

static void test_any_plan_on_this_cpu_agrees_with_the_interpreter(void **state) {
  (void)state;
  static const char *const dirs[] = {LOOM_SOURCE_DIR "/machines"};
  machine_set_path(dirs, 1);
  int64_t many = testing_number("LOOM_PLANS", 0), seed = testing_number("LOOM_PLANS_SEED", 1), only_shape = testing_number("LOOM_PLANS_SHAPE", -1);
  const char *path = getenv("LOOM_PLANS_TABLE");
  FILE *table = path ? fopen(path, "w") : NULL;
  assert_true(!path || table);
  plans_outcome *o = plans_share_outcome();
  int plans = 0, plain = 0, failed = 0, cases = 0;
  for (size_t i = 0; i < COUNT_OF(plans_cases); i++)
    for (int shape = 0; shape < PLANS_SHAPES; shape++) {
      bool is_among_few = (i * PLANS_SHAPES + (size_t)shape) * FEW_CASES % (COUNT_OF(plans_cases) * PLANS_SHAPES) < FEW_CASES;
      if (plans_cases[i].has_indices || (!many && !is_among_few) || (only_shape >= 0 && shape != only_shape) || !testing_is_wanted("LOOM_PLANS_KERNEL", plans_cases[i].function))
        continue;
      trial t = {.c = &plans_cases[i], .shape = shape, .seed = (uint64_t)seed * 1000};
      plans_run_apart(run_case, &t, many ? (int)many : FEW_PLANS, o);
      if (table)
        write_row(table, &t, o);
      plans += o->plans;
      plain += o->plain;
      failed += o->failed;
      cases++;
    }
  if (table)
    fclose(table);
  munmap(o, sizeof *o);
  print_message("%d plans of %d cases (kernel, shape), %d of them plain loops; %d failed\n", plans, cases, plain, failed);
  assert_int_equal(failed, 0);
  assert_true(plans > 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_any_plan_on_this_cpu_agrees_with_the_interpreter),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
