/* Every operation of tiles against a formula of its own: kernels are read from Python text and run by the reference interpreter, for tiles
 * that divide the sizes and tiles that do not.  Oracle: plain C on doubles, within the interpreter's own error bound. */
#include "base/testing.h"
#include "frontend/helion/helion.h"
#include "kernel/interp.h"
#include <ctype.h>
#include <stdlib.h>

#define IMPORTS "import torch\nimport torch.nn.functional as F\nimport helion\nimport helion.language as hl\n"

#define M 6
#define N 5

/* ---- running ---- */
typedef struct run { loom_ctx ctx; kernel_graph *k; interp_tensor *t; } run;

static const helion_given types[] = {
    {.name = "x", .kind = HELION_GIVEN_DTYPE, .type = DTYPE_F32}, {.name = "y", .kind = HELION_GIVEN_DTYPE, .type = DTYPE_F32},
    {.name = "z", .kind = HELION_GIVEN_DTYPE, .type = DTYPE_F32}, {.name = "i", .kind = HELION_GIVEN_DTYPE, .type = DTYPE_I32},
    {.name = "j", .kind = HELION_GIVEN_DTYPE, .type = DTYPE_I32}, {.name = "h", .kind = HELION_GIVEN_DTYPE, .type = DTYPE_F16},
    {.name = "b", .kind = HELION_GIVEN_DTYPE, .type = DTYPE_BOOL}, {.name = "u", .kind = HELION_GIVEN_DTYPE, .type = DTYPE_U8},
    {.name = "X", .kind = HELION_GIVEN_DTYPE, .type = DTYPE_F32}, {.name = "Y", .kind = HELION_GIVEN_DTYPE, .type = DTYPE_F32},
    {.name = "Z", .kind = HELION_GIVEN_DTYPE, .type = DTYPE_F32}, {.name = "I", .kind = HELION_GIVEN_DTYPE, .type = DTYPE_I32},
    {.name = "J", .kind = HELION_GIVEN_DTYPE, .type = DTYPE_I32}, {.name = "H", .kind = HELION_GIVEN_DTYPE, .type = DTYPE_F16},
    {.name = "B", .kind = HELION_GIVEN_DTYPE, .type = DTYPE_BOOL}, {.name = "U", .kind = HELION_GIVEN_DTYPE, .type = DTYPE_U8}};
static const helion_shape sizes[] = {{"x.0", M}, {"x.1", N}, {"y.0", M}, {"y.1", N}, {"z.0", M}, {"z.1", N}, {"i.0", M}, {"i.1", N},
                                     {"j.0", M}, {"j.1", N}, {"h.0", M}, {"h.1", N}, {"b.0", M}, {"b.1", N}, {"u.0", M}, {"u.1", N},
                                     {"X.0", M}, {"X.1", N}, {"Y.0", M}, {"Y.1", N}, {"Z.0", M}, {"Z.1", N}, {"I.0", M}, {"I.1", N},
                                     {"J.0", M}, {"J.1", N}, {"H.0", M}, {"H.1", N}, {"B.0", M}, {"B.1", N}, {"U.0", M}, {"U.1", N}};

static loom_status read_kernel(loom_ctx *ctx, const char *code, kernel_graph **out) {
  syn_node *tree;
  size_t n = 0, n_types = 0;
  helion_shape used[COUNT_OF(sizes)];
  helion_given used_types[COUNT_OF(types)];
  for (size_t t = 0; t < COUNT_OF(types); t++)
    if (strstr(code, arena_printf(&ctx->mem, "%s: torch.Tensor", types[t].name)))
      used_types[n_types++] = types[t];
  for (size_t s = 0; s < COUNT_OF(sizes); s++)   /* a size of an argument that the kernel does not have is a mistake */
    if (strstr(code, arena_printf(&ctx->mem, "%c: torch.Tensor", sizes[s].name[0])))
      used[n++] = sizes[s];
  helion_options o = {.shapes = used, .n_shapes = n, .given = used_types, .n_given = n_types};
  LOOM_TRY(python_parse(ctx, "k.py", code, strlen(code), &tree));
  LOOM_TRY(helion_read(ctx, tree, &o, out));
  return kernel_verify(ctx, *out);
}

static void explain(const loom_ctx *ctx, const char *code) {
  for (const diag_item *d = ctx->diag.first; d; d = d->next)
    print_message("%d:%d: %s\n", d->span.line, d->span.col, d->text);
  print_message("%s\n", code);
}

/* Numbers that f16 holds: quarters in [-3.5, 3.5] with ties and zeros; ints in [-7, 7]; y is never 0. */
static double element(char name, int64_t at) {
  switch (tolower(name)) {
  case 'x': return (double)((at * 11 + 3) % 29 - 14) / 4;
  case 'h': return (double)((at * 7 + 1) % 29 - 14) / 4;
  case 'y': return ((double)((at * 5 + 2) % 13) + 1) / 4 * (at % 2 ? -1 : 1);
  case 'z': return (double)((at * 3 + 1) % 11) / 8;
  case 'i': return (double)((at * 7 + 2) % 15 - 7);
  case 'j': return (double)((at * 3) % 5 + 1);
  case 'b': return (double)(at * 7 % 3 != 0);
  default: return (double)(at * 37 % 251);
  }
}

/* `exact`: every value is rounded to its type, without bounds. */
static loom_status run_kernel(run *r, const char *code, int64_t block, bool exact) {
  loom_ctx_init(&r->ctx);
  LOOM_TRY(read_kernel(&r->ctx, code, &r->k));
  r->t = ARENA_NEW_N(&r->ctx.mem, interp_tensor, r->k->tensors.n);
  for (size_t i = 0; i < r->k->tensors.n && r->k->tensors.at[i].role == KERNEL_ARG; i++) {
    LOOM_TRY(interp_make_input(&r->ctx, r->k, (kernel_tensor)i, 1, true, &r->t[i]));
    for (int64_t at = 0; at < r->t[i].elems; at++)
      r->t[i].value[at] = element(r->k->tensors.at[i].name[0], at);
  }
  VEC_OF(sym_binding) given = {0};
  for (size_t i = 0; block && i < r->k->symbols.n; i++)
    if (r->k->symbols.at[i].kind == KERNEL_SYM_BLOCK && r->k->symbols.at[i].value < 0)
      vec_push(&r->ctx.mem, &given, ((sym_binding){r->k->symbols.at[i].name, block}));
  interp_options o = {.blocks = given.at, .n_blocks = given.n, .exact = exact, .op_budget = 10000000};
  return interp_run(&r->ctx, r->k, r->t, &o);
}

static const interp_tensor *result(const run *r, size_t i) { return &r->t[r->k->returns.at[i]]; }

static const int64_t block_sets[] = {1, 2, 4, 0};   /* 0: the whole range */

/* `want` up to the bound of the element and what doubles lose. */
static bool is_near(const interp_tensor *t, int64_t at, double want) {
  double got = t->value[at], slack = (t->bound ? t->bound[at] : 0) + 1e-12 * fabs(want);
  if (isnan(want) || isnan(got))
    return isnan(want) && isnan(got);
  return isinf(want) || isinf(got) ? !(got < want) && !(got > want) : fabs(got - want) <= slack;
}

/* ---- elementwise ---- */
typedef struct in { double x, y, z, i, j, h, b, u; } in;
typedef double formula(in e);
#define OF(name, expr) static double name(in e) { (void)e; return expr; }
typedef struct elementwise { const char *expr; formula *want; } elementwise;

static double floor_mod(double a, double b) { double m = fmod(a, b); return m != 0 && (m < 0) != (b < 0) ? m + b : m; }
static double sigmoid(double v) { return 1 / (1 + exp(-v)); }
static double softplus(double v) { return log1p(exp(v)); }
static int bits(double v) { return (int)v; }

OF(f_abs, fabs(e.x)) OF(f_neg, -e.x) OF(f_exp, exp(e.x)) OF(f_exp2, exp2(e.x)) OF(f_log, log(e.j)) OF(f_log2, log2(e.j)) OF(f_sqrt, sqrt(e.j))
OF(f_rsqrt, 1 / sqrt(e.j)) OF(f_tanh, tanh(e.x)) OF(f_sigmoid, sigmoid(e.x)) OF(f_relu, e.x > 0 ? e.x : 0) OF(f_erf, erf(e.x))
OF(f_recip, 1 / e.y) OF(f_not, (double)(e.x == 0)) OF(f_invert, -e.i - 1) OF(f_notb, 1 - e.b) OF(f_log1p, log1p(e.z)) OF(f_expm1, expm1(e.x))
OF(f_sin, sin(e.x)) OF(f_cos, cos(e.x)) OF(f_floor, floor(e.x)) OF(f_ceil, ceil(e.x)) OF(f_round, nearbyint(e.x)) OF(f_trunc, trunc(e.x))
OF(f_sign, (double)((e.x > 0) - (e.x < 0))) OF(f_isnan, 0) OF(f_isinf, (double)(e.x == 0)) OF(f_isfinite, (double)(e.x != 0)) OF(f_square, e.x * e.x)
OF(f_cube, e.x * e.x * e.x) OF(f_lerp, e.x + 0.25 * (e.y - e.x)) OF(f_lerpz, e.x + e.z * (e.y - e.x)) OF(f_addcmul, e.x + 0.5 * e.y * e.z)
OF(f_addcdiv, e.x + e.z / e.y) OF(f_rsub, e.y - e.x) OF(f_fmod, fmod(e.x, e.y)) OF(f_fmodn, fmod(e.x, 0.75)) OF(f_mod, floor_mod(e.x, e.y))
OF(f_imod, floor_mod(e.i, e.j)) OF(f_imodn, floor_mod(e.i, -3)) OF(f_ifmod, fmod(e.i, e.j)) OF(f_ifmodn, fmod(e.i, -3)) OF(f_ileast, fmod(e.i, -128)) OF(f_fleast, fmod(e.x, -128)) OF(f_leastf, fmod(-128, e.y)) OF(f_leasti, fmod(-128, 3)) OF(f_ifdiv, floor(e.i / e.j)) OF(f_itdiv, trunc(e.i / e.j))
OF(f_fdiv, floor(e.x / e.y)) OF(f_tdiv, trunc(e.x / e.y)) OF(f_div, e.x / e.y) OF(f_idiv, e.i / e.j) OF(f_leaky, e.x > 0 ? e.x : 0.01 * e.x)
OF(f_leaky2, e.x > 0 ? e.x : 0.2 * e.x) OF(f_elu, e.x > 0 ? e.x : expm1(e.x)) OF(f_softplus, softplus(e.x)) OF(f_softplus2, softplus(2 * e.x) / 2)
OF(f_softplus3, e.x > 1 ? e.x : softplus(e.x)) OF(f_logsigmoid, -softplus(-e.x)) OF(f_mish, e.x * tanh(softplus(e.x))) OF(f_silu, e.x * sigmoid(e.x))
OF(f_gelu, 0.5 * e.x * (1 + erf(e.x / sqrt(2))))
OF(f_gelut, 0.5 * e.x * (1 + tanh(0.79788456080286535588 * (e.x + 0.044715 * e.x * e.x * e.x))))
OF(f_hardtanh, fmin(fmax(e.x, -1), 1)) OF(f_hardtanh2, fmin(fmax(e.x, -2), 0.5)) OF(f_relu6, fmin(fmax(2 * e.x, 0), 6))
OF(f_hardsigmoid, fmin(fmax(e.x + 3, 0), 6) / 6) OF(f_hardswish, e.x * fmin(fmax(e.x + 3, 0), 6) / 6)
OF(f_max, fmax(e.x, e.y)) OF(f_min, fmin(e.x, e.y)) OF(f_clampt, fmin(fmax(e.x, -e.z), e.z)) OF(f_clampmin, fmax(e.x, -0.5))
OF(f_clampmax, fmin(e.x, 0.5)) OF(f_pow, pow(e.j, e.x)) OF(f_pow2, pow(2, e.x)) OF(f_pow5, pow(e.x, 5)) OF(f_ipow, pow(e.i, 3)) OF(f_ipow5, pow(e.i, 5)) OF(f_one, 1) OF(f_invsquare, e.x == 0 ? INFINITY : 1 / (e.x * e.x)) OF(f_half, sqrt(e.j))
OF(f_where, e.x > 0 ? e.x : e.y) OF(f_wherenum, e.x > 0 ? 1 : 2.5) OF(f_maskfill, e.b != 0 ? -7.5 : e.x) OF(f_and, (double)(e.x != 0 && e.b != 0))
OF(f_or, (double)(e.x != 0 || e.b != 0)) OF(f_xor, (double)((e.x != 0) != (e.b != 0))) OF(f_iand, bits(e.i) & 6) OF(f_ior, bits(e.i) | bits(e.j))
OF(f_ixor, bits(e.i) ^ bits(e.j)) OF(f_shl, (double)((uint32_t)bits(e.i) << bits(e.j) > INT32_MAX ? -(double)(~((uint32_t)bits(e.i) << bits(e.j)) + 1u) : (double)((uint32_t)bits(e.i) << bits(e.j))))
OF(f_shr, floor(e.i / 4)) OF(f_lownibble, bits(e.u) & 15) OF(f_highnibble, bits(e.u) >> 4) OF(f_bor, (double)(e.b != 0 || e.x > 0))
OF(f_band, (double)(e.b != 0 && e.x > 0)) OF(f_alpha, e.x + 3 * e.y) OF(f_subalpha, e.x - 3 * e.y) OF(f_eq, (double)(e.i == e.j)) OF(f_ne, (double)(e.i != 3))
OF(f_lt, (double)(e.x < e.y)) OF(f_le, (double)(e.x <= 0.25)) OF(f_gt, (double)(e.x > e.y)) OF(f_ge, (double)(e.i >= e.x)) OF(f_badd, (double)(e.b != 0 || e.x > 0))
OF(f_helper, 2 * e.x + e.y) OF(f_numeric, (e.x * 2 - 1) / 4) OF(f_castbool, (double)(e.x != 0)) OF(f_castint, trunc(e.x)) OF(f_bits, e.u) OF(f_rdiv, 2 / e.y) OF(f_self, e.x)

static const elementwise elementwise_rows[] = {
    {"torch.abs(x)", f_abs}, {"abs(x)", f_abs}, {"-x", f_neg}, {"torch.neg(x)", f_neg}, {"torch.exp(x)", f_exp}, {"x.exp2()", f_exp2},
    {"torch.log(j)", f_log}, {"torch.log2(j)", f_log2}, {"torch.sqrt(j)", f_sqrt}, {"torch.rsqrt(j)", f_rsqrt}, {"torch.tanh(x)", f_tanh},
    {"torch.sigmoid(x)", f_sigmoid}, {"torch.special.expit(x)", f_sigmoid}, {"torch.relu(x)", f_relu}, {"F.relu(x)", f_relu}, {"torch.erf(x)", f_erf},
    {"torch.reciprocal(y)", f_recip}, {"torch.logical_not(x)", f_not}, {"torch.bitwise_not(i)", f_invert}, {"~i", f_invert}, {"~b", f_notb},
    {"torch.bitwise_not(b)", f_notb}, {"torch.log1p(z)", f_log1p}, {"torch.expm1(x)", f_expm1}, {"torch.sin(x)", f_sin}, {"torch.cos(x)", f_cos},
    {"torch.floor(x)", f_floor}, {"torch.ceil(x)", f_ceil}, {"torch.round(x)", f_round}, {"torch.trunc(x)", f_trunc}, {"torch.sign(x)", f_sign},
    {"torch.isnan(x)", f_isnan}, {"torch.isinf(1 / x)", f_isinf}, {"torch.isfinite(1 / x)", f_isfinite}, {"torch.square(x)", f_square}, {"x ** 2", f_square},
    {"x ** 2.0", f_square}, {"torch.pow(x, 3)", f_cube}, {"x.pow(3)", f_cube}, {"torch.lerp(x, y, 0.25)", f_lerp}, {"torch.lerp(x, y, z)", f_lerpz},
    {"torch.addcmul(x, y, z, value=0.5)", f_addcmul}, {"torch.addcdiv(x, z, y)", f_addcdiv}, {"torch.rsub(x, y)", f_rsub}, {"torch.fmod(x, y)", f_fmod},
    {"torch.fmod(x, -0.75)", f_fmodn}, {"torch.fmod(i, j)", f_ifmod}, {"torch.fmod(i, -3)", f_ifmodn},
    {"torch.fmod(i, (j * 0 - 128).to(torch.int8))", f_ileast}, {"torch.fmod(x, (j * 0 - 128).to(torch.int8))", f_fleast}, {"torch.fmod((j * 0 - 128).to(torch.int8), y)", f_leastf},
    {"torch.fmod((j * 0 - 128).to(torch.int8), 3)", f_leasti}, {"torch.remainder(x, y)", f_mod}, {"x % y", f_mod}, {"i % j", f_imod}, {"i % -3", f_imodn},
    {"i // j", f_ifdiv}, {"torch.floor_divide(i, j)", f_ifdiv}, {"torch.div(i, j, rounding_mode='floor')", f_ifdiv},
    {"torch.div(i, j, rounding_mode='trunc')", f_itdiv}, {"torch.div(x, y, rounding_mode='floor')", f_fdiv}, {"x // y", f_fdiv},
    {"x.div(y, rounding_mode='trunc')", f_tdiv}, {"torch.div(x, y)", f_div}, {"torch.div(x, y, rounding_mode=None)", f_div}, {"torch.true_divide(i, j)", f_idiv}, {"i / j", f_idiv},
    {"2 / y", f_rdiv}, {"F.leaky_relu(x)", f_leaky}, {"F.leaky_relu(x, 0.2)", f_leaky2}, {"F.elu(x)", f_elu}, {"F.softplus(x)", f_softplus},
    {"F.softplus(x, beta=2)", f_softplus2}, {"F.softplus(x, threshold=1)", f_softplus3}, {"F.logsigmoid(x)", f_logsigmoid}, {"F.mish(x)", f_mish},
    {"F.silu(x)", f_silu}, {"F.gelu(x)", f_gelu}, {"F.gelu(x, approximate='tanh')", f_gelut}, {"F.hardtanh(x)", f_hardtanh},
    {"F.hardtanh(x, -2, 0.5)", f_hardtanh2}, {"F.relu6(2 * x)", f_relu6}, {"F.hardsigmoid(x)", f_hardsigmoid}, {"F.hardswish(x)", f_hardswish},
    {"torch.maximum(x, y)", f_max}, {"torch.max(x, y)", f_max}, {"max(x, y)", f_max}, {"torch.minimum(x, y)", f_min}, {"torch.min(x, y)", f_min},
    {"torch.clamp(x, min=-z, max=z)", f_clampt}, {"x.clamp(-0.5)", f_clampmin}, {"torch.clamp_min(x, -0.5)", f_clampmin},
    {"torch.clamp(x, max=0.5)", f_clampmax}, {"torch.clamp_max(x, 0.5)", f_clampmax}, {"torch.pow(j, x)", f_pow}, {"2 ** x", f_pow2}, {"x ** 5", f_pow5},
    {"i ** 3", f_ipow}, {"i ** 5", f_ipow5}, {"i ** 0", f_one}, {"x ** 0", f_one}, {"x ** -2", f_invsquare}, {"j ** 0.5", f_half}, {"torch.where(x > 0, x, y)", f_where}, {"torch.where(x > 0, 1, 2.5)", f_wherenum},
    {"x.masked_fill(b, -7.5)", f_maskfill}, {"torch.logical_and(x, b)", f_and}, {"torch.logical_or(x, b)", f_or}, {"torch.logical_xor(x, b)", f_xor},
    {"i & 6", f_iand}, {"i | j", f_ior}, {"torch.bitwise_xor(i, j)", f_ixor}, {"i << j", f_shl}, {"i >> 2", f_shr}, {"u & 0xF", f_lownibble},
    {"u >> 4", f_highnibble}, {"b | (x > 0)", f_bor}, {"b & (x > 0)", f_band}, {"b * (x > 0)", f_band}, {"b + (x > 0)", f_badd},
    {"torch.add(x, y, alpha=3)", f_alpha}, {"x.sub(y, alpha=3)", f_subalpha}, {"torch.eq(i, j)", f_eq}, {"i != 3", f_ne}, {"x < y", f_lt}, {"torch.le(x, 0.25)", f_le},
    {"torch.gt(x, y)", f_gt}, {"i >= x", f_ge}, {"helper(x, y)", f_helper}, {"(lambda a: (a * 2 - 1) / 4)(x)", f_numeric}, {"x.bool()", f_castbool}, {"x.to(torch.int8)", f_castint},
    {"x.char().short().int().long()", f_castint}, {"u.to(torch.int32)", f_bits}, {"x.to(torch.device('cpu'))", f_self}, {"x.double().type_as(y)", f_self},
    {"torch.unbind(torch.stack([x, y], dim=0), 0)[0]", f_self}, {"hl.split(hl.join(x, y))[0]", f_self}, {"x.T.T", f_self}, {"x.transpose(0, 1).permute(1, 0)", f_self},
    {"x[:, None, :].squeeze(1)", f_self}, {"x.unsqueeze(-1).reshape(x.shape)", f_self}, {"x.expand_as(y)", f_self}, {"x * torch.tensor(2.0) / torch.scalar_tensor(2)", f_self}};

static bool elementwise_is_right(const elementwise *e, int64_t block) {
  run r;
  char code[2000];
  snprintf(code, sizeof code,
           IMPORTS "def helper(a, b):\n  c = a + b\n  return c + a\n@helion.kernel()\ndef f(X: torch.Tensor, Y: torch.Tensor, Z: torch.Tensor, I: torch.Tensor, J: torch.Tensor, B: torch.Tensor, U: torch.Tensor):\n"
                   "  m, n = X.size()\n"
                   "  out = torch.empty([m, n], dtype=torch.float64)\n  for tm, tn in hl.tile([m, n]):\n"
                   "    x, y, z, i, j, b, u = X[tm, tn], Y[tm, tn], Z[tm, tn], I[tm, tn], J[tm, tn], B[tm, tn], U[tm, tn]\n"
                   "    out[tm, tn] = %s\n  return out\n",
           e->expr);
  bool ok = run_kernel(&r, code, block, false) == LOOM_OK;
  if (!ok)
    explain(&r.ctx, e->expr);
  for (int64_t at = 0; ok && at < M * N; at++) {
    in v = {element('x', at), element('y', at), element('z', at), element('i', at), element('j', at), element('h', at), element('b', at), element('u', at)};
    ok = is_near(result(&r, 0), at, e->want(v));
    if (!ok)
      print_message("%s: element %d is %.17g, expected %.17g\n", e->expr, (int)at, result(&r, 0)->value[at], e->want(v));
  }
  loom_ctx_done(&r.ctx);
  return ok;
}

static void test_elementwise_operations_are_their_formulas(void **state) {
  (void)state;
  int wrong = 0;
  for (size_t i = 0; i < COUNT_OF(elementwise_rows); i++)
    wrong += !elementwise_is_right(&elementwise_rows[i], block_sets[i % COUNT_OF(block_sets)]);
  assert_int_equal(wrong, 0);
}

/* ---- along rows ---- */
typedef void row_formula(const double *x, const double *i, double *out);   /* N elements; out: 1 or N */
typedef struct along { const char *expr; row_formula *want; int n_out; } along;
#define ROW(name, body) static void name(const double *x, const double *i, double *out) { (void)x, (void)i; body }

static double total(const double *v) { double s = 0; for (int k = 0; k < N; k++) s += v[k]; return s; }
static double most(const double *v) { double s = v[0]; for (int k = 1; k < N; k++) s = fmax(s, v[k]); return s; }
static double least(const double *v) { double s = v[0]; for (int k = 1; k < N; k++) s = fmin(s, v[k]); return s; }
static int first_of(const double *v, double what) { for (int k = 0; k < N; k++) if (!(v[k] < what) && !(v[k] > what)) return k; return -1; }
static double variance(const double *v, double correction) {
  double mean = total(v) / N, s = 0;
  for (int k = 0; k < N; k++)
    s += (v[k] - mean) * (v[k] - mean);
  return s / (N - correction);
}
static double expsum(const double *v) { double s = 0; for (int k = 0; k < N; k++) s += exp(v[k]); return s; }

ROW(r_sum, *out = total(x);) ROW(r_amax, *out = most(x);) ROW(r_amin, *out = least(x);) ROW(r_mean, *out = total(x) / N;) ROW(r_isum, *out = total(i);)
ROW(r_prod, *out = 1; for (int k = 0; k < N; k++) *out *= x[k];) ROW(r_any, *out = 0; for (int k = 0; k < N; k++) *out = x[k] > 3 ? 1 : *out;)
ROW(r_all, *out = 1; for (int k = 0; k < N; k++) *out = x[k] > -2 ? *out : 0;) ROW(r_argmax, *out = first_of(x, most(x));) ROW(r_argmin, *out = first_of(i, least(i));)
ROW(r_var, *out = variance(x, 1);) ROW(r_var0, *out = variance(x, 0);) ROW(r_std, *out = sqrt(variance(x, 1));) ROW(r_lse, *out = log(expsum(x));)
ROW(r_softmax, for (int k = 0; k < N; k++) out[k] = exp(x[k]) / expsum(x);) ROW(r_logsoftmax, for (int k = 0; k < N; k++) out[k] = x[k] - log(expsum(x));)
ROW(r_cumsum, for (int k = 0; k < N; k++) out[k] = x[k] + (k ? out[k - 1] : 0);) ROW(r_icumsum, for (int k = 0; k < N; k++) out[k] = i[k] + (k ? out[k - 1] : 0);)
ROW(r_cumprod, for (int k = 0; k < N; k++) out[k] = x[k] * (k ? out[k - 1] : 1);) ROW(r_revsum, for (int k = N - 1; k >= 0; k--) out[k] = x[k] + (k < N - 1 ? out[k + 1] : 0);)
ROW(r_cummax, for (int k = 0; k < N; k++) out[k] = k ? fmax(x[k], out[k - 1]) : x[k];) ROW(r_last, *out = x[N - 1];)
ROW(r_recur, for (int k = 0; k < N; k++) out[k] = x[k] + (k ? 0.5 * out[k - 1] : 0);) ROW(r_ivar, *out = variance(i, 1);) ROW(r_centered, for (int k = 0; k < N; k++) out[k] = x[k] - total(x) / N;)
ROW(r_sorted, memcpy(out, x, N * sizeof *x); for (int a = 1; a < N; a++) for (int b = a; b > 0 && out[b] < out[b - 1]; b--) { double t = out[b]; out[b] = out[b - 1]; out[b - 1] = t; })
ROW(r_falling, r_sorted(x, i, out); for (int k = 0; k < N / 2; k++) { double t = out[k]; out[k] = out[N - 1 - k]; out[N - 1 - k] = t; })
ROW(r_order, for (int k = 0; k < N; k++) { int place = 0; for (int j = 0; j < N; j++) place += i[j] < i[k] || (!(i[j] > i[k]) && j < k); out[place] = k; })
ROW(r_second, double all[N]; r_falling(x, i, all); *out = all[1];) ROW(r_least, double all[N]; r_sorted(x, i, all); *out = all[0];)
ROW(r_gather, for (int k = 0; k < N; k++) out[k] = x[((int)i[k] + 7) % N];) ROW(r_median, double all[N]; r_sorted(x, i, all); *out = all[N / 2];)
ROW(r_nan_last, r_sorted(x, i, out); for (int k = 0; k < N; k++) out[k] = out[k] > 2 ? NAN : out[k];) ROW(r_nan_first, r_falling(x, i, out); for (int k = 0; k < N; k++) out[k] = out[k] > 2 ? NAN : out[k];)
ROW(r_stack, for (int k = 0; k < N; k++) out[k] = x[k] + i[k];)

static const along along_rows[] = {
    {"t.sum(-1)", r_sum, 1}, {"torch.sum(t, dim=1)", r_sum, 1}, {"t.sum(dim=[1])", r_sum, 1}, {"torch.amax(t, dim=-1)", r_amax, 1}, {"torch.amin(t, 1)", r_amin, 1},
    {"t.mean(-1)", r_mean, 1}, {"torch.mean(i, -1, dtype=torch.float32) * 0 + t.mean(1)", r_mean, 1}, {"i.sum(-1)", r_isum, 1}, {"torch.prod(t, -1)", r_prod, 1},
    {"torch.any(t > 3, -1)", r_any, 1}, {"(t > -2).all(-1)", r_all, 1}, {"torch.argmax(t, -1)", r_argmax, 1}, {"i.argmin(dim=-1)", r_argmin, 1},
    {"torch.max(t, dim=-1)[0]", r_amax, 1}, {"torch.max(t, dim=-1).values", r_amax, 1}, {"torch.max(t, -1).indices", r_argmax, 1}, {"torch.min(t, -1).values", r_amin, 1},
    {"torch.max(t, -1, keepdim=True)[0].squeeze(-1)", r_amax, 1}, {"torch.var(t, -1)", r_var, 1}, {"torch.var(t, dim=-1, correction=0)", r_var0, 1},
    {"t.var(-1, unbiased=False)", r_var0, 1}, {"torch.var(t, -1, False)", r_var0, 1}, {"torch.std(t, -1)", r_std, 1}, {"torch.var_mean(t, -1)[0]", r_var, 1},
    {"torch.var_mean(t, -1)[1]", r_mean, 1}, {"torch.std_mean(t, -1)[0]", r_std, 1}, {"i.float().var(1)", r_ivar, 1}, {"torch.logsumexp(t, -1)", r_lse, 1},
    {"torch.logsumexp(t, dim=1, keepdim=True)[:, None, :].reshape([tile])", r_lse, 1}, {"F.softmax(t, dim=-1)", r_softmax, N}, {"torch.softmax(t, 1)", r_softmax, N},
    {"t.softmax(-1)", r_softmax, N}, {"F.log_softmax(t, dim=-1)", r_logsoftmax, N}, {"torch.cumsum(t, dim=1)", r_cumsum, N}, {"torch.cumsum(i, -1)", r_icumsum, N},
    {"hl.cumsum(t, dim=-1, reverse=True)", r_revsum, N}, {"hl.cumsum(i, dim=-1)", r_icumsum, N}, {"torch.cumprod(t, -1)", r_cumprod, N},
    {"hl.associative_scan(torch.maximum, t, -1)", r_cummax, N}, {"hl.associative_scan(plus, t, dim=1, reverse=True)", r_revsum, N},
    {"hl.associative_scan(lambda a, b: torch.where(b > a, b, a), t, 1)", r_cummax, N}, {"hl.associative_scan(decay, (t * 0 + 0.5, t), 1)[1]", r_recur, N},
    {"hl.associative_scan(decay_pairs, (t * 0 + 0.5, t), 1)[1]", r_recur, N}, {"hl.reduce(plus, t, -1)", r_sum, 1}, {"hl.reduce(torch.add, t, 1)", r_sum, 1},
    {"hl.reduce(lambda a, b: b, t, 1)", r_last, 1}, {"hl.reduce(better, (t, i64), dim=1)[1]", r_argmax, 1}, {"hl.reduce(plus, t, -1, keep_dims=True).squeeze(1)", r_sum, 1},
    {"t - t.mean(-1, keepdim=True)", r_centered, N}, {"torch.stack([t, i.float()], dim=1).sum(1)", r_stack, N}, {"torch.cat([t, i], dim=1).reshape([tile, 2, 5]).sum(1)", r_stack, N},
    {"hl.join(t, i.float()).sum(-1)", r_stack, N}, {"torch.sort(t, dim=-1)[0]", r_sorted, N}, {"torch.sort(t).values", r_sorted, N}, {"t.sort(1, True)[0]", r_falling, N},
    {"torch.sort(t, dim=-1, descending=True).values", r_falling, N}, {"torch.argsort(i, dim=1)", r_order, N}, {"torch.sort(i, 1).indices", r_order, N},
    {"torch.topk(t, 2, dim=-1)[0][:, :, None].reshape([tile, 2]).amin(1)", r_second, 1}, {"torch.topk(t, 1, largest=False).values.squeeze(1)", r_least, 1},
    {"torch.gather(t, 1, (i + 7) % 5)", r_gather, N}, {"torch.gather(t.T, 0, ((i + 7) % 5).T).T", r_gather, N}, {"torch.gather(t, 1, torch.sort(t, 1).indices)", r_sorted, N},
    {"torch.sort(t.T, dim=0)[0].T", r_sorted, N}, {"torch.topk(t, 3, dim=1).values.amin(1)", r_median, 1}, {"torch.sort(torch.where(t > 2, float('nan'), t), 1)[0]", r_nan_last, N}, {"torch.sort(torch.where(t > 2, float('nan'), t), 1, True)[0]", r_nan_first, N},
    {"t.sum(axis=1)", r_sum, 1}, {"torch.amax(t, axis=1, keepdims=True).squeeze(1)", r_amax, 1},
    {"torch._higher_order_ops.associative_scan(plus, t, 1, reverse=True)", r_revsum, N}, {"(lambda p: p[0] + p[1])(torch.stack([t, i], 1).unbind(1))", r_stack, N}};

static bool along_is_right(const along *e, int64_t block) {
  run r;
  char code[2500];
  snprintf(code, sizeof code,
           IMPORTS "def plus(a, b):\n  return a + b\ndef decay(fa, a, fb, b):\n  return fa * fb, a * fb + b\n"
                   "def decay_pairs(left, right):\n  fa, a = left\n  fb, b = right\n  return fa * fb, a * fb + b\n"
                   "def better(v, at, w, bt):\n  wins = w > v\n  return torch.where(wins, w, v), torch.where(wins, bt, at)\n"
                   "@helion.kernel()\ndef f(x: torch.Tensor, I: torch.Tensor):\n  m, n = x.size()\n"
                   "  out = torch.empty(%s, dtype=torch.float64)\n  for tile in hl.tile(m):\n    t, i = x[tile, :], I[tile, :]\n"
                   "    i64 = (torch.zeros_like(i) + hl.arange(5)[None, :]).long()\n    out[tile%s] = %s\n  return out\n",
           e->n_out == 1 ? "[m]" : "[m, n]", e->n_out == 1 ? "" : ", :", e->expr);
  bool ok = run_kernel(&r, code, block, false) == LOOM_OK;
  if (!ok)
    explain(&r.ctx, e->expr);
  for (int64_t row = 0; ok && row < M; row++) {
    double x[N], i[N], want[N];
    for (int k = 0; k < N; k++) {
      x[k] = element('x', row * N + k);
      i[k] = element('i', row * N + k);
    }
    e->want(x, i, want);
    for (int k = 0; ok && k < e->n_out; k++) {
      ok = is_near(result(&r, 0), row * e->n_out + k, want[k]);
      if (!ok)
        print_message("%s: element %d is %.17g, expected %.17g\n", e->expr, (int)row * e->n_out + k, result(&r, 0)->value[row * e->n_out + k], want[k]);
    }
  }
  loom_ctx_done(&r.ctx);
  return ok;
}

static void test_operations_along_rows_are_their_formulas(void **state) {
  (void)state;
  int wrong = 0;
  for (size_t i = 0; i < COUNT_OF(along_rows); i++)
    wrong += !along_is_right(&along_rows[i], block_sets[i % COUNT_OF(block_sets)]);
  assert_int_equal(wrong, 0);
}

/* ---- all elements of a tile, and tiles as the reduced dim ---- */
static bool gives(const char *code, int64_t block, const double *want, int n) {
  run r;
  bool ok = run_kernel(&r, code, block, false) == LOOM_OK && result(&r, 0)->elems == n;
  if (!ok)
    explain(&r.ctx, code);
  for (int at = 0; ok && at < n; at++) {
    ok = is_near(result(&r, 0), at, want[at]);
    if (!ok)
      print_message("block %d, element %d is %.17g, expected %.17g\n%s\n", (int)block, at, result(&r, 0)->value[at], want[at], code);
  }
  loom_ctx_done(&r.ctx);
  return ok;
}

#define KERNEL(args) IMPORTS "@helion.kernel()\ndef f(" args "):\n"
#define X_ONLY KERNEL("x: torch.Tensor") "  m, n = x.size()\n"

/* Means over a tile divide by the elements that are there. */
static void test_means_over_partial_tiles_divide_by_what_is_there(void **state) {
  (void)state;
  double want[3];   /* tiles of 4 rows over 6 */
  for (int tile = 0; tile < 2; tile++) {
    double s = 0;
    int count = 0;
    for (int row = tile * 4; row < M && row < tile * 4 + 4; row++, count++)
      s += element('x', row * N);
    want[tile] = s / count;
  }
  assert_true(gives(X_ONLY "  out = torch.empty([2], dtype=torch.float64)\n  for tile in hl.tile(m, block_size=4):\n    out[tile.id] = x[tile, 0].mean()\n  return out\n", 0, want, 2));
  double largest = -1e9, smallest_at = 0, all = 0;
  for (int64_t at = 0; at < M * N; at++) {
    all += element('x', at);
    largest = fmax(largest, element('x', at));
    smallest_at = element('x', at) < element('x', (int64_t)smallest_at) ? (double)at : smallest_at;
  }
  const double whole[] = {all, largest, smallest_at, all};
  assert_true(gives(X_ONLY "  out = torch.empty([4], dtype=torch.float64)\n  for tile in hl.tile(m, block_size=6):\n    t = x[tile, :]\n    out[0] = t.sum()\n"
                           "    out[1] = torch.max(t)\n    out[2] = torch.argmin(t)\n    out[3] = hl.reduce(lambda a, b: a + b, t, None, keep_dims=True).sum([0, 1])\n  return out\n",
                    0, whole, 4));
}

static bool has_padded_block(const char *code) {
  loom_ctx ctx;
  kernel_graph *k;
  bool found = false;
  loom_ctx_init(&ctx);
  if (read_kernel(&ctx, code, &k) == LOOM_OK)
    for (size_t i = 0; i < k->symbols.n; i++)
      found = found || k->symbols.at[i].is_padded;
  loom_ctx_done(&ctx);
  return found;
}

/* Host code makes tensors the tiles then load. */
static void test_host_tensors_of_numbers_are_made(void **state) {
  (void)state;
  double want[M];
  for (int row = 0; row < M; row++)
    want[row] = 2 * row + 1 + 2.5;
  for (size_t b = 0; b < COUNT_OF(block_sets); b++)
    assert_true(gives(X_ONLY "  odd = torch.arange(1, 2 * m, 2)\n  c = torch.tensor(2.5)\n  out = torch.zeros([m])\n  for tile in hl.tile(m):\n    out[tile] = odd[tile] + c[()]\n  return out\n",
                      block_sets[b], want, M));
}

/* Index vectors that begin at the tile. */
static void test_arange_counts_from_the_tile(void **state) {
  (void)state;
  double want[M];
  for (int row = 0; row < M; row++)
    want[row] = row;
  for (size_t b = 0; b < COUNT_OF(block_sets); b++) {
    assert_true(gives(X_ONLY "  out = torch.zeros([m])\n  for tile in hl.tile(m):\n    out[tile] = torch.arange(tile.begin, tile.begin + tile.block_size)\n  return out\n", block_sets[b], want, M));
    assert_true(gives(X_ONLY "  out = torch.zeros([m])\n  for tile in hl.tile(m):\n    out[tile] = hl.arange(tile.begin * 2, tile.begin * 2 + 2 * tile.block_size, 2) // 2\n  return out\n", block_sets[b], want, M));
  }
}

/* Conditions of 0-d values: chains and `and`, `or`, `not`, with what is known in advance. */
static void test_conditions_are_joined(void **state) {
  (void)state;
  static const struct { const char *condition; bool row[M]; } rows[] = {
      {"1 <= tile.begin < 4", {0, 1, 1, 1, 0, 0}}, {"tile.begin >= 1 and tile.begin < 4", {0, 1, 1, 1, 0, 0}}, {"tile.begin == 0 or tile.end == m", {1, 0, 0, 0, 0, 1}},
      {"not (tile.begin > 2 and True)", {1, 1, 1, 0, 0, 0}}, {"m == 6 and tile.begin > 4", {0, 0, 0, 0, 0, 1}}, {"m == 7 and tile.begin > 4", {0}}, {"tile.begin > 4 and m == 7", {0}},
      {"hl.tile_id(tile) >= 1 and hl.tile_end(tile) < 5 * hl.tile_block_size(tile)", {0, 1, 1, 1, 0, 0}}, {"tile.begin > 4 or m == 6", {1, 1, 1, 1, 1, 1}}, {"tile.begin % 2", {0, 1, 0, 1, 0, 1}}, {"tile.begin % 2 and tile.begin % 3 and 5", {0, 1, 0, 0, 0, 1}}, {"0 < 1 < tile.begin", {0, 0, 1, 1, 1, 1}}};
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    double want[M];
    char code[1000];
    snprintf(code, sizeof code, X_ONLY "  out = torch.zeros([m])\n  for tile in hl.tile(m, block_size=1):\n    if %s:\n      out[tile] = 1.0\n  return out\n", rows[i].condition);
    for (int row = 0; row < M; row++)
      want[row] = rows[i].row[row];
    assert_true(gives(code, 0, want, M));
  }
}

/* A block that outlives its loop is padded: the invalid lanes must not show in any reduction. */
static void test_padded_lanes_never_show(void **state) {
  (void)state;
  static const struct { const char *expr; double (*want)(const double *); } rows[] = {
      {"torch.amax(t - 10, -1) + 10", most}, {"torch.amin(t + 10, -1) - 10", least}, {"(t + 1).sum(-1)", NULL}, {"hl.reduce(lambda a, b: torch.maximum(a, b), t - 10, -1, other=float('-inf')) + 10", most}};
  for (size_t i = 0; i < COUNT_OF(rows); i++)
    for (size_t b = 0; b < COUNT_OF(block_sets); b++) {
      double want[M];
      char code[1500];
      bool is_sum = !rows[i].want, is_min = rows[i].want == least;
      snprintf(code, sizeof code,
               X_ONLY "  bn = hl.register_block_size(n)\n  out = torch.empty([m], dtype=torch.float64)\n  for tm in hl.tile(m):\n    acc = hl.zeros([tm, bn])\n"
                      "    best = hl.full([tm], %s)\n    for tn in hl.tile(n, block_size=bn):\n      t = x[tm, tn]\n      acc = acc + t\n      best = %s(best, %s)\n"
                      "    out[tm] = best + 0 * acc.sum(-1)\n  return out\n",
               is_sum ? "0.0" : is_min ? "float('inf')" : "float('-inf')", is_sum ? "torch.add" : is_min ? "torch.minimum" : "torch.maximum", rows[i].expr);
      for (int row = 0; row < M; row++) {
        double x[N];
        for (int k = 0; k < N; k++)
          x[k] = element('x', row * N + k);
        want[row] = is_sum ? total(x) + N : rows[i].want(x);
      }
      assert_true(gives(code, block_sets[b], want, M));
      assert_true(has_padded_block(code));
    }
}

/* ---- contractions ---- */
static void test_contractions_follow_their_arguments(void **state) {
  (void)state;
  static const struct { const char *expr; double scale_acc, scale_product; } rows[] = {
      {"torch.addmm(acc, a, b)", 1, 1}, {"torch.addmm(acc, a, b, beta=0.5, alpha=2)", 0.5, 2}, {"torch.addmm(acc, a, b, beta=2)", 2, 1},
      {"acc + torch.mm(a, b)", 1, 1}, {"acc + torch.mm(a.half(), b.half(), out_dtype=torch.float32)", 1, 1}, {"acc + hl.dot(a, b)", 1, 1},
      {"hl.dot(a.half(), b.half(), acc=acc)", 1, 1}, {"torch.addmm(acc.half(), a.to(torch.bfloat16), b.to(torch.bfloat16)).float()", 1, 1}, {"acc + a @ b", 1, 1}, {"acc + torch.matmul(a, b)", 1, 1},
      {"torch.baddbmm(acc[None, :, :], a[None, :, :], b[None, :, :], beta=0.5, alpha=3).squeeze(0)", 0.5, 3},
      {"acc + torch.bmm(a[None, :, :], b.unsqueeze(0)).squeeze(0)", 1, 1}, {"acc + hl.dot(ia.to(torch.int8), ib.to(torch.int8)) * 0 + a @ b", 1, 1},
      {"hl.dot(ia.to(torch.int8), ib.to(torch.int8), acc=acc * 0) * 0 + acc + a @ b", 1, 1}};
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    double want[M * M];
    char code[1500];
    snprintf(code, sizeof code,
             KERNEL("x: torch.Tensor, y: torch.Tensor, i: torch.Tensor") "  m, n = x.size()\n  yt = y.t()\n  it = i.t()\n  out = torch.empty([m, m], dtype=torch.float64)\n"
                                                     "  for ta, tb in hl.tile([m, m]):\n    a, b, ia, ib = x[ta, :], yt[:, tb], i[ta, :], it[:, tb]\n    acc = hl.full([ta, tb], 1.5)\n"
                                                     "    out[ta, tb] = %s\n  return out\n",
             rows[i].expr);
    for (int p = 0; p < M; p++)
      for (int q = 0; q < M; q++) {
        want[p * M + q] = rows[i].scale_acc * 1.5;
        for (int k = 0; k < N; k++)
          want[p * M + q] += rows[i].scale_product * element('x', p * N + k) * element('y', q * N + k);
      }
    assert_true(gives(code, block_sets[i % COUNT_OF(block_sets)], want, M * M));
  }
}

/* ---- random numbers ---- */
/* Philox4x32-10 (Salmon et al., Parallel random numbers: as easy as 1, 2, 3, 2011). */
static void philox(uint64_t offset, uint64_t seed, uint32_t c[4]) {
  uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
  c[0] = (uint32_t)offset, c[1] = (uint32_t)(offset >> 32), c[2] = c[3] = 0;
  for (int round = 0; round < 10; round++) {
    uint64_t p = (uint64_t)0xD2511F53u * c[0], q = (uint64_t)0xCD9E8D57u * c[2];
    uint32_t next[] = {(uint32_t)(q >> 32) ^ c[1] ^ k0, (uint32_t)q, (uint32_t)(p >> 32) ^ c[3] ^ k1, (uint32_t)p};
    memcpy(c, next, sizeof next);
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
}

static double uniform(uint32_t word) {
  float magnitude = (float)(int32_t)(word > INT32_MAX ? ~word : word);
  return magnitude * 4.6566127342e-10f;
}

/* `want` bit for bit, for every block set. */
static void draws(const char *code, const double *want, int n) {
  for (size_t b = 0; b < COUNT_OF(block_sets); b++) {
    run r;
    if (run_kernel(&r, code, block_sets[b], true) != LOOM_OK) {
      explain(&r.ctx, code);
      fail();
    }
    const interp_tensor *t = result(&r, 0);
    for (int at = 0; at < n; at++)
      if (t->value[at] < want[at] || t->value[at] > want[at])
        fail_msg("block %d, number %d is %.9g, expected %.9g\n%s", (int)block_sets[b], at, t->value[at], want[at], code);
    loom_ctx_done(&r.ctx);
  }
}

static void test_random_numbers_depend_on_the_place_alone(void **state) {
  (void)state;
  double want[M * N], column[M * 3], third[M * N], range[M * N], part[M * 3];
  uint32_t c[4];
  for (uint64_t at = 0; at < M * N; at++) {
    philox(at, 42, c);
    want[at] = uniform(c[0]);
    range[at] = 3 + (double)(llabs((long long)(int32_t)c[0]) % 9);
    philox(at, UINT64_C(0x123456789), c);
    third[at] = uniform(c[2]);
  }
  for (uint64_t at = 0; at < M * 3; at++) {
    philox(at, 7, c);
    column[at] = uniform(c[0]);
  }
  for (uint64_t at = 0; at < M * 3; at++) {   /* rows 2..5: the place is that in the whole range */
    philox(at, 7, c);
    part[at] = at < 6 ? 0 : uniform(c[0]);
  }
#define OUT2 "  out = torch.zeros([m, n], dtype=torch.float64)\n"
  draws(X_ONLY OUT2 "  for tm, tn in hl.tile([m, n]):\n    out[tm, tn] = hl.rand([tm, tn], seed=42)\n  return out\n", want, M * N);
  draws(X_ONLY OUT2 "  for tile in hl.tile([m, n]):\n    out[tile] = hl.rand(tile, seed=42)\n  return out\n", want, M * N);
  draws(X_ONLY OUT2 "  for tm in hl.tile(m):\n    out[tm, :] = hl.rand([tm, n], seed=42)\n  return out\n", want, M * N);
  draws(X_ONLY OUT2 "  for tm in hl.tile(m, block_size=2):\n    for tn in hl.tile(n):\n      out[tm, tn] = hl.rand([tm, tn], 42)\n  return out\n", want, M * N);
  draws(X_ONLY OUT2 "  for tm in hl.tile(m):\n    t = x[tm, :]\n    out[tm, :] = hl.rand([tm, n], seed=42, offsets=tm.index[:, None] * n + hl.arange(5)[None, :])\n  return out\n", want, M * N);
  draws(X_ONLY OUT2 "  for tm, tn in hl.tile([m, n]):\n    a, b, c, d = hl.rand4x(0x123456789, tm.index[:, None] * n + hl.tile_index(tn))\n    out[tm, tn] = c\n  return out\n", third, M * N);
  draws(X_ONLY OUT2 "  for tm, tn in hl.tile([m, n]):\n    out[tm, tn] = hl.randint([tm, tn], 3, 12, 42)\n  return out\n", range, M * N);
  draws(X_ONLY "  out = torch.zeros([m, 3], dtype=torch.float64)\n  for tm in hl.tile(m):\n    out[tm, :] = hl.rand([tm, 3], seed=7)\n  return out\n", column, M * 3);
  draws(X_ONLY "  out = torch.zeros([m, 3], dtype=torch.float64)\n  for tm in hl.tile(2, m):\n    out[tm, :] = hl.rand([tm, 3], seed=7)\n  return out\n", part, M * 3);
}

/* ---- Loom's own ---- */
static void test_gather_collects_all_tiles_and_broadcast_repeats(void **state) {
  (void)state;
  double want[M];
  for (int row = 0; row < M; row++) {
    double x[N];
    for (int k = 0; k < N; k++)
      x[k] = element('x', row * N + k);
    want[row] = total(x);
  }
  for (size_t b = 0; b < COUNT_OF(block_sets); b++)
    assert_true(gives(IMPORTS "from helion_mlir.custome_op import gather, broadcast\n@helion.kernel()\ndef f(x: torch.Tensor):\n  m, n = x.size()\n"
                              "  out = torch.zeros([m], dtype=torch.float64)\n  for tm, tn in hl.tile([m, n]):\n    part = x[tm, tn].sum(-1)\n"
                              "    all_parts = gather(tn, part)\n    if tn.id == 0:\n      wide = broadcast(all_parts.sum(0)[:, None], 1, [tm, 2])\n      out[tm] = wide.mean(1)\n  return out\n",
                      block_sets[b], want, M));
}

/* ---- types ---- */
static void test_types_are_those_of_pytorch(void **state) {
  (void)state;
  static const struct { const char *expr; dtype want; } rows[] = {
      /* tensors with tensors: torch.promote_types */
      {"h + h.to(torch.bfloat16)", DTYPE_F32}, {"h + x", DTYPE_F32}, {"u + i.to(torch.int8)", DTYPE_I16}, {"u + i", DTYPE_I32}, {"i + i.long()", DTYPE_I64}, {"i + h", DTYPE_F16},
      {"b + i", DTYPE_I32}, {"b + b", DTYPE_BOOL}, {"b * h", DTYPE_F16}, {"x + x.double()", DTYPE_F64},
      /* 0-d values and numbers count by category */
      {"h + x.sum()", DTYPE_F16}, {"i + x.sum()", DTYPE_F32}, {"i + h.sum()", DTYPE_F16}, {"h + i.sum()", DTYPE_F16}, {"b + 1", DTYPE_I64}, {"b * 1.5", DTYPE_F32}, {"u + 1", DTYPE_U8},
      {"u * 0.5", DTYPE_F32}, {"i.sum() + 1", DTYPE_I64}, {"h.sum() * 2.0", DTYPE_F16}, {"i.to(torch.int8) + i.sum()", DTYPE_I8}, {"i + x.double().sum()", DTYPE_F64},
      {"i + tile.begin", DTYPE_I32}, {"tile.index * 2", DTYPE_I32}, {"tile.begin * 0.5", DTYPE_F32}, {"True * h", DTYPE_F16},
      /* operators */
      {"i / i", DTYPE_F32}, {"u / 2", DTYPE_F32}, {"i // 2", DTYPE_I32}, {"i % 3", DTYPE_I32}, {"i ** 2", DTYPE_I32}, {"i ** 2.0", DTYPE_F32}, {"h ** 3", DTYPE_F16}, {"h ** 0.5", DTYPE_F16},
      {"x // 2", DTYPE_F32}, {"i >> 1", DTYPE_I32}, {"u & 15", DTYPE_U8}, {"~u", DTYPE_U8}, {"~b", DTYPE_BOOL}, {"b & (x > 0)", DTYPE_BOOL}, {"h == i", DTYPE_BOOL}, {"-u", DTYPE_U8},
      /* functions */
      {"torch.exp(i)", DTYPE_F32}, {"torch.exp(h)", DTYPE_F16}, {"torch.sqrt(b)", DTYPE_F32}, {"torch.floor(i) + i", DTYPE_I32}, {"torch.sign(i)", DTYPE_I32}, {"torch.isnan(i)", DTYPE_BOOL},
      {"torch.isinf(h)", DTYPE_BOOL}, {"torch.isfinite(h)", DTYPE_BOOL}, {"torch.logical_and(h, i)", DTYPE_BOOL}, {"torch.relu(i)", DTYPE_I32}, {"torch.clamp(i, 0, 3)", DTYPE_I32},
      {"torch.clamp(i, 0.5)", DTYPE_F32}, {"torch.clamp(h, 0.5)", DTYPE_F16}, {"F.silu(h)", DTYPE_F16}, {"F.softplus(h)", DTYPE_F16}, {"F.gelu(h.to(torch.bfloat16))", DTYPE_BF16},
      {"torch.lerp(h, h, 0.5)", DTYPE_F16}, {"torch.addcmul(h, h, h)", DTYPE_F16}, {"torch.where(b, h, 1)", DTYPE_F16}, {"torch.where(b, h, x)", DTYPE_F32}, {"torch.where(b, i, 0.5)", DTYPE_F32},
      {"torch.where(b, 1, 0)", DTYPE_I64}, {"torch.where(b, 1.0, 0.0)", DTYPE_F32}, {"h.masked_fill(b, 1.5)", DTYPE_F16}, {"torch.maximum(h, x)", DTYPE_F32}, {"torch.fmod(i, 3)", DTYPE_I32},
      {"torch.div(i, 2, rounding_mode='floor')", DTYPE_I32}, {"torch.div(i, 2, rounding_mode='trunc')", DTYPE_I32}, {"torch.remainder(u, 3)", DTYPE_U8},
      /* reductions */
      {"i.sum(1)", DTYPE_I64}, {"b.sum(1)", DTYPE_I64}, {"u.prod(1)", DTYPE_I64}, {"h.sum(1)", DTYPE_F16}, {"h.sum(1, dtype=torch.float32)", DTYPE_F32}, {"i.sum(1, dtype=torch.int32)", DTYPE_I32},
      {"h.mean(1)", DTYPE_F16}, {"torch.mean(i, 1, dtype=torch.float16)", DTYPE_F16}, {"u.amax(1)", DTYPE_U8}, {"h.amin(1)", DTYPE_F16}, {"torch.any(x, 1)", DTYPE_BOOL}, {"torch.argmax(h, 1)", DTYPE_I64},
      {"torch.max(h, 1)[0]", DTYPE_F16}, {"torch.max(h, 1)[1]", DTYPE_I64}, {"torch.var(h, 1)", DTYPE_F16}, {"torch.logsumexp(h, 1)", DTYPE_F16}, {"F.softmax(h, dim=1)", DTYPE_F16},
      {"F.softmax(h, dim=1, dtype=torch.float32)", DTYPE_F32}, {"F.log_softmax(i, dim=1, dtype=torch.float32)", DTYPE_F32}, {"torch.cumsum(i, 1)", DTYPE_I64}, {"torch.cumsum(h, 1)", DTYPE_F16},
      {"torch.cumsum(h, 1, dtype=torch.float32)", DTYPE_F32}, {"hl.cumsum(i, 1)", DTYPE_I32},
      /* contractions */
      {"h @ h.T", DTYPE_F16}, {"torch.mm(h, h.T, out_dtype=torch.float32)", DTYPE_F32}, {"hl.dot(h, h.T)", DTYPE_F32}, {"hl.dot(h, x.T)", DTYPE_F32}, {"hl.dot(i.to(torch.int8), i.to(torch.int8).T)", DTYPE_I32},
      {"hl.dot(h, h.T, out_dtype=torch.bfloat16)", DTYPE_BF16}, {"hl.dot(h, h.T, acc=hl.zeros([tile, tile], dtype=torch.float16))", DTYPE_F16}, {"torch.addmm(hl.zeros([tile, tile]), h, h.T)", DTYPE_F32},
      {"i @ i.T", DTYPE_I32},
      /* making and moving */
      {"torch.zeros_like(u)", DTYPE_U8}, {"torch.full_like(h, 2, dtype=torch.int32)", DTYPE_I32}, {"h.new_zeros([tile, 3])", DTYPE_F16}, {"h.new_full([tile], 1)", DTYPE_F16}, {"hl.full([tile], 1)", DTYPE_F32},
      {"hl.zeros([tile])", DTYPE_F32}, {"hl.arange(4)", DTYPE_I32}, {"torch.arange(4)", DTYPE_I64}, {"torch.arange(1, 5, dtype=torch.int32)", DTYPE_I32}, {"torch.tensor(3)", DTYPE_I64}, {"torch.tensor(2.5)", DTYPE_F32},
      {"torch.scalar_tensor(3)", DTYPE_F32}, {"torch.tensor(1, dtype=torch.float16)", DTYPE_F16}, {"h + torch.tensor(2.5)", DTYPE_F16}, {"i + torch.tensor(2)", DTYPE_I32}, {"torch.stack([h, x])", DTYPE_F32}, {"torch.cat([u, i], 1)", DTYPE_I32}, {"hl.rand([tile], seed=1)", DTYPE_F32},
      {"hl.randint([tile], 0, 5, seed=1)", DTYPE_I32}, {"h.bool()", DTYPE_BOOL}, {"x.byte()", DTYPE_U8}, {"x.type_as(h)", DTYPE_F16}, {"x.type(torch.int64)", DTYPE_I64}, {"x.to(h)", DTYPE_F16},
      {"h.to(torch.device('cuda')) + 1", DTYPE_F16}, {"h[:, None, :].expand(-1, 3, -1)", DTYPE_F16}};
  int wrong = 0;
  for (size_t n = 0; n < COUNT_OF(rows); n++) {
    loom_ctx ctx;
    kernel_graph *k = NULL;
    char code[1500];
    loom_ctx_init(&ctx);
    snprintf(code, sizeof code,
             KERNEL("X: torch.Tensor, I: torch.Tensor, H: torch.Tensor, B: torch.Tensor, U: torch.Tensor") "  m, n = X.size()\n  for tile in hl.tile(m):\n"
                                                                   "    x, i, h, b, u = X[tile, :], I[tile, :], H[tile, :], B[tile, :], U[tile, :]\n    v = %s\n    X[tile, 0] = 0\n",
             rows[n].expr);
    loom_status st = read_kernel(&ctx, code, &k);
    dtype got = DTYPE_COUNT;
    for (size_t v = 0; st == LOOM_OK && v < k->values.n; v++)
      if (text_eq(k->values.at[v].name, "v"))
        got = k->values.at[v].type.type;
    if (got != rows[n].want) {
      wrong++;
      print_message("%s is %s, expected %s\n", rows[n].expr, got < DTYPE_COUNT ? dtype_torch(got) : "nothing", dtype_torch(rows[n].want));
      explain(&ctx, "");
    }
    loom_ctx_done(&ctx);
  }
  assert_int_equal(wrong, 0);
}

/* ---- refusals ---- */
static loom_status read_expression(loom_ctx *ctx, const char *expr) {
  kernel_graph *k = NULL;
  char code[1500];
  loom_ctx_init(ctx);
  snprintf(code, sizeof code,
           KERNEL("X: torch.Tensor, I: torch.Tensor, B: torch.Tensor, U: torch.Tensor") "  m, n = X.size()\n  for tile in hl.tile(m):\n"
                                                "    x, i, b, u = X[tile, :], I[tile, :], B[tile, :], U[tile, :]\n    y = x\n    v = %s\n    X[tile, 0] = 0\n",
           expr);
  return read_kernel(ctx, code, &k);
}

static void test_what_torch_refuses_is_refused(void **state) {
  (void)state;
  static const struct { const char *expr; loom_status status; const char *text; } rows[] = {
      {"b - b", LOOM_EINPUT, "sub of a device value"}, {"-b", LOOM_EINPUT, "neg of a device value"}, {"b // b", LOOM_EINPUT, "floordiv of a device value"},
      {"~x", LOOM_EINPUT, "invert of a device value"}, {"x & 1", LOOM_EINPUT, "the bitwise operation and"}, {"x << 1", LOOM_EINPUT, "the bitwise operation shl"},
      {"i ** -1", LOOM_EINPUT, "a negative power"}, {"i + 3000000000", LOOM_EINPUT, "does not fit int32"}, {"u + 300", LOOM_EINPUT, "does not fit uint8"},
      {"i.long() + 0x7fffffffffffffff", LOOM_ELIMIT, "does not fit int64"}, {"i.mean(1)", LOOM_EINPUT, "the mean of"}, {"i.var(1)", LOOM_EINPUT, "the variance of"},
      {"F.softmax(i, dim=1)", LOOM_EINPUT, "torch.softmax of"}, {"x.sum(2)", LOOM_EINPUT, "the int 2 is no dimension of"}, {"torch.amax(x, dim=[0, 5])", LOOM_EINPUT, "the int 5 is no dimension of"},
      {"torch.cumsum(x, 3)", LOOM_EINPUT, "the int 3 is no dimension"}, {"torch.var(x, 1, correction=None, unbiased='a', keepdim=tile)", LOOM_EINPUT, "keepdim is"},
      {"torch.div(x, y, rounding_mode='up')", LOOM_EINPUT, "the rounding mode"}, {"torch.where(x, x, x)", LOOM_EINPUT, "the condition of torch.where"}, {"torch.stack(x)", LOOM_EINPUT, "a stack of"},
      {"torch.stack([x, x[:, None]])", LOOM_EINPUT, "torch.stack: the shapes"}, {"torch.stack([x, x], 4)", LOOM_EINPUT, "a stack along dimension 4"}, {"torch.cat([x, x[:, None, :]])", LOOM_EINPUT, "torch.cat: the shapes"},
      {"torch.cat(3)", LOOM_EINPUT, "torch.cat of the int 3"}, {"hl.split(x)", LOOM_EINPUT, "hl.split of shape"}, {"hl.reduce(3, x, 1)", LOOM_EUNSUP, "the int 3 as a combine function"},
      {"hl.reduce(lambda a, b: (a, b), x, 1)", LOOM_EINPUT, "returns 2 values for 1"}, {"hl.associative_scan(lambda a, b: x, x, 1)", LOOM_EINPUT, "changes the shape"},
      {"hl.associative_scan(lambda a, b, c, d: (a, b), (x, x[:, None]), 1)", LOOM_EINPUT, "associative_scan: the shapes"}, {"hl.associative_scan(torch.exp, x, 1)", LOOM_EUNSUP, "torch.exp as a combine function"},
      {"hl.randint([tile], 5, 5, seed=1)", LOOM_EINPUT, "hl.randint from"}, {"torch.rand_like(x)", LOOM_EUNSUP, "random numbers in a kernel"}, {"x.to(torch.float8_e4m3fnuz)", LOOM_EUNSUP, "the element type torch.float8_e4m3fnuz"}, {"x.to(torch.float8_e5m2) + x", LOOM_EINPUT, "float8_e5m2 with float32"},
      {"hl.zeros([tile], dtype=torch.complex64)", LOOM_EUNSUP, "the element type torch.complex64"}, {"hl.tile_begin(x)", LOOM_EINPUT, "hl.tile_begin of"}, {"(x, x).values", LOOM_EINPUT, "\"values\" of a tuple"}, {"torch.add(x, x, alpha=y).foo", LOOM_EUNSUP, "\"foo\""},
      {"hl.inline_asm_elementwise('ptx', '=r', [x], dtype=torch.float32, is_pure=True, pack=1)", LOOM_EUNSUP, "hl.inline_asm_elementwise"}, {"hl.inline_triton('x', args=[x], output_like=x)", LOOM_EUNSUP, "hl.inline_triton"},
      {"hl.dot_scaled(x, x, 'e2m1', x, x, 'e2m1')", LOOM_EUNSUP, "hl.dot_scaled"}, {"hl.load_float4_e2m1fn_x16_to_float16(u, u)", LOOM_EUNSUP, "hl.load_float4_e2m1fn_x16_to_float16"}, {"torch.unique(x)", LOOM_EUNSUP, "torch.unique"},
      {"torch.topk(x, 9)", LOOM_EINPUT, "the 9 first elements"}, {"torch.gather(x, 1, x)", LOOM_EINPUT, "torch.gather with indices of type"}, {"torch.gather(x, 1, i[:, None])", LOOM_EINPUT, "torch.gather: the shapes"}, {"x.sum().sort()", LOOM_EINPUT, "of a 0-d value"}, {"x.view(torch.int16)", LOOM_EUNSUP, "a view of float32 as int16, which has another width"}, {"x.sum(axes=1)", LOOM_EINPUT, "no parameter \"axes\""}, {"x.chunk(2, 1)", LOOM_EUNSUP, "\"chunk\" of a device value"}, {"torch.chunk(x, 2)", LOOM_EUNSUP, "torch.chunk"}, {"torch.tensor([1, 2])", LOOM_EUNSUP, "a tensor of listed numbers"}, {"hl.arange(tile.begin, tile.begin + i.sum())", LOOM_EUNSUP, "hl.arange over"}, {"hl.arange(tile.begin, x.sum())", LOOM_EINPUT, "as a bound of hl.arange"}, {"hl.atomic_xor(X, [tile, 0], 1)", LOOM_EINPUT, "atomic_xor of X, which has type float32"}, {"torch.nonzero(x)", LOOM_EUNSUP, "torch.nonzero"},
      {"x.item()", LOOM_EUNSUP, "\"item\" of a device value"}, {"torch.matmul(x, y.sum(0))", LOOM_EINPUT, "a product of shapes"}, {"x.masked_fill(y, 1)", LOOM_EINPUT, "the condition of"},
      {"torch.expp(x)", LOOM_EUNSUP, "a call of torch.expp"}, {"torch.linalg.householder_product(x, x)", LOOM_EUNSUP, "householder"}};
  int wrong = 0;
  for (size_t n = 0; n < COUNT_OF(rows); n++) {
    loom_ctx ctx;
    loom_status st = read_expression(&ctx, rows[n].expr);
    const diag_item *d = ctx.diag.first;
    if (st != rows[n].status || !d || !strstr(d->text, rows[n].text)) {
      wrong++;
      print_message("%s: status %d \"%s\", expected %d \"%s\"\n", rows[n].expr, (int)st, d ? d->text : "", (int)rows[n].status, rows[n].text);
    }
    loom_ctx_done(&ctx);
  }
  assert_int_equal(wrong, 0);
}

static void test_refusals_say_what_to_write_instead(void **state) {
  (void)state;
  static const struct { const char *expr, *help; } rows[] = {
      {"hl.inline_asm_elementwise('ptx', '=r', [x])", "PTX"}, {"hl.inline_triton('x', [x])", "Triton code"}, {"hl.dot_scaled(x, x, 'e2m1', x, x, 'e2m1')", "scale the operands"},
      {"torch.unique(x)", "compare neighbours"}, {"torch.rand_like(x)", "hl.rand(shape, seed)"}, {"x.chunk(2, 1)", "load the parts one by one"}, {"x.item()", "as a number as it is"},
      {"torch.expp(x)", "did you mean \"torch.exp"}, {"x.expp()", "did you mean \"exp"}, {"torch.linalg.householder_product(x, x)", "write it with supported operations"}};
  for (size_t n = 0; n < COUNT_OF(rows); n++) {
    loom_ctx ctx;
    assert_int_equal(read_expression(&ctx, rows[n].expr), LOOM_EUNSUP);
    const char *help = ctx.diag.first->help ? ctx.diag.first->help : "";
    if (!strstr(help, rows[n].help))
      fail_msg("%s: \"%s\", expected \"%s\"", rows[n].expr, help, rows[n].help);
    loom_ctx_done(&ctx);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_elementwise_operations_are_their_formulas),
                                     cmocka_unit_test(test_operations_along_rows_are_their_formulas),
                                     cmocka_unit_test(test_means_over_partial_tiles_divide_by_what_is_there),
                                     cmocka_unit_test(test_conditions_are_joined),
                                     cmocka_unit_test(test_arange_counts_from_the_tile),
                                     cmocka_unit_test(test_host_tensors_of_numbers_are_made),
                                     cmocka_unit_test(test_padded_lanes_never_show),
                                     cmocka_unit_test(test_contractions_follow_their_arguments),
                                     cmocka_unit_test(test_random_numbers_depend_on_the_place_alone),
                                     cmocka_unit_test(test_gather_collects_all_tiles_and_broadcast_repeats),
                                     cmocka_unit_test(test_types_are_those_of_pytorch),
                                     cmocka_unit_test(test_what_torch_refuses_is_refused),
                                     cmocka_unit_test(test_refusals_say_what_to_write_instead)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
