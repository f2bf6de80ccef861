/* The rules of dialect `togsim` that IRDL cannot state: what the operands and lists of a transfer have to do with each other. */
#include "base/shape.h"
#include "dialect/dialect_private.h"
#include "dialect/togsim.h"

typedef struct checker { ir_ctx *ir; MlirOperation op; int violations; int64_t shape[TOGSIM_RANK_MAX]; int rank; } checker;

#define REPORT(c, ...) ((c)->violations++, (void)diag_error((c)->ir->ctx, ir_span((c)->ir, (c)->op), LOOM_EINPUT, __VA_ARGS__))

static const char *show(checker *c, MlirType t) { return ir_print_type(&c->ir->ctx->scratch, t); }

static void check_tag(checker *c, MlirValue tag) {
  MlirType t = mlirValueGetType(tag);
  if (!mlirTypeIsAMemRef(t) || mlirShapedTypeGetRank(t) != 1 || !mlirTypeIsAInteger(mlirShapedTypeGetElementType(t)) ||
      mlirIntegerTypeGetWidth(mlirShapedTypeGetElementType(t)) != 32)
    REPORT(c, "the tag of %s must be memref<1xi32>, not %s", ir_op_name(c->op), show(c, t));
}

static bool check_memories(checker *c, const togsim_operands *o) {
  MlirType dram = mlirValueGetType(o->dram), spad = mlirValueGetType(o->spad);
  if (togsim_is_spad(dram) || mlirShapedTypeGetRank(dram) != 1)
    REPORT(c, "the DRAM of togsim.transfer must be a flat memref of memory space 0, not %s", show(c, dram));
  if (!togsim_is_spad(spad))
    REPORT(c, "the tile of togsim.transfer must be a memref of memory space 1, not %s", show(c, spad));
  if (!mlirTypeEqual(mlirShapedTypeGetElementType(dram), mlirShapedTypeGetElementType(spad)))
    REPORT(c, "togsim.transfer does not convert: DRAM has %s and the tile %s", show(c, mlirShapedTypeGetElementType(dram)), show(c, mlirShapedTypeGetElementType(spad)));
  int64_t rank = mlirShapedTypeGetRank(spad);
  if (!mlirShapedTypeHasStaticShape(spad) || rank < 1 || rank > TOGSIM_RANK_MAX) {
    REPORT(c, "the tile of togsim.transfer must have a static shape of rank 1..%d, not %s", TOGSIM_RANK_MAX, show(c, spad));
    return false;
  }
  c->rank = (int)rank;
  for (int d = 0; d < c->rank; d++)
    c->shape[d] = mlirShapedTypeGetDimSize(spad, d);
  return true;
}

static void check_kind(checker *c, const togsim_operands *o) {
  const char *kind = ir_attr_string(&c->ir->ctx->scratch, ir_attr_of(c->op, "dma_kind"));
  bool is_in = text_eq(kind, "MVIN"), is_out = text_eq(kind, "MVOUT"), is_known = false, is_store = false;
  int64_t type;
  if (!is_in && !is_out)
    REPORT(c, "dma_kind of togsim.transfer must be \"MVIN\" or \"MVOUT\"%s%s", kind ? ", not " : "", kind ? kind : "");
  if (!ir_const_int(o->dma_type, &type)) {
    REPORT(c, "the kind of togsim.transfer must be a constant");
    return;
  }
#define X(number, name, store) \
  if (type == number) {        \
    is_known = true;           \
    is_store = store;          \
  }
  TOGSIM_TYPE_LIST(X)
#undef X
  if (!is_known)
    REPORT(c, "the kind of togsim.transfer is %" PRId64 "; must be 2 (MVIN), 1 (MVIN2), 14 (MVIN3) or 3 (MVOUT)", type);
  else if ((is_in && is_store) || (is_out && !is_store))
    REPORT(c, "dma_kind of togsim.transfer is \"%s\", but its kind is %" PRId64 " (%s)", kind, type, is_store ? "a store" : "a load");
}

static void check_lanes(checker *c, const togsim_operands *o) {
  int64_t axis, stride;
  MlirAttribute a = ir_attr_of(c->op, "vlane_split_axis");
  if (!ir_attr_int(a, &axis))
    REPORT(c, "togsim.transfer needs vlane_split_axis, an integer");
  else if (axis < 0 || axis >= c->rank)
    REPORT(c, "vlane_split_axis of togsim.transfer is %" PRId64 "; the tile has dims 0..%d", axis, c->rank - 1);
  if (!ir_const_int(o->lane_stride, &stride))
    REPORT(c, "the lane stride of togsim.transfer must be a constant");
  else if (stride < 1)
    REPORT(c, "the lane stride of togsim.transfer is %" PRId64 "; must be at least 1", stride);
}

/* A list with an entry for each dim; `least` is what each must be at least. */
static bool check_list(checker *c, const char *name, MlirAttribute a, int64_t least, int64_t out[TOGSIM_RANK_MAX]) {
  int n;
  if (!togsim_int_list(a, out, &n)) {
    REPORT(c, "%s of togsim.transfer must be a list of at most %d integers", name, TOGSIM_RANK_MAX);
    return false;
  }
  if (n != c->rank) {
    REPORT(c, "%s of togsim.transfer has %d entries; the tile has %d dims", name, n, c->rank);
    return false;
  }
  for (int d = 0; d < n; d++)
    if (out[d] < least) {
      REPORT(c, "%s of togsim.transfer is %" PRId64 " in dim %d; must be at least %" PRId64, name, out[d], d, least);
      return false;
    }
  return true;
}

static void check_lists(checker *c) {
  int64_t list[TOGSIM_RANK_MAX], other[TOGSIM_RANK_MAX];
  MlirAttribute tile = ir_attr_of(c->op, "tile_stride"), sram = ir_attr_of(c->op, "sram_stride"), subtile = ir_attr_of(c->op, "subtile_size");
  check_list(c, "dram_stride", ir_attr_of(c->op, "dram_stride"), INT64_MIN, list);
  if (mlirAttributeIsNull(tile) && mlirAttributeIsNull(sram))
    REPORT(c, "togsim.transfer needs tile_stride");
  bool has_tile = !mlirAttributeIsNull(tile) && check_list(c, "tile_stride", tile, 0, list);
  bool has_sram = !mlirAttributeIsNull(sram) && check_list(c, "sram_stride", sram, 0, other);
  for (int d = 0; has_tile && has_sram && d < c->rank; d++)
    if (list[d] != other[d]) {
      REPORT(c, "tile_stride and sram_stride of togsim.transfer are the same list, but differ in dim %d", d);
      break;
    }
  int n;
  if (mlirAttributeIsNull(subtile) || (togsim_int_list(subtile, list, &n) && n == 0) || !check_list(c, "subtile_size", subtile, 1, list))
    return;
  for (int d = 0; d < c->rank; d++)
    if (list[d] > c->shape[d])
      REPORT(c, "subtile_size of togsim.transfer is %" PRId64 " in dim %d, where the tile has %" PRId64, list[d], d, c->shape[d]);
}

static void check_masks(checker *c, const togsim_operands *o) {
  MlirAttribute fill = ir_attr_of(c->op, "masked_fill");
  if (!mlirAttributeIsNull(fill) && !mlirAttributeIsAInteger(fill) && !mlirAttributeIsAFloat(fill))
    REPORT(c, "masked_fill of togsim.transfer must be a number");
  for (int i = 0; i < o->n_masks; i++) {
    int64_t axis = o->masked_axis[i], lo, hi;
    if (axis < 0 || axis >= c->rank) {
      REPORT(c, "masked_axes of togsim.transfer names dim %" PRId64 "; the tile has dims 0..%d", axis, c->rank - 1);
      continue;
    }
    for (int k = 0; k < i; k++)
      if (o->masked_axis[k] == axis)
        REPORT(c, "masked_axes of togsim.transfer names dim %" PRId64 " twice", axis);
    if (ir_const_int(o->lo[i], &lo) && ir_const_int(o->hi[i], &hi) && (lo < 0 || hi < lo || hi > c->shape[axis]))
      REPORT(c, "the bounds of dim %" PRId64 " are %" PRId64 "..%" PRId64 "; must be in order and within 0..%" PRId64, axis, lo, hi, c->shape[axis]);
  }
}

static void check_offsets(checker *c, const togsim_operands *o) {
  int64_t stride;
  bool is_indirect = togsim_flag(c->op, "indirect");
  if (mlirValueIsNull(o->offsets)) {
    if (is_indirect)
      REPORT(c, "an indirect togsim.transfer needs a memref of offsets behind its lane stride");
    return;
  }
  MlirType t = mlirValueGetType(o->offsets);
  MlirType element = mlirShapedTypeGetElementType(t);
  if (!togsim_is_spad(t) || (!mlirTypeIsAInteger(element) && !mlirTypeIsAIndex(element)))
    REPORT(c, "the offsets of togsim.transfer must be integers in memory space 1, not %s", show(c, t));
  int64_t have = 1;
  const int64_t want = shape_elements(c->rank, c->shape);
  for (int64_t d = 0; mlirShapedTypeHasStaticShape(t) && d < mlirShapedTypeGetRank(t); d++)
    have *= mlirShapedTypeGetDimSize(t, d);
  if (!mlirShapedTypeHasStaticShape(t) || have != want)
    REPORT(c, "togsim.transfer moves %" PRId64 " elements, but its offsets are %s", want, show(c, t));
  if (!ir_attr_int(ir_attr_of(c->op, "offset_stride"), &stride))
    REPORT(c, "an indirect togsim.transfer needs offset_stride, an integer");
}

static void check_transfer(checker *c) {
  togsim_operands o;
  const char *fault = togsim_read_operands(c->op, &o);
  if (fault) {
    REPORT(c, "togsim.transfer is malformed: %s", fault);
    return;
  }
  check_tag(c, o.tag);
  check_kind(c, &o);
  if (!check_memories(c, &o))
    return;
  check_lanes(c, &o);
  check_lists(c);
  check_masks(c, &o);
  check_offsets(c, &o);
}

int dialect_check_togsim(ir_ctx *ir, MlirOperation op) {
  checker c = {.ir = ir, .op = op};
  if (ir_op_is(op, "togsim.transfer"))
    check_transfer(&c);
  else if (ir_op_is(op, "togsim.wait") && ir_num_operands(op) != 3)
    REPORT(&c, "togsim.wait has %" PRIdPTR " operands; it takes a tag, its slot and a number of elements", ir_num_operands(op));
  else if (ir_op_is(op, "togsim.wait"))
    check_tag(&c, ir_operand(op, 0));
  return c.violations;
}
