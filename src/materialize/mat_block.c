/* Blocks that do not divide: sizes at the edge and the views that use only the valid part of a buffer. */
#include "materialize/mat_private.h"

/* ---- loops ---- */

/* A loop over the inside of another loop's block: the open loop with that block; -1: none. */
static int walked_loop(const mat *m, const nest_loop *l) {
  for (size_t i = 0; l->extent->op == SYM_SYM && i < m->nest->loops.n; i++)
    if (text_eq(m->nest->loops.at[i].block, l->extent->name))
      return (int)i;
  return -1;
}

const sym_expr *mat_loop_end(mat *m, int loop) {
  const nest_loop *l = &m->nest->loops.at[loop];
  int outer = walked_loop(m, l);
  bool is_cut = l->clamp && (outer < 0 || m->block[outer].is_ragged);
  return mat_fold(m, is_cut ? sym_min(m->mem, l->extent, l->clamp) : l->extent);
}

loom_status mat_most_trips(mat *m, int loop, int64_t *out) {
  const nest_loop *l = &m->nest->loops.at[loop];
  const sym_expr *trips = sym_ceildiv(m->mem, l->extent, sym_name(m->mem, l->block));
  trips = mat_fold(m, nest_at_last_iterators(m->mem, m->nest, trips));
  if (!sym_is_const(trips, out))
    LOOM_FAIL(m->ctx, m->at, LOOM_EUNSUP, "the loop over '%s' runs an unknown number of times: %s", l->block, sym_str(m->mem, trips));
  return LOOM_OK;
}

static void set_current(mat *m, int loop, MlirValue current, int64_t most) {
  m->block[loop].is_ragged = true;
  mat_bind(m, mat_now_name(m, m->nest->loops.at[loop].block), current, most);
}

loom_status mat_open_block(mat *m, int loop, const sym_expr *iterator, int64_t max_iterator) {
  const nest_loop *l = &m->nest->loops.at[loop];
  mat_block *k = &m->block[loop];
  *k = (mat_block){.size = plan_block_size(m->plan, l->block), .turn = k->turn};
  const sym_expr *end = mat_loop_end(m, loop);
  int64_t limit, covered;
  bool fits = sym_is_const(end, &limit);
  if (__builtin_mul_overflow(max_iterator + 1, k->size, &covered))
    LOOM_FAIL(m->ctx, LOOM_NOSPAN, LOOM_ELIMIT, "%" PRId64 " blocks of %" PRId64 " are too many", max_iterator + 1, k->size);
  if (fits && covered <= limit)
    return LOOM_OK;
  MlirValue size = ir_index_const(&m->b, k->size), left;
  LOOM_TRY(mat_index(m, sym_sub(m->mem, end, sym_mul(m->mem, iterator, sym_const(m->mem, k->size))), &left));
  MlirValue current = mat_binary(m, "arith.minsi", size, left);
  bool may_be_beyond = !fits || covered - k->size > limit;   /* surplus cores: the block starts behind the end */
  if (may_be_beyond)
    current = mat_binary(m, "arith.maxsi", current, ir_index_const(&m->b, 0));
  set_current(m, loop, current, k->size);
  return LOOM_OK;
}

/* Where the loop's extent moves with another loop, the longest run counts: cores that share the load run different ones. */
loom_status mat_open_whole(mat *m, int loop) {
  const nest_loop *l = &m->nest->loops.at[loop];
  int64_t most;
  m->block[loop] = (mat_block){.size = plan_block_size(m->plan, l->block), .turn = m->block[loop].turn};
  const sym_expr *end = mat_loop_end(m, loop), *longest = nest_at_last_iterators(m->mem, m->nest, l->extent);
  if (!sym_equal(longest, l->extent))
    end = mat_fold(m, l->clamp && sym_is_const(l->clamp, &most) ? sym_min(m->mem, longest, l->clamp) : longest);
  if (sym_is_const(end, &most)) {
    set_current(m, loop, (MlirValue){NULL}, most);
    return LOOM_OK;
  }
  MlirValue value;
  if (!mat_max(m, end, &most))
    LOOM_FAIL(m->ctx, m->at, LOOM_EUNSUP, "the loop over '%s' has no largest extent: %s", l->block, sym_str(m->mem, end));
  LOOM_TRY(mat_index(m, sym_max(m->mem, end, sym_const(m->mem, 0)), &value));
  set_current(m, loop, value, most);
  return LOOM_OK;
}

/* ---- sizes ---- */

static bool is_ragged_block(const mat *m, const char *name) {
  for (size_t l = 0; l < m->nest->loops.n; l++)
    if (m->block[l].is_ragged && text_eq(name, m->nest->loops.at[l].block))
      return true;
  return false;
}

/* `e` at the blocks as they are now; what a block divides counts its turns, which do not change. */
static const sym_expr *at_current_sizes(mat *m, const sym_expr *e) {
  if (e->op == SYM_SYM)
    return is_ragged_block(m, e->name) ? sym_name(m->mem, mat_now_name(m, e->name)) : e;
  const sym_expr *arg[3] = {e->arg[0], e->arg[1], e->arg[2]};
  bool is_division = e->op == SYM_CEILDIV || e->op == SYM_FLOORDIV || e->op == SYM_MOD;
  for (int i = 0; i < 3; i++)
    if (arg[i] && !(is_division && i == 1))
      arg[i] = at_current_sizes(m, arg[i]);
  return arg[0] ? sym_make(m->mem, e->op, arg[0], arg[1], arg[2]) : e;
}

loom_status mat_size(mat *m, const sym_expr *e, int64_t *out_constant, MlirValue *out_value) {
  *out_value = (MlirValue){NULL};
  *out_constant = 0;
  const sym_expr *now = mat_fold(m, at_current_sizes(m, e));
  if (sym_is_const(now, out_constant))
    return LOOM_OK;
  if (!sym_is_const(mat_fold(m, e), out_constant))
    LOOM_FAIL(m->ctx, m->at, LOOM_EUNSUP, "the size of a tile must follow from the block sizes, not %s", sym_str(m->mem, mat_fold(m, e)));
  return mat_index(m, now, out_value);
}

/* ---- views ---- */

static void add_entry(int64_t *list, int d, int64_t constant, MlirValue value, MlirValue *operands, intptr_t *n, int32_t *count) {
  list[d] = constant;
  if (MAT_NULL(value))
    return;
  list[d] = mlirShapedTypeGetDynamicSize();
  operands[(*n)++] = value;
  ++*count;
}

MlirType mat_strided_type(mat *m, dtype type, int rank, const int64_t *sizes, const int64_t *strides, bool has_offset) {
  text t = text_new(m->mem);
  text_add(&t, "memref<");
  for (int d = 0; d < rank; d++)
    text_addf(&t, sizes[d] == mlirShapedTypeGetDynamicSize() ? "?x" : "%" PRId64 "x", sizes[d]);
  text_addf(&t, "%s, strided<[", ir_print_type(m->mem, ir_dtype(m->ir, type)));
  for (int d = 0; d < rank; d++)
    text_addf(&t, "%s%" PRId64, d ? ", " : "", strides[d]);
  text_add(&t, has_offset ? "], offset: ?>>" : "]>>");
  return ir_type(m->ir, text_str(&t));
}

static MlirType part_type(mat *m, const mat_part *p, const int64_t *sizes, bool has_offset) {
  int64_t kept[DIALECT_RANK_MAX], strides[DIALECT_RANK_MAX];
  int rank = 0;
  for (int d = 0; d < p->rank; d++)
    if (!p->drop[d]) {
      kept[rank] = sizes[d];
      strides[rank++] = p->stride[d];
    }
  return mat_strided_type(m, p->type, rank, kept, strides, has_offset);
}

MlirValue mat_subview(mat *m, MlirValue source, const mat_part *p) {
  int64_t offsets[DIALECT_RANK_MAX], sizes[DIALECT_RANK_MAX], ones[DIALECT_RANK_MAX];
  MlirValue operands[1 + 2 * DIALECT_RANK_MAX] = {source};
  int32_t n_offsets = 0, n_sizes = 0;
  intptr_t n = 1;
  bool has_offset = false;
  for (int d = 0; d < p->rank; d++) {
    ones[d] = 1;
    add_entry(offsets, d, 0, p->offset_value[d], operands, &n, &n_offsets);
    has_offset = has_offset || offsets[d] != 0;
  }
  for (int d = 0; d < p->rank; d++)
    add_entry(sizes, d, p->size[d], p->size_value[d], operands, &n, &n_sizes);
  MlirContext c = m->ir->mlir;
  int32_t segments[] = {1, n_offsets, n_sizes, 0};
  const ir_named attrs[] = {{"operandSegmentSizes", mlirDenseI32ArrayGet(c, 4, segments)},
                            {"static_offsets", mlirDenseI64ArrayGet(c, p->rank, offsets)},
                            {"static_sizes", mlirDenseI64ArrayGet(c, p->rank, sizes)},
                            {"static_strides", mlirDenseI64ArrayGet(c, p->rank, ones)}};
  return ir_build1(&m->b, "memref.subview", part_type(m, p, sizes, has_offset), n, operands, 4, attrs);
}

loom_status mat_view(mat *m, int v, MlirValue *out) { return mat_view_of(m, v, m->slot[v].slot, out); }

/* A turn of a loop: how far it lies from the first. */
static MlirValue turn_offset(mat *m, int loop, int64_t step) {
  MlirValue turn = m->block[loop].turn;
  return MAT_NULL(turn) || step == 1 ? turn : mat_binary(m, "arith.muli", turn, ir_index_const(&m->b, step));
}

loom_status mat_view_of(mat *m, int v, MlirValue slot, MlirValue *out) {
  const nest_value *value = &m->nest->values.at[v];
  const mat_slot *s = &m->slot[v];
  mat_part p = {.rank = s->buffer->rank, .type = s->buffer->type};
  bool is_whole = true;
  int64_t stride = 1;
  *out = slot;
  if (p.rank != s->n_front + value->rank)
    LOOM_FAIL(m->ctx, m->at, LOOM_EBUG, "buffer '%s' has another rank than its tile", s->buffer->name);
  for (int d = p.rank - 1; d >= 0; d--) {
    p.shape[d] = s->buffer->shape[d];
    p.stride[d] = stride;
    stride *= p.shape[d];
  }
  for (int d = 0; d < s->n_front; d++) {
    p.size[d] = 1;
    p.drop[d] = true;
    p.offset_value[d] = turn_offset(m, s->front[d], 1);
    is_whole = false;
  }
  for (int d = 0; d < value->rank; d++) {
    int at = s->n_front + d, loop = s->along[d];
    LOOM_TRY(mat_size(m, value->dim[d], &p.size[at], &p.size_value[at]));
    if (loop >= 0)
      p.offset_value[at] = turn_offset(m, loop, m->block[loop].size);
    is_whole = is_whole && MAT_NULL(p.size_value[at]) && MAT_NULL(p.offset_value[at]) && p.size[at] == p.shape[at];
  }
  if (is_whole)
    return LOOM_OK;
  *out = mat_subview(m, slot, &p);
  return MAT_NULL(*out) ? LOOM_EBUG : LOOM_OK;
}
