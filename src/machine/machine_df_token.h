/* Tokens of the df custom assembly.  Private to the room. */
#ifndef LOOM_MACHINE_DF_TOKEN_H
#define LOOM_MACHINE_DF_TOKEN_H
#include "base/diag.h"

/* WORD: module, df.core, affine_map, i64;  VALUE: %x;  SYMBOL: @x;  TYPE: !df.memory;  PUNCT: one byte, or "->" */
typedef enum df_token_kind { DF_END, DF_WORD, DF_VALUE, DF_SYMBOL, DF_TYPE, DF_INT, DF_STRING, DF_PUNCT } df_token_kind;
typedef struct df_token { df_token_kind kind; const char *text; int64_t integer; loom_span span; size_t begin, end; } df_token;   /* text of a string: without quotes */

typedef struct df_lexer {
  loom_ctx *ctx;
  const diag_source *source;
  size_t at, line_start;
  int32_t line;
  bool is_lenient;         /* what starts like a number and is none is a word: functions hold such */
  df_token token;          /* the current one */
} df_lexer;

LOOM_MUST_USE loom_status df_lexer_start(loom_ctx *ctx, const char *path, const char *bytes, size_t size, df_lexer *out);
LOOM_MUST_USE loom_status df_next(df_lexer *l);
bool df_is(const df_lexer *l, const char *punct_or_word);
/* Takes the token if it is this one. */
LOOM_MUST_USE loom_status df_accept(df_lexer *l, const char *punct_or_word, bool *out);
LOOM_MUST_USE loom_status df_expect(df_lexer *l, const char *punct_or_word);
/* Takes a token of `kind`; `what` in the message. */
LOOM_MUST_USE loom_status df_take(df_lexer *l, df_token_kind kind, const char *what, df_token *out);
/* A whole number, 1..greatest; df_take_rate: and its type, 8192 : i64. */
LOOM_MUST_USE loom_status df_take_count(df_lexer *l, const char *what, int64_t greatest, int64_t *out);
LOOM_MUST_USE loom_status df_take_rate(df_lexer *l, const char *what, int64_t greatest, int64_t *out);
/* Always fails: expected `what`, found the current token. */
LOOM_MUST_USE loom_status df_fail_expected(df_lexer *l, const char *what);
/* ": type", where there is one. */
LOOM_MUST_USE loom_status df_skip_type(df_lexer *l);
/* Always fails: the value `t` is none of the n defined ones. */
LOOM_MUST_USE loom_status df_fail_undefined(df_lexer *l, const df_token *t, const char *const *defined, size_t n);
#endif
