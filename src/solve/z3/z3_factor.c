/* Expressions whose values can be listed: as tables, as terms, and as factors and divisors of other terms. */
#include "solve/z3/z3_private.h"
#include <stdlib.h>

enum { JOINT_POINTS_MAX = 1 << 20, JOINT_RUNS_MAX = 1 << 15, SETS_WORK_MAX = 1 << 27,
       VALUES_MAX = 1 << 14 /* each is two rows of Z3's tableau, whose making is not counted as effort */ };

/* Values at all points over some symbols, the last one fastest. */
typedef struct listing {
  int n_symbols, symbol[SOLVE_SYMBOLS_MAX];
  int64_t points, *value;
  bool *has;
  int64_t *distinct;
  int32_t n_distinct;
} listing;

int64_t z3_count_sizes(const z3_encoder *z, uint32_t symbols) {
  int64_t n = 1;
  for (int s = 0; s < z->n; s++)
    n = symbols >> s & 1 ? solve_mul(n, z->values[s].n) : n;
  return n;
}

static int by_value(const void *a, const void *b) {
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return (x > y) - (x < y);
}

static void list_distinct(z3_encoder *z, listing *l) {
  l->distinct = ARENA_NEW_N(&z->ctx->scratch, int64_t, l->points + 1);
  for (int64_t i = 0; i < l->points; i++)
    if (l->has[i])
      l->distinct[l->n_distinct++] = l->value[i];
  if (!l->n_distinct)
    l->n_distinct = 1;                       /* a number that nobody will read */
  qsort(l->distinct, (size_t)l->n_distinct, sizeof *l->distinct, by_value);
  int32_t n = 1;
  for (int32_t i = 1; i < l->n_distinct; i++)
    if (l->distinct[i] != l->distinct[n - 1])
      l->distinct[n++] = l->distinct[i];
  l->n_distinct = n;
  for (int64_t i = 0; i < l->points; i++)
    l->value[i] = l->has[i] ? l->value[i] : l->distinct[0];
}

static loom_status list_values(z3_encoder *z, const sym_expr *e, uint32_t symbols, listing *l) {
  arena *m = &z->ctx->scratch;
  const char *names[SOLVE_SYMBOLS_MAX];
  int64_t at[SOLVE_SYMBOLS_MAX];
  int32_t digit[SOLVE_SYMBOLS_MAX] = {0};
  sym_code *code;
  *l = (listing){.points = z3_count_sizes(z, symbols)};
  for (int s = 0; s < z->n; s++)
    if (symbols >> s & 1) {
      names[l->n_symbols] = z->names[s];
      l->symbol[l->n_symbols++] = s;
    }
  LOOM_TRY(sym_compile(z->ctx, e, names, (size_t)l->n_symbols, &code));
  l->value = ARENA_NEW_N(m, int64_t, l->points);
  l->has = ARENA_NEW_N(m, bool, l->points);
  for (int64_t i = 0; i < l->points; i++) {
    for (int k = 0; k < l->n_symbols; k++)
      at[k] = z->values[l->symbol[k]].at[digit[k]];
    l->has[i] = sym_run(code, at, &l->value[i]);
    for (int k = l->n_symbols; k-- > 0 && ++digit[k] == z->values[l->symbol[k]].n;)
      digit[k] = 0;
  }
  list_distinct(z, l);
  return LOOM_OK;
}

/* Whether the value never falls (or never rises) as the k-th symbol grows. */
static void find_direction(const z3_encoder *z, const listing *l, int k, bool *never_falls, bool *never_rises) {
  int64_t step = 1;
  for (int later = k + 1; later < l->n_symbols; later++)
    step *= z->values[l->symbol[later]].n;
  *never_falls = *never_rises = true;
  for (int64_t i = 0; i + step < l->points; i++) {
    if (i / step % z->values[l->symbol[k]].n == z->values[l->symbol[k]].n - 1)
      continue;
    *never_falls = *never_falls && l->value[i] <= l->value[i + step];
    *never_rises = *never_rises && l->value[i] >= l->value[i + step];
  }
}

/* ---- one symbol: the sizes at which it has at least a value are runs of sizes ---- */

/* Only where the values go up and down: each set has to be looked at as a whole. */
static void describe_sets(z3_encoder *z, const listing *l, z3_factor *f) {
  bool *in = ARENA_NEW_N(&z->ctx->scratch, bool, l->points);
  if (l->points * f->n > SETS_WORK_MAX) {
    z3_refuse(z, "an expression of the block sizes has too many values");
    return;
  }
  for (int32_t j = 1; j < f->n; j++) {
    for (int64_t i = 0; i < l->points; i++)
      in[i] = l->value[i] >= f->value[j];
    f->at_least[j] = z3_one_of(z, l->symbol[0], in);
  }
}

static void describe_symbol(z3_encoder *z, const listing *l, z3_factor *f, Z3_ast *out_valid) {
  Z3_ast *from = z->at_least[l->symbol[0]];
  bool never_falls, never_rises, always = true;
  find_direction(z, l, 0, &never_falls, &never_rises);
  if (!never_falls && !never_rises)
    describe_sets(z, l, f);
  int64_t i = never_falls ? 0 : l->points;
  for (int32_t j = 1; j < f->n && (never_falls || never_rises); j++) {
    for (; never_falls && l->value[i] < f->value[j]; i++)
      ;
    for (; !never_falls && l->value[i - 1] < f->value[j]; i--)
      ;
    f->at_least[j] = never_falls ? from[i] : z3_not(z, from[i]);
  }
  for (i = 0; i < l->points; i++)
    always = always && l->has[i];
  *out_valid = always ? NULL : z3_one_of(z, l->symbol[0], l->has);
}

/* ---- several symbols: a truth value for each distinct value, said run by run ---- */

static int32_t rank_of(const listing *l, int64_t v) {
  const int64_t *at = bsearch(&v, l->distinct, (size_t)l->n_distinct, sizeof v, by_value);
  return (int32_t)(at - l->distinct);
}

/* Points with one value that differ in the last symbol alone: how many from `first` on. */
static int64_t run_length(const z3_encoder *z, const listing *l, int64_t first) {
  int64_t row = z->values[l->symbol[l->n_symbols - 1]].n, end = first - first % row + row, i = first + 1;
  while (i < end && l->value[i] == l->value[first])
    i++;
  return i - first;
}

static int64_t count_runs(const z3_encoder *z, const listing *l) {
  int64_t n = 0;
  for (int64_t i = 0; i < l->points; i += run_length(z, l, i))
    n++;
  return n;
}

/* What a point says of the value holds on its whole side as long as the value goes one way: "at least v[i]" alone, or "not at least v[i + 1]" alone. */
static void describe_points(z3_encoder *z, const listing *l, z3_factor *f) {
  bool never_falls[SOLVE_SYMBOLS_MAX], never_rises[SOLVE_SYMBOLS_MAX];
  for (int k = 0; k < l->n_symbols; k++)
    find_direction(z, l, k, &never_falls[k], &never_rises[k]);
  for (int32_t j = 1; j < f->n; j++) {
    f->at_least[j] = z3_truth(z);
    if (j > 1)
      z3_assert_if(z, f->at_least[j], f->at_least[j - 1]);
  }
  int64_t length;
  for (int64_t i = 0; i < l->points && !z->refusal; i += length) {
    Z3_ast above = z->yes, below = z->yes;
    int64_t rest = i;
    length = run_length(z, l, i);
    for (int k = l->n_symbols; k-- > 0;) {
      int64_t n = z->values[l->symbol[k]].n, digit = rest % n, end = k == l->n_symbols - 1 ? digit + length : digit + 1;
      Z3_ast from = z->at_least[l->symbol[k]][digit], to = z3_not(z, z->at_least[l->symbol[k]][end]), both = z3_and(z, from, to);
      above = z3_and(z, never_falls[k] ? from : never_rises[k] ? to : both, above);
      below = z3_and(z, never_falls[k] ? to : never_rises[k] ? from : both, below);
      rest /= n;
    }
    int32_t rank = rank_of(l, l->value[i]);
    z3_assert_if(z, above, f->at_least[rank]);
    z3_assert_if(z, below, z3_not(z, f->at_least[rank + 1]));
  }
}

static z3_factor *new_factor(z3_encoder *z, const listing *l) {
  z3_factor *f = ARENA_NEW(&z->ctx->scratch, z3_factor);
  *f = (z3_factor){.n = l->n_distinct, .value = l->distinct, .at_least = ARENA_NEW_N(&z->ctx->scratch, Z3_ast, l->n_distinct + 1)};
  if (f->n > VALUES_MAX)
    z3_refuse(z, "an expression of the block sizes has too many values");
  for (int32_t j = 0; j <= f->n; j++)      /* until they are described */
    f->at_least[j] = j < f->n ? z->yes : z->no;
  return f;
}

loom_status z3_make_table(z3_encoder *z, int node) {
  z3_node *x = &z->nodes.at[node];
  listing l;
  LOOM_TRY(list_values(z, x->e, x->symbols, &l));
  z3_factor *f = new_factor(z, &l);
  if (l.n_symbols)
    describe_symbol(z, &l, f, &x->valid);
  else
    x->valid = l.has[0] ? NULL : z->no;
  x->lo = f->value[0];
  x->hi = f->value[f->n - 1];
  x->factor = f;
  return LOOM_OK;
}

loom_status z3_list_factor(z3_encoder *z, int node, const z3_factor **out) {
  z3_node *x = &z->nodes.at[node];
  *out = x->factor ? x->factor : x->listed;
  if (*out || z3_count_sizes(z, x->symbols) > JOINT_POINTS_MAX)
    return LOOM_OK;
  listing l;
  LOOM_TRY(list_values(z, x->e, x->symbols, &l));
  if (count_runs(z, &l) > JOINT_RUNS_MAX)
    return LOOM_OK;
  z3_factor *f = new_factor(z, &l);
  describe_points(z, &l, f);
  *out = x->listed = f;
  return LOOM_OK;
}

/* ---- terms ---- */

Z3_ast z3_factor_term(z3_encoder *z, const z3_factor *f) {
  if (f->n == 1)
    return z3_number(z, f->value[0]);
  Z3_ast v = z3_integer(z, f->value[0], f->value[f->n - 1]);
  for (int32_t j = 0; j < f->n; j++) {
    Z3_ast c = z3_number(z, f->value[j]);
    if (j)
      z3_assert_if(z, f->at_least[j], z3_le(z, c, v));
    if (j + 1 < f->n)
      z3_assert_if(z, z3_not(z, f->at_least[j + 1]), z3_le(z, v, c));
  }
  return v;
}

static Z3_ast is_value(z3_encoder *z, const z3_factor *f, int32_t j) { return z3_and(z, f->at_least[j], z3_not(z, f->at_least[j + 1])); }

/* c >= value[j] gives one side and c <= value[j] the other, as long as q keeps its sign. */
Z3_ast z3_split_product(z3_encoder *z, const z3_factor *f, Z3_ast q, sym_wide lo, sym_wide hi, sym_wide p_lo, sym_wide p_hi) {
  if (f->n == 1)
    return z3_times(z, f->value[0], q);
  Z3_ast p = z3_integer(z, p_lo, p_hi);
  for (int32_t j = 0; j < f->n; j++) {
    Z3_ast part = z3_times(z, f->value[j], q), above = f->at_least[j], below = z3_not(z, f->at_least[j + 1]);
    if (lo < 0 && hi > 0)
      above = below = is_value(z, f, j);
    bool falls = lo < 0 && hi <= 0;
    z3_assert_if(z, falls ? below : above, z3_le(z, part, p));
    z3_assert_if(z, falls ? above : below, z3_le(z, p, part));
  }
  return p;
}

/* Up: c*q in a .. a+c-1; down: c*q in a-c+1 .. a.  The quotient falls as c grows when a >= 0. */
Z3_ast z3_split_quotient(z3_encoder *z, bool up, const z3_factor *f, Z3_ast a, sym_wide lo, sym_wide q_lo, sym_wide q_hi) {
  Z3_ast q = z3_integer(z, q_lo, q_hi);
  bool is_ordered = lo >= 0 && f->value[0] > 0;
  for (int32_t j = 0; j < f->n; j++) {
    int64_t c = f->value[j];
    if (c < 1)
      continue;
    Z3_ast part = z3_times(z, c, q), above = f->at_least[j], below = z3_not(z, f->at_least[j + 1]);
    if (!is_ordered)
      above = below = is_value(z, f, j);
    Z3_ast slack = z3_number(z, c - 1);
    z3_assert_if(z, above, z3_le(z, part, up ? z3_plus(z, a, slack) : a));
    z3_assert_if(z, below, z3_le(z, a, up ? part : z3_plus(z, part, slack)));
  }
  return q;
}

Z3_ast z3_split_remainder(z3_encoder *z, const z3_factor *f, Z3_ast a, sym_wide hi) {
  Z3_ast rest = z3_integer(z, 0, hi), q = z3_integer(z, -((sym_wide)1 << 125), (sym_wide)1 << 125);
  for (int32_t j = 0; j < f->n; j++) {
    int64_t c = f->value[j];
    if (c < 1)
      continue;
    Z3_ast whole = z3_plus(z, z3_times(z, c, q), rest), here = is_value(z, f, j);
    z3_assert_if(z, here, z3_le(z, whole, a));
    z3_assert_if(z, here, z3_le(z, a, whole));
    z3_assert_if(z, here, z3_le(z, rest, z3_number(z, c - 1)));
  }
  return rest;
}
