/* Coverage: every element of an output is written once.
 *
 * The boxes of all stores to a tensor cut each dim into intervals; each cell of the grid of intervals is then inside a box or outside of it as a whole.
 * Regular tiles are one cell each, so the grid is as small as the number of tiles, whatever their size. */
#include "tog/tog_points.h"
#include "base/text.h"
#include <stdlib.h>
#include <string.h>

enum { BOXES_MAX = 1 << 16, CELLS_MAX = 1 << 20 };

typedef struct cover_box { const tog_node *n; int64_t lo[TOG_RANK_MAX], hi[TOG_RANK_MAX], vars[TOG_MESH_MAX]; } cover_box;

typedef struct cover {
  loom_ctx *ctx;
  const tog *t;
  int tensor;
  const tog_box *space;                  /* whose dims the boxes are in; NULL: no store yet */
  bool is_known;                         /* all boxes are in the list */
  VEC_OF(cover_box) boxes;
  int64_t *cuts[TOG_RANK_MAX];
  int64_t n_cuts[TOG_RANK_MAX], step[TOG_RANK_MAX];   /* cells per step of an interval of the dim */
  int32_t *owner;                        /* by cell: 1 + the box that writes it */
} cover;

/* ---- boxes ---- */

static int64_t length_of(const cover *c, int d) { return c->space->has_view ? c->space->view_shape[d] : c->t->tensors.at[c->tensor].shape[d]; }

static bool is_same_space(const tog_box *a, const tog_box *b) {
  if (a->has_view != b->has_view || a->rank != b->rank)
    return false;
  return !a->has_view || (memcmp(a->view_shape, b->view_shape, (size_t)a->rank * sizeof *a->view_shape) == 0 &&
                          memcmp(a->view_stride, b->view_stride, (size_t)a->rank * sizeof *a->view_stride) == 0);
}

/* Two places of the view are never one element: taken by rising stride, each stride is longer than all dims before it reach. */
static bool is_one_to_one(const tog_box *b) {
  bool used[TOG_RANK_MAX] = {false};
  int64_t reach = 0;
  for (int i = 0; b->has_view && i < b->rank; i++) {
    int best = -1;
    for (int d = 0; d < b->rank; d++)
      if (!used[d] && (best < 0 || b->view_stride[d] < b->view_stride[best] || (b->view_stride[d] == b->view_stride[best] && b->view_shape[d] < b->view_shape[best])))
        best = d;
    used[best] = true;
    if (b->view_shape[best] > 1 && b->view_stride[best] <= reach)
      return false;
    reach += (b->view_shape[best] - 1) * b->view_stride[best];
  }
  return true;
}

typedef struct store_points { cover *c; const tog_node *n; const tog_path *path; sym_code *offset[TOG_RANK_MAX], *extent[TOG_RANK_MAX]; } store_points;

static bool add_box(void *data, const int64_t *vars) {
  store_points *p = data;
  cover_box b = {.n = p->n};
  for (int d = 0; d < p->n->box.rank; d++) {
    int64_t extent;
    int64_t length = length_of(p->c, d);
    if (!sym_run(p->offset[d], vars, &b.lo[d]) || !sym_run(p->extent[d], vars, &extent) || extent <= 0 || b.lo[d] < 0 || extent > length || b.lo[d] > length - extent)
      return true;                       /* writes nothing, or leaves the tensor, which another check tells */
    b.hi[d] = b.lo[d] + extent;
  }
  memcpy(b.vars, vars, (size_t)p->path->n_mesh * sizeof *vars);
  if (p->c->boxes.n == BOXES_MAX)
    return false;
  vec_push(&p->c->ctx->scratch, &p->c->boxes, b);
  return true;
}

static loom_status add_store(loom_ctx *ctx, const tog_node *n, const tog_path *path, void *data) {
  cover *c = data;
  if (n->kind != TOG_STORE || n->box.tensor != c->tensor || !c->is_known)
    return LOOM_OK;
  store_points p = {.c = c, .n = n, .path = path};
  tog_levels all = {.vary = {false}};
  for (int i = 0; i < path->n; i++)
    all.vary[i] = true;
  for (int d = 0; d < n->box.rank; d++) {
    LOOM_TRY(tog_compile(ctx, path, n->box.offset[d], &p.offset[d]));
    LOOM_TRY(tog_compile(ctx, path, n->box.extent[d], &p.extent[d]));
  }
  c->space = c->space ? c->space : &n->box;
  c->is_known = is_same_space(c->space, &n->box) && is_one_to_one(&n->box) && !n->box.has_lookup && tog_visit_points(path, &all, add_box, &p);
  return LOOM_OK;
}

/* ---- the grid ---- */

static int compare(const void *a, const void *b) {
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return (x > y) - (x < y);
}

/* False: too many cells. */
static bool make_grid(cover *c) {
  int64_t cells = 1;
  for (int d = c->space->rank - 1; d >= 0; d--) {
    int64_t n = 0, kept = 0, *at = ARENA_NEW_N(&c->ctx->scratch, int64_t, 2 * c->boxes.n + 2);
    at[n++] = 0;
    at[n++] = length_of(c, d);
    for (size_t i = 0; i < c->boxes.n; i++) {
      at[n++] = c->boxes.at[i].lo[d];
      at[n++] = c->boxes.at[i].hi[d];
    }
    qsort(at, (size_t)n, sizeof *at, compare);
    for (int64_t i = 0; i < n; i++)
      if (i == 0 || at[i] != at[kept - 1])
        at[kept++] = at[i];
    c->cuts[d] = at;
    c->n_cuts[d] = kept;
    c->step[d] = cells;
    cells *= kept - 1;                   /* at most CELLS_MAX times 2 * BOXES_MAX + 1 */
    if (cells > CELLS_MAX)
      return false;
  }
  c->owner = ARENA_NEW_N(&c->ctx->scratch, int32_t, cells);
  return true;
}

static int64_t interval_of(const cover *c, int d, int64_t at) {
  int64_t lo = 0, hi = c->n_cuts[d] - 1;
  while (lo < hi) {
    int64_t mid = (lo + hi) / 2;
    if (c->cuts[d][mid] < at)
      lo = mid + 1;
    else
      hi = mid;
  }
  return lo;
}

static const char *element_text(arena *m, const cover *c, int64_t cell) {
  text t = text_new(m);
  for (int d = 0; d < c->space->rank; d++) {
    text_addf(&t, d ? ", %" PRId64 : "%" PRId64, c->cuts[d][cell / c->step[d]]);
    cell %= c->step[d];
  }
  return arena_printf(m, "[%s]%s", text_str(&t), c->space->has_view ? " of its view" : "");
}

static loom_status refuse_twice(const cover *c, int64_t cell, const cover_box *first, const cover_box *second) {
  arena *m = &c->ctx->mem;
  return diag_error(c->ctx, LOOM_NOSPAN, LOOM_EINPUT, "element %s of output '%s' is written twice: by %s on %s and by %s on %s", element_text(m, c, cell),
                    c->t->tensors.at[c->tensor].name, tog_node_title(m, first->n), tog_core_text(m, c->t, first->vars), tog_node_title(m, second->n),
                    tog_core_text(m, c->t, second->vars));
}

/* Puts all boxes in the grid: a step a cell, as the second box of a cell is refused. */
static loom_status mark_boxes(cover *c) {
  for (size_t i = 0; i < c->boxes.n; i++) {
    const cover_box *b = &c->boxes.at[i];
    int64_t from[TOG_RANK_MAX], to[TOG_RANK_MAX], at[TOG_RANK_MAX], cell = 0;
    for (int d = 0; d < c->space->rank; d++) {
      at[d] = from[d] = interval_of(c, d, b->lo[d]);
      to[d] = interval_of(c, d, b->hi[d]);
      cell += from[d] * c->step[d];
    }
    for (;;) {
      if (c->owner[cell])
        return refuse_twice(c, cell, &c->boxes.at[c->owner[cell] - 1], b);
      c->owner[cell] = (int32_t)i + 1;
      int d = c->space->rank - 1;
      for (; d >= 0; d--) {
        cell += c->step[d];
        if (++at[d] < to[d])
          break;
        cell -= (at[d] - from[d]) * c->step[d];
        at[d] = from[d];
      }
      if (d < 0)
        break;
    }
  }
  return LOOM_OK;
}

static int64_t box_elems(const cover *c, const cover_box *b) {
  int64_t p = 1;
  for (int d = 0; d < c->space->rank; d++)
    p *= b->hi[d] - b->lo[d];
  return p;
}

/* Tiles: of the size of the largest box. */
static int64_t count_tiles(const cover *c) {
  const cover_box *largest = &c->boxes.at[0];
  int64_t n = 1;
  for (size_t i = 1; i < c->boxes.n; i++)
    if (box_elems(c, &c->boxes.at[i]) > box_elems(c, largest))
      largest = &c->boxes.at[i];
  for (int d = 0; d < c->space->rank; d++) {
    int64_t size = largest->hi[d] - largest->lo[d];
    n *= (length_of(c, d) + size - 1) / size;
  }
  return n;
}

static loom_status check_sum(const cover *c) {
  const tog_tensor *x = &c->t->tensors.at[c->tensor];
  int64_t written = 0, missing = 0, all = tog_tensor_elems(x);
  for (size_t i = 0; i < c->boxes.n; i++)
    written += box_elems(c, &c->boxes.at[i]);
  if (written >= all)
    return LOOM_OK;
  if (c->boxes.n == 0)
    return diag_error(c->ctx, LOOM_NOSPAN, LOOM_EINPUT, "0 of %" PRId64 " elements of output '%s' are written; no store to it ever moves anything", all, x->name);
  while (c->owner[missing])              /* there is one: all of a view that is smaller than the tensor counts as written */
    if (++missing == c->step[0] * (c->n_cuts[0] - 1))
      return diag_error(c->ctx, LOOM_NOSPAN, LOOM_EINPUT, "%" PRId64 " of %" PRId64 " elements of output '%s' are written: %s sees it through a view of fewer elements", written, all,
                        x->name, tog_node_title(&c->ctx->mem, c->boxes.at[0].n));
  return diag_error(c->ctx, LOOM_NOSPAN, LOOM_EINPUT, "%zu of %" PRId64 " tiles of output '%s' written, %" PRId64 " of %" PRId64 " elements; the first missing one is %s", c->boxes.n,
                    count_tiles(c), x->name, written, all, element_text(&c->ctx->mem, c, missing));
}

static loom_status check_tensor(loom_ctx *ctx, const tog *t, int tensor) {
  cover c = {.ctx = ctx, .t = t, .tensor = tensor, .is_known = true};
  LOOM_TRY(tog_visit_nodes(ctx, t, add_store, &c));
  if (!c.is_known)
    return LOOM_OK;
  if (c.boxes.n > 0) {
    if (c.space->rank == 0)
      return c.boxes.n == 1 ? LOOM_OK : diag_error(ctx, LOOM_NOSPAN, LOOM_EINPUT, "output '%s' is written %zu times", t->tensors.at[tensor].name, c.boxes.n);
    if (!make_grid(&c))
      return LOOM_OK;
    LOOM_TRY(mark_boxes(&c));
  }
  return check_sum(&c);
}

loom_status tog_check_coverage(loom_ctx *ctx, const tog *t) {
  loom_status st = LOOM_OK;
  for (size_t i = 0; st == LOOM_OK && i < t->tensors.n; i++) {
    arena_mark mark = arena_save(&ctx->scratch);
    if (t->tensors.at[i].is_output && !t->tensors.at[i].is_kept)
      st = check_tensor(ctx, t, (int)i);
    arena_release(&ctx->scratch, mark);
  }
  return st;
}
