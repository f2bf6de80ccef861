/* Names for people: arguments as their author wrote them, values after what they hold. */
#include "pass/extract_private.h"
#include <ctype.h>
#include <string.h>

static const char *attribute_name(extract *x, intptr_t i) {
  MlirAttribute all = ir_attr_of(x->func, "arg_attrs");
  if (mlirAttributeIsNull(all) || !mlirAttributeIsAArray(all) || i >= mlirArrayAttrGetNumElements(all))
    return NULL;
  MlirAttribute own = mlirArrayAttrGetElement(all, i);
  return mlirAttributeIsADictionary(own)
             ? ir_attr_string(x->mem, mlirDictionaryAttrGetElementByName(own, mlirStringRefCreateFromCString("loom.name")))
             : NULL;
}

/* MLIR forgets spellings, but an argument's location is where "%x_arg" stood in the text. */
static const char *source_name(extract *x, intptr_t i) {
  const diag_source *source = ir_span(x->ir, x->func).source;
  MlirLocation loc = mlirValueGetLocation(mlirBlockGetArgument(ir_body(x->func), i));
  if (!source || !source->text || !mlirLocationIsAFileLineColRange(loc))
    return NULL;
  const char *at = source->text, *end = source->text + source->size;
  for (int line = 1; line < mlirLocationFileLineColRangeGetStartLine(loc) && at; line++) {
    at = memchr(at, '\n', (size_t)(end - at));
    at = at ? at + 1 : NULL;
  }
  if (!at || end - at < mlirLocationFileLineColRangeGetStartColumn(loc))
    return NULL;
  at += mlirLocationFileLineColRangeGetStartColumn(loc) - 1;
  if (*at != '%' || !(isalpha((unsigned char)at[1]) || at[1] == '_'))
    return NULL;
  size_t n = 1;
  while (at + n < end && (isalnum((unsigned char)at[n]) || at[n] == '_'))
    n++;
  return arena_strndup(x->mem, at + 1, n - 1);
}

/* Upstream's front end writes "x_arg" and "out__arg". */
static const char *without_suffix(arena *mem, const char *name) {
  size_t n = strlen(name);
  if (n > 4 && text_ends(name, "_arg"))
    n -= 4;
  while (n > 1 && name[n - 1] == '_')
    n--;
  return arena_strndup(mem, name, n);
}

const char *extract_arg_name(extract *x, intptr_t i) {
  const char *name = attribute_name(x, i);
  if (name)
    return name;
  name = source_name(x, i);
  return name ? without_suffix(x->mem, name) : arena_printf(x->mem, "arg%d", (int)i);
}

const char *pass_argument_name(ir_ctx *ir, MlirOperation func, intptr_t i) {
  extract x = {.ir = ir, .ctx = ir->ctx, .mem = &ir->ctx->mem, .func = func};
  return extract_arg_name(&x, i);
}

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
    case NEST_COMPUTE:
      node->label = text_eq(node->op, "fill") ? arena_printf(x->mem, "fill %s", n->values.at[node->value].name)
                    : node->body_ops && *node->body_ops ? node->body_ops
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
