/* Lists of points.  Oracle: products written out by hand; keys change when what they depend on does, and only then. */
#include "base/testing.h"
#include "base/file.h"
#include "base/text.h"
#include "machine/machine.h"
#include "sweep/sweep.h"
#include <unistd.h>

#define DIR LOOM_TESTS_DIR "/sweep"
static const char *const machine_dirs[] = {LOOM_SOURCE_DIR "/machines"};

static void write_file(loom_ctx *ctx, const char *name, const char *bytes) {
  assert_int_equal(file_make_dirs(ctx, DIR), LOOM_OK);
  assert_int_equal(file_write(ctx, file_join(&ctx->mem, DIR, name), bytes, strlen(bytes)), LOOM_OK);
}

static sweep read_ok(loom_ctx *ctx, const char *yaml) {
  sweep s;
  loom_status st = sweep_read(ctx, DIR "/s.yaml", yaml, strlen(yaml), &s);
  if (st != LOOM_OK)
    fail_msg("%s", ctx->diag.first->text);
  return s;
}

static const char *as_line(arena *m, const sweep *s, const sweep_point *p) {
  const char *const *words = sweep_words(m, s, p);
  text t = text_new(m);
  for (size_t i = 0; words[i]; i++)
    text_addf(&t, "%s%s", i ? " " : "", words[i]);
  return text_str(&t);
}

static void test_points_are_the_product_in_order(void **state) {
  loom_ctx *ctx = *state;
  sweep s = read_ok(ctx,
      "schema: loom.sweep.v1\n"
      "kernels:\n  - a.py\n  - {file: /b.py, function: f, shapes: [x=7], machines: [m9], dtypes: [f32, bf16], options: {pin: [order=10, load.x=n]}}\n"
      "shapes: [{M: [1, 2], N: 3}, M=4]\nmachines: [m1, m2]\noptions: [{}, {check: true, seed: 5, topk: false}]\n");
  static const char *const common = " --json --error-format=json --progress=none";
  static const char *const lines[] = {
      "--shape=M=1,N=3 --machine=m1", "--shape=M=1,N=3 --machine=m1 --check --seed=5", "--shape=M=1,N=3 --machine=m2", "--shape=M=1,N=3 --machine=m2 --check --seed=5",
      "--shape=M=2,N=3 --machine=m1", "--shape=M=2,N=3 --machine=m1 --check --seed=5", "--shape=M=2,N=3 --machine=m2", "--shape=M=2,N=3 --machine=m2 --check --seed=5",
      "--shape=M=4 --machine=m1", "--shape=M=4 --machine=m1 --check --seed=5", "--shape=M=4 --machine=m2", "--shape=M=4 --machine=m2 --check --seed=5",
      "--function=f --shape=x=7 --dtype=f32 --machine=m9 --pin=load.x=n --pin=order=10", "--function=f --shape=x=7 --dtype=bf16 --machine=m9 --pin=load.x=n --pin=order=10"};
  assert_int_equal(s.points.n, COUNT_OF(lines));
  assert_string_equal(s.name, "s");
  for (size_t i = 0; i < COUNT_OF(lines); i++)
    assert_string_equal(as_line(&ctx->mem, &s, &s.points.at[i]), arena_printf(&ctx->mem, "run %s%s %s", i < 12 ? DIR "/a.py" : "/b.py", common, lines[i]));
  assert_string_equal(s.points.at[1].options, "check seed=5");
}

static void test_values_are_written_as_on_the_command_line(void **state) {
  loom_ctx *ctx = *state;
  static const char yaml[] = "schema: loom.sweep.v1\nkernels: [a.py]\nshapes: {flag: [true, false], eps: 0.5}\noptions: {check: true, timeout: 1.5, pin: [b, a]}\n";
  sweep s;
  assert_int_equal(sweep_read(ctx, "-", yaml, strlen(yaml), &s), LOOM_OK);      /* standard input: kernels are beside the working directory */
  assert_int_equal(s.points.n, 2);
  assert_string_equal(as_line(&ctx->mem, &s, &s.points.at[0]), "run ./a.py --json --error-format=json --progress=none --shape=flag=True,eps=0.5 --check --pin=a --pin=b --timeout=1.5");
  assert_string_equal(s.points.at[1].shape, "flag=False,eps=0.5");
}

static void test_what_is_wrong_is_said_with_its_place(void **state) {
  (void)state;
  static const struct { const char *text; loom_status status; const char *says; int line, col; } rows[] = {
      {"[1]", LOOM_EINPUT, "a sweep is a mapping", 1, 1},
      {"schema: loom.sweep.v2\nkernels: [a]\n", LOOM_EINPUT, "expected 'loom.sweep.v1'", 1, 9},
      {"schema: loom.sweep.v1\nkernels: []\n", LOOM_EINPUT, "no points", 2, 10},
      {"schema: loom.sweep.v1\nkernels: [a]\nmachine: m\n", LOOM_EINPUT, "unknown key 'machine'", 3, 1},
      {"schema: loom.sweep.v1\ncommand: bench\nkernels: [a]\n", LOOM_EINPUT, "the command is 'bench'", 2, 10},
      {"schema: loom.sweep.v1\nkernels: [{function: f}]\n", LOOM_EINPUT, "file", 2, 11},
      {"schema: loom.sweep.v1\nkernels: [a]\nshapes: [[1]]\n", LOOM_EINPUT, "a shape is", 3, 10},
      {"schema: loom.sweep.v1\nkernels: [a]\nmachines: []\n", LOOM_EINPUT, "'machines' has 0 values", 3, 11},
      {"schema: loom.sweep.v1\nkernels: [a]\noptions: [check]\n", LOOM_EINPUT, "a set of options is", 3, 11},
      {"schema: loom.sweep.v1\nkernels: [a]\noptions: {check: {a: 1}}\n", LOOM_EINPUT, "check is", 3, 18},
      {"schema: loom.sweep.v1\nname: 3\nkernels: [a]\n", LOOM_EINPUT, "name", 2, 7},
      {"schema: loom.sweep.v1\ncommand: 3\nkernels: [a]\n", LOOM_EINPUT, "command", 2, 10},
      {"name: x\nkernels: [a]\n", LOOM_EINPUT, "the key 'schema' is missing", 1, 1},
      {"schema: loom.sweep.v1\nmachines: [m]\n", LOOM_EINPUT, "the key 'kernels' is missing", 1, 1},
      {"schema: loom.sweep.v1\nkernels: [a]\nshapes: [null]\n", LOOM_EINPUT, "a shape is null", 3, 10},
      {"schema: loom.sweep.v1\nkernels: [a]\nshapes: {M: {N: 1}}\n", LOOM_EINPUT, "M is", 3, 13},
      {"schema: loom.sweep.v1\nkernels: [a]\nshapes: {M: [1], N: []}\n", LOOM_EINPUT, "'N' has 0 values", 3, 21},
      {"schema: loom.sweep.v1\nkernels: [a]\ndtypes: {f32: 1}\n", LOOM_EINPUT, "dtypes is", 3, 9},
      {"schema: loom.sweep.v1\nkernels: [{file: a, shape: M=1}]\n", LOOM_EINPUT, "unknown key 'shape'", 2, 21},
      {"schema: loom.sweep.v1\nkernels: [{file: a, function: 1}]\n", LOOM_EINPUT, "function", 2, 31},
      {"schema: loom.sweep.v1\nkernels: [{file: a, machines: []}]\n", LOOM_EINPUT, "'machines' has 0 values", 2, 31},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    loom_ctx ctx;
    sweep s;
    loom_ctx_init(&ctx);
    assert_int_equal(sweep_read(&ctx, "s.yaml", rows[i].text, strlen(rows[i].text), &s), rows[i].status);
    testing_expect_error(&ctx, rows[i].status, rows[i].says, rows[i].line, rows[i].col);
    loom_ctx_done(&ctx);
  }
}

static void test_points_are_limited(void **state) {
  loom_ctx *ctx = *state;
  text t = text_new(&ctx->mem);
  sweep s;
  text_add(&t, "schema: loom.sweep.v1\nkernels: [a]\nshapes: [{");
  for (int k = 0; k < 4; k++) {
    text_addf(&t, "%s%c: [", k ? ", " : "", 'A' + k);
    for (int i = 0; i < 60; i++)
      text_addf(&t, "%s%d", i ? ", " : "", i);
    text_add(&t, "]");
  }
  text_add(&t, "}]\n");
  assert_int_equal(sweep_read(ctx, "s.yaml", text_str(&t), t.size, &s), LOOM_ELIMIT);
  testing_expect_error(ctx, LOOM_ELIMIT, "more than 1000000 shapes", 3, 10);
}

static void add_numbers(text *t, const char *key, int n) {
  text_addf(t, "%s: [", key);
  for (int i = 0; i < n; i++)
    text_addf(t, "%s%d", i ? ", " : "", i);
  text_add(t, "]\n");
}

static void test_lists_are_limited(void **state) {
  static const struct { int machines, dtypes; loom_status status; const char *says; } rows[] = {
      {1001, 1000, LOOM_ELIMIT, "the sweep has more than 1000000 points"}, {10001, 1, LOOM_EINPUT, "'machines' has 10001 values"}, {10000, 100, LOOM_OK, ""}};
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    loom_ctx *ctx = *state;
    sweep s;
    text t = text_new(&ctx->mem);
    text_add(&t, "schema: loom.sweep.v1\nkernels: [a]\n");
    add_numbers(&t, "machines", rows[i].machines);
    add_numbers(&t, "dtypes", rows[i].dtypes);
    assert_int_equal(sweep_read(ctx, "s.yaml", text_str(&t), t.size, &s), rows[i].status);
    if (rows[i].status == LOOM_OK)
      assert_int_equal(s.points.n, SWEEP_POINTS_MAX);
    else
      assert_non_null(strstr(ctx->diag.first->text, rows[i].says));
    testing_close_context(state);
    testing_open_context(state);
  }
}

/* ---- keys ---- */

static const char *key_of(loom_ctx *ctx, const char *yaml, const char *version) {
  sweep s = read_ok(ctx, yaml);
  assert_int_equal(sweep_make_keys(ctx, &s, version), LOOM_OK);
  return s.points.at[0].key;
}

static void test_keys_are_of_contents(void **state) {
  loom_ctx *ctx = *state;
  static const char base[] = "schema: loom.sweep.v1\nkernels: [a.py]\nshapes: [M=4]\nmachines: [torus4]\noptions: {check: true}\n";
  static const struct { const char *text; bool same; } rows[] = {
      {"schema: loom.sweep.v1\nname: other\nkernels: [{file: b.py}]\nshapes: [{M: 4}]\nmachines: [torus4]\noptions: [{check: true, debug: false}]\n", true},
      {"schema: loom.sweep.v1\nkernels: [a.py]\nshapes: [M=5]\nmachines: [torus4]\noptions: {check: true}\n", false},
      {"schema: loom.sweep.v1\nkernels: [a.py]\nshapes: [M=4]\nmachines: [ring8]\noptions: {check: true}\n", false},
      {"schema: loom.sweep.v1\nkernels: [a.py]\nshapes: [M=4]\nmachines: [torus4]\n", false},
      {"schema: loom.sweep.v1\nkernels: [a.py]\nshapes: [M=4]\nmachines: [torus4]\ndtypes: [f32]\noptions: {check: true}\n", false},
      {"schema: loom.sweep.v1\ncommand: compile\nkernels: [a.py]\nshapes: [M=4]\nmachines: [torus4]\noptions: {check: true}\n", false},
      {"schema: loom.sweep.v1\nkernels: [{file: a.py, function: g}]\nshapes: [M=4]\nmachines: [torus4]\noptions: {check: true}\n", false}};
  machine_set_path(machine_dirs, 1);
  write_file(ctx, "a.py", "a kernel\n");
  write_file(ctx, "b.py", "a kernel\n");
  const char *key = key_of(ctx, base, "v1");
  assert_int_equal(strlen(key), SWEEP_KEY_DIGITS);
  assert_string_not_equal(key, key_of(ctx, base, "v2"));
  for (size_t i = 0; i < COUNT_OF(rows); i++)
    if ((strcmp(key, key_of(ctx, rows[i].text, "v1")) == 0) != rows[i].same)
      fail_msg("row %zu", i);
  write_file(ctx, "a.py", "another kernel\n");
  assert_string_not_equal(key, key_of(ctx, base, "v1"));
}

static void test_files_that_options_name_count(void **state) {
  loom_ctx *ctx = *state;
  machine_set_path(machine_dirs, 1);
  write_file(ctx, "a.py", "a kernel\n");
  write_file(ctx, "plan.json", "1");
  const char *yaml = arena_printf(&ctx->mem, "schema: loom.sweep.v1\nkernels: [a.py]\noptions: {plan: %s}\n", DIR "/plan.json"), *before = key_of(ctx, yaml, "v");
  assert_string_equal(before, key_of(ctx, yaml, "v"));
  write_file(ctx, "plan.json", "2");
  assert_string_not_equal(before, key_of(ctx, yaml, "v"));
}

static const char *key_with(loom_ctx *ctx, const char *option) {
  return key_of(ctx, arena_printf(&ctx->mem, "schema: loom.sweep.v1\nkernels: [a.py]\noptions: {arg: '%s'}\n", option), "v");
}

static void test_what_of_an_option_is_a_file(void **state) {
  loom_ctx *ctx = *state;
  static const char *const files[] = {"x=" DIR "/a.npy", "a=b=" DIR "/a.npy"}, *const others[] = {"1.5", "x=.", DIR "/.", "a.npy"};
  const char *before[COUNT_OF(files)], *same[COUNT_OF(others)];
  write_file(ctx, "a.py", "a kernel\n");
  write_file(ctx, "a.npy", "1");
  for (size_t i = 0; i < COUNT_OF(files); i++)
    before[i] = key_with(ctx, files[i]);
  for (size_t i = 0; i < COUNT_OF(others); i++)
    same[i] = key_with(ctx, others[i]);
  write_file(ctx, "a.npy", "2");
  for (size_t i = 0; i < COUNT_OF(files); i++)
    assert_string_not_equal(before[i], key_with(ctx, files[i]));
  for (size_t i = 0; i < COUNT_OF(others); i++)
    assert_string_equal(same[i], key_with(ctx, others[i]));
}

static void test_files_that_are_too_large_are_said(void **state) {
  loom_ctx *ctx = *state;
  write_file(ctx, "a.py", "a kernel\n");
  write_file(ctx, "large.npy", "");
  assert_int_equal(truncate(DIR "/large.npy", (64 << 20) + 1), 0);
  sweep s = read_ok(ctx, "schema: loom.sweep.v1\nkernels: [a.py]\noptions: {arg: x=" DIR "/large.npy}\n");
  assert_int_equal(sweep_make_keys(ctx, &s, "v"), LOOM_ELIMIT);
  testing_expect_error(ctx, LOOM_ELIMIT, "larger than the limit", 0, 0);
  unlink(DIR "/large.npy");
}

static void test_machines_are_read_once(void **state) {
  loom_ctx *ctx = *state;
  machine_set_path(machine_dirs, 1);
  write_file(ctx, "a.py", "a kernel\n");
  sweep s = read_ok(ctx, "schema: loom.sweep.v1\nkernels: [a.py]\nshapes: [M=1, M=2]\nmachines: [torus4, ring8]\n");
  assert_int_equal(sweep_make_keys(ctx, &s, "v"), LOOM_OK);
  assert_int_equal(s.points.n, 4);
  for (size_t i = 0; i < 4; i++)      /* each alone has the key it has among others */
    assert_string_equal(s.points.at[i].key, key_of(ctx, arena_printf(&ctx->mem, "schema: loom.sweep.v1\nkernels: [a.py]\nshapes: [%s]\nmachines: [%s]\n", s.points.at[i].shape, s.points.at[i].machine), "v"));
}

static void test_equal_points_stand_once(void **state) {
  loom_ctx *ctx = *state;
  write_file(ctx, "a.py", "a kernel\n");
  sweep s = read_ok(ctx, "schema: loom.sweep.v1\nkernels: [a.py, a.py]\nshapes: [M=2, M=1, M=2]\n");
  assert_int_equal(s.points.n, 6);
  assert_int_equal(sweep_make_keys(ctx, &s, "v"), LOOM_OK);
  assert_int_equal(s.points.n, 2);
  assert_string_equal(s.points.at[0].shape, "M=2");
  assert_string_equal(s.points.at[1].shape, "M=1");
}

static void test_missing_files_and_machines_are_said(void **state) {
  (void)state;
  static const struct { const char *text; loom_status status; const char *says; } rows[] = {
      {"schema: loom.sweep.v1\nkernels: [no_such.py]\n", LOOM_EIO, "No such file"},
      {"schema: loom.sweep.v1\nkernels: [a.py]\nmachines: [wormhol]\n", LOOM_EUSAGE, "wormhol"}};
  machine_set_path(machine_dirs, 1);
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    write_file(&ctx, "a.py", "a kernel\n");
    sweep s = read_ok(&ctx, rows[i].text);
    assert_int_equal(sweep_make_keys(&ctx, &s, "v"), rows[i].status);
    testing_expect_error(&ctx, rows[i].status, rows[i].says, 0, 0);
    loom_ctx_done(&ctx);
  }
}

/* ---- rows ---- */

static const char summary[] =
    "{\"schema\": \"loom.summary.v1\", \"plan\": {\"mapping\": \"d0i0\", \"loop_order\": \"f01\", \"block_sizes\": {\"tile_m\": 64, \"tile_n\": 32}}, \"predicted_cycles\": 90,"
    " \"lower_bound\": 80, \"proof\": \"best_found\", \"simulated_cycles\": 95, \"check\": {\"ok\": true}, \"l1_bytes\": 7, \"stages\": [{\"name\": \"x\", \"ms\": 1.5}], \"peak_rss_bytes\": 123}\n";

static void test_rows_have_what_was_printed_without_times(void **state) {
  loom_ctx *ctx = *state;
  sweep_row r, back;
  assert_int_equal(sweep_row_of(ctx, 0, summary, strlen(summary), "", 0, &r), LOOM_OK);
  assert_true(r.exit_code == 0 && r.predicted_cycles == 90 && r.lower_bound == 80 && r.simulated_cycles == 95 && r.l1_bytes == 7 && r.dram_bytes == -1 && r.check_ok == 1);
  assert_string_equal(r.proof, "best_found");
  assert_string_equal(r.block_sizes, "tile_m=64 tile_n=32");
  assert_null(strstr(r.summary, "stages"));
  assert_null(strstr(r.summary, "peak_rss_bytes"));
  assert_int_equal(sweep_row_from_data(ctx, sweep_row_to_data(&ctx->mem, &r), &back), LOOM_OK);
  assert_string_equal(data_write_json(&ctx->mem, sweep_row_to_data(&ctx->mem, &r), 0), data_write_json(&ctx->mem, sweep_row_to_data(&ctx->mem, &back), 0));
}

static void test_failures_have_their_first_error(void **state) {
  loom_ctx *ctx = *state;
  static const char messages[] =
      "not json\n{\"severity\": \"warning\", \"message\": \"w\"}\n{\"severity\": \"error\", \"message\": \"first\"}\n{\"severity\": \"error\", \"message\": \"second\"}";
  sweep_row r;
  assert_int_equal(sweep_row_of(ctx, 5, "", 0, messages, strlen(messages), &r), LOOM_OK);
  assert_int_equal(r.exit_code, 5);
  assert_string_equal(r.error, "first");
  assert_true(r.predicted_cycles == -1 && r.check_ok == -1 && ctx->diag.errors == 0);
  assert_int_equal(sweep_row_of(ctx, 0, "{", 1, "", 0, &r), LOOM_EINPUT);
}

static void test_rows_of_what_is_no_summary(void **state) {
  loom_ctx *ctx = *state;
  static const char *const outputs[] = {
      "{\"plan\": {\"mapping\": 3, \"block_sizes\": [1]}, \"predicted_cycles\": \"many\", \"proof\": 1.5, \"check\": {\"ok\": \"yes\"}}", "{\"check\": {}, \"plan\": {}}", "{\"check\": 1, \"plan\": []}", "[1, {\"ms\": 2, \"a\": 3}]", "\n \n"};
  static const char *const summaries[] = {NULL, "{\"check\": {}, \"plan\": {}}", "{\"check\": 1, \"plan\": []}", "[1, {\"a\": 3}]", ""};
  sweep_row r;
  for (size_t i = 0; i < COUNT_OF(outputs); i++) {
    assert_int_equal(sweep_row_of(ctx, 0, outputs[i], strlen(outputs[i]), "", 0, &r), LOOM_OK);
    assert_true(r.predicted_cycles == -1 && r.check_ok == -1 && !*r.proof && !*r.mapping && !*r.block_sizes);
    if (summaries[i])
      assert_string_equal(r.summary, summaries[i]);
  }
}

static void test_messages_that_are_no_rows_are_refused(void **state) {
  static const char *const without[] = {"exit_code", "dram_bytes", "error", "summary", "check_ok"};
  loom_ctx *ctx = *state;
  sweep_row r, back;
  assert_int_equal(sweep_row_of(ctx, 0, summary, strlen(summary), "", 0, &r), LOOM_OK);
  for (size_t i = 0; i < COUNT_OF(without); i++) {
    data_value *whole = sweep_row_to_data(&ctx->mem, &r), *v = data_object(&ctx->mem);
    for (size_t k = 0; k < whole->n; k++)
      if (strcmp(whole->members[k].key, without[i]) != 0)
        data_set(&ctx->mem, v, whole->members[k].key, whole->members[k].value);
    assert_int_equal(v->n + 1, whole->n);
    assert_int_equal(sweep_row_from_data(ctx, v, &back), LOOM_EINPUT);
  }
}

static loom_status everything(loom_ctx *ctx, void *data) {
  sweep s;
  sweep_row r;
  const char *yaml = data;
  LOOM_TRY(sweep_read(ctx, DIR "/s.yaml", yaml, strlen(yaml), &s));
  LOOM_TRY(sweep_make_keys(ctx, &s, "v"));
  (void)as_line(&ctx->mem, &s, &s.points.at[0]);
  LOOM_TRY(sweep_row_of(ctx, 1, summary, strlen(summary), "{\"severity\": \"error\", \"message\": \"m\"}", 38, &r));
  return sweep_row_from_data(ctx, sweep_row_to_data(&ctx->mem, &r), &r);
}

static void test_memory_may_run_out_anywhere(void **state) {
  write_file(*state, "a.py", "a kernel\n");
  testing_sweep_memory(everything, "schema: loom.sweep.v1\nkernels: [{file: a.py}]\nshapes: [{M: [1, 2]}, N=1]\noptions: [{check: true, seed: 1}]\n");
}

int main(void) {
#define T(f) cmocka_unit_test_setup_teardown(f, testing_open_context, testing_close_context)
  const struct CMUnitTest tests[] = {
      T(test_points_are_the_product_in_order), T(test_values_are_written_as_on_the_command_line), T(test_lists_are_limited), T(test_what_of_an_option_is_a_file),
      T(test_files_that_are_too_large_are_said), T(test_machines_are_read_once), T(test_rows_of_what_is_no_summary), T(test_messages_that_are_no_rows_are_refused),
      T(test_what_is_wrong_is_said_with_its_place), T(test_points_are_limited), T(test_keys_are_of_contents), T(test_files_that_options_name_count),
      T(test_equal_points_stand_once), T(test_missing_files_and_machines_are_said), T(test_rows_have_what_was_printed_without_times), T(test_failures_have_their_first_error),
      T(test_memory_may_run_out_anywhere)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
