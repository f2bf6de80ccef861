/* Operations of random kernels: elementwise, along an axis, products. */
#include "gen_private.h"

/* ---- elementwise ---- */
typedef struct gen_unary { const char *text; long double (*f)(long double); enum { GEN_FLOATS, GEN_NUMBERS, GEN_KEEPS, GEN_TO_BOOL } kind; } gen_unary;
static long double gen_neg(long double x) { return -x; }
static long double gen_relu(long double x) { return x > 0 ? x : 0; }
static long double gen_sigmoid(long double x) { return 1 / (1 + expl(-x)); }
static long double gen_silu(long double x) { return x * gen_sigmoid(x); }
static long double gen_gelu(long double x) { return x / 2 * (1 + erfl(x / sqrtl(2))); }
static long double gen_gelu_tanh(long double x) { return x / 2 * (1 + tanhl(sqrtl(2 / acosl(-1)) * (x + 0.044715L * x * x * x))); }
static long double gen_softplus(long double x) { return log1pl(expl(x)); }
static long double gen_sign(long double x) { return (x > 0) - (x < 0); }
static long double gen_sqrt_abs(long double x) { return sqrtl(fabsl(x)); }
static long double gen_rsqrt_abs(long double x) { return 1 / sqrtl(fabsl(x) + 1); }
static long double gen_log_abs(long double x) { return logl(fabsl(x) + 0.5L); }
static long double gen_log2_abs(long double x) { return log2l(fabsl(x) + 0.25L); }
static long double gen_log1p_abs(long double x) { return log1pl(fabsl(x)); }
static long double gen_recip(long double x) { return 1 / (fabsl(x) + 0.5L); }
static long double gen_square(long double x) { return x * x; }
static long double gen_elu(long double x) { return x > 0 ? x : expm1l(x); }
static long double gen_leaky(long double x) { return x > 0 ? x : x * 0.25L; }
static long double gen_mish(long double x) { return x * tanhl(gen_softplus(x)); }
static long double gen_logsigmoid(long double x) { return -log1pl(expl(-x)); }
static long double gen_hardswish(long double x) { return x * fminl(fmaxl(x + 3, 0), 6) / 6; }
static long double gen_invert(long double x) { return -1 - x; }
static long double gen_is_zero(long double x) { return x == 0; }
static long double gen_isnan(long double x) { return isnan(x); }

static const gen_unary gen_unaries[] = {
    {"-%s", gen_neg, GEN_KEEPS}, {"torch.abs(%s)", fabsl, GEN_KEEPS}, {"torch.relu(%s)", gen_relu, GEN_KEEPS}, {"torch.exp(%s)", expl, GEN_FLOATS},
    {"torch.exp2(%s)", exp2l, GEN_FLOATS}, {"torch.expm1(%s)", expm1l, GEN_FLOATS}, {"torch.sigmoid(%s)", gen_sigmoid, GEN_FLOATS},
    {"torch.tanh(%s)", tanhl, GEN_FLOATS}, {"torch.erf(%s)", erfl, GEN_FLOATS}, {"torch.sin(%s)", sinl, GEN_FLOATS}, {"torch.cos(%s)", cosl, GEN_FLOATS},
    {"torch.floor(%s)", floorl, GEN_KEEPS}, {"torch.ceil(%s)", ceill, GEN_KEEPS}, {"torch.round(%s)", rintl, GEN_KEEPS}, {"torch.trunc(%s)", truncl, GEN_KEEPS},
    {"torch.sign(%s)", gen_sign, GEN_KEEPS}, {"torch.sqrt(torch.abs(%s))", gen_sqrt_abs, GEN_FLOATS}, {"torch.rsqrt(torch.abs(%s) + 1)", gen_rsqrt_abs, GEN_FLOATS},
    {"torch.log(torch.abs(%s) + 0.5)", gen_log_abs, GEN_FLOATS}, {"torch.log2(torch.abs(%s) + 0.25)", gen_log2_abs, GEN_FLOATS},
    {"torch.log1p(torch.abs(%s))", gen_log1p_abs, GEN_FLOATS}, {"torch.reciprocal(torch.abs(%s) + 0.5)", gen_recip, GEN_FLOATS},
    {"torch.square(%s)", gen_square, GEN_NUMBERS}, {"torch.nn.functional.silu(%s)", gen_silu, GEN_FLOATS},
    {"torch.nn.functional.gelu(%s)", gen_gelu, GEN_FLOATS}, {"torch.nn.functional.gelu(%s, approximate='tanh')", gen_gelu_tanh, GEN_FLOATS},
    {"torch.nn.functional.softplus(%s)", gen_softplus, GEN_FLOATS}, {"torch.nn.functional.elu(%s)", gen_elu, GEN_FLOATS},
    {"torch.nn.functional.leaky_relu(%s, 0.25)", gen_leaky, GEN_FLOATS}, {"torch.nn.functional.mish(%s)", gen_mish, GEN_FLOATS},
    {"torch.nn.functional.logsigmoid(%s)", gen_logsigmoid, GEN_FLOATS}, {"torch.nn.functional.hardswish(%s)", gen_hardswish, GEN_FLOATS},
    {"torch.logical_not(%s)", gen_is_zero, GEN_TO_BOOL}, {"torch.isnan(%s)", gen_isnan, GEN_TO_BOOL}, {"~%s", gen_invert, GEN_NUMBERS}};
enum { GEN_UNARIES = sizeof gen_unaries / sizeof *gen_unaries };

bool gen_step_unary(gen_kernel *k) {
  const gen_unary *u = &gen_unaries[gen_pick(k, GEN_UNARIES)];
  bool inverts = u->f == gen_invert;
  if ((u->kind == GEN_FLOATS && !gen_has(k, GEN_HAS_TRANSCENDENTAL)) || (inverts && !gen_has(k, GEN_HAS_BITS)))
    return false;
  const gen_value *a = gen_choose(k, u->kind == GEN_FLOATS ? gen_is_float : inverts ? gen_is_exact_int : u->kind == GEN_TO_BOOL ? gen_any : gen_is_number);
  if (!a)
    return false;
  bool is_float = dtype_is_float(a->type);
  gen_value v = gen_new(k, u->kind == GEN_TO_BOOL ? DTYPE_BOOL : a->type, a->axes, a->exact && (!is_float || u->kind >= GEN_KEEPS || (u->f == gen_square && a->type == DTYPE_F64)));
  for (int64_t i = 0; i < gen_count(k, a->axes); i++)
    v.x[i] = gen_known(v.exact, v.type, gen_wrap(v.type, u->f(a->x[i])));
  v.exact = v.exact || (a->exact && u->f == gen_square && gen_all_held(k, &v));
  return gen_keep(k, v, gen_format(k, u->text, a->name, NULL));   /* the formats are the table above */
}

/* Rounded toward minus infinity, exactly for whole numbers. */
static long double gen_floordiv(long double a, long double b) { return floorl(a / b); }
static long double gen_mod(long double a, long double b) {
  long double m = fmodl(a, b);
  return m != 0 && (m < 0) != (b < 0) ? m + b : m;
}
long double gen_add(long double a, long double b) { return a + b; }
static long double gen_sub(long double a, long double b) { return a - b; }
static long double gen_mul(long double a, long double b) { return a * b; }
static long double gen_div(long double a, long double b) { return a / b; }
static long double gen_truncdiv(long double a, long double b) { return truncl(a / b); }
long double gen_max(long double a, long double b) { return a > b ? a : b; }
long double gen_min(long double a, long double b) { return a < b ? a : b; }
long double gen_and(long double a, long double b) { return (long double)((int64_t)a & (int64_t)b); }
long double gen_or(long double a, long double b) { return (long double)((int64_t)a | (int64_t)b); }
long double gen_xor(long double a, long double b) { return (long double)((int64_t)a ^ (int64_t)b); }
static long double gen_eq(long double a, long double b) { return a == b; }
static long double gen_ne(long double a, long double b) { return a != b; }
static long double gen_lt(long double a, long double b) { return a < b; }
static long double gen_le(long double a, long double b) { return a <= b; }
static long double gen_gt(long double a, long double b) { return a > b; }
static long double gen_ge(long double a, long double b) { return a >= b; }
static long double gen_land(long double a, long double b) { return a != 0 && b != 0; }
static long double gen_lor(long double a, long double b) { return a != 0 || b != 0; }
static long double gen_lxor(long double a, long double b) { return (a != 0) != (b != 0); }

typedef struct gen_binary { const char *text; long double (*f)(long double, long double); enum { GEN_ARITH, GEN_DIVIDES, GEN_PICKS, GEN_BITS, GEN_COMPARES, GEN_LOGIC } kind; } gen_binary;
static const gen_binary gen_binaries[] = {
    {"%s + %s", gen_add, GEN_ARITH}, {"%s - %s", gen_sub, GEN_ARITH}, {"%s * %s", gen_mul, GEN_ARITH}, {"%s + %s", gen_add, GEN_ARITH},
    {"%s * %s", gen_mul, GEN_ARITH}, {"%s / %s", gen_div, GEN_DIVIDES}, {"%s // %s", gen_floordiv, GEN_DIVIDES}, {"%s % %s", gen_mod, GEN_DIVIDES},
    {"torch.div(%s, %s, rounding_mode='trunc')", gen_truncdiv, GEN_DIVIDES}, {"torch.fmod(%s, %s)", fmodl, GEN_DIVIDES},
    {"torch.maximum(%s, %s)", gen_max, GEN_PICKS}, {"torch.minimum(%s, %s)", gen_min, GEN_PICKS}, {"%s & %s", gen_and, GEN_BITS}, {"%s | %s", gen_or, GEN_BITS},
    {"%s ^ %s", gen_xor, GEN_BITS}, {"%s == %s", gen_eq, GEN_COMPARES}, {"%s != %s", gen_ne, GEN_COMPARES}, {"%s < %s", gen_lt, GEN_COMPARES},
    {"%s <= %s", gen_le, GEN_COMPARES}, {"%s > %s", gen_gt, GEN_COMPARES}, {"%s >= %s", gen_ge, GEN_COMPARES},
    {"torch.logical_and(%s, %s)", gen_land, GEN_LOGIC}, {"torch.logical_or(%s, %s)", gen_lor, GEN_LOGIC}, {"torch.logical_xor(%s, %s)", gen_lxor, GEN_LOGIC}};
enum { GEN_BINARIES = sizeof gen_binaries / sizeof *gen_binaries };

static dtype gen_binary_type(const gen_binary *o, dtype a, dtype b) {
  if (o->kind == GEN_COMPARES || o->kind == GEN_LOGIC)
    return DTYPE_BOOL;
  dtype t = gen_promote(a, b);
  return o->f == gen_div && !dtype_is_float(t) ? DTYPE_F32 : t;
}

/* A 0-d value beside one with dims does not widen it within its kind: taken only where that says the same as for two tensors. */
bool gen_same_rules(const gen_kernel *k, const gen_value *a, const gen_value *b) {
  return !gen_rank(k, a->axes) == !gen_rank(k, b->axes) || a->type == b->type;
}

/* An operand as the operation sees it: an integer that meets floats is one of them, rounded where it does not fit. */
bool gen_fits(dtype from, dtype to, long double x) {
  return dtype_is_float(from) || !dtype_is_float(to) || fabsl(x) <= (to == DTYPE_BF16 ? 256 : to == DTYPE_F16 ? 2048 : 0x1p24L);
}

bool gen_step_binary(gen_kernel *k) {
  static const gen_feature needs[] = {[GEN_ARITH] = GEN_HAS_BINARY, [GEN_DIVIDES] = GEN_HAS_DIVISION, [GEN_PICKS] = GEN_HAS_BINARY, [GEN_BITS] = GEN_HAS_BITS,
                                      [GEN_COMPARES] = GEN_HAS_COMPARE, [GEN_LOGIC] = GEN_HAS_COMPARE};
  const gen_binary *o = &gen_binaries[gen_pick(k, GEN_BINARIES)];
  if (!gen_has(k, needs[o->kind]))
    return false;
  gen_filter *f = o->kind == GEN_BITS ? gen_is_exact_int : o->kind == GEN_LOGIC || o->kind == GEN_COMPARES ? gen_any : gen_is_number;
  const gen_value *a = gen_choose(k, f), *b = gen_choose(k, f);
  if (!a || !b || !gen_same_rules(k, a, b))
    return false;
  dtype t = gen_binary_type(o, a->type, b->type), work = t == DTYPE_BOOL ? gen_promote(a->type, b->type) : t;
  unsigned axes = a->axes | b->axes;
  bool is_float = dtype_is_float(work), steps = o->f == gen_floordiv || o->f == gen_mod || o->f == gen_truncdiv || o->f == fmodl;
  if (is_float && steps && !(a->exact && b->exact))
    return false;   /* the quotient may fall to another whole number */
  gen_value v = gen_new(k, t, axes, a->exact && b->exact && (!is_float || o->kind >= GEN_PICKS || (work == DTYPE_F64 && !(steps && o->f != gen_mod && o->f != gen_floordiv))));
  int64_t at[GEN_AXES] = {0};
  do {
    long double x = gen_get(k, a, at), y = gen_get(k, b, at);
    if ((o->kind == GEN_DIVIDES && fabsl(y) < 0.01L) || !gen_fits(a->type, work, x) || !gen_fits(b->type, work, y))
      return false;
    x = gen_wrap(work, x), y = gen_wrap(work, y);
    bool rounds = o->f == gen_truncdiv || work == DTYPE_F64;   /* the quotient is rounded first: near a whole number it may be that one */
    if (is_float && steps && rounds && fabsl(x / y - rintl(x / y)) < 1e-3L)
      return false;
    v.x[gen_at(k, axes, at)] = gen_known(v.exact, t, gen_wrap(t, o->f(x, y)));
  } while (gen_next(k, axes, at));
  v.exact = v.exact || (a->exact && b->exact && o->kind == GEN_ARITH && gen_all_held(k, &v));
  const char *l = gen_aligned(k, a, axes), *r = gen_aligned(k, b, axes);
  return gen_keep(k, v, gen_format(k, o->text, l, r));
}

/* A Python number beside a tensor. */
bool gen_step_scalar(gen_kernel *k) {
  static const struct { const char *text; long double (*f)(long double, long double); bool swapped, whole; long double number; bool is_float; } rows[] = {
      {"%s + 1", gen_add, false, true, 1, false}, {"%s * 0.5", gen_mul, false, false, 0.5L, true}, {"2 - %s", gen_sub, true, true, 2, false},
      {"%s * -3", gen_mul, false, true, -3, false}, {"%s // 3", gen_floordiv, false, true, 3, false}, {"%s % 5", gen_mod, false, true, 5, false},
      {"%s - 1.25", gen_sub, false, false, 1.25L, true}, {"%s / 8", gen_div, false, true, 8, false}, {"%s > 0", gen_gt, false, true, 0, false},
      {"%s <= 0.75", gen_le, false, false, 0.75L, true}, {"%s == 1", gen_eq, false, true, 1, false}, {"torch.clamp(%s, min=-2)", gen_max, false, true, -2, false},
      {"torch.clamp(%s, max=3)", gen_min, false, true, 3, false}, {"%s // -2", gen_floordiv, false, true, -2, false}, {"%s % -3", gen_mod, false, true, -3, false}};
  int i = gen_pick(k, GEN_COUNT(rows));
  const gen_value *a = gen_choose(k, gen_is_number);
  if (!a || ((rows[i].f == gen_floordiv || rows[i].f == gen_mod) && !gen_has(k, GEN_HAS_DIVISION)))
    return false;
  bool compares = rows[i].f == gen_gt || rows[i].f == gen_le || rows[i].f == gen_eq, divides = rows[i].f == gen_div;
  dtype work = dtype_is_float(a->type) ? a->type : rows[i].is_float || divides ? DTYPE_F32 : a->type;
  bool steps = rows[i].f == gen_floordiv || rows[i].f == gen_mod;
  if ((a->type == DTYPE_U8 && rows[i].number < 0) || (steps && dtype_is_float(work)))
    return false;
  gen_value v = gen_new(k, compares ? DTYPE_BOOL : work, a->axes, a->exact && (compares || !dtype_is_float(work) || work == DTYPE_F64));
  for (int64_t j = 0; j < gen_count(k, a->axes); j++) {
    if (!gen_fits(a->type, work, a->x[j]))
      return false;
    v.x[j] = gen_known(v.exact, v.type, gen_wrap(v.type, rows[i].swapped ? rows[i].f(rows[i].number, a->x[j]) : rows[i].f(a->x[j], rows[i].number)));
  }
  v.exact = v.exact || (a->exact && !steps && gen_all_held(k, &v));
  return gen_keep(k, v, gen_format(k, rows[i].text, a->name, NULL));
}

/* Shifts by 0..5. */
bool gen_step_shift(gen_kernel *k) {
  const gen_value *a = gen_choose(k, gen_is_exact_int);
  int by = gen_pick(k, 6);
  bool left = gen_chance(k, 50);
  if (!a)
    return false;
  gen_value v = gen_new(k, a->type, a->axes, true);
  for (int64_t i = 0; i < gen_count(k, a->axes); i++)
    v.x[i] = gen_wrap(a->type, left ? a->x[i] * (1 << by) : floorl(a->x[i] / (1 << by)));
  return gen_keep(k, v, arena_printf(k->mem, "%s %s %d", a->name, left ? "<<" : ">>", by));
}

bool gen_step_where(gen_kernel *k) {
  const gen_value *c = gen_choose(k, gen_is_bool), *a = gen_choose(k, gen_any), *b = gen_choose(k, gen_any);
  if (!c || !a || !b || !gen_same_rules(k, a, b))
    return false;
  dtype t = gen_promote(a->type, b->type);
  unsigned axes = c->axes | a->axes | b->axes;
  gen_value v = gen_new(k, t, axes, c->exact && a->exact && b->exact);
  int64_t at[GEN_AXES] = {0};
  do {
    long double x = gen_get(k, a, at), y = gen_get(k, b, at);
    if (!gen_fits(a->type, t, x) || !gen_fits(b->type, t, y))
      return false;
    v.x[gen_at(k, axes, at)] = gen_wrap(t, gen_get(k, c, at) != 0 ? x : y);
  } while (gen_next(k, axes, at));
  const char *cc = gen_aligned(k, c, axes), *aa = gen_aligned(k, a, axes), *bb = gen_aligned(k, b, axes);
  return gen_keep(k, v, arena_printf(k->mem, "torch.where(%s, %s, %s)", cc, aa, bb));
}

bool gen_cast_fits(const gen_value *a, dtype to, long double x) {
  if (!dtype_is_float(a->type))
    return gen_fits(a->type, to, x);
  if (dtype_is_float(to))
    return true;
  return (to == DTYPE_BOOL && !isnan(x)) || (a->exact && fabsl(x) < (to == DTYPE_U8 ? 255 : to == DTYPE_I8 ? 127 : 32000) && (to != DTYPE_U8 || x >= 0));
}

/* `a` as `to` holds it, but for the rounding of floats. */
long double gen_cast(const gen_value *a, dtype to, long double x) {
  return gen_wrap(to, dtype_is_float(a->type) && !dtype_is_float(to) && to != DTYPE_BOOL ? truncl(x) : x);
}

bool gen_step_cast(gen_kernel *k) {
  const gen_value *a = gen_choose(k, gen_any);
  dtype to = gen_type(k, true);
  if (!a)
    return false;
  static const char rank[DTYPE_COUNT] = {[DTYPE_F16] = 1, [DTYPE_BF16] = 1, [DTYPE_F32] = 2, [DTYPE_F64] = 3};
  bool narrows = dtype_is_float(to) && dtype_is_float(a->type) && (rank[to] < rank[a->type] || (rank[to] == 1 && to != a->type));
  gen_value v = gen_new(k, to, a->axes, a->exact && !narrows);
  for (int64_t i = 0; i < gen_count(k, a->axes); i++) {
    if (!gen_cast_fits(a, to, a->x[i]))
      return false;
    v.x[i] = gen_cast(a, to, a->x[i]);
  }
  v.exact = v.exact || (a->exact && gen_all_held(k, &v));
  return gen_keep(k, v, arena_printf(k->mem, "%s.to(torch.%s)", a->name, dtype_torch(to)));
}
