/* Elements that are taken at places which tensors say: a place outside of its dim is an error of the input, not a crash.
 *
 *   %r = linalg.generic ins(%ids) { %i = f(%id)  tensor.extract %table[%i, ..] }
 *
 * gets in front of it the largest place, over no more loops than the places depend on, so that what takes the elements stays as fast as it was:
 *
 *   %m = linalg.generic ins(%ids) outs(%zero) { %i = f(%id)  arith.maxui %i, %so_far }      (as unsigned, where negative ones are the largest)
 *   call @loom_index(number, %m, size of the dim)
 *
 * In loops the place itself is compared, as far out as it is known. */
#include "program/program_private.h"
#include <string.h>

enum { SLICE_MAX = 64, LOOPS_MAX = 16, OPERANDS_MAX = 24 };

/* ---- what is called ---- */

static void check_index(int64_t id, int64_t at, int64_t size) {
  program *p = program_running;
  const program_place *place = &p->places.at[id];
  if ((uint64_t)at < (uint64_t)size || (at == 0 && size == 0))      /* no place at all */
    return;
  diag_error(p->ctx, place->span, LOOM_EINPUT, "the index %" PRId64 " is outside of dim %d of %s, which has %" PRId64 " elements", at, place->dim, place->type, size);
  program_stop(LOOM_EINPUT);
}

/* ---- which places come from values ---- */

static bool is_loaded(MlirValue v, int depth) {
  MlirOperation def = ir_def(v);
  if (depth > SLICE_MAX)
    return true;
  if (mlirOperationIsNull(def)) {
    MlirOperation owner = mlirBlockGetParentOperation(mlirBlockArgumentGetOwner(v));
    return !(text_starts(ir_op_name(owner), "scf.") && mlirTypeIsAIndex(mlirValueGetType(v)) && mlirBlockArgumentGetArgNumber(v) == 0);
  }
  if (ir_op_is(def, "linalg.index") || ir_op_is(def, "tensor.dim") || ir_op_is(def, "arith.constant"))
    return false;
  if (!text_starts(ir_op_name(def), "arith.") && !text_starts(ir_op_name(def), "affine."))
    return true;
  for (intptr_t i = 0; i < ir_num_operands(def); i++)
    if (is_loaded(ir_operand(def, i), depth + 1))
      return true;
  return false;
}

/* ---- calls ---- */

typedef struct checks { ir_ctx *ir; program_places *places; VEC_OF(MlirOperation) ops; } checks;

static MlirValue as_i64(checks *c, ir_builder *b, MlirValue index) { return ir_build1(b, "arith.index_cast", ir_type(c->ir, "i64"), 1, &index, 0, NULL); }

static MlirValue size_of(ir_builder *b, MlirValue tensor, int dim) {
  MlirType t = mlirValueGetType(tensor);
  if (!mlirShapedTypeIsDynamicDim(t, dim))
    return ir_index_const(b, mlirShapedTypeGetDimSize(t, dim));
  return ir_build1(b, "tensor.dim", ir_index_type(b->ir), 2, (MlirValue[]){tensor, ir_index_const(b, dim)}, 0, NULL);
}

/* at: i64. */
static void call_check(checks *c, ir_builder *b, MlirOperation op, MlirValue at, MlirValue tensor, int dim) {
  const program_place place = {ir_span(c->ir, op), dim, ir_print_type(&c->ir->ctx->mem, mlirValueGetType(tensor))};
  MlirValue id = ir_index_const(b, (int64_t)c->places->n), size = as_i64(c, b, size_of(b, tensor, dim));
  const ir_named callee = {"callee", ir_symbol_attr(c->ir, "loom_index")};
  vec_push(&c->ir->ctx->mem, c->places, place);
  ir_build(b, "func.call", 0, NULL, 3, (MlirValue[]){id, at, size}, 1, &callee, 0, NULL);
}

/* ---- copies of what places are made of ---- */

typedef struct copies { int n; MlirValue from[SLICE_MAX + OPERANDS_MAX], to[SLICE_MAX + OPERANDS_MAX]; } copies;

static MlirValue copy_of(const copies *c, MlirValue v) {
  for (int i = 0; i < c->n; i++)
    if (mlirValueEqual(c->from[i], v))
      return c->to[i];
  return v;
}

static MlirOperation copy_op(copies *c, MlirOperation of) {
  MlirOperation op = mlirOperationClone(of);
  for (intptr_t k = 0; k < ir_num_operands(op); k++)
    mlirOperationSetOperand(op, k, copy_of(c, ir_operand(op, k)));
  for (intptr_t k = 0; k < mlirOperationGetNumResults(op); k++) {
    c->from[c->n] = ir_result(of, k);
    c->to[c->n++] = ir_result(op, k);
  }
  return op;
}

/* ---- in loops ---- */

static bool is_within(MlirOperation op, MlirOperation outer) {
  for (; !mlirOperationIsNull(op); op = mlirOperationGetParentOperation(op))
    if (mlirOperationEqual(op, outer))
      return true;
  return false;
}

/* The operations inside of `loop` that v is made of, in order.  False: it depends on the rounds of the loop, or on more than elements and arithmetic. */
typedef struct chain { int n; MlirOperation op[SLICE_MAX]; } chain;
static bool find_chain(chain *c, MlirValue v, MlirOperation loop) {
  MlirOperation def = ir_def(v);
  if (mlirOperationIsNull(def))
    return !is_within(mlirBlockGetParentOperation(mlirBlockArgumentGetOwner(v)), loop);
  if (!is_within(def, loop))
    return true;
  for (int i = 0; i < c->n; i++)
    if (mlirOperationEqual(c->op[i], def))
      return true;
  if (!text_starts(ir_op_name(def), "arith.") && !ir_op_is(def, "tensor.extract") && !ir_op_is(def, "tensor.dim"))
    return false;
  for (intptr_t i = 0; i < ir_num_operands(def); i++)
    if (!find_chain(c, ir_operand(def, i), loop))
      return false;
  if (c->n == SLICE_MAX)
    return false;
  c->op[c->n++] = def;
  return true;
}

/* A tensor of the same size outside of `loop`, in which `tensor` is; null: none is known. */
static MlirValue outside_of(MlirValue tensor, MlirOperation loop) {
  for (;;) {
    MlirOperation def = ir_def(tensor), owner = mlirOperationIsNull(def) ? mlirBlockGetParentOperation(mlirBlockArgumentGetOwner(tensor)) : def;
    if (!is_within(owner, loop))
      return tensor;
    intptr_t i = mlirOperationIsNull(def) ? mlirBlockArgumentGetArgNumber(tensor) - 1 : -1;
    if (i < 0 || !ir_op_is(owner, "scf.for") || !pass_keeps_size(ir_operand(mlirBlockGetTerminator(ir_body(owner)), i), tensor))
      return (MlirValue){NULL};
    tensor = ir_operand(owner, i + 3);
  }
}

/* In front of the outermost loop whose rounds do not change the place. */
static void check_here(checks *c, MlirOperation op, MlirValue index, MlirValue tensor, int dim) {
  MlirOperation at = op;
  chain outside = {0};
  for (MlirOperation loop = mlirOperationGetParentOperation(op); ir_op_is(loop, "scf.for"); loop = mlirOperationGetParentOperation(loop)) {
    chain found = {0};
    MlirValue known = outside_of(tensor, loop);
    if (mlirValueIsNull(known) || !find_chain(&found, index, loop))
      break;
    at = loop;
    outside = found;
    tensor = known;
  }
  ir_builder b = ir_before(c->ir, at);
  copies values = {0};
  for (int i = 0; i < outside.n; i++)
    mlirBlockInsertOwnedOperationBefore(mlirOperationGetBlock(at), at, copy_op(&values, outside.op[i]));
  index = copy_of(&values, index);
  MlirBlock then;
  MlirValue is_outside = ir_build1(&b, "arith.cmpi", ir_type(c->ir, "i1"), 2, (MlirValue[]){index, size_of(&b, tensor, dim)}, 1,
                                   &(ir_named){"predicate", ir_attr(c->ir, "9 : i64")});   /* uge */
  MlirRegion regions[2] = {ir_new_region(c->ir, 0, NULL, &then), mlirRegionCreate()};
  ir_builder in = ir_at_end(c->ir, then);
  call_check(c, &in, op, as_i64(c, &in, index), tensor, dim);
  ir_build(&in, "scf.yield", 0, NULL, 0, NULL, 0, NULL, 0, NULL);
  ir_build(&b, "scf.if", 0, NULL, 1, &is_outside, 0, NULL, 2, regions);
}

/* ---- in linalg.generic ---- */

/* The operations of a body that a place is made of, in order; the operands of the linalg.generic and the loops that they use. */
typedef struct slice { MlirOperation generic; MlirBlock body; int n; MlirOperation op[SLICE_MAX]; bool uses[OPERANDS_MAX], loop[LOOPS_MAX], is_whole; } slice;

static bool is_inside(const slice *s, MlirOperation op) { return !mlirOperationIsNull(op) && mlirBlockEqual(mlirOperationGetBlock(op), s->body); }

static bool add_value(slice *s, MlirValue v) {
  MlirOperation def = ir_def(v);
  int64_t dim;
  if (mlirOperationIsNull(def)) {
    if (mlirBlockEqual(mlirBlockArgumentGetOwner(v), s->body))
      s->uses[mlirBlockArgumentGetArgNumber(v)] = true;
    return true;
  }
  if (!is_inside(s, def))
    return true;
  for (int i = 0; i < s->n; i++)
    if (mlirOperationEqual(s->op[i], def))
      return true;
  for (intptr_t i = 0; i < ir_num_operands(def); i++)
    if (!add_value(s, ir_operand(def, i)))
      return false;
  if (s->n == SLICE_MAX || mlirOperationGetNumRegions(def))
    return false;
  if (ir_op_is(def, "linalg.index") && ir_attr_int(ir_attr_of(def, "dim"), &dim) && dim < LOOPS_MAX)
    s->loop[dim] = true;
  s->op[s->n++] = def;
  return true;
}

static MlirAffineMap map_of(MlirOperation generic, intptr_t i) { return mlirAffineMapAttrGetValue(mlirArrayAttrGetElement(ir_attr_of(generic, "indexing_maps"), i)); }

/* Loops of the operands that are used; one that no operand of them has alone as an index needs all operands, so that it has an extent. */
static void find_loops(slice *s) {
  int n = (int)mlirAffineMapGetNumDims(map_of(s->generic, 0));
  bool has_extent[LOOPS_MAX] = {false};
  for (intptr_t i = 0; i < ir_num_operands(s->generic); i++)
    for (intptr_t k = 0; s->uses[i] && k < mlirAffineMapGetNumResults(map_of(s->generic, i)); k++) {
      MlirAffineExpr e = mlirAffineMapGetResult(map_of(s->generic, i), k);
      for (int d = 0; d < n; d++)
        s->loop[d] |= mlirAffineExprIsFunctionOfDim(e, d);
      if (mlirAffineExprIsADim(e))
        has_extent[mlirAffineDimExprGetPosition(e)] = true;
    }
  for (int d = 0; d < n; d++)
    s->is_whole = s->is_whole || (s->loop[d] && !has_extent[d]);
  for (int d = 0; d < n && s->is_whole; d++)
    s->loop[d] = true;
  for (intptr_t i = 0; i < ir_num_operands(s->generic) && s->is_whole; i++)
    s->uses[i] = true;
}

/* Loops that stay are numbered anew; the others are 0. */
static MlirAffineMap renumbering(const slice *s, MlirContext mlir, int *out_n) {
  int n = (int)mlirAffineMapGetNumDims(map_of(s->generic, 0));
  MlirAffineExpr to[LOOPS_MAX];
  *out_n = 0;
  for (int d = 0; d < n; d++)
    to[d] = s->loop[d] ? mlirAffineDimExprGet(mlir, (*out_n)++) : mlirAffineConstantExprGet(mlir, 0);
  return mlirAffineMapGet(mlir, *out_n, 0, n, to);
}

static MlirAffineMap restricted(MlirContext mlir, MlirAffineMap map, MlirAffineMap loops, int n) {
  MlirAffineExpr to[LOOPS_MAX];
  intptr_t results = mlirAffineMapGetNumResults(map);
  for (intptr_t k = 0; k < results; k++)
    to[k] = mlirAffineExprCompose(mlirAffineMapGetResult(map, k), loops);
  return mlirAffineMapGet(mlir, n, 0, results, to);
}

/* The operations of the slice at the end of `to`. */
static void copy_slice(checks *c, const slice *s, MlirBlock to, copies *values) {
  for (int i = 0; i < s->n; i++) {
    MlirOperation op = copy_op(values, s->op[i]);
    int64_t dim, now = 0;
    if (ir_op_is(op, "linalg.index") && ir_attr_int(ir_attr_of(op, "dim"), &dim)) {
      for (int64_t d = 0; d < dim; d++)
        now += s->loop[d];
      ir_set_attr(op, "dim", ir_attr(c->ir, arena_printf(&c->ir->ctx->mem, "%" PRId64 " : i64", now)));
    }
    mlirBlockAppendOwnedOperation(to, op);
  }
}

/* The largest place, as an i64; null: it has no such form. */
static MlirValue largest(checks *c, ir_builder *b, slice *s, MlirValue index) {
  ir_ctx *ir = c->ir;
  MlirValue in[OPERANDS_MAX + 1];
  MlirType element[OPERANDS_MAX + 1], i64 = ir_type(ir, "i64"), scalar = ir_type(ir, "tensor<i64>");
  MlirAttribute maps[OPERANDS_MAX + 1];
  int n = 0, loops;
  find_loops(s);
  MlirAffineMap renumbered = renumbering(s, ir->mlir, &loops);
  copies values = {0};
  text kinds = text_new(&ir->ctx->mem);
  for (intptr_t i = 0; i < ir_num_operands(s->generic); i++)
    if (s->uses[i]) {
      in[n] = ir_operand(s->generic, i);
      values.from[n] = mlirBlockGetArgument(s->body, i);
      element[n] = mlirValueGetType(values.from[n]);
      maps[n++] = mlirAffineMapAttrGet(restricted(ir->mlir, map_of(s->generic, i), renumbered, loops));
    }
  for (int d = 0; d < loops; d++)
    text_addf(&kinds, "%s#linalg.iterator_type<reduction>", d ? ", " : "");
  element[n] = i64;
  maps[n] = mlirAffineMapAttrGet(mlirAffineMapGet(ir->mlir, loops, 0, 0, NULL));
  in[n] = ir_build1(b, "arith.constant", scalar, 0, NULL, 1, &(ir_named){"value", ir_attr(ir, "dense<0> : tensor<i64>")});
  MlirBlock body;
  MlirRegion region = ir_new_region(ir, n + 1, element, &body);
  for (values.n = 0; values.n < n; values.n++)
    values.to[values.n] = mlirBlockGetArgument(body, values.n);
  copy_slice(c, s, body, &values);
  ir_builder at = ir_at_end(ir, body);
  at.loc = b->loc;
  MlirValue place = as_i64(c, &at, copy_of(&values, index)), most = ir_build1(&at, "arith.maxui", i64, 2, (MlirValue[]){place, mlirBlockGetArgument(body, n)}, 0, NULL);
  ir_build(&at, "linalg.yield", 0, NULL, 1, &most, 0, NULL, 0, NULL);
  const ir_named attrs[] = {{"indexing_maps", mlirArrayAttrGet(ir->mlir, n + 1, maps)},
                            {"iterator_types", ir_attr(ir, arena_printf(&ir->ctx->mem, "[%s]", text_str(&kinds)))},
                            {"operandSegmentSizes", ir_attr(ir, arena_printf(&ir->ctx->mem, "array<i32: %d, 1>", n))}};
  MlirOperation generic = ir_build(b, "linalg.generic", 1, &scalar, n + 1, in, 3, attrs, 1, &region);
  MlirValue result = ir_result(generic, 0);
  return ir_build1(b, "tensor.extract", i64, 1, &result, 0, NULL);
}

static void check_generic(checks *c, MlirOperation generic, MlirOperation op, MlirValue index, MlirValue tensor, int dim) {
  slice s = {.generic = generic, .body = ir_body(generic)};
  ir_builder b = ir_before(c->ir, generic);
  if (ir_num_operands(generic) > OPERANDS_MAX || mlirAffineMapGetNumDims(map_of(generic, 0)) > LOOPS_MAX || mlirAffineMapGetNumSymbols(map_of(generic, 0)) || !add_value(&s, index))
    return;
  MlirValue most = largest(c, &b, &s, index);
  call_check(c, &b, op, most, tensor, dim);
}

/* ---- all of them ---- */

static bool collect(MlirOperation op, void *data) {
  checks *c = data;
  if (ir_op_is(op, "tensor.extract") || ir_op_is(op, "tensor.insert"))
    vec_push(&c->ir->ctx->mem, &c->ops, op);
  return true;
}

static void check_op(checks *c, MlirOperation op) {
  int first = ir_op_is(op, "tensor.extract") ? 1 : 2;
  MlirValue tensor = ir_operand(op, first - 1);
  MlirOperation parent = mlirBlockGetParentOperation(mlirOperationGetBlock(op));
  for (int d = 0; d + first < ir_num_operands(op); d++) {
    MlirValue index = ir_operand(op, d + first);
    if (!is_loaded(index, 0))
      continue;
    if (ir_op_is(parent, "linalg.generic"))
      check_generic(c, parent, op, index, tensor, d);
    else if (text_starts(ir_op_name(parent), "scf.") || ir_op_is(parent, "func.func"))
      check_here(c, op, index, tensor, d);
  }
}

loom_status program_check_indices(ir_ctx *ir, MlirModule m, program_places *places, program_grants *grants) {
  checks c = {.ir = ir, .places = places};
  ir_walk(mlirModuleGetOperation(m), collect, &c);
  for (size_t i = 0; i < c.ops.n; i++)
    check_op(&c, c.ops.at[i]);
  if (!places->n)
    return LOOM_OK;
  program_grant(&ir->ctx->mem, grants, "loom_index", (void (*)(void))check_index);
  return ir_add_functions(ir, m, "checks of places", "func.func private @loom_index(index, i64, i64)\n");
}
