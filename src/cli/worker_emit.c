#include "cli/worker_emit.h"
#include "base/file.h"
#include "compile_explored.h"
#include "compile_stage.h"
#include "frontend/device_ir/device_ir.h"
#include <stdio.h>
#include <string.h>

/* The text of a form; NULL where this input has none. */
typedef loom_status text_of(compile_state *s, compile_stage stage, const char **out);

static loom_status stage_text(compile_state *s, compile_stage stage, const char **out) {
  *out = compile_stage_text(s, stage);
  return LOOM_OK;
}

static loom_status device_ir_text(compile_state *s, compile_stage stage, const char **out) {
  (void)stage;
  *out = NULL;
  return s->kernel ? device_ir_write(s->ctx, s->kernel, out) : LOOM_OK;
}

static loom_status summary_text(compile_state *s, compile_stage stage, const char **out) {
  (void)stage;
  *out = data_write_json(&s->ctx->mem, compile_summary(s, NULL), 1);
  return LOOM_OK;
}

static loom_status explored_text(compile_state *s, compile_stage stage, const char **out) {
  (void)stage;
  *out = mlirModuleIsNull(s->canonical) ? NULL : compile_explored_text(s);
  return LOOM_OK;
}

typedef struct emit_row { const char *name; worker_emit_when when; compile_stage stage; text_of *text; } emit_row;
static const emit_row rows[] = {
#define X(name, when, stage, text) {name, WORKER_EMIT_##when, COMPILE_##stage, text},
#include "cli/cli_emit.def"
#undef X
};
enum { N_ROWS = sizeof rows / sizeof *rows };

static const emit_row *find(const char *name) {
  for (size_t i = 0; i < N_ROWS; i++)
    if (text_eq(rows[i].name, name))
      return &rows[i];
  return NULL;
}

bool worker_emit_is(const char *name, worker_emit_when when, compile_stage *out_stage) {
  const emit_row *row = find(name);
  if (!row || row->when != when)
    return false;
  if (out_stage)
    *out_stage = row->stage;
  return true;
}

bool worker_emit_is_searched(const char *name) {
  const emit_row *row = find(name);
  return row && row->stage >= COMPILE_NEST && row->stage < COMPILE_STAGES;
}

void worker_print_text(loom_ctx *ctx, const cli_options *o, const char *form, const char *words) {
  arena *m = &ctx->mem;
  if (!o->json) {
    fputs(words, stdout);
    return;
  }
  data_value *v = data_object(m);
  data_set_string(m, v, "schema", "loom.text.v1");
  data_set_string(m, v, "form", form);
  data_set_string(m, v, "text", words);
  printf("%s\n", data_write_json(m, v, 1));
}

loom_status worker_emit(loom_ctx *ctx, const cli_options *o, compile_state *s) {
  const char *name = o->emit.last;
  const emit_row *row = find(name);
  const char *t = NULL;
  if (row && row->text)
    LOOM_TRY(row->text(s, row->stage, &t));
  if (!t)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUNSUP, "--emit %s: this input has no such form", name);
  if (o->out.last) {
    t = arena_printf(&ctx->mem, "%s\n", t);
    return file_write(ctx, o->out.last, t, strlen(t));
  }
  const bool is_json = *t == '{';
  if (o->json && !is_json)
    worker_print_text(ctx, o, name, t);
  else
    printf("%s\n", t);
  return LOOM_OK;
}
