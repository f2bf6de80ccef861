/* The targets that take MLIR text of custom assembly, and archives of weights. */
#include "fuzz.h"
#include "frontend/check/check_text.h"
#include "frontend/torch/torch.h"
#include "weights/weights.h"
#include <string.h>

static size_t lines_of(const char *s, size_t size) {
  size_t n = 0;
  for (size_t i = 0; i < size; i++)
    n += s[i] == '\n';
  return n;
}

int fuzz_torch(const uint8_t *bytes, size_t size) {
  loom_ctx ctx;
  const char *out, *source;
  size_t out_size;
  if (size > FUZZ_BYTES_MAX)
    return 0;
  loom_ctx_init(&ctx);
  source = arena_strndup(&ctx.mem, (const char *)bytes, size);
  loom_status st = torch_normalise(&ctx, diag_add_source(&ctx, "fuzz.mlir", source, size), source, size, &out, &out_size);
  fuzz_check_status(&ctx, st);
  if (st == LOOM_OK && lines_of(out, out_size) != lines_of(source, size))
    fuzz_broken(&ctx, "the generic form has the lines of the text");
  fuzz_compiled += st == LOOM_OK && out != source;
  loom_ctx_done(&ctx);
  return 0;
}

int fuzz_check_text(const uint8_t *bytes, size_t size) {
  loom_ctx ctx;
  const char *out;
  size_t n = size;
  bool any = false;
  if (size > FUZZ_BYTES_MAX)
    return 0;
  loom_ctx_init(&ctx);
  const char *copy = arena_strndup(&ctx.mem, (const char *)bytes, size);
  const diag_source *source = diag_add_source(&ctx, "fuzz.mlir", copy, size);
  loom_status st = check_text_normalise(&ctx, source, &out, &n, &any);
  fuzz_check_status(&ctx, st);
  if (st == LOOM_OK && lines_of(out, n) != lines_of(copy, size))
    fuzz_broken(&ctx, "the lines of the text are not kept");
  fuzz_compiled += st == LOOM_OK && any;
  loom_ctx_done(&ctx);
  return 0;
}

int fuzz_weights(const uint8_t *bytes, size_t size) {
  loom_ctx ctx;
  weights w;
  unsigned char contents[64];
  loom_ctx_init(&ctx);
  loom_status st = weights_read_irpa(&ctx, "fuzz.irpa", bytes, size, &w);
  fuzz_check_status(&ctx, st);
  for (size_t i = 0; st == LOOM_OK && i < w.all.n; i++)
    weights_copy(&w.all.at[i], contents, sizeof contents);
  fuzz_compiled += st == LOOM_OK;
  loom_ctx_done(&ctx);
  return 0;
}
