/* Bufferized text in the form materialize writes -> TOG.  Oracle: the nodes and expressions written down by hand, and machine_op_cost for cycles. */
#include "machine/machine_ops.h"
#include "tog/build/tog_build.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

static loom_ctx ctx;
static ir_ctx ir;
static machine *chip;

static int open_chip(void **state) {
  (void)state;
  static char dir[4096];
  static const char *dirs[] = {dir};
  snprintf(dir, sizeof dir, "%s/machines", LOOM_SOURCE_DIR);
  machine_set_path(dirs, 1);
  loom_ctx_init(&ctx);
  return machine_load(&ctx, "wormhole", NULL, &chip) != LOOM_OK || ir_open(&ctx, &ir) != LOOM_OK || dialect_load(&ir) != LOOM_OK;
}

static int close_chip(void **state) {
  (void)state;
  ir_close(&ir);
  loom_ctx_done(&ctx);
  return 0;
}

/* A batched tile: x[b, 32 rows, 64 columns], multicast along y, truncated into out; the grid has x8 and y2*4. */
#define HEAD                                                                                                                                  \
  "func.func @k__v(%x: memref<4x256x64xf16> {loom.name = \"x\"}, %out: memref<4x256x64xf32> {loom.name = \"out\"}) {\n"                          \
  "  %c0 = arith.constant 0 : index\n %c1 = arith.constant 1 : index\n %c2 = arith.constant 2 : index\n %c4 = arith.constant 4 : index\n"       \
  "  %c7 = arith.constant 7 : index\n %c8 = arith.constant 8 : index\n %c32 = arith.constant 32 : index\n"                                      \
  "  %scale = arith.constant 2.0 : f32\n"                                                                                                     \
  "  scf.parallel (%i, %j, %k) = (%c0, %c0, %c0) to (%c8, %c2, %c4) step (%c1, %c1, %c1) {\n"
#define ALLOC_A "    %a = \"loom.alloc\"() {loom.name = \"a\", memory = @L1, offset = 0 : i64, buffer_count = 2 : i64, static_sizes = array<i64: 32, 64>} : () -> memref<32x64xf16>\n"
#define ALLOC_O "    %o = \"loom.alloc\"() {loom.name = \"o\", memory = @L1, offset = 8192 : i64, static_sizes = array<i64: 32, 64>} : () -> memref<32x64xf32>\n"
#define TAKE_A "      %at = \"loom.semaphore_take\"(%a) : (memref<32x64xf16>) -> memref<32x64xf16>\n"
#define LOAD                                                                                                                                  \
  "      %row = arith.muli %i, %c32 : index\n"                                                                                                \
  "      %off = affine.linearize_index [%w, %row, %c0] by (4, 256, 64) : index\n"                                                              \
  "      %xv = memref.reinterpret_cast %x to offset: [%off], sizes: [32, 64], strides: [64, 1] : memref<4x256x64xf16> to memref<32x64xf16, strided<[64, 1], offset: ?>>\n" \
  "      \"loom.copy\"(%xv, %at, %i, %c0, %i, %c7) {dst_mem_space = @mem_L1, operandSegmentSizes = array<i32: 1, 1, 0, 2, 2>, src_mem_space = @mem_DRAM, static_area = array<i64: 1, 8>} : (memref<32x64xf16, strided<[64, 1], offset: ?>>, memref<32x64xf16>, index, index, index, index) -> ()\n"
#define COMPUTE                                                                                                                               \
  "      %ot = \"loom.semaphore_take\"(%o) : (memref<32x64xf32>) -> memref<32x64xf32>\n"                                                        \
  "      linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = [\"parallel\", \"parallel\"]} ins(%at : memref<32x64xf16>) outs(%ot : memref<32x64xf32>) {\n" \
  "      ^bb0(%e: f16, %old: f32):\n        %f = arith.extf %e : f16 to f32\n        %g = arith.mulf %f, %scale : f32\n        linalg.yield %g : f32\n      }\n"
#define STORE                                                                                                                                 \
  "      \"loom.semaphore_give\"(%at) : (memref<32x64xf16>) -> ()\n"                                                                            \
  "      %ov = memref.reinterpret_cast %out to offset: [%off], sizes: [32, 64], strides: [64, 1] : memref<4x256x64xf32> to memref<32x64xf32, strided<[64, 1], offset: ?>>\n" \
  "      \"loom.copy\"(%ot, %ov) {dst_mem_space = @mem_DRAM, operandSegmentSizes = array<i32: 1, 1, 0, 0, 0>, src_mem_space = @mem_L1} : (memref<32x64xf32>, memref<32x64xf32, strided<[64, 1], offset: ?>>) -> ()\n" \
  "      \"loom.semaphore_give\"(%ot) : (memref<32x64xf32>) -> ()\n"
#define FOR "    scf.for %w = %c0 to %c4 step %c1 {\n"
#define DIMS "[@dim_x, @dim_y, @dim_y]"
#define TAIL(dims) "    } {loom.block_sym = @tile_b}\n    scf.reduce\n  } {loom.logical_levels = [0, 0, 1], loom.physical_dims = " dims "}\n  return\n}\n"
#define WHOLE HEAD ALLOC_A ALLOC_O FOR TAKE_A LOAD COMPUTE STORE TAIL(DIMS)

static loom_status build_text(const char *src, tog **out) {
  MlirModule m;
  ctx.diag.first = NULL;
  ctx.diag.last = &ctx.diag.first;
  loom_status st = ir_parse(&ir, "test.mlir", src, strlen(src), &m);
  if (st != LOOM_OK)
    fail_msg("the test's own text does not parse: %s", ctx.diag.first->text);
  st = tog_build(&ir, m, NULL, chip, out);
  ir_close_module(m);
  return st;
}

static void expect(const sym_expr *e, const char *want) { assert_string_equal(sym_str(&ctx.mem, e), want); }

static void test_nodes_come_in_program_order_on_their_threads(void **state) {
  (void)state;
  tog *t;
  assert_int_equal(build_text(WHOLE, &t), LOOM_OK);
  assert_int_equal(tog_verify(&ctx, t), LOOM_OK);
  assert_string_equal(t->kernel, "k");
  assert_int_equal(t->mesh_size[0], 8);
  assert_int_equal(t->mesh_size[1], 8);
  assert_int_equal(t->body.n, 1);
  const tog_node *loop = t->body.at[0];
  assert_int_equal(loop->kind, TOG_LOOP);
  assert_string_equal(loop->label, "tile_b");
  expect(loop->trip, "4");
  static const tog_node_kind kinds[] = {TOG_LOAD, TOG_TAKE, TOG_COMPUTE, TOG_GIVE, TOG_STORE, TOG_PUSH, TOG_GIVE};
  assert_int_equal(loop->body.n, sizeof kinds / sizeof *kinds);
  for (size_t i = 0; i < loop->body.n; i++)
    assert_int_equal(loop->body.at[i]->kind, kinds[i]);
  assert_int_equal(loop->body.at[3]->thread, TOG_COMPUTE_THREAD);
  assert_int_equal(loop->body.at[6]->thread, TOG_WRITER);
}

static void test_transfers_keep_their_dims_and_groups(void **state) {
  (void)state;
  tog *t;
  assert_int_equal(build_text(WHOLE, &t), LOOM_OK);
  const tog_node *load = t->body.at[0]->body.at[0];
  assert_string_equal(load->label, "load x");
  assert_int_equal(load->box.rank, 3);
  expect(load->box.offset[0], "i0");
  expect(load->box.offset[1], "x * 32");
  expect(load->box.offset[2], "0");
  expect(load->box.extent[0], "1");
  expect(load->box.extent[1], "32");
  assert_int_equal(load->box.to_dim[0], -1);
  assert_int_equal(load->box.to_dim[1], 0);
  assert_int_equal(load->box.to_dim[2], 1);
  assert_true(load->has_group);
  expect(load->group.ul[0], "x");
  expect(load->group.ul[1], "0");
  expect(load->group.lr[1], "7");
  expect(load->group.sender[1], "0");
  assert_int_equal(t->buffers.at[0].depth, 2);
  assert_int_equal(t->buffers.at[1].offset, 8192);
  assert_true(t->tensors.at[0].is_input && !t->tensors.at[0].is_output && t->tensors.at[1].is_output);
}

static void test_levels_become_parts_of_the_coordinate(void **state) {
  (void)state;
  tog *t;
  const char *src = HEAD ALLOC_A ALLOC_O "    scf.for %w = %j to %c4 step %k {\n" TAKE_A LOAD COMPUTE STORE TAIL(DIMS);
  assert_int_equal(build_text(src, &t), LOOM_OK);
  expect(t->body.at[0]->trip, "(4 - y mod 2) ceildiv (y floordiv 2)");
}

static void test_compute_is_outlined_and_priced(void **state) {
  (void)state;
  tog *t;
  assert_int_equal(build_text(WHOLE, &t), LOOM_OK);
  const tog_node *n = t->body.at[0]->body.at[2];
  assert_int_equal(t->functions.n, 1);
  const char *text_of = t->functions.at[n->function].mlir;
  assert_non_null(strstr(text_of, "loom.tile_function"));
  assert_non_null(strstr(text_of, "arith.constant 2.0"));   /* the constant from outside the body came along */
  assert_int_equal(n->uses.n, 2);
  assert_int_equal(n->uses.at[0].access, TOG_READ);
  assert_true(n->uses.at[0].wait);
  assert_int_equal(n->uses.at[1].access, TOG_WRITE);
  machine_op op = {.name = "generic", .body_ops = "extf,mulf", .type = DTYPE_F16, .result = DTYPE_F32, .m = sym_const(&ctx.mem, 32 * 64)};
  const sym_expr *cycles;
  const char *unit;
  assert_int_equal(machine_op_cost(&ctx, chip, &op, &cycles, &unit), LOOM_OK);
  assert_true(sym_equal(n->cycles, cycles));
  assert_string_equal(n->unit, unit);
}

static void test_equal_operations_share_a_function(void **state) {
  (void)state;
  tog *t;
  const char *src = HEAD ALLOC_A ALLOC_O FOR TAKE_A LOAD COMPUTE "      linalg.fill ins(%scale : f32) outs(%ot : memref<32x64xf32>)\n"
                    "      linalg.fill ins(%scale : f32) outs(%ot : memref<32x64xf32>)\n" STORE TAIL(DIMS);
  assert_int_equal(build_text(src, &t), LOOM_OK);
  assert_int_equal(t->functions.n, 2);
}

#define PLACED(value)                                                                                                                         \
  "      %ot = \"loom.semaphore_take\"(%o) : (memref<32x64xf32>) -> memref<32x64xf32>\n"                                                        \
  "      %far = arith.muli %w, %c32 : index\n"                                                                                                \
  "      linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = [\"parallel\", \"parallel\"]} ins(%at : memref<32x64xf16>) outs(%ot : memref<32x64xf32>) {\n" \
  "      ^bb0(%e: f16, %old: f32):\n        %f = arith.extf %e : f16 to f32\n        %in = linalg.index 0 : index\n        %at2 = arith.addi %in, " value " : index\n" \
  "        %n = arith.index_cast %at2 : index to i64\n        %p = arith.sitofp %n : i64 to f32\n        %g = arith.mulf %f, %p : f32\n        linalg.yield %g : f32\n      }\n"

/* Where a tile lies comes as a number behind the extents, which the chip does not hold against the sizes of buffers; the function is one for all places. */
static void test_places_are_numbers_of_the_function(void **state) {
  (void)state;
  tog *t;
  assert_int_equal(build_text(HEAD ALLOC_A ALLOC_O FOR TAKE_A LOAD PLACED("%far") STORE TAIL(DIMS), &t), LOOM_OK);
  assert_int_equal(tog_verify(&ctx, t), LOOM_OK);
  const tog_node *n = t->body.at[0]->body.at[2];
  assert_int_equal(n->args.n, 0);
  assert_int_equal(n->numbers.n, 1);
  expect(n->numbers.at[0], "i0 * 32");
  assert_non_null(strstr(t->functions.at[n->function].mlir, "index)"));
  tog *again;
  const char *written = data_write_json(&ctx.mem, tog_to_data(&ctx.mem, t), 1);
  data_value *v;
  assert_int_equal(data_read_json(&ctx, "t.json", written, strlen(written), &v), LOOM_OK);
  assert_int_equal(tog_from_data(&ctx, v, &again), LOOM_OK);
  assert_string_equal(data_write_json(&ctx.mem, tog_to_data(&ctx.mem, again), 1), written);
}

static void test_what_has_no_form_is_refused(void **state) {
  (void)state;
  static const struct { const char *src, *needle; loom_status st; } rows[] = {
      {"func.func @f() { return }", "no scf.parallel", LOOM_EINPUT},
      {HEAD ALLOC_A ALLOC_O FOR TAKE_A LOAD COMPUTE STORE TAIL("[@dim_x, @dim_q, @dim_y]"), "names mesh dim 'q'", LOOM_EINPUT},
      {HEAD ALLOC_A ALLOC_O FOR TAKE_A LOAD COMPUTE STORE TAIL("[@dim_x]"), "lacks loom.physical_dims", LOOM_EINPUT},
      {HEAD ALLOC_A ALLOC_O FOR TAKE_A LOAD COMPUTE STORE TAIL("[@dim_x, @dim_x, @dim_y]"), "dims 0 and 1 of scf.parallel are both level 0 of mesh dim 'x'", LOOM_EINPUT},
      {HEAD ALLOC_A ALLOC_O FOR TAKE_A LOAD COMPUTE "      vector.print %c0 : index\n" STORE TAIL(DIMS), "'vector.print' has no form", LOOM_EUNSUP},
      {HEAD "    %a = \"loom.alloc\"() {memory = @L1, static_sizes = array<i64: 32, 64>} : () -> memref<32x64xf16>\n" ALLOC_O FOR TAKE_A LOAD COMPUTE STORE TAIL(DIMS),
       "no L1 offset", LOOM_EINPUT},
      {HEAD ALLOC_A ALLOC_O FOR TAKE_A LOAD COMPUTE "      linalg.fill ins(%scale : f32) outs(%out : memref<4x256x64xf32>)\n" STORE TAIL(DIMS), "no L1 buffer", LOOM_EUNSUP},
      {HEAD ALLOC_A ALLOC_O FOR TAKE_A LOAD "      %far2 = arith.index_cast %w : index to i64\n      %out2 = arith.sitofp %far2 : i64 to f32\n      %ot = \"loom.semaphore_take\"(%o) : (memref<32x64xf32>) -> memref<32x64xf32>\n"
       "      linalg.fill ins(%out2 : f32) outs(%ot : memref<32x64xf32>)\n" STORE TAIL(DIMS), "takes a scalar that is computed outside of it", LOOM_EUNSUP},
      {"func.func @f(%x: memref<?xf16>) { return }", "no memref of static shape", LOOM_EUNSUP},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    tog *t;
    loom_status st = build_text(rows[i].src, &t);
    if (st != rows[i].st || !strstr(ctx.diag.first->text, rows[i].needle))
      fail_msg("row %zu: status %d, \"%s\"", i, (int)st, st == LOOM_OK ? "" : ctx.diag.first->text);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_nodes_come_in_program_order_on_their_threads), cmocka_unit_test(test_transfers_keep_their_dims_and_groups),
      cmocka_unit_test(test_levels_become_parts_of_the_coordinate),        cmocka_unit_test(test_compute_is_outlined_and_priced),
      cmocka_unit_test(test_equal_operations_share_a_function),            cmocka_unit_test(test_places_are_numbers_of_the_function),
      cmocka_unit_test(test_what_has_no_form_is_refused),
  };
  return cmocka_run_group_tests(tests, open_chip, close_chip);
}
