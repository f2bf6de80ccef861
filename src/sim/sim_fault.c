/* Faults: recorded with core, coordinates, buffer, cycle and a text that says who did what. */
#include "sim/sim_private.h"
#include "base/text.h"
#include <stdarg.h>

const char *sim_fault_name(sim_fault_kind k) {
  static const char *const names[] = {"deadlock", "early_read", "uninit", "out_of_bounds", "l1_range", "l1_overlap", "leak", "bad_give", "bad_push", "not_taken",
                                      "multicast", "double_write", "unwritten", "bad_expr"};
#define X(n) +1
  _Static_assert(sizeof names / sizeof *names == 0 SIM_FAULT_LIST(X), "one name a fault");
#undef X
  return (size_t)k < sizeof names / sizeof *names ? names[k] : "?";
}

/* ---- places as text ---- */

void sim_core_coords(const tog *t, int core, int64_t *out) {
  for (int d = t->n_mesh - 1; d >= 0; d--) {
    out[d] = core % t->mesh_size[d];
    core /= (int)t->mesh_size[d];
  }
}

int sim_core_at(const tog *t, const int64_t *coords) {
  int64_t core = 0;
  for (int d = 0; d < t->n_mesh; d++) {
    if (coords[d] < 0 || coords[d] >= t->mesh_size[d])
      return -1;
    core = core * t->mesh_size[d] + coords[d];
  }
  return (int)core;
}

static const char *list_text(arena *m, const char *open, const int64_t *v, int n, const char *close) {
  text t = text_new(m);
  text_add(&t, open);
  for (int i = 0; i < n; i++)
    text_addf(&t, i ? ", %" PRId64 : "%" PRId64, v[i]);
  text_add(&t, close);
  return text_str(&t);
}

const char *sim_core_text(arena *m, const tog *t, int core) {
  int64_t coord[TOG_MESH_MAX];
  sim_core_coords(t, core, coord);
  return list_text(m, "(", coord, t->n_mesh, ")");
}

const char *sim_element_text(arena *m, const tog_tensor *x, int64_t i) {
  int64_t index[TOG_RANK_MAX];
  for (int d = x->rank - 1; d >= 0; d--) {
    index[d] = i % x->shape[d];
    i /= x->shape[d];
  }
  return list_text(m, "[", index, x->rank, "]");
}

/* The loops around `n`, outermost first, into `out`; the nesting of the tree is what the variables are numbered by. */
static bool loops_around(const tog_body *body, const tog_node *n, const tog_node **out, int *depth) {
  for (size_t i = 0; i < body->n; i++) {
    const tog_node *x = body->at[i];
    if (x == n)
      return true;
    if (x->kind == TOG_LOOP) {
      out[(*depth)++] = x;
      if (loops_around(&x->body, n, out, depth))
        return true;
      (*depth)--;
    }
  }
  return false;
}

const char *sim_place(sim *s, const sim_thread *th, const sim_instr *in) {
  arena *m = &s->ctx->mem;
  const tog_node *loops[TOG_DEPTH_MAX];
  int depth = 0;
  if (s->report->n_faults >= SIM_FAULTS_KEPT)
    return "";   /* nobody will read it */
  text t = text_new(m);
  text_add(&t, tog_node_title(m, in->node));
  loops_around(&s->t->body, in->node, loops, &depth);
  for (int i = 0; i < depth; i++)
    text_addf(&t, "%s%s=%" PRId64, i ? ", " : " [", loops[i]->var, th->vars[s->t->n_mesh + i]);
  text_add(&t, depth ? "]" : "");
  return text_str(&t);
}

void sim_fault_add(sim *s, sim_fault_kind k, int core, int buffer, const char *fmt, ...) {
  if (s->report->n_faults++ >= SIM_FAULTS_KEPT)
    return;
  sim_fault f = {.kind = k, .core = core, .cycle = sim_ceil_cycle(s->tick) / SIM_TICKS, .buffer = buffer < 0 ? NULL : s->t->buffers.at[buffer].name};
  if (core >= 0)
    sim_core_coords(s->t, core, f.coord);
  text t = text_new(&s->ctx->mem);
  va_list ap;
  va_start(ap, fmt);
  text_vaddf(&t, fmt, ap);
  va_end(ap);
  f.text = text_str(&t);
  vec_push(&s->ctx->mem, &s->report->faults, f);
}
