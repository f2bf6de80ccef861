#include "base/diag_lines.h"
#include "base/data.h"
#include "base/text.h"
#include <string.h>

static const char *string_of(const data_value *v, const char *key) {
  const data_value *x = data_get(v, key);
  return x && x->kind == DATA_STRING ? x->string : NULL;
}

const char *diag_first_error(loom_ctx *ctx, const char *lines, size_t size) {
  const char *found = "";
  const diag_mark before = diag_save(ctx);
  for (const char *line = lines, *end; !*found && line < lines + size; line = end + 1) {
    data_value *v;
    end = memchr(line, '\n', (size_t)(lines + size - line));
    end = end ? end : lines + size;
    if (*line != '{' || data_read_json(ctx, "<messages>", line, (size_t)(end - line), &v) != LOOM_OK)
      continue;
    const char *message = string_of(v, "message");
    if (message && text_eq(string_of(v, "severity"), "error"))
      found = message;
  }
  diag_drop(ctx, before);
  return found;
}
