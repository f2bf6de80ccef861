/* loom sim DIR of several chips: chips.json and the TOGs beside it, without values. */
#include "cli/cli_chips.h"
#include "cli/cli_forms.h"
#include "cli/worker_chips.h"
#include "compile_chips.h"
#include "sim/sim.h"
#include <stdio.h>

static loom_status refuse(loom_ctx *ctx, const cli_options *o) {
  const cli_unfit values[] = {{"--check", o->check}, {"--trace", o->trace.last != NULL}, {"--engine", o->engine.last != NULL}, {"--shape", o->shape.all.n > 0}};
  const char *option = cli_first_given(values, sizeof values / sizeof *values);
  if (!option)
    return LOOM_OK;
  diag_error(ctx, LOOM_NOSPAN, LOOM_EUNSUP, "%s: '%s' is of several chips, whose times 'loom sim' counts", option, o->files.at[0]);
  diag_help(ctx, "'loom run KERNEL --machine M --check' runs them with values");
  return LOOM_EUNSUP;
}

typedef struct several { cli_chips chips; const tog **togs; sim_report *report /* by file */; compile_execution all; chips_times times; } several;

/* Chips that have one file run alike: it is run once. */
static loom_status run_togs(loom_ctx *ctx, const cli_options *o, several *s) {
  s->togs = ARENA_NEW_N(&ctx->mem, const tog *, s->chips.files.n + 1);
  s->report = ARENA_NEW_N(&ctx->mem, sim_report, s->chips.files.n + 1);
  const machine *chip = machine_one_chip(&ctx->mem, s->chips.machine);
  sim_options how = {.verify = !o->no_verify};
  if (o->dram.last)
    LOOM_TRY(dram_model_of(ctx, o->dram.last, &how.dram));
  for (size_t i = 0; i < s->chips.files.n; i++) {
    data_value *v;
    tog *t;
    LOOM_TRY(data_read_json_file(ctx, s->chips.files.at[i], DATA_JSON_BYTES_MAX, &v));
    LOOM_TRY(tog_from_data(ctx, v, &t));
    LOOM_TRY(sim_run(ctx, t, chip, &how, &s->report[i]));
    s->togs[i] = t;
  }
  return LOOM_OK;
}

static loom_status run_all(loom_ctx *ctx, const cli_options *o, several *s) {
  int64_t *kernel = ARENA_NEW_N(&ctx->mem, int64_t, s->chips.program.n_chips);
  LOOM_TRY(run_togs(ctx, o, s));
  for (int64_t c = 0; c < s->chips.program.n_chips; c++)
    kernel[c] = s->chips.file_of[c] < 0 ? 0 : s->report[s->chips.file_of[c]].cycles;
  LOOM_TRY(chips_time(ctx, &s->chips.program, s->chips.machine, kernel, &s->times));
  for (int64_t c = 0; c < s->chips.program.n_chips; c++)
    if (s->chips.file_of[c] >= 0)
      compile_chips_add_report(&s->all, &ctx->mem, &s->report[s->chips.file_of[c]], c);
  s->all.report.cycles = s->times.cycles;
  return LOOM_OK;
}

static loom_status print(loom_ctx *ctx, const cli_options *o, several *s) {
  const sim_report *all = &s->all.report;
  const data_value *v = s->chips.files.n ? sim_report_to_data(&ctx->mem, all, s->togs[0]) : data_object(&ctx->mem);
  if (o->out.last)
    LOOM_TRY(data_write_json_file(ctx, o->out.last, v));
  if (o->json)
    printf("%s\n", data_write_json(&ctx->mem, v, 1));
  else
    printf("chips        %" PRId64 "\ncycles       %" PRId64 "\nDRAM         %" PRId64 " bytes read, %" PRId64 " written\nNoC          %" PRId64 " byte-hops\nfaults       %" PRId64 "\n",
           s->chips.program.n_chips, all->cycles, all->dram_bytes_read, all->dram_bytes_written, all->noc_bytes, all->n_faults);
  if (all->n_faults)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_ENUMERIC, "the virtual chips report %" PRId64 " fault(s)", all->n_faults);
  return LOOM_OK;
}

loom_status worker_chips_sim(loom_ctx *ctx, const cli_options *o, bool *is_done) {
  several s = {0};
  const char *dir = o->files.n == 1 ? o->files.at[0] : NULL;
  *is_done = dir && cli_chips_is_dir(ctx, dir);
  if (!*is_done)
    return LOOM_OK;
  LOOM_TRY(refuse(ctx, o));
  cli_tell_form(ctx, o, CLI_SIM_CHIPS);
  LOOM_TRY(cli_chips_read(ctx, o, dir, &s.chips));
  LOOM_TRY(run_all(ctx, o, &s));
  return print(ctx, o, &s);
}
