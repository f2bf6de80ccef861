/* LOAD, STORE, ATOMIC: loops over the part, one memory access for each element, under what makes it valid. */
#include "lower/host_private.h"

/* How the position in a dim of the tensor follows from the place in the part. */
typedef struct place { const char *begin; int dim; kernel_value index; int first, rank; } place;   /* begin NULL: none; dim -1; index -1 */

typedef struct access {
  const kernel_op *op;
  int rank, n_places;
  place at[KERNEL_RANK_MAX];
  const char *sizes[KERNEL_RANK_MAX], *iv[KERNEL_RANK_MAX];
  const char *valid[KERNEL_RANK_MAX];      /* lanes of a padded tile inside of its range; NULL: all */
  kernel_value mask;
} access;

/* The sizes of the dims of an index tensor. */
static loom_status tensor_dims(host *h, access *a, const kernel_index *x) {
  const kernel_type *t = host_type(h, x->value);
  for (int d = 0; d < t->rank; d++) {
    int to = x->dim + x->rank - t->rank + d;
    int64_t n;
    if (!a->sizes[to] || !(sym_is_const(t->dim[d], &n) && n == 1))
      LOOM_TRY(host_expr(h, t->dim[d], &a->sizes[to]));
  }
  for (int d = 0; d < x->rank; d++)
    if (!a->sizes[x->dim + d])
      a->sizes[x->dim + d] = host_index(h, 1);
  return LOOM_OK;
}

static loom_status tile_dim(host *h, access *a, const kernel_index *x, place *p, int d) {
  lowering *l = h->l;
  const kernel_symbol *s = kernel_find_symbol(l->k, l->k->values.at[x->value].block);
  const char *shift;
  p->begin = h->begin[x->value];
  if (x->begin) {
    LOOM_TRY(host_expr(h, x->begin, &shift));
    p->begin = lower_once(l, "arith.addi %s, %s : index", p->begin, shift);
  }
  p->dim = d;
  LOOM_TRY(host_expr(h, sym_name(l->mem, s->name), &a->sizes[d]));
  if (s->is_padded)
    a->valid[d] = lower_once(l, "arith.subi %s, %s : index", h->end[x->value], h->begin[x->value]);
  return LOOM_OK;
}

static loom_status kept_dim(host *h, access *a, const kernel_index *x, const sym_expr *extent, place *p, int d) {
  const char *end;
  switch (x->kind) {
  case KERNEL_INDEX_TILE:
    return tile_dim(h, a, x, p, d);
  case KERNEL_INDEX_ALL:
    *p = (place){host_index(h, 0), d, -1, 0, 0};
    return host_expr(h, extent, &a->sizes[d]);
  default:
    LOOM_TRY(host_expr(h, x->begin, &p->begin));
    LOOM_TRY(host_expr(h, x->end, &end));
    p->dim = d;
    a->sizes[d] = lower_once(h->l, "arith.subi %s, %s : index", end, p->begin);
    return LOOM_OK;
  }
}

static loom_status make_access(host *h, const kernel_op *op, kernel_value mask, access *a) {
  const kernel_tensor_info *t = &h->l->k->tensors.at[op->tensor];
  int dim = 0, next = 0;
  *a = (access){.op = op, .mask = mask};
  for (int i = 0; i < op->n_index; i++)
    if (op->index[i].kind == KERNEL_INDEX_TENSOR)
      LOOM_TRY(tensor_dims(h, a, &op->index[i]));
  for (int i = 0; i < op->n_index; i++) {
    const kernel_index *x = &op->index[i];
    place *p = &a->at[dim];
    bool keeps = x->kind != KERNEL_INDEX_SCALAR && x->kind != KERNEL_INDEX_TENSOR;
    while (keeps && next < KERNEL_RANK_MAX && a->sizes[next])
      next++;
    if (x->kind == KERNEL_INDEX_NEW) {
      a->sizes[next++] = host_index(h, 1);
      continue;
    }
    *p = (place){.dim = -1, .index = -1};
    if (x->kind == KERNEL_INDEX_TENSOR)
      *p = (place){.dim = -1, .index = x->value, .first = x->dim, .rank = x->rank};
    else if (keeps)
      LOOM_TRY(kept_dim(h, a, x, t->shape.dim[dim], p, next++));
    else if (x->value < 0)
      LOOM_TRY(host_expr(h, x->begin, &p->begin));
    else
      p->begin = h->l->is_index[x->value] ? h->l->value[x->value] : host_as_index(h, h->l->value[x->value], h->type[x->value]);
    dim++;
  }
  a->n_places = dim;
  while (a->rank < KERNEL_RANK_MAX && a->sizes[a->rank])
    a->rank++;
  return LOOM_OK;
}

/* Inside of the loops: what must hold for the element to be touched; NULL: nothing. */
static const char *guard(host *h, const access *a) {
  const char *all = NULL;
  for (int d = 0; d < a->rank; d++)
    if (a->valid[d]) {
      const char *c = lower_emit(h->l, "arith.cmpi slt, %s, %s : index", a->iv[d], a->valid[d]);
      all = all ? lower_emit(h->l, "arith.andi %s, %s : i1", all, c) : c;
    }
  if (a->mask >= 0) {
    const char *m = host_element(h, a->mask, a->rank, a->iv);
    all = all ? lower_emit(h->l, "arith.andi %s, %s : i1", all, m) : m;
  }
  return all;
}

/* The element's place in the flat memory. */
static loom_status address(host *h, const access *a, const char **out) {
  lowering *l = h->l;
  const host_tensor *t = &h->tensor[a->op->tensor];
  const char *stride;
  LOOM_TRY(host_expr(h, t->offset, out));
  for (int j = 0; j < a->n_places; j++) {
    const place *p = &a->at[j];
    const char *pos = p->begin;
    if (p->index >= 0)
      pos = host_as_index(h, host_element(h, p->index, p->rank, a->iv + p->first), h->type[p->index]);
    else if (p->dim >= 0)
      pos = lower_emit(l, "arith.addi %s, %s : index", p->begin, a->iv[p->dim]);
    LOOM_TRY(host_expr(h, t->stride[j], &stride));
    *out = lower_emit(l, "arith.addi %s, %s : index", *out, lower_emit(l, "arith.muli %s, %s : index", pos, stride));
  }
  return LOOM_OK;
}

static loom_status memory_type(host *h, kernel_tensor t, const char **out) {
  const kernel_tensor_info *info = &h->l->k->tensors.at[lower_root(h->l->k, t)];
  int64_t n = 1;
  if (!h->dynamic)
    LOOM_TRY(kernel_elements(h->l->ctx, h->l->k, &info->shape, h->blocks, h->n_blocks, &n));
  n = h->dynamic ? INT32_MAX : n > 0 ? n : 1;
  *out = arena_printf(h->l->mem, "memref<%" PRId64 "x%s>", n, lower_element(info->shape.type));
  return LOOM_OK;
}

/* ---- the three operations ---- */
static loom_status load(host *h, const kernel_op *op) {
  lowering *l = h->l;
  access a;
  kernel_value r = op->results[0];
  const char *at, *type, *x, *element = lower_element(host_type(h, r)->type), *sizes[KERNEL_RANK_MAX];
  LOOM_TRY(make_access(h, op, op->n_operands ? op->operands[0] : -1, &a));
  LOOM_TRY(memory_type(h, op->tensor, &type));
  bool is_scalar = host_type(h, r)->rank == 0;
  if (!is_scalar) {
    LOOM_TRY(host_result(h, r, sizes));
    host_open_loops(h, a.rank, sizes, a.iv);
  }
  const char *ok = guard(h, &a);
  if (ok) {
    x = lower_new_name(l);
    size_t known = l->known.n;
    lower_open(l, "%s = scf.if %s -> (%s) {", x, ok, element);
    LOOM_TRY(address(h, &a, &at));
    lower_line(l, "scf.yield %s : %s", lower_emit(l, "memref.load %s[%s] : %s", l->tensor[op->tensor], at, type), element);
    l->depth--;
    lower_open(l, "} else {");
    lower_line(l, "scf.yield %s : %s", host_number(h, host_type(h, r)->type, 0), element);
    lower_close(l, "");
    l->known.n = known;
  } else {
    LOOM_TRY(address(h, &a, &at));
    x = lower_emit(l, "memref.load %s[%s] : %s", l->tensor[op->tensor], at, type);
  }
  if (is_scalar) {
    l->value[r] = x;
    return LOOM_OK;
  }
  host_store(h, x, l->value[r], h->type[r], a.rank, a.iv);
  host_close_loops(h, a.rank);
  return LOOM_OK;
}

/* New contents of an element that held `old`. */
static loom_status combined(host *h, const kernel_op *op, dtype t, const char *old, const access *a, const char **out) {
  lowering *l = h->l;
  const char *v = lower_convert(l, host_element(h, op->operands[0], a->rank, a->iv), h->type[op->operands[0]], t), *element = lower_element(t);
  if (op->kind == KERNEL_STORE || op->fn == KERNEL_FN_XCHG) {
    *out = v;
    return LOOM_OK;
  }
  if (op->fn == KERNEL_FN_CAS) {
    const char *want = lower_convert(l, host_element(h, op->operands[2], a->rank, a->iv), h->type[op->operands[2]], t);
    const char *same = lower_emit(l, dtype_is_float(t) ? "arith.cmpf oeq, %s, %s : %s" : "arith.cmpi eq, %s, %s : %s", old, want, element);
    *out = lower_emit(l, "arith.select %s, %s, %s : %s", same, v, old, element);
    return LOOM_OK;
  }
  dtype work = dtype_compute(t);
  LOOM_TRY(lower_fn(l, op->fn, work, lower_convert(l, old, t, work), lower_convert(l, v, t, work), out));
  *out = lower_convert(l, *out, work, t);
  return LOOM_OK;
}

static loom_status update(host *h, const kernel_op *op) {
  lowering *l = h->l;
  access a;
  const kernel_type *t = &l->k->tensors.at[op->tensor].shape;
  kernel_value r = op->n_results ? op->results[0] : -1;
  const char *at, *type, *x, *old = NULL, *sizes[KERNEL_RANK_MAX], *element = lower_element(t->type);
  LOOM_TRY(make_access(h, op, op->n_operands > 1 ? op->operands[1] : -1, &a));
  LOOM_TRY(memory_type(h, op->tensor, &type));
  bool keeps = r >= 0 && host_type(h, r)->rank > 0;
  if (keeps)
    LOOM_TRY(host_result(h, r, sizes));
  host_open_loops(h, a.rank, a.sizes, a.iv);
  bool gathers = false;
  for (int i = 0; i < op->n_index; i++)
    gathers = gathers || op->index[i].kind == KERNEL_INDEX_TENSOR;
  for (int d = 0; op->kind == KERNEL_STORE && gathers && d < a.rank; d++)   /* backwards: of several elements for one place the first one stays */
    a.iv[d] = lower_emit(l, "arith.subi %s, %s : index", lower_emit(l, "arith.subi %s, %s : index", a.sizes[d], host_index(h, 1)), a.iv[d]);
  const char *ok = guard(h, &a), *seen = NULL;
  size_t known = l->known.n;
  bool yields = ok && r >= 0;
  if (ok) {
    seen = yields ? lower_new_name(l) : NULL;
    lower_open(l, "%sscf.if %s%s {", yields ? arena_printf(l->mem, "%s = ", seen) : "", ok, yields ? arena_printf(l->mem, " -> (%s)", element) : "");
  }
  LOOM_TRY(address(h, &a, &at));
  if (op->kind == KERNEL_ATOMIC)
    old = lower_emit(l, "memref.load %s[%s] : %s", l->tensor[op->tensor], at, type);
  LOOM_TRY(combined(h, op, t->type, old, &a, &x));
  lower_line(l, "memref.store %s, %s[%s] : %s", x, l->tensor[op->tensor], at, type);
  if (yields) {
    lower_line(l, "scf.yield %s : %s", old, element);
    l->depth--;
    lower_open(l, "} else {");
    lower_line(l, "scf.yield %s : %s", host_number(h, t->type, 0), element);
  }
  if (ok)
    lower_close(l, "");
  l->known.n = known;
  if (keeps)
    host_store(h, yields ? seen : old, l->value[r], h->type[r], a.rank, a.iv);
  else if (r >= 0)
    l->value[r] = yields ? seen : old;
  host_close_loops(h, a.rank);
  return LOOM_OK;
}

loom_status host_access(host *h, const kernel_op *op) { return op->kind == KERNEL_LOAD ? load(h, op) : update(h, op); }
