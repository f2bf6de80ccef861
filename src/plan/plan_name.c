/* Upstream's strings for a plan's decisions (grammar: <kernel>__<split>__<map>__f<order>__<labels>). */
#include "plan/plan.h"
#include "base/text.h"
#include <stdlib.h>

const char *plan_split_string(arena *m, const plan_mapping *p) {
  text t = text_new(m);
  for (int d = 0; d < p->n_mesh; d++) {
    if (d)
      text_add(&t, "_");
    for (int l = 0; l < p->n_logical; l++)      /* sorted by level, so the levels of one dim come in order */
      if (p->logical[l].mesh_dim == d)
        text_addf(&t, "%s%" PRId64, p->mesh_name[d], p->logical[l].size);
  }
  return text_str(&t);
}

const char *plan_map_string(arena *m, const plan_mapping *p) {
  text t = text_new(m);
  for (int l = 0; l < p->n_logical; l++)
    text_addf(&t, "%sd%di%d", l ? "_" : "", l, p->logical[l].iter);
  return text_str(&t);
}

const char *plan_order_string(arena *m, const plan_mapping *p) {
  text t = text_new(m);
  text_add(&t, "f");
  for (int i = 0; i < p->n_iters; i++)
    text_addf(&t, "%d", p->order[i]);
  return text_str(&t);
}

const char *plan_access_label(arena *m, const plan_mapping *p, const plan_access *a) {
  text t = text_new(m);
  for (int d = 0; d < p->n_mesh; d++)
    if (a->area[d] > 1)
      text_addf(&t, "%sdim_%s_level%d_%s%" PRId64, t.size ? "_" : "", p->mesh_name[d], a->label_level[d], a->move[d] == PLAN_CHAIN ? "ch" : "bc", a->area[d]);
  if (!t.size)
    text_add(&t, "n");
  if (a->hoist)
    text_addf(&t, "_h%d", a->hoist);
  if (a->depth > 1)
    text_addf(&t, "_d%d", a->depth);
  if (a->direct)
    text_add(&t, "_acc");
  return text_str(&t);
}

const char *plan_variant_name(arena *m, const char *kernel, const plan_candidate *c) {
  text t = text_new(m);
  text_addf(&t, "%s__%s__%s__%s_", kernel, plan_split_string(m, &c->mapping), plan_map_string(m, &c->mapping), plan_order_string(m, &c->mapping));
  for (int i = 0; i < c->n_access; i++)
    text_addf(&t, "_%s", plan_access_label(m, &c->mapping, &c->access[i]));
  return text_str(&t);
}

static int by_symbol_name(const void *a, const void *b) { return strcmp(((const plan_block *)a)->symbol, ((const plan_block *)b)->symbol); }

const char *plan_function_name(arena *m, const plan *p) {
  plan_block *sorted = ARENA_NEW_N(m, plan_block, p->blocks.n + 1);
  if (p->blocks.n)
    memcpy(sorted, p->blocks.at, p->blocks.n * sizeof *sorted);
  /* the double-buffer choice is one more symbol and sorts among them */
  sorted[p->blocks.n] = (plan_block){.symbol = "is_double_buffer", .size = p->double_buffer};
  qsort(sorted, p->blocks.n + 1, sizeof *sorted, by_symbol_name);
  text t = text_new(m);
  text_addf(&t, "%s_", p->candidate.name);
  for (size_t i = 0; i <= p->blocks.n; i++)
    text_addf(&t, "_%s%s%" PRId64, i ? "_" : "", sorted[i].symbol, sorted[i].size);
  return text_str(&t);
}

int64_t plan_iter_cores(const plan_mapping *p, int iter) {
  int64_t cores = 1;
  for (int l = 0; l < p->n_logical; l++)
    if (p->logical[l].iter == iter)
      cores *= p->logical[l].size;
  return cores;
}

int64_t plan_block_size(const plan *p, const char *symbol) {
  for (size_t i = 0; i < p->blocks.n; i++)
    if (text_eq(p->blocks.at[i].symbol, symbol))
      return p->blocks.at[i].size;
  return -1;
}

const char *plan_proof_text(plan_proof p) {
  static const char *const words[] = {
#define X(n, t) t,
      PLAN_PROOF_LIST(X)
#undef X
  };
  return words[p];
}
