/* Positions: lines and code units of the client's encoding, bytes of ours. */
#include "lsp/lsp_private.h"

lsp_lines lsp_lines_of(arena *m, const char *code, size_t size) {
  lsp_lines l = {.text = code, .size = size};
  size_t room = 1, n = 1;
  for (size_t i = 0; i < size; i++)
    room += code[i] == '\n' || code[i] == '\r';
  l.starts = ARENA_NEW_N(m, size_t, room);
  for (size_t i = 0; i < size; i++)
    if (code[i] == '\n' || (code[i] == '\r' && (i + 1 == size || code[i + 1] != '\n')))
      l.starts[n++] = i + 1;
  l.n = n;
  return l;
}

size_t lsp_line_length(const lsp_lines *l, size_t line) {
  if (line >= l->n)
    return 0;
  size_t end = line + 1 < l->n ? l->starts[line + 1] : l->size;
  while (end > l->starts[line] && (l->text[end - 1] == '\n' || l->text[end - 1] == '\r'))
    end--;
  return end - l->starts[line];
}

/* Bytes and code units of the character at `p`; what is no UTF-8 is a character a byte. */
static size_t character(const char *p, size_t left, lsp_encoding e, int64_t *units) {
  const size_t n = text_utf8_length((const unsigned char *)p, left);
  *units = e == LSP_UTF8 ? (int64_t)(n ? n : 1) : e == LSP_UTF16 && n == 4 ? 2 : 1;
  return n ? n : 1;
}

size_t lsp_offset_of(const lsp_lines *l, lsp_position p, lsp_encoding e) {
  if (p.line < 0)
    return 0;
  if ((uint64_t)p.line >= l->n)
    return l->size;
  const size_t start = l->starts[p.line], end = start + lsp_line_length(l, (size_t)p.line);
  size_t at = start;
  int64_t units = 0;
  while (at < end) {
    int64_t n;
    const size_t bytes = character(l->text + at, end - at, e, &n);
    if (units + n > p.unit)
      break;
    units += n;
    at += bytes;
  }
  return at;
}

lsp_position lsp_position_of(const lsp_lines *l, int64_t line, int64_t col, lsp_encoding e) {
  lsp_position p = {0};
  if (line < 1)
    return p;
  p.line = (uint64_t)line > l->n ? (int64_t)l->n - 1 : line - 1;
  const size_t start = l->starts[p.line], length = lsp_line_length(l, (size_t)p.line);
  const size_t want = (uint64_t)line > l->n ? length : col < 1 ? 0 : (uint64_t)col > length ? length : (size_t)(col - 1);
  for (size_t at = 0; at < want;) {
    int64_t n;
    at += character(l->text + start + at, length - at, e, &n);
    if (at <= want)
      p.unit += n;
  }
  return p;
}

data_value *lsp_position_to_data(arena *m, lsp_position p) {
  data_value *o = data_object(m);
  data_set_int(m, o, "line", p.line);
  data_set_int(m, o, "character", p.unit);
  return o;
}

bool lsp_position_from_data(const data_value *v, lsp_position *out) {
  const data_value *line = data_get(v, "line"), *unit = data_get(v, "character");
  if (!line || !unit || line->kind != DATA_INT || unit->kind != DATA_INT)
    return false;
  *out = (lsp_position){line->integer, unit->integer};
  return true;
}

data_value *lsp_range(arena *m, const lsp_lines *l, const int64_t place[4], lsp_encoding e) {
  const int64_t line = place[0], col = place[1];
  lsp_position from = lsp_position_of(l, line, col, e), to = from;
  const bool has_end = place[2] > line || (place[2] == line && place[3] > col);
  if (line >= 1 && col >= 1 && has_end)
    to = lsp_position_of(l, place[2], place[3], e);
  else if (line >= 1)
    to = lsp_position_of(l, line, col >= 1 ? col + 1 : INT64_MAX, e);
  data_value *o = data_object(m);
  data_set(m, o, "start", lsp_position_to_data(m, from));
  data_set(m, o, "end", lsp_position_to_data(m, to));
  return o;
}
