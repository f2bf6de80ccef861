/* The kernel of a shard: a copy of the whole one with other sizes along its axes and tensors of its own. */
#include "chips/chips_private.h"
#include "kernel/kernel_stores.h"

typedef struct editor { loom_ctx *ctx; const chips_kernel *k; const chips_split *s; const chips_part *p; kernel_graph *g; size_t next; /* access */ } editor;

static bool is_split(const editor *e, int axis) {
  for (int d = 0; d < e->s->n_dims; d++)
    if (e->s->axis[d] == axis)
      return true;
  return false;
}

typedef struct sizes { int64_t here[KERNEL_RANK_MAX]; bool is_turned; } sizes;

static sizes sizes_of(const editor *e, const chips_tensor *t) {
  sizes s = {0};
  chips_box(e->k, e->p, (int)(t - e->k->tensors.at), NULL, s.here);
  for (int i = 0; i < t->rank; i++)
    s.is_turned = s.is_turned || t->order[i] != i;
  return s;
}

/* As the kernel says it where it is not split: what compares sizes finds them equal. */
static const sym_expr *size_text(const editor *e, const chips_tensor *t, int d, int64_t size) {
  const bool is_cut = t->axis[d] >= 0 && is_split(e, t->axis[d]);
  return is_cut ? sym_const(&e->ctx->mem, size) : e->k->whole->tensors.at[t->of].shape.dim[d];
}

/* The memory: dims in the order in which they lie. */
static void add_memory(editor *e, chips_tensor *t, bool sums) {
  arena *m = &e->ctx->mem;
  const kernel_tensor_info *of = &e->k->whole->tensors.at[kernel_root(e->k->whole, t->of)];
  const sizes size = sizes_of(e, t);
  kernel_type lies = {.type = sums && t->is_output ? t->partial_type : t->type, .rank = t->rank};
  for (int i = 0; i < t->rank; i++)
    lies.dim[i] = size_text(e, t, t->order[i], size.here[t->order[i]]);
  t->here = kernel_add_tensor(m, e->g, t->name, of->role, lies);
  kernel_tensor_info *info = &e->g->tensors.at[t->here];
  info->init = of->init, info->init_lo = of->init_lo, info->init_hi = of->init_hi;
  info->fill = of->fill, info->fill_value = of->fill_value;
  info->span = of->span;
  info->is_returned = of->role == KERNEL_ALLOC && t->is_output;
  if (info->is_returned)
    vec_push(m, &e->g->returns, t->here);
}

/* What the kernel sees of it, where that has its dims in another order. */
static void add_view(editor *e, chips_tensor *t) {
  arena *m = &e->ctx->mem;
  const sizes size = sizes_of(e, t);
  const kernel_tensor root = t->here;
  kernel_type seen = {.type = e->g->tensors.at[root].shape.type, .rank = t->rank};
  int64_t step = 1;
  if (!size.is_turned)
    return;
  for (int i = 0; i < t->rank; i++)
    seen.dim[i] = size_text(e, t, i, size.here[i]);
  t->here = kernel_add_tensor(m, e->g, arena_printf(m, "%s_seen", t->name), KERNEL_VIEW, seen);
  kernel_tensor_info *info = &e->g->tensors.at[t->here];
  info->base = root;
  info->offset = sym_const(m, 0);
  for (int i = t->rank; i-- > 0; step *= size.here[t->order[i]])
    info->stride[t->order[i]] = sym_const(m, step);
}

/* Arguments, allocations, views, as everywhere. */
static void add_tensors(editor *e, chips_kernel *k, bool sums) {
  memset(&e->g->tensors, 0, sizeof e->g->tensors);
  memset(&e->g->returns, 0, sizeof e->g->returns);
  for (int args = 1; args >= 0; args--)
    for (size_t i = 0; i < k->tensors.n; i++)
      if ((k->whole->tensors.at[kernel_root(k->whole, k->tensors.at[i].of)].role == KERNEL_ARG) == args)
        add_memory(e, &k->tensors.at[i], sums);
  for (size_t i = 0; i < k->tensors.n; i++)
    add_view(e, &k->tensors.at[i]);
}

static void resize(editor *e, const char *block, int axis, kernel_range *r) {
  arena *m = &e->ctx->mem;
  r->end = sym_const(m, e->p->extent[axis]);
  kernel_symbol *s = block ? kernel_find_symbol(e->g, block) : NULL;
  if (!s)
    return;
  s->extent = sym_const(m, e->p->extent[axis]);
  s->divides = false;
  if (s->value > e->p->extent[axis])
    s->value = e->p->extent[axis];
}

/* Sums of products stay as wide as they are made until those of all chips are added: whatever the kernel says of their type, it is rounded to once. */
static void widen(editor *e, kernel_value v) {
  kernel_type *type = &e->g->values.at[v].type;
  if (dtype_is_float(type->type) && dtype_bytes(type->type) < dtype_bytes(DTYPE_F32))
    type->type = DTYPE_F32;
}

static bool widens(const kernel_graph *g, const kernel_op *loop, int i) {
  const kernel_op *sum = g->values.at[loop->regions[0].ops.at[loop->regions[0].ops.n - 1]->operands[i]].def;
  return sum->kind == KERNEL_MATMUL;      /* what is added elementwise has its own type */
}

static void widen_loop(editor *e, const kernel_op *loop) {
  const kernel_region *r = &loop->regions[0];
  for (int i = 0; i < loop->n_operands; i++) {
    if (!widens(e->g, loop, i))
      continue;
    widen(e, loop->operands[i]);
    widen(e, loop->results[i]);
    widen(e, r->params.at[i + 1]);
    widen(e, r->ops.at[r->ops.n - 1]->operands[i]);
  }
}

/* A sum is stored as it is, casts between are passed by. */
static void store_sum(editor *e, kernel_op *store) {
  for (const kernel_op *def = e->g->values.at[store->operands[0]].def; def->kind == KERNEL_CAST; def = e->g->values.at[store->operands[0]].def)
    store->operands[0] = def->operands[0];
}

/* Whole and copy, operation by operation. */
static void edit(editor *e, const kernel_region *whole, kernel_region *r, bool sums) {
  for (size_t i = 0; i < r->ops.n; i++) {
    kernel_op *op = r->ops.at[i];
    for (int a = 0; a < e->k->n_axes; a++) {
      if (e->k->axis[a].loop != whole->ops.at[i] || !is_split(e, a))
        continue;
      resize(e, op->ranges[0].block, a, &op->ranges[0]);
      widen_loop(e, op);
    }
    if (op->kind == KERNEL_LOAD || op->kind == KERNEL_STORE || op->kind == KERNEL_ATOMIC)
      op->tensor = e->k->tensors.at[e->k->accesses.at[e->next++].tensor].here;
    if (op->kind == KERNEL_STORE && sums)
      store_sum(e, op);
    for (int n = 0; n < op->n_regions; n++)
      edit(e, &whole->ops.at[i]->regions[n], &op->regions[n], sums);
  }
}

loom_status chips_shard(loom_ctx *ctx, chips_kernel *k, const chips_split *s, const chips_part *p, kernel_graph **out) {
  const bool sums = chips_splits_sum(k, s);
  LOOM_TRY(kernel_from_data(ctx, kernel_to_data(&ctx->mem, k->whole), out));
  editor e = {.ctx = ctx, .k = k, .s = s, .p = p, .g = *out};
  kernel_op *parallel = (*out)->body.ops.at[0];
  (*out)->source = k->whole->source;
  memset(&(*out)->guards, 0, sizeof (*out)->guards);      /* those of the whole kernel hold */
  for (size_t i = 0; i < (*out)->symbols.n; i++)
    (*out)->symbols.at[i].is_open = false;
  add_tensors(&e, k, sums);
  for (int a = 0; a < k->n_axes; a++)
    if (k->axis[a].range >= 0 && is_split(&e, a))
      resize(&e, parallel->ranges[k->axis[a].range].block, a, &parallel->ranges[k->axis[a].range]);
  edit(&e, &k->whole->body, &(*out)->body, sums);
  return kernel_verify(ctx, *out);
}
