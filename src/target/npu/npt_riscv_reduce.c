/* vector.reduction: a tree of shuffles of the vector with itself leaves the result in every element, so that no lane's number has to go through a scalar register. */
#include "target/npu/npt_riscv_private.h"

/* X(kind, for floats, for integers, neutral): elements behind a vector whose length is no power of two are neutral, or (-1) the first one again, which changes nothing. */
#define KINDS(X)                                  \
  X("add", "arith.addf", "arith.addi", 0)         \
  X("mul", "arith.mulf", "arith.muli", 1)         \
  X("minnumf", "arith.minnumf", NULL, -1)         \
  X("maxnumf", "arith.maxnumf", NULL, -1)         \
  X("minimumf", "arith.minimumf", NULL, -1)       \
  X("maximumf", "arith.maximumf", NULL, -1)       \
  X("minsi", NULL, "arith.minsi", -1)             \
  X("maxsi", NULL, "arith.maxsi", -1)             \
  X("minui", NULL, "arith.minui", -1)             \
  X("maxui", NULL, "arith.maxui", -1)             \
  X("and", NULL, "arith.andi", -1)                \
  X("or", NULL, "arith.ori", -1)                  \
  X("xor", NULL, "arith.xori", 0)
static const struct { const char *kind, *on_floats, *on_ints; int neutral; } kinds[] = {
#define X(kind, f, i, neutral) {kind, f, i, neutral},
    KINDS(X)
#undef X
};
enum { N_KINDS = sizeof kinds / sizeof *kinds, ELEMENTS_MAX = 4096 };

typedef struct tree { ir_ctx *ir; ir_builder at; const char *combine; MlirType element; } tree;

static MlirType vector_of(const tree *t, int64_t n) { return mlirVectorTypeGet(1, &n, t->element); }

static MlirValue combined(tree *t, MlirValue a, MlirValue b) {
  const MlirValue both[] = {a, b};
  return ir_build1(&t->at, t->combine, mlirValueGetType(a), 2, both, 0, NULL);
}

static MlirValue shuffled(tree *t, MlirValue a, MlirValue b, int64_t n, const int64_t *mask) {
  const MlirValue both[] = {a, b};
  return ir_build1(&t->at, "vector.shuffle", vector_of(t, n), 2, both, 1, &(ir_named){"mask", mlirDenseI64ArrayGet(t->ir->mlir, n, mask)});
}

/* The vector with its length made a power of two. */
static MlirValue filled(tree *t, MlirValue v, int64_t n, int64_t size, int neutral) {
  int64_t mask[ELEMENTS_MAX];
  for (int64_t i = 0; i < size; i++)
    mask[i] = i < n ? i : neutral < 0 ? 0 : n;
  MlirAttribute one = mlirTypeIsAFloat(t->element) ? mlirFloatAttrDoubleGet(t->ir->mlir, t->element, neutral) : mlirIntegerAttrGet(t->element, neutral);
  MlirValue other = neutral < 0 ? v : ir_build1(&t->at, "arith.constant", vector_of(t, n), 0, NULL, 1, &(ir_named){"value", mlirDenseElementsAttrSplatGet(vector_of(t, n), one)});
  return shuffled(t, v, other, size, mask);
}

static loom_status lower(ir_ctx *ir, MlirOperation op) {
  MlirValue v = ir_operand(op, 0), start = ir_operand(op, 1);
  MlirType type = mlirValueGetType(v);
  int64_t n = mlirShapedTypeGetRank(type) == 1 ? mlirShapedTypeGetDimSize(type, 0) : 0, size = 1, mask[ELEMENTS_MAX];
  tree t = {.ir = ir, .at = ir_before(ir, op), .element = mlirShapedTypeGetElementType(type)};
  const char *kind = ir_print_attr(&ir->ctx->scratch, ir_attr_of(op, "kind"));
  int k = 0;
  while (k < N_KINDS && !text_eq(kind, arena_printf(&ir->ctx->scratch, "#vector.kind<%s>", kinds[k].kind)))
    k++;
  t.combine = k == N_KINDS ? NULL : mlirTypeIsAFloat(t.element) ? kinds[k].on_floats : kinds[k].on_ints;
  while (size < n)
    size *= 2;
  if (!t.combine || n < 1 || size > ELEMENTS_MAX || mlirVectorTypeIsScalable(type))
    LOOM_FAIL(ir->ctx, ir_span(ir, op), LOOM_EUNSUP, "a reduction %s of %s cannot be done by shuffles; it must be of one dim and at most %d elements", kind, ir_print_type(&ir->ctx->scratch, type), ELEMENTS_MAX);
  if (size != n)
    v = filled(&t, v, n, size, kinds[k].neutral);
  for (int64_t step = size / 2; step > 0; step /= 2) {
    for (int64_t i = 0; i < size; i++)
      mask[i] = (i + step) % size;
    v = combined(&t, v, shuffled(&t, v, v, size, mask));
  }
  if (!mlirValueIsNull(start))
    v = combined(&t, v, ir_build1(&t.at, "vector.broadcast", vector_of(&t, size), 1, &start, 0, NULL));
  const int64_t first = 0;
  v = ir_build1(&t.at, "vector.extract", t.element, 1, &v, 1, &(ir_named){"static_position", mlirDenseI64ArrayGet(ir->mlir, 1, &first)});
  if (mlirValueIsNull(v))
    return LOOM_EBUG;
  ir_replace_uses(ir_result(op, 0), v);
  return ir_erase(op) ? LOOM_OK : LOOM_EBUG;
}

typedef struct found { arena *mem; npt_op_list ops; } found;

static bool collect(MlirOperation op, void *data) {
  found *f = data;
  if (ir_op_is(op, "vector.reduction"))
    vec_push(f->mem, &f->ops, op);
  return true;
}

loom_status npt_riscv_lower_reductions(ir_ctx *ir, MlirModule m) {
  found f = {.mem = &ir->ctx->mem};
  ir_walk(mlirModuleGetOperation(m), collect, &f);
  for (size_t i = 0; i < f.ops.n; i++)
    LOOM_TRY(lower(ir, f.ops.at[i]));
  return LOOM_OK;
}
