/* loom report DIR: one page of HTML about an artifact directory.  The virtual chip runs, without values, to be watched. */
#include "base/file.h"
#include "base/text.h"
#include "cli/cli.h"
#include "report/report_page.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { REPORT_EVENTS_MAX = 2000000000 };   /* a graph from outside may loop for ever */

/* To --out; else to standard output when that is not a terminal, and to DIR/report.html. */
static loom_status write_page(loom_ctx *ctx, const cli_options *o, const char *dir, const char *what, bool is_page) {
  const char *path = o->out.last ? o->out.last : file_join(&ctx->mem, dir, "report.html");
  bool to_stdout = o->out.last ? text_eq(o->out.last, "-") : !is_page || !isatty(STDOUT_FILENO);
  if (to_stdout)
    (void)fwrite(what, 1, strlen(what), stdout);
  if (o->out.last ? to_stdout : !is_page)
    return LOOM_OK;
  diag_mark before = diag_save(ctx);
  loom_status st = file_write(ctx, path, what, strlen(what));
  if (st != LOOM_OK && to_stdout && !o->out.last) {   /* a directory that may only be read: the page is on standard output */
    diag_drop(ctx, before);
    diag_note(ctx, diag_file_span(ctx, path), "the page could not be kept here; it is on standard output");
    return LOOM_OK;
  }
  if (st == LOOM_OK && !to_stdout)
    printf("written      %s\n", path);
  return st;
}

loom_status cmd_report(loom_ctx *ctx, const cli_options *o) {
  report_dir dir;
  machine *m;
  sim_record record = {0};
  dram_model dram = DRAM_RATE;
  sim_report report;
  if (o->files.n != 1)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "'loom report' takes one directory, %zu given", o->files.n);
  LOOM_TRY(report_open_dir(ctx, o->files.at[0], o->dump_dir.last, &dir));
  if (!o->machine.last && !dir.t->machine) {
    diag_error(ctx, diag_file_span(ctx, o->files.at[0]), LOOM_EINPUT, "the graph names no machine");
    diag_help(ctx, "name it with --machine NAME|FILE");
    return LOOM_EINPUT;
  }
  LOOM_TRY(cli_load_machine(ctx, o, o->machine.last ? o->machine.last : dir.t->machine, &m));
  if (o->dram.last)
    LOOM_TRY(dram_model_of(ctx, o->dram.last, &dram));
  LOOM_TRY(sim_run(ctx, dir.t, m, &(sim_options){.verify = !o->no_verify, .dram = dram, .event_budget = REPORT_EVENTS_MAX, .record = &record}, &report));
  const report_run run = {dir.t, m, &report, &record};
  const char *json = report_page_data(ctx, &run, &dir);
  const char *title = arena_printf(&ctx->mem, "%s on %s", dir.t->kernel ? dir.t->kernel : "a graph", m->name);
  LOOM_TRY(write_page(ctx, o, dir.path, o->json ? json : report_page_html(&ctx->mem, title, json), !o->json));
  if (report.n_faults)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_ENUMERIC, "the virtual chip reports %" PRId64 " fault(s); first: %s", report.n_faults, report.faults.at[0].text);
  return LOOM_OK;
}

bool cli_is_model(const char *path) { return !file_is_dir(path) && file_exists(path) && !text_ends(path, ".json"); }
