/* The target that takes values as they are typed. */
#include "fuzz.h"
#include "run/run_value.h"
#include <string.h>

/* The first byte chooses what is wanted, the rest is what was typed.  What is read prints, and is read again as the same bytes. */
void fuzz_value(loom_ctx *ctx, const uint8_t *bytes, size_t size) {
  static const struct { const char *element; bool is_scalar; int rank; int64_t shape[2]; } wants[] = {
      {"f32", false, 2, {2, RUN_ANY_SIZE}}, {"i8", false, 1, {RUN_ANY_SIZE}}, {"f8E4M3FN", false, 1, {3}}, {"i1", true, 0, {0}}, {"index", true, 0, {0}}, {"bf16", false, 0, {0}}, {"i64", false, 1, {2}}, {"f64", true, 0, {0}}};
  run_value v, again;
  run_value_type want = {0};
  if (size < 1 || size > 512 || memchr(bytes, '@', size))   /* no files */
    return;
  size_t k = bytes[0] % (sizeof wants / sizeof *wants);
  want = (run_value_type){.is_scalar = wants[k].is_scalar, .rank = wants[k].rank, .shape = {wants[k].shape[0], wants[k].shape[1]}};
  if (!run_element_parse(&ctx->mem, wants[k].element, &want.type))
    fuzz_broken(ctx, "an element type is not known");
  loom_status st = run_value_parse(ctx, "value", arena_strndup(&ctx->mem, (const char *)bytes + 1, size - 1), &want, &v);
  fuzz_check_status(ctx, st);
  if (st == LOOM_OK && v.elems > 0 && v.elems < 1000) {
    const char *printed = run_value_text(&ctx->mem, &v, 1000, true);
    if (run_value_parse(ctx, "value", printed, &want, &again) != LOOM_OK)
      fuzz_broken(ctx, "a value that was printed is not read");
    size_t width = run_element_bytes(&v.type);
    for (int64_t i = 0; i < v.elems; i++) {
      const char *a = (const char *)v.bytes + (size_t)i * width, *b = (const char *)again.bytes + (size_t)i * width;
      bool is_nan = v.type.is_float && run_element_load(&v.type, a) != run_element_load(&v.type, a);
      if (!is_nan && memcmp(a, b, width) != 0)
        fuzz_broken(ctx, "a value that was printed is read as another one");
    }
    fuzz_compiled++;
  }
}
