/* Products whose operands do not lie in memory as matrices: the windows of a convolution, heads side by side. Where that saves steps, an operand is copied to a tensor in which its own
 * dims stand first and the summed ones last, each in the order of the result and of the other operand, so that they become one dim each (for convolutions: Chellapilla, Puri, Simard,
 * High performance convolutional neural networks for document processing, 2006). */
#include "network/net_private.h"

enum { UNIT = 32, COPIED_UNIT = UNIT * UNIT };      /* a step multiplies matrices of this size at most, whatever the machine; or copies as many elements */

static int64_t in_units(int64_t elems, int64_t unit) { return (elems + unit - 1) / unit; }

static int64_t steps_of(const net_nest *n, const net_form *f) {
  int64_t steps = 1;
  for (int d = 0; d < n->space.n; d++)
    steps *= f->walk[d] == NET_TILE || f->walk[d] == NET_TILE_LOOP ? in_units(n->space.extent[d], UNIT) : n->space.extent[d];
  return steps;
}

static bool has_loops(const net_nest *n, const net_form *f) {
  for (int d = 0; d < n->space.n; d++)
    if (f->walk[d] == NET_LOOP)
      return true;
  return false;
}

/* The operand that a factor is. */
static int operand_of(net_reader *r, const net_nest *n, MlirValue factor) {
  const net_op *op = &r->ops.at[n->group->op[0]];
  int i = net_input_of(op, net_narrow(factor));
  return i >= 0 && op->in[i].value.kind == NET_MEMORY ? i : -1;
}

/* Dims of operand i in the order in which a copy has them; how many. */
static int order_dims(const net_nest *n, int i, int other, int *dim) {
  int count = 0;
  for (int turn = 0; turn < 2; turn++)
    for (int d = 0, first = count; d < n->space.n; d++) {
      const axis_expr by = turn ? n->in[0][other] : n->out[0][0];
      if (n->reduces[d] != (turn == 1) || !axis_coef(n->in[0][i], d))
        continue;
      int at = count++;
      for (; at > first && axis_coef(by, dim[at - 1]) < axis_coef(by, d); at--)
        dim[at] = dim[at - 1];
      dim[at] = d;
    }
  return count;
}

/* Where an operand lies whose dims are in that order in a tensor of its own. */
static axis_expr packed(net_reader *r, const net_nest *n, const int *dim, int count) {
  axis_expr e = {0};
  int64_t stride = 1;
  for (int k = count - 1; k >= 0; k--) {
    e = axis_add(r->mem, &n->space, e, axis_scale(r->mem, axis_var(r->mem, dim[k]), stride));
    stride *= n->space.extent[dim[k]];
  }
  return e;
}

typedef struct packing { int operand, dim[AXIS_MAX], n; int64_t steps; } packing;

/* What is left to do when operand i is copied, the copy included. */
static packing try_operand(net_reader *r, const net_nest *n, const net_form *f, bool second) {
  packing p = {.operand = operand_of(r, n, second ? f->b : f->a), .steps = INT64_MAX};
  int other = operand_of(r, n, second ? f->a : f->b);
  if (p.operand < 0 || other < 0 || p.operand == other || (p.n = order_dims(n, p.operand, other, p.dim)) > KERNEL_RANK_MAX)
    return p;
  net_nest *to = ARENA_NEW(r->mem, net_nest);
  int64_t elems = 1;
  *to = *n;
  for (int k = 0; k < p.n; k++)
    elems *= n->space.extent[p.dim[k]];
  net_read_copy(r, to, n->in_tensor[0][p.operand], n->in[0][p.operand], n->in_tensor[0][p.operand], packed(r, n, p.dim, p.n));
  net_merge_dims(r, to, false);
  net_form form = net_choose_form(r, to);
  if (form.is_product)
    p.steps = steps_of(to, &form) + in_units(elems, COPIED_UNIT);
  return p;
}

static loom_status copy(net_builder *b, net_nest *n, const packing *p) {
  net_reader *r = b->r;
  const net_op *op = &r->ops.at[n->group->op[0]];
  const loom_span span = op->span;
  net_value from = op->in[p->operand].value;
  axis_expr by[AXIS_MAX] = {{0}};
  from.tensor = n->in_tensor[0][p->operand];
  from.shape = (axis_space){.n = p->n};
  for (int k = 0; k < p->n; k++) {
    by[p->dim[k]] = axis_var(r->mem, k);
    from.shape.extent[k] = n->space.extent[p->dim[k]];
  }
  from.at = axis_subst(r->mem, &from.shape, n->in[0][p->operand], by);
  net_value to = net_memory(r, net_new_tensor(r, NULL, NETWORK_TEMPORARY, from.type, &from.shape));
  net_read_copy(r, n, from.tensor, n->in[0][p->operand], to.tensor, packed(r, n, p->dim, p->n));
  return net_copy_kernel(b, span, from, to);
}

loom_status net_pack_operands(net_builder *b, net_nest *n, net_form *f) {
  if (!f->is_product || !has_loops(n, f))
    return LOOM_OK;
  const packing first = try_operand(b->r, n, f, false), second = try_operand(b->r, n, f, true), best = first.steps <= second.steps ? first : second;
  if (best.steps > steps_of(n, f) / 2)      /* at 3/4 some models became slower: a kernel more wants to be worth it */
    return LOOM_OK;
  LOOM_TRY(copy(b, n, &best));
  net_merge_dims(b->r, n, false);
  *f = net_choose_form(b->r, n);
  return LOOM_OK;
}
