/* Loads, stores and atomics of host tensors; hl.arange. */
#include "frontend/helion/helion_memory.h"
#include "frontend/helion/helion_bits.h"
#include "frontend/helion/helion_ops.h"
#include "frontend/helion/helion_view.h"

/* The mask of an access as a bool value; false: diagnosed. */
static bool mask_value(helion_reader *r, const syn_node *n, const helion_value *v, kernel_value *out) {
  *out = -1;
  if (v->kind == HELION_NONE)
    return true;
  if (!helion_as_value(r, n, v, DTYPE_BOOL, out))
    return false;
  *out = helion_cast(r, n, *out, DTYPE_BOOL);
  return true;
}

static bool fits_mask(helion_reader *r, const syn_node *n, kernel_value mask, const kernel_type *part) {
  kernel_type fit;
  if (mask < 0 || (helion_broadcast_shape(r, helion_type(r, mask), part, &fit) && helion_same_shape(r, &fit, part)))
    return true;
  helion_fail_shapes(r, n, "a mask and the part it is for", helion_type(r, mask), part);
  return false;
}

const char *helion_tensor_name(const helion_reader *r, kernel_tensor t) {
  while (r->graph->tensors.at[t].role == KERNEL_VIEW && !r->graph->tensors.at[t].name[0])
    t = r->graph->tensors.at[t].base;
  return r->graph->tensors.at[t].name;
}

/* ---- loads ---- */
helion_value helion_load(helion_reader *r, const syn_node *n, kernel_tensor tensor, const helion_value *index, kernel_value mask) {
  helion_part p;
  helion_value at = *index;
  if (!helion_view_steps(r, n, &tensor, &at) || !helion_make_part(r, n, &at, tensor, &mask, &p) || !fits_mask(r, n, mask, &p.shape))
    return helion_unknown();
  kernel_value v = helion_emit(r, n, KERNEL_LOAD, mask >= 0, &mask, &p.shape);
  helion_attach_part(r, helion_def(r, v), tensor, &p);
  return helion_device(v);
}

static bool host_tensor(helion_reader *r, const helion_call *c) {
  if (c->arg[0].kind == HELION_TENSOR)
    return true;
  helion_fail(r, c->node, c->arg[0].kind == HELION_SEQ ? LOOM_EUNSUP : LOOM_EINPUT, "only arguments and tensors made before the loops have memory", "%s of %s", c->fn->path,
              helion_describe(r, &c->arg[0]));
  return false;
}

helion_value helion_do_load(helion_reader *r, const helion_call *c) {
  kernel_value mask = -1;
  if (!helion_on_device(r, c->node, "hl.load") || !host_tensor(r, c) || (c->given[2] && !mask_value(r, c->node, &c->arg[2], &mask)))
    return helion_unknown();
  return helion_load(r, c->node, c->arg[0].tensor, &c->arg[1], mask);
}

helion_value helion_do_subscript(helion_reader *r, const helion_call *c) { return helion_subscript(r, c->node, c->arg[0], c->arg[1]); }

/* ---- stores ---- */
/* Leading dims of size 1 that the part does not have are dropped, as PyTorch does. */
static kernel_value squeeze_to(helion_reader *r, const syn_node *n, kernel_value v, int rank) {
  kernel_type t = *helion_type(r, v);
  int extra = t.rank - rank;
  for (int d = 0; d < extra; d++)
    if (!helion_is_one(r, t.dim[d]))
      return v;
  if (extra <= 0)
    return v;
  memmove(t.dim, t.dim + extra, (size_t)rank * sizeof *t.dim);
  t.rank = rank;
  return helion_emit(r, n, KERNEL_RESHAPE, 1, &v, &t);
}

/* `v` with the type of the tensor, broadcasting to the part; false: diagnosed. */
static bool stored_value(helion_reader *r, const syn_node *n, const char *name, const helion_value *v, const kernel_type *part, kernel_value *out) {
  kernel_type fit;
  if (v->kind == HELION_TILE && !v->tile.offset)
    return helion_fail(r, n, LOOM_EINPUT, "store its numbers: tile.index, tile.begin or tile.block_size", "a tile is stored to %s", name), false;
  if (v->kind == HELION_STR || v->kind == HELION_SEQ || v->kind == HELION_NONE || v->kind == HELION_DTYPE || v->kind == HELION_DICT || v->kind == HELION_FUNC)
    return helion_fail(r, n, LOOM_EINPUT, "store a device value or a number", "%s is stored to %s", helion_describe(r, v), name), false;
  if (!helion_as_value(r, n, v, part->type, out))
    return false;
  const kernel_type whole = *helion_type(r, *out);
  *out = squeeze_to(r, n, *out, part->rank);
  if (!helion_broadcast_shape(r, helion_type(r, *out), part, &fit) || !helion_same_shape(r, &fit, part)) {
    helion_fail(r, n, LOOM_EINPUT, "the value must have the shape of the part it is stored to",
                "a value of shape %s is stored to a part of shape %s of %s", helion_show_shape(r, &whole), helion_show_shape(r, part), name);
    return false;
  }
  *out = helion_broadcast(r, n, helion_cast(r, n, *out, part->type), part);
  return true;
}

void helion_store_part(helion_reader *r, const syn_node *n, kernel_tensor tensor, const helion_value *index, helion_value v, kernel_value mask) {
  helion_part p;
  kernel_value value;
  helion_value at = *index;
  if (v.kind == HELION_UNKNOWN || !helion_may_write(r, n, tensor) || !helion_view_steps(r, n, &tensor, &at) || !helion_make_part(r, n, &at, tensor, &mask, &p) || !fits_mask(r, n, mask, &p.shape) ||
      !stored_value(r, n, helion_tensor_name(r, tensor), &v, &p.shape, &value))
    return;
  kernel_op *op = kernel_add_op(r->mem, r->graph, r->region, KERNEL_STORE, mask >= 0 ? 2 : 1, (kernel_value[]){value, mask}, 0, NULL);
  op->span = n->span;
  helion_attach_part(r, op, tensor, &p);
}

/* x[:, -1] = 0 before or after the loops. */
static void store_on_host(helion_reader *r, const syn_node *n, kernel_tensor tensor, const helion_value *index, helion_value v) {
  kernel_region *outer = helion_enter_host(r);
  helion_lift(r, n, &v);
  helion_store_part(r, n, tensor, index, v, -1);
  helion_leave_host(r, outer);
}

void helion_store(helion_reader *r, const syn_node *n, helion_value base, helion_value index, helion_value v) {
  if (base.kind == HELION_UNKNOWN || index.kind == HELION_UNKNOWN || v.kind == HELION_UNKNOWN)
    return;
  if (base.kind == HELION_DICT || (base.kind == HELION_SEQ && base.seq.is_list))
    helion_fail(r, n, LOOM_EUNSUP, "build a new list or dict: items = [a, b]", "a store to %s", helion_describe(r, &base));
  else if (base.kind != HELION_TENSOR)
    helion_fail(r, n, LOOM_EINPUT, "only host tensors can be stored to; build a new value instead", "a store to %s", helion_describe(r, &base));
  else if (helion_in_loop(r))
    helion_store_part(r, n, base.tensor, &index, v, -1);
  else
    store_on_host(r, n, base.tensor, &index, v);
}

helion_value helion_do_store(helion_reader *r, const helion_call *c) {
  kernel_value mask = -1;
  if (helion_on_device(r, c->node, "hl.store") && host_tensor(r, c) && (!c->given[3] || mask_value(r, c->node, &c->arg[3], &mask)))
    helion_store_part(r, c->node, c->arg[0].tensor, &c->arg[1], c->arg[2], mask);
  return helion_none();
}

/* ---- atomics ---- */
static helion_value atomic(helion_reader *r, const helion_call *c, const helion_value *v, const helion_value *expected) {
  helion_part p;
  kernel_value operand[3] = {-1, -1, -1};
  helion_value at = c->arg[1];
  if (!helion_on_device(r, c->node, c->fn->path) || !host_tensor(r, c))
    return helion_unknown();
  kernel_tensor tensor = c->arg[0].tensor;
  if (!helion_may_write(r, c->node, tensor) || !helion_view_steps(r, c->node, &tensor, &at) || !helion_make_part(r, c->node, &at, tensor, &operand[1], &p))
    return helion_unknown();
  const char *name = helion_tensor_name(r, tensor);
  bool is_bitwise = c->fn->detail == KERNEL_FN_AND || c->fn->detail == KERNEL_FN_OR || c->fn->detail == KERNEL_FN_XOR;
  if (is_bitwise && dtype_is_float(p.shape.type))
    return helion_fail(r, c->node, LOOM_EINPUT, "use an integer or bool tensor", "%s of %s, which has type %s", c->fn->path, name, dtype_torch(p.shape.type));
  if (!stored_value(r, c->node, name, v, &p.shape, &operand[0]) || (expected && !stored_value(r, c->node, name, expected, &p.shape, &operand[2])))
    return helion_unknown();
  kernel_op *op = kernel_add_op(r->mem, r->graph, r->region, KERNEL_ATOMIC, expected ? 3 : 2, operand, 1, &p.shape);
  op->span = c->node->span;
  op->fn = (kernel_fn)c->fn->detail;
  helion_attach_part(r, op, tensor, &p);
  return helion_device(op->results[0]);
}

helion_value helion_do_atomic(helion_reader *r, const helion_call *c) { return atomic(r, c, &c->arg[2], NULL); }
helion_value helion_do_atomic_cas(helion_reader *r, const helion_call *c) { return atomic(r, c, &c->arg[3], &c->arg[2]); }

/* ---- hl.arange ---- */
/* A bound as a size: an int, or a 0-d integer of the running kernel. */
static bool arange_bound(helion_reader *r, const helion_call *c, const helion_value *v, const sym_expr **out) {
  const kernel_type *t = v->kind == HELION_DEVICE ? helion_type(r, v->device) : NULL;
  bool is_index = t && !t->rank && !dtype_is_float(t->type) && t->type != DTYPE_BOOL;
  if (v->kind != HELION_INT && !is_index)
    return helion_fail(r, c->node, LOOM_EINPUT, "bounds are ints and 0-d integers", "%s as a bound of %s", helion_describe(r, v), c->fn->path), false;
  *out = v->kind == HELION_INT ? v->size : helion_runtime_size(r, c->node, v->device);
  return true;
}

/* The step and the type of hl.arange and its kin. */
static bool arange_options(helion_reader *r, const helion_call *c, int64_t *step, dtype *type) {
  bool has_step = c->given[2] && c->arg[2].kind != HELION_NONE;
  *step = 1;
  return helion_on_device(r, c->node, c->fn->path) && (!has_step || helion_arg_int(r, c, 2, "the step", step)) && helion_arg_dtype(r, c, 3, c->fn->detail ? DTYPE_I64 : DTYPE_I32, type);
}

/* hl.arange(begin, begin + n): n numbers from a place that only the running kernel knows. */
static helion_value moving_arange(helion_reader *r, const helion_call *c, const helion_value *begin, const helion_value *end) {
  const sym_expr *from, *to;
  int64_t step, factor;
  dtype type;
  kernel_value first;
  if (!arange_options(r, c, &step, &type) || !arange_bound(r, c, begin, &from) || !arange_bound(r, c, end, &to))
    return helion_unknown();
  const sym_expr *span = sym_sub(r->mem, to, from);
  for (int a = 0; to->op == SYM_ADD && a < 2; a++)
    if (sym_equal(to->arg[a], from))
      span = to->arg[1 - a];
  if (step < 1 || helion_upper_bound(r, span) != span)
    return helion_fail(r, c->node, LOOM_EUNSUP, "the length has to be known: hl.arange(begin, begin + n)", "%s over %s numbers", c->fn->path, helion_show_size(r, span));
  const sym_expr *count = step == 1 ? span : sym_ceildiv(r->mem, span, sym_const(r->mem, step));
  for (int a = 0; span->op == SYM_MUL && step > 1 && a < 2; a++)
    if (sym_is_const(span->arg[a], &factor) && factor == step)
      count = span->arg[1 - a];
  kernel_type t = {.type = type, .rank = 1, .dim = {helion_device_dim(r, count)}};
  kernel_value v = helion_emit(r, c->node, KERNEL_IOTA, 0, NULL, &t);
  helion_def(r, v)->ivalue = step;
  if (!helion_as_value(r, c->node, begin, type, &first))
    return helion_unknown();
  return helion_device(helion_fn2(r, c->node, KERNEL_FN_ADD, v, helion_cast(r, c->node, first, type)));
}

helion_value helion_do_arange(helion_reader *r, const helion_call *c) {
  bool has_begin = c->given[1] && c->arg[1].kind != HELION_NONE;
  const helion_value *begin = &c->arg[0], *end = has_begin ? &c->arg[1] : &c->arg[0];
  int64_t step, low = 0;
  dtype type;
  if (has_begin && (begin->kind == HELION_DEVICE || end->kind == HELION_DEVICE))
    return moving_arange(r, c, begin, end);
  if (!arange_options(r, c, &step, &type) || (has_begin && !helion_arg_int(r, c, 0, "the first number", &low)))
    return helion_unknown();
  if ((end->kind != HELION_INT && end->kind != HELION_TILE) || step < 1)
    return helion_fail(r, c->node, LOOM_EINPUT, "hl.arange(n) of an int or a block size, counting up", "hl.arange up to %s", helion_describe(r, end));
  const sym_expr *n = end->kind == HELION_TILE ? helion_nominal(r, end->tile.block) : end->size;
  if (low || step != 1)
    n = sym_ceildiv(r->mem, sym_sub(r->mem, n, sym_const(r->mem, low)), sym_const(r->mem, step));
  kernel_type t = {.type = type, .rank = 1, .dim = {helion_device_dim(r, n)}};
  kernel_value v = helion_emit(r, c->node, KERNEL_IOTA, 0, NULL, &t);
  helion_def(r, v)->fvalue = (double)low;
  helion_def(r, v)->ivalue = step;
  return helion_device(v);
}
