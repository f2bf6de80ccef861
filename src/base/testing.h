/* testing: what the unit tests of all rooms share; included by *_test.c only. */
#ifndef LOOM_BASE_TESTING_H
#define LOOM_BASE_TESTING_H
#include "base/alloc.h"
#include "base/diag.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

/* An environment variable as a number. */
static inline int64_t testing_number(const char *variable, int64_t otherwise) {
  const char *s = getenv(variable);
  return s ? strtoll(s, NULL, 10) : otherwise;
}

/* Does `name` start with what the variable says?  Unset: every name. */
static inline bool testing_is_wanted(const char *variable, const char *name) {
  const char *s = getenv(variable);
  return !s || strstr(name, s) == name;
}

/* cmocka's setup and teardown: *state is a context, new for each test. */
static inline int testing_open_context(void **state) {
  static loom_ctx ctx;
  loom_ctx_init(&ctx);
  *state = &ctx;
  return 0;
}
static inline int testing_close_context(void **state) {
  loom_ctx_done(*state);
  return 0;
}

/* One run of `body` in a fresh context with allocation `n` failing, and all after it when `forever`.  A context that ran out once has its use: now and then the body
 * runs in it again. */
static inline loom_status testing_run_short_of_memory(loom_status (*body)(loom_ctx *, void *), void *data, long n, int forever) {
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  alloc_fail_at(n, forever);
  const loom_status st = loom_ctx_run(&ctx, body, data);
  const long struck = alloc_fail_at(0, 0);
  if (st != (struck ? LOOM_EMEM : LOOM_OK))
    fail_msg("allocation %ld fails%s: status %d: %s", n, forever ? ", and all after it" : "", (int)st, ctx.diag.first ? ctx.diag.first->text : "");
  const loom_status again = st == LOOM_EMEM && n % 8 == 1 ? loom_ctx_run(&ctx, body, data) : LOOM_OK;
  if (again != LOOM_OK)
    fail_msg("after allocation %ld failed%s: status %d: %s", n, forever ? ", and all after it" : "", (int)again, ctx.diag.first ? ctx.diag.first->text : "");
  loom_ctx_done(&ctx);
  return st;
}

/* Runs `body` with allocation 1, then 2, ... failing (that one only, then all from it on), until it gets through: with arenas as they are, and with an allocation
 * of the system for every object of an arena.  Of those the first LOOM_SWEEP_EACH (200) fail one by one, later ones in steps that grow with their number.
 * Each failing run must end in LOOM_EMEM, the last in LOOM_OK; leaks are the sanitizer's to find.  LOOM_SWEEP_LOG=FILE: a line is added with
 * how many allocations failed (scripts/coverage sums them up). */
static inline void testing_sweep_memory(loom_status (*body)(loom_ctx *, void *), void *data) {
  const long each = (long)testing_number("LOOM_SWEEP_EACH", 200);
  long failed = 0;
  for (int way = 0; way < 4; way++) {
    const bool is_object = way > 1;
    arena_set_block_bytes(is_object ? 16 : 0);
    loom_status st = LOOM_EMEM;
    for (long n = 1; st == LOOM_EMEM; n += 1 + (is_object ? n / each : 0)) {
      st = testing_run_short_of_memory(body, data, n, way & 1);
      assert_true(n > 1 || st == LOOM_EMEM);   /* a body that allocates nothing tests nothing */
      failed += st == LOOM_EMEM;
    }
  }
  arena_set_block_bytes(0);
  const char *path = getenv("LOOM_SWEEP_LOG");
  FILE *log = path ? fopen(path, "a") : NULL;
  if (log) {
    fprintf(log, "%ld\n", failed);
    fclose(log);
  }
}

/* The context holds one error, of `status`, whose text contains `part`, at line:col (0: not checked); warnings may stand before it. */
static inline void testing_expect_error(const loom_ctx *ctx, loom_status status, const char *part, int line, int col) {
  assert_int_equal(ctx->diag.errors, 1);
  const diag_item *d = ctx->diag.first;
  while (d->severity != DIAG_ERROR && d->next)
    d = d->next;
  if (d->status != status || !strstr(d->text, part) || (line && (d->span.line != line || d->span.col != col)))
    fail_msg("got status %d at %d:%d \"%s\"; expected %d at %d:%d \"%s\"", (int)d->status, d->span.line, d->span.col, d->text, (int)status,
             line, col, part);
}
#endif
