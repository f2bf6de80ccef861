/* Attention as one kernel: softmax(f(a . b)) . c, whose scores and weights never leave the chip.
 *
 *   groups   a product and what follows it element by element; the softmax of its rows (maximum, exp, sum, quotient); a product with the weights
 *   kernel   a loop over tiles of the reduced dim of the softmax, with the maximum so far, the sum so far and the product so far of every row: when the maximum grows, sum
 *            and product shrink by exp(old - new).  A row whose scores are all -inf so far has the maximum 0 there: its weights are 0, and the quotient in the end NaN as before.
 *
 * The quotient is taken once, after the product.  Milakov, Gimelshein, Online normalizer calculation for softmax (2018); Dao et al., FlashAttention (2022). */
#include "network/net_private.h"
#include <float.h>
#include <math.h>

/* A value of a member's body; of a member that reduces (v null): its result. */
typedef struct place { int member; MlirValue v; } place;

static const net_op *op_of(const net_reader *r, const net_group *g, int i) { return &r->ops.at[g->op[i]]; }

/* ---- finding it ---- */

static int maker_of(const net_reader *r, const net_group *g, const net_access *x, int *out_result) {
  for (int k = 0; k < g->n && x->value.kind == NET_MEMORY; k++)
    for (int o = 0; o < op_of(r, g, k)->n_out; o++)
      if (op_of(r, g, k)->out[o].value.tensor == x->value.tensor) {
        *out_result = o;
        return k;
      }
  return -1;
}

/* Where a value comes from: through conversions of floats, and through the members that hand it on. */
static place source_of(const net_reader *r, const net_group *g, place p) {
  for (;;) {
    const net_op *op = op_of(r, g, p.member);
    if (mlirValueIsABlockArgument(p.v)) {
      intptr_t i = mlirBlockArgumentGetArgNumber(p.v);
      int o = 0, maker = i < op->n_args ? maker_of(r, g, &op->in[i], &o) : -1;
      if (maker < 0)
        return p;
      if (net_reduces(op_of(r, g, maker)) || mlirValueIsNull(op_of(r, g, maker)->yields[o]))
        return (place){maker, {NULL}};
      p = (place){maker, op_of(r, g, maker)->yields[o]};
    } else {
      MlirOperation def = ir_def(p.v);
      if (!ir_op_is(def, "arith.extf") && !ir_op_is(def, "arith.truncf"))
        return p;
      p.v = ir_operand(def, 0);
    }
  }
}

static bool is_same(place a, place b) { return a.member == b.member && a.v.ptr == b.v.ptr; }

/* The value is `name` of n operands, whose sources are put to `of`. */
static bool is_op(const net_reader *r, const net_group *g, place p, const char *name, int n, place *of) {
  if (!p.v.ptr || mlirValueIsABlockArgument(p.v) || !ir_op_is(ir_def(p.v), name))
    return false;
  for (int i = 0; i < n; i++)
    of[i] = source_of(r, g, (place){p.member, ir_operand(ir_def(p.v), i)});
  return true;
}

/* Nothing, or for a maximum the least number (tosa's): a row of -inf alone comes to NaN either way. */
static bool starts_from_nothing(const net_access *init, kernel_fn fn) {
  return net_is_identity(init, fn) || (fn == KERNEL_FN_MAX && init->value.kind == NET_SPLAT && init->value.splat <= -(double)FLT_MAX);
}

/* The member reduces to a sum or maximum from nothing on; *x: of what. */
static bool is_reduction(const net_reader *r, const net_group *g, int member, kernel_fn wanted, place *x) {
  const net_op *op = op_of(r, g, member);
  kernel_fn fn;
  MlirValue v;
  if (op->n_out != 1 || !net_combiner(op, 0, &fn, &v) || fn != wanted || !starts_from_nothing(&op->init[0], fn))
    return false;
  *x = source_of(r, g, (place){member, v});
  return true;
}

/* The factors of the product that a member sums. */
static bool factors(const net_op *op, MlirValue of[2]) {
  MlirOperation mul = net_summed_product(op);
  if (mlirOperationIsNull(mul) || !ir_op_is(mul, "arith.mulf") || !net_is_identity(&op->init[0], KERNEL_FN_ADD))
    return false;
  of[0] = ir_operand(mul, 0);
  of[1] = ir_operand(mul, 1);
  return true;
}

/* x / y, or x times what 1 / y makes (tosa's reciprocal): of[0] and of[1]. */
static bool is_quotient(const net_reader *r, const net_group *g, place p, place *of) {
  place factor[2], part[2];
  double one;
  if (is_op(r, g, p, "arith.divf", 2, of))
    return true;
  if (!is_op(r, g, p, "arith.mulf", 2, factor))
    return false;
  for (int i = 0; i < 2; i++)
    if (is_op(r, g, factor[i], "arith.divf", 2, part) && part[0].v.ptr && net_constant(part[0].v, &one) && one >= 1 && one <= 1) {
      of[0] = factor[1 - i];
      of[1] = part[1];
      return true;
    }
  return false;
}

/* exp(s - max s) / sum of that, of f32, times another factor. */
static bool is_softmax(const net_reader *r, const net_group *g, net_attention *a) {
  MlirValue of[2];
  place quotient[2], argument[1], difference[2], summed, compared;
  if (!factors(op_of(r, g, a->product), of))
    return false;
  int weights = 0;
  for (; weights < 2; weights++)
    if (is_quotient(r, g, source_of(r, g, (place){a->product, of[weights]}), quotient))
      break;
  if (weights == 2 || !is_op(r, g, quotient[0], "math.exp", 1, argument) || !is_op(r, g, argument[0], "arith.subf", 2, difference))
    return false;
  if (quotient[1].v.ptr || difference[1].v.ptr || !is_reduction(r, g, quotient[1].member, KERNEL_FN_ADD, &summed) || !is_reduction(r, g, difference[1].member, KERNEL_FN_MAX, &compared))
    return false;
  if (!is_same(summed, quotient[0]) || !is_same(compared, difference[0]) || net_dtype(quotient[0].v) != DTYPE_F32)
    return false;
  a->top = difference[1].member;
  a->total = quotient[1].member;
  a->exp_member = quotient[0].member;
  a->exp = quotient[0].v;
  a->other = of[1 - weights];
  return true;
}

/* Scores, weights and what lies between stay inside: nobody but members up to the second product reads them. */
static bool stays_inside(const net_reader *r, const net_group *g, int product) {
  for (int k = 0; k < product; k++)
    for (int o = 0; o < op_of(r, g, k)->n_out; o++)
      if (net_is_read_outside(r, g, product + 1, op_of(r, g, k)->out[o].value.tensor))
        return false;
  return true;
}

static net_group *reader_of(net_reader *r, net_groups *all, const net_group *g) {
  net_group *found = NULL;
  for (size_t i = 0; i < all->n; i++)
    for (int k = 0; k < all->at[i].n && &all->at[i] != g; k++)
      if (net_reads_group(r, &r->ops.at[all->at[i].op[k]], g)) {
        if (found && found != &all->at[i])
          return NULL;
        found = &all->at[i];
      }
  return found;
}

static bool has_copy(const net_reader *r, const net_group *g) {
  for (int k = 0; k < g->n; k++)
    if (mlirOperationIsNull(op_of(r, g, k)->op))
      return true;
  return false;
}

static bool extend(net_reader *r, net_group *g, const net_group *by, bool new_dims) {
  if (g->n + by->n > NET_MEMBERS_MAX)
    return false;
  for (int k = 0; k < by->n; k++)
    if (!net_extend(r, by->op[k], g, new_dims && k == 0))
      return false;
  return true;
}

/* Takes the groups behind `first` into it where they are attention together. */
static void try_attention(net_reader *r, net_groups *all, net_group *first) {
  MlirValue of[2];
  if (!first->looped || mlirOperationIsNull(op_of(r, first, 0)->op) || !factors(op_of(r, first, 0), of))
    return;
  net_group *rows = reader_of(r, all, first), *second = rows && !rows->looped ? reader_of(r, all, rows) : NULL;
  if (!second || !second->looped || second == first || has_copy(r, first) || has_copy(r, rows) || has_copy(r, second))
    return;
  net_group *g = ARENA_NEW(r->mem, net_group);
  net_attention *a = ARENA_NEW(r->mem, net_attention);
  *g = *first;
  *a = (net_attention){.parts = {*first, *rows, *second}, .product = first->n + rows->n};
  if (!extend(r, g, rows, false) || !extend(r, g, second, true) || !is_softmax(r, g, a) || !stays_inside(r, g, a->product))
    return;
  g->attention = a;
  g->ends = second->ends;
  g->stopped_by = second->stopped_by;
  *first = *g;
  rows->n = second->n = 0;
  rows->last = second->last = -1;
}

void net_find_attention(net_reader *r, net_groups *all) {
  for (size_t i = 0; i < all->n; i++)
    if (all->at[i].n)
      try_attention(r, all, &all->at[i]);
}

/* ---- what is tiled, what is looped ---- */

/* Dims that a member reduces, as a mask. */
static int reduced_dims(const net_reader *r, const net_nest *n, int m) {
  const net_op *op = op_of(r, n->group, m);
  int mask = 0;
  for (int l = 0; l < op->loops.n; l++)
    for (int d = 0; d < n->space.n && op->reduces[l]; d++)
      mask |= axis_depends(n->index[m][l], d) ? 1 << d : 0;
  return mask;
}

bool net_attention_form(net_reader *r, const net_nest *n, net_form *f) {
  const net_attention *a = n->group->attention;
  MlirValue of[2];
  int reduced = 0;
  for (int d = 0; d < n->space.n; d++)
    reduced |= n->reduces[d] ? 1 << d : 0;
  if (!factors(op_of(r, n->group, 0), of))
    return false;
  int q = net_dims_of(r, n, 0, of[0]), k = net_dims_of(r, n, 0, of[1]), v = net_dims_of(r, n, a->product, a->other);
  if (q < 0 || k < 0 || v < 0)
    return false;
  const int depth = reduced & q & k, keys = reduced & v & ~depth, values = v & ~reduced & ~(q | k);
  if (q & keys) {      /* the first factor is the one with the rows */
    int swap = q;
    q = k;
    k = swap;
    MlirValue other = of[0];
    of[0] = of[1];
    of[1] = other;
  }
  int rows = q & ~k & ~depth & ~v;
  *f = (net_form){.op = "attention", .m = net_largest(n, rows), .n = net_largest(n, keys), .k = net_largest(n, depth), .v = net_largest(n, values), .a = of[0], .b = of[1]};
  if (reduced_dims(r, n, a->top) != keys || reduced_dims(r, n, a->total) != keys || reduced_dims(r, n, a->product) != keys || reduced_dims(r, n, 0) != depth)
    return false;
  if (!keys || keys & (keys - 1) || depth & (depth - 1) || values & (values - 1) || f->m < 0 || f->k < 0 || f->v < 0 || (k & keys) != keys || (q & keys))
    return false;
  for (int d = 0; d < n->space.n; d++)
    f->walk[d] = NET_GRID;
  if (n->space.extent[f->k] > NET_DEPTH_MAX || n->space.extent[f->v] > NET_DEPTH_MAX)
    return false;
  f->walk[f->m] = NET_TILE;
  f->walk[f->n] = NET_TILE_LOOP;
  f->walk[f->k] = f->walk[f->v] = NET_WHOLE;
  return true;
}

/* ---- the kernel ---- */

static const net_op *member(const net_graph *g, int i) { return op_of(g->r, g->nest->group, i); }

static kernel_value full(net_graph *g, const kernel_type *t, double x) {
  kernel_op *op = net_emit(g, KERNEL_FULL, 0, NULL, t);
  op->fvalue = x;
  return op->results[0];
}

static kernel_value binary(net_graph *g, kernel_fn fn, kernel_value x, kernel_value y) { return net_emit_fn(g, KERNEL_BINARY, fn, DTYPE_F32, 2, (kernel_value[]){x, y}); }

static void make(net_graph *g, int m, kernel_value v) { vec_push(g->mem, &g->made, ((net_made){m, 0, net_emit_cast(g, v, member(g, m)->out[0].value.type)})); }

/* Narrow factors go into a product as they are. */
static kernel_value factor(net_graph *g, const net_frame *f, int m, MlirValue v, dtype t) { return net_emit_cast(g, net_emit_broadcast(g, f, net_emit_value(g, f, m, v)), t); }

static kernel_value scores(net_graph *g, const net_frame *fs, const net_frame *fq, const net_frame *fk) {
  MlirValue q = net_narrow(g->form->a), k = net_narrow(g->form->b);
  bool both = net_dtype(q) == net_dtype(k);
  kernel_type type = net_frame_type(g, fs, DTYPE_F32);
  kernel_value x = factor(g, fq, 0, both ? q : g->form->a, net_dtype(both ? q : g->form->a)), y = factor(g, fk, 0, both ? k : g->form->b, net_dtype(both ? k : g->form->b));
  return net_emit(g, KERNEL_MATMUL, 2, (kernel_value[]){x, y}, &type)->results[0];
}

/* The maximum and the sum of rows so far, and the product so far. */
typedef struct carried { kernel_value top, total, acc; } carried;

static carried one_tile(net_graph *g, const net_frame frames[5], carried c) {
  const net_attention *a = g->nest->group->attention;
  const net_frame *fs = &frames[0];
  kernel_fn fn;
  MlirValue x;
  kernel_value shrink = -1;
  make(g, 0, scores(g, fs, &frames[1], &frames[2]));
  for (int m = 1; m < a->product; m++) {
    const net_op *op = member(g, m);
    if (m == a->top && net_combiner(op, 0, &fn, &x)) {
      kernel_value now = binary(g, KERNEL_FN_MAX, c.top, net_emit_cast(g, net_emit_reduce(g, fs, KERNEL_FN_MAX, 2, net_emit_value(g, fs, m, x)), DTYPE_F32));
      kernel_value none = net_emit_fn(g, KERNEL_BINARY, KERNEL_FN_EQ, DTYPE_BOOL, 2, (kernel_value[]){now, net_emit_constant(g, DTYPE_F32, -(double)INFINITY)});
      kernel_value safe = net_emit_fn(g, KERNEL_SELECT, KERNEL_FN_NONE, DTYPE_F32, 3, (kernel_value[]){none, net_emit_constant(g, DTYPE_F32, 0), now});
      kernel_value less = binary(g, KERNEL_FN_SUB, c.top, safe);
      shrink = net_emit_fn(g, KERNEL_UNARY, KERNEL_FN_EXP, DTYPE_F32, 1, &less);
      c.top = now;
      make(g, m, safe);
    } else if (m == a->total && net_combiner(op, 0, &fn, &x)) {
      kernel_value more = net_emit_cast(g, net_emit_reduce(g, fs, KERNEL_FN_ADD, 2, net_emit_value(g, fs, m, x)), DTYPE_F32);
      c.total = binary(g, KERNEL_FN_ADD, binary(g, KERNEL_FN_MUL, c.total, shrink), more);
      make(g, m, c.total);
    } else if (!net_reduces(op)) {
      for (int o = 0; o < op->n_out; o++)
        if (m <= a->exp_member)      /* the quotient comes last of all */
          vec_push(g->mem, &g->made, ((net_made){m, o, net_emit_value(g, fs, m, op->yields[o])}));
    }
  }
  MlirValue v = net_narrow(a->other);
  kernel_type type = net_frame_type(g, &frames[4], DTYPE_F32);
  kernel_value weights = net_emit_broadcast(g, fs, net_emit_cast(g, net_emit_value(g, fs, a->exp_member, a->exp), net_dtype(v)));
  kernel_value shrunk = net_emit_broadcast(g, &frames[4], binary(g, KERNEL_FN_MUL, c.acc, shrink));
  c.acc = net_emit(g, KERNEL_MATMUL, 3, (kernel_value[]){weights, factor(g, &frames[3], a->product, v, net_dtype(v)), shrunk}, &type)->results[0];
  return c;
}

void net_emit_attention(net_graph *g) {
  const net_form *f = g->form;
  const net_attention *a = g->nest->group->attention;
  net_frame *frames = ARENA_NEW_N(g->mem, net_frame, 6);      /* scores, rows, keys, values, results, a number for each row */
  const int dims[6][2] = {{f->m, f->n}, {f->m, f->k}, {f->k, f->n}, {f->n, f->v}, {f->m, f->v}, {f->m, -1}};
  for (int i = 0; i < 6; i++)
    frames[i] = (net_frame){2, {dims[i][0], dims[i][1]}};
  kernel_type row = net_frame_type(g, &frames[5], DTYPE_F32), acc = net_frame_type(g, &frames[4], DTYPE_F32), types[3] = {row, row, acc};
  kernel_value start[3] = {full(g, &row, -(double)INFINITY), full(g, &row, 0), full(g, &acc, 0)};
  kernel_op *loop = kernel_add_op(g->mem, g->k, g->at, KERNEL_LOOP, 3, start, 3, types);
  kernel_region *outer = g->at;
  loop->span = g->span;
  loop->n_ranges = 1;
  loop->ranges = ARENA_NEW(g->mem, kernel_range);
  loop->ranges[0] = net_range_of(g, f->n);
  g->at = &loop->regions[0];
  g->param[f->n] = net_add_param(g, g->at, f->n);
  carried c = {kernel_add_param(g->mem, g->k, g->at, row, "top", NULL), kernel_add_param(g->mem, g->k, g->at, row, "total", NULL), kernel_add_param(g->mem, g->k, g->at, acc, "acc", NULL)};
  c = one_tile(g, frames, c);
  net_emit(g, KERNEL_YIELD, 3, (kernel_value[]){c.top, c.total, c.acc}, NULL);
  g->at = outer;
  g->known.n = g->made.n = 0;
  make(g, a->product, net_emit_broadcast(g, &frames[4], binary(g, KERNEL_FN_DIV, loop->results[2], loop->results[1])));
  net_emit_members(g, &frames[4], a->product + 1);
}
