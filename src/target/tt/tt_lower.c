/* From the tile operation graph to three kernels: each thread's own nodes, in order, inside the loops that hold any. */
#include "target/tt/tt_private.h"
#include "base/text.h"
#include "dialect/ttkernel.h"

typedef struct lowering { tt_emit e; tt_box *boxes; } lowering;

/* ---- what buffers are for ---- */

bool tt_mentions(const tog_node *n, int buffer) {
  if (n->kind == TOG_COMPUTE) {
    for (size_t i = 0; i < n->uses.n; i++)
      if (n->uses.at[i].buffer == buffer)
        return true;
    return false;
  }
  if (n->kind == TOG_LOOP) {
    for (size_t i = 0; i < n->body.n; i++)
      if (tt_mentions(n->body.at[i], buffer))
        return true;
    return false;
  }
  return n->buffer == buffer || (n->kind == TOG_SEND && n->to == buffer);
}

int tt_output_buffer(const tt_emit *e, const tog_node *n) { return n->uses.at[tfn_output(&e->functions[n->function])->use].buffer; }

/* The next node of the body that has to do with the buffer. */
static const tog_node *next_of(const tog_body *body, size_t i, int buffer) {
  for (i++; i < body->n; i++)
    if (tt_mentions(body->at[i], buffer))
      return body->at[i];
  return NULL;
}

bool tt_reads(const tt_emit *e, const tog_node *n, int buffer) {
  const tfn_function *f = &e->functions[n->function];
  for (int k = 0; k < f->n_operands - 1; k++)
    if (n->uses.at[f->operand[k].use].buffer == buffer)
      return true;
  return false;
}

/* A fill that a sum starts from anyway is none of its own: the sum begins in an empty slot. */
bool tt_is_absorbed(tt_emit *e, const tog_body *body, size_t i) {
  const tog_node *n = body->at[i];
  if (n->kind != TOG_COMPUTE || n->function < 0 || e->functions[n->function].kind != TFN_FILL)
    return false;
  int buffer = tt_output_buffer(e, n);
  const tog_node *next = next_of(body, i, buffer);
  return next && next->kind == TOG_COMPUTE && next->function >= 0 && tt_output_buffer(e, next) == buffer && !tt_reads(e, next, buffer) &&
         tt_starts_from(&e->functions[next->function], e->functions[n->function].fill);
}

/* A loop that is a branch: it runs once or not at all. */
static bool is_branch(const tog_node *loop) {
  int64_t a, b;
  return loop->trip->op == SYM_IF && sym_is_const(loop->trip->arg[1], &a) && a == 1 && sym_is_const(loop->trip->arg[2], &b) && b == 0;
}

static void look_at_moves(tt_emit *e, const tog_body *body, bool repeats) {
  for (size_t i = 0; i < body->n; i++) {
    const tog_node *n = body->at[i];
    int64_t one;
    if (n->kind == TOG_COLLECT)
      e->buffers[n->buffer].gather_repeats = repeats;
    if (n->kind == TOG_LOOP)
      look_at_moves(e, &n->body, repeats || !(is_branch(n) || (sym_is_const(n->trip, &one) && one <= 1)));
    else if (n->kind == TOG_LOAD || n->kind == TOG_COLLECT)
      e->buffers[n->buffer].loaded = true;
    else if (n->kind == TOG_STORE || n->kind == TOG_SEND)
      e->buffers[n->buffer].leaves = true;
  }
}

/* May the readers of the buffer take its tiles transposed: second factors of products, and whole tiles of elementwise ops? */
static void look_at_readers(tt_emit *e, const tog_body *body) {
  for (size_t i = 0; i < body->n; i++) {
    const tog_node *n = body->at[i];
    if (n->kind == TOG_LOOP)
      look_at_readers(e, &n->body);
    if (n->kind != TOG_COMPUTE || n->function < 0)
      continue;
    const tfn_function *f = &e->functions[n->function];
    for (int k = 0; k < f->n_operands - 1; k++) {
      tt_buffer *b = &e->buffers[n->uses.at[f->operand[k].use].buffer];
      b->can_transpose = b->can_transpose && (f->kind == TFN_MATMUL ? k == 1 : b->row >= 0 && b->col >= 0 && f->operand[k].iter[b->row] >= 0 && f->operand[k].iter[b->col] >= 0);
    }
  }
}

/* All loads of a buffer bring its tiles in one way. */
static loom_status mark_transposed(lowering *l, const tog_body *body) {
  tt_emit *e = &l->e;
  for (size_t i = 0; i < body->n; i++) {
    const tog_node *n = body->at[i];
    if (n->kind == TOG_LOOP)
      LOOM_TRY(mark_transposed(l, &n->body));
    if (n->kind != TOG_LOAD)
      continue;
    tt_buffer *b = &e->buffers[n->buffer];
    bool transposed = e->p->tensors.at[n->box.tensor].is_tiled && l->boxes[n->id].transposed;
    if (b->seen && b->transposed != transposed)
      LOOM_FAIL(e->ctx, LOOM_NOSPAN, LOOM_EUNSUP, "'%s' is filled with tiles that are transposed and tiles that are not", b->b->name);
    b->seen = true;
    b->transposed = transposed;
  }
  return LOOM_OK;
}

static loom_status make_buffers(lowering *l, const tog *t) {
  tt_emit *e = &l->e;
  loom_ctx *ctx = e->ctx;
  if (t->buffers.n > TT_BUFFERS_MAX)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_ELIMIT, "the kernel has %zu buffers; a core has %d circular buffers", t->buffers.n, TT_CBS_MAX);
  e->buffers = ARENA_NEW_N(e->mem, tt_buffer, t->buffers.n + 1);
  for (size_t i = 0; i < t->buffers.n; i++) {
    const tog_buffer *b = &t->buffers.at[i];
    e->buffers[i] = (tt_buffer){.b = b, .type = b->type == DTYPE_F16 ? DTYPE_BF16 : b->type, .can_transpose = true, .gather_semaphore = -1, .exact_cb = -1};
    if (e->buffers[i].type != DTYPE_BF16 && e->buffers[i].type != DTYPE_F32)
      LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUNSUP, "buffer '%s' is of %s; Tenstorrent kernels are made for bf16 (which f16 becomes) and f32", b->name, dtype_mlir(b->type));
  }
  LOOM_TRY(tt_infer_roles(ctx, t, e->functions, e->buffers));
  look_at_moves(e, &t->body, false);
  look_at_readers(e, &t->body);
  return LOOM_OK;
}

/* ---- kernels ---- */

/* Whose nodes the kernel that is made has. */
static tog_thread thread_of(const tt_emit *e) { return e->role == TT_READER ? TOG_READER : e->role == TT_COMPUTE ? TOG_COMPUTE_THREAD : TOG_WRITER; }

static bool has_part(const tog_body *body, tog_thread thread) {
  for (size_t i = 0; i < body->n; i++) {
    const tog_node *n = body->at[i];
    if (n->kind == TOG_LOOP ? has_part(&n->body, thread) : tog_node_thread(n) == thread)
      return true;
  }
  return false;
}

static loom_status emit_body(lowering *l, const tog_body *body);

static loom_status emit_loop(lowering *l, const tog_node *n) {
  tt_emit *e = &l->e;
  MlirValue trip;
  if (!has_part(&n->body, thread_of(e)))
    return LOOM_OK;
  LOOM_TRY(tt_expr(e, n->trip, NULL, &trip));
  size_t names = e->names.n;
  MlirValue v = tt_for(e, trip, n->label && *n->label ? n->label : n->var);
  vec_push(e->mem, &e->names, ((tt_binding){n->var, v}));
  tog_scope outer = e->range;
  e->range = tog_scope_in_loop(&outer, n);
  loom_status st = emit_body(l, &n->body);
  e->range = outer;
  e->names.n = names;
  tt_end(e);
  return st;
}

static loom_status emit_give(tt_emit *e, const tog_node *n) {
  tt_buffer *b = &e->buffers[n->buffer];
  bool own = !b->loaded && n->thread == TOG_COMPUTE_THREAD;
  if (own && !e->has_value[n->buffer])
    return LOOM_OK;                       /* nothing was put there */
  MlirValue cb = tt_cb_value(e, n->thread == TOG_WRITER ? b->out_cb : b->cb), pages = tt_int(e, b->pages);
  if (n->waits || own)
    tt_cb_op(e, "cb_wait_front", cb, pages);
  tt_cb_op(e, "cb_pop_front", cb, pages);
  if (own)
    e->has_value[n->buffer] = false;
  return LOOM_OK;
}

static bool is_fresh(tt_emit *e, const tog_node *n, bool absorbed) {
  int use = tfn_output(&e->functions[n->function])->use;
  return absorbed || n->uses.at[use].access == TOG_WRITE;
}

/* Is the buffer's first write in a loop inside this body?  Then every turn finds a slot that is full, and so must the first. */
static bool first_write_is_deeper(const tog_body *body, size_t take) {
  const tog_node *next = next_of(body, take, body->at[take]->buffer);
  return next && next->kind == TOG_LOOP;
}

static loom_status emit_compute_node(lowering *l, const tog_body *body, size_t i, bool *absorbed) {
  tt_emit *e = &l->e;
  const tog_node *n = body->at[i];
  if (tt_is_absorbed(e, body, i)) {
    absorbed[tt_output_buffer(e, n)] = true;
    return LOOM_OK;
  }
  int out = n->function >= 0 ? tt_output_buffer(e, n) : 0;
  bool fresh = n->function >= 0 && is_fresh(e, n, absorbed[out]);
  absorbed[out] = false;
  return tt_emit_compute(e, n, fresh);
}

static loom_status emit_take(tt_emit *e, const tog_body *body, size_t i) {
  const tog_node *n = body->at[i];
  e->has_value[n->buffer] = false;
  if (!first_write_is_deeper(body, i))
    return LOOM_OK;
  MlirValue cb = tt_cb_value(e, e->buffers[n->buffer].cb), pages = tt_int(e, e->buffers[n->buffer].pages);
  tt_cb_op(e, "cb_reserve_back", cb, pages);
  tt_cb_op(e, "cb_push_back", cb, pages);
  e->has_value[n->buffer] = true;
  return LOOM_OK;
}

static loom_status emit_body(lowering *l, const tog_body *body) {
  tt_emit *e = &l->e;
  tog_thread thread = thread_of(e);
  bool absorbed[TT_BUFFERS_MAX] = {0};
  for (size_t i = 0; i < body->n; i++) {
    const tog_node *n = body->at[i];
    if (n->kind == TOG_LOOP) {
      LOOM_TRY(emit_loop(l, n));
      continue;
    }
    if (tog_node_thread(n) != thread)
      continue;
    switch (n->kind) {
    case TOG_LOAD: LOOM_TRY(tt_emit_load(e, n, &l->boxes[n->id])); break;
    case TOG_STORE: LOOM_TRY(tt_emit_store(e, n, &l->boxes[n->id])); break;
    case TOG_SEND: LOOM_TRY(tt_emit_send(e, n)); break;
    case TOG_COLLECT: LOOM_TRY(tt_emit_collect(e, n)); break;
    case TOG_TAKE: LOOM_TRY(emit_take(e, body, i)); break;
    case TOG_COMPUTE: LOOM_TRY(emit_compute_node(l, body, i, absorbed)); break;
    case TOG_PUSH:
      if (e->buffers[n->buffer].leaves)
        LOOM_TRY(tt_emit_publish(e, n));
      break;
    case TOG_GIVE: LOOM_TRY(emit_give(e, n)); break;
    case TOG_LOOP: break;
    }
  }
  return LOOM_OK;
}

static void open_kernel(tt_emit *e, tt_role role) {
  ir_builder top = ir_at_end(e->ir, mlirModuleGetBody(e->p->module));
  MlirBlock body;
  MlirRegion region = ir_new_region(e->ir, 0, NULL, &body);
  ir_named at[] = {{"sym_name", ir_str_attr(e->ir, tt_role_name(role))},
                   {"function_type", ir_type_attr(mlirFunctionTypeGet(e->ir->mlir, 0, NULL, 0, NULL))},
                   {"ttkernel.thread", ir_str_attr(e->ir, role == TT_COMPUTE ? "compute" : "noc")}};
  e->main = ir_build(&top, "func.func", 0, NULL, 0, NULL, 3, at, 1, &region);
  e->role = role;
  e->b = ir_at_end(e->ir, body);
  e->head = ir_def(tt_int(e, 0));
  e->helpers.n = 0;
  e->names.n = 0;
  e->range = tog_scope_of_mesh(e->t);
  e->n_scopes = 0;
  e->counters.n = 0;
  e->cb_stick = -1;
}

static void close_kernel(tt_emit *e) {
  ir_build(&e->b, "func.return", 0, NULL, 0, NULL, 0, NULL, 0, NULL);
  ir_erase(e->head);
}

/* The unpacker and packer are set up for some product, or for any two buffers. */
static void emit_startup(tt_emit *e) {
  ir_builder saved = e->b;
  e->b = ir_before(e->ir, e->head);
  MlirValue in = tt_cb_value(e, 0), out = in;
  for (size_t i = 0; i < e->t->buffers.n; i++)
    if (e->buffers[i].leaves)
      out = tt_cb_value(e, e->buffers[i].out_cb);
  TT_OP(e, "compute_kernel_hw_startup", in, in, out);
  const int constants[] = {e->cb_ones, e->cb_columns, e->cb_rows};
  for (int i = 0; i < 3; i++)
    if (constants[i] >= 0)
      tt_cb_op(e, "cb_wait_front", tt_cb_value(e, constants[i]), tt_int(e, 1));
  e->b = saved;
  for (int i = 0; i < 3; i++)
    if (constants[i] >= 0)
      tt_cb_op(e, "cb_pop_front", tt_cb_value(e, constants[i]), tt_int(e, 1));
}

/* Scratch lines are the data movement kernel's own: reserved for good. */
static void reserve_scratch(tt_emit *e) {
  if (e->cb_stick < 0)
    return;
  ir_builder saved = e->b;
  e->b = ir_before(e->ir, e->head);
  tt_cb_op(e, "cb_reserve_back", tt_cb_value(e, e->cb_stick), tt_int(e, 1));
  e->b = saved;
}

static loom_status emit_kernel(lowering *l, tt_role role) {
  tt_emit *e = &l->e;
  open_kernel(e, role);
  if (role == TT_READER)
    tt_emit_constants(e);
  LOOM_TRY(emit_body(l, &e->t->body));
  tt_reset_counters(e);
  if (role == TT_COMPUTE)
    emit_startup(e);
  else
    reserve_scratch(e);
  close_kernel(e);
  return LOOM_OK;
}

/* ---- the whole ---- */

/* Numbers first, then accessors. */
static void order_consts(tt_emit *e, tt_kernel *k) {
  tt_kernel sorted = {0};
  for (int accessors = 0; accessors < 2; accessors++)
    for (size_t i = 0; i < k->consts.n; i++)
      if (k->consts.at[i].is_accessor == (accessors == 1))
        vec_push(e->mem, &sorted.consts, k->consts.at[i]);
  k->consts.at = sorted.consts.at;
  k->consts.n = sorted.consts.n;
}

static void place_accessors(tt_emit *e, tt_role role) {
  const tt_kernel *k = &e->p->kernels[role];
  int64_t at = 0;
  for (size_t i = 0; i < k->consts.n; i++)
    at += !k->consts.at[i].is_accessor;
  MlirOperation f = ir_find_func(e->p->module, tt_role_name(role));
  for (MlirOperation op = mlirBlockGetFirstOperation(ir_body(f)); !mlirOperationIsNull(op); op = mlirOperationGetNextInBlock(op))
    if (ir_op_is(op, "ttkernel.tensor_accessor_args"))
      ir_set_attr(op, "cta_base", mlirIntegerAttrGet(tt_i32(e), at++));
}

static loom_status lower(lowering *l, const tog *t, const machine *m) {
  tt_emit *e = &l->e;
  tfn_function *functions = (tfn_function *)e->functions;
  LOOM_TRY(tt_mark_ragged(e->ctx, t, functions));
  LOOM_TRY(make_buffers(l, t));
  l->boxes = ARENA_NEW_N(e->mem, tt_box, t->n_nodes + 1);
  LOOM_TRY(tt_plan_tensors(e->ctx, t, m, e->buffers, e->p, l->boxes));
  LOOM_TRY(mark_transposed(l, &t->body));
  tt_make_cbs(e);
  LOOM_TRY(emit_kernel(l, TT_COMPUTE));
  LOOM_TRY(emit_kernel(l, TT_READER));
  LOOM_TRY(emit_kernel(l, TT_WRITER));
  for (tt_role r = 0; r < TT_ROLES; r++) {
    order_consts(e, &e->p->kernels[r]);
    place_accessors(e, r);
  }
  for (size_t i = 0; i < e->p->cbs.n && i < TT_CBS_MAX; i++)
    e->p->cbs.at[i].unpack_to_dest = e->p->cbs.at[i].type == DTYPE_F32 && !e->fpu_reads[i];
  LOOM_TRY(tt_check_memory(e));
  LOOM_TRY(ttkernel_verify(e->ir, e->p->module));
  return ir_run_pipeline(e->ir, e->p->module, "builtin.module(func.func(cse))");      /* one constant of each number; none that nobody uses */
}

loom_status tt_lower(ir_ctx *ir, const tog *t, const machine *m, const char *summary, tt_options o, tt_program *out) {
  loom_ctx *ctx = ir->ctx;
  *out = (tt_program){.kernel = t->kernel, .machine = m->name, .arch = m->target_arch ? m->target_arch : m->name, .summary = summary, .grid = {1, 1}, .fp32_dest = true};
  if (t->n_mesh > 2)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUNSUP, "machine '%s' has %d mesh dims; Tenstorrent chips have 2", m->name, t->n_mesh);
  for (int d = 0; d < t->n_mesh; d++)
    out->grid[d] = t->mesh_size[d];
  lowering l = {.e = {.ir = ir, .ctx = ctx, .mem = &ctx->mem, .t = t, .machine = m, .options = o, .p = out, .cb_ones = -1, .cb_columns = -1, .cb_rows = -1, .cb_partial = -1, .cb_high = -1, .cb_low = -1, .cb_extreme = -1, .cb_stick = -1}};
  MlirModule functions;
  tfn_function *read;
  loom_status st = tfn_read(ir, t, "Tenstorrent cores", &functions, &read);
  l.e.functions = read;
  out->module = mlirModuleCreateEmpty(ir->unknown);
  if (m->dram_align_bytes)
    ir_set_attr(mlirModuleGetOperation(out->module), "ttkernel.dram_align", ir_int_attr(ir, m->dram_align_bytes));
  if (st == LOOM_OK)
    st = lower(&l, t, m);
  ir_close_module(functions);
  if (st != LOOM_OK) {
    ir_close_module(out->module);
    out->module = (MlirModule){NULL};
  }
  return st;
}
