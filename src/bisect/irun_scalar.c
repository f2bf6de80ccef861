/* Scalar operations of arith and math: on scalars, element by element on tensors, and in linalg bodies.
 * A float operation is done in double and rounded to its type; integers are whole doubles, wrapped to their width. */
#include "bisect/irun.h"
#include <math.h>

/* X(id, name, arity, value): a, b, c: operands; t: the type worked in. */
#define SCALAR_LIST(X)                                                                                            \
  X(ADDF, "arith.addf", 2, a + b) X(SUBF, "arith.subf", 2, a - b) X(MULF, "arith.mulf", 2, a * b)                 \
  X(DIVF, "arith.divf", 2, a / b) X(REMF, "arith.remf", 2, fmod(a, b)) X(NEGF, "arith.negf", 1, -a)               \
  X(MAXIMUMF, "arith.maximumf", 2, isnan(a) || isnan(b) ? NAN : fmax(a, b))                                       \
  X(MINIMUMF, "arith.minimumf", 2, isnan(a) || isnan(b) ? NAN : fmin(a, b))                                       \
  X(MAXNUMF, "arith.maxnumf", 2, fmax(a, b)) X(MINNUMF, "arith.minnumf", 2, fmin(a, b))                           \
  X(ADDI, "arith.addi", 2, a + b) X(SUBI, "arith.subi", 2, a - b) X(MULI, "arith.muli", 2, a * b)                 \
  X(MAXSI, "arith.maxsi", 2, fmax(a, b)) X(MINSI, "arith.minsi", 2, fmin(a, b))                                   \
  X(MAXUI, "arith.maxui", 2, fmax(as_unsigned(t, a), as_unsigned(t, b)))                                          \
  X(MINUI, "arith.minui", 2, fmin(as_unsigned(t, a), as_unsigned(t, b)))                                          \
  X(DIVSI, "arith.divsi", 2, trunc(a / b)) X(DIVUI, "arith.divui", 2, floor(as_unsigned(t, a) / as_unsigned(t, b)))   \
  X(REMSI, "arith.remsi", 2, fmod(a, b)) X(REMUI, "arith.remui", 2, fmod(as_unsigned(t, a), as_unsigned(t, b)))   \
  X(CEILDIVSI, "arith.ceildivsi", 2, ceil(a / b)) X(CEILDIVUI, "arith.ceildivui", 2, ceil(as_unsigned(t, a) / as_unsigned(t, b))) \
  X(FLOORDIVSI, "arith.floordivsi", 2, floor(a / b))                                                              \
  X(ANDI, "arith.andi", 2, (double)((int64_t)a & (int64_t)b)) X(ORI, "arith.ori", 2, (double)((int64_t)a | (int64_t)b))  \
  X(XORI, "arith.xori", 2, (double)((int64_t)a ^ (int64_t)b))                                                     \
  X(SHLI, "arith.shli", 2, ldexp(a, (int)b)) X(SHRSI, "arith.shrsi", 2, floor(ldexp(a, -(int)b)))                 \
  X(SHRUI, "arith.shrui", 2, floor(ldexp(as_unsigned(t, a), -(int)b)))                                            \
  X(CMPI, "arith.cmpi", 2, compare_ints(t, predicate, a, b)) X(CMPF, "arith.cmpf", 2, compare_floats(predicate, a, b))   \
  X(SELECT, "arith.select", 3, a != 0 ? b : c)                                                                    \
  X(EXTF, "arith.extf", 1, a) X(TRUNCF, "arith.truncf", 1, a) X(SITOFP, "arith.sitofp", 1, a)                     \
  X(UITOFP, "arith.uitofp", 1, as_unsigned(t, a)) X(FPTOSI, "arith.fptosi", 1, trunc(a)) X(FPTOUI, "arith.fptoui", 1, trunc(a))   \
  X(EXTSI, "arith.extsi", 1, t == DTYPE_BOOL ? -a : a) X(EXTUI, "arith.extui", 1, as_unsigned(t, a)) X(TRUNCI, "arith.trunci", 1, to == DTYPE_BOOL ? (double)((int64_t)a & 1) : a)   \
  X(INDEX_CAST, "arith.index_cast", 1, a) X(INDEX_CASTUI, "arith.index_castui", 1, as_unsigned(t, a))             \
  X(ABSF, "math.absf", 1, fabs(a)) X(ABSI, "math.absi", 1, fabs(a)) X(CEIL, "math.ceil", 1, ceil(a)) X(FLOOR, "math.floor", 1, floor(a))   \
  X(ROUND, "math.round", 1, round(a)) X(ROUNDEVEN, "math.roundeven", 1, nearbyint(a)) X(TRUNC, "math.trunc", 1, trunc(a))         \
  X(EXP, "math.exp", 1, exp(a)) X(EXP2, "math.exp2", 1, exp2(a)) X(EXPM1, "math.expm1", 1, expm1(a))              \
  X(LOG, "math.log", 1, log(a)) X(LOG2, "math.log2", 1, log2(a)) X(LOG10, "math.log10", 1, log10(a)) X(LOG1P, "math.log1p", 1, log1p(a))  \
  X(SQRT, "math.sqrt", 1, sqrt(a)) X(RSQRT, "math.rsqrt", 1, 1 / sqrt(a)) X(CBRT, "math.cbrt", 1, cbrt(a))        \
  X(SIN, "math.sin", 1, sin(a)) X(COS, "math.cos", 1, cos(a)) X(TAN, "math.tan", 1, tan(a)) X(TANH, "math.tanh", 1, tanh(a))     \
  X(ERF, "math.erf", 1, erf(a)) X(ERFC, "math.erfc", 1, erfc(a)) X(POWF, "math.powf", 2, pow(a, b)) X(FPOWI, "math.fpowi", 2, pow(a, b)) X(ATAN2, "math.atan2", 2, atan2(a, b))   \
  X(FMA, "math.fma", 3, fma(a, b, c)) X(COPYSIGN, "math.copysign", 2, copysign(a, b))                             \
  X(BITCAST, "arith.bitcast", 1, same_bits(t, to, a))                                                             \
  X(ISNAN, "math.isnan", 1, isnan(a) != 0) X(ISINF, "math.isinf", 1, isinf(a) != 0)

typedef enum scalar_fn {
#define X(id, ...) FN_##id,
  SCALAR_LIST(X)
#undef X
  FN_COUNT
} scalar_fn;

static const struct { const char *name; int arity; } rows[] = {
#define X(id, name, arity, value) {name, arity},
    SCALAR_LIST(X)
#undef X
};

static double as_unsigned(dtype t, double x) { return x < 0 && t != DTYPE_I64 ? x + ldexp(1, (int)dtype_bytes(t) * 8) : x; }

static double same_bits(dtype t, dtype to, double x) {
  unsigned char bytes[8] = {0};
  dtype_store(t, bytes, x);
  return dtype_load(to, bytes);
}

/* eq ne slt sle sgt sge ult ule ugt uge */
static double compare_ints(dtype t, int64_t predicate, double a, double b) {
  if (predicate >= 6) {
    a = as_unsigned(t, a);
    b = as_unsigned(t, b);
    predicate -= 4;
  }
  switch (predicate) {
  case 0: return a == b;
  case 1: return a != b;
  case 2: return a < b;
  case 3: return a <= b;
  case 4: return a > b;
  default: return a >= b;
  }
}

/* false oeq ogt oge olt ole one ord ueq ugt uge ult ule une uno true */
static double compare_floats(int64_t predicate, double a, double b) {
  bool unordered = isnan(a) || isnan(b);
  if (predicate == 0 || predicate == 15)
    return predicate == 15;
  if (predicate == 7 || predicate == 14)
    return unordered == (predicate == 14);
  if (unordered)
    return predicate >= 8;
  switch (predicate >= 8 ? predicate - 7 : predicate) {
  case 1: return a == b;
  case 2: return a > b;
  case 3: return a >= b;
  case 4: return a < b;
  case 5: return a <= b;
  default: return a != b;
  }
}

int irun_scalar_find(const char *name) {
  for (int i = 0; i < FN_COUNT; i++)
    if (text_eq(rows[i].name, name))
      return i;
  return -1;
}

int irun_scalar_arity(int fn) { return rows[fn].arity; }

static bool divides(int fn) {
  switch (fn) {
  case FN_DIVSI: case FN_DIVUI: case FN_REMSI: case FN_REMUI: case FN_CEILDIVSI: case FN_CEILDIVUI: case FN_FLOORDIVSI: return true;
  default: return false;
  }
}

bool irun_scalar(int fn, dtype t, dtype to, int64_t predicate, const double *in, double *out) {
  double a = in[0], b = in[1], c = in[2], x = 0;
  if (divides(fn) && b == 0)
    return false;
  switch (fn) {
#define X(id, name, arity, value) \
  case FN_##id:                   \
    x = (double)(value);          \
    break;
    SCALAR_LIST(X)
#undef X
  default: return false;
  }
  *out = irun_round(to, x);
  return dtype_is_float(to) || fabs(*out) <= 0x1p53;
}

bool irun_scalar_stop(irun *r, MlirOperation op, int fn, const double *in) {
  return divides(fn) && in[1] == 0 ? irun_stop(r, op, BISECT_BROKE, "it divides by zero") : irun_stop(r, op, BISECT_UNKNOWN, "integers beyond 2^53 are not known here");
}

int64_t irun_predicate(MlirOperation op) {
  int64_t p = 0;
  MlirAttribute a = ir_attr_of(op, "predicate");
  return !mlirAttributeIsNull(a) && ir_attr_int(a, &p) ? p : 0;
}

/* ---- as operations ---- */
static double element(const irun_value *v, const double *x, int64_t i) { return v->kind == IRUN_TENSOR ? x[i] : v->x; }

static bool run_tensors(irun *r, MlirOperation op, int id, dtype from, dtype to) {
  int fn = r->infos.at[id].fn, arity = rows[fn].arity, in[3], n_in = 0;
  const double *x[3] = {NULL};
  irun_value v[3] = {{0}};
  const flow_node *shape = NULL;
  for (int k = 0; k < arity; k++) {
    v[k] = *irun_operand(r, op, k);
    in[n_in++] = v[k].node;
    if (v[k].kind != IRUN_TENSOR)
      continue;
    x[k] = irun_elements(r, &v[k]);
    shape = &r->flow->nodes.at[v[k].node];
  }
  if (!shape)
    return false;
  double *out = ARENA_NEW_N(r->mem, double, shape->elems);
  flow_node like = *shape;
  for (int64_t i = 0; i < like.elems; i++) {
    double at[3] = {element(&v[0], x[0], i), element(&v[1], x[1], i), element(&v[2], x[2], i)};
    if (!irun_scalar(fn, from, to, irun_predicate(op), at, &out[i]))
      return irun_scalar_stop(r, op, fn, at);
  }
  irun_set_tensor(r, op, 0, irun_add(r, op, FLOW_COMPUTE, n_in, in, to, like.rank, like.shape, out), false);
  return irun_spend(r, op, like.elems);
}

static bool run_scalar(irun *r, MlirOperation op, int id) {
  int fn = r->infos.at[id].fn, arity = rows[fn].arity, in[3], n_in = 0;
  dtype from, to;
  MlirType result = mlirValueGetType(ir_result(op, 0));
  if (!irun_type(mlirValueGetType(ir_operand(op, arity > 2 ? 1 : 0)), &from) || !irun_type(result, &to))
    return false;
  if (mlirTypeIsARankedTensor(result))
    return run_tensors(r, op, id, from, to);
  double at[3] = {0}, out;
  for (int k = 0; k < arity; k++) {
    irun_value *v = irun_operand(r, op, k);
    if (v->kind != IRUN_SCALAR)
      return false;
    at[k] = v->x;
    if (v->node >= 0 && r->statement)
      irun_statement_input(r, v->node);
    else if (v->node >= 0)
      in[n_in++] = v->node;
  }
  if (!irun_scalar(fn, from, to, irun_predicate(op), at, &out))
    return irun_scalar_stop(r, op, fn, at);
  int node = -1;
  if (n_in > 0) {   /* of data; positions and sizes are no values of the kernel */
    double *x = ARENA_NEW(r->mem, double);
    *x = out;
    node = irun_add(r, op, FLOW_COMPUTE, n_in, in, to, 0, NULL, x);
  }
  irun_set_scalar(r, op, to, out, node);
  return true;
}

irun_fn irun_scalar_handler(const char *name) { return irun_scalar_find(name) >= 0 ? run_scalar : NULL; }
