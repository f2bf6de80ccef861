#include "base/text.h"
#include "sym/sym_private.h"

static const struct { int operands; bool is_boolean; const char *spelling; } ops[SYM_OP_COUNT] = {
#define X(name, operands, is_boolean, spelling) [SYM_##name] = {operands, is_boolean, spelling},
  SYM_OP_LIST(X)
#undef X
};

bool sym_op_is_boolean(sym_op op) { return ops[op].is_boolean; }
int sym_op_operands(sym_op op) { return ops[op].operands; }
const char *sym_op_spelling(sym_op op) { return ops[op].spelling; }

static sym_expr *node(arena *m, sym_op op) {
  sym_expr *e = ARENA_NEW(m, sym_expr);
  e->op = op;
  e->depth = 1;
  return e;
}

const sym_expr *sym_const(arena *m, int64_t v) {
  sym_expr *e = node(m, SYM_CONST);
  e->value = v;
  return e;
}

const sym_expr *sym_name(arena *m, const char *name) {
  sym_expr *e = node(m, SYM_SYM);
  e->name = arena_strdup(m, name);
  return e;
}

bool sym_equal(const sym_expr *a, const sym_expr *b) {
  if (a == b)
    return true;
  if (a->op != b->op || a->depth != b->depth || a->value != b->value || !text_eq(a->name, b->name))
    return false;
  for (int i = 0; i < ops[a->op].operands; i++)
    if (!sym_equal(a->arg[i], b->arg[i]))
      return false;
  return true;
}

bool sym_is_const(const sym_expr *e, int64_t *out) {
  if (e->op != SYM_CONST && e->op != SYM_TRUE && e->op != SYM_FALSE)
    return false;
  *out = e->op == SYM_CONST ? e->value : e->op == SYM_TRUE;
  return true;
}

bool sym_depends(const sym_expr *e, const char *name) {
  if (e->op == SYM_SYM)
    return text_eq(e->name, name);
  for (int i = 0; i < ops[e->op].operands; i++)
    if (sym_depends(e->arg[i], name))
      return true;
  return false;
}

/* ---- folding ---- */

static bool is_value(const sym_expr *e, int64_t v) {
  int64_t have;
  return sym_is_const(e, &have) && have == v;
}
static bool is_true(const sym_expr *e) {
  int64_t v;
  return sym_is_const(e, &v) && v != 0;
}
static const sym_expr *truth(arena *m, bool b) { return node(m, b ? SYM_TRUE : SYM_FALSE); }
static const sym_expr *constant(arena *m, sym_op op, int64_t v) { return ops[op].is_boolean ? truth(m, v != 0) : sym_const(m, v); }

/* && and || of x with a value that decides nothing are x only when x is 0 or 1 already. */
static const sym_expr *as_boolean(const sym_expr *x) { return ops[x->op].is_boolean ? x : NULL; }

/* The simpler expression of the same value, or NULL. */
static const sym_expr *fold(arena *m, sym_op op, const sym_expr *a, const sym_expr *b, const sym_expr *c) {
  int64_t x = 0, y = 0, v;
  bool a_const = sym_is_const(a, &x);
  if (op == SYM_NOT)
    return a_const ? truth(m, !x) : a->op == SYM_NOT ? as_boolean(a->arg[0]) : NULL;
  bool b_const = sym_is_const(b, &y);
  if (op == SYM_IF)
    return a_const ? (x ? b : c) : sym_equal(b, c) ? b : NULL;
  if (a_const && b_const)
    return sym_apply(op, x, y, &v) == SYM_FINE ? constant(m, op, v) : NULL;
  switch (op) {
  case SYM_ADD: return is_value(a, 0) ? b : is_value(b, 0) ? a : NULL;
  case SYM_SUB: return is_value(b, 0) ? a : NULL;
  case SYM_MUL:
    if (is_value(a, 0) || is_value(b, 0))
      return sym_const(m, 0);
    return is_value(a, 1) ? b : is_value(b, 1) ? a : NULL;
  case SYM_CEILDIV:
  case SYM_FLOORDIV: return is_value(b, 1) ? a : NULL;
  case SYM_MOD: return is_value(b, 1) ? sym_const(m, 0) : NULL;
  case SYM_DIVISIBLE: return is_value(b, 1) ? truth(m, true) : NULL;
  case SYM_MIN:
  case SYM_MAX: return sym_equal(a, b) ? a : NULL;
  case SYM_AND:
    if (is_value(a, 0) || is_value(b, 0))
      return truth(m, false);
    return is_true(a) ? as_boolean(b) : is_true(b) || sym_equal(a, b) ? as_boolean(a) : NULL;
  case SYM_OR:
    if (is_true(a) || is_true(b))
      return truth(m, true);
    return is_value(a, 0) ? as_boolean(b) : is_value(b, 0) || sym_equal(a, b) ? as_boolean(a) : NULL;
  case SYM_EQ:
  case SYM_LE:
  case SYM_GE: return sym_equal(a, b) ? truth(m, true) : NULL;
  case SYM_NE:
  case SYM_LT:
  case SYM_GT: return sym_equal(a, b) ? truth(m, false) : NULL;
  default: return NULL;
  }
}

static int deeper(int depth, const sym_expr *arg) { return arg && arg->depth >= depth ? arg->depth + 1 : depth; }

const sym_expr *sym_make(arena *m, sym_op op, const sym_expr *a, const sym_expr *b, const sym_expr *c) {
  if (ops[op].operands == 0)   /* TRUE and FALSE; constants and symbols have their own makers */
    return node(m, op);
  const sym_expr *folded = fold(m, op, a, b, c);
  if (folded)
    return folded;
  sym_expr *e = node(m, op);
  e->arg[0] = a;
  e->arg[1] = b;
  e->arg[2] = c;
  e->depth = deeper(deeper(deeper(1, a), b), c);
  return e;
}

const sym_expr *sym_subst(arena *m, const sym_expr *e, const sym_expr *(*fn)(void *, const char *name), void *data) {
  if (e->op == SYM_SYM) {
    const sym_expr *with = fn(data, e->name);
    return with ? with : e;
  }
  const sym_expr *arg[3] = {0};
  bool changed = false;
  for (int i = 0; i < ops[e->op].operands; i++) {
    arg[i] = sym_subst(m, e->arg[i], fn, data);
    changed |= arg[i] != e->arg[i];
  }
  return changed ? sym_make(m, e->op, arg[0], arg[1], arg[2]) : e;
}
