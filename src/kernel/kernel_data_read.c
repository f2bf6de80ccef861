/* loom.kernel.v1, reading.  Shape of the text is checked here, meaning by the verifier; both blame the file. */
#include "kernel/kernel_private.h"
#include "kernel/kernel_words.h"
#include <math.h>

typedef struct reader { loom_ctx *ctx; arena *mem; kernel_graph *k; const diag_source *source; } reader;

#define WORDS(list) (list), sizeof(list) / sizeof *(list)
#define ONLY_KEYS(r, v, ...)                                                                          \
  do {                                                                                                \
    static const char *const keys_[] = {__VA_ARGS__};                                                 \
    LOOM_TRY(data_only_keys((r)->ctx, (v), keys_, sizeof keys_ / sizeof *keys_));                     \
  } while (0)

/* ---- members ---- */

static loom_status read_word(reader *r, const data_value *o, const char *key, const char *const *words, size_t n, int *out) {
  const char *s;
  LOOM_TRY(data_need_string(r->ctx, o, key, &s));
  for (size_t i = 0; i < n; i++)
    if (text_eq(words[i], s)) {
      *out = (int)i;
      return LOOM_OK;
    }
  diag_error(r->ctx, data_get(o, key)->span, LOOM_EINPUT, "\"%s\" is not a known %s", s, key);
  const char *near = diag_nearest(s, words, n);
  if (near)
    diag_help(r->ctx, "did you mean \"%s\"?", near);
  return LOOM_EINPUT;
}

static loom_status read_expr(reader *r, const data_value *v, const sym_expr **out) {
  if (v->kind != DATA_STRING)
    LOOM_FAIL(r->ctx, v->span, LOOM_EINPUT, "expected a size expression in quotes, found %s", data_kind_name(v->kind));
  return sym_parse(r->ctx, v->span, v->string, out);
}

/* Leaves *out alone when the member is absent. */
static loom_status read_expr_member(reader *r, const data_value *o, const char *key, const sym_expr **out) {
  const data_value *v = data_get(o, key);
  return v ? read_expr(r, v, out) : LOOM_OK;
}

static loom_status read_number(reader *r, const data_value *o, const char *key, double *out) {
  const data_value *v = data_get(o, key);
  if (!v)
    return LOOM_OK;
  if (v->kind == DATA_INT || v->kind == DATA_REAL)
    *out = v->real;
  else if (v->kind == DATA_STRING && text_eq(v->string, "inf"))
    *out = INFINITY;
  else if (v->kind == DATA_STRING && text_eq(v->string, "-inf"))
    *out = -INFINITY;
  else if (v->kind == DATA_STRING && text_eq(v->string, "nan"))
    *out = NAN;
  else
    LOOM_FAIL(r->ctx, v->span, LOOM_EINPUT, "%s is not a number; expected one, or \"inf\", \"-inf\", \"nan\"", key);
  return LOOM_OK;
}

static loom_status read_flag(reader *r, const data_value *o, const char *key, bool *out) {
  data_value *v;
  if (!data_get(o, key))
    return LOOM_OK;
  LOOM_TRY(data_need(r->ctx, o, key, DATA_BOOL, &v));
  *out = v->boolean;
  return LOOM_OK;
}

static loom_status read_name(reader *r, const data_value *o, const char *key, const char **out) {
  const char *s;
  if (!data_get(o, key))
    return LOOM_OK;
  LOOM_TRY(data_need_string(r->ctx, o, key, &s));
  *out = arena_strdup(r->mem, s);
  return LOOM_OK;
}

/* An array of integers in lo..hi; absent: empty. */
static loom_status read_ints(reader *r, const data_value *o, const char *key, int64_t lo, int64_t hi, int32_t **out, int *out_n) {
  data_value *a;
  *out = NULL;
  *out_n = 0;
  if (!data_get(o, key))
    return LOOM_OK;
  LOOM_TRY(data_need(r->ctx, o, key, DATA_ARRAY, &a));
  *out = ARENA_NEW_N(r->mem, int32_t, a->n);
  *out_n = (int)a->n;
  for (size_t i = 0; i < a->n; i++) {
    const data_value *v = a->items[i];
    if (v->kind != DATA_INT || v->integer < lo || v->integer > hi)
      LOOM_FAIL(r->ctx, v->span, LOOM_EINPUT, "%s holds integers in %" PRId64 "..%" PRId64, key, lo, hi);
    (*out)[i] = (int32_t)v->integer;
  }
  return LOOM_OK;
}

static loom_status read_values(reader *r, const data_value *o, const char *key, kernel_value **out, int *out_n) {
  return read_ints(r, o, key, -1, (int64_t)r->k->values.n - 1, out, out_n);   /* -1: an absent mask; the verifier says where that is allowed */
}

static loom_status read_span(reader *r, const data_value *o, loom_span *out) {
  int32_t *at;
  int n;
  LOOM_TRY(read_ints(r, o, "span", 0, INT32_MAX, &at, &n));
  if (n == 4)
    *out = (loom_span){r->source, at[0], at[1], at[2], at[3]};
  else if (n != 0)
    LOOM_FAIL(r->ctx, data_get(o, "span")->span, LOOM_EINPUT, "span is [line, column, end line, end column]");
  return LOOM_OK;
}

static loom_status read_type(reader *r, const data_value *o, kernel_type *out) {
  const char *name;
  data_value *shape;
  LOOM_TRY(data_need_string(r->ctx, o, "type", &name));
  if (!dtype_parse(name, &out->type))
    LOOM_FAIL(r->ctx, data_get(o, "type")->span, LOOM_EINPUT, "\"%s\" is not an element type; expected f16, bf16, f32, f64, i8, ui8, i16, i32, i64 or i1", name);
  LOOM_TRY(data_need(r->ctx, o, "shape", DATA_ARRAY, &shape));
  if (shape->n > KERNEL_RANK_MAX)
    LOOM_FAIL(r->ctx, shape->span, LOOM_EINPUT, "rank %zu is over the limit of %d", shape->n, KERNEL_RANK_MAX);
  out->rank = (int)shape->n;
  for (int d = 0; d < out->rank; d++)
    LOOM_TRY(read_expr(r, shape->items[d], &out->dim[d]));
  return LOOM_OK;
}

/* ---- tables ---- */

static loom_status read_symbol(reader *r, const data_value *o) {
  ONLY_KEYS(r, o, "name", "kind", "value", "extent", "is_reduction", "divides", "preferred", "block", "is_padded", "is_open", "span");
  const char *name;
  int kind;
  LOOM_TRY(data_need_string(r->ctx, o, "name", &name));
  LOOM_TRY(read_word(r, o, "kind", WORDS(kernel_sym_kind_word), &kind));
  kernel_symbol *s = kernel_add_symbol(r->mem, r->k, name, (kernel_sym_kind)kind);
  if (data_get(o, "value"))
    LOOM_TRY(data_need_int(r->ctx, o, "value", 0, INT64_MAX, &s->value));
  LOOM_TRY(read_expr_member(r, o, "extent", &s->extent));
  if (data_get(o, "preferred"))
    LOOM_TRY(data_need_int(r->ctx, o, "preferred", 0, INT64_MAX, &s->preferred));
  LOOM_TRY(read_name(r, o, "block", &s->block));
  LOOM_TRY(read_flag(r, o, "is_padded", &s->is_padded));
  LOOM_TRY(read_flag(r, o, "is_reduction", &s->is_reduction));
  LOOM_TRY(read_flag(r, o, "divides", &s->divides));
  LOOM_TRY(read_flag(r, o, "is_open", &s->is_open));
  return read_span(r, o, &s->span);
}

static loom_status read_view(reader *r, const data_value *o, kernel_tensor_info *t) {
  int64_t base;
  data_value *strides;
  LOOM_TRY(data_need_int(r->ctx, o, "base", 0, INT32_MAX, &base));
  LOOM_TRY(data_need(r->ctx, o, "strides", DATA_ARRAY, &strides));
  if (strides->n != (size_t)t->shape.rank)
    LOOM_FAIL(r->ctx, strides->span, LOOM_EINPUT, "a view of rank %d has %zu strides", t->shape.rank, strides->n);
  t->base = (kernel_tensor)base;
  for (int d = 0; d < t->shape.rank; d++)
    LOOM_TRY(read_expr(r, strides->items[d], &t->stride[d]));
  return read_expr_member(r, o, "offset", &t->offset);
}

static loom_status read_tensor(reader *r, const data_value *o) {
  ONLY_KEYS(r, o, "name", "role", "type", "shape", "init", "init_lo", "init_hi", "fill", "fill_value", "base", "offset", "strides", "is_returned", "span");
  const char *name;
  int word;
  kernel_type shape = {0};
  LOOM_TRY(data_need_string(r->ctx, o, "name", &name));
  LOOM_TRY(read_word(r, o, "role", WORDS(kernel_role_word), &word));
  LOOM_TRY(read_type(r, o, &shape));
  kernel_tensor index = kernel_add_tensor(r->mem, r->k, name, (kernel_tensor_role)word, shape);   /* may move the table */
  kernel_tensor_info *t = &r->k->tensors.at[index];
  if (t->role == KERNEL_ARG) {
    LOOM_TRY(read_word(r, o, "init", WORDS(kernel_init_word), &word));
    t->init = (kernel_init)word;
    LOOM_TRY(read_number(r, o, "init_lo", &t->init_lo));
    LOOM_TRY(read_number(r, o, "init_hi", &t->init_hi));
  } else if (t->role == KERNEL_ALLOC) {
    LOOM_TRY(read_word(r, o, "fill", WORDS(kernel_fill_word), &word));
    t->fill = (kernel_fill)word;
    LOOM_TRY(read_number(r, o, "fill_value", &t->fill_value));
  } else {
    LOOM_TRY(read_view(r, o, t));
  }
  LOOM_TRY(read_flag(r, o, "is_returned", &t->is_returned));
  return read_span(r, o, &t->span);
}

static loom_status read_value(reader *r, const data_value *o) {
  ONLY_KEYS(r, o, "type", "shape", "name", "block");
  kernel_type type = {0};
  LOOM_TRY(read_type(r, o, &type));
  kernel_value index = kernel_add_value(r->mem, r->k, type, NULL);
  kernel_value_info *v = &r->k->values.at[index];
  LOOM_TRY(read_name(r, o, "name", &v->name));
  return read_name(r, o, "block", &v->block);
}

static loom_status read_table(reader *r, const data_value *o, const char *key, loom_status (*read)(reader *, const data_value *)) {
  data_value *a;
  LOOM_TRY(data_need(r->ctx, o, key, DATA_ARRAY, &a));
  for (size_t i = 0; i < a->n; i++)
    LOOM_TRY(read(r, a->items[i]));
  return LOOM_OK;
}

/* ---- operations ---- */

static loom_status read_region(reader *r, const data_value *o, kernel_region *out);

static loom_status read_ranges(reader *r, const data_value *o, kernel_op *op) {
  data_value *a;
  if (!data_get(o, "ranges"))
    return LOOM_OK;
  LOOM_TRY(data_need(r->ctx, o, "ranges", DATA_ARRAY, &a));
  op->n_ranges = (int)a->n;
  op->ranges = ARENA_NEW_N(r->mem, kernel_range, a->n);
  for (size_t i = 0; i < a->n; i++) {
    ONLY_KEYS(r, a->items[i], "begin", "end", "step", "block");
    LOOM_TRY(read_expr_member(r, a->items[i], "begin", &op->ranges[i].begin));
    LOOM_TRY(read_expr_member(r, a->items[i], "end", &op->ranges[i].end));
    LOOM_TRY(read_expr_member(r, a->items[i], "step", &op->ranges[i].step));
    LOOM_TRY(read_name(r, a->items[i], "block", &op->ranges[i].block));
  }
  return LOOM_OK;
}

static loom_status read_index(reader *r, const data_value *o, kernel_op *op) {
  data_value *a;
  int64_t tensor, value;
  if (op->kind != KERNEL_LOAD && op->kind != KERNEL_STORE && op->kind != KERNEL_ATOMIC)
    return LOOM_OK;
  LOOM_TRY(data_need_int(r->ctx, o, "tensor", 0, (int64_t)r->k->tensors.n - 1, &tensor));
  LOOM_TRY(data_need(r->ctx, o, "index", DATA_ARRAY, &a));
  op->tensor = (kernel_tensor)tensor;
  op->n_index = (int)a->n;
  op->index = ARENA_NEW_N(r->mem, kernel_index, a->n);
  for (size_t i = 0; i < a->n; i++) {
    kernel_index *x = &op->index[i];
    int kind;
    ONLY_KEYS(r, a->items[i], "kind", "value", "begin", "end", "dim", "rank");
    LOOM_TRY(read_word(r, a->items[i], "kind", WORDS(kernel_index_word), &kind));
    x->kind = (kernel_index_kind)kind;
    x->value = -1;
    if (data_get(a->items[i], "value")) {
      LOOM_TRY(data_need_int(r->ctx, a->items[i], "value", 0, (int64_t)r->k->values.n - 1, &value));
      x->value = (kernel_value)value;
    }
    LOOM_TRY(read_expr_member(r, a->items[i], "begin", &x->begin));
    LOOM_TRY(read_expr_member(r, a->items[i], "end", &x->end));
    int64_t place[2] = {0, 0};
    if (x->kind == KERNEL_INDEX_TENSOR) {
      LOOM_TRY(data_need_int(r->ctx, a->items[i], "dim", 0, KERNEL_RANK_MAX - 1, &place[0]));
      LOOM_TRY(data_need_int(r->ctx, a->items[i], "rank", 1, KERNEL_RANK_MAX, &place[1]));
    }
    x->dim = (int)place[0];
    x->rank = (int)place[1];
  }
  return LOOM_OK;
}

static loom_status read_perm(reader *r, const data_value *o, kernel_op *op) {
  int32_t *perm;
  int n;
  LOOM_TRY(read_ints(r, o, "perm", 0, KERNEL_RANK_MAX - 1, &perm, &n));
  if (n > KERNEL_RANK_MAX)
    LOOM_FAIL(r->ctx, data_get(o, "perm")->span, LOOM_EINPUT, "perm has more than %d entries", KERNEL_RANK_MAX);
  for (int d = 0; d < n; d++)
    op->perm[d] = perm[d];
  return LOOM_OK;
}

static loom_status read_regions(reader *r, const data_value *o, kernel_op *op) {
  data_value *a;
  if (op->n_regions == 0)
    return LOOM_OK;
  LOOM_TRY(data_need(r->ctx, o, "regions", DATA_ARRAY, &a));
  if (a->n != (size_t)op->n_regions)
    LOOM_FAIL(r->ctx, a->span, LOOM_EINPUT, "%s has %zu regions; expected %d", kernel_op_name(op->kind), a->n, op->n_regions);
  for (int i = 0; i < op->n_regions; i++)
    LOOM_TRY(read_region(r, a->items[i], &op->regions[i]));
  return LOOM_OK;
}

static loom_status read_op(reader *r, const data_value *o, kernel_region *into) {
  static const char *const op_words[] = {
#define X(n, regions, spelling) spelling,
      KERNEL_OP_LIST(X)
#undef X
  };
  static const char *const fn_words[] = {
#define X(n, arity, spelling) spelling,
      KERNEL_FN_LIST(X)
#undef X
  };
  ONLY_KEYS(r, o, "op", "results", "operands", "fn", "expr", "fvalue", "ivalue", "flag", "ranges", "tensor", "index", "perm", "regions", "span");
  int kind, fn = KERNEL_FN_NONE;
  LOOM_TRY(read_word(r, o, "op", WORDS(op_words), &kind));
  if (data_get(o, "fn"))
    LOOM_TRY(read_word(r, o, "fn", WORDS(fn_words), &fn));
  kernel_op *op = kernel_add_op(r->mem, r->k, into, (kernel_op_kind)kind, 0, NULL, 0, NULL);
  op->fn = (kernel_fn)fn;
  LOOM_TRY(read_values(r, o, "operands", &op->operands, &op->n_operands));
  LOOM_TRY(read_values(r, o, "results", &op->results, &op->n_results));
  for (int i = 0; i < op->n_results; i++)
    if (op->results[i] >= 0)
      r->k->values.at[op->results[i]].def = op;
  LOOM_TRY(read_expr_member(r, o, "expr", &op->expr));
  LOOM_TRY(read_number(r, o, "fvalue", &op->fvalue));
  if (data_get(o, "ivalue"))
    LOOM_TRY(data_need_int(r->ctx, o, "ivalue", INT64_MIN, INT64_MAX, &op->ivalue));
  LOOM_TRY(read_flag(r, o, "flag", &op->flag));
  LOOM_TRY(read_ranges(r, o, op));
  LOOM_TRY(read_index(r, o, op));
  LOOM_TRY(read_perm(r, o, op));
  LOOM_TRY(read_span(r, o, &op->span));
  return read_regions(r, o, op);
}

static loom_status read_region(reader *r, const data_value *o, kernel_region *out) {
  data_value *ops;
  kernel_value *params;
  int n;
  ONLY_KEYS(r, o, "params", "ops");
  LOOM_TRY(read_values(r, o, "params", &params, &n));
  for (int i = 0; i < n; i++)
    vec_push(r->mem, &out->params, params[i]);
  LOOM_TRY(data_need(r->ctx, o, "ops", DATA_ARRAY, &ops));
  for (size_t i = 0; i < ops->n; i++)
    LOOM_TRY(read_op(r, ops->items[i], out));
  return LOOM_OK;
}

/* ---- the graph ---- */

static loom_status read_header(reader *r, const data_value *v) {
  const char *sha256;
  LOOM_TRY(data_need_schema(r->ctx, v, "loom.kernel.v1"));
  LOOM_TRY(data_need_string(r->ctx, v, "name", &r->k->name));
  LOOM_TRY(data_need_string(r->ctx, v, "style", &r->k->style));
  LOOM_TRY(data_need_string(r->ctx, v, "path", &r->k->path));
  LOOM_TRY(data_need_string(r->ctx, v, "sha256", &sha256));
  if (strlen(sha256) >= sizeof r->k->sha256)
    LOOM_FAIL(r->ctx, data_get(v, "sha256")->span, LOOM_EINPUT, "sha256 is not 64 hex digits");
  memcpy(r->k->sha256, sha256, strlen(sha256) + 1);
  if (*r->k->path)   /* spans point into the kernel's source, whose text is not here */
    r->source = diag_file_span(r->ctx, r->k->path).source;
  r->k->source = r->source;
  return LOOM_OK;
}

static loom_status read_returns(reader *r, const data_value *v) {
  kernel_tensor *returns;
  int n;
  LOOM_TRY(read_ints(r, v, "returns", -1, (int64_t)r->k->tensors.n - 1, &returns, &n));
  for (int i = 0; i < n; i++)
    vec_push(r->mem, &r->k->returns, returns[i]);
  return LOOM_OK;
}

static loom_status read_guard(reader *r, const data_value *o) {
  kernel_guard g = {0};
  ONLY_KEYS(r, o, "holds", "span");
  LOOM_TRY(read_expr_member(r, o, "holds", &g.holds));
  if (!g.holds || !sym_op_is_boolean(g.holds->op))
    LOOM_FAIL(r->ctx, o->span, LOOM_EINPUT, "a guard holds a condition, as in \"m == x.1\"");
  LOOM_TRY(read_span(r, o, &g.span));
  vec_push(r->mem, &r->k->guards, g);
  return LOOM_OK;
}

loom_status kernel_from_data(loom_ctx *ctx, const data_value *v, kernel_graph **out) {
  reader r = {.ctx = ctx, .mem = &ctx->mem, .k = kernel_new(&ctx->mem, "")};
  data_value *body;
  ONLY_KEYS(&r, v, "schema", "name", "style", "path", "sha256", "symbols", "tensors", "returns", "guards", "values", "body");
  LOOM_TRY(read_header(&r, v));
  LOOM_TRY(read_table(&r, v, "symbols", read_symbol));
  LOOM_TRY(read_table(&r, v, "tensors", read_tensor));
  LOOM_TRY(read_returns(&r, v));
  if (data_get(v, "guards"))
    LOOM_TRY(read_table(&r, v, "guards", read_guard));
  LOOM_TRY(read_table(&r, v, "values", read_value));
  LOOM_TRY(data_need(ctx, v, "body", DATA_OBJECT, &body));
  LOOM_TRY(read_region(&r, body, &r.k->body));
  LOOM_TRY(kernel_check(ctx, r.k, LOOM_EINPUT));
  *out = r.k;
  return LOOM_OK;
}
