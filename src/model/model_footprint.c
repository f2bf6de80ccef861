#include "base/text.h"
#include "model/model_private.h"

dtype model_buffer_type(const nest_buffer *b, bool accumulate_f32) {
  bool is_widened = accumulate_f32 && b->is_accumulator && dtype_is_float(b->type) && dtype_bytes(b->type) < 4;
  return is_widened ? DTYPE_F32 : b->type;
}

/* One slot.  loom: real bytes, each slot aligned as the planner will place it.  upstream: every buffer in the kernel's data type. */
static const sym_expr *slot_bytes(const modeler *b, const nest_buffer *x) {
  arena *m = &b->ctx->mem;
  const sym_expr *e = model_bound_iterators(b, nest_buffer_elems(m, x, b->kind == MODEL_LOOM ? 1 : b->machine->tile_align));
  dtype type = b->kind == MODEL_LOOM ? model_buffer_type(x, b->accumulate_f32) : b->n->type;
  e = sym_mul(m, e, sym_const(m, (int64_t)dtype_bytes(type)));
  if (b->kind != MODEL_LOOM || b->machine->l1_align_bytes <= 1)
    return e;
  const sym_expr *align = sym_const(m, b->machine->l1_align_bytes);
  return sym_mul(m, sym_ceildiv(m, e, align), align);
}

/* sum of all + (double buffering ? the loads once more : 0) */
const sym_expr *model_l1_bytes(const modeler *b) {
  arena *m = &b->ctx->mem;
  nest_buffers buffers = {0};
  nest_list_buffers(m, b->n, b->kind != MODEL_LOOM, &buffers);
  const sym_expr *all = sym_const(m, 0), *loads = sym_const(m, 0);
  for (size_t i = 0; i < buffers.n; i++) {
    const sym_expr *e = slot_bytes(b, &buffers.at[i]);
    all = sym_add(m, all, e);
    if (buffers.at[i].kind == NEST_BUFFER_LOAD)
      loads = sym_add(m, loads, e);
  }
  return sym_add(m, all, sym_mul(m, b->db, loads));
}
