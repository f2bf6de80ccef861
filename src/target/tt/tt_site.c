/* Tiles of the operands of one op, and the loops over its output's tiles. */
#include "target/tt/tt_private.h"
#include "base/text.h"

MlirValue tt_index_value(tt_emit *e, const tt_site *s, tfn_index i) { return i.arg < 0 ? tt_int(e, i.value) : s->args[i.arg]; }

MlirValue tt_tiles(tt_emit *e, const tt_site *s, int iter) {
  MlirValue n = tt_index_value(e, s, s->f->extent[iter]);
  return s->roles.at[iter] == TT_BATCH ? n : tt_ceildiv(e, n, TT_TILE);
}

MlirValue tt_tile_index(tt_emit *e, const tt_site *s, int operand) {
  const tfn_operand *o = &s->f->operand[operand];
  const tt_buffer *b = s->buffer[operand];
  MlirValue at = tt_int(e, 0);
  for (int d = 0; d < o->rank; d++) {
    MlirValue offset = tt_index_value(e, s, o->offset[d]);
    if (d == b->row || d == b->col)
      offset = tt_floordiv(e, offset, TT_TILE);
    if (o->iter[d] >= 0)
      offset = tt_add(e, offset, s->tile[o->iter[d]]);
    at = tt_add(e, tt_mul(e, at, tt_int(e, b->count[d])), offset);
  }
  return at;
}

void tt_each_run(tt_emit *e, const tt_buffer *b, const MlirValue *first, const MlirValue *count, MlirValue l1, tt_run_fn run, const MlirValue *extra) {
  int rank = b->b->rank, open = rank - 1;
  MlirValue pages = tt_int(e, 1), at = tt_int(e, 0), some = {NULL};
  for (; open >= 0; open--) {             /* dims that are whole make longer runs */
    int64_t c;
    pages = tt_mul(e, pages, count[open]);
    if (!tt_is_int(count[open], &c))
      some = tt_compare(e, "sgt", count[open], tt_int(e, 0));
    if (!tt_is_int(count[open], &c) || c != b->count[open])
      break;
  }
  tt_if(e, some);
  for (int d = 0; d < rank; d++) {
    MlirValue v = first[d];
    if (d < open)
      v = tt_add(e, v, tt_for(e, count[d], d == b->row ? "row" : "part"));
    at = tt_add(e, tt_mul(e, at, tt_int(e, b->count[d])), v);
  }
  int64_t page = e->p->cbs.at[b->out_cb].page_bytes;
  MlirValue bytes = tt_mul(e, pages, tt_int(e, page));
  run(e, tt_add(e, l1, tt_mul(e, at, tt_int(e, page))), bytes, extra);
  for (int d = 0; d < open; d++)
    tt_end(e);
  tt_end(e);
}

/* In place every tile of the slot passes, in the slot's order; those beyond the extents as they are. */
MlirValue tt_open_tiles(tt_emit *e, tt_site *s, MlirValue *out_active) {
  const tfn_operand *o = tfn_output(s->f);
  const tt_buffer *b = s->buffer[s->f->n_operands - 1];
  *out_active = (MlirValue){NULL};
  for (int d = 0; d < o->rank; d++) {
    int it = o->iter[d];
    const char *name = d == b->row ? "row" : d == b->col ? "col" : "batch";
    MlirValue count = it >= 0 ? tt_tiles(e, s, it) : tt_int(e, 1);
    int64_t n;
    bool is_whole = tt_is_int(count, &n) && n == b->count[d];
    MlirValue v = tt_for(e, s->fresh ? count : tt_int(e, b->count[d]), name);
    if (!s->fresh && !is_whole)
      *out_active = tt_both(e, *out_active, tt_compare(e, "slt", v, count));
    if (it >= 0)
      s->tile[it] = v;
  }
  MlirValue index = tt_tile_index(e, s, s->f->n_operands - 1);
  if (!s->fresh)
    tt_cb_op(e, "cb_wait_front", s->cb[s->f->n_operands - 1], tt_int(e, 1));
  if (!mlirValueIsNull(*out_active))
    tt_if(e, *out_active);
  return index;
}

/* Register `reg` is the new tile. */
void tt_close_tiles(tt_emit *e, tt_site *s, MlirValue active, MlirValue index, int reg) {
  MlirValue cb = s->cb[s->f->n_operands - 1], one = tt_int(e, 1);
  TT_OP0(e, "tile_regs_commit");
  if (!s->fresh) {
    tt_cb_op(e, "cb_pop_front", cb, one);
    tt_cb_op(e, "cb_reserve_back", cb, one);
  }
  TT_OP0(e, "tile_regs_wait");
  if (s->fresh)
    tt_set_templates(e, TT_OP(e, "pack_tile", tt_int(e, reg), cb, index), (const char *[]){"true"}, 1);
  else
    TT_OP(e, "pack_tile", tt_int(e, reg), cb);
  TT_OP0(e, "tile_regs_release");
  if (!s->fresh)
    tt_cb_op(e, "cb_push_back", cb, one);
  if (!mlirValueIsNull(active)) {
    tt_else(e);
    tt_cb_op(e, "cb_pop_front", cb, one);
    tt_cb_op(e, "cb_reserve_back", cb, one);
    tt_cb_op(e, "cb_push_back", cb, one);
    tt_end(e);
  }
  for (int d = 0; d < tfn_output(s->f)->rank; d++)
    tt_end(e);
}

/* ---- DST registers ---- */

void tt_unary(tt_emit *e, const char *stem, int reg) {
  tt_op(e, arena_printf(e->mem, "ttkernel.%s_tile_init", stem), NULL, 0);
  tt_op(e, arena_printf(e->mem, "ttkernel.%s_tile", stem), (MlirValue[]){tt_int(e, reg)}, 1);
}

void tt_binary(tt_emit *e, const char *stem, int a, int b, int out) {
  tt_op(e, arena_printf(e->mem, "ttkernel.%s_tile_init", stem), NULL, 0);
  tt_op(e, arena_printf(e->mem, "ttkernel.%s_tile", stem), (MlirValue[]){tt_int(e, a), tt_int(e, b), tt_int(e, out)}, 3);
}

void tt_fill_register(tt_emit *e, int reg, double value) {
  TT_OP0(e, "fill_tile_init");
  TT_OP(e, "fill_tile", tt_int(e, reg), tt_float(e, value));
}

/* How an operand's tile stands to the tiles of the iteration. */
typedef enum layout { SAME, TRANSPOSED, OVER_COLS, OVER_ROWS, OVER_BOTH, BAD } layout;

static layout layout_of(const tt_site *s, int operand) {
  const tfn_operand *o = &s->f->operand[operand];
  const tt_buffer *b = s->buffer[operand];
  int row = b->row >= 0 ? o->iter[b->row] : -1, col = b->col >= 0 ? o->iter[b->col] : -1, R = s->roles.row, C = s->roles.col;
  if (row == R && col == C)
    return b->transposed ? TRANSPOSED : SAME;
  if (row >= 0 && col >= 0)
    return row != C || col != R ? BAD : b->transposed ? SAME : TRANSPOSED;
  if (b->transposed)
    return BAD;
  if (row >= 0)
    return row == R ? OVER_COLS : BAD;
  if (col >= 0)
    return col == C ? OVER_ROWS : BAD;
  return OVER_BOTH;
}

bool tt_can_read(const tt_site *s, int operand) { return layout_of(s, operand) != BAD; }

MlirValue tt_begin_copies(tt_emit *e, MlirValue cb) {
  MlirValue from = tt_exact_cb(e, cb);
  TT_OP(e, "reconfig_data_format_srca", from);
  TT_OP(e, "copy_tile_init", from);
  return from;
}

void tt_copy_tile(tt_emit *e, MlirValue cb, MlirValue index, MlirValue reg) {
  MlirValue from = tt_begin_copies(e, cb);
  TT_OP(e, "copy_tile", from, index, reg);
}

void tt_copy_in(tt_emit *e, tt_site *s, int operand, MlirValue index, int reg) {
  static const char *const bcast[] = {[OVER_COLS] = "BroadcastType::COL", [OVER_ROWS] = "BroadcastType::ROW", [OVER_BOTH] = "BroadcastType::SCALAR"};
  MlirValue cb = s->cb[operand], out = s->cb[s->f->n_operands - 1], at = tt_int(e, reg);
  layout l = layout_of(s, operand);
  if (l == SAME) {
    tt_copy_tile(e, cb, index, at);
    return;
  }
  if (l == TRANSPOSED && s->buffer[operand]->type == DTYPE_F32) {       /* in DST, where all bits are kept */
    tt_copy_tile(e, cb, index, at);
    tt_set_templates(e, TT_OP0(e, "transpose_wh_dest_init_short"), (const char *[]){"true"}, 1);
    tt_set_templates(e, TT_OP(e, "transpose_wh_dest", at), (const char *[]){"true"}, 1);
    return;
  }
  if (l == TRANSPOSED) {
    e->fpu_reads[s->cb_index[operand]] = true;
    TT_OP(e, "reconfig_data_format_srca", cb);
    TT_OP(e, "transpose_wh_init_short", cb);
    TT_OP(e, "transpose_wh_tile", cb, index, at);
    return;
  }
  TT_OP(e, "reconfig_data_format", cb, cb);
  tt_set_templates(e, TT_OP(e, "unary_bcast_init", cb, out), &bcast[l], 1);
  tt_set_templates(e, TT_OP(e, "unary_bcast", cb, index, at), &bcast[l], 1);
}
