#include "nest/nest.h"
#include "base/testing.h"
#include "base/testing_data.h"
#include "base/text.h"
#include "nest/nest_samples.h"

static const nest_mamba_shape mamba = {.batch = 2, .heads = 32, .groups = 4, .chunks = 8, .chunk = 192, .head = 160, .state = 128, .block_bound = 8192};

enum { N_SAMPLES = 8 };
static nest *sample(arena *m, int i) {
  switch (i) {
  case 3: {
    nest *n = nest_make_attention(m, 32, 4096, 4096, 128, DTYPE_F16);
    n->values.at[4].memory = 1;
    n->loops.at[2].clamp = sym_sub(m, sym_const(m, 4000), sym_name(m, "tile_m"));
    for (int d = 0; d < 3; d++)      /* k, transposed */
      n->tensors.at[0].stride[d] = (const int64_t[]){4096 * 128, 1, 128}[d];
    return n;
  }
  case 4: return nest_make_decode(m, 16, 32, 8192, 128, DTYPE_F16);
  case 5: return nest_make_split_k(m, 512, 512, 4096, DTYPE_F16);
  case 6: return nest_make_mamba(m, &mamba, DTYPE_F16, false);
  case 7: return nest_make_mamba(m, &mamba, DTYPE_F16, true);
  case 0: {
    nest *n = nest_make_matmul(m, 4096, 2048, 512, DTYPE_F16, DTYPE_F32);
    n->tensors.at[1].l1_page = 2048;
    n->tensors.at[1].l1_offset = 4096;
    return n;
  }
  case 1: return nest_make_batch_matmul(m, 32, 128, 64, 96, DTYPE_BF16, DTYPE_BF16);
  default: return nest_make_elementwise(m, 100, 7, DTYPE_F32, "mulf,addf");
  }
}

static const char *write(arena *m, const nest *n) { return data_write_json(m, nest_to_data(m, n), 1); }

static void test_nests_read_back_as_written(void **state) {
  (void)state;
  for (int i = 0; i < N_SAMPLES; i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    nest *n = sample(&ctx.mem, i), *again;
    assert_int_equal(nest_verify(&ctx, n), LOOM_OK);
    const char *json = write(&ctx.mem, n);
    data_value *v;
    assert_int_equal(data_read_json(&ctx, "nest.json", json, strlen(json), &v), LOOM_OK);
    assert_int_equal(nest_from_data(&ctx, v, &again), LOOM_OK);
    assert_string_equal(write(&ctx.mem, again), json);
    for (size_t k = 0; k < n->values.n; k++)
      assert_string_equal(again->values.at[k].def->label, n->values.at[k].def->label);
    for (size_t k = 0; k < n->symbols.n; k++)
      assert_int_equal(again->symbols.at[k].covers_one, n->symbols.at[k].covers_one);
    loom_ctx_done(&ctx);
  }
}

/* One edit of a good file each: what is replaced, by what, and what must be said. */
static void test_wrong_nests_are_refused(void **state) {
  (void)state;
  static const struct { const char *from, *to, *said; loom_status status; int sample; } edits[] = {
      {"loom.nest.v1", "loom.nest.v9", "schema is 'loom.nest.v9'", LOOM_EINPUT, 0},
      {"\"f16\"", "\"f17\"", "unknown element type 'f17'", LOOM_EINPUT, 0},
      {"\"parallel\"", "\"serial\"", "loop kind is 'serial'", LOOM_EINPUT, 0},
      {"\"loop\": 2,\n   \"label\"", "\"loop\": 7,\n   \"label\"", "loop", LOOM_EINPUT, 0},
      {"\"extent\": \"512\"", "\"extent\": \"512\", \"clamp\": \"tile_q\"", "the clamp of a loop names 'tile_q'", LOOM_EINPUT, 0},
      {"\"upper_bound\": \"4096\"", "\"upper_bound\": \"tile_q\"", "'tile_q'", LOOM_EINPUT, 0},
      {"\"align\": 32", "\"align\": 0", "align", LOOM_EINPUT, 0},
      {"\"compute\": \"matmul\"", "\"compute\": \"conv\"", "compute op 'conv' is none of", LOOM_EINPUT, 0},
      {"\"compute\": \"fill\"", "\"compute\": \"generic\"", "lacks the sizes", LOOM_EINPUT, 0},
      {"\"inputs\": [1, 2, 0]", "\"inputs\": [1, 2, 9]", "index of one of the 3 values", LOOM_EINPUT, 0},
      {"\"inputs\": [1, 2, 0]", "\"inputs\": \"none\"", "inputs", LOOM_EINPUT, 0},
      {"\"load\": 0", "\"move\": 0", "must have one of the keys", LOOM_EINPUT, 0},
      {"\"load\": 1", "\"load\": 3", "load", LOOM_EINPUT, 0},
      {"\"shape\": [4096, 512]", "\"shape\": [4096]", "has 2 dims; the tensor has 1", LOOM_EINPUT, 0},
      {"\"shape\": [4096, 512]", "\"shape\": [4096, -1]", "extent must be an integer", LOOM_EINPUT, 0},
      {"\"shape\": [4096, 512]", "\"shape\": [1, 1, 1, 1, 1, 1, 1, 1, 1]", "9 dims; at most 8", LOOM_ELIMIT, 0},
      {"\"dims\": [\"tile_m\", \"tile_k\"]", "\"dims\": [\"tile_m\", 3]", "must be an expression", LOOM_EINPUT, 0},
      {"\"dims\": [\"tile_m\", \"tile_k\"]", "\"dims\": [\"tile_m\"]", "keeps 2 dims", LOOM_EINPUT, 0},
      {"\"name\": \"tile_n\"", "\"name\": \"tile_m\"", "appears twice", LOOM_EINPUT, 0},
      {"\"block\": \"tile_n\"", "\"block\": \"tile_z\"", "block 'tile_z'", LOOM_EINPUT, 0},
      {"\"kind\": \"sequential\"", "\"kind\": \"parallel\"", "loop", LOOM_EINPUT, 0},
      {"\"divides\": false", "\"divides\": false, \"fixed\": 0", "fixed", LOOM_EINPUT, 0},
      {"\"divides\": false", "\"divides\": false, \"fixed\": 32, \"covers_one\": true", "is fixed at 32; must be positive, and 1", LOOM_EINPUT, 0},
      {"\"shape\": [4096, 512]", "\"shape\": [4096, 512], \"strides\": [1]", "has 2 dims and 1 strides", LOOM_EINPUT, 0},
      {"\"shape\": [4096, 512]", "\"shape\": [4096, 512], \"strides\": [1, 0]", "stride must be an integer of at least 1", LOOM_EINPUT, 0},
      {"\"shape\": [4096, 512]", "\"shape\": [4096, 512], \"lookup\": {\"dim\": 0, \"index\": 1, \"rows\": 7}", "looks up places but is no view of rows", LOOM_EINPUT, 0},
      {"\"shape\": [4096, 512]", "\"shape\": [4096, 512], \"lookup\": {\"dim\": 2, \"index\": 1, \"rows\": 7}", "dim", LOOM_EINPUT, 0},
      {"\"l1_page\": 2048", "\"l1_page\": 0", "l1_page", LOOM_EINPUT, 0},
      {"\"l1_offset\": 4096", "\"l1_offset\": -1", "l1_offset", LOOM_EINPUT, 0},
      {"\"is_carried\": true", "\"is_carried\": true, \"memory\": 9", "memory", LOOM_EINPUT, 0},
      {"\"same_place\": [0, 1]", "\"same_place\": [0, 2]", "must name some of the 2 inputs", LOOM_EINPUT, 2},
      {"\"gather\": 2", "\"gather\": 3", "gather", LOOM_EINPUT, 5},
      {"\"gather\": 2", "\"gather\": 1", "must have the trips of 'tile_n'", LOOM_EINPUT, 5},
      {"\"gather\": 2,\n   \"inputs\": [2]", "\"gather\": 2,\n   \"inputs\": [2, 2]", "has 2 inputs; expected one", LOOM_EINPUT, 5},
      {"\"gather\": 2,\n   \"inputs\": [2]", "\"gather\": 2,\n   \"inputs\": [4]", "before anything makes it", LOOM_EINPUT, 5},
      {"\"gather\": 2,\n   \"inputs\": [2],", "\"gather\": 2,\n   \"only_first\": 2, \"inputs\": [2],", "runs on one core; all must send", LOOM_EINPUT, 5},
      {"\"only_first\": 2", "\"only_first\": 3", "only_first", LOOM_EINPUT, 5},
      {"\"only_first\": 2,\n   \"label\": \"addf\"", "\"only_first\": 1, \"label\": \"addf\"", "on the first core of loop 'tile_k' alone", LOOM_EINPUT, 5},
      {"\"compute\": \"broadcast\"", "\"compute\": \"move\"", "is no accumulator of its shape", LOOM_EINPUT, 3},
      {"\"compute\": \"transpose\"", "\"compute\": \"generic\"", "lacks the sizes, scalar ops or inputs", LOOM_EINPUT, 6},
  };
  for (size_t i = 0; i < COUNT_OF(edits); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    nest *n;
    const char *good = write(&ctx.mem, sample(&ctx.mem, edits[i].sample)), *at = strstr(good, edits[i].from);
    if (!at)
      fail_msg("edit %zu: %s is not in the file", i, edits[i].from);
    const char *bad = arena_printf(&ctx.mem, "%.*s%s%s", (int)(at - good), good, edits[i].to, at + strlen(edits[i].from));
    data_value *v;
    assert_int_equal(data_read_json(&ctx, "nest.json", bad, strlen(bad), &v), LOOM_OK);
    assert_int_equal(nest_from_data(&ctx, v, &n), edits[i].status);
    testing_expect_error(&ctx, edits[i].status, edits[i].said, 0, 0);
    loom_ctx_done(&ctx);
  }
}

static loom_status read_nest(loom_ctx *ctx, const data_value *v) {
  nest *n;
  return nest_from_data(ctx, v, &n);
}

static void test_every_edit_is_refused_or_read(void **state) {
  (void)state;
  static const char *const optional[] = {"clamp", "covers_one", "divides", "fixed", "is_carried", "is_output", "is_reduction", "label", "lookup", "memory", "offset", "only_first",
                                         "same_place", "strides", "body_ops", "m", "n", "k", "batch", "dropped", "upper_bound", "l1_page", NULL};
  static const char *const free[] = {"label", NULL};
  for (int i = 0; i < N_SAMPLES; i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    nest *n = sample(&ctx.mem, i);
    if (i == 0) {
      n->symbols.at[0].fixed = 1;
      n->symbols.at[0].covers_one = n->symbols.at[1].divides = n->loops.at[1].divides = true;
    }
    testing_edits e = {.read = read_nest, .optional = optional, .free = free};
    testing_edit_all(&ctx.mem, nest_to_data(&ctx.mem, n), &e);
    loom_ctx_done(&ctx);
  }
}

static void test_lookups_read_back(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  nest *n = sample(&ctx.mem, 0), *again;
  nest_tensor *t = &n->tensors.at[0];
  t->has_lookup = true;
  t->lookup_dim = 1;
  t->lookup_arg = 2;
  t->lookup_rows = 77;
  for (int d = 0; d < t->rank; d++)
    t->stride[d] = 1000 - 999 * d;
  assert_int_equal(nest_from_data(&ctx, nest_to_data(&ctx.mem, n), &again), LOOM_OK);
  const nest_tensor *a = &again->tensors.at[0];
  assert_true(a->has_lookup && a->lookup_dim == 1 && a->lookup_arg == 2 && a->lookup_rows == 77 && !again->tensors.at[1].has_lookup);
  loom_ctx_done(&ctx);
}

/* What may be left out: labels, the offset 0.  A nest read so is as any other to what looks at it. */
static void test_what_may_be_left_out(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  nest *n = sample(&ctx.mem, 0), *again;
  for (size_t i = 0; i < n->body.n; i++) {
    n->body.at[i]->label = NULL;
    for (size_t k = 0; k < n->body.at[i]->body.n; k++)
      n->body.at[i]->body.at[k]->label = NULL;
  }
  n->body.at[2]->dim[0].offset = n->body.at[2]->dim[1].offset = NULL;
  assert_int_equal(nest_from_data(&ctx, nest_to_data(&ctx.mem, n), &again), LOOM_OK);
  assert_null(again->body.at[0]->label);
  assert_null(again->body.at[1]->body.at[0]->label);
  assert_true(nest_tensor_is_covered(again, 2));
  assert_true(nest_loop_is_parallel(again, 0) && !nest_loop_is_parallel(again, 2));
  loom_ctx_done(&ctx);
}

static void test_limits_of_a_nest_are_told(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  nest *n = sample(&ctx.mem, 0), *again;
  const char *body = "[]";
  for (int i = 0; i <= NEST_LOOPS_MAX; i++)
    body = arena_printf(&ctx.mem, "[{\"loop\": 2, \"body\": %s}]", body);
  data_value *v = nest_to_data(&ctx.mem, n), *deep;
  assert_int_equal(data_read_json(&ctx, "body.json", body, strlen(body), &deep), LOOM_OK);
  data_set(&ctx.mem, v, "body", deep);
  assert_int_equal(nest_from_data(&ctx, v, &again), LOOM_ELIMIT);
  testing_expect_error(&ctx, LOOM_ELIMIT, "loops are nested deeper than 16", 0, 0);
  loom_ctx_done(&ctx);
  loom_ctx_init(&ctx);
  n = sample(&ctx.mem, 0);
  while (n->loops.n <= NEST_LOOPS_MAX)
    vec_push(&ctx.mem, &n->loops, n->loops.at[2]);
  assert_int_equal(nest_from_data(&ctx, nest_to_data(&ctx.mem, n), &again), LOOM_ELIMIT);
  testing_expect_error(&ctx, LOOM_ELIMIT, "17 loops; at most 16 are supported", 0, 0);
  loom_ctx_done(&ctx);
  loom_ctx_init(&ctx);
  n = sample(&ctx.mem, 2);      /* more inputs than same_place has bits: written and read without the later ones */
  nest_node *g = n->body.at[2];
  while (g->inputs.n < 34)
    vec_push(&ctx.mem, &g->inputs, g->inputs.at[0]);
  v = nest_to_data(&ctx.mem, n);
  assert_int_equal(nest_from_data(&ctx, v, &again), LOOM_OK);
  assert_int_equal(again->body.at[2]->same_place, 3);
  data_value *places = data_get(data_get(v, "body")->items[2], "same_place");
  data_push(&ctx.mem, places, data_int(&ctx.mem, 32));
  assert_int_equal(nest_from_data(&ctx, v, &again), LOOM_EINPUT);
  testing_expect_error(&ctx, LOOM_EINPUT, "same_place must name some of the 34 inputs", 0, 0);
  loom_ctx_done(&ctx);
}

static loom_status round_trip(loom_ctx *ctx, void *data) {
  (void)data;
  nest *n;
  return nest_from_data(ctx, nest_to_data(&ctx->mem, sample(&ctx->mem, 0)), &n);
}

static void test_memory_failures_unwind(void **state) {
  (void)state;
  testing_sweep_memory(round_trip, NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_nests_read_back_as_written),
      cmocka_unit_test(test_wrong_nests_are_refused),
      cmocka_unit_test(test_every_edit_is_refused_or_read),
      cmocka_unit_test(test_lookups_read_back),
      cmocka_unit_test(test_what_may_be_left_out),
      cmocka_unit_test(test_limits_of_a_nest_are_told),
      cmocka_unit_test(test_memory_failures_unwind),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
