/* The targets that take the text forms of the meeting points: kernel, nest, plan, tile operation graph.  What is read is written, and read back as
 * the same; its verifier says yes or why not. */
#include "fuzz.h"
#include "base/data.h"
#include "nest/nest.h"
#include "plan/plan.h"
#include "tog/onnx/tile_graph.h"
#include "tog/tog.h"
#include <string.h>

/* Reads `v` as one of the forms and writes it: NULL, it is none (*st). */
typedef const char *form(loom_ctx *ctx, const data_value *v, loom_status *st);

static void run(loom_ctx *ctx, const uint8_t *bytes, size_t size, form *read) {
  data_value *v;
  if (size > FUZZ_BYTES_MAX)
    return;
  loom_status st = data_read_json(ctx, "fuzz.json", arena_strndup(&ctx->mem, (const char *)bytes, size), size, &v);
  const char *written = st == LOOM_OK ? read(ctx, v, &st) : NULL;
  fuzz_check_status(ctx, st);
  if (written) {
    fuzz_compiled++;
    const char *second;
    if (data_read_json(ctx, "again.json", written, strlen(written), &v) != LOOM_OK || !(second = read(ctx, v, &st)))
      fuzz_broken(ctx, "what was written does not read back");
    else if (!text_eq(written, second))
      fuzz_broken(ctx, "what was written reads back as another");
  }
}

static const char *read_kernel(loom_ctx *ctx, const data_value *v, loom_status *st) {
  kernel_graph *k;
  *st = kernel_from_data(ctx, v, &k);
  if (*st == LOOM_OK)
    *st = kernel_verify_input(ctx, k);
  return *st == LOOM_OK ? data_write_json(&ctx->mem, kernel_to_data(&ctx->mem, k), 0) : NULL;
}

static const char *read_nest(loom_ctx *ctx, const data_value *v, loom_status *st) {
  nest *n;
  *st = nest_from_data(ctx, v, &n);
  return *st == LOOM_OK ? data_write_json(&ctx->mem, nest_to_data(&ctx->mem, n), 0) : NULL;
}

static const char *read_plan(loom_ctx *ctx, const data_value *v, loom_status *st) {
  plan *p;
  *st = plan_from_data(ctx, v, &p);
  return *st == LOOM_OK ? data_write_json(&ctx->mem, plan_to_data(&ctx->mem, p), 0) : NULL;
}

static const char *read_tog(loom_ctx *ctx, const data_value *v, loom_status *st) {
  tog *t;
  *st = tog_from_data(ctx, v, &t);
  if (*st != LOOM_OK)
    return NULL;
  const char *written = data_write_json(&ctx->mem, tog_to_data(&ctx->mem, t), 0);
  fuzz_check_status(ctx, tog_verify(ctx, t));
  return written;
}

static const char *read_tiles(loom_ctx *ctx, const data_value *v, loom_status *st) {
  tile_graph *g;
  *st = tile_graph_from_data(ctx, "fuzz.json", v, &g);
  return *st == LOOM_OK ? data_write_json(&ctx->mem, tile_graph_to_data(&ctx->mem, g), 0) : NULL;
}

void fuzz_kernel(loom_ctx *ctx, const uint8_t *bytes, size_t size) { run(ctx, bytes, size, read_kernel); }
void fuzz_nest(loom_ctx *ctx, const uint8_t *bytes, size_t size) { run(ctx, bytes, size, read_nest); }
void fuzz_plan(loom_ctx *ctx, const uint8_t *bytes, size_t size) { run(ctx, bytes, size, read_plan); }
void fuzz_tog(loom_ctx *ctx, const uint8_t *bytes, size_t size) { run(ctx, bytes, size, read_tog); }
void fuzz_tiles(loom_ctx *ctx, const uint8_t *bytes, size_t size) { run(ctx, bytes, size, read_tiles); }

/* The container of upstream's tile graphs; a graph that is read has a text form, which is read too. */
void fuzz_tile_graph(loom_ctx *ctx, const uint8_t *bytes, size_t size) {
  tile_graph *g, *again;
  if (size > FUZZ_BYTES_MAX)
    return;
  loom_status st = tile_graph_read(ctx, "fuzz.onnx", arena_strndup(&ctx->mem, (const char *)bytes, size), size, &g);
  fuzz_check_status(ctx, st);
  fuzz_compiled += st == LOOM_OK;
  if (st == LOOM_OK && tile_graph_from_data(ctx, "again.json", tile_graph_to_data(&ctx->mem, g), &again) == LOOM_EBUG)
    fuzz_broken(ctx, "an internal error on the text form of a graph");
}
