/* linalg-tile as MLIR had it until version 15: every linalg operation in loops over tiles, --linalg-tile="tile-sizes=2,4,8".
 * MLIR 22 tiles by schedules of the transform dialect; this pass writes one. */
#include "pass/pass_private.h"
#include <stdlib.h>
#include <string.h>

static const char MARK[] = "loom.tile_loops";
enum { LOOPS_MAX = 16 };

typedef struct tiling { ir_ctx *ir; int64_t size[LOOPS_MAX]; int n_sizes; bool has_ops[LOOPS_MAX + 1]; } tiling;

/* Marks an operation by its number of loops. */
static bool mark(MlirOperation op, void *data) {
  tiling *t = data;
  MlirAttribute maps = text_starts(ir_op_name(op), "linalg.") ? ir_linalg_maps(op) : (MlirAttribute){NULL};
  if (mlirAttributeIsNull(maps) || mlirArrayAttrGetNumElements(maps) < 1)
    return true;
  intptr_t loops = mlirAffineMapGetNumDims(mlirAffineMapAttrGetValue(mlirArrayAttrGetElement(maps, 0)));
  if (loops < 1 || loops > LOOPS_MAX)
    return true;
  ir_set_attr(op, MARK, ir_int_attr(t->ir, loops));
  t->has_ops[loops] = true;
  return true;
}

static bool unmark(MlirOperation op, void *data) {
  (void)data;
  if (!mlirAttributeIsNull(ir_attr_of(op, MARK)))
    ir_set_attr(op, MARK, (MlirAttribute){NULL});
  return true;
}

/* One step for all operations of `loops` loops: sizes beyond their loops are dropped, 0 leaves a loop whole. */
static void add_step(text *out, const tiling *t, int loops) {
  int made = 0;
  text sizes = text_new(out->mem);
  for (int i = 0; i < loops && i < t->n_sizes; i++) {
    text_addf(&sizes, i ? ", %" PRId64 : "%" PRId64, t->size[i]);
    made += t->size[i] > 0;
  }
  if (!made)
    return;
  text_addf(out, "    %%o%d = transform.structured.match interface{LinalgOp} attributes {%s = %d : i64} in %%root : (!transform.any_op) -> !transform.any_op\n", loops, MARK, loops);
  text_addf(out, "    %%t%d, %%l%d:%d = transform.structured.tile_using_for %%o%d tile_sizes [%s] : (!transform.any_op) -> (!transform.any_op", loops, loops, made, loops, text_str(&sizes));
  for (int i = 0; i < made; i++)
    text_add(out, ", !transform.any_op");
  text_add(out, ")\n");
}

static const char *schedule(arena *m, const tiling *t) {
  text out = text_new(m);
  text_add(&out, "module attributes {transform.with_named_sequence} {\n  transform.named_sequence @__transform_main(%root: !transform.any_op) {\n");
  for (int loops = 1; loops <= LOOPS_MAX; loops++)
    if (t->has_ops[loops])
      add_step(&out, t, loops);
  text_add(&out, "    transform.yield\n  }\n}\n");
  return text_str(&out);
}

static loom_status fail_options(loom_ctx *ctx, const pass_options *o) {
  diag_error(ctx, o->span, LOOM_EUSAGE, "'%s' does not say how large the tiles are", o->text);
  diag_help(ctx, "write --linalg-tile=\"tile-sizes=2,4,8\" or linalg-tile{tile-sizes=2,4,8}: one size a loop, 0 for a loop that stays whole");
  return LOOM_EUSAGE;
}

static loom_status read_sizes(tiling *t, const pass_options *o) {
  static const char key[] = "tile-sizes=";
  loom_ctx *ctx = t->ir->ctx;
  if (!text_starts(o->text, key))
    return fail_options(ctx, o);
  for (const char *s = o->text + strlen(key);; s++) {
    char *end;
    int64_t size = strtoll(s, &end, 10);
    if (end == s || size < 0 || size > INT32_MAX || t->n_sizes == LOOPS_MAX || (*end && *end != ','))
      return fail_options(ctx, o);
    t->size[t->n_sizes++] = size;
    s = end;
    if (!*s)
      return LOOM_OK;
  }
}

loom_status pass_linalg_tile(ir_ctx *ir, MlirOperation func, const pass_options *o) {
  tiling t = {.ir = ir};
  LOOM_TRY(read_sizes(&t, o));
  ir_walk(func, mark, &t);
  loom_status st = ir_apply_schedule(ir, func, schedule(&ir->ctx->mem, &t));
  ir_walk(func, unmark, NULL);
  return st;
}
