/* The candidate table as upstream's ETG JSON (loom.md 2).  One object a variant: the loop tree with its perf-function calls, and what restricts
 * the block sizes.  Generations differ in names, in where stores stand and in how capacity and trip counts are written; the tree is the same. */
#include "base/text.h"
#include "explore/explore_private.h"
#include "nest/nest_buffer.h"
#include "nest/nest_leaf.h"

typedef struct etg {
  loom_ctx *ctx;
  arena *mem;
  const nest *n;
  const machine *machine;
  const plan_candidate *c;
  int generation;
  bool resolved;
  int next_access;
} etg;

static data_value *expr(const etg *e, const sym_expr *x) { return sym_to_etg(e->mem, x, false); }

static int64_t cores_of(const etg *e, int loop) { return plan_iter_cores(&e->c->mapping, loop); }

/* extent / block / `cores`, both rounded up. */
static const sym_expr *trips(const etg *e, int loop, int64_t cores) {
  const nest_loop *l = &e->n->loops.at[loop];
  return sym_ceildiv(e->mem, sym_ceildiv(e->mem, l->extent, sym_name(e->mem, l->block)), sym_const(e->mem, cores));
}

/* ---- leaves ---- */

static data_value *scenario(const etg *e, data_value *guard, const sym_expr *cost) {
  data_value *o = data_object(e->mem), *time = data_object(e->mem);
  data_set(e->mem, o, "constraints", guard);
  data_set(e->mem, time, e->generation == 3 ? "Expression" : "Concrete", expr(e, cost));
  data_set(e->mem, o, "time_cost", time);
  return o;
}

/* if(a, x, if(b, y, z)) as the scenarios a: x, !a && b: y, !a && !b: z. */
static data_value *scenarios(const etg *e, const sym_expr *cost) {
  data_value *list = data_array(e->mem);
  const sym_expr *open = NULL;      /* what no scenario so far covers; NULL: everything */
  while (cost->op == SYM_IF) {
    const sym_expr *guard = open ? sym_make(e->mem, SYM_AND, open, cost->arg[0], NULL) : cost->arg[0];
    data_push(e->mem, list, scenario(e, expr(e, guard), cost->arg[1]));
    const sym_expr *not = sym_make(e->mem, SYM_NOT, cost->arg[0], NULL, NULL);
    open = open ? sym_make(e->mem, SYM_AND, open, not, NULL) : not;
    cost = cost->arg[2];
  }
  data_push(e->mem, list, scenario(e, open ? expr(e, open) : data_string(e->mem, "True"), cost));
  return list;
}

static loom_status leaf_cost(const etg *e, const nest_leaf *l, const char *name, const sym_expr **out) {
  machine_arg args[NEST_LEAF_ARGS_MAX];
  for (int i = 0; i < l->n_args; i++)
    args[i] = (machine_arg){l->arg[i].symbol, l->arg[i].value};
  return machine_cost(e->ctx, e->machine, name, args, (size_t)l->n_args, out);
}

/* Upstream lists the symbols of a function sorted. */
static void sort_args(nest_leaf *l) {
  for (int i = 1; i < l->n_args; i++)
    for (int k = i; k > 0 && strcmp(l->arg[k].symbol, l->arg[k - 1].symbol) < 0; k--) {
      nest_arg swap = l->arg[k];
      l->arg[k] = l->arg[k - 1];
      l->arg[k - 1] = swap;
    }
}

static loom_status push_leaf(const etg *e, nest_leaf *l, const char *label, data_value *schedules, const sym_expr **sum) {
  arena *m = e->mem;
  data_value *wrap = data_object(m), *outer = data_object(m), *func = data_object(m), *symbols = data_array(m), *map = data_object(m), *entries = data_array(m);
  const char *name = machine_find_func(e->machine, l->func) ? l->func : l->fallback;
  sort_args(l);
  for (int i = 0; i < l->n_args; i++) {
    data_value *entry = data_array(m);
    data_push(m, symbols, data_string(m, l->arg[i].symbol));
    data_push(m, entry, data_string(m, l->arg[i].symbol));
    data_push(m, entry, expr(e, l->arg[i].value));
    data_push(m, entries, entry);
  }
  data_set(m, map, "entries", entries);
  data_set_string(m, func, "name", name);
  data_set(m, func, "symbols", symbols);
  data_set(m, func, "sym_map", map);
  if (e->generation > 1 && label)
    data_set_string(m, func, "op_label", label);
  data_value *costs = data_array(m);
  if (e->resolved) {
    const sym_expr *cost;
    LOOM_TRY(leaf_cost(e, l, name, &cost));
    costs = scenarios(e, cost);
    *sum = sym_add(m, *sum, cost);
  }
  data_set(m, outer, "func", func);
  data_set(m, outer, "scenarios", costs);
  data_set(m, wrap, "Func", outer);
  data_push(m, schedules, wrap);
  return LOOM_OK;
}

/* ---- stages and scopes ---- */

typedef struct stage_list { data_value *stages; int next_id; data_value *schedules; /* of the stage being filled */ const sym_expr *sum; } stage_list;

/* Closes the stage being filled: its calls share one mover or unit and run one after another. */
static void close_stage(const etg *e, stage_list *s) {
  arena *m = e->mem;
  if (!s->schedules)
    return;
  data_value *stage = data_object(m), *parallel = data_array(m), *branch = data_object(m), *seq = data_object(m), *costs = data_array(m);
  if (e->resolved)
    data_push(m, costs, scenario(e, data_string(m, "True"), s->sum));
  data_set(m, seq, "schedules", s->schedules);
  data_set(m, seq, "scenarios", costs);
  data_set(m, branch, "Sequential", seq);
  data_push(m, parallel, branch);
  data_set_int(m, stage, "stage_id", s->next_id++);
  data_set(m, stage, "Parallel", parallel);
  data_push(m, s->stages, stage);
  s->schedules = NULL;
}

static loom_status push_node(etg *e, const nest_node *x, stage_list *s) {
  int64_t own[PLAN_MESH_MAX] = {1, 1, 1};
  const plan_mapping *p = &e->c->mapping;
  for (int i = 0; x->kind == NEST_GATHER && i < p->n_logical; i++)   /* the cores of the loop it goes across send */
    if (p->logical[i].iter == x->across)
      own[p->logical[i].mesh_dim] *= p->logical[i].size;
  bool is_access = x->kind == NEST_LOAD || x->kind == NEST_STORE;
  const int64_t *area = is_access ? e->c->access[e->next_access++].area : own;
  arena_mark mark = arena_save(&e->ctx->scratch);
  nest_leaf *leaves = ARENA_NEW_N(&e->ctx->scratch, nest_leaf, NEST_LEAVES_MAX);
  size_t n = nest_node_leaves(e->mem, e->n, x, area, p->mesh_size, p->n_mesh, leaves);
  loom_status st = LOOM_OK;
  for (size_t i = 0; i < n && st == LOOM_OK; i++) {
    if (!s->schedules) {
      s->schedules = data_array(e->mem);
      s->sum = sym_const(e->mem, 0);
    }
    st = push_leaf(e, &leaves[i], x->label, s->schedules, &s->sum);
  }
  arena_release(&e->ctx->scratch, mark);
  return st;
}

static data_value *scope(const etg *e, const char *name, data_value *stages) {
  data_value *o = data_object(e->mem);
  data_set_string(e->mem, o, "scope_name", name);
  data_set(e->mem, o, "stages", stages);
  return o;
}

typedef struct etg_block { stage_list load, compute, store; } etg_block;

static void set_scopes(const etg *e, data_value *into, const etg_block *b) {
  arena *m = e->mem;
  if (e->generation > 1) {
    data_set(m, into, "load_scope", scope(e, "LoadScope", b->load.stages));
    data_set(m, into, "compute_scope", scope(e, "ComputeScope", b->compute.stages));
    data_set(m, into, "store_scope", scope(e, "StoreScope", b->store.stages));
    return;
  }
  data_value *memory = data_array(m);
  for (size_t i = 0; i < b->load.stages->n; i++)
    data_push(m, memory, b->load.stages->items[i]);
  for (size_t i = 0; i < b->store.stages->n; i++)
    data_push(m, memory, b->store.stages->items[i]);
  data_set(m, into, "compute_scope", scope(e, "ComputeScope", b->compute.stages));
  data_set(m, into, "memory_scope", scope(e, "MemoryScope", memory));
}

static void push_loop(const etg *e, stage_list *s, const etg_block *body, int loop) {
  arena *m = e->mem;
  data_value *stage = data_object(m), *block = data_object(m);
  bool is_temporal = loop < e->n->n_parallel;
  set_scopes(e, block, body);
  data_set_string(m, block, "block_sym", is_temporal ? e->n->loops.at[loop].block : "");
  data_set_string(m, block, "iter_type", is_temporal ? "temporal" : "sequential");
  data_set(m, block, "trip_count", expr(e, trips(e, loop, cores_of(e, loop))));
  data_set_int(m, stage, "stage_id", s->next_id++);
  data_set(m, stage, "for_loop_block", block);
  data_push(m, s->stages, stage);
}

static etg_block empty_block(const etg *e) {
  return (etg_block){{data_array(e->mem), 1, NULL, NULL}, {data_array(e->mem), 1, NULL, NULL}, {data_array(e->mem), 1, NULL, NULL}};
}

static loom_status fill_block(etg *e, const nest_body *body, etg_block *out) {
  *out = empty_block(e);
  for (size_t i = 0; i < body->n; i++) {
    const nest_node *x = body->at[i];
    if (x->kind == NEST_LOOP) {
      etg_block inner;
      close_stage(e, &out->compute);
      LOOM_TRY(fill_block(e, &x->body, &inner));
      push_loop(e, &out->compute, &inner, x->loop);
    } else {
      LOOM_TRY(push_node(e, x, x->kind == NEST_LOAD ? &out->load : x->kind == NEST_COMPUTE ? &out->compute : &out->store));
    }
  }
  close_stage(e, &out->load);
  close_stage(e, &out->compute);
  close_stage(e, &out->store);
  return LOOM_OK;
}

/* ---- what restricts the block sizes ---- */

static data_value *symbols(const etg *e) {
  data_value *o = data_object(e->mem);
  for (size_t i = 0; i < e->n->symbols.n; i++) {
    const nest_symbol *s = &e->n->symbols.at[i];
    data_value *x = data_object(e->mem);
    int64_t upper;
    data_set_string(e->mem, x, "type", "int");
    data_set_int(e->mem, x, "alignment", s->align);
    if (s->upper_bound && sym_is_const(s->upper_bound, &upper))
      data_set_int(e->mem, x, "natural_ub", upper);
    data_set(e->mem, o, s->name, x);
  }
  return o;
}

/* Generation 2 lets the last core have less work: P - 1 full ones must be covered, and says whether the division is exact. */
static data_value *iter_entry(const etg *e, int loop) {
  bool divides = e->n->loops.at[loop].divides;
  int64_t cores = cores_of(e, loop);
  if (e->generation != 2)
    return expr(e, trips(e, loop, cores));
  data_value *pair = data_array(e->mem);
  data_push(e->mem, pair, expr(e, trips(e, loop, divides || cores == 1 ? cores : cores - 1)));
  data_push(e->mem, pair, data_bool(e->mem, divides));
  return pair;
}

static data_value *iter_num(const etg *e) {
  arena *m = e->mem;
  data_value *o = data_object(m), *temporal = data_array(m), *sequential = data_array(m);
  for (int i = e->c->mapping.n_iters - 1; i >= 0; i--)
    data_push(m, temporal, iter_entry(e, e->c->mapping.order[i]));
  for (size_t l = (size_t)e->n->n_parallel; l < e->n->loops.n; l++)
    data_push(m, sequential, iter_entry(e, (int)l));
  data_set(m, o, "temp_iter", temporal);
  /* one sequential loop is written without a list before generation 3 */
  data_set(m, o, "seq_iter", e->generation < 3 && sequential->n == 1 ? sequential->items[0] : sequential);
  return o;
}

static void set_footprint(const etg *e, data_value *metadata, data_value *hard) {
  arena *m = e->mem;
  nest_buffers buffers = {0};
  nest_list_buffers(m, e->n, true, &buffers);
  const sym_expr *bytes = sym_const(m, (int64_t)dtype_bytes(e->n->type)), *sum = sym_const(m, 0);
  data_value *lists[3] = {data_array(m), data_array(m), data_array(m)}, *flat = data_array(m), *o = data_object(m);
  for (size_t i = 0; i < buffers.n; i++) {
    const sym_expr *elems = nest_buffer_elems(m, &buffers.at[i], e->machine->tile_align);
    sum = sym_add(m, sum, elems);
    data_push(m, flat, expr(e, elems));
    data_push(m, lists[buffers.at[i].kind], expr(e, e->generation == 3 ? sym_mul(m, elems, bytes) : elems));
  }
  if (e->generation == 1) {
    const sym_expr *db = sym_make(m, SYM_EQ, sym_name(m, "is_double_buffer"), sym_const(m, 1), NULL);
    const sym_expr *factor = sym_make(m, SYM_IF, db, sym_mul(m, bytes, sym_const(m, 2)), bytes);
    data_set(m, metadata, "L1_footprint", flat);
    data_push(m, hard, expr(e, sym_make(m, SYM_LE, sym_mul(m, sum, factor), sym_const(m, e->machine->l1_bytes), NULL)));
    return;
  }
  static const char *const names[2][3] = {{"load", "compute", "store"}, {"load_bytes", "compute_bytes", "store_bytes"}};
  if (e->generation == 3) {
    data_set_string(m, o, "memory", e->machine->l1_name ? e->machine->l1_name : "L1");
    data_set_int(m, o, "capacity_bytes", e->machine->l1_bytes);
  }
  for (int i = 0; i < 3; i++)
    data_set(m, o, names[e->generation == 3][i], lists[i]);
  if (e->generation == 2) {
    data_set_int(m, o, "capacity", e->machine->l1_bytes);
    data_set(m, metadata, "L1_footprint", o);
    return;
  }
  data_value *memories = data_array(m);
  data_push(m, memories, o);
  data_set(m, metadata, "memory_footprints", memories);
}

static data_value *constraint_scope(const etg *e) {
  arena *m = e->mem;
  data_value *o = data_object(m), *metadata = data_object(m), *booleans = data_array(m), *hard = data_array(m);
  data_push(m, booleans, data_string(m, "is_double_buffer"));
  data_set_string(m, metadata, "datatype", dtype_mlir(e->n->type));
  data_set(m, metadata, "booleans", booleans);
  data_set(m, metadata, "symbols", symbols(e));
  data_set(m, metadata, "iter_num", iter_num(e));
  set_footprint(e, metadata, hard);
  data_set(m, o, "hard_constraints", hard);
  data_set(m, o, "metadata", metadata);
  return o;
}

static loom_status write_variant(etg *e, data_value **out) {
  etg_block body;
  e->next_access = 0;
  LOOM_TRY(fill_block(e, &e->n->body, &body));
  for (int i = e->c->mapping.n_iters - 1; i >= 0; i--) {
    etg_block outer = empty_block(e);
    push_loop(e, &outer.compute, &body, e->c->mapping.order[i]);
    body = outer;
  }
  data_value *v = data_object(e->mem), *kernel = data_object(e->mem);
  set_scopes(e, kernel, &body);
  data_set_string(e->mem, v, "variant_name", e->c->name);
  data_set(e->mem, v, "kernel_block", kernel);
  data_set(e->mem, v, "constraint_scope", constraint_scope(e));
  *out = v;
  return LOOM_OK;
}

loom_status explore_etg(loom_ctx *ctx, const nest *n, const machine *m, const explore_table *t, int generation, bool resolved, data_value **out) {
  if (generation < 1 || generation > 3)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "ETG generation %d does not exist; there are 1, 2 and 3", generation);
  *out = data_array(&ctx->mem);
  for (size_t i = 0; i < t->rows.n; i++) {
    etg e = {ctx, &ctx->mem, n, m, t->rows.at[i], generation, resolved, 0};
    data_value *v;
    LOOM_TRY(write_variant(&e, &v));
    data_push(&ctx->mem, *out, v);
  }
  return LOOM_OK;
}
