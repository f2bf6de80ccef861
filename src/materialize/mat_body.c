/* The body of the parallel loops: nodes in order, sequential loops, and slots given back after their last use. */
#include "materialize/mat_private.h"

/* ---- loads lifted over loops ---- */

typedef struct lifted { const nest_node *load; int levels; /* still to go */ } lifted;
typedef VEC_OF(lifted) lifted_list;

static int hoist_of(const mat *m, const nest_node *node) {
  for (size_t i = 0; i < m->n_accesses; i++)
    if (m->access[i] == node)
      return m->plan->candidate.access[i].hoist;
  return 0;
}

static loom_status lift(mat *m, const nest_body *body, nest_body *out, lifted_list *up);

/* A load passes a loop that it does not move with, or its slot has a place for each turn. */
static loom_status place_lifted(mat *m, int loop, const lifted_list *inner, nest_body *out, lifted_list *up) {
  const nest_loop *l = &m->nest->loops.at[loop];
  for (size_t i = 0; i < inner->n; i++) {
    lifted x = inner->at[i];
    if (nest_access_uses(m->nest, x.load, loop) && !(mat_panel_loops(m, x.load) & 1u << loop))
      LOOM_FAIL(m->ctx, LOOM_NOSPAN, LOOM_EINPUT, "the plan lifts '%s' out of the loop over '%s', but it loads another tile in each iteration",
                x.load->label, l->block);
    x.levels--;
    if (x.levels > 0)
      vec_push(m->mem, up, x);
    else
      vec_push(m->mem, out, (nest_node *)(uintptr_t)x.load);
  }
  return LOOM_OK;
}

static loom_status lift(mat *m, const nest_body *body, nest_body *out, lifted_list *up) {
  for (size_t i = 0; i < body->n; i++) {
    nest_node *node = body->at[i];
    if (node->kind == NEST_LOAD && hoist_of(m, node) > 0) {
      vec_push(m->mem, up, ((lifted){node, hoist_of(m, node)}));
      continue;
    }
    if (node->kind == NEST_LOOP) {
      lifted_list inner = {0};
      nest_node *copy = ARENA_NEW(m->mem, nest_node);
      *copy = *node;
      copy->body = (nest_body){0};
      LOOM_TRY(lift(m, &node->body, &copy->body, &inner));
      LOOM_TRY(place_lifted(m, node->loop, &inner, out, up));
      node = copy;
    }
    vec_push(m->mem, out, node);
  }
  return LOOM_OK;
}

/* What is lifted over all sequential loops goes on over the temporal ones, innermost first. */
static loom_status place_early(mat *m, const lifted *x) {
  const plan_mapping *p = &m->plan->candidate.mapping;
  int position = p->n_iters - x->levels;
  if (position < 0)
    LOOM_FAIL(m->ctx, LOOM_NOSPAN, LOOM_EINPUT, "the plan lifts '%s' over %d more loops than enclose it", x->load->label, -position);
  for (int k = position; k < p->n_iters; k++) {
    mat_share s;
    LOOM_TRY(mat_share_of(m, p->order[k], &s));
    if (s.rounds > 1 && nest_access_uses(m->nest, x->load, p->order[k]) && !(mat_panel_loops(m, x->load) & 1u << p->order[k]))
      LOOM_FAIL(m->ctx, LOOM_NOSPAN, LOOM_EINPUT, "the plan lifts '%s' out of the rounds over '%s', but it loads another tile in each of them", x->load->label,
                m->nest->loops.at[p->order[k]].block);
  }
  vec_push(m->mem, &m->early, ((mat_early){x->load, position}));
  return LOOM_OK;
}

loom_status mat_hoist(mat *m, const nest_body *body, nest_body *out) {
  lifted_list up = {0};
  LOOM_TRY(lift(m, body, out, &up));
  for (size_t i = 0; i < up.n; i++)
    LOOM_TRY(place_early(m, &up.at[i]));
  return LOOM_OK;
}

/* ---- slots ---- */

static bool touches(const nest_node *node, int v) {
  if (node->kind == NEST_LOOP) {
    for (size_t i = 0; i < node->body.n; i++)
      if (touches(node->body.at[i], v))
        return true;
    return false;
  }
  for (size_t i = 0; i < node->inputs.n; i++)
    if (node->inputs.at[i] == v)
      return true;
  return node->value == v;
}

static size_t last_touch(const nest_body *body, int v) {
  size_t last = 0;
  for (size_t i = 0; i < body->n; i++)
    if (touches(body->at[i], v))
      last = i;
  return last;
}

/* ---- nodes ---- */

/* A loop that runs once needs no loop. */
static loom_status emit_loop(mat *m, const nest_node *node) {
  const nest_loop *l = &m->nest->loops.at[node->loop];
  const char *iterator = nest_iterator_name(m->mem, m->nest, node->loop);
  const sym_expr *trip = mat_fold(m, sym_ceildiv(m->mem, mat_loop_end(m, node->loop), sym_name(m->mem, l->block)));
  int64_t count;
  bool is_known = sym_is_const(trip, &count);
  if (!is_known && !mat_max(m, trip, &count))
    LOOM_FAIL(m->ctx, m->at, LOOM_EUNSUP, "the loop over '%s' runs an unknown number of times: %s", l->block, sym_str(m->mem, trip));
  int64_t most = count > 0 ? count - 1 : 0;
  size_t names = m->names.n;
  ir_builder outside = m->b;
  MlirValue turn = {NULL};
  if (!is_known || count != 1) {
    MlirValue bound;
    LOOM_TRY(mat_index(m, trip, &bound));
    LOOM_TRY(mat_open_for(m, node->loop, "sequential", bound, &turn, &outside));
  }
  mat_bind(m, iterator, turn, MAT_NULL(turn) ? 0 : most);
  m->block[node->loop].turn = turn;
  LOOM_TRY(mat_open_block(m, node->loop, sym_name(m->mem, iterator), most));
  LOOM_TRY(mat_body(m, &node->body));
  m->b = outside;
  m->names.n = names;
  m->block[node->loop] = (mat_block){0};
  return LOOM_OK;
}

/* Is the value given back after node i of this body?  It is when the body made it. */
static bool ends_here(const nest_body *body, size_t i, const bool *alive_outside, int v) { return !alive_outside[v] && last_touch(body, v) == i; }

static loom_status emit_node(mat *m, const nest_body *body, size_t i, const bool *alive_outside) {
  const nest_node *node = body->at[i];
  m->at = ir_span(m->ir, mat_op_of(m, node));
  switch (node->kind) {
  case NEST_LOOP: return emit_loop(m, node);
  case NEST_LOAD: return mat_load(m, node);
  case NEST_STORE: return mat_store(m, node, ends_here(body, i, alive_outside, node->value));
  case NEST_COMPUTE: return mat_compute(m, node);
  case NEST_GATHER: return mat_gather(m, node);
  }
  return LOOM_EBUG;
}

static void give_ended(mat *m, const nest_body *body, size_t i, const bool *alive_outside) {
  for (size_t v = m->nest->values.n; v-- > 0;)
    if (ends_here(body, i, alive_outside, (int)v))
      mat_give_value(m, (int)v);
}

/* scf.if for the nodes [from, to) that only the first core of loop `loop` runs.  What the core has gathered is given back behind it. */
static loom_status emit_first(mat *m, const nest_body *body, size_t from, size_t to, int loop, const bool *alive_outside) {
  MlirValue place;
  ir_builder outside;
  size_t n_values = m->nest->values.n;
  bool *alive = ARENA_NEW_N(m->mem, bool, n_values + 1);
  LOOM_TRY(mat_index(m, mat_number_of(m, loop), &place));
  LOOM_TRY(mat_open_if(m, place, &outside));
  for (size_t v = 0; v < n_values; v++)
    alive[v] = !MAT_NULL(m->slot[v].slot);      /* and what is not is made and given back inside */
  for (size_t i = from; i < to; i++) {
    LOOM_TRY(emit_node(m, body, i, alive));
    give_ended(m, body, i, alive);
  }
  m->b = outside;
  for (size_t i = from; i < to; i++)
    give_ended(m, body, i, alive_outside);
  return LOOM_OK;
}

/* What the first core does alone comes behind what all do: nothing that all do can depend on it. */
static loom_status move_first_back(mat *m, const nest_body *body, nest_body *out) {
  bool *alone = ARENA_NEW_N(m->mem, bool, m->nest->values.n + 1);
  for (size_t i = 0; i < body->n; i++) {
    const nest_node *x = body->at[i];
    if (x->only_first >= 0) {
      alone[x->value] = x->kind != NEST_STORE || alone[x->value];
      continue;
    }
    for (size_t k = 0; x->kind != NEST_LOOP && k < x->inputs.n; k++)
      if (alone[x->inputs.at[k]])
        LOOM_FAIL(m->ctx, ir_span(m->ir, mat_op_of(m, x)), LOOM_EUNSUP, "all cores use what one core alone has made ('%s')", x->label);
    vec_push(m->mem, out, body->at[i]);
  }
  for (size_t i = 0; i < body->n; i++)
    if (body->at[i]->only_first >= 0)
      vec_push(m->mem, out, body->at[i]);
  return LOOM_OK;
}

loom_status mat_body(mat *m, const nest_body *program) {
  size_t n_values = m->nest->values.n;
  bool *alive_outside = ARENA_NEW_N(m->mem, bool, n_values + 1);
  nest_body body = {0};
  LOOM_TRY(move_first_back(m, program, &body));
  for (size_t v = 0; v < n_values; v++)
    alive_outside[v] = !MAT_NULL(m->slot[v].slot);
  for (size_t i = 0; i < body.n;) {
    size_t to = i;
    int first = body.at[i]->only_first;
    while (first >= 0 && to < body.n && body.at[to]->only_first == first)
      to++;
    if (to > i) {
      LOOM_TRY(emit_first(m, &body, i, to, first, alive_outside));
      i = to;
      continue;
    }
    LOOM_TRY(emit_node(m, &body, i, alive_outside));
    give_ended(m, &body, i, alive_outside);
    i++;
  }
  return LOOM_OK;
}
