/* Test support: a program as text; included by *_test.c only. */
#ifndef LOOM_TARGET_NPT_TESTING_H
#define LOOM_TARGET_NPT_TESTING_H
#include "base/testing.h"
#include "target/npu/npt.h"

/* is_indirect: the form of transfers with indices (dialect_load_togsim). */
typedef struct fixture { loom_ctx ctx; ir_ctx ir; MlirModule m; } fixture;

static inline void open_text(fixture *f, const char *source, bool is_indirect) {
  memset(f, 0, sizeof *f);
  loom_ctx_init(&f->ctx);
  assert_int_equal(ir_open(&f->ctx, &f->ir), LOOM_OK);
  assert_int_equal(dialect_load_togsim(&f->ir, is_indirect), LOOM_OK);
  if (ir_parse(&f->ir, "text", source, strlen(source), &f->m) != LOOM_OK)
    fail_msg("%s", f->ctx.diag.first->text);
}

static inline void close_text(fixture *f) {
  ir_close_module(f->m);
  ir_close(&f->ir);
  loom_ctx_done(&f->ctx);
}
#endif
