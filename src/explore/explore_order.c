#include "explore/explore_private.h"

static int64_t tensor_elems(const nest_tensor *t) {
  int64_t e = 1;
  for (int d = 0; d < t->rank; d++)
    if (__builtin_mul_overflow(e, t->shape[d], &e))
      return INT64_MAX;
  return e;
}

/* A gather goes across loop `iter`. */
static bool is_gathered(const nest_body *body, int iter) {
  for (size_t i = 0; i < body->n; i++)
    if ((body->at[i]->kind == NEST_GATHER && body->at[i]->across == iter) || is_gathered(&body->at[i]->body, iter))
      return true;
  return false;
}

static explore_score score_of(const nest *n, int iter) {
  explore_score s = {.parallelism = 1, .is_gathered = is_gathered(&n->body, iter)};
  if (!sym_is_const(n->loops.at[iter].extent, &s.parallelism))
    s.parallelism = 1;
  const nest_node *access[PLAN_LOADS_MAX];
  size_t count = nest_accesses(n, access, PLAN_LOADS_MAX);
  for (size_t i = 0; i < count; i++) {
    if (nest_access_uses(n, access[i], iter))
      continue;
    if (__builtin_add_overflow(s.reuse_volume, tensor_elems(&n->tensors.at[access[i]->tensor]), &s.reuse_volume))
      s.reuse_volume = INT64_MAX;
    s.reuse_count++;
  }
  return s;
}

void explore_list_scores(const nest *n, explore_score *out) {
  for (int i = 0; i < n->n_parallel; i++)
    out[i] = score_of(n, i);
}

static bool dominates(const explore_score *a, const explore_score *b) {
  if (a->is_gathered != b->is_gathered)
    return a->is_gathered;
  bool as_good = a->parallelism >= b->parallelism && a->reuse_volume >= b->reuse_volume && a->reuse_count >= b->reuse_count;
  bool better = a->parallelism > b->parallelism || a->reuse_volume > b->reuse_volume || a->reuse_count > b->reuse_count;
  return as_good && better;
}

static void permute(arena *m, const int *items, int n, explore_order *prefix, int depth, unsigned used, explore_orders *out) {
  if (depth == n) {
    vec_push(m, out, *prefix);
    return;
  }
  for (int i = 0; i < n; i++)
    if (!(used & 1u << i)) {
      prefix->at[depth] = items[i];
      permute(m, items, n, prefix, depth + 1, used | 1u << i, out);
    }
}

void explore_list_permutations(arena *m, const int *items, int n, explore_orders *out) {
  explore_order prefix = {{0}};
  permute(m, items, n, &prefix, 0, 0, out);
}

/* Every order so far continued by every permutation of one more front. */
static explore_orders append_front(arena *m, const explore_orders *before, int depth, const int *front, int n) {
  explore_orders tails = {0}, out = {0};
  explore_list_permutations(m, front, n, &tails);
  for (size_t i = 0; i < before->n; i++)
    for (size_t t = 0; t < tails.n; t++) {
      explore_order o = before->at[i];
      memcpy(o.at + depth, tails.at[t].at, (size_t)n * sizeof *o.at);
      vec_push(m, &out, o);
    }
  return out;
}

void explore_rank(arena *m, const explore_score *s, int n_iters, explore_orders *out) {
  bool ranked[PLAN_ITERS_MAX] = {false};
  vec_push(m, out, ((explore_order){{0}}));
  for (int done = 0; done < n_iters;) {
    int front[PLAN_ITERS_MAX], n_front = 0;
    for (int i = 0; i < n_iters; i++) {
      bool is_beaten = ranked[i];
      for (int j = 0; j < n_iters; j++)
        is_beaten = is_beaten || (!ranked[j] && dominates(&s[j], &s[i]));
      if (!is_beaten)
        front[n_front++] = i;
    }
    for (int i = 0; i < n_front; i++)
      ranked[front[i]] = true;
    *out = append_front(m, out, done, front, n_front);
    done += n_front;
  }
}
