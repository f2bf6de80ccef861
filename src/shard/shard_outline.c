/* The pass that frees memory (ownership-based-buffer-deallocation) refuses operations that do not say what they do to memory, as those of dialect mpi with an effect: they become functions,
 * which it does not see. */
#include "shard/shard_private.h"

typedef struct outlining { ir_ctx *ir; VEC_OF(MlirOperation) reductions, splits; } outlining;

static bool collect(MlirOperation op, void *data) {
  outlining *o = data;
  if (ir_op_is(op, "mpi.allreduce"))
    vec_push(&o->ir->ctx->mem, &o->reductions, op);
  if (ir_op_is(op, "mpi.comm_split"))
    vec_push(&o->ir->ctx->mem, &o->splits, op);
  return true;
}

loom_status shard_outline(ir_ctx *ir, shard_function *f) {
  arena *m = &ir->ctx->mem;
  outlining o = {.ir = ir};
  text declared = text_new(m), bodies = text_new(m);
  ir_walk(mlirModuleGetOperation(f->module), collect, &o);
  for (size_t i = 0; i < o.reductions.n; i++) {
    MlirOperation op = o.reductions.at[i];
    MlirValue memory = ir_operand(op, 0);
    const char *type = ir_print_type(m, mlirValueGetType(memory)), *name = arena_printf(m, SHARD_CALL "%zu", i), *what = ir_print_attr(m, ir_attr_of(op, "op"));
    if (!mlirValueEqual(memory, ir_operand(op, 1)))
      LOOM_FAIL(ir->ctx, ir_span(ir, op), LOOM_EBUG, "an mpi.allreduce of another form than that of shard.all_reduce");
    ir_builder b = ir_before(ir, op);
    ir_build(&b, "func.call", 0, NULL, 1, &memory, 1, &(ir_named){"callee", ir_symbol_attr(ir, name)}, 0, NULL);
    text_addf(&declared, "func.func private @%s(%s)\n", name, type);
    /* of all ranks, as the communicator that is split off: the grid has one dim */
    text_addf(&bodies, "func.func private @%s(%%m: %s) {\n  %%c = mpi.comm_world : !mpi.comm\n  \"mpi.allreduce\"(%%m, %%m, %%c) <{op = %s}> : (%s, %s, !mpi.comm) -> ()\n  return\n}\n", name, type, what, type, type);
    ir_erase(op);
  }
  for (size_t i = 0; i < o.splits.n; i++)
    ir_erase(o.splits.at[i]);
  f->calls = text_str(&bodies);
  return o.reductions.n ? ir_add_functions(ir, f->module, "ranks", text_str(&declared)) : LOOM_OK;
}
