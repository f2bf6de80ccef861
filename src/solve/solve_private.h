/* Inside solve only: one problem over finite domains, whoever poses it (a candidate or an ETG variant). */
#ifndef LOOM_SOLVE_PRIVATE_H
#define LOOM_SOLVE_PRIVATE_H
#include "etg/etg.h"
#include "solve/solve.h"

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
  int64_t cycles, lower_bound, points, feasible, evaluated, pruned;
  int64_t value[SOLVE_SYMBOLS_MAX];          /* by symbol */
  int boolean[SOLVE_BOOLEANS_MAX];
  bool ragged;                               /* some trip does not divide */
  const char *why;                           /* infeasible: in words */
  const char *fallback;                      /* why ceilings were used; NULL: they were not */
} solve_answer;

/* Finds the smallest (cycles, symbol values, booleans).  `budget_ops` evaluations at most; 0: unlimited. */
LOOM_MUST_USE loom_status solve_search(loom_ctx *ctx, const solve_problem *p, int64_t budget_ops, solve_answer *out);

/* Mirrored and reordered variants often pose the very same problem: each is searched once.  `p` must stay as it is. */
typedef struct solve_memo { VEC_OF(const solve_problem *) problems; VEC_OF(const solve_answer *) answers; int64_t evaluated, pruned; } solve_memo;
LOOM_MUST_USE loom_status solve_once(loom_ctx *ctx, solve_memo *memo, const solve_problem *p, int64_t budget_ops, const solve_answer **out);

/* ---- reading an ETG variant ---- */
/* Cycles of the variant's loop tree; generation 1 aggregates by loom.md 3.5, 2 and 3 by 3.3.  LOOM_EUSAGE: a call is not resolved. */
LOOM_MUST_USE loom_status solve_etg_cycles(loom_ctx *ctx, const etg_variant *v, const sym_expr **out);
/* Symbols, booleans, trips, capacities and conditions of the variant. */
void solve_etg_limits(arena *m, const etg_variant *v, solve_problem *out);

/* ---- domains ---- */
typedef struct solve_values { int64_t *at; size_t n; } solve_values;
/* The values of every symbol that pass the trip rules naming no other symbol. */
LOOM_MUST_USE loom_status solve_list_values(loom_ctx *ctx, const solve_problem *p, solve_trip_rule rule, solve_values *out);
/* Trip rules of one trip at a point; slot i is symbol i. */
bool solve_trip_holds(solve_trip_rule rule, int64_t numerator, int64_t denominator);
/* Does the trip restrict anything: does it name a symbol the user did not assign? */
bool solve_trip_is_free(const solve_problem *p, const solve_trip *t);
/* Last symbol (by index) that `e` names, -1 when none. */
int solve_last_symbol(const solve_problem *p, const sym_expr *e);
/* `e` is never negative and never falls when a symbol grows, by its structure. */
bool solve_is_monotone(const sym_expr *e);
/* `e` with boolean i replaced by bit i of `choice`. */
const sym_expr *solve_fix_booleans(arena *m, const solve_problem *p, const sym_expr *e, unsigned choice);

/* Proven bounds of `e` while every symbol stays in [lo, hi]; a symbol the problem does not know can be anything. */
int64_t solve_upper_bound(const solve_problem *p, const sym_expr *e, const int64_t *lo, const int64_t *hi);
int64_t solve_lower_bound(const solve_problem *p, const sym_expr *e, const int64_t *lo, const int64_t *hi);

/* ---- words ---- */
/* Why no point is feasible, at the smallest choice. */
const char *solve_explain(loom_ctx *ctx, const solve_problem *p, const solve_values *values);
/* Which symbol has no value under the rule; NULL: none is empty. */
const char *solve_explain_empty(loom_ctx *ctx, const solve_problem *p, solve_trip_rule rule, const solve_values *values);
const char *solve_bytes_text(arena *m, int64_t bytes);

/* ---- options ---- */
/* Puts the user's domains into the problem; an unknown symbol is LOOM_EUSAGE. */
LOOM_MUST_USE loom_status solve_apply_options(loom_ctx *ctx, const solve_options *o, solve_problem *p);
bool solve_is_assigned(const solve_problem *p);
#endif
