/* Which memory a memref lies in.  Arguments of a function and allocations are apart from each other; so are ranges of one of them that
 * constants keep apart (places in a workspace). */
#include "target/cpu/cpu_vector.h"

typedef struct region { MlirValue root; int64_t from, to; bool is_known, is_object, is_local; } region;

static bool is_view(MlirOperation op) {
  static const char *const names[] = {"memref.subview",         "memref.cast",           "memref.reinterpret_cast",
                                      "memref.collapse_shape", "memref.expand_shape", "memref.transpose"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (ir_op_is(op, names[i]))
      return true;
  return false;
}

static bool is_entry_argument(MlirValue v) {
  return mlirValueIsABlockArgument(v) && ir_op_is(mlirBlockGetParentOperation(mlirBlockArgumentGetOwner(v)), "func.func");
}

/* An argument that the function may leave with any contents: attribute loom.workspace of the function is its number. */
static bool is_workspace(MlirValue v) {
  int64_t n;
  return is_entry_argument(v) && ir_attr_int(ir_attr_of(mlirBlockGetParentOperation(mlirBlockArgumentGetOwner(v)), "loom.workspace"), &n) &&
         n == mlirBlockArgumentGetArgNumber(v);
}

static int64_t static_bytes(MlirType t) {
  dtype e;
  if (!mlirShapedTypeHasStaticShape(t) || !ir_type_dtype(t, &e))
    return -1;
  int64_t bytes = (int64_t)dtype_bytes(e);
  for (intptr_t d = 0; d < mlirShapedTypeGetRank(t); d++)
    bytes *= mlirShapedTypeGetDimSize(t, d);
  return bytes;
}

static region region_of(MlirValue v) {
  MlirOperation op;
  while (op = ir_def(v), !mlirOperationIsNull(op) && is_view(op))
    v = ir_operand(op, 0);
  region r = {.root = v};
  if (!mlirOperationIsNull(op) && ir_op_is(op, "memref.view")) {
    int64_t bytes = static_bytes(mlirValueGetType(v));
    r.root = ir_operand(op, 0);
    r.is_known = ir_const_int(ir_operand(op, 1), &r.from) && bytes >= 0;
    r.to = r.from + bytes;
    r.is_local = is_workspace(r.root) && r.is_known;
    op = ir_def(r.root);
  } else if (!mlirOperationIsNull(op) && (ir_op_is(op, "memref.alloca") || ir_op_is(op, "memref.alloc"))) {
    r.is_local = true;
  }
  r.is_object = is_entry_argument(r.root) || (!mlirOperationIsNull(op) && (ir_op_is(op, "memref.alloca") || ir_op_is(op, "memref.alloc")));
  return r;
}

static bool overlap(region a, region b) {
  if (mlirValueEqual(a.root, b.root))
    return !(a.is_known && b.is_known && (a.to <= b.from || b.to <= a.from));
  return !(a.is_object && b.is_object);
}

bool vec_may_overlap(MlirValue a, MlirValue b) { return overlap(region_of(a), region_of(b)); }

static bool only_used_by(MlirValue v, const MlirOperation *ops, size_t n) {
  for (MlirOpOperand use = mlirValueGetFirstUse(v); !mlirOpOperandIsNull(use); use = mlirOpOperandGetNextUse(use)) {
    MlirOperation user = mlirOpOperandGetOwner(use);
    bool known = ir_op_is(user, "memref.dealloc") || (is_view(user) && only_used_by(ir_result(user, 0), ops, n));
    for (size_t i = 0; i < n && !known; i++)
      known = mlirOperationEqual(user, ops[i]);
    if (!known)
      return false;
  }
  return true;
}

/* Every other place in the workspace is a range of its own. */
static bool is_apart(MlirValue place, region mine) {
  for (MlirOpOperand use = mlirValueGetFirstUse(mine.root); !mlirOpOperandIsNull(use); use = mlirOpOperandGetNextUse(use)) {
    MlirOperation user = mlirOpOperandGetOwner(use);
    if (!ir_op_is(user, "memref.view"))
      return false;
    if (!mlirValueEqual(ir_result(user, 0), place) && overlap(mine, region_of(ir_result(user, 0))))
      return false;
  }
  return true;
}

bool vec_is_private(MlirValue v, const MlirOperation *ops, size_t n) {
  region r = region_of(v);
  MlirOperation op;
  while (op = ir_def(v), !mlirOperationIsNull(op) && is_view(op))
    v = ir_operand(op, 0);
  return r.is_local && (!r.is_known || is_apart(v, r)) && only_used_by(v, ops, n);
}

bool vec_is_large(MlirValue v) {
  region r = region_of(v);
  return is_entry_argument(r.root) && !is_workspace(r.root) && static_bytes(mlirValueGetType(r.root)) >= VEC_LARGE_BYTES;
}

bool vec_is_used_by(MlirValue v, const MlirOperation *ops, size_t n) { return only_used_by(region_of(v).root, ops, n); }
