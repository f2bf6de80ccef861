/* certify: a second opinion, by Z3, on what the search says.  Implemented in solve/z3, which only loom-worker links; this header is plain.
 * A problem becomes linear: one truth value for "symbol s has at least its i-th size", one query for each choice of the booleans.  Plain solver only (optimising over
 * products is wrong, silently), effort by rlimit (never a clock), and every point Z3 offers is looked at again by our own evaluation. */
#ifndef LOOM_SOLVE_CERTIFY_H
#define LOOM_SOLVE_CERTIFY_H
#include "machine/machine.h"
#include "solve/solve.h"

/* Of each query, a minute or more; a variant with a few hundred points takes a thousandth of it. */
#define SOLVE_RLIMIT 100000000u

/* NOT_CERTIFIED says nothing against the answer: the effort was spent, the problem has no such encoding, or the answer claims no proof. */
typedef enum solve_verdict { SOLVE_CERTIFIED, SOLVE_NOT_CERTIFIED, SOLVE_REFUTED } solve_verdict;

/* CERTIFIED: what `a` says is so.  Optimal or assigned: its point satisfies everything and costs what it says, and no point costs less.  Best found or undecided: the point (if there is
 * one) is so, and no point costs less than `lower_bound`.  Infeasible: no point satisfies everything.  Which of several equal points is the first is not certified, nor how many
 * points there are.  REFUTED: a better point exists; *why has both.  *why is NULL when certified.  Deterministic. */
LOOM_MUST_USE loom_status solve_certify(loom_ctx *ctx, const solve_problem *p, const solve_answer *a, unsigned rlimit, solve_verdict *out, const char **why);

/* Limits of an infeasible problem that cannot hold together, while any of them may be dropped and the rest can.  Indices of solve_list_limits (solve_private.h), dropped in its
 * order one by one: the answer does not depend on Z3's own core.  None: the sizes left without any limit do not do either.  is_minimal false: the effort was spent on some
 * question, and the limit was kept. */
typedef struct solve_core { VEC_OF(int) limits; VEC_OF(const char *) words; bool is_minimal; } solve_core;
/* `a` says that `p` is infeasible; LOOM_EBUG where it is not, with the point.  LOOM_ELIMIT: not even that is proven within `rlimit`. */
LOOM_MUST_USE loom_status solve_find_core(loom_ctx *ctx, const solve_problem *p, const solve_answer *a, unsigned rlimit, solve_core *out);

/* The scenarios of `f` exclude each other, and one of them holds wherever f->when does, whatever its symbols are in 1..SOLVE_GUARD_SIZE_MAX.  Where that is not so, a warning as
 * machine_check's with the least sizes at which it happens, multiples of 32 if there are such; *out_proven is false then, and where the effort was spent or a guard has an
 * operation on open sizes that has no encoding.  For where the grid of machine_check says nothing. */
#define SOLVE_GUARD_SIZE_MAX (INT64_C(1) << 20)
LOOM_MUST_USE loom_status solve_prove_guards(loom_ctx *ctx, const machine_func *f, unsigned rlimit, bool *out_proven);

/* ---- asked from plain rooms (solve_options.opinion); solve_second.c ---- */

typedef struct solve_opinion {
  loom_status (*certify)(loom_ctx *ctx, const solve_problem *p, const solve_answer *a, unsigned rlimit, solve_verdict *out, const char **why);
  loom_status (*find_core)(loom_ctx *ctx, const solve_problem *p, const solve_answer *a, unsigned rlimit, solve_core *out);
  loom_status (*prove_guards)(loom_ctx *ctx, const machine_func *f, unsigned rlimit, bool *out_proven);
  unsigned rlimit;
} solve_opinion;

typedef struct solve_certificate { bool is_certified; const char *why; /* not certified */ solve_core core; /* certified as infeasible */ } solve_certificate;
/* LOOM_EBUG: the answer to `name` is refuted. */
LOOM_MUST_USE loom_status solve_ask_opinion(loom_ctx *ctx, const solve_opinion *o, const char *name, const solve_problem *p, const solve_answer *a, solve_certificate *out);
/* Of all rows together: nothing in any of them is better than the best.  Not certified where nobody was asked about a row. */
solve_certificate solve_certificate_of(const solve_result *r);
/* certified, reason, core of a row of loom.solve.v1. */
void solve_certificate_to_data(arena *m, const solve_certificate *c, data_value *row);
#endif
