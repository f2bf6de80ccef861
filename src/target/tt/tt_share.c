/* Loads that several cores share: one reads DRAM, the others get the slot from it, all at once (multicast) or from neighbour to neighbour (chain).
 * Two semaphores a load: `ready` counts, at a core that hands on, the cores that have reserved their slot for it; `valid` is set at a core when its slot is filled. */
#include "target/tt/tt_private.h"
#include "base/text.h"

typedef struct sharing {
  const tog_node *n;
  const char *name;
  const sym_expr *own[TOG_MESH_MAX];
  int ready, valid;
} sharing;

static const sym_expr *eq(tt_emit *e, const sym_expr *a, const sym_expr *b) { return sym_make(e->mem, SYM_EQ, a, b, NULL); }
static const sym_expr *both(tt_emit *e, const sym_expr *a, const sym_expr *b) { return a ? sym_make(e->mem, SYM_AND, a, b, NULL) : b; }
static const sym_expr *flag(tt_emit *e, const sym_expr *c) { return c ? sym_make(e->mem, SYM_IF, c, sym_const(e->mem, 1), sym_const(e->mem, 0)) : sym_const(e->mem, 1); }

static MlirValue number(tt_emit *e, const sharing *s, const char *what, const sym_expr *x) {
  int64_t v;
  if (sym_is_const(x, &v))
    return tt_int(e, v);
  return tt_run_arg(e, arena_printf(e->mem, "%s_%s", s->name, what), TT_ARG_VALUE, 0, x, NULL);
}

static MlirValue noc_at(tt_emit *e, const sharing *s, const char *what, bool is_y, const sym_expr *const *core) {
  return tt_run_arg(e, arena_printf(e->mem, "%s_%s_%s", s->name, what, is_y ? "y" : "x"), is_y ? TT_ARG_NOC_Y : TT_ARG_NOC_X, 0, core[0],
                    e->t->n_mesh > 1 ? core[1] : sym_const(e->mem, 0));
}

/* In all chain dims at the corner where the load starts. */
static const sym_expr *at_corner(tt_emit *e, const sharing *s, int from_dim) {
  const sym_expr *all = NULL;
  for (int d = from_dim; d < e->t->n_mesh; d++)
    if (s->n->group.chain[d])
      all = both(e, all, eq(e, s->own[d], s->n->group.ul[d]));
  return all;
}

/* The core one step back along the last chain dim in which this one is not at the corner; without one, the sender. */
static void predecessor(tt_emit *e, const sharing *s, const sym_expr **out) {
  const tog_group *g = &s->n->group;
  for (int d = 0; d < e->t->n_mesh; d++)
    out[d] = g->sender[d];
  for (int c = 0; c < e->t->n_mesh; c++) {
    if (!g->chain[c])
      continue;
    const sym_expr *back = sym_make(e->mem, SYM_NE, s->own[c], g->ul[c], NULL);       /* later dims decide over earlier ones */
    for (int d = 0; d < e->t->n_mesh; d++)
      out[d] = sym_make(e->mem, SYM_IF, back, d == c ? sym_sub(e->mem, s->own[d], sym_const(e->mem, 1)) : s->own[d], out[d]);
  }
}

/* Calls `run` for every run of neighbouring pages that the load has filled. */
static loom_status for_runs(tt_emit *e, const sharing *s, MlirValue l1, tt_run_fn run, const MlirValue *extra) {
  const tog_node *n = s->n;
  const tt_buffer *b = &e->buffers[n->buffer];
  int rank = b->b->rank;
  MlirValue count[TOG_RANK_MAX], first[TOG_RANK_MAX];
  for (int d = 0; d < rank; d++) {
    count[d] = tt_int(e, 1);
    first[d] = tt_int(e, 0);
    bool along = d == b->row || d == b->col;
    for (int k = 0; k < n->box.rank; k++)
      if (n->box.to_dim[k] == d) {
        LOOM_TRY(tt_expr(e, n->box.extent[k], NULL, &count[d]));
        count[d] = along ? tt_ceildiv(e, count[d], TT_TILE) : count[d];
      }
    if (n->at[d]) {
      LOOM_TRY(tt_expr(e, n->at[d], NULL, &first[d]));
      first[d] = along ? tt_floordiv(e, first[d], TT_TILE) : first[d];
    }
  }
  tt_each_run(e, b, first, count, l1, run, extra);
  return LOOM_OK;
}

static void multicast_run(tt_emit *e, MlirValue at, MlirValue bytes, const MlirValue *extra) {
  tt_call_multicast(e, at, bytes, extra);
}

static void unicast_run(tt_emit *e, MlirValue at, MlirValue bytes, const MlirValue *extra) {
  tt_call_pass_on(e, at, bytes, extra);
}

/* The rectangle without its corner, which sends: what lies beyond the corner along dim `dim`, and at the corner along the dims before it. */
typedef struct part { const sym_expr *ul[TOG_MESH_MAX], *lr[TOG_MESH_MAX], *cores; const char *name; } part;

/* The number that the expression is on all cores; itself where it differs. */
static const sym_expr *same_on_all_cores(tt_emit *e, const sym_expr *x) {
  sym_binding at[TOG_MESH_MAX];
  int64_t cores = 1, first = 0, v;
  for (int d = 0; d < e->t->n_mesh; d++)
    cores *= e->t->mesh_size[d];
  for (int64_t c = 0; c < cores; c++) {
    int64_t left = c;
    for (int d = 0; d < e->t->n_mesh; left /= e->t->mesh_size[d++])
      at[d] = (sym_binding){e->t->mesh_name[d], left % e->t->mesh_size[d]};
    if (sym_eval(e->ctx, x, at, (size_t)e->t->n_mesh, &v) != LOOM_OK || (c > 0 && v != first))
      return x;
    first = v;
  }
  return sym_const(e->mem, first);
}

static part part_along(tt_emit *e, const sharing *s, int dim) {
  const tog_group *g = &s->n->group;
  part p = {.cores = sym_sub(e->mem, g->lr[dim], g->ul[dim]), .name = arena_printf(e->mem, "%s_%s", s->name, e->t->mesh_name[dim])};
  for (int d = 0; d < e->t->n_mesh; d++) {
    p.ul[d] = g->ul[d];
    p.lr[d] = g->chain[d] || d < dim ? g->ul[d] : g->lr[d];
    if (d == dim)
      p.ul[d] = sym_min(e->mem, sym_add(e->mem, g->ul[d], sym_const(e->mem, 1)), g->lr[d]);
    else if (d > dim && !g->chain[d])
      p.cores = sym_mul(e->mem, p.cores, sym_add(e->mem, sym_sub(e->mem, g->lr[d], g->ul[d]), sym_const(e->mem, 1)));
  }
  p.cores = same_on_all_cores(e, p.cores);
  return p;
}

static MlirValue corner(tt_emit *e, const part *p, const char *what, bool is_y, const sym_expr *const *core) {
  return tt_run_arg(e, arena_printf(e->mem, "%s_%s_%s", p->name, what, is_y ? "y" : "x"), is_y ? TT_ARG_NOC_Y : TT_ARG_NOC_X, 0, core[0],
                    e->t->n_mesh > 1 ? core[1] : sym_const(e->mem, 0));
}

static loom_status hand_to_part(tt_emit *e, const sharing *s, MlirValue l1, const part *p) {
  int64_t cores;
  bool is_known = sym_is_const(p->cores, &cores);
  MlirValue count = is_known ? tt_int(e, cores) : tt_run_arg(e, arena_printf(e->mem, "%s_receivers", p->name), TT_ARG_VALUE, 0, p->cores, NULL);
  MlirValue extra[] = {corner(e, p, "from", false, p->ul), corner(e, p, "from", true, p->ul), corner(e, p, "to", false, p->lr), corner(e, p, "to", true, p->lr), count};
  MlirValue valid = tt_semaphore(e, s->valid, arena_printf(e->mem, "%s_valid", s->name));
  tt_if(e, is_known ? (MlirValue){NULL} : tt_compare(e, "sgt", count, tt_int(e, 0)));
  LOOM_TRY(for_runs(e, s, l1, multicast_run, extra));
  tt_call_flag(e, valid, extra);
  tt_end(e);
  return LOOM_OK;
}

static loom_status hand_to_rectangle(tt_emit *e, const sharing *s, MlirValue l1) {
  for (int d = 0; d < e->t->n_mesh; d++) {
    if (s->n->group.chain[d])
      continue;
    part p = part_along(e, s, d);
    int64_t cores;
    if (!sym_is_const(p.cores, &cores) || cores > 0)
      LOOM_TRY(hand_to_part(e, s, l1, &p));
  }
  return LOOM_OK;
}

static loom_status hand_to_next(tt_emit *e, const sharing *s, MlirValue l1, int dim, const sym_expr *has) {
  const sym_expr *next[TOG_MESH_MAX];
  for (int d = 0; d < e->t->n_mesh; d++)
    next[d] = d == dim ? sym_make(e->mem, SYM_IF, has, sym_add(e->mem, s->own[d], sym_const(e->mem, 1)), s->own[d]) : s->own[d];
  const char *what = arena_printf(e->mem, "next_%s", e->t->mesh_name[dim]);
  MlirValue extra[] = {noc_at(e, s, what, false, next), noc_at(e, s, what, true, next)};
  tt_comment(e, "on to the next core along %s", e->t->mesh_name[dim]);
  tt_if(e, tt_compare(e, "ne", number(e, s, arena_printf(e->mem, "has_%s", what), flag(e, has)), tt_int(e, 0)));
  LOOM_TRY(for_runs(e, s, l1, unicast_run, extra));
  tt_call_flag_next(e, extra, tt_semaphore(e, s->valid, arena_printf(e->mem, "%s_valid", s->name)));
  tt_end(e);
  return LOOM_OK;
}

/* Cores of the rectangle behind the corner, this one not counted. */
static const sym_expr *rectangle_receivers(tt_emit *e, const sharing *s) {
  const tog_group *g = &s->n->group;
  const sym_expr *n = sym_const(e->mem, 1);
  for (int d = 0; d < e->t->n_mesh; d++)
    if (!g->chain[d])
      n = sym_mul(e->mem, n, sym_add(e->mem, sym_sub(e->mem, g->lr[d], g->ul[d]), sym_const(e->mem, 1)));
  return sym_sub(e->mem, n, sym_const(e->mem, 1));
}

static bool is_static(tt_emit *e, const sym_expr *x) {
  for (size_t i = 0; i < e->names.n; i++)
    if (sym_depends(x, e->names.at[i].name))
      return false;
  return true;
}

loom_status tt_emit_shared(tt_emit *e, const tog_node *n, const tt_box *box, MlirValue l1) {
  const tog_group *g = &n->group;
  sharing s = {.n = n, .name = arena_printf(e->mem, "%s%d", e->buffers[n->buffer].b->name, n->id)};
  LOOM_TRY(tt_new_semaphores(e, 2, &s.ready));
  s.valid = s.ready + 1;
  const sym_expr *is_sender = NULL;
  bool chained = false;
  for (int d = 0; d < e->t->n_mesh; d++) {
    s.own[d] = sym_name(e->mem, e->t->mesh_name[d]);
    if (!is_static(e, g->ul[d]) || !is_static(e, g->lr[d]) || !is_static(e, g->sender[d]))
      LOOM_FAIL(e->ctx, LOOM_NOSPAN, LOOM_EUNSUP, "%s is shared by other cores at other turns", tog_node_title(e->mem, n));
    if (!sym_equal(g->ul[d], g->sender[d]))
      LOOM_FAIL(e->ctx, LOOM_NOSPAN, LOOM_EUNSUP, "%s is sent by another core than the first of its rectangle", tog_node_title(e->mem, n));
    is_sender = both(e, is_sender, eq(e, s.own[d], g->sender[d]));
    chained = chained || g->chain[d];
  }
  const sym_expr *in_rectangle = same_on_all_cores(e, rectangle_receivers(e, &s)), *before[TOG_MESH_MAX];
  predecessor(e, &s, before);
  MlirValue sends = tt_compare(e, "ne", number(e, &s, "is_sender", flag(e, is_sender)), tt_int(e, 0));
  tt_if(e, sends);
  LOOM_TRY(tt_read_box(e, n, box, l1));
  tt_else(e);
  MlirValue valid = tt_semaphore(e, s.valid, arena_printf(e->mem, "%s_valid", s.name)), ready = tt_semaphore(e, s.ready, arena_printf(e->mem, "%s_ready", s.name));
  MlirValue y = noc_at(e, &s, "source", true, before), x = noc_at(e, &s, "source", false, before);
  tt_call_receive(e, x, y, ready, valid);
  tt_end(e);
  /* how many wait for this core: the rectangle's at its sender, and one for each chain dim that goes on from here */
  const sym_expr *has[TOG_MESH_MAX] = {0}, *waiting = sym_make(e->mem, SYM_IF, is_sender, in_rectangle, sym_const(e->mem, 0));
  for (int d = 0; d < e->t->n_mesh; d++) {
    if (!g->chain[d])
      continue;
    has[d] = both(e, at_corner(e, &s, d + 1), sym_make(e->mem, SYM_LT, s.own[d], g->lr[d], NULL));
    waiting = sym_add(e->mem, waiting, flag(e, has[d]));
  }
  MlirValue waits = number(e, &s, "waiting", waiting);
  tt_if(e, tt_compare(e, "sgt", waits, tt_int(e, 0)));
  tt_call_await(e, tt_semaphore(e, s.ready, arena_printf(e->mem, "%s_ready", s.name)), waits);
  int64_t none;
  if (!sym_is_const(in_rectangle, &none) || none > 0) {
    const sym_expr *casts = sym_make(e->mem, SYM_AND, is_sender, sym_make(e->mem, SYM_GT, in_rectangle, sym_const(e->mem, 0), NULL), NULL);
    tt_if(e, chained ? tt_compare(e, "ne", number(e, &s, "casts", flag(e, casts)), tt_int(e, 0)) : (MlirValue){NULL});
    LOOM_TRY(hand_to_rectangle(e, &s, l1));
    tt_end(e);
  }
  for (int d = 0; d < e->t->n_mesh; d++)
    if (has[d])
      LOOM_TRY(hand_to_next(e, &s, l1, d, has[d]));
  TT_OP0(e, "noc_async_writes_flushed");
  tt_end(e);
  return LOOM_OK;
}
