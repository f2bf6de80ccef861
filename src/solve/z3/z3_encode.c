/* Expressions as terms: equal subexpressions once, what has few values as a list of them, the rest linear. */
#include "solve/z3/z3_private.h"
#include "base/text.h"

enum { FACTORS_MAX = 64, DEPTH_MAX = SYM_DEPTH_MAX };
#define WIDE_MAX ((sym_wide)1 << 125)

/* ---- distinct subexpressions ---- */

static uint64_t mix(uint64_t h, uint64_t v) { return (h ^ v) * UINT64_C(0x9E3779B97F4A7C15) ^ (h >> 29); }

static bool is_same(const z3_node *a, const z3_node *b) {
  return a->hash == b->hash && a->e->op == b->e->op && a->e->value == b->e->value && text_eq(a->e->name, b->e->name) && a->arg[0] == b->arg[0] && a->arg[1] == b->arg[1] &&
         a->arg[2] == b->arg[2];
}

static int find_symbol(const z3_encoder *z, const char *name) {
  for (int s = 0; s < z->n; s++)
    if (text_eq(z->names[s], name))
      return s;
  return -1;
}

static bool is_truth(const z3_encoder *z, const z3_node *x) {
  return x->e->op == SYM_IF ? z->nodes.at[x->arg[1]].is_truth && z->nodes.at[x->arg[2]].is_truth : sym_op_is_boolean(x->e->op);
}

static loom_status intern(z3_encoder *z, const sym_expr *e, int *out) {
  z3_node x = {.e = e, .arg = {-1, -1, -1}, .hash = mix(1, (uint64_t)e->op)};
  int operands = sym_op_operands(e->op);
  if (e->depth > DEPTH_MAX)
    z3_refuse(z, "the expression is nested too deeply");
  for (int i = 0; i < operands && !z->refusal; i++) {
    LOOM_TRY(intern(z, e->arg[i], &x.arg[i]));
    x.symbols |= z->nodes.at[x.arg[i]].symbols;
    x.hash = mix(x.hash, (uint64_t)x.arg[i]);
  }
  *out = 0;
  if (z->refusal)
    return LOOM_OK;
  if (e->op == SYM_SYM) {
    int s = find_symbol(z, e->name);
    if (s < 0)
      LOOM_FAIL(z->ctx, LOOM_NOSPAN, LOOM_EINPUT, "unknown symbol '%s'", e->name);
    x.symbols = 1u << s;
    x.hash = mix(x.hash, (uint64_t)s);
  }
  x.hash = mix(x.hash, (uint64_t)e->value);
  int *bucket = &z->bucket[x.hash % Z3_BUCKETS];
  for (int i = *bucket; i; i = z->nodes.at[i - 1].older)
    if (is_same(&z->nodes.at[i - 1], &x)) {
      *out = i - 1;
      return LOOM_OK;
    }
  x.is_truth = is_truth(z, &x);
  x.older = *bucket;
  vec_push(&z->ctx->scratch, &z->nodes, x);
  *bucket = (int)z->nodes.n;
  *out = *bucket - 1;
  return LOOM_OK;
}

/* ---- intervals that hold in every model, whether or not a value exists ---- */

typedef struct wide_range { sym_wide lo, hi; } wide_range;

static sym_wide cap(sym_wide v) { return v > WIDE_MAX ? WIDE_MAX : v < -WIDE_MAX ? -WIDE_MAX : v; }
static sym_wide lesser(sym_wide a, sym_wide b) { return a < b ? a : b; }
static sym_wide greater(sym_wide a, sym_wide b) { return a > b ? a : b; }
static sym_wide magnitude(wide_range a) { return greater(-a.lo, a.hi); }

static wide_range product_range(wide_range a, wide_range b) {
  sym_wide v[4] = {sym_wide_mul(a.lo, b.lo), sym_wide_mul(a.lo, b.hi), sym_wide_mul(a.hi, b.lo), sym_wide_mul(a.hi, b.hi)};
  return (wide_range){lesser(lesser(v[0], v[1]), lesser(v[2], v[3])), greater(greater(v[0], v[1]), greater(v[2], v[3]))};
}

/* A divisor below 1 leaves the quotient open: it may be anything in there. */
static wide_range quotient_range(wide_range a, sym_wide least, sym_wide most) {
  least = greater(least, 1);
  most = greater(most, least);
  sym_wide lo = a.lo < 0 ? a.lo / least : a.lo / most, hi = a.hi < 0 ? a.hi / most : a.hi / least;
  return (wide_range){a.lo <= -WIDE_MAX ? -WIDE_MAX : lo - 1, a.hi >= WIDE_MAX ? WIDE_MAX : hi + 1};
}

static wide_range range_of(const z3_node *x) { return (wide_range){x->lo, x->hi}; }

/* ---- terms of nodes ---- */

static loom_status make(z3_encoder *z, int node);
static z3_node *at(z3_encoder *z, int node) { return &z->nodes.at[node]; }

/* The number of a made node; truth is 0 or 1.  After a refusal, of any. */
static Z3_ast number_of(z3_encoder *z, int node) {
  z3_node *x = at(z, node);
  if (z->refusal)
    return z3_number(z, 0);
  if (x->factor && !x->term)
    x->term = z3_factor_term(z, x->factor);
  if (!x->is_truth || x->factor)
    return x->term;
  return z3_keep(z, Z3_mk_ite(z->c, x->term, z3_number(z, 1), z3_number(z, 0)));
}

static Z3_ast equals(z3_encoder *z, Z3_ast a, Z3_ast b) { return z3_keep(z, Z3_mk_eq(z->c, a, b)); }

/* A made node is not 0. */
static Z3_ast truth_of(z3_encoder *z, int node) {
  z3_node *x = at(z, node);
  if (z->refusal)
    return z->yes;
  if (!x->factor)
    return x->is_truth ? x->term : z3_not(z, equals(z, x->term, z3_number(z, 0)));
  const z3_factor *f = x->factor;
  Z3_ast holds = z->yes;
  for (int32_t j = 0; j < f->n; j++)
    if (f->value[j] == 0)
      holds = z3_not(z, z3_and(z, f->at_least[j], z3_not(z, f->at_least[j + 1])));
  return holds;
}

static void require(z3_encoder *z, z3_node *x, Z3_ast condition) { x->valid = z3_both(z, x->valid, condition); }

/* Beyond 64 bits there is no value. */
static void require_64_bits(z3_encoder *z, z3_node *x) {
  if (x->lo < INT64_MIN)
    require(z, x, z3_le(z, z3_number(z, INT64_MIN), x->term));
  if (x->hi > INT64_MAX)
    require(z, x, z3_le(z, x->term, z3_number(z, INT64_MAX)));
}

static void set_range(z3_node *x, wide_range r) {
  x->lo = cap(r.lo);
  x->hi = cap(r.hi);
}

static void make_sum(z3_encoder *z, z3_node *x) {
  wide_range a = range_of(at(z, x->arg[0])), b = range_of(at(z, x->arg[1]));
  Z3_ast s = number_of(z, x->arg[0]), t = number_of(z, x->arg[1]);
  bool adds = x->e->op == SYM_ADD;
  x->term = adds ? z3_plus(z, s, t) : z3_minus(z, s, t);
  set_range(x, adds ? (wide_range){a.lo + b.lo, a.hi + b.hi} : (wide_range){a.lo - b.hi, a.hi - b.lo});
  require_64_bits(z, x);
}

/* ---- products ---- */

typedef struct factor_list { size_t n; int at[FACTORS_MAX]; } factor_list;

static bool has_one_symbol(const z3_node *x) { return (x->symbols & (x->symbols - 1)) == 0; }

static void list_factors(z3_encoder *z, int node, factor_list *to) {
  z3_node *x = at(z, node);
  if (x->e->op == SYM_MUL && !has_one_symbol(x)) {
    list_factors(z, x->arg[0], to);
    list_factors(z, x->arg[1], to);
  } else if (to->n < FACTORS_MAX) {
    to->at[to->n++] = node;
  } else {
    z3_refuse(z, "a product has too many factors");
  }
}

/* No product of some of the factors leaves 64 bits: then they may be multiplied in any order. */
static bool is_small(z3_encoder *z, const factor_list *l) {
  sym_wide most = 1;
  for (size_t i = 0; i < l->n; i++)
    most = sym_wide_mul(most, greater(1, magnitude(range_of(at(z, l->at[i])))));
  return most <= INT64_MAX;
}

/* Factors of the same single symbol become one. */
static loom_status group_factors(z3_encoder *z, const factor_list *l, factor_list *out) {
  const sym_expr *of[SOLVE_SYMBOLS_MAX + 1] = {NULL};
  *out = (factor_list){0};
  for (size_t i = 0; i < l->n; i++) {
    z3_node *x = at(z, l->at[i]);
    if (!has_one_symbol(x)) {
      out->at[out->n++] = l->at[i];
      continue;
    }
    int s = x->symbols ? __builtin_ctz(x->symbols) : z->n;
    of[s] = of[s] ? sym_mul(&z->ctx->scratch, of[s], x->e) : x->e;
  }
  for (int s = 0; s <= z->n; s++)
    if (of[s] && out->n < FACTORS_MAX) {
      LOOM_TRY(intern(z, of[s], &out->at[out->n]));
      LOOM_TRY(make(z, out->at[out->n++]));
    }
  return LOOM_OK;
}

static loom_status multiply(z3_encoder *z, int factor, Z3_ast *term, wide_range *range) {
  const z3_factor *f;
  LOOM_TRY(z3_list_factor(z, factor, &f));
  if (!f) {
    z3_refuse(z, "it multiplies two expressions of several block sizes, with too many values each");
    return LOOM_OK;
  }
  wide_range r = product_range((wide_range){f->value[0], f->value[f->n - 1]}, *range);
  *term = z3_split_product(z, f, *term, range->lo, range->hi, r.lo, r.hi);
  *range = r;
  return LOOM_OK;
}

/* Fewest values first to split over: the term is what has most of them. */
static void put_widest_first(z3_encoder *z, factor_list *l) {
  for (size_t i = 1; i < l->n; i++) {
    bool is_listed = has_one_symbol(at(z, l->at[i])), was = has_one_symbol(at(z, l->at[0]));
    if (!is_listed && (was || z3_count_sizes(z, at(z, l->at[i])->symbols) > z3_count_sizes(z, at(z, l->at[0])->symbols))) {
      int swap = l->at[0];
      l->at[0] = l->at[i];
      l->at[i] = swap;
    }
  }
}

static loom_status make_product(z3_encoder *z, int node) {
  factor_list all = {0}, l;
  list_factors(z, node, &all);
  Z3_ast valid = NULL;
  for (size_t i = 0; i < all.n; i++) {
    LOOM_TRY(make(z, all.at[i]));
    valid = z3_both(z, valid, at(z, all.at[i])->valid);
  }
  bool is_free = is_small(z, &all);
  if (is_free) {
    LOOM_TRY(group_factors(z, &all, &l));
  } else {
    z3_node *x = at(z, node);
    l = (factor_list){2, {x->arg[0], x->arg[1]}};
    LOOM_TRY(make(z, l.at[0]));
    LOOM_TRY(make(z, l.at[1]));
    valid = z3_both(z, at(z, l.at[0])->valid, at(z, l.at[1])->valid);
  }
  put_widest_first(z, &l);
  wide_range range = range_of(at(z, l.at[0]));
  Z3_ast term = number_of(z, l.at[0]);
  for (size_t i = 1; i < l.n && !z->refusal; i++)
    LOOM_TRY(multiply(z, l.at[i], &term, &range));
  z3_node *x = at(z, node);
  x->term = term;
  x->valid = valid;
  set_range(x, range);
  require_64_bits(z, x);
  return LOOM_OK;
}

/* ---- quotients ---- */

static loom_status divide(z3_encoder *z, bool up, int divisor, Z3_ast *term, wide_range *range) {
  const z3_factor *f;
  LOOM_TRY(z3_list_factor(z, divisor, &f));
  if (!f) {
    z3_refuse(z, "it divides by an expression of several block sizes with too many values");
    return LOOM_OK;
  }
  wide_range r = quotient_range(*range, f->value[0], f->value[f->n - 1]);
  *term = z3_split_quotient(z, up, f, *term, range->lo, r.lo, r.hi);
  *range = r;
  return LOOM_OK;
}

/* x / (a * b) = (x / a) / b when all divisors are positive. */
static bool divides_in_steps(z3_encoder *z, const factor_list *l) {
  for (size_t i = 0; i < l->n; i++)
    if (at(z, l->at[i])->lo < 1 || at(z, l->at[i])->valid)
      return false;
  return is_small(z, l);
}

static loom_status make_quotient(z3_encoder *z, int node) {
  int by = at(z, node)->arg[1], a = at(z, node)->arg[0];
  bool up = at(z, node)->e->op == SYM_CEILDIV;
  factor_list all = {0}, l = {1, {by}};
  list_factors(z, by, &all);
  for (size_t i = 0; i < all.n; i++)
    LOOM_TRY(make(z, all.at[i]));
  if (divides_in_steps(z, &all))
    LOOM_TRY(group_factors(z, &all, &l));
  wide_range range = range_of(at(z, a));
  Z3_ast term = number_of(z, a);
  for (size_t i = 0; i < l.n && !z->refusal; i++)
    LOOM_TRY(divide(z, up, l.at[i], &term, &range));
  z3_node *x = at(z, node);
  x->term = term;
  set_range(x, range);
  return LOOM_OK;
}

static loom_status make_remainder(z3_encoder *z, int node) {
  const z3_factor *f;
  LOOM_TRY(z3_list_factor(z, at(z, node)->arg[1], &f));
  if (!f) {
    z3_refuse(z, "it divides by an expression of several block sizes with too many values");
    return LOOM_OK;
  }
  sym_wide hi = greater(0, (sym_wide)f->value[f->n - 1] - 1);
  Z3_ast rest = z3_split_remainder(z, f, number_of(z, at(z, node)->arg[0]), hi);
  z3_node *x = at(z, node);
  bool is_test = x->e->op == SYM_DIVISIBLE;
  x->term = is_test ? equals(z, rest, z3_number(z, 0)) : rest;
  set_range(x, is_test ? (wide_range){0, 1} : (wide_range){0, hi});
  return LOOM_OK;
}

/* There is a value only where the divisor is positive. */
static void require_divisor(z3_encoder *z, int node) {
  int by = at(z, node)->arg[1];
  if (at(z, by)->lo < 1) {
    Z3_ast positive = z3_le(z, z3_number(z, 1), number_of(z, by));
    require(z, at(z, node), positive);
  }
}

/* ---- choices ---- */

static void make_extreme(z3_encoder *z, int node) {
  int a = at(z, node)->arg[0], b = at(z, node)->arg[1];
  bool least = at(z, node)->e->op == SYM_MIN;
  wide_range ra = range_of(at(z, a)), rb = range_of(at(z, b));
  wide_range r = least ? (wide_range){lesser(ra.lo, rb.lo), lesser(ra.hi, rb.hi)} : (wide_range){greater(ra.lo, rb.lo), greater(ra.hi, rb.hi)};
  Z3_ast s = number_of(z, a), t = number_of(z, b), v = z3_integer(z, r.lo, r.hi);
  z3_assert(z, least ? z3_le(z, v, s) : z3_le(z, s, v));
  z3_assert(z, least ? z3_le(z, v, t) : z3_le(z, t, v));
  z3_assert(z, z3_or(z, least ? z3_le(z, s, v) : z3_le(z, v, s), least ? z3_le(z, t, v) : z3_le(z, v, t)));
  at(z, node)->term = v;
  set_range(at(z, node), r);
}

static void make_if(z3_encoder *z, int node) {
  int c = at(z, node)->arg[0], a = at(z, node)->arg[1], b = at(z, node)->arg[2];
  Z3_ast condition = truth_of(z, c), otherwise = z3_not(z, condition), valid = at(z, c)->valid;
  if (at(z, a)->valid)
    valid = z3_both(z, valid, z3_or(z, otherwise, at(z, a)->valid));
  if (at(z, b)->valid)
    valid = z3_both(z, valid, z3_or(z, condition, at(z, b)->valid));
  at(z, node)->valid = valid;
  wide_range ra = range_of(at(z, a)), rb = range_of(at(z, b)), r = {lesser(ra.lo, rb.lo), greater(ra.hi, rb.hi)};
  set_range(at(z, node), r);
  if (at(z, node)->is_truth) {
    Z3_ast s = truth_of(z, a), t = truth_of(z, b);
    at(z, node)->term = z3_keep(z, Z3_mk_ite(z->c, condition, s, t));
    return;
  }
  Z3_ast s = number_of(z, a), t = number_of(z, b), v = z3_integer(z, r.lo, r.hi);
  z3_assert_if(z, condition, equals(z, v, s));
  z3_assert_if(z, otherwise, equals(z, v, t));
  at(z, node)->term = v;
}

/* What decides alone needs no value of the other side. */
static void make_logic(z3_encoder *z, int node) {
  int a = at(z, node)->arg[0], b = at(z, node)->arg[1];
  bool is_and = at(z, node)->e->op == SYM_AND;
  Z3_ast s = truth_of(z, a), t = truth_of(z, b), valid = at(z, a)->valid;
  if (at(z, b)->valid)
    valid = z3_both(z, valid, z3_or(z, is_and ? z3_not(z, s) : s, at(z, b)->valid));
  at(z, node)->valid = valid;
  at(z, node)->term = is_and ? z3_and(z, s, t) : z3_or(z, s, t);
  set_range(at(z, node), (wide_range){0, 1});
}

static Z3_ast compare(z3_encoder *z, sym_op op, Z3_ast a, Z3_ast b) {
  switch (op) {
  case SYM_EQ: return equals(z, a, b);
  case SYM_NE: return z3_not(z, equals(z, a, b));
  case SYM_LE: return z3_le(z, a, b);
  case SYM_LT: return z3_not(z, z3_le(z, b, a));
  case SYM_GE: return z3_le(z, b, a);
  default: return z3_not(z, z3_le(z, a, b));
  }
}

static void make_comparison(z3_encoder *z, int node) {
  Z3_ast a = number_of(z, at(z, node)->arg[0]), b = number_of(z, at(z, node)->arg[1]);
  at(z, node)->term = compare(z, at(z, node)->e->op, a, b);
  set_range(at(z, node), (wide_range){0, 1});
}

/* ---- any node ---- */

static loom_status make_operator(z3_encoder *z, int node) {
  for (int i = 0; i < 3 && at(z, node)->arg[i] >= 0; i++)
    LOOM_TRY(make(z, at(z, node)->arg[i]));
  if (z->refusal)
    return LOOM_OK;
  sym_op op = at(z, node)->e->op;
  if (op == SYM_IF || op == SYM_AND || op == SYM_OR) {
    if (op == SYM_IF)
      make_if(z, node);
    else
      make_logic(z, node);
    return LOOM_OK;
  }
  for (int i = 0; i < 2 && at(z, node)->arg[i] >= 0; i++)
    require(z, at(z, node), at(z, at(z, node)->arg[i])->valid);
  switch (op) {
  case SYM_ADD: case SYM_SUB: make_sum(z, at(z, node)); return LOOM_OK;
  case SYM_MIN: case SYM_MAX: make_extreme(z, node); return LOOM_OK;
  case SYM_NOT:
    at(z, node)->term = z3_not(z, truth_of(z, at(z, node)->arg[0]));
    set_range(at(z, node), (wide_range){0, 1});
    return LOOM_OK;
  case SYM_CEILDIV: case SYM_FLOORDIV:
    LOOM_TRY(make_quotient(z, node));
    break;
  case SYM_MOD: case SYM_DIVISIBLE:
    LOOM_TRY(make_remainder(z, node));
    break;
  default: make_comparison(z, node); return LOOM_OK;
  }
  if (!z->refusal)
    require_divisor(z, node);
  return LOOM_OK;
}

static loom_status make(z3_encoder *z, int node) {
  if (z->refusal || at(z, node)->is_made)
    return LOOM_OK;
  if (has_one_symbol(at(z, node)))
    LOOM_TRY(z3_make_table(z, node));
  else
    LOOM_TRY(at(z, node)->e->op == SYM_MUL ? make_product(z, node) : make_operator(z, node));
  at(z, node)->is_made = true;
  return LOOM_OK;
}

loom_status z3_holds(z3_encoder *z, const sym_expr *e, Z3_ast *out) {
  int node;
  *out = z->no;
  LOOM_TRY(intern(z, z3_narrow(z, e), &node));
  if (z->refusal)
    return LOOM_OK;
  LOOM_TRY(make(z, node));
  if (!z->refusal)
    *out = z3_both(z, at(z, node)->valid, truth_of(z, node));
  return LOOM_OK;
}

loom_status z3_is_within(z3_encoder *z, const sym_expr *e, int64_t lo, int64_t hi, Z3_ast *out) {
  int node;
  *out = z->no;
  LOOM_TRY(intern(z, z3_narrow(z, e), &node));
  if (z->refusal)
    return LOOM_OK;
  LOOM_TRY(make(z, node));
  if (z->refusal)
    return LOOM_OK;
  Z3_ast v = number_of(z, node), above = z3_le(z, z3_number(z, lo), v), below = z3_le(z, v, z3_number(z, hi));
  *out = z3_both(z, at(z, node)->valid, z3_and(z, above, below));
  return LOOM_OK;
}
