/* A program cut into nodes: loops with a role, transfers, waits, and what lies between them.  PyTorchSim's build_tog (docs/npu.md): nodes are numbered as they are made. */
#include "target/npu/npt_tog_private.h"

#define FAIL(w, op, ...) return diag_error((w)->ir->ctx, ir_span((w)->ir, (op)), __VA_ARGS__)

int npt_tog_add(npt_walker *w, npt_node_kind kind, int parent) {
  int at = (int)w->t->nodes.n;
  arena *mem = &w->ir->ctx->mem;
  vec_push(mem, &w->t->nodes, ((npt_node){.kind = kind, .parent = parent}));
  if (parent >= 0)
    vec_push(mem, &w->t->nodes.at[parent].children, at);
  else
    vec_push(mem, &w->t->roots, at);
  return at;
}

/* ---- transfers ---- */

static int memory_space(MlirValue memory) {
  MlirType t = mlirValueGetType(memory);
  int64_t space = 0;
  if (!mlirTypeIsAMemRef(t))
    return -1;
  MlirAttribute a = mlirMemRefTypeGetMemorySpace(t);
  return mlirAttributeIsNull(a) ? 0 : ir_attr_int(a, &space) && space >= 0 && space <= 1 ? (int)space : -1;
}

static const char *base_name(npt_walker *w, const npt_transfer *x) {
  return x->argument >= 0 ? arena_printf(&w->ir->ctx->mem, "arg%d", x->argument) : "arg";
}

static loom_status add_transfer(npt_walker *w, int parent, MlirOperation op) {
  int at = npt_tog_add(w, NPT_DMA, parent);
  npt_transfer x;
  LOOM_TRY(npt_read_transfer(w->ir, op, &x));
  if (memory_space(x.dram) != 0 || memory_space(x.spad) != 1)
    FAIL(w, op, LOOM_EINPUT, "a transfer goes between DRAM (memory space 0) and the scratchpad (memory space 1), not between %s and %s",
         ir_print_type(&w->ir->ctx->scratch, mlirValueGetType(x.dram)), ir_print_type(&w->ir->ctx->scratch, mlirValueGetType(x.spad)));
  if (!mlirTypeIsAInteger(x.element) && !mlirTypeIsAFloat(x.element))
    FAIL(w, op, LOOM_EINPUT, "a transfer moves integers or floats, not %s", ir_print_type(&w->ir->ctx->scratch, x.element));
  npt_node *n = &w->t->nodes.at[at];
  n->op = op;
  n->transfer = x;
  n->is_indirect = x.is_indirect;
  n->base = base_name(w, &x);
  const char *bad = npt_tog_index_lists(w->t, x.dram_index, &n->index_names, &n->index_factors, &n->is_indirect);
  for (int i = 0; !bad && i < x.n_tag_index; i++)
    bad = npt_tog_tag_lists(w->t, x.tag_index[i], true, &n->tag_names, &n->tag_factors, &n->tag_dividers);
  if (bad)
    FAIL(w, op, LOOM_EINPUT, "%s", bad);
  if (!n->tag_names.n)
    vec_push(&w->ir->ctx->mem, &n->tag_names, "0");
  if (!n->tag_factors.n)
    vec_push(&w->ir->ctx->mem, &n->tag_factors, 1);
  return LOOM_OK;
}

/* The tensors of all transfers with the wait's tag, one behind the other as PyTorchSim has it. */
static loom_status name_waited(npt_walker *w, npt_node *n) {
  text base = text_new(&w->ir->ctx->mem);
  text_add(&base, "arg");
  for (MlirOpOperand use = mlirValueGetFirstUse(n->wait.tag); !mlirOpOperandIsNull(use); use = mlirOpOperandGetNextUse(use)) {
    npt_transfer x;
    MlirOperation user = mlirOpOperandGetOwner(use);
    if (!npt_is_transfer(user))
      continue;
    LOOM_TRY(npt_read_transfer(w->ir, user, &x));
    if (x.argument >= 0)
      text_addf(&base, "%d", x.argument);
  }
  n->base = text_str(&base);
  return LOOM_OK;
}

static loom_status add_wait(npt_walker *w, int parent, MlirOperation op) {
  int at = npt_tog_add(w, NPT_WAIT, parent);
  npt_node *n = &w->t->nodes.at[at];
  n->op = op;
  LOOM_TRY(npt_read_wait(w->ir, op, &n->wait));
  const char *bad = NULL;
  for (int i = 0; !bad && i < n->wait.n_tag_index; i++)
    bad = npt_tog_tag_lists(w->t, n->wait.tag_index[i], false, &n->tag_names, &n->tag_factors, &n->tag_dividers);
  if (bad)
    FAIL(w, op, LOOM_EINPUT, "%s", bad);
  if (!n->tag_factors.n) {
    vec_push(&w->ir->ctx->mem, &n->tag_factors, 1);
    vec_push(&w->ir->ctx->mem, &n->tag_dividers, 1);
  }
  return name_waited(w, n);
}

/* ---- loops ---- */

static const char *const role_names[] = {"outer_loop", "accumulation_loop", "inner_loop"};
static const tile_loop_type role_types[] = {TILE_LOOP_OUTER, TILE_LOOP_ACCUMULATION, TILE_LOOP_INNER};
enum { ROLES = sizeof role_names / sizeof *role_names };

static int role_of(MlirOperation op) {
  if (ir_op_is(op, "affine.for"))
    for (int r = 0; r < ROLES; r++)
      if (togsim_flag(op, role_names[r]))
        return r;
  return -1;
}

/* One bound of an affine.for: a constant, or one operand as it is. */
static bool read_bound(MlirOperation op, const char *map_name, intptr_t first_operand, int64_t *out, MlirValue *value) {
  MlirAttribute a = ir_attr_of(op, map_name);
  if (mlirAttributeIsNull(a) || !mlirAttributeIsAAffineMap(a))
    return false;
  MlirAffineMap map = mlirAffineMapAttrGetValue(a);
  if (mlirAffineMapGetNumResults(map) != 1)
    return false;
  MlirAffineExpr e = mlirAffineMapGetResult(map, 0);
  if (mlirAffineExprIsAConstant(e)) {
    *out = mlirAffineConstantExprGetValue(e);
    return true;
  }
  intptr_t position = mlirAffineExprIsADim(e) ? mlirAffineDimExprGetPosition(e)
                      : mlirAffineExprIsASymbol(e) ? mlirAffineMapGetNumDims(map) + mlirAffineSymbolExprGetPosition(e) : -1;
  if (position < 0)
    return false;
  *value = ir_operand(op, first_operand + position);
  return !mlirValueIsNull(*value);
}

/* An upper bound that is the least of one sum and of numbers. */
static bool read_decided(MlirOperation op, npt_node *n) {
  MlirAttribute a = ir_attr_of(op, "upperBoundMap");
  if (mlirAttributeIsNull(a) || !mlirAttributeIsAAffineMap(a))
    return false;
  MlirAffineMap map = mlirAffineMapAttrGetValue(a);
  int sums = 0;
  n->end = INT64_MAX;
  for (intptr_t i = 0; i < mlirAffineMapGetNumResults(map); i++) {
    MlirAffineExpr e = mlirAffineMapGetResult(map, i);
    if (!mlirAffineExprIsAConstant(e)) {
      n->end_result = i;
      sums++;
    } else if (mlirAffineConstantExprGetValue(e) < n->end)
      n->end = mlirAffineConstantExprGetValue(e);
  }
  return n->is_decided = sums == 1 && n->end > 0;
}

static loom_status read_loop(npt_walker *w, MlirOperation op, npt_node *n) {
  MlirValue low = {NULL}, high = {NULL};
  intptr_t first, count;
  if (!ir_segment(op, 1, &first, &count) || !read_bound(op, "lowerBoundMap", 0, &n->start, &low) || (!read_bound(op, "upperBoundMap", first, &n->end, &high) && !read_decided(op, n)))
    FAIL(w, op, LOOM_EUNSUP, "a loop with a role goes from a constant to a constant, to a size as it is, or to the least of a sum and a constant; this one has other bounds");
  if (!mlirValueIsNull(low) && !ir_const_int(low, &n->start))
    FAIL(w, op, LOOM_EUNSUP, "a loop with a role starts at a constant");
  if (!mlirValueIsNull(high)) {
    bool is_constant = ir_const_int(high, &n->end);
    if (npt_tog_symbol(w->t, high) >= 0)
      n->end_value = high;
    else if (!is_constant) {
      diag_error((w)->ir->ctx, ir_span((w)->ir, op), LOOM_EUNSUP, "a loop with a role ends at a constant or a size; this end is computed");
      diag_help(w->ir->ctx, "a size is an index argument of the function, or a value whose operation has npu.symbol = \"name\"");
      return LOOM_EUNSUP;
    }
  }
  if (!ir_attr_int(ir_attr_of(op, "step"), &n->step) || n->step < 1)
    FAIL(w, op, LOOM_EINPUT, "a loop needs a step of at least 1");
  return LOOM_OK;
}

static loom_status walk_op(npt_walker *w, int parent, MlirOperation op);

static loom_status walk_block(npt_walker *w, int parent, MlirBlock block) {
  for (MlirOperation op = mlirBlockGetFirstOperation(block); !mlirOperationIsNull(op); op = mlirOperationGetNextInBlock(op))
    LOOM_TRY(walk_op(w, parent, op));
  return LOOM_OK;
}

static loom_status add_loop(npt_walker *w, int parent, MlirOperation op, int role) {
  int at = npt_tog_add(w, NPT_LOOP, parent);
  npt_node n = w->t->nodes.at[at];
  n.op = op;
  n.loop_type = role_types[role];
  LOOM_TRY(read_loop(w, op, &n));
  n.variable = arena_printf(&w->ir->ctx->mem, "loop_arg%03d", w->n_loops++);
  n.iv = mlirBlockGetArgument(ir_body(op), 0);
  w->t->nodes.at[at] = n;
  if (w->depth == TILE_GRAPH_DEPTH_MAX)
    FAIL(w, op, LOOM_ELIMIT, "loops with a role are nested deeper than %d", TILE_GRAPH_DEPTH_MAX);
  w->depth++;
  LOOM_TRY(walk_block(w, at, ir_body(op)));
  w->depth--;
  return LOOM_OK;
}

/* Operations that are no part of a node. */
static bool is_skipped(MlirOperation op) {
  static const char *const names[] = {"affine.yield", "affine.apply", "memref.get_global", "arith.constant", "memref.alloc", "memref.reinterpret_cast",
                                      "func.return", "memref.cast", "memref.subview", "memref.collapse_shape", "affine.min", "affine.max", "memref.dealloc"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (ir_op_is(op, names[i]))
      return true;
  return false;
}

static bool is_no_transfer(MlirOperation op, void *found) {
  if (npt_is_transfer(op) || npt_is_wait(op) || role_of(op) >= 0)
    *(MlirOperation *)found = op;
  return mlirOperationIsNull(*(MlirOperation *)found);
}

static loom_status walk_op(npt_walker *w, int parent, MlirOperation op) {
  if (is_skipped(op))
    return LOOM_OK;
  int role = role_of(op);
  if ((role >= 0 || npt_is_transfer(op) || npt_is_wait(op)) && w->state >= NPT_FSM_POP)
    npt_tog_end_product(w);                     /* PyTorchSim goes on with it behind them */
  if (role >= 0)
    return add_loop(w, parent, op, role);
  if (npt_is_transfer(op))
    return add_transfer(w, parent, op);
  if (npt_is_wait(op))
    return add_wait(w, parent, op);
  MlirOperation inner = {NULL};
  ir_walk(op, is_no_transfer, &inner);
  if (!mlirOperationIsNull(inner)) {
    diag_error((w)->ir->ctx, ir_span((w)->ir, inner), LOOM_EINPUT, "%s stands in a loop without a role, whose body is one computation", ir_op_name(inner));
    diag_help(w->ir->ctx, "give the loop inner_loop = true");
    return LOOM_EINPUT;
  }
  return npt_tog_compute(w, parent, op);
}

/* ---- the function ---- */

static void add_symbol(npt_tog *t, const char *name, MlirValue value) {
  arena *mem = &t->ir->ctx->mem;
  size_t at = 0;
  while (at < t->symbols.n && !text_eq(t->symbols.at[at].name, name))
    at++;
  if (at == t->symbols.n)
    vec_push(mem, &t->symbols, ((npt_symbol){.name = name}));
  vec_push(mem, &t->symbols.at[at].values, value);
}

static bool note_symbol(MlirOperation op, void *data) {
  npt_tog *t = data;
  const char *name = ir_attr_string(&t->ir->ctx->mem, ir_attr_of(op, "npu.symbol"));
  if (name && mlirOperationGetNumResults(op) == 1 && mlirBlockEqual(mlirOperationGetBlock(op), ir_body(t->func)))
    add_symbol(t, name, ir_result(op, 0));
  return true;
}

static void find_symbols(npt_tog *t) {
  MlirBlock body = ir_body(t->func);
  for (intptr_t i = 0; i < mlirBlockGetNumArguments(body); i++)
    if (mlirTypeIsAIndex(mlirValueGetType(mlirBlockGetArgument(body, i))))
      add_symbol(t, arena_strdup(&t->ir->ctx->mem, ir_argument_name(t->ir, t->func, i)), mlirBlockGetArgument(body, i));
  ir_walk(t->func, note_symbol, t);
}

/* Innermost first, so that a loop that holds only such loops goes too. */
static bool erase_if_empty(MlirOperation op, void *data) {
  (void)data;
  MlirBlock body = ir_op_is(op, "affine.for") ? ir_body(op) : (MlirBlock){NULL};
  if (!mlirBlockIsNull(body) && ir_op_is(mlirBlockGetFirstOperation(body), "affine.yield"))
    ir_erase(op);
  return true;
}

static bool is_loop(MlirOperation op) { return ir_op_is(op, "affine.for"); }

/* A root for each loop of the function's body; without loops that have a role, one for all of it. */
static loom_status walk_function(npt_walker *w) {
  MlirBlock body = ir_body(w->t->func);
  bool has_role = false;
  for (MlirOperation op = mlirBlockGetFirstOperation(body); !mlirOperationIsNull(op); op = mlirOperationGetNextInBlock(op))
    has_role |= role_of(op) >= 0;
  if (!has_role)
    return walk_block(w, npt_tog_add(w, NPT_ROOT, -1), body);
  for (MlirOperation op = mlirBlockGetFirstOperation(body); !mlirOperationIsNull(op); op = mlirOperationGetNextInBlock(op)) {
    if (is_skipped(op))
      continue;
    if (!is_loop(op)) {
      diag_error((w)->ir->ctx, ir_span((w)->ir, op), LOOM_EINPUT, "%s stands beside the loops with a role, so that it belongs to no work item", ir_op_name(op));
      diag_help(w->ir->ctx, "put it into one of them");
      return LOOM_EINPUT;
    }
    w->state = NPT_FSM_IDLE;
    LOOM_TRY(walk_op(w, npt_tog_add(w, NPT_ROOT, -1), op));
  }
  return LOOM_OK;
}

static loom_status find_function(ir_ctx *ir, MlirModule m, const char *func, MlirOperation *out) {
  *out = ir_find_func(m, func ? func : "kernel");
  if (!mlirOperationIsNull(*out))
    return LOOM_OK;
  int n = 0;
  for (MlirOperation op = mlirBlockGetFirstOperation(mlirModuleGetBody(m)); !mlirOperationIsNull(op) && !func; op = mlirOperationGetNextInBlock(op))
    if (ir_op_is(op, "func.func")) {
      *out = op;
      n++;
    }
  if (n == 1)
    return LOOM_OK;
  diag_error(ir->ctx, ir_span(ir, mlirModuleGetOperation(m)), LOOM_EINPUT, "the module has no function '%s'%s", func ? func : "kernel", n ? ", and more than one other" : "");
  diag_help(ir->ctx, "an NPU program is a func.func @kernel");
  return LOOM_EINPUT;
}

loom_status npt_tog_read(ir_ctx *ir, MlirModule m, const char *func, npt_tog **out) {
  npt_tog *t = ARENA_NEW(&ir->ctx->mem, npt_tog);
  *t = (npt_tog){.ir = ir, .module = m};
  LOOM_TRY(find_function(ir, m, func, &t->func));
  t->name = ir_func_name(&ir->ctx->mem, t->func);
  if (mlirBlockIsNull(ir_body(t->func)))
    LOOM_FAIL(ir->ctx, ir_span(ir, t->func), LOOM_EINPUT, "function '%s' has no body", t->name);
  ir_walk_post(t->func, erase_if_empty, NULL);
  find_symbols(t);
  npt_walker w = {.t = t, .ir = ir};
  LOOM_TRY(walk_function(&w));
  *out = t;
  return LOOM_OK;
}

const char *npt_node_function(arena *mem, const npt_tog *t, int node) { return arena_printf(mem, "%s_node_%d", t->name, node); }
