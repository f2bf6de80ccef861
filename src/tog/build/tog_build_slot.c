/* L1: loom.alloc as buffers, loom.semaphore_take as slots, and what becomes of each slot (found before any node is made). */
#include "tog/build/tog_build_private.h"

#define BUFFER_BYTES_MAX ((int64_t)1 << 31)

/* ---- buffers ---- */

static loom_status add_buffer(build *b, MlirOperation alloc, int *out) {
  loom_span span = ir_span(b->ir, alloc);
  dialect_alloc a;
  if (!dialect_read_alloc(b->mem, alloc, &a) || !mlirAffineMapIsIdentity(mlirMemRefTypeGetAffineMap(a.type)))
    LOOM_FAIL(b->ctx, span, LOOM_EUNSUP, "a loom.semaphore_take must name a loom.alloc of static shape and row-major layout");
  if (!text_eq(a.memory, "L1"))
    LOOM_FAIL(b->ctx, span, LOOM_EUNSUP, "loom.alloc in memory '%s'; the virtual chip has buffers in L1 only", a.memory);
  if (a.offset < 0)
    LOOM_FAIL(b->ctx, span, LOOM_EINPUT, "loom.alloc has no L1 offset");
  const char *name = ir_attr_string(b->mem, ir_attr_of(alloc, "loom.name"));
  tog_buffer buf = {.name = name ? name : arena_printf(b->mem, "buf%zu", b->tog->buffers.n), .depth = 1, .offset = a.offset};
  buf.rank = (int)mlirShapedTypeGetRank(a.type);
  if (!ir_type_dtype(a.type, &buf.type) || buf.rank > TOG_RANK_MAX)
    LOOM_FAIL(b->ctx, span, LOOM_EUNSUP, "loom.alloc of an element type or rank that the virtual chip does not have");
  int64_t align = a.alignment > 0 ? a.alignment : b->machine->l1_align_bytes > 0 ? b->machine->l1_align_bytes : 1;
  bool fits = true;
  buf.bytes = (int64_t)dtype_bytes(buf.type);
  for (int d = 0; d < buf.rank; d++) {
    buf.shape[d] = mlirShapedTypeGetDimSize(a.type, d);
    fits = fits && buf.shape[d] > 0 && !__builtin_mul_overflow(buf.bytes, buf.shape[d], &buf.bytes);
  }
  int64_t slots = a.buffer_count > 0 ? a.buffer_count : 1, all;
  fits = fits && !__builtin_add_overflow(buf.bytes, align - 1, &buf.stride);
  buf.stride = buf.stride / align * align;
  if (!fits || __builtin_mul_overflow(buf.stride, slots, &all) || all > BUFFER_BYTES_MAX)
    LOOM_FAIL(b->ctx, span, LOOM_EINPUT, "loom.alloc '%s' has no elements or more than 2^31 bytes", buf.name);
  buf.depth = (int)slots;
  vec_push(b->mem, &b->tog->buffers, buf);
  vec_push(b->mem, &b->held, NULL);
  *out = (int)b->tog->buffers.n - 1;
  return LOOM_OK;
}

typedef struct take_scan { build *b; loom_status status; VEC_OF(MlirOperation) allocs; /* of buffer i */ } take_scan;

static bool visit_take(MlirOperation op, void *data) {
  take_scan *scan = data;
  if (!ir_op_is(op, "loom.semaphore_take"))
    return true;
  MlirOperation alloc = ir_def(ir_operand(op, 0));
  int buffer = -1;
  for (size_t i = 0; i < scan->allocs.n; i++)
    if (mlirOperationEqual(scan->allocs.at[i], alloc))
      buffer = (int)i;
  if (buffer < 0) {
    scan->status = add_buffer(scan->b, alloc, &buffer);
    if (scan->status != LOOM_OK)
      return false;
    vec_push(scan->b->mem, &scan->allocs, alloc);
  }
  vec_push(scan->b->mem, &scan->b->slots, ((build_slot){.value = ir_result(op, 0), .buffer = buffer, .last_write = -1}));
  return true;
}

/* ---- uses ---- */

static void see_use(build *b, build_slot *s, MlirOperation op, intptr_t operand) {
  dialect_copy c;
  if (ir_op_is(op, "loom.semaphore_give") || ir_op_is(op, "memref.subview") || ir_op_is(op, "memref.cast"))
    return;
  if (ir_op_is(op, "loom.gather")) {
    s->to_store |= operand == 0;
    s->by_load |= operand == 1;
    return;
  }
  bool is_copy = dialect_read_copy(b->mem, op, &c);
  if (is_copy && text_eq(c.src_space, "mem_DRAM"))
    s->by_load |= operand == 1;
  else if (is_copy && text_eq(c.dst_space, "mem_DRAM"))
    s->to_store |= operand == 0;
  else
    s->by_compute = true;
}

static bool visit_use(MlirOperation op, void *data) {
  for (intptr_t i = 0; i < ir_num_operands(op); i++) {
    MlirValue v = ir_operand(op, i);
    build_slot *s = mlirTypeIsAMemRef(mlirValueGetType(v)) ? build_slot_of(data, v) : NULL;
    if (s)
      see_use(data, s, op, i);
  }
  return true;
}

/* The writer frees what it stores; nothing would tell it that the compute thread has read a slot that the reader filled. */
static loom_status check_uses(build *b) {
  for (size_t i = 0; i < b->slots.n; i++) {
    const build_slot *s = &b->slots.at[i];
    if (s->by_load && s->to_store && s->by_compute)
      LOOM_FAIL(b->ctx, ir_span(b->ir, ir_def(s->value)), LOOM_EUNSUP, "a slot of '%s' is loaded, computed on and stored; store a copy of it from a buffer of its own",
                b->tog->buffers.at[s->buffer].name);
  }
  return LOOM_OK;
}

loom_status build_slots(build *b, MlirOperation grid) {
  take_scan scan = {.b = b};
  ir_walk(grid, visit_take, &scan);
  LOOM_TRY(scan.status);
  ir_walk(grid, visit_use, b);
  return check_uses(b);
}

/* ---- views ---- */

build_slot *build_slot_of(build *b, MlirValue v) {
  for (;;) {
    for (size_t i = 0; i < b->slots.n; i++)
      if (mlirValueEqual(b->slots.at[i].value, v))
        return &b->slots.at[i];
    MlirOperation op = ir_def(v);
    if (!ir_op_is(op, "memref.subview") && !ir_op_is(op, "memref.cast"))
      return NULL;
    v = ir_operand(op, 0);
  }
}

static bool all_are(MlirOperation op, const char *list, int64_t want) {
  MlirAttribute a = ir_attr_of(op, list);
  for (intptr_t i = 0; i < build_mixed_count(op, list); i++)
    if (mlirDenseI64ArrayGetElement(a, i) != want)
      return false;
  return true;
}

int build_dropped(MlirOperation subview) {
  return (int)(build_mixed_count(subview, "static_sizes") - mlirShapedTypeGetRank(mlirValueGetType(ir_result(subview, 0))));
}

loom_status build_check_view(build *b, MlirOperation subview) {
  int dropped = build_dropped(subview);
  bool is_leading = true;
  for (int d = 0; d < dropped; d++)
    is_leading = is_leading && mlirDenseI64ArrayGetElement(ir_attr_of(subview, "static_sizes"), d) == 1;
  if (!all_are(subview, "static_strides", 1) || !is_leading)
    LOOM_FAIL(b->ctx, ir_span(b->ir, subview), LOOM_EUNSUP, "a memref.subview of an L1 buffer must have strides 1 and may drop leading dims of one element only");
  return LOOM_OK;
}
