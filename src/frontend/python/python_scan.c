#include "frontend/python/python_scan.h"
#include "base/text.h"

typedef struct scan {
  loom_ctx *ctx;
  const diag_source *src;
  const unsigned char *text;
  size_t at;
  int32_t line;
  size_t line_start;
  int depth;
  bool is_decorated;       /* the statement before this line is a decorator */
  python_starts *starts;
} scan;

static loom_span here(const scan *s, size_t at) {
  int32_t col = (int32_t)(at - s->line_start) + 1;
  return (loom_span){s->src, s->line, col, s->line, col + 1};
}

static loom_status fail(loom_ctx *ctx, loom_span at, loom_status status, const char *help, const char *message) {
  diag_error(ctx, at, status, "%s", message);
  diag_help(ctx, "%s", help);
  return status;
}

static unsigned char peek(const scan *s, size_t ahead) { return s->at + ahead < s->src->size ? s->text[s->at + ahead] : 0; }

static void step(scan *s) {
  if (s->text[s->at++] == '\n') {
    s->line++;
    s->line_start = s->at;
  }
}

static loom_status check_bytes(scan *s) {
  while (s->at < s->src->size) {
    if (s->text[s->at] >= ' ' && s->text[s->at] < 0x80) {   /* nearly all of a source */
      s->at++;
      continue;
    }
    if (s->text[s->at] == 0)
      return fail(s->ctx, here(s, s->at), LOOM_EINPUT, "a Python source is UTF-8 text: remove it", "the file holds a NUL byte");
    size_t n = text_utf8_length(s->text + s->at, s->src->size - s->at);
    if (!n)
      return fail(s->ctx, here(s, s->at), LOOM_EINPUT, "save the file as UTF-8", arena_printf(&s->ctx->mem, "byte 0x%02x is not valid UTF-8", s->text[s->at]));
    for (size_t i = 0; i < n; i++)
      step(s);
  }
  return LOOM_OK;
}

/* Skips a string that starts at the quote `q`; an unterminated one is left to the parser to report. */
static void skip_string(scan *s) {
  unsigned char q = peek(s, 0);
  bool triple = peek(s, 1) == q && peek(s, 2) == q;
  for (int i = 0; i < (triple ? 3 : 1); i++)
    step(s);
  while (s->at < s->src->size) {
    unsigned char c = peek(s, 0);
    if (c == '\\' && s->at + 1 < s->src->size) {
      step(s);
      step(s);
    } else if (triple ? c == q && peek(s, 1) == q && peek(s, 2) == q : c == q) {
      for (int i = 0; i < (triple ? 3 : 1); i++)
        step(s);
      return;
    } else if (!triple && c == '\n') {
      return;
    } else if (c != '\n') {
      s->at++;
    } else {
      step(s);
    }
  }
}

static bool is_name_byte(unsigned char c) {
  return c == '_' || c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static loom_status skip_name(scan *s) {
  size_t start = s->at;
  while (s->at < s->src->size && is_name_byte(s->text[s->at]))
    s->at++;
  if (s->at - start > PYTHON_NAME_MAX && !(s->text[start] >= '0' && s->text[start] <= '9'))
    return fail(s->ctx, here(s, start), LOOM_ELIMIT, "use a shorter name", arena_printf(&s->ctx->mem, "a name of %zu bytes; at most %d are allowed", s->at - start, PYTHON_NAME_MAX));
  return LOOM_OK;
}

static bool begins_with(const scan *s, const char *word) {
  size_t n = strlen(word);
  return s->src->size - s->at >= n && memcmp(s->text + s->at, word, n) == 0 && !is_name_byte(peek(s, n));
}

/* At the first byte of a line, outside of strings. */
static void note_start(scan *s) {
  unsigned char c = peek(s, 0);
  bool is_start = s->depth == 0 && (is_name_byte(c) || c == '@' || c == '(' || c == '[' || c == '{' || c == '"' || c == '\'');
  bool is_continued = s->at >= 2 && s->text[s->at - 2] == '\\';
  if (!is_start || is_continued || begins_with(s, "else") || begins_with(s, "elif") || begins_with(s, "except") || begins_with(s, "finally"))
    return;
  if (!s->is_decorated)
    vec_push(&s->ctx->mem, s->starts, ((python_start){s->at, s->line}));
  s->is_decorated = c == '@';
}

static loom_status check_nesting(scan *s) {
  while (s->at < s->src->size) {
    unsigned char c = peek(s, 0);
    if (s->at == s->line_start)
      note_start(s);
    if (c == '#') {
      while (s->at < s->src->size && s->text[s->at] != '\n')
        s->at++;
    } else if (c == '"' || c == '\'') {
      skip_string(s);
    } else if (is_name_byte(c)) {
      LOOM_TRY(skip_name(s));
    } else if (c == ' ') {
      s->at++;
    } else {
      if ((c == '(' || c == '[' || c == '{') && ++s->depth > PYTHON_DEPTH_MAX)
        return fail(s->ctx, here(s, s->at), LOOM_ELIMIT, "split the expression", arena_printf(&s->ctx->mem, "brackets are nested more than %d deep", PYTHON_DEPTH_MAX));
      if ((c == ')' || c == ']' || c == '}') && s->depth > 0)
        s->depth--;
      step(s);
    }
  }
  return LOOM_OK;
}

loom_status python_scan(loom_ctx *ctx, const diag_source *src, python_starts *out_starts) {
  if (src->size > PYTHON_BYTES_MAX)
    return fail(ctx, (loom_span){.source = src}, LOOM_ELIMIT, "split the file",
                arena_printf(&ctx->mem, "the file has %zu bytes; a Python source may have at most %d", src->size, PYTHON_BYTES_MAX));
  scan bytes = {.ctx = ctx, .src = src, .text = (const unsigned char *)src->text, .line = 1};
  scan nesting = bytes;
  nesting.starts = out_starts;
  LOOM_TRY(check_bytes(&bytes));
  return check_nesting(&nesting);
}
