/* Numbers in fewer than 8 bits, as bytes that hold several. */
#include "frontend/helion/helion_device.h"
#include "frontend/helion/helion_ops.h"

static helion_value fn(helion_reader *r, const helion_call *c, kernel_fn f, helion_value a, helion_value b) { return helion_apply2(r, c->node, f, a, b); }

/* E2M1 in the low four bits of `code`, an int32: sign, 0 0.5 1 1.5 2 3 4 6.  The magnitude is the largest of three lines, so that no table is
 * needed: x/2 (codes 0..3), x - 2 (4 and 5), 2x - 8 (6 and 7). */
static helion_value decode(helion_reader *r, const helion_call *c, helion_value code) {
  helion_value bits = fn(r, c, KERNEL_FN_AND, code, helion_int(r, 7)), sign = fn(r, c, KERNEL_FN_AND, code, helion_int(r, 8));
  if (bits.kind != HELION_DEVICE || sign.kind != HELION_DEVICE)
    return helion_unknown();
  helion_value x = helion_device(helion_cast(r, c->node, bits.device, DTYPE_F32)), s = helion_device(helion_cast(r, c->node, sign.device, DTYPE_F32));
  helion_value half = fn(r, c, KERNEL_FN_MUL, x, helion_float(0.5)), middle = fn(r, c, KERNEL_FN_SUB, x, helion_float(2));
  helion_value steep = fn(r, c, KERNEL_FN_SUB, fn(r, c, KERNEL_FN_MUL, x, helion_float(2)), helion_float(8));
  helion_value magnitude = fn(r, c, KERNEL_FN_MAX, fn(r, c, KERNEL_FN_MAX, half, middle), steep);
  return fn(r, c, KERNEL_FN_MUL, magnitude, fn(r, c, KERNEL_FN_SUB, helion_float(1), fn(r, c, KERNEL_FN_MUL, s, helion_float(0.25))));
}

/* hl.float4_e2m1fn_x2_to_float32(bytes): the numbers in the low and in the high halves.  Two float4 are a uint8. */
helion_value helion_do_float4_pair(helion_reader *r, const helion_call *c) {
  kernel_value bytes;
  if (!helion_on_device(r, c->node, c->fn->path) || !helion_as_value(r, c->node, &c->arg[0], DTYPE_U8, &bytes))
    return helion_unknown();
  if (helion_type(r, bytes)->type != DTYPE_U8)
    return helion_fail(r, c->node, LOOM_EINPUT, "load it from a uint8 tensor, which holds two float4 in a byte", "%s of %s", c->fn->path, helion_describe(r, &c->arg[0]));
  helion_value whole = helion_device(helion_cast(r, c->node, bytes, DTYPE_I32)), pair = helion_sequence(r, 2, false);
  pair.seq.at[0] = decode(r, c, whole);
  pair.seq.at[1] = decode(r, c, fn(r, c, KERNEL_FN_SHR, whole, helion_int(r, 4)));
  return pair;
}
