/* Makes a kernel that disagrees smaller, at the level of its graph: while the smaller one still verifies, still runs in the interpreter, and still disagrees in the same engine.
 *
 *   store        is dropped, with the result that nothing else stores to
 *   operation    its result becomes one of its operands of that type, or a constant; loops and branches too
 *   sizes        a number that dims, ranges and extents have in common becomes smaller
 *   what nobody reads any more goes: operations, arguments
 *
 * Each try runs in a process of its own.  Plans are drawn anew for each graph, from the same seed. */
#include "soak_reduce.h"
#include "run/run_jobs.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

enum { TRIES_MAX = 4000, PLANS_AT_LEAST = 8, SECONDS = 20 };

typedef struct reducer { loom_ctx *ctx; const soak_options *o; uint64_t seed; soak_engine where; bool dies; int tries; soak_result *result; } reducer;

/* ---- does it still disagree? ---- */
typedef struct trial { const reducer *r; kernel_graph *k; } trial;

static bool work(void *data, int i, const char **bytes, size_t *size) {
  const trial *t = data;
  const struct itimerval cpu = {.it_value = {.tv_sec = SECONDS}};
  (void)i;
  setitimer(ITIMER_PROF, &cpu, NULL);
  alarm(SECONDS * 15);
  soak_run(t->r->o, t->r->seed, t->k, t->r->result);
  *bytes = (const char *)t->r->result;
  *size = sizeof *t->r->result;
  return true;
}

static bool disagrees(reducer *r, kernel_graph *k) {
  loom_ctx own;
  loom_ctx_init(&own);
  run_job job;
  trial t = {r, k};
  bool is = false;
  r->tries++;
  if (kernel_verify(r->ctx, k) == LOOM_OK && run_jobs(&own, 1, 1, work, &t, &job) == LOOM_OK) {
    is = r->dies ? job.is_lost : job.is_done;
    if (job.is_done && !r->dies) {
      memcpy(r->result, job.bytes, sizeof *r->result);
      is = r->result->findings && r->result->where == r->where;
    }
  }
  loom_ctx_done(&own);
  return is;
}

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
static kernel_graph *copy(reducer *r, const kernel_graph *k) {
  kernel_graph *out;
  return kernel_from_data(r->ctx, kernel_to_data(&r->ctx->mem, k), &out) == LOOM_OK ? out : NULL;
}

static bool keep_if_it_disagrees(reducer *r, kernel_graph **k, kernel_graph *smaller) {
  diag_mark before = diag_save(r->ctx);
  bool is = smaller && r->tries < TRIES_MAX && disagrees(r, smaller);
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
      if (count_ops(&smaller->body) < before && keep_if_it_disagrees(r, k, smaller)) {
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
    if (keep_if_it_disagrees(r, k, smaller))
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

int soak_reduce(loom_ctx *ctx, const soak_options *o, uint64_t seed, kernel_graph *k, kernel_graph **out, soak_result *result) {
  soak_options own = *o;
  reducer r = {.ctx = ctx, .o = &own, .seed = seed, .result = result};
  run_job job;
  trial t = {&r, k};
  own.often |= own.engines & ~(1u << SOAK_TT);
  if (run_jobs(ctx, 1, 1, work, &t, &job) != LOOM_OK)
    return -1;
  r.dies = job.is_lost;
  if (job.is_done)
    memcpy(result, job.bytes, sizeof *result);
  *out = k;
  if (!r.dies && !result->findings)
    return -1;
  r.where = result->where;
  if (!r.dies) {
    own.engines = own.often = 1u << r.where;
    own.plans = own.plans > PLANS_AT_LEAST ? own.plans : PLANS_AT_LEAST;
  }
  kernel_graph *first = copy(&r, k);
  clean(first);
  keep_if_it_disagrees(&r, out, first);
  while ((drop_ops(&r, out) | drop_sizes(&r, out)) && r.tries < TRIES_MAX)
    ;
  (void)disagrees(&r, *out);      /* *result is that of the last graph */
  return count_ops(&(*out)->body);
}
