#include "kernel/kernel_product.h"
#include <string.h>

/* What a dim of a value runs over: the tiles of a range (its param), or all of a dim. */
typedef struct value_dim { kernel_value param; int64_t size; int tensor_dim; } value_dim;   /* param -1: all of it */
typedef struct operand { kernel_tensor tensor; int rank; value_dim dim[KERNEL_RANK_MAX]; int n_fixed; value_dim fixed[KERNEL_RANK_MAX]; /* dims at one index of an untiled range */ } operand;
typedef struct matcher {
  loom_ctx *ctx; const kernel_graph *k; const sym_binding *blocks; size_t n_blocks;
  const kernel_op *outer[KERNEL_RANK_MAX]; int n_outer;      /* the grid and the loops around the store */
  const kernel_op *store, *loop;            /* loop NULL: whole rows by whole columns */
} matcher;

static bool size_of(matcher *m, const sym_expr *e, int64_t *out) {
  diag_mark before = diag_save(m->ctx);
  bool known = kernel_size(m->ctx, m->k, e, m->blocks, m->n_blocks, out) == LOOM_OK;
  diag_drop(m->ctx, before);
  return known;
}

/* The one op of the body that does anything: the grid. */
static const kernel_op *find_grid(const kernel_region *body) {
  const kernel_op *grid = NULL;
  for (size_t i = 0; i < body->ops.n; i++) {
    const kernel_op *op = body->ops.at[i];
    if (op->kind == KERNEL_PARALLEL && !grid)
      grid = op;
    else if (op->kind != KERNEL_INDEX_EXPR && op->kind != KERNEL_CONSTANT)
      return NULL;
  }
  return grid;
}

/* What may be in the grid beside the store. */
static bool is_known(const kernel_op *op) {
  switch (op->kind) {
  case KERNEL_FULL: case KERNEL_CONSTANT: case KERNEL_INDEX_EXPR: case KERNEL_TILE_INDEX: case KERNEL_TILE_BEGIN: case KERNEL_TILE_END: case KERNEL_TILE_ID:
  case KERNEL_LOAD: case KERNEL_CAST: case KERNEL_PERMUTE: case KERNEL_MATMUL: case KERNEL_BINARY: case KERNEL_LOOP: case KERNEL_YIELD: return true;
  default: return false;
  }
}

static bool only_known(const kernel_region *r, const kernel_op **store) {
  for (size_t i = 0; i < r->ops.n; i++) {
    const kernel_op *op = r->ops.at[i];
    if (op->kind == KERNEL_STORE && !*store && op->n_operands == 1)
      *store = op;
    else if (!is_known(op) || (op->n_regions == 1 && !only_known(&op->regions[0], store)))
      return false;
  }
  return true;
}

static const kernel_op *def_of(const matcher *m, kernel_value v) { return m->k->values.at[v].def; }
static dtype type_of(const matcher *m, kernel_value v) { return m->k->values.at[v].type.type; }

/* Through casts that lose nothing. */
static kernel_value before_widening(const matcher *m, kernel_value v) {
  for (const kernel_op *op = def_of(m, v); op && op->kind == KERNEL_CAST; op = def_of(m, v)) {
    kernel_value from = op->operands[0];
    if (dtype_is_float(type_of(m, from)) != dtype_is_float(type_of(m, v)) || dtype_promote(type_of(m, from), type_of(m, v)) != type_of(m, v))
      return v;
    v = from;
  }
  return v;
}

static kernel_value before_casts(const matcher *m, kernel_value v) {
  for (const kernel_op *op = def_of(m, v); op && op->kind == KERNEL_CAST && dtype_is_float(type_of(m, op->operands[0])) == dtype_is_float(type_of(m, v)); op = def_of(m, v))
    v = op->operands[0];
  return v;
}

static bool is_zero(const matcher *m, kernel_value v) {
  const kernel_op *op = def_of(m, before_casts(m, v));
  return op && op->kind == KERNEL_FULL && op->n_operands == 0 && op->fvalue == 0;
}

/* The range that `param` counts tiles of covers 0..size. */
static bool covers(matcher *m, kernel_value param, int64_t size, bool tiled) {
  for (int i = 0; i <= m->n_outer; i++) {
    const kernel_op *owner = i < m->n_outer ? m->outer[i] : m->loop;
    for (int r = 0; owner && r < owner->n_ranges; r++) {
      const kernel_range *range = &owner->ranges[r];
      int64_t begin, end;
      if (owner->regions[0].params.at[r] == param)
        return !range->step && tiled == (range->block != NULL) && sym_is_const(range->begin, &begin) && begin == 0 && size_of(m, range->end, &end) && end == size;
    }
  }
  return false;
}

/* The dims of what an index list touches of `t`. */
static bool read_index(matcher *m, const kernel_op *op, operand *out) {
  const kernel_tensor_info *info = &m->k->tensors.at[op->tensor];
  *out = (operand){.tensor = op->tensor};
  if (info->role == KERNEL_VIEW || op->n_index != info->shape.rank)
    return false;
  for (int d = 0; d < op->n_index; d++) {
    const kernel_index *x = &op->index[d];
    value_dim dim = {.param = -1, .tensor_dim = d};
    if (!size_of(m, info->shape.dim[d], &dim.size))
      return false;
    if (x->kind == KERNEL_INDEX_TILE && !x->begin && covers(m, x->value, dim.size, true)) {
      dim.param = x->value;
    } else if (x->kind == KERNEL_INDEX_SCALAR && x->value >= 0 && covers(m, x->value, dim.size, false)) {
      dim.param = x->value;
      out->fixed[out->n_fixed++] = dim;
      continue;
    } else if (x->kind != KERNEL_INDEX_ALL) {
      return false;
    }
    out->dim[out->rank++] = dim;
  }
  return true;
}

/* A value that is a part of one tensor, perhaps with its dims in another order. */
static bool read_operand(matcher *m, kernel_value v, operand *out) {
  const kernel_op *op = def_of(m, before_widening(m, v));
  if (op && op->kind == KERNEL_LOAD)
    return op->n_operands == 0 && read_index(m, op, out);
  operand inner;
  if (!op || op->kind != KERNEL_PERMUTE || !read_operand(m, op->operands[0], &inner))
    return false;
  *out = inner;
  for (int d = 0; d < inner.rank; d++)
    out->dim[d] = inner.dim[op->perm[d]];
  return true;
}

/* The product that is added to the carried sum, or that is all there is. */
static const kernel_op *find_product(matcher *m, kernel_value v) {
  const kernel_op *op = def_of(m, before_casts(m, v));
  kernel_value carried = -1;
  if (op && op->kind == KERNEL_LOOP && op->n_results == 1 && is_zero(m, op->operands[0])) {
    m->loop = op;
    carried = op->regions[0].params.at[1];
    const kernel_op *yield = op->regions[0].ops.at[op->regions[0].ops.n - 1];
    op = def_of(m, before_casts(m, yield->operands[0]));
  }
  if (op && op->kind == KERNEL_BINARY && op->fn == KERNEL_FN_ADD && m->loop) {
    bool first = before_casts(m, op->operands[0]) == carried;
    if (!first && before_casts(m, op->operands[1]) != carried)
      return NULL;
    op = def_of(m, before_casts(m, op->operands[first ? 1 : 0]));
    return op && op->kind == KERNEL_MATMUL && (op->n_operands == 2 || is_zero(m, op->operands[2])) ? op : NULL;
  }
  if (!op || op->kind != KERNEL_MATMUL)
    return NULL;
  bool adds = op->n_operands == 3;
  if (m->loop)
    return adds && before_casts(m, op->operands[2]) == carried ? op : NULL;
  return !adds || is_zero(m, op->operands[2]) ? op : NULL;
}

/* Dims that meet have one size: the verifier says so of a matmul, covers() of fixed ones. */
static bool same(const value_dim *a, const value_dim *b) { return a->param == b->param; }

static void put(kernel_product *p, int i, int d, const value_dim *x) {
  p->dim[i][d] = x->tensor_dim;
  p->size[i][d] = x->size;
}

/* Batch dims: fixed ones first, then the leading dims of the values.  An operand without a fixed dim of C is the same for all of it; one that C has not there is none, as ranges match. */
static bool arrange(const operand of[3], kernel_product *p) {
  const operand *c = &of[2];
  int leading = c->rank - 2, d = 0;
  if (of[0].rank != c->rank)      /* the sum is repeated in C */
    return false;
  for (int f = 0; f < c->n_fixed; f++, d++)
    for (int i = 0; i < 3; i++) {
      int at = 0;
      while (at < of[i].n_fixed && !same(&of[i].fixed[at], &c->fixed[f]))
        at++;
      put(p, i, d, &c->fixed[f]);
      p->dim[i][d] = at < of[i].n_fixed ? of[i].fixed[at].tensor_dim : -1;
    }
  for (int b = 0; b < leading; b++, d++)
    for (int i = 0; i < 3; i++) {
      if (!same(&of[i].dim[b], &c->dim[b]))
        return false;
      put(p, i, d, &of[i].dim[b]);
    }
  const value_dim *am = &of[0].dim[leading], *ak = am + 1, *bk = &of[1].dim[leading], *bn = bk + 1, *cm = &c->dim[leading], *cn = cm + 1;
  if (!same(am, cm) || !same(bn, cn) || !same(ak, bk))
    return false;
  put(p, 0, d, am), put(p, 0, d + 1, ak), put(p, 1, d, bk), put(p, 1, d + 1, bn), put(p, 2, d, cm), put(p, 2, d + 1, cn);
  p->rank = d + 2;
  return true;
}

static bool runs_over_one_dim(const operand *c, kernel_value param) {
  int n = 0;
  for (int d = 0; d < c->rank; d++)
    n += c->dim[d].param == param;
  for (int d = 0; d < c->n_fixed; d++)
    n += c->fixed[d].param == param;
  return n == 1;
}

/* Every range around the store runs over a dim of C, so that each element is written by one tile; the sum's over the dim that C has not. */
static bool ranges_match(const matcher *m, const operand of[3]) {
  for (int i = 0; i < m->n_outer; i++)
    for (int r = 0; r < m->outer[i]->n_ranges; r++)
      if (!runs_over_one_dim(&of[2], m->outer[i]->regions[0].params.at[r]))
        return false;
  kernel_value summed = of[0].dim[of[0].rank - 1].param;
  return m->loop ? summed == m->loop->regions[0].params.at[0] : summed < 0;
}

/* The value stored, when it is one with its dims in another order. */
static bool read_stored(matcher *m, operand *out, kernel_value *v) {
  operand as_stored;
  if (!read_index(m, m->store, &as_stored))
    return false;
  const kernel_op *op = def_of(m, *v = before_casts(m, m->store->operands[0]));
  *out = as_stored;
  if (!op || op->kind != KERNEL_PERMUTE)
    return true;
  for (int d = 0; d < as_stored.rank; d++)
    out->dim[op->perm[d]] = as_stored.dim[d];
  *v = op->operands[0];
  return true;
}

/* Goes down from `r` to the region of the store. */
static bool descend(matcher *m, const kernel_region *r) {
  for (size_t i = 0; i < r->ops.n; i++)
    if (r->ops.at[i] == m->store)
      return true;
  for (size_t i = 0; i < r->ops.n && m->n_outer < KERNEL_RANK_MAX; i++) {
    const kernel_op *op = r->ops.at[i], *inside = NULL;
    const bool is_around = op->n_regions == 1 && only_known(&op->regions[0], &inside) && inside == m->store;
    if (!is_around)
      continue;
    m->outer[m->n_outer++] = op;
    return op->n_results == 0 && descend(m, &op->regions[0]);
  }
  return false;
}

bool kernel_is_product(loom_ctx *ctx, const kernel_graph *k, const sym_binding *blocks, size_t n_blocks, kernel_product *out) {
  matcher m = {.ctx = ctx, .k = k, .blocks = blocks, .n_blocks = n_blocks};
  operand of[3];
  kernel_value v;
  const kernel_op *grid = find_grid(&k->body);
  memset(out, 0, sizeof *out);
  if (!grid || !only_known(&grid->regions[0], &m.store) || !m.store || !descend(&m, &k->body) || !read_stored(&m, &of[2], &v))
    return false;
  const kernel_op *product = find_product(&m, v);
  if (!product || !read_operand(&m, product->operands[0], &of[0]) || !read_operand(&m, product->operands[1], &of[1]) || !ranges_match(&m, of) || !arrange(of, out))
    return false;
  for (int i = 0; i < 3; i++)
    out->tensor[i] = of[i].tensor;
  out->span = product->span;
  return true;
}
