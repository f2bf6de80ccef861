/* loom report DIR of several chips: a page of all of them, and beside it the pages of their kernels. */
#include "base/file.h"
#include "base/text.h"
#include "cli/cli_chips.h"
#include "cli/cli_report.h"
#include "report/report_chips.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

loom_status cli_report_write(loom_ctx *ctx, const cli_options *o, const char *dir, const char *what, bool is_page) {
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

/* Where the page of a part goes, and how the page of all says so: in its directory, or with -o beside that page. */
static void place_page(arena *m, const cli_options *o, const char *dir, const char *part, const char **path, const char **link) {
  if (o->out.last) {
    *link = arena_printf(m, "%s-%s.html", file_stem(m, o->out.last), part);
    *path = file_join(m, file_dirname(m, o->out.last), *link);
  } else {
    *link = file_join(m, part, "report.html");
    *path = file_join(m, dir, *link);
  }
}

static loom_status write_part(loom_ctx *ctx, const cli_options *o, const char *dir, const report_side *side, report_chips_part *part) {
  arena *m = &ctx->mem;
  const char *json, *path, *link;
  if (o->json || text_eq(o->out.last, "-"))
    return LOOM_OK;
  place_page(m, o, dir, part->name, &path, &link);
  LOOM_TRY(report_page_data(ctx, side, NULL, &json));
  const char *html = cli_report_html(m, side, json);
  const diag_mark before = diag_save(ctx);
  if (file_write(ctx, path, html, strlen(html)) == LOOM_OK)
    part->page = link;
  else
    diag_drop(ctx, before);                /* whoever writes the page of all says that nothing can be written there */
  return LOOM_OK;
}

static loom_status refuse(loom_ctx *ctx, const cli_options *o) {
  if (!o->compare.last)
    return LOOM_OK;
  diag_error(ctx, LOOM_NOSPAN, LOOM_EUNSUP, "--compare puts two kernels of one chip side by side; '%s' is of several", o->files.at[0]);
  diag_help(ctx, "loom report %s --compare OTHER: what the first chip runs", file_join(&ctx->mem, o->files.at[0], "chip0"));
  return LOOM_EUNSUP;
}

static loom_status read_summary(loom_ctx *ctx, const char *dir, data_value **out) {
  const char *path = file_join(&ctx->mem, dir, "summary.json");
  *out = NULL;
  return file_exists(path) ? data_read_json_file(ctx, path, DATA_JSON_BYTES_MAX, out) : LOOM_OK;
}

loom_status cli_report_chips(loom_ctx *ctx, const cli_options *o, cli_watch_npu npu) {
  arena *m = &ctx->mem;
  const char *dir = o->files.at[0];
  cli_chips c;
  chips_times times;
  report_side broken = {0};
  LOOM_TRY(refuse(ctx, o));
  LOOM_TRY(cli_chips_read(ctx, o, dir, &c));
  report_chips r = {.kernel = c.kernel, .m = c.machine, .program = &c.program, .times = &times, .split = c.split, .part_of = c.file_of, .n_parts = c.files.n};
  LOOM_TRY(read_summary(ctx, dir, &r.summary));
  report_chips_part *parts = ARENA_NEW_N(m, report_chips_part, c.files.n + 1);
  for (size_t i = 0; i < c.files.n; i++) {
    report_side side;
    const char *own = file_join(m, dir, c.parts.at[i]);
    LOOM_TRY(cli_report_look(ctx, o, own, o->dump_dir.last ? file_join(m, o->dump_dir.last, c.parts.at[i]) : NULL, npu, &side));
    parts[i] = (report_chips_part){.name = c.parts.at[i], .cycles = side.npu ? side.npu->report->cycles : side.chip->report->cycles};
    if (side.npu ? side.npu->report->n_faults : side.chip->report->n_faults)
      broken = side;
    LOOM_TRY(write_part(ctx, o, dir, &side, &parts[i]));
  }
  int64_t *kernel = ARENA_NEW_N(m, int64_t, c.program.n_chips);
  for (int64_t i = 0; i < c.program.n_chips; i++)
    kernel[i] = c.file_of[i] < 0 ? 0 : parts[c.file_of[i]].cycles;
  LOOM_TRY(chips_time(ctx, &c.program, c.machine, kernel, &times));
  r.parts = parts;
  const char *json = data_write_json(m, report_chips_data(m, &r), 0);
  LOOM_TRY(cli_report_write(ctx, o, dir, o->json ? json : report_chips_html(m, arena_printf(m, "%s on %s", c.kernel, c.machine->name), json), !o->json));
  return broken.dir ? cli_report_faults(ctx, &broken) : LOOM_OK;
}
