/* Loads and stores: the part of an argument a tile covers, and the copy with the cores that share it. */
#include "materialize/mat_private.h"
#include <string.h>

const plan_access *mat_plan_access(const mat *m, const nest_node *node) {
  for (size_t i = 0; i < m->n_accesses; i++)
    if (m->access[i] == node)
      return &m->plan->candidate.access[i];
  return NULL;
}

/* Coordinate of the core in mesh dim d: sum of its levels times their strides (level 0 fastest).  Spanned levels are put at 0 or at their end. */
MlirValue mat_coordinate(mat *m, int d, unsigned spanned, bool at_end) {
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
  const plan_access *a = mat_plan_access(m, node);
  c->n_mesh = m->plan->candidate.mapping.n_mesh;
  for (int d = 0; d < c->n_mesh; d++) {
    LOOM_TRY(check_area(m, a, d));
    c->area[d] = a->area[d];
    c->ul[d] = mat_coordinate(m, d, a->levels[d], false);
    c->lr[d] = mat_coordinate(m, d, a->levels[d], true);
    c->chain[d] = a->area[d] > 1 && a->move[d] == PLAN_CHAIN;
  }
  return LOOM_OK;
}

static loom_status build_copy(mat *m, dialect_copy *c) { return mlirOperationIsNull(dialect_build_copy(&m->b, c)) ? LOOM_EBUG : LOOM_OK; }

loom_status mat_copy_local(mat *m, MlirValue from, MlirValue to) {
  dialect_copy c = {.src = from, .dst = to, .src_space = "mem_L1", .dst_space = "mem_L1", .n_mesh = m->plan->candidate.mapping.n_mesh};
  for (int d = 0; d < c.n_mesh; d++)
    c.area[d] = 1;
  return build_copy(m, &c);
}

loom_status mat_load_tile(mat *m, const nest_node *node) {
  dialect_copy c = {.src_space = "mem_DRAM", .dst_space = "mem_L1"};
  LOOM_TRY(mat_dram_view(m, node, &c.src));
  LOOM_TRY(mat_view(m, node->value, &c.dst));
  LOOM_TRY(set_region(m, node, &c));
  return build_copy(m, &c);
}

loom_status mat_load(mat *m, const nest_node *node) {
  m->at = ir_span(m->ir, mat_op_of(m, node));
  LOOM_TRY(mat_take_value(m, node->value));
  return mat_fill_slot(m, node);
}

static loom_status fill_handoff(mat *m, const nest_node *node, const plan_buffer *handoff, MlirValue *out_slot, MlirValue *out_view) {
  MlirValue from;
  LOOM_TRY(mat_view(m, node->value, &from));
  LOOM_TRY(mat_take(m, handoff, out_slot));
  mat_slot kept = m->slot[node->value], bare = {.buffer = handoff};
  memset(bare.along, 0xFF, sizeof bare.along);
  m->slot[node->value] = bare;
  loom_status st = mat_view_of(m, node->value, *out_slot, out_view);
  m->slot[node->value] = kept;
  LOOM_TRY(st);
  if (handoff->type != kept.buffer->type)
    return mat_convert(m, from, *out_view);
  return mat_copy_local(m, from, *out_view);
}

/* 0 on cores that store what is theirs.  Surplus cores have no block of some loop: where their tile has elements all the same they must not store it.
 * Null: there are none. */
static loom_status beyond_blocks(mat *m, const nest_node *node, MlirValue *out) {
  const nest_value *v = &m->nest->values.at[node->value];
  *out = (MlirValue){NULL};
  for (int i = 0; i < m->nest->n_parallel; i++) {
    mat_share s;
    bool is_empty = node->only_first == i;      /* the first core has a block */
    for (int d = 0; d < v->rank; d++)
      is_empty = is_empty || sym_depends(v->dim[d], m->nest->loops.at[i].block);
    if (is_empty || !mat_has_surplus(m, i))
      continue;
    MlirValue beyond;
    LOOM_TRY(mat_share_of(m, i, &s));
    LOOM_TRY(mat_index(m, sym_floordiv(m->mem, mat_number_of(m, i), sym_const(m->mem, s.blocks)), &beyond));
    *out = MAT_NULL(*out) ? beyond : mat_binary(m, "arith.addi", *out, beyond);
  }
  return LOOM_OK;
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
  MlirValue beyond;
  ir_builder outside = m->b;
  LOOM_TRY(beyond_blocks(m, node, &beyond));
  if (!MAT_NULL(beyond))
    LOOM_TRY(mat_open_if(m, beyond, &outside));
  LOOM_TRY(mat_dram_view(m, node, &c.dst));
  LOOM_TRY(set_region(m, node, &c));
  LOOM_TRY(build_copy(m, &c));
  m->b = MAT_NULL(beyond) ? m->b : outside;
  if (handoff)
    dialect_build_give(&m->b, slot);
  return LOOM_OK;
}

/* Every core of the line sends its tile to the first one, to the place that its iterator says. */
loom_status mat_gather(mat *m, const nest_node *node) {
  const plan_mapping *p = &m->plan->candidate.mapping;
  int from = node->inputs.at[0];
  dialect_gather g = {.n_mesh = p->n_mesh};
  LOOM_TRY(mat_take_value(m, node->value));
  g.value = m->slot[from].slot;
  g.slot = m->slot[node->value].slot;
  LOOM_TRY(mat_index(m, mat_number_of(m, node->across), &g.place));
  for (int d = 0; d < p->n_mesh; d++) {
    unsigned across = 0;
    g.area[d] = 1;
    for (int l = 0; l < p->n_logical; l++)
      if (p->logical[l].mesh_dim == d && p->logical[l].iter == node->across) {
        across |= 1u << p->logical[l].level;
        g.area[d] *= p->logical[l].size;
      }
    g.ul[d] = mat_coordinate(m, d, across, false);
    g.lr[d] = mat_coordinate(m, d, across, true);
  }
  return mlirOperationIsNull(dialect_build_gather(&m->b, &g)) ? LOOM_EBUG : LOOM_OK;
}
