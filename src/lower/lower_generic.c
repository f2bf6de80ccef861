/* One linalg.generic, printed piece by piece. */
#include "lower/lower_private.h"

/* "(d0, d1, d2)" */
const char *lower_dim_list(arena *m, int rank) {
  text t = text_new(m);
  text_add(&t, "(");
  for (int d = 0; d < rank; d++)
    text_addf(&t, "%sd%d", d ? ", " : "", d);
  text_add(&t, ")");
  return text_str(&t);
}

lower_generic lower_generic_new(lowering *l) {
  return (lower_generic){text_new(l->mem), text_new(l->mem), text_new(l->mem), text_new(l->mem), text_new(l->mem), NULL, false};
}

void lower_generic_input(lowering *l, lower_generic *g, const char *map, const char *name, const char *type, dtype element, const char **out_arg) {
  const char *comma = g->ins.size ? ", " : "";
  *out_arg = lower_new_name(l);
  text_addf(&g->maps, "%s, ", map);
  text_addf(&g->ins, "%s%s", comma, name);
  text_addf(&g->types, "%s%s", comma, type);
  text_addf(&g->args, "%s: %s, ", *out_arg, lower_element(element));
}

/* Opens the op; *out_old is the destination's element.  lower_generic_close closes it. */
void lower_generic_open(lowering *l, lower_generic *g, const char *out_map, const char *dest, const char *type, dtype element, const char **out_old) {
  g->result = lower_new_name(l);
  *out_old = lower_new_name(l);
  const char *ins = g->ins.size ? arena_printf(l->mem, " ins(%s : %s)", text_str(&g->ins), text_str(&g->types)) : "";
  lower_open(l, "%s = linalg.generic {indexing_maps = [%s%s], iterator_types = [%s]}%s outs(%s : %s)%s {", g->result, text_str(&g->maps), out_map,
             text_str(&g->iterators), ins, dest, type, g->is_ordered ? " attrs = {loom.ordered}" : "");
  l->depth--;
  lower_open(l, "^bb0(%s%s: %s):", text_str(&g->args), *out_old, lower_element(element));
}

void lower_generic_close(lowering *l, const char *yielded, dtype element, const char *type) {
  lower_line(l, "linalg.yield %s : %s", yielded, lower_element(element));
  lower_close(l, arena_printf(l->mem, " -> %s", type));
}

void lower_generic_parallel(lower_generic *g, int rank) {
  for (int d = 0; d < rank; d++)
    text_add(&g->iterators, d ? ", \"parallel\"" : "\"parallel\"");
}
