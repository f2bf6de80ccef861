#include "machine/machine_testing.h"
#include "machine/machine_template.h"
#include "base/file.h"
#include <stdlib.h>

static machine_cpu small_cpu(void) {
  machine_cpu c = {.name = "a CPU"};
  for (int i = 0; i < MACHINE_CPU_NAMES; i++)
    c.at[i] = (machine_cpu_value){.value = 8 + i, .is_assumed = true, .note = "made up"};
  c.at[MACHINE_CPU_exp] = (machine_cpu_value){.value = 2.2857, .source = "measured"};
  c.at[MACHINE_CPU_cores].value = 3;
  return c;
}

static void test_names_are_filled_as_parts_or_with_their_origin(void **state) {
  static const struct { const char *text, *want; } cases[] = {
      {"a: $cores", "a: 3"},
      {"a: $exp", "a: 2286"},      /* rates in formulas are those of 1000 cycles */
      {"a: $exp.full", "a: {value: 2.2857, source: \"measured\"}"},
      {"a: $cores.full", "a: {value: 3, assumed: true, note: \"made up\"}"},
      {"a: \"$cpu\"", "a: \"a CPU\""},
      {"# $nothing\na: $cores", "# $nothing\na: 3"},
      {"a: $cores.fuller", "a: 3.fuller"},
  };
  loom_ctx *ctx = *state;
  machine_cpu cpu = small_cpu();
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char *out;
    size_t size;
    expect_ok(ctx, machine_fill(ctx, "t.yaml", cases[i].text, &cpu, &out, &size));
    assert_string_equal(out, cases[i].want);
    assert_int_equal(size, strlen(out));
  }
}

static void test_an_unknown_name_is_told_with_its_place(void **state) {
  loom_ctx *ctx = *state;
  machine_cpu cpu = small_cpu();
  char *out;
  size_t size;
  assert_int_equal(machine_fill(ctx, "t.yaml", "a: 1\nb: [$core]\n", &cpu, &out, &size), LOOM_EINPUT);
  const diag_item *d = ctx->diag.first;
  assert_non_null(strstr(d->text, "'$core' is no number of the running CPU"));
  assert_non_null(strstr(d->help, "'$cores'"));
  assert_int_equal(d->span.line, 2);
  assert_int_equal(d->span.col, 5);
}

static void test_the_host_is_this_cpu(void **state) {
  loom_ctx *ctx = *state;
  unsetenv("XDG_CACHE_HOME");
  setenv("HOME", "/nowhere", 1);
  const machine_cpu *cpu = machine_cpu_find(&ctx->mem);
  const machine *m = load(ctx, "host");
  assert_string_equal(m->host_cpu, cpu->name);
  assert_int_equal(machine_cores(m), (int64_t)cpu->at[MACHINE_CPU_cores].value);
  assert_true(m->l1_bytes <= (int64_t)cpu->at[MACHINE_CPU_l2_bytes].value && m->l1_bytes > 0);
  assert_true(m->lacks_sharing);
  assert_float_equal(machine_host_fact(m, "l3_bytes"), cpu->at[MACHINE_CPU_l3_bytes].value, 0);
  assert_float_equal(machine_host_fact(m, "no such thing"), 0, 0);
  assert_int_equal(m->tile_align, (int64_t)cpu->at[MACHINE_CPU_vector_bytes].value / 4);
  machine *again;
  const char *yaml = machine_to_yaml(&ctx->mem, m);
  expect_ok(ctx, machine_from_yaml(ctx, "again.yaml", yaml, strlen(yaml), &again));
  assert_string_equal(machine_to_yaml(&ctx->mem, again), yaml);
}

/* Twice the sizes take about twice (rows) or eight times (products) the cycles: volume and throughput count the same. */
static void test_costs_of_the_host_follow_its_rates(void **state) {
  loom_ctx *ctx = *state;
  unsetenv("XDG_CACHE_HOME");
  setenv("HOME", "/nowhere", 1);
  const machine *m = load(ctx, "host");
  const machine_cpu *cpu = machine_cpu_find(&ctx->mem);
  static const char *const mnk[] = {"M", "N", "K"}, *const l[] = {"L"};
  int64_t n = 512, cycles = cost_of(ctx, m, "matmul_f32", mnk, (int64_t[]){n, n, n}, 3);
  double least = (double)n * (double)n * (double)n / cpu->at[MACHINE_CPU_mac_f32].value;
  assert_true((double)cycles >= least && (double)cycles < 1.5 * least);
  double exps = 1e6 / cpu->at[MACHINE_CPU_exp].value;
  assert_float_equal((double)cost_of(ctx, m, "vec_exp_f16", l, (int64_t[]){1000000}, 1), exps, 1 + (float)exps * 1e-3f);
}

static void write_file(loom_ctx *ctx, const char *path, const char *bytes) { expect_ok(ctx, file_write(ctx, path, bytes, strlen(bytes))); }

static void test_measured_numbers_hold_for_the_cpu_they_are_of(void **state) {
  loom_ctx *ctx = *state;
  char dir[] = "/tmp/loom-host-XXXXXX";
  assert_non_null(mkdtemp(dir));
  setenv("XDG_CACHE_HOME", dir, 1);
  const char *path = machine_calibrated_path(&ctx->mem);
  assert_string_equal(path, arena_printf(&ctx->mem, "%s/loom/host.yaml", dir));
  expect_ok(ctx, file_make_dirs(ctx, file_join(&ctx->mem, dir, "loom")));
  char *shipped, *filled;
  size_t size;
  expect_ok(ctx, file_read(ctx, LOOM_SOURCE_DIR "/machines/host.yaml", 1 << 20, &shipped, &size));
  machine_cpu cpu = *machine_cpu_find(&ctx->mem);
  cpu.at[MACHINE_CPU_mac_f32] = (machine_cpu_value){.value = 7, .source = "measured"};
  cpu.at[MACHINE_CPU_cores].value += 7;
  expect_ok(ctx, machine_fill(ctx, "host.yaml", shipped, &cpu, &filled, &size));
  write_file(ctx, path, filled);
  const machine *m = load(ctx, "host");
  assert_float_equal(m->units.at[0].rate.value, 7, 0);
  assert_int_equal(machine_cores(m), (int64_t)cpu.at[MACHINE_CPU_cores].value - 7);      /* no more than there are now */
  assert_int_equal(ctx->diag.warnings, 0);
  cpu.name = "another CPU";
  expect_ok(ctx, machine_fill(ctx, "host.yaml", shipped, &cpu, &filled, &size));
  write_file(ctx, path, filled);
  m = load(ctx, "host");
  assert_true(m->units.at[0].rate.value != 7);
  assert_int_equal(ctx->diag.warnings, 1);
  assert_non_null(strstr(ctx->diag.first->text, "measured on another CPU"));
  assert_int_equal(remove(path), 0);
  assert_int_equal(remove(file_join(&ctx->mem, dir, "loom")), 0);
  assert_int_equal(remove(dir), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_names_are_filled_as_parts_or_with_their_origin, setup, teardown),
      cmocka_unit_test_setup_teardown(test_an_unknown_name_is_told_with_its_place, setup, teardown),
      cmocka_unit_test_setup_teardown(test_the_host_is_this_cpu, setup, teardown),
      cmocka_unit_test_setup_teardown(test_costs_of_the_host_follow_its_rates, setup, teardown),
      cmocka_unit_test_setup_teardown(test_measured_numbers_hold_for_the_cpu_they_are_of, setup, teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
