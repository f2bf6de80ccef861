/* Index lists of host tensors: helion.md 3.3. */
#include "frontend/helion/helion_memory.h"

static bool push_items(helion_reader *r, const syn_node *n, const helion_value *v, helion_values *out) {
  if (!helion_step(r, n))
    return false;
  if (v->kind != HELION_SEQ) {
    vec_push(r->mem, out, *v);
    return v->kind != HELION_UNKNOWN;
  }
  bool known = true;
  for (size_t i = 0; i < v->seq.n; i++)
    known = push_items(r, n, &v->seq.at[i], out) && known;
  return known;
}

static bool takes_dim(const helion_value *v) { return v->kind != HELION_NONE && v->kind != HELION_ELLIPSIS; }

bool helion_expand_index(helion_reader *r, const syn_node *n, const helion_value *index, const kernel_type *tensor, helion_values *out) {
  helion_values given = {0};
  if (!push_items(r, n, index, &given))
    return false;
  int used = 0, dots = 0;
  for (size_t i = 0; i < given.n; i++) {
    used += takes_dim(&given.at[i]);
    dots += given.at[i].kind == HELION_ELLIPSIS;
  }
  if (used > tensor->rank || dots > 1) {
    helion_fail(r, n, LOOM_EINPUT, "give at most one index for each dimension; None and ... do not count", "%d indices for a tensor of shape %s", used, helion_show_shape(r, tensor));
    return false;
  }
  helion_value all = {.kind = HELION_SLICE, .slice = ARENA_NEW(r->mem, helion_slice)};
  for (size_t i = 0; i <= given.n; i++) {
    bool fills = i < given.n ? given.at[i].kind == HELION_ELLIPSIS : !dots;
    for (int j = used; fills && j < tensor->rank; j++)
      vec_push(r->mem, out, all);
    if (i < given.n && given.at[i].kind != HELION_ELLIPSIS)
      vec_push(r->mem, out, given.at[i]);
  }
  return true;
}

/* ---- single indices ---- */
static bool is_integer(dtype t) { return !dtype_is_float(t) && t != DTYPE_BOOL; }

/* What is being indexed, for the functions below. */
typedef struct target {
  const syn_node *node;
  const char *name;
  const kernel_type *shape;
  kernel_value *mask;          /* demanded by the indices so far */
  bool has_mask;               /* the access was given one: lanes may lie outside */
  kernel_type block; int block_dim;   /* dims of index tensors that are read together; -1: they have not been placed */
  bool joins;
} target;

static bool push_index(helion_reader *r, const target *t, helion_part *p, kernel_index i, const sym_expr *dim) {
  if (p->shape.rank + (dim != NULL) > KERNEL_RANK_MAX)   /* and p->at has room: other indices take one dimension of the tensor each */
    return helion_fail(r, t->node, LOOM_ELIMIT, "join dimensions, or index with fewer tensors", "an index list that makes more than %d dimensions", KERNEL_RANK_MAX), false;
  p->at[p->n++] = i;
  if (dim)
    p->shape.dim[p->shape.rank++] = dim;
  return true;
}

static bool push_gather(helion_reader *r, target *t, helion_part *p, kernel_value v) {
  const kernel_type type = *helion_type(r, v);
  kernel_index i = {.kind = KERNEL_INDEX_TENSOR, .value = v, .dim = p->shape.rank, .rank = type.rank};
  const kernel_type *dims = &type;
  if (t->joins) {
    i.rank = t->block.rank;
    dims = &t->block;
    if (t->block_dim >= 0) {
      i.dim = t->block_dim;
      return push_index(r, t, p, i, NULL);
    }
    t->block_dim = i.dim;
  }
  if (p->shape.rank + dims->rank > KERNEL_RANK_MAX)
    return helion_fail(r, t->node, LOOM_ELIMIT, "join dimensions, or index with fewer tensors", "an index list that makes more than %d dimensions", KERNEL_RANK_MAX), false;
  for (int d = 0; d < dims->rank; d++)
    p->shape.dim[p->shape.rank++] = dims->dim[d];
  return push_index(r, t, p, i, NULL);
}

/* A tile whose end may lie behind the tensor's: its lanes there are left out, by reading through its indices under a mask. */
static bool push_clipped_tile(helion_reader *r, target *t, helion_part *p, const helion_tile *tile, const sym_expr *size, helion_values *late) {
  kernel_value at, limit;
  helion_value v = {.kind = HELION_TILE, .tile = *tile}, n = helion_size(size);
  if (!helion_as_value(r, t->node, &v, DTYPE_I32, &at) || !helion_as_value(r, t->node, &n, helion_type(r, at)->type, &limit))
    return false;
  vec_push(r->mem, late, helion_device(helion_fn2(r, t->node, KERNEL_FN_LT, at, limit)));
  vec_push(r->mem, late, helion_int(r, p->shape.rank));
  return push_gather(r, t, p, at);
}

static bool index_tile(helion_reader *r, target *t, const helion_tile *tile, int dim, helion_part *p, helion_values *late) {
  const helion_symbol *s = &r->symbols.at[tile->block];
  const sym_expr *size = t->shape->dim[dim], *upper = helion_upper_bound(r, tile->end);
  const sym_expr *shift = tile->offset ? helion_upper_bound(r, tile->offset) : sym_const(r->mem, 0);
  int64_t end, elems;
  bool has_size = helion_peek(r, size, &elems), bounded = upper && shift && helion_peek(r, sym_add(r->mem, upper, shift), &end);
  bool runtime = upper != tile->end || (tile->offset && shift != tile->offset);
  if (has_size && elems == 1 && helion_is_fixed(r, size) && !tile->offset && (!bounded || end != 1))   /* a dimension of one element is broadcast */
    return push_index(r, t, p, (kernel_index){.kind = KERNEL_INDEX_SLICE, .value = -1, .begin = sym_const(r->mem, 0), .end = sym_const(r->mem, 1)},
                      sym_const(r->mem, 1));
  if (has_size && bounded && end > elems && !runtime && !t->has_mask)
    return helion_fail(r, t->node, LOOM_EINPUT, "the size of the loop and of the dimension must be equal",
                       "%s runs up to %s, but dimension %d of %s, of shape %s, has %" PRId64 " elements", s->name ? s->name : s->fallback,
                       helion_show_size(r, sym_add(r->mem, upper, shift)), dim, t->name, helion_show_shape(r, t->shape), elems),
           false;
  bool inside = upper && shift && helion_surely_same(r, sym_add(r->mem, upper, shift), size);
  if (!inside && has_size && bounded && end <= elems) {
    helion_assume(r, SYM_LE, sym_add(r->mem, upper, shift), size);
    inside = true;
  }
  if (!inside && !t->has_mask)
    return push_clipped_tile(r, t, p, tile, size, late);
  p->clipped |= 1u << p->shape.rank;
  int64_t zero;
  const sym_expr *moved = tile->offset && sym_is_const(tile->offset, &zero) && zero == 0 ? NULL : tile->offset;   /* tile + 0 is the tile */
  return push_index(r, t, p, (kernel_index){.kind = KERNEL_INDEX_TILE, .value = tile->number, .begin = moved}, helion_tile_dim(r, tile->block));
}

static bool index_int(helion_reader *r, target *t, const sym_expr *e, int dim, helion_part *p) {
  int64_t i, elems;
  const sym_expr *size = t->shape->dim[dim];
  bool has_place = helion_peek(r, e, &i), has_size = helion_peek(r, size, &elems), is_fixed = helion_is_fixed(r, e) && helion_is_fixed(r, size);
  if (has_place && has_size) {
    if (i < -elems || i >= elems)
      return helion_fail(r, t->node, LOOM_EINPUT, "indices count from 0, or from -1 at the end", "index %" PRId64 " of dimension %d of %s, which has %" PRId64 " elements", i, dim, t->name,
                         elems), false;
    if (!is_fixed)
      e = helion_open_index(r, e, size);
    else if (i < 0)
      e = sym_const(r->mem, i + elems);
  } else if (has_place && i < 0) {
    e = sym_add(r->mem, size, e);
  }
  return push_index(r, t, p, (kernel_index){.kind = KERNEL_INDEX_SCALAR, .value = -1, .begin = e}, NULL);
}

/* A bound of a slice that is a size or a 0-d integer of the running kernel. */
static bool slice_bound(helion_reader *r, target *t, const helion_value *v, const sym_expr *missing, const sym_expr **out) {
  *out = missing;
  if (!v || v->kind == HELION_NONE)
    return true;
  if (v->kind == HELION_INT)
    *out = v->size;
  else if (v->kind == HELION_DEVICE && helion_type(r, v->device)->rank == 0 && is_integer(helion_type(r, v->device)->type) && r->region)
    *out = helion_runtime_size(r, t->node, v->device);
  else
    return false;
  return true;
}

/* An end that is never behind the dimension's. */
static bool reaches_inside(helion_reader *r, const sym_expr *end, const sym_expr *size) {
  const sym_expr *upper = helion_upper_bound(r, end);
  int64_t most, elems;
  if (!upper || helion_surely_same(r, upper, size))
    return upper != NULL;
  if (!helion_peek(r, upper, &most) || !helion_peek(r, size, &elems) || most > elems)
    return false;
  helion_assume(r, SYM_LE, upper, size);
  return true;
}

/* from, from + 1, ..: elements behind the end of the dimension are left out. */
static bool push_moving_slice(helion_reader *r, target *t, helion_part *p, const sym_expr *from, const sym_expr *length, const sym_expr *size,
                              helion_values *late) {
  kernel_type counts = {.type = DTYPE_I64, .rank = 1, .dim = {length}};
  kernel_value i = helion_emit(r, t->node, KERNEL_IOTA, 0, NULL, &counts), begin, limit;
  helion_value first = helion_size(from), n = helion_size(size);
  helion_def(r, i)->ivalue = 1;
  if (!helion_as_value(r, t->node, &first, DTYPE_I64, &begin) || !helion_as_value(r, t->node, &n, DTYPE_I64, &limit))
    return false;
  i = helion_fn2(r, t->node, KERNEL_FN_ADD, i, helion_cast(r, t->node, begin, DTYPE_I64));
  vec_push(r->mem, late, helion_device(helion_fn2(r, t->node, KERNEL_FN_LT, i, limit)));
  vec_push(r->mem, late, helion_int(r, p->shape.rank));
  return push_gather(r, t, p, i);
}

/* Slices stop at the end of the dimension, as Python's do; they have no step here (helion_view_steps).  A part of constant length at a moving place becomes indices. */
static bool index_slice(helion_reader *r, target *t, const helion_slice *s, int dim, helion_part *p, helion_values *late) {
  const sym_expr *size = t->shape->dim[dim], *from, *to;
  int64_t begin, end, elems;
  if (!s->begin && !s->end && !s->step)
    return push_index(r, t, p, (kernel_index){.kind = KERNEL_INDEX_ALL, .value = -1}, size);
  bool varies = helion_open_bounds(r, s, size, &from, &to), known = varies || (helion_known(r, size, &elems) && helion_clamp_bound(r, s->begin, elems, 0, &begin) &&
                                                                               helion_clamp_bound(r, s->end, elems, elems, &end));
  if (known && !varies) {
    end = end < begin ? begin : end;
    from = sym_const(r->mem, begin);
    to = sym_const(r->mem, end);
  } else if (!known && (!slice_bound(r, t, s->begin, sym_const(r->mem, 0), &from) || !slice_bound(r, t, s->end, size, &to))) {
    return helion_fail(r, t->node, LOOM_EUNSUP, "bounds are sizes, ints and 0-d integers", "the bounds of this slice"), false;
  }
  const sym_expr *span = sym_sub(r->mem, to, from);
  for (int a = 0; to->op == SYM_ADD && a < 2; a++)   /* begin : begin + length */
    if (sym_equal(to->arg[a], from))
      span = to->arg[1 - a];
  const sym_expr *length = helion_device_dim(r, span);
  if (helion_fixed(r, span, &end))
    length = sym_const(r->mem, end);
  if (!known && helion_in_loop(r) && !t->has_mask && !reaches_inside(r, to, size))
    return push_moving_slice(r, t, p, from, length, size, late);
  return push_index(r, t, p, (kernel_index){.kind = KERNEL_INDEX_SLICE, .value = -1, .begin = from, .end = to}, length);
}

/* tile.index and tile.index + offset are the tile; false: something else. */
static bool is_tile_index(helion_reader *r, const syn_node *n, kernel_value v, helion_tile *out) {
  const kernel_op *op = helion_def(r, v);
  if (op && op->kind == KERNEL_CAST && !dtype_is_float(helion_type(r, v)->type))
    return is_tile_index(r, n, op->operands[0], out);
  for (size_t i = 0; op && op->kind == KERNEL_TILE_INDEX && i < r->lanes.n; i++)
    if (r->lanes.at[i] == v)
      return false;
  if (op && op->kind == KERNEL_TILE_INDEX) {
    const char *block = r->graph->values.at[op->operands[0]].block;
    int s = block ? helion_symbol_of(r, sym_name(r->mem, block)) : -1;
    if (s < 0 || !r->symbols.at[s].is_open)
      return false;
    *out = (helion_tile){op->operands[0], s, NULL, r->symbols.at[s].range_end, NULL};
    return true;
  }
  if (!op || op->kind != KERNEL_BINARY || op->fn != KERNEL_FN_ADD)
    return false;
  for (int side = 0; side < 2; side++) {
    kernel_value by = op->operands[1 - side];
    if (helion_type(r, by)->rank == 0 && is_tile_index(r, n, op->operands[side], out)) {
      const sym_expr *offset = helion_runtime_size(r, n, by);
      out->offset = out->offset ? sym_add(r->mem, out->offset, offset) : offset;
      return true;
    }
  }
  return false;
}

/* An index that counts up to a size which varies: it stays inside in every call, as it does in this one. */
static void assume_counter_inside(helion_reader *r, const target *t, kernel_value v, int dim) {
  int64_t end, elems;
  for (size_t i = r->counters.n; i-- > 0;)
    if (r->counters.at[i].value == v) {
      if (helion_peek(r, r->counters.at[i].end, &end) && helion_peek(r, t->shape->dim[dim], &elems) && end <= elems)
        helion_assume(r, SYM_LE, r->counters.at[i].end, t->shape->dim[dim]);
      return;
    }
}

static bool index_device(helion_reader *r, target *t, kernel_value v, int dim, helion_part *p, helion_values *late) {
  const kernel_type *type = helion_type(r, v);
  helion_tile tile;
  if (!is_integer(type->type))
    return helion_fail(r, t->node, LOOM_EUNSUP, "index with tiles, ints and int tensors; select with a mask and torch.where",
                       "an index of shape %s and type %s", helion_show_shape(r, type), dtype_torch(type->type)), false;
  if (type->rank == 0) {
    assume_counter_inside(r, t, v, dim);
    return push_index(r, t, p, (kernel_index){.kind = KERNEL_INDEX_SCALAR, .value = v}, NULL);
  }
  if (!t->joins && type->rank == 1 && is_tile_index(r, t->node, v, &tile))
    return index_tile(r, t, &tile, dim, p, late);
  return push_gather(r, t, p, v);
}

/* ---- lists ---- */
/* Index tensors that stand side by side, one of them of rank 2 or more, are broadcast and read together; others give each their own dims. */
static bool join_tensors(helion_reader *r, target *t, const helion_values *items) {
  int first = -1, last = -1, count = 0;
  bool wide = false;
  kernel_type all = {.rank = 0}, both;
  for (size_t i = 0; i < items->n; i++) {
    if (items->at[i].kind != HELION_DEVICE)
      continue;
    const kernel_type *type = helion_type(r, items->at[i].device);
    first = first < 0 ? (int)i : first;
    last = (int)i;
    count++;
    wide = wide || type->rank > 1;
    if (!helion_broadcast_shape(r, &all, type, &both))
      return !wide || last - first + 1 != count ||
             (helion_fail_shapes(r, t->node, "these index tensors are read together", &all, type), false);
    all = both;
  }
  t->joins = wide && last - first + 1 == count;
  t->block = all;
  t->block_dim = -1;
  return true;
}

/* Lanes of clipped tiles, on their dims of the part. */
static void add_late_masks(helion_reader *r, const syn_node *n, const helion_values *late, const helion_part *p, kernel_value *mask) {
  for (size_t i = 0; i + 1 < late->n; i += 2) {
    int64_t dim = 0;
    kernel_value m = late->at[i].device;
    kernel_type t = {.type = DTYPE_BOOL};
    helion_known_int(r, &late->at[i + 1], &dim);
    for (int d = (int)dim; d < p->shape.rank; d++)
      t.dim[t.rank++] = d == dim ? helion_type(r, m)->dim[0] : sym_const(r->mem, 1);
    m = t.rank > 1 ? helion_emit(r, n, KERNEL_RESHAPE, 1, &m, &t) : m;
    *mask = *mask < 0 ? m : helion_fn2(r, n, KERNEL_FN_AND, *mask, m);
  }
}

bool helion_make_part(helion_reader *r, const syn_node *n, const helion_value *index, kernel_tensor tensor, kernel_value *mask, helion_part *out) {
  const kernel_tensor_info *info = &r->graph->tensors.at[tensor];
  const kernel_type shape = info->shape;
  const char *name = helion_tensor_name(r, tensor);
  helion_values items = {0}, late = {0};
  target t = {.node = n, .name = name, .shape = &shape, .mask = mask, .has_mask = *mask >= 0};
  int dim = 0;
  *out = (helion_part){.shape.type = shape.type};
  if (!helion_expand_index(r, n, index, &shape, &items) || !join_tensors(r, &t, &items))
    return false;
  for (size_t i = 0; i < items.n; i++) {
    const helion_value *v = &items.at[i];
    bool ok = false;
    switch (v->kind) {
    case HELION_NONE: ok = push_index(r, &t, out, (kernel_index){.kind = KERNEL_INDEX_NEW, .value = -1}, sym_const(r->mem, 1)); break;
    case HELION_TILE: ok = index_tile(r, &t, &v->tile, dim++, out, &late); break;
    case HELION_INT: ok = index_int(r, &t, v->size, dim++, out); break;
    case HELION_SLICE: ok = index_slice(r, &t, v->slice, dim++, out, &late); break;
    case HELION_DEVICE: ok = index_device(r, &t, v->device, dim++, out, &late); break;
    default:
      helion_fail(r, n, v->kind == HELION_STR || v->kind == HELION_FLOAT ? LOOM_EINPUT : LOOM_EUNSUP, v->kind == HELION_TENSOR ? "index with tiles, ints and loaded int tensors; select with a mask and torch.where" : "index with tiles, ints, slices and None",
                  "%s as an index", helion_describe(r, v));
      break;
    }
    if (!ok)
      return false;
  }
  add_late_masks(r, n, &late, out, mask);
  *mask = helion_lane_mask(r, n, &out->shape, *mask, out->clipped);
  return true;
}

void helion_attach_part(helion_reader *r, kernel_op *op, kernel_tensor tensor, const helion_part *p) {
  op->tensor = tensor;
  op->n_index = p->n;
  op->index = ARENA_NEW_N(r->mem, kernel_index, p->n);
  memcpy(op->index, p->at, (size_t)p->n * sizeof *op->index);
}
