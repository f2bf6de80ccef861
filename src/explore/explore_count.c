/* How many rows the space would have if it were written out: level orders x temporal orders x choices, multiplied instead of listed. */
#include "explore/explore_space_private.h"

enum { MASKS_MAX = 1 << PLAN_ITERS_MAX };

/* Runs of whole levels that can be shared along one mesh dim, by mask of iterators that stop it and by level sequence. */
typedef struct runs { int n_masks; uint32_t mask[MASKS_MAX]; uint8_t *at[PLAN_MESH_MAX][MASKS_MAX]; } runs;

/* Positions of one access that have the same runs: how many (position, depth) pairs. */
typedef struct positions { int n; int mask[EXPLORE_LIFTS_MAX + 1]; double depths[EXPLORE_LIFTS_MAX + 1]; } positions;

static uint8_t count_runs(const explore_dim *z, int32_t sequence, uint32_t unshared, bool partial) {
  uint8_t n = 0;
  for (int32_t k = z->first_level[sequence]; k < z->first_level[sequence + 1] && !(unshared & 1u << z->level[k].iter); k++)
    n++;
  return partial || n < 1 ? n : 1;
}

static int mask_number(arena *m, const explore_space *s, runs *r, uint32_t mask) {
  const explore_impl *x = s->impl;
  mask &= (1u << s->n_parallel) - 1;
  for (int i = 0; i < r->n_masks; i++)
    if (r->mask[i] == mask)
      return i;
  int number = r->n_masks++;
  r->mask[number] = mask;
  for (int d = 0; d < x->n_mesh; d++) {
    int32_t n = x->dim[d].first_sequence[x->dim[d].n_vectors];
    r->at[d][number] = ARENA_NEW_N(m, uint8_t, n);
    for (int32_t q = 0; q < n; q++)
      r->at[d][number][q] = count_runs(&x->dim[d], q, mask, !(x->lacking & PLAN_NEEDS_PARTIAL_AREA));
  }
  return number;
}

static double count_depths(const explore_load *a, int last) {
  double n = 0;
  for (int depth = 1; depth <= last; depth++)
    n += !a->fix->depth || a->fix->depth == depth;
  return n;
}

/* Ways to share along dim d with `n` runs to take. */
static double count_moves(const explore_impl *x, const explore_load *a, int d, int n) {
  bool chains = !(x->lacking & PLAN_NEEDS_CHAIN);
  if (a->fix->has_move)
    return a->fix->move[d] == PLAN_UNICAST ? 1 : a->fix->move[d] == PLAN_CHAIN && !chains ? 0 : n;
  return 1 + (chains ? 2 : 1) * n;
}

static void list_positions(arena *m, const explore_space *s, int a, const int *order, runs *r, positions *out) {
  explore_impl all = *s->impl;
  explore_space whole = *s;
  whole.impl = &all;
  all.rules = 0;
  const explore_load *x = &all.access[a];
  int hoist[EXPLORE_LIFTS_MAX + 1];
  out->n = 0;
  if (x->is_store) {
    double direct = x->may_direct && !(all.lacking & PLAN_NEEDS_DIRECT_STORE) ? count_depths(x, 2) : 0;
    out->mask[0] = mask_number(m, s, r, UINT32_MAX);
    out->depths[out->n++] = count_depths(x, all.lacking & PLAN_NEEDS_DEPTH3 ? 2 : 3) + direct;
    return;
  }
  int n = explore_list_hoists(&whole, a, order, 1, hoist);
  for (int i = 0; i < n; i++) {
    out->mask[i] = mask_number(m, s, r, explore_unshared(&whole, a, hoist[i]));
    out->depths[i] = count_depths(x, !x->may_prefetch ? 1 : all.lacking & PLAN_NEEDS_DEPTH3 ? 2 : 3);
  }
  out->n = n;
}

/* Rows of one mapping and order. */
static double count_rows(const explore_space *s, const runs *r, const positions *of, const int32_t *sequence) {
  const explore_impl *x = s->impl;
  double rows = 1;
  for (int a = 0; a < s->n_access; a++) {
    double choices = 0;
    for (int i = 0; i < of[a].n; i++) {
      double moves = 1;
      for (int d = 0; d < x->n_mesh; d++)
        moves *= x->access[a].is_store ? 1 : count_moves(x, &x->access[a], d, r->at[d][of[a].mask[i]][sequence[d]]);
      choices += moves * of[a].depths[i];
    }
    rows *= choices;
  }
  return rows;
}

double explore_count(loom_ctx *ctx, const explore_space *s) {
  const explore_impl *x = s->impl;
  /* the positions are as many under every order, unless panels are out */
  int n_orders = x->lacking & PLAN_NEEDS_PANEL ? s->n_orders : 1;
  arena_mark mark = arena_save(&ctx->scratch);
  runs *r = ARENA_NEW(&ctx->scratch, runs);
  positions *of = ARENA_NEW_N(&ctx->scratch, positions, s->n_access);
  double total = 0;
  for (int o = 0; o < n_orders; o++) {
    int order[PLAN_ITERS_MAX];
    for (int i = 0; i < s->n_parallel; i++)
      order[i] = s->order[o * s->n_parallel + i];
    for (int a = 0; a < s->n_access; a++)
      list_positions(&ctx->scratch, s, a, order, r, &of[a]);
    for (int32_t p = 0; p < s->n_profiles; p++)
      for (int64_t i = s->first_mapping[p]; i < s->first_mapping[p + 1]; i++) {
        int64_t rank = x->kept ? x->kept[i] : i - s->first_mapping[p];
        int32_t sequence[PLAN_MESH_MAX];
        for (int d = x->n_mesh - 1; d >= 0; d--) {
          const int32_t *first = x->dim[d].first_sequence + x->vector[p * x->n_mesh + d];
          sequence[d] = first[0] + (int32_t)(rank % (first[1] - first[0]));
          rank /= first[1] - first[0];
        }
        total += count_rows(s, r, of, sequence);
      }
  }
  arena_release(&ctx->scratch, mark);
  return total * (s->n_orders / n_orders);
}
