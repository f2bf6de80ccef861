/* Facts that a dump does not state: which blocks a loop runs over, what host tensors are for, what is returned (device_ir.h has the rules). */
#include "frontend/device_ir/dir_private.h"
#include "base/number.h"

typedef struct walk {
  dir_program *p;
  bool *outer;                     /* by block: referenced around the graph being walked, or open there */
  bool *used;                      /* by block: referenced in this root */
  bool *walked;                    /* by graph */
  int depth, uses;
} walk;

/* ---- uses and host tensors ---- */
static void count_uses(dir_graph *g, const syn_node *e) {
  if (!e)
    return;
  dir_node *n = dir_name_of(e) ? dir_find_node(g, dir_name_of(e)) : NULL;
  if (n)
    n->uses++;
  for (size_t f = 0; f < e->n_fields; f++) {
    count_uses(g, e->fields[f].node);
    for (size_t i = 0; e->fields[f].is_list && i < e->fields[f].n; i++)
      count_uses(g, e->fields[f].items[i]);
  }
}

static loom_status add_host_tensor(dir_program *p, const dir_node *n) {
  if (n->n_args != 1 || n->args[0]->kind != SYN_Constant || n->args[0]->const_kind != SYN_CONST_STR)
    LOOM_FAIL(p->ctx, n->span, LOOM_EINPUT, "_host_tensor takes the name of a tensor");
  const char *name = n->args[0]->string;
  dir_tensor *t = dir_find_tensor(p, name);
  if (!t) {
    vec_push(p->mem, &p->tensors, ((dir_tensor){.name = name, .val = n->val, .first_use = -1, .span = n->span}));
    t = &p->tensors.at[p->tensors.n - 1];
  }
  if (!t->val.is_tensor)
    t->val = n->val;
  if (!t->val.is_tensor)
    LOOM_FAIL(p->ctx, n->span, LOOM_EINPUT, "the dump does not say the shape of the host tensor \"%s\"", name);
  return LOOM_OK;
}

static loom_status look_at_nodes(dir_program *p) {
  for (size_t i = 0; i < p->graphs.n; i++) {
    dir_graph *g = &p->graphs.at[i];
    for (size_t j = 0; j < g->nodes.n; j++) {
      dir_node *n = &g->nodes.at[j];
      for (size_t a = 0; a < n->n_args; a++)
        count_uses(g, n->args[a]);
      for (size_t a = 0; a < n->n_keys; a++)
        count_uses(g, n->values[a]);
      if (text_eq(n->target, "_host_tensor"))
        LOOM_TRY(add_host_tensor(p, n));
    }
  }
  return LOOM_OK;
}

/* ---- blocks ---- */
static void note_blocks(dir_program *p, const syn_node *e, bool *out) {
  const dir_block *b = dir_block_of_symbol(p, e);
  if (b)
    out[b - p->blocks.at] = true;
}

dir_block *dir_named_block(dir_program *p, const dir_node *n) {
  if (!text_eq(n->target, "_get_symnode") || n->n_args != 1 || !n->args[0]->string)
    return NULL;
  int id = number_after(n->args[0]->string, "block_size_");
  return id >= 0 ? dir_find_block(p, id) : NULL;
}

/* The blocks whose tiles the nodes of `g` have in their shapes or use as numbers. */
static bool *blocks_of(dir_program *p, const dir_graph *g) {
  bool *out = ARENA_NEW_N(p->mem, bool, p->blocks.n);
  for (size_t i = 0; i < g->nodes.n; i++) {
    const dir_node *n = &g->nodes.at[i];
    const dir_block *b = dir_named_block(p, n);
    if (b)
      out[b - p->blocks.at] = true;
    note_blocks(p, n->val.scalar, out);
    for (int d = 0; d < n->val.rank; d++)
      note_blocks(p, n->val.dim[d], out);
  }
  return out;
}

/* An argument as an expression over symbols; NULL: only known at run time. */
static const syn_node *symbolic(dir_program *p, const dir_graph *g, const syn_node *e) {
  const dir_node *n = dir_name_of(e) ? dir_find_node(g, dir_name_of(e)) : NULL;
  (void)p;
  return n ? n->val.scalar : e->kind == SYN_Constant ? e : NULL;
}

static bool has_size(dir_program *p, const dir_graph *g, const dir_block *b, const syn_node *begin, const syn_node *end) {
  const syn_node *from = symbolic(p, g, begin), *to = symbolic(p, g, end);
  if (!b->size || !from || !to)
    return false;
  return dir_same_size(b->size, dir_syn_binary(p->mem, b->span, SYN_Sub, (syn_node *)(uintptr_t)to, (syn_node *)(uintptr_t)from));
}

/* The block of a range of loop body `body`: of the free ones one that only the body uses and that has the size; one that only the body uses; one
 * that nobody uses and that has the size; one that is used around the loop too (an accumulator over its nominal size).  -1: none. */
static int choose_block(walk *w, const dir_graph *caller, const dir_graph *body, const syn_node *begin, const syn_node *end) {
  const bool *inside = blocks_of(w->p, body);
  for (int pass = 0; pass < 4; pass++)
    for (size_t i = 0; i < w->p->blocks.n; i++) {
      const dir_block *b = &w->p->blocks.at[i];
      bool is_free = !b->is_reduction && !b->is_open, fits = has_size(w->p, caller, b, begin, end);
      bool is_chosen = false;
      for (int j = 0; j < body->n_blocks; j++)
        is_chosen = is_chosen || body->block[j] == (int)i;
      const bool accepts[] = {inside[i] && !w->outer[i] && fits && !b->is_taken, inside[i] && !w->outer[i], !w->outer[i] && fits && !b->is_taken, inside[i] && fits};
      if (is_free && !is_chosen && accepts[pass])
        return (int)i;
    }
  return -1;
}

static loom_status choose_blocks(walk *w, const dir_graph *caller, const dir_node *n, dir_graph *body) {
  size_t count, n_begin;
  syn_node **begins = n->n_args > 2 ? syn_list(n->args[1], "elts", &n_begin) : NULL, **ends = begins ? syn_list(n->args[2], "elts", &count) : NULL;
  if (!ends || count != n_begin || count < 1 || count > KERNEL_RANK_MAX)
    LOOM_FAIL(w->p->ctx, n->span, LOOM_EINPUT, "a loop takes lists of as many begins as ends, 1 to %d", KERNEL_RANK_MAX);
  for (size_t i = 0; i < count && !body->has_blocks; i++) {
    int b = choose_block(w, caller, body, begins[i], ends[i]);
    if (b < 0)
      LOOM_FAIL(w->p->ctx, n->span, LOOM_EINPUT, "no block of the dump has the size of range %zu of this loop", i);
    body->block[body->n_blocks++] = b;
    w->p->blocks.at[b].is_taken = true;
  }
  if (body->n_blocks != (int)count)
    LOOM_FAIL(w->p->ctx, n->span, LOOM_EINPUT, "the loop has %zu ranges and graph %d has %d blocks", count, body->id, body->n_blocks);
  return LOOM_OK;
}

/* ---- the order of things ---- */
static void use_tensor(walk *w, const dir_graph *g, const dir_node *n) {
  dir_tensor *t = dir_tensor_arg(w->p, g, n, 0);
  bool is_load = text_eq(n->target, "load"), is_atomic = text_starts(n->target, "atomic_");
  if (!t || (!is_load && !is_atomic && !text_eq(n->target, "store")))
    return;
  if (t->first_use < 0) {
    t->first_use = w->uses++;
    t->by_atomic = is_atomic;
    if (t->role == DIR_UNKNOWN)
      t->role = is_load ? DIR_ARG : DIR_ALLOC;
  }
  t->is_loaded = t->is_loaded || is_load;
  t->is_stored = t->is_stored || !is_load;
}

static loom_status walk_graph(walk *w, dir_graph *g);

static loom_status walk_call(walk *w, const dir_graph *caller, const dir_node *n, const syn_node *id) {
  if (id->kind != SYN_Constant || id->const_kind != SYN_CONST_INT)
    return LOOM_OK;   /* no graph: `None` for a branch that is not there */
  dir_graph *g = id->integer >= 0 && id->integer <= INT32_MAX ? dir_find_graph(w->p, (int)id->integer) : NULL;
  if (!g)
    LOOM_FAIL(w->p->ctx, n->span, LOOM_EINPUT, "the dump has no graph %" PRId64, id->integer);
  if (g->is_open || w->depth >= DIR_NESTING_MAX)
    LOOM_FAIL(w->p->ctx, n->span, g->is_open ? LOOM_EINPUT : LOOM_ELIMIT, g->is_open ? "graph %d calls itself" : "graph %d is nested too deep", g->id);
  if (w->walked[g - w->p->graphs.at])
    return LOOM_OK;
  bool is_loop = g->kind == DIR_FOR || g->kind == DIR_REDUCTION;
  if (is_loop)
    LOOM_TRY(choose_blocks(w, caller, n, g));
  for (int i = 0; i < g->n_blocks && is_loop; i++)
    w->p->blocks.at[g->block[i]].is_open = true;
  LOOM_TRY(walk_graph(w, g));
  for (int i = 0; i < g->n_blocks && is_loop; i++)
    w->p->blocks.at[g->block[i]].is_open = false;
  return LOOM_OK;
}

static loom_status walk_graph(walk *w, dir_graph *g) {
  bool *before = w->outer, *own = blocks_of(w->p, g);
  for (size_t i = 0; i < w->p->blocks.n; i++) {
    w->used[i] = w->used[i] || own[i];
    own[i] = own[i] || (before && before[i]);
  }
  w->outer = own;
  w->walked[g - w->p->graphs.at] = g->is_open = true;
  w->depth++;
  for (size_t i = 0; i < g->nodes.n; i++) {
    const dir_node *n = &g->nodes.at[i];
    static const struct { const char *target; size_t graphs[3], n; } calls[] = {
        {"_for_loop", {0}, 1}, {"_for_loop_step", {0}, 1}, {"_if", {1, 2}, 2}, {"_while_loop", {0, 1, 3}, 3}, {"_associative_scan", {0}, 1}, {"_reduce", {0}, 1}};
    for (size_t c = 0; c < sizeof calls / sizeof *calls; c++)
      for (size_t j = 0; text_eq(n->target, calls[c].target) && j < calls[c].n; j++)
        if (calls[c].graphs[j] < n->n_args)
          LOOM_TRY(walk_call(w, g, n, n->args[calls[c].graphs[j]]));
    use_tensor(w, g, n);
  }
  w->depth--;
  g->is_open = false;
  w->outer = before;
  return LOOM_OK;
}

/* A root whose reductions are rolled into loops is another form of a root that has them as they were written. */
static bool is_rolled(dir_program *p, const dir_graph *g) {
  for (size_t i = 0; i < g->nodes.n; i++) {
    const dir_node *n = &g->nodes.at[i];
    const dir_graph *body = text_eq(n->target, "_for_loop") && n->n_args && n->args[0]->kind == SYN_Constant ? dir_find_graph(p, (int)n->args[0]->integer) : NULL;
    if (body && body->kind == DIR_REDUCTION)
      return true;
  }
  return false;
}

static loom_status find_roots(dir_program *p) {
  for (size_t i = 0; i < p->graphs.n && !p->has_phases; i++)
    if (p->graphs.at[i].kind == DIR_ROOT && !is_rolled(p, &p->graphs.at[i]))
      vec_push(p->mem, &p->roots, (int)i);
  if (!p->roots.n)
    LOOM_FAIL(p->ctx, ((loom_span){.source = p->source}), LOOM_EINPUT, "the dump has no root graph");
  return LOOM_OK;
}

static loom_status give_blocks_to_root(dir_program *p, dir_graph *g, const bool *used) {
  for (size_t i = 0; i < p->blocks.n && !g->has_blocks; i++) {
    if (!used[i] || p->blocks.at[i].is_reduction || p->blocks.at[i].is_taken)
      continue;
    if (g->n_blocks == KERNEL_RANK_MAX)
      LOOM_FAIL(p->ctx, g->span, LOOM_ELIMIT, "a grid of more than %d blocks", KERNEL_RANK_MAX);
    g->block[g->n_blocks++] = (int)i;
  }
  for (int i = 0; i < g->n_blocks; i++)
    p->blocks.at[g->block[i]].is_taken = true;
  if (!g->n_blocks)
    LOOM_FAIL(p->ctx, g->span, LOOM_EINPUT, "no block of the dump belongs to the grid of this graph");
  return LOOM_OK;
}

static loom_status walk_roots(dir_program *p) {
  walk w = {.p = p, .walked = ARENA_NEW_N(p->mem, bool, p->graphs.n)};
  for (size_t i = 0; i < p->graphs.n; i++)
    for (int b = 0; b < p->graphs.at[i].n_blocks; b++)
      p->blocks.at[p->graphs.at[i].block[b]].is_taken = true;
  bool **used = ARENA_NEW_N(p->mem, bool *, p->roots.n);
  for (size_t i = 0; i < p->roots.n; i++) {
    w.used = used[i] = ARENA_NEW_N(p->mem, bool, p->blocks.n);
    LOOM_TRY(walk_graph(&w, &p->graphs.at[p->roots.at[i]]));
  }
  for (size_t b = 0, root = 0; b < p->blocks.n; b++) {   /* a tile that nothing looks at belongs to the grid of its neighbours */
    bool is_used = false;
    for (size_t i = 0; i < p->roots.n; i++)
      if (used[i][b] && !p->blocks.at[b].is_taken) {
        root = i;
        is_used = true;
      }
    if (!is_used)
      used[root][b] = true;
  }
  for (size_t i = 0; i < p->roots.n; i++)
    if (p->graphs.at[p->roots.at[i]].kind != DIR_HOST)
      LOOM_TRY(give_blocks_to_root(p, &p->graphs.at[p->roots.at[i]], used[i]));
  return LOOM_OK;
}

/* ---- results ---- */
static void add_results(dir_program *p, bool with_loaded) {
  for (int use = 0; use < (int)p->tensors.n; use++)
    for (size_t i = 0; i < p->tensors.n; i++)
      if (p->tensors.at[i].first_use == use && p->tensors.at[i].role == DIR_ALLOC && p->tensors.at[i].is_stored && (with_loaded || !p->tensors.at[i].is_loaded))
        vec_push(p->mem, &p->returns, p->tensors.at[i].name);
}

static void find_results(dir_program *p) {
  for (size_t i = 0; i < p->tensors.n; i++) {
    dir_tensor *t = &p->tensors.at[i];
    if (t->role == DIR_ALLOC && !t->has_fill)
      t->fill = t->by_atomic ? KERNEL_FILL_ZERO : KERNEL_FILL_EMPTY;
  }
  if (p->has_returns)
    return;
  add_results(p, false);
  if (!p->returns.n)
    add_results(p, true);
}

loom_status dir_infer(dir_program *p) {
  LOOM_TRY(look_at_nodes(p));
  LOOM_TRY(find_roots(p));
  LOOM_TRY(walk_roots(p));
  find_results(p);
  return LOOM_OK;
}
