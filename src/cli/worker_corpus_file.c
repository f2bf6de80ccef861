/* One file of a corpus: every public function without arguments and results is a case; its expectations decide. */
#include "base/clock.h"
#include "base/file.h"
#include "cli/worker_corpus.h"
#include "dialect/dialect.h"
#include "pass/pass.h"
#include "program/program.h"
#include "run/run_stage.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SOURCE_BYTES_MAX = 64 << 20, REASON_BYTES_MAX = 2000 };
typedef struct test_file { loom_ctx *ctx; FILE *out; ir_ctx ir; MlirModule module; program_functions functions; program_options options; } test_file;

static void tell(test_file *t, const test_case *c, bool is_done) {
  arena *m = &t->ctx->mem;
  data_value *v = data_object(m);
  data_set_string(m, v, "name", c->name);
  data_set_int(m, v, "line", c->line);
  if (is_done) {
    data_set_string(m, v, "verdict", test_verdict_word(c->verdict));
    data_set_string(m, v, "reason", c->reason ? c->reason : "");
    data_set_int(m, v, "checks", c->checks);
    data_set_real(m, v, "ms", c->ms);
  }
  fprintf(t->out, "%s\n", data_write_json(m, v, 0));
  fflush(t->out);
}

/* The errors since `mark`, on one line; they are dropped. */
static const char *take_errors(test_file *t, diag_mark mark) {
  text s = text_new(&t->ctx->mem);
  for (const diag_item *d = *mark.last; d && s.size < REASON_BYTES_MAX; d = d->next)
    if (d->severity == DIAG_ERROR)
      text_addf(&s, d->span.line ? "%s%d:%d: %s" : "%s%.0d%.0d%s", s.size ? "; " : "", d->span.line, d->span.col, d->text);
  diag_drop(t->ctx, mark);
  for (char *p = s.data; p && *p; p++)
    if (*p == '\n')
      *p = ' ';
  return text_str(&s);
}

static test_verdict verdict_of(loom_status st) { return st == LOOM_OK ? TEST_PASS : st == LOOM_EUNSUP ? TEST_SKIP : TEST_FAIL; }

static bool is_case(const program_function *f) { return f->is_public && f->has_body && !f->n_args && !f->n_results && !text_starts(f->name, "__"); }

/* Expectations met and not met so far. */
static void count(program *p, int64_t *out_all, int64_t *out_failed) {
  size_t n;
  const program_check *c = program_checks(p, &n);
  *out_all = *out_failed = 0;
  for (size_t i = 0; i < n; i++) {
    bool is_assertion = text_eq(c[i].op, "cf.assert");
    *out_all += is_assertion ? 0 : c[i].passed + c[i].failed;
    *out_failed += is_assertion ? 0 : c[i].failed;
  }
}

/* Those whose first failure is new: `before` holds the failures of each check before the call. */
static const char *failures(test_file *t, program *p, const int64_t *before) {
  size_t n;
  const program_check *c = program_checks(p, &n);
  text s = text_new(&t->ctx->mem);
  for (size_t i = 0; i < n && s.size < REASON_BYTES_MAX; i++)
    if (c[i].failed > before[i])
      text_addf(&s, "%s%d:%d: %s: %s", s.size ? "; " : "", c[i].span.line, c[i].span.col, c[i].op, c[i].failure);
  return text_str(&s);
}

static void run_case(test_file *t, program *p, const program_function *f) {
  test_case c = {.name = f->name, .line = f->span.line};
  int64_t all_before, failed_before, all, failed;
  size_t n;
  const program_check *checks = program_checks(p, &n);
  int64_t *before = ARENA_NEW_N(&t->ctx->mem, int64_t, n + 1);
  for (size_t i = 0; i < n; i++)
    before[i] = checks[i].failed;
  count(p, &all_before, &failed_before);
  tell(t, &c, false);
  run_stage_enter("run");
  diag_mark mark = diag_save(t->ctx);
  double t0 = clock_ms();
  loom_status st = program_call(p, f, NULL, NULL);
  c.ms = clock_ms() - t0;
  count(p, &all, &failed);
  c.checks = all - all_before;
  c.verdict = st != LOOM_OK || failed > failed_before ? TEST_FAIL : TEST_PASS;
  c.reason = st != LOOM_OK ? take_errors(t, mark) : failures(t, p, before);
  if (c.verdict == TEST_PASS && program_leaked(p)) {
    c.verdict = TEST_FAIL;
    c.reason = arena_printf(&t->ctx->mem, "%" PRId64 " buffers are never freed", program_leaked(p));
  }
  if (c.verdict == TEST_PASS && !c.checks)
    c.reason = "ran; it expects nothing";
  tell(t, &c, true);
}

/* A copy of the module in which `only` is the one public function; NULL: all cases stay. */
static loom_status compile_for(test_file *t, const program_function *only, program **out, MlirModule *out_module) {
  *out = NULL;
  run_stage_enter("compile");
  *out_module = ir_clone_module(t->module);
  if (only) {
    for (size_t i = 0; i < t->functions.n; i++)
      if (!text_eq(t->functions.at[i].name, only->name))
        ir_set_attr(ir_find_func(*out_module, t->functions.at[i].name), "sym_visibility", ir_str_attr(&t->ir, "private"));
    LOOM_TRY(ir_run_pipeline(&t->ir, *out_module, "builtin.module(symbol-dce)"));
  }
  return program_compile(&t->ir, *out_module, &t->options, out);
}

/* The module as one; where that does not compile, each case alone, so that one operation costs one case. */
static void run_cases(test_file *t, size_t n_cases) {
  program *p;
  MlirModule m;
  diag_mark mark = diag_save(t->ctx);
  loom_status st = compile_for(t, NULL, &p, &m);
  bool is_whole = st == LOOM_OK;
  const char *why = is_whole ? NULL : take_errors(t, mark);
  for (size_t i = 0; i < t->functions.n; i++) {
    const program_function *f = &t->functions.at[i];
    if (!is_case(f))
      continue;
    if (!is_whole && n_cases > 1) {
      program_close(p);
      ir_close_module(m);
      st = compile_for(t, f, &p, &m);
      why = st == LOOM_OK ? NULL : take_errors(t, mark);
    }
    test_case c = {.name = f->name, .line = f->span.line, .verdict = verdict_of(st), .reason = why};
    if (st == LOOM_OK)
      run_case(t, p, f);
    else
      tell(t, &c, true);
  }
  program_close(p);
  ir_close_module(m);
}

static loom_status run_file(test_file *t, const char *path) {
  char *source;
  size_t size, n_cases = 0;
  run_stage_of(path);
  run_stage_enter("parse");
  LOOM_TRY(file_read(t->ctx, path, SOURCE_BYTES_MAX, &source, &size));
  LOOM_TRY(ir_open(t->ctx, &t->ir));
  LOOM_TRY(dialect_load(&t->ir));
  LOOM_TRY(compile_parse_mlir(&t->ir, path, source, size, &t->module));
  LOOM_TRY(compile_lower_torch(&t->ir, t->module, false));
  t->functions = program_list(&t->ir, t->module);
  for (size_t i = 0; i < t->functions.n; i++) {
    const program_function *f = &t->functions.at[i];
    test_case c = {.name = f->name, .line = f->span.line, .verdict = TEST_SKIP, .reason = "it takes arguments or gives results: no test of its own"};
    n_cases += is_case(f);
    if (f->is_public && f->has_body && !is_case(f))
      tell(t, &c, true);
  }
  if (n_cases)
    run_cases(t, n_cases);
  return LOOM_OK;
}

_Noreturn void worker_test_child(const char *path, bool ordered_sums, int out) {
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  test_file t = {.ctx = &ctx, .out = fdopen(out, "w"), .options = {.ordered_sums = ordered_sums}};
  diag_mark mark = diag_save(&ctx);
  loom_status st = t.out ? run_file(&t, path) : LOOM_EIO;
  if (st != LOOM_OK && t.out) {
    test_case c = {.name = "", .verdict = verdict_of(st), .reason = take_errors(&t, mark)};
    tell(&t, &c, true);
  }
  ir_close_module(t.module);
  ir_close(&t.ir);
  loom_ctx_done(&ctx);
  _exit(t.out && fclose(t.out) == 0 ? 0 : loom_status_exit(LOOM_EIO));
}
