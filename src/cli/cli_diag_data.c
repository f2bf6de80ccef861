/* Diagnostics for programs: --error-format=json, a line each (loom.diagnostic.v1), and sarif, one log of SARIF 2.1.0. */
#include "cli/cli.h"
#include "cli/cli_diag.h"
#include <stdio.h>
#include <string.h>

#define SARIF_SCHEMA "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"
static const char *const severities[] = {"error", "warning", "note"};
static const struct { const char *code, *meaning; int exit; } statuses[] = {
#define X(n, exit, text) {#n, text, exit},
    LOOM_STATUS_LIST(X)
#undef X
};

/* Bytes that are no UTF-8 or that a terminal would obey, as in text, become '?'. */
static const char *clean(arena *m, const char *s, size_t n) {
  char *out = arena_strndup(m, s, n);
  for (size_t i = 0, length; i < n; i += length ? length : 1) {
    length = text_control_length((const unsigned char *)out + i, n - i);
    for (size_t k = 0; k < length && out[i] != '\t' && out[i] != '\n'; k++)
      out[i + k] = '?';
  }
  return out;
}

static const char *message(arena *m, const diag_item *d) {
  const char *words = clean(m, d->text, strlen(d->text));
  return cli_diag_lacks_support(d) ? arena_printf(m, "not supported: %s", words) : words;
}

static void set_place(arena *m, data_value *o, loom_span s, const char *const names[4]) {
  if (s.line < 1)
    return;
  data_set_int(m, o, names[0], s.line);
  if (s.col > 0)
    data_set_int(m, o, names[1], s.col);
  if (s.end_line >= s.line && s.end_col > 0) {
    data_set_int(m, o, names[2], s.end_line);
    data_set_int(m, o, names[3], s.end_col);
  }
}

data_value *cli_diag_to_data(arena *m, const diag_item *d) {
  static const char *const places[] = {"line", "column", "end_line", "end_column"};
  data_value *o = data_object(m);
  data_set_string(m, o, "schema", "loom.diagnostic.v1");
  data_set_string(m, o, "severity", severities[d->severity]);
  if (d->severity == DIAG_ERROR) {
    data_set_string(m, o, "code", statuses[d->status].code);
    data_set_int(m, o, "exit_code", statuses[d->status].exit);
  }
  data_set_string(m, o, "message", message(m, d));
  if (d->help)
    data_set_string(m, o, "help", clean(m, d->help, strlen(d->help)));
  if (!d->span.source)
    return o;
  data_set_string(m, o, "file", clean(m, d->span.source->path, strlen(d->span.source->path)));
  set_place(m, o, d->span, places);
  size_t n;
  const char *line = d->span.line > 0 && d->span.source->text ? cli_diag_line(d->span.source, d->span.line, &n) : NULL;
  if (line)
    data_set_string(m, o, "source", clean(m, line, n));
  return o;
}

/* Columns of SARIF count the code units of UTF-16, ours bytes. */
static int32_t utf16_column(const diag_source *s, int32_t line, int32_t col) {
  size_t n;
  const char *at = line > 0 && s->text ? cli_diag_line(s, line, &n) : NULL;
  int32_t units = 1;
  for (int32_t i = 0; at && i + 1 < col && (size_t)i < n; i++) {
    const unsigned char c = (unsigned char)at[i];
    units += (c & 0xC0) != 0x80;      /* a character's first byte */
    units += c >= 0xF0;               /* a pair */
  }
  return at ? units : col;
}

static data_value *text_object(arena *m, const char *words) {
  data_value *o = data_object(m);
  data_set_string(m, o, "text", words);
  return o;
}

/* Rules: what each status means that an error here has. */
static data_value *sarif_rules(arena *m, const loom_ctx *ctx) {
  data_value *rules = data_array(m);
  for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
    bool is_used = false;
    for (const diag_item *d = ctx->diag.first; d; d = d->next)
      is_used = is_used || (d->severity == DIAG_ERROR && (size_t)d->status == i);
    if (!is_used)
      continue;
    data_value *rule = data_object(m);
    data_set_string(m, rule, "id", statuses[i].code);
    data_set(m, rule, "shortDescription", text_object(m, statuses[i].meaning));
    data_push(m, rules, rule);
  }
  return rules;
}

static data_value *sarif_result(arena *m, const diag_item *d) {
  static const char *const places[] = {"startLine", "startColumn", "endLine", "endColumn"};
  data_value *r = data_object(m);
  if (d->severity == DIAG_ERROR)
    data_set_string(m, r, "ruleId", statuses[d->status].code);
  data_set_string(m, r, "level", severities[d->severity]);
  const char *words = message(m, d);
  data_set(m, r, "message", text_object(m, d->help ? arena_printf(m, "%s\n%s", words, clean(m, d->help, strlen(d->help))) : words));
  if (!d->span.source)
    return r;
  data_value *file = data_object(m), *where = data_object(m), *location = data_object(m), *all = data_array(m), *region = data_object(m);
  data_set_string(m, file, "uri", clean(m, d->span.source->path, strlen(d->span.source->path)));
  data_set(m, where, "artifactLocation", file);
  loom_span span = d->span;
  span.col = utf16_column(span.source, span.line, span.col);
  span.end_col = utf16_column(span.source, span.end_line, span.end_col);
  set_place(m, region, span, places);
  if (region->n)
    data_set(m, where, "region", region);
  data_set(m, location, "physicalLocation", where);
  data_push(m, all, location);
  data_set(m, r, "locations", all);
  return r;
}

data_value *cli_diag_to_sarif(arena *m, const loom_ctx *ctx) {
  data_value *log = data_object(m), *runs = data_array(m), *run = data_object(m), *tool = data_object(m), *driver = data_object(m), *results = data_array(m);
  data_set_string(m, log, "$schema", SARIF_SCHEMA);
  data_set_string(m, log, "version", "2.1.0");
  data_set_string(m, driver, "name", "loom");
  data_set_string(m, driver, "version", LOOM_VERSION);
  data_set(m, driver, "rules", sarif_rules(m, ctx));
  data_set(m, tool, "driver", driver);
  data_set(m, run, "tool", tool);
  data_set_string(m, run, "columnKind", "utf16CodeUnits");
  for (const diag_item *d = ctx->diag.first; d; d = d->next)
    data_push(m, results, sarif_result(m, d));
  data_set(m, run, "results", results);
  data_push(m, runs, run);
  data_set(m, log, "runs", runs);
  return log;
}
