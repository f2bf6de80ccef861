/* What the files that rewrite products build. */
#include "target/cpu/cpu_private.h"
#include <string.h>

bool cpu_is_product(MlirOperation op) { return ir_op_is(op, "linalg.matmul") || ir_op_is(op, "linalg.batch_matmul"); }

bool cpu_is_plain_product(ir_ctx *ir, MlirOperation op) {
  const char *plain = ir_op_is(op, "linalg.matmul")
                          ? "[affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>]"
                          : "[affine_map<(b, m, n, k) -> (b, m, k)>, affine_map<(b, m, n, k) -> (b, k, n)>, affine_map<(b, m, n, k) -> (b, m, n)>]";
  return cpu_is_product(op) && mlirAttributeEqual(ir_linalg_maps(op), ir_attr(ir, plain));
}

bool cpu_has_type(MlirValue v, dtype want) {
  dtype t;
  return mlirTypeIsAMemRef(mlirValueGetType(v)) && ir_type_dtype(mlirValueGetType(v), &t) && t == want;
}

bool cpu_lacks(MlirModule m, const char *name) { return mlirOperationIsNull(ir_find_func(m, name)); }

loom_status cpu_call(ir_builder *b, const char *name, intptr_t n, const MlirValue *operands) {
  ir_named callee = {"callee", ir_symbol_attr(b->ir, name)};
  return mlirOperationIsNull(ir_build(b, "func.call", 0, NULL, n, operands, 1, &callee, 0, NULL)) ? LOOM_EBUG : LOOM_OK;
}

MlirValue cpu_cast(ir_builder *b, MlirValue v, const char *type) {
  MlirType t = ir_type(b->ir, type);
  return mlirTypeEqual(mlirValueGetType(v), t) ? v : ir_build1(b, "memref.cast", t, 1, &v, 0, NULL);
}

MlirValue cpu_index_op(ir_builder *b, const char *name, MlirValue x, MlirValue y) {
  return ir_build1(b, name, ir_index_type(b->ir), 2, (MlirValue[]){x, y}, 0, NULL);
}

void cpu_open_loops(ir_builder *b, MlirValue v, int n, MlirValue *index) {
  for (int d = 0; d < n; d++) {
    MlirType index_type = ir_index_type(b->ir);
    MlirValue extent = ir_build1(b, "memref.dim", index_type, 2, (MlirValue[]){v, ir_index_const(b, d)}, 0, NULL);
    MlirBlock body;
    MlirRegion region = ir_new_region(b->ir, 1, &index_type, &body);
    ir_build(b, "scf.for", 0, NULL, 3, (MlirValue[]){ir_index_const(b, 0), extent, ir_index_const(b, 1)}, 0, NULL, 1, &region);
    index[d] = mlirBlockGetArgument(body, 0);
    ir_builder at = ir_at_end(b->ir, body);
    at.loc = b->loc;
    MlirOperation yield = ir_build(&at, "scf.yield", 0, NULL, 0, NULL, 0, NULL, 0, NULL);
    *b = ir_before(b->ir, yield);
  }
}

MlirValue cpu_reserve(ir_ctx *ir, MlirValue workspace, int64_t *bytes, int64_t rows, int64_t columns, dtype element) {
  enum { LINE = 64 };
  ir_builder b = ir_before(ir, mlirBlockGetFirstOperation(mlirBlockArgumentGetOwner(workspace)));
  *bytes = (*bytes + LINE - 1) / LINE * LINE;
  MlirType t = ir_type(ir, arena_printf(&ir->ctx->mem, "memref<%" PRId64 "x%" PRId64 "x%s>", rows, columns, dtype_mlir(element)));
  MlirValue v = ir_build1(&b, "memref.view", t, 2, (MlirValue[]){workspace, ir_index_const(&b, *bytes)}, 0, NULL);
  *bytes += rows * columns * (int64_t)dtype_bytes(element);
  return v;
}

/* log2(lanes) rounds of interleaving vector i with i + lanes / 2 */
void cpu_add_transpose(text *out, const char *element, int lanes, const char **v) {
  for (int round = 0; 1 << round < lanes; round++) {
    const char *next[16];
    for (int i = 0; i < lanes / 2; i++)
      for (int half = 0; half < 2; half++) {
        next[2 * i + half] = arena_printf(out->mem, "%%turn%d_%d", round, 2 * i + half);
        text_addf(out, "      %s = vector.shuffle %s, %s [", next[2 * i + half], v[i], v[i + lanes / 2]);
        for (int e = 0; e < lanes; e++)
          text_addf(out, "%s%d", e ? ", " : "", half * lanes / 2 + e / 2 + (e % 2) * lanes);
        text_addf(out, "] : vector<%dx%s>, vector<%dx%s>\n", lanes, element, lanes, element);
      }
    memcpy(v, next, (size_t)lanes * sizeof *v);
  }
}
