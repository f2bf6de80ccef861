#include "nest/nest.h"
#include "base/text.h"

const sym_expr *nest_value_elems(arena *m, const nest *n, int value) {
  const nest_value *v = &n->values.at[value];
  const sym_expr *e = sym_const(m, 1);
  for (int d = 0; d < v->rank; d++)
    e = sym_mul(m, e, v->dim[d]);
  return e;
}

nest_node *nest_make_node(arena *m, nest_node_kind kind) {
  nest_node *x = ARENA_NEW(m, nest_node);
  *x = (nest_node){.kind = kind, .across = -1, .only_first = -1};
  return x;
}

bool nest_tensor_is_view(const nest_tensor *t) { return t->stride[0] > 0; }

const char *nest_iterator_name(arena *m, const nest *n, int loop) { return arena_printf(m, "it_%s", n->loops.at[loop].block); }

/* Needs no arena, unlike sym_depends on a made-up name. */
bool nest_uses_iterator(const sym_expr *e, const char *block) {
  if (!e)
    return false;
  if (e->op == SYM_SYM)
    return text_starts(e->name, "it_") && text_eq(e->name + 3, block);
  return nest_uses_iterator(e->arg[0], block) || nest_uses_iterator(e->arg[1], block) || nest_uses_iterator(e->arg[2], block);
}

bool nest_access_uses(const nest *n, const nest_node *access, int loop) {
  for (int d = 0; d < access->n_dims; d++)
    if (access->dim[d].loop == loop || nest_uses_iterator(access->dim[d].offset, n->loops.at[loop].block))
      return true;
  return false;
}

bool nest_loop_uses(const nest *n, int inner, int outer) { return nest_uses_iterator(n->loops.at[inner].extent, n->loops.at[outer].block); }

static size_t collect_accesses(const nest_body *b, const nest_node **out, size_t room, size_t count) {
  for (size_t i = 0; i < b->n; i++) {
    const nest_node *x = b->at[i];
    if (x->kind == NEST_LOOP)
      count = collect_accesses(&x->body, out, room, count);
    else if (x->kind == NEST_LOAD || x->kind == NEST_STORE) {
      if (count < room)
        out[count] = x;
      count++;
    }
  }
  return count;
}

size_t nest_accesses(const nest *n, const nest_node **out, size_t room) { return collect_accesses(&n->body, out, room, 0); }

/* Depth of `node` below `b`, -1 when it is not there; the loops on the way go to `loops`. */
static int find_enclosing(const nest_body *b, const nest_node *node, int depth, int *loops, size_t room) {
  for (size_t i = 0; i < b->n; i++) {
    const nest_node *x = b->at[i];
    if (x == node)
      return depth;
    if (x->kind != NEST_LOOP)
      continue;
    if ((size_t)depth < room)
      loops[depth] = x->loop;
    int found = find_enclosing(&x->body, node, depth + 1, loops, room);
    if (found >= 0)
      return found;
  }
  return -1;
}

size_t nest_enclosing(const nest *n, const nest_node *node, int *out_loops, size_t room) {
  int found = find_enclosing(&n->body, node, 0, out_loops, room);
  return found < 0 ? 0 : (size_t)found;
}

int nest_symbol_index(const nest *n, const char *name) {
  for (size_t i = 0; i < n->symbols.n; i++)
    if (text_eq(n->symbols.at[i].name, name))
      return (int)i;
  return -1;
}

/* How many accesses of the same tensor come before `access` in program order. */
static bool count_before(const nest_body *b, const nest_node *access, int *count) {
  for (size_t i = 0; i < b->n; i++) {
    const nest_node *x = b->at[i];
    if (x == access)
      return true;
    if (x->kind == NEST_LOOP) {
      if (count_before(&x->body, access, count))
        return true;
    } else if ((x->kind == NEST_LOAD || x->kind == NEST_STORE) && x->tensor == access->tensor)
      ++*count;
  }
  return false;
}

const char *nest_access_name(arena *m, const nest *n, const nest_node *access) {
  int before = 0;
  count_before(&n->body, access, &before);
  const char *name = n->tensors.at[access->tensor].name;
  return before ? arena_printf(m, "%s.%d", name, before + 1) : name;
}

static bool node_names(const nest_node *x, int value) {
  for (size_t i = 0; i < x->inputs.n; i++)
    if (x->inputs.at[i] == value)
      return true;
  return x->value == value;
}

/* Does the hardware take the value in whole tiles: is it loaded, stored, sent, multiplied or transposed?  Others are worked on element by element. */
static bool is_tiled(const nest_body *b, int value) {
  for (size_t i = 0; i < b->n; i++) {
    const nest_node *x = b->at[i];
    bool is_element_wise = x->kind == NEST_COMPUTE && !text_eq(x->op, "matmul") && !text_eq(x->op, "batch_matmul") && !text_eq(x->op, "transpose");
    if (x->kind == NEST_LOOP ? is_tiled(&x->body, value) : !is_element_wise && node_names(x, value))
      return true;
  }
  return false;
}

void nest_set_alignment(nest *n, int64_t tile_align) {
  for (size_t s = 0; s < n->symbols.n; s++)
    n->symbols.at[s].align = 1;
  for (size_t v = 0; v < n->values.n; v++) {
    const nest_value *val = &n->values.at[v];
    if (!is_tiled(&n->body, (int)v))
      continue;
    for (int d = val->rank > 2 ? val->rank - 2 : 0; d < val->rank; d++)
      for (size_t s = 0; s < n->symbols.n; s++)
        if (sym_depends(val->dim[d], n->symbols.at[s].name))
          n->symbols.at[s].align = tile_align;
  }
}

/* ---- iterators ---- */

typedef struct last_of { arena *mem; const nest *n; } last_of;

/* As deep as loops are many: an extent names iterators of earlier loops alone (nest_verify). */
static const sym_expr *last_iterator(void *data, const char *name) {
  const last_of *d = data;
  if (!text_starts(name, "it_"))
    return NULL;
  for (size_t l = 0; l < d->n->loops.n; l++)
    if (text_eq(name + 3, d->n->loops.at[l].block)) {
      const sym_expr *extent = sym_subst(d->mem, d->n->loops.at[l].extent, last_iterator, data);
      return sym_sub(d->mem, sym_ceildiv(d->mem, extent, sym_name(d->mem, d->n->loops.at[l].block)), sym_const(d->mem, 1));
    }
  return NULL;
}

const sym_expr *nest_at_last_iterators(arena *m, const nest *n, const sym_expr *e) {
  last_of d = {m, n};
  return sym_subst(m, e, last_iterator, &d);
}
