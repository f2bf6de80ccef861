/* solve: block sizes with proof.  Takes nest, machine, candidates.  Leaves the best plan and one verdict per candidate.
 * Branch and bound over finite domains, all problems together: exact.  Ties: within a candidate the smallest (cycles, symbols in file order,
 * booleans); between candidates the first.  What comes out, counters included, does not depend on the number of threads. */
#ifndef LOOM_SOLVE_SOLVE_H
#define LOOM_SOLVE_SOLVE_H
#include "explore/explore_space.h"
#include "model/model.h"

typedef struct solve_domain { const char *symbol; int64_t lb, ub; /* 0: default */ int64_t assigned; /* 0: free */ } solve_domain;
struct solve_opinion;
typedef struct solve_options {
  model_kind model; bool accumulate_f32;
  model_sharing sharing;                              /* of the loom model: which values may share L1 bytes */
  int64_t dram_limit;                                 /* of the loom model: DRAM bytes, read and written, of what may win; 0: any */
  const solve_domain *domains; size_t n_domains;      /* from --config and --block-sizes; unknown symbol: LOOM_EUSAGE */
  bool ragged;                                        /* ceilings everywhere; otherwise exact divisibility, and ceilings only where the exact domain is empty */
  int assigned_double_buffer;                         /* -1 free, 0, 1 */
  int64_t op_budget;                                  /* evaluations; 0: unlimited; spent: best_found with its bound */
  int top_k;
  int threads;                                        /* 0: one */
  bool only_best;                                     /* rows that cannot win need no answer of their own: they may end as undecided */
  double timeout_s;                                   /* then best_found with its bound; 0: none */
  void (*progress)(void *data, int64_t done, int64_t left, int64_t best, int64_t bound); void *progress_data;     /* as in solve_limits; NULL: none */
  const struct solve_opinion *opinion;                /* certify.h: who is asked whether every answer is right; NULL: nobody */
  bool explain, neighbours, pareto;                   /* of solve_etg: what else is answered (solve_answers.h); with top_k > 0 also the best so many variants */
} solve_options;

/* UNDECIDED: no point was looked for to the end: `lower_bound` says that nothing here beats the winner, or the time was up. */
typedef enum solve_status { SOLVE_OPTIMAL, SOLVE_BEST_FOUND, SOLVE_ASSIGNED, SOLVE_INFEASIBLE, SOLVE_UNDECIDED } solve_status;
const char *solve_status_text(solve_status s);
/* There is a point, with its cycles. */
static inline bool solve_has_answer(solve_status s) { return s != SOLVE_INFEASIBLE && s != SOLVE_UNDECIDED; }

/* ---- one problem over finite domains, whoever poses it: a candidate, an ETG variant, a test ---- */
enum { SOLVE_SYMBOLS_MAX = 32, SOLVE_BOOLEANS_MAX = 6, SOLVE_DOMAIN_MAX = 1 << 20 };

/* How trip counts restrict block sizes. */
typedef enum solve_trip_rule {
  SOLVE_TRIPS_ANY,          /* ceilings: no restriction */
  SOLVE_TRIPS_COVER,        /* denominator <= numerator (ETG generation 2) */
  SOLVE_TRIPS_EXACT         /* numerator divisible by denominator */
} solve_trip_rule;

typedef struct solve_symbol { const char *name; int64_t align, upper; /* natural upper bound */ int64_t lb, ub, assigned; /* of the user; 0: none */ } solve_symbol;
typedef struct solve_boolean { const char *name; int assigned; /* -1: free */ } solve_boolean;
typedef struct solve_trip { const sym_expr *numerator, *denominator; } solve_trip;
typedef struct solve_capacity { const char *memory; /* NULL: an inequality of the file, without units */ const sym_expr *bytes; int64_t limit; } solve_capacity;

typedef struct solve_problem {
  VEC_OF(solve_symbol) symbols;              /* in file order */
  VEC_OF(solve_boolean) booleans;
  const sym_expr *cycles;                    /* over symbols and booleans */
  VEC_OF(solve_capacity) capacities;
  VEC_OF(const sym_expr *) conditions;       /* must hold */
  VEC_OF(solve_trip) trips;
  solve_trip_rule rule;
  bool falls_back;                           /* an empty domain is tried again with ceilings */
} solve_problem;

typedef struct solve_answer {
  solve_status status;
  int64_t cycles, lower_bound;               /* UNDECIDED: cycles is INT64_MAX */
  int64_t points;                            /* of the domains, for all choices of the booleans */
  int64_t feasible;                          /* of these; of a stopped search and of one that lost to another problem: as many as were seen */
  int64_t evaluated, pruned;                 /* points; a finished search has seen each point of the box of domains in one of these */
  int64_t value[SOLVE_SYMBOLS_MAX];          /* by symbol */
  int boolean[SOLVE_BOOLEANS_MAX];
  bool ragged;                               /* some trip does not divide */
  const char *why;                           /* infeasible or undecided: in words */
  const char *fallback;                      /* why ceilings were used; NULL: they were not */
} solve_answer;

/* Processes that search one space together: each asks the same of the same kernel and machine, and gets the same answer.  Messages between two of them come in order.  Statuses: LOOM_EWORKER
 * when the job is over, said by whoever ends it. */
typedef struct solve_ranks {
  int number, size;                          /* of this one, from 0; of all */
  void *data;
  loom_status (*send)(loom_ctx *ctx, void *data, int to, const void *bytes, size_t size);            /* copies; does not wait for who is to get it */
  loom_status (*receive)(loom_ctx *ctx, void *data, int from, void **bytes, size_t *size);           /* waits; in ctx->scratch */
} solve_ranks;

/* A long search of a space goes on in rounds of its parts (solve_space_parts.c): effort before the first, effort of a part in each; 0: as is good. */
typedef struct solve_rounds { int64_t first, each; } solve_rounds;

typedef struct solve_limits {
  int64_t op_budget;                         /* evaluations for each incumbent: for each problem, or for all when they share one; 0: unlimited */
  double timeout_s;                          /* looked at between epochs; 0: none.  The only thing that depends on the clock. */
  int threads;                               /* 0: one */
  const solve_ranks *ranks;                  /* of a space; NULL: this process alone */
  solve_rounds rounds;
  /* After every epoch, for a display: points done and left, best cycles so far (INT64_MAX: none), proven lower bound. */
  void (*progress)(void *data, int64_t done, int64_t left, int64_t best, int64_t bound);
  void *data;
} solve_limits;

/* Answers n problems.  `one_incumbent`: only the best of all matters, ties to the first; the others may end as best_found or undecided, with a
 * bound that is not below what won (or, when the search was stopped, a proven one).  A cost beyond 64 bits, below 0 or undefined counts as the
 * largest there is; a winner with only such points is LOOM_ELIMIT.  More than SOLVE_SYMBOLS_MAX symbols or SOLVE_BOOLEANS_MAX booleans: LOOM_ELIMIT. */
LOOM_MUST_USE loom_status solve_problems(loom_ctx *ctx, const solve_problem *const *p, size_t n, bool one_incumbent, const solve_limits *l, solve_answer *out);

/* ---- candidates ---- */
struct solve_certificate;
typedef struct solve_row { const plan_candidate *candidate; solve_status status; int64_t cycles, lower_bound; VEC_OF(plan_block) blocks; int double_buffer;
  int64_t points, feasible /* -1: not counted */; bool ragged; const char *why; /* infeasible: in words, "tile_m*tile_k*2 + .. = 1.61 MB > L1 1.40 MB" */
  const struct solve_certificate *certificate; /* certify.h; NULL: nobody was asked */ } solve_row;
typedef struct solve_result { VEC_OF(solve_row) rows; int best; /* index, -1 none */ int64_t evaluated, pruned; double solver_ms; } solve_result;

LOOM_MUST_USE loom_status solve_run(loom_ctx *ctx, const nest *n, const machine *m, const explore_table *t, const solve_options *o, solve_result *out);
/* The same for a whole space under the loom model, exactly; rows: the best o->top_k (at least one), one for each mapping and loop order, ties to the
 * earlier (solve_space.h).  Sizes need not divide.  Nothing feasible: LOOM_EINFEASIBLE with the buffers in words. */
LOOM_MUST_USE loom_status solve_space(loom_ctx *ctx, const explore_space *s, const solve_options *o, const solve_limits *l, solve_result *out);
/* And for the rows of a table under the loom model: mapping and movement hold, all loads have one slot or all have two.  Sizes divide unless o->ragged, or
 * nothing does.  Rows as the table has them; with o->only_best those that do not win end as undecided. */
LOOM_MUST_USE loom_status solve_rows(loom_ctx *ctx, const nest *n, const machine *m, const explore_table *t, const solve_options *o, const solve_limits *l, solve_result *out);
/* One candidate at the sizes that o->domains assign, all of them, under the loom model: one row.  LOOM_EINPUT: not of this kernel. */
LOOM_MUST_USE loom_status solve_given(loom_ctx *ctx, const nest *n, const machine *m, const plan_candidate *c, const solve_options *o, solve_result *out);
/* The finished plan of one row: costs, buffers with offsets, proof.  Nothing feasible is LOOM_EINFEASIBLE with the reasons in words (raised by solve_run). */
LOOM_MUST_USE loom_status solve_plan(loom_ctx *ctx, const nest *n, const machine *m, const solve_options *o, const solve_row *row, plan **out);

/* `loom solve`: reads an ETG of any generation (unresolved ones need a machine) and solves every variant; prints loom.solve.v1. */
LOOM_MUST_USE loom_status solve_etg(loom_ctx *ctx, const data_value *etg, const machine *m, const solve_options *o, data_value **out);
#endif
