/* Scalar expressions, read by recursive descent and written as arith and math operations at once. */
#include "lower/torch/tl_private.h"
#include <ctype.h>
#include <stdlib.h>

typedef struct parser { tl_emit *e; const char *p; dtype t; const tl_scalar *vars; int n; loom_status status; } parser;
/* A value in the making; name NULL: a number, or an operand that is none. */
typedef struct term { const char *name; dtype type; bool is_number, is_none; double number; } term;

static term parse_sum(parser *s);

static void skip(parser *s) {
  while (*s->p == ' ')
    s->p++;
}

static bool accept(parser *s, const char *word) {
  skip(s);
  size_t n = strlen(word);
  if (strncmp(s->p, word, n) != 0)
    return false;
  s->p += n;
  return true;
}

static term number(double v) { return (term){.is_number = true, .number = v}; }

/* The value in type t. */
static const char *value(parser *s, term a, dtype t) {
  if (a.is_none && s->status == LOOM_OK)
    s->status = tl_invalid(s->e, "an operand is missing; expected a tensor or a number");
  return a.is_number ? tl_const(s->e, t, a.number) : tl_cast(s->e, a.name, a.type, t);
}

/* What two terms meet in: bool where both are, else the type of the computation. */
static dtype meet(const parser *s, term a, term b) {
  bool both = (a.is_number || a.type == DTYPE_BOOL) && (b.is_number || b.type == DTYPE_BOOL) && !(a.is_number && b.is_number);
  return both ? DTYPE_BOOL : s->t;
}

typedef struct binary { const char *word, *f, *i, *u, *b; } binary;   /* on floats, integers, unsigned ones, bool */
static const binary binaries[] = {
    {"+", "arith.addf", "arith.addi", "arith.addi", "arith.ori"},        {"-", "arith.subf", "arith.subi", "arith.subi", "arith.xori"},
    {"*", "arith.mulf", "arith.muli", "arith.muli", "arith.andi"},       {"/", "arith.divf", "arith.divsi", "arith.divui", "arith.andi"},
    {"min", "arith.minimumf", "arith.minsi", "arith.minui", "arith.andi"}, {"max", "arith.maximumf", "arith.maxsi", "arith.maxui", "arith.ori"},
    {"rem", "arith.remf", "arith.remsi", "arith.remui", NULL},           {"pow", "math.powf", "math.ipowi", "math.ipowi", NULL},
    {"atan2", "math.atan2", NULL, NULL, NULL},                           {"copysign", "math.copysign", NULL, NULL, NULL},
    {"and", NULL, "arith.andi", "arith.andi", "arith.andi"},             {"or", NULL, "arith.ori", "arith.ori", "arith.ori"},
    {"xor", NULL, "arith.xori", "arith.xori", "arith.xori"},             {"shl", NULL, "arith.shli", "arith.shli", NULL},
    {"shr", NULL, "arith.shrsi", "arith.shrui", NULL}, {"shru", NULL, "arith.shrui", "arith.shrui", NULL},                   {"floordivi", NULL, "arith.floordivsi", "arith.divui", NULL}};

static const char *spelling(const binary *b, dtype t) { return dtype_is_float(t) ? b->f : t == DTYPE_BOOL ? b->b : tl_is_unsigned(t) ? b->u : b->i; }

static term apply(parser *s, const char *word, term a, term b) {
  if ((a.is_none || b.is_none) && word[0] == 'm')   /* min and max of an operand that is not there */
    return a.is_none ? b : a;
  bool times = text_eq(word, "*");
  if ((times || text_eq(word, "/")) && b.is_number && b.number == 1)
    return a;
  if (times && a.is_number && a.number == 1)
    return b;
  if (a.is_number && b.is_number && times)
    return number(a.number * b.number);
  dtype t = meet(s, a, b);
  for (size_t i = 0; i < sizeof binaries / sizeof *binaries; i++)
    if (text_eq(binaries[i].word, word) && spelling(&binaries[i], t)) {
      const char *x = value(s, a, t), *y = value(s, b, t);
      return (term){.name = tl_line(s->e, "%s %s, %s : %s", spelling(&binaries[i], t), x, y, tl_elem(t)), .type = t};
    }
  if (s->status == LOOM_OK)
    s->status = tl_refuse(s->e, "there is no '%s' of %s", word, dtype_torch(t));
  return number(0);
}

static term compare(parser *s, const char *f, const char *i, const char *u, term a, term b) {
  dtype t = meet(s, a, b);
  const char *x = value(s, a, t), *y = value(s, b, t);
  if (dtype_is_float(t))
    return (term){.name = tl_line(s->e, "arith.cmpf %s, %s, %s : %s", f, x, y, tl_elem(t)), .type = DTYPE_BOOL};
  return (term){.name = tl_line(s->e, "arith.cmpi %s, %s, %s : %s", tl_is_unsigned(t) ? u : i, x, y, tl_elem(t)), .type = DTYPE_BOOL};
}

static term choose(parser *s, term c, term a, term b) {
  dtype t = meet(s, a, b);
  const char *x = value(s, a, t), *y = value(s, b, t), *when = value(s, c, DTYPE_BOOL);
  return (term){.name = tl_line(s->e, "arith.select %s, %s, %s : %s", when, x, y, tl_elem(t)), .type = t};
}

static const char *compare_zero(parser *s, const char *pred, const char *x) {
  const char *zero = tl_const(s->e, s->t, 0);
  return tl_line(s->e, "%s %s, %s, %s : %s", dtype_is_float(s->t) ? "arith.cmpf" : "arith.cmpi", pred, x, zero, tl_elem(s->t));
}

/* Python's modulo: the sign is that of the divisor. */
static term pymod(parser *s, term a, term b) {
  dtype t = s->t;
  term r = apply(s, "rem", a, b);
  if (s->status != LOOM_OK || tl_is_unsigned(t))
    return r;
  const char *y = value(s, b, t), *f = dtype_is_float(t) ? "olt" : "slt";
  const char *neg_r = compare_zero(s, f, r.name), *neg_y = compare_zero(s, f, y), *some = compare_zero(s, dtype_is_float(t) ? "une" : "ne", r.name);
  const char *differ = tl_line(s->e, "arith.xori %s, %s : i1", neg_r, neg_y), *fix = tl_line(s->e, "arith.andi %s, %s : i1", some, differ);
  const char *moved = tl_line(s->e, "%s %s, %s : %s", dtype_is_float(t) ? "arith.addf" : "arith.addi", r.name, y, tl_elem(t));
  return (term){.name = tl_line(s->e, "arith.select %s, %s, %s : %s", fix, moved, r.name, tl_elem(t)), .type = t};
}

/* floor(a / b) without the error of the division: c10::div_floor_floating. */
static term floordiv(parser *s, term a, term b) {
  if (!dtype_is_float(s->t))
    return apply(s, "floordivi", a, b);
  const char *T = tl_elem(s->t), *x = value(s, a, s->t), *y = value(s, b, s->t);
  tl_emit *e = s->e;
  const char *mod = tl_line(e, "arith.remf %s, %s : %s", x, y, T), *less = tl_line(e, "arith.subf %s, %s : %s", x, mod, T);
  const char *div = tl_line(e, "arith.divf %s, %s : %s", less, y, T);
  const char *differ = tl_line(e, "arith.xori %s, %s : i1", compare_zero(s, "olt", mod), compare_zero(s, "olt", y));
  const char *fix = tl_line(e, "arith.andi %s, %s : i1", compare_zero(s, "une", mod), differ), *one = tl_const(e, s->t, 1), *half = tl_const(e, s->t, 0.5);
  div = tl_line(e, "arith.select %s, %s, %s : %s", fix, tl_line(e, "arith.subf %s, %s : %s", div, one, T), div, T);
  const char *low = tl_line(e, "math.floor %s : %s", div, T), *gap = tl_line(e, "arith.subf %s, %s : %s", div, low, T);
  const char *up = tl_line(e, "arith.cmpf ogt, %s, %s : %s", gap, half, T), *next = tl_line(e, "arith.addf %s, %s : %s", low, one, T);
  low = tl_line(e, "arith.select %s, %s, %s : %s", up, next, low, T);
  const char *plain = tl_line(e, "arith.divf %s, %s : %s", x, y, T), *by_zero = compare_zero(s, "oeq", y);
  const char *signed_zero = tl_line(e, "math.copysign %s, %s : %s", tl_const(e, s->t, 0), plain, T);
  low = tl_line(e, "arith.select %s, %s, %s : %s", compare_zero(s, "oeq", div), signed_zero, low, T);
  return (term){.name = tl_line(e, "arith.select %s, %s, %s : %s", by_zero, plain, low, T), .type = s->t};
}

/* Functions of one number: of floats, and what integers have instead (NULL: nothing, "": themselves). */
static const struct { const char *word, *f, *i; } unaries[] = {
    {"exp", "math.exp", NULL}, {"exp2", "math.exp2", NULL}, {"expm1", "math.expm1", NULL}, {"log", "math.log", NULL}, {"log2", "math.log2", NULL},
    {"log10", "math.log10", NULL}, {"log1p", "math.log1p", NULL}, {"sqrt", "math.sqrt", NULL}, {"rsqrt", "math.rsqrt", NULL}, {"sin", "math.sin", NULL},
    {"cos", "math.cos", NULL}, {"tan", "math.tan", NULL}, {"asin", "math.asin", NULL}, {"acos", "math.acos", NULL}, {"atan", "math.atan", NULL},
    {"sinh", "math.sinh", NULL}, {"cosh", "math.cosh", NULL}, {"tanh", "math.tanh", NULL}, {"asinh", "math.asinh", NULL}, {"acosh", "math.acosh", NULL},
    {"atanh", "math.atanh", NULL}, {"erf", "math.erf", NULL}, {"cbrt", "math.cbrt", NULL}, {"abs", "math.absf", "math.absi"}, {"ceil", "math.ceil", ""},
    {"floor", "math.floor", ""}, {"round", "math.roundeven", ""}, {"roundaway", "math.round", ""}, {"trunc", "math.trunc", ""}};

static term call(parser *s, const char *word, size_t n, const term *arg, int n_args) {
  char name[24] = "";
  memcpy(name, word, n < sizeof name ? n : 0);
  if (text_eq(name, "where"))
    return choose(s, arg[0], arg[1], arg[2]);
  if (text_eq(name, "pymod"))
    return pymod(s, arg[0], arg[1]);
  if (text_eq(name, "floordiv"))
    return floordiv(s, arg[0], arg[1]);
  if (n_args == 2)
    return apply(s, name, arg[0], arg[1]);
  dtype t = arg[0].is_number ? s->t : arg[0].type;
  if (text_eq(name, "not") && !dtype_is_float(t)) {
    const char *x = value(s, arg[0], t);
    return (term){.name = tl_line(s->e, "arith.xori %s, %s : %s", x, tl_const_int(s->e, t, t == DTYPE_BOOL ? 1 : -1), tl_elem(t)), .type = t};
  }
  for (size_t i = 0; i < sizeof unaries / sizeof *unaries; i++)
    if (text_eq(unaries[i].word, name)) {
      const char *op = dtype_is_float(s->t) ? unaries[i].f : tl_is_unsigned(s->t) && unaries[i].i ? "" : unaries[i].i;
      const char *x = value(s, arg[0], s->t);
      if (op)
        return (term){.name = *op ? tl_line(s->e, "%s %s : %s", op, x, tl_elem(s->t)) : x, .type = s->t};
    }
  if (s->status == LOOM_OK)
    s->status = tl_refuse(s->e, "there is no '%s' of %s", name, dtype_torch(s->t));
  return number(0);
}

static term variable(parser *s, int i) {
  const tl_scalar none = {0}, *v = i < s->n ? &s->vars[i] : &none;
  bool as_bool = *s->p == '?';
  s->p += as_bool;
  if (v->is_known)
    return number(v->known);
  if (!v->name)
    return (term){.is_none = true, .is_number = true};
  dtype t = as_bool ? DTYPE_BOOL : s->t;
  return (term){.name = tl_cast(s->e, v->name, v->type, t), .type = t};
}

static term parse_primary(parser *s) {
  skip(s);
  if (accept(s, "(")) {
    term a = parse_sum(s);
    accept(s, ")");
    return a;
  }
  if (accept(s, "-")) {
    term a = parse_primary(s);
    if (a.is_number)
      return number(-a.number);
    if (dtype_is_float(a.type))
      return (term){.name = tl_line(s->e, "arith.negf %s : %s", a.name, tl_elem(a.type)), .type = a.type};
    return apply(s, "-", number(0), a);
  }
  if (isdigit((unsigned char)*s->p)) {
    char *end;
    double v = strtod(s->p, &end);
    s->p = end;
    return number(v);
  }
  const char *word = s->p;
  while (isalnum((unsigned char)*s->p))
    s->p++;
  size_t n = (size_t)(s->p - word);
  if (n == 1 && strchr("xyzw", *word))
    return variable(s, (int)(strchr("xyzw", *word) - "xyzw"));
  term arg[3] = {{0}};
  int n_args = 0;
  if (n && accept(s, "("))
    do
      arg[n_args++] = parse_sum(s);
    while (n_args < 3 && accept(s, ","));
  if (!n || !accept(s, ")")) {
    if (s->status == LOOM_OK)
      s->status = diag_error(s->e->ctx, s->e->op->span, LOOM_EBUG, "the expression of %s cannot be read at '%s'", s->e->op->name, s->p);
    s->p = "";
    return number(0);
  }
  return call(s, word, n, arg, n_args);
}

static term parse_product(parser *s) {
  term a = parse_primary(s);
  for (;;) {
    const char *op = accept(s, "*") ? "*" : accept(s, "/") ? "/" : NULL;
    if (!op)
      return a;
    a = apply(s, op, a, parse_primary(s));
  }
}

static term parse_terms(parser *s) {
  term a = parse_product(s);
  for (;;) {
    const char *op = accept(s, "+") ? "+" : accept(s, "-") ? "-" : NULL;
    if (!op)
      return a;
    a = apply(s, op, a, parse_product(s));
  }
}

static term parse_sum(parser *s) {
  static const struct { const char *word, *f, *i, *u; } signs[] = {{"==", "oeq", "eq", "eq"}, {"!=", "une", "ne", "ne"},    {"<=", "ole", "sle", "ule"},
                                                                   {">=", "oge", "sge", "uge"}, {"<", "olt", "slt", "ult"}, {">", "ogt", "sgt", "ugt"}};
  term a = parse_terms(s);
  for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
    if (accept(s, signs[i].word)) {
      term b = parse_terms(s);
      return compare(s, signs[i].f, signs[i].i, signs[i].u, a, b);
    }
  return a;
}

loom_status tl_expr(tl_emit *e, const char *expr, dtype t, const tl_scalar *vars, int n, const char **out, dtype *out_type) {
  parser s = {.e = e, .p = expr, .t = t, .vars = vars, .n = n};
  term r = parse_sum(&s);
  *out_type = r.is_number ? t : r.type;
  *out = value(&s, r, *out_type);
  return s.status;
}
