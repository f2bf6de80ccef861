/* Contents of dense_resource constants: bytes that stand behind the module, which only its text shows for all types. */
#include "network/net_private.h"
#include <string.h>

static int hex(char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1; }

/* "dense_resource<NAME> : tensor<..>" */
static const char *name_of(net_reader *r, MlirAttribute a) {
  const char *all = ir_print_attr(r->mem, a), *begin = strchr(all, '<');
  int depth = 1;
  if (!begin)
    return NULL;
  const char *end = ++begin;
  for (; *end; end++) {
    depth += *end == '<' ? 1 : *end == '>' ? -1 : 0;
    if (!depth)
      break;
  }
  return arena_printf(r->mem, "%.*s", (int)(end - begin), begin);
}

/* The digits behind `name: "0x`, in the part of the text that holds resources. */
static const char *digits_of(net_reader *r, const char *name) {
  if (!r->resources) {
    MlirOperation module = r->func;
    while (!mlirOperationIsNull(mlirOperationGetParentOperation(module)))
      module = mlirOperationGetParentOperation(module);
    const char *all = ir_print_whole(r->mem, module), *part = NULL;
    for (const char *at = all; (at = strstr(at, "dialect_resources")); at++)
      part = at;
    r->resources = part ? part : "";
  }
  const char *key = arena_printf(r->mem, "%s: \"0x", name), *at = r->resources;
  while ((at = strstr(at, key)) && at > r->resources && at[-1] != ' ' && at[-1] != '\n')
    at++;
  return at ? at + strlen(key) : NULL;
}

bool net_read_resource(net_reader *r, MlirAttribute a, int64_t elems, size_t width, void **out) {
  enum { ALIGNMENT_DIGITS = 8 };
  const char *name = name_of(r, a), *digit = name ? digits_of(r, name) : NULL;
  unsigned char *bytes = *out = arena_array(r->mem, (size_t)elems + 1, width);
  if (!digit || strspn(digit, "0123456789abcdefABCDEF") != ALIGNMENT_DIGITS + 2 * (size_t)elems * width)
    return false;
  digit += ALIGNMENT_DIGITS;
  for (size_t i = 0; i < (size_t)elems * width; i++)
    bytes[i] = (unsigned char)(hex(digit[2 * i]) << 4 | hex(digit[2 * i + 1]));
  return true;
}
