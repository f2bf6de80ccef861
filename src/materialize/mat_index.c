#include "materialize/mat_private.h"

void mat_bind(mat *m, const char *name, MlirValue value, int64_t max) {
  mat_name n = {.name = name, .value = value, .max = max};
  vec_push(m->mem, &m->names, n);
}

static const mat_name *find_name(const mat *m, const char *name) {
  for (size_t i = m->names.n; i-- > 0;)
    if (text_eq(m->names.at[i].name, name))
      return &m->names.at[i];
  return NULL;
}

bool mat_is_bound(const mat *m, const char *name) { return find_name(m, name) != NULL; }

/* Block sizes, and iterators of loops that run once. */
static const sym_expr *constant_of(void *data, const char *name) {
  mat *m = data;
  const mat_name *n = find_name(m, name);
  return n && MAT_NULL(n->value) ? sym_const(m->mem, n->max) : NULL;
}

const sym_expr *mat_fold(mat *m, const sym_expr *e) { return sym_subst(m->mem, e, constant_of, m); }

MlirValue mat_binary(mat *m, const char *op, MlirValue l, MlirValue r) {
  return ir_build1(&m->b, op, ir_index_type(m->ir), 2, (MlirValue[]){l, r}, 0, NULL);
}

static const char *op_name(sym_op op) {
  switch (op) {
  case SYM_ADD: return "arith.addi";
  case SYM_SUB: return "arith.subi";
  case SYM_MUL: return "arith.muli";
  case SYM_CEILDIV: return "arith.ceildivsi";
  case SYM_FLOORDIV: return "arith.divui";
  case SYM_MOD: return "arith.remui";
  case SYM_MIN: return "arith.minsi";
  case SYM_MAX: return "arith.maxsi";
  default: return NULL;
  }
}

static loom_status emit(mat *m, const sym_expr *e, MlirValue *out) {
  if (e->op == SYM_CONST) {
    *out = ir_index_const(&m->b, e->value);
    return LOOM_OK;
  }
  if (e->op == SYM_SYM) {
    const mat_name *n = find_name(m, e->name);
    if (!n)
      LOOM_FAIL(m->ctx, LOOM_NOSPAN, LOOM_EINPUT, "the plan gives no size for '%s'", e->name);
    *out = n->value;
    return LOOM_OK;
  }
  const char *name = op_name(e->op);
  if (!name)
    LOOM_FAIL(m->ctx, m->at, LOOM_EUNSUP, "an offset uses '%s', which has no form in index arithmetic", sym_str(m->mem, e));
  MlirValue l, r;
  LOOM_TRY(emit(m, e->arg[0], &l));
  LOOM_TRY(emit(m, e->arg[1], &r));
  *out = mat_binary(m, name, l, r);
  return LOOM_OK;
}

loom_status mat_index(mat *m, const sym_expr *e, MlirValue *out) { return emit(m, mat_fold(m, e), out); }

const char *mat_now_name(mat *m, const char *block) { return arena_printf(m->mem, "now_%s", block); }

/* All sizes and iterators are >= 0, so sums, products and quotients grow with their operands. */
static bool max_of(mat *m, const sym_expr *e, int64_t *out) {
  int64_t l, r;
  switch (e->op) {
  case SYM_CONST: *out = e->value; return true;
  case SYM_SYM: {
    const mat_name *n = find_name(m, e->name);
    *out = n ? n->max : 0;
    return n != NULL;
  }
  case SYM_ADD: return max_of(m, e->arg[0], &l) && max_of(m, e->arg[1], &r) && !__builtin_add_overflow(l, r, out);
  case SYM_SUB: return max_of(m, e->arg[0], out) && max_of(m, e->arg[1], &r);      /* what is taken away may be 0 */
  case SYM_MUL: return max_of(m, e->arg[0], &l) && max_of(m, e->arg[1], &r) && l >= 0 && r >= 0 && !__builtin_mul_overflow(l, r, out);
  case SYM_CEILDIV:
  case SYM_FLOORDIV:
    if (!max_of(m, e->arg[0], &l) || !sym_is_const(e->arg[1], &r) || r <= 0 || l < 0)
      return false;
    *out = l / r + (e->op == SYM_CEILDIV && l % r != 0);
    return true;
  case SYM_MIN: {
    bool has_l = max_of(m, e->arg[0], &l), has_r = max_of(m, e->arg[1], &r);
    if (!has_l && !has_r)
      return false;
    *out = has_l && (!has_r || l < r) ? l : r;
    return true;
  }
  case SYM_MOD:
    if (!sym_is_const(e->arg[1], &r) || r <= 0)
      return false;
    *out = r - 1;
    return true;
  case SYM_MAX:
    if (!max_of(m, e->arg[0], &l) || !max_of(m, e->arg[1], &r))
      return false;
    *out = l > r ? l : r;
    return true;
  default: return false;
  }
}

bool mat_max(mat *m, const sym_expr *e, int64_t *out) { return max_of(m, mat_fold(m, e), out); }
