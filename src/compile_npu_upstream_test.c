/* PyTorchSim's GEMM and convolution as it writes them (npu.md 1.0): asynchronous loads cut into subtiles, waits by slot, through every pass to machine code and the simulator.
 * Oracle: three loops over small integers, exact in f32; and the simulator's own checks (early reads, loads that nothing waits for, waits for nothing). */
#include "base/rng.h"
#include "compile_npu_testing.h"
#include "sim/npu/npu.h"

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

/* A program, the sizes of its tensors (two read, one written), and what is to come out. */
typedef struct job { const char *src; int64_t elems[3]; void (*wanted)(const struct job *j, const float *x, const float *w, float *y); const void *shape; } job;

static void check(loom_ctx *ctx, const job *j) {
  ir_ctx ir;
  machine *m;
  tile_graph *graph;
  npt_riscv_code code;
  npu_report report, alone;
  assert_int_equal(machine_load(ctx, LOOM_SOURCE_DIR "/machines/tpuv3.yaml", NULL, &m), LOOM_OK);
  assert_int_equal(ir_open(ctx, &ir), LOOM_OK);
  if (build_program(&ir, m, j->src, "loom-dma-fine-grained{systolic-array-size=128},", &graph, &code) != LOOM_OK)
    fail_msg("%s", ctx->diag.first->text);
  float *tensor[3], *wanted = arena_alloc(&ctx->mem, sizeof(float) * (size_t)j->elems[2]);
  npu_data data[3];
  rng r = rng_new(1);
  int64_t base = 0;
  for (int i = 0; i < 3; i++) {
    tensor[i] = arena_alloc(&ctx->mem, sizeof(float) * (size_t)j->elems[i]);
    for (int64_t k = 0; k < j->elems[i]; k++)
      tensor[i][k] = i == 2 ? NAN : (float)rng_range(&r, -3, 3);
  }
  assert_int_equal(graph->tensors.n, 3);
  for (size_t i = 0; i < 3; i++) {
    const int argument = graph->tensors.at[i].name[3] - '0';
    graph->tensors.at[i].is_placed = true;
    graph->tensors.at[i].base = base;
    base += (j->elems[argument] * 4 + 4095) / 4096 * 4096;
    data[i] = (npu_data){tensor[argument], j->elems[argument] * 4, argument == 2, NULL};
  }
  const npu_values values = {.path = "kernel.o", .object = code.object, .object_bytes = code.size, .tensors = data, .n_tensors = 3};
  const npu_options o = {.values = &values}, timing = {0};
  if (npu_run(ctx, graph, m, &o, &report) != LOOM_OK)
    fail_msg("%s", ctx->diag.first->text);
  if (report.n_faults)
    fail_msg("%s: %s", npu_fault_name(report.faults.at[0].kind), report.faults.at[0].text);
  assert_int_equal(npu_run(ctx, graph, m, &timing, &alone), LOOM_OK);
  assert_int_equal(alone.cycles, report.cycles);
  j->wanted(j, tensor[0], tensor[1], wanted);
  for (int64_t i = 0; i < j->elems[2]; i++)
    if (wanted[i] != tensor[2][i])
      fail_msg("element %" PRId64 " is %g, must be %g", i, (double)tensor[2][i], (double)wanted[i]);
  ir_close(&ir);
}

static void gemm_wanted(const job *j, const float *x, const float *w, float *y) {
  const gemm *g = j->shape;
  for (int64_t i = 0; i < g->m * g->n; i++) {
    y[i] = 0;
    for (int64_t k = 0; k < g->k; k++)
      y[i] += x[i / g->n * g->k + k] * w[k * g->n + i % g->n];
  }
}

static void check_gemm(const gemm *g) {
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  check(&ctx, &(job){program_of(&ctx.mem, g), {g->m * g->k, g->k * g->n, g->m * g->n}, gemm_wanted, g});
  loom_ctx_done(&ctx);
}

static void test_gemm_of_one_tile(void **state) {
  (void)state;
  check_gemm(&(gemm){128, 128, 128, 128, 128, 128, 128, 128, 128});
}

static void test_gemm_in_tiles_and_subtiles(void **state) {
  (void)state;
  check_gemm(&(gemm){256, 256, 256, 256, 256, 256, 128, 128, 256});    /* PyTorchSim's own cut */
  check_gemm(&(gemm){256, 384, 512, 128, 384, 256, 128, 128, 256});
}

/* Cut along k too: slots that PyTorchSim's formulas would mix up. */
static void test_gemm_cut_along_k(void **state) {
  (void)state;
  check_gemm(&(gemm){256, 256, 256, 256, 256, 256, 128, 128, 128});
  check_gemm(&(gemm){256, 256, 512, 256, 256, 512, 128, 128, 256});
}

/* Rows in parts below the array's size, and a product smaller than it. */
static void test_gemm_of_few_rows(void **state) {
  (void)state;
  check_gemm(&(gemm){64, 128, 128, 64, 128, 128, 32, 128, 128});
  check_gemm(&(gemm){16, 64, 40, 8, 64, 40, 8, 64, 40});
}

/* A convolution: x[ih][iw][m][c], w[kh][kw][c][n], y[oh][ow][m][n], one tile of it all but for c, which comes in tiles of tile_c; pixels and taps are loaded one by one. */
typedef struct conv { int64_t m, c, n, tile_c, kh, kw, oh, ow, step; } conv;

static void conv_wanted(const job *j, const float *x, const float *w, float *y) {
  const conv *v = j->shape;
  const int64_t width = (v->ow - 1) * v->step + v->kw;
  for (int64_t i = 0; i < v->oh * v->ow * v->m * v->n; i++) {
    const int64_t n = i % v->n, m = i / v->n % v->m, ow = i / v->n / v->m % v->ow, oh = i / v->n / v->m / v->ow;
    y[i] = 0;
    for (int64_t t = 0; t < v->kh * v->kw * v->c; t++) {
      const int64_t c = t % v->c, kw = t / v->c % v->kw, kh = t / v->c / v->kw;
      y[i] += x[(((oh * v->step + kh) * width + ow * v->step + kw) * v->m + m) * v->c + c] * w[t * v->n + n];
    }
  }
}

#define LIST4 "[%" PRId64 ", %" PRId64 ", %" PRId64 ", %" PRId64 "]"
typedef struct box { const char *what; int64_t dims[4], full[4]; int64_t blocks; } box;   /* of a tile, of its tensor; what one (h, w) takes of a lane's bank, in elements */

static const char *type_of(arena *mem, const box *b) { return arena_printf(mem, "memref<%" PRId64 "x%" PRId64 "x%" PRId64 "x%" PRId64 "xf32, 1>", b->dims[0], b->dims[1], b->dims[2], b->dims[3]); }

static void move(text *t, const box *b, int kind, bool is_cut) {
  const int64_t *f = b->full, *d = b->dims;
  text_addf(t, "  \"togsim.transfer\"(%%%s_dram, %%%s_at, %%%s, %%c0, %%%s_tag, %%c0, %%c%d, %%c1) {dma_kind = \"%s\", vlane_split_axis = 3 : i64, dram_stride = " LIST4 ", tile_stride = " LIST4, b->what, b->what, b->what, b->what, kind,
            kind == ISA_MVOUT ? "MVOUT" : "MVIN", f[1] * f[2] * f[3], f[2] * f[3], f[3], INT64_C(1), d[1] * d[2] * d[3], d[2] * d[3], INT64_C(1), d[2]);
  if (is_cut)
    text_addf(t, ", subtile_size = " LIST4 ", async = true", INT64_C(1), INT64_C(1), d[2], d[3]);
  text_addf(t, "} : (memref<%" PRId64 "xf32>, index, %s, index, memref<1xi32>, index, index, index) -> ()\n", f[0] * f[1] * f[2] * f[3], type_of(t->mem, b));
}

static void view(text *t, const box *b, const char *h, const char *w) {
  text_addf(t, "  %%%s_o = affine.apply affine_map<(d0, d1) -> (d0 * %" PRId64 " + d1 * %" PRId64 ")>(%%%s, %%%s)\n  %%%s_v = memref.reinterpret_cast %%%s to offset: [%%%s_o], sizes: [%" PRId64 ", %" PRId64 "], strides: [%" PRId64 ", 1] : %s to "
               "memref<%" PRId64 "x%" PRId64 "xf32, strided<[%" PRId64 ", 1], offset: ?>, 1>\n", b->what, b->dims[1] * b->blocks, b->blocks, h, w, b->what, b->what, b->what, b->dims[2], b->dims[3], b->dims[3], type_of(t->mem, b),
            b->dims[2], b->dims[3], b->dims[3]);
}

static int64_t rounds(int64_t columns) { return (columns + LANES - 1) / LANES; }

static void check_conv(const conv *v) {
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  const int64_t h = (v->oh - 1) * v->step + v->kh, w = (v->ow - 1) * v->step + v->kw;
  const box boxes[3] = {{"x", {h, w, v->m, v->tile_c}, {h, w, v->m, v->c}, v->m * rounds(v->tile_c)}, {"w", {v->kh, v->kw, v->tile_c, v->n}, {v->kh, v->kw, v->c, v->n}, v->tile_c * rounds(v->n)},
                        {"y", {v->oh, v->ow, v->m, v->n}, {v->oh, v->ow, v->m, v->n}, v->m * rounds(v->n)}};
  text t = text_new(&ctx.mem);
  int64_t elems[3];
  for (int i = 0; i < 3; i++) {
    elems[i] = boxes[i].full[0] * boxes[i].full[1] * boxes[i].full[2] * boxes[i].full[3];
    text_addf(&t, "memref.global \"private\" @T%d : %s\n", i, type_of(&ctx.mem, &boxes[i]));
  }
  text_addf(&t, "func.func @kernel(%%x_dram: memref<%" PRId64 "xf32>, %%w_dram: memref<%" PRId64 "xf32>, %%y_dram: memref<%" PRId64 "xf32>) {\n", elems[0], elems[1], elems[2]);
  text_add(&t, "  %c0 = arith.constant 0 : index\n  %c1 = arith.constant 1 : index\n  %c2 = arith.constant 2 : index\n  %c3 = arith.constant 3 : index\n  %zero = arith.constant dense<0.0> : vector<8xf32>\n");
  for (int i = 0; i < 3; i++)
    text_addf(&t, "  %%%s_tag = memref.alloc() : memref<1xi32>\n  %%%s = memref.get_global @T%d : %s\n", boxes[i].what, boxes[i].what, i, type_of(&ctx.mem, &boxes[i]));
  const int64_t flat = v->oh * v->ow * boxes[2].blocks;
  text_addf(&t, "  affine.for %%m = 0 to 1 {\n  affine.for %%n = 0 to 1 {\n  %%flat = memref.reinterpret_cast %%y to offset: [0], sizes: [%" PRId64 "], strides: [1] : %s to memref<%" PRId64 "xf32, strided<[1]>, 1>\n"
                "  affine.for %%i = 0 to %" PRId64 " step 8 {\n    affine.vector_store %%zero, %%flat[%%i] : memref<%" PRId64 "xf32, strided<[1]>, 1>, vector<8xf32>\n  }\n  affine.for %%k = 0 to %" PRId64 " step %" PRId64 " {\n"
                "  %%x_at = affine.apply affine_map<(d0) -> (d0)>(%%k)\n  %%w_at = affine.apply affine_map<(d0) -> (d0 * %" PRId64 ")>(%%k)\n",
            flat, type_of(&ctx.mem, &boxes[2]), flat, flat, flat, v->c, v->tile_c, v->n);
  move(&t, &boxes[0], ISA_MVIN, true);
  move(&t, &boxes[1], ISA_MVIN2, true);
  text_addf(&t, "  affine.for %%kh = 0 to %" PRId64 " {\n  affine.for %%kw = 0 to %" PRId64 " {\n", v->kh, v->kw);
  view(&t, &boxes[1], "kh", "kw");
  text_addf(&t, "  affine.for %%oh = 0 to %" PRId64 " {\n  affine.for %%ow = 0 to %" PRId64 " {\n  %%ih = affine.apply affine_map<(d0, d1) -> (d0 * %" PRId64 " + d1)>(%%oh, %%kh)\n  %%iw = affine.apply affine_map<(d0, d1) -> (d0 * %" PRId64 " + d1)>(%%ow, %%kw)\n",
            v->oh, v->ow, v->step, v->step);
  view(&t, &boxes[0], "ih", "iw");
  view(&t, &boxes[2], "oh", "ow");
  text_add(&t, "  linalg.matmul ins(%x_v, %w_v : ");
  for (int i = 0; i < 3; i++)
    text_addf(&t, "%smemref<%" PRId64 "x%" PRId64 "xf32, strided<[%" PRId64 ", 1], offset: ?>, 1>", i == 1 ? ", " : i == 2 ? ") outs(%y_v : " : "", boxes[i].dims[2], boxes[i].dims[3], boxes[i].dims[3]);
  text_add(&t, ")\n  } {inner_loop = true}\n  } {inner_loop = true}\n  } {inner_loop = true}\n  } {inner_loop = true}\n  } {accumulation_loop = true}\n  %y_at = affine.apply affine_map<(d0, d1) -> (d0 + d1)>(%m, %n)\n");
  move(&t, &boxes[2], ISA_MVOUT, false);
  text_add(&t, "  } {outer_loop = true}\n  } {outer_loop = true}\n  return\n}\n");
  check(&ctx, &(job){text_str(&t), {elems[0], elems[1], elems[2]}, conv_wanted, v});
  loom_ctx_done(&ctx);
}

static void test_convolution_waits_for_every_pixel(void **state) {
  (void)state;
  check_conv(&(conv){.m = 8, .c = 128, .n = 128, .tile_c = 128, .kh = 3, .kw = 2, .oh = 3, .ow = 4, .step = 1});
  check_conv(&(conv){.m = 16, .c = 256, .n = 64, .tile_c = 128, .kh = 2, .kw = 3, .oh = 2, .ow = 3, .step = 2});
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_gemm_of_one_tile), cmocka_unit_test(test_gemm_in_tiles_and_subtiles), cmocka_unit_test(test_gemm_cut_along_k), cmocka_unit_test(test_gemm_of_few_rows), cmocka_unit_test(test_convolution_waits_for_every_pixel)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
