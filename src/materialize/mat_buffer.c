/* The plan's L1 buffers: one loom.alloc each, at the top of the mesh loop; values take and give slots of them. */
#include "materialize/mat_private.h"
#include <string.h>

static const plan_buffer *find_buffer(const mat *m, const char *name) {
  for (size_t i = 0; i < m->plan->buffers.n; i++)
    if (text_eq(m->plan->buffers.at[i].name, name))
      return &m->plan->buffers.at[i];
  return NULL;
}

const plan_buffer *mat_handoff(const mat *m, const nest_node *store) {
  for (size_t i = 0; i < m->handoffs.n; i++)
    if (m->handoffs.at[i].store == store)
      return m->handoffs.at[i].buffer;
  return NULL;
}

static const char *shape_text(arena *mem, const int64_t *shape, int rank) {
  text t = text_new(mem);
  for (int d = 0; d < rank; d++)
    text_addf(&t, "%s%" PRId64, d ? "x" : "", shape[d]);
  return text_str(&t);
}

/* A plan may come from a file: its buffers must be those the kernel needs at its block sizes. */
static loom_status check_buffer(mat *m, const nest_buffer *need, const plan_buffer *b) {
  int64_t want[NEST_RANK_MAX];
  int rank = need->rank;
  for (int d = 0; d < need->rank; d++) {
    const sym_expr *size = mat_fold(m, need->dim[d]);
    if (!sym_is_const(size, &want[d]))
      LOOM_FAIL(m->ctx, m->at, LOOM_EUNSUP, "the size of tile '%s' must follow from the block sizes, not %s", need->name, sym_str(m->mem, size));
  }
  if (need->kind == NEST_BUFFER_LOAD)
    LOOM_TRY(mat_panel_shape(m, need->access, &m->slot[need->value], want, &rank));
  bool same = b->rank == rank;
  for (int d = 0; same && d < rank; d++)
    same = b->shape[d] == want[d];
  if (!same)
    LOOM_FAIL(m->ctx, LOOM_NOSPAN, LOOM_EINPUT, "the plan's buffer '%s' is %s; at its block sizes the kernel needs %s", b->name,
              shape_text(m->mem, b->shape, b->rank), shape_text(m->mem, want, rank));
  if (b->offset < 0 || b->depth < 1)
    LOOM_FAIL(m->ctx, LOOM_NOSPAN, LOOM_EINPUT, "the plan's buffer '%s' has offset %" PRId64 " and depth %d; expected an L1 address and at least one slot",
              b->name, b->offset, b->depth);
  return LOOM_OK;
}

loom_status mat_assign_buffers(mat *m) {
  nest_buffers needs = {0};
  nest_list_buffers(m->mem, m->nest, false, &needs);
  for (size_t v = 0; v < m->nest->values.n; v++)
    memset(m->slot[v].along, 0xFF, sizeof m->slot[v].along);
  for (size_t i = 0; i < needs.n; i++) {
    const nest_buffer *need = &needs.at[i];
    const plan_buffer *b = find_buffer(m, need->name);
    if (!b && need->kind == NEST_BUFFER_STORE && mat_plan_access(m, need->access)->direct)
      continue;      /* it leaves from the accumulator */
    if (!b)
      LOOM_FAIL(m->ctx, LOOM_NOSPAN, LOOM_EINPUT, "the plan has no L1 buffer for '%s'", need->name);
    LOOM_TRY(check_buffer(m, need, b));
    if (need->kind == NEST_BUFFER_STORE)
      vec_push(m->mem, &m->handoffs, ((mat_handoff_buffer){need->access, b}));
    else
      m->slot[need->value].buffer = b;
  }
  return LOOM_OK;
}

static MlirType buffer_type(mat *m, const plan_buffer *b) {
  return ir_type(m->ir, arena_printf(m->mem, "memref<%s%s%s>", shape_text(m->mem, b->shape, b->rank), b->rank ? "x" : "",
                                     ir_print_type(m->mem, ir_dtype(m->ir, b->type))));
}

loom_status mat_take(mat *m, const plan_buffer *buffer, MlirValue *out_slot) {
  size_t i = (size_t)(buffer - m->plan->buffers.at);
  if (MAT_NULL(m->alloc[i])) {
    dialect_alloc a = {.type = buffer_type(m, buffer), .memory = "L1", .name = buffer->name, .offset = buffer->offset,
                       .buffer_count = buffer->depth, .alignment = m->machine->l1_align_bytes > 0 ? m->machine->l1_align_bytes : -1};
    MlirOperation behind = mlirOperationIsNull(m->last_alloc) ? mlirBlockGetFirstOperation(m->mesh) : mlirOperationGetNextInBlock(m->last_alloc);
    ir_builder top = ir_before(m->ir, behind);
    m->last_alloc = dialect_build_alloc(&top, &a);
    m->alloc[i] = ir_result(m->last_alloc, 0);
  }
  *out_slot = ir_result(dialect_build_take(&m->b, m->alloc[i]), 0);
  return MAT_NULL(*out_slot) ? LOOM_EBUG : LOOM_OK;
}

loom_status mat_take_value(mat *m, int v) {
  return MAT_NULL(m->slot[v].slot) ? mat_take(m, m->slot[v].buffer, &m->slot[v].slot) : LOOM_OK;
}

void mat_give_value(mat *m, int v) {
  if (MAT_NULL(m->slot[v].slot))
    return;
  dialect_build_give(&m->b, m->slot[v].slot);
  m->slot[v].slot = (MlirValue){NULL};
}
