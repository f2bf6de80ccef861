/* Where two runs part: back from a value that is wrong to the first one that is wrong although what it was made of is right.
 *
 * A value that should be w (a node of the other run) and is not is explained by its inputs.  An input is right when it is one of the values that w was
 * made of; the walk back from w ends at those.  What is left of the walk is what the wrong inputs should have been made of, so the search goes on
 * with each wrong input and that.  A value that was right, but for another use (the tile of the round before), is not in what is left of the walk.
 *
 *   got:   a  b'        want: a  b      s should be w: a is right, b' is not among {w, b, what b is made of}
 *           \ /                \ /      so b' is looked at, which should be one of {b, ..}
 *            s                  w                                                                                                              */
#include "flow/flow.h"
#include <math.h>

enum { DEPTH_MAX = 2000 };

typedef struct search {
  arena *scratch;
  const flow_run *got, *want;
  const flow_known *known;
  int *level;                 /* by node of `want`: the deepest walk that met it; a walk stays inside of the one around it */
  bool *explained;            /* by node of `got`: found to be right in itself */
  signed char *role;          /* by node of `got`: role_of; -1: not asked for yet */
  bool want_has[FLOW_LOOP + 1];          /* by role: does the other run hand values on so? */
} search;

typedef VEC_OF(int) node_list;

static const flow_node *got_node(const search *s, int i) { return &s->got->nodes.at[i]; }
static const flow_node *want_node(const search *s, int i) { return &s->want->nodes.at[i]; }
static const flow_op *got_op(const search *s, int i) { return &s->got->ops.at[got_node(s, i)->op]; }
static const flow_op *want_op(const search *s, int i) { return &s->want->ops.at[want_node(s, i)->op]; }

/* Only another type or place: its one input has the same numbers, but for rounding. */
static bool passes_on(const search *s, int got) {
  const flow_node *n = got_node(s, got);
  if (n->kind == FLOW_MOVE)
    return got_op(s, got)->role == FLOW_PLAIN && n->n_in == 1;
  if (n->kind != FLOW_COMPUTE || n->n_in != 1 || got_node(s, n->in[0])->elems != n->elems)
    return false;
  const flow_node *from = got_node(s, n->in[0]);
  double u = dtype_unit_roundoff(n->type);
  for (int64_t i = 0; i < n->elems; i++)
    if (!(n->x[i] == from->x[i] || fabs(n->x[i] - from->x[i]) <= u * fabs(from->x[i]) + 0x1p-25 * (u > 0)) && !(isnan(n->x[i]) && isnan(from->x[i])))
      return false;
  return true;
}

/* The role of what made the numbers of `got`, before they were moved and cast. */
static flow_role role_of(search *s, int got) {
  if (s->role[got] >= 0)
    return (flow_role)s->role[got];
  const flow_node *n = got_node(s, got);
  flow_role role = passes_on(s, got) ? role_of(s, n->in[0]) : n->kind == FLOW_MOVE ? got_op(s, got)->role : FLOW_PLAIN;
  s->role[got] = (signed char)role;
  return role;
}

/* What a loop hands on is right when a loop of the other run hands it on, too: an accumulator's first value is no later one. */
static bool explains(search *s, int want, int got) {
  flow_role role = role_of(s, got);
  if (role != FLOW_PLAIN && s->want_has[role] && want_op(s, want)->role != role)
    return false;
  return flow_alike(got_node(s, got), want_node(s, want));
}

static bool is_uniform(const flow_node *n) {
  for (int64_t i = 1; i < n->elems; i++)
    if (n->x[i] != n->x[0])
      return false;
  return n->elems > 0;
}

/* A constant that some value of the walk reduces from, or that an earlier form of the program has. */
static bool is_known_constant(const search *s, int got, const node_list *walk) {
  const flow_node *n = got_node(s, got);
  if (!is_uniform(n))
    return false;
  for (size_t i = 0; i < walk->n; i++) {
    const flow_op *op = want_op(s, walk->at[i]);
    if (op->has_neutral && op->neutral == n->x[0])
      return true;
  }
  return false;
}

static bool is_known_to_program(const search *s, int got) {
  const flow_node *n = got_node(s, got);
  for (size_t i = 0; n->kind == FLOW_CONSTANT && s->known && i < s->known->n; i++)
    if (fabs(s->known->at[i] - n->x[0]) <= fabs(n->x[0]) * dtype_unit_roundoff(n->type) * 2)
      return true;
  return false;
}

/* A tile of one constant counts as that constant. */
static bool is_filled(const search *s, int got) {
  const flow_node *n = got_node(s, got);
  for (int i = 0; i < n->n_in; i++)
    if (got_node(s, n->in[i])->kind != FLOW_CONSTANT)
      return false;
  return (n->kind == FLOW_COMPUTE || n->kind == FLOW_CONSTANT) && is_uniform(n);
}

/* Walks back from `want` inside of level - 1, not beyond what explains an input; right[i]: of the inputs of `n`. */
static void walk_back(search *s, int want, int level, const flow_node *n, bool *right, node_list *walk) {
  s->level[want] = level;
  vec_push(s->scratch, walk, want);
  for (size_t i = 0; i < walk->n; i++) {
    int at = walk->at[i];
    bool ends = false;
    for (int k = 0; k < n->n_in; k++)
      if (explains(s, at, n->in[k]))
        right[k] = ends = true;
    const flow_node *w = want_node(s, at);
    for (int k = 0; k < w->n_in && !ends; k++)
      if (s->level[w->in[k]] == level - 1) {
        s->level[w->in[k]] = level;
        vec_push(s->scratch, walk, w->in[k]);
      }
  }
}

static bool same_form(const search *s, const flow_node *g, int got, int want) {
  const flow_node *w = want_node(s, want);
  if (is_filled(s, got))
    return w->kind == FLOW_CONSTANT;
  return g->kind == w->kind && (g->kind != FLOW_MOVE || got_op(s, got)->role == want_op(s, want)->role) && flow_first_difference(g, w) >= 0;
}

/* What a wrong input should have been: the nearest value of the walk of its kind and size; -1: none. */
static int partner(const search *s, int got, const node_list *walk) {
  const flow_node *g = got_node(s, got);
  for (size_t i = 0; i < walk->n; i++)
    if (same_form(s, g, got, walk->at[i]))
      return walk->at[i];
  for (size_t i = 1; i < walk->n && g->kind != FLOW_MOVE; i++)
    if (flow_first_difference(g, want_node(s, walk->at[i])) >= 0)
      return walk->at[i];
  return -1;
}

/* The value as it was last handed on: up from `want` through what only moves it. */
static int handed_on(const search *s, int want, const node_list *walk) {
  for (size_t i = walk->n; i-- > 0;) {   /* nearer ones come earlier */
    const flow_node *n = want_node(s, walk->at[i]);
    if (n->kind == FLOW_MOVE && n->n_in == 1 && n->in[0] == want) {
      want = walk->at[i];
      i = walk->n;
    }
  }
  return want;
}

/* Node `got` should be `want` and is not; the walk back begins at `start`, which is `want` as it was handed on, and stays inside of what level - 1
 * marks.  True: *out is where they part, at or before `got`. */
static bool explain(search *s, int got, int want, int start, int level, flow_parting *out) {
  const flow_node *n = got_node(s, got);
  if (s->explained[got] || level > DEPTH_MAX)
    return false;
  node_list walk = {0};
  bool *right = ARENA_NEW_N(s->scratch, bool, n->n_in), found = false;
  walk_back(s, start, level, n, right, &walk);
  bool is_right = (is_filled(s, got) && is_known_constant(s, got, &walk)) || is_known_to_program(s, got);
  for (int k = 0; k < n->n_in && !found && !is_right; k++) {
    if (right[k])
      continue;
    int input = n->in[k], should_be = passes_on(s, input) ? -1 : partner(s, input, &walk);
    found = should_be < 0 ? explain(s, input, want, start, level + 1, out) : explain(s, input, should_be, handed_on(s, should_be, &walk), level + 1, out);
  }
  if (!found && !is_right)
    *out = (flow_parting){got, want, -1, -1, 0, 0};
  s->explained[got] = is_right;
  for (size_t i = 0; i < walk.n; i++)
    s->level[walk.at[i]] = level - 1;
  return !is_right;
}

/* ---- the first round in which it happened ---- */
static const flow_frame *instance_of(const flow_frame *f) {
  while (f && !f->is_instance)
    f = f->outer;
  return f;
}

/* Nodes of the operation of node `like`, in order: those of its instance, or those that `of` was made of. */
static node_list rounds_of(arena *scratch, const flow_run *r, int like, int of) {
  const flow_node *n = &r->nodes.at[like];
  node_list all = {0};
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

static size_t place_in(const node_list *l, int node) {
  size_t i = 0;
  while (i < l->n && l->at[i] != node)
    i++;
  return i;
}

static void to_first_round(arena *scratch, const flow_run *got, const flow_run *want, int want_at, flow_parting *p) {
  node_list g = rounds_of(scratch, got, p->node, -1), w = rounds_of(scratch, want, p->want, want_at);
  size_t at = place_in(&g, p->node), should = place_in(&w, p->want);
  if (should == w.n || at < should)
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

/* Rounds of the innermost loop around a node in which its operation ran. */
static int64_t count_rounds(const flow_run *r, int node) {
  const flow_node *n = &r->nodes.at[node];
  int64_t rounds = 0;
  const flow_frame *last = NULL;
  for (size_t i = 0; n->frame && i < r->nodes.n; i++) {
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

/* Both runs do this in a loop, and not as often. */
static void find_loop(const flow_run *got, const flow_run *want, flow_parting *p) {
  int a = inside_loop(got, p->node), b = inside_loop(want, p->want);
  const flow_frame *g = got->nodes.at[a].frame, *w = want->nodes.at[b].frame;
  if (!g || !w || g->is_instance || w->is_instance)
    return;
  p->rounds = count_rounds(got, a);
  p->rounds_wanted = count_rounds(want, b);
  if (p->rounds != p->rounds_wanted)
    p->loop = g->op;
}

flow_parting flow_find_parting(arena *scratch, const flow_run *got, int got_at, const flow_run *want, int want_at, const flow_known *known) {
  search s = {scratch, got, want, known, ARENA_NEW_N(scratch, int, want->nodes.n), ARENA_NEW_N(scratch, bool, got->nodes.n),
              ARENA_NEW_N(scratch, signed char, got->nodes.n), {false}};
  flow_parting p = {got_at, want_at, -1, -1, 0, 0};
  memset(s.role, -1, got->nodes.n);
  for (size_t i = 0; i < want->nodes.n; i++)
    s.want_has[want->ops.at[want->nodes.at[i].op].role] = true;
  if (!explain(&s, got_at, want_at, want_at, 1, &p))
    p = (flow_parting){got_at, want_at, -1, -1, 0, 0};
  const flow_node *g = &got->nodes.at[p.node], *w = &want->nodes.at[p.want];
  if (w->kind == FLOW_CONSTANT && is_uniform(g) && is_uniform(w)) {
    p.element = 0;
    return p;
  }
  if (flow_first_difference(g, w) < 0) {   /* nothing of its size */
    p.want = -1;
    return p;
  }
  find_loop(got, want, &p);
  if (p.loop < 0)
    to_first_round(scratch, got, want, want_at, &p);
  p.element = flow_first_difference(&got->nodes.at[p.node], &want->nodes.at[p.want]);
  return p;
}
