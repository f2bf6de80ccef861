/* Diagnostics as the client shows them. */
#include "lsp/lsp_private.h"

enum { SEVERITY_ERROR = 1, SEVERITY_WARNING, SEVERITY_INFORMATION };

static data_value *range_of(const lsp_server *s, arena *m, const lsp_document *d, const data_value *v) {
  return lsp_range(m, &d->lines, (int64_t[]){data_get_int(v, "line", 0), data_get_int(v, "column", 0), data_get_int(v, "end_line", 0), data_get_int(v, "end_column", 0)}, s->encoding);
}

/* In another file the characters are not known: its lines are. */
static data_value *range_elsewhere(arena *m, const data_value *v) {
  const int64_t line = data_get_int(v, "line", 0);
  data_value *o = data_object(m);
  const lsp_position p = {.line = line > 0 ? line - 1 : 0};
  data_set(m, o, "start", lsp_position_to_data(m, p));
  data_set(m, o, "end", lsp_position_to_data(m, p));
  return o;
}

static bool is_of(const lsp_document *d, const data_value *v) {
  const char *file = lsp_string(v, "file");
  return !file || text_eq(file, d->path);
}

static data_value *location(const lsp_server *s, arena *m, const lsp_document *d, const data_value *v) {
  data_value *o = data_object(m);
  data_set_string(m, o, "uri", is_of(d, v) ? d->uri : lsp_uri_of_path(m, lsp_string(v, "file")));
  data_set(m, o, "range", is_of(d, v) ? range_of(s, m, d, v) : range_elsewhere(m, v));
  return o;
}

static void add_related(arena *m, data_value *list, data_value *where, const char *words) {
  data_value *o = data_object(m);
  data_set(m, o, "location", where);
  data_set_string(m, o, "message", words);
  data_push(m, list, o);
}

static int severity_of(const data_value *v) {
  const char *word = lsp_string(v, "severity");
  return text_eq(word, "error") ? SEVERITY_ERROR : text_eq(word, "warning") ? SEVERITY_WARNING : SEVERITY_INFORMATION;
}

static void set_code(const lsp_server *s, arena *m, data_value *o, const char *code) {
  data_value *page = data_object(m);
  data_set_string(m, o, "code", code);
  if (!s->has_code_pages || !s->setup->code_page)
    return;
  data_set_string(m, page, "href", lsp_uri_of_path(m, s->setup->code_page));
  data_set(m, o, "codeDescription", page);
}

/* `v`, with the notes behind it, `n` of them. */
static data_value *diagnostic(const lsp_server *s, arena *m, const lsp_document *d, data_value *const *v, size_t n) {
  data_value *o = data_object(m), *related = data_array(m);
  const char *help = lsp_string(v[0], "help"), *message = lsp_string(v[0], "message");
  text words = text_new(m);
  text_add(&words, message ? message : "");
  if (help && s->has_related)
    add_related(m, related, location(s, m, d, v[0]), arena_printf(m, "help: %s", help));
  else if (help)
    text_addf(&words, "\nhelp: %s", help);
  if (!is_of(d, v[0])) {
    text_addf(&words, " (%s:%" PRId64 ")", lsp_string(v[0], "file"), data_get_int(v[0], "line", 0));
    add_related(m, related, location(s, m, d, v[0]), "here");
  }
  for (size_t i = 1; i < n; i++)
    if (s->has_related && data_get_int(v[i], "line", 0))
      add_related(m, related, location(s, m, d, v[i]), lsp_string(v[i], "message"));
    else
      text_addf(&words, "\nnote: %s", lsp_string(v[i], "message"));
  static const int64_t top[4] = {1, 0, 0, 0};
  data_set(m, o, "range", is_of(d, v[0]) && data_get_int(v[0], "line", 0) ? range_of(s, m, d, v[0]) : lsp_range(m, &d->lines, top, s->encoding));
  data_set_int(m, o, "severity", severity_of(v[0]));
  if (lsp_string(v[0], "code"))
    set_code(s, m, o, lsp_string(v[0], "code"));
  data_set_string(m, o, "source", "loom");
  data_set_string(m, o, "message", text_str(&words));
  if (s->has_related && related->n)
    data_set(m, o, "relatedInformation", related);
  return o;
}

static void publish(lsp_server *s, arena *m, const lsp_document *d, data_value *list) {
  data_value *params = data_object(m);
  data_set_string(m, params, "uri", d->uri);
  data_set_int(m, params, "version", d->version);
  data_set(m, params, "diagnostics", list);
  lsp_notify(s, m, "textDocument/publishDiagnostics", params);
}

void lsp_publish(lsp_server *s, arena *m, const lsp_document *d) {
  const data_value *all = data_get(d->found, "diagnostics");
  data_value *list = data_array(m);
  for (size_t i = 0, n; all && i < all->n; i += n) {
    n = 1;
    while (i + n < all->n && text_eq(lsp_string(all->items[i], "severity"), "error") && text_eq(lsp_string(all->items[i + n], "severity"), "note"))
      n++;
    if (is_of(d, all->items[i]) || severity_of(all->items[i]) == SEVERITY_ERROR)      /* what is odd elsewhere is said there */
      data_push(m, list, diagnostic(s, m, d, &all->items[i], n));
  }
  publish(s, m, d, list);
}

/* What is wrong with the analysis itself, in the first line. */
void lsp_publish_text(lsp_server *s, arena *m, const lsp_document *d, const char *message) {
  data_value *list = data_array(m), *v = data_object(m);
  data_set_string(m, v, "severity", "warning");
  data_set_string(m, v, "message", message);
  data_push(m, list, diagnostic(s, m, d, &v, 1));
  publish(s, m, d, list);
}
