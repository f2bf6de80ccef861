#include "row_options.h"
#include "base/text.h"
#include <stdlib.h>
#include <string.h>

typedef VEC_OF(helion_shape) shape_list;

static loom_status read_shapes(loom_ctx *ctx, const char *all, shape_list *out) {
  for (const char *p = all; *p;) {
    const size_t name = strcspn(p, "="), whole = strcspn(p, ",");
    const char *v = p + name + 1;
    for (int d = 0; name < whole && v < p + whole; d++) {
      char *end;
      const int64_t size = strtoll(v, &end, 10);
      if (end == v)
        LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EBUG, "'%s' is no list of shapes", all);
      vec_push(&ctx->mem, out, ((helion_shape){arena_printf(&ctx->mem, "%.*s.%d", (int)name, p, d), size}));
      v = end + (*end == 'x');
    }
    p += whole;
    p += *p == ',';
  }
  return LOOM_OK;
}

loom_status row_options(loom_ctx *ctx, const peer_row *r, compile_options *out) {
  shape_list shapes = {0};
  VEC_OF(helion_given) given = {0};
  LOOM_TRY(read_shapes(ctx, r->shapes, &shapes));
  const char *eq = r->argument ? strchr(r->argument, '=') : NULL;
  if (eq)
    vec_push(&ctx->mem, &given, helion_parse_given(&ctx->mem, arena_strndup(&ctx->mem, r->argument, (size_t)(eq - r->argument)), eq + 1));
  *out = (compile_options){.input = r->file, .machine = "host", .model = MODEL_LOOM, .accumulate_f32 = true, .topk = 1, .etg_gen = 3, .threads = 1, .run_threads = 1, .stop_after = COMPILE_TOG,
                           .helion = {.shapes = shapes.at, .n_shapes = shapes.n, .given = given.at, .n_given = given.n, .function = r->function, .has_dtype = true}};
  if (!dtype_parse(r->type, &out->helion.dtype))
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EBUG, "'%s' is no element type", r->type);
  return LOOM_OK;
}
