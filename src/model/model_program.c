/* nest x machine -> program: sizes, loops and leaf costs in the form that model_set_blocks and model_price run through. */
#include "model/model_program.h"
#include "base/text.h"
#include "model/model_private.h"
#include "nest/nest_leaf.h"
#include "nest/nest_live.h"

typedef struct compiler {
  loom_ctx *ctx;
  const nest *n;
  model_sharing sharing;
  nest_lives lives;                     /* IN_PLACE */
  modeler b;                            /* for leaf costs: a candidate without a mesh */
  plan_candidate nothing;
  model_program *p;
  const char *blocks[MODEL_BLOCKS_MAX + 1];
  uint32_t loops;                       /* around the node being looked at */
  int position;                         /* nodes seen */
  int last_load, first_use;             /* positions: of the last load; of the first compute that uses loads (INT_MAX: none) */
  VEC_OF(const nest_body *) body_of;    /* by compute node */
  VEC_OF(int) position_of;
  VEC_OF(const sym_expr *) cycles_of;
  VEC_OF(int) loops_before;             /* nested loops of the same body in front of it */
  int n_loops_seen;
  VEC_OF(program_compute) compute;
} compiler;

/* ---- sizes ---- */

static bool is_rising(const sym_expr *e) {
  int64_t v;
  bool is_quotient = e->op == SYM_CEILDIV || e->op == SYM_FLOORDIV;
  if (e->op == SYM_SYM || (sym_is_const(e, &v) && v >= 0))
    return true;
  if (e->op != SYM_ADD && e->op != SYM_MUL && e->op != SYM_MIN && e->op != SYM_MAX && !(is_quotient && sym_is_const(e->arg[1], &v)))
    return false;
  return is_rising(e->arg[0]) && (is_quotient || is_rising(e->arg[1]));
}

static loom_status compile_size(compiler *c, const sym_expr *e, program_size *out) {
  e = model_bound_iterators(&c->b, e);
  if (sym_is_const(e, &out->value))
    return LOOM_OK;
  out->is_falling = !is_rising(e);
  out->symbol = e->op == SYM_SYM ? nest_symbol_index(c->n, e->name) : -1;
  out->kind = out->symbol >= 0 ? PROGRAM_BLOCK : PROGRAM_CODE;
  return out->kind == PROGRAM_CODE ? sym_compile(c->ctx, e, c->blocks, (size_t)c->p->n_blocks, (sym_code **)&out->code) : LOOM_OK;
}

bool program_size_at(const program_size *s, const int64_t *blocks, int64_t *out) {
  if (s->kind != PROGRAM_CODE) {
    *out = s->kind == PROGRAM_CONST ? s->value : blocks[s->symbol];
    return *out <= MODEL_MOST;
  }
  return sym_run(s->code, blocks, out) && *out >= 0 && *out <= MODEL_MOST;
}

bool program_tile_bytes(const program_access *a, const int64_t *blocks, int64_t *out) {
  *out = a->elem_bytes;
  for (int d = 0; d < a->rank; d++) {
    int64_t v;
    if (!program_size_at(&a->size[d], blocks, &v) || !model_scale(out, v))
      return false;
  }
  return true;
}

/* ---- loops ---- */

/* The parallel loop whose iterator alone the extent of `l` uses; -1. */
static int causal_on(const nest *n, int l) {
  int outer = -1;
  for (size_t o = 0; o < n->loops.n; o++)
    if ((int)o != l && nest_loop_uses(n, l, (int)o)) {
      if (outer >= 0 || (int)o >= n->n_parallel)
        return -1;
      outer = (int)o;
    }
  return outer;
}

static loom_status compile_loop(compiler *c, int l) {
  const nest_loop *x = &c->n->loops.at[l];
  program_loop *out = &c->p->loop[l];
  out->symbol = nest_symbol_index(c->n, x->block);
  out->outer = l >= c->n->n_parallel ? causal_on(c->n, l) : -1;
  if (out->symbol < 0)
    LOOM_FAIL(c->ctx, LOOM_NOSPAN, LOOM_EBUG, "loop %d steps by '%s', which is no block symbol", l, x->block);
  LOOM_TRY(compile_size(c, x->extent, &out->size));
  if (out->outer < 0)
    return LOOM_OK;
  c->blocks[c->p->n_blocks] = nest_iterator_name(&c->ctx->mem, c->n, out->outer);
  return sym_compile(c->ctx, x->extent, c->blocks, (size_t)c->p->n_blocks + 1, (sym_code **)&out->causal);
}

/* ---- accesses ---- */

static void set_pitches(const nest_tensor *t, program_access *a) {
  int64_t pitch = a->elem_bytes;
  for (int d = a->rank - 1; d >= 0; d--) {
    a->pitch[d] = d < t->rank && nest_tensor_is_view(t) ? t->stride[d] * a->elem_bytes : pitch;
    model_scale(&pitch, a->shape[d]);
  }
  for (int d = 0; d < a->rank; d++) {
    int i = d;
    for (; i > 0 && a->pitch[a->by_pitch[i - 1]] < a->pitch[d]; i--)
      a->by_pitch[i] = a->by_pitch[i - 1];
    a->by_pitch[i] = d;
  }
}

static loom_status compile_access(compiler *c, const nest_node *x) {
  const nest *n = c->n;
  program_access *a = &c->p->access[c->p->n_access++];
  const nest_tensor *t = &n->tensors.at[x->tensor];
  *a = (program_access){.node = x, .is_store = x->kind == NEST_STORE, .elem_bytes = (int64_t)dtype_bytes(t->type), .rank = x->n_dims, .loops = c->loops, .direct = -1,
                         .only_first = x->only_first};
  a->is_first = !a->is_store && c->position < c->first_use;
  a->memory = c->p->l1[x->tensor] ? c->p->l1[x->tensor] : &c->p->dram;
  a->page_bytes = t->l1_page ? t->l1_page : c->p->page_bytes;
  for (int d = 0; d < x->n_dims; d++) {
    LOOM_TRY(compile_size(c, x->dim[d].size, &a->size[d]));
    a->loop[d] = x->dim[d].loop;
    a->shape[d] = d < t->rank ? t->shape[d] : 1;
    if (a->loop[d] < 0)
      continue;
    a->steps |= 1u << a->loop[d];
    a->is_tiled[d] = x->dim[d].size->op == SYM_SYM && text_eq(x->dim[d].size->name, n->loops.at[a->loop[d]].block);
  }
  set_pitches(t, a);
  for (int l = 0; l < c->p->n_loops; l++)
    if (nest_access_uses(n, x, l))
      a->moves |= 1u << l;
  size_t depth = nest_enclosing(n, x, a->seq, NEST_LOOPS_MAX);
  a->n_seq = depth < NEST_LOOPS_MAX ? (int)depth : NEST_LOOPS_MAX;
  a->active_by = a->moves;
  for (int i = 0; i < a->n_seq; i++)
    if (c->p->loop[a->seq[i]].causal)
      a->active_by |= 1u << c->p->loop[a->seq[i]].outer;
  return LOOM_OK;
}

/* ---- compute ---- */

static bool is_load_value(const nest *n, int value) { return n->values.at[value].def && n->values.at[value].def->kind == NEST_LOAD; }

static bool uses_value(const nest_node *x, int value) {
  for (size_t i = 0; i < x->inputs.n; i++)
    if (x->inputs.at[i] == value)
      return true;
  return false;
}

static loom_status set_cost(compiler *c, program_compute *x, const sym_expr *cycles) {
  arena *m = &c->ctx->mem;
  LOOM_TRY(sym_compile(c->ctx, cycles, c->blocks, (size_t)c->p->n_blocks, (sym_code **)&x->cost));
  for (int i = 0; i < 2; i++) {
    program_monomial terms[24];
    x->lower[i].n = program_lower_terms(cycles, c->blocks, c->p->n_blocks, i == 1, terms, 24);
    x->lower[i].at = ARENA_NEW_N(m, program_monomial, x->lower[i].n);
    memcpy(x->lower[i].at, terms, (size_t)x->lower[i].n * sizeof *terms);
    for (int t = 0; t < x->lower[i].n; t++)
      for (int s = 0; s < c->p->n_blocks; s++)
        c->p->unit[s] = c->p->unit[s] ? c->p->unit[s] : terms[t].unit[s];
  }
  if (x->lower[1].n == x->lower[0].n && memcmp(x->lower[1].at, x->lower[0].at, (size_t)x->lower[0].n * sizeof *x->lower[0].at) == 0)
    x->lower[1].n = 0;                  /* says nothing new */
  return LOOM_OK;
}

static loom_status add_compute(compiler *c, const nest_node *x, const nest_body *body, const sym_expr *cycles, int copy) {
  arena *m = &c->ctx->mem;
  program_compute one = {.node = x, .loops = c->loops, .copy = copy, .is_tail = c->position > c->last_load};
  LOOM_TRY(set_cost(c, &one, cycles));
  vec_push(m, &c->compute, one);
  vec_push(m, &c->body_of, body);
  vec_push(m, &c->position_of, c->position);
  vec_push(m, &c->cycles_of, cycles);
  vec_push(m, &c->loops_before, c->n_loops_seen);
  return LOOM_OK;
}

static loom_status compile_compute(compiler *c, const nest_node *x, const nest_body *body) {
  const sym_expr *cycles;
  if (x->is_move && c->sharing == MODEL_IN_PLACE && nest_move_is_free(&c->lives, x))
    return LOOM_OK;
  LOOM_TRY(model_node_cycles(&c->b, x, -1, &cycles));
  return add_compute(c, x, body, cycles, -1);
}

/* An accumulator (or a value of another type) is copied into the slot that the store empties, on the compute thread. */
static loom_status compile_copy(compiler *c, const nest_node *x, const nest_body *body, program_access *a) {
  arena *m = &c->ctx->mem;
  const nest_value *v = &c->n->values.at[x->value];
  nest_buffer as_buffer = {.type = v->type, .is_accumulator = v->is_carried};
  dtype type = model_buffer_type(&as_buffer, c->b.accumulate_f32);
  a->value_bytes = (int64_t)dtype_bytes(type);
  a->has_copy = v->is_carried || type != c->n->tensors.at[x->tensor].type || is_load_value(c->n, x->value);
  bool may_be_direct = v->is_carried && type == c->n->tensors.at[x->tensor].type && c->p->n_direct < MODEL_DIRECT_MAX;
  a->direct = may_be_direct ? c->p->n_direct++ : -1;
  if (!a->has_copy)
    return LOOM_OK;
  const sym_expr *elems = nest_value_elems(m, c->n, x->value);
  return add_compute(c, x, body, model_rate_cycles(m, model_bound_iterators(&c->b, sym_mul(m, elems, sym_const(m, a->elem_bytes))), &c->b.machine->copy_bytes_per_cycle), a->direct);
}

static loom_status compile_gather(compiler *c, const nest_node *x) {
  model_program *p = c->p;
  if ((size_t)p->n_gathers == sizeof p->gather / sizeof *p->gather)
    LOOM_FAIL(c->ctx, LOOM_NOSPAN, LOOM_ELIMIT, "more than %zu gathers", sizeof p->gather / sizeof *p->gather);
  int g = p->n_gathers++;
  const nest_value *v = &c->n->values.at[x->inputs.at[0]];
  p->gather[g].across = x->across;
  p->gather[g].rank = v->rank;
  p->gather[g].elem_bytes = (int64_t)dtype_bytes(v->type);
  for (int d = 0; d < v->rank; d++)
    LOOM_TRY(compile_size(c, v->dim[d], &p->gather[g].dim[d]));
  return LOOM_OK;
}

/* ---- the tree ---- */

static void find_positions(compiler *c, const nest_body *body) {
  for (size_t i = 0; i < body->n; i++) {
    const nest_node *x = body->at[i];
    int at = c->position++;
    if (x->kind == NEST_LOAD)
      c->last_load = at;
    for (size_t k = 0; x->kind == NEST_COMPUTE && k < x->inputs.n; k++)
      if (is_load_value(c->n, x->inputs.at[k]) && c->first_use == INT32_MAX)
        c->first_use = at;
    if (x->kind == NEST_LOOP)
      find_positions(c, &x->body);
  }
}

static bool loads_in(const nest_body *body) {
  for (size_t i = 0; i < body->n; i++)
    if (body->at[i]->kind == NEST_LOAD || (body->at[i]->kind == NEST_LOOP && loads_in(&body->at[i]->body)))
      return true;
  return false;
}

/* The deepest sequential loop that has a load directly in it, the first of equals. */
static void find_inner(compiler *c, const nest_body *body, int depth, int *best_depth, const nest_node **best) {
  for (size_t i = 0; i < body->n; i++) {
    const nest_node *x = body->at[i];
    if (x->kind != NEST_LOOP || !loads_in(&x->body))
      continue;
    if (depth > *best_depth) {
      *best_depth = depth;
      *best = x;
    }
    find_inner(c, &x->body, depth + 1, best_depth, best);
  }
}

static loom_status compile_body(compiler *c, const nest_body *body) {
  for (size_t i = 0; i < body->n; i++) {
    const nest_node *x = body->at[i];
    int at = c->position;
    if (x->kind == NEST_LOAD || x->kind == NEST_STORE) {
      if (c->p->n_access == PLAN_LOADS_MAX)
        LOOM_FAIL(c->ctx, LOOM_NOSPAN, LOOM_ELIMIT, "more than %d loads and stores", PLAN_LOADS_MAX);
      LOOM_TRY(compile_access(c, x));
      if (x->kind == NEST_STORE)
        LOOM_TRY(compile_copy(c, x, body, &c->p->access[c->p->n_access - 1]));
    } else if (x->kind == NEST_COMPUTE) {
      LOOM_TRY(compile_compute(c, x, body));
    } else if (x->kind == NEST_GATHER) {
      LOOM_TRY(compile_gather(c, x));
    }
    c->position = at + 1;
    if (x->kind != NEST_LOOP)
      continue;
    uint32_t around = c->loops;
    c->loops |= 1u << x->loop;
    c->n_loops_seen++;
    LOOM_TRY(compile_body(c, &x->body));
    c->n_loops_seen++;
    c->loops = around;
  }
  return LOOM_OK;
}

static const nest_body *parent_of(const nest_body *body, const nest_node *node) {
  for (size_t i = 0; i < body->n; i++) {
    if (body->at[i] == node)
      return body;
    const nest_body *inner = body->at[i]->kind == NEST_LOOP ? parent_of(&body->at[i]->body, node) : NULL;
    if (inner)
      return inner;
  }
  return NULL;
}

/* A store's slot may be emptied while compute does all but what fills it; where loops lie between two stores, they are taken to be long enough. */
static void find_store_gap(compiler *c, program_access *x) {
  const nest_body *body = parent_of(&c->n->body, x->node);
  x->is_hidden = false;
  for (size_t i = 0; i < c->compute.n && i < 32; i++) {
    const program_compute *k = &c->compute.at[i];
    x->is_hidden = x->is_hidden || (k->loops != x->loops && (k->loops & x->loops) == x->loops);
    if (c->body_of.at[i] == body && k->copy < 0 && k->node != x->node && k->node->value != x->node->value)
      x->gap |= 1u << i;
  }
}

/* A load's slot is free from its last use in a turn to its first in the next: the computes of the same body outside of its uses. */
static void find_gaps(compiler *c) {
  for (int a = 0; a < c->p->n_access; a++) {
    program_access *x = &c->p->access[a];
    if (x->is_store) {
      find_store_gap(c, x);
      continue;
    }
    int first = INT32_MAX, last = -1;
    const nest_body *body = parent_of(&c->n->body, x->node);
    bool is_used_deeper = false;
    for (size_t i = 0; i < c->compute.n; i++)
      if (uses_value(c->compute.at[i].node, x->node->value)) {
        first = c->position_of.at[i] < first ? c->position_of.at[i] : first;
        last = c->position_of.at[i] > last ? c->position_of.at[i] : last;
        is_used_deeper = is_used_deeper || c->body_of.at[i] != body;
      }
    if (is_used_deeper || last < 0)
      continue;
    for (size_t i = 0; i < c->compute.n && i < 32; i++)
      if (c->body_of.at[i] == body && (c->position_of.at[i] < first || c->position_of.at[i] > last))
        x->gap |= 1u << i;
  }
}

static void mark_turn(compiler *c, const nest_node *inner) {
  const nest_body *around = inner ? parent_of(&c->n->body, inner) : NULL;
  c->p->inner = inner ? inner->loop : -1;
  for (size_t i = 0; i < c->compute.n; i++) {
    program_compute *x = &c->compute.at[i];
    x->in_turn = !inner || (x->loops & 1u << inner->loop);
    x->is_around = inner && c->body_of.at[i] == around;
  }
}

/* ---- units that work at once ---- */

/* The unit that runs a node; what no perf function prices runs on the first vector unit. */
static const char *unit_of(compiler *c, const nest_node *x) {
  static const int64_t none[PLAN_MESH_MAX] = {1, 1, 1};
  arena *m = &c->ctx->mem;
  nest_leaf *leaves = ARENA_NEW_N(m, nest_leaf, nest_leaves_most(x));
  const machine *mach = c->b.machine;
  if (x->kind == NEST_COMPUTE && nest_node_leaves(m, c->n, x, none, none, 0, leaves) > 0) {
    const machine_func *f = machine_find_func(mach, leaves[0].func);
    f = f ? f : machine_find_func(mach, leaves[0].fallback);
    if (f && f->unit)
      return f->unit;
  }
  for (size_t i = 0; i < mach->units.n; i++)
    if (text_eq(mach->units.at[i].kind, "vector"))
      return mach->units.at[i].name;
  return "core";
}

/* Does `later` need `earlier` to be done: its result, its place, or that it has read? */
static bool must_follow(const nest_node *later, const nest_node *earlier) {
  return uses_value(later, earlier->value) || later->value == earlier->value || uses_value(earlier, later->value);
}

/* Ops between two loops of a body fall into stages by what they need; a stage takes as long as its busiest unit.  Each stage becomes one node. */
static loom_status merge_stages(compiler *c) {
  arena *m = &c->ctx->mem;
  size_t n = c->compute.n, kept = 0;
  int *stage = ARENA_NEW_N(m, int, n);
  const char **unit = ARENA_NEW_N(m, const char *, n);
  bool *is_merged = ARENA_NEW_N(m, bool, n);
  for (size_t i = 0; i < n; i++) {
    unit[i] = unit_of(c, c->compute.at[i].node);
    for (size_t k = 0; k < i; k++)
      if (c->body_of.at[k] == c->body_of.at[i] && c->loops_before.at[k] == c->loops_before.at[i] && must_follow(c->compute.at[i].node, c->compute.at[k].node))
        stage[i] = stage[k] + 1 > stage[i] ? stage[k] + 1 : stage[i];
  }
  for (size_t i = 0; i < n; i++) {
    if (is_merged[i])
      continue;
    const sym_expr *most = NULL;
    bool is_tail = false;
    for (size_t u = i; u < n; u++) {      /* each unit of the stage once, at its first op */
      const sym_expr *sum = NULL;
      for (size_t k = u; k < n; k++) {
        bool is_here = c->body_of.at[k] == c->body_of.at[i] && c->loops_before.at[k] == c->loops_before.at[i] && stage[k] == stage[i] &&
                       c->compute.at[k].copy == c->compute.at[i].copy && !is_merged[k] && text_eq(unit[k], unit[u]);
        if (!is_here)
          continue;
        sum = sum ? sym_add(m, sum, c->cycles_of.at[k]) : c->cycles_of.at[k];
        is_merged[k] = true;
        is_tail = is_tail || c->compute.at[k].is_tail;
      }
      most = sum && most ? sym_max(m, most, sum) : sum ? sum : most;
    }
    program_compute one = c->compute.at[i];
    one.is_tail = is_tail;
    LOOM_TRY(set_cost(c, &one, most));
    c->body_of.at[kept] = c->body_of.at[i];
    c->compute.at[kept++] = one;
  }
  c->compute.n = kept;
  return LOOM_OK;
}

/* ---- buffers and their lives ---- */

typedef struct lives { const nest *n; int *first, *last; /* by value; first -1: none */ int position; } lives;

static void touch(lives *l, int value) {
  if (l->first[value] < 0)
    l->first[value] = l->position;
  l->last[value] = l->position;
}

/* A value that enters a loop from outside is there to the loop's end: every turn reads it. */
static void find_lives(lives *l, const nest_body *body) {
  for (size_t i = 0; i < body->n; i++) {
    const nest_node *x = body->at[i];
    if (x->kind != NEST_LOOP) {
      for (size_t k = 0; k < x->inputs.n; k++)
        touch(l, x->inputs.at[k]);
      touch(l, x->value);
      l->position++;
      continue;
    }
    int start = l->position++;
    find_lives(l, &x->body);
    for (size_t v = 0; v < l->n->values.n; v++)
      if (l->first[v] >= 0 && l->first[v] < start && l->last[v] > start)
        l->last[v] = l->position;
    l->position++;
  }
}

/* An accumulator that is updated under another index keeps its bytes. */
static void join_updates(lives *l, const nest_body *body) {
  for (size_t i = 0; i < body->n; i++) {
    const nest_node *x = body->at[i];
    if (x->kind == NEST_LOOP)
      join_updates(l, &x->body);
    int last = x->kind == NEST_COMPUTE && x->inputs.n ? x->inputs.at[x->inputs.n - 1] : -1;
    if (last < 0 || last == x->value || !l->n->values.at[last].is_carried || !l->n->values.at[x->value].is_carried)
      continue;
    l->first[last] = l->first[last] < l->first[x->value] ? l->first[last] : l->first[x->value];
    l->last[last] = l->last[last] > l->last[x->value] ? l->last[last] : l->last[x->value];
  }
}

static int access_of(const model_program *p, const nest_node *node) {
  for (int a = 0; a < p->n_access; a++)
    if (p->access[a].node == node)
      return a;
  return -1;
}

/* The store that may empty this accumulator itself. */
static int direct_of(const model_program *p, int value) {
  for (int a = 0; a < p->n_access; a++)
    if (p->access[a].direct >= 0 && p->access[a].node->value == value)
      return a;
  return -1;
}

static loom_status set_dims(compiler *c, const sym_expr *const *dim, int rank, program_buffer *out) {
  out->rank = rank;
  out->elem_bytes = (int64_t)dtype_bytes(out->type);
  for (int d = 0; d < rank; d++)
    LOOM_TRY(compile_size(c, dim[d], &out->dim[d]));
  return LOOM_OK;
}

static void live_always(program_buffer *x) {
  x->first = 0;
  x->last = INT32_MAX;
}

/* Is `value` sent by a gather, or brought by one?  The writer empties the one, other cores fill the other: compute does not own them. */
static bool is_gathered(const nest_body *b, int value) {
  for (size_t i = 0; i < b->n; i++) {
    const nest_node *x = b->at[i];
    if (x->kind == NEST_LOOP ? is_gathered(&x->body, value) : x->kind == NEST_GATHER && (x->value == value || x->inputs.at[0] == value))
      return true;
  }
  return false;
}

/* The buffers that nest_list_buffers names, each with bytes of its own while it lives. */
static loom_status list_separate(compiler *c) {
  model_program *p = c->p;
  arena *m = &c->ctx->mem;
  nest_buffers buffers = {0};
  nest_list_buffers(m, c->n, false, &buffers);
  lives l = {.n = c->n, .first = ARENA_NEW_N(m, int, c->n->values.n), .last = ARENA_NEW_N(m, int, c->n->values.n)};
  for (size_t v = 0; v < c->n->values.n; v++)
    l.first[v] = -1;
  find_lives(&l, &c->n->body);
  join_updates(&l, &c->n->body);
  p->buffer = ARENA_NEW_N(m, program_buffer, buffers.n);
  p->n_buffers = (int)buffers.n;
  for (size_t i = 0; i < buffers.n; i++) {
    const nest_buffer *x = &buffers.at[i];
    program_buffer *out = &p->buffer[i];
    *out = (program_buffer){.kind = x->kind, .name = x->name, .type = model_buffer_type(x, c->b.accumulate_f32), .first = l.first[x->value], .last = l.last[x->value]};
    out->access = x->access ? access_of(p, x->access) : direct_of(p, x->value);
    if (c->sharing == MODEL_SIDE_BY_SIDE || is_gathered(&c->n->body, x->value))
      live_always(out);
    LOOM_TRY(set_dims(c, x->dim, x->rank, out));
  }
  return LOOM_OK;
}

/* One buffer for all lives with the same bytes; an accumulator that is widened widens them all. */
static loom_status list_in_place(compiler *c) {
  model_program *p = c->p;
  int *of = ARENA_NEW_N(&c->ctx->mem, int, c->lives.n);
  p->buffer = ARENA_NEW_N(&c->ctx->mem, program_buffer, c->lives.n);
  for (size_t i = 0; i < c->lives.n; i++) {
    const nest_life *x = &c->lives.at[i];
    int root = nest_life_root(&c->lives, (int)i);
    bool is_new = root == (int)i;
    of[i] = is_new ? p->n_buffers++ : of[root];
    program_buffer *out = &p->buffer[of[i]];
    if (is_new) {
      *out = (program_buffer){.kind = NEST_BUFFER_COMPUTE, .name = x->name, .type = x->type, .access = -1, .first = x->first, .last = x->last};
      for (int d = 0; d < x->rank; d++)
        LOOM_TRY(compile_size(c, x->dim[d], &out->dim[d]));
      out->rank = x->rank;
    }
    out->first = x->first < out->first ? x->first : out->first;
    out->last = x->last > out->last ? x->last : out->last;
    nest_buffer as_buffer = {.type = x->type, .is_accumulator = c->n->values.at[x->value].is_carried && !x->is_copy};
    dtype type = model_buffer_type(&as_buffer, c->b.accumulate_f32);
    out->type = dtype_bytes(type) > dtype_bytes(out->type) ? type : out->type;
    if (x->owner != NEST_OWNED_BY_COMPUTE) {
      if (x->access && access_of(p, x->access) >= 0)
        out->access = access_of(p, x->access);
      if (x->is_copy || x->owner == NEST_OWNED_BY_READER)
        out->kind = x->is_copy ? NEST_BUFFER_STORE : NEST_BUFFER_LOAD;
      if (out->access < 0)
        live_always(out);                 /* what a gather sends and brings */
    } else if (direct_of(p, x->value) >= 0) {
      out->access = direct_of(p, x->value);
    }
  }
  for (int i = 0; i < p->n_buffers; i++)
    p->buffer[i].elem_bytes = (int64_t)dtype_bytes(p->buffer[i].type);
  return LOOM_OK;
}

static loom_status compile_buffers(compiler *c) {
  LOOM_TRY(c->sharing == MODEL_IN_PLACE ? list_in_place(c) : list_separate(c));
  int owned = 0;
  for (int i = 0; i < c->p->n_buffers; i++)
    owned += c->p->buffer[i].access < 0;
  if (owned > PROGRAM_ITEMS_MAX)
    LOOM_FAIL(c->ctx, LOOM_NOSPAN, LOOM_ELIMIT, "kernel %s has %d values on a core beside its loads and stores; at most %d", c->n->kernel, owned, PROGRAM_ITEMS_MAX);
  return LOOM_OK;
}

/* ---- channels ---- */

static int64_t common(int64_t a, int64_t b) { return b ? common(b, a % b) : a; }

/* Rows of whole pages, so many channels apart: what lies in one column of pages does so on every so many channels. */
static void set_channels(compiler *c, int access) {
  model_program *p = c->p;
  program_access *a = &p->access[access];
  int64_t apart = 0;
  a->channels = program_channels_whole(a);
  a->apart = 1;
  if (a->memory->is_l1)
    return;
  for (int d = 0; d < a->rank; d++)
    if (a->shape[d] > 1 && a->pitch[d] >= p->page_bytes)
      apart = common(apart, a->pitch[d] % p->page_bytes ? 1 : a->pitch[d] / p->page_bytes);
  a->apart = (int)common(apart, p->dram.channels);
  if (a->apart < 1 || apart == 0 || a->apart > PROGRAM_PHASES_MAX || p->noc.n_channels != p->dram.channels)
    a->apart = 1;
  for (int b = 0; b < access && a->apart > 1; b++)
    if (p->access[b].apart == a->apart)
      a->phase = p->access[b].phase;
  if (a->apart > 1 && !a->phase)
    a->phase = model_noc_phases(c->ctx, p->m, &p->noc, a->apart);
}

/* ---- all of it ---- */

static int64_t in_1024(const machine_number *rate) {
  if (!(rate->value > 0) || rate->value > 1e9)
    return 0;
  int64_t v = (int64_t)(rate->value * 1024 + 0.5);
  return v > 0 ? v : 1;
}

static void read_machine(model_program *p, const machine *m) {
  p->setup = (int64_t)m->transfer_setup_cycles.value;
  p->run = m->dram_run_cycles;
  p->hop = (int64_t)m->hop_cycles.value;
  p->port_rate = in_1024(&m->l1_bytes_per_cycle);
  p->link_rate = in_1024(&m->link_bytes_per_cycle);
  p->dram = (program_memory){.latency = (int64_t)m->dram_latency_cycles.value, .rate = in_1024(&m->dram_bytes_per_cycle), .channels = m->dram_channels > 0 ? m->dram_channels : 1, .ways = 1,
                             .noc = &p->noc};
  p->page_bytes = m->dram_page_bytes > 0 ? m->dram_page_bytes : 1;
  p->l1_align = m->l1_align_bytes > 0 ? m->l1_align_bytes : 1;
  p->pads = m->pads_edges;
  p->moves_itself = m->lacks_concurrent_movers;
}

/* Cores that hold a page of a tensor in L1. */
static int64_t cores_with(const nest_tensor *t, const machine *m) {
  __int128 elems = 1, last = (__int128)dtype_bytes(t->type);
  for (int d = 0; d < t->rank; d++) {
    last += nest_tensor_is_view(t) ? (__int128)(model_max(t->shape[d], 1) - 1) * t->stride[d] * (int64_t)dtype_bytes(t->type) : 0;
    elems *= model_max(t->shape[d], 1);
  }
  __int128 pages = ((nest_tensor_is_view(t) ? last : elems * (int64_t)dtype_bytes(t->type)) + t->l1_page - 1) / t->l1_page;
  return pages < machine_cores(m) ? (int64_t)pages : machine_cores(m);
}

/* Tensors that lie on as many cores share the routes to them. */
static loom_status make_l1_memories(loom_ctx *ctx, const nest *n, const machine *m, model_program *p) {
  bool any = false;
  p->l1 = ARENA_NEW_N(&ctx->mem, const program_memory *, n->tensors.n + 1);
  for (size_t t = 0; t < n->tensors.n; t++) {
    const int64_t cores = n->tensors.at[t].l1_page ? cores_with(&n->tensors.at[t], m) : 0;
    for (size_t other = 0; other < t && cores; other++)
      if (p->l1[other] && p->l1[other]->channels == cores)
        p->l1[t] = p->l1[other];
    any = any || cores;
    if (!cores || p->l1[t])
      continue;
    machine holders = *m;
    memset(&holders.attach, 0, sizeof holders.attach);
    for (int64_t c = 0; c < cores; c++)
      vec_push(&ctx->mem, &holders.attach, c);
    model_noc *noc = ARENA_NEW(&ctx->mem, model_noc);
    program_memory *l1 = ARENA_NEW(&ctx->mem, program_memory);
    LOOM_TRY(model_noc_make(ctx, &holders, noc));
    *l1 = (program_memory){.is_l1 = true, .rate = p->port_rate * cores, .channels = cores, .ways = 2, .noc = noc};
    p->l1[t] = l1;
  }
  p->start = p->setup + (any ? 0 : p->dram.latency);
  return LOOM_OK;
}

/* ---- what passes through a cache ---- */

/* The most that a size comes to: a number, or the extent of the loop whose block it is. */
static int64_t most_of(const nest *n, const sym_expr *size) {
  int64_t most = MODEL_MOST, extent;
  if (sym_is_const(size, &most))
    return most;
  for (size_t l = 0; size->op == SYM_SYM && l < n->loops.n; l++)
    if (text_eq(n->loops.at[l].block, size->name) && sym_is_const(n->loops.at[l].extent, &extent))
      most = model_min(most, extent);
  return most;
}

/* Is `value` used, and by nothing but products, as their left side, or (*is_right) as the right one where the left has few rows? */
static bool is_read_as_it_lies(const nest *n, const nest_body *body, int value, bool *used, bool *is_right) {
  enum { FEW = 8 };
  bool only = true;
  for (size_t i = 0; only && i < body->n; i++) {
    const nest_node *x = body->at[i];
    if (x->kind == NEST_LOOP)
      only = is_read_as_it_lies(n, &x->body, value, used, is_right);
    if (x->kind == NEST_STORE && x->value == value)
      only = false;
    for (size_t k = 0; only && k < x->inputs.n; k++)
      if (x->inputs.at[k] == value) {
        only = x->kind == NEST_COMPUTE && (text_eq(x->op, "matmul") || text_eq(x->op, "batch_matmul")) && (k == 0 || (k == 1 && most_of(n, x->m) <= FEW));
        *used = true;
        *is_right |= k == 1;
      }
  }
  return only;
}

static void mark_passing(model_program *p) {
  for (int i = 0; i < p->n_access; i++) {
    program_access *a = &p->access[i];
    bool used = false, is_f32 = p->n->tensors.at[a->node->tensor].type == DTYPE_F32 && p->n->values.at[a->node->value].type == DTYPE_F32;
    bool has_rows = a->rank > 0 && a->by_pitch[a->rank - 1] == a->rank - 1 && !a->node->dim[a->rank - 1].dropped;
    a->passes = is_f32 && has_rows && (a->is_store ? a->direct >= 0 : is_read_as_it_lies(p->n, &p->n->body, a->node->value, &used, &a->waits_for_runs) && used);
  }
}

loom_status model_compile(loom_ctx *ctx, const nest *n, const machine *m, bool accumulate_f32, model_sharing sharing, model_program **out) {
  if (n->symbols.n > MODEL_BLOCKS_MAX || n->n_parallel > PLAN_ITERS_MAX || n->loops.n > NEST_LOOPS_MAX)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_ELIMIT, "kernel %s has %zu block sizes and %d parallel loops; at most %d and %d", n->kernel, n->symbols.n, n->n_parallel,
              MODEL_BLOCKS_MAX, PLAN_ITERS_MAX);
  model_program *p = ARENA_NEW(&ctx->mem, model_program);
  compiler c = {.ctx = ctx, .n = n, .sharing = sharing, .p = p, .last_load = -1, .first_use = INT32_MAX};
  c.b = (modeler){ctx, n, m, &c.nothing, MODEL_LOOM, accumulate_f32, NULL};
  *p = (model_program){.n = n, .m = m, .n_blocks = (int)n->symbols.n, .n_loops = (int)n->loops.n, .n_parallel = n->n_parallel};
  for (int s = 0; s < p->n_blocks; s++)
    c.blocks[s] = n->symbols.at[s].name;
  read_machine(p, m);
  LOOM_TRY(model_noc_make(ctx, m, &p->noc));
  LOOM_TRY(make_l1_memories(ctx, n, m, p));
  for (int l = 0; l < p->n_loops; l++)
    LOOM_TRY(compile_loop(&c, l));
  if (sharing == MODEL_IN_PLACE)
    nest_list_lives(&ctx->mem, n, false, &c.lives);
  find_positions(&c, &n->body);
  c.position = 0;
  c.loops = (1u << n->n_parallel) - 1;
  LOOM_TRY(compile_body(&c, &n->body));
  for (int a = 0; a < p->n_access; a++)
    set_channels(&c, a);
  const nest_node *inner = NULL;
  int depth = -1;
  find_inner(&c, &n->body, 0, &depth, &inner);
  if (m->has_concurrent_units)
    LOOM_TRY(merge_stages(&c));
  else
    find_gaps(&c);
  mark_turn(&c, inner);
  LOOM_TRY(compile_buffers(&c));
  if (p->moves_itself)
    mark_passing(p);
  p->compute = c.compute.at;
  p->n_compute = (int)c.compute.n;
  *out = p;
  return LOOM_OK;
}

void model_grid_of(const plan_mapping *p, model_grid *out) {
  *out = (model_grid){0};
  for (int i = 0; i < p->n_iters; i++) {
    out->cores[i] = (int32_t)plan_iter_cores(p, i);
    out->order[i] = (int8_t)p->order[i];
  }
}
