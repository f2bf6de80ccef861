/* From the tile operation graph to a program: the tree's loops, its loads and stores as transfers, its computations as vector code and products. */
#include "target/npu/npt_lower.h"
#include "base/text.h"

static loom_status emit_body(npt_lowering *l, const tog_body *body);

/* ---- loops ---- */

/* The loop over rows counts in steps, so that its end is how many there are. */
static npt_loop open_loop(npt_lowering *l, const char *name, int64_t trip, const char *role) {
  const bool is_open = l->open.extent && text_eq(name, l->open.var);
  npt_loop loop = is_open ? npt_open_loop_to(l, l->rows, l->open.step, role) : npt_open_loop(l, trip, 1, role, 0, NULL);
  vec_push(l->mem, &l->names, ((npt_variable){name, loop.var, is_open ? INT64_MAX : trip, is_open ? l->open.step : 0, NULL}));
  return loop;
}

static loom_status emit_loop_of(npt_lowering *l, const char *name, int64_t trip, const char *role, const tog_body *body) {
  npt_loop loop = open_loop(l, name, trip, role);
  loom_status st = emit_body(l, body);
  l->names.n--;
  npt_close_loop(l, &loop, 0, NULL);
  return st;
}

/* Turns that the turn of a loop around decides (causal attention): end ceildiv step of them, so that the variable goes to `end` in steps. */
static loom_status emit_decided_loop(npt_lowering *l, const tog_node *n) {
  npt_loop loop;
  int64_t step = 1;
  const bool has_step = n->trip->op == SYM_CEILDIV && sym_is_const(n->trip->arg[1], &step) && step > 0;
  const sym_expr *end = has_step ? n->trip->arg[0] : n->trip;
  if (!npt_open_loop_until(l, end, step, "accumulation_loop", &loop))
    LOOM_FAIL(l->ctx, LOOM_NOSPAN, LOOM_EUNSUP, "loop '%s' runs %s times; loops of an NPU's programs end at the least of sums of loop variables", n->label ? n->label : n->var, sym_str(l->mem, n->trip));
  vec_push(l->mem, &l->names, ((npt_variable){n->var, loop.var, INT64_MAX, has_step ? step : 0, end}));
  const loom_status st = emit_body(l, &n->body);
  l->names.n--;
  npt_close_loop(l, &loop, 0, NULL);
  return st;
}

static loom_status emit_loop(npt_lowering *l, const tog_node *n) {
  int64_t trip;
  if (!sym_is_const(n->trip, &trip))
    return emit_decided_loop(l, n);
  return trip < 1 ? LOOM_OK : emit_loop_of(l, n->var, trip, "accumulation_loop", &n->body);
}

/* ---- the tree ---- */

static loom_status emit_body(npt_lowering *l, const tog_body *body) {
  for (size_t i = 0; i < body->n; i++) {
    const tog_node *n = body->at[i];
    switch (n->kind) {
    case TOG_LOOP: LOOM_TRY(emit_loop(l, n)); break;
    case TOG_LOAD: LOOM_TRY(npt_emit_load(l, n)); break;
    case TOG_STORE: LOOM_TRY(npt_emit_store(l, n)); break;
    case TOG_COMPUTE: LOOM_TRY(npt_emit_compute(l, n)); break;
    case TOG_SEND: LOOM_TRY(npt_emit_send(l, n)); break;
    case TOG_COLLECT:                     /* of this core alone: the copy is there */
    case TOG_TAKE:
    case TOG_PUSH:
    case TOG_GIVE: break;                 /* the order of the program says it */
    }
  }
  return LOOM_OK;
}

/* Work items: cores of the plan, then loops that hold all there is. */
static const tog_body *open_items(npt_lowering *l, npt_loop *opened, int *n) {
  const tog_body *body = &l->t->body;
  *n = 0;
  if (l->open.extent)
    vec_push(l->mem, &l->names, ((npt_variable){NPT_ROWS, l->rows, INT64_MAX, 0, NULL}));
  for (int d = 0; d < l->t->n_mesh; d++) {
    opened[(*n)++] = open_loop(l, l->t->mesh_name[d], l->t->mesh_size[d], "outer_loop");
  }
  int64_t trip;
  while (body->n == 1 && body->at[0]->kind == TOG_LOOP && sym_is_const(body->at[0]->trip, &trip) && trip > 0) {
    opened[(*n)++] = open_loop(l, body->at[0]->var, trip, "outer_loop");
    body = &body->at[0]->body;
  }
  l->n_outer = l->names.n;
  return body;
}

static loom_status emit_items(npt_lowering *l) {
  npt_loop opened[TOG_DEPTH_MAX + TOG_MESH_MAX];
  int n;
  const tog_body *body = open_items(l, opened, &n);
  LOOM_TRY(emit_body(l, body));
  while (n-- > 0)
    npt_close_loop(l, &opened[n], 0, NULL);
  return LOOM_OK;
}

/* ---- the module ---- */

static void add_arguments(npt_lowering *l) {
  for (size_t i = 0; i < l->t->tensors.n; i++) {
    const tog_tensor *x = &l->t->tensors.at[i];
    npt_tensor a = {x->name, npt_memory_type(x->type), tog_tensor_elems(x), (int)i};
    vec_push(l->mem, &l->p->arguments, a);
    mlirBlockAddArgument(l->entry, mlirMemRefTypeContiguousGet(ir_dtype(l->ir, a.type), 1, &a.elems, (MlirAttribute){NULL}), l->ir->unknown);
  }
}

/* Behind the tensors: how many rows there are. */
static void add_rows(npt_lowering *l) {
  npt_tensor rows = {NPT_ROWS, DTYPE_I64, 0, NPT_NONE};
  vec_push(l->mem, &l->p->arguments, rows);
  l->rows = mlirBlockAddArgument(l->entry, ir_index_type(l->ir), l->ir->unknown);
  l->p->rows = l->open.size;
}

static void open_function(npt_lowering *l) {
  l->p->module = mlirModuleCreateEmpty(l->ir->unknown);
  ir_builder top = ir_at_end(l->ir, mlirModuleGetBody(l->p->module));
  MlirRegion region = ir_new_region(l->ir, 0, NULL, &l->entry);
  ir_named at[] = {{"sym_name", ir_str_attr(l->ir, l->p->kernel)}, {"function_type", ir_type_attr(mlirFunctionTypeGet(l->ir->mlir, 0, NULL, 0, NULL))}};
  l->func = ir_build(&top, "func.func", 0, NULL, 0, NULL, 2, at, 1, &region);
  add_arguments(l);
  if (l->open.extent)
    add_rows(l);
  l->b = ir_at_end(l->ir, l->entry);
  ir_named segments = {"operandSegmentSizes", ir_attr(l->ir, "array<i32: 0, 0>")};
  l->tag = ir_build1(&l->b, "memref.alloc", ir_type(l->ir, "memref<1xi32>"), 0, NULL, 1, &segments);
}

static void close_function(npt_lowering *l) {
  ir_build(&l->b, "func.return", 0, NULL, 0, NULL, 0, NULL, 0, NULL);
  intptr_t n = mlirBlockGetNumArguments(l->entry);
  MlirType *types = ARENA_NEW_N(l->mem, MlirType, n + 1);
  for (intptr_t i = 0; i < n; i++)
    types[i] = mlirValueGetType(mlirBlockGetArgument(l->entry, i));
  if (l->open.extent) {
    MlirAttribute *attrs = ARENA_NEW_N(l->mem, MlirAttribute, n + 1);
    for (intptr_t i = 0; i < n; i++)
      attrs[i] = ir_attr(l->ir, mlirTypeIsAIndex(types[i]) ? "{loom.name = \"" NPT_ROWS "\"}" : "{}");
    ir_set_attr(l->func, "arg_attrs", mlirArrayAttrGet(l->ir->mlir, n, attrs));
  }
  ir_set_attr(l->func, "function_type", ir_type_attr(mlirFunctionTypeGet(l->ir->mlir, n, types, 0, NULL)));
}

/* Every tile has bytes of its own. */
static void add_global(npt_lowering *l, ir_builder *top, const npt_buffer *b, npt_tile *t) {
  enum { ALIGN = 64 };
  dtype type = npt_memory_type(b->b->type);
  int64_t bytes = t->elems * (int64_t)dtype_bytes(type);
  t->address = l->p->lane_bytes;
  l->p->lane_bytes += (bytes + ALIGN - 1) / ALIGN * ALIGN;
  l->p->slots_bytes += (bytes + ALIGN - 1) / ALIGN * ALIGN * b->b->depth;
  ir_builder here = l->b;
  MlirValue spad = npt_spad(l, b, t);       /* for its type */
  ir_named at[] = {{"sym_name", ir_str_attr(l->ir, t->global)}, {"sym_visibility", ir_str_attr(l->ir, "private")}, {"type", ir_type_attr(mlirValueGetType(spad))},
                   {"npu.address", ir_int_attr(l->ir, t->address)}, {"npu.lane_bytes", ir_int_attr(l->ir, bytes)}};
  ir_build(top, "memref.global", 0, NULL, 0, NULL, 5, at, 0, NULL);
  ir_erase(ir_def(spad));
  l->b = here;
}

static loom_status add_globals(npt_lowering *l) {
  ir_builder top = ir_before(l->ir, l->func);
  for (size_t i = 0; i < l->t->buffers.n; i++)
    for (int k = 0; k < l->buffers[i].n_tiles; k++)
      add_global(l, &top, &l->buffers[i], &l->buffers[i].tile[k]);
  for (size_t i = 0; i < l->sums.n; i++)
    add_global(l, &top, l->sums.at[i], &l->sums.at[i]->tile[0]);
  if (l->p->lane_bytes > l->core.lane_bytes)
    LOOM_FAIL(l->ctx, LOOM_NOSPAN, LOOM_ELIMIT, "the tiles take %s bytes of every lane's bank, which has %s", text_thousands(l->mem, l->p->lane_bytes), text_thousands(l->mem, l->core.lane_bytes));
  return LOOM_OK;
}

/* Rows of operands of products are whole vector registers of their type. */
static int64_t unit_of(const npt_lowering *l) {
  int64_t unit = NPT_VECTOR;
  for (size_t i = 0; i < l->t->functions.n; i++)
    if (l->functions[i].kind == TFN_MATMUL)
      for (size_t k = 0; k < l->t->buffers.n; k++) {
        int64_t n = NPT_VECTOR * 4 / (int64_t)dtype_bytes(npt_memory_type(l->t->buffers.at[k].type));
        unit = n > unit ? n : unit;
      }
  return unit;
}

static loom_status lower(npt_lowering *l) {
  const tog *t = l->t;
  if (t->buffers.n > NPT_BUFFERS_MAX)
    LOOM_FAIL(l->ctx, LOOM_NOSPAN, LOOM_ELIMIT, "the kernel has %zu tiles; programs of an NPU have at most %d", t->buffers.n, NPT_BUFFERS_MAX);
  l->buffers = ARENA_NEW_N(l->mem, npt_buffer, t->buffers.n + 1);
  for (size_t i = 0; i < t->buffers.n; i++)
    l->buffers[i].b = &t->buffers.at[i];
  l->ways = ARENA_NEW_N(l->mem, npt_way, t->n_nodes + 1);
  l->unit = unit_of(l);
  if (l->core.opens_rows)
    LOOM_TRY(npt_open_rows(l));
  LOOM_TRY(npt_choose_layouts(l));
  open_function(l);
  LOOM_TRY(emit_items(l));
  close_function(l);
  LOOM_TRY(add_globals(l));
  LOOM_TRY(ir_run_pipeline(l->ir, l->p->module, "builtin.module(func.func(cse))"));
  return ir_verify(l->ir, l->p->module);
}

loom_status npt_core_of(loom_ctx *ctx, const machine *m, npt_core *out) {
  if (m->l1_banks < 1)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EINPUT, "machine '%s' is no NPU: its core's memory has no banks for the lanes", m->name);
  *out = (npt_core){.lanes = (int)m->l1_banks, .lane_bytes = m->l1_bytes / m->l1_banks};
  return LOOM_OK;
}

loom_status npt_lower(ir_ctx *ir, const tog *t, npt_core core, npt_program *out) {
  *out = (npt_program){.kernel = "kernel"};
  npt_lowering l = {.ir = ir, .ctx = ir->ctx, .mem = &ir->ctx->mem, .t = t, .core = core, .p = out};
  MlirModule functions;
  ir_allow_unregistered(ir, true);        /* torchsim.vlane_idx */
  loom_status st = tfn_read(ir, t, "the cores of an NPU", &functions, &l.functions);
  if (st == LOOM_OK)
    st = lower(&l);
  ir_close_module(functions);
  if (st != LOOM_OK) {
    ir_close_module(out->module);
    out->module = (MlirModule){NULL};
  }
  return st;
}
