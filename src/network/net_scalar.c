/* Scalar operations of linalg bodies as functions of kernels. */
#include "network/net_private.h"

/* X(operation, kind, function) */
#define SCALAR_LIST(X)                                                                                                                              \
  X("arith.addf", BINARY, ADD) X("arith.subf", BINARY, SUB) X("arith.mulf", BINARY, MUL) X("arith.divf", BINARY, DIV)                               \
  X("arith.maximumf", BINARY, MAX) X("arith.minimumf", BINARY, MIN) X("arith.maxnumf", BINARY, MAX) X("arith.minnumf", BINARY, MIN)                  \
  X("arith.negf", UNARY, NEG) X("arith.addi", BINARY, ADD) X("arith.subi", BINARY, SUB) X("arith.muli", BINARY, MUL)                                \
  X("arith.maxsi", BINARY, MAX) X("arith.minsi", BINARY, MIN) X("arith.andi", BINARY, AND) X("arith.ori", BINARY, OR) X("arith.xori", BINARY, XOR)  \
  X("arith.divsi", BINARY, TRUNCDIV) X("arith.floordivsi", BINARY, FLOORDIV) X("arith.remsi", BINARY, TRUNCDIV)        \
  X("arith.divui", BINARY, TRUNCDIV) X("arith.remui", BINARY, MOD) X("arith.shli", BINARY, SHL) X("arith.shrsi", BINARY, SHR)              \
  X("arith.select", SELECT, NONE) X("arith.extf", CAST, NONE) X("arith.truncf", CAST, NONE) X("arith.sitofp", CAST, NONE)                            \
  X("arith.fptosi", CAST, NONE) X("arith.extsi", CAST, NONE) X("arith.trunci", CAST, NONE) X("arith.index_cast", CAST, NONE)                         \
  X("math.exp", UNARY, EXP) X("math.exp2", UNARY, EXP2) X("math.log", UNARY, LOG) X("math.log2", UNARY, LOG2) X("math.log1p", UNARY, LOG1P)          \
  X("math.expm1", UNARY, EXPM1) X("math.sqrt", UNARY, SQRT) X("math.rsqrt", UNARY, RSQRT) X("math.tanh", UNARY, TANH) X("math.erf", UNARY, ERF)      \
  X("math.sin", UNARY, SIN) X("math.cos", UNARY, COS) X("math.absf", UNARY, ABS) X("math.absi", UNARY, ABS) X("math.floor", UNARY, FLOOR)            \
  X("math.ceil", UNARY, CEIL) X("math.roundeven", UNARY, ROUND) X("math.trunc", UNARY, TRUNC) X("math.powf", BINARY, POW)

/* By predicate; the unordered ones are the opposite of an ordered one, so that they hold where an operand is no number. */
static const struct { kernel_fn fn; bool opposite; } float_tests[16] = {
    [1] = {KERNEL_FN_EQ, false}, [2] = {KERNEL_FN_GT, false},  [3] = {KERNEL_FN_GE, false},  [4] = {KERNEL_FN_LT, false},  [5] = {KERNEL_FN_LE, false},
    [9] = {KERNEL_FN_LE, true},  [10] = {KERNEL_FN_LT, true}, [11] = {KERNEL_FN_GE, true}, [12] = {KERNEL_FN_GT, true}, [13] = {KERNEL_FN_NE, false},
    [7] = {KERNEL_FN_ISNAN, true}, [14] = {KERNEL_FN_ISNAN, false}};
static const kernel_fn integer_tests[10] = {KERNEL_FN_EQ, KERNEL_FN_NE, KERNEL_FN_LT, KERNEL_FN_LE, KERNEL_FN_GT, KERNEL_FN_GE, KERNEL_FN_LT, KERNEL_FN_LE, KERNEL_FN_GT, KERNEL_FN_GE};

static bool test_fn(MlirOperation op, net_fn *out) {
  bool is_float = ir_op_is(op, "arith.cmpf");
  int64_t p;
  if (!ir_attr_int(ir_attr_of(op, "predicate"), &p) || p < 0 || p >= (is_float ? 16 : 10) || (!is_float && p >= 6 && !mlirTypeIsAIndex(mlirValueGetType(ir_operand(op, 0)))))
    return false;
  *out = (net_fn){NULL, KERNEL_BINARY, is_float ? float_tests[p].fn : integer_tests[p], is_float && float_tests[p].opposite, false, !is_float && p >= 6};
  if (out->fn == KERNEL_FN_ISNAN)
    out->kind = KERNEL_UNARY;
  return out->fn != KERNEL_FN_NONE && (out->kind == KERNEL_BINARY || mlirValueEqual(ir_operand(op, 0), ir_operand(op, 1)));
}

static bool is_of_bool(MlirOperation op) {
  dtype t;
  return ir_type_dtype(mlirValueGetType(ir_operand(op, 0)), &t) && t == DTYPE_BOOL;
}

bool net_scalar_fn(MlirOperation op, net_fn *out) {
  static const net_fn fns[] = {
#define X(name, kind, fn) {name, KERNEL_##kind, KERNEL_FN_##fn, false, false, false},
      SCALAR_LIST(X)
#undef X
  };
  if (ir_op_is(op, "arith.cmpf") || ir_op_is(op, "arith.cmpi"))
    return test_fn(op, out);
  if ((ir_op_is(op, "arith.extui") || ir_op_is(op, "arith.uitofp")) && is_of_bool(op)) {
    *out = (net_fn){NULL, KERNEL_CAST, KERNEL_FN_NONE, false, false, false};
    return true;
  }
  for (size_t i = 0; i < sizeof fns / sizeof *fns; i++)
    if (ir_op_is(op, fns[i].op)) {
      bool is_unsigned = ir_op_is(op, "arith.divui") || ir_op_is(op, "arith.remui");      /* indices are not negative */
      *out = fns[i];
      out->remainder = ir_op_is(op, "arith.remsi");
      return !is_unsigned || mlirTypeIsAIndex(mlirValueGetType(ir_operand(op, 0)));
    }
  return false;
}

bool net_constant(MlirValue v, double *out) {
  MlirOperation op = ir_def(v);
  dtype t;
  if (mlirOperationIsNull(op) || !ir_op_is(op, "arith.constant") || mlirTypeIsAShaped(mlirValueGetType(v)))
    return false;
  MlirAttribute a = ir_attr_of(op, "value");
  if (mlirAttributeIsAFloat(a)) {
    *out = mlirFloatAttrGetValueDouble(a);
    return true;
  }
  if (!mlirAttributeIsAInteger(a))
    return false;
  bool is_bool = ir_type_dtype(mlirValueGetType(v), &t) && t == DTYPE_BOOL;
  *out = is_bool ? (double)(mlirIntegerAttrGetValueInt(a) & 1) : (double)mlirIntegerAttrGetValueInt(a);
  return true;
}

/* ---- reductions ---- */

/* Does v depend on what was reduced so far? */
static bool reads_accumulator(const net_op *op, MlirValue v) {
  int result;
  if (net_is_so_far(op, v, &result))
    return true;
  MlirOperation def = ir_def(v);
  if (mlirOperationIsNull(def) || !mlirBlockEqual(mlirOperationGetBlock(def), op->body))
    return false;
  for (intptr_t i = 0; i < ir_num_operands(def); i++)
    if (reads_accumulator(op, ir_operand(def, i)))
      return true;
  return false;
}

bool net_combiner(const net_op *op, int i, kernel_fn *fn, MlirValue *x) {
  static const kernel_fn combine[] = {KERNEL_FN_ADD, KERNEL_FN_MUL, KERNEL_FN_MAX, KERNEL_FN_MIN, KERNEL_FN_AND, KERNEL_FN_OR};
  MlirOperation def = mlirValueIsNull(op->yields[i]) ? (MlirOperation){NULL} : ir_def(op->yields[i]);
  net_fn f;
  if (mlirOperationIsNull(def) || !net_scalar_fn(def, &f) || f.kind != KERNEL_BINARY || f.opposite)
    return false;
  MlirValue so_far = mlirBlockGetArgument(op->body, op->n_args + i);
  int mine = mlirValueEqual(ir_operand(def, 0), so_far) ? 0 : 1;
  *x = ir_operand(def, !mine);
  *fn = f.fn == KERNEL_FN_AND ? KERNEL_FN_MIN : f.fn == KERNEL_FN_OR ? KERNEL_FN_MAX : f.fn;
  bool known = false;
  for (size_t k = 0; k < sizeof combine / sizeof *combine; k++)
    known = known || f.fn == combine[k];
  bool is_bitwise = f.fn == KERNEL_FN_AND || f.fn == KERNEL_FN_OR;      /* of truth values alone they are the least and the largest */
  return known && mlirValueEqual(ir_operand(def, mine), so_far) && !reads_accumulator(op, *x) && (!is_bitwise || is_of_bool(def));
}

MlirOperation net_summed_product(const net_op *op) {
  kernel_fn fn;
  MlirValue x;
  net_fn f;
  if (mlirOperationIsNull(op->op) || op->n_out != 1 || !net_combiner(op, 0, &fn, &x) || fn != KERNEL_FN_ADD)
    return (MlirOperation){NULL};
  MlirOperation mul = ir_def(x);
  while (!mlirOperationIsNull(mul) && net_scalar_fn(mul, &f) && f.kind == KERNEL_CAST)
    mul = ir_def(ir_operand(mul, 0));
  return !mlirOperationIsNull(mul) && net_scalar_fn(mul, &f) && f.fn == KERNEL_FN_MUL ? mul : (MlirOperation){NULL};
}

/* ---- what has no form ---- */

/* ---- the place of the largest ---- */

static MlirOperation def_named(MlirValue v, const char *name) {
  MlirOperation def = mlirValueIsNull(v) ? (MlirOperation){NULL} : ir_def(v);
  return !mlirOperationIsNull(def) && ir_op_is(def, name) ? def : (MlirOperation){NULL};
}

static bool is_result(const net_op *op, MlirValue v, int i) {
  int result;
  return net_is_so_far(op, v, &result) && result == i;
}

/* x > so far (or <), whichever side it is written from; of floats also where x is the first that is no number. */
static kernel_fn better_of(const net_op *op, MlirValue c, int best, MlirValue *x) {
  MlirOperation either = def_named(c, "arith.ori"), compare = def_named(c, "arith.cmpi");
  net_fn f;
  compare = mlirOperationIsNull(compare) ? def_named(mlirOperationIsNull(either) ? c : ir_operand(either, 0), "arith.cmpf") : compare;
  if (mlirOperationIsNull(compare) || !net_scalar_fn(compare, &f) || f.kind != KERNEL_BINARY)
    return KERNEL_FN_NONE;
  int mine = is_result(op, ir_operand(compare, 1), best) ? 0 : 1;
  *x = ir_operand(compare, mine);
  if (!is_result(op, ir_operand(compare, !mine), best))
    return KERNEL_FN_NONE;
  bool more = mine == 0 ? f.fn == (f.opposite ? KERNEL_FN_LE : KERNEL_FN_GT) : f.fn == (f.opposite ? KERNEL_FN_GE : KERNEL_FN_LT);
  bool less = mine == 0 ? f.fn == (f.opposite ? KERNEL_FN_GE : KERNEL_FN_LT) : f.fn == (f.opposite ? KERNEL_FN_LE : KERNEL_FN_GT);
  if (!mlirOperationIsNull(either)) {      /* .. or x is no number and what was is one */
    MlirOperation both = def_named(ir_operand(either, 1), "arith.andi"), nan = mlirOperationIsNull(both) ? both : def_named(ir_operand(both, 0), "arith.cmpf");
    if (mlirOperationIsNull(nan) || !net_scalar_fn(nan, &f) || f.fn != KERNEL_FN_ISNAN || f.opposite || !mlirValueEqual(ir_operand(nan, 0), *x))
      return KERNEL_FN_NONE;
  }
  return more ? KERNEL_FN_MAX : less ? KERNEL_FN_MIN : KERNEL_FN_NONE;
}

bool net_find_extreme(const net_op *op, net_extreme *out) {
  int loop = -1, loops = 0;
  for (int l = 0; l < op->loops.n; l++)
    if (op->reduces[l]) {
      loop = l;
      loops++;
    }
  for (int at = 0; at < 2 && loops == 1 && op->n_out == 2; at++) {
    MlirOperation place = def_named(op->yields[at], "arith.select"), best = def_named(op->yields[1 - at], "arith.select");
    if (mlirOperationIsNull(place) || mlirOperationIsNull(best) || !mlirValueEqual(ir_operand(place, 0), ir_operand(best, 0)))
      continue;
    MlirValue index = ir_operand(place, 1);
    while (!mlirOperationIsNull(def_named(index, "arith.index_cast")))
      index = ir_operand(ir_def(index), 0);
    *out = (net_extreme){.loop = loop, .at = at};
    out->fn = better_of(op, ir_operand(place, 0), 1 - at, &out->x);
    bool fits = net_loop_of(op, index) == loop && is_result(op, ir_operand(place, 2), at) && is_result(op, ir_operand(best, 2), 1 - at);
    if (fits && out->fn != KERNEL_FN_NONE && mlirValueEqual(ir_operand(best, 1), out->x) && !reads_accumulator(op, out->x))
      return true;
  }
  *out = (net_extreme){.fn = KERNEL_FN_NONE};
  return false;
}

void net_check_body(net_reader *r, const net_op *op) {
  bool reduces = false;
  for (int d = 0; d < op->loops.n; d++)
    reduces = reduces || op->reduces[d];
  for (int i = 0; i < op->n_out && reduces && op->extreme.fn == KERNEL_FN_NONE; i++) {
    const int before = r->n_refused;
    kernel_fn fn;
    MlirValue x;
    if (!net_combiner(op, i, &fn, &x))
      net_refuse(r, op->op, "what it reduces is no sum, product, maximum or minimum");
    else if (op->init[i].value.kind == NET_EMPTY)
      net_refuse(r, op->op, "it reduces onto a tensor without contents");
    else
      r->net->sums_narrow |= fn == KERNEL_FN_ADD && (op->init[i].value.type == DTYPE_F16 || op->init[i].value.type == DTYPE_BF16);
    if (r->n_refused > before)
      return;
  }
  for (int i = 0; i < op->n_out && !reduces; i++)
    if (op->init[i].value.kind == NET_EMPTY && reads_accumulator(op, op->yields[i]))
      net_refuse(r, op->op, "it reads a tensor without contents");
  for (int i = 0; i < op->n_args; i++)
    if (op->in[i].value.kind == NET_EMPTY && mlirValueIsNull(op->name[i]) && !mlirOpOperandIsNull(mlirValueGetFirstUse(mlirBlockGetArgument(op->body, i))))
      net_refuse(r, op->op, "it reads a tensor without contents");
}
