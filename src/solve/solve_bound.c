/* Interval evaluation: what an expression can be while its symbols move in a box that need not be a list of values. */
#include "base/text.h"
#include "solve/solve_private.h"

typedef struct box { const solve_problem *p; const int64_t *lo, *hi; } box;

static sym_interval range_of(const box *x, const sym_expr *e) {
  int64_t v;
  sym_interval arg[3] = {SYM_NO_VALUE, SYM_NO_VALUE, SYM_NO_VALUE};
  if (sym_is_const(e, &v))
    return (sym_interval){v, v};
  if (e->op == SYM_SYM) {
    for (size_t i = 0; i < x->p->symbols.n; i++)
      if (text_eq(x->p->symbols.at[i].name, e->name))
        return (sym_interval){x->lo[i], x->hi[i]};
    return SYM_ANY_VALUE;
  }
  for (int i = 0; i < sym_op_operands(e->op); i++)
    arg[i] = range_of(x, e->arg[i]);
  return e->op == SYM_IF ? sym_interval_if(arg[0], arg[1], arg[2]) : sym_interval_apply(e->op, arg[0], arg[1]);
}

sym_interval solve_range(const solve_problem *p, const sym_expr *e, const int64_t *lo, const int64_t *hi) {
  box x = {p, lo, hi};
  return range_of(&x, e);
}
