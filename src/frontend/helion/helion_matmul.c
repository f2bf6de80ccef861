/* Contractions: @, matmul, mm, bmm, addmm, baddbmm, hl.dot. */
#include "frontend/helion/helion_device.h"

/* Size of the host dimension that axis `axis` of a loaded value covers; NULL when the value was not loaded, or the axis is new or an index tensor's. */
static const sym_expr *loaded_size(const helion_reader *r, kernel_value v, int axis) {
  const kernel_op *load = helion_def(r, v);
  if (!load || load->kind != KERNEL_LOAD)
    return NULL;
  bool gathered[KERNEL_RANK_MAX + 1] = {false};
  for (int i = 0; i < load->n_index; i++)
    for (int d = 0; load->index[i].kind == KERNEL_INDEX_TENSOR && d < load->index[i].rank; d++)
      gathered[load->index[i].dim + d] = true;
  int dim = 0, out = 0;
  for (int i = 0; i < load->n_index; i++) {
    kernel_index_kind kind = load->index[i].kind;
    bool keeps = kind != KERNEL_INDEX_SCALAR && kind != KERNEL_INDEX_TENSOR;
    while (keeps && gathered[out])
      out++;
    if (keeps && out++ == axis)
      return kind == KERNEL_INDEX_TILE || kind == KERNEL_INDEX_ALL ? r->graph->tensors.at[load->tensor].shape.dim[dim] : NULL;
    dim += kind != KERNEL_INDEX_NEW;
  }
  return NULL;
}

static helion_value fail_contraction(helion_reader *r, const syn_node *n, kernel_value a, kernel_value b) {
  const kernel_type *ta = helion_type(r, a), *tb = helion_type(r, b);
  const char *from = "";
  const kernel_op *la = helion_def(r, a), *lb = helion_def(r, b);
  if (la && lb && la->kind == KERNEL_LOAD && lb->kind == KERNEL_LOAD) {
    const kernel_tensor_info *x = &r->graph->tensors.at[la->tensor], *y = &r->graph->tensors.at[lb->tensor];
    from = arena_printf(r->mem, " (parts of %s %s and %s %s)", x->name, helion_show_shape(r, &x->shape), y->name,
                        helion_show_shape(r, &y->shape));
  }
  return helion_fail(r, n, LOOM_EINPUT, "the last dimension of the left matrix and the last but one of the right matrix must be equal",
                     "shapes %s and %s cannot be multiplied%s", helion_show_shape(r, ta), helion_show_shape(r, tb), from);
}

static bool check_contraction(helion_reader *r, const syn_node *n, kernel_value a, kernel_value b) {
  const kernel_type *ta = helion_type(r, a), *tb = helion_type(r, b);
  if (ta->rank < 2 || ta->rank != tb->rank) {
    helion_fail(r, n, ta->rank < 2 && ta->rank == tb->rank ? LOOM_EUNSUP : LOOM_EINPUT, "both operands need the same rank, 2 or more",
                "a product of shapes %s and %s", helion_show_shape(r, ta), helion_show_shape(r, tb));
    return false;
  }
  const sym_expr *ka = loaded_size(r, a, ta->rank - 1), *kb = loaded_size(r, b, tb->rank - 2);
  if (helion_same_size(r, ta->dim[ta->rank - 1], tb->dim[tb->rank - 2]) && (!ka || !kb || helion_same_size(r, ka, kb)))
    return true;
  fail_contraction(r, n, a, b);
  return false;
}

/* Batch dimensions broadcast; then m of a and n of b. */
static bool result_shape(helion_reader *r, kernel_value a, kernel_value b, kernel_type *out) {
  kernel_type ba = *helion_type(r, a), bb = *helion_type(r, b);
  const sym_expr *m = ba.dim[ba.rank - 2], *n = bb.dim[bb.rank - 1];
  ba.rank -= 2;
  bb.rank -= 2;
  if (!helion_broadcast_shape(r, &ba, &bb, out))
    return false;
  out->dim[out->rank++] = m;
  out->dim[out->rank++] = n;
  return true;
}

/* `v` with the batch dimensions of `product`. */
static kernel_value broadcast_batch(helion_reader *r, const syn_node *n, kernel_value v, const kernel_type *product) {
  kernel_type t = *helion_type(r, v);
  for (int i = 0; i + 2 < t.rank; i++)
    t.dim[i] = product->dim[i];
  return helion_broadcast(r, n, v, &t);
}

/* No type holds the other's values: ints and floats, the two half floats. */
static bool is_other_kind(dtype operands, dtype out) {
  return dtype_is_float(operands) != dtype_is_float(out) || (operands != out && dtype_is_float(out) && dtype_promote(operands, out) != operands && dtype_promote(operands, out) != out);
}

/* Operands of one kind into a result of another: the product has a wide type of its own kind and is converted. */
static helion_value product_of_other_kind(helion_reader *r, const syn_node *n, const kernel_value *operands, const kernel_type *shape,
                                          const helion_value *acc, dtype out) {
  kernel_type t = *shape;
  t.type = dtype_is_float(helion_type(r, operands[0])->type) ? DTYPE_F32 : DTYPE_I32;
  kernel_value product = helion_cast(r, n, helion_emit(r, n, KERNEL_MATMUL, 2, operands, &t), out);
  return acc ? helion_apply2(r, n, KERNEL_FN_ADD, *acc, helion_device(product)) : helion_device(product);
}

helion_value helion_matmul(helion_reader *r, const syn_node *n, helion_value a, helion_value b, const helion_value *acc, dtype out) {
  kernel_value operands[3];
  kernel_type type, with_acc;
  if (!helion_on_device(r, n, "a matrix product"))
    return helion_unknown();
  if (!helion_as_value(r, n, &a, out, &operands[0]) || !helion_as_value(r, n, &b, out, &operands[1]))
    return helion_unknown();
  if (!check_contraction(r, n, operands[0], operands[1]))
    return helion_unknown();
  if (!result_shape(r, operands[0], operands[1], &type))
    return fail_contraction(r, n, operands[0], operands[1]);
  for (int i = 0; i < 2; i++)   /* lanes that hold nothing add nothing */
    operands[i] = helion_mask_to(r, n, operands[i], 0);
  dtype common = dtype_promote(helion_type(r, operands[0])->type, helion_type(r, operands[1])->type);
  for (int i = 0; i < 2; i++)
    operands[i] = helion_cast(r, n, broadcast_batch(r, n, operands[i], &type), common);
  if (is_other_kind(common, out))
    return product_of_other_kind(r, n, operands, &type, acc, out);
  type.type = out;
  if (acc) {
    if (!helion_as_value(r, n, acc, out, &operands[2]))
      return helion_unknown();
    if (!helion_broadcast_shape(r, helion_type(r, operands[2]), &type, &with_acc) || !helion_same_shape(r, &with_acc, &type))
      return helion_fail_shapes(r, n, "the accumulator and the product", helion_type(r, operands[2]), &type);
    operands[2] = helion_broadcast(r, n, helion_cast(r, n, operands[2], out), &type);
  }
  return helion_device(helion_emit(r, n, KERNEL_MATMUL, acc ? 3 : 2, operands, &type));
}

/* The expression that made the product stands in `n` itself, so nothing else can refer to it. */
static const syn_node *added_expression(const syn_node *n, loom_span product) {
  static const char *const sides[] = {"left", "right", "value"};
  for (size_t i = 0; i < sizeof sides / sizeof *sides; i++) {
    const syn_node *side = syn_child(n, sides[i]);
    if (side && (side->kind == SYN_BinOp || side->kind == SYN_Call) && side->span.line == product.line && side->span.col == product.col)
      return side;
  }
  return NULL;
}

bool helion_fuse_accumulate(helion_reader *r, const syn_node *n, const helion_value *acc, const helion_value *product, dtype out,
                            helion_value *result) {
  kernel_type sum;
  if (acc->kind != HELION_DEVICE || product->kind != HELION_DEVICE || !r->region->ops.n)
    return false;
  kernel_op *last = r->region->ops.at[r->region->ops.n - 1];
  bool is_fresh = helion_def(r, product->device) == last && last->kind == KERNEL_MATMUL && last->n_operands == 2 &&
                  added_expression(n, last->span);
  if (!is_fresh || !dtype_is_float(out) || !helion_broadcast_shape(r, helion_type(r, acc->device), helion_type(r, product->device), &sum) ||
      !helion_same_shape(r, &sum, helion_type(r, product->device)))
    return false;
  r->region->ops.n--;   /* the product alone is not needed */
  r->graph->values.n -= (size_t)last->n_results;
  *result = helion_matmul(r, n, helion_device(last->operands[0]), helion_device(last->operands[1]), acc, out);
  return true;
}
