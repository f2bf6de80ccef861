#include "base/data_private.h"

static bool continues_character(char c) { return ((unsigned char)c & 0xc0) == 0x80; }

data_cursor data_cursor_new(const diag_source *source) { return (data_cursor){.source = source, .line = 1}; }

static void step(data_cursor *c) {
  char byte = c->source->text[c->at++];
  c->chars += !continues_character(byte);
  if (byte == '\n') {
    c->line++;
    c->line_start = c->at;
  }
}

void data_cursor_skip(data_cursor *c, size_t n) {
  for (; n > 0 && c->at < c->source->size; n--)
    step(c);
}

static void step_back(data_cursor *c) {
  const char *text = c->source->text;
  char byte = text[--c->at];
  c->chars -= !continues_character(byte);
  if (byte != '\n')
    return;
  c->line--;
  c->line_start = c->at;
  while (c->line_start > 0 && text[c->line_start - 1] != '\n')
    c->line_start--;
}

void data_cursor_go(data_cursor *c, size_t chars) {
  while (c->chars > chars)
    step_back(c);
  /* `chars` counts a character at its first byte: go on until the next one begins. */
  while (c->at < c->source->size && (c->chars < chars || continues_character(c->source->text[c->at])))
    step(c);
}

loom_span data_cursor_here(const data_cursor *c) {
  int32_t col = (int32_t)(c->at - c->line_start) + 1;
  return (loom_span){c->source, c->line, col, c->line, col};
}

loom_span data_span_to(loom_span begin, const data_cursor *end) {
  begin.end_line = end->line;
  begin.end_col = (int32_t)(end->at - end->line_start) + 1;
  return begin;
}
