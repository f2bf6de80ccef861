/* Computation on whole tensors before and after the tile loops: loads, operations and stores of the graph's outermost region. */
#include "frontend/helion/helion_call.h"
#include "frontend/helion/helion_memory.h"
#include "frontend/helion/helion_ops.h"
#include "frontend/helion/helion_view.h"

kernel_region *helion_enter_host(helion_reader *r) {
  kernel_region *outer = r->region;
  r->region = &r->graph->body;
  return outer;
}

void helion_leave_host(helion_reader *r, kernel_region *outer) { r->region = outer; }

static void index_all(helion_reader *r, kernel_op *op, kernel_tensor t) {
  op->tensor = t;
  op->n_index = r->graph->tensors.at[t].shape.rank;
  op->index = ARENA_NEW_N(r->mem, kernel_index, op->n_index);
  for (int d = 0; d < op->n_index; d++)
    op->index[d] = (kernel_index){.kind = KERNEL_INDEX_ALL, .value = -1};
}

kernel_value helion_load_whole(helion_reader *r, const syn_node *n, kernel_tensor t) {
  kernel_type type = r->graph->tensors.at[t].shape;
  kernel_value v = helion_emit(r, n, KERNEL_LOAD, 0, NULL, &type);
  index_all(r, helion_def(r, v), t);
  return v;
}

helion_value helion_store_whole(helion_reader *r, const syn_node *n, kernel_value v) {
  kernel_type type = *helion_type(r, v);
  kernel_tensor t = kernel_add_tensor(r->mem, r->graph, "", KERNEL_ALLOC, type);
  r->graph->tensors.at[t].span = n->span;
  kernel_op *op = kernel_add_op(r->mem, r->graph, r->region, KERNEL_STORE, 1, &v, 0, NULL);
  op->span = n->span;
  index_all(r, op, t);
  return helion_tensor(t);
}

bool helion_lift(helion_reader *r, const syn_node *n, helion_value *v) {
  bool found = false;
  if (v->kind == HELION_TENSOR) {
    *v = helion_device(helion_load_whole(r, n, v->tensor));
    return true;
  }
  if (v->kind != HELION_SEQ || !helion_step(r, n))
    return false;
  helion_value copy = helion_sequence(r, v->seq.n, v->seq.is_list);
  for (size_t i = 0; i < v->seq.n; i++) {
    copy.seq.at[i] = v->seq.at[i];
    found = helion_lift(r, n, &copy.seq.at[i]) || found;
  }
  if (found)
    *v = copy;
  return found;
}

helion_value helion_lower_result(helion_reader *r, const syn_node *n, helion_value v) {
  if (v.kind == HELION_DEVICE)
    return helion_store_whole(r, n, v.device);
  for (size_t i = 0; v.kind == HELION_SEQ && i < v.seq.n; i++)
    v.seq.at[i] = helion_lower_result(r, n, v.seq.at[i]);
  return v;
}

static bool has_tensor(const helion_value *v, int depth) {
  if (v->kind == HELION_SEQ && depth < 4)
    for (size_t i = 0; i < v->seq.n; i++)
      if (has_tensor(&v->seq.at[i], depth + 1))
        return true;
  return v->kind == HELION_TENSOR;
}

bool helion_is_host_math(const helion_reader *r, const helion_value *v, size_t n) {
  for (size_t i = 0; !helion_in_loop(r) && !r->is_binding && i < n; i++)
    if (has_tensor(&v[i], 0))
      return true;
  return false;
}

/* ---- rows of host tensors alone ---- */
/* The element that `t` shows of an argument whose contents are known: host code runs again for each call, so that it may decide sizes. */
static bool known_element(helion_reader *r, kernel_tensor t, int64_t *out) {
  helion_view v = helion_view_of(r, t);
  const kernel_tensor_info *root = &r->graph->tensors.at[v.root];
  int64_t at;
  for (size_t i = 0; root->role == KERNEL_ARG && i < r->options->n_given; i++) {
    const helion_given *g = &r->options->given[i];
    if (g->kind != HELION_GIVEN_TENSOR || !g->data || !text_eq(g->name, root->name) || dtype_is_float(g->type) || !helion_known(r, v.offset, &at))
      continue;
    *out = (int64_t)dtype_load(g->type, (const char *)g->data + (size_t)at * dtype_bytes(g->type));
    helion_assume_element(r, root->name, at, *out);
    return true;
  }
  return false;
}

helion_value helion_do_item(helion_reader *r, const helion_call *c) {
  const kernel_type t = helion_self_type(r, c);
  if (helion_in_loop(r))
    return helion_fail(r, c->node, LOOM_EINPUT, "a 0-d value is a number on the device", ".item() in a tile loop");
  for (int d = 0; d < t.rank; d++)
    if (!helion_is_one(r, t.dim[d]))
      return helion_fail(r, c->node, LOOM_EINPUT, "only a tensor of one element has an item", ".item() of shape %s", helion_show_shape(r, &t));
  int64_t known;
  if (known_element(r, c->arg[0].tensor, &known))
    return helion_int(r, known);
  kernel_region *outer = helion_enter_host(r);
  kernel_value v = helion_load_whole(r, c->node, c->arg[0].tensor);
  kernel_type scalar = {.type = t.type};
  if (t.rank)
    v = helion_emit(r, c->node, KERNEL_RESHAPE, 1, &v, &scalar);
  helion_value out;
  if (dtype_is_float(t.type) || t.type == DTYPE_BOOL)
    out = helion_store_whole(r, c->node, v);
  else
    out = helion_size(helion_runtime_size(r, c->node, v));
  helion_leave_host(r, outer);
  return out;
}

helion_value helion_do_contiguous(helion_reader *r, const helion_call *c) {
  if (c->arg[0].kind != HELION_TENSOR)
    return c->arg[0];
  helion_view v = helion_view_of(r, c->arg[0].tensor);
  if (helion_view_is_dense(r, &v))
    return c->arg[0];
  kernel_region *outer = helion_enter_host(r);
  helion_value copy = helion_store_whole(r, c->node, helion_load_whole(r, c->node, c->arg[0].tensor));
  helion_leave_host(r, outer);
  return copy;
}

helion_value helion_do_clone(helion_reader *r, const helion_call *c) {
  if (c->arg[0].kind != HELION_TENSOR)
    return c->arg[0];
  kernel_region *outer = helion_enter_host(r);
  helion_value copy = helion_store_whole(r, c->node, helion_load_whole(r, c->node, c->arg[0].tensor));
  helion_leave_host(r, outer);
  return copy;
}

/* zero_, fill_, copy_: the whole tensor is overwritten. */
helion_value helion_do_fill(helion_reader *r, const helion_call *c) {
  helion_value all = {.kind = HELION_ELLIPSIS}, v = c->given[1] ? c->arg[1] : helion_int(r, 0);
  if (helion_in_loop(r))
    return helion_fail(r, c->node, LOOM_EINPUT, "store through an index: x[tile] = value", "an in-place method in a tile loop");
  helion_store(r, c->node, c->arg[0], all, v);
  return c->arg[0];
}

helion_value helion_do_broadcast_tensors(helion_reader *r, const helion_call *c) {
  const helion_seq *s = &c->arg[0].seq;
  if (s->n == 1 && s->at[0].kind == HELION_SEQ)
    s = &s->at[0].seq;
  kernel_type all = {.rank = 0}, t;
  if (r->is_binding)
    return helion_fail(r, c->node, LOOM_EUNSUP, "return a tensor of the shape that the kernel takes", "torch.broadcast_tensors in bind_args");
  for (size_t i = 0; i < s->n; i++)
    if (!helion_type_of(r, &s->at[i], &t) || !helion_broadcast_shape(r, &all, &t, &all))
      return helion_fail(r, c->node, LOOM_EINPUT, "the shapes must be equal or 1 in each dimension", "these tensors do not broadcast together");
  helion_value out = helion_sequence(r, s->n, false);
  for (size_t i = 0; i < s->n; i++) {
    helion_type_of(r, &s->at[i], &t);
    kernel_type shape = all;
    shape.type = t.type;
    out.seq.at[i] = s->at[i].kind == HELION_TENSOR ? helion_view_expand(r, c->node, s->at[i].tensor, &shape)
                                                   : helion_device(helion_broadcast(r, c->node, s->at[i].device, &shape));
  }
  return out;
}
