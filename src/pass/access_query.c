#include "pass/access_query.h"

/* ---- loads and stores ---- */
static bool is_view(MlirOperation op) {
  return ir_op_is(op, "memref.subview") || ir_op_is(op, "memref.reinterpret_cast") || ir_op_is(op, "loom.subview") || ir_op_is(op, "memref.cast");
}

/* The argument of a function that `v` is a part of; null when it is none. */
static MlirValue root_of(MlirValue v) {
  MlirOperation op = ir_def(v);
  for (; is_view(op); op = ir_def(v))
    v = ir_operand(op, 0);
  bool is_argument = !mlirValueIsNull(v) && mlirValueIsABlockArgument(v) && ir_op_is(mlirBlockGetParentOperation(mlirBlockArgumentGetOwner(v)), "func.func");
  return is_argument ? v : (MlirValue){NULL};
}

typedef struct lister { ir_ctx *ir; pass_accesses *out; } lister;

static void add_access(lister *l, MlirOperation copy, MlirValue part, bool is_store) {
  MlirValue root = root_of(part);
  if (!mlirValueIsNull(root) && is_view(ir_def(part)))
    vec_push(&l->ir->ctx->mem, l->out, ((pass_access){.copy = copy, .view = ir_def(part), .memory = root, .is_store = is_store}));
}

static bool list_one(MlirOperation op, void *data) {
  lister *l = data;
  if (ir_op_is(op, "loom.copy") || ir_op_is(op, "memref.copy")) {
    bool is_store = mlirValueIsNull(root_of(ir_operand(op, 0)));
    add_access(l, op, ir_operand(op, is_store), is_store);
  } else if (ir_op_is(op, "bufferization.to_tensor")) {
    add_access(l, op, ir_operand(op, 0), false);
  } else if (ir_op_is(op, "bufferization.materialize_in_destination")) {
    add_access(l, op, ir_operand(op, 1), true);
  }
  return true;
}

void pass_list_accesses(ir_ctx *ir, MlirOperation func, pass_accesses *out) {
  lister l = {ir, out};
  ir_walk(func, list_one, &l);
}

/* ---- what values depend on ---- */
typedef struct tracer { ir_ctx *ir; value_set seen; value_set *ivs; } tracer;

static void trace(tracer *t, MlirValue v) {
  if (!mlirValueIsNull(v))
    value_set_add(&t->ir->ctx->scratch, &t->seen, v);
}

static void trace_operands(tracer *t, MlirOperation op, intptr_t first, intptr_t n) {
  for (intptr_t i = first; i < first + n; i++)
    trace(t, ir_operand(op, i));
}

/* Number of operands in front of what a for loop carries, and how many of them say where it starts and how it steps. */
static bool read_for(MlirOperation loop, intptr_t *out_init) {
  intptr_t n;
  *out_init = 3;
  return ir_op_is(loop, "scf.for") || (ir_op_is(loop, "affine.for") && ir_segment(loop, 2, out_init, &n));
}

static void trace_argument(tracer *t, MlirValue v) {
  MlirBlock block = mlirBlockArgumentGetOwner(v);
  MlirOperation loop = mlirBlockGetParentOperation(block);
  intptr_t i = mlirBlockArgumentGetArgNumber(v), first, n, init;
  if (ir_op_is(loop, "affine.parallel") || ir_op_is(loop, "scf.parallel")) {
    value_set_add(&t->ir->ctx->mem, t->ivs, v);
  } else if (read_for(loop, &init)) {
    value_set_add(&t->ir->ctx->mem, t->ivs, mlirBlockGetArgument(block, 0));
    trace(t, i > 0 ? ir_operand(loop, init + i - 1) : (MlirValue){NULL});
    trace(t, i > 0 ? ir_operand(mlirBlockGetTerminator(block), i - 1) : (MlirValue){NULL});
    if (ir_op_is(loop, "scf.for")) {
      trace(t, ir_operand(loop, 0));
      trace(t, ir_operand(loop, 2));
    } else if (ir_segment(loop, 0, &first, &n)) {
      trace_operands(t, loop, first, n);
    }
  }
}

/* A result of an op with regions depends on what goes in and on what its regions yield. */
static void trace_op(tracer *t, MlirOperation op) {
  trace_operands(t, op, 0, ir_num_operands(op));
  for (intptr_t r = 0; r < mlirOperationGetNumRegions(op); r++) {
    MlirBlock block = mlirRegionGetFirstBlock(ir_region(op, r));
    MlirOperation end = mlirBlockIsNull(block) ? (MlirOperation){NULL} : mlirBlockGetTerminator(block);
    trace_operands(t, end, 0, ir_num_operands(end));
  }
}

static void trace_all(tracer *t) {
  for (size_t i = 0; i < t->seen.at.n; i++) {
    MlirOperation op = ir_def(t->seen.at.at[i]);
    if (mlirOperationIsNull(op))
      trace_argument(t, t->seen.at.at[i]);
    else
      trace_op(t, op);
  }
}

void pass_add_ivs(ir_ctx *ir, MlirValue v, value_set *out) {
  tracer t = {.ir = ir, .ivs = out};
  trace(&t, v);
  trace_all(&t);
}

void pass_access_ivs(ir_ctx *ir, const pass_access *a, value_set *out) {
  tracer t = {.ir = ir, .ivs = out};
  for (MlirOperation view = a->view; is_view(view); view = ir_def(ir_operand(view, 0)))
    trace_operands(&t, view, 1, ir_num_operands(view) - 1);
  trace_all(&t);
}

/* ---- loops ---- */
static const char *const kinds[] = {[LOOP_SPATIAL] = "spatial", [LOOP_TEMPORAL] = "temporal", [LOOP_SEQUENTIAL] = "sequential"};

MlirAttribute pass_kind_attr(ir_ctx *ir, loop_kind kind) { return dialect_iter_type(ir, kinds[kind]); }

static loop_kind kind_of(ir_ctx *ir, MlirOperation loop) {
  MlirAttribute a = ir_attr_of(loop, "loom.iter_type");
  for (loop_kind k = LOOP_SPATIAL; !mlirAttributeIsNull(a) && k <= LOOP_SEQUENTIAL; k++)
    if (mlirAttributeEqual(a, pass_kind_attr(ir, k)))
      return k;
  return LOOP_PLAIN;
}

static bool constant_map(MlirOperation loop, const char *name, int64_t *out) {
  MlirAttribute a = ir_attr_of(loop, name);
  if (mlirAttributeIsNull(a) || !mlirAttributeIsAAffineMap(a) || !mlirAffineMapIsSingleConstant(mlirAffineMapAttrGetValue(a)))
    return false;
  *out = mlirAffineMapGetSingleConstantResult(mlirAffineMapAttrGetValue(a));
  return true;
}

static int64_t trips_of(MlirOperation loop) {
  int64_t from, to, step = 1;
  bool known = false;
  if (ir_op_is(loop, "scf.for"))
    known = ir_const_int(ir_operand(loop, 0), &from) && ir_const_int(ir_operand(loop, 1), &to) && ir_const_int(ir_operand(loop, 2), &step);
  else if (ir_op_is(loop, "affine.for"))
    known = constant_map(loop, "lowerBoundMap", &from) && constant_map(loop, "upperBoundMap", &to) && ir_attr_int(ir_attr_of(loop, "step"), &step);
  else
    known = constant_map(loop, "lowerBoundsMap", &from) && constant_map(loop, "upperBoundsMap", &to);
  return !known || step < 1 ? -1 : to <= from ? 0 : (int64_t)(((uint64_t)to - (uint64_t)from - 1) / (uint64_t)step) + 1;
}

int pass_enclosing_loops(ir_ctx *ir, MlirOperation op, pass_loop *out) {
  int n = 0;
  for (op = mlirOperationGetParentOperation(op); !mlirOperationIsNull(op) && n < PASS_LOOPS_MAX; op = mlirOperationGetParentOperation(op)) {
    if (!ir_op_is(op, "scf.for") && !ir_op_is(op, "affine.for") && !ir_op_is(op, "affine.parallel"))
      continue;
    int64_t level = 0;
    MlirAttribute dim = ir_attr_of(op, "loom.physical_dim");
    ir_attr_int(ir_attr_of(op, "loom.logical_level"), &level);
    dim = mlirAttributeIsNull(dim) ? ir_attr_of(op, "loom.mapped_to") : dim;
    out[n++] = (pass_loop){.op = op, .iv = mlirBlockGetArgument(ir_body(op), 0), .kind = kind_of(ir, op), .level = (int)level, .trips = trips_of(op),
                           .dim = mlirAttributeIsNull(dim) ? NULL : ir_attr_string(&ir->ctx->mem, dim)};
  }
  for (int i = 0; i < n / 2; i++) {
    pass_loop swap = out[i];
    out[i] = out[n - 1 - i];
    out[n - 1 - i] = swap;
  }
  return n;
}

bool pass_loop_depends(ir_ctx *ir, MlirOperation loop, MlirValue iv) {
  intptr_t init;
  value_set ivs = {0};
  if (!read_for(loop, &init))
    return false;
  for (intptr_t i = 0; i < init; i++)
    pass_add_ivs(ir, ir_operand(loop, i), &ivs);
  return value_set_has(&ivs, iv);
}

/* Some loop around the access takes other turns on other cores. */
static bool turns_differ(ir_ctx *ir, const pass_loop *loops, int n) {
  for (int i = 0; i < n; i++)
    for (int k = 0; k < i; k++)
      if (loops[k].kind == LOOP_SPATIAL && loops[k].trips != 1 && pass_loop_depends(ir, loops[i].op, loops[k].iv))
        return true;
  return false;
}

bool pass_loop_reuses(ir_ctx *ir, const pass_loop *loops, int n, int k, const value_set *ivs) {
  if (loops[k].trips == 1 || value_set_has(ivs, loops[k].iv))
    return false;
  return loops[k].kind != LOOP_SPATIAL || !turns_differ(ir, loops, n);
}
