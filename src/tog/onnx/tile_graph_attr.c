/* Typed attributes of a container's node. */
#include "base/text.h"
#include "tog/onnx/tile_graph_private.h"
#include <stdarg.h>

enum { TYPE_INT = 2, TYPE_STRING = 3, TYPE_INTS = 7, TYPE_STRINGS = 8, NAME_BYTES_MAX = 256 };      /* AttributeProto.AttributeType */

loom_status tile_fail(tile_reader *r, loom_status st, const char *fmt, ...) {
  va_list ap;
  va_start(ap, fmt);
  text t = text_new(&r->ctx->scratch);
  text_vaddf(&t, fmt, ap);
  va_end(ap);
  return diag_error(r->ctx, r->span, st, "node '%.80s': %s", r->node->n_output ? r->node->output[0] : r->node->op_type, text_str(&t));
}

static const OnnxContainer__Attribute *find(const tile_reader *r, const char *key) {
  for (size_t i = 0; i < r->node->n_attribute; i++)
    if (text_eq(r->node->attribute[i]->name, key))
      return r->node->attribute[i];
  return NULL;
}

bool tile_has(const tile_reader *r, const char *key) { return find(r, key) != NULL; }

static loom_status need(tile_reader *r, const char *key, int type, const char *what, const OnnxContainer__Attribute **out) {
  *out = find(r, key);
  if (!*out)
    return tile_fail(r, LOOM_EINPUT, "attribute '%s' is missing; expected %s", key, what);
  if ((*out)->has_type && (*out)->type != type)
    return tile_fail(r, LOOM_EINPUT, "attribute '%s' is of ONNX type %d; expected %s (%d)", key, (int)(*out)->type, what, type);
  return LOOM_OK;
}

loom_status tile_need_int(tile_reader *r, const char *key, int64_t lo, int64_t hi, int64_t *out) {
  const OnnxContainer__Attribute *a;
  LOOM_TRY(need(r, key, TYPE_INT, "a whole number", &a));
  if (a->i < lo || a->i > hi)
    return tile_fail(r, LOOM_EINPUT, "'%s' is %" PRId64 "; must be %" PRId64 "..%" PRId64, key, a->i, lo, hi);
  *out = a->i;
  return LOOM_OK;
}

static loom_status take_string(tile_reader *r, const char *key, const ProtobufCBinaryData *s, const char **out) {
  if (s->len > NAME_BYTES_MAX)
    return tile_fail(r, LOOM_ELIMIT, "a text of '%s' has %zu bytes; at most %d are read", key, s->len, NAME_BYTES_MAX);
  for (size_t i = 0; i < s->len; i++)
    if (s->data[i] < 0x20 || s->data[i] > 0x7e)
      return tile_fail(r, LOOM_EINPUT, "a text of '%s' has the byte 0x%02x; expected printable ASCII", key, s->data[i]);
  *out = arena_strndup(&r->ctx->mem, (const char *)s->data, s->len);
  return LOOM_OK;
}

loom_status tile_need_string(tile_reader *r, const char *key, const char **out) {
  const OnnxContainer__Attribute *a;
  LOOM_TRY(need(r, key, TYPE_STRING, "a text", &a));
  return take_string(r, key, &a->s, out);
}

/* An absent list is empty, and an empty one has any type: writers of ONNX cannot tell. */
static bool is_empty_list(const tile_reader *r, const char *key) {
  const OnnxContainer__Attribute *a = find(r, key);
  return !a || (!a->n_ints && !a->n_strings && !a->has_i && !a->has_s);
}

static loom_status check_length(tile_reader *r, const char *key, size_t n) {
  if (n > TILE_GRAPH_LIST_MAX)
    return tile_fail(r, LOOM_ELIMIT, "'%s' has %zu entries; at most %d are read", key, n, TILE_GRAPH_LIST_MAX);
  return LOOM_OK;
}

loom_status tile_need_ints(tile_reader *r, const char *key, const int64_t **out, size_t *n) {
  const OnnxContainer__Attribute *a;
  *n = 0;
  *out = NULL;
  if (is_empty_list(r, key))
    return LOOM_OK;
  LOOM_TRY(need(r, key, TYPE_INTS, "a list of whole numbers", &a));
  LOOM_TRY(check_length(r, key, a->n_ints));
  for (size_t i = 0; i < a->n_ints; i++)
    if (a->ints[i] < -TILE_GRAPH_VALUE_MAX || a->ints[i] > TILE_GRAPH_VALUE_MAX)
      return tile_fail(r, LOOM_ELIMIT, "'%s' has the value %" PRId64 "; at most 2^40 in size can be run", key, a->ints[i]);
  *out = a->ints;
  *n = a->n_ints;
  return LOOM_OK;
}

loom_status tile_need_strings(tile_reader *r, const char *key, const char *const **out, size_t *n) {
  const OnnxContainer__Attribute *a;
  *n = 0;
  *out = NULL;
  if (is_empty_list(r, key))
    return LOOM_OK;
  LOOM_TRY(need(r, key, TYPE_STRINGS, "a list of texts", &a));
  LOOM_TRY(check_length(r, key, a->n_strings));
  const char **all = ARENA_NEW_N(&r->ctx->mem, const char *, a->n_strings);
  for (size_t i = 0; i < a->n_strings; i++)
    LOOM_TRY(take_string(r, key, &a->strings[i], &all[i]));
  *out = all;
  *n = a->n_strings;
  return LOOM_OK;
}
