/* The targets that take text. */
#include "fuzz.h"
#include "frontend/device_ir/device_ir.h"

void fuzz_python(loom_ctx *ctx, const uint8_t *bytes, size_t size) {
  syn_node *tree;
  kernel_graph *k = NULL;
  if (size > FUZZ_BYTES_MAX)
    return;
  helion_options o = fuzz_options(&ctx->mem, (const char *)bytes, size);
  loom_status st = python_parse(ctx, "fuzz.py", arena_strndup(&ctx->mem, (const char *)bytes, size), size, &tree);
  const char *const *names;
  size_t n;
  if (st == LOOM_OK && !o.function && helion_list(ctx, tree, &names, &n) == LOOM_OK && n > 0)
    o.function = names[0];
  if (st == LOOM_OK)
    st = helion_read(ctx, tree, &o, &k);
  fuzz_check(ctx, st, k);
}

void fuzz_device_ir(loom_ctx *ctx, const uint8_t *bytes, size_t size) {
  kernel_graph *k = NULL;
  if (size > FUZZ_BYTES_MAX)
    return;
  loom_status st = device_ir_read(ctx, "fuzz.txt", arena_strndup(&ctx->mem, (const char *)bytes, size), size, NULL, &k);
  fuzz_check(ctx, st, k);
}
