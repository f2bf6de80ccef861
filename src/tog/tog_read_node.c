/* Nodes of loom.tog.v1.  A node is an object whose first key is its kind: {"load": "x", "to": "a", ...}. */
#include "tog/tog_read.h"
#include <string.h>

/* ---- expressions and names ---- */

static loom_status read_expr_value(tog_reader *r, const data_value *v, const char *what, const sym_expr **out) {
  if (v->kind == DATA_INT) {
    *out = sym_const(&r->ctx->mem, v->integer);
    return LOOM_OK;
  }
  if (v->kind != DATA_STRING)
    LOOM_FAIL(r->ctx, v->span, LOOM_EINPUT, "'%s' must be a whole number or the text of an expression, not %s", what, data_kind_name(v->kind));
  loom_span span = v->span;
  if (span.line > 0)
    span.col++;   /* behind the quote */
  return sym_parse(r->ctx, span, v->string, out);
}

static loom_status read_expr(tog_reader *r, const data_value *v, const char *key, const sym_expr **out) {
  const data_value *x = data_get(v, key);
  if (!x)
    LOOM_FAIL(r->ctx, v->span, LOOM_EINPUT, "'%s' is missing", key);
  return read_expr_value(r, x, key, out);
}

static loom_status read_optional(tog_reader *r, const data_value *v, const char *key, const sym_expr **out) {
  return data_get(v, key) ? read_expr(r, v, key, out) : LOOM_OK;
}

static loom_status read_exprs(tog_reader *r, const data_value *v, const char *key, int n, const sym_expr **out) {
  data_value *a;
  LOOM_TRY(tog_read_items(r, v, key, n, n, &a));
  for (int i = 0; i < n; i++)
    LOOM_TRY(read_expr_value(r, a->items[i], key, &out[i]));
  return LOOM_OK;
}

/* Index of the declared thing called by member `key`. */
#define READ_NAME(r, v, key, list, noun, out)                                                                            \
  do {                                                                                                                   \
    const char **names_ = ARENA_NEW_N(&(r)->ctx->mem, const char *, (list).n);                                           \
    for (size_t i_ = 0; i_ < (list).n; i_++)                                                                             \
      names_[i_] = (list).at[i_].name;                                                                                   \
    LOOM_TRY(find_name((r), (v), (key), (noun), names_, (list).n, (out)));                                               \
  } while (0)

static loom_status find_name(tog_reader *r, const data_value *v, const char *key, const char *noun, const char *const *names, size_t n, int *out) {
  const char *name;
  LOOM_TRY(data_need_string(r->ctx, v, key, &name));
  for (size_t i = 0; i < n; i++)
    if (strcmp(names[i], name) == 0) {
      *out = (int)i;
      return LOOM_OK;
    }
  diag_error(r->ctx, data_get(v, key)->span, LOOM_EINPUT, "there is no %s '%s'", noun, name);
  const char *near = diag_nearest(name, names, n);
  if (near)
    diag_help(r->ctx, "did you mean '%s'?", near);
  return LOOM_EINPUT;
}

static loom_status read_buffer_name(tog_reader *r, const data_value *v, const char *key, int *out) {
  READ_NAME(r, v, key, r->t->buffers, "buffer", out);
  return LOOM_OK;
}

/* ---- nodes ---- */

static loom_status read_counts(tog_reader *r, const data_value *v, const char *key, int64_t lo, int64_t *out, int *n) {
  data_value *a;
  LOOM_TRY(tog_read_items(r, v, key, *n < 0 ? 0 : *n, *n < 0 ? TOG_RANK_MAX : *n, &a));
  for (size_t d = 0; d < a->n; d++) {
    if (a->items[d]->kind != DATA_INT || a->items[d]->integer < lo)
      LOOM_FAIL(r->ctx, a->items[d]->span, LOOM_EINPUT, "an entry of '%s' must be a whole number of at least %" PRId64, key, lo);
    out[d] = a->items[d]->integer;
  }
  *n = (int)a->n;
  return LOOM_OK;
}

static loom_status read_lookup(tog_reader *r, const data_value *view, tog_box *b) {
  static const char *const keys[] = {"dim", "index", "rows"};
  data_value *l;
  int64_t dim;
  if (!data_get(view, "lookup"))
    return LOOM_OK;
  LOOM_TRY(data_need(r->ctx, view, "lookup", DATA_OBJECT, &l));
  LOOM_TRY(data_only_keys(r->ctx, l, keys, 3));
  LOOM_TRY(data_need_int(r->ctx, l, "dim", 0, b->rank - 1, &dim));
  LOOM_TRY(data_need_int(r->ctx, l, "rows", 1, INT64_MAX, &b->lookup_rows));
  READ_NAME(r, l, "index", r->t->tensors, "tensor", &b->lookup_tensor);
  b->has_lookup = true;
  b->lookup_dim = (int)dim;
  return LOOM_OK;
}

static loom_status read_view(tog_reader *r, const data_value *v, tog_box *b) {
  static const char *const keys[] = {"shape", "strides", "lookup"};
  data_value *view;
  LOOM_TRY(data_need(r->ctx, v, "view", DATA_OBJECT, &view));
  LOOM_TRY(data_only_keys(r->ctx, view, keys, 3));
  b->has_view = true;
  b->rank = -1;
  LOOM_TRY(read_counts(r, view, "shape", 1, b->view_shape, &b->rank));
  LOOM_TRY(read_counts(r, view, "strides", 0, b->view_stride, &b->rank));
  return read_lookup(r, view, b);
}

static loom_status read_box(tog_reader *r, const data_value *v, const char *key, tog_box *b) {
  READ_NAME(r, v, key, r->t->tensors, "tensor", &b->tensor);
  b->rank = r->t->tensors.at[b->tensor].rank;
  if (data_get(v, "view"))
    LOOM_TRY(read_view(r, v, b));
  LOOM_TRY(read_exprs(r, v, "offset", b->rank, b->offset));
  LOOM_TRY(read_exprs(r, v, "extent", b->rank, b->extent));
  for (int d = 0; d < b->rank; d++)
    b->to_dim[d] = d;
  if (!data_get(v, "dims"))
    return LOOM_OK;
  data_value *dims;
  LOOM_TRY(tog_read_items(r, v, "dims", b->rank, b->rank, &dims));
  for (int d = 0; d < b->rank; d++) {
    const data_value *x = dims->items[d];
    if (x->kind != DATA_INT || x->integer < -1 || x->integer >= TOG_RANK_MAX)
      LOOM_FAIL(r->ctx, x->span, LOOM_EINPUT, "an entry of 'dims' must be a dim of the buffer, or -1 for a dropped one");
    b->to_dim[d] = (int)x->integer;
  }
  return LOOM_OK;
}

static loom_status read_loop(tog_reader *r, const data_value *v, int depth, tog_node *n) {
  static const char *const keys[] = {"loop", "trip", "body", "label"};
  data_value *body;
  LOOM_TRY(data_only_keys(r->ctx, v, keys, 4));
  LOOM_TRY(data_need_string(r->ctx, v, "loop", &n->var));
  LOOM_TRY(read_expr(r, v, "trip", &n->trip));
  LOOM_TRY(data_need(r->ctx, v, "body", DATA_ARRAY, &body));
  if (depth >= TOG_DEPTH_MAX)
    LOOM_FAIL(r->ctx, v->span, LOOM_ELIMIT, "loops are nested deeper than %d", TOG_DEPTH_MAX);
  return tog_read_body(r, body, depth + 1, &n->body);
}

static loom_status read_group(tog_reader *r, const data_value *v, tog_node *n) {
  static const char *const keys[] = {"ul", "lr", "sender", "chain"};
  data_value *g, *chain;
  LOOM_TRY(data_need(r->ctx, v, "multicast", DATA_OBJECT, &g));
  LOOM_TRY(data_only_keys(r->ctx, g, keys, 4));
  n->has_group = true;
  LOOM_TRY(read_exprs(r, g, "ul", r->t->n_mesh, n->group.ul));
  LOOM_TRY(read_exprs(r, g, "lr", r->t->n_mesh, n->group.lr));
  LOOM_TRY(read_exprs(r, g, "sender", r->t->n_mesh, n->group.sender));
  if (!data_get(g, "chain"))
    return LOOM_OK;
  LOOM_TRY(tog_read_items(r, g, "chain", r->t->n_mesh, r->t->n_mesh, &chain));
  for (size_t d = 0; d < chain->n; d++) {
    if (chain->items[d]->kind != DATA_BOOL)
      LOOM_FAIL(r->ctx, chain->items[d]->span, LOOM_EINPUT, "an entry of 'chain' must be true or false, one a mesh dim");
    n->group.chain[d] = chain->items[d]->boolean;
  }
  return LOOM_OK;
}

static loom_status read_load(tog_reader *r, const data_value *v, tog_node *n) {
  static const char *const keys[] = {"load", "to", "view", "offset", "extent", "dims", "at", "opens", "closes", "multicast", "label"};
  LOOM_TRY(data_only_keys(r->ctx, v, keys, sizeof keys / sizeof *keys));
  LOOM_TRY(read_buffer_name(r, v, "to", &n->buffer));
  LOOM_TRY(read_box(r, v, "load", &n->box));
  if (data_get(v, "at"))
    LOOM_TRY(read_exprs(r, v, "at", r->t->buffers.at[n->buffer].rank, n->at));
  LOOM_TRY(read_optional(r, v, "opens", &n->opens));
  LOOM_TRY(read_optional(r, v, "closes", &n->closes));
  return data_get(v, "multicast") ? read_group(r, v, n) : LOOM_OK;
}

static loom_status read_store(tog_reader *r, const data_value *v, tog_node *n) {
  static const char *const keys[] = {"store", "from", "view", "offset", "extent", "dims", "label"};
  LOOM_TRY(data_only_keys(r->ctx, v, keys, 7));
  LOOM_TRY(read_buffer_name(r, v, "from", &n->buffer));
  return read_box(r, v, "store", &n->box);
}

static loom_status read_give(tog_reader *r, const data_value *v, tog_node *n) {
  static const char *const keys[] = {"give", "thread", "wait", "label"};
  const char *thread;
  LOOM_TRY(data_only_keys(r->ctx, v, keys, 4));
  LOOM_TRY(tog_read_flag(r, v, "wait", &n->waits));
  LOOM_TRY(read_buffer_name(r, v, "give", &n->buffer));
  LOOM_TRY(data_need_string(r->ctx, v, "thread", &thread));
  for (n->thread = TOG_READER; n->thread < TOG_THREADS; n->thread++)
    if (strcmp(thread, tog_thread_name(n->thread)) == 0)
      return LOOM_OK;
  LOOM_FAIL(r->ctx, data_get(v, "thread")->span, LOOM_EINPUT, "there is no thread '%s'; expected reader, compute or writer", thread);
}

static loom_status read_slot_node(tog_reader *r, const data_value *v, const char *kind, tog_node *n) {
  const char *const keys[] = {kind, "label"};
  LOOM_TRY(data_only_keys(r->ctx, v, keys, 2));
  return read_buffer_name(r, v, kind, &n->buffer);
}

static loom_status read_use(tog_reader *r, const data_value *v, tog_use *u) {
  static const char *const keys[] = {"read", "write", "update", "wait"};
  LOOM_TRY(data_only_keys(r->ctx, v, keys, 4));
  int found = 0;
  for (int a = TOG_READ; a <= TOG_UPDATE; a++)
    if (data_get(v, keys[a])) {
      found++;
      u->access = (tog_access)a;
    }
  if (found != 1)
    LOOM_FAIL(r->ctx, v->span, LOOM_EINPUT, "an entry of 'uses' must have exactly one of read, write and update");
  LOOM_TRY(read_buffer_name(r, v, keys[u->access], &u->buffer));
  return tog_read_flag(r, v, "wait", &u->wait);
}

static loom_status read_numbers(tog_reader *r, const data_value *v, tog_node *n) {
  data_value *a;
  if (!data_get(v, "numbers"))
    return LOOM_OK;
  LOOM_TRY(tog_read_items(r, v, "numbers", 0, INT32_MAX, &a));
  for (size_t i = 0; i < a->n; i++) {
    const sym_expr *e;
    LOOM_TRY(read_expr_value(r, a->items[i], "numbers", &e));
    vec_push(&r->ctx->mem, &n->numbers, e);
  }
  return LOOM_OK;
}

static loom_status read_compute(tog_reader *r, const data_value *v, tog_node *n) {
  static const char *const keys[] = {"compute", "unit", "uses", "args", "numbers", "cycles", "active", "label"};
  data_value *a;
  LOOM_TRY(data_only_keys(r->ctx, v, keys, 8));
  n->function = -1;
  if (data_get(v, "compute")->kind != DATA_NULL)
    READ_NAME(r, v, "compute", r->t->functions, "function", &n->function);
  if (data_get(v, "unit"))
    LOOM_TRY(data_need_string(r->ctx, v, "unit", &n->unit));
  LOOM_TRY(tog_read_items(r, v, "uses", 0, INT32_MAX, &a));
  for (size_t i = 0; i < a->n; i++) {
    tog_use u = {0};
    LOOM_TRY(read_use(r, a->items[i], &u));
    vec_push(&r->ctx->mem, &n->uses, u);
  }
  LOOM_TRY(tog_read_items(r, v, "args", 0, INT32_MAX, &a));
  for (size_t i = 0; i < a->n; i++) {
    const sym_expr *e;
    LOOM_TRY(read_expr_value(r, a->items[i], "args", &e));
    vec_push(&r->ctx->mem, &n->args, e);
  }
  LOOM_TRY(read_numbers(r, v, n));
  LOOM_TRY(read_expr(r, v, "cycles", &n->cycles));
  return read_optional(r, v, "active", &n->active);
}

static loom_status read_send(tog_reader *r, const data_value *v, tog_node *n) {
  static const char *const keys[] = {"send", "to", "row", "receiver", "active", "label"};
  LOOM_TRY(data_only_keys(r->ctx, v, keys, 6));
  LOOM_TRY(read_buffer_name(r, v, "send", &n->buffer));
  LOOM_TRY(read_buffer_name(r, v, "to", &n->to));
  LOOM_TRY(read_expr(r, v, "row", &n->row));
  LOOM_TRY(read_exprs(r, v, "receiver", r->t->n_mesh, n->receiver));
  return read_optional(r, v, "active", &n->active);
}

static loom_status read_collect(tog_reader *r, const data_value *v, tog_node *n) {
  static const char *const keys[] = {"collect", "senders", "label"};
  LOOM_TRY(data_only_keys(r->ctx, v, keys, 3));
  LOOM_TRY(read_buffer_name(r, v, "collect", &n->buffer));
  return read_expr(r, v, "senders", &n->senders);
}

static loom_status read_node(tog_reader *r, const data_value *v, int depth, tog_node **out) {
  tog_node *n = ARENA_NEW(&r->ctx->mem, tog_node);
  int kinds = 0;
  if (v->kind != DATA_OBJECT)
    LOOM_FAIL(r->ctx, v->span, LOOM_EINPUT, "a node must be an object, not %s", data_kind_name(v->kind));
  for (int k = TOG_LOOP; k < TOG_KINDS; k++)
    if (data_get(v, tog_kind_name((tog_node_kind)k))) {
      n->kind = (tog_node_kind)k;
      kinds++;
    }
  if (kinds != 1)
    LOOM_FAIL(r->ctx, v->span, LOOM_EINPUT, "a node must have exactly one of the keys loop, load, store, take, compute, push, give, send and collect");
  n->thread = tog_node_thread(n);
  *out = n;
  if (data_get(v, "label"))
    LOOM_TRY(data_need_string(r->ctx, v, "label", &n->label));
  switch (n->kind) {
  case TOG_LOOP: return read_loop(r, v, depth, n);
  case TOG_LOAD: return read_load(r, v, n);
  case TOG_STORE: return read_store(r, v, n);
  case TOG_COMPUTE: return read_compute(r, v, n);
  case TOG_GIVE: return read_give(r, v, n);
  case TOG_TAKE:
  case TOG_PUSH: return read_slot_node(r, v, tog_kind_name(n->kind), n);
  case TOG_SEND: return read_send(r, v, n);
  case TOG_COLLECT: return read_collect(r, v, n);
  }
  return LOOM_OK;
}

loom_status tog_read_body(tog_reader *r, const data_value *v, int depth, tog_body *out) {
  for (size_t i = 0; i < v->n; i++) {
    tog_node *n = NULL;
    LOOM_TRY(read_node(r, v->items[i], depth, &n));
    vec_push(&r->ctx->mem, out, n);
  }
  return LOOM_OK;
}
