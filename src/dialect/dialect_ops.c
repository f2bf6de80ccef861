/* Typed reading and building of loom ops: the attribute and operand layout of each op is spelled out here only. */
#include "dialect/dialect.h"

enum { SEG_SRC, SEG_DST, SEG_AREA, SEG_UL, SEG_LR, SEG_COUNT };

static bool read_corner(MlirOperation op, int segment, int n_mesh, MlirValue *out) {
  intptr_t first, n;
  if (!ir_segment(op, segment, &first, &n) || (n != 0 && n != n_mesh))
    return false;
  for (intptr_t d = 0; d < n; d++)
    out[d] = ir_operand(op, first + d);
  return true;
}

bool dialect_read_copy(arena *mem, MlirOperation op, dialect_copy *out) {
  *out = (dialect_copy){0};
  if (!ir_op_is(op, "loom.copy"))
    return false;
  intptr_t first, n;
  if (!ir_segment(op, SEG_SRC, &first, &n) || n != 1 || !ir_segment(op, SEG_DST, &first, &n) || n != 1)
    return false;
  out->src = ir_operand(op, 0);
  out->dst = ir_operand(op, 1);
  out->src_space = ir_attr_string(mem, ir_attr_of(op, "src_mem_space"));
  out->dst_space = ir_attr_string(mem, ir_attr_of(op, "dst_mem_space"));
  MlirAttribute area = ir_attr_of(op, "static_area");
  if (!mlirAttributeIsNull(area)) {
    if (!mlirAttributeIsADenseI64Array(area) || mlirDenseArrayGetNumElements(area) > DIALECT_MESH_MAX)
      return false;
    out->n_mesh = (int)mlirDenseArrayGetNumElements(area);
    for (int d = 0; d < out->n_mesh; d++)
      out->area[d] = mlirDenseI64ArrayGetElement(area, d);
  }
  MlirAttribute chain = ir_attr_of(op, "chain");
  if (!mlirAttributeIsNull(chain)) {
    if (!mlirAttributeIsADenseBoolArray(chain) || mlirDenseArrayGetNumElements(chain) != out->n_mesh)
      return false;
    for (int d = 0; d < out->n_mesh; d++)
      out->chain[d] = mlirDenseBoolArrayGetElement(chain, d);
  }
  if (!ir_segment(op, SEG_AREA, &first, &n) || n != 0)
    return false;
  return out->src_space && out->dst_space && read_corner(op, SEG_UL, out->n_mesh, out->ul) && read_corner(op, SEG_LR, out->n_mesh, out->lr);
}

MlirOperation dialect_build_copy(ir_builder *b, const dialect_copy *c) {
  MlirValue operands[2 + 2 * DIALECT_MESH_MAX] = {c->src, c->dst};
  intptr_t n = 2;
  bool has_region = c->n_mesh > 0 && !mlirValueIsNull(c->ul[0]);
  int corner = has_region ? c->n_mesh : 0;
  for (int d = 0; d < corner; d++) {
    operands[2 + d] = c->ul[d];
    operands[2 + corner + d] = c->lr[d];
  }
  n += 2 * corner;
  int32_t segments[SEG_COUNT] = {1, 1, 0, corner, corner};
  ir_ctx *ir = b->ir;
  int chain[DIALECT_MESH_MAX];
  bool has_chain = false;
  for (int d = 0; d < c->n_mesh; d++)
    has_chain |= chain[d] = c->chain[d];
  const ir_named attrs[] = {{"operandSegmentSizes", mlirDenseI32ArrayGet(ir->mlir, SEG_COUNT, segments)},
                            {"src_mem_space", ir_symbol_attr(ir, c->src_space)},
                            {"dst_mem_space", ir_symbol_attr(ir, c->dst_space)},
                            {"static_area", mlirDenseI64ArrayGet(ir->mlir, c->n_mesh, c->area)},
                            {"chain", mlirDenseBoolArrayGet(ir->mlir, c->n_mesh, chain)}};
  return ir_build(b, "loom.copy", 0, NULL, n, operands, c->n_mesh ? 4 + has_chain : 3, attrs, 0, NULL);
}

/* ---- loom.gather ---- */

bool dialect_read_gather(MlirOperation op, dialect_gather *out) {
  *out = (dialect_gather){.value = ir_operand(op, 0), .slot = ir_operand(op, 1), .place = ir_operand(op, 2)};
  MlirAttribute area = ir_attr_of(op, "static_area");
  if (!ir_op_is(op, "loom.gather") || mlirOperationGetNumResults(op) != 0 || mlirAttributeIsNull(area) || !mlirAttributeIsADenseI64Array(area) ||
      mlirDenseArrayGetNumElements(area) > DIALECT_MESH_MAX)
    return false;
  out->n_mesh = (int)mlirDenseArrayGetNumElements(area);
  if (ir_num_operands(op) != 3 + 2 * out->n_mesh)
    return false;
  for (int d = 0; d < out->n_mesh; d++) {
    out->area[d] = mlirDenseI64ArrayGetElement(area, d);
    out->ul[d] = ir_operand(op, 3 + d);
    out->lr[d] = ir_operand(op, 3 + out->n_mesh + d);
  }
  return true;
}

MlirOperation dialect_build_gather(ir_builder *b, const dialect_gather *g) {
  MlirValue operands[3 + 2 * DIALECT_MESH_MAX] = {g->value, g->slot, g->place};
  for (int d = 0; d < g->n_mesh; d++) {
    operands[3 + d] = g->ul[d];
    operands[3 + g->n_mesh + d] = g->lr[d];
  }
  const ir_named attrs[] = {{"static_area", mlirDenseI64ArrayGet(b->ir->mlir, g->n_mesh, g->area)}};
  return ir_build(b, "loom.gather", 0, NULL, 3 + 2 * g->n_mesh, operands, 1, attrs, 0, NULL);
}

/* ---- loom.lookup ---- */

bool dialect_read_lookup(MlirOperation op, dialect_lookup *out) {
  int64_t dim;
  *out = (dialect_lookup){0};
  if (mlirOperationIsNull(op) || !ir_op_is(op, "loom.lookup") || !ir_attr_int(ir_attr_of(op, "dim"), &dim))
    return false;
  *out = (dialect_lookup){.table = ir_operand(op, 0), .index = ir_operand(op, 1), .dim = (int)dim};
  MlirType table = mlirValueGetType(out->table);
  if (dim < 0 || dim >= mlirShapedTypeGetRank(table))
    return false;
  out->rows = mlirShapedTypeGetDimSize(table, dim);
  return true;
}

MlirValue dialect_build_lookup(ir_builder *b, const dialect_lookup *l, MlirType view) {
  MlirValue operands[] = {l->table, l->index};
  const ir_named attrs[] = {{"dim", ir_int_attr(b->ir, l->dim)}};
  return ir_build1(b, "loom.lookup", view, 2, operands, 1, attrs);
}

static int64_t int_or_absent(MlirOperation op, const char *name) {
  int64_t v;
  return ir_attr_int(ir_attr_of(op, name), &v) ? v : -1;
}

bool dialect_read_alloc(arena *mem, MlirOperation op, dialect_alloc *out) {
  *out = (dialect_alloc){.offset = -1, .buffer_count = -1, .alignment = -1};
  if (!ir_op_is(op, "loom.alloc") || ir_num_operands(op) != 0)
    return false;
  out->type = mlirValueGetType(ir_result(op, 0));
  out->memory = ir_attr_string(mem, ir_attr_of(op, "memory"));
  out->name = ir_attr_string(mem, ir_attr_of(op, "loom.name"));
  out->offset = int_or_absent(op, "offset");
  out->buffer_count = int_or_absent(op, "buffer_count");
  out->alignment = int_or_absent(op, "alignment");
  return out->memory && mlirShapedTypeHasStaticShape(out->type);
}

MlirOperation dialect_build_alloc(ir_builder *b, const dialect_alloc *a) {
  ir_ctx *ir = b->ir;
  int64_t shape[DIALECT_RANK_MAX];
  int64_t rank = mlirTypeIsNull(a->type) ? 0 : mlirShapedTypeGetRank(a->type);
  for (int64_t d = 0; d < rank && d < DIALECT_RANK_MAX; d++)
    shape[d] = mlirShapedTypeGetDimSize(a->type, d);
  ir_named attrs[6] = {{"static_sizes", mlirDenseI64ArrayGet(ir->mlir, rank, shape)}, {"memory", ir_symbol_attr(ir, a->memory)}};
  intptr_t n = 2;
  if (a->name)
    attrs[n++] = (ir_named){"loom.name", ir_str_attr(ir, a->name)};
  if (a->offset >= 0)
    attrs[n++] = (ir_named){"offset", ir_int_attr(ir, a->offset)};
  if (a->buffer_count >= 0)
    attrs[n++] = (ir_named){"buffer_count", ir_int_attr(ir, a->buffer_count)};
  if (a->alignment >= 0)
    attrs[n++] = (ir_named){"alignment", ir_int_attr(ir, a->alignment)};
  return ir_build(b, "loom.alloc", 1, &a->type, 0, NULL, n, attrs, 0, NULL);
}

MlirOperation dialect_build_take(ir_builder *b, MlirValue alloc) {
  MlirType type = mlirValueIsNull(alloc) ? (MlirType){NULL} : mlirValueGetType(alloc);
  return ir_build(b, "loom.semaphore_take", 1, &type, 1, &alloc, 0, NULL, 0, NULL);
}

MlirOperation dialect_build_give(ir_builder *b, MlirValue slot) {
  return ir_build(b, "loom.semaphore_give", 0, NULL, 1, &slot, 0, NULL, 0, NULL);
}

MlirAttribute dialect_iter_type(ir_ctx *ir, const char *kind) {
  return ir_attr(ir, arena_printf(&ir->ctx->mem, "#loom.iter_type<\"%s\">", kind));
}

const char *dialect_sym_name(arena *mem, MlirOperation op) {
  return ir_op_is(op, "loom.sym") ? ir_attr_string(mem, ir_attr_of(op, "symbol_ref")) : NULL;
}
