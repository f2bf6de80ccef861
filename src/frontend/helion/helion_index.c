/* Subscripts: of sequences, of host tensors (loads and stores) and of device values (new dimensions). */
#include "frontend/helion/helion_device.h"

/* ---- sequences ---- */
static bool clamp_bound(helion_reader *r, const helion_value *v, int64_t n, int64_t missing, int64_t *out) {
  *out = missing;
  if (!v || v->kind == HELION_NONE)
    return true;
  if (!helion_known_int(r, v, out))
    return false;
  *out += *out < 0 ? n : 0;
  *out = *out < 0 ? 0 : *out > n ? n : *out;
  return true;
}

static helion_value subscript_sequence(helion_reader *r, const syn_node *n, const helion_value *base, const helion_value *index) {
  int64_t i, end, count = (int64_t)base->seq.n;
  if (index->kind == HELION_SLICE) {
    if (index->slice->step || !clamp_bound(r, index->slice->begin, count, 0, &i) || !clamp_bound(r, index->slice->end, count, count, &end))
      return helion_fail(r, n, LOOM_EUNSUP, NULL, "a slice with a step or unknown bounds");
    return (helion_value){.kind = HELION_SEQ, .seq = {base->seq.at + i, end > i ? (size_t)(end - i) : 0, base->seq.is_list}};
  }
  if (!helion_known_int(r, index, &i))
    return helion_fail(r, n, LOOM_EUNSUP, "index sequences with ints that are known while compiling", "%s as an index of a sequence",
                       helion_describe(r, index));
  if (i < -count || i >= count)
    return helion_fail(r, n, LOOM_EINPUT, NULL, "index %" PRId64 " of a sequence of %" PRId64, i, count);
  return base->seq.at[i < 0 ? i + count : i];
}

static helion_value subscript_dict(helion_reader *r, const syn_node *n, const helion_value *base, const helion_value *index) {
  for (size_t i = 0; i < base->dict->n; i++) {
    helion_value same = helion_compare(r, n, SYN_Eq, base->dict->keys[i], *index);
    if (same.kind == HELION_BOOL && same.flag)
      return base->dict->values[i];
  }
  return helion_fail(r, n, LOOM_EINPUT, NULL, "the dict has no key %s", helion_describe(r, index));
}

/* ---- index lists ---- */
typedef struct index_list {
  kernel_index at[KERNEL_RANK_MAX * 2];
  int n;
  kernel_type shape;
} index_list; /* shape: of the part that is indexed */

typedef VEC_OF(helion_value) value_list;

static bool push_items(helion_reader *r, const syn_node *n, const helion_value *v, value_list *out) {
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

/* One item per dimension: `...` and missing trailing dimensions become `:`. */
static bool expand_items(helion_reader *r, const syn_node *n, const helion_value *index, const kernel_type *tensor, value_list *out) {
  value_list given = {0};
  if (!push_items(r, n, index, &given))
    return false;
  int used = 0, dots = 0;
  for (size_t i = 0; i < given.n; i++) {
    used += takes_dim(&given.at[i]);
    dots += given.at[i].kind == HELION_ELLIPSIS;
  }
  if (used > tensor->rank || dots > 1) {
    helion_fail(r, n, LOOM_EINPUT, NULL, "%d indices for a tensor of shape %s", used, helion_show_shape(r, tensor));
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

static void push_index(index_list *l, kernel_index i, const sym_expr *dim) {
  l->at[l->n++] = i;
  if (dim)
    l->shape.dim[l->shape.rank++] = dim;
}

/* A tile whose range is longer than the dimension would read outside of the tensor; a dimension of one element is broadcast. */
static bool index_tile(helion_reader *r, const syn_node *n, const helion_tile *t, const char *tensor, const kernel_type *shape, int dim,
                       index_list *out) {
  const helion_symbol *s = &r->symbols.at[t->block];
  const sym_expr *size = shape->dim[dim], *reach = t->offset ? sym_add(r->mem, t->end, t->offset) : t->end;
  int64_t end, elems;
  bool known = helion_known(r, reach, &end) && helion_known(r, size, &elems);
  if (known && elems == 1 && end != 1 && !t->offset) {
    push_index(out, (kernel_index){KERNEL_INDEX_SLICE, -1, sym_const(r->mem, 0), sym_const(r->mem, 1)}, sym_const(r->mem, 1));
    return true;
  }
  if (known && end > elems) {
    helion_fail(r, n, LOOM_EINPUT, "the size of the loop and of the dimension must be equal",
                "%s runs up to %s, but dimension %d of %s, of shape %s, has %" PRId64 " elements", s->name ? s->name : s->fallback,
                helion_show_size(r, reach), dim, tensor, helion_show_shape(r, shape), elems);
    return false;
  }
  push_index(out, (kernel_index){KERNEL_INDEX_TILE, t->number, t->offset, NULL}, helion_symbol_expr(r, t->block));
  return true;
}

static bool index_int(helion_reader *r, const syn_node *n, const sym_expr *e, const char *tensor, const kernel_type *shape, int dim,
                      index_list *out) {
  int64_t i, elems;
  if (helion_known(r, e, &i) && helion_known(r, shape->dim[dim], &elems)) {
    if (i < -elems || i >= elems) {
      helion_fail(r, n, LOOM_EINPUT, NULL, "index %" PRId64 " of dimension %d of %s, which has %" PRId64 " elements", i, dim, tensor, elems);
      return false;
    }
    if (i < 0)
      e = sym_const(r->mem, i + elems);
  }
  push_index(out, (kernel_index){KERNEL_INDEX_SCALAR, -1, e, NULL}, NULL);
  return true;
}

static bool index_slice(helion_reader *r, const syn_node *n, const helion_slice *s, const kernel_type *shape, int dim, index_list *out) {
  int64_t begin, end, step = 1, elems;
  if (!s->begin && !s->end && !s->step) {
    push_index(out, (kernel_index){KERNEL_INDEX_ALL, -1, NULL, NULL}, shape->dim[dim]);
    return true;
  }
  bool known = helion_known(r, shape->dim[dim], &elems) && clamp_bound(r, s->begin, elems, 0, &begin) &&
               clamp_bound(r, s->end, elems, elems, &end) && (!s->step || (helion_known_int(r, s->step, &step) && step == 1));
  if (!known) {
    helion_fail(r, n, LOOM_EUNSUP, "bounds have to be known while compiling and the step 1; use a tile for a moving part",
                "this slice of a host tensor");
    return false;
  }
  end = end < begin ? begin : end;
  push_index(out, (kernel_index){KERNEL_INDEX_SLICE, -1, sym_const(r->mem, begin), sym_const(r->mem, end)}, sym_const(r->mem, end - begin));
  return true;
}

static bool index_device(helion_reader *r, const syn_node *n, kernel_value v, const char *tensor, const kernel_type *shape, int dim,
                         index_list *out) {
  const kernel_type *t = helion_type(r, v);
  const kernel_op *def = helion_def(r, v);
  if (def && def->kind == KERNEL_TILE_INDEX) {   /* x[tile.index] is x[tile] */
    const char *block = r->graph->values.at[def->operands[0]].block;
    int s = block ? helion_symbol_of(r, sym_name(r->mem, block)) : -1;
    const sym_expr *end = s >= 0 ? r->symbols.at[s].extent : NULL;   /* TILE_INDEX of a moved tile is an ADD, not this */
    if (end)
      return index_tile(r, n, &(helion_tile){def->operands[0], s, end, NULL}, tensor, shape, dim, out);
  }
  if (dtype_is_float(t->type) || t->type == DTYPE_BOOL || t->rank > 1) {
    helion_fail(r, n, LOOM_EUNSUP, "index with tiles, ints and 1-d int tensors", "an index of shape %s and type %s",
                helion_show_shape(r, t), dtype_torch(t->type));
    return false;
  }
  push_index(out, (kernel_index){t->rank ? KERNEL_INDEX_TENSOR : KERNEL_INDEX_SCALAR, v, NULL, NULL}, t->rank ? t->dim[0] : NULL);
  return true;
}

static bool make_index(helion_reader *r, const syn_node *n, const helion_value *index, kernel_tensor tensor, index_list *out) {
  const kernel_tensor_info *info = &r->graph->tensors.at[tensor];
  const kernel_type shape = info->shape;
  value_list items = {0};
  int dim = 0;
  *out = (index_list){.shape.type = shape.type};
  if (!expand_items(r, n, index, &shape, &items))
    return false;
  for (size_t i = 0; i < items.n; i++) {
    const helion_value *v = &items.at[i];
    bool ok = out->n < (int)(sizeof out->at / sizeof *out->at) && out->shape.rank < KERNEL_RANK_MAX;
    if (!ok)
      return helion_fail(r, n, LOOM_ELIMIT, NULL, "an index list that makes more than %d dimensions", KERNEL_RANK_MAX), false;
    switch (v->kind) {
    case HELION_NONE: push_index(out, (kernel_index){KERNEL_INDEX_NEW, -1, NULL, NULL}, sym_const(r->mem, 1)); break;
    case HELION_TILE: ok = index_tile(r, n, &v->tile, info->name, &shape, dim++, out); break;
    case HELION_INT: ok = index_int(r, n, v->size, info->name, &shape, dim++, out); break;
    case HELION_SLICE: ok = index_slice(r, n, v->slice, &shape, dim++, out); break;
    case HELION_DEVICE: ok = index_device(r, n, v->device, info->name, &shape, dim++, out); break;
    default: return helion_fail(r, n, LOOM_EUNSUP, "index with tiles, ints, slices and None", "%s as an index", helion_describe(r, v)), false;
    }
    if (!ok)
      return false;
  }
  return true;
}

static void attach(helion_reader *r, kernel_op *op, kernel_tensor tensor, const index_list *l) {
  op->tensor = tensor;
  op->n_index = l->n;
  op->index = ARENA_NEW_N(r->mem, kernel_index, l->n);
  memcpy(op->index, l->at, (size_t)l->n * sizeof *op->index);
}

/* ---- loads ---- */
static helion_value load(helion_reader *r, const syn_node *n, kernel_tensor tensor, const helion_value *index) {
  index_list l;
  if (!r->region)
    return helion_fail(r, n, LOOM_EUNSUP, "index tensors inside of the tile loops",
                       "a part of the host tensor %s outside of the tile loops", r->graph->tensors.at[tensor].name);
  if (!make_index(r, n, index, tensor, &l))
    return helion_unknown();
  kernel_value v = helion_emit(r, n, KERNEL_LOAD, 0, NULL, &l.shape);
  attach(r, helion_def(r, v), tensor, &l);
  return helion_device(v);
}

/* x[:, None] of a device value: a new shape of the same elements. */
static helion_value add_dimensions(helion_reader *r, const syn_node *n, kernel_value v, const helion_value *index) {
  const kernel_type *old = helion_type(r, v);
  kernel_type t = {.type = old->type};
  value_list items = {0};
  int dim = 0;
  if (!expand_items(r, n, index, old, &items))
    return helion_unknown();
  for (size_t i = 0; i < items.n; i++) {
    const helion_value *item = &items.at[i];
    bool is_all = item->kind == HELION_SLICE && !item->slice->begin && !item->slice->end && !item->slice->step;
    if (!is_all && item->kind != HELION_NONE)
      return helion_fail(r, n, LOOM_EUNSUP, "index device values with : and None only", "%s as an index of a device value",
                         helion_describe(r, item));
    if (t.rank == KERNEL_RANK_MAX)
      return helion_fail(r, n, LOOM_ELIMIT, NULL, "a value of more than %d dimensions", KERNEL_RANK_MAX);
    t.dim[t.rank++] = is_all ? helion_type(r, v)->dim[dim++] : sym_const(r->mem, 1);
  }
  return t.rank == helion_type(r, v)->rank ? helion_device(v) : helion_device(helion_emit(r, n, KERNEL_RESHAPE, 1, &v, &t));
}

helion_value helion_subscript(helion_reader *r, const syn_node *n, helion_value base, helion_value index) {
  if (base.kind == HELION_UNKNOWN || index.kind == HELION_UNKNOWN)
    return helion_unknown();
  switch (base.kind) {
  case HELION_SEQ: return subscript_sequence(r, n, &base, &index);
  case HELION_DICT: return subscript_dict(r, n, &base, &index);
  case HELION_TENSOR: return load(r, n, base.tensor, &index);
  case HELION_DEVICE: return add_dimensions(r, n, base.device, &index);
  case HELION_TILE:   /* `tile[0]` of a loop over a one-element list */
    if (helion_known_int(r, &index, &(int64_t){0}))
      return base;
    break;
  default: break;
  }
  return helion_fail(r, n, LOOM_EUNSUP, NULL, "a subscript of %s", helion_describe(r, &base));
}

/* ---- stores ---- */
void helion_store(helion_reader *r, const syn_node *n, helion_value base, helion_value index, helion_value v) {
  index_list l;
  kernel_value value;
  kernel_type fit;
  if (base.kind == HELION_UNKNOWN || index.kind == HELION_UNKNOWN || v.kind == HELION_UNKNOWN)
    return;
  if (base.kind != HELION_TENSOR || !r->region) {
    if (base.kind == HELION_TENSOR)
      helion_fail(r, n, LOOM_EUNSUP, "store inside of the tile loops", "a store to the host tensor %s outside of the tile loops",
                  r->graph->tensors.at[base.tensor].name);
    else
      helion_fail(r, n, LOOM_EINPUT, "only host tensors can be stored to; build a new value instead", "a store to %s",
                  helion_describe(r, &base));
    return;
  }
  if (!make_index(r, n, &index, base.tensor, &l) || !helion_as_value(r, n, &v, l.shape.type, &value))
    return;
  const char *name = r->graph->tensors.at[base.tensor].name;
  if (!helion_broadcast_shape(r, helion_type(r, value), &l.shape, &fit) || !helion_same_shape(r, &fit, &l.shape)) {
    helion_fail(r, n, LOOM_EINPUT, "the value must have the shape of the part it is stored to",
                "a value of shape %s is stored to a part of shape %s of %s", helion_show_shape(r, helion_type(r, value)),
                helion_show_shape(r, &l.shape), name);
    return;
  }
  value = helion_broadcast(r, n, helion_cast(r, n, value, l.shape.type), &l.shape);
  kernel_op *op = kernel_add_op(r->mem, r->graph, r->region, KERNEL_STORE, 1, &value, 0, NULL);
  op->span = n->span;
  attach(r, op, base.tensor, &l);
}
