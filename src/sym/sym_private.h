/* The arithmetic of every operator, once: folding, evaluation and compiled code must agree. */
#ifndef LOOM_SYM_PRIVATE_H
#define LOOM_SYM_PRIVATE_H
#include "sym/sym.h"

typedef enum sym_fault { SYM_FINE, SYM_OVERFLOW, SYM_BAD_DIVISOR } sym_fault;

/* The low 32 bits divide several times faster than 64, and most extents fit. */
static inline int64_t sym_quotient(int64_t a, int64_t b) {
  return ((uint64_t)a | (uint64_t)b) >> 32 ? a / b : (int64_t)((uint32_t)a / (uint32_t)b);
}

/* Binary operators; `op` is a constant wherever speed counts. */
__attribute__((always_inline)) static inline sym_fault sym_apply(sym_op op, int64_t a, int64_t b, int64_t *out) {
  int64_t q;
  switch (op) {
  case SYM_ADD: return __builtin_add_overflow(a, b, out) ? SYM_OVERFLOW : SYM_FINE;
  case SYM_SUB: return __builtin_sub_overflow(a, b, out) ? SYM_OVERFLOW : SYM_FINE;
  case SYM_MUL: return __builtin_mul_overflow(a, b, out) ? SYM_OVERFLOW : SYM_FINE;
  case SYM_CEILDIV:
    if (b <= 0)
      return SYM_BAD_DIVISOR;
    q = sym_quotient(a, b);
    *out = q + (a - q * b > 0);
    return SYM_FINE;
  case SYM_FLOORDIV:
    if (b <= 0)
      return SYM_BAD_DIVISOR;
    q = sym_quotient(a, b);
    *out = q - (a - q * b < 0);
    return SYM_FINE;
  case SYM_MOD:
  case SYM_DIVISIBLE:
    if (b <= 0)
      return SYM_BAD_DIVISOR;
    q = a - sym_quotient(a, b) * b;
    *out = op == SYM_DIVISIBLE ? q == 0 : q < 0 ? q + b : q;
    return SYM_FINE;
  case SYM_MIN: *out = a < b ? a : b; return SYM_FINE;
  case SYM_MAX: *out = a > b ? a : b; return SYM_FINE;
  case SYM_AND: *out = a && b; return SYM_FINE;
  case SYM_OR: *out = a || b; return SYM_FINE;
  case SYM_EQ: *out = a == b; return SYM_FINE;
  case SYM_NE: *out = a != b; return SYM_FINE;
  case SYM_LE: *out = a <= b; return SYM_FINE;
  case SYM_LT: *out = a < b; return SYM_FINE;
  case SYM_GE: *out = a >= b; return SYM_FINE;
  case SYM_GT: *out = a > b; return SYM_FINE;
  default: __builtin_unreachable();
  }
}
#endif
