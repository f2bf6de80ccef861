/* Loads and stores of whole tiles. */
#include "target/tt/tt_private.h"
#include "base/text.h"

typedef struct tile_walk { MlirValue page, slot_page; MlirValue var[TOG_RANK_MAX]; } tile_walk;

/* Tiles of the box along buffer dim d. */
static loom_status tiles_along(tt_emit *e, const tog_node *n, int d, MlirValue *out) {
  const tt_buffer *b = &e->buffers[n->buffer];
  *out = tt_int(e, 1);
  for (int k = 0; k < n->box.rank; k++)
    if (n->box.to_dim[k] == d) {
      LOOM_TRY(tt_expr(e, n->box.extent[k], NULL, out));
      if (d == b->row || d == b->col)
        *out = tt_ceildiv(e, *out, TT_TILE);
    }
  return LOOM_OK;
}

static loom_status add_dim(tt_emit *e, const tog_node *n, const tt_box *box, int m, tile_walk *w) {
  const tt_tensor *x = &e->p->tensors.at[n->box.tensor];
  int k = box->box_dim[m], d = n->box.to_dim[k];
  bool along = m == x->row_dim || m == x->col_dim;
  MlirValue at;
  LOOM_TRY(tt_expr(e, n->box.offset[k], NULL, &at));
  if (along)
    at = tt_floordiv(e, at, TT_TILE);
  if (d >= 0)
    at = tt_add(e, at, w->var[d]);
  w->page = tt_add(e, tt_mul(e, w->page, tt_int(e, along ? (x->shape[m] + TT_TILE - 1) / TT_TILE : x->shape[m])), at);
  return LOOM_OK;
}

/* Page of the tensor, and page of the slot, of the tile at loop variables var (by buffer dim). */
static loom_status find_pages(tt_emit *e, const tog_node *n, const tt_box *box, tile_walk *w) {
  const tt_buffer *b = &e->buffers[n->buffer];
  const tt_tensor *x = &e->p->tensors.at[n->box.tensor];
  w->page = w->slot_page = tt_int(e, 0);
  for (int turn = 0; turn < 3; turn++)    /* the other dims, rows, columns */
    for (int m = 0; m < x->rank; m++)
      if ((m == x->row_dim ? 1 : m == x->col_dim ? 2 : 0) == turn)
        LOOM_TRY(add_dim(e, n, box, m, w));
  for (int d = 0; d < b->b->rank; d++) {
    MlirValue at = tt_int(e, 0);
    if (n->at[d]) {
      LOOM_TRY(tt_expr(e, n->at[d], NULL, &at));
      if (d == b->row || d == b->col)
        at = tt_floordiv(e, at, TT_TILE);
    }
    at = tt_add(e, at, w->var[d]);
    w->slot_page = tt_add(e, tt_mul(e, w->slot_page, tt_int(e, b->count[d])), at);
  }
  return LOOM_OK;
}

static loom_status move_tiles(tt_emit *e, const tog_node *n, const tt_box *box, MlirValue l1) {
  const tt_buffer *b = &e->buffers[n->buffer];
  tile_walk w;
  for (int d = 0; d < b->b->rank; d++) {
    MlirValue count;
    LOOM_TRY(tiles_along(e, n, d, &count));
    w.var[d] = tt_for(e, count, d == b->row ? "row" : d == b->col ? "col" : "part");
  }
  LOOM_TRY(find_pages(e, n, box, &w));
  MlirValue accessor = tt_accessor(e, n->box.tensor);
  MlirValue at = tt_add(e, l1, tt_mul(e, w.slot_page, tt_int(e, e->p->cbs.at[b->out_cb].page_bytes)));
  if (n->kind == TOG_LOAD)
    TT_OP(e, "noc_async_read_tile", w.page, accessor, at);
  else
    TT_OP(e, "noc_async_write_tile", w.page, accessor, at);
  for (int d = 0; d < b->b->rank; d++)
    tt_end(e);
  return LOOM_OK;
}

loom_status tt_read_box(tt_emit *e, const tog_node *n, const tt_box *box, MlirValue l1) {
  if (!e->p->tensors.at[n->box.tensor].is_tiled)
    return tt_move_sticks(e, n, box, l1, true);
  LOOM_TRY(move_tiles(e, n, box, l1));
  TT_OP0(e, "noc_async_read_barrier");
  return LOOM_OK;
}

/* What the plan decided for the load. */
static const char *how_shared(const tt_emit *e, const tog_node *n) {
  bool chains = false, casts = false;
  for (int d = 0; d < e->t->n_mesh && n->has_group; d++) {
    bool wide = !sym_equal(n->group.ul[d], n->group.lr[d]);
    chains = chains || (wide && n->group.chain[d]);
    casts = casts || (wide && !n->group.chain[d]);
  }
  return chains && casts ? ": one core reads, multicasts, and its receivers hand on" : chains ? ": one core reads, each hands on to the next" : casts ? ": one core reads and multicasts" : "";
}

loom_status tt_emit_load(tt_emit *e, const tog_node *n, const tt_box *box) {
  const tt_buffer *b = &e->buffers[n->buffer];
  MlirValue cb = tt_cb_value(e, b->cb), pages = tt_int(e, b->pages), when = {NULL};
  tt_comment(e, "%s%s", n->label ? n->label : "load", how_shared(e, n));
  if (n->opens)
    LOOM_TRY(tt_condition(e, n->opens, &when));
  tt_if(e, when);
  tt_cb_op(e, "cb_reserve_back", cb, pages);
  tt_end(e);
  MlirValue l1 = TT_VALUE(e, tt_i32(e), "get_write_ptr", arena_printf(e->mem, "%s_l1", b->b->name), cb);
  if (n->has_group)
    LOOM_TRY(tt_emit_shared(e, n, box, l1));
  else
    LOOM_TRY(tt_read_box(e, n, box, l1));
  when = (MlirValue){NULL};
  if (n->closes)
    LOOM_TRY(tt_condition(e, n->closes, &when));
  tt_if(e, when);
  tt_cb_op(e, "cb_push_back", cb, pages);
  tt_end(e);
  return LOOM_OK;
}

loom_status tt_emit_store(tt_emit *e, const tog_node *n, const tt_box *box) {
  const tt_buffer *b = &e->buffers[n->buffer];
  MlirValue cb = tt_cb_value(e, b->out_cb);
  tt_comment(e, "%s", n->label ? n->label : "store");
  tt_cb_op(e, "cb_wait_front", cb, tt_int(e, b->pages));
  MlirValue l1 = TT_VALUE(e, tt_i32(e), "get_read_ptr", arena_printf(e->mem, "%s_l1", b->b->name), cb);
  if (!e->p->tensors.at[n->box.tensor].is_tiled)
    return tt_move_sticks(e, n, box, l1, false);
  LOOM_TRY(move_tiles(e, n, box, l1));
  TT_OP0(e, "noc_async_write_barrier");
  return LOOM_OK;
}
