/* The df form: our own files in upstream's syntax. */
#include "machine/machine_testing.h"

/* A 4 x 4 mesh over 2 DRAM channels; the DRAM map is the argument. */
#define MESH(dram_map)                                                                                                                       \
  "module {\n"                                                                                                                               \
  "  %mat = df.mat \"PE\" {shape = [16, 16, 16], throughput = 64}   // one of four\n"                                                        \
  "  %vec = df.vec \"SIMD\" {shape = [32]}\n"                                                                                                \
  "  %x = df.spatial_dim \"x\", 4\n"                                                                                                         \
  "  %y = df.spatial_dim \"y\", 4\n"                                                                                                         \
  "  %cores = df.core \"core\" {scaleout=(%x, %y) , scalein=(%mat, %vec, [4,1])}\n"                                                          \
  "  %L1 = df.memory \"L1\" {scaleout=(%x, %y) , size = 524288, bandwidth = 20}\n"                                                           \
  "  %mux = df.mux %cores, %L1, {map = affine_map<(d0, d1) -> (d0, d1)>}\n"                                                                  \
  "  %h = df.interconnects \"rows\" %L1 : !df.memory, %L1 : !df.memory, {map = affine_map<(d0, d1) -> ((d0 + 1) mod 4, d1)>, bandwidth = 48, " \
  "spatial_dims = [@x]} : !df.interconnect\n"                                                                                                \
  "  %v = df.interconnects \"columns\" %L1, %L1, {map = affine_map<(d0, d1) -> (d0, d1)>, bandwidth = 40 : i64}\n"                           \
  "  %d = df.spatial_dim \"d\", 2\n"                                                                                                         \
  "  %dram = df.memory \"DRAM\" {scaleout=(%d) , size = 1073741824, bandwidth = 100}\n"                                                      \
  "  %noc = df.interconnects \"NoC\" %L1: !df.memory, %dram : !df.memory, {map = affine_map<(d0, d1) -> (" dram_map ")>}\n"                  \
  "}\n"

static loom_status from_df(loom_ctx *ctx, const char *s, machine **out) { return machine_from_df(ctx, "mesh4.mlir", s, strlen(s), out); }

static machine *import(loom_ctx *ctx, const char *s) {
  machine *m = NULL;
  expect_ok(ctx, from_df(ctx, s, &m));
  return m;
}

static void test_mesh_file_becomes_a_machine(void **state) {
  loom_ctx *ctx = *state;
  const machine *m = import(ctx, MESH("d0 floordiv 2"));
  expect_ok(ctx, machine_check(ctx, m));
  assert_int_equal(ctx->diag.warnings, 0);
  assert_string_equal(m->name, "mesh4");
  assert_int_equal(machine_cores(m), 16);
  assert_string_equal(m->mesh.at[0].name, "x");
  assert_true(m->mesh.at[0].wraps);       /* rows lead from x = 3 to x = 0 */
  assert_false(m->mesh.at[1].wraps);      /* columns lead nowhere */
  assert_int_equal(m->l1_bytes, 524288);
  assert_true(m->l1_bytes_per_cycle.value == 20 && m->l1_bytes_per_cycle.source && !m->l1_bytes_per_cycle.is_assumed);
  assert_int_equal(m->dram_channels, 2);
  assert_int_equal(m->dram_channel_bytes, 1073741824);
  assert_true(m->dram_bytes_per_cycle.value == 100);
  assert_true(m->link_bytes_per_cycle.value == 40);      /* the slower of rows and columns */
  assert_true(m->hop_cycles.is_assumed && m->clock_hz.is_assumed);
  assert_true(m->units.at[0].rate.value == 256 && m->units.at[0].count == 4 && !m->units.at[0].rate.is_assumed);
  assert_true(m->units.at[1].rate.is_assumed);
  assert_int_equal(m->attach.at[0], 0);   /* the first core of channel 0, and of channel 1: (2, 0) */
  assert_int_equal(m->attach.at[1], 8);
  assert_false(m->attach_assumed);
}

/* A dump: aliases above the module, attributes, kernels behind the chip. */
static void test_the_head_of_a_dump_is_read(void **state) {
  loom_ctx *ctx = *state;
  static const char chip[] = MESH("d0 floordiv 2");
  static const char kernel[] = "  func.func @k(%arg0: memref<*xf32> {tt.divisibility = 16 : i32}) attributes {x = 2.5} {\n    %c = arith.constant 2.000000e+00 : f16\n    scf.yield\n  }\n";
  const char *inside = strchr(chip, '\n');
  const char *dump = arena_printf(&ctx->mem, "#map = affine_map<(d0) -> (d0)>\n#map1 = affine_map<(d0) -> (0)>\nmodule attributes {loom.n = 512 : index} {%.*s%s  module attributes {x = 1.5} {\n%s  }\n}\n",
                                  (int)(strlen(inside) - 2), inside, kernel, kernel);
  assert_int_equal(machine_cores(import(ctx, dump)), 16);
  machine *m;
  assert_int_equal(from_df(ctx, arena_strndup(&ctx->mem, dump, strlen(dump) - 4), &m), LOOM_EINPUT);
  testing_expect_error(ctx, LOOM_EINPUT, "expected '}'; found the end of the file", 0, 0);
}

static void test_file_rates_price_the_functions(void **state) {
  loom_ctx *ctx = *state;
  const machine *m = import(ctx, MESH("d0 floordiv 2"));
  const char *const shape[] = {"M", "N", "K"}, *const area[] = {"M", "N", "bcst_x", "bcst_y"};
  assert_int_equal(cost_of(ctx, m, "matmul_f16", shape, (int64_t[]){64, 64, 64}, 3), 100 + 64 * 64 * 64 / 256);
  assert_int_equal(cost_of(ctx, m, "dram_to_l1_f16", area, (int64_t[]){64, 64, 1, 1}, 4), 454 + (64 * 64 * 2 + 19) / 20);
  assert_int_equal(cost_of(ctx, m, "dram_to_l1_bcst", area, (int64_t[]){64, 64, 4, 1}, 4), 344 + 5 + (64 * 64 * 2 * 4 + 39) / 40);
}

static void test_map_that_leaves_its_target_is_an_error(void **state) {
  loom_ctx *ctx = *state;
  const machine *m = import(ctx, MESH("d0 ceildiv 2 + d1 ceildiv 4"));
  assert_int_equal(machine_check(ctx, m), LOOM_EINPUT);
  testing_expect_error(ctx, LOOM_EINPUT, "interconnect NoC maps (3,3) to 3, DRAM has 2", 13, 10);
}

/* The lint of the published 8 x 8 file: same sizes, same map. */
static void test_published_dram_map_is_refused_with_its_remedy(void **state) {
  static const char *const form =
      "%%x = df.spatial_dim 8\n%%y = df.spatial_dim 8\n%%u = df.mat \"U\" {shape = [32]}\n"
      "%%c = df.core \"c\" {scaleout=(%%x, %%y), scalein=(%%u)}\n%%m = df.memory \"m\" {scaleout=(%%x, %%y), size = 4096, bandwidth = 8}\n"
      "%%s = df.mux %%c, %%m {map = affine_map<(a, b) -> (a, b)>}\n%%d = df.spatial_dim 4\n"
      "%%r = df.memory \"DRAM\" {scaleout=(%%d), size = 4096, bandwidth = 8}\n"
      "%%n = df.interconnects \"NoC\" %%m, %%r, {map = affine_map<(d0, d1) -> (d0 %s 4 + 2 * (d1 %s 4))>}\n";
  loom_ctx *ctx = *state;
  const machine *good = import(ctx, arena_printf(&ctx->mem, form, "floordiv", "floordiv"));
  expect_ok(ctx, machine_check(ctx, good));
  assert_int_equal(ctx->diag.warnings, 0);
  const int64_t first_of_channel[] = {0, 4 * 8, 4, 4 * 8 + 4};
  for (size_t c = 0; c < 4; c++)
    assert_int_equal(good->attach.at[c], first_of_channel[c]);
  const machine *bad = import(ctx, arena_printf(&ctx->mem, form, "ceildiv", "ceildiv"));
  assert_int_equal(machine_check(ctx, bad), LOOM_EINPUT);
  testing_expect_error(ctx, LOOM_EINPUT, "interconnect NoC maps (7,7) to 6, DRAM has 4", 9, 6);
  assert_non_null(strstr(ctx->diag.first->help, "with floordiv in place of ceildiv the map stays inside 0..3"));
}

/* Two cores share a memory; the rings are shorter than the dim; the DRAM names its cores. */
#define RING                                                                                                                       \
  "%mat = df.mat \"PT\" {shape = [128, 128, 128], throughput=2}\n"                                                                 \
  "%x = df.spatial_dim \"x\", 32\n"                                                                                                \
  "%y = df.spatial_dim \"y\", 2\n"                                                                                                 \
  "%cores = df.core \"cores\" {scaleout=(%x, %y) , scalein=(%mat, [1])}\n"                                                         \
  "%L1 = df.memory \"L1\" {scaleout=(%x) , size = 2097152, bandwidth = 128}\n"                                                     \
  "%mux = df.mux %cores, %L1, {map = affine_map<(d0, d1) -> (d0)>}\n"                                                              \
  "%ring = df.interconnects \"ring\" %L1 : !df.memory, %L1: !df.memory, {map = affine_map<(d0) -> ((d0 + 1) mod 8)>, bandwidth = 258}\n" \
  "%d = df.spatial_dim \"d\", 2\n"                                                                                                 \
  "%dram = df.memory \"DRAM\" {scaleout=(%d) , size = 34359738368, bandwidth = 512}\n"                                             \
  "%to = df.interconnects %dram : !df.memory, %L1 : !df.memory, {map = affine_map<(d0) -> (d0*31)>}\n"

static void test_ring_shorter_than_its_dim_is_a_warning(void **state) {
  loom_ctx *ctx = *state;
  const machine *m = import(ctx, RING);
  assert_int_equal(ctx->diag.warnings, 1);
  assert_non_null(strstr(ctx->diag.first->text, "2 cores share each memory 'L1'"));
  assert_int_equal(m->l1_bytes, 1048576);
  assert_int_equal(m->attach.at[0], 0);
  assert_int_equal(m->attach.at[1], 62);   /* x = 31, y = 0 */
  expect_ok(ctx, machine_check(ctx, m));
  assert_int_equal(ctx->diag.warnings, 2);
  assert_non_null(strstr(ctx->diag.first->next->text, "mod 8 on dim of size 32"));
  assert_int_equal(ctx->diag.first->next->span.line, 7);
}

static void test_df_machine_round_trips_as_yaml(void **state) {
  loom_ctx *ctx = *state;
  const machine *m = import(ctx, MESH("d0 floordiv 2"));
  const char *yaml = machine_to_yaml(&ctx->mem, m);
  machine *again;
  expect_ok(ctx, machine_from_yaml(ctx, "again.yaml", yaml, strlen(yaml), &again));
  assert_string_equal(data_write_json(&ctx->mem, machine_to_data(&ctx->mem, again), 1), data_write_json(&ctx->mem, machine_to_data(&ctx->mem, m), 1));
}

#define CORE "%x = df.spatial_dim \"x\", 4\n%u = df.mat \"U\" {shape = [8]}\n%c = df.core \"c\" {scaleout=(%x), scalein=(%u)}\n"   /* 3 lines */
#define LOCAL "%m = df.memory \"m\" {scaleout=(%x), size = 64, bandwidth = 8}\n%s = df.mux %c, %m, {map = affine_map<(i) -> (i)>}\n"
#define FAR "%d = df.spatial_dim \"d\", 1\n%r = df.memory \"r\" {scaleout=(%d), size = 64, bandwidth = 8}\n"

static void test_wrong_files_are_told_with_their_place(void **state) {
  static const struct { const char *text; loom_status status; const char *message; int line, col; const char *help; } cases[] = {
      {"", LOOM_EINPUT, "there is no df.core", 1, 1, NULL},
      {"module {\n", LOOM_EINPUT, "expected '}'; found the end of the file", 2, 1, NULL},
      {"8", LOOM_EINPUT, "expected an op such as", 1, 1, NULL},
      {"module {}\n}", LOOM_EINPUT, "expected the end of the file; found '}'", 2, 1, NULL},
      {"%x = df.spatial_dim \"x\" 8", LOOM_EINPUT, "expected ','; found '8'", 1, 25, NULL},
      {"%x = df.spatial_dim \"x\", 0", LOOM_EINPUT, "the dim's size is 0; must be 1..", 1, 26, NULL},
      {"%x = df.spatial_dim \"x\", 99999999999999999999", LOOM_EINPUT, "not a whole number of 64 bits", 1, 26, NULL},
      {"%x = df.spatial_dim \"x, 8", LOOM_EINPUT, "the string does not end on its line", 1, 21, NULL},
      {"%x = df.spacial_dim \"x\", 8", LOOM_EUNSUP, "unknown op 'df.spacial_dim'", 1, 6, "did you mean 'df.spatial_dim'?"},
      {"%x = arith.constant 8", LOOM_EUNSUP, "'arith.constant' is no op of the df dialect", 1, 6, NULL},
      {"%u = df.mat {shape = [8]}", LOOM_EINPUT, "expected a name in quotes; found '{'", 1, 13, NULL},
      {"%u = df.mat \"U\" {shap = [8]}", LOOM_EINPUT, "df.mat has no attribute 'shap'", 1, 18, "did you mean 'shape'?"},
      {"%u = df.mat \"U\" {throughput = 8}", LOOM_EINPUT, "df.mat needs the attribute 'shape'", 1, 6, NULL},
      {"%u = df.mat \"U\" {shape = [8], shape = [8]}", LOOM_EINPUT, "the attribute 'shape' occurs twice", 1, 31, NULL},
      {"%u = df.mat \"U\" {shape = [1, 1, 1, 1]}", LOOM_EINPUT, "a unit's shape has at most 3 dims", 1, 26, NULL},
      {"%x = df.spatial_dim 2\n%x = df.spatial_dim 2", LOOM_EINPUT, "'%x' is defined twice", 2, 1, NULL},
      {"%c = df.core \"c\" {scaleout=(%q), scalein=()}", LOOM_EINPUT, "'%q' is not defined above", 1, 29, NULL},
      {"%u = df.mat \"U\" {shape = [8]}\n%c = df.core \"c\" {scaleout=(%u), scalein=()}", LOOM_EINPUT, "'%u' is a matrix unit; expected a spatial dim", 2, 29,
       NULL},
      {"%x = df.spatial_dim 2\n%u = df.mat \"U\" {shape = [8]}\n%c = df.core \"c\" {scaleout=(%x), scalein=(%u, [1, 2])}", LOOM_EINPUT,
       "2 counts for 1 units", 3, 47, NULL},
      {CORE, LOOM_EINPUT, "no df.mux gives the cores 'c' a memory", 3, 6, NULL},
      {CORE LOCAL, LOOM_EINPUT, "there is no DRAM: 'm' is the only memory", 4, 6, NULL},
      {CORE LOCAL FAR "%q = df.memory \"q\" {scaleout=(%d), size = 64, bandwidth = 8}\n", LOOM_EUNSUP, "a third memory 'q'", 8, 6, NULL},
      {CORE "%e = df.core \"e\" {scaleout=(%x), scalein=(%u)}\n", LOOM_EUNSUP, "a second core array", 4, 6, NULL},
      {CORE LOCAL FAR "%n = df.interconnects %m, %r, {map = affine_map<(i, j) -> (i)>}\n", LOOM_EINPUT, "the map has 2 dims; 'm' has 1", 8, 38, NULL},
      {CORE LOCAL FAR "%n = df.interconnects %m, %r, {map = affine_map<(i) -> (i, i)>}\n", LOOM_EINPUT, "the map has 2 results; 'r' has 1 dims", 8, 38, NULL},
      {CORE LOCAL FAR "%n = df.interconnects %m, %r, {map = affine_map<(i) -> (k + 1)>}\n", LOOM_EINPUT, "'k' is not a dim of the map", 8, 57, NULL},
      {CORE LOCAL FAR "%n = df.interconnects %m, %r, {map = affine_map<(i) -> (i == 1)>}\n", LOOM_EINPUT, "", 8, 0, NULL},
      {CORE LOCAL FAR "%n = df.interconnects %m, %r, {map = affine_map<(i) -> (i + )>}\n", LOOM_EINPUT, "expected", 8, 0, NULL},
      {CORE LOCAL FAR "%n = df.interconnects %m, %x, {map = affine_map<(i) -> (i)>}\n", LOOM_EINPUT, "expected a core array or a memory", 8, 27, NULL},
      {CORE LOCAL FAR "%n = df.interconnects %m, %r, %x {map = affine_map<(i) -> (i)>}\n", LOOM_EUNSUP, "index operands", 8, 31, NULL},
      {CORE LOCAL FAR "%n = df.interconnects %m, %r, {map = affine_map<(i) -> (i)>, spatial_dims = [@z]}\n", LOOM_EINPUT, "there is no spatial dim \"z\"", 8, 78,
       NULL},
      {"%x = df.spatial_dim 65536\n%y = df.spatial_dim 65536\n%u = df.mat \"U\" {shape = [8]}\n%c = df.core \"c\" {scaleout=(%x, %y), scalein=(%u)}\n"
       "%m = df.memory \"m\" {scaleout=(%x), size = 64, bandwidth = 8}\n%s = df.mux %c, %m, {map = affine_map<(i, j) -> (i)>}\n" FAR,
       LOOM_ELIMIT, "'c' has more than 65536 instances", 4, 6, NULL},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_ctx ctx;
    machine *m;
    loom_ctx_init(&ctx);
    loom_status st = machine_from_df(&ctx, "wrong.mlir", cases[i].text, strlen(cases[i].text), &m);
    if (st != cases[i].status)
      fail_msg("case %zu: status %d; %s", i, (int)st, ctx.diag.first ? ctx.diag.first->text : "");
    if (!cases[i].col)
      assert_int_equal(ctx.diag.first->span.line, cases[i].line);
    testing_expect_error(&ctx, cases[i].status, cases[i].message, cases[i].col ? cases[i].line : 0, cases[i].col);
    if (cases[i].help)
      assert_string_equal(ctx.diag.first->help, cases[i].help);
    loom_ctx_done(&ctx);
  }
  (void)state;
}

static loom_status import_body(loom_ctx *ctx, void *data) {
  machine *m;
  return machine_from_df(ctx, "sweep.mlir", data, strlen(data), &m);
}

static void test_import_survives_any_failing_allocation(void **state) {
  (void)state;
  testing_sweep_memory(import_body, MESH("d0 floordiv 2"));
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
  const struct CMUnitTest tests[] = {
      T(test_mesh_file_becomes_a_machine),
      T(test_the_head_of_a_dump_is_read),
      T(test_file_rates_price_the_functions),
      T(test_map_that_leaves_its_target_is_an_error),
      T(test_published_dram_map_is_refused_with_its_remedy),
      T(test_ring_shorter_than_its_dim_is_a_warning),
      T(test_df_machine_round_trips_as_yaml),
      T(test_wrong_files_are_told_with_their_place),
      T(test_import_survives_any_failing_allocation),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
