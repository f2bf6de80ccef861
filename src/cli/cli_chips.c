#include "cli/cli_chips.h"
#include "base/file.h"
#include "base/text.h"
#include <string.h>

bool cli_chips_is_dir(loom_ctx *ctx, const char *dir) { return file_is_dir(dir) && file_exists(file_join(&ctx->mem, dir, "chips.json")); }

static loom_status add_file(loom_ctx *ctx, const char *dir, const data_value *name, cli_chips *c, int *file) {
  arena *m = &ctx->mem;
  *file = -1;
  if (name->kind != DATA_STRING)
    return LOOM_OK;
  if (*name->string == '/' || strstr(name->string, ".."))
    LOOM_FAIL(ctx, name->span, LOOM_EINPUT, "'%s' is no name of a file in this directory", name->string);
  const char *path = file_join(m, dir, name->string), *slash = strchr(name->string, '/');
  *file = 0;
  while (*file < (int)c->files.n && !text_eq(c->files.at[*file], path))
    ++*file;
  if (*file < (int)c->files.n)
    return LOOM_OK;
  vec_push(m, &c->files, path);
  vec_push(m, &c->parts, slash ? arena_strndup(m, name->string, (size_t)(slash - name->string)) : ".");
  return LOOM_OK;
}

loom_status cli_chips_read(loom_ctx *ctx, const cli_options *o, const char *dir, cli_chips *out) {
  data_value *v, *togs;
  const char *name;
  *out = (cli_chips){0};
  LOOM_TRY(data_read_json_file(ctx, file_join(&ctx->mem, dir, "chips.json"), DATA_JSON_BYTES_MAX, &v));
  LOOM_TRY(chips_program_from_data(ctx, v, &out->program));
  LOOM_TRY(data_need_string(ctx, v, "kernel", &out->kernel));
  LOOM_TRY(data_need(ctx, v, "split", DATA_ARRAY, &out->split));
  LOOM_TRY(data_need_string(ctx, v, "machine", &name));
  LOOM_TRY(cli_load_machine(ctx, o, o->machine.last ? o->machine.last : name, &out->machine));
  LOOM_TRY(data_need(ctx, v, "togs", DATA_ARRAY, &togs));
  if ((int64_t)togs->n != out->program.n_chips || machine_n_chips(out->machine) != out->program.n_chips)
    LOOM_FAIL(ctx, togs->span, LOOM_EINPUT, "there are %" PRId64 " chips, %zu TOGs of theirs, and machine '%s' has %" PRId64, out->program.n_chips, togs->n, out->machine->name,
              machine_n_chips(out->machine));
  out->file_of = ARENA_NEW_N(&ctx->mem, int, togs->n + 1);
  for (size_t i = 0; i < togs->n; i++)
    LOOM_TRY(add_file(ctx, dir, togs->items[i], out, &out->file_of[i]));
  return LOOM_OK;
}
