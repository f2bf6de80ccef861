/* Programs that take the first size of their tensors when they are run: one loop goes over it, every box of those tensors takes rows of its turn, and nothing else knows how many
 * there are.  Other sizes stay numbers. */
#include "target/npu/npt_lower.h"
#include "base/text.h"

typedef struct opening { npt_lowering *l; const sym_expr *extent, *turned; } opening;

static bool is_rows(const opening *x, const sym_expr *e) { return x->extent && (sym_equal(e, x->extent) || sym_equal(e, x->turned)); }

/* Where a row is, as far as it does not say how many there are. */
static bool is_place(const opening *x, const sym_expr *e) {
  int64_t factor;
  return !sym_depends(e, x->l->open.var) || e->op == SYM_SYM || (e->op == SYM_MUL && e->arg[0]->op == SYM_SYM && sym_is_const(e->arg[1], &factor));
}

static bool takes_rows(opening *x, const tog_node *n) {
  const tog_box *b = &n->box;
  npt_open *o = &x->l->open;
  int64_t step, extent;
  for (int d = 0; d < b->rank; d++) {
    if (!sym_depends(b->offset[d], o->var) && !sym_depends(b->extent[d], o->var))
      continue;
    const int64_t size = x->l->t->tensors.at[b->tensor].shape[0];
    if (d != 0 || b->has_view || !is_place(x, b->offset[d]) || b->offset[d]->op != SYM_MUL || !sym_is_const(b->offset[d]->arg[1], &step) || (o->step && (o->step != step || o->size != size)))
      return false;
    if (!o->step) {
      arena *m = x->l->mem;
      const sym_expr *left = sym_sub(m, sym_const(m, size), b->offset[d]);
      *o = (npt_open){.var = o->var, .step = step, .size = size};
      x->extent = sym_min(m, sym_const(m, step), left);
      x->turned = sym_min(m, left, sym_const(m, step));
    }
    if (!is_rows(x, b->extent[d]) && !(sym_is_const(b->extent[d], &extent) && extent == step))
      return false;
  }
  return true;
}

static bool look(opening *x, const tog_body *body, bool boxes) {
  for (size_t i = 0; i < body->n; i++) {
    const tog_node *n = body->at[i];
    if (n->kind == TOG_LOOP && (sym_depends(n->trip, x->l->open.var) || !look(x, &n->body, boxes)))
      return false;
    if (boxes && (n->kind == TOG_LOAD || n->kind == TOG_STORE) && !takes_rows(x, n))
      return false;
    for (size_t k = 0; !boxes && n->kind == TOG_COMPUTE && k < n->args.n + n->numbers.n; k++) {
      const sym_expr *e = k < n->args.n ? n->args.at[k] : n->numbers.at[k - n->args.n];
      if (!is_rows(x, e) && !is_place(x, e))
        return false;
    }
  }
  return true;
}

/* A tensor whose rows are open is touched by them alone. */
static bool is_by_rows(const opening *x, const tog_body *body, int tensor, bool *is_open, bool *is_else) {
  for (size_t i = 0; i < body->n; i++) {
    const tog_node *n = body->at[i];
    if (n->kind == TOG_LOOP)
      is_by_rows(x, &n->body, tensor, is_open, is_else);
    if ((n->kind != TOG_LOAD && n->kind != TOG_STORE) || n->box.tensor != tensor)
      continue;
    bool is_row = !n->box.has_view && n->box.rank > 0 && sym_depends(n->box.offset[0], x->l->open.var);
    *(is_row ? is_open : is_else) = true;
  }
  return !(*is_open && *is_else);
}

static bool try_loop(npt_lowering *l, const tog_node *loop) {
  opening x = {.l = l};
  l->open = (npt_open){.var = loop->var};
  if (!look(&x, &l->t->body, true) || !l->open.step || !look(&x, &l->t->body, false))
    return false;
  for (size_t i = 0; i < l->t->tensors.n; i++) {
    bool is_open = false, is_else = false;
    if (!is_by_rows(&x, &l->t->body, (int)i, &is_open, &is_else))
      return false;
  }
  l->open.extent = x.extent;
  l->open.turned = x.turned;
  return true;
}

static bool find_loop(npt_lowering *l, const tog_body *body) {
  int64_t trip;
  for (size_t i = 0; i < body->n; i++)
    if (body->at[i]->kind == TOG_LOOP && ((sym_is_const(body->at[i]->trip, &trip) && try_loop(l, body->at[i])) || find_loop(l, &body->at[i]->body)))
      return true;
  return false;
}

loom_status npt_open_rows(npt_lowering *l) {
  if (find_loop(l, &l->t->body))
    return LOOM_OK;
  l->open = (npt_open){0};
  diag_error(l->ctx, LOOM_NOSPAN, LOOM_EUNSUP, "the number of rows cannot be left open: there is no loop over the first dim of tensors whose turns all do the same");
  diag_help(l->ctx, "compile for the largest number of rows, with a block size below it; tensors must not be views");
  return LOOM_EUNSUP;
}

const sym_expr *npt_opened(npt_lowering *l, const sym_expr *e) {
  const npt_open *o = &l->open;
  if (!o->extent || !(sym_equal(e, o->extent) || sym_equal(e, o->turned)))
    return e;
  return npt_open_extent(l);
}

const sym_expr *npt_open_extent(npt_lowering *l) {
  const npt_open *o = &l->open;
  const sym_expr *first = sym_mul(l->mem, sym_name(l->mem, o->var), sym_const(l->mem, o->step));
  return sym_min(l->mem, sym_const(l->mem, o->step), sym_sub(l->mem, sym_name(l->mem, NPT_ROWS), first));
}
