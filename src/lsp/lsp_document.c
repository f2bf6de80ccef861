/* An open document: its text as the client changes it. */
#include "lsp/lsp_private.h"

static bool contains(const lsp_lines *l, const char *word) { return memmem(l->text, l->size, word, strlen(word)) != NULL; }

/* Files that Loom has something to say about.  Other Python and YAML is left alone. */
static lsp_language language_of(const lsp_document *d) {
  const bool is_python = text_eq(d->language_id, "python") || text_ends(d->path, ".py");
  const bool is_yaml = text_eq(d->language_id, "yaml") || text_ends(d->path, ".yaml") || text_ends(d->path, ".yml");
  if (is_python && (contains(&d->lines, "helion") || contains(&d->lines, "LoomKernel")))
    return LSP_KERNELS;
  return is_yaml && contains(&d->lines, "loom.machine") ? LSP_MACHINE : LSP_OTHER;
}

/* Where the next text is made: when memory runs out meanwhile, the last one stays. */
static arena *begin(lsp_document *d) {
  arena_done(&d->next);
  d->next.guard = d->mem.guard;
  return &d->next;
}

static void replace(lsp_document *d, const char *code, size_t size) {
  const lsp_lines lines = lsp_lines_of(&d->next, code, size);
  arena_done(&d->mem);
  d->mem = d->next;
  d->next = (arena){0};
  d->lines = lines;
  d->language = language_of(d);
}

void lsp_document_set(lsp_document *d, const char *code, size_t size) {
  const size_t kept = size > LSP_DOCUMENT_BYTES_MAX ? 0 : size;
  replace(d, arena_strndup(begin(d), code, kept), kept);
  d->is_too_large = kept < size;
}

void lsp_document_change(lsp_document *d, const data_value *range, const char *code, lsp_encoding e) {
  lsp_position start, end;
  if (!range) {
    lsp_document_set(d, code, strlen(code));
    return;
  }
  if (d->is_too_large || !lsp_position_from_data(data_get(range, "start"), &start) || !lsp_position_from_data(data_get(range, "end"), &end))
    return;
  const size_t from = lsp_offset_of(&d->lines, start, e), end_at = lsp_offset_of(&d->lines, end, e), to = end_at < from ? from : end_at, n = strlen(code);
  const size_t size = d->lines.size - (to - from) + n;
  if (size > LSP_DOCUMENT_BYTES_MAX) {
    lsp_document_set(d, "", 0);
    d->is_too_large = true;
    return;
  }
  text all = text_new(begin(d));
  text_add_bytes(&all, d->lines.text, from);
  text_add_bytes(&all, code, n);
  text_add_bytes(&all, d->lines.text + to, d->lines.size - to);
  replace(d, text_str(&all), size);
}

void lsp_document_free(lsp_document *d) {
  arena_done(&d->names);
  arena_done(&d->mem);
  arena_done(&d->next);
  loom_ctx_done(&d->answer);
  loom_ctx_done(&d->tree);
  arena_done(&d->kernel_mem);
  arena_done(&d->waiting_mem);
  *d = (lsp_document){0};
}
