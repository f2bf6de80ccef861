/* A function on tensors as one on memory: its tensors become buffers that it reads, its results buffers that it writes, behind its arguments. */
#include "compile.h"
#include "compile_exec.h"
#include "pass/pass.h"
#include <string.h>

static const char to_memory[] =
    "inline,"
    "one-shot-bufferize{bufferize-function-boundaries=true function-boundary-type-conversion=identity-layout-map allow-return-allocs-from-loops=true},"
    "buffer-results-to-out-params{hoist-static-allocs=true modify-public-functions=true},canonicalize,cse,"
    "buffer-deallocation-pipeline,convert-bufferization-to-memref,canonicalize,cse";
static const char from_tosa[] = "func.func(tosa-to-linalg-named,tosa-to-linalg,tosa-to-arith,tosa-to-tensor),";

static bool is_tosa(MlirOperation op, void *data) {
  *(bool *)data |= text_starts(ir_op_name(op), "tosa.");
  return true;
}

typedef struct boundary { intptr_t n_args, n_results, n_tensors; } boundary;

static boundary boundary_of(MlirOperation func) {
  MlirType t = mlirTypeAttrGetValue(ir_attr_of(func, "function_type"));
  boundary b = {.n_args = mlirFunctionTypeGetNumInputs(t), .n_results = mlirFunctionTypeGetNumResults(t)};
  for (intptr_t i = 0; i < b.n_args; i++)
    b.n_tensors += mlirTypeIsATensor(mlirFunctionTypeGetInput(t, i));
  return b;
}

/* Attributes of arguments: what there is already, and for each `name` = `value(i)`. */
static void set_argument_attrs(ir_ctx *ir, MlirOperation func, intptr_t n, const char *name, MlirAttribute (*value)(ir_ctx *, MlirOperation, intptr_t, const void *), const void *data) {
  MlirAttribute old = ir_attr_of(func, "arg_attrs"), *all = ARENA_NEW_N(&ir->ctx->mem, MlirAttribute, n);
  for (intptr_t i = 0; i < n; i++) {
    MlirAttribute v = value(ir, func, i, data), before = mlirAttributeIsNull(old) || i >= mlirArrayAttrGetNumElements(old) ? (MlirAttribute){NULL} : mlirArrayAttrGetElement(old, i);
    intptr_t kept = mlirAttributeIsNull(before) ? 0 : mlirDictionaryAttrGetNumElements(before), k = 0;
    MlirNamedAttribute *entries = ARENA_NEW_N(&ir->ctx->scratch, MlirNamedAttribute, kept + 1);
    MlirIdentifier key = mlirIdentifierGet(ir->mlir, mlirStringRefCreateFromCString(name));
    for (intptr_t e = 0; e < kept; e++) {
      entries[k] = mlirDictionaryAttrGetElement(before, e);
      k += !mlirIdentifierEqual(entries[k].name, key);
    }
    if (!mlirAttributeIsNull(v))
      entries[k++] = mlirNamedAttributeGet(key, v);
    all[i] = mlirDictionaryAttrGet(ir->mlir, k, entries);
  }
  ir_set_attr(func, "arg_attrs", mlirArrayAttrGet(ir->mlir, n, all));
}

/* An input stays as it is: what is computed in place of it goes to a copy. */
static MlirAttribute read_only(ir_ctx *ir, MlirOperation func, intptr_t i, const void *data) {
  (void)data;
  return mlirTypeIsATensor(mlirValueGetType(mlirBlockGetArgument(ir_body(func), i))) ? ir_bool_attr(ir, false) : (MlirAttribute){NULL};
}

typedef struct names { const char **at; intptr_t n_args, n_results; } names;

/* Names outlive the text; results are "result0" or, alone, "result". */
static MlirAttribute argument_name(ir_ctx *ir, MlirOperation func, intptr_t i, const void *data) {
  const names *n = data;
  (void)func;
  if (i < n->n_args)
    return ir_str_attr(ir, n->at[i]);
  return ir_str_attr(ir, n->n_results == 1 ? "result" : arena_printf(&ir->ctx->mem, "result%d", (int)(i - n->n_args)));
}

loom_status compile_values_to_memory(compile_state *s, const char *name) {
  ir_ctx *ir = &s->ir;
  arena *m = &s->ctx->mem;
  MlirOperation func = ir_find_func(s->stage0, name);
  const boundary b = boundary_of(func);
  if (!b.n_tensors && !b.n_results)
    return LOOM_OK;
  names n = {ARENA_NEW_N(m, const char *, b.n_args), b.n_args, b.n_results};
  bool has_tosa = false;
  for (intptr_t i = 0; i < b.n_args; i++)
    n.at[i] = ir_argument_name(ir, func, i);
  ir_walk(mlirModuleGetOperation(s->stage0), is_tosa, &has_tosa);
  set_argument_attrs(ir, func, b.n_args, "bufferization.writable", read_only, NULL);
  loom_status blame = ir->blame;
  ir->blame = LOOM_EUNSUP;      /* what upstream's passes refuse is a form of the user's module */
  loom_status st = pass_run_pipeline(ir, s->stage0, arena_printf(m, "builtin.module(%s%s)", has_tosa ? from_tosa : "", to_memory), NULL);
  ir->blame = blame;
  LOOM_TRY(st);
  func = ir_find_func(s->stage0, name);
  set_argument_attrs(ir, func, boundary_of(func).n_args, "loom.name", argument_name, &n);
  return LOOM_OK;
}
