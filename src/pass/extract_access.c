/* Which part of which argument a load or store touches. */
#include "pass/extract_private.h"

/* Does `e` equal it_<block> * <block> for a loop of the nest? */
static int loop_step(const extract *x, const sym_expr *e) {
  if (e->op != SYM_MUL || e->arg[0]->op != SYM_SYM || e->arg[1]->op != SYM_SYM)
    return -1;
  for (size_t l = 0; l < x->nest->loops.n; l++) {
    const char *block = x->nest->loops.at[l].block, *iterator = nest_iterator_name(x->mem, x->nest, (int)l);
    for (int s = 0; s < 2; s++)
      if (text_eq(e->arg[s]->name, iterator) && text_eq(e->arg[1 - s]->name, block))
        return (int)l;
  }
  return -1;
}

/* Takes the first term it_<block> * <block> out of a sum; the rest is returned.  *loop stays -1 when there is none. */
static const sym_expr *take_step(const extract *x, const sym_expr *e, int *loop) {
  if (*loop >= 0)
    return e;
  int l = loop_step(x, e);
  if (l >= 0) {
    *loop = l;
    return sym_const(x->mem, 0);
  }
  if (e->op != SYM_ADD)
    return e;
  const sym_expr *left = take_step(x, e->arg[0], loop);
  return sym_add(x->mem, left, take_step(x, e->arg[1], loop));
}

static int tensor_of(const extract *x, MlirValue memref) {
  if (!mlirValueIsABlockArgument(memref) || !mlirBlockEqual(mlirBlockArgumentGetOwner(memref), ir_body(x->func)))
    return -1;
  return (int)mlirBlockArgumentGetArgNumber(memref);
}

static loom_status whole_access(extract *x, nest_node *node) {
  const nest_tensor *t = &x->nest->tensors.at[node->tensor];
  node->n_dims = t->rank;
  for (int d = 0; d < t->rank; d++)
    node->dim[d] = (nest_access_dim){.loop = -1, .offset = sym_const(x->mem, 0), .size = sym_const(x->mem, t->shape[d])};
  return LOOM_OK;
}

/* A subview that loses rank drops dims of size 1, the outer ones first. */
static void mark_dropped(MlirOperation subview, nest_node *node) {
  int64_t to_drop = node->n_dims - mlirShapedTypeGetRank(mlirValueGetType(ir_result(subview, 0)));
  for (int d = 0; d < node->n_dims && to_drop > 0; d++) {
    int64_t size;
    node->dim[d].dropped = sym_is_const(node->dim[d].size, &size) && size == 1;
    to_drop -= node->dim[d].dropped;
  }
}

loom_status extract_access(extract *x, MlirOperation at, MlirValue memref, nest_node *node) {
  MlirOperation view = ir_def(memref);
  while (!mlirOperationIsNull(view) && ir_op_is(view, "memref.cast")) {   /* what folding leaves of a subview of the whole argument */
    memref = ir_operand(view, 0);
    view = ir_def(memref);
  }
  node->tensor = tensor_of(x, memref);
  if (node->tensor >= 0)
    return whole_access(x, node);
  if (!ir_op_is(view, "memref.subview"))
    EXTRACT_UNSUP(x, mlirOperationIsNull(view) ? at : view, "a tile must be a memref.subview of an argument");
  node->tensor = tensor_of(x, ir_operand(view, 0));
  if (node->tensor < 0)
    EXTRACT_UNSUP(x, view, "a tile must be taken from an argument of the function");
  node->n_dims = x->nest->tensors.at[node->tensor].rank;
  for (int d = 0; d < node->n_dims; d++) {
    const sym_expr *offset, *stride;
    nest_access_dim *a = &node->dim[d];
    int64_t one;
    LOOM_TRY(extract_mixed(x, view, "static_offsets", 1, d, &offset));
    LOOM_TRY(extract_mixed(x, view, "static_sizes", 2, d, &a->size));
    LOOM_TRY(extract_mixed(x, view, "static_strides", 3, d, &stride));
    if (!sym_is_const(stride, &one) || one != 1)
      EXTRACT_UNSUP(x, view, "a strided tile is not supported; the stride of dimension %d must be 1", d);
    a->loop = -1;
    a->offset = take_step(x, offset, &a->loop);
  }
  mark_dropped(view, node);
  return LOOM_OK;
}
