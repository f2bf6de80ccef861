/* Transfers of any rank as transfers of at most four dims, which is what the instruction and TOGSim take (docs/npu.md, "DMA lowering").
 *   rank <= 4              as it is, on the same buffer (the split into subtiles must see it directly)
 *   at most 4 dims count   memref.collapse_shape: groups of dims with one that counts
 *   more                   loops over the outer ones; each round moves the last four that count
 * A dim counts when its extent is above 1, when it is the lane axis (one lane must stay one lane) or when it is masked (its mask may forbid the whole tile). */
#include "target/npu/npt.h"
#include "base/vec.h"
#include <string.h>

typedef struct reducer { ir_ctx *ir; npt_form form; bool keeps_form; int64_t lanes; const npt_transfer *t; bool counts[NPT_RANK_MAX]; int n_counts; } reducer;

static bool is_masked(const npt_transfer *t, int d) {
  for (int i = 0; i < t->n_masks; i++)
    if (t->masks[i].axis == d)
      return true;
  return false;
}

static void count_dims(reducer *r) {
  const npt_transfer *t = r->t;
  r->n_counts = 0;
  for (int d = 0; d < t->rank; d++) {
    r->counts[d] = t->shape[d] > 1 || d == t->lane_axis || is_masked(t, d);
    r->n_counts += r->counts[d];
  }
}

/* `t` with only the dims of `kept`, in order; masks and lane axis renumbered. */
static npt_transfer keep_dims(const npt_transfer *t, const int *kept, int n) {
  npt_transfer k = *t;
  k.rank = n;
  k.n_masks = 0;
  k.offset_axis = -1;
  for (int i = 0; i < n; i++) {
    int d = kept[i];
    k.shape[i] = t->shape[d];
    k.subtile[i] = t->subtile[d];
    k.dram_stride[i] = t->dram_stride[d];
    k.spad_stride[i] = t->spad_stride[d];
    if (t->lane_axis == d)
      k.lane_axis = i;
    if (t->offset_axis == d)
      k.offset_axis = i;
    for (int m = 0; m < t->n_masks; m++)
      if (t->masks[m].axis == d)
        k.masks[k.n_masks++] = (npt_mask){i, t->masks[m].lo, t->masks[m].hi};
  }
  return k;
}

static loom_status finish(reducer *r, ir_builder *b, const npt_transfer *made) {
  if (mlirOperationIsNull(npt_build_transfer(b, made, r->keeps_form ? r->t->form : r->form)))
    return LOOM_EINPUT;
  return LOOM_OK;
}

/* The index into the bank goes to the last place; the others are 0. */
static void set_spad_index(npt_transfer *t, MlirValue in_bank) {
  t->n_spad_index = 1;
  t->spad_index[0] = in_bank;
}

static loom_status collapse(reducer *r) {
  const npt_transfer *t = r->t;
  ir_ctx *ir = r->ir;
  int kept[NPT_RANK_MAX], n = 0, first = 0;
  MlirAttribute groups[NPT_RANK_MAX];
  int64_t shape[NPT_RANK_MAX];
  for (int d = 0; d < t->rank; d++) {
    bool is_last = d == t->rank - 1;
    if (!r->counts[d] && !is_last)
      continue;
    bool joins = !r->counts[d] && n > 0;      /* unit dims behind the last that counts belong to its group */
    int from = joins ? (int)mlirIntegerAttrGetValueInt(mlirArrayAttrGetElement(groups[n - 1], 0)) : first;
    int64_t dims[NPT_RANK_MAX];
    for (int k = from; k <= d; k++)
      dims[k - from] = k;
    n -= joins;
    groups[n] = npt_int_list(ir, d - from + 1, dims);
    if (!joins)
      kept[n] = d;
    shape[n] = t->shape[kept[n]];
    n++;
    first = d + 1;
  }
  ir_builder b = ir_before(ir, t->op);
  MlirType type = mlirMemRefTypeContiguousGet(t->element, n, shape, mlirMemRefTypeGetMemorySpace(mlirValueGetType(t->spad)));
  npt_transfer made = keep_dims(t, kept, n);
  made.spad = ir_build1(&b, "memref.collapse_shape", type, 1, &t->spad, 1, &(ir_named){"reassociation", mlirArrayAttrGet(ir->mlir, n, groups)});
  if (mlirValueIsNull(made.spad))
    return LOOM_EBUG;
  set_spad_index(&made, t->n_spad_index ? t->spad_index[t->n_spad_index - 1] : ir_index_const(&b, 0));
  return finish(r, &b, &made);
}

/* The four dims that stay: those of extent 1 that count, then the innermost.  Sorted. */
static loom_status choose_inner(reducer *r, int kept[ISA_DMA_RANK], int peeled[NPT_RANK_MAX], int *n_peeled) {
  const npt_transfer *t = r->t;
  bool stays[NPT_RANK_MAX] = {0};
  int n = 0;
  for (int unit = 1; unit >= 0; unit--)
    for (int d = t->rank - 1; d >= 0 && n < ISA_DMA_RANK; d--)
      if (r->counts[d] && (t->shape[d] == 1) == (unit == 1)) {
        stays[d] = true;
        n++;
      }
  n = 0;
  *n_peeled = 0;
  for (int d = 0; d < t->rank; d++) {
    if (!r->counts[d])
      continue;
    if (stays[d])
      kept[n++] = d;
    else
      peeled[(*n_peeled)++] = d;
    if (!stays[d] && d == t->lane_axis)
      LOOM_FAIL(r->ir->ctx, ir_span(r->ir, t->op), LOOM_EUNSUP, "cannot place the lane dim: dim %d, which is dealt to lanes, would become a loop around a transfer of %d dims",
                d, ISA_DMA_RANK);
    if (!stays[d] && is_masked(t, d))
      LOOM_FAIL(r->ir->ctx, ir_span(r->ir, t->op), LOOM_EUNSUP, "dim %d is masked, but would become a loop around a transfer of %d dims", d, ISA_DMA_RANK);
  }
  if (t->is_indirect)
    LOOM_FAIL(r->ir->ctx, ir_span(r->ir, t->op), LOOM_EUNSUP, "an indirect transfer moves at most %d dims; this one has %d above extent 1", ISA_DMA_RANK, r->n_counts);
  return LOOM_OK;
}

static MlirValue build_part(ir_builder *b, const npt_transfer *t, const int kept[ISA_DMA_RANK]) {
  MlirContext c = b->ir->mlir;
  int64_t offsets[NPT_RANK_MAX] = {0}, ones[NPT_RANK_MAX], sizes[NPT_RANK_MAX], shape[ISA_DMA_RANK], strides[ISA_DMA_RANK], row = 1, rows[NPT_RANK_MAX];
  for (int d = t->rank - 1; d >= 0; d--) {
    ones[d] = sizes[d] = 1;
    rows[d] = row;
    row *= t->shape[d];
  }
  for (int i = 0; i < ISA_DMA_RANK; i++) {
    sizes[kept[i]] = shape[i] = t->shape[kept[i]];
    strides[i] = rows[kept[i]];
  }
  int32_t segments[] = {1, 0, 0, 0};
  const ir_named attrs[] = {{"static_offsets", mlirDenseI64ArrayGet(c, t->rank, offsets)}, {"static_sizes", mlirDenseI64ArrayGet(c, t->rank, sizes)},
                            {"static_strides", mlirDenseI64ArrayGet(c, t->rank, ones)}, {"operandSegmentSizes", mlirDenseI32ArrayGet(c, 4, segments)}};
  MlirAttribute layout = mlirStridedLayoutAttrGet(c, 0, ISA_DMA_RANK, strides), space = mlirMemRefTypeGetMemorySpace(mlirValueGetType(t->spad));
  MlirType type = mlirMemRefTypeGet(t->element, ISA_DMA_RANK, shape, layout, space);
  return ir_build1(b, "memref.subview", type, 1, &t->spad, 4, attrs);
}

/* Whoever waits for the tag of a transfer waits for all rounds of its loops: round r of slot s sets slot s * rounds + r, and a wait becomes as many.  A transfer
 * that nobody waits for keeps its slot.  `loops`: those around it now, outermost first; *slot: of a round. */
static loom_status split_slot(reducer *r, ir_builder *b, int n, const MlirValue *loops, const int *peeled, MlirValue *slot) {
  const npt_transfer *t = r->t;
  npt_ops waits = {0};
  bool is_shared = false;
  int64_t rounds = 1, factors[NPT_RANK_MAX + 1];
  MlirValue terms[NPT_RANK_MAX + 1];
  for (MlirOpOperand use = mlirValueGetFirstUse(t->tag); !mlirOpOperandIsNull(use); use = mlirOpOperandGetNextUse(use)) {
    MlirOperation user = mlirOpOperandGetOwner(use);
    if (npt_is_wait(user))
      vec_push(&r->ir->ctx->mem, &waits, user);
    else
      is_shared |= npt_is_transfer(user) && !mlirOperationEqual(user, t->op);
  }
  if (waits.n == 0)
    return LOOM_OK;
  if (is_shared)
    LOOM_FAIL(r->ir->ctx, ir_span(r->ir, t->op), LOOM_EUNSUP, "a transfer of more than %d dims that is waited for needs a tag of its own", ISA_DMA_RANK);
  for (int i = n - 1; i >= 0; i--) {
    terms[1 + i] = loops[i];
    factors[1 + i] = rounds;
    rounds *= t->shape[peeled[i]];
  }
  terms[0] = t->n_tag_index ? t->tag_index[t->n_tag_index - 1] : ir_index_const(b, 0);
  factors[0] = rounds;
  if (!npt_is_affine(terms[0]))
    LOOM_FAIL(r->ir->ctx, ir_span(r->ir, t->op), LOOM_EUNSUP, "the tag slot of a transfer of more than %d dims must be affine in the loops around it", ISA_DMA_RANK);
  *slot = npt_build_sum(b, n + 1, terms, factors, 0);
  for (size_t i = 0; i < waits.n; i++) {
    npt_wait w;
    LOOM_TRY(npt_read_wait(r->ir, waits.at[i], &w));
    ir_builder at = ir_before(r->ir, w.op);
    MlirValue of = w.n_tag_index ? w.tag_index[w.n_tag_index - 1] : ir_index_const(&at, 0);
    if (!npt_is_affine(of))
      LOOM_FAIL(r->ir->ctx, ir_span(r->ir, w.op), LOOM_EUNSUP, "the slot of a wait for a transfer of more than %d dims must be affine in the loops around it", ISA_DMA_RANK);
    MlirValue round = npt_build_loop(&at, rounds);
    if (mlirValueIsNull(round))
      return LOOM_EBUG;
    w.n_tag_index = 1;
    w.tag_index[0] = npt_build_sum(&at, 2, (MlirValue[]){of, round}, (int64_t[]){rounds, 1}, 0);
    if (mlirOperationIsNull(npt_build_wait(&at, &w, w.form)))
      return LOOM_EBUG;
    mlirOperationDestroy(w.op);
  }
  return LOOM_OK;
}

/* The subview starts at the tile: where the round's part is, is told by the index into the bank, since instructions take the buffer's address. */
static loom_status peel(reducer *r) {
  const npt_transfer *t = r->t;
  int kept[ISA_DMA_RANK], peeled[NPT_RANK_MAX], n;
  LOOM_TRY(choose_inner(r, kept, peeled, &n));
  ir_builder b = ir_before(r->ir, t->op);
  MlirValue index = t->n_spad_index ? t->spad_index[t->n_spad_index - 1] : ir_index_const(&b, 0);
  int64_t base, by_dram[NPT_RANK_MAX + 1] = {1}, by_spad[NPT_RANK_MAX + 1];
  MlirValue of_dram[NPT_RANK_MAX + 1] = {t->dram_index}, of_spad[NPT_RANK_MAX + 1];
  bool is_based = !ir_const_int(index, &base);
  for (int i = 0; i < n; i++) {
    of_dram[1 + i] = of_spad[i] = npt_build_loop(&b, t->shape[peeled[i]]);
    if (mlirValueIsNull(of_spad[i]))
      return LOOM_EBUG;
    by_dram[1 + i] = t->dram_stride[peeled[i]];
    by_spad[i] = npt_bank_stride(t, r->lanes, peeled[i]);
  }
  of_spad[n] = index;
  by_spad[n] = 1;
  npt_transfer made = keep_dims(t, kept, ISA_DMA_RANK);
  made.spad = build_part(&b, t, kept);
  set_spad_index(&made, npt_build_sum(&b, n + is_based, of_spad, by_spad, is_based ? 0 : base));
  MlirValue slot = {NULL};
  LOOM_TRY(split_slot(r, &b, n, of_spad, peeled, &slot));
  if (!mlirValueIsNull(slot)) {
    made.n_tag_index = 1;
    made.tag_index[0] = slot;
  }
  made.dram_index = npt_build_sum(&b, n + 1, of_dram, by_dram, 0);     /* one apply: the loops must be seen in it */
  if (mlirValueIsNull(made.spad) || mlirValueIsNull(made.spad_index[0]) || mlirValueIsNull(made.dram_index))
    return LOOM_EBUG;
  return finish(r, &b, &made);
}

static loom_status reduce(reducer *r) {
  const npt_transfer *t = r->t;
  count_dims(r);
  if (t->rank <= ISA_DMA_RANK) {
    ir_builder b = ir_before(r->ir, t->op);
    npt_transfer made = *t;
    return finish(r, &b, &made);
  }
  if (!mlirAffineMapIsIdentity(mlirMemRefTypeGetAffineMap(mlirValueGetType(t->spad))))
    LOOM_FAIL(r->ir->ctx, ir_span(r->ir, t->op), LOOM_EUNSUP, "the tile of a transfer of rank %d must be a whole buffer, not a strided part of one", t->rank);
  if (r->n_counts <= ISA_DMA_RANK)
    return collapse(r);
  if (!npt_is_affine(t->dram_index))
    LOOM_FAIL(r->ir->ctx, ir_span(r->ir, t->op), LOOM_EINPUT, "the DRAM index of a transfer of more than %d dims must be affine in the loops around it", ISA_DMA_RANK);
  return peel(r);
}

static loom_status reduce_one(reducer *r, MlirOperation op) {
  npt_transfer t;
  LOOM_TRY(npt_read_transfer(r->ir, op, &t));
  if (r->keeps_form && t.rank <= ISA_DMA_RANK)
    return LOOM_OK;
  r->t = &t;
  LOOM_TRY(reduce(r));
  mlirOperationDestroy(op);
  return LOOM_OK;
}

static loom_status change_wait(ir_ctx *ir, MlirOperation op) {
  npt_wait w;
  LOOM_TRY(npt_read_wait(ir, op, &w));
  ir_builder b = ir_before(ir, op);
  if (mlirOperationIsNull(npt_build_wait(&b, &w, NPT_DMA_START)))
    return LOOM_EBUG;
  mlirOperationDestroy(op);
  return LOOM_OK;
}

loom_status npt_decompose(ir_ctx *ir, MlirOperation op, int64_t lanes) {
  reducer r = {.ir = ir, .form = NPT_DMA_START, .lanes = lanes};
  npt_ops ops = npt_collect(ir, op, npt_is_transfer);
  for (size_t i = 0; i < ops.n; i++)
    if (ir_op_is(ops.at[i], "togsim.transfer"))
      LOOM_TRY(reduce_one(&r, ops.at[i]));
  npt_ops waits = npt_collect(ir, op, npt_is_wait);
  for (size_t i = 0; i < waits.n; i++)
    if (ir_op_is(waits.at[i], "togsim.wait"))
      LOOM_TRY(change_wait(ir, waits.at[i]));
  return LOOM_OK;
}

loom_status npt_peel(ir_ctx *ir, MlirOperation op, int64_t lanes) {
  reducer r = {.ir = ir, .keeps_form = true, .lanes = lanes};
  npt_ops ops = npt_collect(ir, op, npt_is_transfer);
  for (size_t i = 0; i < ops.n; i++)
    LOOM_TRY(reduce_one(&r, ops.at[i]));
  return LOOM_OK;
}
