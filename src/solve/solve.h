/* solve: block sizes with proof.  Takes nest, machine, candidates.  Leaves the best plan and one verdict per candidate.
 * Exhaustive over finite domains with monotone capacity pruning: exact.  Ties: smallest (cycles, symbols in file order, booleans), then candidate order. */
#ifndef LOOM_SOLVE_SOLVE_H
#define LOOM_SOLVE_SOLVE_H
#include "explore/explore.h"
#include "model/model.h"

typedef struct solve_domain { const char *symbol; int64_t lb, ub; /* 0: default */ int64_t assigned; /* 0: free */ } solve_domain;
typedef struct solve_options {
  model_kind model; bool accumulate_f32;
  const solve_domain *domains; size_t n_domains;      /* from --config and --block-sizes; unknown symbol: LOOM_EUSAGE */
  bool ragged;                                        /* ceilings everywhere; otherwise exact divisibility, and ceilings only where the exact domain is empty */
  int assigned_double_buffer;                         /* -1 free, 0, 1 */
  int64_t op_budget;                                  /* evaluations; 0: unlimited; spent: best_found with its bound */
  int top_k;
} solve_options;

typedef enum solve_status { SOLVE_OPTIMAL, SOLVE_BEST_FOUND, SOLVE_ASSIGNED, SOLVE_INFEASIBLE } solve_status;
const char *solve_status_text(solve_status s);

typedef struct solve_row { const plan_candidate *candidate; solve_status status; int64_t cycles, lower_bound; VEC_OF(plan_block) blocks; int double_buffer;
  int64_t points, feasible; bool ragged; const char *why; /* infeasible: in words, "tile_m*tile_k*2 + .. = 1.61 MB > L1 1.40 MB" */ } solve_row;
typedef struct solve_result { VEC_OF(solve_row) rows; int best; /* index, -1 none */ int64_t evaluated, pruned; double solver_ms; } solve_result;

LOOM_MUST_USE loom_status solve_run(loom_ctx *ctx, const nest *n, const machine *m, const explore_table *t, const solve_options *o, solve_result *out);
/* The finished plan of one row: costs, buffers with offsets, proof.  Nothing feasible is LOOM_EINFEASIBLE with the reasons in words (raised by solve_run). */
LOOM_MUST_USE loom_status solve_plan(loom_ctx *ctx, const nest *n, const machine *m, const solve_options *o, const solve_row *row, plan **out);

/* `loom solve`: reads an ETG of any generation (unresolved ones need a machine) and solves every variant; prints loom.solve.v1. */
LOOM_MUST_USE loom_status solve_etg(loom_ctx *ctx, const data_value *etg, const machine *m, const solve_options *o, data_value **out);
#endif
