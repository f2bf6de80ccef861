/* Outlining: one compute op on L1 buffers becomes a tile function on its own (cpu.h gives the form). */
#include "tog/build/tog_build_private.h"
#include <string.h>

void build_destinations(MlirOperation op, intptr_t *first, intptr_t *count) {
  if (!ir_segment(op, 1, first, count)) {
    *first = ir_num_operands(op) - 1;
    *count = 1;
  }
}

/* Operands that are tiles or scalars: the region of a copy is not (it stays in its core). */
static intptr_t num_tiles(MlirOperation op) { return ir_op_is(op, "loom.copy") ? 2 : ir_num_operands(op); }

/* What one outlined function takes: nominal buffers, then index values. */
typedef struct outline {
  build *b;
  tog_node *node;
  VEC_OF(MlirValue) outer, inner;      /* a value of the program and what stands for it inside */
  VEC_OF(MlirValue) buffers, extents, numbers;  /* arguments in order */
  bool failed;                         /* a part could not be copied; diagnosed */
} outline;

static bool mapped(outline *o, MlirValue v, MlirValue *out) {
  for (size_t i = 0; i < o->outer.n; i++)
    if (mlirValueEqual(o->outer.at[i], v)) {
      *out = o->inner.at[i];
      return true;
    }
  return false;
}

static void map(outline *o, MlirValue outer, MlirValue inner) {
  vec_push(o->b->mem, &o->outer, outer);
  vec_push(o->b->mem, &o->inner, inner);
}

static bool holds(const MlirValue *at, size_t n, MlirValue v) {
  for (size_t i = 0; i < n; i++)
    if (mlirValueEqual(at[i], v))
      return true;
  return false;
}

/* Is `v` made by ops that can be repeated inside the function (constants, views)? */
static bool is_repeatable(MlirOperation op) {
  return !mlirOperationIsNull(op) && (ir_op_is(op, "arith.constant") || ir_op_is(op, "memref.subview") || ir_op_is(op, "memref.cast"));
}

/* Is `v` defined inside `op` (by an operation or as a block argument)? */
static bool is_inside(MlirOperation op, MlirValue v) {
  MlirOperation at = mlirValueIsABlockArgument(v) ? mlirBlockGetParentOperation(mlirBlockArgumentGetOwner(v)) : mlirOperationGetParentOperation(ir_def(v));
  for (; !mlirOperationIsNull(at); at = mlirOperationGetParentOperation(at))
    if (mlirOperationEqual(at, op))
      return true;
  return false;
}

/* Values that the regions of `op` use but do not define: a constant that was moved out of a linalg.generic. */
typedef struct capture_scan { arena *mem; MlirOperation op; VEC_OF(MlirValue) found; } capture_scan;

static bool visit_capture(MlirOperation inner, void *data) {
  capture_scan *c = data;
  for (intptr_t i = 0; !mlirOperationEqual(inner, c->op) && i < ir_num_operands(inner); i++)
    if (!is_inside(c->op, ir_operand(inner, i)))
      vec_push(c->mem, &c->found, ir_operand(inner, i));
  return true;
}

static capture_scan captures_of(arena *mem, MlirOperation op) {
  capture_scan c = {.mem = mem, .op = op};
  ir_walk(op, visit_capture, &c);
  return c;
}

/* Accesses name a buffer and mean its one slot that is taken (see add_take), so every slot is an argument of its own. */
static loom_status add_tile(outline *o, MlirOperation op, MlirValue v) {
  if (!build_slot_of(o->b, v))
    LOOM_FAIL(o->b->ctx, ir_span(o->b->ir, op), LOOM_EUNSUP, "'%s' works on memory that is no L1 buffer", ir_op_name(op));
  if (!holds(o->buffers.at, o->buffers.n, v))
    vec_push(o->b->mem, &o->buffers, v);
  return LOOM_OK;
}

/* What a body uses from outside: constants are repeated inside, index values become arguments. */
static loom_status add_capture(outline *o, MlirOperation op, MlirValue v) {
  MlirOperation def = ir_def(v);
  if (!mlirOperationIsNull(def) && ir_op_is(def, "arith.constant"))
    return LOOM_OK;
  if (!mlirTypeIsAIndex(mlirValueGetType(v)))
    LOOM_FAIL(o->b->ctx, ir_span(o->b->ir, op), LOOM_EUNSUP, "the body of '%s' uses a value that is computed outside of it", ir_op_name(op));
  if (!holds(o->numbers.at, o->numbers.n, v))
    vec_push(o->b->mem, &o->numbers, v);
  return LOOM_OK;
}

/* First pass: which buffers and index values does the op need? */
static loom_status collect(outline *o, MlirOperation op) {
  capture_scan captured = captures_of(o->b->mem, op);
  for (size_t i = 0; i < captured.found.n; i++)
    LOOM_TRY(add_capture(o, op, captured.found.at[i]));
  bool is_view = ir_op_is(op, "memref.subview");
  if (is_view)
    LOOM_TRY(build_check_view(o->b, op));
  for (intptr_t i = 0; i < num_tiles(op); i++) {
    MlirValue v = ir_operand(op, i);
    MlirOperation def = ir_def(v);
    if (is_repeatable(def)) {
      LOOM_TRY(collect(o, def));
    } else if (mlirTypeIsAMemRef(mlirValueGetType(v))) {
      LOOM_TRY(add_tile(o, op, v));
    } else if (is_view && mlirTypeIsAIndex(mlirValueGetType(v))) {
      if (!holds(o->extents.at, o->extents.n, v))
        vec_push(o->b->mem, &o->extents, v);
    } else {
      LOOM_FAIL(o->b->ctx, ir_span(o->b->ir, op), LOOM_EUNSUP, "'%s' takes a scalar that is computed outside of it", ir_op_name(op));
    }
  }
  return LOOM_OK;
}

/* Nested operands of a copy still name the program's values: give them what stands for them inside. */
static bool redirect_captures(MlirOperation inner, void *data) {
  outline *o = data;
  MlirValue copy;
  for (intptr_t i = 0; i < ir_num_operands(inner); i++)
    if (mapped(o, ir_operand(inner, i), &copy))
      mlirOperationSetOperand(inner, i, copy);
  return true;
}

/* loom.matmul overwrites its destination: zero it, then accumulate. */
static MlirOperation copy_overwriting_matmul(outline *o, ir_builder *at, const MlirValue *operands, bool batched) {
  arena *mem = o->b->mem;
  const char *names[3];
  for (int i = 0; i < 3; i++)
    names[i] = ir_print_type(mem, mlirValueGetType(operands[i]));
  MlirType element = mlirShapedTypeGetElementType(mlirValueGetType(operands[2]));
  const char *e = ir_print_type(mem, element), *op = batched ? "batch_matmul" : "matmul", *zero = mlirTypeIsAFloat(element) ? "0.0" : "0";
  const char *src = arena_printf(mem,
                                 "func.func @f(%%a: %s, %%b: %s, %%c: %s) {\n %%z = arith.constant %s : %s\n linalg.fill ins(%%z : %s) outs(%%c : %s)\n"
                                 " linalg.%s ins(%%a, %%b : %s, %s) outs(%%c : %s)\n return\n}\n",
                                 names[0], names[1], names[2], zero, e, e, names[2], op, names[0], names[1], names[2]);
  MlirModule m;
  MlirOperation last = {NULL};
  if (ir_parse_own(o->b->ir, "loom.matmul", src, strlen(src), &m) != LOOM_OK)
    return last;
  MlirBlock body = ir_body(ir_find_func(m, NULL));
  for (int i = 0; i < 3; i++)
    ir_replace_uses(mlirBlockGetArgument(body, i), operands[i]);
  for (int i = 0; i < 3; i++) {   /* constant, fill, matmul */
    last = mlirBlockGetFirstOperation(body);
    mlirOperationRemoveFromParent(last);
    mlirBlockAppendOwnedOperation(at->block, last);
  }
  ir_close_module(m);
  return last;
}

/* Second pass: copies `op` and what it needs into the function. */
static MlirOperation copy_in(outline *o, MlirBlock block, MlirOperation op) {
  intptr_t n = num_tiles(op);
  MlirValue *inner = ARENA_NEW_N(o->b->mem, MlirValue, n);
  for (intptr_t i = 0; i < n; i++) {
    MlirValue v = ir_operand(op, i);
    if (!mapped(o, v, &inner[i])) {
      inner[i] = ir_result(copy_in(o, block, ir_def(v)), 0);
      map(o, v, inner[i]);
    }
  }
  ir_builder at = ir_at_end(o->b->ir, block);
  MlirOperation c;
  if (ir_op_is(op, "loom.copy")) {
    c = ir_build(&at, "memref.copy", 0, NULL, 2, inner, 0, NULL, 0, NULL);
  } else if (ir_op_is(op, "loom.matmul") || ir_op_is(op, "loom.batch_matmul")) {
    c = copy_overwriting_matmul(o, &at, inner, ir_op_is(op, "loom.batch_matmul"));
  } else {
    capture_scan captured = captures_of(o->b->mem, op);
    for (size_t i = 0; i < captured.found.n; i++) {
      MlirValue v = captured.found.at[i], copy;
      if (!mapped(o, v, &copy))
        map(o, v, ir_result(copy_in(o, block, ir_def(v)), 0));
    }
    c = mlirOperationClone(op);
    for (intptr_t i = 0; i < n; i++)
      mlirOperationSetOperand(c, i, inner[i]);
    mlirBlockAppendOwnedOperation(block, c);
    ir_walk(c, redirect_captures, o);
  }
  o->failed |= mlirOperationIsNull(c);
  return c;
}

/* Text of the function; equal ops give equal text, so that a function is made once. */
static const char *function_text(outline *o, MlirOperation op, const char *name) {
  build *b = o->b;
  size_t n_tiles = o->buffers.n, n_args = n_tiles + o->extents.n;
  intptr_t n = (intptr_t)(n_args + o->numbers.n);
  MlirType *types = ARENA_NEW_N(b->mem, MlirType, n);
  for (size_t i = 0; i < o->buffers.n; i++)
    types[i] = mlirValueGetType(o->buffers.at[i]);
  for (size_t i = n_tiles; i < (size_t)n; i++)
    types[i] = ir_index_type(b->ir);
  MlirBlock block;
  MlirRegion region = ir_new_region(b->ir, n, types, &block);
  o->outer.n = o->inner.n = 0;
  for (intptr_t i = 0; i < n; i++)
    map(o, (size_t)i < n_tiles ? o->buffers.at[i] : (size_t)i < n_args ? o->extents.at[(size_t)i - n_tiles] : o->numbers.at[(size_t)i - n_args],
        mlirBlockGetArgument(block, i));
  copy_in(o, block, op);
  MlirModule m = mlirModuleCreateEmpty(b->ir->unknown);
  ir_builder end = ir_at_end(b->ir, block);
  ir_build(&end, "func.return", 0, NULL, 0, NULL, 0, NULL, 0, NULL);
  ir_builder top = ir_at_end(b->ir, mlirModuleGetBody(m));
  ir_named attrs[] = {{"sym_name", ir_str_attr(b->ir, name)},
                      {"function_type", ir_type_attr(mlirFunctionTypeGet(b->ir->mlir, n, types, 0, NULL))},
                      {"loom.tile_function", ir_unit_attr(b->ir)}};
  MlirOperation f = ir_build(&top, "func.func", 0, NULL, 0, NULL, 3, attrs, 1, &region);
  const char *printed = mlirOperationIsNull(f) || o->failed ? NULL : ir_print(b->mem, f, false);
  ir_close_module(m);
  return printed;
}

static loom_status find_or_add(outline *o, MlirOperation op, int *out) {
  tog *t = o->b->tog;
  const char *stem = strrchr(ir_op_name(op), '.');
  const char *prefix = arena_printf(o->b->mem, "tile_%s_", stem ? stem + 1 : ir_op_name(op));
  for (size_t i = 0; i < t->functions.n; i++) {
    if (!text_starts(t->functions.at[i].name, prefix))
      continue;
    const char *again = function_text(o, op, t->functions.at[i].name);
    if (again && text_eq(again, t->functions.at[i].mlir)) {
      *out = (int)i;
      return LOOM_OK;
    }
  }
  const char *name = arena_printf(o->b->mem, "%s%zu", prefix, t->functions.n);
  const char *printed = function_text(o, op, name);
  if (!printed)
    LOOM_FAIL(o->b->ctx, ir_span(o->b->ir, op), LOOM_EBUG, "'%s' could not be outlined", ir_op_name(op));
  vec_push(o->b->mem, &t->functions, ((tog_function){name, printed}));
  *out = (int)t->functions.n - 1;
  return LOOM_OK;
}

static bool names_slot(build *b, MlirOperation op, intptr_t first, intptr_t count, const build_slot *slot) {
  for (intptr_t i = first; i < first + count; i++)
    if (build_slot_of(b, ir_operand(op, i)) == slot)
      return true;
  return false;
}

static bool writes(build *b, MlirOperation op, const build_slot *slot) {
  intptr_t first, count;
  build_destinations(op, &first, &count);
  return names_slot(b, op, first, count, slot);
}

static bool reads(build *b, MlirOperation op, const build_slot *slot) {
  intptr_t first, count;
  if (!ir_segment(op, 0, &first, &count)) {
    first = 0;
    count = ir_num_operands(op) - 1;
  }
  return names_slot(b, op, first, count, slot);
}

/* Does `op` ignore what its destination held? */
static bool overwrites(MlirOperation op) {
  static const char *const names[] = {"linalg.fill", "linalg.copy", "memref.copy", "loom.copy", "loom.matmul", "loom.batch_matmul", "linalg.transpose", "linalg.broadcast"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (ir_op_is(op, names[i]))
      return true;
  if (!ir_op_is(op, "linalg.generic"))
    return false;
  MlirBlock body = ir_body(op);
  intptr_t first, count, args = mlirBlockGetNumArguments(body);
  build_destinations(op, &first, &count);
  for (intptr_t i = first; i < first + count && i < args; i++)
    if (!mlirOpOperandIsNull(mlirValueGetFirstUse(mlirBlockGetArgument(body, i))))
      return false;
  return true;
}

static loom_status add_uses(outline *o, MlirOperation op) {
  build *b = o->b;
  for (size_t i = 0; i < o->buffers.n; i++) {
    build_slot *slot = build_slot_of(b, o->buffers.at[i]);
    bool w = writes(b, op, slot), r = reads(b, op, slot);
    bool fresh = w && !r && overwrites(op);
    /* The compute thread's own slots stay open while it works on them: it reads and writes them in program order. */
    tog_use u = {.buffer = slot->buffer, .access = fresh ? TOG_WRITE : slot->by_load ? TOG_READ : TOG_UPDATE, .wait = slot->by_load};
    if (w && (slot->by_load || slot->stored))
      LOOM_FAIL(b->ctx, ir_span(b->ir, op), LOOM_EUNSUP, "'%s' writes into a slot that %s", ir_op_name(op), slot->by_load ? "a load fills" : "was stored before");
    if (w) {
      intptr_t first, count;
      build_destinations(op, &first, &count);
      slot->last_write = o->node->id;
      LOOM_TRY(build_least_extent(b, op, first, count, &slot->extent));
    }
    slot->awaited = slot->awaited || (u.wait && (int)b->open_loops.n == slot->depth);
    vec_push(b->mem, &o->node->uses, u);
  }
  for (size_t i = 0; i < o->extents.n; i++) {
    const sym_expr *e;
    LOOM_TRY(build_expr(b, o->extents.at[i], &e));
    vec_push(b->mem, &o->node->args, e);
  }
  for (size_t i = 0; i < o->numbers.n; i++) {
    const sym_expr *e;
    LOOM_TRY(build_expr(b, o->numbers.at[i], &e));
    vec_push(b->mem, &o->node->numbers, e);
  }
  return LOOM_OK;
}

loom_status build_outline(build *b, MlirOperation op, tog_node *node) {
  outline o = {.b = b, .node = node};
  LOOM_TRY(collect(&o, op));
  LOOM_TRY(find_or_add(&o, op, &node->function));
  return add_uses(&o, op);
}
