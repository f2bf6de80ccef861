/* Stores, views of results and atomics of random kernels. */
#include "gen_private.h"

void gen_add_result(gen_kernel *k, gen_tensor t, const char *made) {
  text_addf(&k->host, "    %s = %s\n", t.name, made);
  vec_push(k->mem, &k->results, t);
}

static const char *gen_sizes(gen_kernel *k, unsigned axes, const char *first) {
  text t = text_new(k->mem);
  text_add(&t, first);
  for (int a = 0; a < GEN_AXES; a++)
    if (axes >> a & 1)
      text_addf(&t, "%s%c", t.size ? ", " : "", gen_letter[a]);
  return text_str(&t);
}

/* o[tile_m, tile_n] = v, cast to the type of o. */
void gen_store(gen_kernel *k, const gen_value *v) {
  unsigned axes = v->axes | k->grid;
  dtype t = !gen_has(k, GEN_HAS_STORE_CAST) || gen_chance(k, 60) ? v->type : gen_has(k, GEN_HAS_F8) && dtype_is_float(v->type) && gen_chance(k, 20) ? gen_f8(k) : gen_type(k, true);
  for (int64_t i = 0; i < gen_count(k, v->axes); i++)
    if (!gen_cast_fits(v, t, v->x[i]) || !gen_sane(k, t, gen_cast(v, t, v->x[i])))
      t = v->type;
  gen_tensor o = {.name = arena_printf(k->mem, "o%zu", k->results.n), .type = t, .elems = gen_count(k, axes), .axes = axes};
  int axis[GEN_AXES];
  o.rank = gen_axes_of(axes, axis);
  for (int d = 0; d < o.rank; d++)
    o.size[d] = k->size[axis[d]];
  o.x = gen_array(k, axes);
  int64_t at[GEN_AXES] = {0};
  do
    o.x[gen_at(k, axes, at)] = k->when && gen_get(k, k->when, at) == 0 ? 0 : gen_cast(v, t, gen_get(k, v, at));
  while (gen_next(k, axes, at));
  o.exact = v->exact && (!dtype_is_float(t) || t == v->type || gen_all_held(k, &(gen_value){.type = t, .axes = axes, .x = o.x}));
  const int turned = o.rank ? gen_pick(k, o.rank) : 0;
  int backwards = gen_has(k, GEN_HAS_BACKWARDS) && o.rank && gen_chance(k, 30) ? axis[turned] : -1;   /* o[m - 1 - tile_m.index, :] = v */
  const char *indices = gen_indices(k, axes), *made = k->when || (!k->is_spatial && gen_chance(k, 50)) ? "zeros" : "empty";      /* what is filled before has no spatial form */
  if (backwards >= 0 && !(k->tiled >> backwards & 1))
    backwards = -1;
  if (backwards >= 0) {
    const char *all = k->index[backwards];
    k->index[backwards] = arena_printf(k->mem, "%c - 1 - %s.index", gen_letter[backwards], all);
    indices = gen_indices(k, axes);
    k->index[backwards] = all;
    long double *forwards = o.x;
    o.x = gen_array(k, axes);
    int64_t rows = o.size[turned], row = 1;
    for (int d = turned + 1; d < o.rank; d++)
      row *= o.size[d];
    for (int64_t i = 0; i < o.elems / row; i++)      /* rows of the dims behind it */
      memcpy(o.x + i * row, forwards + (i / rows * rows + rows - 1 - i % rows) * row, (size_t)row * sizeof *o.x);
  }
  gen_line(k, "%s[%s] = %s", o.name, indices, gen_aligned(k, v, axes));
  if (o.rank != 2 || !gen_has(k, GEN_HAS_STORE_VIEW) || !gen_chance(k, 40)) {
    gen_add_result(k, o, arena_printf(k->mem, "torch.%s([%s], dtype=torch.%s)", made, gen_sizes(k, axes, ""), dtype_torch(t)));
    return;
  }
  gen_tensor base = o;   /* the result is what o is a view of */
  const char *view = o.name;
  base.name = arena_printf(k->mem, "%s_base", view);
  base.axes = 0;
  base.size[0] = o.size[1];
  base.size[1] = o.size[0];
  base.x = gen_array(k, axes);
  for (int64_t i = 0; i < o.elems; i++)
    base.x[i % o.size[1] * o.size[0] + i / o.size[1]] = o.x[i];
  gen_add_result(k, base, arena_printf(k->mem, "torch.%s([%c, %c], dtype=torch.%s)", made, gen_letter[axis[1]], gen_letter[axis[0]], dtype_torch(t)));
  text_addf(&k->host, "    %s = %s.%s\n", view, base.name, gen_chance(k, 50) ? "T" : "transpose(0, 1)");
}

/* hl.atomic_add(o, [idx % rows, :], v): every place of v once, several to one place of o. */
bool gen_step_atomic(gen_kernel *k) {
  static const struct { const char *name; long double (*f)(long double, long double); int start; bool floats; } kinds[] = {
      {"add", gen_add, 0, true}, {"add", gen_add, 0, true}, {"max", gen_max, 0, true}, {"min", gen_min, 1, true}, {"or", gen_or, 0, false}, {"and", gen_and, -1, false}, {"xor", gen_xor, 5, false}};
  static const dtype types[] = {DTYPE_F32, DTYPE_I32, DTYPE_I64, DTYPE_F16, DTYPE_BF16, DTYPE_F64};
  const gen_value *idx = gen_choose(k, gen_is_gatherable);
  int kind = gen_pick(k, 7);
  dtype t = types[kinds[kind].floats ? gen_pick(k, 6) : 1 + gen_pick(k, 2)];
  unsigned later = idx ? ~((2u << __builtin_ctz(idx->axes)) - 1) : 0, loop = k->hidden | k->tiled;
  if (!idx || k->when || (idx->axes & k->hidden) || loop >> GEN_K & 1 || (k->grid & ~(idx->axes | later)))
    return false;
  const gen_value *v = gen_choose(k, gen_is_number);
  unsigned axes = idx->axes | (k->grid & later) | (v ? v->axes : 0), rest = axes & ~idx->axes;
  if (!v || v->type != t || (axes & ~(idx->axes | later)))
    return false;
  int64_t rows = 1 + gen_pick(k, 6), at[GEN_AXES] = {0}, inner = gen_count(k, rest);
  int axis[GEN_AXES], n = gen_axes_of(rest, axis);
  gen_tensor o = {.name = arena_printf(k->mem, "o%zu", k->results.n), .type = t, .rank = n + 1, .size = {rows}, .elems = rows * inner};
  for (int d = 0; d < n; d++)
    o.size[d + 1] = k->size[axis[d]];
  o.x = arena_array(k->mem, (size_t)o.elems, sizeof *o.x);
  for (int64_t i = 0; i < o.elems; i++)
    o.x[i] = kinds[kind].start;
  do {
    int64_t row = (int64_t)gen_get(k, idx, at) % rows;
    long double *to = &o.x[(row < 0 ? row + rows : row) * inner + gen_at(k, rest, at)];
    *to = gen_wrap(t, kinds[kind].f(*to, gen_get(k, v, at)));
    if (!gen_sane(k, t, *to))
      return false;
  } while (gen_next(k, axes, at));
  gen_line(k, "hl.atomic_%s(%s, [%s %% %d%s%s], %s)", kinds[kind].name, o.name, idx->name, (int)rows, n ? ", " : "", gen_index_list(k, rest, "slice(None)"), gen_aligned(k, v, axes));
  gen_add_result(k, o, arena_printf(k->mem, "torch.full([%s], %d, dtype=torch.%s)", gen_sizes(k, rest, arena_printf(k->mem, "%d", (int)rows)), kinds[kind].start, dtype_torch(t)));
  return true;
}

/* What the loops before stored. */
bool gen_step_load_result(gen_kernel *k) {
  if (!k->results.n)
    return false;
  gen_tensor o = k->results.at[gen_pick(k, (int)k->results.n)];
  if (!o.axes || dtype_is_f8(o.type) || (o.axes & ~k->scope) || text_starts(o.name, "v") || strstr(text_str(&k->body), arena_printf(k->mem, " %s[", o.name)) == NULL)
    return false;
  gen_value v = {gen_name(k, "v"), o.type, o.axes, o.exact, o.x};
  return gen_keep(k, v, arena_printf(k->mem, "%s[%s]", o.name, gen_indices(k, o.axes)));
}

