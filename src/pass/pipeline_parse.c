/* The textual pipeline: item = name [ "{" options "}" ] | op "(" item, item .. ")". */
#include "pass/pass_private.h"
#include <ctype.h>
#include <string.h>

enum { PIPELINE_DEPTH_MAX = 16 };

typedef struct reader { loom_ctx *ctx; const diag_source *source; const char *at; } reader;

static loom_span span_of(const reader *r, const char *from, const char *to) {
  int32_t col = (int32_t)(from - r->source->text) + 1;
  return (loom_span){.source = r->source, .line = 1, .col = col, .end_line = 1, .end_col = col + (int32_t)(to > from ? to - from : 1)};
}

static void skip_space(reader *r) {
  while (isspace((unsigned char)*r->at))
    r->at++;
}

static loom_status read_name(reader *r, pipeline_item *item) {
  const char *from = r->at;
  while (isalnum((unsigned char)*r->at) || (*r->at && strchr("-_.", *r->at)))
    r->at++;
  item->span = span_of(r, from, r->at);
  if (r->at == from) {
    diag_error(r->ctx, item->span, LOOM_EUSAGE, *r->at ? "a pass name was expected, not '%c'" : "a pass name was expected", *r->at);
    diag_help(r->ctx, "write builtin.module(pass,func.func(pass{option=value}))");
    return LOOM_EUSAGE;
  }
  item->name = arena_strndup(&r->ctx->mem, from, (size_t)(r->at - from));
  return LOOM_OK;
}

static loom_status read_options(reader *r, pipeline_item *item) {
  const char *open = r->at++;
  int depth = 1;
  while (*r->at && depth > 0) {
    depth += *r->at == '{' ? 1 : *r->at == '}' ? -1 : 0;
    r->at++;
  }
  if (depth > 0)
    LOOM_FAIL(r->ctx, span_of(r, open, open + 1), LOOM_EUSAGE, "the options of %s have no closing '}'", item->name);
  item->options = arena_strndup(&r->ctx->mem, open + 1, (size_t)(r->at - open - 2));
  item->options_span = span_of(r, open + 1, r->at - 1);
  return LOOM_OK;
}

static loom_status read_list(reader *r, pipeline_list *out, int depth);

static loom_status read_item(reader *r, pipeline_item *item, int depth) {
  LOOM_TRY(read_name(r, item));
  skip_space(r);
  if (*r->at == '{')
    return read_options(r, item);
  if (*r->at != '(')
    return LOOM_OK;
  const char *open = r->at++;
  item->is_nest = true;
  if (depth >= PIPELINE_DEPTH_MAX)
    LOOM_FAIL(r->ctx, item->span, LOOM_ELIMIT, "the pipeline nests deeper than %d levels", PIPELINE_DEPTH_MAX);
  skip_space(r);
  if (*r->at != ')')
    LOOM_TRY(read_list(r, &item->inner, depth + 1));
  if (*r->at != ')')
    LOOM_FAIL(r->ctx, span_of(r, open, open + 1), LOOM_EUSAGE, "'(' of %s has no closing ')'", item->name);
  r->at++;
  return LOOM_OK;
}

static loom_status read_list(reader *r, pipeline_list *out, int depth) {
  for (;;) {
    skip_space(r);
    pipeline_item *item = ARENA_NEW(&r->ctx->mem, pipeline_item);
    LOOM_TRY(read_item(r, item, depth));
    vec_push(&r->ctx->mem, out, item);
    skip_space(r);
    if (*r->at != ',')
      return LOOM_OK;
    r->at++;
  }
}

loom_status pipeline_parse(loom_ctx *ctx, const char *pipeline, pipeline_item **out) {
  const char *copy = arena_strdup(&ctx->mem, pipeline);
  reader r = {.ctx = ctx, .source = diag_add_source(ctx, "--pass-pipeline", copy, strlen(copy)), .at = copy};
  skip_space(&r);
  pipeline_item *top = ARENA_NEW(&ctx->mem, pipeline_item);
  LOOM_TRY(read_item(&r, top, 0));
  skip_space(&r);
  if (*r.at)
    LOOM_FAIL(ctx, span_of(&r, r.at, r.at + 1), LOOM_EUSAGE, "'%c' does not belong here", *r.at);
  if (!top->is_nest || !text_eq(top->name, "builtin.module")) {
    diag_error(ctx, top->span, LOOM_EUSAGE, "the pipeline must start with builtin.module(, not with %s", top->name);
    diag_help(ctx, "write builtin.module(%s)", pipeline);
    return LOOM_EUSAGE;
  }
  *out = top;
  return LOOM_OK;
}
