/* Machines by name and by path: what is found where, which form a file has, and the CPU's own file.  Oracle: the contents of directories that the test makes. */
#include "base/file.h"
#include "machine/machine_calibrate.h"
#include "machine/machine_private.h"
#include "machine/machine_template.h"
#include "machine/machine_testing.h"
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char top[32];

static const char *in(loom_ctx *ctx, const char *name) { return file_join(&ctx->mem, top, name); }

static void write_text(loom_ctx *ctx, const char *name, const char *s) {
  const char *path = in(ctx, name);
  FILE *f;
  assert_int_equal(file_make_dirs(ctx, file_dirname(&ctx->mem, path)), LOOM_OK);
  assert_non_null(f = fopen(path, "w"));
  assert_true(fputs(s, f) >= 0 && fclose(f) == 0);
}

static char *shipped(loom_ctx *ctx, const char *name) {
  char *bytes;
  size_t size;
  assert_int_equal(file_read(ctx, arena_printf(&ctx->mem, LOOM_SOURCE_DIR "/%s", name), 1 << 20, &bytes, &size), LOOM_OK);
  return bytes;
}

static int open_all(void **state) {
  strcpy(top, "/tmp/loom-load-XXXXXX");
  assert_non_null(mkdtemp(top));
  unsetenv("XDG_CACHE_HOME");
  setenv("HOME", top, 1);
  return setup(state);
}

static int close_all(void **state) {
  loom_ctx *ctx = *state;
  machine_set_path(machine_testing_dirs, 1);
  const int failed = system(arena_printf(&ctx->mem, "rm -rf %s", top));
  return teardown(state) || failed;
}

static void test_names_are_those_of_all_directories(void **state) {
  loom_ctx *ctx = *state;
  const char *const files[] = {"one/b.yaml", "one/a.yaml", "one/notes.txt", "two/c.yaml", "two/a.yaml", "one/a_name_of_a_machine_that_is_longer_than_anybody_would_call_one_and_so_is_left_out_here.yaml"};
  for (size_t i = 0; i < COUNT_OF(files); i++)
    write_text(ctx, files[i], "");
  const char *const dirs[] = {in(ctx, "one"), in(ctx, "none"), in(ctx, "two")}, *const *names;
  size_t n;
  machine_set_path(dirs, 3);
  expect_ok(ctx, machine_list(ctx, &names, &n));
  assert_int_equal(n, 3);
  for (size_t i = 0; i < 3; i++)
    assert_string_equal(names[i], ((const char *const[]){"a", "b", "c"})[i]);
  assert_string_equal(machine_find_file(&ctx->mem, "a"), in(ctx, "one/a.yaml"));
  assert_string_equal(machine_find_file(&ctx->mem, "c"), in(ctx, "two/c.yaml"));
  assert_null(machine_find_file(&ctx->mem, "d"));
  for (int i = 0; i < 515; i++)      /* more than are listed: no harm */
    write_text(ctx, arena_printf(&ctx->mem, "many/m%d.yaml", i), "");
  const char *const many[] = {in(ctx, "many")};
  machine_set_path(many, 1);
  expect_ok(ctx, machine_list(ctx, &names, &n));
  assert_int_equal(n, 512);
  machine_set_path(NULL, 0);
  expect_ok(ctx, machine_list(ctx, &names, &n));
  assert_int_equal(n, 0);
}

/* Oracle: what reading all of the file gives. */
static void test_summaries_are_those_of_whole_files(void **state) {
  loom_ctx *ctx = *state;
  const char *const *names, *summary;
  size_t n;
  machine *m;
  write_text(ctx, "more/flow.yaml", "{schema: loom.machine.v1, extends: wormhole, name: flow,\nsummary: \"in a flow\"}\n");
  write_text(ctx, "more/folded.yaml", "schema: loom.machine.v1\nextends: wormhole\nname: folded\nsummary: >-\n  one line\n\n  and another\n# a word\nclock_hz: 2.0e+9\n");
  write_text(ctx, "more/last.yaml", "schema: loom.machine.v1\nextends: wormhole\nname: last\nsummary: the last key");
  write_text(ctx, "more/none.yaml", "schema: loom.machine.v1\nextends: ring8\nname: none\n");
  const char *const dirs[] = {in(ctx, "more"), machine_testing_dirs[0]};
  machine_set_path(dirs, 2);
  expect_ok(ctx, machine_list(ctx, &names, &n));
  assert_true(n > 10);
  for (size_t i = 0; i < n; i++) {
    expect_ok(ctx, machine_load(ctx, names[i], NULL, &m));
    expect_ok(ctx, machine_load_summary(ctx, names[i], &summary));
    assert_string_equal(summary, m->summary);
  }
  assert_int_equal(machine_load_summary(ctx, "wormhloe", &summary), LOOM_EUSAGE);
  assert_non_null(strstr(ctx->diag.first->help, "did you mean 'wormhole'?"));
}

static const char df[] =
    "%m = df.mat \"U\" {shape = [32]}\n%x = df.spatial_dim \"x\", 4\n%c = df.core \"c\" {scaleout=(%x), scalein=(%m)}\n%l = df.memory \"L1\" {scaleout=(%x), size = 4096, bandwidth = 8}\n"
    "%s = df.mux %c, %l {map = affine_map<(a) -> (a)>}\n%d = df.spatial_dim 2\n%r = df.memory \"DRAM\" {scaleout=(%d), size = 4096, bandwidth = 8}\n"
    "%n = df.interconnects \"NoC\" %l, %r, {map = affine_map<(a) -> (a floordiv 2)>}\n";

static void test_files_are_read_by_what_they_are(void **state) {
  loom_ctx *ctx = *state;
  const char *adl = shipped(ctx, "tests/data/machines/mesh8_adl.mlir"), *own = shipped(ctx, "machines/ring8.yaml");
  const char *const chip_files[] = {"chip.yaml", "memory.yaml", "matrix_lane.yaml", "in_mover.yaml", "out_mover.yaml"};
  for (size_t i = 0; i < COUNT_OF(chip_files); i++) {
    const char *s = shipped(ctx, arena_printf(&ctx->mem, "tests/data/chip/%s", chip_files[i]));
    write_text(ctx, arena_printf(&ctx->mem, "chip/%s", chip_files[i]), s);
    write_text(ctx, arena_printf(&ctx->mem, "system/%s", i ? chip_files[i] : "system.yaml"), s);
    write_text(ctx, arena_printf(&ctx->mem, "single/%s", chip_files[i]), s);
  }
  write_text(ctx, "own.yaml", own);
  write_text(ctx, "own.yml", own);
  write_text(ctx, "mesh.mlir", adl);
  write_text(ctx, "df.mlir", df);
  write_text(ctx, "empty/notes.txt", "");
  write_text(ctx, "neither.yaml", "schemata: 1\n");
  write_text(ctx, "dimensions.yaml", "dimensions: {x: 4}\n");
  write_text(ctx, "processors.yaml", "name: p\nprocessors: {}\n");
  write_text(ctx, "both.yaml", arena_printf(&ctx->mem, "%s\ndimensions: {x: 2}\n", own));
  static const struct { const char *name, *calibration, *compute_dir; loom_status status; int64_t cores; const char *says, *help; } rows[] = {
      {"single", NULL, NULL, LOOM_OK, 1, NULL, NULL},      /* a directory here has that name too */
      {"./single", NULL, NULL, LOOM_OK, 8, NULL, NULL}, {"./chip", NULL, NULL, LOOM_OK, 8, NULL, NULL}, {"chip", NULL, NULL, LOOM_OK, 8, NULL, NULL}, {"system", NULL, NULL, LOOM_OK, 8, NULL, NULL},
      {"own.yaml", NULL, NULL, LOOM_OK, 8, NULL, NULL}, {"own.yml", NULL, NULL, LOOM_OK, 8, NULL, NULL}, {"mesh.mlir", NULL, NULL, LOOM_OK, 8, NULL, NULL}, {"df.mlir", NULL, NULL, LOOM_OK, 4, NULL, NULL},
      {"empty", NULL, NULL, LOOM_EINPUT, 0, "the directory holds neither chip.yaml nor system.yaml", "--hw-compute-dir"},
      {"neither.yaml", NULL, NULL, LOOM_EINPUT, 0, "", NULL}, {"dimensions.yaml", NULL, NULL, LOOM_EINPUT, 0, "", NULL}, {"processors.yaml", NULL, NULL, LOOM_EINPUT, 0, "", NULL},
      {"both.yaml", NULL, NULL, LOOM_EINPUT, 0, "dimensions", NULL},      /* ours, which names its schema: a key that is none of it */
      {"gone.yaml", NULL, NULL, LOOM_EIO, 0, "No such file", NULL}, {"gone.yml", NULL, NULL, LOOM_EIO, 0, "No such file", NULL}, {"gone.mlir", NULL, NULL, LOOM_EIO, 0, "No such file", NULL}, {"./gone", NULL, NULL, LOOM_EIO, 0, "No such file", NULL},
      {"singl", NULL, NULL, LOOM_EUSAGE, 0, "unknown machine 'singl'", "did you mean 'single'?"}, {"something-else-entirely", NULL, NULL, LOOM_EUSAGE, 0, "unknown machine", "'loom machine list' shows the shipped ones"},
      {"own.yaml", "no-such-set", NULL, LOOM_EUSAGE, 0, "no-such-set", NULL}, {"wormhole-2025", "2025-gemm", NULL, LOOM_OK, 64, NULL, NULL},
      {"single", "a", "b", LOOM_EUSAGE, 0, "--calibration and --hw-compute-dir both choose the costs", NULL}, {"single", NULL, LOOM_SOURCE_DIR "/tests/data/compute_dir", LOOM_OK, 1, NULL, NULL},
      {"gone.yaml", NULL, LOOM_SOURCE_DIR "/tests/data/compute_dir", LOOM_EIO, 0, "No such file", NULL}};
  char here[4096];
  assert_true(getcwd(here, sizeof here) && chdir(top) == 0);
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    const diag_mark mark = diag_save(ctx);
    machine *m = NULL;
    const loom_status st = machine_load_with(ctx, rows[i].name, rows[i].calibration, rows[i].compute_dir, &m);
    const diag_item *d = ctx->diag.first;
    while (d && d->severity != DIAG_ERROR)
      d = d->next;
    if (st != rows[i].status || (st == LOOM_OK && machine_cores(m) != rows[i].cores) || (rows[i].says && (!d || !strstr(d->text, rows[i].says))) || (rows[i].help && (!d || !d->help || !strstr(d->help, rows[i].help))))
      fail_msg("row %zu (%s): status %d, %d cores: %s (%s)", i, rows[i].name, (int)st, st == LOOM_OK ? (int)machine_cores(m) : 0, d ? d->text : "", d && d->help ? d->help : "");
    diag_drop(ctx, mark);
  }
  assert_int_equal(chdir(here), 0);
}

/* ---- the CPU's own ---- */

static void test_where_the_measured_file_is(void **state) {
  loom_ctx *ctx = *state;
  static const struct { const char *cache, *home, *path; } rows[] = {
      {"/c", "/h", "/c/loom/host.yaml"}, {"", "/h", "/h/.cache/loom/host.yaml"}, {NULL, "/h", "/h/.cache/loom/host.yaml"}, {NULL, "", NULL}, {"", NULL, NULL}};
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    if (rows[i].cache)
      setenv("XDG_CACHE_HOME", rows[i].cache, 1);
    else
      unsetenv("XDG_CACHE_HOME");
    if (rows[i].home)
      setenv("HOME", rows[i].home, 1);
    else
      unsetenv("HOME");
    const char *path = machine_calibrated_path(&ctx->mem);
    assert_true(rows[i].path ? path && strcmp(path, rows[i].path) == 0 : !path);
  }
  machine *m;
  expect_ok(ctx, machine_load(ctx, "host", NULL, &m));      /* no place: guesses */
  assert_int_equal(machine_cores(m), (int64_t)machine_cpu_find(&ctx->mem)->at[MACHINE_CPU_cores].value);
  unsetenv("XDG_CACHE_HOME");
}

static void test_the_measured_file_is_taken_where_it_is_of_this_cpu(void **state) {
  loom_ctx *ctx = *state;
  machine_cpu cpu = *machine_cpu_find(&ctx->mem);
  const int64_t cores = (int64_t)cpu.at[MACHINE_CPU_cores].value;
  const char *yaml, *other_cpu;
  machine *m;
  cpu.at[MACHINE_CPU_mac_f32].value = 12345;
  cpu.at[MACHINE_CPU_cores].value = (double)(cores + 6);      /* this process may be kept on fewer */
  expect_ok(ctx, machine_calibrated_yaml(ctx, &cpu, &yaml));
  write_text(ctx, ".cache/loom/host.yaml", yaml);
  expect_ok(ctx, machine_load(ctx, "host", NULL, &m));
  assert_string_equal(m->host_cpu, cpu.name);
  assert_int_equal(machine_cores(m), cores);
  assert_int_equal(ctx->diag.warnings, 0);
  cpu.name = "Another CPU, 128-bit vectors";
  expect_ok(ctx, machine_calibrated_yaml(ctx, &cpu, &other_cpu));
  write_text(ctx, ".cache/loom/host.yaml", other_cpu);
  expect_ok(ctx, machine_load(ctx, "host", NULL, &m));
  assert_int_equal(ctx->diag.warnings, 1);
  assert_non_null(strstr(ctx->diag.first->text, "measured on another CPU than this one"));
  expect_ok(ctx, machine_load(ctx, in(ctx, ".cache/loom/host.yaml"), NULL, &m));      /* by its path it is what it says */
  assert_int_equal(machine_cores(m), cores + 6);
  assert_int_equal(unlink(in(ctx, ".cache/loom/host.yaml")), 0);
  assert_int_equal(mkdir(in(ctx, ".cache/loom/host.yaml"), 0700), 0);
  const diag_mark mark = diag_save(ctx);
  assert_true(machine_load(ctx, "host", NULL, &m) != LOOM_OK || ctx->diag.warnings > 1);      /* it says what is wrong with the file, or goes on without */
  diag_drop(ctx, mark);
}

static void test_what_is_a_template(void **state) {
  loom_ctx *ctx = *state;
  static const struct { const char *text; bool is; } rows[] = {{"schema: loom.machine.v1\nhost: {a: $cores}\n", true}, {"schema: loom.machine.v1\nhost: {a: 1}\n", false}, {"schema: other\nhost: {a: $cores}\n", false}, {"schema: loom.machine.v1\na: $cores\n", false}};
  for (size_t i = 0; i < COUNT_OF(rows); i++)
    assert_int_equal(machine_is_template(rows[i].text), rows[i].is);
  machine_cpu cpu = *machine_cpu_find(&ctx->mem);
  static const struct { double value; const char *says; } numbers[] = {{48, "48"}, {1e9, "1000000000"}, {0.25, "0.25"}, {1e300, "1e+300"}, {-3, "-3"}};
  for (size_t i = 0; i < COUNT_OF(numbers); i++) {
    char *out;
    size_t size;
    cpu.at[MACHINE_CPU_l1_bytes] = (machine_cpu_value){.value = numbers[i].value, .source = "here", .note = "so", .is_assumed = i % 2};
    expect_ok(ctx, machine_fill(ctx, "t.yaml", "a: $l1_bytes.full\n", &cpu, &out, &size));
    assert_string_equal(out, arena_printf(&ctx->mem, i % 2 ? "a: {value: %s, assumed: true, note: \"so\"}\n" : "a: {value: %s, source: \"here\"}\n", numbers[i].says));
  }
  char *out;
  size_t size;
  assert_int_equal(machine_fill(ctx, "t.yaml", "\n a: $l1_byte\n", &cpu, &out, &size), LOOM_EINPUT);
  testing_expect_error(ctx, LOOM_EINPUT, "'$l1_byte' is no number of the running CPU", 2, 5);
  assert_non_null(strstr(ctx->diag.first->help, "did you mean '$l1_bytes'?"));
}

int main(void) {
#define T(t) cmocka_unit_test_setup_teardown(t, open_all, close_all)
  const struct CMUnitTest tests[] = {T(test_names_are_those_of_all_directories), T(test_summaries_are_those_of_whole_files), T(test_files_are_read_by_what_they_are), T(test_where_the_measured_file_is), T(test_the_measured_file_is_taken_where_it_is_of_this_cpu),
                                     T(test_what_is_a_template)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
