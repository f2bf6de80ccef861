/* explore: the candidate table.  Takes nest and machine.  Leaves plan_candidate rows (never clones of IR) and ETG JSON. */
#ifndef LOOM_EXPLORE_EXPLORE_H
#define LOOM_EXPLORE_EXPLORE_H
#include "machine/machine.h"
#include "nest/nest.h"
#include "plan/plan.h"

/* FULL: all that Loom knows.  UPSTREAM: exactly upstream's list: factor splits x Pareto orderings, largest broadcast only, upstream's order and names
 * (loom-dataflow.md 1.4, 1.6, 7.3).  LEGACY: its older list: whole mesh dims, all broadcasts, all temporal orders; 48 names for a matmul on 8x8. */
typedef enum explore_kind { EXPLORE_FULL, EXPLORE_UPSTREAM, EXPLORE_LEGACY } explore_kind;

typedef struct explore_options {
  explore_kind kind;
  bool upstream_compatible;      /* the same as kind UPSTREAM */
  bool occupancy;                /* UPSTREAM: also on 2, 4, .. cores of each mesh dim, not on all only */
  bool unicast;                  /* UPSTREAM: no load is shared */
  bool accumulate_f32;           /* accumulators of narrow floats are f32, so that no store of a narrow tensor can leave straight from one */
  unsigned lacking;              /* plan_feature bits that the reader of the plan cannot do: the space (explore_space.h) leaves them out */
  const char *variant;           /* keep only this name; unknown: LOOM_EUSAGE with the nearest names */
  const char *const *pins; size_t n_pins;   /* "load.x=bcast_y", "order=10" */
  int64_t candidate_limit;       /* LOOM_ELIMIT beyond; 0: 1,000,000 */
} explore_options;

/* total: candidates there are, of a whole space its mappings times its loop orders; pruned: those that are no rows. */
typedef struct explore_table { VEC_OF(plan_candidate *) rows; int64_t total, pruned; } explore_table;
LOOM_MUST_USE loom_status explore_run(loom_ctx *ctx, const nest *n, const machine *m, const explore_options *o, explore_table *out);

/* ETG JSON (loom.md 2): generation 1, 2 or 3; `resolved` adds scenarios (time_cost) to leaves: p02. */
LOOM_MUST_USE loom_status explore_etg(loom_ctx *ctx, const nest *n, const machine *m, const explore_table *t, int generation, bool resolved, data_value **out);
#endif
