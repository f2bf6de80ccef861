/* Random kernels: operations on values, elementwise, along an axis, products. */
#ifndef LOOM_COMPILE_FUZZ_STEPS_H
#define LOOM_COMPILE_FUZZ_STEPS_H
#include "compile_fuzz.h"

/* ---- elementwise ---- */
typedef struct fuzz_unary { const char *text; long double (*f)(long double); enum { FUZZ_FLOATS, FUZZ_NUMBERS, FUZZ_KEEPS, FUZZ_TO_BOOL } kind; } fuzz_unary;
static inline long double fuzz_neg(long double x) { return -x; }
static inline long double fuzz_relu(long double x) { return x > 0 ? x : 0; }
static inline long double fuzz_sigmoid(long double x) { return 1 / (1 + expl(-x)); }
static inline long double fuzz_silu(long double x) { return x * fuzz_sigmoid(x); }
static inline long double fuzz_gelu(long double x) { return x / 2 * (1 + erfl(x / sqrtl(2))); }
static inline long double fuzz_gelu_tanh(long double x) { return x / 2 * (1 + tanhl(sqrtl(2 / acosl(-1)) * (x + 0.044715L * x * x * x))); }
static inline long double fuzz_softplus(long double x) { return log1pl(expl(x)); }
static inline long double fuzz_sign(long double x) { return (x > 0) - (x < 0); }
static inline long double fuzz_sqrt_abs(long double x) { return sqrtl(fabsl(x)); }
static inline long double fuzz_rsqrt_abs(long double x) { return 1 / sqrtl(fabsl(x) + 1); }
static inline long double fuzz_log_abs(long double x) { return logl(fabsl(x) + 0.5L); }
static inline long double fuzz_log2_abs(long double x) { return log2l(fabsl(x) + 0.25L); }
static inline long double fuzz_log1p_abs(long double x) { return log1pl(fabsl(x)); }
static inline long double fuzz_recip(long double x) { return 1 / (fabsl(x) + 0.5L); }
static inline long double fuzz_square(long double x) { return x * x; }
static inline long double fuzz_elu(long double x) { return x > 0 ? x : expm1l(x); }
static inline long double fuzz_leaky(long double x) { return x > 0 ? x : x * 0.25L; }
static inline long double fuzz_mish(long double x) { return x * tanhl(fuzz_softplus(x)); }
static inline long double fuzz_logsigmoid(long double x) { return -log1pl(expl(-x)); }
static inline long double fuzz_hardswish(long double x) { return x * fminl(fmaxl(x + 3, 0), 6) / 6; }
static inline long double fuzz_invert(long double x) { return -1 - x; }
static inline long double fuzz_is_zero(long double x) { return x == 0; }
static inline long double fuzz_isnan(long double x) { return isnan(x); }

static const fuzz_unary fuzz_unaries[] = {
    {"-%s", fuzz_neg, FUZZ_KEEPS}, {"torch.abs(%s)", fabsl, FUZZ_KEEPS}, {"torch.relu(%s)", fuzz_relu, FUZZ_KEEPS}, {"torch.exp(%s)", expl, FUZZ_FLOATS},
    {"torch.exp2(%s)", exp2l, FUZZ_FLOATS}, {"torch.expm1(%s)", expm1l, FUZZ_FLOATS}, {"torch.sigmoid(%s)", fuzz_sigmoid, FUZZ_FLOATS},
    {"torch.tanh(%s)", tanhl, FUZZ_FLOATS}, {"torch.erf(%s)", erfl, FUZZ_FLOATS}, {"torch.sin(%s)", sinl, FUZZ_FLOATS}, {"torch.cos(%s)", cosl, FUZZ_FLOATS},
    {"torch.floor(%s)", floorl, FUZZ_KEEPS}, {"torch.ceil(%s)", ceill, FUZZ_KEEPS}, {"torch.round(%s)", rintl, FUZZ_KEEPS}, {"torch.trunc(%s)", truncl, FUZZ_KEEPS},
    {"torch.sign(%s)", fuzz_sign, FUZZ_KEEPS}, {"torch.sqrt(torch.abs(%s))", fuzz_sqrt_abs, FUZZ_FLOATS}, {"torch.rsqrt(torch.abs(%s) + 1)", fuzz_rsqrt_abs, FUZZ_FLOATS},
    {"torch.log(torch.abs(%s) + 0.5)", fuzz_log_abs, FUZZ_FLOATS}, {"torch.log2(torch.abs(%s) + 0.25)", fuzz_log2_abs, FUZZ_FLOATS},
    {"torch.log1p(torch.abs(%s))", fuzz_log1p_abs, FUZZ_FLOATS}, {"torch.reciprocal(torch.abs(%s) + 0.5)", fuzz_recip, FUZZ_FLOATS},
    {"torch.square(%s)", fuzz_square, FUZZ_NUMBERS}, {"torch.nn.functional.silu(%s)", fuzz_silu, FUZZ_FLOATS},
    {"torch.nn.functional.gelu(%s)", fuzz_gelu, FUZZ_FLOATS}, {"torch.nn.functional.gelu(%s, approximate='tanh')", fuzz_gelu_tanh, FUZZ_FLOATS},
    {"torch.nn.functional.softplus(%s)", fuzz_softplus, FUZZ_FLOATS}, {"torch.nn.functional.elu(%s)", fuzz_elu, FUZZ_FLOATS},
    {"torch.nn.functional.leaky_relu(%s, 0.25)", fuzz_leaky, FUZZ_FLOATS}, {"torch.nn.functional.mish(%s)", fuzz_mish, FUZZ_FLOATS},
    {"torch.nn.functional.logsigmoid(%s)", fuzz_logsigmoid, FUZZ_FLOATS}, {"torch.nn.functional.hardswish(%s)", fuzz_hardswish, FUZZ_FLOATS},
    {"torch.logical_not(%s)", fuzz_is_zero, FUZZ_TO_BOOL}, {"torch.isnan(%s)", fuzz_isnan, FUZZ_TO_BOOL}, {"~%s", fuzz_invert, FUZZ_NUMBERS}};
enum { FUZZ_UNARIES = sizeof fuzz_unaries / sizeof *fuzz_unaries };

static inline bool fuzz_step_unary(fuzz_kernel *k) {
  const fuzz_unary *u = &fuzz_unaries[fuzz_pick(k, FUZZ_UNARIES)];
  bool inverts = u->f == fuzz_invert;
  const fuzz_value *a = fuzz_choose(k, u->kind == FUZZ_FLOATS ? fuzz_is_float : inverts ? fuzz_is_exact_int : u->kind == FUZZ_TO_BOOL ? fuzz_any : fuzz_is_number);
  if (!a)
    return false;
  bool is_float = dtype_is_float(a->type);
  fuzz_value v = fuzz_new(k, u->kind == FUZZ_TO_BOOL ? DTYPE_BOOL : a->type, a->axes, a->exact && (!is_float || u->kind >= FUZZ_KEEPS || (u->f == fuzz_square && a->type == DTYPE_F64)));
  for (int64_t i = 0; i < fuzz_count(k, a->axes); i++)
    v.x[i] = fuzz_known(v.exact, v.type, fuzz_wrap(v.type, u->f(a->x[i])));
  return fuzz_keep(k, v, fuzz_format(k, u->text, a->name, NULL));   /* the formats are the table above */
}

/* Rounded toward minus infinity, exactly for whole numbers. */
static inline long double fuzz_floordiv(long double a, long double b) { return floorl(a / b); }
static inline long double fuzz_mod(long double a, long double b) {
  long double m = fmodl(a, b);
  return m != 0 && (m < 0) != (b < 0) ? m + b : m;
}
static inline long double fuzz_add(long double a, long double b) { return a + b; }
static inline long double fuzz_sub(long double a, long double b) { return a - b; }
static inline long double fuzz_mul(long double a, long double b) { return a * b; }
static inline long double fuzz_div(long double a, long double b) { return a / b; }
static inline long double fuzz_truncdiv(long double a, long double b) { return truncl(a / b); }
static inline long double fuzz_max(long double a, long double b) { return a > b ? a : b; }
static inline long double fuzz_min(long double a, long double b) { return a < b ? a : b; }
static inline long double fuzz_and(long double a, long double b) { return (long double)((int64_t)a & (int64_t)b); }
static inline long double fuzz_or(long double a, long double b) { return (long double)((int64_t)a | (int64_t)b); }
static inline long double fuzz_xor(long double a, long double b) { return (long double)((int64_t)a ^ (int64_t)b); }
static inline long double fuzz_eq(long double a, long double b) { return a == b; }
static inline long double fuzz_ne(long double a, long double b) { return a != b; }
static inline long double fuzz_lt(long double a, long double b) { return a < b; }
static inline long double fuzz_le(long double a, long double b) { return a <= b; }
static inline long double fuzz_gt(long double a, long double b) { return a > b; }
static inline long double fuzz_ge(long double a, long double b) { return a >= b; }
static inline long double fuzz_land(long double a, long double b) { return a != 0 && b != 0; }
static inline long double fuzz_lor(long double a, long double b) { return a != 0 || b != 0; }
static inline long double fuzz_lxor(long double a, long double b) { return (a != 0) != (b != 0); }

typedef struct fuzz_binary { const char *text; long double (*f)(long double, long double); enum { FUZZ_ARITH, FUZZ_DIVIDES, FUZZ_PICKS, FUZZ_BITS, FUZZ_COMPARES, FUZZ_LOGIC } kind; } fuzz_binary;
static const fuzz_binary fuzz_binaries[] = {
    {"%s + %s", fuzz_add, FUZZ_ARITH}, {"%s - %s", fuzz_sub, FUZZ_ARITH}, {"%s * %s", fuzz_mul, FUZZ_ARITH}, {"%s + %s", fuzz_add, FUZZ_ARITH},
    {"%s * %s", fuzz_mul, FUZZ_ARITH}, {"%s / %s", fuzz_div, FUZZ_DIVIDES}, {"%s // %s", fuzz_floordiv, FUZZ_DIVIDES}, {"%s % %s", fuzz_mod, FUZZ_DIVIDES},
    {"torch.div(%s, %s, rounding_mode='trunc')", fuzz_truncdiv, FUZZ_DIVIDES}, {"torch.fmod(%s, %s)", fmodl, FUZZ_DIVIDES},
    {"torch.maximum(%s, %s)", fuzz_max, FUZZ_PICKS}, {"torch.minimum(%s, %s)", fuzz_min, FUZZ_PICKS}, {"%s & %s", fuzz_and, FUZZ_BITS}, {"%s | %s", fuzz_or, FUZZ_BITS},
    {"%s ^ %s", fuzz_xor, FUZZ_BITS}, {"%s == %s", fuzz_eq, FUZZ_COMPARES}, {"%s != %s", fuzz_ne, FUZZ_COMPARES}, {"%s < %s", fuzz_lt, FUZZ_COMPARES},
    {"%s <= %s", fuzz_le, FUZZ_COMPARES}, {"%s > %s", fuzz_gt, FUZZ_COMPARES}, {"%s >= %s", fuzz_ge, FUZZ_COMPARES},
    {"torch.logical_and(%s, %s)", fuzz_land, FUZZ_LOGIC}, {"torch.logical_or(%s, %s)", fuzz_lor, FUZZ_LOGIC}, {"torch.logical_xor(%s, %s)", fuzz_lxor, FUZZ_LOGIC}};
enum { FUZZ_BINARIES = sizeof fuzz_binaries / sizeof *fuzz_binaries };

static inline dtype fuzz_binary_type(const fuzz_binary *o, dtype a, dtype b) {
  if (o->kind == FUZZ_COMPARES || o->kind == FUZZ_LOGIC)
    return DTYPE_BOOL;
  dtype t = fuzz_promote(a, b);
  return o->f == fuzz_div && !dtype_is_float(t) ? DTYPE_F32 : t;
}

/* A 0-d value beside one with dims does not widen it within its kind: taken only where that says the same as for two tensors. */
static inline bool fuzz_same_rules(const fuzz_kernel *k, const fuzz_value *a, const fuzz_value *b) {
  return !fuzz_rank(k, a->axes) == !fuzz_rank(k, b->axes) || a->type == b->type;
}

/* An operand as the operation sees it: an integer that meets floats is one of them, rounded where it does not fit. */
static inline bool fuzz_fits(dtype from, dtype to, long double x) {
  return dtype_is_float(from) || !dtype_is_float(to) || fabsl(x) <= (to == DTYPE_BF16 ? 256 : to == DTYPE_F16 ? 2048 : 0x1p24L);
}

static inline bool fuzz_step_binary(fuzz_kernel *k) {
  const fuzz_binary *o = &fuzz_binaries[fuzz_pick(k, FUZZ_BINARIES)];
  fuzz_filter *f = o->kind == FUZZ_BITS ? fuzz_is_exact_int : o->kind == FUZZ_LOGIC || o->kind == FUZZ_COMPARES ? fuzz_any : fuzz_is_number;
  const fuzz_value *a = fuzz_choose(k, f), *b = fuzz_choose(k, f);
  if (!a || !b || !fuzz_same_rules(k, a, b))
    return false;
  dtype t = fuzz_binary_type(o, a->type, b->type), work = t == DTYPE_BOOL ? fuzz_promote(a->type, b->type) : t;
  unsigned axes = a->axes | b->axes;
  bool is_float = dtype_is_float(work), steps = o->f == fuzz_floordiv || o->f == fuzz_mod || o->f == fuzz_truncdiv || o->f == fmodl;
  if (is_float && steps && !(a->exact && b->exact))
    return false;   /* the quotient may fall to another whole number */
  fuzz_value v = fuzz_new(k, t, axes, a->exact && b->exact && (!is_float || o->kind >= FUZZ_PICKS || (work == DTYPE_F64 && !(steps && o->f != fuzz_mod && o->f != fuzz_floordiv))));
  int64_t at[FUZZ_AXES] = {0};
  do {
    long double x = fuzz_get(k, a, at), y = fuzz_get(k, b, at);
    if ((o->kind == FUZZ_DIVIDES && fabsl(y) < 0.01L) || !fuzz_fits(a->type, work, x) || !fuzz_fits(b->type, work, y))
      return false;
    x = fuzz_wrap(work, x), y = fuzz_wrap(work, y);
    bool rounds = o->f == fuzz_truncdiv || work == DTYPE_F64;   /* the quotient is rounded first: near a whole number it may be that one */
    if (is_float && steps && rounds && fabsl(x / y - rintl(x / y)) < 1e-3L)
      return false;
    v.x[fuzz_at(k, axes, at)] = fuzz_known(v.exact, t, fuzz_wrap(t, o->f(x, y)));
  } while (fuzz_next(k, axes, at));
  const char *l = fuzz_aligned(k, a, axes), *r = fuzz_aligned(k, b, axes);
  return fuzz_keep(k, v, fuzz_format(k, o->text, l, r));
}

/* A Python number beside a tensor. */
static inline bool fuzz_step_scalar(fuzz_kernel *k) {
  static const struct { const char *text; long double (*f)(long double, long double); bool swapped, whole; long double number; bool is_float; } rows[] = {
      {"%s + 1", fuzz_add, false, true, 1, false}, {"%s * 0.5", fuzz_mul, false, false, 0.5L, true}, {"2 - %s", fuzz_sub, true, true, 2, false},
      {"%s * -3", fuzz_mul, false, true, -3, false}, {"%s // 3", fuzz_floordiv, false, true, 3, false}, {"%s % 5", fuzz_mod, false, true, 5, false},
      {"%s - 1.25", fuzz_sub, false, false, 1.25L, true}, {"%s / 8", fuzz_div, false, true, 8, false}, {"%s > 0", fuzz_gt, false, true, 0, false},
      {"%s <= 0.75", fuzz_le, false, false, 0.75L, true}, {"%s == 1", fuzz_eq, false, true, 1, false}, {"torch.clamp(%s, min=-2)", fuzz_max, false, true, -2, false},
      {"torch.clamp(%s, max=3)", fuzz_min, false, true, 3, false}, {"%s // -2", fuzz_floordiv, false, true, -2, false}, {"%s % -3", fuzz_mod, false, true, -3, false}};
  int i = fuzz_pick(k, (int)(sizeof rows / sizeof *rows));
  const fuzz_value *a = fuzz_choose(k, fuzz_is_number);
  if (!a)
    return false;
  bool compares = rows[i].f == fuzz_gt || rows[i].f == fuzz_le || rows[i].f == fuzz_eq, divides = rows[i].f == fuzz_div;
  dtype work = dtype_is_float(a->type) ? a->type : rows[i].is_float || divides ? DTYPE_F32 : a->type;
  bool steps = rows[i].f == fuzz_floordiv || rows[i].f == fuzz_mod;
  if ((a->type == DTYPE_U8 && rows[i].number < 0) || (steps && dtype_is_float(work)))
    return false;
  fuzz_value v = fuzz_new(k, compares ? DTYPE_BOOL : work, a->axes, a->exact && (compares || !dtype_is_float(work) || work == DTYPE_F64));
  for (int64_t j = 0; j < fuzz_count(k, a->axes); j++) {
    if (!fuzz_fits(a->type, work, a->x[j]))
      return false;
    v.x[j] = fuzz_known(v.exact, v.type, fuzz_wrap(v.type, rows[i].swapped ? rows[i].f(rows[i].number, a->x[j]) : rows[i].f(a->x[j], rows[i].number)));
  }
  return fuzz_keep(k, v, fuzz_format(k, rows[i].text, a->name, NULL));
}

/* Shifts by 0..5. */
static inline bool fuzz_step_shift(fuzz_kernel *k) {
  const fuzz_value *a = fuzz_choose(k, fuzz_is_exact_int);
  int by = fuzz_pick(k, 6);
  bool left = fuzz_chance(k, 50);
  if (!a)
    return false;
  fuzz_value v = fuzz_new(k, a->type, a->axes, true);
  for (int64_t i = 0; i < fuzz_count(k, a->axes); i++)
    v.x[i] = fuzz_wrap(a->type, left ? a->x[i] * (1 << by) : floorl(a->x[i] / (1 << by)));
  return fuzz_keep(k, v, arena_printf(k->mem, "%s %s %d", a->name, left ? "<<" : ">>", by));
}

static inline bool fuzz_step_where(fuzz_kernel *k) {
  const fuzz_value *c = fuzz_choose(k, fuzz_is_bool), *a = fuzz_choose(k, fuzz_any), *b = fuzz_choose(k, fuzz_any);
  if (!c || !a || !b || !fuzz_same_rules(k, a, b))
    return false;
  dtype t = fuzz_promote(a->type, b->type);
  unsigned axes = c->axes | a->axes | b->axes;
  fuzz_value v = fuzz_new(k, t, axes, c->exact && a->exact && b->exact);
  int64_t at[FUZZ_AXES] = {0};
  do {
    long double x = fuzz_get(k, a, at), y = fuzz_get(k, b, at);
    if (!fuzz_fits(a->type, t, x) || !fuzz_fits(b->type, t, y))
      return false;
    v.x[fuzz_at(k, axes, at)] = fuzz_wrap(t, fuzz_get(k, c, at) != 0 ? x : y);
  } while (fuzz_next(k, axes, at));
  const char *cc = fuzz_aligned(k, c, axes), *aa = fuzz_aligned(k, a, axes), *bb = fuzz_aligned(k, b, axes);
  return fuzz_keep(k, v, arena_printf(k->mem, "torch.where(%s, %s, %s)", cc, aa, bb));
}

static inline bool fuzz_cast_fits(const fuzz_value *a, dtype to, long double x) {
  if (!dtype_is_float(a->type))
    return fuzz_fits(a->type, to, x);
  if (dtype_is_float(to))
    return true;
  return (to == DTYPE_BOOL && !isnan(x)) || (a->exact && fabsl(x) < (to == DTYPE_U8 ? 255 : to == DTYPE_I8 ? 127 : 32000) && (to != DTYPE_U8 || x >= 0));
}

/* `a` as `to` holds it, but for the rounding of floats. */
static inline long double fuzz_cast(const fuzz_value *a, dtype to, long double x) {
  return fuzz_wrap(to, dtype_is_float(a->type) && !dtype_is_float(to) && to != DTYPE_BOOL ? truncl(x) : x);
}

static inline bool fuzz_step_cast(fuzz_kernel *k) {
  const fuzz_value *a = fuzz_choose(k, fuzz_any);
  dtype to = fuzz_types[fuzz_pick(k, FUZZ_TYPES)];
  if (!a)
    return false;
  static const char rank[DTYPE_COUNT] = {[DTYPE_F16] = 1, [DTYPE_BF16] = 1, [DTYPE_F32] = 2, [DTYPE_F64] = 3};
  bool narrows = dtype_is_float(to) && dtype_is_float(a->type) && (rank[to] < rank[a->type] || (rank[to] == 1 && to != a->type));
  fuzz_value v = fuzz_new(k, to, a->axes, a->exact && !narrows);
  for (int64_t i = 0; i < fuzz_count(k, a->axes); i++) {
    if (!fuzz_cast_fits(a, to, a->x[i]))
      return false;
    v.x[i] = fuzz_cast(a, to, a->x[i]);
  }
  return fuzz_keep(k, v, arena_printf(k->mem, "%s.to(torch.%s)", a->name, dtype_torch(to)));
}

/* ---- along an axis that is whole in each tile ---- */
typedef enum fuzz_fold { FUZZ_SUM, FUZZ_AMAX, FUZZ_AMIN, FUZZ_MEAN, FUZZ_PROD, FUZZ_ANY, FUZZ_EVERY, FUZZ_ARGMAX, FUZZ_ARGMIN, FUZZ_VAR, FUZZ_LOGSUMEXP, FUZZ_FOLDS } fuzz_fold;

static inline long double fuzz_fold_line(fuzz_fold f, dtype t, const long double *x, int64_t n) {
  long double r = f == FUZZ_PROD || f == FUZZ_EVERY ? 1 : f == FUZZ_AMAX || f == FUZZ_AMIN ? x[0] : 0, mean = 0;
  int64_t best = 0;
  for (int64_t i = 0; i < n; i++)
    mean += x[i] / (long double)n;
  for (int64_t i = 0; i < n; i++)
    switch (f) {
    case FUZZ_AMAX: r = x[i] > r ? x[i] : r; break;
    case FUZZ_AMIN: r = x[i] < r ? x[i] : r; break;
    case FUZZ_PROD: r = fuzz_wrap(t, r * x[i]); break;
    case FUZZ_ANY: r = r != 0 || x[i] != 0; break;
    case FUZZ_EVERY: r = r != 0 && x[i] != 0; break;
    case FUZZ_ARGMAX: best = x[i] > x[best] ? i : best; break;
    case FUZZ_ARGMIN: best = x[i] < x[best] ? i : best; break;
    case FUZZ_VAR: r += (x[i] - mean) * (x[i] - mean) / (long double)n; break;
    case FUZZ_LOGSUMEXP: r += expl(x[i]); break;
    default: r += x[i]; break;
    }
  return f == FUZZ_MEAN ? r / (long double)n : f == FUZZ_LOGSUMEXP ? logl(r) : f == FUZZ_ARGMAX || f == FUZZ_ARGMIN ? (long double)best : fuzz_wrap(t, r);
}

/* The elements of `v` along `axis` through the place `at`. */
static inline void fuzz_line_of(const fuzz_kernel *k, const fuzz_value *v, int axis, const int64_t *at, long double *out) {
  int64_t here[FUZZ_AXES];
  memcpy(here, at, sizeof here);
  for (here[axis] = 0; here[axis] < k->size[axis]; here[axis]++)
    out[here[axis]] = fuzz_get(k, v, here);
}

static inline int fuzz_whole_axis(fuzz_kernel *k, const fuzz_value *v) {
  int axis[FUZZ_AXES], n = fuzz_axes_of(v->axes & k->full, axis);
  return n ? axis[fuzz_pick(k, n)] : -1;
}

static inline const char *fuzz_axis_text(fuzz_kernel *k, const fuzz_value *v, int axis) {
  int d = fuzz_dim(k, v->axes, axis);
  return arena_printf(k->mem, "%d", fuzz_chance(k, 50) ? d : d - fuzz_rank(k, v->axes));
}

static inline bool fuzz_step_fold(fuzz_kernel *k) {
  static const char *const texts[FUZZ_FOLDS] = {"torch.sum(%s, dim=%s)", "torch.amax(%s, dim=%s)", "torch.amin(%s, %s)", "torch.mean(%s, dim=%s)", "torch.prod(%s, dim=%s)",
                                                "torch.any(%s, dim=%s)", "torch.all(%s, %s)", "torch.argmax(%s, dim=%s)", "torch.argmin(%s, dim=%s)",
                                                "torch.var(%s, dim=%s, unbiased=False)", "torch.logsumexp(%s, dim=%s)"};
  fuzz_fold f = (fuzz_fold)fuzz_pick(k, FUZZ_FOLDS);
  bool of_floats = f == FUZZ_MEAN || f == FUZZ_VAR || f == FUZZ_LOGSUMEXP, picks = f == FUZZ_ARGMAX || f == FUZZ_ARGMIN, logic = f == FUZZ_ANY || f == FUZZ_EVERY;
  const fuzz_value *a = fuzz_choose(k, of_floats ? fuzz_is_float : logic ? fuzz_is_bool : fuzz_is_number);
  int axis = a ? fuzz_whole_axis(k, a) : -1;
  if (axis < 0 || (picks && !a->exact))
    return false;
  bool sums = f == FUZZ_SUM || f == FUZZ_PROD, is_float = dtype_is_float(a->type);
  dtype t = picks || (sums && !is_float) ? DTYPE_I64 : logic ? DTYPE_BOOL : a->type;
  fuzz_value v = fuzz_new(k, t, a->axes & ~(1u << axis), a->exact && (!is_float || picks || f == FUZZ_AMAX || f == FUZZ_AMIN));
  int64_t at[FUZZ_AXES] = {0};
  long double *line = fuzz_array(k, 1u << axis), most = 1;
  do {
    fuzz_line_of(k, a, axis, at, line);
    for (int64_t i = 0; i < k->size[axis]; i++)
      most *= f == FUZZ_PROD ? fmaxl(1, fabsl(line[i])) : 1;
    if (!(k->wild && is_float) && most > (is_float ? 1e6L : 0x1p45L))
      return false;
    most = 1;
    v.x[fuzz_at(k, v.axes, at)] = fuzz_fold_line(f, t, line, k->size[axis]);
  } while (fuzz_next(k, v.axes, at));
  return fuzz_keep(k, v, fuzz_format(k, texts[f], a->name, fuzz_axis_text(k, a, axis)));
}

/* cumsum, reverse cumsum, cumprod, softmax, sort, a reversed order: results of the operand's shape. */
static inline bool fuzz_step_scan(fuzz_kernel *k) {
  enum { CUMSUM, BACK, CUMPROD, SOFTMAX, LOG_SOFTMAX, SORT, FORMS };
  static const char *const texts[FORMS] = {"torch.cumsum(%s, dim=%s)", "hl.cumsum(%s, %s, reverse=True)", "torch.cumprod(%s, dim=%s)", "torch.softmax(%s, dim=%s)",
                                           "torch.log_softmax(%s, dim=%s)", "torch.sort(%s, dim=%s)[0]"};
  int form = fuzz_pick(k, FORMS);
  const fuzz_value *a = fuzz_choose(k, form >= SOFTMAX && form != SORT ? fuzz_is_float : fuzz_is_number);
  int axis = a ? fuzz_whole_axis(k, a) : -1;
  if (axis < 0)
    return false;
  bool is_float = dtype_is_float(a->type);
  if ((form == BACK && !is_float) || (form == SORT && fuzz_dim(k, a->axes, axis) != fuzz_rank(k, a->axes) - 1))
    return false;
  dtype t = !is_float && form != SORT ? DTYPE_I64 : a->type;
  fuzz_value v = fuzz_new(k, t, a->axes, a->exact && (!is_float || form == SORT));
  int64_t at[FUZZ_AXES] = {0}, n = k->size[axis];
  long double *line = fuzz_array(k, 1u << axis);
  do {
    long double total = 0, r = form == CUMPROD ? 1 : 0;
    fuzz_line_of(k, a, axis, at, line);
    for (int64_t i = 0; i < n; i++)
      total += expl(line[i]);
    if (form >= SOFTMAX && form != SORT && !isfinite(total) && !k->wild)
      return false;
    int64_t below = 0, same = 0;
    for (int64_t i = 0; i < n; i++) {
      long double x = line[i];
      if (form == CUMPROD ? i <= at[axis] : form == CUMSUM ? i <= at[axis] : form == BACK && i >= at[axis])
        r = form == CUMPROD ? r * x : r + x;
      if (fabsl(r) > 1e6L && !(k->wild && is_float))
        return false;
    }
    for (int64_t j = 0; form == SORT && j < n; j++) {   /* the element with at[axis] smaller ones before it */
      below = same = 0;
      for (int64_t i = 0; i < n; i++) {
        below += line[i] < line[j];
        same += line[i] == line[j];
      }
      if (below <= at[axis] && at[axis] < below + same)
        r = line[j];
    }
    if (form == SOFTMAX)
      r = expl(line[at[axis]]) / total;
    if (form == LOG_SOFTMAX)
      r = line[at[axis]] - logl(total);
    v.x[fuzz_at(k, a->axes, at)] = r;
  } while (fuzz_next(k, a->axes, at));
  return fuzz_keep(k, v, fuzz_format(k, texts[form], a->name, fuzz_axis_text(k, a, axis)));
}

/* Over two whole axes, written in several ways. */
static inline bool fuzz_step_fold_two(fuzz_kernel *k) {
  const fuzz_value *a = fuzz_choose(k, fuzz_is_number);
  int axis[FUZZ_AXES], n = a ? fuzz_axes_of(a->axes & k->full, axis) : 0;
  if (n < 2)
    return false;
  int first = axis[n - 2], last = axis[n - 1], d = fuzz_dim(k, a->axes, first), rank = fuzz_rank(k, a->axes);
  bool sums = fuzz_chance(k, 50), is_float = dtype_is_float(a->type), at_end = d == rank - 2;
  static const char *const texts[2][5] = {
      {"torch.amax(%s, dim=[D, E])", "torch.amax(torch.amax(%s, dim=E), dim=D)", "torch.amax(%s.flatten(D, E), dim=D)", "torch.amax(%s.flatten(D), dim=-1)", "torch.amax(%s.transpose(D, E), [E, D])"},
      {"torch.sum(%s, dim=[D, E])", "torch.sum(%s, dim=D).sum(D)", "torch.sum(%s.flatten(D, E), dim=D)", "%s.flatten(D).sum(-1)", "torch.sum(%s.transpose(D, E), dim=(D, E))"}};
  fuzz_value v = fuzz_new(k, sums && !is_float ? DTYPE_I64 : a->type, a->axes & ~(1u << first | 1u << last), a->exact && (!sums || !is_float));
  int64_t at[FUZZ_AXES] = {0}, lines = k->size[first], length = k->size[last];
  do {
    long double r = 0;
    for (int64_t i = 0; i < lines * length; i++) {
      at[first] = i / length;
      at[last] = i % length;
      long double x = fuzz_get(k, a, at);
      r = sums ? r + x : i == 0 || x > r ? x : r;
    }
    at[first] = at[last] = 0;
    v.x[fuzz_at(k, v.axes, at)] = fuzz_wrap(v.type, r);
  } while (fuzz_next(k, v.axes, at));
  text t = text_new(k->mem);
  for (const char *c = texts[sums][fuzz_pick(k, at_end ? 5 : 3)]; *c; c++)
    if (*c == 'D' || *c == 'E')
      text_addf(&t, "%d", *c == 'D' ? d : d + 1);
    else
      text_add_bytes(&t, c, 1);
  return fuzz_keep(k, v, fuzz_format(k, text_str(&t), a->name, NULL));
}

/* An operation on the value turned round, turned back. */
static inline bool fuzz_step_turned(fuzz_kernel *k) {
  static const char *const texts[] = {"(%s.T * 2).T", "torch.abs(%s.permute(1, 0)).transpose(0, 1)", "(%s.permute(2, 0, 1) * 2).permute(1, 2, 0)", "torch.abs(%s.transpose(0, 2)).permute(2, 1, 0)",
                                      "(%s[:, None] * 2).squeeze(1)", "torch.abs(%s.unsqueeze(0)).reshape(%s.size())"};
  const fuzz_value *a = fuzz_choose(k, fuzz_is_number);
  int rank = a ? fuzz_rank(k, a->axes) : 0, form = rank == 2 ? fuzz_pick(k, 2) : rank == 3 ? 2 + fuzz_pick(k, 2) : 4 + fuzz_pick(k, 2);
  if (!rank)
    return false;
  fuzz_value v = fuzz_new(k, a->type, a->axes, a->exact);
  for (int64_t i = 0; i < fuzz_count(k, a->axes); i++)
    v.x[i] = fuzz_wrap(a->type, form % 2 ? fabsl(a->x[i]) : a->x[i] * 2);
  return fuzz_keep(k, v, fuzz_format(k, texts[form], a->name, a->name));
}

/* hl.reduce and hl.associative_scan with functions that care for the order. */
static inline bool fuzz_step_function(fuzz_kernel *k) {
  enum { FOLD, SCAN, BACK };
  int form = fuzz_pick(k, 3);
  const fuzz_value *a = fuzz_choose(k, fuzz_is_number);
  int axis = a ? fuzz_whole_axis(k, a) : -1;
  bool halves = a && dtype_is_float(a->type) && fuzz_chance(k, 50);
  if (axis < 0)
    return false;
  fuzz_value v = fuzz_new(k, a->type, form == FOLD ? a->axes & ~(1u << axis) : a->axes, a->exact && (!dtype_is_float(a->type) || a->type == DTYPE_F64));
  int64_t at[FUZZ_AXES] = {0}, n = k->size[axis];
  long double *line = fuzz_array(k, 1u << axis);
  do {
    fuzz_line_of(k, a, axis, at, line);
    int64_t end = form == SCAN ? at[axis] : form == FOLD ? n - 1 : n - 1 - at[axis];
    long double r = 0;
    for (int64_t i = 0; i <= end; i++) {
      long double e = line[form == BACK ? n - 1 - i : i];
      r = i ? fuzz_known(v.exact, a->type, fuzz_wrap(a->type, halves ? r * 0.5L + e : r - e)) : e;
    }
    v.x[fuzz_at(k, v.axes, at)] = r;
  } while (fuzz_next(k, v.axes, at));
  const char *f = halves ? "lambda p, q: p * 0.5 + q" : "lambda p, q: p - q", *d = fuzz_axis_text(k, a, axis);
  return fuzz_keep(k, v, form == FOLD ? arena_printf(k->mem, "hl.reduce(%s, %s, %s)", f, a->name, d) :
                                        arena_printf(k->mem, "hl.associative_scan(%s, %s, %s%s)", f, a->name, d, form == BACK ? ", reverse=True" : ""));
}

/* [m, k] @ [k, n]; the operands that are not there are loaded. */
static inline bool fuzz_step_matmul(fuzz_kernel *k) {
  const unsigned left = 1 << FUZZ_M | 1 << FUZZ_K, right = 1 << FUZZ_K | 1 << FUZZ_N, out = 1 << FUZZ_M | 1 << FUZZ_N;
  static const dtype types[] = {DTYPE_F16, DTYPE_BF16, DTYPE_F32, DTYPE_F32, DTYPE_F64};
  if ((k->scope & FUZZ_ALL) != FUZZ_ALL || k->hidden || !(k->full >> FUZZ_K & 1))
    return false;
  const fuzz_value *a = fuzz_choose(k, fuzz_is_float);
  dtype t = types[fuzz_pick(k, 5)];
  if (!a || a->axes != left) {
    if (!fuzz_load(k, t, left, false))
      return false;
    a = &k->values.at[k->values.n - 1];
  }
  fuzz_value x = *a;
  if (!fuzz_load(k, x.type, right, false))
    return false;
  fuzz_value y = k->values.at[k->values.n - 1], v = fuzz_new(k, x.type, out, false);
  int64_t at[FUZZ_AXES] = {0};
  do {
    long double sum = 0;
    int64_t here[FUZZ_AXES] = {at[0], at[1], 0};
    for (; here[FUZZ_K] < k->size[FUZZ_K]; here[FUZZ_K]++)
      sum += fuzz_get(k, &x, here) * fuzz_get(k, &y, here);
    v.x[fuzz_at(k, out, at)] = sum;
  } while (fuzz_next(k, out, at));
  /* the operands' dims are m, k and k, n; the axes' order gives the second one as n, k */
  return fuzz_keep(k, v, fuzz_format(k, fuzz_chance(k, 50) ? "%s @ %s.T" : "torch.matmul(%s, %s.transpose(0, 1))", x.name, y.name));
}
#endif
