/* The beginning: what the client can do, what is offered to it, its directories and settings. */
#include "lsp/lsp_private.h"

static const char *const encoding_names[] = {[LSP_UTF8] = "utf-8", [LSP_UTF16] = "utf-16", [LSP_UTF32] = "utf-32"};

/* The first of the client's that is known; UTF-16 when it names none. */
static lsp_encoding choose_encoding(const data_value *params) {
  const data_value *offered = lsp_member(params, "capabilities.general.positionEncodings");
  for (size_t i = 0; offered && offered->kind == DATA_ARRAY && i < offered->n; i++)
    for (int e = 0; e < 3; e++)
      if (offered->items[i]->kind == DATA_STRING && text_eq(offered->items[i]->string, encoding_names[e]))
        return (lsp_encoding)e;
  return LSP_UTF16;
}

static bool is_true(const data_value *params, const char *path) {
  const data_value *v = lsp_member(params, path);
  return v && v->kind == DATA_BOOL && v->boolean;
}

static void add_root(lsp_server *s, const char *uri) {
  enum { ROOTS_MAX = 64 };
  const char *path = uri ? lsp_path_of_uri(&s->root_mem, uri) : NULL;
  if (path && *path == '/' && s->roots.n < ROOTS_MAX)
    vec_push(&s->root_mem, &s->roots, arena_strdup(&s->root_mem, path));
}

static void read_roots(lsp_server *s, const data_value *params) {
  const data_value *folders = data_get(params, "workspaceFolders");
  s->root_mem.guard = s->guard;
  for (size_t i = 0; folders && folders->kind == DATA_ARRAY && i < folders->n; i++)
    add_root(s, lsp_string(folders->items[i], "uri"));
  if (!s->roots.n)
    add_root(s, lsp_string(params, "rootUri"));
  if (!s->roots.n && lsp_string(params, "rootPath"))
    add_root(s, lsp_string(params, "rootPath"));
  s->has_roots = true;
}

static data_value *capabilities(const lsp_server *s, arena *m) {
  data_value *c = data_object(m), *sync = data_object(m), *lens = data_object(m), *completion = data_object(m), *triggers = data_array(m);
  data_set_string(m, c, "positionEncoding", encoding_names[s->encoding]);
  data_set_bool(m, sync, "openClose", true);
  data_set_int(m, sync, "change", 2);      /* incremental */
  data_set_bool(m, sync, "save", true);
  data_set(m, c, "textDocumentSync", sync);
  data_set_bool(m, c, "hoverProvider", true);
  data_set_bool(m, c, "documentSymbolProvider", true);
  data_set_bool(m, lens, "resolveProvider", false);
  data_set(m, c, "codeLensProvider", lens);
  data_push(m, triggers, data_string(m, "."));
  data_set(m, completion, "triggerCharacters", triggers);
  data_set(m, c, "completionProvider", completion);
  return c;
}

void lsp_initialize(lsp_server *s, arena *m, const data_value *id, const data_value *params) {
  s->encoding = choose_encoding(params);
  s->has_related = is_true(params, "capabilities.textDocument.publishDiagnostics.relatedInformation");
  s->has_code_pages = is_true(params, "capabilities.textDocument.publishDiagnostics.codeDescriptionSupport");
  s->has_lens_refresh = is_true(params, "capabilities.workspace.codeLens.refreshSupport");
  s->has_configuration = is_true(params, "capabilities.workspace.configuration");
  s->has_hierarchy = is_true(params, "capabilities.textDocument.documentSymbol.hierarchicalDocumentSymbolSupport");
  read_roots(s, params);
  lsp_set_settings(s, data_get(params, "initializationOptions"));
  data_value *result = data_object(m), *info = data_object(m);
  data_set(m, result, "capabilities", capabilities(s, m));
  data_set_string(m, info, "name", "loom");
  data_set_string(m, info, "version", s->setup->version);
  data_set(m, result, "serverInfo", info);
  s->state = LSP_RUNNING;
  lsp_reply(s, m, id, result);
}

/* The answer comes with this id. */
void lsp_ask_settings(lsp_server *s, arena *m) {
  data_value *v = data_object(m), *params = data_object(m), *items = data_array(m), *item = data_object(m);
  if (!s->has_configuration)
    return;
  data_set_string(m, item, "section", "loom");
  data_push(m, items, item);
  data_set(m, params, "items", items);
  data_set_string(m, v, "jsonrpc", "2.0");
  data_set_string(m, v, "id", "loom-settings");
  data_set_string(m, v, "method", "workspace/configuration");
  data_set(m, v, "params", params);
  lsp_send(s, LSP_CLIENT, m, v);
}

void lsp_initialized(lsp_server *s, arena *m) { lsp_ask_settings(s, m); }

/* {"machine": .., "shape": .., "kernels": {NAME: {..}}}, or that under "loom".  Anything else changes nothing. */
void lsp_set_settings(lsp_server *s, const data_value *settings) {
  const data_value *own = data_get(settings, "loom"), *v = own ? own : settings;
  if (!v || v->kind != DATA_OBJECT)
    return;
  data_value *kept = NULL;
  lsp_begin_incoming(s);
  const char *json = data_write_json(&s->incoming.mem, v, 0);
  if (data_read_json(&s->incoming, "settings", json, strlen(json), &kept) != LOOM_OK)
    kept = NULL;
  loom_ctx_done(&s->settings_ctx);
  s->settings_ctx = lsp_keep_incoming(s);
  s->settings = kept;
  for (size_t i = 0; i < s->n_documents; i++)
    lsp_check_again(s, s->documents[i], 0);
}
