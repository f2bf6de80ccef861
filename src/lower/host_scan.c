/* FOLD and SCAN: loops over the other dims, one loop with scalars along the axis, the region inline. */
#include "lower/host_private.h"

static const char *names(host *h, int n, const char *const *v) {
  text t = text_new(h->l->mem);
  for (int i = 0; i < n; i++)
    text_addf(&t, "%s%s", i ? ", " : "", v[i]);
  return text_str(&t);
}

/* The region on (so far, next); out: what it yields. */
static loom_status combine(host *h, const kernel_op *op, const char *const *so_far, const char *const *next, const char **out) {
  const kernel_region *r = &op->regions[0];
  const kernel_op *yield = r->ops.at[r->ops.n - 1];
  for (int i = 0; i < op->n_operands; i++) {
    h->l->value[r->params.at[i]] = so_far[i];
    h->l->value[r->params.at[op->n_operands + i]] = next[i];
  }
  LOOM_TRY(host_ops(h, r, NULL));
  for (int i = 0; i < op->n_operands; i++)
    out[i] = lower_data(h->l, yield->operands[i]);
  return LOOM_OK;
}

loom_status host_scan(host *h, const kernel_op *op) {
  lowering *l = h->l;
  int n = op->n_operands, axis = (int)op->ivalue, rank = host_type(h, op->operands[0])->rank, others = 0;
  bool is_fold = op->kind == KERNEL_FOLD, from_end = op->flag && !is_fold;
  const char *sizes[KERNEL_RANK_MAX], *outer[KERNEL_RANK_MAX], *iv[KERNEL_RANK_MAX], *at[KERNEL_RANK_MAX], *own[KERNEL_RANK_MAX];
  const char **first = ARENA_NEW_N(l->mem, const char *, n), **so_far = ARENA_NEW_N(l->mem, const char *, n), **next = ARENA_NEW_N(l->mem, const char *, n);
  const char *zero = host_index(h, 0), *one = host_index(h, 1);
  text types = text_new(l->mem), inits = text_new(l->mem);
  LOOM_TRY(host_sizes(h, host_type(h, op->operands[0]), sizes));
  for (int i = 0; i < n; i++) {
    const char *ignored[KERNEL_RANK_MAX];
    if (host_type(h, op->results[i])->rank)
      LOOM_TRY(host_result(h, op->results[i], ignored));
    text_addf(&types, "%s%s", i ? ", " : "", lower_element(h->type[op->operands[i]]));
  }
  for (int d = 0; d < rank; d++)
    if (d != axis)
      outer[others++] = sizes[d];
  bool is_scalar = is_fold && host_type(h, op->results[0])->rank == 0;
  host_open_loops(h, others, outer, iv);
  for (int d = 0, o = 0; d < rank; d++)
    at[d] = d == axis ? zero : iv[o++];
  const char *last = lower_emit(l, "arith.subi %s, %s : index", sizes[axis], one);
  at[axis] = from_end ? last : zero;
  for (int i = 0; i < n; i++) {
    first[i] = host_element(h, op->operands[i], rank, at);
    so_far[i] = lower_new_name(l);
    text_addf(&inits, "%s%s = %s", i ? ", " : "", so_far[i], first[i]);
    if (!is_fold)
      host_store(h, first[i], l->value[op->results[i]], h->type[op->results[i]], rank, at);
  }
  const char *result = lower_new_name(l), *step = lower_new_name(l);
  size_t known = l->known.n;
  lower_open(l, "%s%s = scf.for %s = %s to %s step %s iter_args(%s) -> (%s) {", result, n > 1 ? arena_printf(l->mem, ":%d", n) : "", step, one, sizes[axis], one,
             text_str(&inits), text_str(&types));
  at[axis] = from_end ? lower_emit(l, "arith.subi %s, %s : index", last, step) : step;
  for (int i = 0; i < n; i++)
    next[i] = host_element(h, op->operands[i], rank, at);
  LOOM_TRY(combine(h, op, so_far, next, own));
  for (int i = 0; i < n && !is_fold; i++)
    host_store(h, own[i], l->value[op->results[i]], h->type[op->results[i]], rank, at);
  lower_line(l, "scf.yield %s : %s", names(h, n, own), text_str(&types));
  lower_close(l, "");
  l->known.n = known;
  for (int i = 0; i < n && is_fold; i++) {
    const char *x = n > 1 ? arena_printf(l->mem, "%s#%d", result, i) : result, *to[KERNEL_RANK_MAX];
    int r = 0;
    for (int d = 0, o = 0; d < rank; d++) {
      if (d != axis)
        to[r++] = iv[o++];
      else if (op->flag)
        to[r++] = zero;
    }
    if (is_scalar)
      l->value[op->results[i]] = x;
    else
      host_store(h, x, l->value[op->results[i]], h->type[op->results[i]], r, to);
  }
  host_close_loops(h, others);
  return LOOM_OK;
}
