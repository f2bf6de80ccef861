/* Transfers as DMA instructions (isa.h): CONFIG words with what is static, then the move with the addresses, each `.insn r CUSTOM_1` in inline assembly.
 * Waits have no instruction: the tile graph has them. */
#include "target/npu/npt.h"
#include <stdio.h>
#include <string.h>

static MlirValue constant(ir_builder *b, uint64_t v) {
  MlirType i64 = mlirIntegerTypeGet(b->ir->mlir, 64);
  return ir_build1(b, "arith.constant", i64, 0, NULL, 1, &(ir_named){"value", ir_int_attr(b->ir, (int64_t)v)});
}

static MlirValue index_op(ir_builder *b, const char *name, MlirValue x, MlirValue y) { return ir_build1(b, name, mlirValueGetType(x), 2, (MlirValue[]){x, y}, 0, NULL); }
static MlirValue to_i64(ir_builder *b, MlirValue v) { return ir_build1(b, "arith.index_cast", mlirIntegerTypeGet(b->ir->mlir, 64), 1, &v, 0, NULL); }

/* pointer + sum(index * row-major stride) * bytes, as i64. */
static MlirValue build_address(ir_builder *b, MlirValue memory, int n, const MlirValue *index, int64_t elem_bytes) {
  MlirValue at = ir_build1(b, "memref.extract_aligned_pointer_as_index", ir_index_type(b->ir), 1, &memory, 0, NULL);
  int64_t row = 1, v;
  MlirValue offset = {NULL};
  for (int d = n - 1; d >= 0; d--) {
    if (!(ir_const_int(index[d], &v) && v == 0)) {
      MlirValue term = row == 1 ? index[d] : index_op(b, "arith.muli", index[d], ir_index_const(b, row));
      offset = mlirValueIsNull(offset) ? term : index_op(b, "arith.addi", offset, term);
    }
    if (n > 1)
      row *= mlirShapedTypeGetDimSize(mlirValueGetType(memory), d);
  }
  if (!mlirValueIsNull(offset))
    at = index_op(b, "arith.addi", at, index_op(b, "arith.muli", offset, ir_index_const(b, elem_bytes)));
  return to_i64(b, at);
}

static loom_status build_word(ir_builder *b, isa_dma_op op, MlirValue rs1, MlirValue rs2) {
  ir_ctx *ir = b->ir;
  char insn[64];
  snprintf(insn, sizeof insn, ".insn r CUSTOM_1, 0x%x, %d, x0, $0, $1", ISA_DMA_FUNCT3, (int)op);
  const ir_named attrs[] = {{"asm_string", ir_str_attr(ir, insn)},
                            {"constraints", ir_str_attr(ir, "r,r,~{dirflag},~{fpsr},~{flags}")},
                            {"has_side_effects", ir_unit_attr(ir)}};
  if (mlirValueIsNull(rs1) || mlirValueIsNull(rs2))
    return LOOM_EBUG;
  return mlirOperationIsNull(ir_build(b, "llvm.inline_asm", 0, NULL, 2, (MlirValue[]){rs1, rs2}, 3, attrs, 0, NULL)) ? LOOM_EBUG : LOOM_OK;
}

/* Is one result of the affine.min or affine.max behind `v` a constant within least..most? */
static bool has_result(MlirValue v, const char *name, int64_t least, int64_t most) {
  MlirOperation def = ir_def(v);
  if (!ir_op_is(def, name))
    return false;
  MlirAffineMap map = mlirAffineMapAttrGetValue(ir_attr_of(def, "map"));
  for (intptr_t i = 0; i < mlirAffineMapGetNumResults(map); i++) {
    MlirAffineExpr e = mlirAffineMapGetResult(map, i);
    if (mlirAffineExprIsAConstant(e) && mlirAffineConstantExprGetValue(e) >= least && mlirAffineConstantExprGetValue(e) <= most)
      return true;
  }
  return false;
}

/* A bound that is told at run time, within 0..extent, where it is not known to be. */
static MlirValue clamp(ir_builder *b, MlirValue v, int64_t extent) {
  bool may_be_less = !has_result(v, "affine.max", 0, INT64_MAX), may_be_more = !has_result(v, "affine.min", 0, extent);
  if (may_be_less)
    v = index_op(b, "arith.maxsi", v, ir_index_const(b, 0));
  if (may_be_more)
    v = index_op(b, "arith.minsi", v, ir_index_const(b, extent));
  return v;
}

/* Bounds of all four dims, 16 bits each: `fixed` where no value says otherwise. */
static MlirValue pack_bounds(ir_builder *b, const npt_transfer *t, const isa_dma *dma, bool is_high) {
  const uint16_t *fixed = is_high ? dma->high : dma->low;
  uint64_t bits = 0;
  MlirValue packed = {NULL};
  int pad = ISA_DMA_RANK - t->rank;
  for (int d = 0; d < ISA_DMA_RANK; d++) {
    int shift = 16 * (ISA_DMA_RANK - 1 - d);
    int64_t v = fixed[d];
    MlirValue bound = {NULL}, part;
    for (int i = 0; i < t->n_masks; i++)
      if (t->masks[i].axis + pad == d)
        bound = is_high ? t->masks[i].hi : t->masks[i].lo;
    if (mlirValueIsNull(bound) || ir_const_int(bound, &v)) {
      v = v < 0 ? 0 : v > dma->dims[d] ? dma->dims[d] : v;
      bits |= (uint64_t)v << shift;
      continue;
    }
    part = to_i64(b, clamp(b, bound, dma->dims[d]));
    if (shift)
      part = index_op(b, "arith.shli", part, constant(b, (uint64_t)shift));
    packed = mlirValueIsNull(packed) ? part : index_op(b, "arith.ori", packed, part);
  }
  return mlirValueIsNull(packed) ? constant(b, bits) : bits ? index_op(b, "arith.ori", packed, constant(b, bits)) : packed;
}

static uint64_t low_bits(uint64_t v, int bytes) { return bytes == 8 ? v : v & (((uint64_t)1 << (8 * bytes)) - 1); }

/* The bits of masked_fill as one element. */
static loom_status fill_bits(ir_ctx *ir, const npt_transfer *t, uint64_t *out) {
  *out = 0;
  if (mlirAttributeIsNull(t->fill))
    return LOOM_OK;
  int64_t i;
  bool is_int = ir_attr_int(t->fill, &i);
  double v = is_int ? (double)i : mlirAttributeIsAFloat(t->fill) ? mlirFloatAttrGetValueDouble(t->fill) : 0;
  dtype type;
  if (!ir_type_dtype(t->element, &type))
    LOOM_FAIL(ir->ctx, ir_span(ir, t->op), LOOM_EUNSUP, "masked elements of type %s have no fill", ir_print_type(&ir->ctx->scratch, t->element));
  if (mlirTypeIsAInteger(t->element)) {
    if (!is_int)
      LOOM_FAIL(ir->ctx, ir_span(ir, t->op), LOOM_EINPUT, "masked_fill of elements of type %s must be an integer", ir_print_type(&ir->ctx->scratch, t->element));
    *out = low_bits((uint64_t)i, t->elem_bytes);
    return LOOM_OK;
  }
  dtype_store(type, out, v);
  return LOOM_OK;
}

/* The index of an older indirect transfer: affine.apply {indirect_access} of an index_cast of what affine.load reads in the scratchpad.  The load's buffer becomes
 * the offsets, its factor their stride, and the rest of the apply the DRAM index. */
static loom_status read_indirect_access(ir_builder *b, npt_transfer *t) {
  MlirOperation apply = ir_def(t->dram_index);
  if (t->is_indirect || !ir_op_is(apply, "affine.apply") || !togsim_flag(apply, "indirect_access"))
    return LOOM_OK;
  npt_linear sum;
  MlirValue operands[NPT_LINEAR_MAX];
  if (!npt_linear_read(apply, &sum))
    LOOM_FAIL(b->ir->ctx, ir_span(b->ir, apply), LOOM_EUNSUP, "the index of an indirect access must be a sum of values times constants");
  for (int i = 0; i < sum.n; i++) {
    MlirOperation cast = ir_def(operands[i] = ir_operand(apply, i)), load = ir_op_is(cast, "arith.index_cast") ? ir_def(ir_operand(cast, 0)) : (MlirOperation){NULL};
    if (!ir_op_is(load, "affine.load") || !togsim_is_spad(mlirValueGetType(ir_operand(load, 0))))
      continue;
    t->is_indirect = true;
    t->offsets = ir_operand(load, 0);
    t->offsets_global = npt_global(&b->ir->ctx->mem, t->offsets);
    t->offset_stride = sum.factor[i];
    operands[i] = ir_index_const(b, 0);
    sum.factor[i] = 0;
  }
  if (!t->is_indirect)
    LOOM_FAIL(b->ir->ctx, ir_span(b->ir, apply), LOOM_EINPUT, "an indirect access must use an index that affine.load reads in the scratchpad");
  t->dram_index = npt_build_sum(b, sum.n, operands, sum.factor, sum.constant);
  return mlirValueIsNull(t->dram_index) ? LOOM_EBUG : LOOM_OK;
}

/* Which operands of a word are told at run time; the others are those of `words`. */
typedef struct live_word { MlirValue rs1, rs2; } live_word;

static loom_status build_offsets(ir_builder *b, const npt_transfer *t, isa_dma *dma, MlirValue *out) {
  MlirValue offsets = npt_offsets(b, t);
  if (mlirValueIsNull(offsets))
    LOOM_FAIL(b->ir->ctx, ir_span(b->ir, t->op), LOOM_EINPUT, "the offsets of an indirect transfer must be a memref.global of the scratchpad%s%s",
              t->offsets_global ? ", and there is no " : "",
              t->offsets_global ? t->offsets_global : "");
  MlirType element = mlirShapedTypeGetElementType(mlirValueGetType(offsets));
  dma->index_bytes = mlirTypeIsAInteger(element) ? (int)mlirIntegerTypeGetWidth(element) / 8 : 8;
  *out = build_address(b, offsets, 0, NULL, 1);
  return LOOM_OK;
}

static loom_status build_instructions(ir_builder *b, npt_transfer *t) {
  ir_ctx *ir = b->ir;
  isa_dma dma;
  isa_word words[ISA_DMA_WORDS_MAX];
  int n;
  MlirValue offsets = {NULL};
  LOOM_TRY(read_indirect_access(b, t));
  if (t->rank > ISA_DMA_RANK) {
    diag_error(ir->ctx, ir_span(ir, t->op), LOOM_EINPUT, "a DMA instruction moves at most %d dims; this transfer has %d", ISA_DMA_RANK, t->rank);
    diag_help(ir->ctx, "run loom-peel-transfer or loom-decompose-transfer before");
    return LOOM_EINPUT;
  }
  const char *wrong = npt_to_isa(t, &dma);
  if (t->is_indirect)
    LOOM_TRY(build_offsets(b, t, &dma, &offsets));
  LOOM_TRY(fill_bits(ir, t, &dma.fill));
  if (!wrong)
    wrong = isa_dma_encode(&dma, words, &n);
  if (wrong)
    LOOM_FAIL(ir->ctx, ir_span(ir, t->op), LOOM_ELIMIT, "%s of this transfer does not fit its field of the DMA instruction", wrong);
  MlirValue dram = build_address(b, t->dram, 1, &t->dram_index, t->elem_bytes);
  MlirValue spad = build_address(b, t->spad, t->n_spad_index, t->spad_index, t->elem_bytes);
  for (int i = 0; i < n; i++) {
    live_word live = {{NULL}, {NULL}};
    if (words[i].op == t->move)
      live = (live_word){dram, spad};
    else if (words[i].op == ISA_CONFIG4)
      live.rs1 = offsets;
    else if (words[i].op == ISA_CONFIG5)
      live.rs1 = pack_bounds(b, t, &dma, false);
    if (words[i].op == ISA_CONFIG5)
      live.rs2 = pack_bounds(b, t, &dma, true);
    if (mlirValueIsNull(live.rs1))
      live.rs1 = constant(b, words[i].rs1);
    if (mlirValueIsNull(live.rs2))
      live.rs2 = constant(b, words[i].rs2);
    LOOM_TRY(build_word(b, words[i].op, live.rs1, live.rs2));
  }
  return LOOM_OK;
}

loom_status npt_lower_dma(ir_ctx *ir, MlirOperation op, bool timing_only) {
  npt_ops transfers = npt_collect(ir, op, npt_is_transfer), waits = npt_collect(ir, op, npt_is_wait);
  VEC_OF(MlirOperation) tags = {0};
  for (size_t i = 0; i < transfers.n; i++) {
    npt_transfer t;
    LOOM_TRY(npt_read_transfer(ir, transfers.at[i], &t));
    vec_push(&ir->ctx->mem, &tags, ir_def(t.tag));
    ir_builder b = ir_before(ir, t.op);
    if (!timing_only)
      LOOM_TRY(build_instructions(&b, &t));
    mlirOperationDestroy(t.op);
  }
  for (size_t i = 0; i < waits.n; i++)
    mlirOperationDestroy(waits.at[i]);
  for (size_t i = 0; i < tags.n; i++) {      /* nobody waits for them any more, and an allocation would be a call */
    bool is_seen = false;
    for (size_t k = 0; k < i; k++)
      is_seen |= mlirOperationEqual(tags.at[k], tags.at[i]);
    if (!is_seen && ir_op_is(tags.at[i], "memref.alloc"))
      ir_erase(tags.at[i]);
  }
  return LOOM_OK;
}
