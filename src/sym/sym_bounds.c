/* Bounds of an expression over a box of domain indices.
 *
 * A subexpression of one symbol is a table over its domain, of two symbols likewise when the table is small: exact on any range of indices.
 * Products are multiplied out, so that factors of the same symbol meet in one table:
 *
 *     ceil(E/t) * (t*u*3 + c)  =  [ceil(E/t)*t] * u * 3 + [ceil(E/t)] * c              [..]: one table over t
 *     F * (a ceildiv b)       >=  (F * a) / b                                          where F is never negative
 *
 * Everything else goes by intervals of independent operands.  So the bounds are admissible by construction; they are exact wherever each
 * symbol ends up in one table of one term. */
#include "base/text.h"
#include "base/vec.h"
#include "sym/sym_ranges.h"

enum { SLOTS_MAX = 64, NODES_MAX = 1500 /* no more multiplying out from here on */, INFO_BUCKETS = 1 << 10 };

typedef enum node_kind { NODE_CONST, NODE_SPAN, NODE_LINE, NODE_GRID, NODE_APPLY, NODE_IF, NODE_QUOTIENT } node_kind;

/* SPAN: a symbol whose domain is too large for tables.  QUOTIENT: arg 0 the plain interval of F*(a div b), arg 1 F*a, arg 2 b. */
typedef struct node {
  node_kind kind;
  sym_op op;
  int32_t arg[3];
  int slot[2];
  const int64_t *values;   /* SPAN */
  const sym_line *line;
  const sym_grid *grid;
  sym_interval whole;      /* CONST: the value; while building: over all domains */
} node;

struct sym_bounds { const node *nodes; int32_t n; };

static sym_interval apply_node(const node *x, sym_interval a, sym_interval b, sym_interval c) {
  if (x->kind == NODE_APPLY)
    return sym_interval_apply(x->op, a, b);
  if (x->kind == NODE_IF)
    return sym_interval_if(a, b, c);
  /* QUOTIENT: an integer that is not below (or above) F*a / b */
  if (sym_interval_is_empty(a) || sym_interval_is_empty(b) || sym_interval_is_empty(c))
    return a;
  if (x->op == SYM_CEILDIV && b.lo > 0 && c.hi >= 1 && c.hi != INT64_MAX) {
    int64_t least = (b.lo - 1) / c.hi + 1;
    a.lo = least > a.lo ? least : a.lo;
  }
  if (x->op == SYM_FLOORDIV && b.hi >= 0 && b.hi != INT64_MAX) {
    int64_t most = b.hi / (c.lo < 1 ? 1 : c.lo);
    a.hi = most < a.hi ? most : a.hi;
  }
  return a;
}

void sym_bounds_at(const sym_bounds *b, const int32_t *from, const int32_t *to, int64_t *out_lo, int64_t *out_hi) {
  sym_interval v[b->n];
  for (int32_t i = 0; i < b->n; i++) {
    const node *x = &b->nodes[i];
    switch (x->kind) {
    case NODE_CONST: v[i] = x->whole; break;
    case NODE_SPAN: v[i] = (sym_interval){x->values[from[x->slot[0]]], x->values[to[x->slot[0]]]}; break;
    case NODE_LINE: v[i] = sym_line_between(x->line, from[x->slot[0]], to[x->slot[0]]); break;
    case NODE_GRID: v[i] = sym_grid_between(x->grid, from[x->slot[0]], to[x->slot[0]], from[x->slot[1]], to[x->slot[1]]); break;
    default: v[i] = apply_node(x, v[x->arg[0]], v[x->arg[1]], v[x->arg[2]]); break;
    }
  }
  *out_lo = v[b->n - 1].lo;
  *out_hi = v[b->n - 1].hi;
}

/* ---- building ---- */

/* A product under way: expressions of few symbols, or a node; newest first. */
typedef struct factor { const sym_expr *e; int32_t node; const struct factor *next; } factor;
typedef VEC_OF(const sym_expr *) expr_list;

/* What is known of an expression: its slots. */
typedef struct info { const sym_expr *e; uint64_t slots; struct info *next; } info;
/* A table made before. */
typedef struct table { uint64_t slots; expr_list of; int32_t node; } table;

typedef struct builder {
  loom_ctx *ctx;
  const char *const *names;
  const sym_domain *domain;
  size_t n_slots;
  VEC_OF(node) nodes;
  VEC_OF(table) tables;
  info *bucket[INFO_BUCKETS];
} builder;

static uint64_t slots_of(builder *b, const sym_expr *e) {
  info **at = &b->bucket[((uintptr_t)e >> 4) % INFO_BUCKETS];      /* looked up only: no order comes from addresses */
  for (info *i = *at; i; i = i->next)
    if (i->e == e)
      return i->slots;
  uint64_t slots = 0;
  for (size_t i = 0; e->op == SYM_SYM && i < b->n_slots; i++)
    if (text_eq(b->names[i], e->name))
      slots = UINT64_C(1) << i;
  for (int i = 0; i < sym_op_operands(e->op); i++)
    slots |= slots_of(b, e->arg[i]);
  info *made = ARENA_NEW(&b->ctx->scratch, info);
  *made = (info){e, slots, *at};
  *at = made;
  return slots;
}

static int first_slot(uint64_t slots) { return __builtin_ctzll(slots); }
static int second_slot(uint64_t slots) { return __builtin_ctzll(slots & (slots - 1)); }

/* One table holds it. */
static bool is_small(const builder *b, uint64_t slots) {
  int n = __builtin_popcountll(slots);
  if (n == 1)
    return b->domain[first_slot(slots)].n <= SYM_TABLE_MAX;
  return n == 2 && (int64_t)b->domain[first_slot(slots)].n * b->domain[second_slot(slots)].n <= SYM_PAIR_MAX;
}

static int32_t add_node(builder *b, node x) {
  if (x.kind >= NODE_APPLY) {
    for (size_t i = 0; i < b->nodes.n; i++) {
      const node *have = &b->nodes.at[i];
      if (have->kind == x.kind && have->op == x.op && have->arg[0] == x.arg[0] && have->arg[1] == x.arg[1] && have->arg[2] == x.arg[2])
        return (int32_t)i;
    }
    x.whole = apply_node(&x, b->nodes.at[x.arg[0]].whole, b->nodes.at[x.arg[1]].whole, b->nodes.at[x.arg[2]].whole);
  }
  vec_push(&b->ctx->scratch, &b->nodes, x);
  return (int32_t)b->nodes.n - 1;
}

static int32_t add_apply(builder *b, sym_op op, int32_t x, int32_t y) { return add_node(b, (node){.kind = NODE_APPLY, .op = op, .arg = {x, y, x}}); }
static int32_t add_const(builder *b, sym_wide v) { return add_node(b, (node){.kind = NODE_CONST, .whole = sym_interval_of(v)}); }

/* Multiplies the values of `e` into at[]; ok[i]: the point has a value so far.  Index i is (row, column) of the two slots. */
static loom_status multiply_in(builder *b, const sym_expr *e, uint64_t slots, sym_wide *at, bool *ok) {
  int s = first_slot(slots), t = __builtin_popcountll(slots) > 1 ? second_slot(slots) : s;
  int32_t rows = s == t ? 1 : b->domain[s].n, columns = b->domain[t].n;
  int64_t point[SLOTS_MAX] = {0}, out[64];
  sym_code *code;
  LOOM_TRY(sym_compile(b->ctx, e, b->names, b->n_slots, &code));
  for (int32_t i = 0; i < rows; i++) {
    if (s != t)
      point[s] = b->domain[s].at[i];
    for (int32_t from = 0; from < columns; from += 64) {
      size_t n = (size_t)(columns - from < 64 ? columns - from : 64), base = (size_t)i * (size_t)columns + (size_t)from;
      uint64_t valid = sym_run_many(code, point, (size_t)t, b->domain[t].at + from, n, out);
      for (size_t k = 0; k < n; k++) {
        ok[base + k] = ok[base + k] && (valid >> k & 1);
        if (ok[base + k])   /* out[] is not written where there is no value */
          at[base + k] = sym_wide_mul(at[base + k], out[k]);
      }
    }
  }
  return LOOM_OK;
}

static loom_status make_table(builder *b, uint64_t slots, const expr_list *of, int32_t *out) {
  arena *scratch = &b->ctx->scratch;
  int s = first_slot(slots), t = __builtin_popcountll(slots) > 1 ? second_slot(slots) : s;
  int32_t rows = s == t ? 1 : b->domain[s].n, columns = b->domain[t].n;
  size_t n = (size_t)rows * (size_t)columns;
  sym_wide *at = ARENA_NEW_N(scratch, sym_wide, n);
  bool *ok = ARENA_NEW_N(scratch, bool, n);
  sym_interval *values = ARENA_NEW_N(scratch, sym_interval, n);
  arena_mark code = arena_save(&b->ctx->mem);
  for (size_t i = 0; i < n; i++) {
    at[i] = 1;
    ok[i] = true;
  }
  for (size_t i = 0; i < of->n; i++)
    LOOM_TRY(multiply_in(b, of->at[i], slots, at, ok));
  arena_release(&b->ctx->mem, code);
  for (size_t i = 0; i < n; i++)
    values[i] = ok[i] ? sym_interval_of(at[i]) : SYM_NO_VALUE;
  node x = {.kind = s == t ? NODE_LINE : NODE_GRID, .slot = {s, t}, .whole = SYM_NO_VALUE};
  if (s == t)
    x.line = sym_line_make(&b->ctx->mem, values, columns);
  else
    x.grid = sym_grid_make(&b->ctx->mem, values, rows, columns);
  for (size_t i = 0; i < n; i++)
    x.whole = sym_interval_join(x.whole, values[i]);
  *out = add_node(b, x);
  return LOOM_OK;
}

static loom_status find_table(builder *b, uint64_t slots, const expr_list *of, int32_t *out) {
  for (size_t i = 0; i < b->tables.n; i++) {
    const table *t = &b->tables.at[i];
    size_t same = 0;
    while (t->slots == slots && t->of.n == of->n && same < of->n && sym_equal(t->of.at[same], of->at[same]))
      same++;
    if (t->slots == slots && t->of.n == of->n && same == of->n) {
      *out = t->node;
      return LOOM_OK;
    }
  }
  LOOM_TRY(make_table(b, slots, of, out));
  vec_push(&b->ctx->scratch, &b->tables, ((table){slots, *of, *out}));
  return LOOM_OK;
}

static const factor *add_factor(builder *b, const factor *f, const sym_expr *e, int32_t n) {
  factor *made = ARENA_NEW(&b->ctx->scratch, factor);
  *made = (factor){e, n, f};
  return made;
}

static int32_t times(builder *b, int32_t x, int32_t y) { return x < 0 ? y : add_apply(b, SYM_MUL, x, y); }

/* The slots whose factors have gone into common tables. */
typedef struct groups { uint64_t at[SLOTS_MAX]; size_t n; } groups;

static bool is_taken(const groups *g, uint64_t slots) {
  for (size_t i = 0; i < g->n; i++)
    if (!(slots & ~g->at[i]))
      return true;
  return false;
}

static bool is_disjoint(const groups *g, uint64_t slots) {
  for (size_t i = 0; i < g->n; i++)
    if (slots & g->at[i])
      return false;
  return true;
}

/* The product of all factors: one table for each slot or pair of slots, then constants and nodes. */
static loom_status close_product(builder *b, const factor *f, int32_t *out) {
  groups g = {.n = 0};
  int32_t product = -1, n;
  for (int width = 2; width >= 1; width--)      /* pairs first: they take the factors of their slots along */
    for (const factor *x = f; x; x = x->next) {
      uint64_t slots = x->e ? slots_of(b, x->e) : 0;
      if (__builtin_popcountll(slots) != width || is_taken(&g, slots))
        continue;
      expr_list of = {0};
      if (is_disjoint(&g, slots)) {
        for (const factor *y = f; y; y = y->next)
          if (y->e && slots_of(b, y->e) && !(slots_of(b, y->e) & ~slots))
            vec_push(&b->ctx->scratch, &of, y->e);
        g.at[g.n++] = slots;
      } else {                                  /* shares one slot with another pair: a table of its own */
        vec_push(&b->ctx->scratch, &of, x->e);
      }
      LOOM_TRY(find_table(b, slots, &of, &n));
      product = times(b, product, n);
    }
  sym_wide scale = 1;
  for (const factor *x = f; x; x = x->next) {
    int64_t v;
    if (x->e && sym_is_const(x->e, &v))
      scale = sym_wide_mul(scale, v);
    else if (!x->e)
      product = times(b, product, x->node);
  }
  if (product < 0 || scale != 1)
    product = times(b, product, add_const(b, scale));
  *out = product;
  return LOOM_OK;
}

/* No factor is ever negative. */
static loom_status is_never_negative(builder *b, const factor *f, bool *out) {
  *out = true;
  for (; f && *out; f = f->next) {
    const factor alone = {f->e, f->node, NULL};
    int32_t n = f->node;
    if (f->e)
      LOOM_TRY(close_product(b, &alone, &n));
    *out = b->nodes.at[n].whole.lo >= 0;
  }
  return LOOM_OK;
}

static loom_status build(builder *b, const sym_expr *e, const factor *f, int32_t *out);

/* f * e with the interval of e by itself. */
static loom_status build_apart(builder *b, const sym_expr *e, const factor *f, int32_t *out) {
  int32_t x = -1, y = 0, z = 0;
  if (e->op == SYM_SYM) {
    int s = first_slot(slots_of(b, e));
    const sym_domain *d = &b->domain[s];
    *out = add_node(b, (node){.kind = NODE_SPAN, .slot = {s, s}, .values = d->at, .whole = {d->at[0], d->at[d->n - 1]}});
  } else {
    LOOM_TRY(build(b, e->arg[0], NULL, &x));
    if (sym_op_operands(e->op) > 1)
      LOOM_TRY(build(b, e->arg[1], NULL, &y));
    if (e->op == SYM_IF)
      LOOM_TRY(build(b, e->arg[2], NULL, &z));
    *out = e->op == SYM_IF ? add_node(b, (node){.kind = NODE_IF, .op = e->op, .arg = {x, y, z}}) : add_apply(b, e->op, x, sym_op_operands(e->op) > 1 ? y : x);
  }
  return f ? close_product(b, add_factor(b, f, NULL, *out), out) : LOOM_OK;
}

/* The factors of a product that fit tables join `f`; the others are left. */
static void split_product(builder *b, const sym_expr *e, const factor **f, expr_list *left) {
  int64_t v;
  if (sym_is_const(e, &v) || is_small(b, slots_of(b, e))) {
    *f = add_factor(b, *f, e, -1);
  } else if (e->op == SYM_MUL) {
    split_product(b, e->arg[0], f, left);
    split_product(b, e->arg[1], f, left);
  } else {
    vec_push(&b->ctx->scratch, left, e);
  }
}

static bool is_divided_further(const sym_expr *e) {
  return e->op == SYM_ADD || e->op == SYM_SUB || e->op == SYM_MIN || e->op == SYM_MAX || e->op == SYM_IF || e->op == SYM_CEILDIV || e->op == SYM_FLOORDIV;
}

/* All factors go into one of those left, the other ones as they are. */
static loom_status build_product(builder *b, const sym_expr *e, const factor *f, int32_t *out) {
  expr_list left = {0};
  split_product(b, e, &f, &left);
  if (!left.n)
    return close_product(b, f, out);
  size_t into = 0;
  while (into + 1 < left.n && !is_divided_further(left.at[into]))
    into++;
  for (size_t i = 0; i < left.n; i++) {
    int32_t n;
    if (i == into)
      continue;
    LOOM_TRY(build(b, left.at[i], NULL, &n));
    f = add_factor(b, f, NULL, n);
  }
  return build(b, left.at[into], f, out);
}

static loom_status build_quotient(builder *b, const sym_expr *e, const factor *f, int32_t *out) {
  int32_t apart, scaled, by;
  LOOM_TRY(build_apart(b, e, f, &apart));
  LOOM_TRY(build(b, e->arg[0], f, &scaled));
  LOOM_TRY(build(b, e->arg[1], NULL, &by));
  *out = add_node(b, (node){.kind = NODE_QUOTIENT, .op = e->op, .arg = {apart, scaled, by}});
  return LOOM_OK;
}

/* The node of f * e. */
static loom_status build(builder *b, const sym_expr *e, const factor *f, int32_t *out) {
  int64_t v;
  int32_t x, y, z;
  if (sym_is_const(e, &v) || is_small(b, slots_of(b, e)))
    return close_product(b, add_factor(b, f, e, -1), out);
  if (e->op == SYM_MUL)
    return build_product(b, e, f, out);
  bool spreads = b->nodes.n < NODES_MAX;
  if (spreads && f && e->op != SYM_ADD && e->op != SYM_SUB && e->op != SYM_IF)
    LOOM_TRY(is_never_negative(b, f, &spreads));
  if (!spreads || !f)
    return build_apart(b, e, f, out);
  switch (e->op) {
  case SYM_ADD: case SYM_SUB: case SYM_MIN: case SYM_MAX:
    LOOM_TRY(build(b, e->arg[0], f, &x));
    LOOM_TRY(build(b, e->arg[1], f, &y));
    *out = add_apply(b, e->op, x, y);
    return LOOM_OK;
  case SYM_IF:
    LOOM_TRY(build(b, e->arg[0], NULL, &x));
    LOOM_TRY(build(b, e->arg[1], f, &y));
    LOOM_TRY(build(b, e->arg[2], f, &z));
    *out = add_node(b, (node){.kind = NODE_IF, .op = e->op, .arg = {x, y, z}});
    return LOOM_OK;
  case SYM_CEILDIV: case SYM_FLOORDIV:
    return build_quotient(b, e, f, out);
  default:
    return build_apart(b, e, f, out);
  }
}

/* Keeps what the last node needs, in the same order; it comes last. */
static sym_bounds *keep_needed(builder *b, int32_t root) {
  int32_t *place = ARENA_NEW_N(&b->ctx->scratch, int32_t, root + 1), n = 0;
  place[root] = 1;
  for (int32_t i = root; i >= 0; i--)
    for (int k = 0; place[i] && b->nodes.at[i].kind >= NODE_APPLY && k < 3; k++)
      place[b->nodes.at[i].arg[k]] = 1;
  node *kept = ARENA_NEW_N(&b->ctx->mem, node, root + 1);
  for (int32_t i = 0; i <= root; i++) {
    if (!place[i])
      continue;
    node x = b->nodes.at[i];
    for (int k = 0; x.kind >= NODE_APPLY && k < 3; k++)
      x.arg[k] = place[x.arg[k]];
    kept[n] = x;
    place[i] = n++;
  }
  sym_bounds *out = ARENA_NEW(&b->ctx->mem, sym_bounds);
  *out = (sym_bounds){kept, n};
  return out;
}

static loom_status make(builder *b, const sym_expr *e, sym_bounds **out) {
  int32_t root;
  sym_code *code;
  arena_mark mark = arena_save(&b->ctx->mem);
  LOOM_TRY(sym_compile(b->ctx, e, b->names, b->n_slots, &code));      /* every symbol has a slot */
  arena_release(&b->ctx->mem, mark);
  LOOM_TRY(build(b, e, NULL, &root));
  *out = keep_needed(b, root);
  return LOOM_OK;
}

loom_status sym_bounds_make(loom_ctx *ctx, const sym_expr *e, const char *const *slots, const sym_domain *d, size_t n, sym_bounds **out) {
  if (n > SLOTS_MAX)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_ELIMIT, "%zu symbols; bounds are made for at most %d", n, SLOTS_MAX);
  arena_mark mark = arena_save(&ctx->scratch);
  builder *b = ARENA_NEW(&ctx->scratch, builder);
  b->ctx = ctx;
  b->names = slots;
  b->domain = d;
  b->n_slots = n;
  loom_status st = make(b, e, out);
  arena_release(&ctx->scratch, mark);
  return st;
}
