/* bufferization.alloc_tensor copy(part of an argument) is that part: a core loads into memory of its own.  Lowering makes the copy where an argument
 * is loaded and stored, so that no store changes what was loaded.  Kept where the argument has been stored to before: what is loaded there is what
 * that store wrote, and a core's loads do not wait for its stores.
 *
 * A loaded tile that is stored as it is becomes a store of the tensor: upstream folds the to_buffer of a to_tensor into an allocation, which no layout with a
 * start of its own can have.  So does what upstream may fold to such a tile: the greater of it and itself, it and 0, a choice that is known, there and back in another type. */
#include "pass/pass_private.h"

enum { VIEWS_MAX = 8 };

typedef struct stores { ir_ctx *ir; VEC_OF(MlirValue) to; arena *mem; loom_status status; } stores;

/* The argument (or other memory) that a subview, view or cast shows a part of. */
static MlirValue root_of(MlirValue memref) {
  for (int i = 0; i < VIEWS_MAX; i++) {
    MlirOperation view = ir_def(memref);
    if (mlirOperationIsNull(view) || (!ir_op_is(view, "memref.subview") && !ir_op_is(view, "memref.reinterpret_cast") && !ir_op_is(view, "memref.cast")))
      break;
    memref = ir_operand(view, 0);
  }
  return memref;
}

enum { STEPS_MAX = 256 };
typedef struct search { MlirType tile, to; int left; } search;

/* May `tensor` turn out to be a loaded tile, in memory of another layout than it is stored to?  Any operation that has such a tile among its operands may be folded to it. */
static bool may_be_loaded(search *s, MlirValue tensor) {
  MlirOperation def = ir_def(tensor);
  if (mlirOperationIsNull(def) || s->left-- <= 0)
    return false;
  if (ir_op_is(def, "bufferization.to_tensor"))
    return mlirTypeEqual(mlirValueGetType(tensor), s->tile) && !mlirTypeEqual(mlirValueGetType(ir_operand(def, 0)), s->to);
  if (!ir_op_is(def, "linalg.generic"))
    return false;
  for (intptr_t i = 0; i < ir_num_operands(def); i++)
    if (may_be_loaded(s, ir_operand(def, i)))
      return true;
  return false;
}

static bool is_stored_tile(MlirOperation buffer) {
  MlirValue tensor = ir_operand(buffer, 0);
  MlirOperation def = ir_def(tensor);
  search s = {mlirValueGetType(tensor), mlirValueGetType(ir_result(buffer, 0)), STEPS_MAX};
  return !mlirOperationIsNull(def) && (ir_op_is(def, "bufferization.to_tensor") || may_be_loaded(&s, tensor));
}

static bool fold(MlirOperation op, void *data) {
  stores *s = data;
  if (ir_op_is(op, "memref.copy") || ir_op_is(op, "bufferization.materialize_in_destination"))
    vec_push(s->mem, &s->to, root_of(ir_operand(op, 1)));
  MlirOperation buffer = pass_stored_buffer(op);
  if (!mlirOperationIsNull(buffer)) {
    if (is_stored_tile(buffer))
      s->status = pass_store_tensor(s->ir, op);
    return s->status == LOOM_OK;
  }
  if (!ir_op_is(op, "bufferization.alloc_tensor") || ir_num_operands(op) != 1)
    return true;
  MlirValue source = ir_operand(op, 0);
  MlirOperation load = ir_def(source);
  if (mlirOperationIsNull(load) || !ir_op_is(load, "bufferization.to_tensor") || !mlirTypeEqual(mlirValueGetType(source), mlirValueGetType(ir_result(op, 0))))
    return true;
  MlirValue from = root_of(ir_operand(load, 0));
  for (size_t i = 0; i < s->to.n; i++)
    if (mlirValueEqual(s->to.at[i], from))
      return true;
  ir_replace_uses(ir_result(op, 0), source);
  ir_erase(op);
  return true;
}

loom_status pass_fold_load_copy(ir_ctx *ir, MlirOperation func, const pass_options *o) {
  (void)o;
  stores s = {.ir = ir, .mem = &ir->ctx->mem};
  ir_walk_post(func, fold, &s);
  return s.status;
}
