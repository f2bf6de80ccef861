/* What a YAML plain scalar means: the core schema of YAML 1.2 (chapter 10.3). */
#include "base/data_scalar.h"
#include "base/text.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool is_one_of(const char *s, const char *a, const char *b, const char *c) { return text_eq(s, a) || text_eq(s, b) || text_eq(s, c); }

static size_t digits(const char *s) { return strspn(s, "0123456789"); }

static bool is_integer(const char *s, int *base) {
  *base = 10;
  if (text_starts(s, "0x") || text_starts(s, "0o")) {
    const char *allowed = s[1] == 'x' ? "0123456789abcdefABCDEF" : "01234567";
    *base = s[1] == 'x' ? 16 : 8;
    return s[2] && s[2 + strspn(s + 2, allowed)] == 0;
  }
  s += *s == '-' || *s == '+';
  return *s && s[digits(s)] == 0;
}

/* [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )? */
static bool is_real(const char *s) {
  s += *s == '-' || *s == '+';
  size_t whole = digits(s), fraction = 0;
  s += whole;
  if (*s == '.') {
    fraction = digits(++s);
    s += fraction;
  }
  if (whole + fraction == 0)
    return false;
  if (*s == 'e' || *s == 'E') {
    s++;
    s += *s == '-' || *s == '+';
    if (digits(s) == 0)
      return false;
    s += digits(s);
  }
  return *s == 0;
}

bool data_resolve_scalar(const char *s, data_value *v) {
  const char *unsigned_part = s + (*s == '-' || *s == '+');
  int base;
  if (*s == 0 || text_eq(s, "~") || is_one_of(s, "null", "Null", "NULL")) {
    v->kind = DATA_NULL;
  } else if (is_one_of(s, "true", "True", "TRUE") || is_one_of(s, "false", "False", "FALSE")) {
    v->kind = DATA_BOOL;
    v->boolean = *s == 't' || *s == 'T';
  } else if (is_integer(s, &base)) {
    v->kind = DATA_INT;
    errno = 0;
    v->integer = strtoll(base == 10 ? s : s + 2, NULL, base);
    v->real = (double)v->integer;
    return errno == 0;
  } else if (is_real(s)) {
    v->kind = DATA_REAL;
    v->real = strtod(s, NULL);
    return isfinite(v->real);
  } else if (is_one_of(unsigned_part, ".inf", ".Inf", ".INF")) {
    v->kind = DATA_REAL;
    v->real = *s == '-' ? -INFINITY : INFINITY;
  } else if (is_one_of(s, ".nan", ".NaN", ".NAN")) {
    v->kind = DATA_REAL;
    v->real = NAN;
  } else {
    v->kind = DATA_STRING;
    v->string = s;
  }
  return true;
}
