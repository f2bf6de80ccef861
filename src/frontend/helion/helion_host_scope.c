/* loom.host(f, *values): runs f(*values) in host code as if it were the body of a loop: tensors are loaded and stored by index, and what lies between is
 * one computation.  Device IR of other host computations than allocations and views is read in this way. */
#include "frontend/helion/helion_device.h"
#include "frontend/helion/helion_ops.h"

helion_value helion_do_loom_host(helion_reader *r, const helion_call *c) {
  kernel_region *outer = r->region, *own = ARENA_NEW(r->mem, kernel_region);
  if (helion_in_loop(r) || r->is_binding)
    return helion_fail(r, c->node, LOOM_EINPUT, "call the function itself", "loom.host outside of the host code of a kernel");
  if (c->arg[0].kind == HELION_UNKNOWN)
    return helion_unknown();
  if (c->arg[0].kind != HELION_FUNC)
    return helion_fail(r, c->node, LOOM_EINPUT, "give a function of the file", "loom.host of %s", helion_describe(r, &c->arg[0]));
  r->region = own;
  helion_call_function(r, c->node, c->arg[0].func, &c->arg[1].seq);
  r->region = outer;
  for (size_t i = 0; i < own->ops.n; i++)
    vec_push(r->mem, &r->graph->body.ops, own->ops.at[i]);
  return helion_none();
}
