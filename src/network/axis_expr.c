#include "network/axis_expr.h"
#include "base/text.h"
#include <inttypes.h>

axis_expr axis_const(int64_t v) { return (axis_expr){.constant = v}; }

static axis_expr of_atom(arena *m, const axis_atom *a) {
  axis_term *t = ARENA_NEW(m, axis_term);
  *t = (axis_term){1, a};
  return (axis_expr){0, 1, t};
}

axis_expr axis_var(arena *m, int v) {
  axis_atom *a = ARENA_NEW(m, axis_atom);
  *a = (axis_atom){.var = v, .div = 1};
  return of_atom(m, a);
}

/* ---- comparing ---- */

static bool same_atom(const axis_atom *a, const axis_atom *b) {
  if (a == b)
    return true;
  return a->var == b->var && (a->var >= 0 || (a->div == b->div && a->mod == b->mod && axis_equal(a->of, b->of)));
}

bool axis_equal(axis_expr a, axis_expr b) {
  bool same = a.constant == b.constant && a.n == b.n;
  for (int i = 0; same && i < a.n; i++) {
    bool found = false;
    for (int j = 0; j < b.n && !found; j++)
      found = a.term[i].coef == b.term[j].coef && same_atom(a.term[i].atom, b.term[j].atom);
    same = found;
  }
  return same;
}

bool axis_is_linear(axis_expr e) {
  for (int i = 0; i < e.n; i++)
    if (e.term[i].atom->var < 0)
      return false;
  return true;
}

int64_t axis_coef(axis_expr e, int v) {
  for (int i = 0; i < e.n; i++)
    if (e.term[i].atom->var == v)
      return e.term[i].coef;
  return 0;
}

bool axis_depends(axis_expr e, int v) {
  for (int i = 0; i < e.n; i++) {
    const axis_atom *a = e.term[i].atom;
    if (a->var == v || (a->var < 0 && axis_depends(a->of, v)))
      return true;
  }
  return false;
}

/* ---- values ---- */

static int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b < 0); }

int64_t axis_eval(axis_expr e, const int64_t *values) {
  int64_t sum = e.constant;
  for (int i = 0; i < e.n; i++) {
    const axis_atom *a = e.term[i].atom;
    int64_t v = a->var >= 0 ? values[a->var] : floor_div(axis_eval(a->of, values), a->div);
    if (a->var < 0 && a->mod)
      v -= floor_div(v, a->mod) * a->mod;
    sum += e.term[i].coef * v;
  }
  return sum;
}

static void atom_range(const axis_space *s, const axis_atom *a, int64_t *lo, int64_t *hi) {
  if (a->var >= 0) {
    *lo = 0;
    *hi = s->extent[a->var] - 1;
    return;
  }
  axis_range(s, a->of, lo, hi);
  *lo = floor_div(*lo, a->div);
  *hi = floor_div(*hi, a->div);
  if (a->mod && (*lo < 0 || *hi >= a->mod)) {
    *lo = 0;
    *hi = a->mod - 1;
  }
}

void axis_range(const axis_space *s, axis_expr e, int64_t *lo, int64_t *hi) {
  *lo = *hi = e.constant;
  for (int i = 0; i < e.n; i++) {
    int64_t a, b, c = e.term[i].coef;
    atom_range(s, e.term[i].atom, &a, &b);
    *lo += c * (c < 0 ? b : a);
    *hi += c * (c < 0 ? a : b);
  }
}

/* ---- building ---- */

axis_expr axis_scale(arena *m, axis_expr a, int64_t by) {
  axis_term *t = ARENA_NEW_N(m, axis_term, a.n + 1);
  for (int i = 0; i < a.n; i++)
    t[i] = (axis_term){a.term[i].coef * by, a.term[i].atom};
  return by ? (axis_expr){a.constant * by, a.n, t} : axis_const(0);
}

/* Quotient and remainder of one number give it back: with q = x floordiv (div * mod), r = (x floordiv div) mod `mod`, q = .. mod k or not,
 *   c * r + c * mod * q = c * ((x floordiv div) mod (mod * k)).  *out: what stands for both, without the factor c. */
static bool joins(arena *m, const axis_space *s, const axis_term *r, const axis_term *q, axis_expr *out) {
  const axis_atom *a = r->atom, *b = q->atom;
  if (a->var >= 0 || !a->mod || q->coef != r->coef * a->mod)
    return false;
  bool is_var = b->var >= 0;        /* x floordiv (div * mod) where x is so large that nothing is left of the division is not a variable; x itself may be */
  if (is_var || b->div != a->div * a->mod || !axis_equal(a->of, b->of))
    return false;
  *out = axis_floordiv(m, s, a->of, a->div);
  if (b->mod)
    *out = axis_mod(m, s, *out, a->mod * b->mod);
  return true;
}

static axis_expr without(arena *m, axis_expr e, int i, int j) {
  axis_term *t = ARENA_NEW_N(m, axis_term, e.n + 1);
  int n = 0;
  for (int k = 0; k < e.n; k++)
    if (k != i && k != j)
      t[n++] = e.term[k];
  return (axis_expr){e.constant, n, t};
}

static axis_expr join_all(arena *m, const axis_space *s, axis_expr e) {
  axis_expr both;
  for (int i = 0; i < e.n; i++)
    for (int j = 0; j < e.n; j++)
      if (i != j && joins(m, s, &e.term[i], &e.term[j], &both))
        return axis_add(m, s, without(m, e, i, j), axis_scale(m, both, e.term[i].coef));
  return e;
}

axis_expr axis_add(arena *m, const axis_space *s, axis_expr a, axis_expr b) {
  axis_term *t = ARENA_NEW_N(m, axis_term, a.n + b.n + 1);
  int n = 0;
  for (int i = 0; i < a.n; i++)
    t[n++] = a.term[i];
  for (int j = 0; j < b.n; j++) {
    int at = 0;
    while (at < a.n && !same_atom(t[at].atom, b.term[j].atom))
      at++;
    if (at < a.n)
      t[at].coef += b.term[j].coef;
    else
      t[n++] = b.term[j];
  }
  int kept = 0;
  for (int i = 0; i < n; i++)
    if (t[i].coef)
      t[kept++] = t[i];
  return join_all(m, s, (axis_expr){a.constant + b.constant, kept, t});
}

static int64_t gcd(int64_t a, int64_t b) {
  a = a < 0 ? -a : a;
  b = b < 0 ? -b : b;
  while (b) {
    int64_t r = a % b;
    a = b;
    b = r;
  }
  return a;
}

/* e = k * *whole + *rest, the rest's coefficients and constant in 0..k-1. */
static void part_by(arena *m, axis_expr e, int64_t k, axis_expr *whole, axis_expr *rest) {
  axis_term *w = ARENA_NEW_N(m, axis_term, e.n + 1), *r = ARENA_NEW_N(m, axis_term, e.n + 1);
  *whole = (axis_expr){floor_div(e.constant, k), 0, w};
  *rest = (axis_expr){e.constant - floor_div(e.constant, k) * k, 0, r};
  for (int i = 0; i < e.n; i++) {
    int64_t q = floor_div(e.term[i].coef, k), left = e.term[i].coef - q * k;
    if (q)
      w[whole->n++] = (axis_term){q, e.term[i].atom};
    if (left)
      r[rest->n++] = (axis_term){left, e.term[i].atom};
  }
}

static axis_expr new_atom(arena *m, const axis_space *s, axis_expr of, int64_t div, int64_t mod) {
  axis_atom a = {.var = -1, .of = of, .div = div, .mod = mod};
  int64_t lo, hi;
  a.mod = 0;
  atom_range(s, &a, &lo, &hi);
  a.mod = mod && lo >= 0 && hi < mod ? 0 : mod;
  if (lo == hi)
    return axis_const(mod ? lo - floor_div(lo, mod) * mod : lo);
  if (a.div == 1 && !a.mod)
    return of;
  axis_atom *kept = ARENA_NEW(m, axis_atom);
  *kept = a;
  return of_atom(m, kept);
}

/* The one atom of a sum that is nothing else; NULL: it is more. */
static const axis_atom *only_atom(axis_expr e) { return e.n == 1 && e.constant == 0 && e.term[0].coef == 1 ? e.term[0].atom : NULL; }

/* A common factor of all terms goes; what the constant has beyond it does not matter to a rounded division by a multiple of it. */
static axis_expr by_factor(arena *m, axis_expr e, int64_t k, int64_t *factor) {
  *factor = k;
  for (int i = 0; i < e.n; i++)
    *factor = gcd(*factor, e.term[i].coef);
  axis_term *t = ARENA_NEW_N(m, axis_term, e.n + 1);
  for (int i = 0; i < e.n; i++)
    t[i] = (axis_term){e.term[i].coef / *factor, e.term[i].atom};
  return (axis_expr){floor_div(e.constant, *factor), e.n, t};
}

/* e = g * y + small with 0 <= small < g, g > 1 a divisor of k: then e floordiv k is y floordiv (k / g), and e mod k is g * (y mod (k / g)) + small.
 * False: there is no such g, or nothing small. */
static bool has_small_part(arena *m, const axis_space *s, axis_expr e, int64_t k, int64_t *g, axis_expr *y, axis_expr *small) {
  for (int i = 0; i < e.n; i++) {
    int64_t lo, hi;
    axis_expr rest;
    *g = gcd(e.term[i].coef, k);
    if (*g == 1 || *g == k)
      continue;
    part_by(m, e, *g, y, &rest);
    axis_range(s, rest, &lo, &hi);
    if (rest.n && lo >= 0 && hi < *g) {
      *small = rest;
      return true;
    }
  }
  return false;
}

axis_expr axis_floordiv(arena *m, const axis_space *s, axis_expr a, int64_t by) {
  axis_expr whole, rest, q, small;
  int64_t factor, lo, hi, g;
  if (by == 1)
    return a;
  part_by(m, a, by, &whole, &rest);
  axis_range(s, rest, &lo, &hi);
  if (floor_div(lo, by) == floor_div(hi, by))
    return axis_add(m, s, whole, axis_const(floor_div(lo, by)));
  if (has_small_part(m, s, rest, by, &g, &q, &small))
    return axis_add(m, s, whole, axis_floordiv(m, s, q, by / g));
  rest = by_factor(m, rest, by, &factor);
  const axis_atom *x = only_atom(rest);
  by /= factor;
  if (x && x->var < 0 && !x->mod)
    q = new_atom(m, s, x->of, x->div * by, 0);
  else if (x && x->var < 0 && x->mod % by == 0)
    q = new_atom(m, s, x->of, x->div * by, x->mod / by);
  else
    q = new_atom(m, s, rest, by, 0);
  return axis_add(m, s, whole, q);
}

axis_expr axis_mod(arena *m, const axis_space *s, axis_expr a, int64_t by) {
  axis_expr whole, rest, r, y, few;
  int64_t factor, lo, hi, g;
  if (by == 1)
    return axis_const(0);
  part_by(m, a, by, &whole, &rest);
  axis_range(s, rest, &lo, &hi);
  if (lo >= 0 && hi < by)
    return rest;
  if (has_small_part(m, s, rest, by, &g, &y, &few))
    return axis_add(m, s, axis_scale(m, axis_mod(m, s, y, by / g), g), few);
  axis_expr small = by_factor(m, rest, by, &factor);
  int64_t beyond = rest.constant - small.constant * factor;      /* 0..factor-1: (factor*y + beyond) mod (factor*k) = factor*(y mod k) + beyond */
  const axis_atom *x = only_atom(small);
  by /= factor;
  if (by == 1)
    return axis_const(beyond);
  if (x && x->var < 0 && (!x->mod || x->mod % by == 0))
    r = new_atom(m, s, x->of, x->div, by);
  else
    r = new_atom(m, s, small, 1, by);
  return axis_add(m, s, axis_scale(m, r, factor), axis_const(beyond));
}

axis_expr axis_subst(arena *m, const axis_space *to, axis_expr e, const axis_expr *by) {
  axis_expr sum = axis_const(e.constant);
  for (int i = 0; i < e.n; i++) {
    const axis_atom *a = e.term[i].atom;
    axis_expr x;
    if (a->var >= 0) {
      x = by[a->var];
    } else {
      x = axis_floordiv(m, to, axis_subst(m, to, a->of, by), a->div);
      x = a->mod ? axis_mod(m, to, x, a->mod) : x;
    }
    sum = axis_add(m, to, sum, axis_scale(m, x, e.term[i].coef));
  }
  return sum;
}

/* ---- text ---- */

static void add_text(arena *m, text *t, axis_expr e) {
  for (int i = 0; i < e.n; i++) {
    const axis_atom *a = e.term[i].atom;
    text_add(t, i ? " + " : "");
    if (e.term[i].coef != 1)
      text_addf(t, "%" PRId64 "*", e.term[i].coef);
    if (a->var >= 0) {
      text_addf(t, "d%d", a->var);
      continue;
    }
    text_add(t, "((");
    add_text(m, t, a->of);
    text_add(t, ")");
    if (a->div > 1)
      text_addf(t, " floordiv %" PRId64, a->div);
    if (a->mod)
      text_addf(t, " mod %" PRId64, a->mod);
    text_add(t, ")");
  }
  if (e.constant || !e.n)
    text_addf(t, e.n ? " + %" PRId64 : "%" PRId64, e.constant);
}

const char *axis_text(arena *m, axis_expr e) {
  text t = text_new(m);
  add_text(m, &t, e);
  return text_str(&t);
}
