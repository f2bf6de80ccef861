/* Which dims of a buffer run along the rows and the columns of its tiles.  Products fix the dims of their operands; the roles spread through elementwise ops and
 * reductions to all that they touch; what is left has its last two dims as rows and columns. */
#include "target/tt/tt_private.h"
#include "base/text.h"

typedef struct inference {
  loom_ctx *ctx;
  const tog *t;
  const tfn_function *f;
  tt_buffer *buffers;
  bool changed;
} inference;

static int role_dim(const tt_buffer *b, tt_dim role) {
  for (int d = 0; d < b->b->rank; d++)
    if (b->role[d] == role)
      return d;
  return -1;
}

static void set_role(inference *s, tt_buffer *b, int dim, tt_dim role) {
  if (b->role[dim] != TT_OPEN || (role != TT_BATCH && role_dim(b, role) >= 0))
    return;
  b->role[dim] = role;
  s->changed = true;
}

static tt_buffer *buffer_of(inference *s, const tog_node *n, const tfn_operand *o) { return &s->buffers[n->uses.at[o->use].buffer]; }

/* What is known of the iteration's dims. */
static void collect(inference *s, const tog_node *n, const tfn_function *f, tt_dim *iter) {
  for (int d = 0; d < TFN_ITER_MAX; d++)
    iter[d] = TT_OPEN;
  for (int i = f->n_operands - 1; i >= 0; i--) {
    const tfn_operand *o = &f->operand[i];
    const tt_buffer *b = buffer_of(s, n, o);
    for (int d = 0; d < o->rank; d++)
      if (o->iter[d] >= 0 && iter[o->iter[d]] == TT_OPEN)
        iter[o->iter[d]] = b->role[d];
  }
}

static void spread(inference *s, const tog_node *n, const tfn_function *f) {
  tt_dim iter[TFN_ITER_MAX];
  collect(s, n, f, iter);
  bool has_row = false, has_col = false;
  for (int d = 0; d < f->n_iter; d++) {
    has_row = has_row || iter[d] == TT_ROW;
    has_col = has_col || iter[d] == TT_COL;
  }
  for (int i = 0; i < f->n_operands; i++) {
    const tfn_operand *o = &f->operand[i];
    tt_buffer *b = buffer_of(s, n, o);
    for (int d = 0; d < o->rank; d++) {
      int it = o->iter[d];
      if (it >= 0 && iter[it] != TT_OPEN)
        set_role(s, b, d, iter[it]);
      else if ((it >= 0 && has_row && has_col) || d < o->dropped)
        set_role(s, b, d, TT_BATCH);
      else if (it < 0 && d >= o->dropped && d == o->rank - 1 && has_row && role_dim(b, TT_ROW) >= 0)
        set_role(s, b, d, TT_COL);        /* [.., rows, 1] */
      else if (it < 0 && d >= o->dropped && d == o->rank - 2 && has_col && role_dim(b, TT_COL) == o->rank - 1)
        set_role(s, b, d, TT_ROW);        /* [.., 1, columns] */
    }
  }
}

static void fix_product(inference *s, const tog_node *n, const tfn_function *f) {
  for (int i = 0; i < 3; i++) {
    const tfn_operand *o = &f->operand[i];
    tt_buffer *b = buffer_of(s, n, o);
    set_role(s, b, o->rank - 1, TT_COL);
    set_role(s, b, o->rank - 2, TT_ROW);
    for (int d = 0; d < o->rank; d++)
      set_role(s, b, d, TT_BATCH);
    for (int d = 0; d < o->rank; d++)
      b->contracted[d] = b->contracted[d] || (i < 2 && o->iter[d] == f->k_iter);
  }
}

/* A sent tile lies in its receiver's slot as it lay in its own. */
static void spread_gather(inference *s, const tog_node *n) {
  tt_buffer *from = &s->buffers[n->buffer], *to = &s->buffers[n->to];
  int extra = to->b->rank - from->b->rank;
  for (int d = 0; d < from->b->rank && extra >= 0; d++) {
    if (from->role[d] != TT_OPEN)
      set_role(s, to, d + extra, from->role[d]);
    if (to->role[d + extra] != TT_OPEN)
      set_role(s, from, d, to->role[d + extra]);
  }
  for (int d = 0; d < extra; d++)
    set_role(s, to, d, TT_BATCH);
}

typedef void (*visit_fn)(inference *, const tog_node *, const tfn_function *);
typedef struct pass { visit_fn compute; bool products; } pass;

static void visit(inference *s, const tog_body *body, pass p) {
  for (size_t i = 0; i < body->n; i++) {
    const tog_node *n = body->at[i];
    if (n->kind == TOG_LOOP)
      visit(s, &n->body, p);
    else if (n->kind == TOG_SEND && !p.products)
      spread_gather(s, n);
    else if (n->kind == TOG_COMPUTE && n->function >= 0 && (s->f[n->function].kind == TFN_MATMUL || !p.products))
      p.compute(s, n, &s->f[n->function]);
  }
}

static void settle(inference *s) {
  do {
    s->changed = false;
    visit(s, &s->t->body, (pass){spread, false});
  } while (s->changed);
}

/* The open buffer of the highest rank gets the usual roles. */
static bool decide_one(inference *s) {
  tt_buffer *best = NULL;
  for (size_t i = 0; i < s->t->buffers.n; i++) {
    tt_buffer *b = &s->buffers[i];
    bool open = false;
    for (int d = 0; d < b->b->rank; d++)
      open = open || b->role[d] == TT_OPEN;
    if (open && (!best || b->b->rank > best->b->rank))
      best = b;
  }
  if (!best)
    return false;
  int rank = best->b->rank;
  set_role(s, best, rank - 1, TT_COL);
  if (rank > 1)
    set_role(s, best, rank - 2, TT_ROW);
  for (int d = 0; d < rank; d++)
    set_role(s, best, d, TT_BATCH);
  return true;
}

loom_status tt_infer_roles(loom_ctx *ctx, const tog *t, const tfn_function *f, tt_buffer *buffers) {
  inference s = {.ctx = ctx, .t = t, .f = f, .buffers = buffers};
  visit(&s, &t->body, (pass){fix_product, true});
  settle(&s);
  while (decide_one(&s))
    settle(&s);
  for (size_t i = 0; i < t->buffers.n; i++) {
    tt_buffer *b = &buffers[i];
    b->row = role_dim(b, TT_ROW);
    b->col = role_dim(b, TT_COL);
    b->pages = 1;
    for (int d = 0; d < b->b->rank; d++) {
      b->count[d] = d == b->row || d == b->col ? (b->b->shape[d] + TT_TILE - 1) / TT_TILE : b->b->shape[d];
      b->pages *= b->count[d];
    }
  }
  return LOOM_OK;
}

/* ---- the iteration of one op ---- */

loom_status tt_find_iter_roles(loom_ctx *ctx, const tfn_function *f, const tt_buffer *const *by_operand, tt_iter_roles *out) {
  *out = (tt_iter_roles){.row = -1, .col = -1};
  for (int d = 0; d < f->n_iter; d++)
    out->at[d] = TT_BATCH;
  for (int i = f->n_operands - 1; i >= 0; i--) {       /* the output first */
    const tfn_operand *o = &f->operand[i];
    for (int d = 0; d < o->rank; d++) {
      tt_dim role = by_operand[i]->role[d];
      if (o->iter[d] < 0 || (role != TT_ROW && role != TT_COL))
        continue;
      int *dim = role == TT_ROW ? &out->row : &out->col, other = role == TT_ROW ? out->col : out->row;
      if (*dim < 0 && o->iter[d] != other)
        *dim = o->iter[d];
    }
  }
  if (out->row >= 0)
    out->at[out->row] = TT_ROW;
  if (out->col >= 0)
    out->at[out->col] = TT_COL;
  if (f->kind == TFN_MATMUL) {             /* columns of in0, rows of in1 */
    out->at[f->k_iter] = TT_COL;
    return LOOM_OK;
  }
  for (int i = 0; i < f->n_operands; i++)
    for (int d = 0; d < f->operand[i].rank; d++) {
      int it = f->operand[i].iter[d];
      tt_dim role = by_operand[i]->role[d];
      if (it >= 0 && (role == TT_BATCH) != (out->at[it] == TT_BATCH))
        LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUNSUP, "tile function '%s' takes dim %d of '%s' %s tiles, where the other operands have it %s", f->name, d, by_operand[i]->b->name,
                  role == TT_BATCH ? "from tile to tile and not along" : "along", role == TT_BATCH ? "along rows or columns" : "from tile to tile");
    }
  return LOOM_OK;
}
