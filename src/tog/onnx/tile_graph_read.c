/* The container: protobuf, nodes in order, loops that open and close, edges. */
#include "base/text.h"
#include "tog/onnx/tile_graph_private.h"
#include <stdlib.h>

static const char *const kind_ops[] = {
#define X(n, op) op,
    TILE_KIND_LIST(X)
#undef X
};
static const char *const loop_names[] = {
#define X(n, s) s,
    TILE_LOOP_LIST(X)
#undef X
};
const char *tile_kind_op(tile_kind k) { return kind_ops[k]; }
const char *tile_loop_name(tile_loop_type t) { return loop_names[t]; }

/* ---- protobuf in an arena ---- */

/* Unpacking may take some bytes for each of the file; what goes beyond is a file made to. */
typedef struct unpack_memory { arena *mem; size_t left; bool is_spent; } unpack_memory;
static void *unpack_alloc(void *data, size_t size) {
  enum { ROUNDING = 16 };
  unpack_memory *u = data;
  if (size + ROUNDING > u->left) {   /* sizes are counted from bytes of the file: no overflow */
    u->is_spent = true;
    return NULL;
  }
  u->left -= size + ROUNDING;
  return arena_alloc(u->mem, size);
}
static void unpack_free(void *data, void *p) { (void)data, (void)p; }

bool tile_graph_is_container(const char *bytes, size_t size) {   /* JSON and text do not begin with the tag of ir_version, producer_name, producer_version or graph */
  return size >= 1 && (bytes[0] == 0x08 || bytes[0] == 0x12 || bytes[0] == 0x1a || bytes[0] == 0x3a);
}

static loom_status unpack(loom_ctx *ctx, loom_span span, const char *bytes, size_t size, OnnxContainer__Model **out) {
  if (size > TILE_GRAPH_BYTES_MAX)
    LOOM_FAIL(ctx, span, LOOM_ELIMIT, "the file has %zu bytes; tile graphs of at most %d are read", size, TILE_GRAPH_BYTES_MAX);
  unpack_memory memory = {.mem = &ctx->mem, .left = ((size_t)16 << 20) + 24 * size};
  ProtobufCAllocator allocator = {unpack_alloc, unpack_free, &memory};
  *out = onnx_container__model__unpack(&allocator, size, (const uint8_t *)bytes);
  if (*out && (*out)->graph)
    return LOOM_OK;
  if (memory.is_spent)
    LOOM_FAIL(ctx, span, LOOM_ELIMIT, "the ONNX container has %zu bytes and unpacks to more than %zu", size, ((size_t)16 << 20) + 24 * size);
  diag_error(ctx, span, LOOM_EINPUT, *out ? "the ONNX container holds no graph" : "damaged ONNX container: the protobuf cannot be unpacked");
  diag_help(ctx, "expected a tile operation graph as TOGSim reads them (docs/tog.md)");
  return LOOM_EINPUT;
}

/* ---- metadata ---- */

static loom_status read_metadata(tile_reader *r, const OnnxContainer__Model *m) {
  r->g->systolic_size = 0;
  for (size_t i = 0; i < m->n_metadata_props; i++) {
    const char *key = m->metadata_props[i]->key, *value = m->metadata_props[i]->value;
    char *end = NULL;
    long long v = value ? strtoll(value, &end, 10) : 0;
    if (text_eq(key, "systolic_size")) {
      if (!end || end == value || *end || v < 1 || v > 65536)
        LOOM_FAIL(r->ctx, r->span, LOOM_EINPUT, "the container's 'systolic_size' is '%.40s'; must be 1..65536", value ? value : "");
      r->g->systolic_size = v;
    } else if (text_eq(key, "stonneGraph") && v != 0)
      LOOM_FAIL(r->ctx, r->span, LOOM_EUNSUP, "the graph is for sparse cores (stonneGraph %.40s), which no machine here has", value);
  }
  if (!r->g->systolic_size)
    LOOM_FAIL(r->ctx, r->span, LOOM_EINPUT, "the container's metadata has no 'systolic_size', which counts the subtiles of a load");
  return LOOM_OK;
}

/* ---- nodes ---- */

static int kind_of(const OnnxContainer__Node *n) {
  for (int k = 0; k < TILE_KINDS; k++)
    if (text_eq(n->op_type, kind_ops[k]))
      return k;
  return -1;
}

/* All at once. */
static loom_status check_kinds(tile_reader *r, const OnnxContainer__Graph *graph) {
  text list = text_new(&r->ctx->scratch);
  size_t kinds = 0, nodes = 0;
  for (size_t i = 0; i < graph->n_node; i++) {
    const char *op = graph->node[i]->op_type ? graph->node[i]->op_type : "";
    if (kind_of(graph->node[i]) >= 0)
      continue;
    nodes++;
    const char *quoted = arena_printf(&r->ctx->scratch, "'%.60s'", op);
    if (list.size && strstr(list.data, quoted))
      continue;
    if (kinds++ < 16)
      text_addf(&list, "%s%s", list.size ? ", " : "", quoted);
  }
  if (!nodes)
    return LOOM_OK;
  diag_error(r->ctx, r->span, LOOM_EUNSUP, "%zu node(s) of kinds that cannot be run: %s", nodes, text_str(&list));
  diag_help(r->ctx, "a tile graph has loop_index_node, loop_end_node, load_node, store_node, memory_wait_node and compute_node; stonne nodes need a sparse core");
  return LOOM_EUNSUP;
}

static loom_status close_loop(tile_reader *r) {
  const char *variable;
  if (!r->open.n)
    return tile_fail(r, LOOM_EINPUT, "a loop ends here, but none is open");
  const tile_node *loop = &r->g->nodes.at[r->open.at[r->open.n - 1]];
  LOOM_TRY(tile_need_string(r, "torchsim_loop_idx", &variable));
  if (!text_eq(variable, loop->variable))
    return tile_fail(r, LOOM_EINPUT, "loop '%s' ends here, but '%s' is the innermost open one", variable, loop->variable);
  r->open.n--;
  return LOOM_OK;
}

static loom_status add_node(tile_reader *r, int *out) {
  arena *mem = &r->ctx->mem;
  tile_node n = {.kind = (tile_kind)kind_of(r->node), .parent = r->open.n ? r->open.at[r->open.n - 1] : -1, .tensor = -1};
  n.name = r->node->n_output ? r->node->output[0] : "";
  *out = -1;
  if (n.kind == TILE_END)
    return close_loop(r);
  LOOM_TRY(tile_read_node(r, &n));
  *out = (int)r->g->nodes.n;
  int *loops = n.parent >= 0 ? &r->g->nodes.at[n.parent].n_loops : &r->g->n_loops;
  n.segment = *loops;
  *loops += n.kind == TILE_LOOP;
  vec_push(mem, &r->g->nodes, n);
  if (n.parent >= 0)
    vec_push(mem, &r->g->nodes.at[n.parent].body, *out);
  else
    vec_push(mem, &r->g->roots, *out);
  if (n.kind == TILE_LOOP) {
    if (r->open.n == TILE_GRAPH_DEPTH_MAX)
      return tile_fail(r, LOOM_ELIMIT, "loops are nested deeper than %d", TILE_GRAPH_DEPTH_MAX);
    vec_push(mem, &r->open, *out);
  }
  return LOOM_OK;
}

/* ---- edges ---- */

/* Outputs by name; `node` -1: a loop's end, `loop` its loop. */
typedef struct output { const char *name; size_t order; int node; } output;
static int by_name(const void *a, const void *b) {
  const output *x = a, *y = b;
  int c = strcmp(x->name, y->name);
  return c ? c : (x->order > y->order) - (x->order < y->order);
}

/* Between two nodes of one body without a loop between them; others order nothing that the loops do not order already.  (What comes behind a loop in its
 * body is of a later segment.) */
static void add_edge(tile_reader *r, int from, int to) {
  tile_node *a = &r->g->nodes.at[from];
  const tile_node *b = &r->g->nodes.at[to];
  if (a->parent != b->parent || a->segment != b->segment || b->kind == TILE_LOOP)
    return;
  if (a->successors.n && a->successors.at[a->successors.n - 1] == to)   /* written twice */
    return;
  vec_push(&r->ctx->mem, &a->successors, to);
}

static loom_status read_edges(tile_reader *r, const OnnxContainer__Graph *graph, const int *node_of) {
  output *outputs;
  size_t n = 0;
  for (size_t i = 0; i < graph->n_node; i++)
    n += graph->node[i]->n_output;
  outputs = ARENA_NEW_N(&r->ctx->scratch, output, n);
  n = 0;
  for (size_t i = 0; i < graph->n_node; i++)
    for (size_t k = 0; k < graph->node[i]->n_output; k++)
      outputs[n++] = (output){graph->node[i]->output[k], i, node_of[i]};
  qsort(outputs, n, sizeof *outputs, by_name);
  for (size_t i = 1; i < n; i++)
    if (strcmp(outputs[i].name, outputs[i - 1].name) == 0) {
      r->node = graph->node[outputs[i].order];
      return tile_fail(r, LOOM_EINPUT, "another node has an output of this name");
    }
  for (size_t i = 0; i < graph->n_node; i++)
    for (size_t k = 0; k < graph->node[i]->n_input; k++) {
      output key = {graph->node[i]->input[k], 0, 0};
      size_t lo = 0, hi = n;
      while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (strcmp(outputs[mid].name, key.name) < 0)
          lo = mid + 1;
        else
          hi = mid;
      }
      r->node = graph->node[i];
      if (lo == n || strcmp(outputs[lo].name, key.name) != 0)
        return tile_fail(r, LOOM_EINPUT, "its input '%.80s' is no node's output", key.name);
      if (outputs[lo].order >= i)
        return tile_fail(r, LOOM_EINPUT, "its input '%.80s' comes from a node that is not before it", key.name);
      if (outputs[lo].node >= 0 && node_of[i] >= 0)
        add_edge(r, outputs[lo].node, node_of[i]);
    }
  return LOOM_OK;
}

loom_status tile_graph_read(loom_ctx *ctx, const char *path, const char *bytes, size_t size, tile_graph **out) {
  OnnxContainer__Model *model = NULL;
  tile_reader r = {.ctx = ctx, .g = ARENA_NEW(&ctx->mem, tile_graph), .span = diag_file_span(ctx, path)};
  r.g->path = path;
  LOOM_TRY(unpack(ctx, r.span, bytes, size, &model));
  const OnnxContainer__Graph *graph = model->graph;
  r.g->name = graph->name ? graph->name : "";
  if (graph->n_node > TILE_GRAPH_NODES_MAX)
    LOOM_FAIL(ctx, r.span, LOOM_ELIMIT, "the graph has %zu nodes; at most %d are read", graph->n_node, TILE_GRAPH_NODES_MAX);
  LOOM_TRY(read_metadata(&r, model));
  LOOM_TRY(check_kinds(&r, graph));
  int *node_of = ARENA_NEW_N(&ctx->scratch, int, graph->n_node);
  for (size_t i = 0; i < graph->n_node; i++) {
    r.node = graph->node[i];
    LOOM_TRY(add_node(&r, &node_of[i]));
  }
  if (r.open.n)
    LOOM_FAIL(ctx, r.span, LOOM_EINPUT, "loop '%s' is not closed", r.g->nodes.at[r.open.at[r.open.n - 1]].variable);
  LOOM_TRY(read_edges(&r, graph, node_of));
  *out = r.g;
  return LOOM_OK;
}
