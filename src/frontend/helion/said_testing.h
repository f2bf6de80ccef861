/* What every diagnostic about a kernel has to be: advice, a place, no words of the implementation; included by *_test.c only. */
#ifndef LOOM_HELION_SAID_TESTING_H
#define LOOM_HELION_SAID_TESTING_H
#include "base/testing.h"

static inline bool said_is_word_char(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; }

static inline bool said_has_word(const char *message, const char *word) {
  for (const char *at = strstr(message, word); at; at = strstr(at + 1, word))
    if ((at == message || !said_is_word_char(at[-1])) && !said_is_word_char(at[strlen(word)]))
      return true;
  return false;
}

/* Words of the implementation, classes of Python's ast among them. */
static inline const char *said_internal_word(const char *message) {
  static const char *const parts[] = {"SYN_", "HELION_", "KERNEL_", "LOOM_", "(null)", "an unknown value", "helion_", "%s", "%d"};
  static const char *const words[] = {"UNKNOWN", "Expr", "Assign", "AugAssign", "AnnAssign", "FunctionDef", "AsyncFunctionDef", "ClassDef", "Attribute", "Subscript", "Starred",
                                      "NamedExpr", "JoinedStr", "FormattedValue", "BinOp", "BoolOp", "UnaryOp", "IfExp", "Lambda", "GeneratorExp", "ListComp", "SetComp", "DictComp",
                                      "Yield", "YieldFrom", "Await", "With", "AsyncWith", "AsyncFor", "Try", "TryStar", "Match", "Global", "Nonlocal", "Constant", "node", "AST", "NULL"};
  for (size_t i = 0; i < COUNT_OF(parts); i++)
    if (strstr(message, parts[i]))
      return parts[i];
  for (size_t i = 0; i < COUNT_OF(words); i++)
    if (said_has_word(message, words[i]))
      return words[i];
  return NULL;
}

/* How many of the errors lack advice or a place, are said twice at one place, or use words of the implementation. */
static inline int said_count_bad(const char *name, const loom_ctx *ctx) {
  int bad = 0;
  for (const diag_item *d = ctx->diag.first; d; d = d->next) {
    const char *word = said_internal_word(d->text);
    word = word || !d->help ? word : said_internal_word(d->help);
    bool is_error = d->severity == DIAG_ERROR, is_alone = true;
    for (const diag_item *e = d->next; is_error && e; e = e->next)
      is_alone = is_alone && !(e->span.line == d->span.line && e->span.col == d->span.col && strcmp(e->text, d->text) == 0);
    bool in_order = !d->next || d->span.line <= d->next->span.line;
    if (word || !d->text[0] || (is_error && (!d->help || !d->help[0])) || !is_alone || !in_order) {
      print_message("%s: %d:%d \"%s\" help \"%s\"%s%s%s%s\n", name, d->span.line, d->span.col, d->text, d->help ? d->help : "none", word ? ", the word " : "", word ? word : "",
                    is_alone ? "" : ", twice", in_order ? "" : ", behind a later line");
      bad++;
    }
  }
  return bad;
}
#endif
