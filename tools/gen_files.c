#include "gen_files.h"
#include "base/file.h"
#include "base/npy.h"
#include <inttypes.h>
#include <string.h>

static loom_status write_argument(loom_ctx *ctx, const gen_tensor *t, const char *path) {
  npy_array a = {.type = t->type, .rank = t->rank, .elems = t->elems};
  const size_t width = dtype_bytes(t->type);
  char *bytes = arena_array(&ctx->mem, (size_t)t->elems + 1, width);
  memcpy(a.shape, t->size, sizeof t->size);
  for (int64_t i = 0; i < t->elems; i++)
    dtype_store(t->type, bytes + (size_t)i * width, (double)t->x[i]);
  a.data = bytes;
  return npy_write(ctx, path, &a);
}

loom_status gen_write_files(loom_ctx *ctx, const gen_kernel *k, const char *dir, const char *more, const char **out_command) {
  arena *m = &ctx->mem;
  const char *stem = file_join(m, dir, arena_printf(m, "k%" PRIu64, k->seed)), *source = arena_printf(m, "%s.py", stem);
  text command = text_new(m);
  LOOM_TRY(file_make_dirs(ctx, dir));
  LOOM_TRY(file_write(ctx, source, k->source, strlen(k->source)));
  text_addf(&command, "loom run %s --dtype ", source);
  for (size_t i = 0; i < k->args.n; i++)
    text_addf(&command, "%s%s=%s", i ? "," : "", k->args.at[i].name, dtype_torch(k->args.at[i].type));
  for (size_t i = 0; i < k->args.n; i++) {
    const char *path = arena_printf(m, "%s.%s.npy", stem, k->args.at[i].name);
    LOOM_TRY(write_argument(ctx, &k->args.at[i], path));
    text_addf(&command, " --input %s=%s", k->args.at[i].name, path);
  }
  text_addf(&command, " --check%s%s", *more ? " " : "", more);
  *out_command = text_str(&command);
  const char *script = arena_printf(m, "%s\n", *out_command);
  return file_write(ctx, arena_printf(m, "%s.sh", stem), script, strlen(script));
}
