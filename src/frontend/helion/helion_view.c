/* Views of host tensors: another shape, order or part of the same memory. */
#include "frontend/helion/helion_view.h"
#include "frontend/helion/helion_memory.h"

helion_view helion_view_of(helion_reader *r, kernel_tensor tensor) {
  const kernel_tensor_info *t = &r->graph->tensors.at[tensor];
  helion_view v = {.root = tensor, .offset = sym_const(r->mem, 0), .shape = t->shape};
  const sym_expr *step = sym_const(r->mem, 1);
  if (t->role == KERNEL_VIEW) {
    v.root = t->base;
    v.offset = t->offset;
    memcpy(v.stride, t->stride, sizeof v.stride);
    return v;
  }
  for (int d = t->shape.rank - 1; d >= 0; d--) {
    v.stride[d] = step;
    step = sym_mul(r->mem, step, t->shape.dim[d]);
  }
  return v;
}

bool helion_view_is_dense(helion_reader *r, const helion_view *v) {
  const sym_expr *step = sym_const(r->mem, 1);
  for (int d = v->shape.rank - 1; d >= 0; d--) {
    if (!helion_is_one(r, v->shape.dim[d]) && !helion_same_size(r, v->stride[d], step))
      return false;
    step = sym_mul(r->mem, step, v->shape.dim[d]);
  }
  return true;
}

static bool is_zero(const sym_expr *e) {
  int64_t n;
  return sym_is_const(e, &n) && n == 0;
}

helion_value helion_view_make(helion_reader *r, const syn_node *n, const helion_view *v) {
  const kernel_tensor_info *root = &r->graph->tensors.at[v->root];
  if (is_zero(v->offset) && helion_view_is_dense(r, v) && helion_same_shape(r, &v->shape, &root->shape))
    return helion_tensor(v->root);
  kernel_tensor t = kernel_add_tensor(r->mem, r->graph, "", KERNEL_VIEW, v->shape);   /* the variable it is assigned to names it */
  kernel_tensor_info *info = &r->graph->tensors.at[t];
  info->base = v->root;
  info->offset = v->offset;
  memcpy(info->stride, v->stride, sizeof info->stride);
  info->span = n->span;
  return helion_tensor(t);
}

helion_value helion_view_permute(helion_reader *r, const syn_node *n, kernel_tensor tensor, const int *perm) {
  helion_view from = helion_view_of(r, tensor), to = from;
  for (int d = 0; d < from.shape.rank; d++) {
    to.shape.dim[d] = from.shape.dim[perm[d]];
    to.stride[d] = from.stride[perm[d]];
  }
  return helion_view_make(r, n, &to);
}

/* The same elements with dims of size 1 put in or left out; false: more than that. */
static bool only_ones_differ(helion_reader *r, const helion_view *v, const kernel_type *shape, helion_view *out) {
  int at = 0;
  *out = *v;
  out->shape = *shape;
  for (int d = 0; d < shape->rank; d++) {
    while (at < v->shape.rank && helion_is_one(r, v->shape.dim[at]) && !helion_is_one(r, shape->dim[d]))
      at++;
    if (helion_is_one(r, shape->dim[d])) {
      bool takes = at < v->shape.rank && helion_is_one(r, v->shape.dim[at]);
      out->stride[d] = takes ? v->stride[at++] : sym_const(r->mem, 1);
    } else if (at < v->shape.rank && helion_same_size(r, v->shape.dim[at], shape->dim[d])) {
      out->stride[d] = v->stride[at++];
    } else {
      return false;
    }
  }
  while (at < v->shape.rank && helion_is_one(r, v->shape.dim[at]))
    at++;
  return at == v->shape.rank;
}

helion_value helion_view_reshape(helion_reader *r, const syn_node *n, kernel_tensor tensor, const kernel_type *shape, bool may_copy) {
  helion_view v = helion_view_of(r, tensor), out;
  if (helion_view_is_dense(r, &v)) {
    const sym_expr *step = sym_const(r->mem, 1);
    v.shape = *shape;
    for (int d = shape->rank - 1; d >= 0; d--) {
      v.stride[d] = step;
      step = sym_mul(r->mem, step, shape->dim[d]);
    }
    return helion_view_make(r, n, &v);
  }
  if (only_ones_differ(r, &v, shape, &out))
    return helion_view_make(r, n, &out);
  if (!may_copy)
    return helion_fail(r, n, LOOM_EINPUT, "use reshape or contiguous(), which copy", "a view of shape %s of %s, whose elements do not lie side by side",
                       helion_show_shape(r, shape), r->graph->tensors.at[tensor].name);
  kernel_region *outer = helion_enter_host(r);
  kernel_value x = helion_load_whole(r, n, tensor);
  helion_value copy = helion_store_whole(r, n, helion_emit(r, n, KERNEL_RESHAPE, 1, &x, shape));
  helion_leave_host(r, outer);
  return copy;
}

helion_value helion_view_expand(helion_reader *r, const syn_node *n, kernel_tensor tensor, const kernel_type *shape) {
  helion_view from = helion_view_of(r, tensor), to = {.root = from.root, .offset = from.offset, .shape = *shape};
  for (int d = 0; d < shape->rank; d++) {
    int own = d - (shape->rank - from.shape.rank);
    bool repeats = own < 0 || !helion_same_size(r, from.shape.dim[own], shape->dim[d]);
    to.stride[d] = repeats ? sym_const(r->mem, 0) : from.stride[own];
  }
  return helion_view_make(r, n, &to);
}

/* ---- subscripts in host code ---- */
bool helion_slice_step(helion_reader *r, const syn_node *n, const helion_slice *s, int64_t *out) {
  *out = 1;
  if (!s->step || s->step->kind == HELION_NONE)
    return true;
  if (!helion_known_int(r, s->step, out))
    return helion_fail(r, n, LOOM_EUNSUP, "use a step that is known while compiling", "%s as the step of a slice", helion_describe(r, s->step)), false;
  if (*out < 1)
    return helion_fail(r, n, LOOM_EINPUT, "steps are 1 or more, as in PyTorch", "a slice of a tensor with step %" PRId64, *out), false;
  return true;
}

static bool is_other_bound(const helion_value *v) { return v && v->kind != HELION_NONE && v->kind != HELION_INT; }

static bool slice_dim(helion_reader *r, const syn_node *n, const helion_slice *s, helion_view *v, int from, const helion_view *old) {
  const sym_expr *size = old->shape.dim[from], *begin = sym_const(r->mem, 0), *end = size;
  int64_t step, elems, lo, hi;
  int d = v->shape.rank++;
  if (!helion_slice_step(r, n, s, &step))
    return false;
  const bool is_inside = helion_open_bounds(r, s, size, &begin, &end);   /* in every call */
  if (!is_inside && helion_known(r, size, &elems) && helion_clamp_bound(r, s->begin, elems, 0, &lo) && helion_clamp_bound(r, s->end, elems, elems, &hi)) {
    hi = hi < lo ? lo : hi;
    bool whole = lo == 0 && hi == elems;
    begin = sym_const(r->mem, lo);
    end = whole ? size : s->end && s->end->kind == HELION_INT && helion_known_int(r, s->end, &elems) && elems == hi ? s->end->size : sym_const(r->mem, hi);
    if (!whole && !helion_known(r, end, &elems))
      end = sym_const(r->mem, hi);
  } else if (!is_inside && (is_other_bound(s->begin) || is_other_bound(s->end))) {
    return helion_fail(r, n, LOOM_EUNSUP, "bounds are sizes and ints", "the bounds of this slice"), false;
  } else if (!is_inside) {
    begin = s->begin && s->begin->kind == HELION_INT ? s->begin->size : begin;
    end = s->end && s->end->kind == HELION_INT ? s->end->size : end;
  }
  const sym_expr *length = sym_sub(r->mem, end, begin);
  v->offset = sym_add(r->mem, v->offset, sym_mul(r->mem, begin, old->stride[from]));
  v->shape.dim[d] = step == 1 ? length : sym_ceildiv(r->mem, length, sym_const(r->mem, step));
  if (helion_is_one(r, v->shape.dim[d]))   /* a dimension of one element broadcasts, and says so */
    v->shape.dim[d] = sym_const(r->mem, 1);
  v->stride[d] = step == 1 ? old->stride[from] : sym_mul(r->mem, old->stride[from], sym_const(r->mem, step));
  return true;
}

/* Whether the list has a slice with a step, at any depth. */
static bool has_step(helion_reader *r, const syn_node *n, const helion_value *index) {
  if (index->kind == HELION_SLICE)
    return index->slice->step && index->slice->step->kind != HELION_NONE;
  for (size_t i = 0; index->kind == HELION_SEQ && i < index->seq.n && helion_step(r, n); i++)
    if (has_step(r, n, &index->seq.at[i]))
      return true;
  return false;
}

bool helion_view_steps(helion_reader *r, const syn_node *n, kernel_tensor *tensor, helion_value *index) {
  if (!has_step(r, n, index))
    return true;
  helion_view old = helion_view_of(r, *tensor), v = old;
  helion_values items = {0};
  v.shape.rank = 0;
  if (!helion_expand_index(r, n, index, &old.shape, &items))
    return false;
  for (size_t i = 0; i < items.n; i++) {
    helion_value *x = &items.at[i];
    int dim = v.shape.rank;
    int64_t known;
    if (x->kind == HELION_NONE)
      continue;
    if (x->kind != HELION_SLICE || !has_step(r, n, x)) {
      v.shape.rank++;
      continue;
    }
    if (!slice_dim(r, n, x->slice, &v, dim, &old))
      return false;
    if (!helion_peek(r, v.offset, &known) || !helion_peek(r, v.shape.dim[dim], &known))
      return helion_fail(r, n, LOOM_EUNSUP, "take the slice of the tensor in front of the loops, or bounds that are known there", "a slice with a step and bounds of the running kernel"), false;
    *x = (helion_value){.kind = HELION_SLICE, .slice = ARENA_NEW(r->mem, helion_slice)};
  }
  *tensor = helion_view_make(r, n, &v).tensor;
  *index = (helion_value){.kind = HELION_SEQ, .seq = {items.at, items.n, false}};
  return true;
}

helion_value helion_view_subscript(helion_reader *r, const syn_node *n, kernel_tensor tensor, const helion_value *index) {
  helion_view old = helion_view_of(r, tensor), v = {.root = old.root, .offset = old.offset, .shape.type = old.shape.type};
  helion_values items = {0};
  int dim = 0;
  if (!helion_expand_index(r, n, index, &old.shape, &items))
    return helion_unknown();
  for (size_t i = 0; i < items.n; i++) {
    const helion_value *x = &items.at[i];
    int64_t at, elems;
    if (v.shape.rank == KERNEL_RANK_MAX)
      return helion_fail(r, n, LOOM_ELIMIT, "join dimensions with view or reshape", "a tensor of more than %d dimensions", KERNEL_RANK_MAX);
    if (x->kind == HELION_NONE) {
      v.stride[v.shape.rank] = sym_const(r->mem, 1);
      v.shape.dim[v.shape.rank++] = sym_const(r->mem, 1);
    } else if (x->kind == HELION_SLICE) {
      if (!slice_dim(r, n, x->slice, &v, dim++, &old))
        return helion_unknown();
    } else if (x->kind == HELION_INT) {
      const sym_expr *e = x->size;
      bool known = helion_peek(r, e, &at) && helion_peek(r, old.shape.dim[dim], &elems);
      if (known && (at < -elems || at >= elems))
        return helion_fail(r, n, LOOM_EINPUT, "indices count from 0, or from -1 at the end", "index %" PRId64 " of dimension %d of %s, which has %" PRId64 " elements", at, dim,
                           r->graph->tensors.at[tensor].name, elems);
      if (known)
        e = helion_open_index(r, e, old.shape.dim[dim]);
      v.offset = sym_add(r->mem, v.offset, sym_mul(r->mem, e, old.stride[dim]));
      dim++;
    } else {
      return helion_fail(r, n, LOOM_EUNSUP, "index with ints, slices and None; gather inside of the tile loops", "%s as an index of a host tensor",
                         helion_describe(r, x));
    }
  }
  return helion_view_make(r, n, &v);
}
