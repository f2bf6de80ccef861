/* Loads lifted out of loops they stand still in, one more function for each: what upstream's first generation called hoist_block_loading.
 * A load is a reinterpret_cast copied into a buffer of its own.  Going outwards it may pass one loop it moves with, whose trips are known: the buffer
 * becomes a panel of all the tiles; then it passes every loop it does not move with.  A function is made only when it passes one of those. */
#include "pass/access_query.h"

enum { FUNCTIONS_MAX = 4096 };

typedef struct lift {
  pass_access access;
  MlirOperation buffer, apply;      /* memref.alloc; affine.apply of the offset, null: a constant offset */
  pass_loop panel;                  /* op null: none */
  int64_t panel_from, panel_step, panel_stride;      /* elements between two of its tiles */
  MlirOperation outermost;          /* loop it ends up in front of */
} lift;

static bool reads_static(MlirOperation view, const char *name, int64_t *out, intptr_t *out_n) {
  MlirAttribute a = ir_attr_of(view, name);
  if (mlirAttributeIsNull(a) || !mlirAttributeIsADenseI64Array(a) || mlirDenseArrayGetNumElements(a) >= DIALECT_RANK_MAX)
    return false;
  *out_n = mlirDenseArrayGetNumElements(a);
  for (intptr_t i = 0; i < *out_n; i++)
    if ((out[i] = mlirDenseI64ArrayGetElement(a, i)) == INT64_MIN)
      return false;
  return true;
}

/* The load is a copy of a reinterpret_cast with static sizes and strides into a fresh buffer that is only read as a tensor. */
static bool read_load(const pass_access *a, lift *out) {
  int64_t numbers[DIALECT_RANK_MAX];
  intptr_t n;
  *out = (lift){.access = *a, .buffer = ir_def(ir_operand(a->copy, 1))};
  if (a->is_store || !ir_op_is(a->copy, "memref.copy") || !ir_op_is(a->view, "memref.reinterpret_cast") || !ir_op_is(out->buffer, "memref.alloc") ||
      !mlirValueEqual(ir_operand(a->view, 0), a->memory) || !reads_static(a->view, "static_sizes", numbers, &n) || !reads_static(a->view, "static_strides", numbers, &n))
    return false;
  for (MlirOpOperand u = mlirValueGetFirstUse(ir_result(out->buffer, 0)); !mlirOpOperandIsNull(u); u = mlirOpOperandGetNextUse(u)) {
    MlirOperation user = mlirOpOperandGetOwner(u);
    if (!mlirOperationEqual(user, a->copy) && !ir_op_is(user, "bufferization.to_tensor"))
      return false;
  }
  if (ir_num_operands(a->view) == 1)
    return true;
  out->apply = ir_def(ir_operand(a->view, 1));
  return ir_num_operands(a->view) == 2 && ir_op_is(out->apply, "affine.apply");
}

/* How far the place moves when `iv` goes up by one, which must be the same everywhere. */
static bool read_stride(ir_ctx *ir, MlirOperation apply, MlirValue iv, int64_t *out) {
  MlirAffineMap map = mlirAffineMapAttrGetValue(ir_attr_of(apply, "map"));
  intptr_t dims = mlirAffineMapGetNumDims(map), symbols = mlirAffineMapGetNumSymbols(map);
  MlirAffineExpr *next = ARENA_NEW_N(&ir->ctx->scratch, MlirAffineExpr, dims + 1), e = mlirAffineMapGetResult(map, 0);
  bool found = false;
  for (intptr_t d = 0; d < dims; d++) {
    bool is_iv = mlirValueEqual(ir_operand(apply, d), iv);
    next[d] = mlirAffineDimExprGet(ir->mlir, d);
    if (is_iv)
      next[d] = mlirAffineAddExprGet(next[d], mlirAffineConstantExprGet(ir->mlir, 1));
    found = found || is_iv;
  }
  if (!found)
    return false;
  MlirAffineExpr moved = mlirAffineExprCompose(e, mlirAffineMapGet(ir->mlir, dims, symbols, dims, next));
  MlirAffineExpr difference = mlirAffineAddExprGet(moved, mlirAffineMulExprGet(e, mlirAffineConstantExprGet(ir->mlir, -1)));
  difference = mlirSimplifyAffineExpr(difference, (uint32_t)dims, (uint32_t)symbols);
  *out = mlirAffineExprIsAConstant(difference) ? mlirAffineConstantExprGetValue(difference) : 0;
  return mlirAffineExprIsAConstant(difference);
}

static bool read_panel(ir_ctx *ir, lift *l, const pass_loop *loop) {
  if (loop->trips < 1 || mlirOperationIsNull(l->apply) || !read_stride(ir, l->apply, loop->iv, &l->panel_stride))
    return false;
  if (ir_op_is(loop->op, "scf.for"))
    return ir_const_int(ir_operand(loop->op, 0), &l->panel_from) && ir_const_int(ir_operand(loop->op, 2), &l->panel_step);
  l->panel_from = mlirAffineMapGetSingleConstantResult(mlirAffineMapAttrGetValue(ir_attr_of(loop->op, "lowerBoundMap")));
  return ir_attr_int(ir_attr_of(loop->op, "step"), &l->panel_step);
}

/* Nothing in the function writes the memory that is read. */
static bool is_only_read(const pass_accesses *all, MlirValue memory) {
  for (size_t i = 0; i < all->n; i++)
    if (all->at[i].is_store && mlirValueEqual(all->at[i].memory, memory))
      return false;
  return true;
}

static bool is_inside(MlirOperation op, MlirOperation loop) {
  while (!mlirOperationIsNull(op) && !mlirOperationEqual(op, loop))
    op = mlirOperationGetParentOperation(op);
  return !mlirOperationIsNull(op);
}

/* Whether `v` can be computed in front of `loop`: made outside of it, or by affine.apply of such values (the panel's index is its first value there). */
static bool is_movable(const lift *l, MlirOperation loop, MlirValue v, int depth) {
  MlirOperation op = ir_def(v);
  if ((!mlirOperationIsNull(l->panel.op) && mlirValueEqual(v, l->panel.iv)) || mlirOperationIsNull(op) || !is_inside(op, loop))
    return true;      /* indices of loops it passes are not among its inputs */
  if (depth > 8 || (!ir_op_is(op, "affine.apply") && !ir_op_is(op, "arith.constant")))
    return false;
  for (intptr_t i = 0; i < ir_num_operands(op); i++)
    if (!is_movable(l, loop, ir_operand(op, i), depth + 1))
      return false;
  return true;
}

/* A movable `v` in front of `b`. */
static MlirValue copy_outside(ir_ctx *ir, ir_builder *b, MlirOperation loop, const lift *l, MlirValue v) {
  MlirOperation op = ir_def(v);
  if (!mlirOperationIsNull(l->panel.op) && mlirValueEqual(v, l->panel.iv))
    return ir_index_const(b, l->panel_from);
  if (mlirOperationIsNull(op) || !is_inside(op, loop))
    return v;
  MlirOperation copy = mlirOperationClone(op);
  mlirBlockInsertOwnedOperationBefore(b->block, b->before, copy);
  for (intptr_t i = 0; i < ir_num_operands(op); i++) {
    ir_builder in = ir_before(ir, copy);
    mlirOperationSetOperand(copy, i, copy_outside(ir, &in, loop, l, ir_operand(op, i)));
  }
  return ir_result(copy, 0);
}

static bool find_lift(ir_ctx *ir, const pass_accesses *all, const pass_access *a, lift *out) {
  pass_loop loops[PASS_LOOPS_MAX];
  value_set ivs = {0};
  bool has_passed = false;
  if (!read_load(a, out) || !is_only_read(all, a->memory))
    return false;
  int n = pass_enclosing_loops(ir, a->copy, loops);
  pass_access_ivs(ir, a, &ivs);
  if (n && !mlirOperationEqual(mlirOperationGetParentOperation(a->copy), loops[n - 1].op))
    return false;      /* under a condition */
  for (int k = n - 1; k >= 0 && loops[k].kind != LOOP_SPATIAL && !ir_op_is(loops[k].op, "affine.parallel"); k--) {
    bool moves = value_set_has(&ivs, loops[k].iv);
    if (moves && (has_passed || !mlirOperationIsNull(out->panel.op) || !read_panel(ir, out, &loops[k])))
      break;
    if (moves)
      out->panel = loops[k];
    has_passed = has_passed || !moves;
    out->outermost = loops[k].op;
    if (k > 0 && !mlirOperationEqual(mlirOperationGetParentOperation(loops[k].op), loops[k - 1].op))
      break;
  }
  return has_passed && (mlirOperationIsNull(out->apply) || is_movable(out, out->outermost, ir_result(out->apply, 0), 0));
}

static MlirAttribute numbers_attr(ir_ctx *ir, const int64_t *at, intptr_t n) { return mlirDenseI64ArrayGet(ir->mlir, n, at); }

/* memref<8x64x64xf32, strided<[64, 512, 1], offset: ?>>, or without a layout (strides NULL). */
static MlirType memory_type(ir_ctx *ir, const int64_t *shape, const int64_t *strides, intptr_t n, MlirType element) {
  text t = text_new(&ir->ctx->scratch);
  text_add(&t, "memref<");
  for (intptr_t i = 0; i < n; i++)
    text_addf(&t, "%" PRId64 "x", shape[i]);
  text_add(&t, ir_print_type(&ir->ctx->scratch, element));
  for (intptr_t i = 0; strides && i < n; i++)
    text_addf(&t, "%s%" PRId64, i ? ", " : ", strided<[", strides[i]);
  text_add(&t, strides ? "], offset: ?>>" : ">");
  return ir_type(ir, text_str(&t));
}

/* The tile of this turn: a part of the panel. */
static MlirValue take_tile(ir_ctx *ir, const lift *l, MlirValue panel, const int64_t *shape, intptr_t rank, MlirType element) {
  int64_t offsets[DIALECT_RANK_MAX] = {INT64_MIN}, sizes[DIALECT_RANK_MAX] = {1}, ones[DIALECT_RANK_MAX] = {1}, strides[DIALECT_RANK_MAX], step = 1;
  ir_builder b = ir_before(ir, l->access.copy);
  MlirValue index = l->panel.iv;
  for (intptr_t i = rank; i > 0; i--) {
    sizes[i] = shape[i - 1];
    ones[i] = 1;
    offsets[i] = 0;
    strides[i - 1] = step;
    step *= shape[i - 1];
  }
  if (l->panel_from != 0 || l->panel_step != 1) {
    MlirAffineExpr e = mlirAffineAddExprGet(mlirAffineDimExprGet(ir->mlir, 0), mlirAffineConstantExprGet(ir->mlir, -l->panel_from));
    e = mlirAffineFloorDivExprGet(e, mlirAffineConstantExprGet(ir->mlir, l->panel_step));
    index = ir_build1(&b, "affine.apply", ir_index_type(ir), 1, &index, 1, &(ir_named){"map", mlirAffineMapAttrGet(mlirAffineMapGet(ir->mlir, 1, 0, 1, &e))});
  }
  const ir_named attrs[] = {{"operandSegmentSizes", ir_attr(ir, "array<i32: 1, 1, 0, 0>")},
                            {"static_offsets", numbers_attr(ir, offsets, rank + 1)},
                            {"static_sizes", numbers_attr(ir, sizes, rank + 1)},
                            {"static_strides", numbers_attr(ir, ones, rank + 1)}};
  return ir_build1(&b, "memref.subview", memory_type(ir, shape, strides, rank, element), 2, (MlirValue[]){panel, index}, 4, attrs);
}

static loom_status apply_lift(ir_ctx *ir, const lift *l) {
  int64_t sizes[DIALECT_RANK_MAX] = {0}, strides[DIALECT_RANK_MAX] = {0};
  intptr_t rank = 0, n_operands = 1;
  ir_builder b = ir_before(ir, l->outermost);
  MlirOperation view = l->access.view;
  bool is_panel = !mlirOperationIsNull(l->panel.op);
  MlirType element = mlirShapedTypeGetElementType(mlirValueGetType(ir_result(l->buffer, 0)));
  MlirValue operands[2] = {l->access.memory};
  if (ir_num_operands(view) > 1)
    operands[n_operands++] = copy_outside(ir, &b, l->outermost, l, ir_operand(view, 1));
  reads_static(view, "static_sizes", sizes + is_panel, &rank);
  reads_static(view, "static_strides", strides + is_panel, &rank);
  sizes[0] = is_panel ? l->panel.trips : sizes[0];
  strides[0] = is_panel ? l->panel_stride * l->panel_step : strides[0];
  const ir_named attrs[] = {{"operandSegmentSizes", ir_attr(ir, arena_printf(&ir->ctx->scratch, "array<i32: 1, %d, 0, 0>", (int)n_operands - 1))},
                            {"static_offsets", ir_attr_of(view, "static_offsets")},
                            {"static_sizes", numbers_attr(ir, sizes, rank + is_panel)},
                            {"static_strides", numbers_attr(ir, strides, rank + is_panel)}};
  MlirType wide = is_panel ? memory_type(ir, sizes, strides, rank + 1, element) : mlirValueGetType(ir_result(view, 0));
  MlirValue from = ir_build1(&b, "memref.reinterpret_cast", wide, n_operands, operands, 4, attrs);
  const ir_named no_sizes = {"operandSegmentSizes", ir_attr(ir, "array<i32: 0, 0>")};
  MlirType type = is_panel ? memory_type(ir, sizes, NULL, rank + 1, element) : mlirValueGetType(ir_result(l->buffer, 0));
  MlirValue buffer = ir_build1(&b, "memref.alloc", type, 0, NULL, 1, &no_sizes);
  if (mlirValueIsNull(from) || mlirValueIsNull(buffer) || mlirOperationIsNull(ir_build(&b, "memref.copy", 0, NULL, 2, (MlirValue[]){from, buffer}, 0, NULL, 0, NULL)))
    return LOOM_EBUG;
  MlirValue tile = is_panel ? take_tile(ir, l, buffer, sizes + 1, rank, element) : buffer;
  if (mlirValueIsNull(tile))
    return LOOM_EBUG;
  ir_erase(l->access.copy);
  for (MlirOpOperand u = mlirValueGetFirstUse(ir_result(l->buffer, 0)); !mlirOpOperandIsNull(u); u = mlirValueGetFirstUse(ir_result(l->buffer, 0))) {
    MlirOperation user = mlirOpOperandGetOwner(u);
    mlirOperationSetOperand(user, mlirOpOperandGetOperandNumber(u), tile);
    ir_set_attr(user, "writable", (MlirAttribute){NULL});      /* it is read again in the next turn */
  }
  ir_erase(l->buffer);
  return ir_erase(view) ? LOOM_OK : LOOM_EBUG;
}

typedef struct funcs { ir_ctx *ir; VEC_OF(MlirOperation) at; size_t written; } funcs;

static bool list_func(MlirOperation op, void *data) {
  funcs *f = data;
  if (ir_op_is(op, "func.func"))
    vec_push(&f->ir->ctx->mem, &f->at, op);
  return true;
}

static loom_status lift_loads(funcs *f, MlirOperation func) {
  ir_ctx *ir = f->ir;
  pass_accesses all = {0};
  MlirOperation last = func;
  if (!mlirAttributeIsNull(ir_attr_of(func, "loom.hoisted")))
    return LOOM_OK;      /* done before */
  pass_list_accesses(ir, func, &all);
  MlirOperation original = mlirOperationClone(func);
  ir_set_attr(func, "loom.hoisted", ir_bool_attr(ir, false));
  loom_status st = LOOM_OK;
  size_t load = 0;
  for (size_t i = 0; st == LOOM_OK && i < all.n; load += !all.at[i++].is_store) {
    lift l;
    pass_accesses again = {0};
    if (!find_lift(ir, &all, &all.at[i], &l))
      continue;
    if (++f->written > FUNCTIONS_MAX) {
      st = diag_error(ir->ctx, ir_span(ir, func), LOOM_ELIMIT, "more than %d lifted loads; they are not written as functions", FUNCTIONS_MAX);
      break;
    }
    MlirOperation copy = mlirOperationClone(original);
    mlirBlockInsertOwnedOperationAfter(mlirOperationGetBlock(func), last, copy);
    last = copy;
    ir_set_attr(copy, "sym_name", ir_str_attr(ir, arena_printf(&ir->ctx->mem, "%s__hoist_block_%zu", ir_func_name(&ir->ctx->mem, func), load)));
    ir_set_attr(copy, "loom.hoisted", ir_bool_attr(ir, true));
    pass_list_accesses(ir, copy, &again);
    find_lift(ir, &again, &again.at[i], &l);
    st = apply_lift(ir, &l);
  }
  mlirOperationDestroy(original);
  return st;
}

loom_status pass_hoist_loads(ir_ctx *ir, MlirOperation module, const pass_options *o) {
  (void)o;
  funcs f = {.ir = ir};
  ir_walk(module, list_func, &f);
  for (size_t i = 0; i < f.at.n; i++)
    LOOM_TRY(lift_loads(&f, f.at.at[i]));
  return LOOM_OK;
}
