#include "frontend/helion/helion_value.h"
#include <stdlib.h>

/* Sizes are called after their arguments. */
static const char *unnamed(kernel_sym_kind kind) { return kind == KERNEL_SYM_RUNTIME ? "at" : "tile"; }

int helion_symbol_new(helion_reader *r, kernel_sym_kind kind, const char *fallback, int64_t value, const syn_node *at) {
  int index = (int)r->symbols.n;
  helion_symbol s = {.id = arena_printf(r->mem, "%%%d", index),
                     .fallback = fallback ? fallback : unnamed(kind),
                     .kind = kind,
                     .value = value,
                     .same_as = -1,
                     .loop_order = -1,
                     .tensor = -1,
                     .block = -1,
                     .number = -1,
                     .jagged = -1,
                     .divides = kind == KERNEL_SYM_BLOCK && r->assume_divides};
  if (at)
    s.span = at->span;
  if (kind == KERNEL_SYM_BLOCK) {
    s.ordinal = r->blocks++;
    s.is_padded = s.ordinal < 64 && (r->padded >> s.ordinal & 1);
  }
  vec_push(r->mem, &r->symbols, s);
  return index;
}

static int root_of(const helion_reader *r, int index) {
  while (r->symbols.at[index].same_as >= 0)
    index = r->symbols.at[index].same_as;
  return index;
}

static int index_of(const helion_reader *r, const char *id) { return root_of(r, (int)strtol(id + 1, NULL, 10)); }

const sym_expr *helion_symbol_expr(helion_reader *r, int index) { return sym_name(r->mem, r->symbols.at[index].id); }

int helion_symbol_of(const helion_reader *r, const sym_expr *e) { return e && e->op == SYM_SYM ? index_of(r, e->name) : -1; }

void helion_symbol_name(helion_reader *r, int index, const char *name) {
  helion_symbol *s = &r->symbols.at[root_of(r, index)];
  if (s->kind == KERNEL_SYM_NOMINAL)   /* a block is named after the variable of its size until a loop names it */
    s = &r->symbols.at[s->block];
  if (s->name || s->loop_order >= 0 || strspn(name, "_") == strlen(name))   /* "_" names what is not used */
    return;
  if (s->kind == KERNEL_SYM_SIZE)
    for (size_t i = 0; i < r->symbols.n && !s->varies; i++) {
      helion_symbol *other = &r->symbols.at[i];
      if (other != s && other->same_as < 0 && !other->varies && other->kind == KERNEL_SYM_SIZE && other->value == s->value && text_eq(other->name, name)) {
        s->same_as = (int)i;
        return;
      }
    }
  s->name = arena_strdup(r->mem, name);
}

/* ---- values ---- */
static const sym_expr *value_of(helion_reader *r, const char *id, bool with_blocks) {
  int i = index_of(r, id);
  const helion_symbol *s = &r->symbols.at[i];
  if (s->kind == KERNEL_SYM_NOMINAL && with_blocks)
    s = &r->symbols.at[s->block];
  else if (s->kind == KERNEL_SYM_BLOCK)
    with_blocks = false;   /* the last tile of a loop with a fixed block size may be smaller */
  bool known = s->value >= 0 && (with_blocks || s->kind == KERNEL_SYM_SIZE);
  return known ? sym_const(r->mem, s->value) : helion_symbol_expr(r, i);
}

static const sym_expr *known_size(void *data, const char *id) { return value_of(data, id, false); }
static const sym_expr *known_symbol(void *data, const char *id) { return value_of(data, id, true); }

static const sym_expr *fixed_size(void *data, const char *id) {
  helion_reader *r = data;
  int i = index_of(r, id);
  return r->symbols.at[i].varies ? helion_symbol_expr(r, i) : value_of(r, id, false);
}

/* With the numbers that hold in every call. */
static const sym_expr *with_fixed(helion_reader *r, const sym_expr *e) { return sym_subst(r->mem, e, fixed_size, r); }
static const sym_expr *with_sizes(helion_reader *r, const sym_expr *e) { return sym_subst(r->mem, e, known_size, r); }

bool helion_peek(helion_reader *r, const sym_expr *e, int64_t *out) {
  return sym_is_const(e, out) || sym_is_const(sym_subst(r->mem, e, known_symbol, r), out);
}

bool helion_known_int(helion_reader *r, const helion_value *v, int64_t *out) {
  if (v->kind == HELION_BOOL)
    *out = v->flag;
  return v->kind == HELION_BOOL || (v->kind == HELION_INT && helion_known(r, v->size, out));
}

bool helion_same_size(helion_reader *r, const sym_expr *a, const sym_expr *b) {
  if (helion_surely_same(r, a, b))
    return true;
  return r->is_dynamic && sym_equal(with_sizes(r, a), with_sizes(r, b)) && helion_assume_same(r, a, b);
}

bool helion_surely_same(helion_reader *r, const sym_expr *a, const sym_expr *b) { return a == b || sym_equal(with_fixed(r, a), with_fixed(r, b)); }

bool helion_is_one(helion_reader *r, const sym_expr *e) {
  int64_t v;
  return sym_is_const(with_fixed(r, e), &v) && v == 1;
}

void helion_unify(helion_reader *r, const sym_expr *a, const sym_expr *b) {
  int i = helion_symbol_of(r, a), j = helion_symbol_of(r, b);
  if (i < 0 || j < 0 || i == j || r->symbols.at[i].kind != KERNEL_SYM_SIZE || r->symbols.at[j].kind != KERNEL_SYM_SIZE)
    return;
  int first = i < j ? i : j, second = i < j ? j : i;   /* the earlier argument gives the name */
  r->symbols.at[second].same_as = first;
  r->symbols.at[first].varies = r->symbols.at[first].varies && r->symbols.at[second].varies;
  if (!r->symbols.at[first].name)
    r->symbols.at[first].name = r->symbols.at[second].name;
}

/* ---- block sizes and tiles ---- */
int helion_block_of(const helion_reader *r, const sym_expr *e) {
  int i = helion_symbol_of(r, e);
  if (i >= 0 && r->symbols.at[i].kind == KERNEL_SYM_NOMINAL)
    return r->symbols.at[i].block;
  return i >= 0 && r->symbols.at[i].kind == KERNEL_SYM_BLOCK ? i : -1;
}

const sym_expr *helion_nominal(helion_reader *r, int block) {
  if (r->symbols.at[block].is_exact)
    return sym_const(r->mem, r->symbols.at[block].value);
  if (r->symbols.at[block].block < 0) {
    int n = helion_symbol_new(r, KERNEL_SYM_NOMINAL, "block_size", r->symbols.at[block].value, NULL);
    r->symbols.at[n].block = block;
    r->symbols.at[block].block = n;
  }
  return helion_symbol_expr(r, r->symbols.at[block].block);
}

const sym_expr *helion_tile_dim(helion_reader *r, int block) {
  const helion_symbol *s = &r->symbols.at[block];
  return s->is_exact ? sym_const(r->mem, s->value) : helion_symbol_expr(r, block);
}

static void need_padding(helion_reader *r, int block) {
  const helion_symbol *s = &r->symbols.at[block];
  if (s->is_padded || s->ordinal >= 64)
    return;
  r->padded |= (uint64_t)1 << s->ordinal;
  r->is_again = true;
}

typedef struct dim_walk { helion_reader *r; bool is_bare; } dim_walk;

static const sym_expr *tile_dim_of(void *data, const char *id) {
  dim_walk *w = data;
  int i = index_of(w->r, id);
  if (w->r->symbols.at[i].kind != KERNEL_SYM_NOMINAL)
    return NULL;
  int block = w->r->symbols.at[i].block;
  if (!w->is_bare || !w->r->symbols.at[block].is_open)
    need_padding(w->r, block);
  return helion_tile_dim(w->r, block);
}

/* A number of tiles (what gather gives) is no dim of lanes: its block size stays a number. */
const sym_expr *helion_device_dim(helion_reader *r, const sym_expr *e) {
  if (e->op == SYM_CEILDIV && helion_block_of(r, e->arg[1]) >= 0)
    return e;
  return sym_subst(r->mem, e, tile_dim_of, &(dim_walk){r, e->op == SYM_SYM});
}

/* ---- upper bounds ---- */
static bool has_runtime(const helion_reader *r, const sym_expr *e) {
  int i = helion_symbol_of(r, e);
  bool found = i >= 0 && r->symbols.at[i].kind == KERNEL_SYM_RUNTIME;
  for (int a = 0; a < 3 && !found; a++)
    found = e->arg[a] && has_runtime(r, e->arg[a]);
  return found;
}

/* Sizes and what is bound at run time are not negative where they count tiles and elements. */
const sym_expr *helion_upper_bound(helion_reader *r, const sym_expr *e) {
  int i = helion_symbol_of(r, e);
  int64_t factor;
  if (!has_runtime(r, e))
    return e;
  if (i >= 0)
    return r->symbols.at[i].upper;
  const sym_expr *a = e->arg[0] ? helion_upper_bound(r, e->arg[0]) : NULL, *b = e->arg[1] ? helion_upper_bound(r, e->arg[1]) : NULL;
  switch (e->op) {
  case SYM_ADD:
    return a && b ? sym_add(r->mem, a, b) : NULL;
  case SYM_MUL:
    for (int k = 0; k < 2; k++)
      if (sym_is_const(e->arg[k], &factor) && factor <= 0)
        return sym_const(r->mem, 0);
    return a && b ? sym_mul(r->mem, a, b) : NULL;
  case SYM_MIN:
    return a && b ? sym_min(r->mem, a, b) : a ? a : b;
  case SYM_MAX:
    return a && b ? sym_max(r->mem, a, b) : NULL;
  case SYM_SUB:
    return a && !has_runtime(r, e->arg[1]) ? sym_sub(r->mem, a, e->arg[1]) : a;
  default:
    return NULL;
  }
}

/* ---- text ---- */
static const char *shown_name(const helion_symbol *s) { return s->name ? s->name : s->fallback; }

static const char *name_of(helion_reader *r, int i) {
  const helion_symbol *s = &r->symbols.at[i];
  return s->kind == KERNEL_SYM_NOMINAL ? arena_printf(r->mem, "%s.block_size", shown_name(&r->symbols.at[s->block])) : shown_name(s);
}

static const sym_expr *shown_symbol(void *data, const char *id) {
  helion_reader *r = data;
  return sym_name(r->mem, name_of(r, index_of(r, id)));
}

const char *helion_show_size(helion_reader *r, const sym_expr *e) {
  int64_t v;
  const char *name = sym_str(r->mem, sym_subst(r->mem, e, shown_symbol, r));
  bool is_const = sym_is_const(e, &v);
  return !is_const && helion_peek(r, e, &v) ? arena_printf(r->mem, "%s=%" PRId64, name, v) : name;
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
  vec_push(r->mem, &r->graph->symbols, ((kernel_symbol){.name = s->name, .kind = s->kind, .value = s->value, .extent = s->extent, .is_open = s->varies,
                                                        .divides = s->divides, .preferred = s->preferred, .is_padded = s->is_padded, .span = s->span}));
  if (s->kind == KERNEL_SYM_BLOCK && s->block >= 0 && r->symbols.at[s->block].is_used) {
    kernel_symbol *nominal = kernel_add_symbol(r->mem, r->graph, arena_printf(r->mem, "%s.block_size", s->name), KERNEL_SYM_NOMINAL);
    nominal->block = s->name;
    nominal->value = s->value;
    nominal->span = s->span;
  }
}

/* Sizes in the order of the arguments, then blocks in the order of the loops, then registered blocks that tile nothing, then what is bound
 * while the kernel runs. */
static void add_symbols(helion_reader *r) {
  for (size_t i = 0; i < r->symbols.n; i++)
    if (r->symbols.at[i].kind == KERNEL_SYM_SIZE && r->symbols.at[i].same_as < 0)
      add_symbol(r, &r->symbols.at[i]);
  for (int order = 0; order <= r->loops; order++)
    for (size_t i = 0; i < r->symbols.n; i++)
      if (r->symbols.at[i].kind == KERNEL_SYM_BLOCK && r->symbols.at[i].loop_order == (order < r->loops ? order : -1) &&
          (order < r->loops || r->symbols.at[i].is_used || (r->symbols.at[i].block >= 0 && r->symbols.at[r->symbols.at[i].block].is_used)))
        add_symbol(r, &r->symbols.at[i]);
  for (size_t i = 0; i < r->symbols.n; i++)
    if (r->symbols.at[i].kind == KERNEL_SYM_RUNTIME)
      add_symbol(r, &r->symbols.at[i]);
}

typedef const sym_expr *rewriter(void *reader, const char *id);

static void rewrite_expr(helion_reader *r, rewriter *f, const sym_expr **e) {
  if (*e)
    *e = sym_subst(r->mem, *e, f, r);
}

static void rewrite_type(helion_reader *r, rewriter *f, kernel_type *t) {
  for (int i = 0; i < t->rank; i++)
    rewrite_expr(r, f, &t->dim[i]);
}

static void rewrite_region(helion_reader *r, rewriter *f, kernel_region *region) {
  for (size_t i = 0; i < region->ops.n; i++) {
    kernel_op *op = region->ops.at[i];
    rewrite_expr(r, f, &op->expr);
    for (int j = 0; j < op->n_ranges; j++) {
      rewrite_expr(r, f, &op->ranges[j].begin);
      rewrite_expr(r, f, &op->ranges[j].end);
      rewrite_expr(r, f, &op->ranges[j].step);
    }
    for (int j = 0; j < op->n_index; j++) {
      rewrite_expr(r, f, &op->index[j].begin);
      rewrite_expr(r, f, &op->index[j].end);
    }
    for (int j = 0; j < op->n_regions; j++)
      rewrite_region(r, f, &op->regions[j]);
  }
}

/* All size expressions of the graph but those of its symbols. */
static void rewrite_graph(helion_reader *r, rewriter *f) {
  kernel_graph *g = r->graph;
  for (size_t i = 0; i < g->tensors.n; i++) {
    rewrite_type(r, f, &g->tensors.at[i].shape);
    rewrite_expr(r, f, &g->tensors.at[i].offset);
    for (int d = 0; d < KERNEL_RANK_MAX; d++)
      rewrite_expr(r, f, &g->tensors.at[i].stride[d]);
  }
  for (size_t i = 0; i < g->values.n; i++)
    rewrite_type(r, f, &g->values.at[i].type);
  rewrite_region(r, f, &g->body);
}

static void rename_block(helion_reader *r, const char **block) {
  int i = *block ? index_of(r, *block) : -1;
  if (i >= 0)
    *block = r->symbols.at[i].name;
}

static void rename_blocks(helion_reader *r, kernel_region *region) {
  for (size_t i = 0; i < region->ops.n; i++) {
    for (int j = 0; j < region->ops.at[i]->n_ranges; j++)
      rename_block(r, &region->ops.at[i]->ranges[j].block);
    for (int j = 0; j < region->ops.at[i]->n_regions; j++)
      rename_blocks(r, &region->ops.at[i]->regions[j]);
  }
}

static const sym_expr *note_use(void *data, const char *id) {
  helion_reader *r = data;
  r->symbols.at[index_of(r, id)].is_used = true;
  return NULL;
}

static void name_tensors(helion_reader *r) {
  for (size_t i = 0; i < r->graph->tensors.n; i++)
    if (!r->graph->tensors.at[i].name[0])
      r->graph->tensors.at[i].name = arena_printf(r->mem, "%s_%zu", r->graph->tensors.at[i].role == KERNEL_VIEW ? "view" : "alloc", i);
}

/* A size that an assertion made equal to another is called after its argument: the guard says what has to be equal. */
static const sym_expr *guard_symbol(void *data, const char *id) {
  helion_reader *r = data;
  if (id[0] != '%')   /* an element of an argument */
    return NULL;
  long i = strtol(id + 1, NULL, 10);
  const char *own = r->symbols.at[i].same_as >= 0 ? helion_argument_size(r, (int)i) : NULL;
  return own ? sym_name(r->mem, own) : shown_symbol(r, id);
}

void helion_finish(helion_reader *r) {
  kernel_graph *g = r->graph;
  rewrite_graph(r, note_use);
  add_symbols(r);
  name_tensors(r);
  for (size_t i = 0; i < g->symbols.n; i++)
    rewrite_expr(r, shown_symbol, &g->symbols.at[i].extent);
  for (size_t i = 0; i < g->values.n; i++)
    rename_block(r, &g->values.at[i].block);
  rename_blocks(r, &g->body);
  rewrite_graph(r, shown_symbol);
  for (size_t i = 0; i < g->guards.n; i++)
    rewrite_expr(r, guard_symbol, &g->guards.at[i].holds);
}
