/* Tiles of host tensors: memref.subview + bufferization.to_tensor for loads, to_buffer + memref.copy for stores. */
#include "lower/lower_private.h"
#include <string.h>

/* One index list as the offsets and sizes of a subview. */
typedef struct view { text offsets, sizes, strides, result_dims; int64_t fixed[KERNEL_RANK_MAX]; /* constant offset of each tensor dim, -1 when it varies */ const char *name, *type; } view;

static void add(text *t, const char *s) { text_addf(t, t->size ? ", %s" : "%s", s); }

static loom_status tile_dim(lowering *l, const kernel_op *op, const kernel_index *x, view *v) {
  const char *block = l->k->values.at[x->value].block, *iv = l->values[x->value].name, *dim, *size, *offset = lower_name(l);
  if (!block)
    LOOM_FAIL(l->ctx, op->span, LOOM_EUNSUP, "an index that is no tile");
  LOOM_TRY(lower_dim(l, op->span, sym_name(l->mem, block), &dim, &size));
  lower_line(l, "%s = arith.muli %s, %s : index", offset, iv, size);
  if (x->begin) {
    const char *text_of, *shift, *sum = lower_name(l);
    LOOM_TRY(lower_dim(l, op->span, x->begin, &text_of, &shift));
    lower_line(l, "%s = arith.addi %s, %s : index", sum, offset, shift);
    offset = sum;
  }
  add(&v->offsets, offset);
  add(&v->sizes, size);
  text_addf(&v->result_dims, "%sx", dim);
  return LOOM_OK;
}

static loom_status scalar_dim(lowering *l, const kernel_op *op, const kernel_index *x, view *v) {
  const char *ignored, *offset;
  if (x->value >= 0)
    offset = l->values[x->value].name;
  else
    LOOM_TRY(lower_dim(l, op->span, x->begin, &ignored, &offset));
  if (!offset)
    LOOM_FAIL(l->ctx, op->span, LOOM_EUNSUP, "an index computed on the device");
  add(&v->offsets, offset);
  add(&v->sizes, "1");
  return LOOM_OK;
}

static loom_status range_dim(lowering *l, const kernel_op *op, const sym_expr *begin, const sym_expr *end, int d, view *v) {
  int64_t b = 0, e;
  if (begin)
    LOOM_TRY(kernel_size(l->ctx, l->k, begin, NULL, 0, &b));
  LOOM_TRY(kernel_size(l->ctx, l->k, end, NULL, 0, &e));
  if (e <= b)
    LOOM_FAIL(l->ctx, op->span, LOOM_EUNSUP, "an empty slice");
  v->fixed[d] = b;
  add(&v->offsets, arena_printf(l->mem, "%" PRId64, b));
  add(&v->sizes, arena_printf(l->mem, "%" PRId64, e - b));
  text_addf(&v->result_dims, "%" PRId64 "x", e - b);
  return LOOM_OK;
}

/* The offset in a view's type: MLIR wants the number when all offsets are constant, nothing when it is 0. */
static const char *offset_text(lowering *l, int rank, const int64_t *size, const int64_t *fixed) {
  int64_t offset = 0, stride = 1;
  for (int d = rank - 1; d >= 0; d--) {
    if (fixed[d] < 0)
      return ", offset: ?";
    offset += fixed[d] * stride;
    stride *= size[d];
  }
  return offset ? arena_printf(l->mem, ", offset: %" PRId64, offset) : "";
}

static loom_status make_view(lowering *l, const kernel_op *op, view *v) {
  const kernel_tensor_info *t = &l->k->tensors.at[op->tensor];
  *v = (view){.offsets = text_new(l->mem), .sizes = text_new(l->mem), .strides = text_new(l->mem), .result_dims = text_new(l->mem)};
  memset(v->fixed, -1, sizeof v->fixed);
  if (!l->tensors[op->tensor])
    LOOM_FAIL(l->ctx, op->span, LOOM_EUNSUP, "'%s' is %s; only arguments and returned allocations can be tiled so far", t->name,
              t->role == KERNEL_VIEW ? "a view" : "a temporary");
  int64_t size[KERNEL_RANK_MAX], stride = 1;
  text memref = text_new(l->mem), strided = text_new(l->mem);
  for (int d = 0; d < t->shape.rank; d++) {
    LOOM_TRY(kernel_size(l->ctx, l->k, t->shape.dim[d], NULL, 0, &size[d]));
    text_addf(&memref, "%" PRId64 "x", size[d]);
  }
  int d = 0;
  for (int i = 0; i < op->n_index; i++) {
    const kernel_index *x = &op->index[i];
    if (x->kind == KERNEL_INDEX_NEW)
      LOOM_FAIL(l->ctx, op->span, LOOM_EUNSUP, "None in the index of a host tensor");
    if (x->kind == KERNEL_INDEX_TENSOR)
      LOOM_FAIL(l->ctx, op->span, LOOM_EUNSUP, "a gather: an index that is a tensor");
    stride = 1;
    for (int k = d + 1; k < t->shape.rank; k++)
      stride *= size[k];
    if (x->kind == KERNEL_INDEX_TILE)
      LOOM_TRY(tile_dim(l, op, x, v));
    else if (x->kind == KERNEL_INDEX_SCALAR)
      LOOM_TRY(scalar_dim(l, op, x, v));
    else
      LOOM_TRY(range_dim(l, op, x->kind == KERNEL_INDEX_SLICE ? x->begin : NULL, x->kind == KERNEL_INDEX_SLICE ? x->end : t->shape.dim[d], d, v));
    if (x->kind != KERNEL_INDEX_SCALAR)
      add(&strided, arena_printf(l->mem, "%" PRId64, stride));
    add(&v->strides, "1");
    d++;
  }
  v->type = arena_printf(l->mem, "memref<%s%s, strided<[%s]%s>>", text_str(&v->result_dims), dtype_mlir(t->shape.type), text_str(&strided),
                         offset_text(l, t->shape.rank, size, v->fixed));
  v->name = lower_name(l);
  lower_line(l, "%s = memref.subview %s[%s] [%s] [%s] : memref<%s%s> to %s", v->name, l->tensors[op->tensor], text_str(&v->offsets), text_str(&v->sizes),
             text_str(&v->strides), text_str(&memref), dtype_mlir(t->shape.type), v->type);
  return LOOM_OK;
}

loom_status lower_load(lowering *l, const kernel_op *op) {
  view v;
  const char *type, *name;
  LOOM_TRY(make_view(l, op, &v));
  const kernel_type *t = &l->k->values.at[op->results[0]].type;
  LOOM_TRY(lower_tensor_type(l, op->span, t, &type));
  if (t->rank == 0)
    LOOM_FAIL(l->ctx, op->span, LOOM_EUNSUP, "a load of a single element");
  name = lower_name(l);
  lower_line(l, "%s = bufferization.to_tensor %s : %s to %s", name, v.name, v.type, type);
  lower_bind(l, op->results[0], name, type);
  return LOOM_OK;
}

loom_status lower_store(lowering *l, const kernel_op *op) {
  view v;
  const kernel_type *from = &l->k->values.at[op->operands[0]].type;
  dtype to = l->k->tensors.at[op->tensor].shape.type;
  lower_value value = l->values[op->operands[0]];
  if (from->rank == 0)
    LOOM_FAIL(l->ctx, op->span, LOOM_EUNSUP, "a store of a scalar");
  if (from->type != to) {   /* one rounding, at the store */
    kernel_type t = *from;
    const char *empty, *type, *name = lower_name(l);
    t.type = to;
    LOOM_TRY(lower_empty(l, op->span, &t, &empty, &type));
    text dims = text_new(l->mem), kinds = text_new(l->mem);
    for (int d = 0; d < t.rank; d++) {
      text_addf(&dims, d ? ", d%d" : "d%d", d);
      text_add(&kinds, d ? ", \"parallel\"" : "\"parallel\"");
    }
    const char *map = arena_printf(l->mem, "affine_map<(%s) -> (%s)>", text_str(&dims), text_str(&dims));
    lower_line(l, "%s = linalg.generic {indexing_maps = [%s, %s], iterator_types = [%s]} ins(%s : %s) outs(%s : %s) {", name, map, map, text_str(&kinds),
               value.name, value.type, empty, type);
    lower_line(l, "^bb0(%%in: %s, %%out: %s):", dtype_mlir(from->type), dtype_mlir(to));
    const char *cast = lower_scalar_cast(l, "%in", from->type, to);
    lower_line(l, "linalg.yield %s : %s", cast, dtype_mlir(to));
    lower_line(l, "} -> %s", type);
    value = (lower_value){name, type};
  }
  LOOM_TRY(make_view(l, op, &v));
  const char *buffer = lower_name(l);
  lower_line(l, "%s = bufferization.to_buffer %s : %s to %s", buffer, value.name, value.type, v.type);
  lower_line(l, "memref.copy %s, %s : %s to %s", buffer, v.name, v.type, v.type);
  return LOOM_OK;
}
