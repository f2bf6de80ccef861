/* What is in a kernel and why, for people. */
#include "network/net_private.h"

enum { NAMED_MAX = 4 };      /* operations of a body that are named */

static const char *reduction_text(const net_op *op) {
  kernel_fn fn;
  MlirValue x;
  if (!net_combiner(op, 0, &fn, &x))
    return "reduction";
  MlirOperation def = ir_def(x);
  if (fn == KERNEL_FN_ADD)
    return !mlirOperationIsNull(def) && ir_op_is(def, "arith.mulf") && net_needs_loops(op) ? "sum of products" : "sum";
  return fn == KERNEL_FN_MUL ? "product" : fn == KERNEL_FN_MAX ? "maximum" : "minimum";
}

const char *net_op_text(net_reader *r, const net_op *op) {
  text out = text_new(r->mem);
  int n = 0;
  if (op->looks_up)
    return op->stores_by_lookup ? "scatter" : "gather";
  if (op->pairs.kind != NET_PAIRS_NONE)
    return op->pairs.kind == NET_PAIRS_BEFORE ? "running sum" : "sums by place";
  if (op->n_places || op->finds_last)
    return "places";
  if (op->extreme.fn != KERNEL_FN_NONE)
    return op->extreme.fn == KERNEL_FN_MAX ? "place of the maximum" : "place of the minimum";
  if (mlirOperationIsNull(op->op))
    return op->in[0].value.kind == NET_SPLAT ? "fill" : "copy";
  for (int d = 0; d < op->loops.n; d++)
    if (op->reduces[d])
      return reduction_text(op);
  for (MlirOperation in = mlirBlockIsNull(op->body) ? (MlirOperation){NULL} : mlirBlockGetFirstOperation(op->body); !mlirOperationIsNull(in); in = mlirOperationGetNextInBlock(in)) {
    const char *name = ir_op_name(in), *dot = strchr(name, '.');
    if (ir_op_is(in, "linalg.yield") || ir_op_is(in, "linalg.index") || ir_op_is(in, "arith.constant"))
      continue;
    if (n++ < NAMED_MAX)
      text_addf(&out, n > 1 ? " %s" : "%s", dot ? dot + 1 : name);
  }
  if (n > NAMED_MAX)
    text_add(&out, " ..");
  return n ? text_str(&out) : "elements";
}

static const char *why_in(net_reader *r, const net_group *g, int m) {
  const net_op *op = &r->ops.at[g->op[m]];
  if (m == 0)
    return "first: what follows reads what it makes";
  if (mlirOperationIsNull(op->op))
    return "puts what the tile holds where it belongs, without a kernel for that";
  if (g->attention && m <= g->attention->product)
    return m < g->attention->product ? "works on scores of a tile of keys, which never leave the chip" : "adds up over tiles of keys, and shrinks where a larger score comes";
  if (g->looped)
    return "works on what came out of the loops, before the tile leaves";
  return net_reduces_any(op) ? "reduces rows that are whole on chip" : "reads elements that are on chip";
}

void net_tell_parts(net_reader *r, const net_group *g, network_kernel *k) {
  for (int m = 0; m < g->n; m++) {
    const net_op *op = &r->ops.at[g->op[m]];
    vec_push(r->mem, &k->parts, ((network_part){net_op_text(r, op), op->span, why_in(r, g, m)}));
  }
  if (g->ends)
    k->ends = arena_printf(r->mem, "%s in line %d: %s", net_op_text(r, &r->ops.at[g->stopped_by]), r->ops.at[g->stopped_by].span.line, g->ends);
}
