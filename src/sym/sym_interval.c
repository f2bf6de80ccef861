#include "sym/sym_interval.h"

#define WIDE_MAX ((sym_wide)1 << 125)

static sym_wide low(sym_interval a) { return a.lo == INT64_MIN ? -WIDE_MAX : a.lo; }
static sym_wide high(sym_interval a) { return a.hi == INT64_MAX ? WIDE_MAX : a.hi; }
static int64_t narrow(sym_wide v) { return v > INT64_MAX ? INT64_MAX : v < INT64_MIN ? INT64_MIN : (int64_t)v; }

sym_interval sym_interval_of(sym_wide v) { return (sym_interval){narrow(v), narrow(v)}; }

sym_wide sym_wide_mul(sym_wide a, sym_wide b) {
  if (a == 0 || b == 0)
    return 0;
  sym_wide v;
  if (__builtin_mul_overflow(a, b, &v) || v > WIDE_MAX || v < -WIDE_MAX)
    return (a < 0) == (b < 0) ? WIDE_MAX : -WIDE_MAX;
  return v;
}

static sym_wide floor_div(sym_wide a, sym_wide b) { return a / b - (a % b < 0); }
static sym_wide ceil_div(sym_wide a, sym_wide b) { return a / b + (a % b > 0); }

static sym_interval between(sym_wide lo, sym_wide hi) { return (sym_interval){narrow(lo), narrow(hi)}; }

static sym_interval product(sym_interval a, sym_interval b) {
  int64_t lo, hi;
  if (a.lo >= 0 && b.lo >= 0 && a.hi != INT64_MAX && b.hi != INT64_MAX && !__builtin_mul_overflow(a.lo, b.lo, &lo) &&
      !__builtin_mul_overflow(a.hi, b.hi, &hi))
    return (sym_interval){lo, hi};
  const sym_wide v[4] = {sym_wide_mul(low(a), low(b)), sym_wide_mul(low(a), high(b)), sym_wide_mul(high(a), low(b)), sym_wide_mul(high(a), high(b))};
  sym_wide least = v[0], most = v[0];
  for (int i = 1; i < 4; i++) {
    least = v[i] < least ? v[i] : least;
    most = v[i] > most ? v[i] : most;
  }
  return between(least, most);
}

/* Rounds up or down; divisors below 1 have no value. */
static sym_interval quotient(sym_interval a, sym_interval b, bool up) {
  sym_wide from = b.lo < 1 ? 1 : b.lo, to = high(b);
  if (to < 1)
    return SYM_NO_VALUE;
  sym_wide (*divide)(sym_wide, sym_wide) = up ? ceil_div : floor_div;
  sym_wide by_low = low(a) < 0 ? from : to, by_high = high(a) < 0 ? to : from;
  return between(divide(low(a), by_low), divide(high(a), by_high));
}

static sym_interval remainder_of(sym_interval a, sym_interval b) {
  if (b.hi < 1)
    return SYM_NO_VALUE;
  int64_t most = b.hi == INT64_MAX ? INT64_MAX : b.hi - 1;
  if (a.lo >= 0 && a.hi < b.lo)
    return a;
  return (sym_interval){0, a.lo >= 0 && a.hi < most ? a.hi : most};
}

static sym_interval truth(bool can_hold, bool can_fail) {
  return can_hold ? (sym_interval){can_fail ? 0 : 1, 1} : can_fail ? (sym_interval){0, 0} : SYM_NO_VALUE;
}

static bool can_be_true(sym_interval a) { return a.lo <= a.hi && (a.lo != 0 || a.hi != 0); }
static bool can_be_false(sym_interval a) { return a.lo <= 0 && a.hi >= 0; }

/* What decides alone hides that the other side may have no value. */
static sym_interval logic(sym_op op, sym_interval a, sym_interval b) {
  bool goes_on = op == SYM_AND ? can_be_true(a) : can_be_false(a), stops = op == SYM_AND ? can_be_false(a) : can_be_true(a);
  bool holds = goes_on && can_be_true(b), fails = goes_on && can_be_false(b);
  return op == SYM_AND ? truth(holds, fails || stops) : truth(holds || stops, fails);
}

static sym_interval divisible(sym_interval a, sym_interval b) {
  if (b.hi < 1)
    return SYM_NO_VALUE;
  if (a.lo == a.hi && b.lo == b.hi)
    return truth(a.lo % b.lo == 0, a.lo % b.lo != 0);
  if (b.lo == 1 && b.hi == 1)
    return truth(true, false);
  return truth(true, true);
}

sym_interval sym_interval_apply(sym_op op, sym_interval a, sym_interval b) {
  if (sym_interval_is_empty(a))
    return SYM_NO_VALUE;
  if (op == SYM_NOT)
    return truth(can_be_false(a), can_be_true(a));
  if (op == SYM_AND || op == SYM_OR)
    return logic(op, a, b);
  if (sym_interval_is_empty(b))
    return SYM_NO_VALUE;
  switch (op) {
  case SYM_ADD: return between(low(a) + low(b), high(a) + high(b));
  case SYM_SUB: return between(low(a) - high(b), high(a) - low(b));
  case SYM_MUL: return product(a, b);
  case SYM_CEILDIV: return quotient(a, b, true);
  case SYM_FLOORDIV: return quotient(a, b, false);
  case SYM_MOD: return remainder_of(a, b);
  case SYM_MIN: return (sym_interval){a.lo < b.lo ? a.lo : b.lo, a.hi < b.hi ? a.hi : b.hi};
  case SYM_MAX: return (sym_interval){a.lo > b.lo ? a.lo : b.lo, a.hi > b.hi ? a.hi : b.hi};
  case SYM_LE: return truth(a.lo <= b.hi, a.hi > b.lo);
  case SYM_LT: return truth(a.lo < b.hi, a.hi >= b.lo);
  case SYM_GE: return truth(a.hi >= b.lo, a.lo < b.hi);
  case SYM_GT: return truth(a.hi > b.lo, a.lo <= b.hi);
  case SYM_EQ: return truth(a.lo <= b.hi && b.lo <= a.hi, a.lo != a.hi || b.lo != b.hi || a.lo != b.lo);
  case SYM_NE: return truth(a.lo != a.hi || b.lo != b.hi || a.lo != b.lo, a.lo <= b.hi && b.lo <= a.hi);
  default: return divisible(a, b);      /* SYM_DIVISIBLE */
  }
}

sym_interval sym_interval_if(sym_interval condition, sym_interval then, sym_interval other) {
  sym_interval v = SYM_NO_VALUE;
  if (can_be_true(condition))
    v = sym_interval_join(v, then);
  if (can_be_false(condition))
    v = sym_interval_join(v, other);
  return v;
}
