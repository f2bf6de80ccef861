/* How much of a tile is ever used: blocks are whole rows of lanes, and what is computed may be less than one.  Where nothing loads, stores or computes beyond some extent along a dim, in any turn,
 * the tile ends there (npt_layout.c pads it to whole vectors): vector code and the array do not walk over the rest. */
#include "target/npu/npt_lower.h"

typedef struct needs { npt_lowering *l; int64_t (*of)[TOG_RANK_MAX]; /* by buffer and dim */ bool has_grown; } needs;

int64_t npt_most(const sym_expr *e) {
  int64_t v;
  if (sym_is_const(e, &v))
    return v;
  if (e->op != SYM_MIN && e->op != SYM_MAX)
    return INT64_MAX;
  const int64_t a = npt_most(e->arg[0]), b = npt_most(e->arg[1]);
  return (a < b) == (e->op == SYM_MIN) ? a : b;
}

static void need(needs *x, int buffer, int d, int64_t extent) {
  const int64_t whole = x->l->buffers[buffer].b->shape[d], wanted = extent < 1 ? 1 : extent < whole ? extent : whole;
  if (wanted <= x->of[buffer][d])
    return;
  x->of[buffer][d] = wanted;
  x->has_grown = true;
}

static int64_t taken(const tog_node *n, const tfn_operand *o, int d) {
  const tfn_index at = o->offset[d], e = o->extent[d];
  if (o->iter[d] < 0)
    return 1;
  if (at.arg >= 0 || at.value != 0)
    return INT64_MAX;
  return e.arg < 0 ? e.value : (size_t)e.arg < n->args.n ? npt_most(n->args.at[e.arg]) : INT64_MAX;
}

/* All operands along one dim of the iteration have the same extent. */
static void of_compute(needs *x, const tog_node *n, const tfn_function *f) {
  int64_t by_iter[TFN_ITER_MAX] = {0};
  for (int round = 0; round < 2; round++)
    for (int i = 0; i < f->n_operands; i++) {
      const tfn_operand *o = &f->operand[i];
      const int buffer = n->uses.at[o->use].buffer;
      for (int d = 0; d < o->rank; d++) {
        const int iter = o->iter[d];
        const int64_t e = x->l->buffers[buffer].parts[d] > 1 ? INT64_MAX : round && iter >= 0 ? by_iter[iter] : taken(n, o, d);
        need(x, buffer, d, e);
        if (iter >= 0 && (e == INT64_MAX || x->of[buffer][d] > by_iter[iter]))
          by_iter[iter] = e == INT64_MAX ? INT64_MAX : x->of[buffer][d];
      }
    }
}

static void of_transfer(needs *x, const tog_node *n) {
  const tog_box *b = &n->box;
  int64_t fixed;
  for (int d = 0; d < b->rank; d++)
    if (b->to_dim[d] >= 0)
      need(x, n->buffer, b->to_dim[d], npt_most(b->extent[d]));
  for (int d = 0; d < x->l->buffers[n->buffer].b->rank; d++)
    need(x, n->buffer, d, n->at[d] && !(sym_is_const(n->at[d], &fixed) && fixed == 0) ? INT64_MAX : 1);
}

static void of_body(needs *x, const tog_body *body) {
  for (size_t i = 0; i < body->n; i++) {
    const tog_node *n = body->at[i];
    if (n->kind == TOG_LOOP)
      of_body(x, &n->body);
    else if (n->kind == TOG_LOAD || n->kind == TOG_STORE)
      of_transfer(x, n);
    else if (n->kind == TOG_SEND)
      of_compute(x, npt_send_as_copy(x->l, n), npt_function_of(x->l, npt_send_as_copy(x->l, n)));
    else if (n->kind == TOG_COMPUTE && n->function >= 0 && npt_function_of(x->l, n)->kind != TFN_FILL)
      of_compute(x, n, npt_function_of(x->l, n));
  }
}

void npt_end_tiles(npt_lowering *l) {
  needs x = {.l = l, .of = arena_array(l->mem, l->t->buffers.n + 1, sizeof *x.of), .has_grown = !l->open.extent};
  while (x.has_grown) {
    x.has_grown = false;
    of_body(&x, &l->t->body);
  }
  for (size_t i = 0; i < l->t->buffers.n; i++)
    for (int d = 0; d < l->buffers[i].b->rank; d++)
      if (x.of[i][d] > 0 && l->buffers[i].parts[d] == 1 && x.of[i][d] < l->buffers[i].extent[d])
        l->buffers[i].extent[d] = x.of[i][d];
}
