/* Inside explore only: the parts a candidate is put together from. */
#ifndef LOOM_EXPLORE_PRIVATE_H
#define LOOM_EXPLORE_PRIVATE_H
#include "explore/explore_upstream.h"

typedef struct explore_order { int at[PLAN_ITERS_MAX]; } explore_order;
typedef VEC_OF(explore_order) explore_orders;

/* All ways to split n_iters + D - 1 logical dims over the D mesh dims and factor each dim's size in order; iterators not yet given (-1). */
void explore_list_splits(arena *m, const machine *mach, int n_iters, explore_mappings *out);
/* All permutations of the n numbers in `items`, lexicographic by position. */
void explore_list_permutations(arena *m, const int *items, int n, explore_orders *out);
/* Priority orders of iterators: the gathered one first, then Pareto fronts of (parallelism, reuse volume, reuse count), permuted inside a front. */
void explore_rank(arena *m, const explore_score *score, int n_iters, explore_orders *out);
/* Of a nest's parallel iterators. */
void explore_list_scores(const nest *n, explore_score *out);
/* priority[0] gets all level-0 dims, priority[i] the i-1-th of the others. */
void explore_assign(plan_mapping *p, const explore_order *priority);

/* The widest sharing of an access: per mesh dim the run of levels from 0 upward that the access does not depend on. */
void explore_widest_area(const nest *n, const machine *m, const nest_node *access, const plan_mapping *p, plan_access *out);

/* Accesses, loops and mesh within what explore takes; `out_access` holds PLAN_LOADS_MAX. */
LOOM_MUST_USE loom_status explore_check_kernel(loom_ctx *ctx, const nest *n, const machine *m, const nest_node **out_access, int *out_n);

/* One "key=value" restriction, checked against the nest and machine. */
loom_status explore_check_pins(loom_ctx *ctx, const nest *n, const machine *m, const explore_options *o);
bool explore_matches_pins(arena *m, const plan_candidate *c, const explore_options *o);

/* Characters of `a` that `b` has too, counted from both ends. */
size_t explore_same_ends(const char *a, const char *b);

/* A set of strings; true when `s` was not in it before. */
typedef struct explore_set { const char **at; size_t n, room; } explore_set;
bool explore_set_add(arena *m, explore_set *set, const char *s);
/* Two candidates with equal keys place every iteration on the same core and share the same transfers. */
const char *explore_candidate_key(arena *m, const plan_candidate *c);
#endif
