/* Kernels as triton-shared writes them compute indices in i32.  This makes index values and affine expressions of them:
 *   1. every integer that an index, a loop or a program id is computed from becomes an `index` (i32 sums are taken not to wrap);
 *   2. offsets, sizes and strides become one affine.apply each, clamped sizes an affine.min, loads and stores of numbers affine ones.
 * docs: loom-dataflow's stage "affinization". */
#include "pass/affine_form.h"
#include "pass/value_set.h"

typedef struct affinizer { ir_ctx *ir; MlirOperation func; value_set world; loom_status status; } affinizer;

/* ---- 1. the integers that become indices ---- */
static bool is_word(MlirType t) { return mlirTypeIsAInteger(t) && (mlirIntegerTypeGetWidth(t) == 32 || mlirIntegerTypeGetWidth(t) == 64); }
static bool is_index(MlirValue v) { return mlirTypeIsAIndex(mlirValueGetType(v)); }

static bool is_cast(MlirOperation op) {
  static const char *const names[] = {"arith.index_cast", "arith.index_castui", "arith.extsi", "arith.extui", "arith.trunci"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (ir_op_is(op, names[i]))
      return true;
  return false;
}

/* Arithmetic that means the same on index. */
static bool is_arithmetic(MlirOperation op) {
  static const char *const names[] = {"arith.constant", "arith.addi",  "arith.subi",  "arith.muli",  "arith.divsi",      "arith.divui",    "arith.remsi",    "arith.remui",
                                      "arith.minsi",    "arith.minui", "arith.maxsi", "arith.maxui", "arith.ceildivsi", "arith.ceildivui", "arith.floordivsi"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (ir_op_is(op, names[i]))
      return true;
  return false;
}

static void take(affinizer *a, MlirValue v) {
  if (!mlirValueIsNull(v) && is_word(mlirValueGetType(v)))
    value_set_add(&a->ir->ctx->mem, &a->world, v);
}

static bool find_seeds(MlirOperation op, void *data) {
  affinizer *a = data;
  if (ir_op_is(op, "arith.index_cast") || ir_op_is(op, "arith.index_castui")) {
    take(a, ir_operand(op, 0));
    take(a, ir_result(op, 0));
  }
  if (ir_op_is(op, "scf.for"))
    take(a, mlirBlockGetArgument(ir_body(op), 0));
  return true;
}

/* What a loop carries in place i is one value: what it starts with, its argument, what is yielded and the result. */
static void take_carried(affinizer *a, MlirOperation loop, intptr_t i) {
  take(a, ir_operand(loop, 3 + i));
  take(a, mlirBlockGetArgument(ir_body(loop), 1 + i));
  take(a, ir_operand(mlirBlockGetTerminator(ir_body(loop)), i));
  take(a, ir_result(loop, i));
}

static void take_sources(affinizer *a, MlirValue v) {
  MlirOperation op = ir_def(v);
  if (mlirOperationIsNull(op)) {
    MlirOperation loop = mlirBlockGetParentOperation(mlirBlockArgumentGetOwner(v));
    intptr_t i = mlirBlockArgumentGetArgNumber(v);
    if (!ir_op_is(loop, "scf.for"))
      return;
    if (i > 0)
      take_carried(a, loop, i - 1);
    for (intptr_t k = 0; i == 0 && k < 3; k++)
      take(a, ir_operand(loop, k));
    return;
  }
  if (ir_op_is(op, "scf.for"))
    take_carried(a, op, mlirOpResultGetResultNumber(v));
  if (is_arithmetic(op) || is_cast(op))
    for (intptr_t i = 0; i < ir_num_operands(op); i++)
      take(a, ir_operand(op, i));
}

/* Values that become indices where they are; the others of the world are cast behind their op. */
static bool changes_in_place(MlirValue v) {
  MlirOperation op = ir_def(v);
  if (!mlirOperationIsNull(op))
    return is_arithmetic(op) || is_cast(op) || ir_op_is(op, "scf.for");
  MlirOperation parent = mlirBlockGetParentOperation(mlirBlockArgumentGetOwner(v));
  return ir_op_is(parent, "scf.for") || ir_op_is(parent, "func.func");
}

static bool takes_indices(const affinizer *a, MlirOperation user, intptr_t operand) {
  if (ir_op_is(user, "scf.for"))
    return operand >= 3 || value_set_has(&a->world, mlirBlockGetArgument(ir_body(user), 0));
  if (ir_op_is(user, "scf.yield"))
    return ir_op_is(mlirOperationGetParentOperation(user), "scf.for");
  if (ir_op_is(user, "arith.cmpi"))
    return value_set_has(&a->world, ir_operand(user, 0)) && value_set_has(&a->world, ir_operand(user, 1));
  if (is_arithmetic(user) || is_cast(user))
    return value_set_has(&a->world, ir_result(user, 0)) || (is_cast(user) && is_index(ir_result(user, 0)));
  return false;
}

typedef struct use { MlirOperation user; intptr_t operand; } use;

/* `v` gets type index; users that want the integer get a cast back, or the constant again. */
static void change_type(affinizer *a, MlirValue v) {
  VEC_OF(use) others = {0};
  MlirOperation def = ir_def(v);
  MlirType word = mlirValueGetType(v);
  for (MlirOpOperand u = mlirValueGetFirstUse(v); !mlirOpOperandIsNull(u); u = mlirOpOperandGetNextUse(u)) {
    use one = {mlirOpOperandGetOwner(u), mlirOpOperandGetOperandNumber(u)};
    if (!takes_indices(a, one.user, one.operand))
      vec_push(&a->ir->ctx->scratch, &others, one);
  }
  int64_t number;
  bool is_number = ir_const_int(v, &number);
  MlirAttribute kept = is_number ? ir_attr_of(def, "value") : (MlirAttribute){NULL};
  mlirValueSetType(v, ir_index_type(a->ir));
  if (is_number)
    ir_set_attr(def, "value", ir_index_attr(a->ir, number));
  for (size_t i = 0; i < others.n; i++) {
    ir_builder b = ir_before(a->ir, others.at[i].user);
    MlirValue back = is_number ? ir_build1(&b, "arith.constant", word, 0, NULL, 1, &(ir_named){"value", kept})
                               : ir_build1(&b, "arith.index_cast", word, 1, &v, 0, NULL);
    if (!mlirValueIsNull(back))
      mlirOperationSetOperand(others.at[i].user, others.at[i].operand, back);
  }
}

/* A number from elsewhere (memory, a conversion): what takes indices reads a cast of it. */
static void cast_leaf(affinizer *a, MlirValue v) {
  MlirOperation def = ir_def(v);
  MlirBlock block = mlirOperationIsNull(def) ? mlirBlockArgumentGetOwner(v) : mlirOperationGetBlock(def);
  MlirOperation next = mlirOperationIsNull(def) ? mlirBlockGetFirstOperation(block) : mlirOperationGetNextInBlock(def);
  VEC_OF(use) users = {0};
  for (MlirOpOperand u = mlirValueGetFirstUse(v); !mlirOpOperandIsNull(u); u = mlirOpOperandGetNextUse(u)) {
    use one = {mlirOpOperandGetOwner(u), mlirOpOperandGetOperandNumber(u)};
    if (takes_indices(a, one.user, one.operand))
      vec_push(&a->ir->ctx->scratch, &users, one);
  }
  ir_builder b = ir_before(a->ir, next);
  MlirValue cast = ir_build1(&b, "arith.index_cast", ir_index_type(a->ir), 1, &v, 0, NULL);
  for (size_t i = 0; i < users.n && !mlirValueIsNull(cast); i++)
    mlirOperationSetOperand(users.at[i].user, users.at[i].operand, cast);
}

static bool drop_idle_cast(MlirOperation op, void *data) {
  (void)data;
  if (!is_cast(op) || !is_index(ir_operand(op, 0)) || !is_index(ir_result(op, 0)))
    return true;
  ir_replace_uses(ir_result(op, 0), ir_operand(op, 0));
  ir_erase(op);
  return true;
}

static void update_signature(ir_ctx *ir, MlirOperation func) {
  MlirBlock body = ir_body(func);
  MlirType old = mlirTypeAttrGetValue(ir_attr_of(func, "function_type"));
  intptr_t n = mlirBlockGetNumArguments(body), n_results = mlirFunctionTypeGetNumResults(old);
  MlirType *in = ARENA_NEW_N(&ir->ctx->scratch, MlirType, n + 1), *out = ARENA_NEW_N(&ir->ctx->scratch, MlirType, n_results + 1);
  for (intptr_t i = 0; i < n; i++)
    in[i] = mlirValueGetType(mlirBlockGetArgument(body, i));
  for (intptr_t i = 0; i < n_results; i++)
    out[i] = mlirFunctionTypeGetResult(old, i);
  ir_set_attr(func, "function_type", mlirTypeAttrGet(mlirFunctionTypeGet(ir->mlir, n, in, n_results, out)));
}

static void make_indices(affinizer *a) {
  MlirBlock body = ir_body(a->func);
  for (intptr_t i = 0; i < mlirBlockGetNumArguments(body); i++)
    take(a, mlirBlockGetArgument(body, i));
  ir_walk(a->func, find_seeds, a);
  for (size_t i = 0; i < a->world.at.n; i++)
    take_sources(a, a->world.at.at[i]);
  for (size_t i = 0; i < a->world.at.n; i++)
    if (!changes_in_place(a->world.at.at[i]))
      cast_leaf(a, a->world.at.at[i]);
  for (size_t i = 0; i < a->world.at.n; i++)
    if (changes_in_place(a->world.at.at[i]))
      change_type(a, a->world.at.at[i]);
  ir_walk_post(a->func, drop_idle_cast, NULL);
  update_signature(a->ir, a->func);
}

/* ---- 2. affine expressions ---- */
static affine_form new_form(const affinizer *a) { return (affine_form){.ir = a->ir, .entry = ir_body(a->func)}; }

typedef struct leaves { MlirValue at[AFFINE_INPUTS_MAX]; int n; } leaves;

static void split_minimum(MlirValue v, leaves *out) {
  MlirOperation op = ir_def(v);
  if (ir_op_is(op, "arith.minsi") && out->n < AFFINE_INPUTS_MAX / 2) {
    split_minimum(ir_operand(op, 0), out);
    split_minimum(ir_operand(op, 1), out);
  } else if (out->n < AFFINE_INPUTS_MAX) {
    out->at[out->n++] = v;
  }
}

/* max(m, base) - base, as a mask of Triton is clamped: `m` and `base`. */
static bool match_clamp(MlirValue v, MlirValue *out_m, MlirValue *out_base) {
  MlirOperation difference = ir_def(v), greatest = ir_def(ir_operand(difference, 0));
  MlirValue base = ir_operand(difference, 1);
  if (!ir_op_is(difference, "arith.subi") || !ir_op_is(greatest, "arith.maxsi"))
    return false;
  for (int i = 0; i < 2; i++)
    if (mlirValueEqual(ir_operand(greatest, i), base)) {
      *out_base = base;
      *out_m = ir_operand(greatest, 1 - i);
      return true;
    }
  return false;
}

typedef struct minimum { MlirAffineExpr at[AFFINE_INPUTS_MAX]; int n; bool is_clamped /* one part was */, is_natural /* the others are known to be >= 0 */; } minimum;

static loom_status add_term(affine_form *f, minimum *m, MlirValue v, const affine_term *minus) {
  affine_term t;
  LOOM_TRY(affine_form_read(f, v, &t));
  m->is_natural = m->is_natural && (minus || t.is_natural);
  if (minus)
    t.expr = mlirAffineAddExprGet(t.expr, mlirAffineMulExprGet(minus->expr, mlirAffineConstantExprGet(f->ir->mlir, -1)));
  for (int i = 0; i < m->n; i++)
    if (affine_form_is_zero(f, mlirAffineAddExprGet(t.expr, mlirAffineMulExprGet(m->at[i], mlirAffineConstantExprGet(f->ir->mlir, -1)))))
      return LOOM_OK;
  if (m->n == AFFINE_INPUTS_MAX)
    LOOM_FAIL(f->ir->ctx, ir_span(f->ir, ir_def(v)), LOOM_ELIMIT, "a minimum of more than %d numbers", AFFINE_INPUTS_MAX);
  m->at[m->n++] = t.expr;
  return LOOM_OK;
}

/* min(max(min(base + T, size), base) - base, T) = max(min(T, size - base), 0) for every T >= 0. */
static loom_status read_minimum(affine_form *f, MlirValue v, minimum *m) {
  leaves all = {.n = 0};
  split_minimum(v, &all);
  for (int i = 0; i < all.n; i++) {
    MlirValue inner, base;
    if (!match_clamp(all.at[i], &inner, &base)) {
      LOOM_TRY(add_term(f, m, all.at[i], NULL));
      continue;
    }
    affine_term minus;
    leaves parts = {.n = 0};
    LOOM_TRY(affine_form_read(f, base, &minus));
    split_minimum(inner, &parts);
    m->is_clamped = true;
    for (int k = 0; k < parts.n; k++)
      LOOM_TRY(add_term(f, m, parts.at[k], &minus));
  }
  return LOOM_OK;
}

static loom_status rewrite_operand(affinizer *a, MlirOperation op, intptr_t i) {
  MlirValue v = ir_operand(op, i), made, inner, base;
  MlirOperation def = ir_def(v);
  if (!is_index(v) || mlirOperationIsNull(def) || !is_arithmetic(def) || ir_op_is(def, "arith.constant"))
    return LOOM_OK;
  ir_builder b = ir_before(a->ir, op);
  affine_form f = new_form(a);
  if (ir_op_is(def, "arith.minsi") || match_clamp(v, &inner, &base)) {
    minimum m = {.is_natural = true};
    LOOM_TRY(read_minimum(&f, v, &m));
    if (m.is_clamped && !m.is_natural)
      return LOOM_OK;      /* min(max(x, 0), T) is another number when T < 0 */
    made = affine_form_build(&f, &b, "affine.min", m.at, m.n);
    if (m.is_clamped && !mlirValueIsNull(made)) {
      affine_form g = new_form(a);
      affine_term least;
      LOOM_TRY(affine_form_read(&g, made, &least));
      const MlirAffineExpr both[] = {least.expr, mlirAffineConstantExprGet(a->ir->mlir, 0)};
      made = affine_form_build(&g, &b, "affine.max", both, 2);
    }
  } else {
    affine_term t;
    LOOM_TRY(affine_form_read(&f, v, &t));
    made = affine_form_build(&f, &b, "affine.apply", &t.expr, 1);
  }
  if (mlirValueIsNull(made))
    return LOOM_EBUG;
  mlirOperationSetOperand(op, i, made);
  return LOOM_OK;
}

/* Loads and stores of single numbers take any valid affine operands: those that are inputs of the function, indices of loops or affine.apply. */
static bool is_affine_operand(const affinizer *a, MlirValue v) {
  MlirOperation def = ir_def(v);
  if (!mlirOperationIsNull(def))
    return ir_op_is(def, "affine.apply") || ir_op_is(def, "arith.constant");
  MlirBlock block = mlirBlockArgumentGetOwner(v);
  MlirOperation parent = mlirBlockGetParentOperation(block);
  return mlirBlockEqual(block, ir_body(a->func)) || ir_op_is(parent, "affine.parallel") || (ir_op_is(parent, "affine.for") && mlirBlockArgumentGetArgNumber(v) == 0);
}

static bool make_access_affine(affinizer *a, MlirOperation op) {
  bool is_load = ir_op_is(op, "memref.load");
  intptr_t first = is_load ? 1 : 2, n = ir_num_operands(op);
  MlirValue *operands = ARENA_NEW_N(&a->ir->ctx->scratch, MlirValue, n);
  for (intptr_t i = 0; i < n; i++) {
    operands[i] = ir_operand(op, i);
    if (i >= first && !is_affine_operand(a, operands[i]))
      return false;
  }
  ir_builder b = ir_before(a->ir, op);
  ir_named map = {"map", mlirAffineMapAttrGet(mlirAffineMapMultiDimIdentityGet(a->ir->mlir, n - first))};
  MlirType type = is_load ? mlirValueGetType(ir_result(op, 0)) : (MlirType){NULL};
  MlirOperation made = ir_build(&b, is_load ? "affine.load" : "affine.store", is_load, &type, n, operands, 1, &map, 0, NULL);
  if (mlirOperationIsNull(made))
    return false;
  if (is_load)
    ir_replace_uses(ir_result(op, 0), ir_result(made, 0));
  return true;
}

static bool rewrite_op(MlirOperation op, void *data) {
  affinizer *a = data;
  static const char *const names[] = {"memref.reinterpret_cast", "memref.subview", "tensor.extract_slice", "tensor.insert_slice", "memref.load", "memref.store"};
  size_t n = sizeof names / sizeof *names, i = 0;
  while (i < n && !ir_op_is(op, names[i]))
    i++;
  for (intptr_t k = 0; i < n && k < ir_num_operands(op); k++) {
    a->status = rewrite_operand(a, op, k);
    if (a->status != LOOM_OK)
      return false;
  }
  if ((ir_op_is(op, "memref.load") || ir_op_is(op, "memref.store")) && make_access_affine(a, op))
    ir_erase(op);
  return true;
}

/* Post-order, the last operation of a block first would be one walk; here each walk peels what has become unused. */
typedef struct sweep { bool found; } sweep;

static bool drop_unused(MlirOperation op, void *data) {
  sweep *s = data;
  if (is_arithmetic(op) || is_cast(op) || ir_op_is(op, "affine.apply"))
    s->found |= ir_erase(op);
  return true;
}

loom_status pass_affinize(ir_ctx *ir, MlirOperation func, const pass_options *o) {
  (void)o;
  affinizer a = {.ir = ir, .func = func};
  if (mlirBlockIsNull(ir_body(func)))
    return LOOM_OK;
  make_indices(&a);
  if (!ir_walk_post(func, rewrite_op, &a))
    return a.status;
  for (sweep s = {true}; s.found;) {
    s.found = false;
    ir_walk_post(func, drop_unused, &s);
  }
  return LOOM_OK;
}
