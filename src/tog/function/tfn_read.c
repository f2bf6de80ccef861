#include "tog/function/tfn.h"
#include "base/text.h"

const tfn_operand *tfn_output(const tfn_function *f) { return &f->operand[f->n_operands - 1]; }

typedef struct reading { ir_ctx *ir; loom_ctx *ctx; tfn_function *f; MlirBlock block; const char *cores; } reading;

static loom_status refuse(reading *r, const char *what) {
  LOOM_FAIL(r->ctx, LOOM_NOSPAN, LOOM_EUNSUP, "tile function '%s' %s, which has no form on %s", r->f->name, what, r->cores);
}

static tfn_index index_of(reading *r, MlirValue v) {
  int64_t n;
  if (ir_const_int(v, &n))
    return (tfn_index){-1, n};
  for (intptr_t i = r->f->n_uses; i < mlirBlockGetNumArguments(r->block); i++)
    if (mlirValueEqual(mlirBlockGetArgument(r->block, i), v))
      return (tfn_index){(int)i - r->f->n_uses, 0};
  return (tfn_index){-1, -1};
}

/* Entry i of a static list; dynamic ones are operands of `segment`. */
static tfn_index mixed(reading *r, MlirOperation op, const char *list, int segment, intptr_t i) {
  MlirAttribute at = ir_attr_of(op, list);
  int64_t v = mlirDenseI64ArrayGetElement(at, i);
  if (v != INT64_MIN)
    return (tfn_index){-1, v};
  intptr_t first, count, before = 0;
  for (intptr_t k = 0; k < i; k++)
    before += mlirDenseI64ArrayGetElement(at, k) == INT64_MIN;
  return ir_segment(op, segment, &first, &count) ? index_of(r, ir_operand(op, first + before)) : (tfn_index){-1, -1};
}

/* The part of a buffer argument that `v` is. */
static loom_status read_part(reading *r, MlirValue v, tfn_operand *out) {
  MlirOperation view = ir_def(v);
  while (ir_op_is(view, "memref.cast"))
    view = ir_def(v = ir_operand(view, 0));
  MlirValue base = ir_op_is(view, "memref.subview") ? ir_operand(view, 0) : v;
  *out = (tfn_operand){.use = -1};
  for (int i = 0; i < r->f->n_uses; i++)
    if (mlirValueEqual(mlirBlockGetArgument(r->block, i), base))
      out->use = i;
  if (out->use < 0)
    return refuse(r, "works on a part of a part of a buffer");
  MlirType type = mlirValueGetType(base);
  out->rank = (int)mlirShapedTypeGetRank(type);
  out->dropped = out->rank - (int)mlirShapedTypeGetRank(mlirValueGetType(v));
  for (int d = 0; d < out->rank; d++) {
    out->offset[d] = (tfn_index){-1, 0};
    out->extent[d] = (tfn_index){-1, mlirShapedTypeGetDimSize(type, d)};
    out->iter[d] = -1;
    if (!ir_op_is(view, "memref.subview"))
      continue;
    out->offset[d] = mixed(r, view, "static_offsets", 1, d);
    out->extent[d] = mixed(r, view, "static_sizes", 2, d);
  }
  return LOOM_OK;
}

static loom_status read_maps(reading *r) {
  tfn_function *f = r->f;
  MlirAttribute maps = ir_linalg_maps(f->op);
  if (mlirAttributeIsNull(maps) || mlirArrayAttrGetNumElements(maps) != f->n_operands)
    return refuse(r, arena_printf(&r->ctx->mem, "uses '%s'", ir_op_name(f->op)));
  for (int i = 0; i < f->n_operands; i++) {
    MlirAffineMap map = mlirAffineMapAttrGetValue(mlirArrayAttrGetElement(maps, i));
    f->n_iter = (int)mlirAffineMapGetNumDims(map);
    if (f->n_iter > TFN_ITER_MAX)
      return refuse(r, "has too many loops");
    for (intptr_t d = 0; d < mlirAffineMapGetNumResults(map); d++) {
      MlirAffineExpr x = mlirAffineMapGetResult(map, d);
      tfn_operand *o = &f->operand[i];
      if (mlirAffineExprIsADim(x))
        o->iter[o->dropped + d] = (int)mlirAffineDimExprGetPosition(x);
      else if (!mlirAffineExprIsAConstant(x) || mlirAffineConstantExprGetValue(x) != 0)
        return refuse(r, "reads at sums or multiples of its loops' variables");
    }
  }
  return LOOM_OK;
}

static void find_extents(tfn_function *f) {
  for (int d = 0; d < f->n_iter; d++)
    for (int i = f->n_operands - 1; i >= 0; i--)
      for (int k = 0; k < f->operand[i].rank; k++)
        if (f->operand[i].iter[k] == d)
          f->extent[d] = f->operand[i].extent[k];
  for (int d = 0; d < f->n_iter; d++) {
    f->is_reduction[d] = true;
    for (int k = 0; k < tfn_output(f)->rank; k++)
      f->is_reduction[d] = f->is_reduction[d] && tfn_output(f)->iter[k] != d;
  }
}

/* acc + a * b with both widened: a sum of products. */
static bool is_product(const tfn_function *f) {
  static const char *const names[] = {"linalg.matmul", "linalg.batch_matmul"};
  for (int i = 0; i < 2; i++)
    if (ir_op_is(f->op, names[i]))
      return true;
  return false;
}

/* Over which dim the product sums, and whether in1 is transposed. */
static loom_status read_product(reading *r) {
  tfn_function *f = r->f;
  const tfn_operand *a = &f->operand[0], *b = &f->operand[1];
  f->k_iter = -1;
  for (int d = 0; d < f->n_iter; d++)
    if (f->is_reduction[d])
      f->k_iter = f->k_iter < 0 ? d : f->n_iter;
  if (f->k_iter < 0 || f->k_iter >= f->n_iter || a->rank < 2 || b->rank < 2 || tfn_output(f)->rank < 2 || a->iter[a->rank - 1] != f->k_iter)
    return refuse(r, "is a product of other than rows with columns");
  f->transpose_b = b->iter[b->rank - 1] == f->k_iter;
  return LOOM_OK;
}

static loom_status read_fill(reading *r) {
  MlirOperation value = ir_def(ir_operand(r->f->op, 0));
  MlirAttribute at = ir_op_is(value, "arith.constant") ? ir_attr_of(value, "value") : (MlirAttribute){NULL};
  int64_t n;
  if (mlirAttributeIsNull(at))
    return refuse(r, "fills with what is no constant");
  r->f->fill = mlirAttributeIsAFloat(at) ? mlirFloatAttrGetValueDouble(at) : ir_attr_int(at, &n) ? (double)n : 0;
  r->f->fill_value = at;
  return LOOM_OK;
}

static bool is_view(MlirOperation op) {
  return ir_op_is(op, "arith.constant") || ir_op_is(op, "memref.subview") || ir_op_is(op, "memref.cast") || ir_op_is(op, "func.return");
}

static loom_status read_operands(reading *r) {
  tfn_function *f = r->f;
  bool is_fill = ir_op_is(f->op, "linalg.fill");
  intptr_t n = ir_num_operands(f->op), first = is_fill ? 1 : 0;
  if (n - first > TFN_OPERANDS_MAX)
    return refuse(r, "has too many operands");
  f->n_operands = (int)(n - first);
  for (intptr_t i = first; i < n; i++)
    LOOM_TRY(read_part(r, ir_operand(f->op, i), &f->operand[i - first]));
  if (is_fill || ir_op_is(f->op, "memref.copy")) {         /* every dim of the output is one of the iteration */
    f->n_iter = f->operand[f->n_operands - 1].rank;
    for (int i = 0; i < f->n_operands; i++)
      for (int d = 0; d < f->operand[i].rank; d++)
        f->operand[i].iter[d] = d + f->n_iter - f->operand[i].rank;
  } else {
    LOOM_TRY(read_maps(r));
  }
  find_extents(f);
  f->kind = is_fill ? TFN_FILL : is_product(f) ? TFN_MATMUL : TFN_GENERIC;
  if (f->kind == TFN_FILL)
    return read_fill(r);
  return f->kind == TFN_MATMUL ? read_product(r) : LOOM_OK;
}

MlirValue tfn_yielded(const tfn_function *f) { return ir_operand(mlirBlockGetTerminator(ir_body(f->op)), 0); }

static loom_status read_function(reading *r, MlirOperation func) {
  tfn_function *f = r->f;
  r->block = ir_body(func);
  intptr_t n = mlirBlockGetNumArguments(r->block);
  for (f->n_uses = 0; f->n_uses < n && mlirTypeIsAMemRef(mlirValueGetType(mlirBlockGetArgument(r->block, f->n_uses)));)
    f->n_uses++;
  f->n_args = (int)n - f->n_uses;
  for (MlirOperation op = mlirBlockGetFirstOperation(r->block); !mlirOperationIsNull(op); op = mlirOperationGetNextInBlock(op)) {
    if (is_view(op))
      continue;
    if (!mlirOperationIsNull(f->op)) {
      if (!ir_op_is(f->op, "linalg.fill"))
        return refuse(r, "does several things at once");
      f->overwrites = true;
      /* loom.matmul: zero, then accumulate; the fill is what a fresh product starts from */
    }
    f->op = op;
  }
  if (mlirOperationIsNull(f->op) || !(text_starts(ir_op_name(f->op), "linalg.") || ir_op_is(f->op, "memref.copy")))
    return refuse(r, arena_printf(&r->ctx->mem, "uses '%s'", ir_op_name(f->op)));
  return read_operands(r);
}

loom_status tfn_read(ir_ctx *ir, const tog *t, const char *cores, MlirModule *out_module, tfn_function **out) {
  loom_ctx *ctx = ir->ctx;
  *out_module = mlirModuleCreateEmpty(ir->unknown);
  tfn_function *all = ARENA_NEW_N(&ctx->mem, tfn_function, t->functions.n + 1);
  for (size_t i = 0; i < t->functions.n; i++) {
    all[i] = (tfn_function){.name = t->functions.at[i].name};
    LOOM_TRY(ir_add_functions(ir, *out_module, all[i].name, t->functions.at[i].mlir));
    reading r = {.ir = ir, .ctx = ctx, .f = &all[i], .cores = cores};
    LOOM_TRY(read_function(&r, ir_find_func(*out_module, all[i].name)));
  }
  *out = all;
  return LOOM_OK;
}
