/* float8: bits in an i8, converted from and to f32 with integer operations, because the CPU has none of its own.  The formats are those of
 * base/dtype.h: to nearest even; what float8_e4m3fn cannot hold is NaN, what float8_e5m2 cannot hold is infinite. */
#include "lower/lower_private.h"
#include <math.h>

typedef struct format { int mantissa_bits, exponent_bias; int64_t most; } format;   /* most: the bits of what is too large */

static format format_of(dtype t) { return t == DTYPE_F8E4M3 ? (format){3, 7, 0x7f} : (format){2, 15, 0x7c}; }

static const char *i32(lowering *l, int64_t v) { return lower_constant(l, arena_printf(l->mem, "%" PRId64 " : i32", v)); }
static const char *f32(lowering *l, double v) { return lower_constant(l, lower_number(l->mem, DTYPE_F32, v)); }
static const char *op2(lowering *l, const char *op, const char *a, const char *b) { return lower_emit(l, "arith.%s %s, %s : i32", op, a, b); }

/* Exponent and mantissa moved to their places in an f32, whose exponent is then too small by the difference of the biases: a product with a
 * power of two, exact also for subnormals. */
const char *lower_from_f8(lowering *l, dtype from, const char *x) {
  format f = format_of(from);
  const char *bits = lower_emit(l, "arith.extui %s : i8 to i32", x), *magnitude = op2(l, "andi", bits, i32(l, 0x7f));
  const char *placed = lower_emit(l, "arith.bitcast %s : i32 to f32", op2(l, "shli", magnitude, i32(l, 23 - f.mantissa_bits)));
  const char *scale = f32(l, from == DTYPE_F8E4M3 ? 0x1p120 : 0x1p112), *value = lower_emit(l, "arith.mulf %s, %s : f32", placed, scale);
  if (from == DTYPE_F8E5M2) {   /* 0x7c is infinity, NaNs are above */
    const char *infinite = op2(l, "cmpi eq,", magnitude, i32(l, f.most)), *is_nan = op2(l, "cmpi ugt,", magnitude, i32(l, f.most));
    value = lower_emit(l, "arith.select %s, %s, %s : f32", infinite, f32(l, (double)INFINITY), value);
    value = lower_emit(l, "arith.select %s, %s, %s : f32", is_nan, f32(l, (double)NAN), value);
  } else {
    value = lower_emit(l, "arith.select %s, %s, %s : f32", op2(l, "cmpi eq,", magnitude, i32(l, f.most)), f32(l, (double)NAN), value);
  }
  const char *is_negative = op2(l, "cmpi uge,", bits, i32(l, 0x80));
  return lower_emit(l, "arith.select %s, %s, %s : f32", is_negative, lower_emit(l, "arith.negf %s : f32", value), value);
}

/* Normal numbers: half a unit of the last place that stays, less one where that place is even, is added to the bits, which carry into the
 * exponent as they should.  Below the smallest normal number the units are of one size, and counting them is rounding a product. */
const char *lower_to_f8(lowering *l, dtype to, const char *x) {
  format f = format_of(to);
  int shift = 23 - f.mantissa_bits;
  const char *bits = lower_emit(l, "arith.bitcast %s : f32 to i32", x), *magnitude = op2(l, "andi", bits, i32(l, 0x7fffffff));
  const char *is_odd = op2(l, "andi", op2(l, "shrui", magnitude, i32(l, shift)), i32(l, 1));
  const char *rounded = op2(l, "shrui", op2(l, "addi", op2(l, "addi", magnitude, i32(l, ((int64_t)1 << (shift - 1)) - 1)), is_odd), i32(l, shift));
  const char *normal = op2(l, "subi", rounded, i32(l, (int64_t)(127 - f.exponent_bias) << f.mantissa_bits));
  const char *absolute = lower_emit(l, "arith.bitcast %s : i32 to f32", magnitude), *least = f32(l, to == DTYPE_F8E4M3 ? 0x1p-6 : 0x1p-14);
  const char *is_small = lower_emit(l, "arith.cmpf olt, %s, %s : f32", absolute, least);
  const char *small = lower_emit(l, "arith.select %s, %s, %s : f32", is_small, absolute, f32(l, 0));
  const char *units = lower_emit(l, "math.roundeven %s : f32", lower_emit(l, "arith.mulf %s, %s : f32", small, f32(l, to == DTYPE_F8E4M3 ? 0x1p9 : 0x1p16)));
  const char *code = lower_emit(l, "arith.select %s, %s, %s : i32", is_small, lower_emit(l, "arith.fptosi %s : f32 to i32", units), op2(l, "minsi", normal, i32(l, f.most)));
  code = lower_emit(l, "arith.select %s, %s, %s : i32", lower_emit(l, "arith.cmpf uno, %s, %s : f32", x, x), i32(l, 0x7f), code);
  const char *sign = op2(l, "andi", op2(l, "shrui", bits, i32(l, 24)), i32(l, 0x80));
  return lower_emit(l, "arith.trunci %s : i32 to i8", op2(l, "ori", code, sign));
}
