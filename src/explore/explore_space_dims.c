/* One mesh dim: how many of its cores each iterator gets, and in which levels. */
#include "explore/explore_space_private.h"

typedef struct lister {
  arena *mem;
  int n_iters, deepest;
  bool full;
  int64_t size;
  int32_t cores[PLAN_ITERS_MAX];        /* the vector being made */
  int32_t left[PLAN_ITERS_MAX];         /* of it, not in a level yet */
  explore_level level[EXPLORE_LEVELS_MAX];
  bool is_over;
  VEC_OF(int32_t) vectors, first_sequence, first_level;
  VEC_OF(explore_level) levels;
} lister;

/* The next level inside to out: any iterator but the last one's, the largest part of it first. */
static void list_sequences(lister *l, int depth) {
  bool is_done = true;
  for (int i = 0; i < l->n_iters; i++)
    is_done = is_done && l->left[i] == 1;
  if (is_done) {
    l->is_over = l->is_over || l->first_level.n > EXPLORE_PROFILES_MAX;
    if (l->is_over)
      return;
    for (int k = 0; k < depth; k++)
      vec_push(l->mem, &l->levels, l->level[k]);
    vec_push(l->mem, &l->first_level, (int32_t)l->levels.n);
    return;
  }
  for (int i = 0; i < l->n_iters && depth < l->deepest && !l->is_over; i++) {
    int32_t all = l->left[i];
    if (depth > 0 && l->level[depth - 1].iter == i)
      continue;
    for (int32_t f = all; f > 1; f--)
      if (all % f == 0) {
        l->level[depth] = (explore_level){f, i};
        l->left[i] = all / f;
        list_sequences(l, depth + 1);
      }
    l->left[i] = all;
  }
}

static void list_vectors(lister *l, int iter, int64_t left) {
  if (l->is_over)
    return;
  if (iter < l->n_iters) {
    for (int32_t c = 1; c <= left; c++) {
      l->cores[iter] = c;
      list_vectors(l, iter + 1, left / c);
    }
    return;
  }
  int64_t used = 1;
  for (int i = 0; i < l->n_iters; i++)
    used *= l->cores[i];
  if (l->full && used != l->size)
    return;
  size_t before = l->first_level.n;
  memcpy(l->left, l->cores, sizeof l->left);
  list_sequences(l, 0);
  if (l->first_level.n == before)       /* needs more levels than there are */
    return;
  for (int i = 0; i < l->n_iters; i++)
    vec_push(l->mem, &l->vectors, l->cores[i]);
  vec_push(l->mem, &l->first_sequence, (int32_t)l->first_level.n - 1);
}

loom_status explore_list_dim(loom_ctx *ctx, const machine_dim *d, int n_iters, int n_mesh, bool full, explore_dim *out) {
  lister l = {.mem = &ctx->mem, .n_iters = n_iters, .deepest = EXPLORE_LEVELS_MAX / n_mesh, .full = full, .size = d->size};
  vec_push(l.mem, &l.first_level, 0);
  vec_push(l.mem, &l.first_sequence, 0);
  list_vectors(&l, 0, d->size);
  if (l.is_over) {
    diag_error(ctx, LOOM_NOSPAN, LOOM_ELIMIT, "%d parallel loops can be spread over the %" PRId64 " cores along %s in more than %d ways", n_iters, d->size, d->name,
               EXPLORE_PROFILES_MAX);
    diag_help(ctx, "use a smaller machine, or upstream's candidates with --upstream-compatible");
    return LOOM_ELIMIT;
  }
  *out = (explore_dim){.name = d->name, .size = d->size, .n_vectors = (int32_t)l.first_sequence.n - 1, .cores = l.vectors.at, .first_sequence = l.first_sequence.at,
                       .first_level = l.first_level.at, .level = l.levels.at};
  return LOOM_OK;
}
