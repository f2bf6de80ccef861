/* The loads of a matmul, cut into subtiles with a tag slot each, so that the array starts before a tile is whole (docs/npu.md, "Subtiles").
 * Input and weight become one loop nest at the place of the later of the two; a load whose dims are not all loops of the nest is written for each round, with the
 * same slot: whoever runs the program issues it once.  The bias gets a nest of its own. */
#include "target/npu/npt.h"
#include <string.h>

/* Which loop of the nest each dim is.  rank 2: m k n; 3: b m k n; 4 (conv): six of seven. */
enum { FUSED_MAX = 7 };
typedef struct fusion { int rank, n_loops, input[ISA_DMA_RANK], weight[ISA_DMA_RANK]; } fusion;
static const fusion FUSIONS[] = {{2, 3, {0, 1}, {1, 2}}, {3, 4, {0, 1, 2}, {0, 2, 3}}, {4, 7, {0, 1, 4, 5}, {2, 3, 5, 6}}};
/* Order of the bias' loops, as dims. */
static const struct { int rank, order[ISA_DMA_RANK]; } BIAS_ORDERS[] = {{2, {0, 1}}, {4, {2, 3, 0, 1}}};

typedef struct splitter { ir_ctx *ir; int64_t lanes; MlirOperation matmul; npt_transfer input, weight, bias; bool has_input, has_weight, has_bias; } splitter;

#define FAIL(s, t, status, ...) LOOM_FAIL((s)->ir->ctx, ir_span((s)->ir, (t)->op), status, __VA_ARGS__)

enum { REACH_MAX = 64 };

static bool reaches(MlirValue v, MlirValue target, int depth) {
  if (mlirValueEqual(v, target))
    return true;
  MlirOperation def = ir_def(v);
  for (intptr_t i = 0; depth < REACH_MAX && i < ir_num_operands(def); i++)
    if (reaches(ir_operand(def, i), target, depth + 1))
      return true;
  return false;
}

/* Is the tile of `t` what the operand of the matmul shows, by value or as the same memref.global? */
static bool feeds(splitter *s, const npt_transfer *t, intptr_t operand) {
  MlirValue v = ir_operand(s->matmul, operand);
  return reaches(v, t->spad, 0) || (t->global && text_eq(npt_global(&s->ir->ctx->scratch, v), t->global));
}

static bool is_matmul(MlirOperation op) { return ir_op_is(op, "linalg.matmul"); }

static loom_status classify(splitter *s, MlirOperation func) {
  npt_ops ops = npt_collect(s->ir, func, npt_is_transfer);
  for (size_t i = 0; i < ops.n; i++) {
    npt_transfer t;
    LOOM_TRY(npt_read_transfer(s->ir, ops.at[i], &t));
    if (t.is_store || t.is_fine_grained)
      continue;
    if (feeds(s, &t, 0)) {
      s->input = t;
      s->has_input = true;
    } else if (feeds(s, &t, 1)) {
      s->weight = t;
      s->has_weight = true;
    } else if (feeds(s, &t, ir_num_operands(s->matmul) - 1) && t.has_subtile && t.rank > 1) {
      s->bias = t;
      s->has_bias = true;
    }
  }
  return LOOM_OK;
}

static int64_t count_of(const npt_transfer *t, int d) { return t->shape[d] / t->subtile[d]; }

/* A subtile must lie in the banks as its part of the whole tile does. */
static loom_status check_split(splitter *s, const npt_transfer *t) {
  if (t->is_indirect)
    FAIL(s, t, LOOM_EUNSUP, "an indirect load of a matmul's operand cannot be cut into subtiles");
  for (int d = 0; d < t->rank; d++)
    if (t->shape[d] % t->subtile[d])
      FAIL(s, t, LOOM_EINPUT, "subtile_size %" PRId64 " does not divide the tile's %" PRId64 " in dim %d", t->subtile[d], t->shape[d], d);
  int a = t->lane_axis;
  int64_t round = s->lanes * t->lane_stride;
  if (t->subtile[a] != t->shape[a] && t->subtile[a] % round) {
    diag_error(s->ir->ctx, ir_span(s->ir, t->op), LOOM_EINPUT, "subtile_size %" PRId64 " cuts dim %d, which is dealt to lanes, within a round of %" PRId64 " lanes",
               t->subtile[a], a, s->lanes);
    diag_help(s->ir->ctx, "make it a multiple of %" PRId64 " or the whole %" PRId64, round, t->shape[a]);
    return LOOM_EINPUT;
  }
  npt_transfer part = *t;
  memcpy(part.shape, t->subtile, sizeof part.shape);
  for (int d = 0; d < t->rank; d++)
    if (npt_bank_stride(&part, s->lanes, d) != npt_bank_stride(t, s->lanes, d))
      FAIL(s, t, LOOM_EINPUT, "stride %" PRId64 " of dim %d is no multiple of the %" PRId64 " elements of the dim that is dealt to lanes: "
           "a subtile would lie elsewhere than its part of the tile",
           t->spad_stride[d], d, t->shape[a]);
  if (!npt_is_affine(t->dram_index))
    FAIL(s, t, LOOM_EINPUT, "the DRAM index of a load that is cut into subtiles must be affine in the loops around it");
  return LOOM_OK;
}

/* Physical offset of the subtile in its bank: rounds of lanes along the lane axis, else the bank's strides. */
static MlirValue build_spad_offset(ir_builder *b, const splitter *s, const npt_transfer *t, const MlirValue *ivs) {
  MlirContext c = b->ir->mlir;
  MlirAffineExpr e = mlirAffineConstantExprGet(c, 0);
  for (int d = 0; d < t->rank; d++) {
    MlirAffineExpr iv = mlirAffineDimExprGet(c, d), term;
    if (d == t->lane_axis) {
      term = mlirAffineMulExprGet(iv, mlirAffineConstantExprGet(c, t->subtile[d]));
      term = mlirAffineFloorDivExprGet(term, mlirAffineConstantExprGet(c, s->lanes));
      term = mlirAffineMulExprGet(term, mlirAffineConstantExprGet(c, t->spad_stride[d]));
    } else {
      term = mlirAffineMulExprGet(iv, mlirAffineConstantExprGet(c, t->subtile[d] * npt_bank_stride(t, s->lanes, d)));
    }
    e = mlirAffineAddExprGet(e, term);
  }
  return ir_build1(b, "affine.apply", ir_index_type(b->ir), t->rank, ivs, 1, &(ir_named){"map", mlirAffineMapAttrGet(mlirAffineMapGet(c, t->rank, 0, 1, &e))});
}

/* What `bound`, an index of the whole tile, is in the subtile: bound - iv * subtile, at most subtile (hi) or at least 0 (lo).  One affine.min or affine.max: where the
 * bound is one itself, of its results.  hi may become negative: nothing of the subtile is moved then. */
static MlirValue build_bound(ir_builder *b, MlirValue bound, MlirValue iv, int64_t extent, int64_t subtile, bool is_high) {
  enum { RESULTS_MAX = 8, OPERANDS_MAX = 16 };
  MlirContext c = b->ir->mlir;
  const char *name = is_high ? "affine.min" : "affine.max";
  MlirOperation def = ir_def(bound);
  MlirAffineExpr results[RESULTS_MAX + 1];
  MlirValue operands[OPERANDS_MAX + 1];
  intptr_t n_results = 1, n_dims = 1, n_symbols = 0;
  int64_t v;
  if (!is_high && ir_const_int(bound, &v) && v == 0)
    return bound;
  results[0] = mlirAffineDimExprGet(c, 0);
  operands[0] = bound;
  if (ir_op_is(def, name)) {
    MlirAffineMap map = mlirAffineMapAttrGetValue(ir_attr_of(def, "map"));
    if (mlirAffineMapGetNumResults(map) < RESULTS_MAX && mlirAffineMapGetNumInputs(map) < OPERANDS_MAX) {
      n_results = mlirAffineMapGetNumResults(map);
      n_dims = mlirAffineMapGetNumDims(map);
      n_symbols = mlirAffineMapGetNumSymbols(map);
      for (intptr_t i = 0; i < n_results; i++)
        results[i] = mlirAffineMapGetResult(map, i);
      for (intptr_t i = 0; i < n_dims + n_symbols; i++)
        operands[i] = ir_operand(def, i);
    }
  }
  for (intptr_t i = n_dims + n_symbols; i > n_dims; i--)      /* the loop is the last dim, before the symbols */
    operands[i] = operands[i - 1];
  operands[n_dims] = iv;
  MlirAffineExpr passed = mlirAffineMulExprGet(mlirAffineDimExprGet(c, n_dims), mlirAffineConstantExprGet(c, -subtile));
  intptr_t kept = 0;
  for (intptr_t i = 0; i < n_results; i++) {
    bool is_fixed = mlirAffineExprIsAConstant(results[i]);
    v = is_fixed ? mlirAffineConstantExprGetValue(results[i]) : 0;
    if (!is_fixed || (is_high ? v < extent : v > 0))      /* else the subtile's own bound says it */
      results[kept++] = mlirAffineAddExprGet(results[i], passed);
  }
  n_results = kept;
  results[n_results++] = mlirAffineConstantExprGet(c, is_high ? subtile : 0);
  MlirAffineMap map = mlirAffineMapGet(c, n_dims + 1, n_symbols, n_results, results);
  return ir_build1(b, name, ir_index_type(b->ir), n_dims + 1 + n_symbols, operands, 1, &(ir_named){"map", mlirAffineMapAttrGet(map)});
}

/* One load of a subtile; ivs: the loop of each dim. */
static loom_status build_part(splitter *s, ir_builder *b, const npt_transfer *t, const MlirValue *ivs) {
  npt_transfer part = *t;
  int64_t by_dram[NPT_RANK_MAX], slots[NPT_RANK_MAX], base;
  for (int d = t->rank - 1; d >= 0; d--) {
    by_dram[d] = t->dram_stride[d] * t->subtile[d];
    slots[d] = d == t->rank - 1 ? 1 : slots[d + 1] * count_of(t, d + 1);
  }
  MlirValue offset = npt_build_sum(b, t->rank, ivs, by_dram, 0);
  if (mlirValueIsNull(offset))
    return LOOM_EBUG;
  part.dram_index = npt_build_sum(b, 2, (MlirValue[]){offset, t->dram_index}, (int64_t[]){1, 1}, 0);
  MlirValue in_bank = build_spad_offset(b, s, t, ivs), index = t->n_spad_index ? t->spad_index[t->n_spad_index - 1] : (MlirValue){NULL};
  if (!mlirValueIsNull(index) && !(ir_const_int(index, &base) && base == 0))
    in_bank = npt_build_sum(b, 2, (MlirValue[]){in_bank, index}, (int64_t[]){1, 1}, 0);
  part.n_spad_index = 1;
  part.spad_index[0] = in_bank;
  part.n_tag_index = 1;
  part.tag_index[0] = npt_build_sum(b, t->rank, ivs, slots, 0);
  part.has_subtile = part.is_fine_grained = true;
  for (int i = 0; i < t->n_masks; i++) {
    int d = t->masks[i].axis;
    part.masks[i].lo = build_bound(b, t->masks[i].lo, ivs[d], t->shape[d], t->subtile[d], false);
    part.masks[i].hi = build_bound(b, t->masks[i].hi, ivs[d], t->shape[d], t->subtile[d], true);
    if (mlirValueIsNull(part.masks[i].lo) || mlirValueIsNull(part.masks[i].hi))
      return LOOM_EBUG;
  }
  if (mlirValueIsNull(part.dram_index) || mlirValueIsNull(in_bank) || mlirValueIsNull(part.tag_index[0]))
    return LOOM_EBUG;
  return mlirOperationIsNull(npt_build_transfer(b, &part, t->form)) ? LOOM_EBUG : LOOM_OK;
}

static loom_status split_bias(splitter *s) {
  const npt_transfer *t = &s->bias;
  size_t k = 0;
  while (k < sizeof BIAS_ORDERS / sizeof *BIAS_ORDERS && BIAS_ORDERS[k].rank != t->rank)
    k++;
  if (k == sizeof BIAS_ORDERS / sizeof *BIAS_ORDERS)
    return LOOM_OK;
  LOOM_TRY(check_split(s, t));
  ir_builder b = ir_before(s->ir, t->op);
  MlirValue ivs[ISA_DMA_RANK];
  for (int i = 0; i < t->rank; i++) {
    int d = BIAS_ORDERS[k].order[i];
    ivs[d] = npt_build_loop(&b, count_of(t, d));
    if (mlirValueIsNull(ivs[d]))
      return LOOM_EBUG;
  }
  LOOM_TRY(build_part(s, &b, t, ivs));
  mlirOperationDestroy(t->op);
  return LOOM_OK;
}

static MlirOperation ancestor_in(MlirBlock block, MlirOperation op) {
  while (!mlirOperationIsNull(op) && !mlirBlockEqual(mlirOperationGetBlock(op), block))
    op = mlirOperationGetParentOperation(op);
  return op;
}

/* A tag of its own for each round of the loop around the load: successive rounds do not share slots. */
static loom_status make_tag_fresh(splitter *s, npt_transfer *t) {
  MlirBlock block = mlirOperationGetBlock(t->op);
  for (MlirOpOperand use = mlirValueGetFirstUse(t->tag); !mlirOpOperandIsNull(use); use = mlirOpOperandGetNextUse(use)) {
    MlirOperation user = ancestor_in(block, mlirOpOperandGetOwner(use));
    if (mlirOperationIsNull(user) || (!mlirOperationEqual(user, t->op) && mlirOperationIsBeforeInBlock(user, t->op)))
      FAIL(s, t, LOOM_EINPUT, "the tag of this load is used before it or outside of the loop around it, so that rounds cannot have tags of their own");
  }
  ir_builder b = ir_before(s->ir, t->op);
  MlirOperation old = ir_def(t->tag);
  int32_t segments[2] = {0};
  MlirValue fresh = ir_build1(&b, "memref.alloc", mlirValueGetType(t->tag), 0, NULL, 1, &(ir_named){"operandSegmentSizes", mlirDenseI32ArrayGet(s->ir->mlir, 2, segments)});
  if (mlirValueIsNull(fresh))
    return LOOM_EBUG;
  ir_replace_uses(t->tag, fresh);
  t->tag = fresh;
  if (ir_op_is(old, "memref.alloc"))
    ir_erase(old);
  return LOOM_OK;
}

static const fusion *fusion_of(int rank) {
  for (size_t i = 0; i < sizeof FUSIONS / sizeof *FUSIONS; i++)
    if (FUSIONS[i].rank == rank)
      return &FUSIONS[i];
  return NULL;
}

static loom_status count_rounds(splitter *s, const fusion *f, int64_t counts[FUSED_MAX]) {
  memset(counts, 0, sizeof *counts * FUSED_MAX);
  for (int d = 0; d < f->rank; d++)
    counts[f->input[d]] = count_of(&s->input, d);
  for (int d = 0; d < f->rank; d++) {
    int64_t *count = &counts[f->weight[d]], of_weight = count_of(&s->weight, d);
    if (*count && *count != of_weight)
      FAIL(s, &s->weight, LOOM_EINPUT, "the input is cut into %" PRId64 " subtiles along the dim that the weight cuts into %" PRId64 " (its dim %d); they must agree",
           *count, of_weight, d);
    *count = of_weight;
  }
  return LOOM_OK;
}

static loom_status split_operands(splitter *s, const fusion *f) {
  int64_t counts[FUSED_MAX];
  MlirValue loops[FUSED_MAX], of_input[ISA_DMA_RANK], of_weight[ISA_DMA_RANK];
  LOOM_TRY(check_split(s, &s->input));
  LOOM_TRY(check_split(s, &s->weight));
  LOOM_TRY(count_rounds(s, f, counts));
  if (!mlirBlockEqual(mlirOperationGetBlock(s->input.op), mlirOperationGetBlock(s->weight.op)))
    FAIL(s, &s->weight, LOOM_EINPUT, "input and weight of a matmul are cut together, so that their loads must stand in the same loop");
  if (mlirValueEqual(s->input.tag, s->weight.tag))
    FAIL(s, &s->weight, LOOM_EINPUT, "input and weight of a matmul share a tag; each needs its own");
  LOOM_TRY(make_tag_fresh(s, &s->input));
  LOOM_TRY(make_tag_fresh(s, &s->weight));
  bool weight_is_first = mlirOperationIsBeforeInBlock(s->weight.op, s->input.op);
  ir_builder b = ir_before(s->ir, weight_is_first ? s->input.op : s->weight.op);
  for (int i = 0; i < f->n_loops; i++) {
    loops[i] = npt_build_loop(&b, counts[i]);
    if (mlirValueIsNull(loops[i]))
      return LOOM_EBUG;
  }
  for (int d = 0; d < f->rank; d++) {
    of_input[d] = loops[f->input[d]];
    of_weight[d] = loops[f->weight[d]];
  }
  LOOM_TRY(build_part(s, &b, &s->input, of_input));
  LOOM_TRY(build_part(s, &b, &s->weight, of_weight));
  mlirOperationDestroy(s->input.op);
  mlirOperationDestroy(s->weight.op);
  return LOOM_OK;
}

static loom_status split_function(ir_ctx *ir, MlirOperation func, int64_t lanes) {
  npt_ops matmuls = npt_collect(ir, func, is_matmul);
  if (matmuls.n == 0)
    return LOOM_OK;
  splitter s = {.ir = ir, .lanes = lanes, .matmul = matmuls.at[0]};
  LOOM_TRY(classify(&s, func));
  if (!s.has_input || !s.has_weight || (!s.input.is_async && !s.weight.is_async))
    return LOOM_OK;
  const fusion *f = fusion_of(s.input.rank);
  if (!f)
    return LOOM_OK;
  if (s.weight.rank != s.input.rank)
    FAIL(&s, &s.weight, LOOM_EINPUT, "the input's tile has rank %d and the weight's %d; they are cut together, so that they must agree", s.input.rank, s.weight.rank);
  if (s.has_bias)
    LOOM_TRY(split_bias(&s));
  return split_operands(&s, f);
}

static bool is_function(MlirOperation op) { return ir_op_is(op, "func.func"); }

loom_status npt_fine_grain(ir_ctx *ir, MlirOperation op, int64_t lanes) {
  npt_ops functions = npt_collect(ir, op, is_function);
  for (size_t i = 0; i < functions.n; i++)
    LOOM_TRY(split_function(ir, functions.at[i], lanes));
  return LOOM_OK;
}
