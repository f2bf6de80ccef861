/* hl.rand, hl.rand4x, hl.randint: Philox4x32-10 with the element's place in the whole logical range as counter, so that tiles of any size
 * draw the same numbers (helion.md 1.3). */
#include "frontend/helion/helion_call.h"
#include "frontend/helion/helion_device.h"
#include "frontend/helion/helion_ops.h"

/* One dim of the drawn shape: its size, and of a tile the whole range and where the tile is in it. */
typedef struct drawn_dim { const sym_expr *extent; helion_value index; } drawn_dim;

static bool tile_dim(helion_reader *r, const helion_call *c, const helion_tile *tile, drawn_dim *out) {
  helion_value v = {.kind = HELION_TILE, .tile = *tile};
  kernel_value index;
  v.tile.offset = NULL;
  out->extent = sym_sub(r->mem, tile->end, tile->begin);
  if (!helion_as_value(r, c->node, &v, DTYPE_I32, &index))
    return false;
  out->index = helion_device(helion_cast(r, c->node, index, DTYPE_I64));
  return true;
}

/* `item`: what the kernel says of the dim, a tile or a size. */
static bool logical_dim(helion_reader *r, const helion_call *c, const sym_expr *dim, const helion_value *item, drawn_dim *out) {
  int b = helion_block_of(r, dim);
  if (item->kind == HELION_TILE)
    return tile_dim(r, c, &item->tile, out);
  if (b >= 0 && r->symbols.at[b].is_open) {
    const helion_symbol *s = &r->symbols.at[b];
    return tile_dim(r, c, &(helion_tile){s->number, b, s->range_begin, s->range_end, NULL}, out);
  }
  kernel_type t = {.type = DTYPE_I64, .rank = 1, .dim = {dim}};
  kernel_value v = helion_emit(r, c->node, KERNEL_IOTA, 0, NULL, &t);
  helion_def(r, v)->ivalue = 1;
  out->extent = dim;
  out->index = helion_device(v);
  return true;
}

/* Item `*left` of nested sequences, counted from their first one; NULL while it is further behind. */
static const helion_value *nth_item(helion_reader *r, const helion_call *c, const helion_value *v, int *left) {
  if (v->kind != HELION_SEQ)
    return (*left)-- == 0 ? v : NULL;
  for (size_t i = 0; i < v->seq.n && helion_step(r, c->node); i++) {
    const helion_value *found = nth_item(r, c, &v->seq.at[i], left);
    if (found)
      return found;
  }
  return NULL;
}

/* Row-major place of every element of `shape` in its logical range. */
static bool offsets_of(helion_reader *r, const helion_call *c, const kernel_type *shape, const helion_value *items, kernel_value *out) {
  helion_value sum = helion_int(r, 0);
  const sym_expr *stride = sym_const(r->mem, 1);
  for (int d = shape->rank - 1; d >= 0; d--) {
    drawn_dim at;
    int left = d;
    const helion_value *item = nth_item(r, c, items, &left);
    if (!item || !logical_dim(r, c, shape->dim[d], item, &at))      /* NULL: the steps ran out */
      return false;
    helion_value index = at.index;
    kernel_type place = {.type = DTYPE_I64, .rank = shape->rank - d};
    for (int i = 0; i < place.rank; i++)
      place.dim[i] = i ? sym_const(r->mem, 1) : helion_type(r, index.device)->dim[0];
    if (place.rank > 1)
      index = helion_device(helion_emit(r, c->node, KERNEL_RESHAPE, 1, &index.device, &place));
    helion_value scaled = helion_apply2(r, c->node, KERNEL_FN_MUL, index, helion_size(stride));
    sum = sum.kind == HELION_DEVICE ? helion_apply2(r, c->node, KERNEL_FN_ADD, scaled, sum) : scaled;
    stride = sym_mul(r->mem, stride, at.extent);
  }
  if (sum.kind != HELION_DEVICE && !helion_as_value(r, c->node, &sum, DTYPE_I64, out))
    return false;
  if (sum.kind == HELION_DEVICE)
    *out = sum.device;
  *out = helion_broadcast(r, c->node, helion_cast(r, c->node, *out, DTYPE_I64), shape);
  return true;
}

/* Argument `arg` as i64. */
static bool as_i64(helion_reader *r, const helion_call *c, int arg, kernel_value *out) {
  if (!helion_as_value(r, c->node, &c->arg[arg], DTYPE_I64, out))
    return false;
  *out = helion_cast(r, c->node, *out, DTYPE_I64);
  return true;
}

/* The seed, and the counter of every element: `offsets_arg` where it is given, else the places in `shape_arg`. */
static bool find_operands(helion_reader *r, const helion_call *c, int shape_arg, int seed_arg, int offsets_arg, kernel_value *offset, kernel_value *seed) {
  kernel_type shape;
  if (!helion_on_device(r, c->node, c->fn->path) || !as_i64(r, c, seed_arg, seed))
    return false;
  if (offsets_arg >= 0 && c->given[offsets_arg] && c->arg[offsets_arg].kind != HELION_NONE)
    return as_i64(r, c, offsets_arg, offset);
  if (shape_arg < 0 || !helion_arg_shape(r, c, &c->arg[shape_arg], &shape))
    return false;
  shape.type = DTYPE_I64;
  return offsets_of(r, c, &shape, &c->arg[shape_arg], offset);
}

/* A seed of its own for each element has to have their shape. */
static bool draw(helion_reader *r, const helion_call *c, int shape_arg, int seed_arg, int offsets_arg, kernel_value *offset, kernel_value *seed) {
  kernel_type fit;
  if (!find_operands(r, c, shape_arg, seed_arg, offsets_arg, offset, seed))
    return false;
  const kernel_type *numbers = helion_type(r, *offset);
  if (helion_broadcast_shape(r, numbers, helion_type(r, *seed), &fit) && helion_same_shape(r, &fit, numbers))
    return true;
  return helion_fail_shapes(r, c->node, c->fn->path, numbers, helion_type(r, *seed)), false;
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

/* hl.rand(shape, seed, device, offsets) */
helion_value helion_do_rand(helion_reader *r, const helion_call *c) {
  kernel_value offset, seed;
  return draw(r, c, 0, 1, 3, &offset, &seed) ? uniform(r, c, philox(r, c, 0, offset, seed)) : helion_unknown();
}

/* hl.rand4x(seed, offsets): one number of each word. */
helion_value helion_do_rand4x(helion_reader *r, const helion_call *c) {
  kernel_value offset, seed;
  if (!draw(r, c, -1, 0, 1, &offset, &seed))
    return helion_unknown();
  helion_value four = helion_sequence(r, 4, false);
  for (int i = 0; i < 4; i++)
    four.seq.at[i] = uniform(r, c, philox(r, c, i, offset, seed));
  return four;
}

/* low + |c0| % (high - low), in i64, as i32. */
helion_value helion_do_device_randint(helion_reader *r, const helion_call *c) {
  kernel_value offset, seed;
  if (!draw(r, c, 0, 3, -1, &offset, &seed))
    return helion_unknown();
  helion_value word = helion_device(helion_cast(r, c->node, philox(r, c, 0, offset, seed), DTYPE_I64));
  helion_value span = helion_binary(r, c->node, SYN_Sub, c->arg[2], c->arg[1]);
  int64_t known;
  if (span.kind == HELION_UNKNOWN)
    return span;
  if (span.kind == HELION_INT && helion_peek(r, span.size, &known) && known >= 1)
    helion_assume(r, SYM_GE, span.size, sym_const(r->mem, 1));
  else if (helion_known_int(r, &span, &known))   /* 0 or less */
    return helion_fail(r, c->node, LOOM_EINPUT, "low must be less than high", "hl.randint from %s to %s", helion_describe(r, &c->arg[1]),
                       helion_describe(r, &c->arg[2]));
  word = helion_apply2(r, c->node, KERNEL_FN_MOD, helion_apply1(r, c->node, KERNEL_FN_ABS, word), span);
  helion_value v = helion_apply2(r, c->node, KERNEL_FN_ADD, word, c->arg[1]);
  return v.kind == HELION_DEVICE ? helion_device(helion_cast(r, c->node, v.device, DTYPE_I32)) : v;
}

/* loom.philox(counter, key, word): word 0..3 (int32) of Philox4x32-10, element by element: what hl.rand is made of. */
helion_value helion_do_loom_philox(helion_reader *r, const helion_call *c) {
  kernel_value counter, key;
  kernel_type shape;
  int64_t word;
  if (!helion_on_device(r, c->node, c->fn->path) || !helion_as_value(r, c->node, &c->arg[0], DTYPE_I64, &counter) ||
      !helion_as_value(r, c->node, &c->arg[1], DTYPE_I64, &key) || !helion_arg_int(r, c, 2, "the number of the word", &word))
    return helion_unknown();
  if (word < 0 || word > 3 || helion_type(r, counter)->type != DTYPE_I64 || helion_type(r, key)->type != DTYPE_I64)
    return helion_fail(r, c->node, LOOM_EINPUT, "counter and key are int64, and the word is 0 to 3", "loom.philox of %s and %s, word %" PRId64,
                       helion_describe(r, &c->arg[0]), helion_describe(r, &c->arg[1]), word);
  if (!helion_broadcast_shape(r, helion_type(r, counter), helion_type(r, key), &shape) || !helion_same_shape(r, &shape, helion_type(r, counter)))
    return helion_fail_shapes(r, c->node, c->fn->path, helion_type(r, counter), helion_type(r, key));
  return helion_device(philox(r, c, (int)word, counter, key));
}
