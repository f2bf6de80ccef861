/* How tensors lie in DRAM: in tiles where every load and store takes whole tiles of the same two dims, else in sticks. */
#include "target/tt/tt_private.h"
#include "base/shape.h"
#include "base/text.h"

typedef struct planning {
  loom_ctx *ctx;
  const tog *t;
  const machine *machine;
  tt_buffer *buffers;
  tt_program *p;
  tt_box *boxes;
  bool *seen;                             /* by tensor: some box was looked at */
} planning;

static int64_t box_size(const tog *t, const tog_box *b, int d) { return b->has_view ? b->view_shape[d] : t->tensors.at[b->tensor].shape[d]; }

static int64_t box_stride(const tog *t, const tog_box *b, int d) {
  if (b->has_view)
    return b->view_stride[d];
  int64_t stride = 1;
  for (int k = d + 1; k < b->rank; k++)
    stride *= t->tensors.at[b->tensor].shape[k];
  return stride;
}

/* Is the view the tensor's own dims in some order?  box_dim gets the view's dim for each of the tensor's. */
static bool shows_own_dims(const tog *t, const tog_box *b, int *box_dim, int64_t *shape) {
  const tog_tensor *x = &t->tensors.at[b->tensor];
  bool taken[TOG_RANK_MAX] = {0};
  int64_t stride = tog_tensor_elems(x);
  if (b->rank != x->rank)
    return false;
  for (int m = 0; m < x->rank; m++) {
    stride = x->shape[m] ? stride / x->shape[m] : 0;
    shape[m] = x->shape[m];
    box_dim[m] = -1;
    for (int d = 0; d < b->rank && box_dim[m] < 0; d++)
      if (!taken[d] && box_size(t, b, d) == x->shape[m] && (x->shape[m] == 1 || box_stride(t, b, d) == stride))
        box_dim[m] = d;
    if (box_dim[m] < 0)
      return false;
    taken[box_dim[m]] = true;
  }
  return true;
}

/* Is the view all elements, reshaped and in another order of dims?  box_dim gets its dims from the slowest to the fastest in memory. */
static bool is_reshaped(const tog *t, const tog_box *b, int *box_dim, int64_t *shape) {
  for (int i = 0; i < b->rank; i++) {
    int at = i;
    for (; at > 0; at--) {                /* by stride; of equal ones (one of them has one element) the longer dim is the faster */
      int before = box_dim[at - 1];
      int64_t have = box_stride(t, b, before), mine = box_stride(t, b, i);
      if (have > mine || (have == mine && (box_size(t, b, before) == 1 || box_size(t, b, i) > 1)))
        break;
      box_dim[at] = before;
    }
    box_dim[at] = i;
  }
  int64_t stride = 1;
  for (int i = b->rank - 1; i >= 0; i--) {
    shape[i] = box_size(t, b, box_dim[i]);
    if (shape[i] != 1 && box_stride(t, b, box_dim[i]) != stride)
      return false;
    stride *= shape[i];
  }
  return stride == tog_tensor_elems(&t->tensors.at[b->tensor]);
}

static tt_dim role_of(const tt_buffer *b, const tog_box *box, int box_dim) {
  int d = box->to_dim[box_dim];
  return d < 0 ? TT_BATCH : b->role[d];
}

static void make_sticks(tt_tensor *x, const machine *m) {
  int64_t align = m->dram_align_bytes > 32 ? m->dram_align_bytes : 32;
  int64_t n = x->rank ? x->shape[x->rank - 1] : 1;
  x->is_tiled = false;
  x->row_dim = x->col_dim = -1;
  x->page_bytes = (n * (int64_t)dtype_bytes(x->type) + align - 1) / align * align;
  x->pages = n ? shape_elements(x->rank, x->shape) / n : 0;
}

static void make_tiles(tt_tensor *x) {
  x->page_bytes = TT_TILE * TT_TILE * (int64_t)dtype_bytes(x->type);
  x->pages = 1;
  for (int d = 0; d < x->rank; d++)
    x->pages *= d == x->row_dim || d == x->col_dim ? (x->shape[d] + TT_TILE - 1) / TT_TILE : x->shape[d];
}

static loom_status are_whole(planning *s, const tog_node *n, const tog_path *path, bool *out) {
  const tt_buffer *b = &s->buffers[n->buffer];
  for (int d = 0; d < n->box.rank && *out; d++) {
    tt_dim role = role_of(b, &n->box, d);
    if (role != TT_ROW && role != TT_COL)
      continue;
    LOOM_TRY(tt_is_multiple(s->ctx, path, n->box.offset[d], TT_TILE, out));
    const sym_expr *at = n->at[n->box.to_dim[d]];
    if (*out && at)
      LOOM_TRY(tt_is_multiple(s->ctx, path, at, TT_TILE, out));
  }
  return LOOM_OK;
}

static loom_status look_at(loom_ctx *ctx, const tog_node *n, const tog_path *path, void *data) {
  planning *s = data;
  (void)ctx;
  if (n->kind != TOG_LOAD && n->kind != TOG_STORE)
    return LOOM_OK;
  tt_tensor *x = &s->p->tensors.at[n->box.tensor];
  tt_box *box = &s->boxes[n->id];
  int64_t shape[TOG_RANK_MAX];
  int row = -1, col = -1;
  box->fits = shows_own_dims(s->t, &n->box, box->box_dim, shape) || is_reshaped(s->t, &n->box, box->box_dim, shape);
  for (int d = 0; d < n->box.rank && box->fits; d++) {
    tt_dim role = role_of(&s->buffers[n->buffer], &n->box, box->box_dim[d]);
    row = role == TT_ROW ? d : row;
    col = role == TT_COL ? d : col;
  }
  if (!s->seen[n->box.tensor] && box->fits) {             /* all boxes must see the tensor in the shape of the first */
    x->rank = n->box.rank;
    memcpy(x->shape, shape, sizeof shape);
  }
  s->seen[n->box.tensor] = true;
  box->fits = box->fits && x->rank == n->box.rank && memcmp(x->shape, shape, (size_t)x->rank * sizeof *shape) == 0;
  bool tiled = box->fits && row >= 0 && col >= 0 && (row < col || (n->kind == TOG_LOAD && s->buffers[n->buffer].can_transpose));
  box->transposed = tiled && row > col;
  int first = row < col ? row : col, second = row < col ? col : row;
  if (tiled)
    LOOM_TRY(are_whole(s, n, path, &tiled));
  if (x->row_dim == -2 && tiled) {        /* the first box of the tensor */
    x->row_dim = first;
    x->col_dim = second;
    x->is_tiled = true;
  } else if (!tiled || !x->is_tiled || x->row_dim != first || x->col_dim != second) {
    x->is_tiled = false;
    x->row_dim = -1;
  }
  return LOOM_OK;
}

loom_status tt_plan_tensors(loom_ctx *ctx, const tog *t, const machine *m, tt_buffer *buffers, tt_program *p, tt_box *boxes) {
  planning s = {.ctx = ctx, .t = t, .machine = m, .buffers = buffers, .p = p, .boxes = boxes, .seen = ARENA_NEW_N(&ctx->mem, bool, t->tensors.n + 1)};
  for (size_t i = 0; i < t->tensors.n; i++) {
    const tog_tensor *from = &t->tensors.at[i];
    tt_tensor x = {.name = from->name, .type = from->type == DTYPE_F16 ? DTYPE_BF16 : from->type, .rank = from->rank, .is_input = from->is_input,
                   .is_output = from->is_output, .row_dim = -2, .col_dim = -2};
    if (x.type != DTYPE_BF16 && x.type != DTYPE_F32)
      LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUNSUP, "tensor '%s' is of %s; Tenstorrent kernels are made for bf16 (which f16 becomes) and f32", x.name, dtype_mlir(x.type));
    if (from->l1_page)
      LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUNSUP, "tensor '%s' lies in the L1 of all cores; programs for Tenstorrent boards have their tensors in DRAM", x.name);
    memcpy(x.shape, from->shape, sizeof x.shape);
    vec_push(&ctx->mem, &p->tensors, x);
  }
  LOOM_TRY(tog_visit_nodes(ctx, t, look_at, &s));
  for (size_t i = 0; i < p->tensors.n; i++) {
    tt_tensor *x = &p->tensors.at[i];
    if (x->is_tiled) {
      make_tiles(x);
      continue;
    }
    make_sticks(x, m);
  }
  return LOOM_OK;
}
