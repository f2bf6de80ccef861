/* loom.tog.v1: what is written reads back the same, hand edits are read, wrong files are refused at the right place. */
#include "base/file.h"
#include "base/testing.h"
#include "base/testing_data.h"
#include "tog/tog_samples.h"

static const char *text_of(loom_ctx *ctx, const tog *t) { return data_write_json(&ctx->mem, tog_to_data(&ctx->mem, t), 1); }

static loom_status read_text(loom_ctx *ctx, const char *text, tog **out) {
  data_value *v;
  LOOM_TRY(data_read_json(ctx, "tog.json", text, strlen(text), &v));
  return tog_from_data(ctx, v, out);
}

static const tog_matmul_spec specs[] = {
  {64, 64, 64, 32, 32, 32, 2, 2, false, 1, 100},
  {50, 70, 37, 16, 32, 8, 2, 3, true, 2, 7},
};

static void test_writing_and_reading_back_gives_the_same_text(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT_OF(specs); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    tog *t = tog_sample_matmul(&ctx.mem, &specs[i]), *back = NULL;
    t->predicted_cycles = 1234;
    t->functions.at[0].mlir = "func.func @tile_fill() {\n  \"quoted\"\n}\n";
    tog_sample_find(t, "matmul")->active = sym_make(&ctx.mem, SYM_LT, sym_name(&ctx.mem, "x"), sym_const(&ctx.mem, 2), NULL);
    tog_sample_find(t, "fill")->function = -1;
    tog_sample_find(t, "load a")->box.to_dim[0] = 1;
    tog_sample_find(t, "load a")->box.to_dim[1] = -1;
    const char *text = text_of(&ctx, t);
    assert_int_equal(read_text(&ctx, text, &back), LOOM_OK);
    assert_string_equal(text_of(&ctx, back), text);
    assert_int_equal(back->n_nodes, t->n_nodes);
    assert_int_equal(back->predicted_cycles, 1234);
    const tog_node *a = tog_sample_find(t, "load a"), *b = tog_sample_find(back, "load a");
    assert_true(sym_equal(a->box.offset[0], b->box.offset[0]));
    assert_int_equal(b->box.to_dim[1], -1);
    assert_int_equal(b->thread, TOG_READER);
    assert_int_equal(b->has_group, specs[i].multicast);
    assert_int_equal(tog_sample_find(back, "give out")->thread, TOG_WRITER);
    assert_int_equal(tog_sample_find(back, "fill")->function, -1);
    assert_true(tog_sample_find(back, "matmul")->uses.at[0].wait);
    assert_int_equal(tog_sample_find(back, "matmul")->uses.at[2].access, TOG_UPDATE);
    assert_string_equal(back->functions.at[0].mlir, t->functions.at[0].mlir);
    assert_null(back->functions.at[1].mlir);
    loom_ctx_done(&ctx);
  }
}

/* tests/golden/tog_matmul.json is the sample's text; a change of the format shows up as a change of that file. */
static void test_the_golden_file_is_the_sample(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  char *text;
  size_t size;
  tog *back = NULL;
  data_value *v;
  assert_int_equal(file_read(&ctx, LOOM_SOURCE_DIR "/tests/golden/tog_matmul.json", 1 << 20, &text, &size), LOOM_OK);
  assert_int_equal(data_read_json(&ctx, "tog_matmul.json", text, size, &v), LOOM_OK);
  assert_int_equal(tog_from_data(&ctx, v, &back), LOOM_OK);
  assert_int_equal(tog_verify(&ctx, back), LOOM_OK);
  const char *again = text_of(&ctx, back);
  assert_string_equal(again, text_of(&ctx, tog_sample_matmul(&ctx.mem, &specs[1])));
  assert_memory_equal(again, text, strlen(again));   /* the file ends in a newline */
  loom_ctx_done(&ctx);
}

/* A file as a person would write it; the tests below change one line of it. */
#define HEAD "{\"schema\": \"loom.tog.v1\", \"kernel\": \"k\", \"mesh\": [{\"name\": \"x\", \"size\": 2}],\n"
#define TENSORS " \"tensors\": [{\"name\": \"in\", \"dtype\": \"f16\", \"shape\": [64], \"input\": true, \"arg\": 0}, {\"name\": \"out\", \"dtype\": \"f16\", \"shape\": [64], \"output\": true, \"arg\": 1}],\n"
#define BUFFERS " \"buffers\": [{\"name\": \"b\", \"dtype\": \"f16\", \"shape\": [16], \"bytes\": 32, \"depth\": 2, \"stride\": 32, \"offset\": 0}],\n"
#define FUNCTIONS " \"functions\": {\"f\": null},\n"
#define LOAD "{\"load\": \"in\", \"to\": \"b\", \"offset\": [\"16 * (2 * i + x)\"], \"extent\": [16]}"
#define STORE "{\"store\": \"out\", \"from\": \"b\", \"offset\": [\"16 * (2 * i + x)\"], \"extent\": [16]}"
#define GIVE "{\"give\": \"b\", \"thread\": \"writer\", \"wait\": true}"
#define BODY(nodes) " \"body\": [{\"loop\": \"i\", \"trip\": \"64 ceildiv 32\", \"body\": [\n" nodes "]}]}"
#define GOOD HEAD TENSORS BUFFERS FUNCTIONS BODY(LOAD ",\n" STORE ",\n" GIVE)

static void test_a_hand_written_file_is_read(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  tog *t = NULL;
  assert_int_equal(read_text(&ctx, GOOD, &t), LOOM_OK);
  assert_int_equal(tog_verify(&ctx, t), LOOM_OK);
  assert_int_equal(t->n_nodes, 4);
  assert_int_equal(t->body.at[0]->body.at[2]->id, 3);
  assert_null(t->machine);
  assert_string_equal(sym_str(&ctx.mem, t->body.at[0]->trip), "2");
  loom_ctx_done(&ctx);
}

/* Everything a transfer can say. */
#define TENSOR_WITH(more) " \"tensors\": [{\"name\": \"in\", \"dtype\": \"f16\", \"shape\": [8, 16], \"input\": true, \"arg\": 0" more "}],\n"
#define ALL_TENSORS TENSOR_WITH(", \"space\": \"l1\", \"page\": 64, \"offset\": 4096")
#define ALL_BUFFERS " \"buffers\": [{\"name\": \"b\", \"dtype\": \"f16\", \"shape\": [4, 16], \"bytes\": 128, \"depth\": 2, \"stride\": 128, \"offset\": 0}," \
  "{\"name\": \"all\", \"dtype\": \"f16\", \"shape\": [2, 4, 16], \"bytes\": 256, \"depth\": 1, \"stride\": 256, \"offset\": 512}],\n"
#define VIEW "\"view\": {\"shape\": [16, 2, 4], \"strides\": [1, 64, 16]}"
#define ALL_LOAD(more) "{\"load\": \"in\", \"to\": \"b\", " VIEW ", \"offset\": [0, \"x\", 0], \"extent\": [8, 1, 4], \"dims\": [1, -1, 0], " \
  "\"at\": [0, \"8 * i\"], \"opens\": \"i == 0\", \"closes\": \"i == 1\", \"multicast\": {\"ul\": [0], \"lr\": [1], \"sender\": [0], \"chain\": [true]}" more "}"
#define ALL_SEND(more) "{\"send\": \"b\", \"to\": \"all\", \"row\": \"x\", \"receiver\": [0], \"active\": \"x < 2\"" more "}"
#define ALL_COLLECT(more) "{\"collect\": \"all\", \"senders\": \"2 - x\"" more "}"
#define ALL_HEAD HEAD ALL_TENSORS ALL_BUFFERS

static void test_views_parts_chains_and_gathers_read_back(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  tog *t = NULL, *back = NULL;
  assert_int_equal(read_text(&ctx, ALL_HEAD BODY(ALL_LOAD("") ", " ALL_SEND(", \"label\": \"s\"") ", " ALL_COLLECT("")), &t), LOOM_OK);
  const char *text = text_of(&ctx, t);
  assert_int_equal(read_text(&ctx, text, &back), LOOM_OK);
  assert_string_equal(text_of(&ctx, back), text);
  const tog_node *load = back->body.at[0]->body.at[0], *send = back->body.at[0]->body.at[1], *collect = back->body.at[0]->body.at[2];
  assert_true(back->tensors.at[0].l1_page == 64 && back->tensors.at[0].l1_offset == 4096);
  assert_int_equal(tog_tensor_l1_bytes(&back->tensors.at[0], 3), 2 * 64);      /* 4 pages on 3 cores */
  assert_true(load->box.has_view);
  assert_int_equal(load->box.rank, 3);
  assert_int_equal(load->box.view_shape[2], 4);
  assert_int_equal(load->box.view_stride[1], 64);
  assert_string_equal(sym_str(&ctx.mem, load->at[1]), "8 * i");
  assert_string_equal(sym_str(&ctx.mem, load->opens), "i == 0");
  assert_string_equal(sym_str(&ctx.mem, load->closes), "i == 1");
  assert_true(load->group.chain[0]);
  assert_int_equal(send->kind, TOG_SEND);
  assert_int_equal(send->thread, TOG_WRITER);
  assert_int_equal(send->to, 1);
  assert_string_equal(sym_str(&ctx.mem, send->row), "x");
  assert_string_equal(sym_str(&ctx.mem, send->active), "x < 2");
  assert_string_equal(send->label, "s");
  assert_int_equal(collect->kind, TOG_COLLECT);
  assert_int_equal(collect->thread, TOG_READER);
  assert_string_equal(sym_str(&ctx.mem, collect->senders), "2 - x");
  loom_ctx_done(&ctx);
}

/* A table looked up, numbers, a tensor that is kept, a chain in one of two mesh dims, and nodes that say as little as they may. */
static void test_what_is_seldom_said_reads_back(void **state) {
  (void)state;
  static const char rest[] =
      "{\"schema\": \"loom.tog.v1\", \"kernel\": \"k\", \"mesh\": [{\"name\": \"x\", \"size\": 2}, {\"name\": \"y\", \"size\": 2}], \"tensors\": ["
      "{\"name\": \"in\", \"dtype\": \"f16\", \"shape\": [8, 16], \"input\": true, \"arg\": 0}, {\"name\": \"rows\", \"dtype\": \"i64\", \"shape\": [4], \"input\": true, \"arg\": 1},"
      "{\"name\": \"out\", \"dtype\": \"f16\", \"shape\": [4, 16], \"output\": true, \"kept\": true, \"arg\": 2}],\n"
      " \"buffers\": [{\"name\": \"b\", \"dtype\": \"f16\", \"shape\": [4, 16], \"bytes\": 128, \"depth\": 2, \"stride\": 128, \"offset\": 0}, {\"name\": \"b\", \"dtype\": \"f16\", "
      "\"shape\": [4], \"bytes\": 8, \"depth\": 1, \"stride\": 8, \"offset\": 512}, {\"name\": \"all\", \"dtype\": \"f16\", \"shape\": [2, 4, 16], \"bytes\": 256, \"depth\": 1, \"stride\": 256, \"offset\": 1024}],\n"
      " \"body\": [{\"load\": \"in\", \"to\": \"b\", \"view\": {\"shape\": [4, 16], \"strides\": [16, 1], \"lookup\": {\"dim\": 0, \"index\": \"rows\", \"rows\": 8}}, \"offset\": [0, 0], "
      "\"extent\": [4, 16], \"at\": [1, 0], \"multicast\": {\"ul\": [0, \"y\"], \"lr\": [1, \"y\"], \"sender\": [0, \"y\"], \"chain\": [true, false]}},\n"
      "{\"compute\": null, \"uses\": [{\"read\": \"b\"}], \"args\": [], \"numbers\": [3, \"x + 1\"], \"cycles\": 1}, {\"send\": \"b\", \"to\": \"all\", \"row\": 0, \"receiver\": [0, 0]}, "
      "{\"give\": \"b\", \"thread\": \"reader\", \"wait\": true}]}";
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  tog *t = NULL, *back = NULL;
  assert_int_equal(read_text(&ctx, rest, &t), LOOM_OK);
  const char *text = text_of(&ctx, t);
  assert_int_equal(read_text(&ctx, text, &back), LOOM_OK);
  assert_string_equal(text_of(&ctx, back), text);
  const tog_node *load = back->body.at[0], *compute = back->body.at[1];
  assert_int_equal(load->buffer, 0);                 /* of two of one name, which tog_verify refuses, the first */
  assert_true(load->box.has_lookup && load->box.lookup_dim == 0 && load->box.lookup_tensor == 1 && load->box.lookup_rows == 8);
  assert_true(load->group.chain[0] && !load->group.chain[1]);
  assert_int_equal(compute->function, -1);
  assert_null(compute->unit);
  assert_int_equal(compute->numbers.n, 2);
  assert_string_equal(sym_str(&ctx.mem, compute->numbers.at[1]), "x + 1");
  assert_null(back->body.at[2]->active);
  assert_true(back->body.at[3]->waits);
  assert_true(back->tensors.at[2].is_kept && !back->tensors.at[0].is_kept);
  loom_ctx_done(&ctx);
}

static void test_loops_too_deep_are_a_limit(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  tog *t = NULL;
  const char *nodes = "{\"give\": \"b\", \"thread\": \"reader\"}";
  for (int i = 0; i < TOG_DEPTH_MAX; i++)
    nodes = arena_printf(&ctx.mem, "{\"loop\": \"i%d\", \"trip\": 1, \"body\": [%s]}", i, nodes);
  assert_int_equal(read_text(&ctx, arena_printf(&ctx.mem, "%s \"body\": [%s]}", HEAD TENSORS BUFFERS, nodes), &t), LOOM_OK);
  assert_int_equal(read_text(&ctx, arena_printf(&ctx.mem, "%s%s", HEAD TENSORS BUFFERS, arena_printf(&ctx.mem, BODY("%s"), nodes)), &t), LOOM_ELIMIT);
  testing_expect_error(&ctx, LOOM_ELIMIT, "loops are nested deeper than 32", 0, 0);
  assert_int_equal(ctx.diag.first->span.line, 5);
  loom_ctx_done(&ctx);
}

#define PART(nodes) ALL_HEAD BODY(nodes)
#define LOAD_WITH(more) "{\"load\": \"in\", \"to\": \"b\", \"offset\": [0, 0], \"extent\": [4, 16], " more "}"
static const struct { const char *text, *message; } damaged[] = {
  {PART(LOAD_WITH("\"view\": 3")), "'view' is an integer; expected an object"},
  {PART(LOAD_WITH("\"view\": {\"shape\": [8, 16]}")), "strides"},
  {PART(LOAD_WITH("\"view\": {\"shape\": [8, 16], \"strides\": [16]}")), "'strides' has 1 entries; must have 2"},
  {PART(LOAD_WITH("\"view\": {\"shape\": [8, 0], \"strides\": [16, 1]}")), "an entry of 'shape' must be a whole number of at least 1"},
  {PART(LOAD_WITH("\"view\": {\"shape\": [8, 16], \"strides\": [16, -1]}")), "an entry of 'strides' must be a whole number of at least 0"},
  {PART(LOAD_WITH("\"view\": {\"shape\": [8, 16], \"strides\": [16, \"x\"]}")), "an entry of 'strides'"},
  {PART(LOAD_WITH("\"view\": {\"shape\": [8, 16], \"strides\": [16, 2]}")), "reaches over tensor 'in'"},
  {PART(LOAD_WITH("\"view\": {\"shape\": [8, 16], \"strides\": [16, 1], \"stride\": 1}")), "stride"},
  {PART(LOAD_WITH("\"view\": {\"shape\": [128], \"strides\": [1]}")), "'offset' has 2 entries; must have 1"},
  {PART(LOAD_WITH("\"view\": {\"shape\": [8, 16], \"strides\": [16, 1], \"lookup\": 3}")), "'lookup' is an integer; expected an object"},
  {PART(LOAD_WITH("\"view\": {\"shape\": [8, 16], \"strides\": [16, 1], \"lookup\": {\"dim\": 2, \"index\": \"in\", \"rows\": 8}}")), "'dim' is 2; must be 0..1"},
  {PART(LOAD_WITH("\"view\": {\"shape\": [8, 16], \"strides\": [16, 1], \"lookup\": {\"dim\": 0, \"index\": \"in\", \"rows\": 0}}")), "'rows' is 0; must be 1.."},
  {PART(LOAD_WITH("\"view\": {\"shape\": [8, 16], \"strides\": [16, 1], \"lookup\": {\"dim\": 0, \"index\": \"inn\", \"rows\": 8}}")), "there is no tensor 'inn'"},
  {PART(LOAD_WITH("\"view\": {\"shape\": [8, 16], \"strides\": [16, 1], \"lookup\": {\"dim\": 0, \"index\": \"in\", \"rows\": 8}}")), "looks up 8 places in tensor 'in'"},
  {PART("{\"compute\": null, \"uses\": [], \"args\": [], \"numbers\": 3, \"cycles\": 1}"), "numbers"},
  {PART("{\"compute\": null, \"uses\": [], \"args\": [], \"numbers\": [true], \"cycles\": 1}"), "'numbers' must be a whole number or the text of an expression"},
  {PART(LOAD_WITH("\"at\": [0]")), "'at' has 1 entries; must have 2"},
  {PART(LOAD_WITH("\"opens\": true")), "'opens' must be a whole number or the text of an expression"},
  {PART(LOAD_WITH("\"closes\": \"q\"")), "the condition to publish of node 1 (load) uses 'q'"},
  {PART(LOAD_WITH("\"multicast\": {\"ul\": [0], \"lr\": [1], \"sender\": [0], \"chain\": [1]}")), "an entry of 'chain' must be true or false"},
  {PART(LOAD_WITH("\"multicast\": {\"ul\": [0], \"lr\": [1], \"sender\": [0], \"chain\": [true, true]}")), "'chain' has 2 entries; must have 1"},
  {PART("{\"send\": \"b\", \"row\": 0, \"receiver\": [0]}"), "to"},
  {PART("{\"send\": \"b\", \"to\": \"alle\", \"row\": 0, \"receiver\": [0]}"), "there is no buffer 'alle'"},
  {PART("{\"send\": \"b\", \"to\": \"all\", \"receiver\": [0]}"), "'row' is missing"},
  {PART("{\"send\": \"b\", \"to\": \"all\", \"row\": 0, \"receiver\": [0, 0]}"), "'receiver' has 2 entries; must have 1"},
  {PART("{\"send\": \"all\", \"to\": \"b\", \"row\": 0, \"receiver\": [0]}"), "sends tiles of 'all' into rows of 'b'"},
  {PART("{\"send\": \"b\", \"collect\": \"all\"}"), "exactly one of the keys loop, load, store, take, compute, push, give, send and collect"},
  {PART("{\"collect\": \"all\"}"), "'senders' is missing"},
  {PART("{\"collect\": \"none\", \"senders\": 1}"), "there is no buffer 'none'"},
  {PART(ALL_SEND(", \"wait\": true")), "wait"},
  {PART(ALL_COLLECT(", \"row\": 0")), "row"},
  {HEAD TENSOR_WITH(", \"space\": \"l2\"") ALL_BUFFERS BODY(""), "the space of a tensor is 'dram' or 'l1', not 'l2'"},
  {HEAD TENSOR_WITH(", \"space\": \"dram\", \"page\": 64") ALL_BUFFERS BODY(""), "tensor 'in' is in DRAM; only one with"},
  {HEAD TENSOR_WITH(", \"space\": \"l1\", \"page\": 64") ALL_BUFFERS BODY(""), "offset"},
  {HEAD TENSOR_WITH(", \"space\": \"l1\", \"page\": 60, \"offset\": 0") ALL_BUFFERS BODY(""), "in pages of 60 bytes from byte 0; pages take 8..2^20 bytes"},
  {HEAD TENSOR_WITH(", \"space\": \"l1\", \"page\": 64, \"offset\": 4") ALL_BUFFERS BODY(""), "in pages of 64 bytes from byte 4"},
};

static void test_damaged_transfers_are_refused(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT_OF(damaged); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    tog *t = NULL;
    assert_int_equal(read_text(&ctx, damaged[i].text, &t), LOOM_EINPUT);
    testing_expect_error(&ctx, LOOM_EINPUT, damaged[i].message, 0, 0);
    loom_ctx_done(&ctx);
  }
}

static const struct { const char *text, *message; int line; } wrong[] = {
  {"{\"schema\": \"loom.tog.v2\"}", "expected 'loom.tog.v1'", 1},
  {"{\"schema\": \"loom.tog.v1\", \"mash\": 1}", "mash", 1},
  {"{\"schema\": \"loom.tog.v1\", \"mesh\": []}", "'mesh' has 0 entries; must have 1..3", 1},
  {HEAD " \"tensors\": [{\"name\": \"in\", \"dtype\": \"f61\", \"shape\": [4], \"arg\": 0}]}", "unknown element type 'f61'", 2},
  {HEAD " \"tensors\": [{\"name\": \"in\", \"dtype\": \"f16\", \"shape\": [0], \"arg\": 0}]}", "whole number of at least 1", 2},
  {HEAD " \"tensors\": [{\"name\": \"in\", \"dtype\": \"f16\", \"shape\": [4], \"input\": 3, \"arg\": 0}]}", "input", 2},
  {HEAD TENSORS BUFFERS BODY("[]"), "a node must be an object, not", 5},
  {HEAD TENSORS BUFFERS BODY("{\"lod\": \"in\"}"), "exactly one of the keys", 5},
  {HEAD TENSORS BUFFERS BODY("{\"take\": \"b\", \"push\": \"b\"}"), "exactly one of the keys", 5},
  {HEAD TENSORS BUFFERS BODY("{\"take\": \"c\"}"), "there is no buffer 'c'", 5},
  {HEAD TENSORS BUFFERS BODY("{\"store\": \"uot\", \"from\": \"b\"}"), "there is no tensor 'uot'", 5},
  {HEAD TENSORS BUFFERS BODY("{\"load\": \"in\", \"to\": \"b\", \"offset\": [1, 2], \"extent\": [1]}"), "'offset' has 2 entries; must have 1", 5},
  {HEAD TENSORS BUFFERS BODY("{\"load\": \"in\", \"to\": \"b\", \"offset\": [true], \"extent\": [1]}"), "the text of an expression, not", 5},
  {HEAD TENSORS BUFFERS BODY("{\"load\": \"in\", \"to\": \"b\", \"offset\": [0], \"extent\": [1], \"dims\": [9]}"), "an entry of 'dims'", 5},
  {HEAD TENSORS BUFFERS BODY("{\"give\": \"b\", \"thread\": \"b\"}"), "expected reader, compute or writer", 5},
  {HEAD TENSORS BUFFERS FUNCTIONS BODY("{\"compute\": \"g\", \"uses\": [], \"args\": [], \"cycles\": 1}"), "there is no function 'g'", 6},
  {HEAD TENSORS BUFFERS FUNCTIONS BODY("{\"compute\": \"f\", \"uses\": [{\"read\": \"b\", \"write\": \"b\"}], \"args\": [], \"cycles\": 1}"), "exactly one of read, write and update", 6},
  {HEAD TENSORS BUFFERS FUNCTIONS BODY("{\"compute\": \"f\", \"uses\": [], \"args\": []}"), "'cycles' is missing", 6},
  {HEAD TENSORS BUFFERS BODY("{\"load\": \"in\", \"to\": \"b\", \"offset\": [\"16 * y\"], \"extent\": [1]}"), "uses 'y', which is neither a mesh dim nor", 0},
};

static void test_wrong_files_are_refused_with_their_place(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT_OF(wrong); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    tog *t = NULL;
    assert_int_equal(read_text(&ctx, wrong[i].text, &t), LOOM_EINPUT);
    testing_expect_error(&ctx, LOOM_EINPUT, wrong[i].message, 0, 0);
    if (wrong[i].line)
      assert_int_equal(ctx.diag.first->span.line, wrong[i].line);
    loom_ctx_done(&ctx);
  }
}

static void test_an_expression_error_points_into_the_text(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  tog *t = NULL;
  assert_int_equal(read_text(&ctx, HEAD TENSORS BUFFERS BODY("{\"load\": \"in\", \"to\": \"b\", \"extent\": [1], \"offset\": [\"16 * )\"]}"), &t), LOOM_EINPUT);
  assert_int_equal(ctx.diag.first->span.line, 5);
  assert_in_range(ctx.diag.first->span.col, 53, 60);
  loom_ctx_done(&ctx);
}

/* Edits that only the verifier refuses must be readable: they are what the simulator is shown. */
static void test_a_graph_without_discipline_is_still_read(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  tog *t = NULL;
  assert_int_equal(read_text(&ctx, HEAD TENSORS BUFFERS FUNCTIONS BODY(LOAD), &t), LOOM_OK);
  assert_int_equal(tog_verify(&ctx, t), LOOM_EINPUT);
  loom_ctx_done(&ctx);
}

static loom_status read_data(loom_ctx *ctx, const data_value *v) {
  tog *t;
  return tog_from_data(ctx, v, &t);
}

static void test_every_edit_is_refused_or_read(void **state) {
  (void)state;
  static const char *const optional[] = {"kernel", "machine", "variant", "input", "output", "label", "unit", "active", "dims", "multicast", "wait", "view", NULL};
  static const char *const free[] = {"kernel", "machine", "variant", "label", "compute", "args", "active", "offset", "extent", "ul", "lr", "sender", "tile_fill", "tile_matmul", "tile_cast", "trip", "row", "senders", NULL};
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  tog *t = tog_sample_matmul(&ctx.mem, &specs[1]);
  t->functions.at[0].mlir = "func.func @tile_fill() {}";
  tog_sample_find(t, "matmul")->active = sym_make(&ctx.mem, SYM_LT, sym_name(&ctx.mem, "x"), sym_const(&ctx.mem, 2), NULL);
  tog_sample_find(t, "load a")->box.to_dim[0] = 1;
  tog_sample_find(t, "load a")->box.to_dim[1] = -1;
  testing_edits e = {.read = read_data, .optional = optional, .free = free};
  testing_edit_all(&ctx.mem, tog_to_data(&ctx.mem, t), &e);
  for (size_t i = 0; i < 3; i++) {      /* views, chains, sends, collects; tensors in L1 */
    data_value *v;
    const char *const texts[] = {PART(ALL_SEND("") ", " ALL_COLLECT("")), PART(LOAD_WITH("\"view\": {\"shape\": [8, 16], \"strides\": [16, 1]}")),
                                 HEAD TENSOR_WITH(", \"space\": \"l1\", \"page\": 64, \"offset\": 0") ALL_BUFFERS BODY("")};
    assert_int_equal(data_read_json(&ctx, "tog.json", texts[i], strlen(texts[i]), &v), LOOM_OK);
    e = (testing_edits){.read = read_data, .optional = optional, .free = free};
    testing_edit_all(&ctx.mem, v, &e);
  }
  loom_ctx_done(&ctx);
}

static loom_status write_and_read(loom_ctx *ctx, void *data) {
  (void)data;
  tog_matmul_spec s = {8, 8, 8, 4, 4, 4, 2, 2, true, 2, 5};
  tog *t = tog_sample_matmul(&ctx->mem, &s);
  return tog_from_data(ctx, tog_to_data(&ctx->mem, t), &t);
}

static void test_running_out_of_memory_is_reported(void **state) {
  (void)state;
  testing_sweep_memory(write_and_read, NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_writing_and_reading_back_gives_the_same_text),
    cmocka_unit_test(test_the_golden_file_is_the_sample),
    cmocka_unit_test(test_a_hand_written_file_is_read),
    cmocka_unit_test(test_wrong_files_are_refused_with_their_place),
    cmocka_unit_test(test_views_parts_chains_and_gathers_read_back),
    cmocka_unit_test(test_what_is_seldom_said_reads_back),
    cmocka_unit_test(test_loops_too_deep_are_a_limit),
    cmocka_unit_test(test_damaged_transfers_are_refused),
    cmocka_unit_test(test_every_edit_is_refused_or_read),
    cmocka_unit_test(test_an_expression_error_points_into_the_text),
    cmocka_unit_test(test_a_graph_without_discipline_is_still_read),
    cmocka_unit_test(test_running_out_of_memory_is_reported),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
