#include "frontend/python/syntax.h"

const syn_field *syn_field_of(const syn_node *n, const char *name) {
  for (size_t i = 0; n && i < n->n_fields; i++)
    if (text_eq(n->fields[i].name, name))
      return &n->fields[i];
  return NULL;
}

syn_node *syn_child(const syn_node *n, const char *name) {
  const syn_field *f = syn_field_of(n, name);
  return f && !f->is_list ? f->node : NULL;
}

syn_node **syn_list(const syn_node *n, const char *name, size_t *out_n) {
  const syn_field *f = syn_field_of(n, name);
  bool is_list = f && f->is_list;
  *out_n = is_list ? f->n : 0;
  return is_list ? f->items : NULL;
}

const char *syn_ident(const syn_node *n, const char *name) {
  const syn_field *f = syn_field_of(n, name);
  return f ? f->ident : NULL;
}

const char *syn_dotted(arena *m, const syn_node *n) {
  if (!n)
    return NULL;
  if (n->kind == SYN_Name)
    return syn_ident(n, "id");
  if (n->kind != SYN_Attribute)
    return NULL;
  const char *base = syn_dotted(m, syn_child(n, "value"));
  const char *attr = syn_ident(n, "attr");
  return base ? arena_printf(m, "%s.%s", base, attr) : NULL;
}
