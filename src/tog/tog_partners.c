/* Partners of multicasts and chains agree: a receiver's sender sends to it, a sender's receivers wait for it, and the loops around the load run equally
 * often on both, so that every load of the one meets a load of the other. */
#include "tog/tog_points.h"
#include <string.h>

typedef struct partner_check {
  loom_ctx *ctx;
  const tog_node *n;
  const tog_path *path;
  tog_levels levels;
  sym_code *ul[TOG_MESH_MAX], *lr[TOG_MESH_MAX], *sender[TOG_MESH_MAX];
  bool is_chain, differs[TOG_LEVELS_MAX];   /* loops whose trip count depends on the core */
  loom_status status;
} partner_check;

#define TITLE(c) tog_node_title(&(c)->ctx->mem, (c)->n)
#define CORE(c, v) tog_core_text(&(c)->ctx->mem, (c)->path->t, (v))
/* Fails the check; stops the visit. */
#define REFUSE(c, ...) return (c)->status = diag_error((c)->ctx, LOOM_NOSPAN, LOOM_EINPUT, __VA_ARGS__), false

static bool values(const partner_check *c, sym_code *const *code, const int64_t *vars, int64_t *out) {
  for (int d = 0; d < c->path->n_mesh; d++)
    if (!sym_run(code[d], vars, &out[d]))
      return false;
  return true;
}

static bool is_on_mesh(const partner_check *c, const int64_t *at) {
  for (int d = 0; d < c->path->n_mesh; d++)
    if (at[d] < 0 || at[d] >= c->path->t->mesh_size[d])
      return false;
  return true;
}

static bool is_same_core(const partner_check *c, const int64_t *a, const int64_t *b) { return memcmp(a, b, (size_t)c->path->n_mesh * sizeof *a) == 0; }

static bool is_inside(const partner_check *c, const int64_t *at, const int64_t *ul, const int64_t *lr) {
  for (int d = 0; d < c->path->n_mesh; d++)
    if (at[d] < ul[d] || at[d] > lr[d])
      return false;
  return true;
}

/* `receiver` and `sender` are cores with the same loop variables. */
static bool check_trips(partner_check *c, const int64_t *receiver, const int64_t *sender) {
  for (int i = c->path->n_mesh; i < c->path->n; i++) {
    int64_t a, b;
    if (!c->differs[i] || !sym_run(c->path->trip[i], receiver, &a) || !sym_run(c->path->trip[i], sender, &b) || a == b)
      continue;
    REFUSE(c, "loop '%s' around %s runs %" PRId64 " times on %s, but %" PRId64 " times on %s, which sends to it", c->path->name[i], TITLE(c), a > 0 ? a : 0, CORE(c, receiver),
           b > 0 ? b : 0, CORE(c, sender));
  }
  return true;
}

static bool check_receiver(partner_check *c, const int64_t *vars, const int64_t *sender) {
  int64_t at[TOG_LEVELS_MAX], other[TOG_MESH_MAX], ul[TOG_MESH_MAX], lr[TOG_MESH_MAX];
  memcpy(at, vars, sizeof at);
  memcpy(at, sender, (size_t)c->path->n_mesh * sizeof *at);
  if (!values(c, c->sender, at, other) || !values(c, c->ul, at, ul) || !values(c, c->lr, at, lr))
    return true;
  if (!is_same_core(c, other, sender))
    REFUSE(c, "%s: %s waits for %s to send, which waits for %s itself", TITLE(c), CORE(c, vars), CORE(c, sender), CORE(c, other));
  if (!is_inside(c, vars, ul, lr))
    REFUSE(c, "%s: %s waits for %s to send, whose rectangle from %s to %s does not hold it", TITLE(c), CORE(c, vars), CORE(c, sender), CORE(c, ul), CORE(c, lr));
  return check_trips(c, vars, at);
}

static bool check_sender(partner_check *c, const int64_t *vars) {
  int64_t ul[TOG_MESH_MAX], lr[TOG_MESH_MAX], at[TOG_LEVELS_MAX], other[TOG_MESH_MAX], ul_there[TOG_MESH_MAX], lr_there[TOG_MESH_MAX];
  int n_mesh = c->path->n_mesh;
  if (!values(c, c->ul, vars, ul) || !values(c, c->lr, vars, lr))
    return true;
  if (!is_on_mesh(c, ul) || !is_on_mesh(c, lr) || !is_inside(c, ul, ul, lr))
    REFUSE(c, "%s: the rectangle of %s from %s to %s is empty or reaches over the mesh", TITLE(c), CORE(c, vars), CORE(c, ul), CORE(c, lr));
  if (c->is_chain && !is_same_core(c, vars, ul))
    REFUSE(c, "%s: its sender is %s; a chain starts at the first corner of its rectangle, %s", TITLE(c), CORE(c, vars), CORE(c, ul));
  memcpy(at, vars, sizeof at);
  memcpy(at, ul, (size_t)n_mesh * sizeof *at);
  for (;;) {
    if (!values(c, c->sender, at, other))
      return true;
    if (!is_same_core(c, other, vars))
      REFUSE(c, "%s: %s sends to %s, which waits for %s", TITLE(c), CORE(c, vars), CORE(c, at), CORE(c, other));
    if (c->is_chain && values(c, c->ul, at, ul_there) && values(c, c->lr, at, lr_there) && !(is_same_core(c, ul, ul_there) && is_same_core(c, lr, lr_there)))
      REFUSE(c, "%s: %s and %s are in one chain, but have rectangles to %s and to %s", TITLE(c), CORE(c, vars), CORE(c, at), CORE(c, lr), CORE(c, lr_there));
    if (!check_trips(c, at, vars))
      return false;
    int d = n_mesh - 1;
    for (; d >= 0 && ++at[d] > lr[d]; d--)
      at[d] = ul[d];
    if (d < 0)
      return true;
  }
}

static bool check_point(void *data, const int64_t *vars) {
  partner_check *c = data;
  int64_t sender[TOG_MESH_MAX];
  if (!values(c, c->sender, vars, sender))
    return true;
  if (!is_on_mesh(c, sender))
    REFUSE(c, "%s: the sender for %s, %s, is off the mesh", TITLE(c), CORE(c, vars), CORE(c, sender));
  return is_same_core(c, sender, vars) ? check_sender(c, vars) : check_receiver(c, vars, sender);
}

static loom_status check_node(loom_ctx *ctx, const tog_node *n, const tog_path *path, void *data) {
  (void)data;
  if (n->kind != TOG_LOAD || !n->has_group)
    return LOOM_OK;
  partner_check c = {.ctx = ctx, .n = n, .path = path};
  for (int d = 0; d < path->n_mesh; d++) {
    const sym_expr *const e[] = {n->group.ul[d], n->group.lr[d], n->group.sender[d]};
    sym_code **const code[] = {&c.ul[d], &c.lr[d], &c.sender[d]};
    for (int i = 0; i < 3; i++) {
      LOOM_TRY(tog_compile(ctx, path, e[i], code[i]));
      tog_levels_add(path, e[i], &c.levels);
    }
    c.levels.vary[d] = true;
    c.is_chain = c.is_chain || n->group.chain[d];
  }
  for (int i = path->n_mesh; i < path->n; i++)
    for (int d = 0; d < path->n_mesh; d++)
      if (sym_depends(path->loop[i]->trip, path->name[d])) {
        c.differs[i] = true;
        tog_levels_add(path, path->loop[i]->trip, &c.levels);
      }
  tog_levels_close(path, &c.levels);
  tog_visit_points(path, &c.levels, check_point, &c);
  return c.status;
}

loom_status tog_check_partners(loom_ctx *ctx, const tog *t) { return tog_visit_nodes(ctx, t, check_node, NULL); }
