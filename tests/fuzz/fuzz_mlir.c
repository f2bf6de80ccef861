/* The targets that take MLIR text, and archives of weights. */
#include "fuzz.h"
#include "frontend/check/check_text.h"
#include "frontend/mlir_text/mlir_scan.h"
#include "frontend/torch/torch.h"
#include "run/provider_elf.h"
#include "weights/weights.h"
#include <string.h>

static size_t lines_of(const char *s, size_t size) {
  size_t n = 0;
  for (size_t i = 0; i < size; i++)
    n += s[i] == '\n';
  return n;
}

/* Brackets that are open at once, counted by bytes outside of strings and comments: what MLIR's parser would recurse into at least, where every '<' that is
 * no comparison is closed.  The scan may count more (aliases), never fewer of "([{". */
static int depth_of(const char *s, size_t size) {
  int depth = 0, deepest = 0;
  for (size_t i = 0; i < size; i++) {
    if (s[i] == '"')
      for (i++; i < size && s[i] != '"' && s[i] != '\n'; i++)
        i += s[i] == '\\' && i + 1 < size && s[i + 1] != '\n';
    else if (s[i] == '/' && i + 1 < size && s[i + 1] == '/')
      for (; i < size && s[i] != '\n';)
        i++;
    else if (strchr("([{", s[i]) && s[i])
      deepest = ++depth > deepest ? depth : deepest;
    else if (strchr(")]}", s[i]) && s[i])
      return deepest;      /* up to the first that closes: brackets may not match from here on */
  }
  return deepest;
}

/* Every reader looks at it; a text that one takes is as shallow as it says, and the program's own reader takes what any other takes. */
void fuzz_mlir_scan(loom_ctx *ctx, const uint8_t *bytes, size_t size) {
  if (size > 2 * FUZZ_BYTES_MAX)
    return;
  const char *copy = arena_strndup(&ctx->mem, (const char *)bytes, size);
  const diag_source *source = diag_add_source(ctx, "fuzz.mlir", copy, size);
  loom_status own = mlir_scan(ctx, source, copy, size, MLIR_READS_OWN), st[] = {mlir_scan(ctx, source, copy, size, MLIR_READS_PROGRAMS), mlir_scan(ctx, source, copy, size, MLIR_READS_STAGES),
                                                                                 mlir_scan(ctx, source, copy, size, MLIR_READS_PATTERNS)};
  fuzz_check_status(ctx, st[0]);
  fuzz_check_status(ctx, own);
  if (own == LOOM_OK && depth_of(copy, size) > MLIR_TEXT_DEPTH_MAX)
    fuzz_broken(ctx, "a text deeper than the limit");
  for (size_t i = 0; i < sizeof st / sizeof *st; i++) {
    fuzz_check_status(ctx, st[i]);
    if (st[i] == LOOM_OK && own != LOOM_OK)
      fuzz_broken(ctx, "a text that breaks a limit is read");
  }
  fuzz_compiled += st[0] == LOOM_OK;
}

void fuzz_torch(loom_ctx *ctx, const uint8_t *bytes, size_t size) {
  const char *out, *source;
  size_t out_size;
  if (size > FUZZ_BYTES_MAX)
    return;
  source = arena_strndup(&ctx->mem, (const char *)bytes, size);
  loom_status st = torch_normalise(ctx, diag_add_source(ctx, "fuzz.mlir", source, size), source, size, &out, &out_size);
  fuzz_check_status(ctx, st);
  if (st == LOOM_OK && lines_of(out, out_size) != lines_of(source, size))
    fuzz_broken(ctx, "the generic form has the lines of the text");
  fuzz_compiled += st == LOOM_OK && out != source;
}

void fuzz_check_text(loom_ctx *ctx, const uint8_t *bytes, size_t size) {
  const char *out;
  size_t n = size;
  bool any = false;
  if (size > FUZZ_BYTES_MAX)
    return;
  const char *copy = arena_strndup(&ctx->mem, (const char *)bytes, size);
  const diag_source *source = diag_add_source(ctx, "fuzz.mlir", copy, size);
  loom_status st = check_text_normalise(ctx, source, &out, &n, &any);
  fuzz_check_status(ctx, st);
  if (st == LOOM_OK && lines_of(out, n) != lines_of(copy, size))
    fuzz_broken(ctx, "the lines of the text are not kept");
  fuzz_compiled += st == LOOM_OK && any;
}

static void read_weights(loom_status (*read)(loom_ctx *, const char *, const unsigned char *, size_t, weights *), loom_ctx *ctx, const char *path, const uint8_t *bytes, size_t size) {
  weights w;
  unsigned char contents[64];
  loom_status st = read(ctx, path, bytes, size, &w);
  fuzz_check_status(ctx, st);
  for (size_t i = 0; st == LOOM_OK && i < w.all.n; i++)
    weights_copy(&w.all.at[i], contents, sizeof contents);
  fuzz_compiled += st == LOOM_OK;
}

void fuzz_weights(loom_ctx *ctx, const uint8_t *bytes, size_t size) { read_weights(weights_read_irpa, ctx, "fuzz.irpa", bytes, size); }
void fuzz_safetensors(loom_ctx *ctx, const uint8_t *bytes, size_t size) { read_weights(weights_read_safetensors, ctx, "fuzz.safetensors", bytes, size); }

/* What a shared library says of itself; the names it exports are read to their ends. */
void fuzz_elf(loom_ctx *ctx, const uint8_t *bytes, size_t size) {
  provider_elf e;
  loom_status st = provider_elf_read(ctx, "fuzz.so", (const char *)bytes, size, &e);
  fuzz_check_status(ctx, st);
  if (st == LOOM_OK)
    provider_elf_exports(&e, "loom_kernel_provider_query");
  fuzz_compiled += st == LOOM_OK;
}
