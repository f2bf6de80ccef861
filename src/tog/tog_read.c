/* A graph from loom.tog.v1: declarations here, nodes in tog_read_node.c.  Every error has its place in the file. */
#include "tog/tog_read.h"
#include "base/text.h"

loom_status tog_read_items(tog_reader *r, const data_value *v, const char *key, int64_t lo, int64_t hi, data_value **out) {
  LOOM_TRY(data_need(r->ctx, v, key, DATA_ARRAY, out));
  if ((int64_t)(*out)->n < lo || (int64_t)(*out)->n > hi) {
    if (lo == hi)
      LOOM_FAIL(r->ctx, (*out)->span, LOOM_EINPUT, "'%s' has %zu entries; must have %" PRId64, key, (*out)->n, lo);
    LOOM_FAIL(r->ctx, (*out)->span, LOOM_EINPUT, "'%s' has %zu entries; must have %" PRId64 "..%" PRId64, key, (*out)->n, lo, hi);
  }
  return LOOM_OK;
}

static loom_status read_text(tog_reader *r, const data_value *v, const char *key, const char **out) {
  const data_value *x = data_get(v, key);
  if (!x || x->kind == DATA_NULL)
    return LOOM_OK;
  return data_need_string(r->ctx, v, key, out);
}

loom_status tog_read_flag(tog_reader *r, const data_value *v, const char *key, bool *out) {
  data_value *x = NULL;
  if (!data_get(v, key))
    return LOOM_OK;
  LOOM_TRY(data_need(r->ctx, v, key, DATA_BOOL, &x));
  *out = x->boolean;
  return LOOM_OK;
}

static loom_status read_type(tog_reader *r, const data_value *v, dtype *out) {
  const char *name;
  LOOM_TRY(data_need_string(r->ctx, v, "dtype", &name));
  if (!dtype_parse(name, out)) {
    static const char *const names[] = {
#define X(n, bytes, mlir, ...) mlir,
      DTYPE_LIST(X)
#undef X
    };
    diag_error(r->ctx, data_get(v, "dtype")->span, LOOM_EINPUT, "unknown element type '%s'", name);
    const char *near = diag_nearest(name, names, sizeof names / sizeof *names);
    if (near)
      diag_help(r->ctx, "did you mean '%s'?", near);
    return LOOM_EINPUT;
  }
  return LOOM_OK;
}

static loom_status read_shape(tog_reader *r, const data_value *v, int64_t *shape, int *rank) {
  data_value *a;
  LOOM_TRY(tog_read_items(r, v, "shape", 0, TOG_RANK_MAX, &a));
  for (size_t d = 0; d < a->n; d++) {
    if (a->items[d]->kind != DATA_INT || a->items[d]->integer < 1)
      LOOM_FAIL(r->ctx, a->items[d]->span, LOOM_EINPUT, "an extent of a shape must be a whole number of at least 1");
    shape[d] = a->items[d]->integer;
  }
  *rank = (int)a->n;
  return LOOM_OK;
}

static loom_status read_mesh(tog_reader *r, const data_value *v) {
  static const char *const keys[] = {"name", "size"};
  data_value *a;
  LOOM_TRY(tog_read_items(r, v, "mesh", 1, TOG_MESH_MAX, &a));
  for (size_t d = 0; d < a->n; d++) {
    LOOM_TRY(data_only_keys(r->ctx, a->items[d], keys, 2));
    LOOM_TRY(data_need_string(r->ctx, a->items[d], "name", &r->t->mesh_name[d]));
    LOOM_TRY(data_need_int(r->ctx, a->items[d], "size", 1, INT32_MAX, &r->t->mesh_size[d]));
  }
  r->t->n_mesh = (int)a->n;
  return LOOM_OK;
}

/* In DRAM where nothing else is said. */
static loom_status read_space(tog_reader *r, const data_value *v, tog_tensor *x) {
  const char *space = "dram";
  LOOM_TRY(read_text(r, v, "space", &space));
  if (!text_eq(space, "dram") && !text_eq(space, "l1"))
    LOOM_FAIL(r->ctx, data_get(v, "space")->span, LOOM_EINPUT, "the space of a tensor is 'dram' or 'l1', not '%s'", space);
  bool is_l1 = text_eq(space, "l1");
  for (int i = 0; i < 2 && !is_l1; i++) {
    const data_value *place = data_get(v, i ? "offset" : "page");
    if (place)
      LOOM_FAIL(r->ctx, place->span, LOOM_EINPUT, "tensor '%s' is in DRAM; only one with \"space\": \"l1\" has a page and an offset", x->name);
  }
  if (!is_l1)
    return LOOM_OK;
  LOOM_TRY(data_need_int(r->ctx, v, "page", 1, INT64_MAX, &x->l1_page));
  return data_need_int(r->ctx, v, "offset", 0, INT64_MAX, &x->l1_offset);
}

static loom_status read_tensor(tog_reader *r, const data_value *v, tog_tensor *x) {
  static const char *const keys[] = {"name", "dtype", "shape", "input", "output", "arg", "kept", "space", "page", "offset"};
  int64_t arg;
  LOOM_TRY(data_only_keys(r->ctx, v, keys, sizeof keys / sizeof *keys));
  LOOM_TRY(data_need_string(r->ctx, v, "name", &x->name));
  LOOM_TRY(read_type(r, v, &x->type));
  LOOM_TRY(read_shape(r, v, x->shape, &x->rank));
  LOOM_TRY(tog_read_flag(r, v, "input", &x->is_input));
  LOOM_TRY(tog_read_flag(r, v, "output", &x->is_output));
  LOOM_TRY(tog_read_flag(r, v, "kept", &x->is_kept));
  LOOM_TRY(data_need_int(r->ctx, v, "arg", -1, INT32_MAX, &arg));
  x->arg = (int)arg;
  return read_space(r, v, x);
}

static loom_status read_buffer(tog_reader *r, const data_value *v, tog_buffer *b) {
  static const char *const keys[] = {"name", "dtype", "shape", "bytes", "depth", "stride", "offset"};
  int64_t depth;
  LOOM_TRY(data_only_keys(r->ctx, v, keys, 7));
  LOOM_TRY(data_need_string(r->ctx, v, "name", &b->name));
  LOOM_TRY(read_type(r, v, &b->type));
  LOOM_TRY(read_shape(r, v, b->shape, &b->rank));
  LOOM_TRY(data_need_int(r->ctx, v, "bytes", 0, INT64_MAX, &b->bytes));
  LOOM_TRY(data_need_int(r->ctx, v, "depth", 1, INT32_MAX, &depth));
  LOOM_TRY(data_need_int(r->ctx, v, "stride", 0, INT64_MAX, &b->stride));
  LOOM_TRY(data_need_int(r->ctx, v, "offset", 0, INT64_MAX, &b->offset));
  b->depth = (int)depth;
  return LOOM_OK;
}

static loom_status read_declarations(tog_reader *r, const data_value *v) {
  data_value *a;
  LOOM_TRY(read_mesh(r, v));
  LOOM_TRY(tog_read_items(r, v, "tensors", 0, INT32_MAX, &a));
  for (size_t i = 0; i < a->n; i++) {
    tog_tensor x = {0};
    LOOM_TRY(read_tensor(r, a->items[i], &x));
    vec_push(&r->ctx->mem, &r->t->tensors, x);
  }
  LOOM_TRY(tog_read_items(r, v, "buffers", 0, INT32_MAX, &a));
  for (size_t i = 0; i < a->n; i++) {
    tog_buffer b = {0};
    LOOM_TRY(read_buffer(r, a->items[i], &b));
    vec_push(&r->ctx->mem, &r->t->buffers, b);
  }
  if (!data_get(v, "functions"))
    return LOOM_OK;
  LOOM_TRY(data_need(r->ctx, v, "functions", DATA_OBJECT, &a));
  for (size_t i = 0; i < a->n; i++) {
    tog_function f = {.name = a->members[i].key};
    LOOM_TRY(read_text(r, a, f.name, &f.mlir));
    vec_push(&r->ctx->mem, &r->t->functions, f);
  }
  return LOOM_OK;
}

loom_status tog_from_data(loom_ctx *ctx, const data_value *v, tog **out) {
  static const char *const keys[] = {"schema", "kernel", "machine", "variant", "predicted_cycles", "mesh", "tensors", "buffers", "body", "functions"};
  tog_reader r = {.ctx = ctx, .t = ARENA_NEW(&ctx->mem, tog)};
  data_value *body;
  LOOM_TRY(data_need_schema(ctx, v, "loom.tog.v1"));
  LOOM_TRY(data_only_keys(ctx, v, keys, sizeof keys / sizeof *keys));
  LOOM_TRY(read_text(&r, v, "kernel", &r.t->kernel));
  LOOM_TRY(read_text(&r, v, "machine", &r.t->machine));
  LOOM_TRY(read_text(&r, v, "variant", &r.t->variant));
  if (data_get(v, "predicted_cycles"))
    LOOM_TRY(data_need_int(ctx, v, "predicted_cycles", 0, INT64_MAX, &r.t->predicted_cycles));
  LOOM_TRY(read_declarations(&r, v));
  LOOM_TRY(data_need(ctx, v, "body", DATA_ARRAY, &body));
  LOOM_TRY(tog_read_body(&r, body, 0, &r.t->body));
  tog_number(r.t);
  LOOM_TRY(tog_check(ctx, r.t));
  *out = r.t;
  return LOOM_OK;
}
