/* loom run --shard: one rank's part of a kernel.  Rank 0 speaks. */
#include "base/file.h"
#include "cli/worker.h"
#include "compile_shard.h"
#include <stdio.h>
#include <string.h>

static loom_status refuse_options(loom_ctx *ctx, const cli_options *o, const compile_options *c) {
  const cli_unfit others[] = {
      {"--interp", o->interp}, {"--engine", o->engine.last != NULL}, {"--emit", o->emit.last != NULL}, {"--plan", o->plan.last != NULL}, {"--provider", o->provider.last != NULL},
      {"--bisect-numerics", o->bisect}, {"--trace", o->trace.last != NULL}, {"--block-sizes", o->block_sizes.last != NULL}, {"-o", o->output_dir.last != NULL}, {"--override-dir", o->override_dir.last != NULL},
      {"--tuning-db", o->tuning_db.last != NULL}, {"--config", o->config.last != NULL}};
  const char *option = cli_first_given(others, sizeof others / sizeof *others);
  if (option)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "--shard: ranks compute whole parts of a kernel on this CPU; leave %s away", option);
  if (!text_eq(o->machine.last, "host"))
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "--shard deals a kernel out to processes of CPUs: add --machine host");
  return file_is_dir(c->input) ? diag_error(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "--shard takes a kernel's source, no artifact") : LOOM_OK;
}

/* Each rank its own: parts may have different sizes.  Of a kernel that is refused, what there is. */
static loom_status dump_all(loom_ctx *ctx, const cli_options *o, const compile_shards *c) {
  const struct { const char *name, *text; } steps[] = {{"shard_0_sharded", c->f.sharded}, {"shard_1_partitioned", c->f.partitioned}, {"shard_2_mpi", c->f.mpi}};
  for (size_t i = 0; i < sizeof steps / sizeof *steps && o->dump_dir.last; i++)
    if (steps[i].text)
      LOOM_TRY(file_write(ctx, arena_printf(&ctx->mem, "%s/%s.rank%d.mlir", o->dump_dir.last, steps[i].name, c->ranks.number), steps[i].text, strlen(steps[i].text)));
  return LOOM_OK;
}

static void add_ranks(arena *m, const compile_shards *c, const char *name, data_value *summary) {
  data_value *v = data_object(m);
  data_set_string(m, v, "along", name);
  data_set_int(m, v, "extent", c->f.extent);
  data_set_int(m, v, "count", c->ranks.size);
  data_set_int(m, v, "reductions", c->f.reductions);
  data_set(m, summary, "ranks", v);
}

static void print(compile_state *s, const cli_options *o, const compile_shards *c, const compile_execution *e) {
  int64_t start, most, least;
  shard_part(c->f.extent, 0, c->ranks.size, &start, &most);
  shard_part(c->f.extent, c->ranks.size - 1, c->ranks.size, &start, &least);
  printf("kernel       %s on host\n", s->kernel->name);
  printf("ranks        %d, along %s: %" PRId64 " elements of %" PRId64 " each", c->ranks.size, o->shard.last, most, c->f.extent);
  if (least != most)
    printf(" or %" PRId64, least);
  printf("; %d collective%s\n", c->f.reductions, c->f.reductions == 1 ? "" : "s");
  worker_print_execution(s, e);
}

loom_status worker_run_shards(loom_ctx *ctx, const cli_options *o, const compile_options *c, const run_options *r) {
  compile_state s = {0};
  compile_shards shards = {0};
  compile_execution e = {0};
  LOOM_TRY(refuse_options(ctx, o, c));
  compile_options own = *c;
  own.cache = NULL;
  own.dump_dir = NULL;      /* of stages that this has none of */
  loom_status st = compile_open_shards(ctx, &own, o->shard.last, &s, &shards);
  const loom_status dumped = dump_all(ctx, o, &shards);
  st = st == LOOM_OK ? dumped : st;
  if (st == LOOM_OK)
    st = compile_execute_shards(&s, &shards, r, &e);
  cli_progress_end();
  if (st == LOOM_OK && shards.ranks.number == 0 && o->json) {
    data_value *summary = compile_summary(&s, &e);
    add_ranks(&ctx->mem, &shards, o->shard.last, summary);
    printf("%s\n", data_write_json(&ctx->mem, summary, 1));
  } else if (st == LOOM_OK && shards.ranks.number == 0) {
    print(&s, o, &shards, &e);
  }
  if (st == LOOM_OK)
    st = worker_verdict(ctx, &e);
  compile_close_shards(&shards);
  compile_done(&s);
  return st;
}
