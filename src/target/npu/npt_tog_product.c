/* Computations of a program as nodes: vector code, and products, which are told by the order of pushes and pops (docs/npu.md). */
#include "target/npu/npt_tog_private.h"

static int last_child(const npt_walker *w, int parent) {
  const npt_node *p = &w->t->nodes.at[parent];
  return p->children.n ? p->children.at[p->children.n - 1] : -1;
}

static void give(npt_walker *w, int node, MlirOperation op) {
  npt_node *n = &w->t->nodes.at[node];
  if (!n->ops.n)
    n->first = op;
  n->last = op;
  vec_push(&w->ir->ctx->mem, &n->ops, op);
}

static int add_compute(npt_walker *w, int parent, tile_unit unit) {
  int at = npt_tog_add(w, NPT_COMPUTE, parent);
  w->t->nodes.at[at].unit = unit;
  return at;
}

static void give_vector(npt_walker *w, int parent, MlirOperation op) {
  int last = last_child(w, parent);
  const npt_node *n = last < 0 ? NULL : &w->t->nodes.at[last];
  give(w, n && n->kind == NPT_COMPUTE && n->unit == TILE_VECTOR ? last : add_compute(w, parent, TILE_VECTOR), op);
}

/* The read of the first weights stands before the first push, so that the vector node before has it; it goes to the preload.  A node it leaves empty is gone. */
static MlirOperation steal_read(npt_walker *w, int parent, MlirOperation push) {
  const MlirOperation none = {NULL};
  int last = last_child(w, parent);
  npt_node *n = last < 0 ? NULL : &w->t->nodes.at[last];
  if (!n || n->kind != NPT_COMPUTE || n->unit != TILE_VECTOR)
    return none;
  MlirOperation pushed = ir_def(ir_operand(push, 0));
  size_t at = n->ops.n;
  for (size_t i = 0; i < n->ops.n; i++)
    if (ir_op_is(n->ops.at[i], "vector.transfer_read") && (at == n->ops.n || !mlirOperationEqual(n->ops.at[at], pushed)))
      at = i;
  if (at == n->ops.n)
    return none;
  MlirOperation read = n->ops.at[at];
  for (size_t i = at + 1; i < n->ops.n; i++)
    n->ops.at[i - 1] = n->ops.at[i];
  n->ops.n--;
  if (n->ops.n) {
    n->first = n->ops.at[0];
    n->last = n->ops.at[n->ops.n - 1];
    return read;
  }
  n->is_gone = true;
  w->t->nodes.at[parent].children.n--;
  return read;
}

static void open_preload(npt_walker *w, int parent, MlirOperation push) {
  MlirOperation read = steal_read(w, parent, push);
  w->preload = add_compute(w, parent, TILE_PRELOAD);
  if (!mlirOperationIsNull(read))
    give(w, w->preload, read);
  give(w, w->preload, push);
  w->state = NPT_FSM_PRELOAD;
}

/* What a preload got behind its last push belongs to the product: PyTorchSim's marks stand around it, the product needs it. */
static void open_product(npt_walker *w, int parent, MlirOperation push) {
  w->product = add_compute(w, parent, TILE_MATMUL);
  npt_node *p = &w->t->nodes.at[w->preload], *n = &w->t->nodes.at[w->product];
  size_t keep = p->ops.n;
  while (keep && !ir_op_is(p->ops.at[keep - 1], "vcix.iv"))
    keep--;
  for (size_t i = keep; i < p->ops.n; i++)
    vec_push(&w->ir->ctx->mem, &n->ops, p->ops.at[i]);
  p->ops.n = keep;
  vec_push(&w->ir->ctx->mem, &n->ops, push);
  n->first = n->last = push;
  w->state = NPT_FSM_PUSH;
  w->pushed = 1;
  w->popped = w->written = 0;
}

void npt_tog_end_product(npt_walker *w) {
  w->state = NPT_FSM_IDLE;
  w->pushed = w->popped = w->written = 0;
}

/* A product is over when it wrote as often as it popped. */
static void give_product(npt_walker *w, MlirOperation op) {
  give(w, w->product, op);
  if (w->popped && ir_op_is(op, "vector.transfer_write") && ++w->written >= w->pushed)
    npt_tog_end_product(w);
}

static const char *state_name(npt_fsm s) {
  static const char *const names[] = {"no product is under way", "weights are being pushed", "inputs are being pushed", "results are being popped", "results are being written"};
  return names[s];
}

static loom_status push(npt_walker *w, int parent, MlirOperation op, int64_t opcode) {
  if (w->state == NPT_FSM_EPILOGUE)
    npt_tog_end_product(w);
  if (opcode == 1 && w->state == NPT_FSM_IDLE)
    open_preload(w, parent, op);
  else if (opcode == 1 && w->state == NPT_FSM_PRELOAD)
    give(w, w->preload, op);
  else if (opcode == 0 && w->state == NPT_FSM_PRELOAD)
    open_product(w, parent, op);
  else if (opcode == 0 && w->state == NPT_FSM_PUSH) {
    give(w, w->product, op);
    w->pushed++;
  } else if (opcode != 0 && opcode != 1)
    give_vector(w, parent, op);
  else {
    diag_error((w)->ir->ctx, ir_span((w)->ir, op), LOOM_EINPUT, "vcix.iv with opcode %" PRId64 " (%s) stands where %s", opcode, opcode ? "weights" : "inputs", state_name(w->state));
    diag_help(w->ir->ctx, "a product pushes weights, then inputs, computes, pops as many results as it pushed inputs, and writes them");
    return LOOM_EINPUT;
  }
  return LOOM_OK;
}

static void pop(npt_walker *w, int parent, MlirOperation op, int64_t opcode) {
  if (opcode == 2 && (w->state == NPT_FSM_PUSH || w->state == NPT_FSM_POP)) {
    give(w, w->product, op);
    w->state = ++w->popped >= w->pushed ? NPT_FSM_EPILOGUE : NPT_FSM_POP;
  } else if (w->state == NPT_FSM_EPILOGUE)
    give_product(w, op);
  else
    give_vector(w, parent, op);
}

/* A product ends with its body, also where it wrote less often than it popped: PyTorchSim goes on giving it operations, which do not run with it. */
static bool has_left_product(const npt_walker *w, MlirOperation op) {
  return w->state >= NPT_FSM_PUSH && !mlirBlockEqual(mlirOperationGetBlock(op), mlirOperationGetBlock(w->t->nodes.at[w->product].first));
}

loom_status npt_tog_compute(npt_walker *w, int parent, MlirOperation op) {
  int64_t opcode = -1;
  ir_attr_int(ir_attr_of(op, "opcode"), &opcode);
  if (ir_op_is(op, "vcix.iv"))
    return push(w, parent, op, opcode);
  if (has_left_product(w, op))
    npt_tog_end_product(w);
  if (ir_op_is(op, "vcix.v.i"))
    pop(w, parent, op, opcode);
  else if (w->state == NPT_FSM_PRELOAD)
    give(w, w->preload, op);
  else if (w->state != NPT_FSM_IDLE)
    give_product(w, op);
  else
    give_vector(w, parent, op);
  return LOOM_OK;
}

