/* Inside solve only: how a problem is made ready, cut into parts, searched, counted and put into words. */
#ifndef LOOM_SOLVE_PRIVATE_H
#define LOOM_SOLVE_PRIVATE_H
#include "etg/etg.h"
#include "solve/solve_answers.h"
#include "sym/sym_interval.h"

/* Mirrored and reordered variants often pose the very same problem: each is searched once. */
enum { SOLVE_MEMO_BUCKETS = 1 << 10 };
typedef struct solve_memo_link { uint64_t hash; size_t older; /* of the same bucket, index + 1 */ } solve_memo_link;
typedef struct solve_memo { VEC_OF(const solve_problem *) problems; VEC_OF(solve_memo_link) links; size_t newest[SOLVE_MEMO_BUCKETS]; } solve_memo;
/* Its index among the distinct problems.  A new one must stay as it is. */
size_t solve_memo_add(arena *m, solve_memo *memo, const solve_problem *p);

/* ---- a problem made ready for the search ---- */
typedef sym_domain solve_values;

/* A compiled condition, looked at as soon as its last symbol has a value. */
typedef struct solve_check { sym_code *code; sym_bounds *bounds; /* NULL: small problem */ int64_t limit; bool is_truth; /* else: at most `limit` */ int depth; } solve_check;
typedef VEC_OF(solve_check) solve_checks;
typedef struct solve_ratio { sym_code *numerator, *denominator; int depth; } solve_ratio;

/* One choice of the booleans. */
typedef struct solve_round {
  unsigned choice;
  sym_code *cycles;
  sym_bounds *bounds;                        /* of the cycles; NULL: small problem */
  solve_checks fits, holds;                  /* fits: sizes that never fall when a symbol grows */
} solve_round;

typedef struct solve_ready {
  const solve_problem *p;
  solve_trip_rule rule;
  int n;                                     /* symbols, at least 1: a problem without any has one that is always 0 */
  const char *names[SOLVE_SYMBOLS_MAX];
  solve_values values[SOLVE_SYMBOLS_MAX];
  int64_t below[SOLVE_SYMBOLS_MAX + 1];      /* points under one value of symbol d - 1: product of the domains from d on */
  VEC_OF(solve_ratio) trips;                 /* of several symbols: they restrict which points there are */
  VEC_OF(solve_round) rounds;                /* by the tie rule: the first boolean counts most */
  const char *empty;                         /* a symbol without values, in words: nothing else is set */
  const char *fallback;
} solve_ready;

/* `needs_bounds`: also for a problem so small that a search without bounds is quicker. */
LOOM_MUST_USE loom_status solve_make_ready(loom_ctx *ctx, const solve_problem *p, bool needs_bounds, solve_ready *out);

/* Points of the box of domains that the trip rules leave, and how many of them satisfy everything. */
int64_t solve_count_points(const solve_ready *r);
bool solve_has_point(const solve_ready *r);
int64_t solve_count_feasible(const solve_ready *r);

/* What holds at one point, the symbols up to `depth` having their values. */
bool solve_trips_hold(const solve_ready *r, int depth, const int64_t *slots);
bool solve_conditions_hold(const solve_round *round, int depth, const int64_t *slots);
/* The symbols after `depth` stand at their smallest. */
bool solve_may_fit(const solve_round *round, int depth, const int64_t *slots);
/* Of n <= 64 values of the last symbol: bit i, all conditions that name it hold (`fits`: also those that never fall). */
uint64_t solve_lanes_hold(const solve_ready *r, const solve_round *round, const int64_t *slots, const int64_t *values, size_t n);

/* ---- the search of one part ---- */
/* The best point so far.  Ties: the problem, then the values, then the round. */
typedef struct solve_best { bool found; int64_t cycles; size_t problem; int round; int64_t value[SOLVE_SYMBOLS_MAX]; } solve_best;

/* A part of the box: the first `depth` symbols have the values at[..], symbol `depth` is in [from, to], the others are open. */
typedef struct solve_part {
  size_t problem;
  int round, depth;
  int32_t from, to;
  int32_t at[SOLVE_SYMBOLS_MAX];
  bool is_begun;                             /* the budget ended at `next` */
  int32_t next[SOLVE_SYMBOLS_MAX];
  int64_t bound, order;                      /* bound: proven for all its points */
} solve_part;

typedef struct solve_walk {
  solve_best best;                           /* in: the incumbent; out: better, or the same */
  int64_t budget;                            /* evaluations; negative: unlimited */
  int64_t evaluated, pruned;
  bool by_bound;                             /* something was skipped only because the incumbent is as good */
  bool ran_out;                              /* the part has been set to go on where it stopped */
} solve_walk;

/* Looks at the whole part, depth first, ascending.  Allocates nothing. */
void solve_walk_part(const solve_ready *r, solve_part *part, solve_walk *w);
int64_t solve_part_points(const solve_ready *r, const solve_part *part);
/* Least possible cycles of the part; 0 where there are no bounds. */
int64_t solve_part_bound(const solve_ready *r, const solve_part *part);
/* Nothing in the part can come before `best`. */
bool solve_part_loses(const solve_ready *r, const solve_part *part, const solve_best *best);
/* Splits a part into smaller ones, at most SOLVE_CHILDREN_MAX; what violates something is left out and counted in *pruned. */
enum { SOLVE_CHILDREN_MAX = 64 };
int solve_split_part(const solve_ready *r, const solve_part *part, solve_part *children, int64_t *pruned);

static inline int64_t solve_add(int64_t a, int64_t b) { return a > INT64_MAX - b ? INT64_MAX : a + b; }
static inline int64_t solve_mul(int64_t a, int64_t b) {
  int64_t v;
  return __builtin_mul_overflow(a, b, &v) ? INT64_MAX : v;
}

/* ---- reading an ETG variant ---- */
typedef VEC_OF(const char *) etg_names;
/* Cycles of the variant's loop tree; generation 1 aggregates by loom.md 3.5, 2 and 3 by 3.3.  LOOM_EUSAGE: a call is not resolved. */
LOOM_MUST_USE loom_status solve_etg_cycles(loom_ctx *ctx, const etg_variant *v, const sym_expr **out);
/* The same if only the loads cost anything (generation 1: loads and stores), only the computing, only the stores. */
LOOM_MUST_USE loom_status solve_etg_parts(loom_ctx *ctx, const etg_variant *v, solve_cost_parts *out);
/* Symbols, booleans, trips, capacities and conditions of the variant. */
void solve_etg_limits(arena *m, const etg_variant *v, solve_problem *out);

/* Guards of the file's own scenarios that overlap or leave a gap somewhere in the symbols' domains: a warning each with a witness, once a function.  Looks at a grid of
 * sizes: silence proves nothing. */
LOOM_MUST_USE loom_status solve_etg_guards(loom_ctx *ctx, const etg_variant *v, const solve_problem *p, etg_names *told);

/* Variants of a file, or rows of a table, that are answered. */
typedef struct solve_answered {
  loom_ctx *ctx;
  const solve_options *o;
  size_t n;
  const char **names;                    /* [n] */
  const solve_cost_parts *parts;         /* [n]; where o->explain */
  solve_memo memo;
  size_t *which;                         /* [n]: to distinct problems */
  solve_answer *answers;                 /* of these */
  const sym_expr **dram_bytes;           /* of these; NULL: not known */
  solve_limits again;                    /* for what is solved again: without a display */
  size_t best;                           /* n: none */
} solve_answered;
/* What else `o` asks for: a conflict in `rows` that are infeasible (NULL: there are no rows); explain, neighbours, topk, pareto in `out`. */
LOOM_MUST_USE loom_status solve_answer_more(const solve_answered *w, const data_value *rows, data_value *out);
/* block_sizes and booleans of a point, and a whole row of loom.solve.v1. */
void solve_point_to_data(arena *m, data_value *o, const solve_problem *p, const int64_t *value, const int *boolean);
data_value *solve_row_to_data(arena *m, const char *name, const solve_problem *p, const solve_answer *a);

/* ---- what is open ---- */
/* Parts of a search still to be looked at, by (bound, age). */
typedef struct solve_open { int64_t bound, age; void *of; } solve_open;
typedef VEC_OF(solve_open) solve_heap;
void solve_heap_push(arena *m, solve_heap *h, solve_open x);
/* Takes the first; there must be one. */
void *solve_heap_pop(solve_heap *h);
/* The least bound; INT64_MAX: nothing is open. */
static inline int64_t solve_heap_bound(const solve_heap *h) { return h->n ? h->at[0].bound : INT64_MAX; }

/* ---- domains ---- */
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
sym_interval solve_range(const solve_problem *p, const sym_expr *e, const int64_t *lo, const int64_t *hi);

/* ---- words ---- */
/* Why no point is feasible, at the smallest choice. */
const char *solve_explain(loom_ctx *ctx, const solve_problem *p, const solve_values *values);
/* Which symbol has no value under the rule; NULL: none is empty. */
const char *solve_explain_empty(loom_ctx *ctx, const solve_problem *p, solve_trip_rule rule, const solve_values *values);
const char *solve_bytes_text(arena *m, int64_t bytes);
/* A sum of sizes: "a*b*2 B + c*2 B". */
const char *solve_size_words(arena *m, const sym_expr *e);
/* The same with what it comes to: "a*b*2 B + c*2 B = 1.61 MB"; without a unit where the limit names no memory. */
const char *solve_amount_words(arena *m, const solve_capacity *c, const sym_expr *e, int64_t amount);
/* "L1 1.40 MB", or the bare number. */
const char *solve_room_words(arena *m, const solve_capacity *c);
/* "tile_m=32, tile_n=64, is_double_buffer=1" */
const char *solve_point_words(arena *m, const solve_problem *p, const int64_t *value, unsigned choice);

/* "tile_m = 32, as asked for" */
const char *solve_sizes_words(arena *m, const solve_symbol *x);
/* Where `by` steps from `value` lead, which need not be one of the values itself; below 0 or from v->n on: over an end. */
int32_t solve_step_index(const solve_values *v, int64_t value, int by);

/* L1 as if it did not matter. */
#define SOLVE_UNLIMITED_BYTES (INT64_C(1) << 40)
/* ---- what can be dropped from a problem ---- */
typedef enum solve_limit_kind { SOLVE_LIMIT_CONDITION, SOLVE_LIMIT_TRIP, SOLVE_LIMIT_SIZES /* asked for by the user */, SOLVE_LIMIT_CAPACITY } solve_limit_kind;
typedef struct solve_limit { solve_limit_kind kind; size_t at; } solve_limit;
typedef VEC_OF(solve_limit) solve_limit_list;
/* In the order in which they are dropped when a conflict is looked for: memories are kept longest.  Alignments and natural ends of sizes are no limits. */
void solve_list_limits(arena *m, const solve_problem *p, solve_limit_list *out);
/* The problem without the limits that are dropped (one flag for each of `l`), under its own trip rule. */
solve_problem *solve_without(arena *m, const solve_problem *p, const solve_limit_list *l, const bool *dropped);
/* One problem, nothing said of it; false: it cannot be solved (too many sizes, say). */
bool solve_again(loom_ctx *ctx, const solve_problem *p, const solve_limits *l, solve_answer *out);
/* The problem under the trip rule that answered it. */
const solve_problem *solve_as_answered(arena *m, const solve_problem *p, const solve_answer *a);
const char *solve_limit_words(arena *m, const solve_problem *p, const solve_limit *l);

/* ---- options ---- */
/* Puts the user's domains into the problem; an unknown symbol is LOOM_EUSAGE. */
LOOM_MUST_USE loom_status solve_apply_options(loom_ctx *ctx, const solve_options *o, solve_problem *p);
bool solve_is_assigned(const solve_problem *p);
/* The block symbols of a nest, as the kernel and the user restrict them.  LOOM_EINFEASIBLE: the user assigns a size that the kernel does not leave. */
LOOM_MUST_USE loom_status solve_block_symbols(loom_ctx *ctx, const nest *n, const solve_options *o, solve_problem *p);
/* A candidate under one of upstream's models. */
LOOM_MUST_USE loom_status solve_pose_row(loom_ctx *ctx, const nest *n, const model_cost *cost, const solve_options *o, solve_problem *p);
solve_limits solve_limits_of(const solve_options *o);
#endif
