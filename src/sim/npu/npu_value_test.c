/* Values in the same run: a matmul whose nodes have machine code, written here as assembly.  Oracle: the product in plain C, of small integers, so that every order of sums gives
 * the same bits; and the timing of the same graph without values. */
#include "sim/npu/npu_value_testing.h"
#include <stdlib.h>

static void test_products_are_right_and_cycles_do_not_depend_on_values(void **state) {
  loom_ctx *ctx = *state;
  static const char *const chips[] = {NULL, "mesh: [{name: core, size: 2}]\n", "npu: {weight_slots: 1, window: 16}\n", "core: {dispatch: {items: 1}}\n"};
  for (size_t k = 0; k < COUNT_OF(chips); k++)
    for (int dram = 0; dram < 2; dram++) {
      const machine *m = chip(ctx, chips[k]);
      rig r = open_rig(ctx, m, (npu_gemm){256, 256, 384}, (gemm_code){256, 256, 128}, "");
      npu_report with = run(ctx, &r, m, (dram_model)dram, true);
      if (with.n_faults)
        fail_msg("%s", with.faults.at[0].text);
      assert_int_equal(wrong_elements(&r), 0);
      npu_report without = run(ctx, &r, m, (dram_model)dram, false);
      assert_int_equal(with.cycles, without.cycles);
      assert_int_equal(with.events, without.events);
      assert_int_equal(without.code_instructions, 0);
      assert_true(with.code_instructions > 3 * 2 * 2 * (16 * 5 + 16 * 7));
    }
}

/* Two products beside each other, each with values of its own; and one beside a graph for its time alone. */
static void test_jobs_have_values_of_their_own(void **state) {
  loom_ctx *ctx = *state;
  const machine *m = chip(ctx, "mesh: [{name: core, size: 2}]\n");
  for (int k = 0; k < 2; k++) {
    rig a = open_rig(ctx, m, (npu_gemm){128, 128, 256}, (gemm_code){128, 128, 128}, ""), b = open_rig(ctx, m, (npu_gemm){256, 128, 128}, (gemm_code){256, 128, 128}, "");
    a.values.tensors = a.data;
    b.values.tensors = b.data;
    a.values.n_tensors = b.values.n_tensors = 3;
    const npu_job jobs[] = {{.graph = a.g, .values = &a.values}, {.graph = b.g, .values = k ? NULL : &b.values, .partition = 1}};
    npu_report r;
    assert_int_equal(npu_run_jobs(ctx, jobs, 2, 2, m, &(npu_options){0}, &r), LOOM_OK);
    if (r.n_faults)
      fail_msg("%s", r.faults.at[0].text);
    assert_int_equal(wrong_elements(&a), 0);
    if (k == 0)
      assert_int_equal(wrong_elements(&b), 0);
    for (int64_t i = 0; k && i < b.s.m * b.s.n; i++)
      assert_true(b.c[i] == -1);
  }
}

/* Each of these changes one number of the code. */
static void test_changed_code_is_noticed(void **state) {
  loom_ctx *ctx = *state;
  static const struct { const char *change; npu_fault_kind kind; const char *text; } cases[] = {
      {"dram stride", NPU_FAULT_TRANSFER, "makes a transfer of another DRAM strides than the graph has, in work item 0"},
      {"dims", NPU_FAULT_TRANSFER, "makes a transfer of another dims than the graph has"},
      {"direction", NPU_FAULT_CODE, "the code of node 'load"},          /* into a tensor that is not to be written */
      {"weights", NPU_FAULT_CODE, "the code of node 'compute"},         /* 120 rows of 128 */
      {"push", NPU_FAULT_CODE, "the code of node 'compute"},
      {"immediate", NPU_FAULT_CODE, "the code of node 'compute"},
      {"call", NPU_FAULT_CODE, "the code of node 'store"},
      {"move", NPU_FAULT_TRANSFER, "makes a transfer of another direction than the graph has"},
      {"indirection", NPU_FAULT_TRANSFER, "makes a transfer of another indirection than the graph has"},
      {"mask low", NPU_FAULT_TRANSFER, "makes a transfer of another mask than the graph has"},
      {"mask high", NPU_FAULT_TRANSFER, "makes a transfer of another mask than the graph has"},
      {"outputs", NPU_FAULT_CODE, "leaves rows in the array: 0 of input, 8 of output"},
      {"inputs", NPU_FAULT_CODE, "leaves rows in the array: 8 of input, 0 of output"},
  };
  const machine *m = chip(ctx, NULL);
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    rig r = open_rig(ctx, m, (npu_gemm){128, 128, 128}, (gemm_code){128, 128, 128}, cases[i].change);
    r.data[0].may_write = strcmp(cases[i].change, "move") == 0;
    npu_report report = run(ctx, &r, m, DRAM_RATE, true);
    if (!report.n_faults)
      fail_msg("%s: no fault", cases[i].change);
    if (report.faults.at[0].kind != cases[i].kind || !strstr(report.faults.at[0].text, cases[i].text))
      fail_msg("%s: %s: %s", cases[i].change, npu_fault_name(report.faults.at[0].kind), report.faults.at[0].text);
  }
  rig r = open_rig(ctx, m, (npu_gemm){128, 256, 128}, (gemm_code){128, 256, 128}, "spad stride");   /* in the bank, at another place: wrong numbers */
  run(ctx, &r, m, DRAM_RATE, true);
  assert_true(wrong_elements(&r) > 0);
}

/* A mask that lets everything through is none; one of the graph's that lets nothing through moves nothing. */
static void test_masks_of_code_are_those_of_the_graph(void **state) {
  loom_ctx *ctx = *state;
  const machine *m = chip(ctx, NULL);
  enum { SAME, EMPTY_GRAPH, EMPTY_BOTH, CASES };
  for (int k = 0; k < CASES; k++) {
    rig r = open_rig(ctx, m, (npu_gemm){128, 128, 128}, (gemm_code){128, 128, 128}, k == EMPTY_BOTH ? "mask nothing" : "mask");
    tile_node *store = &r.g->nodes.at[r.g->nodes.n - 1];
    assert_int_equal(store->kind, TILE_STORE);
    if (k != SAME)
      vec_push(&ctx->mem, &store->masks, ((tile_mask){.dim = 0}));
    npu_report report = run(ctx, &r, m, DRAM_RATE, true);
    assert_int_equal(report.n_faults, k == EMPTY_GRAPH);
    if (k == EMPTY_GRAPH)
      assert_non_null(strstr(report.faults.at[0].text, "makes a transfer of another mask than the graph has"));
    assert_int_equal(wrong_elements(&r) == 0, k != EMPTY_BOTH);
  }
}

/* A node may use as many tiles as it likes, and is given the sizes behind the values of its loops. */
static void test_nodes_see_all_their_tiles_and_the_sizes(void **state) {
  loom_ctx *ctx = *state;
  const machine *m = chip(ctx, NULL);
  const int64_t sizes[] = {1, 2, 3};
  rig r = open_rig(ctx, m, (npu_gemm){128, 128, 128}, (gemm_code){128, 128, 128}, "");
  for (size_t i = 0; i < r.g->nodes.n; i++) {
    tile_node *n = &r.g->nodes.at[i];
    if (n->kind != TILE_COMPUTE || n->unit != TILE_VECTOR)
      continue;
    const tile_use y = n->uses.at[0];
    n->uses.n = 0;
    for (int k = 0; k < 70; k++) {
      const tile_buffer *last = &r.g->buffers.at[r.g->buffers.n - 1];
      vec_push(&ctx->mem, &n->uses, ((tile_use){(int)r.g->buffers.n, TILE_WRITE}));
      vec_push(&ctx->mem, &r.g->buffers, ((tile_buffer){arena_printf(&ctx->mem, "more%d", k), last->address + last->lane_bytes, 4}));
    }
    vec_push(&ctx->mem, &n->uses, y);
  }
  for (size_t i = 0; i < COUNT_OF(sizes); i++)
    vec_push(&ctx->mem, &r.g->symbols, "M");
  npu_report report;
  r.values.tensors = r.data;
  r.values.n_tensors = 3;
  assert_int_equal(npu_run(ctx, r.g, m, &(npu_options){.values = &r.values, .symbols = sizes, .n_symbols = COUNT_OF(sizes)}, &report), LOOM_OK);
  if (report.n_faults)
    fail_msg("%s", report.faults.at[0].text);
  assert_int_equal(wrong_elements(&r), 0);
}

/* Buffers at addresses from 0 on are those of the scratchpad; a tensor without data is not there, under the name that was given to it. */
static void test_programs_see_their_scratchpad_and_their_tensors(void **state) {
  loom_ctx *ctx = *state;
  const machine *m = chip(ctx, NULL);
  rig r = open_rig(ctx, m, (npu_gemm){128, 128, 128}, (gemm_code){128, 128, 128}, "");
  for (size_t i = 0; i < r.g->buffers.n; i++)
    r.g->buffers.at[i].address %= ISA_SPAD_ADDRESS;
  assert_int_equal(run(ctx, &r, m, DRAM_RATE, true).n_faults, 0);
  assert_int_equal(wrong_elements(&r), 0);
  const struct { npu_data data; const char *text; } rows[] = {{{r.a, 128, false, "mine"}, " of mine, which has 128"}, {{NULL, 128, false, "mine"}, "no tensor has byte"}};
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    r.data[0] = rows[i].data;
    npu_report report = run(ctx, &r, m, DRAM_RATE, true);
    assert_int_equal(report.faults.at[0].kind, NPU_FAULT_CODE);
    if (!strstr(report.faults.at[0].text, rows[i].text))
      fail_msg("%s", report.faults.at[0].text);
  }
}

/* Without a wait the product meets NaN, or the load is told to have been waited for by nobody. */
static void test_a_dropped_wait_is_noticed(void **state) {
  loom_ctx *ctx = *state;
  const machine *m = chip(ctx, NULL);
  for (int dropped = 0; dropped < 2; dropped++) {
    rig r = open_rig(ctx, m, (npu_gemm){128, 128, 128}, (gemm_code){128, 128, 128}, "");
    for (size_t i = 0; i < r.g->nodes.n; i++) {
      tile_node *n = &r.g->nodes.at[i];
      if (n->kind == TILE_WAIT && n->tensor == dropped)
        *n = (tile_node){.kind = TILE_COMPUTE, .name = n->name, .parent = n->parent, .unit = TILE_VECTOR};
    }
    npu_report report = run(ctx, &r, m, DRAM_RATE, true);
    assert_true(report.n_faults > 0);
    assert_true(report.faults.at[0].kind == NPU_FAULT_EARLY_READ);
    assert_true(wrong_elements(&r) > 0);
    assert_true(r.c[0] != r.c[0]);   /* NaN: what was not there yet */
  }
}

static void test_what_values_need_is_told(void **state) {
  (void)state;
  enum { FUNCTION, TENSORS, SYMBOL, DAMAGED, SHORT, CASES };
  static const struct { loom_status status; const char *text; } want[CASES] = {
      [FUNCTION] = {LOOM_EINPUT, "the object has no function 'nowhere', which node 'store"},
      [TENSORS] = {LOOM_EINPUT, "has 3 tensors; data are given for 2"},
      [SYMBOL] = {LOOM_EUNSUP, "dram_0"},
      [DAMAGED] = {LOOM_EINPUT, ""},
      [SHORT] = {LOOM_OK, NULL},
  };
  for (int k = 0; k < CASES; k++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    const machine *m = chip(&ctx, NULL);
    rig r = open_rig(&ctx, m, (npu_gemm){128, 128, 128}, (gemm_code){128, 128, 128}, "");
    npu_report report;
    r.values.tensors = r.data;
    r.values.n_tensors = k == TENSORS ? 2 : 3;
    if (k == FUNCTION)
      r.g->nodes.at[r.g->nodes.n - 1].function = "nowhere";
    if (k == SYMBOL)
      r.g->tensors.at[0].name = "other";
    if (k == DAMAGED)
      r.values.object_bytes = 100;
    if (k == SHORT)
      r.data[0].bytes -= 4;
    loom_status st = npu_run(&ctx, r.g, m, &(npu_options){.values = &r.values}, &report);
    assert_int_equal(st, want[k].status);
    if (k == SHORT) {
      assert_int_equal(report.faults.at[0].kind, NPU_FAULT_CODE);
      assert_non_null(strstr(report.faults.at[0].text, "arg0"));
    } else if (!strstr(ctx.diag.first->text, want[k].text))
      fail_msg("%s", ctx.diag.first->text);
    loom_ctx_done(&ctx);
  }
}

int main(void) {
#define T(f) cmocka_unit_test_setup_teardown(f, testing_open_context, testing_close_context)
  const struct CMUnitTest tests[] = {
      T(test_products_are_right_and_cycles_do_not_depend_on_values),
      T(test_jobs_have_values_of_their_own),
      T(test_changed_code_is_noticed),
      T(test_a_dropped_wait_is_noticed),
      T(test_what_values_need_is_told),
      T(test_masks_of_code_are_those_of_the_graph),
      T(test_nodes_see_all_their_tiles_and_the_sizes),
      T(test_programs_see_their_scratchpad_and_their_tensors),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
