/* loom run and loom compile of MLIR functions on tensors for a virtual chip: kernel after kernel. */
#include "base/clock.h"
#include "base/file.h"
#include "cli/worker_npu.h"
#include "cli/worker_program.h"
#include "cli/worker_network.h"
#include <stdio.h>
#include <string.h>

static loom_status refuse_options(const program_run *r) {
  const cli_options *o = r->o;
  const cli_unfit kernels[] = {
      {"--plan", o->plan.last != NULL}, {"--bisect-numerics", o->bisect && !text_eq(o->command, "run")}, {"--block-sizes", o->block_sizes.last != NULL}, {"--trace", o->trace.last != NULL},
      {"--dtype", o->dtype.last != NULL}, {"--engine tt-emu", text_eq(o->engine.last, "tt-emu")}, {"--emit", o->emit.last && !text_eq(o->emit.last, "kernel")}};
  const char *option = cli_first_given(kernels, sizeof kernels / sizeof *kernels);
  if (!option)
    return LOOM_OK;
  diag_error(r->ctx, LOOM_NOSPAN, LOOM_EUNSUP, "%s: function @%s on tensors becomes several kernels; only single kernels have that", option, r->f->name);
  diag_help(r->ctx, "--emit kernel prints the kernels; each can be given to loom as a file of its own");
  return LOOM_EUNSUP;
}

/* What is of one chip. */
static loom_status refuse_on_chips(const program_run *r) {
  const cli_options *o = r->o;
  const struct { const char *option; bool given; } one_chip[] = {
      {"--bisect-numerics", o->bisect}, {"'loom report'", text_eq(o->command, "report")}, {"--engine", o->engine.last != NULL}, {"--override-dir", o->override_dir.last != NULL}};
  machine *m;
  LOOM_TRY(machine_load_with(r->ctx, r->c->machine ? r->c->machine : "wormhole", r->c->calibration, r->c->compute_dir, &m));
  for (size_t i = 0; i < sizeof one_chip / sizeof *one_chip && m->chips.n; i++)
    if (one_chip[i].given) {
      diag_error(r->ctx, LOOM_NOSPAN, LOOM_EUNSUP, "%s of a model is of one chip, and machine '%s' has %" PRId64, one_chip[i].option, m->name, machine_n_chips(m));
      diag_help(r->ctx, "give --machine a chip, for example wormhole; docs/chips.md says what runs on several");
      return LOOM_EUNSUP;
    }
  return LOOM_OK;
}

/* The same function as code of this CPU, on the same values: against what the interpreter made, and its bounds. */
static loom_status check_host(program_run *r, MlirModule m, const network *net, compile_network *n, run_check *out) {
  program_options o = {0};
  run_value *results = ARENA_NEW_N(&r->ctx->mem, run_value, r->f->n_results + 1);
  void **bytes = ARENA_NEW_N(&r->ctx->mem, void *, r->f->n_results + 1);
  LOOM_TRY(program_compile(&r->ir, m, &o, &r->code));
  LOOM_TRY(program_call(r->code, r->f, r->args, results));
  for (int i = 0; i < r->f->n_results; i++)
    bytes[i] = results[i].bytes;
  compile_network_compare(r->ctx, net, n, bytes, out, &n->host_sampled);
  return LOOM_OK;
}

static loom_status verdict(const program_run *r, const compile_network *n, const run_check *host) {
  for (size_t i = 0; i < n->steps.n; i++) {
    const compile_execution *e = &n->steps.at[i].execution;
    if (e->report.n_faults)
      LOOM_FAIL(r->ctx, n->steps.at[i].kernel->span, LOOM_ENUMERIC, "the virtual chip reports %" PRId64 " fault(s) in kernel %s; first: %s", e->report.n_faults, n->steps.at[i].kernel->graph->name,
                e->report.faults.at[0].text);
    if (e->check.done && !e->check.ok)
      LOOM_FAIL(r->ctx, n->steps.at[i].kernel->span, LOOM_ENUMERIC, "the result of kernel %s differs from the reference interpreter; worst element %s", n->steps.at[i].kernel->graph->name,
                e->check.where ? e->check.where : "-");
  }
  if (n->sampled.done && !n->sampled.ok)
    LOOM_FAIL(r->ctx, r->f->span, LOOM_ENUMERIC, "the kernels together differ from the reference interpreter by more than their rounding explains; worst element %s", n->sampled.where);
  if (n->host_sampled.done && !n->host_sampled.ok)
    LOOM_FAIL(r->ctx, r->f->span, LOOM_ENUMERIC, "the kernels are not what the function says: as code of this CPU it differs by more than rounding explains; worst element %s", n->host_sampled.where);
  if (n->whole.done && !n->whole.ok)
    LOOM_FAIL(r->ctx, r->f->span, LOOM_ENUMERIC, "the kernels together differ from the reference interpreter; worst element %s", n->whole.where);
  if (host->done && !host->ok)
    LOOM_FAIL(r->ctx, r->f->span, LOOM_ENUMERIC, "the kernels are not what the function says: as code of this CPU it gives something else; worst element %s", host->where);
  return LOOM_OK;
}

static loom_status run_all(program_run *r, bool for_npu, const network *net, compile_network *n, run_check *host, MlirModule as_read) {
  loom_ctx *ctx = r->ctx;
  run_options how = {.check = r->o->check || (r->o->interp && r->o->expect.last), .interp_only = r->o->interp};
  void **args = ARENA_NEW_N(&ctx->mem, void *, r->f->n_args + 1), **results = ARENA_NEW_N(&ctx->mem, void *, r->f->n_results + 1);
  int64_t seed = 0;
  if (r->o->seed.last)
    LOOM_TRY(cli_int(ctx, "--seed", r->o->seed.last, 0, INT64_MAX, &seed));
  how.seed = (uint64_t)seed;
  for (int i = 0; i < r->f->n_args; i++)
    args[i] = r->args[i].bytes;
  double t0 = clock_ms();
  LOOM_TRY(compile_network_run(ctx, r->c, for_npu, net, &how, args, results, n));
  r->compile_ms = clock_ms() - t0 - compile_network_ms(n);
  r->results = ARENA_NEW_N(&ctx->mem, run_value, r->f->n_results + 1);
  for (int i = 0; i < r->f->n_results; i++) {
    r->results[i] = r->f->results[i];
    r->results[i].elems = net->tensors.at[net->results.at[i].tensor].elems;
    r->results[i].bytes = results[i];
    memcpy(r->results[i].shape, net->results.at[i].shape, sizeof(int64_t) * (size_t)net->results.at[i].rank);
  }
  LOOM_TRY(compile_network_judge(ctx, n));
  LOOM_TRY(worker_program_outputs(r));
  return r->o->check && !net->sums_narrow ? check_host(r, as_read, net, n, host) : LOOM_OK;
}

/* Cycles alone: no values, no contents. */
static loom_status time_all(program_run *r, bool for_npu, const network *net, compile_network *n) {
  run_options how = {.times_only = true, .no_verify = r->o->no_verify, .dram_is_given = r->o->dram.last != NULL};
  if (r->o->dram.last)
    LOOM_TRY(dram_model_of(r->ctx, r->o->dram.last, &how.dram));
  return compile_network_run(r->ctx, r->c, for_npu, net, &how, NULL, NULL, n);
}

/* Beside the directories of the kernels: what was decided, and the graphs with the tensors between them. */
static loom_status write_files(const program_run *r, const network *net, const compile_network *n) {
  arena *m = &r->ctx->mem;
  const char *dir = r->o->output_dir.last;
  if (!dir)
    return LOOM_OK;
  LOOM_TRY(data_write_json_file(r->ctx, file_join(m, dir, "summary.json"), compile_network_summary(m, net, n, r->o->machine.last)));
  return data_write_json_file(r->ctx, file_join(m, dir, "network.json"), compile_network_graphs(m, net));
}

static loom_status print(program_run *r, const network *net, const compile_network *n, const run_check *host) {
  if (text_eq(r->o->command, "report"))
    return worker_network_report(r, net, n);
  if (text_eq(r->o->command, "sim"))
    return worker_network_print_sim(r, net, n);
  worker_network_print(r, net, n, host);
  return LOOM_OK;
}

/* What the kernels did, `runs`: with values. */
static loom_status tell(program_run *r, bool is_host, bool runs, bool times, const network *net, compile_network *n, const run_check *host) {
  const bool benches = text_eq(r->o->command, "bench");
  if (is_host && (benches || text_eq(r->o->command, "report")))
    LOOM_TRY(worker_network_bench(r, net, n));
  if (!benches)
    LOOM_TRY(print(r, net, n, host));
  LOOM_TRY(write_files(r, net, n));
  if (runs || times)
    LOOM_TRY(verdict(r, n, host));
  return runs ? worker_network_expect(r, n) : LOOM_OK;
}

/* `loom report` measures on this CPU; chips are simulated without values, as by `loom sim`. */
loom_status worker_network(program_run *r, bool *out_done) {
  const bool benches = text_eq(r->o->command, "bench"), is_host = benches || text_eq(r->o->machine.last, "host"), reports = text_eq(r->o->command, "report");
  const bool times = text_eq(r->o->command, "sim") || (reports && !is_host), runs = text_eq(r->o->command, "run") || benches || (reports && is_host);
  const diag_mark before = diag_save(r->ctx);
  network *net;
  compile_network n = {0};
  run_check host = {0};
  bool for_npu;
  *out_done = true;
  LOOM_TRY(refuse_options(r));
  if (is_host)
    LOOM_TRY(worker_network_host_options(r));
  else
    LOOM_TRY(refuse_on_chips(r));
  LOOM_TRY(worker_wants_npu(r->ctx, r->o, r->c, true, &for_npu));
  MlirModule as_read = ir_clone_module(r->module);
  loom_status st = worker_program_fix_sizes(r);
  if (st == LOOM_OK)
    st = network_read(&r->ir, r->module, r->f->name, &net);
  if (st == LOOM_OK && r->o->emit.last) {
    printf("%s\n", data_write_json(&r->ctx->mem, compile_network_graphs(&r->ctx->mem, net), 1));
    ir_close_module(as_read);
    return LOOM_OK;
  }
  if (st == LOOM_OK && r->o->bisect) {
    ir_close_module(as_read);
    return worker_network_bisect(r, for_npu, net);
  }
  r->c->write_files = r->o->output_dir.last != NULL;
  if (st == LOOM_OK)
    st = runs ? run_all(r, for_npu, net, &n, &host, as_read) : times ? time_all(r, for_npu, net, &n) : compile_network_kernels(r->ctx, r->c, for_npu, net, &n);
  if (st != LOOM_OK && is_host && worker_network_falls_back(r, st, before)) {
    MlirModule changed = r->module;
    r->module = as_read;
    as_read = changed;
    *out_done = false;
    st = LOOM_OK;
  } else if (st == LOOM_OK) {
    st = tell(r, is_host, runs, times, net, &n, &host);
  }
  compile_network_close(&n);
  ir_close_module(as_read);
  return st;
}
