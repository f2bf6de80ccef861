/* Blocks that do not divide: sizes at the edge and the views that use only the valid part of a buffer. */
#include "materialize/mat_private.h"

loom_status mat_open_block(mat *m, int loop, const sym_expr *iterator, int64_t max_iterator) {
  const nest_loop *l = &m->nest->loops.at[loop];
  mat_block *k = &m->block[loop];
  *k = (mat_block){.size = plan_block_size(m->plan, l->block)};
  const sym_expr *extent = mat_fold(m, l->extent);
  int64_t limit, covered;
  bool fits = sym_is_const(extent, &limit);
  if (__builtin_mul_overflow(max_iterator + 1, k->size, &covered))
    LOOM_FAIL(m->ctx, LOOM_NOSPAN, LOOM_ELIMIT, "%" PRId64 " blocks of %" PRId64 " are too many", max_iterator + 1, k->size);
  if (fits && covered <= limit)
    return LOOM_OK;
  k->is_ragged = true;
  MlirValue size = ir_index_const(&m->b, k->size), left;
  LOOM_TRY(mat_index(m, sym_sub(m->mem, extent, sym_mul(m->mem, iterator, sym_const(m->mem, k->size))), &left));
  k->current = mat_binary(m, "arith.minsi", size, left);
  bool may_be_beyond = !fits || covered - k->size > limit;   /* surplus cores: the block starts behind the end */
  if (may_be_beyond)
    k->current = mat_binary(m, "arith.maxsi", k->current, ir_index_const(&m->b, 0));
  return LOOM_OK;
}

static int ragged_loop(const mat *m, const sym_expr *e) {
  for (size_t l = 0; l < m->nest->loops.n; l++)
    if (m->block[l].is_ragged && sym_depends(e, m->nest->loops.at[l].block))
      return (int)l;
  return -1;
}

loom_status mat_size(mat *m, const sym_expr *e, int64_t *out_constant, MlirValue *out_value) {
  *out_value = (MlirValue){NULL};
  *out_constant = 0;
  int loop = ragged_loop(m, e);
  if (loop >= 0 && e->op != SYM_SYM)
    LOOM_FAIL(m->ctx, m->at, LOOM_EUNSUP, "a tile of size %s at a block size of '%s' that does not divide its extent", sym_str(m->mem, e),
              m->nest->loops.at[loop].block);
  if (loop >= 0) {
    *out_value = m->block[loop].current;
    return LOOM_OK;
  }
  const sym_expr *folded = mat_fold(m, e);
  if (!sym_is_const(folded, out_constant))
    LOOM_FAIL(m->ctx, m->at, LOOM_EUNSUP, "the size of a tile must follow from the block sizes, not %s", sym_str(m->mem, folded));
  return LOOM_OK;
}

/* "memref<?x64xf16, strided<[64, 1]>>" of a buffer of row-major `shape`. */
static MlirType view_type(mat *m, const plan_buffer *buffer, const int64_t *sizes) {
  text t = text_new(m->mem);
  int64_t strides[DIALECT_RANK_MAX], stride = 1;
  for (int d = buffer->rank - 1; d >= 0; d--) {
    strides[d] = stride;
    stride *= buffer->shape[d];
  }
  text_add(&t, "memref<");
  for (int d = 0; d < buffer->rank; d++)
    text_addf(&t, sizes[d] == mlirShapedTypeGetDynamicSize() ? "?x" : "%" PRId64 "x", sizes[d]);
  text_addf(&t, "%s, strided<[", ir_print_type(m->mem, ir_dtype(m->ir, buffer->type)));
  for (int d = 0; d < buffer->rank; d++)
    text_addf(&t, "%s%" PRId64, d ? ", " : "", strides[d]);
  text_add(&t, "]>>");
  return ir_type(m->ir, text_str(&t));
}

loom_status mat_view(mat *m, int v, MlirValue *out) { return mat_view_of(m, v, m->slot[v].slot, out); }

loom_status mat_view_of(mat *m, int v, MlirValue slot, MlirValue *out) {
  const nest_value *value = &m->nest->values.at[v];
  const plan_buffer *buffer = m->slot[v].buffer;
  int64_t sizes[DIALECT_RANK_MAX] = {0}, zeros[DIALECT_RANK_MAX] = {0}, ones[DIALECT_RANK_MAX];
  MlirValue operands[1 + DIALECT_RANK_MAX] = {slot};
  int32_t n_dynamic = 0;
  *out = slot;
  for (int d = 0; d < value->rank; d++) {
    MlirValue size;
    LOOM_TRY(mat_size(m, value->dim[d], &sizes[d], &size));
    ones[d] = 1;
    if (!MAT_NULL(size)) {
      sizes[d] = mlirShapedTypeGetDynamicSize();
      operands[1 + n_dynamic++] = size;
    }
  }
  if (n_dynamic == 0)
    return LOOM_OK;
  MlirContext c = m->ir->mlir;
  int32_t segments[] = {1, 0, n_dynamic, 0};
  const ir_named attrs[] = {{"operandSegmentSizes", mlirDenseI32ArrayGet(c, 4, segments)},
                            {"static_offsets", mlirDenseI64ArrayGet(c, value->rank, zeros)},
                            {"static_sizes", mlirDenseI64ArrayGet(c, value->rank, sizes)},
                            {"static_strides", mlirDenseI64ArrayGet(c, value->rank, ones)}};
  *out = ir_build1(&m->b, "memref.subview", view_type(m, buffer, sizes), 1 + n_dynamic, operands, 4, attrs);
  return LOOM_OK;
}
