/* Transfers are read in either form and written back.  Oracle: what the texts say; round trips. */
#include "target/npu/npt_testing.h"

static npt_transfer read_nth(fixture *f, size_t n) {
  npt_transfer t;
  npt_ops ops = npt_collect(&f->ir, mlirModuleGetOperation(f->m), npt_is_transfer);
  assert_true(n < ops.n);
  assert_int_equal(npt_read_transfer(&f->ir, ops.at[n], &t), LOOM_OK);
  return t;
}

static const char both[] =
    "memref.global \"private\" @X : memref<8x16xf32, 1>\n"
    "memref.global \"private\" @dram_12 : memref<4096xf32>\n"
    "func.func @kernel(%z: index, %a: memref<4096xf32>, %i: index) {\n"
    "  %x = memref.get_global @X : memref<8x16xf32, 1>\n"
    "  %g = memref.get_global @dram_12 : memref<4096xf32>\n"
    "  %v = memref.cast %a : memref<4096xf32> to memref<?xf32>\n"
    "  %s = memref.collapse_shape %x [[0, 1]] : memref<8x16xf32, 1> into memref<128xf32, 1>\n"
    "  %t = memref.alloc() : memref<1xi32>\n"
    "  %c0 = arith.constant 0 : index\n  %c1 = arith.constant 1 : index\n  %c2 = arith.constant 2 : index\n  %c3 = arith.constant 3 : index\n"
    "  \"togsim.transfer\"(%a, %i, %x, %c2, %t, %c3, %c2, %c3, %c0, %i) {dma_kind = \"MVIN\", vlane_split_axis = 1 : i64, dram_stride = [64, 1], tile_stride = [1, 8], subtile_size = [4, 16],"
    " async, masked_axes = [0], masked_fill = 1.5 : f32} : (memref<4096xf32>, index, memref<8x16xf32, 1>, index, memref<1xi32>, index, index, index, index, index) -> ()\n"
    "  \"togsim.transfer\"(%v, %i, %s, %c2, %t, %c3, %c1) {dma_kind = \"MVOUT\", vlane_split_axis = 0 : i64, dram_stride = [1], sram_stride = [1], subtile_size = []}"
    " : (memref<?xf32>, index, memref<128xf32, 1>, index, memref<1xi32>, index, index) -> ()\n"
    "  \"memref.dma_start\"(%x, %c0, %c3, %g, %i, %c3, %t, %c2, %c1, %c2) {dram_stride = [64, 1], sram_stride = [16, 1], fine_grained = true}"
    " : (memref<8x16xf32, 1>, index, index, memref<4096xf32>, index, index, memref<1xi32>, index, index, index) -> ()\n"
    "  return\n}\n";

static void test_both_forms_are_read(void **state) {
  (void)state;
  fixture f;
  open_text(&f, both, false);
  npt_transfer t = read_nth(&f, 0);
  assert_int_equal(t.form, NPT_TOGSIM);
  assert_int_equal(t.move, ISA_MVIN);
  assert_false(t.is_store);
  assert_true(t.is_async && !t.is_fine_grained && t.has_subtile);
  assert_int_equal(t.argument, 1);
  assert_string_equal(t.global, "X");
  assert_int_equal(t.rank, 2);
  assert_int_equal(t.elem_bytes, 4);
  assert_int_equal(t.lane_axis, 1);
  assert_int_equal(t.lane_stride, 3);
  assert_int_equal(t.n_tag_index, 1);
  assert_int_equal(t.dram_stride[0], 64);
  assert_int_equal(t.spad_stride[1], 8);
  assert_int_equal(t.subtile[0], 4);
  assert_int_equal(t.n_masks, 1);
  assert_int_equal(t.masks[0].axis, 0);
  assert_true(mlirFloatAttrGetValueDouble(t.fill) == 1.5);

  t = read_nth(&f, 1);
  assert_true(t.is_store && !t.is_async && !t.has_subtile && t.n_masks == 0 && t.n_tag_index == 0);
  assert_int_equal(t.argument, 1);              /* through the cast */
  assert_string_equal(t.global, "X");           /* through the collapse */
  assert_int_equal(t.subtile[0], 128);

  t = read_nth(&f, 2);
  assert_int_equal(t.form, NPT_DMA_START);
  assert_true(t.is_store && t.is_fine_grained);
  assert_int_equal(t.argument, 12);             /* an external tensor */
  assert_int_equal(t.n_spad_index, 2);
  assert_int_equal(t.lane_stride, 2);
  close_text(&f);
}

/* Rounds of lanes: 300 elements on 128 lanes of 2 take two rounds; strides above the lane axis' shrink to what a lane holds. */
static void test_bank_strides_follow_the_lanes(void **state) {
  (void)state;
  npt_transfer t = {.rank = 3, .shape = {4, 300, 5}, .spad_stride = {1500, 5, 1}, .lane_axis = 1, .lane_stride = 2};
  assert_int_equal(npt_bank_stride(&t, 128, 0), 1500 / 300 * 4);
  assert_int_equal(npt_bank_stride(&t, 128, 1), 5);
  assert_int_equal(npt_bank_stride(&t, 128, 2), 1);
  assert_int_equal(npt_bank_stride(&t, 150, 0), 1500 / 300 * 2);
  isa_dma dma;
  memcpy(t.subtile, t.shape, sizeof t.shape);
  t.elem_bytes = 2;
  t.move = ISA_MVIN3;
  assert_null(npt_to_isa(&t, &dma));
  assert_int_equal(dma.lane_axis, 2);
  assert_int_equal(dma.dims[0], 1);
  assert_int_equal(dma.dims[2], 300);
  assert_int_equal(dma.spad_stride[0], 0);
  assert_int_equal(dma.spad_stride[1], 1500);
  t.subtile[0] = 70000;
  assert_string_equal(npt_to_isa(&t, &dma), "dims");
  t.rank = 5;
  assert_string_equal(npt_to_isa(&t, &dma), "rank");
}

/* Written in the other form and back, a transfer reads the same. */
static void test_forms_are_written_and_read_back(void **state) {
  (void)state;
  for (size_t n = 0; n < 3; n++) {
    fixture f;
    open_text(&f, both, false);
    npt_transfer t = read_nth(&f, n), back;
    t.n_masks = 0;
    npt_form other = t.form == NPT_TOGSIM ? NPT_DMA_START : NPT_TOGSIM;
    for (int i = 0; i < 2; i++) {
      ir_builder b = ir_before(&f.ir, t.op);
      MlirOperation made = npt_build_transfer(&b, i ? &back : &t, i ? t.form : other);
      assert_false(mlirOperationIsNull(made));
      assert_int_equal(npt_read_transfer(&f.ir, made, &back), LOOM_OK);
    }
    assert_int_equal(back.form, t.form);
    assert_int_equal(back.move, t.move);
    assert_int_equal(back.argument, t.argument);
    assert_string_equal(back.global, t.global);
    assert_int_equal(back.rank, t.rank);
    assert_int_equal(back.lane_axis, t.lane_axis);
    assert_int_equal(back.lane_stride, t.lane_stride);
    assert_true(back.is_async == t.is_async && back.is_fine_grained == t.is_fine_grained && back.has_subtile == t.has_subtile);
    assert_memory_equal(back.dram_stride, t.dram_stride, sizeof *t.dram_stride * (size_t)t.rank);
    assert_memory_equal(back.spad_stride, t.spad_stride, sizeof *t.spad_stride * (size_t)t.rank);
    assert_memory_equal(back.subtile, t.subtile, sizeof *t.subtile * (size_t)t.rank);
    assert_true(mlirValueEqual(back.tag, t.tag) && mlirValueEqual(back.dram, t.dram) && mlirValueEqual(back.dram_index, t.dram_index));
    assert_true(mlirValueEqual(back.spad_index[back.n_spad_index - 1], t.spad_index[t.n_spad_index - 1]));
    close_text(&f);
  }
}

static void test_masks_have_no_other_form(void **state) {
  (void)state;
  fixture f;
  open_text(&f, both, false);
  npt_transfer t = read_nth(&f, 0);
  ir_builder b = ir_before(&f.ir, t.op);
  assert_true(mlirOperationIsNull(npt_build_transfer(&b, &t, NPT_DMA_START)));
  testing_expect_error(&f.ctx, LOOM_EUNSUP, "a masked transfer cannot be said by memref.dma_start", 0, 0);
  close_text(&f);
}

/* The offsets of an indirect transfer: a value in one form, a name in the other. */
static void test_offsets_change_form(void **state) {
  (void)state;
  static const char source[] =
      "memref.global \"private\" @X : memref<8xf32, 1>\nmemref.global \"private\" @I : memref<8xi32, 1>\n"
      "func.func @kernel(%a: memref<4096xf32>) {\n  %x = memref.get_global @X : memref<8xf32, 1>\n  %o = memref.get_global @I : memref<8xi32, 1>\n  %t = memref.alloc() : memref<1xi32>\n"
      "  %c0 = arith.constant 0 : index\n  %c1 = arith.constant 1 : index\n  %c2 = arith.constant 2 : index\n"
      "  \"togsim.transfer\"(%a, %c0, %x, %c0, %t, %c0, %c2, %c1, %o) {dma_kind = \"MVIN\", vlane_split_axis = 0 : i64, dram_stride = [0], tile_stride = [1], indirect = true, offset_stride = 7 : i64, offset_rows = 585 : i64, offset_axis = 0 : i64}"
      " : (memref<4096xf32>, index, memref<8xf32, 1>, index, memref<1xi32>, index, index, index, memref<8xi32, 1>) -> ()\n  return\n}\n";
  fixture f;
  open_text(&f, source, true);
  npt_transfer t = read_nth(&f, 0), named, back;
  assert_true(t.is_indirect);
  assert_string_equal(t.offsets_global, "I");
  assert_int_equal(t.offset_stride, 7);
  ir_builder b = ir_before(&f.ir, t.op);
  assert_int_equal(npt_read_transfer(&f.ir, npt_build_transfer(&b, &t, NPT_DMA_START), &named), LOOM_OK);
  assert_true(named.is_indirect && mlirValueIsNull(named.offsets));
  assert_string_equal(named.offsets_global, "I");
  assert_int_equal(npt_read_transfer(&f.ir, npt_build_transfer(&b, &named, NPT_TOGSIM), &back), LOOM_OK);
  assert_string_equal(npt_global(&f.ctx.mem, back.offsets), "I");
  assert_int_equal(back.offset_stride, 7);
  assert_int_equal(back.offset_rows, 585);
  assert_int_equal(back.offset_axis, 0);
  ir_set_attr(t.op, "offset_axis", ir_int_attr(&f.ir, 1));
  assert_int_equal(npt_read_transfer(&f.ir, t.op, &back), LOOM_EINPUT);
  testing_expect_error(&f.ctx, LOOM_EINPUT, "offset_axis a dim of the tile", 0, 0);
  close_text(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_both_forms_are_read),
      cmocka_unit_test(test_bank_strides_follow_the_lanes),
      cmocka_unit_test(test_forms_are_written_and_read_back),
      cmocka_unit_test(test_masks_have_no_other_form),
      cmocka_unit_test(test_offsets_change_form),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
