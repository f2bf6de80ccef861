/* axis_expr: where an element lies, as a sum of whole multiples of loop variables and of (sum floordiv d) mod m.  Plain C; every expression is kept
 * in one form, simplified with what is known of the ranges of its variables, so that equal accesses look equal. */
#ifndef LOOM_NETWORK_AXIS_EXPR_H
#define LOOM_NETWORK_AXIS_EXPR_H
#include "base/arena.h"
#include <stdbool.h>
#include <stdint.h>

enum { AXIS_MAX = 24 };
typedef struct axis_space { int n; int64_t extent[AXIS_MAX]; } axis_space;      /* 0 <= variable v < extent[v] */

typedef struct axis_atom axis_atom;
typedef struct axis_term { int64_t coef; const axis_atom *atom; } axis_term;    /* coef is not 0 */
typedef struct axis_expr { int64_t constant; int n; const axis_term *term; } axis_expr;   /* zero: 0.  No atom is there twice */
struct axis_atom {
  int var;                     /* a variable, or -1: */
  axis_expr of;                /* (of floordiv div) mod `mod`; mod 0: no mod.  div >= 1; div > 1 or mod > 0 */
  int64_t div, mod;
};

axis_expr axis_const(int64_t v);
axis_expr axis_var(arena *m, int v);
axis_expr axis_add(arena *m, const axis_space *s, axis_expr a, axis_expr b);
axis_expr axis_scale(arena *m, axis_expr a, int64_t by);
/* by >= 1.  Rounds down; mod is in 0..by-1. */
axis_expr axis_floordiv(arena *m, const axis_space *s, axis_expr a, int64_t by);
axis_expr axis_mod(arena *m, const axis_space *s, axis_expr a, int64_t by);
/* Variable v becomes by[v], an expression over `to`. */
axis_expr axis_subst(arena *m, const axis_space *to, axis_expr e, const axis_expr *by);

int64_t axis_eval(axis_expr e, const int64_t *values);
/* Bounds over the space: *lo <= e <= *hi. */
void axis_range(const axis_space *s, axis_expr e, int64_t *lo, int64_t *hi);
bool axis_equal(axis_expr a, axis_expr b);
bool axis_is_linear(axis_expr e);                       /* no floordiv, no mod */
int64_t axis_coef(axis_expr e, int v);                  /* of the variable itself */
bool axis_depends(axis_expr e, int v);                  /* also inside of floordiv and mod */
/* "3*d0 + (d1 floordiv 2) mod 4" */
const char *axis_text(arena *m, axis_expr e);
#endif
