/* A copy of the text with pieces replaced, line by line as it was. */
#include "frontend/mlir_text/mlir_text.h"
#include <string.h>

mlir_edit mlir_edit_open(const mlir_cursor *start) { return (mlir_edit){.from = start, .out = text_new(&start->ctx->mem), .copied = start->source->text}; }

void mlir_edit_replace(mlir_edit *e, const char *at, const char *end, const char *with) {
  text_add_bytes(&e->out, e->copied, (size_t)(at - e->copied));
  text_add(&e->out, with);
  for (const char *p = at; (p = memchr(p, '\n', (size_t)(end - p))) != NULL; p++)
    text_add(&e->out, "\n");
  e->copied = end;
  e->is_changed = true;
}

const char *mlir_edit_text(mlir_edit *e, size_t *out_size) {
  const diag_source *s = e->from->source;
  const char *end = s->text + s->size;
  if (!e->is_changed) {
    *out_size = s->size;
    return s->text;
  }
  text_add_bytes(&e->out, e->copied, (size_t)(end - e->copied));
  e->copied = end;
  *out_size = e->out.size;
  return text_str(&e->out);
}

const char *mlir_edit_location(const mlir_cursor *behind, const mlir_token *op) {
  if (mlir_text_at(behind, "loc"))
    return "";
  text t = text_new(&behind->ctx->mem);
  text_add(&t, " loc(\"");
  for (const char *p = behind->source->path; *p; p++)
    if (*p == '"' || *p == '\\' || (unsigned char)*p < ' ')
      text_addf(&t, "\\%02X", (unsigned)(unsigned char)*p);
    else
      text_add_bytes(&t, p, 1);
  text_addf(&t, "\":%d:%d)", op->line, op->col);
  return text_str(&t);
}
