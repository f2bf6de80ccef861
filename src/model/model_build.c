/* Aggregation of leaf costs over the loop tree.  L, C, S: cycles of one iteration's loads, computes (with inner loops) and stores.
 *
 *   loom, upstream (loom.md 3.3):   block  = db ? max(L, C + S) : L + C + S
 *                                   loop   = trips * block + (db ? min(L, C + S) : 0)      the first load has nothing to hide behind
 *   upstream-nested (loom.md 3.5):  loop   = trips * max(C, L + S)
 */
#include "base/text.h"
#include "model/model_private.h"

static const char *const kind_names[] = {
#define X(n, t) t,
    MODEL_KIND_LIST(X)
#undef X
};

const char *model_kind_text(model_kind k) { return kind_names[k]; }

bool model_kind_parse(const char *s, model_kind *out) {
  for (size_t i = 0; i < sizeof kind_names / sizeof *kind_names; i++)
    if (text_eq(s, kind_names[i])) {
      *out = (model_kind)i;
      return true;
    }
  return false;
}

const sym_expr *model_bound_iterators(const modeler *b, const sym_expr *e) { return nest_at_last_iterators(&b->ctx->mem, b->n, e); }

const sym_expr *model_loop_trips(const modeler *b, int l) {
  arena *m = &b->ctx->mem;
  const nest_loop *loop = &b->n->loops.at[l];
  const sym_expr *tiles = sym_ceildiv(m, model_bound_iterators(b, loop->extent), sym_name(m, loop->block));
  return sym_ceildiv(m, tiles, sym_const(m, plan_iter_cores(&b->c->mapping, l)));
}

/* ---- the tree ---- */

enum { WITH_LOAD = 1, WITH_COMPUTE = 2, WITH_STORE = 4, WITH_ALL = 7 };

typedef struct scope_cost { const sym_expr *load, *compute, *store; } scope_cost;

/* Leaf costs are found once, in program order, and added up under several masks. */
typedef VEC_OF(const sym_expr *) expr_list;
typedef struct leaf_costs { const sym_expr **at; size_t next; } leaf_costs;

static loom_status price_body(const modeler *b, const nest_body *body, int *access, expr_list *out) {
  for (size_t i = 0; i < body->n; i++) {
    const nest_node *x = body->at[i];
    if (x->kind == NEST_LOOP) {
      LOOM_TRY(price_body(b, &x->body, access, out));
      continue;
    }
    const sym_expr *e;
    bool is_access = x->kind == NEST_LOAD || x->kind == NEST_STORE;
    LOOM_TRY(model_node_cycles(b, x, is_access ? (*access)++ : -1, &e));
    vec_push(&b->ctx->mem, out, e);
  }
  return LOOM_OK;
}

static const sym_expr *choose_db(const modeler *b, const sym_expr *on, const sym_expr *off) {
  arena *m = &b->ctx->mem;
  return sym_equal(on, off) ? on : sym_make(m, SYM_IF, sym_make(m, SYM_EQ, b->db, sym_const(m, 1), NULL), on, off);
}

static const sym_expr *loop_cost(const modeler *b, const sym_expr *trips, scope_cost s) {
  arena *m = &b->ctx->mem;
  if (b->kind == MODEL_UPSTREAM_NESTED)
    return sym_mul(m, trips, sym_max(m, s.compute, sym_add(m, s.load, s.store)));
  const sym_expr *rest = sym_add(m, s.compute, s.store);
  const sym_expr *serial = sym_mul(m, trips, sym_add(m, s.load, rest));
  int64_t zero;
  if (sym_is_const(s.load, &zero) && zero == 0)
    return serial;
  const sym_expr *overlapped = sym_add(m, sym_mul(m, trips, sym_max(m, s.load, rest)), sym_min(m, s.load, rest));
  return choose_db(b, overlapped, serial);
}

static void add_body(const modeler *b, const nest_body *body, int mask, leaf_costs *leaves, scope_cost *out) {
  arena *m = &b->ctx->mem;
  const sym_expr *zero = sym_const(m, 0);
  *out = (scope_cost){zero, zero, zero};
  for (size_t i = 0; i < body->n; i++) {
    const nest_node *x = body->at[i];
    if (x->kind == NEST_LOOP) {
      scope_cost inner;
      add_body(b, &x->body, mask, leaves, &inner);
      out->compute = sym_add(m, out->compute, loop_cost(b, model_loop_trips(b, x->loop), inner));
      continue;
    }
    const sym_expr *e = leaves->at[leaves->next++];
    if (x->kind == NEST_LOAD && (mask & WITH_LOAD))
      out->load = sym_add(m, out->load, e);
    else if ((x->kind == NEST_STORE || x->kind == NEST_GATHER) && (mask & WITH_STORE))   /* both leave the core */
      out->store = sym_add(m, out->store, e);
    else if (x->kind == NEST_COMPUTE && (mask & WITH_COMPUTE))
      out->compute = sym_add(m, out->compute, e);
  }
}

/* The temporal loops around the body, outermost first in the plan's order: each is one more scope whose compute is the next loop. */
static const sym_expr *total_cost(const modeler *b, const sym_expr **leaves, int mask) {
  arena *m = &b->ctx->mem;
  leaf_costs l = {leaves, 0};
  scope_cost s;
  add_body(b, &b->n->body, mask, &l, &s);
  const sym_expr *e = NULL;
  for (int i = b->c->mapping.n_iters - 1; i >= 0; i--) {
    e = loop_cost(b, model_loop_trips(b, b->c->mapping.order[i]), s);
    s = (scope_cost){sym_const(m, 0), e, sym_const(m, 0)};
  }
  return e ? e : loop_cost(b, sym_const(m, 1), s);
}

static void list_trips(const modeler *b, model_cost *out) {
  arena *m = &b->ctx->mem;
  for (size_t l = 0; l < b->n->loops.n; l++) {
    const nest_loop *loop = &b->n->loops.at[l];
    model_trip t = {.numerator = model_bound_iterators(b, loop->extent), .loop = (int)l,
                    .denominator = sym_mul(m, sym_name(m, loop->block), sym_const(m, plan_iter_cores(&b->c->mapping, (int)l)))};
    vec_push(m, &out->trips, t);
  }
}

loom_status model_build(loom_ctx *ctx, const nest *n, const machine *mach, const plan_candidate *c, model_kind kind, bool accumulate_f32, model_cost **out) {
  arena *m = &ctx->mem;
  modeler b = {ctx, n, mach, c, kind, accumulate_f32, sym_name(m, MODEL_DOUBLE_BUFFER)};
  expr_list leaves = {0};
  int access = 0;
  LOOM_TRY(price_body(&b, &n->body, &access, &leaves));
  model_cost *cost = ARENA_NEW(m, model_cost);
  cost->cycles = total_cost(&b, leaves.at, WITH_ALL);
  cost->compute = total_cost(&b, leaves.at, WITH_COMPUTE);
  cost->load = total_cost(&b, leaves.at, WITH_LOAD);
  cost->store = total_cost(&b, leaves.at, WITH_STORE);
  cost->l1_bytes = model_l1_bytes(&b);
  cost->l1_capacity = mach->l1_bytes;
  cost->dram_bytes = model_dram_bytes(&b);
  list_trips(&b, cost);
  *out = cost;
  return LOOM_OK;
}
