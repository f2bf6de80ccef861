/* Random Helion kernels with their results: what compile_fuzz_test.c compiles; included by it only.  Here: values, arguments and loads; then
 * compile_fuzz_steps.h (operations) and compile_fuzz_kernels.h (loops, branches, results, whole kernels).
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
  bool wild;                                  /* floats may be NaN, infinite, subnormal or huge: what is computed here is then not looked at */
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
static inline bool fuzz_sane(const fuzz_kernel *k, dtype t, long double x) {
  if (k->wild && dtype_is_float(t))
    return true;
  long double most = t == DTYPE_F8E4M3 ? 400 : t == DTYPE_F16 || t == DTYPE_F8E5M2 ? 3e4L : t == DTYPE_I64 ? 0x1p50L : dtype_is_float(t) ? 1e9L : 0x1p62L;
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
    if (!fuzz_sane(k, v.type, v.x[i]))
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
  static const double odd[] = {NAN, INFINITY, -INFINITY, -0.0, 0, 1e-40, -3e-42, 6e-8, 65504, 7e4, 3.4e38, -3e38, 1e20, 1e-30, 88.5, -103, 709};
  unsigned char bytes[8];
  if (k->wild && fuzz_chance(k, 25)) {
    dtype_store(t, bytes, odd[fuzz_pick(k, (int)(sizeof odd / sizeof *odd))]);
    return (long double)dtype_load(t, bytes);
  }
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
  fuzz_value v = fuzz_new(k, dtype_is_f8(t) ? DTYPE_F32 : t, axes, true);   /* nothing is computed in float8 */
  int64_t at[FUZZ_AXES] = {0};
  do {
    int64_t o = 0;
    for (int d = 0; d < n; d++)
      o = o * size[d] + (turned ? at[axis[n - 1 - d]] : at[axis[d]] + off[d]);
    v.x[fuzz_at(k, axes, at)] = a.x[o];
  } while (fuzz_next(k, axes, at));
  return fuzz_keep(k, v, arena_printf(k->mem, "%s[%s]%s", name, fuzz_indices(k, axes), dtype_is_f8(t) ? ".to(torch.float32)" : ""));
}

static inline dtype fuzz_f8(fuzz_kernel *k) { return fuzz_chance(k, 50) ? DTYPE_F8E4M3 : DTYPE_F8E5M2; }
static inline bool fuzz_step_load(fuzz_kernel *k) { return fuzz_load(k, fuzz_chance(k, 5) ? fuzz_f8(k) : fuzz_types[fuzz_pick(k, FUZZ_TYPES)], fuzz_some_axes(k), fuzz_chance(k, 40)); }

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
#endif
