/* memref and bufferization: views of memory, and tiles that come from it and go to it. */
#include "bisect/irun.h"
#include <math.h>

irun_view irun_whole(flow_memory *m) {
  irun_view v = {.memory = m, .rank = m->rank};
  int64_t step = 1;
  for (int d = m->rank - 1; d >= 0; d--) {
    v.size[d] = m->shape[d];
    v.stride[d] = step;
    step *= m->shape[d];
  }
  return v;
}

static int64_t elems_of(const irun_view *v) {
  int64_t n = 1;
  for (int d = 0; d < v->rank; d++)
    n *= v->size[d] > 0 ? v->size[d] : 0;
  return n;
}

bool irun_check_view(irun *r, MlirOperation op, const irun_view *v) {
  int64_t low = v->offset, high = v->offset;
  if (elems_of(v) == 0)
    return true;
  for (int d = 0; d < v->rank; d++)
    *(v->stride[d] < 0 ? &low : &high) += (v->size[d] - 1) * v->stride[d];
  if (low >= 0 && high < v->memory->elems)
    return true;
  return irun_stop(r, op, BISECT_BROKE, arena_printf(r->mem, "it touches elements %" PRId64 "..%" PRId64 " of '%s', which has %" PRId64, low, high, v->memory->name, v->memory->elems));
}

/* Calls for each place of the view, in row-major order. */
#define FOR_PLACES(v, i, at)                                                                            \
  for (int64_t i = 0, n_ = elems_of(v), at = (v)->offset, index_[FLOW_RANK_MAX] = {0}; i < n_; i++, at = next_place(v, index_, at))

static int64_t next_place(const irun_view *v, int64_t *index, int64_t at) {
  for (int d = v->rank - 1; d >= 0; d--) {
    at += v->stride[d];
    if (++index[d] < v->size[d])
      return at;
    at -= index[d] * v->stride[d];
    index[d] = 0;
  }
  return at;
}

double *irun_copy_out(irun *r, const irun_view *v) {
  double *x = ARENA_NEW_N(r->mem, double, elems_of(v));
  FOR_PLACES (v, i, at)
    x[i] = v->memory->x[at];
  return x;
}

int irun_read(irun *r, MlirOperation op, const irun_view *v, dtype t, const double *x, bool always_new) {
  VEC_OF(int) writers = {0};
  bool is_partly_input = false;
  int last = -2;
  FOR_PLACES (v, i, at) {
    int w = v->memory->writer[at];
    is_partly_input |= w < 0;
    if (w < 0 || w == last)
      continue;
    last = w;
    size_t k = 0;
    while (k < writers.n && writers.at[k] != w)
      k++;
    if (k == writers.n)
      vec_push(r->mem, &writers, w);
  }
  for (size_t k = 0; k < writers.n; k++)
    writers.at[k] = flow_after_loops(r->flow, writers.at[k]);
  if (!always_new && writers.n == 1 && !is_partly_input && r->flow->nodes.at[writers.at[0]].elems == elems_of(v))
    return writers.at[0];
  int64_t size[FLOW_RANK_MAX];
  for (int d = 0; d < v->rank; d++)
    size[d] = v->size[d] > 0 ? v->size[d] : 0;
  int id = irun_add(r, op, writers.n ? FLOW_MOVE : FLOW_INPUT, (int)writers.n, writers.at, t, v->rank, size, x);
  r->flow->nodes.at[id].where = v->memory->name;
  return id;
}

void irun_write(irun *r, const irun_view *v, const double *x, int node) {
  (void)r;
  FOR_PLACES (v, i, at) {
    v->memory->x[at] = irun_round(v->memory->type, x[i]);
    v->memory->writer[at] = node;
  }
}

static void set_view(irun *r, MlirOperation op, const irun_view *v) {
  *irun_slot(r, ir_result(op, 0)) = (irun_value){.kind = IRUN_MEMORY, .type = v->memory->type, .node = -1, .view = *v};
}

/* ---- views ---- */
static bool mixed3(irun *r, MlirOperation op, int64_t *offsets, int64_t *sizes, int64_t *strides, int *n) {
  return irun_mixed(r, op, "static_offsets", 1, offsets, n) && irun_mixed(r, op, "static_sizes", 2, sizes, n) && irun_mixed(r, op, "static_strides", 3, strides, n);
}

/* The dims that `t` keeps of a part whose sizes are told by `op`: it lacks some of those that are written as 1. */
bool irun_kept_dims(MlirOperation op, MlirType t, int rank, int *kept) {
  MlirAttribute sizes = ir_attr_of(op, "static_sizes");
  int want = (int)mlirShapedTypeGetRank(t), drops = rank - want, ones = 0, n = 0;
  for (int d = 0; d < rank; d++)
    ones += mlirDenseI64ArrayGetElement(sizes, d) == 1;
  for (int d = 0; d < rank; d++) {
    bool is_one = mlirDenseI64ArrayGetElement(sizes, d) == 1;
    ones -= is_one;
    bool fits_one = n < want && !mlirShapedTypeIsDynamicDim(t, n) && mlirShapedTypeGetDimSize(t, n) == 1;
    if (is_one && drops > 0 && !(fits_one && ones >= drops)) {
      drops--;
      continue;
    }
    if (n == want)
      return false;
    kept[n++] = d;
  }
  return n == want;
}

static bool run_subview(irun *r, MlirOperation op, int id) {
  irun_view base = irun_operand(r, op, 0)->view, v = {.memory = base.memory, .offset = base.offset, .rank = base.rank};
  int64_t offsets[FLOW_RANK_MAX], sizes[FLOW_RANK_MAX], strides[FLOW_RANK_MAX];
  int n = 0;
  (void)id;
  if (!mixed3(r, op, offsets, sizes, strides, &n) || n != base.rank)
    return false;
  for (int d = 0; d < n; d++) {
    v.offset += offsets[d] * base.stride[d];
    v.size[d] = sizes[d];
    v.stride[d] = base.stride[d] * strides[d];
    if (sizes[d] > 0 && (offsets[d] < 0 || offsets[d] + (sizes[d] - 1) * strides[d] >= base.size[d]))
      return irun_stop(r, op, BISECT_BROKE, arena_printf(r->mem, "it takes positions %" PRId64 "..%" PRId64 " of dim %d of '%s', which has %" PRId64, offsets[d],
                                                         offsets[d] + (sizes[d] - 1) * strides[d], d, base.memory->name, base.size[d]));
  }
  MlirType t = mlirValueGetType(ir_result(op, 0));
  int kept[FLOW_RANK_MAX];
  if (!irun_kept_dims(op, t, n, kept))
    return false;
  v.rank = (int)mlirShapedTypeGetRank(t);
  for (int d = 0; d < v.rank; d++) {
    v.size[d] = v.size[kept[d]];
    v.stride[d] = v.stride[kept[d]];
  }
  set_view(r, op, &v);
  return true;
}

static bool run_reinterpret(irun *r, MlirOperation op, int id) {
  irun_view v = irun_operand(r, op, 0)->view;
  int64_t offset[FLOW_RANK_MAX];
  int n = 0;
  (void)id;
  if (!irun_mixed(r, op, "static_offsets", 1, offset, &n) || n != 1 || !irun_mixed(r, op, "static_sizes", 2, v.size, &n) || !irun_mixed(r, op, "static_strides", 3, v.stride, &n))
    return false;
  v.rank = n;
  v.offset = offset[0];
  set_view(r, op, &v);
  return irun_check_view(r, op, &v);
}

static bool run_cast(irun *r, MlirOperation op, int id) {
  (void)id;
  irun_value v = *irun_operand(r, op, 0);
  *irun_slot(r, ir_result(op, 0)) = v;
  return v.kind == IRUN_MEMORY;
}

/* expand_shape and collapse_shape of memory that lies row by row. */
static bool run_reshape(irun *r, MlirOperation op, int id) {
  irun_view v = irun_operand(r, op, 0)->view, whole = irun_whole(v.memory);
  MlirType t = mlirValueGetType(ir_result(op, 0));
  (void)id;
  if (v.offset || v.rank != whole.rank || memcmp(v.size, whole.size, sizeof(int64_t) * (size_t)v.rank) != 0 || !mlirShapedTypeHasStaticShape(t))
    return false;
  int64_t step = 1;
  v.rank = (int)mlirShapedTypeGetRank(t);
  for (int d = v.rank - 1; d >= 0; d--) {
    v.size[d] = mlirShapedTypeGetDimSize(t, d);
    v.stride[d] = step;
    step *= v.size[d];
  }
  set_view(r, op, &v);
  return true;
}

static bool run_dim(irun *r, MlirOperation op, int id) {
  irun_value v = *irun_operand(r, op, 0);
  int64_t d = irun_int(r, op, 1);
  (void)id;
  int rank = v.kind == IRUN_TENSOR ? r->flow->nodes.at[v.node].rank : v.view.rank;
  if (d < 0 || d >= rank)
    return irun_stop(r, op, BISECT_BROKE, "it asks for a dim that is not there");
  irun_set_scalar(r, op, DTYPE_I64, (double)(v.kind == IRUN_TENSOR ? r->flow->nodes.at[v.node].shape[d] : v.view.size[d]), -1);
  return true;
}

static bool run_alloc(irun *r, MlirOperation op, int id) {
  MlirType t = mlirValueGetType(ir_result(op, 0));
  int64_t shape[FLOW_RANK_MAX];
  dtype type;
  int rank = (int)mlirShapedTypeGetRank(t);
  intptr_t next = 0;
  (void)id;
  if (!irun_type(t, &type) || rank > FLOW_RANK_MAX)
    return false;
  for (int d = 0; d < rank; d++) {
    shape[d] = mlirShapedTypeIsDynamicDim(t, d) ? irun_int(r, op, next++) : mlirShapedTypeGetDimSize(t, d);
    if (shape[d] < 0)
      return irun_stop(r, op, BISECT_BROKE, "a size is negative");
  }
  flow_memory *m = flow_new_memory(r->flow, arena_printf(r->mem, "buffer %d", ++r->n_memories), type, rank, shape);
  for (int64_t i = 0; i < m->elems; i++)
    m->x[i] = NAN;
  irun_view v = irun_whole(m);
  set_view(r, op, &v);
  return true;
}

static bool run_nothing(irun *r, MlirOperation op, int id) {
  (void)r, (void)op, (void)id;
  return true;
}

/* ---- elements ---- */
static bool place(irun *r, MlirOperation op, intptr_t memory, irun_view *out) {
  irun_view v = irun_operand(r, op, memory)->view;
  for (int d = 0; d < v.rank; d++) {
    int64_t at = irun_int(r, op, memory + 1 + d);
    if (at < 0 || at >= v.size[d])
      return irun_stop(r, op, BISECT_BROKE, arena_printf(r->mem, "it touches index %" PRId64 " of dim %d of '%s', which has %" PRId64, at, d, v.memory->name, v.size[d]));
    v.offset += at * v.stride[d];
  }
  v.rank = 0;
  *out = v;
  return irun_check_view(r, op, &v);
}

static bool run_load(irun *r, MlirOperation op, int id) {
  irun_view v;
  (void)id;
  if (!place(r, op, 0, &v))
    return false;
  if (r->statement) {
    irun_statement_load(r, &v);
    irun_set_scalar(r, op, v.memory->type, v.memory->x[v.offset], -1);
    return true;
  }
  double *x = irun_copy_out(r, &v);
  irun_set_scalar(r, op, v.memory->type, *x, irun_read(r, op, &v, v.memory->type, x, false));
  return true;
}

static bool run_store(irun *r, MlirOperation op, int id) {
  irun_view v;
  irun_value from = *irun_operand(r, op, 0);
  (void)id;
  if (!place(r, op, 1, &v))
    return false;
  if (r->statement) {
    irun_statement_input(r, from.node);
    irun_statement_store(r, op, &v, from.x);
    return true;
  }
  double *x = ARENA_NEW(r->mem, double);
  *x = from.x;
  int in[] = {from.node}, node = irun_add(r, op, FLOW_MOVE, 1, in, v.memory->type, 0, NULL, x);
  r->flow->nodes.at[node].where = v.memory->name;
  irun_write(r, &v, x, node);
  return true;
}

/* ---- tiles ---- */
static bool run_to_tensor(irun *r, MlirOperation op, int id) {
  irun_value from = *irun_operand(r, op, 0);
  (void)id;
  if (!irun_check_view(r, op, &from.view))
    return false;
  double *x = irun_copy_out(r, &from.view);
  irun_set_tensor(r, op, 0, irun_read(r, op, &from.view, from.type, x, true), false);
  return irun_spend(r, op, r->flow->nodes.at[r->flow->nodes.n - 1].elems);
}

/* The tensor in memory of its own. */
static bool run_to_buffer(irun *r, MlirOperation op, int id) {
  irun_value from = *irun_operand(r, op, 0);
  flow_node n = r->flow->nodes.at[from.node];
  flow_memory *m = flow_new_memory(r->flow, "tile", n.type, n.rank, n.shape);
  irun_view v = irun_whole(m);
  (void)id;
  irun_write(r, &v, irun_elements(r, &from), from.node);
  set_view(r, op, &v);
  return true;
}

static bool store_tile(irun *r, MlirOperation op, const double *x, int node, int rank, const int64_t *shape, const irun_view *to) {
  if (!irun_check_view(r, op, to))
    return false;
  if (rank != to->rank || memcmp(shape, to->size, sizeof(int64_t) * (size_t)rank) != 0)
    return irun_stop(r, op, BISECT_BROKE, "the tile and its place have different sizes");
  int stored = irun_add(r, op, FLOW_MOVE, 1, &node, to->memory->type, rank, shape, x);
  r->flow->nodes.at[stored].where = to->memory->name;
  irun_write(r, to, x, stored);
  return irun_spend(r, op, r->flow->nodes.at[stored].elems);
}

static bool run_copy(irun *r, MlirOperation op, int id) {
  irun_view from = irun_operand(r, op, 0)->view, to = irun_operand(r, op, 1)->view;
  (void)id;
  if (!irun_check_view(r, op, &from))
    return false;
  double *x = irun_copy_out(r, &from);
  return store_tile(r, op, x, irun_read(r, op, &from, from.memory->type, x, false), from.rank, from.size, &to);
}

static bool run_materialize(irun *r, MlirOperation op, int id) {
  irun_value from = *irun_operand(r, op, 0);
  irun_view to = irun_operand(r, op, 1)->view;
  flow_node n = r->flow->nodes.at[from.node];
  (void)id;
  return store_tile(r, op, irun_elements(r, &from), from.node, n.rank, n.shape, &to);
}

irun_fn irun_memory_handler(const char *name) {
  static const struct { const char *name; irun_fn run; } known[] = {
      {"memref.subview", run_subview}, {"memref.reinterpret_cast", run_reinterpret}, {"memref.cast", run_cast}, {"memref.memory_space_cast", run_cast},
      {"memref.expand_shape", run_reshape}, {"memref.collapse_shape", run_reshape}, {"memref.dim", run_dim}, {"tensor.dim", run_dim},
      {"memref.alloc", run_alloc}, {"memref.alloca", run_alloc}, {"memref.dealloc", run_nothing}, {"memref.assume_alignment", run_cast},
      {"memref.load", run_load}, {"memref.store", run_store}, {"memref.copy", run_copy},
      {"bufferization.to_tensor", run_to_tensor}, {"bufferization.to_buffer", run_to_buffer},
      {"bufferization.materialize_in_destination", run_materialize}, {"bufferization.dealloc_tensor", run_nothing}};
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (text_eq(known[i].name, name))
      return known[i].run;
  return NULL;
}
