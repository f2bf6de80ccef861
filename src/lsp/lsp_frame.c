/* Frames: headers and bodies out of a stream of bytes, whatever its pieces. */
#include "lsp/lsp.h"
#include "base/vec.h"
#include <strings.h>

static const char length_header[] = "content-length:";
enum { LENGTH_HEADER = sizeof length_header - 1, KEPT_BYTES = 1 << 20 };

void lsp_frames_done(lsp_frames *f) {
  jmp_buf *guard = f->mem.guard;
  arena_done(&f->mem);
  arena_done(&f->next);
  *f = (lsp_frames){.mem = {.guard = guard}};
}

void lsp_frames_add(lsp_frames *f, const char *bytes, size_t n) {
  const size_t skipped = n < f->skip ? n : f->skip;
  f->skip -= skipped;
  bytes += skipped;
  n -= skipped;
  if (f->from == f->size) {
    f->from = f->size = 0;
    if (f->room > KEPT_BYTES) {      /* a large one has gone through */
      const size_t skip = f->skip;
      const bool is_lost = f->is_lost;
      lsp_frames_done(f);
      f->skip = skip;
      f->is_lost = is_lost;
    }
  }
  if (n >= f->room - f->size && f->from) {
    memmove(f->bytes, f->bytes + f->from, f->size - f->from);
    f->size -= f->from;
    f->from = 0;
  }
  if (n >= f->room - f->size) {
    const size_t room = (f->size + n + 1) * 2;
    arena_done(&f->next);
    f->next.guard = f->mem.guard;
    char *to = arena_alloc(&f->next, room);      /* when memory runs out here, what was there is still there */
    if (f->size)
      memcpy(to, f->bytes, f->size);
    arena_done(&f->mem);
    f->mem = f->next;
    f->next = (arena){0};
    f->bytes = to;
    f->room = room;
  }
  if (n)
    memcpy(f->bytes + f->size, bytes, n);
  f->size += n;
}

/* Bytes of the headers at `s` with the empty line behind them; 0: they do not end within `n`. */
static size_t headers_length(const char *s, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (s[i] == '\n' && ((i + 1 < n && s[i + 1] == '\n') || (i + 2 < n && s[i + 1] == '\r' && s[i + 2] == '\n')))
      return i + (s[i + 1] == '\n' ? 2 : 3);
  return 0;
}

/* The number behind `at`, up to the '\n' of its line; SIZE_MAX: there is none, or more. */
static size_t length_at(const char *at) {
  size_t n = 0;
  int digits = 0;
  while (*at == ' ' || *at == '\t')
    at++;
  for (; *at >= '0' && *at <= '9'; at++, digits++)
    n = digits < 12 ? n * 10 + (size_t)(*at - '0') : SIZE_MAX / 2;
  while (*at == ' ' || *at == '\t' || *at == '\r')
    at++;
  return digits && *at == '\n' ? n : SIZE_MAX;
}

/* Headers of any name are let pass; the last length counts. */
static size_t body_length(const char *s, size_t n) {
  size_t length = SIZE_MAX;
  for (size_t line = 0; line < n;) {
    const char *end = memchr(s + line, '\n', n - line);
    if (n - line > LENGTH_HEADER && strncasecmp(s + line, length_header, LENGTH_HEADER) == 0)
      length = length_at(s + line + LENGTH_HEADER);
    line = (size_t)(end - s) + 1;      /* headers end with a line's end */
  }
  return length;
}

/* On to the next place where a length may be told; false: it has not come yet. */
static bool find_length(lsp_frames *f) {
  while (f->size - f->from >= LENGTH_HEADER) {
    if (strncasecmp(f->bytes + f->from, length_header, LENGTH_HEADER) == 0)
      return true;
    f->from++;
  }
  return false;
}

lsp_frame lsp_frames_next(lsp_frames *f, char **body, size_t *n) {
  if (f->is_lost && !find_length(f))
    return LSP_FRAME_NONE;
  f->is_lost = false;
  const size_t left = f->size - f->from, looked_at = left <= LSP_HEADER_BYTES_MAX ? left : LSP_HEADER_BYTES_MAX;
  const size_t headers = f->bytes ? headers_length(f->bytes + f->from, looked_at) : 0;
  if (!headers && left < LSP_HEADER_BYTES_MAX)
    return LSP_FRAME_NONE;
  const size_t length = headers ? body_length(f->bytes + f->from, headers) : SIZE_MAX;
  if (length == SIZE_MAX) {
    f->from++;
    f->is_lost = true;
    return LSP_FRAME_BROKEN;
  }
  if (length > LSP_BODY_BYTES_MAX) {
    const size_t here = left - headers < length ? left - headers : length;
    f->from += headers + here;
    f->skip = length - here;
    return LSP_FRAME_TOO_LARGE;
  }
  if (left - headers < length)
    return LSP_FRAME_NONE;
  /* what follows it in the buffer moves away from the NUL: the body is moved over its headers instead */
  memmove(f->bytes + f->from, f->bytes + f->from + headers, length);
  *body = f->bytes + f->from;
  (*body)[length] = 0;
  *n = length;
  f->from += headers + length;
  return LSP_FRAME_BODY;
}

void lsp_frame_write(text *out, const data_value *v) {
  const char *json = data_write_json(out->mem, v, 0);
  text_addf(out, "Content-Length: %zu\r\n\r\n", strlen(json));
  text_add(out, json);
}
