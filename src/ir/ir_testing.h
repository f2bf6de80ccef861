/* Test support: a context and MLIR in it, new for each test; included by *_test.c only. */
#ifndef LOOM_IR_TESTING_H
#define LOOM_IR_TESTING_H
#include "base/testing.h"
#include "ir/ir.h"

static loom_ctx ctx;
static ir_ctx ir;

/* load: of dialects; NULL: none. */
static inline int ir_test_open(loom_status (*load)(ir_ctx *)) {
  loom_ctx_init(&ctx);
  return ir_open(&ctx, &ir) == LOOM_OK && (!load || load(&ir) == LOOM_OK) ? 0 : 1;
}

static inline int close_ir(void **state) {
  (void)state;
  ir_close(&ir);
  loom_ctx_done(&ctx);
  return 0;
}
#endif
