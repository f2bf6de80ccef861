#include "target/cpu/cpu_vector.h"

MlirValue vec_binary(ir_builder *at, const char *name, MlirValue a, MlirValue b) {
  return ir_build1(at, name, mlirValueGetType(a), 2, (MlirValue[]){a, b}, 0, NULL);
}

MlirType vec_type(MlirType elem, int lanes) {
  const int64_t shape[1] = {lanes};
  return mlirVectorTypeGet(1, shape, elem);
}

MlirValue vec_splat(ir_builder *at, MlirValue scalar, int lanes) {
  return ir_build1(at, "vector.broadcast", vec_type(mlirValueGetType(scalar), lanes), 1, &scalar, 0, NULL);
}

MlirOperation vec_for(ir_builder *at, MlirValue from, MlirValue to, MlirValue step, intptr_t n, const MlirValue *carried, ir_builder *out_body,
                      MlirValue *out_counter, MlirValue *out_carried) {
  arena *mem = &at->ir->ctx->mem;
  MlirType *types = ARENA_NEW_N(mem, MlirType, n + 1);
  MlirValue *operands = ARENA_NEW_N(mem, MlirValue, n + 3);
  types[0] = ir_index_type(at->ir);
  operands[0] = from, operands[1] = to, operands[2] = step;
  for (intptr_t i = 0; i < n; i++) {
    types[i + 1] = mlirValueGetType(carried[i]);
    operands[i + 3] = carried[i];
  }
  MlirBlock body;
  MlirRegion region = ir_new_region(at->ir, n + 1, types, &body);
  MlirOperation loop = ir_build(at, "scf.for", n, types + 1, n + 3, operands, 0, NULL, 1, &region);
  *out_body = ir_at_end(at->ir, body);
  out_body->loc = at->loc;
  *out_counter = mlirBlockGetArgument(body, 0);
  for (intptr_t i = 0; i < n; i++)
    out_carried[i] = mlirBlockGetArgument(body, i + 1);
  return loop;
}

void vec_yield(ir_builder *at, intptr_t n, const MlirValue *values) { ir_build(at, "scf.yield", 0, NULL, n, values, 0, NULL, 0, NULL); }
