/* A materialized kernel as the program of one core of this CPU: the mesh loop becomes arguments, the slots of L1 places in one workspace, and
 * copies plain ones.  Every core runs the same function on its own workspace; cores share the tensors and nothing else. */
#include "base/vec.h"
#include "dialect/dialect.h"
#include "target/cpu/cpu_private.h"

typedef struct gather { arena *mem; cpu_ops ops; } gather;
typedef struct program { ir_ctx *ir; MlirModule m; MlirOperation func, grid; MlirBlock body; MlirValue workspace; int vector_bytes; cpu_dots dots; uint64_t constants; cpu_grid *out; } program;

static bool collect(MlirOperation op, void *data) {
  gather *g = data;
  if (text_starts(ir_op_name(op), "loom."))
    vec_push(g->mem, &g->ops, op);
  return true;
}

/* ---- the mesh loop ---- */
static loom_status find_grid(program *p) {
  p->body = ir_body(p->func);
  for (MlirOperation op = mlirBlockGetFirstOperation(p->body); !mlirOperationIsNull(op); op = mlirOperationGetNextInBlock(op))
    if (ir_op_is(op, "scf.parallel") && mlirOperationIsNull(p->grid))
      p->grid = op;
    else if (!text_starts(ir_op_name(op), "arith.") && !ir_op_is(op, "func.return"))
      LOOM_FAIL(p->ir->ctx, ir_span(p->ir, op), LOOM_EUNSUP, "'%s' stands outside of the one scf.parallel over the cores", ir_op_name(op));
  if (mlirOperationIsNull(p->grid))
    LOOM_FAIL(p->ir->ctx, ir_span(p->ir, p->func), LOOM_EINPUT, "the function has no scf.parallel over the cores");
  return LOOM_OK;
}

static loom_status read_counts(program *p) {
  p->out->n_dims = (int)mlirBlockGetNumArguments(ir_body(p->grid));
  for (int d = 0; d < p->out->n_dims && d < CPU_GRID_MAX; d++) {
    int64_t from, step;
    if (!ir_const_int(ir_operand(p->grid, d), &from) || !ir_const_int(ir_operand(p->grid, p->out->n_dims + d), &p->out->count[d]) ||
        !ir_const_int(ir_operand(p->grid, 2 * p->out->n_dims + d), &step) || from != 0 || step != 1)
      LOOM_FAIL(p->ir->ctx, ir_span(p->ir, p->grid), LOOM_EUNSUP, "the scf.parallel over the cores must count from 0 to constants in steps of 1");
  }
  if (p->out->n_dims > CPU_GRID_MAX)
    LOOM_FAIL(p->ir->ctx, ir_span(p->ir, p->grid), LOOM_ELIMIT, "the scf.parallel over the cores has %d dims; at most %d are supported", p->out->n_dims, CPU_GRID_MAX);
  return LOOM_OK;
}

static MlirType workspace_type(const program *p) { return ir_type(p->ir, arena_printf(&p->ir->ctx->mem, "memref<%" PRId64 "xi8>", p->out->workspace_bytes)); }

/* The induction variables become arguments behind the workspace, the body stands in the function. */
static void open_grid(program *p) {
  MlirLocation loc = mlirOperationGetLocation(p->func);
  MlirBlock inner = ir_body(p->grid);
  p->workspace = mlirBlockAddArgument(p->body, workspace_type(p), loc);
  for (int d = 0; d < p->out->n_dims; d++)
    ir_replace_uses(mlirBlockGetArgument(inner, d), mlirBlockAddArgument(p->body, ir_index_type(p->ir), loc));
  for (MlirOperation op = mlirBlockGetFirstOperation(inner), next; !mlirOperationIsNull(op); op = next) {
    next = mlirOperationGetNextInBlock(op);
    if (ir_op_is(op, "scf.reduce"))
      continue;
    mlirOperationRemoveFromParent(op);
    mlirBlockInsertOwnedOperationBefore(p->body, p->grid, op);
  }
  ir_erase(p->grid);
}

/* ---- loom operations ---- */
static int64_t bytes_of(MlirType t) {
  dtype e;
  int64_t bytes = ir_type_dtype(t, &e) ? (int64_t)dtype_bytes(e) : 8;
  for (intptr_t d = 0; d < mlirShapedTypeGetRank(t); d++)
    bytes *= mlirShapedTypeGetDimSize(t, d);
  return bytes;
}

/* Cores load and compute in turn here: one place serves all slots of a buffer.  Each buffer has bytes of its own, not the plan's: those that stay in
 * registers (cpu_lower_vectors) are then never touched, and the others' lifetimes do not stand in the way of that. */
static loom_status place(program *p, MlirOperation op) {
  enum { LINE = 64 };
  dialect_alloc a;
  if (!dialect_read_alloc(&p->ir->ctx->mem, op, &a) || a.offset < 0)
    LOOM_FAIL(p->ir->ctx, ir_span(p->ir, op), LOOM_EINPUT, "a loom.alloc without an offset");
  ir_builder at = ir_before(p->ir, op);
  MlirValue view = ir_build1(&at, "memref.view", a.type, 2, (MlirValue[]){p->workspace, ir_index_const(&at, p->out->workspace_bytes)}, 0, NULL);
  p->out->workspace_bytes += (bytes_of(a.type) + LINE - 1) / LINE * LINE;
  if (mlirValueIsNull(view))
    return LOOM_EBUG;
  ir_replace_uses(ir_result(op, 0), view);
  ir_erase(op);
  return LOOM_OK;
}

static loom_status copy(program *p, MlirOperation op) {
  dialect_copy c;
  if (!dialect_read_copy(&p->ir->ctx->mem, op, &c))
    LOOM_FAIL(p->ir->ctx, ir_span(p->ir, op), LOOM_EINPUT, "malformed loom.copy");
  for (int d = 0; d < c.n_mesh; d++)
    if (c.area[d] > 1)
      LOOM_FAIL(p->ir->ctx, ir_span(p->ir, op), LOOM_EUNSUP, "a copy to several cores: this CPU's cores share the tensors, and each loads for itself");
  ir_builder at = ir_before(p->ir, op);
  if (mlirOperationIsNull(ir_build(&at, "memref.copy", 0, NULL, 2, (MlirValue[]){c.src, c.dst}, 0, NULL, 0, NULL)))
    return LOOM_EBUG;
  ir_erase(op);
  return LOOM_OK;
}

static loom_status replace(program *p, MlirOperation op) {
  if (ir_op_is(op, "loom.alloc"))
    return place(p, op);
  if (ir_op_is(op, "loom.copy"))
    return copy(p, op);
  if (ir_op_is(op, "loom.semaphore_take"))
    ir_replace_uses(ir_result(op, 0), ir_operand(op, 0));
  else if (!ir_op_is(op, "loom.semaphore_give"))
    LOOM_FAIL(p->ir->ctx, ir_span(p->ir, op), LOOM_EUNSUP, "'%s' has no form on this CPU", ir_op_name(op));
  ir_erase(op);
  return LOOM_OK;
}

/* All its users are known now. */
static void set_workspace(program *p) {
  mlirValueSetType(p->workspace, workspace_type(p));
  intptr_t n = mlirBlockGetNumArguments(p->body);
  MlirType *types = ARENA_NEW_N(&p->ir->ctx->mem, MlirType, n);
  for (intptr_t i = 0; i < n; i++)
    types[i] = mlirValueGetType(mlirBlockGetArgument(p->body, i));
  ir_set_attr(p->func, "arg_attrs", (MlirAttribute){NULL});
  ir_set_attr(p->func, "function_type", ir_type_attr(mlirFunctionTypeGet(p->ir->mlir, n, types, 0, NULL)));
  ir_set_attr(p->func, "loom.tile_function", ir_unit_attr(p->ir));
  ir_set_attr(p->func, "loom.workspace", ir_int_attr(p->ir, mlirBlockArgumentGetArgNumber(p->workspace)));
  ir_set_attr(p->func, "sym_name", ir_str_attr(p->ir, CPU_CORE_NAME));
}

static loom_status rewrite(program *p) {
  gather g = {.mem = &p->ir->ctx->mem};
  LOOM_TRY(find_grid(p));
  LOOM_TRY(read_counts(p));
  ir_walk(p->func, collect, &g);
  open_grid(p);
  for (size_t i = 0; i < g.ops.n; i++)
    LOOM_TRY(replace(p, g.ops.at[i]));
  LOOM_TRY(cpu_elide_loads(p->ir, p->m));
  LOOM_TRY(cpu_dot_products(p->ir, p->m, p->workspace, p->dots, &p->out->workspace_bytes));
  LOOM_TRY(cpu_pack_products(p->ir, p->m, p->workspace, p->vector_bytes, p->constants, p->out));
  set_workspace(p);
  return LOOM_OK;
}

loom_status cpu_grid_from_bufferized(ir_ctx *ir, MlirModule bufferized, int vector_bytes, cpu_dots dots, uint64_t constants, cpu_grid *out, MlirModule *out_module) {
  program p = {.ir = ir, .vector_bytes = vector_bytes, .dots = dots, .constants = constants, .out = out};
  MlirOperation found = ir_find_func(bufferized, NULL);
  *out = (cpu_grid){0};
  if (mlirOperationIsNull(found))
    LOOM_FAIL(ir->ctx, ir_span(ir, mlirModuleGetOperation(bufferized)), LOOM_EINPUT, "the module has no function");
  *out_module = mlirModuleCreateEmpty(ir->unknown);
  p.m = *out_module;
  p.func = mlirOperationClone(found);
  mlirBlockAppendOwnedOperation(mlirModuleGetBody(*out_module), p.func);
  loom_status st = rewrite(&p);
  if (st == LOOM_OK)
    return LOOM_OK;
  ir_close_module(*out_module);
  *out_module = (MlirModule){NULL};
  return st;
}
