/* z3: expressions over finite domains as linear constraints.  Inside solve/z3 only.
 *
 * Symbol s with sizes v[0] < .. < v[n-1] is n-1 truth values "at least v[i]".  An expression of one symbol is the table of its values; a product with such a factor f splits
 * over f's distinct values: f >= c  =>  p >= c * q, where q >= 0.  So every constraint is linear, and one about a range of sizes speaks of one or two truth values.
 *
 * What keeps a certificate sound: every constraint that defines a term can be satisfied whatever the sizes are.  Terms stay in [lo, hi], values that do not exist (a divisor of 0,
 * beyond 64 bits) stand for any number in there, and `valid` says whether a term's value exists.  Only what the problem asks for restricts the sizes. */
#ifndef LOOM_SOLVE_Z3_PRIVATE_H
#define LOOM_SOLVE_Z3_PRIVATE_H
#include "solve/solve_private.h"
#include <z3.h>

/* Possible values of an expression, ascending, and when it is at least each: at_least[0] is true, at_least[n] false. */
typedef struct z3_factor { int32_t n; const int64_t *value; Z3_ast *at_least; } z3_factor;

/* One distinct subexpression. */
typedef struct z3_node {
  const sym_expr *e;
  int arg[3];
  uint64_t hash;
  int older;                                 /* in its bucket, index + 1 */
  uint32_t symbols;                          /* those it names */
  bool is_truth, is_made;
  sym_wide lo, hi;                           /* of `term`, in every model */
  Z3_ast term;                               /* of a node with one symbol: made when it is needed */
  Z3_ast valid;                              /* NULL: always */
  const z3_factor *factor;                   /* of a node with one symbol: what it is made of */
  const z3_factor *listed;                   /* of a node with several: its values, once they were asked for */
} z3_node;

enum { Z3_BUCKETS = 1 << 9 };

typedef struct z3_encoder {
  loom_ctx *ctx;
  Z3_context c;
  Z3_solver solver;
  Z3_sort integer, truth;
  Z3_ast yes, no;
  int n;
  const char *const *names;
  const solve_values *values;
  Z3_ast *at_least[SOLVE_SYMBOLS_MAX];       /* by index of the size; [0]: yes, [n]: no */
  VEC_OF(z3_node) nodes;
  int bucket[Z3_BUCKETS];
  int64_t constraints;
  const char *refusal;                       /* why there is no encoding; the terms made since are of no use */
} z3_encoder;

/* ---- z3_terms.c: a context, and constraints.  Every call of Z3 is followed by a look at its error code, which becomes a refusal. ---- */
/* `values` and `names` are kept. */
void z3_open(loom_ctx *ctx, int n, const char *const *names, const solve_values *values, unsigned rlimit, z3_encoder *out);
void z3_close(z3_encoder *z);
void z3_refuse(z3_encoder *z, const char *why);
Z3_ast z3_keep(z3_encoder *z, Z3_ast a);     /* `a`, or something harmless after an error */
void z3_assert(z3_encoder *z, Z3_ast a);
void z3_assert_if(z3_encoder *z, Z3_ast condition, Z3_ast then);
Z3_ast z3_number(z3_encoder *z, sym_wide v);
Z3_ast z3_integer(z3_encoder *z, sym_wide lo, sym_wide hi);       /* a new one */
Z3_ast z3_truth(z3_encoder *z);
Z3_ast z3_times(z3_encoder *z, int64_t c, Z3_ast a);
Z3_ast z3_plus(z3_encoder *z, Z3_ast a, Z3_ast b);
Z3_ast z3_minus(z3_encoder *z, Z3_ast a, Z3_ast b);
Z3_ast z3_le(z3_encoder *z, Z3_ast a, Z3_ast b);
Z3_ast z3_not(z3_encoder *z, Z3_ast a);
Z3_ast z3_and(z3_encoder *z, Z3_ast a, Z3_ast b);
Z3_ast z3_or(z3_encoder *z, Z3_ast a, Z3_ast b);
Z3_ast z3_both(z3_encoder *z, Z3_ast a, Z3_ast b);                /* NULL: true */
/* Symbol `s` has one of the sizes for which has[i]. */
Z3_ast z3_one_of(z3_encoder *z, int s, const bool *has);
/* LOOM_OK and *out: is there a model under the assumptions?  Z3_L_UNDEF: the effort was spent, nothing is known. */
Z3_lbool z3_check(z3_encoder *z, const Z3_ast *assumptions, size_t n);
/* The sizes of the model found last. */
void z3_read_point(z3_encoder *z, int64_t *out_values);

/* ---- z3_encode.c: expressions ---- */
/* `e` is true (not 0) and has a value. */
LOOM_MUST_USE loom_status z3_holds(z3_encoder *z, const sym_expr *e, Z3_ast *out);
/* `e` has a value in lo..hi. */
LOOM_MUST_USE loom_status z3_is_within(z3_encoder *z, const sym_expr *e, int64_t lo, int64_t hi, Z3_ast *out);

/* ---- z3_narrow.c ---- */
/* An expression with the values of `e` and fewer divisors. */
const sym_expr *z3_narrow(z3_encoder *z, const sym_expr *e);

/* ---- z3_factor.c: values of small expressions, listed ---- */
/* Makes a node that names at most one symbol. */
LOOM_MUST_USE loom_status z3_make_table(z3_encoder *z, int node);
/* The values of a made node; NULL: it names several symbols, and has too many values over their sizes. */
LOOM_MUST_USE loom_status z3_list_factor(z3_encoder *z, int node, const z3_factor **out);
int64_t z3_count_sizes(const z3_encoder *z, uint32_t symbols);
/* The term of a factor. */
Z3_ast z3_factor_term(z3_encoder *z, const z3_factor *f);
/* f * q, where q is in [lo, hi]; the product in [p_lo, p_hi]. */
Z3_ast z3_split_product(z3_encoder *z, const z3_factor *f, Z3_ast q, sym_wide lo, sym_wide hi, sym_wide p_lo, sym_wide p_hi);
/* a / f rounded up or down, where a >= lo, the quotient in [q_lo, q_hi]; any number where f < 1. */
Z3_ast z3_split_quotient(z3_encoder *z, bool up, const z3_factor *f, Z3_ast a, sym_wide lo, sym_wide q_lo, sym_wide q_hi);
/* a mod f, in [0, hi]. */
Z3_ast z3_split_remainder(z3_encoder *z, const z3_factor *f, Z3_ast a, sym_wide hi);

/* ---- z3_problem.c: what a problem asks for ---- */
bool z3_choice_is_allowed(const solve_problem *p, unsigned choice);
LOOM_MUST_USE loom_status z3_trip_holds(z3_encoder *z, const solve_trip *t, solve_trip_rule rule, Z3_ast *out);
LOOM_MUST_USE loom_status z3_capacity_holds(z3_encoder *z, const solve_problem *p, size_t i, unsigned choice, Z3_ast *out);
LOOM_MUST_USE loom_status z3_condition_holds(z3_encoder *z, const solve_problem *p, size_t i, unsigned choice, Z3_ast *out);

typedef struct z3_point { int64_t value[SOLVE_SYMBOLS_MAX]; unsigned choice; bool fits; int64_t cycles; } z3_point;
/* Fills fits and cycles by the problem's own expressions, nothing of Z3's; `values`: those that the symbols may have. */
LOOM_MUST_USE loom_status z3_evaluate(loom_ctx *ctx, const solve_problem *p, solve_trip_rule rule, const solve_values *values, z3_point *x);
#endif
