/* Walks in C, not through MLIR's walker: callbacks may then allocate in arenas, which unwind on failure. */
#include "ir/ir_private.h"

typedef bool visit(MlirOperation, void *);

static bool walk(MlirOperation op, visit *pre, visit *post, void *data) {
  if (pre && !pre(op, data))
    return false;
  for (MlirRegion r = mlirOperationGetFirstRegion(op); !mlirRegionIsNull(r); r = mlirRegionGetNextInOperation(r))
    for (MlirBlock b = mlirRegionGetFirstBlock(r); !mlirBlockIsNull(b); b = mlirBlockGetNextInRegion(b)) {
      MlirOperation next;
      for (MlirOperation inner = mlirBlockGetFirstOperation(b); !mlirOperationIsNull(inner); inner = next) {
        if (post)
          next = mlirOperationGetNextInBlock(inner);   /* the visit may erase it */
        if (!walk(inner, pre, post, data))
          return false;
        if (!post)
          next = mlirOperationGetNextInBlock(inner);   /* the visit may have inserted behind it */
      }
    }
  return !post || post(op, data);
}

bool ir_walk(MlirOperation op, bool (*fn)(MlirOperation, void *), void *data) {
  return ir_is_null_op(op) || walk(op, fn, NULL, data);
}

bool ir_walk_post(MlirOperation op, bool (*fn)(MlirOperation, void *), void *data) {
  return ir_is_null_op(op) || walk(op, NULL, fn, data);
}

typedef struct op_count { const char *name; intptr_t n; } op_count;

static bool count_one(MlirOperation op, void *data) {
  op_count *c = data;
  if (!c->name || ir_op_is(op, c->name))
    c->n++;
  return true;
}

intptr_t ir_count(MlirOperation op, const char *name) {
  op_count c = {.name = name};
  ir_walk(op, count_one, &c);
  return c.n;
}
