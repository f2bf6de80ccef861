/* Every memref.subview stays inside of its source, whatever the loops around it count: ranges of constants and loop counters.
 * A tile that leaves its tensor comes from a block size that does not divide; upstream's stage-0 has no clamps. */
#include "pass/index_range.h"

enum { EFFORT_MAX = 1 << 22 };   /* steps of index arithmetic for one dimension of one part */

typedef struct checker { ir_ctx *ir; loom_status status; } checker;
typedef enum verdict { INSIDE, OUTSIDE, NOT_KNOWN } verdict;

/* One dimension of a part: steps of the tape, and the elements there are. */
typedef struct extent {
  index_tape tape;
  size_t offset, size, stride;
  int64_t elems, reach;      /* reach: the element outside, of an extent that is OUTSIDE */
  int64_t effort;
} extent;

static bool is_point(index_range r) { return r.known && r.lo == r.hi; }

/* What the ranges say that the counters have now. */
static verdict judge(extent *e) {
  index_range offset = e->tape.steps.at[e->offset].range, size = e->tape.steps.at[e->size].range, stride = e->tape.steps.at[e->stride].range;
  int64_t reach;
  if (e->tape.is_idle)
    return INSIDE;
  if (!offset.known || !size.known || !stride.known || stride.lo < 0 || __builtin_mul_overflow(size.hi - 1, stride.hi, &reach) ||
      __builtin_add_overflow(reach, offset.hi, &reach))
    return NOT_KNOWN;
  if (offset.lo >= 0 && reach < e->elems)
    return INSIDE;
  e->reach = offset.lo < 0 ? offset.lo : reach;
  return is_point(offset) && is_point(size) && is_point(stride) ? OUTSIDE : NOT_KNOWN;
}

/* Intervals first.  They forget that two values move together (the end of a tile and its start): where they do not tell, the outermost loop's
 * turns are looked at one by one, and so on inwards.  From the last turn on, which is the one that leaves a tensor. */
static verdict look(extent *e) {
  int64_t first, step;
  uint64_t turns;
  e->effort -= (int64_t)e->tape.steps.n;
  index_tape_run(&e->tape);
  verdict v = judge(e);
  if (v != NOT_KNOWN || e->tape.pinned == e->tape.counters.n || !index_tape_next(&e->tape, &first, &turns, &step))
    return v;
  v = INSIDE;
  while (turns-- > 0 && v == INSIDE) {
    if (e->effort < 0)
      return NOT_KNOWN;
    index_tape_pin(&e->tape, first + (int64_t)turns * step);
    v = look(e);
    index_tape_unpin(&e->tape);
  }
  return v;
}

/* Entry `d` of a mixed list, as a step of the tape. */
static size_t mixed(ir_ctx *ir, index_tape *t, MlirOperation op, const char *attribute, int segment, intptr_t d, intptr_t *dynamic) {
  arena *mem = &ir->ctx->scratch;
  MlirAttribute all = ir_attr_of(op, attribute);
  intptr_t first, count;
  if (mlirAttributeIsNull(all) || !mlirAttributeIsADenseI64Array(all) || !ir_segment(op, segment, &first, &count))
    return index_tape_add(mem, t, (MlirValue){NULL});
  int64_t n = mlirDenseI64ArrayGetElement(all, d);
  return n == mlirShapedTypeGetDynamicStrideOrOffset() ? index_tape_add(mem, t, ir_operand(op, first + (*dynamic)++)) : index_tape_add_number(mem, t, n);
}

/* The verdict over one dimension of a memref.subview; `dynamic`: operands of its three lists that are used up. */
static verdict look_at_dim(checker *c, MlirOperation op, intptr_t d, intptr_t dynamic[3], int64_t *out_reach) {
  extent e = {.effort = EFFORT_MAX};
  MlirType source = mlirValueGetType(ir_operand(op, 0));
  e.offset = mixed(c->ir, &e.tape, op, "static_offsets", 1, d, &dynamic[0]);
  e.size = mixed(c->ir, &e.tape, op, "static_sizes", 2, d, &dynamic[1]);
  e.stride = mixed(c->ir, &e.tape, op, "static_strides", 3, d, &dynamic[2]);
  if (mlirShapedTypeIsDynamicDim(source, d))
    return INSIDE;   /* of a buffer that this function made */
  e.elems = mlirShapedTypeGetDimSize(source, d);
  verdict v = look(&e);
  *out_reach = e.reach;
  return v;
}

static bool visit(MlirOperation op, void *data) {
  checker *c = data;
  if (!ir_op_is(op, "memref.subview"))
    return true;
  MlirType source = mlirValueGetType(ir_operand(op, 0));
  intptr_t dynamic[3] = {0, 0, 0};
  for (intptr_t d = 0; d < mlirShapedTypeGetRank(source) && c->status == LOOM_OK; d++) {
    int64_t reach = 0;
    arena_mark mark = arena_save(&c->ir->ctx->scratch);
    verdict v = look_at_dim(c, op, d, dynamic, &reach);
    arena_release(&c->ir->ctx->scratch, mark);
    if (v == NOT_KNOWN) {
      c->status = diag_error(c->ir->ctx, ir_span(c->ir, op), LOOM_EUNSUP, "whether dimension %d of this part stays inside of its tensor is not known", (int)d);
    } else if (v == OUTSIDE) {
      c->status = diag_error(c->ir->ctx, ir_span(c->ir, op), LOOM_EINFEASIBLE, "this part reaches element %" PRId64 " of dimension %d, which has %" PRId64,
                             reach, (int)d, mlirShapedTypeGetDimSize(source, d));
      diag_help(c->ir->ctx, "this form of stage-0 has whole tiles only: choose block sizes that divide, or compile the kernel's source, whose tiles are clamped");
    }
  }
  return c->status == LOOM_OK;
}

loom_status pass_check_bounds(ir_ctx *ir, MlirOperation func, const pass_options *o) {
  (void)o;
  checker c = {ir, LOOM_OK};
  ir_walk(func, visit, &c);
  return c.status;
}
