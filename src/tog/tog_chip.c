/* What a graph asks of the chip it is to run on: slots inside the L1, and addresses that its network can move between.
 *
 * Alignment.  A DRAM read moves only between addresses that are equal mod A, a write mod an A of its own.  Element i of a box lies at
 *     size * sum((offset_d + i_d) * stride_d)   of its tensor, which starts at a multiple of A, and at
 *     slot + size * (place + sum(i_d * to_stride_d))   of the L1,
 * so all of it is congruent when the first element is, in every slot, and size * (stride_d - to_stride_d) is a multiple of A for each dim of more than
 * one element.  A dim that is contiguous on both sides has a difference of 0: what lies in one piece needs no more than its start. */
#include "tog/tog_points.h"

loom_status tog_check_slots(loom_ctx *ctx, const tog *t, const tog_chip *chip) {
  for (size_t i = 0; i < t->buffers.n; i++) {
    const tog_buffer *b = &t->buffers.at[i];
    int64_t end = b->offset + tog_buffer_span_bytes(b);
    if (end <= chip->l1_bytes)
      continue;
    diag_error(ctx, LOOM_NOSPAN, LOOM_EINPUT, "buffer '%s' is at bytes %" PRId64 "..%" PRId64 " of the L1, but that of '%s' has %" PRId64, b->name, b->offset, end - 1, chip->name,
               chip->l1_bytes);
    diag_help(ctx, "place it lower, give it fewer slots, or choose smaller tiles");
    return LOOM_EINPUT;
  }
  return LOOM_OK;
}

/* ---- alignment ---- */

typedef struct align_check {
  loom_ctx *ctx;
  const tog_chip *chip;
  const tog_node *n;
  const tog_path *path;
  int64_t align;
  tog_levels levels;
  sym_code *offset[TOG_RANK_MAX], *extent[TOG_RANK_MAX], *at[TOG_RANK_MAX];
  int64_t length[TOG_RANK_MAX], stride[TOG_RANK_MAX], to_stride[TOG_RANK_MAX], size;
} align_check;

static int64_t modulo(int64_t a, int64_t by) { return (a % by + by) % by; }

static const char *byte_text(const align_check *c, int64_t byte, const char *of) {
  return arena_printf(&c->ctx->mem, "byte %" PRId64 " of %s (%" PRId64 " mod %" PRId64 ")", byte, of, modulo(byte, c->align), c->align);
}

static void tell(const align_check *c, const int64_t *vars, int64_t dram, int64_t l1, const char *what) {
  arena *m = &c->ctx->mem;
  bool is_load = c->n->kind == TOG_LOAD;
  const char *outside = byte_text(c, dram, arena_printf(m, "'%s'", c->path->t->tensors.at[c->n->box.tensor].name)), *inside = byte_text(c, l1, "the L1");
  diag_warn(c->ctx, LOOM_NOSPAN, "%s %s %s into %s, %s of its box on %s", tog_node_title(m, c->n), is_load ? "reads" : "writes", is_load ? outside : inside,
            is_load ? inside : outside, what, tog_point_text(m, c->path, &c->levels, vars));
  diag_help(c->ctx, "the network of '%s' %s only between addresses that are equal mod %" PRId64 "; choose tiles, or pad rows, to multiples of %" PRId64 " bytes", c->chip->name,
            is_load ? "reads" : "writes", c->align, c->align);
}

/* False: told. */
static bool check_point(void *data, const int64_t *vars) {
  align_check *c = data;
  const tog_box *b = &c->n->box;
  const tog_buffer *buf = &c->path->t->buffers.at[c->n->buffer];
  int64_t dram = 0, place = 0, extent[TOG_RANK_MAX], a = c->align;
  for (int d = 0; d < b->rank; d++) {
    int64_t offset;
    if (!sym_run(c->offset[d], vars, &offset) || !sym_run(c->extent[d], vars, &extent[d]) || extent[d] <= 0 || offset < 0 || offset >= c->length[d])
      return true;                       /* moves nothing, or leaves the tensor, which another check tells */
    dram += offset * c->stride[d] * c->size;
  }
  for (int e = 0; e < buf->rank; e++) {
    int64_t at = 0;
    if ((c->at[e] && !sym_run(c->at[e], vars, &at)) || at < 0 || at >= buf->shape[e])
      return true;
    place = place * buf->shape[e] + at;
  }
  int64_t l1 = buf->offset + place * c->size;
  if (modulo(dram - l1, a) != 0) {
    tell(c, vars, dram, l1, "the first element");
    return false;
  }
  if (buf->depth > 1 && buf->stride % a != 0) {
    tell(c, vars, dram, l1 + buf->stride, "in the second slot the first element");
    return false;
  }
  for (int d = 0; d < b->rank; d++)
    if (extent[d] > 1 && modulo((c->stride[d] - c->to_stride[d]) * c->size, a) != 0) {
      tell(c, vars, dram + c->stride[d] * c->size, l1 + c->to_stride[d] * c->size, arena_printf(&c->ctx->mem, "the second element along dim %d", d));
      return false;
    }
  return true;
}

static loom_status check_node(loom_ctx *ctx, const tog_node *n, const tog_path *path, void *data) {
  const tog_chip *chip = data;
  int64_t align = n->kind == TOG_LOAD ? chip->align_bytes : n->kind == TOG_STORE ? chip->write_align_bytes : 0;
  if (align <= 1)
    return LOOM_OK;
  const tog_tensor *x = &path->t->tensors.at[n->box.tensor];
  if (x->l1_page)                        /* between cores other rules hold */
    return LOOM_OK;
  const tog_buffer *buf = &path->t->buffers.at[n->buffer];
  align_check c = {.ctx = ctx, .chip = chip, .n = n, .path = path, .align = align, .size = (int64_t)dtype_bytes(x->type)};
  int64_t stride = 1;
  for (int d = n->box.rank - 1; d >= 0; d--) {
    c.length[d] = n->box.has_view ? n->box.view_shape[d] : x->shape[d];
    c.stride[d] = n->box.has_view ? n->box.view_stride[d] : stride;
    stride *= n->box.has_view ? 1 : x->shape[d];
    c.to_stride[d] = n->box.to_dim[d] < 0 ? 0 : 1;
    for (int e = n->box.to_dim[d] + 1; n->box.to_dim[d] >= 0 && e < buf->rank; e++)
      c.to_stride[d] *= buf->shape[e];
    LOOM_TRY(tog_compile(ctx, path, n->box.offset[d], &c.offset[d]));
    LOOM_TRY(tog_compile(ctx, path, n->box.extent[d], &c.extent[d]));
    tog_levels_add(path, n->box.offset[d], &c.levels);
    tog_levels_add(path, n->box.extent[d], &c.levels);
  }
  for (int e = 0; e < buf->rank; e++) {
    LOOM_TRY(tog_compile(ctx, path, n->at[e], &c.at[e]));
    tog_levels_add(path, n->at[e], &c.levels);
  }
  tog_levels_close(path, &c.levels);
  tog_visit_points(path, &c.levels, check_point, &c);
  return LOOM_OK;
}

loom_status tog_warn_alignment(loom_ctx *ctx, const tog *t, const tog_chip *chip) {
  return tog_visit_nodes(ctx, t, check_node, (void *)(uintptr_t)chip);
}
