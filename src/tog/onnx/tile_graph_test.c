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
  for (int c = 0; c < 256; c++) {   /* a model's fields of onnx.proto before opset_import: 1 is a varint, 2, 3 and 7 are of known length */
    const int field = c >> 3, wire = c & 7;
    assert_int_equal(tile_graph_is_container((const char[]){(char)c}, 1), (field == 1 && wire == 0) || ((field == 2 || field == 3 || field == 7) && wire == 2));
  }
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
SPOIL(size_without_value, m->metadata_props[0]->value = NULL;)
SPOIL(size_empty, m->metadata_props[0]->value = arena_strdup(mem, "");)
SPOIL(size_and_more, m->metadata_props[0]->value = arena_strdup(mem, "8x");)
SPOIL(size_0, m->metadata_props[0]->value = arena_strdup(mem, "0");)
SPOIL(size_65537, m->metadata_props[0]->value = arena_strdup(mem, "65537");)
SPOIL(without_kind, OnnxContainer__Node *n = node_at(m, "load_node", 0); node_at(m, "store_node", 0)->op_type = arena_strdup(mem, "Conv");
      node_at(m, "compute_node", 0)->op_type = arena_strdup(mem, "Conv"); n->op_type = NULL;)
SPOIL(many_kinds, for (size_t i = 0; i < m->graph->n_node; i++) m->graph->node[i]->op_type = arena_printf(mem, "kind%zu", i);)
SPOIL(without_output, OnnxContainer__Node *n = node_at(m, "store_node", 0); n->n_output = 0; attribute_of(n, "torchsim_tile_size")->ints[0] = 0;)
SPOIL(empty_variable, set_text(attribute_of(node_at(m, "loop_index_node", 0), "torchsim_loop_idx"), "");)
SPOIL(far_type, set_text(attribute_of(node_at(m, "loop_index_node", 0), "torchsim_loop_type"), "sideways");)
SPOIL(bare_constant, attribute_of(node_at(m, "load_node", 0), "torchsim_loop_idx_list")->strings[0] = (ProtobufCBinaryData){1, (uint8_t *)(uintptr_t) "c"};)
SPOIL(high_constant, attribute_of(node_at(m, "load_node", 0), "torchsim_loop_idx_list")->strings[0] = (ProtobufCBinaryData){14, (uint8_t *)(uintptr_t) "c1099511627777"};)
SPOIL(low_constant, attribute_of(node_at(m, "load_node", 0), "torchsim_loop_idx_list")->strings[0] = (ProtobufCBinaryData){15, (uint8_t *)(uintptr_t) "c-1099511627777"};)
SPOIL(large_extent, attribute_of(node_at(m, "store_node", 0), "torchsim_tile_size")->ints[0] = INT64_C(1) << 31;)
static void set_ints(arena *mem, OnnxContainer__Attribute *a, size_t n, int64_t value) {
  a->n_ints = n;
  a->ints = ARENA_NEW_N(mem, int64_t, n);
  for (size_t i = 0; i < n; i++)
    a->ints[i] = value;
}
SPOIL(five_dims, set_ints(mem, attribute_of(node_at(m, "store_node", 0), "torchsim_tile_size"), 5, 1); set_ints(mem, attribute_of(node_at(m, "store_node", 0), "torchsim_tile_stride"), 5, 1);)
SPOIL(more_tag_strides, set_ints(mem, attribute_of(node_at(m, "memory_wait_node", 0), "torchsim_tag_stride_list"), 9, -1);)
SPOIL(list_is_a_number, OnnxContainer__Attribute *a = attribute_of(node_at(m, "store_node", 0), "torchsim_tile_size"); a->n_ints = 0; a->has_i = 1; a->type = 2;)
SPOIL(list_is_a_text, OnnxContainer__Attribute *a = attribute_of(node_at(m, "store_node", 0), "torchsim_tile_size"); a->n_ints = 0; a->has_s = 1; set_text(a, "8"); a->type = 3;)
SPOIL(many_texts, OnnxContainer__Attribute *a = attribute_of(node_at(m, "memory_wait_node", 0), "torchsim_tag_idx_list"); a->n_strings = 33; a->strings = ARENA_NEW_N(mem, ProtobufCBinaryData, 33);)
SPOIL(odd_text_in_list, attribute_of(node_at(m, "load_node", 0), "torchsim_loop_idx_list")->strings[0] = (ProtobufCBinaryData){2, (uint8_t *)(uintptr_t) "i\x7f"};)
SPOIL(end_without_variable, attribute_of(node_at(m, "loop_end_node", 0), "torchsim_loop_idx")->name = arena_strdup(mem, "x");)
SPOIL(load_tag_of_numbers, OnnxContainer__Attribute *a = attribute_of(node_at(m, "load_node", 0), "torchsim_tag_stride_list"); a->n_ints--;)

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
      {size_without_value, LOOM_EINPUT, "the container's 'systolic_size' is ''; must be 1..65536"},
      {size_empty, LOOM_EINPUT, "the container's 'systolic_size' is ''; must be 1..65536"},
      {size_and_more, LOOM_EINPUT, "the container's 'systolic_size' is '8x'; must be 1..65536"},
      {size_0, LOOM_EINPUT, "the container's 'systolic_size' is '0'; must be 1..65536"},
      {size_65537, LOOM_EINPUT, "the container's 'systolic_size' is '65537'; must be 1..65536"},
      {without_kind, LOOM_EUNSUP, "3 node(s) of kinds that cannot be run: "},
      {many_kinds, LOOM_EUNSUP, "'kind14', 'kind15'"},
      {without_output, LOOM_EINPUT, "node 'store_node': the tile's extent is 0"},
      {empty_variable, LOOM_EINPUT, "a loop's variable is named ''; it must not begin with 'c'"},
      {far_type, LOOM_EINPUT, "unknown type of loop 'sideways'"},
      {bare_constant, LOOM_EINPUT, "'c' in 'torchsim_loop_idx_list' is no constant"},
      {high_constant, LOOM_EINPUT, "'c1099511627777' in 'torchsim_loop_idx_list' is no constant"},
      {low_constant, LOOM_EINPUT, "'c-1099511627777' in 'torchsim_loop_idx_list' is no constant"},
      {large_extent, LOOM_EINPUT, "the tile's extent is 2147483648; must be 1..2^31-1"},
      {five_dims, LOOM_EINPUT, "the tile has 5 dims; must be 1..4"},
      {more_tag_strides, LOOM_EINPUT, "'torchsim_tag_stride_list' needs one stride for each entry"},
      {list_is_a_number, LOOM_EINPUT, "attribute 'torchsim_tile_size' is of ONNX type 2; expected a list of whole numbers (7)"},
      {list_is_a_text, LOOM_EINPUT, "attribute 'torchsim_tile_size' is of ONNX type 3; expected a list of whole numbers (7)"},
      {many_texts, LOOM_ELIMIT, "'torchsim_tag_idx_list' has 33 entries; at most 32 are read"},
      {odd_text_in_list, LOOM_EINPUT, "a text of 'torchsim_loop_idx_list' has the byte 0x7f"},
      {end_without_variable, LOOM_EINPUT, "attribute 'torchsim_loop_idx' is missing; expected a text"},
      {load_tag_of_numbers, LOOM_EINPUT, "'torchsim_tag_idx_list' has 2 entries, 'torchsim_tag_stride_list' has 1; they go together"},
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

/* Other ways to write the same graph.  Oracle: it is written again as the first. */
SPOIL(minus_one_last, OnnxContainer__Attribute *a = attribute_of(node_at(m, "memory_wait_node", 0), "torchsim_tag_stride_list");
      for (size_t i = 0; i + 1 < a->n_ints; i++) a->ints[i] = a->ints[i + 1]; a->ints[a->n_ints - 1] = -1;)
SPOIL(without_types, for (size_t i = 0; i < m->graph->n_node; i++) for (size_t k = 0; k < m->graph->node[i]->n_attribute; k++) m->graph->node[i]->attribute[k]->has_type = 0;)
SPOIL(other_metadata, m->metadata_props[0]->key = arena_strdup(mem, "systolic_size"); OnnxContainer__Entry *e = ARENA_NEW(mem, OnnxContainer__Entry), **all = ARENA_NEW_N(mem, OnnxContainer__Entry *, 3);
      onnx_container__entry__init(e); all[0] = e; all[1] = m->metadata_props[0]; all[2] = ARENA_NEW(mem, OnnxContainer__Entry); onnx_container__entry__init(all[2]);
      all[2]->key = arena_strdup(mem, "stonneGraph"); all[2]->value = arena_strdup(mem, "0"); m->metadata_props = all; m->n_metadata_props = 3;)

static void test_other_ways_to_write_it_are_read(void **state) {
  (void)state;
  static const spoil_fn ways[] = {minus_one_last, without_types, other_metadata};
  for (size_t i = 0; i < COUNT_OF(ways); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    size_t size, first_size, again_size;
    tile_graph *g;
    const char *first = tile_graph_write(&ctx.mem, graph_gemm(&ctx.mem, small), &first_size);
    OnnxContainer__Model *m = onnx_container__model__unpack(&(ProtobufCAllocator){take, drop, &ctx.mem}, first_size, (const uint8_t *)first);
    ways[i](&ctx.mem, m);
    uint8_t *other = arena_alloc(&ctx.mem, onnx_container__model__get_packed_size(m));
    size = onnx_container__model__pack(m, other);
    assert_int_equal(tile_graph_read(&ctx, "x.onnx", (const char *)other, size, &g), LOOM_OK);
    const char *again = tile_graph_write(&ctx.mem, g, &again_size);
    assert_int_equal(again_size, first_size);
    assert_memory_equal(again, first, first_size);
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
      {"{\"address_info\": {\"arg0\": 4611686018427387904}}", "the address of 'arg0' is out of range; expected a whole number, 0..2^62-1"},
      {"{\"subgraph_map\": 3}", "subgraph_map"},
      {"{\"subgraph_map\": {\"\": 0}}", "'' is no work item"},
      {"{\"subgraph_map\": {\"-1\": 0}}", "'-1' is no work item"},
      {"{\"subgraph_map\": {\"0\": -2}}", "work item 0 is given to a core that is out of range; expected a core's number, 0..65535"},
      {"{\"subgraph_map\": {\"0\": 65536}}", "work item 0 is given to a core that is out of range; expected a core's number, 0..65535"},
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

/* Which edges order anything: those between two nodes of one body with no loop between them, each once.  Oracle: by hand. */
static void test_edges_that_loops_order_are_none(void **state) {
  loom_ctx *ctx = *state;
  graph_builder b = graph_new(&ctx->mem);
  int first = graph_compute(&b, TILE_VECTOR, 1, 0), second = graph_compute(&b, TILE_VECTOR, 1, 0);
  int l = graph_loop(&b, TILE_LOOP_OUTER, 2, 256);
  int x = graph_transfer(&b, TILE_LOAD, 0, 1, 1, 1), within = graph_compute(&b, TILE_VECTOR, 1, 0);
  graph_term(&b, &b.g->nodes.at[x].tag, l, 1, 3);
  int last = graph_compute(&b, TILE_VECTOR, 1, 0);
  graph_close(&b, 1);
  int after = graph_compute(&b, TILE_VECTOR, 1, 0);
  const int edges[][2] = {{first, second}, {first, second}, {first, l}, {first, within}, {first, after}, {l, within}, {l, after}, {x, within}, {x, last}};
  for (size_t i = 0; i < COUNT_OF(edges); i++)
    graph_order(&b, edges[i][0], edges[i][1]);
  size_t size;
  tile_graph *g;
  const char *bytes = tile_graph_write(&ctx->mem, b.g, &size);
  assert_int_equal(tile_graph_read(ctx, "x.onnx", bytes, size, &g), LOOM_OK);
  assert_int_equal(g->nodes.n, b.g->nodes.n);
  for (int i = 0; i < (int)g->nodes.n; i++) {
    assert_int_equal(g->nodes.at[i].successors.n, (i == first) + 2 * (i == x));
    if (g->nodes.at[i].successors.n)
      assert_int_equal(g->nodes.at[i].successors.at[0], i == first ? second : within);
  }
  assert_int_equal(g->nodes.at[x].successors.at[1], last);
  assert_int_equal(g->nodes.at[x].tag.at[0].divider, 128);   /* the loop steps by 256, an array is 128 wide */
}

/* What lies beside a container: addresses, zero tiles, nothing; and files there that cannot be read. */
static void test_files_beside_the_container(void **state) {
  loom_ctx *ctx = *state;
  const char *dir = LOOM_TESTS_DIR "/beside/graphs", *path = LOOM_TESTS_DIR "/beside/graphs/x.onnx", *sparse = LOOM_TESTS_DIR "/beside/dma_access/sparse_tile.raw";
  const char *json = LOOM_TESTS_DIR "/beside/graphs/x.json";
  size_t size;
  tile_graph *g;
  const char *bytes = tile_graph_write(&ctx->mem, graph_gemm(&ctx->mem, small), &size);
  remove(sparse);   /* of a run before */
  remove(json);
  assert_int_equal(file_make_dirs(ctx, dir), LOOM_OK);
  assert_int_equal(file_write(ctx, path, bytes, size), LOOM_OK);
  assert_int_equal(tile_graph_load(ctx, path, &g), LOOM_OK);
  assert_int_equal(ctx->diag.warnings, 1);
  assert_non_null(strstr(ctx->diag.first->text, "3 tensor(s) have no address"));
  for (size_t t = 0; t < 3; t++)
    assert_int_equal(g->tensors.at[t].base, (int64_t)t << 32);
  assert_int_equal(g->sparse.n, 0);
  /* one is placed, twice 4 GiB and more up; zero tiles in any order, and bytes that are no whole number behind */
  static const char one[] = "{\"address_info\": {\"arg1\": 8589934593, \"arg2\": 1}}";
  static const unsigned char raw[] = {9, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 7, 7, 7};
  assert_int_equal(file_make_dirs(ctx, LOOM_TESTS_DIR "/beside/dma_access"), LOOM_OK);
  assert_int_equal(file_write(ctx, json, one, strlen(one)), LOOM_OK);
  assert_int_equal(file_write(ctx, sparse, raw, sizeof raw), LOOM_OK);
  assert_int_equal(tile_graph_load(ctx, path, &g), LOOM_OK);
  assert_int_equal(g->tensors.at[0].base, INT64_C(3) << 32);
  assert_int_equal(g->tensors.at[1].base, INT64_C(8589934593));
  assert_int_equal(g->tensors.at[2].base, 1);
  assert_int_equal(g->sparse.n, 3);
  assert_true(g->sparse.at[0] == 4 && g->sparse.at[1] == 9 && g->sparse.at[2] == 256);
  assert_int_equal(file_write(ctx, sparse, raw, 3), LOOM_OK);
  assert_int_equal(tile_graph_load(ctx, path, &g), LOOM_OK);
  assert_int_equal(g->sparse.n, 0);
  assert_int_equal(ctx->diag.errors, 0);
  static const struct { const char *json; loom_status status; const char *text; } bad[] = {{"{", LOOM_EINPUT, ""}, {"[]", LOOM_EINPUT, "the address file is a list"}, {NULL, LOOM_EIO, "cannot read the file"}};
  for (size_t i = 0; i < COUNT_OF(bad); i++) {
    loom_ctx own;
    loom_ctx_init(&own);
    if (bad[i].json)
      assert_int_equal(file_write(&own, json, bad[i].json, strlen(bad[i].json)), LOOM_OK);
    else {
      remove(json);
      assert_int_equal(file_make_dirs(&own, json), LOOM_OK);
    }
    assert_int_equal(tile_graph_load(&own, path, &g), bad[i].status);
    testing_expect_error(&own, bad[i].status, bad[i].text, 0, 0);
    loom_ctx_done(&own);
  }
  remove(json);
  static const char *const texts[] = {"{\"schema\": \"loom.tile_graph.v1\"", "{\"schema\": \"loom.tile_graph.v1\"}", "\x08 no container"};
  for (size_t i = 0; i < COUNT_OF(texts); i++) {   /* JSON that ends early, a graph without a name, no protobuf */
    loom_ctx own;
    loom_ctx_init(&own);
    assert_int_equal(file_write(&own, path, texts[i], strlen(texts[i])), LOOM_OK);
    assert_int_equal(tile_graph_load(&own, path, &g), LOOM_EINPUT);
    assert_int_equal(own.diag.errors, 1);
    loom_ctx_done(&own);
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
      cmocka_unit_test(test_other_ways_to_write_it_are_read),
      cmocka_unit_test(test_limits_are_told),
      cmocka_unit_test(test_the_address_file_is_checked),
      cmocka_unit_test_setup_teardown(test_edges_that_loops_order_are_none, testing_open_context, testing_close_context),
      cmocka_unit_test_setup_teardown(test_files_beside_the_container, testing_open_context, testing_close_context),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
