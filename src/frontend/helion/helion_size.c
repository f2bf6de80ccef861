#include "frontend/helion/helion_value.h"
#include <stdlib.h>

static const char *const unnamed[] = {"tile", "size"};

int helion_symbol_new(helion_reader *r, kernel_sym_kind kind, const char *fallback, int64_t value, const syn_node *at) {
  int index = (int)r->symbols.n;
  helion_symbol s = {.id = arena_printf(r->mem, "%%%d", index),
                     .fallback = fallback ? fallback : unnamed[kind == KERNEL_SYM_SIZE],
                     .kind = kind,
                     .value = value,
                     .same_as = -1,
                     .loop_order = -1,
                     .tensor = -1,
                     .divides = kind == KERNEL_SYM_BLOCK && r->assume_divides};
  if (at)
    s.span = at->span;
  vec_push(r->mem, &r->symbols, s);
  return index;
}

static int root_of(const helion_reader *r, int index) {
  while (r->symbols.at[index].same_as >= 0)
    index = r->symbols.at[index].same_as;
  return index;
}

static int index_of(const helion_reader *r, const char *id) {
  if (id[0] != '%')
    return -1;
  long i = strtol(id + 1, NULL, 10);
  return i >= 0 && (size_t)i < r->symbols.n ? root_of(r, (int)i) : -1;
}

const sym_expr *helion_symbol_expr(helion_reader *r, int index) { return sym_name(r->mem, r->symbols.at[index].id); }

int helion_symbol_of(const helion_reader *r, const sym_expr *e) { return e && e->op == SYM_SYM ? index_of(r, e->name) : -1; }

void helion_symbol_name(helion_reader *r, int index, const char *name) {
  helion_symbol *s = &r->symbols.at[root_of(r, index)];
  if (s->name)
    return;
  if (s->kind == KERNEL_SYM_SIZE)
    for (size_t i = 0; i < r->symbols.n; i++) {
      helion_symbol *other = &r->symbols.at[i];
      if (other != s && other->same_as < 0 && other->kind == KERNEL_SYM_SIZE && other->value == s->value && text_eq(other->name, name)) {
        s->same_as = (int)i;
        return;
      }
    }
  s->name = arena_strdup(r->mem, name);
}

/* ---- values ---- */
static const sym_expr *value_of(helion_reader *r, const char *id, bool with_blocks) {
  int i = index_of(r, id);
  if (i < 0)
    return NULL;
  const helion_symbol *s = &r->symbols.at[i];
  bool known = s->value >= 0 && (with_blocks || s->kind == KERNEL_SYM_SIZE);
  return known ? sym_const(r->mem, s->value) : helion_symbol_expr(r, i);
}

static const sym_expr *known_size(void *data, const char *id) { return value_of(data, id, false); }
static const sym_expr *known_symbol(void *data, const char *id) { return value_of(data, id, true); }

/* Block sizes stay symbols: the last tile of a loop with a fixed block size may be smaller. */
static const sym_expr *with_sizes(helion_reader *r, const sym_expr *e) { return sym_subst(r->mem, e, known_size, r); }

bool helion_known(helion_reader *r, const sym_expr *e, int64_t *out) {
  return sym_is_const(e, out) || sym_is_const(sym_subst(r->mem, e, known_symbol, r), out);
}

bool helion_known_int(helion_reader *r, const helion_value *v, int64_t *out) {
  if (v->kind == HELION_BOOL)
    *out = v->flag;
  return v->kind == HELION_BOOL || (v->kind == HELION_INT && helion_known(r, v->size, out));
}

bool helion_same_size(helion_reader *r, const sym_expr *a, const sym_expr *b) {
  return a == b || sym_equal(with_sizes(r, a), with_sizes(r, b));
}

bool helion_is_one(helion_reader *r, const sym_expr *e) {
  int64_t v;
  return sym_is_const(with_sizes(r, e), &v) && v == 1;
}

void helion_unify(helion_reader *r, const sym_expr *a, const sym_expr *b) {
  int i = helion_symbol_of(r, a), j = helion_symbol_of(r, b);
  if (i < 0 || j < 0 || i == j || r->symbols.at[i].kind != KERNEL_SYM_SIZE || r->symbols.at[j].kind != KERNEL_SYM_SIZE)
    return;
  int first = i < j ? i : j, second = i < j ? j : i;   /* the earlier argument gives the name */
  r->symbols.at[second].same_as = first;
  if (!r->symbols.at[first].name)
    r->symbols.at[first].name = r->symbols.at[second].name;
}

/* ---- text ---- */
static const char *shown_name(const helion_symbol *s) { return s->name ? s->name : s->fallback; }

static const sym_expr *shown_symbol(void *data, const char *id) {
  helion_reader *r = data;
  int i = index_of(r, id);
  return i >= 0 ? sym_name(r->mem, shown_name(&r->symbols.at[i])) : NULL;
}

const char *helion_show_size(helion_reader *r, const sym_expr *e) {
  int64_t v;
  const char *name = sym_str(r->mem, sym_subst(r->mem, e, shown_symbol, r));
  bool is_const = sym_is_const(e, &v);
  return !is_const && helion_known(r, e, &v) ? arena_printf(r->mem, "%s=%" PRId64, name, v) : name;
}

const char *helion_show_shape(helion_reader *r, const kernel_type *t) {
  text s = text_new(r->mem);
  text_add(&s, "[");
  for (int i = 0; i < t->rank; i++)
    text_addf(&s, "%s%s", i ? ", " : "", helion_show_size(r, t->dim[i]));
  text_add(&s, "]");
  return text_str(&s);
}

/* ---- final names ---- */
static bool is_taken(const helion_reader *r, const char *name) { return kernel_find_symbol(r->graph, name) != NULL; }

static const char *unique_name(helion_reader *r, const char *wish) {
  const char *name = wish;
  for (int i = 1; is_taken(r, name); i++)
    name = arena_printf(r->mem, "%s_%d", wish, i);
  return name;
}

static void add_symbol(helion_reader *r, helion_symbol *s) {
  s->name = unique_name(r, text_identifier(r->mem, shown_name(s)));
  vec_push(r->mem, &r->graph->symbols, ((kernel_symbol){.name = s->name, .kind = s->kind, .value = s->value, .extent = s->extent,
                                                        .divides = s->divides, .span = s->span}));
}

/* Sizes in the order of the arguments, then blocks in the order of the loops, then registered blocks that tile nothing. */
static void add_symbols(helion_reader *r) {
  for (size_t i = 0; i < r->symbols.n; i++)
    if (r->symbols.at[i].kind == KERNEL_SYM_SIZE && r->symbols.at[i].same_as < 0)
      add_symbol(r, &r->symbols.at[i]);
  for (int order = 0; order <= r->loops; order++)
    for (size_t i = 0; i < r->symbols.n; i++)
      if (r->symbols.at[i].kind == KERNEL_SYM_BLOCK && r->symbols.at[i].loop_order == (order < r->loops ? order : -1) &&
          r->symbols.at[i].extent)
        add_symbol(r, &r->symbols.at[i]);
}

static void rename_expr(helion_reader *r, const sym_expr **e) {
  if (*e)
    *e = sym_subst(r->mem, *e, shown_symbol, r);
}

static void rename_block(helion_reader *r, const char **block) {
  int i = *block ? index_of(r, *block) : -1;
  if (i >= 0)
    *block = r->symbols.at[i].name;
}

static void rename_type(helion_reader *r, kernel_type *t) {
  for (int i = 0; i < t->rank; i++)
    rename_expr(r, &t->dim[i]);
}

static void rename_region(helion_reader *r, kernel_region *region) {
  for (size_t i = 0; i < region->ops.n; i++) {
    kernel_op *op = region->ops.at[i];
    rename_expr(r, &op->expr);
    for (int j = 0; j < op->n_ranges; j++) {
      rename_expr(r, &op->ranges[j].begin);
      rename_expr(r, &op->ranges[j].end);
      rename_block(r, &op->ranges[j].block);
    }
    for (int j = 0; j < op->n_index; j++) {
      rename_expr(r, &op->index[j].begin);
      rename_expr(r, &op->index[j].end);
    }
    for (int j = 0; j < op->n_regions; j++)
      rename_region(r, &op->regions[j]);
  }
}

static void name_tensors(helion_reader *r) {
  for (size_t i = 0; i < r->graph->tensors.n; i++)
    if (!r->graph->tensors.at[i].name[0])
      r->graph->tensors.at[i].name = arena_printf(r->mem, "alloc_%zu", i);
}

void helion_finish(helion_reader *r) {
  kernel_graph *g = r->graph;
  add_symbols(r);
  name_tensors(r);
  for (size_t i = 0; i < g->symbols.n; i++)
    rename_expr(r, &g->symbols.at[i].extent);
  for (size_t i = 0; i < g->tensors.n; i++) {
    rename_type(r, &g->tensors.at[i].shape);
    rename_expr(r, &g->tensors.at[i].offset);
    for (int d = 0; d < KERNEL_RANK_MAX; d++)
      rename_expr(r, &g->tensors.at[i].stride[d]);
  }
  for (size_t i = 0; i < g->values.n; i++) {
    rename_type(r, &g->values.at[i].type);
    rename_block(r, &g->values.at[i].block);
  }
  rename_region(r, &g->body);
}
