/* loom sim DIR of several chips: chips.json and the TOGs beside it, without values. */
#include "base/file.h"
#include "chips/chips.h"
#include "cli/worker_chips.h"
#include <stdio.h>
#include <string.h>

typedef struct chip_tog { const char *file; tog *tog; sim_report report; } chip_tog;

static loom_status read_json(loom_ctx *ctx, const char *path, data_value **out) {
  char *source;
  size_t size;
  LOOM_TRY(file_read(ctx, path, (size_t)64 << 20, &source, &size));
  return data_read_json(ctx, path, source, size, out);
}

static loom_status refuse(loom_ctx *ctx, const cli_options *o) {
  const struct { const char *option; bool given; } values[] = {{"--check", o->check}, {"--trace", o->trace.last != NULL}, {"--engine", o->engine.last != NULL}, {"--shape", o->shape.all.n > 0}};
  for (size_t i = 0; i < sizeof values / sizeof *values; i++)
    if (values[i].given) {
      diag_error(ctx, LOOM_NOSPAN, LOOM_EUNSUP, "%s: '%s' is of several chips, whose times 'loom sim' counts", values[i].option, o->files.at[0]);
      diag_help(ctx, "'loom run KERNEL --machine M --check' runs them with values");
      return LOOM_EUNSUP;
    }
  return LOOM_OK;
}

/* Chips that have one file run alike: it is run once. */
static loom_status run_tog(loom_ctx *ctx, const cli_options *o, const char *dir, const machine *chip, chip_tog *t) {
  data_value *v;
  sim_options s = {.verify = !o->no_verify};
  if (o->dram.last)
    LOOM_TRY(dram_model_of(ctx, o->dram.last, &s.dram));
  LOOM_TRY(read_json(ctx, file_join(&ctx->mem, dir, t->file), &v));
  LOOM_TRY(tog_from_data(ctx, v, &t->tog));
  return sim_run(ctx, t->tog, chip, &s, &t->report);
}

typedef struct several { chips_program program; machine *machine; chip_tog *togs; size_t n_togs; int *tog_of; int64_t *begin, *end; sim_report all; } several;

static loom_status read_all(loom_ctx *ctx, const cli_options *o, const char *dir, several *s) {
  data_value *v, *togs;
  const char *name;
  LOOM_TRY(read_json(ctx, file_join(&ctx->mem, dir, "chips.json"), &v));
  LOOM_TRY(chips_program_from_data(ctx, v, &s->program));
  LOOM_TRY(data_need_string(ctx, v, "machine", &name));
  LOOM_TRY(cli_load_machine(ctx, o, o->machine.last ? o->machine.last : name, &s->machine));
  LOOM_TRY(data_need(ctx, v, "togs", DATA_ARRAY, &togs));
  if ((int64_t)togs->n != s->program.n_chips || machine_n_chips(s->machine) != s->program.n_chips)
    LOOM_FAIL(ctx, togs->span, LOOM_EINPUT, "there are %" PRId64 " chips, %zu TOGs of theirs, and machine '%s' has %" PRId64, s->program.n_chips, togs->n, s->machine->name,
              machine_n_chips(s->machine));
  s->togs = ARENA_NEW_N(&ctx->mem, chip_tog, togs->n);
  s->tog_of = ARENA_NEW_N(&ctx->mem, int, togs->n);
  for (size_t i = 0; i < togs->n; i++) {
    const data_value *file = togs->items[i];
    size_t k = 0;
    s->tog_of[i] = -1;
    if (file->kind != DATA_STRING)
      continue;
    while (k < s->n_togs && !text_eq(s->togs[k].file, file->string))
      k++;
    if (*file->string == '/' || strstr(file->string, ".."))
      LOOM_FAIL(ctx, file->span, LOOM_EINPUT, "'%s' is no name of a file in this directory", file->string);
    s->tog_of[i] = (int)k;
    if (k < s->n_togs)
      continue;
    s->togs[s->n_togs++].file = file->string;
    LOOM_TRY(run_tog(ctx, o, dir, machine_one_chip(&ctx->mem, s->machine), &s->togs[k]));
  }
  return LOOM_OK;
}

static void add_up(several *s) {
  for (int64_t c = 0; c < s->program.n_chips; c++) {
    const sim_report *r = s->tog_of[c] < 0 ? NULL : &s->togs[s->tog_of[c]].report;
    s->all.cycles = s->end[c] > s->all.cycles ? s->end[c] : s->all.cycles;
    if (!r || r == &s->togs[0].report)
      continue;
    s->all.n_faults += r->n_faults;
  }
  s->all.dram_bytes_read = s->all.dram_bytes_written = s->all.noc_bytes = 0;
  for (int64_t c = 0; c < s->program.n_chips; c++) {
    const sim_report *r = s->tog_of[c] < 0 ? NULL : &s->togs[s->tog_of[c]].report;
    s->all.dram_bytes_read += r ? r->dram_bytes_read : 0;
    s->all.dram_bytes_written += r ? r->dram_bytes_written : 0;
    s->all.noc_bytes += r ? r->noc_bytes : 0;
  }
}

static loom_status run_all(loom_ctx *ctx, several *s) {
  const int64_t n = s->program.n_chips;
  s->begin = ARENA_NEW_N(&ctx->mem, int64_t, n);
  s->end = ARENA_NEW_N(&ctx->mem, int64_t, n);
  LOOM_TRY(chips_run(ctx, &s->program, s->machine, false, NULL, s->begin, s->end));
  for (int64_t c = 0; c < n; c++)
    s->begin[c] = s->end[c] + (s->tog_of[c] < 0 ? 0 : s->togs[s->tog_of[c]].report.cycles);
  LOOM_TRY(chips_run(ctx, &s->program, s->machine, true, NULL, s->begin, s->end));
  if (s->n_togs)
    s->all = s->togs[0].report;
  s->all.cycles = 0;
  add_up(s);
  return LOOM_OK;
}

static loom_status print(loom_ctx *ctx, const cli_options *o, several *s) {
  const char *json = s->n_togs ? data_write_json(&ctx->mem, sim_report_to_data(&ctx->mem, &s->all, s->togs[0].tog), 1) : "{}";
  if (o->out.last)
    LOOM_TRY(file_write(ctx, o->out.last, json, strlen(json)));
  if (o->json)
    printf("%s\n", json);
  else
    printf("chips        %" PRId64 "\ncycles       %" PRId64 "\nDRAM         %" PRId64 " bytes read, %" PRId64 " written\nNoC          %" PRId64 " byte-hops\nfaults       %" PRId64 "\n",
           s->program.n_chips, s->all.cycles, s->all.dram_bytes_read, s->all.dram_bytes_written, s->all.noc_bytes, s->all.n_faults);
  if (s->all.n_faults)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_ENUMERIC, "the virtual chips report %" PRId64 " fault(s)", s->all.n_faults);
  return LOOM_OK;
}

loom_status worker_chips_sim(loom_ctx *ctx, const cli_options *o, bool *is_done) {
  several s = {0};
  const char *dir = o->files.n == 1 ? o->files.at[0] : NULL;
  *is_done = dir && file_is_dir(dir) && file_exists(file_join(&ctx->mem, dir, "chips.json"));
  if (!*is_done)
    return LOOM_OK;
  LOOM_TRY(refuse(ctx, o));
  LOOM_TRY(read_all(ctx, o, dir, &s));
  LOOM_TRY(run_all(ctx, &s));
  return print(ctx, o, &s);
}
