/* loom sim DIR|TOG: an artifact directory of `loom compile`, or a loom.tog.v1 file, on the virtual chip. */
#include "base/file.h"
#include "cli/cli_forms.h"
#include "cli/worker_chips.h"
#include "cli/worker_npu.h"
#include "cli/worker.h"
#include "cli/worker_model.h"
#include <stdio.h>

enum { SIM_EVENTS_MAX = 2000000000 };   /* a TOG from outside may loop for ever */

/* The directory's kernel and plan, which give the arguments and the oracle. */
static loom_status read_kernel(compile_state *s, const char *dir) {
  data_value *v;
  LOOM_TRY(data_read_json_file(s->ctx, file_join(&s->ctx->mem, dir, "kernel.json"), DATA_JSON_BYTES_MAX, &v));
  LOOM_TRY(kernel_from_data(s->ctx, v, &s->kernel));
  LOOM_TRY(kernel_verify(s->ctx, s->kernel));
  LOOM_TRY(data_read_json_file(s->ctx, file_join(&s->ctx->mem, dir, "plan.json"), DATA_JSON_BYTES_MAX, &v));
  return plan_from_data(s->ctx, v, &s->plan);
}

static loom_status refuse_check(compile_state *s, const char *path, bool is_dir) {
  if (!is_dir)
    LOOM_FAIL(s->ctx, LOOM_NOSPAN, LOOM_EUSAGE, "--check needs an artifact directory of 'loom compile': a TOG alone names no kernel to compare with");
  if (file_exists(file_join(&s->ctx->mem, path, "kernel.json")))
    return LOOM_OK;
  diag_error(s->ctx, diag_file_span(s->ctx, path), LOOM_EUNSUP, "--check of what was compiled from MLIR text: the directory holds no kernel graph to compare with");
  diag_help(s->ctx, "leave --check away; 'loom run FILE.mlir --machine %s --check' compares with the interpreter of MLIR", s->machine->name);
  return LOOM_EUNSUP;
}

static loom_status read_run(compile_state *s, const cli_options *o, sim_record *record, run_options *r) {
  int64_t seed = 0;
  *r = (run_options){.check = o->check, .no_verify = o->no_verify, .dram = DRAM_RATE, .dram_is_given = o->dram.last != NULL, .record = record};
  if (o->dram.last)
    LOOM_TRY(dram_model_of(s->ctx, o->dram.last, &r->dram));
  if (o->seed.last)
    LOOM_TRY(cli_int(s->ctx, "--seed", o->seed.last, 0, INT64_MAX, &seed));
  r->seed = (uint64_t)seed;
  if (o->engine.last && !text_eq(o->engine.last, "sim") && !text_eq(o->engine.last, "npu"))
    LOOM_FAIL(s->ctx, LOOM_NOSPAN, LOOM_EUNSUP, "--engine: '%s' does not simulate what was compiled; there are sim and npu", o->engine.last);
  return LOOM_OK;
}

/* On the virtual chip, or as the program of an NPU: *out_is_npu. */
static loom_status run(compile_state *s, const cli_options *o, sim_record *record, compile_npu *npu, bool *out_is_npu, compile_execution *e) {
  const char *path = o->files.at[0];
  bool is_dir = file_is_dir(path);
  data_value *v;
  run_options r;
  cli_tell_form(s->ctx, o, o->check ? CLI_SIM_CHECK : CLI_SIM_DIR);
  if (o->shape.all.n)
    LOOM_FAIL(s->ctx, LOOM_NOSPAN, LOOM_EUSAGE, "--shape: the sizes of what was compiled are in it; tile graphs may have open ones");
  LOOM_TRY(read_run(s, o, record, &r));
  if (is_dir && !file_exists(file_join(&s->ctx->mem, path, "tog.json")) && file_exists(file_join(&s->ctx->mem, path, "cpu/artifact.json"))) {
    diag_error(s->ctx, diag_file_span(s->ctx, path), LOOM_EINPUT, "the directory holds a kernel of the host, which no virtual chip runs");
    diag_help(s->ctx, "'loom run DIR --check' runs it");
    return LOOM_EINPUT;
  }
  LOOM_TRY(data_read_json_file(s->ctx, is_dir ? file_join(&s->ctx->mem, path, "tog.json") : path, DATA_JSON_BYTES_MAX, &v));
  LOOM_TRY(tog_from_data(s->ctx, v, &s->tog));
  if (!o->no_verify)
    LOOM_TRY(tog_verify(s->ctx, s->tog));
  LOOM_TRY(cli_load_machine(s->ctx, o, o->machine.last ? o->machine.last : s->tog->machine, &s->machine));
  tog_chip chip = compile_chip(s->machine);
  *out_is_npu = worker_sims_npu(o, s, path);
  if (!o->no_verify && !*out_is_npu)
    LOOM_TRY(tog_warn_points(s->ctx, s->tog, &chip));
  if (o->check) {
    LOOM_TRY(refuse_check(s, path, is_dir));
    LOOM_TRY(read_kernel(s, path));
  }
  if (o->check || *out_is_npu) {
    LOOM_TRY(ir_open(s->ctx, &s->ir));
    LOOM_TRY(dialect_load(&s->ir));
  }
  if (*out_is_npu)
    return worker_sim_npu(o, s, path, &r, npu, e);
  if (o->check)
    return compile_execute(s, &r, e);
  e->has_report = true;
  return sim_run(s->ctx, s->tog, s->machine, &(sim_options){.verify = !o->no_verify, .dram = r.dram, .event_budget = SIM_EVENTS_MAX, .record = record}, &e->report);
}

static void add_check(arena *m, const run_check *check, data_value *v) {
  data_value *c = data_object(m);
  data_set_real(m, c, "max_abs_error", check->max_abs_error);
  data_set_real(m, c, "bound", check->bound);
  data_set_bool(m, c, "ok", check->ok);
  data_set(m, v, "check", c);
}

static void print_summary(const compile_state *s, const compile_npu *npu, const compile_execution *e) {
  const sim_report *r = &e->report;
  printf("cycles       %" PRId64 "\nDRAM         %" PRId64 " bytes read, %" PRId64 " written\n", r->cycles, r->dram_bytes_read, r->dram_bytes_written);
  if (npu)
    worker_print_npu(s, npu);
  else
    printf("NoC          %" PRId64 " byte-hops\n", r->noc_bytes);
  printf("faults       %" PRId64 "\n%s", r->n_faults, !e->check.done ? "" : e->check.ok ? "check        ok\n" : "check        WRONG\n");
}

loom_status worker_sim(loom_ctx *ctx, const cli_options *o) {
  bool is_model;
  LOOM_TRY(worker_model(ctx, o, &is_model));
  if (is_model)
    return LOOM_OK;
  bool is_on_chips;
  const loom_status on_chips = worker_chips_sim(ctx, o, &is_on_chips);
  if (is_on_chips || on_chips != LOOM_OK)
    return on_chips;
  if (o->files.n != 1)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "'loom sim' takes one directory or TOG file, %zu given", o->files.n);
  compile_options options = {.input = o->files.at[0], .accumulate_f32 = true};
  compile_state s = {.ctx = ctx, .o = &options};
  compile_execution e = {0};
  sim_record *record;
  compile_npu npu = {0};
  bool is_npu = false;
  LOOM_TRY(worker_start_trace(ctx, o, true, &record));
  loom_status st = run(&s, o, record, &npu, &is_npu, &e);
  if (st == LOOM_OK && !is_npu)
    st = worker_write_trace(ctx, o, &s, &e.report, record);
  if (st == LOOM_OK) {
    data_value *v = is_npu ? npu_report_to_data(&ctx->mem, &npu.report, npu.graph, s.machine) : sim_report_to_data(&ctx->mem, &e.report, s.tog);
    if (e.check.done)
      add_check(&ctx->mem, &e.check, v);
    if (o->out.last)
      st = data_write_json_file(ctx, o->out.last, v);
    if (o->json)
      printf("%s\n", data_write_json(&ctx->mem, v, 1));
    else
      print_summary(&s, is_npu ? &npu : NULL, &e);
  }
  if (st == LOOM_OK)
    st = worker_verdict(ctx, &e);
  compile_npu_close(&npu);
  compile_done(&s);
  return st;
}
