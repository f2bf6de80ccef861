/* For tests of what rewrites custom assembly. */
#ifndef LOOM_FRONTEND_MLIR_TEXT_TESTING_H
#define LOOM_FRONTEND_MLIR_TEXT_TESTING_H
#include "base/testing.h"
#include "frontend/mlir_text/mlir_text.h"

/* The form cut at each token, and with a sign in a token's place that opens nothing: it is read, or refused at the token before it, at it or behind it.
 * `normalise` starts the context; what has one of the words of `opens`, up to NULL, is told where it begins. */
static inline void testing_break_form(const char *s, loom_status (*normalise)(loom_ctx *ctx, const char *source), const char *const *opens) {
  for (int way = 0; way < 2; way++) {
    loom_ctx lexer;
    loom_ctx_init(&lexer);
    mlir_cursor c;
    assert_int_equal(mlir_text_open(&lexer, diag_add_source(&lexer, "t.mlir", s, strlen(s)), &c), LOOM_OK);
    for (mlir_token before = c.token; c.token.kind != MLIR_TOKEN_END; before = c.token, mlir_text_next(&c)) {
      loom_ctx ctx;
      const char *broken = arena_printf(&lexer.mem, "%.*s%s", (int)(c.token.at - s), s, way ? arena_printf(&lexer.mem, ";%s", c.token.at + c.token.size) : "");
      const loom_status st = normalise(&ctx, broken);
      const diag_item *d = ctx.diag.first;
      bool is_opening = false;
      for (const char *const *words = opens; d && *words; words++)
        is_opening = is_opening || strstr(d->text, *words);
      if (st != LOOM_OK && (st != LOOM_EINPUT || !d || (!is_opening && (d->span.line < before.line || (d->span.line == before.line && d->span.col < before.col)))))
        fail_msg("'%s': status %d at %d:%d: %s", broken, (int)st, d ? d->span.line : 0, d ? d->span.col : 0, d ? d->text : "");
      loom_ctx_done(&ctx);
    }
    loom_ctx_done(&lexer);
  }
}
#endif
