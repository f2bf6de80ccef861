/* The operations of dialect util: constants, barriers, bits read as another type.  What hides them from folding ends here. */
#include "pass/pass_template.h"

static loom_status become(MlirOperation op, MlirValue v) {
  if (mlirValueIsNull(v))
    return LOOM_EBUG;
  ir_replace_uses(ir_result(op, 0), v);
  ir_erase(op);
  return LOOM_OK;
}

static loom_status lower_constant(ir_ctx *ir, MlirOperation op) {
  ir_named value = {"value", ir_attr_of(op, "value")};
  MlirType want = mlirValueGetType(ir_result(op, 0)), type = mlirAttributeGetType(value.attr);
  bool casts = ir_op_is(op, "util.dynamic_constant");
  if (mlirTypeIsANone(type) || (!casts && !mlirTypeEqual(type, want)))
    LOOM_FAIL(ir->ctx, ir_span(ir, op), LOOM_EINPUT, "the constant is of type %s; the result is %s", ir_print_type(&ir->ctx->mem, type), ir_print_type(&ir->ctx->mem, want));
  ir_builder at = ir_before(ir, op);
  MlirValue v = ir_build1(&at, "arith.constant", type, 0, NULL, 1, &value);
  if (casts)
    v = ir_build1(&at, "tensor.cast", want, 1, &v, 0, NULL);
  return become(op, v);
}

static loom_status lower_barrier(ir_ctx *ir, MlirOperation op) {
  MlirValue v = ir_operand(op, 0);
  if (!mlirTypeEqual(mlirValueGetType(v), mlirValueGetType(ir_result(op, 0))))
    LOOM_FAIL(ir->ctx, ir_span(ir, op), LOOM_EINPUT, "a barrier gives back what it takes: a value of the same type");
  return become(op, v);
}

/* ---- bits ---- */
typedef struct bit_view { MlirType type, element; const char *text, *element_text; int rank, bits; int64_t elems; } bit_view;

static bool view_bits(ir_ctx *ir, MlirValue v, bit_view *out) {
  arena *m = &ir->ctx->mem;
  *out = (bit_view){.type = mlirValueGetType(v), .elems = 1};
  if (!mlirTypeIsARankedTensor(out->type) || !mlirShapedTypeHasStaticShape(out->type))
    return false;
  out->element = mlirShapedTypeGetElementType(out->type);
  out->rank = (int)mlirShapedTypeGetRank(out->type);
  out->text = ir_print_type(m, out->type);
  out->element_text = ir_print_type(m, out->element);
  out->bits = mlirTypeIsAFloat(out->element) ? (int)mlirFloatTypeGetWidth(out->element) : mlirTypeIsAInteger(out->element) ? (int)mlirIntegerTypeGetWidth(out->element) : 0;
  for (int d = 0; d < out->rank; d++)
    out->elems *= mlirShapedTypeGetDimSize(out->type, d);
  return out->bits > 0;
}

/* %<to> = element %<linear> of %x, as an integer of its width. */
static void add_read(text *t, const bit_view *x, const char *linear, const char *to) {
  text where = text_new(t->mem);
  int64_t stride = x->elems;
  for (int d = 0; d < x->rank; d++) {
    int64_t size = mlirShapedTypeGetDimSize(x->type, d);
    stride /= size ? size : 1;
    text_addf(t, "    %%%s_t%d = arith.constant %" PRId64 " : index\n    %%%s_n%d = arith.constant %" PRId64 " : index\n", to, d, stride, to, d, size);
    text_addf(t, "    %%%s_q%d = arith.divui %%%s, %%%s_t%d : index\n    %%%s_i%d = arith.remui %%%s_q%d, %%%s_n%d : index\n", to, d, linear, to, d, to, d, to, d, to, d);
    text_addf(&where, "%s%%%s_i%d", d ? ", " : "", to, d);
  }
  text_addf(t, "    %%%s_e = tensor.extract %%x[%s] : %s\n    %%%s = arith.bitcast %%%s_e : %s to i%d\n", to, text_str(&where), x->text, to, to, x->element_text, x->bits);
}

static void add_linear_index(text *t, const bit_view *y) {
  int64_t stride = y->elems;
  text_add(t, "    %l = arith.constant 0 : index\n");
  const char *sum = "%l";
  for (int d = 0; d < y->rank; d++) {
    int64_t size = mlirShapedTypeGetDimSize(y->type, d);
    stride /= size ? size : 1;
    text_addf(t, "    %%i%d = linalg.index %d : index\n    %%st%d = arith.constant %" PRId64 " : index\n    %%p%d = arith.muli %%i%d, %%st%d : index\n    %%s%d = arith.addi %s, %%p%d : index\n", d,
              d, d, stride, d, d, d, d, sum, d);
    sum = arena_printf(t->mem, "%%s%d", d);
  }
  text_addf(t, "    %%zero = arith.constant 0 : index\n    %%linear = arith.addi %s, %%zero : index\n", sum);
}

/* One element of y is a part of one of x. */
static void add_part(text *t, const bit_view *x, const bit_view *y) {
  text_addf(t, "    %%ratio = arith.constant %d : index\n    %%bits = arith.constant %d : index\n    %%at = arith.divui %%linear, %%ratio : index\n", x->bits / y->bits, y->bits);
  add_read(t, x, "at", "v");
  text_addf(t, "    %%part = arith.remui %%linear, %%ratio : index\n    %%by = arith.muli %%part, %%bits : index\n    %%shift = arith.index_cast %%by : index to i%d\n", x->bits);
  text_addf(t, "    %%w = arith.shrui %%v, %%shift : i%d\n    %%r = arith.trunci %%w : i%d to i%d\n", x->bits, x->bits, y->bits);
}

/* One element of y is several of x. */
static void add_join(text *t, const bit_view *x, const bit_view *y) {
  int ratio = y->bits / x->bits;
  text_addf(t, "    %%ratio = arith.constant %d : index\n    %%base = arith.muli %%linear, %%ratio : index\n    %%o0 = arith.constant 0 : i%d\n", ratio, y->bits);
  for (int k = 0; k < ratio; k++) {
    text_addf(t, "    %%k%d = arith.constant %d : index\n    %%at%d = arith.addi %%base, %%k%d : index\n", k, k, k, k);
    add_read(t, x, arena_printf(t->mem, "at%d", k), arena_printf(t->mem, "v%d", k));
    text_addf(t, "    %%x%d = arith.extui %%v%d : i%d to i%d\n    %%b%d = arith.constant %" PRId64 " : i%d\n    %%h%d = arith.shli %%x%d, %%b%d : i%d\n    %%o%d = arith.ori %%o%d, %%h%d : i%d\n", k, k,
              x->bits, y->bits, k, (int64_t)k * x->bits, y->bits, k, k, k, y->bits, k + 1, k, k, y->bits);
  }
  text_addf(t, "    %%none = arith.constant 0 : i%d\n    %%r = arith.ori %%o%d, %%none : i%d\n", y->bits, ratio, y->bits);
}

static const char *bitcast_function(arena *m, const bit_view *x, const bit_view *y) {
  text t = text_new(m);
  text_addf(&t, "(%%x: %s) -> %s {\n  %%init = tensor.empty() : %s\n  %%y = linalg.generic {indexing_maps = [", x->text, y->text, y->text);
  pass_add_map(&t, y->rank, -1);
  text_add(&t, "], iterator_types = ");
  pass_add_iterators(&t, y->rank, -1);
  text_addf(&t, "} outs(%%init : %s) {\n  ^bb0(%%o: %s):\n", y->text, y->element_text);
  add_linear_index(&t, y);
  if (x->bits > y->bits)
    add_part(&t, x, y);
  else if (x->bits < y->bits)
    add_join(&t, x, y);
  else
    add_read(&t, x, "linear", "r");
  text_addf(&t, "    %%f = arith.bitcast %%r : i%d to %s\n    linalg.yield %%f : %s\n  } -> %s\n  return %%y : %s\n}", y->bits, y->element_text, y->element_text, y->text, y->text);
  return text_str(&t);
}

static loom_status lower_bitcast(pass_template *t, MlirOperation op) {
  ir_ctx *ir = t->ir;
  bit_view x, y;
  bool are_known = view_bits(ir, ir_operand(op, 0), &x) && view_bits(ir, ir_result(op, 0), &y);
  if (!are_known)
    LOOM_FAIL(ir->ctx, ir_span(ir, op), LOOM_EUNSUP, "bits are read as another type between tensors of known sizes only");
  int wide = x.bits > y.bits ? x.bits : y.bits, narrow = x.bits < y.bits ? x.bits : y.bits;
  if (x.elems * x.bits != y.elems * y.bits || wide % narrow)
    LOOM_FAIL(ir->ctx, ir_span(ir, op), LOOM_EINPUT, "%s and %s do not hold the same bits", x.text, y.text);
  return pass_template_apply(t, op, bitcast_function(&ir->ctx->mem, &x, &y));
}

loom_status pass_lower_util(ir_ctx *ir, MlirOperation module, const pass_options *o) {
  (void)o;
  static const struct { const char *name; loom_status (*lower)(ir_ctx *, MlirOperation); } rows[] = {
      {"util.unfoldable_constant", lower_constant}, {"util.dynamic_constant", lower_constant}, {"util.optimization_barrier", lower_barrier}};
  for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
    pass_ops all = pass_gather(&ir->ctx->mem, module, rows[r].name);
    for (size_t i = 0; i < all.n; i++)
      LOOM_TRY(rows[r].lower(ir, all.at[i]));
  }
  pass_ops all = pass_gather(&ir->ctx->mem, module, "util.bitcast");
  pass_template t = pass_template_new(ir, module, "bitcast");
  for (size_t i = 0; i < all.n; i++)
    LOOM_TRY(lower_bitcast(&t, all.at[i]));
  return LOOM_OK;
}
