#include "cli/worker_chips.h"
#include "cli/cli_forms.h"
#include "cli/worker_emit.h"
#include "base/file.h"
#include "compile_chips.h"
#include <stdio.h>

/* What is said of one chip, or of a kernel that is searched on one. */
static loom_status refuse(loom_ctx *ctx, const cli_options *o, const compile_options *c) {
  const cli_unfit one_chip[] = {
      {"--bisect-numerics", o->bisect},        {"--engine", o->engine.last != NULL},     {"--trace", o->trace.last != NULL},          {"--override-dir", c->override_dir != NULL},
      {"--explain", o->explain},               {"--certify", o->certify},                {"--etg", o->etg.last != NULL},              {"--upstream-compatible", o->upstream_compatible},
      {"--legacy", o->legacy},                 {"--variant", o->variant.last != NULL},   {"--emit", o->emit.last && !text_eq(o->emit.last, "plan") && !text_eq(o->emit.last, "summary")}};
  const char *option = cli_first_given(one_chip, sizeof one_chip / sizeof *one_chip);
  if (!option)
    return LOOM_OK;
  const bool is_emit = text_eq(option, "--emit");
  diag_error(ctx, LOOM_NOSPAN, LOOM_EUNSUP, "%s%s%s is of one chip, and the machine has several", option, is_emit ? " " : "", is_emit ? o->emit.last : "");
  diag_help(ctx, "give --machine a chip, for example wormhole; docs/chips.md says what runs on several");
  return LOOM_EUNSUP;
}

static void print_chips(compile_chips *c) {
  arena *m = &c->ctx->mem;
  const compile_chips_row *best = &c->rows.at[0];
  int64_t idle = 0;
  for (int64_t i = 0; i < c->program.n_chips; i++)
    idle += c->shard_of[i] < 0;
  printf("chips        %s: %s", chips_split_text(m, &c->kernel, c->machine, &c->split), text_thousands(m, best->kernel));
  printf(" cycles of kernel, %s of collectives before it", text_thousands(m, best->before));
  printf(", %s behind; %zu shapes", text_thousands(m, best->behind), c->shards.n);
  printf(idle ? ", %" PRId64 " chips without work\n" : "\n", idle);
  if (!c->kernel.n_axes && c->kernel.why)
    printf("             nothing can be split: %s\n", c->kernel.why);
  for (size_t i = 0; i < c->program.stages.n; i++) {
    const chips_stage *g = &c->program.stages.at[i];
    printf("collective   %s of %s along %s: %s bytes over links, ", chips_collective_text(g->kind), c->program.tensors.at[g->tensor].name, c->machine->chips.at[g->dim].name,
           text_thousands(m, g->bytes));
    printf("%s cycles\n", text_thousands(m, g->cycles));
  }
}

static loom_status print(compile_chips *c, const cli_options *o, const compile_execution *e) {
  arena *m = &c->ctx->mem;
  const data_value *summary = compile_chips_summary(c, e);
  cli_progress_end();
  if (c->output_dir)
    LOOM_TRY(data_write_json_file(c->ctx, file_join(m, c->output_dir, "summary.json"), summary));
  if (text_eq(o->emit.last, "plan")) {
    printf("%s\n", data_write_json(m, plan_to_data(m, c->whole.plan), 1));
  } else if (o->json || o->emit.last) {
    printf("%s\n", data_write_json(m, summary, 1));
  } else {
    printf("kernel       %s on %s\n", c->whole.kernel->name, c->machine->name);
    print_chips(c);
    worker_print_decisions(&c->whole);
    if (e)
      worker_print_execution(&c->whole, e);
    if (c->output_dir)
      printf("written      %s\n", c->output_dir);
  }
  return LOOM_OK;
}

static loom_status compile_and_run(loom_ctx *ctx, const cli_options *o, const compile_options *c, const run_options *r) {
  compile_chips all;
  compile_execution e = {0};
  LOOM_TRY(refuse(ctx, o, c));
  loom_status st = compile_chips_kernel(ctx, c, &all);
  if (st == LOOM_OK && r)
    st = compile_chips_execute(&all, r, &e);
  if (st == LOOM_OK)
    st = print(&all, o, r ? &e : NULL);
  if (st == LOOM_OK)
    st = worker_verdict(ctx, &e);
  cli_progress_end();
  compile_chips_close(&all);
  return st;
}

loom_status worker_chips_compile(loom_ctx *ctx, const cli_options *o, compile_options *c, bool *is_done) {
  compile_stage early;
  *is_done = compile_chips_wanted(ctx, c) && !(o->emit.last && worker_emit_is(o->emit.last, WORKER_EMIT_EARLY, &early) && early == COMPILE_KERNEL);
  compile_options written = *c;
  written.write_files = !o->emit.last;
  return *is_done ? compile_and_run(ctx, o, &written, NULL) : LOOM_OK;
}

loom_status worker_chips_run(loom_ctx *ctx, const cli_options *o, compile_options *c, const run_options *r, bool *is_done) {
  *is_done = !r->interp_only && compile_chips_wanted(ctx, c);
  compile_options written = *c;
  written.write_files = o->output_dir.last != NULL;
  return *is_done ? compile_and_run(ctx, o, &written, r) : LOOM_OK;
}

static void print_table(compile_chips *c) {
  arena *m = &c->ctx->mem;
  int64_t ruled_out = 0;
  printf("%14s  %12s  %12s  %12s  %14s  %s\n", "cycles", "kernel", "before", "behind", "bytes of DRAM", "split");
  for (size_t i = 0; i < c->rows.n; i++) {
    const compile_chips_row *r = &c->rows.at[i];
    ruled_out += r->is_ruled_out;
    if (r->is_ruled_out)
      continue;
    const bool has_plan = !r->is_infeasible && !r->is_too_large;
    printf("%14s  %12s  %12s  %12s  %14s  %s\n", r->is_too_large ? "DRAM too small" : has_plan ? text_thousands(m, r->cycles) : "infeasible", has_plan ? text_thousands(m, r->kernel) : "",
           text_thousands(m, r->before), text_thousands(m, r->behind), text_thousands(m, r->dram), chips_split_text(m, &c->kernel, c->machine, &r->split));
  }
  printf("%zu splits, %" PRId64 " ruled out by their collectives\n", c->rows.n, ruled_out);
}

loom_status worker_chips_explore(loom_ctx *ctx, const cli_options *o, compile_options *c, bool *is_done) {
  compile_chips all;
  if (!(*is_done = compile_chips_wanted(ctx, c)))
    return LOOM_OK;
  LOOM_TRY(refuse(ctx, o, c));
  cli_tell_form(ctx, o, CLI_EXPLORE_CHIPS);
  loom_status st = compile_chips_kernel(ctx, c, &all);
  cli_progress_end();
  const data_value *v = st == LOOM_OK ? compile_chips_table(&all) : NULL;
  if (st == LOOM_OK && o->out.last)
    st = data_write_json_file(ctx, o->out.last, v);
  if (st == LOOM_OK && o->json)
    printf("%s\n", data_write_json(&ctx->mem, v, 1));
  else if (st == LOOM_OK)
    print_table(&all);
  compile_chips_close(&all);
  return st;
}
