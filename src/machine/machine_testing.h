/* Shared by the tests of this room: a context with the shipped machines on the path, and a small machine file to vary. */
#ifndef LOOM_MACHINE_TESTING_H
#define LOOM_MACHINE_TESTING_H
#include "base/testing.h"
#include "base/text.h"
#include "machine/machine.h"

static const char *const machine_testing_dirs[] = {LOOM_SOURCE_DIR "/machines"};

static int setup(void **state) {
  static loom_ctx ctx;
  loom_ctx_init(&ctx);
  machine_set_path(machine_testing_dirs, 1);
  *state = &ctx;
  return 0;
}

static int teardown(void **state) {
  loom_ctx_done(*state);
  return 0;
}

/* Fails the test with what was diagnosed. */
static inline void expect_ok(const loom_ctx *ctx, loom_status st) {
  if (st != LOOM_OK)
    fail_msg("status %d: %d:%d %s", (int)st, ctx->diag.first ? ctx->diag.first->span.line : 0, ctx->diag.first ? ctx->diag.first->span.col : 0,
             ctx->diag.first ? ctx->diag.first->text : "");
}

static inline machine *load(loom_ctx *ctx, const char *name) {
  machine *m = NULL;
  expect_ok(ctx, machine_load(ctx, name, NULL, &m));
  return m;
}

/* Value of a call with constant arguments "M", 64, "N", 32, ..., NULL. */
static inline int64_t cost_of(loom_ctx *ctx, const machine *m, const char *name, const char *const *symbols, const int64_t *values, size_t n) {
  machine_arg args[8];
  const sym_expr *e;
  int64_t cycles;
  for (size_t i = 0; i < n; i++)
    args[i] = (machine_arg){symbols[i], sym_const(&ctx->mem, values[i])};
  expect_ok(ctx, machine_cost(ctx, m, name, args, n, &e));
  expect_ok(ctx, sym_eval(ctx, e, NULL, 0, &cycles));
  return cycles;
}
#endif
