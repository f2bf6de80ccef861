/* Expectations: on tensors each becomes a call with its number and what it compares; here is what is called. */
#include "program/program_private.h"
#include <math.h>
#include <string.h>

typedef enum expectation { EXPECT_TRUE, EXPECT_FALSE, EXPECT_ALL_TRUE, EXPECT_EQ, EXPECT_ALMOST_EQ, ASSERT } expectation;
static const struct { const char *op; expectation kind; bool has_constant; } rows[] = {
    {"check.expect_true", EXPECT_TRUE, false},           {"check.expect_false", EXPECT_FALSE, false},
    {"check.expect_all_true", EXPECT_ALL_TRUE, false},   {"check.expect_eq", EXPECT_EQ, false},
    {"check.expect_eq_const", EXPECT_EQ, true},          {"check.expect_almost_eq", EXPECT_ALMOST_EQ, false},
    {"check.expect_almost_eq_const", EXPECT_ALMOST_EQ, true}, {"cf.assert", ASSERT, false}};
static const double ATOL_DEFAULT = 1e-4;

/* ---- what is called ---- */

static const char *indices_text(arena *mem, const int64_t *sizes, int rank, int64_t at) {
  text t = text_new(mem);
  int64_t index[RUN_RANK_MAX];
  for (int d = rank - 1; d >= 0; d--) {
    index[d] = at % sizes[d];
    at /= sizes[d];
  }
  text_add(&t, "[");
  for (int d = 0; d < rank; d++)
    text_addf(&t, d ? ", %" PRId64 : "%" PRId64, index[d]);
  text_add(&t, "]");
  return text_str(&t);
}

static void settle(program_check *c, const char *failure) {
  c->passed += !failure;
  c->failed += failure != NULL;
  if (failure && !c->failure)
    c->failure = failure;
}

static void expect_flag(int64_t id, int64_t value) {
  program *p = program_running;
  program_check *c = &p->checks.at[id];
  bool wants = text_eq(c->op, "check.expect_true");
  settle(c, (value != 0) == wants ? NULL : arena_printf(&p->ctx->mem, "%" PRId64 " is%s zero", value, wants ? "" : " not"));
}

static void assertion(int64_t id, int64_t holds) {
  program *p = program_running;
  program_check *c = &p->checks.at[id];
  if (holds) {
    c->passed++;
    return;
  }
  diag_error(p->ctx, c->span, LOOM_EINPUT, "the assertion does not hold: %s", c->failure ? c->failure : "");
  c->failed++;
  program_stop(LOOM_EINPUT);
}

/* lhs == rhs || both NaN || (rhs is finite and |lhs - rhs| <= atol + rtol * |rhs|) */
static bool is_near(double got, double want, double atol, double rtol) {
  return got == want || (isnan(got) && isnan(want)) || (isfinite(want) && fabs(got - want) <= atol + rtol * fabs(want));
}

/* Bits of less than a byte are the low ones of theirs. */
static bool is_same(const run_element *e, const unsigned char *got, const unsigned char *want) {
  if (e->bits < 8)
    return ((*got ^ *want) & ((1 << e->bits) - 1)) == 0;
  return memcmp(got, want, run_element_bytes(e)) == 0;
}

static const char *compare(program *p, const program_check *c, int rank, const int64_t *sizes, int64_t elems, const unsigned char *got, const unsigned char *want) {
  arena *mem = &p->ctx->mem;
  const run_element *e = &c->type;
  size_t width = run_element_bytes(e);
  bool all_true = text_eq(c->op, "check.expect_all_true");
  int64_t wrong = 0, first = -1;
  for (int64_t i = 0; i < elems; i++) {
    const unsigned char *a = got + (size_t)i * width, *b = want + (size_t)i * width;
    bool ok = all_true ? run_element_load(e, a) != 0 : c->is_exact ? is_same(e, a, b) : is_near(run_element_load(e, a), run_element_load(e, b), c->atol, c->rtol);
    wrong += !ok;
    if (!ok && first < 0)
      first = i;
  }
  if (!wrong)
    return NULL;
  size_t at = (size_t)first * width;
  const char *where = indices_text(mem, sizes, rank, first), *is = run_element_text(mem, e, got + at, true);
  if (all_true)
    return arena_printf(mem, "%" PRId64 " of %" PRId64 " elements are zero, the first at %s", wrong, elems, where);
  const char *should = run_element_text(mem, e, want + at, true);
  if (c->is_exact && e->is_float && text_eq(is, should))   /* zeros of two signs, NaNs of two patterns */
    return arena_printf(mem, "%" PRId64 " of %" PRId64 " elements have other bits, the first at %s: both print as %s", wrong, elems, where, is);
  const char *bound = c->is_exact ? "" : arena_printf(mem, " (atol %g, rtol %g)", c->atol, c->rtol);
  return arena_printf(mem, "%" PRId64 " of %" PRId64 " elements differ, the first at %s: %s, expected %s%s", wrong, elems, where, is, should, bound);
}

static void expect_tensors(int64_t id, const program_unranked *got, const program_unranked *want) {
  program *p = program_running;
  program_check *c = &p->checks.at[id];
  int rank = (int)got->rank;
  int64_t elems = 1;
  bool fits = rank == want->rank && rank <= RUN_RANK_MAX;
  for (int d = 0; fits && d < rank; d++) {
    fits = got->memref->sizes[d] == want->memref->sizes[d];
    elems *= got->memref->sizes[d];
  }
  if (!fits) {
    settle(c, "the shapes differ");
    return;
  }
  arena_mark mark = arena_save(&p->ctx->scratch);
  size_t bytes = (size_t)elems * run_element_bytes(&c->type);
  unsigned char *a = arena_alloc(&p->ctx->scratch, bytes + 8), *b = arena_alloc(&p->ctx->scratch, bytes + 8);
  program_gather(got->memref, rank, run_element_bytes(&c->type), a);
  program_gather(want->memref, rank, run_element_bytes(&c->type), b);
  settle(c, compare(p, c, rank, got->memref->sizes, elems, a, b));
  arena_release(&p->ctx->scratch, mark);
}

/* ---- calls of it ---- */

typedef struct lowering { ir_ctx *ir; MlirModule m; program_check_list *checks; program_grants *grants; text declarations; VEC_OF(const char *) declared; } lowering;
typedef struct found { arena *mem; VEC_OF(MlirOperation) ops; } found;

static int row_of(MlirOperation op) {
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (ir_op_is(op, rows[i].op))
      return (int)i;
  return -1;
}

static bool collect(MlirOperation op, void *data) {
  found *f = data;
  if (row_of(op) >= 0)
    vec_push(f->mem, &f->ops, op);
  return true;
}

static bool is_new(lowering *l, const char *name) {
  for (size_t i = 0; i < l->declared.n; i++)
    if (text_eq(l->declared.at[i], name))
      return false;
  vec_push(&l->ir->ctx->mem, &l->declared, name);
  return true;
}

static double float_attr(MlirOperation op, const char *name, double otherwise) {
  MlirAttribute a = ir_attr_of(op, name);
  return !mlirAttributeIsNull(a) && mlirAttributeIsAFloat(a) ? mlirFloatAttrGetValueDouble(a) : otherwise;
}

static loom_status call(lowering *l, ir_builder *at, const char *name, intptr_t n, const MlirValue *operands) {
  ir_named callee = {"callee", ir_symbol_attr(l->ir, name)};
  return mlirOperationIsNull(ir_build(at, "func.call", 0, NULL, n, operands, 1, &callee, 0, NULL)) ? LOOM_EBUG : LOOM_OK;
}

static loom_status lower_flag(lowering *l, MlirOperation op, ir_builder *at, MlirValue id, bool asserts) {
  arena *mem = &l->ir->ctx->mem;
  const char *name = asserts ? "loom_assert" : "loom_expect_flag";
  MlirValue v = ir_operand(op, 0);
  MlirType i64 = ir_type(l->ir, "i64");
  uint64_t width = mlirIntegerTypeGetWidth(mlirValueGetType(v));
  if (width < 64)
    v = ir_build1(at, "arith.extui", i64, 1, &v, 0, NULL);
  else if (width > 64)
    LOOM_FAIL(l->ir->ctx, ir_span(l->ir, op), LOOM_EUNSUP, "%s of more than 64 bits is not supported", ir_op_name(op));
  if (is_new(l, name)) {
    text_addf(&l->declarations, "func.func private @%s(index, i64)\n", name);
    program_grant(mem, l->grants, name, asserts ? (void (*)(void))assertion : (void (*)(void))expect_flag);
  }
  return call(l, at, name, 2, (MlirValue[]){id, v});
}

static loom_status lower_tensors(lowering *l, MlirOperation op, ir_builder *at, MlirValue id, int row, program_check *c) {
  ir_ctx *ir = l->ir;
  arena *mem = &ir->ctx->mem;
  MlirValue v[2] = {ir_operand(op, 0), ir_operand(op, 0)};
  MlirType type = mlirValueGetType(v[0]), element = mlirShapedTypeGetElementType(type);
  const char *spelled = ir_print_type(mem, element);
  if (!run_element_parse(mem, spelled, &c->type))
    LOOM_FAIL(ir->ctx, ir_span(ir, op), LOOM_EUNSUP, "%s of elements %s is not supported", ir_op_name(op), spelled);
  if (rows[row].has_constant) {
    ir_named value = {"value", ir_attr_of(op, "value")};
    MlirType of = mlirAttributeGetType(value.attr);
    if (!mlirTypeIsARankedTensor(of) || !mlirTypeEqual(mlirShapedTypeGetElementType(of), element))
      LOOM_FAIL(ir->ctx, ir_span(ir, op), LOOM_EINPUT, "the constant is of type %s; the value is %s", ir_print_type(mem, of), ir_print_type(mem, type));
    v[1] = ir_build1(at, "arith.constant", of, 0, NULL, 1, &value);
  } else if (ir_num_operands(op) > 1) {
    v[1] = ir_operand(op, 1);
  }
  MlirType unranked = ir_type(ir, arena_printf(mem, "tensor<*x%s>", spelled));
  for (int i = 0; i < 2; i++)
    v[i] = ir_build1(at, "tensor.cast", unranked, 1, &v[i], 0, NULL);
  const char *name = arena_printf(mem, "loom_expect_%s", spelled);
  if (is_new(l, name)) {
    text_addf(&l->declarations, "func.func private @%s(index, tensor<*x%s> {bufferization.access = \"read\"}, tensor<*x%s> {bufferization.access = \"read\"}) attributes {llvm.emit_c_interface, loom.runtime}\n",
              name, spelled, spelled);
    program_grant(mem, l->grants, arena_printf(mem, "_mlir_ciface_%s", name), (void (*)(void))expect_tensors);
  }
  return call(l, at, name, 3, (MlirValue[]){id, v[0], v[1]});
}

static loom_status lower_one(lowering *l, MlirOperation op) {
  ir_ctx *ir = l->ir;
  int row = row_of(op);
  expectation kind = rows[row].kind;
  program_check c = {.op = rows[row].op, .span = ir_span(ir, op), .is_exact = kind == EXPECT_EQ, .atol = float_attr(op, "atol", ATOL_DEFAULT), .rtol = float_attr(op, "rtol", 0)};
  ir_builder at = ir_before(ir, op);
  MlirValue id = ir_index_const(&at, (int64_t)l->checks->n);
  if (kind == ASSERT)
    c.failure = ir_attr_string(&ir->ctx->mem, ir_attr_of(op, "msg"));
  if (kind == EXPECT_TRUE || kind == EXPECT_FALSE || kind == ASSERT)
    LOOM_TRY(lower_flag(l, op, &at, id, kind == ASSERT));
  else
    LOOM_TRY(lower_tensors(l, op, &at, id, row, &c));
  vec_push(&ir->ctx->mem, l->checks, c);
  ir_erase(op);
  return LOOM_OK;
}

loom_status program_lower_checks(ir_ctx *ir, MlirModule m, program_check_list *checks, program_grants *grants) {
  found f = {.mem = &ir->ctx->mem};
  lowering l = {.ir = ir, .m = m, .checks = checks, .grants = grants, .declarations = text_new(&ir->ctx->mem)};
  ir_walk(mlirModuleGetOperation(m), collect, &f);
  for (size_t i = 0; i < f.ops.n; i++)
    LOOM_TRY(lower_one(&l, f.ops.at[i]));
  return f.ops.n ? ir_add_functions(ir, m, "expectations", text_str(&l.declarations)) : LOOM_OK;
}
