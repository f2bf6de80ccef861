/* Which part of which argument a load or store touches. */
#include "base/shape.h"
#include "pass/extract_private.h"
#include <string.h>

/* Does loop `l` enclose what is read now?  Loops one behind the other may have one block size, and then one name of their iterators. */
static bool is_open(const extract *x, int l) {
  bool found = l < x->nest->n_parallel;
  for (int p = x->parent; p >= 0 && !found; p = x->nest->loops.at[p].parent)
    found = p == l;
  return found;
}

/* Does `e` equal it_<block> * <block> for a loop around? */
static int loop_step(const extract *x, const sym_expr *e) {
  if (e->op != SYM_MUL || e->arg[0]->op != SYM_SYM || e->arg[1]->op != SYM_SYM)
    return -1;
  for (size_t l = 0; l < x->nest->loops.n; l++) {
    const char *block = x->nest->loops.at[l].block, *iterator = nest_iterator_name(x->mem, x->nest, (int)l);
    for (int s = 0; s < 2; s++)
      if (text_eq(e->arg[s]->name, iterator) && text_eq(e->arg[1 - s]->name, block) && is_open(x, (int)l))
        return (int)l;
  }
  return -1;
}

/* Takes the first term it_<block> * <block> out of a sum, of the block `size` alone unless that is NULL; the rest is returned.
 * *loop stays -1 when there is none. */
static const sym_expr *take_step(const extract *x, const sym_expr *e, const sym_expr *size, int *loop) {
  if (*loop >= 0)
    return e;
  int l = loop_step(x, e);
  bool fits = l >= 0 && (!size || (size->op == SYM_SYM && text_eq(size->name, x->nest->loops.at[l].block)));
  if (fits) {
    *loop = l;
    return sym_const(x->mem, 0);
  }
  if (e->op != SYM_ADD)
    return e;
  const sym_expr *left = take_step(x, e->arg[0], size, loop);
  return sym_add(x->mem, left, take_step(x, e->arg[1], size, loop));
}

/* The loop whose blocks the tile is made of, before another one that only shifts it. */
static void split_offset(const extract *x, const sym_expr *offset, nest_access_dim *a) {
  a->loop = -1;
  a->offset = take_step(x, offset, a->size, &a->loop);
  if (a->loop < 0)
    a->offset = take_step(x, offset, NULL, &a->loop);
}

/* ---- which argument, and as what ---- */

static bool static_list(MlirOperation op, const char *attribute, int rank, int64_t *out) {
  MlirAttribute list = ir_attr_of(op, attribute);
  if (mlirAttributeIsNull(list) || !mlirAttributeIsADenseI64Array(list) || mlirDenseArrayGetNumElements(list) != rank)
    return false;
  for (int d = 0; d < rank; d++) {
    out[d] = mlirDenseI64ArrayGetElement(list, d);
    if (out[d] == mlirShapedTypeGetDynamicSize())
      return false;
  }
  return true;
}

/* Is every place of the view an element of the argument?  Places may be one element, as those of overlapping windows are. */
static bool is_inside(const nest_tensor *t, int64_t elems) {
  int64_t last = 0, reach;
  for (int d = 0; d < t->rank; d++) {
    if (t->shape[d] < 1 || (t->shape[d] > 1 && t->stride[d] < 1))
      return false;
    if (t->shape[d] > 1 && (__builtin_mul_overflow(t->shape[d] - 1, t->stride[d], &reach) || __builtin_add_overflow(last, reach, &last)))
      return false;
  }
  return last < elems;
}

/* A part of an argument, or of a view of it: which of its dims each dim shows, and where the part starts in each dim of that.  rank 0: no part. */
typedef struct arg_part { int rank, dim[NEST_RANK_MAX]; int64_t shape[NEST_RANK_MAX], start[NEST_RANK_MAX]; } arg_part;

/* A view that does not begin where its argument does is part of one that does: the offset in steps of its dims, the widest first. */
static bool begin_with_argument(nest_tensor *t, int64_t offset, arg_part *out) {
  bool used[NEST_RANK_MAX] = {false};
  *out = (arg_part){.rank = t->rank};
  for (int d = 0; d < t->rank; d++) {
    out->dim[d] = d;
    out->shape[d] = t->shape[d];
  }
  for (int i = 0; i < t->rank; i++) {
    int widest = -1;
    for (int d = 0; d < t->rank; d++)
      if (!used[d] && t->stride[d] > 0 && (widest < 0 || t->stride[d] > t->stride[widest]))
        widest = d;
    if (widest < 0)
      break;
    used[widest] = true;
    out->start[widest] = offset / t->stride[widest];
    offset %= t->stride[widest];
    if (__builtin_add_overflow(t->shape[widest], out->start[widest], &t->shape[widest]))
      return false;
  }
  return offset == 0;
}

/* The sizes and strides of memref.reinterpret_cast of an argument. */
static loom_status read_view(extract *x, MlirOperation view, const nest_tensor *arg, nest_tensor *out, arg_part *part) {
  MlirType type = mlirValueGetType(ir_result(view, 0));
  int64_t offset;
  *out = *arg;
  out->rank = (int)mlirShapedTypeGetRank(type);
  if (out->rank < 1 || out->rank > NEST_RANK_MAX || !static_list(view, "static_offsets", 1, &offset) || offset < 0 ||
      !static_list(view, "static_sizes", out->rank, out->shape) || !static_list(view, "static_strides", out->rank, out->stride) || !begin_with_argument(out, offset, part) || !is_inside(out, shape_elements(arg->rank, arg->shape)))
    EXTRACT_UNSUP(x, view, "argument '%s' may be seen with other sizes and strides, inside of it; this view of it is not supported", arg->name);
  for (int d = 0; d < out->rank; d++)   /* of one element: any */
    out->stride[d] = out->stride[d] > 0 ? out->stride[d] : 1;
  return LOOM_OK;
}

/* Two places of the view are never one element: taken by rising stride, each stride is longer than all dims before it reach. */
static bool is_one_to_one(const nest_tensor *t, const int64_t *shape) {
  bool used[NEST_RANK_MAX] = {false};
  int64_t reach = 0;
  for (int i = 0; nest_tensor_is_view(t) && i < t->rank; i++) {
    int best = -1;
    for (int d = 0; d < t->rank; d++)
      if (!used[d] && (best < 0 || shape[d] == 1 || (shape[best] > 1 && t->stride[d] < t->stride[best])))
        best = d;
    used[best] = true;
    if (shape[best] > 1 && t->stride[best] <= reach)
      return false;
    reach += (shape[best] - 1) * t->stride[best];
  }
  return true;
}

/* The least that a sum of loops times sizes can be: its numbers; 0 where it has other terms. */
static int64_t least(const sym_expr *e) {
  int64_t v;
  return sym_is_const(e, &v) ? v > 0 ? v : 0 : e->op == SYM_ADD ? least(e->arg[0]) + least(e->arg[1]) : 0;
}

static bool is_sum_of_steps(const sym_expr *e) {
  int64_t v;
  return e->op == SYM_SYM || (sym_is_const(e, &v) && v >= 0) || ((e->op == SYM_ADD || e->op == SYM_MUL) && is_sum_of_steps(e->arg[0]) && is_sum_of_steps(e->arg[1]));
}

/* Only the places from where the store begins count: a view that does not begin with its argument is part of one that does. */
loom_status extract_check_store(extract *x, MlirOperation at, const nest_node *store) {
  const nest_tensor *t = &x->nest->tensors.at[store->tensor];
  int64_t shape[NEST_RANK_MAX];
  for (int d = 0; d < t->rank; d++)
    shape[d] = t->shape[d] - (is_sum_of_steps(store->dim[d].offset) ? least(store->dim[d].offset) : 0);
  if (!t->has_lookup && !is_one_to_one(t, shape))      /* places that are looked up may meet: which of them stays is not said */
    EXTRACT_UNSUP(x, at, "this stores through a view of argument '%s' in which places overlap", t->name);
  return LOOM_OK;
}

bool extract_shows_all(const extract *x, int tensor) {
  const nest_tensor *t = &x->nest->tensors.at[tensor];
  MlirType type = mlirValueGetType(mlirBlockGetArgument(ir_body(x->func), t->arg));
  int64_t elems = 1;
  for (int d = 0; d < mlirShapedTypeGetRank(type); d++)
    elems *= mlirShapedTypeGetDimSize(type, d);
  return shape_elements(t->rank, t->shape) == elems && is_one_to_one(t, t->shape);
}

/* Slices of the argument's dims, in order, with single elements of the dims left out: x[:, 8:], x[3]. */
static bool read_part(MlirOperation view, const nest_tensor *arg, arg_part *out) {
  int64_t offset, stride[NEST_RANK_MAX], step[NEST_RANK_MAX];
  int rank = (int)mlirShapedTypeGetRank(mlirValueGetType(ir_result(view, 0))), next = 0;
  if (rank < 1 || rank > arg->rank || !static_list(view, "static_offsets", 1, &offset) || offset < 0 || !static_list(view, "static_sizes", rank, out->shape) ||
      !static_list(view, "static_strides", rank, stride))
    return false;
  for (int d = arg->rank - 1; d >= 0; d--)
    step[d] = d == arg->rank - 1 ? 1 : step[d + 1] * arg->shape[d + 1];
  for (int d = 0; d < arg->rank; d++) {
    if (step[d] < 1)
      return false;
    out->start[d] = offset / step[d];
    offset %= step[d];
    bool is_shown = next < rank && stride[next] == step[d] && (rank - next == arg->rank - d || out->shape[next] > 1);
    int64_t size = is_shown ? out->shape[next] : 1;
    if (out->start[d] + size > arg->shape[d])
      return false;
    if (is_shown)
      out->dim[next++] = d;
  }
  out->rank = rank;
  return next == rank && offset == 0;
}

static bool same_view(const nest_tensor *a, const nest_tensor *b) {
  bool is_same = a->rank == b->rank && a->has_lookup == b->has_lookup && a->lookup_dim == b->lookup_dim && a->lookup_arg == b->lookup_arg;
  for (int d = 0; is_same && d < a->rank; d++)
    is_same = a->shape[d] == b->shape[d] && a->stride[d] == b->stride[d];
  return is_same;
}

/* `seen` and the entry, if it is used already, are the same? */
static bool is_seen_so(const extract *x, size_t tensor, const nest_tensor *seen, extract_use use) {
  return x->use[tensor] == EXTRACT_UNUSED || (x->use[tensor] == use && (use == EXTRACT_AS_IT_IS || same_view(&x->nest->tensors.at[tensor], seen)));
}

/* Each way to see an argument has an entry of its own: the first one that of the argument, further ones behind all arguments. */
static loom_status see_argument(extract *x, MlirOperation at, const nest_tensor *seen, extract_use use, int *tensor) {
  int arg = seen->arg;
  size_t i = (size_t)arg;
  while (i < x->nest->tensors.n && (x->nest->tensors.at[i].arg != arg || !is_seen_so(x, i, seen, use)))
    i++;
  if (i == x->nest->tensors.n) {
    nest_tensor more = *seen;
    if (i >= x->n_uses)
      EXTRACT_UNSUP(x, at, "argument '%s' is used in more than %d shapes", seen->name, EXTRACT_VIEWS_MAX);
    more.name = arena_printf(x->mem, "%s_as%zu", seen->name, i);
    vec_push(x->mem, &x->nest->tensors, more);
  } else if (x->use[i] == EXTRACT_UNUSED && use == EXTRACT_AS_VIEW) {
    x->nest->tensors.at[i] = *seen;
  }
  x->use[i] = use;
  *tensor = (int)i;
  return LOOM_OK;
}

static int arg_of(const extract *x, MlirValue memref) {
  if (!mlirValueIsABlockArgument(memref) || !mlirBlockEqual(mlirBlockArgumentGetOwner(memref), ir_body(x->func)))
    return -1;
  return (int)mlirBlockArgumentGetArgNumber(memref);
}

/* loom.lookup of an argument or of a view of it, which must begin with it. */
static loom_status looked_up(extract *x, MlirOperation at, const dialect_lookup *l, int64_t places, int *out) {
  MlirOperation view = ir_def(l->table);
  bool is_view = !mlirOperationIsNull(view) && ir_op_is(view, "memref.reinterpret_cast");
  int arg = arg_of(x, is_view ? ir_operand(view, 0) : l->table), index = arg_of(x, l->index);
  arg_part part = {0};
  if (arg < 0 || index < 0)
    EXTRACT_UNSUP(x, at, "a lookup must be in an argument of the function, by one");
  nest_tensor seen, whole = {.name = x->nest->tensors.at[arg].name, .arg = arg, .type = x->nest->tensors.at[arg].type, .l1_page = x->nest->tensors.at[arg].l1_page,
                           .l1_offset = x->nest->tensors.at[arg].l1_offset};
  MlirType type = mlirValueGetType(is_view ? ir_operand(view, 0) : l->table);
  whole.rank = (int)mlirShapedTypeGetRank(type);
  int64_t stride = 1;
  for (int d = whole.rank - 1; d >= 0; d--) {
    whole.shape[d] = mlirShapedTypeGetDimSize(type, d);
    whole.stride[d] = is_view ? 0 : stride;
    stride *= whole.shape[d];
  }
  seen = whole;
  if (is_view)
    LOOM_TRY(read_view(x, view, &whole, &seen, &part));
  for (int d = 0; d < part.rank; d++)
    if (part.start[d])
      EXTRACT_UNSUP(x, at, "a lookup in a view of argument '%s' that does not begin with it", whole.name);
  seen.has_lookup = true;
  seen.lookup_dim = l->dim;
  seen.lookup_arg = index;
  seen.lookup_rows = seen.shape[l->dim];
  seen.shape[l->dim] = places;
  return see_argument(x, at, &seen, EXTRACT_AS_VIEW, out);
}

/* The argument behind a memref, -1: none; *part: of it. */
static loom_status tensor_of(extract *x, MlirOperation at, MlirValue memref, int *out, arg_part *part) {
  MlirOperation view = ir_def(memref);
  dialect_lookup lookup;
  *part = (arg_part){0};
  if (dialect_read_lookup(view, &lookup))
    return looked_up(x, at, &lookup, mlirShapedTypeGetDimSize(mlirValueGetType(memref), lookup.dim), out);
  MlirValue whole = !mlirOperationIsNull(view) && ir_op_is(view, "memref.reinterpret_cast") ? ir_operand(view, 0) : memref;
  *out = arg_of(x, whole);
  if (*out < 0)
    return LOOM_OK;
  nest_tensor seen, arg = {.name = x->nest->tensors.at[*out].name, .arg = *out, .type = x->nest->tensors.at[*out].type, .l1_page = x->nest->tensors.at[*out].l1_page,
                          .l1_offset = x->nest->tensors.at[*out].l1_offset};
  MlirType type = mlirValueGetType(whole);
  arg.rank = (int)mlirShapedTypeGetRank(type);
  for (int d = 0; d < arg.rank; d++)
    arg.shape[d] = mlirShapedTypeGetDimSize(type, d);
  if (mlirValueEqual(whole, memref) || read_part(view, &arg, part))
    return see_argument(x, at, &arg, EXTRACT_AS_IT_IS, out);
  LOOM_TRY(read_view(x, view, &arg, &seen, part));
  return see_argument(x, at, &seen, EXTRACT_AS_VIEW, out);
}

/* ---- accesses ---- */

static void whole_access(extract *x, nest_node *node, const arg_part *part) {
  const nest_tensor *t = &x->nest->tensors.at[node->tensor];
  node->n_dims = part->rank ? part->rank : t->rank;
  for (int d = 0; d < node->n_dims; d++)
    node->dim[d] = (nest_access_dim){.loop = -1, .offset = sym_const(x->mem, 0), .size = sym_const(x->mem, part->rank ? part->shape[d] : t->shape[d])};
}

/* From the dims of a part to those of the argument, or of the view. */
static void place_in_argument(extract *x, nest_node *node, const arg_part *part) {
  nest_access_dim seen[NEST_RANK_MAX];
  int rank = x->nest->tensors.at[node->tensor].rank;
  if (!part->rank)
    return;
  memcpy(seen, node->dim, sizeof seen);
  for (int d = 0; d < rank; d++)
    node->dim[d] = (nest_access_dim){.loop = -1, .offset = sym_const(x->mem, 0), .size = sym_const(x->mem, 1), .dropped = true};
  for (int d = 0; d < part->rank; d++)
    node->dim[part->dim[d]] = seen[d];
  for (int d = 0; d < rank; d++)
    node->dim[d].offset = sym_add(x->mem, node->dim[d].offset, sym_const(x->mem, part->start[d]));
  node->n_dims = rank;
}

/* A subview that loses rank drops dims of size 1, the outer ones first. */
static void mark_dropped(MlirOperation subview, nest_node *node) {
  int64_t to_drop = node->n_dims - mlirShapedTypeGetRank(mlirValueGetType(ir_result(subview, 0)));
  for (int d = 0; d < node->n_dims && to_drop > 0; d++) {
    int64_t size;
    node->dim[d].dropped = sym_is_const(node->dim[d].size, &size) && size == 1;
    to_drop -= node->dim[d].dropped;
  }
}

loom_status extract_access(extract *x, MlirOperation at, MlirValue memref, nest_node *node) {
  MlirOperation view = ir_def(memref);
  while (!mlirOperationIsNull(view) && ir_op_is(view, "memref.cast")) {   /* what folding leaves of a subview of the whole argument */
    memref = ir_operand(view, 0);
    view = ir_def(memref);
  }
  arg_part part;
  LOOM_TRY(tensor_of(x, at, memref, &node->tensor, &part));
  if (node->tensor >= 0) {
    whole_access(x, node, &part);
    place_in_argument(x, node, &part);
    return LOOM_OK;
  }
  if (!ir_op_is(view, "memref.subview"))
    EXTRACT_UNSUP(x, mlirOperationIsNull(view) ? at : view, "a tile must be a memref.subview of an argument");
  LOOM_TRY(tensor_of(x, view, ir_operand(view, 0), &node->tensor, &part));
  if (node->tensor < 0)
    EXTRACT_UNSUP(x, view, "a tile must be taken from an argument of the function");
  node->n_dims = part.rank ? part.rank : x->nest->tensors.at[node->tensor].rank;
  for (int d = 0; d < node->n_dims; d++) {
    const sym_expr *offset, *stride;
    nest_access_dim *a = &node->dim[d];
    int64_t one;
    LOOM_TRY(extract_mixed(x, view, "static_offsets", 1, d, &offset));
    LOOM_TRY(extract_mixed(x, view, "static_sizes", 2, d, &a->size));
    LOOM_TRY(extract_mixed(x, view, "static_strides", 3, d, &stride));
    if (!sym_is_const(stride, &one) || one != 1)
      EXTRACT_UNSUP(x, view, "a strided tile is not supported; the stride of dimension %d must be 1", d);
    split_offset(x, offset, a);
  }
  mark_dropped(view, node);
  place_in_argument(x, node, &part);
  return LOOM_OK;
}
