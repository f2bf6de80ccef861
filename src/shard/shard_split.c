/* Shardings by upstream's passes, and what they leave undone.
 *
 *   annotate the loads that the block tiles -> sharding-propagation -> annotate what that left out -> shard-partition -> convert-shard-to-mpi */
#include "shard/shard_private.h"
#include <string.h>

#define GRID "ranks"

typedef struct splitting { ir_ctx *ir; MlirBlock entry; loom_status status; } splitting;

static loom_status refuse(ir_ctx *ir, MlirOperation op, const char *why) {
  diag_error(ir->ctx, ir_span(ir, op), LOOM_EUNSUP, "--shard: %s", why);
  diag_help(ir->ctx, "another block may do: docs/mpi.md says which operations can be dealt out along what");
  return LOOM_EUNSUP;
}

/* ---- annotations ---- */

/* `axes`: "[[], [0]]" */
static MlirValue sharding(ir_builder *b, const char *axes) {
  ir_ctx *ir = b->ir;
  const ir_named attrs[] = {{"grid", ir_symbol_attr(ir, GRID)}, {"split_axes", ir_attr(ir, arena_printf(&ir->ctx->mem, "#shard<axisarray%s>", axes))},
                            {"operandSegmentSizes", ir_attr(ir, "array<i32: 0, 0>")}, {"static_halo_sizes", ir_attr(ir, "array<i64>")}, {"static_sharded_dims_offsets", ir_attr(ir, "array<i64>")}};
  return ir_build1(b, "shard.sharding", ir_type(ir, "!shard.sharding"), 0, NULL, sizeof attrs / sizeof *attrs, attrs);
}

static MlirValue annotate(ir_builder *b, MlirValue v, const char *axes, bool for_users) {
  const MlirValue operands[] = {v, sharding(b, axes)};
  return ir_build1(b, "shard.shard", mlirValueGetType(v), 2, operands, for_users, &(ir_named){"annotate_for_users", ir_unit_attr(b->ir)});
}

/* Everywhere but where the annotation takes it. */
static void use_instead(MlirValue v, MlirValue annotated) {
  MlirOperation def = ir_def(annotated);
  mlirValueReplaceAllUsesExcept(v, annotated, 1, &def);
}

static bool is_tensor(MlirValue v) { return mlirTypeIsARankedTensor(mlirValueGetType(v)); }
static bool is_shard(MlirOperation op) { return !mlirOperationIsNull(op) && ir_op_is(op, "shard.shard"); }

/* Something that is the same everywhere: linalg.fill, or what fusion has made of it. */
static bool is_filling(MlirOperation op) { return ir_op_is(op, "linalg.fill") || (ir_op_is(op, "linalg.generic") && ir_num_operands(op) == 1 && mlirOperationGetNumResults(op) == 1); }
static bool is_empty(MlirOperation op) { return ir_op_is(op, "tensor.empty"); }

void shard_part_uses(MlirOperation op) {
  MlirValue v = ir_result(op, 0);
  for (MlirOpOperand use = mlirValueGetFirstUse(v); !mlirOpOperandIsNull(use) && !mlirOpOperandIsNull(mlirOpOperandGetNextUse(use)); use = mlirValueGetFirstUse(v)) {
    MlirOperation user = mlirOpOperandGetOwner(use), copy = mlirOperationClone(op);
    mlirBlockInsertOwnedOperationBefore(mlirOperationGetBlock(user), user, copy);
    mlirOperationSetOperand(user, mlirOpOperandGetOperandNumber(use), ir_result(copy, 0));
  }
}

/* Empty and filled tensors, one for each use: a use may be dealt out as another is not, and upstream would put data of one into the other form by moving it. */
static void part_all_uses(splitting *s) {
  static bool (*const kinds[])(MlirOperation) = {is_filling, is_empty};      /* what is empty has a use more for each copy of what is filled */
  for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
    VEC_OF(MlirOperation) all = {0};
    for (MlirOperation op = mlirBlockGetFirstOperation(s->entry); !mlirOperationIsNull(op); op = mlirOperationGetNextInBlock(op))
      if (kinds[k](op))
        vec_push(&s->ir->ctx->mem, &all, op);
    for (size_t i = 0; i < all.n; i++)
      shard_part_uses(all.at[i]);
  }
}

static loom_status annotate_loads(ir_ctx *ir, const shard_function *f, MlirBlock entry, const char *split) {
  MlirOperation first = mlirBlockGetFirstOperation(entry);
  ir_builder b = ir_before(ir, first);
  int found = 0;
  for (size_t i = 0; i < f->loads.n; i++) {
    const shard_tensor *t = &f->loads.at[i];
    MlirValue arg = mlirBlockGetArgument(entry, (intptr_t)i), marked;
    text axes = text_new(&ir->ctx->mem);
    int n = 0;
    for (int d = 0; d < t->rank; d++) {
      const bool is_split = text_eq(t->symbol[d], split) && n == 0;      /* a dim at most: the diagonal of a matrix has no part */
      n += text_eq(t->symbol[d], split);
      text_addf(&axes, "%s[%s]", d ? ", " : "", is_split ? "0" : "");
    }
    if (n > 1)
      return refuse(ir, first, "two dims of one tensor are tiled by the block that is dealt out");
    if (n == 0)
      continue;
    found++;
    marked = annotate(&b, arg, arena_printf(&ir->ctx->mem, "[%s]", text_str(&axes)), true);
    if (mlirValueIsNull(marked))
      return LOOM_EBUG;
    use_instead(arg, marked);
  }
  return found ? LOOM_OK : refuse(ir, first, arena_printf(&ir->ctx->mem, "no load is tiled by '%s'", split));
}

/* The annotation of a result, which then has no other use; null: it has none. */
static MlirOperation annotation_of(MlirValue result) {
  MlirOpOperand use = mlirValueGetFirstUse(result);
  MlirOperation user = mlirOpOperandIsNull(use) || !mlirOpOperandIsNull(mlirOpOperandGetNextUse(use)) ? (MlirOperation){NULL} : mlirOpOperandGetOwner(use);
  return is_shard(user) ? user : (MlirOperation){NULL};
}

/* "[[], [0]]" */
static const char *axes_of(ir_ctx *ir, MlirOperation shard) {
  const char *s = ir_print_attr(&ir->ctx->mem, ir_attr_of(ir_def(ir_operand(shard, 1)), "split_axes")), *first = strchr(s, '['), *end = strrchr(s, ']');
  return first && end ? arena_strndup(&ir->ctx->mem, first, (size_t)(end - first) + 1) : "[[]]";
}

/* Upstream's propagation follows data: it leaves alone what is filled and then used as something that is dealt out, and operations that see whole tensors only; and its partitioning ends
 * the process, or makes types that do not match, at what has no annotation.  What is filled is dealt out as its only use is; all else that is left is whole on each rank. */
static void complete(splitting *s, MlirOperation op) {
  if (is_shard(op) || ir_op_is(op, "func.return"))
    return;
  ir_builder before = ir_before(s->ir, op), after = ir_before(s->ir, mlirOperationGetNextInBlock(op));
  const char *axes = "[[]]";
  bool is_open = is_filling(op);
  for (intptr_t i = 0; i < mlirOperationGetNumResults(op); i++) {
    MlirValue result = ir_result(op, i);
    MlirOperation marked = annotation_of(result);
    if (!is_tensor(result))
      continue;
    if (!mlirOperationIsNull(marked)) {
      axes = axes_of(s->ir, marked);
      continue;
    }
    is_open = true;
    use_instead(result, annotate(&after, result, "[[]]", false));
  }
  for (intptr_t i = 0; i < ir_num_operands(op) && is_open; i++)
    if (is_tensor(ir_operand(op, i)) && !is_shard(ir_def(ir_operand(op, i))))
      mlirOperationSetOperand(op, i, annotate(&before, ir_operand(op, i), axes, true));
}

/* From the end: uses are annotated before what makes them. */
static void complete_all(splitting *s) {
  VEC_OF(MlirOperation) all = {0};
  for (MlirOperation op = mlirBlockGetFirstOperation(s->entry); !mlirOperationIsNull(op); op = mlirOperationGetNextInBlock(op))
    vec_push(&s->ir->ctx->mem, &all, op);
  for (size_t i = all.n; i-- > 0;)
    complete(s, all.at[i]);
}

/* ---- what must not be dealt out ---- */

/* Does the sharding of an operand deal out its dim `d`? */
static bool is_split(ir_ctx *ir, MlirValue operand, int64_t d) {
  MlirOperation def = ir_def(operand);
  if (!is_shard(def))
    return false;
  const char *s = axes_of(ir, def) + 1;
  for (int64_t i = 0; *s && *s != ']'; s++)
    if (*s == '[') {
      if (i++ == d)
        return s[1] != ']';
      s = strchr(s, ']');
    }
  return false;
}

/* linalg.index counts from 0 on each rank. */
static bool check_index(MlirOperation op, void *data) {
  splitting *s = data;
  int64_t dim;
  if (!ir_op_is(op, "linalg.index") || !ir_attr_int(ir_attr_of(op, "dim"), &dim))
    return true;
  MlirOperation of = mlirOperationGetParentOperation(op);
  MlirAttribute maps = ir_linalg_maps(of);
  for (intptr_t i = 0; i < ir_num_operands(of) && !mlirAttributeIsNull(maps); i++) {
    MlirAffineMap map = mlirAffineMapAttrGetValue(mlirArrayAttrGetElement(maps, i));
    for (intptr_t k = 0; k < mlirAffineMapGetNumResults(map); k++) {
      MlirAffineExpr e = mlirAffineMapGetResult(map, k);
      if (mlirAffineExprIsADim(e) && mlirAffineDimExprGetPosition(e) == dim && is_split(s->ir, ir_operand(of, i), k))
        s->status = refuse(s->ir, of, "an element's place along the range that is dealt out is a value of the kernel (a mask, say)");
    }
  }
  return true;
}

/* How two elements are combined by the operation whose parts a collective puts together; "": it does not show. */
static const char *combiner(MlirOperation reduce) {
  MlirValue part = ir_operand(reduce, 0);
  MlirOperation of = ir_def(part);
  MlirBlock body = mlirOperationIsNull(of) ? (MlirBlock){NULL} : ir_body(of);
  if (mlirBlockIsNull(body))
    return "";
  MlirOperation last = mlirBlockGetTerminator(body), combines = ir_def(ir_operand(last, mlirOpResultGetResultNumber(part)));
  return mlirOperationIsNull(combines) ? "" : ir_op_name(combines);
}

/* What MPI does as the operation does it.  Upstream takes arith.andi for a sum, and unsigned comparisons for signed ones. */
static loom_status check_reduction(splitting *s, MlirOperation op) {
  static const char *const combiners[] = {"arith.addf", "arith.addi", "arith.mulf", "arith.muli", "arith.maximumf", "arith.minimumf", "arith.maxsi", "arith.minsi", "arith.ori", "arith.xori"};
  const char *name = combiner(op);
  bool known = false;
  for (size_t i = 0; i < sizeof combiners / sizeof *combiners; i++)
    known |= text_eq(name, combiners[i]);
  dtype t;
  if (!ir_type_dtype(mlirValueGetType(ir_operand(op, 0)), &t) || t == DTYPE_BOOL || t == DTYPE_U8 || (dtype_is_float(t) && dtype_bytes(t) < dtype_bytes(DTYPE_F32)))
    return refuse(s->ir, op, "a reduction over ranks in a type that MPI does not have");
  return known ? LOOM_OK : refuse(s->ir, op, arena_printf(&s->ir->ctx->mem, "a reduction over ranks by '%s', which has no lowering to dialect mpi", name));
}

/* Which operations of dialect shard have no form in dialect mpi in this LLVM, and which reductions. */
static bool check_collective(MlirOperation op, void *data) {
  static const char *const lowered[] = {"shard.grid", "shard.all_reduce", "shard.process_multi_index", "shard.process_linear_index", "shard.grid_shape"};
  splitting *s = data;
  bool known = !text_starts(ir_op_name(op), "shard.");
  for (size_t i = 0; i < sizeof lowered / sizeof *lowered; i++)
    known |= ir_op_is(op, lowered[i]);
  if (!known)
    s->status = refuse(s->ir, op, arena_printf(&s->ir->ctx->mem, "what is dealt out is needed whole: it takes '%s', which has no lowering to dialect mpi", ir_op_name(op)));
  else if (ir_op_is(op, "shard.all_reduce") && s->status == LOOM_OK)
    s->status = check_reduction(s, op);
  return true;
}

/* A sharded dim is smaller now. */
static loom_status find_splits(ir_ctx *ir, MlirOperation func, shard_tensors *all, bool results, int ranks) {
  MlirType type = mlirTypeAttrGetValue(ir_attr_of(func, "function_type"));
  for (size_t i = 0; i < all->n; i++) {
    shard_tensor *t = &all->at[i];
    MlirType now = results ? mlirFunctionTypeGetResult(type, (intptr_t)i) : mlirFunctionTypeGetInput(type, (intptr_t)i);
    for (int d = 0; d < t->rank; d++)
      if (ranks > 1 && mlirShapedTypeGetDimSize(now, d) != t->size[d]) {
        if (t->split >= 0)
          return refuse(ir, func, "two dims of one tensor would be dealt out");
        t->split = d;
      }
  }
  return LOOM_OK;
}

loom_status shard_split(ir_ctx *ir, shard_function *f, const char *split, int ranks) {
  MlirOperation module = mlirModuleGetOperation(f->module), func = ir_find_func(f->module, NULL);
  splitting s = {.ir = ir, .entry = ir_body(func)};
  ir_builder top = ir_before(ir, func);
  ir_set_attr(module, "dlti.map", ir_attr(ir, "#dlti.map<\"MPI:Implementation\" = \"MPICH\">"));
  const ir_named grid[] = {{"sym_name", ir_str_attr(ir, GRID)}, {"shape", ir_attr(ir, arena_printf(&ir->ctx->mem, "array<i64: %d>", ranks))}};
  if (mlirOperationIsNull(ir_build(&top, "shard.grid", 0, NULL, 0, NULL, 2, grid, 0, NULL)))
    return LOOM_EBUG;
  part_all_uses(&s);
  LOOM_TRY(annotate_loads(ir, f, s.entry, split));
  LOOM_TRY(pass_run_pipeline(ir, f->module, "builtin.module(func.func(sharding-propagation{traversal=forward}))", NULL));
  complete_all(&s);
  LOOM_TRY(ir_verify(ir, f->module));
  f->sharded = ir_print(&ir->ctx->mem, module, false);
  ir_walk(module, check_index, &s);
  LOOM_TRY(s.status);
  LOOM_TRY(pass_run_pipeline(ir, f->module, "builtin.module(func.func(shard-partition),canonicalize,cse)", NULL));
  f->partitioned = ir_print(&ir->ctx->mem, module, false);
  f->reductions = (int)ir_count(module, "shard.all_reduce");
  ir_walk(module, check_collective, &s);
  LOOM_TRY(s.status);
  func = ir_find_func(f->module, NULL);
  LOOM_TRY(find_splits(ir, func, &f->loads, false, ranks));
  LOOM_TRY(find_splits(ir, func, &f->stores, true, ranks));
  LOOM_TRY(pass_run_pipeline(ir, f->module, "builtin.module(convert-shard-to-mpi,canonicalize,cse)", NULL));
  f->mpi = ir_print(&ir->ctx->mem, module, false);
  LOOM_TRY(shard_outline(ir, f));
  return ir_erase(ir_find_symbol(ir, mlirModuleGetBody(f->module), "shard.grid", GRID)) ? LOOM_OK : LOOM_EBUG;
}
