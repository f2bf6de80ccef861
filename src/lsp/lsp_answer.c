/* Requests about a document.  Those that need its analysis wait for that of the newest text. */
#include "lsp/lsp_private.h"

/* ---- hover ---- */

static data_value *hover(const lsp_server *s, arena *m, const lsp_document *d, const char *markdown, lsp_span where) {
  data_value *o = data_object(m), *contents = data_object(m), *range = data_object(m);
  size_t line = 0;
  while (line + 1 < d->lines.n && d->lines.starts[line + 1] <= where.from)
    line++;
  const int64_t start = (int64_t)d->lines.starts[line];
  data_set_string(m, contents, "kind", "markdown");
  data_set_string(m, contents, "value", markdown);
  data_set(m, range, "start", lsp_position_to_data(m, lsp_position_of(&d->lines, (int64_t)line + 1, (int64_t)where.from - start + 1, s->encoding)));
  data_set(m, range, "end", lsp_position_to_data(m, lsp_position_of(&d->lines, (int64_t)line + 1, (int64_t)where.to - start + 1, s->encoding)));
  data_set(m, o, "contents", contents);
  data_set(m, o, "range", range);
  return o;
}

static data_value *hover_key(const lsp_server *s, arena *m, const lsp_document *d, size_t at) {
  lsp_key_place p;
  const lsp_word *w = lsp_key_at(m, &d->lines, at, &p) ? lsp_key_find(s->setup, p.path) : NULL;
  if (!w || at < p.key.from || at > p.key.to)
    return data_null(m);
  return hover(s, m, d, arena_printf(m, "**%s**%s%s%s\n\n%s", p.path, *w->detail ? " (" : "", w->detail, *w->detail ? ")" : "", w->what), p.key);
}

/* The analysis has [line, column, name, what it is], a row a place. */
static const char *told_of(const lsp_document *d, size_t from, const char *name) {
  const data_value *names = data_get(d->found, "names");
  for (size_t i = 0; names && i < names->n; i++) {
    data_value *const *row = names->items[i]->items;
    const int64_t line = row[0]->integer;
    if (line >= 1 && (size_t)line <= d->lines.n && d->lines.starts[line - 1] + (size_t)row[1]->integer - 1 == from && text_eq(row[2]->string, name))
      return row[3]->string;
  }
  return NULL;
}

static data_value *hover_name(const lsp_server *s, arena *m, const lsp_document *d, size_t at) {
  lsp_span name, dotted;
  if (!lsp_name_at(d->lines.text, d->lines.size, at, &name, &dotted))
    return data_null(m);
  const char *word = arena_strndup(m, d->lines.text + name.from, name.to - name.from), *is = told_of(d, name.from, word);
  if (is)
    return hover(s, m, d, arena_printf(m, "**%s**: %s", word, is), name);
  const char *full = lsp_full_name(m, &d->lines, arena_strndup(m, d->lines.text + dotted.from, dotted.to - dotted.from));
  for (size_t i = 0; i < s->setup->n_functions; i++)
    if (text_eq(s->setup->functions[i].name, full))
      return hover(s, m, d, arena_printf(m, "`%s(%s)`", full, s->setup->functions[i].detail), dotted);
  return data_null(m);
}

/* ---- symbols ---- */

static data_value *symbol(const lsp_server *s, arena *m, const lsp_document *d, const data_value *v, int depth) {
  enum { KIND_CLASS = 5, KIND_FUNCTION = 12, DEPTH_MAX = 16 };
  const data_value *range = data_get(v, "range"), *name_range = data_get(v, "name_range"), *children = data_get(v, "children");
  data_value *o = data_object(m), *inner = data_array(m);
  int64_t places[8] = {0};
  for (size_t i = 0; i < 4; i++) {
    places[i] = range->items[i]->integer;
    places[4 + i] = name_range->items[i]->integer;
  }
  data_set_string(m, o, "name", lsp_string(v, "name"));
  if (lsp_string(v, "detail"))
    data_set_string(m, o, "detail", lsp_string(v, "detail"));
  data_set_int(m, o, "kind", text_eq(lsp_string(v, "kind"), "class") ? KIND_CLASS : KIND_FUNCTION);
  data_set(m, o, "range", lsp_range(m, &d->lines, places, s->encoding));
  data_set(m, o, "selectionRange", lsp_range(m, &d->lines, places + 4, s->encoding));
  for (size_t i = 0; children && i < children->n && depth < DEPTH_MAX; i++)
    data_push(m, inner, symbol(s, m, d, children->items[i], depth + 1));
  data_set(m, o, "children", inner);
  return o;
}

/* For clients that know no trees: SymbolInformation[]. */
static void flatten(arena *m, const lsp_document *d, const data_value *tree, const char *container, data_value *out) {
  for (size_t i = 0; tree && i < tree->n; i++) {
    const data_value *v = tree->items[i];
    data_value *o = data_object(m), *where = data_object(m);
    data_set(m, o, "name", data_get(v, "name"));
    data_set(m, o, "kind", data_get(v, "kind"));
    data_set_string(m, where, "uri", d->uri);
    data_set(m, where, "range", data_get(v, "range"));
    data_set(m, o, "location", where);
    if (container)
      data_set_string(m, o, "containerName", container);
    data_push(m, out, o);
    flatten(m, d, data_get(v, "children"), lsp_string(v, "name"), out);
  }
}

static data_value *symbols(const lsp_server *s, arena *m, const lsp_document *d) {
  data_value *tree = d->language == LSP_MACHINE ? lsp_key_symbols(m, &d->lines, s->encoding) : data_array(m), *flat = data_array(m);
  for (size_t i = 0; d->language == LSP_KERNELS && d->symbols && i < d->symbols->n; i++)
    data_push(m, tree, symbol(s, m, d, d->symbols->items[i], 0));
  if (s->has_hierarchy)
    return tree;
  flatten(m, d, tree, NULL, flat);
  return flat;
}

/* ---- code lens ---- */

static data_value *lenses(const lsp_server *s, arena *m, const lsp_document *d) {
  data_value *all = data_array(m);
  for (size_t i = 0; i < d->kernels.n; i++) {
    const lsp_kernel *k = &d->kernels.at[i];
    data_value *o = data_object(m), *command = data_object(m);
    data_set_string(m, command, "title", k->title ? k->title : k->cost ? k->cost : "cycles: being computed");
    data_set_string(m, command, "command", "");
    data_set(m, o, "range", lsp_range(m, &d->lines, (int64_t[]){k->line, 0, 0, 0}, s->encoding));
    data_set(m, o, "command", command);
    data_push(m, all, o);
  }
  return all;
}

static bool is_costed(const lsp_document *d) {
  for (size_t i = 0; i < d->kernels.n; i++)
    if (d->kernels.at[i].wants_cost)
      return false;
  return true;
}

/* ---- now, or later ---- */

/* A client that can be told to ask again is answered at once; another one when the costs are there. */
static bool is_ready(const lsp_server *s, const lsp_document *d, int method) {
  return d->revision == d->checked && (method != LSP_LENS || s->has_lens_refresh || is_costed(d));
}

static void answer(lsp_server *s, arena *m, lsp_document *d, const lsp_waiting *w) {
  const size_t at = lsp_offset_of(&d->lines, w->at, s->encoding);
  data_value *result = w->method == LSP_SYMBOLS ? symbols(s, m, d)
                       : w->method == LSP_LENS  ? lenses(s, m, d)
                       : d->language == LSP_MACHINE ? hover_key(s, m, d, at)
                       : d->language == LSP_KERNELS ? hover_name(s, m, d, at)
                                                    : data_null(m);
  lsp_reply(s, m, w->id, result);
}

static data_value *copy_id(arena *m, const data_value *id) {
  return id->kind == DATA_STRING ? data_string(m, id->string) : id->kind == DATA_INT ? data_int(m, id->integer) : id->kind == DATA_REAL ? data_real(m, id->real) : data_null(m);
}

static bool is_id(const data_value *a, const data_value *b) {
  return a->kind == b->kind && (a->kind == DATA_STRING ? text_eq(a->string, b->string) : a->real == b->real);
}

static void take_away(lsp_document *d, size_t i) {
  memmove(&d->waiting.at[i], &d->waiting.at[i + 1], (d->waiting.n - i - 1) * sizeof d->waiting.at[0]);
  if (--d->waiting.n)
    return;
  arena_done(&d->waiting_mem);
  d->waiting.at = NULL;
  d->waiting.room = 0;
}

void lsp_answer_waiting(lsp_server *s, arena *m, lsp_document *d) {
  for (size_t i = 0; i < d->waiting.n;) {
    if (!is_ready(s, d, d->waiting.at[i].method)) {
      i++;
      continue;
    }
    answer(s, m, d, &d->waiting.at[i]);
    take_away(d, i);
  }
}

void lsp_fail_waiting(lsp_server *s, arena *m, lsp_document *d, int code, const char *message) {
  while (d->waiting.n) {
    lsp_reply_error(s, m, d->waiting.at[0].id, code, message);
    take_away(d, 0);
  }
}

bool lsp_cancel_waiting(lsp_server *s, arena *m, const data_value *id) {
  for (size_t i = 0; i < s->n_documents; i++)
    for (size_t k = 0; k < s->documents[i]->waiting.n; k++)
      if (is_id(s->documents[i]->waiting.at[k].id, id)) {
        lsp_reply_error(s, m, id, LSP_REQUEST_CANCELLED, "cancelled");
        take_away(s->documents[i], k);
        return true;
      }
  return false;
}

void lsp_request(lsp_server *s, arena *m, lsp_method method, const data_value *id, const data_value *params) {
  enum { WAITING_MAX = 1000 };
  lsp_document *d = lsp_find(s, lsp_string(params, "textDocument.uri"));
  lsp_waiting w = {.id = (data_value *)(uintptr_t)id, .method = (int)method};
  const bool has_place = method == LSP_HOVER || method == LSP_COMPLETION;
  if (!lsp_string(params, "textDocument.uri") || (has_place && !lsp_position_from_data(data_get(params, "position"), &w.at)))
    lsp_reply_error(s, m, id, LSP_INVALID_PARAMS, "textDocument.uri or position is missing");
  else if (!d)
    lsp_reply_error(s, m, id, LSP_INVALID_PARAMS, "the document is not open");
  else if (method == LSP_COMPLETION)
    lsp_reply(s, m, id, lsp_complete(s, m, d, w.at));
  else if (is_ready(s, d, (int)method))
    answer(s, m, d, &w);
  else if (d->waiting.n >= WAITING_MAX)
    lsp_reply_error(s, m, id, LSP_INTERNAL_ERROR, "too many requests wait for the analysis of the document");
  else {
    d->waiting_mem.guard = s->guard;
    w.id = copy_id(&d->waiting_mem, id);
    vec_push(&d->waiting_mem, &d->waiting, w);
  }
}
