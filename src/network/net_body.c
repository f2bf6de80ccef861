/* What the scalar operations of a body are on tiles. */
#include "network/net_private.h"
#include <math.h>

static const net_op *member(const net_graph *g, int i) { return &g->r->ops.at[g->nest->group->op[i]]; }

dtype net_dtype(MlirValue v) { return net_type_of(NULL, v); }

dtype net_type_of(const net_op *op, MlirValue v) {
  dtype t;
  return !mlirTypeIsAIndex(mlirValueGetType(v)) && ir_type_dtype(mlirValueGetType(v), &t) ? t : op ? op->index_type : DTYPE_I32;
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
  if (i < member(g, m)->n_args && !mlirValueIsNull(member(g, m)->name[i]))      /* a number from outside */
    return net_emit_value(g, f, m, member(g, m)->name[i]);
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

/* Rounding that the program does not insist on (arith's fastmath<contract>): a number that is only widened again in the same kernel stays as it was; what is stored is rounded. */
static bool may_stay_wide(net_graph *g, MlirOperation def) {
  MlirAttribute how = ir_attr_of(def, "fastmath");
  return (ir_op_is(def, "arith.truncf") || ir_op_is(def, "arith.extf")) && !mlirAttributeIsNull(how) && strstr(ir_print_attr(g->mem, how), "contract");
}

static kernel_value cast(net_graph *g, MlirOperation def, kernel_value x, dtype t) {
  const bool stays = may_stay_wide(g, def);
  for (size_t i = g->wide.n; stays && i-- > 0;)
    if (g->wide.at[i].narrow == x && g->k->values.at[g->wide.at[i].as_it_was].type.type == t)
      return g->wide.at[i].as_it_was;
  kernel_value v = net_emit_cast(g, x, t);
  if (stays && v != x && ir_op_is(def, "arith.truncf"))
    vec_push(g->mem, &g->wide, ((net_wide){v, x}));
  return v;
}

static kernel_value computed(net_graph *g, const net_frame *f, int m, MlirOperation def) {
  net_fn fn = {0};
  kernel_value x[3];
  intptr_t n = ir_num_operands(def);
  net_scalar_fn(def, &fn);
  if (fn.kind == KERNEL_UNARY || fn.kind == KERNEL_CAST)
    n = 1;
  for (intptr_t i = 0; i < n; i++)
    x[i] = net_emit_value(g, f, m, ir_operand(def, i));
  dtype t = net_type_of(member(g, m), ir_result(def, 0));
  if (fn.kind == KERNEL_CAST)
    return cast(g, def, x[0], t);
  if (dtype_is_float(t) && fn.kind != KERNEL_SELECT)
    spread_scalars(g, f, (int)n, x);
  kernel_value v = net_emit_fn(g, fn.kind, fn.fn, t, (int)n, x);
  if (fn.remainder) {
    v = net_emit_fn(g, KERNEL_BINARY, KERNEL_FN_MUL, t, 2, (kernel_value[]){v, x[1]});
    v = net_emit_fn(g, KERNEL_BINARY, KERNEL_FN_SUB, t, 2, (kernel_value[]){x[0], v});
  }
  if (fn.is_unsigned) {      /* a negative index is more than any */
    bool is_less = fn.fn == KERNEL_FN_LT || fn.fn == KERNEL_FN_LE;
    kernel_value zero = net_emit_constant(g, net_type_of(member(g, m), ir_operand(def, 0)), 0);
    kernel_value sign = net_emit_fn(g, KERNEL_BINARY, is_less ? KERNEL_FN_GE : KERNEL_FN_LT, DTYPE_BOOL, 2, (kernel_value[]){x[0], zero});
    v = net_emit_fn(g, KERNEL_BINARY, is_less ? KERNEL_FN_AND : KERNEL_FN_OR, DTYPE_BOOL, 2, (kernel_value[]){v, sign});
  }
  return fn.opposite ? net_emit_fn(g, KERNEL_UNARY, KERNEL_FN_NOT, t, 1, &v) : v;
}

kernel_value net_emit_value(net_graph *g, const net_frame *f, int m, MlirValue v) {
  const net_op *op = member(g, m);
  double number;
  int i = net_input_of(op, v), l = net_loop_of(op, v), o;
  for (size_t k = 0; k < g->known.n; k++)
    if (g->known.at[k].member == m && g->known.at[k].frame == f && mlirValueEqual(g->known.at[k].of, v))
      return g->known.at[k].value;
  kernel_value out;
  if (net_constant(v, &number))
    out = net_emit_constant(g, net_type_of(op, v), number);
  else if (i >= 0)
    out = net_emit_operand(g, f, m, i);
  else if (l >= 0)
    out = net_emit_cast(g, net_emit_index(g, f, g->nest->index[m][l]), net_type_of(op, v));
  else if (net_is_so_far(op, v, &o))
    out = net_emit_init(g, f, m, o);
  else
    out = computed(g, f, m, ir_def(v));
  vec_push(g->mem, &g->known, ((net_known){v, m, f, out}));
  return out;
}

/* ---- rows of lookups ---- */

kernel_value net_emit_row(net_graph *g, const net_frame *f, int m) {
  const net_op *op = member(g, m);
  const dtype t = op->index_type;
  kernel_value sum = net_emit_constant(g, t, (double)op->first_row), inside = -1, none = net_emit_constant(g, t, -1);
  for (int i = 0; i < op->n_places; i++) {
    const net_place *p = &op->place[i];
    kernel_value v;
    if (mlirValueIsNull(p->value)) {
      v = net_emit_cast(g, net_emit_index(g, f, axis_subst(g->mem, &g->nest->space, p->at, g->nest->index[m])), t);
    } else {
      v = net_emit_cast(g, net_emit_value(g, f, m, p->value), t);
      kernel_value low = net_emit_fn(g, KERNEL_BINARY, KERNEL_FN_GE, DTYPE_BOOL, 2, (kernel_value[]){v, net_emit_constant(g, t, 0)});
      kernel_value high = net_emit_fn(g, KERNEL_BINARY, KERNEL_FN_LT, DTYPE_BOOL, 2, (kernel_value[]){v, net_emit_constant(g, t, (double)p->extent)});
      kernel_value both = net_emit_fn(g, KERNEL_BINARY, KERNEL_FN_AND, DTYPE_BOOL, 2, (kernel_value[]){low, high});
      inside = inside < 0 ? both : net_emit_fn(g, KERNEL_BINARY, KERNEL_FN_AND, DTYPE_BOOL, 2, (kernel_value[]){inside, both});
    }
    if (p->factor != 1)
      v = net_emit_fn(g, KERNEL_BINARY, KERNEL_FN_MUL, t, 2, (kernel_value[]){v, net_emit_constant(g, t, (double)p->factor)});
    sum = net_emit_fn(g, KERNEL_BINARY, KERNEL_FN_ADD, t, 2, (kernel_value[]){sum, v});
  }
  if (inside >= 0)
    sum = net_emit_fn(g, KERNEL_SELECT, KERNEL_FN_NONE, t, 3, (kernel_value[]){inside, sum, none});
  if (!mlirValueIsNull(op->guard))
    sum = net_emit_fn(g, KERNEL_SELECT, KERNEL_FN_NONE, t, 3, (kernel_value[]){net_emit_value(g, f, m, op->guard), sum, net_emit_constant(g, t, (double)op->spare_row)});
  return net_emit_cast(g, sum, op->out[0].value.type);
}
