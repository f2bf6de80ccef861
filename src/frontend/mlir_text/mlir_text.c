/* Tokens: MLIR's own lexical rules, on text that may be anything. */
#include "frontend/mlir_text/mlir_text.h"
#include <ctype.h>
#include <string.h>

static char peek(const mlir_cursor *c, const char *p) { return p < c->end ? *p : '\0'; }
static bool is_letter(char c) { return isalpha((unsigned char)c) || c == '_'; }
static bool is_digit(char c) { return isdigit((unsigned char)c); }
static bool is_word(char c) { return is_letter(c) || is_digit(c) || c == '$' || c == '.'; }

/* Blanks, line ends, comments. */
static const char *skip_blanks(mlir_cursor *c, const char *p) {
  for (; p < c->end; p++) {
    if (*p == '\n') {
      c->line++;
      c->line_start = p + 1;
    } else if (*p == '/' && peek(c, p + 1) == '/') {
      while (p + 1 < c->end && p[1] != '\n')
        p++;
    } else if (!isspace((unsigned char)*p)) {
      break;
    }
  }
  return p;
}

static const char *string_end(const mlir_cursor *c, const char *p) {
  for (p++; p < c->end && *p != '"' && *p != '\n'; p++)
    if (*p == '\\' && p + 1 < c->end && p[1] != '\n')
      p++;
  return peek(c, p) == '"' ? p + 1 : p;
}

/* The name behind a sigil: digits alone, or letters, digits and "$._-"; "->" does not belong to it. */
static const char *name_end(const mlir_cursor *c, const char *p) {
  const char *from = p;
  while (is_digit(peek(c, p)))
    p++;
  if (p > from && !is_letter(peek(c, p)))
    return p;
  while (is_word(peek(c, p)) || (peek(c, p) == '-' && peek(c, p + 1) != '>'))
    p++;
  return p;
}

static const char *value_end(const mlir_cursor *c, const char *p) {
  p = name_end(c, p);
  if (peek(c, p) == '#' && is_digit(peek(c, p + 1)))
    for (p++; is_digit(peek(c, p));)
      p++;
  return p;
}

static const char *number_end(const mlir_cursor *c, const char *p, mlir_token_kind *kind) {
  *kind = MLIR_TOKEN_INTEGER;
  if (*p == '0' && peek(c, p + 1) == 'x' && isxdigit((unsigned char)peek(c, p + 2))) {
    for (p += 2; isxdigit((unsigned char)peek(c, p));)
      p++;
    return p;
  }
  while (is_digit(peek(c, p)))
    p++;
  if (peek(c, p) != '.')
    return p;
  *kind = MLIR_TOKEN_FLOAT;
  for (p++; is_digit(peek(c, p));)
    p++;
  if (tolower((unsigned char)peek(c, p)) == 'e') {
    const char *sign = p + 1 + (peek(c, p + 1) == '-' || peek(c, p + 1) == '+');
    if (is_digit(peek(c, sign)))
      for (p = sign; is_digit(peek(c, p));)
        p++;
  }
  return p;
}

static const char *punctuation_end(const mlir_cursor *c, const char *p) {
  static const char *const pairs[] = {"->", "::", "==", ">=", "<="};
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
    if (p[0] == pairs[i][0] && peek(c, p + 1) == pairs[i][1])
      return p + 2;
  return p + 1;
}

static const char *token_end(const mlir_cursor *c, const char *p, mlir_token_kind *kind) {
  static const struct { char sigil; mlir_token_kind kind; } named[] = {{'^', MLIR_TOKEN_BLOCK}, {'#', MLIR_TOKEN_ATTRIBUTE}, {'!', MLIR_TOKEN_TYPE}, {'@', MLIR_TOKEN_SYMBOL}};
  if (p == c->end)
    return *kind = MLIR_TOKEN_END, p;
  if (*p == '"')
    return *kind = MLIR_TOKEN_STRING, string_end(c, p);
  if (is_digit(*p))
    return number_end(c, p, kind);
  if (is_letter(*p)) {
    *kind = MLIR_TOKEN_WORD;
    while (is_word(peek(c, p)))
      p++;
    return p;
  }
  if (*p == '%')
    return *kind = MLIR_TOKEN_VALUE, value_end(c, p + 1);
  if (*p == '@' && peek(c, p + 1) == '"')
    return *kind = MLIR_TOKEN_SYMBOL, string_end(c, p + 1);
  for (size_t i = 0; i < sizeof named / sizeof *named; i++)
    if (*p == named[i].sigil && (is_letter(peek(c, p + 1)) || is_digit(peek(c, p + 1)) || peek(c, p + 1) == '$'))
      return *kind = named[i].kind, name_end(c, p + 1);
  *kind = MLIR_TOKEN_PUNCTUATION;
  return punctuation_end(c, p);
}

void mlir_text_next(mlir_cursor *c) {
  const char *p = skip_blanks(c, c->next);
  mlir_token_kind kind;
  c->next = token_end(c, p, &kind);
  c->token = (mlir_token){kind, p, (size_t)(c->next - p), c->line, (int32_t)(p - c->line_start) + 1};
}

loom_status mlir_text_open(loom_ctx *ctx, const diag_source *source, mlir_cursor *out) {
  *out = (mlir_cursor){.ctx = ctx, .source = source, .end = source->text + source->size, .line_start = source->text, .next = source->text, .line = 1};
  if (source->size > MLIR_TEXT_BYTES_MAX)
    LOOM_FAIL(ctx, (loom_span){.source = source}, LOOM_ELIMIT, "the MLIR text is %zu bytes; at most %d are read", source->size, MLIR_TEXT_BYTES_MAX);
  mlir_text_next(out);
  return LOOM_OK;
}

bool mlir_text_is(const mlir_token *t, const char *spelled) { return t->size == strlen(spelled) && memcmp(t->at, spelled, t->size) == 0; }
bool mlir_text_at(const mlir_cursor *c, const char *spelled) { return mlir_text_is(&c->token, spelled); }

bool mlir_text_accept(mlir_cursor *c, const char *spelled) {
  bool is = mlir_text_at(c, spelled);
  if (is)
    mlir_text_next(c);
  return is;
}

const char *mlir_text_copy(arena *mem, mlir_slice s) { return arena_strndup(mem, s.at, s.size); }

loom_span mlir_text_span(const mlir_cursor *c, const mlir_token *t) {
  int32_t width = t->size > 0 ? (int32_t)t->size : 1;
  return (loom_span){.source = c->source, .line = t->line, .col = t->col, .end_line = t->line, .end_col = t->col + width};
}

static loom_status refuse(mlir_cursor *c, const char *expected, const char *what) {
  const mlir_token *t = &c->token;
  bool is_end = t->kind == MLIR_TOKEN_END;
  int shown = t->size > 40 ? 40 : (int)t->size;
  return diag_error(c->ctx, mlir_text_span(c, t), LOOM_EINPUT, "expected %s in %s, found %s%.*s%s", expected, what, is_end ? "the end of the text" : "'", shown, t->at,
                    is_end ? "" : "'");
}

loom_status mlir_text_expect(mlir_cursor *c, const char *spelled, const char *what) {
  if (mlir_text_accept(c, spelled))
    return LOOM_OK;
  return refuse(c, arena_printf(&c->ctx->mem, "'%s'", spelled), what);
}

loom_status mlir_text_take(mlir_cursor *c, mlir_token_kind kind, const char *what, mlir_slice *out) {
  static const char *const names[] = {
#define X(k, text) text,
      MLIR_TOKEN_LIST(X)
#undef X
  };
  if (c->token.kind != kind)
    return refuse(c, names[kind], what);
  *out = (mlir_slice){c->token.at, c->token.size};
  mlir_text_next(c);
  return LOOM_OK;
}
