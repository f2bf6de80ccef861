/* Random Helion kernels with their results: what compile_fuzz_test.c compiles; included by it only.
 *
 * A kernel is a chain of steps drawn from a seed.  Each step writes a line of Python and computes the same thing here, by PyTorch's rules, on
 * whole tensors in long double: no tiles, no rounding of floats, integers wrapped to their type.  That is the oracle; it knows nothing of
 * kernel graphs.  A step whose values would be too large, or that an engine may rightly decide otherwise (a branch on a rounded value), is not
 * taken.  The same seed with fewer steps is a head of the same kernel: failures shrink by that. */
#ifndef LOOM_COMPILE_FUZZ_H
#define LOOM_COMPILE_FUZZ_H
#include "base/dtype.h"
#include "base/rng.h"
#include "base/text.h"
#include "base/vec.h"
#include <math.h>
#include <stdint.h>
#include <string.h>

enum { FUZZ_M, FUZZ_N, FUZZ_K, FUZZ_AXES, FUZZ_RANK = 3 };
enum { FUZZ_ALL = (1 << FUZZ_AXES) - 1 };

typedef struct fuzz_value {
  const char *name;
  dtype type;
  unsigned axes;             /* bit per axis; dims in the order of the axes */
  bool exact;                /* every engine has this very value: it may decide branches and indices */
  long double *x;
} fuzz_value;

/* An argument or a result: memory of its own. */
typedef struct fuzz_tensor {
  const char *name;
  dtype type;
  int rank;
  int64_t size[FUZZ_RANK], elems;
  long double *x;
  unsigned axes;             /* of a result that has these dims in their order; 0: another shape */
  bool exact;
} fuzz_tensor;

typedef struct fuzz_kernel {
  arena *mem;
  rng r;
  int64_t size[FUZZ_AXES];
  VEC_OF(fuzz_value) values;                  /* in scope */
  VEC_OF(fuzz_tensor) args, results;
  text host, body;                            /* lines before the loops; the loops and what follows */
  int indent, names;
  unsigned scope, tiled, full, hidden;        /* axes that values may have; each is tiled, whole or one index of hl.grid */
  unsigned grid;                              /* axes that the loops around run over: a result has them */
  const char *index[FUZZ_AXES];               /* "tile_m", ":", "i" */
  const char *extent[FUZZ_AXES];              /* as a dim of hl.zeros */
  const fuzz_value *when;                     /* inside of a branch: where it is taken; NULL: everywhere */
  const char *source;
} fuzz_kernel;

/* ---- arrays over axes ---- */
static inline int64_t fuzz_count(const fuzz_kernel *k, unsigned axes) {
  int64_t n = 1;
  for (int a = 0; a < FUZZ_AXES; a++)
    n *= axes >> a & 1 ? k->size[a] : 1;
  return n;
}

static inline int64_t fuzz_at(const fuzz_kernel *k, unsigned axes, const int64_t *at) {
  int64_t o = 0;
  for (int a = 0; a < FUZZ_AXES; a++)
    if (axes >> a & 1)
      o = o * k->size[a] + at[a];
  return o;
}

/* Steps over the places of `axes` in row-major order; false after the last. */
static inline bool fuzz_next(const fuzz_kernel *k, unsigned axes, int64_t *at) {
  for (int a = FUZZ_AXES - 1; a >= 0; a--) {
    if (!(axes >> a & 1))
      continue;
    if (++at[a] < k->size[a])
      return true;
    at[a] = 0;
  }
  return false;
}

static inline long double *fuzz_array(fuzz_kernel *k, unsigned axes) { return arena_array(k->mem, (size_t)fuzz_count(k, axes), sizeof(long double)); }
static inline long double fuzz_get(const fuzz_kernel *k, const fuzz_value *v, const int64_t *at) { return v->x[fuzz_at(k, v->axes, at)]; }

/* ---- chance ---- */
static inline int fuzz_pick(fuzz_kernel *k, int n) { return (int)rng_range(&k->r, 0, n - 1); }
static inline bool fuzz_chance(fuzz_kernel *k, int percent) { return fuzz_pick(k, 100) < percent; }

/* ---- numbers, by PyTorch's rules ---- */
static inline int fuzz_bits(dtype t) { return t == DTYPE_BOOL ? 1 : (int)dtype_bytes(t) * 8; }

/* `x`, a whole number, as the integer type holds it: modulo 2^bits. */
static inline long double fuzz_wrap(dtype t, long double x) {
  if (dtype_is_float(t))
    return x;
  if (t == DTYPE_BOOL)
    return x != 0;
  uint64_t bits = x < 0 ? -(uint64_t)-x : (uint64_t)x;
  switch (t) {
  case DTYPE_I8: return (int8_t)bits;
  case DTYPE_U8: return (uint8_t)bits;
  case DTYPE_I16: return (int16_t)bits;
  case DTYPE_I32: return (int32_t)bits;
  default: return (long double)(int64_t)bits;
  }
}

/* Values that no engine overflows on: floats well inside their type, int64 inside of what a double holds. */
static inline bool fuzz_sane(dtype t, long double x) {
  long double most = t == DTYPE_F16 ? 3e4L : t == DTYPE_I64 ? 0x1p50L : dtype_is_float(t) ? 1e9L : 0x1p62L;
  return fabsl(x) <= most && (x == 0 || !dtype_is_float(t) || fabsl(x) > 1e-30L);
}

static inline dtype fuzz_promote(dtype a, dtype b) {
  static const char rank[DTYPE_COUNT] = {[DTYPE_BOOL] = 0, [DTYPE_U8] = 1, [DTYPE_I8] = 1, [DTYPE_I16] = 2, [DTYPE_I32] = 3, [DTYPE_I64] = 4,
                                         [DTYPE_F16] = 5, [DTYPE_BF16] = 5, [DTYPE_F32] = 6, [DTYPE_F64] = 7};
  if (a == b)
    return a;
  if (rank[a] == rank[b])
    return rank[a] == 5 ? DTYPE_F32 : DTYPE_I16;
  return rank[a] > rank[b] ? a : b;
}

/* `form` with its first "%s" replaced by `a`, its second by `b`. */
static inline const char *fuzz_format(fuzz_kernel *k, const char *form, const char *a, const char *b) {
  text t = text_new(k->mem);
  for (const char *at; (at = strstr(form, "%s")); form = at + 2, a = b) {
    text_add_bytes(&t, form, (size_t)(at - form));
    text_add(&t, a);
  }
  text_add(&t, form);
  return text_str(&t);
}

/* A correctly rounded operation on known numbers of f64 gives a known number (the interpreter computes in double). */
static inline long double fuzz_known(bool exact, dtype t, long double x) { return exact && t == DTYPE_F64 ? (long double)(double)x : x; }

/* ---- values ---- */
static inline const char *fuzz_name(fuzz_kernel *k, const char *prefix) { return arena_printf(k->mem, "%s%d", prefix, k->names++); }

__attribute__((format(printf, 2, 3))) static inline void fuzz_line(fuzz_kernel *k, const char *fmt, ...) {
  va_list ap;
  text_addf(&k->body, "%*s", k->indent * 4, "");
  va_start(ap, fmt);
  text_vaddf(&k->body, fmt, ap);
  va_end(ap);
  text_add(&k->body, "\n");
}

static inline fuzz_value fuzz_new(fuzz_kernel *k, dtype t, unsigned axes, bool exact) {
  return (fuzz_value){fuzz_name(k, "v"), t, axes, exact, fuzz_array(k, axes)};
}

/* Takes the value into the scope unless a number of it is out of range. */
static inline bool fuzz_keep(fuzz_kernel *k, fuzz_value v, const char *expression) {
  for (int64_t i = 0; i < fuzz_count(k, v.axes); i++)
    if (!fuzz_sane(v.type, v.x[i]))
      return false;
  fuzz_line(k, "%s = %s", v.name, expression);
  vec_push(k->mem, &k->values, v);
  return true;
}

static inline int fuzz_rank(const fuzz_kernel *k, unsigned axes) { return __builtin_popcount(axes & ~k->hidden); }

/* Place of the axis among the dims of a value. */
static inline int fuzz_dim(const fuzz_kernel *k, unsigned axes, int axis) { return __builtin_popcount(axes & ~k->hidden & ((1u << axis) - 1)); }

/* The value's text with dims of size 1 where `axes` has more; sometimes leading ones are left to broadcasting. */
static inline const char *fuzz_aligned(fuzz_kernel *k, const fuzz_value *v, unsigned axes) {
  unsigned own = v->axes & ~k->hidden, all = axes & ~k->hidden;
  if (own == all || !own)
    return v->name;
  text t = text_new(k->mem);
  bool leading = fuzz_chance(k, 50), any = false;
  text_addf(&t, "%s[", v->name);
  for (int a = 0, first = 1; a < FUZZ_AXES; a++) {
    if (!(all >> a & 1))
      continue;
    bool has = own >> a & 1;
    leading = leading && !has;
    if (leading)
      continue;
    any = any || !has;
    text_addf(&t, "%s%s", first ? "" : ", ", has ? ":" : "None");
    first = 0;
  }
  text_add(&t, "]");
  return any ? text_str(&t) : v->name;
}

typedef bool fuzz_filter(const fuzz_value *v);
static inline bool fuzz_any(const fuzz_value *v) { return v != NULL; }
static inline bool fuzz_is_float(const fuzz_value *v) { return dtype_is_float(v->type); }
static inline bool fuzz_is_int(const fuzz_value *v) { return !dtype_is_float(v->type) && v->type != DTYPE_BOOL; }
static inline bool fuzz_is_number(const fuzz_value *v) { return v->type != DTYPE_BOOL; }
static inline bool fuzz_is_bool(const fuzz_value *v) { return v->type == DTYPE_BOOL; }
static inline bool fuzz_is_exact_bool(const fuzz_value *v) { return v->type == DTYPE_BOOL && v->exact; }
static inline bool fuzz_is_exact_int(const fuzz_value *v) { return fuzz_is_int(v) && v->exact; }

/* One of the values that pass, later ones more often; NULL: there is none. */
static inline const fuzz_value *fuzz_choose(fuzz_kernel *k, fuzz_filter *f) {
  int n = 0;
  for (size_t i = 0; i < k->values.n; i++)
    n += f(&k->values.at[i]);
  if (!n)
    return NULL;
  int at = fuzz_pick(k, n), again = fuzz_pick(k, n);
  at = again > at ? again : at;
  for (size_t i = 0;; i++)
    if (f(&k->values.at[i]) && at-- == 0) {
      fuzz_value *copy = arena_alloc(k->mem, sizeof *copy);   /* the vector may move */
      return *copy = k->values.at[i], copy;
    }
}

/* ---- arguments and loads ---- */
static const dtype fuzz_types[] = {DTYPE_F32, DTYPE_F16, DTYPE_BF16, DTYPE_F64, DTYPE_F32, DTYPE_I32, DTYPE_I64, DTYPE_I16, DTYPE_I8, DTYPE_U8, DTYPE_BOOL};
enum { FUZZ_TYPES = sizeof fuzz_types / sizeof *fuzz_types };

static inline long double fuzz_number(fuzz_kernel *k, dtype t, bool small) {
  if (t == DTYPE_BOOL)
    return fuzz_pick(k, 2);
  if (!dtype_is_float(t)) {
    int64_t lo = t == DTYPE_U8 ? 0 : small || t > DTYPE_U8 ? -9 : -128, hi = small || t > DTYPE_U8 ? 9 : t == DTYPE_U8 ? 255 : 127;
    return (long double)rng_range(&k->r, lo, hi);
  }
  unsigned char bytes[8];
  double x = small ? (double)rng_range(&k->r, -8, 8) / 4 : rng_normal(&k->r) * (fuzz_chance(k, 5) ? 100 : 1);
  dtype_store(t, bytes, x == 0 ? 0.5 : x);
  return (long double)dtype_load(t, bytes);
}

static inline fuzz_tensor *fuzz_argument(fuzz_kernel *k, dtype t, int rank, const int64_t *size, bool small) {
  fuzz_tensor a = {.name = arena_printf(k->mem, "a%zu", k->args.n), .type = t, .rank = rank, .elems = 1, .exact = true};
  for (int d = 0; d < rank; d++)
    a.elems *= a.size[d] = size[d];
  a.x = arena_array(k->mem, (size_t)a.elems, sizeof *a.x);
  for (int64_t i = 0; i < a.elems; i++)
    a.x[i] = fuzz_number(k, t, small);
  vec_push(k->mem, &k->args, a);
  return &k->args.at[k->args.n - 1];
}

static inline int fuzz_axes_of(unsigned axes, int *out) {
  int n = 0;
  for (int a = 0; a < FUZZ_AXES; a++)
    if (axes >> a & 1)
      out[n++] = a;
  return n;
}

/* "tile_m, :" of the axes, in order; `whole` is how a whole dim is written: ":", in lists "slice(None)". */
static inline const char *fuzz_index_list(fuzz_kernel *k, unsigned axes, const char *whole) {
  text t = text_new(k->mem);
  for (int a = 0, first = 1; a < FUZZ_AXES; a++)
    if (axes >> a & 1) {
      text_addf(&t, "%s%s", first ? "" : ", ", text_eq(k->index[a], ":") ? whole : k->index[a]);
      first = 0;
    }
  return text_str(&t);
}
static inline const char *fuzz_indices(fuzz_kernel *k, unsigned axes) { return fuzz_index_list(k, axes, ":"); }

/* Axes for a load: mostly those of the loops. */
static inline unsigned fuzz_some_axes(fuzz_kernel *k) {
  unsigned axes = fuzz_chance(k, 60) ? k->scope : k->scope & (unsigned)fuzz_pick(k, 1 << FUZZ_AXES);
  return axes ? axes : k->scope;
}

/* x[tile_m, tile_n] of a new argument, which may be larger or turned round on the host. */
static inline bool fuzz_load(fuzz_kernel *k, dtype t, unsigned axes, bool small) {
  int axis[FUZZ_AXES], n = fuzz_axes_of(axes, axis), form = fuzz_pick(k, 6);
  int64_t size[FUZZ_RANK], off[FUZZ_RANK] = {0};
  bool turned = form == 0 && n > 1, larger = form == 1;
  for (int d = 0; d < n; d++) {
    size[turned ? n - 1 - d : d] = k->size[axis[d]] + (larger ? 3 : 0);
    off[d] = larger ? fuzz_pick(k, 4) : 0;
  }
  fuzz_tensor a = *fuzz_argument(k, t, n, size, small);
  const char *name = a.name;
  if (turned || larger) {
    name = arena_printf(k->mem, "%s_view", a.name);
    text_addf(&k->host, "    %s = %s", name, a.name);
    if (turned)
      text_add(&k->host, n == 2 ? ".T" : ".permute(2, 1, 0)");
    for (int d = 0; larger && d < n; d++) {
      text_addf(&k->host, off[d] < 3 ? "%s%d:%d" : "%s%d:", d ? ", " : "[", (int)off[d], (int)off[d] - 3);
    }
    text_add(&k->host, larger ? "]\n" : "\n");
  }
  fuzz_value v = fuzz_new(k, t, axes, true);
  int64_t at[FUZZ_AXES] = {0};
  do {
    int64_t o = 0;
    for (int d = 0; d < n; d++)
      o = o * size[d] + (turned ? at[axis[n - 1 - d]] : at[axis[d]] + off[d]);
    v.x[fuzz_at(k, axes, at)] = a.x[o];
  } while (fuzz_next(k, axes, at));
  return fuzz_keep(k, v, arena_printf(k->mem, "%s[%s]", name, fuzz_indices(k, axes)));
}

static inline bool fuzz_step_load(fuzz_kernel *k) { return fuzz_load(k, fuzz_types[fuzz_pick(k, FUZZ_TYPES)], fuzz_some_axes(k), fuzz_chance(k, 40)); }

/* hl.load with a mask. */
static inline bool fuzz_step_masked_load(fuzz_kernel *k) {
  const fuzz_value *mask = fuzz_choose(k, fuzz_is_exact_bool);
  unsigned axes = mask ? mask->axes | fuzz_some_axes(k) : 0;
  int axis[FUZZ_AXES], n = fuzz_axes_of(axes, axis);
  if (!mask || !fuzz_rank(k, axes))
    return false;
  int64_t size[FUZZ_RANK], at[FUZZ_AXES] = {0};
  for (int d = 0; d < n; d++)
    size[d] = k->size[axis[d]];
  dtype t = fuzz_types[fuzz_pick(k, FUZZ_TYPES - 1)];
  fuzz_tensor a = *fuzz_argument(k, t, n, size, false);
  fuzz_value v = fuzz_new(k, t, axes, true);
  do {
    int64_t o = fuzz_at(k, axes, at);
    v.x[o] = fuzz_get(k, mask, at) != 0 ? a.x[o] : 0;
  } while (fuzz_next(k, axes, at));
  return fuzz_keep(k, v, arena_printf(k->mem, "hl.load(%s, [%s], extra_mask=%s)", a.name, fuzz_index_list(k, axes, "slice(None)"), fuzz_aligned(k, mask, axes)));
}

/* table[idx, tile_n]: idx = an exact integer of one axis, brought into the table; what it says may repeat. */
static inline bool fuzz_is_gatherable(const fuzz_value *v) { return fuzz_is_exact_int(v) && v->type != DTYPE_U8 && v->type != DTYPE_I8 && __builtin_popcount(v->axes) == 1; }
static inline bool fuzz_step_gather(fuzz_kernel *k) {
  const fuzz_value *idx = fuzz_choose(k, fuzz_is_gatherable);
  if (!idx || (idx->axes & k->hidden))
    return false;
  int own = __builtin_ctz(idx->axes), axis[FUZZ_AXES];
  unsigned others = k->scope & ~((2u << own) - 1) & (unsigned)fuzz_pick(k, 1 << FUZZ_AXES), axes = others | idx->axes;   /* later axes */
  int n = fuzz_axes_of(others, axis);
  int64_t rows = 1 + fuzz_pick(k, 6), size[FUZZ_RANK] = {rows}, at[FUZZ_AXES] = {0};
  for (int d = 0; d < n; d++)
    size[d + 1] = k->size[axis[d]];
  dtype t = fuzz_types[fuzz_pick(k, FUZZ_TYPES)];
  fuzz_tensor a = *fuzz_argument(k, t, n + 1, size, false);
  fuzz_value v = fuzz_new(k, t, axes, true);
  do {
    int64_t row = (int64_t)fuzz_get(k, idx, at) % rows;
    v.x[fuzz_at(k, axes, at)] = a.x[(row < 0 ? row + rows : row) * fuzz_count(k, others) + fuzz_at(k, others, at)];
  } while (fuzz_next(k, axes, at));
  return fuzz_keep(k, v, arena_printf(k->mem, "%s[%s %% %d%s%s]", a.name, idx->name, (int)rows, n ? ", " : "", fuzz_indices(k, others)));
}

/* tile.index, or an arange over a whole dim. */
static inline bool fuzz_step_index(fuzz_kernel *k) {
  int a = fuzz_pick(k, FUZZ_AXES);
  if (!((k->tiled | k->full) & k->scope & (1u << a)))
    return false;
  bool is_tile = k->tiled >> a & 1;
  fuzz_value v = fuzz_new(k, is_tile ? DTYPE_I32 : DTYPE_I64, 1u << a, true);
  for (int64_t i = 0; i < k->size[a]; i++)
    v.x[i] = (long double)i;
  return fuzz_keep(k, v, is_tile ? arena_printf(k->mem, "%s.index", k->index[a]) : arena_printf(k->mem, "torch.arange(%s)", k->extent[a]));
}

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
  return to == DTYPE_BOOL || (a->exact && fabsl(x) < (to == DTYPE_U8 ? 255 : to == DTYPE_I8 ? 127 : 32000) && (to != DTYPE_U8 || x >= 0));
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
    if (most > (is_float ? 1e6L : 0x1p45L))
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
    if (form >= SOFTMAX && form != SORT && !isfinite(total))
      return false;
    int64_t below = 0, same = 0;
    for (int64_t i = 0; i < n; i++) {
      long double x = line[i];
      if (form == CUMPROD ? i <= at[axis] : form == CUMSUM ? i <= at[axis] : form == BACK && i >= at[axis])
        r = form == CUMPROD ? r * x : r + x;
      if (fabsl(r) > 1e6L)
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

/* [m, k] @ [k, n]; with `all` false one of the operands is loaded for it. */
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

/* ---- control ---- */
static inline bool fuzz_is_scalar_int(const fuzz_value *v) { return fuzz_is_exact_int(v) && v->type != DTYPE_U8 && v->type != DTYPE_I8; }

/* An exact 0-d integer: loaded for it. */
static inline const fuzz_value *fuzz_scalar(fuzz_kernel *k, int64_t lo, int64_t hi) {
  dtype t = fuzz_chance(k, 50) ? DTYPE_I32 : DTYPE_I64;
  int axis[FUZZ_AXES], n = fuzz_axes_of(k->hidden, axis);
  int64_t size[FUZZ_RANK] = {4};
  for (int d = 0; d < n; d++)
    size[d] = k->size[axis[d]];
  fuzz_tensor *a = fuzz_argument(k, t, n ? n : 1, size, true);
  for (int64_t i = 0; i < a->elems; i++)
    a->x[i] = (long double)rng_range(&k->r, lo, hi);
  fuzz_value v = fuzz_new(k, t, k->hidden, true);
  int at = n ? 0 : fuzz_pick(k, 4);
  for (int64_t i = 0; i < fuzz_count(k, k->hidden); i++)
    v.x[i] = a->x[i + at];
  const char *name = a->name;
  if (!fuzz_keep(k, v, n ? arena_printf(k->mem, "%s[%s]", name, fuzz_indices(k, k->hidden)) : arena_printf(k->mem, "%s[%d]", name, at)))
    return NULL;
  fuzz_value *kept = arena_alloc(k->mem, sizeof *kept);
  return *kept = v, kept;
}

static inline void fuzz_steps(fuzz_kernel *k, int n);

/* "[tile_m, n]": the dims of a value on these axes. */
static inline const char *fuzz_extents(fuzz_kernel *k, unsigned axes) {
  text t = text_new(k->mem);
  text_add(&t, "[");
  for (int a = 0, first = 1; a < FUZZ_AXES; a++)
    if (axes & ~k->hidden & (1u << a)) {
      text_addf(&t, "%s%s", first ? "" : ", ", k->extent[a]);
      first = 0;
    }
  text_add(&t, "]");
  return text_str(&t);
}

typedef struct fuzz_carried { fuzz_value v; const char *start, *next; } fuzz_carried;

/* acc = acc + v.sum(k), acc = max(acc, v.amax(k)); with one index a round acc = acc * 0.5 + v. */
static inline bool fuzz_carry(fuzz_kernel *k, const fuzz_value *v, const fuzz_value *lo, const fuzz_value *hi, fuzz_carried *out) {
  enum { SUM, MOST, RECURRENCE };
  bool one = k->hidden >> FUZZ_K & 1, is_float = dtype_is_float(v->type);
  int form = fuzz_chance(k, 40) ? MOST : one && is_float && fuzz_chance(k, 50) ? RECURRENCE : SUM;
  dtype t = is_float ? (v->type != DTYPE_F64 && fuzz_chance(k, 60) ? DTYPE_F32 : v->type) : form == SUM && !one ? DTYPE_I64 : v->type;
  fuzz_value r = {fuzz_name(k, "acc"), t, (v->axes | (lo ? lo->axes : 0) | (hi ? hi->axes : 0)) & ~(1u << FUZZ_K), v->exact && (!is_float || form == MOST || (one && t == DTYPE_F64)), NULL};
  r.x = fuzz_array(k, r.axes);
  int64_t at[FUZZ_AXES] = {0};
  long double first = form == MOST ? -100 : form == RECURRENCE ? 1 : t == DTYPE_U8 ? 3 : -2;
  if (t == DTYPE_U8)
    first = 3;
  do {
    long double x = first;
    at[FUZZ_K] = 0;
    do {
      int64_t here[FUZZ_AXES];
      memcpy(here, at, sizeof here);
      if (at[FUZZ_K] < (lo ? (int64_t)fuzz_get(k, lo, here) : 0) || at[FUZZ_K] >= (hi ? (int64_t)fuzz_get(k, hi, here) : k->size[FUZZ_K]))
        continue;
      long double e = fuzz_get(k, v, here);
      if (!fuzz_fits(v->type, t, e))
        return false;
      x = fuzz_wrap(t, form == MOST ? fmaxl(x, e) : form == RECURRENCE ? fuzz_known(v->exact, t, x * 0.5L + e) : fuzz_known(v->exact && one, t, x + e));
      if (!fuzz_sane(t, x))
        return false;
    } while (++at[FUZZ_K] < k->size[FUZZ_K]);
    at[FUZZ_K] = 0;
    r.x[fuzz_at(k, r.axes, at)] = x;
  } while (fuzz_next(k, r.axes, at));
  const char *axis = fuzz_axis_text(k, v, FUZZ_K);
  const char *to = t == v->type || (form == SUM && !one && !is_float) ? "" : arena_printf(k->mem, ".to(torch.%s)", dtype_torch(t));
  const char *part = one ? arena_printf(k->mem, "%s%s", v->name, to) : form == MOST ? arena_printf(k->mem, "torch.amax(%s, dim=%s)%s", v->name, axis, to) :
                     arena_printf(k->mem, "%s%s.sum(%s)", v->name, to, axis);
  out->v = r;
  out->start = arena_printf(k->mem, "%s = hl.full(%s, %d, dtype=torch.%s)", r.name, fuzz_extents(k, r.axes), (int)first, dtype_torch(t));
  out->next = form == MOST ? arena_printf(k->mem, "%s = torch.maximum(%s, %s)", r.name, r.name, part) :
              arena_printf(k->mem, "%s = %s%s + %s", r.name, r.name, form == RECURRENCE ? " * 0.5" : "", part);
  return true;
}

/* acc = addmm(acc, x[tile_m, tile_k], y[tile_k, tile_n]) */
static inline bool fuzz_carry_matmul(fuzz_kernel *k, fuzz_carried *out) {
  static const dtype types[] = {DTYPE_F16, DTYPE_BF16, DTYPE_F32, DTYPE_F32, DTYPE_F64};
  dtype t = types[fuzz_pick(k, 5)], acc = t == DTYPE_F64 ? t : fuzz_chance(k, 70) ? DTYPE_F32 : t;
  if (!fuzz_load(k, t, 1 << FUZZ_M | 1 << FUZZ_K, false))
    return false;
  fuzz_value x = k->values.at[k->values.n - 1];
  if (!fuzz_load(k, t, 1 << FUZZ_K | 1 << FUZZ_N, false))
    return false;
  fuzz_value y = k->values.at[k->values.n - 1], r = {fuzz_name(k, "acc"), acc, 1 << FUZZ_M | 1 << FUZZ_N, false, NULL};
  r.x = fuzz_array(k, r.axes);
  int64_t at[FUZZ_AXES] = {0};
  do {
    long double sum = 0;
    for (at[FUZZ_K] = 0; at[FUZZ_K] < k->size[FUZZ_K]; at[FUZZ_K]++)
      sum += fuzz_get(k, &x, at) * fuzz_get(k, &y, at);
    r.x[fuzz_at(k, r.axes, at)] = sum;
  } while (fuzz_next(k, r.axes, at));
  out->v = r;
  out->start = arena_printf(k->mem, "%s = hl.zeros(%s, dtype=torch.%s)", r.name, fuzz_extents(k, r.axes), dtype_torch(acc));
  out->next = acc == t && fuzz_chance(k, 50) ? arena_printf(k->mem, "%s = torch.addmm(%s, %s, %s.T)", r.name, r.name, x.name, y.name) :
              arena_printf(k->mem, "%s = hl.dot(%s, %s.transpose(0, 1), acc=%s)", r.name, x.name, y.name, r.name);
  return true;
}

/* for tile_k in hl.tile(k): or for j in range(k): with carried values; the bounds may be values. */
static inline bool fuzz_step_loop(fuzz_kernel *k) {
  if (k->scope >> FUZZ_K & 1 || k->when)
    return false;
  bool one = fuzz_chance(k, 30), bounded = fuzz_chance(k, 30);
  const fuzz_value *lo = NULL, *hi = NULL;
  if (bounded && (!(hi = fuzz_scalar(k, 0, k->size[FUZZ_K])) || (fuzz_chance(k, 50) && !(lo = fuzz_scalar(k, 0, k->size[FUZZ_K])))))
    return false;
  const char *name = fuzz_name(k, one ? "j" : "tile_k");
  text before = k->body;
  size_t kept = k->values.n;
  unsigned bit = 1 << FUZZ_K;
  fuzz_carried carried[3];
  int n = 0, want = 1 + fuzz_pick(k, 3);
  k->body = text_new(k->mem);
  k->indent++;
  k->scope |= bit;
  *(one ? &k->hidden : &k->tiled) |= bit;
  k->index[FUZZ_K] = k->extent[FUZZ_K] = name;
  fuzz_load(k, fuzz_types[fuzz_pick(k, FUZZ_TYPES - 1)], k->scope & (bit | (unsigned)fuzz_pick(k, 1 << FUZZ_AXES)), true);
  fuzz_steps(k, 1 + fuzz_pick(k, 4));
  for (int i = 0; i < want; i++) {
    bool can_multiply = !one && !bounded && !k->hidden && (k->scope & FUZZ_ALL) == FUZZ_ALL;
    if (can_multiply && fuzz_chance(k, 40)) {
      n += fuzz_carry_matmul(k, &carried[n]);
      continue;
    }
    const fuzz_value *v = fuzz_choose(k, fuzz_is_number);
    if (v && v->axes & bit && fuzz_carry(k, v, lo, hi, &carried[n]))
      n++;
  }
  for (int i = 0; i < n; i++)
    fuzz_line(k, "%s", carried[i].next);
  k->scope &= ~bit;
  k->hidden &= ~bit;
  k->tiled &= ~bit;
  k->values.n = kept;
  k->indent--;
  text inner = k->body;
  k->body = before;
  if (!n)
    return false;
  for (int i = 0; i < n; i++)
    fuzz_line(k, "%s", carried[i].start);
  const char *range = one ? "range" : "hl.tile";
  if (lo)
    fuzz_line(k, "for %s in %s(%s, %s):", name, range, lo->name, hi->name);
  else
    fuzz_line(k, "for %s in %s(%s):", name, range, hi ? hi->name : "k");
  text_add(&k->body, text_str(&inner));
  for (int i = 0; i < n; i++)
    vec_push(k->mem, &k->values, carried[i].v);
  return true;
}

/* A result of one side of a branch: of a's type and dims. */
static inline bool fuzz_side(fuzz_kernel *k, fuzz_value *a, const char *name, long double *out) {
  const fuzz_value *b = fuzz_choose(k, dtype_is_float(a->type) ? fuzz_is_float : fuzz_is_int);
  bool uses = b && (b->axes & ~a->axes) == 0 && fuzz_promote(a->type, b->type) == a->type && fuzz_same_rules(k, a, b) && fuzz_chance(k, 60);
  int64_t at[FUZZ_AXES] = {0};
  do {
    long double *x = &out[fuzz_at(k, a->axes, at)];
    *x = fuzz_known(a->exact && (!uses || b->exact), a->type, fuzz_wrap(a->type, fuzz_get(k, a, at) + (uses ? fuzz_get(k, b, at) : 3)));
    if (!fuzz_sane(a->type, *x))
      return false;
  } while (fuzz_next(k, a->axes, at));
  a->exact = a->exact && (!uses || b->exact);
  fuzz_line(k, "%s = %s + %s", name, a->name, uses ? fuzz_aligned(k, b, a->axes) : "3");
  return true;
}

static inline void fuzz_store(fuzz_kernel *k, const fuzz_value *v);

static inline void fuzz_take_back(text *t, size_t size) {
  t->size = size;
  if (t->data)
    t->data[size] = 0;
}

/* if c > 1: .. else: .., with a value that both sides give and a store in the first. */
static inline bool fuzz_step_if(fuzz_kernel *k) {
  const fuzz_value *a = fuzz_choose(k, fuzz_is_number);
  if (!a || k->when || k->hidden >> FUZZ_K & 1 || k->tiled >> FUZZ_K & 1)
    return false;
  const fuzz_value *c = fuzz_scalar(k, 0, 3);
  if (!c)
    return false;
  bool other = fuzz_chance(k, 70);
  unsigned axes = a->axes | c->axes;
  if (fuzz_rank(k, axes) != fuzz_rank(k, a->axes))
    return false;
  fuzz_value wide = fuzz_new(k, a->type, axes, a->exact), v = {fuzz_name(k, "v"), a->type, axes, false, NULL}, taken = fuzz_new(k, DTYPE_BOOL, c->axes, true);
  long double *side[2] = {fuzz_array(k, axes), fuzz_array(k, axes)};
  v.x = fuzz_array(k, axes);
  int64_t at[FUZZ_AXES] = {0};
  do
    wide.x[fuzz_at(k, axes, at)] = fuzz_get(k, a, at);
  while (fuzz_next(k, axes, at));
  wide.name = a->name;
  for (int64_t i = 0; i < fuzz_count(k, c->axes); i++)
    taken.x[i] = c->x[i] > 1;
  size_t kept = k->values.n, body = k->body.size, host = k->host.size, results = k->results.n;
  bool ok = true;
  fuzz_line(k, "%s = %s", v.name, a->name);
  fuzz_line(k, "if %s > 1:", c->name);
  k->indent++;
  k->when = &taken;
  fuzz_steps(k, fuzz_pick(k, 3));
  ok = fuzz_side(k, &wide, v.name, side[0]);
  if (ok && k->values.n > kept && fuzz_chance(k, 50))
    fuzz_store(k, &k->values.at[k->values.n - 1]);
  k->values.n = kept;
  k->indent--;
  memcpy(side[1], wide.x, (size_t)fuzz_count(k, axes) * sizeof *wide.x);
  if (ok && other) {
    fuzz_line(k, "else:");
    k->indent++;
    fuzz_steps(k, fuzz_pick(k, 3));
    ok = fuzz_side(k, &wide, v.name, side[1]);
    k->indent--;
  }
  k->values.n = kept;
  k->when = NULL;
  if (!ok) {
    fuzz_take_back(&k->body, body);
    fuzz_take_back(&k->host, host);
    k->results.n = results;
    return false;
  }
  memset(at, 0, sizeof at);
  v.exact = wide.exact && (!dtype_is_float(a->type) || a->type == DTYPE_F64);
  do {
    int64_t o = fuzz_at(k, axes, at);
    v.x[o] = side[fuzz_get(k, &taken, at) != 0 ? 0 : 1][o];
  } while (fuzz_next(k, axes, at));
  vec_push(k->mem, &k->values, v);
  return true;
}

/* while c < s: a = a * 0.5 + 1 */
static inline bool fuzz_step_while(fuzz_kernel *k) {
  const fuzz_value *a = fuzz_choose(k, fuzz_is_float);
  const fuzz_value *s = a && !k->when ? fuzz_scalar(k, -1, 3) : NULL;
  if (!s)
    return false;
  unsigned axes = a->axes | s->axes;
  fuzz_value v = {fuzz_name(k, "v"), a->type, axes, a->exact && a->type == DTYPE_F64, fuzz_array(k, axes)};
  const char *count = fuzz_name(k, "count");
  int64_t at[FUZZ_AXES] = {0};
  do {
    long double x = fuzz_get(k, a, at);
    for (int64_t i = 0; i < (int64_t)fuzz_get(k, s, at); i++)
      x = fuzz_known(a->exact, a->type, x * 0.5L + 1);
    v.x[fuzz_at(k, axes, at)] = x;
  } while (fuzz_next(k, axes, at));
  fuzz_line(k, "%s = %s", v.name, a->name);
  fuzz_line(k, "%s = hl.full([], 0, dtype=torch.%s)", count, dtype_torch(s->type));
  fuzz_line(k, "while %s < %s:", count, s->name);
  fuzz_line(k, "    %s = %s * 0.5 + 1", v.name, v.name);
  fuzz_line(k, "    %s = %s + 1", count, count);
  vec_push(k->mem, &k->values, v);
  return true;
}

/* ---- results ---- */
static inline void fuzz_add_result(fuzz_kernel *k, fuzz_tensor t, const char *made) {
  text_addf(&k->host, "    %s = %s\n", t.name, made);
  vec_push(k->mem, &k->results, t);
}

static inline const char *fuzz_sizes(fuzz_kernel *k, unsigned axes, const char *first) {
  text t = text_new(k->mem);
  text_add(&t, first);
  for (int a = 0; a < FUZZ_AXES; a++)
    if (axes >> a & 1)
      text_addf(&t, "%s%c", t.size ? ", " : "", "mnk"[a]);
  return text_str(&t);
}

/* o[tile_m, tile_n] = v, cast to the type of o. */
static inline void fuzz_store(fuzz_kernel *k, const fuzz_value *v) {
  unsigned axes = v->axes | k->grid;
  dtype t = fuzz_chance(k, 60) ? v->type : fuzz_types[fuzz_pick(k, FUZZ_TYPES)];
  for (int64_t i = 0; i < fuzz_count(k, v->axes); i++)
    if (!fuzz_cast_fits(v, t, v->x[i]) || !fuzz_sane(t, fuzz_cast(v, t, v->x[i])))
      t = v->type;
  fuzz_tensor o = {.name = arena_printf(k->mem, "o%zu", k->results.n), .type = t, .elems = fuzz_count(k, axes), .axes = axes, .exact = v->exact && (!dtype_is_float(t) || t == v->type)};
  int axis[FUZZ_AXES];
  o.rank = fuzz_axes_of(axes, axis);
  for (int d = 0; d < o.rank; d++)
    o.size[d] = k->size[axis[d]];
  o.x = fuzz_array(k, axes);
  int64_t at[FUZZ_AXES] = {0};
  do
    o.x[fuzz_at(k, axes, at)] = k->when && fuzz_get(k, k->when, at) == 0 ? 0 : fuzz_cast(v, t, fuzz_get(k, v, at));
  while (fuzz_next(k, axes, at));
  fuzz_line(k, "%s[%s] = %s", o.name, fuzz_indices(k, axes), fuzz_aligned(k, v, axes));
  fuzz_add_result(k, o, arena_printf(k->mem, "torch.%s([%s], dtype=torch.%s)", k->when ? "zeros" : fuzz_chance(k, 50) ? "empty" : "zeros", fuzz_sizes(k, axes, ""), dtype_torch(t)));
}

/* hl.atomic_add(o, [idx % rows, :], v): every place of v once, several to one place of o. */
static inline bool fuzz_step_atomic(fuzz_kernel *k) {
  static const struct { const char *name; long double (*f)(long double, long double); int start; bool floats; } kinds[] = {
      {"add", fuzz_add, 0, true}, {"add", fuzz_add, 0, true}, {"max", fuzz_max, 0, true}, {"min", fuzz_min, 1, true}, {"or", fuzz_or, 0, false}, {"and", fuzz_and, -1, false}, {"xor", fuzz_xor, 5, false}};
  static const dtype types[] = {DTYPE_F32, DTYPE_I32, DTYPE_I64, DTYPE_F16, DTYPE_BF16, DTYPE_F64};
  const fuzz_value *idx = fuzz_choose(k, fuzz_is_gatherable);
  int kind = fuzz_pick(k, 7);
  dtype t = types[kinds[kind].floats ? fuzz_pick(k, 6) : 1 + fuzz_pick(k, 2)];
  unsigned later = idx ? ~((2u << __builtin_ctz(idx->axes)) - 1) : 0, loop = k->hidden | k->tiled;
  if (!idx || k->when || (idx->axes & k->hidden) || loop >> FUZZ_K & 1 || (k->grid & ~(idx->axes | later)))
    return false;
  const fuzz_value *v = fuzz_choose(k, fuzz_is_number);
  unsigned axes = idx->axes | (k->grid & later) | (v ? v->axes : 0), rest = axes & ~idx->axes;
  if (!v || v->type != t || (axes & ~(idx->axes | later)))
    return false;
  int64_t rows = 1 + fuzz_pick(k, 6), at[FUZZ_AXES] = {0}, inner = fuzz_count(k, rest);
  int axis[FUZZ_AXES], n = fuzz_axes_of(rest, axis);
  fuzz_tensor o = {.name = arena_printf(k->mem, "o%zu", k->results.n), .type = t, .rank = n + 1, .size = {rows}, .elems = rows * inner};
  for (int d = 0; d < n; d++)
    o.size[d + 1] = k->size[axis[d]];
  o.x = arena_array(k->mem, (size_t)o.elems, sizeof *o.x);
  for (int64_t i = 0; i < o.elems; i++)
    o.x[i] = kinds[kind].start;
  do {
    int64_t row = (int64_t)fuzz_get(k, idx, at) % rows;
    long double *to = &o.x[(row < 0 ? row + rows : row) * inner + fuzz_at(k, rest, at)];
    *to = fuzz_wrap(t, kinds[kind].f(*to, fuzz_get(k, v, at)));
    if (!fuzz_sane(t, *to))
      return false;
  } while (fuzz_next(k, axes, at));
  fuzz_line(k, "hl.atomic_%s(%s, [%s %% %d%s%s], %s)", kinds[kind].name, o.name, idx->name, (int)rows, n ? ", " : "", fuzz_index_list(k, rest, "slice(None)"), fuzz_aligned(k, v, axes));
  fuzz_add_result(k, o, arena_printf(k->mem, "torch.full([%s], %d, dtype=torch.%s)", fuzz_sizes(k, rest, arena_printf(k->mem, "%d", (int)rows)), kinds[kind].start, dtype_torch(t)));
  return true;
}

/* What the loops before stored. */
static inline bool fuzz_step_load_result(fuzz_kernel *k) {
  if (!k->results.n)
    return false;
  fuzz_tensor o = k->results.at[fuzz_pick(k, (int)k->results.n)];
  if (!o.axes || (o.axes & ~k->scope) || text_starts(o.name, "v") || strstr(text_str(&k->body), arena_printf(k->mem, " %s[", o.name)) == NULL)
    return false;
  fuzz_value v = {fuzz_name(k, "v"), o.type, o.axes, o.exact, o.x};
  return fuzz_keep(k, v, arena_printf(k->mem, "%s[%s]", o.name, fuzz_indices(k, o.axes)));
}

/* ---- kernels ---- */
typedef bool fuzz_step(fuzz_kernel *k);
static inline void fuzz_steps(fuzz_kernel *k, int n) {
  static fuzz_step *const steps[] = {fuzz_step_load, fuzz_step_load, fuzz_step_masked_load, fuzz_step_gather, fuzz_step_index, fuzz_step_unary, fuzz_step_unary, fuzz_step_unary,
                                     fuzz_step_binary, fuzz_step_binary, fuzz_step_binary, fuzz_step_binary, fuzz_step_scalar, fuzz_step_scalar, fuzz_step_shift, fuzz_step_where,
                                     fuzz_step_where, fuzz_step_cast, fuzz_step_fold, fuzz_step_fold, fuzz_step_scan, fuzz_step_matmul, fuzz_step_loop, fuzz_step_loop, fuzz_step_if,
                                     fuzz_step_while, fuzz_step_atomic, fuzz_step_atomic};
  for (int taken = 0, tries = 0; taken < n && tries < 20 * n; tries++)
    taken += steps[fuzz_pick(k, (int)(sizeof steps / sizeof *steps))](k);
}

/* One nest of loops: the axes are drawn, then steps, then stores of some of the values. */
static inline void fuzz_nest(fuzz_kernel *k, int steps, bool again) {
  static const char *const tile[] = {"tile_m", "tile_n", "tile_k"}, *const one[] = {"i", "j", "h"}, *const size[] = {"m", "n", "k"};
  k->scope = k->tiled = k->full = k->hidden = 0;
  for (int a = 0; a < FUZZ_AXES; a++) {
    int form = a == FUZZ_M ? fuzz_pick(k, 10) / 7 * 2 : a == FUZZ_N ? fuzz_pick(k, 10) / 4 : fuzz_chance(k, 40) ? 1 : 3;   /* tiled, whole, one, absent */
    unsigned bit = 1u << a;
    *(form == 0 ? &k->tiled : form == 1 ? &k->full : form == 2 ? &k->hidden : &k->grid) |= bit;
    k->scope |= form == 3 ? 0 : bit;
    k->index[a] = form == 0 ? tile[a] : form == 2 ? one[a] : ":";
    k->extent[a] = form == 0 ? tile[a] : size[a];
  }
  k->grid = k->tiled | k->hidden;
  k->values.n = 0;
  k->indent = 1;
  for (int grid = 1; grid >= 0; grid--) {
    unsigned axes = grid ? k->hidden : k->tiled;
    int axis[FUZZ_AXES], n = fuzz_axes_of(axes, axis);
    if (n == 1)
      fuzz_line(k, "for %s in hl.%s(%s):", k->index[axis[0]], grid ? "grid" : "tile", size[axis[0]]);
    else if (n == 2)
      fuzz_line(k, "for %s, %s in hl.%s([%s, %s]):", k->index[axis[0]], k->index[axis[1]], grid ? "grid" : "tile", size[axis[0]], size[axis[1]]);
    k->indent += n > 0;
  }
  fuzz_load(k, fuzz_types[fuzz_pick(k, FUZZ_TYPES - 1)], k->scope, false);
  for (int i = 0; again && i < 3; i++)
    fuzz_step_load_result(k);
  fuzz_steps(k, steps);
  int stores = 1 + fuzz_pick(k, 4);
  for (size_t i = k->values.n; i-- > 0 && stores > 0;)
    if (i == k->values.n - 1 || fuzz_chance(k, 50)) {
      fuzz_value v = k->values.at[i];
      fuzz_store(k, &v);
      stores--;
    }
}

/* Whole-tensor computation behind the loops: its values are results too. */
static inline void fuzz_after(fuzz_kernel *k, int steps) {
  static fuzz_step *const of_host[] = {fuzz_step_unary, fuzz_step_binary, fuzz_step_binary, fuzz_step_scalar, fuzz_step_where, fuzz_step_cast, fuzz_step_fold};
  k->scope = k->full = FUZZ_ALL;
  k->tiled = k->hidden = k->grid = 0;
  k->indent = 1;
  k->values.n = 0;
  for (size_t i = 0; i < k->results.n; i++)
    if (k->results.at[i].axes)
      vec_push(k->mem, &k->values, ((fuzz_value){k->results.at[i].name, k->results.at[i].type, k->results.at[i].axes, k->results.at[i].exact, k->results.at[i].x}));
  size_t given = k->values.n;
  for (int taken = 0, tries = 0; given && taken < steps && tries < 20 * steps; tries++)
    taken += of_host[fuzz_pick(k, (int)(sizeof of_host / sizeof *of_host))](k);
  for (size_t i = given; i < k->values.n; i++) {
    const fuzz_value *v = &k->values.at[i];
    fuzz_tensor o = {.name = v->name, .type = v->type, .elems = fuzz_count(k, v->axes), .axes = v->axes, .x = v->x};
    int axis[FUZZ_AXES];
    o.rank = fuzz_axes_of(v->axes, axis);
    for (int d = 0; d < o.rank; d++)
      o.size[d] = k->size[axis[d]];
    vec_push(k->mem, &k->results, o);
  }
}

/* The kernel of `seed`, with at most `limit` steps a nest. */
static inline fuzz_kernel *fuzz_make(arena *mem, uint64_t seed, int limit) {
  fuzz_kernel *k = arena_alloc(mem, sizeof *k);
  *k = (fuzz_kernel){.mem = mem, .r = rng_new(seed), .host = text_new(mem), .body = text_new(mem)};
  for (int a = 0; a < FUZZ_AXES; a++)
    k->size[a] = 1 + fuzz_pick(k, fuzz_chance(k, 20) ? 17 : 7);
  fuzz_argument(k, DTYPE_F32, FUZZ_RANK, k->size, true);
  int nests = fuzz_chance(k, 25) ? 2 : 1, steps = 3 + fuzz_pick(k, 12);
  bool after = fuzz_chance(k, 25);
  for (int i = 0; i < nests; i++) {
    if (i)
      text_add(&k->body, "    hl.barrier()\n");
    fuzz_nest(k, steps < limit ? steps : limit, i > 0);
  }
  if (after)
    fuzz_after(k, limit < 4 ? limit : 4);
  text s = text_new(mem);
  text_add(&s, "import torch\n\nimport helion\nimport helion.language as hl\n\n\n@helion.kernel()\ndef fuzz(");
  for (size_t i = 0; i < k->args.n; i++)
    text_addf(&s, "%s%s: torch.Tensor", i ? ", " : "", k->args.at[i].name);
  text_addf(&s, "):\n    m, n, k = a0.size()\n%s%s    return ", text_str(&k->host), text_str(&k->body));
  for (size_t i = 0; i < k->results.n; i++)
    text_addf(&s, "%s%s", i ? ", " : "", k->results.at[i].name);
  text_add(&s, "\n");
  k->source = text_str(&s);
  return k;
}
#endif
