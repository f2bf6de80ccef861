#include "explore/explore_private.h"

/* What upstream ranks parallel iterators by. */
typedef struct score { int64_t parallelism, reuse_volume, reuse_count; } score;

static int64_t tensor_elems(const nest_tensor *t) {
  int64_t e = 1;
  for (int d = 0; d < t->rank; d++)
    if (__builtin_mul_overflow(e, t->shape[d], &e))
      return INT64_MAX;
  return e;
}

/* reuse: accesses that stand still while the iterator moves; volume counts their whole tensors. */
static score score_of(const nest *n, int iter) {
  score s = {.parallelism = 1};
  if (!sym_is_const(n->loops.at[iter].extent, &s.parallelism))
    s.parallelism = 1;
  const nest_node *access[PLAN_LOADS_MAX];
  size_t count = nest_accesses(n, access, PLAN_LOADS_MAX);
  for (size_t i = 0; i < count && i < PLAN_LOADS_MAX; i++) {
    if (nest_access_uses(n, access[i], iter))
      continue;
    if (__builtin_add_overflow(s.reuse_volume, tensor_elems(&n->tensors.at[access[i]->tensor]), &s.reuse_volume))
      s.reuse_volume = INT64_MAX;
    s.reuse_count++;
  }
  return s;
}

static bool dominates(const score *a, const score *b) {
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

void explore_list_priorities(arena *m, const nest *n, explore_orders *out) {
  score s[PLAN_ITERS_MAX];
  bool ranked[PLAN_ITERS_MAX] = {false};
  for (int i = 0; i < n->n_parallel; i++)
    s[i] = score_of(n, i);
  vec_push(m, out, ((explore_order){{0}}));
  for (int done = 0; done < n->n_parallel;) {
    int front[PLAN_ITERS_MAX], n_front = 0;
    for (int i = 0; i < n->n_parallel; i++) {
      bool is_beaten = ranked[i];
      for (int j = 0; j < n->n_parallel; j++)
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
