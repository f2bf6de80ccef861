/* Prints the recorded diagnostics.  Control bytes of names and source lines are shown as '?', so that no terminal escape gets through. */
#include "cli/cli_diag.h"
#include "cli/cli.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool is_set(const char *variable) {
  const char *value = getenv(variable);
  return value && *value;
}

static bool is_zero(const char *variable) {
  const char *value = getenv(variable);
  return value && strcmp(value, "0") == 0;
}

/* no-color.org, bixense.com/clicolors: NO_COLOR is asked first. */
static bool wants_colour(void) {
  if (is_set("NO_COLOR"))
    return false;
  if (is_set("CLICOLOR_FORCE") && !is_zero("CLICOLOR_FORCE"))
    return true;
  return !is_zero("CLICOLOR") && !cli_is_plain_terminal() && isatty(STDERR_FILENO);
}

static const char *colour(const char *code) {
  static int use = -1;
  if (use < 0)
    use = wants_colour();
  return use ? code : "";
}

static void put_clean(const char *s, size_t n) {
  for (size_t i = 0, length; i < n; i += length ? length : 1) {
    length = text_control_length((const unsigned char *)s + i, n - i);
    fputc(length && s[i] != '\t' && s[i] != '\n' ? '?' : s[i], stderr);
  }
}

const char *cli_diag_line(const diag_source *s, int32_t line, size_t *out_len) {
  const char *p = s->text, *end = s->text + s->size;
  for (int32_t i = 1; i < line && p < end; i++) {
    const char *nl = memchr(p, '\n', (size_t)(end - p));
    if (!nl)
      return NULL;
    p = nl + 1;
  }
  if (p > end)
    return NULL;
  const char *nl = memchr(p, '\n', (size_t)(end - p));
  *out_len = (size_t)((nl ? nl : end) - p);
  return p;
}

static void print_source_line(loom_span span) {
  size_t len;
  const char *line = span.source->text ? cli_diag_line(span.source, span.line, &len) : NULL;
  if (!line)
    return;
  enum { SHOWN_MAX = 200 };
  if (len > SHOWN_MAX)
    len = SHOWN_MAX;
  fprintf(stderr, "%6d | ", span.line);
  put_clean(line, len);
  fprintf(stderr, "\n       | ");
  if (span.col < 1 || (size_t)span.col > len + 1) {
    fputc('\n', stderr);
    return;
  }
  for (int32_t i = 1; i < span.col; i++)
    fputc(line[i - 1] == '\t' ? '\t' : ' ', stderr);
  int32_t width = span.end_line == span.line && span.end_col > span.col ? span.end_col - span.col : 1;
  if ((size_t)(span.col + width - 1) > len)
    width = len + 1 > (size_t)span.col ? (int32_t)len - span.col + 1 : 1;
  fputs(colour("\033[1;32m"), stderr);
  for (int32_t i = 0; i < width; i++)
    fputc(i ? '~' : '^', stderr);
  fprintf(stderr, "%s\n", colour("\033[0m"));
}

bool cli_diag_lacks_support(const diag_item *d) { return d->severity == DIAG_ERROR && d->status == LOOM_EUNSUP && !strstr(d->text, "support"); }

static void print_text(const loom_ctx *ctx) {
  static const struct { const char *word, *code; } kinds[] = {{"error", "\033[1;31m"}, {"warning", "\033[1;35m"}, {"note", "\033[1;36m"}};
  for (const diag_item *d = ctx->diag.first; d; d = d->next) {
    if (d->span.source) {
      put_clean(d->span.source->path, strlen(d->span.source->path));
      if (d->span.line > 0)
        fprintf(stderr, ":%d:%d", d->span.line, d->span.col);
    } else {
      fputs("loom", stderr);
    }
    fprintf(stderr, ": %s%s:%s ", colour(kinds[d->severity].code), kinds[d->severity].word, colour("\033[0m"));
    if (cli_diag_lacks_support(d))
      fputs("not supported: ", stderr);
    put_clean(d->text, strlen(d->text));
    fputc('\n', stderr);
    if (d->span.source && d->span.line > 0)
      print_source_line(d->span);
    if (d->help) {
      fputs("  help: ", stderr);
      put_clean(d->help, strlen(d->help));
      fputc('\n', stderr);
    }
  }
}

static enum { AS_TEXT, AS_JSON, AS_SARIF } format;

loom_status cli_set_error_format(loom_ctx *ctx, const char *name) {
  static const char *const names[] = {"text", "json", "sarif"};
  enum { NAMES = sizeof names / sizeof *names };
  for (int i = 0; i < NAMES; i++)
    if (strcmp(name, names[i]) == 0) {
      format = i == 0 ? AS_TEXT : i == 1 ? AS_JSON : AS_SARIF;
      return LOOM_OK;
    }
  const char *near = diag_nearest(name, names, NAMES);
  diag_error(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "--error-format is text, json or sarif, not '%s'", name);
  if (near)
    diag_help(ctx, "did you mean '%s'?", near);
  return LOOM_EUSAGE;
}

void cli_print_diagnostics(const loom_ctx *ctx) {
  arena m = {0};
  cli_progress_end();
  if (format == AS_TEXT)
    print_text(ctx);
  else if (format == AS_SARIF && ctx->diag.first)
    fprintf(stderr, "%s\n", data_write_json(&m, cli_diag_to_sarif(&m, ctx), 2));
  for (const diag_item *d = ctx->diag.first; format == AS_JSON && d; d = d->next)
    fprintf(stderr, "%s\n", data_write_json(&m, cli_diag_to_data(&m, d), 0));
  arena_done(&m);
}

int cli_finish_output(int code) {
  bool failed = ferror(stdout) != 0;      /* an earlier part may be lost though the last one is written */
  failed |= fflush(stdout) != 0;
  if (failed && code == 0) {
    fprintf(stderr, "loom: error: writing to standard output failed\n");
    code = loom_status_exit(LOOM_EIO);
  }
  return code;
}
