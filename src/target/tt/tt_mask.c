/* What lies in a tile beyond the extents: replaced where a sum, a maximum or a product would see it. */
#include "target/tt/tt_private.h"
#include "base/text.h"

/* A cb that holds one tile of constants, made by the reader. */
static int constant_cb(tt_emit *e, int *cb, const char *name, const char *comment) {
  if (*cb < 0)
    *cb = tt_new_cb(e, name, comment, DTYPE_BF16, TT_TILE * TT_TILE * 2, 1);
  return *cb;
}

static bool may_be_ragged(const tt_site *s, int iter) {
  tt_index x = s->f->extent[iter];
  if (s->roles.at[iter] != TT_ROW && s->roles.at[iter] != TT_COL)
    return false;
  return x.arg < 0 ? x.value % TT_TILE != 0 : s->f->ragged[x.arg];
}

/* The last tile along the dim, where it is not whole. */
static void mask_along(tt_emit *e, tt_site *s, int iter, int at, const int *free, double neutral, MlirValue cb_positions) {
  MlirValue n = tt_index_value(e, s, s->f->extent[iter]), left = tt_sub(e, n, tt_mul(e, s->tile[iter], tt_int(e, TT_TILE)));
  int mask = free[0], value = free[1];
  tt_comment(e, "beyond the %s", s->roles.at[iter] == TT_COL ? "columns" : "rows");
  tt_if(e, tt_compare(e, "slt", left, tt_int(e, TT_TILE)));
  TT_OP(e, "reconfig_data_format_srca", cb_positions);
  TT_OP(e, "copy_tile_init", cb_positions);
  TT_OP(e, "copy_tile", cb_positions, tt_int(e, 0), tt_int(e, mask));
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
    bool is_col = s->roles.at[d] == TT_COL;
    int cb = is_col ? constant_cb(e, &e->cb_columns, "columns", "each element's column") : constant_cb(e, &e->cb_rows, "rows", "each element's row");
    mask_along(e, s, d, at, free, neutral, tt_cb_value(e, cb));
  }
  return LOOM_OK;
}
