/* A tree as YAML that people edit: small objects and lists on one line, the rest indented. */
#include "base/text.h"
#include "machine/machine_private.h"
#include <ctype.h>
#include <strings.h>

enum { LINE_BYTES = 140 };

/* Plain when no reader of YAML can take it for something else. */
static bool is_plain(const char *s) {
  static const char *const words[] = {"true", "false", "null", "yes", "no", "on", "off"};
  size_t n = strlen(s);
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (strcasecmp(s, words[i]) == 0)
      return false;
  if (n == 0 || !(isalpha((unsigned char)*s) || *s == '_') || s[n - 1] == ' ')
    return false;
  return strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_ .()<>=+*/&|-") == n;
}

static void add_string(text *t, const char *s) { text_add(t, is_plain(s) ? s : data_write_json(t->mem, data_string(t->mem, s), 0)); }

static void add_flow(text *t, const data_value *v) {
  if (v->kind == DATA_STRING) {
    add_string(t, v->string);
    return;
  }
  if (v->kind != DATA_ARRAY && v->kind != DATA_OBJECT) {
    text_add(t, data_write_json(t->mem, v, 0));
    return;
  }
  bool is_object = v->kind == DATA_OBJECT;
  text_add(t, is_object ? "{" : "[");
  for (size_t i = 0; i < v->n; i++) {
    text_add(t, i ? ", " : "");
    if (is_object) {
      add_string(t, v->members[i].key);
      text_add(t, ": ");
    }
    add_flow(t, is_object ? v->members[i].value : v->items[i]);
  }
  text_add(t, is_object ? "}" : "]");
}

static bool holds_object(const data_value *v) {
  for (size_t i = 0; i < v->n; i++) {
    const data_value *e = v->kind == DATA_OBJECT ? v->members[i].value : v->items[i];
    if (e->kind == DATA_OBJECT || (e->kind == DATA_ARRAY && holds_object(e)))
      return true;
  }
  return false;
}

/* The value on one line, or NULL when it holds objects or is too long. */
static const char *one_line(arena *mem, const data_value *v, int column) {
  bool is_collection = v->kind == DATA_OBJECT || v->kind == DATA_ARRAY;
  if (is_collection && v->n && holds_object(v))
    return NULL;
  text t = text_new(mem);
  add_flow(&t, v);
  bool fits = v->kind != DATA_OBJECT || column + (int)t.size <= LINE_BYTES;
  return !is_collection || fits ? text_str(&t) : NULL;
}

/* `begun`: the first member goes behind the dash that is already on the line. */
static void add_block(text *t, const data_value *v, int indent, bool begun) {
  for (size_t i = 0; i < v->n; i++) {
    bool is_member = v->kind == DATA_OBJECT;
    const data_value *e = is_member ? v->members[i].value : v->items[i];
    text_addf(t, "%*s", begun && i == 0 ? 0 : indent, "");
    if (is_member)
      add_string(t, v->members[i].key);
    text_add(t, is_member ? ":" : "-");
    const char *line = one_line(t->mem, e, indent + 24);
    if (line)
      text_addf(t, " %s\n", line);
    else {
      text_add(t, is_member ? "\n" : " ");
      add_block(t, e, indent + 2, !is_member);
    }
  }
}

const char *machine_to_yaml(arena *mem, const machine *m) {
  text t = text_new(mem);
  add_block(&t, machine_to_data(mem, m), 0, false);
  return text_str(&t);
}
