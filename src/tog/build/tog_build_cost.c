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

/* Nothing to do when any extent is 0: min of all extents (they are never negative). */
static const sym_expr *smallest(build *b, const sym_expr *so_far, const sym_expr *const *e, int n) {
  for (int i = 0; i < n; i++) {
    int64_t c;
    if (sym_is_const(e[i], &c) && c > 0)
      continue;
    so_far = so_far ? sym_min(b->mem, so_far, e[i]) : e[i];
  }
  return so_far;
}

static MlirValue destination(MlirOperation op) {
  intptr_t first, count;
  return ir_segment(op, 1, &first, &count) && count > 0 ? ir_operand(op, first) : ir_operand(op, ir_num_operands(op) - 1);
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
  const sym_expr *in[TOG_RANK_MAX], *dst[TOG_RANK_MAX], *active = NULL;
  int n_in = 0, n_dst = 0;
  MlirValue first = ir_operand(op, 0), last = destination(op);
  LOOM_TRY(build_sizes(b, last, &n_dst, dst));
  LOOM_TRY(build_sizes(b, first, &n_in, in));
  ir_type_dtype(mlirValueGetType(last), &cost.result);
  if (!ir_type_dtype(mlirValueGetType(first), &cost.type))
    cost.type = cost.result;
  active = smallest(b, active, dst, n_dst);
  active = smallest(b, active, in, n_in);
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
    if (has_reduction(b, op) && n_in > 0) {   /* reduction length = input elements per result element */
      const sym_expr *all = product(b->mem, in, 0, n_in);
      cost.k = sym_ceildiv(b->mem, all, sym_max(b->mem, cost.m, sym_const(b->mem, 1)));
    }
  } else {
    LOOM_FAIL(b->ctx, ir_span(b->ir, op), LOOM_EUNSUP, "'%s' has no cost", ir_op_name(op));
  }
  node->active = active;
  return machine_op_cost(b->ctx, b->machine, &cost, &node->cycles, &node->unit);
}
