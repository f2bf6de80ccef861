#include "base/data_private.h"
#include "base/text.h"
#include <string.h>

const char *data_kind_name(data_kind k) {
  static const char *const names[] = {
    [DATA_NULL] = "null", [DATA_BOOL] = "a boolean", [DATA_INT] = "an integer", [DATA_REAL] = "a number",
    [DATA_STRING] = "a string", [DATA_ARRAY] = "a list", [DATA_OBJECT] = "an object",
  };
  return names[k];
}

data_value *data_value_new(arena *m, data_kind kind) {
  data_value *v = ARENA_NEW(m, data_value);
  v->kind = kind;
  return v;
}

data_value *data_null(arena *m) { return data_value_new(m, DATA_NULL); }

data_value *data_bool(arena *m, bool b) {
  data_value *v = data_value_new(m, DATA_BOOL);
  v->boolean = b;
  return v;
}

data_value *data_int(arena *m, int64_t i) {
  data_value *v = data_value_new(m, DATA_INT);
  v->integer = i;
  v->real = (double)i;
  return v;
}

data_value *data_real(arena *m, double r) {
  data_value *v = data_value_new(m, DATA_REAL);
  v->real = r;
  return v;
}

data_value *data_string(arena *m, const char *s) {
  if (!s)
    return data_null(m);
  data_value *v = data_value_new(m, DATA_STRING);
  v->string = arena_strdup(m, s);
  return v;
}

data_value *data_array(arena *m) { return data_value_new(m, DATA_ARRAY); }
data_value *data_object(arena *m) { return data_value_new(m, DATA_OBJECT); }

/* A doubled copy of `old`; the old one stays in the arena. */
static void *grow(arena *m, data_value *v, const void *old, size_t item_bytes) {
  size_t room = v->room ? v->room * 2 : 4;
  void *p = arena_array(m, room, item_bytes);
  if (v->n)
    memcpy(p, old, v->n * item_bytes);
  v->room = room;
  return p;
}

void data_push(arena *m, data_value *array, data_value *item) {
  if (array->n == array->room)
    array->items = grow(m, array, array->items, sizeof *array->items);
  array->items[array->n++] = item;
}

void data_add_member(arena *m, data_value *object, const char *key, data_value *value, loom_span key_span) {
  if (object->n == object->room)
    object->members = grow(m, object, object->members, sizeof *object->members);
  object->members[object->n++] = (data_member){arena_strdup(m, key), value, key_span};
}

static data_member *find(const data_value *v, const char *key) {
  if (v && v->kind == DATA_OBJECT)
    for (size_t i = 0; i < v->n; i++)
      if (text_eq(v->members[i].key, key))
        return &v->members[i];
  return NULL;
}

data_value *data_get(const data_value *v, const char *key) {
  data_member *found = find(v, key);
  return found ? found->value : NULL;
}

const char *data_get_string(const data_value *v, const char *key, const char *otherwise) {
  const data_value *x = data_get(v, key);
  return x && x->kind == DATA_STRING ? x->string : otherwise;
}

int64_t data_get_int(const data_value *v, const char *key, int64_t otherwise) {
  const data_value *x = data_get(v, key);
  return x && x->kind == DATA_INT ? x->integer : otherwise;
}

double data_get_real(const data_value *v, const char *key) {
  const data_value *x = data_get(v, key);
  return x && (x->kind == DATA_REAL || x->kind == DATA_INT) ? x->real : 0;
}

bool data_get_bool(const data_value *v, const char *key) {
  const data_value *x = data_get(v, key);
  return x && x->kind == DATA_BOOL && x->boolean;
}

void data_set(arena *m, data_value *object, const char *key, data_value *value) {
  data_member *found = find(object, key);
  if (found)
    found->value = value;
  else
    data_add_member(m, object, key, value, LOOM_NOSPAN);
}

void data_set_int(arena *m, data_value *object, const char *key, int64_t i) { data_set(m, object, key, data_int(m, i)); }
void data_set_real(arena *m, data_value *object, const char *key, double r) { data_set(m, object, key, data_real(m, r)); }
void data_set_string(arena *m, data_value *object, const char *key, const char *s) { data_set(m, object, key, data_string(m, s)); }
void data_set_bool(arena *m, data_value *object, const char *key, bool b) { data_set(m, object, key, data_bool(m, b)); }
