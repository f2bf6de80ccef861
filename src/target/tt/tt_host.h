/* The host program of a tt_program: texts with @NAME@ where something of the program belongs. */
#ifndef LOOM_TT_HOST_H
#define LOOM_TT_HOST_H
#include "target/tt/tt.h"

typedef struct tt_blank { const char *name, *value; } tt_blank;
/* `form` with each @NAME@ replaced; a line of nothing but a blank with an empty value is left out. */
const char *tt_fill(arena *mem, const char *form, const tt_blank *blanks, size_t n);
/* `e` as C++ over int64_t variables named as its symbols; functions floor_div, ceil_div and floor_mod are used, each noted in *uses. */
enum { TT_HOST_FLOOR_DIV = 1, TT_HOST_CEIL_DIV = 2, TT_HOST_MOD = 4 };
const char *tt_host_expr(arena *mem, const sym_expr *e, unsigned *uses);
/* Text for a C++ string literal or a comment: printable ASCII, nothing that ends either. */
const char *tt_host_plain(arena *mem, const char *s);
const char *tt_type_name(dtype t);                      /* "bfloat16" */
#endif
