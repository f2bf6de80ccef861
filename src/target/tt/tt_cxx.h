/* The C++ printer of device kernels, over a module in dialect ttkernel.  One walk of a function prints it: a pure op that is used once becomes part of the
 * expression that uses it, every other result a variable.  tt_cxx.c files and functions, tt_cxx_block.c statements, tt_cxx_value.c expressions of arith,
 * tt_cxx_call.c ttkernel ops, tt_cxx_name.c identifiers and comments. */
#ifndef LOOM_TT_CXX_H
#define LOOM_TT_CXX_H
#include "dialect/ttkernel.h"
#include "target/tt/tt.h"

/* How tightly the outermost operator of an expression binds. */
enum { CXX_TERNARY = 3, CXX_OR, CXX_AND, CXX_BIT_OR, CXX_BIT_XOR, CXX_BIT_AND, CXX_EQUAL, CXX_RELATION, CXX_SHIFT, CXX_SUM, CXX_PRODUCT, CXX_UNARY, CXX_PRIMARY };
typedef struct cxx_expr { const char *text; int binding; bool is_object; /* a CircularBuffer */ } cxx_expr;

/* Functions of our own that a kernel needs, and <algorithm>, <limits>. */
enum { CXX_FLOOR_DIV = 1, CXX_CEIL_DIV = 2, CXX_FLOAT_BITS = 4, CXX_MIN_MAX = 8, CXX_LIMITS = 16, CXX_WAIT_REMOTE = 32 };

typedef struct cxx_slot { const void *key; cxx_expr expr; } cxx_slot;
typedef struct cxx_function { const char *symbol, *name; MlirOperation op; } cxx_function;
typedef struct cxx {
  ir_ctx *ir;
  loom_ctx *ctx;
  arena *mem;
  MlirModule module;
  tt_role role;
  bool object_api;
  text out;
  int indent;
  VEC_OF(const char *) names;                          /* in scope, innermost last */
  struct { cxx_slot *at; size_t n, room; } values;     /* by hash of the value */
  VEC_OF(cxx_function) functions;                      /* what the kernel calls, callees first */
  unsigned helpers;
} cxx;

/* ---- names ---- */
/* An identifier made of `hint` (any text): no keyword, no macro or function of tt-metal, no name in scope; it is in scope from now on. */
const char *cxx_declare(cxx *c, const char *hint);
/* Lines "// .." of `comment`, which may hold any bytes. */
void cxx_comment(cxx *c, const char *comment);
/* A line at the current indent. */
void cxx_line(cxx *c, const char *fmt, ...) LOOM_PRINTF(2, 3);

/* ---- values ---- */
void cxx_bind(cxx *c, MlirValue v, cxx_expr e);
cxx_expr cxx_value(cxx *c, MlirValue v);
/* The expression of `v` where `binding` is needed: in parentheses if it binds less. */
const char *cxx_operand(cxx *c, MlirValue v, int binding);
const char *cxx_wrap(cxx *c, cxx_expr e, int binding);
/* The expression of an arith op; LOOM_EUNSUP for one that has none. */
LOOM_MUST_USE loom_status cxx_arith(cxx *c, MlirOperation op, cxx_expr *out);
const char *cxx_type(cxx *c, MlirValue v);              /* "int32_t" */
/* The texts of the functions in c->helpers. */
void cxx_print_helpers(cxx *c);

/* ---- ttkernel ops ---- */
cxx_expr cxx_call(cxx *c, MlirOperation op, const ttkernel_op *row);

/* ---- statements ---- */
/* Declares and prints everything in `block` but its terminator. */
LOOM_MUST_USE loom_status cxx_block(cxx *c, MlirBlock block);
#endif
