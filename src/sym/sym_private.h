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

/* ---- compiled code.  Registers: slots, then constants, then temporaries.  A temporary is written at one place, the value of a branching
 * expression (if, &&, ||) in each of its branches; jumps go forward only. ---- */

/* Steps besides the binary operators of sym_op. */
enum { STEP_COPY = SYM_OP_COUNT, STEP_TRUTH, STEP_JUMP, STEP_JUMP_IF_ZERO, STEP_JUMP_UNLESS_ZERO, STEP_RETURN };

/* The binary operators that steps have; && and || are jumps, ! is == 0. */
#define SYM_STEP_OPS(X)                                                                                                       \
  X(SYM_ADD) X(SYM_SUB) X(SYM_MUL) X(SYM_CEILDIV) X(SYM_FLOORDIV) X(SYM_MOD) X(SYM_MIN) X(SYM_MAX)                            \
  X(SYM_EQ) X(SYM_NE) X(SYM_LE) X(SYM_LT) X(SYM_GE) X(SYM_GT) X(SYM_DIVISIBLE)

typedef struct code_step { uint16_t op, dst, a, b; } code_step;   /* jumps: dst is the target */

struct sym_code {
  const code_step *steps;
  const int64_t *constants;
  const uint64_t *depends;      /* by temporary: the slots it depends on; the last bit stands for all slots from 63 on */
  const uint16_t *joins;        /* temporaries of branching expressions */
  size_t n_slots, n_constants, n_registers, n_joins;
};
#endif
