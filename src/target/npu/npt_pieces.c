/* Loads in pieces: the array starts before a tile is whole.
 * A tile that one load fills and nothing but one product takes, in the same turn of the same loop, is loaded in pieces along the dim that is summed over, each of as many elements as
 * the array has lanes and with a slot of the tile's tag; loom-to-vcix makes the product wait for them one by one.  The other dims stay whole: the array takes all rows of the inputs for
 * one block of weights before the next.  Only weights are, whose rows are rows of memory: pieces of inputs would be columns of it, which cost more DRAM rows than they save (measured: 1024^3
 * f32 on tpuv3 55,356 cycles for 44,396).  Where that dim is not a multiple of the lanes, or tiles have batches or parts, loads are what they are. */
#include "target/npu/npt_lower.h"

typedef struct users { int buffer, loads, others; const tog_node *product; const tog_body *of_load, *of_product; } users;

static bool takes(const tog_node *n, int buffer) {
  for (size_t i = 0; i < n->uses.n; i++)
    if (n->uses.at[i].buffer == buffer)
      return true;
  return false;
}

static void count_users(const npt_lowering *l, const tog_body *body, users *u) {
  for (size_t i = 0; i < body->n; i++) {
    const tog_node *n = body->at[i];
    if (n->kind == TOG_LOOP)
      count_users(l, &n->body, u);
    else if (n->kind == TOG_LOAD && n->buffer == u->buffer)
      u->loads++, u->of_load = body;
    else if (n->kind == TOG_COMPUTE && n->function >= 0 && takes(n, u->buffer) && npt_function_of(l, n)->kind == TFN_MATMUL && !u->product)
      u->product = n, u->of_product = body;
    else if (takes(n, u->buffer) || ((n->kind == TOG_STORE || n->kind == TOG_SEND || n->kind == TOG_COLLECT) && n->buffer == u->buffer))
      u->others++;
  }
}

/* Operand of the product that the tile is, if it is one and no more. */
static int operand_of(const tfn_function *f, const tog_node *n, int buffer) {
  int found = NPT_NONE;
  for (int i = 0; i < f->n_operands; i++)
    if (n->uses.at[f->operand[i].use].buffer == buffer)
      found = found == NPT_NONE && i < 2 ? i : TFN_OPERANDS_MAX;
  return found == TFN_OPERANDS_MAX ? NPT_NONE : found;
}

bool npt_loads_in_pieces(const npt_lowering *l, const tog_node *load, const npt_tile *t, int *out_dim) {
  const npt_buffer *b = &l->buffers[load->buffer];
  users u = {.buffer = load->buffer};
  count_users(l, &l->t->body, &u);
  if (u.loads != 1 || u.others || !u.product || u.of_load != u.of_product || load->box.has_lookup || load->opens || load->closes || load->has_group || b->is_computed || b->n_tiles != 1 || b->b->rank != 2)
    return false;
  const tfn_function *f = npt_function_of(l, u.product);
  const int operand = operand_of(f, u.product, load->buffer);
  if (operand == NPT_NONE || f->operand[operand].rank != 2)
    return false;
  for (int d = 0; d < 2; d++)
    if (b->parts[d] != 1 || load->at[d])
      return false;
  *out_dim = f->operand[operand].iter[0] == f->k_iter ? 0 : 1;
  return *out_dim != t->layout.lane && f->operand[operand].iter[*out_dim] == f->k_iter && t->padded[*out_dim] > l->core.lanes && b->b->shape[*out_dim] % l->core.lanes == 0 && t->padded[*out_dim] == b->b->shape[*out_dim];
}
