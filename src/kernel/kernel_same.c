#include "kernel/kernel_same.h"
#include <math.h>

enum { SAME_DEPTH_MAX = 4000 };

/* Values are compared on demand, from what has an effect back to what it is made of.  Equal pairs are remembered when they are assumed, so that
 * carried values may refer to themselves; a difference ends everything, so that no assumption has to be taken back, but for the two orders of
 * the operands of a commutative size, which undo theirs. */
typedef struct pair { int32_t a, b; } pair;
typedef struct names { const char *a, *b; } names;
typedef struct region_pair { const kernel_op *a, *b; } region_pair;
typedef struct place { const kernel_op *op; int region, index; size_t effects; } place;   /* of a value: its op and, of a parameter, where */

typedef struct comparison {
  arena *mem;
  const kernel_graph *a, *b;
  bool loose;
  const char *why;
  place *in_a, *in_b;                    /* by value: where a parameter stands */
  VEC_OF(int32_t) *known;                /* by value of a: values of b that are the same */
  VEC_OF(pair) trail;                    /* in the order they were assumed */
  VEC_OF(names) symbols;
  VEC_OF(pair) tensors;
  VEC_OF(region_pair) ops;               /* ops with regions that correspond */
  bool *written_a, *written_b;           /* by tensor */
  int depth;
} comparison;

static bool same_value(comparison *c, kernel_value a, kernel_value b);
static bool same_region(comparison *c, const kernel_region *a, const kernel_region *b);
static bool same_op(comparison *c, const kernel_op *a, const kernel_op *b);

static bool differ(comparison *c, const kernel_op *a, const kernel_op *b, const char *what) {
  if (!c->why)
    c->why = arena_printf(c->mem, "%s: %s at line %d, %s at line %d", what, a ? kernel_op_name(a->kind) : "-", a ? a->span.line : 0,
                          b ? kernel_op_name(b->kind) : "-", b ? b->span.line : 0);
  return false;
}

/* `same`, and where it is not, why. */
static bool same_or(comparison *c, bool same, const kernel_op *a, const kernel_op *b, const char *what) { return same || differ(c, a, b, what); }

/* ---- effects ---- */
static bool has_effect(const kernel_op *op) {
  if (op->kind == KERNEL_STORE || op->kind == KERNEL_ATOMIC || op->kind == KERNEL_PARALLEL || op->kind == KERNEL_BARRIER)
    return true;
  for (int r = 0; r < op->n_regions; r++)
    for (size_t i = 0; i < op->regions[r].ops.n; i++)
      if (has_effect(op->regions[r].ops.at[i]))
        return true;
  return false;
}

static void index_region(const kernel_op *owner, int number, const kernel_region *r, place *out, bool *written, size_t *effects) {
  for (size_t i = 0; i < r->params.n; i++)
    out[r->params.at[i]] = (place){owner, number, (int)i, 0};
  for (size_t i = 0; i < r->ops.n; i++) {
    const kernel_op *op = r->ops.at[i];
    for (int j = 0; j < op->n_results; j++)
      out[op->results[j]] = (place){op, -1, j, *effects};
    if (op->kind == KERNEL_STORE || op->kind == KERNEL_ATOMIC || op->kind == KERNEL_BARRIER)
      ++*effects;
    if (op->kind == KERNEL_STORE || op->kind == KERNEL_ATOMIC)
      written[op->tensor] = true;
    for (int j = 0; j < op->n_regions; j++)
      index_region(op, j, &op->regions[j], out, written, effects);
  }
}

/* ---- symbols and sizes ---- */
static const sym_expr *known_size(void *data, const char *name) {
  comparison *c = ((void **)data)[0];
  const kernel_graph *g = ((void **)data)[1];
  const kernel_symbol *s = kernel_find_symbol(g, name);
  return s && s->kind == KERNEL_SYM_SIZE && s->value >= 0 ? sym_const(c->mem, s->value) : NULL;
}

static const sym_expr *simplified(comparison *c, const kernel_graph *g, const sym_expr *e) {
  void *data[] = {c, (void *)(uintptr_t)g};
  return sym_subst(c->mem, e, known_size, data);
}

/* The value that RUNTIME symbol `name` is bound to, in the innermost region that has it; a symbol may be bound once. */
static kernel_value bound_value(const kernel_region *r, const char *name) {
  for (size_t i = 0; i < r->ops.n; i++) {
    const kernel_op *op = r->ops.at[i];
    if (op->kind == KERNEL_BIND && op->expr && op->expr->op == SYM_SYM && text_eq(op->expr->name, name))
      return op->operands[0];
    for (int j = 0; j < op->n_regions; j++) {
      kernel_value v = bound_value(&op->regions[j], name);
      if (v >= 0)
        return v;
    }
  }
  return -1;
}

static bool pair_symbols(comparison *c, const char *a, const char *b) {
  for (size_t i = 0; i < c->symbols.n; i++)
    if (text_eq(c->symbols.at[i].a, a) || text_eq(c->symbols.at[i].b, b))
      return text_eq(c->symbols.at[i].a, a) && text_eq(c->symbols.at[i].b, b);
  vec_push(c->mem, &c->symbols, ((names){a, b}));
  return true;
}

static bool same_symbol(comparison *c, const char *a, const char *b) {
  const kernel_symbol *x = kernel_find_symbol(c->a, a), *y = kernel_find_symbol(c->b, b);
  if (!x || !y || x->kind != y->kind)
    return false;
  if (x->kind == KERNEL_SYM_RUNTIME) {
    kernel_value va = bound_value(&c->a->body, a), vb = bound_value(&c->b->body, b);
    return va >= 0 && vb >= 0 && same_value(c, va, vb);
  }
  if (x->kind == KERNEL_SYM_NOMINAL)
    return same_symbol(c, x->block, y->block);
  if (x->kind == KERNEL_SYM_BLOCK && (x->value != y->value || x->is_padded != y->is_padded || x->divides != y->divides))
    return false;
  return pair_symbols(c, a, b);
}

/* What is assumed so far, and taking back what came since. */
typedef struct mark { size_t trail, symbols, tensors, ops; const char *why; } mark;

static mark save(const comparison *c) { return (mark){c->trail.n, c->symbols.n, c->tensors.n, c->ops.n, c->why}; }

static void forget(comparison *c, mark m) {
  while (c->trail.n > m.trail) {
    c->trail.n--;
    c->known[c->trail.at[c->trail.n].a].n--;
  }
  c->symbols.n = m.symbols;
  c->tensors.n = m.tensors;
  c->ops.n = m.ops;
  c->why = m.why;
}

static bool same_sizes(comparison *c, const sym_expr *a, const sym_expr *b);

static bool same_operands(comparison *c, const sym_expr *a, const sym_expr *b, bool swapped) {
  mark before = save(c);
  bool same = true;
  for (int i = 0; i < 3 && same; i++) {
    const sym_expr *y = b->arg[swapped && i < 2 ? 1 - i : i];
    same = !y || same_sizes(c, a->arg[i], y);      /* the same operation: as many operands */
  }
  if (!same)
    forget(c, before);
  return same;
}

static bool same_sizes(comparison *c, const sym_expr *a, const sym_expr *b) {
  if (a->op != b->op)
    return false;
  if (a->op == SYM_CONST)
    return a->value == b->value;
  if (a->op == SYM_SYM)
    return same_symbol(c, a->name, b->name);
  const bool swaps = (1u << a->op) & (1u << SYM_ADD | 1u << SYM_MUL | 1u << SYM_MIN | 1u << SYM_MAX);
  return same_operands(c, a, b, false) || (swaps && same_operands(c, a, b, true));
}

static bool same_size(comparison *c, const sym_expr *a, const sym_expr *b) {
  if (!a || !b)
    return !a && !b;
  return same_sizes(c, simplified(c, c->a, a), simplified(c, c->b, b));
}

static bool same_type(comparison *c, const kernel_type *a, const kernel_type *b) {
  if (a->type != b->type || a->rank != b->rank)
    return false;
  for (int i = 0; i < a->rank; i++)
    if (!same_size(c, a->dim[i], b->dim[i]))
      return false;
  return true;
}

/* ---- tensors ---- */
static bool same_tensor(comparison *c, kernel_tensor a, kernel_tensor b);

static bool same_memory(comparison *c, const kernel_tensor_info *x, const kernel_tensor_info *y) {
  if (x->role != y->role)
    return c->loose && (x->role == KERNEL_VIEW || y->role == KERNEL_VIEW);
  if (x->role == KERNEL_VIEW && !c->loose) {
    for (int d = 0; d < x->shape.rank; d++)
      if (!same_size(c, x->stride[d], y->stride[d]))
        return false;
    return same_size(c, x->offset, y->offset) && same_tensor(c, x->base, y->base);
  }
  if (x->role == KERNEL_ALLOC && x->fill != y->fill)
    return c->loose && (x->fill == KERNEL_FILL_EMPTY || y->fill == KERNEL_FILL_EMPTY);
  return x->role != KERNEL_ALLOC || x->fill != KERNEL_FILL_VALUE || !(x->fill_value < y->fill_value || x->fill_value > y->fill_value);
}

static bool same_tensor(comparison *c, kernel_tensor a, kernel_tensor b) {
  if (a < 0 || b < 0)
    return a == b;
  for (size_t i = 0; i < c->tensors.n; i++)
    if (c->tensors.at[i].a == a || c->tensors.at[i].b == b)
      return c->tensors.at[i].a == a && c->tensors.at[i].b == b;
  vec_push(c->mem, &c->tensors, ((pair){a, b}));
  const kernel_tensor_info *x = &c->a->tensors.at[a], *y = &c->b->tensors.at[b];
  return same_type(c, &x->shape, &y->shape) && same_memory(c, x, y);
}

static kernel_tensor returned(const comparison *c, const kernel_graph *g, kernel_tensor t) {
  while (c->loose && t >= 0 && g->tensors.at[t].role == KERNEL_VIEW)
    t = g->tensors.at[t].base;
  return t;
}

/* ---- values ---- */
static bool is_known(const comparison *c, kernel_value a, kernel_value b) {
  for (size_t i = 0; i < c->known[a].n; i++)
    if (c->known[a].at[i] == b)
      return true;
  return false;
}

static void assume(comparison *c, kernel_value a, kernel_value b) {
  vec_push(c->mem, &c->known[a], b);
  vec_push(c->mem, &c->trail, ((pair){a, b}));
}

/* Without a step, steps of 1. */
static const sym_expr *step_of(comparison *c, const kernel_range *r) { return r->step || r->block ? r->step : sym_const(c->mem, 1); }

static bool same_range(comparison *c, const kernel_range *a, const kernel_range *b) {
  if (!a->block != !b->block || (a->block && !same_symbol(c, a->block, b->block)))
    return false;
  return same_size(c, a->begin, b->begin) && same_size(c, a->end, b->end) && same_size(c, step_of(c, a), step_of(c, b));
}

static kernel_value yielded(const kernel_op *op, int region, int index) {
  const kernel_region *r = &op->regions[region];
  return r->ops.at[r->ops.n - 1]->operands[index];
}

static bool are_paired(comparison *c, const kernel_op *a, const kernel_op *b, bool *other) {
  *other = false;
  for (size_t i = 0; i < c->ops.n; i++)
    if (c->ops.at[i].a == a || c->ops.at[i].b == b) {
      *other = c->ops.at[i].a != a || c->ops.at[i].b != b;
      return !*other;
    }
  return false;
}

/* Ops with regions correspond once and for all: their ranges and conditions are compared when they meet. */
static bool pair_ops(comparison *c, const kernel_op *a, const kernel_op *b) {
  bool other;
  if (are_paired(c, a, b, &other))
    return true;
  if (other || a->kind != b->kind || a->n_ranges != b->n_ranges || a->n_results != b->n_results)
    return differ(c, a, b, "these do not correspond");
  vec_push(c->mem, &c->ops, ((region_pair){a, b}));
  if (a->kind == KERNEL_LOOP && !same_range(c, &a->ranges[0], &b->ranges[0]))
    return differ(c, a, b, "different ranges");
  if (a->kind == KERNEL_IF && !same_value(c, a->operands[0], b->operands[0]))
    return differ(c, a, b, "different conditions");
  if (a->kind == KERNEL_WHILE && !same_value(c, yielded(a, 0, 0), yielded(b, 0, 0)))
    return differ(c, a, b, "different conditions");
  return true;
}

/* Result i of loop a is result j of loop b: they start, go on and are used alike.  `first`: params in front of the carried ones. */
static bool same_carried(comparison *c, const kernel_op *a, const kernel_op *b, int i, int j) {
  bool is_while = a->kind == KERNEL_WHILE;
  int first = is_while ? 0 : 1, body = is_while ? 1 : 0;
  for (int r = 0; r <= body; r++)
    assume(c, a->regions[r].params.at[first + i], b->regions[r].params.at[first + j]);
  assume(c, a->results[i], b->results[j]);
  if (!same_value(c, a->operands[i], b->operands[j]))
    return differ(c, a, b, "a carried value starts differently");
  return same_or(c, same_value(c, yielded(a, body, i), yielded(b, body, j)), a, b, "a carried value goes on differently");
}

/* A range of a PARALLEL has one partner. */
static bool is_param_taken(const comparison *c, const kernel_op *op, kernel_value a, kernel_value b) {
  for (size_t i = 0; i < op->regions[0].params.n; i++)
    if (is_known(c, op->regions[0].params.at[i], b))
      return true;
  return c->known[a].n > 0;
}

static bool same_param(comparison *c, kernel_value a, kernel_value b) {
  const place *x = &c->in_a[a], *y = &c->in_b[b];
  bool other;
  if (x->region != y->region || !are_paired(c, x->op, y->op, &other))
    return differ(c, x->op, y->op, "parameters of different regions");
  switch (x->op->kind) {
  case KERNEL_PARALLEL:
    if (is_param_taken(c, x->op, a, b))
      return differ(c, x->op, y->op, "a range that corresponds to two");
    assume(c, a, b);
    return same_or(c, same_range(c, &x->op->ranges[x->index], &y->op->ranges[y->index]), x->op, y->op, "different ranges");
  case KERNEL_LOOP:
    if (!x->index || !y->index) {
      assume(c, a, b);
      return same_or(c, x->index == y->index, x->op, y->op, "a tile number and a carried value");
    }
    return same_carried(c, x->op, y->op, x->index - 1, y->index - 1);
  case KERNEL_WHILE: return same_carried(c, x->op, y->op, x->index, y->index);
  default: return same_or(c, x->index == y->index, x->op, y->op, "different parameters");   /* FOLD, SCAN */
  }
}

static bool same_result(comparison *c, const kernel_op *a, const kernel_op *b, int i, int j) {
  if (a->kind == KERNEL_LOOP || a->kind == KERNEL_WHILE)
    return pair_ops(c, a, b) && same_carried(c, a, b, i, j);
  if (a->kind == KERNEL_IF)
    return pair_ops(c, a, b) && same_value(c, yielded(a, 0, i), yielded(b, 0, j)) && same_value(c, yielded(a, 1, i), yielded(b, 1, j));
  if (i != j)
    return differ(c, a, b, "different results");
  return same_op(c, a, b);
}

static bool same_value(comparison *c, kernel_value a, kernel_value b) {
  if (a < 0 || b < 0)
    return a == b;
  if (is_known(c, a, b))
    return true;
  if (c->depth >= SAME_DEPTH_MAX)
    return differ(c, NULL, NULL, "values nested too deep to compare");
  const kernel_op *x = c->a->values.at[a].def, *y = c->b->values.at[b].def;
  if (!x != !y || (x && x->kind != y->kind))
    return differ(c, x, y, "different operations");
  c->depth++;
  bool same;
  if (!x) {
    same = same_param(c, a, b);
  } else {
    assume(c, a, b);
    same = same_or(c, same_type(c, &c->a->values.at[a].type, &c->b->values.at[b].type), x, y, "different types");
    same = same && same_result(c, x, y, c->in_a[a].index, c->in_b[b].index);
  }
  c->depth--;
  return same;
}

/* ---- operations ---- */
static bool is_zero(const sym_expr *e) {
  int64_t n;
  return !e || (sym_is_const(e, &n) && n == 0);
}

static bool same_index(comparison *c, const kernel_index *a, const kernel_index *b) {
  bool unmoved = a->kind == KERNEL_INDEX_TILE && is_zero(a->begin) && is_zero(b->begin);   /* a tile + 0 is the tile */
  return a->kind == b->kind && a->dim == b->dim && a->rank == b->rank && same_value(c, a->value, b->value) && (unmoved || same_size(c, a->begin, b->begin)) &&
         same_size(c, a->end, b->end);
}

static bool same_memory_order(const comparison *c, const kernel_op *a, const kernel_op *b) {
  if (a->kind != KERNEL_LOAD || (!c->written_a[a->tensor] && !c->written_b[b->tensor]))
    return true;
  return c->in_a[a->results[0]].effects == c->in_b[b->results[0]].effects;
}

/* An op that is no loop, branch or grid; the regions of FOLD and SCAN are compared here. */
static bool same_op(comparison *c, const kernel_op *a, const kernel_op *b) {
  bool is_memory = a->kind == KERNEL_LOAD || a->kind == KERNEL_STORE || a->kind == KERNEL_ATOMIC;
  if (a->kind != b->kind || a->fn != b->fn || a->n_operands != b->n_operands || a->n_index != b->n_index || a->ivalue != b->ivalue || a->flag != b->flag)
    return differ(c, a, b, "different operations");
  if (a->fvalue < b->fvalue || a->fvalue > b->fvalue || isnan(a->fvalue) != isnan(b->fvalue))
    return differ(c, a, b, "different numbers");
  if (a->kind == KERNEL_PERMUTE && memcmp(a->perm, b->perm, sizeof a->perm) != 0)
    return differ(c, a, b, "different orders of dims");
  if (is_memory && !same_tensor(c, a->tensor, b->tensor))
    return differ(c, a, b, "different tensors");
  if (!same_memory_order(c, a, b))
    return differ(c, a, b, "read before and after a store");
  for (int i = 0; i < a->n_operands; i++)
    if (!same_value(c, a->operands[i], b->operands[i]))
      return differ(c, a, b, "different operands");
  for (int i = 0; i < a->n_index; i++)
    if (!same_index(c, &a->index[i], &b->index[i]))
      return differ(c, a, b, "different indices");
  if ((a->kind == KERNEL_INDEX_EXPR || a->kind == KERNEL_EXTRACT) && !same_size(c, a->expr, b->expr))
    return differ(c, a, b, "different index expressions");
  if (a->kind != KERNEL_FOLD && a->kind != KERNEL_SCAN)
    return true;
  if (!pair_ops(c, a, b))
    return false;
  for (int i = 0; i < a->n_operands; i++)
    if (!same_value(c, yielded(a, 0, i), yielded(b, 0, i)))
      return differ(c, a, b, "combined differently");
  return true;
}

/* Every range of a has one of b; those of a that no operation looked at take what is left. */
static bool same_ranges(comparison *c, const kernel_op *a, const kernel_op *b) {
  bool used[KERNEL_RANK_MAX] = {false};
  for (int i = 0; i < a->n_ranges; i++) {
    bool found = false;
    for (int j = 0; j < b->n_ranges && !found; j++) {
      mark before = save(c);
      if (used[j])
        continue;
      found = used[j] = same_range(c, &a->ranges[i], &b->ranges[j]);
      if (!found)
        forget(c, before);
    }
    if (!found)
      return differ(c, a, b, "different ranges");
  }
  return true;
}

static bool same_effect(comparison *c, const kernel_op *a, const kernel_op *b) {
  if (a->kind != b->kind)
    return differ(c, a, b, "different effects");
  if (!a->n_regions)
    return same_op(c, a, b);
  if (!pair_ops(c, a, b))
    return false;
  for (int r = 0; r < a->n_regions; r++)
    if (!same_region(c, &a->regions[r], &b->regions[r]))
      return false;
  return a->kind != KERNEL_PARALLEL || same_ranges(c, a, b);
}

static const kernel_op *next_effect(const kernel_region *r, size_t *i) {
  while (*i < r->ops.n)
    if (has_effect(r->ops.at[(*i)++]))
      return r->ops.at[*i - 1];
  return NULL;
}

static bool same_region(comparison *c, const kernel_region *a, const kernel_region *b) {
  size_t i = 0, j = 0;
  for (;;) {
    const kernel_op *x = next_effect(a, &i), *y = next_effect(b, &j);
    if (!x && !y)
      return true;
    if (!x || !y)
      return differ(c, x, y, "one graph does more");
    if (!same_effect(c, x, y))
      return false;
  }
}

bool kernel_same(arena *m, const kernel_graph *a, const kernel_graph *b, bool loose_tensors, const char **why, kernel_tensor *partner) {
  comparison c = {.mem = m, .a = a, .b = b, .loose = loose_tensors};
  size_t effects = 0;
  c.in_a = ARENA_NEW_N(m, place, a->values.n);
  c.in_b = ARENA_NEW_N(m, place, b->values.n);
  c.known = arena_array(m, a->values.n + 1, sizeof *c.known);
  c.written_a = ARENA_NEW_N(m, bool, a->tensors.n);
  c.written_b = ARENA_NEW_N(m, bool, b->tensors.n);
  index_region(NULL, 0, &a->body, c.in_a, c.written_a, &effects);
  effects = 0;
  index_region(NULL, 0, &b->body, c.in_b, c.written_b, &effects);
  bool same = same_region(&c, &a->body, &b->body);
  if (same && a->returns.n != b->returns.n)
    same = differ(&c, NULL, NULL, "different numbers of results");
  for (size_t i = 0; same && i < a->returns.n; i++)
    same = same_or(&c, same_tensor(&c, returned(&c, a, a->returns.at[i]), returned(&c, b, b->returns.at[i])), NULL, NULL, arena_printf(m, "result %zu", i));
  for (size_t i = 0; partner && i < a->tensors.n; i++)
    partner[i] = -1;
  for (size_t i = 0; partner && i < c.tensors.n; i++)
    partner[c.tensors.at[i].a] = c.tensors.at[i].b;
  if (why)
    *why = c.why;
  return same;
}
