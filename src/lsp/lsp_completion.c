/* Completion: functions that kernels may call, keys that machine files may have. */
#include "lsp/lsp_private.h"

static void add_item(arena *m, data_value *all, const char *label, int kind, const char *detail, const char *what) {
  data_value *o = data_object(m);
  data_set_string(m, o, "label", label);
  data_set_int(m, o, "kind", kind);
  if (*detail)
    data_set_string(m, o, "detail", detail);
  if (*what)
    data_set_string(m, o, "documentation", what);
  data_push(m, all, o);
}

static bool has_label(const data_value *all, const char *label) {
  for (size_t i = 0; i < all->n; i++)
    if (text_eq(lsp_string(all->items[i], "label"), label))
      return true;
  return false;
}

/* Behind "hl." or "torch.nn.": the functions there, and the names that have more behind them. */
static void add_functions(const lsp_server *s, arena *m, const lsp_document *d, size_t at, data_value *all) {
  enum { KIND_FUNCTION = 3, KIND_MODULE = 9 };
  lsp_span name, dotted;
  (void)lsp_name_at(d->lines.text, at, at, &name, &dotted);      /* what lies behind the cursor is not being typed */
  if (dotted.from == name.from)
    return;
  const char *base = lsp_full_name(m, &d->lines, arena_strndup(m, d->lines.text + dotted.from, name.from - dotted.from - 1));
  const char *prefix = arena_printf(m, "%s.%.*s", base, (int)(name.to - name.from), d->lines.text + name.from);
  const size_t skipped = strlen(base) + 1;
  for (size_t i = 0; i < s->setup->n_functions; i++) {
    const lsp_word *w = &s->setup->functions[i];
    const char *rest = text_starts(w->name, prefix) ? w->name + skipped : NULL, *dot = rest ? strchr(rest, '.') : NULL;
    if (!rest)
      continue;
    const char *label = dot ? arena_strndup(m, rest, (size_t)(dot - rest)) : rest;
    if (!has_label(all, label))
      add_item(m, all, label, dot ? KIND_MODULE : KIND_FUNCTION, dot ? "" : arena_printf(m, "(%s)", w->detail), "");
  }
}

static void add_keys(const lsp_server *s, arena *m, const lsp_document *d, size_t at, data_value *all) {
  enum { KIND_PROPERTY = 10 };
  lsp_key_place p;
  (void)lsp_key_at(m, &d->lines, at, &p);
  for (size_t i = 0; i < s->setup->n_keys; i++) {
    const lsp_word *w = &s->setup->keys[i];
    const char *last = strrchr(w->name, '.'), *label = last ? last + 1 : w->name;
    const char *parent = last ? arena_strndup(m, w->name, (size_t)(last - w->name)) : "";
    const bool is_own = *label == '*' || (*parent == '*' && !parent[1]);
    if (!is_own && lsp_key_matches(parent, p.parent))
      add_item(m, all, label, KIND_PROPERTY, w->detail, w->what);
  }
}

data_value *lsp_complete(const lsp_server *s, arena *m, const lsp_document *d, lsp_position where) {
  data_value *all = data_array(m);
  const size_t at = lsp_offset_of(&d->lines, where, s->encoding);
  if (d->language == LSP_KERNELS)
    add_functions(s, m, d, at, all);
  else if (d->language == LSP_MACHINE)
    add_keys(s, m, d, at, all);
  return all;
}
