/* x.view(dtype): the same bits as another type of that width. */
#include "frontend/helion/helion_bits.h"
#include "frontend/helion/helion_memory.h"
#include "frontend/helion/helion_view.h"

static kernel_value bits_as(helion_reader *r, const syn_node *n, kernel_value v, dtype to) {
  kernel_type t = *helion_type(r, v);
  if (t.type == to || t.type == DTYPE_BOOL)   /* True has the bits of 1 */
    return helion_cast(r, n, v, to);
  t.type = to;
  return helion_emit(r, n, KERNEL_BITCAST, 1, &v, &t);
}

static kernel_tensor root_of(helion_reader *r, kernel_tensor t) { return helion_view_of(r, t).root; }

helion_value helion_view_bits(helion_reader *r, const syn_node *n, const helion_value *x, dtype to) {
  kernel_type t;
  if (!helion_type_of(r, x, &t))
    return helion_fail(r, n, LOOM_EINPUT, "pass a tensor or a device value", "%s has no bits to view", helion_describe(r, x));
  if (dtype_bytes(t.type) != dtype_bytes(to))
    return helion_fail(r, n, LOOM_EUNSUP, "view types of the same width", "a view of %s as %s, which has another width", dtype_torch(t.type), dtype_torch(to));
  if (t.type != to && (to == DTYPE_BOOL || dtype_bytes(to) > 4))
    return helion_fail(r, n, LOOM_EUNSUP, "compare with 0 for bools; 64-bit types convert with .to(dtype)", "a view of the bits of %s as %s", dtype_torch(t.type), dtype_torch(to));
  if (x->kind == HELION_DEVICE)
    return helion_device(bits_as(r, n, x->device, to));
  if (t.type == to)
    return *x;
  if (helion_in_loop(r))
    return helion_fail(r, n, LOOM_EUNSUP, "view what was loaded, x[tile].view(dtype), or the tensor in front of the loops", "a view of the bits of the host tensor %s in a loop",
                       helion_tensor_name(r, x->tensor));
  kernel_region *outer = helion_enter_host(r);
  helion_value copy = helion_store_whole(r, n, bits_as(r, n, helion_load_whole(r, n, x->tensor), to));
  helion_leave_host(r, outer);
  vec_push(r->mem, &r->frozen, root_of(r, x->tensor));
  vec_push(r->mem, &r->frozen, copy.tensor);
  return copy;
}

bool helion_may_write(helion_reader *r, const syn_node *n, kernel_tensor t) {
  for (size_t i = 0; i < r->frozen.n; i++)
    if (r->frozen.at[i] == root_of(r, t))
      return helion_fail(r, n, LOOM_EUNSUP, "store before the bits are viewed, or view the bits of what is loaded",
                         "a store to %s, whose bits are viewed as another type", helion_tensor_name(r, t)), false;
  return true;
}
