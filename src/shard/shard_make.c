#include "dialect/dialect.h"
#include "shard/shard_private.h"
#include <ctype.h>
#include <string.h>

void shard_part(int64_t extent, int r, int ranks, int64_t *start, int64_t *count) {
  const int64_t least = extent / ranks, more = extent % ranks;
  *count = least + (r < more);
  *start = r * least + (r < more ? r : more);
}

typedef struct finding { ir_ctx *ir; shard_blocks blocks; } finding;

static bool add_block(MlirOperation op, void *data) {
  finding *f = data;
  const char *name = dialect_sym_name(&f->ir->ctx->mem, op);
  int64_t bound = 0;
  if (name && ir_attr_int(ir_attr_of(op, "upper_bound"), &bound) && bound > 0)
    vec_push(&f->ir->ctx->mem, &f->blocks, ((shard_block){name, bound, bound}));
  return true;
}

/* "tile_m", "m", "M" */
static bool is_called(const char *symbol, const char *name) {
  static const char tile[] = "tile_";
  const char *rest = text_starts(symbol, tile) ? symbol + sizeof tile - 1 : symbol;
  return text_eq(symbol, name) || strcasecmp(rest, name) == 0;
}

static loom_status fail_name(loom_ctx *ctx, const finding *f, const char *name) {
  text all = text_new(&ctx->mem);
  for (size_t i = 0; i < f->blocks.n; i++)
    text_addf(&all, "%s%s", i ? ", " : "", f->blocks.at[i].name);
  diag_error(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "--shard %s: the kernel has no such block", name);
  if (f->blocks.n)
    diag_help(ctx, "its blocks are %s", text_str(&all));
  return LOOM_EUSAGE;
}

loom_status shard_make(ir_ctx *ir, MlirModule stage0, const char *name, int rank, int ranks, shard_function *out) {
  finding f = {.ir = ir};
  shard_block *split = NULL;
  int64_t start, count;
  *out = (shard_function){.module = ir_clone_module(stage0)};
  out->name = ir_func_name(&ir->ctx->mem, ir_find_func(out->module, NULL));
  ir_walk(mlirModuleGetOperation(out->module), add_block, &f);
  for (size_t i = 0; i < f.blocks.n && !split; i++)
    if (is_called(f.blocks.at[i].name, name))
      split = &f.blocks.at[i];
  if (!split)
    return fail_name(ir->ctx, &f, name);
  if (split->extent < ranks)
    LOOM_FAIL(ir->ctx, LOOM_NOSPAN, LOOM_EUSAGE, "--shard %s: %" PRId64 " elements are too few for %d ranks", name, split->extent, ranks);
  out->extent = split->extent;
  shard_part(split->extent, rank, ranks, &start, &count);
  split->bound = count * ranks;      /* upstream gives each rank the same number: this one makes the module in which that is its own */
  LOOM_TRY(shard_open(ir, out->module, &f.blocks, split->name, &out->loads, &out->stores));
  return shard_split(ir, out, split->name, ranks);
}
