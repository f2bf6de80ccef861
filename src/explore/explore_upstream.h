/* Upstream's candidate lists, by number and order: HEAD's (factor splits, occupancies, Pareto priorities) and the older one (whole mesh dims).
 * Shared with the passes that print them as IR. */
#ifndef LOOM_EXPLORE_UPSTREAM_H
#define LOOM_EXPLORE_UPSTREAM_H
#include "explore/explore.h"

typedef VEC_OF(plan_mapping) explore_mappings;

/* What upstream ranks a parallel iterator by.  reuse: loads and stores that stand still while it moves; volume counts their whole tensors. */
typedef struct explore_score { int64_t parallelism, reuse_volume, reuse_count; bool is_gathered; /* a gather goes across it: it comes first */ } explore_score;

/* Mappings of `n_iters` iterators in upstream's order: cores used (all of every dim, or with `occupancy` 2, 4, .. of each, first dim outermost)
 * x ordered factorisations x priorities.  Temporal order: the source's. */
void explore_list_upstream(arena *m, const machine *mach, const explore_score *score, int n_iters, bool occupancy, explore_mappings *out);
/* The older list: every mesh dim whole to one iterator, lexicographic with dim 0 first; with `permute`, every order of the dims inside an iterator
 * (the first is the most significant); every temporal order.  A dim that follows a later one gets levels of size 1 below it, so that the
 * logical dims stay sorted. */
void explore_list_legacy(arena *m, const machine *mach, int n_iters, bool permute, explore_mappings *out);
/* "d1i0_d0i0": the mesh dims of each iterator in turn, most significant first.  For mappings of explore_list_legacy. */
const char *explore_legacy_map_string(arena *m, const plan_mapping *p);
/* "n", "y", "x", "a": mesh dims in `mask` share one transfer.  Upstream names a transfer along x "y" and one along y "x". */
const char *explore_legacy_label(arena *m, const plan_mapping *p, unsigned mask);
#endif
