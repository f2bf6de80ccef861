/* The file: 8 bytes with the length of a header, the header in JSON, then the bytes of all tensors. */
#include "base/data.h"
#include "weights/weights.h"
#include "weights/weights_private.h"
#include <string.h>

enum { LENGTH_BYTES = 8 };

static bool type_of(const char *name, dtype *out) {
  static const struct { const char *name; dtype type; } types[] = {{"F64", DTYPE_F64}, {"F32", DTYPE_F32}, {"F16", DTYPE_F16}, {"BF16", DTYPE_BF16}, {"I64", DTYPE_I64}, {"I32", DTYPE_I32}, {"I16", DTYPE_I16},
                                                                   {"I8", DTYPE_I8}, {"U8", DTYPE_U8}, {"BOOL", DTYPE_BOOL}, {"F8_E4M3", DTYPE_F8E4M3}, {"F8_E5M2", DTYPE_F8E5M2}};
  for (size_t i = 0; i < sizeof types / sizeof *types; i++)
    if (!strcmp(types[i].name, name)) {
      *out = types[i].type;
      return true;
    }
  return false;
}

static loom_status read_shape(loom_ctx *ctx, const data_value *shape, weight *w, uint64_t *bytes) {
  if (shape->n > WEIGHT_RANK_MAX)
    LOOM_FAIL(ctx, shape->span, LOOM_ELIMIT, "'%s' has %zu dims; at most %d are read", w->name, shape->n, WEIGHT_RANK_MAX);
  w->rank = (int)shape->n;
  for (int d = 0; d < w->rank; d++) {
    const data_value *v = shape->items[d];
    if (v->kind != DATA_INT || v->integer < 0 || __builtin_mul_overflow(*bytes, (uint64_t)v->integer, bytes))
      LOOM_FAIL(ctx, v->span, LOOM_EINPUT, "dim %d of '%s' is no size that a file can hold", d, w->name);
    w->shape[d] = v->integer;
  }
  return LOOM_OK;
}

static loom_status read_range(loom_ctx *ctx, const data_value *at, const unsigned char *data, uint64_t size, weight *w) {
  if (at->n != 2 || at->items[0]->kind != DATA_INT || at->items[1]->kind != DATA_INT)
    LOOM_FAIL(ctx, at->span, LOOM_EINPUT, "the data_offsets of '%s' are to be two numbers", w->name);
  int64_t from = at->items[0]->integer, to = at->items[1]->integer;
  if (from < 0 || to < from || (uint64_t)to > size)
    LOOM_FAIL(ctx, at->span, LOOM_EINPUT, "bytes %" PRId64 " to %" PRId64 " of '%s' leave the file, which has %" PRIu64 " behind its header", from, to, w->name, size);
  w->bytes = data + from;
  w->size = (uint64_t)(to - from);
  return LOOM_OK;
}

static loom_status read_tensor(loom_ctx *ctx, const data_member *m, const unsigned char *data, uint64_t size, weight *w) {
  static const char *const keys[] = {"dtype", "shape", "data_offsets"};
  const char *type;
  data_value *shape, *at;
  uint64_t bytes;
  *w = (weight){.name = m->key};
  if (m->value->kind != DATA_OBJECT)
    LOOM_FAIL(ctx, m->value->span, LOOM_EINPUT, "'%s' is to be an object with dtype, shape and data_offsets", m->key);
  LOOM_TRY(data_only_keys(ctx, m->value, keys, 3));
  LOOM_TRY(data_need_string(ctx, m->value, "dtype", &type));
  LOOM_TRY(data_need(ctx, m->value, "shape", DATA_ARRAY, &shape));
  LOOM_TRY(data_need(ctx, m->value, "data_offsets", DATA_ARRAY, &at));
  w->is_typed = type_of(type, &w->type);
  bytes = w->is_typed ? dtype_bytes(w->type) : 1;
  LOOM_TRY(read_shape(ctx, shape, w, &bytes));
  LOOM_TRY(read_range(ctx, at, data, size, w));
  if (w->is_typed && w->size != bytes)
    LOOM_FAIL(ctx, m->value->span, LOOM_EINPUT, "'%s' has %" PRIu64 " bytes; its type and shape take %" PRIu64, m->key, w->size, bytes);
  return LOOM_OK;
}

loom_status weights_read_safetensors(loom_ctx *ctx, const char *path, const unsigned char *bytes, size_t size, weights *out) {
  loom_span span = diag_file_span(ctx, path);
  uint64_t header = size < LENGTH_BYTES ? 0 : weights_number(bytes, LENGTH_BYTES), used = 0;
  data_value *all;
  *out = (weights){.path = path};
  if (size < LENGTH_BYTES || header > size - LENGTH_BYTES)
    LOOM_FAIL(ctx, span, LOOM_EINPUT, "not a .safetensors file: its header of %" PRIu64 " bytes leaves the file, which is %zu bytes", header, size);
  LOOM_TRY(data_read_json(ctx, path, (const char *)bytes + LENGTH_BYTES, (size_t)header, &all));
  if (all->kind != DATA_OBJECT)
    LOOM_FAIL(ctx, span, LOOM_EINPUT, "the header is to be an object by tensor names; it is %s", data_kind_name(all->kind));
  uint64_t rest = size - LENGTH_BYTES - header;
  for (size_t i = 0; i < all->n; i++) {
    weight w;
    if (!strcmp(all->members[i].key, "__metadata__"))
      continue;
    LOOM_TRY(read_tensor(ctx, &all->members[i], bytes + LENGTH_BYTES + header, rest, &w));
    used += w.size;
    vec_push(&ctx->mem, &out->all, w);
  }
  if (used != rest)
    LOOM_FAIL(ctx, span, LOOM_EINPUT, "the tensors take %" PRIu64 " bytes; %" PRIu64 " are behind the header: the file is cut or not what its header says", used, rest);
  return LOOM_OK;
}
