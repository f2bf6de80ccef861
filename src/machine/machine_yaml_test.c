/* Reading, writing and finding machine files. */
#include "base/file.h"
#include "machine/machine_testing.h"
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* A whole file with one line for each thing that tests vary. */
static const char *const lines[] = {
    "schema: loom.machine.v1",
    "name: tiny",
    "clock_hz: 1000000",
    "mesh: [{name: x, size: 2}, {name: y, size: 3, wrap: true}]",
    "core:",
    "  memory: {bytes: 4096, align_bytes: 16, bytes_per_cycle: 8}",
    "  units: [{name: mac, kind: matrix, shape: [4, 4], rate: 16}]",
    "  movers: [dma]",
    "  transfer_setup_cycles: 0",
    "  fill_bytes_per_cycle: {value: 2.5, assumed: true, note: guess}",
    "  copy_bytes_per_cycle: 4",
    "  tile_align: 4",
    "dram:",
    "  channels: 2",
    "  channel_bytes: {value: 65536, source: data sheet}",
    "  gb_per_s: 0.003",
    "  latency_cycles: 10",
    "  page_bytes: 64",
    "  align_bytes: 16",
    "  attach: [[0, 0], [1, 2]]",
    "links: {bytes_per_cycle: 4, hop_cycles: 1}",
    "perf:",
    "  a:",
    "    functions:",
    "      f: {unit: mac, symbols: [M], fixed: M / 2, volume: M, throughput: 7 / 2}",
    "    aliases: {g: f}",
};
enum { N_LINES = COUNT_OF(lines) };

/* The file with line `number` (1-based; 0: none) replaced. */
static const char *tiny_with(arena *mem, int number, const char *replacement) {
  text t = text_new(mem);
  for (int i = 0; i < N_LINES; i++)
    text_addf(&t, "%s\n", i + 1 == number ? replacement : lines[i]);
  return text_str(&t);
}

static loom_status read_text(loom_ctx *ctx, const char *s, machine **out) { return machine_from_yaml(ctx, "tiny.yaml", s, strlen(s), out); }

static machine *tiny(loom_ctx *ctx) {
  machine *m = NULL;
  expect_ok(ctx, read_text(ctx, tiny_with(&ctx->mem, 0, NULL), &m));
  return m;
}

static void test_every_value_arrives(void **state) {
  loom_ctx *ctx = *state;
  const machine *m = tiny(ctx);
  expect_ok(ctx, machine_check(ctx, m));
  assert_int_equal(ctx->diag.warnings, 0);
  assert_string_equal(m->name, "tiny");
  assert_null(m->summary);
  assert_int_equal(machine_cores(m), 6);
  assert_false(m->mesh.at[0].wraps);
  assert_true(m->mesh.at[1].wraps);
  assert_string_equal(m->l1_name, "L1");
  assert_int_equal(m->l1_bytes, 4096);
  assert_int_equal(m->l1_banks, 0);
  assert_int_equal(m->l1_align_bytes, 16);
  assert_true(m->l1_bytes_per_cycle.value == 8);
  assert_true(m->fill_bytes_per_cycle.value == 2.5 && m->fill_bytes_per_cycle.is_assumed);
  assert_string_equal(m->fill_bytes_per_cycle.note, "guess");
  assert_true(m->copy_bytes_per_cycle.value == 4 && !m->copy_bytes_per_cycle.is_assumed);
  assert_true(m->transfer_setup_cycles.value == 0);
  assert_int_equal(m->tile_align, 4);
  assert_int_equal(m->dram_channels, 2);
  assert_int_equal(m->dram_channel_bytes, 65536);
  assert_true(fabs(m->dram_bytes_per_cycle.value - 3) < 1e-12);   /* 3,000,000 B/s at 1 MHz */
  assert_true(m->dram_latency_cycles.value == 10);
  assert_int_equal(m->dram_page_bytes, 64);
  assert_int_equal(m->dram_align_bytes, 16);
  assert_int_equal(m->attach.at[0], 0);
  assert_int_equal(m->attach.at[1], 5);
  assert_false(m->attach_assumed);
  assert_true(m->link_bytes_per_cycle.value == 4 && m->hop_cycles.value == 1);
  assert_int_equal(m->units.at[0].count, 1);
  assert_int_equal(m->units.at[0].rank, 2);
}

static void test_ways_of_working_arrive_and_round_trip(void **state) {
  loom_ctx *ctx = *state;
  const machine *plain = tiny(ctx);
  assert_false(plain->pads_edges || plain->has_concurrent_units || plain->lacks_multicast || plain->lacks_concurrent_movers || plain->dram_run_cycles);
  assert_null(strstr(machine_to_yaml(&ctx->mem, plain), "ragged"));
  static const struct { int line; const char *text; bool pads, concurrent, lacks; const char *shown; } cases[] = {
      {12, "  tile_align: 4\n  ragged: pad", true, false, false, "ragged"},
      {12, "  tile_align: 4\n  ragged: clamp", false, false, false, NULL},
      {12, "  tile_align: 4\n  concurrent_units: true", false, true, false, "concurrent_units"},
      {21, "links: {bytes_per_cycle: 4, hop_cycles: 1, multicast: false}", false, false, true, "multicast"},
      {21, "links: {bytes_per_cycle: 4, hop_cycles: 1, multicast: true}", false, false, false, NULL},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    machine *m, *again;
    expect_ok(ctx, read_text(ctx, tiny_with(&ctx->mem, cases[i].line, cases[i].text), &m));
    expect_ok(ctx, read_text(ctx, machine_to_yaml(&ctx->mem, m), &again));
    const machine *both[] = {m, again};
    for (int k = 0; k < 2; k++) {
      assert_int_equal(both[k]->pads_edges, cases[i].pads);
      assert_int_equal(both[k]->has_concurrent_units, cases[i].concurrent);
      assert_int_equal(both[k]->lacks_multicast, cases[i].lacks);
    }
    assert_true(!cases[i].shown || strstr(machine_describe(&ctx->mem, m), cases[i].shown));
  }
  machine *own, *again;
  expect_ok(ctx, read_text(ctx, tiny_with(&ctx->mem, 12, "  tile_align: 4\n  concurrent_movers: false"), &own));
  expect_ok(ctx, read_text(ctx, machine_to_yaml(&ctx->mem, own), &again));
  assert_true(own->dram_run_cycles == 0);
  expect_ok(ctx, read_text(ctx, tiny_with(&ctx->mem, 18, "  page_bytes: 64\n  run_cycles: 7"), &again));
  assert_int_equal(again->dram_run_cycles, 7);
  expect_ok(ctx, read_text(ctx, machine_to_yaml(&ctx->mem, again), &again));
  assert_true(again->dram_run_cycles == 7 && strstr(machine_describe(&ctx->mem, again), "run_cycles"));
  expect_ok(ctx, read_text(ctx, machine_to_yaml(&ctx->mem, own), &again));
  assert_true(own->lacks_concurrent_movers && again->lacks_concurrent_movers && strstr(machine_describe(&ctx->mem, own), "concurrent_movers"));
}

static void test_division_rounds_up_in_fixed_and_down_in_throughput(void **state) {
  loom_ctx *ctx = *state;
  const machine *m = tiny(ctx);
  for (int64_t v = 1; v < 50; v++)   /* 7 / 2 counts as 3 */
    assert_int_equal(cost_of(ctx, m, "g", (const char *[]){"M"}, &v, 1), (v + 1) / 2 + (v + 2) / 3);
  machine *constant;   /* of constants too, which are folded while they are read */
  expect_ok(ctx, read_text(ctx, tiny_with(&ctx->mem, 25, "      f: {unit: mac, symbols: [M], fixed: 1000 / 3 + M floordiv 2}"), &constant));
  assert_int_equal(cost_of(ctx, constant, "f", (const char *[]){"M"}, (int64_t[]){5}, 1), 334 + 2);
}

static void test_throughput_below_one_is_taken_exactly(void **state) {
  loom_ctx *ctx = *state;
  machine *m;
  expect_ok(ctx, read_text(ctx, tiny_with(&ctx->mem, 25, "      f: {unit: mac, symbols: [M], volume: 100 * M, throughput: M * 716 / 8192}"), &m));
  for (int64_t v = 1; v < 200; v++) {
    int64_t rate = v * 716 / 8192, expected = rate ? (100 * v + rate - 1) / rate : (100 * v * 8192 + v * 716 - 1) / (v * 716);
    assert_int_equal(cost_of(ctx, m, "f", (const char *[]){"M"}, &v, 1), expected);
  }
  expect_ok(ctx, machine_check(ctx, m));
  assert_int_equal(ctx->diag.warnings, 1);
  assert_non_null(strstr(ctx->diag.first->text, "the throughput of 'f' is 0, for example at M = "));
  assert_string_equal(ctx->diag.first->help, "its exact quotient is used there");
  machine *clamped;
  expect_ok(ctx, read_text(ctx, tiny_with(&ctx->mem, 25, "      f: {unit: mac, symbols: [M], volume: M, throughput: M - 40}"), &clamped));
  assert_int_equal(cost_of(ctx, clamped, "f", (const char *[]){"M"}, (int64_t[]){30}, 1), 30);
}

static void test_a_throughput_that_cannot_be_computed_is_told(void **state) {
  loom_ctx *ctx = *state;
  machine *m;
  expect_ok(ctx, read_text(ctx, tiny_with(&ctx->mem, 25, "      f: {unit: mac, symbols: [M], volume: M, throughput: M / (M - 64)}"), &m));
  expect_ok(ctx, machine_check(ctx, m));
  assert_true(ctx->diag.warnings >= 1);
  assert_non_null(strstr(ctx->diag.first->text, "the throughput of 'f' cannot be computed, for example at M = "));
}

/* Upstream's Blackhole has the factor behind the quotient: 0 below 8192 elements as it stands. */
static void test_a_quotient_times_a_factor_is_taken_exactly(void **state) {
  loom_ctx *ctx = *state;
  static const char *const m_only[] = {"M"};
  machine *m;
  expect_ok(ctx, read_text(ctx, tiny_with(&ctx->mem, 25, "      f: {unit: mac, symbols: [M], volume: 100 * M, throughput: (M / 8192) * 1080}"), &m));
  for (int64_t v = 1; v < 20000; v += 37) {
    int64_t rate = v / 8192 * 1080, expected = rate ? (100 * v + rate - 1) / rate : (100 * v * 8192 + v * 1080 - 1) / (v * 1080);
    assert_int_equal(cost_of(ctx, m, "f", m_only, &v, 1), expected);
  }
  expect_ok(ctx, machine_check(ctx, m));
  assert_int_equal(ctx->diag.warnings, 1);
  assert_string_equal(ctx->diag.first->help, "its exact quotient is used there");
}

static void test_everything_round_trips(void **state) {
  loom_ctx *ctx = *state;
  const char *const *names;
  size_t n;
  expect_ok(ctx, machine_list(ctx, &names, &n));
  assert_int_equal(n, 15);
  for (size_t i = 0; i < n; i++) {
    const machine *m = load(ctx, names[i]);
    assert_string_equal(m->name, names[i]);
    assert_true(m->is_checked);
    assert_int_equal(ctx->diag.warnings, 0);
    const char *json = data_write_json(&ctx->mem, machine_to_data(&ctx->mem, m), 1), *yaml = machine_to_yaml(&ctx->mem, m);
    machine *from_json, *from_yaml;
    expect_ok(ctx, machine_from_yaml(ctx, "a.yaml", yaml, strlen(yaml), &from_yaml));
    expect_ok(ctx, machine_from_yaml(ctx, "b.yaml", json, strlen(json), &from_json));   /* JSON is YAML */
    assert_string_equal(data_write_json(&ctx->mem, machine_to_data(&ctx->mem, from_yaml), 1), json);
    assert_string_equal(data_write_json(&ctx->mem, machine_to_data(&ctx->mem, from_json), 1), json);
    for (const char *p = yaml, *end; *p; p = end + 1) {   /* people read it: no endless lines */
      end = strchr(p, '\n');
      assert_true(end && end - p < 240);
    }
  }
}

static void test_shipped_machines_have_the_stated_sizes(void **state) {
  static const struct { const char *name; int64_t x, y, l1_bytes, align; double gb_per_s; const char *set; } cases[] = {
      {"wormhole", 8, 8, 1398784, 32, 288, "newest"},   {"wormhole-2025", 8, 8, 1499136, 32, 288, "2025"},
      {"blackhole", 12, 10, 1398784, 64, 512, "newest"}, {"single", 1, 1, 1398784, 32, 288, "newest"},
      {"ring8", 1, 8, 1398784, 32, 288, "newest"},      {"torus4", 4, 4, 1398784, 32, 288, "newest"},
  };
  loom_ctx *ctx = *state;
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    const machine *m = load(ctx, cases[i].name);
    assert_int_equal(m->mesh.n, 2);
    assert_int_equal(m->mesh.at[0].size, cases[i].x);
    assert_int_equal(m->mesh.at[1].size, cases[i].y);
    assert_int_equal(m->l1_bytes, cases[i].l1_bytes);
    assert_int_equal(m->dram_align_bytes, cases[i].align);
    assert_int_equal(m->dram_channels, 8);
    assert_int_equal(m->attach.n, 8);
    assert_true(fabs(m->dram_bytes_per_cycle.value * m->clock_hz.value - cases[i].gb_per_s * 1e9) < 1);
    assert_string_equal(m->perf.at[m->calibration].name, cases[i].set);
    assert_true(m->hop_cycles.is_assumed);
    assert_true(m->attach_assumed);
    double peak = (double)machine_cores(m) * 2 * m->units.at[0].rate.value * m->clock_hz.value;   /* flop/s */
    assert_true(peak <= (strcmp(cases[i].name, "blackhole") == 0 ? 162e12 : 64e12) * 1.0001);
  }
}

static void test_description_says_what_is_assumed(void **state) {
  loom_ctx *ctx = *state;
  const char *s = machine_describe(&ctx->mem, load(ctx, "wormhole"));
  static const char *const parts[] = {"1,398,784 bytes", "assumed: two columns", "TileLoom paper", "perf set newest, in use",
                                      "matmul_SS_f16(M, N, K)", "if M * N < 8192", "perf set 2025:", "these values are assumed"};
  for (size_t i = 0; i < COUNT_OF(parts); i++)
    if (!strstr(s, parts[i]))
      fail_msg("no '%s' in:\n%s", parts[i], s);
}

static void test_submesh_keeps_the_corner(void **state) {
  loom_ctx *ctx = *state;
  const machine *m = load(ctx, "wormhole"), *sub = machine_submesh(&ctx->mem, m, (int64_t[]){8, 3});
  assert_int_equal(machine_cores(sub), 24);
  assert_true(sub->mesh.at[0].wraps);
  assert_false(sub->mesh.at[1].wraps);
  static const int64_t expected[] = {0, 2, 2, 2, 12, 14, 14, 14};   /* y of (0,5) and (0,7) becomes 2; x = 4 is 12 on */
  for (size_t c = 0; c < 8; c++)
    assert_int_equal(sub->attach.at[c], expected[c]);
  assert_int_equal(m->mesh.at[1].size, 8);
  assert_int_equal(m->attach.at[3], 7);
}

static void test_wrong_files_are_told_with_their_place(void **state) {
  static const struct { int line; const char *text, *message; int at_line, col; const char *help; } cases[] = {
      {1, "schema: loom.machine.v2", "the schema is 'loom.machine.v2'", 1, 9, NULL},
      {1, "", "the key 'schema' is missing", 0, 0, NULL},
      {2, "", "the key 'name' is missing", 0, 0, NULL},
      {12, "  tile_align: 4\n  ragged: pda", "'ragged' is 'pda'; must be 'clamp' or 'pad'", 13, 11, "did you mean 'pad'?"},
      {12, "  tile_align: 4\n  ragged: exact", "'ragged' is 'exact'", 13, 11, "clamp: an edge tile costs its own size; pad: that of a whole tile"},
      {12, "  tile_align: 4\n  concurrent_units: 2", "'concurrent_units' is an integer; expected a boolean", 13, 21, NULL},
      {21, "links: {bytes_per_cycle: 4, hop_cycles: 1, multicast: 1}", "'multicast' is an integer; expected a boolean", 21, 55, NULL},
      {2, "name: a/b", "'a/b' cannot be a machine's name", 2, 7, NULL},
      {2, "name: [a]", "a machine's name is", 2, 7, NULL},
      {2, "nmae: tiny", "unknown key 'nmae'", 2, 1, "did you mean 'name'?"},
      {3, "clock_hz: fast", "'clock_hz' is a string; expected a number", 3, 11, NULL},
      {3, "clock_hz: 0", "'clock_hz' is 0; must be 1000..", 3, 11, NULL},
      {3, "", "the key 'clock_hz' is missing", 0, 0, NULL},
      {3, "clock_hz: {value: 1000, source: a, assumed: true}", "a value cannot have a source and be assumed", 3, 11, NULL},
      {3, "clock_hz: {source: a}", "the key 'value' is missing", 3, 11, NULL},
      {3, "clock_hz: {value: 1000, asumed: true}", "unknown key 'asumed'", 3, 25, "did you mean 'assumed'?"},
      {3, "clock_hz: {value: 1000, assumed: 1}", "'assumed' is", 3, 34, NULL},
      {4, "mesh: []", "the mesh has 0 dims; must be 1..3", 4, 7, NULL},
      {4, "mesh: [{name: x, size: 0}, {name: y, size: 3}]", "'size' is 0; must be 1..", 4, 24, NULL},
      {4, "mesh: [{name: x, size: 2.5}]", "'size' is 2.5; expected a whole number", 4, 24, NULL},
      {4, "mesh: [{name: x, size: many}]", "'size' is a string; expected a whole number", 4, 24, NULL},
      {4, "mesh: [{name: x}]", "the key 'size' is missing", 4, 8, NULL},
      {4, "mesh: [{name: x, size: 2}, {name: x, size: 3}]", "two dims named 'x'", 4, 35, NULL},
      {4, "mesh: [{name: x, size: 65536}, {name: y, size: 3}]", "more than 65536 cores", 4, 7, NULL},
      {6, "  memory: {bytes: -4, align_bytes: 16, bytes_per_cycle: 8}", "'bytes' is -4; must be 1..", 6, 19, NULL},
      {6, "  memory: {bytes: 4096, banks: 2, bank_bytes: 2, align_bytes: 16, bytes_per_cycle: 8}", "both 'bytes' and 'banks'", 6, 19, NULL},
      {6, "  memory: {banks: 2, align_bytes: 16, bytes_per_cycle: 8}", "the key 'bank_bytes' is missing", 6, 11, NULL},
      {6, "  memory: {align_bytes: 16, bytes_per_cycle: 8}", "the key 'bytes' is missing", 6, 11, NULL},
      {6, "  memory: {bytes: 4096, align_bytes: 12, bytes_per_cycle: 8}", "align_bytes is 12; must be a multiple of 8", 6, 38, NULL},
      {7, "  units: [{name: mac, kind: matrx, shape: [4, 4], rate: 16}]", "unknown kind of unit 'matrx'", 7, 29, "did you mean 'matrix'?"},
      {7, "  units: [{name: mac, kind: matrix, shape: [], rate: 16}]", "the unit's shape has 0 dims", 7, 44, NULL},
      {7, "  units: [{name: mac, kind: matrix, shape: [4, x], rate: 16}]", "a shape holds whole numbers", 7, 48, NULL},
      {7, "  units: [{name: mac, kind: matrix, shape: [4]}]", "the key 'rate' is missing", 7, 11, NULL},
      {8, "  movers: []", "at least one mover", 8, 11, NULL},
      {8, "  movers: [mac]", "two units or movers are named 'mac'", 8, 12, NULL},
      {14, "  channels: 3", "'attach' must list 3 cores", 20, 11, NULL},
      {16, "  gb_per_s: 1\n  bytes_per_cycle: 1", "both 'gb_per_s' and 'bytes_per_cycle'", 16, 13, NULL},
      {16, "", "the key 'gb_per_s' is missing", 14, 3, NULL},
      {20, "  attach: [[0, 0], [2, 0]]", "the attach point is off the mesh: 'x' is 2; must be 0..1", 20, 21, NULL},
      {20, "  attach: [[0, 0], [0]]", "an attach point is a list of 2 core coordinates", 20, 20, NULL},
      {20, "  attach: [[0, 0], [0, y]]", "the coordinate along 'y' is a string", 20, 24, NULL},
      {21, "links: {bytes_per_cycle: 4, hops_cycles: 1}", "unknown key 'hops_cycles'", 21, 29, "did you mean 'hop_cycles'?"},
      {3, "clock_hz: 1000\ntarget: {kind: gpu, arch: a}", "target.kind is 'gpu'; must be tt, a Tenstorrent board, or npu", 4, 16, NULL},
      {3, "clock_hz: 1000\ntarget: {kind: tt, arch: grayskull}", "target.arch is 'grayskull'; must be wormhole or blackhole", 4, 26, NULL},
      {22, "calibration: b\nperf:", "machine 'tiny' has no perf set 'b'", 22, 14, NULL},
      {25, "      f: {unit: mcc, symbols: [M], fixed: M}", "the core has no unit or mover 'mcc'", 25, 17, "did you mean 'mac'?"},
      {25, "      f: {unit: mac, symbols: [M]}", "the cost of 'f' has neither 'fixed' nor 'volume'", 25, 10, NULL},
      {25, "      f: {unit: mac, symbols: [1M], fixed: 1}", "a symbol is a word", 25, 32, NULL},
      {25, "      f: {unit: mac, symbols: [M], volume: M}", "'volume' needs 'throughput' beside it", 25, 44, NULL},
      {25, "      f: {unit: mac, symbols: [M], throughput: 3, fixed: 1}", "'throughput' needs 'volume' beside it", 25, 48, NULL},
      {25, "      f: {unit: mac, symbols: [M], fixed: M + }", "expected", 25, 46, NULL},
      {25, "      f: {unit: mac, symbols: [M], fixed: \"M + \"}", "expected", 25, 48, NULL},
      {25, "      f: {unit: mac, symbols: [rows], fixed: 2 + row}", "'row' is not a symbol of 'f'", 25, 50, "did you mean 'rows'?"},
      {25, "      f: {unit: mac, symbols: [M], fixed: M > 2}", "'fixed' is a condition; expected a number", 25, 43, NULL},
      {25, "      f: {unit: mac, symbols: [M], when: M, fixed: 2}", "'when' is a number; expected a condition", 25, 42, NULL},
      {25, "      f: {unit: mac, symbols: [M], fixed: \"1 - 3\"}", "'fixed' is -2; must not be negative", 25, 43, NULL},
      {25, "      f: {unit: mac, symbols: [M], fixed: -2}", "'fixed' is -2; must not be negative", 25, 43, NULL},
      {25, "      f: {unit: mac, symbols: [M], fixed: true}", "'fixed' is", 25, 43, NULL},
      {25, "      f: {unit: mac, symbols: [M], volume: M, throughput: 0}", "'throughput' is 0; must be at least 1", 25, 59, NULL},
      {25, "      f: {unit: mac, symbols: [M], volume: M, throughput: 0.0}", "'throughput' is 0; must be 0.000001 or more", 25, 59, NULL},
      {25, "      f: {unit: mac, symbols: [M], volume: M, throughput: -2.5}", "'throughput' is -2.5; must be 0.000001 or more", 25, 59, NULL},
      {25, "      f: {unit: mac, symbols: [M], volume: M, throughput: 3.14159265}", "six decimals at most", 25, 59, NULL},
      {25, "      f: {unit: mac, symbols: [M], fixed: 1, scenarios: [{fixed: 1}]}", "'f' has both 'scenarios' and 'fixed'", 25, 43, NULL},
      {25, "      f: {unit: mac, symbols: [M], scenarios: []}", "'scenarios' must be a list with at least one cost", 25, 47, NULL},
      {25, "      f@dma: {unit: mac, symbols: [M], fixed: M}", "'f@dma' runs on 'mac'; the name behind the @ must be that of its unit", 25, 7, NULL},
      {26, "    aliases: {g: h}", "the alias 'g' names 'h', which is no function of the set", 26, 18, NULL},
      {26, "    aliases: {f: f}", "the alias 'f' is also a function", 26, 15, NULL},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_ctx ctx;
    machine *m;
    loom_ctx_init(&ctx);
    loom_status st = read_text(&ctx, tiny_with(&ctx.mem, cases[i].line, cases[i].text), &m);
    if (st == LOOM_OK)
      fail_msg("case %zu was read: %s", i, cases[i].text);
    testing_expect_error(&ctx, st, cases[i].message, cases[i].at_line, cases[i].col);
    assert_true(st == LOOM_EINPUT || st == LOOM_ELIMIT);
    if (cases[i].help)
      assert_string_equal(ctx.diag.first->help, cases[i].help);
    loom_ctx_done(&ctx);
  }
  (void)state;
}

static void test_guards_are_linted_with_a_witness(void **state) {
  static const struct { const char *text, *warning; } cases[] = {
      {"{when: M * N >= 8192, fixed: 1}, {when: M * N <= 8192, fixed: 2}", "scenarios 1 and 2 of 'f' overlap, for example at M = "},
      {"{when: M * N > 8192, fixed: 1}, {when: M * N < 8192, fixed: 2}", "no scenario of 'f' holds, for example at M = "},
      {"{when: M >= 100, fixed: 1}, {when: M <= 98, fixed: 2}", "no scenario of 'f' holds, for example at M = 99"},
      {"{when: M * N >= 8192, fixed: 1}, {when: M * N < 8192, fixed: 2}", NULL},
      {"{when: M < 64, fixed: 1}, {when: M >= 64 && N < 32, fixed: 2}, {when: M >= 64 && N >= 32, fixed: 3}", NULL},
  };
  loom_ctx *ctx = *state;
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    machine *m;
    ctx->diag = (diag_list){.last = &ctx->diag.first};
    const char *line = arena_printf(&ctx->mem, "      f: {unit: mac, symbols: [M, N], scenarios: [%s]}", cases[i].text);
    expect_ok(ctx, read_text(ctx, tiny_with(&ctx->mem, 25, line), &m));
    expect_ok(ctx, machine_check(ctx, m));
    assert_int_equal(ctx->diag.warnings, cases[i].warning != NULL);
    if (!cases[i].warning)
      continue;
    const char *told = ctx->diag.first->text;
    if (!strstr(told, cases[i].warning))
      fail_msg("told: %s", told);
    if (i < 2) {   /* the witness is one */
      int64_t a = strtoll(strstr(told, "M = ") + 4, NULL, 10), b = strtoll(strstr(told, "N = ") + 4, NULL, 10);
      assert_int_equal(a * b, 8192);
      const char *const symbols[] = {"M", "N"};   /* the first is taken; a gap is as dear as upstream's */
      assert_int_equal(cost_of(ctx, m, "f", symbols, (int64_t[]){a, b}, 2), i == 0 ? 1 : MACHINE_UNCOVERED_CYCLES);
    }
  }
}

static void test_attach_off_the_mesh_is_an_error(void **state) {
  loom_ctx *ctx = *state;
  machine *m = tiny(ctx);
  m->attach.at[1] = 6;
  assert_int_equal(machine_check(ctx, m), LOOM_EINPUT);
  testing_expect_error(ctx, LOOM_EINPUT, "DRAM channel 1 is attached to core 6; the mesh has 6", 20, 11);
}

static void test_too_few_attach_points_are_an_error(void **state) {
  loom_ctx *ctx = *state;
  machine *m = tiny(ctx);
  m->attach.n = 1;
  assert_int_equal(machine_check(ctx, m), LOOM_EINPUT);
  testing_expect_error(ctx, LOOM_EINPUT, "1 attach points for 2 DRAM channels", 0, 0);
}

static void test_missing_attach_is_spread_and_assumed(void **state) {
  loom_ctx *ctx = *state;
  machine *m;
  expect_ok(ctx, read_text(ctx, tiny_with(&ctx->mem, 20, ""), &m));
  assert_true(m->attach_assumed);
  assert_int_equal(m->attach.at[0], 0);
  assert_int_equal(m->attach.at[1], 3);
}

static void test_unknown_machine_is_a_usage_error_with_advice(void **state) {
  loom_ctx *ctx = *state;
  machine *m;
  assert_int_equal(machine_load(ctx, "wormhol", NULL, &m), LOOM_EUSAGE);
  testing_expect_error(ctx, LOOM_EUSAGE, "unknown machine 'wormhol'", 0, 0);
  assert_string_equal(ctx->diag.first->help, "did you mean 'wormhole'?");
}

static void test_missing_file_is_an_io_error(void **state) {
  loom_ctx *ctx = *state;
  machine *m;
  assert_int_equal(machine_load(ctx, "no/such.yaml", NULL, &m), LOOM_EIO);
  assert_int_equal(ctx->diag.first->status, LOOM_EIO);
}

static void test_unknown_calibration_is_a_usage_error(void **state) {
  loom_ctx *ctx = *state;
  machine *m;
  assert_int_equal(machine_load(ctx, "wormhole", "newst", &m), LOOM_EUSAGE);
  testing_expect_error(ctx, LOOM_EUSAGE, "machine 'wormhole' has no perf set 'newst'", 0, 0);
  assert_string_equal(ctx->diag.first->help, "did you mean 'newest'?");
}

static const char *const child = "schema: loom.machine.v1\nname: child\nextends: %s\n%s";

static void test_extending_replaces_what_is_said_again(void **state) {
  loom_ctx *ctx = *state;
  machine *m;
  expect_ok(ctx, read_text(ctx, arena_printf(&ctx->mem, child, "wormhole",
                                        "core: {memory: {bytes: 5000}}\nlinks: {hop_cycles: 3}\n"
                                        "dram: {bytes_per_cycle: 7}\n"
                                        "perf: {newest: {functions: {matmul_SS_f16: {unit: matrix, symbols: [M], fixed: M}}}}\n"),
                          &m));
  assert_string_equal(m->name, "child");
  assert_int_equal(m->l1_bytes, 5000);      /* takes banks and bank_bytes away */
  assert_int_equal(m->l1_banks, 0);
  assert_int_equal(m->l1_align_bytes, 32);
  assert_true(m->hop_cycles.value == 3 && !m->hop_cycles.is_assumed);
  assert_true(m->dram_bytes_per_cycle.value == 7);
  assert_int_equal(cost_of(ctx, m, "matmul_f16", (const char *[]){"M"}, (int64_t[]){9}, 1), 9);
  assert_int_equal(m->perf.n, 3);
}

/* Oracle: fixed + ceil(M / rate) in decimals. */
static void test_rates_may_have_decimals(void **state) {
  loom_ctx *ctx = *state;
  static const struct { const char *rate; int64_t m, cycles; } rows[] = {{"6.9", 69, 15}, {"6.9", 70, 16}, {"0.5", 7, 19}, {"2.0", 8, 9}, {"1.000001", 1000001, 1000005}};
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    machine *m;
    const char *perf = arena_printf(&ctx->mem, "perf: {newest: {functions: {matmul_SS_f16: {unit: matrix, symbols: [M], fixed: 5, volume: M, throughput: %s}}}}\n", rows[i].rate);
    expect_ok(ctx, read_text(ctx, arena_printf(&ctx->mem, child, "wormhole", perf), &m));
    assert_int_equal(cost_of(ctx, m, "matmul_f16", (const char *[]){"M"}, (int64_t[]){rows[i].m}, 1), rows[i].cycles);
  }
}

static void test_extending_machine_needs_a_name_of_its_own(void **state) {
  loom_ctx *ctx = *state;
  machine *m;
  assert_int_equal(read_text(ctx, "schema: loom.machine.v1\nextends: wormhole\n", &m), LOOM_EINPUT);
  testing_expect_error(ctx, LOOM_EINPUT, "the key 'name' is missing", 1, 1);
}

static void test_extending_nothing_is_an_error(void **state) {
  loom_ctx *ctx = *state;
  machine *m;
  assert_int_equal(read_text(ctx, arena_printf(&ctx->mem, child, "blackhol", ""), &m), LOOM_EINPUT);
  testing_expect_error(ctx, LOOM_EINPUT, "there is no machine 'blackhol' to extend", 3, 10);
  assert_string_equal(ctx->diag.first->help, "did you mean 'blackhole'?");
}

static void test_extending_in_a_circle_is_an_error(void **state) {
  loom_ctx *ctx = *state;
  char dir[] = "/tmp/machine_test_XXXXXX";
  assert_non_null(mkdtemp(dir));
  const char *path = file_join(&ctx->mem, dir, "child.yaml"), *s = arena_printf(&ctx->mem, child, "child", "");
  machine *m;
  expect_ok(ctx, file_write(ctx, path, s, strlen(s)));
  assert_int_equal(machine_load(ctx, path, NULL, &m), LOOM_EINPUT);
  testing_expect_error(ctx, LOOM_EINPUT, "'child' extends itself", 3, 10);
  unlink(path);
  rmdir(dir);
}

/* Names of files count from the file that has them, and lead beside it or below. */
static void test_extending_a_file(void **state) {
  loom_ctx *ctx = *state;
  char dir[] = "/tmp/machine_test_XXXXXX";
  assert_non_null(mkdtemp(dir));
  const char *below = file_join(&ctx->mem, dir, "below");
  static const struct { const char *file, *extends, *rest; } files[] = {
      {"own.yaml", "below/chip.yml", "dram: {bytes_per_cycle: 9}\n"}, {"below/chip.yml", "./base.yaml", "core: {memory: {bytes: 5000}}\n"}, {"below/base.yaml", "wormhole", "links: {hop_cycles: {value: 3, source: t}}\n"},
      {"one.yaml", "two.yaml", ""}, {"two.yaml", "./one.yaml", ""}, {"up.yaml", "below/../own.yaml", ""}, {"root.yaml", "/etc/chip.yaml", ""}, {"gone.yaml", "wormhol.yaml", ""}, {"dir.yaml", "below/", ""}};
  static const struct { const char *file; loom_status status; const char *text; } wrong[] = {
      {"one.yaml", LOOM_EINPUT, "extends itself, by way of others"}, {"up.yaml", LOOM_EINPUT, "is not beside this file or below"}, {"root.yaml", LOOM_EINPUT, "is not beside this file or below"},
      {"gone.yaml", LOOM_EINPUT, "there is no file"}, {"dir.yaml", LOOM_EINPUT, "there is no file"}};
  assert_int_equal(mkdir(below, 0700), 0);
  for (size_t i = 0; i < COUNT_OF(files); i++) {
    const char *s = arena_printf(&ctx->mem, child, files[i].extends, files[i].rest);
    expect_ok(ctx, file_write(ctx, file_join(&ctx->mem, dir, files[i].file), s, strlen(s)));
  }
  machine *m;
  expect_ok(ctx, machine_load(ctx, file_join(&ctx->mem, dir, "own.yaml"), NULL, &m));
  assert_int_equal(m->l1_bytes, 5000);
  assert_true(m->dram_bytes_per_cycle.value == 9 && m->hop_cycles.value == 3 && m->clock_hz.value > 0);
  assert_non_null(strstr(machine_describe(&ctx->mem, m), "t [base.yaml]"));
  for (size_t i = 0; i < COUNT_OF(wrong); i++) {
    const diag_mark before = diag_save(ctx);
    assert_int_equal(machine_load(ctx, file_join(&ctx->mem, dir, wrong[i].file), NULL, &m), wrong[i].status);
    testing_expect_error(ctx, wrong[i].status, wrong[i].text, 3, 10);
    diag_drop(ctx, before);
  }
  for (size_t i = 0; i < COUNT_OF(files); i++)
    unlink(file_join(&ctx->mem, dir, files[i].file));
  rmdir(below);
  rmdir(dir);
}

static loom_status read_body(loom_ctx *ctx, void *data) {
  machine *m;
  LOOM_TRY(read_text(ctx, data, &m));
  LOOM_TRY(machine_check(ctx, m));
  return *machine_to_yaml(&ctx->mem, m) && *machine_describe(&ctx->mem, m) ? LOOM_OK : LOOM_EBUG;
}

static void test_reading_survives_any_failing_allocation(void **state) {
  loom_ctx *ctx = *state;
  testing_sweep_memory(read_body, (void *)(uintptr_t)tiny_with(&ctx->mem, 0, NULL));
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
  const struct CMUnitTest tests[] = {
      T(test_every_value_arrives),
      T(test_ways_of_working_arrive_and_round_trip),
      T(test_division_rounds_up_in_fixed_and_down_in_throughput),
      T(test_throughput_below_one_is_taken_exactly),
      T(test_a_quotient_times_a_factor_is_taken_exactly),
      T(test_a_throughput_that_cannot_be_computed_is_told),
      T(test_everything_round_trips),
      T(test_shipped_machines_have_the_stated_sizes),
      T(test_description_says_what_is_assumed),
      T(test_submesh_keeps_the_corner),
      T(test_wrong_files_are_told_with_their_place),
      T(test_guards_are_linted_with_a_witness),
      T(test_attach_off_the_mesh_is_an_error),
      T(test_too_few_attach_points_are_an_error),
      T(test_missing_attach_is_spread_and_assumed),
      T(test_unknown_machine_is_a_usage_error_with_advice),
      T(test_missing_file_is_an_io_error),
      T(test_unknown_calibration_is_a_usage_error),
      T(test_extending_replaces_what_is_said_again),
      T(test_rates_may_have_decimals), T(test_extending_machine_needs_a_name_of_its_own),
      T(test_extending_nothing_is_an_error),
      T(test_extending_in_a_circle_is_an_error),
      T(test_extending_a_file),
      T(test_reading_survives_any_failing_allocation),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
