/* Reading a product: shapes, types, loops around, where operands come from, and the guards. */
#include "target/npu/npt_product.h"
#include "dialect/togsim.h"
#include <string.h>

#define BAD(ir, p, status, ...) LOOM_FAIL((ir)->ctx, ir_span(ir, (p)->op), status, __VA_ARGS__)

MlirValue npt_loop_index(MlirOperation loop) { return mlirBlockGetArgument(ir_body(loop), 0); }

bool npt_loop_end(MlirOperation loop, int64_t *out) {
  MlirAttribute a = ir_attr_of(loop, "upperBoundMap");
  if (mlirAttributeIsNull(a) || !mlirAttributeIsAAffineMap(a))
    return false;
  MlirAffineMap map = mlirAffineMapAttrGetValue(a);
  if (!mlirAffineMapIsSingleConstant(map))
    return false;
  *out = mlirAffineMapGetSingleConstantResult(map);
  return true;
}

static void push_front(npt_loops *l, MlirOperation loop) {
  if (l->n == NPT_LOOPS_MAX)
    return;
  for (int i = l->n++; i > 0; i--)
    l->at[i] = l->at[i - 1];
  l->at[0] = loop;
}

static void find_loops(npt_product *p) {
  for (MlirOperation up = mlirOperationGetParentOperation(p->op); !mlirOperationIsNull(up); up = mlirOperationGetParentOperation(up)) {
    if (!ir_op_is(up, "affine.for"))
      continue;
    if (togsim_flag(up, "accumulation_loop"))
      push_front(&p->accumulation, up);
    if (togsim_flag(up, "outer_loop"))
      push_front(&p->outer, up);
    if (togsim_flag(up, "inner_loop"))
      push_front(&p->inner, up);
  }
}

/* C[m, n] += A[m, k] B[k, n], nothing transposed or repeated; integers with their sign. */
static loom_status check_meaning(ir_ctx *ir, npt_product *p) {
  static const char plain[] = "[affine_map<(d0, d1, d2) -> (d0, d2)>, affine_map<(d0, d1, d2) -> (d2, d1)>, affine_map<(d0, d1, d2) -> (d0, d1)>]";
  MlirAttribute maps = ir_attr_of(p->op, "indexing_maps"), cast = ir_attr_of(p->op, "cast");
  if (!mlirAttributeIsNull(maps) && !mlirAttributeEqual(maps, ir_attr(ir, plain)))
    BAD(ir, p, LOOM_EUNSUP, "linalg.matmul has other maps than rows times columns; the systolic array takes A by rows and B by columns, so lay the tile out that way");
  if (!mlirAttributeIsNull(cast) && text_eq(ir_print_attr(&ir->ctx->scratch, cast), "#linalg.type_fn<cast_unsigned>"))
    BAD(ir, p, LOOM_EUNSUP, "linalg.matmul takes its integers for unsigned; the systolic array multiplies signed ones");
  return LOOM_OK;
}

static loom_status read_types(ir_ctx *ir, npt_product *p) {
  MlirType a = mlirShapedTypeGetElementType(mlirValueGetType(p->memory[NPT_A])), b = mlirShapedTypeGetElementType(mlirValueGetType(p->memory[NPT_B]));
  bool is_float = mlirTypeIsAF32(a) || mlirTypeIsAF16(a) || mlirTypeIsABF16(a), is_int = mlirTypeIsAInteger(a);
  p->element = a;
  p->c_element = mlirShapedTypeGetElementType(mlirValueGetType(p->memory[NPT_C]));
  p->bits = is_float ? (int)mlirFloatTypeGetWidth(a) : is_int ? (int)mlirIntegerTypeGetWidth(a) : 0;
  if ((!is_float && !is_int) || (is_int && p->bits != 8 && p->bits != 16 && p->bits != 32))
    BAD(ir, p, LOOM_EUNSUP, "the systolic array multiplies f32, f16, bf16, i8, i16 and i32, not %s", ir_print_type(&ir->ctx->scratch, a));
  if (!mlirTypeEqual(a, b))
    BAD(ir, p, LOOM_EUNSUP, "A is of %s and B of %s; the systolic array multiplies numbers of one type", ir_print_type(&ir->ctx->scratch, a), ir_print_type(&ir->ctx->scratch, b));
  if (is_float != mlirTypeIsAFloat(p->c_element) || (is_float && mlirTypeIsAF64(p->c_element)) || (is_int && mlirIntegerTypeGetWidth(p->c_element) > 32))
    BAD(ir, p, LOOM_EUNSUP, "products of %s cannot be added up in %s", ir_print_type(&ir->ctx->scratch, a), ir_print_type(&ir->ctx->scratch, p->c_element));
  p->kind = is_int ? ISA_PUSH_INT : mlirTypeIsABF16(a) ? ISA_PUSH_BF16 : ISA_PUSH_FLOAT;
  p->sum = is_int ? mlirIntegerTypeGet(ir->mlir, 32) : mlirF32TypeGet(ir->mlir);
  return LOOM_OK;
}

static loom_status read_shapes(ir_ctx *ir, npt_product *p) {
  static const char names[] = "ABC";
  for (int i = 0; i < 3; i++) {
    MlirType t = mlirValueGetType(p->memory[i]);
    if (!mlirTypeIsAMemRef(t) || mlirShapedTypeGetRank(t) != 2 || !mlirShapedTypeHasStaticShape(t))
      BAD(ir, p, LOOM_EUNSUP, "%c of linalg.matmul is %s; the systolic array takes tiles of two dims of known sizes", names[i], ir_print_type(&ir->ctx->scratch, t));
    int64_t strides[2], offset;
    if (mlirLogicalResultIsFailure(mlirMemRefTypeGetStridesAndOffset(t, strides, &offset)) || strides[1] != 1 || strides[0] != mlirShapedTypeGetDimSize(t, 1))
      BAD(ir, p, LOOM_EUNSUP, "%c of linalg.matmul is %s; a tile must be a row-major view (where its elements lie is said by its transfers)", names[i], ir_print_type(&ir->ctx->scratch, t));
  }
  p->m = mlirShapedTypeGetDimSize(mlirValueGetType(p->memory[NPT_A]), 0);
  p->k = mlirShapedTypeGetDimSize(mlirValueGetType(p->memory[NPT_A]), 1);
  p->n = mlirShapedTypeGetDimSize(mlirValueGetType(p->memory[NPT_B]), 1);
  const struct { const char *name; int64_t size; } dims[] = {{"M", p->m}, {"N", p->n}, {"K", p->k}};
  for (int i = 0; i < 3; i++)
    if (dims[i].size < 1 || (dims[i].size > p->ss && dims[i].size % p->ss != 0)) {
      diag_error(ir->ctx, ir_span(ir, p->op), LOOM_EUNSUP, "%s of linalg.matmul is %" PRId64 "; above the size of the systolic array it must be a multiple of it: %" PRId64, dims[i].name, dims[i].size, p->ss);
      diag_help(ir->ctx, "choose tiles of %" PRId64 " or pad this one to %" PRId64, p->ss, (dims[i].size + p->ss - 1) / p->ss * p->ss);
      return LOOM_EUNSUP;
    }
  return LOOM_OK;
}

/* Two values name one tile: the same memref.global, or the same memory. */
static bool is_same_tile(arena *m, MlirValue a, MlirValue b) {
  const char *name = npt_global(m, a);
  return name ? text_eq(name, npt_global(m, b)) : mlirValueEqual(npt_root(a), npt_root(b));
}

typedef struct scan { ir_ctx *ir; npt_product *p; int64_t idx_map[3], a_sub_k, b_sub_k; bool by_tile; loom_status status; } scan;

static void note_store(scan *s, MlirValue memory) {
  for (int i = 0; i < 2; i++)
    s->p->from[i].is_stored |= is_same_tile(&s->ir->ctx->scratch, memory, s->p->memory[i]);
}

static void note_load(scan *s, const npt_transfer *t, int i) {
  npt_product *p = s->p;
  npt_operand *o = &p->from[i];
  *o = (npt_operand){.is_loaded = true, .is_stored = o->is_stored, .is_async = t->is_async, .form = t->form, .tag = t->tag};
  o->is_cut = t->is_fine_grained && (t->rank == 2 || (t->rank == 4 && p->inner.n == NPT_CONV_LOOPS));
  o->rank = t->rank;
  memcpy(o->shape, t->shape, sizeof t->shape);
  memcpy(o->part, t->subtile, sizeof t->subtile);
  o->has_fixed_slot = t->n_tag_index == 0 || ir_op_is(ir_def(t->tag_index[t->n_tag_index - 1]), "arith.constant");
  if (!t->has_subtile || t->rank < 2)
    return;
  const int64_t *sub = t->subtile + t->rank - 2;
  if (i == NPT_A) {
    p->sub_m = sub[0];
    p->sub_k = s->a_sub_k = sub[1];
  } else if (i == NPT_B) {
    p->sub_k = s->b_sub_k = sub[0];
    p->sub_n = sub[1];
  }
}

static bool look(MlirOperation op, void *data) {
  scan *s = data;
  if (ir_op_is(op, "affine.vector_store") || ir_op_is(op, "vector.store") || ir_op_is(op, "vector.transfer_write")) {
    note_store(s, ir_operand(op, 1));
    return true;
  }
  npt_transfer t;
  if (!npt_is_transfer(op))
    return true;
  s->status = npt_read_transfer(s->ir, op, &t);
  if (s->status != LOOM_OK)
    return false;
  for (int i = 0; i < 3 && !t.is_store; i++)
    if (is_same_tile(&s->ir->ctx->scratch, t.spad, s->p->memory[i]) && (s->by_tile || t.argument == s->idx_map[i]))
      note_load(s, &t, i);
  return true;
}

static loom_status read_idx_map(ir_ctx *ir, npt_product *p, int64_t out[3]) {
  MlirAttribute a = ir_attr_of(p->op, "idx_map");
  for (int i = 0; i < 3; i++)
    out[i] = i;
  if (mlirAttributeIsNull(a))
    return LOOM_OK;
  if (!mlirAttributeIsADenseI32Array(a) || mlirDenseArrayGetNumElements(a) != 3)
    BAD(ir, p, LOOM_EINPUT, "idx_map of linalg.matmul must be array<i32: a, b, c>, the arguments that A, B and the bias are loaded from");
  for (int i = 0; i < 3; i++)
    out[i] = mlirDenseI32ArrayGetElement(a, i);
  return LOOM_OK;
}

static loom_status find_operands(ir_ctx *ir, npt_product *p, bool is_forced) {
  scan s = {.ir = ir, .p = p, .by_tile = is_forced};
  LOOM_TRY(read_idx_map(ir, p, s.idx_map));
  MlirOperation within = p->op;
  if (p->outer.n) {
    within = p->outer.at[p->outer.n - 1];
  } else {
    for (MlirOperation up = within; !mlirOperationIsNull(up) && !ir_op_is(up, "func.func"); up = mlirOperationGetParentOperation(up))
      within = up;
    within = mlirOperationGetParentOperation(within);
  }
  ir_walk(within, look, &s);
  LOOM_TRY(s.status);
  if (s.a_sub_k && s.b_sub_k && s.a_sub_k != s.b_sub_k)
    BAD(ir, p, LOOM_EINPUT, "A is loaded in parts of %" PRId64 " columns and B in parts of %" PRId64 " rows; both must be the same", s.a_sub_k, s.b_sub_k);
  return LOOM_OK;
}

/* Slots of waits are counted in parts of SS (M, N: or of a whole tile; rows of A may come in smaller parts, which are then pushed one by one). */
static loom_status check_parts(ir_ctx *ir, npt_product *p) {
  const struct { const char *name; int64_t size, part; bool is_ok; } dims[] = {
      {"M", p->m, p->sub_m, p->m % p->push == 0 && (p->sub_m == p->m || p->sub_m <= p->ss)},
      {"N", p->n, p->sub_n, p->sub_n == p->n || p->sub_n == p->ss},
      {"K", p->k, p->sub_k, p->sub_k == p->k || p->sub_k % p->ss == 0}};
  for (int i = 0; i < 3; i++)
    if (!dims[i].is_ok)
      BAD(ir, p, LOOM_EUNSUP, "%s of linalg.matmul is %" PRId64 ", loaded in parts of %" PRId64 "; parts must be the whole or %s %" PRId64, dims[i].name, dims[i].size, dims[i].part,
          i == 0 ? "divide it and be at most" : i == 1 ? "exactly" : "a multiple of", p->ss);
  return LOOM_OK;
}

/* Each wait is for one part: parts are of whole blocks, and pixels come one by one or all at once. */
static loom_status check_cuts(ir_ctx *ir, npt_product *p) {
  for (int i = 0; i < 3; i++) {
    const npt_operand *o = &p->from[i];
    int rows = i == NPT_B ? (int)p->ss : (int)p->push;
    for (int d = 0; o->is_cut && d < o->rank; d++) {
      int64_t block = d == o->rank - 1 ? p->ss : d == o->rank - 2 ? rows : 1;
      bool is_pixel = d < o->rank - 2;
      if (o->part[d] != o->shape[d] && (is_pixel ? o->part[d] != 1 : o->part[d] % block != 0))
        BAD(ir, p, LOOM_EUNSUP, "%c of linalg.matmul is loaded in parts of %" PRId64 " along dim %d; a part must be all of its %" PRId64 " or %s %" PRId64, "ABC"[i], o->part[d], d, o->shape[d],
            is_pixel ? "exactly" : "a multiple of", block);
    }
  }
  return LOOM_OK;
}

static bool is_inside(MlirValue v, MlirOperation op) {
  for (MlirOperation at = ir_def(v); !mlirOperationIsNull(at); at = mlirOperationGetParentOperation(at))
    if (mlirOperationEqual(at, op))
      return true;
  return false;
}

static loom_status check_conv(ir_ctx *ir, npt_product *p) {
  int64_t end;
  if (!npt_loop_end(p->inner.at[NPT_K_W], &end) || !npt_loop_end(p->inner.at[NPT_O_W], &end))
    BAD(ir, p, LOOM_EUNSUP, "the loops of a convolution (k_h, k_w, o_h, o_w around linalg.matmul) must have constant ends");
  for (int i = NPT_K_H; i < NPT_O_W; i++)
    if (!mlirOperationEqual(mlirOperationGetParentOperation(p->inner.at[i + 1]), p->inner.at[i]))
      BAD(ir, p, LOOM_EUNSUP, "the loops of a convolution (k_h, k_w, o_h, o_w around linalg.matmul) must be directly in each other");
  if (is_inside(p->memory[NPT_B], p->inner.at[NPT_O_H]))
    BAD(ir, p, LOOM_EUNSUP, "the weights of a convolution are made inside its loops over pixels; they are pushed once for all pixels, so make them before");
  if (p->is_overwriting)
    BAD(ir, p, LOOM_EUNSUP, "npu.overwrite is of products; a convolution adds up over k_h and k_w");
  return LOOM_OK;
}

loom_status npt_read_product(ir_ctx *ir, MlirOperation op, const npt_vcix_options *o, npt_product *p, bool *out_is_ours) {
  *out_is_ours = false;
  *p = (npt_product){.op = op, .ss = o->lanes};
  if (ir_num_operands(op) != 3 || mlirOperationGetNumResults(op) != 0)
    return LOOM_OK;
  for (int i = 0; i < 3; i++)
    p->memory[i] = ir_operand(op, i);
  bool is_forced = o->force || !mlirAttributeIsNull(ir_attr_of(op, "npu.matmul"));
  find_loops(p);
  if (!is_forced && (p->accumulation.n == 0 || p->outer.n < 2))
    return LOOM_OK;
  LOOM_TRY(check_meaning(ir, p));
  LOOM_TRY(read_shapes(ir, p));
  LOOM_TRY(read_types(ir, p));
  p->sub_m = p->m, p->sub_n = p->n, p->sub_k = p->k;
  LOOM_TRY(find_operands(ir, p, is_forced));
  for (int i = 0; i < 2; i++)
    if (!is_forced && !p->from[i].is_loaded && !p->from[i].is_stored)
      return LOOM_OK;
  p->is_conv = p->inner.n == NPT_CONV_LOOPS;
  p->is_overwriting = togsim_flag(op, "npu.overwrite");
  p->vector = o->vlen_bits / p->bits;
  p->push = p->sub_m < p->ss ? p->sub_m : p->ss;
  p->needs_mask = !is_forced && p->k < p->ss && (!p->from[NPT_A].is_loaded || p->from[NPT_A].is_stored);
  if (p->needs_mask && p->ss > INT64_C(1) << p->bits)
    BAD(ir, p, LOOM_EUNSUP, "A has %" PRId64 " columns of %d bits for %" PRId64 " lanes; the numbers of the lanes to mask do not fit %d bits", p->k, p->bits, p->ss, p->bits);
  LOOM_TRY(check_parts(ir, p));
  LOOM_TRY(check_cuts(ir, p));
  if (p->is_conv)
    LOOM_TRY(check_conv(ir, p));
  *out_is_ours = true;
  return LOOM_OK;
}
