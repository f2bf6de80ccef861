/* loom.tile_graph.v1: what is written reads back the same (oracle: round trip, and the container of both), what is wrong is told with its place. */
#include "base/file.h"
#include "base/rng.h"
#include "base/testing_data.h"
#include "base/text.h"
#include "tog/onnx/tile_graph_testing.h"

static loom_status read_text(loom_ctx *ctx, const char *json, tile_graph **out) {
  data_value *v;
  LOOM_TRY(data_read_json(ctx, "x.json", json, strlen(json), &v));
  return tile_graph_from_data(ctx, "x.json", v, out);
}

/* ---- round trips ---- */

static tile_terms random_terms(rng *r, arena *mem, const graph_builder *b) {
  tile_terms t = {0};
  for (int64_t i = rng_range(r, 0, 3); i-- > 0;) {
    tile_term x = {.loop = -1, .divider = rng_range(r, 0, 2) ? 1 : rng_range(r, 2, 128), .stride = rng_range(r, -5000, 5000)};
    int64_t what = rng_range(r, 0, 3);
    if (what < 2 && b->n_open)
      x.loop = b->open[rng_range(r, 0, b->n_open - 1)];
    else if (what == 2 && b->g->symbols.n)
      x.loop = TILE_SYMBOL((int)rng_range(r, 0, (int64_t)b->g->symbols.n - 1));
    else
      x.value = rng_range(r, -TILE_GRAPH_VALUE_MAX, TILE_GRAPH_VALUE_MAX);
    vec_push(mem, &t, x);
  }
  return t;
}

static void random_uses(rng *r, arena *mem, const graph_builder *b, tile_node *n) {
  for (int64_t i = b->g->buffers.n ? rng_range(r, 0, 3) : 0; i-- > 0;)
    vec_push(mem, &n->uses, ((tile_use){(int)rng_range(r, 0, (int64_t)b->g->buffers.n - 1), (tile_access)rng_range(r, 0, TILE_ACCESSES - 1)}));
  if (rng_range(r, 0, 1))
    n->function = "kernel_node_3";
}

static void random_node(rng *r, arena *mem, graph_builder *b) {
  tile_node n = {.kind = (tile_kind[]){TILE_LOAD, TILE_STORE, TILE_WAIT, TILE_COMPUTE}[rng_range(r, 0, 3)], .tensor = -1};
  if (n.kind == TILE_COMPUTE) {
    n.unit = (tile_unit)rng_range(r, 0, TILE_UNITS - 1);
    n.cycles = rng_range(r, 0, 1000);
    n.overlap = rng_range(r, 0, 1000);
  } else {
    n.tensor = (int)rng_range(r, 0, 2);
    n.accumulation = random_terms(r, mem, b);
    n.tag = random_terms(r, mem, b);
  }
  if (n.kind == TILE_LOAD || n.kind == TILE_STORE) {
    n.rank = (int)rng_range(r, 1, TILE_GRAPH_RANK_MAX);
    for (int d = 0; d < n.rank; d++) {
      n.extent[d] = rng_range(r, 1, 500);
      n.step[d] = rng_range(r, -500, 500);
    }
    n.elem_bytes = rng_range(r, 1, 8);
    n.offset = random_terms(r, mem, b);
    n.is_async = rng_range(r, 0, 1);
    n.is_indirect = rng_range(r, 0, 5) == 0;
    if (n.is_indirect && rng_range(r, 0, 1)) {
      n.rows = rng_range(r, 1, UINT32_MAX);
      n.row_step = rng_range(r, 0, UINT32_MAX);
      n.row_dim = (int)rng_range(r, -1, n.rank - 1);
    }
    for (int d = 0; d < n.rank; d++)
      if (rng_range(r, 0, 3) == 0)
        vec_push(mem, &n.masks, ((tile_mask){d, random_terms(r, mem, b), random_terms(r, mem, b)}));
  }
  random_uses(r, mem, b, &n);
  int at = graph_add(b, n), parent = b->g->nodes.at[at].parent;
  for (int i = 0; i < at; i++) {
    const tile_node *a = &b->g->nodes.at[i];
    if (a->parent == parent && a->kind != TILE_LOOP && a->segment == b->g->nodes.at[at].segment && rng_range(r, 0, 1))
      graph_order(b, i, at);
  }
}

static tile_graph *random_graph(rng *r, arena *mem) {
  graph_builder b = graph_new(mem);
  b.g->systolic_size = rng_range(r, 1, 256);
  b.g->tensors.at[1].is_placed = rng_range(r, 0, 1);
  if (!b.g->tensors.at[1].is_placed)
    b.g->tensors.at[1].base = 0;
  for (int64_t i = rng_range(r, 0, 3); i-- > 0;)
    vec_push(mem, &b.g->buffers, ((tile_buffer){arena_printf(mem, "buf%d", (int)i), rng_range(r, 0, 1 << 30), rng_range(r, 0, 1 << 17)}));
  for (int64_t i = rng_range(r, 0, 2); i-- > 0;)
    vec_push(mem, &b.g->symbols, arena_printf(mem, "S%d", (int)i));
  for (int64_t i = rng_range(r, 0, 3), at = 0; at < i; at++) {
    vec_push(mem, &b.g->pins, ((tile_pin){rng_range(r, 0, 99), rng_range(r, 0, 7)}));
    vec_push(mem, &b.g->sparse, 5 * at);
  }
  for (int64_t i = rng_range(r, 1, 30); i-- > 0;) {
    int64_t what = rng_range(r, 0, 9);
    if (what < 3 && b.n_open < TILE_GRAPH_DEPTH_MAX) {
      int l = graph_loop(&b, (tile_loop_type)rng_range(r, 0, 3), rng_range(r, 0, 4096), rng_range(r, 1, 128));
      b.n_open--;
      b.g->nodes.at[l].start = rng_range(r, -3, 3);
      b.g->nodes.at[l].end_sum = random_terms(r, mem, &b);
      b.n_open++;
    } else if (what < 5 && b.n_open)
      graph_close(&b, 1);
    else
      random_node(r, mem, &b);
  }
  return b.g;
}

static void test_random_graphs_read_back(void **state) {
  (void)state;
  for (int64_t seed = 1; seed <= 500; seed++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    rng r = rng_new((uint64_t)seed);
    tile_graph *g = random_graph(&r, &ctx.mem), *read;
    const char *first = data_write_json(&ctx.mem, tile_graph_to_data(&ctx.mem, g), (int)(seed % 2));
    if (read_text(&ctx, first, &read) != LOOM_OK)
      fail_msg("seed %d is not read: %s", (int)seed, ctx.diag.first->text);
    const char *again = data_write_json(&ctx.mem, tile_graph_to_data(&ctx.mem, read), (int)(seed % 2));
    if (strcmp(first, again) != 0)
      fail_msg("seed %d reads back as another graph:\n%s\n%s", (int)seed, first, again);
    size_t n, n_again;
    const char *bytes = tile_graph_write(&ctx.mem, g, &n), *bytes_again = tile_graph_write(&ctx.mem, read, &n_again);
    assert_int_equal(n, n_again);
    assert_memory_equal(bytes, bytes_again, n);
    for (size_t i = 0; i < g->nodes.n; i++) {   /* what neither text shows */
      assert_int_equal(g->nodes.at[i].segment, read->nodes.at[i].segment);
      assert_int_equal(g->nodes.at[i].n_loops, read->nodes.at[i].n_loops);
      assert_int_equal(g->nodes.at[i].parent, read->nodes.at[i].parent);
    }
    loom_ctx_done(&ctx);
  }
}

static void test_the_form_is_known_by_its_schema(void **state) {
  loom_ctx *ctx = *state;
  tile_graph *g = graph_gemm(&ctx->mem, (gemm_spec){256, 256, 256, 256, 256, 128, 128, 256, 128}), *read;
  const char *json = data_write_json(&ctx->mem, tile_graph_to_data(&ctx->mem, g), 1);
  assert_true(tile_graph_is_text(json, strlen(json)));
  assert_false(tile_graph_is_container(json, strlen(json)));
  assert_false(tile_graph_is_text("{\"schema\": \"loom.tog.v1\"}", 25));
  assert_int_equal(file_make_dirs(ctx, LOOM_TESTS_DIR), LOOM_OK);
  assert_int_equal(file_write(ctx, LOOM_TESTS_DIR "/gemm.tile_graph", json, strlen(json)), LOOM_OK);
  assert_int_equal(tile_graph_load(ctx, LOOM_TESTS_DIR "/gemm.tile_graph", &read), LOOM_OK);
  assert_int_equal(ctx->diag.warnings, 0);
  assert_string_equal(json, data_write_json(&ctx->mem, tile_graph_to_data(&ctx->mem, read), 1));
}

/* ---- errors ---- */

#define WITH(body) "{\"schema\": \"loom.tile_graph.v1\", \"name\": \"x\", \"systolic_size\": 8, \"tensors\": [{\"name\": \"t\"}], \"buffers\": [{\"name\": \"b\", \"address\": 0, " \
                   "\"lane_bytes\": 4}], \"symbols\": [\"M\"],\n\"body\": [" body "]}"
#define LOOP(more) "{\"name\": \"l\", \"loop\": \"i\", \"type\": \"outer_loop\", \"start\": 0, \"end\": 4, \"stride\": 1" more "}"
#define WAIT(more) "{\"name\": \"w\", \"wait\": \"t\"" more "}"
#define LOAD(shape) "{\"name\": \"x\", \"load\": \"t\", \"elem_bytes\": 4, " shape "}"

static void test_what_is_wrong_is_told(void **state) {
  (void)state;
  static const struct { const char *json, *error; loom_status status; } cases[] = {
      {"{\"schema\": \"loom.tile_graph.v2\"}", "the schema is 'loom.tile_graph.v2'; expected 'loom.tile_graph.v1'", LOOM_EINPUT},
      {"{\"schema\": \"loom.tile_graph.v1\", \"nodes\": []}", "nodes", LOOM_EINPUT},
      {WITH("3"), "a node has one of the keys 'loop', 'load', 'store', 'wait' and 'compute'", LOOM_EINPUT},
      {WITH("{\"name\": \"x\"}"), "a node has one of the keys 'loop', 'load', 'store', 'wait' and 'compute'", LOOM_EINPUT},
      {WITH("{\"wait\": \"t\"}"), "name", LOOM_EINPUT},
      {WITH("{\"name\": \"\", \"wait\": \"t\"}"), "a name is expected here, not an empty text", LOOM_EINPUT},
      {WITH("{\"name\": \"\\u00e4\", \"wait\": \"t\"}"), "a name has the byte 0xc3; expected printable ASCII", LOOM_EINPUT},
      {WITH("{\"name\": \"w\", \"wait\": \"u\"}"), "'u' is none of the graph's tensors", LOOM_EINPUT},
      {WITH("{\"name\": \"l\", \"loop\": \"i\", \"type\": \"outer\", \"start\": 0, \"end\": 4, \"stride\": 1, \"body\": []}"),
       "'outer'; expected normal_loop, outer_loop, accumulation_loop or inner_loop", LOOM_EINPUT},
      {WITH("{\"name\": \"l\", \"loop\": \"i\", \"type\": \"outer_loop\", \"start\": 0, \"end\": 4, \"stride\": 0, \"body\": []}"), "'stride' is 0", LOOM_EINPUT},
      {WITH("{\"name\": \"l\", \"loop\": \"c5\", \"type\": \"outer_loop\", \"start\": 0, \"end\": 4, \"stride\": 1, \"body\": []}"), "must not begin with 'c' or '$'", LOOM_EINPUT},
      {WITH(LOOP("")), "body", LOOM_EINPUT},
      {WITH(LOOP(", \"body\": [" LOOP(", \"body\": []") "]")), "'i' is already the variable of a loop around this one", LOOM_EINPUT},
      {WITH(WAIT(", \"tag\": 3")), "tag", LOOM_EINPUT},
      {WITH(WAIT(", \"tag\": [3]")), "an entry of 'tag' is [loop, $symbol or number, factor]", LOOM_EINPUT},
      {WITH(WAIT(", \"tag\": [[\"i\", 1]]")), "'i' is not the variable of a loop around the node", LOOM_EINPUT},
      {WITH(WAIT(", \"tag\": [[\"$N\", 1]]")), "'$N' is none of the graph's symbols", LOOM_EINPUT},
      {WITH(WAIT(", \"tag\": [[1, 1, 0]]")), "0 is out of range; must be 1..", LOOM_EINPUT},
      {WITH(WAIT(", \"tag\": [[1, \"x\"]]")), "a whole number is expected here, not", LOOM_EINPUT},
      {WITH(WAIT(", \"uses\": [[\"c\", \"read\"]]")), "'c' is none of the graph's buffers", LOOM_EINPUT},
      {WITH(WAIT(", \"uses\": [[\"b\", \"reads\"]]")), "'reads'; expected read, write or update", LOOM_EINPUT},
      {WITH(WAIT(", \"uses\": [\"b\"]")), "an entry of 'uses' is [buffer, ", LOOM_EINPUT},
      {WITH(WAIT(", \"cycles\": 3")), "cycles", LOOM_EINPUT},
      {WITH(WAIT(", \"then\": [\"v\"]")), "'v' is no node", LOOM_EINPUT},
      {WITH(WAIT(", \"then\": [\"w\"]")), "'w' does not stand behind 'w' in the same body", LOOM_EINPUT},
      {WITH(WAIT("") ", " WAIT("")), "two nodes are named 'w'", LOOM_EINPUT},
      {WITH(LOAD("\"extent\": [], \"step\": []")), "the tile has 0 dims; must be 1..4", LOOM_EINPUT},
      {WITH(LOAD("\"extent\": [2, 2], \"step\": [1]")), "'step' has 1 entries, 'extent' has 2; they go together", LOOM_EINPUT},
      {WITH(LOAD("\"extent\": [0], \"step\": [1]")), "0 is out of range; must be 1..2147483647", LOOM_EINPUT},
      {WITH(LOAD("\"extent\": [1], \"step\": [1], \"masks\": [{\"dim\": 1}]")), "'dim' is 1; must be 0..0", LOOM_EINPUT},
      {WITH("{\"name\": \"c\", \"compute\": \"array\", \"cycles\": 1, \"overlap\": 0}"), "'array'; expected vector, matmul or preload", LOOM_EINPUT},
      {WITH("{\"name\": \"c\", \"compute\": \"vector\", \"cycles\": -1, \"overlap\": 0}"), "'cycles' is -1", LOOM_EINPUT},
      {WITH("{\"name\": \"\\u007f\", \"wait\": \"t\"}"), "a name has the byte 0x7f; expected printable ASCII", LOOM_EINPUT},
      {WITH("{\"name\": \"l\", \"loop\": \"$i\", \"type\": \"outer_loop\", \"start\": 0, \"end\": 4, \"stride\": 1, \"body\": []}"), "must not begin with 'c' or '$'", LOOM_EINPUT},
      {WITH(LOAD("\"extent\": [1, 1, 1, 1, 1], \"step\": [1, 1, 1, 1, 1]")), "the tile has 5 dims; must be 1..4", LOOM_EINPUT},
      {WITH(LOOP(", \"body\": [{\"name\": \"x\", \"wait\": \"t\"}]") ", " WAIT(", \"then\": [\"x\"]")), "'x' does not stand behind 'w'", LOOM_EINPUT},
      {WITH("{\"name\": \"x\", \"wait\": \"t\", \"then\": [\"w\"]}, " LOOP(", \"body\": []") ", " WAIT("")), "'w' does not stand behind 'x'", LOOM_EINPUT},
      {WITH(WAIT(", \"then\": [\"l\"]") ", " LOOP(", \"body\": []")), "'l' does not stand behind 'w'", LOOM_EINPUT},
      {WITH(WAIT(", \"then\": [3]")), "a name is expected here, not an integer", LOOM_EINPUT},
      {WITH(WAIT(", \"tag\": [[1,1],[1,1],[1,1],[1,1],[1,1],[1,1],[1,1],[1,1],[1,1],[1,1],[1,1],[1,1],[1,1],[1,1],[1,1],[1,1],[1,1],[1,1],[1,1],[1,1],[1,1],[1,1],[1,1],[1,1],"
                 "[1,1],[1,1],[1,1],[1,1],[1,1],[1,1],[1,1],[1,1],[1,1]]")), "'tag' has 33 entries; at most 32 are read", LOOM_ELIMIT},
      {"{\"schema\": \"loom.tile_graph.v1\", \"name\": \"x\", \"systolic_size\": 8, \"pins\": [3], \"body\": []}", "an entry of 'pins' is [work item, core]", LOOM_EINPUT},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    tile_graph *g;
    assert_int_equal(read_text(&ctx, cases[i].json, &g), cases[i].status);
    testing_expect_error(&ctx, cases[i].status, cases[i].error, 0, 0);
    assert_true(ctx.diag.first->span.line > 0);
    loom_ctx_done(&ctx);
  }
}

/* Bytes changed, dropped, copied elsewhere: refused, or a graph that can be written in both forms. */
static loom_status read_and_write(loom_ctx *ctx, void *json) {
  tile_graph *g;
  size_t n;
  LOOM_TRY(read_text(ctx, json, &g));
  tile_graph_write(&ctx->mem, g, &n);
  data_write_json(&ctx->mem, tile_graph_to_data(&ctx->mem, g), 0);
  return LOOM_OK;
}

static void test_damaged_texts_are_refused_or_graphs(void **state) {
  loom_ctx *ctx = *state;
  rng r = rng_new(11);
  const char *json = data_write_json(&ctx->mem, tile_graph_to_data(&ctx->mem, random_graph(&r, &ctx->mem)), 0);
  int n_read = 0;
  for (int i = 0; i < 3000; i++) {
    loom_ctx own;
    loom_ctx_init(&own);
    char *s = arena_strdup(&own.mem, json);
    for (int64_t k = rng_range(&r, 1, 3); k-- > 0;) {
      int64_t size = (int64_t)strlen(s), at = rng_range(&r, 0, size - 1), from = rng_range(&r, 0, size - 1), length = rng_range(&r, 1, 30);
      if (k == 0)
        s[at] = "0123456789[]{}\",:-"[rng_range(&r, 0, 17)];
      else if (k == 1)
        memmove(s + at, s + at + 1, (size_t)(size - at));
      else if (at + length < size && from + length < size)
        memmove(s + at, s + from, (size_t)length);
    }
    n_read += loom_ctx_run(&own, read_and_write, s) == LOOM_OK;
    loom_ctx_done(&own);
  }
  assert_in_range(n_read, 1, 2999);
}

static loom_status read_data(loom_ctx *ctx, const data_value *v) {
  tile_graph *g;
  return tile_graph_from_data(ctx, "x.json", v, &g);
}

static void test_every_edit_is_refused_or_read(void **state) {
  loom_ctx *ctx = *state;
  static const char *const optional[] = {"tensors", "buffers", "symbols", "pins", "sparse", "base", "end_sum", "function", "then", "offset", "async", "indirect", "accumulation", "tag", "uses",
                                         "masks", "rows", "low", "high", NULL};
  static const char *const free[] = {"end_sum", "offset", "accumulation", "tag", "low", "high", NULL};      /* a number stands for a loop's name */
  for (int64_t seed = 1; seed <= 12; seed++) {
    rng r = rng_new((uint64_t)seed);
    testing_edits e = {.read = read_data, .optional = optional, .free = free};
    testing_edit_all(&ctx->mem, tile_graph_to_data(&ctx->mem, random_graph(&r, &ctx->mem)), &e);
  }
}

static void test_limits_hold(void **state) {
  loom_ctx *ctx = *state;
  tile_graph *g;
  graph_builder b = graph_new(&ctx->mem);
  for (int i = 0; i < TILE_GRAPH_DEPTH_MAX; i++)
    graph_loop(&b, TILE_LOOP_INNER, 2, 1);
  b.n_open--;
  int last = graph_loop(&b, TILE_LOOP_INNER, 2, 1);
  b.g->nodes.at[b.open[b.n_open - 2]].body.n = 1;   /* the first of them; and the last within */
  vec_push(&ctx->mem, &b.g->nodes.at[b.g->nodes.n - 2].body, last);
  const char *json = data_write_json(&ctx->mem, tile_graph_to_data(&ctx->mem, b.g), 0);
  assert_int_equal(read_text(ctx, json, &g), LOOM_ELIMIT);
  testing_expect_error(ctx, LOOM_ELIMIT, "loops are nested deeper than 16", 0, 0);
  text many = text_new(&ctx->mem), name = text_new(&ctx->mem);
  for (int i = 0; i <= TILE_GRAPH_NODES_MAX; i++)
    text_addf(&many, "%s{\"name\": \"n%d\", \"compute\": \"vector\", \"cycles\": 0, \"overlap\": 0}", i ? ", " : "", i);
  for (int i = 0; i < 257; i++)
    text_addf(&name, "n");
  const struct { const char *body, *error; } cases[] = {
      {text_str(&many), "the graph has more than 100000 nodes"},
      {arena_printf(&ctx->mem, "{\"name\": \"%s\", \"wait\": \"t\"}", text_str(&name)), "a name of 257 bytes; at most 256 are read"},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_ctx own;
    loom_ctx_init(&own);
    assert_int_equal(read_text(&own, arena_printf(&ctx->mem, "{\"schema\": \"loom.tile_graph.v1\", \"name\": \"x\", \"systolic_size\": 8, \"tensors\": [{\"name\": \"t\"}], \"body\": [%s]}", cases[i].body), &g),
                     LOOM_ELIMIT);
    testing_expect_error(&own, LOOM_ELIMIT, cases[i].error, 0, 0);
    loom_ctx_done(&own);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_random_graphs_read_back, testing_open_context, testing_close_context),
      cmocka_unit_test_setup_teardown(test_the_form_is_known_by_its_schema, testing_open_context, testing_close_context),
      cmocka_unit_test_setup_teardown(test_what_is_wrong_is_told, testing_open_context, testing_close_context),
      cmocka_unit_test_setup_teardown(test_damaged_texts_are_refused_or_graphs, testing_open_context, testing_close_context),
      cmocka_unit_test_setup_teardown(test_every_edit_is_refused_or_read, testing_open_context, testing_close_context),
      cmocka_unit_test_setup_teardown(test_limits_hold, testing_open_context, testing_close_context),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
