/* Loads, stores, and tiles that are laid out anew. */
#include "target/npu/npt_lower.h"
#include "base/text.h"

dtype npt_memory_type(dtype t) { return t == DTYPE_BOOL ? DTYPE_I8 : t; }

/* ---- tiles in the scratchpad ---- */

/* The tile's dims as a transfer has them: what is neither in the lanes nor side by side, where it has more than one element; vec; lane.  Lane and vec are there where
 * the buffer has no such dim: copies. */
typedef struct tile_dims { int n, lane_axis, dim[TOG_RANK_MAX + 2]; /* NPT_NONE: copies */ int64_t extent[TOG_RANK_MAX + 2], spad_stride[TOG_RANK_MAX + 2]; } tile_dims;

static void add_dim(tile_dims *t, int dim, int64_t extent, int64_t stride) {
  t->dim[t->n] = dim;
  t->extent[t->n] = extent;
  t->spad_stride[t->n++] = stride;
}

static tile_dims dims_of(const npt_lowering *l, const npt_buffer *b, const npt_tile *t) {
  tile_dims out = {0};
  const int lane = t->layout.lane, vec = t->layout.vec;
  const bool is_split = lane != NPT_NONE && lane == vec;
  const int64_t lanes = lane == NPT_NONE ? l->core.lanes : t->padded[lane], inner = is_split ? lanes : t->row * lanes;
  for (int d = 0; d < b->b->rank; d++)
    if (d != lane && d != vec && t->padded[d] > 1)
      add_dim(&out, d, t->padded[d], t->stride[d] / (t->row * t->rounds) * inner);
  if (!is_split)
    add_dim(&out, vec, t->row, 1);
  out.lane_axis = out.n;
  add_dim(&out, lane, lanes, is_split ? 1 : t->row);
  return out;
}

static MlirType tile_type(npt_lowering *l, const npt_buffer *b, const npt_tile *t) {
  tile_dims d = dims_of(l, b, t);
  return mlirMemRefTypeContiguousGet(ir_dtype(l->ir, npt_memory_type(b->b->type)), d.n, d.extent, ir_attr(l->ir, "1 : i64"));
}

MlirValue npt_spad(npt_lowering *l, const npt_buffer *b, const npt_tile *t) {
  ir_named at = {"name", ir_symbol_attr(l->ir, t->global)};
  return ir_build1(&l->b, "memref.get_global", tile_type(l, b, t), 0, NULL, 1, &at);
}

MlirValue npt_flat(npt_lowering *l, const npt_buffer *b, const npt_tile *t) {
  MlirType type = mlirMemRefTypeContiguousGet(ir_dtype(l->ir, npt_memory_type(b->b->type)), 1, &t->elems, ir_attr(l->ir, "1 : i64"));
  MlirValue spad = npt_spad(l, b, t);
  if (mlirTypeEqual(mlirValueGetType(spad), type))
    return spad;
  ir_named at[] = {{"static_offsets", ir_attr(l->ir, "array<i64: 0>")},
                   {"static_sizes", ir_attr(l->ir, arena_printf(l->mem, "array<i64: %" PRId64 ">", t->elems))},
                   {"static_strides", ir_attr(l->ir, "array<i64: 1>")},
                   {"operandSegmentSizes", ir_attr(l->ir, "array<i32: 1, 0, 0, 0>")}};
  MlirType strided = ir_type(l->ir, arena_printf(l->mem, "memref<%" PRId64 "x%s, strided<[1]>, 1>", t->elems, dtype_mlir(npt_memory_type(b->b->type))));
  return ir_build1(&l->b, "memref.reinterpret_cast", strided, 1, &spad, 4, at);
}

/* ---- transfers ---- */

/* The DRAM side: base element, stride by buffer dim (0: the tensor does not have it), how many elements are there by buffer dim: a number, or a value. */
typedef struct dram_side {
  MlirValue memory, base;
  int64_t stride[TOG_RANK_MAX], have[TOG_RANK_MAX];
  MlirValue extent[TOG_RANK_MAX];
  MlirValue begin;                        /* null: 0; of the tile, elements in a bank */
  bool is_one_part[TOG_RANK_MAX];         /* of the parts along the dim it is one */
  bool in_pieces; int piece_dim;          /* npt_loads_in_pieces */
  bool is_cut[TOG_RANK_MAX];              /* `have` elements and no more are moved, whatever the tile's extent */
  /* Rows that are looked up: dim of the buffer whose elements have one each (NPT_NONE: all are of one), where their numbers are, how many there are and elements between them. */
  bool has_lookup; int row_dim;
  dtype number_type; MlirValue numbers, first_number;
  int64_t rows, row_step;
} dram_side;

/* Pieces are whole rows of memory, all of the same extent: else more DRAM rows would be opened than are saved cycles. */
static bool is_cut_well(const npt_transfer *x, int k) {
  for (int i = 0; i < x->n_masks; i++)
    if (x->masks[i].axis == k)
      return false;
  for (int d = 0; d < x->rank; d++)
    if (x->dram_stride[d] > x->dram_stride[k])
      return false;
  return true;
}

/* The transfer in a loop over its pieces, which have a tag of their own. */
static loom_status emit_pieces(npt_lowering *l, const tile_dims *d, int dim, npt_transfer *x) {
  const int64_t lanes = l->core.lanes;
  int k = 0;
  while (d->dim[k] != dim)
    k++;
  if (!is_cut_well(x, k))
    return mlirOperationIsNull(npt_build_transfer(&l->b, x, NPT_TOGSIM)) ? LOOM_EBUG : LOOM_OK;
  ir_named segments = {"operandSegmentSizes", ir_attr(l->ir, "array<i32: 0, 0>")};
  x->tag = ir_build1(&l->b, "memref.alloc", ir_type(l->ir, "memref<1xi32>"), 0, NULL, 1, &segments);
  const MlirValue bank = x->spad_index[0], base = x->dram_index;
  npt_loop loop = npt_open_loop(l, x->shape[k] / lanes, 1, "inner_loop", 0, NULL);
  x->dram_index = npt_sum(l, 2, (MlirValue[]){base, loop.var}, (int64_t[]){1, x->dram_stride[k] * lanes}, 0);
  x->spad_index[0] = npt_sum(l, 2, (MlirValue[]){bank, loop.var}, (int64_t[]){1, k == x->lane_axis ? x->spad_stride[k] : x->spad_stride[k] * lanes}, 0);
  x->tag_index[0] = loop.var;
  x->has_subtile = x->is_async = x->is_fine_grained = true;
  memcpy(x->subtile, x->shape, sizeof x->subtile);
  x->subtile[k] = lanes;
  MlirOperation op = npt_build_transfer(&l->b, x, NPT_TOGSIM);
  npt_close_loop(l, &loop, 0, NULL);
  return mlirOperationIsNull(op) ? LOOM_EBUG : LOOM_OK;
}

/* A tile of row numbers, one beside each element of the data's tile: that is what an indirect transfer takes. */
static npt_buffer *number_tile(npt_lowering *l, const npt_buffer *b, const npt_tile *t, dtype type) {
  tog_buffer *numbers = ARENA_NEW(l->mem, tog_buffer);
  npt_buffer *made = ARENA_NEW(l->mem, npt_buffer);
  *numbers = *b->b;
  numbers->type = type;
  numbers->name = arena_printf(l->mem, "%s_rows_%zu", t->global, l->sums.n);
  *made = (npt_buffer){.b = numbers, .is_loaded = true, .n_tiles = 1};
  made->tile[0] = *t;
  made->tile[0].global = numbers->name;
  for (int d = 0; d < b->b->rank; d++) {
    made->tile[0].elems /= b->parts[d];
    made->extent[d] = b->extent[d];
    made->parts[d] = 1;
  }
  vec_push(l->mem, &l->sums, made);
  return made;
}

/* The transfer goes by row numbers, which are loaded before. */
static loom_status look_up(npt_lowering *l, const npt_buffer *b, const npt_tile *t, const dram_side *dram, const tile_dims *d, npt_transfer *x) {
  npt_buffer *numbers = number_tile(l, b, t, dram->number_type);
  npt_transfer y = *x;
  y.move = ISA_MVIN;
  y.is_store = false;
  y.dram = dram->numbers;
  y.dram_index = dram->first_number;
  y.elem_bytes = (int)dtype_bytes(dram->number_type);
  y.spad = npt_spad(l, numbers, &numbers->tile[0]);
  y.element = mlirShapedTypeGetElementType(mlirValueGetType(y.spad));
  y.spad_index[0] = npt_const(l, 0);
  x->is_indirect = true;
  x->offsets = y.spad;
  x->offsets_global = numbers->tile[0].global;
  x->offset_stride = dram->row_step;
  x->offset_rows = dram->rows;
  x->offset_axis = -1;
  for (int i = 0; i < d->n; i++) {
    y.dram_stride[i] = 0;
    if (d->dim[i] == NPT_NONE || d->dim[i] != dram->row_dim)
      continue;
    y.dram_stride[i] = 1;
    x->offset_axis = i;
  }
  return mlirOperationIsNull(npt_build_transfer(&l->b, &y, NPT_TOGSIM)) ? LOOM_EBUG : LOOM_OK;
}

static isa_dma_op move_of(bool is_store) { return is_store ? ISA_MVOUT : ISA_MVIN; }

/* One part of the tile, `at` elements from the start of the bank's tile. */
static loom_status emit_part(npt_lowering *l, const npt_buffer *b, const npt_tile *t, const dram_side *dram, MlirValue at, bool is_store) {
  tile_dims d = dims_of(l, b, t);
  npt_transfer x = {.form = NPT_TOGSIM, .move = move_of(is_store), .is_store = is_store, .dram = dram->memory, .dram_index = dram->base, .n_spad_index = 1, .rank = d.n,
                    .lane_axis = d.lane_axis, .lane_stride = t->run, .tag = l->tag, .n_tag_index = 1, .elem_bytes = (int)dtype_bytes(npt_memory_type(b->b->type))};
  if (d.n > NPT_RANK_MAX)
    LOOM_FAIL(l->ctx, LOOM_NOSPAN, LOOM_ELIMIT, "a tile of '%s' has %d dims; transfers have at most %d", b->b->name, d.n, NPT_RANK_MAX);
  x.spad = npt_spad(l, b, t);
  x.element = mlirShapedTypeGetElementType(mlirValueGetType(x.spad));
  x.spad_index[0] = at;
  x.tag_index[0] = npt_const(l, 0);
  for (int i = 0; i < d.n; i++) {
    const int dim = d.dim[i];
    x.shape[i] = d.extent[i];
    x.spad_stride[i] = d.spad_stride[i];
    if (dim == NPT_NONE) {
      if (is_store && d.extent[i] > 1)                        /* of copies one goes out */
        x.masks[x.n_masks++] = (npt_mask){i, npt_const(l, 0), npt_const(l, 1)};
      continue;
    }
    x.dram_stride[i] = dram->stride[dim];
    if (dram->is_cut[dim])
      x.shape[i] = dram->have[dim];
    else if (!mlirValueIsNull(dram->extent[dim]))
      x.masks[x.n_masks++] = (npt_mask){i, npt_const(l, 0), dram->extent[dim]};
    else if (dram->have[dim] < d.extent[i])
      x.masks[x.n_masks++] = (npt_mask){i, npt_const(l, 0), npt_const(l, dram->have[dim])};
  }
  if (dram->has_lookup)
    LOOM_TRY(look_up(l, b, t, dram, &d, &x));
  if (!is_store && dram->in_pieces)
    return emit_pieces(l, &d, dram->piece_dim, &x);
  return mlirOperationIsNull(npt_build_transfer(&l->b, &x, NPT_TOGSIM)) ? LOOM_EBUG : LOOM_OK;
}

/* How much of a part there is: `have` of all parts along a dim, in parts of `extent`. */
static loom_status cut(npt_lowering *l, const npt_buffer *b, int d, MlirValue part, dram_side *dram) {
  if (!mlirValueIsNull(dram->extent[d]))
    LOOM_FAIL(l->ctx, LOOM_NOSPAN, LOOM_EUNSUP, "'%s' is loaded whole and taken in parts along dim %d, where its extent differs from turn to turn", b->b->name, d);
  if (dram->have[d] % b->extent[d] == 0 && dram->have[d] == b->b->shape[d]) {
    dram->have[d] = b->extent[d];
    return LOOM_OK;
  }
  MlirAffineExpr results[2] = {mlirAffineConstantExprGet(l->ir->mlir, b->extent[d]),
                               mlirAffineAddExprGet(mlirAffineMulExprGet(mlirAffineDimExprGet(l->ir->mlir, 0), mlirAffineConstantExprGet(l->ir->mlir, -b->extent[d])),
                                                    mlirAffineConstantExprGet(l->ir->mlir, dram->have[d]))};
  ir_named at = {"map", mlirAffineMapAttrGet(mlirAffineMapGet(l->ir->mlir, 1, 0, 2, results))};
  dram->extent[d] = ir_build1(&l->b, "affine.min", ir_index_type(l->ir), 1, &part, 1, &at);
  return LOOM_OK;
}

static loom_status emit_transfer(npt_lowering *l, const npt_buffer *b, const npt_tile *t, const dram_side *whole, bool is_store) {
  npt_loop loop[TOG_RANK_MAX];
  MlirValue part[TOG_RANK_MAX + 1] = {0};
  int64_t factor[TOG_RANK_MAX + 1] = {0}, stride[TOG_RANK_MAX + 1];
  int n = 0;
  dram_side dram = *whole;
  for (int d = 0; d < b->b->rank; d++) {
    factor[d] = dram.stride[d] * b->extent[d];
    if (b->parts[d] == 1 || dram.is_one_part[d])
      continue;
    loop[n] = npt_open_loop(l, b->parts[d], 1, "inner_loop", 0, NULL);
    part[d] = loop[n++].var;
    LOOM_TRY(cut(l, b, d, part[d], &dram));
  }
  part[b->b->rank] = dram.base;
  factor[b->b->rank] = 1;
  if (n)
    dram.base = npt_sum(l, b->b->rank + 1, part, factor, 0);
  if (n && dram.has_lookup && dram.row_dim != NPT_NONE)
    dram.first_number = npt_sum(l, 2, (MlirValue[]){part[dram.row_dim], dram.first_number}, (int64_t[]){b->extent[dram.row_dim], 1}, 0);
  memcpy(stride, t->part_stride, (size_t)b->b->rank * sizeof *stride);
  part[b->b->rank] = dram.begin;
  stride[b->b->rank] = 1;
  LOOM_TRY(emit_part(l, b, t, &dram, npt_sum(l, b->b->rank + 1, part, stride, 0), is_store));
  while (n-- > 0)
    npt_close_loop(l, &loop[n], 0, NULL);
  return LOOM_OK;
}

loom_status npt_part_offset(npt_lowering *l, const tog_node *n, const tfn_operand *o, const npt_tile *t, MlirValue *out) {
  const npt_buffer *b = &l->buffers[n->uses.at[o->use].buffer];
  const sym_expr *sum = sym_const(l->mem, 0);
  for (int d = 0; d < o->rank; d++) {
    const tfn_index i = o->offset[d];
    const size_t at = (size_t)i.arg;
    const sym_expr *first = i.arg < 0 ? sym_const(l->mem, i.value) : at < n->args.n ? n->args.at[at] : n->numbers.at[at - n->args.n];
    if (b->parts[d] > 1)
      sum = sym_add(l->mem, sum, sym_mul(l->mem, sym_floordiv(l->mem, first, sym_const(l->mem, b->extent[d])), sym_const(l->mem, t->part_stride[d])));
  }
  return npt_index(l, sum, out);
}

static int64_t box_stride(const tog *t, const tog_box *b, int d) {
  int64_t stride = 1;
  if (b->has_view)
    return b->view_stride[d];
  for (int k = d + 1; k < b->rank; k++)
    stride *= t->tensors.at[b->tensor].shape[k];
  return stride;
}

static MlirValue memory_of(const npt_lowering *l, int tensor) {
  for (size_t i = 0; i < l->p->arguments.n; i++)
    if (l->p->arguments.at[i].tensor == tensor)
      return mlirBlockGetArgument(l->entry, (intptr_t)i);
  return (MlirValue){NULL};
}

static loom_status read_lookup(npt_lowering *l, const tog_box *box, dram_side *out) {
  const tog_tensor *numbers = &l->t->tensors.at[box->lookup_tensor];
  out->has_lookup = true;
  out->row_dim = box->to_dim[box->lookup_dim] < 0 ? NPT_NONE : box->to_dim[box->lookup_dim];
  out->numbers = memory_of(l, box->lookup_tensor);
  out->number_type = numbers->type;
  out->rows = box->lookup_rows;
  out->row_step = box_stride(l->t, box, box->lookup_dim);
  return npt_affine(l, box->offset[box->lookup_dim], &out->first_number);
}

static loom_status read_box(npt_lowering *l, const npt_buffer *b, const tog_node *n, dram_side *out) {
  const tog_box *box = &n->box;
  const sym_expr *base = sym_const(l->mem, 0);
  *out = (dram_side){.memory = memory_of(l, box->tensor)};
  for (int d = 0; d < b->b->rank; d++)
    out->have[d] = 1;                                         /* no dim of the box: the one element there is */
  for (int d = 0; d < box->rank; d++) {
    int64_t stride = box_stride(l->t, box, d), have;
    int to = box->to_dim[d];
    const bool is_looked_up = box->has_lookup && d == box->lookup_dim;
    if (!is_looked_up)
      base = sym_add(l->mem, base, sym_mul(l->mem, box->offset[d], sym_const(l->mem, stride)));
    if (to < 0)
      continue;
    out->stride[to] = is_looked_up ? 0 : stride;
    const bool is_open = l->open.extent && sym_depends(box->offset[d], l->open.var);
    if (!is_open && sym_is_const(box->extent[d], &have)) {
      out->have[to] = have;
    } else {
      out->have[to] = b->b->shape[to];
      LOOM_TRY(npt_affine(l, is_open ? npt_open_extent(l) : box->extent[d], &out->extent[to]));
    }
  }
  if (box->has_lookup)
    LOOM_TRY(read_lookup(l, box, out));
  return npt_affine(l, base, &out->base);
}

/* A load that fills a part: where it begins along each dim it does not fill whole.  Of a dim that ops take in parts it is one of those. */
static loom_status place_load(npt_lowering *l, const npt_buffer *b, const npt_tile *t, const tog_node *n, dram_side *out) {
  const sym_expr *begin = sym_const(l->mem, 0);
  int64_t fixed;
  for (int d = 0; d < b->b->rank; d++) {
    if (!n->at[d] || (sym_is_const(n->at[d], &fixed) && fixed == 0))
      continue;
    const bool is_part = b->parts[d] > 1;
    if (!mlirValueIsNull(out->extent[d]) || (is_part ? out->have[d] > b->extent[d] : d == t->layout.lane))
      LOOM_FAIL(l->ctx, LOOM_NOSPAN, LOOM_EUNSUP, "'%s' fills a part of a tile in a way that transfers of an NPU cannot: along the lanes, or more or less of it from turn to turn", n->label);
    const sym_expr *first = is_part ? sym_floordiv(l->mem, n->at[d], sym_const(l->mem, b->extent[d])) : n->at[d];
    begin = sym_add(l->mem, begin, sym_mul(l->mem, first, sym_const(l->mem, is_part ? t->part_stride[d] : t->stride[d])));
    out->is_one_part[d] = is_part;
    out->is_cut[d] = !is_part;
  }
  return npt_affine(l, begin, &out->begin);
}

loom_status npt_emit_load(npt_lowering *l, const tog_node *n) {
  npt_buffer *b = &l->buffers[n->buffer];
  dram_side side;
  if (n->has_group)
    LOOM_FAIL(l->ctx, LOOM_NOSPAN, LOOM_EUNSUP, "'%s' is shared by several cores; programs of an NPU are of one", n->label);
  LOOM_TRY(read_box(l, b, n, &side));
  for (int i = 0; i < (b->is_computed ? 1 : b->n_tiles); i++) {
    LOOM_TRY(place_load(l, b, &b->tile[i], n, &side));
    side.in_pieces = npt_loads_in_pieces(l, n, &b->tile[i], &side.piece_dim);
    LOOM_TRY(emit_transfer(l, b, &b->tile[i], &side, false));
  }
  return LOOM_OK;
}

loom_status npt_emit_store(npt_lowering *l, const tog_node *n) {
  npt_buffer *b = &l->buffers[n->buffer];
  dram_side side;
  LOOM_TRY(read_box(l, b, n, &side));
  return emit_transfer(l, b, &b->tile[0], &side, true);
}

/* ---- laid out anew ---- */

/* Memory for `elems` of a buffer, for every work item its own. */
static MlirValue own_memory(npt_lowering *l, const npt_buffer *b, int64_t elems, MlirValue *base) {
  MlirValue var[TOG_DEPTH_MAX + TOG_MESH_MAX];
  int64_t factor[TOG_DEPTH_MAX + TOG_MESH_MAX], items = 1;
  dtype type = npt_memory_type(b->b->type);
  for (size_t i = l->n_outer; i-- > 0;) {
    var[i] = l->names.at[i].value;
    factor[i] = items * elems;
    items *= l->names.at[i].trip;
  }
  npt_tensor own = {arena_printf(l->mem, "moved_%d", l->p->n_moved++), type, elems * items, NPT_NONE};
  vec_push(l->mem, &l->p->arguments, own);
  *base = npt_sum(l, (int)l->n_outer, var, factor, 0);
  MlirType memory = mlirMemRefTypeContiguousGet(ir_dtype(l->ir, type), 1, &own.elems, (MlirAttribute){NULL});
  return mlirBlockAddArgument(l->entry, memory, l->ir->unknown);
}

loom_status npt_emit_copy(npt_lowering *l, int buffer, const npt_tile *from, const npt_tile *to) {
  npt_buffer *b = &l->buffers[buffer];
  if (l->open.extent)
    LOOM_FAIL(l->ctx, LOOM_NOSPAN, LOOM_EUNSUP, "tile '%s' has to be laid out anew, in memory for a number of rows that is not known", b->b->name);
  dram_side side = {0};
  int64_t elems = 1;
  for (int d = b->b->rank - 1; d >= 0; d--) {
    side.stride[d] = elems;
    side.have[d] = b->b->shape[d];
    elems *= b->b->shape[d];
  }
  side.memory = own_memory(l, b, elems, &side.base);
  LOOM_TRY(emit_transfer(l, b, from, &side, true));
  return emit_transfer(l, b, to, &side, false);
}
