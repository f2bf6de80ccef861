/* loom sim DIR|TOG: an artifact directory of `loom compile`, or a loom.tog.v1 file, on the virtual chip. */
#include "base/file.h"
#include "cli/worker.h"
#include <stdio.h>
#include <string.h>

enum { SIM_EVENTS_MAX = 2000000000 };   /* a TOG from outside may loop for ever */

static loom_status read_data(loom_ctx *ctx, const char *path, data_value **out) {
  char *source;
  size_t size;
  LOOM_TRY(file_read(ctx, path, (size_t)64 << 20, &source, &size));
  return data_read_json(ctx, path, source, size, out);
}

/* With values: the directory's kernel and plan give the arguments and the oracle. */
static loom_status run_values(compile_state *s, const cli_options *o, const char *dir, dram_model dram, sim_record *record, compile_execution *out) {
  data_value *v;
  int64_t seed = 0;
  LOOM_TRY(read_data(s->ctx, file_join(&s->ctx->mem, dir, "kernel.json"), &v));
  LOOM_TRY(kernel_from_data(s->ctx, v, &s->kernel));
  LOOM_TRY(kernel_verify(s->ctx, s->kernel));
  LOOM_TRY(read_data(s->ctx, file_join(&s->ctx->mem, dir, "plan.json"), &v));
  LOOM_TRY(plan_from_data(s->ctx, v, &s->plan));
  if (o->seed.last)
    LOOM_TRY(cli_int(s->ctx, "--seed", o->seed.last, 0, INT64_MAX, &seed));
  LOOM_TRY(ir_open(s->ctx, &s->ir));
  LOOM_TRY(dialect_load(&s->ir));
  return compile_execute(s, &(run_options){.check = true, .no_verify = o->no_verify, .seed = (uint64_t)seed, .dram = dram, .record = record}, out);
}

static loom_status run(compile_state *s, const cli_options *o, sim_record *record, compile_execution *e) {
  const char *path = o->files.at[0];
  bool is_dir = file_is_dir(path);
  data_value *v;
  dram_model dram = DRAM_RATE;
  if (o->shape.all.n)
    LOOM_FAIL(s->ctx, LOOM_NOSPAN, LOOM_EUSAGE, "--shape: the sizes of what was compiled are in it; tile graphs may have open ones");
  if (o->dram.last)
    LOOM_TRY(dram_model_of(s->ctx, o->dram.last, &dram));
  if (is_dir && !file_exists(file_join(&s->ctx->mem, path, "tog.json")) && file_exists(file_join(&s->ctx->mem, path, "cpu/artifact.json"))) {
    diag_error(s->ctx, diag_file_span(s->ctx, path), LOOM_EINPUT, "the directory holds a kernel of the host, which no virtual chip runs");
    diag_help(s->ctx, "'loom run DIR --check' runs it");
    return LOOM_EINPUT;
  }
  LOOM_TRY(read_data(s->ctx, is_dir ? file_join(&s->ctx->mem, path, "tog.json") : path, &v));
  LOOM_TRY(tog_from_data(s->ctx, v, &s->tog));
  if (!o->no_verify)
    LOOM_TRY(tog_verify(s->ctx, s->tog));
  LOOM_TRY(cli_load_machine(s->ctx, o, o->machine.last ? o->machine.last : s->tog->machine, &s->machine));
  tog_chip chip = compile_chip(s->machine);
  if (!o->no_verify)
    LOOM_TRY(tog_warn_points(s->ctx, s->tog, &chip));
  if (!o->check) {
    e->has_report = true;
    return sim_run(s->ctx, s->tog, s->machine, &(sim_options){.verify = !o->no_verify, .dram = dram, .event_budget = SIM_EVENTS_MAX, .record = record}, &e->report);
  }
  if (is_dir && !file_exists(file_join(&s->ctx->mem, path, "kernel.json"))) {
    diag_error(s->ctx, diag_file_span(s->ctx, path), LOOM_EUNSUP, "--check of what was compiled from MLIR text: the directory holds no kernel graph to compare with");
    diag_help(s->ctx, "leave --check away; 'loom run FILE.mlir --machine %s --check' compares with the interpreter of MLIR", s->machine->name);
    return LOOM_EUNSUP;
  }
  if (!is_dir)
    LOOM_FAIL(s->ctx, LOOM_NOSPAN, LOOM_EUSAGE, "--check needs an artifact directory of 'loom compile': a TOG alone names no kernel to compare with");
  return run_values(s, o, path, dram, record, e);
}

loom_status worker_sim(loom_ctx *ctx, const cli_options *o) {
  if (o->files.n != 1)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "'loom sim' takes one directory or TOG file, %zu given", o->files.n);
  compile_options options = {.input = o->files.at[0], .accumulate_f32 = true};
  compile_state s = {.ctx = ctx, .o = &options};
  compile_execution e = {0};
  sim_record *record;
  LOOM_TRY(worker_start_trace(ctx, o, true, &record));
  loom_status st = run(&s, o, record, &e);
  if (st == LOOM_OK)
    st = worker_write_trace(ctx, o, &s, &e.report, record);
  if (st == LOOM_OK) {
    data_value *v = sim_report_to_data(&ctx->mem, &e.report, s.tog);
    if (e.check.done) {
      data_value *c = data_object(&ctx->mem);
      data_set_real(&ctx->mem, c, "max_abs_error", e.check.max_abs_error);
      data_set_real(&ctx->mem, c, "bound", e.check.bound);
      data_set_bool(&ctx->mem, c, "ok", e.check.ok);
      data_set(&ctx->mem, v, "check", c);
    }
    const char *json = data_write_json(&ctx->mem, v, 1);
    if (o->out.last)
      st = file_write(ctx, o->out.last, json, strlen(json));
    if (o->json)
      printf("%s\n", json);
    else
      printf("cycles       %" PRId64 "\nDRAM         %" PRId64 " bytes read, %" PRId64 " written\nNoC          %" PRId64 " byte-hops\nfaults       %" PRId64 "\n%s",
             e.report.cycles, e.report.dram_bytes_read, e.report.dram_bytes_written, e.report.noc_bytes, e.report.n_faults,
             !e.check.done ? "" : e.check.ok ? "check        ok\n" : "check        WRONG\n");
  }
  if (st == LOOM_OK && e.report.n_faults)
    st = diag_error(ctx, LOOM_NOSPAN, LOOM_ENUMERIC, "the virtual chip reports %" PRId64 " fault(s); first: %s", e.report.n_faults, e.report.faults.at[0].text);
  if (st == LOOM_OK && e.check.done && !e.check.ok)
    st = diag_error(ctx, LOOM_NOSPAN, LOOM_ENUMERIC, "the result differs from the reference interpreter; worst element %s", e.check.where ? e.check.where : "-");
  compile_done(&s);
  return st;
}
