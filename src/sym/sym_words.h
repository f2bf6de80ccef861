/* The words and levels of the text form, shared by its printer and its parser. */
#ifndef LOOM_SYM_WORDS_H
#define LOOM_SYM_WORDS_H
#include "sym/sym.h"

/* Binding strength, loosest first. */
typedef enum sym_level {
  SYM_LEVEL_OR = 1, SYM_LEVEL_AND, SYM_LEVEL_COMPARE, SYM_LEVEL_SUM, SYM_LEVEL_PRODUCT, SYM_LEVEL_UNIT
} sym_level;

sym_level sym_op_level(sym_op op);
bool sym_is_name_byte(char c);
bool sym_is_reserved(const char *word);
#endif
