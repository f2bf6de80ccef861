/* Neighbours over the same outer loops as one nest.  In one row of it the slots run in order:
 *   0: scalar operations   1: pass over a vector loop   2: scalar operations   3: pass   ...
 * An operation takes the earliest slot behind everything it depends on; two share a pass when what one hands to the other is the same vector.
 * Rows may only depend on themselves: memory that two members touch, and one writes, is touched through the same view in the same row. */
#include "target/cpu/cpu_vector.h"

/* Is the loop of `d` one of a row's? */
static bool is_row_loop(int d) { return d != VEC_ZERO && d != VEC_LANE; }

vec_op vec_placed(const vec_op *v, bool is_scalar) {
  vec_op p = *v;
  int position[VEC_DIMS_MAX];
  p.n_outer = 0;
  for (int d = 0; d < v->n_dims; d++)
    if (is_scalar || d != v->lane)
      p.outer[p.n_outer++] = d;
    else
      position[d] = VEC_LANE;
  for (int i = 0; i < p.n_outer; i++)
    position[p.outer[i]] = i;
  if (is_scalar)
    p.lane = -1;
  for (int a = 0; a < p.n_in + p.n_out; a++)
    for (int r = 0; r < p.at[a].rank; r++)
      if (p.at[a].dim[r] != VEC_ZERO)
        p.at[a].dim[r] = position[p.at[a].dim[r]];
  for (int d = 0; d < p.n_all; d++)
    if (p.dim_of_all[d] != VEC_ZERO)
      p.dim_of_all[d] = position[p.dim_of_all[d]];
  return p;
}

static bool same_outer(const vec_group *g, const vec_op *p) {
  if (p->n_outer != g->n_outer)
    return false;
  for (int i = 0; i < g->n_outer; i++)
    if (!vec_extent_eq(g->outer[i], p->extent[p->outer[i]]))
      return false;
  return true;
}

static bool has_lane(const vec_access *a) {
  for (int r = 0; r < a->rank; r++)
    if (a->dim[r] == VEC_LANE)
      return true;
  return false;
}

typedef enum dependence { DEPENDS_NOT, DEPENDS_VECTOR, DEPENDS_ROW, DEPENDS_ELSEWHERE } dependence;

static dependence between(const vec_group *g, const vec_access *a, const vec_access *b) {
  if (mlirValueIsNull(a->memref) || mlirValueIsNull(b->memref) || (!a->is_written && !b->is_written) || !vec_may_overlap(a->memref, b->memref))
    return DEPENDS_NOT;
  if (!mlirValueEqual(a->memref, b->memref))
    return DEPENDS_ELSEWHERE;
  unsigned rows = 0;
  for (int r = 0; r < a->rank; r++) {
    if (a->dim[r] != b->dim[r])
      return DEPENDS_ELSEWHERE;
    if (is_row_loop(a->dim[r]))
      rows |= 1u << a->dim[r];
  }
  if (rows != (1u << g->n_outer) - 1)
    return DEPENDS_ELSEWHERE;
  return has_lane(a) ? DEPENDS_VECTOR : DEPENDS_ROW;
}

static bool is_pass(int slot) { return slot % 2 == 1; }

/* The first slot that `p` may have behind member `m`; -1: none. */
static int slot_behind(const vec_group *g, const vec_member *m, const vec_op *p) {
  int least = 0;
  for (int a = 0; a < m->v.n_in + m->v.n_out; a++)
    for (int b = 0; b < p->n_in + p->n_out; b++)
      switch (between(g, &m->v.at[a], &p->at[b])) {
      case DEPENDS_NOT:
        break;
      case DEPENDS_VECTOR:
        least = m->slot > least ? m->slot : least;
        break;
      case DEPENDS_ROW:
        least = m->slot + is_pass(m->slot) > least ? m->slot + is_pass(m->slot) : least;
        break;
      case DEPENDS_ELSEWHERE:
        return -1;
      }
  return least;
}

/* Sums into memory that a row loop does not index run over rows: nothing else of the nest may look at it, which `between` sees to. */
static bool join(vec_group *g, const vec_op *v) {
  for (int scalar = 0; scalar < 2; scalar++) {
    vec_op p = vec_placed(v, scalar);
    int slot = scalar ? 0 : 1;
    if ((scalar ? g->n_outer != v->n_dims : v->lane < 0) || !same_outer(g, &p) || g->n_members == VEC_OPS_MAX)
      continue;
    for (int i = 0; i < g->n_members && slot >= 0; i++) {
      int least = slot_behind(g, &g->at[i], &p);
      slot = least < 0 ? -1 : least > slot ? least : slot;
    }
    if (slot < 0)
      return false;
    if (is_pass(slot) == scalar)
      slot++;
    while (!scalar && slot / 2 < g->n_passes && !vec_extent_eq(g->lane[slot / 2], p.extent[p.lane]))
      slot += 2;
    if (!scalar && slot / 2 >= g->n_passes) {
      if (g->n_passes == VEC_PASSES_MAX)
        return false;
      g->lane[g->n_passes++] = p.extent[p.lane];
    }
    g->at[g->n_members++] = (vec_member){.v = p, .slot = slot};
    return true;
  }
  return false;
}

static size_t form_over(vec_group *g, const vec_op *ops, size_t n, bool scalar_first) {
  vec_op p = vec_placed(&ops[0], scalar_first);
  size_t taken = 0;
  *g = (vec_group){.n_outer = p.n_outer};
  for (int i = 0; i < p.n_outer; i++)
    g->outer[i] = p.extent[p.outer[i]];
  while (taken < n && join(g, &ops[taken]))
    taken++;
  return taken;
}

/* What reads of `memref` in the nest need from memory: is the first access a write of everything that later ones read? */
static bool is_written_first(const vec_group *g, MlirValue memref) {
  for (int i = 0; i < g->n_members; i++)
    for (int a = 0; a < g->at[i].v.n_in + g->at[i].v.n_out; a++)
      if (mlirValueEqual(g->at[i].v.at[a].memref, memref))
        return g->at[i].v.at[a].is_written && !g->at[i].v.at[a].is_read;
  return false;
}

static bool same_access(const vec_access *a, const vec_access *b) {
  return mlirValueEqual(a->memref, b->memref) && memcmp(a->dim, b->dim, sizeof a->dim[0] * (size_t)a->rank) == 0;
}

/* A value in registers reaches readers in the same pass, and behind it when it is one a row. */
static bool reaches(const vec_group *g, int from, const vec_access *written) {
  for (int i = from; i < g->n_members; i++)
    for (int a = 0; a < g->at[i].v.n_in + g->at[i].v.n_out; a++) {
      const vec_access *x = &g->at[i].v.at[a];
      if (mlirValueEqual(x->memref, written->memref) && x->is_read &&
          (!same_access(x, written) || (has_lane(written) && g->at[i].slot != g->at[from].slot)))
        return false;
    }
  return true;
}

static bool is_read_never(const vec_group *g, MlirValue memref) {
  for (int i = 0; i < g->n_members; i++)
    for (int a = 0; a < g->at[i].v.n_in + g->at[i].v.n_out; a++)
      if (mlirValueEqual(g->at[i].v.at[a].memref, memref) && g->at[i].v.at[a].is_read)
        return false;
  return true;
}

static void mark_private(vec_group *g) {
  MlirOperation ops[VEC_OPS_MAX];
  for (int i = 0; i < g->n_members; i++)
    ops[i] = g->at[i].v.op;
  for (int i = 0; i < g->n_members; i++)
    for (int a = 0; a < g->at[i].v.n_in + g->at[i].v.n_out; a++) {
      vec_access *x = &g->at[i].v.at[a];
      if (mlirValueIsNull(x->memref))
        continue;
      x->is_streamed = has_lane(x) && vec_is_large(x->memref) && (!x->is_written || (is_read_never(g, x->memref) && vec_is_used_by(x->memref, ops, (size_t)g->n_members)));
      if (!is_written_first(g, x->memref) || !vec_is_private(x->memref, ops, (size_t)g->n_members))
        continue;
      x->is_one_row = true;
      x->is_dead = x->is_written && reaches(g, i, x);
    }
}

void vec_group_form(vec_group *out, const vec_op *ops, size_t n) {
  size_t taken = form_over(out, ops, n, true);
  if (out->n_passes == 0 && ops[0].lane >= 0)   /* nothing but scalars a row: better a vector of rows */
    taken = form_over(out, ops, n, false);
  (void)taken;
  mark_private(out);
}
