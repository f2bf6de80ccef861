/* Tensors in the cores' L1: what they take, and that nothing else lies there. */
#include "base/text.h"
#include "tog/tog_private.h"

enum { L1_PAGE_MAX = 1 << 20, L1_PLACE_ALIGN = 8 };      /* bytes */
#define L1_PLACE_MAX ((int64_t)1 << 36)

int64_t tog_tensor_l1_bytes(const tog_tensor *t, int64_t cores) {
  int64_t bytes = tog_tensor_elems(t) * (int64_t)dtype_bytes(t->type);
  return t->l1_page ? ((bytes + t->l1_page - 1) / t->l1_page + cores - 1) / cores * t->l1_page : 0;
}

loom_status tog_check_l1_place(loom_ctx *ctx, const tog_tensor *x) {
  if (x->l1_page < 0 || x->l1_page > L1_PAGE_MAX || x->l1_page % L1_PLACE_ALIGN || x->l1_offset < 0 || x->l1_offset > L1_PLACE_MAX || x->l1_offset % L1_PLACE_ALIGN)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EINPUT, "tensor '%s' lies in the L1 in pages of %" PRId64 " bytes from byte %" PRId64 "; pages take 8..2^20 bytes, and both are multiples of 8", x->name,
              x->l1_page, x->l1_offset);
  return LOOM_OK;
}

const char *tog_l1_overlap(arena *m, const tog *t, int64_t cores) {
  for (size_t i = 0; i < t->tensors.n; i++) {
    const tog_tensor *a = &t->tensors.at[i];
    int64_t end = a->l1_offset + tog_tensor_l1_bytes(a, cores);
    for (size_t k = 0; a->l1_page && k < t->buffers.n; k++) {
      const tog_buffer *b = &t->buffers.at[k];
      if (a->l1_offset < b->offset + tog_buffer_span_bytes(b) && b->offset < end)
        return arena_printf(m, "tensor '%s' (bytes %" PRId64 "..%" PRId64 ") and buffer '%s' (%" PRId64 "..%" PRId64 ")", a->name, a->l1_offset, end - 1, b->name, b->offset,
                            b->offset + tog_buffer_span_bytes(b) - 1);
    }
    for (size_t k = 0; a->l1_page && k < i; k++) {
      const tog_tensor *b = &t->tensors.at[k];
      int64_t b_end = b->l1_offset + tog_tensor_l1_bytes(b, cores);
      if (b->l1_page && a->l1_offset < b_end && b->l1_offset < end)
        return arena_printf(m, "tensors '%s' (bytes %" PRId64 "..%" PRId64 ") and '%s' (%" PRId64 "..%" PRId64 ")", b->name, b->l1_offset, b_end - 1, a->name, a->l1_offset, end - 1);
    }
  }
  return NULL;
}

loom_status tog_check_l1_tensors(loom_ctx *ctx, const tog *t, const tog_chip *chip) {
  int64_t cores = chip->cores > 0 ? chip->cores : 1, whole = chip->l1_bytes + chip->l1_reserved_bytes;
  for (size_t i = 0; i < t->tensors.n; i++) {
    const tog_tensor *x = &t->tensors.at[i];
    if (x->l1_page && x->l1_offset + tog_tensor_l1_bytes(x, cores) > whole)
      LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EINPUT, "tensor '%s' is at bytes %" PRId64 "..%" PRId64 " of the L1, but that of '%s' has %" PRId64, x->name, x->l1_offset,
                x->l1_offset + tog_tensor_l1_bytes(x, cores) - 1, chip->name, whole);
  }
  const char *both = tog_l1_overlap(&ctx->mem, t, cores);
  if (both)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EINPUT, "%s share bytes of the L1", both);
  return LOOM_OK;
}
