/* Values, arguments and loads of random kernels. */
#include "gen_private.h"

/* ---- arrays over axes ---- */
int64_t gen_count(const gen_kernel *k, unsigned axes) {
  int64_t n = 1;
  for (int a = 0; a < GEN_AXES; a++)
    n *= axes >> a & 1 ? k->size[a] : 1;
  return n;
}

int64_t gen_at(const gen_kernel *k, unsigned axes, const int64_t *at) {
  int64_t o = 0;
  for (int a = 0; a < GEN_AXES; a++)
    if (axes >> a & 1)
      o = o * k->size[a] + at[a];
  return o;
}

/* Steps over the places of `axes` in row-major order; false after the last. */
bool gen_next(const gen_kernel *k, unsigned axes, int64_t *at) {
  for (int a = GEN_AXES - 1; a >= 0; a--) {
    if (!(axes >> a & 1))
      continue;
    if (++at[a] < k->size[a])
      return true;
    at[a] = 0;
  }
  return false;
}

long double *gen_array(gen_kernel *k, unsigned axes) { return arena_array(k->mem, (size_t)gen_count(k, axes), sizeof(long double)); }
long double gen_get(const gen_kernel *k, const gen_value *v, const int64_t *at) { return v->x[gen_at(k, v->axes, at)]; }

const char gen_letter[GEN_AXES] = {'b', 'c', 'm', 'n', 'k'};

/* ---- chance ---- */
int gen_pick(gen_kernel *k, int n) { return (int)rng_range(&k->r, 0, n - 1); }
bool gen_chance(gen_kernel *k, int percent) { return gen_pick(k, 100) < percent; }

/* ---- numbers, by PyTorch's rules ---- */
long double gen_wrap(dtype t, long double x) {
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
bool gen_sane(const gen_kernel *k, dtype t, long double x) {
  if (k->wild && dtype_is_float(t))
    return true;
  long double most = t == DTYPE_F8E4M3 ? 400 : t == DTYPE_F16 || t == DTYPE_F8E5M2 ? 3e4L : t == DTYPE_I64 ? 0x1p50L : dtype_is_float(t) ? 1e9L : 0x1p62L;
  return fabsl(x) <= most && (x == 0 || !dtype_is_float(t) || fabsl(x) > 1e-30L);
}

dtype gen_promote(dtype a, dtype b) {
  static const char rank[DTYPE_COUNT] = {[DTYPE_BOOL] = 0, [DTYPE_U8] = 1, [DTYPE_I8] = 1, [DTYPE_I16] = 2, [DTYPE_I32] = 3, [DTYPE_I64] = 4,
                                         [DTYPE_F16] = 5, [DTYPE_BF16] = 5, [DTYPE_F32] = 6, [DTYPE_F64] = 7};
  if (a == b)
    return a;
  if (rank[a] == rank[b])
    return rank[a] == 5 ? DTYPE_F32 : DTYPE_I16;
  return rank[a] > rank[b] ? a : b;
}

/* `form` with its first "%s" replaced by `a`, its second by `b`. */
const char *gen_format(gen_kernel *k, const char *form, const char *a, const char *b) {
  text t = text_new(k->mem);
  for (const char *at; (at = strstr(form, "%s")); form = at + 2, a = b) {
    text_add_bytes(&t, form, (size_t)(at - form));
    text_add(&t, a);
  }
  text_add(&t, form);
  return text_str(&t);
}

/* A correctly rounded operation on known numbers of f64 gives a known number (the interpreter computes in double). */
long double gen_known(bool exact, dtype t, long double x) { return exact && t == DTYPE_F64 ? (long double)(double)x : x; }

/* ---- what every engine has ---- */
bool gen_is_held(dtype t, long double x) {
  unsigned char bytes[8];
  if (!dtype_is_float(t))
    return true;
  if ((long double)(double)x != x)
    return false;
  dtype_store(t, bytes, (double)x);
  return (long double)dtype_load(t, bytes) == x;
}

bool gen_all_held(const gen_kernel *k, const gen_value *v) {
  for (int64_t i = 0; i < gen_count(k, v->axes); i++)
    if (!gen_is_held(v->type, v->x[i]))
      return false;
  return true;
}

void gen_sum_add(gen_sum *s, long double term) {
  int e;
  s->total += fabsl(term);
  if (term == 0 || !isfinite(term))
    return;
  const uint64_t bits = (uint64_t)ldexpl(frexpl(fabsl(term), &e), 64);
  const int lowest = e - 64 + __builtin_ctzll(bits);
  s->lowest = !s->any || lowest < s->lowest ? lowest : s->lowest;
  s->any = true;
}

bool gen_sum_is_exact(const gen_sum *s, dtype t) {
  static const int digits[DTYPE_COUNT] = {[DTYPE_F16] = 11, [DTYPE_BF16] = 8, [DTYPE_F32] = 24, [DTYPE_F64] = 53};
  return s->total == 0 || (s->any && isfinite(s->total) && s->lowest >= -14 && s->total <= ldexpl(1, digits[t] + s->lowest));
}

/* ---- values ---- */
const char *gen_name(gen_kernel *k, const char *prefix) { return arena_printf(k->mem, "%s%d", prefix, k->names++); }

void gen_line(gen_kernel *k, const char *fmt, ...) {
  va_list ap;
  text_addf(&k->body, "%*s", k->indent * 4, "");
  va_start(ap, fmt);
  text_vaddf(&k->body, fmt, ap);
  va_end(ap);
  text_add(&k->body, "\n");
}

gen_value gen_new(gen_kernel *k, dtype t, unsigned axes, bool exact) {
  return (gen_value){gen_name(k, "v"), t, axes, exact, gen_array(k, axes)};
}

/* Takes the value into the scope unless a number of it is out of range. */
bool gen_keep(gen_kernel *k, gen_value v, const char *expression) {
  for (int64_t i = 0; i < gen_count(k, v.axes); i++)
    if (!gen_sane(k, v.type, v.x[i]))
      return false;
  gen_line(k, "%s = %s", v.name, expression);
  vec_push(k->mem, &k->values, v);
  return true;
}

int gen_rank(const gen_kernel *k, unsigned axes) { return __builtin_popcount(axes & ~k->hidden); }

/* Place of the axis among the dims of a value. */
int gen_dim(const gen_kernel *k, unsigned axes, int axis) { return __builtin_popcount(axes & ~k->hidden & ((1u << axis) - 1)); }

/* The value's text with dims of size 1 where `axes` has more; sometimes leading ones are left to broadcasting. */
const char *gen_aligned(gen_kernel *k, const gen_value *v, unsigned axes) {
  unsigned own = v->axes & ~k->hidden, all = axes & ~k->hidden;
  if (own == all || !own)
    return v->name;
  text t = text_new(k->mem);
  bool leading = gen_chance(k, 50), any = false;
  text_addf(&t, "%s[", v->name);
  for (int a = 0, first = 1; a < GEN_AXES; a++) {
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

bool gen_is_unused(const gen_kernel *k, const gen_value *v) {
  const size_t n = strlen(v->name);
  int lines = 0;
  for (const char *at = text_str(&k->body); (at = strstr(at, v->name)); at += n)
    lines += at > text_str(&k->body) && strchr(" ([-~", at[-1]) && !(at[n] >= '0' && at[n] <= '9');
  return lines <= 1;
}

bool gen_any(const gen_value *v) { return v != NULL; }
bool gen_is_float(const gen_value *v) { return dtype_is_float(v->type); }
bool gen_is_int(const gen_value *v) { return !dtype_is_float(v->type) && v->type != DTYPE_BOOL; }
bool gen_is_number(const gen_value *v) { return v->type != DTYPE_BOOL; }
bool gen_is_bool(const gen_value *v) { return v->type == DTYPE_BOOL; }
bool gen_is_exact_bool(const gen_value *v) { return v->type == DTYPE_BOOL && v->exact; }
bool gen_is_exact_int(const gen_value *v) { return gen_is_int(v) && v->exact; }

/* One of the values that pass, later ones more often; NULL: there is none. */
const gen_value *gen_choose(gen_kernel *k, gen_filter *f) {
  int n = 0;
  for (size_t i = 0; i < k->values.n; i++)
    n += f(&k->values.at[i]);
  if (!n)
    return NULL;
  int at = gen_pick(k, n), again = gen_pick(k, n);
  at = again > at ? again : at;
  for (size_t i = 0;; i++)
    if (f(&k->values.at[i]) && at-- == 0) {
      gen_value *copy = arena_alloc(k->mem, sizeof *copy);   /* the vector may move */
      return *copy = k->values.at[i], copy;
    }
}

/* ---- arguments and loads ---- */
/* One row a type: the feature that a seed needs to have it (GEN_FEATURES: none), and how often it comes beside others. */
static const struct { dtype type; gen_feature feature; int weight; } gen_types[] = {
    {DTYPE_F32, GEN_FEATURES, 3}, {DTYPE_F16, GEN_HAS_F16, 2}, {DTYPE_BF16, GEN_HAS_BF16, 2}, {DTYPE_F64, GEN_HAS_F64, 1}, {DTYPE_I32, GEN_HAS_I32, 2}, {DTYPE_I64, GEN_HAS_I64, 1},
    {DTYPE_I16, GEN_HAS_I16, 1}, {DTYPE_I8, GEN_HAS_I8, 1}, {DTYPE_U8, GEN_HAS_U8, 1}, {DTYPE_BOOL, GEN_HAS_BOOL, 1}};

static dtype gen_draw_type(gen_kernel *k, bool with_ints, bool with_bool) {
  int sum = 0, at = 0;
  for (int pass = 0;; pass++) {
    if (pass)
      at = gen_pick(k, sum);
    for (int i = 0; i < GEN_COUNT(gen_types); i++) {
      dtype t = gen_types[i].type;
      bool may = (gen_types[i].feature == GEN_FEATURES || gen_has(k, gen_types[i].feature)) && (dtype_is_float(t) || (t == DTYPE_BOOL ? with_bool : with_ints));
      if (pass && may && (at -= gen_types[i].weight) < 0)
        return t;
      sum += may && !pass ? gen_types[i].weight : 0;
    }
  }
}
dtype gen_type(gen_kernel *k, bool with_bool) { return gen_draw_type(k, true, with_bool); }
dtype gen_float_type(gen_kernel *k) { return gen_draw_type(k, false, false); }
dtype gen_f8(gen_kernel *k) { return gen_chance(k, 50) ? DTYPE_F8E4M3 : DTYPE_F8E5M2; }

static long double gen_number(gen_kernel *k, dtype t, bool small) {
  if (t == DTYPE_BOOL)
    return gen_pick(k, 2);
  if (!dtype_is_float(t)) {
    int64_t lo = t == DTYPE_U8 ? 0 : small || t > DTYPE_U8 ? -9 : -128, hi = small || t > DTYPE_U8 ? 9 : t == DTYPE_U8 ? 255 : 127;
    return (long double)rng_range(&k->r, lo, hi);
  }
  static const double odd[] = {NAN, INFINITY, -INFINITY, -0.0, 0, 1e-40, -3e-42, 6e-8, 65504, 7e4, 3.4e38, -3e38, 1e20, 1e-30, 88.5, -103, 709};
  unsigned char bytes[8];
  if (k->wild && gen_chance(k, 25)) {
    dtype_store(t, bytes, odd[gen_pick(k, (int)(sizeof odd / sizeof *odd))]);
    return (long double)dtype_load(t, bytes);
  }
  if (k->whole)
    return (long double)((gen_pick(k, 2) ? 1 : -1) * (1 + gen_pick(k, 2)));
  double x = small ? (double)rng_range(&k->r, -8, 8) / 4 : rng_normal(&k->r) * (gen_chance(k, 5) ? 100 : 1);
  dtype_store(t, bytes, x == 0 ? 0.5 : x);
  return (long double)dtype_load(t, bytes);
}

gen_tensor *gen_argument(gen_kernel *k, dtype t, int rank, const int64_t *size, bool small) {
  gen_tensor a = {.name = arena_printf(k->mem, "a%zu", k->args.n), .type = t, .rank = rank, .elems = 1, .exact = true};
  for (int d = 0; d < rank; d++)
    a.elems *= a.size[d] = size[d];
  a.x = arena_array(k->mem, (size_t)a.elems, sizeof *a.x);
  for (int64_t i = 0; i < a.elems; i++)
    a.x[i] = gen_number(k, t, small);
  vec_push(k->mem, &k->args, a);
  return &k->args.at[k->args.n - 1];
}

int gen_axes_of(unsigned axes, int *out) {
  int n = 0;
  for (int a = 0; a < GEN_AXES; a++)
    if (axes >> a & 1)
      out[n++] = a;
  return n;
}

/* "tile_m, :" of the axes, in order; `whole` is how a whole dim is written: ":", in lists "slice(None)". */
const char *gen_index_list(gen_kernel *k, unsigned axes, const char *whole) {
  text t = text_new(k->mem);
  for (int a = 0, first = 1; a < GEN_AXES; a++)
    if (axes >> a & 1) {
      text_addf(&t, "%s%s", first ? "" : ", ", text_eq(k->index[a], ":") ? whole : k->index[a]);
      first = 0;
    }
  return text_str(&t);
}
const char *gen_indices(gen_kernel *k, unsigned axes) { return gen_index_list(k, axes, ":"); }

/* Axes for a load: mostly those of the loops. */
static unsigned gen_some_axes(gen_kernel *k) {
  unsigned axes = gen_chance(k, 60) ? k->scope : k->scope & (unsigned)gen_pick(k, 1 << GEN_AXES);
  return axes ? axes : k->scope;
}

/* x[tile_m, tile_n] of a new argument, which may be larger or turned round on the host. */
bool gen_load(gen_kernel *k, dtype t, unsigned axes, bool small) {
  int axis[GEN_AXES], n = gen_axes_of(axes, axis), form = gen_pick(k, 5);
  int64_t size[GEN_RANK] = {0}, off[GEN_RANK] = {0};
  bool turned = form == 0 && n > 1 && gen_has(k, GEN_HAS_TURNED_VIEW), larger = form == 1 && gen_has(k, GEN_HAS_PART_VIEW);
  for (int d = 0; d < n; d++) {
    size[turned ? n - 1 - d : d] = k->size[axis[d]] + (larger ? 3 : 0);
    off[d] = larger ? gen_pick(k, 4) : 0;
  }
  gen_tensor a = *gen_argument(k, t, n, size, small);
  const char *name = a.name;
  if (turned || larger) {
    name = arena_printf(k->mem, "%s_view", a.name);
    text_addf(&k->host, "    %s = %s", name, a.name);
    if (turned)
      text_add(&k->host, n == 2 ? ".T" : n == 3 ? ".permute(2, 1, 0)" : n == 4 ? ".permute(3, 2, 1, 0)" : ".permute(4, 3, 2, 1, 0)");
    for (int d = 0; larger && d < n; d++) {
      text_addf(&k->host, off[d] < 3 ? "%s%d:%d" : "%s%d:", d ? ", " : "[", (int)off[d], (int)off[d] - 3);
    }
    text_add(&k->host, larger ? "]\n" : "\n");
  }
  if (!turned && !larger && !dtype_is_f8(t) && (axes & ~(k->grid | k->full)) == 0 && (axes & k->grid) == k->grid)
    vec_push(k->mem, &k->loaded, ((gen_loaded){(int)k->args.n - 1, axes}));
  gen_value v = gen_new(k, dtype_is_f8(t) ? DTYPE_F32 : t, axes, true);   /* nothing is computed in float8 */
  int64_t at[GEN_AXES] = {0};
  do {
    int64_t o = 0;
    for (int d = 0; d < n; d++)
      o = o * size[d] + (turned ? at[axis[n - 1 - d]] : at[axis[d]] + off[d]);
    v.x[gen_at(k, axes, at)] = a.x[o];
  } while (gen_next(k, axes, at));
  return gen_keep(k, v, arena_printf(k->mem, "%s[%s]%s", name, gen_indices(k, axes), dtype_is_f8(t) ? ".to(torch.float32)" : ""));
}

bool gen_step_load(gen_kernel *k) {
  return gen_load(k, gen_has(k, GEN_HAS_F8) && gen_chance(k, 10) ? gen_f8(k) : gen_type(k, true), gen_some_axes(k), gen_chance(k, 40));
}

/* hl.load with a mask. */
bool gen_step_masked_load(gen_kernel *k) {
  const gen_value *mask = gen_choose(k, gen_is_exact_bool);
  unsigned axes = mask ? mask->axes | gen_some_axes(k) : 0;
  int axis[GEN_AXES], n = gen_axes_of(axes, axis);
  if (!mask || !gen_rank(k, axes))
    return false;
  int64_t size[GEN_RANK], at[GEN_AXES] = {0};
  for (int d = 0; d < n; d++)
    size[d] = k->size[axis[d]];
  dtype t = gen_type(k, false);
  gen_tensor a = *gen_argument(k, t, n, size, false);
  gen_value v = gen_new(k, t, axes, true);
  do {
    int64_t o = gen_at(k, axes, at);
    v.x[o] = gen_get(k, mask, at) != 0 ? a.x[o] : 0;
  } while (gen_next(k, axes, at));
  return gen_keep(k, v, arena_printf(k->mem, "hl.load(%s, [%s], extra_mask=%s)", a.name, gen_index_list(k, axes, "slice(None)"), gen_aligned(k, mask, axes)));
}

/* table[index[tile_m], tile_n]: the index is an argument, its numbers are in the table and may repeat. */
bool gen_step_lookup(gen_kernel *k) {
  const unsigned may = k->scope & k->tiled;
  int axis[GEN_AXES], n = gen_axes_of(may, axis);
  if (!n)
    return false;
  const int own = axis[gen_pick(k, n)];
  const unsigned others = k->scope & (unsigned)gen_pick(k, 1 << GEN_AXES) & ~GEN_BIT(own), axes = others | GEN_BIT(own);
  const int64_t rows = 1 + gen_pick(k, 40);
  int64_t size[GEN_RANK], at[GEN_AXES] = {0};
  gen_tensor index = *gen_argument(k, gen_chance(k, 50) ? DTYPE_I32 : DTYPE_I64, 1, &k->size[own], true);
  for (int64_t i = 0; i < index.elems; i++)
    index.x[i] = gen_pick(k, (int)rows);
  n = gen_axes_of(axes, axis);
  for (int d = 0; d < n; d++)
    size[d] = axis[d] == own ? rows : k->size[axis[d]];
  const dtype t = gen_type(k, true);
  const gen_tensor a = *gen_argument(k, t, n, size, false);
  const gen_value v = gen_new(k, t, axes, true);
  do {
    int64_t o = 0;
    for (int d = 0; d < n; d++)
      o = o * size[d] + (axis[d] == own ? (int64_t)index.x[at[own]] : at[axis[d]]);
    v.x[gen_at(k, axes, at)] = a.x[o];
  } while (gen_next(k, axes, at));
  const char *tile = k->index[own];
  k->index[own] = arena_printf(k->mem, "%s[%s]", index.name, tile);
  const char *indices = gen_indices(k, axes);
  k->index[own] = tile;
  return gen_keep(k, v, arena_printf(k->mem, "%s[%s]", a.name, indices));
}

/* table[idx, tile_n], table[tile_m, idx]: idx = an exact integer of one axis, brought into the table; what it says may repeat.  table[p, q] with one for each of two dims. */
bool gen_is_gatherable(const gen_value *v) { return gen_is_exact_int(v) && v->type != DTYPE_U8 && v->type != DTYPE_I8 && __builtin_popcount(v->axes) == 1; }
/* table[p % 5, q % 3], each of an axis of its own: two indices of rank 1 over one axis are no pairs, each gives its own dim. */
static bool gen_two_indices(gen_kernel *k, const gen_value *p) {
  const gen_value *q = gen_choose(k, gen_is_gatherable);
  if (!q || q->axes & k->hidden || q->axes == p->axes || q->type != p->type)
    return false;
  const int64_t size[] = {1 + gen_pick(k, 6), 1 + gen_pick(k, 6)};
  const dtype t = gen_type(k, true);
  const gen_tensor a = *gen_argument(k, t, 2, size, false);
  const unsigned axes = p->axes | q->axes;
  const gen_value v = gen_new(k, t, axes, true);
  int64_t at[GEN_AXES] = {0};
  do {
    const int64_t row = (int64_t)gen_get(k, p, at) % size[0], col = (int64_t)gen_get(k, q, at) % size[1];
    v.x[gen_at(k, axes, at)] = a.x[(row < 0 ? row + size[0] : row) * size[1] + (col < 0 ? col + size[1] : col)];
  } while (gen_next(k, axes, at));
  return gen_keep(k, v, arena_printf(k->mem, "%s[%s %% %d, %s %% %d]", a.name, gen_aligned(k, p, axes), (int)size[0], gen_aligned(k, q, axes), (int)size[1]));
}

bool gen_step_gather(gen_kernel *k) {
  const gen_value *idx = gen_choose(k, gen_is_gatherable);
  if (!idx || (idx->axes & k->hidden))
    return false;
  int own = __builtin_ctz(idx->axes), axis[GEN_AXES];
  if (gen_chance(k, 30))
    return gen_two_indices(k, idx);
  unsigned others = k->scope & ~idx->axes & (unsigned)gen_pick(k, 1 << GEN_AXES), axes = others | idx->axes;
  int n = gen_axes_of(axes, axis);
  int64_t rows = 1 + gen_pick(k, 6), size[GEN_RANK] = {0}, at[GEN_AXES] = {0};
  for (int d = 0; d < n; d++)
    size[d] = axis[d] == own ? rows : k->size[axis[d]];
  dtype t = gen_type(k, true);
  gen_tensor a = *gen_argument(k, t, n, size, false);
  gen_value v = gen_new(k, t, axes, true);
  do {
    const int64_t row = (int64_t)gen_get(k, idx, at) % rows;
    int64_t o = 0;
    for (int d = 0; d < n; d++)
      o = o * size[d] + (axis[d] != own ? at[axis[d]] : row < 0 ? row + rows : row);
    v.x[gen_at(k, axes, at)] = a.x[o];
  } while (gen_next(k, axes, at));
  const char *was = k->index[own];
  k->index[own] = arena_printf(k->mem, "%s %% %d", idx->name, (int)rows);
  const char *indices = gen_indices(k, axes);
  k->index[own] = was;
  return gen_keep(k, v, arena_printf(k->mem, "%s[%s]", a.name, indices));
}

/* tile.index, or an arange over a whole dim. */
bool gen_step_index(gen_kernel *k) {
  int a = gen_pick(k, GEN_AXES);
  if (!(k->tiled & k->scope & (1u << a)) && !(k->full & k->scope & (1u << a)))
    return false;
  bool is_tile = k->tiled >> a & 1;
  gen_value v = gen_new(k, is_tile ? DTYPE_I32 : DTYPE_I64, 1u << a, true);
  for (int64_t i = 0; i < k->size[a]; i++)
    v.x[i] = (long double)i;
  return gen_keep(k, v, is_tile ? arena_printf(k->mem, "%s.index", k->index[a]) : arena_printf(k->mem, "torch.arange(%s)", k->extent[a]));
}
