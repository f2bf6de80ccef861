/* The targets that take text. */
#include "fuzz.h"
#include "frontend/device_ir/device_ir.h"

int fuzz_python(const uint8_t *bytes, size_t size) {
  loom_ctx ctx;
  syn_node *tree;
  kernel_graph *k = NULL;
  if (size > FUZZ_BYTES_MAX)
    return 0;
  loom_ctx_init(&ctx);
  helion_options o = fuzz_options(&ctx.mem, (const char *)bytes, size);
  loom_status st = python_parse(&ctx, "fuzz.py", arena_strndup(&ctx.mem, (const char *)bytes, size), size, &tree);
  const char *const *names;
  size_t n;
  if (st == LOOM_OK && !o.function && helion_list(&ctx, tree, &names, &n) == LOOM_OK && n > 0)
    o.function = names[0];
  if (st == LOOM_OK)
    st = helion_read(&ctx, tree, &o, &k);
  fuzz_check(&ctx, st, k);
  loom_ctx_done(&ctx);
  return 0;
}

int fuzz_device_ir(const uint8_t *bytes, size_t size) {
  loom_ctx ctx;
  kernel_graph *k = NULL;
  if (size > FUZZ_BYTES_MAX)
    return 0;
  loom_ctx_init(&ctx);
  loom_status st = device_ir_read(&ctx, "fuzz.txt", arena_strndup(&ctx.mem, (const char *)bytes, size), size, NULL, &k);
  fuzz_check(&ctx, st, k);
  loom_ctx_done(&ctx);
  return 0;
}
