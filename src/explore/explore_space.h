/* The whole space of a kernel on a machine, as columns: core tuples, how a tuple's cores lie on the mesh dims (profiles), level orders of a profile,
 * temporal orders, and for each access its choices.  Nothing is multiplied out: solve_space walks it from the tuples down.
 *
 * A mapping splits the cores in use along each mesh dim (any number 1..size) into levels, each given to one parallel iterator; level 0 lies
 * innermost (consecutive cores).  Levels of size 1 and neighbouring levels of one iterator do not exist: dropped and merged they are the same
 * sharing.  At most EXPLORE_LEVELS_MAX / (mesh dims) levels a dim. */
#ifndef LOOM_EXPLORE_SPACE_H
#define LOOM_EXPLORE_SPACE_H
#include "explore/explore.h"

enum { EXPLORE_LEVELS_MAX = PLAN_LOGICAL_MAX, EXPLORE_PROFILES_MAX = 1 << 20, EXPLORE_LIFTS_MAX = PLAN_ITERS_MAX + NEST_LOOPS_MAX };

typedef struct explore_impl explore_impl;
typedef struct explore_space {
  const nest *nest; const machine *machine;
  int n_parallel, n_access;
  int32_t n_tuples; const int32_t *tuple;            /* [n_tuples][n_parallel]: cores of each iterator; lexicographic */
  int32_t n_profiles; const int32_t *profile_tuple;  /* [n_profiles], ascending */
  const int32_t *first_profile;                      /* [n_tuples + 1] */
  int64_t n_mappings; const int64_t *first_mapping;  /* [n_profiles + 1]: the level orders of a profile */
  int n_orders; const int8_t *order;                 /* [n_orders][n_parallel], outermost first; lexicographic */
  const int32_t *order_class;                        /* [n_orders], from 0 in order of appearance: orders of one class offer the same choices (loops
                                                      * lifted over, loops kept in a panel), so the first of a class stands for all */
  int n_classes;
  uint32_t one_trip;                                 /* parallel loops that are one wave on any number of cores (gathered): ceil(extent / block) <= cores */
  bool only_best;                                    /* of each point the best plan alone is asked for: explore_list_orders leaves out orders that have no first one; the caller's to set */
  explore_impl *impl;
} explore_space;

/* All of ctx->mem.  Pins restrict mappings, orders and choices; `o` may be NULL.  LOOM_EUNSUP, LOOM_ELIMIT: as explore_run; more than
 * EXPLORE_PROFILES_MAX profiles: LOOM_ELIMIT.  LOOM_EUSAGE: a pin that says nothing.  LOOM_EINFEASIBLE: no mapping or order agrees with the pins. */
LOOM_MUST_USE loom_status explore_open(loom_ctx *ctx, const nest *n, const machine *m, const explore_options *o, explore_space *out);
/* The part of the space that a variant's name means (plan_variant_name, or upstream's; a name that gives no slots leaves them free); o->pins do not count.
 * *found false: none. */
LOOM_MUST_USE loom_status explore_open_named(loom_ctx *ctx, const nest *n, const machine *m, const explore_options *o, const char *name, explore_space *out, bool *found);
/* The name in the whole space, pins or not, that is nearest to one that means nothing; NULL: none is near, or the kernel has no space. */
const char *explore_nearest_name(loom_ctx *ctx, const nest *n, const machine *m, const explore_options *o, const char *name);
void explore_get_mapping(const explore_space *s, int64_t mapping, int order, plan_mapping *out);
/* Orders to look at where the loops of `one_trip` (a mask of parallel ones) are run once: the first of those that offer the same; ascending.  `out`
 * holds n_orders; count returned. */
int explore_list_orders(const explore_space *s, uint32_t one_trip, int *out);

/* Legal choices of access `a` (program order), in the order that breaks ties; count, at most `room` filled.  Lifting is done as far as it is free.
 *
 * Legal: cores share what has equal offsets and equal trips; shared areas are rectangles of whole levels from the innermost up; a panel over a causal
 * loop holds its longest run; a load that only one core runs is shared along no iterator of it; a load of a tensor that is stored too stays where it
 * is, and has one slot unless iterations are independent.  Stores are not shared or lifted; `direct` needs an accumulator of the tensor's type.
 * Depths differ between accesses (PLAN_NEEDS_MIXED_DEPTH): a reader without it takes the choices of one depth at a time. */
size_t explore_list_choices(const explore_space *s, const plan_mapping *p, int a, plan_choice *out, size_t room);
/* The ways (areas and moves) of access `a` on a mapping, whatever the position, the order and the slots: those of all legal choices are among them.  Count, at
 * most `room` filled. */
size_t explore_list_ways(const explore_space *s, const plan_mapping *p, int a, plan_choice *out, size_t room);
/* May a store leave from the accumulator?  `accumulate_f32`: accumulators of narrow floats are f32. */
bool explore_may_store_direct(const nest *n, const nest_node *store, bool accumulate_f32);

/* Parallel loops that a gather makes one wave. */
uint32_t explore_gathered(const nest *n);
/* plan_feature bits that the space leaves out. */
unsigned explore_lacks(const explore_space *s);
/* Loads and stores in program order, as the columns count them; `out` holds PLAN_LOADS_MAX.  LOOM_EUNSUP, LOOM_ELIMIT: as explore_open. */
LOOM_MUST_USE loom_status explore_list_accesses(loom_ctx *ctx, const nest *n, const machine *m, const nest_node **out, int *out_n);
/* With its name (plan.h); names of different choices differ. */
plan_candidate *explore_make_candidate(arena *m, const explore_space *s, const plan_mapping *p, const plan_choice *chosen);
/* plan_feature bits of a candidate: all but SHARED_L1 (the layout's), GATHER and ONLY_FIRST (the kernel's).  MIXED_DEPTH: the loads' depths differ. */
unsigned explore_features(const explore_space *s, const plan_mapping *p, const plan_choice *chosen);

/* Number of (mapping, order, choice of every access) in the space, before any lemma; free hoists not taken.  Exact up to 2^53. */
double explore_count(loom_ctx *ctx, const explore_space *s);

/* ---- choices of all accesses together ---- */

enum { EXPLORE_COLUMNS_MAX = 64 };
/* What one choice of each access adds up to.  Columns are >= 0 and small enough for every sum to fit int64. */
typedef struct explore_terms {
  int n_access, n_columns;
  uint64_t by_max;                      /* columns that combine by the larger; all others add */
  const int64_t *limit;                 /* [n_columns]: a sum above it does not fit; NULL: no limits */
  const size_t *n;                      /* [n_access]: choices (>= 1, < 65536) */
  const int64_t *const *vector;         /* [n_access]: [n][n_columns] */
  int64_t (*total)(const void *data, const int64_t *sum);      /* never falls when a column grows */
  const void *data;
} explore_terms;
typedef struct explore_pick { int64_t total, sum[EXPLORE_COLUMNS_MAX]; uint16_t choice[PLAN_LOADS_MAX]; } explore_pick;
/* Deterministic.  `evaluated`: calls of total on sums of all accesses; `bounds`: on lower bounds; `states`: most partial sums kept at once. */
typedef struct explore_effort { int64_t evaluated, bounds, states; } explore_effort;
/* The least of (total, sum column by column, choices in program order) with total <= at_most; false: none fits.  Exact.  `effort` is added to. */
bool explore_pick_choices(arena *scratch, const explore_terms *t, int64_t at_most, explore_pick *out, explore_effort *effort);
#endif
