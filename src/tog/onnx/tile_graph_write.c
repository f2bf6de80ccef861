/* A tile graph as an ONNX container: what tests read back, and the way to make graphs without Python. */
#include "base/text.h"
#include "tog/onnx/tile_graph_private.h"

enum { TYPE_INT = 2, TYPE_STRING = 3, TYPE_INTS = 7, TYPE_STRINGS = 8 };

typedef struct writer { arena *mem; const tile_graph *g; VEC_OF(OnnxContainer__Node *) nodes; const char *last_output; } writer;

static OnnxContainer__Attribute *add(writer *w, OnnxContainer__Node *n, const char *name, int type) {
  OnnxContainer__Attribute *a = ARENA_NEW(w->mem, OnnxContainer__Attribute);
  onnx_container__attribute__init(a);
  a->name = arena_strdup(w->mem, name);
  a->has_type = 1;
  a->type = type;
  n->attribute[n->n_attribute++] = a;
  return a;
}

static void add_int(writer *w, OnnxContainer__Node *n, const char *name, int64_t v) {
  OnnxContainer__Attribute *a = add(w, n, name, TYPE_INT);
  a->has_i = 1;
  a->i = v;
}

static ProtobufCBinaryData as_bytes(writer *w, const char *s) {
  return (ProtobufCBinaryData){strlen(s), (uint8_t *)arena_strdup(w->mem, s)};
}

static void add_string(writer *w, OnnxContainer__Node *n, const char *name, const char *s) {
  OnnxContainer__Attribute *a = add(w, n, name, TYPE_STRING);
  a->has_s = 1;
  a->s = as_bytes(w, s);
}

static void add_ints(writer *w, OnnxContainer__Node *n, const char *name, const int64_t *v, size_t count) {
  OnnxContainer__Attribute *a = add(w, n, name, TYPE_INTS);
  a->n_ints = count;
  a->ints = ARENA_NEW_N(w->mem, int64_t, count);
  for (size_t i = 0; i < count; i++)
    a->ints[i] = v[i];
}

static const char *term_name(writer *w, const tile_term *t, const char *none) {
  return t->loop >= 0 ? w->g->nodes.at[t->loop].variable : none ? none : arena_printf(w->mem, "c%" PRId64, t->value);
}

/* Names of the terms, after those of `first`; `none` stands for no loop, NULL: a constant. */
static void add_names(writer *w, OnnxContainer__Node *n, const char *name, const tile_terms *first, const tile_terms *terms, const char *none) {
  OnnxContainer__Attribute *a = add(w, n, name, TYPE_STRINGS);
  size_t before = first ? first->n : 0;
  a->strings = ARENA_NEW_N(w->mem, ProtobufCBinaryData, before + terms->n);
  for (size_t i = 0; i < before; i++)
    a->strings[a->n_strings++] = as_bytes(w, term_name(w, &first->at[i], none));
  for (size_t i = 0; i < terms->n; i++)
    a->strings[a->n_strings++] = as_bytes(w, term_name(w, &terms->at[i], none));
}

static void add_numbers(writer *w, OnnxContainer__Node *n, const char *name, size_t before, int64_t fill, const tile_terms *terms, bool dividers) {
  int64_t *v = ARENA_NEW_N(w->mem, int64_t, before + terms->n);
  for (size_t i = 0; i < before; i++)
    v[i] = fill;
  for (size_t i = 0; i < terms->n; i++)
    v[before + i] = dividers ? terms->at[i].divider : terms->at[i].stride;
  add_ints(w, n, name, v, before + terms->n);
}

static OnnxContainer__Node *open_node(writer *w, const char *op, const char *output) {
  enum { ATTRIBUTES_MAX = 12 };
  OnnxContainer__Node *n = ARENA_NEW(w->mem, OnnxContainer__Node);
  onnx_container__node__init(n);
  n->op_type = arena_strdup(w->mem, op);
  n->output = ARENA_NEW_N(w->mem, char *, 1);
  n->output[n->n_output++] = arena_strdup(w->mem, output);
  n->attribute = ARENA_NEW_N(w->mem, OnnxContainer__Attribute *, ATTRIBUTES_MAX);
  vec_push(w->mem, &w->nodes, n);
  return n;
}

/* Those it waits for; when there are none, `otherwise`. */
static void add_inputs(writer *w, OnnxContainer__Node *n, int node, const char *otherwise) {
  n->input = ARENA_NEW_N(w->mem, char *, w->g->nodes.n + 1);
  for (int i = 0; i < node; i++)
    for (size_t k = 0; k < w->g->nodes.at[i].successors.n; k++)
      if (w->g->nodes.at[i].successors.at[k] == node)
        n->input[n->n_input++] = arena_strdup(w->mem, w->g->nodes.at[i].name);
  if (!n->n_input && otherwise)
    n->input[n->n_input++] = arena_strdup(w->mem, otherwise);
}

static void add_transfer(writer *w, OnnxContainer__Node *n, const tile_node *t) {
  add_ints(w, n, "torchsim_tile_size", t->extent, (size_t)t->rank);
  add_ints(w, n, "torchsim_tile_stride", t->step, (size_t)t->rank);
  add_int(w, n, "torchsim_element_size", t->elem_bytes);
  add_names(w, n, "torchsim_tag_idx_list", NULL, &t->tag, "0");
  add_numbers(w, n, "torchsim_tag_stride_list", 0, 0, &t->tag, false);
  add_names(w, n, "torchsim_loop_idx_list", NULL, &t->offset, NULL);
  add_numbers(w, n, "torchsim_loop_stride_list", 0, 0, &t->offset, false);
  add_int(w, n, "torchsim_is_async", t->is_async);
  add_int(w, n, "torchsim_indirect_mode", t->is_indirect);
}

static void add_attributes(writer *w, OnnxContainer__Node *n, const tile_node *t) {
  if (t->kind == TILE_LOOP) {
    add_string(w, n, "torchsim_loop_idx", t->variable);
    add_int(w, n, "torchsim_start", t->start);
    add_int(w, n, "torchsim_end", t->end);
    add_int(w, n, "torchsim_stride", t->stride);
    add_string(w, n, "torchsim_loop_type", tile_loop_name(t->loop_type));
  } else if (t->kind == TILE_COMPUTE) {
    add_int(w, n, "torchsim_cycle", t->cycles);
    add_int(w, n, "torchsim_overlapping_cycle", t->overlap);
    add_int(w, n, "torchsim_compute_type", t->unit);
  } else {
    add_string(w, n, "torchsim_base_addr", w->g->tensors.at[t->tensor].name);
    if (t->kind != TILE_WAIT) {
      add_transfer(w, n, t);
      return;
    }
    add_names(w, n, "torchsim_tag_idx_list", &t->accumulation, &t->tag, "0");
    add_numbers(w, n, "torchsim_tag_stride_list", t->accumulation.n, -1, &t->tag, false);
    add_numbers(w, n, "torchsim_tag_divider_list", t->accumulation.n, 1, &t->tag, true);
  }
}

/* A loop's end waits for what comes last in it, and where that are loads for all of them. */
static void add_last(writer *w, OnnxContainer__Node *end, const tile_node *loop) {
  end->input = ARENA_NEW_N(w->mem, char *, loop->body.n + 1);
  if (!loop->body.n)
    end->input[end->n_input++] = arena_strdup(w->mem, loop->name);
  for (size_t i = loop->body.n; i-- > 0;) {
    const tile_node *last = &w->g->nodes.at[loop->body.at[i]];
    end->input[end->n_input++] = arena_strdup(w->mem, last->kind == TILE_LOOP ? w->last_output : last->name);
    if (last->kind != TILE_LOAD || (i > 0 && w->g->nodes.at[loop->body.at[i - 1]].kind != TILE_LOAD))
      return;
  }
}

/* A node that waits for none beside it comes behind the loop before it, or the beginning of the one around it. */
static void write_body(writer *w, const int *body, size_t n) {   /* as deep as loops nest: TILE_GRAPH_DEPTH_MAX */
  const char *before = w->last_output;
  for (size_t i = 0; i < n; i++) {
    const tile_node *t = &w->g->nodes.at[body[i]];
    OnnxContainer__Node *node = open_node(w, tile_kind_op(t->kind), t->name);
    add_inputs(w, node, body[i], t->kind == TILE_LOOP ? w->last_output : before);
    add_attributes(w, node, t);
    w->last_output = t->name;
    if (t->kind != TILE_LOOP)
      continue;
    write_body(w, t->body.at, t->body.n);
    const char *output = arena_printf(w->mem, "end_of_%s", t->name);
    OnnxContainer__Node *end = open_node(w, tile_kind_op(TILE_END), output);
    add_last(w, end, t);
    add_string(w, end, "torchsim_loop_idx", t->variable);
    before = w->last_output = output;
  }
}

const char *tile_graph_write(arena *mem, const tile_graph *g, size_t *out_size) {
  writer w = {.mem = mem, .g = g};
  OnnxContainer__Model model = ONNX_CONTAINER__MODEL__INIT;
  OnnxContainer__Graph graph = ONNX_CONTAINER__GRAPH__INIT;
  OnnxContainer__OperatorSet opset = ONNX_CONTAINER__OPERATOR_SET__INIT;
  OnnxContainer__Entry size = ONNX_CONTAINER__ENTRY__INIT;
  write_body(&w, g->roots.at, g->roots.n);
  graph.node = w.nodes.at;
  graph.n_node = w.nodes.n;
  graph.name = arena_strdup(mem, g->name);
  opset.domain = arena_strdup(mem, "");
  opset.has_version = 1;
  opset.version = 13;
  size.key = arena_strdup(mem, "systolic_size");
  size.value = arena_printf(mem, "%" PRId64, g->systolic_size);
  model.has_ir_version = 1;
  model.ir_version = 8;
  model.producer_name = arena_strdup(mem, "loom");
  model.graph = &graph;
  model.opset_import = (OnnxContainer__OperatorSet *[]){&opset};
  model.n_opset_import = 1;
  model.metadata_props = (OnnxContainer__Entry *[]){&size};
  model.n_metadata_props = 1;
  *out_size = onnx_container__model__get_packed_size(&model);
  char *bytes = arena_alloc(mem, *out_size);
  onnx_container__model__pack(&model, (uint8_t *)bytes);
  return bytes;
}
