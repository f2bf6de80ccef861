#include "base/diag_lines.h"
#include "base/data.h"
#include "base/text.h"
#include <string.h>

const char *diag_first_error(loom_ctx *ctx, const char *lines, size_t size) {
  const char *found = "";
  const diag_mark before = diag_save(ctx);
  for (const char *line = lines, *end; !*found && line < lines + size; line = end + 1) {
    data_value *v;
    end = memchr(line, '\n', (size_t)(lines + size - line));
    end = end ? end : lines + size;
    if (*line != '{' || data_read_json(ctx, "<messages>", line, (size_t)(end - line), &v) != LOOM_OK)
      continue;
    const char *message = data_get_string(v, "message", NULL);
    if (message && text_eq(data_get_string(v, "severity", NULL), "error"))
      found = message;
  }
  diag_drop(ctx, before);
  return found;
}
