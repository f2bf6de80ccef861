/* Bufferized MLIR -> TOG: loops, transfers and compute runs in program order, with every index an expression over core coordinates and loop variables. */
#include "tog/build/tog_build_private.h"
#include <string.h>

static tog_node *add_node(build *b, tog_body *body, tog_node_kind kind, const char *label) {
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

/* ---- the mesh ---- */

static const char *string_at(build *b, MlirOperation op, const char *name, intptr_t i) {
  MlirAttribute a = ir_attr_of(op, name);
  return mlirAttributeIsNull(a) || !mlirAttributeIsAArray(a) || i >= mlirArrayAttrGetNumElements(a)
             ? NULL
             : ir_attr_string(b->mem, mlirArrayAttrGetElement(a, i));
}

/* Level and extent of one dim of the scf.parallel. */
typedef struct grid_dim { int mesh_dim; int64_t level, size; } grid_dim;

static loom_status read_grid_dim(build *b, MlirOperation grid, intptr_t i, intptr_t n, grid_dim *out) {
  loom_span span = ir_span(b->ir, grid);
  const char *name = string_at(b, grid, "loom.physical_dims", i);
  MlirAttribute levels = ir_attr_of(grid, "loom.logical_levels");
  int64_t lb, step;
  if (!name || mlirAttributeIsNull(levels) || !mlirAttributeIsAArray(levels) || i >= mlirArrayAttrGetNumElements(levels) ||
      !ir_attr_int(mlirArrayAttrGetElement(levels, i), &out->level))
    LOOM_FAIL(b->ctx, span, LOOM_EINPUT, "scf.parallel lacks loom.physical_dims or loom.logical_levels for dim %d", (int)i);
  if (text_starts(name, "dim_"))
    name += 4;
  out->mesh_dim = -1;
  for (int d = 0; d < b->tog->n_mesh; d++)
    if (text_eq(b->tog->mesh_name[d], name))
      out->mesh_dim = d;
  if (out->mesh_dim < 0)
    LOOM_FAIL(b->ctx, span, LOOM_EINPUT, "scf.parallel names mesh dim '%s', which machine '%s' does not have", name, b->machine->name);
  if (!ir_const_int(ir_operand(grid, i), &lb) || !ir_const_int(ir_operand(grid, n + i), &out->size) || !ir_const_int(ir_operand(grid, 2 * n + i), &step) ||
      lb != 0 || step != 1 || out->size < 1)
    LOOM_FAIL(b->ctx, span, LOOM_EUNSUP, "scf.parallel must run from 0 to a constant in steps of 1");
  return LOOM_OK;
}

/* Induction variables of the grid: level l of a mesh dim is (coordinate floordiv product of lower sizes) mod size. */
static loom_status bind_grid(build *b, MlirOperation grid) {
  intptr_t n = ir_num_operands(grid) / 3;
  grid_dim *dims = ARENA_NEW_N(b->mem, grid_dim, n);
  int64_t used[TOG_MESH_MAX] = {1, 1, 1};
  for (intptr_t i = 0; i < n; i++) {
    LOOM_TRY(read_grid_dim(b, grid, i, n, &dims[i]));
    used[dims[i].mesh_dim] *= dims[i].size;
  }
  for (int d = 0; d < b->tog->n_mesh; d++) {
    if (used[d] > b->tog->mesh_size[d])
      LOOM_FAIL(b->ctx, ir_span(b->ir, grid), LOOM_EINPUT, "scf.parallel uses %" PRId64 " cores along '%s'; machine '%s' has %" PRId64, used[d],
                b->tog->mesh_name[d], b->machine->name, b->tog->mesh_size[d]);
    b->tog->mesh_size[d] = used[d];
  }
  for (intptr_t i = 0; i < n; i++) {
    int64_t stride = 1;
    for (intptr_t k = 0; k < n; k++)
      if (dims[k].mesh_dim == dims[i].mesh_dim && dims[k].level < dims[i].level)
        stride *= dims[k].size;
    const sym_expr *coord = sym_name(b->mem, b->tog->mesh_name[dims[i].mesh_dim]);
    const sym_expr *e = sym_floordiv(b->mem, coord, sym_const(b->mem, stride));
    if (stride * dims[i].size < used[dims[i].mesh_dim])
      e = sym_mod(b->mem, e, sym_const(b->mem, dims[i].size));
    if (dims[i].size == 1)
      e = sym_const(b->mem, 0);
    build_bind(b, mlirBlockGetArgument(ir_body(grid), i), e);
  }
  return LOOM_OK;
}

/* ---- tensors ---- */

static loom_status add_tensors(build *b) {
  MlirBlock body = ir_body(b->func);
  for (intptr_t i = 0; i < mlirBlockGetNumArguments(body); i++) {
    MlirType t = mlirValueGetType(mlirBlockGetArgument(body, i));
    tog_tensor tensor = {.name = arena_printf(b->mem, "arg%d", (int)i), .arg = (int)i};
    if (!mlirTypeIsAMemRef(t) || !ir_type_dtype(t, &tensor.type) || !mlirShapedTypeHasStaticShape(t) || mlirShapedTypeGetRank(t) > TOG_RANK_MAX)
      LOOM_FAIL(b->ctx, ir_span(b->ir, b->func), LOOM_EUNSUP, "argument %d of '%s' is no memref of static shape", (int)i, ir_func_name(b->mem, b->func));
    MlirAttribute names = ir_attr_of(b->func, "arg_attrs");
    if (!mlirAttributeIsNull(names) && mlirAttributeIsAArray(names)) {
      MlirAttribute own = mlirArrayAttrGetElement(names, i);
      const char *name = mlirAttributeIsADictionary(own) ? ir_attr_string(b->mem, mlirDictionaryAttrGetElementByName(own, mlirStringRefCreateFromCString("loom.name"))) : NULL;
      if (name)
        tensor.name = name;
    }
    tensor.rank = (int)mlirShapedTypeGetRank(t);
    for (int d = 0; d < tensor.rank; d++)
      tensor.shape[d] = mlirShapedTypeGetDimSize(t, d);
    vec_push(b->mem, &b->tog->tensors, tensor);
  }
  return LOOM_OK;
}

/* The DRAM box of a memref.reinterpret_cast of an argument.  Its offset is affine.linearize_index of per-dim offsets, or 0. */
static loom_status read_box(build *b, MlirValue view, MlirValue local, tog_box *out) {
  MlirOperation cast = ir_def(view);
  if (mlirOperationIsNull(cast) || !ir_op_is(cast, "memref.reinterpret_cast"))
    LOOM_FAIL(b->ctx, LOOM_NOSPAN, LOOM_EUNSUP, "the DRAM side of a copy must be a memref.reinterpret_cast of an argument");
  loom_span span = ir_span(b->ir, cast);
  MlirValue arg = ir_operand(cast, 0);
  if (!mlirValueIsABlockArgument(arg) || !mlirBlockEqual(mlirBlockArgumentGetOwner(arg), ir_body(b->func)))
    LOOM_FAIL(b->ctx, span, LOOM_EUNSUP, "the DRAM side of a copy must be an argument of the function");
  out->tensor = (int)mlirBlockArgumentGetArgNumber(arg);
  const tog_tensor *t = &b->tog->tensors.at[out->tensor];
  out->rank = t->rank;
  int n_local = (int)mlirShapedTypeGetRank(mlirValueGetType(view)), next = 0;
  const sym_expr *local_size[TOG_RANK_MAX];
  (void)local;
  for (int d = 0; d < n_local; d++)
    LOOM_TRY(build_mixed(b, cast, "static_sizes", 2, d, &local_size[d]));
  /* dims of the tensor that the tile keeps: those whose stride is among the cast's strides, matched from the outside in */
  int64_t stride[TOG_RANK_MAX + 1];
  stride[t->rank] = 1;
  for (int d = t->rank - 1; d >= 0; d--)
    stride[d] = stride[d + 1] * t->shape[d];
  for (int d = 0; d < t->rank; d++) {
    const sym_expr *s;
    int64_t value = -1;
    if (next < n_local) {
      LOOM_TRY(build_mixed(b, cast, "static_strides", 3, next, &s));
      if (!sym_is_const(s, &value))
        LOOM_FAIL(b->ctx, span, LOOM_EUNSUP, "a DRAM view with dynamic strides");
    }
    int left_local = n_local - next, left = t->rank - d;
    if (next < n_local && (value == stride[d + 1] || left_local == left)) {
      out->to_dim[d] = next;
      out->extent[d] = local_size[next++];
    } else {
      out->to_dim[d] = -1;
      out->extent[d] = sym_const(b->mem, 1);
    }
  }
  if (next != n_local)
    LOOM_FAIL(b->ctx, span, LOOM_EUNSUP, "the strides of a DRAM view are not those of its argument");
  const sym_expr *linear;
  int64_t zero;
  intptr_t first, count;
  MlirAttribute offsets = ir_attr_of(cast, "static_offsets");
  int64_t fixed = mlirAttributeIsNull(offsets) ? 0 : mlirDenseI64ArrayGetElement(offsets, 0);
  MlirOperation lin = {NULL};
  if (fixed == mlirShapedTypeGetDynamicSize() && ir_segment(cast, 1, &first, &count) && count == 1)
    lin = ir_def(ir_operand(cast, first));
  if (!mlirOperationIsNull(lin) && ir_op_is(lin, "affine.linearize_index")) {
    for (int d = 0; d < t->rank; d++)
      LOOM_TRY(build_expr(b, ir_operand(lin, d), &out->offset[d]));
    return LOOM_OK;
  }
  if (fixed == mlirShapedTypeGetDynamicSize()) {
    LOOM_TRY(build_expr(b, ir_operand(cast, first), &linear));
    if (!sym_is_const(linear, &fixed))
      LOOM_FAIL(b->ctx, span, LOOM_EUNSUP, "the offset of a DRAM view must be an affine.linearize_index of per-dim offsets");
  }
  zero = fixed;
  for (int d = 0; d < t->rank; d++) {   /* a constant offset splits by the strides */
    out->offset[d] = sym_const(b->mem, zero / stride[d + 1]);
    zero %= stride[d + 1];
  }
  return LOOM_OK;
}

/* ---- buffers ---- */

static loom_status add_buffer(build *b, MlirOperation alloc, int *out) {
  dialect_alloc a;
  if (!dialect_read_alloc(b->mem, alloc, &a) || !mlirShapedTypeHasStaticShape(a.type))
    LOOM_FAIL(b->ctx, ir_span(b->ir, alloc), LOOM_EUNSUP, "loom.alloc needs a static shape");
  if (a.offset < 0)
    LOOM_FAIL(b->ctx, ir_span(b->ir, alloc), LOOM_EINPUT, "loom.alloc has no L1 offset");
  const char *name = ir_attr_string(b->mem, ir_attr_of(alloc, "loom.name"));
  tog_buffer buf = {.name = name ? name : arena_printf(b->mem, "buf%zu", b->tog->buffers.n), .depth = a.buffer_count > 0 ? (int)a.buffer_count : 1, .offset = a.offset};
  int64_t elems = 1, align = b->machine->l1_align_bytes > 0 ? b->machine->l1_align_bytes : 1;
  buf.rank = (int)mlirShapedTypeGetRank(a.type);
  if (!ir_type_dtype(a.type, &buf.type) || buf.rank > TOG_RANK_MAX)
    LOOM_FAIL(b->ctx, ir_span(b->ir, alloc), LOOM_EUNSUP, "loom.alloc of an element type or rank that the virtual chip does not have");
  for (int d = 0; d < buf.rank; d++) {
    buf.shape[d] = mlirShapedTypeGetDimSize(a.type, d);
    elems *= buf.shape[d];
  }
  buf.bytes = elems * (int64_t)dtype_bytes(buf.type);
  buf.stride = (buf.bytes + align - 1) / align * align;
  vec_push(b->mem, &b->tog->buffers, buf);
  *out = (int)b->tog->buffers.n - 1;
  return LOOM_OK;
}

/* How a taken slot is used, found by looking at all uses of the take before any node is made. */
static void classify(build *b, MlirOperation op, void (*see)(build *, build_slot *, MlirOperation, int operand)) {
  for (intptr_t i = 0; i < ir_num_operands(op); i++) {
    build_slot *s = mlirTypeIsAMemRef(mlirValueGetType(ir_operand(op, i))) ? build_slot_of(b, ir_operand(op, i)) : NULL;
    if (s)
      see(b, s, op, (int)i);
  }
}

static bool is_dram(const char *space) { return space && text_starts(space, "mem_DRAM"); }

static void see_use(build *b, build_slot *s, MlirOperation op, int operand) {
  dialect_copy c;
  if (!ir_op_is(op, "loom.copy") || !dialect_read_copy(b->mem, op, &c))
    return;
  s->by_load |= is_dram(c.src_space) && operand == 1;
  s->to_store |= is_dram(c.dst_space) && operand == 0;
}

static bool visit_use(MlirOperation op, void *data) {
  classify(data, op, see_use);
  return true;
}

typedef struct take_scan { build *b; loom_status status; VEC_OF(MlirOperation) allocs; VEC_OF(int) buffers; } take_scan;

static bool visit_take(MlirOperation op, void *data) {
  take_scan *scan = data;
  if (!ir_op_is(op, "loom.semaphore_take"))
    return true;
  MlirOperation alloc = ir_def(ir_operand(op, 0));
  int buffer = -1;
  for (size_t i = 0; i < scan->allocs.n; i++)
    if (mlirOperationEqual(scan->allocs.at[i], alloc))
      buffer = scan->buffers.at[i];
  if (buffer < 0) {
    scan->status = add_buffer(scan->b, alloc, &buffer);
    if (scan->status != LOOM_OK)
      return false;
    vec_push(scan->b->mem, &scan->allocs, alloc);
    vec_push(scan->b->mem, &scan->buffers, buffer);
  }
  vec_push(scan->b->mem, &scan->b->slots, ((build_slot){.value = ir_result(op, 0), .buffer = buffer}));
  return true;
}

/* ---- nodes ---- */

static loom_status add_copy(build *b, MlirOperation op, tog_body *body) {
  dialect_copy c;
  if (!dialect_read_copy(b->mem, op, &c))
    LOOM_FAIL(b->ctx, ir_span(b->ir, op), LOOM_EINPUT, "malformed loom.copy");
  bool load = is_dram(c.src_space);
  MlirValue dram = load ? c.src : c.dst, local = load ? c.dst : c.src;
  build_slot *slot = build_slot_of(b, local);
  if (!slot)
    LOOM_FAIL(b->ctx, ir_span(b->ir, op), LOOM_EUNSUP, "the L1 side of a copy is no taken buffer");
  tog_node *n = add_node(b, body, load ? TOG_LOAD : TOG_STORE, "");
  n->buffer = slot->buffer;
  n->thread = load ? TOG_READER : TOG_WRITER;
  LOOM_TRY(read_box(b, dram, local, &n->box));
  tog_tensor *t = &b->tog->tensors.at[n->box.tensor];
  t->is_input |= load;
  t->is_output |= !load;
  n->label = arena_printf(b->mem, "%s %s", load ? "load" : "store", t->name);
  int64_t sharers = 1;
  for (int d = 0; d < c.n_mesh; d++)
    sharers *= c.area[d] > 0 ? c.area[d] : 1;
  if (!load || sharers == 1)
    return LOOM_OK;
  n->has_group = true;
  for (int d = 0; d < b->tog->n_mesh; d++) {
    if (d >= c.n_mesh || mlirValueIsNull(c.ul[d]))
      LOOM_FAIL(b->ctx, ir_span(b->ir, op), LOOM_EINPUT, "a multicast copy needs a region for every mesh dim");
    LOOM_TRY(build_expr(b, c.ul[d], &n->group.ul[d]));
    LOOM_TRY(build_expr(b, c.lr[d], &n->group.lr[d]));
    n->group.sender[d] = n->group.ul[d];
  }
  return LOOM_OK;
}

static loom_status add_take(build *b, MlirOperation op, tog_body *body) {
  build_slot *slot = build_slot_of(b, ir_result(op, 0));
  if (!slot->by_load)
    add_node(b, body, TOG_TAKE, arena_printf(b->mem, "take %s", b->tog->buffers.at[slot->buffer].name))->buffer = slot->buffer;
  return LOOM_OK;
}

/* The compute thread publishes a slot where the program gives it back: it may still read it behind a store, which waits on its own thread. */
static loom_status add_give(build *b, MlirOperation op, tog_body *body) {
  build_slot *slot = build_slot_of(b, ir_operand(op, 0));
  if (!slot)
    LOOM_FAIL(b->ctx, ir_span(b->ir, op), LOOM_EINPUT, "loom.semaphore_give of a value that was not taken");
  const char *name = b->tog->buffers.at[slot->buffer].name;
  if (!slot->by_load && !slot->pushed) {
    add_node(b, body, TOG_PUSH, arena_printf(b->mem, "push %s", name))->buffer = slot->buffer;
    slot->pushed = true;
  }
  tog_node *n = add_node(b, body, TOG_GIVE, arena_printf(b->mem, "give %s", name));
  n->buffer = slot->buffer;
  n->thread = slot->to_store ? TOG_WRITER : TOG_COMPUTE_THREAD;
  return LOOM_OK;
}

static loom_status add_compute(build *b, MlirOperation op, tog_body *body) {
  tog_node *n = add_node(b, body, TOG_COMPUTE, arena_strdup(b->mem, ir_op_name(op)));
  LOOM_TRY(build_outline(b, op, n));
  return build_cost(b, op, n);
}

static loom_status add_block(build *b, MlirBlock block, tog_body *body);

static loom_status add_loop(build *b, MlirOperation op, tog_body *body) {
  const sym_expr *lb, *ub, *step;
  LOOM_TRY(build_expr(b, ir_operand(op, 0), &lb));
  LOOM_TRY(build_expr(b, ir_operand(op, 1), &ub));
  LOOM_TRY(build_expr(b, ir_operand(op, 2), &step));
  const char *sym = ir_attr_string(b->mem, ir_attr_of(op, "loom.block_sym"));
  tog_node *n = add_node(b, body, TOG_LOOP, sym && *sym ? sym : "loop");
  n->var = arena_printf(b->mem, "i%d", b->n_loops++);
  n->trip = sym_ceildiv(b->mem, sym_sub(b->mem, ub, lb), step);
  build_bind(b, mlirBlockGetArgument(ir_body(op), 0), sym_add(b->mem, lb, sym_mul(b->mem, sym_name(b->mem, n->var), step)));
  return add_block(b, ir_body(op), &n->body);
}

/* Index arithmetic, views and constants make no node: they are read where they are used. */
static bool is_silent(MlirOperation op) {
  static const char *const prefixes[] = {"arith.", "affine.", "memref.subview", "memref.reinterpret_cast", "memref.cast"};
  static const char *const names[] = {"loom.alloc", "scf.yield", "scf.reduce", "func.return"};
  for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
    if (text_starts(ir_op_name(op), prefixes[i]))
      return true;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (ir_op_is(op, names[i]))
      return true;
  return false;
}

static bool touches_dram(build *b, MlirOperation op) {
  dialect_copy c;
  return ir_op_is(op, "loom.copy") && dialect_read_copy(b->mem, op, &c) && (is_dram(c.src_space) || is_dram(c.dst_space));
}

static loom_status add_op(build *b, MlirOperation op, tog_body *body) {
  if (is_silent(op))
    return LOOM_OK;
  if (ir_op_is(op, "scf.for"))
    return add_loop(b, op, body);
  if (ir_op_is(op, "loom.semaphore_take"))
    return add_take(b, op, body);
  if (ir_op_is(op, "loom.semaphore_give"))
    return add_give(b, op, body);
  if (touches_dram(b, op))
    return add_copy(b, op, body);
  if (text_starts(ir_op_name(op), "linalg.") || text_starts(ir_op_name(op), "loom.") || ir_op_is(op, "memref.copy"))
    return add_compute(b, op, body);
  LOOM_FAIL(b->ctx, ir_span(b->ir, op), LOOM_EUNSUP, "'%s' has no form in a TOG", ir_op_name(op));
}

static loom_status add_block(build *b, MlirBlock block, tog_body *body) {
  for (MlirOperation op = mlirBlockGetFirstOperation(block); !mlirOperationIsNull(op); op = mlirOperationGetNextInBlock(op))
    LOOM_TRY(add_op(b, op, body));
  return LOOM_OK;
}

static bool find_grid(MlirOperation op, void *data) {
  if (!ir_op_is(op, "scf.parallel"))
    return true;
  *(MlirOperation *)data = op;
  return false;
}

/* The first function of a materialised module, which may be nested. */
static bool find_function(MlirOperation op, void *data) {
  if (!ir_op_is(op, "func.func"))
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
  if (mlirOperationIsNull(b.func))
    LOOM_FAIL(ir->ctx, LOOM_NOSPAN, LOOM_EINPUT, "the module has no function%s%s", func ? " " : "", func ? func : "");
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
  LOOM_TRY(add_tensors(&b));
  MlirOperation grid = {NULL};
  ir_walk(b.func, find_grid, &grid);
  if (mlirOperationIsNull(grid))
    LOOM_FAIL(ir->ctx, ir_span(ir, b.func), LOOM_EINPUT, "'%s' has no scf.parallel over the mesh", t->variant);
  LOOM_TRY(bind_grid(&b, grid));
  take_scan scan = {.b = &b};
  ir_walk(grid, visit_take, &scan);
  LOOM_TRY(scan.status);
  ir_walk(grid, visit_use, &b);
  LOOM_TRY(add_block(&b, ir_body(grid), &t->body));
  *out = t;
  return LOOM_OK;
}
