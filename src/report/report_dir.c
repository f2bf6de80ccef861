#include "report/report_dir.h"
#include "base/file.h"
#include "base/text.h"
#include <string.h>

enum { IR_BYTES_MAX = 4 << 20 };

static loom_status read_data(loom_ctx *ctx, const char *dir, const char *name, data_value **out) {
  return data_read_json_file(ctx, file_join(&ctx->mem, dir, name), DATA_JSON_BYTES_MAX, out);
}

/* A file that need not be there; what is there must be an object of the schema. */
static loom_status read_optional(loom_ctx *ctx, const char *dir, const char *name, const char *schema, data_value **out) {
  const char *is;
  *out = NULL;
  if (!file_exists(file_join(&ctx->mem, dir, name)))
    return LOOM_OK;
  LOOM_TRY(read_data(ctx, dir, name, out));
  LOOM_TRY(data_need_string(ctx, *out, "schema", &is));
  if (!text_eq(is, schema))
    LOOM_FAIL(ctx, (*out)->span, LOOM_EINPUT, "this is '%s'; a report reads '%s' here", is, schema);
  return LOOM_OK;
}

static loom_status no_artifact(loom_ctx *ctx, const char *path) {
  loom_span span = diag_file_span(ctx, path);
  if (!file_exists(path))
    LOOM_FAIL(ctx, span, LOOM_EIO, "there is no such directory");
  if (!file_is_dir(path)) {
    diag_error(ctx, span, LOOM_EINPUT, "this is a file; a report is made of the directory that 'loom compile' writes");
    diag_help(ctx, "loom compile KERNEL -o DIR, then loom report DIR");
  } else if (file_exists(file_join(&ctx->mem, path, "cpu/artifact.json"))) {
    diag_error(ctx, span, LOOM_EINPUT, "the directory holds a kernel of the host; a report shows what the cores of a chip do");
    diag_help(ctx, "compile for a chip: --machine wormhole ('loom machine list')");
  } else if (file_exists(file_join(&ctx->mem, path, "chips.json"))) {
    diag_error(ctx, span, LOOM_EINPUT, "the directory holds a kernel of several chips; a report shows one");
    diag_help(ctx, "loom report %s: the chip with the largest shard", file_join(&ctx->mem, path, "chip0"));
  } else {
    diag_error(ctx, span, LOOM_EINPUT, "this is no output directory of 'loom compile': it has no tog.json");
    diag_help(ctx, "loom compile KERNEL -o DIR makes one");
  }
  return LOOM_EINPUT;
}

/* ---- IR ---- */

/* Bytes that are no UTF-8 become U+FFFD. */
static const char *clean_text(arena *m, const char *s, size_t size) {
  text t = text_new(m);
  for (size_t i = 0; i < size;) {
    size_t n = text_utf8_length((const unsigned char *)s + i, size - i);
    if (n == 0 || s[i] == 0)
      text_add(&t, "\xEF\xBF\xBD");
    else
      text_add_bytes(&t, s + i, n);
    i += n ? n : 1;
  }
  return text_str(&t);
}

static loom_status add_ir(loom_ctx *ctx, report_dir *d, const char *path, const char *name) {
  char *source;
  size_t size;
  if (!file_exists(path))
    return LOOM_OK;
  LOOM_TRY(file_read(ctx, path, IR_BYTES_MAX, &source, &size));
  vec_push(&ctx->mem, &d->irs, ((report_ir){name, clean_text(&ctx->mem, source, size)}));
  return LOOM_OK;
}

/* index.json lists the files in the order they were written; those of MLIR are shown. */
static loom_status read_dumps(loom_ctx *ctx, report_dir *d, const char *dumps) {
  data_value *index, *list;
  LOOM_TRY(read_data(ctx, dumps, "index.json", &index));
  LOOM_TRY(data_need(ctx, index, "stages", DATA_ARRAY, &list));
  for (size_t i = 0; i < list->n; i++) {
    const char *name = list->items[i]->kind == DATA_STRING ? list->items[i]->string : "";
    if (strchr(name, '/'))
      LOOM_FAIL(ctx, list->items[i]->span, LOOM_EINPUT, "'%s' is no name of a file in this directory", name);
    if (text_ends(name, ".mlir"))
      LOOM_TRY(add_ir(ctx, d, file_join(&ctx->mem, dumps, name), file_stem(&ctx->mem, name)));
  }
  return LOOM_OK;
}

static loom_status read_irs(loom_ctx *ctx, report_dir *d, const char *dumps) {
  data_value *stages = data_get(d->parts, "stages");
  if (dumps)
    return read_dumps(ctx, d, dumps);
  if (!stages)                           /* of --debug, where nothing else is left */
    LOOM_TRY(add_ir(ctx, d, file_join(&ctx->mem, d->path, "IRs/p00_from_helion_frontend.mlir"), "stage0"));
  for (size_t i = 0; stages && stages->kind == DATA_ARRAY && i < stages->n; i++) {
    const data_value *name = data_get(stages->items[i], "name"), *ir = data_get(stages->items[i], "text");
    if (name && ir && name->kind == DATA_STRING && ir->kind == DATA_STRING)
      vec_push(&ctx->mem, &d->irs, ((report_ir){name->string, ir->string}));
  }
  return add_ir(ctx, d, file_join(&ctx->mem, d->path, "IRs/p03_bufferized.mlir"), "bufferized");
}

loom_status report_open_dir(loom_ctx *ctx, const char *path, const char *dumps, report_dir *out) {
  data_value *v;
  *out = (report_dir){.path = path};
  if (!file_exists(file_join(&ctx->mem, path, "tog.json")))
    return no_artifact(ctx, path);
  LOOM_TRY(read_data(ctx, path, "tog.json", &v));
  LOOM_TRY(tog_from_data(ctx, v, &out->t));
  LOOM_TRY(read_optional(ctx, path, "summary.json", "loom.summary.v1", &out->summary));
  LOOM_TRY(read_optional(ctx, path, "plan.json", "loom.plan.v1", &out->plan));
  LOOM_TRY(read_optional(ctx, path, "report.json", "loom.parts.v1", &out->parts));
  return read_irs(ctx, out, dumps);
}
