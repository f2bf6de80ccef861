/* Pins, splits in words, and loom.chips.v1.  Oracle: what is written comes back; every small edit of a file is refused at its place, or read as another program. */
#include "base/testing_data.h"
#include "chips/chips_testing.h"

static chips_kernel two_loops(const char *why) { return (chips_kernel){.n_axes = 2, .axis = {{.name = "tile_m", .extent = 30}, {.name = "tile_k", .extent = 8, .is_sum = true}}, .why = why}; }

static void test_splits_in_words(void **state) {
  loom_ctx *ctx = *state;
  const chips_kernel k = two_loops(NULL);
  const machine m = chips_testing_mesh(&ctx->mem, 3, (const int64_t[]){2, 3, 4}, false);
  const chips_split s = {.n_dims = 3, .axis = {1, -1, 0}};
  assert_string_equal(chips_split_text(&ctx->mem, &k, &m, &s), "a=tile_k, b=none, c=tile_m");
  assert_string_equal(data_write_json(&ctx->mem, chips_split_to_data(&ctx->mem, &k, &m, &s), 0),
                      "[{\"name\": \"a\", \"size\": 2, \"loop\": \"tile_k\"}, {\"name\": \"b\", \"size\": 3, \"loop\": \"none\"}, {\"name\": \"c\", \"size\": 4, \"loop\": \"tile_m\"}]");
}

/* ---- pins ---- */

static void test_pins_say_the_split_of_dims(void **state) {
  static const struct { const char *pins[3]; int n, out[3]; } rows[] = {
      {{NULL}, 0, {-2, -2, -2}},
      {{"chips=tile_k"}, 1, {1, -1, 1}},      /* along one chip nothing is split */
      {{"chips.a=tile_m", "chips.c=none"}, 2, {0, -2, -1}},
      {{"chips.b=tile_m", "order=10", "chips"}, 3, {-2, -1, -2}},
      {{"chips=tile_m", "chips.c=tile_k"}, 2, {0, -1, 1}},
      {{"chips.c=tile_k", "chips=none"}, 2, {-1, -1, -1}},
  };
  loom_ctx *ctx = *state;
  const chips_kernel k = two_loops(NULL);
  const machine m = chips_testing_mesh(&ctx->mem, 3, (const int64_t[]){2, 1, 4}, false);
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    int out[MACHINE_MESH_DIMS_MAX];
    assert_int_equal(chips_read_pins(ctx, &k, &m, rows[i].pins, (size_t)rows[i].n, out), LOOM_OK);
    assert_memory_equal(out, rows[i].out, sizeof out);
  }
}

static void test_wrong_pins_are_refused(void **state) {
  static const struct { const char *pin, *why, *says, *help; } rows[] = {
      {"chips=tile_n", NULL, "--pin chips=tile_n: 'tile_n' is no loop that can be split over chips", "there are none, tile_m, tile_k"},
      {"chips.a=tile_n", "loop tile_n: its tiles are counted", "--pin chips.a=tile_n: 'tile_n' is no loop that can be split over chips", "there are none, tile_m, tile_k; loop tile_n: its tiles are counted"},
      {"chips.aa=tile_m", NULL, "--pin chips.aa=tile_m: machine 'm' has no such dim of chips", "did you mean 'chips.a'?"},
      {"chipsrowsandmore=tile_m", NULL, "--pin chipsrowsandmore=tile_m: machine 'm' has no such dim of chips", "write chips.a=LOOP, or chips=LOOP for all dims"},
  };
  (void)state;
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    loom_ctx ctx;
    int out[MACHINE_MESH_DIMS_MAX];
    loom_ctx_init(&ctx);
    const chips_kernel k = two_loops(rows[i].why);
    const machine m = chips_testing_mesh(&ctx.mem, 2, (const int64_t[]){2, 4}, false);
    assert_int_equal(chips_read_pins(&ctx, &k, &m, &rows[i].pin, 1, out), LOOM_EUSAGE);
    testing_expect_error(&ctx, LOOM_EUSAGE, rows[i].says, 0, 0);
    assert_string_equal(ctx.diag.first->help, rows[i].help);
    loom_ctx_done(&ctx);
  }
}

/* ---- loom.chips.v1 ---- */

/* A product over 2 x 3 chips: gathered, summed and gathered again. */
static void make_program(arena *mem, chips_program *p) {
  const machine m = chips_testing_mesh(mem, 2, (const int64_t[]){2, 3}, true);
  const chips_split s = {.n_dims = 2, .axis = {0, 1}};
  chips_kernel k = two_loops(NULL);
  vec_push(mem, &k.tensors, ((chips_tensor){.name = "x", .type = DTYPE_F16, .partial_type = DTYPE_F32, .rank = 2, .shape = {30, 8}, .order = {0, 1}, .axis = {-1, 1}, .is_input = true}));
  vec_push(mem, &k.tensors, ((chips_tensor){.name = "out", .type = DTYPE_F16, .partial_type = DTYPE_F32, .rank = 1, .shape = {30}, .axis = {0}, .is_output = true, .is_everywhere = true}));
  chips_program_make(mem, &k, &m, &s, p);
}

static void test_programs_come_back(void **state) {
  loom_ctx *ctx = *state;
  chips_program p, again;
  data_value *v;
  make_program(&ctx->mem, &p);
  const char *json = data_write_json(&ctx->mem, chips_program_to_data(&ctx->mem, &p), 1);
  assert_int_equal(data_read_json(ctx, "chips.json", json, strlen(json), &v), LOOM_OK);
  assert_int_equal(chips_program_from_data(ctx, v, &again), LOOM_OK);
  assert_string_equal(data_write_json(&ctx->mem, chips_program_to_data(&ctx->mem, &again), 1), json);
  assert_int_equal(again.transfers.n, p.transfers.n);
  for (size_t i = 0; i < p.transfers.n; i++)
    assert_int_equal(again.transfers.at[i].adds, p.transfers.at[i].adds);      /* not in the text */
}

/* A file of one tensor, two stages and two transfers, with a part of it replaced.  Everything stands on line 1 or 2. */
static const char file[] = "{\"schema\":\"loom.chips.v1\",\"chips\":3,\"tensors\":[{\"name\":\"x\",\"type\":\"f16\",\"partial_type\":\"f32\"}],\"cycles_before\":1,\"cycles_behind\":2,\"stages\":[\n"
                           "{\"kind\":\"all-gather\",\"tensor\":0,\"dim\":0,\"previous\":-1,\"behind\":false,\"rounds\":false,\"cycles\":5,\"bytes\":6}],\"transfers\":[[0,0,1,0,4,-1],[0,1,2,0,4,0]]}";
typedef struct edited { const char *is, *becomes; loom_status status; const char *says; int line, col; } edited;
static const edited edits[] = {
    {"loom.chips.v1", "loom.chips.v2", LOOM_EINPUT, "schema is 'loom.chips.v2'; expected loom.chips.v1", 1, 11},
    {"\"schema\":\"loom.chips.v1\",", "", LOOM_EINPUT, "the key 'schema' is missing", 1, 1},
    {"\"chips\":3", "\"chips\":1025", LOOM_EINPUT, "'chips' is 1025; must be 1..1024", 1, 35},
    {"\"chips\":3", "\"chips\":0", LOOM_EINPUT, "'chips' is 0; must be 1..1024", 1, 35},
    {"\"type\":\"f16\"", "\"type\":\"f17\"", LOOM_EINPUT, "unknown element type 'f17'", 1, 67},
    {"\"partial_type\":\"f32\"", "\"partial_type\":\"\"", LOOM_EINPUT, "unknown element type ''", 1, 88},
    {"all-gather", "all-to-all", LOOM_EINPUT, "there is no collective 'all-to-all'", 2, 9},
    {"\"tensor\":0", "\"tensor\":1", LOOM_EINPUT, "'tensor' is 1; must be 0..0", 2, 31},
    {"\"dim\":0", "\"dim\":3", LOOM_EINPUT, "'dim' is 3; must be 0..2", 2, 39},
    {"\"previous\":-1", "\"previous\":0", LOOM_EINPUT, "'previous' is 0; must be -1..-1", 2, 52},
    {"\"previous\":-1", "\"previous\":-2", LOOM_EINPUT, "'previous' is -2; must be -1..-1", 2, 52},
    {"\"behind\":false", "\"behind\":0", LOOM_EINPUT, "'behind' is an integer; expected a boolean", 2, 64},
    {"\"cycles\":5", "\"cycles\":-5", LOOM_EINPUT, "'cycles' is -5; must be 0..", 2, 94},
    {"[0,1,2,0,4,0]", "[0,1,2,0,4]", LOOM_EINPUT, "a transfer is [stage, from, to, at, elems, after]", 2, 136},
    {"[0,1,2,0,4,0]", "{}", LOOM_EINPUT, "a transfer is [stage, from, to, at, elems, after]", 2, 136},
    {"[0,1,2,0,4,0]", "[1,1,2,0,4,0]", LOOM_EINPUT, "number 0 of a transfer must be 0..0", 2, 137},
    {"[0,1,2,0,4,0]", "[0,3,2,0,4,0]", LOOM_EINPUT, "number 1 of a transfer must be 0..2", 2, 139},
    {"[0,1,2,0,4,0]", "[0,1,2,0,-1,0]", LOOM_EINPUT, "number 4 of a transfer must be 0..576460752303423487", 2, 145},
    {"[0,1,2,0,4,0]", "[0,1,2,0,4,-2]", LOOM_EINPUT, "number 5 of a transfer must be -1..0", 2, 147},
    {"[0,1,2,0,4,0]", "[0,1,2,0,4,1]", LOOM_EINPUT, "number 5 of a transfer must be -1..0", 2, 147},
    {"[0,1,2,0,4,0]", "[0,1,true,0,4,0]", LOOM_EINPUT, "number 2 of a transfer must be 0..2", 2, 141},
    {"[0,1,2,0,4,0]", "[0,1,1,0,4,0]", LOOM_EINPUT, "a transfer goes from a chip to another", 2, 136},
};

static void test_what_is_wrong_in_a_file_is_said_with_its_place(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT_OF(edits); i++) {
    loom_ctx ctx;
    chips_program p;
    data_value *v;
    loom_ctx_init(&ctx);
    const char *at = strstr(file, edits[i].is);
    assert_non_null(at);
    const char *json = arena_printf(&ctx.mem, "%.*s%s%s", (int)(at - file), file, edits[i].becomes, at + strlen(edits[i].is));
    assert_int_equal(data_read_json(&ctx, "chips.json", json, strlen(json), &v), LOOM_OK);
    assert_int_equal(chips_program_from_data(&ctx, v, &p), edits[i].status);
    testing_expect_error(&ctx, edits[i].status, edits[i].says, edits[i].line, edits[i].col);
    loom_ctx_done(&ctx);
  }
}

static void test_files_have_limits(void **state) {
  loom_ctx *ctx = *state;
  for (int stages = 0; stages < 2; stages++) {
    const int most = stages ? CHIPS_STAGES_MAX : CHIPS_TENSORS_MAX;
    chips_program p, again;
    make_program(&ctx->mem, &p);
    while ((int)(stages ? p.stages.n : p.tensors.n) < most)
      if (stages)
        vec_push(&ctx->mem, &p.stages, p.stages.at[0]);
      else
        vec_push(&ctx->mem, &p.tensors, p.tensors.at[0]);
    assert_int_equal(chips_program_from_data(ctx, chips_program_to_data(&ctx->mem, &p), &again), LOOM_OK);
    if (stages)
      vec_push(&ctx->mem, &p.stages, p.stages.at[0]);
    else
      vec_push(&ctx->mem, &p.tensors, p.tensors.at[0]);
    const diag_mark before = diag_save(ctx);
    assert_int_equal(chips_program_from_data(ctx, chips_program_to_data(&ctx->mem, &p), &again), LOOM_ELIMIT);
    testing_expect_error(ctx, LOOM_ELIMIT, stages ? "577 stages" : "65 tensors", 0, 0);
    diag_drop(ctx, before);
  }
}

/* What is read runs, or is refused when it does: without an end, or a link. */
static loom_status read_and_run(loom_ctx *ctx, const data_value *v) {
  chips_program p;
  LOOM_TRY(chips_program_from_data(ctx, v, &p));
  const machine m = chips_testing_mesh(&ctx->mem, 2, (const int64_t[]){2, 3}, true);
  int64_t *begin = ARENA_NEW_N(&ctx->mem, int64_t, p.n_chips + 6), *end = ARENA_NEW_N(&ctx->mem, int64_t, p.n_chips + 6);
  const diag_mark before = diag_save(ctx);
  for (int behind = 0; behind < 2 && p.n_chips == machine_n_chips(&m); behind++) {
    const loom_status st = chips_run(ctx, &p, &m, behind, NULL, NULL, begin, end);
    assert_true(st == LOOM_OK || st == LOOM_ENUMERIC || st == LOOM_ELIMIT);
  }
  diag_drop(ctx, before);
  return LOOM_OK;
}

static void test_every_edit_is_refused_or_read(void **state) {
  static const char *const none[] = {NULL};
  loom_ctx *ctx = *state;
  chips_program p;
  make_program(&ctx->mem, &p);
  testing_edits e = {.read = read_and_run, .optional = none};
  testing_edit_all(&ctx->mem, chips_program_to_data(&ctx->mem, &p), &e);
}

static loom_status body(loom_ctx *ctx, void *data) {
  static const char *const pins[] = {"chips=tile_m", "chips.b=tile_n"};
  const chips_kernel k = two_loops("loop tile_n: its tiles are counted");
  const machine m = chips_testing_mesh(&ctx->mem, 2, (const int64_t[]){2, 3}, true);
  const chips_split s = {.n_dims = 2, .axis = {0, 1}};
  chips_program p, again;
  int out[MACHINE_MESH_DIMS_MAX];
  (void)data;
  make_program(&ctx->mem, &p);
  LOOM_TRY(chips_program_from_data(ctx, chips_program_to_data(&ctx->mem, &p), &again));
  assert_string_equal(chips_split_text(&ctx->mem, &k, &m, &s), "a=tile_m, b=tile_k");
  assert_int_equal(chips_split_to_data(&ctx->mem, &k, &m, &s)->n, 2);
  LOOM_TRY(chips_read_pins(ctx, &k, &m, pins, 1, out));
  const diag_mark before = diag_save(ctx);
  assert_int_equal(chips_read_pins(ctx, &k, &m, pins, 2, out), LOOM_EUSAGE);
  diag_drop(ctx, before);
  return LOOM_OK;
}

static void test_memory_failures_unwind(void **state) {
  (void)state;
  testing_sweep_memory(body, NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_splits_in_words, testing_open_context, testing_close_context),
      cmocka_unit_test_setup_teardown(test_pins_say_the_split_of_dims, testing_open_context, testing_close_context),
      cmocka_unit_test(test_wrong_pins_are_refused),
      cmocka_unit_test_setup_teardown(test_programs_come_back, testing_open_context, testing_close_context),
      cmocka_unit_test(test_what_is_wrong_in_a_file_is_said_with_its_place),
      cmocka_unit_test_setup_teardown(test_files_have_limits, testing_open_context, testing_close_context),
      cmocka_unit_test_setup_teardown(test_every_edit_is_refused_or_read, testing_open_context, testing_close_context),
      cmocka_unit_test(test_memory_failures_unwind),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
