/* How far a search is, on standard error: a line that is written over on a terminal, lines of their own with --progress=plain, else nothing. */
#include "base/clock.h"
#include "base/text.h"
#include "cli/cli.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const double every_s = 0.5;

loom_status cli_progress_start(loom_ctx *ctx, const cli_options *o, cli_progress *out) {
  const char *how = o->progress.last;
  *out = (cli_progress){.started = clock_seconds()};
  if (how && strcmp(how, "plain") != 0 && strcmp(how, "none") != 0)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "--progress: '%s' is not plain or none", how);
  out->is_on = how ? strcmp(how, "plain") == 0 : isatty(STDERR_FILENO) == 1;
  out->overwrites = out->is_on && !how;
  return LOOM_OK;
}

/* "1.2 s, 40 s left": the rest of the points at the speed so far, which a better bound makes faster. */
static void print_times(double passed, int64_t done, int64_t left) {
  fprintf(stderr, "%.1f s", passed);
  if (done > 0 && left > 0)
    fprintf(stderr, ", at most %.0f s left", passed * (double)left / (double)done);
}

void cli_progress_step(void *data, int64_t done, int64_t left, int64_t best, int64_t bound) {
  cli_progress *p = data;
  double now = clock_seconds();
  bool is_first = p->printed == 0;
  if (!p->is_on || now - p->printed < every_s || (is_first && p->overwrites && now - p->started < every_s))
    return;
  double all = (double)done + (double)left;
  p->printed = now;
  fprintf(stderr, "%ssearched %.1f %%: ", p->overwrites ? "\r\033[K" : "", all > 0 ? 100 * (double)done / all : 100.0);
  print_times(now - p->started, done, left);
  if (best != INT64_MAX)
    fprintf(stderr, "; best %" PRId64 " cycles, none below %" PRId64, best, bound < best ? bound : best);
  fputs(p->overwrites ? "" : "\n", stderr);
  fflush(stderr);
}

void cli_progress_end(cli_progress *p) {
  if (p->overwrites && p->printed > 0)
    fputs("\r\033[K", stderr);
  p->is_on = p->overwrites = false;
}
