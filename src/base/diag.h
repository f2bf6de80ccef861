/* Diagnostics: what is wrong, where, what was expected and what to do; recorded once, at the place that knows.
 * Nothing below cli/ prints: the command line prints the list at the end (cli/diag_print). */
#ifndef LOOM_BASE_DIAG_H
#define LOOM_BASE_DIAG_H
#include "base/arena.h"
#include "base/status.h"
#include <inttypes.h>
#include <stdbool.h>

/* One source text known to the diagnostics, so that a message can show the line it is about. */
typedef struct diag_source { const char *path; const char *text; size_t size; struct diag_source *next; } diag_source;

/* A place in a source.  line 0: the whole file; source NULL: no file (for example the command line). */
typedef struct loom_span { const diag_source *source; int32_t line, col, end_line, end_col; } loom_span;   /* 1-based, columns in bytes, end exclusive */
#define LOOM_NOSPAN ((loom_span){0})

typedef enum diag_severity { DIAG_ERROR, DIAG_WARNING, DIAG_NOTE } diag_severity;

typedef struct diag_item {
  diag_severity severity;
  loom_status status;      /* of an error */
  loom_span span;
  const char *text;        /* what is wrong */
  const char *help;        /* what was expected or what to do; may be NULL */
  struct diag_item *next;
} diag_item;

typedef struct diag_list { diag_item *first, **last; diag_source *sources; int errors, warnings; } diag_list;

/* The context every call carries.  Zero-initialise, then loom_ctx_init. */
typedef struct loom_ctx {
  arena mem;        /* lives as long as the compile */
  arena scratch;    /* used with marks */
  diag_list diag;
} loom_ctx;

void loom_ctx_init(loom_ctx *ctx);
void loom_ctx_done(loom_ctx *ctx);
/* Runs `body(ctx, data)` with both arenas guarded: out of memory becomes LOOM_EMEM. */
loom_status loom_ctx_run(loom_ctx *ctx, loom_status (*body)(loom_ctx *, void *), void *data);

/* Registers `text` (kept, not copied; `size` bytes) under `path` and returns it for spans. */
const diag_source *diag_add_source(loom_ctx *ctx, const char *path, const char *text, size_t size);
/* Registers a file that has no readable text (a path that does not exist, a binary). */
loom_span diag_file_span(loom_ctx *ctx, const char *path);

/* Records an error and returns `status`, so that `return diag_error(...)` fails the caller. */
loom_status diag_error(loom_ctx *ctx, loom_span span, loom_status status, const char *fmt, ...) LOOM_PRINTF(4, 5);
void diag_warn(loom_ctx *ctx, loom_span span, const char *fmt, ...) LOOM_PRINTF(3, 4);
void diag_note(loom_ctx *ctx, loom_span span, const char *fmt, ...) LOOM_PRINTF(3, 4);
/* Adds what was expected or what to do to the newest diagnostic. */
void diag_help(loom_ctx *ctx, const char *fmt, ...) LOOM_PRINTF(2, 3);

/* The diagnostics so far, and dropping those that came since: for work that is done again. */
typedef struct diag_mark { diag_item **last; int errors, warnings; } diag_mark;
static inline diag_mark diag_save(const loom_ctx *ctx) { return (diag_mark){ctx->diag.last, ctx->diag.errors, ctx->diag.warnings}; }
static inline void diag_drop(loom_ctx *ctx, diag_mark m) {
  *m.last = NULL;
  ctx->diag.last = m.last;
  ctx->diag.errors = m.errors;
  ctx->diag.warnings = m.warnings;
}
/* Errors that came since become warnings. */
static inline void diag_soften(loom_ctx *ctx, diag_mark m) {
  for (diag_item *d = *m.last; d; d = d->next)
    if (d->severity == DIAG_ERROR) {
      d->severity = DIAG_WARNING;
      ctx->diag.errors--;
      ctx->diag.warnings++;
    }
}

/* Puts the diagnostics that came since in the order of their files' names and of the source; those of one place stay as they came. */
void diag_sort(loom_ctx *ctx, diag_mark before);
/* Keeps the first `most` errors of those that came since, and what lies between them; how many were dropped. */
int diag_cut(loom_ctx *ctx, diag_mark before, int most);

/* Records an error with help text and returns its status. */
#define LOOM_FAIL(ctx, span, status, ...) return diag_error((ctx), (span), (status), __VA_ARGS__)

/* The candidate nearest to `name` for "did you mean", or NULL when none is near.  `names` has n entries. */
const char *diag_nearest(const char *name, const char *const *names, size_t n);

#endif
