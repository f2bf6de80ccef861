#include "base/ceil.h"
#include "base/text.h"
#include "model/model_private.h"

/* Shape and bytes of one slot at the plan's block sizes. */
static loom_status size_buffer(const modeler *b, const nest_buffer *x, const sym_binding *at, size_t n, plan_buffer *out) {
  *out = (plan_buffer){.name = x->name, .type = model_buffer_type(x, b->accumulate_f32), .rank = x->rank, .depth = 1};
  out->bytes = (int64_t)dtype_bytes(out->type);
  for (int d = 0; d < x->rank; d++) {
    LOOM_TRY(sym_eval(b->ctx, model_bound_iterators(b, x->dim[d]), at, n, &out->shape[d]));
    if (__builtin_mul_overflow(out->bytes, out->shape[d], &out->bytes))
      LOOM_FAIL(b->ctx, LOOM_NOSPAN, LOOM_ELIMIT, "buffer %s: its size in bytes exceeds 64 bits", x->name);
  }
  return LOOM_OK;
}

/* Every buffer is live from the first load to the last store, so all lie side by side. */
loom_status model_layout_l1(loom_ctx *ctx, const nest *n, const machine *mach, plan *p) {
  modeler b = {ctx, n, mach, &p->candidate, MODEL_LOOM, p->accumulate_f32, NULL};
  sym_binding *at = ARENA_NEW_N(&ctx->mem, sym_binding, p->blocks.n);
  for (size_t i = 0; i < p->blocks.n; i++)
    at[i] = (sym_binding){p->blocks.at[i].symbol, p->blocks.at[i].size};
  nest_buffers buffers = {0};
  nest_list_buffers(&ctx->mem, n, false, &buffers);
  int64_t align = mach->l1_align_bytes > 0 ? mach->l1_align_bytes : 1, end = 0;
  p->buffers.n = 0;
  text parts = text_new(&ctx->mem);
  for (size_t i = 0; i < buffers.n; i++) {
    plan_buffer x;
    LOOM_TRY(size_buffer(&b, &buffers.at[i], at, p->blocks.n, &x));
    x.depth = buffers.at[i].kind == NEST_BUFFER_LOAD && p->double_buffer ? 2 : 1;
    x.offset = end;
    if (x.bytes > INT64_MAX / 4 - end)
      LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_ELIMIT, "the buffers' sizes in bytes exceed 64 bits");
    end += x.depth * ceil_to(x.bytes, align);
    text_addf(&parts, "%s%s %" PRId64 " B", i ? " + " : "", x.name, x.depth * ceil_to(x.bytes, align));
    vec_push(&ctx->mem, &p->buffers, x);
  }
  if (end > mach->l1_bytes) {
    diag_error(ctx, LOOM_NOSPAN, LOOM_EINFEASIBLE, "buffers do not fit a core's memory: %s = %" PRId64 " B > L1 %" PRId64 " B", text_str(&parts), end, mach->l1_bytes);
    diag_help(ctx, "choose smaller block sizes%s", p->double_buffer ? " or no double buffering" : "");
    return LOOM_EINFEASIBLE;
  }
  return LOOM_OK;
}
