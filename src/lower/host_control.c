/* Grids, loops, conditions, gathers. */
#include "lower/host_private.h"

size_t host_enter(host *h) { return h->buffers.n; }

void host_leave(host *h, size_t mark) {
  while (h->buffers.n > mark)
    lower_line(h->l, "memref.dealloc %s", h->buffers.at[--h->buffers.n]);
}

/* What is printed inside of a region is not known behind it. */
typedef struct scope { size_t known, buffers; loom_span span; const char **symbol; } scope;

static scope open_scope(host *h) {
  size_t n = h->l->k->symbols.n;
  scope s = {h->l->known.n, host_enter(h), h->l->span, ARENA_NEW_N(h->l->mem, const char *, n)};
  if (n)
    memcpy(s.symbol, h->symbol, n * sizeof *s.symbol);
  return s;
}

/* Frees the buffers of the region; what it knew ends with close_scope. */
static void end_region(host *h, const scope *s) { host_leave(h, s->buffers); }

static void close_scope(host *h, const scope *s) {
  h->l->known.n = s->known;
  h->l->span = s->span;
  if (h->l->k->symbols.n)
    memcpy(h->symbol, s->symbol, h->l->k->symbols.n * sizeof *s->symbol);
}

/* ---- ranges ---- */
typedef struct walk { const char *begin, *end, *step, *trip; size_t symbol; bool tiled, padded; } walk;

static loom_status read_range(host *h, const kernel_range *r, walk *w) {
  lowering *l = h->l;
  *w = (walk){.tiled = r->block != NULL};
  LOOM_TRY(host_expr(h, r->begin, &w->begin));
  LOOM_TRY(host_expr(h, r->end, &w->end));
  LOOM_TRY(host_expr(h, r->block ? sym_name(l->mem, r->block) : r->step ? r->step : sym_const(l->mem, 1), &w->step));
  if (r->block) {
    const kernel_symbol *s = kernel_find_symbol(l->k, r->block);
    w->symbol = (size_t)(s - l->k->symbols.at);
    w->padded = s->is_padded;
  }
  const char *extent = lower_once(l, "arith.subi %s, %s : index", w->end, w->begin), *zero = host_index(h, 0);
  extent = lower_once(l, "arith.maxsi %s, %s : index", extent, zero);
  w->trip = lower_once(l, "arith.ceildivsi %s, %s : index", extent, w->step);
  return LOOM_OK;
}

/* Inside of the loop: the tile of number `iv`. */
static void enter_range(host *h, const walk *w, const kernel_range *r, kernel_value param, const char *iv) {
  lowering *l = h->l;
  const char *begin = lower_emit(l, "arith.addi %s, %s : index", w->begin, lower_emit(l, "arith.muli %s, %s : index", iv, w->step));
  l->is_index[param] = true;
  h->range[param] = r;
  h->begin[param] = begin;
  h->end[param] = lower_emit(l, "arith.addi %s, %s : index", begin, w->tiled ? w->step : host_index(h, 1));
  l->value[param] = w->tiled ? iv : begin;
  if (!w->tiled)
    return;
  h->end[param] = lower_emit(l, "arith.minsi %s, %s : index", h->end[param], w->end);
  if (!w->padded)
    h->symbol[w->symbol] = lower_emit(l, "arith.subi %s, %s : index", h->end[param], begin);
}

/* ---- PARALLEL ---- */
static loom_status find_gathers(host *h, const kernel_op *op, host_grid *g) {
  const kernel_region *r = &op->regions[0];
  for (size_t i = 0; i < r->ops.n; i++)
    g->n_gathers += r->ops.at[i]->kind == KERNEL_GATHER;
  g->gather = ARENA_NEW_N(h->l->mem, const kernel_op *, g->n_gathers);
  g->scratch = ARENA_NEW_N(h->l->mem, const char *, g->n_gathers);
  for (size_t i = 0, n = 0; i < r->ops.n; i++)
    if (r->ops.at[i]->kind == KERNEL_GATHER)
      g->gather[n++] = r->ops.at[i];
  return LOOM_OK;
}

/* [trips.., sizes of whole tiles..] for what each instance gives. */
static loom_status make_scratch(host *h, host_grid *g, int i) {
  const kernel_type *t = host_type(h, g->gather[i]->operands[0]);
  const char *sizes[2 * KERNEL_RANK_MAX];
  int n = g->op->n_ranges;
  memcpy(sizes, g->trip, (size_t)n * sizeof *sizes);
  LOOM_TRY(host_sizes(h, t, sizes + n));
  g->scratch[i] = host_alloc(h, t->type, n + t->rank, sizes);
  return LOOM_OK;
}

static loom_status save_source(host *h, host_grid *g) {
  kernel_value v = g->gather[g->pass]->operands[0];
  const kernel_type *t = host_type(h, v);
  const char *sizes[KERNEL_RANK_MAX], *at[2 * KERNEL_RANK_MAX];
  int n = g->op->n_ranges;
  LOOM_TRY(host_sizes(h, t, sizes));
  memcpy(at, g->at, (size_t)n * sizeof *at);
  host_open_loops(h, t->rank, sizes, at + n);
  host_store(h, lower_convert(h->l, host_element(h, v, t->rank, at + n), h->type[v], t->type), g->scratch[g->pass], t->type, n + t->rank, at);
  host_close_loops(h, t->rank);
  return LOOM_OK;
}

loom_status host_gather(host *h, const kernel_op *op) {
  host_grid *g = h->grid;
  const kernel_type *t = host_type(h, op->results[0]);
  int which = 0, range = 0;
  const char *sizes[KERNEL_RANK_MAX], *iv[KERNEL_RANK_MAX], *at[2 * KERNEL_RANK_MAX];
  while (g && which < g->n_gathers && g->gather[which] != op)
    which++;
  if (!g || which == g->n_gathers)
    LOOM_FAIL(h->l->ctx, op->span, LOOM_EUNSUP, "a gather inside of a loop or branch");
  while (g->op->regions[0].params.at[range] != op->operands[1])
    range++;
  LOOM_TRY(host_result(h, op->results[0], sizes));
  host_open_loops(h, t->rank, sizes, iv);
  memcpy(at, g->at, (size_t)g->op->n_ranges * sizeof *at);
  at[range] = iv[0];
  memcpy(at + g->op->n_ranges, iv + 1, (size_t)(t->rank - 1) * sizeof *at);
  host_store(h, host_load(h, g->scratch[which], t->type, g->op->n_ranges + t->rank - 1, at), h->l->value[op->results[0]], t->type, t->rank, iv);
  host_close_loops(h, t->rank);
  return LOOM_OK;
}

static loom_status run_grid(host *h, const kernel_op *op, const walk *w, host_grid *g) {
  const kernel_op *stop = g->pass < g->n_gathers ? g->gather[g->pass] : NULL;
  scope s = open_scope(h);
  host_open_loops(h, op->n_ranges, g->trip, g->at);
  for (int i = 0; i < op->n_ranges; i++)
    enter_range(h, &w[i], &op->ranges[i], op->regions[0].params.at[i], g->at[i]);
  LOOM_TRY(host_ops(h, &op->regions[0], stop));
  if (stop)
    LOOM_TRY(save_source(h, g));
  end_region(h, &s);
  host_close_loops(h, op->n_ranges);
  close_scope(h, &s);
  return LOOM_OK;
}

static loom_status parallel(host *h, const kernel_op *op) {
  walk w[KERNEL_RANK_MAX];
  const char *trip[KERNEL_RANK_MAX], *iv[KERNEL_RANK_MAX];
  host_grid g = {.op = op, .trip = trip, .at = iv}, *outer = h->grid;
  for (int i = 0; i < op->n_ranges; i++) {
    LOOM_TRY(read_range(h, &op->ranges[i], &w[i]));
    trip[i] = w[i].trip;
  }
  LOOM_TRY(find_gathers(h, op, &g));
  for (int i = 0; i < g.n_gathers; i++)
    LOOM_TRY(make_scratch(h, &g, i));
  h->grid = &g;
  for (g.pass = 0; g.pass <= g.n_gathers; g.pass++)
    LOOM_TRY(run_grid(h, op, w, &g));
  h->grid = outer;
  return LOOM_OK;
}

/* ---- carried values ---- */
/* Buffers for the carried values, filled with the initial ones; scalars are iter_args. */
typedef struct carried { int n; const char **buffer, ***sizes; } carried;

static loom_status begin_carried(host *h, const kernel_op *op, const kernel_value *params, carried *c) {
  lowering *l = h->l;
  c->n = op->n_operands;
  c->buffer = ARENA_NEW_N(l->mem, const char *, c->n);
  c->sizes = ARENA_NEW_N(l->mem, const char **, c->n);
  for (int i = 0; i < c->n; i++) {
    const kernel_type *t = host_type(h, params[i]);
    c->sizes[i] = ARENA_NEW_N(l->mem, const char *, KERNEL_RANK_MAX);
    if (!t->rank)
      continue;
    LOOM_TRY(host_sizes(h, t, c->sizes[i]));
    c->buffer[i] = host_alloc(h, h->type[params[i]], t->rank, c->sizes[i]);
    host_copy(h, op->operands[i], c->buffer[i], h->type[params[i]], c->sizes[i]);
  }
  return LOOM_OK;
}

static void bind_carried(host *h, const carried *c, const kernel_value *params) {
  for (int i = 0; i < c->n; i++)
    if (c->buffer[i])
      h->l->value[params[i]] = c->buffer[i];
}

/* Copies what is yielded into the buffers.  A parameter that is yielded in another place is set aside first. */
static void end_carried(host *h, const carried *c, const kernel_op *yield, const kernel_value *params, dtype const *to) {
  lowering *l = h->l;
  const char **aside = ARENA_NEW_N(l->mem, const char *, c->n);
  for (int i = 0; i < c->n; i++) {
    kernel_value v = yield->operands[i];
    for (int j = 0; j < c->n && c->buffer[i] && !aside[i]; j++)
      if (j != i && v == params[j]) {
        aside[i] = host_alloc(h, h->type[v], host_type(h, v)->rank, c->sizes[i]);
        host_copy(h, v, aside[i], h->type[v], c->sizes[i]);
      }
  }
  for (int i = 0; i < c->n; i++) {
    kernel_value v = yield->operands[i];
    const char *own = l->value[v];
    if (!c->buffer[i] || v == params[i])
      continue;
    l->value[v] = aside[i] ? aside[i] : own;
    host_copy(h, v, c->buffer[i], to[i], c->sizes[i]);
    l->value[v] = own;
  }
}

static const char *scalar_types(host *h, int n, const kernel_value *v) {
  text t = text_new(h->l->mem);
  for (int i = 0; i < n; i++)
    if (host_type(h, v[i])->rank == 0)
      text_addf(&t, "%s%s", t.size ? ", " : "", lower_element(host_type(h, v[i])->type));
  return text_str(&t);
}

static const char *scalar_names(host *h, int n, const kernel_value *v) {
  text t = text_new(h->l->mem);
  for (int i = 0; i < n; i++)
    if (host_type(h, v[i])->rank == 0)
      text_addf(&t, "%s%s", t.size ? ", " : "", lower_data(h->l, v[i]));
  return text_str(&t);
}

/* "%5:2 = " for the scalar results of an op; buffers are known already. */
static const char *name_results(host *h, const kernel_op *op) {
  lowering *l = h->l;
  int scalars = 0, at = 0;
  for (int i = 0; i < op->n_results; i++)
    scalars += host_type(h, op->results[i])->rank == 0;
  if (!scalars)
    return "";
  const char *name = lower_new_name(l);
  for (int i = 0; i < op->n_results; i++)
    if (host_type(h, op->results[i])->rank == 0)
      l->value[op->results[i]] = scalars == 1 ? name : arena_printf(l->mem, "%s#%d", name, at++);
  return scalars == 1 ? arena_printf(l->mem, "%s = ", name) : arena_printf(l->mem, "%s:%d = ", name, scalars);
}

static const kernel_op *yield_of(const kernel_region *r) {
  return r->ops.n && r->ops.at[r->ops.n - 1]->kind == KERNEL_YIELD ? r->ops.at[r->ops.n - 1] : NULL;
}

static dtype *param_types(host *h, int n, const kernel_value *params) {
  dtype *t = ARENA_NEW_N(h->l->mem, dtype, n);
  for (int i = 0; i < n; i++)
    t[i] = h->type[params[i]];
  return t;
}

/* The results of a loop are its buffers; a sum that ends here is rounded to its type. */
static loom_status close_results(host *h, const kernel_op *op, const carried *c, const kernel_value *params) {
  for (int i = 0; i < c->n; i++) {
    kernel_value r = op->results[i];
    if (!c->buffer[i])
      continue;
    h->l->value[r] = c->buffer[i];
    if (h->type[r] == h->type[params[i]])
      continue;
    const char *rounded = host_alloc(h, h->type[r], host_type(h, r)->rank, c->sizes[i]);
    h->l->value[params[i]] = c->buffer[i];
    host_copy(h, params[i], rounded, h->type[r], c->sizes[i]);
    h->l->value[r] = rounded;
  }
  return LOOM_OK;
}

/* ---- LOOP ---- */
static loom_status loop(host *h, const kernel_op *op) {
  lowering *l = h->l;
  const kernel_region *body = &op->regions[0];
  const kernel_value *params = body->params.at + 1;
  const kernel_op *yield = yield_of(body);
  walk w;
  carried c;
  text inits = text_new(l->mem);
  LOOM_TRY(read_range(h, &op->ranges[0], &w));
  LOOM_TRY(begin_carried(h, op, params, &c));
  for (int i = 0; i < c.n; i++)
    if (!c.buffer[i]) {
      const char *init = lower_data(l, op->operands[i]);
      l->value[params[i]] = lower_new_name(l);
      l->is_index[params[i]] = false;
      text_addf(&inits, "%s%s = %s", inits.size ? ", " : "", l->value[params[i]], init);
    }
  const char *types = scalar_types(h, c.n, params), *iv = lower_new_name(l), *head = name_results(h, op);
  const char *args = inits.size ? arena_printf(l->mem, " iter_args(%s) -> (%s)", text_str(&inits), types) : "";
  scope s = open_scope(h);
  lower_open(l, "%sscf.for %s = %s to %s step %s%s {", head, iv, host_index(h, 0), w.trip, host_index(h, 1), args);
  enter_range(h, &w, &op->ranges[0], body->params.at[0], iv);
  bind_carried(h, &c, params);
  LOOM_TRY(host_ops(h, body, NULL));
  if (yield) {
    end_carried(h, &c, yield, params, param_types(h, c.n, params));
    const char *scalars = scalar_names(h, yield->n_operands, yield->operands);
    end_region(h, &s);
    if (*scalars)
      lower_line(l, "scf.yield %s : %s", scalars, types);
  } else {
    end_region(h, &s);
  }
  lower_close(l, "");
  close_scope(h, &s);
  return close_results(h, op, &c, params);
}

/* ---- WHILE ---- */
static loom_status while_loop(host *h, const kernel_op *op) {
  lowering *l = h->l;
  const kernel_region *test = &op->regions[0], *body = &op->regions[1];
  const kernel_op *condition = yield_of(test), *yield = yield_of(body);
  carried c;
  text inits = text_new(l->mem), after = text_new(l->mem);
  LOOM_TRY(begin_carried(h, op, body->params.at, &c));
  for (int i = 0; i < c.n; i++)
    if (!c.buffer[i]) {
      const char *init = lower_data(l, op->operands[i]);
      l->value[test->params.at[i]] = lower_new_name(l);
      l->value[body->params.at[i]] = lower_new_name(l);
      text_addf(&inits, "%s%s = %s", inits.size ? ", " : "", l->value[test->params.at[i]], init);
      text_addf(&after, "%s%s: %s", after.size ? ", " : "", l->value[body->params.at[i]], lower_element(h->type[body->params.at[i]]));
    }
  const char *types = scalar_types(h, c.n, body->params.at), *head = name_results(h, op);
  scope s = open_scope(h);
  lower_open(l, "%sscf.while%s : (%s) -> (%s) {", head, inits.size ? arena_printf(l->mem, " (%s)", text_str(&inits)) : "", types, types);
  bind_carried(h, &c, test->params.at);
  LOOM_TRY(host_ops(h, test, NULL));
  const char *flag = lower_data(l, condition->operands[0]), *passed = scalar_names(h, c.n, test->params.at);
  end_region(h, &s);
  lower_line(l, "scf.condition(%s)%s", flag, *passed ? arena_printf(l->mem, " %s : %s", passed, types) : "");
  l->depth--;
  close_scope(h, &s);
  s = open_scope(h);
  lower_open(l, "} do {");
  l->depth--;
  lower_open(l, "^bb0%s:", after.size ? arena_printf(l->mem, "(%s)", text_str(&after)) : "");
  bind_carried(h, &c, body->params.at);
  LOOM_TRY(host_ops(h, body, NULL));
  end_carried(h, &c, yield, body->params.at, param_types(h, c.n, body->params.at));
  const char *scalars = scalar_names(h, yield->n_operands, yield->operands);
  end_region(h, &s);
  lower_line(l, *scalars ? "scf.yield %s : %s" : "scf.yield", scalars, types);
  lower_close(l, "");
  close_scope(h, &s);
  return close_results(h, op, &c, body->params.at);
}

/* ---- IF ---- */
static loom_status branch(host *h, const kernel_op *op, int side, const char **buffer, const char *(*sizes)[KERNEL_RANK_MAX]) {
  const kernel_op *yield = yield_of(&op->regions[side]);
  scope s = open_scope(h);
  LOOM_TRY(host_ops(h, &op->regions[side], NULL));
  for (int i = 0; yield && i < op->n_results; i++)
    if (buffer[i])
      host_copy(h, yield->operands[i], buffer[i], h->type[op->results[i]], sizes[i]);
  const char *scalars = yield ? scalar_names(h, yield->n_operands, yield->operands) : "";
  end_region(h, &s);
  if (*scalars)
    lower_line(h->l, "scf.yield %s : %s", scalars, scalar_types(h, op->n_results, op->results));
  close_scope(h, &s);
  return LOOM_OK;
}

static loom_status condition(host *h, const kernel_op *op) {
  lowering *l = h->l;
  const char **buffer = ARENA_NEW_N(l->mem, const char *, op->n_results);
  const char *(*sizes)[KERNEL_RANK_MAX] = arena_array(l->mem, (size_t)op->n_results + 1, sizeof *sizes);
  for (int i = 0; i < op->n_results; i++) {
    const kernel_type *t = host_type(h, op->results[i]);
    if (!t->rank)
      continue;
    LOOM_TRY(host_sizes(h, t, sizes[i]));
    buffer[i] = host_alloc(h, h->type[op->results[i]], t->rank, sizes[i]);
  }
  const char *types = scalar_types(h, op->n_results, op->results), *flag = lower_data(l, op->operands[0]), *head = name_results(h, op);
  lower_open(l, "%sscf.if %s%s {", head, flag, *types ? arena_printf(l->mem, " -> (%s)", types) : "");
  LOOM_TRY(branch(h, op, 0, buffer, sizes));
  l->depth--;
  lower_open(l, "} else {");
  LOOM_TRY(branch(h, op, 1, buffer, sizes));
  lower_close(l, "");
  for (int i = 0; i < op->n_results; i++)
    if (buffer[i])
      l->value[op->results[i]] = buffer[i];
  return LOOM_OK;
}

loom_status host_control(host *h, const kernel_op *op, bool *done) {
  *done = true;
  switch (op->kind) {
  case KERNEL_PARALLEL: return parallel(h, op);
  case KERNEL_LOOP: return loop(h, op);
  case KERNEL_WHILE: return while_loop(h, op);
  case KERNEL_IF: return condition(h, op);
  case KERNEL_GATHER: return host_gather(h, op);
  default: *done = false; return LOOM_OK;
  }
}
