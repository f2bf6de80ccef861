/* The DRAM side of loads and stores: the box of an argument that a tile covers. */
#include "materialize/mat_private.h"
#include <string.h>

/* ---- inside? ---- */

/* start + min(.., end - start) <= end */
static bool ends_at_clamp(mat *m, const nest_loop *l, const sym_expr *start, int64_t room) {
  int64_t end;
  if (!l->clamp || l->clamp->op != SYM_SUB || !sym_is_const(mat_fold(m, l->clamp->arg[0]), &end) || end > room)
    return false;
  return sym_equal(mat_fold(m, l->clamp->arg[1]), start);
}

/* The tile must lie inside the argument: its last block is cut at the loop's end, not at the argument's. */
static loom_status check_inside(mat *m, const nest_tensor *t, int d, const nest_access_dim *a, const sym_expr *offset) {
  int64_t start, size;
  const sym_expr *rest = mat_fold(m, a->offset);
  const nest_loop *l = a->loop >= 0 ? &m->nest->loops.at[a->loop] : NULL;
  bool is_tile = l && a->size->op == SYM_SYM && text_eq(a->size->name, l->block);
  if (is_tile && mat_max(m, rest, &start) && mat_max(m, mat_loop_end(m, a->loop), &size) && start + size <= t->shape[d])
    return LOOM_OK;
  if (is_tile && ends_at_clamp(m, l, rest, t->shape[d]))
    return LOOM_OK;
  if (!is_tile && mat_max(m, offset, &start) && mat_max(m, a->size, &size) && start + size <= t->shape[d])
    return LOOM_OK;
  LOOM_FAIL(m->ctx, m->at, LOOM_EUNSUP, "dimension %d of a tile of '%s' may reach beyond the argument: it starts at %s", d, t->name,
            sym_str(m->mem, offset));
}

/* ---- the box ---- */

/* Offsets and sizes of all dims of the argument as the kernel sees it. */
static loom_status read_box(mat *m, const nest_node *node, mat_part *out) {
  const nest_tensor *t = &m->nest->tensors.at[node->tensor];
  *out = (mat_part){.rank = t->rank, .type = t->type};
  int64_t stride = 1;
  for (int d = t->rank - 1; d >= 0; d--) {
    out->shape[d] = t->shape[d];
    out->stride[d] = nest_tensor_is_view(t) ? t->stride[d] : stride;
    stride *= t->shape[d];
  }
  for (int d = 0; d < t->rank; d++) {
    const nest_access_dim *a = &node->dim[d];
    const sym_expr *offset = a->offset;
    if (a->loop >= 0) {
      const char *iterator = nest_iterator_name(m->mem, m->nest, a->loop), *block = m->nest->loops.at[a->loop].block;
      offset = sym_add(m->mem, sym_mul(m->mem, sym_name(m->mem, iterator), sym_name(m->mem, block)), offset);
    }
    LOOM_TRY(check_inside(m, t, d, a, offset));
    LOOM_TRY(mat_index(m, offset, &out->offset_value[d]));
    out->drop[d] = a->dropped;
    out->size[d] = 1;
    if (!a->dropped)
      LOOM_TRY(mat_size(m, a->size, &out->size[d], &out->size_value[d]));
  }
  return LOOM_OK;
}

/* memref.reinterpret_cast of argument `arg`; `offset` null: none. */
static MlirValue reinterpret(mat *m, MlirValue arg, MlirValue offset, dtype type, int rank, const int64_t *sizes, const int64_t *strides, int n_dynamic,
                             const MlirValue *dynamic) {
  MlirValue operands[2 + DIALECT_RANK_MAX] = {arg, offset};
  int n = MAT_NULL(offset) ? 1 : 2;
  for (int i = 0; i < n_dynamic; i++)
    operands[n + i] = dynamic[i];
  int32_t segments[] = {1, n - 1, n_dynamic, 0};
  int64_t at = MAT_NULL(offset) ? 0 : mlirShapedTypeGetDynamicSize();
  MlirContext c = m->ir->mlir;
  const ir_named attrs[] = {{"operandSegmentSizes", mlirDenseI32ArrayGet(c, 4, segments)},
                            {"static_offsets", mlirDenseI64ArrayGet(c, 1, &at)},
                            {"static_sizes", mlirDenseI64ArrayGet(c, rank, sizes)},
                            {"static_strides", mlirDenseI64ArrayGet(c, rank, strides)}};
  return ir_build1(&m->b, "memref.reinterpret_cast", mat_strided_type(m, type, rank, sizes, strides, n > 1), n + n_dynamic, operands, 4, attrs);
}

/* Element offset from the start of the argument, kept as a linearization of the offsets in each dim. */
static MlirValue linear_offset(mat *m, const nest_tensor *t, const MlirValue *offsets) {
  if (t->rank == 0)
    return ir_index_const(&m->b, 0);
  int32_t segments[] = {t->rank, 0};
  const ir_named attrs[] = {{"operandSegmentSizes", mlirDenseI32ArrayGet(m->ir->mlir, 2, segments)},
                            {"static_basis", mlirDenseI64ArrayGet(m->ir->mlir, t->rank, t->shape)}};
  return ir_build1(&m->b, "affine.linearize_index", ir_index_type(m->ir), t->rank, offsets, 2, attrs);
}

static MlirValue plain_view(mat *m, const nest_tensor *t, const mat_part *box) {
  int64_t sizes[DIALECT_RANK_MAX], strides[DIALECT_RANK_MAX];
  MlirValue dynamic[DIALECT_RANK_MAX];
  int rank = 0, n_dynamic = 0;
  for (int d = 0; d < box->rank; d++) {
    if (box->drop[d])
      continue;
    sizes[rank] = box->size[d];
    if (!MAT_NULL(box->size_value[d])) {
      sizes[rank] = mlirShapedTypeGetDynamicSize();
      dynamic[n_dynamic++] = box->size_value[d];
    }
    strides[rank++] = box->stride[d];
  }
  return reinterpret(m, mlirBlockGetArgument(m->args, t->arg), linear_offset(m, t, box->offset_value), t->type, rank, sizes, strides, n_dynamic, dynamic);
}

/* The whole argument as the kernel sees it, then the part of it. */
static MlirValue part_of_view(mat *m, const nest_tensor *t, const mat_part *box) {
  int64_t shape[NEST_RANK_MAX];
  memcpy(shape, t->shape, sizeof shape);
  if (t->has_lookup)
    shape[t->lookup_dim] = t->lookup_rows;
  MlirValue all = reinterpret(m, mlirBlockGetArgument(m->args, t->arg), (MlirValue){NULL}, t->type, t->rank, shape, t->stride, 0, NULL);
  if (t->has_lookup && !MAT_NULL(all)) {
    dialect_lookup l = {.table = all, .index = mlirBlockGetArgument(m->args, t->lookup_arg), .dim = t->lookup_dim};
    all = dialect_build_lookup(&m->b, &l, mat_strided_type(m, t->type, t->rank, t->shape, t->stride, false));
  }
  return MAT_NULL(all) ? all : mat_subview(m, all, box);
}

loom_status mat_dram_view(mat *m, const nest_node *node, MlirValue *out) {
  const nest_tensor *t = &m->nest->tensors.at[node->tensor];
  mat_part box;
  LOOM_TRY(read_box(m, node, &box));
  *out = nest_tensor_is_view(t) ? part_of_view(m, t, &box) : plain_view(m, t, &box);
  return MAT_NULL(*out) ? LOOM_EBUG : LOOM_OK;
}
