/* Mutation operators on the TOG: trips, cores, boxes. */
#ifndef LOOM_COMPILE_MUTATE_BOXES_H
#define LOOM_COMPILE_MUTATE_BOXES_H
#include "compile_mutate_nodes.h"

/* ---- loops, cores ---- */

static bool mutate_trip(mutation *m) {
  tog_node *n = mutate_node(m, mutate_is_loop, NULL);
  if (!n)
    return false;
  m->only_grows = mutate_pick(m, 3) == 0;
  n->trip = mutate_plus(m, n->trip, m->only_grows ? 1 : -1);
  return mutate_say(m, "%s runs %s times", mutate_title(m, n), sym_str(m->mem, n->trip));
}

static bool mutate_lost_core(mutation *m) {
  tog *t = m->s->tog;
  int d = (int)mutate_pick(m, (size_t)t->n_mesh);
  if (t->mesh_size[d] < 2)
    return false;
  t->mesh_size[d]--;
  return mutate_say(m, "the mesh has %d cores along %s", (int)t->mesh_size[d], t->mesh_name[d]);
}

static inline void mutate_swap(const sym_expr **a, const sym_expr **b) { const sym_expr *c = *a; *a = *b; *b = c; }

/* ---- boxes ---- */

static bool mutate_swap_offsets(mutation *m) {
  tog_node *n = mutate_node(m, mutate_has_plane, NULL);
  if (!n)
    return false;
  size_t a = mutate_pick(m, (size_t)n->box.rank), b = (a + 1) % (size_t)n->box.rank;
  mutate_swap(&n->box.offset[a], &n->box.offset[b]);
  return mutate_say(m, "%s: offsets of dims %zu and %zu swapped", mutate_title(m, n), a, b);
}

static bool mutate_swap_extents(mutation *m) {
  tog_node *n = mutate_node(m, mutate_has_plane, NULL);
  if (!n)
    return false;
  size_t a = mutate_pick(m, (size_t)n->box.rank), b = (a + 1) % (size_t)n->box.rank;
  mutate_swap(&n->box.extent[a], &n->box.extent[b]);
  return mutate_say(m, "%s: extents of dims %zu and %zu swapped", mutate_title(m, n), a, b);
}

static bool mutate_swap_dims(mutation *m) {
  tog_node *n = mutate_node(m, mutate_has_plane, NULL);
  if (!n)
    return false;
  size_t a = mutate_pick(m, (size_t)n->box.rank), b = (a + 1) % (size_t)n->box.rank;
  int to = n->box.to_dim[a];
  n->box.to_dim[a] = n->box.to_dim[b];
  n->box.to_dim[b] = to;
  return mutate_say(m, "%s: dims %zu and %zu land in each other's place", mutate_title(m, n), a, b);
}

static bool mutate_swap_strides(mutation *m) {
  tog_node *n = mutate_node(m, mutate_has_view, NULL);
  if (!n)
    return false;
  size_t a = mutate_pick(m, (size_t)n->box.rank), b = (a + 1) % (size_t)n->box.rank;
  int64_t stride = n->box.view_stride[a];
  n->box.view_stride[a] = n->box.view_stride[b];
  n->box.view_stride[b] = stride;
  return mutate_say(m, "%s: strides of dims %zu and %zu of the view swapped", mutate_title(m, n), a, b);
}

static bool mutate_stride(mutation *m) {
  tog_node *n = mutate_node(m, mutate_has_view, NULL);
  if (!n)
    return false;
  size_t a = mutate_pick(m, (size_t)n->box.rank);
  n->box.view_stride[a] -= n->box.view_stride[a] > 0;
  return mutate_say(m, "%s: stride of dim %zu of the view one less", mutate_title(m, n), a);
}

static bool mutate_offset(mutation *m) {
  tog_node *n = mutate_node(m, mutate_has_box, NULL);
  if (!n || !n->box.rank)
    return false;
  size_t d = mutate_pick(m, (size_t)n->box.rank);
  const sym_expr *e = n->box.offset[d];
  n->box.offset[d] = mutate_pick(m, 2) ? mutate_number(m, 0) : sym_max(m->mem, mutate_number(m, 0), mutate_plus(m, e, mutate_sign(m)));
  return mutate_say(m, "%s: offset of dim %zu is %s instead of %s", mutate_title(m, n), d, sym_str(m->mem, n->box.offset[d]), sym_str(m->mem, e));
}

/* Off by one, or the whole tile at the edge too. */
static bool mutate_extent(mutation *m) {
  tog_node *n = mutate_node(m, mutate_has_box, NULL);
  if (!n || !n->box.rank)
    return false;
  size_t d = mutate_pick(m, (size_t)n->box.rank);
  const tog_buffer *b = &m->s->tog->buffers.at[n->buffer];
  const sym_expr *e = n->box.extent[d];
  n->box.extent[d] = mutate_pick(m, 3) || n->box.to_dim[d] < 0 ? mutate_plus(m, e, mutate_sign(m)) : mutate_number(m, b->shape[n->box.to_dim[d]]);
  return mutate_say(m, "%s: extent of dim %zu is %s instead of %s", mutate_title(m, n), d, sym_str(m->mem, n->box.extent[d]), sym_str(m->mem, e));
}

/* Another tensor of the same type and shape. */
static bool mutate_tensor(mutation *m) {
  tog_node *n = mutate_node(m, mutate_is_load, NULL);
  const tog *t = m->s->tog;
  for (size_t i = 0; n && i < t->tensors.n; i++) {
    const tog_tensor *a = &t->tensors.at[n->box.tensor], *b = &t->tensors.at[i];
    if ((int)i == n->box.tensor || a->type != b->type || a->rank != b->rank || !b->is_input)
      continue;
    n->box.tensor = (int)i;
    return mutate_say(m, "%s reads '%s' instead of '%s'", mutate_title(m, n), b->name, a->name);
  }
  return false;
}

static bool mutate_part(mutation *m) {
  tog_node *n = mutate_node(m, mutate_has_parts, NULL);
  if (!n)
    return false;
  const sym_expr **e = n->opens && (!n->closes || mutate_pick(m, 2)) ? &n->opens : &n->closes;
  const sym_expr *was = *e;
  *e = mutate_pick(m, 2) ? NULL : sym_make(m->mem, SYM_NOT, *e, NULL, NULL);
  return mutate_say(m, "%s %s %s instead of %s", mutate_title(m, n), e == &n->opens ? "opens" : "closes", *e ? sym_str(m->mem, *e) : "always", sym_str(m->mem, was));
}

static inline bool mutate_has_at(const tog *t, const tog_node *n) {
  for (int d = 0; n->kind == TOG_LOAD && d < t->buffers.at[n->buffer].rank; d++)
    if (n->at[d])
      return true;
  return false;
}
static bool mutate_at(mutation *m) {
  tog_node *n = mutate_node(m, mutate_has_at, NULL);
  if (!n)
    return false;
  size_t rank = (size_t)m->s->tog->buffers.at[n->buffer].rank, d = mutate_pick(m, rank);
  while (!n->at[d])
    d = (d + 1) % rank;
  n->at[d] = mutate_pick(m, 2) ? NULL : mutate_plus(m, n->at[d], mutate_sign(m));
  return mutate_say(m, "%s lands at %s of dim %zu", mutate_title(m, n), n->at[d] ? sym_str(m->mem, n->at[d]) : "0", d);
}
#endif
