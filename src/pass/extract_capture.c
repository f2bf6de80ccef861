/* What the body of a linalg.generic takes from outside: where its tile lies (tile.index), the number of a block (tile.id), and what is made of them. */
#include "pass/extract_private.h"

enum { CAPTURE_DEPTH_MAX = 32 };

typedef struct capture_scan { extract *x; MlirBlock body; VEC_OF(pass_capture) found; } capture_scan;

static bool is_found(const capture_scan *c, MlirValue v) {
  for (size_t i = 0; i < c->found.n; i++)
    if (mlirValueEqual(c->found.at[i].value, v))
      return true;
  return false;
}

/* The index values behind `v`; what is no index arithmetic stays unfound, for the reader of the captures to refuse. */
static void capture(capture_scan *c, MlirValue v, int depth) {
  MlirOperation def = ir_def(v);
  loom_ctx *ctx = c->x->ctx;
  diag_mark mark = diag_save(ctx);
  pass_capture found = {.value = v};
  if (is_found(c, v) || depth > CAPTURE_DEPTH_MAX || (!mlirOperationIsNull(def) && ir_op_is(def, "arith.constant")))
    return;
  if (mlirTypeIsAIndex(mlirValueGetType(v)) && extract_expr(c->x, v, &found.expr) == LOOM_OK) {
    vec_push(c->x->mem, &c->found, found);
    return;
  }
  diag_drop(ctx, mark);
  for (intptr_t i = 0; !mlirOperationIsNull(def) && text_starts(ir_op_name(def), "arith.") && i < ir_num_operands(def); i++)
    capture(c, ir_operand(def, i), depth + 1);
}

void extract_captures(extract *x, MlirOperation generic) {
  capture_scan c = {.x = x, .body = ir_body(generic)};
  for (MlirOperation op = mlirBlockGetFirstOperation(c.body); !mlirOperationIsNull(op); op = mlirOperationGetNextInBlock(op))
    for (intptr_t i = 0; i < ir_num_operands(op); i++) {
      MlirValue v = ir_operand(op, i);
      MlirOperation def = ir_def(v);
      MlirBlock at = mlirOperationIsNull(def) ? mlirBlockArgumentGetOwner(v) : mlirOperationGetBlock(def);
      if (!mlirBlockEqual(at, c.body))
        capture(&c, v, 0);
    }
  pass_node_op *last = &x->ops.at[x->ops.n - 1];
  last->captures = c.found.at;
  last->n_captures = c.found.n;
}
