/* Elementwise ops, fills and reductions. */
#include "target/tt/tt_private.h"
#include "base/text.h"
#include <math.h>

/* The dims of the output along which a later product sums: what lies beyond the extents must be zero there. */
static void summed_later(const tt_site *s, bool *along) {
  const tfn_operand *o = tfn_output(s->f);
  const tt_buffer *b = s->buffer[s->f->n_operands - 1];
  for (int d = 0; d < TFN_ITER_MAX; d++)
    along[d] = false;
  for (int d = 0; d < o->rank; d++)
    if (o->iter[d] >= 0 && b->contracted[d])
      along[o->iter[d]] = true;
}

loom_status tt_make_fill(tt_emit *e, tt_site *s) {
  MlirValue active, index = tt_open_tiles(e, s, &active);
  TT_OP0(e, "tile_regs_acquire");
  tt_fill_register(e, 0, s->f->fill);
  tt_close_tiles(e, s, active, index, 0);
  return LOOM_OK;
}

static loom_status make_copy(tt_emit *e, tt_site *s) {
  MlirValue active, index = tt_open_tiles(e, s, &active);
  TT_OP0(e, "tile_regs_acquire");
  tt_copy_in(e, s, 0, tt_tile_index(e, s, 0), 0);
  tt_close_tiles(e, s, active, index, 0);
  return LOOM_OK;
}

static loom_status make_elementwise(tt_emit *e, tt_site *s) {
  bool along[TFN_ITER_MAX];
  int reg;
  MlirValue active, index = tt_open_tiles(e, s, &active);
  TT_OP0(e, "tile_regs_acquire");
  LOOM_TRY(tt_eval_body(e, s, tfn_yielded(s->f), 0, &reg));
  summed_later(s, along);
  LOOM_TRY(tt_mask(e, s, reg, 0, 0.0, along));
  tt_close_tiles(e, s, active, index, reg);
  return LOOM_OK;
}

/* ---- reductions ---- */

typedef struct reduction { const char *stem, *pool; double neutral; MlirValue value; bool negate; } reduction;

static bool is_output(const tfn_function *f, MlirValue v) {
  MlirOperation def = ir_def(v);
  while (ir_op_is(def, "arith.extf") || ir_op_is(def, "arith.truncf"))
    def = ir_def(v = ir_operand(def, 0));
  return mlirValueIsABlockArgument(v) && mlirBlockEqual(mlirBlockArgumentGetOwner(v), ir_body(f->op)) &&
         mlirBlockArgumentGetArgNumber(v) == f->n_operands - 1;
}

/* out = out op value, in either order. */
static bool read_reduction(const tfn_function *f, reduction *r) {
  static const struct { const char *op, *stem, *pool; double neutral; bool negate; } rows[] = {
      {"arith.addf", "add_binary", "PoolType::SUM", 0.0, false},           {"arith.maximumf", "binary_max", "PoolType::MAX", -INFINITY, false},
      {"arith.maxnumf", "binary_max", "PoolType::MAX", -INFINITY, false},  {"arith.minimumf", "binary_min", "PoolType::MAX", INFINITY, true},
      {"arith.minnumf", "binary_min", "PoolType::MAX", INFINITY, true},    {"arith.mulf", "mul_binary", NULL, 1.0, false}};
  MlirOperation op = ir_def(tfn_yielded(f));
  while (ir_op_is(op, "arith.extf") || ir_op_is(op, "arith.truncf"))
    op = ir_def(ir_operand(op, 0));
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    if (!ir_op_is(op, rows[i].op))
      continue;
    int at = is_output(f, ir_operand(op, 0)) ? 0 : 1;
    if (!is_output(f, ir_operand(op, at)))
      return false;
    *r = (reduction){rows[i].stem, rows[i].pool, rows[i].neutral, ir_operand(op, 1 - at), rows[i].negate};
    return true;
  }
  return false;
}

/* Register 0 becomes the elementwise reduction of the tiles. */
static loom_status reduce_tiles(tt_emit *e, tt_site *s, const reduction *r) {
  bool along[TFN_ITER_MAX];
  int reg;
  tt_fill_register(e, 0, r->neutral);
  for (int d = 0; d < s->f->n_iter; d++)
    if (s->f->is_reduction[d])
      s->tile[d] = tt_for(e, tt_tiles(e, s, d), s->roles.at[d] == TT_ROW ? "row" : s->roles.at[d] == TT_COL ? "col" : "part");
  LOOM_TRY(tt_eval_body(e, s, r->value, 1, &reg));
  for (int d = 0; d < TFN_ITER_MAX; d++)
    along[d] = s->f->is_reduction[d];
  LOOM_TRY(tt_mask(e, s, reg, 1, r->neutral, along));
  tt_binary(e, r->stem, 0, reg, 0);
  for (int d = 0; d < s->f->n_iter; d++)
    if (s->f->is_reduction[d])
      tt_end(e);
  return LOOM_OK;
}

/* Register 0, at the end of its section, goes to `n` buffers of one tile. */
static void pack_to(tt_emit *e, const MlirValue *cbs, int n) {
  MlirValue one = tt_int(e, 1), zero = tt_int(e, 0);
  TT_OP0(e, "tile_regs_commit");
  for (int i = 0; i < n; i++)
    tt_cb_op(e, "cb_reserve_back", cbs[i], one);
  TT_OP0(e, "tile_regs_wait");
  for (int i = 0; i < n; i++) {
    TT_OP(e, "pack_reconfig_data_format", cbs[i]);
    TT_OP(e, "pack_tile", zero, cbs[i]);
  }
  TT_OP0(e, "tile_regs_release");
  for (int i = 0; i < n; i++)
    tt_cb_op(e, "cb_push_back", cbs[i], one);
  for (int i = 0; i < n; i++)
    tt_cb_op(e, "cb_wait_front", cbs[i], one);
  TT_OP0(e, "tile_regs_acquire");
}

/* The matrix unit reads f32 with 11 bits.  So that a sum keeps about 16, register 0 goes there as two bf16 tiles: its value rounded, and what that leaves out. */
static void split(tt_emit *e, MlirValue *out_high, MlirValue *out_low) {
  MlirValue whole = tt_cb_value(e, tt_one_tile_cb(e, &e->cb_partial, "partial", "one tile on its way to a reduction", DTYPE_F32));
  *out_high = tt_cb_value(e, tt_one_tile_cb(e, &e->cb_high, "partial_high", "that tile, rounded", DTYPE_BF16));
  *out_low = tt_cb_value(e, tt_one_tile_cb(e, &e->cb_low, "partial_low", "what the rounding left out", DTYPE_BF16));
  pack_to(e, (MlirValue[]){whole, *out_high}, 2);
  tt_copy_tile(e, whole, tt_int(e, 0), tt_int(e, 0));
  tt_copy_tile(e, *out_high, tt_int(e, 0), tt_int(e, 1));
  tt_binary(e, "sub_binary", 0, 1, 0);
  tt_cb_op(e, "cb_pop_front", whole, tt_int(e, 1));
  pack_to(e, out_low, 1);
}

/* Register 0 goes through memory to the reduction along rows, columns or both, and comes back in register 0. */
static loom_status reduce_lanes(tt_emit *e, tt_site *s, const reduction *r, bool rows, bool cols) {
  if (!r->pool)
    LOOM_FAIL(e->ctx, LOOM_NOSPAN, LOOM_EUNSUP, "tile function '%s' multiplies along rows or columns, which Tenstorrent cores have no reduction for", s->f->name);
  const char *templates[] = {r->pool, rows && cols ? "ReduceDim::REDUCE_SCALAR" : cols ? "ReduceDim::REDUCE_ROW" : "ReduceDim::REDUCE_COL"};
  MlirValue ones = tt_cb_value(e, tt_one_tile_cb(e, &e->cb_ones, "ones", "the factors of reductions: 1", DTYPE_BF16)), zero = tt_int(e, 0);
  MlirValue out = s->cb[s->f->n_operands - 1], parts[2];
  bool is_sum = text_eq(r->stem, "add_binary");
  int n = is_sum ? 2 : 1;
  if (r->negate)
    tt_unary(e, "negative", 0);
  if (is_sum) {
    split(e, &parts[0], &parts[1]);
  } else {
    parts[0] = tt_cb_value(e, tt_one_tile_cb(e, &e->cb_extreme, "extremes", "one tile on its way to a maximum", DTYPE_F32));
    e->fpu_reads[e->cb_extreme] = true;
    pack_to(e, parts, 1);
  }
  TT_OP(e, "reconfig_data_format", parts[0], ones);
  tt_set_templates(e, TT_OP(e, "reduce_init", parts[0], ones, out), templates, 2);
  for (int i = 0; i < n; i++)
    tt_set_templates(e, TT_OP(e, "reduce_tile", parts[i], ones, zero, zero, zero), templates, 2);
  TT_OP0(e, "reduce_uninit");
  for (int i = 0; i < n; i++)
    tt_cb_op(e, "cb_pop_front", parts[i], tt_int(e, 1));
  TT_OP(e, "pack_reconfig_data_format", out);
  if (r->negate)
    tt_unary(e, "negative", 0);
  return LOOM_OK;
}

static bool reduces(const tfn_function *f) {
  for (int d = 0; d < f->n_iter; d++)
    if (f->is_reduction[d])
      return true;
  return false;
}

bool tt_starts_from(const tfn_function *f, double fill) {
  reduction r;
  if (f->kind == TFN_MATMUL)
    return fill == 0;
  return f->kind == TFN_GENERIC && reduces(f) && read_reduction(f, &r) && r.pool && fill == r.neutral;
}

static loom_status make_reduction(tt_emit *e, tt_site *s) {
  reduction r;
  if (!read_reduction(s->f, &r))
    LOOM_FAIL(e->ctx, LOOM_NOSPAN, LOOM_EUNSUP, "tile function '%s' reduces with other than a sum, product, maximum or minimum", s->f->name);
  bool rows = s->roles.row >= 0 && s->f->is_reduction[s->roles.row], cols = s->roles.col >= 0 && s->f->is_reduction[s->roles.col];
  MlirValue active, index = tt_open_tiles(e, s, &active);
  TT_OP0(e, "tile_regs_acquire");
  LOOM_TRY(reduce_tiles(e, s, &r));
  if (rows || cols)
    LOOM_TRY(reduce_lanes(e, s, &r, rows, cols));
  if (!s->fresh) {
    tt_copy_in(e, s, s->f->n_operands - 1, tt_int(e, 0), 1);
    tt_binary(e, r.stem, 0, 1, 0);
  }
  tt_close_tiles(e, s, active, index, 0);
  return LOOM_OK;
}

loom_status tt_make_generic(tt_emit *e, tt_site *s) {
  if (ir_op_is(s->f->op, "memref.copy"))
    return make_copy(e, s);
  return reduces(s->f) ? make_reduction(e, s) : make_elementwise(e, s);
}
