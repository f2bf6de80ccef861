/* What values an expression of the graph can have: interval arithmetic over the mesh and the loops around it. */
#include "tog/tog_private.h"
#include <string.h>

static void push(tog_scope *s, const char *name, int64_t n) {
  s->name[s->n] = name;
  s->range[s->n++] = n > 0 ? (sym_interval){0, n - 1} : SYM_NO_VALUE;
}

tog_scope tog_scope_of_mesh(const tog *t) {
  tog_scope s = {0};
  for (int d = 0; d < t->n_mesh; d++)
    push(&s, t->mesh_name[d], t->mesh_size[d]);
  return s;
}

tog_scope tog_scope_in_loop(const tog_scope *outer, const tog_node *loop) {
  tog_scope s = *outer;
  sym_interval trip = tog_range(outer, loop->trip);
  push(&s, loop->var, trip.hi);
  return s;
}

sym_interval tog_range(const tog_scope *s, const sym_expr *e) {
  switch (e->op) {
  case SYM_CONST: return (sym_interval){e->value, e->value};
  case SYM_TRUE: return (sym_interval){1, 1};
  case SYM_FALSE: return (sym_interval){0, 0};
  case SYM_SYM:
    for (int i = 0; i < s->n; i++)
      if (strcmp(s->name[i], e->name) == 0)
        return s->range[i];
    return SYM_ANY_VALUE;
  case SYM_IF: return sym_interval_if(tog_range(s, e->arg[0]), tog_range(s, e->arg[1]), tog_range(s, e->arg[2]));
  default: {
    sym_interval a = tog_range(s, e->arg[0]);
    return sym_interval_apply(e->op, a, e->arg[1] ? tog_range(s, e->arg[1]) : a);
  }
  }
}

tog_runs tog_loop_runs(const tog_scope *s, const tog_node *loop) {
  sym_interval trip = tog_range(s, loop->trip);
  if (sym_interval_is_empty(trip) || trip.hi <= 0)
    return TOG_RUNS_NEVER;
  if (trip.hi > 1)
    return TOG_RUNS_OFTEN;
  return trip.lo == 1 ? TOG_RUNS_ONCE : TOG_RUNS_AT_MOST_ONCE;
}
