/* Trees to JSON text. */
#include "base/data.h"
#include "base/file.h"
#include "base/text.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void write_string(text *t, const char *s) {
  text_add(t, "\"");
  while (*s) {
    unsigned char c = (unsigned char)*s;
    size_t n = text_utf8_length((const unsigned char *)s, SIZE_MAX);   /* the NUL ends what is cut short */
    if (c == '"' || c == '\\')
      text_addf(t, "\\%c", c);
    else if (c == '\n' || c == '\t' || c == '\r')
      text_add(t, c == '\n' ? "\\n" : c == '\t' ? "\\t" : "\\r");
    else if (c < 0x20 || c == 0x7f)
      text_addf(t, "\\u%04x", c);
    else if (n == 0)
      text_add(t, "\\ufffd");   /* the replacement character: JSON cannot carry other bytes */
    else
      text_add_bytes(t, s, n);
    s += n ? n : 1;
  }
  text_add(t, "\"");
}

/* The fewest digits that read back equal.  15 always survive a round trip except in subnormals, which carry fewer. */
static void write_real(text *t, double r) {
  char digits[40];
  if (!isfinite(r)) {
    text_add(t, "null");
    return;
  }
  for (int precision = fpclassify(r) == FP_SUBNORMAL ? 1 : 15; precision <= 17; precision++) {
    snprintf(digits, sizeof digits, "%.*g", precision, r);
    if (strtod(digits, NULL) == r)
      break;
  }
  text_add(t, digits);
  if (!strpbrk(digits, ".e"))
    text_add(t, ".0");
}

static bool is_scalar(const data_value *v) { return v->kind != DATA_ARRAY && v->kind != DATA_OBJECT; }

/* Lists of scalars stay on one line at any indent: shapes and coordinates read better so. */
static bool stays_on_one_line(const data_value *v) {
  if (v->kind == DATA_OBJECT)
    return v->n == 0;
  for (size_t i = 0; i < v->n; i++)
    if (!is_scalar(v->items[i]))
      return false;
  return true;
}

static void break_line(text *t, int spaces) {
  text_addf(t, "\n%*s", spaces, "");
}

static void write_value(text *t, const data_value *v, int indent, int depth);

static void write_collection(text *t, const data_value *v, int indent, int depth) {
  bool is_object = v->kind == DATA_OBJECT, one_line = indent == 0 || stays_on_one_line(v);
  text_add(t, is_object ? "{" : "[");
  for (size_t i = 0; i < v->n; i++) {
    if (i)
      text_add(t, one_line ? ", " : ",");
    if (!one_line)
      break_line(t, indent * (depth + 1));
    if (is_object) {
      write_string(t, v->members[i].key);
      text_add(t, ": ");
    }
    write_value(t, is_object ? v->members[i].value : v->items[i], indent, depth + 1);
  }
  if (!one_line)
    break_line(t, indent * depth);
  text_add(t, is_object ? "}" : "]");
}

static void write_value(text *t, const data_value *v, int indent, int depth) {
  switch (v->kind) {
  case DATA_NULL: text_add(t, "null"); break;
  case DATA_BOOL: text_add(t, v->boolean ? "true" : "false"); break;
  case DATA_INT: text_addf(t, "%" PRId64, v->integer); break;
  case DATA_REAL: write_real(t, v->real); break;
  case DATA_STRING: write_string(t, v->string); break;
  case DATA_ARRAY:
  case DATA_OBJECT: write_collection(t, v, indent, depth); break;
  }
}

const char *data_write_json(arena *m, const data_value *v, int indent) {
  text t = text_new(m);
  write_value(&t, v, indent, 0);
  return text_str(&t);
}

loom_status data_write_json_file(loom_ctx *ctx, const char *path, const data_value *v) {
  const char *json = data_write_json(&ctx->mem, v, 1);
  return file_write(ctx, path, json, strlen(json));
}
