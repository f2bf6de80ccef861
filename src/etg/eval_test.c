#include "etg/eval.h"
#include "base/testing.h"
#include "base/text.h"

/* f1: 10 + 100 from N = 256 on, 5 + 50 below, none below 1; f2: 1 + 1; rows: one that rounds; wide: four alternatives; copy: upstream's transfer. */
static const char perf[] =
    "schema: loom.machine.v1\nextends: single\nname: tiny\ncalibration: t\nperf:\n  t:\n    functions:\n"
    "      f1:\n        unit: matrix\n        symbols: [N]\n        when: N >= 1\n        scenarios:\n"
    "          - {when: N >= 256, fixed: 10, volume: 100, throughput: 1}\n          - {when: N < 256, fixed: 5, volume: 50, throughput: 1}\n"
    "      f2: {unit: matrix, symbols: [], fixed: 1, volume: 1, throughput: 1}\n"
    "      small: {unit: matrix, symbols: [M, N], fixed: M * N / 2, volume: 2 * M * N, throughput: M * N * 716 / 8192}\n"
    "      wide:\n        unit: matrix\n        symbols: [N]\n        scenarios:\n"
    "          - {when: N < 1, fixed: 1}\n          - {when: N >= 1 && N < 2, fixed: 2}\n          - {when: N >= 2 && N < 3, fixed: 3}\n          - {when: N >= 3, fixed: 4}\n"
    "      copy: {unit: noc0, symbols: [M, N, effective_bandwidth], fixed: 454, volume: M * N * 2 * effective_bandwidth, throughput: 150}\n"
    "      store: {unit: noc1, symbols: [M, N], fixed: 454, volume: M * N * 2, throughput: 150}\n"
    "      twice: {unit: matrix, symbols: [], fixed: 7}\n"
    "      twice@noc0: {unit: noc0, symbols: [L], fixed: L}\n"
    "    aliases: {copy_f16: copy}\n";

static machine *tiny(loom_ctx *ctx) {
  static const char *const dirs[] = {LOOM_SOURCE_DIR "/machines"};
  machine_set_path(dirs, 1);
  machine *m;
  assert_int_equal(machine_from_yaml(ctx, "tiny.yaml", perf, strlen(perf), &m), LOOM_OK);
  return m;
}

#define CALL(name, entries) "{\"Func\": {\"func\": {\"name\": \"" name "\", \"symbols\": [], \"sym_map\": {\"entries\": [" entries "]}}}}"
#define PLACED(unit, name) "{\"PlacedFunc\": {\"func\": {\"name\": \"" name "\", \"sym_map\": {\"entries\": [[\"L\", 40]]}}, \"target\": {\"array\": \"" unit "\"}}}"
#define F1 "{\"Func\": {\"func\": {\"name\": \"f1\"}}}"
#define F2 "{\"Func\": {\"func\": {\"name\": \"f2\"}}}"

static loom_status evaluated(loom_ctx *ctx, const char *json, int64_t limit, data_value **out) {
  data_value *v;
  assert_int_equal(data_read_json(ctx, "schedule.json", json, strlen(json), &v), LOOM_OK);
  return eval_schedule(ctx, tiny(ctx), v, limit, out);
}

/* Cost of scenario `i` of the node; `n_symbols` of `at` are bound. */
static int64_t cost(loom_ctx *ctx, const data_value *scenarios, size_t i, const sym_binding *at, size_t n_symbols) {
  const sym_expr *e;
  int64_t v;
  assert_int_equal(sym_from_etg(ctx, data_get(scenarios->items[i], "time_cost"), &e), LOOM_OK);
  assert_int_equal(sym_eval(ctx, e, at, n_symbols, &v), LOOM_OK);
  return v;
}

static const char *text_of(loom_ctx *ctx, const data_value *scenarios, size_t i, const char *key) {
  return data_write_json(&ctx->mem, data_get(scenarios->items[i], key), 0);
}

/* loom.md 4.4: two alternatives and then one give 112 and 57, both guarded by And. */
static void test_a_sequence_has_every_combination(void **state) {
  (void)state;
  static const struct { const char *kind; int64_t first, second; } cases[] = {{"Sequential", 112, 57}, {"Parallel", 110, 55}};
  for (size_t c = 0; c < COUNT_OF(cases); c++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    data_value *got;
    assert_int_equal(evaluated(&ctx, arena_printf(&ctx.mem, "{\"%s\": {\"schedules\": [%s, %s]}}", cases[c].kind, F1, F2), 100, &got), LOOM_OK);
    const data_value *body = data_get(got, cases[c].kind), *all = data_get(body, "scenarios");
    assert_int_equal(all->n, 2);
    assert_int_equal(cost(&ctx, all, 0, NULL, 0), cases[c].first);
    assert_int_equal(cost(&ctx, all, 1, NULL, 0), cases[c].second);
    for (size_t i = 0; i < 2; i++)
      assert_non_null(data_get(data_get(all->items[i], "constraints"), "And"));
    assert_int_equal(data_get(data_get(data_get(body, "schedules")->items[0], "Func"), "scenarios")->n, 2);
    assert_string_equal(text_of(&ctx, data_get(data_get(data_get(body, "schedules")->items[1], "Func"), "scenarios"), 0, "constraints"), "\"True\"");
    loom_ctx_done(&ctx);
  }
}

/* The guard of the function stands before that of the scenario; costs are written out, not folded. */
static void test_a_call_is_guarded_and_not_folded(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  data_value *got;
  assert_int_equal(evaluated(&ctx, CALL("f1", "[\"N\", {\"Mul\": [{\"Sym\": \"BN\"}, {\"Const\": 1}]}]"), 100, &got), LOOM_OK);
  const data_value *all = data_get(data_get(got, "Func"), "scenarios");
  assert_string_equal(text_of(&ctx, all, 0, "constraints"),
                      "{\"And\": [{\"Ge\": [{\"Mul\": [{\"Sym\": \"BN\"}, {\"Const\": 1}]}, {\"Const\": 1}]}, {\"Ge\": [{\"Mul\": [{\"Sym\": \"BN\"}, {\"Const\": 1}]}, {\"Const\": 256}]}]}");
  assert_string_equal(text_of(&ctx, all, 0, "time_cost"), "{\"Concrete\": {\"Add\": [{\"Const\": 10}, {\"Div\": [{\"Const\": 100}, {\"Const\": 1}]}]}}");
  assert_int_equal(evaluated(&ctx, CALL("f1", "[\"N\", 300]"), 100, &got), LOOM_OK);      /* others do not read bare numbers */
  assert_string_equal(text_of(&ctx, data_get(data_get(got, "Func"), "scenarios"), 0, "constraints"),
                      "{\"And\": [{\"Ge\": [{\"Const\": 300}, {\"Const\": 1}]}, {\"Ge\": [{\"Const\": 300}, {\"Const\": 256}]}]}");
  assert_int_equal(evaluated(&ctx, CALL("small", "[\"M\", {\"Sym\": \"BM\"}]"), 100, &got), LOOM_OK);      /* N stays open; one kind of division */
  all = data_get(data_get(got, "Func"), "scenarios");
  assert_string_equal(text_of(&ctx, all, 0, "time_cost"),
                      "{\"Concrete\": {\"Add\": [{\"Div\": [{\"Mul\": [{\"Sym\": \"BM\"}, {\"Sym\": \"N\"}]}, {\"Const\": 2}]}, {\"Div\": [{\"Mul\": [{\"Mul\": [{\"Const\": 2}, {\"Sym\": \"BM\"}]}, "
                      "{\"Sym\": \"N\"}]}, {\"Div\": [{\"Mul\": [{\"Mul\": [{\"Sym\": \"BM\"}, {\"Sym\": \"N\"}]}, {\"Const\": 716}]}, {\"Const\": 8192}]}]}]}}");
  loom_ctx_done(&ctx);
}

/* loom.md 4.4: there and back, 454 + BM*BN*2*1/150 + 454 + BM*BN*2/150. */
static void test_the_published_round_trip(void **state) {
  (void)state;
#define MN "[\"M\", {\"Sym\": \"BM\"}], [\"N\", {\"Sym\": \"BN\"}]"
  static const char json[] = "{\"Sequential\": {\"schedules\": [" CALL("copy_f16", MN ", [\"effective_bandwidth\", {\"Const\": 1}]") ", " CALL("store", MN) "]}}";
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  data_value *got;
  assert_int_equal(evaluated(&ctx, json, 100, &got), LOOM_OK);
  const data_value *all = data_get(data_get(got, "Sequential"), "scenarios");
  assert_int_equal(all->n, 1);
  assert_string_equal(text_of(&ctx, all, 0, "constraints"), "\"True\"");
#define MUL(a, b) "{\"Mul\": [" a ", " b "]}"
#define MN2 MUL(MUL("{\"Sym\": \"BM\"}", "{\"Sym\": \"BN\"}"), "{\"Const\": 2}")
#define COST(volume) "{\"Add\": [{\"Const\": 454}, {\"Div\": [" volume ", {\"Const\": 150}]}]}"
  assert_string_equal(text_of(&ctx, all, 0, "time_cost"),
                      "{\"Concrete\": {\"Add\": [{\"Add\": [{\"Const\": 0}, " COST(MUL(MN2, "{\"Const\": 1}")) "]}, " COST(MN2) "]}}");
  const sym_binding at[] = {{"BM", 100}, {"BN", 30}};
  assert_int_equal(cost(&ctx, all, 0, at, 2), 454 + 40 + 454 + 40);
  loom_ctx_done(&ctx);
}

/* A placed call anywhere in the schedule makes all costs expressions. */
static void test_a_placed_call_within_changes_the_wrapper(void **state) {
  (void)state;
  static const struct { const char *json, *wrapper; } cases[] = {
      {"{\"Sequential\": {\"note\": [3, {}], \"schedules\": [" F2 ", " PLACED("noc0", "twice") "]}}", "Expression"},
      {"{\"Sequential\": {\"note\": [3, {\"Func\": []}], \"schedules\": [" F2 "]}}", "Concrete"}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    data_value *got;
    assert_int_equal(evaluated(&ctx, cases[i].json, 100, &got), LOOM_OK);
    const data_value *body = data_get(got, "Sequential");
    assert_non_null(data_get(data_get(data_get(body, "scenarios")->items[0], "time_cost"), cases[i].wrapper));
    assert_int_equal(data_get(body, "note")->n, 2);      /* what it says besides stays */
    loom_ctx_done(&ctx);
  }
}

/* A guard that never holds is a guard, not one that is dropped; "sym_map": null is none. */
static void test_a_guard_that_never_holds_stays(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  data_value *got, *v;
  machine *m = tiny(&ctx);
  const char *json = "{\"Func\": {\"func\": {\"name\": \"f2\", \"sym_map\": null}}}";
  machine_func *f = &m->perf.at[m->calibration].funcs.at[0];
  while (strcmp(f->name, "f2") != 0)
    f++;
  f->when = sym_make(&ctx.mem, SYM_FALSE, NULL, NULL, NULL);
  assert_int_equal(data_read_json(&ctx, "schedule.json", json, strlen(json), &v), LOOM_OK);
  assert_int_equal(eval_schedule(&ctx, m, v, 100, &got), LOOM_OK);
  assert_string_equal(text_of(&ctx, data_get(data_get(got, "Func"), "scenarios"), 0, "constraints"), "\"False\"");
  loom_ctx_done(&ctx);
}

static void test_a_machine_without_functions_is_told(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  data_value *got, *v;
  machine *m = tiny(&ctx);
  m->perf.n = 0;
  assert_int_equal(data_read_json(&ctx, "schedule.json", F2, strlen(F2), &v), LOOM_OK);
  assert_int_equal(eval_schedule(&ctx, m, v, 100, &got), LOOM_EUNSUP);
  testing_expect_error(&ctx, LOOM_EUNSUP, "machine 'tiny' has no function 'f2' in perf set 'none'", 1, 28);
  loom_ctx_done(&ctx);
}

static void test_what_a_node_says_besides_stays(void **state) {
  (void)state;
  static const char json[] = "{\"PlacedFunc\": {\"target\": {\"array\": \"matrix_sram\", \"selectors\": []}, \"scenarios\": [1, 2], \"func\": {\"name\": \"f2\", \"op_label\": \"x\"}}}";
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  data_value *got;
  assert_int_equal(evaluated(&ctx, json, 100, &got), LOOM_OK);
  const data_value *body = data_get(got, "PlacedFunc");
  assert_string_equal(data_get(data_get(body, "target"), "array")->string, "matrix_sram");
  assert_string_equal(data_get(data_get(body, "func"), "op_label")->string, "x");
  assert_int_equal(data_get(body, "scenarios")->n, 1);
  assert_int_equal(ctx.diag.warnings, 1);
  assert_string_equal(ctx.diag.first->text, "machine 'tiny' has no unit or mover 'matrix_sram'; its 'f2' on 'matrix' is taken");
  loom_ctx_done(&ctx);
}

/* Functions of one name on several units: a placed call says whose. */
static void test_placed_calls_name_their_unit(void **state) {
  (void)state;
  static const struct { const char *unit, *cost; } cases[] = {{"matrix", "{\"Expression\": {\"Const\": 7}}"}, {"noc0", "{\"Expression\": {\"Const\": 40}}"}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    data_value *got;
    assert_int_equal(evaluated(&ctx, arena_printf(&ctx.mem, PLACED("%s", "twice"), cases[i].unit), 100, &got), LOOM_OK);
    assert_int_equal(ctx.diag.warnings, 0);
    assert_string_equal(text_of(&ctx, data_get(data_get(got, "PlacedFunc"), "scenarios"), 0, "time_cost"), cases[i].cost);
    loom_ctx_done(&ctx);
  }
}

static void test_wrong_schedules_are_explained(void **state) {
  (void)state;
#define WIDE CALL("wide", "")
  static const struct { const char *json; loom_status status; const char *said; int col; } cases[] = {
      {"{\"Sequence\": {\"schedules\": []}}", LOOM_EINPUT, "expected a schedule; found Sequence", 1},
      {"[]", LOOM_EINPUT, "expected a schedule; found a list", 1},
      {"{\"Sequential\": {}}", LOOM_EINPUT, "schedules", 0},
      {"{\"Func\": {\"func\": {\"name\": \"f3\"}}}", LOOM_EUNSUP, "machine 'tiny' has no function 'f3' in perf set 't'", 28},
      {"{}", LOOM_EINPUT, "expected a schedule; found an object", 1},
      {"{\"Func\": {\"func\": {\"name\": \"f1\", \"sym_map\": {\"entries\": 3}}}}", LOOM_EINPUT, "sym_map must be", 0},
      {CALL("f1", "3"), LOOM_EINPUT, "must be [symbol, expression]", 0},
      {CALL("f1", "[3, 4]"), LOOM_EINPUT, "must be [symbol, expression]", 0},
      {PLACED("sideways", "twice"), LOOM_EINPUT, "machine 'tiny' has no unit or mover 'sideways'", 0},
      {CALL("f1", "[\"N\"]"), LOOM_EINPUT, "must be [symbol, expression]", 0},
      {CALL("f1", "[\"N\", {\"Foo\": 1}]"), LOOM_EINPUT, "unknown expression \"Foo\"", 0},
      {"{\"Func\": {\"func\": {\"name\": \"f1\", \"sym_map\": {\"entry\": []}}}}", LOOM_EINPUT, "sym_map must be", 0},
      {CALL("twice", ""), LOOM_EINPUT, "2 units have a function 'twice'", 28},
      {PLACED("noc1", "twice"), LOOM_EINPUT, "'noc1' of machine 'tiny' has no function 'twice'; 'matrix' has it", 34},
      {PLACED("nocx", "twice"), LOOM_EINPUT, "machine 'tiny' has no unit or mover 'nocx'", 0},
      {PLACED("noc0", "thrice"), LOOM_EUNSUP, "has no function 'thrice'", 34},
      {"{\"PlacedFunc\": {\"func\": {\"name\": \"twice\"}}}", LOOM_EINPUT, "target", 0},
      {"{\"Sequential\": {\"schedules\": [" WIDE "," WIDE "," WIDE "," WIDE "]}}", LOOM_ELIMIT, "64 x 4 scenarios", 0},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    data_value *got;
    loom_status st = evaluated(&ctx, cases[i].json, 100, &got);
    if (st != cases[i].status)
      fail_msg("case %zu: status %d", i, (int)st);
    testing_expect_error(&ctx, cases[i].status, cases[i].said, cases[i].col ? 1 : 0, cases[i].col);
    loom_ctx_done(&ctx);
  }
}

static void test_schedules_are_not_nested_without_end(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  const char *json = F2;
  for (int i = 0; i < 12; i++)      /* JSON ends at 64 levels: three a schedule */
    json = arena_printf(&ctx.mem, "{\"Sequential\": {\"schedules\": [%s]}}", json);
  data_value *got;
  assert_int_equal(evaluated(&ctx, json, 100, &got), LOOM_OK);
  for (int i = 0; i < 5; i++)
    json = arena_printf(&ctx.mem, "{\"Sequential\": {\"schedules\": [%s]}}", json);
  assert_int_equal(evaluated(&ctx, json, 100, &got), LOOM_ELIMIT);
  testing_expect_error(&ctx, LOOM_ELIMIT, "nested deeper than 16", 0, 0);
  loom_ctx_done(&ctx);
}

static const char *repeated(arena *m, const char *what, int n) {
  text t = text_new(m);
  for (int i = 0; i < n; i++)
    text_addf(&t, "%s%s", i ? ", " : "", what);
  return text_str(&t);
}

/* Long schedules end with a limit, not with the memory or the stack. */
static void test_long_schedules_are_refused(void **state) {
  (void)state;
  static const struct { int wide, plain; loom_status status; const char *said; } cases[] = {
      {0, 1024, LOOM_OK, NULL}, {0, 1025, LOOM_ELIMIT, "more than 1024 calls"}, {5, 10, LOOM_OK, NULL}, {5, 100, LOOM_ELIMIT, "more than 65536 combinations of scenarios in all"}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    data_value *got;
    const char *json = arena_printf(&ctx.mem, "{\"Sequential\": {\"schedules\": [%s%s%s]}}", repeated(&ctx.mem, WIDE, cases[i].wide), cases[i].wide ? ", " : "", repeated(&ctx.mem, F2, cases[i].plain));
    assert_int_equal(evaluated(&ctx, json, 1024, &got), cases[i].status);
    if (cases[i].status)
      testing_expect_error(&ctx, cases[i].status, cases[i].said, 0, 0);
    loom_ctx_done(&ctx);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_sequence_has_every_combination), cmocka_unit_test(test_a_call_is_guarded_and_not_folded),
      cmocka_unit_test(test_the_published_round_trip),         cmocka_unit_test(test_what_a_node_says_besides_stays),
      cmocka_unit_test(test_placed_calls_name_their_unit),
      cmocka_unit_test(test_a_placed_call_within_changes_the_wrapper),
      cmocka_unit_test(test_a_guard_that_never_holds_stays),
      cmocka_unit_test(test_a_machine_without_functions_is_told),
      cmocka_unit_test(test_long_schedules_are_refused),
      cmocka_unit_test(test_wrong_schedules_are_explained),    cmocka_unit_test(test_schedules_are_not_nested_without_end),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
