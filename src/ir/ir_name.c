/* Names of arguments as their author wrote them. */
#include "ir/ir.h"
#include <ctype.h>
#include <string.h>

static const char *attribute_name(ir_ctx *ir, MlirOperation func, intptr_t i) {
  MlirAttribute all = ir_attr_of(func, "arg_attrs");
  if (mlirAttributeIsNull(all) || !mlirAttributeIsAArray(all) || i >= mlirArrayAttrGetNumElements(all))
    return NULL;
  MlirAttribute own = mlirArrayAttrGetElement(all, i);
  return mlirAttributeIsADictionary(own)
             ? ir_attr_string(&ir->ctx->mem, mlirDictionaryAttrGetElementByName(own, mlirStringRefCreateFromCString("loom.name")))
             : NULL;
}

/* MLIR forgets spellings, but an argument's location is where "%x_arg" stood in the text. */
static const char *source_name(ir_ctx *ir, MlirOperation func, intptr_t i) {
  const diag_source *source = ir_span(ir, func).source;
  MlirLocation loc = mlirValueGetLocation(mlirBlockGetArgument(ir_body(func), i));
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
  return arena_strndup(&ir->ctx->mem, at + 1, n - 1);
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

const char *ir_argument_name(ir_ctx *ir, MlirOperation func, intptr_t i) {
  const char *name = attribute_name(ir, func, i);
  if (name)
    return name;
  name = source_name(ir, func, i);
  return name ? without_suffix(&ir->ctx->mem, name) : arena_printf(&ir->ctx->mem, "arg%d", (int)i);
}
