/* Bufferized MLIR -> TOG: loops, transfers and compute runs in program order, with every index an expression over core coordinates and loop variables. */
#include "tog/build/tog_build_private.h"
#include <string.h>

tog_node *build_add_node(build *b, tog_body *body, tog_node_kind kind, const char *label) {
  tog_node *n = ARENA_NEW(b->mem, tog_node);
  n->kind = kind;
  n->id = b->tog->n_nodes++;
  n->label = label;
  n->function = -1;
  n->buffer = -1;
  n->thread = TOG_COMPUTE_THREAD;
  vec_push(b->mem, body, n);
  return n;
}

/* ---- transfers ---- */

static loom_status add_group(build *b, MlirOperation op, const dialect_copy *c, tog_node *n) {
  for (int d = 0; d < c->n_mesh; d++)
    n->has_group |= c->area[d] > 1;
  for (int d = 0; n->has_group && d < b->tog->n_mesh; d++) {
    if (d >= c->n_mesh || mlirValueIsNull(c->ul[d]) || mlirValueIsNull(c->lr[d]))
      LOOM_FAIL(b->ctx, ir_span(b->ir, op), LOOM_EINPUT, "a multicast copy needs a region for every mesh dim");
    LOOM_TRY(build_expr(b, c->ul[d], &n->group.ul[d]));
    LOOM_TRY(build_expr(b, c->lr[d], &n->group.lr[d]));
    n->group.sender[d] = n->group.ul[d];
    n->group.chain[d] = c->chain[d];
  }
  return LOOM_OK;
}

/* The slot of the L1 side of a copy, whose dims are those of its DRAM side; `view`: the subview between them, if any. */
static loom_status local_slot(build *b, MlirOperation op, MlirValue local, MlirValue dram, build_slot **out, MlirOperation *view) {
  int dropped = 0;
  *out = build_slot_of(b, local);
  *view = (MlirOperation){NULL};
  if (!*out)
    LOOM_FAIL(b->ctx, ir_span(b->ir, op), LOOM_EUNSUP, "the L1 side of a copy is no taken buffer");
  for (MlirOperation v = ir_def(local); !ir_op_is(v, "loom.semaphore_take"); v = ir_def(ir_operand(v, 0)))
    if (ir_op_is(v, "memref.subview")) {
      if (!mlirOperationIsNull(*view))
        LOOM_FAIL(b->ctx, ir_span(b->ir, op), LOOM_EUNSUP, "the L1 side of a copy is a part of a part of a buffer; take it in one memref.subview");
      LOOM_TRY(build_check_view(b, v));
      dropped = build_dropped(v);
      *view = v;
    }
  const tog_buffer *buffer = &b->tog->buffers.at[(*out)->buffer];
  MlirType l = mlirValueGetType(local), r = mlirValueGetType(dram);
  if (!mlirShapedTypeHasRank(l) || !mlirShapedTypeHasRank(r) || mlirShapedTypeGetRank(l) + dropped != buffer->rank ||
      mlirShapedTypeGetRank(r) + dropped != buffer->rank)
    LOOM_FAIL(b->ctx, ir_span(b->ir, op), LOOM_EUNSUP, "a copy between views of different rank and buffer '%s'; drop or keep dims of size 1 on all sides", buffer->name);
  return LOOM_OK;
}

/* Where in the slot the box lands. */
static loom_status set_part(build *b, MlirOperation op, MlirOperation view, bool load, tog_node *n) {
  if (mlirOperationIsNull(view))
    return LOOM_OK;
  int dropped = build_dropped(view);
  for (int d = 0; d < n->box.rank; d++)
    if (n->box.to_dim[d] >= 0)
      n->box.to_dim[d] += dropped;
  for (intptr_t d = 0; d < build_mixed_count(view, "static_offsets"); d++) {
    const sym_expr *e;
    int64_t zero;
    LOOM_TRY(build_mixed(b, view, "static_offsets", 1, d, &e));
    if (sym_is_const(e, &zero) && zero == 0)
      continue;
    if (!load)
      LOOM_FAIL(b->ctx, ir_span(b->ir, op), LOOM_EUNSUP, "a store from the middle of a slot; take a slot of its own for it");
    n->at[d] = e;
  }
  return LOOM_OK;
}

const sym_expr *build_flag(build *b, const sym_expr *condition) {
  return sym_make(b->mem, SYM_IF, condition, sym_const(b->mem, 1), sym_const(b->mem, 0));
}

/* A load inside of loops that its slot was taken outside of fills the slot part by part: the first turn of all reserves it, the last publishes it. */
static loom_status set_turns(build *b, MlirOperation op, build_slot *slot, tog_node *n) {
  arena *m = b->mem;
  if (slot->loaded)
    LOOM_FAIL(b->ctx, ir_span(b->ir, op), LOOM_EUNSUP, "two copies load into one slot of '%s'; take a slot for each", b->tog->buffers.at[slot->buffer].name);
  slot->loaded = true;
  const sym_expr *first = NULL, *last = NULL;
  for (size_t i = (size_t)slot->depth; i < b->open_loops.n; i++) {
    const tog_node *l = b->open_loops.at[i];
    const sym_expr *is_first = sym_make(m, SYM_EQ, sym_name(m, l->var), sym_const(m, 0), NULL);
    const sym_expr *is_last = sym_make(m, SYM_EQ, sym_name(m, l->var), sym_sub(m, l->trip, sym_const(m, 1)), NULL);
    first = first ? sym_make(m, SYM_AND, first, is_first, NULL) : is_first;
    last = last ? sym_make(m, SYM_AND, last, is_last, NULL) : is_last;
  }
  if (first) {
    n->opens = build_flag(b, first);
    n->closes = build_flag(b, last);
  }
  return LOOM_OK;
}

/* STOREs run once the slot is published, which is where it is given back: nothing may write it between a STORE and that. */
static loom_status note_store(build *b, MlirOperation op, build_slot *slot) {
  bool in_deeper_loop = (int)b->open_loops.n > slot->depth;
  if (in_deeper_loop && slot->last_write > b->open_loops.at[slot->depth]->id)
    LOOM_FAIL(b->ctx, ir_span(b->ir, op), LOOM_EUNSUP, "a loop writes and stores a slot of '%s' that was taken outside of it; take it inside or copy it first",
              b->tog->buffers.at[slot->buffer].name);
  slot->stored = true;
  slot->awaited = slot->awaited || !in_deeper_loop;
  return LOOM_OK;
}

static loom_status add_transfer(build *b, MlirOperation op, const dialect_copy *c, tog_body *body) {
  bool load = text_eq(c->src_space, "mem_DRAM");
  MlirValue dram = load ? c->src : c->dst, local = load ? c->dst : c->src;
  build_slot *slot;
  MlirOperation view;
  LOOM_TRY(local_slot(b, op, local, dram, &slot, &view));
  tog_node *n = build_add_node(b, body, load ? TOG_LOAD : TOG_STORE, "");
  n->buffer = slot->buffer;
  n->thread = load ? TOG_READER : TOG_WRITER;
  LOOM_TRY(build_box(b, op, dram, &n->box));
  LOOM_TRY(set_part(b, op, view, load, n));
  tog_tensor *t = &b->tog->tensors.at[n->box.tensor];
  t->is_input |= load;
  t->is_output |= !load;
  t->is_kept |= !load && n->box.has_lookup;      /* nobody knows which places the indices leave out */
  n->label = arena_printf(b->mem, "%s %s", load ? "load" : "store", t->name);
  if (!load)
    return note_store(b, op, slot);
  LOOM_TRY(set_turns(b, op, slot, n));
  return add_group(b, op, c, n);
}

/* ---- slots ---- */

/* Accesses mean the one slot of a buffer that is taken: TOG nodes have no names for more. */
static loom_status add_take(build *b, MlirOperation op, tog_body *body) {
  build_slot *slot = build_slot_of(b, ir_result(op, 0));
  const char *name = b->tog->buffers.at[slot->buffer].name;
  if (b->held.at[slot->buffer])
    LOOM_FAIL(b->ctx, ir_span(b->ir, op), LOOM_EUNSUP, "a slot of '%s' is taken while another one is held; give that back first or use another loom.alloc", name);
  b->held.at[slot->buffer] = slot;
  slot->depth = (int)b->open_loops.n;
  if (!slot->by_load)
    build_add_node(b, body, TOG_TAKE, arena_printf(b->mem, "take %s", name))->buffer = slot->buffer;
  return LOOM_OK;
}

/* The compute thread publishes a slot where the program gives it back: it may still read it behind a store, which waits on its own thread. */
static loom_status add_give(build *b, MlirOperation op, tog_body *body) {
  build_slot *slot = build_slot_of(b, ir_operand(op, 0));
  if (!slot)
    LOOM_FAIL(b->ctx, ir_span(b->ir, op), LOOM_EINPUT, "loom.semaphore_give of a value that was not taken");
  const char *name = b->tog->buffers.at[slot->buffer].name;
  if (build_give_gathered(b, slot, body)) {
    b->held.at[slot->buffer] = NULL;
    return LOOM_OK;
  }
  if (!slot->by_load && !slot->pushed) {
    build_add_node(b, body, TOG_PUSH, arena_printf(b->mem, "push %s", name))->buffer = slot->buffer;
    slot->pushed = true;
  }
  b->held.at[slot->buffer] = NULL;
  tog_node *n = build_add_node(b, body, TOG_GIVE, arena_printf(b->mem, "give %s", name));
  n->buffer = slot->buffer;
  n->thread = slot->to_store ? TOG_WRITER : TOG_COMPUTE_THREAD;
  n->waits = (slot->by_load || slot->to_store) && !slot->awaited;      /* loops around all its readers may not run at all */
  return LOOM_OK;
}

/* ---- compute and loops ---- */

static loom_status add_compute(build *b, MlirOperation op, tog_body *body) {
  tog_node *n = build_add_node(b, body, TOG_COMPUTE, arena_strdup(b->mem, ir_op_name(op)));
  LOOM_TRY(build_outline(b, op, n));
  return build_cost(b, op, n);
}

/* "i0", "i1", ..; a mesh dim may have such a name too. */
static const char *new_variable(build *b) {
  for (;;) {
    const char *name = arena_printf(b->mem, "i%d", b->n_loops++);
    bool is_free = true;
    for (int d = 0; d < b->tog->n_mesh; d++)
      is_free = is_free && !text_eq(b->tog->mesh_name[d], name);
    if (is_free)
      return name;
  }
}

tog_node *build_enter(build *b, tog_body *body, const char *label, const sym_expr *trip) {
  tog_node *n = build_add_node(b, body, TOG_LOOP, label);
  n->var = new_variable(b);
  n->trip = trip;
  vec_push(b->mem, &b->open_loops, n);
  return n;
}

void build_leave(build *b) { b->open_loops.n--; }

static loom_status add_loop(build *b, MlirOperation op, tog_body *body) {
  const sym_expr *lb, *ub, *step;
  LOOM_TRY(build_expr(b, ir_operand(op, 0), &lb));
  LOOM_TRY(build_expr(b, ir_operand(op, 1), &ub));
  LOOM_TRY(build_expr(b, ir_operand(op, 2), &step));
  const char *sym = ir_attr_string(b->mem, ir_attr_of(op, "loom.block_sym"));
  tog_node *n = build_enter(b, body, sym && *sym ? sym : "loop", sym_ceildiv(b->mem, sym_sub(b->mem, ub, lb), step));
  build_bind(b, mlirBlockGetArgument(ir_body(op), 0), sym_add(b->mem, lb, sym_mul(b->mem, sym_name(b->mem, n->var), step)));
  loom_status st = build_block(b, ir_body(op), &n->body);
  build_leave(b);
  return st;
}

/* ---- operations ---- */

/* Index arithmetic, views and constants make no node: they are read where they are used. */
static bool is_silent(MlirOperation op) {
  static const char *const names[] = {"affine.apply", "affine.min", "affine.max", "affine.linearize_index", "memref.subview", "loom.lookup", "memref.reinterpret_cast",
                                      "memref.cast", "loom.alloc", "scf.yield", "scf.reduce"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (ir_op_is(op, names[i]))
      return true;
  return text_starts(ir_op_name(op), "arith.");
}

static bool is_compute(MlirOperation op) {
  return text_starts(ir_op_name(op), "linalg.") || ir_op_is(op, "loom.matmul") || ir_op_is(op, "loom.batch_matmul") || ir_op_is(op, "memref.copy");
}

static loom_status add_copy(build *b, MlirOperation op, tog_body *body) {
  dialect_copy c;
  if (!dialect_read_copy(b->mem, op, &c))
    LOOM_FAIL(b->ctx, ir_span(b->ir, op), LOOM_EINPUT, "malformed loom.copy");
  if (text_eq(c.src_space, "mem_DRAM") || text_eq(c.dst_space, "mem_DRAM"))
    return add_transfer(b, op, &c, body);
  for (int d = 0; d < c.n_mesh; d++)
    if (c.area[d] > 1)
      LOOM_FAIL(b->ctx, ir_span(b->ir, op), LOOM_EUNSUP, "a copy from L1 to the L1 of several cores has no form in a TOG");
  return add_compute(b, op, body);
}

static loom_status add_op(build *b, MlirOperation op, tog_body *body) {
  if (is_silent(op))
    return LOOM_OK;
  if (ir_op_is(op, "scf.for"))
    return add_loop(b, op, body);
  if (ir_op_is(op, "scf.if"))
    return build_if(b, op, body);
  if (ir_op_is(op, "loom.gather"))
    return build_gather_op(b, op, body);
  if (ir_op_is(op, "loom.semaphore_take"))
    return add_take(b, op, body);
  if (ir_op_is(op, "loom.semaphore_give"))
    return add_give(b, op, body);
  if (ir_op_is(op, "loom.copy"))
    return add_copy(b, op, body);
  if (is_compute(op))
    return add_compute(b, op, body);
  LOOM_FAIL(b->ctx, ir_span(b->ir, op), LOOM_EUNSUP, "'%s' has no form in a TOG", ir_op_name(op));
}

loom_status build_block(build *b, MlirBlock block, tog_body *body) {
  for (MlirOperation op = mlirBlockGetFirstOperation(block); !mlirOperationIsNull(op); op = mlirOperationGetNextInBlock(op))
    LOOM_TRY(add_op(b, op, body));
  return LOOM_OK;
}

/* The first function (declarations are none) of a materialised module, which may be nested. */
static bool find_function(MlirOperation op, void *data) {
  if (!ir_op_is(op, "func.func") || mlirBlockIsNull(ir_body(op)))
    return true;
  *(MlirOperation *)data = op;
  return false;
}

loom_status tog_build(ir_ctx *ir, MlirModule m, const char *func, const machine *mach, tog **out) {
  arena *mem = &ir->ctx->mem;
  build b = {.ir = ir, .ctx = ir->ctx, .mem = mem, .machine = mach, .tog = ARENA_NEW(mem, tog)};
  if (func)
    b.func = ir_find_func(m, func);
  else
    ir_walk(mlirModuleGetOperation(m), find_function, &b.func);
  if (mlirOperationIsNull(b.func) || mlirBlockIsNull(ir_body(b.func)))
    LOOM_FAIL(ir->ctx, ir_span(ir, mlirModuleGetOperation(m)), LOOM_EINPUT, "the module has no function%s%s", func ? " " : "", func ? func : "");
  tog *t = b.tog;
  t->variant = ir_func_name(mem, b.func);
  const char *cut = strstr(t->variant, "__");
  t->kernel = cut ? arena_strndup(mem, t->variant, (size_t)(cut - t->variant)) : t->variant;
  t->machine = mach->name;
  t->n_mesh = (int)mach->mesh.n;
  for (int d = 0; d < t->n_mesh; d++) {
    t->mesh_name[d] = mach->mesh.at[d].name;
    t->mesh_size[d] = mach->mesh.at[d].size;
  }
  MlirOperation grid;
  LOOM_TRY(build_tensors(&b));
  LOOM_TRY(build_find_grid(&b, &grid));
  LOOM_TRY(build_bind_grid(&b, grid));
  LOOM_TRY(build_slots(&b, grid));
  LOOM_TRY(build_block(&b, ir_body(grid), &t->body));
  tog_number(t);
  *out = t;
  return LOOM_OK;
}
