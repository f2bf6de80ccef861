/* Cycles of a compute node from the machine's perf tables, at the extents the node really has (tails cost what they are). */
#include "machine/machine_ops.h"
#include "tog/build/tog_build_private.h"
#include <string.h>

static const sym_expr *product(arena *m, const sym_expr *const *e, int from, int to) {
  const sym_expr *p = sym_const(m, 1);
  for (int i = from; i < to; i++)
    p = sym_mul(m, p, e[i]);
  return p;
}

/* Distinct extents that may be 0. */
typedef VEC_OF(const sym_expr *) expr_list;

static void add_extents(build *b, expr_list *list, const sym_expr *const *e, int n) {
  for (int i = 0; i < n; i++) {
    int64_t c;
    bool known = sym_is_const(e[i], &c) && c > 0;
    for (size_t k = 0; k < list->n; k++)
      known = known || sym_equal(list->at[k], e[i]);
    if (!known)
      vec_push(b->mem, list, e[i]);
  }
}

/* Extents are never negative. */
loom_status build_least_extent(build *b, MlirOperation op, intptr_t first, intptr_t n, const sym_expr **out) {
  expr_list list = {0};
  *out = NULL;
  for (intptr_t i = first; i < first + n; i++) {
    const sym_expr *sizes[TOG_RANK_MAX];
    int rank;
    LOOM_TRY(build_sizes(b, ir_operand(op, i), &rank, sizes));
    add_extents(b, &list, sizes, rank);
  }
  for (size_t i = 0; i < list.n; i++)
    *out = *out ? sym_min(b->mem, *out, list.at[i]) : list.at[i];
  return LOOM_OK;
}

/* Points of the iteration space of a linalg.generic: the extent of each loop is the size of an operand dim that it indexes. */
static loom_status iteration_points(build *b, MlirOperation op, const sym_expr **out) {
  MlirAttribute maps = ir_attr_of(op, "indexing_maps");
  intptr_t n_loops = mlirAffineMapGetNumDims(mlirAffineMapAttrGetValue(mlirArrayAttrGetElement(maps, 0)));
  const sym_expr **extent = ARENA_NEW_N(b->mem, const sym_expr *, n_loops);
  for (intptr_t i = 0; i < ir_num_operands(op); i++) {
    MlirAffineMap map = mlirAffineMapAttrGetValue(mlirArrayAttrGetElement(maps, i));
    const sym_expr *sizes[TOG_RANK_MAX];
    int rank;
    LOOM_TRY(build_sizes(b, ir_operand(op, i), &rank, sizes));
    for (int d = 0; d < rank; d++) {
      MlirAffineExpr e = mlirAffineMapGetResult(map, d);
      if (mlirAffineExprIsADim(e))
        extent[mlirAffineDimExprGetPosition(e)] = sizes[d];
    }
  }
  *out = sym_const(b->mem, 1);
  for (intptr_t i = 0; i < n_loops; i++) {
    if (!extent[i])
      LOOM_FAIL(b->ctx, ir_span(b->ir, op), LOOM_EUNSUP, "loop %d of '%s' indexes no operand alone: its cost is not known", (int)i, ir_op_name(op));
    *out = sym_mul(b->mem, *out, extent[i]);
  }
  return LOOM_OK;
}

static MlirValue destination(MlirOperation op) {
  intptr_t first, count;
  build_destinations(op, &first, &count);
  return ir_operand(op, first);
}

/* "addf,mulf": the scalar ops of a generic's body, terminator left out. */
static const char *body_ops(build *b, MlirOperation op) {
  text t = text_new(b->mem);
  MlirBlock body = ir_body(op);
  for (MlirOperation o = mlirBlockGetFirstOperation(body); !mlirOperationIsNull(o); o = mlirOperationGetNextInBlock(o)) {
    const char *name = ir_op_name(o), *dot = strrchr(name, '.');
    if (strcmp(name, "linalg.yield") == 0 || strcmp(name, "linalg.index") == 0 || strcmp(name, "arith.constant") == 0)
      continue;
    text_addf(&t, t.size ? ",%s" : "%s", dot ? dot + 1 : name);
  }
  return text_str(&t);
}

static bool has_reduction(build *b, MlirOperation op) {
  MlirAttribute types = ir_attr_of(op, "iterator_types");
  return !mlirAttributeIsNull(types) && strstr(ir_print_attr(b->mem, types), "reduction");
}

loom_status build_cost(build *b, MlirOperation op, tog_node *node) {
  machine_op cost = {.name = "generic", .type = DTYPE_F16};
  const sym_expr *in[TOG_RANK_MAX], *dst[TOG_RANK_MAX];
  int n_in = 0, n_dst = 0;
  MlirValue first = ir_operand(op, 0), last = destination(op);
  LOOM_TRY(build_sizes(b, last, &n_dst, dst));
  LOOM_TRY(build_sizes(b, first, &n_in, in));
  ir_type_dtype(mlirValueGetType(last), &cost.result);
  if (!ir_type_dtype(mlirValueGetType(first), &cost.type))
    cost.type = cost.result;
  LOOM_TRY(build_least_extent(b, op, 0, ir_op_is(op, "loom.copy") ? 2 : ir_num_operands(op), &node->active));
  const char *name = strrchr(ir_op_name(op), '.') + 1;
  cost.m = product(b->mem, dst, 0, n_dst);
  if (strcmp(name, "matmul") == 0 && n_in == 2 && n_dst == 2) {
    cost.name = "matmul";
    cost.m = dst[0];
    cost.n = dst[1];
    cost.k = in[1];
  } else if (strcmp(name, "batch_matmul") == 0 && n_in == 3 && n_dst == 3) {
    cost.name = "batch_matmul";
    cost.batch = dst[0];
    cost.m = dst[1];
    cost.n = dst[2];
    cost.k = in[2];
  } else if (strcmp(name, "fill") == 0) {
    cost.name = "fill";
  } else if (strcmp(name, "copy") == 0 || strcmp(name, "transpose") == 0 || strcmp(name, "broadcast") == 0) {
    cost.name = "copy";
  } else if (strcmp(name, "generic") == 0) {
    cost.body_ops = body_ops(b, op);
    const sym_expr *points;
    LOOM_TRY(iteration_points(b, op, &points));
    if (has_reduction(b, op))   /* reduction length = points per result element */
      cost.k = sym_ceildiv(b->mem, points, sym_max(b->mem, cost.m, sym_const(b->mem, 1)));
  } else {
    LOOM_FAIL(b->ctx, ir_span(b->ir, op), LOOM_EUNSUP, "'%s' has no cost", ir_op_name(op));
  }
  return machine_op_cost(b->ctx, b->machine, &cost, &node->cycles, &node->unit);
}
