/* Gathers, which on one core are copies. */
#include "target/npu/npt_lower.h"

/* The tile becomes row `row` of the other: a copy to a part of it. */
const tog_node *npt_send_as_copy(npt_lowering *l, const tog_node *send) {
  for (size_t i = 0; i < l->copies.n; i++)
    if (l->copies.at[i]->send == send)
      return &l->copies.at[i]->node;
  npt_copy *c = ARENA_NEW(l->mem, npt_copy);
  const tog_buffer *from = &l->t->buffers.at[send->buffer], *to = &l->t->buffers.at[send->to];
  *c = (npt_copy){.send = send, .node = {.kind = TOG_SEND, .id = send->id, .label = send->label, .function = -1}};
  vec_push(l->mem, &c->node.uses, ((tog_use){send->buffer, TOG_READ, false}));
  vec_push(l->mem, &c->node.uses, ((tog_use){send->to, TOG_WRITE, false}));
  vec_push(l->mem, &c->node.args, send->row);
  c->function = (tfn_function){.name = send->label, .kind = TFN_GENERIC, .n_uses = 2, .n_args = 1, .n_operands = 2, .n_iter = from->rank};
  tfn_operand *a = &c->function.operand[0], *b = &c->function.operand[1];
  *a = (tfn_operand){.use = 0, .rank = from->rank};
  *b = (tfn_operand){.use = 1, .rank = to->rank};
  b->iter[0] = -1;
  b->extent[0] = (tfn_index){-1, 1};
  for (int d = 0; d < from->rank; d++) {
    a->iter[d] = b->iter[d + 1] = d;
    a->offset[d] = b->offset[d + 1] = (tfn_index){-1, 0};
    c->function.extent[d] = a->extent[d] = b->extent[d + 1] = (tfn_index){-1, from->shape[d]};
  }
  vec_push(l->mem, &l->copies, c);
  return &c->node;
}

const tfn_function *npt_function_of(const npt_lowering *l, const tog_node *n) {
  for (size_t i = 0; i < l->copies.n && n->kind == TOG_SEND; i++)
    if (&l->copies.at[i]->node == n)
      return &l->copies.at[i]->function;
  return &l->functions[n->function];
}

loom_status npt_emit_send(npt_lowering *l, const tog_node *n) { return npt_emit_compute(l, npt_send_as_copy(l, n)); }
