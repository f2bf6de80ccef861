/* Scalar functions in double with error bounds. */
#include "kernel/interp_private.h"
#include <math.h>

/* Errors of an engine's function in units in the last place of its arithmetic type (f32 for f16 and bf16). */
static double engine_ulps(kernel_fn f) {
  switch (f) {
  case KERNEL_FN_EXP:
  case KERNEL_FN_EXP2:
  case KERNEL_FN_LOG:
  case KERNEL_FN_LOG2:
  case KERNEL_FN_RSQRT:
  case KERNEL_FN_LOG1P:
  case KERNEL_FN_EXPM1:
    return 2;
  case KERNEL_FN_TANH:
  case KERNEL_FN_SIGMOID:
  case KERNEL_FN_ERF:
  case KERNEL_FN_SIN:
  case KERNEL_FN_COS:
    return 4;
  case KERNEL_FN_POW:
    return 16;
  default:
    return 0;   /* correctly rounded: paid by the rounding to the result's type */
  }
}

static double unary_value(kernel_fn f, double x) {
  switch (f) {
  case KERNEL_FN_NEG:
    return -x;
  case KERNEL_FN_ABS:
    return fabs(x);
  case KERNEL_FN_EXP:
    return exp(x);
  case KERNEL_FN_EXP2:
    return exp2(x);
  case KERNEL_FN_LOG:
    return log(x);
  case KERNEL_FN_LOG2:
    return log2(x);
  case KERNEL_FN_SQRT:
    return sqrt(x);
  case KERNEL_FN_RSQRT:
    return 1 / sqrt(x);
  case KERNEL_FN_TANH:
    return tanh(x);
  case KERNEL_FN_SIGMOID:
    return 1 / (1 + exp(-x));
  case KERNEL_FN_RELU:
    return x > 0 || isnan(x) ? x : 0;
  case KERNEL_FN_ERF:
    return erf(x);
  case KERNEL_FN_RECIP:
    return 1 / x;
  case KERNEL_FN_NOT:
  case KERNEL_FN_INVERT:
    return x == 0;
  case KERNEL_FN_LOG1P:
    return log1p(x);
  case KERNEL_FN_EXPM1:
    return expm1(x);
  case KERNEL_FN_SIN:
    return sin(x);
  case KERNEL_FN_COS:
    return cos(x);
  case KERNEL_FN_FLOOR:
    return floor(x);
  case KERNEL_FN_CEIL:
    return ceil(x);
  case KERNEL_FN_ROUND:   /* half to even */
    return nearbyint(x);
  case KERNEL_FN_TRUNC:
    return trunc(x);
  case KERNEL_FN_SIGN:
    return isnan(x) ? NAN : x > 0 ? 1.0 : x < 0 ? -1.0 : 0.0;
  case KERNEL_FN_ISNAN:
    return isnan(x) ? 1 : 0;
  case KERNEL_FN_ISINF:
    return isinf(x) ? 1 : 0;
  default:
    return NAN;
  }
}

static double or_infinite(double e) { return isnan(e) ? INFINITY : e; }

/* u*|x| times the ulps (one ulp is at most 2u|x|); subnormal results may be flushed: the smallest normal f32 more. */
static double evaluation_error(kernel_fn f, dtype t, double x) {
  double ulps = engine_ulps(f);
  if (ulps == 0 || !isfinite(x) || !dtype_is_float(t))
    return 0;
  return ulps * (2 * interp_arith_roundoff(t) * fabs(x) + (t == DTYPE_F64 ? 0 : 0x1p-126));
}

/* How far f moves when its argument goes `by` from x: f is monotone between them; infinite where the interval leaves the domain. */
static double deviation(kernel_fn f, dtype t, double x, double by, double value) {
  double at = x + by;
  if (t == DTYPE_F64)   /* the errors of f64 are no larger than the rounding of this sum */
    at = nextafter(at, copysign(INFINITY, by));
  double d = fabs(unary_value(f, at) - value);
  return isnan(d) ? INFINITY : d;
}

interp_num interp_unary(kernel_fn f, dtype t, interp_num a) {
  double x = (f == KERNEL_FN_NOT || f == KERNEL_FN_INVERT) && t != DTYPE_BOOL ? -1 - a.x : unary_value(f, a.x);   /* ~i = -1 - i */
  double e = 0;
  if (a.e > 0) {
    if (f == KERNEL_FN_NEG || f == KERNEL_FN_ABS || f == KERNEL_FN_RELU || f == KERNEL_FN_SIN || f == KERNEL_FN_COS)
      e = a.e;
    else if (f == KERNEL_FN_ISNAN || f == KERNEL_FN_ISINF)
      e = isfinite(a.e) ? 0 : 1;
    else if (f == KERNEL_FN_NOT || f == KERNEL_FN_INVERT)
      e = t == DTYPE_BOOL ? 1 : a.e;
    else if (isinf(a.e) || (f == KERNEL_FN_RECIP && fabs(a.x) <= a.e))
      e = INFINITY;   /* a value without a bound may be NaN, which no function leaves inside of its range */
    else
      e = fmax(deviation(f, t, a.x, a.e, x), deviation(f, t, a.x, -a.e, x));
  }
  return (interp_num){x, e + evaluation_error(f, t, x)};
}

/* What the error `e` of one factor makes of the other's magnitude: an exact zero stays exact, unless the other may be infinite. */
static double times(double magnitude, double e) { return isinf(e) ? INFINITY : e == 0 || magnitude == 0 ? 0 : magnitude * e; }

static interp_num divide(interp_num a, interp_num b) {
  interp_num r = {a.x / b.x, 0};
  if (b.e > 0)
    r.e = fabs(b.x) > b.e ? (a.e + times(fabs(r.x), b.e)) / (fabs(b.x) - b.e) : INFINITY;
  else if (a.e > 0)
    r.e = or_infinite(a.e / fabs(b.x));
  return r;
}

/* The largest whole number not above a/b, as PyTorch has it: by the exact remainder, so that no quotient is rounded up to it. */
static double whole_quotient(double a, double b) {
  double m = fmod(a, b), q = (a - m) / b;
  if (b == 0)
    return a / b;
  return nearbyint(m != 0 && (m < 0) != (b < 0) ? q - 1 : q);
}

/* The bound of a quotient is itself rounded, a few times: where it ends at a whole number, rounding it down by an ulp takes that number out. */
static double reach_of(interp_num q) { return q.e + 0x1p-48 * (fabs(q.x) + q.e); }

static interp_num floor_divide(interp_num a, interp_num b) {
  interp_num q = divide(a, b), r = {whole_quotient(a.x, b.x), 0};
  if (q.e > 0)
    r.e = or_infinite(fmax(fabs(floor(q.x + reach_of(q)) - r.x), fabs(floor(q.x - reach_of(q)) - r.x)));
  return r;
}

/* An integer by 0: the quotient is 0, the remainder all of it. */
static bool is_by_zero(dtype t, interp_num b) { return !dtype_is_float(t) && b.x == 0 && b.e == 0; }

/* The remainder has the sign of b. */
static interp_num modulo(interp_num a, interp_num b) {
  interp_num q = floor_divide(a, b), r = {fmod(a.x, b.x), 0};
  if (r.x != 0 && (r.x < 0) != (b.x < 0))
    r.x += b.x;
  if (a.e > 0 || b.e > 0)
    r.e = isinf(q.e) ? INFINITY : q.e > 0 ? fabs(b.x) + b.e : a.e + times(fabs(q.x), b.e);
  return r;
}

static interp_num power(interp_num a, interp_num b) {
  interp_num r = {pow(a.x, b.x), 0};
  if (a.e == 0 && b.e == 0)
    return r;
  if (isinf(a.e) || isinf(b.e))
    return (interp_num){r.x, INFINITY};
  bool over_zero = fabs(a.x) <= a.e, whole_exponent = b.e == 0 && b.x == floor(b.x);
  if (over_zero && b.x - b.e <= 0)
    return (interp_num){r.x, INFINITY};
  if (a.x - a.e < 0 && !whole_exponent)
    return (interp_num){r.x, INFINITY};
  for (int corner = 0; corner < 4; corner++) {
    double at = pow(a.x + (corner & 1 ? a.e : -a.e), b.x + (corner & 2 ? b.e : -b.e));
    r.e = fmax(r.e, or_infinite(fabs(at - r.x)));
  }
  return (interp_num){r.x, over_zero ? fmax(r.e, fabs(r.x)) : r.e};   /* an even power is 0 inside the interval */
}

/* a ** b modulo 2^64 or 2^32, which types of fewer bits wrap; negative powers are 1 of 1, 1 or -1 of -1, and 0 of all others. */
static double integer_power(dtype t, double a, double b) {
  uint64_t p = 1, x = (uint64_t)(int64_t)a;
  int64_t e = (int64_t)b;
  if (e < 0)
    return a == 1 ? 1 : a == -1 ? (e % 2 ? -1 : 1) : 0;
  for (; e; e >>= 1, x *= x)
    p *= e & 1 ? x : 1;
  return t == DTYPE_I64 ? (double)(int64_t)p : (double)(int32_t)p;
}

/* Of whole numbers that may be others: as real powers go, where none is below 0 (those are 0, but for 1 and -1) and none wraps. */
static interp_num whole_power(dtype t, interp_num a, interp_num b) {
  interp_num r = {integer_power(t, a.x, b.x), 0};
  if (a.e == 0 && b.e == 0)
    return r;
  const interp_num real = power(a, b);
  const bool fits = b.x >= b.e && fabs(real.x) + real.e < ldexp(1, 8 * (int)dtype_bytes(t) - 1);
  r.e = fits ? real.e : INFINITY;
  return r;
}

static bool compare(kernel_fn f, double a, double b) {
  switch (f) {
  case KERNEL_FN_EQ:
    return a == b;
  case KERNEL_FN_NE:
    return a != b;
  case KERNEL_FN_LT:
    return a < b;
  case KERNEL_FN_LE:
    return a <= b;
  case KERNEL_FN_GT:
    return a > b;
  default:
    return a >= b;
  }
}

static interp_num bitwise(kernel_fn f, dtype t, interp_num a, interp_num b) {
  int64_t i = (int64_t)a.x, j = (int64_t)b.x;
  int64_t r = f == KERNEL_FN_AND ? i & j : f == KERNEL_FN_OR ? i | j : i ^ j;
  bool certain = a.e == 0 && b.e == 0;
  if (t == DTYPE_BOOL && !certain) {   /* a certain 0 decides AND, a certain 1 decides OR */
    if (f == KERNEL_FN_AND)
      certain = (a.e == 0 && !i) || (b.e == 0 && !j);
    else if (f == KERNEL_FN_OR)
      certain = (a.e == 0 && i) || (b.e == 0 && j);
  }
  return (interp_num){(double)r, certain ? 0 : t == DTYPE_BOOL ? 1 : INFINITY};
}

/* a*b of two exact integers: in 64 bits, wrapped; the double product would round beyond 2^53. */
static double integer_product(dtype t, double a, double b) {
  double p = a * b;
  if (fabs(p) <= 0x1p53 || t == DTYPE_I64)
    return p;
  return interp_round(t, (double)(int32_t)((uint64_t)(int64_t)a * (uint64_t)(int64_t)b));   /* types up to 32 bits: modulo 2^32 is enough */
}

/* Philox4x32-10 of Random123: counter (offset, 0), key = seed. */
static double philox(int word, double offset, double seed) {
  uint64_t at = (uint64_t)(int64_t)offset, key = (uint64_t)(int64_t)seed;
  uint32_t c[4] = {(uint32_t)at, (uint32_t)(at >> 32), 0, 0}, k[2] = {(uint32_t)key, (uint32_t)(key >> 32)};
  for (int round = 0; round < 10; round++) {
    uint64_t p = (uint64_t)0xD2511F53u * c[0], q = (uint64_t)0xCD9E8D57u * c[2];
    uint32_t next[4] = {(uint32_t)(q >> 32) ^ c[1] ^ k[0], (uint32_t)q, (uint32_t)(p >> 32) ^ c[3] ^ k[1], (uint32_t)p};
    memcpy(c, next, sizeof c);
    k[0] += 0x9E3779B9u;
    k[1] += 0xBB67AE85u;
  }
  return (double)(int32_t)c[word];
}

/* By the width or more, or by less than 0: nothing but the sign is left, as in PyTorch. */
static interp_num shift(kernel_fn f, dtype t, interp_num a, interp_num b) {
  int64_t x = (int64_t)a.x, by = (int64_t)b.x, bits = (int64_t)dtype_bytes(t) * 8;
  bool is_whole = by < 0 || by >= bits;
  by = is_whole ? 63 : by;
  double r = f == KERNEL_FN_SHL ? (is_whole ? 0 : (double)(int64_t)((uint64_t)x << by)) : (double)(x >> by);
  return (interp_num){r, a.e > 0 || b.e > 0 ? INFINITY : 0};
}

/* Of the quotient as the arithmetic of `t` rounds it. */
static interp_num truncated_divide(dtype t, interp_num a, interp_num b) {
  interp_num q = divide(a, b);
  if (q.e > 0)
    q.e = or_infinite(q.e + interp_arith_roundoff(t) * fabs(q.x));
  else if (dtype_is_float(t))
    q.x = interp_round(t == DTYPE_F64 ? t : DTYPE_F32, q.x);
  interp_num r = {trunc(q.x), 0};
  if (q.e > 0)
    r.e = or_infinite(fmax(fabs(trunc(q.x + reach_of(q)) - r.x), fabs(trunc(q.x - reach_of(q)) - r.x)));
  return r;
}

interp_num interp_binary(kernel_fn f, dtype t, interp_num a, interp_num b) {
  switch (f) {
  case KERNEL_FN_SHL:
  case KERNEL_FN_SHR:
    return shift(f, t, a, b);
  case KERNEL_FN_TRUNCDIV:
    return is_by_zero(t, b) ? (interp_num){0, 0} : truncated_divide(t, a, b);
  case KERNEL_FN_PHILOX0:
  case KERNEL_FN_PHILOX1:
  case KERNEL_FN_PHILOX2:
  case KERNEL_FN_PHILOX3:
    return (interp_num){philox((int)(f - KERNEL_FN_PHILOX0), a.x, b.x), 0};
  case KERNEL_FN_ADD:
    return (interp_num){a.x + b.x, a.e + b.e};
  case KERNEL_FN_SUB:
    return (interp_num){a.x - b.x, a.e + b.e};
  case KERNEL_FN_MUL:
    return (interp_num){dtype_is_float(t) ? a.x * b.x : integer_product(t, a.x, b.x),
                        times(fabs(a.x), b.e) + times(fabs(b.x), a.e) + times(a.e, b.e)};
  case KERNEL_FN_DIV:
    return divide(a, b);
  case KERNEL_FN_FLOORDIV:
    return is_by_zero(t, b) ? (interp_num){0, 0} : floor_divide(a, b);
  case KERNEL_FN_MOD:
    return is_by_zero(t, b) ? a : modulo(a, b);
  case KERNEL_FN_POW: {
    if (!dtype_is_float(t))
      return whole_power(t, a, b);
    interp_num r = power(a, b);
    return (interp_num){r.x, r.e + evaluation_error(f, t, r.x)};
  }
  case KERNEL_FN_MAX:   /* NaN wins, as in torch */
    return (interp_num){isnan(a.x) || isnan(b.x) ? NAN : fmax(a.x, b.x), fmax(a.e, b.e)};
  case KERNEL_FN_MIN:
    return (interp_num){isnan(a.x) || isnan(b.x) ? NAN : fmin(a.x, b.x), fmax(a.e, b.e)};
  case KERNEL_FN_AND:
  case KERNEL_FN_OR:
  case KERNEL_FN_XOR:
    return bitwise(f, t, a, b);
  default:
    return (interp_num){compare(f, a.x, b.x), a.e + b.e > 0 && !(fabs(a.x - b.x) > a.e + b.e) ? 1 : 0};
  }
}
