/* What lies in a tile beyond the extents: replaced where a sum, a maximum or a product would see it. */
#include "target/tt/tt_private.h"
#include "base/text.h"

MlirValue tt_positions(tt_emit *e, tt_dim along) {
  bool is_col = along == TT_COL;
  return tt_cb_value(e, tt_one_tile_cb(e, is_col ? &e->cb_columns : &e->cb_rows, is_col ? "columns" : "rows", is_col ? "each element's column" : "each element's row", DTYPE_BF16));
}

static bool may_be_ragged(const tt_site *s, int iter) {
  tfn_index x = s->f->extent[iter];
  if (s->roles.at[iter] != TT_ROW && s->roles.at[iter] != TT_COL)
    return false;
  return x.arg < 0 ? x.value % TT_TILE != 0 : s->f->ragged[x.arg];
}

/* The last tile along the dim, where it is not whole. */
static void mask_along(tt_emit *e, tt_site *s, int iter, int at, const int *free, double neutral) {
  MlirValue n = tt_index_value(e, s, s->f->extent[iter]), left = tt_sub(e, n, tt_mul(e, s->tile[iter], tt_int(e, TT_TILE)));
  int mask = free[0], value = free[1];
  tt_comment(e, "beyond the %s", s->roles.at[iter] == TT_COL ? "columns" : "rows");
  tt_if(e, tt_compare(e, "slt", left, tt_int(e, TT_TILE)));
  tt_copy_tile(e, tt_positions(e, s->roles.at[iter]), tt_int(e, 0), tt_int(e, mask));
  TT_OP0(e, "unary_lt_tile_init");
  TT_OP(e, "unary_lt_tile", tt_int(e, mask), TT_VALUE(e, tt_i32(e), "float_bits", NULL, left));
  tt_fill_register(e, value, neutral);
  TT_OP0(e, "where_tile_init");
  tt_set_templates(e, TT_OP(e, "where_tile", tt_int(e, mask), tt_int(e, at), tt_int(e, value), tt_int(e, at)), (const char *[]){"DataFormat::Float32"}, 1);
  tt_end(e);
}

loom_status tt_mask(tt_emit *e, tt_site *s, int at, int first, double neutral, const bool *along) {
  int free[2], n = 0;
  for (int i = first; i < s->capacity && n < 2; i++)
    if (i != at)
      free[n++] = i;
  for (int d = 0; d < s->f->n_iter; d++) {
    if (!along[d] || !may_be_ragged(s, d))
      continue;
    if (n < 2)
      LOOM_FAIL(e->ctx, LOOM_NOSPAN, LOOM_EUNSUP, "tile function '%s' leaves no DST registers for the mask of its ragged edge", s->f->name);
    mask_along(e, s, d, at, free, neutral);
  }
  return LOOM_OK;
}
