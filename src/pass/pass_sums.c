/* How sums of floats are added up where upstream's loops would go element by element: long ones in parts, and parts of parts, so that the error grows
 * with the logarithm of the length, and products that accumulate in less than f32 row by row, so that neighbours are added side by side. */
#include "pass/pass_template.h"

enum { SUM_LENGTH_MIN = 256, SUM_PART = 64, SUM_RANK_MAX = 8 };

/* A generic that adds its only input up along one dim, in f32 or f64, with all sizes known and its input read in order. */
typedef struct sum_op { MlirOperation op; MlirType in, out; int rank, dim; const char *in_element, *element; bool extends; } sum_op;

static bool is_identity_but(ir_ctx *ir, MlirAttribute map, int rank, int but) {
  text t = text_new(&ir->ctx->mem);
  pass_add_map(&t, rank, but);
  return mlirAttributeEqual(map, ir_attr(ir, text_str(&t)));
}

/* `in + out`, where the input may be extended first. */
static bool adds_up(MlirOperation op, bool *out_extends) {
  MlirBlock body = ir_body(op);
  MlirOperation first = mlirBlockGetFirstOperation(body), add = first;
  MlirValue in = mlirBlockGetArgument(body, 0), out = mlirBlockGetArgument(body, 1);
  *out_extends = ir_op_is(first, "arith.extf") && mlirValueEqual(ir_operand(first, 0), in);
  if (*out_extends) {
    in = ir_result(first, 0);
    add = mlirOperationGetNextInBlock(first);
  }
  MlirOperation yield = mlirBlockGetTerminator(body);
  bool is_last = !mlirOperationIsNull(add) && mlirOperationEqual(mlirOperationGetNextInBlock(add), yield) && mlirValueEqual(ir_operand(yield, 0), ir_result(add, 0));
  if (!is_last || !ir_op_is(add, "arith.addf"))
    return false;
  MlirValue a = ir_operand(add, 0), b = ir_operand(add, 1);
  return (mlirValueEqual(a, in) && mlirValueEqual(b, out)) || (mlirValueEqual(a, out) && mlirValueEqual(b, in));
}

static bool read_sum(ir_ctx *ir, MlirOperation op, sum_op *s) {
  if (linalg_num_inputs(op) != 1 || linalg_num_inits(op) != 1 || !linalg_has_reduction(op))
    return false;
  *s = (sum_op){.op = op, .in = mlirValueGetType(linalg_input(op, 0)), .out = mlirValueGetType(linalg_init(op, 0)), .dim = -1};
  MlirAttribute maps = ir_attr_of(op, "indexing_maps");
  MlirType element = mlirShapedTypeGetElementType(s->out);
  s->rank = mlirTypeIsARankedTensor(s->in) ? (int)mlirShapedTypeGetRank(s->in) : 0;
  if (s->rank < 1 || s->rank > SUM_RANK_MAX || !mlirShapedTypeHasStaticShape(s->in) || mlirShapedTypeGetRank(s->out) != s->rank - 1 || !(mlirTypeIsAF32(element) || mlirTypeIsAF64(element)) ||
      !is_identity_but(ir, mlirArrayAttrGetElement(maps, 0), s->rank, -1))
    return false;
  for (int d = 0; d < s->rank && s->dim < 0; d++)
    if (is_identity_but(ir, mlirArrayAttrGetElement(maps, 1), s->rank, d))
      s->dim = d;
  s->in_element = ir_print_type(&ir->ctx->mem, mlirShapedTypeGetElementType(s->in));
  s->element = ir_print_type(&ir->ctx->mem, element);
  return s->dim >= 0 && mlirShapedTypeGetDimSize(s->in, s->dim) >= SUM_LENGTH_MIN && adds_up(op, &s->extends);
}

/* "tensor<4x8xf32>" with the size of dim `dim` replaced by those given (0: none). */
static const char *with_dim(arena *m, const sum_op *s, const char *element, int64_t first, int64_t second) {
  text t = text_new(m);
  text_add(&t, "tensor<");
  for (int d = 0; d < s->rank; d++) {
    if (d != s->dim)
      text_addf(&t, "%" PRId64 "x", mlirShapedTypeGetDimSize(s->in, d));
    else if (first)
      text_addf(&t, "%" PRId64 "x", first);
    if (d == s->dim && second)
      text_addf(&t, "%" PRId64 "x", second);
  }
  text_addf(&t, "%s>", element);
  return text_str(&t);
}

/* %<to> = the sum of %<from> along `dim` on %<init>. */
static void add_sum(text *t, const sum_op *s, int rank, int dim, const char *to, const char *from, const char *from_type, const char *in_element, const char *init, const char *type) {
  bool extends = !text_eq(in_element, s->element);
  text_addf(t, "  %%%s = linalg.generic {indexing_maps = [", to);
  pass_add_map(t, rank, -1);
  text_add(t, ", ");
  pass_add_map(t, rank, dim);
  text_add(t, "], iterator_types = ");
  pass_add_iterators(t, rank, dim);
  text_addf(t, "} ins(%%%s : %s) outs(%%%s : %s) {\n  ^bb0(%%a: %s, %%o: %s):\n", from, from_type, init, type, in_element, s->element);
  if (extends)
    text_addf(t, "    %%w = arith.extf %%a : %s to %s\n", in_element, s->element);
  text_addf(t, "    %%r = arith.addf %%%s, %%o : %s\n    linalg.yield %%r : %s\n  } -> %s\n", extends ? "w" : "a", s->element, s->element, type);
}

static void add_slice(text *t, const sum_op *s, const char *to, const char *type, int64_t offset, int64_t size, const char *part) {
  text offsets = text_new(t->mem), sizes = text_new(t->mem), strides = text_new(t->mem);
  for (int d = 0; d < s->rank; d++) {
    const char *comma = d ? ", " : "";
    text_addf(&offsets, "%s%" PRId64, comma, d == s->dim ? offset : 0);
    text_addf(&sizes, "%s%" PRId64, comma, d == s->dim ? size : mlirShapedTypeGetDimSize(s->in, d));
    text_addf(&strides, "%s1", comma);
  }
  text_addf(t, "  %%%s = tensor.extract_slice %%x[%s] [%s] [%s] : %s to %s\n", to, text_str(&offsets), text_str(&sizes), text_str(&strides), type, part);
}

static void add_expansion(text *t, const sum_op *s, const char *from, const char *type, int64_t parts, int64_t length, const char *into) {
  text groups = text_new(t->mem), sizes = text_new(t->mem);
  for (int d = 0, at = 0; d < s->rank; d++) {
    const char *comma = d ? ", " : "";
    bool is_split = d == s->dim;
    text_addf(&groups, is_split ? "%s[%d, %d]" : "%s[%d]", comma, at, at + 1);
    at += is_split ? 2 : 1;
    if (is_split)
      text_addf(&sizes, "%s%" PRId64 ", %" PRId64, comma, parts, length);
    else
      text_addf(&sizes, "%s%" PRId64, comma, mlirShapedTypeGetDimSize(s->in, d));
  }
  text_addf(t, "  %%e = tensor.expand_shape %%%s [%s] output_shape [%s] : %s into %s\n", from, text_str(&groups), text_str(&sizes), type, into);
}

/* Parts, then their sum, then the rest. */
static const char *split_function(arena *m, const sum_op *s) {
  const int64_t n = mlirShapedTypeGetDimSize(s->in, s->dim), length = SUM_PART, parts = n / length, rest = n % length;
  const char *in = ir_print_type(m, s->in), *out = ir_print_type(m, s->out), *sums = with_dim(m, s, s->element, parts, 0), *main = with_dim(m, s, s->in_element, parts * length, 0);
  const char *expanded = with_dim(m, s, s->in_element, parts, length), *tail = with_dim(m, s, s->in_element, rest, 0);
  text t = text_new(m);
  text_addf(&t, "(%%x: %s, %%init: %s) -> %s {\n  %%zero = arith.constant 0.0 : %s\n  %%empty = tensor.empty() : %s\n", in, out, out, s->element, sums);
  text_addf(&t, "  %%fill = linalg.fill ins(%%zero : %s) outs(%%empty : %s) -> %s\n", s->element, sums, sums);
  if (rest)
    add_slice(&t, s, "m", in, 0, parts * length, main);
  add_expansion(&t, s, rest ? "m" : "x", main, parts, length, expanded);
  add_sum(&t, s, s->rank + 1, s->dim + 1, "p", "e", expanded, s->in_element, "fill", sums);
  add_sum(&t, s, s->rank, s->dim, "y", "p", sums, s->element, "init", out);
  if (rest) {
    add_slice(&t, s, "tail", in, parts * length, rest, tail);
    add_sum(&t, s, s->rank, s->dim, "z", "tail", tail, s->in_element, "y", out);
  }
  text_addf(&t, "  return %%%s : %s\n}", rest ? "z" : "y", out);
  return text_str(&t);
}

loom_status pass_split_sums(ir_ctx *ir, MlirOperation module, const pass_options *o) {
  (void)o;
  pass_template t = pass_template_new(ir, module, "sum");
  for (int before = -1; before < t.n;) {   /* the sum of the parts may be long itself */
    pass_ops all = pass_gather(&ir->ctx->mem, module, "linalg.generic");
    before = t.n;
    for (size_t i = 0; i < all.n; i++) {
      sum_op s;
      if (read_sum(ir, all.at[i], &s))
        LOOM_TRY(pass_template_apply(&t, all.at[i], split_function(&ir->ctx->mem, &s)));
    }
  }
  return LOOM_OK;
}

/* ---- products ---- */

static bool is_narrow_float(MlirType element) { return mlirTypeIsAFloat(element) && mlirFloatTypeGetWidth(element) < 32; }

/* The operand %v as the type of the sum. */
static const char *widened(text *t, arena *m, const char *v, const char *type, const char *sum) {
  if (text_eq(type, sum))
    return arena_printf(m, "%%%s", v);
  text_addf(t, "    %%%s_w = arith.extf %%%s : %s to %s\n", v, v, type, sum);
  return arena_printf(m, "%%%s_w", v);
}

/* (b,) m, k, n: the columns innermost. */
static const char *product_function(arena *m, const MlirType *types, bool is_batch) {
  const char *t[3], *e[3];
  for (int i = 0; i < 3; i++) {
    t[i] = ir_print_type(m, types[i]);
    e[i] = ir_print_type(m, mlirShapedTypeGetElementType(types[i]));
  }
  const char *d = is_batch ? "b, m, k, n" : "m, k, n", *b = is_batch ? "b, " : "";
  text f = text_new(m);
  text_addf(&f, "(%%x: %s, %%y: %s, %%z: %s) -> %s {\n  %%p = linalg.generic {indexing_maps = [affine_map<(%s) -> (%sm, k)>, affine_map<(%s) -> (%sk, n)>, affine_map<(%s) -> (%sm, n)>], ", t[0], t[1],
            t[2], t[2], d, b, d, b, d, b);
  text_addf(&f, "iterator_types = [%s\"parallel\", \"reduction\", \"parallel\"]} ins(%%x, %%y : %s, %s) outs(%%z : %s) {\n  ^bb0(%%a: %s, %%b: %s, %%c: %s):\n", is_batch ? "\"parallel\", " : "", t[0], t[1],
            t[2], e[0], e[1], e[2]);
  const char *left = widened(&f, m, "a", e[0], e[2]), *right = widened(&f, m, "b", e[1], e[2]);
  text_addf(&f, "    %%m = arith.mulf %s, %s : %s\n    %%s = arith.addf %%c, %%m : %s\n    linalg.yield %%s : %s\n  } -> %s\n  return %%p : %s\n}", left, right, e[2], e[2], e[2], t[2], t[2]);
  return text_str(&f);
}

loom_status pass_order_narrow_products(ir_ctx *ir, MlirOperation module, const pass_options *o) {
  (void)o;
  static const char *const names[] = {"linalg.matmul", "linalg.batch_matmul"};
  pass_template t = pass_template_new(ir, module, "product");
  for (int k = 0; k < 2; k++) {
    pass_ops all = pass_gather(&ir->ctx->mem, module, names[k]);
    for (size_t i = 0; i < all.n; i++) {
      MlirType types[3];
      bool fits = linalg_is_matmul(all.at[i]);
      for (int v = 0; v < 3; v++)
        types[v] = mlirValueGetType(ir_operand(all.at[i], v));
      MlirType sum = mlirShapedTypeGetElementType(types[2]);
      for (int v = 0; v < 2; v++) {
        MlirType e = mlirShapedTypeGetElementType(types[v]);
        fits = fits && mlirTypeIsARankedTensor(types[v]) && (mlirTypeEqual(e, sum) || (mlirTypeIsAFloat(e) && mlirTypeIsAFloat(sum) && mlirFloatTypeGetWidth(e) < mlirFloatTypeGetWidth(sum)));
      }
      if (fits && mlirTypeIsARankedTensor(types[2]) && is_narrow_float(sum))
        LOOM_TRY(pass_template_apply(&t, all.at[i], product_function(&ir->ctx->mem, types, k == 1)));
    }
  }
  return LOOM_OK;
}
