/* Reading transfers and waits. */
#include "target/npu/npt.h"
#include <string.h>

bool npt_is_transfer(MlirOperation op) { return ir_op_is(op, "togsim.transfer") || ir_op_is(op, "memref.dma_start"); }
bool npt_is_wait(MlirOperation op) { return ir_op_is(op, "togsim.wait") || ir_op_is(op, "memref.dma_wait"); }

MlirValue npt_root(MlirValue memory) {
  static const char *const views[] = {"memref.cast", "memref.subview", "memref.collapse_shape", "memref.expand_shape", "memref.reinterpret_cast", "memref.view",
                                      "memref.memory_space_cast", "builtin.unrealized_conversion_cast"};
  for (;;) {
    MlirOperation def = ir_def(memory);
    size_t i = 0;
    while (i < sizeof views / sizeof *views && !ir_op_is(def, views[i]))
      i++;
    if (i == sizeof views / sizeof *views || ir_num_operands(def) < 1)
      return memory;
    memory = ir_operand(def, 0);
  }
}

const char *npt_global(arena *mem, MlirValue memory) {
  MlirOperation def = ir_def(npt_root(memory));
  return ir_op_is(def, "memref.get_global") ? ir_attr_string(mem, ir_attr_of(def, "name")) : NULL;
}

int npt_argument(MlirValue dram) {
  static const char prefix[] = "dram_";
  MlirValue root = npt_root(dram);
  if (mlirValueIsNull(root))
    return -1;
  if (mlirValueIsABlockArgument(root)) {
    MlirOperation owner = mlirBlockGetParentOperation(mlirBlockArgumentGetOwner(root));
    return ir_op_is(owner, "func.func") ? (int)mlirBlockArgumentGetArgNumber(root) : -1;
  }
  MlirAttribute name = ir_attr_of(ir_def(root), "name");
  if (!ir_op_is(ir_def(root), "memref.get_global") || !mlirAttributeIsAFlatSymbolRef(name))
    return -1;
  MlirStringRef s = mlirFlatSymbolRefAttrGetValue(name);
  size_t at = sizeof prefix - 1;
  int n = 0;
  if (s.length <= at || s.length > at + 6 || memcmp(s.data, prefix, at) != 0)
    return -1;
  for (; at < s.length; at++) {
    if (s.data[at] < '0' || s.data[at] > '9')
      return -1;
    n = 10 * n + (s.data[at] - '0');
  }
  return n;
}

typedef struct collector { ir_ctx *ir; bool (*is)(MlirOperation); npt_ops found; } collector;

static bool collect_one(MlirOperation op, void *data) {
  collector *c = data;
  if (c->is(op))
    vec_push(&c->ir->ctx->mem, &c->found, op);
  return true;
}

npt_ops npt_collect(ir_ctx *ir, MlirOperation op, bool (*is)(MlirOperation)) {
  collector c = {.ir = ir, .is = is};
  ir_walk(op, collect_one, &c);
  return c.found;
}

bool npt_is_affine(MlirValue v) {
  if (mlirValueIsABlockArgument(v)) {
    MlirOperation owner = mlirBlockGetParentOperation(mlirBlockArgumentGetOwner(v));
    return ir_op_is(owner, "affine.for") || ir_op_is(owner, "affine.parallel") || ir_op_is(owner, "func.func");
  }
  static const char *const names[] = {"arith.constant", "affine.apply", "affine.min", "affine.max"};
  MlirOperation def = ir_def(v);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (ir_op_is(def, names[i]))
      return true;
  return ir_op_is(mlirOperationGetParentOperation(def), "func.func");
}

/* A transfer being read; the first fault ends it. */
typedef struct reader { ir_ctx *ir; MlirOperation op; npt_transfer *t; } reader;

#define BAD(r, ...) LOOM_FAIL((r)->ir->ctx, ir_span((r)->ir, (r)->op), LOOM_EINPUT, __VA_ARGS__)

static loom_status read_constant(reader *r, const char *what, MlirValue v, int64_t *out) {
  if (!ir_const_int(v, out))
    BAD(r, "the %s of %s must be a constant", what, ir_op_name(r->op));
  return LOOM_OK;
}

static loom_status read_move(reader *r, MlirValue v) {
  int64_t type;
  LOOM_TRY(read_constant(r, "kind", v, &type));
  if (type != ISA_MVIN && type != ISA_MVIN2 && type != ISA_MVIN3 && type != ISA_MVOUT)
    BAD(r, "%s has kind %" PRId64 "; it must be 2 (MVIN), 1 (MVIN2), 14 (MVIN3) or 3 (MVOUT)", ir_op_name(r->op), type);
  r->t->move = (isa_dma_op)type;
  if (r->t->is_store != (type == ISA_MVOUT))
    BAD(r, "%s has kind %" PRId64 ", but goes %s the scratchpad", ir_op_name(r->op), type, r->t->is_store ? "out of" : "into");
  return LOOM_OK;
}

/* A list with one entry a dim of the tile. */
static loom_status read_list(reader *r, const char *name, MlirAttribute a, int64_t *out) {
  int n;
  if (mlirAttributeIsNull(a))
    BAD(r, "%s has no %s", ir_op_name(r->op), name);
  if (!togsim_int_list(a, out, &n))
    BAD(r, "%s of %s must be a list of at most %d integers", name, ir_op_name(r->op), NPT_RANK_MAX);
  if (n != r->t->rank)
    BAD(r, "%s of %s has %d entries for a tile of rank %d", name, ir_op_name(r->op), n, r->t->rank);
  for (int d = 0; d < n; d++)
    if (out[d] > NPT_NUMBER_MAX || out[d] < -NPT_NUMBER_MAX)
      LOOM_FAIL(r->ir->ctx, ir_span(r->ir, r->op), LOOM_ELIMIT, "%s of %s is %" PRId64 " in dim %d; it must be within %" PRId64 " of 0", name, ir_op_name(r->op), out[d], d, NPT_NUMBER_MAX);
  return LOOM_OK;
}

static loom_status read_tile(reader *r) {
  npt_transfer *t = r->t;
  MlirType type = mlirValueGetType(t->spad);
  if (!mlirShapedTypeHasStaticShape(type))
    BAD(r, "the tile of %s must have a static shape", ir_op_name(r->op));
  t->rank = (int)mlirShapedTypeGetRank(type);
  if (t->rank < 1 || t->rank > NPT_RANK_MAX)
    BAD(r, "the tile of %s has rank %d; it must be 1..%d", ir_op_name(r->op), t->rank, NPT_RANK_MAX);
  int64_t elems = 1;
  for (int d = 0; d < t->rank; d++) {
    t->shape[d] = mlirShapedTypeGetDimSize(type, d);
    if (t->shape[d] < 1 || t->shape[d] > NPT_NUMBER_MAX / elems)
      LOOM_FAIL(r->ir->ctx, ir_span(r->ir, r->op), LOOM_ELIMIT, "the tile of %s must have 1..%" PRId64 " elements", ir_op_name(r->op), NPT_NUMBER_MAX);
    elems *= t->shape[d];
  }
  t->element = mlirShapedTypeGetElementType(type);
  int bits = mlirTypeIsAInteger(t->element) ? (int)mlirIntegerTypeGetWidth(t->element) : mlirTypeIsAFloat(t->element) ? (int)mlirFloatTypeGetWidth(t->element)
             : mlirTypeIsAIndex(t->element) ? 64 : 0;
  if (bits == 0 || bits > 64)
    BAD(r, "elements of %s must be numbers of at most 64 bits, not %s", ir_op_name(r->op), ir_print_type(&r->ir->ctx->scratch, t->element));
  t->elem_bytes = (bits < 8 ? 8 : bits) / 8;
  if (!mlirTypeEqual(t->element, mlirShapedTypeGetElementType(mlirValueGetType(t->dram))))
    BAD(r, "%s does not convert: DRAM and tile have different element types", ir_op_name(r->op));
  return LOOM_OK;
}

static loom_status read_axis(reader *r, int64_t axis, int64_t lane_stride) {
  npt_transfer *t = r->t;
  if (axis < 0 || axis >= t->rank)
    BAD(r, "the lane axis of %s is %" PRId64 "; its tile has dims 0..%d", ir_op_name(r->op), axis, t->rank - 1);
  if (lane_stride < 1 || lane_stride > NPT_NUMBER_MAX)
    BAD(r, "the lane stride of %s is %" PRId64 "; it must be 1..%" PRId64, ir_op_name(r->op), lane_stride, NPT_NUMBER_MAX);
  t->lane_axis = (int)axis;
  t->lane_stride = lane_stride;
  return LOOM_OK;
}

static loom_status read_attributes(reader *r) {
  npt_transfer *t = r->t;
  MlirAttribute spad = ir_attr_of(r->op, "tile_stride"), subtile = ir_attr_of(r->op, "subtile_size");
  if (mlirAttributeIsNull(spad) || t->form == NPT_DMA_START)
    spad = ir_attr_of(r->op, "sram_stride");
  LOOM_TRY(read_list(r, "dram_stride", ir_attr_of(r->op, "dram_stride"), t->dram_stride));
  LOOM_TRY(read_list(r, t->form == NPT_TOGSIM ? "tile_stride" : "sram_stride", spad, t->spad_stride));
  memcpy(t->subtile, t->shape, sizeof t->shape);
  int64_t of_subtile[NPT_RANK_MAX];
  int n;
  t->has_subtile = !mlirAttributeIsNull(subtile) && !(togsim_int_list(subtile, of_subtile, &n) && n == 0);   /* [] says nothing */
  if (t->has_subtile)
    LOOM_TRY(read_list(r, "subtile_size", subtile, t->subtile));
  for (int d = 0; d < t->rank; d++)
    if (t->subtile[d] < 1 || t->subtile[d] > t->shape[d])
      BAD(r, "subtile_size of %s is %" PRId64 " in dim %d; the tile has %" PRId64, ir_op_name(r->op), t->subtile[d], d, t->shape[d]);
  t->is_async = togsim_flag(r->op, "async");
  t->is_fine_grained = togsim_flag(r->op, "fine_grained");
  t->fill = ir_attr_of(r->op, "masked_fill");
  if (t->is_indirect && !ir_attr_int(ir_attr_of(r->op, "offset_stride"), &t->offset_stride))
    BAD(r, "an indirect %s needs offset_stride", ir_op_name(r->op));
  int64_t axis;
  ir_attr_int(ir_attr_of(r->op, "offset_rows"), &t->offset_rows);
  t->offset_axis = ir_attr_int(ir_attr_of(r->op, "offset_axis"), &axis) ? (int)axis : -1;
  if (t->offset_rows < 0 || t->offset_rows > UINT32_MAX || t->offset_axis < -1 || t->offset_axis >= t->rank)
    BAD(r, "offset_rows of %s must be 0..2^32-1 and offset_axis a dim of the tile", ir_op_name(r->op));
  int64_t argument;
  t->argument = ir_attr_int(ir_attr_of(r->op, "dram_arg"), &argument) ? (int)argument : npt_argument(t->dram);
  t->global = npt_global(&r->ir->ctx->mem, t->spad);
  return LOOM_OK;
}

static loom_status read_togsim(reader *r) {
  togsim_operands o;
  npt_transfer *t = r->t;
  const char *fault = togsim_read_operands(r->op, &o);
  if (fault)
    BAD(r, "togsim.transfer is malformed: %s", fault);
  const char *kind = ir_attr_string(&r->ir->ctx->scratch, ir_attr_of(r->op, "dma_kind"));
  t->form = NPT_TOGSIM;
  t->is_store = text_eq(kind, "MVOUT");
  if (!t->is_store && !text_eq(kind, "MVIN"))
    BAD(r, "dma_kind of togsim.transfer must be \"MVIN\" or \"MVOUT\"");
  t->dram = o.dram, t->dram_index = o.dram_index, t->spad = o.spad, t->spad_index[0] = o.spad_index, t->tag = o.tag;
  t->n_spad_index = 1;
  t->n_tag_index = mlirValueIsNull(o.tag_index) ? 0 : 1;
  t->tag_index[0] = o.tag_index;
  t->offsets = o.offsets;
  t->is_indirect = !mlirValueIsNull(o.offsets);
  if (t->is_indirect)
    t->offsets_global = npt_global(&r->ir->ctx->mem, o.offsets);
  LOOM_TRY(read_move(r, o.dma_type));
  LOOM_TRY(read_tile(r));
  int64_t axis, lane_stride;
  if (!ir_attr_int(ir_attr_of(r->op, "vlane_split_axis"), &axis))
    BAD(r, "togsim.transfer needs vlane_split_axis");
  LOOM_TRY(read_constant(r, "lane stride", o.lane_stride, &lane_stride));
  LOOM_TRY(read_axis(r, axis, lane_stride));
  LOOM_TRY(read_attributes(r));
  t->n_masks = o.n_masks;
  for (int i = 0; i < o.n_masks; i++) {
    if (o.masked_axis[i] < 0 || o.masked_axis[i] >= t->rank)
      BAD(r, "masked_axes of togsim.transfer names dim %" PRId64 "; its tile has dims 0..%d", o.masked_axis[i], t->rank - 1);
    t->masks[i] = (npt_mask){(int)o.masked_axis[i], o.lo[i], o.hi[i]};
  }
  return LOOM_OK;
}

/* Takes a memref and an index for each of its dims. */
static bool take_memory(MlirOperation op, intptr_t *at, MlirValue *memory, int *n, MlirValue index[NPT_RANK_MAX]) {
  *memory = ir_operand(op, (*at)++);
  if (mlirValueIsNull(*memory) || !mlirTypeIsAMemRef(mlirValueGetType(*memory)))
    return false;
  int64_t rank = mlirShapedTypeGetRank(mlirValueGetType(*memory));
  if (rank > NPT_RANK_MAX)
    return false;
  *n = (int)rank;
  for (int i = 0; i < *n; i++)
    index[i] = ir_operand(op, (*at)++);
  return *n == 0 || !mlirValueIsNull(index[*n - 1]);
}

static loom_status read_dma_start(reader *r) {
  npt_transfer *t = r->t;
  MlirValue memory[2], index[2][NPT_RANK_MAX], move;
  int n[2];
  intptr_t at = 0;
  t->form = NPT_DMA_START;
  bool ok = take_memory(r->op, &at, &memory[0], &n[0], index[0]) && take_memory(r->op, &at, &memory[1], &n[1], index[1]);
  move = ir_operand(r->op, at++);
  ok = ok && take_memory(r->op, &at, &t->tag, &t->n_tag_index, t->tag_index) && ir_num_operands(r->op) == at + 2;
  if (!ok)
    BAD(r, "memref.dma_start must be source, target, kind, tag, lane axis and lane stride, of rank %d at most", NPT_RANK_MAX);
  t->is_store = togsim_is_spad(mlirValueGetType(memory[0]));
  if (t->is_store == togsim_is_spad(mlirValueGetType(memory[1])))
    BAD(r, "memref.dma_start must go between DRAM (memory space 0) and the scratchpad (memory space 1)");
  int dram = t->is_store ? 1 : 0;
  if (n[dram] != 1)
    BAD(r, "the DRAM of memref.dma_start has rank %d; it must be flat", n[dram]);
  t->dram = memory[dram], t->dram_index = index[dram][0], t->spad = memory[!dram], t->n_spad_index = n[!dram];
  memcpy(t->spad_index, index[!dram], sizeof t->spad_index);
  t->offsets_global = ir_attr_string(&r->ir->ctx->mem, ir_attr_of(r->op, "indirect_offset"));
  t->is_indirect = t->offsets_global != NULL;
  LOOM_TRY(read_move(r, move));
  LOOM_TRY(read_tile(r));
  int64_t axis, lane_stride;
  LOOM_TRY(read_constant(r, "lane axis", ir_operand(r->op, at), &axis));
  LOOM_TRY(read_constant(r, "lane stride", ir_operand(r->op, at + 1), &lane_stride));
  LOOM_TRY(read_axis(r, axis, lane_stride));
  return read_attributes(r);
}

loom_status npt_read_transfer(ir_ctx *ir, MlirOperation op, npt_transfer *out) {
  *out = (npt_transfer){.op = op};
  reader r = {ir, op, out};
  return ir_op_is(op, "togsim.transfer") ? read_togsim(&r) : read_dma_start(&r);
}

loom_status npt_read_wait(ir_ctx *ir, MlirOperation op, npt_wait *out) {
  *out = (npt_wait){.op = op, .form = ir_op_is(op, "togsim.wait") ? NPT_TOGSIM : NPT_DMA_START};
  intptr_t at = 0, n = ir_num_operands(op);
  bool ok;
  if (out->form == NPT_TOGSIM) {
    ok = n == 3 && mlirTypeIsAMemRef(mlirValueGetType(ir_operand(op, 0)));
    out->tag = ir_operand(op, 0);
    out->n_tag_index = 1;
    out->tag_index[0] = ir_operand(op, 1);
    at = 2;
  } else {
    ok = take_memory(op, &at, &out->tag, &out->n_tag_index, out->tag_index) && n == at + 1;
  }
  if (!ok)
    LOOM_FAIL(ir->ctx, ir_span(ir, op), LOOM_EINPUT, "%s must be a tag, its slot and a number of elements", ir_op_name(op));
  out->count = ir_operand(op, at);
  return LOOM_OK;
}

int64_t npt_bank_stride(const npt_transfer *t, int64_t lanes, int d) {
  int64_t of_axis = t->spad_stride[t->lane_axis], stride = t->spad_stride[d], extent = t->shape[t->lane_axis];
  if (stride <= of_axis)
    return stride;
  int64_t rounds = (extent + lanes * t->lane_stride - 1) / (lanes * t->lane_stride);
  return stride / extent * t->lane_stride * rounds;
}

const char *npt_to_isa(const npt_transfer *t, isa_dma *out) {
  if (t->rank > ISA_DMA_RANK)
    return "rank";
  int pad = ISA_DMA_RANK - t->rank;
  *out = (isa_dma){.move = t->move, .lane_axis = t->lane_axis + pad, .lane_stride = (uint32_t)t->lane_stride, .elem_bytes = t->elem_bytes,
                   .is_masked = t->n_masks > 0, .is_indirect = t->is_indirect, .offset_stride = (uint32_t)t->offset_stride, .index_limit = (uint32_t)t->offset_rows};
  for (int i = 0; i < ISA_DMA_RANK; i++)
    out->dims[i] = out->high[i] = 1;
  for (int d = 0; d < t->rank; d++) {
    if (t->subtile[d] > UINT16_MAX)
      return "dims";
    out->dims[d + pad] = out->high[d + pad] = (uint16_t)t->subtile[d];
    out->dram_stride[d + pad] = t->dram_stride[d];
    out->spad_stride[d + pad] = t->spad_stride[d];
    if (t->dram_stride[d] > INT32_MAX || t->dram_stride[d] < INT32_MIN)
      return "dram_stride";
    if (t->spad_stride[d] > INT32_MAX || t->spad_stride[d] < 0)
      return "spad_stride";
  }
  if (t->lane_stride > UINT16_MAX)
    return "lane_stride";
  if (t->is_indirect && (t->offset_stride < 0 || t->offset_stride > UINT32_MAX))
    return "offset_stride";
  return NULL;
}
