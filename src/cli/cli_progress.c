/* How far a command is, on standard error: a line that is written over on a terminal (bar), lines of their own (plain), or nothing.  Data and messages come behind
 * cli_progress_end, which takes the line away. */
#include "base/clock.h"
#include "base/number.h"
#include "base/progress.h"
#include "base/text.h"
#include "cli/cli.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { CELLS = 24, LINE_BYTES = 512, COLUMNS_USUAL = 80, COLUMNS_LEAST = 20 };
static const double usual_s = 0.5;
static struct { bool is_on, overwrites, is_shown; double started, printed; const char *what; } now;

/* Seconds between two lines; tests have less time. */
static double every_s(void) {
  const char *given = getenv("LOOM_TESTING") ? getenv("LOOM_PROGRESS_EVERY") : NULL;
  return given ? strtod(given, NULL) : usual_s;
}

bool cli_is_plain_terminal(void) {
  const char *term = getenv("TERM");
  return !term || !*term || strcmp(term, "dumb") == 0;
}

static void hear(void *data, const char *what, int64_t done, int64_t total);

static bool takes_option(const cli_options *o) {
  size_t n;
  const cli_option *all = cli_option_table(&n);
  for (size_t i = 0; i < n; i++)
    if (strcmp(all[i].name, "progress") == 0)
      return cli_takes(cli_find_command(o->command), &all[i]);
  return false;
}

loom_status cli_progress_open(loom_ctx *ctx, const cli_options *o) {
  static const char *const words[] = {"bar", "plain", "none"};
  const char *how = o->progress.last;
  const bool has_terminal = isatty(STDERR_FILENO) == 1;
  memset(&now, 0, sizeof now);
  if (how && strcmp(how, "bar") != 0 && strcmp(how, "plain") != 0 && strcmp(how, "none") != 0)
    return cli_unknown_word(ctx, "--progress", how, words, sizeof words / sizeof *words);
  const bool is_plain = how && strcmp(how, "plain") == 0, is_none = how && strcmp(how, "none") == 0;
  now.overwrites = !is_plain && !is_none && has_terminal && !cli_is_plain_terminal() && takes_option(o);
  now.is_on = is_plain || now.overwrites;
  progress_listen(now.is_on ? hear : NULL, NULL);
  return LOOM_OK;
}

static int columns(void) {
  struct winsize w;
  const char *given = getenv("COLUMNS");
  const int n = ioctl(STDERR_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 0 ? w.ws_col : given && number_of(given) > 0 ? number_of(given) : COLUMNS_USUAL;
  return n < COLUMNS_LEAST ? COLUMNS_LEAST : n >= LINE_BYTES ? LINE_BYTES - 1 : n;
}

static const char searched[] = "searched";

/* Of work within work the outer one is shown.  What comes behind a search is no part of it. */
static bool is_ours(const char *what) { return !now.what || now.what == searched || strcmp(now.what, what) == 0; }

/* Is it time for a line?  Work of less than half a second shows none on a terminal. */
static bool is_due(const char *what) {
  const double t = clock_seconds();
  if (!now.what || strcmp(now.what, what) != 0) {
    now.what = what;
    now.started = t;
    now.printed = now.overwrites ? t : 0;
  }
  if (!now.is_on || t - now.printed < every_s())
    return false;
  now.printed = t;
  return true;
}

static void show(const char *line) {
  if (now.overwrites)      /* one column stays free: some terminals wrap when the last one is written */
    fprintf(stderr, "\r\033[K%.*s", columns() - 1, line);
  else
    fprintf(stderr, "%s\n", line);
  now.is_shown = now.overwrites;
  fflush(stderr);
}

/* "45.0 %: 1.2 s, 3 s left": the rest at the speed so far. */
static int put_times(char *out, size_t size, double share) {
  const double passed = clock_seconds() - now.started;
  int n = snprintf(out, size, "%.1f s", passed);
  if (share > 0 && share < 1 && n > 0 && (size_t)n < size)
    n += snprintf(out + n, size - (size_t)n, ", %.0f s left", passed * (1 - share) / share);
  return n;
}

static int put_share(char *out, size_t size, const char *what, double share) {
  char cells[CELLS + 1];
  const int full = (int)(share * (double)CELLS + 0.5);
  memset(cells, '.', CELLS);
  memset(cells, '#', (size_t)(full < 0 ? 0 : full > CELLS ? CELLS : full));
  cells[CELLS] = 0;
  return now.overwrites ? snprintf(out, size, "%s [%s] %.1f %%: ", what, cells, 100 * share) : snprintf(out, size, "%s %.1f %%: ", what, 100 * share);
}

static void hear(void *data, const char *what, int64_t done, int64_t total) {
  char line[LINE_BYTES];
  (void)data;
  if (!is_ours(what))
    return;
  if (done < 0) {
    cli_progress_end();
    return;
  }
  if (!is_due(what))
    return;
  const bool is_known = total > 0 && done <= total;      /* what was predicted may be surpassed */
  const double share = is_known ? (double)done / (double)total : 0;
  int n = is_known ? put_share(line, sizeof line, what, share) : snprintf(line, sizeof line, "%s: %" PRId64 ", ", what, done);
  if (n > 0 && (size_t)n < sizeof line)
    put_times(line + n, sizeof line - (size_t)n, share);
  show(line);
}

/* Of a search: `left` shrinks with every better bound, so that the time is an upper one. */
void cli_progress_step(void *data, int64_t done, int64_t left, int64_t best, int64_t bound) {
  char line[LINE_BYTES];
  const double all = (double)done + (double)left;
  (void)data;
  if (!is_ours(searched) || !is_due(searched))
    return;
  int n = put_share(line, sizeof line, searched, all > 0 ? (double)done / all : 1);
  n += put_times(line + n, sizeof line - (size_t)n, all > 0 ? (double)done / all : 1);
  if (best != INT64_MAX)
    snprintf(line + n, sizeof line - (size_t)n, "; best %" PRId64 " cycles, none below %" PRId64, best, bound < best ? bound : best);
  show(line);
}

void cli_progress_clear(void) {
  if (now.is_shown)
    fputs("\r\033[K", stderr);
  now.is_shown = false;
}

void cli_progress_end(void) {
  cli_progress_clear();
  now.what = NULL;
}
