#include "base/text.h"
#include "sym/sym.h"
#include "sym/sym_words.h"
#include <ctype.h>
#include <string.h>

bool sym_is_name_byte(char c) { return isalnum((unsigned char)c) || c == '_' || c == '.' || c == '$' || c == '@'; }

bool sym_is_reserved(const char *word) {
  static const char *const words[] = {"ceildiv", "floordiv", "mod", "min", "max", "if", "IF", "ELSE", "true", "false", "divisible", "in_range"};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (text_eq(word, words[i]))
      return true;
  return false;
}

sym_level sym_op_level(sym_op op) {
  switch (op) {
  case SYM_OR: return SYM_LEVEL_OR;
  case SYM_AND: return SYM_LEVEL_AND;
  case SYM_EQ: case SYM_NE: case SYM_LE: case SYM_LT: case SYM_GE: case SYM_GT: return SYM_LEVEL_COMPARE;
  case SYM_ADD: case SYM_SUB: return SYM_LEVEL_SUM;
  case SYM_MUL: case SYM_CEILDIV: case SYM_FLOORDIV: case SYM_MOD: return SYM_LEVEL_PRODUCT;
  default: return SYM_LEVEL_UNIT;
  }
}

static void print_name(text *t, const char *name) {
  bool plain = *name && !isdigit((unsigned char)*name) && !sym_is_reserved(name);
  for (const char *p = name; *p && plain; p++)
    plain = sym_is_name_byte(*p);
  if (plain) {
    text_add(t, name);
    return;
  }
  text_add(t, "`");
  for (; *name; name++)
    text_addf(t, *name == '`' ? "``" : "%c", *name);
  text_add(t, "`");
}

/* Operators of one level group to the left, so a left operand of the same level needs no parentheses; except that products and
 * divisions are never mixed without: 8 * (a ceildiv b), (a ceildiv b) * 8. */
static bool needs_parentheses(const sym_expr *e, int i) {
  const sym_expr *arg = e->arg[i];
  sym_level inner = sym_op_level(arg->op), outer = sym_op_level(e->op);
  if (inner != outer || inner == SYM_LEVEL_UNIT)
    return inner < outer;
  return i > 0 || inner == SYM_LEVEL_COMPARE || (inner == SYM_LEVEL_PRODUCT && (e->op != SYM_MUL || arg->op != SYM_MUL));
}

static void print(text *t, const sym_expr *e);

static void print_operand(text *t, const sym_expr *e, int i) {
  bool parentheses = needs_parentheses(e, i);
  if (parentheses)
    text_add(t, "(");
  print(t, e->arg[i]);
  if (parentheses)
    text_add(t, ")");
}

static void print_call(text *t, const sym_expr *e) {
  for (int i = 0; i < sym_op_operands(e->op); i++) {
    text_add(t, i ? ", " : "(");
    print(t, e->arg[i]);
  }
  text_add(t, ")");
}

static void print(text *t, const sym_expr *e) {
  const char *spelling = sym_op_spelling(e->op);
  switch (e->op) {
  case SYM_CONST:
    text_addf(t, "%" PRId64, e->value);
    break;
  case SYM_SYM:
    print_name(t, e->name);
    break;
  case SYM_NOT:
    text_add(t, spelling);
    print_operand(t, e, 0);
    break;
  case SYM_TRUE: case SYM_FALSE:
    text_add(t, spelling);
    break;
  case SYM_MIN: case SYM_MAX: case SYM_IF: case SYM_DIVISIBLE:
    text_add(t, spelling);
    print_call(t, e);
    break;
  default:
    print_operand(t, e, 0);
    text_addf(t, " %s ", spelling);
    print_operand(t, e, 1);
    break;
  }
}

const char *sym_str(arena *m, const sym_expr *e) {
  text t = text_new(m);
  print(&t, e);
  return text_str(&t);
}
