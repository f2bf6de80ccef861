/* What the iterations of a loop touch: whether they may run in any order, and whether a block size other than 1 leaves elements out. */
#include "nest/nest.h"
#include "base/text.h"

static bool is_iterator(const sym_expr *e, const char *block) { return e->op == SYM_SYM && text_starts(e->name, "it_") && text_eq(e->name + 3, block); }

/* ---- any order ---- */

/* Block sizes are at least 1, iterators at least 0. */
static bool is_positive(const sym_expr *e) {
  int64_t constant;
  if (sym_is_const(e, &constant))
    return constant > 0;
  if (e->op == SYM_SYM)
    return !text_starts(e->name, "it_");
  return (e->op == SYM_MUL || e->op == SYM_ADD || e->op == SYM_CEILDIV) && is_positive(e->arg[0]) && is_positive(e->arg[1]);
}

/* Is it certain that size <= e * factor, for a positive e? */
static bool step_covers(const sym_expr *e, int64_t factor, const sym_expr *size) {
  int64_t elems;
  if (sym_is_const(size, &elems) && elems <= factor)
    return true;
  return sym_equal(e, size) || (e->op == SYM_MUL && (step_covers(e->arg[0], factor, size) || step_covers(e->arg[1], factor, size)));
}

/* A term of a sum that names the iterator: it_<block> times something that is at least `size`? */
static bool term_steps(const sym_expr *e, const char *block, int64_t factor, const sym_expr *other, const sym_expr *size) {
  int64_t constant;
  if (is_iterator(e, block))
    return other ? is_positive(other) && step_covers(other, factor, size) : sym_is_const(size, &constant) && constant <= factor;
  if (e->op != SYM_MUL)
    return false;
  for (int i = 0; i < 2; i++) {
    const sym_expr *rest = e->arg[1 - i];
    if (!nest_uses_iterator(e->arg[i], block) || nest_uses_iterator(rest, block))
      continue;
    if (sym_is_const(rest, &constant))
      return constant > 0 && constant < INT32_MAX && factor < INT32_MAX && term_steps(e->arg[i], block, factor * constant, other, size);
    return !other && term_steps(e->arg[i], block, factor, rest, size);   /* two symbolic factors: not proved */
  }
  return false;
}

/* Exactly one term of the sum names the iterator, and steps far enough. */
static bool sum_steps(const sym_expr *e, const char *block, const sym_expr *size) {
  if (e->op != SYM_ADD)
    return term_steps(e, block, 1, NULL, size);
  bool left = nest_uses_iterator(e->arg[0], block), right = nest_uses_iterator(e->arg[1], block);
  return left != right && sum_steps(e->arg[left ? 0 : 1], block, size);
}

static bool is_inside(const nest *n, int loop, int outer) {
  for (int p = n->loops.at[loop].parent; p >= 0; p = n->loops.at[p].parent)
    if (p == outer)
      return true;
  return false;
}

static bool moves_with(const nest *n, const nest_access_dim *d, int loop) {
  return d->loop == loop || nest_uses_iterator(d->offset, n->loops.at[loop].block);
}

/* Do the boxes of two iterations of `loop` have nothing in common along this dim, whatever the loops inside it do? */
static bool dim_separates(const nest *n, const nest_access_dim *d, int loop) {
  const nest_loop *l = &n->loops.at[loop];
  for (size_t i = 0; i < n->loops.n; i++)
    if (is_inside(n, (int)i, loop) && (moves_with(n, d, (int)i) || nest_uses_iterator(d->size, n->loops.at[i].block)))
      return false;
  int64_t constant;
  if (d->loop == loop)
    return !nest_uses_iterator(d->offset, l->block) && (sym_is_const(d->size, &constant) ? constant <= 1 : d->size->op == SYM_SYM && text_eq(d->size->name, l->block));
  return nest_uses_iterator(d->offset, l->block) && sum_steps(d->offset, l->block, d->size);
}

static bool is_store_separate(const nest *n, const nest_node *store, int loop) {
  for (int d = 0; d < store->n_dims; d++)
    if (dim_separates(n, &store->dim[d], loop))
      return true;
  return false;
}

static bool is_same_box(const nest_node *a, const nest_node *b) {
  bool is_same = a->n_dims == b->n_dims;
  for (int d = 0; is_same && d < a->n_dims; d++)
    is_same = a->dim[d].loop == b->dim[d].loop && sym_equal(a->dim[d].offset, b->dim[d].offset) && sym_equal(a->dim[d].size, b->dim[d].size);
  return is_same;
}

bool nest_load_meets_store(const nest *n, const nest_node *load, const nest_node *store, int loop) {
  return !is_same_box(load, store) || !is_store_separate(n, store, loop);
}

static bool body_has(const nest_body *b, const nest_node *node) {
  for (size_t i = 0; i < b->n; i++)
    if (b->at[i] == node || (b->at[i]->kind == NEST_LOOP && body_has(&b->at[i]->body, node)))
      return true;
  return false;
}

static bool body_loads(const nest_body *b, int tensor) {
  for (size_t i = 0; i < b->n; i++)
    if ((b->at[i]->kind == NEST_LOAD && b->at[i]->tensor == tensor) || (b->at[i]->kind == NEST_LOOP && body_loads(&b->at[i]->body, tensor)))
      return true;
  return false;
}

/* Nothing made before the loop is changed in it, and no store meets another iteration's store or load. */
static bool body_is_free(const nest *n, const nest_body *b, const nest_body *whole, int loop) {
  for (size_t i = 0; i < b->n; i++) {
    const nest_node *x = b->at[i];
    if (x->kind == NEST_LOOP && !body_is_free(n, &x->body, whole, loop))
      return false;
    if (x->kind == NEST_STORE && (!is_store_separate(n, x, loop) || body_loads(whole, x->tensor)))
      return false;
    bool makes = x->kind == NEST_LOAD || x->kind == NEST_COMPUTE || x->kind == NEST_GATHER;
    if (makes && !body_has(whole, n->values.at[x->value].def))
      return false;
  }
  return true;
}

static const nest_node *find_loop(const nest_body *b, int loop) {
  for (size_t i = 0; i < b->n; i++) {
    if (b->at[i]->kind != NEST_LOOP)
      continue;
    const nest_node *inner = b->at[i]->loop == loop ? b->at[i] : find_loop(&b->at[i]->body, loop);
    if (inner)
      return inner;
  }
  return NULL;
}

bool nest_loop_is_parallel(const nest *n, int loop) {
  if (loop < n->n_parallel)
    return true;
  const nest_node *node = find_loop(&n->body, loop);
  return node && body_is_free(n, &node->body, &node->body, loop);
}

/* ---- blocks of which one element is taken ---- */

/* Does the access take more when the block grows: by a size, or by a loop it moves with that runs over the block? */
static bool access_grows(const nest *n, const nest_node *x, const char *block) {
  for (int d = 0; d < x->n_dims; d++)
    if (sym_depends(x->dim[d].size, block))
      return true;
  for (size_t l = 0; l < n->loops.n; l++)
    if (sym_depends(n->loops.at[l].extent, block) && nest_access_uses(n, x, (int)l))
      return true;
  return false;
}

typedef struct census { size_t moving, growing; bool store_left_out; } census;

static void count_accesses(const nest *n, const nest_body *b, int loop, census *c) {
  for (size_t i = 0; i < b->n; i++) {
    const nest_node *x = b->at[i];
    if (x->kind == NEST_LOOP)
      count_accesses(n, &x->body, loop, c);
    if ((x->kind != NEST_LOAD && x->kind != NEST_STORE) || !nest_access_uses(n, x, loop))
      continue;
    bool grows = access_grows(n, x, n->loops.at[loop].block);
    c->moving++;
    c->growing += grows;
    c->store_left_out |= x->kind == NEST_STORE && !grows;
  }
}

/* A size that the kernel fixes is what its author wants, whatever is taken of the block. */
bool nest_symbol_covers_one(const nest *n, int symbol) {
  if (n->symbols.at[symbol].fixed)
    return false;
  for (size_t l = 0; l < n->loops.n; l++) {
    if (!text_eq(n->loops.at[l].block, n->symbols.at[symbol].name))
      continue;
    census c = {0};
    count_accesses(n, &n->body, (int)l, &c);
    if (c.store_left_out || (c.moving > 0 && c.growing == 0))
      return true;
  }
  return false;
}

/* ---- outputs ---- */

/* Is every body of this loop done at least once? */
static bool is_entered(const nest_loop *l) { return is_positive(l->extent) && (!l->clamp || is_positive(l->clamp)); }

/* The symbol, or the number where the kernel fixes it. */
static bool is_block(const nest *n, const sym_expr *size, const char *block) {
  int64_t value;
  const int k = nest_symbol_index(n, block);
  return (size->op == SYM_SYM && text_eq(size->name, block)) || (k >= 0 && sym_is_const(size, &value) && value == n->symbols.at[k].fixed);
}

static bool dim_is_covered(const nest *n, const nest_access_dim *d, int64_t extent) {
  int64_t value;
  if (!sym_is_const(d->offset, &value) || value != 0)
    return false;
  if (d->loop < 0)
    return sym_is_const(d->size, &value) && value == extent;
  const nest_loop *l = &n->loops.at[d->loop];
  return is_block(n, d->size, l->block) && sym_is_const(l->extent, &value) && value == extent && !l->clamp;
}

/* Each loop moves one dim: two that move together are a diagonal, and of a loop whose first core alone stores there is one block. */
static bool store_covers(const nest *n, const nest_node *x) {
  for (int d = 0; d < x->n_dims; d++) {
    if (!dim_is_covered(n, &x->dim[d], n->tensors.at[x->tensor].shape[d]))
      return false;
    if (x->dim[d].loop < 0)
      continue;
    bool is_moved = x->dim[d].loop == x->only_first;
    for (int k = 0; k < d; k++)
      is_moved = is_moved || x->dim[k].loop == x->dim[d].loop;
    if (is_moved)
      return false;
  }
  return true;
}

static bool body_covers(const nest *n, const nest_body *b, int tensor) {
  for (size_t i = 0; i < b->n; i++) {
    const nest_node *x = b->at[i];
    if (x->kind == NEST_LOOP && is_entered(&n->loops.at[x->loop]) && body_covers(n, &x->body, tensor))
      return true;
    if (x->kind == NEST_STORE && x->tensor == tensor && store_covers(n, x))
      return true;
  }
  return false;
}

bool nest_tensor_is_covered(const nest *n, int tensor) {
  for (int l = 0; l < n->n_parallel; l++)
    if (!is_entered(&n->loops.at[l]))
      return false;
  return body_covers(n, &n->body, tensor);
}
