/* axis_split: loops over which an access has floordiv and mod become mixed-radix loops over which it has none.
 *
 * A variable x of 0..E-1 with boundaries 1 = b0 < b1 < .. < bn = E, each of which divides the next, is x = sum of digit_i * b_i with
 * 0 <= digit_i < b(i+1)/b(i).  Over the digits, (x floordiv k) mod m is linear where k and k*m are boundaries: then strides say it.
 * k is a boundary only where it divides E (and k*m, where there is a mod); boundaries of one variable that form no such chain leave it whole.
 * What is not linear then has to be copied (axis_pick_copy): an access is never given strides that it does not have. */
#ifndef LOOM_NETWORK_AXIS_SPLIT_H
#define LOOM_NETWORK_AXIS_SPLIT_H
#include "network/axis_expr.h"

enum { AXIS_BOUNDARIES_MAX = 16 };
typedef struct axis_boundaries {
  int n[AXIS_MAX];
  int64_t at[AXIS_MAX][AXIS_BOUNDARIES_MAX];      /* by variable: 1 < at < extent, each once, in any order */
  bool has_many;                                  /* a floordiv or mod of more than one variable, which no split of one variable takes away */
  bool is_uneven;                                 /* a boundary that does not divide its variable's extent */
} axis_boundaries;
/* Adds those of `e` to `into` (zero: none yet). */
void axis_collect(const axis_space *s, axis_expr e, axis_boundaries *into);

/* Variable v of the old space is variables first[v] .. first[v] + count[v] - 1 of the new one, the most significant first; digit i counts `unit[i]`. */
typedef struct axis_plan { axis_space to; int first[AXIS_MAX], count[AXIS_MAX]; int64_t unit[AXIS_MAX]; axis_expr by[AXIS_MAX]; /* old variable over the new ones */ bool is_split; bool no_chain[AXIS_MAX]; } axis_plan;
/* False: the new space would have more than AXIS_MAX variables. */
bool axis_find_plan(arena *m, const axis_space *s, const axis_boundaries *all, axis_plan *out);
axis_expr axis_split(arena *m, const axis_plan *p, axis_expr e);

/* Which of the n accesses is to be copied so that strides can say the others: -1: none, the plan makes all of them linear.
 * elems[i]: how many elements a copy of it would have; the smallest goes first: of those that have floordiv or mod of several variables, else of
 * those whose boundaries form no chain with the others', else of those that are left. */
int axis_pick_copy(arena *m, const axis_space *s, const axis_expr *e, const int64_t *elems, int n, axis_plan *out);
#endif
