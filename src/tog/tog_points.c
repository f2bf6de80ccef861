/* Points of a node: every core, every turn of the loops that matter. */
#include "tog/tog_points.h"
#include "base/text.h"

loom_status tog_compile(loom_ctx *ctx, const tog_path *p, const sym_expr *e, sym_code **out) {
  *out = NULL;
  return e ? sym_compile(ctx, e, p->name, (size_t)p->n, out) : LOOM_OK;
}

static loom_status visit_body(loom_ctx *ctx, const tog_body *body, tog_path *p, tog_node_visit visit, void *data) {
  for (size_t i = 0; i < body->n; i++) {
    const tog_node *n = body->at[i];
    if (n->kind != TOG_LOOP) {
      LOOM_TRY(visit(ctx, n, p, data));
      continue;
    }
    LOOM_TRY(tog_compile(ctx, p, n->trip, &p->trip[p->n]));
    p->name[p->n] = n->var;
    p->loop[p->n++] = n;
    LOOM_TRY(visit_body(ctx, &n->body, p, visit, data));
    p->n--;
  }
  return LOOM_OK;
}

loom_status tog_visit_nodes(loom_ctx *ctx, const tog *t, tog_node_visit visit, void *data) {
  tog_path p = {.t = t, .n = t->n_mesh, .n_mesh = t->n_mesh};
  for (int d = 0; d < t->n_mesh; d++)
    p.name[d] = t->mesh_name[d];
  return visit_body(ctx, &t->body, &p, visit, data);
}

void tog_levels_add(const tog_path *p, const sym_expr *e, tog_levels *out) {
  for (int i = 0; e && i < p->n; i++)
    out->vary[i] = out->vary[i] || sym_depends(e, p->name[i]);
}

void tog_levels_close(const tog_path *p, tog_levels *out) {
  for (int i = p->n - 1; i >= p->n_mesh; i--)
    tog_levels_add(p, p->loop[i]->trip, out);
}

typedef struct walk { const tog_path *p; const tog_levels *levels; tog_point_visit at; void *data; int64_t left, vars[TOG_LEVELS_MAX]; } walk;

static bool walk_level(walk *w, int level) {
  int64_t n;
  if (level == w->p->n)
    return w->left-- > 0 && w->at(w->data, w->vars);
  if (level < TOG_MESH_MAX && level < w->p->n_mesh)
    n = w->p->t->mesh_size[level];
  else if (!sym_run(w->p->trip[level], w->vars, &n))
    return true;                         /* the simulator tells of it */
  if (!w->levels->vary[level] && n > 1)
    n = 1;
  for (int64_t i = 0; i < n; i++) {
    w->vars[level] = i;
    if (!walk_level(w, level + 1))
      return false;
  }
  return true;
}

bool tog_visit_points(const tog_path *p, const tog_levels *levels, tog_point_visit at, void *data) {
  walk w = {.p = p, .levels = levels, .at = at, .data = data, .left = TOG_POINTS_MAX};
  return walk_level(&w, 0);
}

const char *tog_core_text(arena *m, const tog *t, const int64_t *coords) {
  text out = text_new(m);
  text_add(&out, "core (");
  for (int d = 0; d < t->n_mesh; d++)
    text_addf(&out, d ? ", %" PRId64 : "%" PRId64, coords[d]);
  text_add(&out, ")");
  return text_str(&out);
}

const char *tog_point_text(arena *m, const tog_path *p, const tog_levels *levels, const int64_t *vars) {
  text out = text_new(m);
  text_add(&out, tog_core_text(m, p->t, vars));
  for (int i = p->n_mesh; i < p->n; i++)
    if (levels->vary[i])
      text_addf(&out, ", %s = %" PRId64, p->name[i], vars[i]);
  return text_str(&out);
}
