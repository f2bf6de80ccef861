#include "pass/pass_template.h"

typedef struct gather { arena *mem; const char *name; pass_ops ops; } gather;

static bool collect(MlirOperation op, void *data) {
  gather *g = data;
  if (ir_op_is(op, g->name))
    vec_push(g->mem, &g->ops, op);
  return true;
}

pass_ops pass_gather(arena *mem, MlirOperation root, const char *name) {
  gather g = {.mem = mem, .name = name};
  ir_walk(root, collect, &g);
  return g.ops;
}

pass_template pass_template_new(ir_ctx *ir, MlirOperation module, const char *stem) { return (pass_template){ir, mlirModuleFromOperation(module), stem, 0}; }

static bool set_location(MlirOperation op, void *data) {
  mlirOperationSetLocation(op, *(MlirLocation *)data);
  return true;
}

loom_status pass_template_apply_to(pass_template *t, MlirOperation op, intptr_t n, const MlirValue *operands, const char *function) {
  ir_ctx *ir = t->ir;
  arena *m = &ir->ctx->mem;
  const char *name;
  do
    name = arena_printf(m, "loom_%s_%d", t->stem, t->n++);
  while (!mlirOperationIsNull(ir_find_func(t->module, name)));
  LOOM_TRY(ir_add_functions(ir, t->module, t->stem, arena_printf(m, "func.func private @%s%s\n", name, function)));
  MlirLocation loc = mlirOperationGetLocation(op);      /* what is said of the template's operations is said of this one */
  ir_walk(ir_find_func(t->module, name), set_location, &loc);
  intptr_t n_results = mlirOperationGetNumResults(op);
  MlirType *types = ARENA_NEW_N(m, MlirType, n_results + 1);
  for (intptr_t i = 0; i < n_results; i++)
    types[i] = mlirValueGetType(ir_result(op, i));
  ir_builder at = ir_before(ir, op);
  ir_named callee = {"callee", ir_symbol_attr(ir, name)};
  MlirOperation call = ir_build(&at, "func.call", n_results, types, n, operands, 1, &callee, 0, NULL);
  if (mlirOperationIsNull(call))
    return LOOM_EBUG;
  for (intptr_t i = 0; i < n_results; i++)
    ir_replace_uses(ir_result(op, i), ir_result(call, i));
  ir_erase(op);
  return LOOM_OK;
}

loom_status pass_template_apply(pass_template *t, MlirOperation op, const char *function) {
  intptr_t n = ir_num_operands(op);
  MlirValue *operands = ARENA_NEW_N(&t->ir->ctx->mem, MlirValue, n + 1);
  for (intptr_t i = 0; i < n; i++)
    operands[i] = ir_operand(op, i);
  return pass_template_apply_to(t, op, n, operands, function);
}

void pass_add_map(text *t, int rank, int but) {
  text_add(t, "affine_map<(");
  for (int d = 0; d < rank; d++)
    text_addf(t, d ? ", d%d" : "d%d", d);
  text_add(t, ") -> (");
  const char *comma = "";
  for (int d = 0; d < rank; d++)
    if (d != but) {
      text_addf(t, "%sd%d", comma, d);
      comma = ", ";
    }
  text_add(t, ")>");
}

void pass_add_iterators(text *t, int rank, int reduced) {
  text_add(t, "[");
  for (int d = 0; d < rank; d++)
    text_addf(t, "%s\"%s\"", d ? ", " : "", d == reduced ? "reduction" : "parallel");
  text_add(t, "]");
}
