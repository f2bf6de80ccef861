#include "base/diag.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void loom_ctx_init(loom_ctx *ctx) {
  memset(ctx, 0, sizeof *ctx);
  ctx->diag.last = &ctx->diag.first;
}

void loom_ctx_done(loom_ctx *ctx) {
  arena_done(&ctx->scratch);
  arena_done(&ctx->mem);
  loom_ctx_init(ctx);
}

loom_status loom_ctx_run(loom_ctx *ctx, loom_status (*body)(loom_ctx *, void *), void *data) {
  jmp_buf guard;
  jmp_buf *outer_mem = ctx->mem.guard, *outer_scratch = ctx->scratch.guard;
  volatile loom_status st = LOOM_EMEM;
  if (setjmp(guard) == 0) {
    ctx->mem.guard = ctx->scratch.guard = &guard;
    st = body(ctx, data);
  }
  ctx->mem.guard = outer_mem;
  ctx->scratch.guard = outer_scratch;
  return st;
}

const diag_source *diag_add_source(loom_ctx *ctx, const char *path, const char *text, size_t size) {
  diag_source *s = ARENA_NEW(&ctx->mem, diag_source);
  s->path = arena_strdup(&ctx->mem, path);
  s->text = text;
  s->size = size;
  s->next = ctx->diag.sources;
  ctx->diag.sources = s;
  return s;
}

loom_span diag_file_span(loom_ctx *ctx, const char *path) {
  return (loom_span){.source = diag_add_source(ctx, path, NULL, 0)};
}

static char *format(loom_ctx *ctx, const char *fmt, va_list ap) {
  va_list again;
  va_copy(again, ap);
  int n = vsnprintf(NULL, 0, fmt, again);
  va_end(again);
  char *p = arena_alloc(&ctx->mem, (size_t)(n < 0 ? 0 : n) + 1);
  if (n > 0)
    vsnprintf(p, (size_t)n + 1, fmt, ap);
  return p;
}

static diag_item *push(loom_ctx *ctx, diag_severity sev, loom_span span, const char *fmt, va_list ap) {
  diag_item *d = ARENA_NEW(&ctx->mem, diag_item);
  d->severity = sev;
  d->span = span;
  d->text = format(ctx, fmt, ap);
  *ctx->diag.last = d;
  ctx->diag.last = &d->next;
  return d;
}

loom_status diag_error(loom_ctx *ctx, loom_span span, loom_status status, const char *fmt, ...) {
  va_list ap;
  va_start(ap, fmt);
  push(ctx, DIAG_ERROR, span, fmt, ap)->status = status;
  va_end(ap);
  ctx->diag.errors++;
  return status;
}

void diag_warn(loom_ctx *ctx, loom_span span, const char *fmt, ...) {
  va_list ap;
  va_start(ap, fmt);
  push(ctx, DIAG_WARNING, span, fmt, ap);
  va_end(ap);
  ctx->diag.warnings++;
}

void diag_note(loom_ctx *ctx, loom_span span, const char *fmt, ...) {
  va_list ap;
  va_start(ap, fmt);
  push(ctx, DIAG_NOTE, span, fmt, ap);
  va_end(ap);
}

void diag_help(loom_ctx *ctx, const char *fmt, ...) {
  diag_item *d = ctx->diag.first;
  if (!d)
    return;
  while (d->next)
    d = d->next;
  va_list ap;
  va_start(ap, fmt);
  d->help = format(ctx, fmt, ap);
  va_end(ap);
}

/* Letters to put in, take out, replace or swap with their neighbour to turn one name into the other; names over 63 bytes count as far. */
static size_t edit_distance(const char *a, const char *b) {
  size_t rows[3][64], na = strlen(a), nb = strlen(b);
  if (na > 63 || nb > 63)
    return 64;
  for (size_t j = 0; j <= nb; j++)
    rows[0][j] = j;
  for (size_t i = 1; i <= na; i++) {
    size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *above2 = rows[(i + 1) % 3];
    row[0] = i;
    for (size_t j = 1; j <= nb; j++) {
      row[j] = above[j - 1] + (a[i - 1] != b[j - 1]);
      if (above[j] + 1 < row[j])
        row[j] = above[j] + 1;
      if (row[j - 1] + 1 < row[j])
        row[j] = row[j - 1] + 1;
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && above2[j - 2] + 1 < row[j])
        row[j] = above2[j - 2] + 1;
    }
  }
  return rows[na % 3][nb];
}

const char *diag_nearest(const char *name, const char *const *names, size_t n) {
  const char *best = NULL;
  size_t length = strlen(name), best_distance = length < 3 ? 1 : length < 6 ? 2 : length / 3 + 1;   /* a third of the letters may be wrong, at least one; of two none */
  for (size_t i = 0; i < n; i++) {
    size_t d = edit_distance(name, names[i]);
    if (d < best_distance) {
      best_distance = d;
      best = names[i];
    }
  }
  return best;
}

static int compare_places(const loom_span *a, const loom_span *b) {
  const char *of_a = a->source ? a->source->path : "", *of_b = b->source ? b->source->path : "";
  const int file = a->source == b->source ? 0 : strcmp(of_a, of_b);
  return file ? file : a->line != b->line ? (a->line > b->line) - (a->line < b->line) : (a->col > b->col) - (a->col < b->col);
}

void diag_sort(loom_ctx *ctx, diag_mark before) {
  diag_item *rest = *before.last, *next;
  *before.last = NULL;
  for (; rest; rest = next) {
    diag_item **at = before.last;
    next = rest->next;
    while (*at && compare_places(&(*at)->span, &rest->span) <= 0)
      at = &(*at)->next;
    rest->next = *at;
    *at = rest;
  }
  for (ctx->diag.last = before.last; *ctx->diag.last;)
    ctx->diag.last = &(*ctx->diag.last)->next;
}

int diag_cut(loom_ctx *ctx, diag_mark before, int most) {
  int n = 0, dropped = 0;
  diag_item **at = before.last;
  for (; *at && n < most; at = &(*at)->next)
    n += (*at)->severity == DIAG_ERROR;
  for (diag_item *d = *at; d; d = d->next) {
    dropped += d->severity == DIAG_ERROR;
    ctx->diag.warnings -= d->severity == DIAG_WARNING;
  }
  *at = NULL;
  ctx->diag.last = at;
  ctx->diag.errors -= dropped;
  return dropped;
}
