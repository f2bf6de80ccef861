/* Mutation operators on the TOG: between cores. */
#ifndef LOOM_COMPILE_MUTATE_CORES_H
#define LOOM_COMPILE_MUTATE_CORES_H
#include "compile_mutate_boxes.h"

/* ---- multicast ---- */

static bool mutate_corner(mutation *m) {
  tog_node *n = mutate_node(m, mutate_has_group, NULL);
  if (!n)
    return false;
  size_t d = mutate_pick(m, (size_t)m->s->tog->n_mesh);
  const sym_expr **e = mutate_pick(m, 2) ? &n->group.ul[d] : &n->group.lr[d];
  *e = mutate_plus(m, *e, mutate_sign(m));
  return mutate_say(m, "%s: %s corner is %s along %s", mutate_title(m, n), e == &n->group.ul[d] ? "first" : "last", sym_str(m->mem, *e), m->s->tog->mesh_name[d]);
}

static bool mutate_area(mutation *m) {   /* the other dim of the mesh */
  tog_node *n = mutate_node(m, mutate_has_group, NULL);
  if (!n || m->s->tog->n_mesh < 2)
    return false;
  mutate_swap(&n->group.ul[0], &n->group.ul[1]);
  mutate_swap(&n->group.lr[0], &n->group.lr[1]);
  mutate_swap(&n->group.sender[0], &n->group.sender[1]);
  return mutate_say(m, "%s: the area with its dims swapped", mutate_title(m, n));
}

static bool mutate_sender(mutation *m) {
  tog_node *n = mutate_node(m, mutate_has_group, NULL);
  if (!n)
    return false;
  size_t d = mutate_pick(m, (size_t)m->s->tog->n_mesh);
  n->group.sender[d] = mutate_pick(m, 2) ? mutate_plus(m, n->group.sender[d], 1) : sym_name(m->mem, m->s->tog->mesh_name[d]);
  return mutate_say(m, "%s: sender at %s along %s", mutate_title(m, n), sym_str(m->mem, n->group.sender[d]), m->s->tog->mesh_name[d]);
}

static bool mutate_chain(mutation *m) {
  tog_node *n = mutate_node(m, mutate_has_group, NULL);
  if (!n)
    return false;
  size_t d = mutate_pick(m, (size_t)m->s->tog->n_mesh);
  n->group.chain[d] = !n->group.chain[d];
  return mutate_say(m, "%s: %s along %s", mutate_title(m, n), n->group.chain[d] ? "handed on" : "multicast", m->s->tog->mesh_name[d]);
}

static bool mutate_drop_group(mutation *m) {
  tog_node *n = mutate_node(m, mutate_has_group, NULL);
  if (!n)
    return false;
  n->has_group = false;
  return mutate_say(m, "%s: every core reads for itself", mutate_title(m, n));
}

/* ---- gathers ---- */

static bool mutate_row(mutation *m) {
  tog_node *n = mutate_node(m, mutate_is_send, NULL);
  if (!n)
    return false;
  n->row = mutate_pick(m, 2) ? mutate_number(m, 0) : mutate_plus(m, n->row, mutate_sign(m));
  return mutate_say(m, "%s to row %s", mutate_title(m, n), sym_str(m->mem, n->row));
}

static bool mutate_receiver(mutation *m) {
  tog_node *n = mutate_node(m, mutate_is_send, NULL);
  if (!n)
    return false;
  size_t d = mutate_pick(m, (size_t)m->s->tog->n_mesh);
  n->receiver[d] = mutate_pick(m, 2) ? sym_name(m->mem, m->s->tog->mesh_name[d]) : mutate_plus(m, n->receiver[d], 1);
  return mutate_say(m, "%s to %s along %s", mutate_title(m, n), sym_str(m->mem, n->receiver[d]), m->s->tog->mesh_name[d]);
}

static bool mutate_senders(mutation *m) {
  tog_node *n = mutate_node(m, mutate_is_collect, NULL);
  if (!n)
    return false;
  n->senders = mutate_plus(m, n->senders, mutate_sign(m));
  return mutate_say(m, "%s waits for %s", mutate_title(m, n), sym_str(m->mem, n->senders));
}
#endif
