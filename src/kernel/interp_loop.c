/* Control: grids, loops with carried values, conditions. */
#include "kernel/interp_private.h"

typedef struct walk { int64_t begin, end, step; size_t symbol; bool tiled, padded; int64_t nominal; } walk;

/* Reads a range; `out->symbol` is the block's place in the environment. */
static loom_status read_range(interp *in, const kernel_op *op, const kernel_range *r, walk *out) {
  *out = (walk){.step = 1};
  LOOM_TRY(interp_size(in, op, r->begin, &out->begin));
  LOOM_TRY(interp_size(in, op, r->end, &out->end));
  if (!r->block) {
    if (r->step)
      LOOM_TRY(interp_size(in, op, r->step, &out->step));
    if (out->step < 1)
      LOOM_FAIL(in->ctx, op->span, LOOM_EINPUT, "the step of this %s is %" PRId64, kernel_op_name(op->kind), out->step);
    return LOOM_OK;
  }
  const kernel_symbol *s = kernel_find_symbol(in->k, r->block);
  if (!s)
    LOOM_FAIL(in->ctx, op->span, LOOM_EBUG, "block \"%s\" of a %s is not a symbol of the kernel", r->block, kernel_op_name(op->kind));
  out->symbol = (size_t)(s - in->k->symbols.at);
  out->tiled = true;
  out->padded = s->is_padded;
  out->step = out->nominal = in->env[out->symbol].value;
  return LOOM_OK;
}

/* Makes tile `number` of the range current: the parameter's value, its tile, and the extent that the block's symbol reads. */
static void enter_tile(interp *in, const walk *w, int64_t number, kernel_value param) {
  int64_t begin = w->begin + number * w->step;
  int64_t end = w->end - begin < w->step ? w->end : begin + w->step;
  if (!w->tiled)
    end = begin + 1;
  in->tile[param] = (interp_tile){begin, end, number, w->padded ? w->nominal : end - begin, w->tiled ? begin / w->step : begin, w->tiled};
  interp_value *v = &in->slot[param];
  interp_reserve(in, v, DTYPE_I64, 0, NULL);
  v->x[0] = (double)(w->tiled ? number : begin);
  if (w->tiled && !w->padded)
    in->env[w->symbol].value = end - begin;
}

static void leave_range(interp *in, const walk *w) {
  if (w->tiled)
    in->env[w->symbol].value = w->nominal;
}

static int64_t trip_count(const walk *w) { return w->end <= w->begin ? 0 : (w->end - w->begin - 1) / w->step + 1; }

/* All instances once; in a pass before the last, up to the gather of that pass. */
static loom_status run_instances(interp *in, const kernel_op *op, const walk *w, interp_grid *g) {
  const kernel_op *stop = g->pass < g->n_gathers ? g->gather[g->pass] : NULL;
  memset(g->at, 0, sizeof g->at);
  do {
    const kernel_op *yield;
    for (int i = 0; i < op->n_ranges; i++)
      enter_tile(in, &w[i], g->at[i], op->regions[0].params.at[i]);
    interp_watch_enter(in, op, op->n_ranges, g->at);
    LOOM_TRY(interp_region_until(in, &op->regions[0], stop, &yield));
    if (stop) {
      interp_close_sum(in, &in->slot[stop->operands[0]]);
      interp_save_gathered(in, g);
    }
    interp_watch_leave(in);
    for (int i = 0; i < op->n_ranges; i++)
      leave_range(in, &w[i]);
  } while (interp_next_index(op->n_ranges, g->trips, g->at));
  return LOOM_OK;
}

loom_status interp_parallel(interp *in, const kernel_op *op) {
  walk w[KERNEL_RANK_MAX];
  int64_t trips[KERNEL_RANK_MAX];
  interp_grid g, *outer = in->grid;
  for (int i = 0; i < op->n_ranges; i++) {
    LOOM_TRY(read_range(in, op, &op->ranges[i], &w[i]));
    trips[i] = trip_count(&w[i]);
    if (trips[i] == 0)
      return LOOM_OK;
  }
  LOOM_TRY(interp_open_grid(in, op, trips, &g));
  in->grid = &g;
  for (g.pass = 0; g.pass <= g.n_gathers; g.pass++)
    LOOM_TRY(run_instances(in, op, w, &g));
  in->grid = outer;
  return LOOM_OK;
}

/* A value made in region `r` and yielded once may give its buffers away; a parameter or an outer value is needed again. */
static bool gives_buffers(const interp *in, const kernel_op *yield, const kernel_region *r, int i) {
  kernel_value v = yield->operands[i];
  for (int j = 0; j < yield->n_operands; j++)
    if (j != i && yield->operands[j] == v)
      return false;
  for (size_t j = 0; j < r->ops.n; j++)
    if (r->ops.at[j] == in->k->values.at[v].def)
      return true;
  return false;
}

/* Moves what `yield` yields into the slots `to`; what can't be moved is copied aside first, because a parameter may be yielded in another place. */
static void take_yielded(interp *in, const kernel_op *yield, const kernel_region *r, const kernel_value *to) {
  for (int i = 0; i < yield->n_operands; i++) {
    interp_value *v = &in->slot[yield->operands[i]];
    if (!in->is_sum[to[i]])
      interp_close_sum(in, v);
    interp_watch_pass(in, yield, v, yield->operands[i], to[i]);
    if (!gives_buffers(in, yield, r, i))
      interp_copy(in, &in->aside[to[i]], v);
  }
  for (int i = 0; i < yield->n_operands; i++)
    interp_swap(&in->slot[to[i]], gives_buffers(in, yield, r, i) ? &in->slot[yield->operands[i]] : &in->aside[to[i]]);
}

loom_status interp_loop(interp *in, const kernel_op *op) {
  const kernel_region *body = &op->regions[0];
  const kernel_value *carried = body->params.at + 1;
  walk w;
  LOOM_TRY(read_range(in, op, &op->ranges[0], &w));
  for (int i = 0; i < op->n_operands; i++) {
    interp_value *init = &in->slot[op->operands[i]];
    if (!in->is_sum[op->operands[i]] || !in->is_sum[carried[i]])
      interp_close_sum(in, init);
    interp_copy(in, &in->slot[carried[i]], init);
    interp_watch_pass(in, op, init, op->operands[i], carried[i]);
  }
  int64_t trips = trip_count(&w);
  for (int64_t t = 0; t < trips; t++) {
    const kernel_op *yield;
    enter_tile(in, &w, t, body->params.at[0]);
    interp_watch_enter(in, op, 1, &t);
    LOOM_TRY(interp_region(in, body, &yield));
    take_yielded(in, yield, body, carried);
    interp_watch_leave(in);
  }
  leave_range(in, &w);
  for (int i = 0; i < op->n_results; i++) {
    interp_swap(&in->slot[op->results[i]], &in->slot[carried[i]]);
    interp_watch_pass(in, op, &in->slot[op->results[i]], carried[i], op->results[i]);
  }
  return LOOM_OK;
}

loom_status interp_if(interp *in, const kernel_op *op) {
  const interp_value *condition = interp_operand(in, op, 0);
  if (condition->has_e && condition->e[0] > 0)
    LOOM_FAIL(in->ctx, op->span, LOOM_EUNSUP, "this condition depends on rounding: engines may rightly take different branches");
  const kernel_region *r = &op->regions[condition->x[0] != 0 ? 0 : 1];
  const kernel_op *yield;
  LOOM_TRY(interp_region(in, r, &yield));
  take_yielded(in, yield, r, op->results);
  return LOOM_OK;
}

loom_status interp_while(interp *in, const kernel_op *op) {
  const kernel_region *test = &op->regions[0], *body = &op->regions[1];
  const kernel_op *yield;
  for (int i = 0; i < op->n_operands; i++) {
    const interp_value *init = interp_operand(in, op, i);
    interp_copy(in, &in->slot[body->params.at[i]], init);
    interp_watch_pass(in, op, init, op->operands[i], body->params.at[i]);
  }
  for (int64_t round = 0;; round++) {
    for (int i = 0; i < op->n_operands; i++) {
      interp_copy(in, &in->slot[test->params.at[i]], &in->slot[body->params.at[i]]);
      interp_watch_pass(in, op, &in->slot[test->params.at[i]], body->params.at[i], test->params.at[i]);
    }
    LOOM_TRY(interp_spend(in, op, 1));
    LOOM_TRY(interp_region(in, test, &yield));
    const interp_value *condition = &in->slot[yield->operands[0]];
    if (condition->has_e && condition->e[0] > 0)
      LOOM_FAIL(in->ctx, op->span, LOOM_EUNSUP, "this condition depends on rounding: engines may rightly take different branches");
    if (condition->x[0] == 0)
      break;
    interp_watch_enter(in, op, 1, &round);
    LOOM_TRY(interp_region(in, body, &yield));
    take_yielded(in, yield, body, body->params.at);
    interp_watch_leave(in);
  }
  for (int i = 0; i < op->n_results; i++) {
    interp_copy(in, &in->slot[op->results[i]], &in->slot[body->params.at[i]]);
    interp_watch_pass(in, op, &in->slot[op->results[i]], body->params.at[i], op->results[i]);
  }
  return LOOM_OK;
}
