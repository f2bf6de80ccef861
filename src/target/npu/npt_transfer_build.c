/* Writing transfers and waits. */
#include "target/npu/npt.h"
#include <string.h>

MlirAttribute npt_int_list(ir_ctx *ir, int n, const int64_t *v) {
  MlirAttribute items[NPT_RANK_MAX];
  for (int i = 0; i < n; i++)
    items[i] = ir_int_attr(ir, v[i]);
  return mlirArrayAttrGet(ir->mlir, n, items);
}

MlirValue npt_build_sum(ir_builder *b, int n, const MlirValue *operands, const int64_t *coefficients, int64_t constant) {
  MlirContext c = b->ir->mlir;
  MlirAffineExpr e = mlirAffineConstantExprGet(c, 0);
  for (int i = 0; i < n; i++)
    e = mlirAffineAddExprGet(e, mlirAffineMulExprGet(mlirAffineDimExprGet(c, i), mlirAffineConstantExprGet(c, coefficients[i])));
  e = mlirAffineAddExprGet(e, mlirAffineConstantExprGet(c, constant));
  return ir_build1(b, "affine.apply", ir_index_type(b->ir), n, operands, 1, &(ir_named){"map", mlirAffineMapAttrGet(mlirAffineMapGet(c, n, 0, 1, &e))});
}

MlirValue npt_build_loop(ir_builder *b, int64_t count) {
  ir_ctx *ir = b->ir;
  MlirBlock body;
  MlirRegion region = ir_new_region(ir, 1, (MlirType[]){ir_index_type(ir)}, &body);
  int32_t segments[3] = {0};
  const ir_named attrs[] = {{"lowerBoundMap", mlirAffineMapAttrGet(mlirAffineMapConstantGet(ir->mlir, 0))},
                            {"upperBoundMap", mlirAffineMapAttrGet(mlirAffineMapConstantGet(ir->mlir, count))},
                            {"step", ir_index_attr(ir, 1)},
                            {"operandSegmentSizes", mlirDenseI32ArrayGet(ir->mlir, 3, segments)},
                            {"inner_loop", ir_bool_attr(ir, true)}};
  if (mlirOperationIsNull(ir_build(b, "affine.for", 0, NULL, 0, NULL, 5, attrs, 1, &region)))
    return (MlirValue){NULL};
  ir_builder inside = ir_at_end(ir, body);
  inside.loc = b->loc;
  MlirOperation yield = ir_build(&inside, "affine.yield", 0, NULL, 0, NULL, 0, NULL, 0, NULL);
  MlirLocation loc = b->loc;
  *b = ir_before(ir, yield);
  b->loc = loc;
  return mlirBlockGetArgument(body, 0);
}

/* Attributes that npt_transfer says; all others go over unchanged. */
static const char *const SAID[] = {"dma_kind", "vlane_split_axis", "dram_stride", "tile_stride", "sram_stride", "subtile_size", "async", "fine_grained", "masked_axes",
                                   "masked_fill", "indirect", "indirect_offset", "offset_stride", "offset_rows", "offset_axis"};

static void carry_attributes(MlirOperation from, MlirOperation to) {
  for (intptr_t i = 0; i < mlirOperationGetNumAttributes(from); i++) {
    MlirNamedAttribute a = mlirOperationGetAttribute(from, i);
    MlirStringRef name = mlirIdentifierStr(a.name);
    size_t k = 0;
    while (k < sizeof SAID / sizeof *SAID && (name.length != strlen(SAID[k]) || memcmp(name.data, SAID[k], name.length) != 0))
      k++;
    if (k == sizeof SAID / sizeof *SAID)
      mlirOperationSetAttributeByName(to, name, a.attribute);
  }
}

static void set_attributes(ir_ctx *ir, MlirOperation op, const npt_transfer *t, npt_form form) {
  if (!mlirOperationIsNull(t->op))
    carry_attributes(t->op, op);
  ir_set_attr(op, "dram_stride", npt_int_list(ir, t->rank, t->dram_stride));
  ir_set_attr(op, form == NPT_TOGSIM ? "tile_stride" : "sram_stride", npt_int_list(ir, t->rank, t->spad_stride));
  if (t->has_subtile)
    ir_set_attr(op, "subtile_size", npt_int_list(ir, t->rank, t->subtile));
  if (t->is_async)
    ir_set_attr(op, "async", ir_bool_attr(ir, true));
  if (t->is_fine_grained)
    ir_set_attr(op, "fine_grained", ir_bool_attr(ir, true));
  if (t->is_indirect)
    ir_set_attr(op, "offset_stride", ir_int_attr(ir, t->offset_stride));
  if (t->is_indirect && t->offset_rows) {
    ir_set_attr(op, "offset_rows", ir_int_attr(ir, t->offset_rows));
    ir_set_attr(op, "offset_axis", ir_int_attr(ir, t->offset_axis));
  }
  if (form == NPT_DMA_START) {
    if (t->is_indirect)
      ir_set_attr(op, "indirect_offset", ir_symbol_attr(ir, t->offsets_global));
    return;
  }
  if (t->is_indirect)
    ir_set_attr(op, "indirect", ir_bool_attr(ir, true));
  if (t->n_masks) {
    int64_t axes[NPT_RANK_MAX];
    for (int i = 0; i < t->n_masks; i++)
      axes[i] = t->masks[i].axis;
    ir_set_attr(op, "masked_axes", npt_int_list(ir, t->n_masks, axes));
    if (!mlirAttributeIsNull(t->fill))
      ir_set_attr(op, "masked_fill", t->fill);
  }
}

static MlirValue tag_slot(ir_builder *b, const npt_transfer *t) { return t->n_tag_index ? t->tag_index[t->n_tag_index - 1] : ir_index_const(b, 0); }

/* Where an indirect dma_start has the name of the offsets, togsim.transfer has their value. */
MlirValue npt_offsets(ir_builder *b, const npt_transfer *t) {
  if (!mlirValueIsNull(t->offsets))
    return t->offsets;
  if (!t->offsets_global)
    return (MlirValue){NULL};
  MlirOperation module = mlirBlockGetParentOperation(b->block);
  while (!mlirOperationIsNull(module) && !ir_op_is(module, "builtin.module"))
    module = mlirOperationGetParentOperation(module);
  MlirOperation g = ir_find_symbol(b->ir, ir_body(module), "memref.global", t->offsets_global);
  if (mlirOperationIsNull(g))
    return (MlirValue){NULL};
  return ir_build1(b, "memref.get_global", mlirTypeAttrGetValue(ir_attr_of(g, "type")), 0, NULL, 1, &(ir_named){"name", ir_symbol_attr(b->ir, t->offsets_global)});
}

static MlirOperation build_togsim(ir_builder *b, const npt_transfer *t) {
  ir_ctx *ir = b->ir;
  MlirValue v[9 + 2 * NPT_RANK_MAX];
  int n = 0;
  v[n++] = t->dram;
  v[n++] = t->dram_index;
  v[n++] = t->spad;
  v[n++] = t->n_spad_index ? t->spad_index[t->n_spad_index - 1] : ir_index_const(b, 0);
  v[n++] = t->tag;
  v[n++] = tag_slot(b, t);
  v[n++] = ir_index_const(b, t->move);
  v[n++] = ir_index_const(b, t->lane_stride);
  if (t->is_indirect)
    v[n++] = npt_offsets(b, t);
  for (int i = 0; i < t->n_masks; i++) {
    v[n++] = t->masks[i].lo;
    v[n++] = t->masks[i].hi;
  }
  const ir_named attrs[] = {{"dma_kind", ir_str_attr(ir, t->is_store ? "MVOUT" : "MVIN")}, {"vlane_split_axis", ir_int_attr(ir, t->lane_axis)},
                            {"dram_stride", npt_int_list(ir, t->rank, t->dram_stride)}};
  return ir_build(b, "togsim.transfer", 0, NULL, n, v, 3, attrs, 0, NULL);
}

static MlirOperation build_dma_start(ir_builder *b, const npt_transfer *t) {
  MlirValue spad[1 + NPT_RANK_MAX], v[2 * (1 + NPT_RANK_MAX) + 8];
  int n_spad = 0, n = 0;
  spad[n_spad++] = t->spad;
  for (int d = 0; d < t->rank - 1; d++)
    spad[n_spad++] = t->n_spad_index == t->rank ? t->spad_index[d] : ir_index_const(b, 0);
  spad[n_spad++] = t->n_spad_index ? t->spad_index[t->n_spad_index - 1] : ir_index_const(b, 0);
  for (int side = 0; side < 2; side++)
    if (t->is_store == (side == 0)) {
      memcpy(v + n, spad, sizeof *v * (size_t)n_spad);
      n += n_spad;
    } else {
      v[n++] = t->dram;
      v[n++] = t->dram_index;
    }
  v[n++] = ir_index_const(b, t->move);
  v[n++] = t->tag;
  int64_t tag_rank = mlirShapedTypeGetRank(mlirValueGetType(t->tag));
  for (int64_t i = 0; i < tag_rank; i++)
    v[n++] = i < t->n_tag_index ? t->tag_index[i] : ir_index_const(b, 0);
  v[n++] = ir_index_const(b, t->lane_axis);
  v[n++] = ir_index_const(b, t->lane_stride);
  return ir_build(b, "memref.dma_start", 0, NULL, n, v, 0, NULL, 0, NULL);
}

MlirOperation npt_build_transfer(ir_builder *b, const npt_transfer *t, npt_form form) {
  loom_span place = ir_span(b->ir, t->op);
  if (form == NPT_DMA_START && t->n_masks) {
    diag_error(b->ir->ctx, place, LOOM_EUNSUP, "a masked transfer cannot be said by memref.dma_start, which has no operands for its bounds");
    diag_help(b->ir->ctx, "keep it as togsim.transfer: loom-peel-transfer instead of loom-decompose-transfer");
    return (MlirOperation){NULL};
  }
  if (t->is_indirect && !t->offsets_global) {
    diag_error(b->ir->ctx, place, LOOM_EINPUT, "the offsets of an indirect transfer must be a memref.global of the scratchpad");
    return (MlirOperation){NULL};
  }
  MlirOperation op = form == NPT_TOGSIM ? build_togsim(b, t) : build_dma_start(b, t);
  if (!mlirOperationIsNull(op))
    set_attributes(b->ir, op, t, form);
  return op;
}

MlirOperation npt_build_wait(ir_builder *b, const npt_wait *w, npt_form form) {
  MlirValue v[2 + NPT_RANK_MAX];
  int n = 0;
  v[n++] = w->tag;
  if (form == NPT_TOGSIM)
    v[n++] = w->n_tag_index ? w->tag_index[w->n_tag_index - 1] : ir_index_const(b, 0);
  else
    for (int64_t i = 0; i < mlirShapedTypeGetRank(mlirValueGetType(w->tag)); i++)
      v[n++] = i < w->n_tag_index ? w->tag_index[i] : ir_index_const(b, 0);
  v[n++] = w->count;
  return ir_build(b, form == NPT_TOGSIM ? "togsim.wait" : "memref.dma_wait", 0, NULL, n, v, 0, NULL, 0, NULL);
}
