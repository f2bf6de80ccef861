/* Keys of YAML by indentation: a file that is being typed is seldom one that a parser takes. */
#include "lsp/lsp_private.h"
#include <ctype.h>

enum { DEPTH_MAX = 32, PATH_BYTES = 1024 };

/* What one line has in block style: a key behind `indent` columns, "- " counted as columns. */
typedef struct block_line { size_t indent; lsp_span key; bool has_key, is_empty, is_item; } block_line;

static bool is_key_byte(char c) { return isalnum((unsigned char)c) || strchr("_-.@$", c); }

/* The key at `from` < `end`, up to its colon; false: there is none. */
static bool key_from(const char *code, size_t from, size_t end, lsp_span *out) {
  size_t at = from;
  const bool is_quoted = code[at] == '"' || code[at] == '\'';
  const size_t start = at += is_quoted;
  while (at < end && is_key_byte(code[at]))
    at++;
  *out = (lsp_span){start, at};
  at += is_quoted && at < end && code[at] == code[from];
  while (at < end && code[at] == ' ')
    at++;
  return out->to > start && at < end && code[at] == ':' && (at + 1 == end || isspace((unsigned char)code[at + 1]));
}

static block_line block_of(const lsp_lines *l, size_t line) {
  const size_t start = l->starts[line], end = start + lsp_line_length(l, line);
  size_t at = start;
  block_line b = {0};
  while (at < end && (l->text[at] == ' ' || (l->text[at] == '-' && at + 1 < end && l->text[at + 1] == ' '))) {
    b.is_item |= l->text[at] == '-';
    at++;
  }
  b.indent = at - start;
  b.is_empty = at == end || l->text[at] == '#';
  b.has_key = !b.is_empty && key_from(l->text, at, end, &b.key);
  return b;
}

/* Keys of the lines above that the one at `indent` is in, outermost last: indices of lines. */
static size_t parents_of(const lsp_lines *l, size_t line, size_t indent, size_t out[DEPTH_MAX]) {
  size_t n = 0;
  for (size_t i = line; i-- > 0 && indent > 0 && n < DEPTH_MAX;) {
    const block_line b = block_of(l, i);
    if (!b.has_key || b.indent >= indent)
      continue;
    out[n++] = i;
    indent = b.indent;
  }
  return n;
}

/* ---- flow style within a line: {name: x, size: 8} ---- */

typedef struct flow { lsp_span stack[DEPTH_MAX]; size_t n; lsp_span key; bool has_key; } flow;

/* The brackets that are open at byte `at` of the line, and the last key before it among those of the innermost.  `from`: behind the colon of the line's own key, or the first byte of an item. */
static flow flow_at(const char *code, size_t from, size_t end, size_t at) {
  flow f = {0};
  lsp_span last = {0};
  char quote = 0;
  for (size_t i = from; i < end; i++) {
    const char c = code[i];
    if (quote || c == '"' || c == '\'') {
      quote = quote == c ? 0 : quote ? quote : c;
      continue;
    }
    if (c == '#' && i > from && code[i - 1] == ' ')
      break;
    const bool begins = i > from && strchr("{,", code[i - 1 - (code[i - 1] == ' ')]);
    lsp_span key;
    if (f.n && begins && key_from(code, i, end, &key)) {
      f.has_key = true;
      f.key = last = key;
    }
    if (i >= at)
      break;
    if ((c == '{' || c == '[') && f.n < DEPTH_MAX) {
      f.stack[f.n++] = last;
      f.has_key = false;
      last = (lsp_span){0};
    } else if ((c == '}' || c == ']') && f.n) {
      last = f.stack[--f.n];
      f.has_key = last.to > 0;
      f.key = last;
    } else if (c == ',') {
      f.has_key = false;
      last = (lsp_span){0};
    }
  }
  return f;
}

/* ---- the place ---- */

static void add_part(text *t, const char *s, lsp_span part) {
  if (part.to > part.from && t->size < PATH_BYTES)
    text_addf(t, "%s%.*s", t->size ? "." : "", (int)(part.to - part.from < 128 ? part.to - part.from : 128), s + part.from);
}

bool lsp_key_at(arena *m, const lsp_lines *l, size_t at, lsp_key_place *out) {
  size_t line = 0, above[DEPTH_MAX];
  for (size_t lo = 0, hi = l->n; lo < hi;) {
    const size_t mid = (lo + hi) / 2;
    line = l->starts[mid] <= at ? mid : line;
    lo = l->starts[mid] <= at ? mid + 1 : lo;
    hi = l->starts[mid] <= at ? hi : mid;
  }
  const block_line b = block_of(l, line);
  const size_t start = l->starts[line], end = start + lsp_line_length(l, line);
  const size_t indent = b.is_empty ? at - start : b.indent;
  const size_t n = parents_of(l, line, indent, above);
  text t = text_new(m);
  for (size_t i = n; i-- > 0;)
    add_part(&t, l->text, block_of(l, above[i]).key);
  *out = (lsp_key_place){.parent = arena_strdup(m, text_str(&t))};
  if (b.has_key) {
    const char *colon = memchr(l->text + b.key.to, ':', end - b.key.to);
    const flow f = flow_at(l->text, (size_t)(colon - l->text) + 1, end, at);
    if (f.n || at > b.key.to)
      add_part(&t, l->text, b.key);
    for (size_t i = 0; i < f.n; i++)
      add_part(&t, l->text, f.stack[i]);
    if (f.n)
      out->parent = arena_strdup(m, text_str(&t));
    out->key = f.has_key ? f.key : b.key;
    if (f.has_key)
      add_part(&t, l->text, f.key);
    else if (!f.n && at <= b.key.to)
      add_part(&t, l->text, b.key);
    out->path = text_str(&t);
    return f.has_key || !f.n;
  }
  const flow f = flow_at(l->text, start + b.indent, end, at);      /* an item of a list: - {name: x} */
  for (size_t i = 0; i < f.n; i++)
    add_part(&t, l->text, f.stack[i]);
  out->parent = arena_strdup(m, text_str(&t));
  add_part(&t, l->text, f.key);
  out->key = f.key;
  out->path = text_str(&t);
  return f.has_key;
}

/* ---- the table ---- */

bool lsp_key_matches(const char *pattern, const char *path) {
  while (*pattern && *path) {
    const size_t n = strcspn(pattern, "."), k = strcspn(path, ".");
    const bool is_any = n == 1 && *pattern == '*';
    if (!is_any && (n != k || strncmp(pattern, path, n) != 0))
      return false;
    pattern += n + (pattern[n] == '.');
    path += k + (path[k] == '.');
  }
  return !*pattern && !*path;
}

const lsp_word *lsp_key_find(const lsp_setup *setup, const char *path) {
  const char *last = strrchr(path, '.');
  for (size_t i = 0; i < setup->n_keys; i++)
    if (lsp_key_matches(setup->keys[i].name, path))
      return &setup->keys[i];
  for (size_t i = 0; last && i < setup->n_keys; i++)      /* "*.value": of any number, however deep */
    if (text_starts(setup->keys[i].name, "*.") && strcmp(setup->keys[i].name + 1, last) == 0)
      return &setup->keys[i];
  return NULL;
}

/* ---- symbols ---- */

static data_value *symbol(arena *m, const lsp_lines *l, size_t line, size_t last_line, lsp_span key, lsp_encoding e) {
  enum { KIND_PROPERTY = 7 };
  const int64_t start = (int64_t)l->starts[line], row = (int64_t)line + 1;
  data_value *o = data_object(m);
  data_set_string(m, o, "name", arena_strndup(m, l->text + key.from, key.to - key.from));
  data_set_int(m, o, "kind", KIND_PROPERTY);
  data_set(m, o, "range", lsp_range(m, l, (int64_t[]){row, 1, (int64_t)last_line + 1, INT64_MAX}, e));
  data_set(m, o, "selectionRange", lsp_range(m, l, (int64_t[]){row, (int64_t)key.from - start + 1, row, (int64_t)key.to - start + 1}, e));
  return o;
}

/* The last line of what begins in `line` at `indent`. */
static size_t end_of(const lsp_lines *l, size_t line, size_t indent) {
  size_t last = line;
  for (size_t i = line + 1; i < l->n; i++) {
    const block_line b = block_of(l, i);
    if (b.is_empty)
      continue;
    if (b.indent <= indent)
      break;
    last = i;
  }
  return last;
}

data_value *lsp_key_symbols(arena *m, const lsp_lines *l, lsp_encoding e) {
  data_value *all = data_array(m), *children = NULL;
  size_t child_indent = 0;
  for (size_t i = 0; i < l->n; i++) {
    const block_line b = block_of(l, i);
    if (!b.has_key || b.is_item)
      continue;
    if (b.indent == 0) {
      data_value *o = symbol(m, l, i, end_of(l, i, 0), b.key, e);
      children = data_array(m);
      child_indent = 0;
      data_set(m, o, "children", children);
      data_push(m, all, o);
    } else if (children && (child_indent == 0 || b.indent == child_indent)) {
      child_indent = b.indent;
      data_push(m, children, symbol(m, l, i, end_of(l, i, b.indent), b.key, e));
    }
  }
  return all;
}
