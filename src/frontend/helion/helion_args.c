/* Reading the arguments of a table row. */
#include "frontend/helion/helion_call.h"

bool helion_arg_int(helion_reader *r, const helion_call *c, int i, const char *what, int64_t *out) {
  if (helion_known_int(r, &c->arg[i], out))
    return true;
  helion_fail(r, c->node, c->arg[i].kind == HELION_INT ? LOOM_EUNSUP : LOOM_EINPUT, "a number that is known while compiling is needed here",
              "%s of %s is %s", what, c->fn->path, helion_describe(r, &c->arg[i]));
  return false;
}

bool helion_arg_number(helion_reader *r, const helion_call *c, int arg, double *out) {
  int64_t i;
  if (c->arg[arg].kind == HELION_FLOAT)
    *out = c->arg[arg].real;
  else if (helion_known_int(r, &c->arg[arg], &i))
    *out = (double)i;
  else
    return false;
  return true;
}

bool helion_arg_dtype(helion_reader *r, const helion_call *c, int i, dtype missing, dtype *out) {
  *out = missing;
  if (!c->given[i] || c->arg[i].kind == HELION_NONE)
    return true;
  if (c->arg[i].kind == HELION_DTYPE) {
    *out = c->arg[i].type;
    return true;
  }
  if (c->arg[i].kind == HELION_PATH && text_starts(c->arg[i].string, "torch.")) {
    helion_fail(r, helion_arg_node(c, i), LOOM_EUNSUP, "use float16, bfloat16, float32, float64, int8 to int64, uint8 or bool", "the element type %s", c->arg[i].string);
    return false;
  }
  helion_fail(r, helion_arg_node(c, i), LOOM_EINPUT, "for example torch.float16, torch.float32 or x.dtype", "%s is no element type",
              helion_describe(r, &c->arg[i]));
  return false;
}

static bool add_dims(helion_reader *r, const helion_call *c, const helion_value *v, kernel_type *out) {
  if (!helion_step(r, c->node))
    return false;
  if (v->kind == HELION_SEQ) {
    for (size_t i = 0; i < v->seq.n; i++)
      if (!add_dims(r, c, &v->seq.at[i], out))
        return false;
    return true;
  }
  int64_t known;
  const sym_expr *dim = v->kind == HELION_INT ? v->size : v->kind == HELION_TILE ? helion_tile_dim(r, v->tile.block) : NULL;
  if (!dim) {
    if (v->kind != HELION_UNKNOWN)
      helion_fail(r, c->node, v->kind == HELION_DEVICE ? LOOM_EUNSUP : LOOM_EINPUT, "sizes are ints and tiles", "%s is no size",
                  helion_describe(r, v));
    return false;
  }
  if (helion_peek(r, dim, &known) && known < 0)
    return helion_fail(r, c->node, LOOM_EINPUT, "sizes are 0 or more", "the size %" PRId64 " is negative", known), false;
  if (helion_peek(r, dim, &known))
    helion_assume(r, SYM_GE, dim, sym_const(r->mem, 0));
  if (out->rank == KERNEL_RANK_MAX)
    return helion_fail(r, c->node, LOOM_ELIMIT, "join dimensions with view or reshape", "a tensor of more than %d dimensions", KERNEL_RANK_MAX), false;
  if (v->kind == HELION_INT && helion_in_loop(r))
    dim = helion_device_dim(r, dim);
  out->dim[out->rank++] = helion_is_one(r, dim) ? sym_const(r->mem, 1) : dim;
  return true;
}

bool helion_arg_shape(helion_reader *r, const helion_call *c, const helion_value *v, kernel_type *out) {
  out->rank = 0;
  return add_dims(r, c, v, out);
}
