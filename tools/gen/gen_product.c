/* Kernels whose middle is a matrix product, as large as what packs and tiles products: types, layouts, sums in one loop, in two, over parts that are added by atomics. */
#include "gen_private.h"

/* Storage order of an operand's dims: axes, the last one fastest. */
typedef struct gen_operand { gen_value v; const char *text; } gen_operand;

/* a[tile_m, tile_k] of an argument whose dims are `axis`, as a value whose axes are in their order. */
static gen_operand gen_operand_of(gen_kernel *k, dtype t, const int *axis, int n) {
  int64_t size[GEN_RANK], at[GEN_AXES] = {0};
  unsigned axes = 0;
  text index = text_new(k->mem);
  for (int d = 0; d < n; d++) {
    size[d] = k->size[axis[d]];
    axes |= GEN_BIT(axis[d]);
    text_addf(&index, "%s%s", d ? ", " : "", k->index[axis[d]]);
  }
  const gen_tensor a = *gen_argument(k, t, n, size, gen_chance(k, 50));
  gen_value v = gen_new(k, t, axes, true);
  do {
    int64_t o = 0;
    for (int d = 0; d < n; d++)
      o = o * size[d] + at[axis[d]];
    v.x[gen_at(k, axes, at)] = a.x[o];
  } while (gen_next(k, axes, at));
  return (gen_operand){v, arena_printf(k->mem, "%s[%s]", a.name, text_str(&index))};
}

/* The operand [.., rows, cols] of type t: stored as it is or turned round, small integers that become floats, sometimes computed from what was loaded. */
static gen_value gen_product_side(gen_kernel *k, dtype t, unsigned batch, int rows, int cols) {
  const bool turned = gen_chance(k, 35), of_ints = gen_has(k, GEN_HAS_I8) && gen_chance(k, 20), of_f8 = !of_ints && gen_has(k, GEN_HAS_F8) && t == DTYPE_F32 && gen_chance(k, 30);
  const dtype stored = of_ints ? DTYPE_I8 : of_f8 ? gen_f8(k) : t;
  int axis[GEN_AXES], n = gen_axes_of(batch, axis);
  axis[n++] = turned ? cols : rows;
  axis[n++] = turned ? rows : cols;
  const int r = gen_rank(k, batch);
  gen_operand o = gen_operand_of(k, stored, axis, n);
  const char *from = o.text;
  if (stored != t)
    from = arena_printf(k->mem, "%s.to(torch.%s)", from, dtype_torch(t));
  if (turned)
    from = r ? arena_printf(k->mem, "%s.transpose(1, 2)", from) : gen_chance(k, 50) ? arena_printf(k->mem, "%s.T", from) : arena_printf(k->mem, "%s.transpose(0, 1)", from);
  o.v.type = t;
  static const char *const before[] = {"%s * 2", "torch.relu(%s)", "-%s"};
  const int form = gen_chance(k, 20) ? gen_pick(k, GEN_COUNT(before)) : -1;
  for (int64_t i = 0; form >= 0 && i < gen_count(k, o.v.axes); i++)
    o.v.x[i] = form == 0 ? o.v.x[i] * 2 : form == 1 ? gen_max(o.v.x[i], 0) : -o.v.x[i];
  gen_line(k, "%s = %s", o.v.name, form < 0 ? from : gen_format(k, before[form], from, NULL));
  return o.v;
}

/* The sum begins with what `from` has, where that is not NULL, else with `start`. */
typedef struct gen_product { dtype type, acc; unsigned batch, summed; long double start; const gen_value *from; const char *name; gen_value result; } gen_product;

/* acc = acc + x @ y, in one of its forms. */
static void gen_product_step(gen_kernel *k, const gen_product *p, const gen_value *x, const gen_value *y, bool *rounds) {
  const bool batched = gen_rank(k, p->batch) == 1, same = p->acc == p->type;
  const int form = gen_pick(k, 4);
  *rounds = form >= 2;      /* each product is rounded to the operands' type */
  if (form == 0 && same)
    gen_line(k, "%s = torch.%s(%s, %s, %s)", p->name, batched ? "baddbmm" : "addmm", p->name, x->name, y->name);
  else if (form < 2)
    gen_line(k, "%s = hl.dot(%s, %s, acc=%s)", p->name, x->name, y->name, p->name);
  else if (form == 2)
    gen_line(k, "%s = %s + %s @ %s", p->name, p->name, x->name, y->name);
  else
    gen_line(k, "%s += torch.%s(%s, %s)", p->name, batched ? "bmm" : "matmul", x->name, y->name);
}

static bool gen_product_values(gen_kernel *k, gen_product *p, const gen_value *x, const gen_value *y, bool rounds) {
  gen_value *r = &p->result;
  int64_t at[GEN_AXES] = {0};
  bool exact = true;
  r->x = gen_array(k, r->axes);
  do {
    gen_sum sum = {0};
    int64_t here[GEN_AXES];
    const long double start = p->from ? gen_get(k, p->from, at) : p->start;
    long double total = start;
    memcpy(here, at, sizeof here);
    gen_sum_add(&sum, start);
    do {
      const long double term = gen_get(k, x, here) * gen_get(k, y, here);
      total += term;
      gen_sum_add(&sum, term);
    } while (gen_next(k, p->summed, here));
    exact = exact && gen_sum_is_exact(&sum, rounds ? p->type : p->acc) && gen_sum_is_exact(&sum, p->acc);
    if (!gen_sane(k, p->acc, total))
      return false;
    r->x[gen_at(k, r->axes, at)] = total;
  } while (gen_next(k, r->axes, at));
  r->exact = exact;
  return true;
}

/* o[tile_k, tile_n] = y, where its tile is loaded. */
static void gen_store_right(gen_kernel *k, const gen_value *y) {
  const int64_t rows = k->size[GEN_K], cols = k->size[GEN_N];
  gen_tensor o = {.name = arena_printf(k->mem, "o%zu", k->results.n), .type = y->type, .rank = 2, .size = {rows, cols}, .elems = rows * cols, .exact = y->exact, .x = gen_array(k, y->axes)};
  for (int64_t i = 0; i < o.elems; i++)      /* the value's dims are in the axes' order */
    o.x[i % rows * cols + i / rows] = y->x[i];
  gen_line(k, "%s[%s, %s] = %s", o.name, k->index[GEN_K], k->index[GEN_N], y->name);
  gen_add_result(k, o, arena_printf(k->mem, "torch.empty([k, n], dtype=torch.%s)", dtype_torch(o.type)));
}

/* `split`: the loops around give parts of k, which is then tile_o. */
static bool gen_product_loops(gen_kernel *k, gen_product *p, const char *split) {
  const unsigned bit = GEN_BIT(GEN_K), c = GEN_BIT(GEN_C);
  const bool twice = (k->used & c) && !(k->scope & c), parts = !split && !twice && gen_chance(k, 25);
  const bool whole = !split && !twice && !parts && gen_chance(k, 25);
  const char *tile = whole ? ":" : gen_name(k, "tile_k"), *outer = split ? split : gen_name(k, twice ? "h" : "tile_o");
  const int indent = k->indent;
  p->summed = bit | (twice ? c : 0);
  p->start = p->acc != DTYPE_F64 && gen_chance(k, 25) ? 3 : 0;
  p->name = gen_name(k, "acc");
  p->result = (gen_value){p->name, p->acc, p->batch | GEN_BIT(GEN_M) | GEN_BIT(GEN_N), false, NULL};
  gen_operand from;
  if (!split && gen_chance(k, 20)) {      /* a tile of an argument */
    int axis[GEN_AXES];
    const int n = gen_axes_of(p->result.axes, axis);
    from = gen_operand_of(k, p->acc, axis, n);
    p->from = &from.v;
    gen_line(k, "%s = %s", p->name, from.text);
  } else
    gen_line(k, p->start != 0 ? "%s = hl.full([%s%s, %s], 3, dtype=torch.%s)" : "%s = hl.zeros([%s%s, %s], dtype=torch.%s)", p->name,
           gen_rank(k, p->batch) ? arena_printf(k->mem, "%s, ", k->extent[__builtin_ctz(p->batch & ~k->hidden)]) : "", k->extent[GEN_M], k->extent[GEN_N], dtype_torch(p->acc));
  if (twice) {
    gen_line(k, "for %s in range(c):", outer);
    k->index[GEN_C] = outer;
    k->hidden |= c;
    k->scope |= c;
    k->indent++;
  } else if (parts) {
    gen_line(k, "for %s in hl.tile(k):", outer);
    k->indent++;
  }
  if (parts || split)
    gen_line(k, "for %s in hl.tile(%s.begin, %s.end):", tile, outer, outer);
  else if (!whole)
    gen_line(k, "for %s in hl.tile(k):", tile);
  k->indent += !whole;
  k->index[GEN_K] = tile;
  k->extent[GEN_K] = whole ? "k" : tile;
  const unsigned batch = p->batch | (twice ? c : 0);
  const bool shared = p->batch && !gen_rank(k, p->batch) && gen_chance(k, 40);      /* one right side for all */
  bool rounds;
  const gen_value x = gen_product_side(k, p->type, batch, GEN_M, GEN_K), y = gen_product_side(k, p->type, shared ? batch & ~p->batch : batch, GEN_K, GEN_N);
  gen_product_step(k, p, &x, &y, &rounds);
  const bool is_sane = gen_product_values(k, p, &x, &y, rounds);
  if (is_sane && (k->full & GEN_BIT(GEN_M)) && !batch && !split && gen_chance(k, 60))      /* each of its elements is loaded once */
    gen_store_right(k, &y);
  k->indent = indent;
  if (twice) {
    k->hidden &= ~c;
    k->scope &= ~c;
  }
  p->from = NULL;
  return is_sane;
}

static dtype gen_product_acc(gen_kernel *k, dtype t) { return t == DTYPE_F64 || gen_chance(k, 30) ? t : DTYPE_F32; }

/* for tile_m, tile_n, tile_o in hl.tile([m, n, k]): a sum over tile_o, added to the result. */
static void gen_split_nest(gen_kernel *k) {
  gen_product p = {.type = gen_float_type(k)};
  p.acc = p.type == DTYPE_F64 ? p.type : DTYPE_F32;
  k->index[GEN_M] = k->extent[GEN_M] = "tile_m";
  k->index[GEN_N] = k->extent[GEN_N] = "tile_n";
  k->scope = k->tiled = k->grid = GEN_BIT(GEN_M) | GEN_BIT(GEN_N);
  k->full = k->hidden = 0;
  k->values.n = k->loaded.n = 0;
  k->indent = 1;
  gen_line(k, "for tile_m, tile_n, tile_o in hl.tile([m, n, k]):");
  k->indent = 2;
  const unsigned used = k->used;
  k->used &= ~GEN_BIT(GEN_C);
  const bool sane = gen_product_loops(k, &p, "tile_o");
  k->used = used;
  p.result.exact = p.result.exact && p.start == 0;
  for (int64_t i = 0; p.start != 0 && i < gen_count(k, p.result.axes); i++)      /* each part begins with it */
    p.result.x[i] -= p.start;
  if (p.start != 0)
    gen_line(k, "%s = %s - 3", p.name, p.name);
  gen_tensor o = {.name = arena_printf(k->mem, "o%zu", k->results.n), .type = p.acc, .rank = 2, .size = {k->size[GEN_M], k->size[GEN_N]}, .axes = p.result.axes, .x = p.result.x, .exact = p.result.exact && sane};
  o.elems = o.size[0] * o.size[1];
  gen_line(k, "hl.atomic_add(%s, [tile_m, tile_n], %s)", o.name, p.name);
  gen_add_result(k, o, arena_printf(k->mem, "torch.zeros([m, n], dtype=torch.%s)", dtype_torch(p.acc)));
}

void gen_product_nest(gen_kernel *k, int n) {
  if (gen_chance(k, 12)) {
    gen_split_nest(k);
    return;
  }
  const unsigned m = GEN_BIT(GEN_M), cols = GEN_BIT(GEN_N);
  static const char *const tile[] = {"tile_b", "tile_c", "tile_m", "tile_n"};
  const bool one = gen_chance(k, 50) && gen_has(k, GEN_HAS_GRID), whole = gen_chance(k, 15), all_rows = !whole && gen_chance(k, 12);
  for (int a = 0; a < GEN_K; a++)
    k->index[a] = k->extent[a] = tile[a];
  k->scope = (k->used & GEN_BIT(GEN_B)) | m | cols;
  k->tiled = (all_rows ? 0 : m) | (whole ? 0 : cols) | (one ? 0 : k->scope & GEN_BIT(GEN_B));
  k->full = whole ? cols : all_rows ? m : 0;
  k->hidden = one ? k->scope & GEN_BIT(GEN_B) : 0;
  if (whole)
    k->index[GEN_N] = ":", k->extent[GEN_N] = "n";
  if (all_rows)
    k->index[GEN_M] = ":", k->extent[GEN_M] = "m";
  if (one)
    k->index[GEN_B] = "g", k->extent[GEN_B] = "b";
  k->grid = k->tiled | k->hidden;
  k->values.n = k->loaded.n = 0;
  k->indent = 1;
  gen_open_loops(k, k->hidden, "grid");
  gen_open_loops(k, k->tiled, "tile");
  for (int products = 1 + gen_chance(k, 20); products > 0; products--) {
    gen_product p = {.type = gen_float_type(k), .batch = k->scope & GEN_BIT(GEN_B)};
    const size_t kept = k->body.size, args = k->args.n;
    p.acc = gen_product_acc(k, p.type);
    if (gen_product_loops(k, &p, NULL))
      vec_push(k->mem, &k->values, p.result);
    else
      gen_take_back(&k->body, kept), k->args.n = args;
  }
  if (!k->values.n)      /* too large for its type */
    gen_load(k, DTYPE_F32, k->scope, false);
  gen_steps(k, n);
}
