/* A cost expression from below by a sum of monomials of the block symbols.
 *
 * The walk keeps what the conditions around a place have shown ("M*N <= 8191"), so that a throughput which grows with the tile is bounded by the
 * end of its scenario.  Where nothing better is known the bound is 0, never wrong.  Every block is at least 1.
 *
 * There are two such sums, each the better one at other sizes.  The first divides by the most a divisor may be: right for large tiles.  The second cancels:
 * M*N*K / (M*N / 8) is 8*K, and where M*N >= 8192 is known M*N*K is 8192*K at least: right for small ones.  For that a block padded to whole units, M ceildiv 32,
 * is a symbol of its own. */
#include "base/text.h"
#include "model/model_program.h"
#include <math.h>

enum { TERMS_MAX = 24, FACTS_MAX = 16, DEPTH_MAX = 200 };

enum { SYMBOLS_MAX = 2 * MODEL_BLOCKS_MAX /* blocks, then blocks in whole units */ };
typedef struct monomial { double coefficient; uint8_t power[SYMBOLS_MAX]; } monomial;
typedef struct fact { const sym_expr *e; double most; } fact;
typedef struct floor_fact { monomial of; double least; } floor_fact;      /* the product is that at least; its coefficient 1 */
typedef struct lower {
  const char *const *blocks; int n_blocks;
  bool cancels; int64_t unit[MODEL_BLOCKS_MAX];      /* of each block that is counted in units; 0: none yet */
  fact facts[FACTS_MAX]; int n_facts;
  floor_fact floors[FACTS_MAX]; int n_floors;
} lower;
typedef struct terms { int n; monomial at[TERMS_MAX]; } terms;
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
  default: return (range){0, 1};        /* a truth value */
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

/* ---- monomials ---- */

static const terms no_terms = {0};

static bool same_powers(const monomial *a, const monomial *b) { return memcmp(a->power, b->power, sizeof a->power) == 0; }

static void add_term(terms *t, monomial x) {
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
      monomial x = a->at[i];
      x.coefficient *= b->at[k].coefficient;
      bool fits = true;
      for (int s = 0; s < SYMBOLS_MAX; s++) {
        fits = fits && x.power[s] + b->at[k].power[s] < 16;
        x.power[s] = (uint8_t)(x.power[s] + b->at[k].power[s]);
      }
      if (fits)
        add_term(&out, x);
    }
  return out;
}

static bool divides(const monomial *x, const monomial *by) {
  for (int s = 0; s < SYMBOLS_MAX; s++)
    if (by->power[s] > x->power[s])
      return false;
  return true;
}

static monomial quotient(const monomial *x, const monomial *by) {
  monomial q = {.coefficient = x->coefficient / by->coefficient};
  for (int s = 0; s < SYMBOLS_MAX; s++)
    q.power[s] = (uint8_t)(x->power[s] - by->power[s]);
  return q;
}

/* A block, or a block in whole units; -1: neither. */
static int symbol_of(lower *l, const sym_expr *e) {
  int64_t unit = 0;
  const sym_expr *x = e;
  if (l->cancels && e->op == SYM_CEILDIV && sym_is_const(e->arg[1], &unit) && unit > 0)
    x = e->arg[0];
  for (int s = 0; x->op == SYM_SYM && s < l->n_blocks; s++) {
    if (!text_eq(x->name, l->blocks[s]))
      continue;
    if (x == e)
      return s;
    l->unit[s] = l->unit[s] ? l->unit[s] : unit;
    return l->unit[s] == unit ? MODEL_BLOCKS_MAX + s : -1;
  }
  return -1;
}

/* One monomial that the expression, which is positive, is at most; false: none found. */
static bool upper_of(lower *l, const sym_expr *e, int depth, monomial *out) {
  int64_t v;
  monomial b;
  *out = (monomial){.coefficient = 1};
  if (depth > DEPTH_MAX)
    return false;
  int symbol = symbol_of(l, e);
  if (symbol >= 0) {
    out->power[symbol] = 1;
    return true;
  }
  switch (e->op) {
  case SYM_CONST:
    out->coefficient = (double)e->value;
    return e->value > 0;
  case SYM_MUL:
    if (!upper_of(l, e->arg[0], depth + 1, out) || !upper_of(l, e->arg[1], depth + 1, &b))
      return false;
    out->coefficient *= b.coefficient;
    for (int s = 0; s < SYMBOLS_MAX; s++) {
      if (out->power[s] + b.power[s] >= 16)
        return false;
      out->power[s] = (uint8_t)(out->power[s] + b.power[s]);
    }
    return true;
  case SYM_FLOORDIV:
    if (!sym_is_const(e->arg[1], &v) || v <= 0 || !upper_of(l, e->arg[0], depth + 1, out))
      return false;
    out->coefficient /= (double)v;
    return true;
  case SYM_MAX:
    return range_of(l, e->arg[0], 0).lo >= range_of(l, e->arg[1], 0).hi && upper_of(l, e->arg[0], depth + 1, out);
  default:
    return false;
  }
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
  monomial of;
  bool is_lower = holds ? c->op == SYM_GE || c->op == SYM_GT : c->op == SYM_LT || c->op == SYM_LE;
  if (is_lower && l->cancels && sym_is_const(c->arg[1], &v) && v > 0 && l->n_floors < FACTS_MAX && upper_of(l, c->arg[0], 0, &of)) {
    double least = (double)v / of.coefficient;
    of.coefficient = 1;
    l->floors[l->n_floors++] = (floor_fact){of, least};
  }
  bool is_upper = holds ? c->op == SYM_LT || c->op == SYM_LE : c->op == SYM_GE || c->op == SYM_GT;
  if (!is_upper || !sym_is_const(c->arg[1], &v) || l->n_facts == FACTS_MAX)
    return;
  bool is_strict = holds ? c->op == SYM_LT : c->op == SYM_GE;
  l->facts[l->n_facts++] = (fact){c->arg[0], (double)v - is_strict};
}

/* `x` as a product of the symbols of `like`, by what is known of other products; false: it is none. */
static bool reduce(const lower *l, const monomial *x, const monomial *like, monomial *out) {
  *out = *x;
  if (same_powers(x, like))
    return true;
  for (int i = 0; i < l->n_floors; i++)
    if (divides(x, &l->floors[i].of)) {
      *out = quotient(x, &l->floors[i].of);
      out->coefficient *= l->floors[i].least;
      if (same_powers(out, like))
        return true;
    }
  return false;
}

/* Below both sides, each under its own facts: the lesser coefficient of each monomial they have in common, or can be brought to have.  Every term counts once. */
static terms common_terms(const lower *la, const terms *a, const lower *lb, const terms *b) {
  terms out = {0};
  bool is_used[2][TERMS_MAX] = {{false}};
  for (int pass = 0; pass < 3; pass++)      /* as they are; those of a, those of b brought to the other's form */
    for (int i = 0; i < a->n; i++)
      for (int k = 0; k < b->n && !is_used[0][i]; k++) {
        monomial x = a->at[i], y = b->at[k];
        if (is_used[1][k] || !(pass == 0 ? same_powers(&x, &y) : pass == 1 ? reduce(la, &a->at[i], &y, &x) : reduce(lb, &b->at[k], &x, &y)))
          continue;
        is_used[0][i] = is_used[1][k] = true;
        x.coefficient = fmin(x.coefficient, y.coefficient);
        add_term(&out, x);
      }
  return out;
}

static terms choice_terms(lower *l, const sym_expr *e, int depth) {
  int known = decide(l, e->arg[0], 0), facts = l->n_facts, floors = l->n_floors;
  terms side[2];
  lower with[2];
  for (int i = 0; i < 2; i++) {
    if (known == !!i)      /* arg[1] when true, arg[2] when false */
      continue;
    learn(l, e->arg[0], i == 0, 0);
    side[i] = lower_of(l, e->arg[1 + i], depth + 1);
    with[i] = *l;
    l->n_facts = facts;
    l->n_floors = floors;
  }
  return known == 1 ? side[0] : known == 0 ? side[1] : common_terms(&with[0], &side[0], &with[1], &side[1]);
}

/* Each term over the divisor: what the two have in common cancels, or by the most the divisor may be. */
static terms quotient_terms(lower *l, const terms *a, const sym_expr *by) {
  terms out = {0};
  monomial upper;
  bool has_upper = l->cancels && upper_of(l, by, 0, &upper);
  double most = range_of(l, by, 0).hi;
  for (int i = 0; i < a->n; i++) {
    monomial x = a->at[i];
    if (has_upper && divides(&x, &upper))
      x = quotient(&x, &upper);
    else
      x.coefficient = most > 0 ? x.coefficient / most : 0;
    add_term(&out, x);
  }
  return out;
}

static terms lower_of(lower *l, const sym_expr *e, int depth) {
  if (depth > DEPTH_MAX)
    return no_terms;
  terms a, b, out;
  int symbol = symbol_of(l, e);
  if (symbol >= 0) {
    out = (terms){1, {{.coefficient = 1}}};
    out.at[0].power[symbol] = 1;
    return out;
  }
  switch (e->op) {
  case SYM_CONST:
    return e->value > 0 ? (terms){1, {{.coefficient = (double)e->value}}} : no_terms;
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
  case SYM_CEILDIV:
    out = lower_of(l, e->arg[0], depth + 1);
    return quotient_terms(l, &out, e->arg[1]);
  case SYM_MAX:
    a = lower_of(l, e->arg[0], depth + 1);
    b = lower_of(l, e->arg[1], depth + 1);
    return range_of(l, e->arg[0], 0).lo >= range_of(l, e->arg[1], 0).lo ? a : b;
  case SYM_MIN:
    a = lower_of(l, e->arg[0], depth + 1);
    b = lower_of(l, e->arg[1], depth + 1);
    return common_terms(l, &a, l, &b);
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
  for (int i = 0; i < 3 && e->arg[i]; i++)
    if (!sym_op_is_boolean(e->arg[i]->op) && may_be_negative(l, e->arg[i], depth + 1))
      return true;
  return false;
}

/* In blocks alone: a ceildiv is a quotient at least; the unit is kept where the block stands once. */
static program_monomial in_blocks(const lower *l, const monomial *x) {
  program_monomial out = {.coefficient = x->coefficient};
  for (int s = 0; s < l->n_blocks; s++) {
    int units = x->power[MODEL_BLOCKS_MAX + s];
    out.power[s] = (uint8_t)(x->power[s] + units);
    for (int i = 0; i < units; i++)
      out.coefficient /= (double)l->unit[s];
    out.unit[s] = units == 1 && out.power[s] == 1 ? l->unit[s] : 0;
  }
  return out;
}

int program_lower_terms(const sym_expr *e, const char *const *blocks, int n_blocks, bool cancels, program_monomial *out, int room) {
  lower l = {.blocks = blocks, .n_blocks = n_blocks, .cancels = cancels};
  if (may_be_negative(&l, e, 0))
    return 0;
  terms t = lower_of(&l, e, 0);
  int n = t.n < room ? t.n : room;
  for (int i = 0; i < n; i++)
    out[i] = in_blocks(&l, &t.at[i]);
  return n;
}
