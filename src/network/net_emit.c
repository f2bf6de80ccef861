/* Pieces of kernel graphs: parts of tensors as strided views, tiles of one rank. */
#include "network/net_private.h"

static const sym_expr *axis_size(net_graph *g, int dim) {
  if (dim < 0)
    return sym_const(g->mem, 1);
  return g->block[dim] ? sym_name(g->mem, g->block[dim]) : sym_const(g->mem, g->nest->space.extent[dim]);
}

kernel_type net_frame_type(net_graph *g, const net_frame *f, dtype t) {
  kernel_type out = {.type = t, .rank = f->n};
  for (int a = 0; a < f->n; a++)
    out.dim[a] = axis_size(g, f->dim[a]);
  return out;
}

kernel_op *net_emit(net_graph *g, kernel_op_kind kind, int n, const kernel_value *operands, const kernel_type *result) {
  kernel_op *op = kernel_add_op(g->mem, g->k, g->at, kind, n, operands, result ? 1 : 0, result);
  op->span = g->span;
  return op;
}

/* ---- parts of tensors ---- */

typedef struct part { int n; int64_t extent[KERNEL_RANK_MAX], stride[KERNEL_RANK_MAX], offset; kernel_index index[KERNEL_RANK_MAX]; kernel_type type; } part;

static void add_dim(net_graph *g, part *p, int64_t extent, int64_t stride, kernel_index index) {
  if (p->n == KERNEL_RANK_MAX) {
    g->is_too_deep = true;
    return;
  }
  p->extent[p->n] = extent;
  p->stride[p->n] = stride;
  p->index[p->n++] = index;
}

/* What is left of the offset when each dim, the widest first, has taken as many of its steps as it can. */
static int64_t left_of_offset(const part *p) {
  bool used[KERNEL_RANK_MAX] = {false};
  int64_t left = p->offset;
  for (int i = 0; i < p->n; i++) {
    int widest = -1;
    for (int d = 0; d < p->n; d++)
      if (!used[d] && (widest < 0 || p->stride[d] > p->stride[widest]))
        widest = d;
    used[widest] = true;
    left = p->stride[widest] > 0 ? left % p->stride[widest] : left;
  }
  return left;
}

/* A dim of single elements, so that the view is part of one that begins with its tensor (pass/extract_access.c); in front, where dims of size 1 are dropped first. */
static void add_single(net_graph *g, part *p) {
  const part old = *p;
  p->n = 0;
  add_dim(g, p, 1, 1, (kernel_index){.kind = KERNEL_INDEX_SCALAR, .value = -1, .begin = sym_const(g->mem, 0)});
  for (int d = 0; d < old.n; d++)
    add_dim(g, p, old.extent[d], old.stride[d], old.index[d]);
}

/* The rows of a lookup: dim of the nest that walks them (-1: there is one), their indices as a value. */
typedef struct rows { int dim; kernel_value index; int64_t step, count; } rows;

/* Dims that are walked one by one in front, then the frame's axes, of size 1 where the address does not depend on them; `by`: the dim of rows is among them, or in front. */
static part part_of(net_graph *g, const net_frame *f, dtype type, axis_expr at, const rows *by) {
  const axis_space *s = &g->nest->space;
  part p = {.offset = at.constant, .type = {.type = type}};
  int64_t stride[KERNEL_RANK_MAX], natural = 1;
  for (int d = 0; d < s->n; d++) {
    bool in_frame = false;
    for (int a = 0; a < f->n; a++)
      in_frame = in_frame || f->dim[a] == d;
    if (!in_frame && axis_coef(at, d))
      add_dim(g, &p, s->extent[d], axis_coef(at, d), (kernel_index){.kind = KERNEL_INDEX_SCALAR, .value = g->param[d]});
  }
  if (by && p.offset) {      /* a lookup is in a view that begins with its tensor */
    add_dim(g, &p, p.offset + 1, 1, (kernel_index){.kind = KERNEL_INDEX_SCALAR, .value = -1, .begin = sym_const(g->mem, p.offset)});
    p.offset = 0;
  }
  if (by && by->dim < 0)
    add_dim(g, &p, by->count, by->step, (kernel_index){.kind = KERNEL_INDEX_SCALAR, .value = by->index});
  for (int a = f->n - 1; a >= 0; a--) {
    bool is_row = by && f->dim[a] >= 0 && f->dim[a] == by->dim;
    int64_t c = is_row ? by->step : f->dim[a] < 0 ? 0 : axis_coef(at, f->dim[a]);
    stride[a] = c ? c : natural;
    natural = c ? c * (is_row ? by->count : s->extent[f->dim[a]]) : natural;
  }
  for (int a = 0; a < f->n; a++) {
    int d = f->dim[a];
    if (by && d >= 0 && d == by->dim) {
      add_dim(g, &p, by->count, stride[a], (kernel_index){.kind = KERNEL_INDEX_TENSOR, .value = by->index, .dim = a, .rank = 1});
      p.type.dim[p.type.rank++] = axis_size(g, d);
      continue;
    }
    bool is_walked = d >= 0 && axis_coef(at, d) != 0, is_tile = is_walked && g->block[d];
    add_dim(g, &p, is_walked ? s->extent[d] : 1, stride[a], (kernel_index){.kind = is_tile ? KERNEL_INDEX_TILE : KERNEL_INDEX_ALL, .value = is_tile ? g->param[d] : -1});
    p.type.dim[p.type.rank++] = axis_size(g, is_walked ? d : -1);
  }
  if (left_of_offset(&p))
    add_single(g, &p);
  return p;
}

static bool is_size(const sym_expr *e, int64_t n) {
  int64_t v;
  return sym_is_const(e, &v) && v == n;
}

static bool shows(const kernel_tensor_info *t, const part *p, kernel_tensor base) {
  bool same = t->role == KERNEL_VIEW && t->base == base && t->shape.rank == p->n && is_size(t->offset, p->offset);
  for (int d = 0; same && d < p->n; d++)
    same = is_size(t->shape.dim[d], p->extent[d]) && is_size(t->stride[d], p->stride[d]);
  return same;
}

/* The tensor itself where the part's dims are its own. */
static bool is_own(const kernel_tensor_info *t, const part *p) {
  int64_t stride = 1;
  bool same = t->shape.rank == p->n && p->offset == 0;
  for (int d = p->n - 1; same && d >= 0; d--) {
    same = is_size(t->shape.dim[d], p->extent[d]) && (p->stride[d] == stride || p->extent[d] == 1);
    stride *= p->extent[d];
  }
  return same;
}

static kernel_tensor view_of(net_graph *g, int tensor, const part *p) {
  kernel_tensor base = 0;
  while (g->tensor.at[base] != tensor)
    base++;
  if (is_own(&g->k->tensors.at[base], p))
    return base;
  for (size_t i = 0; i < g->k->tensors.n; i++)
    if (shows(&g->k->tensors.at[i], p, base))
      return (kernel_tensor)i;
  kernel_type shape = {.type = g->k->tensors.at[base].shape.type, .rank = p->n};
  for (int d = 0; d < p->n; d++)
    shape.dim[d] = sym_const(g->mem, p->extent[d]);
  kernel_tensor v = kernel_add_tensor(g->mem, g->k, arena_printf(g->mem, "view_%zu", g->k->tensors.n), KERNEL_VIEW, shape);
  kernel_tensor_info *t = &g->k->tensors.at[v];
  t->base = base;
  t->span = g->span;
  t->offset = sym_const(g->mem, p->offset);
  for (int d = 0; d < p->n; d++)
    t->stride[d] = sym_const(g->mem, p->stride[d]);
  vec_push(g->mem, &g->tensor, -1);
  return v;
}

static void set_index(net_graph *g, kernel_op *op, int tensor, const part *p) {
  op->tensor = view_of(g, tensor, p);
  op->n_index = p->n;
  op->index = ARENA_NEW_N(g->mem, kernel_index, p->n);
  memcpy(op->index, p->index, (size_t)p->n * sizeof *op->index);
}

kernel_value net_emit_load(net_graph *g, const net_frame *f, int tensor, axis_expr at) {
  part p = part_of(g, f, g->r->net->tensors.at[tensor].type, at, NULL);
  kernel_op *op = net_emit(g, KERNEL_LOAD, 0, NULL, &p.type);
  set_index(g, op, tensor, &p);
  return op->results[0];
}

void net_emit_store(net_graph *g, const net_frame *f, int tensor, axis_expr at, kernel_value v) {
  part p = part_of(g, f, g->r->net->tensors.at[tensor].type, at, NULL);
  kernel_op *op = net_emit(g, KERNEL_STORE, 1, &v, NULL);
  set_index(g, op, tensor, &p);
}

/* Element `at` of the tensor of indices, which is a sum over one dim at most: as a row of them, or as a number. */
static rows load_rows(net_graph *g, const net_op *op, int tensor, axis_expr at) {
  const axis_space *s = &g->nest->space;
  const network_tensor *t = &g->r->net->tensors.at[tensor];
  rows out = {.dim = -1, .step = op->step, .count = op->rows};
  for (int d = 0; d < s->n; d++)
    out.dim = axis_coef(at, d) ? d : out.dim;
  part p = {.type = {.type = t->type}};
  kernel_index one = {.kind = KERNEL_INDEX_SCALAR, .value = -1, .begin = sym_const(g->mem, 0)}, tile = {.kind = KERNEL_INDEX_TILE, .value = out.dim < 0 ? -1 : g->param[out.dim]};
  add_dim(g, &p, t->elems, 1, out.dim < 0 ? one : tile);
  if (out.dim >= 0)
    p.type.dim[p.type.rank++] = axis_size(g, out.dim);
  kernel_op *load = net_emit(g, KERNEL_LOAD, 0, NULL, &p.type);
  set_index(g, load, tensor, &p);
  out.index = load->results[0];
  return out;
}

kernel_value net_emit_lookup_load(net_graph *g, const net_frame *f, const net_op *op, int tensor, axis_expr at, int index, axis_expr index_at) {
  const rows by = load_rows(g, op, index, index_at);
  part p = part_of(g, f, g->r->net->tensors.at[tensor].type, at, &by);
  kernel_op *load = net_emit(g, KERNEL_LOAD, 0, NULL, &p.type);
  set_index(g, load, tensor, &p);
  return load->results[0];
}

void net_emit_lookup_store(net_graph *g, const net_frame *f, const net_op *op, int tensor, axis_expr at, int index, axis_expr index_at, kernel_value v) {
  const rows by = load_rows(g, op, index, index_at);
  part p = part_of(g, f, g->r->net->tensors.at[tensor].type, at, &by);
  kernel_op *store = net_emit(g, KERNEL_STORE, 1, &v, NULL);
  set_index(g, store, tensor, &p);
}

/* ---- values ---- */

static const kernel_type *type_of(const net_graph *g, kernel_value v) { return &g->k->values.at[v].type; }

kernel_value net_emit_constant(net_graph *g, dtype t, double x) {
  kernel_op *op = net_emit(g, KERNEL_CONSTANT, 0, NULL, &(kernel_type){.type = t});
  op->fvalue = x;
  return op->results[0];
}

kernel_value net_emit_fn(net_graph *g, kernel_op_kind kind, kernel_fn fn, dtype t, int n, const kernel_value *operands) {
  kernel_type out = {.type = t};
  for (int i = 0; i < n; i++) {
    const kernel_type *x = type_of(g, operands[i]);
    for (int a = 0; a < x->rank; a++)
      out.dim[a] = out.rank == 0 || is_size(out.dim[a], 1) ? x->dim[a] : out.dim[a];
    out.rank = x->rank > out.rank ? x->rank : out.rank;
  }
  kernel_op *op = net_emit(g, kind, n, operands, &out);
  op->fn = fn;
  return op->results[0];
}

kernel_value net_emit_cast(net_graph *g, kernel_value v, dtype t) {
  return type_of(g, v)->type == t ? v : net_emit_fn(g, KERNEL_CAST, KERNEL_FN_NONE, t, 1, &v);
}

/* 0, 1, .. along one axis of the frame, counted from the beginning of the tensor. */
static kernel_value counting(net_graph *g, const net_frame *f, int dim) {
  int axis = -1;
  for (int a = 0; a < f->n; a++)
    axis = f->dim[a] == dim ? a : axis;
  if (axis < 0) {
    kernel_op *begin = net_emit(g, KERNEL_TILE_BEGIN, 1, &g->param[dim], &(kernel_type){.type = DTYPE_I64});
    return net_emit_cast(g, begin->results[0], DTYPE_I32);
  }
  kernel_type line = {.type = DTYPE_I32, .rank = 1, .dim = {axis_size(g, dim)}}, shape = {.type = DTYPE_I32, .rank = f->n};
  kernel_op *op = net_emit(g, g->block[dim] ? KERNEL_TILE_INDEX : KERNEL_IOTA, g->block[dim] ? 1 : 0, &g->param[dim], &line);
  op->ivalue = 1;
  for (int a = 0; a < f->n; a++)
    shape.dim[a] = axis_size(g, a == axis ? dim : -1);
  return f->n == 1 ? op->results[0] : net_emit(g, KERNEL_RESHAPE, 1, op->results, &shape)->results[0];
}

kernel_value net_emit_index(net_graph *g, const net_frame *f, axis_expr e) {
  kernel_value sum = -1;
  for (int i = 0; i < e.n; i++) {
    kernel_value x = counting(g, f, e.term[i].atom->var);
    if (e.term[i].coef != 1)
      x = net_emit_fn(g, KERNEL_BINARY, KERNEL_FN_MUL, DTYPE_I32, 2, (kernel_value[]){x, net_emit_constant(g, DTYPE_I32, (double)e.term[i].coef)});
    sum = sum < 0 ? x : net_emit_fn(g, KERNEL_BINARY, KERNEL_FN_ADD, DTYPE_I32, 2, (kernel_value[]){sum, x});
  }
  if (sum < 0 || e.constant) {
    kernel_value c = net_emit_constant(g, DTYPE_I32, (double)e.constant);
    sum = sum < 0 ? c : net_emit_fn(g, KERNEL_BINARY, KERNEL_FN_ADD, DTYPE_I32, 2, (kernel_value[]){sum, c});
  }
  return sum;
}

kernel_value net_emit_broadcast(net_graph *g, const net_frame *f, kernel_value v) {
  kernel_type full = net_frame_type(g, f, type_of(g, v)->type);
  bool same = type_of(g, v)->rank == f->n;
  for (int a = 0; same && a < f->n; a++)
    same = sym_equal(type_of(g, v)->dim[a], full.dim[a]);
  return same ? v : net_emit(g, KERNEL_BROADCAST, 1, &v, &full)->results[0];
}

/* The value, of the frame's size along the axes of the mask; along others it stays as it is: what does not depend on a dim is there once. */
static kernel_value spread(net_graph *g, const net_frame *f, int axes, kernel_value v) {
  kernel_type out = net_frame_type(g, f, type_of(g, v)->type);
  bool same = type_of(g, v)->rank == f->n;
  for (int a = 0; a < f->n; a++) {
    if (!(axes >> a & 1))
      out.dim[a] = type_of(g, v)->rank ? type_of(g, v)->dim[a] : sym_const(g->mem, 1);
    same = same && sym_equal(type_of(g, v)->dim[a], out.dim[a]);
  }
  return same ? v : net_emit(g, KERNEL_BROADCAST, 1, &v, &out)->results[0];
}

kernel_value net_emit_reduce(net_graph *g, const net_frame *f, kernel_fn fn, int axes, kernel_value v) {
  v = spread(g, f, axes, v);
  kernel_type out = *type_of(g, v);
  for (int a = 0; a < f->n; a++)
    if (axes >> a & 1)
      out.dim[a] = sym_const(g->mem, 1);
  kernel_op *op = net_emit(g, KERNEL_REDUCE, 1, &v, &out);
  op->fn = fn;
  op->ivalue = axes;
  op->flag = true;
  return op->results[0];
}
