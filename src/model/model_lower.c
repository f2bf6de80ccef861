/* A cost expression from below by a sum of monomials of the block symbols.
 *
 * The walk keeps what the conditions around a place have shown ("M*N <= 8191"), so that a throughput which grows with the tile is bounded by the
 * end of its scenario.  Where nothing better is known the bound is 0, never wrong.  Every block is at least 1. */
#include "base/text.h"
#include "model/model_program.h"
#include <math.h>

enum { TERMS_MAX = 24, FACTS_MAX = 16, DEPTH_MAX = 200 };

typedef struct fact { const sym_expr *e; double most; } fact;
typedef struct lower { arena *mem; const char *const *blocks; int n_blocks; fact facts[FACTS_MAX]; int n_facts; } lower;
typedef struct terms { int n; program_monomial at[TERMS_MAX]; } terms;
typedef struct range { double lo, hi; } range;

/* ---- ranges ---- */

static double times(double a, double b) { return a == 0 || b == 0 ? 0 : a * b; }

static range range_of(const lower *l, const sym_expr *e, int depth);

static range product_range(range a, range b) {
  if (a.lo < 0 || b.lo < 0)
    return (range){-INFINITY, INFINITY};
  return (range){times(a.lo, b.lo), times(a.hi, b.hi)};
}

static range quotient_range(range a, range b, bool up) {
  if (a.lo < 0 || b.lo <= 0)
    return (range){-INFINITY, INFINITY};
  double lo = isinf(b.hi) ? 0 : a.lo / b.hi, hi = a.hi / b.lo;
  return up ? (range){ceil(lo * (1 - 1e-12)), isinf(hi) ? hi : hi + 1} : (range){floor(lo * (1 - 1e-12)), hi};
}

static range range_of_op(const lower *l, const sym_expr *e, int depth) {
  range a = e->arg[0] ? range_of(l, e->arg[0], depth + 1) : (range){0, 0}, b = e->arg[1] ? range_of(l, e->arg[1], depth + 1) : (range){0, 0};
  switch (e->op) {
  case SYM_CONST: return (range){(double)e->value, (double)e->value};
  case SYM_SYM: return text_starts(e->name, "it_") ? (range){0, INFINITY} : (range){1, INFINITY};
  case SYM_ADD: return (range){a.lo + b.lo, a.hi + b.hi};
  case SYM_SUB: return (range){a.lo - b.hi, a.hi - b.lo};
  case SYM_MUL: return product_range(a, b);
  case SYM_CEILDIV: return quotient_range(a, b, true);
  case SYM_FLOORDIV: return quotient_range(a, b, false);
  case SYM_MIN: return (range){fmin(a.lo, b.lo), fmin(a.hi, b.hi)};
  case SYM_MAX: return (range){fmax(a.lo, b.lo), fmax(a.hi, b.hi)};
  case SYM_MOD: return (range){0, b.hi};
  case SYM_IF: {
    range c = range_of(l, e->arg[2], depth + 1);
    return (range){fmin(b.lo, c.lo), fmax(b.hi, c.hi)};
  }
  default: return sym_op_is_boolean(e->op) ? (range){0, 1} : (range){-INFINITY, INFINITY};
  }
}

static range range_of(const lower *l, const sym_expr *e, int depth) {
  if (depth > DEPTH_MAX)
    return (range){-INFINITY, INFINITY};
  range r = range_of_op(l, e, depth);
  for (int i = 0; i < l->n_facts; i++)
    if (sym_equal(l->facts[i].e, e))
      r.hi = fmin(r.hi, l->facts[i].most);
  return isnan(r.lo) || isnan(r.hi) ? (range){-INFINITY, INFINITY} : r;
}

/* 1 true, 0 false, -1 either. */
static int decide(const lower *l, const sym_expr *c, int depth) {
  if (depth > DEPTH_MAX)
    return -1;
  if (c->op == SYM_TRUE || c->op == SYM_FALSE)
    return c->op == SYM_TRUE;
  if (c->op == SYM_AND || c->op == SYM_OR) {
    int a = decide(l, c->arg[0], depth + 1), b = decide(l, c->arg[1], depth + 1), decisive = c->op == SYM_OR;
    return a == decisive || b == decisive ? decisive : a < 0 || b < 0 ? -1 : !decisive;
  }
  if (c->op == SYM_NOT) {
    int a = decide(l, c->arg[0], depth + 1);
    return a < 0 ? a : !a;
  }
  if (c->op != SYM_GE && c->op != SYM_GT && c->op != SYM_LE && c->op != SYM_LT)
    return -1;
  bool is_flipped = c->op == SYM_LE || c->op == SYM_LT, is_strict = c->op == SYM_GT || c->op == SYM_LT;
  range a = range_of(l, c->arg[is_flipped], depth + 1), b = range_of(l, c->arg[!is_flipped], depth + 1);     /* a >= b or a > b */
  if (is_strict ? a.lo > b.hi : a.lo >= b.hi)
    return 1;
  return (is_strict ? a.hi <= b.lo : a.hi < b.lo) ? 0 : -1;
}

static void learn(lower *l, const sym_expr *c, bool holds, int depth) {
  if (depth > DEPTH_MAX)
    return;
  if (c->op == SYM_NOT) {
    learn(l, c->arg[0], !holds, depth + 1);
    return;
  }
  if ((c->op == SYM_AND && holds) || (c->op == SYM_OR && !holds)) {
    learn(l, c->arg[0], holds, depth + 1);
    learn(l, c->arg[1], holds, depth + 1);
    return;
  }
  int64_t v;
  bool is_upper = holds ? c->op == SYM_LT || c->op == SYM_LE : c->op == SYM_GE || c->op == SYM_GT;
  if (!is_upper || !sym_is_const(c->arg[1], &v) || l->n_facts == FACTS_MAX)
    return;
  bool is_strict = holds ? c->op == SYM_LT : c->op == SYM_GE;
  l->facts[l->n_facts++] = (fact){c->arg[0], (double)v - is_strict};
}

/* ---- monomials ---- */

static const terms no_terms = {0};

static bool same_powers(const program_monomial *a, const program_monomial *b) { return memcmp(a->power, b->power, sizeof a->power) == 0; }

static void add_term(terms *t, program_monomial x) {
  if (!(x.coefficient > 0) || isinf(x.coefficient))
    return;
  for (int i = 0; i < t->n; i++)
    if (same_powers(&t->at[i], &x)) {
      t->at[i].coefficient += x.coefficient;
      return;
    }
  if (t->n < TERMS_MAX)
    t->at[t->n++] = x;
}

static terms lower_of(lower *l, const sym_expr *e, int depth);

static terms product_terms(const terms *a, const terms *b) {
  terms out = {0};
  for (int i = 0; i < a->n; i++)
    for (int k = 0; k < b->n; k++) {
      program_monomial x = a->at[i];
      x.coefficient *= b->at[k].coefficient;
      bool fits = true;
      for (int s = 0; s < MODEL_BLOCKS_MAX; s++) {
        fits = fits && x.power[s] + b->at[k].power[s] < 16;
        x.power[s] = (uint8_t)(x.power[s] + b->at[k].power[s]);
      }
      if (fits)
        add_term(&out, x);
    }
  return out;
}

/* Below both: the lesser coefficient of each monomial they have in common. */
static terms common_terms(const terms *a, const terms *b) {
  terms out = {0};
  for (int i = 0; i < a->n; i++)
    for (int k = 0; k < b->n; k++)
      if (same_powers(&a->at[i], &b->at[k])) {
        program_monomial x = a->at[i];
        x.coefficient = fmin(x.coefficient, b->at[k].coefficient);
        add_term(&out, x);
      }
  return out;
}

static terms choice_terms(lower *l, const sym_expr *e, int depth) {
  int known = decide(l, e->arg[0], 0), facts = l->n_facts;
  terms side[2];
  for (int i = 0; i < 2; i++) {
    if (known == !!i)      /* arg[1] when true, arg[2] when false */
      continue;
    learn(l, e->arg[0], i == 0, 0);
    side[i] = lower_of(l, e->arg[1 + i], depth + 1);
    l->n_facts = facts;
  }
  return known == 1 ? side[0] : known == 0 ? side[1] : common_terms(&side[0], &side[1]);
}

static terms symbol_terms(const lower *l, const char *name) {
  for (int s = 0; s < l->n_blocks; s++)
    if (text_eq(name, l->blocks[s])) {
      program_monomial x = {.coefficient = 1};
      x.power[s] = 1;
      return (terms){1, {x}};
    }
  return no_terms;
}

static terms lower_of(lower *l, const sym_expr *e, int depth) {
  if (depth > DEPTH_MAX)
    return no_terms;
  terms a, b, out;
  switch (e->op) {
  case SYM_CONST:
    return e->value > 0 ? (terms){1, {{.coefficient = (double)e->value}}} : no_terms;
  case SYM_SYM:
    return symbol_terms(l, e->name);
  case SYM_IF:
    return choice_terms(l, e, depth);
  case SYM_ADD:
    out = lower_of(l, e->arg[0], depth + 1);
    b = lower_of(l, e->arg[1], depth + 1);
    for (int i = 0; i < b.n; i++)
      add_term(&out, b.at[i]);
    return out;
  case SYM_MUL:
    a = lower_of(l, e->arg[0], depth + 1);
    b = lower_of(l, e->arg[1], depth + 1);
    return product_terms(&a, &b);
  case SYM_CEILDIV: {
    out = lower_of(l, e->arg[0], depth + 1);
    double most = range_of(l, e->arg[1], 0).hi;
    for (int i = 0; i < out.n; i++)
      out.at[i].coefficient = most > 0 ? out.at[i].coefficient / most : 0;
    return most > 0 && !isinf(most) ? out : no_terms;
  }
  case SYM_MAX:
    a = lower_of(l, e->arg[0], depth + 1);
    b = lower_of(l, e->arg[1], depth + 1);
    return range_of(l, e->arg[0], 0).lo >= range_of(l, e->arg[1], 0).lo ? a : b;
  case SYM_MIN:
    a = lower_of(l, e->arg[0], depth + 1);
    b = lower_of(l, e->arg[1], depth + 1);
    return common_terms(&a, &b);
  default:
    return no_terms;
  }
}

/* A part that may be negative would make sums smaller than their other parts. */
static bool may_be_negative(const lower *l, const sym_expr *e, int depth) {
  if (depth > DEPTH_MAX)
    return true;
  if ((e->op == SYM_SUB || (e->op == SYM_CONST && e->value < 0)) && range_of(l, e, 0).lo < 0)
    return true;
  for (int i = 0; i < 3 && e->arg[i] && !sym_op_is_boolean(e->op); i++)
    if (!sym_op_is_boolean(e->arg[i]->op) && may_be_negative(l, e->arg[i], depth + 1))
      return true;
  return false;
}

int program_lower_terms(arena *m, const sym_expr *e, const char *const *blocks, int n_blocks, program_monomial *out, int room) {
  lower l = {.mem = m, .blocks = blocks, .n_blocks = n_blocks};
  if (may_be_negative(&l, e, 0))
    return 0;
  terms t = lower_of(&l, e, 0);
  int n = t.n < room ? t.n : room;
  for (int i = 0; i < n; i++)
    out[i] = t.at[i];
  return n;
}
