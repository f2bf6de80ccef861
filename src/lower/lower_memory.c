/* LOAD: memref.subview + bufferization.to_tensor.  STORE: subview + to_buffer + memref.copy.  Tiles have their nominal size: an access over the
 * edge of a ragged tile is clamped where the tiles become concrete (materialize). */
#include "lower/lower_private.h"

kernel_tensor lower_root(const kernel_graph *k, kernel_tensor t) {
  while (k->tensors.at[t].role == KERNEL_VIEW)
    t = k->tensors.at[t].base;
  return t;
}

/* ---- host tensors as memrefs ---- */

typedef struct layout { int64_t shape[KERNEL_RANK_MAX], stride[KERNEL_RANK_MAX], offset; } layout;

static loom_status known_size(lowering *l, const kernel_tensor_info *t, const sym_expr *e, int64_t *out) {
  bool known;
  LOOM_TRY(lower_static_size(l, e, &known, out));
  if (!known)
    LOOM_FAIL(l->ctx, t->span, LOOM_EUNSUP, "the shape of %s depends on block sizes", t->name);
  return LOOM_OK;
}

static loom_status tensor_layout(lowering *l, kernel_tensor index, layout *out) {
  const kernel_tensor_info *t = &l->k->tensors.at[index];
  int64_t step = 1;
  out->offset = 0;
  for (int d = t->shape.rank - 1; d >= 0; d--) {
    LOOM_TRY(known_size(l, t, t->shape.dim[d], &out->shape[d]));
    out->stride[d] = step;
    step *= out->shape[d];
  }
  if (t->role != KERNEL_VIEW)
    return LOOM_OK;
  LOOM_TRY(known_size(l, t, t->offset, &out->offset));
  for (int d = 0; d < t->shape.rank; d++)
    LOOM_TRY(known_size(l, t, t->stride[d], &out->stride[d]));
  return LOOM_OK;
}

static const char *strided(arena *m, int rank, const int64_t *stride, const char *offset) {
  text t = text_new(m);
  text_add(&t, ", strided<[");
  for (int d = 0; d < rank; d++)
    text_addf(&t, "%s%" PRId64, d ? ", " : "", stride[d]);
  text_add(&t, "]");
  if (!text_eq(offset, "0"))
    text_addf(&t, ", offset: %s", offset);
  text_add(&t, ">");
  return text_str(&t);
}

loom_status lower_memref_type(lowering *l, kernel_tensor index, const char **out) {
  const kernel_tensor_info *t = &l->k->tensors.at[index];
  layout at;
  const char *dims, *form = "";
  if (t->shape.type == DTYPE_U8)
    LOOM_FAIL(l->ctx, t->span, LOOM_EUNSUP, "uint8 tensors are not supported; use int8 or int32");
  LOOM_TRY(tensor_layout(l, index, &at));
  LOOM_TRY(lower_dims(l, &t->shape, &dims));
  if (t->role == KERNEL_VIEW)
    form = strided(l->mem, t->shape.rank, at.stride, arena_printf(l->mem, "%" PRId64, at.offset));
  *out = arena_printf(l->mem, "memref<%s%s%s>", dims, lower_element(t->shape.type), form);
  return LOOM_OK;
}

static const kernel_op *def_of(const lowering *l, kernel_value v) { return v < 0 ? NULL : l->k->values.at[v].def; }

static bool is_number(lowering *l, const sym_expr *e, int64_t *out) {
  bool known = false;
  return lower_static_size(l, e, &known, out) == LOOM_OK && known;
}

/* ---- the part that an index list selects ---- */

/* One dim of the tensor: offset and size as the subview prints them. */
typedef struct part { const char *offset, *size; bool keeps; int64_t fixed_offset; bool is_fixed; } part;

/* Numbers stand in the subview itself, other expressions in front of it. */
static loom_status number_or_name(lowering *l, const sym_expr *e, const char **out, bool *is_fixed, int64_t *n) {
  LOOM_TRY(lower_static_size(l, e, is_fixed, n));
  if (!*is_fixed)
    return lower_expr(l, e, out);
  *out = arena_printf(l->mem, "%" PRId64, *n);
  return LOOM_OK;
}

static loom_status add_tile(lowering *l, const kernel_index *x, part *p) {
  const char *shift;
  LOOM_TRY(lower_tile_begin(l, x->value, &p->offset));
  if (x->begin) {
    LOOM_TRY(lower_expr(l, x->begin, &shift));
    p->offset = lower_once(l, "arith.addi %s, %s : index", p->offset, shift);
  }
  bool fixed;
  int64_t size;
  return number_or_name(l, sym_name(l->mem, l->k->values.at[x->value].block), &p->size, &fixed, &size);
}

/* ---- a tile seen through the numbers of its indices ---- */

/* tile.index + shift: a tile again, from a place that the running kernel decides; shift -1: none. */
typedef struct window { kernel_value tile, shift; } window;

static bool is_of_kind(const lowering *l, kernel_value v, kernel_op_kind kind) {
  const kernel_op *op = def_of(l, v);
  return op && op->kind == kind;
}

static bool find_window(const lowering *l, const kernel_index *x, window *out) {
  if (x->kind != KERNEL_INDEX_TENSOR || x->rank != 1)
    return false;
  const kernel_op *op = def_of(l, x->value);
  *out = (window){-1, -1};
  if (op && op->kind == KERNEL_BINARY && op->fn == KERNEL_FN_ADD) {
    int tile = is_of_kind(l, op->operands[0], KERNEL_TILE_INDEX) ? 0 : 1;
    out->shift = op->operands[!tile];
    op = def_of(l, op->operands[tile]);
    if (l->k->values.at[out->shift].type.rank)
      return false;
    const kernel_op *cast = def_of(l, out->shift);
    if (cast && cast->kind == KERNEL_CAST && l->is_index[cast->operands[0]])
      out->shift = cast->operands[0];
  }
  if (!op || op->kind != KERNEL_TILE_INDEX)
    return false;
  out->tile = op->operands[0];
  return l->k->values.at[out->tile].block != NULL;
}

static loom_status add_window(lowering *l, const window *w, part *p) {
  const char *shift;
  bool fixed;
  int64_t size;
  LOOM_TRY(lower_tile_begin(l, w->tile, &p->offset));
  if (w->shift >= 0) {
    LOOM_TRY(lower_index(l, w->shift, &shift));
    p->offset = lower_once(l, "arith.addi %s, %s : index", p->offset, shift);
  }
  return number_or_name(l, sym_name(l->mem, l->k->values.at[w->tile].block), &p->size, &fixed, &size);
}

static const sym_expr *number_of(const lowering *l, kernel_value v) {
  const kernel_op *op = def_of(l, v);
  if (!op)
    return NULL;
  return op->kind == KERNEL_CONSTANT ? sym_const(l->mem, (int64_t)op->fvalue) : op->kind == KERNEL_INDEX_EXPR ? op->expr : NULL;
}

/* Is `mask` true wherever the access stays inside of its tensor: index < extent, of its own indices?  A part that would leave its tensor is refused
 * when block sizes are known, so that nothing hangs on such a mask. */
static loom_status keeps_inside(lowering *l, const kernel_op *access, kernel_value mask, bool *out) {
  const kernel_op *op = def_of(l, mask);
  window w;
  *out = false;
  if (op && (op->kind == KERNEL_RESHAPE || op->kind == KERNEL_BROADCAST))
    return keeps_inside(l, access, op->operands[0], out);
  if (op && op->kind == KERNEL_BINARY && op->fn == KERNEL_FN_AND) {
    LOOM_TRY(keeps_inside(l, access, op->operands[0], out));
    return *out ? keeps_inside(l, access, op->operands[1], out) : LOOM_OK;
  }
  if (!op || op->kind != KERNEL_BINARY || op->fn != KERNEL_FN_LT)
    return LOOM_OK;
  const sym_expr *end = number_of(l, op->operands[1]);
  for (int i = 0, dim = 0; end && i < access->n_index; i++) {
    const kernel_index *x = &access->index[i];
    if (x->kind == KERNEL_INDEX_NEW)
      continue;
    if (x->value == op->operands[0] && find_window(l, x, &w)) {
      int64_t limit, extent;
      bool known[2];
      LOOM_TRY(lower_static_size(l, end, &known[0], &limit));
      LOOM_TRY(lower_static_size(l, l->k->tensors.at[access->tensor].shape.dim[dim], &known[1], &extent));
      *out = *out || (known[0] && known[1] && limit >= extent);
    }
    dim++;
  }
  return LOOM_OK;
}

/* ---- places that a tensor of indices says ---- */

/* The load that gives an index its places, from an integer argument that the kernel does not change, element by element: then the tile is one of a
 * tensor in which these places follow one another (loom.lookup). */
static const kernel_op *find_lookup(lowering *l, const kernel_index *x) {
  if (x->kind != KERNEL_INDEX_TENSOR && x->kind != KERNEL_INDEX_SCALAR)
    return NULL;
  const kernel_op *op = def_of(l, x->value);
  while (op && op->kind == KERNEL_CAST && dtype_bytes(l->k->values.at[op->results[0]].type.type) >= dtype_bytes(l->k->values.at[op->operands[0]].type.type))
    op = def_of(l, op->operands[0]);
  if (!op || op->kind != KERNEL_LOAD || op->n_index != 1)
    return NULL;
  bool is_plain = true;
  if (op->n_operands && op->operands[0] >= 0 && (keeps_inside(l, op, op->operands[0], &is_plain) != LOOM_OK || !is_plain))
    return NULL;
  const kernel_tensor_info *t = &l->k->tensors.at[op->tensor];
  kernel_tensor root = lower_root(l->k, op->tensor);
  int64_t seen, all = 1;
  window w;
  bool is_whole = t->shape.type == DTYPE_I32 || t->shape.type == DTYPE_I64;
  if (t->role == KERNEL_VIEW)      /* all of it, as a row */
    is_whole = is_whole && is_number(l, t->offset, &seen) && seen == 0 && is_number(l, t->stride[0], &seen) && seen == 1;
  for (int d = 0; is_whole && d < l->k->tensors.at[root].shape.rank; d++) {
    is_whole = is_number(l, l->k->tensors.at[root].shape.dim[d], &seen);
    all *= is_whole ? seen : 1;
  }
  is_whole = is_whole && is_number(l, t->shape.dim[0], &seen) && seen == all;
  return is_whole && l->k->tensors.at[root].role == KERNEL_ARG && !l->is_stored[root] && op->index[0].kind != KERNEL_INDEX_NEW &&
                 (op->index[0].kind != KERNEL_INDEX_TENSOR || find_window(l, &op->index[0], &w)) ? op : NULL;
}

/* ---- one dim after the other ---- */

static loom_status select_dim(lowering *l, const kernel_index *x, const sym_expr *extent, part *p) {
  bool fixed_size;
  int64_t size;
  window w;
  const sym_expr *zero = sym_const(l->mem, 0), *one = sym_const(l->mem, 1);
  *p = (part){.keeps = x->kind != KERNEL_INDEX_SCALAR};
  switch (x->kind) {
  case KERNEL_INDEX_TILE:
    return add_tile(l, x, p);
  case KERNEL_INDEX_ALL:
    LOOM_TRY(number_or_name(l, zero, &p->offset, &p->is_fixed, &p->fixed_offset));
    return number_or_name(l, extent, &p->size, &fixed_size, &size);
  case KERNEL_INDEX_SLICE:
    LOOM_TRY(number_or_name(l, x->begin, &p->offset, &p->is_fixed, &p->fixed_offset));
    return number_or_name(l, sym_sub(l->mem, x->end, x->begin), &p->size, &fixed_size, &size);
  case KERNEL_INDEX_SCALAR:
    LOOM_TRY(x->value < 0 ? number_or_name(l, x->begin, &p->offset, &p->is_fixed, &p->fixed_offset) : lower_index(l, x->value, &p->offset));
    return number_or_name(l, one, &p->size, &fixed_size, &size);
  default:
    if (find_window(l, x, &w))
      return add_window(l, &w, p);
    LOOM_FAIL(l->ctx, l->span, LOOM_EUNSUP, "an index tensor is not supported here; index with tiles, slices and scalars");
  }
}

static loom_status check_mask(lowering *l, const kernel_op *op, int mask) {
  bool is_plain = true;
  if (mask < op->n_operands && op->operands[mask] >= 0)
    LOOM_TRY(keeps_inside(l, op, op->operands[mask], &is_plain));
  if (!is_plain)
    LOOM_FAIL(l->ctx, l->span, LOOM_EUNSUP, "a %s under a mask is not supported here; only --machine host runs it", op->kind == KERNEL_LOAD ? "load" : "store");
  return LOOM_OK;
}

typedef struct selection { const char *subview, *memref_type; kernel_type type; bool has_new; } selection;

static void print_shape(lowering *l, const kernel_tensor_info *t, int dim, int64_t places, const int64_t *shape, text *out) {
  for (int d = 0; d < t->shape.rank; d++)
    text_addf(out, "%" PRId64 "x", d == dim ? places : shape[d]);
  text_add(out, lower_element(t->shape.type));
  (void)l;
}

/* The tensor with the places of dim `dim` that `load` reads; *type: of it. */
static loom_status look_up(lowering *l, kernel_tensor tensor, const layout *at, int dim, const kernel_op *load, const char **out, const char **type) {
  const kernel_tensor_info *t = &l->k->tensors.at[tensor];
  kernel_tensor index = lower_root(l->k, load->tensor);
  const char *table_type, *index_type;
  int64_t places;
  text shape = text_new(l->mem);
  LOOM_TRY(lower_memref_type(l, tensor, &table_type));
  LOOM_TRY(lower_memref_type(l, index, &index_type));
  LOOM_TRY(known_size(l, t, l->k->tensors.at[load->tensor].shape.dim[0], &places));
  print_shape(l, t, dim, places, at->shape, &shape);
  *type = arena_printf(l->mem, "memref<%s%s>", text_str(&shape), strided(l->mem, t->shape.rank, at->stride, "0"));
  *out = lower_emit(l, "\"loom.lookup\"(%s, %s) {dim = %d : i64} : (%s, %s) -> %s", l->tensor[tensor], l->tensor[index], dim, table_type, index_type, *type);
  return LOOM_OK;
}

/* Prints the subview.  `out->type` is the tile's type without new dims. */
static loom_status select_part(lowering *l, const kernel_op *op, selection *out) {
  const kernel_tensor_info *t = &l->k->tensors.at[op->tensor];
  layout at;
  text offsets = text_new(l->mem), sizes = text_new(l->mem), ones = text_new(l->mem), dims = text_new(l->mem);
  int64_t stride[KERNEL_RANK_MAX], offset;
  int rank = 0, dim = 0;
  bool fixed = true;
  const char *host_type, *from = l->tensor[op->tensor];
  LOOM_TRY(tensor_layout(l, op->tensor, &at));
  LOOM_TRY(lower_memref_type(l, op->tensor, &host_type));
  *out = (selection){.type = {.type = t->shape.type}};
  offset = at.offset;
  for (int i = 0; i < op->n_index; i++) {
    part p;
    if (op->index[i].kind == KERNEL_INDEX_NEW) {
      out->has_new = true;
      continue;
    }
    const kernel_op *load = find_lookup(l, &op->index[i]);
    if (load && (from != l->tensor[op->tensor] || at.offset || (op->index[i].kind == KERNEL_INDEX_TENSOR && (op->index[i].dim != rank || op->index[i].rank != 1))))
      LOOM_FAIL(l->ctx, l->span, LOOM_EUNSUP, "this index has a form that is not supported here: one list of places, with dims in order, in a tensor as a whole");
    if (load)
      LOOM_TRY(look_up(l, op->tensor, &at, dim, load, &from, &host_type));
    LOOM_TRY(select_dim(l, load ? &load->index[0] : &op->index[i], load ? l->k->tensors.at[load->tensor].shape.dim[0] : t->shape.dim[dim], &p));
    const char *comma = dim ? ", " : "";
    text_addf(&offsets, "%s%s", comma, p.offset);
    text_addf(&sizes, "%s%s", comma, p.size);
    text_addf(&ones, "%s1", comma);
    fixed = fixed && p.is_fixed;
    offset += p.is_fixed ? p.fixed_offset * at.stride[dim] : 0;
    if (p.keeps) {
      text_addf(&dims, "%sx", *p.size == '%' ? "?" : p.size);
      stride[rank++] = at.stride[dim];
    }
    dim++;
  }
  const char *form = strided(l->mem, rank, stride, fixed ? arena_printf(l->mem, "%" PRId64, offset) : "?");
  out->memref_type = arena_printf(l->mem, "memref<%s%s%s>", text_str(&dims), lower_element(t->shape.type), form);
  out->subview = lower_new_name(l);
  lower_line(l, "%s = memref.subview %s[%s] [%s] [%s] : %s to %s", out->subview, from, text_str(&offsets), text_str(&sizes),
             text_str(&ones), host_type, out->memref_type);
  return LOOM_OK;
}

/* The type without the dims that None adds. */
static kernel_type without_new(const kernel_op *op, const kernel_type *t) {
  kernel_type out = {.type = t->type};
  int dim = 0;
  for (int i = 0; i < op->n_index; i++) {
    if (op->index[i].kind == KERNEL_INDEX_SCALAR)
      continue;
    if (op->index[i].kind != KERNEL_INDEX_NEW)
      out.dim[out.rank++] = t->dim[dim];
    dim++;
  }
  return out;
}

/* tensor.expand_shape: each dim of the tile with the new dims before it, the last one also with those behind it. */
static const char *groups_of(arena *m, const kernel_op *op, int kept) {
  text t = text_new(m);
  int seen = 0, at = 0;
  text_add(&t, "[[");
  for (int i = 0; i < op->n_index; i++) {
    if (op->index[i].kind == KERNEL_INDEX_SCALAR)
      continue;
    bool is_last = seen == kept;
    text_addf(&t, "%s%d", at == 0 || (text_ends(text_str(&t), "[")) ? "" : ", ", at);
    at++;
    if (op->index[i].kind != KERNEL_INDEX_NEW && !is_last && ++seen < kept)
      text_add(&t, "], [");
  }
  text_add(&t, "]]");
  return text_str(&t);
}

/* ---- LOAD ---- */

static loom_status add_new_dims(lowering *l, const kernel_op *op, const kernel_type *inner, const char **name) {
  const kernel_type *t = &l->k->values.at[op->results[0]].type;
  const char *from, *to, *expanded = lower_new_name(l);
  text shape = text_new(l->mem);
  if (inner->rank == 0)
    LOOM_FAIL(l->ctx, l->span, LOOM_EUNSUP, "None in an index that keeps no dim is not supported");
  LOOM_TRY(lower_type(l, inner, &from));
  LOOM_TRY(lower_type(l, t, &to));
  for (int d = 0; d < t->rank; d++) {
    const char *size;
    bool fixed;
    int64_t n;
    LOOM_TRY(number_or_name(l, t->dim[d], &size, &fixed, &n));
    text_addf(&shape, "%s%s", d ? ", " : "", size);
  }
  lower_line(l, "%s = tensor.expand_shape %s %s output_shape [%s] : %s into %s", expanded, *name, groups_of(l->mem, op, inner->rank), text_str(&shape), from, to);
  *name = expanded;
  return LOOM_OK;
}

loom_status lower_load(lowering *l, const kernel_op *op) {
  selection s;
  const kernel_type *t = &l->k->values.at[op->results[0]].type;
  kernel_type inner = without_new(op, t);
  const char *type, *dims, *name;
  LOOM_TRY(check_mask(l, op, 0));
  LOOM_TRY(select_part(l, op, &s));
  LOOM_TRY(lower_dims(l, &inner, &dims));
  type = arena_printf(l->mem, "tensor<%s%s>", dims, lower_element(t->type));
  name = lower_new_name(l);
  lower_line(l, "%s = bufferization.to_tensor %s : %s to %s", name, s.subview, s.memref_type, type);
  if (l->is_stored[lower_root(l->k, op->tensor)]) {   /* a later store must not change what was loaded */
    const char *copy = lower_new_name(l);
    lower_line(l, "%s = bufferization.alloc_tensor() copy(%s) : %s", copy, name, type);
    name = copy;
  }
  if (inner.rank == 0 && t->rank == 0) {
    const char *scalar = lower_new_name(l);
    l->element[op->results[0]] = name;
    lower_line(l, "%s = tensor.extract %s[] : %s", scalar, name, type);
    name = scalar;
  }
  if (s.has_new)
    LOOM_TRY(add_new_dims(l, op, &inner, &name));
  l->value[op->results[0]] = name;
  return LOOM_OK;
}

/* ---- STORE ---- */

/* The type of the part that a store writes, from its index list. */
static kernel_type stored_type(lowering *l, const kernel_op *op) {
  const kernel_tensor_info *t = &l->k->tensors.at[op->tensor];
  kernel_type out = {.type = t->shape.type};
  int dim = 0;
  window w;
  for (int i = 0; i < op->n_index; i++) {
    const kernel_index *x = &op->index[i];
    const kernel_op *load = find_lookup(l, x);
    const sym_expr *extent = load ? l->k->tensors.at[load->tensor].shape.dim[0] : t->shape.dim[dim];
    if (x->kind == KERNEL_INDEX_NEW)
      continue;
    x = load ? &load->index[0] : x;
    if (x->kind == KERNEL_INDEX_TILE)
      out.dim[out.rank++] = sym_name(l->mem, l->k->values.at[x->value].block);
    else if (find_window(l, x, &w))
      out.dim[out.rank++] = sym_name(l->mem, l->k->values.at[w.tile].block);
    else if (x->kind == KERNEL_INDEX_ALL)
      out.dim[out.rank++] = extent;
    else if (x->kind == KERNEL_INDEX_SLICE)
      out.dim[out.rank++] = sym_sub(l->mem, x->end, x->begin);
    dim++;
  }
  return out;
}

loom_status lower_store(lowering *l, const kernel_op *op) {
  selection s;
  kernel_type t = stored_type(l, op);
  const char *value, *type;
  LOOM_TRY(check_mask(l, op, 1));
  for (int i = 0; i < op->n_index; i++)
    if (op->index[i].kind == KERNEL_INDEX_NEW)
      LOOM_FAIL(l->ctx, l->span, LOOM_EUNSUP, "None in the index of a store is not supported; reshape the value instead");
  LOOM_TRY(lower_adapt(l, op->operands[0], &t, &value));
  LOOM_TRY(select_part(l, op, &s));
  if (t.rank == 0) {
    lower_line(l, "memref.store %s, %s[] : %s", value, s.subview, s.memref_type);
    return LOOM_OK;
  }
  LOOM_TRY(lower_type(l, &t, &type));
  const char *buffer = lower_new_name(l);
  lower_line(l, "%s = bufferization.to_buffer %s : %s to %s", buffer, value, type, s.memref_type);
  lower_line(l, "memref.copy %s, %s : %s to %s", buffer, s.subview, s.memref_type, s.memref_type);
  return LOOM_OK;
}
