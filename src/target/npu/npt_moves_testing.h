/* What the transfers of a module move, or the DMA instructions they became, by interpretation of its loops: for the tests of passes that rewrite transfers.  Two
 * engines: `reference` reads the bank rule (docs/npu.md) for tiles of any rank and ignores subtiles; the other makes the instruction's fields and asks isa_dma_walk. */
#ifndef LOOM_TARGET_NPU_NPT_MOVES_TESTING_H
#define LOOM_TARGET_NPU_NPT_MOVES_TESTING_H
#include "base/testing.h"
#include "base/vec.h"
#include "target/npu/npt.h"

typedef struct move { uint64_t dram, spad; int argument, lane, tile; } move;      /* bytes; tile: first letter of the memref.global */
typedef struct binding { const void *value; int64_t v; } binding;
typedef struct moves { ir_ctx *ir; int64_t lanes; bool is_reference; VEC_OF(move) all; VEC_OF(binding) env; int transfers; isa_dma word_state; uint32_t words_seen; } moves;

static int64_t moves_value(moves *m, MlirValue v);

static int64_t moves_expr(MlirAffineExpr e, const int64_t *dims, const int64_t *symbols) {
  if (mlirAffineExprIsAConstant(e))
    return mlirAffineConstantExprGetValue(e);
  if (mlirAffineExprIsADim(e))
    return dims[mlirAffineDimExprGetPosition(e)];
  if (mlirAffineExprIsASymbol(e))
    return symbols[mlirAffineSymbolExprGetPosition(e)];
  int64_t l = moves_expr(mlirAffineBinaryOpExprGetLHS(e), dims, symbols), r = moves_expr(mlirAffineBinaryOpExprGetRHS(e), dims, symbols);
  if (mlirAffineExprIsAAdd(e))
    return l + r;
  if (mlirAffineExprIsAMul(e))
    return l * r;
  assert_true(r > 0);
  int64_t q = l / r - (l % r < 0);
  if (mlirAffineExprIsAFloorDiv(e))
    return q;
  if (mlirAffineExprIsAMod(e))
    return l - q * r;
  assert_true(mlirAffineExprIsACeilDiv(e));
  return -(-l / r - (-l % r < 0));
}

static int64_t moves_map(moves *m, MlirOperation op, bool is_min) {
  MlirAffineMap map = mlirAffineMapAttrGetValue(ir_attr_of(op, "map"));
  int64_t in[16], best = 0;
  assert_true(ir_num_operands(op) <= 16);
  for (intptr_t i = 0; i < ir_num_operands(op); i++)
    in[i] = moves_value(m, ir_operand(op, i));
  for (intptr_t i = 0; i < mlirAffineMapGetNumResults(map); i++) {
    int64_t v = moves_expr(mlirAffineMapGetResult(map, i), in, in + mlirAffineMapGetNumDims(map));
    best = i == 0 || (v < best) == is_min ? v : best;
  }
  return best;
}

/* Pointers: an argument of the kernel is at (number + 1) << 44 in DRAM, a tile at its letter << 44 in the scratchpad. */
enum { MOVES_SPACE_SHIFT = 44 };

static bool moves_arithmetic(moves *m, MlirOperation op, int64_t *out) {
  if (ir_op_is(op, "memref.extract_aligned_pointer_as_index")) {
    const char *global = npt_global(&m->ir->ctx->scratch, ir_operand(op, 0));
    *out = (int64_t)(global ? global[0] : npt_argument(ir_operand(op, 0)) + 1) << MOVES_SPACE_SHIFT;
    return true;
  }
  if (ir_op_is(op, "arith.index_cast")) {
    *out = moves_value(m, ir_operand(op, 0));
    return true;
  }
  static const char *const names[] = {"arith.addi", "arith.muli", "arith.shli", "arith.ori", "arith.maxsi", "arith.minsi"};
  for (int i = 0; i < 6; i++)
    if (ir_op_is(op, names[i])) {
      int64_t l = moves_value(m, ir_operand(op, 0)), r = moves_value(m, ir_operand(op, 1));
      *out = i == 0 ? l + r : i == 1 ? l * r : i == 2 ? (int64_t)((uint64_t)l << r) : i == 3 ? (l | r) : (l < r) == (i == 5) ? l : r;
      return true;
    }
  return false;
}

static int64_t moves_value(moves *m, MlirValue v) {
  int64_t c;
  if (ir_const_int(v, &c))
    return c;
  for (size_t i = m->env.n; i > 0; i--)
    if (m->env.at[i - 1].value == v.ptr)
      return m->env.at[i - 1].v;
  MlirOperation def = ir_def(v);
  if (moves_arithmetic(m, def, &c))
    return c;
  if (!ir_op_is(def, "affine.apply") && !ir_op_is(def, "affine.min") && !ir_op_is(def, "affine.max"))
    fail_msg("%s has no value here", ir_op_name(def));
  return moves_map(m, def, !ir_op_is(def, "affine.max"));
}

typedef struct move_sink { moves *m; move base; } move_sink;

static bool moves_take(void *self, const isa_place *p) {
  move_sink *s = self;
  if (p->is_outside)
    return true;
  move one = s->base;
  one.dram = p->dram;
  one.spad = p->spad;
  one.lane = p->lane;
  vec_push(&s->m->ir->ctx->mem, &s->m->all, one);
  return true;
}

static int64_t moves_bank_offset(const npt_transfer *t, int64_t lanes, const int64_t index[], int *lane) {
  int a = t->lane_axis;
  int64_t vs = t->lane_stride, extent = t->shape[a], outer = (extent + vs * lanes - 1) / (vs * lanes), used = outer > 1 ? lanes : (extent + vs - 1) / vs, at = 0;
  for (int d = 0; d < t->rank; d++) {
    int64_t p = t->spad_stride[d], phys = p <= t->spad_stride[a] ? p : p / extent * vs * outer;
    at += d == a ? phys * (index[d] % vs + vs * (index[d] / vs / used)) : phys * index[d];
  }
  *lane = (int)(index[a] / vs % used);
  return at;
}

static void moves_reference(moves *m, const npt_transfer *t, int64_t dram, int64_t spad, const int64_t low[], const int64_t high[], move base) {
  int64_t index[NPT_RANK_MAX] = {0};
  for (;;) {
    int64_t at = dram;
    bool inside = true;
    for (int d = 0; d < t->rank; d++) {
      at += index[d] * t->dram_stride[d];
      inside &= low[d] <= index[d] && index[d] < high[d];
    }
    if (inside) {
      move one = base;
      one.spad = (uint64_t)(spad + moves_bank_offset(t, m->lanes, index, &one.lane)) * (uint64_t)t->elem_bytes;
      one.dram = (uint64_t)at * (uint64_t)t->elem_bytes;
      vec_push(&m->ir->ctx->mem, &m->all, one);
    }
    int d = t->rank - 1;
    while (d >= 0 && ++index[d] == t->shape[d])
      index[d--] = 0;
    if (d < 0)
      return;
  }
}

static int64_t moves_clamp(int64_t v, int64_t most) { return v < 0 ? 0 : v > most ? most : v; }

static void moves_transfer(moves *m, MlirOperation op) {
  npt_transfer t;
  assert_int_equal(npt_read_transfer(m->ir, op, &t), LOOM_OK);
  m->transfers++;
  int64_t dram = moves_value(m, t.dram_index), spad = 0, row = 1, low[NPT_RANK_MAX] = {0}, high[NPT_RANK_MAX];
  if (t.n_spad_index == 1)
    spad = moves_value(m, t.spad_index[0]);
  else
    for (int d = t.rank - 1; d >= 0; row *= t.shape[d--])
      spad += row * moves_value(m, t.spad_index[d]);
  move base = {.argument = t.argument, .tile = t.global ? t.global[0] : 0};
  for (int d = 0; d < t.rank; d++)
    high[d] = m->is_reference ? t.shape[d] : t.subtile[d];
  for (int i = 0; i < t.n_masks; i++) {
    low[t.masks[i].axis] = moves_value(m, t.masks[i].lo);
    high[t.masks[i].axis] = moves_value(m, t.masks[i].hi);
  }
  if (m->is_reference) {
    moves_reference(m, &t, dram, spad, low, high, base);
    return;
  }
  isa_dma dma;
  assert_null(npt_to_isa(&t, &dma));
  dma.dram = (uint64_t)(dram * t.elem_bytes);
  dma.spad = (uint64_t)(spad * t.elem_bytes);
  for (int d = 0; d < t.rank; d++) {
    dma.low[d + ISA_DMA_RANK - t.rank] = (uint16_t)moves_clamp(low[d], t.subtile[d]);
    dma.high[d + ISA_DMA_RANK - t.rank] = (uint16_t)moves_clamp(high[d], t.subtile[d]);
  }
  isa_dma_walk(&dma, (int)m->lanes, moves_take, &(move_sink){m, base});
}

/* One DMA instruction in inline assembly. */
static void moves_word(moves *m, MlirOperation op) {
  const char *text_of = ir_attr_string(&m->ir->ctx->scratch, ir_attr_of(op, "asm_string"));
  int funct7;
  bool done;
  assert_int_equal(sscanf(text_of, ".insn r CUSTOM_1, 0x3, %d, x0, $0, $1", &funct7), 1);
  isa_word w = {.op = (isa_dma_op)funct7, .rs1 = (uint64_t)moves_value(m, ir_operand(op, 0)), .rs2 = (uint64_t)moves_value(m, ir_operand(op, 1))};
  const char *fault = isa_dma_decode(&m->word_state, &m->words_seen, w, &done);
  if (fault)
    fail_msg("%s: %s", text_of, fault);
  if (!done)
    return;
  m->transfers++;
  uint64_t mask = ((uint64_t)1 << MOVES_SPACE_SHIFT) - 1;
  move base = {.argument = (int)(m->word_state.dram >> MOVES_SPACE_SHIFT) - 1, .tile = (int)(m->word_state.spad >> MOVES_SPACE_SHIFT)};
  m->word_state.dram &= mask;
  m->word_state.spad &= mask;
  isa_dma_walk(&m->word_state, (int)m->lanes, moves_take, &(move_sink){m, base});
  m->word_state = (isa_dma){0};
  m->words_seen = 0;
}

static void moves_block(moves *m, MlirBlock block) {
  for (MlirOperation op = mlirBlockGetFirstOperation(block); !mlirOperationIsNull(op); op = mlirOperationGetNextInBlock(op)) {
    if (npt_is_transfer(op)) {
      moves_transfer(m, op);
    } else if (ir_op_is(op, "llvm.inline_asm")) {
      moves_word(m, op);
    } else if (ir_op_is(op, "affine.for")) {
      int64_t step;
      MlirAffineMap lo = mlirAffineMapAttrGetValue(ir_attr_of(op, "lowerBoundMap")), hi = mlirAffineMapAttrGetValue(ir_attr_of(op, "upperBoundMap"));
      assert_true(ir_attr_int(ir_attr_of(op, "step"), &step));
      size_t slot = m->env.n;
      vec_push(&m->ir->ctx->mem, &m->env, ((binding){mlirBlockGetArgument(ir_body(op), 0).ptr, 0}));
      for (int64_t i = mlirAffineMapGetSingleConstantResult(lo); i < mlirAffineMapGetSingleConstantResult(hi); i += step) {
        m->env.at[slot].v = i;
        moves_block(m, ir_body(op));
      }
      m->env.n = slot;
    }
  }
}

static inline int moves_order(const void *x, const void *y) {
  const move *a = x, *b = y;
#define BY(field) \
  if (a->field != b->field) \
    return a->field < b->field ? -1 : 1;
  BY(argument) BY(tile) BY(dram) BY(lane) BY(spad)
#undef BY
  return 0;
}

/* All moves of function `kernel`, sorted, each once. */
static inline moves moves_of(ir_ctx *ir, MlirModule module, int64_t lanes, bool is_reference) {
  moves m = {.ir = ir, .lanes = lanes, .is_reference = is_reference};
  moves_block(&m, ir_body(ir_find_func(module, "kernel")));
  if (m.all.n)
    qsort(m.all.at, m.all.n, sizeof *m.all.at, moves_order);
  size_t n = 0;
  for (size_t i = 0; i < m.all.n; i++)
    if (i == 0 || moves_order(&m.all.at[i], &m.all.at[n - 1]) != 0)
      m.all.at[n++] = m.all.at[i];
  m.all.n = n;
  return m;
}

static inline bool moves_equal(const moves *a, const moves *b) {
  bool are_equal = a->all.n == b->all.n;
  for (size_t i = 0; are_equal && i < a->all.n; i++)
    are_equal = moves_order(&a->all.at[i], &b->all.at[i]) == 0;
  return are_equal;
}
#endif
