/* What is divided by inside of a branch matters only where the branch is taken: elsewhere it may be 1.  A guard often leaves a divisor of several symbols few values
 * ("m*n < 8192: volume / (m*n*716 / 8192)" has thousands over all sizes), and those are what a division is split over. */
#include "solve/z3/z3_private.h"
#include "base/text.h"

enum { PATH_MAX_CONDITIONS = 32 };

/* What holds wherever an expression counts. */
typedef struct path { const sym_expr *condition[PATH_MAX_CONDITIONS]; int n; } path;

static uint32_t symbols_of(const z3_encoder *z, const sym_expr *e) {
  uint32_t all = 0;
  for (int s = 0; s < z->n && e->op == SYM_SYM; s++)
    all |= text_eq(z->names[s], e->name) ? 1u << s : 0;
  for (int i = 0; i < sym_op_operands(e->op); i++)
    all |= symbols_of(z, e->arg[i]);
  return all;
}

static bool is_single(uint32_t symbols) { return (symbols & (symbols - 1)) == 0; }

/* A product of expressions of one symbol each divides step by step. */
static bool is_product_of_singles(const z3_encoder *z, const sym_expr *e) {
  if (is_single(symbols_of(z, e)))
    return true;
  return e->op == SYM_MUL && is_product_of_singles(z, e->arg[0]) && is_product_of_singles(z, e->arg[1]);
}

static void add_conditions(path *p, const sym_expr *e) {
  if (e->op == SYM_AND) {
    add_conditions(p, e->arg[0]);
    add_conditions(p, e->arg[1]);
  } else if (p->n < PATH_MAX_CONDITIONS) {
    p->condition[p->n++] = e;
  }
}

/* Conditions that name other symbols than the divisor would make its table larger: left out, they only narrow less. */
static const sym_expr *narrow_divisor(z3_encoder *z, const sym_expr *e, const path *p) {
  arena *m = &z->ctx->scratch;
  const sym_expr *where = NULL;
  uint32_t symbols = symbols_of(z, e);
  if (is_product_of_singles(z, e))
    return e;
  for (int i = 0; i < p->n; i++)
    if ((symbols_of(z, p->condition[i]) & ~symbols) == 0)
      where = where ? sym_make(m, SYM_AND, where, p->condition[i], NULL) : p->condition[i];
  return where ? sym_make(m, SYM_IF, where, e, sym_const(m, 1)) : e;
}

static const sym_expr *narrow(z3_encoder *z, const sym_expr *e, const path *p) {
  arena *m = &z->ctx->scratch;
  const sym_expr *arg[3] = {NULL};
  int operands = sym_op_operands(e->op);
  bool divides = e->op == SYM_CEILDIV || e->op == SYM_FLOORDIV || e->op == SYM_MOD || e->op == SYM_DIVISIBLE, is_same = true;
  if (operands == 0 || is_single(symbols_of(z, e)) || e->depth > SYM_DEPTH_MAX)
    return e;
  for (int i = 0; i < operands; i++) {
    path inner = *p;
    if (e->op == SYM_IF && i == 1)
      add_conditions(&inner, e->arg[0]);
    if (e->op == SYM_IF && i == 2)
      add_conditions(&inner, sym_make(m, SYM_NOT, e->arg[0], NULL, NULL));
    arg[i] = narrow(z, e->arg[i], &inner);
    if (divides && i == 1)
      arg[i] = narrow_divisor(z, arg[i], p);
    is_same = is_same && arg[i] == e->arg[i];
  }
  return is_same ? e : sym_make(m, e->op, arg[0], arg[1], arg[2]);
}

const sym_expr *z3_narrow(z3_encoder *z, const sym_expr *e) { return narrow(z, e, &(path){.n = 0}); }
