/* The targets that take chips, ETGs and schedules. */
#include "fuzz.h"
#include "base/file.h"
#include "base/text.h"
#include "etg/etg.h"
#include "etg/eval.h"
#include "solve/solve.h"
#include <stdlib.h>

enum { CHECKED_FUNCS_MAX = 6 };      /* the search for overlaps of guards takes a while */

static loom_status read_shipped(loom_ctx *ctx, const char *name, machine **out) {
  static const char *const dirs[] = {LOOM_SOURCE_DIR "/machines"};
  const char *path = file_join(&ctx->mem, dirs[0], name);
  char *bytes;
  size_t size;
  machine_set_path(dirs, 1);
  loom_status st = file_read(ctx, path, 1 << 20, &bytes, &size);
  return st ? st : machine_from_yaml(ctx, path, bytes, size, out);
}

/* Read once: nothing changes it. */
static const machine *wormhole(void) {
  static loom_ctx ctx;
  static machine *m;
  if (m)
    return m;
  loom_ctx_init(&ctx);
  if (read_shipped(&ctx, "wormhole.yaml", &m) != LOOM_OK)
    abort();
  return m;
}

/* ---- chips and costs ---- */

/* By content, as `loom machine` does; files beside it are those of tests/data/placed. */
static loom_status read_chip(loom_ctx *ctx, const char *s, size_t size, machine **out) {
  static const char beside[] = LOOM_SOURCE_DIR "/tests/data/placed/fuzz.yaml";
  if (strstr(s, " adl."))
    return machine_from_adl(ctx, "fuzz.mlir", s, size, out);
  if (strstr(s, " df."))
    return machine_from_df(ctx, "fuzz.mlir", s, size, out);
  if (strstr(s, "loom.machine.v1"))
    return machine_from_yaml(ctx, "fuzz.yaml", s, size, out);
  if (strstr(s, "dimensions:") || strstr(s, "processors:"))
    return machine_from_chip(ctx, beside, s, size, out);
  loom_status st = read_shipped(ctx, "single.yaml", out);
  return st ? st : machine_add_perf_yaml(ctx, *out, "matrix.perf.yaml", s, size);
}

void fuzz_machine(loom_ctx *ctx, const uint8_t *bytes, size_t size) {
  machine *m = NULL, *again = NULL;
  if (size > FUZZ_BYTES_MAX)
    return;
  loom_status st = read_chip(ctx, arena_strndup(&ctx->mem, (const char *)bytes, size), size, &m);
  fuzz_check_status(ctx, st);
  fuzz_compiled += st == LOOM_OK;
  if (st == LOOM_OK) {
    const char *yaml = machine_to_yaml(&ctx->mem, m);
    st = machine_from_yaml(ctx, "again.yaml", yaml, strlen(yaml), &again);
    fuzz_check_status(ctx, st);
    if (st != LOOM_OK)
      fuzz_broken(ctx, "a chip that does not read back");
    if (!text_eq(machine_to_yaml(&ctx->mem, again), yaml))
      fuzz_broken(ctx, "a chip that reads back as another");
    machine_describe(&ctx->mem, m);
    size_t funcs = 0;
    for (size_t i = 0; i < m->perf.n; i++)
      funcs += m->perf.at[i].funcs.n;
    int errors = ctx->diag.errors;
    st = funcs <= CHECKED_FUNCS_MAX ? machine_check(ctx, m) : LOOM_OK;
    if (st == LOOM_OK)
      st = machine_check_units(ctx, m);
    if (st == LOOM_EBUG || (st != LOOM_OK && ctx->diag.errors == errors))
      fuzz_broken(ctx, "a check that fails without a word");
  }
}

/* ---- ETGs ---- */

/* Few enough points for a search without end in sight. */
static bool is_small(const etg_file *e) {
  for (size_t i = 0; i < e->variants.n; i++) {
    double points = 1;
    for (size_t k = 0; k < e->variants.at[i]->symbols.n; k++)
      points *= e->variants.at[i]->symbols.at[k].upper ? (double)e->variants.at[i]->symbols.at[k].upper : 1e9;
    if (points > 1e5)
      return false;
  }
  return e->variants.n < 8;
}

void fuzz_etg(loom_ctx *ctx, const uint8_t *bytes, size_t size) {
  data_value *v, *written, *second, *answers;
  etg_file file, again;
  if (size > FUZZ_BYTES_MAX)
    return;
  loom_status st = data_read_json(ctx, "fuzz.json", arena_strndup(&ctx->mem, (const char *)bytes, size), size, &v);
  if (st == LOOM_OK)
    st = etg_read(ctx, v, &file);
  fuzz_check_status(ctx, st);
  fuzz_compiled += st == LOOM_OK;
  if (st == LOOM_OK) {
    written = etg_write(&ctx->mem, &file);
    if (etg_read(ctx, written, &again) != LOOM_OK)
      fuzz_broken(ctx, "an ETG that does not read back");
    second = etg_write(&ctx->mem, &again);
    if (!text_eq(data_write_json(&ctx->mem, written, 0), data_write_json(&ctx->mem, second, 0)))
      fuzz_broken(ctx, "an ETG that reads back as another");
    bool small = is_small(&file);
    st = etg_resolve(ctx, &file, wormhole());
    fuzz_check_status(ctx, st);
    if (st == LOOM_OK && etg_read(ctx, etg_write(&ctx->mem, &file), &again) != LOOM_OK)
      fuzz_broken(ctx, "a resolved ETG that does not read back");
    if (st == LOOM_OK && small)
      fuzz_check_status(ctx, solve_etg(ctx, v, wormhole(), &(solve_options){.model = MODEL_UPSTREAM, .assigned_double_buffer = -1, .op_budget = 2000}, &answers));
  }
}

/* ---- schedules ---- */

void fuzz_eval(loom_ctx *ctx, const uint8_t *bytes, size_t size) {
  data_value *v, *got, *again;
  if (size > FUZZ_BYTES_MAX)
    return;
  loom_status st = data_read_json(ctx, "fuzz.json", arena_strndup(&ctx->mem, (const char *)bytes, size), size, &v);
  if (st == LOOM_OK)
    st = eval_schedule(ctx, wormhole(), v, 64, &got);
  fuzz_check_status(ctx, st);
  fuzz_compiled += st == LOOM_OK;
  if (st == LOOM_OK) {
    const char *json = data_write_json(&ctx->mem, got, 0);
    st = data_read_json(ctx, "again.json", json, strlen(json), &again);
    if (st != LOOM_OK && st != LOOM_ELIMIT)      /* sums of many calls are deeper than what is read */
      fuzz_broken(ctx, "scenarios that do not read back");
  }
}
