#include "base/vec.h"
#include "target/cpu/cpu_private.h"

enum { RANK_MAX = 8 };
typedef VEC_OF(MlirOperation) op_list;
typedef struct gather { arena *mem; op_list copies; } gather;

static bool collect(MlirOperation op, void *data) {
  gather *g = data;
  if (ir_op_is(op, "memref.copy"))
    vec_push(g->mem, &g->copies, op);
  return true;
}

/* One scf.for per dim around a load and a store; LLVM turns the inner one into vectors or a memcpy. */
static void copy_dims(ir_builder *at, MlirValue from, MlirValue to, int64_t rank, int64_t dim, MlirValue *index) {
  if (dim == rank) {
    MlirValue load[1 + RANK_MAX] = {from}, store[2 + RANK_MAX] = {{NULL}, to};
    for (int64_t d = 0; d < rank; d++)
      load[1 + d] = store[2 + d] = index[d];
    store[0] = ir_build1(at, "memref.load", mlirShapedTypeGetElementType(mlirValueGetType(from)), 1 + rank, load, 0, NULL);
    ir_build(at, "memref.store", 0, NULL, 2 + rank, store, 0, NULL, 0, NULL);
    return;
  }
  MlirType index_type = ir_index_type(at->ir);
  MlirValue zero = ir_index_const(at, 0), one = ir_index_const(at, 1), which = ir_index_const(at, dim);
  MlirValue extent = ir_build1(at, "memref.dim", index_type, 2, (MlirValue[]){from, which}, 0, NULL);
  MlirBlock body;
  MlirRegion region = ir_new_region(at->ir, 1, &index_type, &body);
  ir_build(at, "scf.for", 0, NULL, 3, (MlirValue[]){zero, extent, one}, 0, NULL, 1, &region);
  ir_builder inner = ir_at_end(at->ir, body);
  inner.loc = at->loc;
  index[dim] = mlirBlockGetArgument(body, 0);
  copy_dims(&inner, from, to, rank, dim + 1, index);
  ir_build(&inner, "scf.yield", 0, NULL, 0, NULL, 0, NULL, 0, NULL);
}

loom_status cpu_lower_copies(ir_ctx *ir, MlirModule m) {
  gather g = {.mem = &ir->ctx->mem};
  ir_walk(mlirModuleGetOperation(m), collect, &g);
  int errors = ir->ctx->diag.errors;
  for (size_t i = 0; i < g.copies.n; i++) {
    MlirOperation op = g.copies.at[i];
    MlirValue from = ir_operand(op, 0), to = ir_operand(op, 1), index[RANK_MAX];
    MlirType t = mlirValueGetType(from);
    if (!mlirTypeIsAMemRef(t) || mlirShapedTypeGetRank(t) > RANK_MAX)
      LOOM_FAIL(ir->ctx, ir_span(ir, op), LOOM_EUNSUP, "this copy has %d dims or none; at most %d are supported",
                mlirTypeIsAMemRef(t) ? (int)mlirShapedTypeGetRank(t) : 0, RANK_MAX);
    ir_builder at = ir_before(ir, op);
    copy_dims(&at, from, to, mlirShapedTypeGetRank(t), 0, index);
    ir_erase(op);
  }
  return ir->ctx->diag.errors == errors ? LOOM_OK : LOOM_EBUG;
}
