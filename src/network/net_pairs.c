/* Loops that carry a number, or that add to places, as reductions over pairs: whoever is at i takes the sum of those j that belong to it.
 *
 *   running sum    out[.., i, ..] = sum of x[.., j, ..] where j <= i (or j < i)
 *   adding         out[row, r..] = into[row, r..] + sum of v[p, r..] where the row of p is that one
 *
 * The j are whole in each tile, at most NET_WHOLE_MAX of them. */
#include "network/net_private.h"

static bool is_named(MlirValue v, const char *name, MlirOperation *out) {
  *out = ir_def(v);
  return !mlirOperationIsNull(*out) && ir_op_is(*out, name);
}

/* v = fn(so_far, *x). */
static kernel_fn adds_to(MlirValue v, MlirValue so_far, MlirValue *x) {
  static const struct { const char *name; kernel_fn fn; } known[] = {{"arith.addf", KERNEL_FN_ADD}, {"arith.addi", KERNEL_FN_ADD}, {"arith.mulf", KERNEL_FN_MUL}, {"arith.muli", KERNEL_FN_MUL}};
  MlirOperation def;
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (is_named(v, known[i].name, &def)) {
      int mine = mlirValueEqual(ir_operand(def, 0), so_far) ? 0 : 1;
      *x = ir_operand(def, !mine);
      return mlirValueEqual(ir_operand(def, mine), so_far) && !mlirValueEqual(*x, so_far) ? known[i].fn : KERNEL_FN_NONE;
    }
  return KERNEL_FN_NONE;
}

static bool add_loop(net_op *op, MlirOperation loop) {
  double begin, end, step;
  bool fits = op->loops.n < NET_LOOPS_MAX - 1 && net_constant(ir_operand(loop, 0), &begin) && net_constant(ir_operand(loop, 1), &end) && net_constant(ir_operand(loop, 2), &step);
  if (!fits || begin > 0 || begin < 0 || step > 1 || step < 1 || end < 1)
    return false;
  op->body = ir_body(loop);
  op->index[op->loops.n] = mlirBlockGetArgument(op->body, 0);
  op->loops.extent[op->loops.n++] = (int64_t)end;
  return true;
}

/* ---- running sums ---- */

/* Loops with one value around one that carries the sum, too. */
static bool find_scan(MlirOperation outer, net_op *op, MlirOperation *inner) {
  MlirOperation loop = outer;
  while (ir_num_operands(loop) == 4) {
    MlirOperation next;
    if (!add_loop(op, loop) || !is_named(ir_operand(mlirBlockGetTerminator(op->body), 0), "scf.for", &next) || !mlirValueEqual(ir_operand(next, 3), mlirBlockGetArgument(op->body, 1)) ||
        !mlirValueEqual(ir_result(next, 0), ir_operand(mlirBlockGetTerminator(op->body), 0)))
      return false;
    loop = next;
  }
  *inner = loop;
  return ir_num_operands(loop) == 5 && add_loop(op, loop);
}

bool net_read_scan(net_reader *r, MlirOperation outer) {
  net_op op = {.op = outer, .span = ir_span(r->ir, outer), .index_type = DTYPE_I32, .n_out = 1, .asks_index = true, .group = -1};
  MlirOperation inner, insert;
  MlirValue x;
  axis_expr by[AXIS_MAX] = {{0}};
  if (!find_scan(outer, &op, &inner))
    return false;
  MlirOperation yield = mlirBlockGetTerminator(op.body);
  MlirValue sum = mlirBlockGetArgument(op.body, 2), next = ir_operand(yield, 1);
  const net_value *known = net_value_of(r, ir_operand(outer, 3));
  op.pairs = (net_pairs){.kind = NET_PAIRS_BEFORE, .fn = adds_to(next, sum, &x)};
  if (op.pairs.fn == KERNEL_FN_NONE || !is_named(ir_operand(yield, 0), "tensor.insert", &insert) || !mlirValueEqual(ir_operand(insert, 1), mlirBlockGetArgument(op.body, 1)) || !known ||
      known->kind == NET_REFUSED || !net_constant(ir_operand(inner, 4), &op.pairs.start))
    return false;
  MlirValue element = ir_operand(insert, 0);
  for (MlirOperation cast; is_named(element, "arith.truncf", &cast);)      /* the sum is of a wider type */
    element = ir_operand(cast, 0);
  op.pairs.is_own = mlirValueEqual(element, next);
  if (!op.pairs.is_own && !mlirValueEqual(element, sum))
    return false;
  const int i = op.loops.n - 1, j = op.loops.n;
  int64_t made = net_elems(&op.loops);
  for (int k = 0; k < known->shape.n; k++)
    if (!net_affine_of(r, &op, ir_operand(insert, k + 2), &by[k]))
      return false;
  if (made != net_elems(&known->shape) || op.loops.extent[i] > NET_WHOLE_MAX)
    return false;
  op.loops.extent[j] = op.loops.extent[i];
  op.index[j] = op.index[i];
  op.index[i] = (MlirValue){NULL};
  op.loops.n++;
  op.reduces[j] = true;
  op.pairs.at = i;
  op.pairs.of = j;
  op.yields[0] = x;
  net_value to = net_memory(r, net_new_tensor(r, NULL, NETWORK_TEMPORARY, known->type, &known->shape));
  op.init[0].value = (net_value){.kind = NET_EMPTY, .type = known->type};
  op.out[0] = (net_access){to, axis_subst(r->mem, &op.loops, to.at, by)};
  if (net_add_inputs(r, &op, x)) {
    op.asks_index = true;
    vec_push(r->mem, &r->ops, op);
    net_set_value(r, ir_result(outer, 0), to);
  } else {
    net_refuse_results(r, outer);
  }
  return true;
}

/* ---- adding ---- */

MlirValue net_added_at(MlirOperation insert, MlirValue so_far) {
  MlirOperation old, add;
  MlirValue v = ir_operand(insert, 0);
  if (!is_named(v, "arith.addf", &add) && !is_named(v, "arith.addi", &add))
    return (MlirValue){NULL};
  for (int side = 0; side < 2; side++) {
    bool fits = is_named(ir_operand(add, side), "tensor.extract", &old) && mlirValueEqual(ir_operand(old, 0), so_far);
    for (intptr_t k = 1; fits && k < ir_num_operands(old); k++)
      fits = mlirValueEqual(ir_operand(old, k), ir_operand(insert, k + 1));
    if (fits)
      return ir_operand(add, !side);
  }
  return (MlirValue){NULL};
}

bool net_add_at(net_reader *r, MlirOperation outer, const net_op *op, const net_rows *rows, net_access from, const net_value *dest) {
  net_op sum = {.op = outer, .span = op->span, .index_type = DTYPE_I32, .n_in = 2, .n_out = 1, .asks_index = true, .pairs = {.kind = NET_PAIRS_SAME, .fn = KERNEL_FN_ADD}, .group = -1};
  axis_expr over[AXIS_MAX] = {{0}}, number = {0};
  int64_t count = 1, step = 1, shown = rows->rows;
  net_value v = from.value;
  sum.pairs.at = sum.loops.n;
  sum.loops.extent[sum.loops.n++] = rows->rows;
  for (int i = 0; i < rows->n; i++)
    if (!rows->is_place[i]) {
      over[i] = axis_var(r->mem, sum.loops.n);
      shown *= rows->space.extent[i];
      sum.loops.extent[sum.loops.n++] = rows->space.extent[i];
    }
  sum.pairs.of = sum.loops.n++;
  for (int i = 0; i < rows->n; i++)
    count *= rows->is_place[i] ? rows->space.extent[i] : 1;
  sum.loops.extent[sum.pairs.of] = count;
  sum.reduces[sum.pairs.of] = true;
  if (dest->kind == NET_EMPTY || count > NET_WHOLE_MAX || shown != net_elems(&dest->shape))
    return false;
  v.shape = rows->space;
  v.at = from.at;
  if (v.kind == NET_MEMORY && !net_is_whole(r, &v))
    v = net_copied(r, op->span, v);
  bool behind = true;      /* the places' loops stand together: their number counts `step` */
  for (int i = rows->n - 1; i >= 0; i--) {
    behind = behind && !rows->is_place[i];
    step *= behind ? rows->space.extent[i] : 1;
  }
  number = axis_var(r->mem, sum.pairs.of);
  sum.in[0] = (net_access){rows->index.value, number};
  sum.in[1] = (net_access){v, {0}};
  if (v.kind == NET_MEMORY)
    sum.in[1].at = axis_add(r->mem, &sum.loops, axis_subst(r->mem, &sum.loops, v.at, over), axis_scale(r->mem, number, step));
  net_value to = net_memory(r, net_new_tensor(r, NULL, NETWORK_TEMPORARY, dest->type, &dest->shape)), old = *dest;
  if (old.kind == NET_MEMORY && !net_is_whole(r, &old))
    old = net_copied(r, op->span, old);
  axis_expr at = axis_add(r->mem, &sum.loops, axis_subst(r->mem, &sum.loops, rows->table.at, over), axis_scale(r->mem, axis_var(r->mem, sum.pairs.at), rows->step));
  sum.init[0] = (net_access){old, at};
  sum.out[0] = (net_access){to, at};
  vec_push(r->mem, &r->ops, sum);
  net_set_value(r, ir_result(outer, 0), to);
  return true;
}

/* ---- their value ---- */

kernel_value net_emit_pairs(net_graph *g, const net_frame *f, int m, int axes) {
  const net_op *op = &g->r->ops.at[g->nest->group->op[m]];
  const net_pairs *p = &op->pairs;
  const dtype t = op->out[0].value.type, sums = t == DTYPE_F16 || t == DTYPE_BF16 ? DTYPE_F32 : t;
  const bool is_before = p->kind == NET_PAIRS_BEFORE;
  kernel_value at = net_emit_index(g, f, g->nest->index[m][p->at]);
  kernel_value of = is_before ? net_emit_index(g, f, g->nest->index[m][p->of]) : net_emit_cast(g, net_emit_operand(g, f, m, 0), DTYPE_I32);
  kernel_value hit = net_emit_fn(g, KERNEL_BINARY, !is_before ? KERNEL_FN_EQ : p->is_own ? KERNEL_FN_LE : KERNEL_FN_LT, DTYPE_BOOL, 2, (kernel_value[]){of, at});
  kernel_value x = net_emit_cast(g, is_before ? net_emit_value(g, f, m, op->yields[0]) : net_emit_operand(g, f, m, 1), sums);
  const double nothing = p->fn == KERNEL_FN_ADD ? 0 : 1;
  x = net_emit_fn(g, KERNEL_SELECT, KERNEL_FN_NONE, sums, 3, (kernel_value[]){hit, x, net_emit_constant(g, sums, nothing)});
  if (axes)
    x = net_emit_reduce(g, f, p->fn, axes, x);
  if (is_before && (p->start < nothing || p->start > nothing))
    x = net_emit_fn(g, KERNEL_BINARY, p->fn, sums, 2, (kernel_value[]){x, net_emit_constant(g, sums, p->start)});
  if (!is_before)
    x = net_emit_fn(g, KERNEL_BINARY, p->fn, sums, 2, (kernel_value[]){net_emit_cast(g, net_emit_init(g, f, m, 0), sums), x});
  return net_emit_cast(g, x, t);
}
