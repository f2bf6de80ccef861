/* The interpreter's frame: sizes, slots, and the dispatch over operations. */
#include "kernel/interp_private.h"

loom_status interp_spend(interp *in, const kernel_op *op, int64_t n) {
  if (budget_spend(&in->ops, n))
    return LOOM_OK;
  return diag_error(in->ctx, op->span, LOOM_ELIMIT, "the reference interpreter's operation budget is spent");
}

loom_status interp_size(interp *in, const kernel_op *op, const sym_expr *e, int64_t *out) {
  if (sym_is_const(e, out))
    return LOOM_OK;
  loom_status st = sym_eval(in->ctx, e, in->env, in->k->symbols.n, out);
  if (st != LOOM_OK)
    diag_note(in->ctx, op->span, "in this %s", kernel_op_name(op->kind));
  return st;
}

interp_value *interp_operand(interp *in, const kernel_op *op, int i) {
  interp_value *v = &in->slot[op->operands[i]];
  interp_close_sum(in, v);
  return v;
}

loom_status interp_result(interp *in, const kernel_op *op, int i, interp_value **out) {
  const kernel_type *t = &in->k->values.at[op->results[i]].type;
  int64_t shape[KERNEL_RANK_MAX], elems = 1;
  for (int d = 0; d < t->rank; d++) {
    LOOM_TRY(interp_size(in, op, t->dim[d], &shape[d]));
    if (shape[d] < 0)
      LOOM_FAIL(in->ctx, op->span, LOOM_EINPUT, "a size of this %s is negative (%" PRId64 ")", kernel_op_name(op->kind), shape[d]);
    if (__builtin_mul_overflow(elems, shape[d], &elems) || elems > INT64_MAX / 64)
      LOOM_FAIL(in->ctx, op->span, LOOM_ELIMIT, "a tile of this %s has too many elements", kernel_op_name(op->kind));
  }
  *out = &in->slot[op->results[i]];
  interp_reserve(in, *out, t->type, t->rank, shape);
  return LOOM_OK;
}

static loom_status set_scalar(interp *in, const kernel_op *op, double x) {
  interp_value *v;
  LOOM_TRY(interp_result(in, op, 0, &v));
  for (int64_t i = 0; i < v->elems; i++)
    v->x[i] = x;
  return interp_round_value(in, op, v);
}

static loom_status index_expr(interp *in, const kernel_op *op) {
  int64_t n;
  LOOM_TRY(interp_size(in, op, op->expr, &n));
  return set_scalar(in, op, (double)n);
}

static loom_status tile_number(interp *in, const kernel_op *op) {
  const interp_tile *t = &in->tile[op->operands[0]];
  return set_scalar(in, op, (double)(op->kind == KERNEL_TILE_BEGIN ? t->begin : op->kind == KERNEL_TILE_END ? t->end : t->id));
}

/* start, start + step, .. : IOTA, and the indices of a tile. */
static loom_status iota(interp *in, const kernel_op *op, double start, double step) {
  interp_value *v;
  LOOM_TRY(interp_result(in, op, 0, &v));
  for (int64_t i = 0; i < v->elems; i++)
    v->x[i] = start + (double)i * step;
  return interp_round_value(in, op, v);
}

static loom_status tile_mask(interp *in, const kernel_op *op) {
  const interp_tile *t = &in->tile[op->operands[0]];
  interp_value *v;
  LOOM_TRY(interp_result(in, op, 0, &v));
  for (int64_t i = 0; i < v->elems; i++)
    v->x[i] = t->begin + i < t->end;
  return LOOM_OK;
}

/* The RUNTIME symbol reads the operand from here on. */
static loom_status bind(interp *in, const kernel_op *op) {
  const interp_value *v = interp_operand(in, op, 0);
  if (v->has_e && v->e[0] > 0)
    LOOM_FAIL(in->ctx, op->span, LOOM_EUNSUP, "this bound depends on rounding: engines may rightly run different rounds");
  for (size_t i = 0; i < in->k->symbols.n; i++)
    if (text_eq(in->k->symbols.at[i].name, op->expr->name))
      in->env[i].value = (int64_t)v->x[0];
  return LOOM_OK;
}

static loom_status full(interp *in, const kernel_op *op) {
  if (op->n_operands == 0)
    return set_scalar(in, op, op->fvalue);
  return interp_broadcast(in, op);
}

static loom_status run_op(interp *in, const kernel_op *op) {
  switch (op->kind) {
  case KERNEL_PARALLEL:
    return interp_parallel(in, op);
  case KERNEL_LOOP:
    return interp_loop(in, op);
  case KERNEL_IF:
    return interp_if(in, op);
  case KERNEL_WHILE:
    return interp_while(in, op);
  case KERNEL_YIELD:
  case KERNEL_BARRIER:
    return LOOM_OK;
  case KERNEL_BIND:
    return bind(in, op);
  case KERNEL_TILE_MASK:
    return tile_mask(in, op);
  case KERNEL_ATOMIC:
    return interp_atomic(in, op);
  case KERNEL_FOLD:
  case KERNEL_SCAN:
    return interp_scan(in, op);
  case KERNEL_STACK:
    return interp_stack(in, op);
  case KERNEL_EXTRACT:
    return interp_extract(in, op);
  case KERNEL_GATHER:
    return interp_gather(in, op);
  case KERNEL_INDEX_EXPR:
    return index_expr(in, op);
  case KERNEL_TILE_BEGIN:
  case KERNEL_TILE_END:
  case KERNEL_TILE_ID:
    return tile_number(in, op);
  case KERNEL_TILE_INDEX:
    return iota(in, op, (double)in->tile[op->operands[0]].begin, 1);
  case KERNEL_CONSTANT:
    return set_scalar(in, op, op->fvalue);
  case KERNEL_FULL:
    return full(in, op);
  case KERNEL_IOTA:
    return iota(in, op, op->fvalue, (double)op->ivalue);
  case KERNEL_LOAD:
    return interp_load(in, op);
  case KERNEL_STORE:
    return interp_store(in, op);
  case KERNEL_UNARY:
  case KERNEL_BINARY:
  case KERNEL_SELECT:
  case KERNEL_CAST:
  case KERNEL_BITCAST:
    return interp_elementwise(in, op);
  case KERNEL_MATMUL:
    return interp_matmul(in, op);
  case KERNEL_REDUCE:
    return op->fn == KERNEL_FN_ARGMAX || op->fn == KERNEL_FN_ARGMIN ? interp_arg_reduce(in, op) : interp_reduce(in, op);
  case KERNEL_BROADCAST:
    return interp_broadcast(in, op);
  case KERNEL_RESHAPE:
    return interp_reshape(in, op);
  case KERNEL_PERMUTE:
    return interp_permute(in, op);
  case KERNEL_OP_COUNT:
    break;
  }
  return diag_error(in->ctx, op->span, LOOM_EBUG, "the reference interpreter met an operation that does not exist");
}

loom_status interp_region(interp *in, const kernel_region *r, const kernel_op **out_yield) {
  return interp_region_until(in, r, NULL, out_yield);
}

loom_status interp_region_until(interp *in, const kernel_region *r, const kernel_op *end, const kernel_op **out_yield) {
  *out_yield = NULL;
  for (size_t i = 0; i < r->ops.n && r->ops.at[i] != end; i++) {
    const kernel_op *op = r->ops.at[i];
    int64_t elems = 1;
    for (int j = 0; j < op->n_results; j++)
      elems += in->slot[op->results[j]].elems;   /* of the last round; the first round of an operation is cheap */
    LOOM_TRY(interp_spend(in, op, elems));
    LOOM_TRY(run_op(in, op));
    interp_watch_results(in, op);
    if (op->kind == KERNEL_YIELD)
      *out_yield = op;
  }
  return LOOM_OK;
}

/* The value of each symbol before any loop: a block reads its nominal size, a RUNTIME symbol nothing. */
static loom_status bind_symbols(interp *in, const interp_options *o) {
  const kernel_graph *k = in->k;
  const sym_binding *blocks;
  size_t n;
  LOOM_TRY(kernel_block_sizes(in->ctx, k, o->blocks, o->n_blocks, &blocks, &n));
  for (size_t i = 0; i < k->symbols.n; i++) {
    const kernel_symbol *s = &k->symbols.at[i];
    in->env[i] = (sym_binding){s->name, s->value};
    for (size_t j = 0; j < n && s->kind != KERNEL_SYM_SIZE; j++)
      if (text_eq(blocks[j].name, s->name))
        in->env[i].value = blocks[j].value;
    if (in->env[i].value < 0 && s->kind != KERNEL_SYM_RUNTIME)
      LOOM_FAIL(in->ctx, s->span, LOOM_EINPUT, "size \"%s\" has no value", s->name);
  }
  return LOOM_OK;
}

loom_status interp_run(loom_ctx *ctx, const kernel_graph *k, interp_tensor *tensors, const interp_options *o) {
  arena_mark mark = arena_save(&ctx->scratch);
  arena *m = &ctx->scratch;
  interp in = {.ctx = ctx, .k = k, .bounds = !o->exact, .flushes_bf16 = o->flushes_bf16, .cuts_f32 = o->cuts_f32, .loses_nan = o->loses_nan, .takes_unsure_indices = o->takes_unsure_indices, .ops = {o->op_budget}, .watch = o->watch};
  in.env = ARENA_NEW_N(m, sym_binding, k->symbols.n);
  in.slot = ARENA_NEW_N(m, interp_value, k->values.n);
  in.aside = ARENA_NEW_N(m, interp_value, k->values.n);
  in.tile = ARENA_NEW_N(m, interp_tile, k->values.n);
  in.is_sum = ARENA_NEW_N(m, bool, k->values.n);
  in.host = ARENA_NEW_N(m, interp_host, k->tensors.n);
  in.atoms = ARENA_NEW_N(m, struct interp_atoms *, k->tensors.n);
  if (!o->accumulate_in_result_type)
    interp_find_sums(k, m, in.is_sum);
  const kernel_op *yield;
  loom_status st = bind_symbols(&in, o);
  if (st == LOOM_OK)
    st = interp_bind_host(&in, tensors);
  if (st == LOOM_OK)
    st = interp_region(&in, &k->body, &yield);
  arena_release(&ctx->scratch, mark);
  return st;
}
