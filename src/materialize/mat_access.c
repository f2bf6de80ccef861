/* Loads and stores: the part of an argument a tile covers, and the copy with the cores that share it. */
#include "materialize/mat_private.h"

static const plan_access *plan_access_of(const mat *m, const nest_node *node) {
  for (size_t i = 0; i < m->n_accesses; i++)
    if (m->access[i] == node)
      return &m->plan->candidate.access[i];
  return NULL;
}

/* The tile must lie inside the argument: its last block is cut at the loop's extent, not at the argument's. */
static loom_status check_inside(mat *m, const nest_tensor *t, int d, const nest_access_dim *a, const sym_expr *offset) {
  int64_t start, size, extent;
  const sym_expr *rest = mat_fold(m, a->offset);
  bool moves = a->loop >= 0;
  const nest_loop *l = moves ? &m->nest->loops.at[a->loop] : NULL;
  if (moves && a->size->op == SYM_SYM && text_eq(a->size->name, l->block)) {
    /* ends at the loop's extent */
    if (sym_is_const(mat_fold(m, l->extent), &extent) && mat_max(m, rest, &start) && start + extent <= t->shape[d])
      return LOOM_OK;
  } else if (mat_max(m, offset, &start) && sym_is_const(mat_fold(m, a->size), &size) && start + size <= t->shape[d]) {
    return LOOM_OK;
  }
  LOOM_FAIL(m->ctx, m->at, LOOM_EUNSUP, "dimension %d of a tile of '%s' may reach beyond the argument: it starts at %s", d, t->name,
            sym_str(m->mem, offset));
}

typedef struct dram_view { int64_t sizes[DIALECT_RANK_MAX], strides[DIALECT_RANK_MAX]; int rank, n_dynamic; MlirValue dynamic[DIALECT_RANK_MAX]; } dram_view;

static MlirType cast_type(mat *m, const nest_tensor *t, const dram_view *v) {
  text s = text_new(m->mem);
  text_add(&s, "memref<");
  for (int d = 0; d < v->rank; d++)
    text_addf(&s, v->sizes[d] == mlirShapedTypeGetDynamicSize() ? "?x" : "%" PRId64 "x", v->sizes[d]);
  text_addf(&s, "%s, strided<[", ir_print_type(m->mem, ir_dtype(m->ir, t->type)));
  for (int d = 0; d < v->rank; d++)
    text_addf(&s, "%s%" PRId64, d ? ", " : "", v->strides[d]);
  text_add(&s, "], offset: ?>>");
  return ir_type(m->ir, text_str(&s));
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

static loom_status build_view(mat *m, const nest_node *node, MlirValue *out) {
  const nest_tensor *t = &m->nest->tensors.at[node->tensor];
  dram_view v = {0};
  MlirValue offsets[DIALECT_RANK_MAX];
  int64_t stride[DIALECT_RANK_MAX + 1] = {0};
  stride[t->rank] = 1;
  for (int d = t->rank - 1; d >= 0; d--)
    stride[d] = stride[d + 1] * t->shape[d];
  for (int d = 0; d < t->rank; d++) {
    const nest_access_dim *a = &node->dim[d];
    const sym_expr *offset = a->offset;
    if (a->loop >= 0) {
      const char *iterator = nest_iterator_name(m->mem, m->nest, a->loop), *block = m->nest->loops.at[a->loop].block;
      offset = sym_add(m->mem, sym_mul(m->mem, sym_name(m->mem, iterator), sym_name(m->mem, block)), offset);
    }
    LOOM_TRY(check_inside(m, t, d, a, offset));
    LOOM_TRY(mat_index(m, offset, &offsets[d]));
    if (a->dropped)
      continue;
    MlirValue size;
    LOOM_TRY(mat_size(m, a->size, &v.sizes[v.rank], &size));
    if (!MAT_NULL(size)) {
      v.sizes[v.rank] = mlirShapedTypeGetDynamicSize();
      v.dynamic[v.n_dynamic++] = size;
    }
    v.strides[v.rank++] = stride[d + 1];
  }
  MlirValue operands[2 + DIALECT_RANK_MAX] = {mlirBlockGetArgument(m->args, t->arg), linear_offset(m, t, offsets)};
  for (int i = 0; i < v.n_dynamic; i++)
    operands[2 + i] = v.dynamic[i];
  int32_t segments[] = {1, 1, v.n_dynamic, 0};
  int64_t dynamic = mlirShapedTypeGetDynamicSize();
  MlirContext c = m->ir->mlir;
  const ir_named attrs[] = {{"operandSegmentSizes", mlirDenseI32ArrayGet(c, 4, segments)},
                            {"static_offsets", mlirDenseI64ArrayGet(c, 1, &dynamic)},
                            {"static_sizes", mlirDenseI64ArrayGet(c, v.rank, v.sizes)},
                            {"static_strides", mlirDenseI64ArrayGet(c, v.rank, v.strides)}};
  *out = ir_build1(&m->b, "memref.reinterpret_cast", cast_type(m, t, &v), 2 + v.n_dynamic, operands, 4, attrs);
  return MAT_NULL(*out) ? LOOM_EBUG : LOOM_OK;
}

/* Coordinate of the core in mesh dim d: sum of its levels times their strides (level 0 fastest).  Spanned levels are put at 0 or at their end. */
static MlirValue coordinate(mat *m, int d, unsigned spanned, bool at_end) {
  const plan_mapping *p = &m->plan->candidate.mapping;
  int64_t stride = 1, constant = 0;
  MlirValue sum = {NULL};
  for (int level = 0; level < PLAN_LOGICAL_MAX; level++)
    for (int l = 0; l < p->n_logical; l++) {
      const plan_logical *x = &p->logical[l];
      if (x->mesh_dim != d || x->level != level)
        continue;
      if (spanned >> level & 1) {
        constant += at_end ? (x->size - 1) * stride : 0;
      } else if (!MAT_NULL(m->level[l].iv)) {
        MlirValue term = stride == 1 ? m->level[l].iv : mat_binary(m, "arith.muli", m->level[l].iv, ir_index_const(&m->b, stride));
        sum = MAT_NULL(sum) ? term : mat_binary(m, "arith.addi", sum, term);
      }
      stride *= x->size;
    }
  if (MAT_NULL(sum))
    return ir_index_const(&m->b, constant);
  return constant ? mat_binary(m, "arith.addi", sum, ir_index_const(&m->b, constant)) : sum;
}

/* The product of the spanned levels is the area; a plan that says otherwise was edited wrongly. */
static loom_status check_area(mat *m, const plan_access *a, int d) {
  const plan_mapping *p = &m->plan->candidate.mapping;
  int64_t spanned = 1;
  for (int l = 0; l < p->n_logical; l++)
    if (p->logical[l].mesh_dim == d && (a->levels[d] >> p->logical[l].level & 1))
      spanned *= p->logical[l].size;
  if (spanned != a->area[d])
    LOOM_FAIL(m->ctx, LOOM_NOSPAN, LOOM_EINPUT, "the plan shares '%s' by %" PRId64 " cores along '%s', but its levels span %" PRId64, a->name,
              a->area[d], p->mesh_name[d], spanned);
  return LOOM_OK;
}

static loom_status set_region(mat *m, const nest_node *node, dialect_copy *c) {
  const plan_access *a = plan_access_of(m, node);
  c->n_mesh = m->plan->candidate.mapping.n_mesh;
  for (int d = 0; d < c->n_mesh; d++) {
    LOOM_TRY(check_area(m, a, d));
    c->area[d] = a->area[d];
    c->ul[d] = coordinate(m, d, a->levels[d], false);
    c->lr[d] = coordinate(m, d, a->levels[d], true);
  }
  return LOOM_OK;
}

static loom_status build_copy(mat *m, dialect_copy *c) { return mlirOperationIsNull(dialect_build_copy(&m->b, c)) ? LOOM_EBUG : LOOM_OK; }

loom_status mat_load(mat *m, const nest_node *node) {
  dialect_copy c = {.src_space = "mem_DRAM", .dst_space = "mem_L1"};
  LOOM_TRY(mat_take_value(m, node->value));
  LOOM_TRY(build_view(m, node, &c.src));
  LOOM_TRY(mat_view(m, node->value, &c.dst));
  LOOM_TRY(set_region(m, node, &c));
  return build_copy(m, &c);
}

static loom_status fill_handoff(mat *m, const nest_node *node, const plan_buffer *handoff, MlirValue *out_slot, MlirValue *out_view) {
  MlirValue from;
  LOOM_TRY(mat_view(m, node->value, &from));
  LOOM_TRY(mat_take(m, handoff, out_slot));
  mat_slot kept = m->slot[node->value];
  m->slot[node->value].buffer = handoff;
  loom_status st = mat_view_of(m, node->value, *out_slot, out_view);
  m->slot[node->value].buffer = kept.buffer;
  LOOM_TRY(st);
  if (handoff->type != kept.buffer->type)
    return mat_convert(m, from, *out_view);
  dialect_copy c = {.src = from, .dst = *out_view, .src_space = "mem_L1", .dst_space = "mem_L1", .n_mesh = m->plan->candidate.mapping.n_mesh};
  for (int d = 0; d < c.n_mesh; d++)
    c.area[d] = 1;
  return build_copy(m, &c);
}

loom_status mat_store(mat *m, const nest_node *node, bool is_last) {
  const nest_tensor *t = &m->nest->tensors.at[node->tensor];
  const plan_buffer *handoff = mat_handoff(m, node);
  dialect_copy c = {.src_space = "mem_L1", .dst_space = "mem_DRAM"};
  MlirValue slot = {NULL};
  if (handoff)
    LOOM_TRY(fill_handoff(m, node, handoff, &slot, &c.src));
  else
    LOOM_TRY(mat_view(m, node->value, &c.src));
  dtype type = handoff ? handoff->type : m->slot[node->value].buffer->type;
  if (type != t->type)
    LOOM_FAIL(m->ctx, LOOM_NOSPAN, LOOM_EINPUT, "the plan's buffer '%s' is %s, but '%s' is %s",
              handoff ? handoff->name : m->slot[node->value].buffer->name, dtype_mlir(type), t->name, dtype_mlir(t->type));
  if (handoff && is_last)
    mat_give_value(m, node->value);
  LOOM_TRY(build_view(m, node, &c.dst));
  LOOM_TRY(set_region(m, node, &c));
  LOOM_TRY(build_copy(m, &c));
  if (handoff)
    dialect_build_give(&m->b, slot);
  return LOOM_OK;
}
