/* Elements at places that numbers of a body say: a kernel for the rows (where they are no integer tensor as it is), and one that copies these rows (net_op.looks_up).
 *
 *   out[p.., r..] = table[places(p..), r..]      p: the loops that the places depend on; r: the other loops, whole rows of them at a time
 *
 * The address of an element is `at`, a sum over r, plus `step` for each row; row = sum of places times factors.  Rows are checked place by place: -1 where one is
 * out of range, which is no row, so that the interpreter and the chip say it. */
#include "network/net_private.h"

static int64_t divisor(int64_t a, int64_t b) { return b ? divisor(b, a % b) : a; }

/* ---- which loops and which factors ---- */

/* The dims of a table whose indices are places: those that are no sum of loops, and those over loops of such. */
typedef struct plan { axis_expr by[AXIS_MAX]; bool is_place[AXIS_MAX], is_sum[AXIS_MAX]; uint32_t places, rest; } plan;

static bool has_steps_back(axis_expr e) {
  for (int i = 0; i < e.n; i++)
    if (e.term[i].coef < 0)
      return true;
  return false;
}

static uint32_t loops_in(const net_op *op, axis_expr e) {
  uint32_t mask = 0;
  for (int l = 0; l < op->loops.n; l++)
    mask |= axis_depends(e, l) ? 1u << l : 0;
  return mask;
}

static void plan_places(net_reader *r, const net_op *op, const net_value *table, const MlirValue *index, MlirValue guard, plan *p) {
  bool again = true;
  *p = (plan){.places = mlirValueIsNull(guard) ? 0 : net_loops_of(op, guard)};
  for (int k = 0; k < table->shape.n; k++) {
    int64_t lo = 0, hi = -1;
    p->is_sum[k] = net_affine_of(r, op, index[k], &p->by[k]) && !has_steps_back(p->by[k]);
    if (p->is_sum[k])
      axis_range(&op->loops, p->by[k], &lo, &hi);
    p->is_sum[k] = p->is_sum[k] && hi < table->shape.extent[k];      /* what may be out of range is looked at where it runs */
    p->is_place[k] = !p->is_sum[k];
    p->places |= p->is_place[k] ? net_loops_of(op, index[k]) : 0;
  }
  while (again) {
    again = false;
    for (int k = 0; k < table->shape.n; k++)
      if (!p->is_place[k] && (loops_in(op, p->by[k]) & p->places)) {
        p->is_place[k] = again = true;
        p->places |= loops_in(op, p->by[k]);
      }
  }
  for (int k = 0; k < table->shape.n; k++)
    p->rest |= p->is_place[k] ? 0 : loops_in(op, p->by[k]);
}

/* The copy's loops: in their order where the places' stand together, else these first. */
static void order_loops(const net_op *op, const plan *p, net_rows *out) {
  int first = -1, last = -1, n = 0;
  bool together = true;
  for (int l = 0; l < op->loops.n; l++)
    if (((p->places | p->rest) >> l & 1) && op->loops.extent[l] > 1) {
      bool is_place = p->places >> l & 1;
      together = together && !(is_place && last >= 0 && n > last + 1);
      first = is_place && first < 0 ? n : first;
      last = is_place ? n : last;
      n++;
    }
  for (int turn = 0; turn < (together ? 1 : 2); turn++)
    for (int l = 0; l < op->loops.n; l++) {
      bool is_place = p->places >> l & 1, is_mine = together || is_place == (turn == 0);
      if (((p->places | p->rest) >> l & 1) && op->loops.extent[l] > 1 && is_mine)
        out->loop[out->n++] = l;
    }
  out->space.n = out->n;
  for (int i = 0; i < out->n; i++) {
    out->space.extent[i] = op->loops.extent[out->loop[i]];
    out->is_place[i] = p->places >> out->loop[i] & 1;
  }
}

/* Over the copy's loops. */
static axis_expr over_copy(net_reader *r, const net_rows *rows, axis_expr e) {
  axis_expr by[AXIS_MAX] = {{0}};
  for (int i = 0; i < rows->n; i++)
    by[rows->loop[i]] = axis_var(r->mem, i);
  return axis_subst(r->mem, &rows->space, e, by);
}

/* Row-major over the loops of places. */
static axis_expr place_number(net_reader *r, const net_rows *rows, uint32_t places, int64_t *count) {
  axis_expr e = {0};
  *count = 1;
  for (int i = rows->n - 1; i >= 0; i--)
    if (places >> rows->loop[i] & 1) {
      e = axis_add(r->mem, &rows->space, e, axis_scale(r->mem, axis_var(r->mem, i), *count));
      *count *= rows->space.extent[i];
    }
  return e;
}

/* ---- the rows ---- */

/* The operand that the only place is, all of it in order: nothing is to be computed. */
static int place_itself(net_reader *r, const net_op *op, const net_rows *rows, axis_expr number, int64_t count, const net_op *by) {
  if (by->n_places != 1 || by->first_row || !mlirValueIsNull(by->guard) || mlirValueIsNull(by->place[0].value) || by->place[0].factor != 1)
    return -1;
  MlirValue v = by->place[0].value;
  for (MlirOperation def = ir_def(v); !mlirOperationIsNull(def) && (ir_op_is(def, "arith.index_cast") || ir_op_is(def, "arith.extsi")); def = ir_def(v))
    v = ir_operand(def, 0);
  int i = net_input_of(op, v);
  const net_access *a = i < 0 ? NULL : &op->in[i];
  bool fits = a && a->value.kind == NET_MEMORY && (a->value.type == DTYPE_I32 || a->value.type == DTYPE_I64) && r->net->tensors.at[a->value.tensor].elems == count;
  return fits && axis_equal(over_copy(r, rows, a->at), number) ? i : -1;
}

/* The kernel that computes the rows, over the loops of places alone. */
static net_value computed_rows(net_reader *r, const net_op *op, net_op *by, const net_rows *rows, uint32_t places, axis_expr number, int64_t count) {
  axis_space line = {1, {count}};
  axis_expr back[AXIS_MAX] = {{0}};
  net_value out = net_memory(r, net_new_tensor(r, NULL, NETWORK_TEMPORARY, rows->rows > INT32_MAX ? DTYPE_I64 : DTYPE_I32, &line));
  by->n_out = 1;
  by->group = -1;
  by->asks_index = true;
  memset(by->yields, 0, sizeof by->yields);
  for (int l = 0; l < op->loops.n; l++) {
    by->loops.extent[l] = places >> l & 1 ? op->loops.extent[l] : 1;
    by->reduces[l] = false;
  }
  for (int i = 0; i < rows->n; i++)
    back[i] = axis_var(r->mem, rows->loop[i]);
  by->init[0] = (net_access){.value = {.kind = NET_EMPTY, .type = out.type}};
  by->out[0] = (net_access){out, axis_subst(r->mem, &by->loops, number, back)};
  net_forget_unused(by);
  vec_push(r->mem, &r->ops, *by);
  return out;
}

/* Two rows are different where each loop of theirs is an index by itself. */
static bool may_meet(const net_op *op, const plan *p, int rank) {
  for (int l = 0; l < op->loops.n; l++) {
    bool is_index = op->loops.extent[l] == 1 || !(p->places >> l & 1);
    for (int k = 0; k < rank; k++)
      is_index = is_index || (p->is_place[k] && p->is_sum[k] && p->by[k].n == 1 && axis_coef(p->by[k], l) != 0);
    if (!is_index)
      return true;
  }
  return false;
}

bool net_find_rows(net_reader *r, const net_op *op, MlirOperation at, net_value table, const MlirValue *index, MlirValue guard, net_rows *out) {
  plan p;
  net_op *by = ARENA_NEW(r->mem, net_op);
  int64_t count;
  *out = (net_rows){.step = 0, .rows = 1};
  if (!axis_is_linear(table.at) || table.at.constant)
    table = net_copied(r, op->span, table);
  plan_places(r, op, &table, index, guard, &p);
  order_loops(op, &p, out);
  *by = *op;
  by->n_places = 0;
  for (int k = 0; k < table.shape.n; k++)
    out->step = p.is_place[k] ? divisor(axis_coef(table.at, k), out->step) : out->step;
  out->step = out->step ? out->step : 1;
  axis_expr rest[AXIS_MAX] = {{0}};
  for (int k = 0; k < table.shape.n; k++) {
    if (!p.is_place[k]) {
      rest[k] = p.by[k];
      continue;
    }
    net_place *x = &by->place[by->n_places];
    *x = (net_place){.value = p.is_sum[k] && axis_is_linear(p.by[k]) ? (MlirValue){NULL} : index[k], .at = p.by[k], .extent = table.shape.extent[k], .factor = axis_coef(table.at, k) / out->step};
    out->rows += (x->extent - 1) * x->factor;
    by->n_places++;
  }
  if (!by->n_places) {
    out->table = net_access_at(r, op, table, rest);
    return true;
  }
  if (out->n > KERNEL_RANK_MAX) {
    net_refuse(r, at, "it takes elements from too many loops");
    return false;
  }
  out->may_meet = may_meet(op, &p, table.shape.n);
  by->guard = guard;
  by->spare_row = mlirValueIsNull(guard) ? 0 : out->rows++;
  axis_expr number = place_number(r, out, p.places, &count);
  int direct = place_itself(r, op, out, number, count, by);
  out->table = (net_access){table, over_copy(r, out, axis_subst(r->mem, &op->loops, table.at, rest))};
  out->index = (net_access){direct >= 0 ? op->in[direct].value : computed_rows(r, op, by, out, p.places, number, count), number};
  return true;
}

/* ---- gathers ---- */

static net_access gathered(net_reader *r, const net_op *op, const net_rows *rows) {
  net_value to = net_memory(r, net_new_tensor(r, NULL, NETWORK_TEMPORARY, rows->table.value.type, &rows->space));
  axis_expr by[AXIS_MAX] = {{0}};
  net_op copy = {.span = op->span, .loops = rows->space, .n_in = 2, .n_out = 1, .looks_up = true, .step = rows->step, .rows = rows->rows, .group = -1};
  copy.in[0] = rows->table;
  copy.in[1] = rows->index;
  copy.out[0] = (net_access){to, to.at};
  vec_push(r->mem, &r->ops, copy);
  for (int i = 0; i < rows->n; i++)
    by[i] = axis_var(r->mem, rows->loop[i]);
  return (net_access){to, axis_subst(r->mem, &op->loops, to.at, by)};
}

bool net_add_extract(net_reader *r, net_op *op, MlirOperation x) {
  const net_value *table = net_value_of(r, ir_operand(x, 0));
  MlirValue index[AXIS_MAX];
  net_rows rows;
  bool ok = true;
  if (table && table->kind == NET_REFUSED)
    return false;
  if (!table || table->kind == NET_EMPTY) {
    net_refuse(r, x, table ? "it reads a tensor without contents" : "it is of no tensor of this function, or of one that changes");
    return false;
  }
  net_value from = *table;
  for (int k = 0; k < from.shape.n; k++) {
    axis_expr sum;
    index[k] = ir_operand(x, k + 1);
    ok = (net_affine_of(r, op, index[k], &sum) || net_add_inputs(r, op, index[k])) && ok;
  }
  if (!ok)
    return false;
  if (op->n_in == NET_OPERANDS_MAX) {
    net_refuse(r, x, "it is one of too many elements of tensors");
    return false;
  }
  op->in[op->n_in] = (net_access){.value = from};
  if (from.kind == NET_MEMORY) {
    if (!net_find_rows(r, op, x, from, index, (MlirValue){NULL}, &rows))
      return false;
    op->in[op->n_in] = rows.index.value.kind == NET_MEMORY ? gathered(r, op, &rows) : rows.table;
  }
  op->name[op->n_in++] = ir_result(x, 0);
  return true;
}
