/* Products: blocks of the output in DST, summed over the inner tiles. */
#include "target/tt/tt_private.h"
#include "base/text.h"

/* The largest divisor of n that is at most `most`. */
static int64_t block_of(int64_t n, int64_t most) {
  for (int64_t b = n < most ? n : most; b > 1; b--)
    if (n % b == 0)
      return b;
  return 1;
}

/* Tiles along an output dim that is whole at every point: 0 when it may be fewer. */
static int64_t whole_tiles(const tt_site *s, int iter) {
  tfn_index x = s->f->extent[iter];
  return x.arg < 0 ? (x.value + TT_TILE - 1) / TT_TILE : 0;
}

typedef struct product {
  int m, n, k;                            /* iteration dims */
  int64_t rows, cols;                     /* of a block */
  MlirValue inner, stride_n, transpose;   /* tiles of k, between rows of in1, 0 or 1 */
} product;

static void multiply(tt_emit *e, tt_site *s, const product *x, MlirValue row, MlirValue col) {
  MlirValue ct = tt_int(e, x->cols), rt = tt_int(e, x->rows), zero = tt_int(e, 0);
  const tt_buffer *a = s->buffer[0];
  MlirValue kt = tt_int(e, a->count[a->col]);
  TT_OP(e, "reconfig_data_format", s->cb[1], s->cb[0]);
  TT_OP(e, "mm_block_init_short", s->cb[0], s->cb[1], x->transpose, ct, rt, kt);
  s->tile[x->m] = row;
  s->tile[x->n] = col;
  s->tile[x->k] = tt_for(e, x->inner, "k");
  TT_OP(e, "matmul_block", s->cb[0], s->cb[1], tt_tile_index(e, s, 0), tt_tile_index(e, s, 1), zero, x->transpose, ct, rt, kt);
  tt_end(e);
}

static void open_batches(tt_emit *e, tt_site *s) {
  for (int d = 0; d < s->f->n_iter; d++)
    if (s->roles.at[d] == TT_BATCH)
      s->tile[d] = tt_for(e, tt_tiles(e, s, d), "batch");
}

static void close_batches(tt_emit *e, const tt_site *s) {
  for (int d = 0; d < s->f->n_iter; d++)
    if (s->roles.at[d] == TT_BATCH)
      tt_end(e);
}

/* A sum of nothing is 0: no product puts it there. */
static void zero_empty_sum(tt_emit *e, const product *x) {
  int64_t n;
  if (tt_is_int(x->inner, &n) && n > 0)
    return;
  tt_if(e, tt_compare(e, "sle", x->inner, tt_int(e, 0)));
  for (int64_t r = 0; r < x->rows * x->cols; r++)
    tt_fill_register(e, (int)r, 0);
  tt_end(e);
}

/* Blocks in any order, into an empty slot. */
static void make_fresh(tt_emit *e, tt_site *s, const product *x) {
  const tt_buffer *o = s->buffer[2];
  open_batches(e, s);
  MlirValue row = tt_mul(e, tt_for(e, tt_floordiv(e, tt_tiles(e, s, x->m), x->rows), "row_block"), tt_int(e, x->rows));
  MlirValue col = tt_mul(e, tt_for(e, tt_floordiv(e, tt_tiles(e, s, x->n), x->cols), "col_block"), tt_int(e, x->cols));
  TT_OP0(e, "tile_regs_acquire");
  zero_empty_sum(e, x);
  multiply(e, s, x, row, col);
  TT_OP0(e, "tile_regs_commit");
  TT_OP0(e, "tile_regs_wait");
  for (int64_t r = 0; r < x->rows; r++)
    for (int64_t c = 0; c < x->cols; c++) {
      s->tile[x->m] = row;
      s->tile[x->n] = col;
      MlirValue at = tt_add(e, tt_tile_index(e, s, 2), tt_int(e, r * o->count[o->col] + c));
      MlirOperation pack = TT_OP(e, "pack_tile", tt_int(e, r * x->cols + c), s->cb[2], at);
      tt_set_templates(e, pack, (const char *[]){"true"}, 1);
    }
  TT_OP0(e, "tile_regs_release");
  tt_end(e);
  tt_end(e);
  close_batches(e, s);
}

/* The output's tiles pass through DST in their order: taken from the front, given back behind. */
static void make_in_place(tt_emit *e, tt_site *s, const product *x) {
  MlirValue active = {NULL}, width = tt_int(e, x->cols), tiles[TOG_RANK_MAX];
  const tt_buffer *o = s->buffer[2];
  const tfn_operand *out = tfn_output(s->f);
  for (int d = 0; d < out->rank; d++) {
    int it = out->iter[d];
    bool is_col = it == x->n;
    MlirValue v = tt_for(e, tt_int(e, is_col ? o->count[d] / x->cols : o->count[d]), is_col ? "col_block" : it == x->m ? "row" : "batch");
    tiles[d] = is_col ? tt_mul(e, v, width) : v;
    if (it >= 0) {
      s->tile[it] = tiles[d];
      int64_t n;
      MlirValue count = tt_tiles(e, s, it);
      if (!tt_is_int(count, &n) || n < o->count[d])
        active = tt_both(e, active, tt_compare(e, "slt", tiles[d], count));
    }
  }
  MlirValue row = s->tile[x->m], col = s->tile[x->n];
  tt_if(e, active);
  tt_cb_op(e, "cb_wait_front", s->cb[2], width);
  TT_OP0(e, "tile_regs_acquire");
  if (!e->options.l1_accumulate) {
    MlirValue from = tt_begin_copies(e, s->cb[2]);
    for (int64_t c = 0; c < x->cols; c++)
      TT_OP(e, "copy_tile", from, tt_int(e, c), tt_int(e, c));
  }
  tt_cb_op(e, "cb_pop_front", s->cb[2], width);
  multiply(e, s, x, row, col);
  TT_OP0(e, "tile_regs_commit");
  tt_cb_op(e, "cb_reserve_back", s->cb[2], width);
  TT_OP0(e, "tile_regs_wait");
  if (e->options.l1_accumulate)           /* the reserved tiles are those just popped, with the sums so far */
    TT_OP(e, "pack_reconfig_l1_acc", tt_int(e, 1));
  for (int64_t c = 0; c < x->cols; c++)
    TT_OP(e, "pack_tile", tt_int(e, c), s->cb[2]);
  if (e->options.l1_accumulate)
    TT_OP(e, "pack_reconfig_l1_acc", tt_int(e, 0));
  TT_OP0(e, "tile_regs_release");
  tt_cb_op(e, "cb_push_back", s->cb[2], width);
  if (!mlirValueIsNull(active)) {
    tt_else(e);
    tt_cb_op(e, "cb_wait_front", s->cb[2], width);
    tt_cb_op(e, "cb_pop_front", s->cb[2], width);
    tt_cb_op(e, "cb_reserve_back", s->cb[2], width);
    tt_cb_op(e, "cb_push_back", s->cb[2], width);
  }
  tt_end(e);
  for (int d = 0; d < out->rank; d++)
    tt_end(e);
}

loom_status tt_make_matmul(tt_emit *e, tt_site *s) {
  const tfn_function *f = s->f;
  const tfn_operand *a = &f->operand[0], *out = tfn_output(f);
  product x = {.m = a->iter[a->rank - 2], .n = out->iter[out->rank - 1], .k = f->k_iter};
  const tt_buffer *o = s->buffer[2];
  if (x.m < 0 || x.n < 0 || out->iter[out->rank - 2] != x.m)
    LOOM_FAIL(e->ctx, LOOM_NOSPAN, LOOM_EUNSUP, "tile function '%s' is a product of other than rows with columns", f->name);
  int64_t rows = whole_tiles(s, x.m), cols = whole_tiles(s, x.n);
  x.cols = block_of(cols ? cols : 1, s->capacity);
  x.rows = s->fresh ? block_of(rows ? rows : 1, s->capacity / x.cols) : 1;
  if (!s->fresh && o->count[o->col] % x.cols)
    x.cols = 1;
  x.inner = tt_tiles(e, s, x.k);
  x.transpose = tt_int(e, f->transpose_b != s->buffer[1]->transposed);
  if (f->transpose_b)
    x.cols = 1;                           /* in1's tiles of a row are not neighbours */
  if (s->fresh)
    make_fresh(e, s, &x);
  else
    make_in_place(e, s, &x);
  e->fpu_reads[s->cb_index[0]] = e->fpu_reads[s->cb_index[1]] = true;
  return LOOM_OK;
}
