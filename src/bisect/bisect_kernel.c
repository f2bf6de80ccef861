/* The kernel graph's run: what the interpreter tells, as nodes. */
#include "bisect/bisect.h"
#include <math.h>

/* What instances gave to a gather. */
typedef struct bisect_given { const kernel_op *op; int64_t number; int node; struct bisect_given *next; } bisect_given;

static bool has_neutral(const kernel_op *op, double *out) {
  *out = 0;
  if (op->kind == KERNEL_MATMUL)
    return true;
  if (op->kind != KERNEL_REDUCE)
    return false;
  switch (op->fn) {
  case KERNEL_FN_ADD: return true;
  case KERNEL_FN_MUL: *out = 1; return true;
  case KERNEL_FN_MAX: *out = -INFINITY; return true;
  case KERNEL_FN_MIN: *out = INFINITY; return true;
  default: return false;
  }
}

static const char *op_title(arena *mem, const kernel_op *op) {
  const char *kind = kernel_op_name(op->kind);
  return op->fn == KERNEL_FN_NONE ? kind : arena_printf(mem, "%s %s", kind, kernel_fn_name(op->fn));
}

static int op_of(bisect_kernel *b, const kernel_op *op) {
  flow_run *r = b->flow;
  size_t before = r->ops.n;
  int id = flow_op_of(r, op, kernel_op_name(op->kind), op->span);
  if (r->ops.n == before)
    return id;
  flow_op *f = &r->ops.at[id];
  f->name = op_title(r->mem, op);
  f->role = op->kind == KERNEL_YIELD ? FLOW_YIELD : op->kind == KERNEL_LOOP || op->kind == KERNEL_WHILE ? FLOW_LOOP : FLOW_PLAIN;
  f->has_neutral = has_neutral(op, &f->neutral);
  return id;
}

static const double *kept(flow_run *r, const double *x, int64_t n) {
  if (!x)
    return NULL;
  double *p = ARENA_NEW_N(r->mem, double, n);
  memcpy(p, x, (size_t)n * sizeof *p);
  return p;
}

static int add(bisect_kernel *b, const interp_seen *v, flow_kind kind, int n_in, const int *in) {
  flow_run *r = b->flow;
  if (flow_is_full(r))
    return -1;
  int id = flow_add(r, op_of(b, v->op), kind, n_in, in, v->type, v->rank, v->shape, kept(r, v->x, v->elems), kept(r, v->e, v->elems));
  vec_push(r->mem, &b->stamps, 0);
  return id;
}

/* Sizes and positions are no data. */
static bool is_index(const kernel_op *op) {
  return op->kind == KERNEL_INDEX_EXPR || op->kind == KERNEL_TILE_BEGIN || op->kind == KERNEL_TILE_END || op->kind == KERNEL_TILE_ID;
}

static flow_kind kind_of(const bisect_kernel *b, const kernel_op *op) {
  switch (op->kind) {
  case KERNEL_CONSTANT:
    return FLOW_CONSTANT;
  case KERNEL_FULL:
    return op->n_operands ? FLOW_COMPUTE : FLOW_CONSTANT;
  case KERNEL_LOAD:
    return b->touched.n == 0 ? FLOW_INPUT : FLOW_MOVE;
  case KERNEL_STORE:
    return FLOW_MOVE;
  default:
    return FLOW_COMPUTE;
  }
}

static void made(void *data, const interp_seen *v) {
  bisect_kernel *b = data;
  arena *m = b->flow->mem;
  VEC_OF(int) in = {0};
  if (is_index(v->op))
    return;
  for (size_t i = 0; i < b->touched.n; i++)
    vec_push(m, &in, b->touched.at[i]);
  for (int i = 0; i < v->op->n_operands && v->op->kind != KERNEL_GATHER; i++)
    if (v->op->operands[i] >= 0)
      vec_push(m, &in, b->node_of[v->op->operands[i]]);
  for (int i = 0; i < v->op->n_index; i++)
    if (v->op->index[i].value >= 0 && v->op->index[i].kind == KERNEL_INDEX_TENSOR)
      vec_push(m, &in, b->node_of[v->op->index[i].value]);
  int id = add(b, v, kind_of(b, v->op), (int)in.n, in.at);
  if (id >= 0 && (v->op->kind == KERNEL_LOAD || v->value < 0))
    b->flow->nodes.at[id].where = b->graph->tensors.at[v->op->tensor].name;
  if (v->value >= 0)
    b->node_of[v->value] = id;
  b->touched.n = 0;
  b->stamp++;
}

static void touched(void *data, const kernel_op *op, kernel_tensor root, int64_t element, bool is_write) {
  bisect_kernel *b = data;
  int from = b->writer[root][element];
  if (is_write)
    b->writer[root][element] = flow_is_full(b->flow) ? -1 : (int)b->flow->nodes.n;   /* the node that `made` adds next */
  if (from < 0 || (is_write && op->kind == KERNEL_STORE) || from >= (int)b->stamps.n)
    return;
  if (b->stamps.at[from] == b->stamp)
    return;
  b->stamps.at[from] = b->stamp;
  vec_push(b->flow->mem, &b->touched, from);
}

static void passed(void *data, const kernel_op *op, const interp_seen *v, kernel_value from, kernel_value to) {
  bisect_kernel *b = data;
  int in[] = {b->node_of[from]};
  bool begins = op->kind != KERNEL_YIELD && from != to && b->graph->values.at[to].def == NULL;
  b->node_of[to] = begins ? in[0] : add(b, v, FLOW_MOVE, 1, in);
}

static void entered(void *data, const kernel_op *op, int n, const int64_t *numbers) {
  bisect_kernel *b = data;
  flow_enter(b->flow, op_of(b, op), op->kind == KERNEL_PARALLEL, n, numbers);
}

static void left(void *data) { flow_leave(((bisect_kernel *)data)->flow); }

static void gave(void *data, const kernel_op *op, int64_t number, kernel_value from) {
  bisect_kernel *b = data;
  bisect_given *g = ARENA_NEW(b->flow->mem, bisect_given);
  *g = (bisect_given){op, number, b->node_of[from], b->given};
  b->given = g;
}

static void got(void *data, const kernel_op *op, int64_t number) {
  bisect_kernel *b = data;
  for (const bisect_given *g = b->given; g; g = g->next)
    if (g->op == op && g->number == number) {
      vec_push(b->flow->mem, &b->touched, g->node);
      return;
    }
}

/* Elements of each root; the interpreter allocates those that are no arguments. */
static loom_status make_writers(loom_ctx *ctx, bisect_kernel *b, const interp_options *o, const interp_tensor *tensors) {
  const kernel_graph *k = b->graph;
  const sym_binding *blocks;
  size_t n_blocks;
  LOOM_TRY(kernel_block_sizes(ctx, k, o->blocks, o->n_blocks, &blocks, &n_blocks));
  for (size_t i = 0; i < k->tensors.n; i++) {
    int64_t elems = tensors[i].elems;
    if (k->tensors.at[i].role == KERNEL_VIEW)
      continue;
    if (k->tensors.at[i].role == KERNEL_ALLOC)
      LOOM_TRY(kernel_elements(ctx, k, &k->tensors.at[i].shape, blocks, n_blocks, &elems));
    b->writer[i] = ARENA_NEW_N(b->flow->mem, int, elems);
    memset(b->writer[i], -1, (size_t)elems * sizeof(int));
  }
  return LOOM_OK;
}

loom_status bisect_run_kernel(loom_ctx *ctx, const kernel_graph *k, interp_tensor *tensors, const interp_options *o, arena *mem, int64_t elems_max,
                              bisect_kernel **out_run) {
  bisect_kernel *b = ARENA_NEW(mem, bisect_kernel);
  *b = (bisect_kernel){.graph = k, .flow = flow_new(mem, elems_max), .stamp = 1};
  b->node_of = ARENA_NEW_N(mem, int, k->values.n);
  memset(b->node_of, -1, k->values.n * sizeof(int));
  b->writer = ARENA_NEW_N(mem, int *, k->tensors.n);
  LOOM_TRY(make_writers(ctx, b, o, tensors));
  interp_watch watch = {b, made, touched, passed, entered, left, gave, got};
  interp_options watched = *o;
  watched.watch = &watch;
  *out_run = b;
  return interp_run(ctx, k, tensors, &watched);
}

const char *bisect_kernel_op_text(arena *mem, const kernel_graph *k, const kernel_op *op) {
  return op->span.line > 0 ? arena_printf(mem, "%s:%d:%d", op->span.source ? op->span.source->path : k->path, op->span.line, op->span.col) : NULL;
}
