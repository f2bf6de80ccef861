#include "network/network_in_place.h"
#include "kernel/kernel_stores.h"

enum { DEPTH_MAX = 32 };
/* All that reads or writes one of the two tensors: the store, and whether every other access is a load before it with the same indices. */
typedef struct search {
  const kernel_graph *g;
  kernel_tensor in, out;
  const kernel_op *store, *around[DEPTH_MAX]; const kernel_region *home; int depth;      /* the store, the loops around it from the outside, and where it stands */
  int n_stores;
  bool is_other;                           /* some access is of a kind that is not looked at */
} search;

static void find_store(search *s, const kernel_region *r, const kernel_op **around, int depth) {
  for (size_t i = 0; i < r->ops.n; i++) {
    const kernel_op *op = r->ops.at[i];
    kernel_tensor t = op->kind == KERNEL_STORE || op->kind == KERNEL_ATOMIC || op->kind == KERNEL_LOAD ? kernel_root(s->g, op->tensor) : -1;
    s->is_other = s->is_other || (t >= 0 && (op->kind == KERNEL_ATOMIC || (op->kind == KERNEL_STORE && t == s->in) || (op->kind == KERNEL_LOAD && t == s->out)));
    if (op->kind == KERNEL_STORE && t == s->out) {
      s->n_stores++;
      s->store = op;
      s->home = r;
      s->depth = depth;
      for (int k = 0; k < depth; k++)
        s->around[k] = around[k];
    }
    for (int k = 0; k < op->n_regions; k++) {
      if (depth == DEPTH_MAX) {
        s->is_other = true;
        return;
      }
      around[depth] = op;
      find_store(s, &op->regions[k], around, depth + 1);
    }
  }
}

static bool same_expr(const sym_expr *a, const sym_expr *b) { return a == b || (a && b && sym_equal(a, b)); }

static bool same_index(const kernel_op *a, const kernel_op *b) {
  if (a->n_index != b->n_index)
    return false;
  for (int i = 0; i < a->n_index; i++) {
    const kernel_index *x = &a->index[i], *y = &b->index[i];
    if (x->kind != y->kind || x->kind == KERNEL_INDEX_TENSOR || x->kind == KERNEL_INDEX_NEW || x->value != y->value || !same_expr(x->begin, y->begin) || !same_expr(x->end, y->end))
      return false;
  }
  return true;
}

/* Elements from one to the next along each dim as the accesses see the tensor, and its size; false: not known. */
static bool strides_of(const kernel_graph *g, kernel_tensor t, int64_t *stride, int64_t *size, int64_t *offset) {
  const kernel_tensor_info *x = &g->tensors.at[t];
  int64_t row = 1;
  *offset = 0;
  for (int d = x->shape.rank - 1; d >= 0; d--) {
    stride[d] = row;
    if (!sym_is_const(x->shape.dim[d], &size[d]) || (x->role == KERNEL_VIEW && !sym_is_const(x->stride[d], &stride[d])))
      return false;
    row *= size[d];
  }
  return x->role != KERNEL_VIEW || (g->tensors.at[x->base].role != KERNEL_VIEW && sym_is_const(x->offset, offset));
}

/* No two indices are one element: by rising stride, each dim steps over all that those before it reach. */
static bool is_one_to_one(int rank, const int64_t *stride, const int64_t *size) {
  bool done[KERNEL_RANK_MAX] = {false};
  for (int64_t reach = 0, left = rank; left > 0; left--) {
    int next = -1;
    for (int d = 0; d < rank; d++)
      if (!done[d] && (next < 0 || stride[d] < stride[next]))
        next = d;
    done[next] = true;
    if (size[next] > 1 && stride[next] <= reach)
      return false;
    reach += (size[next] - 1) * stride[next];
  }
  return true;
}

static bool sees_the_same(const kernel_graph *g, kernel_tensor a, kernel_tensor b) {
  int64_t stride[2][KERNEL_RANK_MAX] = {{0}}, size[2][KERNEL_RANK_MAX] = {{0}}, offset[2];
  int rank = g->tensors.at[a].shape.rank;
  if (g->tensors.at[b].shape.rank != rank || !strides_of(g, a, stride[0], size[0], &offset[0]) || !strides_of(g, b, stride[1], size[1], &offset[1]) || offset[0] != offset[1])
    return false;
  for (int d = 0; d < rank; d++)
    if (stride[0][d] != stride[1][d] && (size[0][d] > 1 || size[1][d] > 1))
      return false;
  return is_one_to_one(rank, stride[1], size[1]);
}

static bool is_index(const kernel_op *store, kernel_value v) {
  for (int i = 0; i < store->n_index; i++)
    if ((store->index[i].kind == KERNEL_INDEX_TILE || store->index[i].kind == KERNEL_INDEX_SCALAR) && store->index[i].value == v)
      return true;
  return false;
}

/* Each turn of the loops around stores elements of its own. */
static bool moves_with_all(const search *s) {
  for (int k = 0; k < s->depth; k++) {
    const kernel_op *loop = s->around[k];
    if (loop->kind != KERNEL_PARALLEL && loop->kind != KERNEL_LOOP)
      return false;
    for (int i = 0; i < loop->n_ranges; i++)
      if (!is_index(s->store, loop->regions[0].params.at[i]))
        return false;
  }
  return true;
}

/* Loads of `in` below `r` stand where the store does, before it, with its indices. */
static bool loads_are_fit(const search *s, const kernel_region *r) {
  bool is_before = r == s->home;
  for (size_t i = 0; i < r->ops.n; i++) {
    const kernel_op *op = r->ops.at[i];
    is_before = is_before && op != s->store;
    if (op->kind == KERNEL_LOAD && kernel_root(s->g, op->tensor) == s->in && (!is_before || !same_index(op, s->store) || !sees_the_same(s->g, op->tensor, s->store->tensor)))
      return false;
    for (int k = 0; k < op->n_regions; k++)
      if (!loads_are_fit(s, &op->regions[k]))
        return false;
  }
  return true;
}

bool network_in_place(const kernel_graph *g, kernel_tensor in, kernel_tensor out) {
  const kernel_tensor_info *a = &g->tensors.at[in], *b = &g->tensors.at[out];
  const kernel_op *around[DEPTH_MAX];
  search s = {.g = g, .in = in, .out = out};
  if (a->role != KERNEL_ARG || b->role != KERNEL_ALLOC || dtype_bytes(a->shape.type) != dtype_bytes(b->shape.type))
    return false;
  find_store(&s, &g->body, around, 0);
  return !s.is_other && s.n_stores == 1 && s.store->n_operands == 1 && moves_with_all(&s) && loads_are_fit(&s, &g->body);
}
