/* The candidate table as upstream's ETG JSON (loom.md 2).  One variant a candidate: the loop tree with its perf-function calls, and what restricts
 * the block sizes.  Generations differ in names, in where stores stand and in how capacity and trip counts are written; the tree is the same. */
#include "base/text.h"
#include "etg/etg.h"
#include "explore/explore_private.h"
#include "nest/nest_buffer.h"
#include "nest/nest_leaf.h"

typedef struct writer {
  loom_ctx *ctx;
  arena *mem;
  const nest *n;
  const machine *machine;
  const plan_candidate *c;
  int generation;
  int next_access;
} writer;

static int64_t cores_of(const writer *w, int loop) { return plan_iter_cores(&w->c->mapping, loop); }

/* extent / block / `cores`, both rounded up; of a causal loop on the core that has most turns. */
static const sym_expr *trips(const writer *w, int loop, int64_t cores) {
  const nest_loop *l = &w->n->loops.at[loop];
  return sym_ceildiv(w->mem, sym_ceildiv(w->mem, nest_at_last_iterators(w->mem, w->n, l->extent), sym_name(w->mem, l->block)), sym_const(w->mem, cores));
}

/* ---- leaves ---- */

static etg_call *make_call(const writer *w, const nest_leaf *l, const char *label) {
  etg_call *c = ARENA_NEW(w->mem, etg_call);
  c->func = machine_find_func(w->machine, l->func) ? l->func : l->fallback;
  c->label = w->generation > 1 ? label : NULL;
  c->has_map = true;
  for (int i = 0; i < l->n_args; i++) {
    vec_push(w->mem, &c->symbols, l->arg[i].symbol);
    vec_push(w->mem, &c->args, ((etg_arg){l->arg[i].symbol, etg_make_expr(l->arg[i].value)}));
  }
  return c;
}

/* ---- stages and scopes ---- */

/* A scope being filled.  Calls of its last stage that share a mover run one after another, those of different movers overlap; compute has one thread. */
typedef struct stage_list { etg_scope stages; etg_stage *open; int64_t next_id; } stage_list;

static etg_stage *add_stage(const writer *w, stage_list *s) {
  etg_stage *stage = ARENA_NEW(w->mem, etg_stage);
  stage->id = ++s->next_id;
  vec_push(w->mem, &s->stages, stage);
  return stage;
}

static const char *unit_of(const writer *w, const etg_call *c) {
  const machine_func *f = machine_find_func(w->machine, c->func);
  return f ? f->unit : NULL;
}

/* The branch of the stage whose calls run where `c` does; a new one when there is none. */
static etg_branch *branch_of(const writer *w, etg_stage *stage, const etg_call *c, bool is_compute) {
  for (size_t i = 0; i < stage->branches.n; i++)
    if (is_compute || text_eq(unit_of(w, stage->branches.at[i]->calls.at[0]), unit_of(w, c)))
      return stage->branches.at[i];
  etg_branch *b = ARENA_NEW(w->mem, etg_branch);
  vec_push(w->mem, &stage->branches, b);
  return b;
}

static void push_node(writer *w, const nest_node *x, stage_list *s) {
  int64_t own[PLAN_MESH_MAX] = {1, 1, 1};
  const plan_mapping *p = &w->c->mapping;
  for (int i = 0; x->kind == NEST_GATHER && i < p->n_logical; i++)   /* the cores of the loop it goes across send */
    if (p->logical[i].iter == x->across)
      own[p->logical[i].mesh_dim] *= p->logical[i].size;
  bool is_access = x->kind == NEST_LOAD || x->kind == NEST_STORE;
  const int64_t *area = is_access ? w->c->access[w->next_access++].area : own;
  arena_mark mark = arena_save(&w->ctx->scratch);
  nest_leaf *leaves = ARENA_NEW_N(&w->ctx->scratch, nest_leaf, nest_leaves_most(x));
  size_t n = nest_node_leaves(w->mem, w->n, x, area, p->mesh_size, p->n_mesh, leaves);
  for (size_t i = 0; i < n; i++) {
    if (!s->open)
      s->open = add_stage(w, s);
    etg_call *c = make_call(w, &leaves[i], x->label);
    etg_branch *b = branch_of(w, s->open, c, x->kind == NEST_COMPUTE);
    vec_push(w->mem, &b->calls, c);
  }
  arena_release(&w->ctx->scratch, mark);
}

static void push_loop(const writer *w, stage_list *s, etg_block *body, int loop) {
  body->is_temporal = loop < w->n->n_parallel;
  body->symbol = body->is_temporal ? w->n->loops.at[loop].block : "";
  body->trips = etg_make_expr(trips(w, loop, cores_of(w, loop)));
  s->open = NULL;
  add_stage(w, s)->loop = body;
}

static etg_block *close_block(const writer *w, const stage_list *load, const stage_list *compute, const stage_list *store) {
  etg_block *b = ARENA_NEW(w->mem, etg_block);
  b->load = load->stages;
  b->compute = compute->stages;
  b->store = store->stages;
  for (size_t i = 0; w->generation == 1 && i < store->stages.n; i++)      /* one memory scope */
    vec_push(w->mem, &b->load, store->stages.at[i]);
  return b;
}

static etg_block *make_block(writer *w, const nest_body *body) {
  stage_list load = {0}, compute = {0}, store = {0};
  for (size_t i = 0; i < body->n; i++) {
    const nest_node *x = body->at[i];
    if (x->kind == NEST_LOOP)
      push_loop(w, &compute, make_block(w, &x->body), x->loop);
    else
      push_node(w, x, x->kind == NEST_LOAD ? &load : x->kind == NEST_COMPUTE ? &compute : &store);
  }
  return close_block(w, &load, &compute, &store);
}

/* ---- what restricts the block sizes ---- */

static void set_symbols(const writer *w, etg_variant *v) {
  for (size_t i = 0; i < w->n->symbols.n; i++) {
    const nest_symbol *s = &w->n->symbols.at[i];
    etg_symbol x = {.name = s->name, .align = s->align};
    if (s->upper_bound && !sym_is_const(s->upper_bound, &x.upper))
      x.upper = 0;
    if (s->fixed || s->covers_one)      /* one size only */
      x.align = x.upper = s->fixed ? s->fixed : 1;
    vec_push(w->mem, &v->symbols, x);
  }
}

/* Generation 2 lets the last core have less work: P - 1 full ones must be covered, and says whether the division is exact. */
static etg_trip make_trip(const writer *w, int loop) {
  bool divides = w->n->loops.at[loop].divides;
  int64_t cores = cores_of(w, loop);
  if (w->generation != 2)
    return (etg_trip){etg_make_expr(trips(w, loop, cores)), ETG_NOT_TOLD};
  return (etg_trip){etg_make_expr(trips(w, loop, divides || cores == 1 ? cores : cores - 1)), divides ? ETG_DIVIDES : ETG_MAY_NOT_DIVIDE};
}

static void set_trips(const writer *w, etg_variant *v) {
  for (int i = w->c->mapping.n_iters - 1; i >= 0; i--)
    vec_push(w->mem, &v->temporal, make_trip(w, w->c->mapping.order[i]));
  for (size_t l = (size_t)w->n->n_parallel; l < w->n->loops.n; l++)
    vec_push(w->mem, &v->sequential, make_trip(w, (int)l));
  v->sequential_is_list = w->generation == 3 || v->sequential.n != 1;
}

/* A gather meets all tiles of its loop at once: they run in one wave. */
static void add_waves(const writer *w, const nest_body *body, etg_variant *v) {
  for (size_t i = 0; i < body->n; i++) {
    const nest_node *x = body->at[i];
    if (x->kind == NEST_LOOP)
      add_waves(w, &x->body, v);
    if (x->kind != NEST_GATHER)
      continue;
    const sym_expr *waves = trips(w, x->across, cores_of(w, x->across)), *once = sym_make(w->mem, SYM_EQ, waves, sym_const(w->mem, 1), NULL);
    bool is_known = false;
    for (size_t k = 0; k < v->hard.n; k++)
      is_known = is_known || sym_equal(v->hard.at[k].is, once);
    if (!is_known)
      vec_push(w->mem, &v->hard, etg_make_expr(once));
  }
}

static void set_footprint(const writer *w, etg_variant *v) {
  arena *m = w->mem;
  nest_buffers buffers = {0};
  nest_list_buffers(m, w->n, true, &buffers);
  const sym_expr *bytes = sym_const(m, (int64_t)dtype_bytes(w->n->type)), *sum = sym_const(m, 0);
  etg_memory x = {.name = w->machine->l1_name ? w->machine->l1_name : "L1", .capacity = w->machine->l1_bytes};
  etg_exprs *lists[] = {&x.load, &x.compute, &x.store};
  for (size_t i = 0; i < buffers.n; i++) {
    const sym_expr *elems = nest_buffer_elems(m, &buffers.at[i], w->machine->tile_align);
    sum = sym_add(m, sum, elems);
    vec_push(m, w->generation == 1 ? &x.load : lists[buffers.at[i].kind], etg_make_expr(w->generation == 3 ? sym_mul(m, elems, bytes) : elems));
  }
  if (w->generation == 1) {
    const sym_expr *db = sym_make(m, SYM_EQ, sym_name(m, "is_double_buffer"), sym_const(m, 1), NULL);
    const sym_expr *factor = sym_make(m, SYM_IF, db, sym_mul(m, bytes, sym_const(m, 2)), bytes);
    x.name = NULL;
    vec_push(m, &v->hard, etg_make_expr(sym_make(m, SYM_LE, sym_mul(m, sum, factor), sym_const(m, w->machine->l1_bytes), NULL)));
  }
  v->has_memories = true;
  vec_push(m, &v->memories, x);
}

static etg_variant *make_variant(writer *w) {
  etg_variant *v = ARENA_NEW(w->mem, etg_variant);
  etg_block *body = make_block(w, &w->n->body);
  const stage_list none = {0};
  for (int i = w->c->mapping.n_iters - 1; i >= 0; i--) {
    stage_list outer = {0};
    push_loop(w, &outer, body, w->c->mapping.order[i]);
    body = close_block(w, &none, &outer, &none);
  }
  v->name = w->c->name;
  v->datatype = dtype_mlir(w->n->type);
  v->generation = w->generation;
  v->kernel = body;
  v->has_booleans = true;
  vec_push(w->mem, &v->booleans, "is_double_buffer");
  set_symbols(w, v);
  set_trips(w, v);
  add_waves(w, &w->n->body, v);
  set_footprint(w, v);
  return v;
}

loom_status explore_etg(loom_ctx *ctx, const nest *n, const machine *m, const explore_table *t, int generation, bool resolved, data_value **out) {
  if (generation < 1 || generation > 3)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "ETG generation %d does not exist; there are 1, 2 and 3", generation);
  etg_file file = {0};
  for (size_t i = 0; i < t->rows.n; i++) {
    writer w = {ctx, &ctx->mem, n, m, t->rows.at[i], generation, 0};
    vec_push(&ctx->mem, &file.variants, make_variant(&w));
  }
  if (resolved)
    LOOM_TRY(etg_resolve(ctx, &file, m));
  *out = etg_write(&ctx->mem, &file);
  return LOOM_OK;
}
