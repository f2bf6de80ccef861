/* loom.gather on one processor.  The gather hands every program of a parallel loop what the programs along one of its dims have made, so
 * the loop becomes two: the first runs up to the last gather and leaves what is gathered in memory, the second runs everything and reads it.
 * What stands before the gathers is computed twice; it stores nothing, which is checked. */
#include "pass/pass_private.h"

enum { GATHERS_MAX = 16 };

typedef struct parallel { MlirOperation op; MlirBlock body; int rank; int64_t trip[DIALECT_RANK_MAX]; } parallel;
typedef struct gathered {
  MlirOperation placeholder;            /* loom.placeholder, or the tensor.empty of a gather of tensors */
  MlirValue memory;                     /* [programs of the other dims.., shape of the placeholder..] */
  int across;                           /* dim of the loop */
  int rank; int64_t shape[DIALECT_RANK_MAX];
  MlirType element;
} gathered;

/* ---- what there is ---- */
static bool constant_result(MlirAttribute map, int i, int64_t *out) {
  if (mlirAttributeIsNull(map) || !mlirAttributeIsAAffineMap(map))
    return false;
  MlirAffineMap m = mlirAffineMapAttrGetValue(map);
  if (i >= mlirAffineMapGetNumResults(m) || !mlirAffineExprIsAConstant(mlirAffineMapGetResult(m, i)))
    return false;
  *out = mlirAffineConstantExprGetValue(mlirAffineMapGetResult(m, i));
  return true;
}

static loom_status read_parallel(ir_ctx *ir, MlirOperation op, parallel *out) {
  *out = (parallel){.op = op, .body = ir_body(op)};
  out->rank = (int)mlirBlockGetNumArguments(out->body);
  bool known = out->rank <= DIALECT_RANK_MAX;
  for (int d = 0; known && d < out->rank; d++) {
    int64_t lower;
    known = constant_result(ir_attr_of(op, "lowerBoundsMap"), d, &lower) && lower == 0 && constant_result(ir_attr_of(op, "upperBoundsMap"), d, &out->trip[d]);
  }
  if (!known)
    LOOM_FAIL(ir->ctx, ir_span(ir, op), LOOM_EUNSUP, "a gather needs a parallel loop from 0 to trip counts that are known; bind the block sizes first (loom-bind-symbols)");
  return LOOM_OK;
}

static int across_dim(const parallel *p, MlirValue index) {
  for (int d = 0; d < p->rank; d++)
    if (mlirValueEqual(mlirBlockGetArgument(p->body, d), index))
      return d;
  return -1;
}

static loom_status read_placeholder(ir_ctx *ir, MlirOperation op, gathered *g) {
  MlirType t = mlirValueGetType(ir_result(op, 0));
  g->placeholder = op;
  g->rank = (int)mlirShapedTypeGetRank(t);
  g->element = mlirShapedTypeGetElementType(t);
  bool known = g->rank <= DIALECT_RANK_MAX / 2;
  for (int d = 0, dynamic = 0; known && d < g->rank; d++)
    if (mlirShapedTypeIsDynamicDim(t, d))
      known = ir_const_int(ir_operand(op, dynamic++), &g->shape[d]);
    else
      g->shape[d] = mlirShapedTypeGetDimSize(t, d);
  if (!known)
    LOOM_FAIL(ir->ctx, ir_span(ir, op), LOOM_EUNSUP, "a destination of a gather whose sizes are not known; bind the block sizes first (loom-bind-symbols)");
  return LOOM_OK;
}

/* ---- memory and its parts ---- */
static void add_shape(text *t, const int64_t *shape, int n) {
  for (int d = 0; d < n; d++)
    text_addf(t, "%" PRId64 "x", shape[d]);
}

/* Shape of the memory: one slot for each program of the other dims. */
static int memory_shape(const parallel *p, const gathered *g, int64_t *shape) {
  int n = 0;
  for (int d = 0; d < p->rank; d++)
    if (d != g->across)
      shape[n++] = p->trip[d];
  for (int d = 0; d < g->rank; d++)
    shape[n++] = g->shape[d];
  return n;
}

static loom_status allocate(ir_ctx *ir, const parallel *p, gathered *g) {
  int64_t shape[2 * DIALECT_RANK_MAX];
  text t = text_new(&ir->ctx->mem);
  text_add(&t, "memref<");
  add_shape(&t, shape, memory_shape(p, g, shape));
  text_addf(&t, "%s>", ir_print_type(&ir->ctx->mem, g->element));
  ir_builder at = ir_before(ir, p->op);
  const ir_named attrs[] = {{"operandSegmentSizes", ir_attr(ir, "array<i32: 0, 0>")}};
  g->memory = ir_build1(&at, "memref.alloc", ir_type(ir, text_str(&t)), 0, NULL, 1, attrs);
  return mlirValueIsNull(g->memory) ? LOOM_EBUG : LOOM_OK;
}

/* The part of this program (`own`: the slice that it contributes), with the static and dynamic dims of `like`. */
static MlirValue part(ir_builder *b, const parallel *p, MlirBlock body, const gathered *g, bool own, MlirType like) {
  ir_ctx *ir = b->ir;
  arena *m = &ir->ctx->mem;
  int64_t shape[2 * DIALECT_RANK_MAX], stride[2 * DIALECT_RANK_MAX], step = 1;
  int n = memory_shape(p, g, shape), outer = n - g->rank;
  for (int d = n - 1; d >= 0; step *= shape[d--])
    stride[d] = step;
  MlirValue operands[1 + DIALECT_RANK_MAX] = {g->memory};
  intptr_t n_operands = 1;
  text offsets = text_new(m), sizes = text_new(m), strides = text_new(m), type = text_new(m), layout = text_new(m), seen = text_new(m);
  for (int d = 0, iv = 0; d < n; d++) {
    bool is_index = d < outer || (d == outer && own);   /* a program's number here */
    if (d < outer)
      iv += iv == g->across;
    if (is_index)
      operands[n_operands++] = mlirBlockGetArgument(body, d < outer ? iv++ : g->across);
    text_addf(&offsets, d ? ", %s" : "%s", is_index ? "-9223372036854775808" : "0");
    text_addf(&sizes, d ? ", %" PRId64 : "%" PRId64, is_index ? 1 : shape[d]);
    text_add(&strides, d ? ", 1" : "1");
    if (is_index)
      continue;
    text_addf(&type, "%" PRId64 "x", shape[d]);
    text_addf(&layout, layout.size ? ", %" PRId64 : "%" PRId64, stride[d]);
  }
  const char *element = ir_print_type(m, g->element), *strided = text_str(&layout);
  MlirType narrow = ir_type(ir, arena_printf(m, "memref<%s%s, strided<[%s], offset: ?>>", text_str(&type), element, strided));
  const ir_named attrs[] = {{"operandSegmentSizes", ir_attr(ir, arena_printf(m, "array<i32: 1, %d, 0, 0>", (int)n_operands - 1))},
                            {"static_offsets", ir_attr(ir, arena_printf(m, "array<i64: %s>", text_str(&offsets)))},
                            {"static_sizes", ir_attr(ir, arena_printf(m, "array<i64: %s>", text_str(&sizes)))},
                            {"static_strides", ir_attr(ir, arena_printf(m, "array<i64: %s>", text_str(&strides)))}};
  MlirValue view = ir_build1(b, "memref.subview", narrow, n_operands, operands, 4, attrs);
  for (intptr_t d = 0; d < mlirShapedTypeGetRank(like); d++)
    if (mlirShapedTypeIsDynamicDim(like, d))
      text_add(&seen, "?x");
    else
      text_addf(&seen, "%" PRId64 "x", mlirShapedTypeGetDimSize(like, d));
  MlirType wide = ir_type(ir, arena_printf(m, "memref<%s%s, strided<[%s], offset: ?>>", text_str(&seen), element, strided));
  return mlirValueIsNull(view) || mlirTypeEqual(wide, narrow) ? view : ir_build1(b, "memref.cast", wide, 1, &view, 0, NULL);
}

/* ---- the two loops ---- */
static int find_gathers(MlirBlock body, MlirOperation *out) {
  int n = 0;
  for (MlirOperation op = mlirBlockGetFirstOperation(body); !mlirOperationIsNull(op); op = mlirOperationGetNextInBlock(op))
    if (ir_op_is(op, "loom.gather") && n < GATHERS_MAX)
      out[n++] = op;
  return n;
}

static bool is_side_effect(MlirOperation op, void *data) {
  MlirOperation *found = data;
  if (!ir_op_is(op, "memref.copy") && !ir_op_is(op, "memref.store") && !ir_op_is(op, "bufferization.materialize_in_destination"))
    return true;
  *found = op;
  return false;
}

/* What the first loop runs stores nothing else. */
static loom_status check_before(ir_ctx *ir, MlirBlock body, MlirOperation last) {
  for (MlirOperation op = mlirBlockGetFirstOperation(body); !mlirOperationEqual(op, last); op = mlirOperationGetNextInBlock(op)) {
    MlirOperation found = {NULL};
    if (!ir_walk(op, is_side_effect, &found))
      LOOM_FAIL(ir->ctx, ir_span(ir, found), LOOM_EUNSUP, "a store before a gather of the same loop");
  }
  return LOOM_OK;
}

static bool has_uses(MlirOperation op) {
  for (intptr_t i = 0; i < mlirOperationGetNumResults(op); i++)
    if (!mlirOpOperandIsNull(mlirValueGetFirstUse(mlirOperationGetResult(op, i))))
      return true;
  return false;
}

/* Erases what follows `last`, then what nobody reads. */
static void trim(MlirBlock body, MlirOperation last) {
  MlirOperation end = mlirBlockGetTerminator(body);
  for (bool again = true; again;) {
    again = false;
    bool behind = false;
    for (MlirOperation op = mlirBlockGetFirstOperation(body), next; !mlirOperationIsNull(op) && !mlirOperationEqual(op, end); op = next) {
      next = mlirOperationGetNextInBlock(op);
      bool keeps = !behind && (mlirOperationEqual(op, last) || ir_op_is(op, "bufferization.materialize_in_destination") || ir_op_is(op, "cf.assert"));
      behind |= mlirOperationEqual(op, last);
      if (!keeps && !has_uses(op)) {
        mlirOperationDestroy(op);
        again = true;
      }
    }
  }
}

/* Writes what gather `op` of the first loop collects; `at` is the last store. */
static loom_status store_part(ir_ctx *ir, const parallel *p, MlirBlock body, const gathered *g, MlirOperation op, MlirOperation *at) {
  MlirValue value = ir_operand(op, 0);
  MlirOperation from = ir_def(value);
  while (!mlirOperationIsNull(from) && ir_op_is(from, "memref.cast"))
    from = ir_def(ir_operand(from, 0));
  if (!mlirTypeIsARankedTensor(mlirValueGetType(value))) {
    if (mlirOperationIsNull(from) || !ir_op_is(from, "bufferization.to_buffer"))
      LOOM_FAIL(ir->ctx, ir_span(ir, op), LOOM_EUNSUP, "a gather of memory that holds no tensor of this loop");
    value = ir_operand(from, 0);
  }
  ir_builder b = ir_before(ir, op);
  MlirValue operands[2] = {value, part(&b, p, body, g, true, mlirValueGetType(ir_operand(op, 0)))};
  const ir_named attrs[] = {{"restrict", ir_unit_attr(ir)}, {"writable", ir_unit_attr(ir)}};
  if (mlirValueIsNull(operands[1]))
    return LOOM_EBUG;
  *at = ir_build(&b, "bufferization.materialize_in_destination", 0, NULL, 2, operands, 2, attrs, 0, NULL);
  return mlirOperationIsNull(*at) ? LOOM_EBUG : LOOM_OK;
}

static loom_status load_part(ir_ctx *ir, const parallel *p, const gathered *g, MlirOperation op) {
  MlirOperation from = ir_def(ir_operand(op, 0));
  ir_builder b = ir_before(ir, g->placeholder);
  bool is_tensor = mlirOperationGetNumResults(op) > 0;
  MlirType type = mlirValueGetType(ir_result(is_tensor ? op : g->placeholder, 0));
  MlirValue all = part(&b, p, p->body, g, false, type);
  if (mlirValueIsNull(all))
    return LOOM_EBUG;
  if (is_tensor) {   /* of tensors: the result is what was collected */
    const ir_named attrs[] = {{"restrict", ir_unit_attr(ir)}};
    all = ir_build1(&b, "bufferization.to_tensor", type, 1, &all, 1, attrs);
    if (mlirValueIsNull(all))
      return LOOM_EBUG;
    ir_replace_uses(ir_result(op, 0), all);
    return ir_erase(op) ? LOOM_OK : LOOM_EBUG;
  }
  mlirOperationDestroy(op);
  ir_replace_uses(ir_result(g->placeholder, 0), all);
  ir_erase(g->placeholder);
  ir_erase(from);
  return LOOM_OK;
}

static loom_status split(ir_ctx *ir, MlirOperation op) {
  parallel p;
  gathered g[GATHERS_MAX];
  MlirOperation gathers[GATHERS_MAX], first_gathers[GATHERS_MAX], last = {NULL};
  LOOM_TRY(read_parallel(ir, op, &p));
  int n = find_gathers(p.body, gathers);
  LOOM_TRY(check_before(ir, p.body, gathers[n - 1]));
  for (int i = 0; i < n; i++) {
    MlirOperation placeholder = ir_def(ir_operand(gathers[i], 1));
    while (!mlirOperationIsNull(placeholder) && ir_op_is(placeholder, "tensor.cast"))   /* of a tensor.empty whose sizes became known */
      placeholder = ir_def(ir_operand(placeholder, 0));
    g[i].across = ir_num_operands(gathers[i]) > 2 ? across_dim(&p, ir_operand(gathers[i], 2)) : -1;
    bool is_made = !mlirOperationIsNull(placeholder) && (ir_op_is(placeholder, "loom.placeholder") || ir_op_is(placeholder, "tensor.empty"));
    if (g[i].across < 0 || !is_made)
      LOOM_FAIL(ir->ctx, ir_span(ir, gathers[i]), LOOM_EUNSUP, "a gather is into a loom.placeholder or tensor.empty and across a dim of the parallel loop around it");
    LOOM_TRY(read_placeholder(ir, placeholder, &g[i]));
    LOOM_TRY(allocate(ir, &p, &g[i]));
  }
  MlirOperation first = mlirOperationClone(op);
  mlirBlockInsertOwnedOperationBefore(mlirOperationGetBlock(op), op, first);
  MlirBlock body = ir_body(first);
  find_gathers(body, first_gathers);
  for (int i = 0; i < n; i++)
    LOOM_TRY(store_part(ir, &p, body, &g[i], first_gathers[i], &last));
  trim(body, last);
  if (ir_count(first, "loom.gather"))
    LOOM_FAIL(ir->ctx, ir_span(ir, gathers[0]), LOOM_EUNSUP, "a gather of what another gather of the same loop has collected");
  for (int i = 0; i < n; i++)
    LOOM_TRY(load_part(ir, &p, &g[i], gathers[i]));
  return LOOM_OK;
}

typedef struct search { MlirOperation found; } search;

static bool find_parallel(MlirOperation op, void *data) {
  search *s = data;
  MlirOperation gathers[GATHERS_MAX];
  if (!ir_op_is(op, "affine.parallel") || !find_gathers(ir_body(op), gathers))
    return true;
  s->found = op;
  return false;
}

loom_status pass_lower_gather(ir_ctx *ir, MlirOperation func, const pass_options *o) {
  (void)o;
  for (;;) {
    search s = {{NULL}};
    ir_walk(func, find_parallel, &s);
    if (mlirOperationIsNull(s.found))
      return LOOM_OK;
    LOOM_TRY(split(ir, s.found));
  }
}
