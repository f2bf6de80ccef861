/* loom.jobs.v1: {"partitions": 2, "jobs": [{"graph": FILE, "partition": 0, "arrival": 1000, "symbols": {"M": 64}}, ..]}; graphs beside the file. */
#include "base/file.h"
#include "base/text.h"
#include "sim/npu/npu.h"

enum { JOBS_BYTES_MAX = 1 << 20 };

bool npu_is_jobs(const char *bytes, size_t size) {
  static const char word[] = "loom.jobs.v1";
  for (size_t i = 0; i + sizeof word - 1 <= size; i++)
    if (memcmp(bytes + i, word, sizeof word - 1) == 0)
      return true;
  return false;
}

static loom_status read_symbols(loom_ctx *ctx, const data_value *v, npu_job *j) {
  const tile_graph *g = j->graph;
  const data_value *given = data_get(v, "symbols");
  int64_t *values = ARENA_NEW_N(&ctx->mem, int64_t, g->symbols.n);
  if (given)
    LOOM_TRY(data_only_keys(ctx, given, g->symbols.at, g->symbols.n));
  for (size_t i = 0; i < g->symbols.n; i++)
    LOOM_TRY(data_need_int(ctx, given ? given : v, g->symbols.at[i], 0, TILE_GRAPH_VALUE_MAX, &values[i]));
  j->symbols = values;
  j->n_symbols = g->symbols.n;
  return LOOM_OK;
}

static loom_status read_job(loom_ctx *ctx, const char *dir, const data_value *v, int64_t partitions, npu_job *j) {
  static const char *const keys[] = {"graph", "partition", "arrival", "symbols"};
  const char *name;
  tile_graph *g;
  int64_t partition = 0;
  LOOM_TRY(data_only_keys(ctx, v, keys, sizeof keys / sizeof *keys));
  LOOM_TRY(data_need_string(ctx, v, "graph", &name));
  if (data_get(v, "partition"))
    LOOM_TRY(data_need_int(ctx, v, "partition", 0, partitions - 1, &partition));
  if (data_get(v, "arrival"))
    LOOM_TRY(data_need_int(ctx, v, "arrival", 0, TILE_GRAPH_VALUE_MAX, &j->arrival));
  LOOM_TRY(tile_graph_load(ctx, file_join(&ctx->mem, dir, name), &g));
  j->graph = g;
  j->partition = (int)partition;
  return read_symbols(ctx, v, j);
}

loom_status npu_jobs_load(loom_ctx *ctx, const char *path, npu_job **out, int *out_n, int *out_partitions) {
  static const char *const keys[] = {"schema", "partitions", "jobs"};
  char *bytes;
  size_t size;
  data_value *root, *list;
  int64_t partitions = 1;
  LOOM_TRY(file_read(ctx, path, JOBS_BYTES_MAX, &bytes, &size));
  LOOM_TRY(data_read_yaml(ctx, path, bytes, size, &root));
  LOOM_TRY(data_only_keys(ctx, root, keys, sizeof keys / sizeof *keys));
  if (data_get(root, "partitions"))
    LOOM_TRY(data_need_int(ctx, root, "partitions", 1, NPU_JOBS_MAX, &partitions));
  LOOM_TRY(data_need(ctx, root, "jobs", DATA_ARRAY, &list));
  if (list->n < 1 || list->n > NPU_JOBS_MAX)
    LOOM_FAIL(ctx, list->span, LOOM_ELIMIT, "%zu jobs; must be 1..%d", list->n, NPU_JOBS_MAX);
  *out = ARENA_NEW_N(&ctx->mem, npu_job, list->n);
  for (size_t i = 0; i < list->n; i++)
    LOOM_TRY(read_job(ctx, file_dirname(&ctx->mem, path), list->items[i], partitions, &(*out)[i]));
  *out_n = (int)list->n;
  *out_partitions = (int)partitions;
  return LOOM_OK;
}
