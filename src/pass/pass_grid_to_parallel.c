/* The grid of a Triton kernel as a parallel loop.  The last six arguments are the sizes of the grid and the program's ids in it:
 *   func(.., nx, ny, nz, x, y, z) { body }  ->  func(.., nx, ny, nz) { affine.parallel (x, y, z) = 0 to (nx, ny, nz) { body } }
 * Ids nobody reads are dropped; one stays. */
#include "pass/pass_private.h"

enum { IDS = 3, TRAILING = 6 };

static bool takes_grid(MlirBlock body) {
  intptr_t n = mlirBlockGetNumArguments(body);
  for (intptr_t i = n - TRAILING; i < n; i++)
    if (i < 0 || !mlirTypeIsAIndex(mlirValueGetType(mlirBlockGetArgument(body, i))))
      return false;
  return true;
}

static bool is_read(MlirValue v) { return !mlirOpOperandIsNull(mlirValueGetFirstUse(v)); }

static void drop_arguments(ir_ctx *ir, MlirOperation func, intptr_t from, intptr_t n) {
  MlirBlock body = ir_body(func);
  MlirAttribute attrs = ir_attr_of(func, "arg_attrs");
  MlirType old = mlirTypeAttrGetValue(ir_attr_of(func, "function_type"));
  MlirType *in = ARENA_NEW_N(&ir->ctx->scratch, MlirType, from + 1), *out = ARENA_NEW_N(&ir->ctx->scratch, MlirType, mlirFunctionTypeGetNumResults(old) + 1);
  for (intptr_t i = from + n - 1; i >= from; i--)
    mlirBlockEraseArgument(body, (unsigned)i);
  for (intptr_t i = 0; i < from; i++)
    in[i] = mlirFunctionTypeGetInput(old, i);
  for (intptr_t i = 0; i < mlirFunctionTypeGetNumResults(old); i++)
    out[i] = mlirFunctionTypeGetResult(old, i);
  if (!mlirAttributeIsNull(attrs) && mlirAttributeIsAArray(attrs) && mlirArrayAttrGetNumElements(attrs) == from + n) {
    MlirAttribute *kept = ARENA_NEW_N(&ir->ctx->scratch, MlirAttribute, from + 1);
    for (intptr_t i = 0; i < from; i++)
      kept[i] = mlirArrayAttrGetElement(attrs, i);
    ir_set_attr(func, "arg_attrs", mlirArrayAttrGet(ir->mlir, from, kept));
  }
  ir_set_attr(func, "function_type", mlirTypeAttrGet(mlirFunctionTypeGet(ir->mlir, from, in, mlirFunctionTypeGetNumResults(old), out)));
}

static MlirOperation build_loop(ir_ctx *ir, ir_builder *b, const MlirValue *sizes, int n, MlirBlock *out_body) {
  arena *m = &ir->ctx->scratch;
  text zeros = text_new(m), dims = text_new(m), steps = text_new(m);
  MlirType types[IDS];
  for (int i = 0; i < n; i++) {
    types[i] = ir_index_type(ir);
    text_add(&zeros, i ? ", 0" : "0");
    text_addf(&dims, i ? ", d%d" : "d%d", i);
    text_add(&steps, i ? ", 1 : i64" : "1 : i64");
  }
  MlirRegion region = ir_new_region(ir, n, types, out_body);
  MlirAttribute groups = ir_attr(ir, arena_printf(m, "dense<1> : tensor<%dxi32>", n));
  const ir_named attrs[] = {{"lowerBoundsMap", ir_attr(ir, arena_printf(m, "affine_map<() -> (%s)>", text_str(&zeros)))},
                            {"lowerBoundsGroups", groups},
                            {"upperBoundsMap", ir_attr(ir, arena_printf(m, "affine_map<(%s) -> (%s)>", text_str(&dims), text_str(&dims)))},
                            {"upperBoundsGroups", groups},
                            {"steps", ir_attr(ir, arena_printf(m, "[%s]", text_str(&steps)))},
                            {"reductions", ir_attr(ir, "[]")}};
  return ir_build(b, "affine.parallel", 0, NULL, n, sizes, 6, attrs, 1, &region);
}

loom_status pass_grid_to_parallel(ir_ctx *ir, MlirOperation func, const pass_options *o) {
  (void)o;
  MlirBlock body = ir_body(func);
  if (mlirBlockIsNull(body))
    return LOOM_OK;
  MlirOperation end = mlirBlockGetTerminator(body), first = mlirBlockGetFirstOperation(body);
  if (ir_op_is(first, "affine.parallel") && mlirOperationEqual(mlirOperationGetNextInBlock(first), end))
    return LOOM_OK;      /* done before */
  if (!takes_grid(body)) {
    diag_error(ir->ctx, ir_span(ir, func), LOOM_EINPUT, "the last six arguments of '%s' are not indices", ir_func_name(&ir->ctx->mem, func));
    diag_help(ir->ctx, "expected the sizes of the grid and the ids of the program in it, three each; run loom-affinize first");
    return LOOM_EINPUT;
  }
  if (ir_num_operands(end))
    LOOM_FAIL(ir->ctx, ir_span(ir, end), LOOM_EUNSUP, "a program of a grid returns no values");
  intptr_t ids = mlirBlockGetNumArguments(body) - IDS;
  MlirValue size[IDS], id[IDS];
  int n = 0;
  for (int i = 0; i < IDS; i++)
    if (is_read(mlirBlockGetArgument(body, ids + i)) || (i == IDS - 1 && n == 0)) {
      int at = is_read(mlirBlockGetArgument(body, ids + i)) ? i : 0;
      id[n] = mlirBlockGetArgument(body, ids + at);
      size[n++] = mlirBlockGetArgument(body, ids - IDS + at);
    }
  MlirBlock inner;
  ir_builder b = ir_before(ir, end);
  MlirOperation loop = build_loop(ir, &b, size, n, &inner);
  if (mlirOperationIsNull(loop))
    return LOOM_EBUG;
  for (MlirOperation op = mlirBlockGetFirstOperation(body), next; !mlirOperationEqual(op, loop); op = next) {
    next = mlirOperationGetNextInBlock(op);
    mlirOperationRemoveFromParent(op);
    mlirBlockAppendOwnedOperation(inner, op);
  }
  ir_builder at = ir_at_end(ir, inner);
  ir_build(&at, "affine.yield", 0, NULL, 0, NULL, 0, NULL, 0, NULL);
  for (int i = 0; i < n; i++)
    ir_replace_uses(id[i], mlirBlockGetArgument(inner, i));
  drop_arguments(ir, func, ids, IDS);
  return LOOM_OK;
}
