/* loom.tog.v1 from a graph: short keys, expressions as infix text, constants as numbers (docs/tog.md). */
#include "tog/tog.h"

static data_value *write_expr(arena *m, const sym_expr *e) {
  int64_t value;
  return sym_is_const(e, &value) ? data_int(m, value) : data_string(m, sym_str(m, e));
}

static data_value *write_exprs(arena *m, const sym_expr *const *e, int n) {
  data_value *a = data_array(m);
  for (int i = 0; i < n; i++)
    data_push(m, a, write_expr(m, e[i]));
  return a;
}

static data_value *write_shape(arena *m, const int64_t *shape, int rank) {
  data_value *a = data_array(m);
  for (int d = 0; d < rank; d++)
    data_push(m, a, data_int(m, shape[d]));
  return a;
}

static data_value *write_mesh(arena *m, const tog *t) {
  data_value *mesh = data_array(m);
  for (int d = 0; d < t->n_mesh; d++) {
    data_value *o = data_object(m);
    data_set_string(m, o, "name", t->mesh_name[d]);
    data_set_int(m, o, "size", t->mesh_size[d]);
    data_push(m, mesh, o);
  }
  return mesh;
}

static data_value *write_tensor(arena *m, const tog_tensor *x) {
  data_value *o = data_object(m);
  data_set_string(m, o, "name", x->name);
  data_set_string(m, o, "dtype", dtype_mlir(x->type));
  data_set(m, o, "shape", write_shape(m, x->shape, x->rank));
  data_set_bool(m, o, "input", x->is_input);
  data_set_bool(m, o, "output", x->is_output);
  data_set_int(m, o, "arg", x->arg);
  if (x->is_kept)
    data_set_bool(m, o, "kept", true);
  if (x->l1_page) {
    data_set_string(m, o, "space", "l1");
    data_set_int(m, o, "page", x->l1_page);
    data_set_int(m, o, "offset", x->l1_offset);
  }
  return o;
}

static data_value *write_buffer(arena *m, const tog_buffer *b) {
  data_value *o = data_object(m);
  data_set_string(m, o, "name", b->name);
  data_set_string(m, o, "dtype", dtype_mlir(b->type));
  data_set(m, o, "shape", write_shape(m, b->shape, b->rank));
  data_set_int(m, o, "bytes", b->bytes);
  data_set_int(m, o, "depth", b->depth);
  data_set_int(m, o, "stride", b->stride);
  data_set_int(m, o, "offset", b->offset);
  return o;
}

static void write_box(arena *m, const tog *t, data_value *o, const tog_box *b) {
  if (b->has_view) {
    data_value *view = data_object(m);
    data_set(m, view, "shape", write_shape(m, b->view_shape, b->rank));
    data_set(m, view, "strides", write_shape(m, b->view_stride, b->rank));
    if (b->has_lookup) {
      data_value *l = data_object(m);
      data_set_int(m, l, "dim", b->lookup_dim);
      data_set_string(m, l, "index", t->tensors.at[b->lookup_tensor].name);
      data_set_int(m, l, "rows", b->lookup_rows);
      data_set(m, view, "lookup", l);
    }
    data_set(m, o, "view", view);
  }
  data_set(m, o, "offset", write_exprs(m, b->offset, b->rank));
  data_set(m, o, "extent", write_exprs(m, b->extent, b->rank));
  bool is_identity = true;
  data_value *dims = data_array(m);
  for (int d = 0; d < b->rank; d++) {
    is_identity = is_identity && b->to_dim[d] == d;
    data_push(m, dims, data_int(m, b->to_dim[d]));
  }
  if (!is_identity)
    data_set(m, o, "dims", dims);
}

static void write_part(arena *m, data_value *o, const tog *t, const tog_node *n) {
  int rank = t->buffers.at[n->buffer].rank;
  bool is_placed = false;
  data_value *at = data_array(m);
  for (int d = 0; d < rank; d++) {
    is_placed = is_placed || n->at[d];
    data_push(m, at, n->at[d] ? write_expr(m, n->at[d]) : data_int(m, 0));
  }
  if (is_placed)
    data_set(m, o, "at", at);
  if (n->opens)
    data_set(m, o, "opens", write_expr(m, n->opens));
  if (n->closes)
    data_set(m, o, "closes", write_expr(m, n->closes));
}

static data_value *write_group(arena *m, const tog *t, const tog_group *group) {
  data_value *g = data_object(m), *chain = data_array(m);
  bool is_chain = false;
  data_set(m, g, "ul", write_exprs(m, group->ul, t->n_mesh));
  data_set(m, g, "lr", write_exprs(m, group->lr, t->n_mesh));
  data_set(m, g, "sender", write_exprs(m, group->sender, t->n_mesh));
  for (int d = 0; d < t->n_mesh; d++) {
    is_chain = is_chain || group->chain[d];
    data_push(m, chain, data_bool(m, group->chain[d]));
  }
  if (is_chain)
    data_set(m, g, "chain", chain);
  return g;
}

static void write_compute(arena *m, data_value *o, const tog *t, const tog_node *n) {
  static const char *const access[] = {"read", "write", "update"};
  data_set(m, o, "compute", n->function < 0 ? data_null(m) : data_string(m, t->functions.at[n->function].name));
  if (n->unit)
    data_set_string(m, o, "unit", n->unit);
  data_value *uses = data_array(m);
  for (size_t i = 0; i < n->uses.n; i++) {
    const tog_use *u = &n->uses.at[i];
    data_value *use = data_object(m);
    data_set_string(m, use, access[u->access], t->buffers.at[u->buffer].name);
    if (u->wait)
      data_set_bool(m, use, "wait", true);
    data_push(m, uses, use);
  }
  data_set(m, o, "uses", uses);
  data_set(m, o, "args", write_exprs(m, n->args.at, (int)n->args.n));
  if (n->numbers.n)
    data_set(m, o, "numbers", write_exprs(m, n->numbers.at, (int)n->numbers.n));
  data_set(m, o, "cycles", write_expr(m, n->cycles));
  if (n->active)
    data_set(m, o, "active", write_expr(m, n->active));
}

static data_value *write_body(arena *m, const tog *t, const tog_body *body);

static data_value *write_node(arena *m, const tog *t, const tog_node *n) {
  data_value *o = data_object(m);
  const char *kind = tog_kind_name(n->kind);
  switch (n->kind) {
  case TOG_LOOP:
    data_set_string(m, o, kind, n->var);
    data_set(m, o, "trip", write_expr(m, n->trip));
    break;
  case TOG_LOAD:
    data_set_string(m, o, kind, t->tensors.at[n->box.tensor].name);
    data_set_string(m, o, "to", t->buffers.at[n->buffer].name);
    write_box(m, t, o, &n->box);
    write_part(m, o, t, n);
    if (n->has_group)
      data_set(m, o, "multicast", write_group(m, t, &n->group));
    break;
  case TOG_STORE:
    data_set_string(m, o, kind, t->tensors.at[n->box.tensor].name);
    data_set_string(m, o, "from", t->buffers.at[n->buffer].name);
    write_box(m, t, o, &n->box);
    break;
  case TOG_TAKE:
  case TOG_PUSH: data_set_string(m, o, kind, t->buffers.at[n->buffer].name); break;
  case TOG_GIVE:
    data_set_string(m, o, kind, t->buffers.at[n->buffer].name);
    data_set_string(m, o, "thread", tog_thread_name(n->thread));
    if (n->waits)
      data_set_bool(m, o, "wait", true);
    break;
  case TOG_COMPUTE: write_compute(m, o, t, n); break;
  case TOG_SEND:
    data_set_string(m, o, kind, t->buffers.at[n->buffer].name);
    data_set_string(m, o, "to", t->buffers.at[n->to].name);
    data_set(m, o, "row", write_expr(m, n->row));
    data_set(m, o, "receiver", write_exprs(m, n->receiver, t->n_mesh));
    if (n->active)
      data_set(m, o, "active", write_expr(m, n->active));
    break;
  case TOG_COLLECT:
    data_set_string(m, o, kind, t->buffers.at[n->buffer].name);
    data_set(m, o, "senders", write_expr(m, n->senders));
    break;
  }
  if (n->label)
    data_set_string(m, o, "label", n->label);
  if (n->kind == TOG_LOOP)
    data_set(m, o, "body", write_body(m, t, &n->body));
  return o;
}

static data_value *write_body(arena *m, const tog *t, const tog_body *body) {
  data_value *a = data_array(m);
  for (size_t i = 0; i < body->n; i++)
    data_push(m, a, write_node(m, t, body->at[i]));
  return a;
}

data_value *tog_to_data(arena *m, const tog *t) {
  data_value *o = data_object(m), *tensors = data_array(m), *buffers = data_array(m), *functions = data_object(m);
  data_set_string(m, o, "schema", "loom.tog.v1");
  data_set_string(m, o, "kernel", t->kernel);
  data_set_string(m, o, "machine", t->machine);
  data_set_string(m, o, "variant", t->variant);
  if (t->predicted_cycles)
    data_set_int(m, o, "predicted_cycles", t->predicted_cycles);
  data_set(m, o, "mesh", write_mesh(m, t));
  for (size_t i = 0; i < t->tensors.n; i++)
    data_push(m, tensors, write_tensor(m, &t->tensors.at[i]));
  for (size_t i = 0; i < t->buffers.n; i++)
    data_push(m, buffers, write_buffer(m, &t->buffers.at[i]));
  for (size_t i = 0; i < t->functions.n; i++)
    data_set(m, functions, t->functions.at[i].name, data_string(m, t->functions.at[i].mlir));
  data_set(m, o, "tensors", tensors);
  data_set(m, o, "buffers", buffers);
  data_set(m, o, "body", write_body(m, t, &t->body));
  data_set(m, o, "functions", functions);   /* last: long texts */
  return o;
}
