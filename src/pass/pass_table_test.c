/* Oracles: MLIR itself for the anchors of its passes; exact columns for errors in pipeline text; the text printed for hooks. */
#include "base/testing.h"
#include "pass/pass_private.h"

static loom_ctx ctx;
static ir_ctx ir;
static MlirModule module;

static int open_ir(void **state) {
  (void)state;
  loom_ctx_init(&ctx);
  static const char src[] = "func.func @f(%ok: i1) {\n  cf.assert %ok, \"x\"\n  return\n}\n";
  return ir_open(&ctx, &ir) == LOOM_OK && dialect_load(&ir) == LOOM_OK && ir_parse(&ir, "t.mlir", src, sizeof src - 1, &module) == LOOM_OK ? 0 : 1;
}

static int close_ir(void **state) {
  (void)state;
  ir_close_module(module);
  ir_close(&ir);
  loom_ctx_done(&ctx);
  return 0;
}

static void hear(MlirStringRef s, void *data) { text_add_bytes(data, s.data, s.length); }
static MlirStringRef ref(const char *s) { return mlirStringRefCreateFromCString(s); }

static void test_every_row_is_complete_and_unique(void **state) {
  (void)state;
  size_t n;
  const pass_row *rows = pass_table(&n);
  assert_true(n >= 7);
  for (size_t i = 0; i < n; i++) {
    bool is_old = text_eq(rows[i].name, "linalg-tile") || text_starts(rows[i].name, "convert-torch-");   /* names that other tools use too */
    assert_true((text_starts(rows[i].name, "loom-") || is_old) && *rows[i].needs && *rows[i].leaves && *rows[i].summary && rows[i].run);
    assert_true(text_eq(rows[i].anchor, "builtin.module") || text_eq(rows[i].anchor, "func.func"));
    assert_ptr_equal(pass_find(rows[i].name), &rows[i]);
    assert_null(pass_upstream_anchor(rows[i].name));
  }
}

/* What is said to be written instead must be there itself. */
static void test_what_replaces_a_vanished_pass_exists(void **state) {
  static const struct { const char *name, *now; } gone[] = {
#define X(n, w) {n, w},
#include "pass/vanished_passes.def"
#undef X
  };
  (void)state;
  for (size_t i = 0; i < COUNT_OF(gone); i++) {
    assert_null(pass_find(gone[i].name));
    assert_null(pass_upstream_anchor(gone[i].name));
    if (text_starts(gone[i].now, "a schedule"))
      continue;
    for (const char *p = gone[i].now; *p;) {
      size_t n = strcspn(p, ",{");
      const char *name = arena_strndup(&ctx.mem, p, n);
      if (!pass_find(name) && !pass_upstream_anchor(name))
        fail_msg("%s: there is no %s", gone[i].name, name);
      p += n;
      if (*p == '{')
        p += strcspn(p, "}") + 1;
      if (text_starts(p, ", or "))
        break;
      p += *p == ',';
    }
  }
}

static const struct { const char *name, *anchor; } upstream[] = {
#define X(n, a) {n, a},
#include "pass/upstream_passes.def"
#undef X
};

/* Adding a pass under an op it cannot run on aborts the process, so this test would not come back from a wrong row. */
static void test_upstream_passes_can_be_added_where_the_table_says(void **state) {
  (void)state;
  static const char *const anchors[] = {"builtin.module", "func.func", "gpu.module"};
  for (size_t i = 0; i < COUNT_OF(upstream); i++)
    for (size_t a = 0; a < COUNT_OF(anchors); a++) {
      const char *wanted = upstream[i].anchor;
      if (*wanted && !text_eq(wanted, anchors[a]))
        continue;
      MlirPassManager pm = mlirPassManagerCreateOnOperation(ir.mlir, ref(anchors[a]));
      text said = text_new(&ctx.mem);
      if (mlirLogicalResultIsFailure(mlirOpPassManagerAddPipeline(mlirPassManagerGetAsOpPassManager(pm), ref(upstream[i].name), hear, &said)))
        fail_msg("%s under %s: %s", upstream[i].name, anchors[a], text_str(&said));
      mlirPassManagerDestroy(pm);
    }
}

/* The other direction: MLIR refuses to run an anchored pass on another op. */
static void test_anchored_upstream_passes_refuse_other_ops(void **state) {
  (void)state;
  MlirOperation func = ir_find_func(module, "f"), top = mlirModuleGetOperation(module);
  int checked = 0;
  for (size_t i = 0; i < COUNT_OF(upstream); i++) {
    const char *anchor = upstream[i].anchor;
    if (!*anchor || text_ends(upstream[i].name, "-pipeline") || text_eq(upstream[i].name, "sparsifier"))
      continue;
    MlirPassManager pm = mlirPassManagerCreate(ir.mlir);
    text said = text_new(&ctx.mem);
    assert_true(mlirLogicalResultIsSuccess(
        mlirOpPassManagerAddPipeline(mlirPassManagerGetAsOpPassManager(pm), ref(upstream[i].name), hear, &said)));
    MlirOperation other = text_eq(anchor, "builtin.module") ? func : top;
    if (mlirLogicalResultIsSuccess(mlirPassManagerRunOnOp(pm, other)))
      fail_msg("%s ran on %s", upstream[i].name, ir_op_name(other));
    mlirPassManagerDestroy(pm);
    checked++;
  }
  assert_true(checked > 100);
}

static void test_bad_pipelines_are_refused_at_their_column(void **state) {
  (void)state;
  static const struct { const char *pipeline, *needle, *help; int col; loom_status status; } rows[] = {
      {"builtin.module(func.func(loom-erase-assert))", "there is no pass 'loom-erase-assert'", "loom-erase-asserts", 26, LOOM_EUSAGE},
      {"builtin.module(cse,canonicalise)", "there is no pass 'canonicalise'", "canonicalize", 20, LOOM_EUSAGE},
      {"builtin.module(qqqqqqqqqqqq)", "there is no pass", "--list-passes", 16, LOOM_EUSAGE},
      {"builtin.module(loom-erase-asserts)", "runs on func.func, not on builtin.module", "write func.func(loom-erase-asserts)", 16, LOOM_EUSAGE},
      {"builtin.module(func.func(loom-verify))", "runs on builtin.module, not on func.func", "move it out of func.func", 26, LOOM_EUSAGE},
      {"builtin.module(convert-func-to-llvm,func.func(inline,symbol-privatize,convert-func-to-llvm))", "runs on builtin.module", "move", 71, LOOM_EUSAGE},
      {"builtin.module(affine-loop-unroll)", "runs on func.func, not on builtin.module", "write func.func", 16, LOOM_EUSAGE},
      {"builtin.module(cse{nope=1})", "the options of cse are not accepted", NULL, 20, LOOM_EUSAGE},
      {"builtin.module(func.func(loom-symbol-dce{x=1}))", "takes no options", NULL, 42, LOOM_EUSAGE},
      {"builtin.module(canonicalize{max-iterations=1)", "have no closing '}'", NULL, 28, LOOM_EUSAGE},
      {"builtin.module(cse", "has no closing ')'", NULL, 15, LOOM_EUSAGE},
      {"builtin.module(cse))", "')' does not belong here", NULL, 20, LOOM_EUSAGE},
      {"builtin.module(,cse)", "a pass name was expected, not ','", "write builtin.module", 16, LOOM_EUSAGE},
      {"builtin.module(cse,", "a pass name was expected", "write builtin.module", 20, LOOM_EUSAGE},
      {"cse", "must start with builtin.module(", "write builtin.module(cse)", 1, LOOM_EUSAGE},
      {"a(a(a(a(a(a(a(a(a(a(a(a(a(a(a(a(a(a(", "nests deeper", NULL, 33, LOOM_ELIMIT},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    close_ir(NULL);
    assert_int_equal(open_ir(NULL), 0);
    assert_int_equal(pass_run_pipeline(&ir, module, rows[i].pipeline, NULL), rows[i].status);
    testing_expect_error(&ctx, rows[i].status, rows[i].needle, 1, rows[i].col);
    if (rows[i].help)
      assert_non_null(strstr(ctx.diag.first->help, rows[i].help));
    assert_int_equal(ir_count(mlirModuleGetOperation(module), "cf.assert"), 1);   /* nothing ran */
  }
}

static void collect(void *data, const char *s) { text_add(data, s); }

static void test_hooks_print_and_time_each_pass(void **state) {
  (void)state;
  text before = text_new(&ctx.mem), after = before, one = before, timing = before;
  const char *pipeline = "builtin.module(func.func(loom-erase-asserts),cse)";
  const struct { pass_run_options o; text *out; } runs[] = {
      {{.print_before_all = true, .emit = collect, .emit_data = &before}, &before},
      {{.print_after_all = true, .emit = collect, .emit_data = &after}, &after},
      {{.print_after = "cse", .emit = collect, .emit_data = &one}, &one},
      {{.timing = true, .emit = collect, .emit_data = &timing}, &timing},
  };
  for (size_t i = 0; i < COUNT_OF(runs); i++)
    assert_int_equal(pass_run_pipeline(&ir, module, pipeline, &runs[i].o), LOOM_OK);
  assert_non_null(strstr(text_str(&before), "IR Dump Before loom-erase-asserts"));
  assert_non_null(strstr(text_str(&before), "cf.assert"));
  assert_non_null(strstr(text_str(&after), "IR Dump After loom-erase-asserts"));
  assert_null(strstr(text_str(&after), "cf.assert"));
  assert_null(strstr(text_str(&one), "loom-erase-asserts"));
  assert_non_null(strstr(text_str(&one), "IR Dump After cse"));
  assert_non_null(strstr(text_str(&timing), "ms  loom-erase-asserts"));
  assert_non_null(strstr(text_str(&timing), "ms  cse"));
}

/* The verifier runs between passes, and the status of a failing pass of ours is the pipeline's. */
static void test_a_failing_pass_stops_the_pipeline(void **state) {
  (void)state;
  static const char src[] = "func.func @g() -> index {\n  %0 = \"loom.sym\"() {symbol_ref = @t, upper_bound = 0 : index} : () -> index\n  return %0 : index\n}\n";
  MlirModule m;
  assert_int_equal(ir_parse(&ir, "g.mlir", src, sizeof src - 1, &m), LOOM_OK);
  assert_int_equal(pass_run_pipeline(&ir, m, "builtin.module(loom-verify,convert-func-to-llvm)", NULL), LOOM_EINPUT);
  assert_int_equal(ir_count(mlirModuleGetOperation(m), "func.func"), 1);
  ir_close_module(m);
  assert_int_equal(pass_run_pipeline(&ir, (MlirModule){NULL}, "builtin.module(cse)", NULL), LOOM_EBUG);
}

static void exhaust(void *data, const char *s) {
  (void)s;
  arena_alloc(data, SIZE_MAX);
}

static loom_status run_exhausting(loom_ctx *c, void *data) {
  (void)data;
  pass_run_options o = {.print_before_all = true, .emit = exhaust, .emit_data = &c->mem};
  return pass_run_pipeline(&ir, module, "builtin.module(func.func(loom-erase-asserts),cse)", &o);
}

/* The unwinding may not cross MLIR's frames: it is raised again when MLIR has returned. */
static void test_running_out_of_memory_inside_a_pass_is_reported(void **state) {
  (void)state;
  assert_int_equal(loom_ctx_run(&ctx, run_exhausting, NULL), LOOM_EMEM);
  assert_int_equal(ir_count(mlirModuleGetOperation(module), "cf.assert"), 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_every_row_is_complete_and_unique, open_ir, close_ir),
      cmocka_unit_test_setup_teardown(test_what_replaces_a_vanished_pass_exists, open_ir, close_ir),
      cmocka_unit_test_setup_teardown(test_upstream_passes_can_be_added_where_the_table_says, open_ir, close_ir),
      cmocka_unit_test_setup_teardown(test_anchored_upstream_passes_refuse_other_ops, open_ir, close_ir),
      cmocka_unit_test_setup_teardown(test_bad_pipelines_are_refused_at_their_column, open_ir, close_ir),
      cmocka_unit_test_setup_teardown(test_hooks_print_and_time_each_pass, open_ir, close_ir),
      cmocka_unit_test_setup_teardown(test_a_failing_pass_stops_the_pipeline, open_ir, close_ir),
      cmocka_unit_test_setup_teardown(test_running_out_of_memory_inside_a_pass_is_reported, open_ir, close_ir),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
