/* What the scalar operations of a body are on tiles. */
#include "network/net_private.h"
#include <math.h>

static const net_op *member(const net_graph *g, int i) { return &g->r->ops.at[g->nest->group->op[i]]; }

dtype net_dtype(MlirValue v) {
  dtype t = DTYPE_I32;      /* of an index */
  return !mlirTypeIsAIndex(mlirValueGetType(v)) && ir_type_dtype(mlirValueGetType(v), &t) ? t : DTYPE_I32;
}

/* What another member made, if the operand is that. */
static bool made_here(const net_graph *g, int tensor, kernel_value *out) {
  for (size_t i = 0; i < g->made.n; i++) {
    const net_made *m = &g->made.at[i];
    if (member(g, m->member)->out[m->result].value.tensor == tensor) {
      *out = m->value;
      return true;
    }
  }
  return false;
}

kernel_value net_emit_operand(net_graph *g, const net_frame *f, int m, int i) {
  const net_access *x = &member(g, m)->in[i];
  kernel_value v;
  if (x->value.kind != NET_MEMORY)
    return net_emit_constant(g, x->value.type, x->value.splat);
  if (made_here(g, g->nest->in_tensor[m][i], &v))
    return v;
  return net_emit_load(g, f, g->nest->in_tensor[m][i], g->nest->in[m][i]);
}

kernel_value net_emit_init(net_graph *g, const net_frame *f, int m, int i) {
  const net_access *x = &member(g, m)->init[i];
  return x->value.kind == NET_MEMORY ? net_emit_load(g, f, x->value.tensor, g->nest->init[m][i]) : net_emit_constant(g, x->value.type, x->value.splat);
}

double net_identity(dtype t, kernel_fn fn) {
  double limit = dtype_is_float(t) ? (double)INFINITY : t == DTYPE_BOOL ? 1 : ldexp(1, (int)dtype_bytes(t) * 8 - 1);
  switch (fn) {
  case KERNEL_FN_ADD: return 0;
  case KERNEL_FN_MUL: return 1;
  case KERNEL_FN_MAX: return t == DTYPE_BOOL ? 0 : -limit;
  default: return limit - !(dtype_is_float(t) || t == DTYPE_BOOL);
  }
}

bool net_is_identity(const net_access *init, kernel_fn fn) {
  double x = init->value.splat, identity = net_identity(init->value.type, fn);
  return init->value.kind == NET_SPLAT && x <= identity && x >= identity;
}

/* Functions are of tiles: where all operands are numbers, the first one fills a tile. */
static void spread_scalars(net_graph *g, const net_frame *f, int n, kernel_value *x) {
  for (int i = 0; i < n; i++)
    if (g->k->values.at[x[i]].type.rank)
      return;
  kernel_type full = net_frame_type(g, f, g->k->values.at[x[0]].type.type);
  if (f->n)
    x[0] = net_emit(g, KERNEL_FULL, 1, x, &full)->results[0];
}

static kernel_value computed(net_graph *g, const net_frame *f, int m, MlirOperation def) {
  net_fn fn = {0};
  kernel_value x[3];
  intptr_t n = ir_num_operands(def);
  if (ir_op_is(def, "linalg.index")) {
    int64_t loop = 0;
    ir_attr_int(ir_attr_of(def, "dim"), &loop);
    return net_emit_index(g, f, g->nest->index[m][loop]);
  }
  net_scalar_fn(def, &fn);
  if (fn.kind == KERNEL_UNARY || fn.kind == KERNEL_CAST)
    n = 1;
  for (intptr_t i = 0; i < n; i++)
    x[i] = net_emit_value(g, f, m, ir_operand(def, i));
  dtype t = net_dtype(ir_result(def, 0));
  if (fn.kind == KERNEL_CAST)
    return net_emit_cast(g, x[0], t);
  if (dtype_is_float(t) && fn.kind != KERNEL_SELECT)
    spread_scalars(g, f, (int)n, x);
  kernel_value v = net_emit_fn(g, fn.kind, fn.fn, t, (int)n, x);
  return fn.opposite ? net_emit_fn(g, KERNEL_UNARY, KERNEL_FN_NOT, t, 1, &v) : v;
}

kernel_value net_emit_value(net_graph *g, const net_frame *f, int m, MlirValue v) {
  const net_op *op = member(g, m);
  double number;
  for (size_t i = 0; i < g->known.n; i++)
    if (g->known.at[i].member == m && g->known.at[i].frame == f && mlirValueEqual(g->known.at[i].of, v))
      return g->known.at[i].value;
  kernel_value out;
  if (net_constant(v, &number)) {
    out = net_emit_constant(g, net_dtype(v), number);
  } else if (mlirValueIsABlockArgument(v)) {
    int i = (int)mlirBlockArgumentGetArgNumber(v);
    out = i < op->n_in ? net_emit_operand(g, f, m, i) : net_emit_init(g, f, m, i - op->n_in);
  } else {
    out = computed(g, f, m, ir_def(v));
  }
  vec_push(g->mem, &g->known, ((net_known){v, m, f, out}));
  return out;
}
