#include "run/run_limits.h"
#include "base/sanitize.h"
#include "base/text.h"
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static const struct { const char *name, *unit, *what; int64_t least, most; size_t offset; } rows[] = {
#define X(f, unit, least, most, what) {#f, unit, what, least, most, offsetof(run_limits, f)},
    RUN_LIMIT_LIST(X)
#undef X
};
enum { ROWS = sizeof rows / sizeof *rows };
static const int64_t mib = 1 << 20;

run_limits run_limits_default(void) {
  static const int64_t least = 4096;
  const int64_t pages = sysconf(_SC_PHYS_PAGES), has = pages > 0 ? pages * sysconf(_SC_PAGESIZE) / mib : least;
  return (run_limits){.memory = LOOM_SANITIZED ? 0 : has > least ? has : least, .cpu = 14400, .files = 1024, .file = 65536};
}

static loom_status parse_one(loom_ctx *ctx, const char *said_by, const char *name, size_t n, const char *value, run_limits *io) {
  const char *names[ROWS], *given = arena_strndup(&ctx->mem, name, n);
  for (size_t i = 0; i < ROWS; i++) {
    char *end;
    names[i] = rows[i].name;
    if (!text_eq(rows[i].name, given))
      continue;
    const long long v = strtoll(value, &end, 10);
    if (end == value || *end || (v != 0 && (v < rows[i].least || v > rows[i].most)))
      LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "%s: %s=%s is not 0 (none) or %" PRId64 "..%" PRId64 " %s", said_by, given, value, rows[i].least, rows[i].most, rows[i].unit);
    memcpy((char *)io + rows[i].offset, &(int64_t){v}, sizeof(int64_t));
    return LOOM_OK;
  }
  diag_error(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "%s: '%s' is no limit", said_by, given);
  const char *near = diag_nearest(given, names, ROWS);
  diag_help(ctx, near ? "did you mean '%s'?" : "limits: memory, cpu, deadline, files, file", near);
  return LOOM_EUSAGE;
}

loom_status run_limits_parse(loom_ctx *ctx, const char *said_by, const char *said, run_limits *io) {
  for (const char *p = said; *p;) {
    const size_t n = strcspn(p, ",");
    const char *eq = memchr(p, '=', n);
    if (!eq || eq == p)
      LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "%s: '%.*s' is not NAME=NUMBER", said_by, (int)n, p);
    LOOM_TRY(parse_one(ctx, said_by, p, (size_t)(eq - p), arena_strndup(&ctx->mem, eq + 1, (size_t)(p + n - eq - 1)), io));
    p += n;
    p += *p == ',';
  }
  return LOOM_OK;
}

/* `grace`: how much later what cannot be caught happens. */
static void set(__rlimit_resource_t resource, int64_t limit, int64_t unit, int64_t grace) {
  struct rlimit now;
  if (!limit || getrlimit(resource, &now) != 0)
    return;
  const rlim_t want = (rlim_t)(limit * unit), hard = want + (rlim_t)grace;
  now.rlim_max = hard < now.rlim_max ? hard : now.rlim_max;
  now.rlim_cur = want < now.rlim_max ? want : now.rlim_max;
  (void)setrlimit(resource, &now);
}

void run_limits_set(const run_limits *l) {
  set(RLIMIT_AS, l->memory, mib, 0);
  set(RLIMIT_CPU, l->cpu, 1, 5);
  set(RLIMIT_NOFILE, l->files, 1, 0);
  set(RLIMIT_FSIZE, l->file, mib, 0);
  (void)signal(SIGXFSZ, SIG_IGN);      /* a write then fails with EFBIG, which is said with the file's name */
  (void)setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
}
