/* Products on the systolic array: one linalg.matmul of whole tiles for each point of the batch dims. */
#include "target/npu/npt_lower.h"

/* Rows of operand i that `var` (by buffer dim; null: 0) points at, as the matrix that linalg.matmul takes: row-major in type, neighbours along the first dim in the bank. */
static MlirValue matrix_of(npt_lowering *l, const npt_buffer *b, const npt_tile *t, const MlirValue *var, MlirValue part) {
  const int64_t rows = t->row, columns = t->padded[t->layout.lane];
  MlirValue all[TOG_RANK_MAX + 1];
  int64_t factor[TOG_RANK_MAX + 1], fixed;
  memcpy(all, var, (size_t)b->b->rank * sizeof *all);
  memcpy(factor, t->stride, (size_t)b->b->rank * sizeof *factor);
  all[b->b->rank] = part;
  factor[b->b->rank] = 1;
  MlirValue spad = npt_spad(l, b, t), at = npt_sum(l, b->b->rank + 1, all, factor, 0);
  const bool is_fixed = ir_const_int(at, &fixed);
  if (is_fixed && fixed == 0 && mlirShapedTypeGetRank(mlirValueGetType(spad)) == 2)
    return spad;
  const char *offset = is_fixed ? arena_printf(l->mem, "%" PRId64, fixed) : "?";
  ir_named attrs[] = {{"static_offsets", ir_attr(l->ir, is_fixed ? arena_printf(l->mem, "array<i64: %" PRId64 ">", fixed) : "array<i64: -9223372036854775808>")},
                      {"static_sizes", ir_attr(l->ir, arena_printf(l->mem, "array<i64: %" PRId64 ", %" PRId64 ">", rows, columns))},
                      {"static_strides", ir_attr(l->ir, arena_printf(l->mem, "array<i64: %" PRId64 ", 1>", columns))},
                      {"operandSegmentSizes", ir_attr(l->ir, arena_printf(l->mem, "array<i32: 1, %d, 0, 0>", !is_fixed))}};
  MlirType type = ir_type(l->ir, arena_printf(l->mem, "memref<%" PRId64 "x%" PRId64 "x%s, strided<[%" PRId64 ", 1], offset: %s>, 1>", rows, columns,
                                              dtype_mlir(npt_memory_type(b->b->type)), columns, offset));
  return ir_build1(&l->b, "memref.reinterpret_cast", type, is_fixed ? 1 : 2, (MlirValue[]){spad, at}, 4, attrs);
}

static bool is_batch(const tfn_function *f, int iter) {
  for (int i = 0; i < 3; i++) {
    bool has = false;
    for (int d = 0; d < f->operand[i].rank; d++)
      has = has || f->operand[i].iter[d] == iter;
    if (!has)
      return false;
  }
  return true;
}

static int64_t extent_of(const npt_lowering *l, const tog_node *n, const tfn_function *f, int iter) {
  for (int i = 0; i < 3; i++)
    for (int d = 0; d < f->operand[i].rank; d++)
      if (f->operand[i].iter[d] == iter)
        return l->buffers[n->uses.at[f->operand[i].use].buffer].extent[d];
  return 1;
}

/* Lanes and rows beyond the contracted extent are zero: of what was loaded, and of a whole tile that was laid out anew, the transfer has seen to it. */
static loom_status clean_operand(npt_lowering *l, const tog_node *n, const tfn_function *f, int i, npt_tile *const *tile, MlirValue part) {
  const tfn_operand *o = &f->operand[i];
  const npt_buffer *b = &l->buffers[n->uses.at[o->use].buffer];
  MlirValue extent;
  int64_t fixed;
  for (int d = 0; d < o->rank; d++) {
    if (o->iter[d] != f->k_iter || !b->is_computed)
      continue;
    LOOM_TRY(npt_argument_value(l, n, o->extent[d], &extent));
    const bool is_fixed = ir_const_int(extent, &fixed), is_whole = is_fixed && fixed == tile[i]->padded[d] && (tile[i]->layout.lane != d || fixed % l->core.lanes == 0);
    const bool is_moved = tile[i] != &b->tile[0] && is_fixed && fixed == b->b->shape[d];
    if (!is_whole && !is_moved)
      LOOM_TRY(npt_emit_clean(l, b, tile[i], d, extent, part));
  }
  return LOOM_OK;
}

/* The tile that sums of the output are kept in: f32 where the output is narrower and its sums are not done in one pass of the array. */
static const npt_buffer *sums_of(npt_lowering *l, const npt_buffer *out, const npt_tile *t, int64_t k) {
  if (out->b->type == DTYPE_F32 || !dtype_is_float(out->b->type) || k <= l->core.lanes)
    return out;
  npt_buffer *sums = ARENA_NEW(l->mem, npt_buffer);
  tog_buffer *wide = ARENA_NEW(l->mem, tog_buffer);
  *wide = *out->b;
  wide->type = DTYPE_F32;
  *sums = *out;
  sums->b = wide;
  sums->n_tiles = 1;
  sums->tile[0] = *t;
  sums->tile[0].global = arena_printf(l->mem, "sums_spad_%zu", l->sums.n);
  vec_push(l->mem, &l->sums, sums);
  return sums;
}

loom_status npt_emit_product(npt_lowering *l, const tog_node *n, const tfn_function *f, npt_way w, npt_tile *const *tile) {
  npt_loop loop[TFN_ITER_MAX];
  MlirValue var[TFN_ITER_MAX] = {0};
  int opened = 0;
  MlirValue part[3];
  for (int i = 0; i < 3; i++)
    LOOM_TRY(npt_part_offset(l, n, &f->operand[i], tile[i], &part[i]));
  for (int i = 0; i < 2; i++)
    LOOM_TRY(clean_operand(l, n, f, i, tile, part[i]));
  const npt_buffer *out = &l->buffers[n->uses.at[f->operand[2].use].buffer], *sums = sums_of(l, out, tile[2], extent_of(l, n, f, f->k_iter));
  const npt_tile *sums_tile = sums == out ? tile[2] : &sums->tile[0];
  if (sums != out && !f->overwrites)
    LOOM_TRY(npt_emit_convert(l, out, tile[2], sums, sums_tile));
  for (int d = 0; d < f->n_iter; d++)
    if (is_batch(f, d) && extent_of(l, n, f, d) > 1) {
      loop[opened] = npt_open_loop(l, extent_of(l, n, f, d), 1, "inner_loop", 0, NULL);
      var[d] = loop[opened++].var;
    }
  MlirValue matrix[3];
  for (int i = 0; i < 3; i++) {
    const tfn_operand *o = &f->operand[i];
    MlirValue by_dim[TOG_RANK_MAX] = {0};
    for (int d = 0; d < o->rank; d++)
      if (o->iter[d] >= 0)
        by_dim[d] = var[o->iter[d]];
    matrix[i] = matrix_of(l, i == 2 ? sums : &l->buffers[n->uses.at[o->use].buffer], i == 2 ? sums_tile : tile[i], by_dim, part[i]);
  }
  const bool rows_in_lanes = w.lane == 1;
  MlirOperation op = ir_build_named_linalg(&l->b, "linalg.matmul", 2, (MlirValue[]){matrix[rows_in_lanes], matrix[!rows_in_lanes]}, matrix[2], (MlirType){NULL});
  if (mlirOperationIsNull(op))
    return LOOM_EBUG;
  ir_set_attr(op, "npu.matmul", ir_unit_attr(l->ir));
  if (f->overwrites)
    ir_set_attr(op, "npu.overwrite", ir_unit_attr(l->ir));
  while (opened-- > 0)
    npt_close_loop(l, &loop[opened], 0, NULL);
  return sums == out ? LOOM_OK : npt_emit_convert(l, sums, sums_tile, out, tile[2]);
}
