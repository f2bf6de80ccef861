/* LOAD, STORE and ATOMIC: what an index list selects, and going over it. */
#include "kernel/interp_private.h"
#include <math.h>

/* How the position in one dim of the tensor follows from the place in the part. */
typedef struct place {
  int64_t begin;                        /* first position */
  int dim;                              /* of the part that it follows, step 1; -1: none */
  const interp_value *index;            /* of TENSOR: positions; else NULL */
  int64_t stride[KERNEL_RANK_MAX];      /* of `index` along the dims of the part */
} place;

typedef struct access {
  const kernel_op *op;
  const interp_host *host;
  int n_places, rank;
  place at[KERNEL_RANK_MAX];
  int64_t count[KERNEL_RANK_MAX], valid[KERNEL_RANK_MAX], elems;   /* valid: lanes of a padded tile that are inside of its range */
  const interp_value *mask; int64_t mask_stride[KERNEL_RANK_MAX];
  bool is_unsure;                       /* an index depends on rounding */
  bool is_plain;                        /* ranges only, all of them inside: nothing to look at for each element */
} access;

static loom_status outside(interp *in, const kernel_op *op, int dim, int64_t at) {
  const kernel_tensor_info *t = &in->k->tensors.at[op->tensor];
  return diag_error(in->ctx, op->span, LOOM_EINPUT, "this %s touches index %" PRId64 " of dim %d of %s, which has %" PRId64 " elements",
                    kernel_op_name(op->kind), at, dim, t->name, in->host[op->tensor].shape[dim]);
}

static loom_status exact_index(interp *in, access *a, const interp_value *v) {
  for (int64_t i = 0; v->has_e && i < v->elems; i++)
    a->is_unsure = a->is_unsure || v->e[i] > 0;
  if (a->is_unsure && !in->takes_unsure_indices)
    LOOM_FAIL(in->ctx, a->op->span, LOOM_EUNSUP, "this index depends on rounding: engines may rightly touch different elements");
  return LOOM_OK;
}

/* ---- building ---- */
static loom_status select_range(access *a, int dim, int part_dim, int64_t begin, int64_t count, int64_t valid) {
  a->at[dim] = (place){.begin = begin, .dim = part_dim};
  a->count[part_dim] = count < 0 ? 0 : count;
  a->valid[part_dim] = valid < 0 ? 0 : valid;
  return LOOM_OK;
}

static loom_status select_tile(interp *in, access *a, const kernel_index *x, int dim, int part_dim) {
  const interp_tile *t = &in->tile[x->value];
  int64_t shift = 0;
  if (x->begin)
    LOOM_TRY(interp_size(in, a->op, x->begin, &shift));
  return select_range(a, dim, part_dim, t->begin + shift, t->lanes, t->end - t->begin);
}

static loom_status select_scalar(interp *in, access *a, const kernel_index *x, int dim) {
  int64_t at;
  if (x->value < 0) {
    LOOM_TRY(interp_size(in, a->op, x->begin, &at));
  } else {
    LOOM_TRY(exact_index(in, a, &in->slot[x->value]));
    at = (int64_t)in->slot[x->value].x[0];
  }
  a->at[dim] = (place){.begin = at, .dim = -1};
  return LOOM_OK;
}

/* The dims of an index tensor, aligned to the right of its dims of the part. */
static loom_status select_tensor(interp *in, access *a, const kernel_index *x, int dim) {
  const interp_value *v = &in->slot[x->value];
  LOOM_TRY(exact_index(in, a, v));
  if (v->rank > x->rank || x->dim + x->rank > a->rank)
    LOOM_FAIL(in->ctx, a->op->span, LOOM_EBUG, "an index tensor of rank %d stands for %d dims", v->rank, x->rank);
  a->at[dim] = (place){.dim = -1, .index = v};
  int64_t step = 1;
  for (int d = v->rank - 1; d >= 0; d--) {
    int to = x->dim + x->rank - v->rank + d;
    a->at[dim].stride[to] = v->shape[d] == 1 ? 0 : step;
    step *= v->shape[d];
    if (v->shape[d] != 1)
      a->count[to] = a->valid[to] = v->shape[d];
  }
  a->is_plain = false;
  return LOOM_OK;
}

static loom_status use_mask(interp *in, access *a, const interp_value *mask) {
  a->mask = mask;
  a->is_plain = false;
  LOOM_TRY(interp_check_broadcast(in, a->op, mask, a->rank, a->count));
  interp_broadcast_strides(mask, a->rank, a->count, a->mask_stride);
  return LOOM_OK;
}

/* Ranges without a mask are checked once, at their ends. */
static loom_status check_ranges(interp *in, access *a) {
  for (int j = 0; j < a->n_places; j++) {
    const place *p = &a->at[j];
    int64_t last = p->begin + (p->dim >= 0 ? a->valid[p->dim] - 1 : 0);
    if (p->index)
      continue;
    if (p->begin < 0 || last >= a->host->shape[j])
      return outside(in, a->op, j, p->begin < 0 ? p->begin : last);
  }
  return LOOM_OK;
}

static loom_status make_access(interp *in, const kernel_op *op, const interp_value *mask, access *a) {
  *a = (access){.op = op, .host = &in->host[op->tensor], .is_plain = true, .elems = 1};
  bool taken[2 * KERNEL_RANK_MAX] = {false};
  for (int i = 0; i < op->n_index; i++) {
    const kernel_index *x = &op->index[i];
    if (x->kind == KERNEL_INDEX_TENSOR)
      for (int d = x->dim; d < x->dim + x->rank; d++) {
        a->rank += !taken[d];
        taken[d] = true;
      }
    else
      a->rank += x->kind != KERNEL_INDEX_SCALAR;
  }
  for (int d = 0; d < a->rank; d++)
    a->count[d] = a->valid[d] = 1;
  int dim = 0, next = 0;
  for (int i = 0; i < op->n_index; i++) {
    const kernel_index *x = &op->index[i];
    int64_t begin, end;
    bool keeps = x->kind != KERNEL_INDEX_SCALAR && x->kind != KERNEL_INDEX_TENSOR;
    while (keeps && taken[next])
      next++;
    switch (x->kind) {
    case KERNEL_INDEX_NEW:
      next++;
      continue;
    case KERNEL_INDEX_TILE:
      LOOM_TRY(select_tile(in, a, x, dim, next++));
      break;
    case KERNEL_INDEX_ALL:
      LOOM_TRY(select_range(a, dim, next++, 0, a->host->shape[dim], a->host->shape[dim]));
      break;
    case KERNEL_INDEX_SLICE:
      LOOM_TRY(interp_size(in, op, x->begin, &begin));
      LOOM_TRY(interp_size(in, op, x->end, &end));
      LOOM_TRY(select_range(a, dim, next++, begin, end - begin, end - begin));
      break;
    case KERNEL_INDEX_SCALAR:
      LOOM_TRY(select_scalar(in, a, x, dim));
      break;
    case KERNEL_INDEX_TENSOR:
      LOOM_TRY(select_tensor(in, a, x, dim));
      break;
    }
    dim++;
  }
  a->n_places = dim;
  for (int d = 0; d < a->rank; d++) {
    a->elems *= a->count[d];
    a->is_plain = a->is_plain && a->valid[d] == a->count[d];
  }
  if (mask)
    return use_mask(in, a, mask);
  return a->elems ? check_ranges(in, a) : LOOM_OK;
}

/* ---- going over the elements ---- */
/* Place of one element: `at` in the root tensor, or -1 where nothing is touched.  *unsure: the mask may be otherwise on another engine. */
static loom_status find_element(interp *in, const access *a, const int64_t *index, int64_t *at, bool *unsure) {
  int64_t offset = a->host->offset;
  *at = -1;
  *unsure = false;
  for (int d = 0; d < a->rank; d++)
    if (index[d] >= a->valid[d])
      return LOOM_OK;
  if (a->mask) {
    int64_t m = 0;
    for (int d = 0; d < a->rank; d++)
      m += index[d] * a->mask_stride[d];
    *unsure = a->mask->has_e && a->mask->e[m] > 0;
    if (a->mask->x[m] == 0 && !*unsure)
      return LOOM_OK;
  }
  for (int j = 0; j < a->n_places; j++) {
    const place *p = &a->at[j];
    int64_t pos = p->begin + (p->dim >= 0 ? index[p->dim] : 0);
    if (p->index) {
      int64_t k = 0;
      for (int d = 0; d < a->rank; d++)
        k += index[d] * p->stride[d];
      pos = (int64_t)p->index->x[k];
    }
    if (pos < 0 || pos >= a->host->shape[j])
      return *unsure ? LOOM_OK : outside(in, a->op, j, pos);
    offset += pos * a->host->stride[j];
  }
  *at = offset;
  return LOOM_OK;
}

static bool mask_is_off(const access *a, const int64_t *index) {
  int64_t m = 0;
  for (int d = 0; d < a->rank; d++)
    m += index[d] * a->mask_stride[d];
  return a->mask->x[m] == 0;
}

static int64_t stride_of(const access *a, int part_dim) {
  int64_t s = 0;
  for (int j = 0; j < a->n_places; j++)
    s += a->at[j].dim == part_dim ? a->host->stride[j] : 0;
  return s;
}

/* ---- LOAD ---- */
static void load_plain(interp *in, const access *a, interp_value *out) {
  const interp_tensor *root = a->host->root;
  int64_t index[KERNEL_RANK_MAX] = {0}, stride[KERNEL_RANK_MAX], base = a->host->offset, i = 0;
  for (int j = 0; j < a->n_places; j++)
    base += a->at[j].begin * a->host->stride[j];
  for (int d = 0; d < a->rank; d++)
    stride[d] = stride_of(a, d);
  const double *bound = out->has_e ? root->bound : NULL;
  int outer = a->rank > 0 ? a->rank - 1 : 0;
  int64_t run = a->rank > 0 ? a->count[outer] : 1, step = a->rank > 0 ? stride[outer] : 0;
  do {
    int64_t at = base;
    for (int d = 0; d < outer; d++)
      at += index[d] * stride[d];
    for (int64_t c = 0; c < run && in->watch; c++)
      interp_watch_touch(in, a->op, a->host->root_index, at + c * step, false);
    for (int64_t c = 0; c < run; c++)
      out->x[i + c] = root->value[at + c * step];
    for (int64_t c = 0; c < run && bound; c++)
      out->e[i + c] = bound[at + c * step];
    i += run;
  } while (interp_next_index(outer, a->count, index));
}

static loom_status load_each(interp *in, const access *a, interp_value *out) {
  const interp_tensor *root = a->host->root;
  int64_t index[KERNEL_RANK_MAX] = {0}, i = 0, at;
  bool unsure;
  do {
    LOOM_TRY(find_element(in, a, index, &at, &unsure));
    if (at >= 0)
      interp_watch_touch(in, a->op, a->host->root_index, at, false);
    double x = at >= 0 ? root->value[at] : 0, e = at >= 0 && root->bound ? root->bound[at] : 0;
    if (unsure) {   /* here x or 0 */
      e = fabs(x) + e;
      x = mask_is_off(a, index) ? 0 : x;
      interp_need_bounds(in, out, true);
    }
    out->x[i] = x;
    if (out->has_e)
      out->e[i] = e;
    i++;
  } while (interp_next_index(a->rank, a->count, index));
  return LOOM_OK;
}

/* What an index that depends on rounding has read may be any element elsewhere. */
static void forget_value(interp *in, interp_value *v) {
  interp_need_bounds(in, v, true);
  for (int64_t i = 0; i < v->elems; i++)
    v->e[i] = INFINITY;
}

loom_status interp_load(interp *in, const kernel_op *op) {
  access a;
  interp_value *out, *mask = NULL;
  if (op->n_operands)
    mask = interp_operand(in, op, 0);
  LOOM_TRY(make_access(in, op, mask, &a));
  LOOM_TRY(interp_result(in, op, 0, &out));
  if (out->elems != a.elems)
    LOOM_FAIL(in->ctx, op->span, LOOM_EBUG, "this load selects %" PRId64 " elements of %s and its type has %" PRId64, a.elems,
              in->k->tensors.at[op->tensor].name, out->elems);
  if (a.elems == 0)
    return LOOM_OK;
  if (a.host->root->bound)
    interp_need_bounds(in, out, true);
  if (!a.is_plain)
    LOOM_TRY(load_each(in, &a, out));
  else
    load_plain(in, &a, out);
  if (a.is_unsure)
    forget_value(in, out);
  return LOOM_OK;
}

/* ---- STORE ---- */
/* Of each element of a root: the sum of magnitudes of its additions so far, their number, the errors that came in with them. */
typedef struct interp_atoms { double *mag, *adds, *base; } interp_atoms;

static void need_host_bounds(interp *in, interp_tensor *t) {
  if (!t->bound)
    t->bound = ARENA_NEW_N(&in->ctx->mem, double, t->elems);
}

/* `x` as the tensor holds it. */
static double stored(interp *in, const interp_tensor *root, dtype from, double x, double *e) {
  if (from == root->type)
    return x;
  if (in->bounds && dtype_is_float(root->type))
    return interp_round_bounded(root->type, x, e);
  interp_num r = interp_cast((interp_num){x, *e}, from, root->type);
  *e = r.e;
  return interp_round(root->type, r.x);
}

/* A sum of atomic additions ends where something else is written. */
static void end_atoms(interp *in, const access *a, int64_t at) {
  interp_atoms *list = in->atoms[a->host->root_index];
  if (list)
    list->adds[at] = 0;
}

/* Where an index depends on rounding, another engine may have written any element. */
static void forget_all(interp *in, interp_tensor *root) {
  need_host_bounds(in, root);
  for (int64_t i = 0; i < root->elems; i++)
    root->bound[i] = INFINITY;
}

static void put(interp *in, interp_tensor *root, int64_t at, double x, double e) {
  if (e > 0 && in->bounds)
    need_host_bounds(in, root);
  root->value[at] = x;
  if (root->bound)
    root->bound[at] = e;
}

loom_status interp_store(interp *in, const kernel_op *op) {
  access a;
  interp_value *v, *mask = NULL;
  int64_t stride[KERNEL_RANK_MAX] = {0}, index[KERNEL_RANK_MAX] = {0}, at;
  bool unsure;
  v = interp_operand(in, op, 0);
  if (op->n_operands > 1)
    mask = interp_operand(in, op, 1);
  LOOM_TRY(make_access(in, op, mask, &a));
  LOOM_TRY(interp_check_broadcast(in, op, v, a.rank, a.count));
  interp_broadcast_strides(v, a.rank, a.count, stride);
  interp_tensor *root = a.host->root;
  for (int64_t i = a.elems; i-- > 0;) {   /* backwards: of several elements for one place the first one stays */
    int64_t from = 0, rest = i;
    for (int d = a.rank - 1; d >= 0; d--) {
      index[d] = rest % a.count[d];
      rest /= a.count[d];
      from += index[d] * stride[d];
    }
    LOOM_TRY(find_element(in, &a, index, &at, &unsure));
    if (at < 0)
      continue;
    double e = v->has_e ? v->e[from] : 0, x = stored(in, root, v->type, v->x[from], &e);
    if (unsure) {   /* the old or the new value */
      double old = root->value[at];
      e = fabs(x - old) + fmax(e, root->bound ? root->bound[at] : 0);
      x = mask_is_off(&a, index) ? old : x;
    }
    end_atoms(in, &a, at);
    interp_watch_touch(in, op, a.host->root_index, at, true);
    put(in, root, at, x, e);
  }
  if (a.is_unsure)
    forget_all(in, root);
  interp_watch_stored(in, op, v);
  return LOOM_OK;
}

/* ---- ATOMIC ----
 * Additions may come in any order: k of them onto x0 round k times, each by at most u * (|x0| + sum|v|).  They are not rounded here, but for
 * whole numbers, and for the first one onto a known number, which no order changes. */

static interp_atoms *atoms_of(interp *in, const access *a) {
  interp_atoms **list = &in->atoms[a->host->root_index];
  if (!*list) {
    int64_t n = a->host->root->elems;
    *list = ARENA_NEW(&in->ctx->scratch, interp_atoms);
    (*list)->mag = ARENA_NEW_N(&in->ctx->scratch, double, n);
    (*list)->adds = ARENA_NEW_N(&in->ctx->scratch, double, n);
    (*list)->base = ARENA_NEW_N(&in->ctx->scratch, double, n);
  }
  return *list;
}

static interp_num add_atom(const interp *in, interp_atoms *s, dtype t, int64_t at, interp_num old, interp_num v) {
  double sum = old.x + v.x, u = dtype_is_float(t) ? dtype_unit_roundoff(t) : 0;
  if (!in->bounds || u == 0)
    return (interp_num){interp_round(t, sum), old.e + v.e};
  if (s->adds[at] == 0) {
    s->mag[at] = fabs(old.x) + old.e;
    s->base[at] = old.e;
  }
  s->adds[at] += 1;
  s->mag[at] += fabs(v.x) + v.e;
  s->base[at] += v.e;
  if (s->base[at] == 0 && v.x == nearbyint(v.x) && old.x == nearbyint(old.x) && s->mag[at] * u <= 1)
    return (interp_num){sum, 0};
  double e = s->base[at] + s->adds[at] * u * s->mag[at] * (t == DTYPE_F64 ? 2 : 1 + 0x1p-20);
  return (interp_num){sum, isinf(interp_round(t, s->mag[at])) ? INFINITY : e};
}

loom_status interp_atomic(interp *in, const kernel_op *op) {
  access a;
  interp_value *v, *mask = NULL, *expected = NULL, *out = NULL;
  int64_t stride[2][KERNEL_RANK_MAX] = {{0}}, index[KERNEL_RANK_MAX] = {0}, at, i = -1;
  bool unsure;
  v = interp_operand(in, op, 0);
  if (op->n_operands > 1 && op->operands[1] >= 0)
    mask = interp_operand(in, op, 1);
  if (op->n_operands > 2)
    expected = interp_operand(in, op, 2);
  LOOM_TRY(make_access(in, op, mask, &a));
  LOOM_TRY(interp_check_broadcast(in, op, v, a.rank, a.count));
  interp_broadcast_strides(v, a.rank, a.count, stride[0]);
  if (expected) {
    LOOM_TRY(interp_check_broadcast(in, op, expected, a.rank, a.count));
    interp_broadcast_strides(expected, a.rank, a.count, stride[1]);
  }
  if (op->n_results)
    LOOM_TRY(interp_result(in, op, 0, &out));
  interp_tensor *root = a.host->root;
  if (a.elems == 0)
    return LOOM_OK;
  interp_atoms *atoms = atoms_of(in, &a);
  do {
    LOOM_TRY(find_element(in, &a, index, &at, &unsure));
    i++;
    const double bound = at >= 0 && root->bound ? root->bound[at] : 0;
    if (out)
      out->x[i] = at >= 0 ? root->value[at] : 0;
    if (out && bound > 0)
      interp_need_bounds(in, out, true);
    if (out && out->has_e)
      out->e[i] = bound;
    if (at < 0)
      continue;
    if (unsure)
      LOOM_FAIL(in->ctx, op->span, LOOM_EUNSUP, "the mask of this atomic depends on rounding: engines may rightly update different elements");
    int64_t from = 0, want = 0;
    for (int d = 0; d < a.rank; d++) {
      from += index[d] * stride[0][d];
      want += index[d] * stride[1][d];
    }
    interp_watch_touch(in, op, a.host->root_index, at, true);
    interp_num old = {root->value[at], bound}, x = {v->x[from], v->has_e ? v->e[from] : 0}, r = x;
    x.x = stored(in, root, v->type, x.x, &x.e);
    if (op->fn == KERNEL_FN_ADD) {
      r = add_atom(in, atoms, root->type, at, old, x);
    } else if (expected) {     /* CAS */
      double e = old.e + (expected->has_e ? expected->e[want] : 0);
      if (e > 0 && fabs(old.x - expected->x[want]) <= e)
        LOOM_FAIL(in->ctx, op->span, LOOM_EUNSUP, "this comparison of an atomic_cas depends on rounding: engines may rightly exchange or not");
      r = old.x == expected->x[want] ? x : old;
    } else if (op->fn != KERNEL_FN_XCHG) {
      r = interp_binary(op->fn, root->type, old, x);
    }
    if (op->fn != KERNEL_FN_ADD)
      end_atoms(in, &a, at);
    put(in, root, at, r.x, r.e);
  } while (interp_next_index(a.rank, a.count, index));
  if (a.is_unsure)
    forget_all(in, root);
  if (a.is_unsure && out)
    forget_value(in, out);
  interp_watch_stored(in, op, v);
  return LOOM_OK;
}
