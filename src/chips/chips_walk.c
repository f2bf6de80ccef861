/* Which loops of a kernel can be split over chips, and what its accesses walk along them. */
#include "chips/chips_private.h"

void chips_drop(chips_walk *w, int axis, loom_span where, const char *why) {
  if (w->is_out[axis])
    return;
  w->is_out[axis] = true;
  w->why[axis] = why;
  w->where[axis] = where;
}

/* A tile number or place may be an index and nothing else: what is computed from it would be another number on another chip. */
static void check_operands(chips_walk *w, const kernel_op *op) {
  for (int i = 0; i < op->n_operands; i++) {
    const int a = op->operands[i] < 0 ? -1 : w->position[op->operands[i]];
    if (a < 0)
      continue;
    const char *block = w->k->values.at[op->operands[i]].block;
    if (op->kind == KERNEL_TILE_BEGIN && (!block || kernel_find_symbol(w->k, block)->value == 1))
      w->position[op->results[0]] = a;
    else if (op->kind != KERNEL_TILE_MASK)
      chips_drop(w, a, op->span, "its index is computed with");
  }
}

static bool is_zero(const sym_expr *e) {
  int64_t v;
  return !e || (sym_is_const(e, &v) && v == 0);
}

/* Axis that an element of an index list walks; -1: none. */
static int axis_of(chips_walk *w, const kernel_op *op, const kernel_index *x) {
  const int a = (x->kind == KERNEL_INDEX_TILE || x->kind == KERNEL_INDEX_SCALAR) && x->value >= 0 ? w->position[x->value] : -1;
  if (a < 0)
    return -1;
  const bool is_tiled = w->k->values.at[x->value].block != NULL;      /* else a place */
  if (!is_zero(x->begin))
    chips_drop(w, a, op->span, "an access is moved along it");
  else if (is_tiled != (x->kind == KERNEL_INDEX_TILE))
    chips_drop(w, a, op->span, "its tiles are counted");
  return a;
}

static loom_status add_access(chips_walk *w, const kernel_op *op) {
  chips_access x = {.op = op};
  const kernel_tensor_info *t = &w->k->tensors.at[op->tensor];
  for (int i = 0; i < op->n_index; i++) {
    if (op->index[i].kind == KERNEL_INDEX_NEW)
      continue;
    const int a = axis_of(w, op, &op->index[i]);
    LOOM_TRY(kernel_size(w->ctx, w->k, t->shape.dim[x.rank], NULL, 0, &x.shape[x.rank]));
    if (a >= 0 && x.shape[x.rank] != w->axis[a].extent)
      chips_drop(w, a, op->span, "it does not walk the whole of a tensor");
    for (int d = 0; d < x.rank && a >= 0; d++)
      if (x.axis[d] == a)
        chips_drop(w, a, op->span, "an access walks it along two dims at once");
    x.axis[x.rank++] = a;
  }
  vec_push(&w->ctx->mem, &w->accesses, x);
  return LOOM_OK;
}

static loom_status walk(chips_walk *w, const kernel_region *r, int depth) {
  enum { DEPTH_MAX = 64 };
  if (depth == DEPTH_MAX)
    LOOM_FAIL(w->ctx, LOOM_NOSPAN, LOOM_ELIMIT, "loops and branches are nested deeper than %d", DEPTH_MAX);
  for (size_t i = 0; i < r->ops.n; i++) {
    const kernel_op *op = r->ops.at[i];
    check_operands(w, op);
    for (int a = 0; a < w->n_axes; a++) {
      if (op->kind == KERNEL_ATOMIC)
        chips_drop(w, a, op->span, "there is an atomic operation");
      if (w->axis[a].loop == op)
        w->position[op->regions[0].params.at[0]] = a;
    }
    if (op->kind == KERNEL_LOAD || op->kind == KERNEL_STORE || op->kind == KERNEL_ATOMIC)
      LOOM_TRY(add_access(w, op));
    for (int n = 0; n < op->n_regions; n++)
      LOOM_TRY(walk(w, &op->regions[n], depth + 1));
  }
  return LOOM_OK;
}

loom_status chips_walk_all(chips_walk *w, const kernel_op *parallel) {
  w->position = ARENA_NEW_N(&w->ctx->mem, int, w->k->values.n);
  for (size_t i = 0; i < w->k->values.n; i++)
    w->position[i] = -1;
  for (int a = 0; a < w->n_axes; a++)
    if (w->axis[a].range >= 0)
      w->position[parallel->regions[0].params.at[w->axis[a].range]] = a;
  return walk(w, &parallel->regions[0], 0);
}

/* ---- sums ---- */

typedef struct uses { kernel_value v; int n; const kernel_op *last; } uses;

static void add_use(uses *u, const kernel_op *op, kernel_value v) {
  u->n += v == u->v;
  u->last = v == u->v ? op : u->last;
}

static void count_uses(const kernel_region *r, uses *u) {
  for (size_t i = 0; i < r->ops.n; i++) {
    const kernel_op *op = r->ops.at[i];
    for (int k = 0; k < op->n_operands; k++)
      add_use(u, op, op->operands[k]);
    for (int k = 0; k < op->n_index; k++)
      add_use(u, op, op->index[k].value);
    for (int n = 0; n < op->n_regions; n++)
      count_uses(&op->regions[n], u);
  }
}

static const kernel_op *only_use(const kernel_region *r, kernel_value v) {
  uses u = {.v = v};
  count_uses(r, &u);
  return u.n == 1 ? u.last : NULL;
}

/* A product onto it, or something added to it; nothing else reads it.  A product is rounded once, when it is stored; what is added is rounded every time: in a narrow type the parts of a sum would be
 * rounded otherwise than all of it. */
static const char *why_not_summed(const kernel_graph *k, const kernel_op *loop, int i) {
  static const char *const more = "it carries more than a sum";
  const kernel_region *r = &loop->regions[0];
  const kernel_value before = r->params.at[i + 1], after = r->ops.at[r->ops.n - 1]->operands[i];
  const kernel_op *def = k->values.at[after].def;
  if (!def || only_use(r, before) != def || only_use(r, after) != r->ops.at[r->ops.n - 1])
    return more;
  if (def->kind == KERNEL_MATMUL)
    return def->n_operands == 3 && def->operands[2] == before ? NULL : more;
  if (def->kind != KERNEL_BINARY || def->fn != KERNEL_FN_ADD)
    return more;
  const dtype type = k->values.at[after].type.type;
  if (type == DTYPE_F64)
    return "its sum is of f64, which engines add in one order alone";
  return dtype_is_float(type) && dtype_bytes(type) < dtype_bytes(DTYPE_F32) ? "its sum is rounded to a narrow type in every step" : NULL;
}

/* The store that has it, through casts alone. */
static const kernel_op *store_of(const kernel_region *r, kernel_value v) {
  const kernel_op *use = only_use(r, v);
  for (; use && use->kind == KERNEL_CAST; use = only_use(r, v))
    v = use->results[0];
  return use && use->kind == KERNEL_STORE && use->n_operands == 1 && use->operands[0] == v ? use : NULL;
}

static int count_stores(const kernel_region *r) {
  int n = 0;
  for (size_t i = 0; i < r->ops.n; i++) {
    n += r->ops.at[i]->kind == KERNEL_STORE || r->ops.at[i]->kind == KERNEL_ATOMIC;
    for (int j = 0; j < r->ops.at[i]->n_regions; j++)
      n += count_stores(&r->ops.at[i]->regions[j]);
  }
  return n;
}

const char *chips_why_no_sum(const kernel_graph *k, const kernel_op *parallel, const kernel_op *loop) {
  const kernel_region *r = &parallel->regions[0];
  for (int i = 0; i < loop->n_operands; i++) {
    const kernel_op *zero = k->values.at[loop->operands[i]].def;
    if (!zero || zero->kind != KERNEL_FULL || zero->n_operands || zero->fvalue != 0)
      return "it does not begin at zero";
    const char *why = why_not_summed(k, loop, i);
    if (why)
      return why;
    const kernel_op *store = store_of(r, loop->results[i]);
    if (!store)
      return "its sum is computed with before it is stored";
    if (k->tensors.at[store->tensor].role != KERNEL_ALLOC)
      return "its sum goes to an argument";
  }
  return loop->n_operands && count_stores(r) == loop->n_operands ? NULL : "something else than its sum is stored";
}
