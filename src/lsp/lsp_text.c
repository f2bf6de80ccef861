/* Texts of others as they can be read: JSON with halves of characters, URIs, names in Python. */
#include "lsp/lsp_private.h"
#include <ctype.h>
#include <stdlib.h>

#define REPLACEMENT "\xEF\xBF\xBD"      /* U+FFFD */

/* The code unit of \uXXXX at `s`; -1: there is none. */
static int32_t escaped_unit(const char *s, size_t left) {
  int32_t v = 0;
  if (left < 6 || s[0] != '\\' || s[1] != 'u')
    return -1;
  for (int i = 2; i < 6; i++) {
    if (!isxdigit((unsigned char)s[i]))
      return -1;
    v = v * 16 + (isdigit((unsigned char)s[i]) ? s[i] - '0' : tolower((unsigned char)s[i]) - 'a' + 10);
  }
  return v;
}

/* Bytes at `s` that go together, and what stands for them: NULL, themselves. */
static size_t piece(const char *s, size_t left, const char **out) {
  *out = NULL;
  if (*s == '\\') {
    const int32_t unit = escaped_unit(s, left), next = unit >= 0xD800 && unit < 0xDC00 ? escaped_unit(s + 6, left - 6) : -1;
    if (unit < 0)
      return left > 1 && (unsigned char)s[1] < 0x80 ? 2 : 1;
    if (next >= 0xDC00 && next < 0xE000)
      return 12;
    if (unit == 0 || (unit >= 0xD800 && unit < 0xE000))
      *out = REPLACEMENT;
    return 6;
  }
  const size_t n = text_utf8_length((const unsigned char *)s, left);
  if (!n)
    *out = REPLACEMENT;
  return n ? n : 1;
}

const char *lsp_clean_json(arena *m, const char *s, size_t n, size_t *out_n) {
  text t = text_new(m);
  size_t kept = 0;
  for (size_t i = 0, length; i < n; i += length) {
    const char *instead;
    length = piece(s + i, n - i, &instead);
    if (!instead)
      continue;
    text_add_bytes(&t, s + kept, i - kept);
    text_add(&t, instead);
    kept = i + length;
  }
  *out_n = n;
  if (!kept)
    return s;
  text_add_bytes(&t, s + kept, n - kept);
  *out_n = t.size;
  return text_str(&t);
}

/* ---- URIs ---- */

const char *lsp_path_of_uri(arena *m, const char *uri) {
  static const char scheme[] = "file://";
  if (!text_starts(uri, scheme))
    return uri;
  const char *path = strchr(uri + sizeof scheme - 1, '/');      /* behind the host */
  if (!path)
    return uri;
  char *out = arena_alloc(m, strlen(path) + 1), *to = out;
  for (const char *s = path; *s; s++) {
    const char hex[3] = {s[0] == '%' ? s[1] : 0, s[0] == '%' && s[1] ? s[2] : 0, 0};
    const bool is_coded = isxdigit((unsigned char)hex[0]) && isxdigit((unsigned char)hex[1]) && strcmp(hex, "00") != 0;
    *to++ = is_coded ? (char)strtol(hex, NULL, 16) : *s;
    s += is_coded ? 2 : 0;
  }
  *to = 0;
  return out;
}

const char *lsp_uri_of_path(arena *m, const char *path) {
  text t = text_new(m);
  text_add(&t, "file://");
  for (const char *s = path; *s; s++)
    if (isalnum((unsigned char)*s) || strchr("/-._~", *s))
      text_add_bytes(&t, s, 1);
    else
      text_addf(&t, "%%%02X", (unsigned char)*s);
  return text_str(&t);
}

/* ---- names ---- */

static bool is_in_name(char c) { return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80; }

bool lsp_name_at(const char *code, size_t size, size_t at, lsp_span *out_name, lsp_span *out_dotted) {
  size_t from = at, to = at;
  while (from > 0 && is_in_name(code[from - 1]))
    from--;
  while (to < size && is_in_name(code[to]))
    to++;
  *out_name = *out_dotted = (lsp_span){from, to};
  while (out_dotted->from > 1 && code[out_dotted->from - 1] == '.' && is_in_name(code[out_dotted->from - 2]))
    for (out_dotted->from--; out_dotted->from > 0 && is_in_name(code[out_dotted->from - 1]);)
      out_dotted->from--;
  return to > from;
}

/* "import a.b as c" and "from a import b as c" in a line: what `name` stands for; NULL: the line does not say. */
static const char *imported(arena *m, const char *line, size_t n, const char *name) {
  char *copy = arena_strndup(m, line, n), *rest = NULL;
  const char *from = NULL, *what = NULL, *before = "";
  for (char *word = strtok_r(copy, " \t\r\n,()", &rest); word && *word != '#'; word = strtok_r(NULL, " \t\r\n,()", &rest)) {
    if (strcmp(before, "from") == 0)
      from = word;
    else if (strcmp(before, "as") == 0 && what && strcmp(word, name) == 0)
      return from ? arena_printf(m, "%s.%s", from, what) : what;
    else if (strcmp(word, "as") != 0 && strcmp(word, "import") != 0 && strcmp(word, "from") != 0)
      what = word;
    if (from && what == word && strcmp(word, name) == 0)
      return arena_printf(m, "%s.%s", from, word);
    before = word;
  }
  return NULL;
}

const char *lsp_full_name(arena *m, const lsp_lines *l, const char *dotted) {
  const size_t n = strcspn(dotted, ".");
  const char *first = arena_strndup(m, dotted, n), *is = NULL;
  for (size_t i = 0; i < l->n && !is; i++) {
    const char *line = l->text + l->starts[i];
    const size_t length = lsp_line_length(l, i);
    if (length > 7 && (strncmp(line, "import ", 7) == 0 || strncmp(line, "from ", 5) == 0))
      is = imported(m, line, length, first);
  }
  if (!is && strcmp(first, "hl") == 0)
    is = "helion.language";
  return is ? arena_printf(m, "%s%s", is, dotted + n) : dotted;
}
