/* A stage's results against the reference: the first wrong element, and from there back to the first wrong operation. */
#include "compile_bisect.h"
#include <math.h>

/* The wrong element that the reference wrote first; tensor -1: none. */
typedef struct wrong_element { kernel_tensor tensor; int64_t element; int want, got; } wrong_element;

static double bound_of(const interp_tensor *t, int64_t e) {
  double bound = t->bound ? t->bound[e] : 0;
  return isnan(bound) ? INFINITY : bound;
}

/* Elements of an allocation that nobody writes hold nothing. */
static bool counts(const kernel_graph *k, kernel_tensor t, int writer) {
  return writer >= 0 || k->tensors.at[t].role == KERNEL_ARG || k->tensors.at[t].fill != KERNEL_FILL_EMPTY;
}

static wrong_element find_wrong(bisection *b, const bisect_reference *want, const bisect_outcome *got, bisect_stage *row) {
  wrong_element first = {-1, 0, -1, -1};
  for (size_t t = 0; t < b->graph->tensors.n; t++) {
    const interp_tensor *w = &want->values[t];
    const int *writer = want->run->writer[t];
    for (int64_t e = 0; got->values[t] && writer && e < w->elems; e++) {
      int written_by = got->writer[t] ? got->writer[t][e] : -1;
      if (!counts(b->graph, (kernel_tensor)t, writer[e]) || (b->graph->tensors.at[t].role == KERNEL_ARG && writer[e] < 0 && written_by < 0))
        continue;
      row->elems++;
      if (interp_error_ratio(w->value[e], got->values[t][e], bound_of(w, e), w->type, false) <= 1)
        continue;
      row->wrong++;
      if (first.tensor < 0 || writer[e] < first.want)
        first = (wrong_element){(kernel_tensor)t, e, writer[e], written_by};
    }
  }
  return first;
}

static void describe_result(bisection *b, const bisect_reference *want, const bisect_outcome *got, const wrong_element *w) {
  arena *mem = &b->s->ctx->mem;
  bisect_finding *f = &b->out->finding;
  const interp_tensor *t = &want->values[w->tensor];
  f->result = arena_printf(mem, "%s%s", b->graph->tensors.at[w->tensor].name, flow_element(mem, t->rank, t->shape, w->element));
  f->result_expected = t->value[w->element];
  f->result_got = got->values[w->tensor][w->element];
  f->result_bound = bound_of(t, w->element);
}

/* ---- what is to blame ---- */
static void describe_op(bisection *b, const flow_run *run, int op, const flow_frame *frame, const char *(*print)(bisection *, const void *, const char **)) {
  bisect_finding *f = &b->out->finding;
  f->op = arena_strdup(&b->s->ctx->mem, run->ops.at[op].name);
  f->text = print(b, run->ops.at[op].key, &f->location);
  f->where = flow_place(&b->s->ctx->mem, run, frame);
}

static void describe_kernel_op(bisection *b, const flow_run *want, int node) {
  bisect_finding *f = &b->out->finding;
  const flow_op *op = &want->ops.at[want->nodes.at[node].op];
  f->kernel_op = arena_strdup(&b->s->ctx->mem, op->name);
  f->kernel_location = bisect_kernel_op_text(&b->s->ctx->mem, b->graph, op->key);
}

static const char *shape_text(arena *mem, const flow_node *n) {
  text t = text_new(mem);
  for (int d = 0; d < n->rank; d++)
    text_addf(&t, d ? "x%" PRId64 : "%" PRId64, n->shape[d]);
  return n->rank ? text_str(&t) : "one number";
}

static void describe_value(bisection *b, const flow_node *got, const flow_node *want, int64_t element) {
  bisect_finding *f = &b->out->finding;
  f->has_value = true;
  f->element = flow_element(&b->s->ctx->mem, got->rank, got->shape, element);
  f->expected = want->x[element];
  f->got = got->x[element];
  f->bound = (want->e ? want->e[element] : 0) + (got->e ? got->e[element] : 0);
}

/* Nobody wrote the element: the grid or loop that ends too early, or else the operation that should have. */
static void blame_missing(bisection *b, const bisect_outcome *got, const wrong_element *w, const flow_run *want,
                          const char *(*print)(bisection *, const void *, const char **)) {
  const char *name = b->graph->tensors.at[w->tensor].name;
  const flow_run *run = got->flow;
  int last = -1;
  for (size_t i = 0; i < run->nodes.n; i++) {
    const flow_node *n = &run->nodes.at[i];
    if (!text_eq(n->where, name) || n->kind != FLOW_MOVE || n->elems == 0)
      continue;
    last = (int)i;
    if (w->want >= 0 && flow_alike(n, &want->nodes.at[w->want])) {   /* the tile is there, in another place */
      describe_op(b, run, n->op, n->frame, print);
      b->out->finding.why = "what it stores is right, and goes to another place";
      return;
    }
  }
  b->out->finding.why = arena_printf(&b->s->ctx->mem, "nothing writes %s", b->out->finding.result);
  if (last < 0) {
    b->out->finding.op = "none";
    return;
  }
  const flow_frame *f = run->nodes.at[last].frame, *outermost = f;
  while (outermost && outermost->outer)
    outermost = outermost->outer;
  int64_t stores = 0, should = 0;   /* as many as the reference has: their places are wrong; fewer: they do not all run */
  for (size_t i = 0; i < run->nodes.n; i++)
    stores += text_eq(run->nodes.at[i].where, name) && run->nodes.at[i].op == run->nodes.at[last].op && run->nodes.at[i].elems > 0;
  for (size_t i = 0; w->want >= 0 && i < want->nodes.n; i++)
    should += want->nodes.at[i].op == want->nodes.at[w->want].op;
  if (outermost && stores < should)
    describe_op(b, run, outermost->op, NULL, print);
  else
    describe_op(b, run, run->nodes.at[last].op, f, print);
}

/* Is this what the operation of node `want` stores at some place? */
static bool is_stored_somewhere(const flow_run *r, int want, const flow_node *tile) {
  for (size_t i = 0; i < r->nodes.n; i++)
    if (r->nodes.at[i].op == r->nodes.at[want].op && r->nodes.at[i].kind == r->nodes.at[want].kind && flow_alike(tile, &r->nodes.at[i]))
      return true;
  return false;
}

static void blame(bisection *b, const bisect_reference *want, const bisect_outcome *got, const wrong_element *w,
                  const char *(*print)(bisection *, const void *, const char **)) {
  const flow_run *should = want->run->flow, *run = got->flow;
  bisect_finding *f = &b->out->finding;
  if (w->want >= 0)
    describe_kernel_op(b, should, w->want);
  if (w->got < 0) {
    blame_missing(b, got, w, should, print);
    return;
  }
  const flow_node *store = &run->nodes.at[w->got];
  if (w->want < 0 || is_stored_somewhere(should, w->want, store)) {
    describe_op(b, run, store->op, store->frame, print);
    f->why = w->want < 0 ? "it writes what the kernel leaves alone" : "what it stores is right, and goes to another place";
    return;
  }
  flow_known known = {b->constants.at, b->constants.n};
  flow_parting p = flow_find_parting(&b->passing, run, w->got, should, w->want, &known);
  const flow_node *n = &run->nodes.at[p.node];
  describe_op(b, run, p.loop >= 0 ? p.loop : n->op, p.loop >= 0 ? n->frame->outer : n->frame, print);
  if (p.loop >= 0)
    f->why = arena_printf(&b->s->ctx->mem, "it runs %" PRId64 " rounds; the kernel's loop has %" PRId64, p.rounds, p.rounds_wanted);
  if (p.want >= 0)
    describe_kernel_op(b, should, p.want);
  else
    f->why = arena_printf(&b->s->ctx->mem, "its tile is %s, and the kernel makes none of that size here", shape_text(&b->s->ctx->mem, n));
  if (p.want >= 0 && p.element >= 0 && p.loop < 0)
    describe_value(b, n, &should->nodes.at[p.want], p.element);
}

const char *compile_bisect_status_text(bisect_status s) {
  static const char *const texts[] = {
#define X(id, text) text,
      BISECT_STATUS_LIST(X)
#undef X
  };
  return texts[s];
}

loom_status bisect_judge(bisection *b, const char *stage, const bisect_reference *want, const bisect_outcome *got, bisect_stage *row,
                         const char *(*print)(bisection *, const void *, const char **)) {
  bisect_finding *f = &b->out->finding;
  row->status = BISECT_OK;
  if (got->stop.end == BISECT_UNKNOWN || got->stop.end == BISECT_FULL) {
    row->status = BISECT_SKIPPED;
    row->why = arena_strdup(&b->s->ctx->mem, got->stop.why);
    return LOOM_OK;
  }
  if (got->stop.end == BISECT_BROKE) {
    describe_op(b, got->flow, flow_op_of(got->flow, got->stop.op.ptr, NULL, LOOM_NOSPAN), got->stop.frame, print);
    f->why = arena_strdup(&b->s->ctx->mem, got->stop.why);
  } else {
    wrong_element w = find_wrong(b, want, got, row);
    if (w.tensor < 0 && !got->fault)
      return LOOM_OK;
    if (w.tensor >= 0) {
      describe_result(b, want, got, &w);
      blame(b, want, got, &w, print);
    }
    if (got->fault && (!f->op || w.got < 0))
      f->why = got->fault;
  }
  row->status = BISECT_DIVERGES;
  b->out->found = true;
  f->stage = stage;
  return LOOM_OK;
}

/* ---- as JSON ---- */
static void set_text(arena *m, data_value *v, const char *key, const char *s) {
  if (s && *s)
    data_set_string(m, v, key, s);
}

static void set_number(arena *m, data_value *v, const char *key, double x) {
  if (isfinite(x))
    data_set_real(m, v, key, x);
  else
    data_set_string(m, v, key, isnan(x) ? "nan" : x > 0 ? "inf" : "-inf");
}

data_value *compile_bisection_data(arena *m, const compile_bisection *b) {
  data_value *v = data_object(m), *stages = data_array(m);
  const bisect_finding *f = &b->finding;
  data_set_bool(m, v, "ok", !b->found);
  if (b->found) {
    set_text(m, v, "stage", f->stage);
    set_text(m, v, "op", f->op);
    set_text(m, v, "text", f->text);
    set_text(m, v, "location", f->location);
    set_text(m, v, "kernel_op", f->kernel_op);
    set_text(m, v, "kernel_location", f->kernel_location);
    set_text(m, v, "where", f->where);
    set_text(m, v, "why", f->why);
    if (f->has_value) {
      set_text(m, v, "element", f->element);
      set_number(m, v, "expected", f->expected);
      set_number(m, v, "got", f->got);
      set_number(m, v, "bound", f->bound);
    }
    if (f->result) {
      data_value *r = data_object(m);
      set_text(m, r, "element", f->result);
      set_number(m, r, "expected", f->result_expected);
      set_number(m, r, "got", f->result_got);
      set_number(m, r, "bound", f->result_bound);
      data_set(m, v, "result", r);
    }
  }
  for (size_t i = 0; i < b->stages.n; i++) {
    const bisect_stage *s = &b->stages.at[i];
    data_value *o = data_object(m);
    data_set_string(m, o, "name", s->name);
    data_set_string(m, o, "status", compile_bisect_status_text(s->status));
    set_text(m, o, "why", s->why);
    if (s->elems) {
      data_set_int(m, o, "elems", s->elems);
      data_set_int(m, o, "wrong", s->wrong);
    }
    data_push(m, stages, o);
  }
  data_set(m, v, "stages", stages);
  return v;
}
