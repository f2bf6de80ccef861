/* Names for people: arguments as their author wrote them, values after what they hold. */
#include "pass/extract_private.h"
#include <ctype.h>
#include <string.h>

const char *extract_arg_name(extract *x, intptr_t i) { return ir_argument_name(x->ir, x->func, i); }

static bool is_taken(const nest *n, size_t upto, const char *name) {
  for (size_t i = 0; i < upto; i++)
    if (text_eq(n->values.at[i].name, name))
      return true;
  return false;
}

/* The tensor a value is stored to, when it is not a load or an accumulator. */
static const char *stored_to(const nest *n, const nest_body *b, int value) {
  for (size_t i = 0; i < b->n; i++) {
    const nest_node *node = b->at[i];
    const char *inner = node->kind == NEST_LOOP ? stored_to(n, &node->body, value) : NULL;
    if (inner)
      return inner;
    if (node->kind == NEST_STORE && node->value == value)
      return n->tensors.at[node->tensor].name;
  }
  return NULL;
}

static const char *stem_of(extract *x, int value) {
  nest *n = x->nest;
  const nest_value *v = &n->values.at[value];
  if (v->is_carried)
    return "acc";
  if (v->def && v->def->kind == NEST_LOAD)
    return arena_printf(x->mem, "%s_tile", n->tensors.at[v->def->tensor].name);
  const char *to = stored_to(n, &n->body, value);
  return to ? arena_printf(x->mem, "%s_tile", to) : "tmp";
}

/* The scalar ops of a body; of a long one the first, and how many there are: every call of an ETG says it. */
static const char *body_label(arena *m, const char *ops) {
  enum { LABEL_BYTES = 256 };
  size_t cut = strlen(ops), n = 1;
  if (cut <= LABEL_BYTES)
    return ops;
  for (cut = LABEL_BYTES; cut > 0 && ops[cut] != ',';)
    cut--;
  for (const char *s = ops; *s; s++)
    n += *s == ',';
  return arena_printf(m, "%.*s,.. (%zu ops)", (int)cut, ops, n);
}

static void name_nodes(extract *x, const nest_body *b) {
  const nest *n = x->nest;
  for (size_t i = 0; i < b->n; i++) {
    nest_node *node = b->at[i];
    switch (node->kind) {
    case NEST_LOOP:
      node->label = n->loops.at[node->loop].block;
      name_nodes(x, &node->body);
      break;
    case NEST_LOAD: node->label = arena_printf(x->mem, "load %s", nest_access_name(x->mem, n, node)); break;
    case NEST_STORE: node->label = arena_printf(x->mem, "store %s", nest_access_name(x->mem, n, node)); break;
    case NEST_GATHER: node->label = arena_printf(x->mem, "gather %s", n->values.at[node->inputs.at[0]].name); break;
    case NEST_COMPUTE:
      node->label = text_eq(node->op, "fill") || node->is_move ? arena_printf(x->mem, "%s %s", node->op, n->values.at[node->value].name)
                    : node->body_ops && *node->body_ops ? body_label(x->mem, node->body_ops)
                                                        : node->op;
      break;
    }
  }
}

void extract_name_values(extract *x) {
  nest *n = x->nest;
  for (size_t i = 0; i < n->values.n; i++) {
    const char *stem = stem_of(x, (int)i), *name = stem;
    for (int k = 2; is_taken(n, i, name); k++)
      name = arena_printf(x->mem, "%s.%d", stem, k);
    n->values.at[i].name = name;
  }
  name_nodes(x, &n->body);
}
