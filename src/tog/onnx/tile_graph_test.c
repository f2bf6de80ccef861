/* Containers in and out: what comes back, what is refused. */
#include "base/file.h"
#include "base/rng.h"
#include "tog/onnx/tile_graph_testing.h"
#include <onnx_container.pb-c.h>
#include <stdlib.h>

static const gemm_spec small = {256, 256, 256, 256, 256, 128, 128, 256, 128};

/* ---- round trips ---- */

static void expect_same_bytes(loom_ctx *ctx, const tile_graph *g) {
  size_t first_size, again_size;
  tile_graph *read;
  const char *first = tile_graph_write(&ctx->mem, g, &first_size);
  assert_true(tile_graph_is_container(first, first_size));
  assert_int_equal(tile_graph_read(ctx, "x.onnx", first, first_size, &read), LOOM_OK);
  const char *again = tile_graph_write(&ctx->mem, read, &again_size);
  assert_int_equal(again_size, first_size);
  assert_memory_equal(again, first, first_size);
}

static void test_what_is_written_reads_back(void **state) {
  loom_ctx *ctx = *state;
  expect_same_bytes(ctx, graph_gemm(&ctx->mem, small));
  graph_builder b = graph_new(&ctx->mem);
  int l = graph_loop(&b, TILE_LOOP_OUTER, 7, 2);
  int x = graph_transfer(&b, TILE_LOAD, 1, 3, 4, -5), c = graph_compute(&b, TILE_VECTOR, 5, 1);
  graph_order(&b, x, c);
  b.g->nodes.at[x].is_indirect = true;
  graph_term(&b, &b.g->nodes.at[x].offset, l, 1, -3);
  vec_push(&ctx->mem, &b.g->nodes.at[x].offset, ((tile_term){.loop = -1, .value = -77, .divider = 1, .stride = 4}));
  graph_loop(&b, TILE_LOOP_NORMAL, 3, 1);
  graph_order(&b, graph_compute(&b, TILE_PRELOAD, 0, 0), graph_compute(&b, TILE_MATMUL, 9, 4));
  expect_same_bytes(ctx, b.g);
}

/* Files that ONNX's own library wrote. */
static void test_graphs_of_the_onnx_library_are_read(void **state) {
  loom_ctx *ctx = *state;
  tile_graph *g;
  assert_int_equal(tile_graph_load(ctx, LOOM_SOURCE_DIR "/tests/data/tog/g1024.onnx", &g), LOOM_OK);
  assert_int_equal(ctx->diag.warnings, 0);
  assert_string_equal(g->name, "gemm_1024_1024_1024");
  assert_int_equal(g->systolic_size, 128);
  assert_int_equal(g->tensors.n, 3);
  int count[TILE_KINDS] = {0};
  for (size_t i = 0; i < g->nodes.n; i++)
    count[g->nodes.at[i].kind]++;
  assert_int_equal(count[TILE_LOOP], 9);
  assert_int_equal(count[TILE_LOAD], 2);
  assert_int_equal(count[TILE_STORE], 1);
  assert_int_equal(count[TILE_WAIT], 2);
  assert_int_equal(count[TILE_COMPUTE], 3);
  for (size_t i = 0; i < g->tensors.n; i++)
    assert_int_equal(g->tensors.at[i].base, ((int64_t)i + 1) * 0x10000000);
  const tile_node *x = NULL;
  for (size_t i = 0; !x; i++)
    if (g->nodes.at[i].kind == TILE_LOAD)
      x = &g->nodes.at[i];
  assert_true(x->is_async && !x->is_indirect);
  assert_int_equal(x->rank, 2);
  assert_int_equal(x->extent[0], 128);
  assert_int_equal(x->extent[1], 256);
  assert_int_equal(x->step[0], 1024);
  assert_int_equal(x->accumulation.n, 1);
  assert_string_equal(g->nodes.at[x->accumulation.at[0].loop].variable, "loop_arg002");
}

static void test_json_and_text_are_no_containers(void **state) {
  (void)state;
  const char *others[] = {"{\"schema\": \"loom.tog.v1\"}", " {", "\n[", "module {}", "", "builtin.module", "# x"};
  for (size_t i = 0; i < COUNT_OF(others); i++)
    assert_false(tile_graph_is_container(others[i], strlen(others[i])));
}

/* ---- damaged files ---- */

/* Every prefix, and bytes changed at random: an error that says so, or another graph; never a crash, a hang or a stop without an error. */
static void test_damaged_files_are_refused_or_read(void **state) {
  (void)state;
  loom_ctx first;
  loom_ctx_init(&first);
  char *bytes;
  size_t size, refused = 0, read = 0;
  assert_int_equal(file_read(&first, LOOM_SOURCE_DIR "/tests/data/tog/g128.onnx", 1 << 20, &bytes, &size), LOOM_OK);
  rng r = rng_new(3);
  for (int round = 0; round < 3000; round++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    tile_graph *g;
    char *copy = arena_alloc(&ctx.mem, size);
    memcpy(copy, bytes, size);
    size_t n = round % 3 == 0 ? (size_t)rng_range(&r, 0, (int64_t)size - 1) : size;
    for (int64_t k = round % 3 == 0 ? 0 : rng_range(&r, 1, 3); k > 0; k--)
      copy[rng_range(&r, 0, (int64_t)size - 1)] = (char)rng_range(&r, 0, 255);
    loom_status st = tile_graph_read(&ctx, "x.onnx", copy, n, &g);
    if (st == LOOM_OK) {
      read++;
      for (size_t i = 0; i < g->nodes.n; i++)
        assert_true(g->nodes.at[i].parent < (int)i);
    } else {
      refused++;
      assert_true(ctx.diag.errors == 1 && (st == LOOM_EINPUT || st == LOOM_EUNSUP || st == LOOM_ELIMIT));
    }
    loom_ctx_done(&ctx);
  }
  if (refused < 500 || read < 100)
    fail_msg("%zu refused, %zu read", refused, read);
  loom_ctx_done(&first);
}

static loom_status read_again(loom_ctx *ctx, void *data) {
  const char *path = data;
  tile_graph *g;
  return tile_graph_load(ctx, path, &g);
}
static void test_memory_may_run_out_anywhere(void **state) {
  (void)state;
  testing_sweep_memory(read_again, LOOM_SOURCE_DIR "/tests/data/tog/g128.onnx");
}

/* ---- refusals ---- */

typedef void (*spoil_fn)(arena *mem, OnnxContainer__Model *m);

static OnnxContainer__Node *node_at(OnnxContainer__Model *m, const char *op, int skip) {
  for (size_t i = 0; i < m->graph->n_node; i++)
    if (strcmp(m->graph->node[i]->op_type, op) == 0 && skip-- == 0)
      return m->graph->node[i];
  return NULL;
}
static OnnxContainer__Attribute *attribute_of(OnnxContainer__Node *n, const char *name) {
  for (size_t i = 0; i < n->n_attribute; i++)
    if (strcmp(n->attribute[i]->name, name) == 0)
      return n->attribute[i];
  return NULL;
}
static void set_text(OnnxContainer__Attribute *a, const char *s) { a->s = (ProtobufCBinaryData){strlen(s), (uint8_t *)(uintptr_t)s}; }

#define SPOIL(name, ...) static void name(arena *mem, OnnxContainer__Model *m) { (void)mem, (void)m; __VA_ARGS__ }
SPOIL(no_metadata, m->n_metadata_props = 0;)
SPOIL(bad_size, m->metadata_props[0]->value = arena_strdup(mem, "many");)
SPOIL(sparse_graph, m->metadata_props[0]->key = arena_strdup(mem, "stonneGraph"); m->metadata_props[0]->value = arena_strdup(mem, "1");)
SPOIL(sparse_node, node_at(m, "load_node", 0)->op_type = arena_strdup(mem, "stonne_node"); node_at(m, "compute_node", 1)->op_type = arena_strdup(mem, "Conv");)
SPOIL(unknown_type, set_text(attribute_of(node_at(m, "loop_index_node", 0), "torchsim_loop_type"), "outer_lop");)
SPOIL(no_stride, attribute_of(node_at(m, "loop_index_node", 0), "torchsim_stride")->i = 0;)
SPOIL(same_variable, set_text(attribute_of(node_at(m, "loop_index_node", 1), "torchsim_loop_idx"), "loop_arg000");)
SPOIL(constant_variable, set_text(attribute_of(node_at(m, "loop_index_node", 0), "torchsim_loop_idx"), "c1");)
SPOIL(wrong_end, set_text(attribute_of(node_at(m, "loop_end_node", 0), "torchsim_loop_idx"), "loop_arg000");)
SPOIL(not_closed, m->graph->n_node--;)
SPOIL(closed_twice, m->graph->node[0] = m->graph->node[m->graph->n_node - 1];)
SPOIL(not_around, attribute_of(node_at(m, "load_node", 0), "torchsim_loop_idx_list")->strings[0] = (ProtobufCBinaryData){4, (uint8_t *)(uintptr_t) "loop"};)
SPOIL(no_constant, attribute_of(node_at(m, "load_node", 0), "torchsim_loop_idx_list")->strings[0] = (ProtobufCBinaryData){3, (uint8_t *)(uintptr_t) "cx1"};)
SPOIL(other_length, attribute_of(node_at(m, "load_node", 0), "torchsim_loop_stride_list")->n_ints--;)
SPOIL(other_tag_length, attribute_of(node_at(m, "memory_wait_node", 0), "torchsim_tag_stride_list")->n_ints--;)
SPOIL(no_divider, attribute_of(node_at(m, "memory_wait_node", 0), "torchsim_tag_divider_list")->ints[2] = 0;)
SPOIL(no_extent, attribute_of(node_at(m, "store_node", 0), "torchsim_tile_size")->ints[0] = 0;)
SPOIL(no_dims, attribute_of(node_at(m, "store_node", 0), "torchsim_tile_size")->n_ints = 0; attribute_of(node_at(m, "store_node", 0), "torchsim_tile_stride")->n_ints = 0;)
SPOIL(far_stride, attribute_of(node_at(m, "store_node", 0), "torchsim_tile_stride")->ints[0] = INT64_C(1) << 50;)
SPOIL(no_unit, attribute_of(node_at(m, "compute_node", 0), "torchsim_compute_type")->i = 3;)
SPOIL(no_cycles, attribute_of(node_at(m, "compute_node", 0), "torchsim_cycle")->name = arena_strdup(mem, "x");)
SPOIL(wrong_kind, attribute_of(node_at(m, "compute_node", 0), "torchsim_cycle")->type = 1;)
SPOIL(odd_text, set_text(attribute_of(node_at(m, "store_node", 0), "torchsim_base_addr"), "a\nb");)
SPOIL(long_text, ProtobufCBinaryData *s = &attribute_of(node_at(m, "store_node", 0), "torchsim_base_addr")->s; s->len = 257; s->data = arena_alloc(mem, 257); memset(s->data, 'x', 257);)
SPOIL(unknown_input, node_at(m, "store_node", 0)->input[0] = arena_strdup(mem, "nobody");)
SPOIL(later_input, node_at(m, "load_node", 0)->input[0] = node_at(m, "store_node", 0)->output[0];)
SPOIL(same_output, node_at(m, "load_node", 1)->output[0] = node_at(m, "load_node", 0)->output[0];)
SPOIL(no_graph, m->graph = NULL;)

static void *take(void *mem, size_t size) { return arena_alloc(mem, size); }
static void drop(void *mem, void *p) { (void)mem, (void)p; }

static void test_refusals_say_what_is_wrong(void **state) {
  (void)state;
  static const struct { spoil_fn spoil; loom_status status; const char *text; } cases[] = {
      {no_metadata, LOOM_EINPUT, "the container's metadata has no 'systolic_size'"},
      {bad_size, LOOM_EINPUT, "the container's 'systolic_size' is 'many'; must be 1..65536"},
      {sparse_graph, LOOM_EUNSUP, "the graph is for sparse cores (stonneGraph 1)"},
      {sparse_node, LOOM_EUNSUP, "2 node(s) of kinds that cannot be run: 'stonne_node', 'Conv'"},
      {unknown_type, LOOM_EINPUT, "unknown type of loop 'outer_lop'"},
      {no_stride, LOOM_EINPUT, "'torchsim_stride' is 0; must be 1.."},
      {same_variable, LOOM_EINPUT, "'loop_arg000' is already the variable of a loop around this one"},
      {constant_variable, LOOM_EINPUT, "a loop's variable is named 'c1'; it must not begin with 'c'"},
      {wrong_end, LOOM_EINPUT, "loop 'loop_arg000' ends here, but 'loop_arg006' is the innermost open one"},
      {not_closed, LOOM_EINPUT, "loop 'loop_arg000' is not closed"},
      {closed_twice, LOOM_EINPUT, "a loop ends here, but none is open"},
      {not_around, LOOM_EINPUT, "'loop' in 'torchsim_loop_idx_list' is not the variable of a loop around the node"},
      {no_constant, LOOM_EINPUT, "'cx1' in 'torchsim_loop_idx_list' is no constant"},
      {other_length, LOOM_EINPUT, "'torchsim_loop_idx_list' has 4 entries, 'torchsim_loop_stride_list' has 3; they go together"},
      {other_tag_length, LOOM_EINPUT, "'torchsim_tag_stride_list' needs one stride for each entry"},
      {no_divider, LOOM_EINPUT, "'torchsim_tag_divider_list' has 0; must be 1 or more"},
      {no_extent, LOOM_EINPUT, "the tile's extent is 0; must be 1..2^31-1"},
      {no_dims, LOOM_EINPUT, "the tile has 0 dims; must be 1..4"},
      {far_stride, LOOM_ELIMIT, "'torchsim_tile_stride' has the value 1125899906842624; at most 2^40"},
      {no_unit, LOOM_EINPUT, "'torchsim_compute_type' is 3; must be 0..2"},
      {no_cycles, LOOM_EINPUT, "attribute 'torchsim_cycle' is missing; expected a whole number"},
      {wrong_kind, LOOM_EINPUT, "attribute 'torchsim_cycle' is of ONNX type 1; expected a whole number (2)"},
      {odd_text, LOOM_EINPUT, "a text of 'torchsim_base_addr' has the byte 0x0a; expected printable ASCII"},
      {long_text, LOOM_ELIMIT, "a text of 'torchsim_base_addr' has 257 bytes; at most 256 are read"},
      {unknown_input, LOOM_EINPUT, "its input 'nobody' is no node's output"},
      {later_input, LOOM_EINPUT, "comes from a node that is not before it"},
      {same_output, LOOM_EINPUT, "another node has an output of this name"},
      {no_graph, LOOM_EINPUT, "the ONNX container holds no graph"},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    size_t size;
    tile_graph *g;
    const char *bytes = tile_graph_write(&ctx.mem, graph_gemm(&ctx.mem, (gemm_spec){256, 256, 256, 256, 256, 256, 128, 128, 128}), &size);
    OnnxContainer__Model *m = onnx_container__model__unpack(&(ProtobufCAllocator){take, drop, &ctx.mem}, size, (const uint8_t *)bytes);
    cases[i].spoil(&ctx.mem, m);
    uint8_t *spoiled = arena_alloc(&ctx.mem, onnx_container__model__get_packed_size(m));
    size = onnx_container__model__pack(m, spoiled);
    assert_int_equal(tile_graph_read(&ctx, "x.onnx", (const char *)spoiled, size, &g), cases[i].status);
    testing_expect_error(&ctx, cases[i].status, cases[i].text, 0, 0);
    loom_ctx_done(&ctx);
  }
}

static void test_limits_are_told(void **state) {
  (void)state;
  loom_ctx ctx;
  tile_graph *g;
  size_t size;
  loom_ctx_init(&ctx);
  graph_builder b = graph_new(&ctx.mem);
  for (int i = 0; i < TILE_GRAPH_DEPTH_MAX; i++)
    graph_loop(&b, TILE_LOOP_INNER, 1, 1);
  /* one more inside the sixteenth */
  int deepest = graph_add(&b, (tile_node){.kind = TILE_LOOP, .end = 1, .stride = 1, .variable = "x"});
  assert_int_equal(deepest, TILE_GRAPH_DEPTH_MAX);
  const char *bytes = tile_graph_write(&ctx.mem, b.g, &size);
  assert_int_equal(tile_graph_read(&ctx, "x.onnx", bytes, size, &g), LOOM_ELIMIT);
  testing_expect_error(&ctx, LOOM_ELIMIT, "loops are nested deeper than 16", 0, 0);
  loom_ctx_done(&ctx);
  loom_ctx_init(&ctx);
  b = graph_new(&ctx.mem);
  int l = graph_loop(&b, TILE_LOOP_OUTER, 1, 1), x = graph_transfer(&b, TILE_STORE, 0, 1, 1, 1);
  for (int i = 0; i <= TILE_GRAPH_LIST_MAX; i++)
    graph_term(&b, &b.g->nodes.at[x].offset, l, 1, 1);
  bytes = tile_graph_write(&ctx.mem, b.g, &size);
  assert_int_equal(tile_graph_read(&ctx, "x.onnx", bytes, size, &g), LOOM_ELIMIT);
  testing_expect_error(&ctx, LOOM_ELIMIT, "has 33 entries; at most 32 are read", 0, 0);
  loom_ctx_done(&ctx);
  loom_ctx_init(&ctx);
  const size_t n = TILE_GRAPH_NODES_MAX + 1;
  OnnxContainer__Node **nodes = ARENA_NEW_N(&ctx.mem, OnnxContainer__Node *, n), *node = ARENA_NEW(&ctx.mem, OnnxContainer__Node);
  onnx_container__node__init(node);
  node->op_type = arena_strdup(&ctx.mem, "compute_node");
  for (size_t i = 0; i < n; i++)
    nodes[i] = node;
  OnnxContainer__Model model = ONNX_CONTAINER__MODEL__INIT;
  OnnxContainer__Graph graph = ONNX_CONTAINER__GRAPH__INIT;
  graph.node = nodes;
  graph.n_node = n;
  model.graph = &graph;
  uint8_t *many = arena_alloc(&ctx.mem, onnx_container__model__get_packed_size(&model));
  size = onnx_container__model__pack(&model, many);
  assert_int_equal(tile_graph_read(&ctx, "x.onnx", (const char *)many, size, &g), LOOM_ELIMIT);
  testing_expect_error(&ctx, LOOM_ELIMIT, "the graph has 100001 nodes; at most 100000 are read", 0, 0);
  loom_ctx_done(&ctx);
  loom_ctx_init(&ctx);
  assert_int_equal(tile_graph_read(&ctx, "x.onnx", "", (size_t)TILE_GRAPH_BYTES_MAX + 1, &g), LOOM_ELIMIT);
  testing_expect_error(&ctx, LOOM_ELIMIT, "the file has 33554433 bytes; tile graphs of at most 33554432 are read", 0, 0);
  loom_ctx_done(&ctx);
  loom_ctx_init(&ctx);   /* empty nodes: two bytes each in the file, many more in memory */
  size = (12 << 20) + 1;
  uint8_t *flood = arena_alloc(&ctx.mem, size);
  size_t at = 0, body = size - 5;
  flood[at++] = 0x3a;
  for (size_t left = body; left; left >>= 7)
    flood[at++] = (uint8_t)((left & 127) | (left >> 7 ? 128 : 0));
  for (; at + 1 < size; at += 2)
    flood[at] = 0x0a;
  assert_int_equal(tile_graph_read(&ctx, "x.onnx", (const char *)flood, size, &g), LOOM_ELIMIT);
  testing_expect_error(&ctx, LOOM_ELIMIT, "has 12582913 bytes and unpacks to more than", 0, 0);
  loom_ctx_done(&ctx);
}

/* ---- the address file ---- */

static void test_the_address_file_is_checked(void **state) {
  (void)state;
  static const struct { const char *json, *error; } cases[] = {
      {"{\"address_info\": {\"arg0\": 4096, \"other\": 1}, \"subgraph_map\": {\"0\": 1, \"7\": -1}, \"sram_alloc\": {}}", NULL},
      {"[]", "the address file is a list; expected {\"address_info\""},
      {"{\"address_info\": 3}", "address_info"},
      {"{\"address_info\": {\"arg0\": -4}}", "the address of 'arg0' is"},
      {"{\"address_info\": {\"arg0\": \"x\"}}", "the address of 'arg0' is a string; expected a whole number"},
      {"{\"address_info\": {}, \"subgraph_map\": {\"x\": 0}}", "'x' is no work item"},
      {"{\"address_info\": {}, \"subgraph_map\": {\"0\": \"x\"}}", "work item 0 is given to a core that is a string"},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    data_value *v;
    tile_graph *g = graph_gemm(&ctx.mem, small);
    assert_int_equal(data_read_json(&ctx, "x.json", cases[i].json, strlen(cases[i].json), &v), LOOM_OK);
    loom_status st = tile_graph_set_addresses(&ctx, g, v);
    if (cases[i].error) {
      assert_int_equal(st, LOOM_EINPUT);
      testing_expect_error(&ctx, LOOM_EINPUT, cases[i].error, 0, 0);
    } else {
      assert_int_equal(st, LOOM_OK);
      assert_int_equal(g->tensors.at[0].base, 4096);
      assert_int_equal(g->pins.n, 1);
    }
    loom_ctx_done(&ctx);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_what_is_written_reads_back, testing_open_context, testing_close_context),
      cmocka_unit_test_setup_teardown(test_graphs_of_the_onnx_library_are_read, testing_open_context, testing_close_context),
      cmocka_unit_test(test_json_and_text_are_no_containers),
      cmocka_unit_test(test_damaged_files_are_refused_or_read),
      cmocka_unit_test(test_memory_may_run_out_anywhere),
      cmocka_unit_test(test_refusals_say_what_is_wrong),
      cmocka_unit_test(test_limits_are_told),
      cmocka_unit_test(test_the_address_file_is_checked),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
