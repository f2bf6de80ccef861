/* Upstream's newest processors: X.yaml says what a unit or mover can do and what it costs, the .mlir files beside it what the functions are.
 *   functions: {f: {source: g, ..}}      g: a function of a .mlir file, or one of upstream's templates
 *   performance: {f: [costs]}            one to one */
#include "base/file.h"
#include "base/text.h"
#include "machine/machine_proc.h"

static const char *const templates[] = {
    "matmul_accumulate", "batch_matmul_accumulate", "elementwise_add", "elementwise_mul", "elementwise_sub", "elementwise_div", "elementwise_max", "elementwise_powf",
    "elementwise_cmpf_ogt", "elementwise_select", "elementwise_exp", "elementwise_log", "reduce_last_sum", "reduce_last_max", "copy", "broadcast", "gather"};

/* Members of `keys` and `others` must be the same. */
static loom_status match_keys(loom_ctx *ctx, const data_value *keys, const data_value *others, const char *missing, const char *help) {
  VEC_OF(const char *) names = {0};
  for (size_t i = 0; i < others->n; i++)
    vec_push(&ctx->mem, &names, others->members[i].key);
  for (size_t i = 0; i < keys->n; i++) {
    if (data_get(others, keys->members[i].key))
      continue;
    diag_error(ctx, keys->members[i].key_span, LOOM_EINPUT, missing, keys->members[i].key);
    const char *near = diag_nearest(keys->members[i].key, names.at, names.n);
    if (near)
      diag_help(ctx, "did you mean '%s'?", near);
    else
      diag_help(ctx, help, keys->members[i].key);
    return LOOM_EINPUT;
  }
  return LOOM_OK;
}

static loom_status check_source(loom_ctx *ctx, const data_member *f, const proc_funcs *known) {
  VEC_OF(const char *) names = {0};
  data_value *source;
  LOOM_TRY(data_need(ctx, f->value, "source", DATA_STRING, &source));
  for (size_t i = 0; i < sizeof templates / sizeof *templates; i++)
    vec_push(&ctx->mem, &names, templates[i]);
  for (size_t i = 0; i < known->n; i++)
    vec_push(&ctx->mem, &names, known->at[i].name);
  for (size_t i = 0; i < names.n; i++)
    if (text_eq(names.at[i], source->string))
      return LOOM_OK;
  diag_error(ctx, source->span, LOOM_EINPUT, "the source '%s' of '%s' is no template and in no .mlir file beside this one", source->string, f->key);
  const char *near = diag_nearest(source->string, names.at, names.n);
  if (near)
    diag_help(ctx, "did you mean '%s'?", near);
  return LOOM_EINPUT;
}

bool machine_is_definition(const data_value *v) {
  const data_value *functions = data_get(v, "functions");
  return functions && functions->kind == DATA_OBJECT && data_get(v, "performance");
}

loom_status machine_read_definition(loom_ctx *ctx, const char *path, data_value **out) {
  char *bytes;
  size_t size;
  LOOM_TRY(file_read(ctx, path, MACHINE_FILE_BYTES_MAX, &bytes, &size));
  return data_read_yaml_aliases(ctx, path, bytes, size, out);
}

loom_status machine_add_definition(loom_ctx *ctx, machine *m, const data_value *v, const char *unit, const proc_funcs *known) {
  data_value *functions, *performance;
  if (!machine_is_definition(v))      /* the form before: costs alone */
    return machine_add_perf_tree(ctx, m, v, unit);
  LOOM_TRY(data_need(ctx, v, "functions", DATA_OBJECT, &functions));
  LOOM_TRY(data_need(ctx, v, "performance", DATA_OBJECT, &performance));
  LOOM_TRY(match_keys(ctx, functions, performance, "'%s' has no cost", "add performance.%s"));
  LOOM_TRY(match_keys(ctx, performance, functions, "there is no function '%s' under 'functions'", "add functions.%s"));
  for (size_t i = 0; i < functions->n; i++)
    LOOM_TRY(check_source(ctx, &functions->members[i], known));
  return machine_add_perf_tree(ctx, m, v, unit);
}
