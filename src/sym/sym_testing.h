/* What the tests of sym share: an evaluator that follows the definitions and nothing else, and made-up expressions. */
#ifndef LOOM_SYM_TESTING_H
#define LOOM_SYM_TESTING_H
#include "base/rng.h"
#include "base/testing.h"
#include "base/text.h"
#include "sym/sym.h"

__extension__ typedef __int128 wide;

/* The quotient rounded down: the one q with q*b <= a < (q+1)*b. */
static inline wide floor_quotient(wide a, wide b) {
  wide q = a / b;
  while (q * b > a)
    q--;
  return q;
}

/* The value by definition, in 128 bits; false when an evaluated operation leaves 64 bits or divides by less than 1. */
static inline bool defined_value(const sym_expr *e, const sym_binding *b, size_t n, wide *out) {
  wide x = 0, y = 0, r = 0;
  if (e->op == SYM_CONST || e->op == SYM_TRUE || e->op == SYM_FALSE) {
    *out = e->op == SYM_CONST ? e->value : e->op == SYM_TRUE;
    return true;
  }
  for (size_t i = 0; i < n && e->op == SYM_SYM; i++)
    if (text_eq(b[i].name, e->name)) {
      *out = b[i].value;
      return true;
    }
  if (e->op == SYM_SYM || !defined_value(e->arg[0], b, n, &x))
    return false;
  if (e->op == SYM_IF)
    return defined_value(e->arg[x != 0 ? 1 : 2], b, n, out);
  bool decided = e->op == SYM_NOT || (e->op == SYM_AND && x == 0) || (e->op == SYM_OR && x != 0);
  if (!decided && !defined_value(e->arg[1], b, n, &y))
    return false;
  bool divides = e->op == SYM_CEILDIV || e->op == SYM_FLOORDIV || e->op == SYM_MOD || e->op == SYM_DIVISIBLE;
  if (divides && y < 1)
    return false;
  switch (e->op) {
  case SYM_ADD: r = x + y; break;
  case SYM_SUB: r = x - y; break;
  case SYM_MUL: r = x * y; break;
  case SYM_CEILDIV: r = -floor_quotient(-x, y); break;
  case SYM_FLOORDIV: r = floor_quotient(x, y); break;
  case SYM_MOD: r = x - y * floor_quotient(x, y); break;
  case SYM_DIVISIBLE: r = y * floor_quotient(x, y) == x; break;
  case SYM_MIN: r = x < y ? x : y; break;
  case SYM_MAX: r = x > y ? x : y; break;
  case SYM_AND: r = x != 0 && y != 0; break;
  case SYM_OR: r = x != 0 || y != 0; break;
  case SYM_NOT: r = x == 0; break;
  case SYM_EQ: r = x == y; break;
  case SYM_NE: r = x != y; break;
  case SYM_LE: r = x <= y; break;
  case SYM_LT: r = x < y; break;
  case SYM_GE: r = x >= y; break;
  case SYM_GT: r = x > y; break;
  default: fail();
  }
  *out = r;
  return r >= INT64_MIN && r <= INT64_MAX;
}

/* A well-typed expression over x, y and tile_m; built folded. */
static inline const sym_expr *made_up(arena *m, rng *r, int depth, bool is_boolean) {
  static const char *const names[] = {"x", "y", "tile_m"};
  static const int64_t values[] = {0, 1, 2, 3, 7, 32, -1, -5, 4294967296, INT64_MAX, INT64_MIN, 1000003};
  static const sym_op integer_ops[] = {SYM_ADD, SYM_SUB, SYM_MUL, SYM_CEILDIV, SYM_FLOORDIV, SYM_MOD, SYM_MIN, SYM_MAX, SYM_IF};
  static const sym_op compare_ops[] = {SYM_EQ, SYM_NE, SYM_LE, SYM_LT, SYM_GE, SYM_GT, SYM_DIVISIBLE};
  static const sym_op logic_ops[] = {SYM_AND, SYM_OR, SYM_NOT};
  if (!is_boolean && (depth == 0 || rng_range(r, 0, 5) == 0))
    return rng_next(r) & 1 ? sym_name(m, names[rng_range(r, 0, 2)]) : sym_const(m, values[rng_range(r, 0, (int64_t)COUNT_OF(values) - 1)]);
  if (!is_boolean) {
    sym_op op = integer_ops[rng_range(r, 0, (int64_t)COUNT_OF(integer_ops) - 1)];
    const sym_expr *a = made_up(m, r, depth - 1, op == SYM_IF), *b = made_up(m, r, depth - 1, false);
    return sym_make(m, op, a, b, op == SYM_IF ? made_up(m, r, depth - 1, false) : NULL);
  }
  if (depth == 0)
    return sym_make(m, rng_next(r) & 1 ? SYM_TRUE : SYM_FALSE, NULL, NULL, NULL);
  if (rng_next(r) & 1) {
    sym_op op = logic_ops[rng_range(r, 0, 2)];
    const sym_expr *a = made_up(m, r, depth - 1, true);
    return sym_make(m, op, a, op == SYM_NOT ? NULL : made_up(m, r, depth - 1, true), NULL);
  }
  const sym_expr *a = made_up(m, r, depth - 1, false);
  return sym_make(m, compare_ops[rng_range(r, 0, (int64_t)COUNT_OF(compare_ops) - 1)], a, made_up(m, r, depth - 1, false), NULL);
}
#endif
