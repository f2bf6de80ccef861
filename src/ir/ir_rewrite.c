/* Rewriting by text: patterns in the pdl dialect, schedules in the transform dialect. */
#include "ir/ir_private.h"
#include <mlir-c/Dialect/Transform/Interpreter.h>
#include <string.h>

/* More than any file needs; a pattern that matches what it makes never ends by itself. */
enum { REWRITES_MAX = 100000 /* a round */, ROUNDS_MAX = 10 };

/* ---- patterns ---- */

typedef struct pattern_check { ir_ctx *ir; int64_t patterns; bool failed; } pattern_check;

static const char *native_name(ir_ctx *ir, MlirOperation op) {
  bool is_call = ir_op_is(op, "pdl.apply_native_constraint") || ir_op_is(op, "pdl.apply_native_rewrite");
  MlirAttribute name = ir_attr_of(op, is_call || ir_op_is(op, "pdl.rewrite") ? "name" : "");
  return mlirAttributeIsNull(name) ? NULL : ir_attr_string(&ir->ctx->mem, name);
}

/* MLIR aborts on functions of C that nobody has registered. */
static bool check_pattern_op(MlirOperation op, void *data) {
  pattern_check *c = data;
  c->patterns += ir_op_is(op, "pdl.pattern");
  const char *native = native_name(c->ir, op);
  if (!native)
    return true;
  diag_error(c->ir->ctx, ir_span(c->ir, op), LOOM_EUNSUP, "the pattern calls the native function '%s'; a file of patterns has none", native);
  diag_help(c->ir->ctx, "say it with pdl.attribute, pdl.type and pdl.operation, or write a pass");
  c->failed = true;
  return true;
}

static loom_status check_patterns(ir_ctx *ir, MlirModule m, const diag_source *source) {
  pattern_check c = {.ir = ir};
  for (MlirOperation op = mlirBlockGetFirstOperation(mlirModuleGetBody(m)); !ir_is_null_op(op); op = mlirOperationGetNextInBlock(op))
    if (!ir_op_is(op, "pdl.pattern")) {
      diag_error(ir->ctx, ir_span(ir, op), LOOM_EINPUT, "a file of patterns holds pdl.pattern operations, not %s", ir_op_name(op));
      return LOOM_EINPUT;
    }
  ir_walk(mlirModuleGetOperation(m), check_pattern_op, &c);
  if (c.failed)
    return LOOM_EUNSUP;
  if (c.patterns)
    return LOOM_OK;
  diag_error(ir->ctx, (loom_span){.source = source}, LOOM_EINPUT, "the file holds no pattern");
  diag_help(ir->ctx, "write pdl.pattern @name : benefit(1) { ... pdl.rewrite %%root { ... } }");
  return LOOM_EINPUT;
}

static MlirGreedyRewriteDriverConfig greedy(void) {
  MlirGreedyRewriteDriverConfig g = mlirGreedyRewriteDriverConfigCreate();
  mlirGreedyRewriteDriverConfigSetMaxNumRewrites(g, REWRITES_MAX);
  mlirGreedyRewriteDriverConfigSetMaxIterations(g, ROUNDS_MAX);
  mlirGreedyRewriteDriverConfigEnableFolding(g, false);
  mlirGreedyRewriteDriverConfigEnableConstantCSE(g, false);
  mlirGreedyRewriteDriverConfigSetRegionSimplificationLevel(g, MLIR_GREEDY_SIMPLIFY_REGION_LEVEL_DISABLED);
  return g;
}

static loom_status apply(ir_ctx *ir, MlirOperation op, const diag_source *source, LOOM_TAKE MlirModule patterns) {
  MlirPDLPatternModule pdl = mlirPDLPatternModuleFromModule(patterns);
  MlirRewritePatternSet set = mlirRewritePatternSetFromPDLPatternModule(pdl);
  MlirFrozenRewritePatternSet frozen = mlirFreezeRewritePattern(set);
  MlirGreedyRewriteDriverConfig config = greedy();
  bool done = mlirLogicalResultIsSuccess(mlirApplyPatternsAndFoldGreedilyWithOp(op, frozen, config));
  mlirGreedyRewriteDriverConfigDestroy(config);
  mlirFrozenRewritePatternSetDestroy(frozen);
  mlirRewritePatternSetDestroy(set);      /* freezing leaves its shell behind */
  mlirPDLPatternModuleDestroy(pdl);
  ir_settle(ir);
  if (done)
    return LOOM_OK;
  diag_error(ir->ctx, (loom_span){.source = source}, LOOM_ELIMIT, "the patterns still match after %d rounds of up to %d rewrites", ROUNDS_MAX, REWRITES_MAX);
  diag_help(ir->ctx, "does a pattern match what it makes itself?");
  return LOOM_ELIMIT;
}

loom_status ir_apply_patterns(ir_ctx *ir, MlirOperation op, const char *path, const char *bytes, size_t size) {
  MlirModule patterns;
  const diag_source *source = diag_add_source(ir->ctx, path, arena_strndup(&ir->ctx->mem, bytes, size), size);
  mlir_reader outer = ir->reads;
  ir->reads = MLIR_READS_PATTERNS;
  loom_status parsed = ir_parse_shown(ir, source, source->text, size, &patterns);
  ir->reads = outer;
  LOOM_TRY(parsed);
  loom_status st = check_patterns(ir, patterns, source);
  if (st != LOOM_OK) {
    ir_close_module(patterns);
    return st;
  }
  LOOM_TRY(apply(ir, op, source, patterns));
  bool ok = mlirOperationVerify(op);
  ir_settle(ir);
  if (ok)
    return LOOM_OK;
  diag_note(ir->ctx, (loom_span){.source = source}, "this is what the patterns made of it");
  return ir->blame;
}

/* ---- schedules ---- */

static bool is_sequence(MlirOperation op, void *data) {
  if (!ir_op_is(op, "transform.named_sequence"))
    return true;
  *(MlirOperation *)data = op;
  return false;
}

loom_status ir_apply_schedule(ir_ctx *ir, MlirOperation op, const char *schedule) {
  MlirModule m;
  MlirOperation sequence = {NULL};
  LOOM_TRY(ir_parse_own(ir, "<schedule>", schedule, strlen(schedule), &m));
  ir_walk(mlirModuleGetOperation(m), is_sequence, &sequence);
  if (ir_is_null_op(sequence)) {
    ir_close_module(m);
    return ir_bug(ir, "a schedule without transform.named_sequence");
  }
  MlirTransformOptions o = mlirTransformOptionsCreate();
  bool ok = mlirLogicalResultIsSuccess(mlirTransformApplyNamedSequence(op, sequence, mlirModuleGetOperation(m), o));
  mlirTransformOptionsDestroy(o);
  ir_close_module(m);
  ir_settle(ir);
  return ok ? LOOM_OK : ir->blame;
}
