#include "base/file.h"
#include "base/testing_data.h"
#include "base/text.h"
#include "nest/nest_samples.h"
#include "solve/solve.h"

static machine *shipped(loom_ctx *ctx, const char *name) {
  static const char *const dirs[] = {LOOM_SOURCE_DIR "/machines"};
  machine_set_path(dirs, 1);
  machine *m;
  assert_int_equal(machine_load(ctx, name, NULL, &m), LOOM_OK);
  return m;
}

static const solve_options free_choice = {.model = MODEL_UPSTREAM, .assigned_double_buffer = -1};

static data_value *written(loom_ctx *ctx, const machine *m, const int64_t shape[3], int generation, bool resolved, explore_table *t) {
  nest *n = nest_make_matmul(&ctx->mem, shape[0], shape[1], shape[2], DTYPE_F16, DTYPE_F16);
  data_value *v, *again;
  assert_int_equal(explore_run(ctx, n, m, &(explore_options){.upstream_compatible = true}, t), LOOM_OK);
  assert_int_equal(explore_etg(ctx, n, m, t, generation, resolved, &v), LOOM_OK);
  const char *json = data_write_json(&ctx->mem, v, 1);
  assert_int_equal(data_read_json(ctx, "etg.json", json, strlen(json), &again), LOOM_OK);
  return again;
}

/* Writing an ETG and solving it is the same as solving the candidates directly. */
static void test_generation_3_equals_the_direct_way(void **state) {
  (void)state;
  static const int64_t shapes[][3] = {{4096, 4096, 512}, {2048, 2048, 256}, {4096, 2048, 1024}};
  for (size_t s = 0; s < COUNT_OF(shapes); s++)
    for (int resolved = 0; resolved < 2; resolved++) {
      loom_ctx ctx;
      loom_ctx_init(&ctx);
      machine *m = shipped(&ctx, "wormhole");
      nest *n = nest_make_matmul(&ctx.mem, shapes[s][0], shapes[s][1], shapes[s][2], DTYPE_F16, DTYPE_F16);
      explore_table t;
      solve_result direct;
      data_value *etg = written(&ctx, m, shapes[s], 3, resolved, &t), *got;
      assert_int_equal(solve_run(&ctx, n, m, &t, &free_choice, &direct), LOOM_OK);
      assert_int_equal(solve_etg(&ctx, etg, resolved ? NULL : m, &free_choice, &got), LOOM_OK);
      data_value *rows = data_get(got, "variants");
      assert_int_equal(rows->n, direct.rows.n);
      assert_string_equal(data_get(got, "schema")->string, "loom.solve.v1");
      assert_string_equal(data_get(got, "best")->string, direct.rows.at[direct.best].candidate->name);
      for (size_t i = 0; i < rows->n; i++) {
        const solve_row *d = &direct.rows.at[i];
        assert_string_equal(data_get(rows->items[i], "name")->string, d->candidate->name);
        if (d->ragged)
          continue;       /* an ETG keeps its own trip rule; candidates fall back to ceilings */
        assert_string_equal(data_get(rows->items[i], "status")->string, "optimal");
        assert_int_equal(data_get(rows->items[i], "cost")->integer, d->cycles);
        assert_int_equal(data_get(rows->items[i], "points")->integer, d->points);
        assert_int_equal(data_get(rows->items[i], "feasible")->integer, d->feasible);
        for (size_t b = 0; b < d->blocks.n; b++)
          assert_int_equal(data_get(data_get(rows->items[i], "block_sizes"), d->blocks.at[b].symbol)->integer, d->blocks.at[b].size);
        assert_int_equal(data_get(data_get(rows->items[i], "booleans"), MODEL_DOUBLE_BUFFER)->integer, d->double_buffer);
      }
      loom_ctx_done(&ctx);
    }
}

static int64_t cd(int64_t a, int64_t b) { return (a + b - 1) / b; }

/* The best point of variant 0 (8 x 8 over M x N) by plain loops: generation 1 or 2 on wormhole. */
static void plain_optimum(const int64_t s[3], int generation, int64_t out[6]) {
  out[0] = INT64_MAX;
  out[4] = out[5] = 0;
  for (int64_t m = 32; m <= s[0]; m += 32)
    for (int64_t n = 32; n <= s[1]; n += 32)
      for (int64_t k = 32; k <= s[2]; k += 32)
        for (int64_t db = 0; db < 2; db++) {
          if (generation == 2 && (m * 7 > s[0] || n * 7 > s[1]))
            continue;
          out[4]++;
          int64_t elems = m * k + k * n + 2 * m * n, bytes = generation == 1 ? elems * 2 * (1 + db) : 2 * (elems + db * (m * k + k * n));
          if (bytes > 1398784)
            continue;
          out[5]++;
          int64_t thr = m * n >= 8192 ? 716 : m * n * 716 / 8192, tm = cd(cd(s[0], m), 8), tn = cd(cd(s[1], n), 8), tk = cd(s[2], k);
          int64_t comp = cd(m * n, 2) + cd(2 * m * n * k, thr), load = 688 + cd(20 * m * k, 150) + cd(20 * k * n, 150), store = 454 + cd(2 * m * n, 150);
          int64_t most = comp > load ? comp : load, least = comp + load - most, inner = db ? tk * most + least : tk * (comp + load);
          int64_t turns = tk * (db ? most : comp + load), nested = !db ? turns + store : turns > store ? turns : store;
          int64_t cycles = tm * tn * (generation == 1 ? nested : inner + store);
          if (cycles < out[0]) {
            out[0] = cycles;
            out[1] = m;
            out[2] = n;
            out[3] = k;
          }
        }
}

static void test_generations_1_and_2_have_their_own_rules(void **state) {
  (void)state;
  static const int64_t shape[] = {1024, 768, 512};
  for (int generation = 1; generation <= 2; generation++) {
    int64_t best[6];
    plain_optimum(shape, generation, best);
    for (int resolved = 0; resolved < 2; resolved++) {
      loom_ctx ctx;
      loom_ctx_init(&ctx);
      machine *m = shipped(&ctx, "wormhole");
      explore_table t;
      data_value *etg = written(&ctx, m, shape, generation, resolved, &t), *got;
      assert_int_equal(solve_etg(&ctx, etg, resolved ? NULL : m, &free_choice, &got), LOOM_OK);
      data_value *row = data_get(got, "variants")->items[0], *blocks = data_get(row, "block_sizes");
      assert_int_equal(data_get(row, "cost")->integer, best[0]);
      assert_int_equal(data_get(blocks, "tile_m")->integer, best[1]);
      assert_int_equal(data_get(blocks, "tile_n")->integer, best[2]);
      assert_int_equal(data_get(blocks, "tile_k")->integer, best[3]);
      assert_int_equal(data_get(row, "points")->integer, best[4]);
      assert_int_equal(data_get(row, "feasible")->integer, best[5]);
      loom_ctx_done(&ctx);
    }
  }
}

/* Two memories hold the loads (loom.md 8.2 A14).  Cost falls with K, so the largest K that fits wins. */
static const char two_memories[] =
    "[{\"variant_name\": \"v\", \"kernel_block\": {\"load_scope\": {\"stages\": []}, \"store_scope\": {\"stages\": []}, \"compute_scope\": {\"stages\": [{\"for_loop_block\": {"
    "  \"trip_count\": {\"Div\": [{\"Const\": 64}, {\"Sym\": \"K\"}]}, \"load_scope\": {\"stages\": []}, \"store_scope\": {\"stages\": []},"
    "  \"compute_scope\": {\"stages\": [{\"Parallel\": [{\"Sequential\": {\"scenarios\": [], \"schedules\": [{\"PlacedFunc\": {\"func\": {\"name\": \"f\"}, \"scenarios\": ["
    "    {\"constraints\": \"True\", \"time_cost\": {\"Const\": 100}}]}}]}}]}]}}}]}},"
    "  \"constraint_scope\": {\"hard_constraints\": [%s], \"metadata\": {\"datatype\": \"f16\", \"booleans\": [\"is_double_buffer\"], \"symbols\": {\"K\": {\"type\": \"int\", \"alignment\": 32, \"natural_ub\": 64}},"
    "  \"iter_num\": {\"seq_iter\": [{\"Div\": [{\"Const\": 64}, {\"Sym\": \"K\"}]}], \"temp_iter\": []},"
    "  \"memory_footprints\": [{\"memory\": \"SRAM\", \"capacity_bytes\": %d, \"load_bytes\": [{\"Mul\": [{\"Const\": 64}, {\"Sym\": \"K\"}]}], \"compute_bytes\": [], \"store_bytes\": [{\"Const\": 4096}]},"
    "  {\"memory\": \"%s\", \"capacity_bytes\": 4096, \"load_bytes\": [{\"Mul\": [{\"Const\": 64}, {\"Sym\": \"K\"}]}], \"compute_bytes\": [], \"store_bytes\": []}]}}}]";

static loom_status solve_text(loom_ctx *ctx, const char *json, const machine *m, const solve_options *o, data_value **out) {
  data_value *v;
  LOOM_TRY(data_read_json(ctx, "etg.json", json, strlen(json), &v));
  return solve_etg(ctx, v, m, o, out);
}

static void test_every_memory_is_kept(void **state) {
  (void)state;
  static const struct { int db, sram; int64_t k; const char *why; } cases[] = {
      {0, 8192, 64, NULL}, {1, 8192, 32, NULL}, {1, 6144, 0, "SRAM"}, {0, 4096, 0, "SRAM"}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    solve_options o = free_choice;
    o.assigned_double_buffer = cases[i].db;
    data_value *got;
    assert_int_equal(solve_text(&ctx, arena_printf(&ctx.mem, two_memories, "", cases[i].sram, "RRAM"), NULL, &o, &got), LOOM_OK);
    data_value *row = data_get(got, "variants")->items[0];
    if (cases[i].k) {
      assert_int_equal(data_get(data_get(row, "block_sizes"), "K")->integer, cases[i].k);
      assert_int_equal(data_get(row, "cost")->integer, 100 * cd(64, cases[i].k));
    } else {
      assert_string_equal(data_get(row, "status")->string, "infeasible");
      assert_non_null(strstr(data_get(row, "explain")->string, cases[i].why));
      assert_non_null(strstr(data_get(row, "explain")->string, "K=32"));
      assert_int_equal(data_get(got, "best")->kind, DATA_NULL);
    }
    loom_ctx_done(&ctx);
  }
}

/* tests/data/etg/gen3.json, loom.md 8.2 A14: loads of 64K bytes in a memory of 8192 and one of 4096, a store of 4096 in the first. */
static data_value *two_memory_file(loom_ctx *ctx) {
  static const char path[] = LOOM_SOURCE_DIR "/tests/data/etg/gen3.json";
  char *bytes;
  size_t size;
  data_value *v;
  assert_int_equal(file_read(ctx, path, 1 << 20, &bytes, &size), LOOM_OK);
  assert_int_equal(data_read_json(ctx, path, bytes, size, &v), LOOM_OK);
  return v;
}

static void test_two_buffers_are_charged_in_every_memory(void **state) {
  (void)state;
  static const struct { int db; bool all_in_sram; int64_t k, feasible; bool sram, rram; } cases[] = {
      {0, false, 0, 2, false, false}, {1, false, 0, 1, false, false},      /* one buffer: 32 and 64; two: 32 */
      {0, false, 64, 1, false, false}, {1, false, 64, 0, true, true},      /* both memories are named */
      {0, true, 32, 1, false, false}, {0, true, 64, 0, true, false},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    data_value *v = two_memory_file(&ctx), *got;
    data_value *memories = data_get(data_get(data_get(v->items[0], "constraint_scope"), "metadata"), "memory_footprints");
    if (cases[i].all_in_sram) {
      data_push(&ctx.mem, data_get(memories->items[1], "load_bytes"), data_get(memories->items[0], "load_bytes")->items[0]);
      memories->items[0] = memories->items[1];
      memories->n = 1;
    }
    const solve_domain d = {.symbol = "K", .assigned = cases[i].k};
    solve_options o = free_choice;
    o.assigned_double_buffer = cases[i].db;
    o.domains = &d;
    o.n_domains = cases[i].k ? 1 : 0;
    assert_int_equal(solve_etg(&ctx, v, NULL, &o, &got), LOOM_OK);
    const data_value *row = data_get(got, "variants")->items[0];
    assert_int_equal(data_get(row, "feasible")->integer, cases[i].feasible);
    if (cases[i].feasible) {
      assert_int_equal(data_get(data_get(row, "booleans"), MODEL_DOUBLE_BUFFER)->integer, cases[i].db);
    } else {
      const char *why = data_get(row, "explain")->string;
      assert_string_equal(data_get(row, "status")->string, "infeasible");
      assert_int_equal(strstr(why, "> SRAM 8") != NULL, cases[i].sram);
      assert_int_equal(strstr(why, "> RRAM 4") != NULL, cases[i].rram);
    }
    loom_ctx_done(&ctx);
  }
}

/* 512 / tile / 8 without remainder: of 1, 2, 4, 5, 8, 64, 100 and 512 the largest is 64. */
static void test_the_largest_exact_tile(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  static const int64_t sizes[] = {1, 2, 4, 5, 8, 64, 100, 512};
  int64_t largest = 0;
  for (size_t i = 0; i < COUNT_OF(sizes); i++) {
    const solve_domain d = {.symbol = "K", .lb = sizes[i], .ub = sizes[i]};
    solve_options o = free_choice;
    o.domains = &d;
    o.n_domains = 1;
    data_value *got;
    const char *json = arena_printf(&ctx.mem,
                                    "[{\"variant_name\": \"v\", \"kernel_block\": {\"load_scope\": {\"stages\": []}, \"compute_scope\": {\"stages\": []}, \"store_scope\": {\"stages\": []}},"
                                    " \"constraint_scope\": {\"hard_constraints\": [], \"metadata\": {\"booleans\": [], \"symbols\": {\"K\": {\"type\": \"int\", \"alignment\": 1, \"natural_ub\": 512}},"
                                    " \"iter_num\": {\"temp_iter\": [{\"Div\": [{\"Div\": [{\"Const\": 512}, {\"Sym\": \"K\"}]}, {\"Const\": 8}]}], \"seq_iter\": []}, \"memory_footprints\": []}}}]");
    assert_int_equal(solve_text(&ctx, json, NULL, &o, &got), LOOM_OK);
    if (data_get(data_get(got, "variants")->items[0], "feasible")->integer)
      largest = sizes[i] > largest ? sizes[i] : largest;
  }
  assert_int_equal(largest, 64);
  loom_ctx_done(&ctx);
}

static void test_hard_constraints_hold(void **state) {
  (void)state;
  static const struct { const char *rule; int64_t k; const char *why; } cases[] = {
      {"{\"Eq\": [{\"Sym\": \"K\"}, {\"Const\": 32}]}", 32, NULL}, {"{\"Le\": [{\"Sym\": \"K\"}, {\"Const\": 40}]}", 32, NULL},
      {"{\"Le\": [{\"Sym\": \"K\"}, {\"Const\": 8}]}", 0, "K = 32 > 8"}, {"{\"Eq\": [{\"Sym\": \"K\"}, {\"Const\": 33}]}", 0, "K == 33"}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    data_value *got;
    assert_int_equal(solve_text(&ctx, arena_printf(&ctx.mem, two_memories, cases[i].rule, 8192, "RRAM"), NULL, &free_choice, &got), LOOM_OK);
    data_value *row = data_get(got, "variants")->items[0];
    if (cases[i].k)
      assert_int_equal(data_get(data_get(row, "block_sizes"), "K")->integer, cases[i].k);
    else
      assert_non_null(strstr(data_get(row, "explain")->string, cases[i].why));
    loom_ctx_done(&ctx);
  }
}

/* The oldest form: no loop tree, one branch without a list; sizes are multiples of 32 and end where the hard constraint says. */
static const char flat[] =
    "[{\"variant_name\": \"old\", \"compute_scope\": {\"stages\": [{\"stage_id\": 0, \"Parallel\": {\"Sequential\": {\"scenarios\": [], \"schedules\": [{\"Func\": {\"func\": {\"name\": \"f\"},"
    " \"scenarios\": [{\"constraints\": {\"Ge\": [{\"Sym\": \"b\"}, {\"Const\": 64}]}, \"time_cost\": {\"Concrete\": {\"Const\": 7}}}]}}]}}}]},"
    " \"memory_scope\": {\"stages\": []}, \"constraint_scope\": {\"hard_constraints\": [{\"Divisible\": {\"x\": {\"Const\": 64}, \"by\": {\"Sym\": \"b\"}}}],"
    " \"metadata\": {\"symbols\": {\"b\": \"int\"}, \"L1_footprint\": [], \"iter_num\": {\"seq_iter\": {\"Div\": [{\"Const\": 64}, {\"Sym\": \"b\"}]}, \"temp_iter\": [{\"Const\": 3}]}}}}]";

static void test_flat_files_are_read(void **state) {
  (void)state;
  static const struct { int64_t ub, cost, block; } cases[] = {{0, 21, 64}, {64, 21, 64}, {40, 3 * 2 * (INT64_C(1) << 31), 32}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    const solve_domain d = {.symbol = "b", .ub = cases[i].ub};
    solve_options o = free_choice;
    o.domains = &d;
    o.n_domains = 1;
    data_value *got;
    assert_int_equal(solve_text(&ctx, flat, NULL, &o, &got), LOOM_OK);
    data_value *row = data_get(got, "variants")->items[0];
    assert_int_equal(data_get(row, "cost")->integer, cases[i].cost);
    assert_int_equal(data_get(data_get(row, "block_sizes"), "b")->integer, cases[i].block);
    assert_int_equal(data_get(data_get(row, "booleans"), MODEL_DOUBLE_BUFFER)->integer, 0);
    loom_ctx_done(&ctx);
  }
}

/* A call whose cost has the guards `first` and `second` over K of 32..128 in steps of 32. */
static void test_guards_of_the_file_are_looked_at(void **state) {
  (void)state;
#define K_IS(op, n) "{\"" op "\": [{\"Sym\": \"K\"}, {\"Const\": " #n "}]}"
  static const struct { const char *first, *second, *told; int64_t cost, k; } cases[] = {
      {K_IS("Lt", 64), K_IS("Ge", 64), NULL, 5, 64},
      {K_IS("Le", 64), K_IS("Ge", 64), "scenarios 1 and 2 of 'f' overlap, for example at K = 64", 5, 96},
      {K_IS("Lt", 64), K_IS("Gt", 64), "no scenario of 'f' holds, for example at K = 64", 5, 96},
      {"\"True\"", K_IS("Gt", 64), "scenarios 1 and 2 of 'f' overlap, for example at K = 96", 9, 32},      /* the first counts */
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    const char *call = arena_printf(&ctx.mem, "{\"Func\": {\"func\": {\"name\": \"f\"}, \"scenarios\": [{\"constraints\": %s, \"time_cost\": {\"Const\": 9}}, {\"constraints\": %s, \"time_cost\": {\"Const\": 5}}]}}",
                                    cases[i].first, cases[i].second);
    const char *json = arena_printf(&ctx.mem,
                                    "[{\"variant_name\": \"v\", \"kernel_block\": {\"load_scope\": {\"stages\": []}, \"store_scope\": {\"stages\": []}, \"compute_scope\": {\"stages\": ["
                                    "{\"Parallel\": [{\"Sequential\": {\"schedules\": [%s]}}]}]}}, \"constraint_scope\": {\"metadata\": {\"booleans\": [], \"symbols\": {\"K\": {\"alignment\": 32, "
                                    "\"natural_ub\": 128}}, \"memory_footprints\": []}}}]", call);
    data_value *got;
    assert_int_equal(solve_text(&ctx, json, NULL, &free_choice, &got), LOOM_OK);
    assert_int_equal(ctx.diag.warnings, cases[i].told ? 1 : 0);
    if (cases[i].told)
      assert_string_equal(ctx.diag.first->text, cases[i].told);
    const data_value *row = data_get(got, "variants")->items[0];
    assert_string_equal(data_get(row, "status")->string, "optimal");
    assert_int_equal(data_get(row, "cost")->integer, cases[i].cost);
    assert_int_equal(data_get(data_get(row, "block_sizes"), "K")->integer, cases[i].k);
    loom_ctx_done(&ctx);
  }
}

/* Replaces the first `from` in the text by `to`. */
static const char *edited(arena *m, const char *whole, const char *from, const char *to) {
  const char *at = strstr(whole, from);
  if (!at)
    fail_msg("%s is not in the file", from);
  return arena_printf(m, "%.*s%s%s", (int)(at - whole), whole, to, at + strlen(from));
}

static void test_wrong_files_are_explained(void **state) {
  (void)state;
  static const struct { const char *from, *to; loom_status status; const char *said; } cases[] = {
      {"[{\"variant_name\"", "[{\"variant\"", LOOM_EINPUT, "variant_name"},
      {"\"trip_count\"", "\"trips\"", LOOM_EINPUT, "'trip_count' is missing"},
      {"\"PlacedFunc\"", "\"Call\"", LOOM_EINPUT, "must be a Func or a PlacedFunc"},
      {"{\"Parallel\"", "{\"Serial\"", LOOM_EINPUT, "must have Parallel or for_loop_block"},
      {"{\"name\": \"f\"}, \"scenarios\": [    {\"constraints\": \"True\", \"time_cost\": {\"Const\": 100}}]", "{\"name\": \"f\"}, \"scenarios\": []", LOOM_EUSAGE, "the cost of 'f' is not in the file"},
      {"\"natural_ub\": 64", "\"natural_lb\": 64", LOOM_EINPUT, "'K' has no upper bound"},
      {"[\"is_double_buffer\"]", "[3]", LOOM_EINPUT, "booleans must be names"},
      {"\"hard_constraints\": []", "\"hard_constraints\": [{\"Const\": 3}]", LOOM_EINPUT, "expected a constraint"},
      {"\"seq_iter\": [", "\"seq_iter\": [[[[{\"Const\": 1}]]], ", LOOM_EINPUT, "a trip count must be"},
      {"\"seq_iter\": [{\"Div\": [{\"Const\": 64}, {\"Sym\": \"K\"}", "\"seq_iter\": [{\"Div\": [{\"Const\": 64}, {\"Sym\": \"Q\"}", LOOM_EINPUT, "'Q' is no symbol of variant 'v'"},
      {"RRAM", "SRAM", LOOM_EINPUT, "memory 'SRAM' has two footprints"},
      {"\"natural_ub\": 64", "\"natural_ub\": 9000000000000", LOOM_ELIMIT, "possible sizes"},
      {"[\"is_double_buffer\"]", "[\"is_double_buffer\", \"b1\", \"b2\", \"b3\", \"b4\", \"b5\", \"b6\"]", LOOM_ELIMIT, "7 booleans; at most 32 and 6"},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    data_value *got;
    const char *good = arena_printf(&ctx.mem, two_memories, "", 8192, "RRAM");
    assert_int_equal(solve_text(&ctx, edited(&ctx.mem, good, cases[i].from, cases[i].to), NULL, &free_choice, &got), cases[i].status);
    testing_expect_error(&ctx, cases[i].status, cases[i].said, 0, 0);
    loom_ctx_done(&ctx);
  }
}

static void test_generation_3_without_divisors_points_to_ragged(void **state) {
  (void)state;
  static const int64_t shape[] = {2048, 2048, 2048};
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  machine *m = shipped(&ctx, "blackhole");
  explore_table t;
  data_value *etg = written(&ctx, m, shape, 3, false, &t), *got;
  assert_int_equal(solve_etg(&ctx, etg, m, &free_choice, &got), LOOM_OK);
  const char *why = data_get(data_get(got, "variants")->items[0], "explain")->string;
  assert_non_null(strstr(why, "tile_m"));
  assert_non_null(strstr(why, "--ragged"));
  solve_options ragged = free_choice;
  ragged.ragged = true;
  assert_int_equal(solve_etg(&ctx, etg, m, &ragged, &got), LOOM_OK);
  assert_int_equal(data_get(data_get(got, "variants")->items[0], "cost")->integer, 359003);
  loom_ctx_done(&ctx);
}

static void test_calls_need_proper_arguments(void **state) {
  (void)state;
  static const char call[] =
      "[{\"variant_name\": \"v\", \"kernel_block\": {\"memory_scope\": {\"stages\": []}, \"compute_scope\": {\"stages\": [{\"Parallel\": [{\"Sequential\": {\"schedules\": [{\"Func\": {\"func\":"
      " {\"name\": \"%s\", \"sym_map\": {\"entries\": [%s]}}}}]}}]}]}}, \"constraint_scope\": {\"metadata\": {\"symbols\": {}}}}]";
  static const struct { const char *name, *entries; loom_status status; const char *said; } cases[] = {
      {"vec_add_f16", "[\"L\", {\"Const\": 2048}]", LOOM_OK, NULL},
      {"vec_add_f16", "[\"L\"]", LOOM_EINPUT, "must be [symbol, expression]"},
      {"vec_add_f17", "[\"L\", {\"Const\": 2048}]", LOOM_EUNSUP, "vec_add_f17"}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    data_value *got;
    machine *m = shipped(&ctx, "wormhole");
    assert_int_equal(solve_text(&ctx, arena_printf(&ctx.mem, call, cases[i].name, cases[i].entries), m, &free_choice, &got), cases[i].status);
    if (cases[i].status)
      testing_expect_error(&ctx, cases[i].status, cases[i].said, 0, 0);
    else
      assert_int_equal(data_get(data_get(got, "variants")->items[0], "cost")->integer, 1 + 2);
    loom_ctx_done(&ctx);
  }
}

static void test_sizes_of_a_problem_are_limited(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  text symbols = text_new(&ctx.mem);
  for (int i = 0; i < 33; i++)
    text_addf(&symbols, "%s\"s%d\": {\"natural_ub\": 4}", i ? ", " : "", i);
  data_value *got;
  const char *json = arena_printf(&ctx.mem, "[{\"variant_name\": \"v\", \"kernel_block\": {\"memory_scope\": {\"stages\": []}, \"compute_scope\": {\"stages\": []}},"
                                  " \"constraint_scope\": {\"metadata\": {\"symbols\": {%s}}}}]", text_str(&symbols));
  assert_int_equal(solve_text(&ctx, json, NULL, &free_choice, &got), LOOM_ELIMIT);
  testing_expect_error(&ctx, LOOM_ELIMIT, "33 block symbols", 0, 0);
  loom_ctx_done(&ctx);
}

static void test_an_empty_file_is_refused(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  data_value *got;
  assert_int_equal(solve_text(&ctx, "[]", NULL, &free_choice, &got), LOOM_EINPUT);
  testing_expect_error(&ctx, LOOM_EINPUT, "an ETG is a list of variants", 0, 0);
  loom_ctx_done(&ctx);
}

/* ---- what is answered beside ---- */

static const solve_options all_answers = {.model = MODEL_UPSTREAM, .assigned_double_buffer = -1, .explain = true, .neighbours = true, .top_k = 3, .pareto = true};

/* The terms of the best: each is what would remain alone, so the cost is not less than any, and not more than all together. */
static void test_explanations_split_the_cost_of_every_generation(void **state) {
  (void)state;
  static const int64_t shape[] = {1024, 768, 512};
  for (int generation = 1; generation <= 3; generation++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    explore_table t;
    data_value *got;
    assert_int_equal(solve_etg(&ctx, written(&ctx, shipped(&ctx, "wormhole"), shape, generation, true, &t), NULL, &all_answers, &got), LOOM_OK);
    const data_value *terms = data_get(data_get(got, "explain"), "cost_split"), *top = data_get(got, "topk"), *trades = data_get(got, "pareto");
    const int64_t best = data_get(top->items[0], "cost")->integer;
    int64_t most = 0, sum = 0;
    for (size_t i = 0; i < terms->n; i++) {
      const int64_t cycles = terms->members[i].value->integer;
      most = cycles > most ? cycles : most;
      sum += cycles;
    }
    assert_int_equal(terms->n, generation == 1 ? 2 : 3);
    assert_string_equal(terms->members[1].key, generation == 1 ? "memory" : "load");
    assert_true(most > 0 && most <= best && best <= sum);
    assert_int_equal(data_get(trades->items[0], "cost")->integer, best);
    for (size_t i = 1; i < trades->n; i++)      /* ascending: what costs more needs less */
      assert_true(data_get(trades->items[i], "cost")->integer > best);
    assert_true(data_get(got, "pareto_is_complete")->boolean);
    loom_ctx_done(&ctx);
  }
}

static const char *twice(arena *m, const char *variant, const char *other) {
  return arena_printf(m, "[%.*s, %.*s]", (int)strlen(variant) - 2, variant + 1, (int)strlen(other) - 2, other + 1);
}

/* Two variants that pose the same problem and one that has an answer, in all combinations: conflicts stand in the rows, answers in the file. */
static void test_variants_without_a_point_have_conflicts(void **state) {
  (void)state;
  for (int is_any = 0; is_any < 2; is_any++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    data_value *got;
    const char *none = arena_printf(&ctx.mem, two_memories, "", 4096, "RRAM"), *other = arena_printf(&ctx.mem, two_memories, "", is_any ? 8192 : 4096, "RRAM");
    const char *json = twice(&ctx.mem, twice(&ctx.mem, none, edited(&ctx.mem, none, "\"v\"", "\"w\"")), edited(&ctx.mem, other, "\"v\"", "\"x\""));
    solve_options o = all_answers;
    o.assigned_double_buffer = 0;
    assert_int_equal(solve_text(&ctx, json, NULL, &o, &got), LOOM_OK);
    const data_value *rows = data_get(got, "variants");
    assert_int_equal(rows->n, 3);
    for (size_t i = 0; i < 3; i++) {
      const data_value *conflict = data_get(rows->items[i], "conflict");
      assert_int_equal(conflict != NULL, i < 2 || !is_any);
      if (conflict)
        assert_non_null(strstr(data_get(conflict, "alone")->items[0]->string, "SRAM"));
    }
    assert_int_equal(data_get(got, "explain") != NULL, is_any);
    assert_int_equal(data_get(got, "neighbours") != NULL, is_any);
    assert_int_equal(data_get(got, "topk")->n, is_any);
    assert_int_equal(data_get(got, "pareto")->n, is_any ? 2 : 0);      /* 64, and 32 with less memory */
    loom_ctx_done(&ctx);
  }
}

/* Cycles and three memories are traded for each other, not more; a rule of the file is no memory. */
static void test_trades_are_of_so_many_memories(void **state) {
  (void)state;
  for (int memories = 2; memories < 7; memories++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    data_value *got;
    const char *json = arena_printf(&ctx.mem, two_memories, "{\"Le\": [{\"Sym\": \"K\"}, {\"Const\": 64}]}", 8192, "RRAM");
    for (int i = 2; i < memories; i++)
      json = edited(&ctx.mem, json, "\"memory_footprints\": [", arena_printf(&ctx.mem, "\"memory_footprints\": [{\"memory\": \"M%d\", \"capacity_bytes\": 9999, \"load_bytes\": [{\"Sym\": \"K\"}], "
                                                                        "\"compute_bytes\": [], \"store_bytes\": []}, ", i));
    assert_int_equal(solve_text(&ctx, json, NULL, &all_answers, &got), LOOM_OK);
    const data_value *best = data_get(got, "pareto")->items[0];
    assert_int_equal(data_get(best, "bytes")->n, memories < 3 ? memories : 3);
    assert_int_equal(data_get(best, "cost")->integer, 100);
    loom_ctx_done(&ctx);
  }
}

/* Loads that the kernel's own block has run once: they overlap nothing that comes before. */
static void test_loads_of_the_kernel_itself_count(void **state) {
  (void)state;
  static const char load[] = "\"kernel_block\": {\"load_scope\": {\"stages\": [{\"Parallel\": [{\"Sequential\": {\"scenarios\": [], \"schedules\": [{\"PlacedFunc\": {\"func\": {\"name\": \"g\"}, "
                             "\"scenarios\": [{\"constraints\": \"True\", \"time_cost\": {\"Const\": %d}}]}}]}}]}]}";
  static const struct { int load, db; int64_t cost; } cases[] = {{70, 0, 170}, {70, 1, 200}, {300, 1, 300}};      /* K = 64: the loop takes 100; two slots: K = 32, 200 */
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    data_value *got;
    const char *json = edited(&ctx.mem, arena_printf(&ctx.mem, two_memories, "", 8192, "RRAM"), "\"kernel_block\": {\"load_scope\": {\"stages\": []}", arena_printf(&ctx.mem, load, cases[i].load));
    solve_options o = all_answers;
    o.assigned_double_buffer = cases[i].db;
    assert_int_equal(solve_text(&ctx, edited(&ctx.mem, json, "[\"is_double_buffer\"]", "[\"is_direct\", \"is_double_buffer\"]"), NULL, &o, &got), LOOM_OK);
    assert_int_equal(data_get(data_get(got, "variants")->items[0], "cost")->integer, cases[i].cost);
    assert_int_equal(data_get(data_get(data_get(got, "explain"), "cost_split"), "load")->integer, cases[i].load);
    loom_ctx_done(&ctx);
  }
}

static loom_status answer_everything(loom_ctx *ctx, void *data) {
  data_value *got;
  return solve_text(ctx, data, NULL, &all_answers, &got);
}

/* What is solved again, quietly, on the way to an explanation may run out of memory too. */
static void test_memory_failures_unwind(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  const char *none = arena_printf(&ctx.mem, two_memories, "", 4096, "RRAM");
  char *json = arena_strdup(&ctx.mem, twice(&ctx.mem, none, edited(&ctx.mem, arena_printf(&ctx.mem, two_memories, "", 8192, "RRAM"), "\"v\"", "\"x\"")));
  testing_sweep_memory(answer_everything, json);
  loom_ctx_done(&ctx);
}

/* ---- every edit of a file ---- */

static machine *edits_machine;

static loom_status solve_edited(loom_ctx *ctx, const data_value *v) {
  data_value *got;
  solve_options o = free_choice;
  o.op_budget = 200;
  return solve_etg(ctx, v, edits_machine, &o, &got);
}

static void test_every_edit_is_refused_or_solved(void **state) {
  (void)state;
  static const int64_t shape[] = {128, 128, 32};
  for (int generation = 1; generation <= 3; generation++) {
    const bool resolved = generation == 2;
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    edits_machine = resolved ? NULL : shipped(&ctx, "wormhole");
    explore_table t;
    data_value *v = written(&ctx, shipped(&ctx, "wormhole"), shape, generation, resolved, &t);
    testing_edits e = {.read = solve_edited, .is_lenient = true};
    testing_edit_all(&ctx.mem, v, &e);
    loom_ctx_done(&ctx);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_generation_3_equals_the_direct_way),
      cmocka_unit_test(test_generations_1_and_2_have_their_own_rules),
      cmocka_unit_test(test_every_memory_is_kept),
      cmocka_unit_test(test_two_buffers_are_charged_in_every_memory),
      cmocka_unit_test(test_the_largest_exact_tile),
      cmocka_unit_test(test_guards_of_the_file_are_looked_at),
      cmocka_unit_test(test_hard_constraints_hold),
      cmocka_unit_test(test_flat_files_are_read),
      cmocka_unit_test(test_wrong_files_are_explained),
      cmocka_unit_test(test_generation_3_without_divisors_points_to_ragged),
      cmocka_unit_test(test_calls_need_proper_arguments),
      cmocka_unit_test(test_sizes_of_a_problem_are_limited),
      cmocka_unit_test(test_an_empty_file_is_refused),
      cmocka_unit_test(test_explanations_split_the_cost_of_every_generation),
      cmocka_unit_test(test_variants_without_a_point_have_conflicts),
      cmocka_unit_test(test_trades_are_of_so_many_memories),
      cmocka_unit_test(test_loads_of_the_kernel_itself_count),
      cmocka_unit_test(test_memory_failures_unwind),
      cmocka_unit_test(test_every_edit_is_refused_or_solved),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
