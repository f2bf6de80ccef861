/* Stage 0 on whole tensors: a tile for everything, so that no loop turns more than once; loads are arguments, stores results. */
#include "dialect/dialect.h"
#include "shard/shard_private.h"

typedef struct opening {
  ir_ctx *ir; const shard_blocks *blocks; const char *split;
  MlirBlock entry; intptr_t n_old;      /* arguments of the kernel itself */
  shard_tensors *loads, *stores;
  VEC_OF(MlirOperation) ops;            /* of interest, in order: the function is changed behind the walk */
  VEC_OF(MlirValue) results;
  loom_status status;
} opening;

static loom_status refuse(opening *o, MlirOperation op, const char *why) {
  diag_error(o->ir->ctx, ir_span(o->ir, op), LOOM_EUNSUP, "--shard: %s", why);
  diag_help(o->ir->ctx, "'loom run' without --shard runs any kernel; docs/mpi.md says which can be dealt out");
  return LOOM_EUNSUP;
}

const shard_block *shard_block_of(const shard_blocks *all, ir_ctx *ir, MlirValue v) {
  MlirOperation def = ir_def(v);
  const char *name = mlirOperationIsNull(def) ? NULL : dialect_sym_name(&ir->ctx->mem, def);
  for (size_t i = 0; name && i < all->n; i++)
    if (text_eq(all->at[i].name, name))
      return &all->at[i];
  return NULL;
}

static bool collect(MlirOperation op, void *data) {
  opening *o = data;
  vec_push(&o->ir->ctx->mem, &o->ops, op);
  return true;
}

static void collect_all(opening *o, MlirModule m) {
  o->ops.n = 0;
  ir_walk(mlirModuleGetOperation(m), collect, o);
}

/* The tensor (or, `memory`, memref) type of a tile at the sizes its blocks are bound to. */
static MlirType bound_type(opening *o, const shard_tensor *t, MlirType element, bool memory) {
  int64_t size[SHARD_RANK_MAX];
  for (int d = 0; d < t->rank; d++) {
    size[d] = t->size[d];
    for (size_t i = 0; t->symbol[d] && i < o->blocks->n; i++)
      if (text_eq(o->blocks->at[i].name, t->symbol[d]))
        size[d] = o->blocks->at[i].bound;
  }
  return memory ? mlirMemRefTypeContiguousGet(element, t->rank, size, (MlirAttribute){NULL}) : mlirRankedTensorTypeGet(t->rank, size, element, (MlirAttribute){NULL});
}

static MlirType element_of(MlirValue v) { return mlirShapedTypeGetElementType(mlirValueGetType(v)); }

/* bufferization.to_tensor of a tile -> a new argument. */
static loom_status open_load(opening *o, MlirOperation op) {
  shard_tensor t;
  MlirValue result = ir_result(op, 0);
  LOOM_TRY(shard_read_view(o->ir, ir_operand(op, 0), o->blocks, op, &t));
  vec_push(&o->ir->ctx->mem, o->loads, t);
  ir_builder b = ir_before(o->ir, op);
  MlirValue arg = mlirBlockAddArgument(o->entry, bound_type(o, &t, element_of(result), false), o->ir->unknown);
  MlirType type = mlirValueGetType(result);
  if (!mlirTypeEqual(type, mlirValueGetType(arg)))
    arg = ir_build1(&b, "tensor.cast", type, 1, &arg, 0, NULL);
  ir_replace_uses(result, arg);
  return ir_erase(op) ? LOOM_OK : LOOM_EBUG;
}

/* memref.copy of a tensor to a tile -> the tensor, put into memory that only stands for the result. */
static loom_status open_store(opening *o, MlirOperation op) {
  MlirOperation from = ir_def(ir_operand(op, 0));
  shard_tensor t;
  if (mlirOperationIsNull(from) || !ir_op_is(from, "bufferization.to_buffer"))
    return refuse(o, op, "memory is copied to memory");
  LOOM_TRY(shard_read_view(o->ir, ir_operand(op, 1), o->blocks, op, &t));
  vec_push(&o->ir->ctx->mem, o->stores, t);
  ir_builder b = ir_before(o->ir, op);
  MlirValue value = ir_operand(from, 0), to = mlirBlockAddArgument(o->entry, bound_type(o, &t, element_of(value), true), o->ir->unknown);
  int64_t open[SHARD_RANK_MAX];
  for (int d = 0; d < t.rank; d++)
    open[d] = mlirShapedTypeGetDimSize(mlirValueGetType(value), d);
  MlirType type = mlirMemRefTypeContiguousGet(element_of(value), t.rank, open, (MlirAttribute){NULL});
  if (!mlirTypeEqual(type, mlirValueGetType(to)))
    to = ir_build1(&b, "memref.cast", type, 1, &to, 0, NULL);
  ir_build(&b, "bufferization.materialize_in_destination", 0, NULL, 2, (MlirValue[]){value, to}, 1, &(ir_named){"writable", ir_unit_attr(o->ir)}, 0, NULL);
  ir_erase(op);
  return LOOM_OK;
}

/* Only as the size of tiles and as where tiles begin: anything else would have to know of the other ranks. */
static bool is_size_only(MlirValue v, bool is_begin) {
  for (MlirOpOperand use = mlirValueGetFirstUse(v); !mlirOpOperandIsNull(use); use = mlirOpOperandGetNextUse(use)) {
    MlirOperation user = mlirOpOperandGetOwner(use);
    const bool is_fine = is_begin ? ir_op_is(user, "memref.subview")
                                  : ir_op_is(user, "memref.subview") || ir_op_is(user, "tensor.empty") || ir_op_is(user, "arith.ceildivui") || (ir_op_is(user, "arith.muli") && is_size_only(ir_result(user, 0), true));
    if (!is_fine)
      return false;
  }
  return true;
}

/* The number of turns of a loop over all of a block's range is 1. */
static loom_status open_trips(opening *o, MlirOperation op) {
  const shard_block *b = shard_block_of(o->blocks, o->ir, ir_operand(op, 1));
  int64_t n;
  if (!b)
    return LOOM_OK;
  if (!ir_const_int(ir_operand(op, 0), &n) || n != b->extent)
    return refuse(o, op, "a loop goes over a part of its range, or over one that other values decide");
  ir_builder at = ir_before(o->ir, op);
  ir_replace_uses(ir_result(op, 0), ir_index_const(&at, 1));
  ir_erase(op);
  return LOOM_OK;
}

static loom_status check_split(opening *o, MlirOperation op) {
  const shard_block *b = shard_block_of(o->blocks, o->ir, ir_result(op, 0));
  if (!b || !text_eq(b->name, o->split) || is_size_only(ir_result(op, 0), false))
    return LOOM_OK;
  return refuse(o, op, arena_printf(&o->ir->ctx->mem, "the kernel computes with the size or the place of its tiles of '%s', which each rank would count for itself", b->name));
}

static void bind(opening *o, MlirOperation op) {
  const shard_block *b = shard_block_of(o->blocks, o->ir, ir_result(op, 0));
  ir_builder at = ir_before(o->ir, op);
  if (!b)
    return;
  ir_replace_uses(ir_result(op, 0), ir_index_const(&at, b->bound));
  ir_erase(op);
}

static loom_status open_tiles(opening *o, MlirModule m) {
  static const struct { const char *name; loom_status (*open)(opening *, MlirOperation); } steps[] = {
      {"loom.sym", check_split}, {"bufferization.to_tensor", open_load}, {"memref.copy", open_store}, {"arith.ceildivui", open_trips}};
  for (size_t k = 0; k < sizeof steps / sizeof *steps; k++) {
    collect_all(o, m);
    for (size_t i = 0; i < o->ops.n; i++)
      if (ir_op_is(o->ops.at[i], steps[k].name))
        LOOM_TRY(steps[k].open(o, o->ops.at[i]));
  }
  collect_all(o, m);
  for (size_t i = 0; i < o->ops.n; i++)
    if (ir_op_is(o->ops.at[i], "loom.sym"))
      bind(o, o->ops.at[i]);
  return LOOM_OK;
}

/* ---- from memory to results ---- */

static MlirValue without_casts(MlirValue v, const char *cast) {
  for (MlirOperation def = ir_def(v); !mlirOperationIsNull(def) && ir_op_is(def, cast); def = ir_def(v))
    v = ir_operand(def, 0);
  return v;
}

/* results[i] is what store i puts.  Arguments: the kernel's own, then one for each load, then one for each store. */
static loom_status take_result(opening *o, MlirOperation op) {
  MlirOperation last = mlirBlockGetTerminator(o->entry);
  if (!mlirBlockEqual(mlirOperationGetBlock(op), o->entry))
    return refuse(o, op, "a store is in a loop that is left over, or depends on values");
  MlirValue value = without_casts(ir_operand(op, 0), "tensor.cast"), to = without_casts(ir_operand(op, 1), "memref.cast");
  const size_t store = (size_t)(mlirBlockArgumentGetArgNumber(to) - o->n_old) - o->loads->n;
  const MlirType memory = mlirValueGetType(to);
  int64_t size[SHARD_RANK_MAX];
  for (int64_t d = 0; d < mlirShapedTypeGetRank(memory); d++)
    size[d] = mlirShapedTypeGetDimSize(memory, d);
  const MlirType type = mlirRankedTensorTypeGet(mlirShapedTypeGetRank(memory), size, mlirShapedTypeGetElementType(memory), (MlirAttribute){NULL});
  if (!mlirTypeEqual(mlirValueGetType(value), type)) {
    ir_builder b = ir_before(o->ir, last);
    value = ir_build1(&b, "tensor.cast", type, 1, &value, 0, NULL);
  }
  o->results.at[store] = value;
  ir_erase(op);
  return LOOM_OK;
}

static loom_status take_results(opening *o, MlirModule m) {
  for (size_t i = 0; i < o->stores->n; i++)
    vec_push(&o->ir->ctx->mem, &o->results, ((MlirValue){NULL}));
  collect_all(o, m);
  for (size_t i = 0; i < o->ops.n; i++)
    if (ir_op_is(o->ops.at[i], "bufferization.materialize_in_destination"))
      LOOM_TRY(take_result(o, o->ops.at[i]));
  for (size_t i = 0; i < o->results.n; i++)
    if (mlirValueIsNull(o->results.at[i]))
      return refuse(o, ir_find_func(m, NULL), "a store never happens");
  mlirOperationDestroy(mlirBlockGetTerminator(o->entry));
  ir_builder b = ir_at_end(o->ir, o->entry);
  ir_build(&b, "func.return", 0, NULL, (intptr_t)o->results.n, o->results.at, 0, NULL, 0, NULL);
  return LOOM_OK;
}

/* The kernel's memory is no longer touched, or the kernel has something that is no tile. */
static loom_status drop_memory(opening *o) {
  for (intptr_t i = mlirBlockGetNumArguments(o->entry) - 1; i >= 0; i--) {
    MlirValue arg = mlirBlockGetArgument(o->entry, i);
    MlirOpOperand use = mlirValueGetFirstUse(arg);
    if (!mlirTypeIsAMemRef(mlirValueGetType(arg)))
      continue;
    if (!mlirOpOperandIsNull(use)) {
      MlirOperation user = mlirOpOperandGetOwner(use);
      return refuse(o, user, arena_printf(&o->ir->ctx->mem, "operation '%s' works on the memory of an argument, where tiles alone are read and written", ir_op_name(user)));
    }
    mlirBlockEraseArgument(o->entry, (unsigned)i);
  }
  return LOOM_OK;
}

/* What is loaded and used by nothing would get no sharding, and upstream's partitioning ends the process at that.  Arguments are the loads now. */
static void drop_unused(opening *o) {
  size_t kept = 0;
  for (size_t i = 0; i < o->loads->n; i++) {
    if (mlirOpOperandIsNull(mlirValueGetFirstUse(mlirBlockGetArgument(o->entry, (intptr_t)kept))))
      mlirBlockEraseArgument(o->entry, (unsigned)kept);
    else
      o->loads->at[kept++] = o->loads->at[i];
  }
  o->loads->n = kept;
}

/* The type of a function is that of its block and of what it returns. */
static void set_type(opening *o, MlirOperation func) {
  arena *m = &o->ir->ctx->mem;
  MlirOperation last = mlirBlockGetTerminator(o->entry);
  const intptr_t n_in = mlirBlockGetNumArguments(o->entry), n_out = ir_num_operands(last);
  MlirType *in = ARENA_NEW_N(m, MlirType, n_in + 1), *out = ARENA_NEW_N(m, MlirType, n_out + 1);
  for (intptr_t i = 0; i < n_in; i++)
    in[i] = mlirValueGetType(mlirBlockGetArgument(o->entry, i));
  for (intptr_t i = 0; i < n_out; i++)
    out[i] = mlirValueGetType(ir_operand(last, i));
  ir_set_attr(func, "arg_attrs", (MlirAttribute){NULL});
  ir_set_attr(func, "function_type", ir_type_attr(mlirFunctionTypeGet(o->ir->mlir, n_in, in, n_out, out)));
}

/* What the dialects of whole tensors can say: straight lines of tensor operations. */
static loom_status check_straight(opening *o) {
  static const char *const dialects[] = {"linalg.", "tensor.", "arith.", "math.", "func.return"};
  for (MlirOperation op = mlirBlockGetFirstOperation(o->entry); !mlirOperationIsNull(op); op = mlirOperationGetNextInBlock(op)) {
    bool known = false;
    for (size_t i = 0; i < sizeof dialects / sizeof *dialects; i++)
      known |= text_starts(ir_op_name(op), dialects[i]);
    if (!known)
      return refuse(o, op, arena_printf(&o->ir->ctx->mem, "operation '%s' has no form on whole tensors that upstream's passes deal out", ir_op_name(op)));
  }
  return LOOM_OK;
}

/* Copies of tensors into others with a dim of one element more, say, one for each use: fusion then takes them away, and upstream deals nothing out that reads along such a dim. */
static void part_copies(opening *o, MlirModule m) {
  collect_all(o, m);
  for (size_t i = 0; i < o->ops.n; i++) {
    MlirOperation op = o->ops.at[i], only = ir_op_is(op, "linalg.generic") ? mlirBlockGetFirstOperation(ir_body(op)) : (MlirOperation){NULL};
    if (!mlirOperationIsNull(only) && ir_op_is(only, "linalg.yield") && ir_num_operands(op) == 2 && mlirOperationGetNumResults(op) == 1)
      shard_part_uses(op);
  }
}

loom_status shard_open(ir_ctx *ir, MlirModule m, const shard_blocks *blocks, const char *split, shard_tensors *loads, shard_tensors *stores) {
  static const char straight[] = "builtin.module(lower-affine,canonicalize,cse,canonicalize,func.func(loom-widen-products),canonicalize,cse)";
  static const char fused[] = "builtin.module(linalg-fuse-elementwise-ops,canonicalize,cse)";
  MlirOperation func = ir_find_func(m, NULL);
  opening o = {.ir = ir, .blocks = blocks, .split = split, .entry = ir_body(func), .n_old = mlirBlockGetNumArguments(ir_body(func)), .loads = loads, .stores = stores};
  LOOM_TRY(open_tiles(&o, m));
  set_type(&o, func);
  LOOM_TRY(pass_run_pipeline(ir, m, straight, NULL));
  LOOM_TRY(take_results(&o, m));
  set_type(&o, func);
  part_copies(&o, m);
  LOOM_TRY(pass_run_pipeline(ir, m, fused, NULL));
  LOOM_TRY(drop_memory(&o));
  drop_unused(&o);
  set_type(&o, func);
  LOOM_TRY(ir_verify(ir, m));
  return check_straight(&o);
}
