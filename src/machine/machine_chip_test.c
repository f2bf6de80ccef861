/* Upstream's chips in YAML; tests/data/chip and tests/data/placed are ours in the two newest forms. */
#include "base/file.h"
#include "machine/machine_testing.h"
#include <stdlib.h>
#include <unistd.h>

/* x, y of 4 and 2, DRAM of 8 channels, L1 of 16 banks; the two older forms. */
#define DIMS "dimensions: {dram_channel: 8, x: 4, y: 2, nbank: 16}\n"
#define DRAM "    - {name: DRAM, block_size_bytes: 8192, num_blocks: 196608, scale: [dram_channel]}\n"
#define L1_KEYS "name: L1, block_size_bytes: 16, num_blocks: 5464, scale: [nbank]"
#define CHILDREN                                                                                                     \
  "version: 1\n" DIMS "architecture:\n  name: old\n  memories:\n" DRAM                                               \
  "  processors:\n    - {name: in_mover, kind: data_mover, from: DRAM, to: L1, resources: [noc0]}\n"                 \
  "    - {name: out_mover, kind: data_mover, from: L1, to: DRAM}\n"                                                  \
  "  children:\n    - name: mesh\n      scale: [x, y]\n      memories:\n        - {" L1_KEYS "}\n"                   \
  "      processors:\n        - {name: matrix_lane, kind: compute, from: L1, to: L1}\n"
#define GROUPS                                                                                                       \
  DIMS "architecture:\n  name: groups\n  groups:\n    - {name: mesh, scale: [x, y]}\n  memories:\n" DRAM             \
  "    - {in: mesh, " L1_KEYS ", aggregate: {name: L1_mesh}}\n"                                                      \
  "  processors:\n    - {name: in_mover, kind: data_mover, from: DRAM, to: L1_mesh}\n"                               \
  "    - {name: out_mover, kind: data_mover, from: L1_mesh, to: DRAM}\n"                                             \
  "    - {name: matrix_lane, in: mesh, kind: compute, from: L1, to: L1}\n"                                           \
  "  networks:\n    - name: torus\n      dimensions: [x, y]\n      region: L1_mesh\n      links:\n"                  \
  "        - {name: x, map: \"[x, y] -> [x, y]: ((x + 1) mod 4, y)\"}\n      link_bandwidth: \"64\"\n"

/* The memory of all cores as a memory of its own. */
#define ACROSS                                                                                                       \
  DIMS "architecture:\n  name: across\n  groups:\n    - {name: mesh, scale: [x, y]}\n  memories:\n" DRAM             \
  "    - {in: mesh, " L1_KEYS "}\n    - {name: L1_mesh, of: L1, across: mesh}\n"                                   \
  "  processors:\n    - {name: in_mover, kind: data_mover, from: DRAM, to: L1_mesh}\n"                               \
  "    - {name: out_mover, kind: data_mover, from: L1_mesh, to: DRAM}\n"                                             \
  "    - {name: matrix_lane, in: mesh, kind: compute, from: L1, to: L1}\n"
#define PLACED                                                                                                       \
  DIMS "memories: {DRAM: [dram_channel], L1: [x, y]}\nprocessors:\n"                                                 \
  "  matrix_lane: {definition: matrix_lane.yaml, inputs: {a: \"L1[x, y]\"}, outputs: {r: \"L1[x, y]\"}}\n"          \
  "  in_mover: {definition: in_mover.yaml, inputs: [\"DRAM[:]\"], outputs: [\"L1[:, :]\"]}\n"                       \
  "  out_mover: {definition: nowhere.yaml, inputs: [all_l1], outputs: {dst: \"DRAM[:]\"}}\n"                         \
  "networks: [{links: [{bandwidth: 64, map: \"[x, y] -> [x, y]: ((x + 1) mod 4, y)\"}, {bandwidth: 2 * 35}]}]\nname: placed\n"

static loom_status from_chip(loom_ctx *ctx, const char *s, machine **out) {
  return machine_from_chip(ctx, LOOM_SOURCE_DIR "/tests/data/chip/x.yaml", s, strlen(s), out);
}

static void expect_small_mesh(const machine *m) {
  assert_int_equal(m->mesh.n, 2);
  assert_string_equal(m->mesh.at[0].name, "x");
  assert_int_equal(m->mesh.at[0].size, 4);
  assert_int_equal(m->mesh.at[1].size, 2);
  assert_int_equal(m->l1_bytes, 1398784);
  assert_int_equal(m->l1_banks, 16);
  assert_int_equal(m->dram_channels, 8);
  assert_int_equal(m->dram_channel_bytes, 1610612736);
  assert_int_equal(m->dram_page_bytes, 8192);
  assert_int_equal(m->units.n, 1);
  assert_string_equal(m->units.at[0].kind, "matrix");
  assert_int_equal(m->movers.n, 2);
  assert_string_equal(m->movers.at[0], "in_mover");
  assert_string_equal(m->paths.at[0].from, "DRAM");
  assert_string_equal(m->paths.at[0].to, "L1");
}

static void test_all_forms_are_the_same_machine(void **state) {
  loom_ctx *ctx = *state;
  static const struct { const char *text, *name; bool wraps; double link; } cases[] = {
      {CHILDREN, "old", false, 28}, {GROUPS, "groups", true, 64}, {ACROSS, "across", false, 28}, {PLACED, "placed", true, 64}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    machine *m;
    expect_ok(ctx, from_chip(ctx, cases[i].text, &m));
    expect_ok(ctx, machine_check(ctx, m));
    assert_int_equal(ctx->diag.warnings, 0);
    expect_small_mesh(m);
    assert_string_equal(m->name, cases[i].name);
    assert_int_equal(m->mesh.at[0].wraps, cases[i].wraps);
    assert_false(m->mesh.at[1].wraps);
    assert_true(m->link_bytes_per_cycle.value == cases[i].link);
  }
}

static void test_a_directory_is_a_machine_with_costs(void **state) {
  loom_ctx *ctx = *state;
  const machine *m = load(ctx, LOOM_SOURCE_DIR "/tests/data/chip");
  static const char *const mnk[] = {"M", "N", "K"}, *const mn[] = {"M", "N"};
  assert_int_equal(ctx->diag.warnings, 0);
  expect_small_mesh(m);
  assert_string_equal(m->name, "small_mesh");
  assert_int_equal(cost_of(ctx, m, "matmul_f16", mnk, (int64_t[]){128, 64, 32}, 3), 4096 + (2 * 128 * 64 * 32 + 715) / 716);
  assert_int_equal(cost_of(ctx, m, "l1_to_dram_f16", mn, (int64_t[]){32, 32}, 2), 454 + 137);
}

/* The newest form: units and movers are named where they are placed, several may share a file. */
static void test_a_file_may_define_several_units(void **state) {
  loom_ctx *ctx = *state;
  machine *m = load(ctx, LOOM_SOURCE_DIR "/tests/data/placed"), *again;
  static const char *const mnk[] = {"M", "N", "K"}, *const units[] = {"matrix_ss", "matrix_sr", "slow_rr"};
  assert_int_equal(ctx->diag.warnings, 0);
  assert_string_equal(m->name, "placed_mesh");
  assert_int_equal(machine_cores(m), 8);
  assert_true(m->mesh.at[0].wraps && !m->mesh.at[1].wraps);
  assert_true(m->link_bytes_per_cycle.value == 32);      /* the slowest link */
  assert_string_equal(m->l1_name, "L1_S");
  assert_int_equal(m->l1_banks, 16);
  assert_int_equal(m->units.n, 3);
  for (size_t i = 0; i < 3; i++) {
    assert_string_equal(m->units.at[i].name, units[i]);
    assert_string_equal(m->units.at[i].kind, "matrix");
    assert_non_null(machine_find_func_on(m, units[i], "matmul_f16"));
  }
  assert_int_equal(m->movers.n, 3);      /* east moves although it is at every core */
  assert_int_equal(m->paths.n, 4);
  assert_int_equal(m->memories.n, 3);
  assert_string_equal(machine_find_func(m, "matmul_f16")->unit, "matrix_ss");
  assert_null(machine_find_func_on(m, "slow_rr", "relu_f16"));
  assert_int_equal(cost_of(ctx, m, "matmul_f16", mnk, (int64_t[]){128, 64, 32}, 3), 4096 + (2 * 128 * 64 * 32 + 715) / 716);
  assert_int_equal(cost_of(ctx, m, "matmul_f16", mnk, (int64_t[]){64, 64, 32}, 3), 64 * 64 * 32);
  assert_int_equal(cost_of(ctx, m, "l1_to_dram_f16", mnk, (int64_t[]){32, 32}, 2), 454 + 137);
  expect_ok(ctx, machine_add_compute_dir(ctx, m, LOOM_SOURCE_DIR "/tests/data/placed"));      /* again: instead of the first ones */
  assert_int_equal(m->perf.at[m->calibration].funcs.n, 9);
  const char *yaml = machine_to_yaml(&ctx->mem, m);
  expect_ok(ctx, machine_from_yaml(ctx, "again.yaml", yaml, strlen(yaml), &again));
  assert_string_equal(machine_to_yaml(&ctx->mem, again), yaml);
}

/* The costs of such a directory without its chip: a unit a file. */
static void test_definitions_alone_give_costs(void **state) {
  loom_ctx *ctx = *state;
  machine *m = load(ctx, "single");
  expect_ok(ctx, machine_add_compute_dir(ctx, m, LOOM_SOURCE_DIR "/tests/data/placed"));
  assert_int_equal(ctx->diag.warnings, 0);
  assert_string_equal(machine_find_func(m, "relu_f16")->unit, "matrix");
  assert_string_equal(machine_find_func_on(m, "slow", "matmul_f16")->unit, "slow");
  assert_string_equal(machine_find_func(m, "east_f16")->unit, "east");
  assert_string_equal(machine_find_func(m, "l1_to_dram_f16")->unit, "out");
}

/* Replaces the first `from` by `to`. */
static const char *edited(arena *mem, const char *whole, const char *from, const char *to) {
  const char *at = strstr(whole, from);
  if (!at)
    fail_msg("%s is not in the file", from);
  return arena_printf(mem, "%.*s%s%s", (int)(at - whole), whole, to, at + strlen(from));
}

#define NEWEST "memory: memory.yaml\n" DIMS "memories: {DRAM: [dram_channel], L1: [x, y]}\nprocessor:\n  in_mover.yaml:\n    - {inputs: [\"DRAM[:]\"], outputs: [\"all_l1\"]}\n"

static void test_wrong_files_are_explained(void **state) {
  (void)state;
  static const struct { const char *text, *from, *to; loom_status status; const char *said; } cases[] = {
      {CHILDREN, "kind: compute", "kind: compute", LOOM_OK, NULL},
      {CHILDREN, "kind: compute", "kind: computer", LOOM_EINPUT, "unknown kind of processor 'computer'"},
      {CHILDREN, "scale: [x, y]", "scale: [x, z]", LOOM_EINPUT, "there is no dimension 'z'"},
      {CHILDREN, "scale: [x, y]", "scale: [x, 3]", LOOM_EINPUT, "expected the name of a dimension; found"},
      {CHILDREN, "scale: [nbank]", "scale: nbank", LOOM_EINPUT, "expected a list of dimensions"},
      {CHILDREN, "dram_channel: 8", "dram_channel: 0", LOOM_EINPUT, "dram_channel"},
      {CHILDREN, "scale: [dram_channel]", "scale: [dram_channel, dram_channel, dram_channel, dram_channel, dram_channel, dram_channel]", LOOM_ELIMIT, "more than 65536 instances"},
      {CHILDREN, "children:", "parts:", LOOM_EINPUT, "there is no mesh"},
      {CHILDREN, "      scale: [x, y]\n", "      scale: [x, y]\n      children: []\n", LOOM_EUNSUP, "several levels or parts"},
      {CHILDREN, "name: L1,", "name: SRAM,", LOOM_OK, NULL},
      {CHILDREN, "  memories:\n" DRAM, "", LOOM_EINPUT, "there is no memory that could be the DRAM"},
      {CHILDREN, DRAM, "    - {name: A, block_size_bytes: 1, num_blocks: 1}\n    - {name: B, block_size_bytes: 1, num_blocks: 1}\n", LOOM_EUNSUP, "'A' and 'B' could both be the DRAM"},
      {GROUPS, "\"64\"", "\"0\"", LOOM_EINPUT, "'link_bandwidth' is 0; must be at least 1 byte a cycle"},
      {GROUPS, "\"64\"", "[64]", LOOM_EINPUT, "'link_bandwidth' is a list; expected bytes a cycle"},
      {GROUPS, "name: groups", "name: groups", LOOM_OK, NULL},
      {ACROSS, "of: L1", "of: [L1]", LOOM_EINPUT, "of"},
      {PLACED, "definition: matrix_lane.yaml, ", "", LOOM_EINPUT, "definition"},
      {PLACED, "inputs: {a: \"L1[x, y]\"}, ", "", LOOM_EINPUT, "processor 'matrix_lane' needs 'inputs' and 'outputs'"},
      {PLACED, "{a: \"L1[x, y]\"}", "\"L1[x, y]\"", LOOM_EINPUT, "'inputs' is a string; expected a list of places"},
      {PLACED, "{a: \"L1[x, y]\"}", "[3]", LOOM_EINPUT, "a place is an integer; expected one such as"},
      {PLACED, "[all_l1]", "[all_11]", LOOM_EINPUT, "there is no memory 'all_11'"},
      {PLACED, "L1: [x, y]", "L1: [x, [y]]", LOOM_EUNSUP, "memory 'L1' has several levels"},
      {PLACED, "L1: [x, y]", "L1: null", LOOM_EINPUT, "there is no mesh: no memory of the cores"},
      {PLACED, "L1: [x, y]", "L1: {axes: [x, y]}", LOOM_OK, NULL},
      {PLACED, "L1: [x, y]", "L1: {definition: L3, axes: [x, y]}", LOOM_EINPUT, "memory 'L3' is not described in memory.yaml"},
      {PLACED, "name: placed", "parameters: [X]", LOOM_EUNSUP, "the chip has open parameters"},
      {PLACED, "name: placed", "parameters: []", LOOM_OK, NULL},
      {PLACED, "processors", "procesors", LOOM_EINPUT, "processors"},
      {NEWEST, "inputs", "input", LOOM_EINPUT, "processor 'in_mover' needs 'inputs' and 'outputs'"},
      {NEWEST, "L1: [x, y]", "L1: x", LOOM_EINPUT, "'L1' must list the dimensions it is spread over"},
      {NEWEST, "DRAM: [dram_channel]", "L2: [dram_channel]", LOOM_EINPUT, "memory 'L2' is not described in memory.yaml"},
      {NEWEST, "memory.yaml", "nowhere.yaml", LOOM_EIO, "nowhere.yaml"},
      {NEWEST, "memory: memory.yaml", "memory: 3", LOOM_EINPUT, "memory"},
      /* a value of another kind, in each place */
      {CHILDREN, "block_size_bytes: 8192", "block_size_bytes: x", LOOM_EINPUT, "block_size_bytes"},
      {CHILDREN, "num_blocks: 196608", "num_blocks: x", LOOM_EINPUT, "num_blocks"},
      {CHILDREN, "name: DRAM", "name: [3]", LOOM_EINPUT, "name"},
      {CHILDREN, "from: DRAM", "from: [3]", LOOM_EINPUT, "from"},
      {CHILDREN, "to: L1", "to: [3]", LOOM_EINPUT, "to"},
      {CHILDREN, "kind: data_mover", "kind: [3]", LOOM_EINPUT, "kind"},
      {CHILDREN, "kind: data_mover", "kind: data_moves", LOOM_EINPUT, "unknown kind of processor 'data_moves'"},
      {CHILDREN, "name: in_mover", "name: [3]", LOOM_EINPUT, "name"},
      {CHILDREN, "name: old", "name: [3]", LOOM_EINPUT, "name"},
      {CHILDREN, "  name: old\n", "", LOOM_OK, NULL},
      {CHILDREN, "architecture:", "architectur:", LOOM_EINPUT, "memories"},
      {CHILDREN, "dram_channel: 8", "dram_channel: x", LOOM_EINPUT, "dram_channel"},
      {CHILDREN, "dimensions: {", "dimensions: 3\nother: {", LOOM_EINPUT, "dimensions"},
      {CHILDREN, "  memories:\n" DRAM, "  memories: 3\n", LOOM_EINPUT, "memories"},
      {CHILDREN, "  processors:\n    - {name: in_mover, kind: data_mover, from: DRAM, to: L1, resources: [noc0]}\n    - {name: out_mover, kind: data_mover, from: L1, to: DRAM}\n", "  processors: 3\n", LOOM_EINPUT, "processors"},
      {GROUPS, "aggregate: {name: L1_mesh}", "aggregate: {name: 3}", LOOM_OK, NULL},
      {PLACED, ", L1: [x, y]}", "}", LOOM_EINPUT, "there is no memory 'L1'"},
      {GROUPS, "    - {name: mesh, scale: [x, y]}\n", "    - {name: mesh, scale: [x, y]}\n    - {name: mesh2, scale: [x]}\n", LOOM_EUNSUP, "several levels or parts"},
      {GROUPS, "  groups:\n    - {name: mesh, scale: [x, y]}\n", "  groups: 3\n", LOOM_EINPUT, "groups"},
      {GROUPS, "{name: mesh, scale: [x, y]}", "{name: [3], scale: [x, y]}", LOOM_EINPUT, "name"},
      {PLACED, "L1: [x, y]", "L1: []", LOOM_EINPUT, "there is no mesh"},
      {PLACED, "DRAM: [dram_channel]", "DRAM: [[3]]", LOOM_EUNSUP, "several levels"},
      {PLACED, "definition: matrix_lane.yaml", "definition: [3]", LOOM_EINPUT, "definition"},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    machine *m;
    loom_status st = from_chip(&ctx, edited(&ctx.mem, cases[i].text, cases[i].from, cases[i].to), &m);
    if (st != cases[i].status)
      fail_msg("case %zu: status %d, %s", i, (int)st, ctx.diag.first ? ctx.diag.first->text : "");
    if (st && !strstr(ctx.diag.first->text, cases[i].said) && !(ctx.diag.first->span.source && strstr(ctx.diag.first->span.source->path, cases[i].said)))
      fail_msg("case %zu: %s", i, ctx.diag.first->text);
    loom_ctx_done(&ctx);
  }
}

/* A directory of NEWEST and a memory.yaml whose L1 is as told. */
static loom_status load_dir(loom_ctx *ctx, const char *l1, machine **out) {
  char *dir = arena_strdup(&ctx->mem, "/tmp/loom-chip-XXXXXX");
  assert_non_null(mkdtemp(dir));
  const char *chip = file_join(&ctx->mem, dir, "chip.yaml"), *memory = file_join(&ctx->mem, dir, "memory.yaml");
  const char *sizes = arena_printf(&ctx->mem, "memories:\n  DRAM: {capacity: 8192, word_size: 8192}\n  L1: {%s}\nregions: {all_l1: \"L1[:, :]\"}\n", l1);
  expect_ok(ctx, file_write(ctx, chip, NEWEST, strlen(NEWEST)));
  expect_ok(ctx, file_write(ctx, memory, sizes, strlen(sizes)));
  loom_status st = machine_load(ctx, dir, NULL, out);
  unlink(chip);
  unlink(memory);
  rmdir(dir);
  return st;
}

static void test_banks_divide_a_memory(void **state) {
  loom_ctx *ctx = *state;
  machine *m;
  assert_int_equal(load_dir(ctx, "capacity: 1000, word_size: 16, banking: 16", &m), LOOM_EINPUT);
  testing_expect_error(ctx, LOOM_EINPUT, "1000 bytes do not divide into 16 banks", 3, 48);
}

static void test_processors_without_costs_are_told(void **state) {
  loom_ctx *ctx = *state;
  machine *m;
  expect_ok(ctx, load_dir(ctx, "capacity: 1024, word_size: 16", &m));
  assert_int_equal(ctx->diag.warnings, 1);
  assert_string_equal(ctx->diag.first->text, "'in_mover' has no costs: neither in_mover.perf.yaml nor in_mover.yaml is there");
  assert_int_equal(m->l1_bytes, 1024);
}

static void test_a_directory_without_a_chip_is_refused(void **state) {
  loom_ctx *ctx = *state;
  machine *m;
  assert_int_equal(machine_load(ctx, LOOM_SOURCE_DIR "/tests/data/compute_dir", NULL, &m), LOOM_EINPUT);
  testing_expect_error(ctx, LOOM_EINPUT, "holds neither chip.yaml nor system.yaml", 0, 0);
}

/* A rate that depends on parameters is left open. */
static void test_rates_that_are_not_constant_are_assumed(void **state) {
  loom_ctx *ctx = *state;
  machine *m;
  expect_ok(ctx, from_chip(ctx, edited(&ctx->mem, GROUPS, "\"64\"", "rate"), &m));
  assert_int_equal(ctx->diag.warnings, 1);
  assert_string_equal(ctx->diag.first->text, "'link_bandwidth' is not constant; Wormhole's rate is assumed");
  assert_true(m->link_bytes_per_cycle.is_assumed && m->link_bytes_per_cycle.value == 28);
}

/* A processor's file that does not fit. */
static void test_wrong_definitions_are_explained(void **state) {
  (void)state;
#define DEFINED(functions, performance) "type: compute\nfunctions: {" functions "}\nperformance: {" performance "}\n"
#define COSTS(f) f ": [{expression: L}]"
  static const struct { const char *text; loom_status status; const char *said; int line, col; } cases[] = {
      {DEFINED("f: {source: copy}", COSTS("f")), LOOM_OK, NULL, 0, 0},
      {DEFINED("f: {source: copy}, g: {source: copy}", COSTS("f")), LOOM_EINPUT, "'g' has no cost", 2, 32},
      {DEFINED("f: {source: copy}", COSTS("f") ", " COSTS("g")), LOOM_EINPUT, "there is no function 'g' under 'functions'", 3, 37},
      {DEFINED("f: {source: copied}", COSTS("f")), LOOM_EINPUT, "the source 'copied' of 'f' is no template and in no .mlir file", 2, 25},
      {DEFINED("f: {}", COSTS("f")), LOOM_EINPUT, "source", 2, 16},
      {"type: computer\n", LOOM_EINPUT, "unknown type of processor 'computer'", 1, 7},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    machine_set_path(machine_testing_dirs, 1);
    char dir[] = "/tmp/loom-chip-XXXXXX";
    assert_non_null(mkdtemp(dir));
    static const char *const names[] = {"chip.yaml", "memory.yaml", "lane.yaml"};
    const char *const texts[] = {"dimensions: {x: 2, y: 2}\nmemories: {DRAM: , L1: [x, y]}\nprocessors:\n"
                                 "  lane: {definition: lane.yaml, inputs: [\"L1[x, y]\"], outputs: [\"L1[x, y]\"]}\n"
                                 "  in: {definition: in.yaml, inputs: [DRAM], outputs: [\"L1[:, :]\"]}\n",
                                 "memories:\n  DRAM: {capacity: 65536, word_size: 64}\n  L1: {capacity: 65536, word_size: 16}\n", cases[i].text};
    for (size_t k = 0; k < 3; k++)
      expect_ok(&ctx, file_write(&ctx, file_join(&ctx.mem, dir, names[k]), texts[k], strlen(texts[k])));
    machine *m;
    loom_status st = machine_load(&ctx, dir, NULL, &m);
    for (size_t k = 0; k < 3; k++)
      unlink(file_join(&ctx.mem, dir, names[k]));
    rmdir(dir);
    if (st != cases[i].status)
      fail_msg("case %zu: status %d, %s", i, (int)st, ctx.diag.first ? ctx.diag.first->text : "");
    if (st)
      testing_expect_error(&ctx, cases[i].status, cases[i].said, cases[i].line, cases[i].col);
    else
      assert_string_equal(machine_find_func(m, "f")->unit, "lane");
    loom_ctx_done(&ctx);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_all_forms_are_the_same_machine, setup, teardown),
      cmocka_unit_test_setup_teardown(test_a_directory_is_a_machine_with_costs, setup, teardown),
      cmocka_unit_test(test_wrong_files_are_explained),
      cmocka_unit_test_setup_teardown(test_a_file_may_define_several_units, setup, teardown),
      cmocka_unit_test_setup_teardown(test_definitions_alone_give_costs, setup, teardown),
      cmocka_unit_test_setup_teardown(test_rates_that_are_not_constant_are_assumed, setup, teardown),
      cmocka_unit_test(test_wrong_definitions_are_explained),
      cmocka_unit_test_setup_teardown(test_banks_divide_a_memory, setup, teardown),
      cmocka_unit_test_setup_teardown(test_processors_without_costs_are_told, setup, teardown),
      cmocka_unit_test_setup_teardown(test_a_directory_without_a_chip_is_refused, setup, teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
