/* Interval evaluation: what an expression can be while its symbols move in a box.  Saturates at the ends of int64, so a bound stays a bound. */
#include "base/text.h"
#include "solve/solve_private.h"

typedef struct interval { int64_t lo, hi; } interval;
typedef struct box { const solve_problem *p; const int64_t *lo, *hi; } box;

static const interval anything = {INT64_MIN, INT64_MAX}, truth = {0, 1};

static int64_t clamp(__int128 v) { return v > INT64_MAX ? INT64_MAX : v < INT64_MIN ? INT64_MIN : (int64_t)v; }

static __int128 apply(sym_op op, int64_t a, int64_t b) {
  switch (op) {
  case SYM_ADD: return (__int128)a + b;
  case SYM_SUB: return (__int128)a - b;
  case SYM_MUL: return (__int128)a * b;
  case SYM_FLOORDIV: return a >= 0 ? a / b : -(((__int128)b - 1 - a) / b);
  case SYM_CEILDIV: return a > 0 ? ((__int128)a + b - 1) / b : -(-(__int128)a / b);
  case SYM_MIN: return a < b ? a : b;
  default: return a > b ? a : b;      /* SYM_MAX */
  }
}

/* All these operators are monotone in each operand alone, so the extremes lie at the corners. */
static interval corners(sym_op op, interval a, interval b) {
  const __int128 v[4] = {apply(op, a.lo, b.lo), apply(op, a.lo, b.hi), apply(op, a.hi, b.lo), apply(op, a.hi, b.hi)};
  __int128 lo = v[0], hi = v[0];
  for (int i = 1; i < 4; i++) {
    lo = v[i] < lo ? v[i] : lo;
    hi = v[i] > hi ? v[i] : hi;
  }
  return (interval){clamp(lo), clamp(hi)};
}

static interval decided(bool surely, bool never) { return surely ? (interval){1, 1} : never ? (interval){0, 0} : truth; }

static interval range_of(const box *x, const sym_expr *e) {
  int64_t v;
  if (sym_is_const(e, &v))
    return (interval){v, v};
  if (e->op == SYM_SYM) {
    for (size_t i = 0; i < x->p->symbols.n; i++)
      if (text_eq(x->p->symbols.at[i].name, e->name))
        return (interval){x->lo[i], x->hi[i]};
    return anything;
  }
  interval a = range_of(x, e->arg[0]);
  if (e->op == SYM_NOT)
    return decided(a.hi == 0, a.lo > 0);
  if (e->op == SYM_IF) {
    interval then = range_of(x, e->arg[1]), other = range_of(x, e->arg[2]);
    if (a.lo > 0)
      return then;
    if (a.hi == 0)
      return other;
    return (interval){then.lo < other.lo ? then.lo : other.lo, then.hi > other.hi ? then.hi : other.hi};
  }
  interval b = range_of(x, e->arg[1]);
  switch (e->op) {
  case SYM_CEILDIV: case SYM_FLOORDIV:
    if (b.lo < 1)
      b.lo = 1;
    if (b.hi < 1)
      return anything;
    return corners(e->op, a, b);
  case SYM_ADD: case SYM_SUB: case SYM_MUL: case SYM_MIN: case SYM_MAX:
    return corners(e->op, a, b);
  case SYM_MOD:
    return (interval){0, b.hi > 0 ? b.hi - 1 : INT64_MAX};
  case SYM_AND: return decided(a.lo > 0 && b.lo > 0, a.hi == 0 || b.hi == 0);
  case SYM_OR: return decided(a.lo > 0 || b.lo > 0, a.hi == 0 && b.hi == 0);
  case SYM_LE: return decided(a.hi <= b.lo, a.lo > b.hi);
  case SYM_LT: return decided(a.hi < b.lo, a.lo >= b.hi);
  case SYM_GE: return decided(a.lo >= b.hi, a.hi < b.lo);
  case SYM_GT: return decided(a.lo > b.hi, a.hi <= b.lo);
  case SYM_EQ: return decided(a.lo == a.hi && b.lo == b.hi && a.lo == b.lo, a.hi < b.lo || b.hi < a.lo);
  case SYM_NE: return decided(a.hi < b.lo || b.hi < a.lo, a.lo == a.hi && b.lo == b.hi && a.lo == b.lo);
  default: return truth;              /* SYM_DIVISIBLE */
  }
}

int64_t solve_upper_bound(const solve_problem *p, const sym_expr *e, const int64_t *lo, const int64_t *hi) {
  box x = {p, lo, hi};
  return range_of(&x, e).hi;
}

int64_t solve_lower_bound(const solve_problem *p, const sym_expr *e, const int64_t *lo, const int64_t *hi) {
  box x = {p, lo, hi};
  return range_of(&x, e).lo;
}
