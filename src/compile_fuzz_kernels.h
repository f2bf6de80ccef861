/* Random kernels: loops with carried values, branches, while, stores and atomics; nests of loops, and the whole text. */
#ifndef LOOM_COMPILE_FUZZ_KERNELS_H
#define LOOM_COMPILE_FUZZ_KERNELS_H
#include "compile_fuzz_steps.h"

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
      if (!fuzz_sane(k, t, x))
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
    if (!fuzz_sane(k, a->type, *x))
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
  dtype t = fuzz_chance(k, 60) ? v->type : dtype_is_float(v->type) && fuzz_chance(k, 20) ? fuzz_f8(k) : fuzz_types[fuzz_pick(k, FUZZ_TYPES)];
  for (int64_t i = 0; i < fuzz_count(k, v->axes); i++)
    if (!fuzz_cast_fits(v, t, v->x[i]) || !fuzz_sane(k, t, fuzz_cast(v, t, v->x[i])))
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
  int backwards = o.rank && fuzz_chance(k, 15) ? axis[0] : -1;   /* o[m - 1 - tile_m.index, :] = v */
  const char *indices = fuzz_indices(k, axes), *made = k->when ? "zeros" : fuzz_chance(k, 50) ? "empty" : "zeros";
  if (backwards >= 0 && !(k->tiled >> backwards & 1))
    backwards = -1;
  if (backwards >= 0) {
    const char *all = k->index[backwards];
    k->index[backwards] = arena_printf(k->mem, "%c - 1 - %s.index", "mnk"[backwards], all);
    indices = fuzz_indices(k, axes);
    k->index[backwards] = all;
    long double *forwards = o.x;
    o.x = fuzz_array(k, axes);
    int64_t rows = o.size[0], row = o.elems / rows;
    for (int64_t i = 0; i < rows; i++)
      memcpy(o.x + i * row, forwards + (rows - 1 - i) * row, (size_t)row * sizeof *o.x);
  }
  fuzz_line(k, "%s[%s] = %s", o.name, indices, fuzz_aligned(k, v, axes));
  if (o.rank != 2 || !fuzz_chance(k, 20)) {
    fuzz_add_result(k, o, arena_printf(k->mem, "torch.%s([%s], dtype=torch.%s)", made, fuzz_sizes(k, axes, ""), dtype_torch(t)));
    return;
  }
  fuzz_tensor base = o;   /* the result is what o is a view of */
  const char *view = o.name;
  base.name = arena_printf(k->mem, "%s_base", view);
  base.axes = 0;
  base.size[0] = o.size[1];
  base.size[1] = o.size[0];
  base.x = fuzz_array(k, axes);
  for (int64_t i = 0; i < o.elems; i++)
    base.x[i % o.size[1] * o.size[0] + i / o.size[1]] = o.x[i];
  fuzz_add_result(k, base, arena_printf(k->mem, "torch.%s([%c, %c], dtype=torch.%s)", made, "mnk"[axis[1]], "mnk"[axis[0]], dtype_torch(t)));
  text_addf(&k->host, "    %s = %s.%s\n", view, base.name, fuzz_chance(k, 50) ? "T" : "transpose(0, 1)");
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
    if (!fuzz_sane(k, t, *to))
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
  if (!o.axes || dtype_is_f8(o.type) || (o.axes & ~k->scope) || text_starts(o.name, "v") || strstr(text_str(&k->body), arena_printf(k->mem, " %s[", o.name)) == NULL)
    return false;
  fuzz_value v = {fuzz_name(k, "v"), o.type, o.axes, o.exact, o.x};
  return fuzz_keep(k, v, arena_printf(k->mem, "%s[%s]", o.name, fuzz_indices(k, o.axes)));
}

/* ---- kernels ---- */
typedef bool fuzz_step(fuzz_kernel *k);
static inline void fuzz_steps(fuzz_kernel *k, int n) {
  static fuzz_step *const steps[] = {fuzz_step_load, fuzz_step_load, fuzz_step_masked_load, fuzz_step_gather, fuzz_step_index, fuzz_step_unary, fuzz_step_unary, fuzz_step_unary,
                                     fuzz_step_binary, fuzz_step_binary, fuzz_step_binary, fuzz_step_binary, fuzz_step_scalar, fuzz_step_scalar, fuzz_step_shift, fuzz_step_where,
                                     fuzz_step_where, fuzz_step_cast, fuzz_step_fold, fuzz_step_fold, fuzz_step_scan, fuzz_step_fold_two, fuzz_step_turned, fuzz_step_function, fuzz_step_matmul, fuzz_step_loop, fuzz_step_loop, fuzz_step_if,
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
  int stores = 2 + fuzz_pick(k, 6);
  for (size_t i = k->values.n; i-- > 0 && stores > 0;)
    if (i == k->values.n - 1 || fuzz_chance(k, 50)) {
      fuzz_value v = k->values.at[i];
      fuzz_store(k, &v);
      stores--;
    }
}

/* Whole-tensor computation behind the loops: its values are results too. */
static inline void fuzz_after(fuzz_kernel *k, int steps) {
  static fuzz_step *const of_host[] = {fuzz_step_unary, fuzz_step_binary, fuzz_step_binary, fuzz_step_scalar, fuzz_step_where, fuzz_step_cast, fuzz_step_fold, fuzz_step_fold_two};
  k->scope = k->full = FUZZ_ALL;
  k->tiled = k->hidden = k->grid = 0;
  k->indent = 1;
  k->values.n = 0;
  for (size_t i = 0; i < k->results.n; i++)
    if (k->results.at[i].axes && !dtype_is_f8(k->results.at[i].type))
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
  *k = (fuzz_kernel){.mem = mem, .r = rng_new(seed), .host = text_new(mem), .body = text_new(mem), .wild = seed % 8 == 7};
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
