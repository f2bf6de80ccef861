/* Where two runs part: back from a value that is wrong to the first one that is wrong although what it was made of is right.
 *
 * A value that should be w (a node of the other run) and is not is explained by its inputs.  An input is right when it is one of the values that w was
 * made of; the walk back from w ends at those.  What is left of the walk is what the wrong inputs should have been made of, so the search goes on
 * with each wrong input and that.  A value that was right, but for another use (the tile of the round before), is not in what is left of the walk.
 *
 *   got:   a  b'        want: a  b      s should be w: a is right, b' is not among {w, b, what b is made of}
 *           \ /                \ /      so b' is looked at, which should be one of {b, ..}
 *            s                  w                                                                                                              */
#include "flow/flow_private.h"

enum { DEPTH_MAX = 2000 };

/* Walks back from `want` inside of level - 1, not beyond what explains an input; right[i]: of the inputs of `n`. */
static void walk_back(flow_search *s, int want, int level, const flow_node *n, bool *right, flow_list *walk) {
  bool is_loop = n->kind == FLOW_MOVE && s->got->ops.at[n->op].role == FLOW_LOOP;
  s->level[want] = level;
  vec_push(s->scratch, walk, want);
  for (size_t i = 0; i < walk->n; i++) {
    int at = walk->at[i];
    bool ends = false;
    for (int k = 0; k < n->n_in; k++)
      if (flow_explains(s, at, n->in[k], is_loop))
        right[k] = ends = true;
    const flow_node *w = flow_want(s, at);
    for (int k = 0; k < w->n_in && !ends; k++)
      if (s->level[w->in[k]] == level - 1) {
        s->level[w->in[k]] = level;
        vec_push(s->scratch, walk, w->in[k]);
      }
  }
}

/* The value as it was last handed on: up from `want` through what only moves it. */
static int handed_on(const flow_search *s, int want, const flow_list *walk) {
  for (size_t i = walk->n; i-- > 0;) {   /* nearer ones come earlier */
    const flow_node *n = flow_want(s, walk->at[i]);
    if (n->kind == FLOW_MOVE && n->n_in == 1 && n->in[0] == want) {
      want = walk->at[i];
      i = walk->n;
    }
  }
  return want;
}

/* Node `got` should be `want` and is not; the walk back begins at `start`, which is `want` as it was handed on, and stays inside of what level - 1
 * marks.  `user`: the node that it is an input of.  True: *out is where they part, at or before `got`. */
static bool explain(flow_search *s, int got, int user, int want, int start, int level, flow_parting *out) {
  const flow_node *n = flow_got(s, got);
  if (s->explained[got] || level > DEPTH_MAX)
    return false;
  flow_list walk = {0};
  bool *right = ARENA_NEW_N(s->scratch, bool, n->n_in), found = false;
  walk_back(s, start, level, n, right, &walk);
  const int reader = s->reader;
  s->reader = flow_passes_on(s, got) ? reader : got;
  bool is_right = flow_is_known(s, got, user, want, &walk);
  for (int k = 0; k < n->n_in && !found && !is_right; k++) {
    if (right[k])
      continue;
    int input = n->in[k], should_be = flow_passes_on(s, input) ? -1 : flow_partner(s, input, got, want, start, &walk);
    found = should_be < 0 ? explain(s, input, got, want, start, level + 1, out) : explain(s, input, got, should_be, handed_on(s, should_be, &walk), level + 1, out);
  }
  if (!found && !is_right)
    *out = (flow_parting){got, want, -1, -1, 0, 0};
  s->explained[got] = is_right;
  s->reader = reader;
  for (size_t i = 0; i < walk.n; i++)
    s->level[walk.at[i]] = level - 1;
  return !is_right;
}

flow_parting flow_find_parting(arena *scratch, const flow_run *got, int got_at, const flow_run *want, int want_at, const flow_known *known) {
  flow_search s = {scratch, got, want, known, ARENA_NEW_N(scratch, int, want->nodes.n), ARENA_NEW_N(scratch, bool, got->nodes.n),
              ARENA_NEW_N(scratch, signed char, got->nodes.n), -1, {false}};
  flow_parting p = {got_at, want_at, -1, -1, 0, 0};
  memset(s.role, -1, got->nodes.n);
  for (size_t i = 0; i < want->nodes.n; i++)
    s.want_has[want->ops.at[want->nodes.at[i].op].role] = true;
  if (!explain(&s, got_at, -1, want_at, want_at, 1, &p))
    p = (flow_parting){got_at, want_at, -1, -1, 0, 0};
  const flow_node *g = &got->nodes.at[p.node], *w = &want->nodes.at[p.want];
  if (w->kind == FLOW_CONSTANT && flow_is_uniform(g) && flow_is_uniform(w)) {
    p.element = 0;
    return p;
  }
  if (flow_first_difference(g, w) < 0) {   /* nothing of its size */
    p.want = -1;
    return p;
  }
  flow_find_loop(got, want, &p);
  if (p.loop < 0)
    flow_to_first_round(scratch, got, want, want_at, &p);
  p.element = flow_first_difference(&got->nodes.at[p.node], &want->nodes.at[p.want]);
  return p;
}
