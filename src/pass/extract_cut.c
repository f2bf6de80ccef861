/* Loops that may run beyond the arguments they load: hl.tile((tile_m.id + 1) * block_m) where the blocks do not divide.  The kernel's loads give zeros
 * there.  Where nothing but sums of products comes of them, the loop may as well end with the argument: its clamp. */
#include "pass/extract_private.h"

/* A loop, where an argument ends along it, and which values hold zeros behind that. */
typedef struct cut { extract *x; int loop; const char *block; int64_t end; bool *zero; } cut;

static bool is_block(const cut *c, const sym_expr *e) { return e->op == SYM_SYM && text_eq(e->name, c->block); }

static bool has_lanes(const cut *c, int v) {
  const nest_value *x = &c->x->nest->values.at[v];
  for (int d = 0; d < x->rank; d++)
    if (is_block(c, x->dim[d]))
      return true;
  return false;
}

/* Where the argument ends along the loop when one of its dims is walked from its start; 0: none is. */
static int64_t end_of(const cut *c, const nest_node *access) {
  int64_t zero;
  for (int d = 0; d < access->n_dims; d++) {
    const nest_access_dim *a = &access->dim[d];
    if (a->loop == c->loop && is_block(c, a->size) && sym_is_const(a->offset, &zero) && zero == 0)
      return c->x->nest->tensors.at[access->tensor].shape[d];
  }
  return 0;
}

static MlirOperation op_of(const extract *x, const nest_node *node) {
  for (size_t i = 0; i < x->ops.n; i++)
    if (x->ops.at[i].node == node)
      return x->ops.at[i].op;
  return (MlirOperation){NULL};
}

/* ---- bodies of generics ---- */

enum { SCALARS_MAX = 128 };
typedef struct scalars { MlirValue zero[SCALARS_MAX]; int n; } scalars;      /* those that are 0 where the lanes' inputs are */

static bool is_zero(const scalars *s, MlirValue v) {
  for (int i = 0; i < s->n; i++)
    if (mlirValueEqual(s->zero[i], v))
      return true;
  return false;
}

static bool gives_zero(const scalars *s, MlirOperation op) {
  static const char *const any[] = {"arith.mulf", "arith.muli"};
  static const char *const all[] = {"arith.addf", "arith.addi", "arith.subf", "arith.subi", "arith.extf", "arith.truncf", "arith.negf", "math.absf"};
  for (size_t i = 0; i < sizeof any / sizeof *any; i++)
    if (ir_op_is(op, any[i]))
      return is_zero(s, ir_operand(op, 0)) || is_zero(s, ir_operand(op, 1));
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    bool is_all = ir_op_is(op, all[i]);
    for (intptr_t k = 0; is_all && k < ir_num_operands(op); k++)
      is_all = is_zero(s, ir_operand(op, k));
    if (is_all)
      return true;
  }
  return false;
}

static void add_zero(scalars *s, MlirValue v) {
  if (s->n < SCALARS_MAX)
    s->zero[s->n++] = v;
}

/* What is yielded: 0, or the accumulator plus 0? */
static void read_body(const cut *c, const nest_node *node, MlirOperation op, bool *out_zero, bool *out_same) {
  MlirBlock body = ir_body(op);
  scalars s = {.n = 0};
  size_t next = 0;
  intptr_t n_in = linalg_num_inputs(op);
  MlirValue acc = mlirBlockGetArgument(body, n_in);
  for (intptr_t i = 0; i < n_in; i++)
    if (mlirTypeIsATensor(mlirValueGetType(linalg_input(op, i))) && next < node->inputs.n && c->zero[node->inputs.at[next++]])
      add_zero(&s, mlirBlockGetArgument(body, i));
  for (MlirOperation o = mlirBlockGetFirstOperation(body); !mlirOperationIsNull(o); o = mlirOperationGetNextInBlock(o)) {
    if (mlirOperationGetNumResults(o) == 1 && gives_zero(&s, o))
      add_zero(&s, ir_result(o, 0));
    if (!ir_op_is(o, "linalg.yield"))
      continue;
    MlirValue v = ir_operand(o, 0);
    MlirOperation sum = ir_def(v);
    *out_zero = is_zero(&s, v);
    *out_same = false;
    for (int i = 0; i < 2 && !mlirOperationIsNull(sum) && ir_op_is(sum, "arith.addf"); i++)
      *out_same |= mlirValueEqual(ir_operand(sum, i), acc) && is_zero(&s, ir_operand(sum, 1 - i));
  }
}

/* ---- nodes ---- */

static bool generic_vanishes(cut *c, const nest_node *node, bool takes_lanes) {
  bool zero = false, same = false;
  MlirOperation op = op_of(c->x, node);
  if (mlirOperationIsNull(op) || !ir_op_is(op, "linalg.generic"))
    return !takes_lanes;
  read_body(c, node, op, &zero, &same);
  c->zero[node->value] = zero;
  return has_lanes(c, node->value) || !takes_lanes || same;
}

/* a[.., m, k] b[.., k, n]: lanes along k must meet zeros, those of m or n go on. */
static bool product_vanishes(cut *c, const nest_node *node) {
  const nest_value *a = &c->x->nest->values.at[node->inputs.at[0]];
  bool zero_a = c->zero[node->inputs.at[0]], zero_b = c->zero[node->inputs.at[1]];
  bool along_k = is_block(c, a->dim[a->rank - 1]);
  c->zero[node->value] = c->zero[node->value] && (zero_a || zero_b);
  return !along_k || zero_a || zero_b;
}

static bool fills_zero(const extract *x, const nest_node *node) {
  MlirOperation op = op_of(x, node), constant = mlirOperationIsNull(op) ? op : ir_def(ir_operand(op, 0));
  if (mlirOperationIsNull(constant) || !ir_op_is(constant, "arith.constant"))
    return false;
  MlirAttribute value = ir_attr_of(constant, "value");
  int64_t integer;
  return mlirAttributeIsAFloat(value) ? mlirFloatAttrGetValueDouble(value) == 0 : ir_attr_int(value, &integer) && integer == 0;
}

static bool body_vanishes(cut *c, const nest_body *body);

/* Is the rest of the kernel the same whether the node's lanes behind the end are there or not? */
static bool node_vanishes(cut *c, const nest_node *node) {
  bool takes_lanes = false;
  for (size_t i = 0; node->kind != NEST_LOOP && i < node->inputs.n; i++)
    takes_lanes = takes_lanes || has_lanes(c, node->inputs.at[i]);
  switch (node->kind) {
  case NEST_LOOP: return body_vanishes(c, &node->body);
  case NEST_LOAD: c->zero[node->value] = end_of(c, node) == c->end; return true;
  case NEST_STORE: return !has_lanes(c, node->value) || end_of(c, node) == c->end;
  case NEST_GATHER: return !takes_lanes;
  case NEST_COMPUTE: break;
  }
  if (c->x->nest->values.at[node->value].is_carried && has_lanes(c, node->value))
    return false;
  if (text_eq(node->op, "fill")) {
    c->zero[node->value] = fills_zero(c->x, node);
    return true;
  }
  if (text_eq(node->op, "matmul") || text_eq(node->op, "batch_matmul"))
    return product_vanishes(c, node);
  if (text_eq(node->op, "generic"))
    return generic_vanishes(c, node, takes_lanes);
  c->zero[node->value] = c->zero[node->inputs.at[0]];      /* broadcast, transpose, move */
  return has_lanes(c, node->value) || !takes_lanes;
}

static bool body_vanishes(cut *c, const nest_body *body) {
  for (size_t i = 0; i < body->n; i++)
    if (!node_vanishes(c, body->at[i]))
      return false;
  return true;
}

/* The first end of an argument that is walked. */
static void find_end(cut *c, const nest_body *body) {
  for (size_t i = 0; i < body->n; i++) {
    int64_t end = body->at[i]->kind == NEST_LOAD ? end_of(c, body->at[i]) : 0;
    if (end > 0 && (c->end == 0 || end < c->end))
      c->end = end;
    if (body->at[i]->kind == NEST_LOOP)
      find_end(c, &body->at[i]->body);
  }
}

static void cut_loops(extract *x, const nest_body *body) {
  for (size_t i = 0; i < body->n; i++) {
    if (body->at[i]->kind != NEST_LOOP)
      continue;
    nest_loop *l = &x->nest->loops.at[body->at[i]->loop];
    int64_t extent;
    cut c = {.x = x, .loop = body->at[i]->loop, .block = l->block, .zero = ARENA_NEW_N(x->mem, bool, x->nest->values.n + 1)};
    find_end(&c, &body->at[i]->body);
    bool may_exceed = c.end > 0 && l->extent->op != SYM_SYM && !l->clamp && (!sym_is_const(l->extent, &extent) || extent > c.end);
    if (may_exceed && body_vanishes(&c, &body->at[i]->body))
      l->clamp = sym_const(x->mem, c.end);
    cut_loops(x, &body->at[i]->body);
  }
}

void extract_cut_loops(extract *x) { cut_loops(x, &x->nest->body); }
