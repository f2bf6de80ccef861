/* hl.rand, hl.rand4x, hl.randint: Philox4x32-10 with the element's place in the whole logical range as counter, so that tiles of any size
 * draw the same numbers (helion.md 1.3). */
#include "frontend/helion/helion_call.h"
#include "frontend/helion/helion_device.h"
#include "frontend/helion/helion_ops.h"

/* The extent of the whole dim that `dim` is a tile of, and its indices as i64 [dim]. */
static bool logical_dim(helion_reader *r, const helion_call *c, const sym_expr *dim, helion_value *index, const sym_expr **extent) {
  int b = helion_block_of(r, dim);
  kernel_value v;
  if (b >= 0 && r->symbols.at[b].is_open) {
    const helion_symbol *s = &r->symbols.at[b];
    helion_value tile = {.kind = HELION_TILE, .tile = {s->number, b, NULL, s->range_end, NULL}};
    *extent = s->range_end;
    if (!helion_as_value(r, c->node, &tile, DTYPE_I32, &v))
      return false;
  } else {
    kernel_type t = {.type = DTYPE_I64, .rank = 1, .dim = {dim}};
    *extent = dim;
    v = helion_emit(r, c->node, KERNEL_IOTA, 0, NULL, &t);
    helion_def(r, v)->ivalue = 1;
  }
  *index = helion_device(helion_cast(r, c->node, v, DTYPE_I64));
  return true;
}

/* Row-major place of every element of `shape` in its logical range. */
static bool offsets_of(helion_reader *r, const helion_call *c, const kernel_type *shape, const helion_value *items, kernel_value *out) {
  helion_value sum = helion_int(r, 0);
  const sym_expr *stride = sym_const(r->mem, 1);
  (void)items;
  for (int d = shape->rank - 1; d >= 0; d--) {
    helion_value index;
    const sym_expr *extent;
    if (!logical_dim(r, c, shape->dim[d], &index, &extent))
      return false;
    kernel_type place = {.type = DTYPE_I64, .rank = shape->rank - d};
    for (int i = 0; i < place.rank; i++)
      place.dim[i] = i ? sym_const(r->mem, 1) : helion_type(r, index.device)->dim[0];
    if (place.rank > 1)
      index = helion_device(helion_emit(r, c->node, KERNEL_RESHAPE, 1, &index.device, &place));
    helion_value scaled = helion_apply2(r, c->node, KERNEL_FN_MUL, index, helion_size(stride));
    sum = sum.kind == HELION_DEVICE ? helion_apply2(r, c->node, KERNEL_FN_ADD, scaled, sum) : scaled;
    stride = sym_mul(r->mem, stride, extent);
  }
  if (sum.kind != HELION_DEVICE && !helion_as_value(r, c->node, &sum, DTYPE_I64, out))
    return false;
  if (sum.kind == HELION_DEVICE)
    *out = sum.device;
  *out = helion_broadcast(r, c->node, helion_cast(r, c->node, *out, DTYPE_I64), shape);
  return true;
}

static bool draw(helion_reader *r, const helion_call *c, int shape_arg, int seed_arg, int offsets_arg, kernel_value *offset, kernel_value *seed) {
  kernel_type shape;
  bool has_offsets = offsets_arg >= 0 && c->given[offsets_arg] && c->arg[offsets_arg].kind != HELION_NONE;
  if (!helion_on_device(r, c->node, c->fn->path) || !helion_as_value(r, c->node, &c->arg[seed_arg], DTYPE_I64, seed) ||
      !helion_arg_shape(r, c, &c->arg[shape_arg], &shape))
    return false;
  *seed = helion_cast(r, c->node, *seed, DTYPE_I64);
  shape.type = DTYPE_I64;
  if (!has_offsets)
    return offsets_of(r, c, &shape, &c->arg[shape_arg], offset);
  if (!helion_as_value(r, c->node, &c->arg[offsets_arg], DTYPE_I64, offset))
    return false;
  *offset = helion_cast(r, c->node, *offset, DTYPE_I64);
  return true;
}

static kernel_value philox(helion_reader *r, const helion_call *c, int word, kernel_value offset, kernel_value seed) {
  kernel_type t = *helion_type(r, offset);
  t.type = DTYPE_I32;
  kernel_value v = helion_emit(r, c->node, KERNEL_BINARY, 2, (kernel_value[]){offset, seed}, &t);
  helion_def(r, v)->fn = (kernel_fn)(KERNEL_FN_PHILOX0 + word);
  return v;
}

/* Triton's uint_to_uniform_float: f32(c < 0 ? -c - 1 : c) * 4.6566127342e-10, in [0, 1). */
static helion_value uniform(helion_reader *r, const helion_call *c, kernel_value word) {
  const syn_node *n = c->node;
  helion_value w = helion_device(word), zero = helion_int(r, 0);
  helion_value negative = helion_apply2(r, n, KERNEL_FN_LT, w, zero);
  kernel_value flipped = helion_fn1(r, n, KERNEL_FN_INVERT, word);   /* -c - 1 */
  kernel_type t = *helion_type(r, word);
  kernel_value magnitude = helion_emit(r, n, KERNEL_SELECT, 3, (kernel_value[]){negative.device, flipped, word}, &t);
  return helion_apply2(r, n, KERNEL_FN_MUL, helion_device(helion_cast(r, n, magnitude, DTYPE_F32)), helion_float(4.6566127342e-10));
}

helion_value helion_do_rand(helion_reader *r, const helion_call *c) {
  kernel_value offset, seed;
  if (!draw(r, c, 0, 1, 2, &offset, &seed))
    return helion_unknown();
  if (!c->fn->detail)
    return uniform(r, c, philox(r, c, 0, offset, seed));
  helion_value four = helion_sequence(r, 4, false);
  for (int i = 0; i < 4; i++)
    four.seq.at[i] = uniform(r, c, philox(r, c, i, offset, seed));
  return four;
}

/* low + |c0| % (high - low) */
helion_value helion_do_device_randint(helion_reader *r, const helion_call *c) {
  kernel_value offset, seed;
  if (!draw(r, c, 0, 3, -1, &offset, &seed))
    return helion_unknown();
  helion_value word = helion_apply1(r, c->node, KERNEL_FN_ABS, helion_device(philox(r, c, 0, offset, seed)));
  helion_value span = helion_binary(r, c->node, SYN_Sub, c->arg[2], c->arg[1]);
  return helion_apply2(r, c->node, KERNEL_FN_ADD, helion_apply2(r, c->node, KERNEL_FN_MOD, word, span), c->arg[1]);
}
