/* Expressions over core coordinates and loop variables as i32 arithmetic. */
#include "target/tt/tt_private.h"
#include "base/text.h"

static const char *op_name(sym_op op) {
  switch (op) {
  case SYM_ADD: return "arith.addi";
  case SYM_SUB: return "arith.subi";
  case SYM_MUL: return "arith.muli";
  case SYM_CEILDIV: return "arith.ceildivsi";
  case SYM_FLOORDIV: return "arith.floordivsi";
  case SYM_MIN: return "arith.minsi";
  case SYM_MAX: return "arith.maxsi";
  default: return NULL;
  }
}

static const char *predicate(sym_op op) {
  switch (op) {
  case SYM_EQ: return "eq";
  case SYM_NE: return "ne";
  case SYM_LE: return "sle";
  case SYM_LT: return "slt";
  case SYM_GE: return "sge";
  case SYM_GT: return "sgt";
  default: return NULL;
  }
}

static loom_status emit(tt_emit *e, const sym_expr *x, MlirValue *out);

static loom_status emit_boolean(tt_emit *e, const sym_expr *x, MlirValue *out) {
  MlirValue a, b;
  MlirType i1 = ir_type(e->ir, "i1");
  if (!sym_op_is_boolean(x->op)) {
    LOOM_TRY(emit(e, x, &a));
    *out = tt_compare(e, "ne", a, tt_int(e, 0));
    return LOOM_OK;
  }
  switch (x->op) {
  case SYM_TRUE:
  case SYM_FALSE: {
    ir_named v = {"value", ir_bool_attr(e->ir, x->op == SYM_TRUE)};
    *out = ir_build1(&e->b, "arith.constant", i1, 0, NULL, 1, &v);
    return LOOM_OK;
  }
  case SYM_AND:
  case SYM_OR:
    LOOM_TRY(emit_boolean(e, x->arg[0], &a));
    LOOM_TRY(emit_boolean(e, x->arg[1], &b));
    *out = ir_build1(&e->b, x->op == SYM_AND ? "arith.andi" : "arith.ori", i1, 2, (MlirValue[]){a, b}, 0, NULL);
    return LOOM_OK;
  case SYM_NOT:
    LOOM_TRY(emit_boolean(e, x->arg[0], &a));
    LOOM_TRY(emit_boolean(e, &(sym_expr){.op = SYM_TRUE}, &b));
    *out = ir_build1(&e->b, "arith.xori", i1, 2, (MlirValue[]){a, b}, 0, NULL);
    return LOOM_OK;
  case SYM_DIVISIBLE:
    LOOM_TRY(emit(e, sym_mod(e->mem, x->arg[0], x->arg[1]), &a));
    *out = tt_compare(e, "eq", a, tt_int(e, 0));
    return LOOM_OK;
  default:
    LOOM_TRY(emit(e, x->arg[0], &a));
    LOOM_TRY(emit(e, x->arg[1], &b));
    *out = tt_compare(e, predicate(x->op), a, b);
    return LOOM_OK;
  }
}

static loom_status emit(tt_emit *e, const sym_expr *x, MlirValue *out) {
  MlirValue a, b, c;
  MlirType i32 = tt_i32(e);
  if (x->op == SYM_CONST) {
    *out = tt_int(e, x->value);
    return LOOM_OK;
  }
  if (x->op == SYM_SYM) {
    for (size_t i = e->names.n; i-- > 0;)
      if (text_eq(e->names.at[i].name, x->name)) {
        *out = e->names.at[i].value;
        return LOOM_OK;
      }
    for (int d = 0; d < e->t->n_mesh; d++)
      if (text_eq(e->t->mesh_name[d], x->name)) {
        *out = tt_run_arg(e, arena_printf(e->mem, "core_%s", x->name), TT_ARG_VALUE, 0, sym_name(e->mem, x->name), NULL);
        return LOOM_OK;
      }
    LOOM_FAIL(e->ctx, LOOM_NOSPAN, LOOM_EBUG, "'%s' has no value in the %s kernel", x->name, tt_role_name(e->role));
  }
  if (sym_op_is_boolean(x->op)) {
    LOOM_TRY(emit_boolean(e, x, &c));
    *out = ir_build1(&e->b, "arith.extui", i32, 1, &c, 0, NULL);
    return LOOM_OK;
  }
  if (x->op == SYM_IF) {
    LOOM_TRY(emit_boolean(e, x->arg[0], &c));
    LOOM_TRY(emit(e, x->arg[1], &a));
    LOOM_TRY(emit(e, x->arg[2], &b));
    *out = ir_build1(&e->b, "arith.select", i32, 3, (MlirValue[]){c, a, b}, 0, NULL);
    return LOOM_OK;
  }
  LOOM_TRY(emit(e, x->arg[0], &a));
  LOOM_TRY(emit(e, x->arg[1], &b));
  if (x->op == SYM_MOD) {                 /* floor-mod; of what is not negative the remainder is the same */
    *out = ir_build1(&e->b, "arith.remsi", i32, 2, (MlirValue[]){a, b}, 0, NULL);
    return LOOM_OK;
  }
  bool plain = x->op == SYM_FLOORDIV && tog_range(&e->range, x->arg[0]).lo >= 0;
  *out = ir_build1(&e->b, plain ? "arith.divsi" : op_name(x->op), i32, 2, (MlirValue[]){a, b}, 0, NULL);
  return LOOM_OK;
}

loom_status tt_expr(tt_emit *e, const sym_expr *x, const char *hint, MlirValue *out) {
  LOOM_TRY(emit(e, x, out));
  MlirOperation def = ir_def(*out);
  if (hint && !mlirOperationIsNull(def) && !ir_op_is(def, "arith.constant") && mlirAttributeIsNull(ir_attr_of(def, "loom.name")))
    ir_set_attr(def, "loom.name", ir_str_attr(e->ir, hint));
  return LOOM_OK;
}

loom_status tt_condition(tt_emit *e, const sym_expr *x, MlirValue *out) { return emit_boolean(e, x, out); }

static bool is_known(const tt_emit *e, const char *name) {
  for (size_t i = 0; i < e->names.n; i++)
    if (text_eq(e->names.at[i].name, name))
      return true;
  for (int d = 0; d < e->t->n_mesh; d++)
    if (text_eq(e->t->mesh_name[d], name))
      return true;
  return false;
}

bool tt_is_in_scope(const tt_emit *e, const sym_expr *x) {
  if (x->op == SYM_SYM)
    return is_known(e, x->name);
  for (int i = 0; i < sym_op_operands(x->op); i++)
    if (!tt_is_in_scope(e, x->arg[i]))
      return false;
  return true;
}
