/* How much arithmetic a kernel or an MLIR function asks for. */
#include "compile_bench.h"
#include "lower/lower.h"
#include "nest/nest_flops.h"
#include "pass/pass.h"
#include <string.h>

/* ---- MLIR: linalg operations of known sizes, in loops of known trips ---- */

typedef struct tally { int64_t flops, products; bool is_known; } tally;

static bool add_scalar_op(MlirOperation op, void *data) {
  const char *name = ir_op_name(op);
  int64_t *n = data;
  bool is_cast = strstr(name, "ext") || strstr(name, "trunc") || strstr(name, "cast") || strstr(name, "constant") || strstr(name, "to");
  if ((text_starts(name, "arith.") || text_starts(name, "math.")) && !is_cast)
    *n += 1;
  return true;
}

/* The extent of loop d: the size of a dim that it indexes alone. */
static int64_t extent_of(MlirOperation op, MlirAttribute maps, intptr_t d) {
  for (intptr_t i = 0; i < mlirArrayAttrGetNumElements(maps) && i < ir_num_operands(op); i++) {
    MlirAffineMap map = mlirAffineMapAttrGetValue(mlirArrayAttrGetElement(maps, i));
    MlirType t = mlirValueGetType(ir_operand(op, i));
    for (intptr_t r = 0; mlirTypeIsAShaped(t) && r < mlirAffineMapGetNumResults(map); r++) {
      MlirAffineExpr e = mlirAffineMapGetResult(map, r);
      if (mlirAffineExprIsADim(e) && mlirAffineDimExprGetPosition(e) == d)
        return mlirShapedTypeIsDynamicDim(t, r) ? -1 : mlirShapedTypeGetDimSize(t, r);
    }
  }
  return -1;
}

static int64_t trips_around(MlirOperation op) {
  int64_t n = 1, low, high, step;
  for (MlirOperation p = mlirOperationGetParentOperation(op); p.ptr && !ir_op_is(p, "func.func"); p = mlirOperationGetParentOperation(p)) {
    if (!ir_op_is(p, "scf.for") || !ir_const_int(ir_operand(p, 0), &low) || !ir_const_int(ir_operand(p, 1), &high) || !ir_const_int(ir_operand(p, 2), &step) || step < 1)
      return -1;
    if (__builtin_mul_overflow(n, high > low ? (high - low + step - 1) / step : 0, &n))
      return -1;
  }
  return n;
}

static bool add_linalg(MlirOperation op, void *data) {
  tally *t = data;
  MlirAttribute maps = text_starts(ir_op_name(op), "linalg.") && !mlirBlockIsNull(ir_body(op)) ? ir_linalg_maps(op) : (MlirAttribute){NULL};
  if (mlirAttributeIsNull(maps) || mlirArrayAttrGetNumElements(maps) < 1)
    return true;
  intptr_t n_maps = mlirArrayAttrGetNumElements(maps), loops = mlirAffineMapGetNumDims(mlirAffineMapAttrGetValue(mlirArrayAttrGetElement(maps, 0)));
  intptr_t out_dims = mlirAffineMapGetNumResults(mlirAffineMapAttrGetValue(mlirArrayAttrGetElement(maps, n_maps - 1)));
  int64_t points = trips_around(op), scalar = 0, all;
  for (intptr_t d = 0; d < loops && points >= 0; d++) {
    int64_t n = extent_of(op, maps, d);
    if (n < 0 || __builtin_mul_overflow(points, n, &points))
      points = -1;
  }
  ir_walk(op, add_scalar_op, &scalar);
  if (points < 0 || __builtin_mul_overflow(points, scalar, &all) || __builtin_add_overflow(t->flops, all, &t->flops)) {
    t->is_known = false;
    return true;
  }
  if (scalar == 2 && loops > out_dims && (ir_count(op, "arith.mulf") == 1 || ir_count(op, "arith.muli") == 1))
    t->products += all;
  return true;
}

/* ---- kernels: their nest ---- */

static int64_t of_kernel(compile_state *s, int64_t *out_products) {
  MlirModule m = {NULL};
  nest *n = NULL;
  int64_t flops = -1;
  if (s->nest)
    return nest_flops_of(s->ctx, s->nest, out_products);
  diag_mark before = diag_save(s->ctx);
  if (lower_kernel(&s->ir, s->kernel, &m) == LOOM_OK && pass_canonicalize_stage0(&s->ir, m) == LOOM_OK && pass_extract_nest(&s->ir, m, NULL, &n) == LOOM_OK)
    flops = nest_flops_of(s->ctx, n, out_products);
  diag_drop(s->ctx, before);      /* a kernel that no nest describes has a number of its own time all the same */
  ir_close_module(m);
  return flops;
}

int64_t compile_flops(compile_state *s, int64_t *out_products) {
  *out_products = 0;
  if (!s->is_opaque)
    return of_kernel(s, out_products);
  tally t = {.is_known = true};
  ir_walk(mlirModuleGetOperation(s->stage0), add_linalg, &t);
  *out_products = t.is_known ? t.products : 0;
  return t.is_known && t.flops > 0 ? t.flops : -1;
}
