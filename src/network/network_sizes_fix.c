/* A function with known sizes: its arguments get them, and upstream's canonicalisation carries them on; it leaves values that loops and branches hand on
 * and single elements put into tensors, which are here.
 *
 *   %y = op %x : ?    becomes    %s = op %x : known sizes,  %y = tensor.cast %s : known sizes to ?
 *
 * whereupon canonicalisation goes on behind the cast. */
#include "network/network_sizes.h"
#include "pass/pass.h"

/* Without the pattern that gives a loop's tensor the size it starts with where the loop changes it: upstream's is wrong there. */
#define CANONICALIZE "canonicalize{disable-patterns=\"(anonymous namespace)::ForOpTensorCastFolder\"},cse"
static const char call_passes[] = "builtin.module(inline{default-pipeline=},symbol-dce,func.func(convert-elementwise-to-linalg))";
static const char fold_passes[] = "builtin.module(" CANONICALIZE ")";
static const char tosa_passes[] = "builtin.module(func.func(tosa-infer-shapes)," CANONICALIZE ")";
enum { RANK_MAX = 32 };

typedef struct fix { const network_sizes *s; ir_ctx *ir; bool moved; VEC_OF(MlirOperation) ops; } fix;

static bool is_open(MlirType t) { return mlirTypeIsARankedTensor(t) && !mlirShapedTypeHasStaticShape(t); }

/* The value whose cast `v` is, where that has known sizes and v has not; else null. */
static MlirValue known_of(MlirValue v) {
  MlirOperation def = ir_def(v);
  if (!is_open(mlirValueGetType(v)) || !ir_op_is(def, "tensor.cast"))
    return (MlirValue){NULL};
  MlirValue from = ir_operand(def, 0);
  MlirType t = mlirValueGetType(from);
  return mlirTypeIsARankedTensor(t) && !is_open(t) ? from : (MlirValue){NULL};
}

/* `v`, which users know as its open type, is of type t; they get a cast. */
static void set_type(fix *f, MlirValue v, MlirType t, ir_builder at) {
  MlirType old = mlirValueGetType(v);
  mlirValueSetType(v, t);
  MlirValue cast = ir_build1(&at, "tensor.cast", old, 1, &v, 0, NULL);
  MlirOperation itself = ir_def(cast);
  mlirValueReplaceAllUsesExcept(v, cast, 1, &itself);
  f->moved = true;
}

static ir_builder behind(fix *f, MlirOperation op) {
  MlirOperation next = mlirOperationGetNextInBlock(op);
  return mlirOperationIsNull(next) ? ir_at_end(f->ir, mlirOperationGetBlock(op)) : ir_before(f->ir, next);
}

/* ---- what upstream leaves ---- */

static void cast_operand(fix *f, MlirOperation op, intptr_t i, MlirType t) {
  ir_builder b = ir_before(f->ir, op);
  MlirValue v = ir_operand(op, i);
  mlirOperationSetOperand(op, i, ir_build1(&b, "tensor.cast", t, 1, &v, 0, NULL));
}

/* A tensor of known size that every round hands on with its size. */
static void fix_loop(fix *f, MlirOperation op) {
  MlirBlock body = ir_body(op);
  MlirOperation yield = mlirBlockGetTerminator(body);
  for (intptr_t i = 0; i < mlirOperationGetNumResults(op); i++) {
    MlirValue known = known_of(ir_operand(op, i + 3)), carried = mlirBlockGetArgument(body, i + 1);
    if (mlirValueIsNull(known) || !pass_keeps_size(ir_operand(yield, i), carried))
      continue;
    MlirType t = mlirValueGetType(known);
    mlirOperationSetOperand(op, i + 3, known);
    set_type(f, carried, t, ir_before(f->ir, mlirBlockGetFirstOperation(body)));
    cast_operand(f, yield, i, t);
    set_type(f, ir_result(op, i), t, behind(f, op));
  }
}

/* Both branches give a tensor of the same known size. */
static void fix_branches(fix *f, MlirOperation op) {
  for (intptr_t i = 0; i < mlirOperationGetNumResults(op); i++) {
    MlirOperation yield[2];
    MlirValue known[2];
    for (int k = 0; k < 2; k++) {
      yield[k] = mlirBlockGetTerminator(mlirRegionGetFirstBlock(mlirOperationGetRegion(op, k)));
      known[k] = known_of(ir_operand(yield[k], i));
    }
    if (mlirValueIsNull(known[0]) || mlirValueIsNull(known[1]) || !mlirTypeEqual(mlirValueGetType(known[0]), mlirValueGetType(known[1])))
      continue;
    for (int k = 0; k < 2; k++)
      mlirOperationSetOperand(yield[k], i, known[k]);
    set_type(f, ir_result(op, i), mlirValueGetType(known[0]), behind(f, op));
  }
}

static void fix_insert(fix *f, MlirOperation op) {
  MlirValue known = known_of(ir_operand(op, 1));
  if (mlirValueIsNull(known))
    return;
  mlirOperationSetOperand(op, 1, known);
  set_type(f, ir_result(op, 0), mlirValueGetType(known), behind(f, op));
}

/* One of two tensors of the same known size. */
static void fix_select(fix *f, MlirOperation op) {
  MlirValue x = known_of(ir_operand(op, 1)), y = known_of(ir_operand(op, 2));
  if (mlirValueIsNull(x) || mlirValueIsNull(y) || !mlirTypeEqual(mlirValueGetType(x), mlirValueGetType(y)))
    return;
  mlirOperationSetOperand(op, 1, x);
  mlirOperationSetOperand(op, 2, y);
  set_type(f, ir_result(op, 0), mlirValueGetType(x), behind(f, op));
}

static bool element_of(MlirValue shape, intptr_t d, int64_t *out) {
  MlirOperation def = ir_def(shape);
  MlirAttribute value = ir_op_is(def, "arith.constant") ? ir_attr_of(def, "value") : (MlirAttribute){NULL};
  if (ir_op_is(def, "tensor.from_elements"))
    return ir_const_int(ir_operand(def, d), out);
  if (mlirAttributeIsNull(value) || !mlirAttributeIsADenseIntElements(value) || !mlirTypeIsAIndex(mlirShapedTypeGetElementType(mlirAttributeGetType(value))))
    return false;
  *out = (int64_t)mlirDenseElementsAttrGetIndexValue(value, d);
  return true;
}

/* All dims as one, or one as all. */
static MlirValue through_one(fix *f, MlirOperation op, const char *name, MlirValue v, MlirType to, intptr_t rank) {
  text groups = text_new(&f->ir->ctx->mem), sizes = text_new(&f->ir->ctx->mem);
  for (intptr_t d = 0; d < rank; d++) {
    text_addf(&groups, d ? ", %d" : "[[%d", (int)d);
    text_addf(&sizes, d ? ", %" PRId64 : "array<i64: %" PRId64, mlirShapedTypeGetRank(to) == rank ? mlirShapedTypeGetDimSize(to, d) : 0);
  }
  const ir_named attrs[2] = {{"reassociation", ir_attr(f->ir, arena_printf(&f->ir->ctx->mem, "%s]]", text_str(&groups)))},
                             {"static_output_shape", ir_attr(f->ir, arena_printf(&f->ir->ctx->mem, "%s>", text_str(&sizes)))}};
  ir_builder b = ir_before(f->ir, op);
  return ir_build1(&b, name, to, 1, &v, text_eq(name, "tensor.expand_shape") ? 2 : 1, attrs);
}

/* To a shape of numbers: through one dim. */
static void fix_reshape(fix *f, MlirOperation op) {
  MlirValue known = known_of(ir_operand(op, 0)), from = mlirValueIsNull(known) ? ir_operand(op, 0) : known;
  MlirType t = mlirValueGetType(ir_result(op, 0)), of = mlirValueGetType(from);
  int64_t dim[RANK_MAX], n = mlirTypeIsARankedTensor(t) ? mlirShapedTypeGetRank(t) : 0, rank = mlirTypeIsARankedTensor(of) && !is_open(of) ? mlirShapedTypeGetRank(of) : 0, elems = 1, made = 1;
  if (!n || n > RANK_MAX || !rank)
    return;
  for (intptr_t d = 0; d < n; d++)
    if (!element_of(ir_operand(op, 1), d, &dim[d]) || __builtin_mul_overflow(made, dim[d], &made))
      return;
  for (intptr_t d = 0; d < rank; d++)
    elems *= mlirShapedTypeGetDimSize(of, d);
  if (elems != made)
    return;
  MlirType element = mlirShapedTypeGetElementType(t), flat = mlirRankedTensorTypeGet(1, &elems, element, mlirAttributeGetNull()), whole = mlirRankedTensorTypeGet(n, dim, element, mlirAttributeGetNull());
  MlirValue v = rank == 1 ? from : through_one(f, op, "tensor.collapse_shape", from, flat, rank);
  v = n == 1 ? v : through_one(f, op, "tensor.expand_shape", v, whole, n);
  if (is_open(t)) {
    ir_builder b = ir_before(f->ir, op);
    v = ir_build1(&b, "tensor.cast", t, 1, &v, 0, NULL);
  }
  ir_replace_uses(ir_result(op, 0), v);
  f->moved = ir_erase(op) || f->moved;
}

/* Of tensors of known sizes. */
static void fix_concat(fix *f, MlirOperation op) {
  MlirType t = mlirValueGetType(ir_result(op, 0));
  int64_t along, dim[RANK_MAX], sum = 0;
  if (!is_open(t) || mlirShapedTypeGetRank(t) > RANK_MAX || !ir_attr_int(ir_attr_of(op, "dim"), &along))
    return;
  for (intptr_t i = 0; i < ir_num_operands(op); i++) {
    MlirValue known = known_of(ir_operand(op, i));
    MlirType of = mlirValueGetType(mlirValueIsNull(known) ? ir_operand(op, i) : known);
    if (is_open(of))
      return;
    sum += mlirShapedTypeGetDimSize(of, along);
    for (intptr_t d = 0; d < mlirShapedTypeGetRank(t); d++)
      dim[d] = d == along ? sum : mlirShapedTypeGetDimSize(of, d);
  }
  for (intptr_t i = 0; i < ir_num_operands(op); i++)
    if (!mlirValueIsNull(known_of(ir_operand(op, i))))
      mlirOperationSetOperand(op, i, known_of(ir_operand(op, i)));
  set_type(f, ir_result(op, 0), mlirRankedTensorTypeGet(mlirShapedTypeGetRank(t), dim, mlirShapedTypeGetElementType(t), mlirAttributeGetNull()), behind(f, op));
}

static bool collect(MlirOperation op, void *data) {
  fix *f = data;
  vec_push(&f->ir->ctx->mem, &f->ops, op);
  return true;
}

static void fix_op(fix *f, MlirOperation op) {
  if (ir_op_is(op, "scf.for"))
    fix_loop(f, op);
  else if (ir_op_is(op, "scf.if") && mlirOperationGetNumResults(op))
    fix_branches(f, op);
  else if (ir_op_is(op, "tensor.insert"))
    fix_insert(f, op);
  else if (ir_op_is(op, "tensor.reshape"))
    fix_reshape(f, op);
  else if (ir_op_is(op, "tensor.concat"))
    fix_concat(f, op);
  else if (ir_op_is(op, "arith.select"))
    fix_select(f, op);
}

/* ---- the function ---- */

static MlirOperation function_of(const network_sizes *s, MlirModule m) { return ir_find_func(m, s->name); }

/* With what its arguments are and what it returns. */
static void set_function_type(fix *f, MlirOperation func) {
  arena *m = &f->ir->ctx->mem;
  MlirBlock body = ir_body(func);
  MlirOperation end = mlirBlockGetTerminator(body);
  intptr_t n_in = mlirBlockGetNumArguments(body), n_out = ir_num_operands(end);
  MlirType *in = ARENA_NEW_N(m, MlirType, n_in + 1), *out = ARENA_NEW_N(m, MlirType, n_out + 1);
  for (intptr_t i = 0; i < n_in; i++)
    in[i] = mlirValueGetType(mlirBlockGetArgument(body, i));
  for (intptr_t i = 0; i < n_out; i++) {
    MlirValue known = known_of(ir_operand(end, i));
    if (!mlirValueIsNull(known))
      mlirOperationSetOperand(end, i, known);
    out[i] = mlirValueGetType(ir_operand(end, i));
  }
  ir_set_attr(func, "function_type", mlirTypeAttrGet(mlirFunctionTypeGet(f->ir->mlir, n_in, in, n_out, out)));
}

/* Of operations that know the sizes of their results from those of their operands. */
static bool is_for_tosa(MlirValue v) {
  for (MlirOpOperand use = mlirValueGetFirstUse(v); !mlirOpOperandIsNull(use); use = mlirOpOperandGetNextUse(use))
    if (!text_starts(ir_op_name(mlirOpOperandGetOwner(use)), "tosa."))
      return false;
  return true;
}

static void fix_arguments(fix *f, MlirOperation func) {
  MlirBlock body = ir_body(func);
  for (int i = 0; i < f->s->n; i++) {
    MlirValue arg = mlirBlockGetArgument(body, i);
    MlirType t = mlirValueGetType(arg);
    if (!is_open(t))
      continue;
    MlirType known = mlirRankedTensorTypeGet(f->s->at[i].rank, f->s->at[i].dim, mlirShapedTypeGetElementType(t), mlirRankedTensorTypeGetEncoding(t));
    if (is_for_tosa(arg))
      mlirValueSetType(arg, known);
    else
      set_type(f, arg, known, ir_before(f->ir, mlirBlockGetFirstOperation(body)));
  }
}

static bool hide_others(MlirOperation op, void *data) {
  const network_sizes *s = data;
  if (ir_op_is(op, "func.func") && !text_eq(ir_func_name(&s->ir->ctx->mem, op), s->name))
    ir_set_attr(op, "sym_visibility", ir_str_attr(s->ir, "private"));
  return true;
}

static loom_status carry_on(fix *f, MlirModule m) {
  MlirOperation func = function_of(f->s, m);
  for (f->moved = true; f->moved;) {
    LOOM_TRY(pass_run_pipeline(f->ir, m, fold_passes, NULL));
    f->moved = false;
    f->ops.n = 0;
    ir_walk(func, collect, f);
    for (size_t i = 0; i < f->ops.n; i++)
      fix_op(f, f->ops.at[i]);
  }
  set_function_type(f, func);
  return pass_run_pipeline(f->ir, m, fold_passes, NULL);
}

/* ---- what is left ---- */

typedef struct rest { ir_ctx *ir; loom_status status; } rest;

/* Open sizes that do not come from operands' ones, and assertions. */
static bool report(MlirOperation op, void *data) {
  rest *r = data;
  int64_t holds;
  bool has_open_operand = false;
  for (intptr_t i = 0; i < ir_num_operands(op); i++)
    has_open_operand = has_open_operand || (is_open(mlirValueGetType(ir_operand(op, i))) && mlirValueIsNull(known_of(ir_operand(op, i))));
  for (intptr_t i = 0; i < mlirOperationGetNumResults(op) && !has_open_operand && !ir_op_is(op, "tensor.cast"); i++)
    if (is_open(mlirValueGetType(ir_result(op, i)))) {
      r->status = diag_error(r->ir->ctx, ir_span(r->ir, op), LOOM_EUNSUP, "the result of '%s' is %s: a size is known to the running program only", ir_op_name(op),
                             ir_print_type(&r->ir->ctx->mem, mlirValueGetType(ir_result(op, i))));
      break;
    }
  if (ir_op_is(op, "cf.assert") && ir_const_int(ir_operand(op, 0), &holds) && !holds)
    r->status = diag_error(r->ir->ctx, ir_span(r->ir, op), LOOM_EINPUT, "the assertion does not hold: %s", ir_attr_string(&r->ir->ctx->mem, ir_attr_of(op, "msg")));
  return true;
}

static bool is_tosa(MlirOperation op, void *data) {
  *(bool *)data |= text_starts(ir_op_name(op), "tosa.");
  return true;
}

static loom_status fix_module(fix *f, MlirModule m) {
  LOOM_TRY(pass_run_pipeline(f->ir, m, "builtin.module(loom-lower-util)", NULL));
  ir_walk(mlirModuleGetOperation(m), hide_others, (void *)f->s);
  LOOM_TRY(pass_run_pipeline(f->ir, m, call_passes, NULL));
  bool has_tosa = false;
  ir_walk(function_of(f->s, m), is_tosa, &has_tosa);
  fix_arguments(f, function_of(f->s, m));
  set_function_type(f, function_of(f->s, m));
  if (has_tosa)
    LOOM_TRY(pass_run_pipeline(f->ir, m, tosa_passes, NULL));
  LOOM_TRY(carry_on(f, m));
  rest r = {f->ir, LOOM_OK};
  ir_walk(function_of(f->s, m), report, &r);
  return r.status;
}

loom_status network_sizes_fix(const network_sizes *s, MlirModule m) {
  fix f = {.s = s, .ir = s->ir};
  bool any = false;
  for (int i = 0; i < s->n; i++)
    any = any || is_open(mlirValueGetType(mlirBlockGetArgument(ir_body(s->func), i)));
  if (!any)
    return LOOM_OK;
  loom_status blame = s->ir->blame;
  s->ir->blame = LOOM_EUNSUP;      /* what upstream's passes refuse is a form of the user's module */
  loom_status st = fix_module(&f, m);
  s->ir->blame = blame;
  return st;
}
