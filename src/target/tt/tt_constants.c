/* Tiles of constants that compute kernels use: the reader writes them once. */
#include "target/tt/tt_private.h"

/* value(face, row, col) as bf16 at every element of the tile. */
typedef MlirValue (*value_fn)(tt_emit *e, MlirValue face, MlirValue row, MlirValue col);

static MlirValue bf16(tt_emit *e, MlirValue n) {
  MlirValue bits = TT_VALUE(e, tt_i32(e), "float_bits", NULL, n);
  return ir_build1(&e->b, "arith.shrui", tt_i32(e), 2, (MlirValue[]){bits, tt_int(e, 16)}, 0, NULL);
}

static MlirValue column(tt_emit *e, MlirValue face, MlirValue row, MlirValue col) {
  (void)row;
  return bf16(e, tt_add(e, tt_mul(e, tt_mod(e, face, 2), tt_int(e, TT_FACE)), col));
}

static MlirValue row_number(tt_emit *e, MlirValue face, MlirValue row, MlirValue col) {
  (void)col;
  return bf16(e, tt_add(e, tt_mul(e, tt_floordiv(e, face, 2), tt_int(e, TT_FACE)), row));
}

/* Reductions take their factors from the first row of each face. */
static MlirValue one_in_first_row(tt_emit *e, MlirValue face, MlirValue row, MlirValue col) {
  (void)face;
  (void)col;
  MlirValue first = tt_compare(e, "eq", row, tt_int(e, 0));
  return ir_build1(&e->b, "arith.select", tt_i32(e), 3, (MlirValue[]){first, tt_int(e, 0x3f80), tt_int(e, 0)}, 0, NULL);
}

static void fill(tt_emit *e, int cb, const char *comment, value_fn value) {
  if (cb < 0)
    return;
  MlirValue id = tt_cb_value(e, cb);
  tt_comment(e, "%s", comment);
  tt_cb_op(e, "cb_reserve_back", id, tt_int(e, 1));
  MlirValue p = tt_pointer(e, TT_VALUE(e, tt_i32(e), "get_write_ptr", NULL, id), "uint16_t");
  MlirValue face = tt_for(e, tt_int(e, 4), "face"), row = tt_for(e, tt_int(e, TT_FACE), "row"), col = tt_for(e, tt_int(e, TT_FACE), "col");
  MlirValue at = tt_add(e, tt_mul(e, tt_add(e, tt_mul(e, face, tt_int(e, TT_FACE)), row), tt_int(e, TT_FACE)), col);
  TT_OP(e, "store_to_l1", value(e, face, row, col), p, at);
  for (int i = 0; i < 3; i++)
    tt_end(e);
  tt_cb_op(e, "cb_push_back", id, tt_int(e, 1));
}

void tt_emit_constants(tt_emit *e) {
  fill(e, e->cb_ones, "factors of reductions: 1 in the first row of each face", one_in_first_row);
  fill(e, e->cb_columns, "each element's column, 0 to 31", column);
  fill(e, e->cb_rows, "each element's row, 0 to 31", row_number);
}
