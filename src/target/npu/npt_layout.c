/* Which dims of every tile lie in the lanes and side by side.  Products have two ways each, and are tried in all combinations; every other op then takes, the one with
 * most tiles decided first, the way that costs least: vector instructions, and tiles that must be laid out anew. */
#include "base/ceil.h"
#include "target/npu/npt_lower.h"

enum { PRODUCTS_TRIED_MAX = 6, MOVE_BYTES_A_CYCLE = 256, MOVE_CYCLES = 400 };

typedef struct layout_op { const tog_node *n; const tfn_function *f; int64_t times; int product; /* its number; NPT_NONE */ } layout_op;
typedef struct choosing {
  npt_lowering *l;
  VEC_OF(layout_op) ops;
  int n_products;
  npt_layout *layout; bool *is_known;     /* by buffer */
  npt_way *way; bool *is_done;            /* by op */
} choosing;

int64_t npt_padded(const npt_lowering *l, int64_t extent) {
  int64_t to = l->unit;
  if (l->has_products && extent > l->core.lanes && to < l->core.lanes)
    to = l->core.lanes;
  return ceil_to(extent, to);
}

static npt_layout operand_layout(const tfn_operand *o, npt_way w) {
  npt_layout at = {NPT_NONE, NPT_NONE};
  for (int d = 0; d < o->rank; d++) {
    if (o->iter[d] < 0)
      continue;
    if (o->iter[d] == w.lane)
      at.lane = d;
    if (o->iter[d] == w.vec)
      at.vec = d;
  }
  return at;
}

/* ---- tiles ---- */

static void place(const npt_lowering *l, npt_buffer *b, npt_tile *t) {
  const int lane = t->layout.lane, vec = t->layout.vec;
  for (int d = 0; d < b->b->rank; d++)
    t->padded[d] = b->extent[d];
  t->rounds = t->run = 1;
  if (lane != NPT_NONE && lane == vec) {
    t->row = t->run = ceil_to((b->extent[lane] + l->core.lanes - 1) / l->core.lanes, NPT_VECTOR);
    t->stride[lane] = 1;
  } else {
    if (lane != NPT_NONE && l->has_products)
      t->padded[lane] = npt_padded(l, b->extent[lane]);
    if (vec != NPT_NONE)
      t->padded[vec] = npt_padded(l, b->extent[vec]);
    t->row = vec == NPT_NONE ? NPT_VECTOR : t->padded[vec];
    if (vec != NPT_NONE)
      t->stride[vec] = 1;
    if (lane != NPT_NONE) {
      t->rounds = (t->padded[lane] + l->core.lanes - 1) / l->core.lanes;
      t->stride[lane] = t->row;
    }
  }
  t->elems = t->row * t->rounds;
  for (int d = b->b->rank - 1; d >= 0; d--) {
    if (d == lane || d == vec)
      continue;
    t->stride[d] = t->elems;
    t->elems *= t->padded[d];
  }
  for (int d = b->b->rank - 1; d >= 0; d--) {
    t->part_stride[d] = t->elems;
    t->elems *= b->parts[d];
  }
}

loom_status npt_tile_of(npt_lowering *l, int buffer, npt_layout layout, npt_tile **out) {
  npt_buffer *b = &l->buffers[buffer];
  for (int i = 0; i < b->n_tiles; i++)
    if (b->tile[i].layout.lane == layout.lane && b->tile[i].layout.vec == layout.vec) {
      *out = &b->tile[i];
      return LOOM_OK;
    }
  if (b->n_tiles == NPT_LAYOUTS_MAX)
    LOOM_FAIL(l->ctx, LOOM_NOSPAN, LOOM_ELIMIT, "buffer '%s' is needed in more than %d layouts", b->b->name, NPT_LAYOUTS_MAX);
  npt_tile *t = &b->tile[b->n_tiles++];
  *t = (npt_tile){.layout = layout, .global = arena_printf(l->mem, b->n_tiles == 1 ? "%s_spad" : "%s_spad_%d", b->b->name, b->n_tiles)};
  place(l, b, t);
  *out = t;
  return LOOM_OK;
}

/* ---- costs ---- */

static int64_t extent_of(const choosing *c, const layout_op *op, int iter) {
  for (int i = op->f->n_operands - 1; i >= 0; i--) {
    const tfn_operand *o = &op->f->operand[i];
    for (int d = 0; d < o->rank; d++)
      if (o->iter[d] == iter)
        return c->l->buffers[op->n->uses.at[o->use].buffer].extent[d];
  }
  return 1;
}

static int64_t vectors_of(const choosing *c, const layout_op *op, npt_way w) {
  int64_t n = 1, lanes = c->l->core.lanes;
  for (int d = 0; d < op->f->n_iter; d++) {
    int64_t extent = extent_of(c, op, d);
    if (d == w.lane && d == w.vec)
      extent = ((extent + lanes - 1) / lanes + NPT_VECTOR - 1) / NPT_VECTOR;
    else if (d == w.lane)
      extent = (extent + lanes - 1) / lanes;
    else if (d == w.vec)
      extent = (extent + NPT_VECTOR - 1) / NPT_VECTOR;
    n *= extent;
  }
  return n;
}

static int64_t move_cost(const choosing *c, int buffer) {
  const npt_buffer *b = &c->l->buffers[buffer];
  int64_t bytes = tog_buffer_elems(b->b) * (int64_t)dtype_bytes(b->b->type) / MOVE_BYTES_A_CYCLE;
  return b->is_computed ? 2 * (bytes + MOVE_CYCLES) : bytes + MOVE_CYCLES / 4;      /* what is only loaded is loaded once more */
}

static int64_t cost(const choosing *c, const layout_op *op, npt_way w) {
  int64_t sum = op->product >= 0 ? 0 : 2 * vectors_of(c, op, w);
  for (int i = 0; i < op->f->n_operands; i++) {
    int buffer = op->n->uses.at[op->f->operand[i].use].buffer;
    npt_layout need = npt_layout_for(op->f, i, w);
    if (c->is_known[buffer] && (c->layout[buffer].lane != need.lane || c->layout[buffer].vec != need.vec))
      sum += move_cost(c, buffer);
  }
  return sum * op->times;
}

/* ---- ways ---- */

static void product_dims(const tfn_function *f, int *m, int *n) {
  *m = *n = NPT_NONE;
  for (int d = 0; d < f->n_iter; d++) {
    bool in[3] = {false, false, false};
    for (int i = 0; i < 3; i++)
      for (int k = 0; k < f->operand[i].rank; k++)
        in[i] = in[i] || f->operand[i].iter[k] == d;
    if (in[0] && !in[1])
      *m = d;
    if (in[1] && !in[0])
      *n = d;
  }
}

static bool is_output_dim(const tfn_function *f, int iter) { return !f->is_reduction[iter]; }

static void decide(choosing *c, size_t i, npt_way w) {
  const layout_op *op = &c->ops.at[i];
  c->way[i] = w;
  c->is_done[i] = true;
  for (int k = 0; k < op->f->n_operands; k++) {
    int buffer = op->n->uses.at[op->f->operand[k].use].buffer;
    if (c->is_known[buffer])
      continue;
    c->layout[buffer] = npt_layout_for(op->f, k, w);
    c->is_known[buffer] = true;
  }
}

npt_layout npt_layout_for(const tfn_function *f, int operand, npt_way w) {
  if (f->kind != TFN_MATMUL)
    return operand_layout(&f->operand[operand], w);
  int m, n, k = f->k_iter;
  product_dims(f, &m, &n);
  const npt_way ways[2][3] = {{{k, m}, {n, k}, {n, m}}, {{m, k}, {k, n}, {m, n}}};
  return operand_layout(&f->operand[operand], ways[w.lane][operand]);
}

static int64_t best_way(const choosing *c, const layout_op *op, npt_way *out) {
  int64_t best = INT64_MAX;
  npt_scan scan;
  const bool is_scan = npt_read_scan(op->f, &scan);      /* its dims are walked one by one */
  for (int vec = op->f->n_iter - 1; vec >= NPT_NONE; vec--)
    for (int lane = 0; lane <= op->f->n_iter; lane++) {
      npt_way w = {lane == op->f->n_iter ? NPT_NONE : lane, vec};
      if (vec >= 0 && op->f->is_reduction[vec] && !mlirOperationIsNull(op->f->op) && !mlirAttributeIsNull(ir_attr_of(op->f->op, "loom.ordered")))
        continue;                                       /* neighbours are reduced in another order */
      if (is_scan && (w.lane == scan.axis || w.vec == scan.axis || w.vec == scan.along))
        continue;
      if (w.lane >= 0 && (!is_output_dim(op->f, w.lane) || (w.lane == w.vec && extent_of(c, op, w.lane) == 1)))
        continue;
      int64_t now = cost(c, op, w);
      if (now < best) {
        best = now;
        *out = w;
      }
    }
  return best;
}

static bool reduces(const tfn_function *f) {
  for (int d = 0; d < f->n_iter; d++)
    if (f->is_reduction[d])
      return true;
  return false;
}

/* The op with most elements in tiles that are decided; of equals a reduction, which has fewer ways; the first. */
static size_t next_op(const choosing *c) {
  size_t best = c->ops.n;
  int64_t most = -1;
  for (size_t i = 0; i < c->ops.n; i++) {
    int64_t known = 0;
    if (c->is_done[i])
      continue;
    for (int k = 0; k < c->ops.at[i].f->n_operands; k++) {
      int buffer = c->ops.at[i].n->uses.at[c->ops.at[i].f->operand[k].use].buffer;
      known += c->is_known[buffer] ? 2 * tog_buffer_elems(c->l->buffers[buffer].b) : 0;
    }
    known += reduces(c->ops.at[i].f);
    if (known > most) {
      most = known;
      best = i;
    }
  }
  return best;
}

/* Bit i of `products`: product i has its rows in the lanes. */
static int64_t attempt(choosing *c, unsigned products) {
  int64_t sum = 0;
  memset(c->is_known, 0, c->l->t->buffers.n * sizeof *c->is_known);
  memset(c->is_done, 0, c->ops.n * sizeof *c->is_done);
  for (size_t i = 0; i < c->ops.n; i++) {
    if (c->ops.at[i].product >= 0) {
      const npt_way w = {c->ops.at[i].product < PRODUCTS_TRIED_MAX && (products >> c->ops.at[i].product & 1), 0};
      sum += cost(c, &c->ops.at[i], w);
      decide(c, i, w);
    }
  }
  for (size_t i; (i = next_op(c)) < c->ops.n;) {
    npt_way w = {NPT_NONE, NPT_NONE};
    sum += best_way(c, &c->ops.at[i], &w);
    decide(c, i, w);
  }
  return sum;
}

/* ---- parts ---- */

/* Elements that the operand takes along a dim of its tile: all, or where it does not begin at the first, as many as it has at most. */
static int64_t part_of(const layout_op *op, const tfn_operand *o, int d, int64_t shape) {
  const tfn_index at = o->offset[d], e = o->extent[d];
  int64_t take = o->iter[d] < 0 ? 1 : e.arg < 0 ? e.value : (size_t)e.arg < op->n->args.n ? npt_most(op->n->args.at[e.arg]) : INT64_MAX;
  if (at.arg < 0 && at.value == 0 && o->iter[d] >= 0)
    return shape;
  return take > 0 && take < shape ? take : shape;
}

/* All ops take the dim in parts of one size, or whole. */
static loom_status find_parts(choosing *c) {
  for (size_t i = 0; i < c->ops.n; i++) {
    const layout_op *op = &c->ops.at[i];
    for (int k = 0; k < op->f->n_operands; k++) {
      const tfn_operand *o = &op->f->operand[k];
      npt_buffer *b = &c->l->buffers[op->n->uses.at[o->use].buffer];
      for (int d = 0; d < o->rank; d++) {
        int64_t part = part_of(op, o, d, b->b->shape[d]);
        if (o->iter[d] < 0 && b->b->shape[d] == 1)
          continue;
        if (b->extent[d] && b->extent[d] != part)
          LOOM_FAIL(c->l->ctx, LOOM_NOSPAN, LOOM_EUNSUP, "'%s' is taken in parts of %" PRId64 " and of %" PRId64 " along dim %d; a tile in the lanes of an NPU is laid out for one", b->b->name,
                    b->extent[d], part, d);
        b->extent[d] = part;
      }
    }
  }
  for (size_t i = 0; i < c->l->t->buffers.n; i++) {
    npt_buffer *b = &c->l->buffers[i];
    for (int d = 0; d < b->b->rank; d++) {
      if (!b->extent[d])
        b->extent[d] = b->b->shape[d];
      b->parts[d] = (b->b->shape[d] + b->extent[d] - 1) / b->extent[d];
    }
  }
  return LOOM_OK;
}

/* ---- the whole ---- */

static void collect(choosing *c, const tog_body *body, int64_t times) {
  for (size_t i = 0; i < body->n; i++) {
    const tog_node *n = body->at[i];
    int64_t trip;
    if (n->kind == TOG_SEND) {
      n = npt_send_as_copy(c->l, n);
      c->l->buffers[n->uses.at[1].buffer].is_computed = true;
      vec_push(c->l->mem, &c->ops, ((layout_op){n, npt_function_of(c->l, n), times, NPT_NONE}));
      continue;
    }
    if (n->kind == TOG_LOOP)
      collect(c, &n->body, sym_is_const(n->trip, &trip) && trip > 0 && times < INT32_MAX ? times * trip : times);
    if (n->kind == TOG_LOAD)
      c->l->buffers[n->buffer].is_loaded = true;
    if (n->kind != TOG_COMPUTE || n->function < 0)
      continue;
    const tfn_function *f = npt_function_of(c->l, n);
    c->l->buffers[n->uses.at[tfn_output(f)->use].buffer].is_computed = true;
    if (f->kind == TFN_FILL)
      continue;
    vec_push(c->l->mem, &c->ops, ((layout_op){n, f, times, f->kind == TFN_MATMUL ? c->n_products++ : NPT_NONE}));
  }
}

/* A tile that no op computes with: filled and stored, or passed on. */
static npt_layout idle_layout(const npt_buffer *b) {
  int r = b->b->rank;
  return r == 0 ? (npt_layout){NPT_NONE, NPT_NONE} : r == 1 ? (npt_layout){0, b->b->shape[0] > 1 ? 0 : NPT_NONE} : (npt_layout){r - 2, r - 1};
}

/* Tiles in all layouts that some op needs, so that loads can fill them. */
static loom_status make_tiles(choosing *c) {
  npt_lowering *l = c->l;
  npt_tile *made;
  for (size_t i = 0; i < l->t->buffers.n; i++)
    LOOM_TRY(npt_tile_of(l, (int)i, c->is_known[i] ? c->layout[i] : idle_layout(&l->buffers[i]), &made));
  for (size_t i = 0; i < c->ops.n; i++) {
    const layout_op *op = &c->ops.at[i];
    l->ways[op->n->id] = c->way[i];
    for (int k = 0; k < op->f->n_operands; k++) {
      LOOM_TRY(npt_tile_of(l, op->n->uses.at[op->f->operand[k].use].buffer, npt_layout_for(op->f, k, c->way[i]), &made));
    }
  }
  return LOOM_OK;
}

loom_status npt_choose_layouts(npt_lowering *l) {
  choosing c = {.l = l};
  unsigned best = 0;
  collect(&c, &l->t->body, 1);
  LOOM_TRY(find_parts(&c));
  npt_end_tiles(l);
  c.layout = ARENA_NEW_N(l->mem, npt_layout, l->t->buffers.n + 1);
  c.is_known = ARENA_NEW_N(l->mem, bool, l->t->buffers.n + 1);
  c.way = ARENA_NEW_N(l->mem, npt_way, c.ops.n + 1);
  c.is_done = ARENA_NEW_N(l->mem, bool, c.ops.n + 1);
  l->has_products = c.n_products > 0;
  int64_t least = INT64_MAX;
  int tried = c.n_products < PRODUCTS_TRIED_MAX ? c.n_products : PRODUCTS_TRIED_MAX;
  for (unsigned p = 0; p < 1u << tried; p++) {
    int64_t now = attempt(&c, p);
    if (now < least) {
      least = now;
      best = p;
    }
  }
  attempt(&c, best);
  return make_tiles(&c);
}
