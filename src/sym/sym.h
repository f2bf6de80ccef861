/* sym: integer and boolean expressions over named symbols, with ceildiv, floordiv and mod kept apart.
 * Takes: an arena.  Leaves: immutable trees that simplify, print, parse (ETG encoding), evaluate and compile. */
#ifndef LOOM_SYM_SYM_H
#define LOOM_SYM_SYM_H
#include "base/data.h"

/* X(name, operands, is_boolean, spelling) */
#define SYM_OP_LIST(X)                                                            \
  X(CONST, 0, 0, "const") X(SYM, 0, 0, "sym")                                     \
  X(ADD, 2, 0, "+") X(SUB, 2, 0, "-") X(MUL, 2, 0, "*")                           \
  X(CEILDIV, 2, 0, "ceildiv") X(FLOORDIV, 2, 0, "floordiv") X(MOD, 2, 0, "mod")   \
  X(MIN, 2, 0, "min") X(MAX, 2, 0, "max")                                         \
  X(IF, 3, 0, "if") /* cond, then, else */                                        \
  X(TRUE, 0, 1, "true") X(FALSE, 0, 1, "false")                                   \
  X(AND, 2, 1, "&&") X(OR, 2, 1, "||") X(NOT, 1, 1, "!")                          \
  X(EQ, 2, 1, "==") X(NE, 2, 1, "!=") X(LE, 2, 1, "<=") X(LT, 2, 1, "<")          \
  X(GE, 2, 1, ">=") X(GT, 2, 1, ">")                                              \
  X(DIVISIBLE, 2, 1, "divisible") /* x, by */

typedef enum sym_op {
#define X(n, ...) SYM_##n,
  SYM_OP_LIST(X)
#undef X
  SYM_OP_COUNT
} sym_op;

typedef struct sym_expr sym_expr;
struct sym_expr {
  sym_op op;
  int64_t value;            /* CONST */
  const char *name;         /* SYM */
  const sym_expr *arg[3];
  int depth;                /* levels of the tree; a leaf has 1 */
};
enum { SYM_DEPTH_MAX = 1000 };   /* of expressions read from outside: sym_parse and sym_from_etg */

/* ---- build: folds constants and the identities x+0, x*1, x*0, x ceildiv 1, min/max of equals and their boolean kin; never changes
 * a value (x*0 is 0 even where x has none).  A fold that would overflow int64 is not done.  Division is defined for positive divisors:
 * ceildiv rounds up, floordiv down, mod is in 0..divisor-1.  A number counts as true when it is not 0. ---- */
const sym_expr *sym_const(arena *m, int64_t v);
const sym_expr *sym_name(arena *m, const char *name);
const sym_expr *sym_make(arena *m, sym_op op, const sym_expr *a, const sym_expr *b, const sym_expr *c);
static inline const sym_expr *sym_add(arena *m, const sym_expr *a, const sym_expr *b) { return sym_make(m, SYM_ADD, a, b, 0); }
static inline const sym_expr *sym_sub(arena *m, const sym_expr *a, const sym_expr *b) { return sym_make(m, SYM_SUB, a, b, 0); }
static inline const sym_expr *sym_mul(arena *m, const sym_expr *a, const sym_expr *b) { return sym_make(m, SYM_MUL, a, b, 0); }
static inline const sym_expr *sym_ceildiv(arena *m, const sym_expr *a, const sym_expr *b) { return sym_make(m, SYM_CEILDIV, a, b, 0); }
static inline const sym_expr *sym_floordiv(arena *m, const sym_expr *a, const sym_expr *b) { return sym_make(m, SYM_FLOORDIV, a, b, 0); }
static inline const sym_expr *sym_mod(arena *m, const sym_expr *a, const sym_expr *b) { return sym_make(m, SYM_MOD, a, b, 0); }
static inline const sym_expr *sym_min(arena *m, const sym_expr *a, const sym_expr *b) { return sym_make(m, SYM_MIN, a, b, 0); }
static inline const sym_expr *sym_max(arena *m, const sym_expr *a, const sym_expr *b) { return sym_make(m, SYM_MAX, a, b, 0); }
bool sym_equal(const sym_expr *a, const sym_expr *b);               /* structural */
bool sym_is_const(const sym_expr *e, int64_t *out);
bool sym_depends(const sym_expr *e, const char *name);
bool sym_op_is_boolean(sym_op op);
int sym_op_operands(sym_op op);
const char *sym_op_spelling(sym_op op);
/* Replaces symbols: fn returns the new expression for a name, or NULL to keep it. */
const sym_expr *sym_subst(arena *m, const sym_expr *e, const sym_expr *(*fn)(void *, const char *name), void *data);

/* ---- values ---- */
typedef struct sym_binding { const char *name; int64_t value; } sym_binding;
/* LOOM_EBUG-free: LOOM_EINPUT when a symbol is unbound or a divisor is not positive (diagnosed), LOOM_ELIMIT on int64 overflow.
 * Booleans give 0 or 1.  IF evaluates the chosen branch only; && and || stop at the operand that decides. */
LOOM_MUST_USE loom_status sym_eval(loom_ctx *ctx, const sym_expr *e, const sym_binding *b, size_t n, int64_t *out);

/* ---- compiled form: symbols become slots of an int64 array; no allocation, no diagnostics while running ---- */
typedef struct sym_code sym_code;
/* `slots[i]` names slot i.  A symbol that has no slot: LOOM_EINPUT; more than a few thousand distinct subexpressions: LOOM_ELIMIT. */
LOOM_MUST_USE loom_status sym_compile(loom_ctx *ctx, const sym_expr *e, const char *const *slots, size_t n, sym_code **out);
/* The value sym_eval gives; false: overflow or a divisor <= 0.  Threads may share `c`. */
bool sym_run(const sym_code *c, const int64_t *slot_values, int64_t *out);

/* The values of sym_run at `n` <= 64 points that differ in slot `slot` alone: out[i] with values[i] in it.  Bit i of the result: it has a value
 * (out[i] is 0 where it has none).  slots[slot] itself is not read. */
uint64_t sym_run_many(const sym_code *c, const int64_t *slots, size_t slot, const int64_t *values, size_t n, int64_t *out);

/* ---- bounds over boxes ---- */
typedef struct sym_domain { const int64_t *at; int32_t n; } sym_domain;                  /* n >= 1 values, ascending */
typedef struct sym_bounds sym_bounds;
/* `slots[i]` names slot i, whose values are d[i]; these stay the caller's and are kept.  A symbol that has no slot: LOOM_EINPUT; more than 64
 * slots: LOOM_ELIMIT. */
LOOM_MUST_USE loom_status sym_bounds_make(loom_ctx *ctx, const sym_expr *e, const char *const *slots, const sym_domain *d, size_t n, sym_bounds **out);
/* *out_lo <= value <= *out_hi at every point of the box of domain indices [from, to] that has a value; lo > hi: none has one.  INT64_MIN as lo
 * and INT64_MAX as hi bound nothing.  Integers only.  Threads may share `b`. */
void sym_bounds_at(const sym_bounds *b, const int32_t *from, const int32_t *to, int64_t *out_lo, int64_t *out_hi);

/* ---- text ---- */
/* Infix with the words of SYM_OP_LIST, minimal parentheses: "(M ceildiv tile_m) * 8 + 1", "min(a, b)", "if(c, a, b)".
 * A name that is no identifier (letters, digits, '_', '.', '$', '@') stands between back quotes. */
const char *sym_str(arena *m, const sym_expr *e);
/* Reads what sym_str prints, plus `a / b` as floor division, unary minus, min and max of several, in_range(x, lo, hi) (both ends
 * inside) and `IF (c) {a} ELSE {b}`.  Numbers and truth values do not mix.  Place of errors: `span` (column advanced by the offset). */
LOOM_MUST_USE loom_status sym_parse(loom_ctx *ctx, loom_span span, const char *s, const sym_expr **out);

/* ETG encoding (upstream's externally tagged JSON: {"Const":1}, {"Sym":"x"}, {"Add":[a,b]}, {"Div":[a,b]}, {"IfElse":{…}}, "True", {"Divisible":{"x","by"}} …).
 * Writing: CEILDIV becomes "Div" unless `exact` (then "CeilDiv", "FloorDiv", "Mod"); FLOORDIV and MOD are always spelled out.
 * Chains of && and || are written n-ary, chains of + only when `exact` (upstream's Rust reader takes pairs).
 * Reading: n-ary forms, bare integers, {"Concrete":e}, {"Expression":e}, {"InRange":{"x","lo","hi"}}; "Div" is CEILDIV. */
data_value *sym_to_etg(arena *m, const sym_expr *e, bool exact);
LOOM_MUST_USE loom_status sym_from_etg(loom_ctx *ctx, const data_value *v, const sym_expr **out);
#endif
