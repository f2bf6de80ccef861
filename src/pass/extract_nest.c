/* Canonical module -> nest: one function, one affine.parallel, its body walked once. */
#include "pass/extract_private.h"

static loom_status add_tensors(extract *x) {
  MlirBlock body = ir_body(x->func);
  for (intptr_t i = 0; i < mlirBlockGetNumArguments(body); i++) {
    MlirType type = mlirValueGetType(mlirBlockGetArgument(body, i));
    nest_tensor t = {.name = extract_arg_name(x, i), .arg = (int)i};
    if (!mlirTypeIsAMemRef(type) || !mlirShapedTypeHasStaticShape(type) || !ir_type_dtype(type, &t.type) ||
        mlirShapedTypeGetRank(type) > NEST_RANK_MAX)
      EXTRACT_UNSUP(x, x->func, "argument %" PRIdPTR " of '%s' must be a memref of static shape with at most %d dimensions", i, x->nest->kernel,
                    NEST_RANK_MAX);
    ir_l1_place place;
    if (!ir_argument_l1(x->ir, x->func, i, &place))
      LOOM_FAIL(x->ctx, ir_span(x->ir, x->func), LOOM_EINPUT, "loom.space of argument %" PRIdPTR " of '%s' is \"dram\", or \"l1\" with loom.page and loom.offset in bytes", i, x->nest->kernel);
    t.l1_page = place.page;
    t.l1_offset = place.offset;
    t.rank = (int)mlirShapedTypeGetRank(type);
    for (int d = 0; d < t.rank; d++)
      t.shape[d] = mlirShapedTypeGetDimSize(type, d);
    for (size_t k = 0; k < x->nest->tensors.n; k++)
      if (text_eq(x->nest->tensors.at[k].name, t.name))
        t.name = arena_printf(x->mem, "arg%d", (int)i);
    vec_push(x->mem, &x->nest->tensors, t);
  }
  return LOOM_OK;
}

/* Around the parallel loop only what it is sized with may stand. */
static bool may_surround(MlirOperation op) {
  static const char *const prefixes[] = {"arith.", "affine.apply", "loom.sym", "tensor.empty", "linalg.fill", "func.return", "memref.reinterpret_cast", "memref.cast"};
  for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
    if (text_starts(ir_op_name(op), prefixes[i]))
      return true;
  return false;
}

static loom_status find_parallel(extract *x, MlirOperation *out) {
  *out = (MlirOperation){NULL};
  MlirBlock body = ir_body(x->func);
  for (MlirOperation op = mlirBlockIsNull(body) ? *out : mlirBlockGetFirstOperation(body); !mlirOperationIsNull(op);
       op = mlirOperationGetNextInBlock(op)) {
    if (ir_op_is(op, "affine.parallel")) {
      if (!mlirOperationIsNull(*out))
        EXTRACT_UNSUP(x, op, "a kernel must have one parallel loop nest; '%s' has a second one here", x->nest->kernel);
      *out = op;
    } else if (!may_surround(op)) {
      EXTRACT_UNSUP(x, op, "'%s' outside of the parallel loops is not supported", ir_op_name(op));
    }
  }
  if (mlirOperationIsNull(*out))
    EXTRACT_UNSUP(x, x->func, "'%s' has no affine.parallel over its tiles", x->nest->kernel);
  return LOOM_OK;
}

/* An output that is filled before the kernel: the fill may be left out only when all of the output is stored. */
static loom_status check_fills(extract *x) {
  MlirBlock body = ir_body(x->func);
  for (MlirOperation op = mlirBlockGetFirstOperation(body); !mlirOperationIsNull(op); op = mlirOperationGetNextInBlock(op)) {
    if (!ir_op_is(op, "linalg.fill") || !mlirTypeIsAMemRef(mlirValueGetType(ir_operand(op, 1))))
      continue;
    MlirValue to = ir_operand(op, 1);
    while (ir_op_is(ir_def(to), "memref.reinterpret_cast") || ir_op_is(ir_def(to), "memref.cast"))
      to = ir_operand(ir_def(to), 0);
    int64_t tensor = mlirValueIsABlockArgument(to) ? mlirBlockArgumentGetArgNumber(to) : -1;
    if (tensor < 0 || tensor >= (int64_t)x->nest->tensors.n || !nest_tensor_is_covered(x->nest, (int)tensor) || !extract_shows_all(x, (int)tensor))
      EXTRACT_UNSUP(x, op, "'%s' is filled before the kernel, which then stores parts of it; on a mesh of cores all of it must be stored",
                    tensor >= 0 && tensor < (int64_t)x->nest->tensors.n ? x->nest->tensors.at[tensor].name : "memory");
  }
  return LOOM_OK;
}

/* The type most loads have is what upstream calls the kernel's datatype; a kernel that loads nothing has that of its first output. */
static dtype kernel_type(const nest *n) {
  for (size_t i = 0; i < n->values.n; i++)
    if (n->values.at[i].def && n->values.at[i].def->kind == NEST_LOAD)
      return n->values.at[i].type;
  for (size_t i = 0; i < n->tensors.n; i++)
    if (n->tensors.at[i].is_output)
      return n->tensors.at[i].type;
  return DTYPE_F32;
}

static loom_status extract_function(extract *x) {
  MlirOperation parallel;
  LOOM_TRY(find_parallel(x, &parallel));
  LOOM_TRY(add_tensors(x));
  x->n_uses = x->nest->tensors.n + EXTRACT_VIEWS_MAX;
  x->use = ARENA_NEW_N(x->mem, extract_use, x->n_uses);
  LOOM_TRY(extract_parallel(x, parallel));
  LOOM_TRY(extract_block(x, ir_body(parallel)));
  LOOM_TRY(extract_symbols(x));
  LOOM_TRY(check_fills(x));
  LOOM_TRY(extract_check_reloads(x));
  extract_cut_loops(x);
  for (size_t i = 0; i < x->nest->symbols.n; i++)
    x->nest->symbols.at[i].covers_one = nest_symbol_covers_one(x->nest, (int)i);
  extract_name_values(x);
  x->nest->type = kernel_type(x->nest);
  return nest_verify(x->ctx, x->nest);
}

static bool count_functions(MlirOperation op, void *data) {
  if (ir_op_is(op, "func.func") && !mlirBlockIsNull(ir_body(op)))
    ++*(int *)data;
  return true;
}

loom_status pass_extract_nest_ops(ir_ctx *ir, MlirModule m, const char *func, nest **out, const pass_node_op **out_ops, size_t *out_n) {
  extract x = {.ir = ir, .ctx = ir->ctx, .mem = &ir->ctx->mem, .parent = -1, .only_first = -1};
  x.func = ir_find_func(m, func);
  if (mlirOperationIsNull(x.func) || mlirBlockIsNull(ir_body(x.func)))
    LOOM_FAIL(x.ctx, ir_span(ir, mlirModuleGetOperation(m)), LOOM_EINPUT, func ? "the module has no function '%s'" : "the module has no function", func);
  int n = 0;
  ir_walk(mlirModuleGetOperation(m), count_functions, &n);
  if (!func && n > 1) {
    diag_error(x.ctx, ir_span(ir, x.func), LOOM_EINPUT, "the module has %d functions", n);
    diag_help(x.ctx, "name the kernel with --function");
    return LOOM_EINPUT;
  }
  x.nest = ARENA_NEW(x.mem, nest);
  x.nest->kernel = ir_func_name(x.mem, x.func);
  x.body = &x.nest->body;
  LOOM_TRY(extract_function(&x));
  *out = x.nest;
  *out_ops = x.ops.at;
  *out_n = x.ops.n;
  return LOOM_OK;
}

loom_status pass_extract_nest(ir_ctx *ir, MlirModule m, const char *func, nest **out) {
  const pass_node_op *ops;
  size_t n;
  return pass_extract_nest_ops(ir, m, func, out, &ops, &n);
}
