/* Ranges: no box leaves its tensor (or view) or its slot, on any core in any turn. */
#include "tog/tog_points.h"

typedef struct box_check {
  loom_ctx *ctx;
  const tog_node *n;
  const tog_path *path;
  tog_levels levels;
  sym_code *offset[TOG_RANK_MAX], *extent[TOG_RANK_MAX], *at[TOG_RANK_MAX];
  loom_status status;
} box_check;

static int64_t length_of(const box_check *c, int d) {
  const tog_box *b = &c->n->box;
  return b->has_view ? b->view_shape[d] : c->path->t->tensors.at[b->tensor].shape[d];
}

static int64_t last_of(int64_t first, int64_t extent) { return first > INT64_MAX - extent ? INT64_MAX : first + extent - 1; }

static bool refuse_tensor(box_check *c, const int64_t *vars, int d, int64_t offset, int64_t extent) {
  arena *m = &c->ctx->mem;
  c->status = diag_error(c->ctx, LOOM_NOSPAN, LOOM_EINPUT, "%s moves elements %" PRId64 "..%" PRId64 " of dim %d of %s'%s', which has %" PRId64 ", on %s",
                         tog_node_title(m, c->n), offset, last_of(offset, extent), d, c->n->box.has_view ? "the view of " : "", c->path->t->tensors.at[c->n->box.tensor].name,
                         length_of(c, d), tog_point_text(m, c->path, &c->levels, vars));
  return false;
}

static bool refuse_slot(box_check *c, const int64_t *vars, int to, int64_t at, int64_t extent) {
  arena *m = &c->ctx->mem;
  const tog_buffer *b = &c->path->t->buffers.at[c->n->buffer];
  c->status = diag_error(c->ctx, LOOM_NOSPAN, LOOM_EINPUT, "%s puts elements on %" PRId64 "..%" PRId64 " of dim %d of buffer '%s', which has %" PRId64 ", on %s",
                         tog_node_title(m, c->n), at, last_of(at, extent), to, b->name, b->shape[to], tog_point_text(m, c->path, &c->levels, vars));
  return false;
}

/* Values that cannot be computed, and negative extents, are the simulator's to tell. */
static bool check_point(void *data, const int64_t *vars) {
  box_check *c = data;
  const tog_box *b = &c->n->box;
  const tog_buffer *buf = &c->path->t->buffers.at[c->n->buffer];
  int64_t offset[TOG_RANK_MAX], extent[TOG_RANK_MAX], at[TOG_RANK_MAX] = {0}, size[TOG_RANK_MAX];
  for (int d = 0; d < b->rank; d++)
    if (!sym_run(c->extent[d], vars, &extent[d]) || !sym_run(c->offset[d], vars, &offset[d]) || extent[d] <= 0)
      return true;
  for (int e = 0; e < buf->rank; e++) {
    size[e] = 1;
    if (c->at[e] && !sym_run(c->at[e], vars, &at[e]))
      return true;
  }
  for (int d = 0; d < b->rank; d++) {
    if (offset[d] < 0 || extent[d] > length_of(c, d) || offset[d] > length_of(c, d) - extent[d])
      return refuse_tensor(c, vars, d, offset[d], extent[d]);
    if (b->to_dim[d] >= 0)
      size[b->to_dim[d]] = extent[d];
  }
  for (int e = 0; e < buf->rank; e++)
    if (at[e] < 0 || size[e] > buf->shape[e] || at[e] > buf->shape[e] - size[e])
      return refuse_slot(c, vars, e, at[e], size[e]);
  return true;
}

static loom_status check_node(loom_ctx *ctx, const tog_node *n, const tog_path *path, void *data) {
  (void)data;
  if (n->kind != TOG_LOAD && n->kind != TOG_STORE)
    return LOOM_OK;
  box_check c = {.ctx = ctx, .n = n, .path = path};
  for (int d = 0; d < n->box.rank; d++) {
    LOOM_TRY(tog_compile(ctx, path, n->box.offset[d], &c.offset[d]));
    LOOM_TRY(tog_compile(ctx, path, n->box.extent[d], &c.extent[d]));
    tog_levels_add(path, n->box.offset[d], &c.levels);
    tog_levels_add(path, n->box.extent[d], &c.levels);
  }
  for (int e = 0; n->kind == TOG_LOAD && e < path->t->buffers.at[n->buffer].rank; e++) {
    LOOM_TRY(tog_compile(ctx, path, n->at[e], &c.at[e]));
    tog_levels_add(path, n->at[e], &c.levels);
  }
  tog_levels_close(path, &c.levels);
  tog_visit_points(path, &c.levels, check_point, &c);
  return c.status;
}

loom_status tog_check_ranges(loom_ctx *ctx, const tog *t) { return tog_visit_nodes(ctx, t, check_node, NULL); }
