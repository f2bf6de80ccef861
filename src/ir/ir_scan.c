/* The bounded look at MLIR text before MLIR's recursive parser sees it: its stack is the only limit it has. */
#include "ir/ir_private.h"
#include <ctype.h>
#include <string.h>

typedef struct scanner {
  loom_ctx *ctx;
  const diag_source *source;
  const char *text;
  size_t size, at, line_start;
  int32_t line;
  char open[IR_TEXT_DEPTH_MAX];   /* the brackets we are inside */
  int depth;
} scanner;

static loom_span here(const scanner *s, size_t at, size_t n) {
  int32_t col = (int32_t)(at - s->line_start) + 1;
  return (loom_span){.source = s->source, .line = s->line, .col = col, .end_line = s->line, .end_col = col + (int32_t)n};
}

static char peek(const scanner *s, size_t ahead) { return s->at + ahead < s->size ? s->text[s->at + ahead] : '\0'; }

static void skip_blanks(scanner *s) {
  for (; s->at < s->size && isspace((unsigned char)s->text[s->at]); s->at++)
    if (s->text[s->at] == '\n') {
      s->line++;
      s->line_start = s->at + 1;
    }
}

static void skip_string(scanner *s) {
  for (s->at++; s->at < s->size && s->text[s->at] != '"' && s->text[s->at] != '\n'; s->at++)
    if (s->text[s->at] == '\\')
      s->at++;
  if (peek(s, 0) == '"')
    s->at++;
}

static loom_status open_bracket(scanner *s, char c) {
  if (s->depth == IR_TEXT_DEPTH_MAX) {
    diag_error(s->ctx, here(s, s->at, 1), LOOM_ELIMIT, "brackets are nested deeper than %d", IR_TEXT_DEPTH_MAX);
    diag_help(s->ctx, "split the nested part; MLIR from a compiler rarely nests deeper than 20");
    return LOOM_ELIMIT;
  }
  s->open[s->depth++] = c;
  return LOOM_OK;
}

/* '<' may be a comparison, so a closing bracket also closes every '<' opened inside; unbalanced text is left to MLIR's messages. */
static void close_bracket(scanner *s, char c) {
  char open = c == ')' ? '(' : c == ']' ? '[' : c == '}' ? '{' : '<';
  int d = s->depth;
  while (d > 0 && s->open[d - 1] != open && s->open[d - 1] == '<')
    d--;
  if (d > 0 && s->open[d - 1] == open)
    s->depth = d - 1;
}

/* After the word iterator_types: `= ["parallel", ...]` or `= [#linalg.iterator_type<...>]`.  MLIR 22 aborts on anything else in the list. */
static loom_status check_iterator_types(scanner *s) {
  skip_blanks(s);
  if (peek(s, 0) != '=')
    return LOOM_OK;
  s->at++;
  skip_blanks(s);
  if (peek(s, 0) != '[')
    return LOOM_OK;
  LOOM_TRY(open_bracket(s, '['));
  s->at++;
  for (skip_blanks(s); s->at < s->size && peek(s, 0) != ']'; skip_blanks(s)) {
    if (peek(s, 0) == ',') {
      s->at++;
    } else if (peek(s, 0) == '"') {
      skip_string(s);
    } else if (peek(s, 0) == '#') {
      while (s->at < s->size && !strchr(",]\n", s->text[s->at]))
        s->at++;
    } else {
      LOOM_FAIL(s->ctx, here(s, s->at, 1), LOOM_EINPUT, "iterator_types holds something that is not a string; expected \"parallel\" or \"reduction\"");
    }
  }
  return LOOM_OK;
}

static loom_status scan_word(scanner *s) {
  size_t from = s->at;
  while (s->at < s->size && (isalnum((unsigned char)s->text[s->at]) || s->text[s->at] == '_'))
    s->at++;
  static const char word[] = "iterator_types";
  if (s->at - from == sizeof word - 1 && memcmp(s->text + from, word, sizeof word - 1) == 0)
    return check_iterator_types(s);
  return LOOM_OK;
}

static loom_status scan_token(scanner *s) {
  char c = s->text[s->at];
  if (isalpha((unsigned char)c) || c == '_')
    return scan_word(s);
  switch (c) {
  case '\0': LOOM_FAIL(s->ctx, here(s, s->at, 1), LOOM_EINPUT, "the text holds a NUL byte; expected MLIR text (is this a bytecode file?)");
  case '"': skip_string(s); return LOOM_OK;
  case '/':
    if (peek(s, 1) == '/')
      while (s->at < s->size && s->text[s->at] != '\n')
        s->at++;
    else
      s->at++;
    return LOOM_OK;
  case '(':
  case '[':
  case '{': LOOM_TRY(open_bracket(s, c)); break;
  case '<':
    if (peek(s, 1) != '=')
      LOOM_TRY(open_bracket(s, c));
    break;
  case '-':
    if (peek(s, 1) == '>')
      s->at++;
    break;
  case '>':
    if (peek(s, 1) == '=')
      break;
    close_bracket(s, c);
    break;
  case ')':
  case ']':
  case '}': close_bracket(s, c); break;
  default: break;
  }
  s->at++;
  return LOOM_OK;
}

loom_status ir_scan(loom_ctx *ctx, const diag_source *source, const char *src, size_t size) {
  if (size > IR_TEXT_BYTES_MAX)
    LOOM_FAIL(ctx, (loom_span){.source = source}, LOOM_ELIMIT, "the MLIR text is %zu bytes; at most %d are read", size, IR_TEXT_BYTES_MAX);
  scanner s = {.ctx = ctx, .source = source, .text = src, .size = size, .line = 1};
  for (skip_blanks(&s); s.at < s.size; skip_blanks(&s))
    LOOM_TRY(scan_token(&s));
  return LOOM_OK;
}
