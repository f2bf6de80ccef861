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
  bool says_something = false;
  for (int64_t i = 0; i < n->elems; i++) {
    says_something = says_something || isfinite(n->x[i]);
    if (!(n->x[i] == from->x[i] || fabs(n->x[i] - from->x[i]) <= u * fabs(from->x[i]) + 0x1p-25 * (u > 0)) && !(isnan(n->x[i]) && isnan(from->x[i])))
      return false;
  }
  return says_something;
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

static bool is_uniform(const flow_node *n) {
  for (int64_t i = 1; i < n->elems; i++)
    if (n->x[i] != n->x[0])
      return false;
  return n->elems > 0;
}

static bool begins_with(const search *s, int want, double x) {
  const flow_op *op = want_op(s, want);
  const flow_node *w = want_node(s, want);
  return (op->has_neutral && op->neutral == x) || (w->kind == FLOW_CONSTANT && w->elems > 0 && w->x[0] == x);
}

/* A constant that some value of the walk, or any that `want` was made of, begins with or reduces from.  What the operation that reads it reduces from is
 * known better. */
static bool is_known_constant(const search *s, int got, int user, int want, const node_list *walk) {
  enum { LOOKED_AT = 1 << 12 };
  double x = got_node(s, got)->x[0];
  node_list behind = {0};
  for (size_t i = 0; i < walk->n; i++)
    if (want_op(s, walk->at[i])->has_neutral && want_op(s, walk->at[i])->neutral == x)
      return true;
  if (user >= 0 && got_op(s, user)->has_neutral)
    return got_op(s, user)->neutral == x;
  vec_push(s->scratch, &behind, want);
  for (size_t i = 0; i < behind.n && behind.n < LOOKED_AT; i++) {
    const flow_node *w = want_node(s, behind.at[i]);
    if (begins_with(s, behind.at[i], x))
      return true;
    for (int k = 0; k < w->n_in; k++)
      vec_push(s->scratch, &behind, w->in[k]);
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

/* What made the numbers of `got`, before they were moved and cast. */
static int origin(search *s, int got) {
  while (got_node(s, got)->n_in == 1 && passes_on(s, got))
    got = got_node(s, got)->in[0];
  return got;
}

/* An operation that gives one of its inputs back, of at least `n_in` of them. */
static bool makes_nothing_new(const flow_run *r, int node, int n_in) {
  const flow_node *n = &r->nodes.at[node];
  while (n->kind == FLOW_MOVE && n->n_in == 1)
    n = &r->nodes.at[n->in[0]];
  for (int k = 0; n->kind == FLOW_COMPUTE && n->n_in >= n_in && k < n->n_in; k++)
    if (flow_alike(n, &r->nodes.at[n->in[k]]))
      return true;
  return false;
}

static bool has_same_type(const flow_node *a, const flow_node *b) {
  return a->type == b->type && a->rank == b->rank && memcmp(a->shape, b->shape, (size_t)a->rank * sizeof *a->shape) == 0;
}

/* What a loop hands on is right when a loop of the other run hands it on, too: an accumulator's first value is no later one.  A constant explains
 * what is filled with it, not what happens to be the same everywhere; and a sum to which nothing was added is not the sum of the round before.  What a loop left in memory is what its last round would have yielded. */
static bool explains(search *s, int want, int got, bool is_left_by_loop) {
  const flow_node *w = want_node(s, want);
  flow_role role = role_of(s, got);
  if (role == FLOW_PLAIN && is_left_by_loop)
    role = FLOW_YIELD;
  if (role != FLOW_PLAIN && s->want_has[role] && want_op(s, want)->role != role)
    return false;
  if (!flow_alike(got_node(s, got), w))
    return false;
  int made = origin(s, got);
  if (role == FLOW_PLAIN && is_uniform(got_node(s, got)) && !is_filled(s, made) && (w->kind == FLOW_CONSTANT || !has_same_type(got_node(s, got), w)))
    return false;
  return !makes_nothing_new(s->got, made, 2) || makes_nothing_new(s->want, want, 1);
}

/* Walks back from `want` inside of level - 1, not beyond what explains an input; right[i]: of the inputs of `n`. */
static void walk_back(search *s, int want, int level, const flow_node *n, bool *right, node_list *walk) {
  bool is_loop = n->kind == FLOW_MOVE && s->got->ops.at[n->op].role == FLOW_LOOP;
  s->level[want] = level;
  vec_push(s->scratch, walk, want);
  for (size_t i = 0; i < walk->n; i++) {
    int at = walk->at[i];
    bool ends = false;
    for (int k = 0; k < n->n_in; k++)
      if (explains(s, at, n->in[k], is_loop))
        right[k] = ends = true;
    const flow_node *w = want_node(s, at);
    for (int k = 0; k < w->n_in && !ends; k++)
      if (s->level[w->in[k]] == level - 1) {
        s->level[w->in[k]] = level;
        vec_push(s->scratch, walk, w->in[k]);
      }
  }
}

static bool same_form(const search *s, int got, int want) {
  const flow_node *g = got_node(s, got), *w = want_node(s, want);
  if (is_filled(s, got))
    return w->kind == FLOW_CONSTANT;
  return g->kind == w->kind && (g->kind != FLOW_MOVE || got_op(s, got)->role == want_op(s, want)->role) && flow_first_difference(g, w) >= 0;
}

/* Is `want` made of just what the inputs of `got` are?  All of them, and nothing else but constants.  Looks at a few values only. */
static bool is_made_of_inputs(search *s, int want, const flow_node *got) {
  enum { LOOKED_AT = 24, INPUTS = 16 };
  int list[LOOKED_AT], n = 0, n_used = 0;
  bool is_used[INPUTS] = {false};
  if (got->n_in > INPUTS)
    return false;
  list[n++] = want;
  for (int i = 0; i < n; i++) {
    const flow_node *w = want_node(s, list[i]);
    bool is_input = false;
    for (int k = 0; k < got->n_in && i > 0; k++)
      if (explains(s, list[i], got->in[k], false))
        is_used[k] = is_input = true;
    if (is_input || w->kind == FLOW_CONSTANT)
      continue;
    if (w->kind == FLOW_INPUT || n + w->n_in > LOOKED_AT)
      return false;
    for (int k = 0; k < w->n_in; k++)
      list[n++] = w->in[k];
  }
  for (int k = 0; k < got->n_in; k++)
    n_used += is_used[k] || is_filled(s, got->in[k]);
  return n_used == got->n_in;
}

/* What a wrong input should have been, of the values of the walk behind `want` that have its kind and size: the nearest one that is made of the same
 * inputs, else of its type and shape, else the nearest; -1: none.  Where `got_user` only passes values on, it may be `want` itself. */
static int partner(search *s, int got, int got_user, int want, int start, const node_list *walk) {
  enum { CANDIDATES = 64 };
  const flow_node *g = got_node(s, got);
  bool is_strict = !passes_on(s, got_user);
  int of_type = -1, any = -1, n = 0, above = start;
  for (size_t i = 0; i < walk->n && n < CANDIDATES; i++) {
    int w = walk->at[i];
    if (is_strict && w == above) {   /* from `start` down to `want` */
      above = w != want && want_node(s, w)->n_in > 0 ? want_node(s, w)->in[0] : -1;
      continue;
    }
    if (!same_form(s, got, w))
      continue;
    n++;
    bool is_of_type = has_same_type(g, want_node(s, w));
    if (any < 0)
      any = w;
    if (is_of_type && of_type < 0)
      of_type = w;
    if (g->kind == FLOW_COMPUTE && is_of_type && g->n_in > 0 && is_made_of_inputs(s, w, g))
      return w;
  }
  return of_type >= 0 ? of_type : any;
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
 * marks.  `user`: the node that it is an input of.  True: *out is where they part, at or before `got`. */
static bool explain(search *s, int got, int user, int want, int start, int level, flow_parting *out) {
  const flow_node *n = got_node(s, got);
  if (s->explained[got] || level > DEPTH_MAX)
    return false;
  node_list walk = {0};
  bool *right = ARENA_NEW_N(s->scratch, bool, n->n_in), found = false;
  walk_back(s, start, level, n, right, &walk);
  bool is_right = (is_filled(s, got) && is_known_constant(s, got, user, want, &walk)) || is_known_to_program(s, got);
  for (int k = 0; k < n->n_in && !found && !is_right; k++) {
    if (right[k])
      continue;
    int input = n->in[k], should_be = passes_on(s, input) ? -1 : partner(s, input, got, want, start, &walk);
    found = should_be < 0 ? explain(s, input, got, want, start, level + 1, out) : explain(s, input, got, should_be, handed_on(s, should_be, &walk), level + 1, out);
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
  if (!explain(&s, got_at, -1, want_at, want_at, 1, &p))
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
