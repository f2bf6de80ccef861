/* Sizes that differ from call to call (static_shapes=False).  Reading goes on with the numbers of one call; whatever it decides from such a
 * number becomes a guard of the graph, so that a call for which the decision would be another one is refused.
 *
 * A size of 1 is a number and no symbol (Helion compiles 0 and 1 apart), so that one that varies is 2 or more in every call. */
#include "frontend/helion/helion_value.h"

enum { LEAST_SIZE = 2 };
#define NO_BOUND (INT64_MIN / 4)

bool helion_is_fixed(const helion_reader *r, const sym_expr *e) {
  int i = helion_symbol_of(r, e);
  if (i >= 0)
    return !r->symbols.at[i].varies;
  for (int a = 0; a < 3; a++)
    if (e->arg[a] && !helion_is_fixed(r, e->arg[a]))
      return false;
  return true;
}

bool helion_fixed(helion_reader *r, const sym_expr *e, int64_t *out) { return helion_is_fixed(r, e) && helion_peek(r, e, out); }

bool helion_fixed_int(helion_reader *r, const helion_value *v, int64_t *out) {
  return v->kind == HELION_BOOL ? helion_known_int(r, v, out) : v->kind == HELION_INT && helion_fixed(r, v->size, out);
}

bool helion_known(helion_reader *r, const sym_expr *e, int64_t *out) {
  if (!helion_peek(r, e, out))
    return false;
  helion_assume(r, SYM_EQ, e, sym_const(r->mem, *out));
  return true;
}

/* ---- what holds for all sizes ---- */
/* `e` is never less; NO_BOUND: nothing is known. */
static int64_t least(const helion_reader *r, const sym_expr *e) {
  int64_t a = e->arg[0] ? least(r, e->arg[0]) : 0, b = e->arg[1] ? least(r, e->arg[1]) : 0, n, out = NO_BOUND;
  int i = helion_symbol_of(r, e);
  if (i >= 0)
    return r->symbols.at[i].kind == KERNEL_SYM_SIZE ? (r->symbols.at[i].varies ? LEAST_SIZE : r->symbols.at[i].value)
           : r->symbols.at[i].kind == KERNEL_SYM_RUNTIME ? NO_BOUND : 1;
  switch (e->op) {
  case SYM_CONST: return e->value;
  case SYM_ADD: return a == NO_BOUND || b == NO_BOUND || __builtin_add_overflow(a, b, &out) ? NO_BOUND : out;
  case SYM_SUB: return a == NO_BOUND || !sym_is_const(e->arg[1], &n) || __builtin_sub_overflow(a, n, &out) ? NO_BOUND : out;
  case SYM_MUL: return a < 0 || b < 0 || __builtin_mul_overflow(a, b, &out) ? NO_BOUND : out;
  case SYM_CEILDIV: return a < 0 || b < 1 ? NO_BOUND : a > 0;
  case SYM_FLOORDIV: return a < 0 || b < 1 ? NO_BOUND : sym_is_const(e->arg[1], &n) && n > 0 ? a / n : 0;
  case SYM_MOD: return b < 1 ? NO_BOUND : 0;
  case SYM_MIN: return a < b ? a : b;
  case SYM_MAX: return a > b ? a : b;
  default: return NO_BOUND;
  }
}

/* a - b, where they are one expression plus or minus numbers. */
static bool known_difference(helion_reader *r, const sym_expr *a, const sym_expr *b, int64_t *out) {
  int64_t n;
  const sym_expr *side[2] = {a, b};
  *out = 0;
  for (int i = 0; i < 2; i++)
    while ((side[i]->op == SYM_ADD || side[i]->op == SYM_SUB) && sym_is_const(side[i]->arg[1], &n) && n > -(INT64_C(1) << 40) && n < INT64_C(1) << 40) {
      *out += (side[i]->op == SYM_ADD) == (i == 0) ? n : -n;
      side[i] = side[i]->arg[0];
    }
  return helion_surely_same(r, side[0], side[1]);
}

static bool always_holds(helion_reader *r, sym_op relation, const sym_expr *a, const sym_expr *b) {
  int64_t n;
  if (known_difference(r, a, b, &n))
    return relation == SYM_EQ ? n == 0 : relation == SYM_NE ? n != 0 : relation == SYM_LT ? n < 0 : relation == SYM_LE ? n <= 0 : relation == SYM_GT ? n > 0 : n >= 0;
  switch (relation) {
  case SYM_NE: return (sym_is_const(b, &n) && least(r, a) > n) || (sym_is_const(a, &n) && least(r, b) > n);
  case SYM_GE: return sym_is_const(b, &n) && least(r, a) >= n;
  case SYM_GT: return sym_is_const(b, &n) && least(r, a) > n;
  case SYM_LE: return sym_is_const(a, &n) && least(r, b) >= n;
  case SYM_LT: return sym_is_const(a, &n) && least(r, b) > n;
  default: return false;
  }
}

/* ---- guards ---- */
/* A size that has to be one number is that number from here on. */
static void close_size(helion_reader *r, const sym_expr *e, const sym_expr *number) {
  int i = helion_symbol_of(r, e);
  int64_t n;
  if (i >= 0 && r->symbols.at[i].varies && sym_is_const(number, &n))
    r->symbols.at[i].varies = false;
}

static void add_guard(helion_reader *r, const sym_expr *holds) {
  for (size_t i = 0; i < r->graph->guards.n; i++) {
    const sym_expr *g = r->graph->guards.at[i].holds;
    bool turned = g->op == holds->op && (g->op == SYM_EQ || g->op == SYM_NE) && sym_equal(g->arg[0], holds->arg[1]) && sym_equal(g->arg[1], holds->arg[0]);
    if (turned || sym_equal(g, holds))
      return;
  }
  vec_push(r->mem, &r->graph->guards, ((kernel_guard){holds, r->place ? r->place->span : LOOM_NOSPAN}));
}

static sym_op mirrored(sym_op relation) {
  switch (relation) {
  case SYM_LT: return SYM_GT;
  case SYM_GT: return SYM_LT;
  case SYM_LE: return SYM_GE;
  case SYM_GE: return SYM_LE;
  default: return relation;
  }
}

void helion_assume(helion_reader *r, sym_op relation, const sym_expr *a, const sym_expr *b) {
  if (!r->is_dynamic || (helion_is_fixed(r, a) && helion_is_fixed(r, b)) || always_holds(r, relation, a, b))
    return;
  bool turned = a->op == SYM_CONST;
  add_guard(r, turned ? sym_make(r->mem, mirrored(relation), b, a, NULL) : sym_make(r->mem, relation, a, b, NULL));
  if (relation == SYM_EQ) {
    close_size(r, a, b);
    close_size(r, b, a);
  }
}

void helion_assume_element(helion_reader *r, const char *argument, int64_t at, int64_t value) {
  const sym_expr *element = sym_name(r->mem, arena_printf(r->mem, "%s[%" PRId64 "]", argument, at));
  add_guard(r, sym_make(r->mem, SYM_EQ, element, sym_const(r->mem, value), NULL));
}

bool helion_decide(helion_reader *r, sym_op relation, const sym_expr *a, const sym_expr *b, bool *out) {
  static const struct { sym_op yes, no; } inverse[] = {{SYM_EQ, SYM_NE}, {SYM_NE, SYM_EQ}, {SYM_LT, SYM_GE}, {SYM_GE, SYM_LT}, {SYM_GT, SYM_LE}, {SYM_LE, SYM_GT}};
  int64_t x, y;
  if (!helion_peek(r, a, &x) || !helion_peek(r, b, &y))
    return false;
  *out = relation == SYM_EQ   ? x == y
         : relation == SYM_NE ? x != y
         : relation == SYM_LT ? x < y
         : relation == SYM_GE ? x >= y
         : relation == SYM_GT ? x > y
                              : x <= y;
  for (size_t i = 0; i < sizeof inverse / sizeof *inverse; i++)
    if (inverse[i].yes == relation)
      helion_assume(r, *out ? relation : inverse[i].no, a, b);
  return true;
}

bool helion_decide_number(helion_reader *r, sym_op relation, const sym_expr *a, int64_t b, bool *out) {
  return helion_decide(r, relation, a, sym_const(r->mem, b), out);
}

/* Equal for this call; with block sizes in them the parts that differ have to be sizes. */
bool helion_assume_same(helion_reader *r, const sym_expr *a, const sym_expr *b) {
  int64_t x, y;
  if (helion_surely_same(r, a, b))
    return true;
  if (helion_peek(r, a, &x) && helion_peek(r, b, &y)) {
    if (x == y)
      helion_assume(r, SYM_EQ, a, b);
    return x == y;
  }
  if (a->op != b->op || !a->arg[0])
    return false;
  for (int i = 0; i < 3; i++)
    if (a->arg[i] && !helion_assume_same(r, a->arg[i], b->arg[i]))
      return false;
  return true;
}

/* ---- positions in a dim whose size varies ---- */
/* size + e, e below 0. */
static const sym_expr *from_end(helion_reader *r, const sym_expr *size, const sym_expr *e) {
  int64_t n;
  return sym_is_const(e, &n) && n > INT64_MIN ? sym_sub(r->mem, size, sym_const(r->mem, -n)) : sym_add(r->mem, size, e);
}

/* Whether it holds for numbers that are known in this call, with the guard that it goes on to do so (or not to). */
static bool holds_here(helion_reader *r, sym_op relation, const sym_expr *a, const sym_expr *b) {
  bool holds = false;
  (void)helion_decide(r, relation, a, b, &holds);
  return holds;
}

const sym_expr *helion_open_bound(helion_reader *r, const helion_value *v, const sym_expr *size, const sym_expr *missing) {
  const sym_expr *zero = sym_const(r->mem, 0);
  bool negative;
  if (!v || v->kind == HELION_NONE)
    return missing;
  if (v->kind != HELION_INT || !helion_decide(r, SYM_LT, v->size, zero, &negative))
    return NULL;
  const sym_expr *e = negative ? from_end(r, size, v->size) : v->size;
  if (holds_here(r, SYM_LT, e, zero))
    return zero;
  return holds_here(r, SYM_GT, e, size) ? size : e;
}

static bool fixed_bound(helion_reader *r, const helion_value *v) { return !v || v->kind != HELION_INT || helion_is_fixed(r, v->size); }

bool helion_open_bounds(helion_reader *r, const helion_slice *s, const sym_expr *size, const sym_expr **from, const sym_expr **to) {
  int64_t n;
  if (!r->is_dynamic || !helion_peek(r, size, &n) || (helion_is_fixed(r, size) && fixed_bound(r, s->begin) && fixed_bound(r, s->end)))
    return false;
  const sym_expr *first = helion_open_bound(r, s->begin, size, sym_const(r->mem, 0)), *last = helion_open_bound(r, s->end, size, size);
  if (!first || !last)
    return false;
  *from = first;
  *to = holds_here(r, SYM_GT, first, last) ? first : last;
  return true;
}

const sym_expr *helion_open_index(helion_reader *r, const sym_expr *e, const sym_expr *size) {
  const sym_expr *zero = sym_const(r->mem, 0), *at = holds_here(r, SYM_LT, e, zero) ? from_end(r, size, e) : e;
  (void)holds_here(r, SYM_LT, at, size);
  (void)holds_here(r, SYM_GE, at, zero);
  return at;
}

/* ---- names ---- */
const char *helion_argument_size(helion_reader *r, int symbol) {
  const helion_symbol *s = &r->symbols.at[symbol];
  return s->tensor >= 0 ? arena_printf(r->mem, "%s.%d", r->graph->tensors.at[s->tensor].name, s->dim) : NULL;
}
