/* How much a kernel has to do at least: its arithmetic, and the bytes of its tensors, each once.  What no plan can go below. */
#include "network/net_private.h"

static int64_t times(int64_t a, int64_t b) { return __builtin_mul_overflow(a, b, &a) ? INT64_MAX : a; }
static int64_t plus(int64_t a, int64_t b) { return __builtin_add_overflow(a, b, &a) ? INT64_MAX : a; }

/* Operations on numbers in the body, at one point of its loops; comparisons and selects count, casts and indices do not. */
static int64_t body_ops(const net_op *op) {
  int64_t n = 0;
  net_fn f;
  if (mlirBlockIsNull(op->body))
    return 0;
  for (MlirOperation in = mlirBlockGetFirstOperation(op->body); !mlirOperationIsNull(in); in = mlirOperationGetNextInBlock(in))
    n += net_scalar_fn(in, &f) && f.kind != KERNEL_CAST && !mlirTypeIsAIndex(mlirValueGetType(ir_result(in, 0)));
  return n;
}

/* A tensor is moved once, and no more of it than the group has points to ask for. */
static int64_t bytes_of(const network *net, const network_kernel *k, int64_t points) {
  int64_t bytes = 0;
  for (size_t i = 0; i < k->graph->tensors.n; i++) {
    if (k->tensor[i] < 0)
      continue;
    const network_tensor *t = &net->tensors.at[k->tensor[i]];
    int64_t elems = t->elems < points ? t->elems : points;
    bytes = plus(bytes, times(elems, (int64_t)dtype_bytes(t->type)));
  }
  return bytes;
}

void net_count(net_reader *r, const net_nest *nest, const net_form *form, network_kernel *k) {
  const net_group *g = nest->group;
  k->flops = k->product_flops = 0;
  for (int i = 0; i < g->n; i++) {
    const net_op *op = &r->ops.at[g->op[i]];
    int64_t points = 1;
    for (int d = 0; d < op->loops.n; d++)
      points = times(points, op->loops.extent[d]);
    k->flops = plus(k->flops, times(points, body_ops(op)));
    if ((i == 0 && (form->is_product || g->attention)) || (g->attention && i == g->attention->product))
      k->product_flops = plus(k->product_flops, times(points, 2));
  }
  k->bytes = bytes_of(r->net, k, net_elems(&nest->space));
}
