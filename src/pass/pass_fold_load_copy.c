/* bufferization.alloc_tensor copy(part of an argument) is that part: a core loads into memory of its own.  Lowering makes the copy where an argument
 * is loaded and stored, so that no store changes what was loaded.  Kept where the argument has been stored to before: what is loaded there is what
 * that store wrote, and a core's loads do not wait for its stores.
 *
 * A loaded tile that is stored as it is becomes a store of the tensor: upstream folds the to_buffer of a to_tensor into an allocation, which no layout with a
 * start of its own can have.  So does what upstream folds to such a tile: the greater of it and itself, a choice between it and itself, it and 0. */
#include "pass/pass_private.h"
#include <stdlib.h>
#include <string.h>

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

/* Loads of one part of one argument. */
static bool is_same_tile(MlirValue a, MlirValue b) {
  static const char *const lists[] = {"static_offsets", "static_sizes", "static_strides"};
  MlirOperation x = ir_def(a), y = ir_def(b);
  if (mlirValueEqual(a, b))
    return true;
  if (mlirOperationIsNull(x) || mlirOperationIsNull(y))
    return false;
  if (!ir_op_is(x, "bufferization.to_tensor") || !ir_op_is(y, "bufferization.to_tensor"))
    return false;
  x = ir_def(ir_operand(x, 0));
  y = ir_def(ir_operand(y, 0));
  bool is_same = ir_op_is(x, "memref.subview") && ir_op_is(y, "memref.subview") && ir_num_operands(x) == ir_num_operands(y);
  for (int i = 0; is_same && i < 3; i++)
    is_same = mlirAttributeEqual(ir_attr_of(x, lists[i]), ir_attr_of(y, lists[i]));
  for (intptr_t i = 0; is_same && i < ir_num_operands(x); i++)
    is_same = mlirValueEqual(ir_operand(x, i), ir_operand(y, i));
  return is_same;
}

/* ---- what upstream folds to an operand ---- */
enum { DEPTH_MAX = 16 };

/* Operations that choose one of their last two operands, and those that a number on the right leaves as they are. */
static const char *const choices[] = {"arith.maximumf", "arith.minimumf", "arith.maxnumf", "arith.minnumf", "arith.maxsi", "arith.minsi", "arith.maxui", "arith.minui",
                                      "arith.andi", "arith.ori", "arith.select"};
static const struct { const char *op; int64_t number; } neutral[] = {
    {"arith.addi", 0}, {"arith.subi", 0}, {"arith.muli", 1}, {"arith.ori", 0}, {"arith.andi", -1}, {"arith.xori", 0}, {"arith.shli", 0}, {"arith.shrsi", 0}, {"arith.shrui", 0},
    {"arith.divsi", 1}, {"arith.divui", 1}, {"arith.addf", 0}, {"arith.subf", 0}, {"arith.mulf", 1}, {"arith.divf", 1}};

static bool is_number(arena *m, MlirValue v, int64_t number) {
  MlirOperation def = ir_def(v);
  int64_t n;
  if (ir_const_int(v, &n))
    return n == number;
  if (mlirOperationIsNull(def) || !ir_op_is(def, "arith.constant"))
    return false;
  const char *said = ir_print_attr(m, ir_attr_of(def, "value"));
  return strtod(said, NULL) == (double)number && strchr("-.0123456789", *said);
}

typedef struct search { arena *m; MlirOperation op; } search;

/* The input of the linalg.generic that value `v` of its body is, as it is or once upstream has folded what changes nothing; null: none. */
static MlirValue input_of(const search *s, MlirValue v, int depth) {
  const MlirValue none = {NULL};
  MlirBlock body = ir_body(s->op);
  if (mlirValueIsABlockArgument(v))
    return mlirBlockEqual(mlirBlockArgumentGetOwner(v), body) ? ir_operand(s->op, mlirBlockArgumentGetArgNumber(v)) : none;
  MlirOperation def = ir_def(v);
  if (mlirOperationIsNull(def) || depth > DEPTH_MAX)
    return none;
  const intptr_t n = ir_num_operands(def);
  for (size_t i = 0; i < sizeof neutral / sizeof *neutral; i++)
    if (ir_op_is(def, neutral[i].op) && is_number(s->m, ir_operand(def, 1), neutral[i].number))
      return input_of(s, ir_operand(def, 0), depth + 1);
  for (size_t i = 0; i < sizeof choices / sizeof *choices; i++)
    if (ir_op_is(def, choices[i])) {
      MlirValue a = input_of(s, ir_operand(def, n - 2), depth + 1), b = input_of(s, ir_operand(def, n - 1), depth + 1);
      return !mlirValueIsNull(a) && !mlirValueIsNull(b) && is_same_tile(a, b) ? a : none;
    }
  return none;
}

/* Does the op yield an input, once upstream has folded it? */
static bool yields_input(arena *m, MlirOperation op) {
  if (!ir_op_is(op, "linalg.generic"))
    return false;
  return !mlirValueIsNull(input_of(&(search){m, op}, ir_operand(mlirBlockGetTerminator(ir_body(op)), 0), 0));
}

static bool fold(MlirOperation op, void *data) {
  stores *s = data;
  if (ir_op_is(op, "memref.copy") || ir_op_is(op, "bufferization.materialize_in_destination"))
    vec_push(s->mem, &s->to, root_of(ir_operand(op, 1)));
  MlirOperation buffer = pass_stored_buffer(op);
  if (!mlirOperationIsNull(buffer)) {
    MlirOperation tile = ir_def(ir_operand(buffer, 0));
    if (!mlirOperationIsNull(tile) && (ir_op_is(tile, "bufferization.to_tensor") || yields_input(s->mem, tile)))
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
