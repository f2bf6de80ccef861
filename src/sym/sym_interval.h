/* Interval arithmetic on 64 bits for sym_bounds and whoever else bounds expressions.  INT64_MIN as `lo` and INT64_MAX as `hi` mean "unbounded";
 * lo > hi: no point has a value.  Results round outward, so a bound stays a bound whatever overflows on the way. */
#ifndef LOOM_SYM_INTERVAL_H
#define LOOM_SYM_INTERVAL_H
#include "sym/sym.h"

typedef struct sym_interval { int64_t lo, hi; } sym_interval;
#define SYM_NO_VALUE ((sym_interval){INT64_MAX, INT64_MIN})
#define SYM_ANY_VALUE ((sym_interval){INT64_MIN, INT64_MAX})

static inline bool sym_interval_is_empty(sym_interval a) { return a.lo > a.hi; }
static inline sym_interval sym_interval_join(sym_interval a, sym_interval b) {
  return (sym_interval){a.lo < b.lo ? a.lo : b.lo, a.hi > b.hi ? a.hi : b.hi};
}
/* Values of the operator when its operands lie in `a` and `b`, independently.  NOT: `b` is not looked at.  Not for IF. */
sym_interval sym_interval_apply(sym_op op, sym_interval a, sym_interval b);
sym_interval sym_interval_if(sym_interval condition, sym_interval then, sym_interval other);

/* Numbers beyond 64 bits, capped at +-2^125; that cap absorbs like infinity, but times 0 is 0. */
__extension__ typedef __int128 sym_wide;
sym_wide sym_wide_mul(sym_wide a, sym_wide b);
/* The interval of one wide number. */
sym_interval sym_interval_of(sym_wide v);
#endif
