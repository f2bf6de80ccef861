/* The files beside the container: addresses, pins, sparse tiles. */
#include "base/file.h"
#include "base/text.h"
#include "tog/onnx/tile_graph_private.h"
#include <stdlib.h>

static loom_status read_addresses(loom_ctx *ctx, tile_graph *g, const data_value *v) {
  data_value *info;
  if (!data_get(v, "address_info"))
    return LOOM_OK;
  LOOM_TRY(data_need(ctx, v, "address_info", DATA_OBJECT, &info));
  for (size_t i = 0; i < info->n; i++) {
    const data_value *a = info->members[i].value;
    if (a->kind != DATA_INT || a->integer < 0 || a->integer > INT64_MAX / 2)
      LOOM_FAIL(ctx, a->span, LOOM_EINPUT, "the address of '%s' is %s; expected a whole number, 0..2^62-1", info->members[i].key, a->kind == DATA_INT ? "out of range" : data_kind_name(a->kind));
    for (size_t t = 0; t < g->tensors.n; t++)
      if (text_eq(g->tensors.at[t].name, info->members[i].key)) {
        g->tensors.at[t].base = a->integer;
        g->tensors.at[t].is_placed = true;
      }
  }
  return LOOM_OK;
}

/* Keys are numbers of work items, in the order the outer loops run; values that are no whole number are not pins. */
static loom_status read_pins(loom_ctx *ctx, tile_graph *g, const data_value *v) {
  data_value *map;
  if (!data_get(v, "subgraph_map"))
    return LOOM_OK;
  LOOM_TRY(data_need(ctx, v, "subgraph_map", DATA_OBJECT, &map));
  for (size_t i = 0; i < map->n; i++) {
    char *end;
    long long item = strtoll(map->members[i].key, &end, 10);
    if (!*map->members[i].key || *end || item < 0)
      LOOM_FAIL(ctx, map->members[i].key_span, LOOM_EINPUT, "'%s' is no work item; expected a number as key", map->members[i].key);
    const data_value *core = map->members[i].value;
    if (core->kind != DATA_INT || core->integer < -1 || core->integer > 65535)
      LOOM_FAIL(ctx, core->span, LOOM_EINPUT, "work item %lld is given to a core that is %s; expected a core's number, 0..65535, or -1 for any", item,
                core->kind == DATA_INT ? "out of range" : data_kind_name(core->kind));
    if (core->integer >= 0)
      vec_push(&ctx->mem, &g->pins, ((tile_pin){item, core->integer}));
  }
  return LOOM_OK;
}

loom_status tile_graph_set_addresses(loom_ctx *ctx, tile_graph *g, const data_value *v) {
  if (v->kind != DATA_OBJECT)
    LOOM_FAIL(ctx, v->span, LOOM_EINPUT, "the address file is %s; expected {\"address_info\": {tensor: address}}", data_kind_name(v->kind));
  LOOM_TRY(read_addresses(ctx, g, v));
  return read_pins(ctx, g, v);
}

static int by_value(const void *a, const void *b) {
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return (x > y) - (x < y);
}

/* int64 numbers, little endian. */
static loom_status read_sparse(loom_ctx *ctx, tile_graph *g, const char *path) {
  char *bytes;
  size_t size;
  if (!file_exists(path))
    return LOOM_OK;
  LOOM_TRY(file_read(ctx, path, (size_t)64 << 20, &bytes, &size));
  for (size_t i = 0; i + 8 <= size; i += 8) {
    int64_t v;
    memcpy(&v, bytes + i, 8);
    vec_push(&ctx->mem, &g->sparse, v);
  }
  if (g->sparse.n)
    qsort(g->sparse.at, g->sparse.n, sizeof *g->sparse.at, by_value);
  return LOOM_OK;
}

/* Room for each that no other has: 2^32 apart, above all given addresses. */
static void place_others(loom_ctx *ctx, tile_graph *g, loom_span span) {
  const int64_t apart = INT64_C(1) << 32;
  int64_t next = 0;
  size_t n = 0;
  for (size_t t = 0; t < g->tensors.n; t++)
    if (g->tensors.at[t].is_placed && g->tensors.at[t].base / apart >= next)
      next = g->tensors.at[t].base / apart + 1;
  for (size_t t = 0; t < g->tensors.n; t++)
    if (!g->tensors.at[t].is_placed) {
      g->tensors.at[t].base = next++ * apart;
      n++;
    }
  if (!n)
    return;
  diag_warn(ctx, span, "%zu tensor(s) have no address; they are put 4 GiB apart", n);
  diag_help(ctx, "addresses come from a JSON file of the same name beside the graph: {\"address_info\": {\"arg0\": 268435456}}");
}

bool tile_graph_is_text(const char *bytes, size_t size) {
  static const char schema[] = "\"loom.tile_graph.v1\"";
  return memmem(bytes, size < TILE_GRAPH_SCHEMA_WITHIN ? size : TILE_GRAPH_SCHEMA_WITHIN, schema, strlen(schema)) != NULL;
}

static loom_status load_container(loom_ctx *ctx, const char *path, const char *bytes, size_t size, const char *dir, tile_graph **out) {
  arena *mem = &ctx->mem;
  data_value *v;
  LOOM_TRY(tile_graph_read(ctx, path, bytes, size, out));
  const char *json = file_join(mem, dir, arena_printf(mem, "%s.json", file_stem(mem, path)));
  if (!file_exists(json))
    return LOOM_OK;
  LOOM_TRY(data_read_json_file(ctx, json, (size_t)16 << 20, &v));
  return tile_graph_set_addresses(ctx, *out, v);
}

loom_status tile_graph_load(loom_ctx *ctx, const char *path, tile_graph **out) {
  char *bytes;
  size_t size;
  data_value *v;
  arena *mem = &ctx->mem;
  LOOM_TRY(file_read(ctx, path, TILE_GRAPH_BYTES_MAX, &bytes, &size));
  const char *dir = file_dirname(mem, path);
  if (tile_graph_is_text(bytes, size)) {
    LOOM_TRY(data_read_json(ctx, path, bytes, size, &v));
    LOOM_TRY(tile_graph_from_data(ctx, path, v, out));
  } else
    LOOM_TRY(load_container(ctx, path, bytes, size, dir, out));
  place_others(ctx, *out, diag_file_span(ctx, path));
  const char *above = file_join(mem, dir, "..");
  (*out)->index_dir = file_join(mem, above, "indirect_access");
  return read_sparse(ctx, *out, file_join(mem, above, "dma_access/sparse_tile.raw"));
}
