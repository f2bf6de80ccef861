/* Makes a kernel that shows something smaller, at the level of its graph, while the smaller one verifies and still shows it.
 *
 *   store        is dropped, with the result that nothing else stores to
 *   operation    its result becomes one of its operands of that type, or a constant; loops and branches too
 *   sizes        a number that dims, ranges and extents have in common becomes smaller
 *   what nobody reads any more goes: operations, arguments */
#include "kernel/kernel_reduce.h"
#include "base/text.h"
#include "kernel/kernel_stores.h"
#include <string.h>

/* ---- walking ---- */
typedef struct place { kernel_region *region; size_t at; } place;

/* Operation `n` in program order, regions inside of it behind it. */
static bool find_op(kernel_region *r, int *n, place *out) {
  for (size_t i = 0; i < r->ops.n; i++) {
    if ((*n)-- == 0) {
      *out = (place){r, i};
      return true;
    }
    for (int k = 0; k < r->ops.at[i]->n_regions; k++)
      if (find_op(&r->ops.at[i]->regions[k], n, out))
        return true;
  }
  return false;
}

static int count_ops(const kernel_region *r) {
  int n = 0;
  for (size_t i = 0; i < r->ops.n; i++) {
    n++;
    for (int k = 0; k < r->ops.at[i]->n_regions; k++)
      n += count_ops(&r->ops.at[i]->regions[k]);
  }
  return n;
}

static void replace_value(kernel_region *r, kernel_value from, kernel_value to) {
  for (size_t i = 0; i < r->ops.n; i++) {
    kernel_op *op = r->ops.at[i];
    for (int k = 0; k < op->n_operands; k++)
      op->operands[k] = op->operands[k] == from ? to : op->operands[k];
    for (int k = 0; k < op->n_index; k++)
      op->index[k].value = op->index[k].value == from && (op->index[k].kind == KERNEL_INDEX_SCALAR || op->index[k].kind == KERNEL_INDEX_TENSOR) ? to : op->index[k].value;
    for (int k = 0; k < op->n_regions; k++)
      replace_value(&op->regions[k], from, to);
  }
}

static bool is_read(const kernel_region *r, kernel_value v) {
  for (size_t i = 0; i < r->ops.n; i++) {
    const kernel_op *op = r->ops.at[i];
    for (int k = 0; k < op->n_operands; k++)
      if (op->operands[k] == v)
        return true;
    for (int k = 0; k < op->n_index; k++)
      if (op->index[k].value == v && op->index[k].kind != KERNEL_INDEX_ALL && op->index[k].kind != KERNEL_INDEX_SLICE && op->index[k].kind != KERNEL_INDEX_NEW)
        return true;
    for (int k = 0; k < op->n_regions; k++)
      if (is_read(&op->regions[k], v))
        return true;
  }
  return false;
}

static void drop_op(place p) {
  kernel_region *r = p.region;
  memmove(r->ops.at + p.at, r->ops.at + p.at + 1, (r->ops.n - p.at - 1) * sizeof *r->ops.at);
  r->ops.n--;
}

/* ---- what nobody needs ---- */
static bool keeps_memory(const kernel_region *r) {
  for (size_t i = 0; i < r->ops.n; i++) {
    const kernel_op *op = r->ops.at[i];
    if (op->kind == KERNEL_STORE || op->kind == KERNEL_ATOMIC || op->kind == KERNEL_BARRIER || op->kind == KERNEL_BIND)
      return true;
    for (int k = 0; k < op->n_regions; k++)
      if (keeps_memory(&op->regions[k]))
        return true;
  }
  return false;
}

static bool drop_dead(kernel_graph *k, kernel_region *r) {
  bool any = false;
  for (size_t i = r->ops.n; i-- > 0;) {
    kernel_op *op = r->ops.at[i];
    bool is_dead = op->kind != KERNEL_YIELD && op->kind != KERNEL_STORE && op->kind != KERNEL_ATOMIC && op->kind != KERNEL_BARRIER && op->kind != KERNEL_BIND;
    for (int n = 0; n < op->n_regions; n++) {
      any |= drop_dead(k, &op->regions[n]);
      is_dead = is_dead && !keeps_memory(&op->regions[n]);
    }
    for (int n = 0; n < op->n_results && is_dead; n++)
      is_dead = !is_read(&k->body, op->results[n]);
    if (is_dead)
      drop_op((place){r, i});
    any |= is_dead;
  }
  return any;
}

static bool is_touched(const kernel_region *r, kernel_tensor t, bool stores_only) {
  for (size_t i = 0; i < r->ops.n; i++) {
    const kernel_op *op = r->ops.at[i];
    bool stores = op->kind == KERNEL_STORE || op->kind == KERNEL_ATOMIC;
    if (op->tensor == t && (stores || (!stores_only && op->kind == KERNEL_LOAD)))
      return true;
    for (int k = 0; k < op->n_regions; k++)
      if (is_touched(&op->regions[k], t, stores_only))
        return true;
  }
  return false;
}

static void renumber(kernel_region *r, kernel_tensor gone) {
  for (size_t i = 0; i < r->ops.n; i++) {
    kernel_op *op = r->ops.at[i];
    op->tensor -= op->tensor > gone;
    for (int k = 0; k < op->n_regions; k++)
      renumber(&op->regions[k], gone);
  }
}

static bool is_needed(const kernel_graph *k, kernel_tensor t) {
  for (size_t i = 0; i < k->returns.n; i++)
    if (k->returns.at[i] == t)
      return true;
  for (size_t i = 0; i < k->tensors.n; i++)
    if (k->tensors.at[i].role == KERNEL_VIEW && k->tensors.at[i].base == t)
      return true;
  return is_touched(&k->body, t, false);
}

static void drop_tensors(kernel_graph *k) {
  for (size_t i = k->tensors.n; i-- > 0;) {
    if (is_needed(k, (kernel_tensor)i))
      continue;
    memmove(k->tensors.at + i, k->tensors.at + i + 1, (k->tensors.n - i - 1) * sizeof *k->tensors.at);
    k->tensors.n--;
    renumber(&k->body, (kernel_tensor)i);
    for (size_t n = 0; n < k->tensors.n; n++)
      k->tensors.at[n].base -= k->tensors.at[n].role == KERNEL_VIEW && k->tensors.at[n].base > (kernel_tensor)i;
    for (size_t n = 0; n < k->returns.n; n++)
      k->returns.at[n] -= k->returns.at[n] > (kernel_tensor)i;
  }
}

/* Results that nothing stores to would be memory as it was. */
static void drop_returns(kernel_graph *k) {
  size_t n = 0;
  for (size_t i = 0; i < k->returns.n; i++) {
    bool is_stored = false;
    for (size_t t = 0; t < k->tensors.n; t++)
      is_stored |= kernel_root(k, (kernel_tensor)t) == kernel_root(k, k->returns.at[i]) && is_touched(&k->body, (kernel_tensor)t, true);
    if (is_stored)
      k->returns.at[n++] = k->returns.at[i];
    else
      k->tensors.at[k->returns.at[i]].is_returned = false;
  }
  k->returns.n = n;
}

static void clean(kernel_graph *k) {
  drop_returns(k);
  while (drop_dead(k, &k->body))
    ;
  drop_tensors(k);
}

/* ---- changes ---- */
static bool same_type(arena *m, const kernel_type *a, const kernel_type *b) {
  bool same = a->type == b->type && a->rank == b->rank;
  for (int d = 0; same && d < a->rank; d++)
    same = text_eq(sym_str(m, a->dim[d]), sym_str(m, b->dim[d]));
  return same;
}

/* Way `way` to be rid of the op at p: ways 0.. are operands, the last one a constant.  False: there is no such way. */
static bool replace_op(arena *m, kernel_graph *k, place p, int way) {
  kernel_op *op = p.region->ops.at[p.at];
  if (op->kind == KERNEL_STORE || op->kind == KERNEL_ATOMIC) {
    drop_op(p);
    return way == 0;
  }
  if (!op->n_results || op->kind == KERNEL_PARALLEL || op->kind == KERNEL_CONSTANT || (op->kind == KERNEL_FULL && way))
    return false;
  if (way < op->n_operands) {
    bool any = false;
    for (int i = 0; i < op->n_results; i++) {      /* of a loop each result has an operand of its own */
      int from = op->n_results > 1 ? i : way;
      if (from < op->n_operands && same_type(m, &k->values.at[op->results[i]].type, &k->values.at[op->operands[from]].type)) {
        replace_value(&k->body, op->results[i], op->operands[from]);
        any = true;
      }
    }
    return any;
  }
  if (way > op->n_operands || op->kind == KERNEL_FULL || op->n_results > 1 || op->kind == KERNEL_TILE_BEGIN)
    return false;
  const kernel_type type = k->values.at[op->results[0]].type;
  kernel_op *constant = kernel_add_op(m, k, p.region, type.rank ? KERNEL_FULL : KERNEL_CONSTANT, 0, NULL, 1, &type);
  constant->fvalue = 1;
  memmove(p.region->ops.at + p.at + 1, p.region->ops.at + p.at, (p.region->ops.n - 1 - p.at) * sizeof *p.region->ops.at);
  p.region->ops.at[p.at] = constant;
  replace_value(&k->body, op->results[0], constant->results[0]);
  return true;
}

static void change_size(arena *m, const sym_expr **e, int64_t from, int64_t to) {
  int64_t n;
  if (*e && sym_is_const(*e, &n) && n == from)
    *e = sym_const(m, to);
}

static void change_sizes(arena *m, kernel_region *r, int64_t from, int64_t to) {
  for (size_t i = 0; i < r->ops.n; i++) {
    kernel_op *op = r->ops.at[i];
    for (int k = 0; k < op->n_ranges; k++)
      change_size(m, &op->ranges[k].end, from, to);
    for (int k = 0; k < op->n_regions; k++)
      change_sizes(m, &op->regions[k], from, to);
  }
}

static void shrink(arena *m, kernel_graph *k, int64_t from, int64_t to) {
  for (size_t i = 0; i < k->tensors.n; i++) {
    for (int d = 0; d < k->tensors.at[i].shape.rank; d++) {
      change_size(m, &k->tensors.at[i].shape.dim[d], from, to);
      change_size(m, &k->tensors.at[i].stride[d], from, to);
    }
  }
  for (size_t i = 0; i < k->values.n; i++)
    for (int d = 0; d < k->values.at[i].type.rank; d++)
      change_size(m, &k->values.at[i].type.dim[d], from, to);
  for (size_t i = 0; i < k->symbols.n; i++) {
    change_size(m, &k->symbols.at[i].extent, from, to);
    k->symbols.at[i].value = k->symbols.at[i].kind == KERNEL_SYM_SIZE && k->symbols.at[i].value == from ? to : k->symbols.at[i].value;
  }
  change_sizes(m, &k->body, from, to);
}

/* ---- the search ---- */
typedef struct reducer { loom_ctx *ctx; kernel_reduction *how; } reducer;

static kernel_graph *copy(reducer *r, const kernel_graph *k) {
  kernel_graph *out;
  return kernel_from_data(r->ctx, kernel_to_data(&r->ctx->mem, k), &out) == LOOM_OK ? out : NULL;
}

static bool keep_if_it_still_does(reducer *r, kernel_graph **k, kernel_graph *smaller) {
  diag_mark before = diag_save(r->ctx);
  bool is = smaller && r->how->tries < r->how->tries_max && kernel_verify(r->ctx, smaller) == LOOM_OK;
  if (is) {
    r->how->tries++;
    is = r->how->still(r->how->data, smaller);
  }
  diag_drop(r->ctx, before);
  if (is)
    *k = smaller;
  return is;
}

static bool drop_ops(reducer *r, kernel_graph **k) {
  bool any = false;
  for (int n = count_ops(&(*k)->body) - 1; n >= 0; n--)
    for (int way = 0; way < 8; way++) {
      kernel_graph *smaller = copy(r, *k);
      place p;
      int at = n, before = count_ops(&(*k)->body);
      if (!smaller || !find_op(&smaller->body, &at, &p) || !replace_op(&r->ctx->mem, smaller, p, way))
        continue;
      clean(smaller);
      if (count_ops(&smaller->body) < before && keep_if_it_still_does(r, k, smaller)) {
        any = true;
        break;
      }
    }
  return any;
}

/* Sizes are constants, or symbols with a value. */
static bool drop_size(reducer *r, kernel_graph **k, int64_t from) {
  const int64_t to[] = {1, 2, 3, from / 2, from - 1};
  for (int t = 0; t < 5; t++) {
    kernel_graph *smaller = to[t] > 0 && to[t] < from ? copy(r, *k) : NULL;
    if (!smaller)
      continue;
    shrink(&r->ctx->mem, smaller, from, to[t]);
    if (keep_if_it_still_does(r, k, smaller))
      return true;
  }
  return false;
}

static bool drop_sizes(reducer *r, kernel_graph **k) {
  bool any = false;
  int64_t from;
  for (size_t i = 0; i < (*k)->symbols.n; i++)
    if ((*k)->symbols.at[i].kind == KERNEL_SYM_SIZE && (*k)->symbols.at[i].value > 1)
      any |= drop_size(r, k, (*k)->symbols.at[i].value);
  for (size_t i = 0; i < (*k)->tensors.n; i++)
    for (int d = 0; d < (*k)->tensors.at[i].shape.rank; d++)
      if (sym_is_const((*k)->tensors.at[i].shape.dim[d], &from) && from > 1)
        any |= drop_size(r, k, from);
  return any;
}

int kernel_count_ops(const kernel_graph *k) { return count_ops(&k->body); }

kernel_graph *kernel_reduce(loom_ctx *ctx, kernel_graph *k, kernel_reduction *how) {
  reducer r = {ctx, how};
  kernel_graph *out = k, *first = copy(&r, k);
  if (first)
    clean(first);
  keep_if_it_still_does(&r, &out, first);
  while ((drop_ops(&r, &out) | drop_sizes(&r, &out)) && how->tries < how->tries_max)
    ;
  return out;
}
