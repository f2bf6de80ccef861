/* Loops that put elements into a tensor one by one (scf.for around tensor.insert): a kernel for the elements where they are computed, one for the rows where they go
 * (net_gather.c), two that let the last of those that go to one place be all of them, and one that stores them there. */
#include "network/net_private.h"

/* scf.if that puts an element, else hands on what is. */
static bool is_guarded(MlirOperation op, MlirValue so_far) {
  if (mlirOperationIsNull(op) || !ir_op_is(op, "scf.if") || mlirOperationGetNumResults(op) != 1 || mlirBlockIsNull(mlirRegionGetFirstBlock(ir_region(op, 1))))
    return false;
  MlirBlock other = mlirRegionGetFirstBlock(ir_region(op, 1));
  return mlirOperationEqual(mlirBlockGetFirstOperation(other), mlirBlockGetTerminator(other)) && mlirValueEqual(ir_operand(mlirBlockGetTerminator(other), 0), so_far);
}

/* The nest of loops: its indices are those of the operation. */
static bool read_nest(net_reader *r, MlirOperation outer, net_op *op, MlirOperation *insert, MlirValue *guard) {
  MlirOperation loop = outer, next;
  for (;;) {
    double begin, end, step;
    if (op->loops.n == NET_LOOPS_MAX || ir_num_operands(loop) != 4 || !net_constant(ir_operand(loop, 0), &begin) || !net_constant(ir_operand(loop, 1), &end) || !net_constant(ir_operand(loop, 2), &step)) {
      net_refuse(r, loop, "its bounds are not known, or it carries more than one value");
      return false;
    }
    if (begin > 0 || begin < 0 || step > 1 || step < 1 || end < 1) {
      net_refuse(r, loop, "it does not count from 0 in steps of 1");
      return false;
    }
    op->body = ir_body(loop);
    op->index[op->loops.n] = mlirBlockGetArgument(op->body, 0);
    op->loops.extent[op->loops.n++] = (int64_t)end;
    next = ir_def(ir_operand(mlirBlockGetTerminator(op->body), 0));
    *guard = (MlirValue){NULL};
    if (is_guarded(next, mlirBlockGetArgument(op->body, 1))) {
      *guard = ir_operand(next, 0);
      next = ir_def(ir_operand(mlirBlockGetTerminator(ir_body(next)), 0));
      break;
    }
    if (mlirOperationIsNull(next) || !ir_op_is(next, "scf.for") || !mlirValueEqual(ir_operand(next, 3), mlirBlockGetArgument(op->body, 1)))
      break;
    loop = next;
  }
  *insert = next;
  bool inserts = !mlirOperationIsNull(next) && ir_op_is(next, "tensor.insert") && mlirValueEqual(ir_operand(next, 1), mlirBlockGetArgument(op->body, 1));
  if (!inserts)
    net_refuse(r, outer, "it is no nest of loops that puts one element after the other into a tensor");
  return inserts;
}

static bool reads_none(MlirOperation op, void *data) {
  const MlirValue *v = data;
  for (intptr_t i = 0; i < ir_num_operands(op); i++)
    if (ir_op_is(op, "tensor.extract") && mlirValueEqual(ir_operand(op, i), *v))
      return false;
  return true;
}

/* What is put, as an operand over the operation's loops: an element of a tensor as it is, or computed by a kernel before. */
static net_access elements(net_reader *r, net_op *op, MlirValue v) {
  dtype type = net_type_of(op, v);
  int i = net_input_of(op, v);
  if (i >= 0)
    return op->in[i];
  net_op made = *op;
  axis_expr by[AXIS_MAX] = {{0}};
  net_value to = net_memory(r, net_new_tensor(r, NULL, NETWORK_TEMPORARY, type, &op->loops));
  for (int l = 0; l < op->loops.n; l++)
    by[l] = axis_var(r->mem, l);
  made.n_out = 1;
  made.yields[0] = v;
  made.init[0] = (net_access){.value = {.kind = NET_EMPTY, .type = type}};
  made.out[0] = (net_access){to, axis_subst(r->mem, &op->loops, to.at, by)};
  net_forget_unused(&made);
  vec_push(r->mem, &r->ops, made);
  return made.out[0];
}

/* ---- elements that go to one place: the last one stays ---- */

/* For each place the number of the last one that is the same. */
static net_access last_places(net_reader *r, const net_op *op, net_access index, int64_t count) {
  axis_space line = {1, {count}};
  net_value to = net_memory(r, net_new_tensor(r, NULL, NETWORK_TEMPORARY, DTYPE_I32, &line));
  net_op last = {.op = op->op, .span = op->span, .loops = {2, {count, count}}, .reduces = {false, true}, .n_in = 2, .n_out = 1, .index_type = DTYPE_I32, .asks_index = true, .finds_last = true, .group = -1};
  for (int i = 0; i < 2; i++)
    last.in[i] = (net_access){index.value, axis_var(r->mem, i)};
  last.init[0].value = (net_value){.kind = NET_EMPTY, .type = DTYPE_I32};
  last.out[0] = (net_access){to, axis_var(r->mem, 0)};
  vec_push(r->mem, &r->ops, last);
  return (net_access){to, index.at};
}

/* The elements with each that another one follows to its place replaced by that one: then their order does not matter. */
static net_access settled(net_reader *r, const net_op *op, const net_rows *rows, net_access from) {
  int64_t count = 1, step = 1;
  bool behind = true;
  axis_expr rest[AXIS_MAX] = {{0}};
  for (int i = rows->n - 1; i >= 0; i--) {
    behind = behind && !rows->is_place[i];
    step *= behind ? rows->space.extent[i] : 1;
    count *= rows->is_place[i] ? rows->space.extent[i] : 1;
    rest[i] = rows->is_place[i] ? axis_const(0) : axis_var(r->mem, i);
  }
  if (count == 1)
    return from;
  net_value v = from.value;
  v.shape = rows->space;
  v.at = from.at;
  if (!net_is_whole(r, &v))
    v = net_copied(r, op->span, v);
  net_value to = net_memory(r, net_new_tensor(r, NULL, NETWORK_TEMPORARY, v.type, &rows->space));
  net_op gather = {.span = op->span, .loops = rows->space, .n_in = 2, .n_out = 1, .looks_up = true, .step = step, .rows = count, .group = -1};
  gather.in[0] = (net_access){v, axis_subst(r->mem, &rows->space, v.at, rest)};
  gather.in[1] = last_places(r, op, rows->index, count);
  gather.out[0] = (net_access){to, to.at};
  vec_push(r->mem, &r->ops, gather);
  return gather.out[0];
}

/* ---- the scatter ---- */

/* A tensor that holds `dest`, and behind it room for a row that nobody looks at.  False: such a row would not lie behind. */
static net_value with_spare_row(net_reader *r, const net_op *op, const net_value *dest) {
  axis_space line = {1, {2 * net_elems(&dest->shape)}};
  net_value all = net_memory(r, net_new_tensor(r, NULL, NETWORK_TEMPORARY, dest->type, &line)), into = *dest;
  into.kind = NET_MEMORY;
  into.tensor = all.tensor;
  into.at = net_row_major(r->mem, &dest->shape);
  if (dest->kind != NET_EMPTY)
    net_add_copy(r, op->span, *dest, into, true);
  return into;
}

/* Do the loops of a row step over the row behind it? */
static bool reaches_over(const net_rows *rows) {
  for (int i = 0; i < rows->n; i++)
    if (axis_coef(rows->table.at, i) >= rows->step)
      return true;
  return false;
}

static void put(net_reader *r, MlirOperation outer, net_op *op, MlirOperation insert, MlirValue guard, const net_value *dest) {
  MlirValue index[AXIS_MAX];
  net_rows rows;
  for (int k = 0; k < dest->shape.n; k++)
    index[k] = ir_operand(insert, k + 2);
  net_access from = elements(r, op, ir_operand(insert, 0));
  net_value into = mlirValueIsNull(guard) ? net_begin_from(r, op->span, outer, ir_operand(outer, 3), dest) : with_spare_row(r, op, dest);
  if (!net_find_rows(r, op, outer, into, index, guard, &rows))
    return;
  if (!mlirValueIsNull(guard) && (rows.index.value.kind != NET_MEMORY || rows.rows * rows.step > 2 * net_elems(&dest->shape) || reaches_over(&rows))) {
    net_refuse(r, outer, "whether it puts an element depends on values, and not where");
    return;
  }
  axis_expr by[AXIS_MAX] = {{0}};
  for (int l = 0; l < op->loops.n; l++)      /* where a loop does not decide the place its last turn does what stays */
    by[l] = axis_const(op->loops.extent[l] - 1);
  for (int i = 0; i < rows.n; i++)
    by[rows.loop[i]] = axis_var(r->mem, i);
  net_op copy = {.span = op->span, .loops = rows.space, .n_in = 1, .n_out = 1, .in_place = true, .group = -1};
  copy.in[0] = (net_access){from.value, from.value.kind == NET_MEMORY ? axis_subst(r->mem, &rows.space, from.at, by) : from.at};
  copy.out[0] = (net_access){into, rows.table.at};
  if (rows.index.value.kind == NET_MEMORY && copy.in[0].value.kind == NET_MEMORY && rows.may_meet) {
    if (r->net->tensors.at[rows.index.value.tensor].elems > NET_WHOLE_MAX) {
      net_refuse(r, outer, arena_printf(r->mem, "it puts %" PRId64 " rows at places that may be the same; at most %d", r->net->tensors.at[rows.index.value.tensor].elems, NET_WHOLE_MAX));
      return;
    }
    copy.in[0] = settled(r, op, &rows, copy.in[0]);
  }
  if (rows.index.value.kind == NET_MEMORY) {
    copy.n_in = 2;
    copy.in[1] = rows.index;
    copy.looks_up = copy.stores_by_lookup = true;
    copy.step = rows.step;
    copy.rows = rows.rows;
  } else {
    copy.out[0].at = axis_subst(r->mem, &rows.space, rows.table.at, by);
  }
  vec_push(r->mem, &r->ops, copy);
  net_set_value(r, ir_result(outer, 0), into);
}

static void add(net_reader *r, MlirOperation outer, net_op *op, MlirOperation insert, MlirValue element, const net_value *dest) {
  MlirValue index[AXIS_MAX];
  axis_expr by[AXIS_MAX] = {{0}};
  net_rows rows;
  net_value whole = *dest;
  for (int k = 0; k < dest->shape.n; k++)
    index[k] = ir_operand(insert, k + 2);
  net_access from = elements(r, op, element);
  whole.kind = NET_MEMORY;      /* for its shape alone, row-major */
  whole.at = net_row_major(r->mem, &dest->shape);
  if (!net_find_rows(r, op, outer, whole, index, (MlirValue){NULL}, &rows))
    return;
  for (int i = 0; i < rows.n; i++)
    by[rows.loop[i]] = axis_var(r->mem, i);
  bool covers = true;
  for (int l = 0; l < op->loops.n; l++)
    covers = covers && (op->loops.extent[l] == 1 || by[l].n);
  from.at = from.value.kind == NET_MEMORY ? axis_subst(r->mem, &rows.space, from.at, by) : from.at;
  if (!covers || rows.index.value.kind != NET_MEMORY || !net_add_at(r, outer, op, &rows, from, dest))
    net_refuse(r, outer, arena_printf(r->mem, "it adds to places that are not whole rows of the tensor, or more than %d rows", NET_WHOLE_MAX));
}

void net_read_loops(net_reader *r, MlirOperation outer) {
  net_op op = {.op = outer, .span = ir_span(r->ir, outer), .index_type = DTYPE_I32, .group = -1};
  MlirOperation insert;
  MlirValue guard;
  if (net_read_scan(r, outer) || !read_nest(r, outer, &op, &insert, &guard))
    return;
  MlirValue so_far = mlirBlockGetArgument(op.body, 1);
  const net_value *known = net_value_of(r, ir_operand(outer, 3));
  if (!known) {
    net_refuse(r, outer, "it puts elements into no tensor of this function");
    return;
  }
  MlirValue added = mlirValueIsNull(guard) ? net_added_at(insert, so_far) : (MlirValue){NULL};
  if (mlirValueIsNull(added) && !ir_walk(outer, reads_none, &so_far)) {
    net_refuse(r, insert, "what it puts depends on what was put there before, and is no sum with it");
    return;
  }
  net_value dest = *known;
  MlirValue element = mlirValueIsNull(added) ? ir_operand(insert, 0) : added;
  bool ok = net_add_inputs(r, &op, element) && (mlirValueIsNull(guard) || net_add_inputs(r, &op, guard));
  for (int k = 0; k < dest.shape.n; k++)
    ok = net_add_inputs(r, &op, ir_operand(insert, k + 2)) && ok;
  if (ok && !mlirValueIsNull(added))
    add(r, outer, &op, insert, element, &dest);
  else if (ok)
    put(r, outer, &op, insert, guard, &dest);
}
