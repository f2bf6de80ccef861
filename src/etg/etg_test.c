#include "etg/etg.h"
#include "base/file.h"
#include "base/testing.h"
#include "base/text.h"
#include <dirent.h>
#include <stdlib.h>

static data_value *file_of(loom_ctx *ctx, const char *path) {
  char *bytes;
  size_t size;
  data_value *v;
  assert_int_equal(file_read(ctx, path, (size_t)1 << 24, &bytes, &size), LOOM_OK);
  assert_int_equal(data_read_json(ctx, path, bytes, size, &v), LOOM_OK);
  return v;
}

static data_value *own_file(loom_ctx *ctx, const char *name) { return file_of(ctx, arena_printf(&ctx->mem, LOOM_SOURCE_DIR "/tests/data/etg/%s.json", name)); }

/* Where `a` and `b` differ, or NULL; the order of keys does not count. */
static const char *difference(arena *m, const data_value *a, const data_value *b, const char *path) {
  const char *here = arena_printf(m, "%s: %s, not %s", path, data_write_json(m, b, 0), data_write_json(m, a, 0)), *d = NULL;
  if (a->kind != b->kind || a->n != b->n || a->boolean != b->boolean || a->integer != b->integer || a->real != b->real || !text_eq(a->string, b->string))
    return here;
  for (size_t i = 0; i < a->n && !d; i++) {
    const char *key = a->kind == DATA_OBJECT ? a->members[i].key : NULL;
    const data_value *x = key ? a->members[i].value : a->items[i], *y = key ? data_get(b, key) : b->items[i];
    d = y ? difference(m, x, y, key ? arena_printf(m, "%s.%s", path, key) : arena_printf(m, "%s[%zu]", path, i)) : here;
  }
  return d;
}

static void expect_equal_again(loom_ctx *ctx, const data_value *v, const char *name) {
  etg_file file;
  assert_int_equal(etg_read(ctx, v, &file), LOOM_OK);
  assert_int_equal(file.variants.n, v->n);
  assert_int_equal(ctx->diag.warnings, 0);
  const char *d = difference(&ctx->scratch, v, etg_write(&ctx->mem, &file), name);
  if (d)
    fail_msg("%.400s", d);
}

static const char *const own_files[] = {"gen1-flat", "gen1", "gen2", "gen3"};

static void test_every_generation_is_written_as_it_was_read(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT_OF(own_files); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    expect_equal_again(&ctx, own_file(&ctx, own_files[i]), own_files[i]);
    loom_ctx_done(&ctx);
  }
}

static int json_only(const struct dirent *e) { return text_ends(e->d_name, ".json"); }

/* The three published files, where LOOM_UPSTREAM names a directory that has them: 16, 8 and 8 variants; and what else of upstream's is there. */
static void test_the_published_files_are_written_as_they_were_read(void **state) {
  (void)state;
  static const struct { const char *name; size_t bytes, variants; } files[] = {{"mm", 152511, 16}, {"flashattn", 244227, 8}, {"mqa_decode", 335517, 8}};
  const char *dir = getenv("LOOM_UPSTREAM");
  if (!dir)
    skip();
  for (size_t i = 0; i < COUNT_OF(files); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    data_value *v = file_of(&ctx, arena_printf(&ctx.mem, "%s/%s.json", dir, files[i].name));
    assert_int_equal(v->span.source->size, files[i].bytes);
    assert_int_equal(v->n, files[i].variants);
    expect_equal_again(&ctx, v, files[i].name);
    loom_ctx_done(&ctx);
  }
  struct dirent **all;
  int n = scandir(dir, &all, json_only, alphasort);
  for (int i = 0; i < n; i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    expect_equal_again(&ctx, file_of(&ctx, file_join(&ctx.mem, dir, all[i]->d_name)), all[i]->d_name);
    loom_ctx_done(&ctx);
    free(all[i]);
  }
  free(all);
}

static void test_the_tree_is_typed(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  etg_file file;
  static const int generations[] = {1, 1, 2, 3};
  for (size_t i = 0; i < COUNT_OF(own_files); i++) {
    assert_int_equal(etg_read(&ctx, own_file(&ctx, own_files[i]), &file), LOOM_OK);
    assert_int_equal(file.variants.at[0]->generation, generations[i]);
    assert_int_equal(file.variants.at[0]->is_flat, i == 0);
  }
  const etg_variant *v = file.variants.at[0];
  const etg_block *loop = v->kernel->compute.at[0]->loop;
  assert_false(loop->is_temporal);
  assert_string_equal(sym_str(&ctx.mem, loop->trips.is), "64 ceildiv K");
  assert_int_equal(loop->load.at[0]->branches.n, 2);      /* two movers */
  const etg_call *c = loop->compute.at[0]->branches.at[0]->calls.at[0];
  assert_string_equal(c->func, "matmul_SR_f16");
  assert_string_equal(c->read, "%a: 0;%b: 1");
  assert_string_equal(data_get(c->target, "array")->string, "matrix_sram");
  assert_string_equal(sym_str(&ctx.mem, c->cycles), "if(K >= 1 && K <= 32, max(40, K), if(!(K <= 32), min(70, K * 2), 2147483648))");
  assert_int_equal(v->memories.n, 2);
  assert_string_equal(v->memories.at[1].name, "SRAM");
  assert_int_equal(v->symbols.at[0].align, 32);
  loom_ctx_done(&ctx);
}

/* Replaces the first `from` by `to` in the text of a file. */
static data_value *edited(loom_ctx *ctx, const char *name, const char *from, const char *to) {
  const char *whole = data_write_json(&ctx->mem, own_file(ctx, name), 0), *at = strstr(whole, from);
  if (!at)
    fail_msg("%s is not in %s", from, name);
  const char *json = arena_printf(&ctx->mem, "%.*s%s%s", (int)(at - whole), whole, to, at + strlen(from));
  data_value *v;
  assert_int_equal(data_read_json(ctx, "edited.json", json, strlen(json), &v), LOOM_OK);
  return v;
}

static void test_wrong_files_are_explained(void **state) {
  (void)state;
  static const struct { const char *file, *from, *to; loom_status status; const char *said; } cases[] = {
      {"gen3", "\"variant_name\"", "\"variant\"", LOOM_EINPUT, "variant_name"},
      {"gen3", "\"trip_count\"", "\"trips\"", LOOM_EINPUT, "'trip_count' is missing"},
      {"gen3", "\"iter_type\": \"sequential\"", "\"iter_type\": \"sequental\"", LOOM_EINPUT, "must be temporal or sequential"},
      {"gen3", "{\"stage_id\": 1, \"Parallel\": [{", "{\"stage_id\": 1, \"Serial\": [{", LOOM_EINPUT, "must have Parallel or for_loop_block"},
      {"gen2", "\"hard_constraints\": [", "\"hard_constraints\": [{\"Eq\": [{\"Div\": [32, {\"Const\": 0}]}, 1]}, ", LOOM_EINPUT, "\"Div\" by zero"},
      {"gen3", "\"Parallel\": [{\"Sequential\"", "\"Parallel\": 3, \"x\": [{\"Sequential\"", LOOM_EINPUT, "Parallel must be a list of branches"},
      {"gen3", "\"PlacedFunc\"", "\"Call\"", LOOM_EINPUT, "must be a Func or a PlacedFunc"},
      {"gen3", "[\"K\", {\"Sym\": \"K\"}]", "[\"K\"]", LOOM_EINPUT, "must be [symbol, expression]"},
      {"gen3", "\"symbols\": [\"M\"", "\"symbols\": [3", LOOM_EINPUT, "symbols must be names"},
      {"gen3", "\"constraints\": \"True\"", "\"constraint\": \"True\"", LOOM_EINPUT, "'constraints' is missing"},
      {"gen3", "\"constraints\": \"True\"", "\"constraints\": 1", LOOM_EINPUT, "expected a constraint"},
      {"gen3", "{\"Expression\": {\"Const\": 50}}", "\"True\"", LOOM_EINPUT, "expected a number; found a constraint"},
      {"gen3", "\"type\": \"int\"", "\"type\": \"real\"", LOOM_EINPUT, "symbol 'K' is not an \"int\""},
      {"gen3", "{\"type\": \"int\", \"alignment\": 32, \"natural_ub\": 64}", "[32]", LOOM_EINPUT, "symbol 'K' must be \"int\" or an object"},
      {"gen3", "[\"is_double_buffer\"]", "[3]", LOOM_EINPUT, "booleans must be names"},
      {"gen3", "[\"is_double_buffer\"]", "[]", LOOM_EINPUT, "memory 'RRAM' holds loads"},
      {"gen3", "\"RRAM\"", "\"SRAM\"", LOOM_EINPUT, "memory 'SRAM' has two footprints"},
      {"gen3", "\"memory_footprints\"", "\"L1_footprint\": {}, \"memory_footprints\"", LOOM_EINPUT, "has both 'memory_footprints'"},
      {"gen3", "\"seq_iter\": [", "\"seq_iter\": [[{\"Const\": 1}], ", LOOM_EINPUT, "a trip count must be an expression"},
      {"gen3", "[\"K\", {\"Sym\": \"K\"}]", "[\"K\", {\"Sym\": \"k\"}]", LOOM_EINPUT, "'k' is no symbol of variant 'two_memories'"},
      {"gen2", "\"hard_constraints\": [", "\"hard_constraints\": [{\"Eq\": [{\"Sym\": \"tile_x\"}, 1]}, ", LOOM_EINPUT, "'tile_x' is no symbol of variant"},
      {"gen3", "\"Parallel\": [{\"Sequential\"", "\"queues\": [{\"Sequential\"", LOOM_EUNSUP, "a stage of queues"},
      {"gen2", "\"datatype\": \"f16\"", "\"datatype\": \"f15\"", LOOM_EINPUT, "unknown datatype 'f15'"},
      {"gen2", "\"datatype\": \"f16\", ", "", LOOM_EINPUT, "'datatype' is missing"},
      {"gen2", "\"hard_constraints\": [", "\"hard_constraints\": [{\"Const\": 3}, ", LOOM_EINPUT, "expected a constraint"},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    etg_file file;
    loom_status st = etg_read(&ctx, edited(&ctx, cases[i].file, cases[i].from, cases[i].to), &file);
    if (st != cases[i].status)
      fail_msg("case %zu: status %d", i, (int)st);
    testing_expect_error(&ctx, cases[i].status, cases[i].said, 0, 0);
    loom_ctx_done(&ctx);
  }
}

static void test_a_list_of_variants_is_needed(void **state) {
  (void)state;
  static const char *const texts[] = {"[]", "{}", "3"};
  for (size_t i = 0; i < COUNT_OF(texts); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    etg_file file;
    data_value *v;
    assert_int_equal(data_read_json(&ctx, "x.json", texts[i], strlen(texts[i]), &v), LOOM_OK);
    assert_int_equal(etg_read(&ctx, v, &file), LOOM_EINPUT);
    testing_expect_error(&ctx, LOOM_EINPUT, "an ETG is a list of variants", 1, 1);
    loom_ctx_done(&ctx);
  }
}

static void test_blocks_are_not_nested_without_end(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  const char *body = "\"compute_scope\": {\"stages\": []}, \"memory_scope\": {\"stages\": []}";
  for (int i = 0; i < 13; i++)
    body = arena_printf(&ctx.mem, "\"compute_scope\": {\"stages\": [{\"for_loop_block\": {\"trip_count\": 1, %s}}]}, \"memory_scope\": {\"stages\": []}", body);
  const char *json = arena_printf(&ctx.mem, "[{\"variant_name\": \"v\", \"kernel_block\": {%s}, \"constraint_scope\": {\"metadata\": {\"symbols\": {}}}}]", body);
  data_value *v;
  etg_file file;
  assert_int_equal(data_read_json(&ctx, "deep.json", json, strlen(json), &v), LOOM_OK);
  assert_int_equal(etg_read(&ctx, v, &file), LOOM_ELIMIT);
  testing_expect_error(&ctx, LOOM_ELIMIT, "nested deeper than 12", 0, 0);
  loom_ctx_done(&ctx);
}

static void test_an_unknown_key_is_told_once(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  etg_file file;
  data_value *v = edited(&ctx, "gen3", "\"op_label\"", "\"op_lable\"");
  data_push(&ctx.mem, v, v->items[0]);      /* two variants with the same mistake */
  assert_int_equal(etg_read(&ctx, v, &file), LOOM_OK);
  assert_int_equal(ctx.diag.warnings, 1);
  assert_string_equal(ctx.diag.first->text, "unknown key 'op_lable'; it is ignored");
  assert_string_equal(ctx.diag.first->help, "did you mean 'op_label'?");
  assert_int_equal(ctx.diag.first->span.line, 1);
  loom_ctx_done(&ctx);
}

/* The warnings of others, and notes of the same text, are no such warning. */
static void test_two_unknown_keys_are_told_each(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  etg_file file;
  data_value *v = edited(&ctx, "gen3", "\"op_label\": ", "\"colour\": 3, \"op_lable\": ");
  diag_note(&ctx, LOOM_NOSPAN, "unknown key 'op_lable'; it is ignored");
  assert_int_equal(etg_read(&ctx, v, &file), LOOM_OK);
  assert_int_equal(ctx.diag.warnings, 2);
  loom_ctx_done(&ctx);
}

/* Fields of an expression that nobody reads are not looked into. */
static void test_fields_that_nobody_reads_are_no_expressions(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  etg_file file;
  data_value *v = edited(&ctx, "gen2", "\"hard_constraints\": [", "\"hard_constraints\": [{\"Divisible\": {\"x\": 8, \"by\": 4, \"Div\": 3, \"Sym\": [{\"Mod\": [1]}, {\"Mod\": [1, \"x\"]}, {\"Mod\": [1, {}]}]}}, ");
  assert_int_equal(etg_read(&ctx, v, &file), LOOM_OK);
  assert_int_equal(ctx.diag.errors, 0);
  loom_ctx_done(&ctx);
}

/* What a file may leave out stays out. */
static void test_the_least_file_is_written_as_it_was_read(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  static const char json[] =
      "[{\"variant_name\": \"v\", \"compute_scope\": {\"scope_name\": \"ComputeScope\", \"stages\": []}, \"memory_scope\": {\"scope_name\": \"MemoryScope\", \"stages\": [{\"stage_id\": 2, \"Parallel\": {\"Sequential\": {\"schedules\": "
      "[{\"Func\": {\"func\": {\"name\": \"f\"}, \"scenarios\": []}}], \"scenarios\": []}}}]}, \"constraint_scope\": {\"hard_constraints\": [], \"metadata\": {\"symbols\": {\"s\": {\"type\": \"int\"}}, \"iter_num\": {\"temp_iter\": []}}}}]";
  data_value *v;
  assert_int_equal(data_read_json(&ctx, "least.json", json, strlen(json), &v), LOOM_OK);
  expect_equal_again(&ctx, v, "least");
  loom_ctx_done(&ctx);
}

/* Every call of a resolved file has the machine's cost, every branch the sum of its calls; the guards exclude each other. */
static void test_resolving_fills_every_call(void **state) {
  (void)state;
  static const char *const dirs[] = {LOOM_SOURCE_DIR "/machines"};
  for (size_t i = 1; i < 3; i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    machine_set_path(dirs, 1);
    machine *m;
    etg_file file;
    assert_int_equal(machine_load(&ctx, "wormhole", NULL, &m), LOOM_OK);
    assert_int_equal(etg_read(&ctx, own_file(&ctx, own_files[i]), &file), LOOM_OK);
    const etg_block *k = file.variants.at[0]->kernel->compute.at[0]->loop->compute.at[0]->loop->compute.at[0]->loop;
    const etg_branch *b = k->compute.at[0]->branches.at[0];
    assert_null(b->calls.at[0]->cycles);
    assert_int_equal(etg_resolve(&ctx, &file, m), LOOM_OK);
    static const int64_t points[][3] = {{32, 32, 32}, {64, 128, 64}, {128, 64, 32}, {256, 256, 128}, {16, 64, 32}};
    for (size_t p = 0; p < COUNT_OF(points); p++) {
      const sym_binding at[] = {{"tile_m", points[p][0]}, {"tile_n", points[p][1]}, {"tile_k", points[p][2]}};
      int64_t mn = points[p][0] * points[p][1], rate = mn >= 8192 ? 716 : mn * 716 / 8192, expected = (mn + 1) / 2 + (2 * mn * points[p][2] + rate - 1) / rate, got, holds, n = 0;
      if (points[p][0] < 32)
        expected = MACHINE_UNCOVERED_CYCLES;
      assert_int_equal(sym_eval(&ctx, b->cycles, at, 3, &got), LOOM_OK);
      assert_int_equal(got, expected);
      for (size_t s = 0; s < b->calls.at[0]->scenarios.n; s++) {
        const etg_scenario *x = &b->calls.at[0]->scenarios.at[s];
        assert_int_equal(sym_eval(&ctx, x->when.is, at, 3, &holds), LOOM_OK);
        if (!holds)
          continue;
        n++;
        assert_int_equal(sym_eval(&ctx, x->cycles.is, at, 3, &got), LOOM_OK);
        assert_int_equal(got, expected);
      }
      assert_int_equal(n, 1);
    }
    expect_equal_again(&ctx, etg_write(&ctx.mem, &file), "resolved");
    loom_ctx_done(&ctx);
  }
}

static machine *wormhole(loom_ctx *ctx, const char *calibration) {
  static const char *const dirs[] = {LOOM_SOURCE_DIR "/machines"};
  machine *m;
  machine_set_path(dirs, 1);
  assert_int_equal(machine_load(ctx, "wormhole", calibration, &m), LOOM_OK);
  return m;
}

/* One call in the memory scope of the oldest form. */
static etg_file one_call(loom_ctx *ctx, const char *name, const char *entries) {
  const char *json = arena_printf(&ctx->mem,
                                  "[{\"variant_name\": \"v\", \"compute_scope\": {\"stages\": []}, \"memory_scope\": {\"stages\": [{\"stage_id\": 2, \"Parallel\": {\"Sequential\": {\"schedules\": "
                                  "[{\"Func\": {\"func\": {\"name\": \"%s\", \"sym_map\": {\"entries\": [%s]}}}}]}}}]}, \"constraint_scope\": {\"metadata\": {\"symbols\": {\"s\": \"int\"}}}}]",
                                  name, entries);
  data_value *v;
  etg_file file;
  assert_int_equal(data_read_json(ctx, "call.json", json, strlen(json), &v), LOOM_OK);
  assert_int_equal(etg_read(ctx, v, &file), LOOM_OK);
  return file;
}

/* Transfers under their names of generation 1 cost what their newer names do: who shares is in the name. */
static void test_older_transfers_have_their_newer_costs(void **state) {
  (void)state;
  static const struct { const char *name, *entries, *newer; int64_t x, y; } cases[] = {
      {"d", "[\"size\", {\"Sym\": \"s\"}]", "dram_to_l1_f16", 1, 1},
      {"h", "[\"size\", {\"Sym\": \"s\"}]", "dram_to_l1_bcst", 8, 1},
      {"v", "[\"size\", {\"Sym\": \"s\"}]", "dram_to_l1_bcst", 1, 8},
      {"a", "[\"size\", {\"Sym\": \"s\"}]", "dram_to_l1_bcst", 8, 8},
      {"dram_to_l1_1d_bcst_h_f16", "[\"M\", {\"Sym\": \"s\"}], [\"N\", 1]", "dram_to_l1_bcst", 8, 1},
      {"dram_to_l1_1d_bcst_v_f16", "[\"M\", {\"Sym\": \"s\"}], [\"N\", 1]", "dram_to_l1_bcst", 1, 8},
      {"dram_to_l1_2d_bcst_f16", "[\"M\", {\"Sym\": \"s\"}], [\"N\", 1]", "dram_to_l1_bcst", 8, 8},
  };
  static const char *const sets[] = {"newest", "2025", "2025-gemm"};
  for (size_t i = 0; i < COUNT_OF(cases) * COUNT_OF(sets); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    machine *m = wormhole(&ctx, sets[i % COUNT_OF(sets)]);
    etg_file file = one_call(&ctx, cases[i / COUNT_OF(sets)].name, cases[i / COUNT_OF(sets)].entries);
    assert_int_equal(etg_resolve(&ctx, &file, m), LOOM_OK);
    for (int64_t s = 32; s < 100000; s *= 3) {
      const machine_arg args[] = {{"M", sym_const(&ctx.mem, s)}, {"N", sym_const(&ctx.mem, 1)}, {"effective_bandwidth", sym_const(&ctx.mem, 10)},
                                  {"bcst_x", sym_const(&ctx.mem, cases[i / COUNT_OF(sets)].x)}, {"bcst_y", sym_const(&ctx.mem, cases[i / COUNT_OF(sets)].y)}};
      const sym_expr *e;
      int64_t expected, got;
      assert_int_equal(machine_cost(&ctx, m, cases[i / COUNT_OF(sets)].newer, args, COUNT_OF(args), &e), LOOM_OK);
      assert_int_equal(sym_eval(&ctx, e, NULL, 0, &expected), LOOM_OK);
      assert_int_equal(sym_eval(&ctx, file.variants.at[0]->kernel->load.at[0]->branches.at[0]->cycles, &(sym_binding){"s", s}, 1, &got), LOOM_OK);
      assert_int_equal(got, expected);
    }
    loom_ctx_done(&ctx);
  }
}

static void test_calls_that_cannot_be_resolved_are_explained(void **state) {
  (void)state;
  static const struct { const char *name, *entries; loom_status status; const char *said; } cases[] = {
      {"sideways", "", LOOM_EUNSUP, "machine 'wormhole' has no function 'sideways' in perf set 'newest'"},
      {"matmul_f15", "", LOOM_EUNSUP, "machine 'wormhole' has no function 'matmul_f15' in perf set 'newest'"},
      {"matmul_f16", "[\"M\", 32], [\"N\", 32]", LOOM_EINPUT, "this call of 'matmul_f16' does not say what 'K' is"},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    machine *m = wormhole(&ctx, NULL);
    etg_file file = one_call(&ctx, cases[i].name, cases[i].entries);
    assert_int_equal(etg_resolve(&ctx, &file, m), cases[i].status);
    testing_expect_error(&ctx, cases[i].status, cases[i].said, 1, 170);
    loom_ctx_done(&ctx);
  }
}

/* A function of the machine's own is taken before an older name; a dim that the mesh does not have is shared by one core. */
static void test_older_names_stand_back(void **state) {
  (void)state;
  static const struct { const char *name; size_t mesh_dims; int64_t cost; } cases[] = {{"d", 2, 77}, {"dram_to_l1_bcst", 2, 1000}, {"a", 2, 1000 * 8 * 8}, {"a", 1, 1000 * 8}, {"v", 1, 1000}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    static const char yaml[] =
        "schema: loom.machine.v1\nextends: wormhole\nname: older\ncalibration: t\nperf:\n  t:\n    functions:\n      d: {unit: noc0, symbols: [], fixed: 77}\n"
        "      dram_to_l1_bcst: {unit: noc0, symbols: [bcst_x, bcst_y], fixed: 1000 * bcst_x * bcst_y}\n";
    static const char *const dirs[] = {LOOM_SOURCE_DIR "/machines"};
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    machine *m;
    int64_t got;
    machine_set_path(dirs, 1);
    assert_int_equal(machine_from_yaml(&ctx, "older.yaml", yaml, strlen(yaml), &m), LOOM_OK);
    m->mesh.n = cases[i].mesh_dims;
    etg_file file = one_call(&ctx, cases[i].name, "");
    assert_int_equal(etg_resolve(&ctx, &file, m), LOOM_OK);
    assert_int_equal(sym_eval(&ctx, file.variants.at[0]->kernel->load.at[0]->branches.at[0]->cycles, NULL, 0, &got), LOOM_OK);
    assert_int_equal(got, cases[i].cost);
    loom_ctx_done(&ctx);
  }
}

/* Between generations 1 and 2 the chip says how much a core holds. */
static void test_an_untold_capacity_is_the_machines(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  machine *m = wormhole(&ctx, NULL);
  etg_file file;
  data_value *v = edited(&ctx, "gen2", "\"capacity\"", "\"x\"");
  assert_int_equal(etg_read(&ctx, v, &file), LOOM_OK);
  assert_int_equal(file.variants.at[0]->memories.at[0].capacity, ETG_CAPACITY_UNTOLD);
  assert_null(strstr(data_write_json(&ctx.mem, etg_write(&ctx.mem, &file), 0), "capacity"));
  assert_int_equal(etg_resolve(&ctx, &file, m), LOOM_OK);
  assert_int_equal(file.variants.at[0]->memories.at[0].capacity, 1398784);
  loom_ctx_done(&ctx);
}

/* A placed call has the cost of its unit; of a unit the machine does not have, the first function of the name, with a warning. */
static void test_placed_calls_are_priced_on_their_unit(void **state) {
  (void)state;
  static const struct { const char *unit; int64_t cost; int warnings; } cases[] = {{"slow_rr", 888 + 32 * 32 * 32, 0}, {"matrix_sr", 32 * 32 * 32, 0}, {"matrix_x", 32 * 32 * 32, 1}, {"a mover", 32 * 32 * 32, 0}, {NULL, 32 * 32 * 32, 0}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    machine *m;
    assert_int_equal(machine_load(&ctx, LOOM_SOURCE_DIR "/tests/data/placed", NULL, &m), LOOM_OK);
    etg_file file = one_call(&ctx, "matmul_f16", "[\"M\", 32], [\"N\", 32], [\"K\", 32]");
    etg_call *c = file.variants.at[0]->kernel->load.at[0]->branches.at[0]->calls.at[0];
    data_value *target = data_object(&ctx.mem);
    if (cases[i].unit)
      data_set_string(&ctx.mem, target, "array", strcmp(cases[i].unit, "a mover") == 0 ? m->movers.at[m->movers.n - 1] : cases[i].unit);
    else
      data_set_int(&ctx.mem, target, "array", 3);
    c->is_placed = true;
    c->target = target;
    int64_t got;
    assert_int_equal(etg_resolve(&ctx, &file, m), LOOM_OK);
    assert_int_equal(sym_eval(&ctx, c->cycles, NULL, 0, &got), LOOM_OK);
    assert_int_equal(got, cases[i].cost);
    assert_int_equal(ctx.diag.warnings, cases[i].warnings);
    loom_ctx_done(&ctx);
  }
}

static loom_status read_and_write(loom_ctx *ctx, void *v) {
  etg_file e, again;
  LOOM_TRY(etg_read(ctx, v, &e));
  return etg_read(ctx, etg_write(&ctx->mem, &e), &again);
}

static void test_memory_may_run_out_anywhere(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  testing_sweep_memory(read_and_write, own_file(&ctx, "gen1-flat"));
  loom_ctx_done(&ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_generation_is_written_as_it_was_read),
      cmocka_unit_test(test_the_published_files_are_written_as_they_were_read),
      cmocka_unit_test(test_the_tree_is_typed),
      cmocka_unit_test(test_wrong_files_are_explained),
      cmocka_unit_test(test_a_list_of_variants_is_needed),
      cmocka_unit_test(test_blocks_are_not_nested_without_end),
      cmocka_unit_test(test_an_unknown_key_is_told_once),
      cmocka_unit_test(test_two_unknown_keys_are_told_each),
      cmocka_unit_test(test_fields_that_nobody_reads_are_no_expressions),
      cmocka_unit_test(test_the_least_file_is_written_as_it_was_read),
      cmocka_unit_test(test_older_names_stand_back),
      cmocka_unit_test(test_resolving_fills_every_call),
      cmocka_unit_test(test_older_transfers_have_their_newer_costs),
      cmocka_unit_test(test_calls_that_cannot_be_resolved_are_explained),
      cmocka_unit_test(test_an_untold_capacity_is_the_machines),
      cmocka_unit_test(test_placed_calls_are_priced_on_their_unit),
      cmocka_unit_test(test_memory_may_run_out_anywhere),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
