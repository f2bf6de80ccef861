/* What functions a module has, and what they take. */
#include "program/program_private.h"

/* The type of values of `t`; false: there are none (memory, dynamic rank, ..). */
static bool value_type(arena *mem, MlirType t, run_value_type *out) {
  bool is_tensor = mlirTypeIsARankedTensor(t);
  *out = (run_value_type){.is_scalar = !is_tensor};
  if (is_tensor) {
    out->rank = (int)mlirShapedTypeGetRank(t);
    for (int d = 0; d < out->rank && d < RUN_RANK_MAX; d++)
      out->shape[d] = mlirShapedTypeIsDynamicDim(t, d) ? RUN_ANY_SIZE : mlirShapedTypeGetDimSize(t, d);
    t = mlirShapedTypeGetElementType(t);
  }
  return out->rank <= RUN_RANK_MAX && !mlirTypeIsAShaped(t) && run_element_parse(mem, ir_print_type(mem, t), &out->type);
}

static program_function describe(ir_ctx *ir, MlirOperation op) {
  arena *mem = &ir->ctx->mem;
  MlirType type = mlirTypeAttrGetValue(ir_attr_of(op, "function_type"));
  const char *visibility = ir_attr_string(mem, ir_attr_of(op, "sym_visibility"));
  program_function f = {.name = ir_func_name(mem, op), .span = ir_span(ir, op), .is_public = !visibility || text_eq(visibility, "public"), .has_body = !mlirBlockIsNull(ir_body(op)),
                        .n_args = (int)mlirFunctionTypeGetNumInputs(type), .n_results = (int)mlirFunctionTypeGetNumResults(type)};
  f.args = ARENA_NEW_N(mem, run_value_type, f.n_args + 1);
  f.results = ARENA_NEW_N(mem, run_value_type, f.n_results + 1);
  f.arg_names = ARENA_NEW_N(mem, const char *, f.n_args + 1);
  for (int i = 0; i < f.n_args + f.n_results; i++) {
    bool is_arg = i < f.n_args;
    MlirType t = is_arg ? mlirFunctionTypeGetInput(type, i) : mlirFunctionTypeGetResult(type, i - f.n_args);
    if (!value_type(mem, t, is_arg ? &f.args[i] : &f.results[i - f.n_args]))
      f.refused = ir_print_type(mem, t);
    if (is_arg)
      f.arg_names[i] = f.has_body ? ir_argument_name(ir, op, i) : arena_printf(mem, "arg%d", i);
  }
  return f;
}

program_functions program_list(ir_ctx *ir, MlirModule m) {
  program_functions all = {0};
  MlirOperation op = mlirBlockGetFirstOperation(mlirModuleGetBody(m));
  for (; !mlirOperationIsNull(op); op = mlirOperationGetNextInBlock(op))
    if (ir_op_is(op, "func.func"))
      vec_push(&ir->ctx->mem, &all, describe(ir, op));
  return all;
}

const program_function *program_find(const program_functions *all, const char *name) {
  for (size_t i = 0; i < all->n; i++)
    if (name ? text_eq(all->at[i].name, name) : all->at[i].is_public && all->at[i].has_body)
      return &all->at[i];
  return NULL;
}

bool program_is_on_values(const program_function *f) { return f->has_body && (f->n_results > 0 || !f->refused); }
