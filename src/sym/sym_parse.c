/* The text form, read by precedence climbing:
 *   binary  = unit { operator unit }            levels of sym_words.h, grouping to the left
 *   unit    = number | name | `name` | '(' binary ')' | '-' unit | '!' unit | word '(' binary { ',' binary } ')'
 *           | 'IF' '(' binary ')' '{' binary '}' 'ELSE' '{' binary '}' */
#include "base/text.h"
#include "sym/sym.h"
#include "sym/sym_words.h"
#include <ctype.h>
#include <string.h>

enum { NESTING_MAX = 100 };

typedef struct parser { loom_ctx *ctx; loom_span span; const char *text; size_t at; int nesting; } parser;

/* Bytes `begin` to `end` of the text, as a place in the file. */
static loom_span place(const parser *p, size_t begin, size_t end) {
  loom_span s = p->span;
  if (s.line == 0)
    return s;
  s.end_line = s.line;
  s.end_col = s.col + (int32_t)end;
  s.col += (int32_t)begin;
  return s;
}

static void skip_space(parser *p) { p->at += strspn(p->text + p->at, " \t\r\n"); }

/* Length of the word, number or sign at the cursor. */
static size_t token_length(const parser *p) {
  static const char *const signs[] = {"&&", "||", "==", "!=", "<=", ">="};
  const char *s = p->text + p->at;
  size_t n = 0;
  while (sym_is_name_byte(s[n]))
    n++;
  for (size_t i = 0; i < sizeof signs / sizeof *signs && n == 0; i++)
    if (text_starts(s, signs[i]))
      n = 2;
  return n ? n : s[0] != 0;
}

static bool token_is(const parser *p, const char *token) {
  return token_length(p) == strlen(token) && strncmp(p->text + p->at, token, strlen(token)) == 0;
}

static bool accept(parser *p, const char *token) {
  if (!token_is(p, token))
    return false;
  p->at += strlen(token);
  skip_space(p);
  return true;
}

static loom_status fail_expected(parser *p, const char *what) {
  size_t n = token_length(p);
  if (n == 0)
    LOOM_FAIL(p->ctx, place(p, p->at, p->at), LOOM_EINPUT, "expected %s at the end of the expression '%s'", what, p->text);
  LOOM_FAIL(p->ctx, place(p, p->at, p->at + n), LOOM_EINPUT, "expected %s; found '%.*s' in the expression '%s'", what, (int)n, p->text + p->at, p->text);
}

static loom_status expect(parser *p, const char *token) {
  return accept(p, token) ? LOOM_OK : fail_expected(p, arena_printf(&p->ctx->mem, "'%s'", token));
}

/* Numbers and truth values do not mix. */
static loom_status check_kind(parser *p, const sym_expr *e, bool is_boolean, size_t begin) {
  if (sym_op_is_boolean(e->op) == is_boolean)
    return LOOM_OK;
  size_t end = p->at;
  while (end > begin && isspace((unsigned char)p->text[end - 1]))
    end--;
  diag_error(p->ctx, place(p, begin, end), LOOM_EINPUT, "'%.*s' is %s; expected %s", (int)(end - begin), p->text + begin,
             is_boolean ? "a number" : "a condition", is_boolean ? "a condition" : "a number");
  diag_help(p->ctx, is_boolean ? "compare it, for example with != 0" : "choose numbers with if(condition, a, b)");
  return LOOM_EINPUT;
}

static loom_status make(parser *p, sym_op op, const sym_expr *a, const sym_expr *b, const sym_expr *c, const sym_expr **out) {
  *out = sym_make(&p->ctx->mem, op, a, b, c);
  if ((*out)->depth > SYM_DEPTH_MAX)
    LOOM_FAIL(p->ctx, p->span, LOOM_ELIMIT, "the expression has more than %d levels", SYM_DEPTH_MAX);
  return LOOM_OK;
}

static loom_status parse_binary(parser *p, sym_level loosest, const sym_expr **out);

static loom_status parse_operand(parser *p, sym_level loosest, bool is_boolean, const sym_expr **out) {
  size_t begin = p->at;
  LOOM_TRY(parse_binary(p, loosest, out));
  return check_kind(p, *out, is_boolean, begin);
}

static loom_status parse_number(parser *p, bool negative, const sym_expr **out) {
  size_t n = token_length(p), used = 0;
  uint64_t v = 0, limit = negative ? (uint64_t)INT64_MAX + 1 : (uint64_t)INT64_MAX;
  bool fits = true;
  for (const char *s = p->text + p->at; isdigit((unsigned char)s[used]); used++)
    fits = fits && !__builtin_mul_overflow(v, (uint64_t)10, &v) && !__builtin_add_overflow(v, (uint64_t)(s[used] - '0'), &v) && v <= limit;
  if (used != n)
    return fail_expected(p, "an integer");
  if (!fits)
    LOOM_FAIL(p->ctx, place(p, p->at, p->at + n), LOOM_EINPUT, "the number %.*s does not fit 64 bits", (int)n, p->text + p->at);
  p->at += n;
  skip_space(p);
  *out = sym_const(&p->ctx->mem, (int64_t)(negative ? 0 - v : v));
  return LOOM_OK;
}

static loom_status parse_quoted_name(parser *p, const sym_expr **out) {
  text name = text_new(&p->ctx->mem);
  size_t begin = p->at++;
  for (;; p->at++) {
    char c = p->text[p->at];
    if (c == 0)
      LOOM_FAIL(p->ctx, place(p, begin, p->at), LOOM_EINPUT, "the quoted name does not end; expected '`'");
    if (c == '`' && p->text[++p->at] != '`')
      break;
    text_add_bytes(&name, &c, 1);
  }
  skip_space(p);
  *out = sym_name(&p->ctx->mem, text_str(&name));
  return LOOM_OK;
}

/* min and max of two or more. */
static loom_status parse_extremum(parser *p, sym_op op, const sym_expr **out) {
  const sym_expr *b;
  LOOM_TRY(parse_operand(p, SYM_LEVEL_OR, false, out));
  do {
    LOOM_TRY(expect(p, ","));
    LOOM_TRY(parse_operand(p, SYM_LEVEL_OR, false, &b));
    LOOM_TRY(make(p, op, *out, b, NULL, out));
  } while (!token_is(p, ")"));
  return expect(p, ")");
}

static loom_status parse_if_call(parser *p, const sym_expr **out) {
  const sym_expr *condition, *a, *b;
  LOOM_TRY(parse_operand(p, SYM_LEVEL_OR, true, &condition));
  LOOM_TRY(expect(p, ","));
  LOOM_TRY(parse_operand(p, SYM_LEVEL_OR, false, &a));
  LOOM_TRY(expect(p, ","));
  LOOM_TRY(parse_operand(p, SYM_LEVEL_OR, false, &b));
  LOOM_TRY(expect(p, ")"));
  return make(p, SYM_IF, condition, a, b, out);
}

static loom_status parse_if_blocks(parser *p, const sym_expr **out) {
  const sym_expr *condition, *a, *b;
  LOOM_TRY(parse_operand(p, SYM_LEVEL_OR, true, &condition));
  LOOM_TRY(expect(p, ")"));
  LOOM_TRY(expect(p, "{"));
  LOOM_TRY(parse_operand(p, SYM_LEVEL_OR, false, &a));
  LOOM_TRY(expect(p, "}"));
  LOOM_TRY(expect(p, "ELSE"));
  LOOM_TRY(expect(p, "{"));
  LOOM_TRY(parse_operand(p, SYM_LEVEL_OR, false, &b));
  LOOM_TRY(expect(p, "}"));
  return make(p, SYM_IF, condition, a, b, out);
}

static loom_status parse_divisible(parser *p, const sym_expr **out) {
  const sym_expr *x, *by;
  LOOM_TRY(parse_operand(p, SYM_LEVEL_OR, false, &x));
  LOOM_TRY(expect(p, ","));
  LOOM_TRY(parse_operand(p, SYM_LEVEL_OR, false, &by));
  LOOM_TRY(expect(p, ")"));
  return make(p, SYM_DIVISIBLE, x, by, NULL, out);
}

static loom_status parse_in_range(parser *p, const sym_expr **out) {
  const sym_expr *x, *lo, *hi;
  LOOM_TRY(parse_operand(p, SYM_LEVEL_OR, false, &x));
  LOOM_TRY(expect(p, ","));
  LOOM_TRY(parse_operand(p, SYM_LEVEL_OR, false, &lo));
  LOOM_TRY(expect(p, ","));
  LOOM_TRY(parse_operand(p, SYM_LEVEL_OR, false, &hi));
  LOOM_TRY(expect(p, ")"));
  LOOM_TRY(make(p, SYM_GE, x, lo, NULL, &lo));
  LOOM_TRY(make(p, SYM_LE, x, hi, NULL, &hi));
  return make(p, SYM_AND, lo, hi, NULL, out);
}

static loom_status parse_word(parser *p, const sym_expr **out) {
  size_t n = token_length(p), begin = p->at;
  const char *word = arena_strndup(&p->ctx->mem, p->text + p->at, n);
  p->at += n;
  skip_space(p);
  if (text_eq(word, "true") || text_eq(word, "false")) {
    *out = sym_make(&p->ctx->mem, word[0] == 't' ? SYM_TRUE : SYM_FALSE, NULL, NULL, NULL);
    return LOOM_OK;
  }
  if (!sym_is_reserved(word)) {
    if (!token_is(p, "(")) {
      *out = sym_name(&p->ctx->mem, word);
      return LOOM_OK;
    }
    diag_error(p->ctx, place(p, begin, begin + n), LOOM_EINPUT, "unknown function '%s' in the expression '%s'", word, p->text);
    diag_help(p->ctx, "the functions are min, max, if, divisible and in_range");
    return LOOM_EINPUT;
  }
  const struct { const char *word; loom_status (*parse)(parser *, const sym_expr **); } calls[] = {
    {"if", parse_if_call}, {"IF", parse_if_blocks}, {"divisible", parse_divisible}, {"in_range", parse_in_range},
  };
  bool is_extremum = text_eq(word, "min") || text_eq(word, "max");
  for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
    if (text_eq(word, calls[i].word)) {
      LOOM_TRY(expect(p, "("));
      return calls[i].parse(p, out);
    }
  if (is_extremum) {
    LOOM_TRY(expect(p, "("));
    return parse_extremum(p, word[1] == 'i' ? SYM_MIN : SYM_MAX, out);
  }
  p->at = begin;   /* an operator word where a value should be */
  return fail_expected(p, "a value");
}

static loom_status parse_minus(parser *p, const sym_expr **out);

static loom_status parse_unit_inside(parser *p, const sym_expr **out) {
  char c = p->text[p->at];
  if (accept(p, "-"))
    return parse_minus(p, out);
  if (accept(p, "!")) {
    LOOM_TRY(parse_operand(p, SYM_LEVEL_UNIT, true, out));
    return make(p, SYM_NOT, *out, NULL, NULL, out);
  }
  if (accept(p, "(")) {
    LOOM_TRY(parse_binary(p, SYM_LEVEL_OR, out));
    return expect(p, ")");
  }
  if (isdigit((unsigned char)c))
    return parse_number(p, false, out);
  if (c == '`')
    return parse_quoted_name(p, out);
  return sym_is_name_byte(c) ? parse_word(p, out) : fail_expected(p, "a value");
}

static loom_status parse_unit(parser *p, const sym_expr **out) {
  if (p->nesting == NESTING_MAX)
    LOOM_FAIL(p->ctx, place(p, p->at, p->at), LOOM_ELIMIT, "the expression is nested deeper than %d levels", NESTING_MAX);
  p->nesting++;
  LOOM_TRY(parse_unit_inside(p, out));
  p->nesting--;
  return LOOM_OK;
}

static loom_status parse_minus(parser *p, const sym_expr **out) {
  if (isdigit((unsigned char)p->text[p->at]))
    return parse_number(p, true, out);
  LOOM_TRY(parse_operand(p, SYM_LEVEL_UNIT, false, out));
  return make(p, SYM_SUB, sym_const(&p->ctx->mem, 0), *out, NULL, out);
}

/* The binary operator at the cursor; SYM_OP_COUNT: none. */
static sym_op operator_here(const parser *p) {
  for (int op = 0; op < SYM_OP_COUNT; op++)
    if (sym_op_operands((sym_op)op) == 2 && sym_op_level((sym_op)op) < SYM_LEVEL_UNIT && token_is(p, sym_op_spelling((sym_op)op)))
      return (sym_op)op;
  return token_is(p, "/") ? SYM_FLOORDIV : SYM_OP_COUNT;
}

static loom_status parse_binary(parser *p, sym_level loosest, const sym_expr **out) {
  size_t begin = p->at;
  LOOM_TRY(parse_unit(p, out));
  for (;;) {
    sym_op op = operator_here(p);
    if (op == SYM_OP_COUNT || sym_op_level(op) < loosest)
      return LOOM_OK;
    bool takes_booleans = op == SYM_AND || op == SYM_OR;
    LOOM_TRY(check_kind(p, *out, takes_booleans, begin));
    p->at += token_length(p);
    skip_space(p);
    const sym_expr *right;
    LOOM_TRY(parse_operand(p, sym_op_level(op) + 1, takes_booleans, &right));
    LOOM_TRY(make(p, op, *out, right, NULL, out));
  }
}

loom_status sym_parse(loom_ctx *ctx, loom_span span, const char *s, const sym_expr **out) {
  parser p = {.ctx = ctx, .span = span, .text = s};
  skip_space(&p);
  LOOM_TRY(parse_binary(&p, SYM_LEVEL_OR, out));
  return s[p.at] == 0 ? LOOM_OK : fail_expected(&p, "an operator or the end");
}
