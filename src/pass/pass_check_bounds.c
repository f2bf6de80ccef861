/* Every memref.subview stays inside of its source, whatever the loops around it count: interval arithmetic over constants and loop counters.
 * A tile that leaves its tensor comes from a block size that does not divide; upstream's stage-0 has no clamps. */
#include "pass/pass_private.h"

typedef struct interval { int64_t lo, hi; bool known; } interval;
typedef struct checker { ir_ctx *ir; loom_status status; } checker;

static const interval unknown = {0, 0, false};

static interval range_of(MlirValue v, int depth);

static interval between(int64_t lo, int64_t hi) { return (interval){lo, hi, lo <= hi}; }

static interval counter(MlirValue v, int depth) {
  MlirOperation loop = mlirBlockGetParentOperation(mlirBlockArgumentGetOwner(v));
  if (mlirOperationIsNull(loop) || !ir_op_is(loop, "scf.for") || mlirBlockArgumentGetArgNumber(v) != 0)
    return unknown;
  interval from = range_of(ir_operand(loop, 0), depth + 1), to = range_of(ir_operand(loop, 1), depth + 1), step = range_of(ir_operand(loop, 2), depth + 1);
  if (!from.known || !to.known || !step.known || step.lo < 1)
    return unknown;
  if (to.hi <= from.lo)
    return between(from.lo, from.lo);   /* the loop does not run */
  int64_t last = to.hi - 1;
  if (from.lo == from.hi && step.lo == step.hi)
    last = from.lo + (to.hi - 1 - from.lo) / step.lo * step.lo;
  return between(from.lo, last);
}

static int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b < 0); }

static interval binary(MlirOperation op, interval a, interval b) {
  int64_t corner[4];
  if (!a.known || !b.known)
    return unknown;
  if (ir_op_is(op, "arith.addi"))
    return __builtin_add_overflow(a.lo, b.lo, &corner[0]) || __builtin_add_overflow(a.hi, b.hi, &corner[1]) ? unknown : between(corner[0], corner[1]);
  if (ir_op_is(op, "arith.subi"))
    return __builtin_sub_overflow(a.lo, b.hi, &corner[0]) || __builtin_sub_overflow(a.hi, b.lo, &corner[1]) ? unknown : between(corner[0], corner[1]);
  if (ir_op_is(op, "arith.muli")) {
    if (__builtin_mul_overflow(a.lo, b.lo, &corner[0]) || __builtin_mul_overflow(a.lo, b.hi, &corner[1]) || __builtin_mul_overflow(a.hi, b.lo, &corner[2]) ||
        __builtin_mul_overflow(a.hi, b.hi, &corner[3]))
      return unknown;
    interval r = between(corner[0], corner[0]);
    for (int i = 1; i < 4; i++) {
      r.lo = corner[i] < r.lo ? corner[i] : r.lo;
      r.hi = corner[i] > r.hi ? corner[i] : r.hi;
    }
    return r;
  }
  if (ir_op_is(op, "arith.minsi") || ir_op_is(op, "arith.minui"))
    return between(a.lo < b.lo ? a.lo : b.lo, a.hi < b.hi ? a.hi : b.hi);
  if (ir_op_is(op, "arith.maxsi") || ir_op_is(op, "arith.maxui"))
    return between(a.lo > b.lo ? a.lo : b.lo, a.hi > b.hi ? a.hi : b.hi);
  bool positive = b.lo == b.hi && b.lo > 0 && a.lo >= 0;
  if (positive && (ir_op_is(op, "arith.divui") || ir_op_is(op, "arith.divsi") || ir_op_is(op, "arith.floordivsi")))
    return between(floor_div(a.lo, b.lo), floor_div(a.hi, b.lo));
  if (positive && (ir_op_is(op, "arith.ceildivui") || ir_op_is(op, "arith.ceildivsi")))
    return between(a.lo ? (a.lo - 1) / b.lo + 1 : 0, a.hi ? (a.hi - 1) / b.lo + 1 : 0);
  if (positive && (ir_op_is(op, "arith.remui") || ir_op_is(op, "arith.remsi")))
    return between(0, a.hi < b.lo ? a.hi : b.lo - 1);
  return unknown;
}

static interval range_of(MlirValue v, int depth) {
  int64_t n;
  if (ir_const_int(v, &n))
    return between(n, n);
  if (depth > 32)
    return unknown;
  if (mlirValueIsABlockArgument(v))
    return counter(v, depth);
  MlirOperation op = ir_def(v);
  if (ir_op_is(op, "arith.index_cast"))
    return range_of(ir_operand(op, 0), depth + 1);
  if (ir_op_is(op, "arith.select")) {
    interval a = range_of(ir_operand(op, 1), depth + 1), b = range_of(ir_operand(op, 2), depth + 1);
    return a.known && b.known ? between(a.lo < b.lo ? a.lo : b.lo, a.hi > b.hi ? a.hi : b.hi) : unknown;
  }
  if (ir_num_operands(op) != 2)
    return unknown;
  return binary(op, range_of(ir_operand(op, 0), depth + 1), range_of(ir_operand(op, 1), depth + 1));
}

/* Entry `d` of a mixed list. */
static interval mixed(MlirOperation op, const char *attribute, int segment, intptr_t d, intptr_t *dynamic) {
  MlirAttribute all = ir_attr_of(op, attribute);
  intptr_t first, count;
  if (mlirAttributeIsNull(all) || !mlirAttributeIsADenseI64Array(all) || !ir_segment(op, segment, &first, &count))
    return unknown;
  int64_t n = mlirDenseI64ArrayGetElement(all, d);
  return n == mlirShapedTypeGetDynamicStrideOrOffset() ? range_of(ir_operand(op, first + (*dynamic)++), 0) : between(n, n);
}

static bool visit(MlirOperation op, void *data) {
  checker *c = data;
  if (!ir_op_is(op, "memref.subview"))
    return true;
  MlirType source = mlirValueGetType(ir_operand(op, 0));
  intptr_t at[3] = {0, 0, 0};
  for (intptr_t d = 0; d < mlirShapedTypeGetRank(source); d++) {
    interval offset = mixed(op, "static_offsets", 1, d, &at[0]), size = mixed(op, "static_sizes", 2, d, &at[1]), stride = mixed(op, "static_strides", 3, d, &at[2]);
    int64_t reach;
    if (mlirShapedTypeIsDynamicDim(source, d))
      continue;   /* of a buffer that this function made */
    if (!offset.known || !size.known || !stride.known || __builtin_mul_overflow(size.hi - 1, stride.hi, &reach) || __builtin_add_overflow(reach, offset.hi, &reach)) {
      c->status = diag_error(c->ir->ctx, ir_span(c->ir, op), LOOM_EUNSUP, "whether dimension %d of this part stays inside of its tensor is not known", (int)d);
      return false;
    }
    if (offset.lo < 0 || reach >= mlirShapedTypeGetDimSize(source, d)) {
      c->status = diag_error(c->ir->ctx, ir_span(c->ir, op), LOOM_EINFEASIBLE, "this part reaches element %" PRId64 " of dimension %d, which has %" PRId64,
                             offset.lo < 0 ? offset.lo : reach, (int)d, mlirShapedTypeGetDimSize(source, d));
      diag_help(c->ir->ctx, "this form of stage-0 has whole tiles only: choose block sizes that divide, or compile the kernel's source, whose tiles are clamped");
      return false;
    }
  }
  return true;
}

loom_status pass_check_bounds(ir_ctx *ir, MlirOperation func, const pass_options *o) {
  (void)o;
  checker c = {ir, LOOM_OK};
  ir_walk(func, visit, &c);
  return c.status;
}
