/* YAML text to a tree, from libyaml's events.  Only what JSON could say too: no tags, merges or further documents; anchors and aliases where asked for. */
#include "base/data_private.h"
#include "base/data_scalar.h"
#include "base/sanitize.h"
#include "base/text.h"
#include "base/vec.h"
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

enum { YAML_DEPTH_MAX = 32, YAML_BYTES_MAX = 1024 * 1024 };

/* A named value; NULL while it is being read.  `values`: how many it is, written out; `height`: levels of lists and objects in it. */
typedef struct named_value { const char *name; data_value *value; int64_t values; int height; } named_value;

typedef struct reader {
  loom_ctx *ctx;
  bool has_aliases;        /* anchors and aliases are read */
  VEC_OF(named_value) anchors;
  int64_t values;          /* of the tree so far, written out */
  yaml_parser_t parser;
  yaml_event_t event;      /* the current one; owned */
  data_cursor cursor;
  data_value *tree;
} reader;

/* libyaml counts characters; the cursor turns them into bytes. */
static loom_span place(reader *r, yaml_mark_t mark) {
  data_cursor_go(&r->cursor, mark.index);
  return data_cursor_here(&r->cursor);
}

static loom_span event_span(reader *r) {
  loom_span begin = place(r, r->event.start_mark);
  data_cursor_go(&r->cursor, r->event.end_mark.index);
  return data_span_to(begin, &r->cursor);
}

static loom_status fail_syntax(reader *r) {
  const yaml_parser_t *p = &r->parser;
  const char *problem = p->problem;
  if (!problem)              /* no memory: not each of libyaml's places where it runs out says YAML_MEMORY_ERROR */
    return LOOM_EMEM;
  if (p->error == YAML_READER_ERROR) {   /* bytes that are no characters: only their offset is known */
    data_cursor c = data_cursor_new(r->cursor.source);
    data_cursor_skip(&c, p->problem_offset);
    diag_error(r->ctx, data_cursor_here(&c), LOOM_EINPUT, "not valid YAML: %s", problem);
    diag_help(r->ctx, "the file must be UTF-8 text");
    return LOOM_EINPUT;
  }
  diag_error(r->ctx, place(r, p->problem_mark), LOOM_EINPUT, "not valid YAML: %s%s%s", problem, p->context ? " " : "", p->context ? p->context : "");
  if (strstr(problem, "cannot start any token"))
    diag_help(r->ctx, "indent with spaces; quote strings that begin with a special character");
  return LOOM_EINPUT;
}

static loom_status next_event(reader *r) {
  yaml_event_delete(&r->event);
  sanitize_enter_library();
  bool is_read = yaml_parser_parse(&r->parser, &r->event);
  sanitize_leave_library();
  return is_read ? LOOM_OK : fail_syntax(r);
}

static loom_status refuse(reader *r, const char *what, const char *help) {
  diag_error(r->ctx, event_span(r), LOOM_EINPUT, "%s", what);
  diag_help(r->ctx, "%s", help);
  return LOOM_EINPUT;
}

static loom_status check_plain_json_subset(reader *r, bool is_key) {
  const yaml_char_t *anchor = NULL, *tag = NULL;
  switch (r->event.type) {
  case YAML_ALIAS_EVENT:
    return refuse(r, "aliases are not supported", "write the value again in place of the alias");
  case YAML_SCALAR_EVENT:
    anchor = r->event.data.scalar.anchor;
    tag = r->event.data.scalar.tag;
    break;
  case YAML_SEQUENCE_START_EVENT:
    anchor = r->event.data.sequence_start.anchor;
    tag = r->event.data.sequence_start.tag;
    break;
  case YAML_MAPPING_START_EVENT:
    anchor = r->event.data.mapping_start.anchor;
    tag = r->event.data.mapping_start.tag;
    break;
  default:
    break;
  }
  if (anchor && (is_key || !r->has_aliases))
    return refuse(r, "anchors are not supported", "write the value again where it is used");
  if (tag)
    return refuse(r, "tags are not supported", "remove the tag; quote the value to make it a string");
  return LOOM_OK;
}

/* Text of the current scalar in the arena. */
static loom_status scalar_text(reader *r, const char **out) {
  const char *s = sanitize_library_text((const char *)r->event.data.scalar.value);
  if (strlen(s) != r->event.data.scalar.length)
    return refuse(r, "the string contains a NUL character", "remove the escape \\0");
  *out = arena_strdup(&r->ctx->mem, s);
  return LOOM_OK;
}

static loom_status read_scalar(reader *r, data_value **out) {
  data_value *v = data_value_new(&r->ctx->mem, DATA_STRING);
  v->span = event_span(r);
  LOOM_TRY(scalar_text(r, &v->string));
  if (r->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE && !data_resolve_scalar(v->string, v))
    LOOM_FAIL(r->ctx, v->span, LOOM_EINPUT, "the number %s is out of range; %s", v->string,
              v->kind == DATA_INT ? "integers have 64 bits" : "reals are IEEE doubles");
  *out = v;
  return LOOM_OK;
}

static loom_status read_node(reader *r, int depth, data_value **out);

static loom_status read_sequence(reader *r, int depth, data_value *v) {
  for (;;) {
    LOOM_TRY(next_event(r));
    if (r->event.type == YAML_SEQUENCE_END_EVENT)
      return LOOM_OK;
    data_value *item;
    LOOM_TRY(read_node(r, depth, &item));
    data_push(&r->ctx->mem, v, item);
  }
}

static loom_status read_key(reader *r, const char **key, loom_span *span) {
  LOOM_TRY(check_plain_json_subset(r, true));
  if (r->event.type != YAML_SCALAR_EVENT)
    return refuse(r, "a key must be a word or a quoted string", "keys cannot be lists or objects");
  LOOM_TRY(scalar_text(r, key));
  *span = event_span(r);
  bool is_plain = r->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
  if (is_plain && **key == 0)
    return refuse(r, "the key is empty", "write a key in front of the colon");
  if (is_plain && text_eq(*key, "<<"))
    return refuse(r, "merge keys are not supported", "write the members out");
  return LOOM_OK;
}

static loom_status read_mapping(reader *r, int depth, data_value *v) {
  for (;;) {
    LOOM_TRY(next_event(r));
    if (r->event.type == YAML_MAPPING_END_EVENT)
      return LOOM_OK;
    const char *key = NULL;
    loom_span key_span;
    data_value *value;
    LOOM_TRY(read_key(r, &key, &key_span));
    LOOM_TRY(next_event(r));
    LOOM_TRY(read_node(r, depth, &value));
    data_add_member(&r->ctx->mem, v, key, value, key_span);
  }
}

static int by_key_then_place(const void *a, const void *b) {
  const data_member *x = *(const data_member *const *)a, *y = *(const data_member *const *)b;
  int order = strcmp(x->key, y->key);
  return order ? order : (x > y) - (x < y);   /* members lie in file order */
}

static loom_status check_unique_keys(loom_ctx *ctx, const data_value *v) {
  arena_mark mark = arena_save(&ctx->scratch);
  const data_member **sorted = ARENA_NEW_N(&ctx->scratch, const data_member *, v->n), *twice = NULL;
  for (size_t i = 0; i < v->n; i++)
    sorted[i] = &v->members[i];
  qsort(sorted, v->n, sizeof *sorted, by_key_then_place);
  for (size_t i = 1; i < v->n && !twice; i++)
    if (text_eq(sorted[i - 1]->key, sorted[i]->key))
      twice = sorted[i];
  if (twice) {
    diag_error(ctx, twice->key_span, LOOM_EINPUT, "the key '%s' occurs twice", twice->key);
    diag_help(ctx, "each key may occur once in an object");
  }
  arena_release(&ctx->scratch, mark);
  return twice ? LOOM_EINPUT : LOOM_OK;
}

static loom_status read_collection(reader *r, int depth, data_value **out) {
  bool is_mapping = r->event.type == YAML_MAPPING_START_EVENT;
  bool is_flow = is_mapping ? r->event.data.mapping_start.style == YAML_FLOW_MAPPING_STYLE
                            : r->event.data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE;
  data_value *v = data_value_new(&r->ctx->mem, is_mapping ? DATA_OBJECT : DATA_ARRAY);
  v->span = place(r, r->event.start_mark);
  if (depth == YAML_DEPTH_MAX)
    LOOM_FAIL(r->ctx, v->span, LOOM_ELIMIT, "values are nested deeper than %d levels", YAML_DEPTH_MAX);
  LOOM_TRY(is_mapping ? read_mapping(r, depth + 1, v) : read_sequence(r, depth + 1, v));
  /* A block collection ends, for libyaml, where the next token begins; for the reader, behind its last value. */
  loom_span last = event_span(r);
  if (!is_flow && v->n)
    last = is_mapping ? v->members[v->n - 1].value->span : v->items[v->n - 1]->span;
  if (last.end_line >= v->span.line) {      /* what an alias names may stand above */
    v->span.end_line = last.end_line;
    v->span.end_col = last.end_col;
  }
  *out = v;
  return is_mapping ? check_unique_keys(r->ctx, v) : LOOM_OK;
}

/* ---- anchors ---- */

static const char *anchor_name(const yaml_event_t *e) {
  const yaml_char_t *name = e->type == YAML_SCALAR_EVENT           ? e->data.scalar.anchor
                            : e->type == YAML_SEQUENCE_START_EVENT ? e->data.sequence_start.anchor
                            : e->type == YAML_MAPPING_START_EVENT  ? e->data.mapping_start.anchor
                                                                   : NULL;
  return name ? sanitize_library_text((const char *)name) : NULL;
}

static loom_status count_values(reader *r, int64_t values) {
  r->values += values;
  if (!r->has_aliases || r->values <= DATA_ALIASED_VALUES_MAX)
    return LOOM_OK;
  LOOM_FAIL(r->ctx, event_span(r), LOOM_ELIMIT, "with its aliases written out the file has more than %d values", DATA_ALIASED_VALUES_MAX);
}

static int height_of(const data_value *v) {
  int highest = 0;
  for (size_t i = 0; i < v->n; i++) {
    int h = height_of(v->kind == DATA_OBJECT ? v->members[i].value : v->items[i]);
    highest = h > highest ? h : highest;
  }
  return v->kind == DATA_OBJECT || v->kind == DATA_ARRAY ? highest + 1 : 0;
}

static loom_status read_alias(reader *r, int depth, data_value **out) {
  const char *name = sanitize_library_text((const char *)r->event.data.alias.anchor);
  VEC_OF(const char *) names = {0};
  for (size_t i = r->anchors.n; i-- > 0;) {      /* the last one of the name counts */
    const named_value *a = &r->anchors.at[i];
    vec_push(&r->ctx->mem, &names, a->name);
    if (!text_eq(a->name, name))
      continue;
    if (!a->value)
      return refuse(r, "the alias stands inside the value it names", "a value cannot contain itself");
    if (depth + a->height > YAML_DEPTH_MAX)
      LOOM_FAIL(r->ctx, event_span(r), LOOM_ELIMIT, "values are nested deeper than %d levels", YAML_DEPTH_MAX);
    *out = a->value;
    return count_values(r, a->values);
  }
  diag_error(r->ctx, event_span(r), LOOM_EINPUT, "no anchor '&%s' stands above", name);
  const char *near = diag_nearest(name, names.at, names.n);
  if (near)
    diag_help(r->ctx, "did you mean '*%s'?", near);
  return LOOM_EINPUT;
}

static loom_status read_node(reader *r, int depth, data_value **out) {
  bool is_alias = r->event.type == YAML_ALIAS_EVENT && r->has_aliases;
  if (is_alias)
    return read_alias(r, depth, out);
  LOOM_TRY(check_plain_json_subset(r, false));
  LOOM_TRY(count_values(r, 1));
  const char *name = anchor_name(&r->event);
  size_t at = r->anchors.n;
  int64_t before = r->values - 1;
  if (name)
    vec_push(&r->ctx->mem, &r->anchors, ((named_value){arena_strdup(&r->ctx->mem, name), NULL, 0, 0}));
  LOOM_TRY(r->event.type == YAML_SCALAR_EVENT ? read_scalar(r, out) : read_collection(r, depth, out));
  if (name)
    r->anchors.at[at] = (named_value){r->anchors.at[at].name, *out, r->values - before, height_of(*out)};
  return LOOM_OK;
}

static loom_status read_stream(loom_ctx *ctx, void *data) {
  reader *r = data;
  LOOM_TRY(next_event(r));   /* stream start */
  LOOM_TRY(next_event(r));
  if (r->event.type == YAML_STREAM_END_EVENT) {
    r->tree = data_null(&ctx->mem);
    r->tree->span = data_cursor_here(&r->cursor);
    return LOOM_OK;
  }
  LOOM_TRY(next_event(r));   /* behind the document start */
  LOOM_TRY(read_node(r, 0, &r->tree));
  LOOM_TRY(next_event(r));   /* document end */
  LOOM_TRY(next_event(r));
  if (r->event.type != YAML_STREAM_END_EVENT)
    return refuse(r, "a second document begins here", "a file holds one document");
  return LOOM_OK;
}

static loom_status read_yaml(loom_ctx *ctx, const char *path, const char *bytes, size_t size, bool has_aliases, data_value **out) {
  if (size > YAML_BYTES_MAX)
    LOOM_FAIL(ctx, diag_file_span(ctx, path), LOOM_ELIMIT, "YAML text of %zu bytes; at most %d are read", size, YAML_BYTES_MAX);
  reader r = {.ctx = ctx, .has_aliases = has_aliases, .cursor = data_cursor_new(diag_add_source(ctx, path, bytes, size))};
  if (!yaml_parser_initialize(&r.parser))
    return LOOM_EMEM;
  yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
  yaml_parser_set_input_string(&r.parser, (const unsigned char *)bytes, size);
  loom_status st = loom_ctx_run(ctx, read_stream, &r);   /* guarded, because libyaml's memory is not in an arena */
  yaml_event_delete(&r.event);
  yaml_parser_delete(&r.parser);
  *out = st == LOOM_OK ? r.tree : NULL;
  return st;
}

loom_status data_read_yaml(loom_ctx *ctx, const char *path, const char *bytes, size_t size, data_value **out) {
  return read_yaml(ctx, path, bytes, size, false, out);
}

loom_status data_read_yaml_aliases(loom_ctx *ctx, const char *path, const char *bytes, size_t size, data_value **out) {
  return read_yaml(ctx, path, bytes, size, true, out);
}
