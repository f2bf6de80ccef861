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

/* A load passes a loop only when it does not move with it. */
static loom_status place_lifted(mat *m, int loop, const lifted_list *inner, nest_body *out, lifted_list *up) {
  const nest_loop *l = &m->nest->loops.at[loop];
  for (size_t i = 0; i < inner->n; i++) {
    lifted x = inner->at[i];
    if (nest_access_uses(m->nest, x.load, loop))
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

loom_status mat_hoist(mat *m, const nest_body *body, nest_body *out) {
  lifted_list up = {0};
  LOOM_TRY(lift(m, body, out, &up));
  if (up.n > 0)
    LOOM_FAIL(m->ctx, LOOM_NOSPAN, LOOM_EINPUT, "the plan lifts '%s' over %d more loops than enclose it", up.at[0].load->label, up.at[0].levels);
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
  for (size_t i = 0; node->kind == NEST_COMPUTE && i < node->inputs.n; i++)
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
  const sym_expr *trip = mat_fold(m, sym_ceildiv(m->mem, l->extent, sym_name(m->mem, l->block)));
  int64_t count, most;
  bool is_known = sym_is_const(trip, &count);
  if (!is_known && !mat_max(m, trip, &count))
    LOOM_FAIL(m->ctx, m->at, LOOM_EUNSUP, "the loop over '%s' runs an unknown number of times: %s", l->block, sym_str(m->mem, trip));
  most = count > 0 ? count - 1 : 0;
  size_t names = m->names.n;
  if (is_known && count == 1) {
    mat_bind(m, iterator, (MlirValue){NULL}, 0);
    LOOM_TRY(mat_open_block(m, node->loop, sym_const(m->mem, 0), 0));
    LOOM_TRY(mat_body(m, &node->body));
    m->names.n = names;
    return LOOM_OK;
  }
  MlirValue bound, zero = ir_index_const(&m->b, 0), one = ir_index_const(&m->b, 1);
  LOOM_TRY(mat_index(m, trip, &bound));
  MlirType index = ir_index_type(m->ir);
  MlirBlock block;
  MlirRegion region = ir_new_region(m->ir, 1, &index, &block);
  const ir_named attrs[] = {{"loom.block_sym", ir_symbol_attr(m->ir, l->block)}, {"loom.iter_type", dialect_iter_type(m->ir, "sequential")}};
  if (mlirOperationIsNull(ir_build(&m->b, "scf.for", 0, NULL, 3, (MlirValue[]){zero, bound, one}, 2, attrs, 1, &region)))
    return LOOM_EBUG;
  ir_builder outside = m->b;
  m->b = ir_at_end(m->ir, block);
  mat_bind(m, iterator, mlirBlockGetArgument(block, 0), most);
  LOOM_TRY(mat_open_block(m, node->loop, sym_name(m->mem, iterator), most));
  LOOM_TRY(mat_body(m, &node->body));
  ir_build(&m->b, "scf.yield", 0, NULL, 0, NULL, 0, NULL, 0, NULL);
  m->b = outside;
  m->names.n = names;
  m->block[node->loop] = (mat_block){0};
  return LOOM_OK;
}

/* Is the value given back after node i of this body?  It is when the body made it. */
static bool ends_here(const nest_body *body, size_t i, const bool *alive_outside, int v) { return !alive_outside[v] && last_touch(body, v) == i; }

loom_status mat_body(mat *m, const nest_body *body) {
  size_t n_values = m->nest->values.n;
  bool *alive_outside = ARENA_NEW_N(m->mem, bool, n_values + 1);
  for (size_t v = 0; v < n_values; v++)
    alive_outside[v] = !MAT_NULL(m->slot[v].slot);
  for (size_t i = 0; i < body->n; i++) {
    const nest_node *node = body->at[i];
    m->at = ir_span(m->ir, mat_op_of(m, node));
    switch (node->kind) {
    case NEST_LOOP: LOOM_TRY(emit_loop(m, node)); break;
    case NEST_LOAD: LOOM_TRY(mat_load(m, node)); break;
    case NEST_STORE: LOOM_TRY(mat_store(m, node, ends_here(body, i, alive_outside, node->value))); break;
    case NEST_COMPUTE: LOOM_TRY(mat_compute(m, node)); break;
    case NEST_GATHER: return LOOM_EBUG;   /* refused before anything is written */
    }
    for (size_t v = n_values; v-- > 0;)
      if (ends_here(body, i, alive_outside, (int)v))
        mat_give_value(m, (int)v);
  }
  return LOOM_OK;
}
