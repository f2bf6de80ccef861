/* Lanes of a tile that hold nothing: those behind the end of a range in pad mode, and those of rows that end early in hl.jagged_tile.
 * Clamped tiles have none, so that everything here is the identity there. */
#include "frontend/helion/helion_device.h"
#include "frontend/helion/helion_ops.h"

/* The BLOCK symbol of an open loop that dim `e` is a whole tile of; -1: none. */
static int open_block(const helion_reader *r, const sym_expr *e) {
  int i = helion_symbol_of(r, e);
  return i >= 0 && r->symbols.at[i].kind == KERNEL_SYM_BLOCK && r->symbols.at[i].is_open ? i : -1;
}

/* `mask` with its dims on the places `at` of a value of rank `rank`. */
static kernel_value place_mask(helion_reader *r, const syn_node *n, kernel_value mask, int rank, const int *at) {
  const kernel_type from = *helion_type(r, mask);
  kernel_type to = {.type = DTYPE_BOOL, .rank = rank};
  for (int d = 0; d < rank; d++)
    to.dim[d] = sym_const(r->mem, 1);
  for (int d = 0; d < from.rank; d++)
    to.dim[at[d]] = from.dim[d];
  return helion_same_shape(r, &from, &to) ? mask : helion_emit(r, n, KERNEL_RESHAPE, 1, &mask, &to);
}

static kernel_value both(helion_reader *r, const syn_node *n, kernel_value a, kernel_value b) {
  return a < 0 ? b : b < 0 ? a : helion_fn2(r, n, KERNEL_FN_AND, a, b);
}

/* The mask of a jagged tile on the dims of `t`: its rows are looked for before the lanes at dim `lane`. */
static kernel_value jagged_mask(helion_reader *r, const syn_node *n, kernel_value mask, const kernel_type *t, int lane) {
  const kernel_type m = *helion_type(r, mask);
  int at[KERNEL_RANK_MAX], next = 0;
  at[m.rank - 1] = lane;
  for (int d = 0; d + 1 < m.rank; d++) {
    while (next < lane && !helion_same_size(r, m.dim[d], t->dim[next]))
      next++;
    if (next >= lane) {
      helion_fail(r, n, LOOM_EUNSUP, "keep the dims of the rows before the jagged dim until it is reduced",
                  "a value of shape %s has the lanes of a hl.jagged_tile without its rows", helion_show_shape(r, t));
      return -1;
    }
    at[d] = next++;
  }
  return place_mask(r, n, mask, t->rank, at);
}

static kernel_value lane_mask(helion_reader *r, const syn_node *n, const kernel_type *t, kernel_value mask, unsigned skip_padded, int64_t dims) {
  for (int d = 0; d < t->rank; d++) {
    int b = dims >> d & 1 ? open_block(r, t->dim[d]) : -1;
    if (b < 0)
      continue;
    if (r->symbols.at[b].jagged >= 0)
      mask = both(r, n, mask, jagged_mask(r, n, r->symbols.at[b].jagged, t, d));
    if (!r->symbols.at[b].is_padded || (skip_padded >> d & 1))
      continue;
    kernel_type lanes = {.type = DTYPE_BOOL, .rank = 1, .dim = {t->dim[d]}};
    kernel_value number = r->symbols.at[b].number, valid = helion_emit(r, n, KERNEL_TILE_MASK, 1, &number, &lanes);
    mask = both(r, n, mask, place_mask(r, n, valid, t->rank, &d));
  }
  return mask;
}

kernel_value helion_lane_mask(helion_reader *r, const syn_node *n, const kernel_type *t, kernel_value mask, unsigned skip) {
  return lane_mask(r, n, t, mask, skip, -1);
}

kernel_value helion_lanes_along(helion_reader *r, const syn_node *n, const kernel_type *t, int64_t dims) { return lane_mask(r, n, t, -1, 0, dims); }

/* `dims` and the dims of padded blocks, when some dim of `dims` has lanes that hold nothing; else 0. */
static int64_t masked_dims(const helion_reader *r, const kernel_type *t, int64_t dims) {
  int64_t padded = 0;
  bool is_masked = false;
  for (int d = 0; d < t->rank; d++) {
    int b = open_block(r, t->dim[d]);
    bool is_jagged = b >= 0 && r->symbols.at[b].jagged >= 0;
    if (b < 0 || !(is_jagged || r->symbols.at[b].is_padded))
      continue;
    padded |= is_jagged ? 0 : (int64_t)1 << d;
    is_masked = is_masked || (dims >> d & 1);
  }
  return is_masked ? dims | padded : 0;
}

static kernel_value fill_lanes(helion_reader *r, const syn_node *n, kernel_value v, double value, int64_t dims) {
  const kernel_type t = *helion_type(r, v);
  kernel_value mask = lane_mask(r, n, &t, -1, 0, masked_dims(r, &t, dims));
  if (mask < 0)
    return v;
  kernel_value other = helion_constant(r, n, value, t.type);
  return helion_emit(r, n, KERNEL_SELECT, 3, (kernel_value[]){mask, v, other}, &t);
}

static bool is_constant(const helion_reader *r, kernel_value v) {
  const kernel_op *def = helion_def(r, v);
  return def && def->kind == KERNEL_CONSTANT;
}

/* `v` is a mask node, or one as another type: a cast, or x != 0 as torch.any takes it. */
static bool is_filled(const helion_reader *r, kernel_value v) {
  const kernel_op *def = helion_def(r, v);
  while (def && (def->kind == KERNEL_CAST || (def->kind == KERNEL_BINARY && def->fn == KERNEL_FN_NE && is_constant(r, def->operands[1])))) {
    v = def->operands[0];
    def = helion_def(r, v);
  }
  for (size_t i = 0; i < r->filled.n; i++)
    if (r->filled.at[i] == v)
      return true;
  return false;
}

kernel_value helion_mask_dims(helion_reader *r, const syn_node *n, kernel_value v, double neutral, int64_t dims) {
  return is_filled(r, v) ? v : fill_lanes(r, n, v, neutral, dims);
}

kernel_value helion_mask_to(helion_reader *r, const syn_node *n, kernel_value v, double neutral) { return helion_mask_dims(r, n, v, neutral, -1); }

/* loom.lanes(tile): the numbers of a tile that index as numbers do, not as the tile: under a mask that says which of them are inside. */
helion_value helion_do_loom_lanes(helion_reader *r, const helion_call *c) {
  if (!helion_on_device(r, c->node, c->fn->path))
    return helion_unknown();
  if (c->arg[0].kind != HELION_TILE || c->arg[0].tile.offset)
    return helion_fail(r, c->node, LOOM_EINPUT, "give the variable of a hl.tile loop", "the lanes of %s", helion_describe(r, &c->arg[0]));
  kernel_type t = {.type = DTYPE_I32, .rank = 1, .dim = {helion_tile_dim(r, c->arg[0].tile.block)}};
  kernel_value v = helion_emit(r, c->node, KERNEL_TILE_INDEX, 1, &c->arg[0].tile.number, &t);
  vec_push(r->mem, &r->lanes, v);
  return helion_device(v);
}

/* loom.mask_to(x, value): Helion's mask nodes; what computes with the result takes its lanes as they are. */
helion_value helion_do_loom_mask_to(helion_reader *r, const helion_call *c) {
  kernel_value v;
  double value;
  if (!helion_on_device(r, c->node, c->fn->path) || !helion_as_value(r, c->node, &c->arg[0], DTYPE_F32, &v))
    return helion_unknown();
  if (!helion_arg_number(r, c, 1, &value))
    return helion_fail(r, c->node, LOOM_EINPUT, "give the number that the lanes get", "%s in masked lanes", helion_describe(r, &c->arg[1]));
  kernel_value filled = fill_lanes(r, c->node, v, value, -1);
  if (filled != v)
    vec_push(r->mem, &r->filled, filled);
  return helion_device(filled);
}
