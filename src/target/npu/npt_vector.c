/* Elementwise ops, reductions and fills as vector code that every lane runs on its own bank. */
#include "target/npu/npt_lower.h"
#include "base/text.h"
#include <math.h>

enum { VALUES_MAX = 512, JAM_MAX = 4 };
/* Values of neighbouring vectors, which are computed side by side so that none waits for another: the first `jam` of its site. */
typedef struct wide { MlirValue at[JAM_MAX]; } wide;
typedef struct known { MlirValue of; wide is; } known;
typedef struct site {
  npt_lowering *l;
  const tog_node *n;
  const tfn_function *f;
  npt_way way;
  npt_tile *tile[TFN_OPERANDS_MAX];
  const npt_buffer *buffer[TFN_OPERANDS_MAX];
  MlirValue flat[TFN_OPERANDS_MAX], part[TFN_OPERANDS_MAX];      /* where the operand's part of its tile begins */
  int jam;
  MlirValue var[TFN_ITER_MAX];            /* of open loops: element, of lanes the round, of neighbours the first of the first vector */
  known known[VALUES_MAX]; int n_known;   /* values of the op's body at this place */
} site;

static loom_status refuse(const site *s, const char *what) {
  LOOM_FAIL(s->l->ctx, LOOM_NOSPAN, LOOM_EUNSUP, "tile function '%s' %s, which has no form on the cores of an NPU", s->f->name, what);
}

/* ---- vectors ---- */

static MlirType vector_of(npt_lowering *l, MlirType element) {
  const int64_t n = NPT_VECTOR;
  (void)l;
  return mlirVectorTypeGet(1, &n, element);
}

static MlirValue splat_attr(npt_lowering *l, MlirAttribute element) {
  MlirType type = vector_of(l, mlirAttributeGetType(element));
  ir_named at = {"value", mlirDenseElementsAttrSplatGet(type, element)};
  return ir_build1(&l->b, "arith.constant", type, 0, NULL, 1, &at);
}

static MlirValue broadcast(npt_lowering *l, MlirValue scalar) {
  return ir_build1(&l->b, "vector.broadcast", vector_of(l, mlirValueGetType(scalar)), 1, &scalar, 0, NULL);
}

static MlirValue compare(npt_lowering *l, const char *predicate, MlirValue a, MlirValue b, MlirType type) {
  ir_named at = {"predicate", ir_attr(l->ir, predicate)};
  return ir_build1(&l->b, "arith.cmpi", type, 2, (MlirValue[]){a, b}, 1, &at);
}

/* i1 is a byte in memory. */
static MlirValue load_vector(npt_lowering *l, const npt_buffer *b, MlirValue flat, MlirValue at) {
  MlirType type = vector_of(l, mlirShapedTypeGetElementType(mlirValueGetType(flat)));
  MlirValue v = ir_build1(&l->b, "vector.load", type, 2, (MlirValue[]){flat, at}, 0, NULL);
  if (b->b->type != DTYPE_BOOL)
    return v;
  return compare(l, "1 : i64", v, splat_attr(l, ir_attr(l->ir, "0 : i8")), vector_of(l, ir_type(l->ir, "i1")));
}

static void store_vector(npt_lowering *l, const npt_buffer *b, MlirValue v, MlirValue flat, MlirValue at) {
  if (b->b->type == DTYPE_BOOL)
    v = ir_build1(&l->b, "arith.extui", vector_of(l, ir_type(l->ir, "i8")), 1, &v, 0, NULL);
  ir_build(&l->b, "vector.store", 0, NULL, 3, (MlirValue[]){v, flat, at}, 0, NULL, 0, NULL);
}

/* ---- where an operand's vector is ---- */

static bool has_iter(const tfn_operand *o, int iter) {
  for (int d = 0; d < o->rank && iter >= 0; d++)
    if (o->iter[d] == iter)
      return true;
  return false;
}

static MlirValue offset_of(site *s, int operand, int copy) {
  const tfn_operand *o = &s->f->operand[operand];
  MlirValue var[TOG_RANK_MAX + 1] = {0};
  int64_t factor[TOG_RANK_MAX + 1];
  for (int d = 0; d < o->rank; d++) {
    factor[d] = s->tile[operand]->stride[d];
    if (o->iter[d] >= 0)
      var[d] = s->var[o->iter[d]];
  }
  var[o->rank] = s->part[operand];
  factor[o->rank] = 1;
  return npt_sum(s->l, o->rank + 1, var, factor, has_iter(o, s->way.vec) ? copy * NPT_VECTOR : 0);
}

static wide load_operand(site *s, int operand) {
  wide v = {0};
  for (int i = 0; i < s->jam; i++)
    v.at[i] = i && !has_iter(&s->f->operand[operand], s->way.vec) ? v.at[0] : load_vector(s->l, s->buffer[operand], s->flat[operand], offset_of(s, operand, i));
  return v;
}

static void store_output(site *s, wide v) {
  const int out = s->f->n_operands - 1;
  for (int i = 0; i < (has_iter(&s->f->operand[out], s->way.vec) ? s->jam : 1); i++)
    store_vector(s->l, s->buffer[out], v.at[i], s->flat[out], offset_of(s, out, i));
}

static wide same(const site *s, MlirValue v) {
  wide w = {0};
  for (int i = 0; i < s->jam; i++)
    w.at[i] = v;
  return w;
}

/* An operand with the iteration dim; false: none has it. */
static bool holder_of(const site *s, int iter, int *operand, int *dim) {
  for (int i = s->f->n_operands - 1; iter >= 0 && i >= 0; i--)
    for (int d = 0; d < s->f->operand[i].rank; d++)
      if (s->f->operand[i].iter[d] == iter) {
        *operand = i;
        *dim = d;
        return true;
      }
  return false;
}

static int64_t shape_of(const site *s, int iter) {
  int operand, dim;
  return holder_of(s, iter, &operand, &dim) ? s->buffer[operand]->extent[dim] : 1;
}

static int64_t rounds_of(const site *s) {
  int operand, dim;
  return s->way.lane != s->way.vec && holder_of(s, s->way.lane, &operand, &dim) ? s->tile[operand]->rounds : 1;
}

static int64_t row_of(const site *s) {
  int operand, dim;
  return holder_of(s, s->way.vec, &operand, &dim) ? s->tile[operand]->row : NPT_VECTOR;
}

/* ---- positions ---- */

static MlirValue iota(npt_lowering *l) {
  ir_named at = {"value", ir_attr(l->ir, "dense<[0, 1, 2, 3, 4, 5, 6, 7]> : vector<8xi32>")};
  return ir_build1(&l->b, "arith.constant", vector_of(l, ir_type(l->ir, "i32")), 0, NULL, 1, &at);
}

static MlirValue add(npt_lowering *l, MlirValue a, MlirValue b) {
  return ir_build1(&l->b, "arith.addi", mlirValueGetType(a), 2, (MlirValue[]){a, b}, 0, NULL);
}

/* The number of every lane times `run`. */
static MlirValue lane_numbers(npt_lowering *l, int64_t run) {
  ir_named at = {"vlane_offset", ir_int_attr(l->ir, run)};
  return ir_build1(&l->b, "torchsim.vlane_idx", vector_of(l, ir_type(l->ir, "i32")), 0, NULL, 1, &at);
}

static MlirValue splat_index(npt_lowering *l, MlirValue index) {
  MlirValue i32 = ir_build1(&l->b, "arith.index_cast", ir_type(l->ir, "i32"), 1, &index, 0, NULL);
  return broadcast(l, i32);
}

/* Positions of a vector's elements along a dim of a tile, as i32: `var` is the element, the round or the first neighbour. */
static MlirValue positions(npt_lowering *l, bool is_lane, bool is_vec, int64_t run, MlirValue var) {
  MlirValue at = (MlirValue){NULL};
  if (is_lane)
    at = lane_numbers(l, is_vec ? run : 1);
  if (is_vec)
    at = mlirValueIsNull(at) ? iota(l) : add(l, at, iota(l));
  if (mlirValueIsNull(var))
    return at;
  MlirValue first = splat_index(l, is_lane && !is_vec ? npt_sum(l, 1, &var, &(int64_t){l->core.lanes}, 0) : var);
  return mlirValueIsNull(at) ? first : add(l, at, first);
}

static wide iter_positions(site *s, int iter) {
  npt_lowering *l = s->l;
  int operand = 0, dim;
  holder_of(s, iter, &operand, &dim);
  MlirValue p = positions(l, iter == s->way.lane, iter == s->way.vec, s->tile[operand]->run, s->var[iter]);
  wide w = same(s, mlirValueIsNull(p) ? splat_attr(l, ir_attr(l->ir, "0 : i32")) : p);
  for (int i = 1; i < s->jam && iter == s->way.vec; i++)
    w.at[i] = add(l, w.at[0], splat_attr(l, ir_attr(l->ir, arena_printf(l->mem, "%d : i32", i * NPT_VECTOR))));
  return w;
}

static MlirValue below(npt_lowering *l, MlirValue at, MlirValue extent) {
  return compare(l, "2 : i64", at, splat_index(l, extent), vector_of(l, ir_type(l->ir, "i1")));
}

static MlirValue select_vector(npt_lowering *l, MlirValue mask, MlirValue yes, MlirValue no) {
  return ir_build1(&l->b, "arith.select", mlirValueGetType(yes), 3, (MlirValue[]){mask, yes, no}, 0, NULL);
}

/* ---- the body of an op ---- */

loom_status npt_argument_value(npt_lowering *l, const tog_node *n, tfn_index i, MlirValue *out) {
  if (i.arg < 0) {
    *out = npt_const(l, i.value);
    return LOOM_OK;
  }
  size_t at = (size_t)i.arg;
  return npt_index(l, at < n->args.n ? n->args.at[at] : n->numbers.at[at - n->args.n], out);
}

static void learn(site *s, MlirValue of, wide is) {
  if (s->n_known < VALUES_MAX)
    s->known[s->n_known++] = (known){of, is};
}

static loom_status eval(site *s, MlirValue v, wide *out);

static loom_status eval_argument(site *s, MlirValue v, wide *out) {
  npt_lowering *l = s->l;
  MlirValue scalar;
  int i = (int)mlirBlockArgumentGetArgNumber(v);
  if (mlirBlockEqual(mlirBlockArgumentGetOwner(v), ir_body(s->f->op))) {
    *out = load_operand(s, i);
    return LOOM_OK;
  }
  LOOM_TRY(npt_argument_value(l, s->n, (tfn_index){i - s->f->n_uses, 0}, &scalar));
  MlirType type = mlirValueGetType(v);
  if (!mlirTypeIsAIndex(type))
    scalar = ir_build1(&l->b, "arith.index_cast", type, 1, &scalar, 0, NULL);
  *out = same(s, broadcast(l, scalar));
  return LOOM_OK;
}

static loom_status eval_index(site *s, MlirOperation op, wide *out) {
  int64_t dim = 0;
  ir_attr_int(ir_attr_of(op, "dim"), &dim);
  wide at = iter_positions(s, (int)dim);
  for (int i = 0; i < s->jam; i++)
    out->at[i] = ir_build1(&s->l->b, "arith.index_cast", vector_of(s->l, ir_index_type(s->l->ir)), 1, &at.at[i], 0, NULL);
  return LOOM_OK;
}

/* The same op on vectors. */
static loom_status eval_op(site *s, MlirOperation op, wide *out) {
  npt_lowering *l = s->l;
  wide operand[4];
  const char *name = ir_op_name(op);
  intptr_t n = ir_num_operands(op);
  if (!(text_starts(name, "arith.") || text_starts(name, "math.")) || n > 4 || mlirOperationGetNumResults(op) != 1)
    return refuse(s, arena_printf(l->mem, "uses '%s'", name));
  for (intptr_t i = 0; i < n; i++)
    LOOM_TRY(eval(s, ir_operand(op, i), &operand[i]));
  for (int k = 0; k < s->jam; k++) {
    MlirOperation copy = mlirOperationClone(op);
    for (intptr_t i = 0; i < n; i++)
      mlirOperationSetOperand(copy, i, operand[i].at[k]);
    MlirValue result = mlirOperationGetResult(copy, 0);
    mlirValueSetType(result, vector_of(l, mlirValueGetType(result)));
    mlirBlockInsertOwnedOperationBefore(l->b.block, l->b.before, copy);
    out->at[k] = result;
  }
  return LOOM_OK;
}

static loom_status eval(site *s, MlirValue v, wide *out) {
  for (int i = 0; i < s->n_known; i++)
    if (mlirValueEqual(s->known[i].of, v)) {
      *out = s->known[i].is;
      return LOOM_OK;
    }
  MlirOperation op = ir_def(v);
  if (mlirOperationIsNull(op))
    LOOM_TRY(eval_argument(s, v, out));
  else if (ir_op_is(op, "arith.constant"))
    *out = same(s, splat_attr(s->l, ir_attr_of(op, "value")));
  else if (ir_op_is(op, "linalg.index"))
    LOOM_TRY(eval_index(s, op, out));
  else
    LOOM_TRY(eval_op(s, op, out));
  learn(s, v, *out);
  return LOOM_OK;
}

static bool is_copy(const tfn_function *f) { return mlirOperationIsNull(f->op) || ir_op_is(f->op, "memref.copy"); }

static MlirValue output_argument(const site *s) { return mlirBlockGetArgument(ir_body(s->f->op), s->f->n_operands - 1); }

/* ---- loops ---- */

typedef struct nest { npt_loop loop[TFN_ITER_MAX + 2]; int n; } nest;

static void open_loop(site *s, nest *at, int iter, int64_t trip, int64_t step, int carried, const MlirValue *inits) {
  if (trip <= step && !carried)
    return;
  at->loop[at->n] = npt_open_loop(s->l, trip, step, NULL, carried, inits);
  s->var[iter] = at->loop[at->n++].var;
}

static void close_loops(site *s, nest *at) {
  while (at->n > 0)
    npt_close_loop(s->l, &at->loop[--at->n], 0, NULL);
}

/* Loops over what the output has, but neighbours when they are `without_vec`. */
static void open_parallel(site *s, nest *at, bool without_vec) {
  for (int d = 0; d < s->f->n_iter; d++)
    if (!s->f->is_reduction[d] && d != s->way.lane && d != s->way.vec)
      open_loop(s, at, d, shape_of(s, d), 1, 0, NULL);
  if (s->way.lane >= 0 && s->way.lane != s->way.vec)
    open_loop(s, at, s->way.lane, rounds_of(s), 1, 0, NULL);
  if (s->way.vec >= 0 && !without_vec)
    open_loop(s, at, s->way.vec, row_of(s), s->jam * NPT_VECTOR, 0, NULL);
}



static loom_status emit_fill(npt_lowering *l, const npt_buffer *b, const npt_tile *t, MlirAttribute value) {
  npt_loop loop;
  MlirValue flat = npt_flat(l, b, t), v = splat_attr(l, value);
  loop = npt_open_loop(l, t->elems, NPT_VECTOR, NULL, 0, NULL);
  store_vector(l, b, v, flat, loop.var);
  npt_close_loop(l, &loop, 0, NULL);
  return LOOM_OK;
}

/* ---- reductions ---- */

/* X(op, first value as MLIR text of floats; of integers of n bits: what) */
typedef enum first_of { FIRST_ZERO, FIRST_ONE, FIRST_LEAST, FIRST_GREATEST, FIRST_ONES } first_of;
static const struct { const char *op; first_of first; } combiners[] = {
    {"arith.addf", FIRST_ZERO},    {"arith.mulf", FIRST_ONE},    {"arith.maximumf", FIRST_LEAST},  {"arith.maxnumf", FIRST_LEAST}, {"arith.minimumf", FIRST_GREATEST},
    {"arith.minnumf", FIRST_GREATEST}, {"arith.addi", FIRST_ZERO}, {"arith.muli", FIRST_ONE},      {"arith.maxsi", FIRST_LEAST},   {"arith.minsi", FIRST_GREATEST},
    {"arith.maxui", FIRST_ZERO},   {"arith.minui", FIRST_ONES},  {"arith.andi", FIRST_ONES},       {"arith.ori", FIRST_ZERO},      {"arith.xori", FIRST_ZERO}};

static MlirAttribute first_value(npt_lowering *l, MlirType type, first_of first) {
  if (mlirTypeIsAFloat(type)) {
    const double value = first == FIRST_LEAST ? -(double)INFINITY : first == FIRST_GREATEST ? (double)INFINITY : first == FIRST_ONE ? 1.0 : 0.0;
    return mlirFloatAttrDoubleGet(l->ir->mlir, type, value);
  }
  const unsigned bits = mlirIntegerTypeGetWidth(type);
  const int64_t greatest = (int64_t)((UINT64_C(1) << (bits - 1)) - 1);
  const int64_t value = first == FIRST_LEAST ? -greatest - 1 : first == FIRST_GREATEST ? greatest : first == FIRST_ONES ? -1 : first == FIRST_ONE;
  return mlirIntegerAttrGet(type, value);
}

typedef struct reduction { MlirOperation op; MlirValue value; first_of first; } reduction;

static MlirValue through_casts(MlirValue v) {
  MlirOperation def = ir_def(v);
  while (ir_op_is(def, "arith.extf") || ir_op_is(def, "arith.truncf"))
    def = ir_def(v = ir_operand(def, 0));
  return v;
}

/* out = out op value, in either order, rounded or not. */
static bool read_reduction(const site *s, reduction *out) {
  MlirOperation op = ir_def(through_casts(tfn_yielded(s->f)));
  for (size_t i = 0; i < sizeof combiners / sizeof *combiners; i++) {
    if (!ir_op_is(op, combiners[i].op))
      continue;
    for (int k = 0; k < 2; k++)
      if (mlirValueEqual(through_casts(ir_operand(op, k)), output_argument(s))) {
        *out = (reduction){op, ir_operand(op, 1 - k), combiners[i].first};
        return true;
      }
  }
  return false;
}

static MlirValue combine(npt_lowering *l, const reduction *r, MlirValue a, MlirValue b) {
  MlirOperation copy = mlirOperationClone(r->op);
  mlirOperationSetOperand(copy, 0, a);
  mlirOperationSetOperand(copy, 1, b);
  mlirValueSetType(mlirOperationGetResult(copy, 0), mlirValueGetType(a));
  mlirBlockInsertOwnedOperationBefore(l->b.block, l->b.before, copy);
  return mlirOperationGetResult(copy, 0);
}

static MlirValue shuffle(npt_lowering *l, MlirValue v, const char *order) {
  ir_named at = {"mask", ir_attr(l->ir, order)};
  return ir_build1(&l->b, "vector.shuffle", mlirValueGetType(v), 2, (MlirValue[]){v, v}, 1, &at);
}

/* Every element becomes the combination of all eight: halves are swapped, then quarters, then neighbours. */
static MlirValue combine_elements(npt_lowering *l, const reduction *r, MlirValue v) {
  static const char *const orders[] = {"array<i64: 4, 5, 6, 7, 0, 1, 2, 3>", "array<i64: 2, 3, 0, 1, 6, 7, 4, 5>", "array<i64: 1, 0, 3, 2, 5, 4, 7, 6>"};
  for (int i = 0; i < 3; i++)
    v = combine(l, r, v, shuffle(l, v, orders[i]));
  return v;
}

/* Where the op's iteration has no element the mask is false; *has_mask false: it has all of them.  `d`: a dim that is reduced. */
static loom_status mask_of(site *s, int d, bool *has_mask, wide *out) {
  int operand, dim;
  int64_t fixed;
  MlirValue extent;
  *has_mask = false;
  if (!holder_of(s, d, &operand, &dim))
    return LOOM_OK;
  LOOM_TRY(npt_argument_value(s->l, s->n, s->f->extent[d], &extent));
  if (ir_const_int(extent, &fixed) && fixed == (d == s->way.vec ? s->tile[operand]->row : s->tile[operand]->padded[dim]))
    return LOOM_OK;
  *has_mask = true;
  *out = iter_positions(s, d);
  for (int i = 0; i < s->jam; i++)
    out->at[i] = i && d != s->way.vec ? out->at[0] : below(s->l, out->at[i], extent);
  return LOOM_OK;
}

/* `no` where there is no element. */
static loom_status masked(site *s, const wide *no, wide *value) {
  for (int d = 0; d < s->f->n_iter; d++) {
    bool has_mask;
    wide mask;
    if (!s->f->is_reduction[d])
      continue;
    LOOM_TRY(mask_of(s, d, &has_mask, &mask));
    for (int i = 0; i < s->jam && has_mask; i++)
      value->at[i] = select_vector(s->l, mask.at[i], value->at[i], no->at[i]);
  }
  return LOOM_OK;
}

/* Loops over what is reduced, one carrying the values of the next. */
static void open_reduced(site *s, nest *at, wide *carried) {
  for (int d = 0; d < s->f->n_iter; d++) {
    if (!s->f->is_reduction[d])
      continue;
    int64_t trip = d == s->way.vec ? row_of(s) : shape_of(s, d), step = d == s->way.vec ? s->jam * NPT_VECTOR : 1;
    if (trip <= step)
      continue;
    open_loop(s, at, d, trip, step, s->jam, carried->at);
    for (int i = 0; i < s->jam; i++)
      carried->at[i] = mlirBlockGetArgument(at->loop[at->n - 1].body, i + 1);
  }
}

static void close_reduced(site *s, nest *at, wide *value) {
  while (at->n > 0) {
    npt_close_loop(s->l, &at->loop[--at->n], s->jam, value->at);
    for (int i = 0; i < s->jam; i++)
      value->at[i] = ir_result(at->loop[at->n].op, i);
  }
}

/* What is reduced does not lie side by side: the output's vectors are carried through the loops. */
static loom_status emit_reduction(site *s) {
  nest outer = {0}, inner = {0};
  wide value;
  open_parallel(s, &outer, false);
  wide carried = load_operand(s, s->f->n_operands - 1);
  open_reduced(s, &inner, &carried);
  s->n_known = 0;
  learn(s, output_argument(s), carried);
  LOOM_TRY(eval(s, tfn_yielded(s->f), &value));
  LOOM_TRY(masked(s, &carried, &value));
  close_reduced(s, &inner, &value);
  store_output(s, value);
  close_loops(s, &outer);
  return LOOM_OK;
}

/* Neighbours are reduced: sums side by side, then of the vectors, then over the vector, then with what the output has. */
static loom_status emit_row_reduction(site *s) {
  npt_lowering *l = s->l;
  nest outer = {0}, inner = {0};
  reduction r;
  wide value;
  if (!read_reduction(s, &r))
    return refuse(s, "reduces with an op that is no sum, product, extreme or bitwise one");
  open_parallel(s, &outer, true);
  wide first = same(s, splat_attr(l, first_value(l, mlirValueGetType(r.value), r.first))), carried = first;
  open_reduced(s, &inner, &carried);
  s->n_known = 0;
  LOOM_TRY(eval(s, r.value, &value));
  LOOM_TRY(masked(s, &first, &value));
  for (int i = 0; i < s->jam; i++)
    value.at[i] = combine(l, &r, carried.at[i], value.at[i]);
  close_reduced(s, &inner, &value);
  for (int n = s->jam / 2; n > 0; n /= 2)
    for (int i = 0; i < n; i++)
      value.at[i] = combine(l, &r, value.at[i], value.at[i + n]);
  MlirValue whole = combine_elements(l, &r, value.at[0]);
  for (int d = 0; d < s->f->n_iter; d++)
    if (s->f->is_reduction[d])
      s->var[d] = (MlirValue){NULL};
  s->jam = 1;
  s->n_known = 0;
  learn(s, output_argument(s), load_operand(s, s->f->n_operands - 1));
  learn(s, r.value, same(s, whole));
  LOOM_TRY(eval(s, tfn_yielded(s->f), &value));
  store_output(s, value);
  close_loops(s, &outer);
  return LOOM_OK;
}

/* Element after element along the axis, what there is so far carried through the loop; then with what the output has, which is neutral where nobody says otherwise. */
static loom_status emit_scan(site *s, const npt_scan *scan) {
  npt_lowering *l = s->l;
  nest outer = {0}, inner = {0};
  const reduction r = {.op = scan->combine};
  const int64_t n = shape_of(s, scan->axis);
  MlirValue extent;
  LOOM_TRY(npt_argument_value(l, s->n, s->f->extent[scan->along], &extent));
  for (int d = 0; d < s->f->n_iter; d++)
    if (!s->f->is_reduction[d] && d != s->way.lane && d != s->way.vec && d != scan->axis)
      open_loop(s, &outer, d, shape_of(s, d), 1, 0, NULL);
  if (s->way.lane >= 0 && s->way.lane != s->way.vec)
    open_loop(s, &outer, s->way.lane, rounds_of(s), 1, 0, NULL);
  if (s->way.vec >= 0)
    open_loop(s, &outer, s->way.vec, row_of(s), s->jam * NPT_VECTOR, 0, NULL);
  const wide neutral = same(s, splat_attr(l, scan->neutral));
  wide so_far = neutral;
  open_loop(s, &inner, scan->axis, n, 1, s->jam, so_far.at);
  for (int i = 0; i < s->jam; i++)
    so_far.at[i] = mlirBlockGetArgument(inner.loop[0].body, i + 1);
  if (scan->from_end)
    s->var[scan->axis] = npt_sum(l, 1, &s->var[scan->axis], &(int64_t){-1}, n - 1);
  s->var[scan->along] = s->var[scan->axis];
  wide x;
  s->n_known = 0;
  LOOM_TRY(eval(s, scan->value, &x));
  const MlirValue is_there = scan->from_end ? below(l, splat_index(l, s->var[scan->axis]), extent) : (MlirValue){NULL};
  for (int i = 0; i < s->jam; i++) {
    if (scan->from_end)      /* what lies behind a ragged end is walked first */
      x.at[i] = select_vector(l, is_there, x.at[i], neutral.at[i]);
    so_far.at[i] = combine(l, &r, so_far.at[i], x.at[i]);
  }
  wide value = load_operand(s, 1);
  for (int i = 0; i < s->jam; i++)
    value.at[i] = combine(l, &r, value.at[i], so_far.at[i]);
  store_output(s, value);
  close_reduced(s, &inner, &so_far);
  close_loops(s, &outer);
  return LOOM_OK;
}

static loom_status emit_elementwise(site *s) {
  nest at = {0};
  wide value;
  open_parallel(s, &at, false);
  s->n_known = 0;
  if (is_copy(s->f))
    value = load_operand(s, 0);
  else
    LOOM_TRY(eval(s, tfn_yielded(s->f), &value));
  store_output(s, value);
  close_loops(s, &at);
  return LOOM_OK;
}

static loom_status emit_generic(site *s) {
  bool reduces = false;
  const int64_t vectors = row_of(s) / NPT_VECTOR;
  s->jam = s->way.vec < 0 ? 1 : vectors % JAM_MAX == 0 ? JAM_MAX : vectors % 2 == 0 ? 2 : 1;
  for (int d = 0; d < s->f->n_iter; d++)
    reduces = reduces || s->f->is_reduction[d];
  npt_scan scan;
  if (!reduces)
    return emit_elementwise(s);
  if (npt_read_scan(s->f, &scan))
    return emit_scan(s, &scan);
  return s->way.vec >= 0 && s->f->is_reduction[s->way.vec] ? emit_row_reduction(s) : emit_reduction(s);
}

loom_status npt_emit_convert(npt_lowering *l, const npt_buffer *from, const npt_tile *from_tile, const npt_buffer *to, const npt_tile *to_tile) {
  MlirValue source = npt_flat(l, from, from_tile), target = npt_flat(l, to, to_tile);
  npt_loop loop = npt_open_loop(l, from_tile->elems, NPT_VECTOR, NULL, 0, NULL);
  MlirValue v = load_vector(l, from, source, loop.var);
  const bool is_wider = dtype_bytes(to->b->type) > dtype_bytes(from->b->type);
  v = ir_build1(&l->b, is_wider ? "arith.extf" : "arith.truncf", vector_of(l, ir_dtype(l->ir, to->b->type)), 1, &v, 0, NULL);
  store_vector(l, to, v, target, loop.var);
  npt_close_loop(l, &loop, 0, NULL);
  return LOOM_OK;
}

loom_status npt_emit_clean(npt_lowering *l, const npt_buffer *b, const npt_tile *t, int dim, MlirValue extent, MlirValue base) {
  npt_loop loop[TOG_RANK_MAX + 1];
  MlirValue var[TOG_RANK_MAX + 1] = {0};
  int64_t factor[TOG_RANK_MAX + 1];
  int n = 0;
  const int lane = t->layout.lane, vec = t->layout.vec;
  for (int d = 0; d < b->b->rank; d++) {
    int64_t trip = d == vec ? t->row : d == lane ? t->rounds : t->padded[d], step = d == vec ? NPT_VECTOR : 1;
    if (trip <= step)
      continue;
    loop[n] = npt_open_loop(l, trip, step, NULL, 0, NULL);
    var[d] = loop[n++].var;
  }
  memcpy(factor, t->stride, (size_t)b->b->rank * sizeof *factor);
  var[b->b->rank] = base;
  factor[b->b->rank] = 1;
  MlirValue flat = npt_flat(l, b, t), at = npt_sum(l, b->b->rank + 1, var, factor, 0), v = load_vector(l, b, flat, at);
  MlirValue p = positions(l, dim == lane, dim == vec, t->run, var[dim]);
  MlirValue zero = splat_attr(l, first_value(l, mlirShapedTypeGetElementType(mlirValueGetType(v)), FIRST_ZERO));
  store_vector(l, b, select_vector(l, below(l, p, extent), v, zero), flat, at);
  while (n-- > 0)
    npt_close_loop(l, &loop[n], 0, NULL);
  return LOOM_OK;
}

/* ---- nodes ---- */

static bool reads_output(const site *s) {
  if (s->f->kind == TFN_MATMUL)
    return !s->f->overwrites;
  for (int d = 0; d < s->f->n_iter; d++)
    if (s->f->is_reduction[d])
      return true;
  return !is_copy(s->f) && !mlirOpOperandIsNull(mlirValueGetFirstUse(output_argument(s)));
}

static loom_status bring(site *s, bool *is_moved) {
  npt_lowering *l = s->l;
  for (int i = 0; i < s->f->n_operands; i++) {
    const int buffer = s->n->uses.at[s->f->operand[i].use].buffer;
    const bool is_output = i == s->f->n_operands - 1;
    npt_buffer *b = &l->buffers[buffer];
    LOOM_TRY(npt_tile_of(l, buffer, npt_layout_for(s->f, i, s->way), &s->tile[i]));
    s->buffer[i] = b;
    if (s->tile[i] == &b->tile[0] || !b->is_computed)
      continue;
    *is_moved = *is_moved || is_output;
    if (!is_output || reads_output(s))
      LOOM_TRY(npt_emit_copy(l, buffer, &b->tile[0], s->tile[i]));
  }
  return LOOM_OK;
}

loom_status npt_emit_compute(npt_lowering *l, const tog_node *n) {
  if (n->kind == TOG_COMPUTE && n->function < 0)
    return LOOM_OK;
  site *s = ARENA_NEW(l->mem, site);
  *s = (site){.l = l, .n = n, .f = npt_function_of(l, n), .way = l->ways[n->id]};
  const int out = n->uses.at[tfn_output(s->f)->use].buffer;
  bool is_moved = false;
  if (s->f->kind == TFN_FILL)
    return emit_fill(l, &l->buffers[out], &l->buffers[out].tile[0], s->f->fill_value);
  LOOM_TRY(bring(s, &is_moved));
  if (s->f->kind == TFN_MATMUL) {
    LOOM_TRY(npt_emit_product(l, n, s->f, s->way, s->tile));
  } else {
    for (int i = 0; i < s->f->n_operands; i++) {
      s->flat[i] = npt_flat(l, s->buffer[i], s->tile[i]);
      LOOM_TRY(npt_part_offset(l, n, &s->f->operand[i], s->tile[i], &s->part[i]));
    }
    LOOM_TRY(emit_generic(s));
  }
  return is_moved ? npt_emit_copy(l, out, s->tile[s->f->n_operands - 1], &l->buffers[out].tile[0]) : LOOM_OK;
}
