#include "run/run.h"
#include "base/text.h"
#include <string.h>

static const char *shape_text(arena *m, int rank, const int64_t *shape) {
  text t = text_new(m);
  text_add(&t, "[");
  for (int d = 0; d < rank; d++)
    text_addf(&t, d ? ", %" PRId64 : "%" PRId64, shape[d]);
  text_add(&t, "]");
  return text_str(&t);
}

loom_status run_load(loom_ctx *ctx, const run_binding *b, npy_array *out) {
  if (!b->array)
    return npy_read(ctx, b->file, out);
  *out = *b->array;
  return LOOM_OK;
}

static npy_array rounded_to(arena *m, const npy_array *a, dtype t) {
  npy_array out = *a;
  out.type = t;
  out.data = arena_array(m, (size_t)a->elems + 1, dtype_bytes(t));
  for (int64_t i = 0; i < a->elems; i++)
    dtype_store(t, (char *)out.data + (size_t)i * dtype_bytes(t), dtype_load(a->type, (const char *)a->data + (size_t)i * dtype_bytes(a->type)));
  return out;
}

loom_status run_read_tensor(loom_ctx *ctx, const run_binding *b, dtype t, int rank, const int64_t *shape, void **out_bytes) {
  npy_array a;
  LOOM_TRY(run_load(ctx, b, &a));
  if (a.type == DTYPE_F32 && (t == DTYPE_BF16 || dtype_is_f8(t)))
    a = rounded_to(&ctx->mem, &a, t);
  if (a.type == DTYPE_U8 && dtype_is_f8(t))   /* its bits */
    a.type = t;
  bool same = a.rank == rank && a.type == t;
  for (int d = 0; same && d < rank; d++)
    same = a.shape[d] == shape[d];
  if (!same)
    LOOM_FAIL(ctx, diag_file_span(ctx, b->file), LOOM_EINPUT, "input '%s' is %s %s; the kernel takes %s %s", b->name, dtype_torch(a.type),
              shape_text(&ctx->mem, a.rank, a.shape), dtype_torch(t), shape_text(&ctx->mem, rank, shape));
  *out_bytes = a.data;
  return LOOM_OK;
}

loom_status run_write_tensor(loom_ctx *ctx, const run_binding *b, dtype t, int rank, const int64_t *shape, const void *bytes) {
  npy_array a = {.type = t, .rank = rank, .elems = 1};
  for (int d = 0; d < rank; d++) {
    a.shape[d] = shape[d];
    a.elems *= shape[d];
  }
  a.data = (void *)(uintptr_t)bytes;
  if (b->kept) {
    *b->kept = a;
    return LOOM_OK;
  }
  return npy_write(ctx, b->file, &a);
}
