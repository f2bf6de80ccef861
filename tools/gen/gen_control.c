/* Random kernels: loops with carried values, branches, while, stores and atomics; nests of loops, and the whole text. */
#include "gen_private.h"

/* ---- control ---- */
void gen_take_back(text *t, size_t size) {
  t->size = size;
  if (t->data)
    t->data[size] = 0;
}

/* An exact 0-d integer: loaded for it. */
static const gen_value *gen_scalar(gen_kernel *k, int64_t lo, int64_t hi) {
  dtype t = gen_chance(k, 50) ? DTYPE_I32 : DTYPE_I64;
  int axis[GEN_AXES], n = gen_axes_of(k->hidden, axis);
  int64_t size[GEN_RANK] = {4};
  for (int d = 0; d < n; d++)
    size[d] = k->size[axis[d]];
  gen_tensor *a = gen_argument(k, t, n ? n : 1, size, true);
  for (int64_t i = 0; i < a->elems; i++)
    a->x[i] = (long double)rng_range(&k->r, lo, hi);
  gen_value v = gen_new(k, t, k->hidden, true);
  int at = n ? 0 : gen_pick(k, 4);
  for (int64_t i = 0; i < gen_count(k, k->hidden); i++)
    v.x[i] = a->x[i + at];
  const char *name = a->name;
  if (!gen_keep(k, v, n ? arena_printf(k->mem, "%s[%s]", name, gen_indices(k, k->hidden)) : arena_printf(k->mem, "%s[%d]", name, at)))
    return NULL;
  gen_value *kept = arena_alloc(k->mem, sizeof *kept);
  return *kept = v, kept;
}

/* "[tile_m, n]": the dims of a value on these axes. */
static const char *gen_extents(gen_kernel *k, unsigned axes) {
  text t = text_new(k->mem);
  text_add(&t, "[");
  for (int a = 0, first = 1; a < GEN_AXES; a++)
    if (axes & ~k->hidden & (1u << a)) {
      text_addf(&t, "%s%s", first ? "" : ", ", k->extent[a]);
      first = 0;
    }
  text_add(&t, "]");
  return text_str(&t);
}

typedef struct gen_carried { gen_value v; const char *start, *next; } gen_carried;

/* acc = acc + v.sum(k), acc = max(acc, v.amax(k)); with one index a round acc = acc * 0.5 + v. */
static bool gen_carry(gen_kernel *k, const gen_value *v, const gen_value *lo, const gen_value *hi, gen_carried *out) {
  enum { SUM, MOST, RECURRENCE };
  bool one = k->hidden >> GEN_K & 1, is_float = dtype_is_float(v->type);
  int form = gen_chance(k, 40) ? MOST : one && is_float && gen_chance(k, 50) ? RECURRENCE : SUM;
  dtype t = is_float ? (v->type != DTYPE_F64 && gen_chance(k, 60) ? DTYPE_F32 : v->type) : form == SUM && !one ? DTYPE_I64 : v->type;
  gen_value r = {gen_name(k, "acc"), t, (v->axes | (lo ? lo->axes : 0) | (hi ? hi->axes : 0)) & ~(1u << GEN_K), v->exact && (!is_float || form == MOST || (one && t == DTYPE_F64)), NULL};
  r.x = gen_array(k, r.axes);
  int64_t at[GEN_AXES] = {0};
  long double first = form == MOST ? -100 : form == RECURRENCE ? 1 : t == DTYPE_U8 ? 3 : -2;
  if (t == DTYPE_U8)
    first = 3;
  bool held = v->exact && is_float && form == SUM && !k->wild;
  do {
    long double x = first;
    gen_sum sum = {0};
    gen_sum_add(&sum, first);
    at[GEN_K] = 0;
    do {
      int64_t here[GEN_AXES];
      memcpy(here, at, sizeof here);
      if (at[GEN_K] < (lo ? (int64_t)gen_get(k, lo, here) : 0) || at[GEN_K] >= (hi ? (int64_t)gen_get(k, hi, here) : k->size[GEN_K]))
        continue;
      long double e = gen_get(k, v, here);
      if (!gen_fits(v->type, t, e))
        return false;
      gen_sum_add(&sum, held ? e : 0);
      x = gen_wrap(t, form == MOST ? fmaxl(x, e) : form == RECURRENCE ? gen_known(v->exact, t, x * 0.5L + e) : gen_known(v->exact && one, t, x + e));
      if (!gen_sane(k, t, x))
        return false;
    } while (++at[GEN_K] < k->size[GEN_K]);
    at[GEN_K] = 0;
    held = held && gen_sum_is_exact(&sum, t) && gen_sum_is_exact(&sum, v->type);
    r.x[gen_at(k, r.axes, at)] = x;
  } while (gen_next(k, r.axes, at));
  r.exact = r.exact || held;
  const char *axis = gen_axis_text(k, v, GEN_K);
  const char *to = t == v->type || (form == SUM && !one && !is_float) ? "" : arena_printf(k->mem, ".to(torch.%s)", dtype_torch(t));
  const char *part = one ? arena_printf(k->mem, "%s%s", v->name, to) : form == MOST ? arena_printf(k->mem, "torch.amax(%s, dim=%s)%s", v->name, axis, to) :
                     arena_printf(k->mem, "%s%s.sum(%s)", v->name, to, axis);
  out->v = r;
  out->start = arena_printf(k->mem, "%s = hl.full(%s, %d, dtype=torch.%s)", r.name, gen_extents(k, r.axes), (int)first, dtype_torch(t));
  out->next = form == MOST ? arena_printf(k->mem, "%s = torch.maximum(%s, %s)", r.name, r.name, part) :
              arena_printf(k->mem, "%s = %s%s + %s", r.name, r.name, form == RECURRENCE ? " * 0.5" : "", part);
  return true;
}

/* acc = addmm(acc, x[tile_m, tile_k], y[tile_k, tile_n]), of each batch where there are any */
static bool gen_carry_matmul(gen_kernel *k, gen_carried *out) {
  const unsigned batch = k->scope & (GEN_BIT(GEN_B) | GEN_BIT(GEN_C));
  dtype t = gen_float_type(k), acc = t == DTYPE_F64 ? t : gen_chance(k, 70) ? DTYPE_F32 : t;
  if (!gen_load(k, t, batch | GEN_BIT(GEN_M) | GEN_BIT(GEN_K), false))
    return false;
  gen_value x = k->values.at[k->values.n - 1];
  if (!gen_load(k, t, batch | GEN_BIT(GEN_K) | GEN_BIT(GEN_N), false))
    return false;
  gen_value y = k->values.at[k->values.n - 1], r = {gen_name(k, "acc"), acc, batch | GEN_BIT(GEN_M) | GEN_BIT(GEN_N), false, NULL};
  r.x = gen_array(k, r.axes);
  int64_t at[GEN_AXES] = {0};
  r.exact = x.exact && y.exact && !k->wild;
  do {
    long double sum = 0;
    gen_sum terms = {0};
    for (at[GEN_K] = 0; at[GEN_K] < k->size[GEN_K]; at[GEN_K]++) {
      sum += gen_get(k, &x, at) * gen_get(k, &y, at);
      gen_sum_add(&terms, gen_get(k, &x, at) * gen_get(k, &y, at));
    }
    at[GEN_K] = 0;
    r.exact = r.exact && gen_sum_is_exact(&terms, acc);
    r.x[gen_at(k, r.axes, at)] = sum;
  } while (gen_next(k, r.axes, at));
  bool batched = gen_rank(k, batch) == 1;
  const char *turn = batched ? "transpose(1, 2)" : "transpose(0, 1)";
  out->v = r;
  out->start = arena_printf(k->mem, "%s = hl.zeros(%s, dtype=torch.%s)", r.name, gen_extents(k, r.axes), dtype_torch(acc));
  out->next = acc == t && gen_chance(k, 50) ? arena_printf(k->mem, "%s = torch.%s(%s, %s, %s.%s)", r.name, batched ? "baddbmm" : "addmm", r.name, x.name, y.name, turn) :
              arena_printf(k->mem, "%s = hl.dot(%s, %s.%s, acc=%s)", r.name, x.name, y.name, turn, r.name);
  return true;
}

static bool is_carried(const gen_carried *c, int n, const char *name) {
  for (int i = 0; i < n; i++)
    if (strstr(c[i].next, name))
      return true;
  return false;
}

/* for tile_k in hl.tile(k): or for j in range(k): with carried values; the bounds may be values, and a tile's range may be gone through by a loop within. */
bool gen_step_loop(gen_kernel *k) {
  if (k->scope >> GEN_K & 1 || k->when || !(k->used >> GEN_K & 1))
    return false;
  bool one = gen_has(k, GEN_HAS_LOOP_RANGE) && gen_chance(k, 30), bounded = gen_has(k, GEN_HAS_LOOP_BOUNDS) && gen_chance(k, 50);
  const gen_value *lo = NULL, *hi = NULL;
  if (bounded && (!(hi = gen_scalar(k, 0, k->size[GEN_K])) || (gen_chance(k, 50) && !(lo = gen_scalar(k, 0, k->size[GEN_K])))))
    return false;
  const bool nested = !one && !bounded && gen_chance(k, 25);
  const char *name = gen_name(k, one ? "j" : "tile_k"), *outer = nested ? gen_name(k, "tile_o") : NULL;
  text before = k->body;
  size_t kept = k->values.n;
  unsigned bit = 1 << GEN_K;
  gen_carried carried[3];
  int n = 0, want = 1 + gen_pick(k, 3);
  k->body = text_new(k->mem);
  k->indent += 1 + nested;
  k->scope |= bit;
  *(one ? &k->hidden : &k->tiled) |= bit;
  k->index[GEN_K] = k->extent[GEN_K] = name;
  gen_load(k, gen_type(k, false), k->scope & (bit | (unsigned)gen_pick(k, 1 << GEN_AXES)), true);
  gen_steps(k, 1 + gen_pick(k, 4));
  for (int i = 0; i < want; i++) {
    const unsigned own = GEN_BIT(GEN_M) | GEN_BIT(GEN_N), batch = k->scope & (GEN_BIT(GEN_B) | GEN_BIT(GEN_C));
    bool can_multiply = gen_has(k, GEN_HAS_LOOP_MATMUL) && !one && !bounded && !(k->hidden & own) && (k->scope & own) == own && gen_rank(k, batch) < 2;
    if (can_multiply && gen_chance(k, 50)) {
      n += gen_carry_matmul(k, &carried[n]);
      continue;
    }
    const gen_value *v = gen_choose(k, gen_is_number);
    for (size_t j = kept; j < k->values.n && gen_chance(k, 80); j++)      /* what nothing else takes, first */
      if (gen_is_number(&k->values.at[j]) && k->values.at[j].axes & bit && gen_is_unused(k, &k->values.at[j]) && !is_carried(carried, n, k->values.at[j].name))
        v = &k->values.at[j];
    if (v && v->axes & bit && gen_carry(k, v, lo, hi, &carried[n]))
      n++;
  }
  for (int i = 0; i < n; i++)
    gen_line(k, "%s", carried[i].next);
  k->scope &= ~bit;
  k->hidden &= ~bit;
  k->tiled &= ~bit;
  k->values.n = kept;
  k->indent -= 1 + nested;
  text inner = k->body;
  k->body = before;
  if (!n)
    return false;
  for (int i = 0; i < n; i++)
    gen_line(k, "%s", carried[i].start);
  const char *range = one ? "range" : "hl.tile";
  if (nested) {
    gen_line(k, "for %s in hl.tile(k):", outer);
    gen_line(k, "    for %s in hl.tile(%s.begin, %s.end):", name, outer, outer);
  } else if (lo)
    gen_line(k, "for %s in %s(%s, %s):", name, range, lo->name, hi->name);
  else
    gen_line(k, "for %s in %s(%s):", name, range, hi ? hi->name : "k");
  text_add(&k->body, text_str(&inner));
  for (int i = 0; i < n; i++)
    vec_push(k->mem, &k->values, carried[i].v);
  return true;
}

/* A result of one side of a branch: of a's type and dims. */
static bool gen_side(gen_kernel *k, gen_value *a, const char *name, long double *out) {
  const gen_value *b = gen_choose(k, dtype_is_float(a->type) ? gen_is_float : gen_is_int);
  bool uses = b && (b->axes & ~a->axes) == 0 && gen_promote(a->type, b->type) == a->type && gen_same_rules(k, a, b) && gen_chance(k, 60);
  int64_t at[GEN_AXES] = {0};
  do {
    long double *x = &out[gen_at(k, a->axes, at)];
    *x = gen_known(a->exact && (!uses || b->exact), a->type, gen_wrap(a->type, gen_get(k, a, at) + (uses ? gen_get(k, b, at) : 3)));
    if (!gen_sane(k, a->type, *x))
      return false;
  } while (gen_next(k, a->axes, at));
  a->exact = a->exact && (!uses || b->exact);
  gen_line(k, "%s = %s + %s", name, a->name, uses ? gen_aligned(k, b, a->axes) : "3");
  return true;
}

/* if c > 1: .. else: .., with a value that both sides give and a store in the first. */
bool gen_step_if(gen_kernel *k) {
  const gen_value *a = gen_choose(k, gen_is_number);
  if (!a || k->when || k->hidden >> GEN_K & 1 || k->tiled >> GEN_K & 1)
    return false;
  const gen_value *c = gen_scalar(k, 0, 3);
  if (!c)
    return false;
  bool other = gen_chance(k, 70);
  unsigned axes = a->axes | c->axes;
  if (gen_rank(k, axes) != gen_rank(k, a->axes))
    return false;
  gen_value wide = gen_new(k, a->type, axes, a->exact), v = {gen_name(k, "v"), a->type, axes, false, NULL}, taken = gen_new(k, DTYPE_BOOL, c->axes, true);
  long double *side[2] = {gen_array(k, axes), gen_array(k, axes)};
  v.x = gen_array(k, axes);
  int64_t at[GEN_AXES] = {0};
  do
    wide.x[gen_at(k, axes, at)] = gen_get(k, a, at);
  while (gen_next(k, axes, at));
  wide.name = a->name;
  for (int64_t i = 0; i < gen_count(k, c->axes); i++)
    taken.x[i] = c->x[i] > 1;
  size_t kept = k->values.n, body = k->body.size, host = k->host.size, results = k->results.n;
  bool ok = true;
  gen_line(k, "%s = %s", v.name, a->name);
  gen_line(k, "if %s > 1:", c->name);
  k->indent++;
  k->when = &taken;
  gen_steps(k, gen_pick(k, 3));
  ok = gen_side(k, &wide, v.name, side[0]);
  if (ok && k->values.n > kept && gen_chance(k, 50))
    gen_store(k, &k->values.at[k->values.n - 1]);
  k->values.n = kept;
  k->indent--;
  memcpy(side[1], wide.x, (size_t)gen_count(k, axes) * sizeof *wide.x);
  if (ok && other) {
    gen_line(k, "else:");
    k->indent++;
    gen_steps(k, gen_pick(k, 3));
    ok = gen_side(k, &wide, v.name, side[1]);
    k->indent--;
  }
  k->values.n = kept;
  k->when = NULL;
  if (!ok) {
    gen_take_back(&k->body, body);
    gen_take_back(&k->host, host);
    k->results.n = results;
    return false;
  }
  memset(at, 0, sizeof at);
  v.exact = wide.exact && (!dtype_is_float(a->type) || a->type == DTYPE_F64);
  do {
    int64_t o = gen_at(k, axes, at);
    v.x[o] = side[gen_get(k, &taken, at) != 0 ? 0 : 1][o];
  } while (gen_next(k, axes, at));
  vec_push(k->mem, &k->values, v);
  return true;
}

/* while c < s: a = a * 0.5 + 1 */
bool gen_step_while(gen_kernel *k) {
  const gen_value *a = gen_choose(k, gen_is_float);
  const gen_value *s = a && !k->when ? gen_scalar(k, -1, 3) : NULL;
  if (!s)
    return false;
  unsigned axes = a->axes | s->axes;
  gen_value v = {gen_name(k, "v"), a->type, axes, a->exact && a->type == DTYPE_F64, gen_array(k, axes)};
  const char *count = gen_name(k, "count");
  int64_t at[GEN_AXES] = {0};
  do {
    long double x = gen_get(k, a, at);
    for (int64_t i = 0; i < (int64_t)gen_get(k, s, at); i++)
      x = gen_known(a->exact, a->type, x * 0.5L + 1);
    v.x[gen_at(k, axes, at)] = x;
  } while (gen_next(k, axes, at));
  gen_line(k, "%s = %s", v.name, a->name);
  gen_line(k, "%s = hl.full([], 0, dtype=torch.%s)", count, dtype_torch(s->type));
  gen_line(k, "while %s < %s:", count, s->name);
  gen_line(k, "    %s = %s * 0.5 + 1", v.name, v.name);
  gen_line(k, "    %s = %s + 1", count, count);
  vec_push(k->mem, &k->values, v);
  return true;
}

/* Softmax of q @ k.T times v, as flash attention does it: rows M, features N (whole), keys K in tiles. */
bool gen_step_attention(gen_kernel *k) {
  const unsigned batch = k->scope & (GEN_BIT(GEN_B) | GEN_BIT(GEN_C)), m = GEN_BIT(GEN_M), n = GEN_BIT(GEN_N), bit = GEN_BIT(GEN_K);
  if (k->when || k->scope & bit || !(k->used & bit) || !(k->full & n) || !(k->tiled & m) || gen_rank(k, batch) > 1 || k->wild)
    return false;
  const dtype t = gen_chance(k, 50) ? DTYPE_F32 : gen_float_type(k);
  if (t == DTYPE_F64 || !gen_load(k, t, batch | m | n, false))
    return false;
  const gen_value q = k->values.at[k->values.n - 1];
  const size_t kept = k->values.n, body = k->body.size, host = k->host.size;
  const char *tile = gen_name(k, "tile_k"), *most = gen_name(k, "most"), *sum = gen_name(k, "sum"), *acc = gen_name(k, "acc"), *v = gen_name(k, "v");
  const char *rows = gen_extents(k, batch | m), *all = gen_extents(k, batch | m | n);
  const bool batched = gen_rank(k, batch) == 1;
  const char *turn = batched ? "transpose(1, 2)" : "transpose(0, 1)", *dim = batched ? "2" : "1", *wide = batched ? "[:, :, None]" : "[:, None]";
  gen_line(k, "%s = hl.full(%s, float('-inf'), dtype=torch.float32)", most, rows);
  gen_line(k, "%s = hl.zeros(%s, dtype=torch.float32)", sum, rows);
  gen_line(k, "%s = hl.zeros(%s, dtype=torch.float32)", acc, all);
  gen_line(k, "for %s in hl.tile(k):", tile);
  k->indent++;
  k->scope |= bit;
  k->tiled |= bit;
  k->index[GEN_K] = k->extent[GEN_K] = tile;
  const bool loaded = gen_load(k, t, batch | n | bit, false) && gen_load(k, t, batch | n | bit, false);      /* dims n, k: both are turned */
  k->scope &= ~bit;
  k->tiled &= ~bit;
  if (!loaded) {
    k->indent--;
    gen_take_back(&k->body, body);
    gen_take_back(&k->host, host);
    k->values.n = kept;
    return false;
  }
  const gen_value keys = k->values.at[k->values.n - 2], values = k->values.at[k->values.n - 1];
  gen_line(k, "s = hl.dot(%s, %s, out_dtype=torch.float32) * 0.5", q.name, keys.name);
  gen_line(k, "next_most = torch.maximum(%s, torch.amax(s, dim=%s))", most, dim);
  gen_line(k, "p = torch.exp(s - next_most%s)", wide);
  gen_line(k, "scale = torch.exp(%s - next_most)", most);
  gen_line(k, "%s = %s * scale + torch.sum(p, dim=%s)", sum, sum, dim);
  gen_line(k, "%s = hl.dot(p.to(torch.%s), %s.%s, acc=%s * scale%s)", acc, dtype_torch(t), values.name, turn, acc, wide);
  gen_line(k, "%s = next_most", most);
  k->indent--;
  k->values.n = kept;
  gen_value r = {v, DTYPE_F32, batch | m | n, false, gen_array(k, batch | m | n)};
  int64_t at[GEN_AXES] = {0};
  long double *s = gen_array(k, bit);
  do {      /* a row of scores, then the row's results */
    long double top = -1e30L, total = 0;
    for (at[GEN_K] = 0; at[GEN_K] < k->size[GEN_K]; at[GEN_K]++) {
      s[at[GEN_K]] = 0;
      for (at[GEN_N] = 0; at[GEN_N] < k->size[GEN_N]; at[GEN_N]++)
        s[at[GEN_K]] += gen_get(k, &q, at) * gen_get(k, &keys, at) * 0.5L;
      top = fmaxl(top, s[at[GEN_K]]);
    }
    for (int64_t i = 0; i < k->size[GEN_K]; i++)
      total += s[i] = expl(s[i] - top);
    for (at[GEN_N] = 0; at[GEN_N] < k->size[GEN_N]; at[GEN_N]++) {
      long double x = 0;
      for (at[GEN_K] = 0; at[GEN_K] < k->size[GEN_K]; at[GEN_K]++)
        x += s[at[GEN_K]] / total * gen_get(k, &values, at);
      r.x[gen_at(k, r.axes, at)] = x;
    }
    at[GEN_N] = at[GEN_K] = 0;
  } while (gen_next(k, batch | m, at));
  return gen_keep(k, r, arena_printf(k->mem, "%s / %s%s", acc, sum, wide));
}
