#include "network/axis_split.h"
#include <string.h>

static void add_boundary(axis_boundaries *b, int v, int64_t at) {
  for (int i = 0; i < b->n[v]; i++)
    if (b->at[v][i] == at)
      return;
  if (b->n[v] < AXIS_BOUNDARIES_MAX)
    b->at[v][b->n[v]++] = at;
}

/* The variable that `e` is, or -1. */
static int only_variable(axis_expr e) { return e.n == 1 && e.constant == 0 && e.term[0].coef == 1 ? e.term[0].atom->var : -1; }

void axis_collect(const axis_space *s, axis_expr e, axis_boundaries *into) {
  for (int i = 0; i < e.n; i++) {
    const axis_atom *a = e.term[i].atom;
    if (a->var >= 0)
      continue;
    int v = only_variable(a->of);
    if (v < 0) {
      into->has_many = true;
      axis_collect(s, a->of, into);
      continue;
    }
    int64_t extent = s->extent[v], top = a->mod ? a->div * a->mod : a->div;
    if (extent % top) {
      into->is_uneven = true;
      continue;
    }
    if (a->div > 1)
      add_boundary(into, v, a->div);
    if (a->mod && top < extent)
      add_boundary(into, v, top);
  }
}

/* The boundaries of v between 1 and its extent, ascending; 0: they form no chain. */
static int chain_of(const axis_space *s, const axis_boundaries *b, int v, int64_t *chain) {
  int n = 0;
  chain[n++] = 1;
  for (int i = 0; i < b->n[v]; i++) {
    int at = n++;
    for (; at > 0 && chain[at - 1] > b->at[v][i]; at--)
      chain[at] = chain[at - 1];
    chain[at] = b->at[v][i];
  }
  chain[n++] = s->extent[v];
  for (int i = 1; i < n; i++)
    if (chain[i] % chain[i - 1])
      return 0;
  return n;
}

bool axis_find_plan(arena *m, const axis_space *s, const axis_boundaries *all, axis_plan *out) {
  memset(out, 0, sizeof *out);
  for (int v = 0; v < s->n; v++) {
    int64_t chain[AXIS_BOUNDARIES_MAX + 2] = {1, s->extent[v]};
    int n = 2;
    if (all->n[v]) {
      n = chain_of(s, all, v, chain);
      out->no_chain[v] = n == 0;
      out->is_split = out->is_split || n > 0;
      if (n == 0) {
        chain[1] = s->extent[v];
        n = 2;
      }
    }
    out->first[v] = out->to.n;
    out->count[v] = n - 1;
    for (int i = n - 1; i > 0; i--) {
      if (out->to.n == AXIS_MAX)
        return false;
      out->unit[out->to.n] = chain[i - 1];
      out->to.extent[out->to.n++] = chain[i] / chain[i - 1];
    }
  }
  for (int v = 0; v < s->n; v++)
    for (int i = 0; i < out->count[v]; i++) {
      int digit = out->first[v] + i;
      out->by[v] = axis_add(m, &out->to, out->by[v], axis_scale(m, axis_var(m, digit), out->unit[digit]));
    }
  return true;
}

axis_expr axis_split(arena *m, const axis_plan *p, axis_expr e) { return axis_subst(m, &p->to, e, p->by); }

/* Does it have boundaries on a variable that is left whole? */
static bool conflicts(const axis_space *s, axis_expr e, const axis_plan *p) {
  axis_boundaries own = {0};
  axis_collect(s, e, &own);
  for (int v = 0; v < s->n; v++)
    if (own.n[v] && p->no_chain[v])
      return true;
  return false;
}

int axis_pick_copy(arena *m, const axis_space *s, const axis_expr *e, const int64_t *elems, int n, axis_plan *out) {
  axis_boundaries all = {0};
  int best = -1, best_rank = 3;
  for (int i = 0; i < n; i++)
    axis_collect(s, e[i], &all);
  bool fits = axis_find_plan(m, s, &all, out);
  for (int i = 0; i < n; i++) {
    axis_boundaries own = {0};
    axis_collect(s, e[i], &own);
    if (fits ? axis_is_linear(axis_split(m, out, e[i])) : axis_is_linear(e[i]))
      continue;
    int rank = own.has_many ? 0 : conflicts(s, e[i], out) ? 1 : 2;
    if (best < 0 || rank < best_rank || (rank == best_rank && elems[i] < elems[best])) {
      best = i;
      best_rank = rank;
    }
  }
  return best;
}
