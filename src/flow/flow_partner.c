/* What a wrong value should have been: its partner in the other run. */
#include "flow/flow_private.h"

static bool same_form(const flow_search *s, int got, int want) {
  const flow_node *g = flow_got(s, got), *w = flow_want(s, want);
  if (flow_is_filled(s, got))
    return w->kind == FLOW_CONSTANT;
  return g->kind == w->kind && (g->kind != FLOW_MOVE || flow_got_op(s, got)->role == flow_want_op(s, want)->role) && flow_first_difference(g, w) >= 0;
}

/* Is `want` made of just what the inputs of `got` are?  All of them, and nothing else but constants.  Looks at a few values only. */
static bool is_made_of_inputs(flow_search *s, int want, const flow_node *got) {
  enum { LOOKED_AT = 24, INPUTS = 16 };
  int list[LOOKED_AT], n = 0, n_used = 0;
  bool is_used[INPUTS] = {false};
  if (got->n_in > INPUTS)
    return false;
  list[n++] = want;
  for (int i = 0; i < n; i++) {
    const flow_node *w = flow_want(s, list[i]);
    bool is_input = false;
    for (int k = 0; k < got->n_in && i > 0; k++)
      if (flow_explains(s, list[i], got->in[k], false))
        is_used[k] = is_input = true;
    if (is_input || w->kind == FLOW_CONSTANT)
      continue;
    if (w->kind == FLOW_INPUT || n + w->n_in > LOOKED_AT)
      return false;
    for (int k = 0; k < w->n_in; k++)
      list[n++] = w->in[k];
  }
  for (int k = 0; k < got->n_in; k++)
    n_used += is_used[k] || flow_is_filled(s, got->in[k]);
  return n_used == got->n_in;
}

/* Is `want` what another input of the reader is? */
static bool is_another_input(flow_search *s, int want) {
  for (int k = 0; s->reader >= 0 && k < flow_got(s, s->reader)->n_in; k++)
    if (flow_explains(s, want, flow_got(s, s->reader)->in[k], false))
      return true;
  return false;
}

int flow_partner(flow_search *s, int got, int got_user, int want, int start, const flow_list *walk) {
  enum { CANDIDATES = 64 };
  const flow_node *g = flow_got(s, got);
  bool is_strict = !flow_passes_on(s, got_user);
  int of_type = -1, any = -1, of_others = -1, n = 0, above = start;
  for (size_t i = 0; i < walk->n && n < CANDIDATES; i++) {
    int w = walk->at[i];
    if (is_strict && w == above) {   /* from `start` down to `want` */
      above = w != want ? flow_want(s, w)->in[0] : -1;   /* each hands the next one on */
      continue;
    }
    if (!same_form(s, got, w))
      continue;
    n++;
    if (is_another_input(s, w)) {
      of_others = of_others < 0 ? w : of_others;
      continue;
    }
    bool is_of_type = flow_has_same_type(g, flow_want(s, w));
    if (any < 0)
      any = w;
    if (is_of_type && of_type < 0)
      of_type = w;
    if (g->kind == FLOW_COMPUTE && is_of_type && g->n_in > 0 && is_made_of_inputs(s, w, g))
      return w;
  }
  return of_type >= 0 ? of_type : any >= 0 ? any : of_others;
}
