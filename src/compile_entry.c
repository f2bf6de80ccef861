/* An entry: the length of a line of JSON, that line, the object. */
#include "compile_entry.h"
#include "compile_native.h"
#include <stdlib.h>
#include <string.h>

/* ---- writing ---- */

static data_value *search_data(arena *m, const compile_search *x) {
  data_value *v = data_object(m);
  data_set_bool(m, v, "is_space", x->is_space);
  data_set_int(m, v, "variants", x->variants);
  data_set_int(m, v, "candidates", x->candidates);
  data_set_int(m, v, "mappings", x->mappings);
  data_set_int(m, v, "orders", x->orders);
  return v;
}

/* A place in the kernel's source, as the kernel's own. */
static data_value *place_data(arena *m, loom_span at) {
  const int32_t parts[] = {at.line, at.col, at.end_line, at.end_col};
  data_value *v = data_array(m);
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
    data_push(m, v, data_int(m, parts[i]));
  return v;
}

static const char *entry_text(compile_state *s, const compile_npu *npu) {
  arena *m = &s->ctx->mem;
  data_value *v = data_object(m);
  data_set_string(m, v, "schema", "loom.cached.v2");
  if (!s->o->graph)
    data_set(m, v, "kernel", kernel_to_data(m, s->kernel));
  if (s->plan)
    data_set(m, v, "plan", plan_to_data(m, s->plan));
  if (s->tog)
    data_set(m, v, "tog", tog_to_data(m, s->tog));
  if (s->grid.n_dims)
    data_set(m, v, "grid_call", compile_grid_data(s));
  if (npu)
    data_set(m, v, "npu", compile_npu_data(s, npu));
  data_set(m, v, "search", search_data(m, &s->searched));
  data_set_bool(m, v, "is_tuned", s->is_tuned);
  data_set_string(m, v, "plain_loops", s->plain_because);
  if (s->plain_where.source && s->plain_where.source == s->kernel->source)
    data_set(m, v, "plain_at", place_data(m, s->plain_where));
  return data_write_json(m, v, 0);
}

loom_status compile_entry_make(compile_state *s, const compile_npu *npu, const char **out, size_t *out_size) {
  if (s->is_native)
    LOOM_TRY(compile_host_object(s, NULL));
  const char *line = entry_text(s, npu);
  text t = text_new(&s->ctx->mem);
  text_addf(&t, "%zu\n", strlen(line));
  text_add(&t, line);
  if (s->is_native)
    text_add_bytes(&t, s->object, s->object_size);
  else if (npu)
    text_add_bytes(&t, npu->code.object, npu->code.size);
  *out = text_str(&t);
  *out_size = t.size;
  return LOOM_OK;
}

/* ---- reading ---- */

static loom_status read_search(loom_ctx *ctx, const data_value *v, compile_search *out) {
  int64_t orders;
  data_value *is_space;
  LOOM_TRY(data_need(ctx, v, "is_space", DATA_BOOL, &is_space));
  LOOM_TRY(data_need_int(ctx, v, "variants", 0, INT64_MAX, &out->variants));
  LOOM_TRY(data_need_int(ctx, v, "candidates", 0, INT64_MAX, &out->candidates));
  LOOM_TRY(data_need_int(ctx, v, "mappings", 0, INT64_MAX, &out->mappings));
  LOOM_TRY(data_need_int(ctx, v, "orders", 0, INT32_MAX, &orders));
  out->is_space = is_space->boolean;
  out->orders = (int)orders;
  return LOOM_OK;
}

static loom_span read_place(const compile_state *s, const data_value *v) {
  return v && v->n == 4 ? (loom_span){s->kernel->source, (int32_t)v->items[0]->integer, (int32_t)v->items[1]->integer, (int32_t)v->items[2]->integer, (int32_t)v->items[3]->integer}
                        : LOOM_NOSPAN;
}

static loom_status read_kernel(compile_state *s, const data_value *v) {
  data_value *part;
  if (s->o->graph) {
    s->kernel = s->o->graph;
    return LOOM_OK;
  }
  LOOM_TRY(data_need(s->ctx, v, "kernel", DATA_OBJECT, &part));
  return kernel_from_data(s->ctx, part, &s->kernel);
}

static loom_status read_code(compile_state *s, compile_npu *npu, const data_value *v, char *object, size_t size) {
  data_value *part;
  if (s->is_native) {
    s->object = object;
    s->object_size = size;
  }
  if (!s->is_native) {
    LOOM_TRY(data_need(s->ctx, v, "tog", DATA_OBJECT, &part));
    LOOM_TRY(tog_from_data(s->ctx, part, &s->tog));
  }
  if (!npu)
    return LOOM_OK;
  LOOM_TRY(data_need(s->ctx, v, "npu", DATA_OBJECT, &part));
  return compile_npu_from_data(s, part, object, size, npu);
}

static loom_status read_entry(compile_state *s, compile_npu *npu, const char *bytes, size_t size) {
  loom_ctx *ctx = s->ctx;
  char *line;
  data_value *v, *part;
  const size_t length = strtoull(bytes, &line, 10);
  if (*line != '\n' || length > size - (size_t)(line - bytes) - 1)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EINPUT, "the entry has no description");
  line++;
  LOOM_TRY(data_read_json(ctx, "<cache>", line, length, &v));
  LOOM_TRY(read_kernel(s, v));
  if (data_get(v, "plan"))
    LOOM_TRY(plan_from_data(ctx, data_get(v, "plan"), &s->plan));
  if (data_get(v, "grid_call"))
    LOOM_TRY(compile_read_grid(s, data_get(v, "grid_call")));
  LOOM_TRY(data_need(ctx, v, "search", DATA_OBJECT, &part));
  LOOM_TRY(read_search(ctx, part, &s->searched));
  LOOM_TRY(data_need(ctx, v, "is_tuned", DATA_BOOL, &part));
  s->is_tuned = part->boolean;
  LOOM_TRY(data_need(ctx, v, "plain_loops", data_get(v, "plain_loops") && data_get(v, "plain_loops")->kind == DATA_NULL ? DATA_NULL : DATA_STRING, &part));
  s->plain_because = part->string;
  s->plain_where = read_place(s, data_get(v, "plain_at"));
  return read_code(s, npu, v, line + length, size - (size_t)(line + length - bytes));
}

loom_status compile_entry_take(compile_state *s, compile_npu *npu, const char *bytes, size_t size) {
  LOOM_TRY(read_entry(s, npu, bytes, size));
  if (!s->o->graph)
    compile_show_source(s, s->o->source, s->o->source_size);
  if (s->plan && s->is_native)
    compile_keep_blocks(s);
  else if (s->is_native)
    s->machine = NULL;
  compile_note_plain(s);
  return LOOM_OK;
}
