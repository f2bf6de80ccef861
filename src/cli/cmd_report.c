/* loom report DIR: one page of HTML about an artifact directory.  The virtual chip runs, without values, to be watched; a kernel of an NPU runs as its program, which is
 * lowered from the directory's graph in loom-worker. */
#include "base/file.h"
#include "base/text.h"
#include "cli/cli_chips.h"
#include "cli/cli_forms.h"
#include "cli/cli_report.h"

enum { REPORT_EVENTS_MAX = 2000000000 };   /* a graph from outside may loop for ever */

/* The machine of a directory's graph. */
static loom_status load_machine(loom_ctx *ctx, const cli_options *o, const report_dir *dir, machine **out) {
  if (!o->machine.last && !dir->t->machine) {
    diag_error(ctx, diag_file_span(ctx, dir->path), LOOM_EINPUT, "the graph names no machine");
    diag_help(ctx, "name it with --machine NAME|FILE");
    return LOOM_EINPUT;
  }
  return cli_load_machine(ctx, o, o->machine.last ? o->machine.last : dir->t->machine, out);
}

/* A kernel for an NPU, unless its run was one of the plan on the chip of the meshes (--engine sim). */
static bool is_npu(const report_dir *dir, const machine *m) {
  return m->npu && text_eq(m->target_kind, "npu") && (!data_get(dir->summary, "simulated_cycles") || data_get(dir->summary, "npu"));
}

static loom_status watch_chip(loom_ctx *ctx, const cli_options *o, const report_dir *dir, const machine *m, report_side *out) {
  dram_model dram = DRAM_RATE;
  sim_record *record = ARENA_NEW(&ctx->mem, sim_record);
  sim_report *report = ARENA_NEW(&ctx->mem, sim_report);
  report_run *run = ARENA_NEW(&ctx->mem, report_run);
  if (o->dram.last)
    LOOM_TRY(dram_model_of(ctx, o->dram.last, &dram));
  LOOM_TRY(sim_run(ctx, dir->t, m, &(sim_options){.verify = !o->no_verify, .dram = dram, .event_budget = REPORT_EVENTS_MAX, .record = record}, report));
  *run = (report_run){dir->t, m, report, record};
  out->chip = run;
  return LOOM_OK;
}

loom_status cli_report_look(loom_ctx *ctx, const cli_options *o, const char *path, const char *dumps, cli_watch_npu npu, report_side *out) {
  report_dir *dir = ARENA_NEW(&ctx->mem, report_dir);
  machine *m;
  LOOM_TRY(report_open_dir(ctx, path, dumps, dir));
  LOOM_TRY(load_machine(ctx, o, dir, &m));
  *out = (report_side){.dir = dir, .m = m};
  return npu && is_npu(dir, m) ? npu(ctx, o, dir, m, out) : watch_chip(ctx, o, dir, m, out);
}

loom_status cli_report_faults(loom_ctx *ctx, const report_side *x) {
  const int64_t n = x->npu ? x->npu->report->n_faults : x->chip->report->n_faults;
  if (n)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_ENUMERIC, "the virtual chip reports %" PRId64 " fault(s); first: %s", n, x->npu ? x->npu->report->faults.at[0].text : x->chip->report->faults.at[0].text);
  return LOOM_OK;
}

const char *cli_report_html(arena *m, const report_side *it, const char *json) {
  return report_page_html(m, arena_printf(m, "%s on %s", it->dir->t->kernel ? it->dir->t->kernel : "a graph", it->m->name), json);
}

loom_status cli_report(loom_ctx *ctx, const cli_options *o, cli_watch_npu npu) {
  report_side it, other;
  const char *json;
  if (o->files.n != 1)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "'loom report' takes one directory, %zu given", o->files.n);
  cli_tell_form(ctx, o, npu ? CLI_REPORT_NPU : CLI_REPORT_DIR);
  if (cli_chips_is_dir(ctx, o->files.at[0]))
    return cli_report_chips(ctx, o, npu);
  LOOM_TRY(cli_report_look(ctx, o, o->files.at[0], o->dump_dir.last, npu, &it));
  if (o->compare.last)
    LOOM_TRY(cli_report_look(ctx, o, o->compare.last, NULL, npu, &other));
  LOOM_TRY(report_page_data(ctx, &it, o->compare.last ? &other : NULL, &json));
  LOOM_TRY(cli_report_write(ctx, o, it.dir->path, o->json ? json : cli_report_html(&ctx->mem, &it, json), !o->json));
  return cli_report_faults(ctx, &it);
}

loom_status cmd_report(loom_ctx *ctx, const cli_options *o) { return cli_report(ctx, o, NULL); }

static bool is_npu_dir(loom_ctx *ctx, const cli_options *o, const char *path) {
  report_dir dir;
  machine *m;
  return report_open_dir(ctx, path, NULL, &dir) == LOOM_OK && load_machine(ctx, o, &dir, &m) == LOOM_OK && is_npu(&dir, m);
}

bool cli_reports_npu(loom_ctx *ctx, const cli_options *o) {
  const diag_mark before = diag_save(ctx);
  bool is = false;
  cli_set_machine_path(ctx);
  for (size_t i = 0; i < o->files.n && !is; i++)
    is = is_npu_dir(ctx, o, o->files.at[i]);
  is = is || (o->compare.last && is_npu_dir(ctx, o, o->compare.last));
  diag_drop(ctx, before);      /* what is wrong is told by who reads them again */
  return is;
}

bool cli_is_model(const char *path) { return !file_is_dir(path) && file_exists(path) && !text_ends(path, ".json"); }
