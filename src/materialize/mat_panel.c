/* Slots that hold the tiles of several turns of a loop (panels): their shape, and the loads that fill them. */
#include "materialize/mat_private.h"
#include <string.h>

/* Loop number i from the innermost of those around the load: its sequential loops, then the plan's temporal order. */
static int lifted_loop(const mat *m, const int *seq, int n_seq, int i) {
  const plan_mapping *p = &m->plan->candidate.mapping;
  if (i < n_seq)
    return seq[n_seq - 1 - i];
  return i - n_seq < p->n_iters ? p->order[p->n_iters - 1 - (i - n_seq)] : -1;
}

uint32_t mat_panel_loops(const mat *m, const nest_node *load) {
  const plan_access *a = mat_plan_access(m, load);
  int seq[NEST_LOOPS_MAX], n_seq = (int)nest_enclosing(m->nest, load, seq, NEST_LOOPS_MAX);
  uint32_t loops = 0;
  for (int i = 0; i < a->hoist && i < 32; i++) {
    int l = lifted_loop(m, seq, n_seq, i);
    if (l >= 0 && (a->panel >> i & 1))
      loops |= 1u << l;
  }
  return loops;
}

/* The kept dim of the tile that steps with the loop; -1: none. */
static int dim_along(const nest_node *load, int loop) {
  for (int d = 0, kept = 0; d < load->n_dims; d++) {
    if (!load->dim[d].dropped && load->dim[d].loop == loop)
      return kept;
    kept += !load->dim[d].dropped;
  }
  return -1;
}

static loom_status turns_of(mat *m, int loop, int64_t *out) {
  if (loop >= m->nest->n_parallel)
    return mat_most_trips(m, loop, out);
  mat_share s;
  LOOM_TRY(mat_share_of(m, loop, &s));
  *out = s.rounds;
  return LOOM_OK;
}

loom_status mat_panel_shape(mat *m, const nest_node *load, mat_slot *slot, int64_t *shape, int *rank) {
  uint32_t loops = mat_panel_loops(m, load);
  slot->n_front = 0;
  for (int l = 0; l < (int)m->nest->loops.n; l++) {
    int64_t turns;
    if (!(loops & 1u << l))
      continue;
    LOOM_TRY(turns_of(m, l, &turns));
    int dim = dim_along(load, l);
    if (dim >= 0) {
      slot->along[dim] = l;
      shape[slot->n_front + dim] *= turns;
      continue;
    }
    if (*rank == NEST_RANK_MAX)
      LOOM_FAIL(m->ctx, m->at, LOOM_EUNSUP, "the slot of '%s' would have more than %d dimensions", load->label, NEST_RANK_MAX);
    memmove(shape + 1, shape, (size_t)*rank * sizeof *shape);
    memmove(slot->front + 1, slot->front, (size_t)slot->n_front * sizeof *slot->front);
    shape[0] = turns;
    slot->front[0] = l;
    slot->n_front++;
    ++*rank;
  }
  return LOOM_OK;
}

/* ---- loads ---- */

/* All tiles lie behind each other in the argument too: one load brings them. */
static loom_status is_one_box(mat *m, const nest_node *load, int loop, bool *out) {
  *out = dim_along(load, loop) >= 0;
  for (int d = 0; d < load->n_dims; d++)      /* nothing else moves with the loop */
    if (sym_depends(load->dim[d].offset, nest_iterator_name(m->mem, m->nest, loop)) || (load->dim[d].loop == loop && load->dim[d].dropped))
      *out = false;
  const char *block = m->nest->loops.at[loop].block;
  for (int d = 0; d < load->n_dims; d++)
    if (load->dim[d].loop == loop && !(load->dim[d].size->op == SYM_SYM && text_eq(load->dim[d].size->name, block)))
      *out = false;
  if (*out && loop < m->nest->n_parallel) {
    mat_share s;
    LOOM_TRY(mat_share_of(m, loop, &s));
    *out = s.cores == 1;
  }
  return LOOM_OK;
}

static loom_status fill_turns(mat *m, const nest_node *load, uint32_t loops);

/* The tiles of one loop, one load each: a loop of its own. */
static loom_status fill_each(mat *m, const nest_node *load, int loop, uint32_t rest) {
  const nest_loop *l = &m->nest->loops.at[loop];
  bool is_parallel = loop < m->nest->n_parallel;
  size_t names = m->names.n;
  mat_block kept = m->block[loop];
  ir_builder outside = m->b;
  MlirValue turn = {NULL}, trip;
  int64_t most;
  LOOM_TRY(turns_of(m, loop, &most));
  const char *iterator = nest_iterator_name(m->mem, m->nest, loop);
  if (most > 1) {
    if (is_parallel)
      trip = ir_index_const(&m->b, most);
    else
      LOOM_TRY(mat_index(m, sym_ceildiv(m->mem, mat_loop_end(m, loop), sym_name(m->mem, l->block)), &trip));
    LOOM_TRY(mat_open_for(m, loop, is_parallel ? "temporal" : "sequential", trip, &turn, &outside));
  }
  m->block[loop].turn = turn;
  if (is_parallel) {
    LOOM_TRY(mat_bind_iterator(m, loop, turn));
  } else {
    mat_bind(m, iterator, turn, most > 0 ? most - 1 : 0);
    LOOM_TRY(mat_open_block(m, loop, sym_name(m->mem, iterator), most > 0 ? most - 1 : 0));
  }
  LOOM_TRY(fill_turns(m, load, rest));
  m->b = outside;
  m->names.n = names;
  m->block[loop] = kept;
  return LOOM_OK;
}

static loom_status fill_whole(mat *m, const nest_node *load, int loop, uint32_t rest) {
  size_t names = m->names.n;
  mat_block kept = m->block[loop];
  m->block[loop].turn = (MlirValue){NULL};
  mat_bind(m, nest_iterator_name(m->mem, m->nest, loop), (MlirValue){NULL}, 0);
  LOOM_TRY(mat_open_whole(m, loop));
  LOOM_TRY(fill_turns(m, load, rest));
  m->names.n = names;
  m->block[loop] = kept;
  return LOOM_OK;
}

static loom_status fill_turns(mat *m, const nest_node *load, uint32_t loops) {
  if (!loops)
    return mat_load_tile(m, load);
  int loop = __builtin_ctz(loops);
  bool one_box;
  LOOM_TRY(is_one_box(m, load, loop, &one_box));
  return one_box ? fill_whole(m, load, loop, loops & (loops - 1)) : fill_each(m, load, loop, loops & (loops - 1));
}

loom_status mat_fill_slot(mat *m, const nest_node *load) { return fill_turns(m, load, mat_panel_loops(m, load)); }
