/* data: one tree for JSON and YAML.  Reading goes through jansson or libyaml; every value keeps its place in the file.
 * Limits on reading: JSON 64 MB, depth 128; YAML 1 MB, depth 32, no tags or merges, anchors and aliases only where asked for (LOOM_ELIMIT / LOOM_EINPUT). */
#ifndef LOOM_BASE_DATA_H
#define LOOM_BASE_DATA_H
#include "base/diag.h"

typedef enum data_kind { DATA_NULL, DATA_BOOL, DATA_INT, DATA_REAL, DATA_STRING, DATA_ARRAY, DATA_OBJECT } data_kind;

typedef struct data_value data_value;
typedef struct data_member { const char *key; data_value *value; loom_span key_span; } data_member;
struct data_value {
  data_kind kind;
  loom_span span;
  bool boolean;
  int64_t integer;
  double real;               /* of DATA_INT too */
  const char *string;        /* NUL-terminated; YAML plain scalars that are not null, bool, int or real are strings */
  size_t n, room;            /* items or members */
  data_value **items;        /* DATA_ARRAY */
  data_member *members;      /* DATA_OBJECT, in file order, keys unique */
  const char *comment;       /* YAML writer only: printed as "# comment" behind the value */
};

/* ---- reading ---- */
/* `text` (size bytes) of file `path`.  Errors (syntax with line and column, limits, duplicate keys) go to ctx->diag. */
LOOM_MUST_USE loom_status data_read_json(loom_ctx *ctx, const char *path, const char *text, size_t size, data_value **out);
/* The file `path` ("-" is standard input) of at most `limit_bytes`; what file_read says of it, and then the reader. */
enum { DATA_JSON_BYTES_MAX = 64 << 20 };
LOOM_MUST_USE loom_status data_read_json_file(loom_ctx *ctx, const char *path, size_t limit_bytes, data_value **out);
LOOM_MUST_USE loom_status data_read_yaml(loom_ctx *ctx, const char *path, const char *text, size_t size, data_value **out);
/* The same with anchors and aliases, for files of others that use them.  An alias is the anchor's value itself, shared; an anchor must end before its first alias,
 * and written out the tree may have DATA_ALIASED_VALUES_MAX values (LOOM_ELIMIT). */
enum { DATA_ALIASED_VALUES_MAX = 100000 };
LOOM_MUST_USE loom_status data_read_yaml_aliases(loom_ctx *ctx, const char *path, const char *text, size_t size, data_value **out);

/* ---- looking ---- */
/* Member `key` of an object, or NULL (also when `v` is NULL or no object). */
data_value *data_get(const data_value *v, const char *key);
/* What member `key` says, or `otherwise` (0, false) when there is none or it is of another kind. */
const char *data_get_string(const data_value *v, const char *key, const char *otherwise);
int64_t data_get_int(const data_value *v, const char *key, int64_t otherwise);
double data_get_real(const data_value *v, const char *key);      /* of an integer too */
bool data_get_bool(const data_value *v, const char *key);
/* Typed members: LOOM_EINPUT with the place when absent or of another kind.  `what` in messages is the key. */
LOOM_MUST_USE loom_status data_need(loom_ctx *ctx, const data_value *v, const char *key, data_kind kind, data_value **out);
LOOM_MUST_USE loom_status data_need_int(loom_ctx *ctx, const data_value *v, const char *key, int64_t lo, int64_t hi, int64_t *out);
LOOM_MUST_USE loom_status data_need_real(loom_ctx *ctx, const data_value *v, const char *key, double lo, double hi, double *out);
LOOM_MUST_USE loom_status data_need_string(loom_ctx *ctx, const data_value *v, const char *key, const char **out);
/* LOOM_EINPUT unless member "schema" says `schema`. */
LOOM_MUST_USE loom_status data_need_schema(loom_ctx *ctx, const data_value *v, const char *schema);
/* Fails with "did you mean" when object `v` has a member whose key is not in the n `allowed`. */
LOOM_MUST_USE loom_status data_only_keys(loom_ctx *ctx, const data_value *v, const char *const *allowed, size_t n);
const char *data_kind_name(data_kind k);

/* ---- building ---- */
data_value *data_null(arena *m);
data_value *data_bool(arena *m, bool b);
data_value *data_int(arena *m, int64_t i);
data_value *data_real(arena *m, double r);
data_value *data_string(arena *m, const char *s);      /* copies; NULL gives null */
data_value *data_array(arena *m);
data_value *data_object(arena *m);
void data_push(arena *m, data_value *array, data_value *item);
void data_set(arena *m, data_value *object, const char *key, data_value *value);   /* appends, or replaces an equal key */
void data_set_int(arena *m, data_value *object, const char *key, int64_t i);
void data_set_real(arena *m, data_value *object, const char *key, double r);
void data_set_string(arena *m, data_value *object, const char *key, const char *s);
void data_set_bool(arena *m, data_value *object, const char *key, bool b);

/* ---- writing: deterministic, members in insertion order, reals in shortest round-trip form ---- */
/* `indent` 0: one line; else spaces per level. */
const char *data_write_json(arena *m, const data_value *v, int indent);
/* To the file `path`, as file_write does it, with a space per level. */
LOOM_MUST_USE loom_status data_write_json_file(loom_ctx *ctx, const char *path, const data_value *v);
#endif
