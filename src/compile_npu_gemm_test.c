/* PyTorchSim's GEMM program as it writes it (npu.md 1.0): asynchronous loads cut into subtiles, waits by slot, through every pass to machine code and the simulator.
 * Oracle: three loops over small integers, exact in f32; and the simulator's own checks (early reads, loads that nothing waits for, waits for nothing). */
#include "base/rng.h"
#include "base/testing.h"
#include "base/text.h"
#include "machine/machine.h"
#include "pass/pass.h"
#include "sim/npu/npu.h"
#include "target/npu/npt.h"
#include "target/npu/npt_outline.h"
#include "target/npu/npt_tog.h"

enum { LANES = 128 };
typedef struct gemm { int64_t m, n, k, tile_m, tile_n, tile_k, sub_m, sub_n, sub_k; } gemm;

static void load(text *t, const char *what, int64_t rows, int64_t columns, int64_t row_stride, int64_t sub_rows, int64_t sub_columns, int64_t size, int kind) {
  text_addf(t, "        \"togsim.transfer\"(%%%s_dram, %%%s_at, %%%s, %%c0, %%%s_tag, %%c0, %%c%d, %%c1) {dma_kind = \"MVIN\", vlane_split_axis = 1 : i64, dram_stride = [%" PRId64 ", 1], tile_stride = [1, %" PRId64 "], "
               "subtile_size = [%" PRId64 ", %" PRId64 "], async = true} : (memref<%" PRId64 "xf32>, index, memref<%" PRId64 "x%" PRId64 "xf32, 1>, index, memref<1xi32>, index, index, index) -> ()\n",
            what, what, what, what, kind, row_stride, rows, sub_rows, sub_columns, size, rows, columns);
}

static const char *program_of(arena *mem, const gemm *g) {
  text t = text_new(mem);
  const int64_t flat = g->tile_m * ((g->tile_n + LANES - 1) / LANES);
  text_addf(&t, "memref.global \"private\" @X_spad : memref<%" PRId64 "x%" PRId64 "xf32, 1>\nmemref.global \"private\" @W_spad : memref<%" PRId64 "x%" PRId64 "xf32, 1>\nmemref.global \"private\" @Y_spad : memref<%" PRId64 "x%" PRId64 "xf32, 1>\n",
            g->tile_m, g->tile_k, g->tile_k, g->tile_n, g->tile_m, g->tile_n);
  text_addf(&t, "func.func @kernel(%%x_dram: memref<%" PRId64 "xf32>, %%w_dram: memref<%" PRId64 "xf32>, %%y_dram: memref<%" PRId64 "xf32>) {\n", g->m * g->k, g->k * g->n, g->m * g->n);
  text_add(&t, "  %c0 = arith.constant 0 : index\n  %c1 = arith.constant 1 : index\n  %c2 = arith.constant 2 : index\n  %c3 = arith.constant 3 : index\n  %zero = arith.constant dense<0.0> : vector<8xf32>\n"
               "  %x_tag = memref.alloc() : memref<1xi32>\n  %w_tag = memref.alloc() : memref<1xi32>\n  %y_tag = memref.alloc() : memref<1xi32>\n");
  text_addf(&t, "  %%x = memref.get_global @X_spad : memref<%" PRId64 "x%" PRId64 "xf32, 1>\n  %%w = memref.get_global @W_spad : memref<%" PRId64 "x%" PRId64 "xf32, 1>\n  %%y = memref.get_global @Y_spad : memref<%" PRId64 "x%" PRId64 "xf32, 1>\n",
            g->tile_m, g->tile_k, g->tile_k, g->tile_n, g->tile_m, g->tile_n);
  text_addf(&t, "  affine.for %%m = 0 to %" PRId64 " step %" PRId64 " {\n    affine.for %%n = 0 to %" PRId64 " step %" PRId64 " {\n", g->m, g->tile_m, g->n, g->tile_n);
  text_addf(&t, "      %%flat = memref.reinterpret_cast %%y to offset: [0], sizes: [%" PRId64 "], strides: [1] : memref<%" PRId64 "x%" PRId64 "xf32, 1> to memref<%" PRId64 "xf32, strided<[1]>, 1>\n"
                "      affine.for %%i = 0 to %" PRId64 " step 8 {\n        affine.vector_store %%zero, %%flat[%%i] : memref<%" PRId64 "xf32, strided<[1]>, 1>, vector<8xf32>\n      }\n",
            flat, g->tile_m, g->tile_n, flat, flat, flat);
  text_addf(&t, "      affine.for %%k = 0 to %" PRId64 " step %" PRId64 " {\n        %%x_at = affine.apply affine_map<(d0, d1) -> (d0 * %" PRId64 " + d1)>(%%m, %%k)\n        %%w_at = affine.apply affine_map<(d0, d1) -> (d0 * %" PRId64 " + d1)>(%%k, %%n)\n",
            g->k, g->tile_k, g->k, g->n);
  load(&t, "x", g->tile_m, g->tile_k, g->k, g->sub_m, g->sub_k, g->m * g->k, ISA_MVIN);
  load(&t, "w", g->tile_k, g->tile_n, g->n, g->sub_k, g->sub_n, g->k * g->n, ISA_MVIN2);
  text_addf(&t, "        linalg.matmul ins(%%x, %%w : memref<%" PRId64 "x%" PRId64 "xf32, 1>, memref<%" PRId64 "x%" PRId64 "xf32, 1>) outs(%%y : memref<%" PRId64 "x%" PRId64 "xf32, 1>)\n      } {accumulation_loop = true}\n",
            g->tile_m, g->tile_k, g->tile_k, g->tile_n, g->tile_m, g->tile_n);
  text_addf(&t, "      %%y_at = affine.apply affine_map<(d0, d1) -> (d0 * %" PRId64 " + d1)>(%%m, %%n)\n      \"togsim.transfer\"(%%y_dram, %%y_at, %%y, %%c0, %%y_tag, %%c0, %%c3, %%c1) {dma_kind = \"MVOUT\", vlane_split_axis = 1 : i64, "
                "dram_stride = [%" PRId64 ", 1], tile_stride = [1, %" PRId64 "]} : (memref<%" PRId64 "xf32>, index, memref<%" PRId64 "x%" PRId64 "xf32, 1>, index, memref<1xi32>, index, index, index) -> ()\n"
                "    } {outer_loop = true}\n  } {outer_loop = true}\n  return\n}\n", g->n, g->n, g->tile_m, g->m * g->n, g->tile_m, g->tile_n);
  return text_str(&t);
}

static loom_status build(ir_ctx *ir, const machine *m, const gemm *g, tile_graph **graph, npt_riscv_code *code) {
  MlirModule module;
  const char *src = program_of(&ir->ctx->mem, g);
  const npt_tog_options o = {.lanes = LANES, .systolic_size = LANES, .pipeline = m->pipeline};
  LOOM_TRY(dialect_load(ir));
  LOOM_TRY(dialect_load_togsim(ir, false));
  LOOM_TRY(ir_parse(ir, "gemm.mlir", src, strlen(src), &module));
  loom_status st = pass_run_pipeline(ir, module, "builtin.module(loom-dma-fine-grained{systolic-array-size=128},loom-to-vcix{systolic-array-size=128 vlen=256})", NULL);
  if (st == LOOM_OK)
    st = npt_build_tog(ir, module, "kernel", &o, graph);
  if (st == LOOM_OK)
    st = npt_outline(ir, module, "kernel");
  if (st == LOOM_OK)
    st = npt_lower_dma(ir, mlirModuleGetOperation(module), false);
  if (st == LOOM_OK)
    st = npt_riscv_compile(ir, module, 256, false, code);
  ir_close_module(module);
  return st;
}

static void check(const gemm *g) {
  loom_ctx ctx;
  ir_ctx ir;
  machine *m;
  tile_graph *graph;
  npt_riscv_code code;
  npu_report report;
  loom_ctx_init(&ctx);
  assert_int_equal(machine_load(&ctx, LOOM_SOURCE_DIR "/machines/tpuv3.yaml", NULL, &m), LOOM_OK);
  assert_int_equal(ir_open(&ctx, &ir), LOOM_OK);
  if (build(&ir, m, g, &graph, &code) != LOOM_OK)
    fail_msg("%s", ctx.diag.first->text);
  float *tensor[3];
  const int64_t elems[3] = {g->m * g->k, g->k * g->n, g->m * g->n};
  npu_data data[3];
  rng r = rng_new(1);
  int64_t base = 0;
  for (int i = 0; i < 3; i++) {
    tensor[i] = arena_alloc(&ctx.mem, sizeof(float) * (size_t)elems[i]);
    for (int64_t k = 0; k < elems[i]; k++)
      tensor[i][k] = i == 2 ? NAN : (float)rng_range(&r, -3, 3);
  }
  assert_int_equal(graph->tensors.n, 3);
  for (size_t i = 0; i < 3; i++) {
    const int argument = graph->tensors.at[i].name[3] - '0';
    graph->tensors.at[i].is_placed = true;
    graph->tensors.at[i].base = base;
    base += (elems[argument] * 4 + 4095) / 4096 * 4096;
    data[i] = (npu_data){tensor[argument], elems[argument] * 4, argument == 2};
  }
  const npu_values values = {.path = "kernel.o", .object = code.object, .object_bytes = code.size, .tensors = data, .n_tensors = 3};
  const npu_options o = {.values = &values}, timing = {0};
  npu_report alone;
  loom_status st = npu_run(&ctx, graph, m, &o, &report);
  if (st != LOOM_OK)
    fail_msg("%s", ctx.diag.first->text);
  if (report.n_faults)
    fail_msg("%s: %s", npu_fault_name(report.faults.at[0].kind), report.faults.at[0].text);
  assert_int_equal(npu_run(&ctx, graph, m, &timing, &alone), LOOM_OK);
  assert_int_equal(alone.cycles, report.cycles);
  for (int64_t i = 0; i < g->m; i++)
    for (int64_t j = 0; j < g->n; j++) {
      float want = 0;
      for (int64_t k = 0; k < g->k; k++)
        want += tensor[0][i * g->k + k] * tensor[1][k * g->n + j];
      if (want != tensor[2][i * g->n + j])
        fail_msg("Y[%" PRId64 ", %" PRId64 "] is %g, must be %g", i, j, (double)tensor[2][i * g->n + j], (double)want);
    }
  ir_close(&ir);
  loom_ctx_done(&ctx);
}

static void test_gemm_of_one_tile(void **state) {
  (void)state;
  check(&(gemm){128, 128, 128, 128, 128, 128, 128, 128, 128});
}

static void test_gemm_in_tiles_and_subtiles(void **state) {
  (void)state;
  check(&(gemm){256, 256, 256, 256, 256, 256, 128, 128, 256});    /* PyTorchSim's own cut */
  check(&(gemm){256, 384, 512, 128, 384, 256, 128, 128, 256});
}

/* Cut along k too: slots that PyTorchSim's formulas would mix up. */
static void test_gemm_cut_along_k(void **state) {
  (void)state;
  check(&(gemm){256, 256, 256, 256, 256, 256, 128, 128, 128});
  check(&(gemm){256, 256, 512, 256, 256, 512, 128, 128, 256});
}

/* Rows in parts below the array's size, and a product smaller than it. */
static void test_gemm_of_few_rows(void **state) {
  (void)state;
  check(&(gemm){64, 128, 128, 64, 128, 128, 32, 128, 128});
  check(&(gemm){16, 64, 40, 8, 64, 40, 8, 64, 40});
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_gemm_of_one_tile), cmocka_unit_test(test_gemm_in_tiles_and_subtiles), cmocka_unit_test(test_gemm_cut_along_k), cmocka_unit_test(test_gemm_of_few_rows)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
