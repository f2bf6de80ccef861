/* The container: headers in a chain, each with a table of entries, their names, and their data. */
#include "weights/weights.h"
#include "base/text.h"
#include "weights/weights_private.h"
#include <string.h>

enum { HEADER_BYTES = 88, ENTRY_BYTES = 60, ENTRIES_MAX = 1 << 20, HEADERS_MAX = 1 << 16, ALIGNMENT = 16 };
enum { ENTRY_SKIP, ENTRY_SPLAT, ENTRY_DATA, ENTRY_EXTERNAL };

typedef struct reader { loom_ctx *ctx; loom_span span; const unsigned char *bytes; uint64_t size; weights *out; } reader;
typedef struct segment { uint64_t at, size; } segment;       /* in the file */

static loom_status damaged(const reader *r, const char *what, uint64_t at) {
  return diag_error(r->ctx, r->span, LOOM_EINPUT, "%s at byte %" PRIu64 " leaves the archive, which is %" PRIu64 " bytes", what, at, r->size);
}

/* A range of `offset`, `size` from `base` on, within `whole`. */
static bool is_within(uint64_t whole, uint64_t base, uint64_t offset, uint64_t size) {
  uint64_t at;
  return !__builtin_add_overflow(base, offset, &at) && at <= whole && size <= whole - at;
}

static loom_status read_segment(const reader *r, uint64_t header, uint64_t field, const char *what, segment *out) {
  uint64_t offset = weights_number(r->bytes + header + field, 8), size = weights_number(r->bytes + header + field + 8, 8);
  if (!is_within(r->size, header, offset, size))
    return damaged(r, what, header + field);
  *out = (segment){header + offset, size};
  return LOOM_OK;
}

static loom_status read_entry(reader *r, const unsigned char *e, uint64_t size, uint64_t at, segment names, segment data) {
  uint64_t type = weights_number(e + 8, 4), name_at = weights_number(e + 20, 8), name_size = weights_number(e + 28, 8);
  weight w = {0};
  if (type == ENTRY_SKIP)
    return LOOM_OK;
  if (!is_within(names.size, 0, name_at, name_size))
    return damaged(r, "the name of the entry", at);
  w.name = arena_strndup(&r->ctx->mem, (const char *)r->bytes + names.at + name_at, name_size);
  if (type == ENTRY_DATA && size >= ENTRY_BYTES + 16) {
    uint64_t from = weights_number(e + ENTRY_BYTES, 8);
    w.size = weights_number(e + ENTRY_BYTES + 8, 8);
    if (!is_within(data.size, 0, from, w.size))
      return damaged(r, "the data of the entry", at);
    w.bytes = r->bytes + data.at + from;
  } else if (type == ENTRY_SPLAT && size >= ENTRY_BYTES + 25) {
    w.size = weights_number(e + ENTRY_BYTES, 8);
    memcpy(w.pattern, e + ENTRY_BYTES + 8, sizeof w.pattern);
    w.n_pattern = e[ENTRY_BYTES + 24];
    if (w.n_pattern < 1 || w.n_pattern > 16)
      LOOM_FAIL(r->ctx, r->span, LOOM_EINPUT, "'%s' repeats a pattern of %d bytes; expected 1 to 16", w.name, w.n_pattern);
  } else if (type == ENTRY_EXTERNAL) {
    LOOM_FAIL(r->ctx, r->span, LOOM_EUNSUP, "'%s' lies in another file; archives that hold their data are read", w.name);
  } else {
    LOOM_FAIL(r->ctx, r->span, LOOM_EINPUT, "the entry at byte %" PRIu64 " is of kind %" PRIu64 " in %" PRIu64 " bytes", at, type, size);
  }
  vec_push(&r->ctx->mem, &r->out->all, w);
  return LOOM_OK;
}

static loom_status read_header(reader *r, uint64_t at, uint64_t *out_next) {
  segment entries, names, data;
  const unsigned char *h = is_within(r->size, at, 0, HEADER_BYTES) ? r->bytes + at : NULL;
  if (!h || memcmp(h, "IRPA", 4) != 0)
    LOOM_FAIL(r->ctx, r->span, LOOM_EINPUT, "there is no archive of parameters at byte %" PRIu64 "; expected the letters IRPA", at);
  if (weights_number(h + 4, 2) != 0)
    LOOM_FAIL(r->ctx, r->span, LOOM_EUNSUP, "the archive is of version %" PRIu64 ".%" PRIu64 "; version 0 is read", weights_number(h + 4, 2), weights_number(h + 6, 2));
  uint64_t next = weights_number(h + 16, 8), n = weights_number(h + 32, 8);
  LOOM_TRY(read_segment(r, at, 40, "the table", &entries));
  LOOM_TRY(read_segment(r, at, 56, "the names", &names));
  LOOM_TRY(read_segment(r, at, 72, "the data", &data));
  if (n > ENTRIES_MAX)
    LOOM_FAIL(r->ctx, r->span, LOOM_ELIMIT, "the archive has %" PRIu64 " entries; at most %d are read", n, ENTRIES_MAX);
  for (uint64_t i = 0, from = 0; i < n; i++) {
    uint64_t size = is_within(entries.size, 0, from, 8) ? weights_number(r->bytes + entries.at + from, 8) : 0;
    if (size < ENTRY_BYTES || !is_within(entries.size, 0, from, size))
      return damaged(r, "an entry of the table", entries.at + from);
    LOOM_TRY(read_entry(r, r->bytes + entries.at + from, size, entries.at + from, names, data));
    from += (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  }
  *out_next = next ? at + next : 0;
  return next && *out_next <= at ? damaged(r, "the next header", at) : LOOM_OK;
}

loom_status weights_read_irpa(loom_ctx *ctx, const char *path, const unsigned char *bytes, size_t size, weights *out) {
  *out = (weights){.path = path};
  reader r = {.ctx = ctx, .span = diag_file_span(ctx, path), .bytes = bytes, .size = size, .out = out};
  uint64_t at = 0;
  for (int i = 0; i < HEADERS_MAX; i++) {
    LOOM_TRY(read_header(&r, at, &at));
    if (!at)
      return LOOM_OK;
  }
  LOOM_FAIL(ctx, r.span, LOOM_ELIMIT, "the file chains more than %d archives", HEADERS_MAX);
}

const weight *weights_find(const weights *w, const char *name) {
  for (size_t i = 0; i < w->all.n; i++)
    if (text_eq(w->all.at[i].name, name))
      return &w->all.at[i];
  return NULL;
}

void weights_copy(const weight *w, unsigned char *to, size_t size) {
  size_t given = w->size < size ? (size_t)w->size : size;
  if (w->bytes)
    memcpy(to, w->bytes, given);
  for (size_t i = 0; !w->bytes && i < given; i++)
    to[i] = w->pattern[i % (size_t)w->n_pattern];
  memset(to + given, 0, size - given);
}
