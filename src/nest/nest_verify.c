#include "nest/nest.h"
#include "base/text.h"

/* Walks the body once, in program order; keeps which loops are open and which values are made. */
typedef struct verifier {
  loom_ctx *ctx;
  const nest *n;
  bool open[NEST_LOOPS_MAX], seen[NEST_LOOPS_MAX];
  bool *made;                   /* by value */
  int *first_of;                /* by value: only the core whose iterator of this loop is 0 has it; -1: all have it */
  int64_t terms[NEST_LOOPS_MAX];   /* of a loop's extent, with the extents of the loops that it names in their place */
} verifier;

static const char *title(const nest_node *x) { return x->label ? x->label : ""; }

#define WRONG(v, ...) return diag_error((v)->ctx, LOOM_NOSPAN, LOOM_EINPUT, __VA_ARGS__)

static loom_status check_symbols_of(verifier *v, const sym_expr *e, const char *what) {
  if (!e)
    return LOOM_OK;
  if (e->op == SYM_SYM) {
    if (nest_symbol_index(v->n, e->name) >= 0)
      return LOOM_OK;
    for (size_t l = 0; l < v->n->loops.n; l++)
      if (text_starts(e->name, "it_") && text_eq(e->name + 3, v->n->loops.at[l].block))
        return LOOM_OK;
    WRONG(v, "nest %s: %s names '%s', which is no block symbol and no loop iterator", v->n->kernel, what, e->name);
  }
  for (int i = 0; i < 3; i++)
    LOOM_TRY(check_symbols_of(v, e->arg[i], what));
  return LOOM_OK;
}

/* Leaves of `e`, with those of the extents of earlier loops for their iterators; -1: names the iterator of another. */
static int64_t count_terms(const verifier *v, const sym_expr *e, size_t loop) {
  int64_t sum = 0;
  if (e->op == SYM_SYM) {
    for (size_t l = 0; l < v->n->loops.n; l++)
      if (nest_uses_iterator(e, v->n->loops.at[l].block))
        return l < loop ? v->terms[l] : -1;
    return 1;
  }
  for (int i = 0; i < 3 && e->arg[i]; i++) {
    const int64_t terms = count_terms(v, e->arg[i], loop);
    if (terms < 0)
      return -1;
    sum += terms;
  }
  return sum ? sum : 1;
}

/* Extents put in the place of iterators (nest_at_last_iterators) come to an end, and to a size. */
static loom_status check_extent(verifier *v, size_t loop) {
  enum { TERMS_MAX = 1 << 16 };
  v->terms[loop] = count_terms(v, v->n->loops.at[loop].extent, loop);
  if (v->terms[loop] < 0)
    WRONG(v, "nest %s: the extent of loop %zu names the iterator of a loop that is not before it", v->n->kernel, loop);
  if (v->terms[loop] > TERMS_MAX)
    return diag_error(v->ctx, LOOM_NOSPAN, LOOM_ELIMIT, "nest %s: the extent of loop %zu comes to more than %d terms", v->n->kernel, loop, TERMS_MAX);
  return LOOM_OK;
}

static loom_status check_tables(verifier *v) {
  const nest *n = v->n;
  for (size_t i = 0; i < n->symbols.n; i++) {
    const nest_symbol *s = &n->symbols.at[i];
    if (!s->name || nest_symbol_index(n, s->name) != (int)i)
      WRONG(v, "nest %s: block symbol '%s' appears twice", n->kernel, s->name ? s->name : "");
    if (s->align < 1)
      WRONG(v, "nest %s: block symbol '%s' has alignment %" PRId64 "; must be at least 1", n->kernel, s->name, s->align);
    if (s->fixed < 0 || (s->fixed > 1 && s->covers_one))
      WRONG(v, "nest %s: block symbol '%s' is fixed at %" PRId64 "; must be positive, and 1 where its accesses take one element", n->kernel, s->name, s->fixed);
    LOOM_TRY(check_symbols_of(v, s->upper_bound, "an upper bound"));
  }
  if (n->loops.n > NEST_LOOPS_MAX || n->n_parallel < 0 || (size_t)n->n_parallel > n->loops.n)
    WRONG(v, "nest %s: %d parallel of %zu loops; at most %d loops", n->kernel, n->n_parallel, n->loops.n, NEST_LOOPS_MAX);
  for (size_t i = 0; i < n->loops.n; i++) {
    const nest_loop *l = &n->loops.at[i];
    if ((l->kind == NEST_PARALLEL) != (i < (size_t)n->n_parallel))
      WRONG(v, "nest %s: parallel loops come first; loop %zu does not fit the count %d", n->kernel, i, n->n_parallel);
    if (!l->block || nest_symbol_index(n, l->block) < 0)
      WRONG(v, "nest %s: loop %zu has block '%s', which is no block symbol", n->kernel, i, l->block ? l->block : "");
    LOOM_TRY(check_symbols_of(v, l->extent, "a loop extent"));
    LOOM_TRY(check_symbols_of(v, l->clamp, "the clamp of a loop"));
    LOOM_TRY(check_extent(v, i));
  }
  for (size_t i = 0; i < n->tensors.n; i++) {
    const nest_tensor *t = &n->tensors.at[i];
    if (!t->name || t->rank < 0 || t->rank > NEST_RANK_MAX)
      WRONG(v, "nest %s: tensor %zu has no name or rank %d; at most %d", n->kernel, i, t->rank, NEST_RANK_MAX);
    if (t->has_lookup && (!nest_tensor_is_view(t) || t->lookup_rows < 1))
      WRONG(v, "nest %s: tensor '%s' looks up places but is no view of rows", n->kernel, t->name);
    for (int d = 0; d < t->rank; d++)
      if (t->shape[d] < 0 || t->stride[d] < 0 || (t->stride[d] > 0) != nest_tensor_is_view(t))
        WRONG(v, "nest %s: tensor '%s' has extent %" PRId64 " and stride %" PRId64 " in dim %d", n->kernel, t->name, t->shape[d], t->stride[d], d);
  }
  for (size_t i = 0; i < n->values.n; i++) {
    const nest_value *x = &n->values.at[i];
    if (x->rank < 0 || x->rank > NEST_RANK_MAX)
      WRONG(v, "nest %s: value '%s' has rank %d; at most %d", n->kernel, x->name ? x->name : "", x->rank, NEST_RANK_MAX);
    if (x->memory < 0 || x->memory >= NEST_MEMORIES_MAX)
      WRONG(v, "nest %s: value '%s' is in memory %d; at most %d memories", n->kernel, x->name ? x->name : "", x->memory, NEST_MEMORIES_MAX);
    for (int d = 0; d < x->rank; d++) {
      if (!x->dim[d])
        WRONG(v, "nest %s: value '%s' has no size in dim %d", n->kernel, x->name ? x->name : "", d);
      LOOM_TRY(check_symbols_of(v, x->dim[d], "a value's size"));
    }
  }
  return LOOM_OK;
}

static loom_status check_value(verifier *v, const nest_node *x, int value, bool must_be_made) {
  if (value < 0 || (size_t)value >= v->n->values.n)
    WRONG(v, "nest %s: '%s' names value %d of %zu", v->n->kernel, title(x), value, v->n->values.n);
  if (must_be_made && !v->made[value])
    WRONG(v, "nest %s: '%s' reads value '%s' before anything makes it", v->n->kernel, title(x), v->n->values.at[value].name);
  if (must_be_made && v->first_of[value] >= 0 && v->first_of[value] != x->only_first)
    WRONG(v, "nest %s: '%s' reads value '%s' on cores that do not have it; it is on the first core of loop '%s' alone", v->n->kernel,
          title(x), v->n->values.at[value].name, v->n->loops.at[v->first_of[value]].block);
  return LOOM_OK;
}

/* Where a node runs: on all cores, or on the first one of a parallel loop. */
static loom_status check_place(verifier *v, const nest_node *x) {
  if (x->only_first < -1 || x->only_first >= v->n->n_parallel)
    WRONG(v, "nest %s: '%s' runs on the first core of loop %d, which is no parallel loop", v->n->kernel, title(x), x->only_first);
  if ((x->kind == NEST_GATHER) != (x->across >= 0) || x->across < -1 || x->across >= v->n->n_parallel)
    WRONG(v, "nest %s: '%s' goes across loop %d; a gather goes across a parallel loop, other nodes across none", v->n->kernel, title(x),
          x->across);
  return LOOM_OK;
}

static loom_status check_access(verifier *v, const nest_node *x) {
  const nest *n = v->n;
  if (x->tensor < 0 || (size_t)x->tensor >= n->tensors.n)
    WRONG(v, "nest %s: '%s' names tensor %d of %zu", n->kernel, title(x), x->tensor, n->tensors.n);
  const nest_tensor *t = &n->tensors.at[x->tensor];
  if (x->n_dims != t->rank)
    WRONG(v, "nest %s: access of '%s' has %d dims; the tensor has %d", n->kernel, t->name, x->n_dims, t->rank);
  int kept = 0;
  for (int d = 0; d < x->n_dims; d++) {
    const nest_access_dim *a = &x->dim[d];
    if (a->loop < -1 || a->loop >= (int)n->loops.n || (a->loop >= n->n_parallel && !v->open[a->loop]))
      WRONG(v, "nest %s: dim %d of the access of '%s' moves with loop %d, which does not enclose it", n->kernel, d, t->name, a->loop);
    if (!a->size || !a->offset)
      WRONG(v, "nest %s: dim %d of the access of '%s' has no %s", n->kernel, d, t->name, a->size ? "offset" : "size");
    LOOM_TRY(check_symbols_of(v, a->offset, "an offset"));
    LOOM_TRY(check_symbols_of(v, a->size, "a size"));
    kept += !a->dropped;
  }
  LOOM_TRY(check_value(v, x, x->value, x->kind == NEST_STORE));
  if (kept != n->values.at[x->value].rank)
    WRONG(v, "nest %s: access of '%s' keeps %d dims; its value '%s' has rank %d", n->kernel, t->name, kept, n->values.at[x->value].name,
          n->values.at[x->value].rank);
  return LOOM_OK;
}

/* What an op must say of itself for its cost to be known. */
static const struct { const char *op; bool m, n_and_k, batch, body_ops, one_input; } op_rules[] = {
    {"matmul", true, true, false, false, false},      {"batch_matmul", true, true, true, false, false}, {"fill", false, false, false, false, false},
    {"generic", true, false, false, true, false},     {"broadcast", false, false, false, false, true},  {"transpose", false, false, false, false, true},
    {"move", false, false, false, false, true},
};

static bool same_shape(const nest_value *a, const nest_value *b) {
  for (int d = 0; d < a->rank && a->rank == b->rank; d++)
    if (!sym_equal(a->dim[d], b->dim[d]))
      return false;
  return a->rank == b->rank;
}

static loom_status check_compute(verifier *v, const nest_node *x) {
  const nest *n = v->n;
  size_t op = 0, n_ops = sizeof op_rules / sizeof *op_rules;
  while (op < n_ops && !text_eq(x->op, op_rules[op].op))
    op++;
  if (op == n_ops)
    WRONG(v, "nest %s: compute op '%s' is none of matmul, batch_matmul, fill, generic, broadcast, transpose, move", n->kernel, x->op ? x->op : "");
  for (size_t i = 0; i < x->inputs.n; i++)
    LOOM_TRY(check_value(v, x, x->inputs.at[i], true));
  LOOM_TRY(check_value(v, x, x->value, false));
  const bool lacks_sizes = (op_rules[op].m && !x->m) || (op_rules[op].batch && !x->batch), lacks_product = op_rules[op].n_and_k && (!x->n || !x->k);
  const bool lacks_operands = (op_rules[op].body_ops && !x->body_ops) || (op_rules[op].one_input && x->inputs.n != 1);
  if (lacks_sizes || lacks_product || lacks_operands)
    WRONG(v, "nest %s: '%s' lacks the sizes, scalar ops or inputs its cost needs", n->kernel, x->op);
  int64_t reduced;
  for (size_t i = 0; i < x->inputs.n && i < 32; i++)
    if ((x->same_place >> i & 1) && (x->inputs.at[i] == x->value || !x->k || !sym_is_const(x->k, &reduced) || reduced != 1 ||
                                     !same_shape(&n->values.at[x->inputs.at[i]], &n->values.at[x->value])))
      WRONG(v, "nest %s: '%s' reads '%s' in the place of its results, but is not element-wise on it", n->kernel, x->label ? x->label : x->op,
            n->values.at[x->inputs.at[i]].name);
  if (x->is_move != text_eq(x->op, "move"))
    WRONG(v, "nest %s: '%s' is marked as a move; only the op move is one", n->kernel, x->op);
  if (x->is_move && (!n->values.at[x->value].is_carried || !same_shape(&n->values.at[x->value], &n->values.at[x->inputs.at[0]])))
    WRONG(v, "nest %s: a move goes from '%s' to '%s', which is no accumulator of its shape", n->kernel, n->values.at[x->inputs.at[0]].name,
          n->values.at[x->value].name);
  return LOOM_OK;
}

static loom_status check_gather(verifier *v, const nest_node *x) {
  const nest *n = v->n;
  if (x->inputs.n != 1)
    WRONG(v, "nest %s: a gather has %zu inputs; expected one", n->kernel, x->inputs.n);
  LOOM_TRY(check_value(v, x, x->inputs.at[0], true));
  LOOM_TRY(check_value(v, x, x->value, false));
  const nest_value *from = &n->values.at[x->inputs.at[0]], *to = &n->values.at[x->value];
  bool fits = to->rank == from->rank + 1 && to->type == from->type && sym_depends(to->dim[0], n->loops.at[x->across].block);
  for (int d = 0; fits && d < from->rank; d++)
    fits = sym_equal(from->dim[d], to->dim[d + 1]);
  if (!fits)
    WRONG(v, "nest %s: '%s' gathers '%s'; it must have the trips of '%s' and then the dims of '%s'", n->kernel, to->name, from->name,
          n->loops.at[x->across].block, from->name);
  if (x->only_first >= 0)
    WRONG(v, "nest %s: the gather of '%s' runs on one core; all must send", n->kernel, from->name);
  return LOOM_OK;
}

/* Moves end a loop's body, and none reads what an earlier one wrote. */
static loom_status check_moves(verifier *v, const nest_body *b, int parent) {
  for (size_t i = 0; i < b->n; i++) {
    if (!b->at[i]->is_move)
      continue;
    if (parent < 0)
      WRONG(v, "nest %s: a move stands outside of any loop", v->n->kernel);
    for (size_t k = i + 1; k < b->n; k++)
      if (!b->at[k]->is_move || b->at[k]->inputs.at[0] == b->at[i]->value)
        WRONG(v, "nest %s: '%s' follows the move to '%s', whose last value it may need", v->n->kernel, title(b->at[k]),
              v->n->values.at[b->at[i]->value].name);
  }
  return LOOM_OK;
}

static loom_status check_body(verifier *v, const nest_body *b, int parent) {
  for (size_t i = 0; i < b->n; i++) {
    const nest_node *x = b->at[i];
    LOOM_TRY(check_place(v, x));
    switch (x->kind) {
    case NEST_LOOP:
      if (x->loop < v->n->n_parallel || x->loop >= (int)v->n->loops.n || v->seen[x->loop] || v->n->loops.at[x->loop].parent != parent)
        WRONG(v, "nest %s: loop node names loop %d, which is parallel, used twice or has another parent", v->n->kernel, x->loop);
      v->seen[x->loop] = v->open[x->loop] = true;
      LOOM_TRY(check_body(v, &x->body, x->loop));
      v->open[x->loop] = false;
      break;
    case NEST_LOAD:
    case NEST_STORE:
      LOOM_TRY(check_access(v, x));
      break;
    case NEST_COMPUTE:
      LOOM_TRY(check_compute(v, x));
      break;
    case NEST_GATHER:
      LOOM_TRY(check_gather(v, x));
      break;
    }
    if (x->kind == NEST_LOAD || x->kind == NEST_COMPUTE || x->kind == NEST_GATHER) {
      v->made[x->value] = true;
      v->first_of[x->value] = x->kind == NEST_GATHER ? x->across : x->only_first;
    }
  }
  return check_moves(v, b, parent);
}

loom_status nest_verify(loom_ctx *ctx, const nest *n) {
  verifier v = {.ctx = ctx, .n = n, .made = ARENA_NEW_N(&ctx->mem, bool, n->values.n + 1), .first_of = ARENA_NEW_N(&ctx->mem, int, n->values.n + 1)};
  LOOM_TRY(check_tables(&v));
  return check_body(&v, &n->body, -1);
}
