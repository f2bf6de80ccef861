#include "cli/worker_board.h"
#include "base/file.h"
#include <stdio.h>

bool worker_wants_board(const cli_options *o) { return text_eq(o->emit.last, "tt") || text_eq(o->engine.last, "tt-emu"); }

loom_status worker_compile_board(loom_ctx *ctx, const cli_options *o, compile_options *c, compile_state *s, compile_tt *out) {
  compile_tt_options options = {0};
  *out = (compile_tt){0};
  options.object_api = text_eq(o->tt_api.last, "object");
  options.lower.l1_accumulate = text_eq(o->tt_accumulate.last, "l1");
  return compile_tt_compile(ctx, c, &options, s, out);
}

/* The files go to tt/ of the output directory. */
loom_status worker_emit_board(loom_ctx *ctx, const cli_options *o, compile_state *s, const compile_tt *t) {
  const char *dir = file_join(&ctx->mem, s->output_dir, "tt");
  LOOM_TRY(compile_tt_write(s, t, dir));
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
  for (size_t i = 0; i < t->files.n; i++)
    data_push(&ctx->mem, files, data_string(&ctx->mem, t->files.at[i].name));
  data_set(&ctx->mem, v, "files", files);
  data_set_real(&ctx->mem, v, "emit_ms", t->ms);
  printf("%s\n", data_write_json(&ctx->mem, v, 1));
  return LOOM_OK;
}

/* ---- loom run --engine tt-emu ---- */
loom_status worker_read_emulation(loom_ctx *ctx, const cli_options *o, tt_emulation *out) {
  *out = (tt_emulation){.seeds = 1, .emulator = cli_tt_emulator(&ctx->mem)};
  if (o->tt_seed.last)
    LOOM_TRY(cli_int(ctx, "--tt-seed", o->tt_seed.last, 0, INT64_MAX / 2, &out->first_seed));
  return o->tt_seeds.last ? cli_int(ctx, "--tt-seeds", o->tt_seeds.last, 1, 100000, &out->seeds) : LOOM_OK;
}

void worker_add_emulation(arena *mem, const tt_emulation *e, data_value *summary) {
  data_value *v = data_object(mem);
  data_set_string(mem, v, "engine", "tt-emu");
  data_set_int(mem, v, "first_seed", e->first_seed);
  data_set_int(mem, v, "seeds", e->seeds);
  data_set_real(mem, v, "build_ms", e->build_ms);
  data_set_real(mem, v, "run_ms", e->run_ms);
  data_set(mem, summary, "emulation", v);
}

void worker_print_emulation(const compile_state *s, const tt_emulation *e) {
  if (s->is_retyped)
    printf("types        float16 is bfloat16 on this board\n");
  printf("emulated     %" PRId64 " run%s with delays of seed%s %" PRId64, e->runs, e->runs == 1 ? "" : "s", e->seeds == 1 ? "" : "s", e->first_seed);
  if (e->seeds > 1)
    printf("..%" PRId64, e->first_seed + e->seeds - 1);
  printf("; no fault; built in %.1f s, run in %.1f s\n", e->build_ms / 1e3, e->run_ms / 1e3);
}
