/* The ops inside the parallel loops, in program order: loads, stores, loops, gathers and what one core does alone. */
#include "pass/extract_private.h"

/* ---- loads and stores ---- */

static loom_status load_part(extract *x, MlirOperation op, MlirType type, int *out) {
  nest_node access = *nest_make_node(x->mem, NEST_LOAD);
  LOOM_TRY(extract_access(x, op, ir_operand(op, 0), &access));
  nest_value v = {0};
  for (int d = 0; d < access.n_dims; d++)
    if (!access.dim[d].dropped)
      v.dim[v.rank++] = access.dim[d].size;
  if (!ir_type_dtype(type, &v.type))
    EXTRACT_UNSUP(x, op, "the element type of a load is not supported");
  LOOM_TRY(extract_memory(x, op, type, &v.memory));
  access.value = *out = extract_add_value(x, &v);
  access.only_first = x->only_first;
  nest_node *node = extract_add_node(x, op, NEST_LOAD, access.value);
  *node = access;
  return LOOM_OK;
}

static loom_status add_load(extract *x, MlirOperation op) {
  int value = extract_find_tile(x, ir_operand(op, 0));   /* a placeholder that a gather has filled */
  if (value < 0)
    LOOM_TRY(load_part(x, op, mlirValueGetType(ir_result(op, 0)), &value));
  extract_bind_tile(x, ir_result(op, 0), value);
  return LOOM_OK;
}

static loom_status store_part(extract *x, MlirOperation op, int value, MlirValue to) {
  nest_node access = *nest_make_node(x->mem, NEST_STORE);
  LOOM_TRY(extract_access(x, op, to, &access));
  LOOM_TRY(extract_check_store(x, op, &access));
  access.value = value;
  access.only_first = x->only_first;
  nest_node *node = extract_add_node(x, op, NEST_STORE, access.value);
  *node = access;
  x->nest->tensors.at[access.tensor].is_output = true;
  return LOOM_OK;
}

static loom_status add_store(extract *x, MlirOperation op, MlirValue tensor, MlirValue to) {
  int value;
  LOOM_TRY(extract_read_tile(x, op, tensor, &value));
  return store_part(x, op, value, to);
}

/* memref.copy of a tensor seen as memory, or from a part of an argument: what is loaded and stored at once. */
static loom_status add_copy(extract *x, MlirOperation op) {
  MlirOperation source = ir_def(ir_operand(op, 0));
  int value;
  if (ir_op_is(source, "bufferization.to_buffer"))
    return add_store(x, op, ir_operand(source, 0), ir_operand(op, 1));
  LOOM_TRY(load_part(x, op, mlirValueGetType(ir_operand(op, 0)), &value));
  return store_part(x, op, value, ir_operand(op, 1));
}

/* ---- gathers, and what the first core does alone ---- */

/* Sizes of the destination: of a tensor, or of a placeholder for one. */
static loom_status check_destination(extract *x, MlirOperation op, const nest_value *wanted) {
  MlirOperation to = ir_def(ir_operand(op, 1));
  MlirType type = mlirValueGetType(ir_operand(op, 1));
  bool is_known = ir_op_is(to, "tensor.empty") || ir_op_is(to, "loom.placeholder");
  if (!is_known)
    EXTRACT_UNSUP(x, op, "a gather must go to a tensor.empty or a loom.placeholder");
  if (!mlirTypeIsAShaped(type) || !mlirShapedTypeHasRank(type) || mlirShapedTypeGetRank(type) != wanted->rank)
    LOOM_FAIL(x->ctx, ir_span(x->ir, op), LOOM_EINPUT, "the destination of a gather must have one dimension more than the tile");
  intptr_t used = 0;
  for (int d = 0; d < wanted->rank; d++) {
    const sym_expr *size = sym_const(x->mem, mlirShapedTypeGetDimSize(type, d));
    if (mlirShapedTypeIsDynamicDim(type, d))
      LOOM_TRY(extract_expr(x, ir_operand(to, used++), &size));
    if (!sym_equal(size, wanted->dim[d]))
      LOOM_FAIL(x->ctx, ir_span(x->ir, op), LOOM_EINPUT, "dimension %d of the destination of a gather has size %s; expected %s", d,
                sym_str(x->mem, size), sym_str(x->mem, wanted->dim[d]));
  }
  return LOOM_OK;
}

/* loom.gather of tensors has a result; of memory it fills its placeholder. */
static loom_status add_gather(extract *x, MlirOperation op) {
  int across = extract_parallel_iterator(x, ir_operand(op, 2)), from;
  if (across < 0)
    EXTRACT_UNSUP(x, op, "a gather must go across one of the parallel loops: operand 2 must be its iterator");
  if (x->only_first >= 0)
    EXTRACT_UNSUP(x, op, "a gather inside 'scf.if' is not supported; all cores must send");
  MlirOperation memory = ir_def(ir_operand(op, 0));
  LOOM_TRY(extract_read_tile(x, op, ir_op_is(memory, "bufferization.to_buffer") ? ir_operand(memory, 0) : ir_operand(op, 0), &from));
  const nest_loop *l = &x->nest->loops.at[across];
  nest_value v = x->nest->values.at[from], all = {.type = v.type, .rank = v.rank + 1};
  if (all.rank > NEST_RANK_MAX)
    EXTRACT_UNSUP(x, op, "a gathered tile may have at most %d dimensions", NEST_RANK_MAX);
  all.dim[0] = sym_ceildiv(x->mem, l->extent, sym_name(x->mem, l->block));
  for (int d = 0; d < v.rank; d++)
    all.dim[d + 1] = v.dim[d];
  LOOM_TRY(check_destination(x, op, &all));
  int to = extract_add_value(x, &all);
  nest_node *node = extract_add_node(x, op, NEST_GATHER, to);
  node->across = across;
  vec_push(x->mem, &node->inputs, from);
  bool has_result = mlirOperationGetNumResults(op) > 0;
  extract_bind_tile(x, has_result ? ir_result(op, 0) : ir_operand(op, 1), to);
  return LOOM_OK;
}

/* Parallel loop whose first tile the condition asks for, -1: another condition. */
static int asks_for_first(extract *x, MlirValue condition) {
  MlirOperation cmp = ir_def(condition);
  int64_t predicate, zero;
  if (!ir_op_is(cmp, "arith.cmpi") || !ir_attr_int(ir_attr_of(cmp, "predicate"), &predicate) || predicate != 0 /* eq */)
    return -1;
  for (intptr_t i = 0; i < 2; i++)
    if (ir_const_int(ir_operand(cmp, i), &zero) && zero == 0) {
      MlirValue v = ir_operand(cmp, 1 - i);
      while (ir_op_is(ir_def(v), "arith.index_cast"))
        v = ir_operand(ir_def(v), 0);
      return extract_parallel_iterator(x, v);
    }
  return -1;
}

static loom_status add_if(extract *x, MlirOperation op) {
  int loop = asks_for_first(x, ir_operand(op, 0)), outer = x->only_first;
  MlirRegion otherwise = ir_region(op, 1);
  bool has_else = !mlirRegionIsNull(otherwise) && !mlirBlockIsNull(mlirRegionGetFirstBlock(otherwise));
  if (loop < 0 || mlirOperationGetNumResults(op) != 0 || has_else || (outer >= 0 && outer != loop))
    EXTRACT_UNSUP(x, op, "'scf.if' must ask whether the iterator of one parallel loop is 0, without 'else' and results");
  x->only_first = loop;
  LOOM_TRY(extract_block(x, ir_body(op)));
  x->only_first = outer;
  return LOOM_OK;
}

/* ---- loops ---- */

/* The initial values of the accumulators: each gets a value of its own, which the loop keeps. */
static loom_status start_accumulators(extract *x, MlirOperation op, int *values) {
  intptr_t n = mlirOperationGetNumResults(op), first = ir_num_operands(op) - n;
  for (intptr_t i = 0; i < n; i++) {
    MlirValue init = ir_operand(op, first + i);
    if (!mlirTypeIsATensor(mlirValueGetType(init)))
      EXTRACT_UNSUP(x, op, "a loop carries a value that is no tile");
    LOOM_TRY(extract_take_tile(x, op, init, &values[i]));
    x->nest->values.at[values[i]].is_carried = true;
  }
  return LOOM_OK;
}

/* Accumulators that the loop replaces get their next values by moves.  An accumulator is overwritten when no other move needs its old value. */
static loom_status move_accumulators(extract *x, MlirOperation yield, const int *values) {
  intptr_t n = ir_num_operands(yield), waiting = 0;
  int *next = ARENA_NEW_N(x->mem, int, n + 1);
  bool *is_moved = ARENA_NEW_N(x->mem, bool, n + 1);
  for (intptr_t i = 0; i < n; i++) {
    LOOM_TRY(extract_read_tile(x, yield, ir_operand(yield, i), &next[i]));
    is_moved[i] = next[i] == values[i];
    waiting += !is_moved[i];
  }
  for (intptr_t before = 0; waiting > 0 && before != waiting;) {
    before = waiting;
    for (intptr_t i = 0; i < n; i++) {
      bool is_needed = false;
      for (intptr_t k = 0; k < n; k++)
        is_needed = is_needed || (k != i && !is_moved[k] && next[k] == values[i]);
      if (is_moved[i] || is_needed)
        continue;
      nest_node *node = extract_add_node(x, yield, NEST_COMPUTE, values[i]);
      node->op = "move";
      node->is_move = true;
      vec_push(x->mem, &node->inputs, next[i]);
      is_moved[i] = true;
      waiting--;
    }
  }
  if (waiting > 0)
    EXTRACT_UNSUP(x, yield, "accumulators of the loop change places with each other");
  return LOOM_OK;
}

static loom_status add_loop(extract *x, MlirOperation op) {
  intptr_t n = mlirOperationGetNumResults(op);
  int *values = ARENA_NEW_N(x->mem, int, n + 1), loop;
  LOOM_TRY(start_accumulators(x, op, values));
  LOOM_TRY(extract_sequential(x, op, &loop));
  MlirBlock block = ir_body(op);
  for (intptr_t i = 0; i < n; i++)
    extract_bind_tile(x, mlirBlockGetArgument(block, i + 1), values[i]);
  nest_node *node = extract_add_node(x, op, NEST_LOOP, 0);
  node->loop = loop;
  nest_body *outer_body = x->body;
  int outer_parent = x->parent;
  x->body = &node->body;
  x->parent = loop;
  LOOM_TRY(extract_block(x, block));
  LOOM_TRY(move_accumulators(x, mlirBlockGetTerminator(block), values));
  for (intptr_t i = 0; i < n; i++)
    extract_bind_tile(x, ir_result(op, i), values[i]);
  x->body = outer_body;
  x->parent = outer_parent;
  return LOOM_OK;
}

/* ---- all ops ---- */

/* Ops read where they are used: index arithmetic, views, shapes and fills. */
static bool is_silent(MlirOperation op) {
  static const char *const prefixes[] = {"arith.", "affine.apply", "affine.min", "affine.max", "memref.subview", "loom.lookup", "memref.cast", "tensor.empty",
                                         "linalg.fill", "loom.sym", "loom.placeholder", "bufferization.to_buffer", "scf.yield", "affine.yield"};
  for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
    if (text_starts(ir_op_name(op), prefixes[i]))
      return true;
  return false;
}

static loom_status add_op(extract *x, MlirOperation op) {
  if (is_silent(op))
    return LOOM_OK;
  if (ir_op_is(op, "bufferization.to_tensor"))
    return add_load(x, op);
  if (ir_op_is(op, "memref.copy"))
    return add_copy(x, op);
  if (ir_op_is(op, "bufferization.materialize_in_destination"))
    return add_store(x, op, ir_operand(op, 0), ir_operand(op, 1));
  if (ir_op_is(op, "scf.for") || ir_op_is(op, "affine.for"))
    return add_loop(x, op);
  if (ir_op_is(op, "linalg.matmul") || ir_op_is(op, "linalg.batch_matmul"))
    return extract_matmul(x, op);
  if (ir_op_is(op, "linalg.generic"))
    return extract_generic(x, op);
  if (ir_op_is(op, "loom.broadcast") || ir_op_is(op, "linalg.transpose"))
    return extract_rearrange(x, op, ir_op_is(op, "loom.broadcast") ? "broadcast" : "transpose");
  if (ir_op_is(op, "loom.gather"))
    return add_gather(x, op);
  if (ir_op_is(op, "scf.if"))
    return add_if(x, op);
  if (ir_op_is(op, "bufferization.alloc_tensor") && ir_num_operands(op) == 1)      /* what pass_fold_load_copy.c leaves */
    return extract_refuse_reload(x, op);
  EXTRACT_UNSUP(x, op, "'%s' inside a kernel is not supported yet", ir_op_name(op));
}

loom_status extract_block(extract *x, MlirBlock block) {
  for (MlirOperation op = mlirBlockGetFirstOperation(block); !mlirOperationIsNull(op); op = mlirOperationGetNextInBlock(op))
    LOOM_TRY(add_op(x, op));
  return LOOM_OK;
}
