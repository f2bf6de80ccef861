/* Rules of machine files and of costs, one broken at a time; and links of every kind in df files.  Oracle: docs/machines.md, the contracts in machine.h. */
#include "machine/machine_testing.h"

#define FILE_OF(mesh, memory, units, movers, dram, functions)                                                                                                                              \
  "schema: loom.machine.v1\nname: tiny\nclock_hz: 1000000\nmesh: [" mesh "]\ncore:\n  memory: {" memory ", align_bytes: 16, bytes_per_cycle: 8}\n  units: [" units "]\n  movers: [" movers "]\n" \
  "  transfer_setup_cycles: 0\n  fill_bytes_per_cycle: 2.5\n  copy_bytes_per_cycle: 4\n  tile_align: 4\ndram:\n  channels: 1\n  channel_bytes: 65536\n  bytes_per_cycle: 3\n  latency_cycles: 10\n" \
  "  page_bytes: 64\n  align_bytes: 16\n  attach: [[0]]\n" dram "links: {bytes_per_cycle: 4, hop_cycles: 1}\nperf:\n  a:\n    functions:\n" functions
#define MESH "{name: x, size: 2}"
#define MEMORY "bytes: 4096"
#define UNIT "{name: mac, kind: matrix, shape: [4, 4], rate: 16}, {name: vec, kind: vector, shape: [8], rate: 8}"
#define PLAIN "      f: {unit: mac, symbols: [M], fixed: 1}\n"
#define WITH(functions) FILE_OF(MESH, MEMORY, UNIT, "dma", "", functions)
#define LONG "a_name_that_is_longer_than_sixty_four_characters_which_is_more_than_names_may_have"

static loom_status read_tiny(loom_ctx *ctx, const char *s, machine **out) { return machine_from_yaml(ctx, "tiny.yaml", s, strlen(s), out); }

static void test_what_a_file_may_say(void **state) {
  loom_ctx *ctx = *state;
  static const struct { const char *text, *says; int line, col; } rows[] = {      /* says NULL: it may */
      {WITH(PLAIN), NULL, 0, 0},
      {FILE_OF("{name: a, size: 1}, {name: b, size: 1}, {name: c, size: 1}, {name: d, size: 1}, {name: e, size: 1}, {name: f, size: 1}, {name: g, size: 1}, {name: h, size: 1}, {name: i, size: 1}", MEMORY, UNIT, "dma", "", PLAIN), "dims; must be 1..", 4, 7},
      {FILE_OF(MESH, "bytes: 4096, bank_bytes: 16", UNIT, "dma", "", PLAIN), "both 'bytes' and 'banks'", 6, 0}, {FILE_OF(MESH, "bytes: 4096, banks: 16", UNIT, "dma", "", PLAIN), "both 'bytes' and 'banks'", 6, 0},
      {FILE_OF(MESH, MEMORY, UNIT ", {name: mac, kind: vector, shape: [8], rate: 8}", "dma", "", PLAIN), "two units or movers are named 'mac'", 7, 0}, {FILE_OF(MESH, MEMORY, UNIT, "dma, mac, dma2", "", PLAIN), "two units or movers are named 'mac'", 8, 0},
      {FILE_OF(MESH, MEMORY, UNIT, "dma, dma, other", "", PLAIN), "two units or movers are named 'dma'", 8, 0},
      {FILE_OF(MESH, MEMORY, "{name: mac, kind: matrix, shape: [4, 4, 4, 4, 4, 4, 4, 4, 4], rate: 16}", "dma", "", PLAIN), "the unit's shape has 9 dims", 7, 0},
      {FILE_OF(MESH, MEMORY, "{name: " LONG ", kind: matrix, shape: [4], rate: 16}", "dma", "", PLAIN), "cannot be", 7, 0},
      {FILE_OF(MESH, MEMORY, UNIT, "dma", "  interleave: page\n", PLAIN), NULL, 0, 0}, {FILE_OF(MESH, MEMORY, UNIT, "dma", "  interleave: ipoly\n", PLAIN), NULL, 0, 0},
      {FILE_OF(MESH, MEMORY, UNIT, "dma", "  interleave: pages\n", PLAIN), "'interleave' is 'pages'; must be 'page' or 'ipoly'", 21, 0},
      /* symbols that are none: the place of the word, not of a word that it is part of */
      {WITH("      f: {unit: mac, symbols: [NN], fixed: NN * N}\n"), "'N' is not a symbol of 'f'", 25, 49}, {WITH("      f: {unit: mac, symbols: [M], fixed: \"M * Q\"}\n"), "'Q' is not a symbol of 'f'", 25, 48},
      {WITH("      f: {unit: mac, symbols: [M], fixed: 'Q'}\n"), "'Q' is not a symbol of 'f'", 25, 44}, {WITH("      f: {unit: mac, symbols: [M], fixed: P * Q}\n"), "'P' is not a symbol of 'f'", 25, 43},
      {WITH("      f: {unit: mac, symbols: [M_N, M], fixed: M_N + M * N}\n"), "'N' is not a symbol of 'f'", 25, 0}, {WITH("      f:\n        unit: mac\n        symbols: [M]\n        fixed: >-\n          M *\n          Q\n"), "'Q' is not a symbol of 'f'", 0, 0},
      {WITH("      f: {unit: mac, symbols: [M], when: false, fixed: 1}\n"), NULL, 0, 0}, {WITH("      f: {unit: mac, symbols: [M], when: true, fixed: 1}\n"), NULL, 0, 0},
      {WITH("      f: {unit: mac, symbols: [M], fixed: \"if(M > 4, 1, 2)\"}\n"), NULL, 0, 0},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    const diag_mark mark = diag_save(ctx);
    machine *m = NULL, *again;
    const loom_status st = read_tiny(ctx, rows[i].text, &m);
    const diag_item *d = ctx->diag.first;
    if (rows[i].says ? st == LOOM_OK || !d || !strstr(d->text, rows[i].says) || (rows[i].line && d->span.line != rows[i].line) || (rows[i].col && d->span.col != rows[i].col) : st != LOOM_OK)
      fail_msg("row %zu: status %d: %s at %d:%d", i, (int)st, d ? d->text : "", d ? d->span.line : 0, d ? d->span.col : 0);
    if (st == LOOM_OK) {
      const char *yaml = machine_to_yaml(&ctx->mem, m);
      expect_ok(ctx, read_tiny(ctx, yaml, &again));
      assert_string_equal(machine_to_yaml(&ctx->mem, again), yaml);
    }
    diag_drop(ctx, mark);
  }
}

/* What the search for gaps and overlaps of guards says of one function. */
static void test_guards_are_searched(void **state) {
  loom_ctx *ctx = *state;
  static const struct { const char *function, *warns; loom_status status; } rows[] = {
      {"symbols: [M], scenarios: [{when: M > 0, fixed: 1}]", NULL, LOOM_OK}, {"symbols: [M], scenarios: [{when: M < 4000000000, fixed: 1}]", NULL, LOOM_OK},
      {"symbols: [M], scenarios: [{when: M != 1001 && M != 2002 && M != 3003 && M != 4004 && M != 5005 && M != 6006 && M != 7007 && M != 8008 && M != 9009 && M != 10010 && M != 11011 && M != 12012 && M != 13013, fixed: 1}]", NULL, LOOM_OK},
      {"symbols: [M], scenarios: [{when: M > 0, volume: M, throughput: M - 40}, {when: M <= 0, fixed: 1}]", "the throughput of 'f' is -", LOOM_OK},
      {"symbols: [M], scenarios: [{when: M > 0, volume: M, throughput: M - 32}, {when: M <= 0, fixed: 1}]", "the throughput of 'f' is ", LOOM_OK},
      {"symbols: [M], scenarios: [{when: M > 0, volume: M, throughput: M / 100}, {when: M <= 0, fixed: 1}]", "the throughput of 'f' is 0", LOOM_OK},
      {"symbols: [M], scenarios: [{when: M > 0, volume: M, throughput: 4 * (M / 100)}, {when: M <= 0, fixed: 1}]", "the throughput of 'f' is 0", LOOM_OK},
      {"symbols: [M], scenarios: [{when: M > 0, volume: M, throughput: 100 / (M - 32)}, {when: M <= 0, fixed: 1}]", "the throughput of 'f' cannot be computed", LOOM_OK},
      {"symbols: [M], when: 64 / (M - 32) > 1, scenarios: [{when: M > 0, fixed: 1}]", NULL, LOOM_OK},
      {"symbols: [M], scenarios: [{when: 64 / (M - 32) > 1, fixed: 1}, {when: M > 0, fixed: 2}]", "overlap", LOOM_OK},
      {"symbols: [M, N], scenarios: [{when: M > 64 && N > 64, fixed: 1}, {when: M > 64 && N < 64, fixed: 2}]", "no scenario of 'f' holds", LOOM_OK},
      {"symbols: [M, N], scenarios: [{when: 640 / (M - 32) > 1 && N > 64, fixed: 1}, {when: 640 / (M - 32) > 1 && N < 64, fixed: 2}]", "no scenario of 'f' holds", LOOM_OK},
      {"symbols: [M], scenarios: [{when: M > 64, fixed: \"if(M > 4, 1, 2)\"}, {when: M <= 64, fixed: 1, }]", NULL, LOOM_OK},
      {"symbols: [M, N], scenarios: [{when: \"if(M > 64, 1, 2) > 1\", fixed: 1}, {when: \"if(M > 64, 1, 2) <= 1\", fixed: 1}]", NULL, LOOM_OK},
      {"symbols: [A, B, C, D, E, F, G, H, I, J, K, L, M, N, O, P, Q], scenarios: [{when: A > 4, fixed: 1}]", "'f' has 17 symbols; at most 16 are supported", LOOM_ELIMIT},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    const diag_mark mark = diag_save(ctx);
    machine *m = NULL;
    expect_ok(ctx, read_tiny(ctx, arena_printf(&ctx->mem, "%s      f: {unit: mac, %s}\n", FILE_OF(MESH, MEMORY, UNIT, "dma", "", ""), rows[i].function), &m));
    const loom_status st = machine_check(ctx, m);
    const diag_item *d = ctx->diag.first;
    if (st != rows[i].status || (rows[i].warns ? !d || !strstr(d->text, rows[i].warns) : d != NULL))
      fail_msg("row %zu: status %d: %s", i, (int)st, d ? d->text : "nothing");
    diag_drop(ctx, mark);
  }
}

static void test_costs_are_within_what_units_can_do(void **state) {
  loom_ctx *ctx = *state;
  static const struct { const char *function, *warns; } rows[] = {
      {"{unit: mac, symbols: [M, N, K], volume: M * N * K, throughput: 16}", NULL}, {"{unit: mac, symbols: [M, N, K], volume: M * N * K, throughput: 64}", "multiply-adds a cycle; 'mac' can do 16"},
      {"{unit: mac, symbols: [M, K], volume: M * K, throughput: 64}", NULL}, {"{unit: mac, symbols: [N, K], volume: N * K, throughput: 64}", NULL}, {"{unit: vec, symbols: [L], volume: L, throughput: 64}", "elements a cycle; 'vec' can do 8"},
      {"{unit: vec, symbols: [M, N, K], volume: M, throughput: 64}", NULL}, {"{unit: dma, symbols: [M, N], volume: M * N, throughput: 64}", "bytes a cycle; 'dma' can do 8"}, {"{unit: vec, symbols: [rows], volume: rows, throughput: 64}", NULL},
      {"{unit: vec, symbols: [A, B, C, D, E], volume: A, throughput: 64}", NULL}, {"{unit: vec, symbols: [L], fixed: 3}", "takes no longer for twice the sizes"},
      {"{unit: vec, symbols: [L], scenarios: [{when: L < 20000000, volume: L, throughput: 64}]}", NULL}, {"{unit: vec, symbols: [L], scenarios: [{when: L > 20000000, volume: L, throughput: 64}]}", NULL},
      {"{unit: dma, symbols: [M, effective_bandwidth], volume: M, throughput: 64}", "bytes a cycle"}};
  for (size_t i = 0; i < COUNT_OF(rows); i++)
    for (int wide = 0; wide < 2; wide++) {      /* of f32 elements a transfer moves twice the bytes */
      const diag_mark mark = diag_save(ctx);
      machine *m = NULL;
      expect_ok(ctx, read_tiny(ctx, arena_printf(&ctx->mem, "%s      f%s: %s\n", FILE_OF(MESH, MEMORY, UNIT, "dma", "", ""), wide ? "_f32" : "", rows[i].function), &m));
      expect_ok(ctx, machine_check_units(ctx, m));
      const diag_item *d = ctx->diag.first;
      if (rows[i].warns ? !d || !strstr(d->text, rows[i].warns) : d != NULL)
        fail_msg("row %zu: %s", i, d ? d->text : "nothing");
      m->perf.at[0].funcs.at[0].span.source = NULL;      /* of an importer's making: no claim of anybody */
      diag_drop(ctx, mark);
      expect_ok(ctx, machine_check_units(ctx, m));
      assert_null(ctx->diag.first);
      diag_drop(ctx, mark);
    }
  machine *m = load(ctx, "single");
  const sym_expr *e;
  m->perf.n = 0;      /* a machine without costs */
  expect_ok(ctx, machine_check_units(ctx, m));
  assert_null(machine_find_func(m, "matmul_f16"));
  assert_true(machine_cost(ctx, m, "matmul_f16", NULL, 0, &e) != LOOM_OK && ctx->diag.errors == 1);
}

/* Numbers beyond what whole ones are exact in, and origins with and without their words. */
static void test_numbers_are_told_with_their_origin(void **state) {
  loom_ctx *ctx = *state;
  machine *m = load(ctx, "single");
  static const struct { machine_number n; const char *yaml, *told; } rows[] = {
      {{.value = 1e300, .source = "sheet"}, "1e+300", "1e+300"}, {{.value = -1e300}, "-1e+300", NULL}, {{.value = 12345, .source = "sheet", .note = "page 3"}, "12345", "sheet (page 3)"}, {{.value = 7, .note = "page 4"}, "page 4", "page 4"},
      {{.value = 7, .is_assumed = true}, "assumed: true", "assumed"}, {{.value = 7, .is_assumed = true, .note = "so"}, "assumed: true", "assumed: so"}, {{.value = 0.5}, "0.5", "0.5"}};
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    m->copy_bytes_per_cycle = rows[i].n;
    const char *yaml = machine_to_yaml(&ctx->mem, m), *told = rows[i].told ? machine_describe(&ctx->mem, m) : "";
    if (!strstr(yaml, rows[i].yaml) || (rows[i].told && !strstr(told, rows[i].told)))
      fail_msg("row %zu: %s\n%s", i, yaml, told);
  }
  m->copy_bytes_per_cycle = (machine_number){.value = 4};
  static const char *const names[] = {"true", "NO", "off", "-x", "ends ", "_fine", "1", ""};      /* what a reader of YAML would take for something else stands in quotes */
  for (size_t i = 0; i < COUNT_OF(names); i++) {
    m->summary = names[i];
    machine *again = NULL;
    const char *yaml = machine_to_yaml(&ctx->mem, m);
    if (machine_from_yaml(ctx, LOOM_SOURCE_DIR "/machines/again.yaml", yaml, strlen(yaml), &again) != LOOM_OK || strcmp(again->summary ? again->summary : "", names[i]) != 0)
      fail_msg("'%s' is read back as '%s': %s", names[i], again && again->summary ? again->summary : "", ctx->diag.first ? ctx->diag.first->text : "");
  }
}

/* ---- df ---- */

#define DF                                                                                                                                                                                                        \
  "%m = df.mat \"U\" {shape = [32]}\n%x = df.spatial_dim \"x\", 4\n%one = df.spatial_dim \"one\", 1\n%c = df.core \"c\" {scaleout=(%x, %one), scalein=(%m)}\n" \
  "%l = df.memory \"L1\" {scaleout=(%x, %one), size = 4096, bandwidth = 8}\n"
#define MUX "%s = df.mux %c, %l {map = affine_map<(a, b) -> (a, b)>}\n"
#define REST "%d = df.spatial_dim 2\n%r = df.memory \"DRAM\" {scaleout=(%d), size = 4096, bandwidth = 8}\n%n = df.interconnects \"NoC\" %l, %r, {map = affine_map<(a, b) -> (a floordiv 2)>}\n"
#define RING(name, from, more) "%" name " = df.interconnects \"" name "\" " from ", " from ", {map = affine_map<(a, b) -> ((a + 1) mod 4, b)>" more "}\n"

static void test_links_of_every_kind(void **state) {
  loom_ctx *ctx = *state;
  static const struct { const char *path, *text; loom_status status; const char *name; double link; bool wraps; } rows[] = {      /* name: of the machine, or words of the refusal */
      {"a-b c.mlir", DF MUX REST, LOOM_OK, "a-b_c", 0, false}, {"plain.mlir", DF MUX REST RING("h", "%l", ", bandwidth = 9"), LOOM_OK, "plain", 9, true},
      {"p.mlir", DF MUX REST RING("h", "%c", ", bandwidth = 9"), LOOM_OK, "p", 9, true}, {"p.mlir", DF MUX REST RING("h", "%l", ""), LOOM_OK, "p", 0, true},
      {"p.mlir", DF MUX REST RING("h", "%l", ", bandwidth = 9") RING("g", "%l", ", bandwidth = 5") RING("f", "%c", ", bandwidth = 7"), LOOM_OK, "p", 5, true},
      {"p.mlir", DF MUX REST "%h = df.interconnects \"h\" %r, %r, {map = affine_map<(a) -> (a)>, bandwidth = 6}\n", LOOM_OK, "p", 6, false},
      {"p.mlir", DF "%q = df.mux %c, %c {map = affine_map<(a, b) -> (a, b)>}\n" MUX REST, LOOM_OK, "p", 0, false},
      {"p.mlir", DF REST, LOOM_EINPUT, "no df.mux gives the cores 'c' a memory", 0, false}, {"p.mlir", "%m = df.mat \"U\" {shape = [32]}\n%c = df.core \"c\" {scaleout=(), scalein=(%m)}\n", LOOM_EINPUT, "", 0, false},
      {"p.mlir", DF MUX REST "%t = df.interconnects \"t\" %r, %c, {map = affine_map<(a) -> (a * 2, 0)>}\n", LOOM_OK, "p", 0, false}};
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    const diag_mark mark = diag_save(ctx);
    machine *m = NULL;
    const loom_status st = machine_from_df(ctx, rows[i].path, rows[i].text, strlen(rows[i].text), &m);
    const diag_item *d = ctx->diag.first;
    if (st != rows[i].status || (st != LOOM_OK && !strstr(d->text, rows[i].name)))
      fail_msg("row %zu: status %d: %s", i, (int)st, d ? d->text : "");
    if (st == LOOM_OK && (strcmp(m->name, rows[i].name) != 0 || (rows[i].link > 0 ? m->link_bytes_per_cycle.value != rows[i].link : !m->link_bytes_per_cycle.is_assumed) || m->mesh.at[0].wraps != rows[i].wraps))
      fail_msg("row %zu: '%s', links of %g%s, wraps %d", i, m->name, m->link_bytes_per_cycle.value, m->link_bytes_per_cycle.is_assumed ? " (assumed)" : "", m->mesh.at[0].wraps);
    diag_drop(ctx, mark);
  }
}

int main(void) {
#define T(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
  const struct CMUnitTest tests[] = {T(test_what_a_file_may_say), T(test_guards_are_searched), T(test_costs_are_within_what_units_can_do), T(test_numbers_are_told_with_their_origin), T(test_links_of_every_kind)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
