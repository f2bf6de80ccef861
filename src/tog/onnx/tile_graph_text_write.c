/* loom.tile_graph.v1 from a tile graph: nested as its loops are, fields that say nothing left out. */
#include "tog/onnx/tile_graph_private.h"

static const char *const unit_names[] = {
#define X(n, s) s,
    TILE_UNIT_LIST(X)
#undef X
};
static const char *const access_names[] = {
#define X(n, s) s,
    TILE_ACCESS_LIST(X)
#undef X
};
const char *tile_unit_name(tile_unit u) { return unit_names[u]; }
const char *tile_access_name(tile_access a) { return access_names[a]; }

typedef struct text_writer { arena *mem; const tile_graph *g; } text_writer;

/* [what, stride, divider]: what is a loop's variable, "$" and a symbol, or a number; a divider of 1 is left out. */
static data_value *write_term(const text_writer *w, const tile_term *t) {
  data_value *a = data_array(w->mem);
  if (t->loop >= 0)
    data_push(w->mem, a, data_string(w->mem, w->g->nodes.at[t->loop].variable));
  else if (t->loop == -1)
    data_push(w->mem, a, data_int(w->mem, t->value));
  else
    data_push(w->mem, a, data_string(w->mem, arena_printf(w->mem, "$%s", w->g->symbols.at[-2 - t->loop])));
  data_push(w->mem, a, data_int(w->mem, t->stride));
  if (t->divider != 1)
    data_push(w->mem, a, data_int(w->mem, t->divider));
  return a;
}

static data_value *write_terms(const text_writer *w, const tile_terms *terms) {
  data_value *a = data_array(w->mem);
  for (size_t i = 0; i < terms->n; i++)
    data_push(w->mem, a, write_term(w, &terms->at[i]));
  return a;
}

static void set_terms(const text_writer *w, data_value *o, const char *key, const tile_terms *terms) {
  if (terms->n)
    data_set(w->mem, o, key, write_terms(w, terms));
}

static data_value *write_numbers(arena *mem, const int64_t *v, size_t n) {
  data_value *a = data_array(mem);
  for (size_t i = 0; i < n; i++)
    data_push(mem, a, data_int(mem, v[i]));
  return a;
}

static void write_transfer(const text_writer *w, data_value *o, const tile_node *n) {
  arena *mem = w->mem;
  data_set(mem, o, "extent", write_numbers(mem, n->extent, (size_t)n->rank));
  data_set(mem, o, "step", write_numbers(mem, n->step, (size_t)n->rank));
  data_set_int(mem, o, "elem_bytes", n->elem_bytes);
  set_terms(w, o, "offset", &n->offset);
  if (n->is_async)
    data_set_bool(mem, o, "async", true);
  if (n->is_indirect)
    data_set_bool(mem, o, "indirect", true);
  if (n->is_indirect && n->rows) {
    data_value *rows = data_object(mem);
    data_set_int(mem, rows, "count", n->rows);
    data_set_int(mem, rows, "step", n->row_step);
    data_set_int(mem, rows, "dim", n->row_dim);
    data_set(mem, o, "rows", rows);
  }
  if (!n->masks.n)
    return;
  data_value *masks = data_array(mem);
  for (size_t i = 0; i < n->masks.n; i++) {
    data_value *m = data_object(mem);
    data_set_int(mem, m, "dim", n->masks.at[i].dim);
    data_set(mem, m, "low", write_terms(w, &n->masks.at[i].low));
    data_set(mem, m, "high", write_terms(w, &n->masks.at[i].high));
    data_push(mem, masks, m);
  }
  data_set(mem, o, "masks", masks);
}

static void write_common(const text_writer *w, data_value *o, const tile_node *n) {
  arena *mem = w->mem;
  if (n->uses.n) {
    data_value *uses = data_array(mem);
    for (size_t i = 0; i < n->uses.n; i++) {
      data_value *use = data_array(mem);
      data_push(mem, use, data_string(mem, w->g->buffers.at[n->uses.at[i].buffer].name));
      data_push(mem, use, data_string(mem, access_names[n->uses.at[i].access]));
      data_push(mem, uses, use);
    }
    data_set(mem, o, "uses", uses);
  }
  if (n->function)
    data_set_string(mem, o, "function", n->function);
  if (n->successors.n) {
    data_value *then = data_array(mem);
    for (size_t i = 0; i < n->successors.n; i++)
      data_push(mem, then, data_string(mem, w->g->nodes.at[n->successors.at[i]].name));
    data_set(mem, o, "then", then);
  }
}

static data_value *write_body(const text_writer *w, const int *body, size_t n_body);

static data_value *write_node(const text_writer *w, const tile_node *n) {
  arena *mem = w->mem;
  data_value *o = data_object(mem);
  data_set_string(mem, o, "name", n->name);
  if (n->kind == TILE_LOOP) {
    data_set_string(mem, o, "loop", n->variable);
    data_set_string(mem, o, "type", tile_loop_name(n->loop_type));
    data_set_int(mem, o, "start", n->start);
    data_set_int(mem, o, "end", n->end);
    data_set_int(mem, o, "stride", n->stride);
    set_terms(w, o, "end_sum", &n->end_sum);
    if (n->end_most)
      data_set_int(mem, o, "end_most", n->end_most);
    data_set(mem, o, "body", write_body(w, n->body.at, n->body.n));
    return o;
  }
  if (n->kind == TILE_COMPUTE) {
    data_set_string(mem, o, "compute", unit_names[n->unit]);
    data_set_int(mem, o, "cycles", n->cycles);
    data_set_int(mem, o, "overlap", n->overlap);
  } else {
    data_set_string(mem, o, n->kind == TILE_LOAD ? "load" : n->kind == TILE_STORE ? "store" : "wait", w->g->tensors.at[n->tensor].name);
    if (n->kind != TILE_WAIT)
      write_transfer(w, o, n);
    set_terms(w, o, "accumulation", &n->accumulation);
    set_terms(w, o, "tag", &n->tag);
  }
  write_common(w, o, n);
  return o;
}

static data_value *write_body(const text_writer *w, const int *body, size_t n_body) {   /* as deep as loops nest: TILE_GRAPH_DEPTH_MAX */
  data_value *a = data_array(w->mem);
  for (size_t i = 0; i < n_body; i++)
    data_push(w->mem, a, write_node(w, &w->g->nodes.at[body[i]]));
  return a;
}

data_value *tile_graph_to_data(arena *mem, const tile_graph *g) {
  text_writer w = {mem, g};
  data_value *o = data_object(mem), *tensors = data_array(mem), *buffers = data_array(mem), *symbols = data_array(mem), *pins = data_array(mem);
  data_set_string(mem, o, "schema", "loom.tile_graph.v1");
  data_set_string(mem, o, "name", g->name);
  data_set_int(mem, o, "systolic_size", g->systolic_size);
  for (size_t i = 0; i < g->tensors.n; i++) {
    data_value *t = data_object(mem);
    data_set_string(mem, t, "name", g->tensors.at[i].name);
    if (g->tensors.at[i].is_placed)
      data_set_int(mem, t, "base", g->tensors.at[i].base);
    data_push(mem, tensors, t);
  }
  data_set(mem, o, "tensors", tensors);
  for (size_t i = 0; i < g->buffers.n; i++) {
    data_value *b = data_object(mem);
    data_set_string(mem, b, "name", g->buffers.at[i].name);
    data_set_int(mem, b, "address", g->buffers.at[i].address);
    data_set_int(mem, b, "lane_bytes", g->buffers.at[i].lane_bytes);
    data_push(mem, buffers, b);
  }
  if (g->buffers.n)
    data_set(mem, o, "buffers", buffers);
  for (size_t i = 0; i < g->symbols.n; i++)
    data_push(mem, symbols, data_string(mem, g->symbols.at[i]));
  if (g->symbols.n)
    data_set(mem, o, "symbols", symbols);
  data_set(mem, o, "body", write_body(&w, g->roots.at, g->roots.n));
  for (size_t i = 0; i < g->pins.n; i++)
    data_push(mem, pins, write_numbers(mem, (int64_t[]){g->pins.at[i].item, g->pins.at[i].core}, 2));
  if (g->pins.n)
    data_set(mem, o, "pins", pins);
  if (g->sparse.n)
    data_set(mem, o, "sparse", write_numbers(mem, g->sparse.at, g->sparse.n));
  return o;
}
