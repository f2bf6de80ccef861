#include "machine/machine_df_token.h"
#include "base/text.h"
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static char byte_at(const df_lexer *l, size_t at) { return at < l->source->size ? l->source->text[at] : 0; }

static loom_span span_of(const df_lexer *l, size_t begin, size_t end) {
  int32_t col = (int32_t)(begin - l->line_start) + 1;
  return (loom_span){l->source, l->line, col, l->line, col + (int32_t)(end - begin)};
}

static void skip_blanks(df_lexer *l) {
  for (;; l->at++) {
    if (byte_at(l, l->at) == '/' && byte_at(l, l->at + 1) == '/')
      while (l->at < l->source->size && byte_at(l, l->at) != '\n')
        l->at++;
    if (l->at >= l->source->size || !isspace((unsigned char)byte_at(l, l->at)))
      return;
    if (byte_at(l, l->at) == '\n') {
      l->line++;
      l->line_start = l->at + 1;
    }
  }
}

static bool is_word_byte(char c) { return isalnum((unsigned char)c) || c == '_' || c == '.' || c == '$'; }

static size_t word_end(const df_lexer *l, size_t at) {
  while (is_word_byte(byte_at(l, at)))
    at++;
  return at;
}

static loom_status lex_integer(df_lexer *l, size_t end) {
  df_token *t = &l->token;
  if (byte_at(l, t->begin) == '-')
    end = word_end(l, t->begin + 1);
  char *rest;
  t->text = arena_strndup(&l->ctx->mem, l->source->text + t->begin, end - t->begin);
  t->span = span_of(l, t->begin, end);
  errno = 0;
  t->integer = strtoll(t->text, &rest, 10);
  if ((*rest || errno == ERANGE) && l->is_lenient) {
    t->kind = DF_WORD;
    t->end = end;
    return LOOM_OK;
  }
  if (*rest || errno == ERANGE)
    LOOM_FAIL(l->ctx, t->span, LOOM_EINPUT, "'%s' is not a whole number of 64 bits", t->text);
  t->kind = DF_INT;
  t->end = end;
  return LOOM_OK;
}

static loom_status lex_string(df_lexer *l) {
  df_token *t = &l->token;
  size_t end = t->begin + 1;
  while (end < l->source->size && byte_at(l, end) != '"' && byte_at(l, end) != '\n')
    end++;
  if (byte_at(l, end) != '"')
    LOOM_FAIL(l->ctx, span_of(l, t->begin, end), LOOM_EINPUT, "the string does not end on its line");
  t->kind = DF_STRING;
  t->text = arena_strndup(&l->ctx->mem, l->source->text + t->begin + 1, end - t->begin - 1);
  t->end = end + 1;
  return LOOM_OK;
}

loom_status df_next(df_lexer *l) {
  skip_blanks(l);
  df_token *t = &l->token;
  size_t at = l->at;
  char c = byte_at(l, at);
  *t = (df_token){.begin = at, .end = at, .text = ""};
  if (at >= l->source->size) {
    t->span = span_of(l, at, at);
    return LOOM_OK;
  }
  static const struct { char mark; df_token_kind kind; } marks[] = {{'%', DF_VALUE}, {'@', DF_SYMBOL}, {'!', DF_TYPE}};
  for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
    if (c == marks[i].mark && is_word_byte(byte_at(l, at + 1))) {
      t->kind = marks[i].kind;
      t->end = word_end(l, at + 1);
    }
  if (t->kind == DF_END && (isdigit((unsigned char)c) || (c == '-' && isdigit((unsigned char)byte_at(l, at + 1)))))
    LOOM_TRY(lex_integer(l, word_end(l, at)));
  else if (c == '"')
    LOOM_TRY(lex_string(l));
  else if (t->kind == DF_END && is_word_byte(c)) {
    t->kind = DF_WORD;
    t->end = word_end(l, at);
  } else if (t->kind == DF_END) {
    t->kind = DF_PUNCT;
    t->end = at + (c == '-' && byte_at(l, at + 1) == '>' ? 2 : 1);
  }
  if (t->kind != DF_STRING)
    t->text = arena_strndup(&l->ctx->mem, l->source->text + at, t->end - at);
  t->span = span_of(l, at, t->end);
  l->at = t->end;
  return LOOM_OK;
}

loom_status df_lexer_start(loom_ctx *ctx, const char *path, const char *bytes, size_t size, df_lexer *out) {
  *out = (df_lexer){.ctx = ctx, .source = diag_add_source(ctx, path, bytes, size), .line = 1};
  return df_next(out);
}

bool df_is(const df_lexer *l, const char *s) { return (l->token.kind == DF_PUNCT || l->token.kind == DF_WORD) && text_eq(l->token.text, s); }

loom_status df_accept(df_lexer *l, const char *s, bool *out) {
  *out = df_is(l, s);
  return *out ? df_next(l) : LOOM_OK;
}

loom_status df_fail_expected(df_lexer *l, const char *what) {
  if (l->token.kind == DF_END)
    LOOM_FAIL(l->ctx, l->token.span, LOOM_EINPUT, "expected %s; found the end of the file", what);
  LOOM_FAIL(l->ctx, l->token.span, LOOM_EINPUT, "expected %s; found '%s'", what, l->token.text);
}

loom_status df_expect(df_lexer *l, const char *s) {
  return df_is(l, s) ? df_next(l) : df_fail_expected(l, arena_printf(&l->ctx->mem, "'%s'", s));
}

loom_status df_take(df_lexer *l, df_token_kind kind, const char *what, df_token *out) {
  if (l->token.kind != kind)
    return df_fail_expected(l, what);
  *out = l->token;
  return df_next(l);
}

loom_status df_skip_type(df_lexer *l) {
  bool has_type;
  LOOM_TRY(df_accept(l, ":", &has_type));
  if (!has_type)
    return LOOM_OK;
  return l->token.kind == DF_TYPE || l->token.kind == DF_WORD ? df_next(l) : df_fail_expected(l, "a type");
}

loom_status df_take_count(df_lexer *l, const char *what, int64_t greatest, int64_t *out) {
  df_token t = {0};
  LOOM_TRY(df_take(l, DF_INT, arena_printf(&l->ctx->mem, "%s, a whole number", what), &t));
  if (t.integer < 1 || t.integer > greatest)
    LOOM_FAIL(l->ctx, t.span, LOOM_EINPUT, "%s is %" PRId64 "; must be 1..%" PRId64, what, t.integer, greatest);
  *out = t.integer;
  return LOOM_OK;
}

loom_status df_take_rate(df_lexer *l, const char *what, int64_t greatest, int64_t *out) {
  LOOM_TRY(df_take_count(l, what, greatest, out));
  return df_skip_type(l);
}

loom_status df_fail_undefined(df_lexer *l, const df_token *t, const char *const *defined, size_t n) {
  diag_error(l->ctx, t->span, LOOM_EINPUT, "'%s' is not defined above", t->text);
  const char *near = diag_nearest(t->text, defined, n);
  if (near)
    diag_help(l->ctx, "did you mean '%s'?", near);
  return LOOM_EINPUT;
}
