/* A command of loom for a point, and what it said as a row. */
#include "base/diag_lines.h"
#include "base/text.h"
#include "sweep/sweep.h"
#include <string.h>

const char *const *sweep_words(arena *m, const sweep *s, const sweep_point *p) {
  VEC_OF(const char *) out = {0};
  vec_push(m, &out, s->command);
  vec_push(m, &out, p->path);
  vec_push(m, &out, "--json");
  vec_push(m, &out, "--error-format=json");
  vec_push(m, &out, "--progress=none");
  const struct { const char *name, *value; } given[] = {{"function", p->function}, {"shape", p->shape}, {"dtype", p->dtype}, {"machine", p->machine}};
  for (size_t i = 0; i < sizeof given / sizeof *given; i++)
    if (*given[i].value)
      vec_push(m, &out, arena_printf(m, "--%s=%s", given[i].name, given[i].value));
  for (size_t i = 0; i < p->option.n; i++)
    vec_push(m, &out, p->option.at[i].value ? arena_printf(m, "--%s=%s", p->option.at[i].name, p->option.at[i].value) : arena_printf(m, "--%s", p->option.at[i].name));
  vec_push(m, &out, NULL);
  return out.at;
}

/* ---- columns ---- */

/* Members of a summary that are another time or another place each time. */
static bool is_of_this_run(const char *key) {
  static const char *const keys[] = {"stages", "peak_rss_bytes", "seconds", "ms", "plan_from", "recorded", "output_dir", "artifacts", "cache", "solver_ms", "tuning"};
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
    if (strcmp(keys[i], key) == 0)
      return true;
  return false;
}

static void drop_what_changes(data_value *v) {
  size_t kept = 0;
  if (v->kind == DATA_ARRAY)
    for (size_t i = 0; i < v->n; i++)
      drop_what_changes(v->items[i]);
  if (v->kind != DATA_OBJECT)
    return;
  for (size_t i = 0; i < v->n; i++)
    if (!is_of_this_run(v->members[i].key)) {
      drop_what_changes(v->members[i].value);
      v->members[kept++] = v->members[i];
    }
  v->n = kept;
}

/* {"tile_m": 64, "tile_n": 32} -> "tile_m=64 tile_n=32" */
static const char *pairs(arena *m, const data_value *v) {
  text t = text_new(m);
  for (size_t i = 0; v && v->kind == DATA_OBJECT && i < v->n; i++)
    text_addf(&t, "%s%s=%s", i ? " " : "", v->members[i].key, data_write_json(m, v->members[i].value, 0));
  return text_str(&t);
}

loom_status sweep_row_of(loom_ctx *ctx, int exit_code, const char *output, size_t output_size, const char *messages, size_t messages_size, sweep_row *out) {
  arena *m = &ctx->mem;
  data_value *v = NULL;
  *out = (sweep_row){exit_code, "", -1, -1, -1, -1, -1, "", "", "", "", -1, ""};
  if (exit_code)
    out->error = diag_first_error(ctx, messages, messages_size);
  while (output_size && strchr(" \n", output[output_size - 1]))
    output_size--;
  if (output_size == 0)
    return LOOM_OK;
  LOOM_TRY(data_read_json(ctx, "<output>", output, output_size, &v));
  drop_what_changes(v);
  const data_value *plan = data_get(v, "plan"), *check = data_get(v, "check"), *ok = data_get(check, "ok");
  out->predicted_cycles = data_get_int(v, "predicted_cycles", -1);
  out->lower_bound = data_get_int(v, "lower_bound", -1);
  out->simulated_cycles = data_get_int(v, "simulated_cycles", -1);
  out->l1_bytes = data_get_int(v, "l1_bytes", -1);
  out->dram_bytes = data_get_int(v, "dram_bytes", -1);
  out->proof = data_get_string(v, "proof", "");
  out->mapping = data_get_string(plan, "mapping", "");
  out->loop_order = data_get_string(plan, "loop_order", "");
  out->block_sizes = pairs(m, data_get(plan, "block_sizes"));
  out->check_ok = ok && ok->kind == DATA_BOOL ? ok->boolean : -1;
  out->summary = data_write_json(m, v, 0);
  return LOOM_OK;
}

/* ---- between processes ---- */

/* X(field): in the order of the struct */
#define NUMBERS(X) X(exit_code) X(predicted_cycles) X(lower_bound) X(simulated_cycles) X(l1_bytes) X(dram_bytes)
#define TEXTS(X) X(error) X(proof) X(mapping) X(loop_order) X(block_sizes) X(summary)

data_value *sweep_row_to_data(arena *m, const sweep_row *r) {
  data_value *v = data_object(m);
#define X(f) data_set_int(m, v, #f, r->f);
  NUMBERS(X)
#undef X
#define X(f) data_set_string(m, v, #f, r->f);
  TEXTS(X)
#undef X
  data_set_int(m, v, "check_ok", r->check_ok);
  return v;
}

loom_status sweep_row_from_data(loom_ctx *ctx, const data_value *v, sweep_row *out) {
  int64_t ok;
#define X(f) LOOM_TRY(data_need_int(ctx, v, #f, INT64_MIN, INT64_MAX, &out->f));
  NUMBERS(X)
#undef X
#define X(f) LOOM_TRY(data_need_string(ctx, v, #f, &out->f));
  TEXTS(X)
#undef X
  LOOM_TRY(data_need_int(ctx, v, "check_ok", -1, 1, &ok));
  out->check_ok = (int)ok;
  return LOOM_OK;
}
