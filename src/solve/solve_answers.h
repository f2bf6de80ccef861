/* answers: what a person wants to know beyond the answer itself.  What binds and what it costs, what one step of each size costs, why the next best
 * lost, what cannot hold together, what could be traded for what.  Nothing is estimated: every number is an optimum, or the cost of a point, of the
 * same model.  Texts and lists are of ctx->mem. */
#ifndef LOOM_SOLVE_ANSWERS_H
#define LOOM_SOLVE_ANSWERS_H
#include "explore/explore_space.h"
#include "solve/solve.h"

/* ---- steps ---- */

/* One size moved by `by` places in the list of its possible values, all others kept. */
typedef struct solve_step {
  const char *symbol;
  int by;
  int64_t from, to;                      /* to: -1 where there is no such value */
  int64_t cycles;                        /* -1: it cannot be */
  const char *why;                       /* why it cannot; else NULL */
} solve_step;
typedef VEC_OF(solve_step) solve_steps;

/* 1..reach steps down and up of every symbol, and the other value of every boolean that is free; `a` has a point.  LOOM_ELIMIT as solve_problems. */
LOOM_MUST_USE loom_status solve_list_steps(loom_ctx *ctx, const solve_problem *p, const solve_answer *a, int reach, solve_steps *out);

/* ---- one case among others ---- */

typedef struct solve_cost_part { const char *name; const sym_expr *cycles; /* if nothing else cost anything */ } solve_cost_part;
typedef VEC_OF(solve_cost_part) solve_cost_parts;
typedef struct solve_case { const char *name; const solve_problem *problem; const solve_answer *answer; solve_cost_parts parts; } solve_case;

typedef struct solve_term { const char *name; int64_t cycles; } solve_term;
/* A limit, and the optimum without it: `cycles` is less than what was found where the limit binds. */
typedef struct solve_binding { const char *words; int64_t cycles; bool is_proven; } solve_binding;

/* Another way for one load or store, all else kept, by the labels of plan.h. */
typedef struct solve_move { const char *access, *from, *to; int64_t cycles; /* -1: it does not fit */ const char *why; } solve_move;

typedef struct solve_explanation {
  const char *binding;                   /* the largest term and what it leaves, in words */
  VEC_OF(solve_term) terms;
  VEC_OF(solve_binding) limits;          /* all of them, those that bind first */
  solve_steps steps;                     /* one each way */
  VEC_OF(solve_move) moves;              /* of a space: for each access the best other sharing, number of slots, place */
  int64_t ties;                          /* other cases that are as good */
  const char *runner_up;                 /* the best of the cases that are not; NULL: there is none */
  int64_t runner_up_cycles;
  const char *why_lost;
} solve_explanation;

/* Why cases[best], which has a point, is the best.  `l` holds for each of the problems solved again. */
LOOM_MUST_USE loom_status solve_explain_case(loom_ctx *ctx, const solve_case *cases, size_t n, size_t best, const solve_limits *l, solve_explanation *out);
data_value *solve_explanation_to_data(arena *m, const solve_explanation *e);
data_value *solve_steps_to_data(arena *m, const solve_steps *s);

/* ---- nothing is feasible ---- */

/* A limit in words, and its place among all of the problem's; `limit` -1: no limit but the sizes themselves. */
typedef struct solve_conflict_item { const char *words; int limit; } solve_conflict_item;
typedef VEC_OF(solve_conflict_item) solve_conflict_items;
/* `alone`: each of these cannot be satisfied whatever else holds.  Where there is none, `together`: these cannot all hold, while any of them may be
 * dropped and the rest can (`is_minimal`: that was proven). */
typedef struct solve_conflict { solve_conflict_items alone, together; bool is_minimal; } solve_conflict;
/* `a` is infeasible. */
LOOM_MUST_USE loom_status solve_find_conflict(loom_ctx *ctx, const solve_problem *p, const solve_answer *a, const solve_limits *l, solve_conflict *out);
data_value *solve_conflict_to_data(arena *m, const solve_conflict *c);

/* ---- trades ---- */

enum { SOLVE_AIMS_MAX = 4 };
typedef struct solve_aim { const char *name; const sym_expr *value; /* NULL: 0 */ } solve_aim;
typedef struct solve_aims { size_t n; solve_aim at[SOLVE_AIMS_MAX]; } solve_aims;      /* each the less the better; the first is cycles */
typedef struct solve_trade { size_t problem; int64_t aim[SOLVE_AIMS_MAX]; int64_t value[SOLVE_SYMBOLS_MAX]; int boolean[SOLVE_BOOLEANS_MAX]; } solve_trade;
typedef VEC_OF(solve_trade) solve_trades;

/* The points of all problems that no point beats in one aim without losing in another, one for each different tuple of aims, ascending.  aims[i] are
 * problem i's, equally many of each.  *out_complete: all were found; else op_budget or timeout_s of `l` ended the search. */
LOOM_MUST_USE loom_status solve_find_trades(loom_ctx *ctx, const solve_problem *const *p, const solve_aims *aims, size_t n, const solve_limits *l,
                                            solve_trades *out, bool *out_complete);

/* ---- the candidates of one kernel ---- */

/* What was searched: a space, or the rows of a table. */
typedef struct solve_field {
  const nest *nest; const machine *machine;
  const explore_space *space;            /* NULL: the rows of */
  const explore_table *table;
  const solve_options *o;
  const explore_options *explore;        /* of the space; where it leaves out what no program can be written for yet, the cost of that is told.  NULL: not asked */
} solve_field;

/* Adds to `out` what f->o asks for of explain, neighbours, topk and pareto; `r` is what solve_space, solve_rows or solve_run found. */
LOOM_MUST_USE loom_status solve_answer_field(loom_ctx *ctx, const solve_field *f, const solve_result *r, data_value *out);

/* Under the loom model.  Why r->rows[r->best] is the best: sizes step with the winner's own ways; the runner-up has another mapping or loop order. */
LOOM_MUST_USE loom_status solve_explain_field(loom_ctx *ctx, const solve_field *f, const solve_result *r, const solve_limits *l, solve_explanation *out);
/* Like solve_find_trades for cycles, L1 bytes of a core and DRAM bytes of the machine.  *out_complete false: a limit of `l`, or of the number of searches, was reached;
 * then these are trades, but not all. */
typedef struct solve_row_trade { int64_t cycles, l1_bytes, dram_bytes; solve_row row; } solve_row_trade;
typedef VEC_OF(solve_row_trade) solve_row_trades;
LOOM_MUST_USE loom_status solve_field_trades(loom_ctx *ctx, const solve_field *f, const solve_limits *l, solve_row_trades *out, bool *out_complete);
/* Nothing was feasible, under any model: why; of upstream's models for the first row.  Both lists empty: not known. */
LOOM_MUST_USE loom_status solve_explain_nothing(loom_ctx *ctx, const solve_field *f, solve_conflict *out);
/* The same under the loom model: what of the sizes asked for and the memory cannot hold together; both lists empty: it is for other reasons. */
LOOM_MUST_USE loom_status solve_find_field_conflict(loom_ctx *ctx, const solve_field *f, const solve_limits *l, solve_conflict *out);
LOOM_MUST_USE loom_status solve_list_field_steps(loom_ctx *ctx, const solve_field *f, const solve_row *row, int reach, solve_steps *out);
#endif
