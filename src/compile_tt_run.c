/* A program for a Tenstorrent board on the emulation of tt-metal: built with the system's C++ compiler, run in a process of its own, once for each seed of the
 * delays on the NoC.  Data go through the files that host.cpp reads and writes. */
#include "compile_tt.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/temporary.h"
#include "run/run_process.h"
#include <stdlib.h>
#include <string.h>

enum { FAULT_EXIT = 3 };

typedef struct emulation { tt_emulation *how; const char *dir, *host, *compiler; const compile_tt *program; } emulation;

static char *in_dir(compile_state *s, const emulation *e, const char *name) { return file_join(&s->ctx->mem, e->dir, name); }

static loom_status build(compile_state *s, emulation *e) {
  double start = clock_ms();
  const char *dir = in_dir(s, e, "tt");
  LOOM_TRY(compile_tt_write(s, e->program, dir));
  LOOM_TRY(file_make_dirs(s->ctx, in_dir(s, e, "in")));
  LOOM_TRY(file_make_dirs(s->ctx, in_dir(s, e, "out")));
  e->host = in_dir(s, e, "host");
  LOOM_TRY(compile_tt_build(s, e->how->emulator, e->dir, file_join(&s->ctx->mem, dir, "host.cpp"), e->host, &e->compiler));
  e->how->build_ms += clock_ms() - start;
  return LOOM_OK;
}

/* ---- data ---- */
static const char *data_file(compile_state *s, const emulation *e, const char *dir, const char *name) {
  return file_join(&s->ctx->mem, in_dir(s, e, dir), arena_printf(&s->ctx->mem, "%s.f32", name));
}

static loom_status write_inputs(compile_state *s, const emulation *e, void *const *dram) {
  for (size_t i = 0; i < s->tog->tensors.n; i++) {
    const tog_tensor *t = &s->tog->tensors.at[i];
    const size_t n = (size_t)tog_tensor_elems(t);
    float *values = ARENA_NEW_N(&s->ctx->mem, float, n);
    for (size_t k = 0; k < n; k++)
      values[k] = (float)dtype_load(t->type, (char *)dram[i] + k * dtype_bytes(t->type));
    if (e->program->program.tensors.at[i].is_input)
      LOOM_TRY(file_write(s->ctx, data_file(s, e, "in", tt_tensor_name(&s->ctx->mem, &e->program->program, i)), values, n * sizeof *values));
  }
  return LOOM_OK;
}

/* What came out, into `dram`; *differs: the tensor that is not as it is there already. */
static loom_status read_outputs(compile_state *s, const emulation *e, void *const *dram, const char **differs) {
  *differs = NULL;
  for (size_t i = 0; i < s->tog->tensors.n; i++) {
    const tog_tensor *t = &s->tog->tensors.at[i];
    const char *path = data_file(s, e, "out", tt_tensor_name(&s->ctx->mem, &e->program->program, i));
    size_t n = (size_t)tog_tensor_elems(t), width = dtype_bytes(t->type), size;
    char *bytes;
    if (!e->program->program.tensors.at[i].is_output)
      continue;
    LOOM_TRY(file_read(s->ctx, path, n * sizeof(float) + 1, &bytes, &size));
    if (size != n * sizeof(float))
      LOOM_FAIL(s->ctx, diag_file_span(s->ctx, path), LOOM_EBUG, "the emulated program wrote %zu bytes; %zu are expected", size, n * sizeof(float));
    char *got = arena_array(&s->ctx->mem, n, width);
    for (size_t k = 0; k < n; k++) {
      float v;
      memcpy(&v, bytes + k * sizeof v, sizeof v);
      dtype_store(t->type, got + k * width, (double)v);
    }
    if (memcmp(dram[i], got, n * width) != 0)
      *differs = t->name;
    memcpy(dram[i], got, n * width);
  }
  return LOOM_OK;
}

/* ---- running ---- */
static loom_status run_seed(compile_state *s, emulation *e, int64_t seed) {
  arena *m = &s->ctx->mem;
  const char *log = in_dir(s, e, "run.log");
  const tt_program *p = &e->program->program;
  const char *const argv[] = {e->host, in_dir(s, e, "in"), in_dir(s, e, "out"), NULL};
  const char *const env[] = {arena_printf(m, "TT_EMULATOR_SEED=%" PRId64, seed), arena_printf(m, "TT_EMULATOR_ARCH=%s", p->arch),
                             arena_printf(m, "TT_EMULATOR_GRID=%" PRId64 "x%" PRId64, s->machine->mesh.at[0].size, s->machine->mesh.n > 1 ? s->machine->mesh.at[1].size : 1),
                             arena_printf(m, "TT_EMULATOR_INCLUDE=%s/include", e->how->emulator), arena_printf(m, "TT_EMULATOR_CACHE=%s", in_dir(s, e, "objects")),
                             arena_printf(m, "TT_EMULATOR_CXX=%s", e->compiler), NULL};
  int code;
  double start = clock_ms();
  LOOM_TRY(run_process(s->ctx, argv, env, log, &code));
  e->how->run_ms += clock_ms() - start;
  e->how->runs++;
  if (code == FAULT_EXIT)
    LOOM_FAIL(s->ctx, LOOM_NOSPAN, LOOM_ENUMERIC, "the emulation reports a fault, seed %" PRId64 ":\n%s", seed, compile_tt_said(s, log));
  if (code != 0)
    LOOM_FAIL(s->ctx, LOOM_NOSPAN, LOOM_EBUG, "the emulated program ends with code %d, seed %" PRId64 ":\n%s", code, seed, compile_tt_said(s, log));
  return LOOM_OK;
}

/* Delays change nothing that a program without races computes. */
static loom_status run(void *data, compile_state *s, const interp_tensor *inputs, bool integers, void **by_root) {
  emulation *e = data;
  void **dram;
  const char *differs;
  if (!e->host)
    LOOM_TRY(build(s, e));
  LOOM_TRY(compile_dram(s, inputs, by_root, &dram));
  LOOM_TRY(write_inputs(s, e, dram));
  for (int64_t i = 0; i < (integers ? 1 : e->how->seeds); i++) {
    LOOM_TRY(run_seed(s, e, e->how->first_seed + i));
    LOOM_TRY(read_outputs(s, e, dram, &differs));
    if (i > 0 && differs)
      LOOM_FAIL(s->ctx, LOOM_NOSPAN, LOOM_ENUMERIC, "'%s' depends on the delays of the NoC: seeds %" PRId64 " and %" PRId64 " give different numbers", differs,
                e->how->first_seed + i - 1, e->how->first_seed + i);
  }
  return LOOM_OK;
}

loom_status compile_tt_execute(compile_state *s, const compile_tt *t, const run_options *r, tt_emulation *how, compile_execution *out) {
  emulation e = {.how = how, .program = t};
  memset(out, 0, sizeof *out);
  LOOM_TRY(temporary_make(s->ctx, &e.dir));
  loom_status st = compile_execute_on(s, r, &(compile_engine){&e, run}, out);
  if (!getenv("LOOM_KEEP_TEMPORARY"))
    temporary_remove(e.dir);
  return st;
}
