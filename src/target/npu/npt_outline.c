/* Nodes as functions (npt_outline.h). */
#include "target/npu/npt_outline.h"
#include "target/npu/npt_tog_private.h"

typedef struct pair { MlirValue from, to; } pair;
/* One function being written. */
typedef struct outliner {
  npt_tog *t;
  ir_ctx *ir;
  int node;
  int loops[TILE_GRAPH_DEPTH_MAX], n_loops;
  ir_builder b;                         /* end of its body */
  MlirBlock body;
  VEC_OF(pair) map;
  int depth;
} outliner;

enum { DEPTH_MAX = 200 };

static loom_status take(outliner *x, MlirValue v, MlirValue *out);

/* ---- what may be computed again ---- */

/* Operations without memory and without regions: all of these dialects that are no accesses, and views. */
static bool is_pure(MlirOperation op) {
  static const char *const dialects[] = {"arith.", "math.", "index."};
  static const char *const others[] = {"affine.apply", "affine.min", "affine.max", "memref.get_global", "memref.reinterpret_cast", "memref.cast", "memref.subview",
                                       "memref.collapse_shape", "memref.expand_shape", "builtin.unrealized_conversion_cast", "vcix.v.iv", "torchsim.vlane_idx"};
  const char *name = ir_op_name(op);
  if (mlirOperationGetNumRegions(op) || npt_access_of(op))
    return false;
  int64_t opcode;
  if (ir_op_is(op, "vcix.v.i"))         /* the lane's number; what is popped is not there again */
    return ir_attr_int(ir_attr_of(op, "opcode"), &opcode) && opcode == 0;
  for (size_t i = 0; i < sizeof dialects / sizeof *dialects; i++)
    if (text_starts(name, dialects[i]))
      return true;
  for (size_t i = 0; i < sizeof others / sizeof *others; i++)
    if (strcmp(name, others[i]) == 0)
      return true;
  return text_starts(name, "vector.");
}

/* The compute node that has `op`, or something around it: what is in none is pure (npt_tog.c). */
static int node_of(const npt_tog *t, MlirOperation op) {
  for (; !mlirOperationIsNull(op) && !ir_op_is(op, "func.func"); op = mlirOperationGetParentOperation(op))
    for (size_t i = 0; i < t->nodes.n; i++)
      for (size_t k = 0; k < t->nodes.at[i].ops.n; k++)
        if (mlirOperationEqual(t->nodes.at[i].ops.at[k], op))
          return (int)i;
  return -1;
}

static loom_status refuse(outliner *x, MlirValue v) {
  loom_ctx *ctx = x->ir->ctx;
  MlirOperation def = ir_def(v);
  if (mlirOperationIsNull(def)) {
    diag_error(ctx, ir_span(x->ir, mlirBlockGetParentOperation(mlirBlockArgumentGetOwner(v))), LOOM_EUNSUP,
               "node %d takes a value that a loop carries from round to round, so that it cannot be a function of its own", x->node);
    diag_help(ctx, "keep the value in the scratchpad");
    return LOOM_EUNSUP;
  }
  diag_error(ctx, ir_span(x->ir, def), LOOM_EUNSUP, "the result of %s, of node %d, is used by node %d; between functions there is only the scratchpad", ir_op_name(def),
             node_of(x->t, def), x->node);
  diag_help(ctx, "store it to a tile, or do both in one place: transfers, waits and loops with a role stand between nodes");
  return LOOM_EUNSUP;
}

/* ---- values ---- */

static MlirValue argument(outliner *x, intptr_t i) { return mlirBlockGetArgument(x->body, i); }

static MlirType dram_type(MlirType type) {
  int64_t one = 1;
  return mlirShapedTypeHasStaticShape(type) ? type : mlirMemRefTypeContiguousGet(mlirShapedTypeGetElementType(type), 1, &one, mlirMemRefTypeGetMemorySpace(type));
}

static const char *dram_name(outliner *x, intptr_t number) { return arena_printf(&x->ir->ctx->scratch, "dram_%d", (int)number); }

/* A tensor as the global; one of unknown size as a view of its first element. */
static MlirValue dram(outliner *x, intptr_t number, MlirType type) {
  MlirType global = dram_type(type);
  MlirValue v = ir_build1(&x->b, "memref.get_global", global, 0, NULL, 1, &(ir_named){"name", ir_symbol_attr(x->ir, dram_name(x, number))});
  return mlirTypeEqual(global, type) ? v : ir_build1(&x->b, "memref.cast", type, 1, &v, 0, NULL);
}

static bool has_global(outliner *x, const char *name) { return !mlirOperationIsNull(ir_find_symbol(x->ir, mlirModuleGetBody(x->t->module), NULL, name)); }

/* Globals without a value, in front, for tensors in the order of the arguments. */
static void declare_tensors(outliner *x) {
  MlirBlock body = ir_body(x->t->func);
  ir_builder b = ir_before(x->ir, mlirBlockGetFirstOperation(mlirModuleGetBody(x->t->module)));
  for (intptr_t i = 0; i < mlirBlockGetNumArguments(body); i++) {
    MlirType type = mlirValueGetType(mlirBlockGetArgument(body, i));
    if (!mlirTypeIsAMemRef(type) || has_global(x, dram_name(x, i)))
      continue;
    const ir_named attrs[] = {{"sym_name", ir_str_attr(x->ir, dram_name(x, i))}, {"type", ir_type_attr(dram_type(type))}, {"sym_visibility", ir_str_attr(x->ir, "private")}};
    ir_build(&b, "memref.global", 0, NULL, 0, NULL, 3, attrs, 0, NULL);
  }
}

static void know(outliner *x, MlirValue from, MlirValue to) { vec_push(&x->ir->ctx->scratch, &x->map, ((pair){from, to})); }

/* Operands of the copy, and of what is in it, that are made outside of it. */
typedef struct remapper { outliner *x; MlirOperation copy; loom_status st; } remapper;

static bool is_within(MlirOperation copy, MlirValue v) {
  MlirOperation at = mlirValueIsABlockArgument(v) ? mlirBlockGetParentOperation(mlirBlockArgumentGetOwner(v)) : ir_def(v);
  for (; !mlirOperationIsNull(at); at = mlirOperationGetParentOperation(at))
    if (mlirOperationEqual(at, copy))
      return true;
  return false;
}

static bool remap(MlirOperation op, void *data) {
  remapper *r = data;
  for (intptr_t i = 0; i < ir_num_operands(op) && r->st == LOOM_OK; i++) {
    MlirValue v = ir_operand(op, i), to = {NULL};
    if (is_within(r->copy, v))
      continue;
    r->st = take(r->x, v, &to);
    if (r->st == LOOM_OK)
      mlirOperationSetOperand(op, i, to);
  }
  return r->st == LOOM_OK;
}

static loom_status copy_op(outliner *x, MlirOperation op) {
  remapper r = {.x = x, .copy = mlirOperationClone(op)};
  ir_walk(r.copy, remap, &r);
  if (r.st != LOOM_OK) {
    mlirOperationDestroy(r.copy);
    return r.st;
  }
  mlirBlockAppendOwnedOperation(x->body, r.copy);
  for (intptr_t i = 0; i < mlirOperationGetNumResults(op); i++)
    know(x, mlirOperationGetResult(op, i), mlirOperationGetResult(r.copy, i));
  return LOOM_OK;
}

/* `v` of the program as a value of the function. */
static loom_status take(outliner *x, MlirValue v, MlirValue *out) {
  for (size_t i = x->map.n; i-- > 0;)
    if (mlirValueEqual(x->map.at[i].from, v)) {
      *out = x->map.at[i].to;
      return LOOM_OK;
    }
  MlirOperation def = ir_def(v);
  if (x->depth >= DEPTH_MAX)
    LOOM_FAIL(x->ir->ctx, ir_span(x->ir, def), LOOM_ELIMIT, "node %d needs a value that is computed in more than %d steps", x->node, DEPTH_MAX);
  if (mlirOperationIsNull(def)) {
    MlirBlock owner = mlirBlockArgumentGetOwner(v);
    if (!mlirBlockEqual(owner, ir_body(x->t->func)) || !mlirTypeIsAMemRef(mlirValueGetType(v)))
      return refuse(x, v);
    *out = dram(x, mlirBlockArgumentGetArgNumber(v), mlirValueGetType(v));
    know(x, v, *out);
    return LOOM_OK;
  }
  if (ir_op_is(def, "memref.alloc") || ir_op_is(def, "memref.alloca")) {   /* a tag: what it counts is the simulator's */
    const ir_named sizes = {"operandSegmentSizes", mlirDenseI32ArrayGet(x->ir->mlir, 2, (int32_t[]){0, 0})};
    *out = ir_build1(&x->b, "memref.alloca", mlirValueGetType(v), 0, NULL, 1, &sizes);
    know(x, v, *out);
    return mlirValueIsNull(*out) ? LOOM_EBUG : LOOM_OK;
  }
  if (!is_pure(def))
    return refuse(x, v);
  x->depth++;
  LOOM_TRY(copy_op(x, def));
  x->depth--;
  return take(x, v, out);
}

/* ---- functions ---- */

static void open_function(outliner *x) {
  ir_ctx *ir = x->ir;
  enum { ARGUMENTS_MAX = TILE_GRAPH_DEPTH_MAX + TILE_GRAPH_LIST_MAX };
  MlirType types[ARGUMENTS_MAX];
  intptr_t n = 0;
  for (int i = 0; i < x->n_loops; i++)
    types[n++] = ir_index_type(ir);
  for (size_t i = 0; i < x->t->symbols.n; i++)
    types[n++] = ir_index_type(ir);
  MlirRegion region = ir_new_region(ir, n, types, &x->body);
  MlirOperation op = x->t->nodes.at[x->node].kind == NPT_DMA ? x->t->nodes.at[x->node].op : x->t->nodes.at[x->node].first;
  ir_builder top = ir_at_end(ir, mlirModuleGetBody(x->t->module));
  top.loc = mlirOperationGetLocation(op);
  const ir_named attrs[] = {{"sym_name", ir_str_attr(ir, npt_node_function(&ir->ctx->scratch, x->t, x->node))},
                            {"function_type", ir_type_attr(mlirFunctionTypeGet(ir->mlir, n, types, 0, NULL))}, {"npu.node", ir_int_attr(ir, x->node)}};
  ir_build(&top, "func.func", 0, NULL, 0, NULL, 3, attrs, 1, &region);
  x->b = ir_at_end(ir, x->body);
  x->b.loc = top.loc;
  for (int i = 0; i < x->n_loops; i++)
    know(x, x->t->nodes.at[x->loops[i]].iv, argument(x, i));
  for (size_t k = 0; k < x->t->symbols.n; k++)
    for (size_t i = 0; i < x->t->symbols.at[k].values.n; i++)
      know(x, x->t->symbols.at[k].values.at[i], argument(x, x->n_loops + (intptr_t)k));
}

static loom_status check_block(outliner *x, const npt_node *n) {
  for (size_t i = 1; i < n->ops.n; i++)
    if (!mlirBlockEqual(mlirOperationGetBlock(n->ops.at[i]), mlirOperationGetBlock(n->ops.at[0])))
      LOOM_FAIL(x->ir->ctx, ir_span(x->ir, n->ops.at[i]), LOOM_EUNSUP, "node %d begins in another loop than %s, which belongs to it", x->node, ir_op_name(n->ops.at[i]));
  return LOOM_OK;
}

/* The first operation of what the function does, which is still in the program. */
static MlirOperation first_of(const npt_node *n) { return n->kind == NPT_DMA ? n->op : n->ops.at[0]; }

static void call(outliner *x) {
  enum { ARGUMENTS_MAX = TILE_GRAPH_DEPTH_MAX + TILE_GRAPH_LIST_MAX };
  MlirValue operands[ARGUMENTS_MAX];
  intptr_t n = 0;
  for (int i = 0; i < x->n_loops; i++)
    operands[n++] = x->t->nodes.at[x->loops[i]].iv;
  for (size_t k = 0; k < x->t->symbols.n; k++)
    operands[n++] = x->t->symbols.at[k].values.at[0];
  ir_builder b = ir_before(x->ir, first_of(&x->t->nodes.at[x->node]));
  ir_build(&b, "func.call", 0, NULL, n, operands, 1, &(ir_named){"callee", ir_symbol_attr(x->ir, npt_node_function(&x->ir->ctx->scratch, x->t, x->node))}, 0, NULL);
}

static loom_status outline_node(npt_tog *t, int node) {
  outliner x = {.t = t, .ir = t->ir, .node = node};
  const npt_node *n = &t->nodes.at[node];
  for (int p = n->parent; p >= 0; p = t->nodes.at[p].parent)
    x.n_loops += t->nodes.at[p].kind == NPT_LOOP;
  for (int p = n->parent, i = x.n_loops; p >= 0; p = t->nodes.at[p].parent)
    if (t->nodes.at[p].kind == NPT_LOOP)
      x.loops[--i] = p;
  LOOM_TRY(check_block(&x, n));
  open_function(&x);
  loom_status st = LOOM_OK;
  if (n->kind == NPT_DMA)
    st = copy_op(&x, n->op);
  for (size_t i = 0; st == LOOM_OK && i < n->ops.n; i++)
    st = copy_op(&x, n->ops.at[i]);
  ir_build(&x.b, "func.return", 0, NULL, 0, NULL, 0, NULL, 0, NULL);
  if (st == LOOM_OK)
    call(&x);
  return st;
}

/* What a node still uses when nothing more can be erased is a value that a loop of the program carries. */
static loom_status erase_nodes(npt_tog *t) {
  npt_ops left = {0};
  for (size_t i = 0; i < t->nodes.n; i++) {
    const npt_node *n = &t->nodes.at[i];
    if (n->kind == NPT_DMA)
      ir_erase(n->op);
    for (size_t k = 0; k < n->ops.n; k++)
      vec_push(&t->ir->ctx->scratch, &left, n->ops.at[k]);
  }
  for (size_t before = left.n + 1; left.n && left.n < before;) {
    npt_ops again = {0};
    before = left.n;
    for (size_t k = left.n; k-- > 0;)
      if (!ir_erase(left.at[k]))
        vec_push(&t->ir->ctx->scratch, &again, left.at[k]);
    for (size_t k = 0; k < again.n; k++)        /* back in the program's order */
      left.at[k] = again.at[again.n - 1 - k];
    left.n = again.n;
  }
  if (!left.n)
    return LOOM_OK;
  MlirOperation op = left.at[0];
  diag_error(t->ir->ctx, ir_span(t->ir, op), LOOM_EUNSUP, "the result of %s is used outside of its node; between functions there is only the scratchpad", ir_op_name(op));
  diag_help(t->ir->ctx, "store it to a tile instead of carrying it from round to round");
  return LOOM_EUNSUP;
}

/* Every call takes all sizes: constants that give one are made first. */
static void hoist_sizes(npt_tog *t) {
  for (size_t k = 0; k < t->symbols.n; k++) {
    MlirOperation def = ir_def(t->symbols.at[k].values.at[0]), first = mlirBlockGetFirstOperation(ir_body(t->func));
    if (!mlirOperationIsNull(def) && ir_num_operands(def) == 0 && !mlirOperationEqual(def, first))
      mlirOperationMoveBefore(def, first);
  }
}

loom_status npt_outline(ir_ctx *ir, MlirModule m, const char *func) {
  npt_tog *t;
  LOOM_TRY(npt_tog_read(ir, m, func, &t));
  if (t->symbols.n > TILE_GRAPH_LIST_MAX)
    LOOM_FAIL(ir->ctx, ir_span(ir, t->func), LOOM_ELIMIT, "the program has %zu sizes that are given when it is run; at most %d can be", t->symbols.n, TILE_GRAPH_LIST_MAX);
  arena_mark mark = arena_save(&ir->ctx->scratch);
  hoist_sizes(t);
  declare_tensors(&(outliner){.t = t, .ir = ir});
  for (size_t i = 0; i < t->nodes.n; i++)
    if (t->nodes.at[i].kind == NPT_DMA || (t->nodes.at[i].kind == NPT_COMPUTE && !t->nodes.at[i].is_gone))
      LOOM_TRY(outline_node(t, (int)i));
  arena_release(&ir->ctx->scratch, mark);
  return erase_nodes(t);
}
