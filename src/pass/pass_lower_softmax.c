/* linalg.softmax as four loops: the largest of each row, exponentials below it, their sum, the quotient; in f32 where the elements are narrower. */
#include "pass/pass_template.h"

typedef struct softmax_text { arena *mem; text out; int rank, dim; const char *full, *wide, *rows, *element, *sum; bool is_narrow; } softmax_text;

static const char *generic_head(softmax_text *s, int reduced, int n_full_in, int n_row_in, bool writes_rows) {
  text t = text_new(s->mem);
  text_add(&t, "linalg.generic {indexing_maps = [");
  for (int i = 0; i < n_full_in + n_row_in; i++) {
    pass_add_map(&t, s->rank, i < n_full_in ? -1 : s->dim);
    text_add(&t, ", ");
  }
  pass_add_map(&t, s->rank, writes_rows ? s->dim : -1);
  text_add(&t, "], iterator_types = ");
  pass_add_iterators(&t, s->rank, reduced);
  text_add(&t, "}");
  return text_str(&t);
}

/* tensor.empty of a type whose sizes are those of %x, without dim `but`. */
static void add_empty(softmax_text *s, const char *name, const char *type, MlirType full, int but) {
  text_addf(&s->out, "  %s = tensor.empty(", name);
  const char *comma = "";
  for (int d = 0; d < s->rank; d++)
    if (d != but && mlirShapedTypeIsDynamicDim(full, d)) {
      text_addf(&s->out, "%s%%n%d", comma, d);
      comma = ", ";
    }
  text_addf(&s->out, ") : %s\n", type);
}

static const char *shape_of(arena *mem, MlirType t, int but) {
  text s = text_new(mem);
  for (intptr_t d = 0; d < mlirShapedTypeGetRank(t); d++)
    if (d != but && mlirShapedTypeIsDynamicDim(t, d))
      text_add(&s, "?x");
    else if (d != but)
      text_addf(&s, "%" PRId64 "x", mlirShapedTypeGetDimSize(t, d));
  return text_str(&s);
}

static void add_widened(softmax_text *s) {
  text_add(&s->out, "  ^bb0(%a: ");
  text_addf(&s->out, "%s, ", s->element);
}

static const char *widen(softmax_text *s) {
  return s->is_narrow ? arena_printf(s->mem, "    %%w = arith.extf %%a : %s to %s\n", s->element, s->sum) : "";
}

static const char *softmax_function(arena *mem, MlirType in, MlirType init, MlirType result, int dim) {
  MlirType element = mlirShapedTypeGetElementType(in);
  softmax_text s = {.mem = mem, .out = text_new(mem), .rank = (int)mlirShapedTypeGetRank(in), .dim = dim, .element = ir_print_type(mem, element)};
  s.is_narrow = !mlirTypeIsAF32(element) && !mlirTypeIsAF64(element);
  s.sum = s.is_narrow ? "f32" : s.element;
  s.full = ir_print_type(mem, in);
  s.wide = arena_printf(mem, "tensor<%s%s>", shape_of(mem, in, -1), s.sum);
  s.rows = arena_printf(mem, "tensor<%s%s>", shape_of(mem, in, dim), s.sum);
  const char *x = s.is_narrow ? "%w" : "%a", *out = ir_print_type(mem, init);
  text *t = &s.out;
  text_addf(t, "(%%x: %s, %%init: %s) -> %s {\n", s.full, out, ir_print_type(mem, result));
  for (int d = 0; d < s.rank; d++)
    if (mlirShapedTypeIsDynamicDim(in, d))
      text_addf(t, "  %%c%d = arith.constant %d : index\n  %%n%d = tensor.dim %%x, %%c%d : %s\n", d, d, d, d, s.full);
  text_addf(t, "  %%lowest = arith.constant %s : %s\n  %%zero = arith.constant 0.0 : %s\n", mlirTypeIsAF64(element) ? "0xFFF0000000000000" : "0xFF800000", s.sum, s.sum);
  add_empty(&s, "%e0", s.rows, in, dim);
  add_empty(&s, "%e1", s.wide, in, -1);
  text_addf(t, "  %%m0 = linalg.fill ins(%%lowest : %s) outs(%%e0 : %s) -> %s\n", s.sum, s.rows, s.rows);
  text_addf(t, "  %%m = %s ins(%%x : %s) outs(%%m0 : %s) {\n", generic_head(&s, dim, 1, 0, true), s.full, s.rows);
  add_widened(&s);
  text_addf(t, "%%o: %s):\n%s    %%r = arith.maximumf %s, %%o : %s\n    linalg.yield %%r : %s\n  } -> %s\n", s.sum, widen(&s), x, s.sum, s.sum, s.rows);
  text_addf(t, "  %%p = %s ins(%%x, %%m : %s, %s) outs(%%e1 : %s) {\n", generic_head(&s, -1, 1, 1, false), s.full, s.rows, s.wide);
  add_widened(&s);
  text_addf(t, "%%b: %s, %%o: %s):\n%s    %%d = arith.subf %s, %%b : %s\n    %%r = math.exp %%d : %s\n    linalg.yield %%r : %s\n  } -> %s\n", s.sum, s.sum, widen(&s), x, s.sum,
            s.sum, s.sum, s.wide);
  text_addf(t, "  %%s0 = linalg.fill ins(%%zero : %s) outs(%%e0 : %s) -> %s\n", s.sum, s.rows, s.rows);
  text_addf(t, "  %%s = %s ins(%%p : %s) outs(%%s0 : %s) {\n  ^bb0(%%a: %s, %%o: %s):\n    %%r = arith.addf %%a, %%o : %s\n    linalg.yield %%r : %s\n  } -> %s\n",
            generic_head(&s, dim, 1, 0, true), s.wide, s.rows, s.sum, s.sum, s.sum, s.sum, s.rows);
  text_addf(t, "  %%y = %s ins(%%p, %%s : %s, %s) outs(%%init : %s) {\n  ^bb0(%%a: %s, %%b: %s, %%o: %s):\n    %%q = arith.divf %%a, %%b : %s\n", generic_head(&s, -1, 1, 1, false),
            s.wide, s.rows, out, s.sum, s.sum, s.element, s.sum);
  if (s.is_narrow)
    text_addf(t, "    %%h = arith.truncf %%q : %s to %s\n", s.sum, s.element);
  text_addf(t, "    linalg.yield %s : %s\n  } -> %s\n  return %%y : %s\n}", s.is_narrow ? "%h" : "%q", s.element, out, out);
  return text_str(t);
}

loom_status pass_lower_softmax(ir_ctx *ir, MlirOperation module, const pass_options *o) {
  (void)o;
  pass_ops all = pass_gather(&ir->ctx->mem, module, "linalg.softmax");
  pass_template t = pass_template_new(ir, module, "softmax");
  for (size_t i = 0; i < all.n; i++) {
    MlirOperation op = all.at[i];
    MlirType in = mlirValueGetType(ir_operand(op, 0)), init = mlirValueGetType(ir_operand(op, 1));
    int64_t dim;
    if (!mlirTypeIsARankedTensor(in) || !mlirTypeIsARankedTensor(init) || !ir_attr_int(ir_attr_of(op, "dimension"), &dim))
      LOOM_FAIL(ir->ctx, ir_span(ir, op), LOOM_EUNSUP, "linalg.softmax is read on ranked tensors only");
    LOOM_TRY(pass_template_apply(&t, op, softmax_function(&ir->ctx->mem, in, init, mlirValueGetType(ir_result(op, 0)), (int)dim)));
  }
  return LOOM_OK;
}
