#include "base/tiles.h"
#include "target/cpu/cpu.h"

bool cpu_has_dot(loom_ctx *ctx, dtype t, cpu_dot kind) {
  static const struct { dtype type; cpu_dot kind; const char *features; } rows[] = {
      {DTYPE_BF16, CPU_DOT_VECTORS, "+avx512bf16"}, {DTYPE_BF16, CPU_DOT_TILES, "+amx-tile,+amx-bf16"}, {DTYPE_I8, CPU_DOT_VECTORS, "+avx512vnni"}, {DTYPE_I8, CPU_DOT_TILES, "+amx-tile,+amx-int8"}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (rows[i].type == t && rows[i].kind == kind)
      return codegen_vector_bytes(NULL) == 64 && !codegen_missing_feature(&ctx->mem, rows[i].features) && (kind != CPU_DOT_TILES || tiles_may_use());
  return kind == CPU_DOT_NONE;
}
