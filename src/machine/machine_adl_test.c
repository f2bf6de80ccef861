/* The adl form: our own files in upstream's syntax. */
#include "machine/machine_testing.h"

/* A 4 x 2 mesh over 8 channels, L1 of 16 banks of 16 x 5464 bytes.  `p` is the export's prefix: proc_ or none; `more` stands before the composition of the core. */
#define CHIP_WITH(mem, dim, proc, int_type, more, core_mem, l1_array, l1_end, movers)                                    \
  "module @system {\n"                                                                                                   \
  "  %0 = adl.memory.bank \"" mem "DRAM_bank\", {bsize = 8192" int_type ", nblk = 196608" int_type "}\n"                \
  "  %1 = adl.spatial_dim \"" dim "dram_channel\", 8\n"                                                                  \
  "  %2 = adl.memory.array \"" mem "DRAM\", [%1] of %0\n"                                                                \
  "  %3 = adl.memory.bank \"" mem "bank\", {bsize = 16" int_type ", nblk = 5464" int_type "}\n"                          \
  "  %4 = adl.spatial_dim \"" dim "nbank\", 16\n"                                                                        \
  "  %5 = adl.memory.array \"" mem "L1\", [%4] of %3\n"                                                                  \
  "  %6 = adl.resource.exclusive \"res_matrix_lane\"\n"                                                                  \
  "  %7 = adl.processor.compute @" proc "matrix_lane, [(%5, %5)], with [%6]\n"                                           \
  "  %8 = adl.processor.compute @" proc "vector_lane, [(%5, %5)]\n" more                                                 \
  "  %10 = adl.arch.compose \"arch_core\", arch[%7, %8], mem[%5" core_mem "]\n"                                          \
  "  %11 = adl.spatial_dim \"" dim "x\", 4\n"                                                                            \
  "  %12 = adl.spatial_dim \"" dim "y\", 2\n"                                                                            \
  "  %13 = adl.arch.scale \"arch_mesh\", [%11, %12] of %10\n" l1_array                                                   \
  movers                                                                                                                 \
  "  %17 = adl.arch.compose \"arch_system\", arch[%13, %15, %16], mem[%2]\n"
#define MOVERS(proc, l1) "  %15 = adl.processor.dmover @" proc "dram_l1_noc0, [(%2, " l1 ")]\n  %16 = adl.processor.dmover @" proc "l1_dram_noc1, [(" l1 ", %2), (" l1 ", " l1 ")]\n"
#define FUNCTIONS                                                                                                        \
  "  module @proc_matrix_lane {\n    func.func @matmul_f16(%a: memref<?x?xf16>) {\n      %M = loom.sym @M : index\n"     \
  "      loom.bind_mem %a, @mem_L1 : memref<?x?xf16>\n      linalg.matmul ins(%a) outs(%a)\n      return\n    }\n  }\n"
#define NEWEST CHIP_WITH("mem_", "dim_", "proc_", " : i64", "", "", "  %14 = adl.memory.array \"mem_array_L1\", [%11, %12] of %5\n", "", MOVERS("proc_", "%14")) FUNCTIONS "}\n"
#define OLDER CHIP_WITH("", "", "", "", "  %9 = adl.resource \"L1_torus::link::0\"\n", "", "", "", MOVERS("", "%5")) "}\n"

static loom_status from_adl(loom_ctx *ctx, const char *s, machine **out) { return machine_from_adl(ctx, "mesh8.mlir", s, strlen(s), out); }

static void test_both_spellings_become_the_same_machine(void **state) {
  loom_ctx *ctx = *state;
  static const char *const texts[] = {NEWEST, OLDER};
  for (size_t i = 0; i < 2; i++) {
    machine *m;
    expect_ok(ctx, from_adl(ctx, texts[i], &m));
    expect_ok(ctx, machine_check(ctx, m));
    assert_int_equal(ctx->diag.warnings, 0);
    assert_string_equal(m->name, "mesh8");
    assert_int_equal(m->mesh.n, 2);
    assert_string_equal(m->mesh.at[0].name, "x");
    assert_int_equal(m->mesh.at[0].size, 4);
    assert_int_equal(m->mesh.at[1].size, 2);
    assert_int_equal(m->mesh.at[0].wraps, i == 1);      /* its links are called a torus */
    assert_string_equal(m->l1_name, "L1");
    assert_int_equal(m->l1_bytes, 1398784);
    assert_int_equal(m->l1_banks, 16);
    assert_int_equal(m->dram_channels, 8);
    assert_int_equal(m->dram_channel_bytes, INT64_C(8192) * 196608);
    assert_int_equal(m->dram_page_bytes, 8192);
    assert_int_equal(m->units.n, 2);
    assert_string_equal(m->units.at[0].name, "matrix_lane");
    assert_string_equal(m->units.at[0].kind, "matrix");
    assert_string_equal(m->units.at[1].kind, "vector");
    assert_int_equal(m->movers.n, 2);
    assert_string_equal(m->movers.at[0], "dram_l1_noc0");
    assert_true(m->link_bytes_per_cycle.is_assumed);
    assert_int_equal(m->memories.n, 2);
    assert_int_equal(m->paths.n, 3);
    assert_string_equal(m->paths.at[0].to, "L1");
  }
}

static void test_the_imported_machine_is_written_and_read(void **state) {
  loom_ctx *ctx = *state;
  machine *m, *again;
  expect_ok(ctx, from_adl(ctx, NEWEST, &m));
  const char *yaml = machine_to_yaml(&ctx->mem, m);
  expect_ok(ctx, machine_from_yaml(ctx, "again.yaml", yaml, strlen(yaml), &again));
  assert_string_equal(machine_to_yaml(&ctx->mem, again), yaml);
}

/* Ways as from .. to, several memories at a core; in the oldest exports the names of compositions are symbols and those of movers strings. */
#define SEVERAL                                                                                                          \
  "module @arch_system {\n"                                                                                              \
  "  %0 = adl.spatial_dim \"dim_channel\", 8\n"                                                                          \
  "  %1 = adl.spatial_dim \"dim_x\", 4\n"                                                                                \
  "  %2 = adl.spatial_dim \"dim_y\", 2\n"                                                                                \
  "  %3 = adl.memory.bank \"mem_DRAM_bank\", {bsize = 8192, nblk = 196608}\n"                                            \
  "  %4 = adl.memory.array \"mem_DRAM\", [%0] of %3\n"                                                                   \
  "  %5 = adl.memory.bank \"mem_L1_R_bank\", {bsize = 16, nblk = 256}\n"                                                 \
  "  %6 = adl.memory.array \"mem_L1_R\", [%1, %2] of %5\n"                                                               \
  "  %7 = adl.memory.bank \"mem_L1_S_bank\", {bsize = 16, nblk = 5464}\n"                                                \
  "  %8 = adl.spatial_dim \"dim_bank\", 16\n"                                                                            \
  "  %9 = adl.memory.array \"mem_L1_S_instance\", [%8] of %7\n"                                                          \
  "  %10 = adl.memory.array \"mem_L1_S\", [%1, %2] of %9\n"                                                              \
  "  %11 = adl.resource.quantitative \"res_port\", {capacity = 2}\n"                                                     \
  "  %12 = adl.processor.compute @proc_matrix_lane, from %9 to %9, with [%11]\n"                                         \
  "  %13 = adl.processor.compute @proc_idle, [], with [%11]\n"                                                           \
  "  %14 = adl.processor.dmover \"in\", from %4 to %10\n"                                                                \
  "  %15 = adl.processor.dmover @proc_out, from %10 to %4\n"                                                             \
  "  %16 = adl.arch.compose @arch_element, arch[%12, %13], mem[%5, %9]\n"                                                \
  "  %17 = adl.arch.scale \"arch_x_y\", [%1, %2] of %16, mem_region %10\n"                                               \
  "  %18 = adl.arch.compose @arch_system, arch[%17, %14, %15], mem[%4, %6, %10]\n"                                       \
  "}\n"

static void test_a_core_may_have_several_memories(void **state) {
  loom_ctx *ctx = *state;
  machine *m;
  expect_ok(ctx, from_adl(ctx, SEVERAL, &m));
  assert_int_equal(machine_cores(m), 8);
  assert_string_equal(m->l1_name, "L1_S");
  assert_int_equal(m->l1_bytes, 1398784);
  assert_int_equal(m->l1_banks, 16);
  assert_int_equal(m->dram_channels, 8);
  assert_int_equal(m->units.n, 2);
  assert_int_equal(m->movers.n, 2);
  assert_string_equal(m->movers.at[0], "in");
  assert_int_equal(m->memories.n, 3);
  assert_string_equal(m->paths.at[0].to, "L1_S");
  expect_ok(ctx, machine_check(ctx, m));
  assert_int_equal(ctx->diag.warnings, 1);
  assert_string_equal(ctx->diag.first->text, "memory 'L1_R' cannot be reached: no mover or interconnect leads there from DRAM");
}

/* One element with DRAM, memories and movers of its own, spread over the mesh. */
#define ELEMENT                                                                                                          \
  "module @arch_system {\n"                                                                                              \
  "  %x = adl.spatial_dim \"dim_x\", 4\n"                                                                                \
  "  %y = adl.spatial_dim \"dim_y\", 2\n"                                                                                \
  "  %dram_bank = adl.memory.bank \"mem_DRAM_instance\", {bsize = 8192, nblk = 1024}\n"                                  \
  "  %sram_bank = adl.memory.bank \"mem_SRAM_instance\", {bsize = 4096, nblk = 256}\n"                                   \
  "  %rram_bank = adl.memory.bank \"mem_RRAM_instance\", {bsize = 4096, nblk = 128}\n"                                   \
  "  %dram = adl.memory.array \"mem_DRAM\", [%x, %y] of %dram_bank\n"                                                    \
  "  %sram = adl.memory.array \"mem_SRAM\", [%x, %y] of %sram_bank\n"                                                    \
  "  %rram = adl.memory.array \"mem_RRAM\", [%x, %y] of %rram_bank\n"                                                    \
  "  %in = adl.processor.dmover @proc_in, from %dram to %sram\n"                                                         \
  "  %in2 = adl.processor.dmover @proc_in2, from %dram to %rram\n"                                                       \
  "  %out = adl.processor.dmover @proc_out, from %sram to %dram\n"                                                       \
  "  %matrix = adl.processor.compute @proc_matrix_rram, from %rram to %rram\n"                                           \
  "  %vector = adl.processor.compute @proc_vector, from %sram to %sram\n"                                                \
  "  %element = adl.arch.compose \"arch_element\", arch[%in, %in2, %out, %matrix, %vector], mem[%dram, %sram, %rram]\n"  \
  "  %root = adl.arch.scale \"arch_x_y\", [%x, %y] of %element\n"                                                        \
  "}\n"

static void test_the_mesh_may_be_the_whole_system(void **state) {
  loom_ctx *ctx = *state;
  machine *m;
  expect_ok(ctx, from_adl(ctx, ELEMENT, &m));
  expect_ok(ctx, machine_check(ctx, m));
  assert_int_equal(ctx->diag.warnings, 0);
  assert_int_equal(machine_cores(m), 8);
  assert_string_equal(m->l1_name, "SRAM");
  assert_int_equal(m->l1_bytes, 1 << 20);      /* of one core, not of all */
  assert_int_equal(m->dram_channels, 8);       /* one each */
  assert_int_equal(m->dram_channel_bytes, 8 << 20);
  assert_int_equal(m->units.n, 2);
  assert_int_equal(m->movers.n, 3);
  assert_int_equal(m->memories.n, 3);
}

/* A dump: aliases above the module, attributes, a kernel behind the chip. */
static void test_the_head_of_a_dump_is_read(void **state) {
  loom_ctx *ctx = *state;
  static const char chip[] = NEWEST;
  const char *inside = strchr(chip, '\n');
  const char *dump = arena_printf(&ctx->mem,
                                  "#map = affine_map<(d0) -> (d0)>\n#map1 = affine_map<(d0) -> (0)>\nmodule attributes {loom.tile_k = {upper_bound = 512 : index}} {%.*s"
                                  "  module attributes {x = 1.5} {\n    func.func @k(%%arg0: memref<4x4xf16>) {\n      %%c = arith.constant 2.000000e+00 : f16\n    }\n  }\n}\n",
                                  (int)(strlen(inside) - 2), inside);
  machine *m;
  expect_ok(ctx, from_adl(ctx, dump, &m));
  assert_int_equal(machine_cores(m), 8);
}

static void test_costs_come_from_a_compute_directory(void **state) {
  loom_ctx *ctx = *state;
  machine *m;
  expect_ok(ctx, from_adl(ctx, NEWEST, &m));
  expect_ok(ctx, machine_add_compute_dir(ctx, m, LOOM_SOURCE_DIR "/tests/data/compute_dir"));
  static const char *const mnk[] = {"M", "N", "K"};
  assert_int_equal(cost_of(ctx, m, "matmul_f16", mnk, (int64_t[]){128, 64, 32}, 3), 4096 + (2 * 128 * 64 * 32 + 715) / 716);
  assert_int_equal(m->movers.n, 3);      /* noc0 is added */
  assert_string_equal(m->paths.at[m->paths.n - 1].mover, "noc0");
  assert_string_equal(m->paths.at[m->paths.n - 1].from, "DRAM");
}

/* A second memory at the core, which nothing fills. */
#define WITH_RRAM(movers) CHIP_WITH("", "", "", "", "  %9 = adl.memory.bank \"RRAM\", {bsize = 16, nblk = 256}\n", ", %9", "", "", movers) "}\n"

static void test_memories_that_nothing_fills_are_told(void **state) {
  loom_ctx *ctx = *state;
  machine *m;
  expect_ok(ctx, from_adl(ctx, WITH_RRAM(MOVERS("", "%5")), &m));
  expect_ok(ctx, machine_check(ctx, m));
  assert_int_equal(ctx->diag.warnings, 1);
  assert_string_equal(ctx->diag.first->text, "memory 'RRAM' cannot be reached: no mover or interconnect leads there from DRAM");
  assert_int_equal(ctx->diag.first->span.line, 11);
  expect_ok(ctx, from_adl(ctx, WITH_RRAM("  %15 = adl.processor.dmover @in, [(%2, %5)]\n  %16 = adl.processor.dmover @on, [(%5, %9), (%5, %2)]\n"), &m));
  expect_ok(ctx, machine_check(ctx, m));
  assert_int_equal(ctx->diag.warnings, 1);      /* by way of L1 */
  expect_ok(ctx, from_adl(ctx, WITH_RRAM("  %15 = adl.processor.dmover @in, [(%5, %2)]\n  %16 = adl.processor.dmover @on, [(%9, %5)]\n"), &m));
  expect_ok(ctx, machine_check(ctx, m));
  assert_int_equal(ctx->diag.warnings, 3);      /* all ways lead out */
}

/* Replaces the first `from` by `to`. */
static const char *edited(arena *mem, const char *whole, const char *from, const char *to) {
  const char *at = strstr(whole, from);
  if (!at)
    fail_msg("%s is not in the file", from);
  return arena_printf(mem, "%.*s%s%s", (int)(at - whole), whole, to, at + strlen(from));
}

static void test_wrong_files_are_explained(void **state) {
  (void)state;
  static const struct { const char *from, *to; loom_status status; const char *said; int line, col; } cases[] = {
      {"adl.spatial_dim", "adl.spatial_dm", LOOM_EUNSUP, "unknown op 'adl.spatial_dm'", 3, 8},
      {"adl.spatial_dim", "df.spatial_dim", LOOM_EUNSUP, "'df.spatial_dim' is no op of the adl dialect", 3, 8},
      {"\"dim_dram_channel\", 8", "\"dim_dram_channel\", 0", LOOM_EINPUT, "the dim's size is 0", 3, 44},
      {"\"dim_dram_channel\"", "%dim_dram_channel", LOOM_EINPUT, "expected a name, \"x\" or @x", 3, 24},
      {"@proc_matrix_lane, [(%5, %5)]", "@proc_matrix_lane, %5", LOOM_EINPUT, "expected [(%from, %to)] or from %from to %to", 0, 0},
      {"@proc_matrix_lane, [(%5, %5)]", "@proc_matrix_lane, from %5, %5", LOOM_EINPUT, "expected 'to'", 0, 0},
      {"of %10", "of %10, region %5", LOOM_EINPUT, "expected 'mem_region'", 0, 0},
      {"of %10", "of %10, mem_region %11", LOOM_EINPUT, "'%11' is a spatial dim; expected a memory", 0, 0},
      {"\"res_matrix_lane\"", "\"res_matrix_lane\", {count = 2}", LOOM_EINPUT, "expected 'capacity'", 0, 0},
      {"\"res_matrix_lane\"", "\"res_matrix_lane\", {capacity = 0}", LOOM_EINPUT, "the resource's capacity is 0", 0, 0},
      {"\"res_matrix_lane\"", "\"res_matrix_lane\", {capacity = 2", LOOM_EINPUT, "expected '}'", 0, 0},
      {"[%1] of %0", "[%0] of %0", LOOM_EINPUT, "'%0' is a memory bank; expected a spatial dim", 4, 38},
      {"[%1] of %0", "[%1] of %9", LOOM_EINPUT, "'%9' is not defined above", 4, 45},
      {"%1 =", "%0 =", LOOM_EINPUT, "'%0' is defined twice", 3, 3},
      {"bsize = 8192", "size = 8192", LOOM_EINPUT, "a memory bank has no attribute 'size'", 2, 42},
      {"{bsize = 8192 : i64, nblk", "{nblk", LOOM_EINPUT, "needs both bsize", 2, 8},
      {"8192 : i64", "8192 : 5", LOOM_EINPUT, "expected a type", 2, 57},
      {"(%5, %5)", "(%5 %5)", LOOM_EINPUT, "expected ','", 0, 0},
      {"arch[%7, %8], mem", "arch[%7, %8], memory", LOOM_EINPUT, "expected arch[..] or mem[..]", 0, 0},
      {"adl.arch.scale \"arch_mesh\", [%11, %12] of %10", "adl.arch.compose \"arch_mesh\", arch[%10]", LOOM_EINPUT, "there is no mesh", 1, 1},
      {"of %10", "of %10\n  %99 = adl.arch.scale \"more\", [%11] of %10", LOOM_EUNSUP, "a second adl.arch.scale", 15, 9},
      {"arch[%13, %15, %16]", "arch[%15, %16]", LOOM_EINPUT, "no adl.arch.compose holds the mesh 'mesh'", 0, 0},
      {"arch[%13, %15, %16], mem[%2]", "arch[%13, %15, %16]", LOOM_EINPUT, "there is no memory that could be the DRAM", 0, 0},
      {"mem[%2]", "mem[%0, %3]", LOOM_EUNSUP, "'DRAM_bank' and 'bank' could both be the DRAM", 0, 0},
      {"  %15 = adl.processor.dmover", "  %15 = adl.processor.compute", LOOM_OK, NULL, 0, 0},
      {"[%11, %12] of %10", "[] of %10", LOOM_EINPUT, "the mesh has 0 dims", 0, 0},
      {"mem[%2]\n", "mem[%2]\n  %98 = 3\n", LOOM_EINPUT, "expected an op of the adl dialect", 0, 0},
      {"linalg.matmul", "arith.nothing", LOOM_EINPUT, "'matmul_f16' neither computes nor transfers", 0, 0},
      {"    }\n  }\n}\n", "    }\n  }\n}\nx", LOOM_EINPUT, "expected the end of the file", 0, 0},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    machine *m;
    loom_status st = from_adl(&ctx, edited(&ctx.mem, NEWEST, cases[i].from, cases[i].to), &m);
    if (st != cases[i].status)
      fail_msg("case %zu: status %d, %s", i, (int)st, ctx.diag.first ? ctx.diag.first->text : "");
    if (st)
      testing_expect_error(&ctx, cases[i].status, cases[i].said, cases[i].line, cases[i].col);
    loom_ctx_done(&ctx);
  }
}

static void test_a_chip_without_movers_is_refused(void **state) {
  loom_ctx *ctx = *state;
  machine *m;
  const char *s = edited(&ctx->mem, edited(&ctx->mem, OLDER, "adl.processor.dmover", "adl.processor.compute"), "adl.processor.dmover", "adl.processor.compute");
  assert_int_equal(from_adl(ctx, s, &m), LOOM_EINPUT);
  testing_expect_error(ctx, LOOM_EINPUT, "there is no adl.processor.dmover", 1, 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_both_spellings_become_the_same_machine, setup, teardown),
      cmocka_unit_test_setup_teardown(test_the_imported_machine_is_written_and_read, setup, teardown),
      cmocka_unit_test_setup_teardown(test_the_head_of_a_dump_is_read, setup, teardown),
      cmocka_unit_test_setup_teardown(test_a_core_may_have_several_memories, setup, teardown),
      cmocka_unit_test_setup_teardown(test_the_mesh_may_be_the_whole_system, setup, teardown),
      cmocka_unit_test_setup_teardown(test_costs_come_from_a_compute_directory, setup, teardown),
      cmocka_unit_test_setup_teardown(test_memories_that_nothing_fills_are_told, setup, teardown),
      cmocka_unit_test(test_wrong_files_are_explained),
      cmocka_unit_test_setup_teardown(test_a_chip_without_movers_is_refused, setup, teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
