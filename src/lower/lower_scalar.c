/* Scalar operations, the same in straight lines and in the bodies of linalg.generic. */
#include "lower/lower_private.h"
#include <math.h>

static const char *number(lowering *l, dtype t, double x) { return lower_constant(l, lower_number(l->mem, t, x)); }

/* ---- conversions ---- */

static const char *float_to_float(dtype from, dtype to) {
  if (dtype_bytes(from) < dtype_bytes(to))
    return "arith.extf";
  return dtype_bytes(from) > dtype_bytes(to) ? "arith.truncf" : NULL;   /* f16 <-> bf16: through f32 */
}

const char *lower_convert(lowering *l, const char *x, dtype from, dtype to) {
  const char *a = lower_element(from), *b = lower_element(to), *op;
  if (from == to)
    return x;
  if (dtype_is_f8(from))
    return lower_convert(l, lower_from_f8(l, from, x), DTYPE_F32, to);
  if (dtype_is_f8(to))
    return lower_to_f8(l, to, lower_convert(l, x, from, DTYPE_F32));
  if (dtype_is_float(from) && dtype_is_float(to)) {
    op = float_to_float(from, to);
    return op ? lower_emit(l, "%s %s : %s to %s", op, x, a, b) : lower_convert(l, lower_convert(l, x, from, DTYPE_F32), DTYPE_F32, to);
  }
  if (to == DTYPE_BOOL)
    return dtype_is_float(from) ? lower_emit(l, "arith.cmpf une, %s, %s : %s", x, number(l, from, 0), a)
                                : lower_emit(l, "arith.cmpi ne, %s, %s : %s", x, number(l, from, 0), a);
  bool is_unsigned = from == DTYPE_BOOL || from == DTYPE_U8;
  if (dtype_is_float(from))
    return lower_emit(l, "arith.%s %s : %s to %s", to == DTYPE_U8 ? "fptoui" : "fptosi", x, a, b);
  if (dtype_is_float(to))
    return lower_emit(l, "arith.%s %s : %s to %s", is_unsigned ? "uitofp" : "sitofp", x, a, b);
  if (from != DTYPE_BOOL && dtype_bytes(from) == dtype_bytes(to))   /* int8 and uint8 */
    return x;
  op = from == DTYPE_BOOL || (from == DTYPE_U8 && dtype_bytes(to) > 1) ? "arith.extui" : dtype_bytes(from) < dtype_bytes(to) ? "arith.extsi" : "arith.trunci";
  return lower_emit(l, "%s %s : %s to %s", op, x, a, b);
}

/* ---- functions that are one operation: X(fn, on floats, on integers); NULL: more than one, or none ---- */

#define ONE_OP_LIST(X)                                                                                                             \
  X(NEG, "arith.negf", NULL) X(ABS, "math.absf", "math.absi") X(EXP, "math.exp", NULL) X(EXP2, "math.exp2", NULL)                  \
  X(LOG, "math.log", NULL) X(LOG2, "math.log2", NULL) X(SQRT, "math.sqrt", NULL) X(RSQRT, "math.rsqrt", NULL)                      \
  X(TANH, "math.tanh", NULL) X(ERF, "math.erf", NULL) X(LOG1P, "math.log1p", NULL) X(EXPM1, "math.expm1", NULL)                    \
  X(SIN, "math.sin", NULL) X(COS, "math.cos", NULL) X(FLOOR, "math.floor", NULL) X(CEIL, "math.ceil", NULL)                        \
  X(ROUND, "math.roundeven", NULL) X(TRUNC, "math.trunc", NULL)                                                                    \
  X(ADD, "arith.addf", "arith.addi") X(SUB, "arith.subf", "arith.subi") X(MUL, "arith.mulf", "arith.muli") X(DIV, "arith.divf", NULL) \
  X(POW, "math.powf", NULL)         X(MAX, "arith.maximumf", "arith.maxsi")                  \
  X(MIN, "arith.minimumf", "arith.minsi") X(AND, NULL, "arith.andi") X(OR, NULL, "arith.ori") X(XOR, NULL, "arith.xori")           \
  X(EQ, "arith.cmpf oeq,", "arith.cmpi eq,") X(NE, "arith.cmpf une,", "arith.cmpi ne,") X(LT, "arith.cmpf olt,", "arith.cmpi slt,") \
  X(LE, "arith.cmpf ole,", "arith.cmpi sle,") X(GT, "arith.cmpf ogt,", "arith.cmpi sgt,") X(GE, "arith.cmpf oge,", "arith.cmpi sge,")

static const char *one_op(kernel_fn fn, dtype work) {
  static const struct { const char *on_floats, *on_integers; } table[KERNEL_FN_COUNT] = {
#define X(n, f, i) [KERNEL_FN_##n] = {f, i},
      ONE_OP_LIST(X)
#undef X
  };
  return dtype_is_float(work) ? table[fn].on_floats : table[fn].on_integers;
}

/* Booleans and bytes are unsigned numbers. */
static const char *for_unsigned(kernel_fn fn, const char *op) {
  switch (fn) {
  case KERNEL_FN_MAX:
    return "arith.maxui";
  case KERNEL_FN_MIN:
    return "arith.minui";
  case KERNEL_FN_LT:
    return "arith.cmpi ult,";
  case KERNEL_FN_LE:
    return "arith.cmpi ule,";
  case KERNEL_FN_GT:
    return "arith.cmpi ugt,";
  case KERNEL_FN_GE:
    return "arith.cmpi uge,";
  case KERNEL_FN_ABS:
    return NULL;
  default:
    return op;
  }
}

/* ---- the others ---- */

/* m = a rem b, exactly; *is_other: it is not 0 and has not the sign of b. */
static const char *remainder_of(lowering *l, const char *t, const char *zero, const char *a, const char *b, const char **is_other) {
  const char *m = lower_emit(l, "arith.remf %s, %s : %s", a, b, t);
  const char *left = lower_emit(l, "arith.cmpf olt, %s, %s : %s", m, zero, t), *right = lower_emit(l, "arith.cmpf olt, %s, %s : %s", b, zero, t);
  const char *rest = lower_emit(l, "arith.cmpf une, %s, %s : %s", m, zero, t);
  *is_other = lower_emit(l, "arith.andi %s, %s : i1", rest, lower_emit(l, "arith.xori %s, %s : i1", left, right));
  return m;
}

/* The whole quotient below a/b: (a - m) / b, which is whole up to its rounding; less 1 where m has the other sign. */
static const char *floor_quotient(lowering *l, dtype work, const char *a, const char *b) {
  const char *t = lower_element(work), *zero = number(l, work, 0), *is_other;
  const char *m = remainder_of(l, t, zero, a, b, &is_other);
  const char *q = lower_emit(l, "arith.divf %s, %s : %s", lower_emit(l, "arith.subf %s, %s : %s", a, m, t), b, t);
  q = lower_emit(l, "arith.select %s, %s, %s : %s", is_other, lower_emit(l, "arith.subf %s, %s : %s", q, number(l, work, 1), t), q, t);
  q = lower_emit(l, "math.roundeven %s : %s", q, t);
  const char *by_zero = lower_emit(l, "arith.cmpf oeq, %s, %s : %s", b, zero, t);
  return lower_emit(l, "arith.select %s, %s, %s : %s", by_zero, lower_emit(l, "arith.divf %s, %s : %s", a, b, t), q, t);
}

static const char *several_ops(lowering *l, kernel_fn fn, dtype work, const char *a, const char *b) {
  const char *t = lower_element(work);
  bool is_float = dtype_is_float(work);
  switch (fn) {
  case KERNEL_FN_NEG:
    return lower_emit(l, "arith.subi %s, %s : %s", number(l, work, 0), a, t);
  case KERNEL_FN_SIGMOID: {
    const char *e = lower_emit(l, "math.exp %s : %s", lower_emit(l, "arith.negf %s : %s", a, t), t), *one = number(l, work, 1);
    return lower_emit(l, "arith.divf %s, %s : %s", one, lower_emit(l, "arith.addf %s, %s : %s", e, one, t), t);
  }
  case KERNEL_FN_RELU:
    return lower_emit(l, "%s %s, %s : %s", is_float ? "arith.maximumf" : "arith.maxsi", a, number(l, work, 0), t);
  case KERNEL_FN_RECIP:
    return lower_emit(l, "arith.divf %s, %s : %s", number(l, work, 1), a, t);
  case KERNEL_FN_TRUNCDIV:
    return lower_emit(l, "math.trunc %s : %s", lower_emit(l, "arith.divf %s, %s : %s", a, b, t), t);
  case KERNEL_FN_ISNAN:
    return lower_emit(l, "arith.cmpf uno, %s, %s : %s", a, a, t);
  case KERNEL_FN_ISINF:
    return lower_emit(l, "arith.cmpf oeq, %s, %s : %s", lower_emit(l, "math.absf %s : %s", a, t), number(l, work, HUGE_VAL), t);
  case KERNEL_FN_SIGN: {   /* NaN stays */
    const char *zero = number(l, work, 0), *one = number(l, work, 1), *minus = number(l, work, -1);
    const char *up = lower_emit(l, is_float ? "arith.cmpf ogt, %s, %s : %s" : "arith.cmpi sgt, %s, %s : %s", a, zero, t);
    const char *down = lower_emit(l, is_float ? "arith.cmpf olt, %s, %s : %s" : "arith.cmpi slt, %s, %s : %s", a, zero, t);
    const char *rest = is_float ? lower_emit(l, "arith.select %s, %s, %s : %s", lower_emit(l, "arith.cmpf uno, %s, %s : %s", a, a, t), a, zero, t) : zero;
    return lower_emit(l, "arith.select %s, %s, %s : %s", up, one, lower_emit(l, "arith.select %s, %s, %s : %s", down, minus, rest, t), t);
  }
  case KERNEL_FN_INVERT:
  case KERNEL_FN_NOT:
    return lower_emit(l, "arith.xori %s, %s : %s", a, number(l, work, work == DTYPE_BOOL ? 1 : -1), t);
  case KERNEL_FN_FLOORDIV:
    return floor_quotient(l, work, a, b);
  case KERNEL_FN_POW: {   /* of integers; negative powers of 0 divide by it */
    const char *zero = number(l, work, 0), *is_zero = lower_emit(l, "arith.cmpi eq, %s, %s : %s", a, zero, t);
    const char *odd = lower_emit(l, "arith.andi %s, %s : i1", is_zero, lower_emit(l, "arith.cmpi slt, %s, %s : %s", b, zero, t));
    const char *base = lower_emit(l, "arith.select %s, %s, %s : %s", odd, number(l, work, 1), a, t);
    return lower_emit(l, "arith.select %s, %s, %s : %s", odd, zero, lower_emit(l, "math.ipowi %s, %s : %s", base, b, t), t);
  }
  case KERNEL_FN_MOD: {   /* python: a - floor(a/b)*b */
    const char *is_other, *m = remainder_of(l, t, number(l, work, 0), a, b, &is_other);
    return lower_emit(l, "arith.select %s, %s, %s : %s", is_other, lower_emit(l, "arith.addf %s, %s : %s", m, b, t), m, t);
  }
  default:
    return NULL;
  }
}

loom_status lower_fn(lowering *l, kernel_fn fn, dtype work, const char *a, const char *b, const char **out) {
  const char *op = one_op(fn, work), *t = lower_element(work);
  if (lower_integer(l, fn, work, a, b, out))
    return LOOM_OK;
  if (work == DTYPE_U8 || (op && work == DTYPE_BOOL))
    op = for_unsigned(fn, op);
  if (op)
    *out = b ? lower_emit(l, "%s %s, %s : %s", op, a, b, t) : lower_emit(l, "%s %s : %s", op, a, t);
  else if (work != DTYPE_U8 || fn == KERNEL_FN_NEG || fn == KERNEL_FN_INVERT)
    *out = several_ops(l, fn, work, a, b);
  else
    *out = NULL;
  if (!*out)
    LOOM_FAIL(l->ctx, l->span, LOOM_EUNSUP, "%s on %s is not supported", kernel_fn_name(fn), dtype_mlir(work));
  return LOOM_OK;
}
