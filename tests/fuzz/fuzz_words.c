/* Good files edited word by word (fuzz_edit.h), and the Device IR and kernel graphs that kernel files become. */
#include "fuzz.h"
#include "fuzz_edit.h"
#include "base/file.h"
#include "frontend/device_ir/device_ir.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct sheet { const char *path; pieces word; } sheet;
typedef VEC_OF(sheet) sheets;

/* ---- texts that are made of kernels ---- */
static void read_dump(loom_ctx *ctx, const uint8_t *bytes, size_t size) {
  kernel_graph *k = NULL;
  loom_status st = device_ir_read(ctx, "fuzz.json", arena_strndup(&ctx->mem, (const char *)bytes, size), size, NULL, &k);
  fuzz_check(ctx, st, k);
}

static void read_kernel(loom_ctx *ctx, const uint8_t *bytes, size_t size) {
  data_value *v;
  kernel_graph *k = NULL;
  loom_status st = data_read_json(ctx, "fuzz.json", arena_strndup(&ctx->mem, (const char *)bytes, size), size, &v);
  if (st == LOOM_OK)
    st = kernel_from_data(ctx, v, &k);
  if (st == LOOM_OK && kernel_is_open(k)) {   /* guards that an edit made contradict the sizes: calls are refused, one by one */
    if (kernel_verify(ctx, k) != LOOM_OK)
      fuzz_broken(ctx, "a graph that does not verify");
  } else {
    fuzz_check(ctx, st, k);
  }
}

/* The kernel of a Python file as Device IR or as kernel graph; NULL: there is none. */
static const char *text_of(loom_ctx *ctx, const char *source, size_t size, bool as_graph) {
  syn_node *tree;
  kernel_graph *k;
  const char *const *names, *dump;
  size_t n;
  helion_options o = fuzz_options(&ctx->mem, source, size);
  if (python_parse(ctx, "fuzz.py", source, size, &tree) != LOOM_OK)
    return NULL;
  if (!o.function && helion_list(ctx, tree, &names, &n) == LOOM_OK && n > 0)
    o.function = names[0];
  if (helion_read(ctx, tree, &o, &k) != LOOM_OK)
    return NULL;
  if (as_graph)
    return data_write_json(&ctx->mem, kernel_to_data(&ctx->mem, k), 1);
  return device_ir_write(ctx, k, &dump) == LOOM_OK ? dump : NULL;
}

void fuzz_words(fuzz_made_of from, fuzz_target *run, uint64_t seed, long n, const char *const *paths, int n_paths) {
  loom_ctx ctx;
  sheets files = {0};
  pieces all = {0};
  rng r = rng_new(seed);
  const bool makes = from != FUZZ_FILES;
  loom_ctx_init(&ctx);
  for (int i = 0; i < n_paths; i++) {
    char *read;
    size_t size;
    sheet file = {.path = paths[i]};
    if (file_read(&ctx, paths[i], 1 << 20, &read, &size) != LOOM_OK || (!makes && size > FUZZ_BYTES_MAX))
      continue;
    const char *s = makes ? text_of(&ctx, read, size, from == FUZZ_GRAPHS) : read;
    fuzz_split(&ctx.mem, s ? s : "", s ? strlen(s) : 0, &file.word);
    fuzz_split(&ctx.mem, s ? s : "", s ? strlen(s) : 0, &all);
    if (file.word.n)
      vec_push(&ctx.mem, &files, file);
  }
  for (long k = 0; k < n && files.n; k++) {
    arena_mark mark = arena_save(&ctx.mem);
    const sheet *file = &files.at[(size_t)(rng_next(&r) % files.n)];
    size_t size;
    const char *s = fuzz_edit(&ctx.mem, &r, &file->word, &all, &size);
    if (getenv("LOOM_FUZZ_SHOW"))
      fprintf(stderr, "---- %ld: %s\n%s", k, file->path, s);
    fuzz_run(from == FUZZ_DUMPS ? read_dump : from == FUZZ_GRAPHS ? read_kernel : run, (const uint8_t *)s, size);
    arena_release(&ctx.mem, mark);
  }
  loom_ctx_done(&ctx);
}
