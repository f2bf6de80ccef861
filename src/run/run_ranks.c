#include "run/run_ranks.h"
#include "base/file.h"
#include "base/number.h"
#include <stdlib.h>
#include <string.h>

size_t run_ranks_width(run_ranks_type t) {
  static const size_t width[] = {1, 2, 4, 8, 4, 8};
  return t >= 0 && t < RUN_RANKS_TYPES ? width[t] : 0;
}

static bool ask(const run_ranks *r, run_ranks_request q, const void *bytes, int64_t *out_size) {
  return file_write_all(r->socket, &q, sizeof q) && file_write_all(r->socket, bytes, (size_t)q.bytes) && file_read_all(r->socket, out_size, sizeof *out_size) && *out_size >= 0;
}

loom_status run_ranks_open(loom_ctx *ctx, run_ranks *out) {
  const char *socket = getenv(RUN_RANKS_VARIABLE);
  int32_t who[2];
  int64_t size;
  *out = (run_ranks){-1, 0, 1};
  out->socket = socket ? number_of(socket) : -1;
  if (out->socket < 0)
    return LOOM_OK;
  if (!ask(out, (run_ranks_request){.what = RUN_RANKS_HELLO}, NULL, &size) || size != sizeof who || !file_read_all(out->socket, who, sizeof who))
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EWORKER, "the process that speaks to the other ranks is gone");
  out->number = who[0];
  out->size = who[1];
  return LOOM_OK;
}

loom_status run_ranks_reduce(const run_ranks *r, run_ranks_type type, run_ranks_op op, void *bytes, size_t size) {
  int64_t got;
  if (r->socket < 0 || !size)
    return LOOM_OK;
  const bool done = ask(r, (run_ranks_request){.what = RUN_RANKS_REDUCE, .type = (int32_t)type, .op = (int32_t)op, .bytes = (int64_t)size}, bytes, &got) && got == (int64_t)size &&
                    file_read_all(r->socket, bytes, size);
  return done ? LOOM_OK : LOOM_EWORKER;
}

/* Rank 0: what the answer holds. */
static bool read_all(loom_ctx *ctx, const run_ranks *r, void **all, size_t *sizes) {
  for (int i = 0; i < r->size; i++) {
    int64_t n;
    if (!file_read_all(r->socket, &n, sizeof n) || n < 0)
      return false;
    sizes[i] = (size_t)n;
    all[i] = arena_alloc(&ctx->mem, sizes[i] + 1);
    if (!file_read_all(r->socket, all[i], sizes[i]))
      return false;
  }
  return true;
}

loom_status run_ranks_gather(loom_ctx *ctx, const run_ranks *r, const void *bytes, size_t size, void **all, size_t *sizes) {
  int64_t got;
  if (r->socket < 0) {
    all[0] = arena_alloc(&ctx->mem, size + 1);
    memcpy(all[0], bytes, size);
    sizes[0] = size;
    return LOOM_OK;
  }
  if (size > RUN_RANKS_BYTES_MAX)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_ELIMIT, "a part of a result has %zu bytes; ranks hand each other %d at a time", size, RUN_RANKS_BYTES_MAX);
  if (!ask(r, (run_ranks_request){.what = RUN_RANKS_GATHER, .bytes = (int64_t)size}, bytes, &got) || (r->number == 0 && !read_all(ctx, r, all, sizes)))
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EWORKER, "the results of the other ranks have not come");
  return LOOM_OK;
}

loom_status run_ranks_send(loom_ctx *ctx, const run_ranks *r, int to, const void *bytes, size_t size) {
  int64_t got;
  if (size > RUN_RANKS_BYTES_MAX)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_ELIMIT, "a message has %zu bytes; ranks hand each other %d at a time", size, RUN_RANKS_BYTES_MAX);
  if (!ask(r, (run_ranks_request){.what = RUN_RANKS_SEND, .type = to, .bytes = (int64_t)size}, bytes, &got))
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EWORKER, "the process that speaks to the other ranks is gone");
  return LOOM_OK;
}

loom_status run_ranks_receive(loom_ctx *ctx, const run_ranks *r, int from, void **bytes, size_t *size) {
  int64_t got;
  if (ask(r, (run_ranks_request){.what = RUN_RANKS_RECEIVE, .type = from}, NULL, &got)) {
    *size = (size_t)got;
    *bytes = arena_alloc(&ctx->scratch, *size);
    if (file_read_all(r->socket, *bytes, *size))
      return LOOM_OK;
  }
  LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EWORKER, "rank %d has ended, and this one waits for what it found", from);
}
