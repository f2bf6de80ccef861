#include "machine/machine_template.h"
#include "base/file.h"
#include "base/text.h"
#include "machine/machine_private.h"
#include <ctype.h>
#include <math.h>
#include <stdlib.h>

static const double parts[] = {
#define X(name, parts, unit, what) parts,
    MACHINE_CPU_LIST(X)
#undef X
};

bool machine_is_template(const char *bytes) { return strchr(bytes, '$') && strstr(bytes, MACHINE_SCHEMA) && strstr(bytes, "\nhost:"); }

const char *machine_calibrated_path(arena *mem) {
  const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
  if (cache && *cache)
    return file_join(mem, cache, "loom/host.yaml");
  return home && *home ? file_join(mem, home, ".cache/loom/host.yaml") : NULL;
}

/* 153.2 -> "153.2", 1e9 -> "1000000000" */
static const char *plain_number(arena *mem, double v) {
  const double greatest = 9007199254740992.0;   /* 2^53 */
  return fabs(v) < greatest && v == floor(v) ? arena_printf(mem, "%" PRId64, (int64_t)v) : arena_printf(mem, "%.6g", v);
}

static void add_full(text *t, const machine_cpu_value *v) {
  text_addf(t, "{value: %s, ", plain_number(t->mem, v->value));
  if (v->is_assumed)
    text_addf(t, "assumed: true, note: \"%s\"}", v->note);
  else
    text_addf(t, "source: \"%s\"}", v->source);
}

static loom_span span_at(loom_ctx *ctx, const char *path, const char *bytes, const char *p, size_t n) {
  loom_span s = {.source = diag_add_source(ctx, path, bytes, strlen(bytes)), .line = 1, .col = 1};
  for (const char *q = bytes; q < p; q++) {
    s.col = *q == '\n' ? 1 : s.col + 1;
    s.line += *q == '\n';
  }
  s.end_line = s.line;
  s.end_col = s.col + (int32_t)n;
  return s;
}

static loom_status fail_unknown(loom_ctx *ctx, const char *path, const char *bytes, const char *p, size_t n) {
  const char *labels[MACHINE_CPU_NAMES], *name = arena_strndup(&ctx->mem, p + 1, n - 1);
  for (int i = 0; i < MACHINE_CPU_NAMES; i++)
    labels[i] = machine_cpu_label((machine_cpu_name)i);
  diag_error(ctx, span_at(ctx, path, bytes, p, n), LOOM_EINPUT, "'$%s' is no number of the running CPU", name);
  const char *near = diag_nearest(name, labels, MACHINE_CPU_NAMES);
  diag_help(ctx, near ? "did you mean '$%s'?" : "docs/machines.md lists them; machines/host.yaml uses them", near);
  return LOOM_EINPUT;
}

static bool is_name(char c) { return isalnum((unsigned char)c) || c == '_'; }

/* Puts in what stands for the name of n bytes behind the '$' at p; false: nothing does. */
static bool add_value(text *t, const machine_cpu *cpu, const char *p, size_t n, bool is_full) {
  if (n == 3 && strncmp(p, "cpu", n) == 0) {
    text_add(t, cpu->name);
    return true;
  }
  if (n == 6 && strncmp(p, "source", n) == 0) {
    text_add(t, cpu->at[MACHINE_CPU_mac_f32].is_assumed ? "guesses from what the CPU has; 'loom machine calibrate' measures them" : "loom machine calibrate");
    return true;
  }
  for (int i = 0; i < MACHINE_CPU_NAMES; i++) {
    const char *label = machine_cpu_label((machine_cpu_name)i);
    if (strlen(label) != n || strncmp(label, p, n) != 0)
      continue;
    if (is_full)
      add_full(t, &cpu->at[i]);
    else
      text_addf(t, "%" PRId64, (int64_t)fmax(1, round(cpu->at[i].value * parts[i])));
    return true;
  }
  return false;
}

loom_status machine_fill(loom_ctx *ctx, const char *path, const char *bytes, const machine_cpu *cpu, char **out, size_t *out_size) {
  static const char full[] = ".full";
  text t = text_new(&ctx->mem);
  bool is_comment = false;
  for (const char *p = bytes; *p;) {
    is_comment = *p == '#' || (is_comment && *p != '\n');
    if (*p != '$' || is_comment) {
      text_add_bytes(&t, p++, 1);
      continue;
    }
    size_t n = 1;
    while (is_name(p[n]))
      n++;
    bool is_full = strncmp(p + n, full, strlen(full)) == 0 && !is_name(p[n + strlen(full)]);
    if (!add_value(&t, cpu, p + 1, n - 1, is_full))
      return fail_unknown(ctx, path, bytes, p, n);
    p += n + (is_full ? strlen(full) : 0);
  }
  *out = t.data;
  *out_size = t.size;
  return LOOM_OK;
}
