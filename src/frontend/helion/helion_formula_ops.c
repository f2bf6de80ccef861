/* Table rows that are a formula of other operations.  f16 and bf16 are computed in f32 and rounded once, at the end. */
#include "frontend/helion/helion_device.h"
#include "frontend/helion/helion_ops.h"
#include <math.h>

/* What a formula computes with: its call, and f(a, b) without the noise. */
typedef struct formula { helion_reader *r; const syn_node *n; } formula;

static helion_value two(formula f, kernel_fn fn, helion_value a, helion_value b) {
  if (a.kind == HELION_UNKNOWN || b.kind == HELION_UNKNOWN)
    return helion_unknown();
  return helion_apply2(f.r, f.n, fn, a, b);
}
static helion_value one(formula f, kernel_fn fn, helion_value a) { return a.kind == HELION_UNKNOWN ? a : helion_apply1(f.r, f.n, fn, a); }
static helion_value add(formula f, helion_value a, helion_value b) { return two(f, KERNEL_FN_ADD, a, b); }
static helion_value sub(formula f, helion_value a, helion_value b) { return two(f, KERNEL_FN_SUB, a, b); }
static helion_value mul(formula f, helion_value a, helion_value b) { return two(f, KERNEL_FN_MUL, a, b); }

static helion_value choose(formula f, helion_value condition, helion_value a, helion_value b) {
  const helion_fn *where = helion_find_function("torch.where");
  if (condition.kind == HELION_UNKNOWN || a.kind == HELION_UNKNOWN || b.kind == HELION_UNKNOWN)
    return helion_unknown();
  return where->run(f.r, &(helion_call){.node = f.n, .fn = where, .arg = {condition, a, b}, .given = {true, true, true}});
}

static helion_value positive(formula f, helion_value x) { return two(f, KERNEL_FN_GT, x, helion_int(f.r, 0)); }
static helion_value lower_bound(formula f, helion_value x, double low) { return two(f, KERNEL_FN_MAX, x, helion_float(low)); }
static helion_value between(formula f, helion_value x, double low, double high) { return two(f, KERNEL_FN_MIN, lower_bound(f, x, low), helion_float(high)); }

/* 0.5 x (1 + erf(x / sqrt 2)), or by tanh 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) */
static helion_value gelu(formula f, helion_value x, bool by_tanh) {
  helion_value inner = mul(f, x, helion_float(0.70710678118654752440));
  if (by_tanh) {
    inner = add(f, x, mul(f, mul(f, mul(f, x, x), x), helion_float(0.044715)));
    inner = one(f, KERNEL_FN_TANH, mul(f, inner, helion_float(0.79788456080286535588)));
  } else {
    inner = one(f, KERNEL_FN_ERF, inner);
  }
  return mul(f, mul(f, x, helion_float(0.5)), add(f, inner, helion_int(f.r, 1)));
}

/* log(1 + exp(x)) = max(x, 0) + log1p(exp(-|x|)) */
static helion_value softplus(formula f, helion_value x) {
  helion_value e = one(f, KERNEL_FN_EXP, one(f, KERNEL_FN_NEG, one(f, KERNEL_FN_ABS, x)));
  helion_value rest = one(f, KERNEL_FN_LOG1P, e);
  return add(f, one(f, KERNEL_FN_RELU, x), rest);
}

static helion_value as_float(formula f, helion_value x, dtype t) {
  if (helion_is_device(&x) && !dtype_is_float(helion_type(f.r, x.device)->type))
    return helion_device(helion_cast(f.r, f.n, x.device, t));
  return x;
}

/* sign(x) * (|x| mod |y|), which is exact. */
static helion_value float_fmod(formula f, helion_value x, helion_value y) {
  int64_t whole;
  if (helion_is_device(&y))
    y = one(f, KERNEL_FN_ABS, y);
  else if (y.kind == HELION_FLOAT)
    y.real = fabs(y.real);
  else if (helion_known_int(f.r, &y, &whole))
    y = helion_int(f.r, whole < 0 ? -whole : whole);
  helion_value m = two(f, KERNEL_FN_MOD, one(f, KERNEL_FN_ABS, x), y);
  return choose(f, two(f, KERNEL_FN_LT, x, helion_int(f.r, 0)), one(f, KERNEL_FN_NEG, m), m);
}

/* m = x mod y has the sign of y; m - y that of x, where they differ.  |x| and |y| are not: the least number of a type has none. */
static helion_value int_fmod(formula f, helion_value x, helion_value y) {
  const helion_value zero = helion_int(f.r, 0), m = two(f, KERNEL_FN_MOD, x, y);
  int64_t whole;
  helion_value differ;
  if (helion_known_int(f.r, &y, &whole))
    differ = two(f, whole < 0 ? KERNEL_FN_GE : KERNEL_FN_LT, x, zero);
  else
    differ = two(f, KERNEL_FN_NE, two(f, KERNEL_FN_LT, x, zero), two(f, KERNEL_FN_LT, y, zero));
  return choose(f, two(f, KERNEL_FN_AND, differ, two(f, KERNEL_FN_NE, m, zero)), sub(f, m, y), m);
}

/* The remainder with the sign of x. */
static helion_value fmod_of(formula f, helion_value x, helion_value y) {
  const dtype t = helion_result_type_of(f.r, (helion_value[]){x, y}, 2);
  return dtype_is_float(t) ? float_fmod(f, as_float(f, x, dtype_compute(t)), as_float(f, y, dtype_compute(t))) : int_fmod(f, x, y);
}

/* Number `i` of the call, or `missing`; what is no number is a value. */
static helion_value number_or(const helion_call *c, int i, double missing) { return c->given[i] ? c->arg[i] : helion_float(missing); }

/* softplus(beta x) / beta; x itself where beta x is beyond the threshold. */
static helion_value scaled_softplus(formula f, const helion_call *c, helion_value x) {
  helion_value scaled = c->given[1] ? mul(f, x, c->arg[1]) : x, v = softplus(f, scaled);
  v = c->given[1] ? two(f, KERNEL_FN_DIV, v, c->arg[1]) : v;
  return c->given[2] ? choose(f, two(f, KERNEL_FN_GT, scaled, c->arg[2]), x, v) : v;
}

static helion_value is_finite(formula f, helion_value x) {
  helion_value is_inf = one(f, KERNEL_FN_ISINF, x);
  return one(f, KERNEL_FN_NOT, two(f, KERNEL_FN_OR, one(f, KERNEL_FN_ISNAN, x), is_inf));
}

static helion_value compute(formula f, const helion_call *c, helion_value x, helion_value a, helion_value b) {
  switch ((helion_formula)c->fn->detail) {
#define X(id, path, parameters, operands, result) \
  case HELION_##id:                               \
    return result;
#include "frontend/helion/helion_formulas.def"
#undef X
  }
  return helion_unknown();
}

static size_t n_operands(helion_formula which) {
  static const unsigned char n[] = {
#define X(id, path, parameters, operands, result) operands,
#include "frontend/helion/helion_formulas.def"
#undef X
  };
  return n[which];
}

helion_value helion_do_formula(helion_reader *r, const helion_call *c) {
  helion_value wide[3] = {c->arg[0], c->arg[1], c->arg[2]};
  helion_formula which = (helion_formula)c->fn->detail;
  size_t n = n_operands(which);
  kernel_value v;
  if (!helion_on_device(r, c->node, c->fn->path))
    return helion_unknown();
  for (size_t i = 0; i < n; i++) {
    if (wide[i].kind == HELION_TENSOR)
      return helion_fail_host_tensor(r, c->node, &wide[i]);
    if (wide[i].kind == HELION_TILE)
      wide[i] = helion_as_value(r, c->node, &wide[i], DTYPE_I32, &v) ? helion_device(v) : helion_unknown();
  }
  dtype t = helion_result_type_of(r, wide, n);
  for (size_t i = 0; i < n; i++)
    wide[i] = helion_widen(r, c->node, wide[i]);
  helion_value out = compute((formula){r, c->node}, c, wide[0], wide[1], wide[2]);
  bool is_rounded = out.kind == HELION_DEVICE && dtype_compute(t) != t && dtype_is_float(helion_type(r, out.device)->type);
  return is_rounded ? helion_device(helion_cast(r, c->node, out.device, t)) : out;
}
