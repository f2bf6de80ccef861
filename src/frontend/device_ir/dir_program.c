#include "frontend/device_ir/dir_private.h"

dir_graph *dir_find_graph(dir_program *p, int id) {
  for (size_t i = 0; i < p->graphs.n; i++)
    if (p->graphs.at[i].id == id)
      return &p->graphs.at[i];
  return NULL;
}

/* Nodes are looked up from the end: users stand behind what they use, mostly close. */
dir_node *dir_find_node(const dir_graph *g, const char *name) {
  for (size_t i = g->nodes.n; i-- > 0;)
    if (text_eq(g->nodes.at[i].name, name))
      return &g->nodes.at[i];
  return NULL;
}

dir_block *dir_find_block(dir_program *p, int id) {
  for (size_t i = 0; i < p->blocks.n; i++)
    if (p->blocks.at[i].id == id)
      return &p->blocks.at[i];
  return NULL;
}

const char *dir_name_of(const syn_node *e) { return e && e->kind == SYN_Name ? syn_ident(e, "id") : NULL; }

dir_block *dir_block_of_symbol(dir_program *p, const syn_node *e) {
  const char *name = dir_name_of(e);
  for (size_t i = 0; name && i < p->blocks.n; i++)
    if (text_eq(p->blocks.at[i].var, name))
      return &p->blocks.at[i];
  return NULL;
}

dir_tensor *dir_find_tensor(dir_program *p, const char *name) {
  for (size_t i = 0; i < p->tensors.n; i++)
    if (text_eq(p->tensors.at[i].name, name))
      return &p->tensors.at[i];
  return NULL;
}

dir_class dir_class_of(const char *name) {
  static const struct { const char *class_name, *prefix; } rows[] = {
#define X(n, c, f) {c, f},
      DIR_CLASS_LIST(X)
#undef X
  };
  for (int i = 0; i < DIR_OTHER; i++)
    if (text_eq(name, rows[i].class_name) || text_starts(name, rows[i].prefix))
      return (dir_class)i;
  return DIR_OTHER;
}

loom_status dir_add_node(dir_program *p, dir_graph *g, const dir_node *n) {
  if (++p->n_nodes > DIR_NODES_MAX)
    LOOM_FAIL(p->ctx, n->span, LOOM_ELIMIT, "more than %d nodes", DIR_NODES_MAX);
  vec_push(p->mem, &g->nodes, *n);
  return LOOM_OK;
}

dir_tensor *dir_tensor_arg(dir_program *p, const dir_graph *g, const dir_node *n, size_t i) {
  const char *name = i < n->n_args ? dir_name_of(n->args[i]) : NULL;
  const dir_node *host = name ? dir_find_node(g, name) : NULL;
  return host && text_eq(host->target, "_host_tensor") ? dir_find_tensor(p, host->args[0]->string) : NULL;   /* dir_infer looked at its argument */
}
