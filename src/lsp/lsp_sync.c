/* Documents as the client tells of them. */
#include "lsp/lsp_private.h"
#include "base/alloc.h"

enum { QUIET_MS = 8, WAIT_MS = 40, COST_QUIET_MS = 300 };

lsp_document *lsp_find(const lsp_server *s, const char *uri) {
  for (size_t i = 0; uri && i < s->n_documents; i++)
    if (text_eq(s->documents[i]->uri, uri))
      return s->documents[i];
  return NULL;
}

lsp_document *lsp_find_number(const lsp_server *s, int64_t number) {
  for (size_t i = 0; i < s->n_documents; i++)
    if (s->documents[i]->number == number)
      return s->documents[i];
  return NULL;
}

/* It waits for more to come, but not for ever. */
void lsp_check_again(lsp_server *s, lsp_document *d, double delay_ms) {
  if (d->revision == d->checked)
    d->first_ms = s->now_ms;
  d->revision++;
  const double due = s->now_ms + delay_ms, latest = d->first_ms + (double)WAIT_MS;
  d->due_ms = due < latest || delay_ms == 0 ? due : latest;
  d->cost_due_ms = s->now_ms + (delay_ms == 0 ? 0 : COST_QUIET_MS);
}

static void drop(lsp_server *s, arena *m, lsp_document *d) {
  lsp_fail_waiting(s, m, d, LSP_CONTENT_MODIFIED, "the document was closed");
  size_t i = 0;
  while (s->documents[i] != d)
    i++;
  s->documents[i] = s->documents[--s->n_documents];
  lsp_cancel_stale(s, m, d);
  lsp_document_free(d);
  alloc_free(d);
}

static void open_document(lsp_server *s, arena *m, const data_value *params) {
  const char *uri = lsp_string(params, "textDocument.uri"), *code = lsp_string(params, "textDocument.text"), *language = lsp_string(params, "textDocument.languageId");
  const data_value *version = lsp_member(params, "textDocument.version");
  if (!uri || !code)
    return;
  lsp_document *d = lsp_find(s, uri);
  if (d)
    drop(s, m, d);
  if (s->n_documents == LSP_DOCUMENTS_MAX) {
    lsp_show(s, m, 2, arena_printf(m, "loom: more than %d documents are open; %s is not looked at", LSP_DOCUMENTS_MAX, uri));
    return;
  }
  if (!(d = alloc_zeroed(sizeof *d)))
    return;
  s->documents[s->n_documents++] = d;
  d->names.guard = d->mem.guard = s->guard;
  d->number = ++s->last_document;
  d->uri = d->path = d->language_id = "";
  d->version = version && version->kind == DATA_INT ? version->integer : 0;
  d->path = lsp_path_of_uri(&d->names, arena_strdup(&d->names, uri));
  d->language_id = arena_strdup(&d->names, language ? language : "");
  d->uri = arena_strdup(&d->names, uri);
  lsp_document_set(d, code, strlen(code));
  lsp_check_again(s, d, 0);
}

static void change_document(lsp_server *s, arena *m, lsp_document *d, const data_value *params) {
  const data_value *changes = data_get(params, "contentChanges"), *version = lsp_member(params, "textDocument.version");
  if (!changes || changes->kind != DATA_ARRAY)
    return;
  if (version && version->kind == DATA_INT)
    d->version = version->integer;
  d->mem.guard = s->guard;
  lsp_fail_waiting(s, m, d, LSP_CONTENT_MODIFIED, "the document changed");
  for (size_t i = 0; i < changes->n; i++)
    if (lsp_string(changes->items[i], "text"))
      lsp_document_change(d, data_get(changes->items[i], "range"), lsp_string(changes->items[i], "text"), s->encoding);
  lsp_check_again(s, d, QUIET_MS);
  lsp_cancel_stale(s, m, d);
}

/* What lies on disk has changed: kernels may be planned for a machine that was saved. */
static void saved(lsp_server *s, const lsp_document *d) {
  for (size_t i = 0; i < s->n_documents; i++)
    if (s->documents[i] != d && s->documents[i]->language != LSP_OTHER && d->language == LSP_MACHINE)
      lsp_check_again(s, s->documents[i], 0);
}

void lsp_sync(lsp_server *s, arena *m, lsp_method method, const data_value *params) {
  lsp_document *d = method == LSP_DID_OPEN ? NULL : lsp_find(s, lsp_string(params, "textDocument.uri"));
  if (method == LSP_DID_OPEN) {
    open_document(s, m, params);
  } else if (d && method == LSP_DID_CHANGE) {
    change_document(s, m, d, params);
  } else if (d && method == LSP_DID_SAVE) {
    saved(s, d);
  } else if (d) {
    data_value *empty = data_object(m);
    data_set_string(m, empty, "uri", d->uri);
    data_set(m, empty, "diagnostics", data_array(m));
    lsp_notify(s, m, "textDocument/publishDiagnostics", empty);
    drop(s, m, d);
  }
}

void lsp_close_all(lsp_server *s) {
  while (s->n_documents) {
    lsp_document *d = s->documents[--s->n_documents];
    lsp_document_free(d);
    alloc_free(d);
  }
}
