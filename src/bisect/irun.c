/* The frame of the interpreter of MLIR: values, operations by name, blocks. */
#include "base/shape.h"
#include "bisect/irun.h"
#include <math.h>

bool irun_stop(irun *r, MlirOperation op, bisect_end end, const char *why) {
  irun_op(r, op);   /* so that it has a name */
  if (r->stop.end == BISECT_RAN)
    r->stop = (bisect_stop){end, why, op, r->flow->frame};
  return false;
}

/* ---- SSA values: open addressing, at most half full ---- */
static size_t key_place(const irun *r, const void *key) {
  size_t i = (size_t)((uintptr_t)key * UINT64_C(0x9E3779B97F4A7C15) >> 24) & (r->n_keys - 1);
  while (r->keys[i] && r->keys[i] != key)
    i = (i + 1) & (r->n_keys - 1);
  return i;
}

static void grow_keys(irun *r) {
  const void **old = r->keys;
  int *places = r->places;
  size_t n = r->n_keys;
  r->n_keys = n ? n * 2 : 256;
  r->keys = ARENA_NEW_N(r->mem, const void *, r->n_keys);
  r->places = ARENA_NEW_N(r->mem, int, r->n_keys);
  for (size_t i = 0; i < n; i++)
    if (old[i]) {
      size_t at = key_place(r, old[i]);
      r->keys[at] = old[i];
      r->places[at] = places[i];
    }
}

irun_value *irun_slot(irun *r, MlirValue v) {
  if (r->n_used * 2 >= r->n_keys)
    grow_keys(r);
  size_t at = key_place(r, v.ptr);
  if (!r->keys[at]) {
    r->keys[at] = v.ptr;
    r->places[at] = (int)r->slots.n;
    r->n_used++;
    vec_push(r->mem, &r->slots, ((irun_value){.node = -1}));
  }
  return &r->slots.at[r->places[at]];
}

irun_value *irun_operand(irun *r, MlirOperation op, intptr_t i) { return irun_slot(r, ir_operand(op, i)); }
int64_t irun_int(irun *r, MlirOperation op, intptr_t i) { return (int64_t)irun_operand(r, op, i)->x; }

void irun_set_scalar(irun *r, MlirOperation op, dtype t, double x, int node) {
  *irun_slot(r, ir_result(op, 0)) = (irun_value){.kind = IRUN_SCALAR, .type = t, .x = x, .node = node};
}

bool irun_type(MlirType t, dtype *out) {
  if (mlirTypeIsAShaped(t))
    t = mlirShapedTypeGetElementType(t);
  if (!mlirTypeIsAIndex(t))
    return ir_type_dtype(t, out);
  *out = DTYPE_I64;
  return true;
}

double irun_round(dtype t, double x) {
  switch (t) {
  case DTYPE_F64:
  case DTYPE_I64:
    return x;
  case DTYPE_F32:
    return (double)(float)x;
  case DTYPE_F16:
    return (double)dtype_f16_to_f32(dtype_f64_to_f16(x));
  case DTYPE_BOOL:
    return x != 0;
  case DTYPE_I8:
  case DTYPE_U8:
  case DTYPE_I16:
  case DTYPE_I32: {
    double span = ldexp(1, (int)dtype_bytes(t) * 8), low = t == DTYPE_U8 ? 0 : -span / 2, y = fmod(x - low, span);
    return x >= low && x < low + span ? x : low + (y < 0 ? y + span : y);
  }
  default: {
    unsigned char bytes[8];
    dtype_store(t, bytes, x);
    return dtype_load(t, bytes);
  }
  }
}

/* ---- nodes ---- */
int irun_add(irun *r, MlirOperation op, flow_kind kind, int n_in, const int *in, dtype t, int rank, const int64_t *shape, const double *x) {
  return flow_add(r->flow, irun_op(r, op), kind, n_in, in, t, rank, shape, x, NULL);
}

void irun_set_tensor(irun *r, MlirOperation op, intptr_t result, int node, bool is_open) {
  *irun_slot(r, ir_result(op, result)) = (irun_value){.kind = IRUN_TENSOR, .type = r->flow->nodes.at[node].type, .node = node, .is_open = is_open};
}

const double *irun_elements(irun *r, const irun_value *v) {
  const flow_node *n = &r->flow->nodes.at[v->node];
  if (!v->is_open)
    return n->x;
  double *x = ARENA_NEW_N(r->mem, double, n->elems);
  for (int64_t i = 0; i < n->elems; i++)
    x[i] = irun_round(n->type, n->x[i]);
  return x;
}

/* ---- operations ---- */
static irun_fn find_handler(const char *name) {
  static irun_fn (*const rooms[])(const char *) = {irun_scalar_handler, irun_tensor_handler, irun_linalg_handler, irun_memory_handler, irun_control_handler, irun_loom_handler, irun_gather_handler};
  for (size_t i = 0; i < sizeof rooms / sizeof *rooms; i++) {
    irun_fn f = rooms[i](name);
    if (f)
      return f;
  }
  return NULL;
}

int irun_op(irun *r, MlirOperation op) {
  size_t before = r->flow->ops.n;
  int id = flow_op_of(r->flow, op.ptr, NULL, LOOM_NOSPAN);
  if (r->flow->ops.n == before)
    return id;
  flow_op *f = &r->flow->ops.at[id];
  f->name = ir_op_name(op);
  f->span = ir_span(r->ir, op);
  bool is_loop = ir_op_is(op, "scf.for") || ir_op_is(op, "scf.while") || ir_op_is(op, "affine.for");
  f->role = ir_op_is(op, "scf.yield") || ir_op_is(op, "affine.yield") ? FLOW_YIELD : is_loop ? FLOW_LOOP : FLOW_PLAIN;
  irun_info info = {.run = find_handler(f->name), .fn = irun_scalar_find(f->name), .is_statement = -1};
  vec_push(r->mem, &r->infos, info);
  return id;
}

bool irun_spend(irun *r, MlirOperation op, int64_t n) {
  r->spent += n;
  if (flow_is_full(r->flow))
    return irun_stop(r, op, BISECT_FULL, "more values than are kept");
  return r->o->op_budget <= 0 || r->spent <= r->o->op_budget || irun_stop(r, op, BISECT_FULL, "more operations than are looked at");
}

bool irun_block(irun *r, MlirBlock b, MlirOperation *out_last) {
  MlirOperation last = {NULL};
  for (MlirOperation op = mlirBlockGetFirstOperation(b); op.ptr && !r->returned; op = mlirOperationGetNextInBlock(op)) {
    int id = irun_op(r, op);
    irun_fn f = r->infos.at[id].run;
    last = op;
    if (!f)
      return irun_stop(r, op, BISECT_UNKNOWN, arena_printf(r->mem, "operation %s is not known here", r->flow->ops.at[id].name));
    if (!irun_spend(r, op, 1) || !f(r, op, id))
      return irun_stop(r, op, BISECT_UNKNOWN, arena_printf(r->mem, "this form of %s is not known here", r->flow->ops.at[id].name));
  }
  if (out_last)
    *out_last = last;
  return true;
}

/* ---- the function ---- */
static flow_memory *argument_memory(irun *r, MlirOperation func, intptr_t i, const bisect_argument *a) {
  MlirType t = mlirValueGetType(mlirBlockGetArgument(ir_body(func), i));
  int64_t shape[FLOW_RANK_MAX];
  dtype type;
  int rank = (int)mlirShapedTypeGetRank(t);
  if (!irun_type(t, &type) || rank > FLOW_RANK_MAX || !mlirShapedTypeHasStaticShape(t))
    return NULL;
  for (int d = 0; d < rank; d++)
    shape[d] = mlirShapedTypeGetDimSize(t, d);
  const int64_t elems = shape_elements(rank, shape);
  if (elems != a->elems) {
    irun_stop(r, func, BISECT_BROKE, arena_printf(r->mem, "its argument '%s' has %" PRId64 " elements; the kernel's has %" PRId64, ir_argument_name(r->ir, func, i), elems, a->elems));
    return NULL;
  }
  flow_memory *m = flow_new_memory(r->flow, ir_argument_name(r->ir, func, i), type, rank, shape);
  for (int64_t e = 0; e < m->elems; e++)
    m->x[e] = a->values ? a->values[e] : NAN;
  return m;
}

/* The arguments' memory, as it is when the function is called. */
static flow_memory **open_arguments(irun *r, MlirOperation func) {
  const bisect_ir_options *o = r->o;
  MlirBlock body = ir_body(func);
  intptr_t n = mlirBlockGetNumArguments(body), n_scalars = 0;
  flow_memory **memory = ARENA_NEW_N(r->mem, flow_memory *, n);
  for (intptr_t i = 0; i < n; i++) {
    MlirValue v = mlirBlockGetArgument(body, i);
    if (!mlirTypeIsAMemRef(mlirValueGetType(v))) {
      *irun_slot(r, v) = (irun_value){.kind = IRUN_SCALAR, .type = DTYPE_I64, .x = o->scalars ? (double)o->scalars[n_scalars++] : 0, .node = -1};
      continue;
    }
    memory[i] = (size_t)i < o->n_arguments ? argument_memory(r, func, i, &o->arguments[i]) : NULL;
    if (!memory[i]) {
      irun_stop(r, func, BISECT_UNKNOWN, "an argument is no memory of known sizes");
      return memory;
    }
    *irun_slot(r, v) = (irun_value){.kind = IRUN_MEMORY, .type = memory[i]->type, .node = -1, .view = irun_whole(memory[i])};
  }
  return memory;
}

/* With gathers the function runs once more for each: instances run one after the other, and what they give is known when all of them have run. */
loom_status bisect_run_ir(ir_ctx *ir, MlirOperation func, const bisect_ir_options *o, arena *mem, flow_run **out_run, flow_memory ***out_memory, bisect_stop *out_stop) {
  intptr_t passes = 1 + ir_count(func, "loom.gather");
  irun r = {.ir = ir, .ctx = ir->ctx, .mem = mem, .o = o, .flow = flow_new(mem, o->elems_max)};
  for (intptr_t pass = 0; pass < passes && r.stop.end == BISECT_RAN; pass++) {
    r.given = r.gives;
    r.gives = (irun_given_list){0};
    r.flow->frame = NULL;
    r.returned = false;
    *out_memory = open_arguments(&r, func);
    if (r.stop.end == BISECT_RAN)
      irun_block(&r, ir_body(func), NULL);
  }
  *out_run = r.flow;
  *out_stop = r.stop;
  return LOOM_OK;
}
