/* Loads that need not be made: a slot that is loaded once and then only read is the tensor itself, because this CPU's cores read memory as they
 * read their workspace.  What changes its layout on the way (a transposed tensor) is still loaded. */
#include "base/vec.h"
#include "target/cpu/cpu_private.h"
#include "target/cpu/cpu_region.h"

typedef struct read { MlirOperation op; unsigned operand; MlirValue value; cpu_region region; } read;
typedef struct slot_uses { ir_ctx *ir; arena *mem; VEC_OF(read) reads; MlirOperation load; bool is_simple; } slot_uses;
typedef struct elision { ir_ctx *ir; VEC_OF(MlirOperation) loads; VEC_OF(MlirValue) stored; } elision;

/* ---- tensors ---- */
MlirValue cpu_tensor_of(MlirValue v) {
  for (MlirOperation def = ir_def(v); !mlirOperationIsNull(def); def = ir_def(v)) {
    if (!cpu_is_view(def))
      return (MlirValue){NULL};
    v = ir_operand(def, 0);
  }
  return v;
}

static bool collect(MlirOperation op, void *data) {
  elision *e = data;
  if (!ir_op_is(op, "memref.copy"))
    return true;
  MlirValue to = cpu_tensor_of(ir_operand(op, 1));
  if (!mlirValueIsNull(to))
    vec_push(&e->ir->ctx->mem, &e->stored, to);
  else if (!mlirValueIsNull(cpu_tensor_of(ir_operand(op, 0))))
    vec_push(&e->ir->ctx->mem, &e->loads, op);
  return true;
}

static bool is_stored(const elision *e, MlirValue tensor) {
  for (size_t i = 0; i < e->stored.n; i++)
    if (mlirValueEqual(e->stored.at[i], tensor))
      return true;
  return false;
}

/* ---- uses of a slot ---- */
static bool only_reads(ir_ctx *ir, MlirOperation op, unsigned operand) {
  intptr_t first, count;
  if (ir_op_is(op, "memref.copy") || ir_op_is(op, "memref.load"))
    return operand == 0;
  if (cpu_is_product(op))
    return (operand == 0 && cpu_has_type(ir_operand(op, 0), DTYPE_F32)) || (operand == 1 && cpu_has_few_rows(ir, op));   /* as they lie: cpu_product_text.c, cpu_rows_text.c */
  return text_starts(ir_op_name(op), "linalg.") && ir_segment(op, 0, &first, &count) && operand < (unsigned)count;
}

static void add_uses(MlirValue v, slot_uses *out) {
  for (MlirOpOperand u = mlirValueGetFirstUse(v); !mlirOpOperandIsNull(u); u = mlirOpOperandGetNextUse(u)) {
    read r = {.op = mlirOpOperandGetOwner(u), .operand = mlirOpOperandGetOperandNumber(u), .value = v};
    if (ir_op_is(r.op, "memref.subview") && r.operand == 0) {
      add_uses(ir_result(r.op, 0), out);
    } else if (ir_op_is(r.op, "memref.copy") && r.operand == 1 && mlirOperationIsNull(out->load)) {
      out->load = r.op;
    } else {
      out->is_simple = out->is_simple && only_reads(out->ir, r.op, r.operand) && cpu_read_region(v, &r.region);
      vec_push(out->mem, &out->reads, r);
    }
  }
}

bool cpu_is_after(MlirOperation op, MlirOperation before) {
  MlirBlock block = mlirOperationGetBlock(before);
  while (!mlirOperationIsNull(op) && !mlirBlockEqual(mlirOperationGetBlock(op), block))
    op = mlirOperationGetParentOperation(op);
  return !mlirOperationIsNull(op) && !mlirOperationEqual(op, before) && mlirOperationIsBeforeInBlock(before, op);
}

/* Reads show parts of what was loaded, in the same dims. */
static bool shows_part(const read *r, MlirValue loaded, const cpu_region *whole) {
  if (mlirValueEqual(r->value, loaded))
    return true;
  bool same = r->region.n_kept == whole->n_kept;
  for (int d = 0; same && d < whole->n_kept; d++)
    same = r->region.kept[d] == whole->kept[d];
  for (int d = 0; same && d < whole->rank; d++)
    same = mlirValueIsNull(whole->offset[d]) && whole->start[d] == 0;
  return same;
}

/* ---- the change ---- */
/* The part of `src` that `r` shows of the slot. */
static MlirValue part_of(ir_ctx *ir, MlirValue src, const read *r) {
  ir_builder b = ir_before(ir, r->op);
  MlirValue offset[CPU_RANK_MAX];
  int64_t start[CPU_RANK_MAX], size[CPU_RANK_MAX];
  for (int d = 0; d < r->region.n_kept; d++) {
    offset[d] = r->region.offset[r->region.kept[d]];
    start[d] = r->region.start[r->region.kept[d]];
    size[d] = mlirShapedTypeGetDimSize(mlirValueGetType(r->value), d);
  }
  return cpu_part(&b, src, 0, offset, start, size, r->value);
}

static loom_status elide(elision *e, MlirOperation load) {
  MlirValue src = ir_operand(load, 0), dst = ir_operand(load, 1);
  cpu_region whole;
  slot_uses uses = {.ir = e->ir, .mem = &e->ir->ctx->mem, .is_simple = true};
  if (is_stored(e, cpu_tensor_of(src)) || !cpu_has_unit_columns(src) || !cpu_read_region(dst, &whole) || mlirShapedTypeGetRank(mlirValueGetType(src)) != whole.n_kept)
    return LOOM_OK;
  add_uses(whole.slot, &uses);
  bool can = uses.is_simple && mlirOperationEqual(uses.load, load);
  for (size_t i = 0; can && i < uses.reads.n; i++)
    can = shows_part(&uses.reads.at[i], dst, &whole) && cpu_is_after(uses.reads.at[i].op, load);
  if (!can)
    return LOOM_OK;
  for (size_t i = 0; i < uses.reads.n; i++) {
    const read *r = &uses.reads.at[i];
    MlirValue v = mlirValueEqual(r->value, dst) ? src : part_of(e->ir, src, r);
    if (mlirValueIsNull(v))
      return LOOM_EBUG;
    mlirOperationSetOperand(r->op, r->operand, v);
  }
  ir_erase(load);
  return LOOM_OK;
}

loom_status cpu_elide_loads(ir_ctx *ir, MlirModule m) {
  elision e = {.ir = ir};
  ir_walk(mlirModuleGetOperation(m), collect, &e);
  for (size_t i = 0; i < e.loads.n; i++)
    LOOM_TRY(elide(&e, e.loads.at[i]));
  return LOOM_OK;
}
