/* Integer functions that arith leaves open for some operands, or has no operation for: quotients by 0 and of the least number by -1, shifts by
 * the width or more, powers.  What they give is what the interpreter gives (docs/helion.md, integers). */
#include "lower/lower_private.h"

typedef struct integer { lowering *l; dtype type; const char *t; bool is_unsigned; int bits; } integer;

static const char *num(integer *n, int64_t v) { return lower_constant(n->l, lower_number(n->l->mem, n->type, (double)v)); }
static const char *two(integer *n, const char *op, const char *a, const char *b) { return lower_emit(n->l, "%s %s, %s : %s", op, a, b, n->t); }
static const char *pick(integer *n, const char *condition, const char *a, const char *b) { return lower_emit(n->l, "arith.select %s, %s, %s : %s", condition, a, b, n->t); }

/* x / 0 is 0 and x % 0 is x; x / -1 is -x, which wraps. */
static const char *divide(integer *n, const char *op, const char *a, const char *b) {
  const char *zero = num(n, 0), *by_zero = two(n, "arith.cmpi eq,", b, zero), *odd = by_zero, *special = zero;
  if (!n->is_unsigned) {
    const char *by_minus = two(n, "arith.cmpi eq,", b, num(n, -1));
    odd = lower_emit(n->l, "arith.ori %s, %s : i1", by_zero, by_minus);
    special = pick(n, by_zero, zero, two(n, "arith.subi", zero, a));
  }
  return pick(n, odd, special, two(n, op, a, pick(n, odd, num(n, 1), b)));
}

static const char *floor_divide(integer *n, const char *a, const char *b) { return divide(n, n->is_unsigned ? "arith.divui" : "arith.floordivsi", a, b); }

/* Shifts by the width or more, or by less than 0, leave nothing but the sign. */
static const char *shift(integer *n, bool is_left, const char *a, const char *b) {
  const char *whole = two(n, "arith.cmpi uge,", b, num(n, n->bits)), *last = num(n, n->bits - 1), *by = pick(n, whole, last, b);
  if (!is_left && !n->is_unsigned)
    return two(n, "arith.shrsi", a, by);
  return pick(n, whole, num(n, 0), two(n, is_left ? "arith.shli" : "arith.shrui", a, by));
}

/* a ** b by squaring, modulo 2^bits; negative powers are 1 of 1, 1 or -1 of -1, and 0 of all others, as in PyTorch. */
static const char *power(integer *n, const char *a, const char *b) {
  lowering *l = n->l;
  const char *r = lower_new_name(l), *i = lower_new_name(l), *p = lower_new_name(l), *x = lower_new_name(l), *e = lower_new_name(l), *t = n->t, *one = num(n, 1), *zero = num(n, 0);
  lower_open(l, "%s:3 = scf.for %s = %s to %s step %s iter_args(%s = %s, %s = %s, %s = %s) -> (%s, %s, %s) {", r, i, lower_index_constant(l, 0), lower_index_constant(l, n->bits),
             lower_index_constant(l, 1), p, one, x, a, e, b, t, t, t);
  const char *is_odd = two(n, "arith.cmpi ne,", two(n, "arith.andi", e, one), zero);
  const char *next = pick(n, is_odd, two(n, "arith.muli", p, x), p);
  lower_line(l, "scf.yield %s, %s, %s : %s, %s, %s", next, two(n, "arith.muli", x, x), two(n, "arith.shrui", e, one), t, t, t);
  lower_close(l, "");
  const char *result = arena_printf(l->mem, "%s#0", r);
  if (n->is_unsigned)
    return result;
  const char *minus = num(n, -1), *is_even = two(n, "arith.cmpi eq,", two(n, "arith.andi", b, one), zero);
  const char *of_minus = pick(n, is_even, one, minus), *of_unit = pick(n, two(n, "arith.cmpi eq,", a, one), one, pick(n, two(n, "arith.cmpi eq,", a, minus), of_minus, zero));
  return pick(n, two(n, "arith.cmpi slt,", b, zero), of_unit, result);
}

const char *lower_integer_power(lowering *l, dtype type, const char *a, const char *b) {
  integer n = {l, type, lower_element(type), type == DTYPE_U8, (int)dtype_bytes(type) * 8};
  return power(&n, a, b);
}

bool lower_integer(lowering *l, kernel_fn fn, dtype type, const char *a, const char *b, const char **out) {
  integer n = {l, type, lower_element(type), type == DTYPE_U8, (int)dtype_bytes(type) * 8};
  if (dtype_is_float(type) || type == DTYPE_BOOL)
    return false;
  switch (fn) {
  case KERNEL_FN_FLOORDIV: *out = floor_divide(&n, a, b); return true;
  case KERNEL_FN_TRUNCDIV: *out = divide(&n, n.is_unsigned ? "arith.divui" : "arith.divsi", a, b); return true;
  case KERNEL_FN_MOD: *out = two(&n, "arith.subi", a, two(&n, "arith.muli", floor_divide(&n, a, b), b)); return true;
  case KERNEL_FN_SHL: case KERNEL_FN_SHR: *out = shift(&n, fn == KERNEL_FN_SHL, a, b); return true;
  case KERNEL_FN_ABS: case KERNEL_FN_RELU: *out = a; return n.is_unsigned;
  case KERNEL_FN_SIGN:
    if (n.is_unsigned)
      *out = two(&n, "arith.minui", a, num(&n, 1));
    return n.is_unsigned;
  default: return false;
  }
}
