/* Pieces of text whose inside nobody needs to understand: brackets, types, attributes. */
#include "frontend/mlir_text/mlir_text.h"
#include <string.h>

static bool is_one_of(const mlir_token *t, const char *bytes) { return t->kind == MLIR_TOKEN_PUNCTUATION && t->size == 1 && strchr(bytes, *t->at) != NULL; }

static char closing(char open) { return open == '(' ? ')' : open == '[' ? ']' : open == '{' ? '}' : '>'; }

static mlir_slice since(const char *at, const char *end) { return (mlir_slice){at, (size_t)(end - at)}; }

const char *mlir_text_flat(arena *mem, mlir_slice s) {
  char *flat = arena_strndup(mem, s.at, s.size);
  bool in_string = false, in_comment = false;
  for (size_t i = 0; i < s.size; i++) {
    const char c = flat[i];
    if (c == '\n') {
      in_string = in_comment = false;
      flat[i] = ' ';
    } else if (in_comment) {
      flat[i] = ' ';
    } else if (in_string && c == '\\') {
      i += i + 1 < s.size && flat[i + 1] != '\n';
    } else if (c == '"') {
      in_string = !in_string;
    } else if (!in_string && c == '/' && flat[i + 1] == '/') {      /* the copy ends in a NUL byte */
      in_comment = true;
      flat[i] = ' ';
    }
  }
  return flat;
}

static loom_status refuse_piece(const mlir_cursor *c, const char *what) {
  int shown = c->token.size > 40 ? 40 : (int)c->token.size;
  return diag_error(c->ctx, mlir_text_span(c, &c->token), LOOM_EINPUT, "expected %s, found '%.*s'", what, shown, c->token.at);
}

/* '<' may be a comparison, so a closing bracket closes every '<' opened inside of it too. */
loom_status mlir_text_balanced(mlir_cursor *c, mlir_slice *out) {
  char open[MLIR_TEXT_DEPTH_MAX];
  int depth = 0;
  const mlir_token first = c->token;
  if (!is_one_of(&first, "([{<"))
    return refuse_piece(c, "an opening bracket");
  do {
    const mlir_token *t = &c->token;
    if (t->kind == MLIR_TOKEN_END)
      LOOM_FAIL(c->ctx, mlir_text_span(c, &first), LOOM_EINPUT, "this '%c' is not closed", *first.at);
    if (is_one_of(t, "([{<")) {
      if (depth == MLIR_TEXT_DEPTH_MAX)
        LOOM_FAIL(c->ctx, mlir_text_span(c, t), LOOM_ELIMIT, "brackets are nested deeper than %d", MLIR_TEXT_DEPTH_MAX);
      open[depth++] = *t->at;
    } else if (is_one_of(t, ")]}>")) {
      int d = depth;
      while (d > 1 && open[d - 1] == '<' && *t->at != '>')
        d--;
      if (closing(open[d - 1]) == *t->at)
        depth = d - 1;
      else if (*t->at != '>')
        LOOM_FAIL(c->ctx, mlir_text_span(c, t), LOOM_EINPUT, "'%c' closes nothing; expected '%c'", *t->at, closing(open[d - 1]));
    }
    *out = since(first.at, c->next);
    mlir_text_next(c);
  } while (depth > 0);
  return LOOM_OK;
}

/* `<..>` where it follows: "tensor<4xf32>". */
static loom_status parameters(mlir_cursor *c, const char *at, mlir_slice *io) {
  mlir_slice inner;
  if (!mlir_text_at(c, "<"))
    return LOOM_OK;
  LOOM_TRY(mlir_text_balanced(c, &inner));
  *io = since(at, inner.at + inner.size);
  return LOOM_OK;
}

static loom_status function_type(mlir_cursor *c, mlir_slice *out) {
  const char *at = c->token.at;
  LOOM_TRY(mlir_text_balanced(c, out));
  if (!mlir_text_accept(c, "->"))
    return LOOM_OK;
  mlir_slice results;
  LOOM_TRY(mlir_text_at(c, "(") ? mlir_text_balanced(c, &results) : mlir_text_type(c, &results));
  *out = since(at, results.at + results.size);
  return LOOM_OK;
}

loom_status mlir_text_type(mlir_cursor *c, mlir_slice *out) {
  const mlir_token t = c->token;
  if (mlir_text_at(c, "("))
    return function_type(c, out);
  if (t.kind != MLIR_TOKEN_WORD && t.kind != MLIR_TOKEN_TYPE)
    return refuse_piece(c, "a type");
  *out = since(t.at, c->next);
  mlir_text_next(c);
  return parameters(c, t.at, out);
}

/* @a::@b */
static void nested_symbol(mlir_cursor *c, const char *at, mlir_slice *out) {
  for (;;) {
    *out = since(at, c->next);
    mlir_text_next(c);
    mlir_cursor ahead = *c;
    if (!mlir_text_accept(&ahead, "::") || ahead.token.kind != MLIR_TOKEN_SYMBOL)
      return;
    *c = ahead;
  }
}

loom_status mlir_text_attribute(mlir_cursor *c, mlir_slice *out) {
  const mlir_token t = c->token;
  if (is_one_of(&t, "[{"))
    return mlir_text_balanced(c, out);
  if (t.kind == MLIR_TOKEN_TYPE || is_one_of(&t, "("))
    return mlir_text_type(c, out);
  if (t.kind == MLIR_TOKEN_SYMBOL)
    return nested_symbol(c, t.at, out), LOOM_OK;
  if (is_one_of(&t, "-"))
    mlir_text_next(c);
  bool is_number = c->token.kind == MLIR_TOKEN_INTEGER || c->token.kind == MLIR_TOKEN_FLOAT;
  bool is_whole = t.kind == MLIR_TOKEN_STRING || t.kind == MLIR_TOKEN_WORD || t.kind == MLIR_TOKEN_ATTRIBUTE;
  if (!is_number && !is_whole)
    return refuse_piece(c, "an attribute");
  *out = since(t.at, c->next);
  mlir_text_next(c);
  return is_number || t.kind == MLIR_TOKEN_STRING ? LOOM_OK : parameters(c, t.at, out);
}
