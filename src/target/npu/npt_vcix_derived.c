/* Functions that the vector units have not, from those they have.  In f64 and rounded once to f32 or below, so that nothing of the result is lost:
 *   exp2 x = exp(x ln 2)       log2 x = log x / ln 2       log10       tan = sin / cos       sinh, cosh = (exp x -+ exp -x) / 2
 *   expm1 x = exp x - 1, for |x| < 2^-26 x        log1p x = log(1 + x), for |x| < 2^-26 x
 *   powf(x, y) = +-exp(y log |x|), C's rules for x < 0, zeros and infinities (C11 F.10.4.4)
 *   remf(a, b): a less the largest whole multiple of b towards zero, in steps of 2^29 b 2^(29 k): each quotient is exact but for one, each rest is exact (24 bits of b, 29 of the
 *   quotient), and 10 steps are enough for f32 (2^277). */
#include "target/npu/npt_product.h"
#include <math.h>

enum { REM_STEP_BITS = 29, REM_STEPS = 10, RANK_MAX = 8 };

typedef struct derive { ir_builder at; MlirType wide; MlirType truth; } derive;   /* vectors of f64 and of i1, of the operation's shape */
typedef MlirValue formula(derive *d, MlirValue x, MlirValue y);

static MlirValue op1(derive *d, const char *name, MlirValue x) { return ir_build1(&d->at, name, d->wide, 1, &x, 0, NULL); }

static MlirValue op2(derive *d, const char *name, MlirValue x, MlirValue y) {
  const MlirValue both[] = {x, y};
  return ir_build1(&d->at, name, d->wide, 2, both, 0, NULL);
}

static MlirValue number(derive *d, double v) {
  MlirAttribute a = mlirFloatAttrDoubleGet(d->at.ir->mlir, mlirShapedTypeGetElementType(d->wide), v);
  return ir_build1(&d->at, "arith.constant", d->wide, 0, NULL, 1, &(ir_named){"value", mlirDenseElementsAttrSplatGet(d->wide, a)});
}

/* Predicates of arith.cmpf. */
enum { EQUAL = 1, LESS = 4, UNEQUAL = 13 /* or NaN */ };
static MlirValue compare(derive *d, int predicate, MlirValue x, MlirValue y) {
  const MlirValue both[] = {x, y};
  return ir_build1(&d->at, "arith.cmpf", d->truth, 2, both, 1, &(ir_named){"predicate", ir_int_attr(d->at.ir, predicate)});
}
static MlirValue both(derive *d, MlirValue p, MlirValue q) {
  const MlirValue v[] = {p, q};
  return ir_build1(&d->at, "arith.andi", d->truth, 2, v, 0, NULL);
}
static MlirValue choose(derive *d, MlirValue p, MlirValue yes, MlirValue no) {
  const MlirValue v[] = {p, yes, no};
  return ir_build1(&d->at, "arith.select", d->wide, 3, v, 0, NULL);
}
static MlirValue times(derive *d, MlirValue x, double by) { return op2(d, "arith.mulf", x, number(d, by)); }

#define LN_2 0.69314718055994530942
#define LN_10 2.30258509299404568402

static MlirValue make_exp2(derive *d, MlirValue x, MlirValue y) { return (void)y, op1(d, "math.exp", times(d, x, LN_2)); }
static MlirValue make_log2(derive *d, MlirValue x, MlirValue y) { return (void)y, times(d, op1(d, "math.log", x), 1 / LN_2); }
static MlirValue make_log10(derive *d, MlirValue x, MlirValue y) { return (void)y, times(d, op1(d, "math.log", x), 1 / LN_10); }
static MlirValue make_tan(derive *d, MlirValue x, MlirValue y) {
  (void)y;
  MlirValue sine = op1(d, "math.sin", x), cosine = op1(d, "math.cos", x);
  return op2(d, "arith.divf", sine, cosine);
}

static MlirValue unless_tiny(derive *d, MlirValue x, MlirValue otherwise) {
  MlirValue size = op1(d, "math.absf", x), limit = number(d, 0x1p-26), is_tiny = compare(d, LESS, size, limit);
  return choose(d, is_tiny, x, otherwise);
}

static MlirValue make_expm1(derive *d, MlirValue x, MlirValue y) {
  (void)y;
  MlirValue e = op1(d, "math.exp", x), one = number(d, 1);
  return unless_tiny(d, x, op2(d, "arith.subf", e, one));
}

static MlirValue make_log1p(derive *d, MlirValue x, MlirValue y) {
  (void)y;
  MlirValue one = number(d, 1);
  return unless_tiny(d, x, op1(d, "math.log", op2(d, "arith.addf", x, one)));
}

static MlirValue hyperbolic(derive *d, const char *combine, MlirValue x) {
  MlirValue up = op1(d, "math.exp", x), down = op1(d, "math.exp", op1(d, "arith.negf", x));
  return times(d, op2(d, combine, up, down), 0.5);
}

static MlirValue make_sinh(derive *d, MlirValue x, MlirValue y) { return (void)y, unless_tiny(d, x, hyperbolic(d, "arith.subf", x)); }
static MlirValue make_cosh(derive *d, MlirValue x, MlirValue y) { return (void)y, hyperbolic(d, "arith.addf", x); }

static MlirValue is_below_zero(derive *d, MlirValue x) {
  MlirValue zero = number(d, 0);
  return compare(d, LESS, x, zero);
}

static MlirValue is_whole(derive *d, MlirValue x, int predicate) {
  MlirValue floor = op1(d, "math.floor", x);
  return compare(d, predicate, floor, x);
}

static MlirValue make_pow(derive *d, MlirValue x, MlirValue y) {
  MlirValue size = op1(d, "math.absf", x), one = number(d, 1), log_size = op1(d, "math.log", size);
  MlirValue r = op1(d, "math.exp", op2(d, "arith.mulf", y, log_size)), is_one = compare(d, EQUAL, size, one);
  r = choose(d, is_one, one, r);                                                           /* 0 times infinity */
  MlirValue whole = is_whole(d, y, EQUAL), half = times(d, y, 0.5), uneven = is_whole(d, half, UNEQUAL), is_odd = both(d, whole, uneven);
  MlirValue sign = op2(d, "math.copysign", one, x), is_negative = is_below_zero(d, sign);   /* -0 too */
  MlirValue turns = both(d, is_odd, is_negative), minus = op1(d, "arith.negf", r);
  r = choose(d, turns, minus, r);
  MlirValue is_between = is_whole(d, y, UNEQUAL), below = is_below_zero(d, x), infinite = number(d, INFINITY), is_finite = compare(d, LESS, size, infinite), is_real = both(d, below, is_finite);
  MlirValue has_none = both(d, is_between, is_real), nan = number(d, NAN);
  r = choose(d, has_none, nan, r);
  MlirValue y_is_nan = compare(d, UNEQUAL, y, y), x_is_nan = compare(d, UNEQUAL, x, x);
  r = choose(d, y_is_nan, y, r);
  r = choose(d, x_is_nan, x, r);
  MlirValue x_is_one = compare(d, EQUAL, x, one), zero = number(d, 0), y_is_zero = compare(d, EQUAL, y, zero);
  r = choose(d, x_is_one, one, r);
  return choose(d, y_is_zero, one, r);
}

static MlirValue make_rem(derive *d, MlirValue a, MlirValue b) {
  MlirValue size = op1(d, "math.absf", a), by = op1(d, "math.absf", b), r = size;
  for (int k = REM_STEPS - 1; k >= 0; k--) {
    MlirValue step = times(d, by, ldexp(1, k * REM_STEP_BITS)), q = op1(d, "math.trunc", op2(d, "arith.divf", r, step)), minus = op1(d, "arith.negf", q);
    const MlirValue v[] = {minus, step, r};
    r = ir_build1(&d->at, "math.fma", d->wide, 3, v, 0, NULL);
    MlirValue is_over = is_below_zero(d, r), back = op2(d, "arith.addf", r, step);          /* the quotient was rounded up */
    r = choose(d, is_over, back, r);
  }
  r = op2(d, "math.copysign", r, a);
  MlirValue infinite = number(d, INFINITY), by_infinite = compare(d, EQUAL, by, infinite), is_finite = compare(d, LESS, size, infinite), is_itself = both(d, by_infinite, is_finite);
  return choose(d, is_itself, a, r);
}

static const struct { const char *op; formula *make; bool only_narrow; } rows[] = {
    {"math.exp2", make_exp2, false}, {"math.log2", make_log2, false}, {"math.log10", make_log10, false}, {"math.tan", make_tan, false}, {"math.expm1", make_expm1, true}, {"math.log1p", make_log1p, true},
    {"math.sinh", make_sinh, true},  {"math.cosh", make_cosh, false}, {"math.powf", make_pow, true},     {"arith.remf", make_rem, true}};
enum { N_ROWS = sizeof rows / sizeof *rows };

static int find(MlirOperation op) {
  for (int i = 0; i < N_ROWS; i++)
    if (ir_op_is(op, rows[i].op))
      return i;
  return N_ROWS;
}

bool npt_is_derived(MlirOperation op) { return find(op) < N_ROWS; }

static MlirType like(MlirType vector, MlirType element) {
  int64_t shape[RANK_MAX];
  bool scalable[RANK_MAX];
  intptr_t rank = (intptr_t)mlirShapedTypeGetRank(vector);
  for (intptr_t k = 0; k < rank; k++) {
    shape[k] = mlirShapedTypeGetDimSize(vector, k);
    scalable[k] = mlirVectorTypeIsDimScalable(vector, k);
  }
  return mlirVectorTypeGetScalable(rank, shape, scalable, element);
}

loom_status npt_lower_derived(ir_ctx *ir, MlirOperation op) {
  MlirType t = mlirValueGetType(ir_result(op, 0));
  if (!mlirTypeIsAVector(t)) {
    diag_error(ir->ctx, ir_span(ir, op), LOOM_EUNSUP, "%s is of %s; a scalar is one for all lanes and has no such function", ir_op_name(op), ir_print_type(&ir->ctx->scratch, t));
    diag_help(ir->ctx, "load and compute vectors: vector<1x%s> at least", ir_print_type(&ir->ctx->scratch, t));
    return LOOM_EUNSUP;
  }
  MlirType element = mlirShapedTypeGetElementType(t), f64 = mlirF64TypeGet(ir->mlir);
  bool is_wide = mlirTypeIsAF64(element);
  if (mlirShapedTypeGetRank(t) > RANK_MAX || mlirFloatTypeGetWidth(element) > 64 || (is_wide && rows[find(op)].only_narrow))
    LOOM_FAIL(ir->ctx, ir_span(ir, op), LOOM_EUNSUP, "%s of %s would lose digits: it is computed in f64; use f32 or less", ir_op_name(op), ir_print_type(&ir->ctx->scratch, t));
  derive d = {.at = ir_before(ir, op), .wide = like(t, f64), .truth = like(t, mlirIntegerTypeGet(ir->mlir, 1))};
  MlirValue v[2] = {ir_operand(op, 0), ir_operand(op, 1)};
  for (int i = 0; i < 2 && !is_wide; i++)
    if (!mlirValueIsNull(v[i]))
      v[i] = op1(&d, "arith.extf", v[i]);
  MlirValue r = rows[find(op)].make(&d, v[0], v[1]);
  if (!is_wide && !mlirValueIsNull(r))
    r = ir_build1(&d.at, "arith.truncf", t, 1, &r, 0, NULL);
  if (mlirValueIsNull(r))
    return LOOM_EBUG;
  ir_replace_uses(ir_result(op, 0), r);
  return ir_erase(op) ? LOOM_OK : LOOM_EBUG;
}
