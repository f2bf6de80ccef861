/* convert-torch-to-linalg: every operation of torch becomes what lower/torch makes of it; types of torch become those of MLIR.
 * All operations are described and lowered before the first one is replaced, so that everything without a lowering is reported at once. */
#include "pass/torch_convert.h"
#include <string.h>

/* Operations that leave nothing behind: constants are made where they are used, lists are read where they are used. */
static bool is_silent(MlirOperation op) {
  static const char *const names[] = {"torch.prim.ListConstruct", "torch.symbolic_int", "torch.bind_symbolic_shape", "torch.aten._assert_tensor_metadata",
                                      "torch.derefine", "torch.prim.unchecked_cast", "torch.aten.split.Tensor", "torch.aten.split_with_sizes", "torch.aten.chunk",
                                      "torch.aten.unbind.int", "tm_tensor.yield", "stablehlo.return"};
  if (text_starts(ir_op_name(op), "torch.constant."))
    return true;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (ir_op_is(op, names[i]))
      return true;
  return false;
}

/* Operations whose result is their operand, maybe with other knowledge of its sizes. */
static bool is_same(MlirOperation op) {
  static const char *const names[] = {"torch_c.to_builtin_tensor", "torch_c.from_builtin_tensor", "torch_c.to_i64", "torch_c.from_i64", "torch_c.to_f64",
                                      "torch_c.from_f64", "torch_c.to_i1", "torch_c.from_i1", "torch.copy.to_vtensor", "torch.copy.to_tensor",
                                      "torch.tensor_static_info_cast"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (ir_op_is(op, names[i]))
      return true;
  return false;
}

static bool is_literal(MlirOperation op) { return ir_op_is(op, "torch.vtensor.literal") || ir_op_is(op, "torch.tensor.literal") || ir_op_is(op, "stablehlo.constant"); }

static void refuse(torch_conversion *t, MlirOperation op, const char *why) {
  MlirAttribute name = ir_attr_of(op, "name");
  const char *which = ir_op_is(op, "torch.operator") && !mlirAttributeIsNull(name) ? arena_printf(t->mem, " %s", ir_print_attr(t->mem, name)) : "";
  diag_error(t->ir->ctx, ir_span(t->ir, op), LOOM_EUNSUP, why, ir_op_name(op), which);
  if (t->status == LOOM_OK)
    t->status = LOOM_EUNSUP;
}

/* ---- first look ---- */
static bool look_at(MlirOperation op, void *data) {
  torch_conversion *t = data;
  bool is_torch = torch_is_torch_op(op);
  for (intptr_t i = 0; i < mlirOperationGetNumResults(op); i++) {
    MlirValue v = ir_result(op, i);
    if (is_torch || torch_is_torch_type(mlirValueGetType(v)))
      torch_describe(t, v);
    if (!is_torch && torch_is_torch_type(mlirValueGetType(v)) && mlirTypeIsNull(torch_builtin_type(t->ir, mlirValueGetType(v))))
      refuse(t, op, "'%s'%s gives a value that is no tensor of a known shape and element type");
  }
  for (intptr_t r = 0; r < mlirOperationGetNumRegions(op); r++)
    for (MlirBlock b = mlirRegionGetFirstBlock(mlirOperationGetRegion(op, r)); !mlirBlockIsNull(b); b = mlirBlockGetNextInRegion(b))
      for (intptr_t i = 0; i < mlirBlockGetNumArguments(b); i++) {
        MlirValue v = mlirBlockGetArgument(b, i);
        torch_describe(t, v);
        if (torch_is_torch_type(mlirValueGetType(v)) && mlirTypeIsNull(torch_builtin_type(t->ir, mlirValueGetType(v))))
          diag_error(t->ir->ctx, ir_span(t->ir, op), t->status = LOOM_EUNSUP, "argument %d is %s; expected a tensor of a known rank and element type, or a number", (int)i,
                     ir_print_type(t->mem, mlirValueGetType(v)));
      }
  vec_push(t->mem, &t->ops, op);
  return true;
}

static bool needs_snippet(MlirOperation op) {
  return torch_is_torch_op(op) && !is_silent(op) && !is_same(op) && !is_literal(op) && !ir_op_is(op, "torch.overwrite.tensor.contents") && !torch_is_control(op);
}

static void lower_all(torch_conversion *t) {
  for (size_t i = 0; i < t->ops.n; i++) {
    MlirOperation op = t->ops.at[i];
    if (mlirOperationIsNull(op) || !needs_snippet(op))
      continue;
    if (torch_lower_knows(torch_lowered_name(t, op)))
      torch_add_snippet(t, op);
    else
      refuse(t, op, "there is no lowering of '%s'%s");
  }
}

/* ---- replacing ---- */
static void set_result(torch_conversion *t, MlirOperation op, MlirValue v) {
  MlirType type = torch_builtin_type(t->ir, mlirValueGetType(ir_result(op, 0)));
  if (!mlirTypeIsNull(type) && !mlirTypeEqual(type, mlirValueGetType(v)) && mlirTypeIsARankedTensor(type)) {
    ir_builder b = ir_before(t->ir, op);
    v = ir_build1(&b, "tensor.cast", type, 1, &v, 0, NULL);
  }
  torch_value_of(t, ir_result(op, 0))->now = v;
  ir_replace_uses(ir_result(op, 0), v);
}

/* Elements of signed and unsigned types as those of the signless one of the same size. */
static loom_status place_literal(torch_conversion *t, MlirOperation op) {
  MlirAttribute value = ir_attr_of(op, "value");
  MlirType type = torch_builtin_type(t->ir, mlirValueGetType(ir_result(op, 0)));
  if (mlirAttributeIsNull(value) || mlirTypeIsNull(type))
    LOOM_FAIL(t->ir->ctx, ir_span(t->ir, op), LOOM_EUNSUP, "the literal is no tensor of a known shape and element type");
  MlirType given = mlirAttributeGetType(value), element = mlirTypeIsAShaped(given) ? mlirShapedTypeGetElementType(given) : given;
  bool is_signless = !mlirTypeIsAInteger(element) || mlirIntegerTypeIsSignless(element);
  if (!is_signless && mlirAttributeIsADenseElements(value)) {   /* the attribute prints as numbers that both types hold */
    const char *s = ir_print_attr(t->mem, value), *colon = strrchr(s, ':');
    value = ir_attr(t->ir, arena_printf(t->mem, "%.*s : %s", (int)(colon ? colon - s : 0), s, ir_print_type(t->mem, type)));
  }
  if (mlirAttributeIsNull(value) || !mlirTypeEqual(mlirAttributeGetType(value), type))
    LOOM_FAIL(t->ir->ctx, ir_span(t->ir, op), LOOM_EUNSUP, "the literal is %s and its result %s", ir_print_type(t->mem, given), ir_print_type(t->mem, type));
  ir_builder b = ir_before(t->ir, op);
  const ir_named attr = {"value", value};
  set_result(t, op, ir_build1(&b, "arith.constant", type, 0, NULL, 1, &attr));
  return LOOM_OK;
}

/* Types of what is no operation of torch, in place. */
static void retype(torch_conversion *t, MlirOperation op) {
  for (intptr_t i = 0; i < mlirOperationGetNumResults(op) && !torch_is_torch_op(op); i++) {
    MlirValue v = ir_result(op, i);
    if (torch_is_torch_type(mlirValueGetType(v))) {
      mlirValueSetType(v, torch_builtin_type(t->ir, mlirValueGetType(v)));
      torch_value_of(t, v)->now = v;
    }
  }
  for (intptr_t r = 0; r < mlirOperationGetNumRegions(op); r++)
    for (MlirBlock b = mlirRegionGetFirstBlock(mlirOperationGetRegion(op, r)); !mlirBlockIsNull(b); b = mlirBlockGetNextInRegion(b))
      for (intptr_t i = 0; i < mlirBlockGetNumArguments(b); i++) {
        MlirValue v = mlirBlockGetArgument(b, i);
        if (torch_is_torch_type(mlirValueGetType(v)))
          mlirValueSetType(v, torch_builtin_type(t->ir, mlirValueGetType(v)));
        torch_value_of(t, v)->now = v;
      }
}

/* Operands of what is no operation of torch that are still values of torch: constants. */
static loom_status resolve_operands(torch_conversion *t, MlirOperation op) {
  for (intptr_t i = 0; i < ir_num_operands(op); i++) {
    MlirValue v = ir_operand(op, i);
    if (!torch_is_torch_type(mlirValueGetType(v)))
      continue;
    MlirValue now = torch_resolve(t, v, op);
    if (mlirValueIsNull(now))
      LOOM_FAIL(t->ir->ctx, ir_span(t->ir, op), LOOM_EUNSUP, "%s takes %s, which has no value on tensors", ir_op_name(op), ir_print_type(t->mem, mlirValueGetType(v)));
    mlirOperationSetOperand(op, i, now);
  }
  return LOOM_OK;
}

static loom_status replace_all(torch_conversion *t, MlirModule snippets) {
  size_t next = 0;
  MlirOperation func = mlirBlockGetFirstOperation(mlirModuleGetBody(snippets));
  for (size_t i = 0; i < t->ops.n; i++) {
    MlirOperation op = t->ops.at[i];
    if (mlirOperationIsNull(op))
      continue;
    retype(t, op);
    if (next < t->made.n && mlirOperationEqual(t->made.at[next]->op, op)) {
      while (!mlirOperationIsNull(func) && mlirBlockIsNull(ir_body(func)))
        func = mlirOperationGetNextInBlock(func);      /* declarations */
      if (mlirOperationIsNull(func))
        LOOM_FAIL(t->ir->ctx, ir_span(t->ir, op), LOOM_EBUG, "the lowering of %s was lost", ir_op_name(op));
      LOOM_TRY(torch_place_snippet(t, func, t->made.at[next++]));
      func = mlirOperationGetNextInBlock(func);
    } else if (is_literal(op)) {
      LOOM_TRY(place_literal(t, op));
    } else if (is_same(op)) {
      MlirValue v = torch_resolve(t, ir_operand(op, 0), op);
      if (mlirValueIsNull(v))
        LOOM_FAIL(t->ir->ctx, ir_span(t->ir, op), LOOM_EUNSUP, "%s: the operand has no value on tensors", ir_op_name(op));
      set_result(t, op, v);
    } else if (torch_is_control(op)) {
      LOOM_TRY(torch_place_control(t, op));
    } else if (!torch_is_torch_op(op)) {
      LOOM_TRY(resolve_operands(t, op));
    }
  }
  return LOOM_OK;
}

/* ---- functions ---- */
/* What a function writes over its arguments comes back as further results, in the order of the writes. */
static void return_overwritten(torch_conversion *t, MlirOperation func) {
  MlirBlock body = ir_body(func);
  MlirOperation end = torch_last_op(body);
  VEC_OF(MlirValue) results = {0};
  for (intptr_t i = 0; i < ir_num_operands(end); i++)
    vec_push(t->mem, &results, ir_operand(end, i));
  for (MlirOperation op = mlirBlockGetFirstOperation(body); !mlirOperationIsNull(op); op = mlirOperationGetNextInBlock(op))
    if (ir_op_is(op, "torch.overwrite.tensor.contents"))
      vec_push(t->mem, &results, torch_resolve(t, ir_operand(op, 0), end));
  mlirOperationSetOperands(end, (intptr_t)results.n, results.at);
}

static bool set_signature(MlirOperation op, void *data) {
  torch_conversion *t = data;
  if (!ir_op_is(op, "func.func"))
    return true;
  MlirType old = mlirTypeAttrGetValue(ir_attr_of(op, "function_type"));
  MlirBlock body = ir_body(op);
  intptr_t n_in = mlirFunctionTypeGetNumInputs(old), n_out = mlirFunctionTypeGetNumResults(old);
  if (!mlirBlockIsNull(body))
    return_overwritten(t, op);
  MlirOperation end = torch_last_op(body);
  intptr_t now_out = mlirOperationIsNull(end) ? n_out : ir_num_operands(end);
  MlirType *in = ARENA_NEW_N(t->mem, MlirType, n_in + 1), *out = ARENA_NEW_N(t->mem, MlirType, now_out + 1);
  for (intptr_t i = 0; i < n_in; i++)
    in[i] = torch_builtin_type(t->ir, mlirFunctionTypeGetInput(old, i));
  for (intptr_t i = 0; i < now_out; i++)
    out[i] = i < n_out ? torch_builtin_type(t->ir, mlirFunctionTypeGetResult(old, i)) : mlirValueGetType(ir_operand(end, i));
  for (intptr_t i = 0; i < n_in; i++)
    t->status = mlirTypeIsNull(in[i]) ? LOOM_EUNSUP : t->status;
  for (intptr_t i = 0; i < now_out; i++)
    t->status = mlirTypeIsNull(out[i]) ? LOOM_EUNSUP : t->status;
  if (t->status != LOOM_OK)
    return diag_error(t->ir->ctx, ir_span(t->ir, op), LOOM_EUNSUP, "the function has a type of torch that is no tensor of a known shape and element type") == LOOM_OK;
  ir_set_attr(op, "function_type", mlirTypeAttrGet(mlirFunctionTypeGet(t->ir->mlir, n_in, in, now_out, out)));
  return true;
}

/* ---- attributes ---- */
/* Attributes of dialects that nobody here knows (torch.*, mhlo.*, jax.*) say nothing to what follows. */
static MlirAttribute without_foreign(ir_ctx *ir, MlirAttribute dictionary) {
  VEC_OF(MlirNamedAttribute) kept = {0};
  for (intptr_t i = 0; i < mlirDictionaryAttrGetNumElements(dictionary); i++) {
    MlirNamedAttribute a = mlirDictionaryAttrGetElement(dictionary, i);
    MlirStringRef name = mlirIdentifierStr(a.name);
    const char *s = arena_strndup(&ir->ctx->mem, name.data, name.length);
    if (!strchr(s, '.') || ir_knows_dialect(ir, s))
      vec_push(&ir->ctx->mem, &kept, a);
  }
  return mlirDictionaryAttrGet(ir->mlir, (intptr_t)kept.n, kept.at);
}

static bool drop_foreign_attributes(MlirOperation op, void *data) {
  ir_ctx *ir = data;
  static const char *const lists[] = {"arg_attrs", "res_attrs"};
  for (int i = 0; i < 2; i++) {
    MlirAttribute list = ir_attr_of(op, lists[i]);
    if (mlirAttributeIsNull(list) || !mlirAttributeIsAArray(list))
      continue;
    intptr_t n = mlirArrayAttrGetNumElements(list);
    MlirAttribute *kept = ARENA_NEW_N(&ir->ctx->mem, MlirAttribute, n + 1);
    for (intptr_t k = 0; k < n; k++)
      kept[k] = without_foreign(ir, mlirArrayAttrGetElement(list, k));
    ir_set_attr(op, lists[i], mlirArrayAttrGet(ir->mlir, n, kept));
  }
  for (intptr_t i = mlirOperationGetNumDiscardableAttributes(op); i-- > 0;) {
    MlirStringRef name = mlirIdentifierStr(mlirOperationGetDiscardableAttribute(op, i).name);
    const char *s = arena_strndup(&ir->ctx->mem, name.data, name.length);
    if (strchr(s, '.') && !ir_knows_dialect(ir, s))
      ir_set_attr(op, s, (MlirAttribute){NULL});
  }
  return true;
}

static loom_status erase_torch(torch_conversion *t) {
  for (size_t i = t->ops.n; i-- > 0;) {
    MlirOperation op = t->ops.at[i];
    if (!mlirOperationIsNull(op) && torch_is_torch_op(op) && !ir_erase(op))
      LOOM_FAIL(t->ir->ctx, ir_span(t->ir, op), LOOM_EUNSUP, "the result of %s is used where there are only tensors and numbers", ir_op_name(op));
  }
  return LOOM_OK;
}

static bool is_torch_there(MlirOperation op, void *data) {
  (void)data;
  if (torch_is_torch_op(op))
    return false;
  if (ir_op_is(op, "func.func")) {
    MlirType type = mlirTypeAttrGetValue(ir_attr_of(op, "function_type"));
    for (intptr_t i = 0; i < mlirFunctionTypeGetNumInputs(type); i++)
      if (torch_is_torch_type(mlirFunctionTypeGetInput(type, i)))
        return false;
  }
  return true;
}

loom_status pass_torch_to_linalg(ir_ctx *ir, MlirOperation module, const pass_options *o) {
  (void)o;
  torch_conversion t = {.ir = ir, .mem = &ir->ctx->mem, .snippets = text_new(&ir->ctx->mem)};
  MlirModule snippets;
  if (ir_walk(module, is_torch_there, NULL))
    return LOOM_OK;
  ir_walk(module, look_at, &t);
  torch_keep_symbols(&t);
  lower_all(&t);
  LOOM_TRY(t.status);
  LOOM_TRY(ir_parse_own(ir, "<lowering of torch>", text_str(&t.snippets), t.snippets.size, &snippets));
  loom_status st = replace_all(&t, snippets);
  ir_close_module(snippets);
  LOOM_TRY(st);
  ir_walk(module, set_signature, &t);
  LOOM_TRY(t.status);
  LOOM_TRY(erase_torch(&t));
  ir_walk(module, drop_foreign_attributes, ir);
  return LOOM_OK;
}
