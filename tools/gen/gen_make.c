/* Whole random kernels: features and sizes of a seed, nests of loops, the text. */
#include "gen.h"
#include "gen_private.h"

static const struct { const char *word; bool is_spatial; } features[] = {
#define X(id, word, spatial) {word, spatial},
    GEN_FEATURE_LIST(X)
#undef X
};
const char *gen_feature_word(gen_feature f) { return features[f].word; }
_Static_assert(GEN_FEATURES <= 64, "a bit each");

/* ---- steps ---- */
typedef struct row { gen_step *step; gen_feature needs; int weight; } row;      /* needs GEN_FEATURES: nothing; a step may ask for more itself */

static const row steps[] = {
    {gen_step_load, GEN_FEATURES, 2}, {gen_step_masked_load, GEN_HAS_MASKED_LOAD, 1}, {gen_step_gather, GEN_HAS_GATHER, 1}, {gen_step_index, GEN_HAS_INDEX, 1},
    {gen_step_unary, GEN_HAS_UNARY, 3}, {gen_step_binary, GEN_FEATURES, 4}, {gen_step_scalar, GEN_HAS_SCALAR, 2}, {gen_step_shift, GEN_HAS_SHIFT, 1}, {gen_step_where, GEN_HAS_WHERE, 2},
    {gen_step_cast, GEN_HAS_CAST, 1}, {gen_step_fold, GEN_HAS_FOLD, 2}, {gen_step_scan, GEN_FEATURES, 2}, {gen_step_fold_two, GEN_HAS_FOLD_TWO, 1}, {gen_step_turned, GEN_HAS_TURN, 1},
    {gen_step_function, GEN_HAS_FUNCTION, 1}, {gen_step_matmul, GEN_HAS_MATMUL, 2}, {gen_step_loop, GEN_HAS_LOOP, 3}, {gen_step_attention, GEN_HAS_ATTENTION, 3}, {gen_step_if, GEN_HAS_IF, 1},
    {gen_step_while, GEN_HAS_WHILE, 1}, {gen_step_atomic, GEN_HAS_ATOMIC, 2}, {gen_step_lookup, GEN_HAS_LOOKUP, 2}};
/* Around a product. */
static const row product_steps[] = {
    {gen_step_load, GEN_FEATURES, 2}, {gen_step_index, GEN_HAS_INDEX, 1}, {gen_step_unary, GEN_HAS_UNARY, 3}, {gen_step_binary, GEN_FEATURES, 4}, {gen_step_scalar, GEN_HAS_SCALAR, 2},
    {gen_step_where, GEN_HAS_WHERE, 1}, {gen_step_cast, GEN_HAS_CAST, 2}, {gen_step_fold, GEN_HAS_FOLD, 1}, {gen_step_scan, GEN_FEATURES, 1}, {gen_step_turned, GEN_HAS_TURN, 1}, {gen_step_lookup, GEN_HAS_LOOKUP, 1}};
/* Whole-tensor computation behind the loops. */
static const row host_steps[] = {{gen_step_unary, GEN_HAS_UNARY, 1}, {gen_step_binary, GEN_FEATURES, 2}, {gen_step_scalar, GEN_HAS_SCALAR, 1}, {gen_step_where, GEN_HAS_WHERE, 1},
                                 {gen_step_cast, GEN_HAS_CAST, 1}, {gen_step_fold, GEN_HAS_FOLD, 1}, {gen_step_fold_two, GEN_HAS_FOLD_TWO, 1}};

static void take_steps(gen_kernel *k, const row *rows, int n_rows, int n) {
  int sum = 0;
  for (int i = 0; i < n_rows; i++)
    sum += rows[i].weight;
  for (int taken = 0, tries = 0; taken < n && tries < 20 * n; tries++) {
    int i = 0;
    for (int at = gen_pick(k, sum); (at -= rows[i].weight) >= 0; i++)
      ;
    if (rows[i].needs == GEN_FEATURES || gen_has(k, rows[i].needs))
      taken += rows[i].step(k);
  }
}

void gen_steps(gen_kernel *k, int n) {
  if (k->is_product)
    take_steps(k, product_steps, GEN_COUNT(product_steps), n);
  else
    take_steps(k, steps, GEN_COUNT(steps), n);
}

/* ---- nests ---- */
typedef enum form { TILED, WHOLE, ONE, ABSENT } form;

static form draw_form(gen_kernel *k, int axis) {
  bool grid = gen_has(k, GEN_HAS_GRID);
  int at = gen_pick(k, 10);
  if (!(k->used >> axis & 1))
    return ABSENT;
  switch (axis) {
  case GEN_B: case GEN_C: return at < 5 && grid ? ONE : TILED;
  case GEN_M: return at >= 8 && grid ? ONE : TILED;
  case GEN_N: return at < 4 ? TILED : at < 8 || !grid ? WHOLE : ONE;
  default: return at < 4 ? WHOLE : ABSENT;
  }
}

void gen_open_loops(gen_kernel *k, unsigned axes, const char *of) {
  int axis[GEN_AXES], n = gen_axes_of(axes, axis);
  text names = text_new(k->mem), sizes = text_new(k->mem);
  for (int i = 0; i < n; i++) {
    text_addf(&names, "%s%s", i ? ", " : "", k->index[axis[i]]);
    text_addf(&sizes, "%s%c", i ? ", " : "", gen_letter[axis[i]]);
  }
  if (n)
    gen_line(k, n == 1 ? "for %s in hl.%s(%s):" : "for %s in hl.%s([%s]):", text_str(&names), of, text_str(&sizes));
  k->indent += n > 0;
}

static void draw_axes(gen_kernel *k) {
  static const char *const one[GEN_AXES] = {"g", "h", "i", "j", "l"};
  k->scope = k->tiled = k->full = k->hidden = 0;
  for (int a = 0; a < GEN_AXES; a++) {
    form f = draw_form(k, a);
    unsigned bit = GEN_BIT(a), *const of[] = {&k->tiled, &k->full, &k->hidden};
    const char *tile = arena_printf(k->mem, "tile_%c", gen_letter[a]);
    if (f != ABSENT)
      *of[f] |= bit;
    k->scope |= f == ABSENT ? 0 : bit;
    k->index[a] = f == TILED ? tile : f == ONE ? one[a] : ":";
    k->extent[a] = f == TILED ? tile : arena_printf(k->mem, "%c", gen_letter[a]);
  }
  k->grid = k->tiled | k->hidden;
}

/* a3[tile_m, tile_n] = v, of an argument that was loaded at the same places. */
static bool store_in_place(gen_kernel *k, const gen_value *v) {
  const gen_loaded *to = k->loaded.n ? &k->loaded.at[gen_pick(k, (int)k->loaded.n)] : NULL;
  if (!to || v->axes & ~to->axes)
    return false;
  gen_tensor o = k->args.at[to->arg];
  const unsigned axes = to->axes;
  for (size_t i = 0; i < k->results.n; i++)
    if (k->results.at[i].name == o.name)
      return false;
  for (int64_t i = 0; i < gen_count(k, v->axes); i++)
    if (!gen_cast_fits(v, o.type, v->x[i]) || !gen_sane(k, o.type, gen_cast(v, o.type, v->x[i])))
      return false;
  o.x = gen_array(k, axes);
  o.is_argument = true;
  o.axes = axes;
  int64_t at[GEN_AXES] = {0};
  do
    o.x[gen_at(k, axes, at)] = gen_cast(v, o.type, gen_get(k, v, at));
  while (gen_next(k, axes, at));
  o.exact = v->exact && (!dtype_is_float(o.type) || o.type == v->type || gen_all_held(k, &(gen_value){.type = o.type, .axes = axes, .x = o.x}));
  gen_line(k, "%s[%s] = %s", o.name, gen_indices(k, axes), gen_aligned(k, v, axes));
  vec_push(k->mem, &k->results, o);
  return true;
}

static void store_some(gen_kernel *k, int stores) {
  bool any = false;
  for (size_t i = k->values.n; i-- > 0 && stores > 0;)
    if (k->is_common && !gen_is_float(&k->values.at[i]))
      continue;
    else if (!any || gen_is_unused(k, &k->values.at[i]) || gen_chance(k, 30)) {
      gen_value v = k->values.at[i];
      any = true;
      bool in_place = gen_has(k, GEN_HAS_IN_PLACE) && gen_chance(k, 40) && store_in_place(k, &v);
      if (!in_place)
        gen_store(k, &v);
      stores--;
    }
}

/* One nest of loops: the axes are drawn, then steps, then stores of some of the values. */
static void nest(gen_kernel *k, int n, bool again) {
  if (k->is_product) {
    gen_product_nest(k, n < 4 ? n : 4);
    store_some(k, 1 + gen_pick(k, 3));
    return;
  }
  draw_axes(k);
  k->values.n = k->loaded.n = 0;
  k->indent = 1;
  gen_open_loops(k, k->hidden, "grid");
  gen_open_loops(k, k->tiled, "tile");
  gen_load(k, gen_type(k, false), k->scope, false);
  for (int i = 0; again && i < 3; i++)
    gen_step_load_result(k);
  gen_steps(k, n);
  store_some(k, k->is_spatial ? 1 + gen_pick(k, 4) : 4 + gen_pick(k, 6));
}

/* Whole-tensor computation behind the loops: its values are results too. */
static void after(gen_kernel *k, int n) {
  k->scope = k->full = k->used;
  k->tiled = k->hidden = k->grid = 0;
  k->indent = 1;
  k->values.n = 0;
  for (size_t i = 0; i < k->results.n; i++)
    if (k->results.at[i].axes && !dtype_is_f8(k->results.at[i].type))
      vec_push(k->mem, &k->values, ((gen_value){k->results.at[i].name, k->results.at[i].type, k->results.at[i].axes, k->results.at[i].exact, k->results.at[i].x}));
  size_t given = k->values.n;
  if (given)
    take_steps(k, host_steps, GEN_COUNT(host_steps), n);
  for (size_t i = given; i < k->values.n; i++) {
    const gen_value *v = &k->values.at[i];
    gen_tensor o = {.name = v->name, .type = v->type, .elems = gen_count(k, v->axes), .axes = v->axes, .x = v->x};
    int axis[GEN_AXES];
    o.rank = gen_axes_of(v->axes, axis);
    for (int d = 0; d < o.rank; d++)
      o.size[d] = k->size[axis[d]];
    vec_push(k->mem, &k->results, o);
  }
}

/* ---- the seed ---- */
static void draw_features(gen_kernel *k) {
  k->is_spatial = gen_chance(k, 80);
  for (int f = 0; f < GEN_FEATURES; f++)
    if (gen_chance(k, 50) && (features[f].is_spatial || !k->is_spatial))
      k->features |= UINT64_C(1) << f;
  if (!gen_chance(k, 20))
    k->features &= ~(UINT64_C(1) << GEN_HAS_WILD);
  if (!gen_chance(k, 50))
    k->features &= ~(UINT64_C(1) << GEN_HAS_LOOKUP);
  if (k->is_spatial && gen_chance(k, 25)) {      /* what every target has: floats of 32 bits and bf16, and no numbers of places */
    static const gen_feature none[] = {GEN_HAS_F16, GEN_HAS_F64, GEN_HAS_I8, GEN_HAS_U8, GEN_HAS_I16, GEN_HAS_I32, GEN_HAS_I64, GEN_HAS_BOOL, GEN_HAS_LOOKUP, GEN_HAS_INDEX};
    for (int i = 0; i < GEN_COUNT(none); i++)
      k->features &= ~(UINT64_C(1) << none[i]);
    k->is_common = true;
  }
  k->is_product = gen_has(k, GEN_HAS_PRODUCT) && gen_chance(k, 40);
  k->wild = gen_has(k, GEN_HAS_WILD) && !k->is_product;
  k->whole = gen_has(k, GEN_HAS_WHOLE) && !k->wild;
}

/* 1, primes, powers of two and their neighbours. */
static int64_t draw_size(gen_kernel *k) {
  static const int primes[] = {2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 53, 61, 67, 97, 127}, near[] = {3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 128, 129};
  int at = gen_pick(k, 100);
  return at < 6 ? 1 : at < 30 ? 1 + gen_pick(k, 9) : at < 60 ? primes[gen_pick(k, GEN_COUNT(primes))] : near[gen_pick(k, GEN_COUNT(near))];
}

/* Of a product: long sums, few rows or many; or short ones of many rows and columns. */
static void draw_product_sizes(gen_kernel *k) {
  enum { MULTIPLICATIONS_MAX = 200000 };
  const bool batch = gen_has(k, GEN_HAS_BATCH);
  k->used = GEN_BIT(GEN_M) | GEN_BIT(GEN_N) | GEN_BIT(GEN_K) | (batch && gen_chance(k, 50) ? GEN_BIT(GEN_B) : 0) | (gen_chance(k, 25) ? GEN_BIT(GEN_C) : 0);
  for (int a = 0; a < GEN_AXES; a++)
    k->size[a] = !(k->used >> a & 1) ? 1 : a <= GEN_C ? 1 + gen_pick(k, 3) : gen_chance(k, 40) ? draw_size(k) : 40 + gen_pick(k, 111);
  const int at = gen_pick(k, 100);
  if (at < 50)
    k->size[GEN_M] = 1 + gen_pick(k, 8);
  else if (at < 65) {
    k->size[GEN_K] = 1 + gen_pick(k, 12);
    k->size[GEN_M] = 60 + gen_pick(k, 80);
    k->size[GEN_N] = 60 + gen_pick(k, 80);
  }
  while (gen_count(k, k->used) > MULTIPLICATIONS_MAX) {
    const int a = gen_pick(k, GEN_AXES);
    k->size[a] = (k->size[a] + 1) / 2 + (k->size[a] > 8 && gen_chance(k, 30));
  }
}

static void draw_sizes(gen_kernel *k) {
  int at = gen_pick(k, 100);
  const int64_t most = at < 65 ? 500 : at < 95 ? 2500 : 10000;      /* elements of a value with all axes: what the oracles cost */
  bool batch = gen_has(k, GEN_HAS_BATCH);
  k->used = GEN_BIT(GEN_M) | (gen_chance(k, 85) ? GEN_BIT(GEN_N) : 0) | (gen_chance(k, 60) ? GEN_BIT(GEN_K) : 0) | (batch && gen_chance(k, 60) ? GEN_BIT(GEN_B) : 0) |
            (batch && gen_chance(k, 25) ? GEN_BIT(GEN_C) : 0);
  for (int a = 0; a < GEN_AXES; a++)
    k->size[a] = !(k->used >> a & 1) ? 1 : a <= GEN_C ? 1 + gen_pick(k, 5) : draw_size(k);
  while (gen_count(k, k->used) > most) {
    int widest = 0;
    for (int a = 1; a < GEN_AXES; a++)
      widest = k->size[a] > k->size[widest] ? a : widest;
    k->size[widest] = (k->size[widest] + 1) / 2 + (gen_chance(k, 30) ? 1 : 0);
  }
}

/* The arguments that say how large the axes are, and the line that reads them. */
static const char *name_sizes(gen_kernel *k) {
  enum { SMALL = 600 };
  int axis[GEN_AXES], n = gen_axes_of(k->used, axis);
  int64_t size[GEN_RANK];
  text line = text_new(k->mem);
  for (int i = 0; i < n; i++)
    size[i] = k->size[axis[i]];
  if (n > 1 && gen_count(k, k->used) <= SMALL) {
    const char *name = gen_argument(k, DTYPE_F32, n, size, true)->name;
    for (int i = 0; i < n; i++)
      text_addf(&line, "%s%c", i ? ", " : "    ", gen_letter[axis[i]]);
    text_addf(&line, " = %s.size()\n", name);
    return text_str(&line);
  }
  for (int i = 0; i < n; i++)
    text_addf(&line, "    %c = %s.size(0)\n", gen_letter[axis[i]], gen_argument(k, DTYPE_F32, 1, &size[i], true)->name);
  return text_str(&line);
}

const gen_kernel *gen_make(arena *mem, uint64_t seed, int limit) {
  gen_kernel *k = arena_alloc(mem, sizeof *k);
  *k = (gen_kernel){.seed = seed, .name = "generated", .mem = mem, .r = rng_new(seed), .host = text_new(mem), .body = text_new(mem)};
  draw_features(k);
  if (k->is_product)
    draw_product_sizes(k);
  else
    draw_sizes(k);
  const char *sizes = name_sizes(k);
  int nests = gen_has(k, GEN_HAS_SECOND_NEST) && gen_chance(k, 50) ? 2 : 1, n = k->is_spatial ? 1 + gen_pick(k, 8) : 2 + gen_pick(k, 12);
  bool goes_on = gen_has(k, GEN_HAS_AFTER) && gen_chance(k, 50);
  for (int i = 0; i < nests; i++) {
    if (i)
      text_add(&k->body, "    hl.barrier()\n");
    nest(k, n < limit ? n : limit, i > 0);
  }
  if (goes_on)
    after(k, limit < 4 ? limit : 4);
  text s = text_new(mem);
  text_addf(&s, "import torch\n\nimport helion\nimport helion.language as hl\n\n\n@helion.kernel()\ndef %s(", k->name);
  for (size_t i = 0; i < k->args.n; i++)
    text_addf(&s, "%s%s: torch.Tensor", i ? ", " : "", k->args.at[i].name);
  text_addf(&s, "):\n%s%s%s    return ", sizes, text_str(&k->host), text_str(&k->body));
  bool any = false;
  for (size_t i = 0; i < k->results.n; i++) {
    if (k->results.at[i].is_argument)
      continue;
    text_addf(&s, "%s%s", any ? ", " : "", k->results.at[i].name);
    any = true;
  }
  text_add(&s, any ? "\n" : "None\n");
  k->source = text_str(&s);
  return k;
}
