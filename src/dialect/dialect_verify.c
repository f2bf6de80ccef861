/* The rules of loom ops that IRDL cannot state.  One row a rule set; a rule reports every violation it sees. */
#include "dialect/dialect_private.h"
#include "dialect/ttkernel.h"

typedef struct checker { ir_ctx *ir; int violations; } checker;
typedef void rule(checker *c, MlirOperation op);

#define REPORT(c, op, ...) ((c)->violations++, (void)diag_error((c)->ir->ctx, ir_span((c)->ir, op), LOOM_EINPUT, __VA_ARGS__))

static MlirType operand_type(MlirOperation op, intptr_t i) { return mlirValueGetType(ir_operand(op, i)); }
static MlirType element(MlirType t) { return mlirTypeIsAShaped(t) ? mlirShapedTypeGetElementType(t) : t; }

/* Static sizes that differ; a dynamic size agrees with everything. */
static bool sizes_differ(MlirType a, int64_t da, MlirType b, int64_t db) {
  if (mlirShapedTypeIsDynamicDim(a, da) || mlirShapedTypeIsDynamicDim(b, db))
    return false;
  return mlirShapedTypeGetDimSize(a, da) != mlirShapedTypeGetDimSize(b, db);
}

static void check_sym(checker *c, MlirOperation op) {
  static const char *const flags[] = {"is_reduction", "asure_divisible"};
  int64_t bound;
  MlirAttribute upper = ir_attr_of(op, "upper_bound");
  if (!mlirAttributeIsNull(upper) && (!ir_attr_int(upper, &bound) || bound < 1))
    REPORT(c, op, "upper_bound of loom.sym must be a positive integer");
  for (int i = 0; i < 2; i++) {
    MlirAttribute flag = ir_attr_of(op, flags[i]);
    if (!mlirAttributeIsNull(flag) && !mlirAttributeIsABool(flag))
      REPORT(c, op, "%s of loom.sym must be true or false", flags[i]);
  }
}

/* The ranks and sizes of static_sizes against the memref made; one operand for each dynamic size. */
static void check_sizes(checker *c, MlirOperation op) {
  MlirAttribute sizes = ir_attr_of(op, "static_sizes");
  MlirType type = mlirValueGetType(ir_result(op, 0));
  if (!mlirAttributeIsADenseI64Array(sizes) || !mlirShapedTypeHasRank(type)) {
    REPORT(c, op, "%s needs static_sizes as array<i64: ...> and a ranked memref", ir_op_name(op));
    return;
  }
  int64_t rank = mlirShapedTypeGetRank(type);
  intptr_t n_dynamic = 0;
  if (mlirDenseArrayGetNumElements(sizes) != rank) {
    REPORT(c, op, "static_sizes has %" PRIdPTR " entries, but the memref has rank %" PRId64, mlirDenseArrayGetNumElements(sizes), rank);
    return;
  }
  for (int64_t d = 0; d < rank; d++) {
    int64_t size = mlirDenseI64ArrayGetElement(sizes, d);
    bool is_dynamic = size == mlirShapedTypeGetDynamicSize();
    n_dynamic += is_dynamic;
    if (is_dynamic != mlirShapedTypeIsDynamicDim(type, d) || (!is_dynamic && size != mlirShapedTypeGetDimSize(type, d)))
      REPORT(c, op, "static_sizes and the memref disagree in dimension %" PRId64, d);
  }
  if (n_dynamic != ir_num_operands(op))
    REPORT(c, op, "%s has %" PRIdPTR " dynamic sizes, but %" PRIdPTR " operands", ir_op_name(op), n_dynamic, ir_num_operands(op));
}

static void check_alloc(checker *c, MlirOperation op) {
  check_sizes(c, op);
  static const struct { const char *name; int64_t least; } rows[] = {{"offset", 0}, {"buffer_count", 1}, {"alignment", 1}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    int64_t v;
    MlirAttribute a = ir_attr_of(op, rows[i].name);
    if (!mlirAttributeIsNull(a) && (!ir_attr_int(a, &v) || v < rows[i].least))
      REPORT(c, op, "%s of loom.alloc must be an integer >= %" PRId64, rows[i].name, rows[i].least);
  }
  int64_t offset, alignment;
  if (ir_attr_int(ir_attr_of(op, "offset"), &offset) && ir_attr_int(ir_attr_of(op, "alignment"), &alignment) && alignment >= 1 &&
      offset % alignment != 0)
    REPORT(c, op, "offset %" PRId64 " of loom.alloc is not a multiple of its alignment %" PRId64, offset, alignment);
}

static void check_take(checker *c, MlirOperation op) {
  if (!ir_op_is(ir_def(ir_operand(op, 0)), "loom.alloc"))
    REPORT(c, op, "loom.semaphore_take must name a loom.alloc");
}

static void check_give(checker *c, MlirOperation op) {
  MlirValue slot = ir_operand(op, 0);
  if (!ir_op_is(ir_def(slot), "loom.semaphore_take")) {
    REPORT(c, op, "loom.semaphore_give must name the slot of a loom.semaphore_take");
    return;
  }
  for (MlirOpOperand use = mlirValueGetFirstUse(slot); !mlirOpOperandIsNull(use); use = mlirOpOperandGetNextUse(use)) {
    MlirOperation user = mlirOpOperandGetOwner(use);
    /* One report for a pair: from the op that comes first in its block. */
    if (ir_op_is(user, "loom.semaphore_give") && !mlirOperationEqual(user, op) &&
        mlirBlockEqual(mlirOperationGetBlock(user), mlirOperationGetBlock(op)) && mlirOperationIsBeforeInBlock(op, user))
      REPORT(c, user, "the slot is given twice");
  }
}

/* Dimensions of size 1 may be dropped on either side; the others must agree in order.  Dynamic sizes agree with everything but 1-dropping. */
static bool same_tile(MlirType a, MlirType b) {
  int64_t ra = mlirShapedTypeGetRank(a), rb = mlirShapedTypeGetRank(b), i = 0, j = 0;
  while (i < ra || j < rb) {
    if (i < ra && j < rb && !sizes_differ(a, i, b, j)) {
      i++;
      j++;
    } else if (i < ra && mlirShapedTypeGetDimSize(a, i) == 1) {
      i++;
    } else if (j < rb && mlirShapedTypeGetDimSize(b, j) == 1) {
      j++;
    } else {
      return false;
    }
  }
  return true;
}

static bool is_space(const char *s) { return text_eq(s, "mem_DRAM") || text_eq(s, "mem_L1"); }

static void check_region(checker *c, MlirOperation op, const dialect_copy *copy) {
  bool has_region = copy->n_mesh > 0 && !mlirValueIsNull(copy->ul[0]);
  for (int d = 0; d < copy->n_mesh; d++) {
    if (copy->area[d] < 1)
      REPORT(c, op, "area[%d] is %" PRId64 "; must be at least 1", d, copy->area[d]);
    else if (copy->area[d] > 1 && !has_region)
      REPORT(c, op, "a copy shared by %" PRId64 " cores needs a region (ul and lr)", copy->area[d]);
    int64_t ul, lr;
    if (has_region && !mlirValueIsNull(copy->lr[d]) && ir_const_int(copy->ul[d], &ul) && ir_const_int(copy->lr[d], &lr) &&
        lr - ul + 1 != copy->area[d])
      REPORT(c, op, "the region spans %" PRId64 " cores in mesh dimension %d, but area is %" PRId64, lr - ul + 1, d, copy->area[d]);
  }
  if (has_region && mlirValueIsNull(copy->lr[0]))
    REPORT(c, op, "loom.copy has an upper-left corner but no lower-right one");
}

static void check_copy(checker *c, MlirOperation op) {
  dialect_copy copy;
  if (!dialect_read_copy(&c->ir->ctx->scratch, op, &copy)) {
    REPORT(c, op, "loom.copy needs one source, one destination, a static area and corners with one coordinate for each mesh dimension");
    return;
  }
  MlirType src = mlirValueGetType(copy.src), dst = mlirValueGetType(copy.dst);
  if (!is_space(copy.src_space) || !is_space(copy.dst_space))
    REPORT(c, op, "loom.copy goes between @mem_DRAM and @mem_L1, not from @%s to @%s", copy.src_space, copy.dst_space);
  else if (text_eq(copy.src_space, "mem_DRAM") && text_eq(copy.dst_space, "mem_DRAM"))
    REPORT(c, op, "loom.copy cannot go from DRAM to DRAM; copy through @mem_L1");
  if (!mlirTypeEqual(element(src), element(dst)))
    REPORT(c, op, "loom.copy does not convert: source and destination have different element types");
  if (!mlirShapedTypeHasRank(src) || !mlirShapedTypeHasRank(dst) || !same_tile(src, dst))
    REPORT(c, op, "source and destination of loom.copy have different shapes");
  check_region(c, op, &copy);
}

static void check_matmul(checker *c, MlirOperation op) {
  int64_t batch = ir_op_is(op, "loom.batch_matmul") ? 1 : 0;
  MlirType a = operand_type(op, 0), b = operand_type(op, 1), r = operand_type(op, 2);
  MlirType all[] = {a, b, r};
  for (int i = 0; i < 3; i++)
    if (!mlirShapedTypeHasRank(all[i]) || mlirShapedTypeGetRank(all[i]) != batch + 2) {
      REPORT(c, op, "operand %d of %s must have rank %" PRId64, i, ir_op_name(op), batch + 2);
      return;
    }
  if (batch && (sizes_differ(a, 0, b, 0) || sizes_differ(a, 0, r, 0)))
    REPORT(c, op, "the batch sizes of %s differ", ir_op_name(op));
  if (sizes_differ(a, batch + 1, b, batch))
    REPORT(c, op, "the contracted sizes of %s differ", ir_op_name(op));
  if (sizes_differ(a, batch, r, batch) || sizes_differ(b, batch + 1, r, batch + 1))
    REPORT(c, op, "the result of %s has the wrong shape", ir_op_name(op));
  if (!mlirTypeEqual(element(a), element(b)))
    REPORT(c, op, "the operands of %s have different element types", ir_op_name(op));
}

/* (A: MxK, B: KxN, C: MxN), all tensors with a result like C, or all memory without one. */
static void check_mips_matmul(checker *c, MlirOperation op) {
  static const char *const names[] = {"A", "B", "the destination"};
  bool on_tensors = mlirOperationGetNumResults(op) == 1;
  MlirType t[3];
  for (int i = 0; i < 3; i++) {
    t[i] = operand_type(op, i);
    if (!(on_tensors ? mlirTypeIsARankedTensor(t[i]) : mlirTypeIsAMemRef(t[i])) || mlirShapedTypeGetRank(t[i]) != 2) {
      REPORT(c, op, "%s of mips.matmul is %s; expected a %s of two dimensions", names[i], ir_print_type(&c->ir->ctx->scratch, t[i]), on_tensors ? "tensor" : "memref (with tensors it has a result)");
      return;
    }
  }
  static const struct { int a, da, b, db; const char *says; } sums[] = {
      {0, 1, 1, 0, "A has %" PRId64 " columns and B %" PRId64 " rows"},
      {0, 0, 2, 0, "A has %" PRId64 " rows and the destination %" PRId64},
      {1, 1, 2, 1, "B has %" PRId64 " columns and the destination %" PRId64}};
  for (size_t i = 0; i < sizeof sums / sizeof *sums; i++)
    if (sizes_differ(t[sums[i].a], sums[i].da, t[sums[i].b], sums[i].db))
      REPORT(c, op, sums[i].says, mlirShapedTypeGetDimSize(t[sums[i].a], sums[i].da), mlirShapedTypeGetDimSize(t[sums[i].b], sums[i].db));
  if (!mlirTypeEqual(element(t[0]), element(t[1])) || !mlirTypeEqual(element(t[0]), element(t[2])))
    REPORT(c, op, "mips.matmul has one element type: A is of %s, B of %s, the destination of %s", ir_print_type(&c->ir->ctx->scratch, element(t[0])),
           ir_print_type(&c->ir->ctx->scratch, element(t[1])), ir_print_type(&c->ir->ctx->scratch, element(t[2])));
  if (on_tensors && !mlirTypeEqual(mlirValueGetType(ir_result(op, 0)), t[2]))
    REPORT(c, op, "the result of mips.matmul is %s and its destination %s", ir_print_type(&c->ir->ctx->scratch, mlirValueGetType(ir_result(op, 0))), ir_print_type(&c->ir->ctx->scratch, t[2]));
}

static void check_broadcast(checker *c, MlirOperation op) {
  MlirType value = operand_type(op, 0), init = operand_type(op, 1);
  int64_t dim = -1;
  if (!mlirTypeIsAShaped(value) || !mlirTypeIsAShaped(init) || !mlirShapedTypeHasRank(value) || !mlirShapedTypeHasRank(init)) {
    REPORT(c, op, "loom.broadcast needs ranked shapes");
    return;
  }
  int64_t from = mlirShapedTypeGetRank(value), to = mlirShapedTypeGetRank(init);
  if (!ir_attr_int(ir_attr_of(op, "dim"), &dim) || dim < 0 || dim >= to)
    REPORT(c, op, "dim of loom.broadcast must be 0..%" PRId64, to - 1);
  else if (from != to && from + 1 != to)
    REPORT(c, op, "loom.broadcast makes rank %" PRId64 " from rank %" PRId64 "; it adds at most one dimension", to, from);
  else if (from == to && mlirShapedTypeGetDimSize(value, dim) != 1)
    REPORT(c, op, "dimension %" PRId64 " of the value to broadcast must have size 1", dim);
  if (!mlirTypeEqual(element(value), element(init)))
    REPORT(c, op, "loom.broadcast does not convert: value and init have different element types");
  MlirType result = mlirValueGetType(ir_result(op, 0));      /* of memory, the layout may differ */
  bool is_same = mlirTypeIsAShaped(result) && mlirShapedTypeHasRank(result) && mlirShapedTypeGetRank(result) == to && mlirTypeEqual(element(result), element(init));
  for (int64_t d = 0; is_same && d < to; d++)
    is_same = mlirShapedTypeGetDimSize(result, d) == mlirShapedTypeGetDimSize(init, d);
  if (!is_same)
    REPORT(c, op, "the result of loom.broadcast has another shape or element type than its init");
}

static void check_gather(checker *c, MlirOperation op) {
  MlirType value = operand_type(op, 0), init = operand_type(op, 1);
  if (!mlirTypeIsAShaped(value) || !mlirTypeIsAShaped(init) || !mlirShapedTypeHasRank(value) || !mlirShapedTypeHasRank(init) ||
      mlirShapedTypeGetRank(init) != mlirShapedTypeGetRank(value) + 1)
    REPORT(c, op, "the destination of loom.gather must have one dimension more than the tile");
  if (!mlirTypeEqual(element(value), element(init)))
    REPORT(c, op, "loom.gather does not convert: tile and destination have different element types");
}

static void check_lookup(checker *c, MlirOperation op) {
  MlirType table = operand_type(op, 0), index = operand_type(op, 1), view = mlirValueGetType(ir_result(op, 0));
  int64_t dim = -1, rank = mlirShapedTypeGetRank(table), elems = 1;
  if (!ir_attr_int(ir_attr_of(op, "dim"), &dim) || dim < 0 || dim >= rank) {
    REPORT(c, op, "dim of loom.lookup must be 0..%" PRId64, rank - 1);
    return;
  }
  bool fits = mlirShapedTypeGetRank(view) == rank && mlirTypeEqual(element(view), element(table));
  for (int64_t d = 0; fits && d < rank; d++)
    fits = d == dim || mlirShapedTypeGetDimSize(view, d) == mlirShapedTypeGetDimSize(table, d);
  for (int64_t d = 0; d < mlirShapedTypeGetRank(index); d++)
    elems *= mlirShapedTypeGetDimSize(index, d);
  if (!fits)
    REPORT(c, op, "the view of loom.lookup must have the table's shape but for dim %" PRId64 ", and its element type", dim);
  else if (!mlirTypeIsAInteger(element(index)) || mlirShapedTypeGetDimSize(view, dim) != elems)
    REPORT(c, op, "dim %" PRId64 " of the view of loom.lookup must have as many places as there are indices, which must be integers", dim);
}

static bool is_iter_type(checker *c, MlirAttribute a) {
  static const char *const kinds[] = {"spatial", "temporal", "sequential"};
  for (int i = 0; i < 3; i++)
    if (mlirAttributeEqual(a, dialect_iter_type(c->ir, kinds[i])))
      return true;
  return false;
}

static void check_for(checker *c, MlirOperation op) {
  MlirAttribute type = ir_attr_of(op, "loom.iter_type");
  if (!mlirAttributeIsNull(type) && !is_iter_type(c, type))
    REPORT(c, op, "loom.iter_type must be #loom.iter_type<\"spatial\">, <\"temporal\"> or <\"sequential\">");
}

static void check_parallel(checker *c, MlirOperation op) {
  static const char *const names[] = {"loom.block_syms", "loom.iter_types", "loom.logical_levels", "loom.physical_dims"};
  intptr_t n_dims = mlirBlockGetNumArguments(ir_body(op));
  int present = 0;
  for (int i = 0; i < 4; i++) {
    MlirAttribute a = ir_attr_of(op, names[i]);
    if (mlirAttributeIsNull(a))
      continue;
    present++;
    if (!mlirAttributeIsAArray(a) || mlirArrayAttrGetNumElements(a) != n_dims)
      REPORT(c, op, "%s must have one entry for each of the %" PRIdPTR " dimensions of the loop", names[i], n_dims);
    else if (i == 1)
      for (intptr_t d = 0; d < n_dims; d++)
        if (!is_iter_type(c, mlirArrayAttrGetElement(a, d)))
          REPORT(c, op, "entry %" PRIdPTR " of loom.iter_types is no #loom.iter_type", d);
  }
  if (present != 0 && present != 4)
    REPORT(c, op, "a mapped scf.parallel needs loom.block_syms, loom.iter_types, loom.logical_levels and loom.physical_dims");
}

static const struct { const char *op; rule *check; } rules[] = {
    {"loom.sym", check_sym},
    {"loom.alloc", check_alloc},
    {"loom.placeholder", check_sizes},
    {"loom.semaphore_take", check_take},
    {"loom.semaphore_give", check_give},
    {"loom.copy", check_copy},
    {"loom.matmul", check_matmul},
    {"loom.batch_matmul", check_matmul},
    {"mips.matmul", check_mips_matmul},
    {"loom.broadcast", check_broadcast},
    {"loom.gather", check_gather},
    {"loom.lookup", check_lookup},
    {"scf.for", check_for},
    {"scf.parallel", check_parallel},
};

static bool check_op(MlirOperation op, void *data) {
  checker *c = data;
  for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
    if (ir_op_is(op, rules[i].op))
      rules[i].check(c, op);
  c->violations += dialect_check_extents(c->ir, op) + dialect_check_togsim(c->ir, op);
  return true;
}

loom_status dialect_verify_op(ir_ctx *ir, MlirOperation op) {
  checker c = {.ir = ir};
  arena_mark mark = arena_save(&ir->ctx->scratch);
  ir_walk(op, check_op, &c);
  arena_release(&ir->ctx->scratch, mark);
  return c.violations ? LOOM_EINPUT : LOOM_OK;
}

/* Kernels of boards: functions that say their thread. */
static bool has_device_kernels(MlirModule m) {
  for (MlirOperation f = mlirBlockGetFirstOperation(mlirModuleGetBody(m)); !mlirOperationIsNull(f); f = mlirOperationGetNextInBlock(f))
    if (!mlirAttributeIsNull(ir_attr_of(f, "ttkernel.thread")))
      return true;
  return false;
}

loom_status dialect_verify(ir_ctx *ir, MlirModule m) {
  if (mlirModuleIsNull(m))
    return LOOM_EBUG;
  LOOM_TRY(dialect_verify_op(ir, mlirModuleGetOperation(m)));
  LOOM_TRY(dialect_verify_vcix(ir, mlirModuleGetOperation(m), 0));
  return has_device_kernels(m) ? ttkernel_verify(ir, m) : LOOM_OK;
}
