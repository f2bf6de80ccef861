/* loom.nest.v1: the text form of a nest.  Expressions are strings in sym's infix form; values, loops and tensors are named by index. */
#include "nest/nest.h"
#include "base/text.h"

static const char *const loop_kinds[] = {"parallel", "sequential"};

/* ---- writing ---- */

static void set_expr(arena *m, data_value *o, const char *key, const sym_expr *e) {
  if (e)
    data_set_string(m, o, key, sym_str(m, e));
}

static data_value *shape_to_data(arena *m, const int64_t *shape, int rank) {
  data_value *a = data_array(m);
  for (int d = 0; d < rank; d++)
    data_push(m, a, data_int(m, shape[d]));
  return a;
}

static data_value *node_to_data(arena *m, const nest_node *x);

static data_value *body_to_data(arena *m, const nest_body *b) {
  data_value *a = data_array(m);
  for (size_t i = 0; i < b->n; i++)
    data_push(m, a, node_to_data(m, b->at[i]));
  return a;
}

static data_value *access_dims_to_data(arena *m, const nest_node *x) {
  data_value *a = data_array(m);
  for (int d = 0; d < x->n_dims; d++) {
    data_value *o = data_object(m);
    data_set_int(m, o, "loop", x->dim[d].loop);
    set_expr(m, o, "offset", x->dim[d].offset);
    set_expr(m, o, "size", x->dim[d].size);
    if (x->dim[d].dropped)
      data_set_bool(m, o, "dropped", true);
    data_push(m, a, o);
  }
  return a;
}

static void set_inputs(arena *m, data_value *o, const nest_node *x) {
  data_value *in = data_array(m);
  for (size_t i = 0; i < x->inputs.n; i++)
    data_push(m, in, data_int(m, x->inputs.at[i]));
  data_set(m, o, "inputs", in);
}

static void set_same_place(arena *m, data_value *o, const nest_node *x) {
  data_value *a = data_array(m);
  for (size_t i = 0; i < x->inputs.n && i < 32; i++)
    if (x->same_place >> i & 1)
      data_push(m, a, data_int(m, (int64_t)i));
  if (x->same_place)
    data_set(m, o, "same_place", a);
}

static void set_only_first(arena *m, data_value *o, const nest_node *x) {
  if (x->only_first >= 0)
    data_set_int(m, o, "only_first", x->only_first);
}

static data_value *node_to_data(arena *m, const nest_node *x) {
  data_value *o = data_object(m);
  switch (x->kind) {
  case NEST_LOOP:
    data_set_int(m, o, "loop", x->loop);
    if (x->label)
      data_set_string(m, o, "label", x->label);
    set_only_first(m, o, x);
    data_set(m, o, "body", body_to_data(m, &x->body));
    return o;
  case NEST_LOAD:
  case NEST_STORE:
    data_set_int(m, o, x->kind == NEST_LOAD ? "load" : "store", x->tensor);
    data_set(m, o, "dims", access_dims_to_data(m, x));
    break;
  case NEST_GATHER:
    data_set_int(m, o, "gather", x->across);
    set_inputs(m, o, x);
    break;
  case NEST_COMPUTE:
    data_set_string(m, o, "compute", x->op);
    if (x->body_ops)
      data_set_string(m, o, "body_ops", x->body_ops);
    set_inputs(m, o, x);
    set_same_place(m, o, x);
    set_expr(m, o, "m", x->m);
    set_expr(m, o, "n", x->n);
    set_expr(m, o, "k", x->k);
    set_expr(m, o, "batch", x->batch);
    break;
  }
  data_set_int(m, o, "value", x->value);
  set_only_first(m, o, x);
  if (x->label)
    data_set_string(m, o, "label", x->label);
  return o;
}

static data_value *symbol_to_data(arena *m, const nest_symbol *s) {
  data_value *o = data_object(m);
  data_set_string(m, o, "name", s->name);
  set_expr(m, o, "upper_bound", s->upper_bound);
  data_set_int(m, o, "align", s->align);
  data_set_bool(m, o, "is_reduction", s->is_reduction);
  data_set_bool(m, o, "divides", s->divides);
  if (s->fixed)
    data_set_int(m, o, "fixed", s->fixed);
  if (s->covers_one)
    data_set_bool(m, o, "covers_one", true);
  return o;
}

static data_value *loop_to_data(arena *m, const nest_loop *l) {
  data_value *o = data_object(m);
  data_set_string(m, o, "block", l->block);
  data_set_string(m, o, "kind", loop_kinds[l->kind]);
  set_expr(m, o, "extent", l->extent);
  set_expr(m, o, "clamp", l->clamp);
  data_set_bool(m, o, "divides", l->divides);
  data_set_int(m, o, "parent", l->parent);
  return o;
}

static data_value *tensor_to_data(arena *m, const nest_tensor *t) {
  data_value *o = data_object(m);
  data_set_string(m, o, "name", t->name);
  data_set_string(m, o, "type", dtype_mlir(t->type));
  data_set(m, o, "shape", shape_to_data(m, t->shape, t->rank));
  if (nest_tensor_is_view(t))
    data_set(m, o, "strides", shape_to_data(m, t->stride, t->rank));
  if (t->has_lookup) {
    data_value *l = data_object(m);
    data_set_int(m, l, "dim", t->lookup_dim);
    data_set_int(m, l, "index", t->lookup_arg);
    data_set_int(m, l, "rows", t->lookup_rows);
    data_set(m, o, "lookup", l);
  }
  data_set_int(m, o, "arg", t->arg);
  data_set_bool(m, o, "is_output", t->is_output);
  if (t->l1_page) {
    data_set_int(m, o, "l1_page", t->l1_page);
    data_set_int(m, o, "l1_offset", t->l1_offset);
  }
  return o;
}

static data_value *value_to_data(arena *m, const nest_value *x) {
  data_value *o = data_object(m), *dims = data_array(m);
  data_set_string(m, o, "name", x->name);
  data_set_string(m, o, "type", dtype_mlir(x->type));
  for (int d = 0; d < x->rank; d++)
    data_push(m, dims, data_string(m, sym_str(m, x->dim[d])));
  data_set(m, o, "dims", dims);
  if (x->is_carried)
    data_set_bool(m, o, "is_carried", true);
  if (x->memory)
    data_set_int(m, o, "memory", x->memory);
  return o;
}

data_value *nest_to_data(arena *m, const nest *n) {
  data_value *v = data_object(m), *symbols = data_array(m), *loops = data_array(m), *tensors = data_array(m), *values = data_array(m);
  data_set_string(m, v, "schema", "loom.nest.v1");
  data_set_string(m, v, "kernel", n->kernel);
  data_set_string(m, v, "type", dtype_mlir(n->type));
  for (size_t i = 0; i < n->symbols.n; i++)
    data_push(m, symbols, symbol_to_data(m, &n->symbols.at[i]));
  for (size_t i = 0; i < n->loops.n; i++)
    data_push(m, loops, loop_to_data(m, &n->loops.at[i]));
  for (size_t i = 0; i < n->tensors.n; i++)
    data_push(m, tensors, tensor_to_data(m, &n->tensors.at[i]));
  for (size_t i = 0; i < n->values.n; i++)
    data_push(m, values, value_to_data(m, &n->values.at[i]));
  data_set(m, v, "symbols", symbols);
  data_set(m, v, "loops", loops);
  data_set(m, v, "tensors", tensors);
  data_set(m, v, "values", values);
  data_set(m, v, "body", body_to_data(m, &n->body));
  return v;
}

/* ---- reading ---- */

#define READ_ARRAY(ctx, v, key, out) LOOM_TRY(data_need((ctx), (v), (key), DATA_ARRAY, (out)))

static loom_status read_expr(loom_ctx *ctx, const data_value *o, const char *key, bool needed, const sym_expr **out) {
  *out = NULL;
  if (!needed && !data_get(o, key))
    return LOOM_OK;
  data_value *v;
  LOOM_TRY(data_need(ctx, o, key, DATA_STRING, &v));
  return sym_parse(ctx, v->span, v->string, out);
}

static loom_status read_bool(loom_ctx *ctx, const data_value *o, const char *key, bool *out) {
  *out = false;
  if (!data_get(o, key))
    return LOOM_OK;
  data_value *v;
  LOOM_TRY(data_need(ctx, o, key, DATA_BOOL, &v));
  *out = v->boolean;
  return LOOM_OK;
}

static loom_status read_type(loom_ctx *ctx, const data_value *o, dtype *out) {
  data_value *v;
  LOOM_TRY(data_need(ctx, o, "type", DATA_STRING, &v));
  if (!dtype_parse(v->string, out))
    LOOM_FAIL(ctx, v->span, LOOM_EINPUT, "unknown element type '%s'", v->string);
  return LOOM_OK;
}

static loom_status read_text(loom_ctx *ctx, const data_value *o, const char *key, const char **out) {
  *out = NULL;
  return data_get(o, key) ? data_need_string(ctx, o, key, out) : LOOM_OK;
}

static loom_status read_index(loom_ctx *ctx, const data_value *o, const char *key, int64_t lo, size_t n, int *out) {
  int64_t i;
  LOOM_TRY(data_need_int(ctx, o, key, lo, (int64_t)n - 1, &i));
  *out = (int)i;
  return LOOM_OK;
}

static loom_status check_rank(loom_ctx *ctx, const data_value *a, const char *what) {
  if (a->n > NEST_RANK_MAX)
    LOOM_FAIL(ctx, a->span, LOOM_ELIMIT, "%s has %zu dims; at most %d are supported", what, a->n, NEST_RANK_MAX);
  return LOOM_OK;
}

static loom_status read_symbols(loom_ctx *ctx, const data_value *a, nest *n) {
  for (size_t i = 0; i < a->n; i++) {
    nest_symbol s = {0};
    LOOM_TRY(data_need_string(ctx, a->items[i], "name", &s.name));
    LOOM_TRY(read_expr(ctx, a->items[i], "upper_bound", false, &s.upper_bound));
    LOOM_TRY(data_need_int(ctx, a->items[i], "align", 1, INT32_MAX, &s.align));
    LOOM_TRY(read_bool(ctx, a->items[i], "is_reduction", &s.is_reduction));
    LOOM_TRY(read_bool(ctx, a->items[i], "divides", &s.divides));
    if (data_get(a->items[i], "fixed"))
      LOOM_TRY(data_need_int(ctx, a->items[i], "fixed", 1, INT32_MAX, &s.fixed));
    LOOM_TRY(read_bool(ctx, a->items[i], "covers_one", &s.covers_one));
    vec_push(&ctx->mem, &n->symbols, s);
  }
  return LOOM_OK;
}

static loom_status read_loops(loom_ctx *ctx, const data_value *a, nest *n) {
  if (a->n > NEST_LOOPS_MAX)
    LOOM_FAIL(ctx, a->span, LOOM_ELIMIT, "%zu loops; at most %d are supported", a->n, NEST_LOOPS_MAX);
  for (size_t i = 0; i < a->n; i++) {
    nest_loop l = {0};
    data_value *kind;
    LOOM_TRY(data_need_string(ctx, a->items[i], "block", &l.block));
    LOOM_TRY(data_need(ctx, a->items[i], "kind", DATA_STRING, &kind));
    if (!text_eq(kind->string, loop_kinds[0]) && !text_eq(kind->string, loop_kinds[1]))
      LOOM_FAIL(ctx, kind->span, LOOM_EINPUT, "loop kind is '%s'; must be parallel or sequential", kind->string);
    l.kind = text_eq(kind->string, loop_kinds[0]) ? NEST_PARALLEL : NEST_SEQUENTIAL;
    LOOM_TRY(read_expr(ctx, a->items[i], "extent", true, &l.extent));
    LOOM_TRY(read_expr(ctx, a->items[i], "clamp", false, &l.clamp));
    LOOM_TRY(read_bool(ctx, a->items[i], "divides", &l.divides));
    LOOM_TRY(read_index(ctx, a->items[i], "parent", -1, a->n, &l.parent));
    n->n_parallel += l.kind == NEST_PARALLEL;
    vec_push(&ctx->mem, &n->loops, l);
  }
  return LOOM_OK;
}

static loom_status read_strides(loom_ctx *ctx, const data_value *o, nest_tensor *t) {
  if (!data_get(o, "strides"))
    return LOOM_OK;
  data_value *a;
  READ_ARRAY(ctx, o, "strides", &a);
  if (a->n != (size_t)t->rank)
    LOOM_FAIL(ctx, a->span, LOOM_EINPUT, "tensor '%s' has %d dims and %zu strides", t->name, t->rank, a->n);
  for (size_t d = 0; d < a->n; d++) {
    if (a->items[d]->kind != DATA_INT || a->items[d]->integer < 1)
      LOOM_FAIL(ctx, a->items[d]->span, LOOM_EINPUT, "a tensor's stride must be an integer of at least 1");
    t->stride[d] = a->items[d]->integer;
  }
  return LOOM_OK;
}

static loom_status read_lookup(loom_ctx *ctx, const data_value *o, nest_tensor *t) {
  data_value *l;
  int64_t dim, arg;
  if (!data_get(o, "lookup"))
    return LOOM_OK;
  LOOM_TRY(data_need(ctx, o, "lookup", DATA_OBJECT, &l));
  LOOM_TRY(data_need_int(ctx, l, "dim", 0, t->rank - 1, &dim));
  LOOM_TRY(data_need_int(ctx, l, "index", 0, INT32_MAX, &arg));
  LOOM_TRY(data_need_int(ctx, l, "rows", 1, INT64_MAX, &t->lookup_rows));
  t->has_lookup = true;
  t->lookup_dim = (int)dim;
  t->lookup_arg = (int)arg;
  return LOOM_OK;
}

static loom_status read_tensors(loom_ctx *ctx, const data_value *a, nest *n) {
  for (size_t i = 0; i < a->n; i++) {
    nest_tensor t = {0};
    data_value *shape;
    int64_t arg;
    LOOM_TRY(data_need_string(ctx, a->items[i], "name", &t.name));
    LOOM_TRY(read_type(ctx, a->items[i], &t.type));
    READ_ARRAY(ctx, a->items[i], "shape", &shape);
    LOOM_TRY(check_rank(ctx, shape, "a tensor"));
    for (size_t d = 0; d < shape->n; d++) {
      if (shape->items[d]->kind != DATA_INT || shape->items[d]->integer < 0)
        LOOM_FAIL(ctx, shape->items[d]->span, LOOM_EINPUT, "a tensor's extent must be an integer of at least 0");
      t.shape[d] = shape->items[d]->integer;
    }
    t.rank = (int)shape->n;
    LOOM_TRY(read_strides(ctx, a->items[i], &t));
    LOOM_TRY(read_lookup(ctx, a->items[i], &t));
    LOOM_TRY(data_need_int(ctx, a->items[i], "arg", -1, INT32_MAX, &arg));
    t.arg = (int)arg;
    LOOM_TRY(read_bool(ctx, a->items[i], "is_output", &t.is_output));
    if (data_get(a->items[i], "l1_page")) {
      LOOM_TRY(data_need_int(ctx, a->items[i], "l1_page", 1, INT32_MAX, &t.l1_page));
      LOOM_TRY(data_need_int(ctx, a->items[i], "l1_offset", 0, INT64_MAX, &t.l1_offset));
    }
    vec_push(&ctx->mem, &n->tensors, t);
  }
  return LOOM_OK;
}

static loom_status read_values(loom_ctx *ctx, const data_value *a, nest *n) {
  for (size_t i = 0; i < a->n; i++) {
    nest_value x = {0};
    data_value *dims;
    LOOM_TRY(data_need_string(ctx, a->items[i], "name", &x.name));
    LOOM_TRY(read_type(ctx, a->items[i], &x.type));
    READ_ARRAY(ctx, a->items[i], "dims", &dims);
    LOOM_TRY(check_rank(ctx, dims, "a value"));
    for (size_t d = 0; d < dims->n; d++) {
      if (dims->items[d]->kind != DATA_STRING)
        LOOM_FAIL(ctx, dims->items[d]->span, LOOM_EINPUT, "a value's dim must be an expression in a string");
      LOOM_TRY(sym_parse(ctx, dims->items[d]->span, dims->items[d]->string, &x.dim[d]));
    }
    x.rank = (int)dims->n;
    LOOM_TRY(read_bool(ctx, a->items[i], "is_carried", &x.is_carried));
    if (data_get(a->items[i], "memory"))
      LOOM_TRY(read_index(ctx, a->items[i], "memory", 0, NEST_MEMORIES_MAX, &x.memory));
    vec_push(&ctx->mem, &n->values, x);
  }
  return LOOM_OK;
}

static loom_status read_access(loom_ctx *ctx, const data_value *o, nest *n, nest_node *x) {
  data_value *dims;
  LOOM_TRY(read_index(ctx, o, x->kind == NEST_LOAD ? "load" : "store", 0, n->tensors.n, &x->tensor));
  READ_ARRAY(ctx, o, "dims", &dims);
  LOOM_TRY(check_rank(ctx, dims, "an access"));
  for (size_t d = 0; d < dims->n; d++) {
    LOOM_TRY(read_index(ctx, dims->items[d], "loop", -1, n->loops.n, &x->dim[d].loop));
    LOOM_TRY(read_expr(ctx, dims->items[d], "offset", false, &x->dim[d].offset));
    x->dim[d].offset = x->dim[d].offset ? x->dim[d].offset : sym_const(&ctx->mem, 0);
    LOOM_TRY(read_expr(ctx, dims->items[d], "size", true, &x->dim[d].size));
    LOOM_TRY(read_bool(ctx, dims->items[d], "dropped", &x->dim[d].dropped));
  }
  x->n_dims = (int)dims->n;
  return LOOM_OK;
}

static loom_status read_inputs(loom_ctx *ctx, const data_value *o, nest *n, nest_node *x) {
  data_value *in;
  READ_ARRAY(ctx, o, "inputs", &in);
  for (size_t i = 0; i < in->n; i++) {
    if (in->items[i]->kind != DATA_INT || in->items[i]->integer < 0 || in->items[i]->integer >= (int64_t)n->values.n)
      LOOM_FAIL(ctx, in->items[i]->span, LOOM_EINPUT, "an input must be the index of one of the %zu values", n->values.n);
    vec_push(&ctx->mem, &x->inputs, (int)in->items[i]->integer);
  }
  return LOOM_OK;
}

static loom_status read_same_place(loom_ctx *ctx, const data_value *o, nest_node *x) {
  if (!data_get(o, "same_place"))
    return LOOM_OK;
  data_value *a;
  READ_ARRAY(ctx, o, "same_place", &a);
  for (size_t i = 0; i < a->n; i++) {
    if (a->items[i]->kind != DATA_INT || a->items[i]->integer < 0 || a->items[i]->integer >= (int64_t)x->inputs.n || a->items[i]->integer >= 32)
      LOOM_FAIL(ctx, a->items[i]->span, LOOM_EINPUT, "same_place must name some of the %zu inputs by their position", x->inputs.n);
    x->same_place |= 1u << a->items[i]->integer;
  }
  return LOOM_OK;
}

static loom_status read_compute(loom_ctx *ctx, const data_value *o, nest *n, nest_node *x) {
  LOOM_TRY(data_need_string(ctx, o, "compute", &x->op));
  LOOM_TRY(read_text(ctx, o, "body_ops", &x->body_ops));
  LOOM_TRY(read_inputs(ctx, o, n, x));
  x->is_move = text_eq(x->op, "move");
  LOOM_TRY(read_same_place(ctx, o, x));
  LOOM_TRY(read_expr(ctx, o, "m", false, &x->m));
  LOOM_TRY(read_expr(ctx, o, "n", false, &x->n));
  LOOM_TRY(read_expr(ctx, o, "k", false, &x->k));
  return read_expr(ctx, o, "batch", false, &x->batch);
}

static loom_status read_body(loom_ctx *ctx, const data_value *a, nest *n, nest_body *out, int depth);

static loom_status read_node(loom_ctx *ctx, const data_value *o, nest *n, nest_node *x, int depth) {
  LOOM_TRY(read_text(ctx, o, "label", &x->label));
  if (data_get(o, "only_first"))
    LOOM_TRY(read_index(ctx, o, "only_first", 0, (size_t)n->n_parallel, &x->only_first));
  if (data_get(o, "loop")) {
    data_value *body;
    x->kind = NEST_LOOP;
    LOOM_TRY(read_index(ctx, o, "loop", n->n_parallel, n->loops.n, &x->loop));
    READ_ARRAY(ctx, o, "body", &body);
    return read_body(ctx, body, n, &x->body, depth + 1);
  }
  if (data_get(o, "compute")) {
    x->kind = NEST_COMPUTE;
    LOOM_TRY(read_compute(ctx, o, n, x));
  } else if (data_get(o, "load") || data_get(o, "store")) {
    x->kind = data_get(o, "load") ? NEST_LOAD : NEST_STORE;
    LOOM_TRY(read_access(ctx, o, n, x));
  } else if (data_get(o, "gather")) {
    x->kind = NEST_GATHER;
    LOOM_TRY(read_index(ctx, o, "gather", 0, (size_t)n->n_parallel, &x->across));
    LOOM_TRY(read_inputs(ctx, o, n, x));
  } else {
    LOOM_FAIL(ctx, o->span, LOOM_EINPUT, "a node must have one of the keys loop, load, store, compute, gather");
  }
  LOOM_TRY(read_index(ctx, o, "value", 0, n->values.n, &x->value));
  nest_value *made = &n->values.at[x->value];
  if (x->kind != NEST_STORE && !made->def)
    made->def = x;
  return LOOM_OK;
}

static loom_status read_body(loom_ctx *ctx, const data_value *a, nest *n, nest_body *out, int depth) {
  if (depth > NEST_LOOPS_MAX)
    LOOM_FAIL(ctx, a->span, LOOM_ELIMIT, "loops are nested deeper than %d", NEST_LOOPS_MAX);
  for (size_t i = 0; i < a->n; i++) {
    nest_node *x = nest_make_node(&ctx->mem, NEST_COMPUTE);
    LOOM_TRY(read_node(ctx, a->items[i], n, x, depth));
    vec_push(&ctx->mem, out, x);
  }
  return LOOM_OK;
}

loom_status nest_from_data(loom_ctx *ctx, const data_value *v, nest **out) {
  nest *n = ARENA_NEW(&ctx->mem, nest);
  data_value *a;
  LOOM_TRY(data_need_schema(ctx, v, "loom.nest.v1"));
  LOOM_TRY(data_need_string(ctx, v, "kernel", &n->kernel));
  LOOM_TRY(read_type(ctx, v, &n->type));
  READ_ARRAY(ctx, v, "symbols", &a);
  LOOM_TRY(read_symbols(ctx, a, n));
  READ_ARRAY(ctx, v, "loops", &a);
  LOOM_TRY(read_loops(ctx, a, n));
  READ_ARRAY(ctx, v, "tensors", &a);
  LOOM_TRY(read_tensors(ctx, a, n));
  READ_ARRAY(ctx, v, "values", &a);
  LOOM_TRY(read_values(ctx, a, n));
  READ_ARRAY(ctx, v, "body", &a);
  LOOM_TRY(read_body(ctx, a, n, &n->body, 0));
  LOOM_TRY(nest_verify(ctx, n));
  *out = n;
  return LOOM_OK;
}
