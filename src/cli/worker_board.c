#include "cli/worker_board.h"
#include "base/file.h"
#include <stdio.h>

bool worker_wants_board(const cli_options *o) { return text_eq(o->emit.last, "tt") || text_eq(o->engine.last, "tt-emu"); }

/* A word that is the default (or NULL), or the other one. */
static loom_status read_choice(loom_ctx *ctx, const char *option, const char *word, const char *usual, const char *other, bool *is_other) {
  *is_other = text_eq(word, other);
  if (word && !*is_other && !text_eq(word, usual))
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "%s: '%s' is not %s or %s", option, word, usual, other);
  return LOOM_OK;
}

static loom_status read_board_options(loom_ctx *ctx, const cli_options *o, compile_tt_options *out) {
  LOOM_TRY(read_choice(ctx, "--tt-api", o->tt_api.last, "free", "object", &out->object_api));
  return read_choice(ctx, "--tt-accumulate", o->tt_accumulate.last, "dst", "l1", &out->lower.l1_accumulate);
}

/* The files go to tt/ of the output directory. */
loom_status worker_emit_board(loom_ctx *ctx, const cli_options *o, compile_state *s) {
  compile_tt_options options = {0};
  compile_tt t;
  LOOM_TRY(read_board_options(ctx, o, &options));
  const char *dir = file_join(&ctx->mem, s->output_dir, "tt");
  loom_status st = compile_tt_emit(s, &options, &t);
  if (st == LOOM_OK)
    st = compile_tt_write(s, &t, dir);
  compile_tt_close(&t);
  LOOM_TRY(st);
  if (!o->json) {
    if (s->is_retyped)
      printf("types        float16 is bfloat16 on this board\n");
    printf("written      %s\n", dir);
    return LOOM_OK;
  }
  data_value *v = data_object(&ctx->mem), *files = data_array(&ctx->mem);
  data_set_string(&ctx->mem, v, "schema", "loom.code.v1");
  data_set_string(&ctx->mem, v, "kernel", s->kernel ? s->kernel->name : s->nest->kernel);
  data_set_string(&ctx->mem, v, "machine", s->machine->name);
  data_set_string(&ctx->mem, v, "directory", dir);
  for (size_t i = 0; i < t.files.n; i++)
    data_push(&ctx->mem, files, data_string(&ctx->mem, t.files.at[i].name));
  data_set(&ctx->mem, v, "files", files);
  printf("%s\n", data_write_json(&ctx->mem, v, 1));
  return LOOM_OK;
}
