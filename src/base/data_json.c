/* JSON text to a tree.  jansson decides what is JSON and converts the values; a walk over the same text finds their places. */
#include "base/data_private.h"
#include "base/file.h"
#include "base/sanitize.h"
#include <jansson.h>
#include <pthread.h>
#include <string.h>

enum { JSON_DEPTH_MAX = 128 };

/* jansson drops a byte of a token when its buffer cannot grow, and stops the process when it finds that out.  So its memory comes from an arena, which
 * unwinds when there is no more, and is released as a whole: jansson holds no lock and keeps nothing of a text between calls. */
static _Thread_local arena *memory;

static void *give(size_t size) { return arena_alloc(memory, size); }
static void keep(void *p) { (void)p; }

static void use_our_allocator(void) { json_set_alloc_funcs(give, keep); }

/* jansson's nesting limit is far above ours, so depth is found before it parses. */
static loom_status check_depth(loom_ctx *ctx, const diag_source *source) {
  data_cursor c = data_cursor_new(source);
  bool in_string = false;
  for (int depth = 0; c.at < source->size; data_cursor_skip(&c, 1)) {
    char byte = source->text[c.at];
    if (in_string) {
      in_string = byte != '"';
      if (byte == '\\')
        data_cursor_skip(&c, 1);
    } else if (byte == '"') {
      in_string = true;
    } else if (byte == '[' || byte == '{') {
      if (++depth > JSON_DEPTH_MAX)
        LOOM_FAIL(ctx, data_cursor_here(&c), LOOM_ELIMIT, "values are nested deeper than %d levels", JSON_DEPTH_MAX);
    } else if (byte == ']' || byte == '}') {
      depth--;
    }
  }
  return LOOM_OK;
}

/* jansson's position is behind the token it objects to and its text ends in `near '<token>'`: the span is that token. */
static loom_status fail_syntax(loom_ctx *ctx, const diag_source *source, const json_error_t *error) {
  size_t end = error->position > 0 ? (size_t)error->position : 0, size = 0;
  const char *near = strstr(error->text, " near '");
  if (end > source->size)
    end = source->size;
  if (near) {
    near += strlen(" near '");
    size = strlen(near);
    size -= size > 0;   /* the closing quote */
    if (size > end || memcmp(source->text + end - size, near, size) != 0)
      size = 0;
  }
  data_cursor c = data_cursor_new(source);
  data_cursor_skip(&c, end - size);
  loom_span begin = data_cursor_here(&c);
  data_cursor_skip(&c, size);
  /* One message advises a flag of jansson's API, which no user can set. */
  const char *flag = strstr(error->text, " without JSON_ALLOW_NUL");
  size_t head = flag ? (size_t)(flag - error->text) : strlen(error->text);
  const char *rest = flag ? flag + strlen(" without JSON_ALLOW_NUL") : "";
  diag_error(ctx, data_span_to(begin, &c), LOOM_EINPUT, "not valid JSON: %.*s%s", (int)head, error->text, rest);
  if (json_error_code(error) == json_error_duplicate_key)
    diag_help(ctx, "each key may occur once in an object");
  else if (json_error_code(error) == json_error_invalid_syntax)
    diag_help(ctx, "JSON has double-quoted strings, no comments and no comma behind the last item");
  return LOOM_EINPUT;
}

/* ---- the walk: the text is known to be JSON and to hold `root` ---- */

typedef struct walk { loom_ctx *ctx; data_cursor c; } walk;

static char byte_at(const walk *w) { return w->c.at < w->c.source->size ? w->c.source->text[w->c.at] : 0; }

static void skip_space(walk *w) {
  while (memchr(" \t\r\n", byte_at(w), 4))
    data_cursor_skip(&w->c, 1);
}

static void skip_string(walk *w) {
  data_cursor_skip(&w->c, 1);
  while (byte_at(w) != '"')
    data_cursor_skip(&w->c, byte_at(w) == '\\' ? 2 : 1);
  data_cursor_skip(&w->c, 1);
}

static void skip_word(walk *w) {
  while (byte_at(w) && !memchr(" \t\r\n,:]}", byte_at(w), 8))
    data_cursor_skip(&w->c, 1);
}

static data_value *walk_value(walk *w, json_t *j);

static data_value *walk_array(walk *w, json_t *j) {
  data_value *v = data_array(&w->ctx->mem);
  size_t i;
  json_t *item;
  json_array_foreach(j, i, item) {
    data_cursor_skip(&w->c, 1);   /* the bracket or comma in front */
    data_push(&w->ctx->mem, v, walk_value(w, item));
    skip_space(w);
  }
  return v;
}

static data_value *walk_object(walk *w, json_t *j) {
  data_value *v = data_object(&w->ctx->mem);
  const char *key;
  json_t *item;
  json_object_foreach(j, key, item) {   /* in the order of the text */
    data_cursor_skip(&w->c, 1);
    skip_space(w);
    loom_span key_begin = data_cursor_here(&w->c);
    skip_string(w);
    loom_span key_span = data_span_to(key_begin, &w->c);
    skip_space(w);
    data_cursor_skip(&w->c, 1);   /* the colon */
    data_add_member(&w->ctx->mem, v, sanitize_library_text(key), walk_value(w, item), key_span);
    skip_space(w);
  }
  return v;
}

static data_value *walk_scalar(walk *w, json_t *j) {
  arena *m = &w->ctx->mem;
  switch (json_typeof(j)) {
  case JSON_STRING:
    skip_string(w);
    return data_string(m, sanitize_library_text(json_string_value(j)));
  case JSON_INTEGER:
    skip_word(w);
    return data_int(m, json_integer_value(j));
  case JSON_REAL:
    skip_word(w);
    return data_real(m, json_real_value(j));
  default:
    skip_word(w);
    return json_is_boolean(j) ? data_bool(m, json_is_true(j)) : data_null(m);
  }
}

static data_value *walk_value(walk *w, json_t *j) {
  skip_space(w);
  loom_span begin = data_cursor_here(&w->c);
  data_value *v;
  if (json_is_array(j) || json_is_object(j)) {
    v = json_is_array(j) ? walk_array(w, j) : walk_object(w, j);
    if (v->n == 0) {
      data_cursor_skip(&w->c, 1);
      skip_space(w);
    }
    data_cursor_skip(&w->c, 1);   /* the closing bracket */
  } else {
    v = walk_scalar(w, j);
  }
  v->span = data_span_to(begin, &w->c);
  return v;
}

loom_status data_read_json(loom_ctx *ctx, const char *path, const char *text, size_t size, data_value **out) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, use_our_allocator);
  if (size > DATA_JSON_BYTES_MAX)
    LOOM_FAIL(ctx, diag_file_span(ctx, path), LOOM_ELIMIT, "JSON text of %zu bytes; at most %d are read", size, DATA_JSON_BYTES_MAX);
  const diag_source *source = diag_add_source(ctx, path, text, size);
  LOOM_TRY(check_depth(ctx, source));
  json_error_t error;
  const arena_mark mark = arena_save(&ctx->scratch);
  memory = &ctx->scratch;
  sanitize_enter_library();
  json_t *root = json_loadb(text, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
  sanitize_leave_library();
  loom_status st = root ? LOOM_OK : fail_syntax(ctx, source, &error);
  if (root)
    *out = walk_value(&(walk){ctx, data_cursor_new(source)}, root);
  arena_release(&ctx->scratch, mark);
  return st;
}

loom_status data_read_json_file(loom_ctx *ctx, const char *path, size_t limit_bytes, data_value **out) {
  char *bytes;
  size_t size;
  LOOM_TRY(file_read(ctx, path, limit_bytes, &bytes, &size));
  return data_read_json(ctx, path, bytes, size, out);
}
