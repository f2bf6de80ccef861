/* A value that a LOOP carries only through the accumulator of MATMUL is one sum: f16 and bf16 sums are carried in f32 and rounded once,
 * behind the outermost of those loops. */
#include "lower/host_private.h"

typedef struct use { int count; const kernel_op *op; int operand; } use;

static void count_uses(use *uses, const kernel_region *r) {
  for (size_t i = 0; i < r->ops.n; i++) {
    const kernel_op *op = r->ops.at[i];
    for (int j = 0; j < op->n_operands; j++)
      if (op->operands[j] >= 0)
        uses[op->operands[j]] = (use){uses[op->operands[j]].count + 1, op, j};
    for (int j = 0; j < op->n_index; j++)
      if (op->index[j].value >= 0)
        uses[op->index[j].value].count += 2;
    for (int j = 0; j < op->n_regions; j++)
      count_uses(uses, &op->regions[j]);
  }
}

/* Follows carried value `slot` of `loop` through its body; marks what is open. */
static bool is_sum_through(host *h, const use *uses, const kernel_op *loop, int slot) {
  const kernel_region *body = &loop->regions[0];
  kernel_value param = body->params.at[1 + slot], next;
  const kernel_op *yield = body->ops.n ? body->ops.at[body->ops.n - 1] : NULL;
  if (!yield || yield->kind != KERNEL_YIELD || uses[param].count != 1)
    return false;
  next = yield->operands[slot];
  const kernel_op *by = uses[param].op;
  if (uses[next].count != 1 || uses[next].op != yield || h->l->k->values.at[next].def != by)
    return false;
  bool adds = by->kind == KERNEL_MATMUL && uses[param].operand == 2;
  bool nests = by->kind == KERNEL_LOOP && by->results[uses[param].operand] == next && is_sum_through(h, uses, by, uses[param].operand);
  if (!adds && !nests)
    return false;
  h->is_sum[param] = h->is_sum[next] = true;
  return true;
}

static void find_in(host *h, const use *uses, const kernel_region *r) {
  for (size_t i = 0; i < r->ops.n; i++) {
    const kernel_op *op = r->ops.at[i];
    for (int j = 0; op->kind == KERNEL_LOOP && j < op->n_operands; j++)
      if (!h->is_sum[op->regions[0].params.at[1 + j]])
        is_sum_through(h, uses, op, j);
    for (int j = 0; j < op->n_regions; j++)
      find_in(h, uses, &op->regions[j]);
  }
}

void host_find_sums(host *h) {
  const kernel_graph *k = h->l->k;
  use *uses = ARENA_NEW_N(h->l->mem, use, k->values.n);
  count_uses(uses, &k->body);
  find_in(h, uses, &k->body);
  for (size_t i = 0; i < k->values.n; i++)
    if (h->is_sum[i] && dtype_compute(h->type[i]) != h->type[i])
      h->type[i] = DTYPE_F32;
}
