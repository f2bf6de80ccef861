/* Loops: the first round in which something went wrong, and loops that end too early. */
#include "flow/flow_private.h"

static const flow_frame *instance_of(const flow_frame *f) {
  while (f && !f->is_instance)
    f = f->outer;
  return f;
}

/* Nodes of the operation of node `like`, in order: those of its instance, or those that `of` was made of. */
static flow_list rounds_of(arena *scratch, const flow_run *r, int like, int of) {
  const flow_node *n = &r->nodes.at[like];
  flow_list all = {0};
  bool *is_used = NULL;
  if (of >= 0) {
    is_used = ARENA_NEW_N(scratch, bool, r->nodes.n);
    is_used[of] = true;
    for (int i = of; i >= 0; i--)   /* inputs come before what is made of them */
      for (int k = 0; is_used[i] && k < r->nodes.at[i].n_in; k++)
        is_used[r->nodes.at[i].in[k]] = true;
  }
  for (size_t i = 0; i < r->nodes.n; i++) {
    const flow_node *m = &r->nodes.at[i];
    if (m->op == n->op && m->kind == n->kind && (is_used ? is_used[i] : instance_of(m->frame) == instance_of(n->frame)))
      vec_push(scratch, &all, (int)i);
  }
  return all;
}

/* `node` is one of the list. */
static size_t place_in(const flow_list *l, int node) {
  size_t i = 0;
  while (l->at[i] != node)
    i++;
  return i;
}

void flow_to_first_round(arena *scratch, const flow_run *got, const flow_run *want, int want_at, flow_parting *p) {
  flow_list g = rounds_of(scratch, got, p->node, -1), w = rounds_of(scratch, want, p->want, want_at);
  size_t at = place_in(&g, p->node), should = place_in(&w, p->want);
  if (at < should)
    return;
  for (size_t i = 0; i < should; i++) {
    int a = g.at[at - should + i];
    if (flow_first_difference(&got->nodes.at[a], &want->nodes.at[w.at[i]]) >= 0) {
      p->node = a;
      p->want = w.at[i];
      return;
    }
  }
}

/* Rounds of the innermost loop around a node, which is in one, in which its operation ran. */
static int64_t count_rounds(const flow_run *r, int node) {
  const flow_node *n = &r->nodes.at[node];
  int64_t rounds = 0;
  const flow_frame *last = NULL;
  for (size_t i = 0; i < r->nodes.n; i++) {
    const flow_node *m = &r->nodes.at[i];
    if (m->op != n->op || m->kind != n->kind || !m->frame || m->frame->op != n->frame->op || m->frame->outer != n->frame->outer || m->frame == last)
      continue;
    last = m->frame;
    rounds++;
  }
  return rounds;
}

/* Of what a loop left: the value inside. */
static int inside_loop(const flow_run *r, int node) {
  const flow_node *n = &r->nodes.at[node];
  while (n->kind == FLOW_MOVE && n->n_in == 1 && r->ops.at[n->op].role != FLOW_PLAIN) {
    node = n->in[0];
    n = &r->nodes.at[node];
  }
  return node;
}

void flow_find_loop(const flow_run *got, const flow_run *want, flow_parting *p) {
  int a = inside_loop(got, p->node), b = inside_loop(want, p->want);
  const flow_frame *g = got->nodes.at[a].frame, *w = want->nodes.at[b].frame;
  if (!g || !w || g->is_instance || w->is_instance)
    return;
  p->rounds = count_rounds(got, a);
  p->rounds_wanted = count_rounds(want, b);
  if (p->rounds != p->rounds_wanted)
    p->loop = g->op;
}
